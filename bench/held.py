"""Three more applications that many know, written from memory before any rule was tried on them: what rules are worth on
schemas by which nobody tuned them. The form is that of `bench.known`.
"""

from __future__ import annotations

MATTERMOST = """
*users: username=user password=hash email=email nickname=word firstname=first lastname=last position=word locale=lang lastactivityat=ts
teams: displayname=words name=word description=text allowedomains=word
teammembers: teamid>teams:reference userid>users:owner roles=word joinedat=ts
channels: teamid>teams:reference displayname=words header=words creatorid>users:reference|owner
channelmembers: channelid>channels:reference userid>users:owner lastviewedat=ts msgcount=int
channelmemberhistory: channelid>channels:reference userid>users:owner jointime=ts
posts: channelid>channels:reference userid>users:owner rootid>posts:reference message=text createat=ts
reactions: postid>posts:reference|owner userid>users:owner emojiname=word
fileinfo: postid>posts:owner|reference creatorid>users:owner name=word path=word
drafts: channelid>channels:reference userid>users:owner rootid>posts:reference message=text
threads: postid>posts:reference|owner channelid>channels:reference replycount=int
threadmemberships: threadid>threads:reference|owner userid>users:owner following=bool
sessions: userid>users:owner token=hash deviceid=hash expiresat=ts
status: userid>users:owner manual=bool state=word
preferences: userid>users:owner category=word name=word value=word
useraccesstokens: userid>users:owner token=hash description=words
oauthapps: creatorid>users:owner|reference clientsecret=hash name=word homepage=url
oauthaccessdata: appid>oauthapps:reference|owner userid>users:owner token=hash
incomingwebhooks: userid>users:owner|reference channelid>channels:reference teamid>teams:reference displayname=words
commands: creatorid>users:owner|reference teamid>teams:reference triggerword=word url=url
bots: ownerid>users:owner description=words
audits: userid>users:owner|reference action=word ipaddress=ip sessionid>sessions:reference|owner
usergroups: name=word displayname=words
groupmembers: groupid>usergroups:reference userid>users:owner createat=ts
emoji: creatorid>users:owner|reference name=word
sidebarcategories: userid>users:owner teamid>teams:reference displayname=words
sidebarchannels: categoryid>sidebarcategories:owner|reference channelid>channels:reference userid>users:owner sortorder=int
termsofservice: userid>users:reference|owner text=text
usertermsofservice: userid>users:owner termsofserviceid>termsofservice:reference acceptedat=ts
jobs: type=word priority=int state=word
systems: name=word value=word
"""

ODOO = """
*res_partner: name=words email=email phone=phone street=street zip=zip city=city country_id>res_country:reference state_id>res_country_state:reference parent_id>res_partner:reference user_id>res_users:reference lang=lang vat=word
*res_users: login=user password=hash partner_id>res_partner:owner|reference company_id>res_company:reference active=bool
res_company: name=words currency_id>res_currency:reference email=word
res_country: name=word code=code
res_country_state: name=word country_id>res_country:reference
res_currency: name=word symbol=code
res_partner_bank: partner_id>res_partner:owner acc_number=word bank_id>res_bank:reference
res_bank: name=words bic=word
res_groups: name=word
res_groups_users_rel: gid>res_groups:reference uid>res_users:owner
*hr_employee: name=words work_email=email birthday=date user_id>res_users:reference|owner department_id>hr_department:reference job_id>hr_job:reference manager_id>hr_employee:reference
hr_department: name=word manager_id>hr_employee:reference
hr_job: name=words department_id>hr_department:reference
hr_leave: employee_id>hr_employee:owner leave_type_id>hr_leave_type:reference approver_id>hr_employee:reference date_from=ts reason=words
hr_leave_type: name=word
hr_attendance: employee_id>hr_employee:owner check_in=ts check_out=ts
crm_lead: name=words contact_name=words email_from=email partner_id>res_partner:owner salesperson_id>res_users:reference team_id>crm_team:reference stage_id>crm_stage:reference
crm_team: name=word leader_id>res_users:reference
crm_stage: name=word
sale_order: partner_id>res_partner:owner salesperson_id>res_users:reference currency_id>res_currency:reference amount=int note=text
sale_order_line: order_id>sale_order:owner product_id>product_product:reference quantity=int
product_product: template_id>product_template:reference barcode=word
product_template: name=words category_id>product_category:reference unit_id>uom_uom:reference
product_category: name=word parent_id>product_category:reference
uom_uom: name=word
account_move: partner_id>res_partner:owner journal_id>account_journal:reference order_id>sale_order:reference amount=int reference=words
account_move_line: move_id>account_move:owner account_id>account_account:reference partner_id>res_partner:reference|owner debit=int
account_account: name=words code=word
account_journal: name=word
account_payment: partner_id>res_partner:owner move_id>account_move:reference|owner amount=int
mail_message: author_id>res_partner:owner subject=words body=text parent_id>mail_message:reference
mail_followers: partner_id>res_partner:owner|shared order_id>sale_order:reference|owner
mail_activity: user_id>res_users:reference|owner|shared order_id>sale_order:reference|owner|shared summary=words
stock_picking: partner_id>res_partner:owner order_id>sale_order:reference|owner scheduled=ts
stock_move: picking_id>stock_picking:owner product_id>product_product:reference quantity=int
ir_config_parameter: name=word value=word
"""

OPENMRS = """
*person: gender=word birthdate=date dead=bool cause_of_death_id>concept:reference creator_id>users:reference
person_name: person_id>person:owner given_name=first family_name=last
person_address: person_id>person:owner address1=street city_village=city postal_code=zip
person_attribute: person_id>person:owner person_attribute_type_id>person_attribute_type:reference value=word
person_attribute_type: name=word
relationship: person_a_id>person:owner|shared person_b_id>person:owner|shared relationship_type_id>relationship_type:reference
relationship_type: name=word
patient: person_id>person:owner creator_id>users:reference
patient_identifier: patient_id>patient:owner identifier=word identifier_type_id>patient_identifier_type:reference location_id>location:reference
patient_identifier_type: name=word
*users: username=user password=hash email=email person_id>person:owner|reference
user_role: user_id>users:owner role_id>role:reference
role: name=word
provider: person_id>person:owner|reference name=words
location: name=words parent_location_id>location:reference
visit: patient_id>patient:owner visit_type_id>visit_type:reference location_id>location:reference started=ts
visit_type: name=word
encounter: patient_id>patient:owner visit_id>visit:owner|reference encounter_type_id>encounter_type:reference form_id>form:reference creator_id>users:reference
encounter_type: name=word
encounter_provider: encounter_id>encounter:owner|reference provider_id>provider:reference|shared
form: name=words version=word
obs: person_id>person:owner encounter_id>encounter:reference|owner concept_id>concept:reference value_text=text creator_id>users:reference
concept: name=word
concept_name: concept_id>concept:reference name=words locale=lang
orders: patient_id>patient:owner encounter_id>encounter:reference|owner concept_id>concept:reference orderer_id>provider:reference
drug: concept_id>concept:reference name=words
drug_order: order_id>orders:owner drug_id>drug:reference dose=int
allergy: patient_id>patient:owner allergen_id>concept:reference comment=words
conditions: patient_id>patient:owner concept_id>concept:reference onset=ts
program: name=words concept_id>concept:reference
patient_program: patient_id>patient:owner program_id>program:reference location_id>location:reference enrolled=ts
note: patient_id>patient:owner encounter_id>encounter:reference|owner text=text
scheduled_appointment: patient_id>patient:owner provider_id>provider:reference start=ts
user_property: user_id>users:owner property=word value=word
notification_alert_recipient: user_id>users:owner|shared alert_id>notification_alert:reference|owner read=bool
notification_alert: creator_id>users:reference|owner text=words
global_property: property=word value=word
"""

_NL = {
    "users": "gebruikers", "user": "gebruiker", "userid": "gebruikerid", "username": "gebruikersnaam", "password": "wachtwoord", "email": "emailadres", "nickname": "bijnaam",
    "firstname": "voornaam", "lastname": "familienaam", "position": "functie", "locale": "taalinstelling", "lastactivityat": "laatst_actief_op", "teams": "ploegen", "teamid": "ploegid",
    "displayname": "weergavenaam", "name": "naam", "description": "beschrijving", "allowedomains": "toegelaten_domeinen", "teammembers": "ploegleden", "roles": "rollen", "joinedat": "toegetreden_op",
    "channels": "kanalen", "channelid": "kanaalid", "header": "koptekst", "creatorid": "makerid", "channelmembers": "kanaalleden", "lastviewedat": "laatst_bekeken_op", "msgcount": "aantal_berichten",
    "channelmemberhistory": "kanaalledenhistoriek", "jointime": "tijdstip_toetreding", "posts": "berichten", "postid": "berichtid", "rootid": "wortelbericht_id", "message": "tekst", "createat": "aangemaakt_op",
    "reactions": "reacties", "emojiname": "smiley", "fileinfo": "bestanden", "path": "pad", "drafts": "concepten", "threads": "draden", "threadid": "draadid", "replycount": "aantal_antwoorden",
    "threadmemberships": "draadvolgers", "following": "volgt", "sessions": "sessies", "sessionid": "sessieid", "token": "sleutel", "deviceid": "toestelid", "expiresat": "vervalt_op", "status": "aanwezigheid", "manual": "handmatig",
    "state": "toestand", "preferences": "voorkeuren", "category": "rubriek", "value": "waarde", "useraccesstokens": "gebruikerssleutels", "oauthapps": "toepassingen", "appid": "toepassingid", "clientsecret": "geheim", "homepage": "startpagina",
    "oauthaccessdata": "toepassingstoegangen", "incomingwebhooks": "inkomende_haken", "commands": "opdrachten", "triggerword": "sleutelwoord", "bots": "robots", "ownerid": "eigenaarid", "audits": "auditregels", "action": "handeling", "ipaddress": "ipadres",
    "usergroups": "gebruikersgroepen", "groupid": "gebruikersgroepid", "groupmembers": "groepsleden", "emoji": "smileys", "sidebarcategories": "zijbalkrubrieken", "categoryid": "zijbalkrubriekid", "sidebarchannels": "zijbalkkanalen", "sortorder": "volgorde",
    "termsofservice": "gebruiksvoorwaarden", "termsofserviceid": "gebruiksvoorwaardenid", "text": "inhoud", "usertermsofservice": "aanvaarde_voorwaarden", "acceptedat": "aanvaard_op", "jobs": "taken", "type": "soort", "priority": "voorrang", "systems": "systeem",
}  # fmt: skip
_DE = {
    "res_partner": "geschaeftspartner", "partner": "geschaeftspartner", "name": "bezeichnung", "email": "mail", "phone": "telefon", "street": "strasse", "zip": "plz", "city": "ort", "country": "land", "state": "bundesland", "parent": "uebergeordnet", "user": "benutzer",
    "lang": "sprache", "vat": "ust_nummer", "res_users": "benutzer", "login": "anmeldename", "password": "passwort", "company": "unternehmen", "active": "aktiv", "res_company": "unternehmen", "currency": "waehrung", "res_country": "laender", "code": "kuerzel",
    "res_country_state": "bundeslaender", "res_currency": "waehrungen", "symbol": "zeichen", "res_partner_bank": "partner_bankverbindungen", "acc_number": "kontonummer", "bank": "bank", "res_bank": "banken", "bic": "bic", "res_groups": "gruppen", "res_groups_users_rel": "gruppen_benutzer",
    "gid": "gruppe_id", "uid": "benutzer_id", "hr_employee": "mitarbeiter", "work_email": "dienstmail", "birthday": "geburtstag", "department": "abteilung", "job": "stelle", "manager": "vorgesetzter", "hr_department": "abteilungen", "hr_job": "stellen", "hr_leave": "urlaubsantraege", "employee": "mitarbeiter",
    "leave_type": "urlaubsart", "approver": "genehmiger", "date_from": "ab", "reason": "begruendung", "hr_leave_type": "urlaubsarten", "hr_attendance": "anwesenheiten", "check_in": "gekommen", "check_out": "gegangen", "crm_lead": "interessenten", "contact_name": "ansprechpartner", "email_from": "mail",
    "salesperson": "verkaeufer", "team": "vertriebsteam", "stage": "phase", "crm_team": "vertriebsteams", "leader": "leiter", "crm_stage": "phasen", "sale_order": "auftraege", "amount": "betrag", "note": "hinweis", "sale_order_line": "auftragspositionen", "order": "auftrag", "product": "artikel", "quantity": "menge",
    "product_product": "artikel", "template": "artikelvorlage", "barcode": "strichcode", "product_template": "artikelvorlagen", "category": "kategorie", "unit": "einheit", "product_category": "kategorien", "uom_uom": "einheiten", "account_move": "buchungen", "journal": "journal", "reference": "verwendungszweck",
    "account_move_line": "buchungszeilen", "move": "buchung", "account": "konto", "debit": "soll", "account_account": "konten", "account_journal": "journale", "account_payment": "zahlungen", "mail_message": "nachrichten", "author": "verfasser", "subject": "betreff", "body": "inhalt", "mail_followers": "abonnenten",
    "mail_activity": "wiedervorlagen", "summary": "zusammenfassung", "stock_picking": "lieferungen", "scheduled": "geplant_am", "stock_move": "lagerbewegungen", "picking": "lieferung", "ir_config_parameter": "systemparameter", "value": "wert",
}  # fmt: skip
_FR = {
    "person": "personne", "gender": "sexe", "birthdate": "date_naissance", "dead": "decede", "cause_of_death": "cause_deces", "creator": "createur", "person_name": "nom_personne", "given_name": "prenom", "family_name": "nom_famille", "person_address": "adresse_personne", "address1": "rue",
    "city_village": "localite", "postal_code": "code_postal", "person_attribute": "attribut_personne", "person_attribute_type": "type_attribut_personne", "value": "valeur", "name": "libelle", "relationship": "lien_parente", "person_a": "personne_a", "person_b": "personne_b", "relationship_type": "type_lien_parente",
    "patient": "patient", "patient_identifier": "identifiant_patient", "identifier": "identifiant", "identifier_type": "type_identifiant", "patient_identifier_type": "type_identifiant", "location": "emplacement", "users": "utilisateur", "user": "utilisateur", "username": "nom_utilisateur", "password": "mot_de_passe", "email": "courriel",
    "user_role": "role_utilisateur", "role": "role", "provider": "soignant", "parent_location": "emplacement_parent", "visit": "visite", "visit_type": "type_visite", "started": "commencee_le", "encounter": "rencontre", "encounter_type": "type_rencontre", "encounter_provider": "soignant_rencontre", "form": "formulaire", "version": "version",
    "obs": "observation", "concept": "concept", "value_text": "valeur_texte", "concept_name": "nom_concept", "locale": "langue", "orders": "prescription", "orderer": "prescripteur", "drug": "medicament", "drug_order": "prescription_medicament", "order": "prescription", "dose": "dose", "allergy": "allergie", "allergen": "allergene", "comment": "remarque",
    "conditions": "affection", "onset": "debut", "program": "programme", "patient_program": "programme_patient", "enrolled": "inscrit_le", "note": "note_clinique", "text": "texte", "scheduled_appointment": "rendez_vous", "start": "heure_debut", "user_property": "propriete_utilisateur", "property": "propriete",
    "notification_alert_recipient": "destinataire_alerte", "alert": "alerte", "read": "lu", "notification_alert": "alerte", "global_property": "propriete_globale",
}  # fmt: skip
#: Application → its tables, and the words of each language that it is written in here.
HELD = {
    "mattermost": (MATTERMOST, {"nl": _NL}),
    "odoo": (ODOO, {"de": _DE}),
    "openmrs": (OPENMRS, {"fr": _FR}),
}

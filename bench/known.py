"""Three applications that many know, written from memory, in Dutch, French and German and without a foreign key.

Each line is a table: its columns with what they hold, and after `>` what they point to and what that link is. Several kinds
are right where whoever runs the application would have to say. `*` marks tables of people.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from bench.held import HELD

REDMINE = """
*users: login=user hashed_password=hash firstname=first lastname=last language=lang last_login_on=ts
email_addresses: user_id>users:owner address=email notify=bool
user_preferences: user_id>users:owner others=word time_zone=word
tokens: user_id>users:owner action=word value=hash created_on=ts
members: user_id>users:owner project_id>projects:reference created_on=ts
member_roles: member_id>members:owner role_id>roles:reference
roles: name=word position=int
projects: name=word description=text parent_id>projects:reference identifier=word
issues: tracker_id>trackers:reference project_id>projects:reference subject=words description=text category_id>issue_categories:reference status_id>issue_statuses:reference assigned_to_id>users:reference|shared priority_id>priorities:reference author_id>users:owner parent_id>issues:reference
journals: issue_id>issues:owner|reference user_id>users:owner notes=text created_on=ts
journal_details: journal_id>journals:owner property=word old_value=word value=word
time_entries: project_id>projects:reference user_id>users:owner issue_id>issues:reference hours=int comments=words
attachments: issue_id>issues:owner|reference author_id>users:owner filename=word description=words
watchers: issue_id>issues:reference|owner user_id>users:owner|shared
comments: news_id>news:reference|owner author_id>users:owner content=text
news: project_id>projects:reference title=words author_id>users:owner|reference description=text
messages: board_id>boards:reference parent_id>messages:reference subject=words content=text author_id>users:owner
boards: project_id>projects:reference name=word
wikis: project_id>projects:reference start_page=word
wiki_pages: wiki_id>wikis:reference title=word parent_id>wiki_pages:reference
wiki_contents: page_id>wiki_pages:reference author_id>users:owner|reference text=text
versions: project_id>projects:reference name=word
trackers: name=word
issue_statuses: name=word
issue_categories: project_id>projects:reference name=word assigned_to_id>users:reference
priorities: name=word
custom_fields: name=word
custom_values: issue_id>issues:owner custom_field_id>custom_fields:reference value=word
queries: user_id>users:owner project_id>projects:reference name=word
repositories: project_id>projects:reference url=url
changesets: repository_id>repositories:reference user_id>users:owner comments=words
settings: name=word value=word
"""

PRESTASHOP = """
*ps_customer: id_gender>ps_gender:reference firstname=first lastname=last email=email passwd=hash birthday=date newsletter=bool
ps_gender: name=word
ps_address: id_customer>ps_customer:owner id_country>ps_country:reference lastname=last firstname=first address1=street postcode=zip city=city phone=phone
ps_country: name=word iso_code=code
ps_orders: id_customer>ps_customer:owner id_cart>ps_cart:reference|owner id_address_delivery>ps_address:reference id_address_invoice>ps_address:reference id_carrier>ps_carrier:reference id_currency>ps_currency:reference total_paid=int
ps_order_detail: id_order>ps_orders:owner id_product>ps_product:reference product_name=words quantity=int
ps_order_history: id_order>ps_orders:owner id_employee>ps_employee:reference id_order_state>ps_order_state:reference created=ts
ps_order_state: name=word
ps_order_invoice: id_order>ps_orders:owner total=int
ps_order_payment: id_order>ps_orders:owner amount=int card_number=card
ps_cart: id_customer>ps_customer:owner id_address_delivery>ps_address:reference id_guest>ps_guest:reference
ps_cart_product: id_cart>ps_cart:owner id_product>ps_product:reference quantity=int
ps_guest: id_customer>ps_customer:owner accept_language=word
ps_connections: id_guest>ps_guest:owner ip_address=ip http_referer=url
*ps_employee: lastname=last firstname=first email=email passwd=hash
ps_customer_thread: id_customer>ps_customer:owner id_order>ps_orders:reference id_product>ps_product:reference email=email token=hash
ps_customer_message: id_customer_thread>ps_customer_thread:owner id_employee>ps_employee:reference message=text
ps_product: name=words price=int id_manufacturer>ps_manufacturer:reference id_category>ps_category:reference
ps_category: id_parent>ps_category:reference name=word
ps_customer_group: id_customer>ps_customer:owner id_group>ps_group:reference
ps_group: name=word reduction=int
ps_currency: name=word
ps_carrier: name=word delay=word
ps_manufacturer: name=word
ps_wishlist: id_customer>ps_customer:owner name=word
ps_wishlist_product: id_wishlist>ps_wishlist:owner id_product>ps_product:reference
ps_order_return: id_customer>ps_customer:owner id_order>ps_orders:reference|owner question=text
ps_product_comment: id_product>ps_product:reference id_customer>ps_customer:owner title=words content=text
ps_log: id_employee>ps_employee:owner|reference message=words
ps_emailsubscription: email@email:owner ip_address=ip
ps_configuration: name=word value=word
"""

MOODLE = """
*mdl_user: username=user password=hash firstname=first lastname=last email=email phone=phone city=city
mdl_course_categories: name=word parent_id>mdl_course_categories:reference
mdl_course: category_id>mdl_course_categories:reference fullname=words shortname=word
mdl_enrol: courseid>mdl_course:reference enrolment_method=word
mdl_user_enrolments: enrolid>mdl_enrol:reference userid>mdl_user:owner timestart=ts
mdl_role: name=word shortname=word
mdl_role_assignments: roleid>mdl_role:reference userid>mdl_user:owner modifierid>mdl_user:reference
mdl_groups: courseid>mdl_course:reference name=word
mdl_groups_members: groupid>mdl_groups:reference userid>mdl_user:owner
mdl_forum: course>mdl_course:reference name=words
mdl_forum_discussions: course>mdl_course:reference forum>mdl_forum:reference userid>mdl_user:owner title=words
mdl_forum_posts: discussion>mdl_forum_discussions:reference|owner parent>mdl_forum_posts:reference userid>mdl_user:owner message=text
mdl_notifications: useridfrom>mdl_user:owner|shared|reference useridto>mdl_user:owner|shared subject=words
mdl_assign: course>mdl_course:reference name=words
mdl_assign_submission: assignid>mdl_assign:reference userid>mdl_user:owner timecreated=ts
mdl_assign_grades: assignid>mdl_assign:reference userid>mdl_user:owner graderid>mdl_user:reference grade=int
mdl_quiz: course>mdl_course:reference name=words
mdl_quiz_attempts: quiz>mdl_quiz:reference userid>mdl_user:owner timestart=ts
mdl_quiz_grades: quiz>mdl_quiz:reference userid>mdl_user:owner grade=int
mdl_log: userid>mdl_user:owner courseid>mdl_course:reference ip=ip
mdl_user_preferences: userid>mdl_user:owner name=word value=word
mdl_user_info_field: name=word shortname=word
mdl_user_info_data: userid>mdl_user:owner fieldid>mdl_user_info_field:reference data=word
mdl_user_lastaccess: userid>mdl_user:owner courseid>mdl_course:reference timeaccess=ts
mdl_post: userid>mdl_user:owner courseid>mdl_course:reference subject=words content=text
mdl_comments: postid>mdl_post:reference|owner userid>mdl_user:owner content=text
mdl_badge: courseid>mdl_course:reference name=word
mdl_badge_issued: badgeid>mdl_badge:reference userid>mdl_user:owner dateissued=ts
mdl_sessions: userid>mdl_user:owner sid=hash firstip=ip
mdl_tag: name=word
mdl_config: name=word value=word
"""

_NL = {
    "users": "gebruikers", "user": "gebruiker", "login": "aanmeldnaam", "hashed_password": "wachtwoord_hash", "firstname": "voornaam",
    "lastname": "achternaam", "language": "taal", "last_login_on": "laatste_aanmelding", "email_addresses": "mailadressen", "address": "mailadres",
    "notify": "melden", "user_preferences": "gebruikersvoorkeuren", "others": "overige", "time_zone": "tijdzone", "tokens": "sleutels",
    "action": "actie", "value": "waarde", "created_on": "aangemaakt_op", "members": "projectleden", "member": "projectlid", "project": "project",
    "member_roles": "projectlid_rollen", "role": "rol", "roles": "rollen", "name": "naam", "position": "volgorde", "projects": "projecten",
    "description": "omschrijving", "parent": "bovenliggend", "identifier": "kenmerk", "issues": "meldingen", "issue": "melding", "tracker": "soort",
    "subject": "titel", "category": "meldingcategorie", "status": "meldingstatus", "assigned_to": "toegewezen_aan", "priority": "prioriteit",
    "author": "auteur", "journals": "notities", "journal": "notitie", "notes": "opmerkingen", "journal_details": "notitiedetails", "property": "veldnaam",
    "old_value": "oude_waarde", "time_entries": "tijdregistraties", "hours": "uren", "comments": "reacties", "attachments": "bijlagen",
    "filename": "bestandsnaam", "watchers": "volgers", "news": "nieuwsberichten", "title": "titel", "messages": "berichten", "board": "forum", "content": "inhoud",
    "boards": "fora", "wikis": "wikis", "wiki": "wiki", "start_page": "startpagina", "wiki_pages": "wikipaginas", "page": "wikipagina", "wiki_contents": "wikiteksten",
    "text": "tekst", "versions": "versies", "trackers": "soorten", "issue_statuses": "meldingstatussen", "issue_categories": "meldingcategorieen",
    "priorities": "prioriteiten", "custom_fields": "extra_velden", "custom_field": "extra_veld", "custom_values": "extra_waarden", "queries": "zoekvragen",
    "repositories": "opslagplaatsen", "repository": "opslagplaats", "url": "adres_url", "changesets": "wijzigingen", "settings": "instellingen",
}  # fmt: skip
_FR = {
    "ps_customer": "clients", "customer": "client", "firstname": "prenom", "lastname": "nom", "email": "courriel", "passwd": "mot_de_passe", "birthday": "date_naissance",
    "newsletter": "lettre_information", "ps_gender": "civilites", "gender": "civilite", "name": "libelle", "ps_address": "adresses", "address": "adresse", "country": "pays",
    "ps_country": "pays", "address1": "rue", "postcode": "code_postal", "city": "ville", "phone": "telephone", "iso_code": "code_iso", "ps_orders": "commandes",
    "order": "commande", "cart": "panier", "address_delivery": "adresse_livraison", "address_invoice": "adresse_facturation", "carrier": "transporteur", "currency": "devise",
    "total_paid": "total_paye", "ps_order_detail": "lignes_commande", "product": "produit", "product_name": "libelle_produit", "quantity": "quantite", "ps_order_history": "historique_commandes",
    "employee": "employe", "order_state": "etat_commande", "created": "cree_le", "ps_order_state": "etats_commande", "ps_order_invoice": "factures_commande", "total": "total",
    "ps_order_payment": "paiements_commande", "amount": "montant", "card_number": "numero_carte", "ps_cart": "paniers", "guest": "visiteur", "ps_cart_product": "lignes_panier",
    "ps_guest": "visiteurs", "accept_language": "langues_acceptees", "ps_connections": "connexions", "ip_address": "adresse_ip", "http_referer": "page_precedente", "ps_employee": "employes",
    "ps_customer_thread": "fils_client", "token": "jeton", "customer_thread": "fil_client", "ps_customer_message": "messages_client", "message": "texte_message", "ps_product": "produits", "price": "prix",
    "manufacturer": "fabricant", "category": "categorie", "ps_category": "categories", "parent": "parent", "ps_customer_group": "clients_groupes", "group": "groupe", "ps_group": "groupes",
    "reduction": "remise", "ps_currency": "devises", "ps_carrier": "transporteurs", "delay": "delai", "ps_manufacturer": "fabricants", "ps_wishlist": "listes_envies", "wishlist": "liste_envies",
    "ps_wishlist_product": "produits_listes_envies", "ps_order_return": "retours_commande", "question": "question", "ps_product_comment": "avis_produits", "title": "titre", "content": "contenu",
    "ps_log": "journal", "ps_emailsubscription": "abonnements_courriel", "ps_configuration": "configuration", "value": "valeur",
}  # fmt: skip
_DE = {
    "mdl_user": "benutzer", "user": "benutzer", "userid": "benutzerid", "username": "anmeldename", "password": "kennwort", "firstname": "vorname", "lastname": "nachname",
    "email": "mailadresse", "phone": "telefon", "city": "wohnort", "mdl_course_categories": "kursbereiche", "name": "bezeichnung", "parent_id": "uebergeordnet_id", "mdl_course": "kurse", "category_id": "kursbereich_id",
    "fullname": "titel", "shortname": "kurztitel", "mdl_enrol": "einschreibearten", "courseid": "kursid", "enrolment_method": "verfahren", "mdl_user_enrolments": "benutzereinschreibungen",
    "enrolid": "einschreibeartid", "timestart": "beginn", "mdl_role": "rollen", "mdl_role_assignments": "rollenzuweisungen", "roleid": "rollenid", "modifierid": "geaendert_von", "mdl_groups": "gruppen",
    "mdl_groups_members": "gruppenmitglieder", "groupid": "gruppenid", "mdl_forum": "foren", "course": "kurs", "mdl_forum_discussions": "forumdiskussionen", "forum": "forum", "title": "titel",
    "mdl_forum_posts": "forumbeitraege", "discussion": "forumdiskussion", "parent": "uebergeordnet", "message": "nachricht", "mdl_notifications": "benachrichtigungen", "useridfrom": "absender_id", "useridto": "empfaenger_id",
    "subject": "betreff", "mdl_assign": "aufgaben", "mdl_assign_submission": "abgaben", "assignid": "aufgabenid", "timecreated": "erstellt_am", "mdl_assign_grades": "aufgabenbewertungen", "graderid": "bewertet_von",
    "grade": "punkte", "mdl_quiz": "tests", "mdl_quiz_attempts": "testversuche", "quiz": "test", "mdl_quiz_grades": "testbewertungen", "mdl_log": "protokoll", "ip": "ip_adresse", "mdl_user_preferences": "benutzereinstellungen",
    "value": "wert", "mdl_user_info_field": "profilfelder", "mdl_user_info_data": "profildaten", "fieldid": "profilfeldid", "data": "inhalt", "mdl_user_lastaccess": "letzte_zugriffe", "timeaccess": "zugriff_am",
    "mdl_post": "beitraege", "content": "inhalt", "mdl_comments": "kommentare", "postid": "beitragid", "mdl_badge": "abzeichen", "mdl_badge_issued": "verliehene_abzeichen", "badgeid": "abzeichenid", "dateissued": "verliehen_am",
    "mdl_sessions": "sitzungen", "sid": "sitzungsschluessel", "firstip": "erste_ip", "mdl_tag": "schlagwoerter", "mdl_config": "konfiguration",
}  # fmt: skip
#: Application → its tables, and the words of each language that it is written in here.
KNOWN = {
    "redmine": (REDMINE, {"nl": _NL}),
    "prestashop": (PRESTASHOP, {"fr": _FR}),
    "moodle": (MOODLE, {"de": _DE}),
}


@dataclass(frozen=True)
class Truth:
    """A link that is there: what it points to (None: it holds what identifies a person), and which kinds are right."""

    table: str
    column: str
    to: str | None
    kinds: frozenset[str]


@dataclass(frozen=True)
class Application:
    """`statements` make it; `people` and `links` are what is to be found."""

    name: str
    statements: tuple[str, ...]
    people: frozenset[str]
    links: tuple[Truth, ...]
    tables: int


def application(name: str, language: str = "", rows: int = 200) -> Application:
    """in: which one; its language (as it is, when not said); rows of each table. out: the same for the same input."""
    text, languages = {**KNOWN, **HELD}[name]
    words = languages[language] if language else {}
    made = [_line(line, words) for line in text.strip().splitlines()]
    sizes = {table: min(rows, 12) if _small(columns) else rows for table, _, columns, _ in made}
    statements = [s for table, _, columns, links in made for s in _statements(table, columns, links, sizes)]
    return Application(
        name,
        tuple(statements),
        frozenset(table for table, people, _, _ in made if people),
        tuple(truth for _, _, _, links in made for truth in links),
        len(made),
    )


Columns = list[tuple[str, str]]


def _line(line: str, words: dict[str, str]) -> tuple[str, bool, Columns, list[Truth]]:
    head, _, rest = line.partition(": ")
    table = _word(head.lstrip("*"), words)
    columns: Columns = []
    links = []
    for part in rest.split():
        if ">" in part or "@" in part:
            column, said = part.split(">" if ">" in part else "@")
            target, kinds = said.split(":")
            name = _word(column, words)
            to = _word(target, words) if ">" in part else None
            links.append(Truth(table, name, to, frozenset(kinds.split("|"))))
            columns.append((name, "link" if to else "email"))
        else:
            column, holds = part.split("=")
            columns.append((_word(column, words), holds))
    return table, head.startswith("*"), columns, links


def _word(name: str, words: dict[str, str]) -> str:
    """A name in the language: as a whole, or without its `id`."""
    if name in words:
        return words[name]
    if name.startswith("id_") and name[3:] in words:
        return f"id_{words[name[3:]]}"
    if name.endswith("_id") and name[:-3] in words:
        return f"{words[name[:-3]]}_id"
    return name


def _small(columns: Columns) -> bool:
    return all(holds in ("word", "int", "code", "words") for _, holds in columns)


_TYPES = {
    "link": "bigint",
    "int": "int",
    "ts": "timestamptz",
    "date": "date",
    "bool": "boolean",
    "code": "char(2)",
}


def _statements(table: str, columns: Columns, links: list[Truth], sizes: dict[str, int]) -> Iterator[str]:
    defined = ", ".join(f'"{name}" {_TYPES.get(holds, "text")}' for name, holds in columns)
    yield f'CREATE TABLE "{table}" (id bigserial PRIMARY KEY, {defined})'
    targets = {link.column: link.to for link in links}
    values = ", ".join(_value(table, name, holds, targets, sizes) for name, holds in columns)
    names = ", ".join(f'"{name}"' for name, _ in columns)
    yield f'INSERT INTO "{table}" ({names}) SELECT {values} FROM generate_series(1, {sizes[table]}) i'


def _value(table: str, name: str, holds: str, targets: dict[str, str | None], sizes: dict[str, int]) -> str:
    if holds == "link":
        to = str(targets[name])
        step = random.Random(f"{table}.{name}").choice((3, 7, 11, 13, 17))
        value = f"1 + (i * {step}) % {sizes[to]}"
        return f"CASE WHEN i % 4 = 0 AND i > 4 THEN 1 + i / 2 % {sizes[to]} END" if to == table else value
    return _VALUES[holds]


_VALUES = {
    "user": "'login' || i", "hash": "md5(i::text)", "first": "(ARRAY['Ann', 'Piet', 'Zoé', 'Jörg'])[1 + i % 4]",
    "last": "(ARRAY['Peeters', 'Dubois', 'Müller'])[1 + i % 3] || i % 50", "lang": "'nl'", "ts": "now() - i * interval '1 hour'",
    "email": "'person' || i || '@post.example'", "bool": "i % 2 = 0", "word": "'w' || i % 20", "int": "i % 50", "words": "'Some words ' || i",
    "text": "'This is a longer text that somebody wrote, number ' || i", "url": "'https://site.example/' || i", "date": "date '1950-01-01' + i * 50",
    "street": "'Kerkstraat ' || i", "zip": "(1000 + i)::text", "city": "'Gent'", "phone": "'+3247012' || 3000 + i", "code": "chr(65 + i % 26) || chr(65 + i / 26 % 26)",
    "card": "'4111111111111111'", "ip": "'10.1.' || i % 250 || '.' || i % 200",
}  # fmt: skip

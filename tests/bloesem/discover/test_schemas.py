"""What is proposed for databases of several designs: an application's, shops', a bank's and a clinic's, in four languages."""

from __future__ import annotations

import pytest
from tests.bloesem.discover.world import categories, lines, made, proposed
from tests.databases import Database, DatabaseMaker

from bloesem.discover import Budget
from bloesem.stores.embedded import EmbeddedServer

#: Schema → all that is proposed about tables and links. `?`: asked, with the likeliest alternative.
EXPECTED = {
    "wordpress": """
        wp_users: people
        wp_usermeta: personal
        wp_usermeta.user_id -> wp_users owner
        wp_posts: personal
        wp_posts.post_author -> wp_users owner
        wp_posts.post_parent -> wp_posts reference
        wp_postmeta: personal
        wp_postmeta.post_id -> wp_posts owner
        wp_comments: personal
        wp_comments.comment_post_ID -> wp_posts reference
        wp_comments.comment_parent -> wp_comments reference
        wp_comments.user_id -> wp_users owner
        wp_comments.comment_author_email -> ? email owner
        wp_commentmeta: personal
        wp_commentmeta.comment_id -> wp_comments owner
        wp_terms: reference
        wp_termmeta: reference
        wp_termmeta.term_id -> wp_terms reference
        wp_term_taxonomy: reference
        wp_term_taxonomy.term_id -> wp_terms reference
        wp_term_taxonomy.parent -> wp_term_taxonomy reference
        wp_term_relationships: reference
        wp_term_relationships.object_id -> ?
        wp_term_relationships.term_taxonomy_id -> wp_term_taxonomy reference
        wp_options: system
        wp_links: personal
        wp_links.link_owner -> ? wp_users owner
    """,
    "winkel": """
        tbl_klanten: people
        tbl_medewerkers: people
        tbl_adressen: personal
        tbl_adressen.klant_id -> tbl_klanten owner
        tbl_adressen.land_code -> tbl_landen reference
        tbl_landen: reference
        tbl_bestellingen: personal
        tbl_bestellingen.klantnr -> tbl_klanten owner
        tbl_bestellingen.leveradres_id -> tbl_adressen reference
        tbl_bestellingen.medewerker_id -> tbl_medewerkers reference
        tbl_bestelregels: personal
        tbl_bestelregels.bestelling_id -> tbl_bestellingen owner
        tbl_bestelregels.artikel_id -> tbl_artikelen reference
        tbl_artikelen: reference
        tbl_artikelen.categorie_id -> tbl_categorieen reference
        tbl_categorieen: reference
        tbl_categorieen.ouder_id -> tbl_categorieen reference
        tbl_maillog: personal
        tbl_maillog.ontvanger -> person:email owner
        tbl_nota: personal
        tbl_nota.onderwerp_id -> tbl_klanten owner when onderwerp_type=Klant
        tbl_nota.onderwerp_id -> tbl_bestellingen owner when onderwerp_type=Bestelling
    """,
    "boutique": """
        utilisateurs: people
        employes: people
        adresses: personal
        adresses.pays_id -> pays reference
        pays: reference
        commandes: personal
        commandes.id_utilisateur -> utilisateurs owner
        commandes.adresse_livraison_id -> adresses owner that
        commandes.adresse_facturation_id -> adresses owner that
        commandes.traite_par -> employes reference
        lignes_commande: personal
        lignes_commande.commande_id -> commandes owner
        lignes_commande.produit_id -> produits reference
        produits: reference
        produits.fournisseur_id -> fournisseurs reference
        fournisseurs: personal
        fournisseurs.email_contact -> ? email owner
        factures: personal
        factures.commande_id -> commandes owner
        paiements: personal
        paiements.facture_id -> factures owner
        avis: personal
        avis.produit_id -> produits reference
        avis.auteur_id -> utilisateurs owner
        messages: personal
        messages.expediteur_id -> utilisateurs owner
        messages.destinataire_id -> utilisateurs shared
        messages.reponse_a -> messages reference
        newsletter: personal
        newsletter.adresse_mail -> person:email owner
        paniers: personal
        paniers.utilisateur_id -> utilisateurs owner
        paniers.articles -> produits reference
        amis: personal
        amis.utilisateur_id -> utilisateurs owner
        amis.ami_id -> utilisateurs shared
        django_migrations: system
    """,
    "klinik": """
        PATIENTEN: people
        PATIENTEN.HAUSARZT_NR -> AERZTE reference
        AERZTE: people
        BEHANDLUNGEN: personal
        BEHANDLUNGEN.PATNR -> PATIENTEN owner
        BEHANDLUNGEN.ARZTNR -> AERZTE reference
        BEHANDLUNGEN.DIAGNOSE_CODE -> DIAGNOSEN reference
        DIAGNOSEN: reference
        REZEPTE: personal
        REZEPTE.BEHANDLUNG_ID -> BEHANDLUNGEN owner
        TERMINE: personal
        TERMINE.PATIENTENNUMMER -> PATIENTEN owner
        TERMINE.ERSTELLT_VON -> AERZTE reference
        DATEIEN: personal
        DATEIEN.OBJEKT_ID -> BEHANDLUNGEN owner when OBJEKT_TYP=Behandlung
        DATEIEN.OBJEKT_ID -> REZEPTE owner when OBJEKT_TYP=Rezept
        ZUGRIFFSPROTOKOLL: personal
        ZUGRIFFSPROTOKOLL.EMAIL -> person:email owner
    """,
    "bank": """
        client: people
        client.adviser_no -> employee reference
        client.home_branch -> branch reference
        employee: people
        employee.branch_code -> branch reference
        employee.manager_no -> employee reference
        branch: reference
        client_contact: personal
        client_contact.client_id -> client owner
        account: personal
        account.branch_code -> branch reference
        account.product_code -> product reference
        product: reference
        account_holder: personal
        account_holder.client_id -> client owner
        account_holder.iban -> account owner that
        card: personal
        card.holder_id -> client owner
        card.iban -> account reference
        posting: personal
        posting.iban -> account owner
        posting.counterparty_iban -> ? account reference
        posting_note: personal
        posting_note.iban,seq,booked -> posting owner
        posting_note.iban -> account reference
        interaction: personal
        interaction.client_id -> client owner
        interaction.employee_no -> employee reference
        phone_call: personal
        phone_call.client_id -> client owner
        phone_call.employee_no -> employee reference
        Péople's, list {x}: people
    """,
}

#: Some of the categories, found by name, by value or by both.
CATEGORIES = {
    "wordpress": {
        "wp_users.user_login": "user.account.username",
        "wp_users.user_pass": "user.authorization.password",
        "wp_users.user_email": "user.contact.email",
        "wp_users.display_name": "user.name",
        "wp_comments.comment_author": "user.name",
        "wp_comments.comment_author_email": "user.contact.email",
        "wp_comments.comment_author_IP": "user.device.ip_address",
        "wp_comments.comment_content": "user.content",
        "wp_posts.post_content": "user.content",
    },
    "winkel": {
        "tbl_klanten.voornaam": "user.name.first",
        "tbl_klanten.achternaam": "user.name.last",
        "tbl_klanten.telefoon": "user.contact.phone_number",
        "tbl_klanten.geboortedatum": "user.demographic.date_of_birth",
        "tbl_adressen.huisnr": "user.contact.address.number",
        "tbl_adressen.gemeente": "user.contact.address.city",
        "tbl_maillog.ontvanger": "user.contact.email",  # by its values alone
        "tbl_medewerkers.naam": "user.name",
        "tbl_medewerkers.loon": "user.financial",
    },
    "boutique": {
        "utilisateurs.courriel": "user.contact.email",
        "utilisateurs.mot_de_passe": "user.authorization.password",
        "adresses.code_postal": "user.contact.address.postal_code",
        "paiements.iban": "user.financial.bank_account",
        "paniers.contenu.email": "user.contact.email",
        "paniers.contenu.contact.telephone": "user.contact.phone_number",
        "messages.expediteur_nom": "user.name",
        "fournisseurs.numero_tva": "user.government_id",
    },
    "klinik": {
        "PATIENTEN.GEBDAT": "user.demographic.date_of_birth",
        "PATIENTEN.KRANKENKASSE": "user.health_and_medical",
        "ZUGRIFFSPROTOKOLL.IP_ADRESSE": "user.device.ip_address",
    },
    "bank": {
        "client.national_no": "user.government_id.national_identification_number",
        "client.gender": "user.demographic.gender",
        "account.iban": "user.financial.bank_account",
        "card.pan": "user.financial.credit_card",
        "phone_call.caller_ip": "user.device.ip_address",
        "Péople's, list {x}.e-mail: work": "user.contact.email",
    },
}


@pytest.mark.parametrize("schema", EXPECTED)
def test_people_and_links_are_proposed(
    schema: str, any_postgres: EmbeddedServer, make_database: DatabaseMaker
) -> None:
    found = lines(proposed(made(make_database(), schema)))
    expected = {line.strip() for line in EXPECTED[schema].strip().splitlines()}
    assert (sorted(found - expected), sorted(expected - found)) == ([], [])


@pytest.mark.parametrize("schema", CATEGORIES)
def test_categories_are_proposed(schema: str, fresh_database: Database) -> None:
    found = categories(proposed(made(fresh_database, schema)))
    assert {name: found.get(name) for name in CATEGORIES[schema]} == CATEGORIES[schema]
    assert not {name for name in found if "produits" in name or "artikelen" in name or "wp_options" in name}


def test_each_persons_columns_of_a_message_are_theirs(fresh_database: Database) -> None:
    proposal = proposed(made(fresh_database, "boutique"))
    (messages,) = [t for t in proposal.tables if t.at[1] == "messages"]
    said = {link.columns[0]: (link.erase, link.redact) for link in messages.links}
    assert said["expediteur_id"] == (("expediteur_nom",), ("destinataire_nom",))
    assert said["destinataire_id"] == (("destinataire_nom",), ("expediteur_nom",))


def test_what_identifies_people_is_said_of_people_alone(fresh_database: Database) -> None:
    proposal = proposed(made(fresh_database, "winkel"))
    said = {(t.at[1], f.name): f.identity for t in proposal.tables for f in t.fields if f.identity}
    assert said == {
        ("tbl_klanten", "email"): "email",
        ("tbl_klanten", "telefoon"): "phone",
        ("tbl_medewerkers", "e_mail"): "email",
    }


def test_names_alone_find_what_an_empty_database_links(fresh_database: Database) -> None:
    """Nothing to compare: links are found, and fewer of them are sure."""
    database = made(fresh_database, "winkel")
    with database.connect() as connection:
        tables = connection.execute(
            "SELECT string_agg(relname, ', ') FROM pg_class WHERE relname ~ '^tbl_' AND relkind = 'r'"
        )
        row = tables.fetchone()
        assert row is not None
        connection.execute(f"TRUNCATE {row[0]}")
    found = lines(proposed(database, Budget(rows=10)))
    for line in ("klant_id -> tbl_klanten owner", "bestelling_id -> tbl_bestellingen owner"):
        assert any(line in one for one in found), found
    assert "tbl_klanten: people" in found


def test_arrays_and_documents_that_name_people_are_asked_about(fresh_database: Database) -> None:
    """Several people in one column own nothing for sure; an address in a document is no link, so whose it is is asked."""
    with fresh_database.connect(autocommit=True) as connection:
        for statement in (
            "CREATE TABLE customer (id int PRIMARY KEY, first_name text, last_name text, email text)",
            "INSERT INTO customer SELECT i, 'Ann', 'Maes', 'ann' || i || '@post.example' FROM generate_series(1, 50) i",
            "CREATE TABLE call_group (id int PRIMARY KEY, customer_ids int[], mails text[])",
            "INSERT INTO call_group SELECT i, ARRAY[i, i + 1], ARRAY['ann' || i || '@post.example'] FROM generate_series(1, 40) i",
            "CREATE TABLE webhook (id int PRIMARY KEY, payload jsonb)",
            """INSERT INTO webhook SELECT i, jsonb_build_object('email', 'ann' || i || '@post.example', 'n', i) FROM generate_series(1, 40) i""",
            "ALTER TABLE customer ADD extra jsonb",
            """UPDATE customer SET extra = jsonb_build_object('colour', jsonb_build_object('name', 'red'), 'emergency',
            jsonb_build_object('name', 'Bo' || id, 'phone', '+3247012' || (3000 + id)))""",
        ):
            connection.execute(statement)
    proposal = proposed(fresh_database)
    assert {"call_group.customer_ids -> ? customer shared", "webhook: ?"} <= lines(proposal)
    found = categories(proposal)
    assert found["call_group.mails"] == found["webhook.payload.email"] == "user.contact.email"
    # Beside a number a name is somebody's, and else a thing's.
    assert found["customer.extra.emergency.name"] == "user.name"
    assert "customer.extra.colour.name" not in found


def test_a_type_column_is_proposed_or_asked_with_its_tables(fresh_database: Database) -> None:
    """`soort` alone beside one column that points, and codes that are no table's name: never all rows for one table."""
    with fresh_database.connect(autocommit=True) as connection:
        for statement in (
            "CREATE TABLE leden (id serial PRIMARY KEY, naam text, e_mail text, geboren date)",
            "INSERT INTO leden (naam, e_mail, geboren) SELECT 'Lid', 'lid' || i || '@club.example', '1960-01-01'::date + i FROM generate_series(1, 40) i",
            "CREATE TABLE leverancier (id serial PRIMARY KEY, naam text)",
            "INSERT INTO leverancier (naam) SELECT 'Lev' FROM generate_series(1, 40) i",
            "CREATE TABLE notities (id serial PRIMARY KEY, soort text, betreft_id int, lid_id int REFERENCES leden)",
            "INSERT INTO notities (soort, betreft_id) SELECT (ARRAY['lid', 'x'])[1 + i % 2], i FROM generate_series(1, 40) i",
            "CREATE TABLE bijlagen (id serial PRIMARY KEY, eigenaar_soort char(1), eigenaar_id int)",
            "INSERT INTO bijlagen (eigenaar_soort, eigenaar_id) SELECT (ARRAY['L', 'V'])[1 + i % 2], i FROM generate_series(1, 40) i",
            "CREATE TABLE kosten (id serial PRIMARY KEY, lid_soort text, lid_id int)",
            "INSERT INTO kosten (lid_soort, lid_id) SELECT (ARRAY['gold', 'x'])[1 + i % 2], i FROM generate_series(1, 40) i",
            "CREATE TABLE betalingen (id serial PRIMARY KEY, soort text, lid_id int)",
            "INSERT INTO betalingen (soort, lid_id) SELECT (ARRAY['lid', 'x'])[1 + i % 2], i FROM generate_series(1, 40) i",
        ):
            connection.execute(statement)
    found = {table.at[1]: table.links for table in proposed(fresh_database).tables}
    said = [(link.when, link.kind) for link in found["notities"] if link.columns == ("betreft_id",)]
    assert said == [(("soort", "lid"), "owner"), (None, None)]
    (asked,) = found["bijlagen"]
    assert asked.kind is None
    assert {c.says.get("to", ("", "none"))[1] for c in asked.decide} >= {"leden", "none"}
    assert all("when" in c.says for c in asked.decide if "to" in c.says)
    # A column that is called for a table points to it, whatever the type beside it.
    for table in ("betalingen", "kosten"):
        assert [(one.to, one.when) for one in found[table]] == [(("public", "leden"), None)]


def test_djangos_numbers_of_tables_are_understood(fresh_database: Database) -> None:
    with fresh_database.connect(autocommit=True) as connection:
        for statement in (
            "CREATE TABLE auth_user (id serial PRIMARY KEY, username text, password text, email text)",
            "INSERT INTO auth_user SELECT i, 'u' || i, 'x', 'u' || i || '@post.example' FROM generate_series(1, 30) i",
            "CREATE TABLE shop_product (id serial PRIMARY KEY, name text)",
            "CREATE TABLE django_content_type (id serial PRIMARY KEY, app_label text, model text)",
            "INSERT INTO django_content_type VALUES (7, 'auth', 'user'), (9, 'shop', 'product'), (11, 'gone', 'thing')",
            "CREATE TABLE tags_tagged (id serial PRIMARY KEY, content_type_id int REFERENCES django_content_type, object_id int)",
            "INSERT INTO tags_tagged SELECT i, (ARRAY[7, 9])[1 + i % 2], i FROM generate_series(1, 20) i",
        ):
            connection.execute(statement)
    assert {
        "auth_user: people",
        "django_content_type: system",
        "tags_tagged.content_type_id -> django_content_type reference",
        "tags_tagged.object_id -> auth_user owner when content_type_id=7",
        "tags_tagged.object_id -> shop_product reference when content_type_id=9",
    } <= lines(proposed(fresh_database))

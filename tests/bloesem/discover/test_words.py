"""What names and values mean, in four languages and many spellings."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bloesem.discover.catalogue import Column
from bloesem.discover.kinds import kind_of
from bloesem.discover.sample import MOST_VALUES, look
from bloesem.discover.words import fold, stem, words

WORDS = words()

#: Each line: names of one thing, whose words must be the same.
SAME = (
    "klant_id KlantID klantId KLANT_ID klant-id",
    "klantnr klantnummer KlantNr klant_no",
    "gebruikers gebruiker",
    "Ärzte aerzte Arzt",
    "categories categorie categorieën category",
    "factuur facturen",
    "adressen adresses adresse adres",
    "projectlid projectleden",
    "Kunden Kunde",
    "journaux journal",
    "userid user_id",
    "postal_code postalcode PostalCode",
    "aufgabenid aufgabe_id",
)


@pytest.mark.parametrize("line", SAME, ids=lambda line: line.split()[0])
def test_spellings_plurals_and_compounds_are_one(line: str) -> None:
    assert len({WORDS.tokens(name) for name in line.split()}) == 1


@pytest.mark.parametrize(
    ("name", "head", "nature"),
    [
        ("tbl_klanten", "customer", "person"),
        ("wp_users", "user", "person"),
        ("utilisateurs", "user", "person"),
        ("Mitarbeiter", "employee", "staff"),
        ("customer_address", "address", "detail"),
        ("adresse_client", "address", "detail"),
        ("Kundenadressen", "address", "detail"),
        ("lignes_commande", "line", "part"),
        ("verkooporderregel", "line", "part"),
        ("user_roles", "role", "catalogue"),
        ("order_states", "category", "catalogue"),
        ("mail_log", "log", "log"),
        ("usermeta", "property", "part"),
    ],
)
def test_a_tables_name_says_what_its_rows_are(name: str, head: str, nature: str) -> None:
    found = WORDS.table(name)
    assert (found.head, found.nature) == (head, nature)


@pytest.mark.parametrize(
    ("name", "category"),
    [
        ("voornaam", "user.name.first"),
        ("date_naissance", "user.demographic.date_of_birth"),
        ("GEBDAT", "user.demographic.date_of_birth"),
        ("geboorteDatum", "user.demographic.date_of_birth"),
        ("straße", "user.contact.address.street"),
        ("code_postal", "user.contact.address.postal_code"),
        ("rijksregisternr", "user.government_id.national_identification_number"),
        ("mot_de_passe", "user.authorization.password"),
        ("customer_name", "user.name"),
        ("billing_name", "user.name"),
        ("remarques", "user.content"),
        ("Lebenslauf", "user.content"),
        ("née_le", "user.demographic.date_of_birth"),
        ("product_name", None),
        ("filename", None),
        ("hostname", None),
        ("email_status", None),
        ("vat_rate", None),
        ("last_login", None),
    ],
)
def test_a_columns_name_says_its_category(name: str, category: str | None) -> None:
    rule = WORDS.rule(WORDS.tokens(name), personal=True)
    assert (rule.is_ if rule else None) == category


VALUES = {
    "email": ("ann@post.example", "a.b+c@sub.domain.example"),
    "iban": ("BE71 0961 2345 6769", "NL91ABNA0417164300"),
    "national": ("85.07.30-033.28", "85073003328"),
    "vat": ("BE0404616494", "BE 0404.616.494"),
    "card": ("4111 1111 1111 1111",),
    "ip": ("10.0.0.1", "2001:db8::1"),
    "phone": ("+32 470 12 34 56", "0470/12.34.56"),
    "date": ("2020-01-31", "31/01/2020"),
    "uuid": ("6f1d0b1e-8a57-4b0e-9a66-0d9c1e7a1b22",),
    "text": ("She called again about the invoice of last month",),
}


@pytest.mark.parametrize(("kind", "value"), [(k, v) for k, some in VALUES.items() for v in some])
def test_values_prove_what_they_are(kind: str, value: str) -> None:
    assert kind_of(value) == kind


@pytest.mark.parametrize(
    "value",
    [
        "BE72096123456769",
        "85073003329",
        "4111111111111112",
        "BE0404616495",
        "+32 1",
        "300.1.1.1",
        "12:30",
        "12345",
    ],
)
def test_a_wrong_check_digit_proves_nothing(value: str) -> None:
    assert kind_of(value) in ("word", "number")


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60))
def test_any_name_has_words_and_any_value_a_kind(text: str) -> None:
    tokens = WORDS.tokens(text)
    assert WORDS.tokens(text) == tokens
    assert all(tokens)
    WORDS.rule(tokens, personal=True, people=True)
    WORDS.table(text, text[:2])
    assert (kind_of(text) is None) == (not text.strip())


@given(st.sampled_from(sorted(WORDS.vocabulary)), st.sampled_from(sorted(WORDS.vocabulary)))
def test_case_and_underscores_change_nothing(one: str, other: str) -> None:
    assert WORDS.tokens(f"{one}_{other}") == WORDS.tokens(f"{one.upper()}_{other.capitalize()}")
    assert stem(fold(one)) == stem(one)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(st.none(), st.text(max_size=20)), max_size=60), st.randoms())
def test_what_a_sample_shows_hangs_on_no_order(values: list[str | None], order: random.Random) -> None:
    column = Column("c", "text", "text", "S", False, True)
    shuffled = list(values)
    order.shuffle(shuffled)
    seen = look(values, column)
    assert seen == look(shuffled, column)
    assert seen.rows + seen.nulls == len(values)
    assert len(seen.values) <= MOST_VALUES
    assert not any(v in repr(seen) for v in values if v and len(v) > 12)

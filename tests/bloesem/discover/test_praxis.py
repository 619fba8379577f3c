"""A physiotherapist's database, in German: what a first user of `discover` found missing or wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.bloesem.cli.world import REPOSITORY, call
from tests.bloesem.discover.test_unsaid import database, field, link
from tests.bloesem.discover.world import company, lines, made, proposed
from tests.databases import Database, DatabaseMaker

from bloesem.datamap import load_map
from bloesem.discover import Proposal
from bloesem.discover.fit import fitted
from bloesem.discover.words import words
from bloesem.policy.company import load_company
from bloesem.policy.model import Policy

WORDS = words()
MINIMAL = load_company(REPOSITORY / "company" / "minimal").versions[-1]


@pytest.fixture
def praxis(make_database: DatabaseMaker) -> Proposal:
    return proposed(made(make_database(), "praxis"))


def said(proposal: Proposal, table: str, column: str) -> list[tuple[str | None, str | None]]:
    """The alternatives of a link that is asked."""
    found = link(proposal, table, column)
    assert found is not None
    assert found.kind is None
    return [(c.says.get("to", (None, None))[1], c.says.get("kind")) for c in found.decide]


# ---- numbers that people were given ----------------------------------------------------------------------------------


def test_a_number_that_people_were_given_is_pointed_to_without_an_index(praxis: Proposal) -> None:
    found = link(praxis, "rezepte", "pat_nr")
    assert found is not None
    assert (found.to, found.of, found.kind) == (("public", "patienten"), ("patientennr",), "owner")
    assert found.decide  # a question still
    assert {"patienten: people", "mitarbeiter: people", "rezepte: personal"} <= lines(praxis)


PATIENTS = (
    "CREATE TABLE patient (id int PRIMARY KEY, patient_no varchar(9), last_name text, first_name text, email text)",
    "INSERT INTO patient SELECT i, 'P' || 7000 + greatest(i, 3), 'Maes' || i, 'Bo', 'p' || i || '@post.example' FROM generate_series(1, 60) i",
)


def test_nearly_all_different_is_enough_and_what_is_not_there_is_asked(fresh_database: Database) -> None:
    made_ = database(
        fresh_database,
        *PATIENTS,
        "CREATE TABLE scan (id int PRIMARY KEY, pat_nr varchar(9), size int)",
        "INSERT INTO scan SELECT i, 'P' || 7000 + i, i FROM generate_series(4, 50) i",
        "CREATE TABLE old_scan (id int PRIMARY KEY, pat_nr varchar(9), size int)",
        "INSERT INTO old_scan SELECT i, 'X' || i, i FROM generate_series(1, 50) i",
        "CREATE TABLE sheet (id int PRIMARY KEY, code varchar(9))",  # its values say so, its name does not
        "INSERT INTO sheet SELECT i, 'P' || 7003 + i FROM generate_series(1, 50) i",
    )
    found = link(made_, "scan", "pat_nr")
    assert found is not None
    assert (found.to, found.of, found.kind) == (("public", "patient"), ("patient_no",), "owner")
    assert said(made_, "old_scan", "pat_nr") == [(None, None)]
    assert said(made_, "sheet", "code")[0] == ("patient", "owner")
    assert link(made_, "patient", "patient_no") is None
    own = field(made_, "patient", "patient_no").decide[0].says  # two patients have one number: that is asked
    assert own == {"data_categories": ["user.unique_id"], "fides_meta": {"identity": "customer"}}


def test_the_number_of_another_in_a_table_of_people_is_no_key_of_it() -> None:
    people = WORDS.table("employees")
    for name, expected in (("employee_no", True), ("number", True), ("manager_no", False), ("badge", False)):
        assert WORDS.numbers_rows_of(people, WORDS.tokens(name)) is expected, name
    assert not WORDS.numbers_rows_of(WORDS.table("invoices"), WORDS.tokens("customer_no"))


# ---- whom a word may mean --------------------------------------------------------------------------------------------


def test_a_table_whose_name_ends_in_the_word_is_pointed_to(praxis: Proposal) -> None:
    assert "patienten.kasse_id -> krankenkassen reference" in lines(praxis)


def test_who_treats_is_staff(praxis: Proposal) -> None:
    assert "behandlungen.behandler_id -> mitarbeiter reference" in lines(praxis)


@pytest.mark.parametrize(
    "name",
    ["behandler_id", "therapeut_id", "médecin_id", "arts_id", "soignant_id", "kinesist_id", "huisarts_id"],
)
def test_words_for_who_treats_are_roles_of_staff(name: str) -> None:
    tokens = WORDS.tokens(name)
    assert [role for _, _, role in WORDS.roles(tokens)] == ["staff"]


def test_staff_is_among_those_who_may_have_written_where_all_numbers_are_theirs(praxis: Proposal) -> None:
    """Patients log in, staff do not; twelve authors are all among twelve of staff, and only by chance among 200 patients."""
    answers = said(praxis, "kommentare", "autor_id")
    assert {("patienten", "owner"), ("mitarbeiter", "owner"), ("mitarbeiter", "reference")} <= set(answers)


def test_a_question_names_tables_that_are_called_so_and_then_staff(fresh_database: Database) -> None:
    made_ = database(
        fresh_database,
        "CREATE TABLE employee (id int PRIMARY KEY, last_name text, first_name text)",
        "INSERT INTO employee SELECT i, 'Maes' || i, 'Bo' FROM generate_series(1, 12) i",
        "CREATE TABLE great_zork_register (id int PRIMARY KEY, title text)",
        "INSERT INTO great_zork_register SELECT i, 'Z' FROM generate_series(1, 12) i",
        "CREATE TABLE job (id int PRIMARY KEY, grumbler_id int, zork_id int)",
        "INSERT INTO job SELECT i, 1 + i % 12, 1 + i % 9 FROM generate_series(1, 40) i",
    )
    assert {"employee", "client"} <= {to for to, _ in said(made_, "job", "grumbler_id")}
    assert said(made_, "job", "zork_id")[0] == ("great_zork_register", "reference")


# ---- categories that a table's name says -----------------------------------------------------------------------------


def proposal_of(proposal: Proposal, table: str, to: Policy | None = None) -> dict[str, str | None]:
    """Column → the category that is written for it, or `?` and the first alternative."""
    found = proposal if to is None else fitted(proposal, to, WORDS)
    (one,) = [t for t in found.tables if t.at[1] == table]
    asked = {f.name: f.decide[0].says["data_categories"] for f in one.fields if f.decide and not f.category}
    return {f.name: f"? {asked[f.name][0]}" if f.name in asked else f.category for f in one.fields}


def test_columns_of_invoices_are_of_the_policys_invoices(praxis: Proposal) -> None:
    invoice = "order.invoice"
    found = proposal_of(praxis, "rechnungen", MINIMAL)
    assert found == {
        "id": None,
        "rechnungsnr": invoice,
        "patient_id": None,
        "rechnungsdatum": invoice,
        "betrag": invoice,
        "erstellt_am": None,
    }
    lines_ = {"id": None, "rechnung_id": None, "bezeichnung": invoice, "einzelpreis": invoice}
    assert proposal_of(praxis, "rechnungspositionen", MINIMAL) == lines_
    assert proposal_of(praxis, "rechnungen")["betrag"] == "user.behavior.purchase_history"
    for table in praxis.tables:  # each is a question
        assert all(f.decide for f in table.fields if f.among)


@pytest.mark.parametrize(
    ("table", "amount"), [("factures", "montant"), ("facturen", "bedrag"), ("invoices", "amount")]
)
def test_invoices_are_known_in_each_language(table: str, amount: str, fresh_database: Database) -> None:
    made_ = database(
        fresh_database,
        f"CREATE TABLE {table} (id int PRIMARY KEY, client_id int, {amount} numeric, created_at timestamp)",
        f"INSERT INTO {table} SELECT i, 1 + i % 60, i FROM generate_series(1, 60) i",
    )
    assert proposal_of(made_, table, MINIMAL) == {
        "id": None,
        "client_id": None,
        amount: "order.invoice",
        "created_at": None,
    }


def test_lines_of_orders_are_of_the_category_with_both_words(fresh_database: Database) -> None:
    made_ = database(
        fresh_database,
        "CREATE TABLE bestelling (id int PRIMARY KEY, client_id int, totaal numeric)",
        "INSERT INTO bestelling SELECT i, 1 + i % 60, i FROM generate_series(1, 60) i",
        "CREATE TABLE orderregel (id int PRIMARY KEY, bestelling_id int, prijs numeric)",
        "INSERT INTO orderregel SELECT i, 1 + i % 60, i FROM generate_series(1, 60) i",
    )
    assert proposal_of(made_, "orderregel", MINIMAL)["prijs"] == "order.lines"
    # The policy has no category for orders as such, and the law no word: nothing, as before.
    assert proposal_of(made_, "bestelling", MINIMAL)["totaal"] is None
    assert proposal_of(made_, "bestelling")["totaal"] == "user.behavior.purchase_history"


def test_what_stands_in_a_table_of_diagnoses_is_health_or_asked(praxis: Proposal) -> None:
    health = "user.health_and_medical"
    assert proposal_of(praxis, "diagnosen") == {
        "id": None,
        "behandlung_id": None,
        "icd10": health,
        "befund": health,
        "freitext": health,
        "erfasst_am": None,
    }
    assert field(praxis, "diagnosen", "freitext").decide
    asked = proposal_of(praxis, "diagnosen", MINIMAL)  # a word of the law's: asked though the policy has none
    assert (asked["freitext"], asked["erfasst_am"]) == (f"? {health}", None)
    assert any(line.startswith(f"{health}: ") for line in fitted(praxis, MINIMAL, WORDS).declare)


def test_a_table_of_nobodys_says_nothing_of_its_columns(fresh_database: Database) -> None:
    made_ = database(fresh_database, "CREATE TABLE diagnosis (code varchar(8) PRIMARY KEY, title text)")
    assert proposal_of(made_, "diagnosis") == {"code": None, "title": None}


# ---- names beside what says how somebody is reached ------------------------------------------------------------------


def test_a_name_beside_a_telephone_number_is_somebodys(praxis: Proposal) -> None:
    assert proposal_of(praxis, "angehoerige")["name"] == "user.name"
    assert proposal_of(praxis, "krankenkassen")["bezeichnung"] is None


def test_a_name_of_something_is_not(fresh_database: Database) -> None:
    made_ = database(
        fresh_database,
        "CREATE TABLE pet (id int PRIMARY KEY, client_id int, name text, colour text)",
        "INSERT INTO pet SELECT i, i, 'Rex', 'brown' FROM generate_series(1, 60) i",
    )
    assert proposal_of(made_, "pet")["name"] is None


def test_who_treats_somebody_is_a_name_in_a_text(praxis: Proposal) -> None:
    assert proposal_of(praxis, "patienten")["hausarzt"] == "? user.name"


# ---- with a policy, whole --------------------------------------------------------------------------------------------


def test_the_map_is_taken_with_the_lines_that_are_printed(fresh_database: Database, tmp_path: Path) -> None:
    """Only questions are left, and whoever agrees with them is found by name and address."""
    made(fresh_database, "praxis")
    first = fitted(proposed(fresh_database), MINIMAL, WORDS)
    own = company(tmp_path, "".join(f"  {line}\n" for line in first.declare) + "\n# Where it comes from")
    path = tmp_path / "map.yaml"
    path.write_text(call("discover", "--quiet", "--policy", own, fresh_database.dsn.url()).out, "utf-8")
    findings = call("check", "--store", fresh_database.dsn.url(), own, path, "--json").json["findings"]
    assert {f["kind"] for f in findings if f["severity"] == "error"} == {"undecided"}
    (patients,) = [c for d in load_map([path]).dataset for c in d.collections if c.name == "patienten"]
    ends = {
        f.name: ".".join(f.data_categories[0].split(".")[-2:]) for f in patients.fields if f.data_categories
    }
    assert {
        "vorname": "name.first",
        "nachname": "name.last",
        "strasse": "address.street",
    }.items() <= ends.items()
    assert {
        "hausnr": "address.number",
        "plz": "address.postal_code",
        "ort": "address.city",
    }.items() <= ends.items()

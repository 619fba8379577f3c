"""A physiotherapist's database, in German: what a first user of `discover` found missing or wrong."""

from __future__ import annotations

import pytest
from tests.bloesem.discover.test_unsaid import database, field, link
from tests.bloesem.discover.world import lines, made, proposed
from tests.databases import Database, DatabaseMaker

from bloesem.discover import Proposal
from bloesem.discover.words import words

WORDS = words()


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

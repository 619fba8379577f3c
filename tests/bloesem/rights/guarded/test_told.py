"""Who really got a value is told of what becomes of it, once, in the transaction of the act (art. 19); access names them."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from tests.bloesem.rights.guarded.world import Blossom, asked
from tests.bloesem.rights.test_all_or_nothing import Killed

from bloesem.errors import RightsError, StoreError
from bloesem.rights.amend import Correction
from bloesem.stores.postgres import Connection

_KEYS = itertools.count()


def given(
    connection: Connection, person: int, recipient: str, purpose: str = "billing", **tables: list[str]
) -> None:
    """As the exporter writes it down."""
    row = connection.execute(
        "INSERT INTO bloesem.disclosure (as_of, recipient, name, kind, purpose, ground, manifest, policy)"
        " VALUES (bloesem.moment(), %s, %s, 'print_mail', %s, 'contract, art. 6(1)(b)', sha256(%s), '2024-03-18') RETURNING id",
        [recipient, f"{recipient.title()} NV", purpose, f"{recipient} {next(_KEYS)}".encode()],
    ).fetchone()
    assert row is not None
    for table, columns in tables.items():
        connection.execute(
            "INSERT INTO bloesem.disclosed (disclosure_id, person_id, reference, table_name, columns) VALUES (%s, %s, 3, %s, %s)",
            [row[0], person, table, columns],
        )


def notices(blossom: Blossom, person: int) -> list[tuple[Any, ...]]:
    with blossom.connect() as connection:
        return connection.execute(
            "SELECT recipient, change, given FROM bloesem.notice WHERE person_id = %s ORDER BY id", [person]
        ).fetchall()


@pytest.fixture
def ann(blossom: Blossom, connection: Connection) -> int:
    """The print house has name and e-mail address, the agency the address for advertising, the archive an invoice; of
    somebody else the print house has the same."""
    person = blossom.one("ann")
    given(connection, person, "briefwerk", person_name=["given_name", "family_name"], email_address=["value"])
    given(connection, person, "reclamehuis", "marketing", email_address=["value"])
    given(connection, blossom.one("customer"), "briefwerk", person_name=["given_name"])
    return person


@pytest.mark.promise("R-022")
@pytest.mark.promise("P-130")
def test_access_names_who_really_got_what_when_and_on_which_ground(
    blossom: Blossom, connection: Connection, ann: int
) -> None:
    said = blossom.desk(connection).access(asked(ann))["recipients"]
    assert {(one["name"], one["purpose"], one["table"]) for one in said} == {
        ("Briefwerk NV", "billing", "person_name"),
        ("Briefwerk NV", "billing", "email_address"),
        ("Reclamehuis NV", "marketing", "email_address"),
    }
    assert all(one["ground"] == "contract, art. 6(1)(b)" and one["on"] and one["columns"] for one in said)
    assert "recipients" not in blossom.desk(connection).portable(asked(ann))


@pytest.mark.promise("R-030")
def test_a_correction_is_told_to_whoever_got_that_value(
    blossom: Blossom, connection: Connection, ann: int
) -> None:
    number = blossom.value("SELECT id FROM data.person_name WHERE person_id = %s ORDER BY id LIMIT 1", ann)
    wrong = [Correction("person_name", "family_name", "Baert", (str(number),))]
    desk = blossom.desk(connection)
    rehearsed = desk.rectify(asked(ann), wrong, dry_run=True)
    assert notices(blossom, ann) == []  # a rehearsal tells nobody
    done = desk.rectify(asked(ann), wrong, plan=rehearsed.plan)
    assert [(one["name"], one["change"], one["given"]) for one in done.told] == [
        ("Briefwerk NV", "rectification", {"person_name": ["family_name"]})
    ]
    assert notices(blossom, ann) == [("briefwerk", "rectification", {"person_name": ["family_name"]})]


def test_who_got_it_since_the_rehearsal_was_not_seen_and_nothing_is_done(
    blossom: Blossom, connection: Connection, ann: int
) -> None:
    number = blossom.value("SELECT id FROM data.person_name WHERE person_id = %s ORDER BY id LIMIT 1", ann)
    wrong = [Correction("person_name", "family_name", "Baert", (str(number),))]
    plan = blossom.desk(connection).rectify(asked(ann), wrong, dry_run=True).plan
    given(connection, ann, "monteur", person_name=["family_name"])
    with pytest.raises(RightsError, match="no longer what was rehearsed"):
        blossom.desk(connection).rectify(asked(ann), wrong, plan=plan)
    assert notices(blossom, ann) == []


@pytest.mark.promise("R-030")
def test_an_erasure_is_told_of_what_went_and_not_of_what_stays(
    blossom: Blossom, connection: Connection
) -> None:
    person = blossom.one("clicked")
    given(connection, person, "reclamehuis", "consent_marketing", email_address=["value"], invoice=["number"])
    first = blossom.desk(connection).erase(asked(person))
    left = blossom.value(
        "SELECT count(*) FROM data.email_address WHERE person_id = %s AND value IS NOT NULL", person
    )
    assert left == 0
    assert [(one["recipient"], one["change"], one["given"]) for one in first.told] == [
        ("reclamehuis", "erasure", {"email_address": ["value"]})
    ]
    assert len(notices(blossom, person)) == 1


@pytest.mark.promise("R-030")
def test_a_restriction_is_told_once_to_all_and_of_one_row_to_who_has_that(
    blossom: Blossom, connection: Connection, ann: int
) -> None:
    desk = blossom.desk(connection)
    row = blossom.value("SELECT id FROM data.email_address WHERE person_id = %s ORDER BY id LIMIT 1", ann)
    said = desk.note(asked(ann), "restriction", [("restriction", "18(1)(a)")], item=f"email_address[{row}]")
    assert [(one["recipient"], one["given"]) for one in said["told"]] == [
        ("briefwerk", {"email_address": ["value"]}),
        ("reclamehuis", {"email_address": ["value"]}),
    ]
    said = desk.note(asked(ann), "restriction", [("restriction", "18(1)(b)")])
    assert [one["recipient"] for one in said["told"]] == ["briefwerk", "reclamehuis"]
    again = desk.note(asked(ann), "restriction", [("restriction", "18(1)(b)")])
    assert again["told"] == ()
    assert len(notices(blossom, ann)) == 4


@pytest.mark.promise("R-030")
def test_an_objection_or_withdrawal_is_told_to_who_got_data_for_that_purpose(
    blossom: Blossom, connection: Connection
) -> None:
    desk, other = blossom.desk(connection), blossom.one("clicked")
    given(connection, other, "reclamehuis", "marketing", email_address=["value"])
    given(connection, other, "briefwerk", person_name=["given_name"])
    said = desk.note(asked(other), "objection", [("objection", "marketing")])
    assert [(one["recipient"], one["change"]) for one in said["told"]] == [("reclamehuis", "withdrawal")]
    assert desk.note(asked(other), "objection", [("objection", "marketing")])["told"] == ()
    person = blossom.one("consent_near_expiry")
    given(connection, person, "reclamehuis", "consent_marketing", email_address=["value"])
    given(connection, person, "briefwerk", person_name=["given_name"])
    said = desk.note(asked(person), "withdrawal", [("consent", "consent_marketing")], ended=True)
    assert [(one["recipient"], one["change"]) for one in said["told"]] == [("reclamehuis", "withdrawal")]
    assert notices(blossom, person) == [("reclamehuis", "withdrawal", {"email_address": ["value"]})]


def test_killed_at_any_statement_the_act_and_its_notices_are_there_together_or_not_at_all(
    blossom: Blossom, connection: Connection, ann: int
) -> None:
    fact = (
        "SELECT count(*) FROM bloesem.fact WHERE person_id = %s AND kind = 'restriction' AND ends_at IS NULL"
    )
    before = blossom.value(fact, ann)
    for number in itertools.count(1):
        with blossom.connect() as victim:
            desk = blossom.desk(Killed(victim, connection, number))  # type: ignore[arg-type]
            try:
                desk.note(asked(ann), "restriction", [("restriction", "18(1)(a)")])
            except StoreError:
                assert blossom.value(fact, ann) == before, number
                assert notices(blossom, ann) == [], number
            else:
                break
    assert number > 40
    assert blossom.value(fact, ann) == before + 1
    assert [row[0] for row in notices(blossom, ann)] == ["briefwerk", "reclamehuis"]

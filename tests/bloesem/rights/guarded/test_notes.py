"""Restricted, objected to, withdrawn, corrected: in the company's own database it is so at once."""

from __future__ import annotations

from typing import Any

import pytest
from tests.bloesem.rights.guarded.world import Blossom, asked, today
from tests.bloesem.rights.test_all_or_nothing import Killed
from tests.faults import STEP

from bloesem.errors import GateError, PlanError, RightsError, StoreError
from bloesem.plan.model import FactKind
from bloesem.rights.amend import Correction
from bloesem.stores import facts
from bloesem.stores.postgres import Connection
from bloesem.stores.rebuild import rebuild

ACCURACY: list[tuple[FactKind, str]] = [("restriction", "accuracy")]


def seen(blossom: Blossom, purpose: str, table: str, column: str, person: int) -> list[Any]:
    """What the role of a purpose reads of somebody: PostgreSQL's own answer."""
    with blossom.database.connect() as connection:
        connection.execute(f'SET LOCAL ROLE "{blossom.loaded.plan.role(purpose)}"'.encode())
        query = f"SELECT {column} FROM {purpose}.{table} WHERE person_id = %s"
        return [row[0] for row in connection.execute(query.encode(), [person])]


def rebuilt(blossom: Blossom, connection: Connection) -> int:
    plan = blossom.loaded.plan
    return rebuild(connection, plan, facts.moment(connection, plan))


def test_a_restriction_is_enforced_at_once_and_lifted(blossom: Blossom, connection: Connection) -> None:
    person, desk = blossom.one("customer"), blossom.desk(connection)
    before = seen(blossom, "support", "email_address", "value", person)
    rows, others = blossom.rows(masks=False), blossom.rows(without=[person])
    assert before
    said = desk.note(asked(person), "restriction", ACCURACY)
    assert (said["enforced"], said["said"], said["tables"]) == (True, "enforced now", {})
    assert seen(blossom, "support", "email_address", "value", person) == []
    assert said["readable"]["support"]["before"] > said["readable"]["support"]["after"]
    assert blossom.rows(masks=False) == rows, "stored, and not used"
    assert blossom.rows(without=[person]) == others
    assert rebuilt(blossom, connection) == 0
    lifted = desk.note(asked(person), "restriction", ACCURACY, lift=True, told_on=today())
    assert seen(blossom, "support", "email_address", "value", person) == before
    assert lifted["readable"] == {
        key: {"before": n["after"], "after": n["before"]} for key, n in said["readable"].items()
    }
    nothing = desk.note(asked(person), "restriction", ACCURACY, lift=True, told_on=today())
    assert (nothing["recorded"], nothing["enforced"]) == ([], False)


def test_how_many_values_a_purpose_reads_is_what_its_role_sees(
    blossom: Blossom, connection: Connection
) -> None:
    """Counted by PostgreSQL itself, as the role of the purpose, before and after."""
    person, plan = blossom.one("customer"), blossom.loaded.plan

    def counted(purpose: str) -> int:
        total = 0
        with blossom.database.connect() as own:
            own.execute(f'SET LOCAL ROLE "{plan.role(purpose)}"'.encode())
            for table in plan.tables:
                mine = [
                    c.name for c in table.columns if not c.key and c.purposes & plan.purpose(purpose).mask
                ]
                if mine and len(table.owners) == 1:
                    query = (
                        f"SELECT COALESCE(sum(num_nonnulls({', '.join(mine)})), 0) FROM {purpose}.{table.name}"
                        f" WHERE {table.owners[0]} = %s"
                    )
                    row = own.execute(query.encode(), [person]).fetchone()
                    total += row[0] if row else 0
        return total

    alone = {"marketing", "service", "billing", "support"}
    shared = blossom.value(
        "SELECT count(*) FROM data.complaint c WHERE %s IN (c.person_id, c.co_person_id)", person
    )
    assert shared == 0
    before = {key: counted(key) for key in alone}
    said = blossom.desk(connection).note(asked(person), "restriction", ACCURACY)["readable"]
    after = {key: counted(key) for key in alone}
    for key in alone:
        assert said[key]["before"] - said[key]["after"] >= before[key] - after[key] > 0
    assert said["marketing"] == {"before": before["marketing"], "after": after["marketing"]}


def test_one_item_is_restricted_and_the_rest_is_not(blossom: Blossom, connection: Connection) -> None:
    person, desk = blossom.one("customer"), blossom.desk(connection)
    (address,) = connection.execute(
        "SELECT id FROM data.address WHERE person_id = %s", [person]
    ).fetchone() or (0,)
    desk.note(asked(person), "restriction", ACCURACY, item=f"address[{address}]")
    assert seen(blossom, "support", "address", "street", person) == []
    assert seen(blossom, "support", "email_address", "value", person)
    assert rebuilt(blossom, connection) == 0
    assert desk.note(asked(person), "restriction", ACCURACY, lift=True, told_on=today())["recorded"] == [], (
        "that is another restriction"
    )
    lifted = desk.note(
        asked(person), "restriction", ACCURACY, lift=True, told_on=today(), item=f"data.address[{address}]"
    )
    assert lifted["recorded"]
    assert seen(blossom, "support", "address", "street", person)
    other = blossom.value("SELECT id FROM data.address WHERE person_id <> %s LIMIT 1", person)
    for wrong in (f"address[{other}]", "address", "shoes[1]", "address[x]"):
        with pytest.raises(RightsError):
            desk.note(asked(person), "restriction", ACCURACY, item=wrong)


def test_an_objection_to_marketing_ends_it_and_what_only_it_kept_goes(
    blossom: Blossom, connection: Connection
) -> None:
    person, desk = blossom.one("clicked"), blossom.desk(connection)
    others = blossom.rows(without=[person])
    said = desk.note(asked(person), "objection", [("objection", "marketing")])
    assert said["readable"]["marketing"]["after"] == 0
    gone = {name: len(one["deleted"]) for name, one in said["tables"].items() if one["deleted"]}
    assert gone, "what only marketing kept is gone"
    for name, count in gone.items():
        assert count, name
    assert blossom.rows(without=[person]) == others
    assert rebuilt(blossom, connection) == 0


def test_an_objection_is_assessed_then_granted_in_one_act(blossom: Blossom, connection: Connection) -> None:
    person, desk = blossom.one("objection_assessed"), blossom.desk(connection)
    said = desk.note(asked(person), "objection", [("objection", "quality")], over=[("assessing", "quality")])
    assert said["enforced"]
    open_ = connection.execute(
        "SELECT kind FROM bloesem.fact WHERE person_id = %s AND key = 'quality' AND ends_at IS NULL", [person]
    ).fetchall()
    assert [row[0] for row in open_] == ["objection"]
    refused = blossom.one("objection_assessed", 1)
    back = desk.note(asked(refused), "objection", [("assessing", "quality")], lift=True)
    assert back["recorded"] == [{"kind": "assessing", "key": "quality"}]
    with pytest.raises(PlanError, match="says nothing about `service`"):
        desk.note(asked(person), "objection", [("objection", "service")])


def test_a_withdrawal_stands_in_the_record_of_consent_and_holds_at_once(
    blossom: Blossom, connection: Connection
) -> None:
    person, desk = blossom.one("consent_renewed"), blossom.desk(connection)
    assert seen(blossom, "consent_marketing", "email_address", "value", person)
    said = desk.note(asked(person), "withdrawal", [("consent", "consent_marketing")], ended=True)
    assert said["recorded"] == [{"kind": "consent", "key": "consent_marketing"}]
    assert said["readable"]["consent_marketing"]["after"] == 0
    assert seen(blossom, "consent_marketing", "email_address", "value", person) == []
    assert (
        blossom.value(
            "SELECT count(*) FROM data.consent WHERE person_id = %s AND withdrawn_at IS NULL AND part = 'consent_marketing'",
            person,
        )
        == 0
    )
    assert rebuilt(blossom, connection) == 0
    again = desk.note(asked(person), "withdrawal", [("consent", "consent_marketing")], ended=True)
    assert again["recorded"] == []


def correction(text: str) -> list[Correction]:
    return [Correction.parse(text)]


def test_a_wrong_value_is_corrected_with_its_normal_form_and_source(
    blossom: Blossom, connection: Connection
) -> None:
    person, desk = blossom.one("customer"), blossom.desk(connection)
    others = blossom.rows(without=[person])
    asked_for = correction("email_address.value=Saar.New@Mail.example")
    rehearsed = desk.rectify(
        asked(person), asked_for, source="subject:klantendienst", dry_run=True, show_values=True
    )
    (change,) = rehearsed.tables["data.email_address"]["changed"]
    assert change["columns"] == ["value", "value_norm", "source"]
    assert change["values"]["value"].endswith("post.example")
    assert blossom.rows(without=[person]) == others
    done = desk.rectify(asked(person), asked_for, source="subject:klantendienst", plan=rehearsed.plan)
    assert done.tables.keys() == {"data.email_address"}
    row = connection.execute(
        "SELECT value, value_norm, source FROM data.email_address WHERE person_id = %s", [person]
    ).fetchone()
    assert row == ("Saar.New@Mail.example", "saar.new@mail.example", "subject:klantendienst")
    assert blossom.rows(without=[person]) == others
    desk.rectify(asked(person), correction("phone_number.value=0032 475 00 00 00"))
    assert (
        blossom.value("SELECT value_norm FROM data.phone_number WHERE person_id = %s", person)
        == "+32475000000"
    )
    desk.rectify(asked(person), correction("birth_date.born_on=1980-02-03"))
    assert rebuilt(blossom, connection) == 0
    with pytest.raises(RightsError, match="no longer what was rehearsed"):
        desk.rectify(asked(person), asked_for, source="subject:klantendienst", plan=rehearsed.plan)


@pytest.mark.parametrize(
    ("text", "source", "said"),
    [
        ("email_address.value_norm=x@mail.example", None, "follows from value"),
        ("email_address.person_id=1", None, "holds nothing about a person"),
        ("email_address.shoe=1", None, "is not in the map"),
        ("shoe.size=1", None, "is not in the map"),
        ("email_address.value=nothing", None, "this is no email"),
        ("email_address.value=a@mail.example", "canary-hearsay", "a source that the policy does not declare"),
        ("session.place=x", "subject:portaal", "does not say where its rows came from"),
        ("session.place=x", None, "name one: data.session"),
        ("email_address[1].value=a@mail.example", None, "0 rows of data.email_address"),
        ("birth_date.born_on=canary", None, "no value of its column's type"),
        ("special_item.value=x", None, "0 rows of data.special_item"),
    ],
)
def test_what_cannot_be_corrected_is_said_and_nothing_is_written(
    blossom: Blossom, connection: Connection, text: str, source: str | None, said: str
) -> None:
    before = blossom.rows()
    with pytest.raises(RightsError, match=said) as caught:
        blossom.desk(connection).rectify(asked(blossom.one("customer")), correction(text), source=source)
    assert "canary" not in str(caught.value)
    assert blossom.rows() == before


def test_a_value_that_nothing_keeps_is_not_written_anew(blossom: Blossom, connection: Connection) -> None:
    person = blossom.one("ann")
    with pytest.raises(RightsError, match=r"nothing keeps data\.bank_account\.iban_last4"):
        blossom.desk(connection).rectify(asked(person), correction("bank_account.iban_last4=1234"))


@pytest.mark.faults
def test_killed_at_any_statement_nothing_is_half_said(blossom: Blossom, connection: Connection) -> None:
    person, before, n = blossom.one("clicked"), blossom.rows(), 1 - STEP
    while True:
        n += STEP
        with blossom.connect() as victim:
            desk = blossom.desk(Killed(victim, connection, n))  # type: ignore[arg-type]
            try:
                desk.note(asked(person), "objection", [("objection", "marketing")])
            except StoreError:
                assert blossom.rows() == before, n
            else:
                break
    assert n > 40
    assert blossom.rows() != before


def test_a_login_that_may_not_be_keeper_is_refused(blossom: Blossom, connection: Connection) -> None:
    name = blossom.database.role("nobody")
    connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'x'".encode())
    before = blossom.rows()
    with blossom.database.connect(user=name, password="x", autocommit=True) as poor:
        for ask in ("access", "erase"):
            with pytest.raises(GateError, match="may not be keeper"):
                getattr(blossom.desk(poor), ask)(asked(blossom.one("customer")))
    assert blossom.rows() == before

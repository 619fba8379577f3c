"""What happens when rows arrive and change: masks at once, facts from columns, nothing without an owner."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from tests.bloesem.plan import small
from tests.databases import Database

from bloesem.plan.model import Plan

Connection = psycopg.Connection[Any]


@pytest.fixture(scope="module")
def installed(module_database: Database) -> Plan:
    plan = small.plan(module_database.role_prefix)
    with module_database.connect() as connection:
        small.create_tables(connection, plan)
        small.install(connection, plan)
    return plan


@pytest.fixture
def db(installed: Plan, module_database: Database) -> Iterator[Connection]:
    with module_database.connect() as connection:
        connection.execute("INSERT INTO data.person (id, recorded_at) VALUES (1, now() - interval '30 days')")
        yield connection
        connection.rollback()


def purposes(
    plan: Plan, connection: Connection, table: str, number: int, mask: str = "used_for"
) -> set[str] | None:
    row = connection.execute(f"SELECT {mask} FROM data.{table} WHERE id = %s", [number]).fetchone()
    return None if row is None else set(plan.keys(row[0]))


def test_a_person_is_kept_from_the_first_contact(installed: Plan, db: Connection) -> None:
    assert purposes(installed, db, "person", 1) == {"support", "quality"}


def test_an_account_lets_billing_read_what_comes_in_after_it(installed: Plan, db: Connection) -> None:
    db.execute(
        "INSERT INTO data.account (id, recorded_at, person_id, opened_at, iban) VALUES (2, now(), 1, now(), 'x')"
    )
    assert purposes(installed, db, "account", 2) == {"billing"}
    db.execute("INSERT INTO data.identity (id, recorded_at, person_id, name) VALUES (3, now(), 1, 'Ann')")
    assert purposes(installed, db, "identity", 3) == {"support", "billing"}


def test_a_row_of_nobody_is_refused(db: Connection) -> None:
    with pytest.raises(psycopg.errors.NotNullViolation, match="belongs to somebody"):
        db.execute("INSERT INTO data.identity (id, recorded_at) VALUES (3, now())")


def test_a_row_of_an_unknown_person_is_refused(db: Connection) -> None:
    with pytest.raises(psycopg.errors.ForeignKeyViolation, match="nobody has this number"):
        db.execute("INSERT INTO data.identity (id, recorded_at, person_id) VALUES (3, now(), 99)")


def test_an_end_that_is_filled_in_ends_the_purpose_after_its_term(installed: Plan, db: Connection) -> None:
    db.execute(
        "INSERT INTO data.account (id, recorded_at, person_id, opened_at, iban) "
        "VALUES (2, now(), 1, now() - interval '5 years', 'x')"
    )
    db.execute("UPDATE data.account SET terminated_at = now() - interval '2 months' WHERE id = 2")
    assert purposes(installed, db, "account", 2) == {"billing"}
    db.execute("UPDATE data.account SET terminated_at = now() - interval '2 years' WHERE id = 2")
    assert purposes(installed, db, "account", 2) is None, "the row went with its last purpose"


def test_a_corrected_date_replaces_the_fact_that_it_gave(installed: Plan, db: Connection) -> None:
    db.execute(
        "INSERT INTO data.account (id, recorded_at, person_id, opened_at, terminated_at, iban) "
        "VALUES (2, now(), 1, now() - interval '5 years', now() - interval '3 months', 'x')"
    )
    db.execute("UPDATE data.account SET terminated_at = NULL WHERE id = 2")
    until = db.execute("SELECT bloesem.civil(good_until) FROM data.account WHERE id = 2").fetchone()
    assert until is not None
    assert until[0].year == 9999, "the account runs again: no end is known"
    facts = db.execute(
        "SELECT count(*) FILTER (WHERE ends_at IS NULL), count(*) FROM bloesem.fact WHERE key = 'account.terminated'"
    ).fetchone()
    assert facts == (0, 1), "closed, not deleted"


def test_consent_reads_until_it_is_withdrawn(installed: Plan, db: Connection) -> None:
    db.execute("INSERT INTO data.identity (id, recorded_at, person_id, name) VALUES (3, now(), 1, 'Ann')")
    db.execute("INSERT INTO data.consent (id, recorded_at, person_id, given_at) VALUES (4, now(), 1, now())")
    assert purposes(installed, db, "identity", 3) == {"support", "newsletter"}
    db.execute("UPDATE data.consent SET withdrawn_at = now() WHERE id = 4")
    assert purposes(installed, db, "identity", 3) == {"support"}


def test_what_the_employer_gave_is_not_for_marketing(installed: Plan, db: Connection) -> None:
    db.execute(
        "INSERT INTO data.talk (id, recorded_at, person_id, said, at) VALUES (4, now(), 1, 'hello', now())"
    )
    for number, source in ((5, "subject:contract"), (6, "employer:Acme")):
        db.execute(
            "INSERT INTO data.point (id, recorded_at, person_id, value, source) VALUES (%s, now(), 1, 'a@b.example', %s)",
            [number, source],
        )
    assert purposes(installed, db, "point", 5) == {"support", "marketing"}
    assert purposes(installed, db, "point", 6) == {"support"}


def test_an_objection_takes_the_purpose_from_every_row_at_once(installed: Plan, db: Connection) -> None:
    db.execute(
        "INSERT INTO data.talk (id, recorded_at, person_id, said, at) VALUES (4, now(), 1, 'hello', now())"
    )
    db.execute("INSERT INTO data.segment (id, recorded_at, person_id, name) VALUES (5, now(), 1, 'solar')")
    db.execute("INSERT INTO data.identity (id, recorded_at, person_id, name) VALUES (3, now(), 1, 'Ann')")
    assert purposes(installed, db, "segment", 5) == {"marketing"}
    db.execute("SELECT bloesem.record_fact(1, 'objection', 'marketing', bloesem.moment())")
    assert purposes(installed, db, "segment", 5) is None
    assert purposes(installed, db, "identity", 3) == {"support"}
    act = db.execute("SELECT kind, counts FROM bloesem.act ORDER BY id DESC LIMIT 1").fetchone()
    assert act is not None
    assert act[0] == "masks"
    assert act[1]["tables"]["segment"]["deleted"] == 1


def test_restriction_hides_and_keeps_and_shows_since_when(installed: Plan, db: Connection) -> None:
    db.execute("INSERT INTO data.identity (id, recorded_at, person_id, name) VALUES (3, now(), 1, 'Ann')")
    made = db.execute("SELECT bloesem.record_fact(1, 'restriction', 'accuracy', bloesem.moment())").fetchone()
    assert made is not None
    assert purposes(installed, db, "identity", 3) == set()
    assert purposes(installed, db, "identity", 3, "kept_for") == {"support"}
    frozen = db.execute("SELECT frozen_since IS NOT NULL, frozen_ground FROM data.person").fetchone()
    assert frozen == (True, "accuracy")
    db.execute("SELECT bloesem.close_fact(%s, bloesem.moment())", [made[0]])
    assert purposes(installed, db, "identity", 3) == {"support"}


def test_a_fact_is_never_rewritten(db: Connection) -> None:
    db.execute("SELECT bloesem.record_fact(1, 'restriction', 'accuracy', bloesem.moment())")
    with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="never rewritten"):
        db.execute("UPDATE bloesem.fact SET starts_at = now() - interval '1 year' WHERE kind = 'restriction'")


def test_an_act_is_append_only(db: Connection) -> None:
    db.execute("SELECT bloesem.record_fact(1, 'restriction', 'accuracy', bloesem.moment())")
    with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="append-only"):
        db.execute("DELETE FROM bloesem.act")


# ---- values that nothing keeps ------------------------------------------------------------------------------------------


def session(db: Connection, number: int) -> tuple[Any, ...] | None:
    db.execute("SET CONSTRAINTS ALL IMMEDIATE")  # as the end of the transaction does
    return db.execute("SELECT place, total FROM data.session WHERE id = %s", [number]).fetchone()


def test_a_late_value_that_nothing_keeps_any_more_does_not_outlast_its_transaction(
    installed: Plan, db: Connection
) -> None:
    db.execute("INSERT INTO data.account (id, recorded_at, person_id, opened_at) VALUES (3, now(), 1, now())")
    late = "INSERT INTO data.session (id, recorded_at, person_id, place, total, held_on) VALUES (%s, now(), 1, 'home', '9', current_date)"
    db.execute(late, [4])
    assert session(db, 4) == ("home", "9"), "billing keeps both while the account runs"
    db.execute("SET CONSTRAINTS ALL DEFERRED")
    db.execute("UPDATE data.account SET terminated_at = now() - interval '3 years' WHERE id = 3")
    db.execute("UPDATE data.account SET opened_at = now() - interval '9 years' WHERE id = 3")
    assert session(db, 4) == (None, "9")
    db.execute("SET CONSTRAINTS ALL DEFERRED")
    db.execute(late, [5])
    kept = purposes(installed, db, "session", 5, "kept_for") or set()
    assert "archive" in kept
    assert "billing" not in kept
    assert session(db, 5) == (None, "9"), "the archive needs the total, and nobody the place"
    db.execute("SET CONSTRAINTS ALL DEFERRED")
    db.execute("UPDATE data.session SET place = 'work' WHERE id = 5")
    assert session(db, 5) == (None, "9"), "nor can it be written later"


def test_what_is_kept_by_the_end_of_the_transaction_stays(installed: Plan, db: Connection) -> None:
    """The order in which one transaction writes says nothing about what it means."""
    db.execute(
        "INSERT INTO data.session (id, recorded_at, person_id, place, total, held_on) VALUES (4, now(), 1, 'home', '9', current_date)"
    )
    assert "billing" not in (purposes(installed, db, "session", 4, "kept_for") or set())
    db.execute("INSERT INTO data.account (id, recorded_at, person_id, opened_at) VALUES (3, now(), 1, now())")
    assert session(db, 4) == ("home", "9")


def test_a_value_that_no_purpose_needs_is_refused(fresh_database: Database) -> None:
    """A hold keeps what is there: it is no reason to collect."""
    plan = small.plan(fresh_database.role_prefix, off={"marketing": "no balancing test"})
    assert plan.table("segment").closed
    assert not plan.table("identity").refused
    with fresh_database.connect() as connection:
        small.create_tables(connection, plan)
        small.install(connection, plan)
        connection.execute("INSERT INTO data.person (id, recorded_at) VALUES (1, now())")
        with pytest.raises(
            psycopg.errors.CheckViolation, match="segment: no purpose of the policy needs it"
        ) as no:
            connection.execute(
                "INSERT INTO data.segment (id, recorded_at, person_id, name) VALUES (2, now(), 1, 'x')"
            )
        assert "P-050" in str(no.value.diag.message_hint)


def test_one_value_of_a_row_can_be_closed_and_the_rest_open(fresh_database: Database) -> None:
    purposes = {key: row for key, row in small.PURPOSES.items() if key != "PUR-2"}
    plan = small.plan(
        fresh_database.role_prefix, of=small.policy(purposes), registry=small.bits(small.policy())
    )
    assert [one.columns for one in plan.table("identity").refused] == [("birth",)]
    with fresh_database.connect() as connection:
        small.create_tables(connection, plan)
        small.install(connection, plan)
        connection.execute("INSERT INTO data.person (id, recorded_at) VALUES (1, now())")
        connection.execute(
            "INSERT INTO data.identity (id, recorded_at, person_id, name) VALUES (2, now(), 1, 'Ann')"
        )
        for query in (
            "INSERT INTO data.identity (id, recorded_at, person_id, birth) VALUES (3, now(), 1, '1990')",
            "UPDATE data.identity SET birth = '1990' WHERE id = 2",
        ):
            with (
                pytest.raises(psycopg.errors.CheckViolation, match=r"identity\.birth"),
                connection.transaction(),
            ):
                connection.execute(query)
        connection.execute("UPDATE data.identity SET name = 'Anna' WHERE id = 2")


def test_a_served_role_may_have_a_dash_in_its_name(fresh_database: Database) -> None:
    record = {
        "processes": {"portal": ["fleet-manager"]},
        "roles": {
            "fleet-manager": {"decided": small.VERSION, "scope": "person", "reads": ["total"]},
        },
    }
    plan = small.plan(fresh_database.role_prefix, record=record)
    with fresh_database.connect() as connection:
        small.create_tables(connection, plan)
        small.install(connection, plan)
        member = connection.execute(
            "SELECT pg_has_role(%s, %s, 'MEMBER')",
            [plan.role("portal"), plan.role("fleet_manager")],
        ).fetchone()
        assert member == (True,)

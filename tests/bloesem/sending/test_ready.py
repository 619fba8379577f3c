"""What the door needs is made at each start, is no drift of the plan, is stated column by column, and goes with its term."""

from __future__ import annotations

import datetime as dt

import pytest
from tests.bloesem.consent.stage import Stage
from tests.bloesem.sending.stage import door
from tests.promises.test_gate import COMPANY

from bloesem.clock import sweep
from bloesem.clock.demonstration import advance
from bloesem.commands.explain import unguarded_about
from bloesem.company import load
from bloesem.sending import ready, tables
from bloesem.stores.check import store_findings
from bloesem.stores.install import install


def test_every_column_of_the_door_is_stated(at: Stage) -> None:
    rows = at.keeper.execute(
        "SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0"
        " WHERE c.relnamespace = 'bloesem'::regnamespace AND c.relkind = 'r' AND NOT a.attisdropped"
    ).fetchall()
    made = {name for name, _ in rows}
    assert made >= {"outbox", "campaign", "suppression", "phone_list", "phone_list_import", "to_suppress"}
    for name, column in rows:
        about = unguarded_about(COMPANY, "bloesem", name, column)
        assert about is not None, f"bloesem.{name}.{column} is stored, and nothing says what it is"
        assert about["is"], (name, column)
        assert about["why"], (name, column)


def test_it_is_made_again_without_a_change_and_is_no_drift(alone: Stage) -> None:
    loaded = load(COMPANY.company.directory, on=COMPANY.plan.version, prefix=alone.world.plan.prefix)
    ready.install(alone.keeper, loaded)
    ready.install(alone.keeper, loaded)
    assert not install(alone.keeper, alone.world.plan, credentials=alone.world.secrets).changed
    found = [f for f in store_findings(alone.keeper, alone.world.plan) if f.severity == "error"]
    assert found == []


def test_a_company_that_sends_nothing_has_no_door(alone: Stage) -> None:
    minimal = COMPANY.company.directory.parent / "minimal"
    assert ready.rules_of(load(minimal, on=dt.date(2026, 6, 1))) is None


@pytest.mark.slow
def test_what_was_sent_to_whom_goes_with_the_laws_term(alone: Stage) -> None:
    person = alone.customer()
    made, _ = door(alone)
    made.submit("battery-offer", "email", [person])
    made.run()
    day = alone.today()
    for years, left in ((5, 1), (6, 0)):
        advance(alone.keeper, alone.world.plan, dt.date(day.year + years, day.month, min(day.day, 28)))
        sweep(alone.keeper, alone.world.plan, alone.now())
        assert alone.count("bloesem.outbox") == left, years


def test_tables_are_the_keepers_alone(at: Stage) -> None:
    grants = at.keeper.execute(
        "SELECT c.relname FROM pg_class c, aclexplode(c.relacl) a WHERE c.relnamespace = 'bloesem'::regnamespace"
        " AND c.relname = ANY (%s) AND a.grantee <> c.relowner",
        [[*tables.TABLES, "suppression", "phone_list", "phone_list_import"]],
    ).fetchall()
    assert grants == []

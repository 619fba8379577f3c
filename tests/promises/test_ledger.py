"""What was done stands in a ledger that nobody changes unseen, holds nobody's data, and has a clock of its own (R-055)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from tests.bloesem.gate.world import World, copied
from tests.charging.databases import migrated
from tests.databases import Database
from tests.promises.business import Business
from tests.promises.test_gate import in_force

from bloesem.errors import LedgerError
from bloesem.ledger import chain, record_act
from bloesem.stores.check import store_findings


@pytest.fixture(scope="module")
def blossom(module_database: Database) -> Iterator[Business]:
    """Days on which things were done, each swept and sealed."""
    with copied(module_database, "in force", in_force, tables=migrated) as world:
        made = Business(world)
        for day in ("2027-01-10", "2027-01-11", "2027-01-12"):
            made.on(day)
            person = made.customer()
            made.fact(person, "objection", "marketing")
            with world.admin.transaction():
                record_act(world.admin, "export", made.now(), counts={"people": 1, "rows": 7})
        made.sweep()
        yield made


def broken(world: World) -> list[str]:
    return [one.thing for one in store_findings(world.admin, world.plan) if one.kind == "broken-ledger"]


def rewritten(world: World, query: str, table: str) -> list[str]:
    """As whoever owns the whole server, with what guards the table switched off, and taken back; out: what is seen of it."""
    with world.admin.transaction(force_rollback=True):
        world.admin.execute(f"ALTER TABLE bloesem.{table} DISABLE TRIGGER ALL".encode())
        assert world.admin.execute(query.encode()).rowcount >= 1
        world.admin.execute(f"ALTER TABLE bloesem.{table} ENABLE TRIGGER ALL".encode())
        return broken(world)


def count(world: World, query: str) -> int:
    row = world.admin.execute(query.encode()).fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.promise("R-055")
def test_whatever_is_done_comes_under_a_seal_and_nothing_is_broken(blossom: Business) -> None:
    world = blossom.world
    assert count(world, "SELECT count(*) FROM bloesem.act_seal") >= 3
    assert count(world, "SELECT count(*) FROM bloesem.act a WHERE NOT EXISTS"
                        " (SELECT FROM bloesem.act_seal z WHERE a.id <@ z.ids) AND a.kind <> 'sweep'") == 0  # fmt: skip
    assert broken(world) == []
    before = chain.head(world.admin, world.plan)
    with world.admin.transaction():
        record_act(world.admin, "export", blossom.now(), counts={"people": 1})
    with world.admin.transaction():
        assert chain.seal(world.admin, world.plan) >= 1
        assert chain.seal(world.admin, world.plan) == 0
    assert chain.head(world.admin, world.plan) not in (None, before)
    assert broken(world) == []


@pytest.mark.promise("R-055")
def test_an_act_that_commits_late_under_a_low_number_is_in_the_next_seal(blossom: Business) -> None:
    world = blossom.world
    with world.database.connect() as slow:
        record_act(slow, "export", blossom.now(), counts={"people": 1})
        with world.admin.transaction():
            record_act(world.admin, "export", blossom.now(), counts={"people": 2})
        with world.admin.transaction():
            chain.seal(world.admin, world.plan)
        assert broken(world) == []
        slow.commit()
    assert broken(world) == []
    with world.admin.transaction():
        assert chain.seal(world.admin, world.plan) == 1
    assert broken(world) == []


@pytest.mark.promise("R-055")
@pytest.mark.parametrize(
    ("change", "table", "said"),
    [
        ("UPDATE bloesem.act SET counts = counts || '{\"people\": 2}' WHERE kind = 'export'", "act", "are not those that were sealed"),
        ("UPDATE bloesem.act SET at = at + interval '1 microsecond' WHERE kind = 'export'", "act", "are not those"),
        ("UPDATE bloesem.act SET login = 'somebody' WHERE kind = 'export'", "act", "are not those"),
        ("UPDATE bloesem.act SET commitment = '\\x00' WHERE kind = 'export'", "act", "are not those"),
        ("DELETE FROM bloesem.act WHERE id = (SELECT min(id) FROM bloesem.act)", "act", "are not those"),
        ("DELETE FROM bloesem.act_seal WHERE id = (SELECT min(id) FROM bloesem.act_seal)", "act_seal", "does not follow"),
        ("UPDATE bloesem.act_seal SET digest = inner_digest WHERE id = (SELECT min(id) FROM bloesem.act_seal)", "act_seal", "does not follow"),
    ],
)  # fmt: skip
def test_a_change_is_refused_and_seen_when_somebody_switches_the_refusal_off(
    blossom: Business, change: str, table: str, said: str
) -> None:
    world = blossom.world
    with pytest.raises(psycopg.errors.IntegrityConstraintViolation):
        world.admin.execute(change.encode())
    seen = rewritten(world, change, table)
    assert any(said in one for one in seen), seen
    assert broken(world) == []


@pytest.mark.promise("R-055")
def test_saying_that_acts_have_gone_opens_nothing(blossom: Business) -> None:
    """Those whose term is not over stay, whatever their seal says."""
    admin = blossom.world.admin
    with admin.transaction(force_rollback=True):
        admin.execute("UPDATE bloesem.act_seal SET gone_on = now()")
        with (
            pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="append-only"),
            admin.transaction(),
        ):
            admin.execute("DELETE FROM bloesem.act")


@pytest.mark.promise("R-055")
def test_the_ledger_holds_nothing_of_anybody_and_has_a_clock_of_its_own(blossom: Business) -> None:
    world = blossom.world
    for text in ("Lotte", {"name": "Lotte"}, {"people": {"name": "x"}}, {"people": None}):
        with pytest.raises(LedgerError), world.admin.transaction():
            record_act(
                world.admin,
                "export",
                blossom.now(),
                counts=text if isinstance(text, dict) else {"said": text},
            )
    before = count(world, "SELECT count(*) FROM bloesem.act")
    first = count(world, "SELECT min(id) FROM bloesem.act")
    (law,) = [one for one in world.plan.purposes if one.key == "law:accountability"]
    assert {clock.period for clock in law.clocks} == {"P5Y"}
    today = dt.datetime.now(dt.UTC).date()  # acts have the machine's own moment
    last = today.replace(year=today.year + 5)
    blossom.on(str(last))
    assert count(world, "SELECT min(id) FROM bloesem.act") == first, "its last day"
    blossom.on(str(last + dt.timedelta(days=2)))
    assert count(world, "SELECT count(*) FROM bloesem.act WHERE id <= " + str(first + before - 1)) == 0
    assert broken(world) == [], "the seals stay, and hold the chain"
    assert count(world, "SELECT count(*) FROM bloesem.act_seal WHERE gone_on IS NOT NULL") >= 3
    gone: Any = world.admin.execute(
        "SELECT counts FROM bloesem.act WHERE counts ? 'acts' ORDER BY id DESC LIMIT 1"
    ).fetchone()
    assert gone is not None, "and that they went is an act"

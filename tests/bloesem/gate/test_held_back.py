"""What a purpose is told of what it does not see: numbers and reasons, of people whom it may open, and no more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from psycopg import sql
from tests.bloesem.gate.attack import REFUSED, Truth, acting, columns_for, refusal
from tests.bloesem.gate.world import World, inhabited, make_models, opened
from tests.databases import Database

from bloesem.errors import GateError
from bloesem.gate import NoPurpose, PurposeDenied, held_back, new_id, purpose
from bloesem.gate.served import Target
from bloesem.plan import calculus
from bloesem.plan.model import Fact, TablePlan
from bloesem.plan.predicates import meets
from bloesem.plan.sql import held

Counts = dict[tuple[str, str], tuple[int, int]]
ASK = "SELECT table_name, reason, rows, values FROM held_back(%s)"
ANN, BEN = 71, 72


# ---- every purpose, every person, against the calculus ------------------------------------------------------------------


def test_what_is_held_back_is_what_the_calculus_takes_away(world: World) -> None:
    truth, due = Truth.of(world), _due(world)
    wrong: list[str] = []
    told: set[str] = set()
    closed = 0
    for target in _desks(world):
        with world.lent(world.login(target.key)) as connection, acting(world, connection, target):
            for person in truth.facts:
                should = expected(world, truth, due, target, person)
                found = {(t, why): (n, v) for t, why, n, v in connection.execute(ASK, [person])}
                told |= {why for _, why in found}
                closed += not _opens(world, truth, target, person)
                if found != should:
                    wrong.append(f"{target.key}: {found} is not {should}")
    assert not wrong, f"{len(wrong)} differences, the first: " + "\n".join(wrong[:5])
    assert {"restricted", "ended"} <= told
    assert closed > 5, "no one in this test is closed to a purpose"


def _desks(world: World) -> list[Target]:
    asking = {p.key for p in held.asking(world.plan)}
    return [t for t in world.targets() if t.kind == "purpose" and t.key in asking]


def _due(world: World) -> Mapping[str, set[Any]]:
    found = {}
    for table in world.plan.tables:
        query = sql.SQL("SELECT {} FROM {} WHERE good_until <= bloesem.moment()").format(
            sql.Identifier(table.id), sql.Identifier(table.schema, table.name)
        )
        found[table.name] = {row for (row,) in world.admin.execute(query)}
    return found


def _opens(world: World, truth: Truth, target: Target, person: int) -> bool:
    anchor = next(t for t in world.plan.tables if t.anchor)
    return any(
        row[anchor.owners[0]] == person and _shown(world, truth, target, anchor, row)
        for row in truth.rows[anchor.name]
    )


def _shown(world: World, truth: Truth, target: Target, table: TablePlan, row: dict[str, Any]) -> bool:
    key = table.column(table.id)
    return truth.judged(world.plan, table, row).decide(key, world.plan.purpose(target.key)).allowed


def expected(world: World, truth: Truth, due: Mapping[str, set[Any]], target: Target, person: int) -> Counts:
    counts: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    if not _opens(world, truth, target, person):
        return {}
    for table in world.plan.tables:
        columns = [c for c in columns_for(world.plan, target, table) if not c.key]
        for row in truth.rows[table.name] if columns and not table.anchor else []:
            mine = [i for i, owner in enumerate(table.owners) if row[owner] == person]
            if not mine or _shown(world, truth, target, table, row):
                continue
            why = reason(world, truth, target, table, row, person, due=row[table.id] in due[table.name])
            if why is not None:
                counts[table.name, why][0] += 1
                counts[table.name, why][1] += sum(row[c.name] is not None for c in columns if c.owner in mine)
    return {key: (n, values) for key, (n, values) in counts.items()}


def reason(
    world: World,
    truth: Truth,
    target: Target,
    table: TablePlan,
    row: dict[str, Any],
    person: int,
    *,
    due: bool,
) -> str | None:
    """In the words of the calculus; None where nothing is said at all."""
    plan, asked = world.plan, target.purpose
    assert asked is not None
    kept = calculus.row_masks(plan, table, row, truth.facts, truth.now).kept
    recorded = row[table.recorded] if table.recorded else None
    never = any(
        n.removed & asked.mask and n.when and not n.before_contract and meets(n.when, row)
        for n in table.narrow
    ) or (asked.since is not None and (recorded is None or recorded < asked.since))
    if never or not kept:
        return None
    if due:
        return "due"
    if not kept & ~plan.mask(lambda p: p.hold):
        return "held"
    if not kept & asked.mask:
        return "ended"
    own = [f for f in truth.facts[person] if f.holds(truth.now)]
    if not asked.survives_restriction and any(_restricts(f, table, row) for f in own):
        return "restricted"
    if asked.objection != "none" and any(
        (f.kind, f.key, f.table) == ("assessing", asked.key, None) for f in own
    ):
        return "objection-assessed"
    return "ended"


def _restricts(fact: Fact, table: TablePlan, row: dict[str, Any]) -> bool:
    about = fact.table is None or (fact.table, fact.row) == (table.name, row[table.id])
    return fact.kind == "restriction" and about


def test_nobody_asks_for_another_purpose_nor_without_one(world: World) -> None:
    desks = _desks(world)
    for target in world.targets():
        with world.lent(world.login(target.key)) as connection, acting(world, connection, target):
            for desk in desks:
                said = refusal(connection, f'SELECT * FROM "{desk.name}".held_back({ANN})')
                assert said is None if desk == target else said in REFUSED
            if target not in desks:
                assert refusal(connection, f"SELECT * FROM held_back({ANN})") == "42883"
    for login, served in world.plan.processes.items():
        with world.raw(login) as connection:
            for desk in desks:
                if desk.key in served:
                    assert refusal(connection, f'SELECT * FROM "{desk.name}".held_back({ANN})') in REFUSED


# ---- through the gate -----------------------------------------------------------------------------------------------------


@pytest.fixture
def store(fresh_database: Database) -> Iterator[World]:
    with fresh_database.connect(autocommit=True) as admin:
        world = inhabited(fresh_database, admin, (ANN, BEN), ("interaction", "account.opened"))
        make_models(world)
        admin.execute(
            "INSERT INTO data.session (id, recorded_at, person_id, co_person_id, place, total, held_on) VALUES"
            " (%s, now(), %s, NULL, 'home', '7', current_date), (%s, now(), %s, %s, 'work', '8', current_date)",
            [new_id(), ANN, new_id(), ANN, BEN],
        )
        with opened(world):
            yield world


def fact(store: World, person: int, kind: str, key: str) -> None:
    store.admin.execute("SELECT bloesem.record_fact(%s, %s, %s, now())", [person, kind, key])


def told(store: World, person: int, key: str = "billing") -> set[tuple[str, str, int, int]]:
    alias = store.alias(store.login(key))
    with purpose(key, using=alias):
        return {(h.table, h.reason, h.rows, h.values) for h in held_back(person, using=alias)}


@pytest.mark.both_servers
def test_a_restricted_persons_rows_are_counted_where_they_are_not_shown(store: World) -> None:
    assert told(store, ANN) == set()
    fact(store, ANN, "restriction", "accuracy")
    found = told(store, ANN)
    assert {(table, why, rows) for table, why, rows, _ in found} == {("session", "restricted", 2)}
    alias = store.alias("worker")
    with purpose("billing", using=alias):
        assert not store.models["session"].objects.using(alias).filter(person_id=ANN).exists()  # type: ignore[attr-defined]
        (one,) = held_back(ANN, "session", using=alias)
        assert one.promises == ("P-158",)


@pytest.mark.both_servers
def test_one_persons_restriction_is_not_told_of_who_shares_a_row_with_them(store: World) -> None:
    fact(store, BEN, "restriction", "accuracy")
    assert {(table, why, rows) for table, why, rows, _ in told(store, ANN)} == {("session", "ended", 1)}


@pytest.mark.both_servers
def test_of_who_may_not_be_opened_nothing_is_told(store: World) -> None:
    assert told(store, 4) == set()
    fact(store, ANN, "restriction", "accuracy")
    assert told(store, ANN)
    fact(store, ANN, "erasure", "request")
    fact(store, ANN, "event", "account.terminated")
    for key in ("marketing", "newsletter"):
        assert told(store, ANN, key) == set()


def test_the_gate_says_who_may_not_ask(store: World) -> None:
    alias = store.alias("worker")
    with pytest.raises(NoPurpose):
        held_back(ANN, using=alias)
    with purpose("billing", using=alias), pytest.raises(PurposeDenied):
        held_back(ANN, "segment", using=alias)
    with purpose("reporting", using=alias), pytest.raises(GateError, match="does not ask"):
        held_back(ANN, using=alias)
    portal = store.alias("portal")
    with purpose("subject", using=portal, person=ANN), pytest.raises(GateError, match="does not ask"):
        held_back(ANN, using=portal)


def test_nobody_puts_a_function_of_their_own_in_its_place(store: World) -> None:
    """Its path is fixed and its schema closed: a role neither makes a function there nor a table that it would read."""
    with store.raw("worker") as connection:
        connection.execute(f'SET LOCAL ROLE "{store.plan.role("billing")}"')
        for statement in (
            "CREATE FUNCTION billing.held_back(text) RETURNS int LANGUAGE sql RETURN 1",
            "CREATE OR REPLACE FUNCTION billing.held_back(person bigint) RETURNS int LANGUAGE sql RETURN 1",
            "ALTER FUNCTION billing.held_back(bigint) SECURITY INVOKER",
        ):
            assert refusal(connection, statement) == "42501"

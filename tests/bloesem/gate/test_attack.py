"""The attack suite: every role of the plan, over every table and column, through raw SQL and through the ORM."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import transaction
from django.db.models import F, Max
from psycopg import sql
from tests.bloesem.gate.attack import (
    REFUSED,
    Truth,
    acting,
    blocks,
    columns_for,
    compare,
    everywhere,
    expected,
    over,
    over_partitions,
    over_tables,
    partitions,
    refusal,
    refusals,
    seen,
)
from tests.bloesem.gate.world import World

from bloesem.gate import PurposeDenied, purpose
from bloesem.gate.scope import signed
from bloesem.gate.served import Target
from bloesem.plan import calculus
from bloesem.plan.model import TablePlan


@pytest.fixture(autouse=True)
def remembered(monkeypatch: pytest.MonkeyPatch, truth: Truth) -> None:
    """The calculus is asked the same of the same person and row again and again; here it remembers its answers."""
    remember(monkeypatch, "person", lambda plan, facts, now: id(facts) if isinstance(facts, tuple) else None)
    remember(monkeypatch, "row_masks", lambda plan, table, row, facts, now: id(row))
    remember(monkeypatch, "explain", lambda plan, table, row, facts, purpose, now: (id(row), purpose.key))


def remember(monkeypatch: pytest.MonkeyPatch, name: str, key_of: Callable[..., object]) -> None:
    real, known = getattr(calculus, name), _KNOWN.setdefault(name, {})

    def answer(*args: Any) -> Any:
        key = key_of(*args)
        if key is None:
            return real(*args)
        if (key, args[-1]) not in known:
            known[key, args[-1]] = (real(*args), args)  # the arguments too: an id is theirs while they live
        return known[key, args[-1]][0]

    monkeypatch.setattr(calculus, name, answer)


_KNOWN: dict[str, dict[Any, Any]] = {}


@pytest.fixture(scope="module")
def truth(world: World) -> Truth:
    return Truth.of(world)


def scopes_of(world: World, truth: Truth, target: Target) -> list[int | None]:
    """Some ids in the role's scope that own rows, those that are over among them, and one that owns none."""
    if target.scope is None:
        return [None]
    found: set[int] = set()
    for table in world.plan.tables:
        names = [table.scopes[target.scope]] if target.scope in table.scopes else []
        names += list(table.owners) if target.scope == "person" else []
        found |= {row[name] for row in truth.rows[table.name] for name in names if row[name] is not None}
    ended = {n for n in found if over(world.plan, truth, target.scope, n)}
    return [*sorted(found - ended)[:4], *sorted(ended)[:2], 4] if ended else [*sorted(found)[:6], 4]


def test_what_each_role_reads_is_what_the_calculus_permits(world: World, truth: Truth) -> None:
    wrong: list[str] = []
    looked = 0
    for target in world.targets():
        with world.lent(world.login(target.key)) as connection:
            for number, scope in enumerate(scopes_of(world, truth, target)):
                wrong += compare(world, connection, target, truth, scope, refused=number == 0)
                looked += sum(len(expected(world.plan, truth, target, t, scope)) for t in world.plan.tables)
    assert not wrong, f"{len(wrong)} differences, the first: " + "\n".join(wrong[:20])
    assert looked > 500, "the people of this test do not exercise the gate"


def test_the_comparer_reports_a_broken_policy(world: World, truth: Truth) -> None:
    """A suite that cannot fail proves nothing: open one policy, then grant one column too many."""
    target = next(
        t for t in world.targets() if t.kind == "purpose" and t.purpose and t.purpose.objection == "absolute"
    )
    table = next(t for t in world.plan.tables if not t.anchor and columns_for(world.plan, target, t))
    place = sql.Identifier(table.schema, table.name)
    name = sql.Identifier(f"{target.name}_reads")
    before = world.admin.execute(
        "SELECT qual FROM pg_policies WHERE schemaname = %s AND tablename = %s AND policyname = %s",
        [table.schema, table.name, f"{target.name}_reads"],
    ).fetchone()
    assert before is not None
    with world.raw(world.login(target.key)) as connection:
        assert compare(world, connection, target, truth) == []
        world.admin.execute(sql.SQL("ALTER POLICY {} ON {} USING (true)").format(name, place))
        try:
            assert any(
                f"{target.key} sees {table.name}" in one for one in compare(world, connection, target, truth)
            )
            world.admin.execute(sql.SQL("ALTER POLICY {} ON {} USING (false)").format(name, place))
            assert any("misses" in one for one in compare(world, connection, target, truth))
        finally:
            connection.rollback()
            world.admin.execute(
                sql.SQL("ALTER POLICY {} ON {} USING ({})").format(name, place, sql.SQL(before[0]))
            )
        role = sql.Identifier(world.plan.role(target.name))
        world.admin.execute(sql.SQL("GRANT SELECT ON {} TO {}").format(place, role))
        world.admin.execute(
            sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(sql.Identifier(table.schema), role)
        )
        try:
            assert any("is not refused" in one for one in compare(world, connection, target, truth))
        finally:
            connection.rollback()
            world.admin.execute(
                sql.SQL("REVOKE USAGE ON SCHEMA {} FROM {}").format(sql.Identifier(table.schema), role)
            )
            world.admin.execute(sql.SQL("REVOKE SELECT ON {} FROM {}").format(place, role))
            granted = [c.name for c in columns_for(world.plan, target, table)]
            world.admin.execute(
                sql.SQL("GRANT SELECT ({}) ON {} TO {}").format(
                    sql.SQL(", ").join(map(sql.Identifier, granted)), place, role
                )
            )
        assert compare(world, connection, target, truth) == []


def test_nobody_deletes_alters_or_reaches_around_the_views(world: World) -> None:
    allowed: list[str] = []
    for target in world.targets():
        with world.raw(world.login(target.key)) as connection:
            with acting(world, connection, target), blocks(world, target):
                found = refusals(connection, over_tables(world, target) + over_partitions(world, target))
            for statement in everywhere(world, target):
                with acting(world, connection, target):
                    found[statement] = refusal(connection, statement)
            # 42809: it is a view, and no such thing can be done to one.
            allowed += [
                f"{target.key}: {q} {state}" for q, state in found.items() if state not in {*REFUSED, "42809"}
            ]
    assert not allowed, f"{len(allowed)} allowed: " + "\n".join(allowed[:20])


def test_a_grant_on_a_partition_shows_no_row(world: World) -> None:
    """Whoever gives a right on a partition has gone around the table's policies: its own row security stays."""
    there = partitions(world)
    assert there
    target = next(t for t in world.targets() if t.kind == "purpose")
    role = sql.Identifier(world.plan.role(target.name))
    for schema in {t.schema for t in there.values()}:
        world.admin.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(sql.Identifier(schema), role))
    for part in there:
        world.admin.execute(sql.SQL("GRANT SELECT, DELETE ON {} TO {}").format(sql.SQL(part), role))
    held = sum(world.admin.execute(f"SELECT 1 FROM {part}".encode()).rowcount for part in there)
    assert held > 0
    try:
        with world.lent(world.login(target.key)) as connection, acting(world, connection, target):
            for part in there:
                assert connection.execute(f"SELECT 1 FROM {part}".encode()).rowcount == 0
                assert connection.execute(f"DELETE FROM {part}".encode()).rowcount == 0
    finally:
        world.put_in_force()  # and everything is taken back
    with world.lent(world.login(target.key)) as connection, acting(world, connection, target):
        for part in there:
            assert refusal(connection, f"SELECT 1 FROM {part}") in REFUSED


def test_without_a_purpose_a_login_finds_nothing(world: World) -> None:
    for login in world.plan.processes:
        with world.raw(login) as connection:
            for table in world.plan.tables:
                for place in (f'"{table.name}"', f'"{table.schema}"."{table.name}"'):
                    assert refusal(connection, f"SELECT 1 FROM {place}") in REFUSED
            for target in world.targets():
                if target.key not in world.plan.processes[login]:
                    assert refusal(connection, f'SET ROLE "{world.plan.role(target.name)}"') == "42501"


def test_a_login_has_no_right_of_its_own(world: World) -> None:
    """NOINHERIT: being a member of a purpose gives nothing until its role is taken on."""
    for login, served in world.plan.processes.items():
        with world.raw(login) as connection:
            for target in world.targets():
                if target.key in served:
                    for table in world.plan.tables:
                        if columns_for(world.plan, target, table):
                            assert (
                                refusal(connection, f'SELECT 1 FROM "{target.name}"."{table.name}"')
                                in REFUSED
                            )


# ---- scopes --------------------------------------------------------------------------------------------------------


def scoped(world: World) -> list[Target]:
    return [t for t in world.targets() if t.kind == "scoped"]


def rows_seen(world: World, connection: Any, target: Target) -> int:
    return sum(
        len(seen(connection, table, [c.name for c in columns_for(world.plan, target, table)]))
        for table in world.plan.tables
        if columns_for(world.plan, target, table)
    )


def test_a_scope_that_nobody_signed_shows_nothing(world: World, truth: Truth) -> None:
    for target in scoped(world):
        person = next(  # one that shows something: a job may be closed
            scope
            for scope in scopes_of(world, truth, target)
            if any(expected(world.plan, truth, target, table, scope) for table in world.plan.tables)
        )
        assert person is not None
        assert target.scope is not None
        login = world.login(target.key)
        key = world.secrets.of(login).scope_key
        with world.raw(login) as connection, world.raw(login) as another:
            me, soon = connection.info.backend_pid, int(time.time()) + 60
            with acting(world, connection, target, person):
                assert rows_seen(world, connection, target) > 0
            good = signed(key, me, target.scope, person, soon)
            bad = {
                "none at all": None,
                "empty": "",
                "forged": signed(bytes(32), me, target.scope, person, soon),
                "expired": signed(key, me, target.scope, person, int(time.time()) - 1),
                "of another backend": signed(key, another.info.backend_pid, target.scope, person, soon),
                "of another kind": signed(key, me, "nothing", person, soon),
                "altered id": good.replace(str(person), str(person + 1), 1),
                "altered end": good.replace(str(soon), str(soon + 1), 1),
                "cut": good[:-1],
                "longer": good + "0",
                "upper case": good[:-64] + good[-64:].upper(),
                "injected": f"{target.scope}:{person}:{soon}:' OR true --",
                "no number": f"{target.scope}:1 OR 1=1:{soon}:{good[-64:]}",
                "too large": signed(key, me, target.scope, 2**63, soon),
                "far too large": signed(key, me, target.scope, 10**30, soon),
            }
            for what, value in bad.items():
                with acting(world, connection, target):
                    if value is not None:
                        connection.execute(sql.SQL("SET LOCAL bloesem.scope = {}").format(sql.Literal(value)))
                    if what == "upper case" and value == good:
                        continue
                    assert rows_seen(world, connection, target) == 0, what


def test_another_logins_key_signs_nothing(world: World, truth: Truth) -> None:
    for target in scoped(world):
        login = world.login(target.key)
        person = scopes_of(world, truth, target)[0]
        assert person is not None
        assert target.scope is not None
        for other in world.plan.processes:
            if other == login:
                continue
            with world.lent(login) as connection, acting(world, connection, target):
                key = world.secrets.of(other).scope_key
                value = signed(key, connection.info.backend_pid, target.scope, person, int(time.time()) + 60)
                connection.execute(sql.SQL("SET LOCAL bloesem.scope = {}").format(sql.Literal(value)))
                assert rows_seen(world, connection, target) == 0


# ---- through the ORM -----------------------------------------------------------------------------------------------


def entering(world: World, target: Target, truth: Truth) -> tuple[dict[str, Any], int | None]:
    scope = scopes_of(world, truth, target)[0]
    given: dict[str, Any] = {"using": world.alias(world.login(target.key))}
    if target.scope is not None:
        given[target.scope] = scope
    return given, scope


@contextmanager
def entered(world: World, target: Target, given: dict[str, Any]) -> Iterator[None]:
    """The purpose, with what staff and cases have to say."""
    said: dict[str, Any] = {"actor": "staff:bo"}
    if target.key in world.plan.cases:
        said |= {"case": 7, "second": "staff:cy"}
    if target.writer is not None and target.writer.purpose is None:
        said["serves"] = next(one.key for one in world.plan.purposes if one.active)
    with purpose(target.key, **given, **said) as opened:
        opened.reads([])
        yield


def test_the_orm_loads_what_is_granted_and_no_more(world: World, truth: Truth) -> None:
    for target in world.targets():
        given, scope = entering(world, target, truth)
        for table in world.plan.tables:
            model: Any = world.models[table.name]
            rows = model.objects.using(given["using"])
            columns = [c.name for c in columns_for(world.plan, target, table)]
            with entered(world, target, given):
                if not columns:
                    with pytest.raises(PurposeDenied):
                        list(rows.all())
                    continue
                found = {
                    row.pk: {f: v for f, v in row.__dict__.items() if not f.startswith("_")}
                    for row in rows.all()
                }
            should = expected(world.plan, truth, target, table, scope)
            assert found.keys() == should.keys(), (target.key, table.name)
            for key, values in found.items():
                plain = {c: bytes(v) if isinstance(v, memoryview) else v for c, v in values.items()}
                assert plain == should[key], (target.key, table.name, key)


def test_the_orm_refuses_what_is_not_granted_by_name(world: World, truth: Truth) -> None:
    for target in world.targets():
        given, _scope = entering(world, target, truth)
        with entered(world, target, given):
            for table in world.plan.tables:
                granted = [c.name for c in columns_for(world.plan, target, table)]
                rows: Any = world.models[table.name].objects.using(given["using"])  # type: ignore[attr-defined]
                first = rows.first() if granted else None
                denied = [c.name for c in table.columns if c.name not in granted]
                for number, name in enumerate(denied):
                    ways = by_name(target, table, rows, first, name)
                    for way in ways if number == 0 else ways[number % len(ways) :][:1]:
                        with (
                            pytest.raises(PurposeDenied) as refused,
                            transaction.atomic(using=given["using"]),
                        ):
                            way()
                        assert refused.value.table == table.name
                        assert refused.value.column not in granted
                        assert refused.value.promise == "P-050"


def by_name(target: Target, table: TablePlan, rows: Any, first: Any, name: str) -> list[Callable[[], Any]]:
    """The ways in which code names a column."""
    ways: list[Callable[[], Any]] = [
        lambda: list(rows.filter(**{name: F(name)})),
        lambda: list(rows.exclude(**{name: F(name)})),
        lambda: list(rows.order_by(name).values_list("pk")),
        lambda: list(rows.values_list(name)),
        lambda: list(rows.only(name)),
        lambda: rows.aggregate(most=Max(name)),
        lambda: list(rows.annotate(copy=F(name)).values_list("copy")),
    ]
    if target.writer is None or name not in target.writer.tables.get(table.name, ()):
        ways.append(lambda: rows.filter(pk=0).update(**{name: None}))
    if first is not None:
        ways.append(lambda: getattr(first, name))
    return ways


@pytest.mark.parametrize(
    "evil",
    [
        "'; DROP TABLE data.person; --",
        "' OR '1'='1",
        "x'); SET ROLE postgres; --",
        "\\'; SELECT set_config('role', 'postgres', true); --",
        "$$; RESET ROLE; $$",
        "%s %(x)s {} ; --",
    ],
)
def test_a_value_is_never_a_statement(world: World, truth: Truth, evil: str) -> None:
    for target in world.targets():
        given, _scope = entering(world, target, truth)
        for table in world.plan.tables:
            texts = [
                c.name
                for c in columns_for(world.plan, target, table)
                if world.models[table.name]._meta.get_field(c.name).get_internal_type() == "TextField"
            ]
            if texts:
                rows: Any = world.models[table.name].objects.using(given["using"])  # type: ignore[attr-defined]
                with entered(world, target, given), transaction.atomic(using=given["using"]):
                    assert not rows.filter(**{texts[0]: evil}).exists()
                break

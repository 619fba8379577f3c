"""Attacks generated from the plan: what every role really sees, held against the plain calculus, value by value.

`compare` returns the differences in words; an empty list is what the gate promises.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql
from tests.bloesem.gate.world import Connection, World

from bloesem.gate.scope import signed
from bloesem.gate.served import Target, search_path
from bloesem.plan import calculus
from bloesem.plan.categories import covers
from bloesem.plan.dates import civil
from bloesem.plan.model import ColumnPlan, Fact, Plan, TablePlan
from bloesem.plan.predicates import meets

#: What PostgreSQL says when it refuses: not allowed, no such column, no such table, no such schema.
REFUSED = {"42501", "42703", "42P01", "3F000"}

Facts = Mapping[int, tuple[Fact, ...]]


@dataclass(frozen=True)
class Truth:
    """The rows as they are stored, all facts, and the moment."""

    rows: Mapping[str, list[dict[str, Any]]]
    facts: Facts
    now: Any
    states: dict[int, calculus.Person] = field(default_factory=dict)
    known: dict[tuple[str, int], calculus.Judged] = field(default_factory=dict)

    @classmethod
    def of(cls, world: World) -> Truth:
        return cls({t.name: world.rows(t) for t in world.plan.tables}, world.facts(), world.now())

    def judged(self, plan: Plan, table: TablePlan, row: dict[str, Any]) -> calculus.Judged:
        """All that the calculus says of one of these rows: asked once, for every purpose and column."""
        where = (table.name, id(row))
        if where not in self.known:
            for who in {int(row[c]) for c in table.owners if row[c] is not None} - self.states.keys():
                self.states[who] = calculus.person(plan, self.facts.get(who, ()), self.now)
            self.known[where] = calculus.judged(plan, table, row, self.facts, self.now, self.states)
        return self.known[where]


# ---- what should be seen -----------------------------------------------------------------------------------------


def columns_for(plan: Plan, target: Target, table: TablePlan) -> list[ColumnPlan]:
    """The columns that the role may read, from the plan's sets and not from what was compiled."""
    if target.kind == "writer":
        assert target.writer is not None
        mine = table.name in target.writer.tables and not target.writer.adds_only
        return [c for c in table.columns if mine and c.key and c.name not in table.owners]
    if target.kind == "scoped":
        assert target.scoped is not None
        if not scope_columns(table, target) and target.scope not in table.scoped_by:
            return []
        mask = target.purpose.mask if target.purpose else -1
        found = [
            c
            for c in table.columns
            if c.key
            or (
                (c.purposes & mask or target.purpose is None)
                and all(covers(target.scoped.reads, category) for category in c.categories)
                # The second person's columns are theirs alone: an employer or installer comes with the first.
                and (target.scope == "person" or c.owner == 0)
            )
        ]
        if target.purpose is not None and not target.purpose.mask & table.bits:
            return []
    else:
        assert target.purpose is not None
        mask = target.purpose.mask
        found = [c for c in table.columns if c.purposes & mask]
    return found if table.anchor or any(not c.key for c in found) else []


def scope_columns(table: TablePlan, target: Target) -> list[str]:
    assert target.scope is not None
    if target.scope in table.scopes:
        return [table.scopes[target.scope]]
    return list(table.owners) if target.scope == "person" else []


def expected(
    plan: Plan, truth: Truth, target: Target, table: TablePlan, scope: int | None
) -> dict[Any, dict[str, Any]]:
    """Row id → column → value that the role may see, by `plan.calculus` for purposes."""
    columns = columns_for(plan, target, table)
    if not columns:
        return {}
    key = table.column(table.key[0])
    found = {}
    for row in truth.rows[table.name]:
        if target.kind == "purpose":
            visible = truth.judged(plan, table, row).decide(key, plan.purpose(target.key)).allowed
        else:
            visible = _seen(plan, truth, table, target, row, truth.judged(plan, table, row).masks, scope)
        if visible:
            found[row[key.name]] = {
                c.name: _value(plan, truth, target, table, row, c)
                if _theirs(target, table, row, c, scope)
                else None
                for c in columns
            }
    return found


def _theirs(
    target: Target, table: TablePlan, row: Mapping[str, Any], column: ColumnPlan, scope: int | None
) -> bool:
    """Each column of a row of several people belongs to one of them; keys belong to nobody in particular. A person who
    asks what is held about them (art. 15) gets theirs, and never another's (art. 15(4))."""
    return target.scope != "person" or column.key or row[table.owners[column.owner]] == scope


def _seen(
    plan: Plan,
    truth: Truth,
    table: TablePlan,
    target: Target,
    row: Mapping[str, Any],
    masks: calculus.RowMasks,
    scope: int | None,
) -> bool:
    if target.kind == "writer":
        return masks.kept != 0
    assert target.scoped is not None
    assert target.scope is not None
    named = scope_columns(table, target)
    if scope is None or over(plan, truth, target.scope, scope):
        return False
    if named and scope not in [row[c] for c in named]:
        return False
    if target.scope in table.scoped_by and not _about(plan, truth, table, row, target.scope, scope):
        return False
    kept = target.scoped.restricted_too or (table.always_visible and target.purpose is not None)
    mask = target.purpose.mask if target.purpose else -1
    return bool((masks.kept if kept else masks.used) & mask)


def over(plan: Plan, truth: Truth, kind: str, scope: int) -> bool:
    """A row of the scope says that it has ended (P-114)."""
    return any(
        row[t.scopes[kind]] == scope and meets(t.scope_ends[kind], row)
        for t in plan.tables
        if kind in t.scope_ends and kind in t.scopes
        for row in truth.rows[t.name]
    )


def _about(plan: Plan, truth: Truth, table: TablePlan, row: Mapping[str, Any], kind: str, scope: int) -> bool:
    """Another table's rows name whom the scope is about, each on its days; and nothing is shown of what was before."""
    today, owner = civil(truth.now), row[table.owners[0]]
    of = {by for t in plan.tables for k, by in t.scoped_by.items() if k == kind}
    running = [
        (one, t)
        for t in plan.tables
        if t.name in of and kind in t.scopes
        for one in truth.rows[t.name]
        if one[t.scopes[kind]] == scope and owner is not None and one[t.owners[0]] == owner
    ]
    if not any(_runs(t, one, today) for one, t in running):
        return False
    by = plan.table(table.scoped_by[kind])
    served = table.needs_service.served if table.needs_service is not None else None
    if served is None or by.gives is None or by.gives.since is None:
        return True
    starts = [one[by.gives.since] for one, t in running if t is by and one[by.gives.since] is not None]
    return row[served] is not None and civil(row[served]) >= min(starts, default=dt.date.min)


def _runs(table: TablePlan, row: Mapping[str, Any], today: dt.date) -> bool:
    if table.gives is None:
        return True
    since = row[table.gives.since] if table.gives.since else None
    until = row[table.gives.until] if table.gives.until else None
    return (since is None or since <= today) and (until is None or until > today)


def _value(
    plan: Plan, truth: Truth, target: Target, table: TablePlan, row: dict[str, Any], column: ColumnPlan
) -> Any:
    """The stored value where the purpose is permitted it; what the map says an erased one becomes otherwise."""
    if target.kind != "purpose" or column.key:
        return row[column.name]
    decision = truth.judged(plan, table, row).decide(column, plan.purpose(target.key))
    return row[column.name] if decision.allowed else column.erased


# ---- what is seen ------------------------------------------------------------------------------------------------


@contextmanager
def acting(
    world: World, connection: Connection, target: Target, scope: int | None = None
) -> Iterator[Connection]:
    """A bare connection of the right login in the role's shoes, as the gate sets them; rolled back at the end."""
    plan = world.plan
    connection.rollback()
    connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(plan.role(target.name))))
    path = sql.SQL(", ").join(map(sql.Identifier, search_path(plan, target)))
    connection.execute(sql.SQL("SET LOCAL search_path = {}").format(path))
    if scope is not None and target.scope is not None:
        key = world.secrets.of(world.login(target.key)).scope_key
        value = signed(key, connection.info.backend_pid, target.scope, scope, int(time.time()) + 60)
        connection.execute(sql.SQL("SET LOCAL bloesem.scope = {}").format(sql.Literal(value)))
    try:
        yield connection
    finally:
        connection.rollback()


def refusal(connection: Connection, statement: str) -> str | None:
    """The SQLSTATE with which PostgreSQL refuses; None when it does not. Undone either way."""
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(statement)
    except psycopg.Error as error:
        return error.sqlstate or "gone"
    return None


_TRY_ALL = """
DO $try$
DECLARE
    query text;
    said text[] := '{{}}';
BEGIN
    FOREACH query IN ARRAY ARRAY[{}]::text[] LOOP
        BEGIN
            EXECUTE query;
            RAISE EXCEPTION USING ERRCODE = 'BLSM1';
        EXCEPTION WHEN OTHERS THEN
            said := said || SQLSTATE;
        END;
    END LOOP;
    RAISE EXCEPTION USING ERRCODE = 'BLSM2', MESSAGE = array_to_string(said, ',');
END $try$"""


@contextmanager
def blocks(world: World, target: Target) -> Iterator[None]:
    """Blocks of code are kept from every role; the tester needs one, to ask a thousand questions in one call."""
    role = sql.Identifier(world.plan.role(target.name))
    world.admin.execute(sql.SQL("GRANT USAGE ON LANGUAGE plpgsql TO {}").format(role))
    try:
        yield
    finally:
        world.admin.execute(sql.SQL("REVOKE USAGE ON LANGUAGE plpgsql FROM {}").format(role))


def refusals(connection: Connection, statements: list[str]) -> dict[str, str | None]:
    """`refusal` for many statements in one round trip, inside `blocks`; each undone. Not for COPY."""
    if not statements:
        return {}
    listed = sql.SQL(", ").join(sql.Literal(one) for one in statements)
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(sql.SQL(_TRY_ALL).format(listed))
    except psycopg.Error as error:
        if error.sqlstate != "BLSM2":
            raise
        said = (error.diag.message_primary or "").split(",")
        return {q: None if s == "BLSM1" else s for q, s in zip(statements, said, strict=True)}
    raise AssertionError("the block always ends in its report")


def seen(connection: Connection, table: TablePlan, columns: Iterable[str]) -> dict[Any, dict[str, Any]]:
    names = [table.key[0], *(c for c in columns if c != table.key[0])]
    query = sql.SQL("SELECT {} FROM {}").format(
        sql.SQL(", ").join(map(sql.Identifier, names)), sql.Identifier(table.name)
    )
    return {row[0]: dict(zip(names, row, strict=True)) for row in connection.execute(query)}


def compare(
    world: World,
    connection: Connection,
    target: Target,
    truth: Truth,
    scope: int | None = None,
    *,
    refused: bool = True,
) -> list[str]:
    """Raw SQL as the role: every row and value against the calculus, every other column against a refusal."""
    found: list[str] = []
    for table in world.plan.tables:
        columns = [c.name for c in columns_for(world.plan, target, table)]
        with acting(world, connection, target, scope):
            if refused:
                with blocks(world, target):
                    found += _columns(connection, target, table, columns)
            if not columns:
                continue
            try:
                there = seen(connection, table, columns)
            except psycopg.Error as error:
                found.append(f"{target.key} cannot read {table.name}: {error.diag.message_primary}")
                continue
        should = expected(world.plan, truth, target, table, scope)
        found += [f"{target.key} sees {table.name} {row}" for row in there.keys() - should.keys()]
        found += [f"{target.key} misses {table.name} {row}" for row in should.keys() - there.keys()]
        for row in there.keys() & should.keys():
            wrong = [c for c in columns if there[row][c] != should[row][c]]
            found += [f"{target.key} sees {table.name} {row}: another {c}" for c in wrong]
    return found


def _columns(connection: Connection, target: Target, table: TablePlan, granted: list[str]) -> list[str]:
    """Every column of the table that is not granted is refused, in the select list and in a condition."""
    others = [c.name for c in table.columns if c.name not in granted] + ["used_for", "kept_for", "good_until"]
    queries = {}
    for name in others:
        for place in (
            f'"{table.name}"',
            f'"{target.name}"."{table.name}"',
            f'"{table.schema}"."{table.name}"',
        ):
            queries[f'SELECT "{name}" FROM {place}'] = name
            queries[f'SELECT 1 FROM {place} WHERE "{name}" IS NULL'] = name
            queries[f'SELECT 1 FROM {place} ORDER BY "{name}"'] = name
    said = refusals(connection, list(queries))
    return [
        f"{target.key} is not refused {table.name}.{queries[q]}: {q}"
        for q in queries
        if said[q] not in REFUSED
    ]


# ---- what nobody may do ------------------------------------------------------------------------------------------


def over_tables(world: World, target: Target) -> list[str]:
    """Statements that PostgreSQL refuses to every role of every process, over every table of the plan."""
    plan, made = world.plan, []
    for table in plan.tables:
        raw, view = f'"{table.schema}"."{table.name}"', f'"{target.name}"."{table.name}"'
        for place in (raw, view):
            made += [
                f"DELETE FROM {place}",
                f"TRUNCATE {place}",
                f"ALTER TABLE {place} ADD COLUMN x integer",
                f"DROP TABLE {place} CASCADE",
                f"CREATE RULE x AS ON SELECT TO {place} DO INSTEAD SELECT 1",
                f"LOCK TABLE {place} IN ACCESS EXCLUSIVE MODE",
                f"UPDATE {place} SET used_for = -1",
                f"UPDATE {place} SET good_until = '9999-12-31'",
                f"INSERT INTO {place} (used_for, kept_for, good_until) VALUES (-1, -1, '9999-12-31')",
            ]
        made += [
            f"SELECT used_for FROM {raw}" if target.writer else f"SELECT count(*) FROM {raw}",
            f"DROP VIEW {view} CASCADE",
            f"ALTER TABLE {raw} NO FORCE ROW LEVEL SECURITY",
            f"CREATE POLICY x ON {raw} USING (true)",
            f"DROP POLICY keeper ON {raw}",
            f'CREATE VIEW "{target.name}".x AS SELECT * FROM {raw}',
            f"CREATE TABLE public.x AS SELECT * FROM {raw}",
            f"SELECT bloesem.apply_{table.name}(ARRAY[1]::bigint[], now())",
        ]
    return made


def partitions(world: World) -> dict[str, TablePlan]:
    """The partitions of the plan's tables, as SQL writes them."""
    by_name = {(t.schema, t.name): t for t in world.plan.tables}
    rows = world.admin.execute(
        "SELECT n.nspname::text, p.relname::text, format('%I.%I', m.nspname, c.relname) FROM pg_inherits i"
        " JOIN pg_class p ON p.oid = i.inhparent JOIN pg_namespace n ON n.oid = p.relnamespace"
        " JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_namespace m ON m.oid = c.relnamespace"
        " WHERE c.relkind IN ('r', 'p')"
    ).fetchall()
    return {part: by_name[schema, name] for schema, name, part in rows if (schema, name) in by_name}


def over_partitions(world: World, target: Target) -> list[str]:
    """Statements that name a partition of a table: refused to everybody, also to who may read the table."""
    made = []
    for part, table in partitions(world).items():
        columns = [c.name for c in columns_for(world.plan, target, table)] or [table.key[0]]
        made += [f'SELECT "{column}" FROM {part}' for column in columns]
        made += [
            f"SELECT count(*) FROM {part}",
            f"TABLE {part}",
            f"DELETE FROM {part}",
            f"TRUNCATE {part}",
            f'UPDATE {part} SET "{columns[-1]}" = NULL',
            f"INSERT INTO {part} DEFAULT VALUES",
            f"ALTER TABLE {part} DISABLE ROW LEVEL SECURITY",
            f"CREATE POLICY x ON {part} USING (true)",
            f'ALTER TABLE "{table.schema}"."{table.name}" DETACH PARTITION {part}',
        ]
    return made


def everywhere(world: World, target: Target) -> Iterator[str]:
    """Statements that PostgreSQL refuses to every role of every process, wherever."""
    plan = world.plan
    for table in plan.tables:
        yield f'COPY "{table.schema}"."{table.name}" TO STDOUT'
        yield f'COPY "{table.schema}"."{table.name}" FROM STDIN'
    for part in partitions(world):
        yield f"COPY {part} TO STDOUT"
        yield f"COPY {part} FROM STDIN"
    login = world.login(target.key)
    mine = {plan.role(t.name) for t in world.targets() if t.key in plan.processes[login]} | {plan.role(login)}
    for other in [
        *(plan.role(t.name) for t in world.targets()),
        plan.role("owner"),
        plan.role("keeper"),
        "postgres",
    ]:
        if other not in mine:
            yield f'SET ROLE "{other}"'
            yield f"SELECT set_config('role', '{other}', true)"
            yield f'SET SESSION AUTHORIZATION "{other}"'
            yield f"DO $$ BEGIN EXECUTE 'SET LOCAL ROLE \"{other}\"'; END $$"
            yield f'GRANT "{other}" TO CURRENT_USER'
    for own in (
        "fact",
        "state",
        "act",
        "reading",
        "scope_key",
        "installed",
        "watermark",
        "purpose_bit",
        "disclosure",
        "disclosed",
        "notice",
    ):
        yield f"SELECT * FROM bloesem.{own}"
        yield f"INSERT INTO bloesem.{own} DEFAULT VALUES"
        yield f"DELETE FROM bloesem.{own}"
        yield f"TRUNCATE bloesem.{own}"
    yield "SELECT bloesem.record_fact(1, 'hold', 'disputes', now())"
    yield "SELECT bloesem.close_fact(1, now())"
    yield "SELECT bloesem.refresh(ARRAY[1]::bigint[], now())"
    yield "SELECT bloesem.forget(ARRAY[1]::bigint[], now())"
    yield "SELECT bloesem.read_facts()"
    yield "DO $$ BEGIN NULL; END $$"
    yield "SELECT set_config('bloesem.scope', 'person:1:9999999999:00', true)"
    yield "SELECT pg_catalog.set_config('search_path', 'data', true)"
    yield "CREATE TEMP TABLE x AS SELECT 1"
    yield "CREATE TABLE public.x (y integer)"
    yield f'CREATE TABLE "{target.name}".x (y integer)'
    yield f"CREATE FUNCTION \"{target.name}\".x() RETURNS integer LANGUAGE sql AS 'SELECT 1'"
    yield "CREATE FUNCTION public.x() RETURNS integer LANGUAGE sql AS 'SELECT 1'"
    yield "CREATE FUNCTION pg_temp.x() RETURNS integer LANGUAGE sql AS 'SELECT 1'"
    yield "CREATE SCHEMA x"
    yield "CREATE ROLE x"
    yield "SELECT lo_create(0)"
    yield "SELECT lo_from_bytea(0, 'x')"
    for call in (
        "lseek(0, 0, 0)",
        "lseek64(0, 0, 0)",
        "tell(0)",
        "tell64(0)",
        "truncate(0, 0)",
        "truncate64(0, 0)",
        "close(0)",
    ):
        yield f"SELECT lo_{call}"
    yield "SELECT lo_import('/etc/hostname')"
    yield "SELECT pg_read_file('/etc/hostname')"
    yield "SELECT pg_ls_dir('.')"
    yield "COPY (SELECT 1) TO '/tmp/x'"
    yield "COPY (SELECT 1) TO PROGRAM 'cat'"
    yield "SELECT query_to_xml('SELECT 1', true, true, '')"
    yield "SELECT * FROM ts_stat('SELECT 1')"
    yield "SET session_replication_role = replica"
    yield "SELECT * FROM pg_authid"
    yield "SELECT * FROM pg_statistic"
    yield f"SELECT pg_cancel_backend({world.admin.info.backend_pid})"

"""What an earlier plan made and the one that is put in force does not: taken away at once, in its transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from psycopg import errors, sql

from bloesem.plan.model import Plan, TablePlan
from bloesem.plan.quoting import ident, qualified
from bloesem.plan.sql import gate
from bloesem.plan.sql.attributed import TRIGGERS as ATTRIBUTED
from bloesem.plan.sql.clock import ages
from bloesem.plan.sql.masks import leftover_columns
from bloesem.stores import catalogue
from bloesem.stores.postgres import Connection

#: What the last installation wrote down of what it made: names of `schemas`, `tables`, `roles`.
Before = Mapping[str, Any]

_ARRIVING, _HAPPENING = ("bloesem_arrives", "bloesem_moves"), ("bloesem_happens", "bloesem_changes")
_LEFT = ("bloesem_leftover",)


def _always(table: str) -> tuple[str, ...]:
    """Names of the functions that every guarded table has."""
    return (f"apply_{table}", *(f"{table}_{what}" for what in ("kept", "used", "until", "arrives")))


def _sometimes(table: str) -> tuple[str, str, str]:
    """Names of the functions that a table has where it carries facts, may be left with values, ages by its own date."""
    return f"{table}_happens", f"{table}_leftover", f"age_{table}"


def _triggers(table: TablePlan) -> tuple[str, ...]:
    happening = _HAPPENING if table.facts else ()
    return (*_ARRIVING, *ATTRIBUTED, *happening, *(_LEFT if leftover_columns(table) else ()))


def retire(connection: Connection, plan: Plan, before: Before) -> tuple[str, ...]:
    """Whoever no longer serves loses everything at once: roles, memberships, schemas, triggers, tables."""
    return (
        *_schemas(connection, plan, before),
        *_tables(connection, plan, before),
        *_members(connection, plan),
        *_roles(connection, plan, before),
    )


def _schemas(connection: Connection, plan: Plan, before: Before) -> list[str]:
    gone = sorted(set(before.get("schemas", [])) - set(catalogue.schema_names(plan)))
    for name in gone:
        _run(connection, "DROP SCHEMA IF EXISTS {} CASCADE", name)
    return [f"schema {name}" for name in gone]


def _tables(connection: Connection, plan: Plan, before: Before) -> list[str]:
    """Tables that left the map stay forced and closed; our triggers and functions leave them."""
    s = plan.schema
    wanted = {(t.schema, t.name, trigger) for t in plan.tables for trigger in _triggers(t)}
    rows = connection.execute(
        "SELECT n.nspname::text, c.relname::text, t.tgname::text FROM pg_trigger t"
        " JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
        " JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_namespace f ON f.oid = p.pronamespace"
        " WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND f.nspname = %s AND n.nspname <> %s"
        " AND t.tgname = ANY (%s)",
        [s, s, [*_ARRIVING, *ATTRIBUTED, *_HAPPENING, *_LEFT]],
    ).fetchall()
    for schema, table, trigger in rows:
        if (schema, table, trigger) not in wanted:
            _run(connection, "DROP TRIGGER {} ON {}", trigger, (schema, table))
    now = {(t.schema, t.name) for t in plan.tables}
    gone = sorted({(schema, name) for schema, name in before.get("tables", [])} - now)
    _drop_functions(connection, plan, [name for _, name in gone])
    for schema, name in gone:
        there = connection.execute("SELECT to_regclass(%s)", [qualified(schema, name)]).fetchone()
        if there is not None and there[0] is not None:
            connection.execute(gate.nothing(plan, schema, name))
    return [f"table {schema}.{name}" for schema, name in gone]


def _drop_functions(connection: Connection, plan: Plan, gone: Sequence[str]) -> None:
    """Of tables that left the map all functions, of those that stay the ones that they no longer need."""
    names = [one for name in gone if name not in plan.by_name for one in (*_always(name), *_sometimes(name))]
    for table in plan.tables:
        needed = (bool(table.facts), bool(leftover_columns(table)), ages(plan, table))
        optional = zip(_sometimes(table.name), needed, strict=True)
        names += [name for name, wanted in optional if not wanted]
    rows = connection.execute(
        "SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
        " WHERE n.nspname = %s AND p.proname = ANY (%s)",
        [plan.schema, names],
    ).fetchall()
    for (signature,) in rows:
        connection.execute(f"DROP FUNCTION {signature}")  # regprocedure is quoted by PostgreSQL itself


def _members(connection: Connection, plan: Plan) -> list[str]:
    """A login is a member of what it serves, and of nothing else of ours."""
    wanted = {(plan.role("keeper"), plan.role("owner"))}
    for login, served in plan.processes.items():
        for name in served:
            role = plan.by_key[name].name if name in plan.by_key else name.replace("-", "_").replace(".", "_")
            wanted.add((plan.role(login), plan.role(role)))
    ours = catalogue.role_names(plan)
    rows = connection.execute(
        "SELECT DISTINCT m.rolname::text, r.rolname::text FROM pg_auth_members a"
        " JOIN pg_roles r ON r.oid = a.roleid JOIN pg_roles m ON m.oid = a.member"
        " WHERE m.rolname = ANY (%s)",
        [ours],
    ).fetchall()
    gone = sorted(set(rows) - wanted)
    for member, role in gone:
        _run(connection, "REVOKE {} FROM {}", role, member)
    return [f"{member} in {role}" for member, role in gone]


def _roles(connection: Connection, plan: Plan, before: Before) -> list[str]:
    """Roles that an earlier plan made. One that owns something in another database is left bare, not dropped."""
    gone = sorted(set(before.get("roles", [])) - set(catalogue.role_names(plan)))
    for role in gone:
        there = connection.execute("SELECT rolbypassrls FROM pg_roles WHERE rolname = %s", [role]).fetchone()
        if there is None:
            continue
        connection.execute(gate.taken_on(role))
        _run(connection, "DROP OWNED BY {}", role)
        # To say NOBYPASSRLS of one that does not takes the right to make one that does.
        _run(connection, "ALTER ROLE {} NOLOGIN" + (" NOBYPASSRLS" if there[0] else ""), role)
        rows = connection.execute(
            "SELECT m.rolname::text FROM pg_auth_members a JOIN pg_roles r ON r.oid = a.roleid"
            " JOIN pg_roles m ON m.oid = a.member WHERE r.rolname = %s",
            [role],
        ).fetchall()
        for (member,) in rows:
            _run(connection, "REVOKE {} FROM {}", role, member)
        try:
            with connection.transaction():
                _run(connection, "DROP ROLE {}", role)
        except errors.DependentObjectsStillExist:
            pass
        connection.execute(f"DELETE FROM {ident(plan.schema)}.scope_key WHERE login = %s", [role])
    return [f"role {role}" for role in gone]


def _run(connection: Connection, text: str, *names: str | tuple[str, str]) -> None:
    parts = [sql.Identifier(*name) if isinstance(name, tuple) else sql.Identifier(name) for name in names]
    connection.execute(sql.SQL(text).format(*parts))

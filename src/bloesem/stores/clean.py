"""Before a plan is put in force: whatever was given to its roles beside a plan is taken away, so that what the plan
gives is all there is. Nothing of roles that are not the plan's is touched: `bloesem check` names those.
"""

from __future__ import annotations

from psycopg import sql

from bloesem.plan.model import Plan
from bloesem.plan.sql.masks import NEVER_AT
from bloesem.plan.sql.runtime import TABLES
from bloesem.stores import catalogue
from bloesem.stores.postgres import Connection

_MASKS = {
    "used_for": "bigint not null default 0",
    "kept_for": "bigint not null default 0",
    "good_until": f"timestamp with time zone not null default {NEVER_AT}",
}


#: `good_until` as it was before it became a moment.
_FORMER = "date not null default '0001-01-01'::date"


def clean(connection: Connection, plan: Plan) -> None:
    """Grants, settings, attributes and ownership that no plan gives its roles. Inside the installation's transaction,
    before its statements."""
    _settings(connection, plan)
    _grants_on_schemas(connection, plan)
    _grants_on_tables(connection, plan)
    _functions(connection, plan)
    _former_masks(connection, plan)


def straighten(connection: Connection, plan: Plan) -> None:
    """After the statements: what `CREATE … IF NOT EXISTS` and `OR REPLACE` leave as they found it."""
    _attributes(connection, plan)
    _triggers(connection, plan)
    _columns(connection, plan)


def _settings(connection: Connection, plan: Plan) -> None:
    """A setting that comes with a login, such as session_replication_role, switches triggers off unseen."""
    rows = connection.execute(
        "SELECT r.rolname::text, d.datname::text FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole"
        " LEFT JOIN pg_database d ON d.oid = s.setdatabase WHERE r.rolname = ANY (%s)"
        " AND (d.datname IS NULL OR d.datname = current_database())",
        [catalogue.role_names(plan)],
    ).fetchall()
    for role, database in rows:
        if database is None:
            _run(connection, "ALTER ROLE {} RESET ALL", role)
        else:
            _run(connection, "ALTER ROLE {} IN DATABASE {} RESET ALL", role, database)


def _grants_on_schemas(connection: Connection, plan: Plan) -> None:
    schemas = [plan.schema, *sorted({schema for schema, _ in catalogue.tables(plan)})]
    rows = connection.execute(
        "SELECT DISTINCT n.nspname::text, g.rolname::text FROM pg_namespace n CROSS JOIN aclexplode(n.nspacl) a"
        " JOIN pg_roles g ON g.oid = a.grantee"
        " WHERE n.nspname = ANY (%s) AND g.rolname = ANY (%s) AND a.grantee <> n.nspowner",
        [schemas, catalogue.role_names(plan)],
    ).fetchall()
    for schema, role in rows:
        _run(connection, "REVOKE ALL ON SCHEMA {} FROM {}", schema, role)


def _grants_on_tables(connection: Connection, plan: Plan) -> None:
    """Bloesem's own tables and the reference tables; the guarded ones start from nothing in the plan itself."""
    guarded = {(t.schema, t.name) for t in plan.tables}
    open_ = [
        f"{schema}\x1f{name}" for schema, name in catalogue.tables(plan) if (schema, name) not in guarded
    ]
    open_ += [f"{plan.schema}\x1f{name}" for name in TABLES]
    rows = connection.execute(
        "SELECT DISTINCT n.nspname::text, c.relname::text, g.rolname::text"
        " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " LEFT JOIN pg_attribute t ON t.attrelid = c.oid AND t.attacl IS NOT NULL"
        " CROSS JOIN LATERAL (SELECT * FROM aclexplode(c.relacl) UNION ALL SELECT * FROM aclexplode(t.attacl)) a"
        " JOIN pg_roles g ON g.oid = a.grantee WHERE c.relkind IN ('r', 'p', 'v')"
        " AND n.nspname || E'\\x1f' || c.relname = ANY (%s)"
        " AND g.rolname = ANY (%s) AND a.grantee <> c.relowner",
        [open_, catalogue.role_names(plan)],
    ).fetchall()
    for schema, table, role in rows:
        _run(connection, "REVOKE ALL ON {} FROM {}", (schema, table), role)


def _functions(connection: Connection, plan: Plan) -> None:
    """Nobody but the keeper and whoever installs owns a function of ours: its owner could rewrite it."""
    ours, keeper = catalogue.role_names(plan), plan.role("keeper")
    rows = connection.execute(
        "SELECT p.oid::regprocedure::text, g.rolname::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
        " CROSS JOIN aclexplode(p.proacl) a JOIN pg_roles g ON g.oid = a.grantee"
        " WHERE n.nspname = %s AND g.rolname = ANY (%s) AND a.grantee <> p.proowner",
        [plan.schema, ours],
    ).fetchall()
    for signature, role in rows:
        _on_function(connection, "REVOKE ALL ON FUNCTION {} FROM {}", signature, role)
    rows = connection.execute(
        "SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
        " JOIN pg_roles r ON r.oid = p.proowner WHERE n.nspname = %s AND r.rolname = ANY (%s) AND r.rolname <> %s",
        [plan.schema, ours, keeper],
    ).fetchall()
    for (signature,) in rows:
        _on_function(connection, "ALTER FUNCTION {} OWNER TO CURRENT_USER", signature)


def _attributes(connection: Connection, plan: Plan) -> None:
    """A role of this name may have been there before, stronger than a row policy can hold."""
    keeper = plan.role("keeper")
    rows = connection.execute(
        "SELECT rolname::text, rolsuper FROM pg_roles WHERE rolname = ANY (%s) AND (rolsuper OR rolcreaterole"
        " OR rolcreatedb OR rolreplication OR rolbypassrls AND rolname <> %s)",
        [catalogue.role_names(plan), keeper],
    ).fetchall()
    for role, strong in rows:
        less = "NOCREATEROLE NOCREATEDB NOREPLICATION" + (" NOSUPERUSER" if strong else "")
        _run(connection, f"ALTER ROLE {{}} {less}{'' if role == keeper else ' NOBYPASSRLS'}", role)
    logins = [plan.role(name) for name in ("keeper", *plan.processes)]
    rows = connection.execute(
        "SELECT rolname::text, rolname = ANY (%s), rolinherit FROM pg_roles"
        " WHERE rolname = ANY (%s) AND rolcanlogin <> (rolname = ANY (%s)) OR rolname = ANY (%s) AND rolinherit",
        [logins, catalogue.role_names(plan), logins, logins],
    ).fetchall()
    for role, login, _ in rows:
        _run(connection, "ALTER ROLE {} LOGIN NOINHERIT" if login else "ALTER ROLE {} NOLOGIN", role)


def _triggers(connection: Connection, plan: Plan) -> None:
    rows = connection.execute(
        "SELECT n.nspname::text, c.relname::text, t.tgname::text FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
        " JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_proc p ON p.oid = t.tgfoid"
        " WHERE NOT t.tgisinternal AND t.tgenabled <> 'O' AND p.pronamespace = %s::regnamespace",
        [plan.schema],
    ).fetchall()
    for schema, table, trigger in rows:
        _run(connection, "ALTER TABLE {} ENABLE TRIGGER {}", (schema, table), trigger)


def _columns(connection: Connection, plan: Plan) -> None:
    found = catalogue.snapshot(connection, plan)
    for table in plan.tables:
        for column, wanted in _MASKS.items():
            if found.get(f"mask-column {table.schema}.{table.name}.{column}") != wanted:
                default = sql.SQL("0" if column != "good_until" else NEVER_AT)
                query = "ALTER TABLE {} ALTER COLUMN {} SET NOT NULL, ALTER COLUMN {} SET DEFAULT {}"
                name, place = sql.Identifier(column), sql.Identifier(table.schema, table.name)
                connection.execute(sql.SQL(query).format(place, name, name, default))


def _former_masks(connection: Connection, plan: Plan) -> None:
    """Masks are a cache: a column of a former type goes, with the policies, triggers and indexes that look at it, and
    the installation makes all of them anew."""
    found = catalogue.snapshot(connection, plan)
    for table in plan.tables:
        if found.get(f"mask-column {table.schema}.{table.name}.good_until") == _FORMER:
            _run(connection, "ALTER TABLE {} DROP COLUMN good_until CASCADE", (table.schema, table.name))


def _run(connection: Connection, text: str, *names: str | tuple[str, str]) -> None:
    parts = [sql.Identifier(*name) if isinstance(name, tuple) else sql.Identifier(name) for name in names]
    connection.execute(sql.SQL(text).format(*parts))


def _on_function(connection: Connection, text: str, signature: str, *names: str) -> None:
    """`signature`: as PostgreSQL wrote it (regprocedure), quoted by itself."""
    connection.execute(sql.SQL(text).format(sql.SQL(signature), *(sql.Identifier(name) for name in names)))

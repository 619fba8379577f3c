"""What stands in a database's catalogue of the things that a plan makes: each by name, as text.

Two snapshots are compared thing by thing: what differs has drifted. Read-only; no row of anybody is touched.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from bloesem.plan.model import Plan
from bloesem.plan.sql.gate import DANGEROUS, readers, sharers
from bloesem.plan.sql.runtime import TABLES
from bloesem.stores.postgres import Connection

Snapshot = dict[str, str]


@dataclass(frozen=True)
class Difference:
    """One thing that is not as it was left: `kind` and `name` say what, `how` what happened to it."""

    kind: str
    name: str
    how: Literal["missing", "added", "changed"]
    was: str = ""
    now: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.name} is {_WORDS[self.how]}"


_WORDS = {"missing": "gone", "added": "there and not of the plan", "changed": "not as the plan makes it"}


def role_names(plan: Plan) -> list[str]:
    """Every role of the plan, with its prefix."""
    names = ["owner", "keeper", *(p.name for p in readers(plan)), *(s.name for s in plan.scoped)]
    names += [*(s.name_shared for s in sharers(plan)), *(w.key for w in plan.writers), *plan.processes]
    return [plan.role(name) for name in dict.fromkeys(names)]


def schema_names(plan: Plan) -> list[str]:
    """The schemas of views that the plan makes: one per role that reads."""
    names = [*(p.name for p in readers(plan)), *(s.name for s in plan.scoped), *(w.key for w in plan.writers)]
    return list(dict.fromkeys(names))


def tables(plan: Plan) -> list[tuple[str, str]]:
    """Guarded tables and reference tables, as (schema, table); a library's own tables are its own affair."""
    open_ = [t for t in plan.open_tables if t.holds == "reference"]
    return [*((t.schema, t.name) for t in plan.tables), *((t.schema, t.name) for t in open_)]


def snapshot(connection: Connection, plan: Plan) -> Snapshot:
    """out: `kind name` → definition, of roles, memberships, schemas, tables' guards, policies, grants, triggers,
    functions and views of the plan. Ids of the cluster are left out, so snapshots compare over time."""
    schemas = [*schema_names(plan), plan.schema, *sorted({schema for schema, _ in tables(plan)})]
    relations = [f"{schema}\x1f{name}" for schema, name in tables(plan)]
    relations += [
        f"{plan.schema}\x1f{name}" for name in TABLES
    ]  # others keep theirs beside them (the console's jobs)
    given = {
        "roles": role_names(plan),
        "schemas": schemas,
        "views": schema_names(plan),
        "ours": [*schema_names(plan), plan.schema],
        "own": plan.schema,
        "owner": plan.role("owner"),
        "tables": relations,
        "dangerous": [f.split("(")[0] for f in DANGEROUS],
        "clocks": ["today", "moment"],
    }
    found: Snapshot = {}
    for query in _QUERIES:
        for kind, name, definition in connection.execute(query, given).fetchall():
            found[f"{kind} {name}"] = definition or ""
    return found


def differences(was: Mapping[str, str], now: Mapping[str, str]) -> list[Difference]:
    """What changed between two snapshots, in the order of names."""
    result = []
    for key in sorted({*was, *now}):
        kind, _, name = key.partition(" ")
        kind = kind.replace("-", " ")
        if key not in now:
            result.append(Difference(kind, name, "missing", was[key]))
        elif key not in was:
            result.append(Difference(kind, name, "added", now=now[key]))
        elif was[key] != now[key]:
            result.append(Difference(kind, name, "changed", was[key], now[key]))
    return result


# Access lists come unfolded and by name: `aclexplode` gives one line per privilege. NULL means the built-in default.
_ACL = """(SELECT string_agg(COALESCE(g.rolname, 'public') || '=' || a.privilege_type
                  || CASE WHEN a.is_grantable THEN '*' ELSE '' END, ', ' ORDER BY g.rolname, a.privilege_type)
           FROM aclexplode({acl}) a LEFT JOIN pg_roles g ON g.oid = a.grantee)"""

_ROLES = """
SELECT 'role', rolname::text,
       concat_ws(' ', CASE WHEN rolsuper THEN 'superuser' END, CASE WHEN rolinherit THEN 'inherit' END,
                 CASE WHEN rolcreaterole THEN 'createrole' END, CASE WHEN rolcreatedb THEN 'createdb' END,
                 CASE WHEN rolcanlogin THEN 'login' END, CASE WHEN rolreplication THEN 'replication' END,
                 CASE WHEN rolbypassrls THEN 'bypassrls' END,
                 (SELECT string_agg(array_to_string(s.setconfig, ','), ';') FROM pg_db_role_setting s
                  WHERE s.setrole = r.oid))
FROM pg_roles r WHERE rolname = ANY (%(roles)s)"""

# Whoever makes a role without being superuser is its member with ADMIN, and lets themselves in: that is who installs.
_MEMBERS = """
SELECT 'membership', m.rolname || ' in ' || r.rolname, CASE WHEN a.admin_option THEN 'admin' ELSE '' END
FROM pg_auth_members a JOIN pg_roles r ON r.oid = a.roleid JOIN pg_roles m ON m.oid = a.member
WHERE (r.rolname = ANY (%(roles)s) OR m.rolname = ANY (%(roles)s))
  AND NOT (m.rolname <> ALL (%(roles)s) AND EXISTS (SELECT FROM pg_auth_members made
           WHERE made.roleid = a.roleid AND made.member = a.member AND made.admin_option))"""

_SCHEMAS = f"""
SELECT 'schema', n.nspname::text, r.rolname || ': ' || COALESCE({_ACL.format(acl="n.nspacl")}, 'default')
FROM pg_namespace n JOIN pg_roles r ON r.oid = n.nspowner WHERE n.nspname = ANY (%(schemas)s)"""

_NAMED = "(n.nspname = ANY (%(views)s) OR n.nspname || E'\\x1f' || c.relname = ANY (%(tables)s))"

#: Ids of the partitions of `tables`, of any depth. The clock makes and drops them between two installations, so a closed
#: one leaves no line in a snapshot: only what opens it does.
PARTITIONS = """(WITH RECURSIVE part (oid) AS (
    SELECT i.inhrelid FROM pg_inherits i JOIN pg_class pc ON pc.oid = i.inhparent
    JOIN pg_namespace pn ON pn.oid = pc.relnamespace WHERE pn.nspname || E'\\x1f' || pc.relname = ANY (%(tables)s)
    UNION SELECT i.inhrelid FROM pg_inherits i JOIN part ON part.oid = i.inhparent) SELECT oid FROM part)"""

_MINE = f"({_NAMED} OR c.oid IN {PARTITIONS})"

_RELATIONS = f"""
SELECT CASE WHEN c.relkind = 'v' THEN 'view' ELSE 'table' END, n.nspname || '.' || c.relname,
       concat_ws(' | ', r.rolname, array_to_string(c.reloptions, ','),
                 CASE WHEN c.relrowsecurity THEN 'row security' END, CASE WHEN c.relforcerowsecurity THEN 'forced' END,
                 CASE WHEN c.relkind = 'v' THEN pg_get_viewdef(c.oid) END)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_roles r ON r.oid = c.relowner
WHERE c.relkind IN ('r', 'p', 'v') AND {_NAMED}"""

_OPEN_PARTITIONS = f"""
SELECT 'open-partition', n.nspname || '.' || c.relname,
       concat_ws(' | ', r.rolname, CASE WHEN c.relrowsecurity THEN 'row security' END,
                 CASE WHEN c.relforcerowsecurity THEN 'forced' END)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_roles r ON r.oid = c.relowner
WHERE c.oid IN {PARTITIONS} AND NOT (c.relrowsecurity AND c.relforcerowsecurity AND r.rolname = %(owner)s)"""

_GRANTS = f"""
SELECT 'grants-on', n.nspname || '.' || c.relname, {_ACL.format(acl="c.relacl")}
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v') AND c.relacl IS NOT NULL AND {_NAMED}
UNION ALL
SELECT 'grants-on', 'partition ' || n.nspname || '.' || c.relname || ': ' || {_ACL.format(acl="c.relacl")}, ''
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid IN {PARTITIONS} AND EXISTS (SELECT FROM aclexplode(c.relacl) o WHERE o.grantee <> c.relowner)"""

_COLUMN_GRANTS = f"""
SELECT 'grants-on', n.nspname || '.' || c.relname || '.' || a.attname, {_ACL.format(acl="a.attacl")}
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relkind IN ('r', 'p', 'v') AND NOT a.attisdropped AND a.attacl IS NOT NULL AND {_MINE}"""

_MASKS = f"""
SELECT 'mask-column', n.nspname || '.' || c.relname || '.' || a.attname,
       format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
       || COALESCE(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relkind IN ('r', 'p') AND NOT a.attisdropped AND n.nspname <> %(own)s AND {_NAMED}
  AND a.attname IN ('used_for', 'kept_for', 'good_until', 'frozen_since', 'frozen_ground')"""

_POLICIES = f"""
SELECT 'policy', n.nspname || '.' || c.relname || ': ' || p.polname,
       concat_ws(' | ', p.polcmd, CASE WHEN p.polpermissive THEN 'permissive' ELSE 'restrictive' END,
                 (SELECT string_agg(COALESCE(g.rolname, 'public'), ', ' ORDER BY g.rolname)
                  FROM unnest(p.polroles) AS o (oid) LEFT JOIN pg_roles g ON g.oid = o.oid),
                 'using ' || pg_get_expr(p.polqual, p.polrelid), 'check ' || pg_get_expr(p.polwithcheck, p.polrelid))
FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE {_MINE}"""

_TRIGGERS = f"""
SELECT 'trigger', n.nspname || '.' || c.relname || ': ' || t.tgname,
       pg_get_triggerdef(t.oid) || CASE WHEN t.tgenabled = 'O' THEN '' ELSE ' (switched off)' END
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT t.tgisinternal AND (t.tgparentid = 0 OR t.tgenabled <> 'O') AND {_MINE}"""

# The clock's functions hold the demonstration's day as a constant: `check` asks them instead of reading them.
_FUNCTIONS = f"""
SELECT 'function', n.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')',
       concat_ws(' | ', r.rolname, COALESCE({_ACL.format(acl="p.proacl")}, 'default'),
                 CASE WHEN p.proname = ANY (%(clocks)s) AND p.pronargs = 0 THEN 'clock'
                      ELSE pg_get_functiondef(p.oid) END)
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_roles r ON r.oid = p.proowner
WHERE n.nspname = ANY (%(ours)s) AND p.prokind IN ('f', 'p')"""

_WALLS = f"""
SELECT 'function', 'pg_catalog.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')',
       COALESCE({_ACL.format(acl="p.proacl")}, 'default')
FROM pg_proc p WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.proname = ANY (%(dangerous)s)"""

_DATABASE = f"""
SELECT 'database', 'grants', COALESCE({_ACL.format(acl="d.datacl")}, 'default')
FROM pg_database d WHERE d.datname = current_database()"""

_QUERIES = (
    _ROLES,
    _MEMBERS,
    _SCHEMAS,
    _RELATIONS,
    _OPEN_PARTITIONS,
    _GRANTS,
    _COLUMN_GRANTS,
    _MASKS,
    _POLICIES,
    _TRIGGERS,
    _FUNCTIONS,
    _WALLS,
    _DATABASE,
)

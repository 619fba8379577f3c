"""Who may read what: roles, forced row policies, column grants, and one schema of views per purpose.

PostgreSQL itself refuses. A policy reads only its own row; purposes are constants; a role sees only the columns of its
purpose's categories (P-050) on rows whose `used_for` still has its bit (P-105) on a day before `good_until`.
"""

from __future__ import annotations

from bloesem.plan.categories import covers
from bloesem.plan.model import ColumnPlan, OpenTable, Plan, PurposePlan, ScopedPlan, TablePlan, WriterPlan
from bloesem.plan.quoting import ident, literal, qualified
from bloesem.plan.sql import scopes
from bloesem.plan.sql.masks import FROZEN_COLUMNS
from bloesem.plan.sql.statement import Statement, listed, tidy

#: Functions of PostgreSQL that run text as SQL or set the role from inside an expression.
DANGEROUS = (
    "set_config(text, text, boolean)",
    "ts_stat(text)",
    "ts_stat(text, text)",
    "ts_rewrite(tsquery, text)",
    "query_to_xml(text, boolean, boolean, text)",
    "query_to_xmlschema(text, boolean, boolean, text)",
    "query_to_xml_and_xmlschema(text, boolean, boolean, text)",
    "lo_create(oid)",
    "lo_creat(integer)",
    "lo_open(oid, integer)",
    "lo_from_bytea(oid, bytea)",
    "lo_get(oid)",
    "lo_get(oid, bigint, integer)",
    "lo_put(oid, bigint, bytea)",
    "lo_unlink(oid)",
    "lo_lseek(integer, integer, integer)",
    "lo_lseek64(integer, bigint, integer)",
    "lo_tell(integer)",
    "lo_tell64(integer)",
    "lo_truncate(integer, integer)",
    "lo_truncate64(integer, bigint)",
    "lo_close(integer)",
    "lowrite(integer, bytea)",
    "loread(integer, integer)",
)


# ---- roles -----------------------------------------------------------------------------------------------------


def readers(plan: Plan) -> list[PurposePlan]:
    """Purposes with a role: a retired or switched-off one has none, and so reads nothing."""
    return [p for p in plan.purposes if p.active]


def sharers(plan: Plan) -> list[ScopedPlan]:
    """Roles of a person's scope that see rows of several people: each has a second role, nobody's to take on, that may
    read those rows whole, and whose views give each person the columns that are theirs."""
    return [s for s in plan.scoped if any(shared(t, s) and scoped_columns(plan, t, s) for t in plan.tables)]


def roles(plan: Plan) -> list[Statement]:
    made = [_role(plan, "owner", "NOLOGIN"), _role(plan, "keeper", "LOGIN NOINHERIT", bypass=True)]
    made += [_installers(plan, name) for name in ("owner", "keeper")]
    made += [_role(plan, p.name, "NOLOGIN") for p in readers(plan)]
    made += [_role(plan, s.name, "NOLOGIN") for s in plan.scoped]
    for s in sharers(plan):
        made += [_role(plan, s.name_shared, "NOLOGIN"), _installers(plan, s.name_shared)]
    made += [_role(plan, w.key, "NOLOGIN") for w in plan.writers]
    made += [_role(plan, login, "LOGIN NOINHERIT") for login in plan.processes]
    owner, keeper = ident(plan.role("owner")), ident(plan.role("keeper"))
    made.append(Statement("roles", "the keeper may act as owner", f"GRANT {owner} TO {keeper}"))
    for login, served in plan.processes.items():
        for name in served:
            if name in plan.by_key and not plan.by_key[name].active:
                continue
            sql = f"GRANT {ident(plan.role(_called(plan, name)))} TO {ident(plan.role(login))}"
            made.append(Statement("roles", f"{login} serves {name}", sql))
    return made


def _called(plan: Plan, key: str) -> str:
    """The name of the role of what a process serves: a purpose, a scoped role or a writer."""
    named: dict[str, str] = {s.key: s.name for s in plan.scoped}
    named |= {p.key: p.name for p in plan.purposes}
    return named.get(key, key)


def _role(plan: Plan, name: str, options: str, *, bypass: bool = False) -> Statement:
    role = plan.role(name)
    extra = (
        f"""
    BEGIN
        ALTER ROLE {ident(role)} BYPASSRLS;
    EXCEPTION WHEN insufficient_privilege THEN
        NULL;  -- a managed server that refuses: the keeper's policies USING (true) serve instead
    END;"""
        if bypass
        else ""
    )
    sql = f"""
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {literal(role)}) THEN
        CREATE ROLE {ident(role)} {options};
    END IF;{extra}
END $$"""
    return Statement("roles", f"role {name}", tidy(sql))


def taken_on(role: str) -> str:
    """Whoever installs and is no superuser has to be able to act as a role to give it anything to own, to drop what it
    owns, and to look at it later. Having made it, they may let themselves in; on PostgreSQL 15 with CREATEROLE alone."""
    version = "current_setting('server_version_num')::integer >= 160000"
    return tidy(f"""
DO $$ BEGIN
    IF NOT (pg_has_role({literal(role)}, 'USAGE')
            AND pg_has_role({literal(role)}, CASE WHEN {version} THEN 'SET' ELSE 'MEMBER' END)) THEN
        EXECUTE {literal(f"GRANT {ident(role)} TO CURRENT_USER WITH ")}
                || CASE WHEN {version} THEN 'INHERIT TRUE, SET TRUE' ELSE 'ADMIN OPTION' END;
    END IF;
END $$""")


def _installers(plan: Plan, name: str) -> Statement:
    return Statement("roles", f"whoever installs may act as {name}", taken_on(plan.role(name)))


# ---- everything else -----------------------------------------------------------------------------------------------


def statements(plan: Plan) -> list[Statement]:
    result = [*_walls(plan), *scopes.statements(plan)]
    for table in plan.tables:
        result += _table(plan, table)
    for purpose in readers(plan):
        result += _views(plan, purpose.name, [(t, purpose_columns(plan, t, purpose)) for t in plan.tables])
    for scoped in plan.scoped:
        result += _views(
            plan, scoped.name, [(t, scoped_columns(plan, t, scoped)) for t in plan.tables], scoped
        )
    for writer in plan.writers:
        result += _writers_schema(plan, writer)
    return result


def _writers_schema(plan: Plan, writer: WriterPlan) -> list[Statement]:
    """A writer fills columns that it does not read: through a view it would need the right to read them all to change
    one row. So it has no views, and finds the tables themselves, with its column grants and row policies on them."""
    role = ident(plan.role(writer.key))
    schemas = sorted({plan.table(name).schema for name in writer.tables})
    return [
        *_views(plan, writer.key, [], references=False),
        *(
            Statement(
                "views",
                f"{writer.key} finds schema {schema}",
                f"GRANT USAGE ON SCHEMA {ident(schema)} TO {role}",
            )
            for schema in schemas
        ),
    ]


def _walls(plan: Plan) -> list[Statement]:
    owner = ident(plan.role("owner"))
    keeper, s = ident(plan.role("keeper")), ident(plan.schema)
    result = []
    # A library's tables in a schema of their own are that library's: no role of ours is given anything there.
    ours = {t.schema for t in plan.tables} | {t.schema for t in plan.open_tables if t.holds == "reference"}
    for schema in sorted(ours):
        result.append(
            Statement("gate", f"schema {schema}: nobody", f"REVOKE ALL ON SCHEMA {ident(schema)} FROM PUBLIC")
        )
        # The owner too, whom nobody can log in as: PostgreSQL checks and cuts foreign keys in the owner's name.
        sql = f"GRANT USAGE ON SCHEMA {ident(schema)} TO {keeper}, {owner}"
        result.append(Statement("gate", f"schema {schema}: the keeper and the owner", sql))
        sql = f"GRANT CREATE ON SCHEMA {ident(schema)} TO {owner}"
        result.append(Statement("gate", f"schema {schema}: the owner makes next year's partitions", sql))
    for table in plan.open_tables:
        if table.holds == "reference":
            sql = f"GRANT SELECT ON {qualified(table.schema, table.name)} TO {keeper}"
            result.append(Statement("gate", f"{table.name}: the keeper looks up", sql))
    result += [_library(plan, table) for table in plan.open_tables if table.used_by or table.expires]
    for function in DANGEROUS:
        sql = f"""
DO $$ BEGIN
    REVOKE EXECUTE ON FUNCTION pg_catalog.{function} FROM PUBLIC;
EXCEPTION WHEN insufficient_privilege OR undefined_function THEN
    NULL;  -- not ours to revoke on a managed server: `bloesem check` reports it
END $$"""
        result.append(Statement("gate", f"{function.split('(')[0]} is not for everybody", tidy(sql)))
    sql = f"""
DO $$ BEGIN
    EXECUTE format('REVOKE TEMPORARY, CREATE ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO %I', current_database(), {literal(plan.role("keeper"))});
END $$"""
    result.append(Statement("gate", "no temporary tables, but for the keeper's loads", tidy(sql)))
    # A DO block would change roles between its own statements, where one statement per call cannot.
    sql = f"""
DO $$ BEGIN
    REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC;
    GRANT USAGE ON LANGUAGE plpgsql TO {keeper}, {owner};
EXCEPTION WHEN insufficient_privilege THEN
    NULL;  -- not ours to revoke on a managed server
END $$"""
    result.append(Statement("gate", "blocks of code are not for everybody", tidy(sql)))
    for name in (
        "today()",
        "moment()",
        "civil(timestamptz)",
        "moment(date)",
        "moment(timestamptz)",
        "scope(text)",
    ):
        result.append(
            Statement("gate", f"{name} is for everybody", f"GRANT EXECUTE ON FUNCTION {s}.{name} TO PUBLIC")
        )
    return result


def _library(plan: Plan, table: OpenTable) -> Statement:
    """A library's table is for the processes that the map names and for no other; the keeper lets go of what is over. A
    library that was not migrated here yet has no tables to give."""
    q = qualified(table.schema, table.name)
    schema, keeper = ident(table.schema), ident(plan.role("keeper"))
    given = [(keeper, "SELECT, DELETE")] if table.expires else []
    given += [(ident(plan.role(name)), "SELECT, INSERT, UPDATE, DELETE") for name in table.used_by]
    logins = ", ".join(ident(plan.role(name)) for name in [*plan.processes, "keeper"])
    grants = "\n    ".join(
        f"GRANT USAGE ON SCHEMA {schema} TO {role};\n    GRANT {rights} ON {q} TO {role};"
        for role, rights in given
    )
    sql = f"""
DO $$ BEGIN
    IF to_regclass({literal(q)}) IS NULL THEN
        RETURN;
    END IF;
    REVOKE ALL ON {q} FROM PUBLIC, {logins};
    {grants}
END $$"""
    return Statement(
        "gate", f"{table.schema}.{table.name}: {', '.join(table.used_by) or 'the keeper'}", tidy(sql)
    )


def _table(plan: Plan, table: TablePlan) -> list[Statement]:
    q = qualified(table.schema, table.name)
    owner, keeper = ident(plan.role("owner")), ident(plan.role("keeper"))
    result = [
        Statement("gate", f"{table.name} has an owner", f"ALTER TABLE {q} OWNER TO {owner}"),
        *_partitions(plan, table),
        Statement("gate", f"{table.name}: row policies", f"ALTER TABLE {q} ENABLE ROW LEVEL SECURITY"),
        Statement("gate", f"{table.name}: also for its owner", f"ALTER TABLE {q} FORCE ROW LEVEL SECURITY"),
        Statement("gate", f"{table.name}: start from nothing", nothing(plan, table.schema, table.name)),
        Statement("gate", f"{table.name}: the keeper", f"GRANT ALL ON {q} TO {keeper}"),
        _policy(q, "keeper", "ALL", keeper, "true", "true"),
    ]
    for purpose in readers(plan):
        columns = purpose_columns(plan, table, purpose)
        if columns:
            result += _purpose(plan, table, purpose, columns)
    for scoped in plan.scoped:
        columns = scoped_columns(plan, table, scoped)
        if columns:
            result += _scoped(plan, table, scoped, columns)
    for writer in plan.writers:
        if table.name in writer.tables:
            result += _writer(plan, table, writer)
    return result


def _partitions(plan: Plan, table: TablePlan) -> list[Statement]:
    """A partition (any table below this one) has the same owner, or the clock could not drop it whole, and is closed:
    PostgreSQL judges what is read through the table by the table alone, and what names a partition by the partition."""
    sql = f"""
DO $$
DECLARE
    part regclass;
BEGIN
    FOR part IN {_below(table.schema, table.name)} SELECT oid FROM part WHERE below LOOP
        EXECUTE format('ALTER TABLE %s OWNER TO %I', part, {literal(plan.role("owner"))});
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', part);
    END LOOP;
END $$"""
    return [Statement("gate", f"{table.name}: its partitions too", tidy(sql))]


def closed(plan: Plan, schema: str, name: str) -> list[str]:
    """What makes a new partition one that nobody reads or writes but through its table, whoever made it and whatever
    default privileges gave: the owner's, with row security and without a policy or a grant."""
    q = qualified(schema, name)
    return [
        f"ALTER TABLE {q} OWNER TO {ident(plan.role('owner'))}",
        f"ALTER TABLE {q} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
        nothing(plan, schema, name),
    ]


def _below(schema: str, name: str) -> str:
    """`part (oid, below)`: the table, and all partitions below it."""
    return (
        f"WITH RECURSIVE part (oid, below) AS (SELECT {literal(qualified(schema, name))}::regclass, false"
        " UNION SELECT i.inhrelid::regclass, true FROM pg_inherits i JOIN part ON part.oid = i.inhparent)"
    )


def nothing(plan: Plan, schema: str, name: str) -> str:
    """Drop every policy and grant on the table and on its partitions, so that what follows is all there is."""
    return tidy(
        f"""
DO $$
DECLARE
    it record;
BEGIN
    FOR it IN {_below(schema, name)} SELECT p.polname, part.oid FROM pg_policy p JOIN part ON part.oid = p.polrelid LOOP
        EXECUTE format('DROP POLICY %I ON %s', it.polname, it.oid);
    END LOOP;
    FOR it IN {_below(schema, name)} SELECT r.rolname, part.oid FROM part, pg_roles r
              WHERE starts_with(r.rolname, {literal(plan.prefix)})
              AND r.rolname NOT IN ({literal(plan.role("owner"))}) LOOP
        EXECUTE format('REVOKE ALL ON TABLE %s FROM %I', it.oid, it.rolname);
    END LOOP;
    FOR it IN {_below(schema, name)} SELECT part.oid FROM part LOOP
        EXECUTE format('REVOKE ALL ON TABLE %s FROM PUBLIC', it.oid);
    END LOOP;
END $$"""
    )


def _policy(q: str, name: str, command: str, role: str, using: str | None, check: str | None) -> Statement:
    """`using`: rows that are seen; `check`: rows that may be written."""
    body = f"CREATE POLICY {ident(name)} ON {q} FOR {command} TO {role}"
    if using is not None:
        body += f"\n    USING ({using})"
    if check is not None:
        body += f"\n    WITH CHECK ({check})"
    return Statement("gate", f"policy {name} on {q}", body)


def _purpose(plan: Plan, table: TablePlan, purpose: PurposePlan, columns: list[str]) -> list[Statement]:
    q, role = qualified(table.schema, table.name), ident(plan.role(purpose.name))
    mask = "kept_for" if table.always_visible else "used_for"
    result = [
        Statement(
            "gate", f"{purpose.key} reads {table.name}", f"GRANT SELECT ({_list(columns)}) ON {q} TO {role}"
        ),
        _policy(q, f"{purpose.name}_reads", "SELECT", role, _today(plan, f"{mask} & {purpose.mask}"), None),
    ]
    if purpose.writes:
        insert, update = writable(plan, table, purpose)
        check = "true" if table.anchor else f"kept_for & {purpose.mask} <> 0"
        if insert:
            sql = f"GRANT INSERT ({_list(insert)}) ON {q} TO {role}"
            result.append(Statement("gate", f"{purpose.key} records {table.name}", sql))
            result.append(_policy(q, f"{purpose.name}_records", "INSERT", role, None, check))
        if update:
            sql = f"GRANT UPDATE ({_list(update)}) ON {q} TO {role}"
            using = _today(plan, f"kept_for & {purpose.mask}")
            result.append(Statement("gate", f"{purpose.key} changes {table.name}", sql))
            result.append(_policy(q, f"{purpose.name}_changes", "UPDATE", role, using, check))
    return result


def _today(plan: Plan, mask: str) -> str:
    """A condition on a row: the mask has a bit left, and today is before `good_until`.

    Fast in two ways. Moments are compared, which is one instruction: a date asks for a time zone, once per row (a sum
    took three times as long) or in a sub-select (a read by key noticed it). And PostgreSQL cannot guess how many rows have a date after one that it does not know yet: it takes a
    third, and joins badly; of `… <> 0` it takes nearly all, which is right.
    """
    return f"CASE WHEN good_until > {ident(plan.schema)}.moment() THEN {mask} ELSE 0 END <> 0"


def _scoped(plan: Plan, table: TablePlan, scoped: ScopedPlan, columns: list[str]) -> list[Statement]:
    q, asked = qualified(table.schema, table.name), _asked(plan, scoped)
    role = ident(plan.role(scoped.name_shared if shared(table, scoped) else scoped.name))
    mine = " OR ".join(f"{ident(c)} = {asked}" for c in scope_columns(table, scoped))
    if scoped.scope in table.scoped_by:
        about = f"{ident(table.owners[0])} = ANY ({scopes.people(plan, scoped.scope)})"
        mine = f"({mine}) AND {about}" if scoped.scope in table.scopes else about
        mine += scopes.since(plan, table, scoped.scope)
    if scoped.purpose is None:
        seen = "kept_for" if scoped.restricted_too else "used_for"
    else:
        purpose = plan.by_key[scoped.purpose]
        mask = "kept_for" if table.always_visible or scoped.restricted_too else "used_for"
        seen = f"{mask} & {purpose.mask}"
    using = f"({mine}) AND {_today(plan, seen)}"
    result = [
        Statement(
            "gate", f"{scoped.key} reads {table.name}", f"GRANT SELECT ({_list(columns)}) ON {q} TO {role}"
        ),
        _policy(q, f"{scoped.name}_reads", "SELECT", role, using, None),
    ]
    insert, update = scoped_writable(plan, table, scoped)
    kept = f"kept_for & {plan.by_key[scoped.purpose].mask}" if scoped.purpose else "kept_for"
    check = f"({mine}) AND {kept} <> 0"
    if insert:
        sql = f"GRANT INSERT ({_list(insert)}) ON {q} TO {role}"
        known = "".join(f" AND {_known(plan, table, owner, scoped)}" for owner in table.owners)
        result.append(Statement("gate", f"{scoped.key} records {table.name}", sql))
        result.append(_policy(q, f"{scoped.name}_records", "INSERT", role, None, check + known))
    if update:
        sql = f"GRANT UPDATE ({_list(update)}) ON {q} TO {role}"
        using = f"({mine}) AND {_today(plan, kept)}"
        result.append(Statement("gate", f"{scoped.key} changes {table.name}", sql))
        result.append(_policy(q, f"{scoped.name}_changes", "UPDATE", role, using, check))
    return result


def _asked(plan: Plan, scoped: ScopedPlan) -> str:
    return scopes.asked(plan, scoped.scope)


def _known(plan: Plan, table: TablePlan, owner: str, scoped: ScopedPlan) -> str:
    """A new row belongs to somebody whom the scope is about already: a job's photo to the person of that job."""
    column = f"{ident(table.name)}.{ident(owner)}"
    if scoped.scope == "person":
        return f"({column} IS NULL OR {column} = {_asked(plan, scoped)})"
    found = " OR ".join(
        f"EXISTS (SELECT FROM {qualified(other.schema, other.name)} o WHERE o.{ident(other.scopes[scoped.scope])}"
        f" = {_asked(plan, scoped)} AND {column} IN ({', '.join(f'o.{ident(name)}' for name in other.owners)}))"
        for other in _says_who(plan, scoped)
    )
    return f"({column} IS NULL OR {found})"


def _says_who(plan: Plan, scoped: ScopedPlan) -> list[TablePlan]:
    """The tables that say whom the role's scope is about: it sees them and cannot add to them."""
    return [
        t
        for t in plan.tables
        if scoped.scope in t.scopes and scoped_columns(plan, t, scoped) and not _all_to_write(plan, t, scoped)
    ]


def _writer(plan: Plan, table: TablePlan, writer: WriterPlan) -> list[Statement]:
    """Recording is storage: judged by `kept_for`, also while the person is restricted (art. 18(2))."""
    q, role = qualified(table.schema, table.name), ident(plan.role(writer.key))
    columns = list(writer.tables[table.name])
    for name in columns:
        table.column(name)
    changes = [c for c in columns if c not in table.owners and c not in table.key]
    if writer.adds_only:
        # Somebody new is kept by what their row says has happened, which is a fact only once the row is there.
        check = "true" if table.anchor else "kept_for <> 0"
        return [
            Statement(
                "gate", f"{writer.key} adds {table.name}", f"GRANT INSERT ({_list(columns)}) ON {q} TO {role}"
            ),
            _policy(q, f"{writer.key}_adds", "INSERT", role, None, check),
        ]
    return [
        Statement("gate", f"{writer.key} finds {table.name}", _select(q, writer_reads(plan, table), role)),
        Statement(
            "gate", f"{writer.key} records {table.name}", f"GRANT INSERT ({_list(columns)}) ON {q} TO {role}"
        ),
        Statement(
            "gate", f"{writer.key} changes {table.name}", f"GRANT UPDATE ({_list(changes)}) ON {q} TO {role}"
        ),
        _policy(q, f"{writer.key}_finds", "SELECT", role, _today(plan, "kept_for"), None),
        _policy(q, f"{writer.key}_records", "INSERT", role, None, "kept_for <> 0"),
        _policy(q, f"{writer.key}_changes", "UPDATE", role, _today(plan, "kept_for"), "kept_for <> 0"),
    ]


def _select(q: str, columns: list[str], role: str) -> str:
    return f"GRANT SELECT ({_list(columns)}) ON {q} TO {role}"


def _list(columns: list[str]) -> str:
    return ", ".join(ident(c) for c in columns)


# ---- columns ---------------------------------------------------------------------------------------------------


def _shown(table: TablePlan, columns: list[ColumnPlan]) -> list[str]:
    """Columns in the table's order; nothing but keys is nothing, except on the person's row."""
    if not table.anchor and not any(not c.key for c in columns):
        return []
    names = [c.name for c in columns]
    return names + (list(FROZEN_COLUMNS) if table.anchor and names else [])


def purpose_columns(plan: Plan, table: TablePlan, purpose: PurposePlan) -> list[str]:
    """What a purpose reads of a table; empty when it does not read the table."""
    if not table.bits & purpose.mask and (purpose.stored or not _reads_any(table, purpose)):
        return []
    return _shown(table, [c for c in table.columns if c.purposes & purpose.mask])


def _reads_any(table: TablePlan, purpose: PurposePlan) -> bool:
    return any(not c.key and c.purposes & purpose.mask for c in table.columns)


def scope_columns(table: TablePlan, scoped: ScopedPlan) -> list[str]:
    """The columns that say whose row it is in the role's scope."""
    if scoped.scope in table.scopes:
        return [table.scopes[scoped.scope]]
    if scoped.scope in table.scoped_by:
        return [table.owners[0]]
    return list(table.owners) if scoped.scope == "person" else []


def shared(table: TablePlan, scoped: ScopedPlan) -> bool:
    """Whether the role finds several people on one row, of whom it is to show one: a column grant cannot tell them
    apart, so the role has none on the table, and a view gives each column where its owner asks."""
    return scoped.scope == "person" and len(scope_columns(table, scoped)) > 1


def scoped_columns(plan: Plan, table: TablePlan, scoped: ScopedPlan) -> list[str]:
    """What the role reads of a table: on a row of several people a person's own columns, another role the first's."""
    if not scope_columns(table, scoped):
        return []
    mask = plan.purpose(scoped.purpose).mask if scoped.purpose else None
    if mask is not None and not mask & table.bits:
        return []
    columns = [
        c
        for c in table.columns
        if c.key
        or (
            (mask is None or c.purposes & mask)
            and all(covers(scoped.reads, k) for k in c.categories)
            and (c.owner == 0 or shared(table, scoped))
        )
    ]
    return _shown(table, columns)


def writable(plan: Plan, table: TablePlan, purpose: PurposePlan) -> tuple[list[str], list[str]]:
    """Columns that a purpose may fill at insert, and those it may change: of what it reads the categories that the
    record lets it write; keys only at insert. A row of which it may fill nothing but keys it does not add, save a
    person's own."""
    read = [c for c in table.columns if c.purposes & purpose.mask]
    update = [c.name for c in read if not c.key and _may_fill(purpose.records, c)]
    if not update and not table.anchor:
        return [], []
    return [c.name for c in read if c.key or c.name in update], update


def _may_fill(records: tuple[str, ...] | None, column: ColumnPlan) -> bool:
    if _keepers(column):
        return False
    return records is None or all(covers(records, category) for category in column.categories)


def _keepers(column: ColumnPlan) -> bool:
    """What we assign to look a row up (its name in a list): whoever could write it could say that it was compared (P-095)."""
    return column.lookup and column.origin == "assigned"


def scoped_writable(plan: Plan, table: TablePlan, scoped: ScopedPlan) -> tuple[list[str], list[str]]:
    """Columns that a scoped role may fill at insert, and those it may change: of what it sees, what `writes` names.
    It adds rows only where all that a row holds is its to write, and where it is known whom its scope is about."""
    if shared(table, scoped):
        return [], []  # a grant to change a column would be one on everybody's
    seen = set(scoped_columns(plan, table, scoped))
    update = [c.name for c in table.columns if c.name in seen and not c.key and _may_fill(scoped.writes, c)]
    if not update or not _all_to_write(plan, table, scoped):
        return [], update
    if scoped.scope != "person" and not _says_who(plan, scoped):
        return [], update
    return [c.name for c in table.columns if c.key or c.name in update], update


def _all_to_write(plan: Plan, table: TablePlan, scoped: ScopedPlan) -> bool:
    seen = set(scoped_columns(plan, table, scoped))
    values = [c for c in table.columns if not c.key and not _keepers(c)]
    return bool(values) and all(c.name in seen and _may_fill(scoped.writes, c) for c in values)


def fills(plan: Plan, served: str, table: TablePlan) -> list[str]:
    """The columns of a table that a purpose, a scoped role or a writer may fill at insert or change."""
    for writer in plan.writers:
        if writer.key == served:
            return list(writer.tables.get(table.name, ()))
    for scoped in plan.scoped:
        if scoped.key == served:
            return [c for group in scoped_writable(plan, table, scoped) for c in group]
    purpose = plan.by_key.get(served)
    if purpose is None or not purpose.writes:
        return []
    return [c for group in writable(plan, table, purpose) for c in group]


def writer_reads(plan: Plan, table: TablePlan) -> list[str]:
    """How a writer finds its rows: by keys, never by a person."""
    return [c.name for c in table.columns if c.key and c.name not in table.owners]


# ---- views -----------------------------------------------------------------------------------------------------


def _views(
    plan: Plan,
    name: str,
    tables: list[tuple[TablePlan, list[str]]],
    scoped: ScopedPlan | None = None,
    *,
    references: bool = True,
) -> list[Statement]:
    """The schema of a role: a view per table, with only its columns and its own rights. Made anew each time."""
    owner, role, schema = ident(plan.role("owner")), ident(plan.role(name)), ident(name)
    result = [
        Statement("views", f"schema {name}, anew", f"DROP SCHEMA IF EXISTS {schema} CASCADE"),
        Statement("views", f"schema {name}", f"CREATE SCHEMA {schema} AUTHORIZATION {owner}"),
        Statement("views", f"schema {name}: its role", f"GRANT USAGE ON SCHEMA {schema} TO {role}"),
    ]
    for table, columns in tables:
        if not columns:
            continue
        if scoped is not None and shared(table, scoped):
            result += _shared_view(plan, scoped, table, columns)
            continue
        view = qualified(name, table.name)
        sql = (
            f"CREATE VIEW {view} WITH (security_invoker = true) AS\n"
            f"SELECT {listed([ident(c) for c in columns], by=7)}\nFROM {qualified(table.schema, table.name)}"
        )
        grant = "SELECT, INSERT, UPDATE" if _writes(plan, name) else "SELECT"
        result += [
            Statement("views", f"{name} sees {table.name}", sql),
            Statement("views", f"{name}.{table.name}: owner", f"ALTER VIEW {view} OWNER TO {owner}"),
            Statement("views", f"{name}.{table.name}: its role", f"GRANT {grant} ON {view} TO {role}"),
        ]
    for reference in plan.open_tables:
        if reference.holds == "reference" and references:
            view, q = qualified(name, reference.name), qualified(reference.schema, reference.name)
            sql = f"CREATE VIEW {view} WITH (security_invoker = true) AS SELECT * FROM {q}"
            result += [
                Statement("views", f"{name} sees {reference.name}", sql),
                Statement("views", f"{reference.name} for {name}", f"GRANT SELECT ON {q}, {view} TO {role}"),
            ]
    return result


def _shared_view(plan: Plan, scoped: ScopedPlan, table: TablePlan, columns: list[str]) -> list[Statement]:
    """A row of several people as one of them sees it: a column where who asks is who owns it; keys are for all.

    It reads with the rights of the role that owns it, whose row policy shows the rows on which the person stands.
    """
    view, schema = qualified(scoped.name, table.name), ident(scoped.name)
    holder, role = ident(plan.role(scoped.name_shared)), ident(plan.role(scoped.name))
    own = []
    for name in columns:
        column = table.column(name)
        mine = f"{ident(table.owners[column.owner])} = {_asked(plan, scoped)}"
        own.append(ident(name) if column.key else f"CASE WHEN {mine} THEN {ident(name)} END AS {ident(name)}")
    sql = f"CREATE VIEW {view} AS\nSELECT {listed(own, by=7)}\nFROM {qualified(table.schema, table.name)}"
    about = f"{scoped.name}.{table.name}"
    return [
        Statement("views", f"{scoped.name} sees {table.name}: each their own", sql),
        Statement("views", f"{about}: who makes it", f"GRANT CREATE ON SCHEMA {schema} TO {holder}"),
        Statement("views", f"{about}: owner", f"ALTER VIEW {view} OWNER TO {holder}"),
        Statement("views", f"{about}: and no more", f"REVOKE ALL ON SCHEMA {schema} FROM {holder}"),
        Statement("views", f"{about}: its role", f"GRANT SELECT ON {view} TO {role}"),
    ]


def _writes(plan: Plan, name: str) -> bool:
    return any(p.name == name and p.writes for p in plan.purposes) or any(
        r.name == name and r.writes for r in plan.scoped
    )

"""What is wrong in a database, held against map and plan: gaps, dead links, drift, masks that are not what facts say.

Read-only: nothing in the database is touched.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from bloesem.datamap.load import LoadedMap
from bloesem.datamap.undecided import uncuttable_links
from bloesem.findings import Finding
from bloesem.ledger import chain
from bloesem.plan.model import Plan, TablePlan
from bloesem.plan.quoting import ident
from bloesem.plan.sql.gate import DANGEROUS
from bloesem.plan.sql.masks import FROZEN_COLUMNS, MASK_COLUMNS
from bloesem.stores import catalogue
from bloesem.stores.install import catalogue_digest, digest
from bloesem.stores.postgres import Connection
from bloesem.stores.rebuild import compare
from bloesem.stores.schema import LiveTable, read_schema

_GAP = "P-014: no orphan fields; what is not mapped is neither guarded nor erased"
_SAYS = "a map says what is there"
_DRIFT = "the database is what the plan makes it, and nothing else"

Live = dict[tuple[str, str], LiveTable]


def schema_findings(connection: Connection, maps: LoadedMap, plan: Plan | None = None) -> list[Finding]:
    """Map against live schema. Without a plan (it may not follow from the map) less is known of what erasing needs."""
    ours = ["bloesem" if plan is None else plan.schema, *(catalogue.schema_names(plan) if plan else ())]
    live = read_schema(connection, without=ours)
    found = [*_gaps(live, maps), *_ghosts(live, maps), *_foreign_keys(live, maps)]
    if plan is not None:
        for table in plan.tables:
            there = live.get((table.schema, table.name))
            if there is not None:
                found += [*_erasable(there, table, maps), *_keys(there, table, maps)]
        found += _cuts(live, plan)
    return found


def foreign_store_findings(connection: Connection, maps: LoadedMap) -> list[Finding]:
    """The map of a database that nobody guards, against its schema: gaps, ghosts, foreign keys whose meaning is unsaid."""
    live = read_schema(connection)
    found = [*_gaps(live, maps), *_ghosts(live, maps), *_foreign_keys(live, maps), *_unsaid(live, maps)]
    required = {at: {c.name for c in table.columns.values() if c.required} for at, table in live.items()}
    return [*found, *uncuttable_links(maps, required)]


def store_findings(connection: Connection, plan: Plan, at: dt.datetime | None = None) -> list[Finding]:
    """Plan against live catalogue and rows. `at` (aware): for the masks; the database's own moment by default."""
    s = ident(plan.schema)
    there = connection.execute("SELECT to_regclass(%s)", [f"{s}.installed"]).fetchone()
    row = None
    if there is not None and there[0] is not None:
        row = connection.execute(
            f"SELECT digest, policy, made, id FROM {s}.installed ORDER BY id DESC LIMIT 1"
        ).fetchone()
    if row is None:
        return [
            Finding(
                "error",
                "not-installed",
                "no plan is in force on this database: nothing guards it",
                "a policy is kept by what the database refuses",
                "`bloesem up` puts it in force, or `bloesem plan --apply --store URL`",
            )
        ]
    found = []
    current = row[0] == digest(plan, connection.info.server_version)
    if not current:
        found.append(
            Finding(
                "error",
                "other-plan",
                f"the plan in force (policy of {row[1]}) is not the one that these files make (policy of {plan.version})",
                _DRIFT,
                "see `bloesem plan --diff --store URL`, then `bloesem plan --apply --store URL`",
            )
        )
    made: dict[str, Any] = row[2]
    now = catalogue.snapshot(connection, plan)
    found += _drift(made, now, current)
    found += _record(connection, plan, made)
    found += _strangers(connection, plan)
    found += _attributes(connection, plan)
    found += _walls(connection)
    found += _bits(connection, plan)
    found += _clock(connection, plan)
    found += _holds(connection, plan)
    found += chain.findings(connection, plan)
    found += _evidence(connection, plan)
    if current and not any(
        f.kind in ("drift", "other-plan") and " function " in f" {f.thing}" for f in found
    ):
        found += _masks(connection, plan, at)
    return found


def standing(connection: Connection, plan: Plan) -> list[Finding]:
    """Whether roles, grants, policies and functions are what the last installation made, and nobody else's; what was added
    in Bloesem's own schema is of the parts that are installed after the plan (cases, publishing, the door)."""
    s = ident(plan.schema)
    row = connection.execute(f"SELECT made FROM {s}.installed ORDER BY id DESC LIMIT 1").fetchone()
    made: dict[str, Any] = row[0] if row else {}
    there = catalogue.snapshot(connection, plan)
    drift = [
        one
        for one in catalogue.differences(made.get("catalogue", {}), there)
        if not (one.how == "added" and one.name.startswith(f"{plan.schema}."))
    ]
    return [
        *(Finding("error", "drift", str(one), _DRIFT, _put_back(one)) for one in drift),
        *_record(connection, plan, made),
        *_strangers(connection, plan),
        *_attributes(connection, plan),
    ]


# ---- map against schema ------------------------------------------------------------------------------------------


def _mapped(maps: LoadedMap) -> dict[tuple[str, str], set[str]]:
    return {
        (d.db_schema, c.name): {f.name for f in c.fields} for d in maps.datamap.dataset for c in d.collections
    }


def _gaps(live: Live, maps: LoadedMap) -> Iterator[Finding]:
    """What is there and not mapped: by name, never a silent skip."""
    mapped, masks = _mapped(maps), {*MASK_COLUMNS, *FROZEN_COLUMNS}
    for at, table in live.items():
        if at not in mapped:
            yield Finding(
                "error",
                "unmapped-table",
                f"table {'.'.join(at)} is in no map ({len(table.columns)} columns)",
                _GAP,
                "map it; a table without people is mapped with meta: {holds: reference, why: …} or {holds: system, …}",
            )
            continue
        for column in table.columns:
            if column not in mapped[at] and column not in masks:
                yield Finding(
                    "error",
                    "unmapped-column",
                    f"column {'.'.join(at)}.{column} is in no map",
                    _GAP,
                    f"add `- {{name: {column}, data_categories: […]}}` to the table's fields, or meta: {{key: true}}",
                    maps.where(*at),
                )


def _ghosts(live: Live, maps: LoadedMap) -> Iterator[Finding]:
    system = {
        (d.db_schema, c.name) for d in maps.datamap.dataset for c in d.collections if c.meta.holds == "system"
    }
    for at, columns in _mapped(maps).items():
        table = live.get(at)
        if table is None:
            yield Finding(
                "warning" if at in system else "error",
                "missing-library-table" if at in system else "dangling-table",
                f"table {'.'.join(at)} is mapped and not in the database",
                _SAYS,
                "run the migrations, or take it out of the map",
                maps.where(*at),
            )
            continue
        for column in sorted(columns - set(table.columns)):
            yield Finding(
                "error",
                "dangling-column",
                f"column {'.'.join(at)}.{column} is mapped and not in the database",
                _SAYS,
                f"run the migrations, or mend the map; the table has: {', '.join(table.columns)}",
                maps.where(*at, column),
            )


def _foreign_keys(live: Live, maps: LoadedMap) -> Iterator[Finding]:
    """A link of the database whose end no map knows."""
    mapped = _mapped(maps)
    for at in mapped:
        for link in live[at].links if at in live else ():
            if link.target not in mapped:
                yield Finding(
                    "error",
                    "dangling-link",
                    f"{'.'.join(at)} ({', '.join(link.columns)}) points to {'.'.join(link.target)}, which is in no map",
                    "a link has an end; whose row it is may hang on it",
                    f"map {'.'.join(link.target)}",
                    maps.where(*at, link.columns[0]),
                )


def _unsaid(live: Live, maps: LoadedMap) -> Iterator[Finding]:
    """A foreign key to what is people's must be named: whose row it is would be a guess."""
    there = {(d.db_schema, c.name): c for d in maps.datamap.dataset for c in d.collections}
    for at, collection in there.items():
        said = {link.columns for link in collection.meta.links}
        for link in live[at].links if at in live else ():
            target = there.get(link.target)
            if target is None or link.columns in said or link.target == at:
                continue
            if target.meta.holds in ("reference", "system") or not any(
                f.data_categories for f in target.fields
            ):
                continue
            columns = ", ".join(link.columns)
            yield Finding(
                "error",
                "undecided",
                f"the foreign key {'.'.join(at)} ({columns}) to {'.'.join(link.target)} is undecided",
                "what nobody decided erases nothing: an unreviewed map is refused",
                f"write it under meta.links: {{columns: [{columns}], to: …, kind: owner}}, or shared, or reference",
                maps.where(*at, link.columns[0]),
            )


def _erasable(live: LiveTable, table: TablePlan, maps: LoadedMap) -> Iterator[Finding]:
    """Erasing a value must not fail: NULL has to fit, or the map says what comes instead."""
    for column in table.columns:
        there = live.columns.get(column.name)
        if there is None or column.key or column.erased is not None or not there.required:
            continue
        yield Finding(
            "error",
            "not-erasable",
            f"column {live.schema}.{live.name}.{column.name} is NOT NULL, and the map does not say what it becomes",
            "a value that nothing keeps is erased, also while its row stays",
            f"ALTER TABLE … ALTER COLUMN {column.name} DROP NOT NULL, or write meta: {{erased: …}}",
            maps.where(live.schema, live.name, column.name),
        )


def _keys(live: LiveTable, table: TablePlan, maps: LoadedMap) -> Iterator[Finding]:
    if set(live.key) != set(table.key):
        yield Finding(
            "error",
            "other-key",
            f"table {live.schema}.{live.name} has the primary key ({', '.join(live.key) or 'none'}), "
            f"the map says ({', '.join(table.key)})",
            "a row must be named to be erased",
            "mark the same columns with fides_meta.primary_key",
            maps.where(live.schema, live.name),
        )


def _cuts(live: Live, plan: Plan) -> Iterator[Finding]:
    """A foreign key among personal tables cuts the link when its target goes; it never deletes, and never refuses."""
    guarded = {(t.schema, t.name) for t in plan.tables}
    for at in sorted(guarded & set(live)):
        for link in live[at].links:
            if link.target not in guarded:
                continue
            what = None
            if link.on_delete != "SET NULL":
                what = f"is ON DELETE {link.on_delete}"
            elif any(live[at].columns[c].required for c in link.columns):
                what = "is ON DELETE SET NULL on a column that is NOT NULL"
            if what:
                yield Finding(
                    "error",
                    "link-in-the-way",
                    f"foreign key {link.name} of {'.'.join(at)} {what}",
                    "rows go by plan alone: a link whose end goes is cut",
                    f"make it ON DELETE SET NULL, and {', '.join(link.columns)} nullable",
                )


# ---- plan against catalogue ----------------------------------------------------------------------------------------


def _drift(made: dict[str, Any], now: catalogue.Snapshot, current: bool) -> Iterator[Finding]:
    """Each thing that is not as the last installation left it. Under another plan, only what is gone or changed."""
    for one in catalogue.differences(made.get("catalogue", {}), now):
        if not current and one.how == "added":
            continue
        yield Finding("error", "drift", str(one), _DRIFT, _put_back(one))


def _put_back(one: catalogue.Difference) -> str:
    short = " ".join((one.was or one.now).split())[:160]
    if "partition" in f"{one.kind} {one.name}".split():
        return (
            "put the plan in force again (bloesem plan --apply --store URL): it closes what is a table's part"
        )
    if one.how == "added":
        return f"take it away: {short}" if short else "take it away, or put the plan in force again"
    return f"put the plan in force again (bloesem plan --apply --store URL); it was: {short}"


def _record(connection: Connection, plan: Plan, made: dict[str, Any]) -> Iterator[Finding]:
    """The append-only act of the activation holds the hash of the catalogue that was written down beside it."""
    row = connection.execute(
        f"SELECT counts ->> 'catalogue' FROM {ident(plan.schema)}.act WHERE kind = 'activation' ORDER BY id DESC LIMIT 1"
    ).fetchone()
    if row is not None and row[0] != catalogue_digest(made.get("catalogue", {})):
        yield Finding(
            "error",
            "record-changed",
            "what the last installation wrote down was changed afterwards",
            "an act is never rewritten",
            "find out who changed bloesem.installed; then put the plan in force again",
        )


def _strangers(connection: Connection, plan: Plan) -> Iterator[Finding]:
    """Grants on guarded tables and memberships in our roles that no plan gave, also when they were there before it."""
    ours = catalogue.role_names(plan)
    names = [f"{t.schema}\x1f{t.name}" for t in plan.tables]
    grants = connection.execute(
        "SELECT DISTINCT n.nspname || '.' || c.relname, COALESCE(g.rolname, 'public')::text"
        " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " LEFT JOIN pg_attribute t ON t.attrelid = c.oid AND t.attacl IS NOT NULL"
        " CROSS JOIN LATERAL (SELECT * FROM aclexplode(c.relacl) UNION ALL SELECT * FROM aclexplode(t.attacl)) a"
        " LEFT JOIN pg_roles g ON g.oid = a.grantee"
        " WHERE c.relkind IN ('r', 'p') AND a.grantee <> c.relowner"
        f" AND (n.nspname || E'\\x1f' || c.relname = ANY (%(tables)s) OR c.oid IN {catalogue.PARTITIONS})"
        " AND COALESCE(g.rolname, 'public') <> ALL (%(ours)s) ORDER BY 1, 2",
        {"tables": names, "ours": ours},
    ).fetchall()
    for table, role in grants:
        yield Finding(
            "error",
            "stranger",
            f"role {role} has grants on {table}, and is no role of the plan",
            "P-050: each role reads the columns of its purpose, and there are no other roles",
            f"REVOKE ALL ON {table} FROM {role}",
        )
    members = connection.execute(
        "SELECT m.rolname::text, r.rolname::text FROM pg_auth_members a JOIN pg_roles r ON r.oid = a.roleid"
        " JOIN pg_roles m ON m.oid = a.member WHERE r.rolname = ANY (%s) AND m.rolname <> ALL (%s)"
        " AND NOT EXISTS (SELECT FROM pg_auth_members made WHERE made.roleid = a.roleid AND made.member = a.member"
        " AND made.admin_option) ORDER BY 1, 2",
        [ours, ours],
    ).fetchall()
    for member, role in members:
        yield Finding(
            "error",
            "stranger",
            f"role {member} is a member of {role}, and is no process of the plan",
            "each process has a login of its own, a member of what it serves",
            f"REVOKE {role} FROM {member}",
        )


def _attributes(connection: Connection, plan: Plan) -> Iterator[Finding]:
    rows = connection.execute(
        "SELECT rolname::text, concat_ws(', ', CASE WHEN rolsuper THEN 'superuser' END,"
        " CASE WHEN rolcreaterole THEN 'createrole' END, CASE WHEN rolreplication THEN 'replication' END,"
        " CASE WHEN rolbypassrls AND rolname <> %s THEN 'bypassrls' END)"
        " FROM pg_roles WHERE rolname = ANY (%s) ORDER BY 1",
        [plan.role("keeper"), catalogue.role_names(plan)],
    ).fetchall()
    for role, more in rows:
        if more:
            yield Finding(
                "error",
                "role-too-strong",
                f"role {role} is {more}",
                "row policies do not hold for such a role",
                f"ALTER ROLE {role} NOSUPERUSER NOCREATEROLE NOREPLICATION NOBYPASSRLS",
            )


def _walls(connection: Connection) -> Iterator[Finding]:
    """On a managed server the functions that run text as SQL may not be ours to close."""
    rows = connection.execute(
        "SELECT DISTINCT p.proname::text FROM pg_proc p WHERE p.pronamespace = 'pg_catalog'::regnamespace"
        " AND p.oid::regprocedure::text = ANY (%s) AND (p.proacl IS NULL OR EXISTS"
        " (SELECT FROM aclexplode(p.proacl) a WHERE a.grantee = 0 AND a.privilege_type = 'EXECUTE')) ORDER BY 1",
        [[f.replace(", ", ",") for f in DANGEROUS]],
    ).fetchall()
    if rows:
        yield Finding(
            "warning",
            "open-function",
            f"everybody may call {', '.join(name for (name,) in rows)}",
            "a role is no wall inside one login while it can run text as SQL",
            "as superuser: put the plan in force again; on a managed server, ask its operator",
        )


def _bits(connection: Connection, plan: Plan) -> Iterator[Finding]:
    wanted = {bit.number: bit.key for bit in plan.bits}
    for number, key in connection.execute(
        f"SELECT number, key FROM {ident(plan.schema)}.purpose_bit"
    ).fetchall():
        if wanted and wanted.get(number) != key:
            yield Finding(
                "error",
                "other-bit",
                f"bit {number} is `{key}` in the database and `{wanted.get(number, 'nothing')}` in the registry",
                "a bit is allocated once, never reused: rows still hold it",
                f"put `{key}` back on number {number} in bits.yaml",
            )


def _clock(connection: Connection, plan: Plan) -> Iterator[Finding]:
    s = ident(plan.schema)
    row = connection.execute(
        f"SELECT {s}.today() - {s}.civil(now()), COALESCE((SELECT days FROM {s}.watermark), 0),"
        f" {s}.moment() = COALESCE((SELECT ((now() AT TIME ZONE 'Europe/Brussels') + make_interval(days => days))"
        f" AT TIME ZONE 'Europe/Brussels' FROM {s}.watermark WHERE days <> 0), now()),"
        f" (SELECT swept FROM {s}.watermark), {s}.today()"
    ).fetchone()
    if row is None:
        return
    ahead, said, exact, swept, today = row
    if ahead != said or not exact:
        yield Finding(
            "error",
            "drift",
            f"functions {plan.schema}.today() and {plan.schema}.moment() are not {said} days ahead of the real date",
            "a role reads by the date that the clock knows",
            "put the plan in force again",
        )
    if swept is not None and swept > today:
        yield Finding(
            "error",
            "clock-back",
            f"the clock has swept until {swept}, and today is {today}: the date went back",
            "the clock refuses to run earlier than its watermark",
            "mend the server's date, or set the demonstration's date to a later day",
        )


def _evidence(connection: Connection, plan: Plan) -> list[Finding]:
    """Of each declared measure of security (P-009)."""
    from bloesem.stores import measures  # which asks this module what stands

    return measures.findings(connection, plan) if plan.measures else []


def _holds(connection: Connection, plan: Plan) -> Iterator[Finding]:
    """A hold suspends erasure until somebody releases it, so that it was looked at again is worth asking."""
    s = ident(plan.schema)
    older = connection.execute(
        "SELECT NOT EXISTS (SELECT FROM information_schema.columns WHERE table_schema = %s"
        " AND table_name = 'fact' AND column_name = 'review_on')",
        [plan.schema],
    ).fetchone()
    if older is None or older[0]:
        return  # of an older plan, which is a finding of its own
    row = connection.execute(
        f"SELECT count(*) FROM {s}.fact WHERE kind = 'hold' AND review_on < {s}.today()"
        f" AND starts_at <= {s}.moment() AND (ends_at IS NULL OR ends_at > {s}.moment())"
    ).fetchone()
    if row is not None and row[0]:
        yield Finding(
            "warning",
            "late-review",
            f"{row[0]} holds are past the day on which they were to be looked at again",
            "P-074: a hold has an owner, a reason and a date of review, and ends with its case",
            "release what no case needs; of the others record a new hold, then close the old",
        )


def _masks(connection: Connection, plan: Plan, at: dt.datetime | None) -> Iterator[Finding]:
    if at is None:
        row = connection.execute(f"SELECT {ident(plan.schema)}.moment()").fetchone()
        assert row is not None
        at = row[0]
    found = compare(connection, plan, at)
    for table, rows in found.rows.items():
        if rows:
            yield Finding(
                "error",
                "masks",
                f"table {table}: the masks of {rows} rows are not what the facts say",
                "masks are a cache: rebuilding all of them changes 0 rows",
                "put the plan in force again with --force, and find out who wrote them",
            )
    if found.people:
        yield Finding(
            "error",
            "masks",
            f"the states of {found.people} people are not what the facts say",
            "masks are a cache: rebuilding all of them changes 0 rows",
            "put the plan in force again with --force, and find out who wrote them",
        )
    if found.overdue:
        yield Finding(
            "warning",
            "overdue",
            f"{found.overdue} rows are due and wait for the clock; nobody can read them",
            "nothing is stored more than 24 hours longer than promised",
            "run `bloesem sweep`",
        )

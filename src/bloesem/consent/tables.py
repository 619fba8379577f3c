"""The list of those who want no advertising, the do-not-call list, and the one function that records an objection.

`object_to_advertising(person, channel, how)` is the same for a link, a page, a signal, a letter that staff types in and an
address of the list: one statement, in one transaction, under the person's lock. in: `channel`, none for all of them. out:
`recorded`, `already` or `nobody`. It enters the person's addresses in the list first, since what follows may erase them.
"""

from __future__ import annotations

from psycopg import sql

from bloesem.consent.rules import Rules
from bloesem.plan.quoting import ident, literal, qualified
from bloesem.plan.sql.own import told_by
from bloesem.plan.sql.statement import Statement, listed, tidy
from bloesem.stores.postgres import Connection

TABLES = ("suppression", "phone_list", "phone_list_import")
#: The schema of the door's functions: those of Bloesem's own schema are the plan's, and compared with it.
DOOR = "door"
OBJECT = "object_to_advertising(bigint, text, text)"
SIGNAL = "signal(bigint)"


def install(admin: Connection, rules: Rules) -> None:
    """Makes what is not there, and the function anew, in one transaction. in: as superuser or keeper."""
    with admin.transaction():
        for statement in statements(rules):
            admin.execute(statement.sql.encode())


def statements(rules: Rules) -> list[Statement]:
    s, keeper = ident(rules.plan.schema), ident(rules.plan.role("keeper"))
    made = [
        ("the door's functions", f"CREATE SCHEMA IF NOT EXISTS {DOOR} AUTHORIZATION {keeper}"),
        ("the door's functions: nobody else's", f"REVOKE ALL ON SCHEMA {DOOR} FROM PUBLIC"),
        ("the list", _SUPPRESSION.format(s=s)),
        ("the do-not-call list", _PHONE_LIST.format(s=s)),
        ("its imports", _PHONE_LIST_IMPORT.format(s=s)),
        ("what the door asks of facts", _FACT_ASKED.format(s=s)),
        ("an objection", objection(rules)),
        ("an objection: the keeper's", f"ALTER FUNCTION {DOOR}.{OBJECT} OWNER TO {keeper}"),
        ("an objection: nobody else's", f"REVOKE EXECUTE ON FUNCTION {DOOR}.{OBJECT} FROM PUBLIC"),
        ("an objection: the keeper may", f"GRANT EXECUTE ON FUNCTION {DOOR}.{OBJECT} TO {keeper}"),
    ]
    made += [
        ("a browser's signal", signal(rules)),
        ("a browser's signal: the keeper's", f"ALTER FUNCTION {DOOR}.{SIGNAL} OWNER TO {keeper}"),
        ("a browser's signal: nobody else's", f"REVOKE EXECUTE ON FUNCTION {DOOR}.{SIGNAL} FROM PUBLIC"),
        ("a browser's signal: the keeper may", f"GRANT EXECUTE ON FUNCTION {DOOR}.{SIGNAL} TO {keeper}"),
    ]
    made.append(  # and is written down outside of the database (`plan.sql.journal`)
        (
            "the list: journal",
            _JOURNAL.format(s=s),
        )
    )
    for table in TABLES:
        made.append((f"{table}: keeper's", f"ALTER TABLE {s}.{table} OWNER TO {keeper}"))
        made.append((f"{table}: nobody else's", f"REVOKE ALL ON {s}.{table} FROM PUBLIC"))
    return [Statement("consent", about, tidy(text)) for about, text in made]


_SUPPRESSION = """
CREATE TABLE IF NOT EXISTS {s}.suppression (
    kind   text NOT NULL CHECK (kind IN ('email', 'phone', 'post')),
    digest bytea NOT NULL CHECK (length(digest) = 36), -- the key's number and HMAC-SHA256; the key is in no database
    scope  text NOT NULL,                              -- all, or one channel
    since  timestamptz NOT NULL,
    PRIMARY KEY (digest, scope)
)"""

_JOURNAL = """
CREATE OR REPLACE TRIGGER journal AFTER INSERT OR UPDATE ON {s}.suppression FOR EACH ROW
EXECUTE FUNCTION {s}.journal_listed()"""

_PHONE_LIST = """
CREATE TABLE IF NOT EXISTS {s}.phone_list (
    number text PRIMARY KEY -- E.164
)"""

_PHONE_LIST_IMPORT = """
CREATE TABLE IF NOT EXISTS {s}.phone_list_import (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    as_of       date NOT NULL,
    imported_at timestamptz NOT NULL,
    numbers     integer NOT NULL,
    digest      text NOT NULL
)"""

#: What decides about a message beside masks. Without it a campaign would read every event of everybody.
_FACT_ASKED = """
CREATE INDEX IF NOT EXISTS fact_asked ON {s}.fact (kind, key, person_id)
    WHERE kind IN ('objection', 'channel', 'consent', 'assessing', 'restriction')"""


def objection(rules: Rules) -> str:
    s, plan = ident(rules.plan.schema), rules.plan
    purposes = f"ARRAY[{', '.join(literal(p) for p in rules.advertising)}]"
    consents = [p for p in rules.advertising if plan.purpose(p).by_consent]
    table = qualified(rules.consents.schema, rules.consents.name)
    entries = []
    for point in rules.points_of_kind().values():
        planned = plan.table(point.table)
        channels = [name for name, points in rules.file.channels.items() if point in points]
        entries.append(
            f"SELECT {literal(point.kind)} AS kind, r.{ident(str(point.key))} AS digest,"
            f" ARRAY[{', '.join(literal(c) for c in channels)}] AS channels"
            f" FROM {qualified(planned.schema, planned.name)} r WHERE r.{ident(planned.owners[0])} = person"
        )
    return f"""
CREATE OR REPLACE FUNCTION {DOOR}.object_to_advertising(person bigint, by_channel text, how text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    at timestamptz := {s}.moment();
    present timestamptz;
    made integer;
    withdrawn integer := 0;
BEGIN
    IF {s}.lock_people(ARRAY[person]) = 0 THEN
        RETURN 'nobody';
    END IF;
    present := at + (clock_timestamp() - now()); -- whoever waited here began before what it waited for was recorded
    INSERT INTO {s}.suppression AS e (kind, digest, scope, since)
    SELECT DISTINCT ON (digest) kind, digest, COALESCE(by_channel, 'all'), at
    FROM ({listed(entries, joined=" UNION ALL ", by=10)}) AS own
    WHERE digest IS NOT NULL AND (by_channel IS NULL OR by_channel = ANY (channels))
    ON CONFLICT (digest, scope) DO UPDATE SET since = GREATEST(e.since, EXCLUDED.since);
    INSERT INTO {s}.fact (person_id, kind, key, starts_at)
    SELECT person, CASE WHEN by_channel IS NULL THEN 'objection' ELSE 'channel' END, k, at
    FROM unnest(CASE WHEN by_channel IS NULL THEN {purposes} ELSE ARRAY[by_channel] END) AS k
    WHERE NOT EXISTS (
        SELECT FROM {s}.fact f WHERE f.person_id = person AND f.key = k
            AND f.kind = CASE WHEN by_channel IS NULL THEN 'objection' ELSE 'channel' END
            AND f.starts_at <= present AND (f.ends_at IS NULL OR f.ends_at > at));
    GET DIAGNOSTICS made = ROW_COUNT;
    IF by_channel IS NULL THEN  -- an objection to what runs on consent is its withdrawal (P-164)
        UPDATE {table} SET withdrawn_at = at, withdrawn_how = object_to_advertising.how
        WHERE person_id = person AND withdrawn_at IS NULL AND given_at <= at
          AND part IN ({", ".join(literal(p) for p in consents) or "NULL"});
        GET DIAGNOSTICS withdrawn = ROW_COUNT;
    END IF;
    IF made + withdrawn = 0 THEN
        RETURN 'already';
    END IF;
    PERFORM {s}.refresh(ARRAY[person], at);
    IF by_channel IS NULL THEN
        {withdrawn_is_told(rules, "person", purposes)}
    END IF;
    RETURN 'recorded';
END $$"""


def withdrawn_is_told(rules: Rules, person: str, purposes: str) -> str:
    """PL/pgSQL: whoever got data of the person for these purposes is told that they may not use it for them any more (art.
    19; C-129/21). It expects a variable `at`."""
    s = ident(rules.plan.schema)
    return (
        f"PERFORM {s}.queue_notices(gen_random_uuid(), {person}, 'withdrawal', NULL, {purposes},"
        f" {told_by(rules.plan)}, at);"
    )


def signal(rules: Rules) -> str:
    """`signal(person)`: the browser of somebody who is signed in says `Sec-GPC: 1` (`consent.gpc`). out: was it news."""
    s = ident(rules.plan.schema)
    purposes = ", ".join(literal(key) for key in unasked(rules))
    return f"""
CREATE OR REPLACE FUNCTION {DOOR}.signal(person bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    at timestamptz := {s}.moment();
    present timestamptz;
    made integer;
BEGIN
    PERFORM 1 FROM {s}.state WHERE person_id = person FOR UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    present := at + (clock_timestamp() - now()); -- as in object_to_advertising
    INSERT INTO {s}.fact (person_id, kind, key, starts_at)
    SELECT person, 'objection', k, at FROM unnest(ARRAY[{purposes}]::text[]) AS k
    WHERE NOT EXISTS (
        SELECT FROM {s}.fact f WHERE f.person_id = person AND f.kind = 'objection' AND f.key = k
            AND f.starts_at <= present AND (f.ends_at IS NULL OR f.ends_at > at));
    GET DIAGNOSTICS made = ROW_COUNT;
    IF made > 0 THEN
        PERFORM {s}.refresh(ARRAY[person], at);
        {withdrawn_is_told(rules, "person", f"ARRAY[{purposes}]::text[]")}
    END IF;
    RETURN made > 0;
END $$"""


def unasked(rules: Rules) -> tuple[str, ...]:
    """Purposes of advertising that nobody agreed to by name."""
    return tuple(key for key in rules.advertising if not rules.plan.purpose(key).by_consent)


def object_to_advertising(
    connection: Connection, rules: Rules, person: int, *, channel: str | None = None, how: str = "desk"
) -> str:
    """Somebody wants no advertising: at once, by all channels, profiling and audiences included (P-166), or by one channel
    (P-092). No reason is asked, and none is kept. out: `recorded`, `already` or `nobody`."""
    with connection.transaction():
        row = connection.execute(
            sql.SQL("SELECT {}.object_to_advertising(%s, %s, %s)").format(sql.Identifier(DOOR)),
            [person, channel, how],
        ).fetchone()
    assert row is not None
    return str(row[0])

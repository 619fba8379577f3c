"""What has to be done again when the database comes back from a back-up: entries that wait to be written outside of it (P-107).

Whoever records a fact (an erasure, a restriction, an objection, a hold), ends one, ends a consent, or enters an address into
the list of those who want no advertising, leaves an entry in the same transaction, whoever it is. `ledger.journal` writes
entries to a file outside of the database and takes them away here. Facts that were read from a column come back with it, and
leave none.
"""

from __future__ import annotations

from bloesem.plan.model import Plan
from bloesem.plan.quoting import ident
from bloesem.plan.sql.statement import Statement, tidy

TABLES = ("journal_entry", "journal_mark")
#: Facts that no column says: nothing else brings them back.
_RECORDED = "NEW.source_row IS NULL"


def tables(plan: Plan) -> list[tuple[str, str]]:
    s = ident(plan.schema)
    return [
        ("journal: what waits", _ENTRY.format(s=s)),
        ("journal: how far it is written", _MARK.format(s=s)),
        ("journal: how far it is written, at first", _FIRST.format(s=s)),
    ]


def statements(plan: Plan) -> list[Statement]:
    s, keeper = ident(plan.schema), ident(plan.role("keeper"))
    made = [("journal: a fact", _FACT.format(s=s)), ("journal: the list", _LISTED.format(s=s))]
    for name in ("journal_fact()", "journal_listed()"):
        made += [
            (f"{name}: the keeper's", f"ALTER FUNCTION {s}.{name} OWNER TO {keeper}"),
            (f"{name}: nobody's to call", f"REVOKE EXECUTE ON FUNCTION {s}.{name} FROM PUBLIC"),
        ]
    made += [
        (
            "journal: a fact, trigger",
            f"CREATE OR REPLACE TRIGGER journal_new AFTER INSERT ON {s}.fact FOR EACH ROW WHEN ({_RECORDED})"
            f" EXECUTE FUNCTION {s}.journal_fact()",
        ),
        (
            "journal: the end of one, trigger",
            f"CREATE OR REPLACE TRIGGER journal_end AFTER UPDATE ON {s}.fact FOR EACH ROW"
            f" WHEN (NEW.ends_at IS DISTINCT FROM OLD.ends_at AND ({_RECORDED} OR NEW.kind = 'consent'))"
            f" EXECUTE FUNCTION {s}.journal_fact()",
        ),
    ]
    return [Statement("journal", about, tidy(sql)) for about, sql in made]


_ENTRY = """
CREATE TABLE IF NOT EXISTS {s}.journal_entry (
    id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    said jsonb NOT NULL
)"""

_MARK = """
CREATE TABLE IF NOT EXISTS {s}.journal_mark (
    one     boolean PRIMARY KEY DEFAULT true CHECK (one),
    written bigint NOT NULL DEFAULT 0   -- the last line of the file that this database knows of
)"""

_FIRST = """
INSERT INTO {s}.journal_mark DEFAULT VALUES ON CONFLICT DO NOTHING"""

#: Moments in microseconds: their text depends on settings.
_FACT = """
CREATE OR REPLACE FUNCTION {s}.journal_fact() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO {s}.journal_entry (said) VALUES (jsonb_strip_nulls(jsonb_build_object(
        'what', CASE WHEN NEW.source_row IS NULL THEN 'fact' ELSE 'consent' END,
        'person', NEW.person_id, 'kind', NEW.kind, 'key', NEW.key,
        'starts', (extract(epoch FROM NEW.starts_at) * 1000000)::bigint,
        'ends', (extract(epoch FROM NEW.ends_at) * 1000000)::bigint,
        'table', NEW.table_name, 'row', NEW.row_id,
        'held_by', NEW.held_by, 'reason', NEW.reason, 'review', NEW.review_on)));
    RETURN NULL;
END $$"""

_LISTED = """
CREATE OR REPLACE FUNCTION {s}.journal_listed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO {s}.journal_entry (said) VALUES (jsonb_build_object('what', 'listed', 'kind', NEW.kind,
        'digest', encode(NEW.digest, 'hex'), 'scope', NEW.scope,
        'since', (extract(epoch FROM NEW.since) * 1000000)::bigint));
    RETURN NULL;
END $$"""

__all__ = ["TABLES", "statements", "tables"]

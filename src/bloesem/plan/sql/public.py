"""What was made public of people, where, and by whom it was taken over (art. 17(2); R-027): tables of the keeper.

Whoever has a page or a copy is told of an erasure, and of a consent that ended, as whoever got data is (art. 19): by a notice
in the transaction of the change itself, with proof or escalation. What is public still is never forgotten by a clock.
"""

from __future__ import annotations

from bloesem.plan.model import Plan
from bloesem.plan.quoting import ident

#: How a notice names whoever has a page or a copy: this, and the row's number.
PUBLIC = "public:"
TABLES = ("made_public", "made_public_at")


def tables(plan: Plan) -> list[tuple[str, str]]:
    s = ident(plan.schema)
    return [
        ("what was made public", _PUBLIC.format(s=s)),
        (
            "what was made public: by person",
            f"CREATE INDEX IF NOT EXISTS made_public_person ON {s}.made_public (person_id)",
        ),
        ("what was made public: where it stands", _AT.format(s=s)),
    ]


_PUBLIC = """
CREATE TABLE IF NOT EXISTS {s}.made_public (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person_id  bigint NOT NULL,
    purpose    text NOT NULL,             -- the declared purpose for which it was
    table_name text NOT NULL,
    columns    text[] NOT NULL CHECK (cardinality(columns) > 0),
    at         timestamptz NOT NULL,
    by         text NOT NULL,
    withdrawn  date                       -- the day on which it was nowhere any more
)"""

#: `ours`: the page on which it was made public; the others linked or copied it.
_AT = """
CREATE TABLE IF NOT EXISTS {s}.made_public_at (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    public_id  bigint NOT NULL REFERENCES {s}.made_public ON DELETE CASCADE,
    ours       boolean NOT NULL,
    name       text NOT NULL CHECK (name ~ '[^[:space:]]' AND length(name) <= 200),
    contact    text CHECK (length(contact) <= 254), -- a mailbox; none: a person writes
    url        text NOT NULL CHECK (url ~ '^https?://' AND length(url) <= 500),
    noted_at   timestamptz NOT NULL
)"""


def told(s: str) -> str:
    """PL/pgSQL for `queue_notices`: a notice for each who has a page or a copy of what changed."""
    return f"""
    IF change IN ('erasure', 'withdrawal') THEN
        INSERT INTO {s}.notice (request, person_id, recipient, change, given, refs, due, asked_at)
        SELECT queue_notices.request, queue_notices.person, '{PUBLIC}' || a.id, queue_notices.change,
               jsonb_build_object(p.table_name, to_jsonb(p.columns)), '{{{{}}}}', queue_notices.due, queue_notices.now
        FROM {s}.made_public p JOIN {s}.made_public_at a ON a.public_id = p.id
        WHERE p.person_id = person AND p.withdrawn IS NULL AND (purposes IS NULL OR p.purpose = ANY (purposes))
          AND (fields IS NULL OR fields->p.table_name ?| p.columns)
        ORDER BY a.id
        ON CONFLICT ON CONSTRAINT notice_request_recipient_key DO NOTHING;
        GET DIAGNOSTICS more = ROW_COUNT;
    END IF;"""


__all__ = ["PUBLIC", "TABLES", "tables", "told"]

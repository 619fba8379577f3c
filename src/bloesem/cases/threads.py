"""A mail that answers a letter of ours belongs to its case: the function of the database.

By the Message-ID of a letter, of which the outbox has the hash: it holds a code that only the door makes, so that nobody
makes one up. Or by the number of the case in the subject, which anybody can write, from an address of the case: the one that
it came from, or one on file of whoever it is about.
"""

from __future__ import annotations

from bloesem.plan.model import Plan
from bloesem.plan.quoting import ident, qualified
from bloesem.rights.guarded.who import kind_of
from bloesem.sending.tables import LOST

MAILED = "case_mailed(text, text, text, text, text, timestamptz, text, text, bytea[], text[])"


def is_postal(address: str) -> bool:
    """Lines of a postal address; a mailbox has an @ instead."""
    return "@" not in address


def owners_of(plan: Plan, address: str) -> str:
    """Whose an e-mail address is, by what the map says identifies people. in: SQL of the address. out: a query."""
    found = [
        f"SELECT r.{ident(table.owners[column.owner])} AS person FROM {qualified(table.schema, table.name)} r"
        f" WHERE r.{ident(column.name)} = lower(btrim({address}))"
        for table in plan.tables
        for column in table.columns
        if column.identity and kind_of(column.identity) == "email"
    ]
    return " UNION ".join(found) or "SELECT NULL::bigint AS person WHERE false"


def lost(s: str) -> str:
    """Letters about cases that did not arrive, and of which the desk was not told. in: the schema, as SQL. out: a query."""
    return (
        f"SELECT o.id, o.template, c.id AS case_id FROM (SELECT id, template, once FROM {s}.outbox WHERE {LOST}"
        f" AND template LIKE 'case-%') AS o JOIN {s}.request_case c ON c.id = split_part(o.once, ':', 2)::bigint"
        f" WHERE NOT EXISTS (SELECT FROM {s}.request_event e WHERE e.once = 'lost ' || o.id)"
    )


def waits(s: str) -> str:
    """A test, in SQL: whether a letter was lost, and the desk does not know. in: the schema, quoted."""
    return f"EXISTS ({lost(s)})"


def sql(plan: Plan) -> str:
    """`case_mailed(kind, asked, language, address, words, received, site, once, hashes, numbers)`: the number of the case
    that the mail belongs to, or that it became.

    It joins an open case that asks the same, or where it is a question or in doubt: nobody has read it then, and the desk
    says so. A clock that stood for an answer runs again from its receipt (R-006); who somebody is, it does not prove. What
    plainly asks something else, or answers a case that has ended, has a clock of its own: a new case, which names the other.
    """
    return (
        """
CREATE OR REPLACE FUNCTION {s}.case_mailed(
    kind text, asked text, language text, address text, words text, received timestamptz, site text, once text,
    hashes bytea[], numbers text[]
) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found {s}.request_case;
    wrote text := {kept_words};
BEGIN
    SELECT * INTO found FROM {s}.request_case c WHERE c.once = case_mailed.once
        OR c.id = (SELECT e.case_id FROM {s}.request_event e WHERE e.once = case_mailed.once);
    IF found.id IS NOT NULL THEN
        RETURN found.number;
    END IF;
    SELECT c.* INTO found FROM {s}.request_case c WHERE c.id IN (
        SELECT split_part(o.once, ':', 2)::bigint FROM {s}.outbox o
        WHERE o.message_hash = ANY (hashes) AND o.template LIKE 'case-%')
    ORDER BY c.ended_at IS NULL DESC, c.id DESC LIMIT 1 FOR UPDATE;
    IF found.id IS NULL THEN
        SELECT c.* INTO found FROM {s}.request_case c
        WHERE c.number = ANY (numbers) AND case_mailed.address IS NOT NULL
          AND (lower(c.address) = lower(btrim(case_mailed.address)) OR c.person_id IN (OWNERS))
        ORDER BY c.ended_at IS NULL DESC, c.id DESC LIMIT 1 FOR UPDATE;
    END IF;
    IF found.id IS NULL OR found.state IN ({ended})
        OR (kind, asked) NOT IN (('request', 'other'), ('question', 'other'), (found.kind, found.asked)) THEN
        RETURN {s}.case_filed(kind, asked, 'email', language, NULL, address, words,
            CASE WHEN found.id IS NULL THEN '{{}}'::jsonb ELSE jsonb_build_object('follows', found.number) END,
            received, site, once);
    END IF;
    INSERT INTO {s}.request_event (case_id, at, what, by, said, once)
    VALUES (found.id, received, 'message', 'email', wrote, case_mailed.once);
    UPDATE {s}.request_case c SET params = c.params || '{{"message": true}}' WHERE c.id = found.id;
    IF found.stopped_at IS NOT NULL AND found.state <> 'asked' THEN
        UPDATE {s}.request_case c SET stopped_at = NULL, stops = c.stops ||
            jsonb_build_array(jsonb_build_array(found.stopped_at, GREATEST(found.stopped_at, received)))
        WHERE c.id = found.id;
        INSERT INTO {s}.request_event (case_id, at, what, by) VALUES (found.id, {s}.moment(), 'resumed', 'email');
    END IF;
    PERFORM pg_notify({channel}, '');
    RETURN found.number;
END $$"""
    ).replace("OWNERS", owners_of(plan, "case_mailed.address"))


__all__ = ["MAILED", "is_postal", "lost", "owners_of", "sql", "waits"]

"""The register of all breaches (art. 33(5)): entries, append-only, of the keeper; and the two functions by which the officer's
process reads it and adds to it. An entry names nobody whose data it was about: who was written to stands in the outbox.

What an entry may say is decided before it is written (`bloesem.breaches.rules`); here stands that nothing is changed after,
that two who write at once do not pass each other, and that each entry is an act. A breach goes whole, with the clock of
`law:accountability` from the day on which it was closed, and its number is given to no other.
"""

from __future__ import annotations

from bloesem.plan.model import Plan
from bloesem.plan.quoting import ident, literal
from bloesem.plan.sql.logbook import goes_with_clock
from bloesem.plan.sql.statement import Statement, tidy

TABLES = ("breach_entry",)
#: What an entry records, in the order of an ordinary breach.
KINDS = (
    *("recorded", "described", "risk", "notified", "supplemented", "whole"),
    *("letters", "exempt", "closed", "reopened"),
)
#: The error of an entry that was decided on another state than there is now.
OVERTAKEN = "BL002"
_READ = "breach_register()"
_NOTE = "breach_note(bigint, integer, text, jsonb, text)"
_FORGET = "forget_breaches(date, integer)"


def tables(plan: Plan) -> list[tuple[str, str]]:
    s, kinds = ident(plan.schema), ", ".join(literal(kind) for kind in KINDS)
    keeper = ident(plan.role("keeper"))
    made = [
        ("breaches", _ENTRY.format(s=s, kinds=kinds)),
        ("breaches: their numbers", f"CREATE SEQUENCE IF NOT EXISTS {s}.breach_number"),
        ("breaches: the keeper's numbers", f"ALTER SEQUENCE {s}.breach_number OWNER TO {keeper}"),
        ("breaches: nobody else's numbers", f"REVOKE ALL ON SEQUENCE {s}.breach_number FROM PUBLIC"),
        ("breaches go with their clock", goes_with_clock(plan, "breach_goes")),
    ]
    for name, on, each, function in (
        ("append_only", "UPDATE", "ROW", "append_only"),
        ("goes", "DELETE", "STATEMENT", "breach_goes"),
        ("never_emptied", "TRUNCATE", "STATEMENT", "append_only"),
    ):
        made.append(
            (
                f"breaches: {name}",
                f"CREATE OR REPLACE TRIGGER {name} BEFORE {on} ON {s}.breach_entry FOR EACH {each} "
                f"EXECUTE FUNCTION {s}.{function}()",
            )
        )
    return made


def statements(plan: Plan) -> list[Statement]:
    """The functions; the officer's process may call them, where the record names one."""
    s, keeper = ident(plan.schema), ident(plan.role("keeper"))
    made = [
        Statement("breach", "the register", tidy(_READ_SQL.format(s=s))),
        Statement("breach", "an entry", tidy(_NOTE_SQL.format(s=s, overtaken=literal(OVERTAKEN)))),
        Statement("breach", "what the law no longer asks to show", tidy(_FORGET_SQL.format(s=s))),
        Statement(
            "breach",
            "forget_breaches: the keeper's",
            f"ALTER FUNCTION {s}.{_FORGET} OWNER TO {keeper}",
        ),
        Statement(
            "breach",
            "forget_breaches: not for all",
            f"REVOKE EXECUTE ON FUNCTION {s}.{_FORGET} FROM PUBLIC",
        ),
    ]
    for signature in (_READ, _NOTE):
        name, function = signature.split("(")[0], f"{s}.{signature}"
        rights = [
            ("the keeper's", f"ALTER FUNCTION {function} OWNER TO {keeper}"),
            ("not for all", f"REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC"),
        ]
        if plan.oversight is not None:
            login = ident(plan.role(plan.oversight.process))
            rights.append(
                (f"{plan.oversight.process} may ask", f"GRANT EXECUTE ON FUNCTION {function} TO {login}")
            )
        made += [Statement("breach", f"{name}: {about}", sql) for about, sql in rights]
    return made


_ENTRY = """
CREATE TABLE IF NOT EXISTS {s}.breach_entry (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    breach   bigint NOT NULL CHECK (breach > 0),
    number   integer NOT NULL CHECK (number > 0),   -- of the breach's entries
    at       timestamptz NOT NULL,
    kind     text NOT NULL CHECK (kind IN ({kinds})),
    contents jsonb NOT NULL CHECK (jsonb_typeof(contents) = 'object' AND length(contents::text) <= 60000),
    actor    text NOT NULL CHECK (actor ~ '[^[:space:]]' AND length(actor) <= 200),
    login    text NOT NULL DEFAULT session_user,
    UNIQUE (breach, number),
    CHECK ((number = 1) = (kind = 'recorded'))
)"""

# Breaches that were closed before a day and not opened again, at most so many, whole. out: how many went.
_FORGET_SQL = """
CREATE OR REPLACE FUNCTION {s}.forget_breaches(before date, most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET application_name = 'bloesem clock' AS $$
DECLARE
    went integer;
BEGIN
    LOCK TABLE {s}.breach_entry IN SHARE ROW EXCLUSIVE MODE;
    WITH last AS (SELECT DISTINCT ON (e.breach) e.breach, e.kind, e.at FROM {s}.breach_entry e
                  ORDER BY e.breach, e.number DESC),
         over AS (SELECT l.breach FROM last l WHERE l.kind = 'closed' AND {s}.civil(l.at) < before
                  ORDER BY l.breach LIMIT most),
         gone AS (DELETE FROM {s}.breach_entry e USING over o WHERE e.breach = o.breach RETURNING e.breach)
    SELECT count(DISTINCT g.breach) INTO went FROM gone g;
    RETURN went;
END $$"""

_READ_SQL = """
CREATE OR REPLACE FUNCTION {s}.breach_register()
RETURNS TABLE (breach bigint, number integer, at timestamptz, kind text, contents jsonb, actor text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
SELECT e.breach, e.number, e.at, e.kind, e.contents, e.actor FROM {s}.breach_entry e ORDER BY e.breach, e.number
$$"""

# `seen`: how many entries the breach had when it was decided; 0 and no number: a new breach.
_NOTE_SQL = """
CREATE OR REPLACE FUNCTION {s}.breach_note(which bigint, seen integer, what text, said jsonb, by_whom text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    target bigint := which;
    there integer;
BEGIN
    LOCK TABLE {s}.breach_entry IN SHARE ROW EXCLUSIVE MODE;
    IF target IS NULL THEN
        SELECT GREATEST(COALESCE(max(e.breach), 0) + 1, (SELECT n.last_value + n.is_called::integer FROM {s}.breach_number n))
        INTO target FROM {s}.breach_entry e;
        PERFORM setval('{s}.breach_number', target);
    END IF;
    SELECT count(*) INTO there FROM {s}.breach_entry e WHERE e.breach = target;
    IF there <> seen OR (which IS NOT NULL AND there = 0) THEN
        RAISE EXCEPTION 'breach % has % entries, not %', target, there, seen USING ERRCODE = {overtaken};
    END IF;
    INSERT INTO {s}.breach_entry (breach, number, at, kind, contents, actor)
    VALUES (target, there + 1, {s}.moment(), what, said, by_whom);
    INSERT INTO {s}.act (as_of, kind, purpose, policy, counts)
    VALUES ({s}.moment(), 'breach', 'law:accountability', (SELECT i.policy FROM {s}.installed i ORDER BY i.id DESC LIMIT 1),
            jsonb_build_object('breach', target, 'entry', there + 1));
    RETURN target;
END $$"""

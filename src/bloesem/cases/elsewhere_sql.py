"""Whom the company asks what they have of somebody who asks for a copy (R-024): a table of the keeper's, and the functions
with which the officer's page sees and answers. What was delivered lies sealed for the helper alone, and goes with its case.
"""

from __future__ import annotations

from bloesem.cases.model import SQL_ENDED
from bloesem.plan.model import Plan
from bloesem.plan.quoting import ident, literal
from bloesem.plan.sql.logbook import HEAD, NOBODY, noted

TABLE = "request_elsewhere"
#: What is asked: a processor's own copy, paper, another system of the company, a back-up (only if it is lost elsewhere).
KINDS = ("processor", "paper", "system", "backup")
#: What they say: here it is, or nothing of this person.
SAID = ("data", "nothing")
TYPES = {"application/pdf": "pdf", "text/plain": "txt", "application/json": "json", "text/csv": "csv"}
#: Bytes of one delivery at most.
MOST = 10 * 1024 * 1024

LIST = "case_elsewhere(text, text)"
SAY = "case_elsewhere_said(text, text, text, text, text, integer, bytea)"
ASK = "case_elsewhere_ask(text, text, text)"
OFFICERS = (LIST, SAY, ASK)


def tables(s: str) -> list[tuple[str, str]]:
    kinds, said, types = (", ".join(map(literal, one)) for one in (KINDS, SAID, TYPES))
    return [
        ("asked elsewhere", f"""
CREATE TABLE IF NOT EXISTS {s}.{TABLE} (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id   bigint NOT NULL REFERENCES {s}.request_case ON DELETE CASCADE,
    place     text NOT NULL,             -- a recipient of the register, or a place of the record
    name      text NOT NULL,
    kind      text NOT NULL CHECK (kind IN ({kinds})),
    reference text NOT NULL,             -- by which number they know the person
    contact   text,                      -- their mailbox; none: the officer asks
    asked_at  timestamptz NOT NULL,
    due       date NOT NULL,
    said      text CHECK (said IN ({said})),
    by        text,
    said_at   timestamptz,
    type      text CHECK (type IN ({types})),
    size      integer CHECK (size BETWEEN 1 AND {MOST}),
    sealed    bytea,                     -- what they delivered, which the helper alone opens
    late_at   timestamptz,               -- when the officer was told that they do not answer
    UNIQUE (case_id, place),
    CHECK ((said IS NULL) = (said_at IS NULL) AND (said = 'data' OR sealed IS NULL))
)"""),
        ("asked elsewhere: who has not answered",
         f"CREATE INDEX IF NOT EXISTS {TABLE}_open ON {s}.{TABLE} (due) WHERE said IS NULL"),
    ]  # fmt: skip


def functions(plan: Plan) -> dict[str, str]:
    """By signature; CHANNEL is filled in where the others are."""
    s = ident(plan.schema)
    purpose = literal(plan.oversight.purpose) if plan.oversight else "'law:accountability'"
    who, head = NOBODY, HEAD
    said, types = (", ".join(map(literal, one)) for one in (SAID, TYPES))
    return {
        LIST: f"""
CREATE OR REPLACE FUNCTION {s}.case_elsewhere(actor text, which text) RETURNS jsonb {head}
DECLARE
    found {s}.request_case;
    whose bigint[];
    made bigint;
BEGIN
    IF {who} THEN
        RAISE EXCEPTION 'who looks says who they are' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT * INTO found FROM {s}.request_case c WHERE c.number = which;
    IF found.id IS NULL OR found.person_id IS NULL OR found.asked <> 'access' THEN
        RETURN NULL;
    END IF;
    whose := ARRAY[found.person_id];
    {noted(plan, actor="case_elsewhere.actor", purpose=purpose, about="found.id", second="NULL::text")}
    RETURN jsonb_build_object('number', found.number, 'state', found.state, 'ended', found.ended_at IS NOT NULL,
        'places', (SELECT COALESCE(jsonb_agg(to_jsonb(e) - '{{id,case_id,sealed}}'::text[] ORDER BY e.id), '[]')
                   FROM {s}.{TABLE} e WHERE e.case_id = found.id));
END $$""",
        SAY: f"""
CREATE OR REPLACE FUNCTION {s}.case_elsewhere_said(
    actor text, which text, place text, said text, type text, size integer, sealed bytea
) RETURNS text {head}
DECLARE
    it {s}.request_case;
BEGIN
    SELECT * INTO it FROM {s}.request_case c WHERE c.number = which FOR UPDATE;
    IF it.id IS NULL OR {who} OR (case_elsewhere_said.said IN ({said})) IS NOT TRUE OR length(sealed) > {MOST + 1024} THEN
        RETURN 'not-now';
    END IF;
    IF (case_elsewhere_said.said = 'data') IS DISTINCT FROM (sealed IS NOT NULL AND type IN ({types})) THEN
        RETURN 'what'; -- who says that there is something delivers it
    END IF;
    UPDATE {s}.{TABLE} e SET said = case_elsewhere_said.said, by = actor, said_at = {s}.moment(),
        type = case_elsewhere_said.type, size = case_elsewhere_said.size, sealed = case_elsewhere_said.sealed
    WHERE e.case_id = it.id AND e.place = case_elsewhere_said.place AND e.said IS NULL;
    IF NOT FOUND THEN
        RETURN 'already';
    END IF;
    INSERT INTO {s}.request_event (case_id, at, what, by, said)
    VALUES (it.id, {s}.moment(), 'elsewhere-said', actor, case_elsewhere_said.place || ': ' || case_elsewhere_said.said);
    PERFORM pg_notify(CHANNEL, '');
    RETURN CASE WHEN it.ended_at IS NULL THEN 'recorded' ELSE 'late' END;
END $$""",
        ASK: f"""
CREATE OR REPLACE FUNCTION {s}.case_elsewhere_ask(actor text, which text, place text) RETURNS text {head}
DECLARE
    found {s}.request_case;
BEGIN
    SELECT * INTO found FROM {s}.request_case c WHERE c.number = which FOR UPDATE;
    IF found.id IS NULL OR {who} OR found.asked <> 'access' OR found.state IN ({SQL_ENDED})
        OR (place ~ '^[a-z][a-z0-9_-]{{0,62}}$') IS NOT TRUE THEN
        RETURN 'not-now';
    END IF;
    IF EXISTS (SELECT FROM {s}.{TABLE} e WHERE e.case_id = found.id AND e.place = case_elsewhere_ask.place) THEN
        RETURN 'already';
    END IF;
    UPDATE {s}.request_case SET params = params || jsonb_build_object('ask', COALESCE(params->'ask', '[]') ||
        to_jsonb(place)) WHERE id = found.id;
    INSERT INTO {s}.request_event (case_id, at, what, by, said)
    VALUES (found.id, {s}.moment(), 'elsewhere-wanted', actor, place);
    PERFORM pg_notify(CHANNEL, '');
    RETURN 'recorded';
END $$""",
    }


__all__ = ["ASK", "KINDS", "LIST", "MOST", "OFFICERS", "SAID", "SAY", "TABLE", "TYPES", "functions", "tables"]

"""Who somebody is, and for whom they ask: the functions of the database for the officer (R-014, R-016)."""

from __future__ import annotations

from bloesem.cases.words import THEIRS
from bloesem.plan.quoting import literal

#: For whom somebody asks; of another it is shown by what right.
FOR_WHOM = ("self", "parent", "mandate")
#: How often what is known may be tried.
TRIES = 3
#: By what right somebody asks for another. An employer has none (R-016).
AUTHORITIES = ("parent", "guardian", "administrator", "mandate", "lawyer")
#: Those who act for a child, until it is of age.
OF_CHILDREN = ("parent", "guardian")

KNOWN = "case_known(text, text, bytea)"
FITS = "case_fits(text, text, boolean)"
BEHALF = "case_behalf(text, text, text)"
MANDATE = "case_mandate(text, text, text, text, date, text)"

COLUMNS = """
ALTER TABLE {s}.request_case ADD COLUMN IF NOT EXISTS known bytea,
    ADD COLUMN IF NOT EXISTS known_tries integer NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS fits bigint -- whom the words themselves fit, until the officer says whether it is so"""

#: `case_known(actor, number, sealed)`: recorded, never (an end to advertising asks nobody who they are), many, or not-now.
KNOWN_SQL = f"""
CREATE OR REPLACE FUNCTION {{s}}.case_known(actor text, which text, sealed bytea) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found {{s}}.request_case;
BEGIN
    SELECT * INTO found FROM {{s}}.request_case c WHERE c.number = which FOR UPDATE;
    IF found.id IS NULL OR found.person_id IS NOT NULL OR found.decided_at IS NOT NULL OR actor IS NULL
        OR actor !~ '[^[:space:]]' OR length(case_known.sealed) > 4000
        OR found.state NOT IN ('received', 'waiting', 'closed') OR found.params->>'waits' = 'mandate' THEN
        RETURN 'not-now';
    END IF;
    IF found.asked = 'marketing' THEN
        RETURN 'never';
    END IF;
    IF found.known_tries >= {TRIES} THEN
        RETURN 'many';
    END IF;
    UPDATE {{s}}.request_case SET known = case_known.sealed, known_tries = known_tries + 1 WHERE id = found.id;
    INSERT INTO {{s}}.request_event (case_id, at, what, by) VALUES (found.id, {{s}}.moment(), 'known-tried', actor);
    PERFORM pg_notify({{channel}}, '');
    RETURN 'recorded';
END $$"""


def to_look(s: str) -> str:
    """SQL of a query: cases of which nobody knows yet who it is, where something was written since it was looked for."""
    many = (
        f"(SELECT count(*)::int FROM {s}.request_event e WHERE e.case_id = c.id"
        f" AND e.what IN ({', '.join(map(literal, THEIRS))}))"
    )
    return (
        f"SELECT c.id, {many} AS many FROM {s}.request_case c WHERE c.state = 'waiting' AND c.person_id IS NULL"
        " AND c.params->>'waits' = 'known' AND COALESCE(c.params->>'on_behalf', 'self') = 'self'"
        f" AND (c.params->>'looked')::int IS DISTINCT FROM {many}"
    )


#: `case_fits(actor, number, yes)`: whether it is whom the words fit. Nobody is shown: the officer has read the words, and
#: knows by which things they fit. out: recorded, or not-now.
FITS_SQL = """
CREATE OR REPLACE FUNCTION {s}.case_fits(actor text, which text, yes boolean) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found {s}.request_case;
BEGIN
    SELECT * INTO found FROM {s}.request_case c WHERE c.number = which FOR UPDATE;
    IF found.id IS NULL OR found.fits IS NULL OR found.person_id IS NOT NULL OR found.decided_at IS NOT NULL
        OR found.state <> 'waiting' OR actor IS NULL OR actor !~ '[^[:space:]]' OR yes IS NULL THEN
        RETURN 'not-now';
    END IF;
    UPDATE {s}.request_case SET fits = NULL, person_id = CASE WHEN yes THEN found.fits END,
        state = CASE WHEN yes THEN 'identified' ELSE state END,
        params = CASE WHEN yes THEN params - '{{fits,waits}}'::text[] ELSE params - 'fits' END WHERE id = found.id;
    INSERT INTO {s}.request_event (case_id, at, what, by)
    VALUES (found.id, {s}.moment(), CASE WHEN yes THEN 'known' ELSE 'fits-not' END, actor);
    PERFORM pg_notify({channel}, '');
    RETURN 'recorded';
END $$"""

#: `case_mandate(actor, number, verdict, authority, born, because)`: confirmed or refused, with the reason. out: recorded,
#: why, never (who may not ask for anybody), born (of a child one has to know it), adult (its parent asks no more), not-now.
MANDATE_SQL = """
CREATE OR REPLACE FUNCTION {s}.case_mandate(
    actor text, which text, verdict text, authority text, born date, because text
) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found {s}.request_case;
    years integer := extract(year FROM age({s}.today(), born));
    at timestamptz := {s}.moment();
BEGIN
    SELECT * INTO found FROM {s}.request_case c WHERE c.number = which FOR UPDATE;
    IF found.id IS NULL OR found.state <> 'waiting' OR (found.params->>'waits') IS DISTINCT FROM 'mandate' OR actor IS NULL
        OR actor !~ '[^[:space:]]' OR (verdict IN ('confirmed', 'refused')) IS NOT TRUE THEN
        RETURN 'not-now';
    END IF;
    IF (because ~ '[^[:space:]]') IS NOT TRUE THEN
        RETURN 'why';
    END IF;
    IF verdict = 'refused' THEN
        UPDATE {s}.request_case SET state = 'decided', outcome = 'refused', reason = left(because, 4000), decided_by = actor,
            decided_at = at, params = params - 'waits' WHERE id = found.id;
    ELSE
        IF (authority IN ({authorities})) IS NOT TRUE THEN
            RETURN 'never';
        END IF;
        IF authority IN ({of_children}) AND (born IS NULL OR born > {s}.today()) THEN
            RETURN 'born';
        END IF;
        IF authority IN ({of_children}) AND years >= 18 THEN
            RETURN 'adult';
        END IF;
        UPDATE {s}.request_case SET params = params || jsonb_build_object('waits', 'known', 'mandate', jsonb_strip_nulls(
            jsonb_build_object('authority', authority, 'age', CASE WHEN authority IN ({of_children}) THEN years END,
                'by', actor, 'on', {s}.today()))) WHERE id = found.id;
    END IF;
    INSERT INTO {s}.request_event (case_id, at, what, by, said)
    VALUES (found.id, at, 'mandate-' || verdict, actor, left(because, 2000));
    PERFORM pg_notify({channel}, '');
    RETURN 'recorded';
END $$"""

#: `case_behalf(actor, number, about)`: for whom a mail or letter asks, where no form said it. out: recorded, already (it
#: says that), or not-now. Whoever asks for somebody else is asked by what right before anything is given; whoever turns out
#: to ask for themselves, who they are.
BEHALF_SQL = """
CREATE OR REPLACE FUNCTION {s}.case_behalf(actor text, which text, about text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found {s}.request_case;
    at timestamptz := {s}.moment();
    signed boolean; -- who signed in is known until it is noted where they are answered
BEGIN
    SELECT * INTO found FROM {s}.request_case c WHERE c.number = which FOR UPDATE;
    IF found.id IS NULL OR actor IS NULL OR actor !~ '[^[:space:]]' OR length(actor) > 200
        OR (about IN ({for_whom})) IS NOT TRUE OR found.state NOT IN ('received', 'asked', 'identified', 'waiting')
        OR found.decided_at IS NOT NULL OR found.acting_at IS NOT NULL OR found.params ? 'failed_in' THEN
        RETURN 'not-now';
    END IF;
    IF COALESCE(found.params->>'on_behalf', 'self') = about THEN
        RETURN 'already';
    END IF;
    signed := found.channel = 'page' AND found.person_id IS NOT NULL;
    UPDATE {s}.request_case c SET state = CASE WHEN signed THEN 'identified' ELSE 'received' END,
        person_id = CASE WHEN signed THEN c.person_id END, preview = NULL, stopped_at = NULL,
        prove_hash = NULL, params = c.params - '{{mandate,waits,next}}'::text[] || jsonb_build_object('on_behalf', about),
        stops = CASE WHEN c.stopped_at IS NULL THEN c.stops
                ELSE c.stops || jsonb_build_array(jsonb_build_array(c.stopped_at, at)) END
    WHERE c.id = found.id;
    INSERT INTO {s}.request_event (case_id, at, what, by, said) VALUES (found.id, at, 'behalf', actor, about);
    {resumed}
    PERFORM pg_notify({channel}, '');
    RETURN 'recorded';
END $$"""

__all__ = [
    "AUTHORITIES", "BEHALF", "BEHALF_SQL", "COLUMNS", "FITS", "FITS_SQL", "FOR_WHOM", "KNOWN", "KNOWN_SQL", "MANDATE",
    "MANDATE_SQL", "OF_CHILDREN", "TRIES", "to_look",
]  # fmt: skip

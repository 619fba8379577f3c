"""The privacy officer says what a case asks, where no form did (P-145, P-169): the function of the database.

Its clock runs from the receipt as before (R-005). Before it is decided only: what was judged was judged as what it was.
"""

from __future__ import annotations

MEANS = "case_means(text, text, text, text)"

#: What is no longer assessed is used again, but for what another case is about. In: `found`, the case that ended or became
#: another; `at`.
RESUMED = """
    IF (found.asked = 'objection' OR found.asked = 'erasure' AND found.params->>'ground' = 'c')
        AND found.person_id IS NOT NULL THEN
        PERFORM FROM {s}.state WHERE person_id = found.person_id FOR UPDATE;
        PERFORM {s}.close_fact(f.id, at) FROM {s}.fact f
        WHERE f.person_id = found.person_id AND f.kind = 'assessing' AND f.starts_at <= at
          AND (f.ends_at IS NULL OR f.ends_at > at)
          AND (NOT found.params ? 'purposes' OR found.params->'purposes' ? f.key)
          AND NOT EXISTS (SELECT FROM {s}.request_case o WHERE o.person_id = found.person_id
                          AND (o.asked = 'objection' OR o.asked = 'erasure' AND o.params->>'ground' = 'c')
                          AND o.id <> found.id
                          AND o.state NOT IN ({ended}) AND (NOT o.params ? 'purposes' OR o.params->'purposes' ? f.key));
    END IF;"""

#: `case_means(actor, number, kind, asked)`: recorded, already (it is that), or not-now.
#: Whoever asked for an end to advertising proved nothing, nor did whoever is unknown: they are asked who they are (R-014).
SQL = """
CREATE OR REPLACE FUNCTION {s}.case_means(actor text, which text, kind text, asked text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found {s}.request_case;
    failed boolean;
    proven boolean;
    at timestamptz := {s}.moment();
BEGIN
    SELECT * INTO found FROM {s}.request_case c WHERE c.number = which FOR UPDATE;
    IF found.id IS NULL OR actor IS NULL OR actor !~ '[^[:space:]]' OR length(actor) > 200
        OR (case_means.kind IN ({kinds}) AND case_means.asked IN ({rights})) IS NOT TRUE
        OR found.state NOT IN ('received', 'asked', 'identified', 'waiting') OR found.decided_at IS NOT NULL
        OR found.acting_at IS NOT NULL THEN
        RETURN 'not-now';
    END IF;
    failed := found.params ? 'failed_in';
    IF failed AND found.params->>'failed_in' NOT IN ('received', 'identified') THEN
        RETURN 'not-now'; -- it was decided already
    END IF;
    IF (found.kind, found.asked) = (case_means.kind, case_means.asked) THEN
        RETURN 'already';
    END IF;
    proven := found.channel = 'page' OR found.person_id IS NOT NULL AND found.asked <> 'marketing';
    UPDATE {s}.request_case c SET kind = case_means.kind, asked = case_means.asked, preview = NULL,
        params = CASE WHEN failed AND NOT proven THEN c.params || '{{"failed_in": "received"}}' ELSE c.params - 'waits' END,
        person_id = CASE WHEN proven THEN c.person_id END,
        state = CASE WHEN failed THEN c.state WHEN NOT proven THEN 'received'
                     WHEN c.state = 'asked' AND case_means.asked = 'marketing' THEN 'identified'
                     WHEN c.state = 'waiting' THEN 'identified' ELSE c.state END,
        stopped_at = CASE WHEN c.state = 'asked' AND case_means.asked = 'marketing' THEN NULL ELSE c.stopped_at END,
        stops = CASE WHEN c.state = 'asked' AND case_means.asked = 'marketing' AND c.stopped_at IS NOT NULL
                     THEN c.stops || jsonb_build_array(jsonb_build_array(c.stopped_at, at)) ELSE c.stops END
    WHERE c.id = found.id;
    INSERT INTO {s}.request_event (case_id, at, what, by, said)
    VALUES (found.id, at, 'means', actor, found.kind || ' ' || found.asked || ' → ' || case_means.kind || ' '
        || case_means.asked);
    {resumed}
    PERFORM pg_notify({channel}, '');
    RETURN 'recorded';
END $$"""

__all__ = ["MEANS", "RESUMED", "SQL"]

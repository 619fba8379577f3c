"""An objection to several uses is taken back one by one, by whoever made it: the function of the database (art. 21(1))."""

from __future__ import annotations

from bloesem.plan.model import Plan
from bloesem.plan.quoting import literal

NARROW = "case_own_narrow(text, text)"


def sql(plan: Plan) -> str:
    """`case_own_narrow(number, purpose)`: from now on the case is not about that use, which goes on, but where another open
    case is about it; without any use left the case is withdrawn. out: recorded, or not-now."""
    assessed = ", ".join(literal(p.key) for p in plan.purposes if p.objection == "assessed" and p.active)
    return (
        """
CREATE OR REPLACE FUNCTION {s}.case_own_narrow(which text, purpose text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me bigint;
    found {s}.request_case;
    covered jsonb;
    at timestamptz := {s}.moment();
BEGIN{require_me}
    SELECT * INTO found FROM {s}.request_case c WHERE c.number = which AND c.person_id = me AND c.asked = 'objection'
        AND c.kind = 'request' AND c.state IN ('received', 'asked', 'identified', 'waiting') FOR UPDATE;
    covered := COALESCE(found.params->'purposes', to_jsonb(ARRAY[ASSESSED]::text[]));
    IF found.id IS NULL OR (covered ? case_own_narrow.purpose) IS NOT TRUE THEN
        RETURN 'not-now';
    END IF;
    IF jsonb_array_length(covered) = 1 THEN
        RETURN CASE WHEN {s}.case_own_withdraw(which) THEN 'recorded' ELSE 'not-now' END;
    END IF;
    UPDATE {s}.request_case c SET params = c.params || jsonb_build_object('purposes', covered - case_own_narrow.purpose)
    WHERE c.id = found.id;
    INSERT INTO {s}.request_event (case_id, at, what, by, said) VALUES (found.id, at, 'narrowed', 'person', purpose);
    PERFORM {s}.lock_people(ARRAY[me]);
    PERFORM {s}.close_fact(f.id, at) FROM {s}.fact f
    WHERE f.person_id = me AND f.kind = 'assessing' AND f.key = purpose AND f.starts_at <= at
      AND (f.ends_at IS NULL OR f.ends_at > at)
      AND NOT EXISTS (SELECT FROM {s}.request_case o WHERE o.person_id = me AND o.asked = 'objection' AND o.id <> found.id
                      AND o.state NOT IN ({ended}) AND (NOT o.params ? 'purposes' OR o.params->'purposes' ? purpose));
    RETURN 'recorded';
END $$"""
    ).replace("ASSESSED", assessed)


__all__ = ["NARROW", "sql"]

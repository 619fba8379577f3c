"""What a person asks and does about themselves, inside their own scope, and the notices that follow from a change (art. 19).

The `own_…` functions know the person by the signed scope alone (`scope('person')`): no argument names anybody, so nobody
is asked about, or spoken for, but whoever signed in. They are the keeper's; a login that opens a person's own scope may call
them, and has no right on any table behind them.
"""

from __future__ import annotations

from bloesem.plan.model import Plan
from bloesem.plan.quoting import ident, literal
from bloesem.plan.sql import public
from bloesem.plan.sql.disclosure import spoken_of
from bloesem.plan.sql.logbook import doormen
from bloesem.plan.sql.statement import Statement, tidy

_OWN = (
    "own_facts()",
    "own_recipients()",
    "own_notices()",
    "own_readings()",
    "own_objection(text)",
    "own_objection_back(text)",
)
QUEUE = "queue_notices(uuid, bigint, text, jsonb, text[], date, timestamptz)"


def statements(plan: Plan) -> list[Statement]:
    s, keeper = ident(plan.schema), ident(plan.role("keeper"))
    made = [
        Statement("own", "who is told of a change", tidy(_QUEUE_SQL.format(s=s))),
        Statement("own", "what is recorded of oneself", tidy(_FACTS.format(s=s))),
        Statement("own", "who got what of oneself", tidy(_RECIPIENTS.format(s=s))),
        Statement("own", "who is told of one's changes", tidy(_NOTICES.format(s=s))),
        Statement("own", "who read oneself", tidy(_READINGS.format(s=s))),
        Statement("own", "an objection of one's own", _objection(plan)),
        Statement("own", "an objection is taken back", _back(plan)),
    ]
    logins = ", ".join(ident(plan.role(login)) for login in doormen(plan))
    for signature in (QUEUE, *_OWN):
        name, function = signature.split("(")[0], f"{s}.{signature}"
        made.append(Statement("own", f"{name}: the keeper's", f"ALTER FUNCTION {function} OWNER TO {keeper}"))
        made.append(
            Statement("own", f"{name}: not for all", f"REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC")
        )
        if logins and signature != QUEUE:
            made.append(
                Statement(
                    "own", f"{name}: who may call it", f"GRANT EXECUTE ON FUNCTION {function} TO {logins}"
                )
            )
    return made


def told_by(plan: Plan) -> str:
    """The last civil day on which whoever got what changed is to have shown that it did likewise."""
    return f"({ident(plan.schema)}.today() + interval {literal(plan.told_within)})::date"


#: PL/pgSQL that refuses whoever opened no person's scope; it sets `me`.
REQUIRE_ME = """
    me := {s}.scope('person');
    IF me IS NULL THEN
        RAISE EXCEPTION 'nobody''s own scope is open' USING ERRCODE = 'insufficient_privilege';
    END IF;"""

# One notice per recipient that got any of this: what it has of it, and under which number it knows the person.
_QUEUE_SQL = (
    """
CREATE OR REPLACE FUNCTION {s}.queue_notices(
    request uuid, person bigint, change text, fields jsonb, purposes text[], due date, now timestamptz
) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    made integer;
    more integer := 0;
BEGIN
    WITH hit AS (
        SELECT d.recipient, d.id, g.reference, g.table_name, c.name, c.place
        FROM {s}.disclosed g JOIN {s}.disclosure d ON d.id = g.disclosure_id,
             unnest(g.columns) WITH ORDINALITY AS c (name, place)
        WHERE g.person_id = person AND (purposes IS NULL OR d.purpose = ANY (purposes))
          AND (fields IS NULL OR fields->g.table_name ? c.name)
    ), columns AS (
        SELECT recipient, table_name, name, min(id) AS first, min(place) AS place FROM hit GROUP BY 1, 2, 3
    ), tables AS (
        SELECT recipient, table_name, jsonb_agg(name ORDER BY first, place) AS names FROM columns GROUP BY 1, 2
    ), told AS (
        SELECT t.recipient, jsonb_object_agg(t.table_name, t.names) AS given,
               (SELECT jsonb_object_agg(h.id::text, h.reference) FROM hit h WHERE h.recipient = t.recipient) AS refs
        FROM tables t GROUP BY 1
    )
    INSERT INTO {s}.notice (request, person_id, recipient, change, given, refs, due, asked_at)
    SELECT queue_notices.request, queue_notices.person, t.recipient, queue_notices.change, t.given, t.refs,
           queue_notices.due, queue_notices.now
    FROM told t ORDER BY t.recipient
    ON CONFLICT ON CONSTRAINT notice_request_recipient_key DO NOTHING;
    GET DIAGNOSTICS made = ROW_COUNT;"""
    + public.told("{s}")
    + """
    RETURN made + more;
END $$"""
)

_BEGIN = (
    """
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me bigint;
BEGIN"""
    + REQUIRE_ME
)

# Who answers for a hold is somebody else, and is not told (C-579/21).
_FACTS = (
    "CREATE OR REPLACE FUNCTION {s}.own_facts() RETURNS TABLE (kind text, key text, starts_at timestamptz,"
    " ends_at timestamptz, table_name text, row_id bigint)"
    + _BEGIN
    + """
    RETURN QUERY SELECT f.kind, f.key, f.starts_at, f.ends_at, f.table_name, f.row_id
    FROM {s}.fact f WHERE f.person_id = me ORDER BY f.id;
END $$"""
)

_RECIPIENTS = (
    "CREATE OR REPLACE FUNCTION {s}.own_recipients() RETURNS TABLE (recipient text, name text, kind text, purpose text,"
    " ground text, transfers jsonb, ends date, at timestamptz, table_name text, columns text[])"
    + _BEGIN
    + """
    RETURN QUERY SELECT d.recipient, d.name, d.kind, d.purpose, d.ground, d.transfers, d.ends, d.at, g.table_name, g.columns
    FROM {s}.disclosed g JOIN {s}.disclosure d ON d.id = g.disclosure_id
    WHERE g.person_id = me AND """
    + spoken_of("{s}", "d")
    + """ ORDER BY d.id, g.table_name;
END $$"""
)

_NOTICES = (
    "CREATE OR REPLACE FUNCTION {s}.own_notices() RETURNS TABLE (recipient text, change text, asked_at timestamptz,"
    " sent_at timestamptz, proven_at timestamptz)"
    + _BEGIN
    + """
    RETURN QUERY SELECT n.recipient, n.change, n.asked_at, n.sent_at, n.proven_at
    FROM {s}.notice n WHERE n.person_id = me
      AND EXISTS (SELECT FROM {s}.disclosure d WHERE n.refs ? d.id::text AND """
    + spoken_of("{s}", "d")
    + """) ORDER BY n.id DESC LIMIT 100;
END $$"""
)

# By day and purpose; by whom is the reader's own data (C-579/21).
_READINGS = (
    "CREATE OR REPLACE FUNCTION {s}.own_readings() RETURNS TABLE (day date, purpose text, times bigint)"
    + _BEGIN
    + """
    RETURN QUERY SELECT {s}.civil(r.at), r.purpose, count(*) FROM {s}.reading r WHERE r.person_id = me
    GROUP BY 1, 2 ORDER BY 1 DESC, 2 LIMIT 500;
END $$"""
)


def _objection(plan: Plan) -> str:
    """`own_objection(purpose)`: to what runs on legitimate interest and is no advertising (art. 21(1)): from now on it is
    being assessed, and meanwhile nothing is read for that purpose. Whoever got data for it is told to do likewise. out:
    `recorded` or `already`."""
    s = ident(plan.schema)
    assessed = [p.key for p in plan.purposes if p.objection == "assessed" and p.active]
    return tidy(
        f"""
CREATE OR REPLACE FUNCTION {s}.own_objection(to_purpose text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me bigint;
    at timestamptz := {s}.moment();
BEGIN{REQUIRE_ME.format(s=s)}
    IF (to_purpose = ANY (ARRAY[{", ".join(map(literal, assessed))}]::text[])) IS NOT TRUE THEN
        RAISE EXCEPTION 'no objection to that purpose is assessed' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM {s}.lock_people(ARRAY[me]);
    IF EXISTS (SELECT FROM {s}.fact f WHERE f.person_id = me AND f.kind IN ('assessing', 'objection') AND f.key = to_purpose
               AND f.starts_at <= at AND (f.ends_at IS NULL OR f.ends_at > at)) THEN
        RETURN 'already';
    END IF;
    PERFORM {s}.record_fact(me, 'assessing', to_purpose, at);
    PERFORM {s}.queue_notices(gen_random_uuid(), me, 'restriction', NULL, ARRAY[to_purpose], {told_by(plan)}, at);
    RETURN 'recorded';
END $$"""
    )


def _back(plan: Plan) -> str:
    """`own_objection_back(purpose)`: what is still being assessed is taken back. out: `recorded`, or `already` when nothing
    is (any more): what was decided is not undone from here."""
    s = ident(plan.schema)
    return tidy(
        f"""
CREATE OR REPLACE FUNCTION {s}.own_objection_back(to_purpose text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me bigint;
    at timestamptz := {s}.moment();
    closed integer;
BEGIN{REQUIRE_ME.format(s=s)}
    PERFORM {s}.lock_people(ARRAY[me]);
    PERFORM {s}.close_fact(f.id, at) FROM {s}.fact f
    WHERE f.person_id = me AND f.kind = 'assessing' AND f.key = to_purpose
      AND f.starts_at <= at AND (f.ends_at IS NULL OR f.ends_at > at);
    GET DIAGNOSTICS closed = ROW_COUNT;
    RETURN CASE WHEN closed > 0 THEN 'recorded' ELSE 'already' END;
END $$"""
    )


__all__ = ["QUEUE", "REQUIRE_ME", "statements", "told_by"]

"""What was disclosed to whom, and who is to be told of changes: tables of the keeper, append-only, and the functions with
which a process writes them in the transaction of its export (P-125, P-130; art. 19).

A disclosure names no person; `disclosed` says of each person which columns of which table went. Both have the clock of
accountability: `disclosed` and `notice` name people, so the sweep lets them go.
"""

from __future__ import annotations

from bloesem.plan.model import Plan, ServicePlan
from bloesem.plan.quoting import ident, literal, qualified
from bloesem.plan.sql.logbook import goes_with_clock, require_served
from bloesem.plan.sql.statement import Statement, tidy

TABLES = ("disclosure", "disclosed", "notice", "disclosure_end", "disclosure_silence")
#: Those that name people, with the column of their day: they go when the law no longer asks to show it.
NAMING = {"disclosed": "at", "notice": "asked_at"}

#: The error of a recipient that still has what should have come back.
OVERDUE = "BL001"

_HOLD_STILL = "hold_still(text, bigint[], text)"
_DISCLOSE = "record_disclosure(text, jsonb, bytea, date)"
_GIVEN = "record_disclosed(bigint, text, text[], bigint[], integer[])"
_KNOWN = "disclosure_known(bytea)"
_NUMBERS = "feed_numbers(text, text, bigint[])"
_SIGNATURES = (_HOLD_STILL, _DISCLOSE, _GIVEN, _KNOWN, _NUMBERS)
#: The first of the numbers by which recipients know people in a feed.
FEED = 1 << 30


def tables(plan: Plan) -> list[tuple[str, str]]:
    """The statements that make the tables, with what each is about."""
    s = ident(plan.schema)
    made = [
        ("what was disclosed", _DISCLOSURE.format(s=s)),
        ("what was disclosed: what comes back", _BACK.format(s=s)),
        ("what came back", _END.format(s=s)),
        ("of what the person may not hear", _SILENCE.format(s=s)),
        ("what was disclosed: of whom", _DISCLOSED.format(s=s)),
        (
            "what was disclosed: by person",
            f"CREATE INDEX IF NOT EXISTS disclosed_person ON {s}.disclosed (person_id)",
        ),
        ("who is to be told", _NOTICE.format(s=s)),
        ("who is to be told: how often it was offered", _TRIES.format(s=s)),
        (
            "who is to be told: by person",
            f"CREATE INDEX IF NOT EXISTS notice_person ON {s}.notice (person_id)",
        ),
        (
            "who is to be told: what is open",
            f"CREATE INDEX IF NOT EXISTS notice_open ON {s}.notice (due) WHERE proven_at IS NULL",
        ),
        ("who is to be told: forward only", _FORWARD.format(s=s)),
        ("disclosures go with their clock", goes_with_clock(plan, "disclosure_goes")),
        (
            "who is to be told: forward only, trigger",
            f"CREATE OR REPLACE TRIGGER forward_only BEFORE UPDATE ON {s}.notice FOR EACH ROW "
            f"EXECUTE FUNCTION {s}.notice_forward()",
        ),
    ]
    for name in TABLES:
        if name != "notice":
            made.append(
                (f"{name}: append-only", _trigger(s, name, "append_only", "UPDATE", "ROW", "append_only"))
            )
        goes = "disclosure_goes" if name in NAMING else "append_only"
        made.append((f"{name}: goes with its clock", _trigger(s, name, "goes", "DELETE", "STATEMENT", goes)))
        made.append(
            (
                f"{name}: never emptied",
                _trigger(s, name, "never_emptied", "TRUNCATE", "STATEMENT", "append_only"),
            )
        )
    return made


def _trigger(s: str, table: str, name: str, on: str, each: str, function: str) -> str:
    return (
        f"CREATE OR REPLACE TRIGGER {name} BEFORE {on} ON {s}.{table} FOR EACH {each} "
        f"EXECUTE FUNCTION {s}.{function}()"
    )


# `xact`: the transaction that wrote it; nobody adds people to a disclosure that is committed.
_DISCLOSURE = """
CREATE TABLE IF NOT EXISTS {s}.disclosure (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    as_of      timestamptz NOT NULL,   -- the moment for which it was decided
    recipient  text NOT NULL,
    name       text NOT NULL,          -- as the register had it then
    kind       text NOT NULL,
    purpose    text NOT NULL,
    ground     text NOT NULL,
    assignment text,
    transfers  jsonb NOT NULL DEFAULT '[]',  -- country, mechanism and ways of each
    manifest   bytea NOT NULL UNIQUE CHECK (length(manifest) = 32),
    policy     date NOT NULL,
    ends       date,                   -- when the recipient returns or erases it, where a day was agreed
    login      text NOT NULL DEFAULT session_user,
    xact       xid8 NOT NULL DEFAULT pg_current_xact_id()
)"""

#: `back`: what the recipient confirms by `ends`, and whether by a certificate (`certified`); `purges`: our copy of the files goes then too; `decided_by`: who gave, and
#: who agreed.
_BACK = """
ALTER TABLE {s}.disclosure ADD COLUMN IF NOT EXISTS back text CHECK (back IN ('returned', 'destroyed', 'dispatched')),
    ADD COLUMN IF NOT EXISTS purges boolean NOT NULL DEFAULT false,
    ADD COLUMN IF NOT EXISTS decided_by jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN IF NOT EXISTS certified boolean NOT NULL DEFAULT false"""

#: Once each: what the recipient confirmed, on which day and by which proof; and that our own copy of the files is gone.
_END = """
CREATE TABLE IF NOT EXISTS {s}.disclosure_end (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    disclosure_id bigint NOT NULL REFERENCES {s}.disclosure,
    how           text NOT NULL CHECK (how IN ('confirmed', 'purged')),
    said          text NOT NULL CHECK (said IN ('returned', 'destroyed', 'dispatched', 'purged')),
    happened_on   date NOT NULL,
    proof         text NOT NULL CHECK (proof ~ '[^[:space:]]' AND length(proof) <= 500),
    certificate   bytea CHECK (length(certificate) = 32),
    noted_at      timestamptz NOT NULL,
    UNIQUE (disclosure_id, how)
)"""

#: Of a disclosure whose person a law forbids to tell: that it began, by which law, and that it ended. Once each.
_SILENCE = """
CREATE TABLE IF NOT EXISTS {s}.disclosure_silence (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    disclosure_id bigint NOT NULL REFERENCES {s}.disclosure,
    how           text NOT NULL CHECK (how IN ('begun', 'ended')),
    because       text NOT NULL CHECK (because ~ '[^[:space:]]'),
    at            timestamptz NOT NULL,
    UNIQUE (disclosure_id, how)
)"""

_DISCLOSED = """
CREATE TABLE IF NOT EXISTS {s}.disclosed (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    disclosure_id bigint NOT NULL REFERENCES {s}.disclosure,
    person_id     bigint NOT NULL,
    reference     integer NOT NULL,    -- the person's number in that file, which has none of ours
    table_name    text NOT NULL,
    columns       text[] NOT NULL,
    at            timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (disclosure_id, person_id, table_name)
)"""

_NOTICE = """
CREATE TABLE IF NOT EXISTS {s}.notice (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    request      uuid NOT NULL,        -- of one change; each recipient gets its own notice
    person_id    bigint NOT NULL,
    recipient    text NOT NULL,
    change       text NOT NULL CHECK (change IN ('rectification', 'erasure', 'restriction', 'withdrawal')),
    given        jsonb NOT NULL,       -- table -> columns that this recipient has
    refs         jsonb NOT NULL,       -- disclosure -> the person's number in that file
    due          date NOT NULL,
    asked_at     timestamptz NOT NULL,
    sent_at      timestamptz,
    sent_to      text,
    proven_at    timestamptz,
    proof        text,
    escalated_at timestamptz,
    UNIQUE (request, recipient),
    CHECK (proven_at IS NULL OR sent_at IS NOT NULL)
)"""

#: How often a recipient's server was offered it, from when on it is again, and whether it refused for good.
_TRIES = """
ALTER TABLE {s}.notice ADD COLUMN IF NOT EXISTS tries integer NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS next_at timestamptz,
    ADD COLUMN IF NOT EXISTS refused boolean NOT NULL DEFAULT false"""

_FORWARD = """
CREATE OR REPLACE FUNCTION {s}.notice_forward() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF (NEW.id, NEW.request, NEW.person_id, NEW.recipient, NEW.change, NEW.given, NEW.refs, NEW.due, NEW.asked_at)
       IS DISTINCT FROM
       (OLD.id, OLD.request, OLD.person_id, OLD.recipient, OLD.change, OLD.given, OLD.refs, OLD.due, OLD.asked_at)
       OR (OLD.sent_at IS NOT NULL AND (NEW.sent_at, NEW.sent_to) IS DISTINCT FROM (OLD.sent_at, OLD.sent_to))
       OR (OLD.proven_at IS NOT NULL AND (NEW.proven_at, NEW.proof) IS DISTINCT FROM (OLD.proven_at, OLD.proof))
       OR (OLD.escalated_at IS NOT NULL AND NEW.escalated_at IS DISTINCT FROM OLD.escalated_at) THEN
        RAISE EXCEPTION 'a notice goes forward only: queued, sent, proven' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$"""


def statements(plan: Plan) -> list[Statement]:
    s, keeper = ident(plan.schema), ident(plan.role("keeper"))
    made = [
        Statement("disclosure", "people hold still while they are read", _hold_still(plan)),
        Statement("disclosure", "a disclosure is written down", _disclose(plan)),
        Statement("disclosure", "of whom, and what", tidy(_GIVEN_SQL.format(s=s))),
        Statement("disclosure", "by which number a feed knows somebody", _numbers(plan)),
        Statement("disclosure", "whether it was committed", tidy(_KNOWN_SQL.format(s=s))),
        Statement("disclosure", "what the law no longer asks to show", _forget(plan)),
        Statement(
            "disclosure",
            "forget_disclosed: the keeper's",
            f"ALTER FUNCTION {s}.forget_disclosed(date, integer) OWNER TO {keeper}",
        ),
        Statement(
            "disclosure",
            "forget_disclosed: not for all",
            f"REVOKE EXECUTE ON FUNCTION {s}.forget_disclosed(date, integer) FROM PUBLIC",
        ),
    ]
    logins = ", ".join(ident(plan.role(login)) for login in plan.processes)
    for signature in _SIGNATURES:
        name, function = signature.split("(")[0], f"{s}.{signature}"
        made.append(
            Statement("disclosure", f"{name}: the keeper's", f"ALTER FUNCTION {function} OWNER TO {keeper}")
        )
        made.append(
            Statement(
                "disclosure", f"{name}: not for all", f"REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC"
            )
        )
        if logins:
            made.append(
                Statement(
                    "disclosure",
                    f"{name}: who may call it",
                    f"GRANT EXECUTE ON FUNCTION {function} TO {logins}",
                )
            )
    return made


def _hold_still(plan: Plan) -> str:
    """Locks the states of these people until the transaction ends, so that nobody's objection, restriction or erasure
    falls between two of its reads. out: those who are known, and have `service` where one is asked (P-115)."""
    s = ident(plan.schema)
    of = next((t.needs_service for t in plan.tables if t.needs_service is not None), None)
    has = _has_service(plan, of) if of is not None else "false"
    return tidy(
        f"""
CREATE OR REPLACE FUNCTION {s}.hold_still(purpose text, people bigint[], service text) RETURNS SETOF bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    role text;
    today date := {s}.today();
BEGIN{require_served(plan)}
    PERFORM FROM {s}.state st WHERE st.person_id = ANY (people) ORDER BY st.person_id FOR SHARE;
    RETURN QUERY
    SELECT st.person_id FROM {s}.state st
    WHERE st.person_id = ANY (people) AND (hold_still.service IS NULL OR {has})
    ORDER BY st.person_id;
END $$"""
    )


def spoken_of(schema: str, disclosure: str) -> str:
    """The condition that no law forbids to tell people of a disclosure (P-128). in: names, quoted, of schema and alias."""
    silent = f"SELECT FROM {schema}.disclosure_silence q WHERE q.disclosure_id = {disclosure}.id AND q.how ="
    return f"(NOT EXISTS ({silent} 'begun') OR EXISTS ({silent} 'ended'))"


def _has_service(plan: Plan, of: ServicePlan) -> str:
    since = f" AND COALESCE(o.{ident(of.since)} <= today, true)" if of.since else ""
    until = f" AND COALESCE(o.{ident(of.until)} >= today, true)" if of.until else ""
    return (
        f"EXISTS (SELECT FROM {qualified(of.schema, of.table)} o"
        f" JOIN {qualified(of.of_schema, of.of)} p ON p.{ident(of.of_key)} = o.{ident(of.product)}"
        f" WHERE o.{ident(of.owner)} = st.person_id AND p.{ident(of.service)} = hold_still.service{since}{until})"
    )


def _disclose(plan: Plan) -> str:
    """One disclosure, on the day on which it was decided: where the day has ended since the transaction began, it is
    refused, and with it the whole export. `last`: the day through which the decision holds."""
    s = ident(plan.schema)
    return tidy(
        f"""
CREATE OR REPLACE FUNCTION {s}.record_disclosure(purpose text, said jsonb, manifest bytea, last date) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    role text;
    made bigint;
    today date := {s}.civil({s}.moment() + (clock_timestamp() - now()));
BEGIN{require_served(plan)}
    IF today <> {s}.today() OR last < today THEN
        RAISE EXCEPTION 'the day for which this was decided is over' USING ERRCODE = 'check_violation',
            HINT = 'decide again: nothing was disclosed';
    END IF;
    IF EXISTS (
        SELECT FROM {s}.disclosure d WHERE d.recipient = said->>'recipient' AND d.back IS NOT NULL AND d.ends < today
            AND NOT EXISTS (SELECT FROM {s}.disclosure_end e WHERE e.disclosure_id = d.id AND e.how = 'confirmed')
    ) THEN
        RAISE EXCEPTION 'an earlier disclosure to this recipient is overdue' USING ERRCODE = {literal(OVERDUE)},
            HINT = 'have it confirmed: nothing new goes before';
    END IF;
    PERFORM pg_advisory_xact_lock({_LOCK.format(hash="record_disclosure.manifest")});
    INSERT INTO {s}.disclosure (as_of, recipient, name, kind, purpose, ground, assignment, transfers, manifest, policy, ends,
        back, purges, decided_by, certified)
    VALUES ({s}.moment(), said->>'recipient', said->>'name', said->>'kind', {_for(plan)}, said->>'ground',
            said->>'assignment', said->'transfers', record_disclosure.manifest,
            (SELECT i.policy FROM {s}.installed i ORDER BY i.id DESC LIMIT 1), (said->>'ends')::date,
            said->>'back', COALESCE((said->>'purges')::boolean, false), COALESCE(said->'decided_by', '[]'),
            COALESCE((said->>'certified')::boolean, false))
    RETURNING id INTO made;
    INSERT INTO {s}.disclosure_silence (disclosure_id, how, because, at)
    SELECT made, 'begun', said->>'silence', {s}.moment() WHERE said->>'silence' IS NOT NULL;
    INSERT INTO {s}.act (as_of, kind, purpose, policy, counts)
    VALUES ({s}.moment(), 'disclosure', record_disclosure.purpose,
            (SELECT i.policy FROM {s}.installed i ORDER BY i.id DESC LIMIT 1),
            jsonb_build_object('disclosure', made, 'rows', said->'rows'));
    RETURN made;
END $$"""
    )


def _for(plan: Plan) -> str:
    """The purpose for which it goes: of a scoped role the one whose rows it reads."""
    scoped = [one for one in plan.scoped if one.purpose is not None]
    cases = " ".join(f"WHEN {literal(one.key)} THEN {literal(str(one.purpose))}" for one in scoped)
    return (
        f"CASE record_disclosure.purpose {cases} ELSE record_disclosure.purpose END" if cases else "purpose"
    )


def _numbers(plan: Plan) -> str:
    """By which number a recipient knows each of these people in a feed: the one that it got first, or a new one that says
    nothing. Files number their people from 1; a feed's numbers begin above them all. A number that is given in a
    transaction counts once the disclosure is written in it; polls of one recipient wait for each other."""
    s = ident(plan.schema)
    return tidy(
        f"""
CREATE OR REPLACE FUNCTION {s}.feed_numbers(purpose text, whom text, people bigint[])
RETURNS TABLE (person bigint, reference integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    role text;
    handed integer[] := '{{}}';
BEGIN{require_served(plan)}
    PERFORM pg_advisory_xact_lock(hashtextextended('feed of ' || whom, 0));
    FOR person, reference IN
        SELECT p, max(g.reference) FROM unnest(people) p
        LEFT JOIN ({s}.disclosed g JOIN {s}.disclosure d ON d.id = g.disclosure_id AND d.recipient = whom)
               ON g.person_id = p AND g.reference >= {FEED}
        GROUP BY p
    LOOP
        WHILE reference IS NULL OR reference = ANY (handed) LOOP
            reference := {FEED} + (('x' || encode(substr(uuid_send(gen_random_uuid()), 1, 4), 'hex'))::bit(32)::integer & {FEED - 1});
            IF EXISTS (SELECT FROM {s}.disclosed g JOIN {s}.disclosure d ON d.id = g.disclosure_id
                       WHERE d.recipient = whom AND g.reference = feed_numbers.reference) THEN
                reference := NULL;
            END IF;
        END LOOP;
        handed := handed || reference;
        RETURN NEXT;
    END LOOP;
END $$"""
    )


_GIVEN_SQL = """
CREATE OR REPLACE FUNCTION {s}.record_disclosed(
    made bigint, table_name text, columns text[], people bigint[], refs integer[]
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM {s}.disclosure d
        WHERE d.id = made AND d.xact = pg_current_xact_id() AND d.login = session_user
    ) THEN
        RAISE EXCEPTION 'that disclosure is not of this transaction' USING ERRCODE = 'insufficient_privilege';
    END IF;
    INSERT INTO {s}.disclosed (disclosure_id, person_id, reference, table_name, columns)
    SELECT made, person, ref, record_disclosed.table_name, record_disclosed.columns
    FROM unnest(people, refs) AS given (person, ref);
END $$"""

#: Held by the transaction that writes a disclosure: whoever asks about it waits until that is done or undone.
_LOCK = "('x' || encode(substr({hash}, 1, 8), 'hex'))::bit(64)::bigint"

_KNOWN_SQL = (
    """
CREATE OR REPLACE FUNCTION {s}.disclosure_known(hash bytea) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock("""
    + _LOCK.format(hash="hash")
    + """);
    RETURN (SELECT id FROM {s}.disclosure WHERE manifest = hash);
END $$"""
)


def _forget(plan: Plan) -> str:
    """Of each table that names people, the rows written before a day, at most so many. out: how many went."""
    s = ident(plan.schema)
    deletes = "\n    ".join(
        f"DELETE FROM {s}.{name} WHERE id IN (SELECT id FROM (SELECT id, {at} FROM {s}.{name} ORDER BY id LIMIT most)"
        f" AS oldest WHERE {s}.civil({at}) < before);"
        f"\n    GET DIAGNOSTICS went = ROW_COUNT;\n    gone := gone || jsonb_build_object({literal(name)}, went);"
        for name, at in NAMING.items()
    )
    return tidy(
        f"""
CREATE OR REPLACE FUNCTION {s}.forget_disclosed(before date, most integer) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET application_name = 'bloesem clock' AS $$
DECLARE
    gone jsonb := '{{}}';
    went integer;
BEGIN
    {deletes}
    DELETE FROM {s}.made_public WHERE id IN (SELECT id FROM {s}.made_public WHERE withdrawn < before ORDER BY id LIMIT most);
    GET DIAGNOSTICS went = ROW_COUNT;
    gone := gone || jsonb_build_object('made_public', went);
    RETURN gone;
END $$"""
    )


__all__ = ["FEED", "NAMING", "OVERDUE", "TABLES", "spoken_of", "statements", "tables"]

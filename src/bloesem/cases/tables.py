"""Cases in the database: two tables of the keeper's, and the functions through which pages ask and are answered.

A page's login has no right on the tables. It files a case, and of a person in whose scope it is it reads that person's own;
the officer's login lists, opens and decides, and each case that it opens is written down as a read of that person. What a
case holds of somebody (words, address, the sealed answer) goes with the clock of `law:accountability`, or when it is
    answered.
"""

from __future__ import annotations

from bloesem.cases import complaints, elsewhere_sql, narrowing, scans, standing, threads, unlawful
from bloesem.cases import words as theirs
from bloesem.cases.lifting import LIFT
from bloesem.cases.lifting import SQL as _LIFT
from bloesem.cases.meaning import MEANS, RESUMED
from bloesem.cases.meaning import SQL as _MEANS
from bloesem.cases.model import (
    CHANNELS,
    ENDED,
    KINDS,
    LANGUAGES,
    LAST_DAY,
    OUTCOMES,
    RIGHTS,
    STANDS,
    STATES,
    TAKEN_IN,
)
from bloesem.plan.model import Plan
from bloesem.plan.quoting import ident, literal
from bloesem.plan.sql.logbook import doormen, noted
from bloesem.plan.sql.own import REQUIRE_ME
from bloesem.plan.sql.statement import Statement, tidy
from bloesem.stores.postgres import Connection

TABLES = ("request_case", "request_event", *scans.TABLES, elsewhere_sql.TABLE, unlawful.TABLE)
#: For how long an answer can be fetched, and again once it was opened.
FETCHED_WITHIN, OPEN_FOR = "14 days", "1 hour"
#: Keys of `params` that say nothing of what is asked: whom it is for, and what the clerk noted.
NOTES = "'{on_behalf,counted,waits,failed,failed_in,message,follows,next,mandate,rep,holds,held,fits,looked}'::text[]"
#: The helper listens here (`console.jobs`).
CHANNEL = "bloesem_console"

SUBMIT = "case_submit(text, text, text, text, text, text, jsonb, text, text)"
PROVE = "case_prove(text)"
LOOK = "case_look(text)"
OPEN = "case_open(text)"
TRANSFER = "case_transfer(text, text, text)"
OWN = "case_own()"
OWN_END = "case_own_withdraw(text)"
INBOX = "case_inbox()"
ONE = "case_one(text, text)"
REGISTER = "case_register(text, text, text, text, text, text, text, jsonb, timestamptz, text)"
DECIDE = "case_decide(text, text, text, text, jsonb)"
EXTEND = "case_extend(text, text, text)"
STOP = "case_stop(text, text, text, text)"
RESUME = "case_resume(text, text, text)"
AGAIN = "case_again(text, text)"

PAGES = (SUBMIT, PROVE, LOOK, OPEN, TRANSFER, OWN, OWN_END, narrowing.NARROW, theirs.WORDS_KEY)
OFFICERS = (
    INBOX,
    ONE,
    REGISTER,
    DECIDE,
    EXTEND,
    STOP,
    RESUME,
    AGAIN,
    MEANS,
    LIFT,
    standing.KNOWN,
    standing.FITS,
    standing.MANDATE,
    standing.BEHALF,
    complaints.ABOUT,
    *scans.OFFICERS,
    *unlawful.OFFICERS,
    *elsewhere_sql.OFFICERS,
)


def install(admin: Connection, plan: Plan) -> None:
    """Makes what is not there, and the functions anew, in one transaction. in: as superuser or keeper."""
    with admin.transaction():
        for statement in statements(plan):
            admin.execute(statement.sql.encode())


def statements(plan: Plan) -> list[Statement]:
    s, keeper = ident(plan.schema), ident(plan.role("keeper"))
    lists = {
        "kinds": KINDS, "rights": RIGHTS, "channels": CHANNELS, "taken_in": TAKEN_IN, "states": STATES, "outcomes": OUTCOMES,
        "languages": LANGUAGES, "authorities": standing.AUTHORITIES, "of_children": standing.OF_CHILDREN,
        "for_whom": standing.FOR_WHOM,
    }  # fmt: skip
    said = {name: ", ".join(map(literal, values)) for name, values in lists.items()}
    ended = ", ".join(map(literal, ENDED))
    made = [
        ("cases", _CASES.format(s=s, **said)),
        ("cases: by which roads", _ROADS.format(s=s, **said)),
        ("cases: the proof of an erasure", _PROOF.format(s=s)),
        ("cases: the link of a reminder", _PROVE_AGAIN.format(s=s)),
        ("cases: what is known", standing.COLUMNS.format(s=s)),
        ("cases: open ones", _OPEN_ONES.format(s=s, ended=ended)),
        ("what happened in a case", _EVENTS.format(s=s)),
        ("what happened in a case: once", _EVENT_ONCE.format(s=s)),
        (
            "what happened in a case: whose",
            f"CREATE INDEX IF NOT EXISTS request_event_case ON {s}.request_event (case_id)",
        ),
        *scans.tables(s),
        ("what was found unlawful", unlawful.TABLE_SQL.format(s=s)),
        *elsewhere_sql.tables(s),
    ]
    made += [(f"{table}: keeper's", f"ALTER TABLE {s}.{table} OWNER TO {keeper}") for table in TABLES]
    made += [(f"{table}: nobody else's", f"REVOKE ALL ON {s}.{table} FROM PUBLIC") for table in TABLES]
    written = {
        "case_filed(text, text, text, text, bigint, text, text, jsonb, timestamptz, text, text)": _FILED,
        SUBMIT: _SUBMIT, PROVE: _PROVE, LOOK: _LOOK, OPEN: _OPEN, TRANSFER: _TRANSFER, OWN: _OWN, OWN_END: _OWN_END,
        INBOX: _INBOX, ONE: _one(plan), REGISTER: _REGISTER, DECIDE: _DECIDE, EXTEND: _EXTEND, STOP: _STOP, RESUME: _RESUME,
        AGAIN: _AGAIN, MEANS: _MEANS, LIFT: _LIFT, threads.MAILED: threads.sql(plan),
        narrowing.NARROW: narrowing.sql(plan), standing.KNOWN: standing.KNOWN_SQL, standing.MANDATE: standing.MANDATE_SQL,
        standing.FITS: standing.FITS_SQL, unlawful.ASK: unlawful.ASK_SQL, unlawful.LAST: unlawful.LAST_SQL,
        standing.BEHALF: standing.BEHALF_SQL,
        complaints.ABOUT: complaints.SQL,
    }  # fmt: skip
    ready = {
        ONE: written[ONE],
        theirs.WORDS_KEY: theirs.key_sql(plan.schema),
        **scans.functions(plan),
        **elsewhere_sql.functions(plan),
    }
    written |= ready
    logins = {name: doormen(plan) for name in PAGES}
    if plan.oversight is not None:
        logins |= {name: [plan.oversight.process] for name in OFFICERS}
        logins[theirs.WORDS_KEY] = sorted({*doormen(plan), plan.oversight.process})
    for signature, text in written.items():
        name, function = signature.split("(")[0], f"{s}.{signature}"
        body = text.format(
            s=s, ended=ended, require_me=REQUIRE_ME.format(s=s), kept_words=theirs.KEPT,
            was_cut=theirs.WAS_CUT, kept_answer=theirs.kept(2000), within=literal(FETCHED_WITHIN),
            notes=NOTES, open_for=literal(OPEN_FOR), channel=literal(CHANNEL), last=LAST_DAY, still=STANDS.format(s=s),
            resumed=RESUMED.format(s=s, ended=ended), **said,
        ) if signature not in ready else text.replace("CHANNEL", literal(CHANNEL))  # fmt: skip
        made += [
            (name, body),
            (f"{name}: the keeper's", f"ALTER FUNCTION {function} OWNER TO {keeper}"),
            (f"{name}: nobody else's", f"REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC"),
        ]
        if logins.get(signature):
            roles = ", ".join(ident(plan.role(login)) for login in logins[signature])
            made.append((f"{name}: who may ask", f"GRANT EXECUTE ON FUNCTION {function} TO {roles}"))
    return [Statement("cases", about, tidy(sql)) for about, sql in made]


_CASES = """
CREATE TABLE IF NOT EXISTS {s}.request_case (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number       text NOT NULL UNIQUE,   -- what people are told; it cannot be guessed
    kind         text NOT NULL CHECK (kind IN ({kinds})),
    asked        text NOT NULL CHECK (asked IN ({rights})),
    channel      text NOT NULL CHECK (channel IN ({channels})),
    language     text NOT NULL CHECK (language IN ({languages})),
    person_id    bigint,                 -- none: nobody yet
    address      text,                   -- where the answer's link goes, until it went
    words        text,                   -- sealed (`words`)
    params       jsonb NOT NULL DEFAULT '{{}}',
    site         text NOT NULL DEFAULT '',
    state        text NOT NULL DEFAULT 'received' CHECK (state IN ({states})),
    received_at  timestamptz NOT NULL,
    raw_due      date,
    due          date,
    extended_due date,
    warn_on      date,
    escalate_on  date,
    extended_why text,
    stopped_at   timestamptz,
    stops        jsonb NOT NULL DEFAULT '[]',
    prove_hash   bytea,
    preview      jsonb,
    plan         text,
    outcome      text CHECK (outcome IN ({outcomes})),
    reason       text,
    decided_by   text,
    decided_at   timestamptz,
    acting_at    timestamptz,
    token_hash   bytea,
    sealed       bytea,
    sealed_until timestamptz,
    opened_at    timestamptz,
    answered_at  timestamptz,
    ended_at     timestamptz,
    once         text UNIQUE
)"""

#: Roads that were opened after the table was made.
_ROADS = """
ALTER TABLE {s}.request_case DROP CONSTRAINT IF EXISTS request_case_channel_check,
    ADD CONSTRAINT request_case_channel_check CHECK (channel IN ({channels}))"""

#: Of an erasure: what identified them, sealed until nothing of it is found; and what was found.
_PROOF = """
ALTER TABLE {s}.request_case ADD COLUMN IF NOT EXISTS sought bytea[], ADD COLUMN IF NOT EXISTS residue jsonb"""

#: The link of the reminder: that of the first letter stays good.
_PROVE_AGAIN = """
ALTER TABLE {s}.request_case ADD COLUMN IF NOT EXISTS prove_again bytea"""

_OPEN_ONES = """
CREATE INDEX IF NOT EXISTS request_case_open ON {s}.request_case (due, id) WHERE state NOT IN ({ended})"""

_EVENTS = """
CREATE TABLE IF NOT EXISTS {s}.request_event (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id bigint NOT NULL REFERENCES {s}.request_case ON DELETE CASCADE,
    at      timestamptz NOT NULL,
    what    text NOT NULL,
    by      text NOT NULL,
    said    text
)"""

#: Of what was asked again by a mail: its name, so that the same mail is no third one.
_EVENT_ONCE = """
ALTER TABLE {s}.request_event ADD COLUMN IF NOT EXISTS once text UNIQUE"""

#: One case though it comes by three roads: what the same person or address asks, while it is open, is added to it.
_FILED = """
CREATE OR REPLACE FUNCTION {s}.case_filed(
    kind text, asked text, channel text, language text, person bigint, address text, words text, params jsonb,
    received timestamptz, site text, once text
) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found {s}.request_case;
    made text;
    wrote text := {kept_words};
    speaks text := CASE WHEN language IN ({languages}) THEN language ELSE 'nl' END;
    at timestamptz := {s}.moment();
BEGIN
    IF (kind IN ({kinds}) AND asked IN ({rights}) AND channel IN ({channels})) IS NOT TRUE THEN
        RAISE EXCEPTION 'no such request' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF length(address) > 254 OR length(params::text) > 20000 OR length(site) > 300 OR received > at THEN
        RAISE EXCEPTION 'a request that cannot be' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('case ' || COALESCE(person::text, lower(address), ''), 0));
    SELECT * INTO found FROM {s}.request_case c WHERE c.once = case_filed.once
        OR c.id = (SELECT e.case_id FROM {s}.request_event e WHERE e.once = case_filed.once);
    IF found.id IS NOT NULL THEN
        RETURN found.number;
    END IF;
    SELECT * INTO found FROM {s}.request_case c
    WHERE c.state NOT IN ({ended}) AND c.asked = case_filed.asked AND c.kind = case_filed.kind
      AND c.asked NOT IN ('rectification', 'other')
      AND c.params - {notes} = case_filed.params - {notes}
      AND (c.person_id = person OR lower(c.address) = lower(case_filed.address)
           AND (person IS NULL OR c.person_id IS NULL)) ORDER BY c.id LIMIT 1 FOR UPDATE;
    IF found.id IS NOT NULL THEN
        INSERT INTO {s}.request_event (case_id, at, what, by, said, once)
        VALUES (found.id, received, 'again', case_filed.channel, wrote, case_filed.once);
        IF received < found.received_at THEN -- somebody of the company had it earlier: its days are counted anew
            UPDATE {s}.request_case c SET received_at = received, due = NULL WHERE c.id = found.id;
        END IF;
        IF person IS NOT NULL AND found.state IN ('received', 'asked') THEN
            UPDATE {s}.request_case c SET person_id = person, state = 'identified', stopped_at = NULL,
                stops = CASE WHEN stopped_at IS NULL THEN stops
                        ELSE stops || jsonb_build_array(jsonb_build_array(stopped_at, at)) END
            WHERE c.id = found.id;
        END IF;
        PERFORM pg_notify({channel}, '');
        RETURN found.number;
    END IF;
    made := to_char(at, 'YYYY') || '-' || upper(substr(translate(encode(sha256(gen_random_uuid()::text::bytea),
        'hex'), '01', 'xy'), 1, 8));
    INSERT INTO {s}.request_case (number, kind, asked, channel, language, person_id, address, words, params, site,
        received_at,
                                  state, once)
    VALUES (made, case_filed.kind, case_filed.asked, case_filed.channel, speaks, person, btrim(case_filed.address), wrote,
            case_filed.params, case_filed.site, received, CASE WHEN person IS NULL THEN 'received' ELSE 'identified' END,
            case_filed.once)
    RETURNING * INTO found;
    INSERT INTO {s}.request_event (case_id, at, what, by, said)
    VALUES (found.id, received, 'received', case_filed.channel,
            CASE WHEN {was_cut} THEN 'cut' END);
    PERFORM pg_notify({channel}, '');
    RETURN made;
END $$"""

#: From a page: by whoever's own scope is open, or else by an address that somebody typed.
_SUBMIT = """
CREATE OR REPLACE FUNCTION {s}.case_submit(
    kind text, asked text, language text, address text, words text, site text, params jsonb, once text, about text
) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me bigint := {s}.scope('person');
BEGIN
    IF me IS NULL AND (address ~ '^[^[:space:]@]+@[^[:space:]@]+\\.[^[:space:]@]+$') IS NOT TRUE THEN
        RAISE EXCEPTION 'nobody to answer' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN {s}.case_filed(kind, asked, CASE WHEN me IS NULL THEN 'form' ELSE 'page' END, language, me,
                          CASE WHEN me IS NULL THEN address END, words, params - {notes} ||
                              jsonb_build_object('on_behalf', COALESCE(about, 'self')), {s}.moment(), site, once);
END $$"""

#: Whoever has the mail with the link has the address on file: that is who they are (R-014).
_PROVE = """
CREATE OR REPLACE FUNCTION {s}.case_prove(token text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found {s}.request_case;
    at timestamptz := {s}.moment();
BEGIN
    SELECT * INTO found FROM {s}.request_case c
    WHERE sha256(convert_to(token, 'UTF8')) IN (c.prove_hash, c.prove_again) FOR UPDATE;
    IF found.id IS NULL OR found.person_id IS NULL OR NOT (found.state IN ('asked', 'identified')
        OR found.state = 'closed' AND found.stopped_at IS NOT NULL) THEN -- closed as nobody proved it: now somebody does
        RETURN 'bad';
    END IF;
    IF found.state <> 'identified' THEN
        UPDATE {s}.request_case SET state = 'identified', stopped_at = NULL, ended_at = NULL, params = params - 'next',
            stops = CASE WHEN stopped_at IS NULL THEN stops ELSE stops ||
                jsonb_build_array(jsonb_build_array(stopped_at, at)) END
        WHERE id = found.id;
        INSERT INTO {s}.request_event (case_id, at, what, by) VALUES (found.id, at, 'proved', 'person');
        PERFORM pg_notify({channel}, '');
    END IF;
    RETURN 'proved';
END $$"""

#: Whether a link still opens an answer; looking uses nothing up, as programs that read mail look at every link.
_LOOK = """
CREATE OR REPLACE FUNCTION {s}.case_look(token text) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
SELECT COALESCE((SELECT CASE WHEN c.opened_at IS NULL THEN 'ready' ELSE 'open' END FROM {s}.request_case c
    WHERE c.token_hash = sha256(convert_to(token, 'UTF8')) AND c.sealed IS NOT NULL AND c.sealed_until > {s}.moment()
      AND (c.opened_at IS NULL OR c.opened_at + interval {open_for} > {s}.moment())), 'gone')
$$"""

#: The sealed answer, which only the link itself unseals; the first time starts the hour in which it can be fetched.
_OPEN = """
CREATE OR REPLACE FUNCTION {s}.case_open(token text) RETURNS bytea LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found {s}.request_case;
BEGIN
    IF {s}.case_look(token) = 'gone' THEN
        RETURN NULL;
    END IF;
    SELECT * INTO found FROM {s}.request_case c WHERE c.token_hash = sha256(convert_to(token, 'UTF8')) FOR UPDATE;
    IF found.opened_at IS NULL THEN
        UPDATE {s}.request_case SET opened_at = {s}.moment() WHERE id = found.id;
        INSERT INTO {s}.request_event (case_id, at, what, by) VALUES (found.id, {s}.moment(), 'fetched', 'person');
    END IF;
    RETURN found.sealed;
END $$"""

#: What became of the files of an answer that the person had sent to another supplier (art. 20(2)): begun, then taken or
#: refused, with the host, the digest and the status. At most so many are begun. out: the case's number; NULL where nothing
#: may be sent.
_TRANSFER = """
CREATE OR REPLACE FUNCTION {s}.case_transfer(token text, what text, said text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found {s}.request_case;
BEGIN
    IF {s}.case_look(token) <> 'open' OR length(said) > 500
        OR what NOT IN ('transfer-begun', 'transfer-taken', 'transfer-refused') THEN
        RETURN NULL;
    END IF;
    SELECT * INTO found FROM {s}.request_case c
    WHERE c.token_hash = sha256(convert_to(token, 'UTF8')) AND c.asked IN ('portability', 'data_act') FOR UPDATE;
    IF found.id IS NULL OR what = 'transfer-begun'
        AND (SELECT count(*) FROM {s}.request_event e WHERE e.case_id = found.id AND e.what = 'transfer-begun') >= 5 THEN
        RETURN NULL;
    END IF;
    INSERT INTO {s}.request_event (case_id, at, what, by, said)
    VALUES (found.id, {s}.moment(), case_transfer.what, 'person', case_transfer.said);
    RETURN found.number;
END $$"""

_OWN = """
CREATE OR REPLACE FUNCTION {s}.case_own() RETURNS jsonb LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me bigint;
BEGIN{require_me}
    RETURN (SELECT COALESCE(jsonb_agg(jsonb_build_object(
        'number', c.number, 'kind', c.kind, 'asked', c.asked, 'channel', c.channel, 'state', c.state, 'words', c.words,
        'received_at', c.received_at, 'due', {last},
        'extended_why', c.extended_why, 'outcome', c.outcome, 'reason', c.reason, 'answered_at', c.answered_at,
        'stopped', c.stopped_at IS NOT NULL, 'purposes', COALESCE(c.params->'purposes', '[]'),
        'events', (SELECT jsonb_agg(jsonb_build_object('at', e.at, 'what', e.what) ORDER BY e.id)
                   FROM {s}.request_event e WHERE e.case_id = c.id)) ORDER BY c.id DESC), '[]')
        FROM (SELECT * FROM {s}.request_case WHERE person_id = me ORDER BY id DESC LIMIT 100) AS c);
END $$"""

_OWN_END = """
CREATE OR REPLACE FUNCTION {s}.case_own_withdraw(which text) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me bigint;
    found {s}.request_case;
    at timestamptz := {s}.moment();
BEGIN{require_me}
    UPDATE {s}.request_case SET state = 'withdrawn', ended_at = at
    WHERE number = which AND person_id = me AND state IN ('received', 'asked', 'identified', 'waiting') RETURNING *
        INTO found;
    IF found.id IS NULL THEN
        RETURN false;
    END IF;
    INSERT INTO {s}.request_event (case_id, at, what, by) VALUES (found.id, at, 'withdrawn', 'person');
    {resumed}
    RETURN true;
END $$"""

#: The desk's list: numbers, days and kinds, and nobody. Of very many, those whose day is nearest.
_INBOX = """
CREATE OR REPLACE FUNCTION {s}.case_inbox() RETURNS jsonb LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
SELECT COALESCE(jsonb_agg(jsonb_build_object('number', c.number, 'kind', c.kind, 'asked', c.asked, 'channel', c.channel,
    'language', c.language, 'state', c.state, 'known', c.person_id IS NOT NULL, 'received_at', c.received_at,
        'raw_due', c.raw_due,
    'due', {last}, 'warn_on', c.warn_on,
    'escalate_on', c.escalate_on, 'extended', c.extended_why IS NOT NULL,
    'stopped', {still},
    'outcome', c.outcome, 'answered_at', c.answered_at, 'message', c.params ? 'message')
    ORDER BY c.state IN ({ended}), c.due NULLS FIRST, c.id), '[]')
FROM (SELECT * FROM {s}.request_case c
    ORDER BY c.state IN ({ended}), CASE WHEN c.state NOT IN ({ended}) THEN {last} END, c.id DESC LIMIT 1000) AS c
$$"""


def _one(plan: Plan) -> str:
    """`case_one(actor, number)`: all of a case; whom it is about was read, and is told (P-130)."""
    s = ident(plan.schema)
    purpose = literal(plan.oversight.purpose) if plan.oversight else "'law:accountability'"
    return f"""
CREATE OR REPLACE FUNCTION {s}.case_one(actor text, which text) RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found {s}.request_case;
    whose bigint[] := '{{}}';
    made bigint;
BEGIN
    IF actor IS NULL OR actor !~ '[^[:space:]]' OR length(actor) > 200 THEN
        RAISE EXCEPTION 'who opens a case says who they are' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT * INTO found FROM {s}.request_case c WHERE c.number = which;
    IF found.id IS NULL THEN
        RETURN NULL;
    END IF;
    UPDATE {s}.request_case c SET params = c.params - 'message' WHERE c.id = found.id AND c.params ? 'message';
    IF found.person_id IS NOT NULL THEN
        whose := ARRAY[found.person_id];
    {noted(plan, actor="case_one.actor", purpose=purpose, about="found.id", second="NULL::text")}
    END IF;
    RETURN to_jsonb(found) - '{{id,person_id,prove_hash,prove_again,known,fits,token_hash,sealed,once,site,plan}}'::text[]
        || jsonb_build_object('known', found.person_id IS NOT NULL, 'stopped', found.stopped_at IS NOT NULL,
            'scans', (SELECT COALESCE(jsonb_agg(jsonb_build_object('id', f.id, 'what', f.what, 'type', f.type,
                'size', f.size, 'at', f.at) ORDER BY f.id), '[]') FROM {s}.request_scan f WHERE f.case_id = found.id),
            'events', (SELECT jsonb_agg(to_jsonb(e) - '{{id,case_id,once}}'::text[] ORDER BY e.id)
                       FROM {s}.request_event e WHERE e.case_id = found.id));
END $$"""


#: A letter, or what was passed on by whoever it reached: received when it first arrived (P-171, P-172, R-005).
_REGISTER = """
CREATE OR REPLACE FUNCTION {s}.case_register(
    actor text, kind text, asked text, channel text, language text, address text, words text, params jsonb,
    received timestamptz, site text
) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    made text;
BEGIN
    IF actor IS NULL OR actor !~ '[^[:space:]]' OR channel NOT IN ({taken_in}) THEN
        RAISE EXCEPTION 'who writes it down says who they are, and how it came' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    made := {s}.case_filed(kind, asked, channel, language, NULL, address, words, params, received, site, NULL);
    INSERT INTO {s}.request_event (case_id, at, what, by)
    SELECT c.id, {s}.moment(), 'registered', case_register.actor FROM {s}.request_case c WHERE c.number = made;
    RETURN made;
END $$"""

#: Once, by whoever is first; a refusal or a part of one says why (R-008, R-020). out: recorded, already, why, statute, what,
#: or not-now.
_DECIDE = """
CREATE OR REPLACE FUNCTION {s}.case_decide(actor text, which text, how text, because text, more jsonb) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found {s}.request_case;
BEGIN
    SELECT * INTO found FROM {s}.request_case c WHERE c.number = which FOR UPDATE;
    IF found.id IS NULL OR (how IN ({outcomes})) IS NOT TRUE OR actor IS NULL OR actor !~ '[^[:space:]]' THEN
        RETURN 'not-now';
    END IF;
    IF found.decided_at IS NOT NULL THEN
        RETURN 'already';
    END IF;
    IF found.state <> 'waiting' OR found.params ? 'waits' -- a copy comes first, and which of two is asked (R-038)
        AND NOT (found.params->>'waits' IN ('which', 'known') AND how = 'refused') THEN -- the person chose the other; or
            -- it is written down that, and why, nobody can be found (art. 11(2), P-012)
        RETURN 'not-now';
    END IF;
    IF how <> 'granted' AND (because ~ '[^[:space:]]') IS NOT TRUE THEN
        RETURN 'why';
    END IF;
    IF found.asked = 'erasure' AND how <> 'refused'
        AND (found.params || COALESCE(more, '{{}}'))->>'ground' = 'e'
        AND ((found.params || COALESCE(more, '{{}}'))->>'statute' ~ '[^[:space:]]') IS NOT TRUE THEN
        RETURN 'statute'; -- a law that orders an erasure is named (P-154)
    END IF;
    IF found.asked = 'objection' AND found.kind = 'request' AND how = 'partly'
        AND COALESCE(jsonb_array_length(more->'spared'), 0) = 0 THEN
        RETURN 'what'; -- for which use there are grounds is said, use by use (P-165)
    END IF;
    UPDATE {s}.request_case SET state = 'decided', outcome = how, reason = left(because, 4000), decided_by = actor,
        decided_at = {s}.moment(), params = (params || COALESCE(more, '{{}}')) - '{{failed,failed_in,waits}}'::text[]
    WHERE id = found.id;
    INSERT INTO {s}.request_event (case_id, at, what, by) VALUES (found.id, {s}.moment(), 'decided', actor);
    PERFORM pg_notify({channel}, '');
    RETURN 'recorded';
END $$"""

#: Two months more: told within the first month, with the reason (R-007).
_EXTEND = """
CREATE OR REPLACE FUNCTION {s}.case_extend(actor text, which text, because text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found {s}.request_case;
BEGIN
    SELECT * INTO found FROM {s}.request_case c WHERE c.number = which FOR UPDATE;
    IF found.id IS NULL OR found.due IS NULL OR found.state IN ({ended}) OR actor IS NULL THEN
        RETURN 'not-now';
    END IF;
    IF found.extended_why IS NOT NULL THEN
        RETURN 'already';
    END IF;
    IF (because ~ '[^[:space:]]') IS NOT TRUE THEN
        RETURN 'why';
    END IF;
    IF {s}.today() > found.due THEN
        RETURN 'late';
    END IF;
    UPDATE {s}.request_case SET extended_why = left(because, 2000) WHERE id = found.id;
    INSERT INTO {s}.request_event (case_id, at, what, by, said) VALUES (found.id, {s}.moment(), 'extended', actor,
        left(because, 2000));
    PERFORM pg_notify({channel}, '');
    RETURN 'recorded';
END $$"""

#: The clock stands while the person is asked who they are, or what they mean; from the asking on, not before (R-006).
_STOP = """
CREATE OR REPLACE FUNCTION {s}.case_stop(actor text, which text, what text, because text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found {s}.request_case;
BEGIN
    SELECT * INTO found FROM {s}.request_case c WHERE c.number = which FOR UPDATE;
    IF found.id IS NULL OR found.state NOT IN ('received', 'asked', 'identified', 'waiting') OR actor IS NULL
        OR (what IN ('identity', 'specification')) IS NOT TRUE THEN
        RETURN 'not-now';
    END IF;
    IF found.asked = 'marketing' AND what = 'identity' THEN
        RETURN 'never';
    END IF;
    IF found.stopped_at IS NOT NULL THEN
        RETURN 'already';
    END IF;
    IF (because ~ '[^[:space:]]') IS NOT TRUE THEN
        RETURN 'why';
    END IF;
    UPDATE {s}.request_case SET stopped_at = {s}.moment() WHERE id = found.id;
    INSERT INTO {s}.request_event (case_id, at, what, by, said)
    VALUES (found.id, {s}.moment(), 'asked-' || what, actor, left(because, 2000));
    PERFORM pg_notify({channel}, '');
    RETURN 'recorded';
END $$"""

_RESUME = """
CREATE OR REPLACE FUNCTION {s}.case_resume(actor text, which text, words text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found {s}.request_case;
BEGIN
    SELECT * INTO found FROM {s}.request_case c WHERE c.number = which FOR UPDATE;
    IF found.id IS NULL OR found.stopped_at IS NULL OR actor IS NULL THEN
        RETURN 'not-now';
    END IF;
    UPDATE {s}.request_case SET stopped_at = NULL,
        stops = stops || jsonb_build_array(jsonb_build_array(stopped_at, {s}.moment())) WHERE id = found.id;
    INSERT INTO {s}.request_event (case_id, at, what, by, said) VALUES (found.id, {s}.moment(), 'resumed', actor,
        {kept_answer});
    PERFORM pg_notify({channel}, '');
    RETURN 'recorded';
END $$"""

#: What did not work goes on from where it stood, once what was in its way is mended: a proof is looked for anew.
_AGAIN = """
CREATE OR REPLACE FUNCTION {s}.case_again(actor text, which text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found {s}.request_case;
BEGIN
    SELECT * INTO found FROM {s}.request_case c WHERE c.number = which FOR UPDATE;
    IF found.id IS NULL OR found.state <> 'waiting' OR NOT found.params ? 'failed_in' OR actor IS NULL
        OR actor !~ '[^[:space:]]' THEN
        RETURN 'not-now';
    END IF;
    UPDATE {s}.request_case SET state = found.params->>'failed_in', residue = NULL,
        params = params - '{{failed,failed_in}}'::text[] WHERE id = found.id;
    INSERT INTO {s}.request_event (case_id, at, what, by) VALUES (found.id, {s}.moment(), 'again', actor);
    PERFORM pg_notify({channel}, '');
    RETURN 'recorded';
END $$"""

__all__ = ["FETCHED_WITHIN", "OFFICERS", "PAGES", "TABLES", "install", "statements"]

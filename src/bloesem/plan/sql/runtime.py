"""Bloesem's own tables and small functions: facts, states, acts, the registry of bits, the date."""

from __future__ import annotations

from bloesem.plan.model import FACT_KINDS, Plan
from bloesem.plan.quoting import ident, literal
from bloesem.plan.sql import breach, chain, corrections, disclosure, journal, public
from bloesem.plan.sql.statement import Statement, tidy

#: The tables that every plan has in the schema of Bloesem itself.
TABLES = (
    *("fact", "state", "act", "reading", "purpose_bit", "installed", "watermark", "scope_key"),
    *disclosure.TABLES,
    *public.TABLES,
    *breach.TABLES,
    *corrections.TABLES,
    *chain.TABLES,
    *journal.TABLES,
)


def statements(plan: Plan) -> list[Statement]:
    s, owner, keeper = ident(plan.schema), ident(plan.role("owner")), ident(plan.role("keeper"))
    made = [
        ("schema", f"CREATE SCHEMA IF NOT EXISTS {s} AUTHORIZATION {keeper}"),
        ("fact", _FACT.format(s=s, kinds=", ".join(literal(k) for k in FACT_KINDS))),
        ("fact: who holds, why, until when", _FACT_HOLD.format(s=s)),
        (
            "fact: every kind, in a store from before",
            _FACT_KINDS.format(s=s, kinds=", ".join(literal(k) for k in FACT_KINDS)),
        ),
        ("fact: whose", f"CREATE INDEX IF NOT EXISTS fact_person ON {s}.fact (person_id)"),
        (
            "fact: of which row",
            f"CREATE INDEX IF NOT EXISTS fact_source ON {s}.fact (source_table, source_row) "
            "WHERE source_row IS NOT NULL",
        ),
        ("fact: append-only", _FACT_CLOSES.format(s=s)),
        (
            "fact: append-only, trigger",
            _trigger(s, "fact", "closes_once", "UPDATE", "ROW", "fact_closes_once"),
        ),
        ("fact: goes with its person", _FACT_GOES.format(s=s, keeper=literal(plan.role("keeper")))),
        (
            "fact: goes with its person, trigger",
            _trigger(s, "fact", "goes_with_its_person", "DELETE", "STATEMENT", "fact_goes"),
        ),
        ("fact: holds are answered for", _HOLD_SAYS.format(s=s)),
        (
            "fact: holds are answered for, trigger",
            _trigger(s, "fact", "hold_says", "INSERT", "ROW", "hold_says"),
        ),
        ("state", _STATE.format(s=s)),
        (
            "state: a contract begun, in a store from before",
            f"ALTER TABLE {s}.state ADD COLUMN IF NOT EXISTS contract_begun boolean NOT NULL DEFAULT false",
        ),
        ("state: what is due", f"CREATE INDEX IF NOT EXISTS state_review ON {s}.state (next_review)"),
        ("act", _ACT.format(s=s)),
        ("act: evidence", f"CREATE INDEX IF NOT EXISTS act_evidence ON {s}.act (id) WHERE kind = 'evidence'"),
        ("act: append-only", _APPEND_ONLY.format(s=s)),
        (
            "act: append-only, trigger",
            _trigger(
                s, "act", "append_only", "UPDATE", "ROW", "append_only"
            ),  # and goes with its clock: `chain`
        ),
        *(
            (
                f"{name}: never emptied",
                _trigger(s, name, "never_emptied", "TRUNCATE", "STATEMENT", "append_only"),
            )
            for name in ("act", "fact")
        ),
        ("who read whom", _READING.format(s=s)),
        ("who read whom: by person", f"CREATE INDEX IF NOT EXISTS reading_person ON {s}.reading (person_id)"),
        *disclosure.tables(plan),
        *public.tables(plan),
        *breach.tables(plan),
        *corrections.tables(plan),
        *chain.tables(plan),
        *journal.tables(plan),
        ("the registry of bits", _BITS.format(s=s)),
        ("the plan in force", _INSTALLED.format(s=s)),
        ("watermark of the clock", _WATERMARK.format(s=s)),
        ("watermark before a sweep", f"ALTER TABLE {s}.watermark ALTER COLUMN swept DROP NOT NULL"),
        ("keys of scopes", _SCOPE_KEYS.format(s=s)),
        ("keys of scopes: padded", _PADDED.format(s=s)),
        ("keys of scopes: as HMAC takes them", _PADS.format(s=s)),
        ("civil date", _CIVIL.format(s=s)),
        ("moment of a date", _MOMENT_DATE.format(s=s)),
        ("moment of a moment", _MOMENT.format(s=s)),
        *((f"{s}.{name}", sql) for name, sql in clock_functions(plan)),
        ("scope", _SCOPE.format(s=s)),
        ("scope: who may ask", f"GRANT USAGE ON SCHEMA {s} TO PUBLIC"),
        ("owner sees the functions", f"GRANT USAGE ON SCHEMA {s} TO {owner}"),
    ]
    for table in TABLES:
        made.append((f"{table}: keeper's", f"ALTER TABLE {s}.{table} OWNER TO {keeper}"))
    made.append(("nobody else reads them", f"REVOKE ALL ON ALL TABLES IN SCHEMA {s} FROM PUBLIC"))
    return [Statement("runtime", about, tidy(sql)) for about, sql in made]


def clock_functions(plan: Plan, days: int = 0) -> list[tuple[str, str]]:
    """`today()` and `moment()`; `days`: how far a demonstration is ahead of the real date (a compiled constant)."""
    s = ident(plan.schema)
    moment = "now()"
    if days:  # civil days, so that `today()` is the date of `moment()` also where a change of the clocks lies between
        ahead = f"(now() AT TIME ZONE 'Europe/Brussels') + make_interval(days => {days:d})"
        moment = f"({ahead}) AT TIME ZONE 'Europe/Brussels'"
    return [
        (
            "today",
            f"CREATE OR REPLACE FUNCTION {s}.today() RETURNS date LANGUAGE sql STABLE PARALLEL SAFE "
            f"RETURN (now() AT TIME ZONE 'Europe/Brussels')::date + {days:d}",
        ),
        (
            "moment",
            f"CREATE OR REPLACE FUNCTION {s}.moment() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE "
            f"RETURN {moment}",
        ),
    ]


def _trigger(s: str, table: str, name: str, on: str, each: str, function: str) -> str:
    return (
        f"CREATE OR REPLACE TRIGGER {name} BEFORE {on} ON {s}.{table} FOR EACH {each} "
        f"EXECUTE FUNCTION {s}.{function}()"
    )


_FACT = """
CREATE TABLE IF NOT EXISTS {s}.fact (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person_id    bigint NOT NULL,
    kind         text NOT NULL CHECK (kind IN ({kinds})),
    key          text NOT NULL,
    starts_at    timestamptz NOT NULL,
    ends_at      timestamptz,
    table_name   text,    -- a fact about one row
    row_id       bigint,
    source_table text,    -- the row whose column it was read from
    source_row   bigint,
    recorded_at  timestamptz NOT NULL DEFAULT now(),
    CHECK ((table_name IS NULL) = (row_id IS NULL))
)"""

# Columns of a hold: who answers for it, why (a case, a word; nobody's own words), when it is looked at again. A store
# from before they were there gets them.
_FACT_HOLD = """
ALTER TABLE {s}.fact
    ADD COLUMN IF NOT EXISTS held_by text,
    ADD COLUMN IF NOT EXISTS reason text,
    ADD COLUMN IF NOT EXISTS review_on date"""

# A store from before a kind was there takes it from now on.
_FACT_KINDS = """
DO $$ BEGIN
    IF (SELECT pg_get_constraintdef(oid) NOT LIKE '%''minor''%' FROM pg_constraint
        WHERE conrelid = '{s}.fact'::regclass AND conname = 'fact_kind_check') THEN
        ALTER TABLE {s}.fact DROP CONSTRAINT fact_kind_check, ADD CONSTRAINT fact_kind_check CHECK (kind IN ({kinds}));
    END IF;
END $$"""

_HOLD_SAYS = """
CREATE OR REPLACE FUNCTION {s}.hold_says() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.kind <> 'hold' THEN
        IF num_nonnulls(NEW.held_by, NEW.reason, NEW.review_on) > 0 THEN
            RAISE EXCEPTION 'only a hold has somebody who holds, a reason and a day of review'
                USING ERRCODE = 'check_violation', HINT = 'leave them out';
        END IF;
    ELSIF COALESCE(btrim(NEW.held_by), '') = '' OR COALESCE(btrim(NEW.reason), '') = '' OR NEW.review_on IS NULL THEN
        RAISE EXCEPTION 'a hold does not say who holds, why, and when it is looked at again'
            USING ERRCODE = 'check_violation', HINT = 'give held_by, reason and review_on (P-074)';
    ELSIF NEW.review_on <= {s}.civil(NEW.starts_at) THEN
        RAISE EXCEPTION 'a hold is looked at again on a day before it begins'
            USING ERRCODE = 'check_violation', HINT = 'give a review_on after its start (P-074)';
    END IF;
    RETURN NEW;
END $$"""

# An end that is still ahead may come sooner, from now on; what has been is never said anew. A column's own fact is as the
# column says, also where somebody mends it.
_FACT_CLOSES = """
CREATE OR REPLACE FUNCTION {s}.fact_closes_once() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.ends_at IS NULL
       OR OLD.ends_at <= {s}.moment() OR NEW.ends_at >= OLD.ends_at
       OR (NEW.person_id, NEW.kind, NEW.key, NEW.starts_at, NEW.table_name, NEW.row_id,
           NEW.held_by, NEW.reason, NEW.review_on) IS DISTINCT FROM
          (OLD.person_id, OLD.kind, OLD.key, OLD.starts_at, OLD.table_name, OLD.row_id,
           OLD.held_by, OLD.reason, OLD.review_on) THEN
        RAISE EXCEPTION 'a fact is never rewritten: it is closed once' USING ERRCODE = 'integrity_constraint_violation',
            HINT = 'record a new fact';
    ELSIF OLD.ends_at IS NOT NULL AND NEW.ends_at < {s}.moment() THEN
        RAISE EXCEPTION 'a fact is never rewritten: one that still holds ends now or later'
            USING ERRCODE = 'integrity_constraint_violation', HINT = 'give no moment, and it ends now';
    ELSIF NEW.source_row IS NULL AND NEW.ends_at < NEW.starts_at THEN
        RAISE EXCEPTION 'a fact ends before it starts' USING ERRCODE = 'check_violation',
            HINT = 'to take back what lies ahead, end it at its start';
    END IF;
    RETURN NEW;
END $$"""

_FACT_GOES = """
CREATE OR REPLACE FUNCTION {s}.fact_goes() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF current_user <> {keeper} OR current_setting('application_name') <> 'bloesem clock' THEN
        RAISE EXCEPTION 'fact is append-only: it goes with its person'
            USING ERRCODE = 'integrity_constraint_violation', HINT = 'bloesem.forget takes people of whom nothing is left';
    END IF;
    RETURN NULL;
END $$"""

_STATE = """
CREATE TABLE IF NOT EXISTS {s}.state (
    person_id     bigint PRIMARY KEY,
    used          bigint NOT NULL DEFAULT 0,   -- purposes that may read
    kept          bigint NOT NULL DEFAULT 0,   -- purposes that still require storage
    kept_erased   bigint NOT NULL DEFAULT 0,   -- those that outlive a request to erase
    erased_at     timestamptz,                 -- rows recorded until then are what that request is about
    epoch         timestamptz,                 -- rows from before this return serve own-dated purposes only
    items         boolean NOT NULL DEFAULT false, -- there are facts about single rows
    ends          date[] NOT NULL DEFAULT '{{}}', -- per bit: the first day on which it may change
    next_review   date NOT NULL DEFAULT '9999-12-31',
    frozen_since  date,
    frozen_ground text,
    contract_begun boolean NOT NULL DEFAULT false -- a contract has once begun (P-053)
)"""

_ACT = """
CREATE TABLE IF NOT EXISTS {s}.act (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    as_of      timestamptz NOT NULL,   -- the moment for which it was decided
    kind       text NOT NULL,          -- masks, sweep, read, denial, activation, rehearsal, clock, fact
    login      text NOT NULL DEFAULT session_user,
    purpose    text,
    policy     date,
    counts     jsonb NOT NULL DEFAULT '{{}}', -- numbers per table and purpose: no personal data
    commitment bytea                   -- salted hash of whom it was about; the salt dies with their record
)"""

_APPEND_ONLY = """
CREATE OR REPLACE FUNCTION {s}.append_only() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$"""

_READING = """
CREATE TABLE IF NOT EXISTS {s}.reading (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    act_id     bigint NOT NULL,
    person_id  bigint NOT NULL,
    at         timestamptz NOT NULL,
    actor      text NOT NULL,
    purpose    text NOT NULL,
    salt       bytea NOT NULL
)"""

_BITS = """
CREATE TABLE IF NOT EXISTS {s}.purpose_bit (
    number smallint PRIMARY KEY CHECK (number BETWEEN 0 AND 59),
    key    text NOT NULL UNIQUE,
    first  date NOT NULL,
    last   date
)"""

_INSTALLED = """
CREATE TABLE IF NOT EXISTS {s}.installed (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    company    text NOT NULL,
    policy     date NOT NULL,
    digest     text NOT NULL,  -- of the compiled SQL
    made       jsonb NOT NULL DEFAULT '{{}}' -- names of what it made, and the catalogue as it was left
)"""

_WATERMARK = """
CREATE TABLE IF NOT EXISTS {s}.watermark (
    one     boolean PRIMARY KEY DEFAULT true CHECK (one),
    swept   date,   -- none: nothing was swept yet
    days    integer NOT NULL DEFAULT 0
)"""

_SCOPE_KEYS = """
CREATE TABLE IF NOT EXISTS {s}.scope_key (
    login name PRIMARY KEY,
    key   bytea NOT NULL CHECK (length(key) = 32)
)"""

_CIVIL = """
CREATE OR REPLACE FUNCTION {s}.civil(moment timestamptz) RETURNS date LANGUAGE sql STABLE PARALLEL SAFE
RETURN (moment AT TIME ZONE 'Europe/Brussels')::date"""

_MOMENT_DATE = """
CREATE OR REPLACE FUNCTION {s}.moment(day date) RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
RETURN day::timestamp AT TIME ZONE 'Europe/Brussels'"""

_MOMENT = """
CREATE OR REPLACE FUNCTION {s}.moment(at timestamptz) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN at"""

# RFC 2104: the key, filled up to a block of SHA-256, each byte with 0x36 or 0x5c. Worked out when a key is kept, since a scope
# is asked for in each statement.
_PADDED = """
CREATE OR REPLACE FUNCTION {s}.padded(key bytea, by integer) RETURNS bytea LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    pad bytea := key || decode(repeat('00', 64 - length(key)), 'hex');
BEGIN
    FOR i IN 0..63 LOOP pad := set_byte(pad, i, get_byte(pad, i) # by); END LOOP;
    RETURN pad;
END $$"""

_PADS = """
ALTER TABLE {s}.scope_key
    ADD COLUMN IF NOT EXISTS inner_pad bytea GENERATED ALWAYS AS ({s}.padded(key, 54)) STORED,
    ADD COLUMN IF NOT EXISTS outer_pad bytea GENERATED ALWAYS AS ({s}.padded(key, 92)) STORED"""

# The setting `bloesem.scope` is `kind:id:expires:mac`; mac = HMAC-SHA256 over `backend pid:kind:id:expires` with the
# key of the login. SQL of the login cannot make one: the key is in no table that it reads.
_SCOPE = """
CREATE OR REPLACE FUNCTION {s}.scope(wanted text) RETURNS bigint LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    said text := current_setting('bloesem.scope', true);
    body text := left(said, -65);
    mac  text;
    part text[];
BEGIN
    SELECT encode(sha256(k.outer_pad || sha256(k.inner_pad || convert_to(pg_backend_pid() || ':' || body, 'UTF8'))), 'hex')
    INTO mac FROM {s}.scope_key k WHERE k.login = session_user;
    IF mac IS NULL OR said <> body || ':' || mac THEN
        RETURN NULL;
    END IF;
    part := string_to_array(body, ':');
    IF part[1] <> wanted OR array_length(part, 1) <> 3 OR part[2] !~ '^[0-9]{{1,19}}$' OR part[3] !~ '^[0-9]{{1,12}}$'
       OR part[2]::numeric > 9223372036854775807 OR part[3]::bigint < extract(epoch FROM clock_timestamp()) THEN
        RETURN NULL;
    END IF;
    RETURN part[2]::bigint;
END $$"""

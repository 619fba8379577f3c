"""The chain of acts (art. 5(2), R-055): what was done cannot be changed, or left out, without being seen.

Acts are written by many at once, and their numbers come before their commits; a chain from act to act would let one wait for
the other. So they are sealed some time later, many at once: a seal has the numbers that it covers, the hash of those acts, and
the hash of the seal before it. What commits late under a low number is in the next seal. Nothing waits for a seal: the
keeper's helper makes one every few seconds where anything was done, and a sweep makes one. (In the transaction of the act
itself it would hold the chain until that commits: an erasure of a second would let every page that logs a read wait as long.)
"""

from __future__ import annotations

from functools import partial

from bloesem.plan.model import Plan
from bloesem.plan.quoting import ident, literal
from bloesem.plan.sql.statement import Statement, tidy
from bloesem.terms import add_period

TABLES = ("act_seal",)
#: Whose clock the acts have.
ACCOUNTABILITY = "law:accountability"
#: How many numbers behind the last sealed one an act may still come in.
LATE = 1_000_000


def tables(plan: Plan) -> list[tuple[str, str]]:
    return [
        ("seals of acts", _SEAL.format(s=ident(plan.schema))),
    ]


def statements(plan: Plan) -> list[Statement]:
    s, keeper = ident(plan.schema), ident(plan.role("keeper"))
    made = [
        ("seal: the hash of acts", _DIGEST.format(s=s)),
        ("seal: once more", _SEALS.format(s=s, late=LATE, most=2**63 - 1)),
        ("seal: what does not fit", _BROKEN.format(s=s, late=LATE)),
        ("act: goes with its clock", _GOES.format(s=s, over=_over(plan))),
        ("act: goes with its clock, trigger", _trigger(s, "act", "goes", "DELETE", "ROW", "act_goes")),
        ("seal: closes once", _CLOSES.format(s=s)),
        (
            "seal: closes once, trigger",
            _trigger(s, "act_seal", "closes", "UPDATE OR DELETE", "ROW", "seal_closes"),
        ),
        (
            "seal: never emptied",
            _trigger(s, "act_seal", "never_emptied", "TRUNCATE", "STATEMENT", "append_only"),
        ),
    ]
    for signature in ("seal_digest(int8multirange)", "seal_acts()", "broken_seals()"):
        made += [
            (f"{signature}: the keeper's", f"ALTER FUNCTION {s}.{signature} OWNER TO {keeper}"),
            (f"{signature}: nobody else's", f"REVOKE EXECUTE ON FUNCTION {s}.{signature} FROM PUBLIC"),
        ]
    return [Statement("chain", about, tidy(sql)) for about, sql in made]


def _over(plan: Plan) -> str:
    """SQL: whether the law's term of an act of the moment `OLD.at` is over."""
    purpose = plan.by_key.get(ACCOUNTABILITY)
    if purpose is None or not purpose.clocks:
        return "false"
    longest = max((clock.period for clock in purpose.clocks), key=partial(add_period, plan.version))
    s = ident(plan.schema)
    return f"({s}.civil(OLD.at) + {literal(longest)}::interval)::date < {s}.today()"


def _trigger(s: str, table: str, name: str, on: str, each: str, function: str) -> str:
    return f"CREATE OR REPLACE TRIGGER {name} BEFORE {on} ON {s}.{table} FOR EACH {each} EXECUTE FUNCTION {s}.{function}()"


_SEAL = """
CREATE TABLE IF NOT EXISTS {s}.act_seal (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    ids      int8multirange NOT NULL,  -- the numbers of the acts under it
    acts     bigint NOT NULL,
    inner_digest bytea NOT NULL CHECK (length(inner_digest) = 32), -- of those acts
    digest   bytea NOT NULL CHECK (length(digest) = 32),           -- of that, and of the seal before
    gone_on  date                      -- the law's term of all of them was over: they went, the seal stays
)"""

#: Numbers alone: the text of a moment or a number depends on settings.
_DIGEST = """
CREATE OR REPLACE FUNCTION {s}.seal_digest(of int8multirange) RETURNS bytea LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
SELECT sha256(COALESCE(string_agg(sha256(convert_to(jsonb_build_array(a.id, (extract(epoch FROM a.at) * 1000000)::bigint,
    (extract(epoch FROM a.as_of) * 1000000)::bigint, a.kind, a.login, a.purpose, a.policy - '2000-01-01'::date, a.counts,
    encode(a.commitment, 'hex'))::text, 'UTF8')), ''::bytea ORDER BY a.id), ''::bytea))
FROM {s}.act a WHERE a.id BETWEEN lower(of) AND upper(of) AND a.id <@ of
$$"""

#: `seal_acts()`: how many acts came under a new seal. One at a time: who comes second finds nothing to do.
_SEALS = """
CREATE OR REPLACE FUNCTION {s}.seal_acts() RETURNS bigint LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    before {s}.act_seal;
    floor bigint;
    sealed int8multirange;
    fresh int8multirange;
    many bigint;
    made bytea;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('bloesem seal', 0)) THEN
        RETURN 0;
    END IF;
    SELECT * INTO before FROM {s}.act_seal ORDER BY id DESC LIMIT 1;
    floor := COALESCE((SELECT max(upper(z.ids)) FROM {s}.act_seal z), 0) - {late};
    sealed := COALESCE((SELECT range_agg(r) FROM {s}.act_seal z, unnest(z.ids) r WHERE upper(z.ids) > floor), '{{}}');
    -- What no seal covers are few stretches: to look into each costs what is new, and not what was sealed before.
    SELECT range_agg(int8range(a.id, a.id, '[]')), count(*) INTO fresh, many
    FROM unnest(int8multirange(int8range(floor + 1, NULL)) - sealed) AS gap
    JOIN {s}.act a ON a.id >= lower(gap) AND a.id < COALESCE(upper(gap), {most});
    IF many = 0 THEN
        RETURN 0;
    END IF;
    made := {s}.seal_digest(fresh);
    INSERT INTO {s}.act_seal (ids, acts, inner_digest, digest)
    VALUES (fresh, many, made, sha256(COALESCE(before.digest, ''::bytea) || convert_to(fresh::text || many, 'UTF8') || made))
    RETURNING * INTO before;
    -- And outside of the database (`journal`): who owns it and rewrites the whole chain does not rewrite that.
    INSERT INTO {s}.journal_entry (said)
    VALUES (jsonb_build_object('what', 'seal', 'id', before.id, 'digest', encode(before.digest, 'hex')));
    RETURN many;
END $$"""

#: `broken_seals()`: seals that do not fit what is there (`id`, `what`); 0 for an act that no seal can have left out.
_BROKEN = """
CREATE OR REPLACE FUNCTION {s}.broken_seals() RETURNS TABLE (seal bigint, what text) LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
SELECT z.id, CASE WHEN z.digest <> sha256(COALESCE(z.previous, ''::bytea) || convert_to(z.ids::text || z.acts, 'UTF8')
        || z.inner_digest) THEN 'chain' ELSE 'acts' END
FROM (SELECT s.*, lag(s.digest) OVER (ORDER BY s.id) AS previous FROM {s}.act_seal s) AS z
WHERE z.digest <> sha256(COALESCE(z.previous, ''::bytea) || convert_to(z.ids::text || z.acts, 'UTF8') || z.inner_digest)
   OR z.gone_on IS NULL AND ((SELECT count(*) FROM {s}.act a WHERE a.id BETWEEN lower(z.ids) AND upper(z.ids) AND a.id <@ z.ids)
       <> z.acts OR {s}.seal_digest(z.ids) <> z.inner_digest)
UNION ALL
SELECT 0, 'unsealed' FROM {s}.act a
WHERE a.id < COALESCE((SELECT max(upper(z.ids)) FROM {s}.act_seal z), 0) - {late}
  AND NOT EXISTS (SELECT FROM {s}.act_seal z WHERE a.id <@ z.ids)
$$"""

#: An act goes when its term is over, and no sooner, and under a seal that says so.
_GOES = """
CREATE OR REPLACE FUNCTION {s}.act_goes() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF ({over}) IS NOT TRUE
        OR NOT EXISTS (SELECT FROM {s}.act_seal z WHERE OLD.id <@ z.ids AND z.gone_on IS NOT NULL) THEN
        RAISE EXCEPTION 'act is append-only' USING ERRCODE = 'integrity_constraint_violation',
            HINT = 'the sweep takes acts whose term is over, with their seal';
    END IF;
    RETURN OLD;
END $$"""

_CLOSES = """
CREATE OR REPLACE FUNCTION {s}.seal_closes() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.gone_on IS NOT NULL OR NEW.gone_on IS NULL
        OR (OLD.id, OLD.at, OLD.ids, OLD.acts, OLD.inner_digest, OLD.digest)
           IS DISTINCT FROM (NEW.id, NEW.at, NEW.ids, NEW.acts, NEW.inner_digest, NEW.digest) THEN
        RAISE EXCEPTION 'a seal is never changed' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$"""

__all__ = ["ACCOUNTABILITY", "TABLES", "statements", "tables"]

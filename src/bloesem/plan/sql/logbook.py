"""What a process login may write and ask beside its purposes: who read whom, what was refused, is a name taken.

Functions of the keeper; a login may call them (`identifier_taken` where it fills what identifies), and has no right on any table behind them.
"""

from __future__ import annotations

from bloesem.plan.categories import covers
from bloesem.plan.model import Plan
from bloesem.plan.quoting import ident, literal, qualified
from bloesem.plan.sql.gate import fills
from bloesem.plan.sql.statement import Statement, tidy

_NEXT = "\n    "
#: How a function of the keeper's begins that others call; and the test whether whoever calls it did not say who they are.
HEAD = "LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$"
NOBODY = "actor IS NULL OR actor !~ '[^[:space:]]' OR length(actor) > 200"
#: People on one page or in one list.
MOST_PEOPLE = 10_000

_TAKEN = "identifier_taken(text, text)"
_WHOSE = "identified(text, text)"
_SIGNATURES = (
    "record_reading(text, text, bigint[], bigint, text)",
    "record_denial(text, text)",
    _TAKEN,
    _WHOSE,
)


def goes_with_clock(plan: Plan, function: str) -> str:
    """The function of a trigger on what is written down to be shown: rows go by the clock's hand alone, none is changed."""
    return f"""
CREATE OR REPLACE FUNCTION {ident(plan.schema)}.{function}() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF current_user <> {literal(plan.role("keeper"))} OR current_setting('application_name') <> 'bloesem clock' THEN
        RAISE EXCEPTION '% is append-only: it goes with its clock', TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation', HINT = 'the sweep takes what the law no longer asks to show';
    END IF;
    RETURN NULL;
END $$"""


def statements(plan: Plan) -> list[Statement]:
    s, keeper = ident(plan.schema), ident(plan.role("keeper"))
    made = [
        Statement(
            "logbook",
            "a staff read of before cases",
            f"DROP FUNCTION IF EXISTS {s}.record_reading(text, text, bigint[])",
        ),
        Statement("logbook", "a staff read is written down", _reading(plan)),
        Statement("logbook", "a refusal is written down", _denial(plan)),
        Statement("logbook", "free or taken", _taken(plan)),
        Statement("logbook", "who signs in", _identified(plan)),
    ]
    for signature in _SIGNATURES:
        name = signature.split("(")[0]
        function = f"{s}.{signature}"
        made.append(
            Statement("logbook", f"{name}: the keeper's", f"ALTER FUNCTION {function} OWNER TO {keeper}")
        )
        made.append(
            Statement("logbook", f"{name}: not for all", f"REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC")
        )
        callers = {_TAKEN: takers(plan), _WHOSE: doormen(plan)}.get(signature, list(plan.processes))
        if callers:
            logins = ", ".join(ident(plan.role(login)) for login in callers)
            sql = f"GRANT EXECUTE ON FUNCTION {function} TO {logins}"
            made.append(Statement("logbook", f"{name}: {', '.join(callers)} may call it", sql))
    return made


def takers(plan: Plan) -> list[str]:
    """The processes that may ask whether somebody has an identifier: those that serve what fills such a column. Whoever
    gives nobody an address learns of nobody that they are a customer."""
    identities = [(t, {c.name for c in t.columns if c.identity}) for t in plan.tables]
    return [
        login
        for login, served in plan.processes.items()
        if any(names & set(fills(plan, one, table)) for one in served for table, names in identities)
    ]


def doormen(plan: Plan) -> list[str]:
    """The processes that may ask whose an identifier is: those that open a person's own scope to who proves to be them."""
    own = {scoped.key for scoped in plan.scoped if scoped.scope == "person" and scoped.known_by}
    return [login for login, served in plan.processes.items() if own & set(served)]


def _served(plan: Plan) -> str:
    """The role behind `purpose`; NULL for what is no purpose (P-051)."""
    names = {p.key: p.name for p in plan.purposes if p.active}
    names |= {scoped.key: scoped.name for scoped in plan.scoped} | {
        writer.key: writer.key for writer in plan.writers
    }
    if not names:
        return "NULL"
    cases = " ".join(
        f"WHEN {literal(key)} THEN {literal(plan.role(name))}" for key, name in sorted(names.items())
    )
    return f"CASE purpose {cases} END"


def require_served(plan: Plan) -> str:
    """PL/pgSQL that refuses a login which does not serve `purpose`; it sets `role`."""
    return f"""
    role := {_served(plan)};
    IF role IS NULL OR NOT pg_has_role(session_user, role, 'MEMBER') THEN
        RAISE EXCEPTION 'this login does not serve that purpose' USING ERRCODE = 'insufficient_privilege';
    END IF;"""


def _reading(plan: Plan) -> str:
    """One act without personal data, and a row per person whose salt opens the act's commitment. `about`, `second`: the
    case and the second person, of purposes that are read one case at a time."""
    s = ident(plan.schema)
    cases = f"ARRAY[{', '.join(map(literal, plan.cases))}]::text[]"
    return tidy(
        f"""
CREATE OR REPLACE FUNCTION {s}.record_reading(
    actor text, purpose text, people bigint[], about bigint DEFAULT NULL, second text DEFAULT NULL
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    role text;
    whose bigint[] := COALESCE((SELECT array_agg(DISTINCT p ORDER BY p) FROM unnest(people) p WHERE p IS NOT NULL), '{{}}');
    made bigint;
BEGIN{require_served(plan)}
    IF {NOBODY} THEN
        RAISE EXCEPTION 'a read names who reads' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF (purpose = ANY ({cases})) IS DISTINCT FROM (about IS NOT NULL AND second IS NOT NULL) THEN
        RAISE EXCEPTION 'holds and archives are read one case at a time, with a second person, and nothing else is'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF second !~ '[^[:space:]]' OR length(second) > 200 OR second = actor THEN
        RAISE EXCEPTION 'the second person is another' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF cardinality(whose) > {MOST_PEOPLE} THEN
        RAISE EXCEPTION 'nobody reads {MOST_PEOPLE} people on one page' USING ERRCODE = 'invalid_parameter_value';
    END IF;
{noted(plan, actor="record_reading.actor", purpose="record_reading.purpose")}
    RETURN made;
END $$"""
    )


def noted(plan: Plan, *, actor: str, purpose: str, about: str = "about", second: str = "second") -> str:
    """PL/pgSQL that writes the act of reading the people in `whose`, and a row for each; it sets `made`.

    Each salt is made of one secret of the act that is kept nowhere: no salt tells of another, and a hundred random numbers
    would cost as much as all the rest.
    """
    s = ident(plan.schema)
    return f"""
    WITH secret AS MATERIALIZED (
        SELECT uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) AS made
    ), read AS MATERIALIZED (
        SELECT w.person, sha256(secret.made || int8send(w.person)) AS salt FROM secret, unnest(whose) AS w (person)
    ), act AS (
        INSERT INTO {s}.act (as_of, kind, purpose, policy, counts, commitment)
        VALUES ({s}.moment(), 'read', {purpose}, (SELECT i.policy FROM {s}.installed i ORDER BY i.id DESC LIMIT 1),
                jsonb_strip_nulls(jsonb_build_object('people', cardinality(whose), 'case', {about}, 'second', {second})),
                (SELECT sha256(string_agg(sha256(r.salt || int8send(r.person)), ''::bytea ORDER BY r.person)) FROM read r))
        RETURNING act.id
    ), people AS (
        INSERT INTO {s}.reading (act_id, person_id, at, actor, purpose, salt)
        SELECT act.id, r.person, clock_timestamp(), {actor}, {purpose}, r.salt FROM act, read r
    )
    SELECT act.id INTO made FROM act;"""


def _denial(plan: Plan) -> str:
    """`thing` is a name of the map (`table.column`), never a value: what does not look like one is left out."""
    s = ident(plan.schema)
    return tidy(
        f"""
CREATE OR REPLACE FUNCTION {s}.record_denial(purpose text, thing text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    role text;
    made bigint;
BEGIN{require_served(plan)}
    IF thing IS NULL OR thing !~ '^[a-z_][a-z0-9_-]{{0,62}}(\\.[a-z_][a-z0-9_]{{0,62}})?$' THEN
        thing := 'unnamed';
    END IF;
    INSERT INTO {s}.act (as_of, kind, purpose, policy, counts)
    VALUES ({s}.moment(), 'denial', purpose, (SELECT policy FROM {s}.installed ORDER BY id DESC LIMIT 1),
            jsonb_build_object('denied', thing))
    RETURNING id INTO made;
    RETURN made;
END $$"""
    )


def _taken(plan: Plan) -> str:
    """`identifier_taken(kind, value)`: over the columns that the map marks with this `identity`. They hold text."""
    s = ident(plan.schema)
    kinds: dict[str, list[str]] = {}
    for table in plan.tables:
        for column in table.columns:
            if column.identity:
                found = f"EXISTS (SELECT FROM {qualified(table.schema, table.name)} r WHERE r.{ident(column.name)} = given)"
                kinds.setdefault(column.identity, []).append(found)
    tests = [
        f"IF kind = {literal(kind)} THEN\n        RETURN {' OR '.join(found)};\n    END IF;"
        for kind, found in sorted(kinds.items())
    ]
    return tidy(
        f"""
CREATE OR REPLACE FUNCTION {s}.identifier_taken(kind text, given text) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    {_NEXT.join(tests) or "-- the map names none"}
    RAISE EXCEPTION 'the map has no such identity' USING ERRCODE = 'invalid_parameter_value';
END $$"""
    )


def _identified(plan: Plan) -> str:
    """`identified(kind, value)`: the one person who has it, in a column that says who signs in (`known_by`); NULL when it
    is nobody's, or that of two. By what is stored: also who is restricted sees what is theirs (art. 15, 18(2))."""
    s = ident(plan.schema)
    wanted = [c for scoped in plan.scoped if scoped.scope == "person" for c in scoped.known_by]
    kinds: dict[str, list[str]] = {}
    for table in plan.tables:
        for column in table.columns:
            if column.identity and any(covers(wanted, key) for key in column.categories):
                kinds.setdefault(column.identity, []).append(
                    f"SELECT r.{ident(table.owners[column.owner])} AS person"
                    f" FROM {qualified(table.schema, table.name)} r WHERE r.{ident(column.name)} = given"
                    f" AND r.kept_for <> 0 AND r.good_until > {s}.moment()"
                )
    tests = [
        f"IF kind = {literal(kind)} THEN\n        RETURN (SELECT CASE WHEN count(DISTINCT person) = 1 THEN min(person) END"
        f" FROM ({' UNION ALL '.join(found)}) AS whose);\n    END IF;"
        for kind, found in sorted(kinds.items())
    ]
    return tidy(
        f"""
CREATE OR REPLACE FUNCTION {s}.identified(kind text, given text) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    {_NEXT.join(tests) or "-- nobody signs in by anything"}
    RAISE EXCEPTION 'nobody signs in by that' USING ERRCODE = 'invalid_parameter_value';
END $$"""
    )

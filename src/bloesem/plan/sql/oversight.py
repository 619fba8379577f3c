"""What the privacy officer may ask (art. 39): counts, disclosures, and the facts that say who may read what of one person.

Functions of the keeper, for the one process that the record names (`oversight`). None gives a value of anybody: a person
is answered about by what decides (facts, dates, masks), and in the same transaction it is written down that they were
asked about. No log, no answer.
"""

from __future__ import annotations

from bloesem.plan.model import CONSENT, Plan, TablePlan
from bloesem.plan.quoting import ident, literal, qualified
from bloesem.plan.sql.logbook import noted
from bloesem.plan.sql.state import last_day
from bloesem.plan.sql.statement import Statement, listed, tidy

#: Rows of one table that an answer tells one by one, the newest first; it counts the others.
MOST_ROWS = 10_000
#: Disclosures in one list.
MOST_DISCLOSURES = 500

_COUNTS = "oversight_counts()"
_GIVEN = "oversight_given()"
_DISCLOSURES = "oversight_disclosures(text, date)"
_PERSON = "oversight_person(text, text, text[], text[])"
SIGNATURES = (_COUNTS, _GIVEN, _DISCLOSURES, _PERSON)


def statements(plan: Plan) -> list[Statement]:
    """Nothing where the record names no process for it."""
    if plan.oversight is None:
        return []
    s, keeper = ident(plan.schema), ident(plan.role("keeper"))
    login = ident(plan.role(plan.oversight.process))
    made = [
        Statement("oversight", "consents and objections by month", _counts(plan)),
        Statement("oversight", "who was given what, by month", tidy(_GIVEN_SQL.format(s=s))),
        Statement("oversight", "disclosures one by one", tidy(_DISCLOSURES_SQL.format(s=s))),
        Statement("oversight", "what decides who may read somebody", _person(plan)),
    ]
    for signature in SIGNATURES:
        name, function = signature.split("(")[0], f"{s}.{signature}"
        for about, sql in (
            ("the keeper's", f"ALTER FUNCTION {function} OWNER TO {keeper}"),
            ("not for all", f"REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC"),
            (f"{plan.oversight.process} may ask", f"GRANT EXECUTE ON FUNCTION {function} TO {login}"),
        ):
            made.append(Statement("oversight", f"{name}: {about}", sql))
    return made


# ---- counts ------------------------------------------------------------------------------------------------------------


def _counts(plan: Plan) -> str:
    """Per month, kind and part: how many consents were given, withdrawn and expired, and how many objected. Of people who
    are still there: facts go with their person. A consent that was given anew in time did not expire (P-098)."""
    s = ident(plan.schema)
    return tidy(
        f"""
CREATE OR REPLACE FUNCTION {s}.oversight_counts() RETURNS TABLE (month date, happened text, part text, many bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
WITH given AS (
    SELECT f.person_id, f.key, {s}.civil(f.starts_at) AS first, {s}.civil(f.ends_at) AS ended, f.ends_at,
           {_last(plan)} AS last,
           lead({s}.civil(f.starts_at)) OVER (PARTITION BY f.person_id, f.key ORDER BY f.starts_at, f.id) AS anew
    FROM {s}.fact f WHERE f.kind = 'consent' AND f.starts_at <= {s}.moment()),
told (day, happened, part) AS (
    SELECT first, 'given', key FROM given
    UNION ALL
    SELECT ended, 'withdrawn', key FROM given WHERE ends_at <= {s}.moment() AND (ended <= last OR last IS NULL)
    UNION ALL
    SELECT last + 1, 'expired', key FROM given
    WHERE last < {s}.today() AND (ended IS NULL OR ended > last) AND (anew IS NULL OR anew > last)
    UNION ALL
    SELECT {s}.civil(f.starts_at), 'objection', f.key FROM {s}.fact f
    WHERE f.kind IN ('objection', 'assessing') AND f.starts_at <= {s}.moment())
SELECT date_trunc('month', day)::date, happened, part, count(*) FROM told GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
$$"""
    )


def _last(plan: Plan) -> str:
    """The last day of a consent, by the clock of its part; none where no clock ends it."""
    cases = [
        f"WHEN {literal(p.key)} THEN {last_day(f'{ident(plan.schema)}.civil(f.starts_at)', clock.period, end_of_year=clock.end_of_year)}"
        for p in plan.purposes
        for clock in p.clocks
        if clock.after == CONSENT
    ]
    return f"CASE f.key {' '.join(cases)} END" if cases else "NULL::date"


# ---- disclosures -------------------------------------------------------------------------------------------------------

_GIVEN_SQL = """
CREATE OR REPLACE FUNCTION {s}.oversight_given()
RETURNS TABLE (recipient text, month date, many bigint, people bigint, last timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
SELECT d.recipient, date_trunc('month', {s}.civil(d.as_of))::date, count(*), sum(p.people)::bigint, max(d.as_of)
FROM {s}.disclosure d
CROSS JOIN LATERAL (
    SELECT count(DISTINCT g.person_id) AS people FROM {s}.disclosed g WHERE g.disclosure_id = d.id) p
GROUP BY 1, 2 ORDER BY 2 DESC, 1
$$"""

# The columns of a disclosure are told while `disclosed` has them: names of the map, and how many people.
_DISCLOSURES_SQL = (
    """
CREATE OR REPLACE FUNCTION {s}.oversight_disclosures(whom text, within date)
RETURNS TABLE (id bigint, as_of timestamptz, recipient text, name text, kind text, purpose text, ground text,
               assignment text, transfers jsonb, policy date, ends date, people bigint, fields jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
SELECT d.id, d.as_of, d.recipient, d.name, d.kind, d.purpose, d.ground, d.assignment, d.transfers, d.policy, d.ends,
       (SELECT count(DISTINCT g.person_id) FROM {s}.disclosed g WHERE g.disclosure_id = d.id),
       (SELECT COALESCE(jsonb_object_agg(t.table_name, t.columns), '{{}}') FROM (
            SELECT g.table_name, jsonb_agg(DISTINCT c) AS columns
            FROM {s}.disclosed g, unnest(g.columns) c WHERE g.disclosure_id = d.id GROUP BY 1) t)
FROM {s}.disclosure d
WHERE (whom IS NULL OR d.recipient = whom)
  AND (within IS NULL OR date_trunc('month', {s}.civil(d.as_of))::date = date_trunc('month', within)::date)
ORDER BY d.id DESC LIMIT """
    + str(MOST_DISCLOSURES)
    + """
$$"""
)


# ---- one person --------------------------------------------------------------------------------------------------------


def _person(plan: Plan) -> str:
    """in: who asks; a kind of identifier and its writings; the tables that the question is about. out: `people`, how many
    answer to it; of exactly one `facts`, of them and of whoever shares such a row; `rows`, what decides about each (keys,
    owners, dates, masks, which columns hold something); `counts`; `given`, the disclosures. Nobody found is written down
    as well."""
    s = ident(plan.schema)
    assert plan.oversight is not None
    branches = "\nUNION ALL\n".join(_rows(plan, table) for table in plan.tables)
    counts = "\nUNION ALL\n".join(_count(table) for table in plan.tables)
    return tidy(
        f"""
CREATE OR REPLACE FUNCTION {s}.oversight_person(actor text, kind text, given text[], tables text[]) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    hits bigint[];
    who bigint;
    whose bigint[] := '{{}}';
    made bigint;
    told jsonb := '[]';
BEGIN
    IF actor IS NULL OR actor !~ '[^[:space:]]' OR length(actor) > 200 THEN
        RAISE EXCEPTION 'a question about a person names who asks' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    {_found(plan)}
    IF cardinality(hits) = 1 THEN
        who := hits[1];
        SELECT COALESCE(jsonb_agg(r.told), '[]') INTO told FROM (
            {listed(branches.splitlines(), joined=chr(10), by=12)}
        ) AS r (told);
        SELECT array_agg(DISTINCT o ORDER BY o) INTO whose FROM (
            SELECT who UNION
            SELECT x::bigint FROM jsonb_array_elements(told) r, jsonb_array_elements_text(r->'owners') x WHERE x IS NOT NULL
        ) AS theirs (o);
    END IF;
{noted(plan, actor="oversight_person.actor", purpose=literal(plan.oversight.purpose), about="NULL::bigint", second="NULL::text")}
    RETURN jsonb_build_object(
        'people', cardinality(hits), 'person', who, 'at', {s}.moment(), 'rows', told,
        'counts', CASE WHEN who IS NULL THEN '{{}}' ELSE (SELECT jsonb_object_agg(c.name, c.many) FROM (
            {listed(counts.splitlines(), joined=chr(10), by=12)}
        ) AS c (name, many)) END,
        'facts', (SELECT COALESCE(jsonb_agg(jsonb_build_array(f.person_id, f.kind, f.key, f.starts_at, f.ends_at,
                  f.table_name, f.row_id, f.review_on) ORDER BY f.id), '[]')
                  FROM {s}.fact f WHERE f.person_id = ANY (whose)),
        'given', (SELECT COALESCE(jsonb_agg(jsonb_build_object('recipient', d.recipient, 'name', d.name, 'at', d.as_of,
                  'purpose', d.purpose, 'table', g.table_name, 'columns', g.columns, 'ends', d.ends) ORDER BY d.id DESC), '[]')
                  FROM {s}.disclosed g JOIN {s}.disclosure d ON d.id = g.disclosure_id
                  WHERE g.person_id = who AND g.table_name = ANY (tables)));
END $$"""
    )


def _found(plan: Plan) -> str:
    """PL/pgSQL that puts into `hits` the people who have an identifier of that kind, in any column that the map marks."""
    kinds: dict[str, list[str]] = {}
    for table in plan.tables:
        for column in table.columns:
            if column.identity:
                owner = ident(table.owners[column.owner])
                kinds.setdefault(column.identity, []).append(
                    f"SELECT r.{owner} FROM {qualified(table.schema, table.name)} r"
                    f" WHERE r.{ident(column.name)} = ANY (given) AND r.{owner} IS NOT NULL"
                )
    tests = [
        f"{'IF' if not i else 'ELSIF'} kind = {literal(kind)} THEN\n"
        f"        SELECT COALESCE(array_agg(DISTINCT p), '{{}}') INTO hits FROM ({' UNION ALL '.join(parts)}) AS w (p);"
        for i, (kind, parts) in enumerate(sorted(kinds.items()))
    ]
    refused = "RAISE EXCEPTION 'the map has no such identity' USING ERRCODE = 'invalid_parameter_value';"
    return "\n    ".join([*tests, "ELSE", f"    {refused}", "END IF;"]) if tests else refused


def deciding(table: TablePlan) -> list[str]:
    """The columns that decide about a row: its keys, owners, scopes, dates and what narrowing looks at."""
    return list(
        dict.fromkeys(
            [
                *table.key,
                *table.owners,
                *table.scopes.values(),
                *filter(None, (table.recorded, table.record_date, table.source)),
                *(n.when.column for n in table.narrow if n.when),
            ]
        )
    )


def _mine(table: TablePlan) -> str:
    hers = " OR ".join(f"r.{ident(owner)} = who" for owner in table.owners)
    return f"FROM {qualified(table.schema, table.name)} r WHERE {literal(table.name)} = ANY (tables) AND ({hers})"


def _rows(plan: Plan, table: TablePlan) -> str:
    decides = ", ".join(f"{literal(name)}, r.{ident(name)}" for name in deciding(table))
    filled = [
        f"CASE WHEN r.{ident(c.name)} IS NOT NULL"
        + (f" AND r.{ident(c.name)} <> {literal(c.erased)}" if c.erased is not None else "")
        + f" THEN {literal(c.name)} END"
        for c in table.columns
        if not c.key or table.anchor
    ]
    there = f"to_jsonb(array_remove(ARRAY[{', '.join(filled)}]::text[], NULL))" if filled else "'[]'::jsonb"
    owners = ", ".join(f"r.{ident(owner)}" for owner in table.owners)
    return (
        f"(SELECT jsonb_build_object('table', {literal(table.name)}, 'decides', jsonb_build_object({decides}),"
        f" 'owners', jsonb_build_array({owners}), 'there', {there}, 'used', r.used_for, 'kept', r.kept_for,"
        f" 'over', r.good_until <= {ident(plan.schema)}.moment())\n"
        f" {_mine(table)} ORDER BY r.{ident(table.id)} DESC LIMIT {MOST_ROWS})"
    )


def _count(table: TablePlan) -> str:
    return f"SELECT {literal(table.name)}, (SELECT count(*) {_mine(table)})"


__all__ = ["MOST_DISCLOSURES", "MOST_ROWS", "SIGNATURES", "deciding", "statements"]

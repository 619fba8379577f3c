"""What is due on each day of a span: rows that the clock will erase, consents that end, holds that are looked at again.

One function of the keeper for the officer's process: numbers per day, nobody. It judges as the facts stand now; a fact that
comes later (somebody logs in, objects, asks) moves a day, and the clock judges anew then.

A row goes on the day on which the last purpose that keeps it ends. When a purpose ends for somebody stands in their state, when
it ends by the row's own date follows from that date. A fact that is known ahead (a contract that ends on a day) is judged as
of its day, by the same `compute_state`; of several, the first. A row that may go by a day is found by the index on `good_until`, where
rows age by themselves, and else by that on people's next review: what it costs follows from what is due by the last day, and
not from what is stored.
"""

from __future__ import annotations

from bloesem.plan.model import Plan, PurposePlan, TablePlan
from bloesem.plan.quoting import ident, literal, qualified
from bloesem.plan.sql.masks import dated, record_end
from bloesem.plan.sql.state import FOREVER, NEVER, last_day
from bloesem.plan.sql.statement import Statement, tidy

#: What it tells of a day.
ROWS, CONSENT, HOLD = "rows", "consent", "hold"
SIGNATURE = "oversight_due(date, date)"


def statements(plan: Plan) -> list[Statement]:
    """Nothing where the record names no process for the officer."""
    if plan.oversight is None:
        return []
    s, keeper = ident(plan.schema), ident(plan.role("keeper"))
    function, login = f"{s}.{SIGNATURE}", ident(plan.role(plan.oversight.process))
    return [
        Statement("forecast", about, sql)
        for about, sql in (
            ("what is due on which day", due(plan)),
            ("the keeper's", f"ALTER FUNCTION {function} OWNER TO {keeper}"),
            ("not for all", f"REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC"),
            (f"{plan.oversight.process} may ask", f"GRANT EXECUTE ON FUNCTION {function} TO {login}"),
        )
    ]


def due(plan: Plan) -> str:
    """`oversight_due(first, last)`: per day, what, name (a table, a part, a hold) and how many. What should have gone before
    `first` is not told: `clock.overdue` is."""
    s = ident(plan.schema)
    parts = [_rows(plan, table) for table in plan.tables]
    parts += [_consents(plan), _HOLDS.format(s=s, hold=literal(HOLD))]
    every = "\nUNION ALL\n".join(parts)
    return tidy(
        f"""
CREATE OR REPLACE FUNCTION {s}.oversight_due(first date, until date)
RETURNS TABLE (day date, what text, name text, many bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
{_FORESEEN.format(s=s)}
{every}
$$"""
    )


# People whose state may change by then: the first fact that is known ahead, and what their state is as of its day. `ends`: per
# purpose the first day on which it no longer keeps anything of theirs.
_FORESEEN = """
WITH ahead AS MATERIALIZED (
    SELECT f.person_id, GREATEST({s}.today() + 1, LEAST(
               min({s}.civil(f.starts_at)) FILTER (WHERE f.starts_at > {s}.moment()),
               min({s}.civil(f.ends_at)) FILTER (WHERE f.ends_at > {s}.moment()))) AS day
    FROM {s}.state p JOIN {s}.fact f ON f.person_id = p.person_id
    WHERE p.next_review <= oversight_due.until AND (f.starts_at > {s}.moment() OR f.ends_at > {s}.moment())
    GROUP BY 1),
later AS MATERIALIZED (
    SELECT n.* FROM (SELECT a.day, array_agg(a.person_id) AS ids FROM ahead a
                     WHERE a.day <= oversight_due.until GROUP BY 1) AS g,
        LATERAL {s}.compute_state(g.ids, {s}.moment(g.day)) AS n),
foreseen AS MATERIALIZED (
    SELECT p.person_id, p.kept | COALESCE(n.kept, 0) AS kept, CASE WHEN n.person_id IS NULL THEN p.ends ELSE ARRAY(
        SELECT CASE WHEN e.day < a.day THEN e.day
                    WHEN n.kept & (1::bigint << (e.place - 1)::integer) <> 0 THEN n.ends[e.place] ELSE a.day END
        FROM unnest(p.ends) WITH ORDINALITY AS e (day, place) ORDER BY e.place) END AS ends
    FROM {s}.state p LEFT JOIN ahead a USING (person_id) LEFT JOIN later n USING (person_id)
    WHERE p.next_review <= oversight_due.until)"""


def _rows(plan: Plan, table: TablePlan) -> str:
    s, q = ident(plan.schema), qualified(table.schema, table.name)
    owners = range(1, len(table.owners) + 1)
    joins = "\n".join(
        f"    LEFT JOIN foreseen s{i} ON s{i}.person_id = r.{ident(owner)}"
        for i, owner in enumerate(table.owners, 1)
    )
    ends = ", ".join(_ends(plan, table, f"s{i}", table.owners[i - 1]) for i in owners)
    found = [f"r.good_until <= {s}.moment(oversight_due.until)", "r.kept_for <> 0"]
    if not dated(plan, table):
        mine = " OR ".join(f"r.{ident(o)} IN (SELECT p.person_id FROM foreseen p)" for o in table.owners)
        found.append(f"({mine})")
    return f"""SELECT e.day, {literal(ROWS)}, {literal(table.name)}, count(*) FROM (
    SELECT GREATEST({ends}) AS day FROM {q} r
{joins}
    WHERE {" AND ".join(found)}) AS e
WHERE e.day BETWEEN oversight_due.first AND oversight_due.until GROUP BY 1"""


def _ends(plan: Plan, table: TablePlan, state: str, owner: str) -> str:
    """The first day on which nothing of what one owner's facts keep of `r` is left; of who is not foreseen, never."""
    shared = f"r.kept_for & COALESCE({state}.kept, -1)" if len(table.owners) > 1 else "r.kept_for"
    days = []
    for purpose in plan.purposes:
        if purpose.mask & table.bits:
            mask = shared if purpose.active and not purpose.hold else "r.kept_for"
            days.append(
                f"CASE WHEN {mask} & {purpose.mask} <> 0 THEN {_end(table, purpose, state)} ELSE {NEVER} END"
            )
    whole = "GREATEST(" + ",\n            ".join(days or [NEVER]) + ")"
    return f"CASE WHEN r.{ident(owner)} IS NULL THEN {NEVER} ELSE {whole} END"


def _end(table: TablePlan, purpose: PurposePlan, state: str) -> str:
    """The first day on which the purpose no longer keeps the row."""
    known = f"COALESCE({state}.ends[{purpose.number + 1}], {FOREVER})"
    if purpose.by_record:
        ends = [f"{record_end(clock, table)} + 1" for clock in purpose.clocks]
        known = f"COALESCE(GREATEST({', '.join(ends)}), {NEVER})" if ends else FOREVER
    caps = [
        f"{last_day(f'r.{ident(str(table.record_date))}', one.period, end_of_year=False)} + 1"
        for one in table.ceilings
        if one.deletes and one.mask & purpose.mask
    ]
    return f"LEAST({', '.join([known, *caps])})" if caps else known


def _consents(plan: Plan) -> str:
    """People whose consent ends by its own clock."""
    parts = [p for p in plan.purposes if p.active and p.by_consent]
    cases = " ".join(f"WHEN {p.number + 1} THEN {literal(p.key)}" for p in parts)
    name = f"CASE e.place {cases} END" if cases else "NULL::text"
    places = ", ".join(str(p.number + 1) for p in parts) or "0"
    return f"""SELECT e.day, {literal(CONSENT)}, {name}, count(*)
FROM foreseen p, unnest(p.ends) WITH ORDINALITY AS e (day, place)
WHERE e.day BETWEEN oversight_due.first AND oversight_due.until
  AND e.place IN ({places}) AND p.kept & (1::bigint << (e.place - 1)::integer) <> 0
GROUP BY 1, e.place"""


_HOLDS = """SELECT f.review_on, {hold}, f.key, count(*) FROM {s}.fact f
WHERE f.kind = 'hold' AND f.ends_at IS NULL AND f.review_on BETWEEN oversight_due.first AND oversight_due.until GROUP BY 1, f.key"""

__all__ = ["CONSENT", "HOLD", "ROWS", "SIGNATURE", "due", "statements"]

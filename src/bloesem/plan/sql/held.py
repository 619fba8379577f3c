"""What a purpose does not see of a person whom it may open: how many rows and values, and why; never what they hold.

A desk that sees nothing and a desk that is not shown something are two things: who answers a restricted person "we have
no sessions of yours" says something untrue. So each purpose has a function in its own schema, and nobody else can call it.
"""

from __future__ import annotations

from bloesem.plan.model import Plan, PurposePlan, TablePlan
from bloesem.plan.predicates import sql as condition
from bloesem.plan.quoting import ident, literal, qualified
from bloesem.plan.sql.gate import purpose_columns
from bloesem.plan.sql.statement import Statement, listed, tidy

#: Why a row is not shown; each is a word of the calculus, but `due`: its day is over and the clock has not judged it yet.
REASONS = ("due", "held", "restricted", "objection-assessed", "ended")


def asking(plan: Plan) -> list[PurposePlan]:
    """The purposes that may ask: those that open people, on a ground of their own. A hold shows what is held and counts
    nothing else; what only reads what others keep (`keep: none`) opens nobody."""
    anchor = _anchor(plan)
    if anchor is None:
        return []
    return [
        p
        for p in plan.purposes
        if p.active and p.stored and not p.hold and purpose_columns(plan, anchor, p) and _tables(plan, p)
    ]


def statements(plan: Plan) -> list[Statement]:
    keeper = ident(plan.role("keeper"))
    made = []
    for purpose in asking(plan):
        schema, role = ident(purpose.name), ident(plan.role(purpose.name))
        function = f"{schema}.held_back(bigint)"
        made += [
            Statement(
                "held back", f"{purpose.key}: what it does not see of somebody", _function(plan, purpose)
            ),
            Statement(
                "held back", f"{purpose.key}: who makes it", f"GRANT CREATE ON SCHEMA {schema} TO {keeper}"
            ),
            Statement(
                "held back", f"{purpose.key}: the keeper's", f"ALTER FUNCTION {function} OWNER TO {keeper}"
            ),
            Statement(
                "held back", f"{purpose.key}: and no more", f"REVOKE ALL ON SCHEMA {schema} FROM {keeper}"
            ),
            Statement(
                "held back", f"{purpose.key}: nobody", f"REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC"
            ),
            Statement("held back", f"{purpose.key} alone", f"GRANT EXECUTE ON FUNCTION {function} TO {role}"),
        ]
    return made


def _anchor(plan: Plan) -> TablePlan | None:
    return next((table for table in plan.tables if table.anchor), None)


def _tables(plan: Plan, purpose: PurposePlan) -> list[TablePlan]:
    return [t for t in plan.tables if not t.anchor and purpose_columns(plan, t, purpose)]


def _function(plan: Plan, purpose: PurposePlan) -> str:
    """The person's own row decides whether anything is said: it must be one that the purpose sees. A restriction or an
    objection is this person's own; one of somebody with whom they share a row is not told, and the row is `ended`."""
    s, anchor = ident(plan.schema), _anchor(plan)
    assert anchor is not None
    seen = _seen(plan, anchor, purpose)
    branches = "\nUNION ALL\n".join(_branch(plan, table, purpose) for table in _tables(plan, purpose))
    return tidy(f"""
CREATE FUNCTION {ident(purpose.name)}.held_back(person bigint)
RETURNS TABLE (table_name text, reason text, "rows" bigint, "values" bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
WITH own AS (
    SELECT f.kind, f.key, f.table_name AS of_table, f.row_id AS of_row FROM {s}.fact f
    WHERE f.person_id = person AND f.kind IN ('restriction', 'assessing')
      AND f.starts_at <= {s}.moment() AND (f.ends_at IS NULL OR f.ends_at > {s}.moment()))
SELECT h.of_table, h.why, count(*), sum(h.filled)::bigint
FROM (
    {listed(branches.splitlines(), joined=chr(10))}
) AS h (of_table, why, filled)
WHERE EXISTS (SELECT FROM {qualified(anchor.schema, anchor.name)} r WHERE r.{ident(anchor.owners[0])} = person AND {seen})
GROUP BY 1, 2 ORDER BY 1, 2
$$""")


def _seen(plan: Plan, table: TablePlan, purpose: PurposePlan) -> str:
    """As the row policy of the purpose has it."""
    mask = "kept_for" if table.always_visible else "used_for"
    over = f"r.good_until > {ident(plan.schema)}.moment()"
    return f"CASE WHEN {over} THEN r.{mask} & {purpose.mask} ELSE 0 END <> 0"


def _branch(plan: Plan, table: TablePlan, purpose: PurposePlan) -> str:
    s = ident(plan.schema)
    holds = plan.mask(lambda p: p.hold)
    shown = set(purpose_columns(plan, table, purpose))
    filled = " + ".join(
        f"CASE WHEN r.{ident(owner)} = person THEN num_nonnulls({', '.join(f'r.{ident(c)}' for c in mine)}) ELSE 0 END"
        for i, owner in enumerate(table.owners)
        if (mine := [c.name for c in table.columns if c.owner == i and not c.key and c.name in shown])
    )
    restricted = (
        f"EXISTS (SELECT FROM own WHERE kind = 'restriction' AND (of_table IS NULL"
        f" OR of_table = {literal(table.name)} AND of_row = r.{ident(table.id)}))"
    )
    assessed = f"EXISTS (SELECT FROM own WHERE kind = 'assessing' AND key = {literal(purpose.key)} AND of_table IS NULL)"
    whens = [
        f"WHEN r.good_until <= {s}.moment() THEN 'due'",
        f"WHEN r.kept_for & {~holds} = 0 THEN 'held'",
        f"WHEN r.kept_for & {purpose.mask} = 0 THEN 'ended'",
    ]
    if not purpose.survives_restriction:
        whens.append(f"WHEN {restricted} THEN 'restricted'")
    if purpose.objection != "none":
        whens.append(f"WHEN {assessed} THEN 'objection-assessed'")
    hers = " OR ".join(f"r.{ident(owner)} = person" for owner in table.owners)
    never = "".join(f"\n  AND ({one}) IS NOT TRUE" for one in _never(table, purpose))
    return (
        tidy(f"""
SELECT {literal(table.name)}, CASE {" ".join(whens)} ELSE 'ended' END, {filled or "0"}
FROM {qualified(table.schema, table.name)} r
WHERE ({hers}) AND r.kept_for <> 0 AND NOT {_seen(plan, table, purpose)}""")
        + never
    )


def _never(table: TablePlan, purpose: PurposePlan) -> list[str]:
    """What was never for the purpose is none of its business, not even as a number (P-050)."""
    found = [
        condition(n.when, "r")
        for n in table.narrow
        if n.when is not None and n.removed & purpose.mask and not n.before_contract
    ]
    if purpose.since is not None:
        recorded = f"r.{ident(table.recorded)}" if table.recorded else "NULL"
        found.append(f"{recorded} IS NULL OR {recorded} < {literal(purpose.since)}")
    return found

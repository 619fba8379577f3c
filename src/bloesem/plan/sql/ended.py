"""Who got what the clock has erased is told of it (art. 19, 28(3)(g); P-107): processors erase when we do.

tell_of_the_gone(ids, at)   a notice per recipient of these people for each column of which nothing is left here
"""

from __future__ import annotations

from bloesem.plan.model import ColumnPlan, Plan, TablePlan
from bloesem.plan.quoting import ident, literal, qualified
from bloesem.plan.sql.public import PUBLIC
from bloesem.plan.sql.statement import Statement, tidy

SIGNATURE = "tell_of_the_gone(bigint[], timestamptz)"


def statements(plan: Plan) -> list[Statement]:
    s, keeper = ident(plan.schema), ident(plan.role("keeper"))
    there = "\n                ".join(f"WHEN {literal(t.name)} THEN {_there(t)}" for t in plan.tables)
    told = f"""
CREATE OR REPLACE FUNCTION {s}.tell_of_the_gone(ids bigint[], at timestamptz) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM {s}.disclosed g WHERE g.person_id = ANY (ids))
        OR EXISTS (SELECT FROM {s}.made_public p WHERE p.person_id = ANY (ids)) THEN
        PERFORM {s}.queue_notices(gen_random_uuid(), t.person_id, 'erasure', t.fields, NULL,
            ({s}.civil(at) + interval {literal(plan.told_within)})::date, at)
        FROM (SELECT gone.person_id, jsonb_object_agg(gone.table_name, gone.names) AS fields
              FROM (SELECT g.person_id, g.table_name, jsonb_agg(DISTINCT c.name) AS names
                    FROM (SELECT o.person_id, o.table_name, o.columns, d.recipient, d.as_of
                          FROM {s}.disclosed o JOIN {s}.disclosure d ON d.id = o.disclosure_id
                          WHERE o.person_id = ANY (ids)
                          UNION ALL
                          SELECT p.person_id, p.table_name, p.columns, {literal(PUBLIC)} || a.id, p.at
                          FROM {s}.made_public p JOIN {s}.made_public_at a ON a.public_id = p.id
                          WHERE p.person_id = ANY (ids) AND p.withdrawn IS NULL) AS g, unnest(g.columns) AS c (name)
                    WHERE (CASE g.table_name
                {there} END) IS FALSE
                      AND NOT EXISTS (SELECT FROM {s}.notice n WHERE n.person_id = g.person_id AND n.recipient = g.recipient
                                      AND n.change = 'erasure' AND n.asked_at >= g.as_of AND n.given->g.table_name ? c.name)
                    GROUP BY 1, 2) AS gone GROUP BY 1) AS t;
    END IF;
END $$"""
    return [
        Statement("ended", "who got what the clock erased", tidy(told)),
        Statement("ended", "the keeper's", f"ALTER FUNCTION {s}.{SIGNATURE} OWNER TO {keeper}"),
        Statement("ended", "nobody else's", f"REVOKE EXECUTE ON FUNCTION {s}.{SIGNATURE} FROM PUBLIC"),
    ]


def _there(table: TablePlan) -> str:
    """Whether anything of this column is left of the person of `g`."""
    mine = " OR ".join(f"r.{ident(o)} = g.person_id" for o in table.owners)
    columns = [c for c in table.columns if not c.key]
    filled = " ".join(f"WHEN {literal(c.name)} THEN {_filled(c)}" for c in columns)
    found = f"CASE c.name {filled} ELSE true END" if columns else "true"
    return f"EXISTS (SELECT FROM {qualified(table.schema, table.name)} r WHERE ({mine}) AND {found})"


def _filled(column: ColumnPlan) -> str:
    name = f"r.{ident(column.name)}"
    return f"{name} IS NOT NULL" + (
        "" if column.erased is None else f" AND {name} <> {literal(column.erased)}"
    )


__all__ = ["SIGNATURE", "statements"]

"""What was collected from somebody before they were of age (P-155), known also after the birth date is gone.

While a birth date stands, each row says by its own day of recording whether it was. Before the date goes, how far that
reached is written down as a fact (`minor`): the moment of the last such row, which tells no birthday. Tables with a column
`collected_as_minor` have it filled as values come in, and when the birth date becomes known or is mended.

    collected_from_minors(ids)   table and number of each row of these people that was collected before they were eighteen
"""

from __future__ import annotations

from bloesem.plan.model import BornPlan, Plan, TablePlan
from bloesem.plan.quoting import ident, literal, qualified
from bloesem.plan.sql.statement import Statement, tidy

#: In Belgium, for any service (P-155).
OF_AGE = "interval '18 years'"
#: The column of a value that says so itself.
MARK = "collected_as_minor"


def statements(plan: Plan) -> list[Statement]:
    if not plan.born:
        return []
    s, keeper = ident(plan.schema), ident(plan.role("keeper"))
    made = [Statement("minors", "what was collected from minors", tidy(_collected(plan)))]
    functions = ["collected_from_minors(bigint[])"]
    marked = [t for t in plan.tables if _marked(t) and len(t.owners) == 1 and t.recorded]
    for born in plan.born:
        name = f"{born.table}_of_age"
        functions.append(f"{ident(name)}()")
        made.append(
            Statement("minors", f"{born.table}: known, mended or gone", tidy(_known(plan, born, marked)))
        )
        for event, tables in _EVENTS.items():
            made.append(
                Statement(
                    "minors",
                    f"{born.table}: {event.lower()}",
                    f"CREATE OR REPLACE TRIGGER {ident(f'of_age_{event.lower()}')} AFTER {event} ON"
                    f" {qualified(born.schema, born.table)} REFERENCING {tables} FOR EACH STATEMENT"
                    f" EXECUTE FUNCTION {s}.{ident(name)}()",
                )
            )
    for table in marked:
        name = f"{table.name}_of_age"
        functions.append(f"{ident(name)}()")
        made.append(Statement("minors", f"{table.name}: as it comes in", tidy(_comes(plan, table))))
        made.append(
            Statement(
                "minors",
                f"{table.name}: as it comes in, trigger",
                f"CREATE OR REPLACE TRIGGER of_age BEFORE INSERT ON {qualified(table.schema, table.name)} FOR EACH ROW"
                f" EXECUTE FUNCTION {s}.{ident(name)}()",
            )
        )
    for function in functions:
        made += [
            Statement(
                "minors", f"{function}: the keeper's", f"ALTER FUNCTION {s}.{function} OWNER TO {keeper}"
            ),
            Statement(
                "minors", f"{function}: not for all", f"REVOKE EXECUTE ON FUNCTION {s}.{function} FROM PUBLIC"
            ),
        ]
    return made


_EVENTS = {
    "INSERT": "NEW TABLE AS fresh",
    "UPDATE": "OLD TABLE AS old NEW TABLE AS fresh",
    "DELETE": "OLD TABLE AS old",
}


def _marked(table: TablePlan) -> bool:
    return any(column.name == MARK for column in table.columns)


def _adult(born: BornPlan, row: str) -> str:
    """The eighteenth birthday of a row of birth dates."""
    return f"({row}.{ident(born.column)} + {OF_AGE})::date"


def _collected(plan: Plan) -> str:
    s = ident(plan.schema)
    days = " UNION ALL ".join(
        f"SELECT {_adult(born, 'b')} AS day FROM {qualified(born.schema, born.table)} b"
        f" WHERE b.{ident(born.owner)} = p.person_id"
        for born in plan.born
    )
    parts = []
    for table in plan.tables:
        if table.anchor or not table.recorded:
            continue
        when = f"r.{ident(table.recorded)}"
        early = f"{s}.civil({when}) < k.adult_on OR {when} <= k.until"
        if _marked(table):
            early += f" OR r.{MARK}"
        for owner in table.owners:
            parts.append(
                f"SELECT {literal(table.name)}, r.{ident(table.id)} FROM {qualified(table.schema, table.name)} r"
                f" JOIN known k ON k.person_id = r.{ident(owner)} WHERE {early}"
            )
    rows = "\nUNION ALL ".join(parts)
    return f"""
CREATE OR REPLACE FUNCTION {s}.collected_from_minors(ids bigint[]) RETURNS TABLE (table_name text, row_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
WITH known AS MATERIALIZED (
    SELECT p.person_id, (SELECT max(d.day) FROM ({days}) AS d) AS adult_on,
           (SELECT max(f.starts_at) FROM {s}.fact f WHERE f.person_id = p.person_id AND f.kind = 'minor') AS until
    FROM unnest(ids) AS p (person_id)
)
{rows}
$$"""


def _known(plan: Plan, born: BornPlan, marked: list[TablePlan]) -> str:
    s, owner, column = ident(plan.schema), ident(born.owner), ident(born.column)
    (anchor,) = [t for t in plan.tables if t.anchor]
    rows = "\n            UNION ALL ".join(
        f"SELECT r.{ident(o)} AS person_id, r.{ident(str(t.recorded))} AS at FROM {qualified(t.schema, t.name)} r"
        f" JOIN gone g ON g.person_id = r.{ident(o)} AND {s}.civil(r.{ident(str(t.recorded))}) < g.adult_on"
        for t in plan.tables
        if t.recorded and not t.anchor
        for o in t.owners
    )
    young = (
        f"EXISTS (SELECT FROM {qualified(anchor.schema, anchor.name)} p WHERE p.{ident(anchor.id)} = o.{owner}"
        f" AND {s}.civil(p.{ident(str(anchor.recorded))}) < {_adult(born, 'o')})"
    )
    marks = "\n        ".join(
        f"UPDATE {qualified(t.schema, t.name)} r SET {MARK} = {s}.civil(r.{ident(str(t.recorded))}) < {_adult(born, 'n')}\n"
        f"        FROM fresh n WHERE n.{owner} = r.{ident(t.owners[0])} AND n.{column} IS NOT NULL\n"
        f"          AND r.{MARK} IS DISTINCT FROM ({s}.civil(r.{ident(str(t.recorded))}) < {_adult(born, 'n')});"
        for t in marked
    )
    return f"""
CREATE OR REPLACE FUNCTION {s}.{ident(f"{born.table}_of_age")}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        IF EXISTS (SELECT FROM old o WHERE o.{column} IS NOT NULL AND {young}) THEN
        INSERT INTO {s}.fact (person_id, kind, key, starts_at)
        WITH gone AS (
            SELECT o.{owner} AS person_id, max({_adult(born, "o")}) AS adult_on FROM old o
            WHERE o.{column} IS NOT NULL AND {young} GROUP BY 1
        )
        SELECT r.person_id, 'minor', 'collected', max(r.at)
        FROM ({rows}) AS r
        WHERE NOT EXISTS (SELECT FROM {qualified(born.schema, born.table)} b
                          WHERE b.{owner} = r.person_id AND b.{column} IS NOT NULL)
          AND EXISTS (SELECT FROM {s}.state st WHERE st.person_id = r.person_id)
        GROUP BY r.person_id
        HAVING NOT EXISTS (SELECT FROM {s}.fact f WHERE f.person_id = r.person_id AND f.kind = 'minor'
                           AND f.starts_at >= max(r.at));
        END IF;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        IF NOT EXISTS (SELECT FROM fresh n WHERE n.{column} IS NOT NULL) THEN
            RETURN NULL;
        END IF;
        {marks}
    END IF;
    RETURN NULL;
END $$"""


def _comes(plan: Plan, table: TablePlan) -> str:
    s = ident(plan.schema)
    born = plan.born[0]
    return f"""
CREATE OR REPLACE FUNCTION {s}.{ident(f"{table.name}_of_age")}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.{MARK} IS NULL THEN
        NEW.{MARK} := (SELECT {s}.civil(COALESCE(NEW.{ident(str(table.recorded))}, {s}.moment())) < {_adult(born, "b")}
            FROM {qualified(born.schema, born.table)} b
            WHERE b.{ident(born.owner)} = NEW.{ident(table.owners[0])} AND b.{ident(born.column)} IS NOT NULL
            ORDER BY {_adult(born, "b")} DESC LIMIT 1);
    END IF;
    RETURN NEW;
END $$"""


__all__ = ["MARK", "OF_AGE", "statements"]

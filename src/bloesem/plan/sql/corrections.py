"""What a value was before it was set right, and what the person says of it (art. 16, P-148).

Only the keeper reads it: no purpose does. It is kept while the row is kept for what the value is for, and no longer.

    corrections_go(ids)   what is not kept any more of these people goes; called wherever their masks change
"""

from __future__ import annotations

from bloesem.plan.model import Plan, TablePlan
from bloesem.plan.quoting import ident, literal, qualified
from bloesem.plan.sql.statement import Statement, tidy

TABLES = ("correction",)
#: The four grounds of the text: wrong and incomplete are the law's, unfitting and out of date the company's own.
GROUNDS = ("wrong", "incomplete", "inappropriate", "outdated")

_TABLE = """
CREATE TABLE IF NOT EXISTS {s}.correction (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person_id   bigint NOT NULL,
    at          timestamptz NOT NULL,
    ground      text NOT NULL CHECK (ground IN ({grounds})),
    table_name  text NOT NULL,
    row_id      bigint NOT NULL,
    column_name text,           -- none: a statement about the whole row
    was         text,           -- the value before; none: there was none
    statement   text,           -- what the person adds to it
    given_by    text            -- on which proof, in the officer's words
)"""


def tables(plan: Plan) -> list[tuple[str, str]]:
    s = ident(plan.schema)
    return [
        ("what values were", _TABLE.format(s=s, grounds=", ".join(map(literal, GROUNDS)))),
        (
            "what values were: whose",
            f"CREATE INDEX IF NOT EXISTS correction_person ON {s}.correction (person_id)",
        ),
    ]


def statements(plan: Plan) -> list[Statement]:
    s, keeper = ident(plan.schema), ident(plan.role("keeper"))
    cases = "\n            ".join(f"WHEN {literal(t.name)} THEN {_kept(t)}" for t in plan.tables)
    go = f"""
CREATE OR REPLACE FUNCTION {s}.corrections_go(ids bigint[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM {s}.correction c WHERE c.person_id = ANY (ids)) THEN
        DELETE FROM {s}.correction c WHERE c.person_id = ANY (ids) AND (CASE c.table_name
            {cases} END) IS NOT TRUE;
    END IF;
END $$"""
    function = f"{s}.corrections_go(bigint[])"
    return [
        Statement("corrections", "what is not kept any more", tidy(go)),
        Statement("corrections", "the keeper's", f"ALTER FUNCTION {function} OWNER TO {keeper}"),
        Statement("corrections", "nobody else's", f"REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC"),
    ]


def _kept(table: TablePlan) -> str:
    """Whether the row of `c` is kept for what its column is for."""
    groups: dict[int, list[str]] = {}
    for column in table.columns:
        if not column.key:
            groups.setdefault(column.purposes, []).append(column.name)
    masks = " ".join(
        f"WHEN c.column_name IN ({', '.join(map(literal, names))}) THEN {mask}"
        for mask, names in groups.items()
    )
    mask = f"CASE WHEN c.column_name IS NULL THEN -1 {masks} ELSE 0 END"
    return (
        f"EXISTS (SELECT FROM {qualified(table.schema, table.name)} r"
        f" WHERE r.{ident(table.id)} = c.row_id AND r.kept_for & {mask} <> 0)"
    )


__all__ = ["GROUNDS", "TABLES", "statements", "tables"]

"""Rows that are stored without a reason (art. 17(1)(d), P-153): nothing keeps them, or they came from a source that the
policy does not declare. Nothing that somebody asked to keep instead of erasing (art. 18(1)(b), P-160) is among them.

What a clock has ended is the sweep's; a recording without an announcement is refused when it is written."""

from __future__ import annotations

from collections.abc import Sequence

from bloesem.plan.model import Plan, TablePlan
from bloesem.plan.quoting import ident, literal, qualified
from bloesem.rights.guarded.rows import Ref
from bloesem.stores.postgres import Connection

NO_BASIS, UNDECLARED = "no-basis", "undeclared-source"


def rows(connection: Connection, plan: Plan, people: Sequence[int] | None = None) -> dict[Ref, str]:
    """in: whose rows; None: everybody's. out: row → why it is unlawful. One statement per table, which reads the whole
    table where everybody's are asked for. raises: psycopg.Error."""
    found: dict[Ref, str] = {}
    for table in plan.tables:
        query = _query(plan, table, everybody=people is None)
        for *key, why in connection.execute(query.encode(), {"people": list(people or ())}).fetchall():
            found[table.qualified, tuple(key)] = why
    return found


def people_of(connection: Connection, plan: Plan, found: Sequence[Ref]) -> list[int]:
    """Whose these rows are."""
    whose: set[int] = set()
    by_table: dict[str, list[object]] = {}
    for name, key in found:
        by_table.setdefault(name, []).append(key[0])
    for table in plan.tables:
        if table.qualified in by_table:
            owners = ", ".join(f"r.{ident(o)}" for o in table.owners)
            query = (
                f"SELECT DISTINCT o FROM {qualified(table.schema, table.name)} r, unnest(ARRAY[{owners}]) AS o"
                f" WHERE r.{ident(table.id)} = ANY (%s) AND o IS NOT NULL"
            )
            asked = connection.execute(query.encode(), [by_table[table.qualified]]).fetchall()
            whose |= {row[0] for row in asked}
    return sorted(whose)


def _query(plan: Plan, table: TablePlan, *, everybody: bool) -> str:
    s = ident(plan.schema)
    reasons = [("r.kept_for = 0", NO_BASIS)]
    if table.source and table.sources:
        patterns = literal("|".join(f"(?:{one})" for one in table.sources))
        reasons.append((f"r.{ident(table.source)} !~ {patterns}", UNDECLARED))
    keys = ", ".join(f"r.{ident(k)}" for k in table.key)
    cases = " ".join(f"WHEN {when} THEN {literal(why)}" for when, why in reasons)
    whose = " OR ".join(f"r.{ident(o)} = ANY (%(people)s)" for o in table.owners)
    owners = ", ".join(f"r.{ident(o)}" for o in table.owners)
    asked = (
        f"NOT EXISTS (SELECT FROM {s}.fact f WHERE f.person_id IN ({owners}) AND f.kind = 'restriction'"
        f" AND f.key = 'unlawful' AND f.starts_at <= {s}.moment() AND (f.ends_at IS NULL OR f.ends_at > {s}.moment())"
        f" AND (f.table_name IS NULL OR f.table_name = {literal(table.name)} AND f.row_id = r.{ident(table.id)}))"
    )
    return (
        f"SELECT {keys}, CASE {cases} END FROM {qualified(table.schema, table.name)} r"
        f" WHERE ({'true' if everybody else whose}) AND (CASE {cases} END) IS NOT NULL AND {asked}"
    )


__all__ = ["NO_BASIS", "UNDECLARED", "people_of", "rows"]

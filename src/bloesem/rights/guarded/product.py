"""What a connected product and its service make, for whoever uses it (Data Act art. 4 and 5; R-039).

A sibling of what is taken along (art. 20 GDPR): by the kinds of data that the record names, whatever purpose holds them.
What was worked out from them, or is ours to say (a price), is no product data (rec. 15). What the product made of somebody
else is personal data of theirs: it goes to nobody without a basis of the GDPR (art. 4(12), 5(7)), and is counted only.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from psycopg import sql

from bloesem.datamap.model import DataMap
from bloesem.errors import PlanError
from bloesem.plan.categories import covers
from bloesem.plan.model import ColumnPlan, Plan, TablePlan
from bloesem.rights.guarded.rows import Item, Rows
from bloesem.stores.postgres import Connection

Hidden = Collection[tuple[str, str]]


def product(
    found: Rows,
    plan: Plan,
    categories: Sequence[str],
    types: Mapping[tuple[str, str], str],
    hidden: Hidden,
) -> dict[str, Any]:
    """in: all rows of one person. out: `tables`, `columns` and `left_out`, as what is taken along has them."""
    tables: dict[str, list[dict[str, Any]]] = {}
    columns: dict[str, dict[str, Any]] = {}
    for item, owners in sorted(found.mine(), key=lambda one: one[0].ref):
        name, table = item.table.qualified, item.table
        shown, filled = item.shown(owners), set(item.has(owners))
        said = {
            column.name: shown[column.name]
            for column in table.columns
            if not column.key
            and column.owner in owners
            and (name, column.name) not in hidden
            and made_by_it(plan, column, item, categories)
        }
        for column in table.columns:
            if column.name in said:
                columns.setdefault(name, {})[column.name] = {
                    "type": types.get((name, column.name), ""),
                    "categories": list(column.categories),
                }
        if filled & said.keys():
            others = {owner for place, owner in enumerate(table.owners) if place not in owners}
            keys = {c.name: shown[c.name] for c in table.columns if c.key and c.name not in others}
            tables.setdefault(name, []).append({**keys, **said})
    return {"tables": tables, "columns": columns, "left_out": {}}


def made_by_it(plan: Plan, column: ColumnPlan, item: Item, categories: Sequence[str]) -> bool:
    """Whether the product or its service made a value, and nobody worked it out from that."""
    if not column.categories or not all(covers(categories, key) for key in column.categories):
        return False
    if column.origin is not None:
        return column.origin in ("provided", "observed")
    try:
        return plan.origin(item.table, column, item.source) != "derived"
    except PlanError:
        return False


def of_others(
    connection: Connection, plan: Plan, datamap: DataMap, found: Rows, categories: Sequence[str]
) -> dict[str, int]:
    """How many rows the person's own products made of somebody else: table (qualified) → number, where there are any."""
    mine: dict[str, list[int]] = {}
    for item, _ in found.mine():
        if _is_product(item.table, categories):
            mine.setdefault(item.table.name, []).append(int(item.key[0]))
    counted: dict[str, int] = {}
    for table, column, target in _links(plan, datamap, categories):
        if not mine.get(target):
            continue
        theirs = sql.SQL(" OR ").join(
            sql.SQL("r.{o} <> ALL (%(people)s)").format(o=sql.Identifier(owner)) for owner in table.owners
        )
        row = connection.execute(
            sql.SQL("SELECT count(*) FROM {t} r WHERE r.{c} = ANY (%(ids)s) AND ({theirs})").format(
                t=sql.Identifier(table.schema, table.name), c=sql.Identifier(column), theirs=theirs
            ),
            {"ids": mine[target], "people": sorted(found.people)},
        ).fetchone()
        if row and row[0]:
            counted[table.qualified] = counted.get(table.qualified, 0) + int(row[0])
    return counted


def _links(plan: Plan, datamap: DataMap, categories: Sequence[str]) -> Iterator[tuple[TablePlan, str, str]]:
    """Where a row of product data says of which product it is: table, column, table of the product."""
    for dataset in datamap.dataset:
        for collection in dataset.collections:
            table = plan.by_name.get(collection.name)
            if table is None or not _is_product(table, categories):
                continue
            for one in collection.fields:
                for reference in one.fides.references:
                    target = plan.by_name.get(reference.field.rpartition(".")[0])
                    if target is not None and _is_product(target, categories):
                        yield table, one.name, target.name


def _is_product(table: TablePlan, categories: Sequence[str]) -> bool:
    return any(
        column.categories and all(covers(categories, key) for key in column.categories)
        for column in table.columns
        if not column.key
    )


__all__ = ["made_by_it", "of_others", "product"]

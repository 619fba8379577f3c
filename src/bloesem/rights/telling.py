"""What was done to which rows, or would be, as it is told: rows by their keys, values only when they are asked for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from bloesem.rights.changes import Changes
from bloesem.rights.graph import PLACE, Table
from bloesem.rights.world import Ref, Row, World


def difference(
    world: World, made: Sequence[Changes], staying: Sequence[tuple[Ref, str, dt.date | None]], show: bool
) -> dict[str, dict[str, list[Any]]]:
    """in: what is written; of the rows that stay, why and until when; `show`: with values. out: per table, rows deleted,
    changed and kept, by key."""
    said: dict[str, dict[str, list[Any]]] = {}

    def table(name: str) -> dict[str, list[Any]]:
        return said.setdefault(name, {"deleted": [], "changed": [], "kept": []})

    for one in made:
        name = one.table.qualified
        rows, named = world.rows[name], table(name)
        keys = _keys(one.table, [rows[key] for key in one.deleted])
        if show:
            keys = [{**rows[k].values, **said} for k, said in zip(one.deleted, keys, strict=True)]
        named["deleted"] += keys
        for key, written in one.written.items():
            (named_by,) = _keys(one.table, [rows[key]])
            change: dict[str, Any] = {"key": named_by, "columns": [w.column for w in written]}
            if show:
                change["values"] = {w.column: rows[key].values.get(w.column) for w in written}
            named["changed"].append(change)
    for ref, reason, until in staying:
        (named_by,) = _keys(world.graph.tables[ref[0]], [world.row(ref)])
        kept = {"key": named_by, "reason": reason, "until": until and until.isoformat()}
        table(ref[0])["kept"].append(kept)
    return {name: those for name, those in sorted(said.items()) if any(those.values())}


def _keys(table: Table, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """What names rows of a table, as their columns hold it."""
    if table.key == PLACE:
        return [{"ctid": row.key[1]} for row in rows]
    if len(table.key) == 1:
        (c,) = table.key
        return [{c: row.read[row.shape.at[c]]} for row in rows]
    return [{c: row.read[row.shape.at[c]] for c in table.key} for row in rows]


def without(value: Any, path: Sequence[str]) -> Any:
    """A json value without what lies at a path."""
    if isinstance(value, list):
        return [without(one, path) for one in value]
    if not isinstance(value, dict):
        return value
    if len(path) == 1:
        return {k: v for k, v in value.items() if k != path[0]}
    return {k: without(v, path[1:]) if k == path[0] else v for k, v in value.items()}

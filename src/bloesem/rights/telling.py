"""What was done to which rows, or would be, as it is told: rows by their keys, values only when they are asked for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from bloesem.rights.changes import Changes
from bloesem.rights.graph import PLACE, Table
from bloesem.rights.whose import Reach, shown
from bloesem.rights.world import Ref, Row, Value, World


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
    for name, taken in world.taken.items():
        table(name)["deleted"] += taken.told
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


def visible(
    world: World, name: str, reaches: Mapping[Value, Reach], rows: Sequence[Row]
) -> list[dict[str, Any]]:
    """What is shown of each row of a table to who reaches it so."""
    table = world.graph.tables[name]
    columns: dict[Reach, list[str]] = {}
    found: list[dict[str, Any]] = []
    for (shape, reach), alike in groupby(rows, lambda row: (row.shape, reaches[row.key])):
        those = list(alike)
        names = columns.get(reach)
        if names is None:
            mine = shown(world, those[0].ref, reach)
            names = columns[reach] = [c for c in table.live.columns if c in mine]
        if len(names) == len(shape.values):  # what rows hold is in that order, its version after it
            found += [dict(zip(shape.values, row.read, strict=False)) for row in those]
        else:
            found += [{c: row.values[c] for c in names} for row in those]
    for path in table.hidden:
        found = [
            {**one, path[0]: without(one[path[0]], path[1:])} if path[0] in one else one for one in found
        ]
    return found


def without(value: Any, path: Sequence[str]) -> Any:
    """A json value without what lies at a path."""
    if isinstance(value, list):
        return [without(one, path) for one in value]
    if not isinstance(value, dict):
        return value
    if len(path) == 1:
        return {k: v for k, v in value.items() if k != path[0]}
    return {k: without(v, path[1:]) if k == path[0] else v for k, v in value.items()}

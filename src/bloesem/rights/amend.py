"""What else is written at a person's request: a value that was wrong, and the columns that tell an application of a
restriction, an objection or a withdrawal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from bloesem.errors import RightsError
from bloesem.rights.binding import Draft
from bloesem.rights.changes import Changes, Write
from bloesem.rights.graph import Graph, Table
from bloesem.rights.whose import Way, shown
from bloesem.rights.world import Row, World

Asked = Literal["restriction", "objection", "withdrawal"]


@dataclass(frozen=True)
class Correction:
    """`public.customer.name=Ann`: what a column of the person's row should say. `row`: its key, where there are several."""

    table: str
    column: str
    value: str | None
    row: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Correction:
        """`TABLE.COLUMN=VALUE` or `TABLE[KEY].COLUMN=VALUE`; raises: RightsError that does not quote the value."""
        left, equals, value = text.partition("=")
        table, dot, column = left.strip().rpartition(".")
        table, bracket, key = table.partition("[")
        if not equals or not dot or not table or not column or (bracket and not key.endswith("]")):
            raise RightsError(
                "a correction names a column and what it should say",
                "P-148: what is wrong or incomplete is corrected",
                "write public.customer.name=Ann, or public.address[7].street=Kerkstraat",
            )
        row = tuple(part.strip() for part in key[:-1].split(",")) if bracket else ()
        return cls(table, column, value, row)


def rectification(
    graph: Graph, corrections: Sequence[Correction]
) -> Mapping[str, tuple[Table, Sequence[Correction]]]:
    """in: what was asked. out: by table. raises: RightsError for what no person may have corrected."""
    found: dict[str, tuple[Table, list[Correction]]] = {}
    for one in corrections:
        table = graph.tables.get(one.table) or next(
            (t for t in graph.tables.values() if t.name == one.table), None
        )
        live = table.live.columns.get(one.column) if table else None
        if table is None or live is None:
            raise RightsError(
                f"{one.table}.{one.column} is not in the map",
                "a map says where personal data lies",
                "mend the name",
            )
        linked = {c for edge in graph.held[table.qualified] for c in edge.columns if edge.target is not None}
        open_ = [
            c
            for c in table.personal
            if c in table.live.columns
            and c not in {*linked, *table.key}
            and not table.live.columns[c].generated
        ]
        if one.column not in open_:
            raise RightsError(
                f"{table.qualified}.{one.column} "
                + ("is made of other columns" if live.generated else "holds nothing about a person"),
                "P-148: what is wrong about a person is corrected; keys and links are not about anybody",
                f"use one of: {', '.join(open_)}" if open_ else "see what there is: bloesem access",
            )
        found.setdefault(table.qualified, (table, []))[1].append(one)
    return found


def corrected(
    asked: Mapping[str, tuple[Table, Sequence[Correction]]], world: World, ways: Sequence[Way]
) -> Draft:
    """in: what `rectification` made of it. out: the draft.

    raises: RightsError when no row of the person is meant, or more than one, and for what they are not shown.
    """
    made = []
    for name, (table, corrections) in sorted(asked.items()):
        changes = Changes(table)
        for one in corrections:
            row = _row(world, ways[0], name, one)
            _seen(world, ways[0], row, one)
            written = [w for w in changes.written.get(row.key, ()) if w.column != one.column]
            changes.written[row.key] = (*written, Write(one.column, value=one.value))
        made.append(changes)
    return Draft(made, said="rectify")


def _row(world: World, way: Way, name: str, one: Correction) -> Row:
    mine = [world.rows[name][key] for key, reach in way.get(name, {}).items() if reach.owner]
    if one.row:
        mine = [row for row in mine if row.key == one.row]
    if len(mine) != 1:
        keys = "; ".join(",".join(row.key) for row in sorted(mine, key=lambda r: r.key))
        raise RightsError(
            f"{len(mine)} rows of {name} are this person's" + (f": {keys}" if mine else ""),
            "nobody else's data is shown or changed, and none by accident",
            f"name one: {name}[KEY].{one.column}=…" if mine else "see what there is: bloesem access",
        )
    return mine[0]


def _seen(world: World, way: Way, row: Row, one: Correction) -> None:
    """raises: RightsError for a value of which the person does not see all: nobody knows what is wrong with it."""
    table = world.graph.tables[row.table]
    inside = [".".join(path) for path in table.hidden if path[0] == one.column]
    hidden = inside if one.column in shown(world, row.ref, way[row.table][row.key]) else [one.column]
    if hidden:
        raise RightsError(
            f"{row.table}.{hidden[0]} is not shown to this person (`redact` in the map)",
            "P-148: what is wrong about a person is corrected; what is hidden from them may be somebody else's",
            "correct what they are shown: bloesem access; or correct it there, in its own name",
        )


def marked(
    graph: Graph,
    asked: Asked,
    purposes: Sequence[str],
    lift: bool,
    world: World,
    ways: Sequence[Way],
) -> Draft:
    """The columns that the map names for it, on the rows that are the person's own."""
    made = []
    for name, table in sorted(graph.tables.items()):
        writes: dict[str, Write] = {}
        for mark in table.collection.meta.marks:
            if mark.on == asked and (mark.purpose is None or mark.purpose in purposes):
                value = mark.lifted if lift else mark.to
                writes[mark.column] = Write(mark.column, value=None if value is None else _text(value))
        if not writes:
            continue
        keys = sorted({key for way in ways for key, reach in way.get(name, {}).items() if reach.owner})
        if keys:
            made.append(Changes(table, written={key: tuple(writes.values()) for key in keys}))
    return Draft(made, said=[asked, list(purposes), lift])


def _text(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)

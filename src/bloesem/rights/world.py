"""The rows that matter to some people: theirs, and those that say who else has a part in them. Found table by table, each
asked once (but for cycles), along the edges of the graph."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

from bloesem.plan.predicates import meets
from bloesem.rights.graph import Edge, Graph, Table
from bloesem.rights.identifiers import Identifier

Value = tuple[str, ...]
#: A row by its table and key, both as text.
Ref = tuple[str, Value]


class Row:
    """`values`: the columns that were asked for, as they are. `cast`: columns that name rows (keys, links, identities) whose
    text is not what their value says in Python; an array as its elements. `digest`: of the whole row."""

    __slots__ = ("cast", "digest", "key", "ref", "table", "values")

    def __init__(
        self,
        table: str,
        key: Value,
        values: dict[str, Any],
        cast: dict[str, Any] | None = None,
        digest: str = "",
    ) -> None:
        self.table, self.key, self.values, self.cast, self.digest = table, key, values, cast, digest
        self.ref: Ref = (table, key)

    def held(self, column: str) -> Any:
        """What a column that names rows holds, as text; of an array, the texts of its elements."""
        if self.cast is not None and column in self.cast:
            return self.cast[column]
        value = self.values[column]
        if value is None or value.__class__ is str:
            return value
        return [None if e is None else str(e) for e in value] if isinstance(value, list) else str(value)

    def pointers(self, columns: Sequence[str]) -> list[Value]:
        """What the columns point to: nothing where one is empty; of an array, each element."""
        if len(columns) == 1:
            one = self.held(columns[0])
            if isinstance(one, list):
                return [(element,) for element in dict.fromkeys(one) if element is not None]
            return [] if one is None else [(one,)]
        found = tuple(self.held(c) for c in columns)
        return [] if None in found else [found]


@dataclass(frozen=True)
class Person:
    """Somebody whom a request is about: the rows that are them, and what identifies them (kind → values as written).
    `addressed`: their names with their addresses, once their rows are known (`rights.addressed`)."""

    roots: frozenset[Ref]
    identities: Mapping[str, frozenset[str]]
    addressed: tuple[Identifier, ...] = ()

    def holds(self, kind: str, value: str) -> bool:
        return value in self.identities.get(kind, ())


@dataclass(frozen=True)
class Asked:
    """Rows of a table whose `columns` are one of `values`."""

    columns: tuple[str, ...]
    values: frozenset[Value]


class Fetch(Protocol):
    def rows(self, table: Table, asked: Sequence[Asked]) -> list[Row]:
        """The rows that meet any of them, each once."""

    def existing(self, table: Table, asked: Asked) -> set[Value]:
        """Which of the values there are."""


@dataclass
class World:
    """What was found: `reached`, rows of these people along any edge; the others only say whose those are too."""

    graph: Graph
    people: tuple[Person, ...]
    rows: dict[str, dict[Value, Row]] = field(default_factory=dict)
    reached: set[Ref] = field(default_factory=set)
    exists: dict[int, set[Value]] = field(default_factory=dict)
    _index: dict[tuple[str, tuple[str, ...]], dict[Value, list[Row]]] = field(default_factory=dict)

    def row(self, ref: Ref) -> Row:
        return self.rows[ref[0]][ref[1]]

    def at(self, table: str, columns: tuple[str, ...], value: Value) -> list[Row]:
        """The rows of a table that were found, by what columns hold."""
        found = self._index.get((table, columns))
        if found is None:
            found = {}
            for row in self.rows.get(table, {}).values():
                for one in row.pointers(columns):
                    found.setdefault(one, []).append(row)
            self._index[table, columns] = found
        return found.get(value, [])

    def counts(self, edge: Edge, holder: Row) -> bool:
        """Whether an edge counts on a row that holds its columns."""
        return edge.when is None or meets(edge.when, holder.values)

    def children(self, row: Row) -> Iterator[tuple[Edge, Row]]:
        """The rows that belong to whoever this row belongs to, each with its edge."""
        for edge in self.graph.down[row.table]:
            if edge.turned:
                if self.counts(edge, row):
                    for value in row.pointers(edge.columns):
                        yield from ((edge, one) for one in self.at(edge.child, edge.of, value))
                continue
            for value in row.pointers(edge.of):
                for one in self.at(edge.holder, edge.columns, value):
                    if edge.when is None or self.counts(edge, one):
                        yield edge, one

    @cached_property
    def roots(self) -> frozenset[Ref]:
        return frozenset(ref for person in self.people for ref in person.roots)

    @cached_property
    def identities(self) -> Mapping[str, frozenset[str]]:
        """What identifies any of these people."""
        kinds = {kind for person in self.people for kind in person.identities}
        return {k: frozenset(v for p in self.people for v in p.identities.get(k, ())) for k in kinds}

    def named(self, kind: str, value: str) -> bool:
        """Whether a value identifies one of these people."""
        return value in self.identities.get(kind, ())

    def is_root(self, ref: Ref) -> bool:
        return ref in self.roots

    def stops(self, row: Row) -> bool:
        """Whether a row is another person: it is seen, and nothing beyond it."""
        return self.graph.tables[row.table].people and not self.is_root(row.ref)


def gather(
    graph: Graph,
    people: Iterable[Person],
    fetch: Fetch,
    progress: Callable[[str, int], None] | None = None,
    *,
    ghosts: Iterable[Row] = (),
) -> World:
    """Everything that belongs to these people, and the rows that say to whom else it belongs.

    in: `ghosts`, rows of theirs that are deleted: what still points to them, along links that no foreign key vouches for,
    came in meanwhile.
    """
    return _Gathering(graph, tuple(people), fetch, progress).all(list(ghosts))


class _Gathering:
    def __init__(
        self,
        graph: Graph,
        people: tuple[Person, ...],
        fetch: Fetch,
        progress: Callable[[str, int], None] | None,
    ) -> None:
        self.graph, self.fetch, self.progress = graph, fetch, progress
        self.world = World(graph, people)
        self.asked: dict[tuple[str, int, bool], set[Value]] = {}
        self.pending: dict[str, dict[tuple[int, bool], set[Value]]] = {}
        self.roots: dict[str, set[Value]] = {}

    def all(self, ghosts: Sequence[Row]) -> World:
        for ghost in ghosts:
            self.world.rows.setdefault(ghost.table, {})[ghost.key] = ghost
            self.world.reached.add(ghost.ref)
        for ghost in ghosts:
            for edge in self.graph.pointing[ghost.table]:
                if not edge.declared and not edge.turned and edge.reaches and not self.world.stops(ghost):
                    self._ask(edge.holder, edge, True, ghost.pointers(edge.of))
        for person in self.world.people:
            for table, key in person.roots:
                if (table, key) not in self.world.reached:
                    self.roots.setdefault(table, set()).add(key)
        for table in self.roots:
            self.pending.setdefault(table, {})
        for edge in self.graph.edges:
            if edge.person is not None and edge.reaches:
                for person in self.world.people:
                    self._ask(edge.holder, edge, True, [(v,) for v in person.identities.get(edge.person, ())])
        while self.pending:
            name = min(self.pending, key=lambda n: self.graph.rank[n])
            self._table(name, self.pending.pop(name))
        self._ghosts()
        return self.world

    def _ask(self, table: str, edge: Edge, reach: bool, values: Iterable[Value]) -> None:
        known = self.asked.setdefault((table, edge.number, reach), set())
        new = set(values) - known
        if new:
            known |= new
            self.pending.setdefault(table, {}).setdefault((edge.number, reach), set()).update(new)

    def _columns(self, edge: Edge, table: str, reach: bool) -> tuple[str, ...]:
        """Which columns of a table an edge looks rows up by."""
        return edge.of if edge.turned and reach and table == edge.target else edge.columns

    def _table(self, name: str, wanted: dict[tuple[int, bool], set[Value]]) -> None:
        table = self.graph.tables[name]
        by_columns: dict[tuple[str, ...], set[Value]] = {}
        for (number, reach), values in wanted.items():
            by_columns.setdefault(self._columns(self.graph.edges[number], name, reach), set()).update(values)
        roots = self.roots.pop(name, set())
        if roots:
            by_columns.setdefault(table.key, set()).update(roots)
        rows = self.fetch.rows(
            table, [Asked(columns, frozenset(values)) for columns, values in by_columns.items()]
        )
        if self.progress:
            self.progress(name, len(rows))
        found = self.world.rows.setdefault(name, {})
        fresh = [row for row in rows if row.key not in found]
        found.update((row.key, row) for row in fresh)
        if fresh:
            self.world._index = {at: index for at, index in self.world._index.items() if at[0] != name}
        reaching = [self.graph.edges[number] for number, reach in wanted if reach]
        all_ = (
            not roots
            and len(by_columns) == 1
            and len(reaching) == len(wanted)
            and not any(e.when for e in reaching)
        )
        onward = bool(self.graph.down[name] or self.graph.pointing[name])
        if all_ and not onward:
            self.world.reached.update(row.ref for row in rows)
            return
        for row in rows:
            row = found[row.key]
            if row.ref in self.world.reached:
                continue
            if (
                all_
                or row.key in roots
                or any(
                    reach and self._matches(self.graph.edges[number], row, values)
                    for (number, reach), values in wanted.items()
                )
            ):
                self.world.reached.add(row.ref)
                if not self.world.stops(row):
                    self._spread(row)

    def _matches(self, edge: Edge, row: Row, values: set[Value]) -> bool:
        if edge.turned:
            return row.table == edge.target and any(v in values for v in row.pointers(edge.of))
        return self.world.counts(edge, row) and any(v in values for v in row.pointers(edge.columns))

    def _spread(self, row: Row) -> None:
        for edge in self.graph.held[row.table]:
            if edge.turned and edge.reaches and edge.target and self.world.counts(edge, row):
                self._ask(edge.target, edge, True, row.pointers(edge.columns))
        for edge in self.graph.pointing[row.table]:
            # Who points to it: rows that are theirs too; or, turned and by reference, rows that have a part in it.
            self._ask(edge.holder, edge, edge.reaches and not edge.turned, row.pointers(edge.of))

    def _ghosts(self) -> None:
        """What no foreign key vouches for may point to nothing: then nobody else is there to own the row."""
        for edge in self.graph.edges:
            if edge.declared or edge.turned or edge.kind != "owner" or edge.target is None:
                continue
            open_ = {
                value
                for ref in self.world.reached
                if ref[0] == edge.holder
                for value in self.world.row(ref).pointers(edge.columns)
                if not self.world.at(edge.target, edge.of, value)
            }
            if open_:
                target = self.graph.tables[edge.target]
                self.world.exists[edge.number] = self.fetch.existing(target, Asked(edge.of, frozenset(open_)))

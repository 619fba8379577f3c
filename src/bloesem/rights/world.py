"""The rows that matter to some people: theirs, and those that say who else has a part in them. Found table by table, each
asked once (but for cycles), along the edges of the graph."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from bloesem.plan.predicates import meets
from bloesem.rights.graph import Edge, Graph, Table
from bloesem.rights.identifiers import Identifier

if TYPE_CHECKING:
    from bloesem.rights.taking import Leaf, Taken

Value = tuple[str, ...]
#: A row by its table and key, both as text.
Ref = tuple[str, Value]
#: Rows, by table.
Refs = dict[str, set[Value]]


class Shape:
    """What rows of one table were asked for. `values`: columns as they are; `cast`: columns that name rows (keys, links,
    identities) whose text is not what their value says in Python, as text, an array as its elements; the row's version
    (`fetch.version`) comes last. `key`: columns of which a row's key is the text already."""

    def __init__(
        self, table: str, values: tuple[str, ...], cast: tuple[str, ...], key: tuple[str, ...]
    ) -> None:
        self.table, self.values, self.cast, self.key = table, values, cast, key
        self.at = {c: i for i, c in enumerate(values)}
        #: Where what a column holds as text is found.
        self.held = {**self.at, **{c: len(values) + i for i, c in enumerate(cast)}}


class Row:
    """One row as it was read: nothing is made of it before it is asked for, as there may be many."""

    __slots__ = ("_values", "key", "read", "shape")

    def __init__(self, shape: Shape, key: Value, read: Sequence[Any]) -> None:
        self.shape, self.key, self.read = shape, key, read
        self._values: dict[str, Any] | None = None

    @property
    def table(self) -> str:
        return self.shape.table

    @property
    def ref(self) -> Ref:
        return self.shape.table, self.key

    @property
    def values(self) -> dict[str, Any]:
        """The columns that were asked for, as they are."""
        if self._values is None:
            self._values = dict(zip(self.shape.values, self.read, strict=False))
        return self._values

    def held(self, column: str) -> Any:
        """What a column that names rows holds, as text; of an array, the texts of its elements."""
        value = self.read[self.shape.held[column]]
        if value is None or value.__class__ is str:
            return value
        return [None if e is None else str(e) for e in value] if isinstance(value, list) else str(value)

    def pointers(self, columns: Sequence[str]) -> list[Value]:
        """What the columns point to: nothing where one is empty; of an array, each element."""
        if columns == self.shape.key:
            return [self.key]
        if len(columns) == 1:
            one = self.held(columns[0])
            if isinstance(one, list):
                return [(element,) for element in dict.fromkeys(one) if element is not None]
            return [] if one is None else [(one,)]
        found = tuple(self.held(c) for c in columns)
        return [] if None in found else [found]


def _pointing(rows: Sequence[Row], columns: tuple[str, ...]) -> list[Value]:
    """What the columns of rows of one table point to."""
    if rows and columns == rows[0].shape.key:
        return [row.key for row in rows]
    return [value for row in rows for value in row.pointers(columns)]


@dataclass(frozen=True)
class Person:
    """Somebody whom a request is about: the rows that are them, and what identifies them (kind → values as written).
    `addressed`: their names with their addresses, once their rows are known (`rights.addressed`); `shared`: what they are
    known by as somebody else is, which identifies neither."""

    roots: frozenset[Ref]
    identities: Mapping[str, frozenset[str]]
    addressed: tuple[Identifier, ...] = ()
    shared: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def holds(self, kind: str, value: str) -> bool:
        return value in self.identities.get(kind, ())


@dataclass(frozen=True)
class Asked:
    """Rows of a table whose `columns` are one of `values`."""

    columns: tuple[str, ...]
    values: frozenset[Value]


Question = tuple[Table, Sequence[Asked]]


class Fetch(Protocol):
    def rows(self, questions: Sequence[Question]) -> list[dict[Value, Row]]:
        """Of each table, the rows that meet any of what is asked, by key. All tables are asked together."""

    def existing(self, questions: Sequence[tuple[Table, Asked]]) -> list[set[Value]]:
        """Of each table, which of the values there are."""

    def take(
        self, questions: Sequence[tuple[Leaf, Asked]], meanwhile: Callable[[], None] | None = None
    ) -> list[Taken]:
        """Deletes of each table the rows that meet what is asked; out: what they were. `meanwhile` is done while the
        server works."""


@dataclass
class World:
    """What was found: `roots`, the rows that are these people; `reached`, rows of theirs along any edge; the others only say
    whose those are too. `taken`: rows that were deleted as they were found, and are among neither (`rights.taking`)."""

    graph: Graph
    people: tuple[Person, ...]
    roots: frozenset[Ref]
    rows: dict[str, dict[Value, Row]] = field(default_factory=dict)
    reached: Refs = field(default_factory=dict)
    exists: dict[int, set[Value]] = field(default_factory=dict)
    taken: dict[str, Taken] = field(default_factory=dict)
    _index: dict[tuple[str, tuple[str, ...]], dict[Value, list[Value]]] = field(default_factory=dict)

    def row(self, ref: Ref) -> Row:
        return self.rows[ref[0]][ref[1]]

    def add(self, table: str, rows: Mapping[Value, Row]) -> None:
        """Rows that were found; of those known already the first stays."""
        found = self.rows.setdefault(table, {})
        fresh = {key: row for key, row in rows.items() if key not in found} if found else rows
        if fresh:
            found.update(fresh)
            self._index = {at: index for at, index in self._index.items() if at[0] != table}

    def keys(self, table: str, columns: tuple[str, ...], value: Value) -> list[Value]:
        """The keys of the rows of a table that were found, by what columns hold."""
        return self._by(table, columns).get(value, [])

    def _by(self, table: str, columns: tuple[str, ...]) -> dict[Value, list[Value]]:
        found = self._index.get((table, columns))
        if found is None:
            found = self._index[table, columns] = self._indexed(table, columns)
        return found

    def _indexed(self, table: str, columns: tuple[str, ...]) -> dict[Value, list[Value]]:
        found: dict[Value, list[Value]] = {}
        plain: dict[int | str, list[Value]] = {}
        alone = columns[0] if len(columns) == 1 else None
        shape, place = None, 0
        for key, row in self.rows.get(table, {}).items():
            if alone is not None:
                if row.shape is not shape:
                    shape = row.shape
                    place = shape.held[alone]
                value = row.read[place]
                if value.__class__ is int or value.__class__ is str:  # what most links are: said as text once
                    if value in plain:
                        plain[value].append(key)
                    else:
                        plain[value] = [key]
                    continue
            for one in row.pointers(columns):
                found.setdefault(one, []).append(key)
        found.update(((str(value),), keys) for value, keys in plain.items())
        return found

    def at(self, table: str, columns: tuple[str, ...], value: Value) -> list[Row]:
        """The rows of a table that were found, by what columns hold."""
        keys = self.keys(table, columns, value)
        if not keys:
            return []
        rows = self.rows[table]
        return [rows[key] for key in keys]

    def counts(self, edge: Edge, holder: Row) -> bool:
        """Whether an edge counts on a row that holds its columns."""
        return edge.when is None or meets(edge.when, holder.values)

    def children(self, edge: Edge, row: Row) -> list[Value]:
        """The keys of the rows that belong, by this edge, to whoever this row belongs to."""
        if edge.turned:
            if not self.counts(edge, row):
                return []
            return [k for v in row.pointers(edge.columns) for k in self.keys(edge.child, edge.of, v)]
        return [k for v in row.pointers(edge.of) for k in self.holding(edge, v)]

    def below(self, edge: Edge, rows: Sequence[Row]) -> list[Value]:
        """The same of many rows of one table."""
        if edge.turned or edge.when is not None:
            return [key for row in rows for key in self.children(edge, row)]
        index = self._by(edge.holder, edge.columns)
        if not index:
            return []
        return [key for value in _pointing(rows, edge.of) for key in index.get(value, ())]

    def holding(self, edge: Edge, value: Value) -> list[Value]:
        """The keys of the rows that point along an edge to a value, and on which it counts."""
        keys = self.keys(edge.holder, edge.columns, value)
        if edge.when is None or not keys:
            return keys
        rows = self.rows[edge.holder]
        return [key for key in keys if self.counts(edge, rows[key])]

    @cached_property
    def identities(self) -> Mapping[str, frozenset[str]]:
        """What identifies any of these people."""
        kinds = {kind for person in self.people for kind in person.identities}
        return {k: frozenset(v for p in self.people for v in p.identities.get(k, ())) for k in kinds}

    def named(self, kind: str, value: str) -> bool:
        """Whether a value identifies one of these people."""
        return value in self.identities.get(kind, ())

    def shared(self, edge: Edge) -> list[Value]:
        """What a column that names people may hold of these, and of others."""
        kind = edge.person or ""
        return sorted({(value,) for person in self.people for value in person.shared.get(kind, ())})

    def is_root(self, ref: Ref) -> bool:
        return ref in self.roots

    def stops(self, table: str, key: Value) -> bool:
        """Whether a row is another person: it is seen, and nothing beyond it."""
        return table in self.graph.people and (table, key) not in self.roots


def gather(
    graph: Graph,
    people: Callable[[], tuple[Person, ...]],
    fetch: Fetch,
    progress: Callable[[str, int], None] | None = None,
    *,
    roots: frozenset[Ref] | None = None,
    ghosts: Iterable[Row] = (),
    leaves: Mapping[str, Leaf] | None = None,
    meanwhile: Callable[[tuple[Person, ...]], None] | None = None,
) -> World:
    """Everything that belongs to these people, and the rows that say to whom else it belongs.

    in: `people`, who they are; `roots`, which rows that is, if it is known without asking who. `ghosts`, rows of theirs that
    are deleted: what still points to them, along links that no foreign key vouches for, came in meanwhile. `leaves`: tables
    whose rows are deleted as they are found; while the server is at it, who they are is asked, and `meanwhile` is done about
    them.
    """
    return _Gathering(graph, people, roots, fetch, progress, leaves or {}, meanwhile).all(list(ghosts))


#: What a table is asked for: by edge, and whether along it rows are reached, the values.
Wanted = Mapping[tuple[int, bool], set[Value]]


class _Gathering:
    def __init__(
        self,
        graph: Graph,
        people: Callable[[], tuple[Person, ...]],
        roots: frozenset[Ref] | None,
        fetch: Fetch,
        progress: Callable[[str, int], None] | None,
        leaves: Mapping[str, Leaf],
        meanwhile: Callable[[tuple[Person, ...]], None] | None,
    ) -> None:
        self.graph, self.fetch, self.progress, self.leaves = graph, fetch, progress, leaves
        self.people, self.meanwhile = people, meanwhile
        if roots is None or graph.named:  # what identifies them is looked for
            known = people()
            self.people = lambda: known
            roots = frozenset(ref for person in known for ref in person.roots)
            self.world = World(graph, known, roots)
        else:
            self.world = World(graph, (), roots)
        self.asked: dict[tuple[str, int, bool], set[Value]] = {}
        self.pending: dict[str, dict[tuple[int, bool], set[Value]]] = {}
        self.roots: dict[str, set[Value]] = {}

    def all(self, ghosts: Sequence[Row]) -> World:
        for ghost in ghosts:
            self.world.add(ghost.table, {ghost.key: ghost})
            self.world.reached.setdefault(ghost.table, set()).add(ghost.key)
        for ghost in ghosts:
            for edge in self.graph.pointing[ghost.table]:
                if (
                    not edge.declared
                    and not edge.turned
                    and edge.reaches
                    and not self.world.stops(*ghost.ref)
                ):
                    self._ask(edge.holder, edge, True, ghost.pointers(edge.of))
        for table, key in self.world.roots:
            if key not in self.world.reached.get(table, ()):
                self.roots.setdefault(table, set()).add(key)
        for table in self.roots:
            self.pending.setdefault(table, {})
        for edge in self.graph.named:
            assert edge.person is not None
            named = self.world.identities.get(edge.person, ())
            self._ask(edge.holder, edge, True, [(value,) for value in named])
            self._ask(edge.holder, edge, False, self.world.shared(edge))
        while waiting := self.pending.keys() - self.leaves.keys():
            first = min(self.graph.rank[name] for name in waiting)
            names = sorted(name for name in waiting if self.graph.rank[name] == first)
            self._tables({name: self.pending.pop(name) for name in names})
        self._take()
        self.world.people = self.world.people or self.people()
        self._ghosts()
        return self.world

    def _take(self) -> None:
        """What is left to be asked are tables to which nothing points: all at once."""
        asked = []
        for name in sorted(self.pending):
            _, those = self._question(name, self.pending.pop(name), set())
            asked += [(self.leaves[name], one) for one in those]
        for one in self.fetch.take(asked, self._who) if asked else ():
            if self.progress:
                self.progress(one.name, len(one.keys))
            self.world.taken[one.name] = one

    def _who(self) -> None:
        self.world.people = self.people()
        if self.meanwhile:
            self.meanwhile(self.world.people)

    def _ask(self, table: str, edge: Edge, reach: bool, values: Iterable[Value]) -> None:
        known = self.asked.setdefault((table, edge.number, reach), set())
        new = set(values) - known
        if new:
            known |= new
            self.pending.setdefault(table, {}).setdefault((edge.number, reach), set()).update(new)

    def _columns(self, edge: Edge, table: str, reach: bool) -> tuple[str, ...]:
        """Which columns of a table an edge looks rows up by."""
        return edge.of if edge.turned and reach and table == edge.target else edge.columns

    def _tables(self, wanted: Mapping[str, Wanted]) -> None:
        """Asks tables of one rank together; then each says what is to be asked of others."""
        roots = {name: self.roots.pop(name, set()) for name in wanted}
        questions = [self._question(name, those, roots[name]) for name, those in wanted.items()]
        for (name, those), question, rows in zip(
            wanted.items(), questions, self.fetch.rows(questions), strict=True
        ):
            if self.progress:
                self.progress(name, len(rows))
            self.world.add(name, rows)
            whole = not roots[name] and len(question[1]) == 1 and all(reach for _, reach in those)
            if whole and not any(self.graph.edges[number].when for number, _ in those):
                reaching = set(rows)
            else:
                reaching = {key for key, row in rows.items() if self._reaches(row, those, roots[name])}
            reached = self.world.reached.setdefault(name, set())
            fresh = reaching - reached
            reached |= fresh
            turned = any(e.turned and e.reaches and e.target for e in self.graph.held[name])
            if self.graph.pointing[name] or turned:
                if name in self.graph.people:
                    fresh = {key for key in fresh if not self.world.stops(name, key)}
                self._spread(name, [rows[key] for key in fresh])

    def _question(self, name: str, wanted: Wanted, roots: set[Value]) -> Question:
        table = self.graph.tables[name]
        by_columns: dict[tuple[str, ...], set[Value]] = {}
        for (number, reach), values in wanted.items():
            by_columns.setdefault(self._columns(self.graph.edges[number], name, reach), set()).update(values)
        if roots:
            by_columns.setdefault(table.key, set()).update(roots)
        return table, [Asked(columns, frozenset(values)) for columns, values in by_columns.items()]

    def _reaches(self, row: Row, wanted: Wanted, roots: set[Value]) -> bool:
        return row.key in roots or any(
            reach and self._matches(self.graph.edges[number], row, values)
            for (number, reach), values in wanted.items()
        )

    def _matches(self, edge: Edge, row: Row, values: set[Value]) -> bool:
        if edge.turned:
            return row.table == edge.target and any(v in values for v in row.pointers(edge.of))
        return self.world.counts(edge, row) and any(v in values for v in row.pointers(edge.columns))

    def _spread(self, name: str, rows: Sequence[Row]) -> None:
        for edge in self.graph.held[name]:
            if edge.turned and edge.reaches and edge.target:
                holders = (row for row in rows if self.world.counts(edge, row))
                self._ask(edge.target, edge, True, [v for row in holders for v in row.pointers(edge.columns)])
        values: dict[tuple[str, ...], frozenset[Value]] = {}
        for edge in self.graph.pointing[name]:
            # Who points to it: rows that are theirs too; or, turned and by reference, rows that have a part in it.
            if edge.of not in values:
                values[edge.of] = frozenset(_pointing(rows, edge.of))
            self._ask(edge.holder, edge, edge.reaches and not edge.turned, values[edge.of])

    def _ghosts(self) -> None:
        """What no foreign key vouches for may point to nothing: then nobody else is there to own the row."""
        open_: dict[int, frozenset[Value]] = {}
        for edge in self.graph.edges:
            if edge.declared or edge.turned or edge.kind != "owner" or edge.target is None:
                continue
            rows = self.world.rows.get(edge.holder, {})
            values = {
                v for key in self.world.reached.get(edge.holder, ()) for v in rows[key].pointers(edge.columns)
            }
            missing = frozenset(v for v in values if not self.world.keys(edge.target, edge.of, v))
            if missing:
                open_[edge.number] = missing
        edges = [self.graph.edges[number] for number in open_]
        asked = [(self.graph.tables[e.target], Asked(e.of, open_[e.number])) for e in edges if e.target]
        if asked:
            self.world.exists.update(zip(open_, self.fetch.existing(asked), strict=True))

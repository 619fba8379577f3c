"""A map over the tables that are really there: whose each row is, as edges between tables. Decides nothing by guessing:
what the map leaves open is refused by name."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from functools import cached_property
from typing import Any, Literal

from bloesem.datamap.load import LoadedMap
from bloesem.datamap.model import Collection, DataField, Link, Predicate
from bloesem.errors import MapError
from bloesem.plan.quoting import ident, qualified
from bloesem.source import NOWHERE, Problem, nearest, placed, refuse
from bloesem.stores.schema import LiveColumn, LiveLink, LiveTable

Live = Mapping[tuple[str, str], LiveTable]
Kind = Literal["owner", "shared", "reference"]
#: What names a row of a table without a key: which table of a family, and where in it.
PLACE = ("tableoid", "ctid")
_UNDECIDED = "what nobody decided erases nothing: an unreviewed map is refused"
_END = "a link has an end"


@dataclass(frozen=True)
class Table:
    """A mapped table as it is there. `key` names a row; `fields`: what the map says of each column, and of what lies in
    json, by its path (`doc.address.street`)."""

    schema: str
    name: str
    key: tuple[str, ...]
    live: LiveTable
    collection: Collection
    fields: Mapping[str, DataField]

    @cached_property
    def qualified(self) -> str:
        return f"{self.schema}.{self.name}"

    @cached_property
    def people(self) -> bool:
        """Whether each row is a person."""
        return self.collection.meta.holds == "people"

    @cached_property
    def identities(self) -> tuple[tuple[str, str], ...]:
        """(column, kind) of what identifies the person that a row is."""
        if not self.people:
            return ()
        return tuple((name, f.fides.identity) for name, f in self.fields.items() if f.fides.identity)

    @cached_property
    def paths(self) -> Mapping[str, tuple[str, ...]]:
        """What lies in json columns: its name as in `fields`, and the column and keys that lead to it."""
        return {name: path for f in self.collection.fields for name, path, _ in _within(f, (f.name,))}

    @cached_property
    def hidden(self) -> tuple[tuple[str, ...], ...]:
        """The paths in json columns that nobody is shown."""
        return tuple(path for name, path in self.paths.items() if self.fields[name].meta.on_show == "redact")

    @cached_property
    def personal(self) -> tuple[str, ...]:
        """The columns that hold something about somebody."""
        return tuple(name for name, f in self.fields.items() if f.data_categories)

    def column(self, name: str) -> LiveColumn:
        if name == "tableoid":
            return LiveColumn(name, "oid", True)
        if name == "ctid":
            return LiveColumn(name, "tid", True)
        return self.live.columns[name]


@dataclass(frozen=True)
class Edge:
    """A link: `columns` of the table `holder` point to the columns `of` of the table `target`; or, without a target, hold
    what identifies a person (`person`). `turned`: the target's row belongs to whoever owns the holder's."""

    number: int
    holder: str
    columns: tuple[str, ...]
    target: str | None
    of: tuple[str, ...]
    kind: Kind
    person: str | None = None
    turned: bool = False
    when: Predicate | None = None
    redact: tuple[str, ...] = ()
    erase: tuple[str, ...] = ()
    last: bool = True
    placeholder: str | int | None = None
    declared: bool = False  # a foreign key of the database: what it points to exists
    array: bool = False
    moved: bool = False  # the database changes what points along it when that changes (ON UPDATE)

    @cached_property
    def child(self) -> str:
        """The table whose rows belong, by this edge, to whoever the parent's rows belong to."""
        return self.target if self.turned and self.target else self.holder

    @property
    def parent(self) -> str | None:
        return self.holder if self.turned else self.target

    @cached_property
    def reaches(self) -> bool:
        return self.kind != "reference"


@dataclass(frozen=True)
class Graph:
    """Tables by qualified name, and the edges between them."""

    tables: Mapping[str, Table]
    edges: tuple[Edge, ...]
    maps: LoadedMap = field(compare=False)

    @cached_property
    def held(self) -> Mapping[str, tuple[Edge, ...]]:
        """The edges whose link columns lie in a table."""
        return {name: tuple(e for e in self.edges if e.holder == name) for name in self.tables}

    @cached_property
    def pointing(self) -> Mapping[str, tuple[Edge, ...]]:
        """The edges that point to a table."""
        return {name: tuple(e for e in self.edges if e.target == name) for name in self.tables}

    @cached_property
    def down(self) -> Mapping[str, tuple[Edge, ...]]:
        """The edges along which rows belong to whoever a row of a table belongs to."""
        return {name: tuple(e for e in self.edges if e.reaches and e.parent == name) for name in self.tables}

    @cached_property
    def named(self) -> tuple[Edge, ...]:
        """The edges along which rows belong to whom their columns name."""
        return tuple(e for e in self.edges if e.reaches and e.person is not None)

    @cached_property
    def people(self) -> frozenset[str]:
        """Tables of which each row is a person."""
        return frozenset(name for name, table in self.tables.items() if table.people)

    @cached_property
    def sole(self) -> frozenset[str]:
        """Tables whose rows have one owner at most, through one link after another: whoever reaches one owns it alone."""
        owning: dict[str, list[Edge]] = {name: [] for name in self.tables}
        for edge in self.edges:
            if edge.kind == "owner":
                owning[edge.child].append(edge)
        found: set[str] = set()
        while True:
            more = {
                name
                for name, (*edges,) in owning.items()
                if name not in found and not self.tables[name].people and len(edges) == 1
                and self._one(edges[0]) and edges[0].target is not None
                and (self.tables[edges[0].target].people or edges[0].target in found)
            }  # fmt: skip
            if not more:
                return frozenset(found)
            found |= more

    def _one(self, edge: Edge) -> bool:
        """Whether a row points to one row at most."""
        return (
            not edge.turned
            and not edge.array
            and edge.target is not None
            and edge.of == self.tables[edge.target].key
        )

    @cached_property
    def loose(self) -> bool:
        """Whether rows can come to belong to somebody without a foreign key that would refuse it."""
        return any(edge.reaches and not edge.declared for edge in self.edges)

    @cached_property
    def rank(self) -> Mapping[str, int]:
        """An order in which, but for cycles, a table comes after those from which its rows are reached or pointed to. Tables
        of one rank have nothing to do with each other: they are asked together."""
        after: dict[str, set[str]] = {name: set() for name in self.tables}
        for edge in self.edges:
            if edge.target is not None and edge.target != edge.holder:
                after[edge.target].add(edge.holder)
                if edge.turned:
                    after[edge.holder].add(edge.target)
        seen: dict[str, int] = {}
        order: list[str] = []

        def visit(start: str) -> None:
            stack = [(start, iter(sorted(after[start])))]
            seen[start] = 1
            while stack:
                name, following = stack[-1]
                for one in following:
                    if one not in seen:
                        seen[one] = 1
                        stack.append((one, iter(sorted(after[one]))))
                        break
                else:
                    stack.pop()
                    order.append(name)

        for name in sorted(self.tables, key=lambda n: (not self.tables[n].people, n)):
            if name not in seen:
                visit(name)
        place = {name: number for number, name in enumerate(reversed(order))}
        found = dict.fromkeys(place, 0)
        for name, number in place.items():
            for one in after[name]:
                if place[one] > number:
                    found[one] = max(found[one], found[name] + 1)
        return found

    @cached_property
    def digest(self) -> str:
        """What the map and the schema say, as one hash: an act is bound to it."""
        said: list[Any] = [
            [
                t.qualified,
                t.key,
                sorted((c.name, c.type, c.required, c.generated) for c in t.live.columns.values()),
                sorted(t.live.unique),
                sorted(map(astuple, t.live.links)),
                [t.live.does, t.live.checks, t.live.rules],
            ]
            for _, t in sorted(self.tables.items())
        ]
        said += [t.collection.model_dump(mode="json") for _, t in sorted(self.tables.items())]
        said += [
            [e.holder, e.columns, e.target, e.of, e.kind, e.turned, e.person, e.redact, e.erase, e.last]
            for e in self.edges
        ]
        return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()


def build(maps: LoadedMap, live: Live) -> Graph:
    """in: a map, and every table that is there. out: the graph.

    raises: MapError that lists, with file and line, each thing undecided, missing or of the wrong kind.
    """
    made = _Builder(maps, live)
    problems = list(made.problems())
    refuse(problems, MapError)
    return Graph(made.tables, tuple(made.edges), maps)


def _within(one: DataField, path: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...], DataField]]:
    """(name, path, what the map says) of all that lies in a column."""
    for inner in one.fields:
        there = (*path, inner.name)
        yield ".".join(there), there, inner
        yield from _within(inner, there)


def _key(live: LiveTable, fields: Mapping[str, DataField]) -> tuple[str, ...]:
    """By what rows of a table without a primary key are told apart: what the map calls one, where nothing can be it twice;
    else where they lie."""
    mapped = tuple(name for name, f in fields.items() if f.fides.primary_key)
    sure = any({*mapped} == {*columns} for columns in live.sole) and all(
        live.columns[c].required for c in mapped
    )
    return mapped if mapped and (live.foreign or sure) else PLACE


class _Builder:
    def __init__(self, maps: LoadedMap, live: Live) -> None:
        self.maps, self.live = maps, live
        self.tables: dict[str, Table] = {}
        self.edges: list[Edge] = []

    def problems(self) -> Iterator[Problem]:
        yield from self._tables()
        yield from self._gaps()
        for table in list(self.tables.values()):
            yield from self._undecided(table)
            yield from self._marks(table)
            yield from self._links(table)
        yield from self._closed()
        if not any(t.people for t in self.tables.values()) and not any(e.person for e in self.edges):
            remedy = "mark the table of people: meta.holds: people"
            yield self._problem(None, "nobody is a person in this map", "P-014: no orphan fields", remedy)

    def _problem(self, table: Table | None, what: str, rule: str, remedy: str, column: str = "") -> Problem:
        names = (table.schema, table.name, column) if table else ()
        place = self.maps.where(*[n for n in names if n]) if names else ""
        key = ".".join(n for n in names if n) or "map"
        return Problem(*placed(place), key, what, rule, remedy)

    def _tables(self) -> Iterator[Problem]:
        for dataset in self.maps.datamap.dataset:
            for collection in dataset.collections:
                at = (dataset.db_schema, collection.name)
                there = self.live.get(at)
                fields = {f.name: f for f in collection.fields}
                if there is None:
                    yield Problem(
                        *placed(self.maps.where(*at)), ".".join(at), "is mapped, and not in the database",
                        "a map says what is there", "take it out of the map, or mend its name",
                    )  # fmt: skip
                    continue
                table = Table(
                    *at,
                    key=there.key or _key(there, fields),
                    live=there,
                    collection=collection,
                    fields=fields,
                )
                self.tables[table.qualified] = table
                for name in fields:
                    if name not in there.columns:
                        yield self._problem(
                            table, f"column `{name}` is mapped, and not in the database", "a map says what is there",
                            f"mend it; the table has: {', '.join(sorted(there.columns))}", name,
                        )  # fmt: skip
                yield from self._documents(table, fields)
                for name in [n for n, _ in table.identities if n not in there.columns]:
                    yield self._problem(
                        table, f"`{name}` identifies people, and is no column of its own", "people are looked up by columns",
                        "take fides_meta.identity out, or keep what identifies them in a column", name,
                    )  # fmt: skip

    def _documents(self, table: Table, fields: dict[str, DataField]) -> Iterator[Problem]:
        for one in table.collection.fields:
            live = table.live.columns.get(one.name)
            if one.fields and live is not None and (live.base or live.type) not in ("json", "jsonb"):
                yield self._problem(
                    table, f"column `{one.name}` has fields, and is no json", "what lies in a column is a path in json",
                    "take its fields out", one.name,
                )  # fmt: skip
            fields.update((name, inner) for name, _, inner in _within(one, (one.name,)))

    def _gaps(self) -> Iterator[Problem]:
        for (schema, name), there in sorted(self.live.items()):
            table = self.tables.get(f"{schema}.{name}")
            if table is None:
                yield Problem(
                    *NOWHERE, f"{schema}.{name}", "is in no map", "P-014: no orphan fields",
                    "map the table; meta.holds: reference, with why, where it holds nobody",
                )  # fmt: skip
                continue
            for column in there.columns:
                if column not in table.fields:
                    yield self._problem(
                        table, f"column `{column}` is in no map", "P-014: no orphan fields",
                        "map it, with a category, or as meta.key", column,
                    )  # fmt: skip

    def _closed(self) -> Iterator[Problem]:
        """Tables whose rows matter, and of which this login does not see all."""
        holders = {edge.holder for edge in self.edges}
        for name, table in self.tables.items():
            if table.collection.meta.holds in ("reference", "system") and name not in holders:
                continue
            rule = "what is not seen is neither shown nor erased, and nobody would know"
            if not table.live.readable:
                remedy = (
                    f"GRANT USAGE ON SCHEMA {ident(table.schema)}, and SELECT ON"
                    f" {qualified(table.schema, table.name)}, TO the login"
                )
                yield self._problem(table, "this login may not read it", rule, remedy)
            elif table.live.hidden:
                remedy = "ask as a login that it does not hold for: ALTER ROLE … BYPASSRLS"
                yield self._problem(table, "row security hides rows from this login", rule, remedy)

    def _marks(self, table: Table) -> Iterator[Problem]:
        for mark in table.collection.meta.marks:
            live = table.live.columns.get(mark.column)
            if live is None or live.generated or mark.column in table.key:
                yield self._problem(
                    table, f"a mark sets `{mark.column}`, which cannot be set", "a map says what is there",
                    "name a column of the table", mark.column,
                )  # fmt: skip

    def _undecided(self, table: Table) -> Iterator[Problem]:
        remedy = "choose one of its `decide`, and take the others out"
        if table.collection.meta.decide:
            yield self._problem(table, "what the table holds is undecided", _UNDECIDED, remedy)
        for name, one in table.fields.items():
            if one.meta.decide:
                yield self._problem(table, f"column `{name}` is undecided", _UNDECIDED, remedy, name)

    def _links(self, table: Table) -> Iterator[Problem]:
        meta = table.collection.meta
        links = [*meta.links, *_of_owners(table, self.tables)]
        for link in links:
            if link.decide or link.kind is None:
                yield self._problem(
                    table, f"the link of {', '.join(link.columns)} is undecided",
                    _UNDECIDED,
                    "choose one of its `decide`, write its kind, and take `decide` out", link.columns[0],
                )  # fmt: skip
                continue
            yield from self._link(table, link, link.kind)
        for foreign in dict.fromkeys(table.live.links):
            yield from self._unnamed(table, foreign)

    def _link(self, table: Table, link: Link, kind: Kind) -> Iterator[Problem]:
        own = link.columns if link.belongs == "that" else (*link.columns, *link.redact, *link.erase)
        missing = [c for c in own if c not in table.live.columns]
        if missing:
            what = f"a link names {', '.join(missing)}, which the table does not have"
            yield self._problem(table, what, _END, "mend it")
            return
        array = table.live.columns[link.columns[0]].array
        document = [
            c
            for c in link.columns
            if (table.live.columns[c].base or table.live.columns[c].type) in ("json", "jsonb", "xml", "bytea")
        ]
        if document:
            yield self._problem(
                table, f"a link names {', '.join(document)}, which holds a document: no column is equal to what lies in it",
                _END, "link by a column, or an array, that holds what it points to", document[0],
            )  # fmt: skip
            return
        common = {
            "kind": kind, "when": link.when, "redact": link.redact, "erase": link.erase, "last": link.last,
            "placeholder": link.placeholder, "array": array,
        }  # fmt: skip
        if link.person is not None:
            self._add(table.qualified, link.columns, None, (), person=link.person, **common)
            return
        keys = [f for f in table.live.links if f.columns == link.columns]
        target = self._named_target(table, link, keys[0] if keys else None)
        if target is None:
            what = f"the link of {', '.join(link.columns)} points to `{link.to}`, which is not mapped"
            yield self._problem(
                table, what, _END,
                f"use one of: {nearest(link.to or '', set(self.tables))}", link.columns[0],
            )  # fmt: skip
            return
        to = (target.schema, target.name)
        declared = next((f for f in keys if f.target == to and link.of in ((), f.target_columns)), None)
        same = declared is not None
        of = declared.target_columns if same and declared else link.of or target.key
        same = same and declared is not None and declared.checked
        if len(of) != len(link.columns) or any(c not in target.live.columns for c in of):
            what = f"the link of {', '.join(link.columns)} points to {', '.join(of)} of {target.qualified}"
            yield self._problem(
                table, f"{what}: not as many columns, or not there", _END,
                "write `of`: the columns that it points to", link.columns[0],
            )  # fmt: skip
            return
        turned = link.belongs == "that"
        common["moved"] = declared is not None and declared.moves
        self._add(table.qualified, link.columns, target.qualified, of, turned=turned, declared=same, **common)

    def _named_target(self, table: Table, link: Link, declared: LiveLink | None) -> Table | None:
        if link.to is None:
            return self.tables.get(".".join(declared.target)) if declared else None
        return self.tables.get(link.to) or self.tables.get(f"{table.schema}.{link.to}")

    def _unnamed(self, table: Table, foreign: LiveLink) -> Iterator[Problem]:
        """A foreign key that no link says of every row: what its target takes along is not left to the database. It is a
        reference where its target holds nobody, is the same table, or is what a link of its columns points to on some rows,
        or where these say who somebody is."""
        target = self.tables.get(".".join(foreign.target))
        if target is None:
            return
        ends = {*zip(foreign.columns, foreign.target_columns, strict=True)}
        beside = [e for e in self.edges if e.holder == table.qualified and {*e.columns} == {*foreign.columns}]
        there = [e for e in beside if e.target == target.qualified]
        if any(e.when is None and {*zip(e.columns, e.of, strict=True)} == ends for e in there):
            return
        links = [link for link in table.collection.meta.links if link.columns == foreign.columns]
        if any(link.decide or link.kind is None for link in links):  # said already
            return
        nobody = target.collection.meta.holds in ("reference", "system") or not target.personal
        if target is table or nobody or there or any(e.person for e in beside):
            self._add(
                table.qualified,
                foreign.columns,
                target.qualified,
                foreign.target_columns,
                kind="reference",
                declared=foreign.checked,
                moved=foreign.moves,
                placeholder=next((e.placeholder for e in there if e.placeholder is not None), None),
            )
            return
        yield self._problem(
            table, f"the foreign key of {', '.join(foreign.columns)} to {target.qualified} is undecided",
            _UNDECIDED,
            f"write it under meta.links: {{columns: [{', '.join(foreign.columns)}], to: {target.qualified}, kind: owner}},"
            " or shared, or reference",
            foreign.columns[0],
        )  # fmt: skip

    def _add(
        self, holder: str, columns: Sequence[str], target: str | None, of: Sequence[str], **more: Any
    ) -> None:
        self.edges.append(Edge(len(self.edges), holder, tuple(columns), target, tuple(of), **more))


def _of_owners(table: Table, tables: Mapping[str, Table]) -> list[Link]:
    """`owners` says the same of a table whose rows name their people themselves."""
    people = [t for t in tables.values() if t.people]
    if table.people or len(people) != 1:
        return []
    return [
        Link(columns=(owner.column,), to=people[0].qualified, kind=owner.kind, erase=owner.owns)
        for owner in table.collection.meta.owners
        if owner.column not in {c for link in table.collection.meta.links for c in link.columns}
    ]

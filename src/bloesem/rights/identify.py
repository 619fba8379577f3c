"""Who is meant: from what identifies a person to the rows that are them. One person or none; never a guess between two,
and never anything about the others."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from bloesem.errors import RightsError
from bloesem.rights.fetch import SqlFetch
from bloesem.rights.graph import PLACE, Graph, Table
from bloesem.rights.world import Asked, Person, Ref, Row

_NONE: frozenset[str] = frozenset()
_RULE = "a request is about one person: nobody else's data is shown or changed"


@dataclass(frozen=True)
class Who:
    """`email=a@b.example` (`table` is empty), or a row that is a person: `public.customer.id=7`; where one column does not
    name it, by several: `public.client.bank,number=001,1005`, as a line of CSV."""

    kind: str
    value: str
    table: str = ""

    @classmethod
    def parse(cls, text: str) -> Who:
        """raises: RightsError that does not quote the value."""
        left, equals, value = text.partition("=")
        left, value = left.strip(), value.strip()
        if not equals or not left or not value:
            raise RightsError(
                "a person is named by what identifies them", "one kind, one value", "write email=a@b.example"
            )
        table, _, column = left.rpartition(".")
        return cls(column, value, table)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Of a row: the columns by which it is named."""
        return tuple(self.kind.split(","))

    @cached_property
    def values(self) -> tuple[str, ...]:
        """What they hold; of one column, all that was said."""
        one = len(self.columns) == 1
        return (self.value,) if one else tuple(next(csv.reader([self.value], strict=False), ()))

    @cached_property
    def variants(self) -> frozenset[str]:
        return frozenset(_variants(self.value))


def _variants(value: str) -> tuple[str, ...]:
    """As it is written, and without capitals."""
    low = value.lower()
    return (value,) if value == low else (value, low)


class Found:
    """Who is meant by some names, as asked at once. `roots`: the rows that are these people, where that is plain before each
    is looked at: one row for each name (`people` refuses what is ambiguous all the same).

    in: `wanted`, the people, each as one or more ways to name the same person.
    raises: RightsError for a name that is no identity of the map.
    """

    def __init__(self, graph: Graph, fetch: SqlFetch, wanted: Sequence[Sequence[Who]]) -> None:
        self.wanted = wanted
        self._finder = _Finder(graph, fetch)
        names = [who for one in wanted for who in one]
        self._finder.look(names)
        rows = [row.ref for found in self._finder.found.values() for row in found.values()]
        self.roots = frozenset(rows) if len(rows) == len(names) == len(wanted) else None

    def people(self) -> tuple[Person, ...]:
        """out: one `Person` each, in the order of the names.

        raises: RightsError for a name that finds nobody (whom no log could hold either), or that finds more than one row
        that is a person: these are named by their keys, for the request to choose from.
        """
        people = [self._finder.person(one) for one in self.wanted]
        _distinct(people)
        return tuple(self._finder.unshared(people))


def _distinct(people: Sequence[Person]) -> None:
    taken: set[object] = set()
    for person in people:
        own = person.roots or {frozenset((k, v) for k, v in person.identities.items())}
        if not taken.isdisjoint(own):
            raise RightsError("two of those asked about are the same person", _RULE, "name each person once")
        taken |= own


class _Finder:
    def __init__(self, graph: Graph, fetch: SqlFetch) -> None:
        self.graph, self.fetch = graph, fetch
        self.people = [t for _, t in sorted(graph.tables.items()) if t.people]
        self.kinds = {kind for t in self.people for _, kind in t.identities}
        self.kinds |= {edge.person for edge in graph.edges if edge.person is not None}
        self.found: dict[str, dict[tuple[str, ...], Row]] = {}
        self.looked: set[tuple[str, str]] = set()
        #: By how somebody is named: per column that could hold it, the rows found by what they hold there.
        self._holding: dict[tuple[str, str], list[dict[tuple[str, ...], list[Row]]]] = {}

    def look(self, wanted: Sequence[Who]) -> None:
        for who in wanted:
            self._known(who)
        asked = [
            (table, [Asked(names, values) for names, values in self._columns(table, wanted) if values])
            for table in self.people
        ]
        asked = [(table, those) for table, those in asked if those]
        for (table, _), rows in zip(asked, self.fetch.rows(asked), strict=True):
            self.found.setdefault(table.qualified, {}).update(rows)
        self._holding.clear()
        self.looked.update((who.kind, v) for who in wanted if not who.table for v in who.variants)

    def _columns(
        self, table: Table, wanted: Sequence[Who]
    ) -> Iterator[tuple[tuple[str, ...], frozenset[tuple[str, ...]]]]:
        for name, kind in table.identities:
            yield (
                (name,),
                frozenset((v,) for w in wanted if not w.table and w.kind == kind for v in w.variants),
            )
        keyed = [w for w in wanted if w.table in (table.qualified, table.name)]
        for names in sorted({w.columns for w in keyed}):
            yield names, frozenset(w.values for w in keyed if w.columns == names)

    def _known(self, who: Who) -> None:
        if not who.table:
            if who.kind not in self.kinds:
                raise RightsError(
                    f"`{who.kind}` identifies nobody in this map",
                    "the map says which columns identify a person (fides_meta.identity)",
                    f"use one of: {', '.join(sorted(self.kinds)) or 'none: mark one in the map'}; or table.column=value",
                )
            return
        table = next((t for t in self.people if who.table in (t.qualified, t.name)), None)
        if table is None or not {*table.live.columns, "ctid"} >= set(who.columns):
            raise RightsError(
                f"`{who.table}.{who.kind}` is no column of a table of people",
                "a person is a row of a table of people",
                f"use a column of: {', '.join(t.qualified for t in self.people)}",
            )
        if len(who.columns) != len(who.values):
            raise RightsError(
                f"`{who.table}.{who.kind}` needs {len(who.columns)} values",
                "a row is named by one value for each column",
                "write TABLE.A,B=VALUE,VALUE, with quotes around a value that has a comma",
            )

    def _matching(self, who: Who) -> dict[Ref, Row]:
        holding = self._holding.get((who.table, who.kind))
        if holding is None:
            holding = self._holding[who.table, who.kind] = list(self._held(who))
        variants = (who.values,) if who.table else [(said,) for said in who.variants]
        return {row.ref: row for held in holding for said in variants for row in held.get(said, ())}

    def _held(self, who: Who) -> Iterator[dict[tuple[str, ...], list[Row]]]:
        """Of each column, or columns, in which somebody is so named: the rows found, by what they hold."""
        for table in self.people:
            if who.table and who.table not in (table.qualified, table.name):
                continue
            for names in [who.columns] if who.table else [(n,) for n, k in table.identities if k == who.kind]:
                held: dict[tuple[str, ...], list[Row]] = {}
                for row in self.found.get(table.qualified, {}).values():
                    for value in row.pointers(names) if row.shape.held.keys() >= {*names} else ():
                        held.setdefault(value, []).append(row)
                yield held

    def person(self, names: Sequence[Who]) -> Person:
        rows: dict[Ref, Row] = {}
        for who in names:
            found = self._matching(who) or {row.ref: row for row in self._folded(who)}
            if len(found) > 1:
                choices = ", ".join(sorted(self._name(row) for row in found.values()))
                raise RightsError(
                    f"{len(found)} people answer to that {who.kind}: {choices}", _RULE,
                    "choose one: --person TABLE.COLUMN=VALUE; where several rows are one person, add --also for each",
                )  # fmt: skip
            rows |= found
        if not rows and not any(self._logged(who) for who in names):
            raise RightsError(
                f"nobody is found by that {names[0].kind}",
                "a request is about one person, who is found by what the map says identifies people",
                f"check it, or name the person otherwise: {', '.join(sorted(self.kinds))}, or table.column=value",
            )
        identities: dict[str, frozenset[str]] = {}
        for who in names:
            if not who.table:
                known = identities.get(who.kind)
                identities[who.kind] = who.variants if known is None else known | who.variants
        for row in rows.values():
            for name, kind in self.graph.tables[row.table].identities:
                for (value,) in row.pointers((name,)):
                    known = identities.get(kind, _NONE)
                    if value not in known or value.lower() not in known:
                        identities[kind] = known.union(_variants(value))
        return Person(frozenset(rows), identities)

    def _logged(self, who: Who) -> bool:
        return not who.table and any(edge.person == who.kind for edge in self.graph.edges)

    def _folded(self, who: Who) -> list[Row]:
        """Whoever wrote the same with other capitals; looked for when nobody wrote it as asked."""
        rows: list[Row] = []
        if who.table:
            return rows
        for table in self.people:
            names = [name for name, kind in table.identities if kind == who.kind]
            if names:
                rows += self.fetch.folded(table, names, who.variants)
        return rows

    def _name(self, row: Row) -> str:
        """As a request names it."""
        table = self.graph.tables[row.table]
        key = table.key
        if key == PLACE or (table.live.versioned and any(table.fields[c].data_categories for c in key)):
            return f"{row.table}.ctid={self.fetch.place(table, row.key)}"  # its key would say who it is
        said = row.key[0]
        if len(key) > 1:
            line = io.StringIO()
            csv.writer(line, lineterminator="").writerow(row.key)
            said = line.getvalue()
        return f"{row.table}.{','.join(key)}={said}"

    def unshared(self, people: list[Person]) -> list[Person]:
        """What identifies two people identifies neither: rows that hold nothing else are nobody's to erase."""
        held = {(kind, v) for p in people if p.roots for kind, values in p.identities.items() for v in values}
        if more := held - self.looked:
            self.look([Who(kind, value) for kind, value in sorted(more)])
        holders: dict[tuple[str, str], object] = {}
        shared: set[tuple[str, str]] = set()
        mine = {ref: number for number, p in enumerate(people) for ref in p.roots}
        for table in self.people:
            for row in self.found.get(table.qualified, {}).values():
                whose = mine.get(row.ref, row.ref)
                for name, kind in table.identities:
                    for (value,) in row.pointers((name,)):
                        for said in _variants(value):
                            if holders.setdefault((kind, said), whose) != whose:
                                shared.add((kind, said))
        if not shared:
            return people
        return [
            Person(
                p.roots,
                {
                    kind: frozenset(v for v in values if (kind, v) not in shared)
                    for kind, values in p.identities.items()
                },
                shared={
                    kind: frozenset(v for v in values if (kind, v) in shared)
                    for kind, values in p.identities.items()
                },
            )
            for p in people
        ]

"""Who is meant, in a guarded database: found through the columns that the map says identify people; one person or none."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bloesem.errors import RightsError
from bloesem.plan.model import ColumnPlan, Plan, TablePlan
from bloesem.plan.quoting import ident, literal, qualified
from bloesem.rights.identifiers import Identifier, IdentifierError, IdentifierKind, normal
from bloesem.rights.identify import Who
from bloesem.rights.world import Person
from bloesem.stores.postgres import Connection

_RULE = "a request is about one person: nobody else's data is shown or changed"
#: What fideslang and this map call a kind of identifier that `rights.identifiers` knows by a shorter name.
_KNOWN: Mapping[str, IdentifierKind] = {"phone_number": "phone", "customer_number": "customer"}


@dataclass(frozen=True)
class Somebody:
    """One person who was asked about: their numbers (several, where one person is recorded twice)."""

    numbers: frozenset[int]


class Finder:
    """Finds people of one plan. `statements`: how many it has sent."""

    def __init__(self, connection: Connection, plan: Plan) -> None:
        self.connection, self.plan = connection, plan
        self.statements = 0
        self.anchor = next(table for table in plan.tables if table.anchor)
        self.columns: dict[str, list[tuple[TablePlan, ColumnPlan]]] = {}
        for table in plan.tables:
            for column in table.columns:
                if column.identity:
                    self.columns.setdefault(kind_of(column.identity), []).append((table, column))

    def find(self, wanted: Sequence[Sequence[Who]]) -> list[Somebody]:
        """in: the people, each as one or more ways to name the same person. out: each, in that order.

        raises: RightsError for a name that identifies nobody in this map, that finds nobody, or that finds more than one
        person: these are named by their keys, for the request to choose from.
        """
        names = list(dict.fromkeys(who for one in wanted for who in one))
        for who in names:
            self._known(who)
        found = self._asked([who for who in names if not who.table], folded=False) | self._rows(names)
        missing = [who for who in names if not who.table and not found.get(who)]
        found |= self._asked(missing, folded=True)
        people = [self._one(one, found) for one in wanted]
        seen: set[int] = set()
        for one in people:
            if seen & one.numbers:
                raise RightsError(
                    "two of those asked about are the same person", _RULE, "name each person once"
                )
            seen |= one.numbers
        return people

    def each(self, names: Sequence[Who]) -> dict[Who, set[int]]:
        """Whose each of these is; nobody's are left out, and nothing is refused. in: of kinds that identify people here."""
        names = [who for who in dict.fromkeys(names) if kind_of(who.kind) in self.columns]
        found = self._asked(names, folded=False)
        return found | self._asked([who for who in names if not found.get(who)], folded=True)

    def person(
        self, somebody: Somebody, identities: Mapping[str, set[str]], others: set[tuple[str, str]]
    ) -> Person:
        """As acts and residue passes know somebody: the rows that are them, and what identifies nobody else."""
        kinds: dict[str, set[str]] = {}
        for kind, values in identities.items():
            own = {v for v in values if (kind_of(kind), v.lower()) not in others}
            kinds.setdefault(kind_of(kind), set()).update(own)
        roots = frozenset((self.anchor.qualified, (str(n),)) for n in somebody.numbers)
        return Person(roots, {kind: frozenset(values) for kind, values in kinds.items()})

    def named(self, person: Person) -> dict[str, Any]:
        """The rows that are the person, and what identifies them."""
        return {
            "rows": [f"{table}.{self.anchor.id}={key[0]}" for table, key in sorted(person.roots)],
            **{kind: sorted(values) for kind, values in sorted(person.identities.items()) if values},
        }

    def others(self, people: Sequence[int], identities: Mapping[str, set[str]]) -> set[tuple[str, str]]:
        """What others have too: an address that two people share identifies neither."""
        given: dict[str, Any] = {"ids": list(people)}
        parts: list[str] = []
        for kind, values in sorted(identities.items()):
            for table, column in self.columns[kind_of(kind)]:
                given[f"v_{len(parts)}"] = sorted(values | {v.lower() for v in values})
                owner = ident(table.owners[column.owner])
                parts.append(
                    f"SELECT {literal(kind_of(kind))}, lower(r.{ident(column.name)}) FROM {_table(table)} r"
                    f" WHERE r.{ident(column.name)} = ANY (%(v_{len(parts)})s::text[]) AND r.{owner} <> ALL (%(ids)s)"
                )
        return {(kind, value) for kind, value in self._fetch(parts, given)}

    def _known(self, who: Who) -> None:
        if not who.table:
            if kind_of(who.kind) not in self.columns:
                raise RightsError(
                    f"`{who.kind}` identifies nobody in this map",
                    "the map says which columns identify a person (fides_meta.identity)",
                    f"use one of: {', '.join(sorted(self.columns))}; or {self.anchor.name}.{self.anchor.id}=number",
                )
            return
        names = {self.anchor.name, self.anchor.qualified}
        if who.table not in names or who.kind not in {c.name for c in self.anchor.columns}:
            raise RightsError(
                f"`{who.table}.{who.kind}` is no column of a table of people",
                "a person is a row of a table of people",
                f"use a column of {self.anchor.qualified}",
            )
        if who.kind == self.anchor.id and not (
            who.value.isascii() and who.value.isdigit() and int(who.value[:20]) < 1 << 63
        ):
            raise RightsError(
                f"`{who.table}.{who.kind}` is a number", "people are numbered", "write the number alone"
            )

    def _asked(self, names: Sequence[Who], *, folded: bool) -> dict[Who, set[int]]:
        """Who has these; `folded`: written with other capitals, for those whom nobody wrote as asked."""
        by: dict[str, dict[str, set[Who]]] = {}
        for who in names:
            for value in _written(who, folded=folded):
                by.setdefault(kind_of(who.kind), {}).setdefault(value, set()).add(who)
        given: dict[str, Any] = {kind: list(values) for kind, values in by.items()}
        parts: list[str] = []
        for kind in sorted(by):
            for table, column in self.columns[kind]:
                name = f"r.{ident(column.name)}"
                held, owner = f"lower({name})" if folded else name, f"r.{ident(table.owners[column.owner])}"
                parts.append(
                    f"SELECT {literal(kind)}, {held}, {owner} FROM {_table(table)} r"
                    f" WHERE {held} = ANY (%({kind})s::text[]) AND {owner} IS NOT NULL"
                )
        found: dict[Who, set[int]] = {}
        for kind, value, number in self._fetch(parts, given):
            for who in by[kind][value]:
                found.setdefault(who, set()).add(number)
        return found

    def _rows(self, names: Sequence[Who]) -> dict[Who, set[int]]:
        """People named by their own row."""
        keyed = [who for who in names if who.table]
        given: dict[str, Any] = {}
        parts: list[str] = []
        for name in sorted({who.kind for who in keyed}):
            key = f"v_{len(parts)}"
            given[key] = [who.value for who in keyed if who.kind == name]
            if (
                name == self.anchor.id
            ):  # of whom only an archive is left has a state, and no row of their own any more
                parts.append(
                    f"SELECT {literal(name)}, st.person_id::text, st.person_id FROM {ident(self.plan.schema)}.state st"
                    f" WHERE st.person_id = ANY (%({key})s::text[]::bigint[])"
                )
                continue
            parts.append(
                f"SELECT {literal(name)}, r.{ident(name)}::text, r.{ident(self.anchor.id)} FROM {_table(self.anchor)} r"
                f" WHERE r.{ident(name)}::text = ANY (%({key})s::text[])"
            )
        found: dict[Who, set[int]] = {}
        for name, value, number in self._fetch(parts, given):
            for who in keyed:
                same = int(who.value) == number if name == self.anchor.id else who.value == value
                if who.kind == name and same:
                    found.setdefault(who, set()).add(number)
        return found

    def _fetch(self, parts: Sequence[str], given: Mapping[str, Any]) -> Iterator[Any]:
        if parts:
            self.statements += 1
            yield from self.connection.execute(" UNION ALL ".join(parts).encode(), given).fetchall()

    def _one(self, names: Sequence[Who], found: Mapping[Who, set[int]]) -> Somebody:
        numbers: set[int] = set()
        for who in names:
            mine = found.get(who, set())
            if len(mine) > 1:
                choices = ", ".join(f"{self.anchor.qualified}.{self.anchor.id}={n}" for n in sorted(mine))
                raise RightsError(
                    f"{len(mine)} people answer to that {who.kind}: {choices}", _RULE,
                    "choose one: --person TABLE.COLUMN=VALUE; where several rows are one person, add --also for each",
                )  # fmt: skip
            numbers |= mine
        if not numbers:
            raise RightsError(
                f"nobody is found by that {names[0].kind}",
                "art. 11(2): whom we cannot identify we can only ask for more; art. 15 does not apply until then",
                f"check it, or name the person otherwise: {', '.join(sorted(self.columns))}, or"
                f" {self.anchor.name}.{self.anchor.id}=number",
            )
        return Somebody(frozenset(numbers))


def kind_of(identity: str) -> str:
    """A kind as `rights.identifiers` calls it, or as the map does."""
    return _KNOWN.get(identity, identity)


def _written(who: Who, *, folded: bool) -> set[str]:
    """The writings under which the business may hold it: as given, in small letters, and the usual normal form."""
    writings = {who.value, who.value.lower()}
    with contextlib.suppress(IdentifierError):  # a kind of this map's own has no other writings
        writings.add(normal(Identifier(kind_of(who.kind), who.value)))  # type: ignore[arg-type]
    return {w.lower() for w in writings} if folded else writings


def _table(table: TablePlan) -> str:
    return qualified(table.schema, table.name)

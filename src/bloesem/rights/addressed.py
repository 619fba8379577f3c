"""Somebody's name with their address, out of the rows that are theirs: neither alone says who somebody is, both do.

The map says which columns they are by the end of a category: `….name.first`, `….name.last`, `….address.street`,
`….address.number`, `….address.postal_code`; a whole name in one column is `….name`, a whole address `….address`. Where
several columns of a row are `….name`, or `….address`, they are its parts as well.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import permutations, product
from typing import Any

from bloesem.rights.graph import Graph, Table
from bloesem.rights.identifiers import Identifier, usable, words
from bloesem.rights.whose import Way
from bloesem.rights.world import Person, Row, World

_ENDS = {
    "name.first": "given", "name.given": "given", "name.last": "family", "name.family": "family", "name": "name",
    "address.street": "street", "address.number": "number", "address.postal_code": "code", "address": "address",
}  # fmt: skip
_NAMED = {"given", "family", "name"}
_HOUSE = r"[0-9]+\s?[A-Za-z]?"
#: What follows a number: which of several letter boxes.
_BOX = re.compile(r"[\s,/]*\b(?:bus|boîte|bte|box|postbus|apt|app)\b\.?\s*\w*\Z", re.IGNORECASE)
_NUMBER_WORD = re.compile(r"\b(?:n[ro°]|no|nummer)\b\.?\s*(?=[0-9])", re.IGNORECASE)
_PIECES = re.compile(r"[,;\n]")
#: A street and a number, either first.
_STREET = re.compile(rf"(?P<street>.*[^\W\d_]{{2}}.*?)[\s,]+(?P<number>{_HOUSE})", re.DOTALL)
_NUMBER_FIRST = re.compile(rf"(?P<number>{_HOUSE})(?!\w)[\s,]+(?P<street>.*[^\W\d_]{{2}}.*)", re.DOTALL)
#: A postal code after them: four digits or more, or what has letters too (`1012 AB`).
_CODE = re.compile(r"\b(?:[A-Z]{1,2}-)?([0-9]{4,6}(?:\s?[A-Z]{2}\b)?)", re.IGNORECASE)
#: Words with which a family name begins, and no given name.
_BEFORE = frozenset(
    [
        "d",
        "da",
        "de",
        "del",
        "den",
        "der",
        "di",
        "du",
        "la",
        "le",
        "op",
        "ten",
        "ter",
        "van",
        "vande",
        "vanden",
        "von",
        "zu",
    ]
)
_LETTERS = re.compile(r"[^\W\d_]{3}")

Parts = Mapping[str, Sequence[str]]
Roles = Mapping[str, Mapping[str, str]]


def columns(graph: Graph, besides: Mapping[str, frozenset[str]]) -> Mapping[str, frozenset[str]]:
    """The columns of each table that must be read to know names and addresses; `besides` others."""
    parts = roles(graph)
    return {
        name: besides.get(name, frozenset())
        | {table.paths[one][0] if one in table.paths else one for one in parts.get(name, ())}
        for name, table in graph.tables.items()
    }


def roles(graph: Graph) -> Roles:
    """Per table that has any, the columns that are part of a name or an address, and which."""
    return {name: found for name, table in graph.tables.items() if (found := _of_table(table))}


def known(world: World, ways: Iterable[Way], parts: Roles | None = None) -> tuple[Person, ...]:
    """in: how each person's rows are reached; `parts`, the `roles` of the graph. out: the people, each with their names and
    addresses."""
    parts = roles(world.graph) if parts is None else parts
    said = {role for found in parts.values() for role in found.values()}
    if not said & _NAMED or not said - _NAMED:  # the one without the other says nothing
        return world.people
    return tuple(
        replace(person, addressed=tuple(dict.fromkeys(_addressed(world, person, way, parts))))
        for person, way in zip(world.people, ways, strict=True)
    )


def _addressed(
    world: World, person: Person, way: Way, roles: Mapping[str, Mapping[str, str]]
) -> Iterator[Identifier]:
    """Names are those of rows that are the person: what else is theirs may name others. Addresses are of all they own."""
    names: list[tuple[str, str]] = []
    addresses: list[tuple[str, str, str]] = []
    for name in sorted(table for table in way if table in roles):
        for key in sorted(way[name]):
            root = (name, key) in person.roots
            if root or way[name][key].owner:
                parts = _parts(world.graph.tables[name], roles[name], world.row((name, key)))
                names += _names(parts) if root else ()
                addresses += _addresses(parts)
    for (given, family), address in product(dict.fromkeys(names), dict.fromkeys(addresses)):
        found = Identifier.of_name_address(given, family, *address)
        if usable(found):
            yield found


def _of_table(table: Table) -> dict[str, str]:
    """What each column, or path in json, is of a name or an address."""
    found = {}
    for name, one in table.fields.items():
        for category in one.data_categories:
            last = category.split(".")
            role = _ENDS.get(".".join(last[-2:])) or _ENDS.get(last[-1])
            if role is not None:
                found[name] = role
    return found


def _parts(table: Table, roles: Mapping[str, str], row: Row) -> Parts:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for name, role in roles.items():
        path = table.paths.get(name, (name,))
        if path[0] in row.values:
            found[role] += [text for text in _texts(row.values[path[0]], path[1:]) if words(text)]
    return found


def _texts(value: Any, path: Sequence[str]) -> Iterator[str]:
    """What a value holds at a path, in arrays too."""
    if isinstance(value, list):
        for one in value:
            yield from _texts(one, path)
    elif path:
        if isinstance(value, dict):
            yield from _texts(value.get(path[0]), path[1:])
    elif isinstance(value, str | int) and not isinstance(value, bool):
        yield str(value)


def _names(parts: Parts) -> Iterator[tuple[str, str]]:
    """(given, family). Which is which a whole name does not say: of two words it does not matter, of more it is the first or
    the last that is given."""
    yield from product(parts.get("given", ()), parts.get("family", ()))
    yield from permutations(parts.get("name", ()), 2)
    for name in parts.get("name", ()):
        if "," in name:
            family, _, given = name.partition(",")
            yield given, family
            continue
        apart = name.split()
        if len(parts["name"]) > 1 and apart and apart[0].lower() in _BEFORE:
            continue  # a family name, whose given name is another column's
        if len(apart) > 1:
            yield apart[0], " ".join(apart[1:])
        if len(apart) > 2:
            yield apart[-1], " ".join(apart[:-1])


def _addresses(parts: Parts) -> Iterator[tuple[str, str, str]]:
    """(street, number, postal code). Where a column of streets holds no street but a number, it is the number."""
    lines = [one for one in parts.get("street", ()) if _LETTERS.search(one)]
    numbers = [
        *parts.get("number", ()),
        *(one for one in parts.get("street", ()) if not _LETTERS.search(one)),
    ]
    streets = [(line, number) for line in lines for number in numbers] or list(
        filter(None, map(_split, lines))
    )
    yield from ((*street, code) for street, code in product(streets, parts.get("code", ())))
    pieces_of = parts.get("address", ())
    for whole in [*pieces_of, *([" ".join(pieces_of)] if len(pieces_of) > 1 else ())]:
        for code in _CODE.finditer(whole):
            around = whole[: code.start()], whole[code.end() :]
            pieces = (piece for side in around for piece in (*_PIECES.split(side), side))
            street = next(filter(None, map(_split, pieces)), None)
            if street is not None:
                yield (*street, code.group(1))


def _split(line: str) -> tuple[str, str] | None:
    bare = _BOX.sub("", _NUMBER_WORD.sub("", line.strip(" ,;-\n")))
    found = _NUMBER_FIRST.fullmatch(bare) or _STREET.fullmatch(bare)
    return (found["street"], found["number"]) if found else None

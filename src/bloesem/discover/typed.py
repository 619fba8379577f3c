"""Columns whose rows belong to what a type column beside them says (`subject_type`, `subject_id`).

What a type column says is written in the map only where it is the name of a table, or the number of one in a list of
tables: a name of the schema, not a value.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import psycopg
from psycopg import sql

from bloesem.discover.catalogue import At, Catalogue, Column, Table
from bloesem.discover.inclusion import form_of
from bloesem.discover.sample import Samples
from bloesem.discover.words import TableName, Words
from bloesem.stores.postgres import Connection

_MOST_TYPES = 30
_MOST_TABLES = 5_000
_CONTENT_TYPE = "content_type_id"
_NAME = re.compile(r"[A-Za-z_][\w.:/\\-]{0,80}")


@dataclass(frozen=True)
class Typed:
    """`column` of `holder` points to a row of each of `targets` where `type_column` says its word. `others`: how many
    words are no table's name. `sure`: whether the two are called alike; otherwise it is so only of a column that is
    not known to point elsewhere."""

    holder: At
    column: str
    type_column: str
    targets: tuple[tuple[str | int, At], ...]
    others: int
    sure: bool = True


def typed_links(
    catalogue: Catalogue,
    samples: Samples,
    words: Words,
    names: dict[At, TableName],
    numbers: Mapping[int, At],
) -> Iterator[Typed]:
    """in: `numbers`: which table each number of Django's list of tables stands for."""
    for at, table in catalogue.tables.items():
        yield from _numbered(catalogue, samples, table, numbers)
        declared = {c for k in table.foreign_keys for c in k.columns}
        pairs = [(*pair, True) for pair in _pairs(table, words)]
        if not pairs:
            pairs = [(*pair, False) for pair in _alone(table, words, declared)]
        for column, type_column, alike in pairs:
            if column in declared:
                continue
            said = _said(samples, at, table.columns[type_column])
            targets = {word: _meant(word, at, names, words) for word in said}
            found = tuple((word, to) for word, to in sorted(targets.items()) if to is not None)
            if found or (alike and (not said or _names_no_table(column, at, names, words))):
                yield Typed(at, column, type_column, found, len(said) - len(found), alike)


def read_numbers(connection: Connection, catalogue: Catalogue) -> dict[int, At]:
    """Django points to any row by the number of its table, in a list of tables, and the row's own."""
    found = {}
    for at, table in catalogue.tables.items():
        if at[1] != "django_content_type" or not {"id", "app_label", "model"} <= set(table.columns):
            continue
        said = sql.SQL("SELECT id, app_label || '_' || model FROM {} ORDER BY id LIMIT {}").format(
            sql.Identifier(*at), sql.Literal(_MOST_TABLES)
        )
        with contextlib.suppress(psycopg.Error):
            for number, name in connection.execute(said).fetchall():
                if (at[0], name) in catalogue.tables:
                    found[number] = (at[0], name)
    return found


def _numbered(
    catalogue: Catalogue, samples: Samples, table: Table, numbers: Mapping[int, At]
) -> Iterator[Typed]:
    for type_column in table.columns if numbers else ():
        column = type_column.replace(_CONTENT_TYPE, "object_id")
        if not type_column.endswith(_CONTENT_TYPE) or column not in table.columns:
            continue
        form = form_of(table.columns[column])
        said = {int(v) for v in samples.of(table.at, type_column).values if v.isdecimal()}
        targets = [
            (number, numbers[number])
            for number in sorted(said & set(numbers))
            if all(
                form_of(catalogue.tables[numbers[number]].columns[c]) == form
                for c in catalogue.tables[numbers[number]].key
            )
        ]
        yield Typed(table.at, column, type_column, tuple(targets), len(said) - len(targets))


def _pairs(table: Table, words: Words) -> Iterator[tuple[str, str]]:
    """(column, its type column): the same name, but that one ends in a word for a type."""
    stems: dict[tuple[str, ...], str] = {}
    for name, column in table.columns.items():
        tokens = words.tokens(name)
        roles = words.roles(tokens[-1:])
        if column.category in "SE" and len(tokens) > 1 and roles and roles[0][2] == "type":
            stems[tokens[:-1]] = name
        elif column.category in "SE" and len(tokens) == 1 and roles and roles[0][2] == "type":
            stems.setdefault(tokens, name)
    for name, column in table.columns.items():
        if (name,) == table.key:
            continue
        tokens = words.tokens(name)
        bare = tuple(t for t in tokens if t not in words.keys)
        if (
            bare != tokens
            and bare in stems
            and stems[bare] != name
            and form_of(column) is not None
            and not column.is_array
        ):
            yield name, stems[bare]


def _alone(table: Table, words: Words, declared: Collection[str]) -> Iterator[tuple[str, str]]:
    """(column, type column) where the one is called `type` alone, and a single column points to who knows what."""
    types = [
        name
        for name, column in table.columns.items()
        if column.category in "SE"
        and [r for _, _, r in words.roles(words.tokens(name))] == ["type"]
        and len(words.tokens(name)) == 1
    ]
    pointing = [
        name
        for name, column in table.columns.items()
        if name not in {*table.key, *declared}
        and set(words.tokens(name)) & words.pointing
        and form_of(column) is not None
        and not column.is_array
    ]
    if len(types) == 1 and len(pointing) == 1:
        yield pointing[0], types[0]


def _said(samples: Samples, at: At, column: Column) -> list[str]:
    if column.labels:
        return list(column.labels)
    seen = samples.of(at, column.name)
    if seen.distinct > _MOST_TYPES:
        return []
    return [v for v in seen.values if _NAME.fullmatch(v)]


def _names_no_table(column: str, own: At, names: dict[At, TableName], words: Words) -> bool:
    """`payment_id` beside `payment_type` points to payments, of whatever type."""
    bare = "_".join(t for t in words.tokens(column) if t not in words.keys)
    return _meant(bare, own, names, words) is None


def _meant(word: str, own: At, names: dict[At, TableName], words: Words) -> At | None:
    """The table that a type names: `App\\Models\\Customer`, `customer`, `shop.customer`."""
    last = re.split(r"[\\/.:]+", word)[-1]
    tokens = words.tokens(last)
    fits = [at for at, name in names.items() if name.tokens == tokens or words.tokens(at[1]) == tokens]
    if not fits:
        concept = words.concept(tokens)
        fits = [
            at for at, name in names.items() if concept is not None and name.head == concept and name.pure
        ]
    near = [at for at in fits if at[0] == own[0]] or fits
    return near[0] if len(near) == 1 else None

"""Which columns' values are found in which keys, for all columns that may point to one at once.

A key with an index is looked up value by value; one without is read only where its table is small.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import psycopg
from psycopg import sql

from bloesem.discover.catalogue import At, Catalogue, Column, Table
from bloesem.discover.sample import Clock, Progress, Samples, allow, percent_of, spread
from bloesem.discover.words import Words
from bloesem.stores.postgres import Connection

Form = Literal["number", "uuid", "text"]
#: A key without an index is read whole up to so many pages (16 MB).
SMALL_PAGES = 2_000
#: Of the numbers that people were given so many differ, where nothing keeps two from having one.
NEARLY = 0.95
_MOST_AT_ONCE = 100
_MOST_COMPARED = 400  # rows of a column, of which the different values are looked up
#: So many different values of a column are looked up in a key.
MOST_TESTED = 120
NEARLY = 0.95  # of the numbers that people were given so many differ, where nothing keeps two from having one
_NUMBERS = ("int2", "int4", "int8", "numeric")
_TEXTS = ("text", "varchar", "bpchar", "citext", "name")
_WHOLE = re.compile(r"[1-9][0-9]{0,17}(?:\.0+)?")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass(frozen=True)
class Key:
    """A column of which each row has a value of its own. `sure`: the database says so; otherwise its sample does. `given`:
    it is the number that people were given, beside the key of their table."""

    at: At
    column: str
    form: Form
    sure: bool
    given: bool = False


@dataclass(frozen=True)
class Found:
    """Of `tested` different values, `found` are there."""

    tested: int
    found: int

    @property
    def share(self) -> float:
        return self.found / self.tested if self.tested else 0.0


Inclusion = Mapping[tuple[At, str, At, str], Found]


def form_of(column: Column) -> Form | None:
    """What a column's values, or its elements, are compared as."""
    base = column.element or column.base
    if base in _NUMBERS:
        return "number"
    if base == "uuid":
        return "uuid"
    return "text" if base in _TEXTS else None


def keys_of(catalogue: Catalogue, samples: Samples, words: Words) -> list[Key]:
    """What can be pointed to: primary keys and unique columns; else what its name says is one and its sample allows; and the
    numbers that people were given, of which nearly all differ."""
    found = []
    for at, table in catalogue.tables.items():
        sure = {columns[0] for columns in (table.key, *table.unique) if len(columns) == 1}
        called = words.table(table.name, catalogue.prefixes.get(at[0], ""))
        own = set(called.tokens)
        pointing = {c for k in table.foreign_keys for c in k.columns}
        for column in table.columns.values():
            form = form_of(column)
            if form is None or column.is_array:
                continue
            tokens = words.tokens(column.name)
            named = set(tokens) <= words.keys | own and bool(set(tokens) & words.keys)
            seen = samples.of(at, column.name)
            given = words.numbers_rows_of(called, tokens) and column.name not in pointing
            if column.name in sure:
                found.append(Key(at, column.name, form, True, given and table.key != (column.name,)))
            elif given and seen.distinct >= NEARLY * seen.rows:
                found.append(Key(at, column.name, form, False, True))
            elif named and not table.key and (seen.unique or not seen.rows) and not seen.nulls:
                found.append(Key(at, column.name, form, False))
    return found


def read_inclusion(
    connection: Connection,
    catalogue: Catalogue,
    samples: Samples,
    keys: Sequence[Key],
    wanted: Collection[tuple[At, str, At, str]],
    clock: Clock,
    progress: Progress,
) -> Inclusion:
    """Of a table that was read whole the answer is known here. Of others the server compares its own samples: no value is
    sent to it, where it could end in a log. in: `wanted`, the pairs of column and key that are worth asking. out: what was
    answered; what could not be asked within the budget is not in it."""
    found: dict[tuple[At, str, At, str], Found] = {}
    pointing = _sources(catalogue, samples, wanted, keys)
    for number, key in enumerate(keys, 1):
        progress(f"links {number}/{len(keys)}: {'.'.join(key.at)}")
        sources = pointing.get((key.at, key.column), [])
        if key.at in samples.whole:
            there = set(fit(samples.of(key.at, key.column).values, key.form, key.form))
            for at, column, values in sources:
                found[at, column.name, key.at, key.column] = Found(
                    len(values), len(there.intersection(values))
                )
            continue
        table = catalogue.tables[key.at]
        small = table.pages <= SMALL_PAGES and table.kind != "f"
        if (
            clock.left <= 0
            or not (key.column in table.indexed or small)
            or not table.columns[key.column].readable
            or not sources
        ):
            continue
        for some in range(0, len(sources), _MOST_AT_ONCE):
            part = sources[some : some + _MOST_AT_ONCE]
            try:
                allow(connection, clock)
                counts = _ask(connection, catalogue, key, part, min(clock.budget.rows, _MOST_COMPARED))
            except psycopg.Error:
                if connection.closed:
                    raise
                continue
            for i, (at, column, _) in enumerate(part):
                found[at, column.name, key.at, key.column] = counts.get(i, Found(0, 0))
    return found


def _sources(
    catalogue: Catalogue, samples: Samples, wanted: Collection[tuple[At, str, At, str]], keys: Sequence[Key]
) -> dict[tuple[At, str], list[tuple[At, Column, list[str]]]]:
    """For each key the columns that may point to it, with some values of each."""
    pointing: dict[tuple[At, str], list[tuple[At, str]]] = {}
    for at, name, to, key in sorted(wanted):
        pointing.setdefault((to, key), []).append((at, name))
    fitted: dict[tuple[At, str, Form], list[str]] = {}
    found: dict[tuple[At, str], list[tuple[At, Column, list[str]]]] = {}
    for one in keys:
        for at, name in pointing.get((one.at, one.column), ()):
            column = catalogue.tables[at].columns[name]
            if (at, name, one.form) not in fitted:
                values = fit(samples.of(at, name).values, one.form, form_of(column))
                fitted[at, name, one.form] = spread(values, MOST_TESTED)
            if fitted[at, name, one.form]:
                found.setdefault((one.at, one.column), []).append((at, column, fitted[at, name, one.form]))
    return found


def fit(values: tuple[str, ...], form: Form, own: Form | None) -> list[str]:
    """The values that a key of this form could have; 0 and less often stand for nobody. Text points to uuids too."""
    if form == "number":
        return [v.partition(".")[0] for v in values if _WHOLE.fullmatch(v)] if own == "number" else []
    if form == "uuid":
        kept = [v.lower() for v in values if _UUID.fullmatch(v)]
        return kept if len(kept) == len(values) else []
    return list(values) if own == "text" else []


# What a column holds, as its key is compared. NULL where it cannot be one.
_AS: dict[tuple[Form, Form | None], str] = {
    (
        "number",
        "number",
    ): "CASE WHEN {0} > 0 AND {0} < 1000000000000000000 AND {0} = trunc({0}::numeric) THEN {0}::bigint END",
    ("uuid", "uuid"): "{0}",
    (
        "uuid",
        "text",
    ): "CASE WHEN {0} ~* '^[0-9a-f]{{8}}(-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}$' THEN {0}::uuid END",
    ("text", "text"): "NULLIF({0}::text, '')",
}
_SAMPLE = """
SELECT {number} AS number, x.value FROM (
    SELECT DISTINCT y.value FROM (SELECT {value} AS value FROM {relation} {part} {elements} LIMIT {rows}) y
    WHERE y.value IS NOT NULL LIMIT {most}) x"""
_LOOK_UP = """
SELECT v.number, count(*), count(f.one) FROM ({samples}) v
LEFT JOIN LATERAL (SELECT 1 AS one FROM {relation} t WHERE {key} = v.value LIMIT 1) f ON true GROUP BY 1"""
_COMPARE = """
SELECT v.number, count(*), count(*) FILTER (WHERE v.value IN (SELECT {key} FROM {relation} t))
FROM ({samples}) v GROUP BY 1"""


def _ask(
    connection: Connection,
    catalogue: Catalogue,
    key: Key,
    sources: list[tuple[At, Column, list[str]]],
    rows: int,
) -> dict[int, Found]:
    table = catalogue.tables[key.at]
    base = table.columns[key.column].base
    column: sql.Composable = sql.SQL("t.{}").format(sql.Identifier(key.column))
    if key.form == "text" and base not in ("text", "varchar"):
        column = sql.SQL("rtrim({}::text)").format(column)
    samples = sql.SQL(" UNION ALL ").join(
        _sample(catalogue.tables[at], source, key, i, rows) for i, (at, source, _) in enumerate(sources)
    )
    indexed = key.column in table.indexed
    said = sql.SQL(_LOOK_UP if indexed else _COMPARE).format(
        samples=samples, relation=sql.Identifier(table.schema, table.name), key=column
    )
    found = connection.execute(said).fetchall()
    return {number: Found(tested, there) for number, tested, there in found}


def _sample(table: Table, column: Column, key: Key, number: int, rows: int) -> sql.Composable:
    percent = percent_of(table, rows)
    name = sql.SQL("e.value") if column.is_array else sql.SQL("s.{}").format(sql.Identifier(column.name))
    value = sql.SQL(_AS[key.form, form_of(column)]).format(name)
    return sql.SQL(_SAMPLE).format(
        number=sql.Literal(number),
        value=value,
        relation=sql.SQL("{} s").format(sql.Identifier(table.schema, table.name)),
        part=sql.SQL("TABLESAMPLE SYSTEM ({}) REPEATABLE (1)").format(sql.Literal(percent))
        if percent
        else sql.SQL(""),
        elements=sql.SQL(", unnest(s.{}) AS e (value)").format(sql.Identifier(column.name))
        if column.is_array
        else sql.SQL(""),
        rows=sql.Literal(rows),
        most=sql.Literal(MOST_TESTED),
    )

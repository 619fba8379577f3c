"""What values look like: a bounded sample of each table, read once, of which only kinds and counts remain.

Values are held while links are looked for, in no `repr`, log or error, and are let go with the study.
"""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql

from bloesem.discover.catalogue import At, Catalogue, Column, Table
from bloesem.discover.kinds import Kind, kind_of, mentions_somebody
from bloesem.stores.postgres import Connection

#: So many different values of a column are held, while links are looked for.
MOST_VALUES = 2_000
#: Of so many values the kind is asked: libraries look at each.
MOST_KINDS = 250
_LONGEST_VALUE = 300
_LONGEST_DOCUMENT = 20_000
_SLOWEST_MS = 10_000
_SLOWEST_LOCK_MS = 2_000
_LEAST_PAGES = 24
_PLAIN = ("uuid", "json", "jsonb", "xml", "hstore", "citext")
_PATH_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,40}")
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Budget:
    """`seconds` for all values together; `rows` of each table."""

    seconds: float = 60.0
    rows: int = 1_000


@dataclass
class Clock:
    """What is left of a budget. `now`: a monotonic clock in seconds."""

    budget: Budget
    now: Callable[[], float] = time.monotonic
    begun: float = 0.0

    def __post_init__(self) -> None:
        self.begun = self.now()

    @property
    def left(self) -> float:
        return self.budget.seconds - (self.now() - self.begun)


@dataclass(frozen=True)
class Path:
    """A place in a json column, and what stands there."""

    names: tuple[str, ...]
    kind: Kind
    share: float


@dataclass(frozen=True)
class Seen:
    """What a column's sample showed. `values`: some of the different ones, never shown."""

    rows: int = 0
    nulls: int = 0
    distinct: int = 0
    kinds: Mapping[Kind, float] = field(default_factory=dict)
    mentions: float = 0.0
    years: tuple[int, int] | None = None
    paths: tuple[Path, ...] = ()
    other_names: int = 0  # names in json documents that may be values, and are not said
    values: tuple[str, ...] = field(default=(), repr=False)

    @property
    def unique(self) -> bool:
        return self.rows > 0 and self.distinct == self.rows

    def share(self, kind: Kind) -> float:
        return self.kinds.get(kind, 0.0)


@dataclass(frozen=True)
class Samples:
    """`unread`: tables of which nothing was read, and why; they are judged by names alone. `whole`: all of it was read."""

    columns: Mapping[tuple[At, str], Seen]
    rows: Mapping[At, int]
    unread: Mapping[At, str]
    whole: frozenset[At] = frozenset()

    def of(self, at: At, column: str) -> Seen:
        return self.columns.get((at, column), Seen())


def prepare(connection: Connection) -> None:
    """Nothing can be written in this session, nothing waits long for a lock, and a scan begins where the table does."""
    for said in (
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
        "SET default_transaction_read_only = on",
        f"SET lock_timeout = {_SLOWEST_LOCK_MS}",
        f"SET statement_timeout = {_SLOWEST_MS}",
        "SET synchronize_seqscans = off",
        "SET max_parallel_workers_per_gather = 0",
        "SET jit = off",
    ):
        connection.execute(said)


def allow(connection: Connection, clock: Clock) -> None:
    """The next statement takes no longer than what is left."""
    connection.execute(f"SET statement_timeout = {max(1, min(_SLOWEST_MS, int(clock.left * 1000)))}")


def why(fault: psycopg.Error) -> str:
    """A fault of the server in words of ours: what it says itself may quote a value."""
    return _FAULTS.get(fault.sqlstate or "", f"PostgreSQL refused (SQLSTATE {fault.sqlstate or 'unknown'})")


_FAULTS = {
    "57014": "it took longer than the budget allows",
    "55P03": "somebody holds a lock on it",
    "42501": "this login may not read it",
}


def read_samples(
    connection: Connection, catalogue: Catalogue, clock: Clock, words: frozenset[str], progress: Progress
) -> Samples:
    """in: `words`: names that may be said when they stand in a json document. Big tables are sampled by page."""
    seen: dict[tuple[At, str], Seen] = {}
    counts: dict[At, int] = {}
    unread: dict[At, str] = {}
    whole: set[At] = set()
    for number, (at, table) in enumerate(catalogue.tables.items(), 1):
        progress(f"values {number}/{len(catalogue.tables)}: {'.'.join(at)}")
        if clock.left <= 0:
            unread[at] = "the budget was used up"
            continue
        columns = [c for c in table.columns.values() if c.readable and _looked_at(c)]
        if not table.readable:
            unread[at] = "this login may not read it"
        elif columns:
            try:
                allow(connection, clock)
                rows = _rows(connection, table, columns, clock.budget.rows)
            except psycopg.Error as fault:
                if connection.closed:
                    raise
                unread[at] = why(fault)
                continue
            counts[at] = len(rows)
            if (
                len(rows) < min(clock.budget.rows, MOST_VALUES)
                and percent_of(table, clock.budget.rows) is None
            ):
                whole.add(at)
            for i, column in enumerate(columns):
                seen[at, column.name] = look([row[i] for row in rows], column, words)
    return Samples(seen, counts, unread, frozenset(whole))


def _looked_at(column: Column) -> bool:
    return column.category in "NSDEI" or column.base in _PLAIN or (column.element in _ELEMENTS)


_ELEMENTS = ("int2", "int4", "int8", "text", "varchar", "bpchar", "citext", "uuid")


def _rows(connection: Connection, table: Table, columns: Sequence[Column], most: int) -> list[Any]:
    listed = sql.SQL(", ").join(_expression(c) for c in columns)
    name = sql.Identifier(table.schema, table.name)
    whole = sql.SQL("SELECT {} FROM {} LIMIT {}").format(listed, name, sql.Literal(most))
    percent = percent_of(table, most)
    if percent is not None:
        part = sql.SQL("SELECT {} FROM {} TABLESAMPLE SYSTEM ({}) REPEATABLE (1) LIMIT {}").format(
            listed, name, sql.Literal(percent), sql.Literal(most)
        )
        found = connection.execute(part).fetchall()
        if found:
            return found
    return connection.execute(whole).fetchall()


def percent_of(table: Table, most: int) -> float | None:
    """How much of the table's pages holds about so many rows; None: all of it does, or nothing can be left out."""
    if table.kind not in "rp" or not table.pages:
        return None
    each = max(1.0, (table.rows or 0) / table.pages) if table.rows else 20.0
    wanted = max(_LEAST_PAGES, 1.5 * most / each)
    return None if wanted >= table.pages else round(100 * wanted / table.pages, 6)


def _expression(column: Column) -> sql.Composable:
    name = sql.Identifier(column.name)
    if column.is_json or column.is_array:
        text = "to_json({0})::text" if column.is_array else "{0}::text"
        return sql.SQL("CASE WHEN pg_column_size({0}) <= {1} THEN " + text + " END").format(
            name, sql.Literal(_LONGEST_DOCUMENT)
        )
    return sql.SQL("left({}::text, {})").format(name, sql.Literal(_LONGEST_VALUE))


# ---- looking at values -------------------------------------------------------------------------------------------------


def look(values: Sequence[str | None], column: Column, words: frozenset[str] = frozenset()) -> Seen:
    """in: values as text (arrays and documents as json). out: what they show."""
    if column.is_json:
        return _documents(values, words)
    if column.is_array:
        values = [str(e) for v in values for e in (_json(v) or []) if isinstance(e, str | int)]
    given = [v for v in values if v is not None and v.strip()]
    different = sorted(set(given))
    asked = spread(different, MOST_KINDS)
    kinds: Counter[Kind] = Counter(k for v in asked if (k := kind_of(v)) is not None)
    texts = [v for v in asked if " " in v]
    years = [int(v[:4]) for v in asked if re.match(r"\d{4}-\d\d-\d\d", v)] if column.category == "D" else []
    return Seen(
        rows=len(given),
        nulls=len(values) - len(given),
        distinct=len(different),
        kinds={k: n / len(asked) for k, n in sorted(kinds.items())},
        mentions=sum(mentions_somebody(v) for v in texts) / len(asked) if asked else 0.0,
        years=(sorted(years)[len(years) // 10], sorted(years)[len(years) * 9 // 10]) if years else None,
        values=tuple(spread(different, MOST_VALUES)),
    )


def spread(values: Sequence[str], most: int) -> list[str]:
    """At most so many, evenly from all of them."""
    if len(values) <= most:
        return list(values)
    return [values[i * len(values) // most] for i in range(most)]


def _json(text: str | None) -> Any:
    try:
        return json.loads(text) if text else None
    except ValueError:
        return None


def _documents(values: Sequence[str | None], words: frozenset[str]) -> Seen:
    """Names in a document may be values themselves (`{"ann@x.example": 1}`): only those that a dictionary has, or that
    half of the documents have, are said."""
    documents = [d for d in map(_json, values) if d is not None]
    kinds: dict[tuple[str, ...], Counter[Kind]] = {}
    within: Counter[tuple[str, ...]] = Counter()
    for document in documents:
        found = list(_leaves(document, ()))
        within.update({path for path, _ in found})
        for path, value in found:
            kind = kind_of(value[:_LONGEST_VALUE])
            if kind is not None:
                kinds.setdefault(path, Counter())[kind] += 1
    paths, unsaid = [], 0
    for path, counted in sorted(kinds.items()):
        often = len(documents) >= 10 and within[path] * 2 >= len(documents)
        if not all(
            _PATH_NAME.fullmatch(n) and kind_of(n) == "word" and (often or n.lower() in words) for n in path
        ):
            unsaid += 1
            continue
        kind, most = min(counted.items(), key=lambda one: (-one[1], one[0]))
        paths.append(Path(path, kind, most / counted.total()))
    given = sum(v is not None for v in values)
    return Seen(rows=given, nulls=len(values) - given, paths=tuple(paths), other_names=unsaid)


def _leaves(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, (*path, name))
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner, path)
    elif isinstance(value, str | int | float) and not isinstance(value, bool) and path and len(path) <= 5:
        yield path, str(value)

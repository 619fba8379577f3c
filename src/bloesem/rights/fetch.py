"""Rows of a PostgreSQL database by what their columns hold: one statement per question, values as text."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from psycopg.types.string import TextLoader

from bloesem.plan.quoting import ident, qualified
from bloesem.rights.graph import PLACE, Graph, Table
from bloesem.rights.world import Asked, Row, Value
from bloesem.stores.postgres import Connection
from bloesem.stores.schema import LiveColumn

#: The alias of the table in every statement: no column is called so.
ROW = "bloesem_row"
_TEXTS = ("text", "character varying", "character", "name", "citext")
_UUID = re.compile(r"\{?[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}\}?")
_NUMBER = re.compile(r"-?\d{1,1000}(\.\d{1,1000})?")
_PLACE = re.compile(r"\(\d{1,10},\d{1,5}\)")


def bare(name: str) -> str:
    """A name, for a statement that has parameters."""
    return ident(name).replace("%", "%%")


def column(name: str) -> str:
    return f"{ROW}.{bare(name)}"


def source(table: Table) -> str:
    """The table as it is read and changed: tables that inherit from it are mapped by themselves."""
    name = qualified(table.schema, table.name).replace("%", "%%")
    return f"{'ONLY ' if table.live.inherited else ''}{name} AS {ROW}"


def base(one: LiveColumn) -> str:
    """The type that a value of the column is compared as."""
    found = one.base or one.type
    return {"character": "bpchar", "character[]": "bpchar[]"}.get(found, found)


def typed(one: LiveColumn) -> str:
    """The same, for a statement that has parameters."""
    return base(one).replace("%", "%%")


def texts(one: LiveColumn) -> bool:
    return base(one).removesuffix("[]").rpartition(".")[2] in (*_TEXTS, "bpchar")


def as_text(one: LiveColumn) -> str:
    """The column as text, in the form in which two links to the same thing are equal."""
    if one.array:
        return f"{column(one.name)}::text[]"
    said = f"{column(one.name)}::text"
    return f"lower({said})" if base(one).rpartition(".")[2] == "citext" else said


#: Types whose values are told apart by what Python reads: their text is the same.
_PLAIN = frozenset(
    ["smallint", "integer", "bigint", "text", "character varying", "name", "uuid", "date", "numeric"]
)
#: Types that PostgreSQL writes and Python could not always hold: infinity, a year before Christ, a month as such.
_AS_WRITTEN = (
    "date", "time", "timetz", "timestamp", "timestamptz", "interval", "bytea", "uuid", "inet", "cidr", "int4range",
    "int8range", "numrange", "daterange", "tsrange", "tstzrange",
)  # fmt: skip


def prepare(connection: Connection) -> None:
    """Values come as PostgreSQL writes them where Python has no room for them, dates year first."""
    for name in _AS_WRITTEN:
        connection.adapters.register_loader(name, TextLoader)
    if not (connection.info.parameter_status("DateStyle") or "").startswith("ISO"):
        connection.execute("SET datestyle = 'ISO'")


@dataclass(frozen=True)
class _Reader:
    """How rows of a table are asked for and read. `cast`: link columns that are asked for as text, after the values."""

    select: str
    table: str
    key: tuple[str, ...]
    values: tuple[str, ...]
    cast: tuple[str, ...]

    def read(self, found: Sequence[Any]) -> Row:
        values = dict(zip(self.values, found, strict=False))
        if not self.cast:
            key = tuple([v if (v := values[c]).__class__ is str else str(v) for c in self.key])
            return Row(self.table, key, values, None, found[-1])
        cast = dict(zip(self.cast, found[len(self.values) :], strict=False))
        key = tuple([cast[c] if c in cast else str(values[c]) for c in self.key])
        return Row(self.table, key, values, cast, found[-1])


@dataclass
class SqlFetch:
    """in: `values`, the columns of each table that are asked for besides links (None: all); `lock`: rows are locked for
    the act. `statements`: how many each table took."""

    connection: Connection
    graph: Graph
    values: Mapping[str, frozenset[str]] | None = None
    lock: bool = False
    statements: Counter[str] = field(default_factory=Counter)
    _seen: dict[str, dict[Value, Row]] = field(default_factory=dict)

    def rows(self, table: Table, asked: Sequence[Asked]) -> list[Row]:
        seen = self._seen.setdefault(table.qualified, {})
        known: dict[Value, Row] = {}
        conditions, given = [], []
        for one in asked:
            values: Iterable[Value] = one.values
            if one.columns == table.key:
                known.update((v, seen[v]) for v in one.values if v in seen)
                values = [v for v in one.values if v not in seen]
            said = condition(table, one.columns, values)
            if said is not None:
                conditions.append(said[0])
                given += said[1]
        if conditions:
            where = " OR ".join(f"({c})" for c in conditions)
            more = {c for one in asked for c in one.columns}
            for row in self._select(table, where, given, more):
                known[row.key] = row
        return list(known.values())

    def folded(self, table: Table, columns: Sequence[str], values: Iterable[str]) -> list[Row]:
        """The rows of which one of the columns is one of the values, whatever the capitals: reads the whole table."""
        low = sorted({v.lower() for v in values})
        where = " OR ".join(f"lower({column(c)}::text) = ANY(%s)" for c in columns)
        return list(self._select(table, where, [low for _ in columns], set(columns)))

    def existing(self, table: Table, asked: Asked) -> set[Value]:
        said = condition(table, asked.columns, asked.values)
        if said is None:
            return set()
        self.statements[table.qualified] += 1
        names = ", ".join(as_text(table.column(c)) for c in asked.columns)
        statement = f"SELECT DISTINCT {names} FROM {source(table)} WHERE {said[0]}"
        return {tuple(row) for row in self.connection.execute(statement.encode(), said[1]).fetchall()}

    def _select(self, table: Table, where: str, given: list[Any], more: set[str]) -> Iterable[Row]:
        self.statements[table.qualified] += 1
        reader = self._reader(table, frozenset(more))
        locked = self.lock and table.live.writable
        statement = f"{reader.select} WHERE {where}{f' FOR UPDATE OF {ROW}' if locked else ''}"
        seen = self._seen.setdefault(table.qualified, {})
        for found in self.connection.execute(statement.encode(), given).fetchall():
            row = reader.read(found)
            yield seen.setdefault(row.key, row)

    def _reader(self, table: Table, more: frozenset[str]) -> _Reader:
        reader = self._readers.get((table.qualified, more))
        if reader is None:
            links = list(dict.fromkeys([*self._links(table), *sorted(more)]))
            if self.values is None:
                wanted = set(table.live.columns)
            else:
                wanted = {*self.values.get(table.qualified, ()), *table.key} - set(PLACE)
            plain = [
                c for c in links if c not in PLACE and base(table.column(c)).removesuffix("[]") in _PLAIN
            ]
            cast = [c for c in links if c not in plain]
            values = [c for c in table.live.columns if c in wanted or c in plain]
            parts = [column(c) for c in values] + [as_text(table.column(c)) for c in cast]
            parts.append(f"md5({ROW}::text)" if self.lock else "''")
            select = f"SELECT {', '.join(parts)} FROM {source(table)}"
            reader = _Reader(select, table.qualified, table.key, tuple(values), tuple(cast))
            self._readers[table.qualified, more] = reader
        return reader

    _readers: dict[tuple[str, frozenset[str]], _Reader] = field(default_factory=dict)

    def _links(self, table: Table) -> list[str]:
        names = [*table.key]
        names += [c for edge in self.graph.held[table.qualified] for c in edge.columns]
        names += [c for edge in self.graph.pointing[table.qualified] for c in edge.of]
        return [*names, *(name for name, _ in table.identities)]


def condition(table: Table, columns: Sequence[str], values: Iterable[Value]) -> tuple[str, list[Any]] | None:
    """(SQL, parameters) that is true of rows whose columns hold one of the values; None when no value could be there."""
    live = [table.column(c) for c in columns]
    fits = [_fit(one) for one in live]
    whole = sorted({v for v in values if all(fit(part) for fit, part in zip(fits, v, strict=True))})
    if not whole:
        return None
    if len(live) == 1 and live[0].array:
        return f"{column(columns[0])} && %s::text[]::{typed(live[0])}", [[v[0] for v in whole]]
    sides = [_side(one) for one in live]
    given: list[Any] = [sorted({v[i] for v in whole}) for i in range(len(live))]
    said = " AND ".join(f"{left} = ANY({right})" for left, right in sides)
    if len(live) > 1:
        left = ", ".join(left for left, _ in sides)
        right = ", ".join(right for _, right in sides)
        said += f" AND ({left}) IN (SELECT * FROM unnest({right}))"
        given += [[v[i] for v in whole] for i in range(len(live))]
    return said, given


def _side(one: LiveColumn) -> tuple[str, str]:
    """(the column, the values) as they are compared: as their own type where an index then helps, else as text."""
    if _known(one):
        return column(one.name), f"%s::text[]::{typed(one)}[]"
    return f"{column(one.name)}::text", "%s::text[]"


_INTEGERS = {"smallint": 2, "integer": 4, "bigint": 8}


def _known(one: LiveColumn) -> bool:
    type_ = base(one)
    return texts(one) or type_ in (*_INTEGERS, "uuid", "numeric", "date", "oid", "tid")


def _fit(one: LiveColumn) -> Callable[[str], bool]:
    """Whether a text could be a value of the column: a link may hold anything."""
    type_ = base(one).removesuffix("[]") if one.array else base(one)
    if type_ in _INTEGERS:
        most = 1 << (8 * _INTEGERS[type_] - 1)
        return lambda v: bool(re.fullmatch(r"-?\d{1,19}", v)) and -most <= int(v) < most
    if type_ == "oid":
        return lambda v: bool(re.fullmatch(r"\d{1,10}", v)) and int(v) < 1 << 32
    if type_ == "uuid":
        return lambda v: bool(_UUID.fullmatch(v))
    if type_ == "numeric":
        return lambda v: bool(_NUMBER.fullmatch(v))
    if type_ == "tid":
        return lambda v: bool(_PLACE.fullmatch(v))
    if type_ == "date":
        return _is_date
    return lambda v: "\x00" not in v


def _is_date(text: str) -> bool:
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return len(text) == 10

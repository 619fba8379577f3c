"""Rows of a PostgreSQL database by what their columns hold: one statement per question, values as text."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

from psycopg.types.string import TextLoader

from bloesem.plan.quoting import ident, qualified
from bloesem.rights.graph import PLACE, Graph, Table
from bloesem.rights.taking import Leaf, Taken
from bloesem.rights.world import Asked, Question, Row, Shape, Value
from bloesem.stores.postgres import Connection, pipelined
from bloesem.stores.schema import LiveColumn

#: So many statements are kept as they are written.
_STATEMENTS = 100
#: The alias of the table in every statement: no column is called so.
ROW = "bloesem_row"
_TEXTS = ("text", "character varying", "character", "name", "citext")
_UUID = re.compile(r"\{?[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}\}?")
_NUMBER = re.compile(r"-?\d{1,1000}(\.\d{1,1000})?")
_WHOLE = re.compile(r"-?\d{1,19}").fullmatch
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


def version(table: Table) -> str:
    """By what a row is told from what it was: the transaction that wrote it. Nobody sees what one wrote before it is over,
    and what comes after is another's. Where rows have no such version, or no key, it is what they say."""
    return f"{ROW}.xmin::text" if _placed(table) else f"md5({ROW}::text)"


def _placed(table: Table) -> bool:
    return table.live.versioned and table.key != PLACE


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
    if base(one) == "numeric":  # however many zeros it is written with
        return f"CASE WHEN {said} LIKE '%%.%%' THEN rtrim(rtrim({said}, '0'), '.') ELSE {said} END"
    return f"lower({said})" if one.folds else said


#: Types whose values are told apart by what Python reads: their text is the same.
_PLAIN = frozenset(["smallint", "integer", "bigint", "text", "character varying", "name", "uuid", "date"])
#: Types that PostgreSQL writes and Python could not always hold: infinity, a year before Christ, a month as such.
_AS_WRITTEN = (
    "date", "time", "timetz", "timestamp", "timestamptz", "interval", "bytea", "uuid", "inet", "cidr", "int4range",
    "int8range", "numrange", "daterange", "tsrange", "tstzrange",
)  # fmt: skip


def _read(one: LiveColumn) -> str:
    """A column as it is shown and judged: of `char(n)` without the blanks that say nothing."""
    return f"{column(one.name)}::text" if base(one) == "bpchar" else column(one.name)


def _is_plain(one: LiveColumn) -> bool:
    return base(one).removesuffix("[]") in _PLAIN and not one.folds


def prepare(connection: Connection) -> None:
    """Values come as PostgreSQL writes them where Python has no room for them, dates year first."""
    for name in _AS_WRITTEN:
        connection.adapters.register_loader(name, TextLoader)
    if not (connection.info.parameter_status("DateStyle") or "").startswith("ISO"):
        connection.execute("SET datestyle = 'ISO'")


@dataclass(frozen=True)
class _Reader:
    """How rows of a table are asked for and read."""

    select: str
    shape: Shape
    key: tuple[int, ...]

    def read(self, found: Sequence[Sequence[Any]], seen: dict[Value, Row]) -> dict[Value, Row]:
        """Each row once by its key, and a row that was seen before as it was then."""
        shape, places = self.shape, self.key
        if len(places) == 1:
            (at,) = places
            keys: Iterable[Value] = [(str(one[at]),) for one in found]
        else:
            keys = [tuple([str(one[i]) for i in places]) for one in found]
        rows = {key: Row(shape, key, one) for key, one in zip(keys, found, strict=True)}
        if seen:
            rows.update((key, seen[key]) for key in rows.keys() & seen.keys())
        seen.update(rows)
        return rows


@dataclass
class Reading:
    """What is the same in every request about one database: how each table is asked for and read.

    in: `values`, the columns of each table that are asked for besides links (None: all); `versioned`: with the
    version of each row.
    """

    graph: Graph
    values: Mapping[str, frozenset[str]] | None = None
    versioned: bool = False
    _readers: dict[tuple[str, tuple[str, ...]], _Reader] = field(default_factory=dict)
    _conditions: dict[tuple[str, tuple[str, ...]], Condition] = field(default_factory=dict)
    _takings: dict[tuple[tuple[str, str], ...], bytes] = field(default_factory=dict)

    def condition(self, table: Table, columns: tuple[str, ...]) -> Condition:
        at = table.qualified, columns
        if at not in self._conditions:
            self._conditions[at] = Condition(table, columns)
        return self._conditions[at]

    def of(self, table: Table, more: Iterable[str]) -> _Reader:
        """in: `more`, columns by which it is asked."""
        at = table.qualified, tuple(sorted(set(more)))
        if at not in self._readers:
            self._readers[at] = self._reader(table, at[1])
        return self._readers[at]

    def taking(self, leaves: Sequence[Leaf], asked: tuple[tuple[str, str], ...]) -> bytes:
        """The statement that deletes and tells rows of many tables. in: of each, its name and the condition."""
        if asked not in self._takings:
            those = zip(leaves, asked, strict=True)
            parts = [
                f"t{number} AS ({_taking(leaf, where)})" for number, (leaf, (_, where)) in enumerate(those)
            ]
            answers = [
                f"SELECT {number}, {_listed(leaf)}, string_agg(v::text, ' '), {_held(leaf)}, txid_current()::text"
                f" FROM t{number}"
                for number, leaf in enumerate(leaves)
            ]
            if len(self._takings) > _STATEMENTS:
                self._takings.clear()
            self._takings[asked] = f"WITH {', '.join(parts)} {' UNION ALL '.join(answers)}".encode()
        return self._takings[asked]

    def _reader(self, table: Table, more: Sequence[str]) -> _Reader:
        links = list(dict.fromkeys([*self._links(table), *more]))
        if self.values is None:
            wanted = set(table.live.columns)
        else:
            wanted = {*self.values.get(table.qualified, ()), *table.key} - set(PLACE)
        plain = [c for c in links if c not in PLACE and _is_plain(table.column(c))]
        cast = tuple(c for c in links if c not in plain)
        values = tuple(c for c in table.live.columns if c in wanted or c in plain)
        parts = [_read(table.column(c)) for c in values] + [as_text(table.column(c)) for c in cast]
        parts.append(version(table) if self.versioned else "''")
        sure = table.key == table.live.key and not any(table.column(c).array for c in table.key)
        shape = Shape(table.qualified, values, cast, table.key if sure else ())
        select = f"SELECT {', '.join(parts)} FROM {source(table)}"
        return _Reader(select, shape, tuple(shape.held[c] for c in table.key))

    def _links(self, table: Table) -> list[str]:
        names = [*table.key]
        names += [c for edge in self.graph.held[table.qualified] for c in edge.columns]
        names += [c for edge in self.graph.pointing[table.qualified] for c in edge.of]
        return [*names, *(name for name, _ in table.identities)]


def _taking(leaf: Leaf, where: str) -> str:
    table = leaf.table
    held = "".join(f", {column(c)} AS d{i}" for i, c in enumerate(leaf.deciding))
    found = f"{ROW}.xmin" if _placed(table) else version(table)
    said = f"{column(table.key[0])} AS k, {found} AS v{held}"
    return f"DELETE FROM {source(table)} WHERE {where} RETURNING {said}"


def _listed(leaf: Leaf) -> str:
    """The keys, in one text."""
    return "array_agg(k)::text" if leaf.bare else "array_to_json(array_agg(k::text))::text"


def _held(leaf: Leaf) -> str:
    """What the deciding columns held, each once. Moments are told apart before they are text: that is cheaper."""
    match len(leaf.deciding):
        case 0:
            return "NULL::text[]"
        case 1:
            return "array_agg(DISTINCT d0)::text[]"
        case some:
            return f"array_agg(DISTINCT ARRAY[{', '.join(f'd{i}::text' for i in range(some))}])"


@dataclass
class SqlFetch:
    """in: `lock`: rows that are people are locked for the act; the others are with what is written (`rights.changes`).
    `statements`: how many each table took."""

    connection: Connection
    reading: Reading
    lock: bool = False
    statements: Counter[str] = field(default_factory=Counter)
    _number: str | None = None
    _fitting: dict[tuple[str, frozenset[Value]], tuple[list[str], str]] = field(default_factory=dict)
    _seen: dict[str, dict[Value, Row]] = field(default_factory=dict)

    def rows(self, questions: Sequence[Question]) -> list[dict[Value, Row]]:
        answers: list[dict[Value, Row]] = []
        asked: list[tuple[int, Table, _Reader]] = []
        statements: list[tuple[str, list[Any]]] = []
        for table, those in questions:
            seen = self._seen.setdefault(table.qualified, {})
            known: dict[Value, Row] = {}
            conditions, given = [], []
            for one in those:
                values: Iterable[Value] = one.values
                if one.columns == table.key and seen:
                    known.update((v, seen[v]) for v in one.values if v in seen)
                    values = [v for v in one.values if v not in seen]
                said = self.reading.condition(table, one.columns).of(values, self._fitting)
                if said is not None:
                    conditions.append(said[0])
                    given += said[1]
            if conditions:
                reader = self.reading.of(table, (c for one in those for c in one.columns))
                asked.append((len(answers), table, reader))
                statements.append(
                    (self._select(table, reader, " OR ".join(f"({c})" for c in conditions)), given)
                )
            answers.append(known)
        for (number, table, reader), found in zip(asked, self._ask(statements), strict=True):
            self.statements[table.qualified] += 1
            answers[number].update(reader.read(found, self._seen[table.qualified]))
        return answers

    def folded(self, table: Table, columns: Sequence[str], values: Iterable[str]) -> list[Row]:
        """The rows of which one of the columns is one of the values, whatever the capitals: reads the whole table."""
        low = sorted({v.lower() for v in values})
        where = " OR ".join(f"lower({column(c)}::text) = ANY(%s)" for c in columns)
        reader = self.reading.of(table, columns)
        self.statements[table.qualified] += 1
        (found,) = self._ask([(self._select(table, reader, where), [low for _ in columns])])
        return list(reader.read(found, self._seen.setdefault(table.qualified, {})).values())

    def place(self, table: Table, key: Value) -> str:
        """Where a row lies."""
        if table.key == PLACE:
            return key[1]
        said = self.reading.condition(table, table.key).of([key])
        assert said is not None
        statement = f"SELECT {column('ctid')}::text FROM {source(table)} WHERE {said[0]}"
        return _one(self._ask([(statement, said[1])])[0][0])

    def existing(self, questions: Sequence[tuple[Table, Asked]]) -> list[set[Value]]:
        answers: list[set[Value]] = [set() for _ in questions]
        asked, statements = [], []
        for (table, one), answer in zip(questions, answers, strict=True):
            said = self.reading.condition(table, one.columns).of(one.values)
            if said is not None:
                names = ", ".join(as_text(table.column(c)) for c in one.columns)
                asked.append((table, answer))
                statements.append((f"SELECT DISTINCT {names} FROM {source(table)} WHERE {said[0]}", said[1]))
        for (table, answer), found in zip(asked, self._ask(statements), strict=True):
            self.statements[table.qualified] += 1
            answer.update(tuple(row) for row in found)
        return answers

    def take(
        self, questions: Sequence[tuple[Leaf, Asked]], meanwhile: Callable[[], None] | None = None
    ) -> list[Taken]:
        """One statement for all tables."""
        asked: list[tuple[str, str]] = []
        given: list[Any] = []
        for leaf, one in questions:
            self.statements[leaf.table.qualified] += 1
            said = self.reading.condition(leaf.table, one.columns).of(one.values, self._fitting)
            asked.append((leaf.table.qualified, said[0] if said else "false"))
            given += said[1] if said else ()
        sql = self.reading.taking([leaf for leaf, _ in questions], tuple(asked))
        with pipelined(self.connection) if meanwhile else nullcontext():
            cursor = self.connection.execute(sql, given)
            if meanwhile:
                meanwhile()
        rows = cursor.fetchall()
        self._number = rows[0][-1]
        return [
            questions[number][0].taken(listed, versions, held) for number, listed, versions, held, _ in rows
        ]

    def _select(self, table: Table, reader: _Reader, where: str) -> str:
        locked = self.lock and table.people and table.live.writable
        return f"{reader.select} WHERE {where}{f' FOR UPDATE OF {ROW}' if locked else ''}"

    def _ask(self, statements: Sequence[tuple[str, list[Any]]]) -> list[list[tuple[Any, ...]]]:
        """The answers to all statements, which travel together."""
        if len(statements) < 2:
            return [self.connection.execute(said.encode(), given).fetchall() for said, given in statements]
        numbered = self.lock and self._number is None
        with pipelined(self.connection):
            cursors = [self.connection.execute(said.encode(), given) for said, given in statements]
            number = self.connection.execute(_TRANSACTION) if numbered else None
        if number is not None:
            self._number = _one(number.fetchone())
        return [cursor.fetchall() for cursor in cursors]

    def number(self) -> str:
        """The server's number of the transaction of an act; it comes with the rows of tables that are asked together."""
        if self._number is None:
            self._number = _one(self.connection.execute(_TRANSACTION).fetchone())
        return self._number


_TRANSACTION = "SELECT txid_current()::text"


def _one(row: Sequence[Any] | None) -> str:
    assert row is not None
    return str(row[0])


class Condition:
    """Rows whose columns hold one of some values, in SQL."""

    def __init__(self, table: Table, columns: Sequence[str]) -> None:
        live = [table.column(c) for c in columns]
        self.fits = [_fit(one) for one in live]
        #: Columns that may hold the same.
        self.like = ",".join(f"{base(one)}{one.array}" for one in live)
        self.one: str | None = None
        if len(live) == 1 and live[0].array:
            self.sql = f"{column(columns[0])} && %s::text[]::{typed(live[0])}"
            return
        if len(live) == 1 and "[" not in base(live[0]):
            type_ = typed(live[0]) if _known(live[0]) else "text"
            left = column(columns[0]) if _known(live[0]) else f"{column(columns[0])}::text"
            # A plan for one value is as good for another, and is kept; one for a number of them the server makes anew.
            self.one = f"{left} = %s::text::{type_}"
        sides = [_side(one) for one in live]
        self.sql = " AND ".join(f"{left} = ANY({right})" for left, right in sides)
        if len(live) > 1:
            left = ", ".join(left for left, _ in sides)
            right = ", ".join(right for _, right in sides)
            self.sql += f" AND ({left}) IN (SELECT * FROM unnest({right}))"

    def of(
        self,
        values: Iterable[Value],
        known: dict[tuple[str, frozenset[Value]], tuple[list[str], str]] | None = None,
    ) -> tuple[str, list[Any]] | None:
        """(SQL, parameters); None when no value could be there. `known`: what was made out in this request: many tables
        point to the same rows."""
        if len(self.fits) == 1:
            alone, whole_array = self._alone(values, {} if known is None else known)
            if self.one is not None and len(alone) == 1:
                return self.one, alone
            return (self.sql, [whole_array]) if alone else None
        whole = sorted({v for v in values if all(fit(p) for fit, p in zip(self.fits, v, strict=True))})
        if not whole:
            return None
        parts = range(len(self.fits))
        given = [array(sorted({v[i] for v in whole})) for i in parts]
        return self.sql, [*given, *(array([v[i] for v in whole]) for i in parts)]

    def _alone(
        self, values: Iterable[Value], known: dict[tuple[str, frozenset[Value]], tuple[list[str], str]]
    ) -> tuple[list[str], str]:
        """Of one column: the values that could be there, and their array."""
        at = self.like, frozenset(values)
        if at not in known:
            (fit,) = self.fits
            alone = sorted({v[0] for v in at[1] if fit(v[0])})
            known[at] = alone, array(alone)
        return known[at]


def array(values: Sequence[str]) -> str:
    """An array of texts as PostgreSQL reads it: said at once, where a driver would ask of each what it is."""
    joined = "".join(values)
    if '"' in joined or "\\" in joined:
        values = [v.replace("\\", "\\\\").replace('"', '\\"') for v in values]
    return '{"' + '","'.join(values) + '"}' if values else "{}"


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
        return lambda v: bool(_WHOLE(v)) and -most <= int(v) < most
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
    if text in ("infinity", "-infinity"):
        return True
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return len(text) == 10

"""Reading every table of a database once, whole, as it stands: the tables, and their rows in blocks.

Read-only, one statement per table, each in a transaction of its own. What cannot be read is named.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import psycopg
from psycopg import sql

from bloesem.stores.postgres import Connection

#: So many bytes of rows are looked at together.
BLOCK = 1 << 20
_LOCK_TIMEOUT = "10s"
#: So long one table may take: at the stated speed, of 1 GB a minute, it is read if it is smaller than 60 GB.
SECONDS = 3600.0
_HEADER = 19  # what binary COPY begins with, in the first row's message
_END = 2  # the length of what it ends with

# A type below its domains; text of every kind, arrays, composites, and what is neither number nor name of a machine.
_TABLES = """
WITH RECURSIVE below (type, base) AS (
    SELECT oid, CASE typtype WHEN 'd' THEN typbasetype ELSE oid END FROM pg_type
    UNION
    SELECT b.type, t.typbasetype FROM below b JOIN pg_type t ON t.oid = b.base WHERE t.typtype = 'd'
), columns AS (
    SELECT a.attrelid, a.attnum, a.attname::text AS name, a.attnum = ANY (COALESCE(k.conkey, '{}')) AS key,
           has_column_privilege(a.attrelid, a.attnum, 'SELECT') AS readable,
           t.typcategory IN ('N', 'D', 'B', 'E') OR t.oid = 'uuid'::regtype AS plain,
           CASE WHEN t.oid = 'bytea'::regtype THEN 'bytes' WHEN t.typelem = 'bytea'::regtype THEN 'bytes[]'
                WHEN t.typnamespace <> 'pg_catalog'::regnamespace AND t.typcategory IN ('S', 'A', 'C', 'U') THEN 'other'
                WHEN t.typcategory IN ('S', 'A', 'C') OR t.typname IN
                     ('json', 'jsonb', 'xml', 'tsvector', 'tsquery', 'jsonpath') THEN 'text' END
                AS kind
    FROM pg_attribute a
    JOIN below b ON b.type = a.atttypid
    JOIN pg_type t ON t.oid = b.base AND t.typtype <> 'd'
    LEFT JOIN pg_constraint k ON k.conrelid = a.attrelid AND k.contype = 'p'
    WHERE a.attnum > 0 AND NOT a.attisdropped
)
SELECT n.nspname::text, r.relname::text, r.relkind::text, has_schema_privilege(n.oid, 'USAGE'),
       row_security_active(r.oid),
       (GREATEST(r.relpages, 0) + COALESCE(GREATEST(long.relpages, 0), 0))::bigint
           * current_setting('block_size')::bigint,
       array_agg(c.name ORDER BY c.attnum) FILTER (WHERE c.kind IS NOT NULL AND c.readable),
       array_agg(c.kind ORDER BY c.attnum) FILTER (WHERE c.kind IS NOT NULL AND c.readable),
       array_agg(c.name ORDER BY c.attnum) FILTER (WHERE c.kind IS NOT NULL AND NOT c.readable),
       array_agg(c.name ORDER BY c.attnum) FILTER (WHERE c.key),
       bool_and(c.plain AND c.readable) FILTER (WHERE c.key), max(o.nspname || '.' || p.relname),
       bool_or(c.kind LIKE 'bytes%') OR current_setting('server_encoding') = 'SQL_ASCII',
       COALESCE(bool_and(has_schema_privilege(o.oid, 'USAGE') AND NOT row_security_active(p.oid)
                         AND has_table_privilege(p.oid, 'SELECT')), false),
       array_agg(c.kind ORDER BY c.attnum) FILTER (WHERE c.kind IS NOT NULL AND NOT c.readable),
       bool_and(c.plain) FILTER (WHERE c.key), max(o.nspname)::text, max(p.relname)::text
FROM pg_class r JOIN pg_namespace n ON n.oid = r.relnamespace JOIN columns c ON c.attrelid = r.oid
LEFT JOIN pg_class long ON long.oid = r.reltoastrelid
LEFT JOIN pg_class p ON r.relispartition AND p.oid = pg_partition_root(r.oid)
LEFT JOIN pg_namespace o ON o.oid = p.relnamespace
WHERE r.relkind IN ('r', 'm', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
GROUP BY n.oid, n.nspname, r.oid, r.relname, r.relkind, r.relpages, long.relpages
HAVING count(*) FILTER (WHERE c.kind IS NOT NULL) > 0
ORDER BY 1, 2"""

_VALUE = {
    "text": "E'\\n' || {}::pg_catalog.text",
    # As its type writes it: a cast may be a function of somebody's, which a reader would run with its own rights.
    "other": "pg_catalog.concat(E'\\n', {})",
    "bytes": "E'\\\\x0a'::pg_catalog.bytea || {}",
    "bytes[]": "(SELECT pg_catalog.string_agg(E'\\\\x0a'::pg_catalog.bytea || e, ''::pg_catalog.bytea)"
    " FROM pg_catalog.unnest({}) AS e)",
}

#: What holds for a transaction that looks. Said by `SET`: a login may be kept from the function that does the same.
_SETTINGS = (
    "SET LOCAL transaction_read_only = on",
    "SET LOCAL search_path = pg_catalog",
    "SET LOCAL idle_in_transaction_session_timeout = 0",
)


Key = Mapping[str, str] | str


@dataclass(frozen=True)
class Unread:
    """What was not looked at, or not whole, and why."""

    table: str
    reason: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """A table with columns that can hold text. `key`: its key, where that is no text; otherwise a row is named by where it
    lies (ctid), because a key of text may be somebody's name."""

    schema: str
    name: str
    columns: tuple[str, ...]
    kinds: tuple[str, ...]
    key: tuple[str, ...]
    size: int  # about
    root: str  # of a partition, the table that it is a part of: by that name it is spoken of
    raw: bool  # whether a value may hold bytes that are no UTF-8
    whole: bool = False  # with its partitions, which this login may read through it alone

    @property
    def qualified(self) -> str:
        return f"{self.schema}.{self.name}"

    def statement(self) -> sql.Composed:
        """Each value after a line's end, so that no length that PostgreSQL writes before it is taken for a part of it."""
        values = [
            sql.SQL(_VALUE[kind]).format(sql.Identifier(column))
            for column, kind in zip(self.columns, self.kinds, strict=True)
        ]
        names = self.key or ("ctid",)
        keys = [sql.SQL("{}::pg_catalog.text").format(sql.Identifier(name)) for name in names]
        return sql.SQL("COPY (SELECT {} FROM {}{}) TO STDOUT (FORMAT binary)").format(
            sql.SQL(", ").join([*values, *keys]),
            sql.SQL("" if self.whole else "ONLY "),
            sql.Identifier(self.schema, self.name),
        )

    def split(self, row: bytes) -> tuple[list[bytes | None], Key]:
        """in: one row as PostgreSQL sent it. out: its values, and its key."""
        fields = _fields(row)
        values, keys = fields[: len(self.columns)], fields[len(self.columns) :]
        texts = [(key or b"").decode("utf-8", "replace") for key in keys]
        named = dict(zip(self.key, texts, strict=True)) if self.key else self._place(texts[0])
        return [None if value is None else value[1:] for value in values], named

    def _place(self, ctid: str) -> str:
        return f"ctid {ctid}" + (f" of {self.qualified}" if self.root != self.qualified else "")


def tables(connection: Connection) -> tuple[list[Table], list[Unread]]:
    """out: all tables outside the system's schemas, and those of which something cannot be read."""
    found, unread = [], []
    through: dict[str, Table] = {}
    with connection.transaction():
        _set(connection, SECONDS)
        connection.execute("SET LOCAL client_encoding = 'UTF8'")  # names are text
        rows = connection.execute(_TABLES).fetchall()
    for row in rows:
        schema, name, kind, usage, hidden, size, columns, kinds, closed, key, plain, root, raw = row[:13]
        by_root, closed_kinds, keyed, root_schema, root_name = row[13:]
        qualified = f"{schema}.{name}"
        if by_root and (hidden or closed):  # a partition that may be read through the table it is a part of
            held = through.get(root)
            through[root] = Table(
                root_schema,
                root_name,
                (*(columns or ()), *(closed or ())),
                (*(kinds or ()), *(closed_kinds or ())),
                tuple(key) if key and keyed else (),
                size + (held.size if held else 0),
                root,
                raw,
                whole=True,
            )
            continue
        if kind == "f":
            unread.append(Unread(qualified, "a foreign table: look where its rows are stored"))
            continue
        if not usage or not columns:
            unread.append(Unread(qualified, "this login may not read it"))
            continue
        if closed:
            unread.append(Unread(qualified, "this login may not read these columns", tuple(closed)))
        if hidden:
            unread.append(Unread(qualified, "row security hides rows from this login"))
        found.append(
            Table(
                schema,
                name,
                tuple(columns),
                tuple(kinds),
                tuple(key) if key and plain else (),
                size,
                root or qualified,
                raw,
            )
        )
    return [*(one for one in found if one.root not in through), *through.values()], unread


def blocks(connection: Connection, table: Table, seconds: float = SECONDS) -> Iterator[list[bytes]]:
    """All rows of a table, as PostgreSQL sends them, some at a time; within so many seconds. raises: psycopg.Error."""
    statement = table.statement().as_bytes(connection)
    with connection.transaction(), connection.cursor() as cursor:
        _set(connection, seconds)
        rows: list[bytes] = []
        size, skip = 0, _HEADER
        with cursor.copy(statement) as copy:
            while data := copy.read():
                row, skip = bytes(data[skip:]), 0
                if len(row) > _END:
                    rows.append(row)
                    size += len(row)
                if size >= BLOCK:
                    yield rows
                    rows, size = [], 0
        if rows:
            yield rows


def _set(connection: Connection, seconds: float) -> None:
    """What holds for this transaction: it writes nothing, waits for nobody long, and ends."""
    # A database without an encoding gives its bytes as they are.
    encoding = connection.info.parameter_status("server_encoding")
    within = sql.SQL("SET LOCAL {} = {}")
    for name, value in (
        ("lock_timeout", _LOCK_TIMEOUT),
        ("statement_timeout", f"{seconds * 1000:.0f}ms"),
        ("client_encoding", "SQL_ASCII" if encoding == "SQL_ASCII" else "UTF8"),
    ):
        connection.execute(within.format(sql.Identifier(name), sql.Literal(value)))
    for statement in _SETTINGS:
        connection.execute(statement)


def refusal(fault: psycopg.Error, seconds: float) -> str:
    """Why PostgreSQL did not give a table, in words that quote none of its values."""
    known: Mapping[type[psycopg.Error], str] = {
        psycopg.errors.InsufficientPrivilege: "this login may not read it",
        psycopg.errors.LockNotAvailable: f"locked by somebody else for longer than {_LOCK_TIMEOUT}",
        psycopg.errors.QueryCanceled: f"cancelled, or longer than {seconds:g} s (--timeout says how long a table may take)",
    }
    for kind, words in known.items():
        if isinstance(fault, kind):
            return words
    return f"PostgreSQL stopped reading it ({fault.sqlstate or type(fault).__name__})"


def _fields(row: bytes) -> list[bytes | None]:
    """The fields of one row of binary COPY: how many, then the length of each (-1: NULL) and itself."""
    (count,) = struct.unpack_from(">h", row)
    found: list[bytes | None] = []
    place = 2
    for _ in range(count):
        (length,) = struct.unpack_from(">i", row, place)
        place += 4
        found.append(None if length < 0 else row[place : place + length])
        place += max(0, length)
    return found

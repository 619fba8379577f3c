"""What is left of erased people: their identifiers, looked for in every value of every table, mapped or not.

One pass over the database looks for everybody at once. It says where something is left, never what. Limits: what is
compressed, encrypted, coded (base64, quoted-printable) or in UTF-16 is not read, nor are large objects and tables that
another server stores (those are named).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import psycopg

from bloesem.errors import StoreError
from bloesem.rights import reading
from bloesem.rights.crew import Crew, Spot, crew
from bloesem.rights.identifiers import Identifier, IdentifierKind
from bloesem.rights.reading import SECONDS, Key, Table, Unread
from bloesem.stores.postgres import Connection

#: Of so many rows each finding says the key; of the others how many there are.
KEYS = 20
#: So many keys a finding has, for whoever judges each row.
MOST_KEYS = 100_000


@dataclass(frozen=True)
class Found:
    """Identifiers of one kind in one column. `rows`: how many hold one; `keys`: of the first of them (`MOST_KEYS`);
    `acts`: the acts after which they were looked for."""

    table: str
    column: str
    what: IdentifierKind
    rows: int
    keys: tuple[Key, ...]
    acts: tuple[int, ...] = ()

    def json(self, most: int = KEYS) -> dict[str, Any]:
        return {
            "table": self.table,
            "column": self.column,
            "key": self.keys[0],
            "what": self.what,
            "rows": self.rows,
            "keys": list(self.keys[:most]),
            "acts": list(self.acts),
        }

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Found:
        """What `json` said."""
        return cls(
            said["table"],
            said["column"],
            said["what"],
            said["rows"],
            tuple(said["keys"]),
            tuple(said["acts"]),
        )


@dataclass(frozen=True)
class Part:
    """What one table gave, when it was read whole."""

    found: tuple[Found, ...]
    bytes: int


class Notes(Protocol):
    """What a pass remembers of itself, so that one that is killed goes on where it was."""

    def read(self) -> Mapping[str, Part]:
        """The tables that were read, by name."""
        ...

    def keep(self, table: str, part: Part) -> None:
        """One more was read."""
        ...


@dataclass(frozen=True)
class Progress:
    """Which table is being read; bytes read of it, of about how many; tables read before it, of how many."""

    table: str
    bytes: int
    size: int
    done: int
    tables: int


@dataclass(frozen=True)
class Residue:
    """What a pass found, what it could not read, and what it took."""

    found: tuple[Found, ...] = ()
    unread: tuple[Unread, ...] = ()
    tables: int = 0
    bytes: int = 0
    seconds: float = 0.0

    @property
    def whole(self) -> bool:
        """Whether everything was read: only then does nothing found mean that nothing is there."""
        return not self.unread

    def json(self) -> dict[str, Any]:
        return {
            "residue": [one.json() for one in self.found],
            "unread": [
                {
                    "table": one.table,
                    "reason": one.reason,
                    **({"columns": list(one.columns)} if one.columns else {}),
                }
                for one in self.unread
            ],
            "tables": self.tables,
            "bytes": self.bytes,
            "seconds": round(self.seconds, 3),
        }


def search(
    connection: Connection,
    identifiers: Sequence[Identifier],
    progress: Callable[[Progress], None] | None = None,
    *,
    seconds: float = SECONDS,
    notes: Notes | None = None,
    workers: int = 1,
) -> Residue:
    """Looks for all of them in one pass.

    in: a connection outside any transaction (what an open one wrote is not erased yet), as whoever may read everything; so
    many `seconds` for each table; `notes`: tables that this pass has read already, for the same people, are not read again;
    `workers`: how many processes look.
    raises: IdentifierError for what identifies nobody; StoreError inside a transaction, and when the database goes away;
    CrewError when one of the processes does.
    """
    if connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
        raise StoreError(
            "the residue pass was started inside a transaction",
            "what is not committed is not erased",
            "commit first, then look",
        )
    begun = time.monotonic()
    known = notes.read() if notes else {}
    parts = list(known.values())
    tables, unread = reading.tables(connection)
    with crew(identifiers, workers) as looking:
        for done, table in enumerate(tables if identifiers else ()):
            if table.qualified in known:
                continue
            tell = None if progress is None else _teller(progress, table, done, len(tables))
            try:
                part, fault = _look(connection, table, looking, seconds, tell)
            except psycopg.errors.UndefinedTable:
                continue  # dropped since: nothing is in it
            parts.append(part)
            if fault is not None:
                unread.append(Unread(table.qualified, reading.refusal(fault, seconds)))
            elif notes:
                notes.keep(table.qualified, part)
    found = together(one for part in parts for one in part.found)
    read = sum(part.bytes for part in parts)
    return Residue(found, tuple(unread), len(tables), read, time.monotonic() - begun)


def _look(
    connection: Connection, table: Table, looking: Crew, seconds: float, tell: Callable[[int], None] | None
) -> tuple[Part, psycopg.Error | None]:
    """Reads one table. out: what it gave, and why it was not read to its end."""
    hits: Hits = {}
    read = 0

    def add(spots: list[Spot]) -> None:
        for column, kind, key, acts in spots:
            hits.setdefault((table.root, table.columns[column], kind), Hit()).add(1, (key,), acts)

    fault: psycopg.Error | None = None
    try:
        for rows in reading.blocks(connection, table, seconds):
            looking.judge(table, rows, add)
            read += sum(map(len, rows))
            if tell:
                tell(read)
    except psycopg.errors.UndefinedTable:
        raise
    except psycopg.Error as stopped:
        if connection.closed:
            raise StoreError(
                f"the database went away while {table.qualified} was read",
                "a table is read whole or not at all",
                "run it again: it goes on with that table",
            ) from None
        fault = stopped
    looking.rest()
    return Part(findings(hits), read), fault


def _teller(
    progress: Callable[[Progress], None], table: Table, done: int, tables: int
) -> Callable[[int], None]:
    return lambda bytes_: progress(Progress(table.qualified, bytes_, table.size, done, tables))


@dataclass
class Hit:
    """Rows of one column that hold identifiers of one kind."""

    rows: int = 0
    keys: list[Key] = field(default_factory=list)
    acts: set[int] = field(default_factory=set)

    def add(self, rows: int, keys: Sequence[Key], acts: Iterable[int]) -> None:
        self.rows += rows
        self.keys += keys[: MOST_KEYS - len(self.keys)]
        self.acts.update(acts)


Hits = dict[tuple[str, str, IdentifierKind], Hit]


def findings(hits: Hits) -> tuple[Found, ...]:
    return tuple(
        Found(table, column, what, hit.rows, tuple(hit.keys), tuple(sorted(hit.acts)))
        for (table, column, what), hit in sorted(hits.items())
    )


def together(found: Iterable[Found]) -> tuple[Found, ...]:
    """What was found in several parts of a table, as one."""
    hits: Hits = {}
    for one in found:
        hits.setdefault((one.table, one.column, one.what), Hit()).add(one.rows, one.keys, one.acts)
    return findings(hits)

"""Residue passes: one over a store for all who were erased since the last, and one at once after a single act.

A pass fixes whom it looks for when it begins. What each table gave is noted in Bloesem's own database (places, no values),
so that a pass that is killed goes on with the table in which it was; whoever is erased meanwhile has a pass of their own.
Who was looked for is forgotten when everything was read, and after `SOUGHT_FOR` in any case.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

from psycopg.types.json import Jsonb

from bloesem.errors import StoreError
from bloesem.rights.home import Rights
from bloesem.rights.reading import SECONDS
from bloesem.rights.residue import MOST_KEYS, Found, Part, Progress, Residue, search, together
from bloesem.stores.postgres import Connection

#: A pass that was killed longer ago is begun anew: its tables have been written to since.
GOES_ON = dt.timedelta(days=1)


@dataclass(frozen=True)
class Outcome:
    """What was found, after how many acts; `resumed`: an earlier pass was brought to its end first; `shut`: acts after
    which nobody was looked for, as whom they erased does not open with the keys that are here."""

    residue: Residue
    acts: int
    resumed: bool = False
    shut: tuple[int, ...] = ()


@dataclass(frozen=True)
class Notes:
    """What is noted of a pass that has not ended."""

    rights: Rights
    number: int

    def read(self) -> Mapping[str, Part]:
        rows = self.rights.connection.execute(
            "SELECT table_name, found, bytes FROM rights.part WHERE pass = %s", [self.number]
        ).fetchall()
        return {table: Part(tuple(map(Found.of, found)), bytes_) for table, found, bytes_ in rows}

    def keep(self, table: str, part: Part) -> None:
        self.rights.connection.execute(
            "INSERT INTO rights.part (pass, table_name, found, bytes) VALUES (%s, %s, %s, %s)",
            [self.number, table, Jsonb([one.json(MOST_KEYS) for one in part.found]), part.bytes],
        )


def over(
    rights: Rights,
    store: str,
    connection: Connection,
    now: dt.datetime,
    progress: Callable[[Progress], None] | None = None,
    *,
    seconds: float = SECONDS,
    workers: int = 1,
) -> Outcome:
    """Looks for everybody who was erased in a store since the last pass.

    in: a connection to the store, outside any transaction; so many `seconds` for each table; `workers`: processes
    that look.
    raises: StoreError while another pass over the store is running, and when the store goes away.
    """
    shut: set[int] = set()
    look = partial(search, connection, progress=progress, seconds=seconds, workers=workers)
    with _alone(rights, store):
        unfinished = _unfinished(rights, store, now)
        ended = [_carry_out(rights, store, now, unfinished, look, shut)] if unfinished else []
        after = unfinished[1] if unfinished else 0
        _, mark = rights.sought(store, now, after=after, shut=shut)
        if mark > after or not ended:
            begun = _begin(rights, store, now, mark)
            ended.append(_carry_out(rights, store, now, begun, look, shut, after))
    residue = ended[0][0]
    for other, _ in ended[1:]:
        residue = replace(
            other,
            found=together((*residue.found, *other.found)),
            unread=tuple(dict.fromkeys((*residue.unread, *other.unread))),
            bytes=residue.bytes + other.bytes,
            seconds=residue.seconds + other.seconds,
        )
    acts = set[int | None]().union(*(acts for _, acts in ended))
    return Outcome(residue, len(acts - shut), resumed=unfinished is not None, shut=tuple(sorted(shut)))


def at_once(
    rights: Rights,
    store: str,
    act: int,
    connection: Connection,
    now: dt.datetime,
    progress: Callable[[Progress], None] | None = None,
    *,
    seconds: float = SECONDS,
    workers: int = 1,
) -> Residue:
    """Looks for those whom one act erased, and then forgets them. Killed: the next pass looks for them.

    in, raises: as `over`; the act has ended.
    """
    sought, mark = rights.sought(store, now, act=act)
    residue = search(connection, sought, progress, seconds=seconds, workers=workers)
    if residue.whole:
        rights.looked(store, mark, act=act)
    return residue


@contextmanager
def _alone(rights: Rights, store: str) -> Iterator[None]:
    """One pass over a store at a time; a process that dies lets go."""
    name = f"bloesem.residue {store}"
    taken = rights.connection.execute(
        "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [name]
    ).fetchone()
    if taken != (True,):
        raise StoreError(
            "another residue pass over this database is running",
            "one at a time: both would read everything",
            "wait until it has ended",
        )
    try:
        yield
    finally:
        if not rights.connection.closed:
            rights.connection.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [name])


def _unfinished(rights: Rights, store: str, now: dt.datetime) -> tuple[int, int] | None:
    """out: number and mark of a pass that was killed, if not too long ago."""
    rights.connection.execute(
        "DELETE FROM rights.pass WHERE store = %s AND began_at <= %s", [store, now - GOES_ON]
    )
    row = rights.connection.execute("SELECT id, mark FROM rights.pass WHERE store = %s", [store]).fetchone()
    return (row[0], row[1]) if row else None


def _begin(rights: Rights, store: str, now: dt.datetime, mark: int) -> tuple[int, int]:
    row = rights.connection.execute(
        "INSERT INTO rights.pass (store, mark, began_at) VALUES (%s, %s, %s) RETURNING id", [store, mark, now]
    ).fetchone()
    assert row is not None
    return row[0], mark


def _carry_out(
    rights: Rights,
    store: str,
    now: dt.datetime,
    this: tuple[int, int],
    look: Callable[..., Residue],
    shut: set[int],
    after: int = 0,
) -> tuple[Residue, set[int | None]]:
    """Brings a pass to its end. out: what was found, and after which acts; `shut` is told those that do not open."""
    number, mark = this
    sought, _ = rights.sought(store, now, after=after, mark=mark, shut=shut)
    residue = look(sought, notes=Notes(rights, number))
    with rights.connection.transaction():
        rights.connection.execute("DELETE FROM rights.pass WHERE id = %s", [number])
        if residue.whole:
            rights.looked(store, mark, but=shut)
    return residue, {one.act for one in sought}

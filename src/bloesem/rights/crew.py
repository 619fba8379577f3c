"""Processes that judge rows while others are read: a pass is bound by looking, not by reading.

The first blocks are judged at home, so that a small database costs no processes. Results come in the order of the blocks.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import connection
from multiprocessing.synchronize import Barrier

from bloesem.errors import BloesemError
from bloesem.rights.identifiers import Identifier, IdentifierKind
from bloesem.rights.reading import Key, Table
from bloesem.rights.sieve import Sieve
from bloesem.rights.writings import Writings

#: So many blocks, of a megabyte each, before processes are started.
AT_HOME = 32
#: How many processes there may be: one for each core.
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
#: So many blocks wait for each process.
WAITING = 2

#: What one row holds: in which column (its place), of which kind, the row's key, and after which acts it was looked for.
Spot = tuple[int, IdentifierKind, Key, frozenset[int]]


class CrewError(BloesemError):
    """A process that judged rows is gone."""


class Wanted:
    """All that is looked for."""

    def __init__(self, identifiers: Sequence[Identifier]) -> None:
        """raises: IdentifierError for what identifies nobody."""
        self._sought = identifiers
        self._sieve = Sieve(identifiers)
        self._writings = Writings(identifiers)

    def spots(self, table: Table, rows: Sequence[bytes]) -> list[Spot]:
        """in: rows of a table as PostgreSQL sends them. out: what they hold, one for each row, column and kind."""
        found: list[Spot] = []
        for place in self._sieve.candidates(rows, raw=table.raw):
            values, key = table.split(rows[place])
            acts: dict[tuple[int, IdentifierKind], set[int]] = {}
            for column, number in self._writings.found(values, table.columns):
                one = self._sought[number]
                acts.setdefault((column, one.kind), set()).update(() if one.act is None else (one.act,))
            found += [(column, kind, key, frozenset(after)) for (column, kind), after in sorted(acts.items())]
        return found


class Crew:
    """in: what is looked for; how many processes look (one: none but this)."""

    def __init__(self, identifiers: Sequence[Identifier], workers: int) -> None:
        self._identifiers, self._workers = tuple(identifiers), workers
        self._wanted = Wanted(identifiers)
        self._pool: ProcessPoolExecutor | None = None
        self._seen = 0
        self._waiting: deque[tuple[Future[list[Spot]], Callable[[list[Spot]], None]]] = deque()

    def judge(self, table: Table, rows: Sequence[bytes], then: Callable[[list[Spot]], None]) -> None:
        """`then` is called with what the rows hold, now or later, in this process. raises: CrewError."""
        self._seen += 1
        if self._workers > 1 and self._pool is None and self._seen > AT_HOME:
            self._pool = _pool(self._identifiers, self._workers)
        if self._pool is None:
            then(self._wanted.spots(table, rows))
            return
        try:
            self._waiting.append((self._pool.submit(_spots, table, rows), then))
        except BrokenProcessPool:
            raise _gone() from None
        while len(self._waiting) > WAITING * self._workers:
            self._take()

    def rest(self) -> None:
        """Waits until all that was given is judged. raises: CrewError."""
        while self._waiting:
            self._take()

    def _take(self) -> None:
        future, then = self._waiting.popleft()
        try:
            spots = future.result()
        except BrokenProcessPool:
            raise _gone() from None
        then(spots)

    def end(self) -> None:
        if self._pool:
            self._pool.shutdown(cancel_futures=True)


@contextmanager
def crew(identifiers: Sequence[Identifier], workers: int) -> Iterator[Crew]:
    """raises: IdentifierError for what identifies nobody."""
    made = Crew(identifiers, workers)
    try:
        yield made
    finally:
        made.end()


def _pool(identifiers: Sequence[Identifier], workers: int) -> ProcessPoolExecutor:
    """All processes are asked for at once, and none is ready before all are begun: while a pool still grows, it trips over
    one that dies (its thread counts the living while they are added)."""
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, context, _begin, (identifiers, context.Barrier(workers)))
    for _ in range(workers):
        pool.submit(os.getpid)
    return pool


def _gone() -> CrewError:
    return CrewError(
        "a process that looked for what is left is gone",
        "a table is read whole or not at all",
        "run it again: it goes on with that table",
    )


_wanted: Wanted | None = None


def _begin(identifiers: Sequence[Identifier], together: Barrier) -> None:
    """In a new process: it ends with the one that made it, however that ends."""
    global _wanted
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _wanted = Wanted(identifiers)
    together.wait()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _spots(table: Table, rows: Sequence[bytes]) -> list[Spot]:
    assert _wanted is not None
    return _wanted.spots(table, rows)

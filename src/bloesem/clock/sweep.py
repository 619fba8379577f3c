"""The sweep: what must go today goes, in batches that are done or not done (design, the clock).

Each batch is one transaction: it locks people who are due (another sweep takes others), makes their states
anew from the facts, lets every table follow, forgets those of whom nothing is left, and writes one act.
Stopped or killed between or inside batches, nothing is half-done, and the next sweep finds what is still due.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import psycopg
from psycopg import errors
from psycopg.pq import TransactionStatus

from bloesem.clock import due, partitions
from bloesem.clock.report import SweepReport, Tally, pruned
from bloesem.errors import ClockError
from bloesem.ledger import chain, record_act, restored
from bloesem.plan.dates import civil, first_kept, midnight
from bloesem.plan.model import OpenTable, Plan, TablePlan
from bloesem.plan.quoting import ident, qualified
from bloesem.plan.sql.clock import ages
from bloesem.stores.postgres import Connection
from bloesem.terms import add_period

BATCH = 2_000
#: Rows that are due by their own date go together, for so many times as many people: there is less to do for each.
ROWS_PER_PERSON = 100
TRIES = 6
#: The law's purpose for which it is kept who read whom.
ACCOUNTABILITY = "law:accountability"
#: What Bloesem keeps of people for accountability alone, with the column that says when, and what an act calls it.
LOGS = (("reading", "at", "readings"), ("outbox", "decided_at", "messages"))
#: How long a rehearsal may hold its locks before it is given up.
PREVIEW_SECONDS = 60.0
#: No clock is asked for a later day than this many years ahead: beyond it every term of a policy has run out, and the
#: calendar ends, where a state that is never due would be due for ever.
FURTHEST = 40

T = TypeVar("T")


@dataclass(frozen=True)
class Progress:
    """How far a sweep is: people done, of how many that were due when it began."""

    done: int
    due: int
    rows: int


ProgressCall = Callable[[Progress], None]


def sweep(
    connection: Connection,
    plan: Plan,
    now: dt.datetime,
    *,
    dry_run: bool = False,
    batch: int = BATCH,
    progress: ProgressCall | None = None,
    timeout_seconds: float = PREVIEW_SECONDS,
) -> SweepReport:
    """Do everything that is due at `now` (aware); or, with `dry_run`, do it in one transaction and take it
    back.

    in: a connection as keeper (or superuser) with nothing open on it: the sweep commits batch by batch;
    `timeout_seconds`: bound of a dry run, which holds its locks until it ends.
    raises: ClockError when the clock went back behind the watermark, when the disk is full, when the
    connection breaks, when a dry run takes too long. What is committed by then stays done; nothing is
    half-done.
    """
    if now.tzinfo is None:
        raise ClockError(
            "the moment of a sweep has no time zone", rule="times are aware", remedy="give it one"
        )
    if connection.info.transaction_status != TransactionStatus.IDLE:
        raise ClockError(
            "a sweep was started inside a transaction",
            rule="each batch is one transaction of its own",
            remedy="commit first, or use another connection",
        )
    run = _Sweep(connection, plan, now, batch, progress, dry_run)
    with _explained(run):
        require_not_before(connection, plan, run.today)
        require_within_reach(connection, plan, run.today)
        if not dry_run:
            return run.all()
        with connection.transaction(force_rollback=True):
            _bound(connection, timeout_seconds)
            return run.all()


def preview(
    connection: Connection,
    plan: Plan,
    day: dt.date,
    *,
    progress: ProgressCall | None = None,
    timeout_seconds: float = PREVIEW_SECONDS,
) -> SweepReport:
    """What a sweep on `day` would do if nothing happened until then: per table and purpose, values, and who
    can no longer read what. Done with the clock advanced and taken back; nothing is changed, and the date is
    not either."""
    return sweep(
        connection, plan, midnight(day), dry_run=True, progress=progress, timeout_seconds=timeout_seconds
    )


def watermark(connection: Connection, plan: Plan) -> dt.date | None:
    """Up to which day everything was swept; None before the first sweep."""
    found = connection.execute(f"SELECT swept FROM {ident(plan.schema)}.watermark").fetchone()
    return found[0] if found else None


def moment(connection: Connection, plan: Plan) -> dt.datetime:
    """The database's own moment, a demonstration's days included: what a sweep of today is given as `now`."""
    found = connection.execute(f"SELECT {ident(plan.schema)}.moment()").fetchone()
    assert found is not None
    at: dt.datetime = found[0]
    return at


def require_not_before(connection: Connection, plan: Plan, today: dt.date) -> None:
    """raises: ClockError when a sweep was done on a later day: a clock that went back would let data
    return."""
    with connection.transaction():
        swept = watermark(connection, plan)
    if swept is not None and today < swept:
        raise ClockError(
            f"the clock says {today}, but a sweep was done on {swept} already",
            rule="a sweep never runs earlier than its watermark: what has ended would seem to run again",
            remedy="set this machine's and the database server's clock right, then sweep again",
        )


def furthest(today: dt.date) -> dt.date:
    """The last day for which a clock may be asked, on a civil day."""
    return dt.date(today.year + FURTHEST, 1, 1)


def require_within_reach(connection: Connection, plan: Plan, day: dt.date) -> None:
    """raises: ClockError when `day` is further ahead of the database's own than anybody can mean."""
    with connection.transaction():
        last = furthest(civil(moment(connection, plan)))
    if day > last:
        raise ClockError(
            f"{day} is too far ahead",
            rule=f"the clock looks {FURTHEST} years ahead: every term has run out by then",
            remedy=f"choose a day up to {last}",
        )


def _bound(connection: Connection, seconds: float) -> None:
    connection.execute(f"SET LOCAL statement_timeout = {int(seconds * 1000)}")
    connection.execute("SET LOCAL lock_timeout = '5s'")


@contextmanager
def _explained(run: _Sweep) -> Iterator[None]:
    try:
        yield
    except errors.QueryCanceled as fault:
        raise ClockError(
            f"the rehearsal for {run.today} took too long and was taken back",
            rule="a rehearsal holds locks that others may wait for, so its time is bounded",
            remedy="choose an earlier day, or rehearse on a copy of the database",
        ) from fault
    except (errors.DiskFull, errors.OutOfMemory) as fault:
        what = "disk" if isinstance(fault, errors.DiskFull) else "memory"
        raise ClockError(
            f"the database server's {what} is full: the sweep of {run.today} stopped",
            rule=f"{run.done()}; the batch that failed was taken back whole, and stays due",
            remedy="free some space, then sweep again: it goes on where it stopped",
        ) from fault
    except (errors.LockNotAvailable, errors.DeadlockDetected, errors.SerializationFailure) as fault:
        raise ClockError(
            f"others hold what the sweep of {run.today} needs",
            rule=f"{run.done()}; the rest stays due",
            remedy="sweep again when long transactions have ended (pg_stat_activity shows them)",
        ) from fault
    except errors.InsufficientPrivilege as fault:
        raise ClockError(
            f"the sweep may not do its work: {fault.diag.message_primary}",
            rule="only the keeper sweeps",
            remedy="connect as the keeper; `bloesem check --store URL` shows rights that drifted",
        ) from fault
    except (errors.UndefinedFunction, errors.UndefinedTable, errors.InvalidSchemaName) as fault:
        raise ClockError(
            f"the plan is not in force on this database: {fault.diag.message_primary}",
            rule="the clock works with what the plan put there",
            remedy="put the plan in force first; `bloesem check --store URL` shows what is missing",
        ) from fault
    except psycopg.OperationalError as fault:
        raise ClockError(
            f"the database went away during the sweep of {run.today}",
            rule=f"{run.done()}; the batch that was open is taken back by the server, and stays due",
            remedy="see that the server runs, then sweep again: it goes on where it stopped",
        ) from fault


class _Sweep:
    """One run."""

    def __init__(
        self,
        connection: Connection,
        plan: Plan,
        now: dt.datetime,
        batch: int,
        progress: ProgressCall | None,
        dry_run: bool,
    ) -> None:
        self.connection, self.plan, self.now, self.dry_run = connection, plan, now, dry_run
        self.today, self.batch, self.progress = civil(now), batch, progress
        self.tally = Tally(plan)
        self.values = {"today": self.today, "batch": batch, "at": now}
        self.due = 0
        self.stuck: list[TablePlan] = []

    def done(self) -> str:
        if self.dry_run:
            return "nothing was to be changed, and nothing was"
        return f"{self.tally.people:,} people in {self.tally.batches:,} batches are done and stay done"

    def all(self) -> SweepReport:
        began = time.monotonic()
        self.due = due.overdue(self.connection, self.plan, self.now).people if self.progress else 0
        self._commit()
        self._people()
        for dropped in partitions.drop_expired(
            self.connection, self.plan, self.now, tries=TRIES, rehearse=self.dry_run
        ):
            self.tally.dropped.setdefault(dropped.table, []).append(dropped.partition)
            self.tally.add({"tables": {dropped.table: dropped.counts}})
        self._people()
        self._rows()
        self._people(wait=True)
        steps: list[Callable[[], bool]] = [partial(self._log, *log) for log in LOGS]
        steps += [self._disclosures, self._breaches, self._acts]
        steps += [partial(self._library, table) for table in self.plan.open_tables if table.expires]
        for step in steps:
            while self._again(step):
                self._say()
        if not self.dry_run:
            self.tally.made += partitions.ensure(self.connection, self.plan, self.today)
        left = self._left()
        if not self.dry_run:
            self._mark(left)
        return self.tally.report(
            self.now, self.today, dry_run=self.dry_run, left=left, seconds=time.monotonic() - began
        )

    def _commit(self) -> None:
        if self.connection.info.transaction_status == TransactionStatus.INTRANS and not self.dry_run:
            self.connection.commit()

    def _people(self, *, wait: bool = False) -> None:
        """People whose state is due. A reviewed state is due on a later day, so each is seen once."""
        claim = due.wait_for_people(self.plan) if wait else due.claim_people(self.plan)
        while self._again(lambda: self._review(claim)):
            self._say()

    def _review(self, claim: str) -> bool:
        found = [row[0] for row in self._fetch(claim)]
        if not found:
            return False
        counts = self._one(f"SELECT {ident(self.plan.schema)}.review(%(ids)s, %(at)s)", ids=found)
        self._tell(found)
        self._act(len(found), counts)
        self.tally.add(counts, found)
        return True

    def _rows(self) -> None:
        """Rows that are due by their own date while their people are not."""
        with self.connection.transaction():
            names = due.tables_with_due_rows(self.connection, self.plan, self.today)
        for name in names:
            judge = not ages(self.plan, self.plan.table(name)) or self._aged(name)
            seen: set[int] = set()
            while judge and self._again(partial(self._table, name, seen)):
                self._say()
            if judge and seen:
                self.stuck.append(self.plan.table(name))

    def _aged(self, name: str) -> bool:
        """Rows that nothing but their own date kept. out: whether there are others that are due."""
        query = f"SELECT {ident(self.plan.schema)}.{ident(f'age_{name}')}(%(at)s, %(batch)s)"

        def some() -> dict[str, Any]:
            done: dict[str, Any] = self._one(query, batch=self.batch * ROWS_PER_PERSON)
            if "ids" in done:
                self._account(name, done["ids"], done["counts"])
            return done

        while (done := self._again(some))["more"]:
            self._say()
        self._say()
        return bool(done["others"])

    def _table(self, name: str, seen: set[int]) -> bool:
        """One batch of a table; False when there is nothing left, or nothing that moves."""
        table, s = self.plan.table(name), ident(self.plan.schema)
        limit = self.batch * ROWS_PER_PERSON
        found = [row[0] for row in self._fetch(due.owners_of_due_rows(self.plan, table), batch=limit)]
        if not found or seen.issuperset(found):
            return False
        seen.update(found)
        self._fetch(
            f"SELECT person_id FROM {s}.state WHERE person_id = ANY (%(ids)s) ORDER BY person_id FOR UPDATE",
            ids=found,
        )
        changes = self._one(f"SELECT {s}.{ident(f'apply_{name}')}(%(ids)s, %(at)s, true)", ids=found)
        self._account(name, found, changes)
        return True

    def _tell(self, ids: list[int]) -> None:
        """Whoever got what is gone now is told: processors erase when we do (P-107)."""
        self._one(f"SELECT {ident(self.plan.schema)}.tell_of_the_gone(%(ids)s, %(at)s)", ids=ids)

    def _account(self, name: str, ids: list[int], changes: dict[str, Any]) -> None:
        """Forgets those of whom nothing is left, and writes the act."""
        self._tell(ids)
        forgotten = self._one(f"SELECT {ident(self.plan.schema)}.forget(%(ids)s, %(at)s)", ids=ids)
        counts = {"tables": {name: changes}, "forgotten": forgotten}
        self._act(len(ids), counts)
        self.tally.add(counts, ids)

    def _log(self, table: str, at: str, said: str) -> bool:
        """Who read whom, and what was sent to whom, goes when the law no longer asks to show it: it names people, and has a
        clock too (P-104).

        Only the oldest are looked at, in the order in which they were written. out: whether there may be more.
        """
        period = self._shown_for(self.today)
        if period is None:
            return False
        log = f"{ident(self.plan.schema)}.{table}"
        if self._one("SELECT to_regclass(%(log)s) IS NULL", log=log):
            return False
        gone = self._fetch(
            f"DELETE FROM {log} WHERE id IN (SELECT id FROM (SELECT id, {at} AS at FROM {log} ORDER BY id LIMIT %(batch)s)"
            " AS oldest WHERE ((at AT TIME ZONE 'Europe/Brussels')::date + %(period)s::interval)::date < %(today)s::date)"
            " RETURNING id",
            batch=self.batch * ROWS_PER_PERSON,
            period=period,
        )
        if gone:
            self._act(0, {said: len(gone)})
        return bool(gone)

    def _shown_for(self, today: dt.date) -> str | None:
        """For how long the law asks to show what was done, the longest of its clocks; None where it asks nothing."""
        purpose = self.plan.by_key.get(ACCOUNTABILITY)
        if purpose is None or not purpose.clocks:
            return None
        return max((clock.period for clock in purpose.clocks), key=partial(add_period, today))

    def _disclosures(self) -> bool:
        """Whose data went to whom goes when the law no longer asks to show it, as who read whom."""
        period = self._shown_for(self.today)
        if period is None:
            return False
        gone = self._one(
            f"SELECT {ident(self.plan.schema)}.forget_disclosed(%(before)s, %(batch)s)",
            before=first_kept(self.today, period),
            batch=self.batch * ROWS_PER_PERSON,
        )
        found = {name: n for name, n in gone.items() if n}
        if found:
            self._act(0, found)
        return bool(found)

    def _breaches(self) -> bool:
        """A breach goes whole when the law no longer asks to show it, counted from the day on which it was closed; one that
        is open stays (art. 33(5), 5(1)(e))."""
        period = self._shown_for(self.today)
        if period is None:
            return False
        gone = self._fetch(
            f"SELECT {ident(self.plan.schema)}.forget_breaches(%(before)s, %(batch)s)",
            before=first_kept(self.today, period),
        )[0][0]
        if gone:
            self._act(0, {"breaches": gone})
        return bool(gone)

    def _acts(self) -> bool:
        """What was done is sealed, and goes when the law no longer asks to show it (R-055); by the database's day too."""
        if self.dry_run:
            return False
        today = min(self.today, self._fetch(f"SELECT {ident(self.plan.schema)}.today()")[0][0])
        period = self._shown_for(today)
        if period is not None:
            gone = chain.forget(self.connection, self.plan, first_kept(today, period))
            if gone:
                self._act(0, {"acts": gone})
        chain.seal(self.connection, self.plan)
        restored.forget(self.connection, self.plan)
        return False

    def _library(self, table: OpenTable) -> bool:
        """Rows of a library's table that are over by their own moment (sessions, accounts to sign in with). The library
        writes the machine's time, so that a demonstration's date ends none. out: whether there may be more."""
        q, expires = qualified(table.schema, table.name), ident(table.expires or "")
        if self._one("SELECT to_regclass(%(name)s) IS NULL", name=q):
            return False
        gone = self._fetch(
            f"DELETE FROM {q} WHERE ctid IN (SELECT ctid FROM {q}"
            f" WHERE {expires} <= LEAST(%(at)s, clock_timestamp()) LIMIT %(batch)s) RETURNING 1",
            batch=self.batch * ROWS_PER_PERSON,
        )
        if gone:
            self._act(0, {"expired": {table.name: len(gone)}})
        return bool(gone)

    def _act(self, people: int, counts: dict[str, Any]) -> None:
        told = {"people": people, **pruned(counts)}
        record_act(self.connection, "sweep", self.now, counts=told, schema=self.plan.schema)

    def _left(self) -> int:
        """What is due still: people, and rows of tables where some did not move. Others were found empty of it."""
        with self.connection.transaction():
            return due.left(self.connection, self.plan, self.today, self.stuck)

    def _mark(self, left: int) -> None:
        """The watermark moves only when nothing is left due."""
        if left:
            return
        with self.connection.transaction():
            self._fetch(
                f"INSERT INTO {ident(self.plan.schema)}.watermark AS w (swept) VALUES (%(today)s) "
                "ON CONFLICT (one) DO UPDATE SET swept = GREATEST(w.swept, excluded.swept) "
                "WHERE COALESCE(w.swept < excluded.swept, true) RETURNING swept"
            )

    def _again(self, work: Callable[[], T]) -> T:
        """`work` in one transaction; once more when somebody else was faster."""
        for left in reversed(range(TRIES)):
            try:
                with self.connection.transaction():
                    return work()
            except (errors.DeadlockDetected, errors.SerializationFailure):
                if not left:
                    raise
        raise AssertionError("the last try returns or raises")

    def _say(self) -> None:
        if self.progress:
            rows = sum(t.get("deleted", 0) for t in self.tally.tables.values())
            self.progress(Progress(self.tally.people, max(self.due, self.tally.people), rows))

    def _fetch(self, query: str, **more: object) -> list[tuple[Any, ...]]:
        used = {k: v for k, v in {**self.values, **more}.items() if f"%({k})s" in query}
        return self.connection.execute(query, used).fetchall()

    def _one(self, query: str, **more: object) -> Any:
        found = self._fetch(query, **more)
        value: dict[str, object] = found[0][0]
        return value

"""The keeper's helper: a small process beside the web, the only one here that holds the keeper's login.

    python -m bloesem.console.keeper COMPANY_DIRECTORY

with BLOESEM_DATABASE_URL, and BLOESEM_CREDENTIALS (the directory with the keeper's password); BLOESEM_DEMO=1
for a demonstration. It takes what the pages ask for (`bloesem.console.jobs`), one at a time, and answers
without personal data, but for a person's timeline, which exists in demonstration mode only. It also sweeps when the
worker says that it is time (`bloesem.clock.asking`), so that the worker needs no right of the keeper's.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Any

import psycopg
from psycopg import sql
from pydantic import TypeAdapter

from bloesem.cases import waiting
from bloesem.clock import asking, sweep
from bloesem.clock.sweep import furthest
from bloesem.company import Loaded
from bloesem.console import clockwork, jobs
from bloesem.console.clockwork import Progress, moment
from bloesem.console.effects import Effects
from bloesem.console.jobs import Job
from bloesem.console.overview import UNCHANGING, Act, Overview, last_acts, overview
from bloesem.console.people import Case, Expected, cases, follow
from bloesem.console.timeline import Timeline
from bloesem.errors import BloesemError
from bloesem.gate.secrets import Credentials
from bloesem.gate.settings import CREDENTIALS
from bloesem.ledger import chain, restored
from bloesem.ledger.journal import Journal
from bloesem.plan.dates import civil
from bloesem.plan.model import Plan
from bloesem.publishing import wishes
from bloesem.rights.keys import Keys
from bloesem.sending.office import Office
from bloesem.stores import measures
from bloesem.stores.dsn import Dsn, dsn_from
from bloesem.stores.postgres import Connection, connect

_log = logging.getLogger(__name__)
#: Acts come under a seal about so much later, while the helper has nothing long to do; where a seal itself takes long (it is
#: a third of a second after a hundred thousand of them), no more than a fiftieth of the time goes to it.
SEAL_SECONDS = 5.0

OVERVIEW = TypeAdapter(Overview)
ACTS = TypeAdapter(tuple[Act, ...])
EFFECTS = TypeAdapter(Effects)
CASES = TypeAdapter(list[Case])


@dataclass(frozen=True)
class Followed:
    """The answer to `person`."""

    case: Case
    timeline: Timeline
    expected: tuple[Expected, ...]
    at: dt.datetime


FOLLOWED = TypeAdapter(Followed)


class RefusedError(Exception):
    """The keeper does not do this; `key`: the words that say why, `values`: what they name."""

    def __init__(self, key: str, **values: str) -> None:
        super().__init__(key)
        self.key, self.values = key, values


@dataclass
class Keeper:
    """Does the work. Opens a connection for each piece of it."""

    dsn: Dsn
    plan: Plan
    demonstration: bool
    login: str = "console"
    office: Office | None = None  # what a company says to many, where it does
    loaded: Loaded | None = None  # with which requests of people are answered
    keys: Keys | None = field(default=None, repr=False)  # that seal whom to look for after an erasure
    journal: Journal | None = None  # where what a back-up would undo is written down
    _seen: int | None = field(default=None, init=False)
    _counted: int | None = field(default=None, init=False)
    _found: Mapping[str, Case] = field(default_factory=dict, init=False)
    _next: float = field(default=0.0, init=False)
    _sealed: int | None = field(default=None, init=False)
    _seals: float = field(default=0.0, init=False)
    _proving: Thread | None = field(default=None, init=False)

    def open(self, *, autocommit: bool = False) -> Connection:
        return connect(self.dsn, autocommit=autocommit, application="bloesem-console-keeper")

    def serve(self, stop: Event) -> None:
        """Works until `stop`. A lost connection is opened again."""
        while not stop.is_set():
            try:
                self._serve(stop)
            except (psycopg.OperationalError, BloesemError):
                _log.warning("the console's keeper lost its database; trying again")
                stop.wait(2)

    def _serve(self, stop: Event) -> None:
        with self.open() as reports, self.open(autocommit=True) as bell:
            jobs.install(reports, self.plan, self.login)
            jobs.interrupted(reports, self.plan)
            scheduled = asking.there(reports)
            sends = self.office is not None and self.office.there(reports)
            reports.commit()
            if scheduled:
                asking.interrupted(reports)
            bell.execute(sql.SQL("LISTEN {}").format(sql.Identifier(jobs.CHANNEL)))
            if jobs.latest(reports, self.plan, "overview") is None:
                jobs.ask(reports, self.plan, "overview")
            while not stop.is_set():
                self._notice(reports)
                self._journal(reports)
                if scheduled:
                    self._sweep(reports)
                self._publishing(reports)
                if sends:
                    self._campaigns(reports)
                    self._requests(reports)
                job = jobs.take(reports, self.plan)
                if job is None:
                    for _ in bell.notifies(timeout=1.0, stop_after=1):
                        pass
                    continue
                self.do(job, reports)

    def _sweep(self, reports: Connection) -> None:
        """The sweep that the worker asked for, if it did, on a connection of its own."""
        asked = asking.take(reports)
        if not asked:
            return
        try:
            with self.open() as work:
                now = moment(work, self.plan)
                work.commit()
                report = sweep(work, self.plan, now)
                measures.note(work, self.plan, now)
                work.commit()
            answer = asking.Answer(True, next(iter(report.lines())))
        except (psycopg.Error, BloesemError) as fault:
            said = str(fault) if isinstance(fault, BloesemError) else f"PostgreSQL said {fault.sqlstate}"
            _log.error("the sweep failed: %s", said)
            answer = asking.Answer(False, said)
        asking.finish(reports, asked, answer)

    def _journal(self, reports: Connection) -> None:
        """What people asked goes into the file outside of the database, before anything else is taken up."""
        if self.journal is None or self.loaded is None:
            return
        waits = restored.waits(reports, self.plan)
        reports.commit()
        if waits:
            deadlines = self.loaded.company.record.deadlines
            with self.open(autocommit=True) as work:
                kept = deadlines.backups_kept if deadlines else None
                done = restored.keep(work, self.plan, self.journal, kept)
            if done.lost:
                _log.error(
                    "%s lines of the journal are lost: restore %s from a copy", done.lost, self.journal.folder
                )

    def _campaigns(self, reports: Connection) -> None:
        """What the office asked of the door, on a connection of its own."""
        if self.office is None:
            return
        waits = self.office.waits(reports)
        reports.commit()
        if waits:
            with self.open(autocommit=True) as work:
                self.office.serve(work)

    def _publishing(self, reports: Connection) -> None:
        """Steps of publishing that the officer asked for, but those that write to people, on a connection of its own."""
        if self.loaded is None:
            return
        taker = wishes.Taker(self.plan, self.loaded.company.directory)
        waits = taker.waits(reports, wishes.HELPERS)
        reports.commit()
        if waits:
            with self.open(autocommit=True) as work:
                taker.serve(work, wishes.HELPERS)

    def _requests(self, reports: Connection) -> None:
        """Requests of people, as far as they can be taken now, on a connection of its own."""
        if self.loaded is None or self.keys is None:
            return
        waits = waiting.waits(reports, self.plan)
        reports.commit()
        if waits:
            from bloesem.cases.clerk import Clerk  # it brings what makes PDFs along

            with self.open(autocommit=True) as work:
                Clerk(work, self.loaded, self.keys, proves=False).run()
        if self._proving is None or not self._proving.is_alive():
            unproven = waiting.unproven(reports, self.plan)
            reports.commit()
            if unproven:
                self._proving = Thread(target=self._prove, name="residue", daemon=True)
                self._proving.start()

    def _prove(self) -> None:
        """Searches the database after erasures, beside everything else: on a large one that takes long. Cut off, it is begun
        anew; what it found is in the cases, and rings the bell."""
        from bloesem.cases.clerk import Clerk

        assert self.loaded is not None
        assert self.keys is not None
        try:
            with self.open(autocommit=True) as work:
                if Clerk(work, self.loaded, self.keys, proves=False).prove():
                    work.execute("SELECT pg_notify(%s, '')", [jobs.CHANNEL])
        except (psycopg.OperationalError, BloesemError):
            _log.warning("a residue pass lost its database; it begins anew")

    def _notice(self, reports: Connection) -> None:
        """After an act: the last acts at once, which is cheap; the numbers, where it changed any, when a count is not
        too soon. A count passes over every table, so what it takes decides how soon the next may come."""
        query = sql.SQL(
            "SELECT max(id), max(id) FILTER (WHERE kind <> ALL (%s))"
            " FROM (SELECT id, kind FROM {}.act ORDER BY id DESC LIMIT 1000) AS last"
        ).format(sql.Identifier(self.plan.schema))
        row = reports.execute(query, [list(UNCHANGING)]).fetchone()
        reports.commit()
        last, changed = row or (None, None)
        if last != self._sealed and time.monotonic() >= self._seals:
            began, self._sealed = time.monotonic(), last
            chain.seal(reports, self.plan)
            reports.commit()
            self._seals = time.monotonic() + max(SEAL_SECONDS, 50 * (time.monotonic() - began))
        if last != self._seen:
            first, self._seen = self._seen is None, last
            if not first:
                acts = last_acts(reports, self.plan)
                jobs.amend_acts(reports, self.plan, ACTS.dump_python(acts, mode="json"))
        if changed == self._counted or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + 5
        first, self._counted = self._counted is None, changed
        if not first and jobs.latest(reports, self.plan, "overview", over=False) is None:
            jobs.ask(reports, self.plan, "overview")

    def do(self, job: Job, reports: Connection) -> None:
        """One job, on a connection of its own; whatever goes wrong, nothing of it stays half."""

        def progress(done: int, total: int) -> None:
            jobs.progress(reports, self.plan, job, done, total)

        try:
            started = time.monotonic()
            with self.open() as work:
                answer = getattr(self, f"_{job.kind}")(work, job.asked, progress)
            jobs.finish(reports, self.plan, job, answer)
            if job.kind == "overview":
                self._next = time.monotonic() + 20 * (time.monotonic() - started)
            if job.kind == "move":
                jobs.ask(reports, self.plan, "overview")
        except RefusedError as refusal:
            jobs.finish(reports, self.plan, job, {"refused": refusal.key, **refusal.values}, refused=True)
        except (psycopg.Error, BloesemError) as fault:
            # What Bloesem says holds no personal data; what PostgreSQL says might.
            said = str(fault) if isinstance(fault, BloesemError) else fault.sqlstate
            _log.error("console job %s failed: %s: %s", job.kind, type(fault).__name__, said)
            jobs.finish(reports, self.plan, job, {"refused": "job.failed"}, refused=True)

    # ---- what can be asked -----------------------------------------------------------------------------------------

    def _overview(self, work: Connection, asked: Mapping[str, Any], progress: Progress) -> Any:
        return OVERVIEW.dump_python(overview(work, self.plan, progress), mode="json")

    def _cases(self, work: Connection, asked: Mapping[str, Any], progress: Progress) -> Any:
        self._demonstration()
        return [{"key": c.key, "kind": c.kind, "about": c.about} for c in self._find(work).values()]

    def _find(self, work: Connection) -> Mapping[str, Case]:
        """The examples, by key; remembered, so that who is on a page's list can be followed, whatever happened since."""
        self._found = {c.key: c for c in cases(work, self.plan, jobs.named_cases(work, self.plan))}
        return self._found

    def _person(self, work: Connection, asked: Mapping[str, Any], progress: Progress) -> Any:
        self._demonstration()
        wanted = str(asked.get("case"))
        case = self._found.get(wanted) or self._find(work).get(wanted)
        if case is None:
            raise RefusedError("person.unknown")
        progress(0, 1)
        picture, expected, at = follow(work, self.plan, case.person)
        return FOLLOWED.dump_python(Followed(case, picture, expected, at), mode="json")

    def _preview(self, work: Connection, asked: Mapping[str, Any], progress: Progress) -> Any:
        done = clockwork.look(work, self.plan, self._day(work, asked), progress)
        return EFFECTS.dump_python(done, mode="json")

    def _rehearse(self, work: Connection, asked: Mapping[str, Any], progress: Progress) -> Any:
        done = clockwork.rehearse(work, self.plan, self._day(work, asked), progress)
        return EFFECTS.dump_python(done, mode="json")

    def _move(self, work: Connection, asked: Mapping[str, Any], progress: Progress) -> Any:
        done = clockwork.happen(work, self.plan, self._day(work, asked), progress)
        return EFFECTS.dump_python(done, mode="json")

    # ---- the date ----------------------------------------------------------------------------------------------------

    def _demonstration(self) -> None:
        if not self.demonstration:
            raise RefusedError("notfound")

    def _day(self, work: Connection, asked: Mapping[str, Any]) -> dt.date:
        """The day that is asked for: never before today, and only in a demonstration."""
        self._demonstration()
        day = dt.date.fromisoformat(str(asked["day"]))
        today = civil(moment(work, self.plan))
        if day < today:
            raise RefusedError("date.back", today=today.isoformat())
        if day > (last := furthest(today)):
            raise RefusedError("date.far", day=last.isoformat())
        work.commit()
        return day


def main(directory: str) -> None:
    """The process: works until SIGTERM or SIGINT."""
    from bloesem.company import PREFIX, load

    prefix, today = os.environ.get("BLOESEM_PREFIX", PREFIX), civil(dt.datetime.now(dt.UTC))
    loaded = load(Path(directory), on=today, prefix=prefix)
    server = dsn_from(os.environ) or Dsn.parse("postgresql:///bloesem")
    credentials = Credentials.load(Path(os.environ[CREDENTIALS]), "keeper")
    stop = Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    demonstration, office = os.environ.get("BLOESEM_DEMO") == "1", Office.of(loaded, today)
    keys, journal = Keys.at(Path(os.environ[CREDENTIALS])), os.environ.get("BLOESEM_JOURNAL")
    keeper = Keeper(
        credentials.dsn(server, prefix),
        loaded.plan,
        demonstration,
        office=office,
        loaded=loaded,
        keys=keys,
        journal=Journal.at(Path(journal), loaded.plan.company, keys) if journal else None,
    )
    keeper.serve(stop)


if __name__ == "__main__":
    import sys

    main(sys.argv[1] if len(sys.argv) > 1 else "company/blossom")

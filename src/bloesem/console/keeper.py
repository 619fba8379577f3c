"""The keeper's helper: a small process beside the web, the only one here that holds the keeper's login.

    python -m bloesem.console.keeper

It takes what the pages ask for (`bloesem.console.jobs`), one at a time, and answers without personal data, but for a
person's timeline, which exists in demonstration mode only.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Event
from typing import Any

import psycopg
from psycopg import sql
from pydantic import TypeAdapter

from bloesem.console import clockwork, jobs
from bloesem.console.clockwork import Progress, moment
from bloesem.console.effects import Effects
from bloesem.console.jobs import Job
from bloesem.console.overview import Overview, overview
from bloesem.console.people import Case, Expected, cases, follow
from bloesem.console.timeline import Timeline
from bloesem.errors import BloesemError
from bloesem.plan.dates import civil
from bloesem.plan.model import Plan
from bloesem.stores.dsn import Dsn
from bloesem.stores.postgres import Connection, connect

_log = logging.getLogger(__name__)
#: Demonstrations end here: beyond it every term of the text has run out.
FURTHEST = 40

OVERVIEW = TypeAdapter(Overview)
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


class Refused(Exception):
    """The keeper does not do this; `key`: the words that say why, `values`: what they name."""

    def __init__(self, key: str, **values: str) -> None:
        super().__init__(key)
        self.key, self.values = key, values


@dataclass
class Keeper:
    """Does the work. `named`: people whom the company itself names as examples, by key."""

    dsn: Dsn
    plan: Plan
    demonstration: bool
    login: str = "console"
    named: Mapping[str, int] = field(default_factory=dict)

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
            reports.commit()
            bell.execute(sql.SQL("LISTEN {}").format(sql.Identifier(jobs.CHANNEL)))
            if jobs.latest(reports, self.plan, "overview") is None:
                jobs.ask(reports, self.plan, "overview")
            while not stop.is_set():
                job = jobs.take(reports, self.plan)
                if job is None:
                    for _ in bell.notifies(timeout=1.0, stop_after=1):
                        pass
                    continue
                self.do(job, reports)

    def do(self, job: Job, reports: Connection) -> None:
        """One job, on a connection of its own; whatever goes wrong, nothing of it stays half."""

        def progress(done: int, total: int) -> None:
            jobs.progress(reports, self.plan, job, done, total)

        try:
            with self.open() as work:
                answer = getattr(self, f"_{job.kind}")(work, job.asked, progress)
            jobs.finish(reports, self.plan, job, answer)
            if job.kind == "move":
                jobs.ask(reports, self.plan, "overview")
        except Refused as refusal:
            jobs.finish(reports, self.plan, job, {"refused": refusal.key, **refusal.values}, refused=True)
        except (psycopg.Error, BloesemError) as fault:
            _log.error("console job %s failed: %s", job.kind, type(fault).__name__)
            jobs.finish(reports, self.plan, job, {"refused": "job.failed"}, refused=True)

    # ---- what can be asked -----------------------------------------------------------------------------------------

    def _overview(self, work: Connection, asked: Mapping[str, Any], progress: Progress) -> Any:
        return OVERVIEW.dump_python(overview(work, self.plan, progress), mode="json")

    def _cases(self, work: Connection, asked: Mapping[str, Any], progress: Progress) -> Any:
        self._demonstration()
        found = cases(work, self.plan, dict(self.named))
        return [{"key": c.key, "kind": c.kind, "about": c.about} for c in found]

    def _person(self, work: Connection, asked: Mapping[str, Any], progress: Progress) -> Any:
        self._demonstration()
        found = {c.key: c for c in cases(work, self.plan, dict(self.named))}
        case = found.get(str(asked.get("case")))
        if case is None:
            raise Refused("person.nobody")
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
            raise Refused("notfound")

    def _day(self, work: Connection, asked: Mapping[str, Any]) -> dt.date:
        """The day that is asked for: never before today, and only in a demonstration."""
        self._demonstration()
        day = dt.date.fromisoformat(str(asked["day"]))
        today = civil(moment(work, self.plan))
        if day < today:
            raise Refused("date.back", today=today.isoformat())
        if day > today.replace(month=1, day=1, year=today.year + FURTHEST):
            raise Refused("date.far", day=f"{today.year + FURTHEST}-01-01")
        work.commit()
        return day

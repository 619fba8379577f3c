"""The demonstration's date: look ahead, rehearse, or let it happen. Runs as keeper, in the helper."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from bloesem.clock.demonstration import advance
from bloesem.clock.report import SweepReport
from bloesem.clock.sweep import Progress as Swept
from bloesem.clock.sweep import moment, preview, sweep
from bloesem.console.effects import Effects, TableEffect
from bloesem.plan.dates import civil
from bloesem.plan.model import Plan
from bloesem.stores.postgres import Connection

Progress = Callable[[int, int], None]
#: A rehearsal of many years over all people may take this long.
SECONDS = 600.0


def look(keeper: Connection, plan: Plan, day: dt.date, progress: Progress) -> Effects:
    """What the clock will have erased by the first moment of `day`."""
    done = preview(keeper, plan, day, progress=_told(progress), timeout_seconds=SECONDS)
    return _effects(done, day, exact=False)


def rehearse(keeper: Connection, plan: Plan, day: dt.date, progress: Progress) -> Effects:
    """The sweep of `day` at this time of day, really done and taken back."""
    now = moment(keeper, plan)
    keeper.commit()
    at = now + (day - civil(now))
    done = sweep(keeper, plan, at, dry_run=True, progress=_told(progress), timeout_seconds=SECONDS)
    return _effects(done, day, exact=True)


def happen(keeper: Connection, plan: Plan, day: dt.date, progress: Progress) -> Effects:
    """Moves the date to `day`, then sweeps: from the move's commit on, nothing that is due can be read."""
    now = advance(keeper, plan, day)
    keeper.commit()
    return _effects(sweep(keeper, plan, now, progress=_told(progress)), day, exact=True)


def _told(progress: Progress) -> Callable[[Swept], None]:
    return lambda swept: progress(swept.done, max(swept.due, swept.done))


def _effects(done: SweepReport, day: dt.date, *, exact: bool) -> Effects:
    tables = tuple(
        TableEffect(
            t.table,
            t.deleted,
            {column: n for column, n in t.erased.items() if n},
            {loss.purpose: loss.dark for loss in t.losses if loss.dark},
        )
        for t in done.tables
    )
    return Effects(day, done.people, tables, exact, done.seconds)


__all__ = ["Progress", "happen", "look", "moment", "rehearse"]

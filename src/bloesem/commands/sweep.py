"""Does what the clock says must go today, and prints per table and purpose what went, and why.

It works in batches: stopped at any moment, what is done is done and the rest stays due. Two at once share the work.
Nothing that is due can be read meanwhile. With --dry-run everything is tried in one transaction and taken back.
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING

from bloesem.commands import shared

if TYPE_CHECKING:
    import datetime as dt

    from bloesem.clock import Progress
    from bloesem.plan.model import Plan
    from bloesem.stores.postgres import Connection

EXAMPLES = """\
examples:
  bloesem sweep                                     what is due now, on the database that `bloesem up` uses
  bloesem sweep --dry-run --at 2027-01-01           what would go on New Year's Day, if nothing happened until then
  bloesem sweep --store postgresql://keeper@db.example/crm --json

exit code: 0 nothing is left due; 1 something is, or the clock cannot be trusted; 3 the database cannot be reached
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--at", type=shared.day, metavar="DATE", help="as of this day (default: the database's own moment)"
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would go, and change nothing")
    parser.add_argument(
        "--batch",
        type=shared.whole(1, 1_000_000),
        default=2_000,
        metavar="N",
        help="people per transaction (2000)",
    )
    shared.add_store(parser, f"the database to sweep (default: {shared.HERE})")
    shared.add_company(parser)
    shared.add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from bloesem.clock import sweep
    from bloesem.stores import measures

    plan = shared.load(arguments).plan
    with shared.store(arguments.store or shared.HERE) as connection:
        now = _moment(connection, plan, arguments)
        teller = None if arguments.json else Teller()
        report = sweep(
            connection, plan, now, dry_run=arguments.dry_run, batch=arguments.batch, progress=teller
        )
        if report.complete and not report.dry_run and arguments.at is None:
            measures.note(connection, plan, now)  # what the measures of security show today (P-009)
    if arguments.json:
        shared.print_json(report.json())
    else:
        print("\n".join(report.lines()))
    return 0 if report.complete or report.dry_run else 1


def _moment(connection: Connection, plan: Plan, arguments: argparse.Namespace) -> dt.datetime:
    """The moment to sweep for. A day that is still to come may only be rehearsed."""
    import psycopg

    from bloesem.clock import moment
    from bloesem.errors import ClockError
    from bloesem.plan.dates import civil, midnight

    try:
        now = moment(connection, plan)
    except (psycopg.errors.UndefinedFunction, psycopg.errors.InvalidSchemaName) as fault:
        raise ClockError(
            "no plan is in force on this database",
            "the clock works with what the plan put there",
            "start `bloesem up` once, or name the right database with --store",
        ) from fault
    if arguments.at is None or arguments.at == civil(now):
        return now
    if arguments.at > civil(now) and not arguments.dry_run:
        raise ClockError(
            f"{arguments.at} is still to come: it is {civil(now)}",
            "nothing goes before its day",
            "add --dry-run to see what would go on that day",
        )
    return midnight(arguments.at)


class Teller:
    """Says on stderr how far long work is, every two seconds."""

    def __init__(self) -> None:
        self.began = self.last = time.monotonic()

    def __call__(self, progress: Progress) -> None:
        from bloesem.terms import counted

        now = time.monotonic()
        if now - self.last >= 2:
            self.last = now
            due, rows = counted(progress.due, "person", "people"), counted(progress.rows, "row")
            seconds = now - self.began
            print(f"{progress.done:,} of {due}, {rows} deleted, {seconds:.0f} s", file=sys.stderr)

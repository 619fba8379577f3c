"""The sweep against a DELETE by hand of the same rows, with the same RETURNING; and a sweep that finds nothing.

On 1 January the archive's term of a year ends. A tenth of the people left in that year; their sessions are due, all on
one day, among those of everybody else. Ours is the whole `bloesem sweep`: batches, states from facts, judging
each row, acts. Theirs knows the rows beforehand, deletes them in one statement and counts what went. Each turn works on
a fresh copy of the same database; both commit, durably.
"""

from __future__ import annotations

import datetime as dt
import statistics
from collections.abc import Sequence

from bench.measure import Figure, Times, parser, tell, timed
from bench.world import SESSIONS, Base, Crowd, base, fill
from bloesem import clock
from bloesem.clock.partitions import drop_expired
from bloesem.plan.dates import midnight
from bloesem.plan.model import Plan
from bloesem.stores.postgres import Connection

NEW_YEAR = dt.date(2026, 1, 1)
BEFORE = midnight(NEW_YEAR) - dt.timedelta(hours=12)
MILLION = 1_000_000


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser(__doc__, people=10_000)
    options.add_argument("--turns", type=int, default=3, help="turns of each side (3)")
    options.add_argument(
        "--stored",
        type=int,
        default=MILLION,
        metavar="N",
        help="people for the sweep with nothing due (1,000,000)",
    )
    chosen = options.parse_args(arguments)
    return tell(figures(chosen.people, chosen.turns, chosen.stored), as_json=chosen.json)


def figures(people: int, turns: int, stored: int = MILLION) -> list[Figure]:
    leaving = max(1, people // 10)
    with base(NEW_YEAR) as made:
        with made.connect() as admin:
            left = Crowd(1, leaving, dt.date(2018, 1, 2), 315, ended=dt.date(2018, 11, 20))
            stay = Crowd(leaving + 1, people, dt.date(2024, 12, 20), 360)
            fill(admin, made.plan, [left, stay], BEFORE)
        due = _due(made, leaving * SESSIONS, people * SESSIONS, turns)
        return [due, _nothing(made, stored)]


def _due(made: Base, rows: int, among: int, turns: int) -> Figure:
    ours: list[float] = []
    theirs: list[float] = []
    for turn in range(turns):
        for side in (_sweep, _delete) if turn % 2 else (_delete, _sweep):
            with made.copy() as copy, copy.connect() as connection:
                _warm(connection, made.plan)
                gone: list[int] = []
                ms = timed(lambda: gone.append(side(connection, made.plan)))  # noqa: B023
                if gone != [rows]:
                    raise AssertionError(f"{side.__name__}: {gone[0]} rows went; {rows} were due")
                (ours if side is _sweep else theirs).append(ms)
    swept, deleted = (rows / statistics.median(side) * 1000 for side in (ours, theirs))
    more = {
        "rows": rows,
        "among": among,
        "turns": turns,
        "ours_ms": statistics.median(ours),
        "theirs_ms": statistics.median(theirs),
        "all_ms": [[round(ms) for ms in side] for side in (ours, theirs)],
    }
    name = f"sweep: {rows:,} due among {among:,}"
    return Figure(name, swept, deleted, 0.8, "rows/s", at_least=True, more=more)


def _sweep(connection: Connection, plan: Plan) -> int:
    report = clock.sweep(connection, plan, midnight(NEW_YEAR))
    return sum(table.deleted for table in report.tables if table.table == "session")


def _delete(connection: Connection, plan: Plan) -> int:
    """What somebody would write who knows that all rows with that date go."""
    found = connection.execute(
        """
        WITH gone AS (
            DELETE FROM data.session WHERE good_until <= %s::timestamptz
            RETURNING used_for, kept_for, started_at IS NOT NULL, stopped_at IS NOT NULL, place IS NOT NULL,
                      state IS NOT NULL, energy_wh IS NOT NULL, amount_cents IS NOT NULL, meter_values IS NOT NULL
        ), grouped (used, kept, a, b, c, d, e, f, g, n) AS (
            SELECT *, count(*) FROM gone AS g (used, kept, a, b, c, d, e, f, g) GROUP BY used, kept, a, b, c, d, e, f, g
        )
        SELECT sum(n)::bigint FROM grouped
        """,
        [midnight(NEW_YEAR)],
    ).fetchone()
    return int(found[0]) if found and found[0] else 0


def _warm(connection: Connection, plan: Plan) -> None:
    """A copy is cold, and so is a connection: read what both sides will read, sweep what is not due yet.

    Other tables' partitions of the year that ends are empty here; dropping them is not what is compared."""
    for query in (
        "SELECT count(meter_values) FROM data.session",
        "SELECT count(*) FROM bloesem.state WHERE kept >= 0",
        "SELECT count(*) FROM bloesem.fact WHERE key <> ''",
    ):
        connection.execute(query.encode())
    clock.sweep(connection, plan, BEFORE)
    drop_expired(connection, plan, midnight(NEW_YEAR))


def _nothing(made: Base, stored: int) -> Figure:
    """Everybody's state is there, nobody's has come."""
    with made.connect() as connection:
        clock.sweep(connection, made.plan, midnight(NEW_YEAR))
        connection.execute(
            f"INSERT INTO {made.plan.schema}.state (person_id, kept, used, next_review) "
            f"SELECT 9000000000000 + n, 1, 1, DATE '2026-02-01' + (n % 900)::int "
            f"FROM generate_series(1, {stored}) AS n".encode()
        )
        connection.execute("VACUUM (ANALYZE)")

        def once() -> None:
            report = clock.sweep(connection, made.plan, midnight(NEW_YEAR))
            if report.people or report.left:
                raise AssertionError("something was due")

        for _ in range(3):
            once()
        times = Times(tuple(timed(once) for _ in range(30)))
    name = f"sweep: nothing due, {stored:,} people"
    return Figure(name, times.median, None, 50, "ms", of="ours", more={"spread": times.spread()})


if __name__ == "__main__":
    raise SystemExit(main())

"""The slim profile: how long a million invented people take, how much room, how many rows each; masks included.

Limits of time and room are for a million, and go down with `--people`. Theirs: the same rows by the same SELECTs where
no plan is in force (`--both`, which takes as long again).
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Sequence

import django

from bench.measure import Figure, parser, tell, timed
from bench.world import Base, base, migrate
from bloesem import clock
from bloesem.stores.postgres import connect
from charging.generate.slim import load_slim

AS_OF = dt.date(2026, 11, 23)
MILLION = 1_000_000
SEED = 20_240_318


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser(__doc__, people=MILLION)
    options.add_argument("--both", action="store_true", help="also without a plan")
    options.add_argument(
        "--sweep", action="store_true", help="also the first sweep, and one with nothing due"
    )
    chosen = options.parse_args(arguments)
    return tell(figures(chosen.people, both=chosen.both, sweep=chosen.sweep), as_json=chosen.json)


def figures(people: int, *, both: bool = False, sweep: bool = False) -> list[Figure]:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "charging.settings")
    django.setup()
    with base(AS_OF) as made, made.connect() as connection:
        loaded = load_slim(connection, AS_OF, people, SEED, plan=made.plan)
        room = connection.execute("SELECT pg_database_size(current_database())").fetchone()
        assert room is not None
        plain = _without_plan(made, people) if both else (None, None)
        share = people / MILLION
        more = {"people": people, "rows": loaded.total}
        made_of = f"slim, {people:,} people"
        result = [
            Figure(
                f"{made_of}: minutes", loaded.seconds / 60, plain[0], 10 * share, "min", of="ours", more=more
            ),
            # An empty cluster with its catalogue weighs something too.
            Figure(f"{made_of}: room", room[0] / 1e9, plain[1], 15 * share + 0.1, "GB", of="ours", more=more),
            Figure(f"{made_of}: rows", loaded.total / people, None, 25, "rows", of="ours", more=more),
        ]
        return [*result, *(_sweeps(made, people) if sweep else [])]


def _without_plan(made: Base, people: int) -> tuple[float, float]:
    """Minutes and gigabytes."""
    with connect(made.server.dsn(), autocommit=True) as admin:
        admin.execute("CREATE DATABASE unplanned")
    with connect(made.server.dsn("unplanned"), autocommit=True) as connection:
        connection.execute("CREATE SCHEMA data")
        migrate(made.server.dsn("unplanned").url())
        loaded = load_slim(connection, AS_OF, people, SEED)
        room = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    assert room is not None
    return loaded.seconds / 60, room[0] / 1e9


def _sweeps(made: Base, people: int) -> list[Figure]:
    """The first sweep looks at what came in dead; the second finds nothing."""
    now = dt.datetime.combine(AS_OF, dt.time(11), dt.UTC)
    with made.connect() as connection:
        first = timed(lambda: clock.sweep(connection, made.plan, now)) / 1000
        connection.execute("VACUUM (ANALYZE)")
        again = sorted(timed(lambda: clock.sweep(connection, made.plan, now)) for _ in range(11))
    more = {"first_sweep_s": first}
    return [Figure(f"sweep: nothing due, {people:,} slim", again[5], None, 50, "ms", of="ours", more=more)]


if __name__ == "__main__":
    raise SystemExit(main())

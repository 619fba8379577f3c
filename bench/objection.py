"""One objection to marketing, until the next read refuses, for a person with 100,000 meter values.

Ours: the fact is recorded and committed (state, masks of every row, one act), and a process that opens the
purpose on another connection sees nothing of this person any more. Theirs: a flag set by hand and committed, and a read
on another connection that asks for the flag: what a system without any of this does.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from bench.measure import Figure, alternate, parser, tell
from bench.world import STEP, Base, Crowd, base, fill
from bloesem.plan.dates import civil
from bloesem.stores.postgres import Connection

SESSIONS, VALUES = 1_000, 100


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser(__doc__, people=1_000)
    options.add_argument("--turns", type=int, default=60, help="turns of each side (60)")
    options.add_argument(
        "--sessions",
        type=int,
        default=SESSIONS,
        help=f"of that person, {VALUES} meter values each ({SESSIONS:,})",
    )
    chosen = options.parse_args(arguments)
    return tell(figures(chosen.people, chosen.turns, chosen.sessions), as_json=chosen.json)


def figures(people: int, turns: int, sessions: int = SESSIONS) -> list[Figure]:
    now = dt.datetime.now(dt.UTC)
    start = civil(now) - dt.timedelta(days=330)
    with base(civil(now)) as made:
        with made.connect() as admin:
            others = Crowd(2, max(2, people), start, 300, sessions=20)
            fill(admin, made.plan, [Crowd(1, 1, start, 300, sessions=sessions, values=VALUES), others], now)
            admin.execute("CREATE TABLE public.flag AS SELECT id, false AS no_marketing FROM data.person")
            admin.execute("ALTER TABLE public.flag ADD PRIMARY KEY (id)")
        with made.connect() as writer, made.connect("worker") as reader, made.connect() as plain:
            return [_figure(made, writer, reader, plain, turns, sessions)]


def _figure(
    made: Base, writer: Connection, reader: Connection, plain: Connection, turns: int, sessions: int
) -> Figure:
    s = made.plan.schema

    def gated() -> list[Any]:
        with reader.transaction():
            reader.execute(f"SET LOCAL ROLE {made.plan.role('marketing')}".encode())
            reader.execute("SET LOCAL search_path = marketing, pg_temp")
            return reader.execute("SELECT value FROM email_address WHERE person_id = %s", [STEP]).fetchall()

    def object_() -> None:
        writer.execute(f"SELECT {s}.record_fact({STEP}, 'objection', 'marketing', {s}.moment())".encode())
        if gated():
            raise AssertionError("an objection was recorded, and marketing still reads")

    def lift() -> None:
        writer.execute(
            f"SELECT {s}.close_fact(id, {s}.moment()) FROM {s}.fact "
            f"WHERE person_id = {STEP} AND kind = 'objection' AND ends_at IS NULL".encode()
        )
        if not gated():
            raise AssertionError("the objection was lifted, and marketing does not read")

    def flag() -> None:
        writer.execute("UPDATE public.flag SET no_marketing = true WHERE id = %s", [STEP])
        query = (
            "SELECT value FROM data.email_address e JOIN public.flag f ON f.id = e.person_id "
            "WHERE person_id = %s AND NOT no_marketing"
        )
        if plain.execute(query, [STEP]).fetchall():
            raise AssertionError("the flag is set, and the query still reads")

    def unflag() -> None:
        writer.execute("UPDATE public.flag SET no_marketing = false WHERE id = %s", [STEP])

    if not gated():
        raise AssertionError("marketing reads nothing before the objection")
    # Lifting takes turns too, and is not reported: what was objected to must be readable again.
    times = alternate([object_, lift, flag, unflag], turns, ordered=True)
    more = {
        "turns": turns,
        "meter_values": sessions * VALUES,
        "session_rows": sessions,
        "lifted_ms": times[1].median,
        "spread": [times[0].spread(), times[2].spread()],
    }
    name = f"objection: {sessions * VALUES:,} values"
    return Figure(name, times[0].median, times[2].median, 50, "ms", of="ours", more=more)


if __name__ == "__main__":
    raise SystemExit(main())

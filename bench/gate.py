"""The gate against the raw table: the same queries as the role of a purpose through its view, and as a superuser on
the table itself, whom no policy and no view stands in the way. Same rows, same columns. Statements are prepared, as in
a process that asks the same again and again; `planned_anew` says what it is when each is planned anew: there a key read
shows what a view and its policy cost the planner. Client and server share one core, so that no core has to be woken;
each connection has asked all
five queries before, since a small query costs a fresh one some 4 µs more until a larger one has been there.

`--plain` also measures a copy of the table without the mask columns: what it would cost had Bloesem never been there.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Sequence
from typing import LiteralString

from bench.measure import Figure, alternate, one_core, parser, rounded, tell
from bench.world import SESSIONS, STEP, Base, Crowd, base, fill
from bloesem.stores.postgres import Connection

AT = dt.datetime(2026, 11, 23, 11, tzinfo=dt.UTC)
COLUMNS: LiteralString = "id, person_id, started_at, stopped_at, place, energy_wh, amount_cents, accounted_on"

#: name, query, limit. `%s` are drawn anew on every turn, the same for both sides.
KEY: LiteralString = f"SELECT {COLUMNS} FROM session WHERE id = %s"
PERSON: LiteralString = f"SELECT {COLUMNS} FROM session WHERE person_id = %s ORDER BY started_at"
PAGE: LiteralString = f"SELECT {COLUMNS} FROM session WHERE id > %s ORDER BY id LIMIT 100"
JOIN: LiteralString = (
    "SELECT p.customer_number, n.family_name, count(*), sum(s.energy_wh) FROM session s "
    "JOIN person p ON p.id = s.person_id JOIN person_name n ON n.person_id = s.person_id "
    "WHERE s.person_id = ANY (%s) GROUP BY 1, 2"
)
SUM: LiteralString = (
    "SELECT count(*), sum(energy_wh), sum(amount_cents) FROM session WHERE id >= %s AND id < %s"
)


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser(__doc__, people=10_000)
    options.add_argument(
        "--turns", type=int, default=300, help="turns of each side, fewer for long queries (300)"
    )
    options.add_argument("--plain", action="store_true", help="also against a copy without mask columns")
    chosen = options.parse_args(arguments)
    return tell(figures(chosen.people, chosen.turns, plain=chosen.plain), as_json=chosen.json)


def figures(people: int, turns: int, *, plain: bool = False) -> list[Figure]:
    with one_core(), base(AT.date()) as made:
        with made.connect() as admin:
            fill(admin, made.plan, [Crowd(1, people, dt.date(2026, 1, 5), 300)], AT)
            if plain:
                _plain_copy(admin)
        return compare(made, people, turns, plain=plain)


def compare(made: Base, people: int, turns: int, *, plain: bool) -> list[Figure]:
    with (
        made.connect("worker") as gated,
        made.connect() as raw,
        made.connect() as copy,
        gated.transaction(),
        raw.transaction(),
        copy.transaction(),
    ):
        gated.execute(f"SET LOCAL ROLE {made.plan.role('billing')}".encode())
        gated.execute("SET LOCAL search_path = billing, pg_temp")
        raw.execute("SET LOCAL search_path = data, pg_temp")
        copy.execute("SET LOCAL search_path = plain, data, pg_temp")
        sides = [gated, raw, copy] if plain else [gated, raw]
        ids = [row[0] for row in raw.execute("SELECT id FROM session ORDER BY id").fetchall()]
        asked = _queries(people, ids, turns)
        for _, query, draw, _, _ in asked:
            for side in sides:
                side.execute(query, draw(random.Random(1))).fetchall()
        return [_figure(name, query, draw, limit, sides, many) for name, query, draw, limit, many in asked]


Draw = Callable[[random.Random], list[object]]


def _queries(people: int, ids: list[int], turns: int) -> list[tuple[str, LiteralString, Draw, float, int]]:
    wide = min(200_000, len(ids) // 2)

    def span(draw: random.Random) -> list[object]:
        first = draw.randrange(len(ids) - wide)
        return [ids[first], ids[first + wide]]

    def group(draw: random.Random) -> list[object]:
        return [[draw.randint(1, people) * STEP for _ in range(min(50, people))]]

    few = max(5, turns // 10)
    return [
        ("key read", KEY, lambda draw: [draw.choice(ids)], 1.1, turns),
        ("one person's rows", PERSON, lambda draw: [draw.randint(1, people) * STEP], 1.1, turns),
        (
            "page of 100 across people",
            PAGE,
            lambda draw: [ids[draw.randrange(len(ids) - SESSIONS)]],
            1.1,
            turns,
        ),
        ("50-person join", JOIN, group, 1.1, max(5, turns // 3)),
        (f"sum over {wide // 1000}k rows", SUM, span, 1.3, few),
    ]


def _figure(
    name: str, query: LiteralString, draw: Draw, limit: float, sides: Sequence[Connection], turns: int
) -> Figure:
    def work(connection: Connection, prepare: bool) -> Callable[[], object]:
        # Its own numbers: whoever comes second to the same row finds its page in the cache.
        numbers = random.Random(sides.index(connection))
        return lambda: connection.execute(query, draw(numbers), prepare=prepare).fetchall()

    same = draw(random.Random(3))
    answers = [sorted(map(repr, side.execute(query, same).fetchall())) for side in sides]
    if any(answer != answers[0] for answer in answers) or not answers[0]:
        raise AssertionError(f"{name}: the gate and the raw table answer differently")
    warm = max(10, turns // 10)
    times = alternate([work(side, True) for side in sides], turns, warm)
    planned = alternate([work(side, False) for side in sides[:2]], turns, warm)
    more: dict[str, object] = {
        "turns": turns,
        "spread": [side.spread() for side in times],
        "planned_anew_ms": [rounded(side.median) for side in planned],
        "planned_anew_ratio": planned[0].median / planned[1].median,
    }
    if len(times) > 2:
        more["plain_ms"] = times[2].median
        more["ratio_plain"] = times[0].median / times[2].median
    return Figure(f"gate: {name}", times[0].median, times[1].median, limit, "ms", more=more)


def _plain_copy(admin: Connection) -> None:
    """The sessions without masks and policies, in the same order, with the same indexes on what is left."""
    columns = admin.execute(
        "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = "
        "'data.session'::regclass AND attnum > 0 AND attname NOT IN ('used_for', 'kept_for', 'good_until')"
    ).fetchone()
    assert columns is not None
    admin.execute("CREATE SCHEMA plain")
    admin.execute(f"CREATE TABLE plain.session AS SELECT {columns[0]} FROM data.session".encode())
    admin.execute("ALTER TABLE plain.session ADD PRIMARY KEY (id)")
    admin.execute("CREATE INDEX ON plain.session (person_id)")
    admin.execute("VACUUM (ANALYZE) plain.session")


if __name__ == "__main__":
    raise SystemExit(main())

"""One person in a database of no design of ours: shown and erased over 12 tables of 20 rows, against SQL by hand.

Ours: found along the links of a map, judged by a policy, bound to a hash, the act recorded in Bloesem's own database before
and after. Theirs: a SELECT or DELETE per table, by the person's number, in one transaction. Both find the person by e-mail.
"""

from __future__ import annotations

import datetime as dt
import itertools
import json
import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.measure import Figure, alternate, measured_on, nothing_collected, one_core, parser, tell, timed
from bench.world import ROOT, server
from bloesem.datamap.load import read_map
from bloesem.policy.company import load_company
from bloesem.rights.graph import Graph, build
from bloesem.rights.home import Rights
from bloesem.rights.identify import Who
from bloesem.rights.judge import Judge, compile_foreign
from bloesem.rights.keys import Keys
from bloesem.rights.record import HomeRecord
from bloesem.rights.requests import Desk
from bloesem.stores.embedded import EmbeddedServer
from bloesem.stores.postgres import Connection, connect
from bloesem.stores.schema import read_schema

TABLES, ROWS = 12, 20
MILLION = 1_000_000
ON = dt.date(2026, 11, 1)
NOW = dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC)


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser(__doc__, people=MILLION)
    options.add_argument("--turns", type=int, default=60, help="turns of each side (60)")
    options.add_argument("--rows", type=int, default=20_000, help="of the person who has many (20,000)")
    options.add_argument("--crowd", type=int, default=1_000, help="erased at once (1,000)")
    chosen = options.parse_args(arguments)
    found = figures(chosen.people, chosen.turns, chosen.rows, chosen.crowd)
    return tell(found, as_json=chosen.json)


def figures(people: int, turns: int, rows: int = 20_000, crowd: int = 1_000) -> list[Figure]:
    few = max(2 * turns + 20, 60)
    with _servers() as (running, admin):
        mine = _by_hand(running, admin, turns, few)
        flat = _flat(running, admin, turns, people)
        many = _many_rows(running, admin, rows)
        at_once = [_at_once(running, admin, crowd, declared) for declared in (True, False)]
    with one_core(), _servers() as (running, admin):
        pinned = _by_hand(running, admin, turns, few)
    both = [
        replace(one, more={**one.more, "on_one_core": [kept.ours, kept.theirs, kept.ratio]})
        for one, kept in zip(mine, pinned, strict=True)
    ]
    return [*both, many, *flat, *at_once]


@contextmanager
def _servers() -> Iterator[tuple[EmbeddedServer, Connection]]:
    with server() as running, connect(running.dsn(), autocommit=True) as admin:
        measured_on(admin.info.server_version)
        admin.execute("CREATE DATABASE home")
        yield running, admin


@contextmanager
def _store(
    running: EmbeddedServer, admin: Connection, name: str, people: int, rows: int, *, declared: bool = True
) -> Iterator[Connection]:
    """A database with so many people, each with so many rows in each of the tables below theirs, with or without foreign
    keys (the map names the links either way)."""
    admin.execute(f"CREATE DATABASE {name}".encode())
    with connect(running.dsn(name), autocommit=True) as own:
        own.execute(b"CREATE TABLE customer (id int PRIMARY KEY, email text UNIQUE, name text)")
        own.execute(
            f"INSERT INTO customer SELECT n, 'p' || n || '@mail.example', 'name ' || n FROM generate_series(1, {people}) n".encode()
        )
        for t in range(1, TABLES):
            own.execute(
                f"CREATE TABLE part_{t} (id int PRIMARY KEY, customer_id int NOT NULL, body text, at timestamptz)".encode()
            )
            own.execute(
                f"INSERT INTO part_{t} SELECT n, 1 + n % {people}, 'words of ' || n, '2026-01-01'"
                f" FROM generate_series(1, {people * rows}) n".encode()
            )
            own.execute(f"CREATE INDEX ON part_{t} (customer_id)".encode())
            if declared:
                own.execute(
                    f"ALTER TABLE part_{t} ADD FOREIGN KEY (customer_id) REFERENCES customer".encode()
                )
        own.execute(b"VACUUM ANALYZE")
        yield own
    admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def _map() -> str:
    key, link = {"name": "id"}, {"columns": ["customer_id"], "to": "customer", "kind": "owner"}
    body = [{"name": "body", "data_categories": ["order.lines"]}, {"name": "at"}]
    customer = [
        key,
        {"name": "email", "data_categories": ["identity.email"], "fides_meta": {"identity": "email"}},
        {"name": "name", "data_categories": ["identity.name"]},
    ]
    parts = [
        {
            "name": f"part_{t}",
            "meta": {"links": [link], "recorded": "at"},
            "fields": [key, {"name": "customer_id"}, *body],
        }
        for t in range(1, TABLES)
    ]
    tables = [{"name": "customer", "meta": {"holds": "people"}, "fields": customer}, *parts]
    return json.dumps({"dataset": [{"fides_key": "x", "meta": {"guarded": False}, "collections": tables}]})


@contextmanager
def _desk(running: EmbeddedServer, own: Connection) -> Iterator[Desk]:
    company = load_company(ROOT / "company" / "minimal")
    with tempfile.TemporaryDirectory() as folder, connect(running.dsn("home"), autocommit=True) as home:
        file = Path(folder) / "map.yaml"
        file.write_text(_map(), "utf-8")
        graph: Graph = build(read_map([file]), read_schema(own))
        plan = compile_foreign(company, company.in_force(ON), graph, ON)
        rights = Rights(home, Keys.at(Path(folder)))
        rights.install()
        record = HomeRecord(
            rights, rights.store(running.dsn(own.info.dbname), NOW), "2026-01-01", lambda: NOW
        )
        yield Desk(own, graph, Judge(plan, graph, NOW), record)


def _who(number: int) -> list[list[Who]]:
    return [[Who("email", f"p{number}@mail.example")]]


def _by_hand(running: EmbeddedServer, admin: Connection, turns: int, people: int) -> list[Figure]:
    names = [f"part_{t}" for t in range(1, TABLES)]
    with (
        _store(running, admin, "shop", people, ROWS) as own,
        _desk(running, own) as desk,
        connect(running.dsn("shop"), autocommit=True) as plain,
    ):
        seen, gone = itertools.cycle(range(1, people + 1)), itertools.count(1)

        def find(number: int) -> Any:
            row = plain.execute(
                "SELECT id FROM customer WHERE email = %s", [f"p{number}@mail.example"]
            ).fetchone()
            assert row is not None
            return row[0]

        def show() -> list[Any]:
            with plain.transaction():
                id_ = find(next(seen))
                found = plain.execute("SELECT * FROM customer WHERE id = %s", [id_]).fetchall()
                for name in names:
                    found += plain.execute(
                        f"SELECT * FROM {name} WHERE customer_id = %s".encode(), [id_]
                    ).fetchall()
            return found

        def erase() -> None:
            with plain.transaction():
                id_ = find(next(gone))
                for name in names:
                    plain.execute(f"DELETE FROM {name} WHERE customer_id = %s".encode(), [id_])
                plain.execute("DELETE FROM customer WHERE id = %s", [id_])

        ours = desk.access(_who(1))
        assert sum(map(len, ours["tables"].values())) == len(show()) == 1 + 11 * ROWS
        shown = alternate([lambda: desk.access(_who(next(seen))), show], turns)
        erased = alternate([lambda: desk.erase(_who(next(gone))), erase], turns - 3)
        return [
            Figure(
                f"{what} over 12 tables x 20 rows", mine.median, theirs.median, 2.0, "ms",
                more={"spread": [mine.spread(), theirs.spread()]},
            )
            for what, (mine, theirs) in (("access", shown), ("erasure, recorded,", erased))
        ]  # fmt: skip


def _many_rows(running: EmbeddedServer, admin: Connection, rows: int) -> Figure:
    with _store(running, admin, "many", 3, rows // (TABLES - 1) + 1) as own, _desk(running, own) as desk:
        desk.erase(_who(3))
        done = []
        took = timed(lambda: done.append(desk.erase(_who(1))))
        per_table = max(desk.statements().values())
        assert done[0].tables["public.part_1"]["deleted"]
        return Figure(
            "erasure of a person with many rows", took, None, 1_000.0, "ms", of="ours",
            more={"rows": rows, "statements": done[0].statements, "statements_per_table": per_table + 1},
        )  # fmt: skip


def _flat(running: EmbeddedServer, admin: Connection, turns: int, people: int) -> list[Figure]:
    """The same request among few and among many."""
    with (
        _store(running, admin, "few", max(people // 100, turns + 10), 1) as small,
        _store(running, admin, "everybody", people, 1) as big,
        _desk(running, small) as one,
        _desk(running, big) as other,
    ):
        seen = [itertools.count(1), itertools.count(1)]
        gone = [itertools.count(1), itertools.count(1)]
        found = []
        for what, act, numbers in (("access", "access", seen), ("erasure", "erase", gone)):
            sides = [
                lambda d=d, n=n, act=act: getattr(d, act)(_who(next(n)))
                for d, n in ((other, numbers[0]), (one, numbers[1]))
            ]
            mine, theirs = alternate(sides, turns)
            found.append(
                Figure(
                    f"{what} among 100x as many people", mine.median, theirs.median, 1.2, "ms",
                    more={"people": people, "spread": [mine.spread(), theirs.spread()]},
                )
            )  # fmt: skip
        return found


def _at_once(
    running: EmbeddedServer, admin: Connection, crowd: int, declared: bool, rounds: int = 9
) -> Figure:
    """Crowds and people alone in turns, so that a busy machine slows both; by hand too, to say what SQL itself gains."""
    singles = 10
    each = crowd + singles
    with (
        _store(running, admin, "crowd", 2 * (rounds + 1) * each, 2, declared=declared) as own,
        _desk(running, own) as desk,
        connect(running.dsn("crowd"), autocommit=True) as plain,
    ):
        numbers = itertools.count(1)
        sides: list[Callable[[list[int]], object]] = [
            lambda those: desk.erase([_who(n)[0] for n in those]),
            lambda those: _by_number(plain, those),
        ]
        alone: list[list[float]] = [[], []]
        together: list[list[float]] = [[], []]
        for turn in range(-1, rounds):
            for side, act in enumerate(sides):
                with nothing_collected():
                    one = [timed(lambda act=act: act([next(numbers)])) for _ in range(singles)]  # type: ignore[misc]
                    those = [next(numbers) for _ in range(crowd)]
                    many = timed(lambda act=act, those=those: act(those)) / crowd  # type: ignore[misc]
                if turn >= 0:
                    alone[side] += one
                    together[side].append(many)
        ours, by_hand = (
            (statistics.median(one), statistics.median(many))
            for one, many in zip(alone, together, strict=True)
        )
        return Figure(
            f"{crowd:,} people at once, each{'' if declared else ', no foreign keys'}", ours[0] / ours[1], None, 20.0, "x faster", of="ours", at_least=True,
            more={
                "ms_each_at_once": ours[1], "ms_each_alone": ours[0], "by_hand": by_hand[0] / by_hand[1],
                "by_hand_ms_each_at_once": by_hand[1], "by_hand_ms_each_alone": by_hand[0],
            },
        )  # fmt: skip


def _by_number(plain: Connection, people: list[int]) -> None:
    with plain.transaction():
        emails = [f"p{n}@mail.example" for n in people]
        found = plain.execute("SELECT id FROM customer WHERE email = ANY (%s)", [emails]).fetchall()
        ids = [row[0] for row in found]
        for t in range(1, TABLES):
            plain.execute(f"DELETE FROM part_{t} WHERE customer_id = ANY (%s)".encode(), [ids])
        plain.execute("DELETE FROM customer WHERE id = ANY (%s)", [ids])


if __name__ == "__main__":
    raise SystemExit(main())

"""The SQL does what the oracle says, over schemas, links and rows that nobody thought of: every row of every table, and
every value shown."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.bloesem.rights import shop
from tests.bloesem.rights.generated import Invented, databases
from tests.databases import Database

from bloesem.rights.identify import Who
from bloesem.rights.judge import Judge
from bloesem.rights.requests import Desk
from bloesem.rights.whose import Kept, reached
from bloesem.rights.world import Row, Value, World
from bloesem.stores.postgres import Connection


class Nobody:
    items = ()


class Keeper(Judge):
    """No policy: keeps the rows that it is told to."""

    def __init__(self, invented: Invented, rows: dict[tuple[str, str], frozenset[str]]) -> None:
        self.columns = {f"public.{t.name}": frozenset({"type"}) for t in invented.oracle.tabs.values()}
        self.digest = "none"
        self.rows = rows
        self.dated = {}
        self.together: Nobody | None = Nobody()

    def standing(self, *_: Any, **__: Any) -> Any:
        """People who stand alike are followed together; when each stands alone, each is followed alone."""
        return self.together or Nobody()

    def verdicts(self, *_: Any) -> Any:
        return ()

    def alike(self, standing: Any, rows: Sequence[Row]) -> list[list[Row]]:
        return [[row] for row in rows]

    def sources(self, rows: Sequence[Row]) -> set[str | None]:
        return {None}

    def kept(self, standing: Any, row: Row, number: int | None = None) -> Kept | None:
        columns = self.rows.get((row.table, json.dumps(row.values["v"])))
        return None if columns is None else Kept(("law",), columns, "law", dt.date(2030, 1, 1))


@pytest.fixture(scope="module")
def connection(module_database: Database) -> Iterator[Connection]:
    with module_database.connect(autocommit=True) as found:
        yield found


def make(connection: Connection, invented: Invented) -> None:
    connection.prepare_threshold = None  # a table of the same name has other columns with every example
    connection.execute("DEALLOCATE ALL")
    connection.execute("DROP SCHEMA public CASCADE")
    connection.execute("CREATE SCHEMA public")
    connection.execute(";".join(invented.sql()).encode())


def state(connection: Connection, invented: Invented) -> dict[str, Counter[str]]:
    return {
        name: Counter(
            json.dumps(json.loads(row), sort_keys=True)
            for (row,) in connection.execute(f'SELECT to_json(t)::text FROM "{name}" t'.encode()).fetchall()
        )
        for name in invented.oracle.tabs
    }


def desk(
    connection: Connection, folder: Path, invented: Invented, rows: dict[tuple[str, str], frozenset[str]]
) -> Desk:
    keeper = Keeper(invented, rows)
    keeper.columns = {name: wanted | {"v"} for name, wanted in keeper.columns.items()}
    return Desk(connection, shop.graph_of(connection, folder, invented.map()), keeper)


EXAMPLES = settings(
    max_examples=int(os.environ.get("BLOESEM_EXAMPLES", "100")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@EXAMPLES
@given(data=st.data())
def test_erasure_leaves_exactly_what_the_oracle_leaves(
    connection: Connection, tmp_path: Path, data: st.DataObject
) -> None:
    invented = data.draw(databases())
    oracle = invented.oracle
    oracle.keeps = dict(
        data.draw(
            st.lists(
                st.tuples(
                    st.sampled_from(oracle.every()),
                    st.sampled_from([frozenset({"v"}), frozenset({"v", "w"})]),
                ),
                max_size=2,
            )
        )
    )
    make(connection, invented)
    expected = {
        name: Counter(json.dumps(row, sort_keys=True) for row in rows)
        for name, rows in oracle.after().items()
    }
    rows = {
        (f"public.{one[0]}", json.dumps(oracle.row(one)["v"])): columns
        for one, columns in oracle.keeps.items()
    }
    at = desk(connection, tmp_path, invented, rows)
    if data.draw(st.booleans()):
        at.judge.together = None  # type: ignore[attr-defined]
    before = state(connection, invented)
    wanted = [[Who(*one)] for one in invented.asked]
    rehearsed = at.rehearse(wanted)
    assert state(connection, invented) == before
    followed_together_as_apart(at._left)
    done = at.erase(wanted, plan=rehearsed.plan)
    assert state(connection, invented) == expected
    assert done.tables == rehearsed.tables


def followed_together_as_apart(world: World) -> None:
    """What people reach together is what each reaches: as owner where any owns it, along all their edges."""
    apart: dict[tuple[str, Value], tuple[bool, frozenset[int | None]]] = {}
    for person in world.people:
        for name, reaches in reached(world, person).items():
            for key, one in reaches.items():
                owner, edges = apart.get((name, key), (False, frozenset()))
                apart[name, key] = (owner or one.owner, edges | one.edges)
    together = {
        (name, key): (one.owner, one.edges)
        for name, reaches in reached(world, *world.people).items()
        for key, one in reaches.items()
    }
    assert together == apart


@EXAMPLES
@given(invented=databases())
def test_access_shows_exactly_what_the_oracle_shows(
    connection: Connection, tmp_path: Path, invented: Invented
) -> None:
    make(connection, invented)
    at = desk(connection, tmp_path, invented, {})
    found = at.access([[Who(*invented.asked[0])]])
    expected: dict[str, Counter[str]] = {}
    for one, row in invented.oracle.shown(invented.oracle.leaving[0]).items():
        expected.setdefault(f"public.{one[0]}", Counter())[json.dumps(row, sort_keys=True)] += 1
    shown = {
        name: Counter(json.dumps(row, sort_keys=True) for row in rows)
        for name, rows in found["tables"].items()
    }
    assert shown == expected

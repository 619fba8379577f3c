"""A sweep that is killed, runs out of disk or has company leaves nothing half-done, and the next one finishes."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.bloesem.clock.people import World, at, customer, event, joined, world
from tests.databases import Database

from bloesem.errors import ClockError
from bloesem.stores.dsn import DATABASE_URL

PEOPLE = 120
SWEEPER = """
import os, sys
from tests.bloesem.clock.people import at
from tests.bloesem.plan import small
from bloesem.clock import sweep
from bloesem.stores.dsn import Dsn
from bloesem.stores.postgres import connect
plan = small.plan(sys.argv[1])
with connect(Dsn.parse(os.environ["BLOESEM_DATABASE_URL"])) as connection:
    print("begins", flush=True)
    report = sweep(connection, plan, at("2025-03-02"), batch=3)
    print("done", report.people, report.left, flush=True)
"""


@pytest.fixture
def crowd(fresh_database: Database) -> Iterator[World]:
    """Half of them are due on 2 March 2025."""
    made = world(fresh_database)
    people = [
        customer(p, opened="2020-01-01", ended="2024-03-01" if p % 2 else None) for p in range(1, PEOPLE + 1)
    ]
    closed = [event(p, "account.closed", "2024-03-01") for p in range(1, PEOPLE + 1, 2)]
    made.fill(at("2025-01-01"), joined(*people), closed)
    try:
        yield made
    finally:
        made.connection.close()


def start(world: World, database: Database) -> subprocess.Popen[str]:
    root = Path(__file__).parents[3]
    environment = {**os.environ, DATABASE_URL: database.dsn.url(), "PYTHONPATH": f"{root}:{root / 'src'}"}
    return subprocess.Popen(
        [sys.executable, "-c", SWEEPER, database.role_prefix],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )


def whole(world: World) -> bool:
    """Nobody is half gone: the same people have a person, a name, an account, a state and facts."""
    found = world.connection.execute(
        "SELECT array_agg(DISTINCT id ORDER BY id) = (SELECT array_agg(DISTINCT person_id ORDER BY person_id) FROM"
        " data.identity) AND array_agg(DISTINCT id ORDER BY id) = (SELECT array_agg(DISTINCT person_id ORDER BY"
        " person_id) FROM data.account) AND array_agg(DISTINCT id ORDER BY id) = (SELECT array_agg(DISTINCT person_id"
        " ORDER BY person_id) FROM bloesem.state) AND array_agg(DISTINCT id ORDER BY id) = (SELECT array_agg(DISTINCT"
        " person_id ORDER BY person_id) FROM bloesem.fact) FROM data.person"
    ).fetchone()
    world.connection.commit()
    return bool(found and found[0])


def forgotten_in_acts(world: World) -> int:
    found = world.connection.execute(
        "SELECT COALESCE(sum((counts ->> 'forgotten')::int), 0) FROM bloesem.act WHERE kind = 'sweep'"
    ).fetchone()
    world.connection.commit()
    assert found
    return int(found[0])


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_a_sweep_killed_at_any_moment_leaves_nothing_half_done(
    crowd: World, fresh_database: Database, seed: int
) -> None:
    draw = random.Random(seed)
    for _ in range(3):
        sweeper = start(crowd, fresh_database)
        assert sweeper.stdout is not None
        assert sweeper.stdout.readline() == "begins\n"
        time.sleep(draw.uniform(0, 0.15))
        sweeper.send_signal(signal.SIGKILL)
        sweeper.wait()
        sweeper.stdout.close()
        assert whole(crowd)
        assert crowd.count("data.person") == PEOPLE - forgotten_in_acts(crowd)  # acts and deeds are one
    last = crowd.sweep(at("2025-03-02"))
    assert last.complete
    assert whole(crowd)
    assert crowd.count("data.person") == PEOPLE // 2
    assert forgotten_in_acts(crowd) == PEOPLE // 2


@pytest.mark.slow
def test_two_sweeps_at_once_share_the_work(crowd: World, fresh_database: Database) -> None:
    both = [start(crowd, fresh_database) for _ in range(2)]
    said = [sweeper.communicate(timeout=60)[0].split() for sweeper in both]
    assert [sweeper.returncode for sweeper in both] == [0, 0]
    assert sum(int(words[2]) for words in said) == PEOPLE // 2
    assert crowd.count("data.person") == PEOPLE // 2
    assert forgotten_in_acts(crowd) == PEOPLE // 2
    assert crowd.count("bloesem.watermark") == 1


def test_a_full_disk_stops_the_sweep_with_a_clear_message(crowd: World) -> None:
    """The server says 53100 in the middle of a batch; what was committed stays, and the batch is taken back."""
    crowd.connection.execute(
        """
        CREATE FUNCTION data.full() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF OLD.person_id = 61 THEN
                RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100';
            END IF;
            RETURN OLD;
        END $$"""
    )
    crowd.connection.execute(
        "CREATE TRIGGER full_disk BEFORE DELETE ON data.account FOR EACH ROW EXECUTE FUNCTION data.full()"
    )
    crowd.connection.commit()
    with pytest.raises(ClockError, match="disk is full") as caught:
        crowd.sweep(at("2025-03-02"), batch=7)
    assert "stays due" in caught.value.rule
    assert whole(crowd)
    assert crowd.count("bloesem.watermark") == 0
    crowd.connection.execute("DROP TRIGGER full_disk ON data.account")
    crowd.connection.commit()
    assert crowd.sweep(at("2025-03-02")).complete
    assert crowd.count("data.person") == PEOPLE // 2

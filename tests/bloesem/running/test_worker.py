"""The sweep on its schedule: real processes over the real database, each with its own login and no other."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import django
import pytest
from psycopg import errors
from tests.bloesem.console.stage import BLOSSOM, Stage, build
from tests.databases import Database

from bloesem.clock import advance, moment
from bloesem.clock.due import overdue
from bloesem.errors import ClockError
from bloesem.plan.dates import civil, midnight
from bloesem.running import worker
from bloesem.stores.dsn import Dsn

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "charging.settings")
django.setup()

ROOT = Path(__file__).parents[3]
EVERY_SECOND, NEVER = "* * * * * *", "0 0 29 2 *"


@pytest.fixture
def stage(fresh_database: Database, tmp_path: Path) -> Stage:
    made = build(fresh_database, tmp_path / "doors", 40)
    with fresh_database.connect(autocommit=True) as admin:
        worker.install(admin, made.company.plan)
        worker.install(admin, made.company.plan)  # a second start finds it there
    return made


@contextmanager
def process(stage: Stage, folder: Path, login: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A module that runs with the credentials of one login."""
    door = folder / f"door-{login}"
    shutil.rmtree(door, ignore_errors=True)
    door.mkdir(mode=0o700)
    for kind in ("password", "scope-key"):
        shutil.copy2(stage.doors / f"{login}.{kind}", door / f"{login}.{kind}")
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith(("BLOESEM_", "PG"))},
        "BLOESEM_DATABASE_URL": stage.database.dsn.to(user="nobody").url(),
        "BLOESEM_PREFIX": stage.company.plan.prefix,
        "BLOESEM_CREDENTIALS": str(door),
        "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}",
    }
    with (folder / f"{login}.log").open("a") as log:
        running = subprocess.Popen(
            [sys.executable, "-m", *arguments], env=environment, stdout=log, stderr=log, text=True
        )
    try:
        yield running
    finally:
        running.kill()
        running.wait()


def until(true: Callable[[], bool], folder: Path, seconds: float = 180) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "".join(log.read_text()[-2000:] for log in folder.glob("*.log"))
        time.sleep(0.2)


def ahead(stage: Stage, days: int) -> int:
    """Moves the date and sweeps nothing. out: how many people and rows are due then."""
    with stage.keeper.open() as keeper:
        today = civil(moment(keeper, stage.company.plan))
        keeper.commit()
        advance(keeper, stage.company.plan, today + dt.timedelta(days=days))
    return due(stage)


def due(stage: Stage) -> int:
    with stage.keeper.open() as keeper:
        found = overdue(keeper, stage.company.plan, moment(keeper, stage.company.plan))
    return found.people + found.rows


def count(stage: Stage, query: str) -> int:
    with stage.database.connect() as admin:
        found = admin.execute(query).fetchone()
    assert found is not None
    return int(found[0])


SWEPT = "SELECT count(*) FROM jobs.sweep WHERE state = 'done'"
OPEN = "SELECT count(*) FROM jobs.sweep WHERE state IN ('waiting', 'running')"
WORKING = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'bloesem-worker'"
ACTS = "SELECT count(*) FROM bloesem.act WHERE kind = 'sweep'"


@pytest.mark.slow
def test_what_ended_is_erased_by_the_schedule_and_after_a_kill_by_the_next_start(
    stage: Stage, tmp_path: Path
) -> None:
    values = addresses(stage)
    assert len(values) > 10
    with process(stage, tmp_path, "keeper", "bloesem.console.keeper", str(BLOSSOM)):
        with process(stage, tmp_path, "worker", "bloesem.running.worker", EVERY_SECOND) as first:
            until(lambda: count(stage, SWEPT) >= 1, tmp_path)  # the one of its start
            acts, asked = count(stage, ACTS), count(stage, "SELECT count(*) FROM jobs.sweep")
            assert ahead(stage, 800) > 0
            until(lambda: due(stage) == 0, tmp_path)
            assert count(stage, ACTS) > acts
            until(lambda: count(stage, "SELECT count(*) FROM jobs.sweep") > asked, tmp_path)
            assert "Periodic job sweep" in (tmp_path / "worker.log").read_text()
            first.kill()
            first.wait()
        until(
            lambda: count(stage, WORKING) == 0 and count(stage, OPEN) == 0, tmp_path
        )  # what it asked before
        with stage.database.connect(autocommit=True) as admin:  # killed between two hours: nothing was queued
            admin.execute("TRUNCATE jobs.procrastinate_jobs CASCADE")
        assert ahead(stage, 800) > 0
        acts = count(stage, ACTS)
        time.sleep(2)
        assert due(stage) > 0  # nobody asked
        with process(stage, tmp_path, "worker", "bloesem.running.worker", NEVER) as second:
            until(lambda: count(stage, WORKING) > 0, tmp_path)
            until(lambda: due(stage) == 0, tmp_path)
            second.terminate()
            assert second.wait(timeout=30) == 0
    assert count(stage, ACTS) > acts
    _nobodys_data(stage, tmp_path, values)


def _nobodys_data(stage: Stage, folder: Path, values: set[str]) -> None:
    """Neither the queue, nor the acts, nor the logs hold anybody's address or name."""
    with stage.database.connect() as admin:
        tables = [
            name
            for (name,) in admin.execute(
                "SELECT relname::text FROM pg_class WHERE relnamespace = 'jobs'::regnamespace AND relkind = 'r'"
            )
        ]
        held = [str(admin.execute(f'SELECT t.* FROM jobs."{name}" t').fetchall()) for name in tables]
        queued = admin.execute(
            "SELECT DISTINCT jsonb_object_keys(args) FROM jobs.procrastinate_jobs"
        ).fetchall()
        held.append(str(admin.execute("SELECT kind, login, counts FROM bloesem.act").fetchall()))
    assert len(tables) >= 4
    assert queued in ([], [("timestamp",)])
    everything = "\n".join([*held, *(log.read_text() for log in folder.glob("*.log"))])
    assert ".example" not in everything
    assert not [value for value in values if value in everything]


def addresses(stage: Stage) -> set[str]:
    """Every mail address and telephone number that is stored now."""
    found: set[str] = set()
    with stage.database.connect() as admin:
        for table in stage.company.plan.tables:
            rows = admin.execute(
                f'SELECT DISTINCT j.value FROM {table.schema}."{table.name}" t, jsonb_each_text(to_jsonb(t)) j'
                " WHERE j.value LIKE '%@%' OR j.value LIKE '+32%'"
            )
            found.update(value for (value,) in rows)
    return found


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1 FROM bloesem.state LIMIT 1",
        "SELECT 1 FROM bloesem.fact LIMIT 1",
        "SELECT 1 FROM data.person LIMIT 1",
        "SELECT bloesem.review(ARRAY[1]::bigint[], now())",
        "SELECT bloesem.forget(ARRAY[1]::bigint[], now())",
        "INSERT INTO bloesem.act (as_of, kind) VALUES (now(), 'sweep')",
        "UPDATE bloesem.watermark SET swept = '2000-01-01'",
        "UPDATE jobs.sweep SET state = 'done'",
        "INSERT INTO jobs.sweep (said) VALUES ('somebody')",
        "SET ROLE {keeper}",
        "SET ROLE {owner}",
    ],
)
def test_the_worker_itself_may_ask_and_nothing_of_what_the_sweep_does(worker_stage: Stage, text: str) -> None:
    plan = worker_stage.company.plan
    with (
        worker_stage.database.connect(
            user=plan.role("worker"), password=(worker_stage.doors / "worker.password").read_text().strip()
        ) as mine,
        pytest.raises(errors.InsufficientPrivilege),
    ):
        mine.execute(text.format(keeper=plan.role("keeper"), owner=plan.role("owner")))


@pytest.fixture(scope="module")
def worker_stage(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    made = build(module_database, tmp_path_factory.mktemp("doors"), 10)
    with module_database.connect(autocommit=True) as admin:
        worker.install(admin, made.company.plan)
    return made


@pytest.mark.promise("P-109")
def test_each_day_begins_with_a_sweep_in_winter_and_in_summer() -> None:
    """Every day of two years, the two with another hour than 24 as well, and weekends and holidays like any other."""
    planned = worker.app(Dsn.parse("postgresql:///any")).periodic_registry.periodic_tasks.values()
    for n in range(730):
        begins = midnight(dt.date(2027, 1, 1) + dt.timedelta(days=n)).astimezone(dt.UTC)
        before = begins - dt.timedelta(seconds=1)
        first = min(one.croniter.get_next(dt.datetime, start_time=before) for one in planned)
        assert first == begins, begins


def test_a_schedule_that_is_none_is_said(worker_stage: Stage) -> None:
    with pytest.raises(ClockError, match="`every night` is no schedule"):
        worker.app(worker_stage.dsn("worker"), ["every night"])


def test_who_waits_for_a_sweep_that_nobody_takes_up_is_told(worker_stage: Stage) -> None:
    from bloesem.clock import asking
    from bloesem.stores.postgres import connect

    with connect(worker_stage.dsn("worker")) as mine, pytest.raises(ClockError, match="nobody took up"):
        asking.wait(mine, asking.ask(mine), patience=0.5)

"""The schedule fires: what is due goes without anybody asking, and the queue knows nobody."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import os
from pathlib import Path

import django
import pytest
from tests.bloesem.console.stage import Stage, build
from tests.databases import Database

from bloesem.clock import overdue, watermark
from bloesem.clock.demonstration import advance
from bloesem.ledger import acts
from bloesem.plan.dates import civil
from bloesem.running import worker

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "charging.settings")
django.setup()

EVERY_SECOND = {"often": "* * * * * *"}


@pytest.fixture
def stage(fresh_database: Database, tmp_path: Path) -> Stage:
    return build(fresh_database, tmp_path, people=20)


async def until_swept(stage: Stage, day: dt.date) -> None:
    """Runs the worker until the clock has swept that day."""
    plan = stage.company.plan
    jobs = worker.app(plan, stage.dsn("keeper"), stage.dsn(worker.LOGIN), EVERY_SECOND)
    async with jobs.open_async():
        running = asyncio.create_task(
            jobs.run_worker_async(
                install_signal_handlers=False, listen_notify=False, fetch_job_polling_interval=0.2
            )
        )
        try:
            with stage.keeper.open(autocommit=True) as keeper:
                for _ in range(300):
                    assert not running.done(), "the worker ended by itself"
                    if watermark(keeper, plan) == day:
                        return
                    await asyncio.sleep(0.2)
            raise AssertionError("the schedule never fired")
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


def test_what_is_due_goes_when_its_hour_comes(stage: Stage) -> None:
    plan = stage.company.plan
    with stage.database.connect(autocommit=True) as admin:
        worker.install(admin, plan)
        day = civil(dt.datetime.now(dt.UTC)) + dt.timedelta(days=500)
        now = advance(admin, plan, day)
        assert overdue(admin, plan, now).total > 0
        before = len(acts(admin, kind="sweep"))
        asyncio.run(until_swept(stage, day))
        assert overdue(admin, plan, now).total == 0
        assert len(acts(admin, kind="sweep")) > before
        queued = admin.execute(
            "SELECT DISTINCT task_name, args::text FROM jobs.procrastinate_jobs ORDER BY 1"
        ).fetchall()
    assert {name for name, _ in queued} == {"sweep-often"}
    assert all(set(json.loads(args)) == {"timestamp"} for _, args in queued), (
        "that it is time, and nothing else"
    )

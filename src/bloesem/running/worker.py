"""The worker: periodic jobs through procrastinate, in a schema of its own, as the worker's login.

A job carries no personal data: that it is time, and nothing else. The sweep itself is the keeper's helper's: the worker
asks for it (`bloesem.clock.asking`) and holds no credentials but its own.

    python -m bloesem.running.worker [CRON…]

with BLOESEM_DATABASE_URL, and BLOESEM_CREDENTIALS (the directory with the worker's password).
A schedule has five fields, or six with seconds last, in UTC. Whatever was missed while no worker ran is asked for at its
start.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

import procrastinate
import psycopg
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.jobs import Status
from procrastinate.schema import SchemaManager
from psycopg import sql

from bloesem.clock import asking
from bloesem.errors import BloesemError, ClockError
from bloesem.gate.secrets import Credentials
from bloesem.gate.settings import CREDENTIALS
from bloesem.plan.model import Plan
from bloesem.stores.dsn import Dsn, dsn_from
from bloesem.stores.postgres import Connection, connect

SCHEMA = asking.SCHEMA
LOGIN = "worker"
TASK = "sweep"
#: On the hour, which is also when a day begins; and just after midnight in Brussels, in winter and summer (cron is UTC).
HOURLY, MIDNIGHT = "0 * * * *", "1 22,23 * * *"
POLL_SECONDS, STOP_SECONDS = 5.0, 3.0
_log = logging.getLogger(__name__)


def install(admin: Connection, plan: Plan) -> None:
    """The queue's tables, and the worker's rights on them; nothing new when they are there."""
    if LOGIN not in plan.processes:
        return
    schema, role = sql.Identifier(SCHEMA), sql.Identifier(plan.role(LOGIN))
    with admin.transaction():
        admin.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(schema))
        asking.install(admin, plan.role(LOGIN), plan.role("keeper"))
        there = admin.execute(
            "SELECT to_regclass(%s) IS NOT NULL", [f"{SCHEMA}.procrastinate_jobs"]
        ).fetchone()
        if there and there[0]:
            return
        admin.execute(sql.SQL("SET LOCAL search_path = {}, pg_catalog").format(schema))
        with psycopg.ClientCursor(admin) as cursor:
            cursor.execute(SchemaManager.get_schema())
        found = admin.execute(
            "SELECT relname::text FROM pg_class WHERE relnamespace = %s::regnamespace AND relkind = 'r'"
            " AND starts_with(relname::text, 'procrastinate_')",
            [SCHEMA],
        ).fetchall()
        tables = sql.SQL(", ").join(sql.Identifier(SCHEMA, name) for (name,) in found)
        for grant in (
            "USAGE ON SCHEMA {s}",
            "SELECT, INSERT, UPDATE, DELETE ON {t}",
            "USAGE ON ALL SEQUENCES IN SCHEMA {s}",
            "EXECUTE ON ALL FUNCTIONS IN SCHEMA {s}",
        ):
            admin.execute(sql.SQL("GRANT " + grant + " TO {r}").format(s=schema, t=tables, r=role))


def app(worker: Dsn, schedule: Sequence[str] = (HOURLY, MIDNIGHT)) -> procrastinate.App:
    """The jobs. in: the database as the worker's login; `schedule`: when the sweep is asked for.

    raises: ClockError for a schedule that is none.
    """
    connector = procrastinate.PsycopgConnector(
        kwargs={
            **worker.parameters(),
            "options": f"-c search_path={SCHEMA}",
            "application_name": "bloesem-worker",
        }
    )
    made = procrastinate.App(connector=connector)

    def clock(context: procrastinate.JobContext, timestamp: int) -> None:
        try:
            with connect(worker, application="bloesem-clock") as connection:
                answer = asking.wait(connection, asking.ask(connection), stop=context.should_abort)
        except BloesemError as fault:
            _log.error("%s", fault)
            raise
        _log.log(logging.INFO if answer.done else logging.ERROR, "swept: %s", answer.said)

    task = made.task(name=TASK, queueing_lock=TASK, pass_context=True)(clock)
    for cron in schedule:
        made.periodic(cron=cron, periodic_id=cron)(task)
    for planned in made.periodic_registry.periodic_tasks.values():
        try:
            _ = planned.croniter
        except ValueError as fault:
            raise ClockError(
                f"`{planned.cron}` is no schedule",
                rule="five fields (minute, hour, day, month, day of the week), and seconds as a sixth if need be",
                remedy="write it like `0 * * * *`, which is on the hour",
            ) from fault
    return made


async def serve(jobs: procrastinate.App) -> None:
    """Works until SIGTERM or SIGINT. First of all it asks for the sweep that may have been missed."""
    async with jobs.open_async():
        for (
            left
        ) in await jobs.job_manager.get_stalled_jobs():  # of a worker that was killed: this one asks anew
            await jobs.job_manager.finish_job(left, status=Status.FAILED, delete_job=True)
        with contextlib.suppress(AlreadyEnqueued):
            await jobs.configure_task(TASK, queueing_lock=TASK).defer_async(timestamp=int(time.time()))
        await jobs.run_worker_async(
            name="bloesem",
            listen_notify=False,
            delete_jobs="successful",
            fetch_job_polling_interval=POLL_SECONDS,
            shutdown_graceful_timeout=STOP_SECONDS,
        )


def _stopped(*_: object) -> None:
    raise SystemExit(0)


def main(*schedule: str) -> None:
    """The process. Exits with a message where something is in the way."""
    from bloesem.company import PREFIX

    # Until jobs are worked at, whoever says stop ends it as cleanly as afterwards.
    signal.signal(signal.SIGTERM, _stopped)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    try:
        prefix = os.environ.get("BLOESEM_PREFIX", PREFIX)
        server = dsn_from(os.environ) or Dsn.parse("postgresql:///bloesem")
        worker = Credentials.load(Path(os.environ[CREDENTIALS]), LOGIN).dsn(server, prefix)
        asyncio.run(serve(app(worker, schedule or (HOURLY, MIDNIGHT))))
    except BloesemError as fault:
        raise SystemExit(str(fault)) from None


if __name__ == "__main__":
    import sys

    main(*sys.argv[1:])

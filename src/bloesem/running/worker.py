"""The worker: periodic jobs through procrastinate, in a schema of its own, as the worker's login.

A job carries no personal data: that it is time, and nothing else. The sweep itself runs as keeper, whose credentials
this process is given; the queue never sees them.

    python -m bloesem.running.worker COMPANY_DIRECTORY
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from pathlib import Path

import procrastinate
import psycopg
from procrastinate.schema import SchemaManager
from psycopg import sql

from bloesem.clock import moment, sweep
from bloesem.errors import BloesemError
from bloesem.gate.secrets import Credentials
from bloesem.gate.settings import CREDENTIALS
from bloesem.plan.model import Plan
from bloesem.stores.dsn import Dsn, dsn_from
from bloesem.stores.postgres import Connection, connect

SCHEMA = "jobs"
LOGIN = "worker"
#: On the hour, which is also when a day begins; and just after midnight in Brussels, in winter and summer (cron is UTC).
SCHEDULE: Mapping[str, str] = {"hourly": "0 * * * *", "midnight": "1 22,23 * * *"}
_log = logging.getLogger(__name__)


def install(admin: Connection, plan: Plan) -> None:
    """The queue's tables, and the worker's rights on them; nothing when they are there."""
    if LOGIN not in plan.processes:
        return
    schema, role = sql.Identifier(SCHEMA), sql.Identifier(plan.role(LOGIN))
    with admin.transaction():
        admin.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(schema))
        there = admin.execute(
            "SELECT to_regclass(%s) IS NOT NULL", [f"{SCHEMA}.procrastinate_jobs"]
        ).fetchone()
        if there and there[0]:
            return
        admin.execute(sql.SQL("SET LOCAL search_path = {}, pg_catalog").format(schema))
        with psycopg.ClientCursor(admin) as cursor:
            cursor.execute(SchemaManager.get_schema())
        for grant in (
            "USAGE ON SCHEMA {s}",
            "SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {s}",
            "USAGE ON ALL SEQUENCES IN SCHEMA {s}",
            "EXECUTE ON ALL FUNCTIONS IN SCHEMA {s}",
        ):
            admin.execute(sql.SQL("GRANT " + grant + " TO {r}").format(s=schema, r=role))


def app(plan: Plan, keeper: Dsn, worker: Dsn, schedule: Mapping[str, str] = SCHEDULE) -> procrastinate.App:
    """The jobs. `keeper`, `worker`: the same database as these logins; `schedule`: name → cron line, in UTC."""
    connector = procrastinate.PsycopgConnector(
        kwargs={
            **worker.parameters(),
            "options": f"-c search_path={SCHEMA}",
            "application_name": "bloesem-worker",
        }
    )
    made = procrastinate.App(connector=connector)

    def clock(timestamp: int) -> None:
        try:
            with connect(keeper, application="bloesem-clock") as connection:
                now = moment(connection, plan)
                connection.commit()
                report = sweep(connection, plan, now)
        except BloesemError as fault:
            _log.error("%s", fault)
            raise
        _log.info("swept: %s", next(report.lines()))

    for name, cron in schedule.items():
        task = made.task(name=f"sweep-{name}", queueing_lock=f"sweep-{name}")(clock)
        made.periodic(cron=cron)(task)
    return made


def main(directory: str) -> None:
    import datetime as dt

    from bloesem.company import load_plan
    from bloesem.plan.dates import civil

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    plan = load_plan(Path(directory), on=civil(dt.datetime.now(dt.UTC)))
    server = dsn_from(os.environ) or Dsn.parse("postgresql:///bloesem")
    folder = Path(os.environ[CREDENTIALS])
    keeper, worker = (Credentials.load(folder, name).dsn(server, plan.prefix) for name in ("keeper", LOGIN))
    with_jobs = app(plan, keeper, worker)
    with_jobs.run_worker(
        name="bloesem", listen_notify=False, delete_jobs="successful", fetch_job_polling_interval=30
    )


if __name__ == "__main__":
    import sys

    main(sys.argv[1])

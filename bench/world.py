"""What the figures are measured on: an embedded PostgreSQL of its own in a temporary directory, safe settings on, with
the business tables, the real company's plan in force, and as many invented people as are asked for.
"""

from __future__ import annotations

import datetime as dt
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from psycopg import sql

from bench.measure import measured_on
from bloesem.clock import sweep
from bloesem.company import load_plan
from bloesem.plan.model import Plan
from bloesem.running import ready
from bloesem.stores import embedded
from bloesem.stores.embedded import EmbeddedServer
from bloesem.stores.install import install
from bloesem.stores.load import insert_select, quietly, states
from bloesem.stores.postgres import Connection, connect

ROOT = Path(__file__).parents[1]
SESSIONS = 100  # each person's, unless said otherwise
#: Ids: a person's number times this; their rows follow in tables of their own.
STEP = 1_000


@dataclass
class Secrets:
    """Passwords and scope keys of the processes' logins, for as long as a run lasts."""

    made: dict[str, str] = field(default_factory=dict)

    def password(self, login: str) -> str:
        return self.made.setdefault(login, secrets.token_urlsafe(24))

    def scope_key(self, login: str) -> bytes:
        return self.password(login).encode()[:32].ljust(32, b"x")


@dataclass
class Base:
    """A database with the plan in force."""

    server: EmbeddedServer
    name: str
    plan: Plan
    secrets: Secrets

    def connect(self, login: str | None = None) -> Connection:
        """As superuser, or as a process. In autocommit."""
        dsn = self.server.dsn(self.name)
        if login is not None:
            dsn = dsn.to(user=self.plan.role(login), password=self.secrets.password(login))
        return connect(dsn, autocommit=True, application="bloesem-bench")

    @contextmanager
    def copy(self) -> Iterator[Base]:
        """A copy of the database as it stands (nobody may be connected), read through once; dropped at the end."""
        made = Base(self.server, f"{self.name}_copy", self.plan, self.secrets)
        with connect(self.server.dsn(), autocommit=True) as admin:
            names = sql.Identifier(made.name), sql.Identifier(self.name)
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(names[0]))
            admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(*names))
            try:
                yield made
            finally:
                admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(names[0]))


@contextmanager
def server() -> Iterator[EmbeddedServer]:
    """A server with nothing in it; gone at the end. Durable as in production: never `fast`."""
    folder = Path(tempfile.mkdtemp(prefix="bloesem-bench-"))
    folder.chmod(0o755)
    try:
        with embedded.start(folder / "postgres") as running:
            yield running
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def base(on: dt.date) -> Iterator[Base]:
    """A server with one database: business tables, and the plan that is in force on that day; nobody in it."""
    with server() as running:
        made = Base(
            running, "bench", load_plan(ROOT / "company" / "blossom", on=on, prefix="bench_"), Secrets()
        )
        with connect(running.dsn(), autocommit=True) as admin:
            admin.execute("CREATE DATABASE bench")
            measured_on(admin.info.server_version)
        with made.connect() as connection:
            ready.migrate(connection, running.dsn("bench"), made.plan, "charging.settings")
            install(connection, made.plan, credentials=made.secrets)
        yield made


def migrate(url: str) -> None:
    """The business tables, where no plan is in force."""
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("BLOESEM_")},
        "BLOESEM_DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "charging.settings",
        "PYTHONPATH": str(ROOT / "src"),
    }
    command = [sys.executable, "-m", "django", "migrate", "--verbosity", "0"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"the migrations failed:\n{done.stderr[-2000:]}")


@dataclass(frozen=True)
class Crowd:
    """People numbered `first` to `last`: when their account began and ended, and how their sessions lie in time.

    Sessions come in one after another through time, everybody's turn by turn, as they do in life: one person's
    rows are scattered over the table.
    """

    first: int
    last: int
    began: dt.date
    days: int  # over how many the sessions are spread
    ended: dt.date | None = None
    sessions: int = SESSIONS
    values: int = 3  # meter values per session


def fill(connection: Connection, plan: Plan, crowds: list[Crowd], at: dt.datetime) -> None:
    """Make these people as they stood at `at` (aware): rows, facts, states and masks, and one sweep, so that
    nothing is due."""
    with connection.transaction(), quietly(connection):
        for crowd in crowds:
            for statement in _people(crowd):
                connection.execute(statement.encode())
        states(connection, plan, at)
        for crowd in crowds:
            for table, columns, query in _rows(crowd):
                insert_select(connection, plan, table, columns, sql.SQL(query), at)
    connection.execute("VACUUM (ANALYZE)")
    sweep(connection, plan, at)
    connection.execute("VACUUM (ANALYZE)")
    connection.execute("CHECKPOINT")


def _people(crowd: Crowd) -> list[str]:
    n, began = f"generate_series({crowd.first}, {crowd.last}) AS n", f"timestamptz '{crowd.began} 12:00+00'"
    ended = f"timestamptz '{crowd.ended} 12:00+00'" if crowd.ended else "NULL::timestamptz"
    last = f"timestamptz '{crowd.began}' + interval '{crowd.days} days'"
    return [
        "INSERT INTO data.person (id, recorded_at, source, customer_number, language, kind, state) "
        f"SELECT n * {STEP}, {began}, 'assigned', 'C' || n, 'nl', 'driver', 'customer' FROM {n}",
        "INSERT INTO data.account (id, person_id, recorded_at, source, opened_at, terminated_at, closed_at) "
        f"SELECT n * {STEP}, n * {STEP}, {began}, 'assigned', {began}, {ended}, {ended} FROM {n}",
        "INSERT INTO data.contact (id, person_id, recorded_at, source, channel, direction, at, about) "
        f"SELECT n * {STEP}, n * {STEP}, {last}, 'subject:klantendienst', 'email', 'inbound', {last}, 'vraag' FROM {n}",
    ]


def _rows(crowd: Crowd) -> list[tuple[str, tuple[str, ...], str]]:
    n, began = f"generate_series({crowd.first}, {crowd.last}) AS n", f"timestamptz '{crowd.began} 12:00+00'"
    who = f"n * {STEP}, n * {STEP}, {began}, 'subject:contract'"
    start = f"{began} + k * interval '{crowd.days} days' / {crowd.sessions} + (n % 600) * interval '1 minute'"
    names, families = "ARRAY['Lotte','Bram','Camille','Hugo']", "ARRAY['Zwaenepoel','Roosemond','Noirval']"
    meter = f"(SELECT string_agg((6000 + v * 70)::text, ',') FROM generate_series(1, {crowd.values}) AS v)"
    return [
        (
            "person_name",
            ("id", "person_id", "recorded_at", "source", "given_name", "family_name"),
            f"SELECT {who}, ({names})[1 + n % 4], ({families})[1 + n % 3] FROM {n}",
        ),
        (
            "email_address",
            ("id", "person_id", "recorded_at", "source", "value", "value_norm", "collected_at"),
            f"SELECT {who}, 'p' || n || '@post.example', 'p' || n || '@post.example', {began} FROM {n}",
        ),
        (
            "session",
            (
                "id",
                "person_id",
                "recorded_at",
                "employer_id",
                "started_at",
                "stopped_at",
                "place",
                "state",
                "energy_wh",
                "amount_cents",
                "accounted_on",
                "meter_values",
            ),
            # An id grows with time, as drawn ones do.
            f"SELECT (extract(epoch FROM at)::bigint << 22) + n * 2048 + k, n * {STEP}, at, 1 + n % 12, at, at + interval '3 hours', "
            "'Gent', 'settled', 6000 + (n * 31 + k * 17) % 40000, 180 + (n * 31 + k * 17) % 1200, "
            "(date_trunc('month', at) + interval '1 month - 1 day')::date, m.meter "
            f"FROM (SELECT n, k, {start} AS at FROM generate_series(1, {crowd.sessions}) AS k, {n} ORDER BY k, n) AS each, "
            f"(SELECT convert_to('[' || {meter} || ']', 'UTF8') AS meter) AS m",
        ),
    ]

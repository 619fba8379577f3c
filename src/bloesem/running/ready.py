"""What stands before the first page: database, business tables, the plan in force, invented people, a first sweep."""

from __future__ import annotations

import datetime as dt
import hashlib
import importlib
import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from psycopg import sql

from bloesem.cases import tables as cases
from bloesem.cases import words
from bloesem.clock import moment, sweep
from bloesem.company import Loaded
from bloesem.errors import ClockError, PlanError, StoreError
from bloesem.gate.secrets import CredentialsDirectory
from bloesem.ledger import restored
from bloesem.ledger.journal import Journal
from bloesem.plan.model import Plan
from bloesem.plan.quoting import ident
from bloesem.plan.sql import gate
from bloesem.policy.company import Company
from bloesem.publishing import tables as publications
from bloesem.publishing.steps import require_published
from bloesem.rights.keys import Keys
from bloesem.running import worker
from bloesem.running.home import Home
from bloesem.sending import ready as sending
from bloesem.stores.dsn import Dsn
from bloesem.stores.install import install
from bloesem.stores.postgres import Connection, connect
from bloesem.terms import counted

DATABASE = "bloesem"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Ready:
    """A database with everything in it, and the plan that is in force there. `demo`: its people are invented."""

    dsn: Dsn
    plan: Plan
    company: Company
    demo: bool


def create_database(server: Dsn) -> Dsn:
    """The system's own database on an embedded server; made when it is not there."""
    with connect(server, autocommit=True) as admin:
        if not admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
            admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
    return server.to(DATABASE)


def make_ready(dsn: Dsn, loaded: Loaded, home: Home, *, demo: bool, size: int, say: Say) -> Ready:
    """Brings a database to where pages can be served; what is done already takes no time.

    in: the administrator's address; the company with its plan; `demo`: fill an empty database with `size` people.
    raises: what each step raises; each step is whole or not at all, so that the next start goes on.
    """
    plan, company = loaded.plan, loaded.company
    with connect(dsn, autocommit=True) as admin:
        if company.application:
            mark = _migrations(company.application, dsn)
            if home.migrated() != mark or _has_no_tables(admin, plan):
                say("business tables")
                migrate(admin, dsn, plan, company.application)
                home.set_migrated(mark)
        say(f"the policy of {plan.version} into the database")
        require_published(admin, plan)
        install(admin, plan, credentials=CredentialsDirectory(home.credentials))
        publications.install(admin, plan)
        worker.install(admin, plan)
        sending.install(admin, loaded)
        if loaded.company.messages is not None:
            cases.install(admin, plan)
            words.publish(admin, ident(plan.schema), Keys.at(home.credentials))
        invented = _is_demonstration(admin, plan)
        if demo and not invented and _is_empty(admin, plan):
            say(f"{counted(size, 'invented person', 'invented people')} with ten years of history")
            _demonstrate(admin, plan, company, size)
            invented = True
        if demo and invented and company.accounts:
            module, _, function = company.accounts.partition(":")
            getattr(importlib.import_module(module), function)(admin, plan, at=dt.datetime.now(dt.UTC))
        _again(admin, loaded, home, say)
        say("what the clock says must go today")
        _first_sweep(admin, plan, say)
    return Ready(dsn, plan, company, demo and invented)


def migrate(admin: Connection, dsn: Dsn, plan: Plan, application: str) -> None:
    """The application's migrations, as the owner of the tables, in a process of their own."""
    owner = sql.Identifier(plan.role("owner"))
    for statement in gate.roles(plan)[:1]:
        admin.execute(statement.sql)
    admin.execute(gate.taken_on(plan.role("owner")))
    for schema in sorted({t.schema for t in plan.tables} | {t.schema for t in plan.open_tables if t.used_by}):
        admin.execute(
            sql.SQL("CREATE SCHEMA IF NOT EXISTS {} AUTHORIZATION {}").format(sql.Identifier(schema), owner)
        )
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith("BLOESEM_")},
        "BLOESEM_DATABASE_URL": dsn.url(),
        "DJANGO_SETTINGS_MODULE": application,
    }
    done = subprocess.run(
        [sys.executable, "-m", "bloesem.running.migrate", plan.role("owner")],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["nothing"])[-1]
        raise StoreError(
            f"the migrations of {application} failed: {last}",
            rule="each migration is applied whole or not at all",
            remedy=f"mend it, then start again; see all of it with: python -m django migrate (settings {application})",
        )


def _migrations(application: str, dsn: Dsn) -> str:
    """A name for the application's migrations as they lie on disk: while it stays, there is nothing to migrate."""
    found = importlib.util.find_spec(application.partition(".")[0])
    folders = [Path(f) for f in (found.submodule_search_locations or [])] if found else []
    files = sorted(file for folder in folders for file in folder.glob("**/migrations/*.py"))
    lines = [f"{dsn} {file} {file.stat().st_size} {file.stat().st_mtime_ns}" for file in files]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _has_no_tables(admin: Connection, plan: Plan) -> bool:
    names = [f"{t.schema}.{t.name}" for t in plan.tables]
    names += [f"{t.schema}.{t.name}" for t in plan.open_tables if t.used_by]
    found = admin.execute(
        "SELECT bool_or(to_regclass(n) IS NULL) FROM unnest(%s::text[]) AS n", [names]
    ).fetchone()
    return bool(found and found[0])


def _is_empty(admin: Connection, plan: Plan) -> bool:
    return not admin.execute(f"SELECT 1 FROM {ident(plan.schema)}.state LIMIT 1").fetchone()


def _is_demonstration(admin: Connection, plan: Plan) -> bool:
    """Whether the people there are ours: said by the act that loading them left."""
    found = admin.execute(f"SELECT 1 FROM {ident(plan.schema)}.act WHERE kind = 'demonstration' LIMIT 1")
    return found.fetchone() is not None


def require_demonstration(company: Company) -> str:
    """What invents the company's people. raises: PlanError when nothing does."""
    if company.demonstration is None:
        raise PlanError(
            f"{company.directory} names no demonstration",
            rule="invented people come from the company's own application",
            remedy="write `demonstration: module:function` in bloesem.yaml, or start with --no-demo",
        )
    return company.demonstration


def _demonstrate(admin: Connection, plan: Plan, company: Company, size: int) -> None:
    """Calls what the company's file names: `module:function(connection, at=, people=, noted=) -> {name: person id}`."""
    from bloesem.console import diary
    from bloesem.console.jobs import name_cases
    from bloesem.ledger import record_act

    if company.application:  # its tables are its models
        import django

        os.environ["DJANGO_SETTINGS_MODULE"] = company.application
        django.setup(set_prefix=False)
    module, _, function = require_demonstration(company).partition(":")
    fill = getattr(importlib.import_module(module), function)
    now = moment(admin, plan)
    with admin.transaction():
        named: Mapping[str, int] = fill(
            admin, at=now, people=size, noted=lambda people: diary.note(admin, plan, people.values())
        )
        name_cases(admin, plan, named)
        admin.execute(f"ALTER TABLE {ident(plan.schema)}.console_case OWNER TO {ident(plan.role('keeper'))}")
        record_act(admin, "demonstration", now, counts={"people": size}, schema=plan.schema)
    admin.execute("ANALYZE")


def _again(admin: Connection, loaded: Loaded, home: Home, say: Say) -> None:
    """Before the first page: what people asked since a back-up, where one was put back (P-107). raises: LedgerError."""
    journal = Journal.at(home.journal, loaded.plan.company, Keys.at(home.credentials))
    deadlines = loaded.company.record.deadlines
    done = restored.keep(admin, loaded.plan, journal, deadlines.backups_kept if deadlines else None)
    for line in [
        *(done.lines() if done.behind or done.lost else ()),
        *restored.told(restored.broken(admin, loaded.plan, journal)),
    ]:
        say(line)


def _first_sweep(admin: Connection, plan: Plan, say: Say) -> None:
    try:
        report = sweep(admin, plan, moment(admin, plan))
    except ClockError as fault:
        say(f"not swept: {fault.thing}")  # the pages show what is overdue; nothing of it can be read
        return
    if report.rows_deleted or report.values_erased:
        say(f"{counted(report.rows_deleted, 'row')} and {counted(report.values_erased, 'value')} went")

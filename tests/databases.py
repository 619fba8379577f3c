"""Databases for tests: each its own name and role prefix, so that tests run side by side on one server."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Hashable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

import pytest
from psycopg import sql
from tests import old_servers

from bloesem.stores import embedded
from bloesem.stores.dsn import Dsn
from bloesem.stores.embedded import EmbeddedServer
from bloesem.stores.postgres import FOREIGN, Connection, connect

_numbers = itertools.count(1)
T = TypeVar("T")
#: Files in memory, and how much of it must be free (bytes).
MEMORY, ROOM = Path("/dev/shm"), 8 << 30
#: Server (its folder) and what was made there → the model, and what its maker knows of it.
_models: dict[tuple[str, Hashable], tuple[Database, Any]] = {}


@dataclass(frozen=True, slots=True)
class Database:
    """A database for one test (or module). Roles belong to the whole server, so name them with `role`."""

    name: str
    server: EmbeddedServer
    role_prefix: str

    @property
    def dsn(self) -> Dsn:
        """The superuser's address of this database."""
        return self.server.dsn(self.name)

    def role(self, name: str) -> str:
        """in: a short name. out: a role name that is this database's alone; dropped with it."""
        return f"{self.role_prefix}{name}"

    def connect(
        self, *, user: str | None = None, password: str | None = None, autocommit: bool = False
    ) -> Connection:
        """A connection as superuser, or as another user with that user's password."""
        dsn = self.dsn if user is None else self.dsn.to(user=user, password=password)
        return connect(dsn, autocommit=autocommit, application="bloesem-test", oldest=FOREIGN)


def chosen_versions(config: pytest.Config) -> tuple[int, ...]:
    """The versions that --pg names: everything runs on the first, tests marked both_servers on each."""
    chosen = str(config.getoption("--pg"))
    return (18, 16) if chosen == "both" else tuple(int(version) for version in chosen.split(","))


class DatabaseMaker(Protocol):
    def __call__(self, *, template: Database | str | None = None) -> Database: ...


@dataclass(slots=True)
class Servers:
    """The servers of one test run, by version: the embedded ones, and those of `old_servers`."""

    folder: Path
    programs: Path
    stack: ExitStack
    running: dict[int, EmbeddedServer] = field(default_factory=dict)

    def get(self, version: int) -> EmbeddedServer:
        """The server of this version, started on the first call."""
        if version not in self.running:
            old = version in old_servers.VERSIONS
            bin_dir = old_servers.unpack(version, self.programs / f"programs{version}") if old else None
            server = embedded.start(self.folder / f"pg{version}", version, fast=True, bin_dir=bin_dir)
            self.running[version] = self.stack.enter_context(server)
        return self.running[version]

    @classmethod
    @contextmanager
    def below(cls, factory: pytest.TempPathFactory) -> Iterator[Servers]:
        """Puts the servers' programs below pytest's folder, or, as root, where their own user can come too; and their
        data in memory where there is room: a database is a thousand files, and copied hundreds of times."""
        programs = factory.mktemp("servers") if os.geteuid() != 0 else open_folder()
        with ExitStack() as stack:
            stack.callback(shutil.rmtree, programs, ignore_errors=True)
            folder = programs
            if _roomy(MEMORY):
                folder = open_folder(MEMORY)
                stack.callback(shutil.rmtree, folder, ignore_errors=True)
            yield cls(folder, programs, stack)


def _roomy(folder: Path) -> bool:
    """Whether a process of the run finds room for its servers there, and the other processes too."""
    try:
        return os.access(folder, os.W_OK | os.X_OK) and shutil.disk_usage(folder).free > ROOM
    except OSError:
        return False


def open_folder(within: Path | None = None) -> Path:
    """A new temporary folder that every user may enter; the caller removes it."""
    folder = Path(tempfile.mkdtemp(prefix="bloesem-test-", dir=within))
    folder.chmod(0o755)
    return folder


@contextmanager
def databases_on(server: EmbeddedServer) -> Iterator[DatabaseMaker]:
    """out: a function that makes databases on this server; at the end they and their roles are dropped."""
    made: list[Database] = []

    def make(*, template: Database | str | None = None) -> Database:
        source = template.name if isinstance(template, Database) else template or "template0"
        number = next(_numbers)
        database = Database(f"test_{os.getpid()}_{number}", server, f"t{os.getpid()}_{number}_")
        _create(database, source)
        made.append(database)
        return database

    try:
        yield make
    finally:
        for database in reversed(made):
            drop(database)


def as_made(database: Database, what: Hashable, make: Callable[[Database], T]) -> tuple[Database, T]:
    """A database that takes long to make is made once on each server, and copied from then on.

    in: an empty database that nobody is connected to; `make`: fills one and tells what it knows of it, leaving nobody
    connected either. out: the same database as a copy, with the roles of the model, which all its copies share: a test
    that changes a role makes a database of its own.
    """
    where = (str(database.server.data_dir), what)
    if where not in _models:
        number = next(_numbers)
        model = Database(f"model_{os.getpid()}_{number}", database.server, f"m{os.getpid()}_{number}_")
        _create(model, "template0")
        _models[where] = model, make(model)
    model, known = _models[where]
    with connect(database.server.dsn(), autocommit=True, oldest=FOREIGN) as admin:
        admin.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(database.name)))
    _create(database, model.name)
    with connect(database.server.dsn(), autocommit=True, oldest=FOREIGN) as admin:
        # What may be done in a database is written beside it, and not copied with it.
        name = sql.Identifier(database.name)
        admin.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
        granted = admin.execute(
            "SELECT a.grantee::regrole::text, a.privilege_type FROM pg_database d, aclexplode(COALESCE(d.datacl,"
            " acldefault('d', d.datdba))) a WHERE d.datname = %s",
            [model.name],
        ).fetchall()
        for grantee, right in granted:
            to = sql.SQL("PUBLIC") if grantee == "-" else sql.SQL(grantee)
            admin.execute(sql.SQL("GRANT {} ON DATABASE {} TO {}").format(sql.SQL(right), name, to))
    return replace(model, name=database.name), known


def forget_model(database: Database, what: Hashable) -> None:
    """A test changed what all copies share, their roles: the next copy is of a new model."""
    _models.pop((str(database.server.data_dir), what), None)


def _create(database: Database, template: str) -> None:
    with connect(database.server.dsn(), autocommit=True, oldest=FOREIGN) as admin:
        admin.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(database.name), sql.Identifier(template)
            )
        )


def drop(database: Database) -> None:
    """Drops the database, whoever is still connected, and the roles that bear its prefix."""
    with connect(database.server.dsn(), autocommit=True, oldest=FOREIGN) as admin:
        force = sql.SQL("WITH (FORCE)")
        if database.server.version < 13:  # it waits for who was told to go
            leave = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
            admin.execute(leave, [database.name])
            force = sql.SQL("")
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} {}").format(sql.Identifier(database.name), force))
        roles = admin.execute(
            # Who made roles and let others into them goes last.
            "SELECT rolname FROM pg_roles WHERE starts_with(rolname::text, %s) ORDER BY rolcreaterole",
            [database.role_prefix],
        ).fetchall()
        for (role,) in roles:
            admin.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))

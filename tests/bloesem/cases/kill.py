"""A database server that may be killed: a copy of the run's own, in a folder and with a process of its own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import psycopg
from psycopg import sql
from tests.bloesem.cases.conftest import World
from tests.databases import MEMORY, Database, open_folder

from bloesem.cases.clerk import Clerk
from bloesem.errors import StoreError
from bloesem.stores import embedded
from bloesem.stores.embedded import EmbeddedServer

#: As a machine's owner does it (SIGKILL), and as one who is in a hurry (an immediate stop).
WAYS = (signal.SIGKILL, signal.SIGQUIT)


@dataclass
class Mortal:
    """in: the folder of a stopped copy; `origin`: the world that was copied."""

    folder: Path
    server: EmbeddedServer
    origin: World
    world: World

    @classmethod
    def of(cls, folder: Path, origin: World) -> Mortal:
        server = embedded.start(folder, origin.stage.database.server.version, fast=True)
        made = cls(folder, server, origin, origin)
        made._opened()
        name = sql.Identifier(made.world.stage.database.name)
        # What was committed is there after a crash, which the run's servers do not promise.
        made.world.admin.execute(sql.SQL("ALTER DATABASE {} SET synchronous_commit = on").format(name))
        made.again()
        return made

    def _opened(self) -> None:
        database = replace(self.origin.stage.database, server=self.server)
        stage = replace(self.origin.stage, database=database)
        admin, keeper = database.connect(autocommit=True), stage.keeper.open(autocommit=True)
        clerk = Clerk(keeper, self.origin.loaded, self.origin.keys)
        self.world = replace(self.origin, stage=stage, admin=admin, clerk=clerk)

    def kill(self, way: signal.Signals) -> None:
        """The server is gone, with every process of its own, when this returns."""
        number = self.server.pid
        assert number is not None
        family = [one := psutil.Process(number), *one.children()]
        os.kill(number, way)
        _, alive = psutil.wait_procs(family, timeout=20)
        assert not alive, "a server that was killed lives on"

    def again(self) -> None:
        """The server runs, whatever became of it, and nobody is connected as before."""
        for connection in (self.world.admin, self.world.clerk.connection):
            with suppress(psycopg.Error):
                connection.close()
        for attempt in range(40):
            try:
                self.server = embedded.start(self.folder, self.server.version, fast=True)
                self._opened()
                return
            except (StoreError, psycopg.OperationalError):
                assert attempt < 39, "the server does not come back"
                time.sleep(0.25)


@contextmanager
def mortal(world: World) -> Iterator[Mortal]:
    """A copy of the world's server as it stands; it goes at the end."""
    source: Database = world.stage.database
    home = open_folder(MEMORY if os.access(MEMORY, os.W_OK) else None)
    folder = home / "pg"
    try:
        with source.connect(autocommit=True) as admin:
            admin.execute("SELECT pg_backup_start('faults', true)")
            _copied(source.server.data_dir, folder)
            row = admin.execute("SELECT labelfile FROM pg_backup_stop(false)").fetchone()
        _copied(source.server.data_dir / "cluster" / "pg_wal", folder / "cluster" / "pg_wal")
        for name in ("postmaster.pid", "postmaster.opts"):
            (folder / "cluster" / name).unlink(missing_ok=True)
        assert row is not None
        label = folder / "cluster" / "backup_label"
        label.write_text(row[0])
        status = (folder / "cluster" / "PG_VERSION").stat()
        os.chown(label, status.st_uid, status.st_gid)
        made = Mortal.of(folder, world)
        try:
            yield made
        finally:
            for connection in (made.world.admin, made.world.clerk.connection):
                with suppress(psycopg.Error):
                    connection.close()
            made.server.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _copied(source: Path, target: Path) -> None:
    """Whose files they are stays; what is gone meanwhile is nobody's."""
    done = subprocess.run(
        ["cp", "-a", f"{source}/.", str(target)], capture_output=True, text=True, check=False
    )
    lines = [one for one in done.stderr.splitlines() if "No such file or directory" not in one]
    assert not lines, lines[:3]

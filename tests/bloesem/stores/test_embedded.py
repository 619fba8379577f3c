"""The embedded PostgreSQL: it starts for anybody, keeps its data, lets nobody in without a password."""

from __future__ import annotations

import errno
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from tests.databases import open_folder

from bloesem.errors import StoreError
from bloesem.stores import embedded, owner
from bloesem.stores.embedded import EmbeddedServer, ServerVersion
from bloesem.stores.postgres import connect


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A place for a server of the test's own; whatever still runs there at the end is stopped."""
    folder = open_folder()
    yield folder / "data"
    stop_leftover(folder / "data")
    shutil.rmtree(folder)


def stop_leftover(data_dir: Path) -> None:
    pid = embedded._running_pid(data_dir / "cluster")
    if pid is not None:
        os.kill(pid, signal.SIGQUIT)
        psutil.wait_procs([process for process in psutil.process_iter() if process.pid == pid], timeout=10)


def kill(server: EmbeddedServer) -> None:
    """The machine loses its power: no process of the server can tidy up."""
    assert server.pid is not None
    postmaster = psutil.Process(server.pid)
    processes = [postmaster, *postmaster.children(recursive=True)]
    for process in processes:
        process.kill()
    psutil.wait_procs(processes, timeout=10)


@pytest.mark.parametrize("version", [18, 16])
def test_it_runs_as_an_ordinary_user_on_each_version(data_dir: Path, version: ServerVersion) -> None:
    with embedded.start(data_dir, version, fast=True) as server:
        assert server.pid is not None
        assert psutil.Process(server.pid).uids().real == server.owner.uid != 0
        with connect(server.dsn()) as connection:
            assert connection.info.server_version // 10000 == version
            rows = connection.execute(
                "SELECT name, setting FROM pg_settings WHERE name IN"
                " ('listen_addresses', 'password_encryption', 'TimeZone', 'log_statement')"
            ).fetchall()
    assert dict(rows) == {
        "listen_addresses": "",
        "password_encryption": "scram-sha-256",
        "TimeZone": "UTC",
        "log_statement": "none",
    }
    assert server.pid is None


AS_ORDINARY_USER = """
import os, sys
from pathlib import Path
from bloesem.stores import embedded, owner, postgres

data_dir = Path(sys.argv[1])
if os.geteuid() == 0:
    # Root may keep Python and the packages where nobody else can read them: load and place first, then leave.
    bin_dir = owner.programs(18, owner.owner_of(data_dir))
    embedded.programs = lambda version, owner: bin_dir
    os.setgroups([])
    os.setgid(int(sys.argv[3]))
    os.setuid(int(sys.argv[2]))
with embedded.start(data_dir, fast=True) as server:
    with postgres.connect(server.dsn()) as connection:
        print(connection.execute("SELECT 6 * 7").fetchone()[0], server.owner.uid == os.getuid() != 0)
"""


def test_an_ordinary_user_starts_and_stops_it_too() -> None:
    """Runs the adapter in a process of an ordinary user, though the tests themselves may run as root."""
    folder = open_folder()
    nobody = pwd.getpwnam("nobody")
    if os.geteuid() == 0:
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    arguments = [str(folder / "data"), str(nobody.pw_uid), str(nobody.pw_gid)]
    try:
        done = subprocess.run(
            [sys.executable, "-c", AS_ORDINARY_USER, *arguments], capture_output=True, text=True, check=False
        )
    finally:
        shutil.rmtree(folder)
    assert done.stderr == ""
    assert done.stdout.split() == ["42", "True"]


def test_a_second_start_keeps_the_data(data_dir: Path) -> None:
    with embedded.start(data_dir, fast=True) as server, connect(server.dsn()) as connection:
        connection.execute("CREATE TABLE tariff AS SELECT 27 AS cents")
    with embedded.start(data_dir, fast=True) as server, connect(server.dsn()) as connection:
        assert server.started_here
        assert connection.execute("SELECT cents FROM tariff").fetchone() == (27,)


def test_a_running_server_is_attached_to_and_left_running(data_dir: Path) -> None:
    with embedded.start(data_dir, fast=True) as first:
        with embedded.start(data_dir, fast=True) as second:
            assert not second.started_here
            assert second.dsn() == first.dsn()
        assert first.pid is not None


def test_stop_is_clean_and_may_be_repeated(data_dir: Path) -> None:
    server = embedded.start(data_dir, fast=True)
    held = connect(server.dsn())
    server.stop()
    server.stop()
    held.close()
    assert server.pid is None
    assert not server.socket_dir.exists()
    assert not (data_dir / "cluster" / "postmaster.pid").exists()
    assert "database system is shut down" in (data_dir / "server.log").read_text()


def test_no_password_but_the_right_one_opens_it(data_dir: Path) -> None:
    with embedded.start(data_dir, fast=True) as server:
        for wrong in ("guess-of-a-stranger", None):
            with pytest.raises(StoreError, match="refuses the login of postgres") as refused:
                connect(replace(server.dsn(), password=wrong))
            assert server.password not in str(refused.value)
            assert "guess-of-a-stranger" not in str(refused.value)
        with connect(server.dsn()) as connection:
            stored = connection.execute("SELECT rolpassword FROM pg_authid WHERE rolname = 'postgres'")
            row = stored.fetchone()
            assert row is not None
            assert row[0].startswith("SCRAM-SHA-256$")
    password_file = data_dir / "superuser.password"
    assert password_file.stat().st_mode & 0o777 == 0o600
    assert data_dir.stat().st_mode & 0o777 == 0o700


def test_no_value_reaches_the_server_log(data_dir: Path) -> None:
    with embedded.start(data_dir, fast=True) as server, connect(server.dsn(), autocommit=True) as connection:
        connection.execute("CREATE TABLE person (email text UNIQUE)")
        for _ in range(2):
            try:
                connection.execute("INSERT INTO person VALUES (%s)", ["an@example.org"])
            except Exception as error:
                assert "duplicate key" in str(error)  # noqa: PT017 - the log is what is tested
    assert "an@example.org" not in (data_dir / "server.log").read_text()


def test_it_recovers_from_a_crash(data_dir: Path, caplog: pytest.LogCaptureFixture) -> None:
    server = embedded.start(data_dir)
    with connect(server.dsn()) as connection:
        connection.execute("CREATE TABLE tariff AS SELECT 27 AS cents")
    kill(server)
    assert (data_dir / "cluster" / "postmaster.pid").exists()
    with embedded.start(data_dir) as again, connect(again.dsn()) as connection:
        assert connection.execute("SELECT cents FROM tariff").fetchone() == (27,)
    assert "was not stopped last time" in caplog.text


def test_a_left_over_pid_that_now_is_another_program_does_not_stop_it(data_dir: Path) -> None:
    embedded.start(data_dir, fast=True).stop()
    pid_file = data_dir / "cluster" / "postmaster.pid"
    lines = [str(os.getpid()), str(data_dir / "cluster"), "1700000000", "5432", "/tmp", "", "0 0", "ready"]
    pid_file.write_text("\n".join(lines) + "\n")
    with embedded.start(data_dir, fast=True) as server:
        assert server.started_here


def test_another_version_of_the_data_is_refused(data_dir: Path) -> None:
    embedded.start(data_dir, 16, fast=True).stop()
    with pytest.raises(StoreError, match="holds data of PostgreSQL 16, not 18") as refused:
        embedded.start(data_dir, 18)
    assert "version 16" in refused.value.remedy


def test_damaged_files_are_named_as_such(data_dir: Path) -> None:
    embedded.start(data_dir, fast=True).stop()
    (data_dir / "cluster" / "global" / "pg_control").write_bytes(b"\0" * 8192)
    with pytest.raises(StoreError, match="damaged or incomplete") as refused:
        embedded.start(data_dir)
    assert "backup" in refused.value.remedy


def test_a_full_disk_is_named_as_such(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(embedded, "_write_private", full)
    with pytest.raises(StoreError, match="the disk is full") as refused:
        embedded.start(data_dir)
    assert "free some space" in refused.value.remedy


def test_a_folder_of_somebody_else_is_refused(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data_dir.mkdir()
    real = data_dir.stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: real + 4242)
    with pytest.raises(StoreError, match="belongs to another user"):
        owner.owner_of(data_dir)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands the server to another user")
def test_root_is_told_when_the_server_cannot_reach_its_folder(data_dir: Path) -> None:
    closed = data_dir.parent / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(StoreError, match=f"{closed} is closed to it"):
        embedded.start(closed / "data")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has places that the server's user cannot read")
def test_programs_in_a_closed_place_are_copied_not_opened(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shared = data_dir.parent / "programs"
    monkeypatch.setattr(owner, "_SHARED_PROGRAMS", shared)
    monkeypatch.setattr(owner, "_reachable_by_others", lambda _: False)
    with embedded.start(data_dir, fast=True) as server, connect(server.dsn()) as connection:
        assert server.bin_dir.is_relative_to(shared)
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_long_data_path_gets_a_short_socket(data_dir: Path) -> None:
    deep = data_dir.joinpath(*["a-folder-with-a-rather-long-name"] * 5)
    with embedded.start(deep, fast=True) as server, connect(server.dsn()) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
        assert len(str(server.socket_dir)) < 60


USED = """
import signal, sys, time
from pathlib import Path
signal.signal(signal.SIGINT, signal.default_int_handler)  # what runs behind a shell's `&` does not hear it
from bloesem import cli
from bloesem.commands import plan
from bloesem.stores import embedded

def run(arguments):
    print("begun", flush=True)
    with embedded.start(arguments.folder, fast=True):
        time.sleep(0.4)
    return 0

plan.configure, plan.run = lambda parser: parser.add_argument("folder", type=Path), run
sys.exit(cli.main(["plan", sys.argv[1]]))
"""


def servers_of(data_dir: Path) -> list[psutil.Process]:
    """Every postmaster of that directory, whether its pid file says so or not."""
    found = []
    for process in psutil.process_iter():
        try:
            if str(data_dir / "cluster") in process.cmdline() and "postgres" in process.name():
                found.append(process)
        except psutil.Error:
            continue
    return found


@pytest.mark.parametrize("made", [True, False])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("terminal", [True, False])
def test_whoever_is_stopped_at_any_moment_of_the_start_leaves_no_server(
    data_dir: Path, made: bool, number: signal.Signals, terminal: bool
) -> None:
    """A terminal sends its signal to everybody in it, `kill` to the one."""
    if made:
        embedded.start(data_dir, fast=True).stop()
    for moment in (0.0, 0.03, 0.08, 0.15) if made else (0.2, 0.6):
        with subprocess.Popen(
            [sys.executable, "-c", USED, str(data_dir)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        ) as process:  # fmt: skip
            assert process.stdout is not None
            assert process.stdout.readline() == "begun\n"
            time.sleep(moment)
            (os.killpg if terminal else os.kill)(process.pid, number)
            _, said = process.communicate(timeout=30)
        assert process.returncode == 128 + number, said
        assert said.startswith("stopped")
        _, alive = psutil.wait_procs(servers_of(data_dir), timeout=5)
        assert not alive, moment
    with embedded.start(data_dir, fast=True) as server, connect(server.dsn()) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)


def test_of_those_who_use_it_at_the_same_time_the_last_one_stops_it(data_dir: Path) -> None:
    with embedded.start(data_dir, fast=True) as second:
        with subprocess.Popen([sys.executable, "-c", USED, str(data_dir)], stdout=subprocess.PIPE) as process:
            process.communicate()
        assert second.pid is not None
        second.stop()
        with ExitStack() as stack:
            with embedded.start(data_dir, fast=True) as first:
                stack.enter_context(embedded.start(data_dir, fast=True))
            assert first.started_here
            with connect(first.dsn()) as connection:
                assert connection.execute("SELECT 1").fetchone() == (1,)
        assert first.pid is None

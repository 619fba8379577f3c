"""What a process needs to be let in: its login's password, and the key that signs its scopes. One directory per process.

    <directory>/<login>.password     random, 0600
    <directory>/<login>.scope-key    32 random bytes in hexadecimal, 0600; PostgreSQL keeps the same in `scope_key`

Neither is ever in the environment, in a log or in the repository. A web process is given its own two files and no other.
"""

from __future__ import annotations

import os
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path

from bloesem.errors import GateError
from bloesem.stores.dsn import Dsn

KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Credentials:
    """A login of the cluster (its short name, as in the record: `portal`), its password and its scope key."""

    login: str
    password: str = field(repr=False)
    scope_key: bytes = field(repr=False)

    @classmethod
    def new(cls, login: str) -> Credentials:
        """Fresh random ones, on no disk."""
        return cls(login, secrets.token_urlsafe(32), secrets.token_bytes(KEY_BYTES))

    @classmethod
    def create(cls, directory: Path, login: str) -> Credentials:
        """Those on disk, made on the first call: 0600, in a directory that only the caller's user enters."""
        if (directory / f"{login}.password").exists() and (directory / f"{login}.scope-key").exists():
            return cls.load(directory, login)
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = cls.new(login)
        _write(directory / f"{login}.password", made.password)
        _write(directory / f"{login}.scope-key", made.scope_key.hex())
        return made

    @classmethod
    def load(cls, directory: Path, login: str) -> Credentials:
        """Those on disk. Raises `GateError` when a file is missing, damaged, or open to other users."""
        password = _read(directory / f"{login}.password")
        try:
            key = bytes.fromhex(_read(directory / f"{login}.scope-key"))
        except ValueError:
            key = b""
        if not password or len(key) != KEY_BYTES:
            raise GateError(
                f"the credentials of `{login}` in {directory} are damaged",
                "a login has a password and a scope key of 32 bytes",
                f"remove {login}.password and {login}.scope-key and install again: both are made anew",
            )
        return cls(login, password, key)

    def dsn(self, server: Dsn, prefix: str = "bloesem_") -> Dsn:
        """The same database, as this login. `prefix`: of the cluster's roles (`plan.prefix`)."""
        return server.to(user=prefix + self.login, password=self.password)


def _write(file: Path, text: str) -> None:
    """Whole or not at all, and never readable by others, not even for a moment."""
    part = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as out:
            out.write(text + "\n")
        part.replace(file)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _read(file: Path) -> str:
    try:
        mode = file.stat().st_mode
        text = file.read_text().strip()
    except OSError as error:
        raise GateError(
            f"{file} cannot be read: {error.strerror}",
            "each process has the files of its own login, and no other",
            "install the plan (it makes them), or start the process as the user who owns them",
        ) from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise GateError(f"{file} is open to other users", "credentials are 0600", f"chmod 600 {file}")
    return text


@dataclass(frozen=True, slots=True)
class CredentialsDirectory:
    """All logins' credentials, for whoever installs: made when first asked for."""

    directory: Path

    def password(self, login: str) -> str:
        return Credentials.create(self.directory, login).password

    def scope_key(self, login: str) -> bytes:
        return Credentials.create(self.directory, login).scope_key

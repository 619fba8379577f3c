"""Where a running system keeps what is its own: the embedded database, credentials, logs."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bloesem.errors import StoreError
from bloesem.stores.embedded import DEFAULT_VERSION, default_data_dir
from bloesem.stores.owner import owner_of, require_reachable


@dataclass(frozen=True)
class Home:
    """One directory. `database`: of the embedded server; `credentials`: of all logins, only the installer's."""

    directory: Path

    @classmethod
    def at(cls, directory: Path | None, *, embedded: bool = True) -> Home:
        """in: what `--data` says, by default the place where the embedded database lives; whether it will live there.

        raises: StoreError when we may not write there, or the database's user cannot enter."""
        found = (directory or default_data_dir().parent).expanduser().absolute()
        try:
            if embedded:
                require_reachable(found, owner_of(found / f"postgres-{DEFAULT_VERSION}"))
            found.mkdir(mode=0o755, parents=True, exist_ok=True)
            for name in ("credentials", "doors", "logs", "outbox", "inbox", "privacy", "journal"):
                (found / name).mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"{found} cannot be used: {error.strerror}",
                rule="the database, the credentials and the logs of the system live there",
                remedy="name a directory that you may write to: bloesem up --data DIR",
            ) from error
        return cls(found)

    @property
    def database(self) -> Path:
        return self.directory / f"postgres-{DEFAULT_VERSION}"

    @property
    def credentials(self) -> Path:
        return self.directory / "credentials"

    @property
    def outbox(self) -> Path:
        """Messages that no mail server takes, while none is named."""
        return self.directory / "outbox"

    def log(self, name: str) -> Path:
        return self.directory / "logs" / f"{name}.log"

    def secret(self) -> str:
        """The key that signs the pages' cookies; made once."""
        file = self.credentials / "django.secret"
        if not file.exists():
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as out:
                out.write(secrets.token_urlsafe(48))
        return file.read_text().strip()

    def migrated(self) -> str | None:
        """The migrations that were applied last, by name."""
        file = self.directory / "migrated"
        return file.read_text().strip() if file.exists() else None

    def set_migrated(self, mark: str) -> None:
        (self.directory / "migrated").write_text(mark + "\n")

    @property
    def inbox(self) -> Path:
        """What a mail server leaves here came back to an address of ours."""
        return self.directory / "inbox"

    @property
    def privacy(self) -> Path:
        """The privacy mailbox where no mail server is named: each .eml file in it is a mail that arrived."""
        return self.directory / "privacy"

    @property
    def journal(self) -> Path:
        """What is done again when a back-up of the database is put back: never in the database's own back-up."""
        return self.directory / "journal"

    @property
    def mailbox_memory(self) -> Path:
        """What of the privacy mailbox was handed over already."""
        return self.directory / "mailbox.memory"

    def door(self, process: str, logins: Sequence[str], keys: Sequence[str] = ()) -> Path:
        """A directory for one process, with the credentials of these logins and of no other, and these files of keys."""
        folder = self.directory / "doors" / process
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        for login in logins:
            for kind in ("password", "scope-key"):
                shutil.copy2(self.credentials / f"{login}.{kind}", folder / f"{login}.{kind}")
        for name in keys:
            shutil.copy2(self.credentials / name, folder / name)
        return folder

    @contextmanager
    def alone(self) -> Iterator[None]:
        """One system per directory; the lock goes with the process. raises: StoreError when one runs already."""
        handle = os.open(self.directory / "up.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise StoreError(
                    f"the system of {self.directory} runs already",
                    rule="one system per data directory",
                    remedy="use it, stop it (Ctrl-C where it was started), or name another one with --data",
                ) from None
            yield
        finally:
            os.close(handle)

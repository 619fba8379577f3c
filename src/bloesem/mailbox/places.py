"""Where mails wait: a mailbox that is read by IMAP, or a folder of .eml files. Size is asked before loading."""

from __future__ import annotations

import contextlib
import datetime as dt
import imaplib
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from imap_tools import BaseMailBox, MailBox, MailBoxUnencrypted, MailMessageFlags
from imap_tools.errors import ImapToolsError

from bloesem.errors import BloesemError, UsageError

#: A mail of more bytes is not loaded whole: this many of its first bytes are taken, which hold its header and first part.
LARGEST, TAKEN = 20_000_000, 500_000
_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")


class MailboxError(BloesemError):
    """The mailbox cannot be read as it is set up."""

    exit_code = 3


@dataclass(frozen=True)
class Waiting:
    """A mail that waits. `arrived`: by the server, aware; None where only the mail tells. `whole`: nothing was left out."""

    number: int
    name: str
    raw: bytes = field(repr=False)
    arrived: dt.datetime | None
    whole: bool


class Source(Protocol):
    """`validity` and the numbers of `waiting` are the server's; `finish` is called after a mail was handed over.
    `suspected`: how many mails lie unseen where the server puts what it takes for spam; 0 where nobody says where."""

    name: str
    validity: int

    def waiting(self, done: Collection[int]) -> Iterator[Waiting]: ...

    def suspected(self) -> int: ...

    def finish(self, mail: Waiting) -> None: ...

    def close(self) -> None: ...


class Folder:
    """A folder with a file per mail; what was handed over goes to `read` in it. A name with a dot first is being written."""

    validity = 0

    def __init__(self, home: Path) -> None:
        self.home, self.name = home, "folder"

    def waiting(self, done: Collection[int]) -> Iterator[Waiting]:
        files = sorted(self.home.glob("*.eml")) if self.home.is_dir() else []
        for file in files:
            if file.name.startswith(".") or not file.is_file():
                continue
            whole = file.stat().st_size <= LARGEST
            with file.open("rb") as opened:
                raw = opened.read(LARGEST if whole else TAKEN)
            yield Waiting(0, file.name, raw, None, whole)

    def suspected(self) -> int:
        return 0

    def finish(self, mail: Waiting) -> None:
        over = self.home / "read"
        over.mkdir(mode=0o700, exist_ok=True)
        goal, count = over / mail.name, 1
        while goal.exists():  # another mail had this name before
            goal, count = over / f"{count}-{mail.name}", count + 1
        (self.home / mail.name).rename(goal)

    def close(self) -> None:
        pass


class Imap:
    """A folder of an IMAP server. Looking marks nothing; what was handed over is marked seen, or moved to `over`."""

    def __init__(self, box: BaseMailBox, folder: str = "INBOX", over: str = "", junk: str = "") -> None:
        self.box, self.name, self.over, self.junk = box, folder, over, junk
        try:
            box.folder.set(folder)
            self.validity = int(box.folder.status(folder, ["UIDVALIDITY"])["UIDVALIDITY"])
            if over and not box.folder.exists(over):
                box.folder.create(over)
            self.suspected()  # a folder that is not there is said at once
        except (ImapToolsError, imaplib.IMAP4.error, OSError, KeyError) as fault:
            raise _unreadable() from fault

    def waiting(self, done: Collection[int]) -> Iterator[Waiting]:
        for uid in sorted(int(one) for one in self.box.uids("ALL")):
            if uid not in done and (found := self._fetch(uid)) is not None:
                yield found

    def _fetch(self, uid: int) -> Waiting | None:
        """The size first. None for a mail that somebody took away meanwhile."""
        _, told = self.box.client.uid("FETCH", str(uid), "(INTERNALDATE RFC822.SIZE)")
        line = b" ".join(one if isinstance(one, bytes) else b" ".join(one) for one in told if one)
        size = _SIZE.search(line)
        if size is None:
            return None
        whole = int(size[1]) <= LARGEST
        wanted = "(BODY.PEEK[])" if whole else f"(BODY.PEEK[]<0.{TAKEN}>)"
        _, parts = self.box.client.uid("FETCH", str(uid), wanted)
        raw = next((part[1] for part in parts if isinstance(part, tuple)), None)
        if raw is None:
            return None
        return Waiting(uid, str(uid), raw, _aware(line), whole)

    def suspected(self) -> int:
        return int(self.box.folder.status(self.junk, ["UNSEEN"])["UNSEEN"]) if self.junk else 0

    def finish(self, mail: Waiting) -> None:
        self.box.flag(str(mail.number), MailMessageFlags.SEEN, True)
        if self.over:
            self.box.move(str(mail.number), self.over)

    def close(self) -> None:
        with contextlib.suppress(ImapToolsError, imaplib.IMAP4.error, OSError):  # it went away by itself
            self.box.logout()


def _aware(line: bytes) -> dt.datetime | None:
    """INTERNALDATE as the server wrote it, with its own zone."""
    found = re.search(rb'INTERNALDATE "([^"]+)"', line)
    if found is None:
        return None
    try:
        return dt.datetime.strptime(found[1].decode("ascii").strip(), "%d-%b-%Y %H:%M:%S %z")
    except ValueError:
        return None


def imap(
    host: str,
    user: str,
    password: str,
    *,
    port: int = 993,
    tls: bool = True,
    folder: str = "INBOX",
    over: str = "",
    junk: str = "",
) -> Imap:
    """raises: MailboxError where the server does not answer, or does not let us in."""
    try:
        box = MailBox(host, port, timeout=60) if tls else MailBoxUnencrypted(host, port, timeout=60)
    except (imaplib.IMAP4.error, OSError) as fault:
        raise _unreadable() from fault
    try:
        box.login(user, password, initial_folder=None)
        return Imap(box, folder, over, junk)
    except (ImapToolsError, imaplib.IMAP4.error, OSError) as fault:
        box.client.shutdown()
        raise _unreadable() from fault
    except MailboxError:
        box.client.shutdown()
        raise


def named(environment: Mapping[str, str], folder: str | None) -> Source:
    """The mailbox of BLOESEM_IMAP_HOST (with _PORT, _TLS, _USER, _PASSWORD, _FOLDER, _MOVE_TO, _JUNK), or the folder.

    raises: UsageError where neither is named, or a port is none; MailboxError where the server lets nobody in."""

    host = environment.get("BLOESEM_IMAP_HOST", "")
    if not host:
        if not folder:
            raise UsageError(
                "no mailbox is named",
                "mail to the address of the policy becomes a case (P-170)",
                "set BLOESEM_IMAP_HOST, or give --folder",
            )
        return Folder(Path(folder))
    port = environment.get("BLOESEM_IMAP_PORT", "993")
    if not port.isdecimal() or not 0 < int(port) < 65_536:
        raise UsageError(
            "BLOESEM_IMAP_PORT is no port", "a number from 1 to 65535", "write it like 993, or leave it out"
        )
    return imap(
        host,
        environment.get("BLOESEM_IMAP_USER", ""),
        environment.get("BLOESEM_IMAP_PASSWORD", ""),
        port=int(port),
        tls=environment.get("BLOESEM_IMAP_TLS", "1") == "1",
        folder=environment.get("BLOESEM_IMAP_FOLDER", "INBOX"),
        over=environment.get("BLOESEM_IMAP_MOVE_TO", ""),
        junk=environment.get("BLOESEM_IMAP_JUNK", ""),
    )


@contextlib.contextmanager
def reached() -> Iterator[None]:
    """A server or a folder that goes away in the middle is a MailboxError: what was handed over stays so, the rest waits."""
    try:
        yield
    except (ImapToolsError, imaplib.IMAP4.error, OSError) as fault:
        raise _unreadable() from fault


def _unreadable() -> MailboxError:
    return MailboxError(
        "the privacy mailbox cannot be opened",
        "mail to the address of the policy becomes a case when it arrives (P-170)",
        "look at BLOESEM_IMAP_HOST, _PORT, _TLS, _USER, _PASSWORD and _FOLDER, and at the server",
    )

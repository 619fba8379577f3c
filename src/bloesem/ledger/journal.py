"""The journal: a file, outside of the database, of what is done again when a back-up of the database is put back (P-107).

    <data>/journal/<company>/2026-11-27.journal      0600, one per day on which anything was written

    # <number of the last line before> <its link, in hexadecimal>
    <number> <key of rights.keys> <sealed, base64> <link>

A line is an entry of the database (`plan.sql.journal`): numbers of ours, kinds and moments, sealed with AES-256-GCM under a
key derived from `rights.keys` and bound to its company and number. A link is SHA-256 over the link before and the line, so
that no line is changed, left out or moved unseen. A day's file goes when no back-up copy from before it is left
(`deadlines.backups_kept`): it has a clock like everything else.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bloesem.errors import GateError, LedgerError
from bloesem.rights.keys import FILE as KEYS
from bloesem.rights.keys import Keys
from bloesem.terms import add_period

SUFFIX = ".journal"
#: For how long where the company says nothing of its back-ups; and how much longer than it says.
KEPT, MORE = "P1Y", dt.timedelta(days=7)
_START = bytes(32)
_USE = "journal"
_RULE = "P-107: what was erased stays erased, also after a back-up is put back"

Entry = Mapping[str, Any]


@dataclass(frozen=True)
class Line:
    """One line. `link`: its own."""

    number: int
    key: int
    sealed: bytes = field(repr=False)
    link: bytes = field(repr=False)


@dataclass(frozen=True)
class Last:
    """How far the journal goes: the number of its last line, and its link."""

    number: int
    link: bytes = field(repr=False)


@dataclass(frozen=True)
class Journal:
    """in: the folder of one company, which is made; the keys. raises: LedgerError for a file that was changed, or cannot be
    used."""

    folder: Path
    keys: Keys = field(repr=False)

    @classmethod
    def at(cls, folder: Path, company: str, keys: Keys) -> Journal:
        try:
            (folder / company).mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise LedgerError(
                f"{folder} cannot be used: {error.strerror}",
                _RULE,
                "say where the journal is, with --journal",
            ) from error
        return cls(folder / company, keys)

    def last(self) -> Last:
        """Of the newest file; nothing was written: 0."""
        files = self.files()
        if not files:
            return Last(0, _START)
        _, lines, head = _read(files[-1])
        return Last(lines[-1].number, lines[-1].link) if lines else head

    def append(self, said: Sequence[Entry], today: dt.date, after: int = 0) -> Last:
        """Writes entries, and comes back when they are on disk. in: the day of the file; `after`: their numbers are higher
        than this one, also where the lines up to it are lost. out: how far it goes now."""
        before = self.last()
        at = Last(max(before.number, after), before.link)
        if not said:
            return at
        files = self.files()
        # Never behind the newest: a clock that was set back begins no file in the middle.
        file = max([self.folder / f"{today}{SUFFIX}", *files[-1:]])
        fresh = not file.exists()
        _mend(file)
        head = f"# {at.number} {at.link.hex()}\n" if fresh else ""
        made, key = [], self.keys.current
        for one in said:
            number = at.number + 1
            (sealed,) = key.seal([json.dumps(one, separators=(",", ":"))], self._about(number), _USE)
            at = Last(number, _link(at.link, number, key.number, sealed))
            made.append(f"{number} {key.number} {base64.b64encode(sealed).decode()} {at.link.hex()}\n")
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "w") as out:
            out.write(head + "".join(made))
            out.flush()
            os.fsync(out.fileno())
        if fresh:
            _sync(self.folder)
        return at

    def after(self, number: int) -> Iterator[Entry]:
        """Entries of the lines after this one, in order. raises: LedgerError for a line that is not as it was written."""
        return (said for _, said in self.numbered(number))

    def numbered(self, number: int) -> Iterator[tuple[int, Entry]]:
        """The same, each with the number of its line."""
        link: bytes | None = None
        reached: int | None = None
        for file in self.files():
            _, lines, head = _read(file)
            if reached is not None and (head.number < reached or head.link != link):
                raise _broken(file, "does not follow the file before it")
            reached, link = head.number, head.link
            for line in lines:
                if line.number <= reached or line.link != _link(link, line.number, line.key, line.sealed):
                    raise _broken(file, f"line {line.number} is not as it was written")
                reached, link = line.number, line.link
                if line.number > number:
                    yield line.number, json.loads(self._open(line, file))

    def forget(self, today: dt.date, kept: str | None) -> int:
        """Files that no back-up copy is older than go. in: for how long the company keeps copies. out: how many."""
        gone = 0
        for file in self.files()[:-1]:  # the newest says where the numbers go on
            if add_period(_day(file), kept or KEPT) + MORE < today:
                file.unlink()
                gone += 1
        return gone

    def files(self) -> list[Path]:
        """Oldest first."""
        return sorted(one for one in self.folder.glob(f"*{SUFFIX}") if one.is_file())

    def _about(self, number: int) -> str:
        return f"journal {self.folder.name} {number}"

    def _open(self, line: Line, file: Path) -> str:
        try:
            return self.keys.number(line.key).open(line.sealed, self._about(line.number), _USE)
        except GateError:
            raise LedgerError(
                f"line {line.number} of {file} does not open with key {line.key}",
                _RULE,
                f"restore {KEYS} as it was when the line was written: it is backed up apart from the database",
            ) from None


def _link(before: bytes, number: int, key: int, sealed: bytes) -> bytes:
    return hashlib.sha256(before + f"{number} {key} ".encode() + sealed).digest()


def _read(file: Path) -> tuple[int, list[Line], Last]:
    """out: bytes that are whole; lines; what came before. A last line without its end was never promised to be there."""
    try:
        text = file.read_bytes()
    except OSError as error:
        raise LedgerError(f"{file} cannot be read: {error.strerror}", _RULE, "restore it") from error
    whole = text[: text.rfind(b"\n") + 1]
    head, lines = Last(0, _START), []
    try:
        for place, one in enumerate(whole.decode("ascii").splitlines()):
            parts = one.split(" ")
            if place == 0:
                mark, number, link = parts
                head = Last(int(number), bytes.fromhex(link))
                if mark != "#":
                    raise ValueError
                continue
            number, key, sealed, link = parts
            lines.append(
                Line(int(number), int(key), base64.b64decode(sealed, validate=True), bytes.fromhex(link))
            )
    except (ValueError, binascii.Error):
        raise _broken(file, "has a line that nobody wrote") from None
    return len(whole), lines, head


def _mend(file: Path) -> None:
    """Cuts off what a machine that fell left of a last line."""
    if file.exists():
        whole, _, _ = _read(file)
        if whole < file.stat().st_size:
            os.truncate(file, whole)


def _broken(file: Path, what: str) -> LedgerError:
    return LedgerError(
        f"{file} {what}",
        _RULE,
        "restore the file from a copy of its own; what it cannot say anymore has to be done again by hand",
    )


def _day(file: Path) -> dt.date:
    try:
        return dt.date.fromisoformat(file.name.removesuffix(SUFFIX))
    except ValueError:
        return dt.date.max - dt.timedelta(days=4000)  # not ours: it stays


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


__all__ = ["Entry", "Journal", "Last"]

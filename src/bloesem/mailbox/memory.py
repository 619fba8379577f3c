"""What was handed over already: a file of its own (SQLite), which holds numbers and names under a key (`keys`), and no words
of a mail. What was written without a key is named anew when it is opened."""

from __future__ import annotations

import datetime as dt
import sqlite3
from pathlib import Path

from bloesem.mailbox.keys import MailKeys

_TABLES = """
CREATE TABLE IF NOT EXISTS handed (key TEXT PRIMARY KEY, sender TEXT, at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS handed_sender ON handed (sender, at);
CREATE TABLE IF NOT EXISTS done (place TEXT, validity INTEGER, uid INTEGER, PRIMARY KEY (place, validity, uid));
"""
#: 0: digests without a key; 1: names under one.
_VERSION = 1


class Memory:
    """in: a file that may not be there yet; the key. One process at a time."""

    def __init__(self, file: Path, keys: MailKeys) -> None:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._keys = keys
        self._base = sqlite3.connect(file, isolation_level=None)
        file.chmod(0o600)
        self._base.execute("PRAGMA secure_delete = ON")  # what was there is not left in free pages
        self._base.executescript(_TABLES)
        self._rename()

    def _rename(self) -> None:
        """Whole or not at all: the mark is part of the transaction."""
        if self._base.execute("PRAGMA user_version").fetchone()[0] >= _VERSION:
            return
        self._base.execute("BEGIN IMMEDIATE")
        try:
            rows = self._base.execute("SELECT key, sender, at FROM handed").fetchall()
            self._base.execute("DELETE FROM handed")
            self._base.executemany(
                "INSERT INTO handed VALUES (?, ?, ?)",
                [
                    (self._keys.mail(key), None if sender is None else self._keys.digested(sender), at)
                    for key, sender, at in rows
                ],
            )
            self._base.execute(f"PRAGMA user_version = {_VERSION}")
            self._base.execute("COMMIT")
        except BaseException:
            self._base.execute("ROLLBACK")
            raise

    def close(self) -> None:
        self._base.close()

    def knows(self, key: str) -> bool:
        found = self._base.execute("SELECT 1 FROM handed WHERE key = ?", [self._keys.mail(key)])
        return found.fetchone() is not None

    def handed(self, key: str, sender: str | None, at: dt.datetime) -> None:
        """Committed when it returns."""
        row = [self._keys.mail(key), self._keys.sender(sender), _text(at)]
        self._base.execute("INSERT OR IGNORE INTO handed VALUES (?, ?, ?)", row)

    def from_sender(self, sender: str | None, since: dt.datetime) -> int:
        """How many mails of this address were handed over since then."""
        found = self._base.execute(
            "SELECT count(*) FROM handed WHERE sender = ? AND at >= ?",
            [self._keys.sender(sender), _text(since)],
        ).fetchone()
        return int(found[0])

    def forget_senders(self, before: dt.datetime) -> None:
        """Who sent what came earlier: nothing asks for it any more."""
        self._base.execute(
            "UPDATE handed SET sender = NULL WHERE sender IS NOT NULL AND at < ?", [_text(before)]
        )

    def done(self, place: str, validity: int) -> frozenset[int]:
        """The numbers of this folder that need no look any more. Numbers under another UIDVALIDITY mean nothing now."""
        self._base.execute("DELETE FROM done WHERE place = ? AND validity <> ?", [place, validity])
        rows = self._base.execute("SELECT uid FROM done WHERE place = ? AND validity = ?", [place, validity])
        return frozenset(int(uid) for (uid,) in rows)

    def finish(self, place: str, validity: int, uid: int) -> None:
        self._base.execute("INSERT OR IGNORE INTO done VALUES (?, ?, ?)", [place, validity, uid])


def _text(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).isoformat(timespec="seconds")

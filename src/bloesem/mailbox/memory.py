"""What was handed over already: a file of its own (SQLite), which holds hashes and numbers, and no words of a mail."""

from __future__ import annotations

import datetime as dt
import hashlib
import sqlite3
from pathlib import Path

_TABLES = """
CREATE TABLE IF NOT EXISTS handed (key TEXT PRIMARY KEY, sender TEXT, at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS handed_sender ON handed (sender, at);
CREATE TABLE IF NOT EXISTS done (place TEXT, validity INTEGER, uid INTEGER, PRIMARY KEY (place, validity, uid));
"""


class Memory:
    """in: a file that may not be there yet. One process at a time."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._base = sqlite3.connect(file, isolation_level=None)
        file.chmod(0o600)
        self._base.executescript(_TABLES)

    def close(self) -> None:
        self._base.close()

    def knows(self, key: str) -> bool:
        return self._base.execute("SELECT 1 FROM handed WHERE key = ?", [key]).fetchone() is not None

    def handed(self, key: str, sender: str | None, at: dt.datetime) -> None:
        """Committed when it returns."""
        self._base.execute("INSERT OR IGNORE INTO handed VALUES (?, ?, ?)", [key, _hash(sender), _text(at)])

    def from_sender(self, sender: str | None, since: dt.datetime) -> int:
        """How many mails of this address were handed over since then."""
        found = self._base.execute(
            "SELECT count(*) FROM handed WHERE sender = ? AND at >= ?", [_hash(sender), _text(since)]
        ).fetchone()
        return int(found[0])

    def done(self, place: str, validity: int) -> frozenset[int]:
        """The numbers of this folder that need no look any more. Numbers under another UIDVALIDITY mean nothing now."""
        self._base.execute("DELETE FROM done WHERE place = ? AND validity <> ?", [place, validity])
        rows = self._base.execute("SELECT uid FROM done WHERE place = ? AND validity = ?", [place, validity])
        return frozenset(int(uid) for (uid,) in rows)

    def finish(self, place: str, validity: int, uid: int) -> None:
        self._base.execute("INSERT OR IGNORE INTO done VALUES (?, ?, ?)", [place, validity, uid])


def _hash(sender: str | None) -> str | None:
    return None if sender is None else hashlib.sha256(sender.encode("utf-8", "replace")).hexdigest()


def _text(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).isoformat(timespec="seconds")

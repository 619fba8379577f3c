"""What people write lies sealed in the database from the moment it is taken in: a case's words, and those that came later.

    sealed:<base64 of box>          sealed,cut:<…>: the same, of words that were longer than a case keeps

Whoever takes words in (a page, the mailbox, the office's command) seals them for a key of which the database has the public
half alone. What opens them is derived from `rights.keys`; the process with the officer's pages has that much of it, in a
file of its own (`words.keys`), and no more. Words that came before a key was there are sealed by the next step of the clerk.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from bloesem.cases.box import Opener, seal
from bloesem.errors import GateError
from bloesem.gate import keyfile
from bloesem.plan.quoting import ident, literal
from bloesem.rights.keys import FILE as RIGHTS_KEYS
from bloesem.rights.keys import Key, Keys
from bloesem.stores.postgres import Connection

FILE = "words.keys"
#: The longest words of a request, in characters; more is cut off, and said to be.
MOST = 20_000
#: The same, sealed: at most four bytes per character, in base64, with what a box has around it.
MOST_SEALED = 4 * (4 * MOST + 100) // 3
#: Steps in which the person's own words stand.
THEIRS = ("again", "message", "resumed")
WORDS_KEY = "case_words_key()"

_MARK, _CUT, _ABOUT = "sealed:", "sealed,cut:", "words of a request"
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
#: SQL of a test whether words are sealed. in: what they are called there.
SEALED = "({0} ~ '^sealed(,cut)?:')"


def kept(most: int) -> str:
    """SQL: `words` as they are kept. Who seals has cut them already; others' are cut here."""
    return (
        f"CASE WHEN {SEALED.format('words')} THEN left(words, {MOST_SEALED})"
        f" ELSE left(regexp_replace(words, '[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f]', '', 'g'), {most}) END"
    )


KEPT = kept(MOST)
#: SQL: whether something was cut off.
WAS_CUT = f"(words LIKE {literal(_CUT + '%')} OR length(words) > {MOST} AND NOT {SEALED.format('words')})"


def wrapped(key: object, text: str | None, most: int = MOST) -> str | None:
    """As words go to the database. in: what `case_words_key()` gave; None: there is none yet, and they are sealed later.
    out: None for nothing."""
    clean = _CONTROL.sub("", text or "")
    if not clean.strip():
        return text
    if not isinstance(key, bytes | memoryview):
        return f" {clean}" if is_sealed(clean) else clean  # nobody's words pass for sealed ones
    mark = _MARK if len(clean) <= most else _CUT
    return mark + base64.b64encode(seal(bytes(key), clean[:most].encode(), _ABOUT)).decode()


def is_sealed(text: str | None) -> bool:
    return text is not None and text.startswith((_MARK, _CUT))


def _key(key: Key) -> Key:
    """The key of words that follows from one of `rights.keys`."""
    return Key(key.number, key.derived("words"))


def public(key: Key) -> bytes:
    """in: of `rights.keys`. out: what words are sealed for."""
    return Opener.of(_key(key)).public


@dataclass(frozen=True)
class Words:
    """What opens them: the newest last; none where a process was given no key."""

    openers: tuple[Opener, ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, keys: Keys) -> Words:
        """in: those of `rights.keys`."""
        return cls(tuple(Opener.of(_key(one)) for one in keys.all))

    @classmethod
    def at(cls, directory: Path) -> Words:
        """By what this process was given: its own file, or the keys that it is derived from. raises: GateError for a damaged
        file."""
        if (directory / FILE).exists():
            return cls(tuple(Opener.of(Key(*one)) for one in keyfile.at(directory / FILE)))
        return cls.of(Keys.at(directory)) if (directory / RIGHTS_KEYS).exists() else cls()

    def read(self, text: str | None) -> str | None:
        """The words as somebody wrote them; None for none, and for what does not open with these keys."""
        if text is None or not is_sealed(text):
            return text
        try:
            box = base64.b64decode(text.partition(":")[2], validate=True)
        except (binascii.Error, ValueError):
            return None
        for opener in reversed(self.openers):
            try:
                return opener.open(box, _ABOUT).decode()
            except (GateError, UnicodeDecodeError):
                continue
        return None


def written(directory: Path, keys: Keys) -> Path:
    """The file for the process that shows words: as many keys as there are, and nothing else that they open."""
    file = directory / FILE
    part = file.with_name(f".{FILE}.{secrets.token_hex(4)}")
    lines = "".join(f"{one.number} {one.secret.hex()}\n" for one in map(_key, keys.all))
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(lines)
    part.replace(file)
    return file


def publish(connection: Connection, s: str, keys: Keys) -> None:
    """The database has the public halves of the newest key. in: as keeper; the schema, as SQL."""
    newest = keys.current
    values = {"number": newest.number, "public": Opener.of(newest).public, "words": public(newest)}
    connection.execute(
        f"INSERT INTO {s}.request_key (number, public, words) VALUES (%(number)s, %(public)s, %(words)s)"
        " ON CONFLICT (number) DO UPDATE SET public = EXCLUDED.public, words = EXCLUDED.words"
        " WHERE (request_key.public, request_key.words) IS DISTINCT FROM (EXCLUDED.public, EXCLUDED.words)".encode(),
        values,
    )


def plain(s: str) -> str:
    """SQL of a query: cases and steps of open cases whose words nobody sealed yet. in: the schema, as SQL."""
    theirs = ", ".join(map(literal, THEIRS))
    return (
        f"SELECT 'case' AS what, c.id, c.words AS said FROM {s}.request_case c WHERE c.words <> ''"
        f" AND NOT {SEALED.format('c.words')} UNION ALL"
        f" SELECT 'event', e.id, e.said FROM {s}.request_event e"
        f" WHERE e.what IN ({theirs}) AND e.said <> '' AND NOT {SEALED.format('e.said')}"
    )


def seal_plain(connection: Connection, s: str, keys: Keys, most: int = 200) -> int:
    """What was taken in where there was no key yet is sealed. in: as keeper. out: how many."""
    rows = connection.execute(f"{plain(s)} LIMIT %s".encode(), [most]).fetchall()
    key = public(keys.current)
    for what, number, said in rows:
        table, column = (f"{s}.request_case", "words") if what == "case" else (f"{s}.request_event", "said")
        connection.execute(
            f"UPDATE {table} SET {column} = %s WHERE id = %s AND {column} = %s".encode(),
            [wrapped(key, said), number, said],
        )
    return len(rows)


def key_sql(schema: str) -> str:
    s = ident(schema)
    return f"""
CREATE OR REPLACE FUNCTION {s}.{WORDS_KEY} RETURNS bytea LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
SELECT words FROM {s}.request_key WHERE words IS NOT NULL ORDER BY number DESC LIMIT 1
$$"""


__all__ = [
    "FILE",
    "KEPT",
    "MOST",
    "MOST_SEALED",
    "SEALED",
    "THEIRS",
    "WAS_CUT",
    "WORDS_KEY",
    "Words",
    "is_sealed",
    "kept",
    "key_sql",
    "plain",
    "public",
    "publish",
    "seal_plain",
    "wrapped",
    "written",
]

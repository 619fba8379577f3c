"""Columns as the data map wants them: every value of a person can be absent, since erasing it leaves NULL.

Absent text is NULL and not '': an erased value and an empty one must not look alike.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata

from django.db import models


def text() -> models.TextField[str | None, str | None]:
    return models.TextField(null=True, blank=True)


def folded_text() -> models.TextField[str | None, str | None]:
    """Text as `folded` has it. In collation "C" an index answers `starts_with`."""
    return models.TextField(null=True, blank=True, db_collation="C")


#: Letters of European names that have no accent to take off, and of which only the large one is folded.
LARGE, SMALL = "ÆŒØÐŁĐÞ", "æœøðłđþ"
_SMALLER = str.maketrans(LARGE + "ABCDEFGHIJKLMNOPQRSTUVWXYZ", SMALL + "abcdefghijklmnopqrstuvwxyz")


def folded(words: str) -> str:
    """Small letters without accents: what somebody types is compared with what is stored, `É` with `e`.

    The same as the trigger of `person_name` does in SQL (`fold_of`), on every server and in every locale.
    """
    return re.sub("[\u0300-\u036f]+", "", unicodedata.normalize("NFKD", words)).translate(_SMALLER)


def fold_of(value: str) -> str:
    """The SQL of `folded`, for a trigger. `value`: an SQL expression of text."""
    bare = f"regexp_replace(normalize({value}, NFKD), '[\\u0300-\\u036f]+', '', 'g')"
    return f"""lower(translate({bare}, '{LARGE}', '{SMALL}') COLLATE "C")"""


def moment() -> models.DateTimeField[dt.datetime | None, dt.datetime | None]:
    """An aware time, stored in UTC."""
    return models.DateTimeField(null=True, blank=True)


def day() -> models.DateField[dt.date | None, dt.date | None]:
    """A civil date in Europe/Brussels."""
    return models.DateField(null=True, blank=True)


def flag() -> models.BooleanField[bool | None, bool | None]:
    return models.BooleanField(null=True, blank=True)


def number() -> models.IntegerField[int | None, int | None]:
    return models.IntegerField(null=True, blank=True)


def cents() -> models.IntegerField[int | None, int | None]:
    """An amount in euro cents."""
    return models.IntegerField(null=True, blank=True)


def watt_hours() -> models.IntegerField[int | None, int | None]:
    """Energy in watt-hours."""
    return models.IntegerField(null=True, blank=True)


def block() -> models.BinaryField[bytes | None, bytes | None]:
    return models.BinaryField(null=True, blank=True)

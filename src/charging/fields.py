"""Columns as the data map wants them: every value of a person can be absent, since erasing it leaves NULL.

Absent text is NULL and not '': an erased value and an empty one must not look alike.
"""

from __future__ import annotations

import datetime as dt

from django.db import models


def text() -> models.TextField[str | None, str | None]:
    return models.TextField(null=True, blank=True)


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

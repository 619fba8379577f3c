"""Acts: rows of `bloesem.act`, which PostgreSQL itself keeps append-only. Numbers and names of our own,
nobody's data."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from psycopg import sql
from psycopg.types.json import Jsonb

from bloesem.errors import LedgerError
from bloesem.stores.postgres import Connection

SCHEMA = "bloesem"


@dataclass(frozen=True)
class Act:
    """`as_of`: the moment for which it was decided; `at`: when it was done; `policy`: the version in force
    then.

    `counts`: numbers per table and purpose. `commitment`: salted hash of whom it was about.
    """

    id: int
    at: dt.datetime
    as_of: dt.datetime
    kind: str
    login: str
    purpose: str | None = None
    policy: dt.date | None = None
    counts: Mapping[str, Any] = field(default_factory=dict)
    commitment: bytes | None = None


def record_act(
    connection: Connection,
    kind: str,
    as_of: dt.datetime,
    *,
    counts: Mapping[str, Any] | None = None,
    purpose: str | None = None,
    commitment: bytes | None = None,
    schema: str = SCHEMA,
) -> int:
    """Writes one act in the transaction that is open. out: its number.

    in: `as_of`, aware; `counts`, numbers below keys that name tables, columns and purposes.
    raises: LedgerError where a value is no number: text could be somebody's.
    """
    if as_of.tzinfo is None:
        raise LedgerError(
            "the moment of an act has no time zone", rule="times are aware", remedy="give it one"
        )
    _numbers_only(counts or {}, "counts")
    done = connection.execute(
        sql.SQL(
            "INSERT INTO {s}.act (as_of, kind, purpose, policy, counts, commitment) VALUES (%s, %s, %s,"
            " (SELECT policy FROM {s}.installed ORDER BY id DESC LIMIT 1), %s, %s) RETURNING id"
        ).format(s=sql.Identifier(schema)),
        [as_of, kind, purpose, Jsonb(dict(counts or {})), commitment],
    ).fetchone()
    assert done is not None
    return int(done[0])


def acts(
    connection: Connection,
    *,
    kind: str | None = None,
    since: dt.datetime | None = None,
    before: int | None = None,
    limit: int = 100,
    schema: str = SCHEMA,
) -> list[Act]:
    """The newest acts first. `since`: done at or after that moment; `before`: older than the act of that
    number."""
    found = connection.execute(
        sql.SQL(
            "SELECT id, at, as_of, kind, login, purpose, policy, counts, commitment FROM {s}.act"
            " WHERE (%(kind)s::text IS NULL OR kind = %(kind)s)"
            " AND (%(since)s::timestamptz IS NULL OR at >= %(since)s)"
            " AND (%(before)s::bigint IS NULL OR id < %(before)s) ORDER BY id DESC LIMIT %(limit)s"
        ).format(s=sql.Identifier(schema)),
        {"kind": kind, "since": since, "before": before, "limit": limit},
    ).fetchall()
    return [Act(*row) for row in found]


def _numbers_only(value: object, where: str) -> None:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            _numbers_only(inner, f"{where}.{key}")
    elif not isinstance(value, (int, float)):
        raise LedgerError(
            f"{where} is no number",
            rule="an act holds no personal data (design, evidence)",
            remedy="count it; write what it is about into a record that has a clock",
        )

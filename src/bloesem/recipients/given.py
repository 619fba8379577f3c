"""Who really got a person's data: for an access answer (P-130, P-144), and for who is told of a change (art. 19)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from bloesem.ledger.acts import SCHEMA
from bloesem.stores.postgres import Connection


@dataclass(frozen=True)
class Given:
    """What one recipient got of a person. `fields`: per table its columns; `references`: per disclosure the person's number
    in that file; `transfers`: what left the EEA with it, and on which mechanism; `ends`: when it is to be returned or
    erased, where every disclosure says so."""

    recipient: str
    name: str
    kinds: tuple[str, ...]
    purposes: tuple[str, ...]
    fields: Mapping[str, tuple[str, ...]]
    references: Mapping[int, int]
    transfers: tuple[Mapping[str, Any], ...]
    first: dt.datetime
    last: dt.datetime
    ends: dt.date | None


def recipients_of(
    connection: Connection,
    person: int,
    fields: Mapping[str, Collection[str]] | None = None,
    schema: str = SCHEMA,
) -> list[Given]:
    """The recipients of a person's data, by what was recorded, in the order of their keys. As keeper or administrator.

    in: `fields`, only those who got one of these columns (per table); none: whoever got anything.
    """
    rows = connection.execute(
        sql.SQL(
            "SELECT d.recipient, d.name, d.kind, d.purpose, d.transfers, d.ends, d.id, d.at, g.reference, g.table_name,"
            " g.columns FROM {s}.disclosed g JOIN {s}.disclosure d ON d.id = g.disclosure_id"
            " WHERE g.person_id = %s ORDER BY d.recipient, d.id, g.table_name"
        ).format(s=sql.Identifier(schema)),
        [person],
    ).fetchall()
    found: dict[str, list[tuple[Any, ...]]] = {}
    for row in rows:
        if fields is None or set(row[10]) & set(fields.get(row[9], ())):
            found.setdefault(row[0], []).append(row)
    return [_given(key, some) for key, some in found.items()]


def _given(key: str, rows: list[tuple[Any, ...]]) -> Given:
    fields: dict[str, tuple[str, ...]] = {}
    for row in rows:
        fields[row[9]] = tuple(dict.fromkeys((*fields.get(row[9], ()), *row[10])))
    transfers = {str(sorted(one.items(), key=str)): one for row in rows for one in row[4]}
    ends = [row[5] for row in rows]
    return Given(
        recipient=key,
        name=rows[-1][1],
        kinds=tuple(dict.fromkeys(row[2] for row in rows)),
        purposes=tuple(dict.fromkeys(row[3] for row in rows)),
        fields=fields,
        references={row[6]: row[8] for row in rows},
        transfers=tuple(transfers.values()),
        first=min(row[7] for row in rows),
        last=max(row[7] for row in rows),
        ends=None if None in ends else max(ends),
    )


__all__ = ["Given", "recipients_of"]

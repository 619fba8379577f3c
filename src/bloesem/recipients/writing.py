"""Reading a recipient's columns through the open purpose, and writing them as its delivery says: a file per table."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.db import connections
from psycopg import sql

from bloesem.gate.opening import Opened
from bloesem.recipients import delivery as giving
from bloesem.recipients import letters as post
from bloesem.recipients import outbox
from bloesem.recipients.delivery import Listed
from bloesem.recipients.export import Piece
from bloesem.recipients.model import Delivery, Letters

#: Rows that are read, and people that are recorded, at once.
BATCH = 5_000

Given = dict[str, tuple[list[str], set[int]]]


def write(
    opened: Opened,
    part: Path,
    wanted: list[Piece],
    references: dict[int, int],
    delivery: Delivery,
    form: str,
    listed: Listed,
    else_: str,
    ending: dt.date | None = None,
) -> tuple[Given, list[dict[str, Any]], Counter[str], Counter[str], dt.date | None]:
    """Only what has rows is a file, and only of those who have any was anything given. in: `else_`, the language of
    a letter to whoever speaks none that letters have; `ending`, only rows of that last day, where a delivery ends with its
    rows. out: also why whoever is in the files has no letter, and that last day. raises: DisclosureError for several."""
    given: Given = {}
    files = []
    unusable: Counter[str] = Counter()
    held: post.Held = {}
    ends: set[dt.date] = set()
    by_record = opened.gate.plan.purpose(opened.target.name) if delivery.ends == "record" else None
    for each in wanted:
        opened.touched = True
        whose: set[int] = set()
        category = giving.contacts(delivery, each)
        only = listed.rows.get(each.table.name, frozenset()) if listed.asked and category else None
        lines: Iterator[tuple[Any, ...]]
        piece, head = each, ("person", *each.columns)
        rows = _rows(opened, each, references, only, dated=by_record is not None)
        if by_record is not None:
            rows = giving.ends_of_rows(by_record, each, rows, ending, ends)
        if delivery.shows == "totals":
            head, lines = giving.TOTALS, giving.totals(each, rows, delivery.least)
        elif delivery.shows == "hashed":
            if category is None or delivery.advertised is None:
                continue  # a platform knows people by their contact points, and gets nothing beside
            piece = giving.hashed_piece(each)
            channel = delivery.advertised.channels.get(category, "")
            read = _rows(opened, piece, references, only)
            head = ("sha256",)
            lines = giving.hashes(read, channel, delivery.phone_form, whose, unusable)
        else:
            lines = _referenced(_held(rows, each, held) if delivery.letters else rows, references, whose)
        name = piece.table.name if len(piece.table.owners) == 1 else f"{piece.table.name}-{piece.owner}"
        path = part / f"{name}.{form}"
        digest, count = outbox.write_rows(path, head, lines, form)
        if not count:
            path.unlink()
            continue
        files.append(
            {
                "file": path.name,
                "sha256": digest,
                "rows": count,
                "table": piece.table,
                "columns": piece.columns,
            }
        )
        if delivery.shows == "totals":
            continue  # of nobody was anything given
        columns, people = given.setdefault(piece.table.name, ([], set()))
        columns += piece.columns
        people |= whose
    made, without = _letters(opened, part, delivery, held, wanted, references, else_)
    return given, files + made, unusable, without, giving.one_end(ends)


def _letters(
    opened: Opened,
    part: Path,
    delivery: Delivery,
    held: post.Held,
    wanted: list[Piece],
    references: dict[int, int],
    else_: str,
) -> tuple[list[dict[str, Any]], Counter[str]]:
    if delivery.letters is None or not held:
        return [], Counter()
    said = delivery.letters
    if not _complete(said, wanted):
        return [], Counter({post.NOT_GIVEN: len(held)})
    table = opened.gate.plan.table(said.language.table)
    raw = connections[opened.using].connection
    with raw.cursor() as cursor:
        cursor.execute(
            sql.SQL("SELECT {id}, {speaks} FROM {table} WHERE {id} = ANY (%s)").format(
                id=sql.Identifier(table.id),
                speaks=sql.Identifier(said.language.column),
                table=sql.Identifier(opened.target.name, table.name),
            ),
            [list(held)],
        )
        speaks = dict(cursor.fetchall())
    digest, count, without = post.write_letters(part / post.NAME, said, held, references, speaks, else_)
    if digest is None:
        return [], without
    return [{"file": post.NAME, "sha256": digest, "rows": 0, "letters": count}], without


def _complete(said: Letters, wanted: list[Piece]) -> bool:
    """Whether the files hold all that a letter says: it says nothing beside them (P-125)."""
    return all(
        part.used() <= {name for piece in wanted if piece.table.name == part.table for name in piece.columns}
        for part in (said.name, said.address, said.each)
    )


def _held(rows: Iterator[tuple[Any, ...]], piece: Piece, held: post.Held) -> Iterator[tuple[Any, ...]]:
    """The rows as they come, kept by person."""
    for row in rows:
        found = held.setdefault(row[0], {}).setdefault(piece.table.name, [])
        found.append(dict(zip(piece.columns, row[1:], strict=True)))
        yield row


def _referenced(
    rows: Iterator[tuple[Any, ...]], references: dict[int, int], whose: set[int]
) -> Iterator[tuple[Any, ...]]:
    """Each row under the person's number in this file. `whose` gets those who have any."""
    for person, *values in rows:
        whose.add(person)
        yield (references[person], *values)


def _rows(
    opened: Opened,
    piece: Piece,
    references: dict[int, int],
    only: frozenset[int] | None,
    *,
    dated: bool = False,
) -> Iterator[tuple[Any, ...]]:
    """The piece's rows of these people that the purpose may use now, each with whose it is. `only`: these rows alone;
    `dated`: each with its own date at the end, none where it has none."""
    raw = connections[opened.using].connection
    names = sql.SQL(", ").join(map(sql.Identifier, piece.columns))
    owner = sql.Identifier(piece.owner)
    query = sql.SQL(
        "SELECT {owner}, {names}{day} FROM {table} WHERE {owner} = ANY (%s) AND num_nonnulls({names}) > 0"
    ).format(
        owner=owner,
        names=names,
        day=_day(piece) if dated else sql.SQL(""),
        table=sql.Identifier(opened.target.name, piece.table.name),
    )
    values: list[Any] = [list(references)]
    if only is not None:
        query += sql.SQL(" AND {} = ANY (%s)").format(sql.Identifier(piece.table.id))
        values.append(list(only))
    with raw.cursor(name=f"export_{piece.table.name}") as cursor:
        cursor.itersize = BATCH
        cursor.execute(query, values)
        yield from cursor


def _day(piece: Piece) -> sql.Composable:
    date = piece.table.record_date
    return sql.SQL(", {}").format(sql.Identifier(date)) if date else sql.SQL(", NULL::date")


__all__ = ["BATCH", "Given", "write"]

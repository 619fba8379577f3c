"""Reading a recipient's columns through the open purpose, and writing them as its delivery says: a file per table."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from django.db import connections
from psycopg import sql

from bloesem.gate.opening import Opened
from bloesem.recipients import delivery as giving
from bloesem.recipients import letters as post
from bloesem.recipients import outbox
from bloesem.recipients import payments as bank
from bloesem.recipients.delivery import Listed
from bloesem.recipients.export import Piece
from bloesem.recipients.model import Delivery, Letters, Payments

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
    ending: dt.date | None,
    today: dt.date,
    nonce: str,
    since: dt.date | None = None,
) -> tuple[Given, list[dict[str, Any]], Counter[str], dt.date | None]:
    """Only what has rows is a file, and only of those who have any was anything given. in: `else_`, the language of
    a letter to whoever speaks none that letters have; `ending`, only rows of that last day, where a delivery ends with its
    rows; `today`: what is paid is due on that civil day or later; `nonce`, of this export; `since`: letters are of documents
    of that civil day or later. out: also why others are not in it, and that last day. raises:
    DisclosureError for several."""
    if delivery.payments is not None:
        return (*_payments(opened, part, delivery.payments, wanted, references, today, nonce), None)
    if delivery.letters is not None:
        return (*_letters(opened, part, delivery.letters, wanted, references, form, else_, since), None)
    given: Given = {}
    files: list[dict[str, Any]] = []
    unusable: Counter[str] = Counter()
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
            lines = _referenced(rows, references, whose)
        said = _file(part, piece, form, head, lines)
        if said is None:
            continue
        files.append({**said, "columns": each.columns})
        if delivery.shows == "totals":
            continue  # of nobody was anything given
        columns, people = given.setdefault(piece.table.name, ([], set()))
        columns += piece.columns
        people |= whose
    return given, files, unusable, giving.one_end(ends)


def _file(
    part: Path, piece: Piece, form: str, head: tuple[str, ...], lines: Iterable[tuple[Any, ...]]
) -> dict[str, Any] | None:
    """A piece's file, as the manifest says it; none where there are no lines, and then no file."""
    name = piece.table.name if len(piece.table.owners) == 1 else f"{piece.table.name}-{piece.owner}"
    path = part / f"{name}.{form}"
    digest, count = outbox.write_rows(path, head, iter(lines), form)
    if not count:
        path.unlink()
        return None
    return {
        "file": path.name,
        "sha256": digest,
        "rows": count,
        "table": piece.table,
        "columns": piece.columns,
    }


def _payments(
    opened: Opened,
    part: Path,
    said: Payments,
    wanted: list[Piece],
    references: dict[int, int],
    today: dt.date,
    nonce: str,
) -> tuple[Given, list[dict[str, Any]], Counter[str]]:
    """One file of credit transfers, and no rows: given is what it holds, of whom it pays (P-125)."""
    used = said.used()
    if not _complete(used, wanted):
        return {}, [], Counter({bank.NOT_GIVEN: len(references)})
    held: post.Held = {}
    for piece in wanted:
        if piece.table.name in used:
            opened.touched = True
            for person, *values, day in _rows(opened, piece, references, None, dated=True):
                row = {**dict(zip(piece.columns, values, strict=True)), bank.ON: day}
                held.setdefault(person, {}).setdefault(piece.table.name, []).append(row)
    every, without = bank.orders(said, held, today)
    if not every:
        return {}, [], without
    digest = bank.write(part / bank.NAME, said, every, nonce)
    whose = {one.person for one in every}
    given: Given = {table: (sorted(names), set(whose)) for table, names in used.items()}
    file = {"file": bank.NAME, "sha256": digest, "rows": 0, "payments": len(every)}
    return given, [file], without


def _letters(
    opened: Opened,
    part: Path,
    said: Letters,
    wanted: list[Piece],
    references: dict[int, int],
    form: str,
    else_: str,
    since: dt.date | None,
) -> tuple[Given, list[dict[str, Any]], Counter[str]]:
    """The letters, and beside them the rows that they are made of: no column that no letter says, and nobody without a
    letter (P-117, P-125)."""
    used = said.used()
    if not _complete(used, wanted):
        return {}, [], Counter({post.NOT_GIVEN: len(references)})
    held: post.Held = {}
    read: list[tuple[Piece, list[tuple[Any, ...]]]] = []
    for each in wanted:
        names = tuple(name for name in each.columns if name in used.get(each.table.name, ()))
        if not names:
            continue
        opened.touched = True
        piece = Piece(each.table, each.owner, names)
        document = piece.table.name == said.each.table
        rows = [
            row
            for *row, day in _rows(opened, piece, references, None, dated=True)
            if not document or since is None or (day is not None and day >= since)
        ]
        read.append((piece, [tuple(row) for row in rows]))
        for person, *values in rows:
            found = held.setdefault(person, {}).setdefault(piece.table.name, [])
            found.append(dict(zip(names, values, strict=True)))
    speaks = _languages(opened, said, held)
    digest, to, without = post.write_letters(part / post.NAME, said, held, references, speaks, else_)
    given: Given = {}
    files: list[dict[str, Any]] = []
    for piece, rows_ in read:
        whose: set[int] = set()
        lines = _referenced((row for row in rows_ if row[0] in to), references, whose)
        made = _file(part, piece, form, ("person", *piece.columns), lines)
        if made is not None:
            files.append(made)
            columns, people = given.setdefault(piece.table.name, ([], set()))
            columns += piece.columns
            people |= whose
    if digest is not None:
        files.append({"file": post.NAME, "sha256": digest, "rows": 0, "letters": len(to)})
    return given, files, without


def _languages(opened: Opened, said: Letters, held: post.Held) -> dict[int, str]:
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
        return dict(cursor.fetchall())


def _complete(used: Mapping[str, Collection[str]], wanted: list[Piece]) -> bool:
    """Whether the recipient may have all that a letter or a payment says, by table: it says nothing beside (P-125)."""
    return all(
        set(names) <= {name for piece in wanted if piece.table.name == table for name in piece.columns}
        for table, names in used.items()
    )


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

"""The list of those who want no advertising (art. 21(3), 17(3)(b); KB 4-4-2003 art. 2; P-095).

An entry is a keyed digest of one address or number, a scope and a moment: no person, no value. So it survives erasure, and
tells nobody anything who has not the key. The key is in no database:

    <data>/credentials/suppression.keys     each line its number and 32 bytes; 0600; earlier keys stay for looking up

Whatever comes in is compared with the list under every key (`screen`): a row that was compared carries its own name in the
list, and one that was found there is an objection of its person from that moment on. A row that was not compared yet is
never advertised to.
"""

from __future__ import annotations

import datetime as dt
import hmac
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from psycopg import sql

from bloesem.consent.errors import ConsentError
from bloesem.consent.rules import ContactKind, PointRule, Rules
from bloesem.consent.tables import DOOR
from bloesem.errors import GateError
from bloesem.gate import keyfile
from bloesem.rights.identifiers import Identifier, IdentifierError, normal, words
from bloesem.stores.facts import moment
from bloesem.stores.postgres import Connection

FILE = "suppression.keys"
#: The scope of an entry for every channel; any other scope is the name of one channel.
EVERY = "all"
BATCH = 5_000


@dataclass(frozen=True)
class SuppressionKeys:
    """All keys, the one in use last."""

    all: tuple[tuple[int, bytes], ...] = field(repr=False)

    @classmethod
    def at(cls, directory: Path) -> SuppressionKeys:
        """Those on disk, made on the first call. raises: GateError when the file is damaged or open to others."""
        return cls(tuple(keyfile.at(directory / FILE)))

    @classmethod
    def rotate(cls, directory: Path) -> SuppressionKeys:
        """A new key for what is entered from now on; what was entered under earlier ones is found with them."""
        return cls(tuple(keyfile.rotate(directory / FILE)))

    def names(self, kind: ContactKind, value: str | Sequence[str]) -> list[bytes]:
        """Every name that it may have in the list, the one under the key in use last: key's number and digest.

        raises: IdentifierError when the value is no address of its kind.
        """
        said = f"{kind}\0{_normal(kind, value)}".encode()
        return [
            number.to_bytes(4, "big") + hmac.digest(_derived(secret), said, "sha256")
            for number, secret in self.all
        ]

    def name(self, kind: ContactKind, value: str | Sequence[str]) -> bytes:
        """Its name under the key in use. raises: as `names`."""
        return self.names(kind, value)[-1]


def _derived(secret: bytes) -> bytes:
    return hmac.digest(secret, b"bloesem suppression", "sha256")


def _normal(kind: ContactKind, value: str | Sequence[str]) -> str:
    if kind == "post":
        parts = [value] if isinstance(value, str) else [part or "" for part in value]
        said = " | ".join(" ".join(words(part)) for part in parts)
        if not said.replace("|", "").strip():
            raise IdentifierError(
                "this is no postal address", "a list entry is one address", "give street and place"
            )
        return said
    text = value if isinstance(value, str) else (value[0] if len(value) == 1 else "")
    return normal(Identifier(kind, text))


@dataclass(frozen=True)
class Screened:
    """What a pass compared: rows that have a name in the list now, those that identify nobody, people who object by it."""

    compared: int
    unusable: int
    found: int


def screen(
    connection: Connection, rules: Rules, keys: SuppressionKeys, people: Sequence[int] | None = None
) -> Screened:
    """Compare contact points that were never compared with the list, and give each its name there.

    in: as keeper; `people`: theirs alone, everybody's when it is left out. Whoever is found in the list objects from now on
    (all channels), or refuses the channel that the entry names. Whoever imports calls it in the import's transaction.
    raises: GateError when the list cannot be read.
    """
    compared = unusable = found = 0
    for point in rules.points_of_kind().values():
        after = -1
        while rows := _unscreened(connection, rules, point, people, after):
            named: list[tuple[int, bytes]] = []
            hits: dict[bytes, int] = {}
            for number, person, *value in rows:
                try:
                    names = keys.names(point.kind, value)
                except IdentifierError:
                    unusable += 1
                    continue
                named.append((number, names[-1]))
                hits.update(dict.fromkeys(names, person))
            with connection.transaction():
                found += _object(connection, rules, hits)
                _give_names(connection, rules, point, named)
            compared += len(named)
            after = rows[-1][0]
    return Screened(compared, unusable, found)


def _unscreened(
    connection: Connection, rules: Rules, point: PointRule, people: Sequence[int] | None, after: int
) -> list[tuple[Any, ...]]:
    table = rules.plan.table(point.table)
    assert point.key is not None
    columns = sql.SQL(", ").join(sql.Identifier(c) for c in (table.id, table.owners[0], *point.value))
    query = sql.SQL(
        "SELECT {columns} FROM {table} WHERE {key} IS NULL AND {first} IS NOT NULL AND {owner} IS NOT NULL"
        " AND {id} > %(after)s AND (%(people)s::bigint[] IS NULL OR {owner} = ANY (%(people)s)) ORDER BY {id}"
        " LIMIT %(batch)s"
    ).format(
        columns=columns,
        table=sql.Identifier(table.schema, table.name),
        key=sql.Identifier(point.key),
        first=sql.Identifier(point.value[0]),
        owner=sql.Identifier(table.owners[0]),
        id=sql.Identifier(table.id),
    )
    asked = list(people) if people is not None else None
    return connection.execute(query, {"after": after, "people": asked, "batch": BATCH}).fetchall()


def _give_names(
    connection: Connection, rules: Rules, point: PointRule, named: list[tuple[int, bytes]]
) -> None:
    table = rules.plan.table(point.table)
    assert point.key is not None
    connection.execute(
        sql.SQL(
            "UPDATE {table} r SET {key} = n.name FROM unnest(%s::bigint[], %s::bytea[]) AS n (id, name)"
            " WHERE r.{id} = n.id AND r.{key} IS NULL"
        ).format(
            table=sql.Identifier(table.schema, table.name),
            key=sql.Identifier(point.key),
            id=sql.Identifier(table.id),
        ),
        [[number for number, _ in named], [name for _, name in named]],
    )


def _object(connection: Connection, rules: Rules, hits: dict[bytes, int]) -> int:
    """Whoever has an address of the list wants no advertising, as whoever entered it said."""
    listed = connection.execute(
        sql.SQL("SELECT digest, scope FROM {}.suppression WHERE digest = ANY (%s)").format(
            sql.Identifier(rules.plan.schema)
        ),
        [list(hits)],
    ).fetchall()
    for person, scope in sorted({(hits[bytes(digest)], scope) for digest, scope in listed}):
        connection.execute(
            sql.SQL("SELECT {}.object_to_advertising(%s, %s, %s)").format(sql.Identifier(DOOR)),
            [person, None if scope == EVERY else scope, "list"],
        )
    return len({hits[bytes(digest)] for digest, _ in listed})


def suppress(
    connection: Connection,
    rules: Rules,
    keys: SuppressionKeys,
    kind: ContactKind,
    value: str | Sequence[str],
    *,
    scope: str = EVERY,
) -> int:
    """An address goes on the list, whoever's it is, and whoever has it here objects (P-166: no proof beyond the address).

    out: people who have it here. raises: IdentifierError for no address; ConsentError for a scope that is no channel.
    """
    if scope != EVERY and scope not in rules.policy.channels:
        raise ConsentError(
            f"`{scope}` is no channel", "P-088: five channels and no other", f"use {EVERY}, or a channel"
        )
    names = keys.names(kind, value)
    with connection.transaction():
        enter(connection, rules, kind, [names[-1]], scope, moment(connection, rules.plan))
        people = sorted(_people_of(connection, rules, kind, names, value))
        for person in people:
            connection.execute(
                sql.SQL("SELECT {}.object_to_advertising(%s, %s, %s)").format(sql.Identifier(DOOR)),
                [person, None if scope == EVERY else scope, "address"],
            )
    return len(people)


def enter(
    connection: Connection,
    rules: Rules,
    kind: ContactKind,
    names: Iterable[bytes],
    scope: str,
    since: dt.datetime,
) -> None:
    """Entries of the list; one that is there already counts from the later moment."""
    connection.execute(
        sql.SQL(
            "INSERT INTO {}.suppression AS s (kind, digest, scope, since) SELECT %s, n, %s, %s FROM unnest(%s::bytea[]) AS n"
            " ON CONFLICT (digest, scope) DO UPDATE SET since = GREATEST(s.since, EXCLUDED.since)"
        ).format(sql.Identifier(rules.plan.schema)),
        [kind, scope, since, list(names)],
    )


def listed(
    connection: Connection,
    rules: Rules,
    keys: SuppressionKeys,
    kind: ContactKind,
    value: str | Sequence[str],
    channel: str | None = None,
) -> dt.datetime | None:
    """Since when an address is on the list, for that channel or for all; None when it is not. For whoever imports, calls or
    uploads. raises: IdentifierError for no address; GateError when an entry's key is not in the file."""
    numbers = [0, *sorted(number for number, _ in keys.all), 2**32 - 1]
    # An entry begins with its key's number: one under any other key lies in a gap of the index.
    edges = [(a + 1, b) for a, b in itertools.pairwise(numbers) if b > a + 1]
    row = connection.execute(
        sql.SQL(
            "SELECT (SELECT max(since) FROM {s}.suppression WHERE digest = ANY (%s) AND scope IN (%s, %s)),"
            " (SELECT digest FROM unnest(%s::bytea[], %s::bytea[]) AS gap (low, high), LATERAL"
            " (SELECT digest FROM {s}.suppression WHERE digest >= low AND digest < high ORDER BY digest LIMIT 1) AS one"
            " LIMIT 1)"
        ).format(s=sql.Identifier(rules.plan.schema)),
        [
            keys.names(kind, value),
            EVERY,
            channel or EVERY,
            [a.to_bytes(4, "big") for a, _ in edges],
            [b.to_bytes(4, "big") for _, b in edges],
        ],
    ).fetchone()
    assert row is not None
    since: dt.datetime | None = row[0]
    if row[1] is not None:
        raise GateError(
            f"the list has entries under key {int.from_bytes(bytes(row[1])[:4], 'big')}, which is not in {FILE}",
            "earlier keys stay: without one nobody whom it entered is found",
            "restore the file from its backup; until then nothing is advertised",
        )
    return since


def _people_of(
    connection: Connection, rules: Rules, kind: ContactKind, names: list[bytes], value: str | Sequence[str]
) -> set[int]:
    """Whose contact point it is: by its name in the list, or, where it was not compared yet, by what it says."""
    found: set[int] = set()
    wanted = _normal(kind, value)
    for point in rules.points_of_kind().values():
        if point.kind != kind:
            continue
        table = rules.plan.table(point.table)
        assert point.key is not None
        at = {
            "table": sql.Identifier(table.schema, table.name),
            "owner": sql.Identifier(table.owners[0]),
            "key": sql.Identifier(point.key),
            "value": sql.SQL(", ").join(sql.Identifier(c) for c in point.value),
        }
        rows = connection.execute(
            sql.SQL("SELECT {owner} FROM {table} WHERE {key} = ANY (%s) AND {owner} IS NOT NULL").format(
                **at
            ),
            [names],
        )
        found |= {row[0] for row in rows}
        unnamed = connection.execute(
            sql.SQL(
                "SELECT {owner}, {value} FROM {table} WHERE {key} IS NULL AND {owner} IS NOT NULL"
            ).format(**at)
        )
        for person, *said in unnamed:
            try:
                if _normal(kind, said) == wanted:
                    found.add(person)
            except IdentifierError:
                continue
    return found

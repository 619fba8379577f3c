"""The register of what was made public of people (art. 17(2); R-027): which columns, for what, where, and who took it over.

An erasure tells each of them to take down links, copies and replications (`plan.sql.public`). As keeper.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import sql

from bloesem.errors import RightsError
from bloesem.plan.model import Plan
from bloesem.plan.sql.public import PUBLIC
from bloesem.stores.postgres import Connection

_ADDRESS = re.compile(r"https?://[^\s]{3,}")
_MAILBOX = re.compile(r"[^@\s]+@[^@\s]+")


@dataclass(frozen=True)
class Place:
    """A page where something stands. `ours`: the company's own, from which others took it; `contact`: a mailbox."""

    name: str
    url: str
    contact: str | None = None
    ours: bool = False
    id: int = 0

    @property
    def recipient(self) -> str:
        """How a notice names it."""
        return f"{PUBLIC}{self.id}"


@dataclass(frozen=True)
class Public:
    id: int
    person: int
    purpose: str
    table: str
    columns: tuple[str, ...]
    at: dt.datetime
    withdrawn: dt.date | None
    places: tuple[Place, ...]


def publish(
    connection: Connection,
    plan: Plan,
    person: int,
    purpose: str,
    table: str,
    columns: Sequence[str],
    page: Place,
    by: str,
    now: dt.datetime,
) -> int:
    """Writes down that these columns of somebody are public, on `page`. out: its number.

    raises: PlanError for no purpose, table or column; RightsError where the purpose does not read them, for nobody, or a
    place without an address.
    """
    which, planned = plan.purpose(purpose), plan.table(table)
    wanted = [planned.column(name) for name in columns]
    unread = [c.name for c in wanted if not c.purposes & which.mask or not which.active]
    if not wanted or unread:
        raise RightsError(
            f"`{purpose}` does not read {table}.{unread[0] if unread else '*'}",
            "art. 5(1)(b), P-004: what is made public is for a declared purpose that may read it",
            "name columns that this purpose reads; `bloesem explain` says which",
        )
    there = connection.execute(
        _sql("SELECT EXISTS (SELECT FROM {s}.state WHERE person_id = %s)", plan), [person]
    ).fetchone()
    if there != (True,):
        raise RightsError("nobody has this number", "what is public is somebody's", "name the person first")
    row = connection.execute(
        _sql(
            "INSERT INTO {s}.made_public (person_id, purpose, table_name, columns, at, by)"
            " VALUES (%s, %s, %s, %s, %s, %s) RETURNING id",
            plan,
        ),
        [person, purpose, planned.name, list(columns), now, by],
    ).fetchone()
    assert row is not None
    taken_over(connection, plan, int(row[0]), page, now)
    return int(row[0])


def taken_over(connection: Connection, plan: Plan, number: int, place: Place, now: dt.datetime) -> int:
    """Writes down that somebody else links to it, or has a copy. out: its number. raises: RightsError."""
    if not _ADDRESS.fullmatch(place.url) or (place.contact and not _MAILBOX.fullmatch(place.contact)):
        raise RightsError(
            "this is no address of a page, or of a mailbox",
            "art. 17(2): who has a link or copy is told where it stands",
            "write https://…, and somebody@…",
        )
    row = connection.execute(
        _sql(
            "INSERT INTO {s}.made_public_at (public_id, ours, name, contact, url, noted_at)"
            " SELECT id, %s, %s, %s, %s, %s FROM {s}.made_public WHERE id = %s AND withdrawn IS NULL RETURNING id",
            plan,
        ),
        [place.ours, place.name, place.contact, place.url, now, number],
    ).fetchone()
    if row is None:
        raise RightsError(
            f"nothing that is public has the number {number}",
            "art. 17(2): a copy is of something that was made public",
            "bloesem public lists them",
        )
    return int(row[0])


def withdrawn(connection: Connection, plan: Plan, number: int, today: dt.date) -> None:
    """It stands nowhere any more. raises: RightsError where that is known already, or somebody who was told has no proof."""
    done = connection.execute(
        _sql(
            "UPDATE {s}.made_public p SET withdrawn = %s WHERE id = %s AND withdrawn IS NULL AND NOT EXISTS ("
            "SELECT FROM {s}.notice n JOIN {s}.made_public_at a ON n.recipient = %s || a.id WHERE a.public_id = p.id"
            " AND n.proven_at IS NULL)",
            plan,
        ),
        [today, number, PUBLIC],
    )
    if done.rowcount != 1:
        raise RightsError(
            f"number {number} cannot be closed now",
            "art. 17(2): until whoever has a link or copy showed that it is gone",
            "bloesem notices lists who was told; note each proof first",
        )


def listed(connection: Connection, plan: Plan, people: Sequence[int] | None = None) -> list[Public]:
    """What was made public, of these people or of all; the newest first."""
    rows = connection.execute(
        _sql(
            "SELECT p.id, p.person_id, p.purpose, p.table_name, p.columns, p.at, p.withdrawn, a.id, a.name, a.url,"
            " a.contact, a.ours FROM {s}.made_public p JOIN {s}.made_public_at a ON a.public_id = p.id"
            " WHERE %(people)s::bigint[] IS NULL OR p.person_id = ANY (%(people)s) ORDER BY p.id DESC, a.id",
            plan,
        ),
        {"people": None if people is None else list(people)},
    ).fetchall()
    found: dict[int, Public] = {}
    for number, person, purpose, table, columns, at, gone, place, name, url, contact, ours in rows:
        before = found.get(number)
        places = (*(before.places if before else ()), Place(name, url, contact, ours, place))
        found[number] = Public(number, person, purpose, table, tuple(columns), at, gone, places)
    return list(found.values())


def places(connection: Connection, schema: str) -> dict[str, Place]:
    """Whom notices call `public:…`."""
    rows = connection.execute(
        sql.SQL("SELECT id, name, url, contact, ours FROM {s}.made_public_at").format(
            s=sql.Identifier(schema)
        )
    ).fetchall()
    made = (Place(name, url, contact, ours, number) for number, name, url, contact, ours in rows)
    return {one.recipient: one for one in made}


def _sql(text: str, plan: Plan) -> sql.Composed:
    return sql.SQL(text).format(s=sql.Identifier(plan.schema))


__all__ = ["Place", "Public", "listed", "places", "publish", "taken_over", "withdrawn"]

"""Blossom's own database with its plan in force and invented people with ten years of history in it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from psycopg import sql
from tests.bloesem.cli.world import BLOSSOM
from tests.charging.databases import migrated
from tests.databases import Database, as_made

from bloesem import company
from bloesem.company import Loaded
from bloesem.plan.dates import civil
from bloesem.rights.guarded.desk import GuardedDesk
from bloesem.rights.identify import Who
from bloesem.rights.keeping import NoRecord, Record
from bloesem.stores.install import install
from bloesem.stores.postgres import Connection

PEOPLE = 160


def today() -> dt.date:
    """The day on which the database stands: its clock is the server's."""
    return civil(dt.datetime.now(dt.UTC))


@dataclass(frozen=True)
class Blossom:
    """A copy of the company's database. `cases`: people, by what they are an example of."""

    database: Database
    prefix: str
    loaded: Loaded
    cases: Mapping[str, Sequence[int]]

    def desk(self, connection: Connection, record: Record | None = None) -> GuardedDesk:
        read = self.loaded
        return GuardedDesk(connection, read.plan, read.maps.datamap, "en", record or NoRecord())

    def connect(self) -> Connection:
        return self.database.connect(autocommit=True)

    def one(self, case: str, number: int = 0) -> int:
        return self.cases[case][number]

    def value(self, query: str, *given: object) -> Any:
        with self.connect() as connection:
            row = connection.execute(query.encode(), given).fetchone()
            return row[0] if row else None

    def rows(self, *, without: Sequence[int] = (), masks: bool = True) -> dict[str, list[str]]:
        """Every row of every mapped table as text, in the order of its key; `without` those of these people."""
        found = {}
        with self.connect() as connection:
            for table in self.loaded.plan.tables:
                columns = [c.name for c in table.columns] + (
                    ["used_for", "kept_for", "good_until"] if masks else []
                )
                query = sql.SQL("SELECT ({})::text FROM {} WHERE {} ORDER BY {}").format(
                    sql.SQL("ROW({})").format(sql.SQL(", ").join(map(sql.Identifier, columns))),
                    sql.Identifier(table.schema, table.name),
                    sql.SQL(" AND ").join(
                        sql.SQL("({} = ANY ({})) IS NOT TRUE").format(
                            sql.Identifier(o), sql.Literal(list(without))
                        )
                        for o in table.owners
                    ),
                    sql.SQL(", ").join(map(sql.Identifier, table.key)),
                )
                found[table.name] = [row[0] for row in connection.execute(query)]
        return found


def made(database: Database) -> Blossom:
    """in: an empty database. out: a copy of one that is inhabited, with its roles."""
    copy, found = as_made(database, "ten years", _inhabited)
    return replace(found, database=copy)


def _inhabited(database: Database) -> Blossom:
    import django

    django.setup()
    from charging.generate import generate
    from charging.generate.load import load

    migrated(database)
    read = company.load(BLOSSOM, on=today(), prefix=database.role_prefix)
    world = generate(today(), PEOPLE, 7)
    with database.connect(autocommit=True) as connection:
        install(connection, read.plan)
        load(connection, world, at=_moment(connection))
    return Blossom(database, database.role_prefix, read, world.cases)


def _moment(connection: Connection) -> dt.datetime:
    row = connection.execute("SELECT bloesem.moment()").fetchone()
    assert row is not None
    moment: dt.datetime = row[0]
    return moment


def asked(*people: int) -> list[list[Who]]:
    return [[Who("id", str(person), "person")] for person in people]

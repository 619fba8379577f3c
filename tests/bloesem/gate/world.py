"""A guarded database for attacks: a plan put in force, invented people in every state, and each process's own login."""

from __future__ import annotations

import datetime as dt
import itertools
import random
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from django.db import connections, models
from psycopg import sql
from tests.bloesem.gate import small_company
from tests.databases import Database, as_made, forget_model

from bloesem import gate
from bloesem.gate.secrets import Credentials
from bloesem.gate.served import Target, targets
from bloesem.gate.settings import process_database
from bloesem.plan.dates import civil
from bloesem.plan.model import Fact, Plan, TablePlan
from bloesem.stores.install import install

Connection = psycopg.Connection[Any]
_numbers = itertools.count(1)


class Secrets:
    """What the installer asks of `LoginSecrets`, kept in memory."""

    def __init__(self) -> None:
        self.made: dict[str, Credentials] = {}

    def of(self, login: str) -> Credentials:
        return self.made.setdefault(login, Credentials.new(login))

    def password(self, login: str) -> str:
        return self.of(login).password

    def scope_key(self, login: str) -> bytes:
        return self.of(login).scope_key


@dataclass
class World:
    """A database with a plan in force. `admin`: a superuser in autocommit, for what only the test may know."""

    plan: Plan
    database: Database
    admin: Connection
    secrets: Secrets = field(default_factory=Secrets)
    aliases: dict[str, str] = field(default_factory=dict)
    models: dict[str, type[models.Model]] = field(default_factory=dict)
    idle: dict[str, list[Connection]] = field(default_factory=dict)

    def put_in_force(self) -> None:
        install(self.admin, self.plan, credentials=self.secrets)

    def login(self, target: str) -> str:
        """A process that serves this purpose or role."""
        return next(login for login, served in self.plan.processes.items() if target in served)

    def alias(self, login: str) -> str:
        """Django's connection of a login, gated."""
        if login not in self.aliases:
            alias = self.aliases[login] = f"gate{next(_numbers)}_{login}"
            credentials = self.secrets.of(login)
            entry = process_database(credentials.dsn(self.database.dsn, self.plan.prefix))
            register(alias, entry)
            gate.configure(self.plan, credentials, using=alias)
        return self.aliases[login]

    def raw(self, login: str, *, autocommit: bool = False) -> Connection:
        """A bare connection of a login: what an attacker has who runs code in that process."""
        credentials = self.secrets.of(login)
        return self.database.connect(
            user=self.plan.role(login), password=credentials.password, autocommit=autocommit
        )

    @contextmanager
    def lent(self, login: str) -> Iterator[Connection]:
        """As `raw`, of those that were used before: for what leaves nothing in its session once it is rolled back."""
        idle = self.idle.setdefault(login, [])
        connection = idle.pop() if idle else self.raw(login)
        try:
            yield connection
            connection.rollback()
        except BaseException:
            connection.close()
            raise
        if not connection.closed:
            idle.append(connection)

    def close(self) -> None:
        for connection in (one for idle in self.idle.values() for one in idle):
            connection.close()
        self.idle.clear()
        for alias in self.aliases.values():
            connections[alias].close()
            gate.forget(alias)
            del connections[alias]
            del connections.settings[alias]
        self.aliases.clear()

    # ---- what is really there ----------------------------------------------------------------------------------

    def rows(self, table: TablePlan) -> list[dict[str, Any]]:
        names = [c.name for c in table.columns]
        query = sql.SQL("SELECT {} FROM {}").format(
            sql.SQL(", ").join(map(sql.Identifier, names)), sql.Identifier(table.schema, table.name)
        )
        return [dict(zip(names, row, strict=True)) for row in self.admin.execute(query)]

    def facts(self) -> dict[int, tuple[Fact, ...]]:
        found: dict[int, list[Fact]] = {}
        for row in self.admin.execute(
            "SELECT person_id, kind, key, starts_at, ends_at, table_name, row_id FROM bloesem.fact"
        ):
            found.setdefault(row[0], []).append(Fact(*row))
        return {person: tuple(facts) for person, facts in found.items()}

    def now(self) -> dt.datetime:
        row = self.admin.execute("SELECT bloesem.moment()").fetchone()
        assert row is not None
        moment: dt.datetime = row[0]
        return moment

    def today(self) -> dt.date:
        """The civil day of the database's clock."""
        return civil(self.now())

    def targets(self) -> list[Target]:
        """Everything that a process may be: purposes in force, scoped roles, writers."""
        return [t for t in targets(self.plan).values() if t.purpose is None or t.purpose.active]


def register(alias: str, entry: dict[str, Any]) -> None:
    """A connection that the settings do not have, with Django's defaults."""
    complete = connections.configure_settings({"default": {}, alias: dict(entry)})
    connections.settings[alias] = complete[alias]


@contextmanager
def opened(world: World) -> Iterator[World]:
    try:
        yield world
    finally:
        world.close()


@contextmanager
def copied(
    database: Database,
    what: Hashable,
    make: Callable[[Database, Connection], World],
    *,
    tables: Callable[[Database], object] | None = None,
) -> Iterator[World]:
    """in: an empty database; `tables`: makes tables in one; `make`: puts a plan in force there, and people. out: a copy of what it made the first time
    that `what` was asked for. Copies share their roles: after one that had another plan put in force, a new model is made.
    """

    def made(model: Database) -> tuple[Plan, Secrets]:
        if tables:
            tables(model)
        with model.connect(autocommit=True) as admin:
            world = make(model, admin)
            world.close()
            return world.plan, world.secrets

    database, (plan, secrets) = as_made(database, what, made)
    before = _plans(database)
    try:
        with (
            database.connect(autocommit=True) as admin,
            opened(World(plan, database, admin, secrets)) as world,
        ):
            yield world
    finally:
        if _plans(database) != before:
            forget_model(database, what)


def _plans(database: Database) -> int:
    """How many plans were put in force here."""
    with database.connect() as connection:
        found = connection.execute("SELECT count(*) FROM bloesem.installed").fetchone()
    assert found is not None
    return int(found[0])


# ---- models of the plan's tables -----------------------------------------------------------------------------------

_FIELDS: dict[str, type[models.Field[Any, Any]]] = {
    "bigint": models.BigIntegerField,
    "integer": models.IntegerField,
    "smallint": models.IntegerField,
    "boolean": models.BooleanField,
    "date": models.DateField,
    "timestamp with time zone": models.DateTimeField,
    "bytea": models.BinaryField,
    "text": models.TextField,
    "character varying": models.TextField,
    "jsonb": models.JSONField,
}


def types(admin: Connection, table: TablePlan) -> dict[str, tuple[str, bool]]:
    """Column → type, and whether it must have a value."""
    rows = admin.execute(
        "SELECT column_name, data_type, is_nullable = 'NO' FROM information_schema.columns "
        "WHERE table_schema = %s AND table_name = %s",
        [table.schema, table.name],
    ).fetchall()
    return {name: (kind, needed) for name, kind, needed in rows}


def inhabited(database: Database, admin: Connection, people: Sequence[int], events: Sequence[str]) -> World:
    """The small company in force, with these people, to each of whom these events have just happened."""
    plan = small_company.plan(database.role_prefix)
    small_company.create_tables(admin, plan)
    world = World(plan, database, admin)
    world.put_in_force()
    for person in people:
        admin.execute(
            "INSERT INTO data.person (id, recorded_at, language) VALUES (%s, now(), 'nl')", [person]
        )
        for event in events:
            admin.execute("SELECT bloesem.record_fact(%s, 'event', %s, now())", [person, event])
    return world


def make_models(world: World) -> dict[str, type[models.Model]]:
    """A guarded model per table, made from the database's own catalogue."""
    from bloesem.gate.models import Guarded  # Django is ready only when tests run

    number = next(_numbers)
    for table in world.plan.tables:
        kinds = types(world.admin, table)
        body: dict[str, Any] = {"__module__": __name__}
        for column in table.columns:
            maker = _FIELDS[kinds[column.name][0]]
            key = column.name == table.key[0]
            body[column.name] = maker(primary_key=True) if key else maker(null=True)
        body["Meta"] = type("Meta", (), {"app_label": f"attack{number}", "db_table": table.name})
        world.models[table.name] = type(f"{table.name.title()}{number}", (Guarded,), body)
    return world.models


# ---- people ------------------------------------------------------------------------------------------------------


def fill(world: World, people: int = 24, seed: int = 7) -> None:
    """Invented people with rows in every table, and every kind of fact, some of it ended, some still to come."""
    chance = random.Random(seed)
    now = world.now()
    ids = [10**18 * 7 + n for n in range(1, people + 1)]  # as long as real ones are
    tables = sorted(world.plan.tables, key=lambda t: not t.anchor)
    with world.admin.transaction():
        for table in tables:
            kinds = types(world.admin, table)
            for person in ids if table.anchor else [p for p in ids for _ in range(chance.choice((1, 1, 2)))]:
                _insert(world, chance, table, kinds, person, ids, now)
        for person in ids:
            for fact in _facts(world.plan, chance, person, now):
                world.admin.execute(
                    "SELECT bloesem.record_fact(%s, %s, %s, %s, %s, NULL, NULL, %s, %s, %s)",
                    [
                        *(fact.person, fact.kind, fact.key, fact.starts_at, fact.ends_at),
                        *(fact.held_by, fact.reason, fact.review_on),
                    ],
                )


def _insert(
    world: World,
    chance: random.Random,
    table: TablePlan,
    kinds: dict[str, tuple[str, bool]],
    person: int,
    people: Sequence[int],
    now: dt.datetime,
) -> None:
    row: dict[str, Any] = {}
    for column in table.columns:
        kind, needed = kinds[column.name]
        row[column.name] = _value(chance, table, column.name, kind, now, needed=needed)
    row[table.key[0]] = person if table.anchor else next(_ids)
    if not table.anchor:
        row[table.owners[0]] = person
        for other in table.owners[1:]:
            row[other] = chance.choice((None, chance.choice([p for p in people if p != person])))
    for scope, column_name in table.scopes.items():
        row[column_name] = chance.choice((501, 502)) if scope != "person" else row[column_name]
    names = sql.SQL(", ").join(map(sql.Identifier, row))
    marks = sql.SQL(", ").join([sql.Placeholder()] * len(row))
    query = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(table.schema, table.name), names, marks
    )
    world.admin.execute(query, list(row.values()))


_ids = itertools.count(8 * 10**18 + 1)


def _value(
    chance: random.Random, table: TablePlan, name: str, kind: str, now: dt.datetime, *, needed: bool
) -> Any:
    day = civil(now) - dt.timedelta(days=chance.choice((5, 20, 45, 200, 360, 380, 900, 2600, 2950, 4100)))
    moment = dt.datetime(day.year, day.month, day.day, 12, tzinfo=dt.UTC)
    if name == table.recorded:
        return moment
    if kind == "date":
        return day
    if kind.startswith("timestamp"):
        return moment if needed or chance.random() < 0.6 else None
    tests = [n.when for n in table.narrow if n.when and n.when.column == name]
    starts = [test.starts_with for test in tests if test.starts_with]
    equal = [v for test in tests for v in (test.equals, *test.one_of) if v is not None]
    if starts or equal:
        return chance.choice(
            [*(f"{s}x" for s in starts), *equal, *([f"x{next(_ids)}"] if kind == "text" else [])]
        )
    if not needed and chance.random() < 0.1:
        return None
    if kind in ("bigint", "integer", "smallint"):
        # Links to other guarded rows stay empty: here a row is judged by its owner alone.
        return None if name.endswith("_id") and not needed else chance.randrange(1, 30_000)
    if kind == "boolean":
        return chance.random() < 0.5
    if kind == "bytea":
        return chance.randbytes(8)
    if kind == "jsonb":
        return None
    return f"{table.name}.{name}.{next(_ids)}"


def _facts(plan: Plan, chance: random.Random, person: int, now: dt.datetime) -> Iterator[Fact]:
    def ago(days: int) -> dt.datetime:
        return now - dt.timedelta(days=days)

    objectable = [p.key for p in plan.purposes if p.objection != "none"]
    holds = [p.key for p in plan.purposes if p.hold]
    consents = [p.key for p in plan.purposes if p.by_consent]
    if chance.random() < 0.4:
        yield Fact(person, "objection", chance.choice(objectable), ago(3))
    if chance.random() < 0.2:
        yield Fact(person, "objection", chance.choice(objectable), ago(30), ago(2))
    if chance.random() < 0.2:
        yield Fact(person, "assessing", chance.choice(objectable), ago(1))
    if chance.random() < 0.3:
        yield Fact(person, "restriction", "accuracy", ago(4), chance.choice((None, ago(1))))
    if holds and chance.random() < 0.3:
        yield Fact(
            *(person, "hold", chance.choice(holds), ago(9)),
            chance.choice((None, now + dt.timedelta(days=9))),
            held_by="desk",
            reason="case 1",
            review_on=civil(now) + dt.timedelta(days=90),
        )
    if consents and chance.random() < 0.6:
        yield Fact(person, "consent", chance.choice(consents), ago(chance.choice((20, 360, 370))))
    if chance.random() < 0.15:
        yield Fact(person, "erasure", "17(1)(a)", ago(2))
    for event in ("account.opened", "customer.started", "interaction"):
        if event in plan.events and chance.random() < 0.8:
            yield Fact(person, "event", event, ago(chance.choice((30, 350, 400, 2000))))
    for event in ("account.terminated", "account.closed", "customer.ended"):
        if event in plan.events and chance.random() < 0.4:
            yield Fact(person, "event", event, ago(chance.choice((0, 10, 364, 370, 1500))))

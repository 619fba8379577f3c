"""What four kinds of people do with a guarded database, every access recorded, against plain indexed PostgreSQL with none of it.

The mixes follow who has a part in personal data under the GDPR: the *controller* (records new customers and sessions,
corrects, sweeps), the *customer* (reads what is held, has it corrected, objects, is erased), the *processor* (serves
people by name and pages through sessions) and the *regulator* (who read whom, what is held and since when, is an erased
person gone). Our own generator; the same operations, people and values on both sides.

Ours: each operation is one transaction of the right login in the right role, durable, and logged: who read whom. Theirs: the
same in one transaction on tables without masks, policies or triggers, with the same indexes; nothing is logged, an
objection is a flag, an erasure is a DELETE per table. Both sides' answers are compared with a model in memory after every
operation: one that differs fails the run.

A third side says what the record alone costs: theirs, with one row per person read in a table of its own, in the transaction of
the read (`recorded_by_hand`). No promise that a read is on disk before its answer can cost less.
"""

from __future__ import annotations

import datetime as dt
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, LiteralString

from bench.measure import Figure, one_core, parser, tell
from bench.world import STEP, Base, Crowd, base, fill
from bloesem.clock import sweep
from bloesem.gate.scope import signed
from bloesem.gate.served import search_path, targets
from bloesem.plan.dates import civil
from bloesem.stores.postgres import Connection

#: Each person's sessions: 2,000 people have 100,000.
SESSIONS = 50
LIMIT = 1.3
TABLES = ("person", "person_name", "email_address", "contact", "account", "product_ownership", "session")
#: operation → how many in a hundred.
MIXES: dict[str, dict[str, int]] = {
    "controller": {"join": 15, "charge": 55, "settle": 25, "clean": 5},
    "customer": {"see": 40, "correct": 20, "object": 25, "erase": 15},
    "processor": {"serve": 60, "page": 30, "total": 10},
    "regulator": {"who_read": 45, "held": 40, "gone": 15},
}

Answer = Any


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser(__doc__, people=2_000)
    options.add_argument("--operations", type=int, default=1_000, help="of each mix (1,000)")
    chosen = options.parse_args(arguments)
    return tell(figures(chosen.people, chosen.operations), as_json=chosen.json)


def figures(people: int, operations: int) -> list[Figure]:
    now = dt.datetime.now(dt.UTC)
    start = civil(now) - dt.timedelta(days=330)
    with one_core(), base(civil(now)) as made:
        with made.connect() as admin:
            fill(admin, made.plan, [Crowd(1, people, start, 300, sessions=SESSIONS)], now)
            _charging(admin)
            _plain(admin, "plain")
            _plain(admin, "noted")
            model = Model.of(admin)
        with (
            Guarded.opened(made) as ours,
            Plain.opened(made, "plain") as theirs,
            Noted.opened(made, "noted") as noted,
        ):
            return [_mix(name, [ours, theirs, noted], model, operations) for name in MIXES]


def _mix(name: str, all_: Sequence[Side], model: Model, operations: int) -> Figure:
    """in: ours, theirs, and theirs with a record by hand."""
    chance = random.Random(name)
    weights = MIXES[name]
    spent = [0.0] * len(all_)
    each: dict[str, list[float]] = {what: [0.0] * (len(all_) + 1) for what in weights}
    for number in range(operations):
        what = chance.choices(list(weights), list(weights.values()))[0]
        given = model.draw(what, chance)
        should = model.act(what, given)
        sides = list(enumerate(all_))
        for place, side in sides if number % 2 else sides[::-1]:
            begun = time.perf_counter_ns()
            answer = getattr(side, what)(*given)
            took = (time.perf_counter_ns() - begun) / 1e6
            spent[place] += took
            each[what][place] += took
            if answer != should:
                raise AssertionError(
                    f"{name}: {what}: {side.__class__.__name__} answers otherwise than it should"
                )
        each[what][-1] += 1
        for side in all_:
            side.note(model.noted)  # not timed: what the regulator asks all sides for
        model.noted.clear()
    by_hand = spent[2] / operations
    more = {
        "operations": operations,
        "recorded_by_hand": by_hand,
        "recorded_by_hand_ratio": spent[2] / spent[1],
        "each_ms": {w: [round(ms / n, 3) for ms in all_ms] for w, (*all_ms, n) in each.items() if n},
    }
    return Figure(
        f"mix of the {name}", spent[0] / operations, spent[1] / operations, LIMIT, "ms/operation", more=more
    )


# ---- the model in memory -------------------------------------------------------------------------------------------


@dataclass
class Person:
    family: str
    email: str
    sessions: dict[int, int | None] = field(default_factory=dict)  # id → cents
    erased: bool = False
    reads: int = 0


@dataclass
class Model:
    """What both databases should hold: the oracle. `draw` says what an operation is given, `act` what it answers."""

    people: dict[int, Person]
    owner: dict[int, int]  # session → person
    ids: list[int] = field(default_factory=list)  # of the sessions that were there at the beginning
    noted: list[int] = field(default_factory=list)  # who was read by the last operation
    next: int = 0

    @classmethod
    def of(cls, admin: Connection) -> Model:
        rows = admin.execute(
            "SELECT n.person_id, n.family_name, e.value FROM plain.person_name n JOIN plain.email_address e USING (person_id)"
        ).fetchall()
        people = {person: Person(family, email) for person, family, email in rows}
        made = cls(people, {})
        for number, person, cents in admin.execute("SELECT id, person_id, amount_cents FROM plain.session"):
            people[person].sessions[number] = cents
            made.owner[number] = person
        made.next = max(people) + STEP
        made.ids = sorted(made.owner)
        return made

    def read(self, *people: int) -> None:
        for person in people:
            self.people[person].reads += 1
            self.noted.append(person)

    def living(self, chance: random.Random) -> int:
        people = list(self.people)
        while True:
            person = chance.choice(people)
            if not self.people[person].erased:
                return person

    def draw(self, what: str, chance: random.Random) -> tuple[Any, ...]:
        match what:
            case "join":
                self.next += STEP
                return (self.next, f"Nieuw{self.next}", f"n{self.next}@post.example")
            case "charge":
                return (self.living(chance), chance.randrange(2**61, 2**62), chance.randrange(1, 50_000))
            case "settle":
                while True:
                    number = chance.choice(self.ids)
                    if not self.people[self.owner[number]].erased:
                        return (number, self.owner[number], chance.randrange(100, 5_000))
            case "correct":
                return (self.living(chance), f"Verbeterd{chance.randrange(10**6)}")
            case "page":
                return (self.ids[chance.randrange(len(self.ids) - 200)],)
            case "total":
                first = chance.randrange(max(1, len(self.ids) - 5_000))
                return (self.ids[first], self.ids[min(first + 4_999, len(self.ids) - 1)])
            case "gone":
                erased = [n for n, p in self.people.items() if p.erased]
                return (chance.choice(erased) if erased else -1,)
            case "clean":
                return ()
            case _:
                return (self.living(chance),)

    def act(self, what: str, given: tuple[Any, ...]) -> Answer:
        match what:
            case "join":
                person, family, email = given
                self.people[person] = Person(family, email)
                return None
            case "charge":
                person, number, _energy = given
                self.people[person].sessions[number] = None
                self.owner[number] = person
                return None
            case "settle":
                number, person, cents = given
                self.people[person].sessions[number] = cents
                self.read(person)
                return 1
            case "clean":
                return 0
            case "see" | "serve":
                one = self.people[given[0]]
                self.read(given[0])
                latest = sorted(one.sessions.items(), reverse=True)[:100]
                return (one.family, one.email, latest)
            case "correct":
                person, family = given
                self.people[person].family = family
                self.read(person)
                return 1
            case "object":
                return 0
            case "erase":
                self.people[given[0]].erased = True
                return 0
            case "page":
                shown = [n for n in self.ids if n >= given[0]]
                shown = [n for n in shown if not self.people[self.owner[n]].erased][:100]
                self.read(*{self.owner[n] for n in shown})
                return [(n, self.people[self.owner[n]].sessions[n]) for n in shown]
            case "total":
                first, last = given
                mine = [n for n in self.ids if first <= n <= last and not self.people[self.owner[n]].erased]
                cents = [self.people[self.owner[n]].sessions[n] or 0 for n in mine]
                return (len(mine), sum(cents))
            case "who_read":
                return self.people[given[0]].reads
            case "held":
                self.read(given[0])
                return (1, 1, 1, len(self.people[given[0]].sessions))
            case "gone":
                person = given[0]
                held = len(self.people[person].sessions) if person in self.people else 0
                if person in self.people:
                    self.read(person)
                return (0, 0, 0, held)
        raise AssertionError(what)


# ---- plain PostgreSQL ----------------------------------------------------------------------------------------------


NAME: LiteralString = "SELECT family_name FROM person_name WHERE person_id = %s"
EMAIL: LiteralString = "SELECT value FROM email_address WHERE person_id = %s"
OWN: LiteralString = "SELECT customer_number, language, state FROM person WHERE id = %s"
CONTACTS: LiteralString = (
    "SELECT channel, direction, at, about FROM contact WHERE person_id = %s ORDER BY at DESC LIMIT 50"
)
CHARGED: LiteralString = (
    "SELECT id, amount_cents FROM session WHERE person_id = %s ORDER BY id DESC LIMIT 100"
)
PAGE: LiteralString = "SELECT id, amount_cents, person_id FROM session WHERE id >= %s ORDER BY id LIMIT 100"
#: By hand: what was erased is nobody's to bill, and who objected is not written to.
GOOD_PAGE: LiteralString = "SELECT id, amount_cents, person_id FROM session WHERE id >= %s AND state IS NOT NULL ORDER BY id LIMIT 100"
PERMITTED: LiteralString = "SELECT value FROM email_address e JOIN flag f ON f.id = e.person_id WHERE person_id = %s AND NOT no_marketing"
TOTAL: LiteralString = (
    "SELECT count(*), coalesce(sum(amount_cents), 0) FROM session WHERE id BETWEEN %s AND %s"
)
CHARGE: LiteralString = (
    "INSERT INTO session (id, person_id, recorded_at, started_at, stopped_at, place, state, energy_wh, accounted_on)"
    " VALUES (%s, %s, now(), now() - interval '3 hours', now(), 'Gent', 'ended', %s, current_date)"
)
SETTLE: LiteralString = "UPDATE session SET amount_cents = %s WHERE id = %s"
CORRECT: LiteralString = "UPDATE person_name SET family_name = %s WHERE person_id = %s"
JOIN: tuple[LiteralString, ...] = (
    "INSERT INTO person (id, recorded_at, source, customer_number, language, kind, state)"
    " VALUES (%(id)s, now(), 'assigned', 'C' || %(id)s, 'nl', 'driver', 'customer')",
    "INSERT INTO account (id, person_id, recorded_at, source, opened_at) VALUES (%(id)s, %(id)s, now(), 'assigned', now())",
    "INSERT INTO product_ownership (id, person_id, recorded_at, source, product_id, since)"
    " VALUES (%(id)s, %(id)s, now(), 'subject:contract', 1, current_date - 1)",  # who joins after midnight charged before it
    "INSERT INTO person_name (id, person_id, recorded_at, source, given_name, family_name)"
    " VALUES (%(id)s, %(id)s, now(), 'subject:contract', 'An', %(family)s)",
    "INSERT INTO email_address (id, person_id, recorded_at, source, value, value_norm, collected_at)"
    " VALUES (%(id)s, %(id)s, now(), 'subject:contract', %(email)s, %(email)s, now())",
)
HELD: LiteralString = (
    "SELECT (SELECT count(*) FROM person WHERE id = %(id)s), (SELECT count(*) FROM person_name WHERE person_id = %(id)s),"
    " (SELECT count(*) FROM email_address WHERE person_id = %(id)s), (SELECT count(*) FROM session WHERE person_id = %(id)s)"
)


class Side:
    """What both sides answer, in the same form; the connections differ, and what surrounds a statement."""

    def person(self, connection: Connection, person: int) -> Answer:
        run = connection.execute
        run(OWN, [person]).fetchone()
        family, email = run(NAME, [person]).fetchone(), run(EMAIL, [person]).fetchone()
        run(CONTACTS, [person]).fetchall()
        sessions = run(CHARGED, [person]).fetchall()
        return (family and family[0], email and email[0], sessions)

    def note(self, people: Sequence[int]) -> None:
        """Who was read by the last operation, where the side does not write that down itself."""


@dataclass
class Plain(Side):
    """By hand: a transaction, and nothing around it."""

    connection: Connection

    @classmethod
    @contextmanager
    def opened(cls, made: Base, schema: LiteralString) -> Iterator[Plain]:
        with made.connect() as connection:
            connection.execute(f"SET search_path = {schema}")
            yield cls(connection)

    def join(self, person: int, family: str, email: str) -> Answer:
        with self.connection.transaction():
            for statement in JOIN:
                self.connection.execute(statement, {"id": person, "family": family, "email": email})
            self.connection.execute("INSERT INTO flag VALUES (%s, false)", [person])

    def charge(self, person: int, number: int, energy: int) -> Answer:
        self.connection.execute(CHARGE, [number, person, energy])

    def settle(self, number: int, person: int, cents: int) -> Answer:
        return self.connection.execute(SETTLE, [cents, number]).rowcount

    def clean(self) -> Answer:
        return self.connection.execute("DELETE FROM session WHERE accounted_on < '2015-01-01'").rowcount

    def see(self, person: int) -> Answer:
        with self.connection.transaction():
            return self.person(self.connection, person)

    def serve(self, person: int) -> Answer:
        return self.see(person)

    def correct(self, person: int, family: str) -> Answer:
        return self.connection.execute(CORRECT, [family, person]).rowcount

    def object(self, person: int) -> Answer:
        self.connection.execute("UPDATE flag SET no_marketing = true WHERE id = %s", [person])
        return len(self.connection.execute(PERMITTED, [person]).fetchall())

    def erase(self, person: int) -> Answer:
        self.leave(person)
        return len(self.connection.execute(NAME, [person]).fetchall())

    def leave(self, person: int) -> None:
        with self.connection.transaction():
            for table in ("person_name", "email_address", "contact", "account", "product_ownership"):
                self.connection.execute(f"DELETE FROM {table} WHERE person_id = %s".encode(), [person])
            self.connection.execute("DELETE FROM person WHERE id = %s", [person])
            # What an invoice stands on is kept: amount, energy, day.
            self.connection.execute(
                "UPDATE session SET started_at = NULL, stopped_at = NULL, place = NULL, state = NULL, meter_values = NULL"
                " WHERE person_id = %s",
                [person],
            )

    def page(self, first: int) -> Answer:
        return [row[:2] for row in self.connection.execute(GOOD_PAGE, [first]).fetchall()]

    def total(self, first: int, last: int) -> Answer:
        query = "SELECT count(*), coalesce(sum(amount_cents), 0) FROM session WHERE id BETWEEN %s AND %s AND state IS NOT NULL"
        return self.connection.execute(query, [first, last]).fetchone()

    def who_read(self, person: int) -> Answer:
        return self.connection.execute(
            "SELECT count(*) FROM access WHERE person_id = %s", [person]
        ).fetchone()[0]  # type: ignore[index]

    def held(self, person: int) -> Answer:
        return self.connection.execute(HELD, {"id": person}).fetchone()

    def gone(self, person: int) -> Answer:
        return self.held(person)

    def note(self, people: Sequence[int]) -> None:
        """As many rows of who read whom as the other side has."""
        if people:
            self.connection.execute(
                "INSERT INTO access SELECT unnest(%s::bigint[]), now(), 'desk:1'", [list(people)]
            )


class Noted(Plain):
    """By hand too, and who read whom written down beside it: what the record alone costs."""

    def log(self, people: Sequence[int | None]) -> None:
        query = "INSERT INTO access SELECT p, now(), 'desk:1' FROM unnest(%s::bigint[]) p"
        self.connection.execute(query, [list(people)])

    def note(self, people: Sequence[int]) -> None:
        pass

    def settle(self, number: int, person: int, cents: int) -> Answer:
        with self.connection.transaction():
            done = super().settle(number, person, cents)
            self.log([person])
        return done

    def correct(self, person: int, family: str) -> Answer:
        with self.connection.transaction():
            done = super().correct(person, family)
            self.log([person])
        return done

    def see(self, person: int) -> Answer:
        with self.connection.transaction():
            answer = self.person(self.connection, person)
            self.log([person])
        return answer

    def object(self, person: int) -> Answer:
        self.connection.execute("UPDATE flag SET no_marketing = true WHERE id = %s", [person])
        with self.connection.transaction():
            answer = len(self.connection.execute(PERMITTED, [person]).fetchall())
            self.log([None])
        return answer

    def erase(self, person: int) -> Answer:
        self.leave(person)
        with self.connection.transaction():
            answer = len(self.connection.execute(NAME, [person]).fetchall())
            self.log([None])
        return answer

    def page(self, first: int) -> Answer:
        with self.connection.transaction():
            rows = self.connection.execute(GOOD_PAGE, [first]).fetchall()
            self.log(sorted({row[2] for row in rows}))
        return [row[:2] for row in rows]

    def total(self, first: int, last: int) -> Answer:
        with self.connection.transaction():
            answer = super().total(first, last)
            self.log([None])
        return answer

    def held(self, person: int) -> Answer:
        with self.connection.transaction():
            answer = super().held(person)
            self.log([person if person > 0 else None])
        return answer


def _charging(admin: Connection) -> None:
    """Everybody has a charger: of others no session is taken in (P-015)."""
    admin.execute(
        "INSERT INTO data.product (id, key, label_nl, label_en, service, price_cents)"
        " VALUES (1, 'home-charger', 'Thuislaadpunt', 'Home charge point', 'home_charger', 149000)"
    )
    admin.execute(
        "INSERT INTO data.product_ownership (id, person_id, recorded_at, source, product_id, since)"
        " SELECT id, id, recorded_at, 'subject:contract', 1, recorded_at::date FROM data.person"
    )


def _plain(admin: Connection, schema: LiteralString) -> None:
    """The same rows in tables of their own: no masks, no policies, no triggers; every index that the others have."""
    admin.execute(f"CREATE SCHEMA {schema}")
    for table in TABLES:
        columns = admin.execute(
            "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = %s::regclass"
            " AND attnum > 0 AND NOT attisdropped AND NOT attname = ANY ('{used_for,kept_for,good_until,frozen_since,frozen_ground}')",
            [f"data.{table}"],
        ).fetchone()
        assert columns is not None
        admin.execute(f"CREATE TABLE {schema}.{table} AS SELECT {columns[0]} FROM data.{table}".encode())
        for (made,) in admin.execute(
            "SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = %s::regclass",
            [f"data.{table}"],
        ).fetchall():
            if "good_until" not in made and "kept_for" not in made:
                admin.execute(made.replace(" ON data.", f" ON {schema}.").encode())
    admin.execute(f"CREATE TABLE {schema}.flag AS SELECT id, false AS no_marketing FROM data.person")
    admin.execute(f"ALTER TABLE {schema}.flag ADD PRIMARY KEY (id)")
    admin.execute(f"CREATE TABLE {schema}.access (person_id bigint, at timestamptz, actor text)")
    admin.execute(f"CREATE INDEX ON {schema}.access (person_id)")
    admin.execute("VACUUM (ANALYZE)")


# ---- the guarded database ------------------------------------------------------------------------------------------


@dataclass
class Guarded(Side):
    """Through the gate, as its own code does it: the login of a process, a role and a path for one transaction, and who
    read whom written down before it commits."""

    made: Base
    keeper: Connection
    logins: dict[str, Connection]

    @classmethod
    @contextmanager
    def opened(cls, made: Base) -> Iterator[Guarded]:
        with (
            made.connect() as keeper,
            made.connect("support_desk") as desk,
            made.connect("worker") as worker,
            made.connect("portal") as portal,
            made.connect("stations") as stations,
        ):
            keeper.execute("SET search_path = data")
            yield cls(
                made, keeper, {"support_desk": desk, "worker": worker, "portal": portal, "stations": stations}
            )

    @contextmanager
    def acting(
        self, login: str, role: str, person: int | None = None
    ) -> Iterator[tuple[Connection, list[int]]]:
        """out: the connection, and a list for who was read: written down before the commit."""
        connection, plan = self.logins[login], self.made.plan
        read: list[int] = []
        with connection.transaction():
            target = targets(plan)[role]
            wanted = [
                f"SET LOCAL ROLE {plan.role(target.name)}",
                f"SET LOCAL search_path = {', '.join(search_path(plan, target))}",
            ]
            if person is not None:
                key, pid = self.made.secrets.scope_key(login), connection.info.backend_pid
                value = signed(key, pid, "person", person, int(time.time()) + 60)
                wanted.append(f"SET LOCAL bloesem.scope = '{value}'")
            connection.execute("; ".join(wanted).encode())  # as the gate sends it: at once
            yield connection, read
            connection.execute("SET LOCAL ROLE NONE")
            if role != "intake":
                connection.execute(
                    "SELECT bloesem.record_reading(%s, %s, %s::bigint[])", [f"{login}:1", role, sorted(read)]
                )

    def fact(self, person: int, kind: str, key: str) -> None:
        self.keeper.execute("SELECT bloesem.record_fact(%s, %s, %s, bloesem.moment())", [person, kind, key])

    def join(self, person: int, family: str, email: str) -> Answer:
        with self.keeper.transaction():
            for statement in JOIN:
                self.keeper.execute(statement, {"id": person, "family": family, "email": email})

    def charge(self, person: int, number: int, energy: int) -> Answer:
        with self.acting("stations", "intake") as (connection, _):
            connection.execute(CHARGE, [number, person, energy])

    def settle(self, number: int, person: int, cents: int) -> Answer:
        with self.acting("worker", "billing") as (connection, read):
            done = connection.execute(SETTLE, [cents, number]).rowcount
            read.append(person)
        return done

    def clean(self) -> Answer:
        report = sweep(self.keeper, self.made.plan, dt.datetime.now(dt.UTC))
        return report.rows_deleted

    def see(self, person: int) -> Answer:
        with self.acting("portal", "subject", person) as (connection, read):
            answer = self.person(connection, person)
            read.append(person)
        return answer

    def serve(self, person: int) -> Answer:
        with self.acting("support_desk", "support") as (connection, read):
            answer = self.person(connection, person)
            read.append(person)
        return answer

    def correct(self, person: int, family: str) -> Answer:
        with self.acting("support_desk", "support") as (connection, read):
            done = connection.execute(CORRECT, [family, person]).rowcount
            read.append(person)
        return done

    def object(self, person: int) -> Answer:
        self.fact(person, "objection", "marketing")
        with self.acting("worker", "marketing") as (connection, _):
            return len(connection.execute(EMAIL, [person]).fetchall())

    def erase(self, person: int) -> Answer:
        with self.keeper.transaction():
            self.keeper.execute(
                "UPDATE account SET terminated_at = now(), closed_at = now() WHERE person_id = %s", [person]
            )
            self.fact(person, "erasure", "17(1)(b)")
        with self.acting("support_desk", "support") as (connection, _):
            return len(connection.execute(NAME, [person]).fetchall())

    def page(self, first: int) -> Answer:
        with self.acting("worker", "billing") as (connection, read):
            rows = connection.execute(PAGE, [first]).fetchall()
            read += {row[2] for row in rows}
        return [row[:2] for row in rows]

    def total(self, first: int, last: int) -> Answer:
        with self.acting("worker", "billing") as (connection, _):
            return connection.execute(TOTAL, [first, last]).fetchone()

    def who_read(self, person: int) -> Answer:
        query = "SELECT count(*) FROM bloesem.reading WHERE person_id = %s"
        return self.keeper.execute(query, [person]).fetchone()[0]  # type: ignore[index]

    def held(self, person: int) -> Answer:
        with self.keeper.transaction():
            answer = self.keeper.execute(HELD, {"id": person}).fetchone()
            query = "SELECT bloesem.record_reading(%s, %s, %s::bigint[])"
            self.keeper.execute(query, ["regulator:1", "law:accountability", [person] if person > 0 else []])
        return answer

    def gone(self, person: int) -> Answer:
        return self.held(person)


if __name__ == "__main__":
    raise SystemExit(main())

"""The door's SQL and its plain Python say the same of generated people, about every template and channel."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql
from psycopg.rows import dict_row
from tests.bloesem.consent.stage import Stage
from tests.bloesem.sending.stage import product, templates

from bloesem.consent.phone_list import stale
from bloesem.gate.ids import new_id
from bloesem.plan.dates import civil
from bloesem.sending.decision import Asked, ask, counts, decide
from bloesem.sending.oracle import Agreed, Known, Owned, verdict
from bloesem.stores.facts import facts_of, moment
from bloesem.stores.postgres import Connection

SOURCES = (
    "subject:contract",
    "subject:contract",
    "subject:portaal",
    "subject:klantendienst",
    "subject:wedstrijd:x",
)
KINDS = ("offer", "newsletter", "event", "webinar", "contest")
CHANNELS = ("email", "sms", "phone", "app", "post")
#: Days on which something changes, and the days beside them.
AGO = st.sampled_from((0, 1, 30, 364, 365, 366, 367, 400, 800))
SEEN: set[str] = set()


@pytest.fixture(scope="module")
def open_store(at: Stage) -> Iterator[tuple[Stage, Connection, list[Asked]]]:
    product(at, "battery", 77)
    with at.world.database.connect() as connection:
        yield at, connection, every_question(at)


class Builder:
    """One person, built in the transaction of an example, by the business's own tables."""

    def __init__(self, connection: Connection, data: st.DataObject, now: dt.datetime) -> None:
        self.connection, self.data, self.now, self.person = connection, data, now, new_id()
        self.digests: list[bytes] = []

    def ago(self) -> dt.datetime:
        return self.now - dt.timedelta(days=self.data.draw(AGO))

    def add(self, table: str, **values: Any) -> None:
        row = {
            "id": new_id(),
            "person_id": self.person,
            "recorded_at": self.now,
            "source": "assigned",
            **values,
        }
        if table == "person":
            row = {**{k: v for k, v in row.items() if k != "person_id"}, "id": self.person}
        self.connection.execute(
            sql.SQL("INSERT INTO data.{} ({}) VALUES ({})").format(
                sql.Identifier(table),
                sql.SQL(", ").join(map(sql.Identifier, row)),
                sql.SQL(", ").join(sql.Placeholder() * len(row)),
            ),
            list(row.values()),
        )

    def maybe(self, often: int = 2) -> bool:
        """True `often` times in four, small values last: hypothesis shrinks towards what has nothing."""
        return bool(self.data.draw(st.integers(0, 3)) >= 4 - often)

    def build(self) -> None:
        self.add("person", language="nl", kind="driver", state="customer")
        if self.maybe(3):
            ended = self.ago() if self.maybe() else None
            self.add(
                "account", opened_at=self.now - dt.timedelta(days=900), terminated_at=ended, closed_at=ended
            )
        if self.maybe(3):
            self.add("login_credential", used_on=civil(self.now), last_login_at=self.ago())
        for _ in range(self.data.draw(st.integers(0, 2))):
            self.consent()
        for table, norm in (("email_address", "e{}@post.example"), ("phone_number", "+3247{:07}")):
            for _ in range(self.data.draw(st.integers(0, 2))):
                self.point(table, norm.format(self.data.draw(st.integers(0, 3))))
        if self.maybe(1):
            self.add("address", source="subject:contract", street="Veld 1", postal_code="9000", city="Gent", country="BE",
                     collected_at=self.now, suppression_key=self.digest())  # fmt: skip
        if self.maybe(1):
            day = civil(self.now)
            until = self.data.draw(st.sampled_from((None, day, day - dt.timedelta(days=1))))
            self.add("product_ownership", product_id=77, since=day - dt.timedelta(days=9), until=until)
        for _ in range(self.data.draw(st.integers(0, 2))):
            self.fact()
        for digest in self.digests:
            if self.maybe():
                scope = self.data.draw(st.sampled_from(("all", "email", "sms")))
                self.connection.execute(
                    "INSERT INTO bloesem.suppression VALUES ('email', %s, %s, %s) ON CONFLICT DO NOTHING",
                    [digest, scope, self.ago()],
                )

    def digest(self) -> bytes | None:
        if not self.maybe(3):
            return None
        self.digests.append(b"\0\0\0\1" + self.data.draw(st.integers(0, 2)).to_bytes(32))
        return self.digests[-1]

    def point(self, table: str, value: str) -> None:
        more = {"bounced_at": self.now} if table == "email_address" and self.maybe(1) else {}
        self.add(
            table,
            value=value,
            value_norm=value,
            collected_at=self.ago(),
            source=self.data.draw(st.sampled_from(SOURCES)),
            opt_out_offered=self.data.draw(st.sampled_from((True, True, False, None))),
            suppression_key=self.digest(),
            **more,
        )

    def consent(self) -> None:
        given = self.ago()
        self.add(
            "consent",
            source="subject:portaal",
            part="consent_marketing",
            kinds=",".join(self.data.draw(st.lists(st.sampled_from(KINDS), unique=True))) or None,
            channel=",".join(self.data.draw(st.lists(st.sampled_from(CHANNELS), unique=True))) or None,
            given_at=given,
            given_on=civil(given),
            withdrawn_at=self.now if self.maybe(1) else None,
        )

    def fact(self) -> None:
        kind, key = self.data.draw(
            st.sampled_from(
                (
                    *(("objection", k) for k in ("marketing", "consent_marketing", "quality")),
                    *(("assessing", k) for k in ("quality", "identify")),
                    *[("restriction", "accuracy")] * 4,
                    ("erasure", "17(1)(a)"),
                    *(("channel", c) for c in CHANNELS),
                )
            )
        )
        start = self.ago()
        end = self.data.draw(st.sampled_from((None, None, self.now, self.now - dt.timedelta(days=1))))
        if end is not None and end < start:
            end = None
        self.connection.execute(
            "SELECT bloesem.record_fact(%s, %s, %s, %s, %s)", [self.person, kind, key, start, end]
        )


def known(connection: Connection, at: Stage, person: int) -> Known:
    """What there is, as rows and facts: the oracle's side reads no mask."""

    def rows(query: str) -> list[dict[str, Any]]:
        with connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(query.encode(), {"p": person}).fetchall()

    points = {}
    for table in ("email_address", "phone_number", "address", "work_email"):
        names = ", ".join(column.name for column in at.world.plan.table(table).columns)
        points[table] = rows(f"SELECT {names} FROM data.{table} WHERE person_id = %(p)s")
    entries: dict[bytes, list[tuple[str, dt.datetime]]] = {}
    for row in rows("SELECT digest, scope, since FROM bloesem.suppression"):
        entries.setdefault(bytes(row["digest"]), []).append((row["scope"], row["since"]))
    listed = rows("SELECT max(as_of) AS day FROM bloesem.phone_list_import")[0]["day"]
    consents = "SELECT given_at, withdrawn_at, part, kinds, channel FROM data.consent WHERE person_id = %(p)s"
    owned = (
        "SELECT key AS product, since, until FROM data.product_ownership JOIN data.product p ON p.id = product_id"
        " WHERE person_id = %(p)s"
    )
    return Known(
        facts=facts_of(connection, at.world.plan, [person])[person],
        points=points,
        consents=[Agreed(**row) for row in rows(consents)],
        owned=[Owned(**row) for row in rows(owned)],
        suppressed=entries,
        not_called=frozenset(row["number"] for row in rows("SELECT number FROM bloesem.phone_list")),
        list_as_of=listed,
    )


def every_question(at: Stage) -> list[Asked]:
    return [
        ask(template, channel, at.rules)
        for template in templates(at).all.values()
        for channel in template.channels
    ]


@settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
@given(data=st.data())
def test_sql_and_python_say_the_same(
    open_store: tuple[Stage, Connection, list[Asked]], data: st.DataObject
) -> None:
    at, connection, questions = open_store
    try:
        now = moment(connection, at.world.plan)
        if data.draw(st.booleans()):
            days = data.draw(st.sampled_from((0, 30, 31)))
            connection.execute(
                "INSERT INTO bloesem.phone_list_import (as_of, imported_at, numbers, digest) VALUES (%s, now(), 1, '')",
                [civil(now) - dt.timedelta(days=days)],
            )
            connection.execute(
                "INSERT INTO bloesem.phone_list VALUES ('+32470000001') ON CONFLICT DO NOTHING"
            )
        builders = [Builder(connection, data, now) for _ in range(2)]
        for builder in builders:
            builder.build()
        connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        people = [builder.person for builder in builders]
        facts = {person: known(connection, at, person) for person in people}
        for asked in questions:
            said = {v.person: v.reason for v in decide(connection, at.rules, asked, [*people, 1])}
            tally: dict[str, int] = {}
            for person in people:
                wanted = verdict(at.rules, asked, person, facts[person], now)
                assert said[person] is wanted, (
                    asked.template.key,
                    asked.channel,
                    said[person].key,
                    wanted.key,
                )
                SEEN.add(wanted.key)
                tally[wanted.key] = tally.get(wanted.key, 0) + 1
            assert said[1] is verdict(at.rules, asked, 1, None, now)
            counted = counts(connection, at.rules, asked, people)
            assert {reason.key: n for reason, n in counted.items()} == tally
    finally:
        connection.rollback()


def test_the_generated_people_were_refused_for_every_reason() -> None:
    """Otherwise the comparison above says less than it seems to."""
    wanted = {
        *("allowed", "objected", "no-consent", "withdrawn", "consent-over", "term-over", "restricted"),
        *("channel-refused", "list-stale", "not-similar", "kind-not-agreed", "owns-product", "no-sale"),
        *("no-address", "suppressed", "not-from-sale", "refusal-not-offered", "unscreened", "bounced"),
    }
    assert wanted <= SEEN, sorted(wanted - SEEN)


def test_a_list_is_fresh_through_its_last_day(at: Stage) -> None:
    day = dt.date(2026, 6, 30)
    assert not stale(at.rules, day - dt.timedelta(days=30), day)
    assert stale(at.rules, day - dt.timedelta(days=31), day)
    assert stale(at.rules, None, day)

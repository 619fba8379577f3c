"""What the office asks about campaigns: done once, as it was shown, and with the rights of five functions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from tests.bloesem.consent.stage import Stage
from tests.bloesem.sending.stage import door, fresh_list, templates
from tests.bloesem.sending.test_campaign import owns

from bloesem.consent.tables import SIGNAL, object_to_advertising
from bloesem.sending import ballots, confirming, tables
from bloesem.sending.office import Office
from bloesem.sending.office_sql import FUNCTIONS
from bloesem.sending.tables import REFUSE, UNSUBSCRIBE
from bloesem.sending.transports import Outcome
from bloesem.stores.postgres import Connection

WHO = "marketing:7"


@pytest.fixture
def page(alone: Stage) -> Iterator[Connection]:
    """The portal's own login."""
    tables.install(alone.keeper, alone.rules, pages=("portal",))
    with alone.world.raw("portal", autocommit=True) as connection:
        yield connection


def asks(
    at: Stage,
    page: Connection,
    act: str,
    channel: str = "email",
    template: str = "battery-offer",
    **more: Any,
) -> dict[str, Any]:
    """One wish, and what the keeper's helper made of it."""
    key = more.get("key", "spring")
    row = page.execute(
        "SELECT door.campaign_ask(%s, %s, %s, %s, %s, %s, %s)",
        [act, key, template, channel, more.get("segment"), more.get("stated"), more.get("who", WHO)],
    ).fetchone()
    assert row is not None
    assert Office(at.rules, templates(at)).serve(at.keeper) == 1
    found = page.execute("SELECT door.campaign_wish(%s)", row).fetchone()
    assert found is not None
    return dict(found[0])


def campaign(page: Connection) -> dict[str, Any]:
    row = page.execute("SELECT door.campaigns()").fetchone()
    assert row is not None
    return dict(row[0][0])


def test_a_release_states_the_number_that_was_shown(alone: Stage, page: Connection) -> None:
    at = alone
    people = [at.customer() for _ in range(3)]
    owner = at.customer()
    owns(at, owner, "battery", 77)
    assert asks(at, page, "count")["said"] == {"n": 3}
    assert campaign(page)["counts"] == {"allowed": 3, "owns-product": 1}
    assert asks(at, page, "release")["said"] == {"key": "uncounted"}, "without a number"
    assert asks(at, page, "release", stated=4)["said"] == {"key": "uncounted"}, "another number"
    more = at.customer()
    assert asks(at, page, "release", stated=3)["said"] == {"key": "more"}, "somebody whom nobody saw"
    assert at.count("bloesem.outbox") == 0
    object_to_advertising(at.keeper, at.rules, people[0])
    object_to_advertising(at.keeper, at.rules, more)
    assert asks(at, page, "release", stated=3)["said"] == {"n": 2}, "an objection stops nobody else's"
    assert asks(at, page, "release", stated=3)["said"] == {"key": "out"}
    found = campaign(page)
    assert (found["outcome"], found["released_by"]) == ({"decided": 2}, WHO)
    assert not {str(one) for one in (*people, owner, more)} & set(str(found).split())


def test_what_is_stopped_goes_no_more(alone: Stage, page: Connection) -> None:
    at = alone
    for _ in range(3):
        at.customer()
    assert asks(at, page, "stop")["said"] == {"key": "not-out"}
    asks(at, page, "count")
    asks(at, page, "release", stated=3)
    made, listing = door(at)
    made.run(most=1)
    assert asks(at, page, "stop")["said"] == {"n": 2}
    assert made.run().counts == {}
    assert len(listing.sent) == 1
    assert campaign(page)["refused"] == {"stopped": 2}
    assert asks(at, page, "stop")["said"] == {"key": "not-out"}


def test_a_message_that_a_server_put_off_is_stopped_too(alone: Stage, page: Connection) -> None:
    at = alone
    at.customer()
    asks(at, page, "count")
    asks(at, page, "release", stated=1)
    made, listing = door(at)
    taken = made.claim()
    assert taken is not None
    assert asks(at, page, "stop")["said"] == {"n": 0}, "on its way"
    assert made.finish(taken[0], Outcome.LATER) == "later"
    at.keeper.execute("UPDATE bloesem.outbox SET due_at = decided_at")
    assert made.run().counts == {"refused": 1}
    assert listing.sent == []


@pytest.mark.promise("P-090")
def test_a_call_list_leaves_through_the_do_not_call_check_once_and_is_logged(
    alone: Stage, page: Connection
) -> None:
    at = alone
    people = [at.customer() for _ in range(3)]
    numbers = [f"+3247000004{n}" for n in range(3)]
    for person, number in zip(people, numbers, strict=True):
        at.phone(person, number)
    fresh_list(at)
    assert asks(at, page, "count", "phone")["said"] == {"n": 3}
    assert asks(at, page, "calls", "phone")["said"] == {"key": "no-calls"}, "not released yet"
    asks(at, page, "release", "phone", stated=3)
    made, listing = door(at)
    assert made.run().counts == {}, "a call list waits for whoever calls"
    fresh_list(at, numbers[0])
    object_to_advertising(at.keeper, at.rules, people[1])
    wish = asks(at, page, "calls", "phone")
    assert (wish["said"], wish["has_answer"]) == ({"n": 1}, True)
    fetch = "SELECT door.campaign_calls(%s, %s)"
    assert page.execute(fetch, [wish["id"], "marketing:8"]).fetchone() == (None,), "another account's"
    row = page.execute(fetch, [wish["id"], WHO]).fetchone()
    assert row is not None
    assert numbers[2] in row[0]
    assert row[0].count("\r\n") == 2
    assert page.execute(fetch, [wish["id"], WHO]).fetchone() == (None,), "once"
    assert asks(at, page, "calls", "phone")["said"] == {"n": 0}
    assert set(campaign(page)["refused"]) == {"do-not-call", "objected"}
    read = at.keeper.execute("SELECT actor, person_id, purpose FROM bloesem.reading").fetchall()
    assert read == [(WHO, people[2], "marketing")]
    assert listing.sent == []


@pytest.mark.parametrize(
    ("template", "key"),
    [("objection-ack", "class"), ("invitation", "class"), ("open-day", "values"), ("nowhere", "other")],
)
def test_what_is_no_campaign_is_refused(alone: Stage, page: Connection, template: str, key: str) -> None:
    said = asks(alone, page, "count", template=template)["said"]
    assert said["key"] == key


def test_the_pages_login_may_call_what_its_pages_need_and_read_nothing(
    alone: Stage, page: Connection
) -> None:
    row = page.execute(
        "SELECT array_agg(p.proname::text ORDER BY 1) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
        " WHERE n.nspname = 'door' AND has_function_privilege(p.oid, 'EXECUTE')"
    ).fetchone()
    assert row is not None
    named = (*FUNCTIONS, *confirming.FUNCTIONS, ballots.OPEN, ballots.TAKE, SIGNAL, UNSUBSCRIBE, REFUSE)
    meant = {it.split("(")[0] for it in named}
    assert set(row[0]) - {"outbox_once"} == meant
    for table in ("campaign", "campaign_wish", "outbox"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            page.execute(f"SELECT * FROM bloesem.{table}".encode())
    with alone.world.raw("stations", autocommit=True) as another:
        for call in ("campaigns()", "campaign_wish(1)", "campaign_calls(1, 'x')", "campaign_segments()"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                another.execute(f"SELECT door.{call}".encode())


@pytest.mark.parametrize("key", ["", "x", "../x", "A B", "a" * 61, "a;b"])
def test_what_is_no_name_is_refused_before_it_is_written(alone: Stage, page: Connection, key: str) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        page.execute(
            "SELECT door.campaign_ask('count', %s, 'battery-offer', 'email', NULL, NULL, 'x')", [key]
        )
    assert alone.count("bloesem.campaign_wish") == 0


def test_a_segment_of_few_people_is_named_to_nobody(alone: Stage, page: Connection) -> None:
    """Its name, and what is counted of it, would be about somebody."""
    at = alone
    for n in range(6):
        person = at.customer()
        owns(at, person, "charger", 78)
        names = ["many", "few"] if n < 2 else ["many"]
        for name in names:
            at.business.add(
                "segment", person, source=f"derived:{name}", segment=name, inputs="email_address.value",
                logic_version="1", made_for="marketing", made_at=at.now(),
            )  # fmt: skip
    row = page.execute("SELECT door.campaign_segments()").fetchone()
    assert row == ([{"name": "many", "made_for": "marketing"}],)
    assert asks(at, page, "count", segment="few")["said"] == {"key": "segment"}
    assert asks(at, page, "count", segment="many")["said"] == {"n": 6}

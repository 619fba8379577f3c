"""What each use may see and until when, on Blossom's own plan, in PostgreSQL and in the calculus."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.bloesem.gate.world import World, opened
from tests.databases import Database, DatabaseMaker
from tests.promises.business import Business
from tests.promises.corrected import corrected
from tests.promises.test_business_clock import ended, product
from tests.promises.test_gate import (  # noqa: F401 - fixtures
    COMPANY,
    of,
    read_columns,
    store,
    tables,
    unblocked,
)

from bloesem.company import load

SESSIONS_COUNT = (
    "      - name: session\n",
    "          record_date: accounted_on\n",
    "          record_date: accounted_on\n          events:\n            - {event: interaction, at: started_at}\n",
)


@pytest.fixture
def blossom(store: World) -> Business:  # noqa: F811
    return Business(store)


@pytest.fixture
def counting_sessions(
    tables: Database,  # noqa: F811
    make_database: DatabaseMaker,
    tmp_path: Path,
) -> Iterator[Business]:
    """Blossom, had it decided that a charging session is an interaction."""
    directory = corrected(tmp_path)
    path = directory / "datamap" / "business.yaml"
    said = path.read_text(encoding="utf-8")
    before, after = said.split(SESSIONS_COUNT[0])
    path.write_text(before + SESSIONS_COUNT[0] + after.replace(*SESSIONS_COUNT[1:], 1), encoding="utf-8")
    database = make_database(template=tables)
    plan = load(directory, on=COMPANY.plan.version, prefix=database.role_prefix).plan
    with database.connect(autocommit=True) as admin:
        world = World(plan, database, admin)
        world.put_in_force()
        with opened(world):
            yield Business(world)


def with_address(blossom: Business) -> int:
    """A customer with an e-mail address who wrote to us today."""
    person = blossom.customer()
    blossom.add("email_address", person, value="l@post.example", value_norm="l@post.example")
    blossom.add("contact", person, channel="chat", direction="inbound", at=blossom.now(), about="vraag")
    return person


def addressed(blossom: Business) -> bool:
    return bool(blossom.reads("marketing", "email_address", "value"))


@pytest.mark.promise("P-093")
def test_a_charging_session_is_an_interaction_only_where_the_map_says_so(
    counting_sessions: Business,
) -> None:
    """That it is none as Blossom's map stands: `test_business_clock.py`."""
    blossom = counting_sessions
    blossom.on("2027-01-10")
    person = with_address(blossom)
    product(blossom, person)
    blossom.on("2027-09-01")
    blossom.add("session", person, started_at=blossom.now(), accounted_on=blossom.today(), energy_wh=5)
    blossom.on("2028-01-11")
    assert addressed(blossom)
    blossom.on("2028-09-01")
    assert addressed(blossom)
    blossom.on("2028-09-02")
    assert not addressed(blossom)


@pytest.mark.promise("P-083")
@pytest.mark.promise("P-104")
def test_the_recorded_call_of_a_stranger_has_a_clock_of_its_own(blossom: Business) -> None:
    """No account will ever be closed: the law's month ends its use, a year after the call nothing is known of it."""
    blossom.on("2027-03-10")
    person = blossom.person(kind="unidentified", source="assigned", state="prospect")
    blossom.add(
        "call_recording",
        person,
        recorded_on=blossom.today(),
        announced_at=blossom.now(),
        announcement="quality",
        began_at=blossom.now(),
        audio=b"hello",
        seconds=60,
    )
    blossom.on("2027-04-10")
    assert blossom.reads("quality", "call_recording", "audio") == [b"hello"]
    blossom.on("2027-04-11")
    assert blossom.reads("quality", "call_recording", "audio") == []
    blossom.on("2028-03-11")
    assert not blossom.known(person)


# Not marked: P-076 (an analysis that could do with less than a person's rows is a job, and there is none yet).
def test_quality_knows_nobody_by_name(blossom: Business) -> None:
    """Rows carry a number that says nothing of the person; what would say whose it is, quality cannot ask."""
    names = of(blossom.world, "identification", "contact", "contract", "financial", "usage.card", "access")
    assert len(names) > 30
    assert not read_columns(blossom.world, "quality") & names


# Not marked: P-091 and P-098 (whether an e-mail may be sent, and a reminder, is for the door that sends).
def test_somebody_who_left_is_for_marketing_until_a_year_after_the_last_interaction(
    blossom: Business,
) -> None:
    blossom.on("2027-01-10")
    person = with_address(blossom)
    blossom.on("2027-02-01")
    ended(blossom, person)
    blossom.on("2028-01-10")
    assert addressed(blossom)
    blossom.on("2028-01-11")
    assert not addressed(blossom)
    assert blossom.reads("support", "email_address", "value") == ["l@post.example"], (
        "the contract's year runs"
    )


def test_somebody_who_left_and_unsubscribes_is_out_at_once(blossom: Business) -> None:
    blossom.on("2027-01-10")
    person = with_address(blossom)
    blossom.add("marketing_interaction", person, campaign="lente", channel="email", sent_at=blossom.now())
    ended(blossom, person)
    blossom.on(str(blossom.today() + dt.timedelta(days=30)))
    assert addressed(blossom)
    blossom.fact(person, "objection", "marketing")
    assert not addressed(blossom)
    assert blossom.stored("marketing_interaction", person) == 0

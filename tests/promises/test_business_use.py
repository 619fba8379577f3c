"""What may be done with what, on Blossom's own plan and tables, asked of PostgreSQL as each process's login."""

from __future__ import annotations

import datetime as dt

import pytest
from tests.bloesem.gate.world import World
from tests.promises.business import Business, day
from tests.promises.test_gate import COMPANY, store, tables, unblocked  # noqa: F401 - fixtures

PLAN = COMPANY.plan


@pytest.fixture
def blossom(store: World) -> Business:  # noqa: F811
    return Business(store)


def may_ask(blossom: Business, table: str, column: str) -> set[str]:
    """The purposes in force whom PostgreSQL lets ask for the column."""
    return {
        p.key for p in blossom.world.plan.purposes if p.active and not blossom.refused(p.key, table, column)
    }


@pytest.mark.promise("P-081")
def test_a_recording_is_opened_for_quality_and_training_and_for_nothing_else(blossom: Business) -> None:
    """Not as evidence, also under a hold; not against fraud, not for marketing, not by the law's purposes."""
    recording = blossom.world.plan.table("call_recording")
    for column in recording.columns:
        if not column.key:
            assert may_ask(blossom, "call_recording", column.name) == {"quality"}, column.name
    person = blossom.customer()
    made = blossom.add(
        "call_recording",
        person,
        recorded_on=blossom.now().date(),
        announced_at=blossom.now(),
        announcement="opgenomen voor kwaliteit en opleiding",
        began_at=blossom.now(),
        audio=b"hello",
        seconds=60,
    )
    assert blossom.reads("quality", "call_recording", "audio") == [b"hello"]
    for key in ("disputes", "law:claims"):
        blossom.hold(key, person)
        blossom.hold(key, person, "call_recording", made)
        assert blossom.refused(key, "call_recording", "audio")
    blossom.on(str(blossom.now().date() + dt.timedelta(days=40)))
    assert blossom.reads("quality", "call_recording", "audio") == [], "the law's month is over"


@pytest.mark.promise("P-021")
def test_a_birth_date_is_read_to_identify_and_for_nothing_else(blossom: Business) -> None:
    holds = {p.key for p in PLAN.purposes if p.hold}
    assert may_ask(blossom, "birth_date", "born_on") - holds == {"identify"}
    person = blossom.customer()
    blossom.add("birth_date", person, born_on=day("1990-04-02"))
    for purpose in blossom.world.plan.purposes:
        if purpose.active and not blossom.refused(purpose.key, "birth_date", "born_on"):
            seen = blossom.reads(purpose.key, "birth_date", "born_on")
            assert bool(seen) == (purpose.key == "identify"), purpose.key

"""Disputes and claims: what a hold suspends, for how long, and who answers for it."""

from __future__ import annotations

import dataclasses
import datetime as dt

import psycopg
import pytest
from tests.bloesem.gate.world import World
from tests.promises.business import Business, day
from tests.promises.test_business_clock import ended, invoice
from tests.promises.test_gate import store, tables, unblocked  # noqa: F401 - fixtures

from bloesem.errors import PlanError
from bloesem.plan.model import Fact
from bloesem.stores import facts

HOLDS = ("disputes", "law:claims")


@pytest.fixture
def blossom(store: World) -> Business:  # noqa: F811
    return Business(store)


def contact(blossom: Business, person: int, about: str) -> int:
    return blossom.add(
        "contact", person, channel="chat", direction="inbound", at=blossom.now(), about=about, content=about
    )


@pytest.mark.promise("P-074")
@pytest.mark.parametrize("key", HOLDS)
def test_a_hold_suspends_the_erasure_of_its_items_until_it_is_released(blossom: Business, key: str) -> None:
    blossom.on("2027-01-10")
    person = blossom.customer()
    mine, other = contact(blossom, person, "geschil"), contact(blossom, person, "iets anders")
    number = blossom.hold(key, person, "contact", mine)
    assert blossom.reads(key, "contact", "about") == ["geschil"], "of the case, and of nothing else"
    ended(blossom, person)
    blossom.on("2028-01-10")
    assert blossom.stored("contact", person) == 2, "the clocks run through this day"
    assert len(blossom.reads("reporting", "contact", "about")) == 2, "it reads what others keep"
    blossom.on("2028-01-11")
    assert blossom.stored_of(person) == {"contact": 1}, "every clock is over: the item alone is left"
    assert other != mine
    assert blossom.reads(key, "contact", "about") == ["geschil"]
    for purpose in ("support", "quality", "reporting"):
        assert blossom.reads(purpose, "contact", "about") == [], "kept for the case, and for no other use"
    blossom.on("2030-06-01")
    assert blossom.stored_of(person) == {"contact": 1}, "the day of review passes, and nobody released it"
    blossom.release(number)
    assert blossom.stored_of(person) == {}, "released, erased"
    blossom.on("2030-06-02")
    assert not blossom.known(person), "and the hold's own record with it"


@pytest.mark.promise("P-074")
def test_what_is_released_before_its_clock_ends_is_kept_by_the_clock_alone(blossom: Business) -> None:
    blossom.on("2027-01-10")
    person = blossom.customer()
    number = blossom.hold("disputes", person, "contact", contact(blossom, person, "geschil"))
    ended(blossom, person)
    blossom.on("2027-06-01")
    blossom.release(number)
    assert blossom.reads("disputes", "contact", "about") == []
    assert blossom.reads("support", "contact", "about") == ["geschil"]
    blossom.on("2028-01-10")
    assert blossom.stored("contact", person) == 1
    blossom.on("2028-01-11")
    assert not blossom.known(person)


@pytest.mark.promise("P-074")
def test_two_holds_on_one_item_each_end_on_their_own(blossom: Business) -> None:
    """A review that prolongs a hold records the new one, then closes the old: between the two nothing goes."""
    blossom.on("2027-01-10")
    person = blossom.customer()
    bill = invoice(blossom, person, "2027-01-10")
    numbers = [blossom.hold(key, person, "invoice", bill) for key in HOLDS]
    ended(blossom, person)
    blossom.on("2038-01-02")
    assert blossom.stored_of(person) == {"invoice": 1}, "the archive's and the law's terms are over"
    blossom.release(numbers[0])
    assert blossom.stored_of(person) == {"invoice": 1}
    assert blossom.reads("disputes", "invoice", "number") == []
    prolonged = blossom.hold("law:claims", person, "invoice", bill)
    blossom.release(numbers[1])
    assert blossom.reads("law:claims", "invoice", "number") == ["F-2027-01-10"]
    blossom.release(prolonged)
    assert not blossom.stored_of(person)


@pytest.mark.promise("P-074")
def test_a_request_to_erase_leaves_what_is_held_and_takes_the_rest(blossom: Business) -> None:
    blossom.on("2027-01-10")
    person = blossom.customer()
    number = blossom.hold("disputes", person, "contact", contact(blossom, person, "geschil"))
    contact(blossom, person, "iets anders")
    ended(blossom, person)
    blossom.on("2027-02-01")
    blossom.fact(person, "erasure", "17(1)(a)")
    blossom.sweep()
    assert blossom.stored_of(person) == {"contact": 1}
    assert blossom.reads("disputes", "contact", "about") == ["geschil"]
    blossom.release(number)
    assert blossom.stored_of(person) == {}


@pytest.mark.promise("P-074")
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"held_by": None}, "does not say who holds"),
        ({"held_by": " "}, "does not say who holds"),
        ({"reason": None}, "does not say who holds"),
        ({"reason": ""}, "does not say who holds"),
        ({"review_on": None}, "does not say who holds"),
        ({"review_on": day("2020-01-01")}, "on a day before it begins"),
        ({"kind": "restriction", "key": "accuracy"}, "only a hold has"),
    ],
)
def test_a_hold_has_an_owner_a_reason_and_a_day_of_review(
    blossom: Business, change: dict[str, object], said: str
) -> None:
    """Whoever writes it, the database refuses a hold that nobody answers for; and what was said is never rewritten."""
    admin, plan = blossom.world.admin, blossom.world.plan
    person = blossom.customer()
    review = blossom.today() + dt.timedelta(days=90)
    whole = Fact(
        *(person, "hold", "disputes", blossom.now()),
        held_by="klantendienst",
        reason="geschil 7",
        review_on=review,
    )
    fact = dataclasses.replace(whole, **change)  # type: ignore[arg-type]
    with pytest.raises(PlanError, match=said) as caught, admin.transaction():
        facts.record_fact(admin, plan, fact)
    assert "P-074" in caught.value.rule
    columns = "person_id, kind, key, starts_at, held_by, reason, review_on"
    values = [fact.person, fact.kind, fact.key, fact.starts_at, fact.held_by, fact.reason, fact.review_on]
    with pytest.raises(psycopg.errors.CheckViolation, match=said):
        admin.execute(f"INSERT INTO bloesem.fact ({columns}) VALUES (%s, %s, %s, %s, %s, %s, %s)", values)
    with admin.transaction():
        number = facts.record_fact(admin, plan, whole)
    assert whole in facts.facts_of(admin, plan, [person])[person]
    for column, value in (("held_by", "'iemand'"), ("reason", "'iets'"), ("review_on", "'2099-01-01'")):
        with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="never rewritten"):
            admin.execute(f"UPDATE bloesem.fact SET {column} = {value}, ends_at = now() WHERE id = {number}")


@pytest.mark.promise("P-104")
@pytest.mark.parametrize("kind", ["hold", "restriction"])
def test_what_was_said_of_a_row_goes_with_the_person(blossom: Business, kind: str) -> None:
    """A released hold, and a restriction that nobody lifted, keep no trace of somebody of whom nothing is left."""
    blossom.on("2027-01-10")
    person = blossom.customer()
    row = contact(blossom, person, "vraag")
    if kind == "hold":
        blossom.release(blossom.hold("disputes", person, "contact", row))
    else:
        said = Fact(person, "restriction", "accuracy", blossom.now(), table="contact", row=row)
        with blossom.world.admin.transaction():
            facts.record_fact(blossom.world.admin, blossom.world.plan, said)
    ended(blossom, person)
    blossom.on("2028-01-11")
    assert not blossom.known(person)

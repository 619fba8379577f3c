"""Breaches: the hours to the minute, what is owed, what may be written; and that no order of entries gets round the law."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.bloesem.recipients.changed import blossom

from bloesem.breaches.entries import (
    EXEMPTIONS,
    KINDS,
    BreachError,
    Closed,
    Contents,
    Described,
    Entry,
    Exempt,
    Judged,
    Letters,
    Notified,
    Recorded,
    Reopened,
    Supplemented,
    Whole,
    as_json,
    from_json,
    kind_of,
)
from bloesem.breaches.rules import WHOLE, Breach, breach, check, urgent_first

BRUSSELS = ZoneInfo("Europe/Brussels")
LAW = blossom().law


def at(text: str, fold: int = 0) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=BRUSSELS, fold=fold)


AWARE = at("2026-11-20T17:20")
ALL = Described(("contact.email",), ("customer",), 12, 40, "Advertising by strangers", "The link is gone")


def recorded(aware: dt.datetime = AWARE, **changes: Any) -> Recorded:
    made = Recorded("A list was sent to the wrong address", ("confidentiality",), aware, aware)
    return replace(made, **changes)


def made(*said: Contents, first: Recorded | None = None, now: dt.datetime | None = None) -> Breach:
    """Each entry is checked, then written."""
    now = now or AWARE + dt.timedelta(days=30)
    entries = [Entry(1, now, first or recorded(), "officer:1")]
    check(None, entries[0].said, now)
    for number, one in enumerate(said, start=2):
        check(breach(1, entries, LAW), one, now)
        entries.append(Entry(number, now, one, "officer:1"))
    return breach(1, entries, LAW)


GOLDEN = [
    ("2026-11-20T17:20", 0, "2026-11-23T17:20", "a weekend lies between: Friday to Monday"),
    ("2026-12-24T09:00", 0, "2026-12-27T09:00", "Christmas, and a Sunday at the end"),
    ("2026-04-03T23:59", 0, "2026-04-06T23:59", "Easter: ends on Easter Monday"),
    ("2026-03-27T12:00", 0, "2026-03-30T13:00", "summer time begins: one hour of the clock is not there"),
    ("2026-10-23T12:00", 0, "2026-10-26T11:00", "summer time ends: one hour of the clock is there twice"),
    ("2026-10-25T02:30", 0, "2026-10-28T01:30", "aware in the hour that is there twice, the first time"),
    ("2026-10-25T02:30", 1, "2026-10-28T02:30", "and the second time"),
    ("2026-12-30T18:00", 0, "2027-01-02T18:00", "over the year"),
    ("2028-02-27T08:15", 0, "2028-03-01T08:15", "over 29 February"),
]


@pytest.mark.promise("R-011")
@pytest.mark.parametrize(("aware", "fold", "due", "why"), GOLDEN)
def test_seventy_two_plain_hours(aware: str, fold: int, due: str, why: str) -> None:
    assert made(first=recorded(at(aware, fold)), now=at(aware, fold) + dt.timedelta(days=4)).due == at(due), (
        why
    )


@pytest.mark.promise("R-043")
@pytest.mark.promise("R-011")
@pytest.mark.parametrize(("minutes", "late"), [(-1, False), (0, False), (1, True)])
def test_late_is_after_the_last_minute(minutes: int, late: bool) -> None:
    one = made()
    now = one.due + dt.timedelta(minutes=minutes)
    assert one.late(now) is late
    told = Notified(now, "GBA-2026-1")
    if late:
        with pytest.raises(BreachError, match="no reasons are given"):
            check(one, told, now)
        check(one, replace(told, late_reasons="The logs were restored on Monday only"), now)
    else:
        check(one, told, now)
        with pytest.raises(BreachError, match="reasons for a delay that there was not"):
            check(one, replace(told, late_reasons="none needed"), now)


@pytest.mark.promise("R-043")
def test_until_somebody_says_that_a_risk_is_unlikely_the_hours_run() -> None:
    one = made()
    assert (one.state, one.owed) == ("open", ("judge", "notify"))
    assert made(Judged("risk", "addresses")).owed == ("notify",)
    assert made(Judged("unlikely", "it was encrypted")).owed == ()
    assert made(Judged("unlikely", "it was encrypted"), Judged("risk", "the key was there too")).owed == (
        "notify",
    )


@pytest.mark.promise("R-043")
def test_a_supplement_leaves_it_not_whole_until_the_officer_says_so() -> None:
    told = Notified(AWARE + dt.timedelta(hours=5), "GBA-2026-1")
    first = made(Judged("risk", "addresses"), told)
    assert (first.state, first.owed, first.missing) == ("notified", ("complete",), WHOLE)
    contents = {"categories", "groups", "people", "records", "consequences", "measures"}
    assert set(WHOLE) == contents, "art. 33(3); the officer of (b) stands in each"
    with pytest.raises(BreachError, match="nobody said yet: categories, groups"):
        check(first, Whole(), AWARE + dt.timedelta(days=1))
    more = Supplemented(AWARE + dt.timedelta(hours=30), "How many people")
    assert made(Judged("risk", "addresses"), told, ALL, more).owed == ("complete",)
    whole = made(Judged("risk", "addresses"), told, ALL, more, Whole())
    assert (whole.state, whole.owed) == ("whole", ())
    assert made(Judged("risk", "addresses"), told, ALL, Whole(), more).owed == ("complete",)


def test_no_people_is_a_number_and_nobody_knows_is_none() -> None:
    none = replace(ALL, people=0, records=0)
    assert made(none).missing == ()
    assert made(replace(ALL, people=None)).missing == ("people",)
    assert made(ALL, Described(people=14)).described == replace(ALL, people=14)


@pytest.mark.promise("R-044")
def test_of_a_high_risk_people_are_told_or_it_is_said_why_not() -> None:
    high = (
        Judged("high", "bank accounts"),
        Notified(AWARE + dt.timedelta(hours=2), "GBA-2026-1"),
        ALL,
        Whole(),
    )
    assert made(*high).owed == ("tell",)
    assert made(*high, Letters("breach-notice", 12, 11)).owed == ()
    assert made(*high, Exempt("encrypted", "the key is ours")).owed == ()
    assert made(*high, Exempt("later-measures", "the accounts were closed in time")).owed == ()
    assert set(EXEMPTIONS) == {"encrypted", "later-measures", "disproportionate"}, (
        "art. 34(3), and nothing else"
    )
    assert made(*high, Exempt("disproportionate", "no addresses", "news page of 24 November")).owed == ()
    for wrong in (
        Exempt("disproportionate", "no addresses"),
        Exempt("encrypted", "the key is ours", "a page"),
    ):
        with pytest.raises(BreachError, match="notice"):
            check(made(*high), wrong, AWARE + dt.timedelta(days=2))
    with pytest.raises(BreachError, match="still owed: tell"):
        check(made(*high), Closed("done"), AWARE + dt.timedelta(days=2))


@pytest.mark.promise("R-043")
def test_a_breach_at_a_processor_we_are_aware_of_when_it_has_told_us() -> None:
    told = recorded(processor="nimbus", told_at=AWARE)
    assert made(first=told).recorded.processor == "nimbus"
    for wrong, why in (
        (recorded(processor="nimbus"), "belong together"),
        (recorded(told_at=AWARE), "belong together"),
        (recorded(AWARE + dt.timedelta(hours=1), processor="nimbus", told_at=AWARE), "lies after `told_at`"),
    ):
        with pytest.raises(BreachError, match=why):
            check(None, wrong, AWARE + dt.timedelta(days=1))


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (recorded(what="  "), "`what` is empty"),
        (recorded(losses=()), "none of confidentiality"),
        (recorded(AWARE + dt.timedelta(days=40)), "lies ahead"),
        (recorded(discovered_at=AWARE + dt.timedelta(hours=1)), "before `discovered_at`"),
        (recorded(aware_at=AWARE.replace(tzinfo=None)), "no time zone"),
        (recorded(what="x" * 8001), "longer than 8000"),
        (recorded(what="a\0b"), "no text"),
        (recorded(what="a\udcffb"), "no text"),
        (recorded(at("0001-01-01T00:00")), "lies before 2018-05-25"),
        (recorded(at("2018-05-24T23:59")), "lies before 2018-05-25"),
        (Judged("risk", "x"), "there is no such breach"),
    ],
)
def test_what_may_not_be_recorded(said: Contents, why: str) -> None:
    with pytest.raises(BreachError, match=why):
        check(None, said, AWARE + dt.timedelta(days=30))


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (recorded(), "recorded already"),
        (Described(), "nothing is said"),
        (Described(people=-1), "negative"),
        (Judged("certain", "x"), "none of unlikely"),  # type: ignore[arg-type]
        (Judged("risk", ""), "`reason` is empty"),
        (Notified(AWARE - dt.timedelta(minutes=1), "x"), "before we were aware"),
        (Notified(AWARE + dt.timedelta(days=60), "x", "late"), "lies ahead"),
        (Supplemented(AWARE, "x"), "not told yet"),
        (Whole(), "was not told"),
        (Letters("breach-notice", 3, 3), "not said yet"),
        (Closed("x"), "still owed: judge, notify"),
        (Reopened("x"), "not closed"),
    ],
)
def test_what_may_not_follow(said: Contents, why: str) -> None:
    with pytest.raises(BreachError, match=why):
        check(made(), said, AWARE + dt.timedelta(days=30))


def test_what_is_closed_is_opened_again_with_a_reason() -> None:
    closed = made(Judged("unlikely", "it was encrypted"), Closed("nothing is owed"))
    assert closed.state == "closed"
    with pytest.raises(BreachError, match="it is closed"):
        check(closed, Judged("high", "the key was there"), AWARE + dt.timedelta(days=30))
    again = made(
        Judged("unlikely", "e"),
        Closed("c"),
        Reopened("the key was there"),
        Judged("high", "the key was there"),
    )
    assert again.owed == ("notify", "tell")


def test_the_most_urgent_first() -> None:
    later = replace(made(first=recorded(AWARE + dt.timedelta(hours=3))), number=2)
    closed = replace(made(Judged("unlikely", "e"), Closed("c")), number=3)
    calm = replace(made(Judged("unlikely", "e")), number=4)
    assert [one.number for one in urgent_first([closed, calm, later, made()])] == [1, 2, 4, 3]


# ---- any order of entries ----------------------------------------------------------------------------------------------

NOW = AWARE + dt.timedelta(days=30)
texts = st.sampled_from(["", "why", "  "])
moments = st.integers(-100, 31 * 24).map(lambda hours: AWARE + dt.timedelta(hours=hours))
entries = st.one_of(
    st.builds(Judged, st.sampled_from(["unlikely", "risk", "high"]), texts),
    st.builds(Notified, moments, texts, st.none() | texts),
    st.builds(Supplemented, moments, texts),
    st.builds(Whole),
    st.sampled_from([ALL, Described(people=3), Described()]),
    st.builds(Letters, st.just("breach-notice"), st.integers(0, 3), st.just(0)),
    st.builds(
        Exempt, st.sampled_from(["encrypted", "later-measures", "disproportionate"]), texts, st.none() | texts
    ),
    st.builds(Closed, texts),
    st.builds(Reopened, texts),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(entries, max_size=14))
def test_no_order_of_entries_gets_round_the_law(tried: list[Contents]) -> None:
    written = [Entry(1, NOW, recorded(), "officer:1")]
    for said in tried:
        before = breach(1, written, LAW)
        try:
            check(before, said, NOW)
        except BreachError:
            continue
        written.append(Entry(len(written) + 1, NOW, said, "officer:1"))
        after = breach(1, written, LAW)
        assert after.due == AWARE + dt.timedelta(hours=72)
        if isinstance(said, Closed):
            assert before.owed == ()
            told = before.notified is not None and before.whole
            assert told or (before.judged is not None and before.judged.risk == "unlikely")
            if before.judged is not None and before.judged.risk == "high":
                assert before.letters or before.exempt
        if isinstance(said, Notified) and said.told_at > after.due:
            assert said.late_reasons
        if isinstance(said, Supplemented):
            assert not after.whole
        if after.whole and not before.whole:
            assert isinstance(said, Whole)
            assert not before.missing
        assert len(after.entries) == len(before.entries) + 1


@given(entries | st.just(recorded()))
def test_an_entry_comes_back_from_json_as_it_was(said: Contents) -> None:
    assert from_json(kind_of(said), as_json(said)) == said
    assert set(KINDS) >= {kind_of(said)}


def test_an_entry_that_is_not_understood_is_refused() -> None:
    for kind, told in (("gone", {}), ("whole", {"more": 1})):
        with pytest.raises(BreachError, match="not understood"):
            from_json(kind, told)
    with pytest.raises(BreachError, match="begins with no record"):
        breach(1, [], LAW)

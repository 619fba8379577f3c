"""When an answer is due: golden vectors of Regulation 1182/71 with the Belgian holidays (art. 12(3) GDPR)."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bloesem.errors import LawError
from bloesem.law import load_law
from bloesem.law.periods import (
    answer_due,
    belgian_holidays,
    breach_due,
    days_ahead,
    due,
    extended_due,
    hours_due,
    next_working_day,
    notice_due,
)

BRUSSELS = ZoneInfo("Europe/Brussels")
HOLIDAYS = frozenset[dt.date]().union(*(belgian_holidays(year) for year in range(2024, 2028)))


def day(text: str) -> dt.date:
    """A date as in "Thu 5 Mar 2026"; the day of the week must be right."""
    found = dt.datetime.strptime(text, "%a %d %b %Y").replace(tzinfo=BRUSSELS).date()
    assert f"{found:%a}" == text[:3], text
    return found


LAW = load_law(Path(__file__).parents[3] / "law")
VECTORS = [
    ("Thu 5 Mar 2026", "Tue 7 Apr 2026", "Fri 5 Jun 2026", "Sunday, then Easter Monday"),
    ("Mon 31 Aug 2026", "Wed 30 Sep 2026", "Mon 30 Nov 2026", "short month"),
    ("Sat 31 Jan 2026", "Mon 2 Mar 2026", "Thu 30 Apr 2026", "short month and Saturday"),
    ("Wed 31 Jan 2024", "Thu 29 Feb 2024", "Tue 30 Apr 2024", "leap year"),
    ("Fri 29 Jan 2027", "Mon 1 Mar 2027", "Thu 29 Apr 2027", "no 29 February"),
    ("Sun 11 Oct 2026", "Thu 12 Nov 2026", "Mon 11 Jan 2027", "Armistice; receipt on a Sunday counts"),
    ("Sun 21 Jun 2026", "Wed 22 Jul 2026", "Mon 21 Sep 2026", "National Day"),
    ("Tue 14 Apr 2026", "Fri 15 May 2026", "Tue 14 Jul 2026", "Ascension; the Friday after it is none"),
    ("Wed 25 Nov 2026", "Mon 28 Dec 2026", "Thu 25 Feb 2027", "Christmas and weekend"),
    ("Tue 1 Dec 2026", "Mon 4 Jan 2027", "Mon 1 Mar 2027", "New Year and weekend"),
    ("Wed 1 Jul 2026", "Mon 3 Aug 2026", "Thu 1 Oct 2026", "Saturday"),
    ("Mon 30 Nov 2026", "Wed 30 Dec 2026", "Mon 1 Mar 2027", "the extension lands in February"),
]


@pytest.mark.promise("R-001")
@pytest.mark.promise("R-002")
@pytest.mark.promise("R-003")
@pytest.mark.promise("R-007")
@pytest.mark.parametrize(("receipt", "answer", "extended", "why"), VECTORS, ids=[v[3] for v in VECTORS])
class TestGoldenVectors:
    def test_an_answer_is_due_one_month_after_receipt(
        self, receipt: str, answer: str, extended: str, why: str
    ) -> None:
        assert due(day(receipt), 1, holidays=HOLIDAYS) == day(answer)

    def test_an_extended_answer_is_due_three_months_after_receipt(
        self, receipt: str, answer: str, extended: str, why: str
    ) -> None:
        assert due(day(receipt), 3, holidays=HOLIDAYS) == day(extended)
        assert extended_due(day(receipt), holidays=HOLIDAYS, careful=False) == day(extended)

    def test_the_periods_are_the_laws(self, receipt: str, answer: str, extended: str, why: str) -> None:
        start = day(receipt)
        assert answer_due(LAW, start, holidays=HOLIDAYS) == day(answer)
        assert answer_due(LAW, start, holidays=HOLIDAYS, extended=True, careful=False) == day(extended)

    def test_counted_carefully_an_extended_answer_is_never_due_later(
        self, receipt: str, answer: str, extended: str, why: str
    ) -> None:
        assert day(answer) < extended_due(day(receipt), holidays=HOLIDAYS) <= day(extended)


def test_without_holidays_only_the_weekend_moves_a_day() -> None:
    assert due(day("Thu 5 Mar 2026"), 1, holidays=()) == day("Mon 6 Apr 2026")


@pytest.mark.promise("R-007")
@pytest.mark.parametrize(
    ("receipt", "careful"),
    [
        ("Sat 31 Jan 2026", "Tue 28 Apr 2026"),  # 28 February and two months, not 30 April
        ("Wed 31 Jan 2024", "Mon 29 Apr 2024"),
        ("Fri 29 Jan 2027", "Wed 28 Apr 2027"),
        ("Thu 5 Mar 2026", "Fri 5 Jun 2026"),  # the first end moved, and the extension not
        ("Mon 30 Nov 2026", "Mon 1 Mar 2027"),
    ],
)
def test_counted_carefully_an_extension_starts_at_the_first_end_before_it_moved(
    receipt: str, careful: str
) -> None:
    assert extended_due(day(receipt), holidays=HOLIDAYS) == day(careful)


@pytest.mark.promise("R-010")
@pytest.mark.parametrize(
    ("message", "disclosure", "told"),
    [
        (None, None, "Tue 7 Apr 2026"),
        ("Fri 20 Mar 2026", None, "Fri 20 Mar 2026"),
        ("Fri 20 Mar 2026", "Sat 14 Mar 2026", "Sat 14 Mar 2026"),
        ("Fri 1 May 2026", None, "Tue 7 Apr 2026"),
    ],
)
def test_who_did_not_give_it_is_told_within_a_month_or_with_the_first_message(
    message: str | None, disclosure: str | None, told: str
) -> None:
    found = notice_due(
        day("Thu 5 Mar 2026"),
        holidays=HOLIDAYS,
        first_message=day(message) if message else None,
        first_disclosure=day(disclosure) if disclosure else None,
    )
    assert found == day(told)


def test_a_day_never_moves_back_and_a_working_day_never_moves() -> None:
    start = day("Thu 1 Jan 2026")
    for number in range(730):
        before = start + dt.timedelta(days=number)
        after = next_working_day(before, holidays=HOLIDAYS)
        assert after >= before
        assert after.weekday() < 5
        assert after not in HOLIDAYS
        assert next_working_day(after, holidays=HOLIDAYS) == after
        between = (before + dt.timedelta(days=step) for step in range((after - before).days))
        assert all(passed.weekday() >= 5 or passed in HOLIDAYS for passed in between)


@pytest.mark.parametrize("months", [0, -1])
def test_no_month_is_no_period(months: int) -> None:
    with pytest.raises(ValueError, match="one or more"):
        due(day("Thu 5 Mar 2026"), months, holidays=HOLIDAYS)
    with pytest.raises(ValueError, match="one or more"):
        extended_due(day("Thu 5 Mar 2026"), more=months, holidays=HOLIDAYS)


@pytest.mark.promise("R-004")
def test_belgium_has_ten_official_holidays_and_the_two_sundays() -> None:
    assert sorted(belgian_holidays(2026)) == [
        day("Thu 1 Jan 2026"),
        day("Sun 5 Apr 2026"),
        day("Mon 6 Apr 2026"),
        day("Fri 1 May 2026"),
        day("Thu 14 May 2026"),
        day("Sun 24 May 2026"),
        day("Mon 25 May 2026"),
        day("Tue 21 Jul 2026"),
        day("Sat 15 Aug 2026"),
        day("Sun 1 Nov 2026"),
        day("Wed 11 Nov 2026"),
        day("Fri 25 Dec 2026"),
    ]


@pytest.mark.promise("R-003")
def test_a_breach_is_due_72_hours_later_whatever_the_day() -> None:
    friday = dt.datetime(2026, 6, 12, 17, 20, tzinfo=BRUSSELS)
    assert hours_due(friday, 72) == dt.datetime(2026, 6, 15, 17, 20, tzinfo=BRUSSELS)
    assert breach_due(LAW, friday) == dt.datetime(2026, 6, 15, 17, 20, tzinfo=BRUSSELS)


def test_before_the_law_was_in_force_nothing_was_due() -> None:
    with pytest.raises(LawError, match=r"eu\.request\.answer"):
        answer_due(LAW, dt.date(2018, 5, 24), holidays=())
    assert answer_due(LAW, dt.date(2018, 5, 25), holidays=()) == dt.date(2018, 6, 25)


def test_one_warns_and_escalates_days_before_it_is_due() -> None:
    last = day("Tue 7 Apr 2026")
    assert [days_ahead(last, period) for period in ("P10D", "P3D")] == [
        day("Sat 28 Mar 2026"),
        day("Sat 4 Apr 2026"),
    ]
    with pytest.raises(ValueError, match="no period of days"):
        days_ahead(last, "P1M")


def test_hours_are_hours_when_the_clocks_change() -> None:
    before_summer = dt.datetime(2026, 3, 27, 17, 20, tzinfo=BRUSSELS)
    assert hours_due(before_summer, 72) == dt.datetime(2026, 3, 30, 18, 20, tzinfo=BRUSSELS)
    before_winter = dt.datetime(2026, 10, 23, 17, 20, tzinfo=BRUSSELS)
    assert hours_due(before_winter, 72) == dt.datetime(2026, 10, 26, 16, 20, tzinfo=BRUSSELS)


def test_the_answer_is_in_the_time_zone_that_was_asked_in() -> None:
    utc = dt.datetime(2026, 6, 12, 15, 20, tzinfo=dt.UTC)
    assert hours_due(utc, 72).tzinfo is dt.UTC
    assert hours_due(utc.astimezone(BRUSSELS), 72) == hours_due(utc, 72)


def test_hours_from_a_clock_face_without_time_zone_are_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        hours_due(dt.datetime(2026, 6, 12, 17, 20), 72)  # noqa: DTZ001


@pytest.mark.parametrize("hours", [0, -72])
def test_no_hour_is_no_period(hours: int) -> None:
    with pytest.raises(ValueError, match="one or more"):
        hours_due(dt.datetime(2026, 6, 12, 17, 20, tzinfo=BRUSSELS), hours)

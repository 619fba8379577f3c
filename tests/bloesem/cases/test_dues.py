"""When an answer is due: receipt, stops, extension, warnings (R-001 to R-012)."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.bloesem.law.test_periods import VECTORS, day

from bloesem.cases.model import dues, holidays_from
from bloesem.policy.company import load_company

COMPANY = load_company(Path(__file__).parents[3] / "company" / "blossom")
LAW, DEADLINES = COMPANY.law, COMPANY.record.deadlines
assert DEADLINES is not None


@pytest.mark.promise("R-005")
@pytest.mark.promise("R-001", "R-002", "R-003", "R-007")
@pytest.mark.parametrize(("receipt", "answer", "extended", "why"), VECTORS, ids=[v[3] for v in VECTORS])
def test_a_case_is_due_as_the_golden_vectors_say(receipt: str, answer: str, extended: str, why: str) -> None:
    assert DEADLINES is not None
    plain = dues(LAW, DEADLINES, day(receipt))
    assert (plain.raw, plain.due) == (day(answer), day(answer))
    longer = dues(LAW, DEADLINES, day(receipt), extended=True)
    careful = min(day(extended), longer.extended)
    assert longer.extended == careful
    assert plain.last_to_extend == day(answer)


@pytest.mark.promise("R-009")
def test_one_is_warned_ten_days_and_escalates_three_days_before() -> None:
    assert DEADLINES is not None
    made = dues(LAW, DEADLINES, dt.date(2026, 3, 5))
    assert (made.due, made.warn, made.escalate) == (
        dt.date(2026, 4, 7),
        dt.date(2026, 3, 28),
        dt.date(2026, 4, 4),
    )
    longer = dues(LAW, DEADLINES, dt.date(2026, 3, 5), extended=True)
    assert longer.warn == longer.extended - dt.timedelta(days=10)


def slow(received: dt.date, stops: list[tuple[dt.date, dt.date]]) -> dt.date:
    """The last day, counted a day at a time."""
    month, year = received.month % 12 + 1, received.year + received.month // 12
    due = received + dt.timedelta(days=1)
    while not (due.year == year and due.month == month and due.day == received.day):
        if (due + dt.timedelta(days=1)).month != month and due.month == month:
            break  # the month has no such day
        due += dt.timedelta(days=1)
    due = working(due, received.year)
    stopped = sum((b - a).days for a, b in stops)
    return working(due + dt.timedelta(days=stopped), received.year)


def working(day: dt.date, year: int) -> dt.date:
    while day.weekday() > 4 or day in holidays_from(year):
        day += dt.timedelta(days=1)
    return day


@pytest.mark.promise("R-006")
@given(
    st.dates(dt.date(2024, 1, 1), dt.date(2027, 12, 31)),
    st.lists(st.tuples(st.integers(1, 40), st.integers(0, 20)), max_size=3),
)
def test_the_clock_stands_for_as_many_days_as_it_stood(
    received: dt.date, gaps: list[tuple[int, int]]
) -> None:
    assert DEADLINES is not None
    stops, at = [], received
    for wait, long in gaps:
        since = at + dt.timedelta(days=wait)
        at = since + dt.timedelta(days=long)
        stops.append((since, at))
    made = dues(LAW, DEADLINES, received, stops)
    assert made.due == slow(received, stops)
    assert made.raw == slow(received, [])
    assert made.raw <= made.due

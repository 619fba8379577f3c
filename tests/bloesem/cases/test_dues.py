"""When an answer is due: receipt, stops, extension, warnings (R-001 to R-012)."""

from __future__ import annotations

import datetime as dt
import re
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.bloesem.law.test_periods import VECTORS, day

from bloesem.cases.model import dues, holidays_from
from bloesem.law import load_law
from bloesem.law.periods import breach_due
from bloesem.plan.dates import ZONE
from bloesem.policy.company import load_company

COMPANY = load_company(Path(__file__).parents[3] / "company" / "blossom")
LAW, DEADLINES = COMPANY.law, COMPANY.record.deadlines
assert DEADLINES is not None
#: Where two months after the first end, before it moved, are sooner than three months after receipt: the sooner counts.
CAREFUL = {
    "Sat 31 Jan 2026": day("Tue 28 Apr 2026"),
    "Wed 31 Jan 2024": day("Mon 29 Apr 2024"),
    "Fri 29 Jan 2027": day("Wed 28 Apr 2027"),
}


@pytest.mark.promise("R-005")
@pytest.mark.promise("R-001", "R-002", "R-003", "R-007")
@pytest.mark.parametrize(("receipt", "answer", "extended", "why"), VECTORS, ids=[v[3] for v in VECTORS])
def test_a_case_is_due_as_the_golden_vectors_say(receipt: str, answer: str, extended: str, why: str) -> None:
    assert DEADLINES is not None
    plain = dues(LAW, DEADLINES, day(receipt))
    assert (plain.raw, plain.due) == (day(answer), day(answer))
    longer = dues(LAW, DEADLINES, day(receipt), extended=True)
    assert longer.extended == CAREFUL.get(receipt, day(extended))
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
    for since, until in stops:
        if since <= working(due, received.year):
            due += until - since
    return working(due, received.year)


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


@pytest.mark.promise("R-003", "R-006")
@pytest.mark.parametrize(
    ("stops", "answer", "extended"),
    [
        # The month ends on Easter Sunday. A day that the clock stood makes that Easter Monday, and Tuesday is next to both.
        ([("2026-03-09", "2026-03-10")], "2026-04-07", "2026-06-08"),
        ([("2026-03-09", "2026-03-12")], "2026-04-08", "2026-06-08"),
        # On the last day one may ask; after it, it is late, and what is asked then gives no day back.
        ([("2026-04-07", "2026-04-17")], "2026-04-15", "2026-06-15"),
        ([("2026-04-08", "2026-04-20")], "2026-04-07", "2026-06-17"),
        ([("2026-06-10", "2026-07-10")], "2026-04-07", "2026-06-05"),
        # Whoever proves who they are after years: the day is a free one of a year that lies far (1 May 2031).
        ([("2026-03-06", "2031-04-01")], "2031-05-02", "2031-07-01"),
    ],
)
def test_free_days_move_the_end_once_and_nothing_is_asked_back(
    stops: list[tuple[str, str]], answer: str, extended: str
) -> None:
    assert DEADLINES is not None
    stood = [(dt.date.fromisoformat(since), dt.date.fromisoformat(until)) for since, until in stops]
    made = dues(LAW, DEADLINES, dt.date(2026, 3, 5), stood)
    assert (made.raw, made.due, made.extended) == (
        dt.date.fromisoformat("2026-04-07"),
        dt.date.fromisoformat(answer),
        dt.date.fromisoformat(extended),
    )


@pytest.mark.promise("R-012")
def test_a_law_that_gives_another_period_moves_what_comes_in_from_its_first_day(tmp_path: Path) -> None:
    """Written into the files of the law, and nowhere else: what came in before keeps the period of then."""
    law = tmp_path / "law"
    shutil.copytree(Path(__file__).parents[3] / "law", law)
    text = (law / "eu.yaml").read_text("utf-8")
    for key, was, then in (
        ("eu.request.answer", "P1M", "P2M"),
        ("eu.breach.notify_hours", "72", "96"),
    ):
        (old,) = re.findall(rf"(?ms)^  - key: {re.escape(key)}$.*?(?=^  - key: )", text)
        ended = old.replace(
            "    valid_from: 2018-05-25\n", "    valid_from: 2018-05-25\n    valid_until: 2027-06-30\n"
        )
        begun = old.replace(f"value: {was}\n", f"value: {then}\n").replace("2018-05-25", "2027-07-01")
        assert len({old, ended, begun}) == 3
        text = text.replace(old, ended + begun)
    (law / "eu.yaml").write_text(text, "utf-8")
    changed = load_law(law)
    assert DEADLINES is not None
    for received, due in (("Wed 30 Jun 2027", "Fri 30 Jul 2027"), ("Thu 1 Jul 2027", "Wed 1 Sep 2027")):
        assert dues(changed, DEADLINES, day(received)).due == day(due)
    for aware, hours in (
        (dt.datetime(2027, 6, 30, 12, tzinfo=ZONE), 72),
        (dt.datetime(2027, 7, 1, 12, tzinfo=ZONE), 96),
    ):
        assert breach_due(changed, aware) == aware + dt.timedelta(hours=hours)

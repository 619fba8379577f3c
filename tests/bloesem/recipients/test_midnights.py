"""A year of midnights in Brussels: what lapses refuses from that midnight on, by itself, and was told in time."""

from __future__ import annotations

import datetime as dt

import pytest
from tests.bloesem.recipients.changed import ASKS, DAY, ask, blossom

from bloesem.plan.dates import ZONE, civil, midnight
from bloesem.recipients.decide import Decision
from bloesem.recipients.delivery import delivery_of, due_by
from bloesem.recipients.findings import recipient_findings
from bloesem.recipients.returns import Open, overdue_findings
from bloesem.terms import add_period

TICK = dt.timedelta(microseconds=1)
DAY_LONG = dt.timedelta(days=1)
DAYS = [DAY + dt.timedelta(days=n) for n in range(400)]


@pytest.mark.parametrize("name", ASKS)
def test_a_decision_turns_at_the_midnight_after_its_last_day_and_at_no_other(name: str) -> None:
    turned = []
    for day in DAYS[1:]:
        at = midnight(day)
        assert at.astimezone(ZONE).time() == dt.time(0), "also where the clocks change"
        before, after = ask(name, on=civil(at - TICK)), ask(name, on=civil(at))
        assert (before.today, after.today) == (day - dt.timedelta(days=1), day)
        if before.allowed and not after.allowed:
            turned.append(before.today)
            assert before.until == before.today
        elif before.allowed:
            assert before.until is None or before.until >= day
        else:
            assert not after.allowed, "nothing comes back by itself"
    ends = ask(name).until
    assert turned == ([ends] if ends is not None and ends < DAYS[-1] else [])


@pytest.mark.slow
@pytest.mark.thorough
def test_whoever_keeps_the_record_is_told_of_each_last_day_at_least_thirty_days_ahead() -> None:
    """Every lapse of the year, on every day of the thirty before it, by name; and what has lapsed, from the midnight on."""
    company = blossom()
    policy = company.in_force(DAY)
    rules = company.record.recipient_rules
    assert rules is not None
    assert rules.warn_before == "P30D"
    told: dict[dt.date, set[str]] = {}
    for day in DAYS:
        told[day] = {one.thing for one in recipient_findings(company, policy, day)}
    lapsed = 0
    for name in ASKS:
        decision = ask(name)
        for last in _lasts(decision):
            lapsed += 1
            first = max(DAY, last - dt.timedelta(days=30))
            assert add_period(first, rules.warn_before) >= last
            for thing in _ending(decision, last):
                for n in range((last - first).days + 1):
                    day = first + dt.timedelta(days=n)
                    assert any(thing in said and "lapses" in said for said in told[day]), (thing, day)
            if decision.until == last and not name.startswith(
                ("voltwacht", "peilpunt", "klaproos", "meta", "tax", "stroom")
            ):
                gone = told[last + dt.timedelta(days=1)]
                assert any(said.startswith(f"recipient `{name}` gets nothing:") for said in gone)
    assert lapsed >= 15


def test_what_has_to_come_back_is_due_through_its_day_and_overdue_from_the_midnight_after_it() -> None:
    """Of each kind that confirms something, given on any day of the year: returns by the assignment's end, the rest by term."""
    record = blossom().record
    seen = set()
    for key, recipient in record.recipients.items():
        delivery = delivery_of(record, recipient)
        if delivery.back is None or delivery.ends == "record":  # a row's own last day: see P-116
            continue
        task = next(iter(recipient.assignments.values()), None)
        for given in DAYS[:370]:
            due = due_by(delivery, task, given)
            assert due == (add_period(given, delivery.within) if delivery.within else task and task.ends)
            assert due is not None
            one = Open(1, key, None, given, delivery.back, due)
            for day, late in (
                (civil(midnight(due + DAY_LONG) - TICK), False),
                (civil(midnight(due + DAY_LONG)), True),
            ):
                (found,) = overdue_findings([one], day, day)
                assert one.overdue(day) is late
                assert found.kind == ("disclosure-overdue" if late else "disclosure-due")
        seen.add(recipient.kind)
    assert seen == {"print_mail", "market_research", "marketing_agency", "social_media"}


def test_nothing_is_told_a_month_and_a_day_ahead() -> None:
    company = blossom()
    last = dt.date(2027, 8, 31)  # of the contract with `briefwerk`
    on = last - dt.timedelta(days=31)
    said = [
        one.thing
        for one in recipient_findings(company, company.in_force(DAY), on)
        if "briefwerk" in one.thing
    ]
    assert not [one for one in said if "contract" in one]


def _lasts(decision: Decision) -> set[dt.date]:
    return {
        one.last
        for one in decision.conditions
        if one.holds and one.last is not None and DAY <= one.last < DAYS[-1] and _counts(decision, one.last)
    }


def _counts(decision: Decision, last: dt.date) -> bool:
    """What ends after the recipient itself has ended is not waited for: nobody asks for it any more."""
    return decision.until is None or last <= decision.until


def _ending(decision: Decision, last: dt.date) -> set[str]:
    return {one.thing for one in decision.conditions if one.holds and one.last == last}

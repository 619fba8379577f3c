"""What a sweep says in words: how many, of what, and why."""

from __future__ import annotations

import datetime as dt

import pytest

from bloesem.clock.reasons import Reason
from bloesem.clock.report import Loss, SweepReport, TableReport
from bloesem.terms import counted

AT = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
WHY = Reason(("P1Y after account.closed",), "contract", "6(1)(b)", ("P-062",), (93,))


def report(n: int, *, dry_run: bool, left: int = 0) -> str:
    losses = (Loss("session", "support", n, n, WHY),)
    table = TableReport("session", n, n, {"place": n}, losses)
    lines = SweepReport(AT, AT.date(), dry_run, (table,), n, n, n, left, 0.1).lines()
    return "\n".join(lines)


def test_one_is_one_and_two_are_two() -> None:
    assert [counted(n, "row") for n in (0, 1, 2, 1000)] == ["0 rows", "1 row", "2 rows", "1,000 rows"]
    assert counted(1, "person", "people") == "1 person"
    one = report(1, dry_run=False, left=1)
    assert "as of 2026-06-01: 1 person reviewed, 1 forgotten" in one
    assert "1 row and 1 value went in 1 batch, 0.1 s" in one
    assert "1 is still due" in one
    two = report(2, dry_run=False, left=2)
    assert "2 people reviewed, 2 forgotten" in two
    assert "2 rows and 2 values went in 2 batches" in two
    assert "2 are still due" in two


@pytest.mark.parametrize("n", [1, 2])
def test_a_rehearsal_says_would(n: int) -> None:
    said = report(n, dry_run=True)
    assert "would be reviewed" in said
    assert "would go in" in said
    assert " went " not in said


def test_each_table_and_purpose_says_what_goes_and_why() -> None:
    said = report(3, dry_run=False)
    assert (
        "session  support         3        3  P1Y after account.closed (P-062, line 93, art. 6(1)(b))" in said
    )
    assert "place 3" in said


def test_nothing_due_says_so() -> None:
    assert list(SweepReport(AT, AT.date(), False, ()).lines())[-1] == "nothing was due"
    assert list(SweepReport(AT, AT.date(), True, ()).lines())[-1] == "nothing would go"

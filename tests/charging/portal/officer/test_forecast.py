"""What the calendar says of a day is what the sweep of that day does."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator

import pytest
from tests.bloesem.console.stage import Stage, build
from tests.databases import Database

from bloesem.clock import moment, preview, sweep
from bloesem.plan.dates import civil


@pytest.fixture(scope="module")
def swept(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Everything that was due is done."""
    stage = build(module_database, tmp_path_factory.mktemp("doors"), 150, everybody=True)
    with stage.database.connect(autocommit=True) as admin:
        sweep(admin, stage.company.plan, moment(admin, stage.company.plan))
    yield stage


@pytest.mark.parametrize("days", [1, 20, 45, 400])
def test_the_rows_of_each_day_are_those_that_the_sweep_erases(swept: Stage, days: int) -> None:
    plan = swept.company.plan
    with swept.database.connect(autocommit=True) as admin:
        today = civil(moment(admin, plan))
        day = today + dt.timedelta(days=days)
        told = admin.execute(
            "SELECT name, sum(many)::int FROM bloesem.oversight_due(%s, %s) WHERE what = 'rows' GROUP BY 1", [today, day]
        ).fetchall()
        report = preview(admin, plan, day)
    assert Counter(dict(told)) == Counter({t.table: t.deleted for t in report.tables if t.deleted})

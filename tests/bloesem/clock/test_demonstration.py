"""A demonstration's date runs ahead of the real one, forward only, and stays where it was set."""

from __future__ import annotations

import datetime as dt

import pytest
from tests.bloesem.plan import small
from tests.databases import Database

from bloesem.clock import sweep, watermark
from bloesem.clock.demonstration import advance
from bloesem.errors import ClockError
from bloesem.plan.dates import civil
from bloesem.stores.check import store_findings
from bloesem.stores.install import install


@pytest.mark.parametrize("ahead", [1, 200, 4000])
def test_the_date_stays_where_it_was_set_though_nothing_was_swept_yet(
    fresh_database: Database, ahead: int
) -> None:
    plan = small.plan(fresh_database.role_prefix)
    with fresh_database.connect(autocommit=True) as connection:
        small.create_tables(connection, plan)
        install(connection, plan)
        day = civil(dt.datetime.now(dt.UTC)) + dt.timedelta(days=ahead)
        now = advance(connection, plan, day)
        assert civil(now) == day
        install(connection, plan, force=True)
        found = connection.execute(
            "SELECT bloesem.today(), bloesem.civil(bloesem.moment()), (SELECT swept FROM bloesem.watermark)"
        ).fetchone()
        assert found == (day, day, None)
        assert not [f for f in store_findings(connection, plan) if f.severity == "error"]
        sweep(connection, plan, now)
        assert watermark(connection, plan) == day
        with pytest.raises(ClockError):
            advance(connection, plan, day - dt.timedelta(days=1))

"""The date of a demonstration: a compiled constant in the database, ahead of the real date by some days."""

from __future__ import annotations

import datetime as dt

from bloesem.clock.sweep import moment, require_not_before
from bloesem.errors import ClockError
from bloesem.ledger import record_act
from bloesem.plan.model import Plan
from bloesem.plan.quoting import ident
from bloesem.plan.sql.runtime import clock_functions
from bloesem.stores.postgres import Connection


def advance(connection: Connection, plan: Plan, day: dt.date) -> dt.datetime:
    """Sets the database's date to `day` for everybody, in one transaction. out: the moment that it is then.

    From its commit nothing that ended before `day` can be read; sweep next. Real companies' dates are not
    moved: the caller sees to it that this is a demonstration. raises: ClockError for a day before the last
    sweep.
    """
    require_not_before(connection, plan, day)
    s = ident(plan.schema)
    with connection.transaction():
        found = connection.execute(
            "SELECT %s - (now() AT TIME ZONE 'Europe/Brussels')::date", [day]
        ).fetchone()
        days = int(found[0]) if found else 0
        if days < 0:
            raise ClockError(
                f"{day} has passed", rule="time runs forward", remedy="choose today or a later day"
            )
        for _, text in clock_functions(plan, days):
            connection.execute(text)
        connection.execute(
            f"INSERT INTO {s}.watermark (days) VALUES (%s) ON CONFLICT (one) DO UPDATE SET days = EXCLUDED.days",
            [days],
        )
        record_act(connection, "clock", moment(connection, plan), counts={"days": days}, schema=plan.schema)
        return moment(connection, plan)

"""Asking for a sweep: who knows that it is time is not who may sweep.

The worker has the schedule and writes a row that says that it is time, and nothing else; the keeper's helper sweeps and
writes what came of it. So the worker holds no right on anybody's data, and one process alone holds the keeper's.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from psycopg import sql

from bloesem.errors import ClockError
from bloesem.stores.postgres import Connection

SCHEMA = "jobs"
#: How long a row may lie there before the worker says that nobody sweeps, and how often it looks.
PATIENCE_SECONDS, LOOK_SECONDS = 600.0, 0.5
_S, _T = sql.Identifier(SCHEMA), sql.Identifier(SCHEMA, "sweep")

_TABLE = """
CREATE TABLE IF NOT EXISTS {t} (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    state    text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'done', 'failed')),
    said     text    -- of the sweep as a whole: numbers and names of our own, nobody's data
)"""


@dataclass(frozen=True)
class Answer:
    """What came of it. `said`: the report's first line, or what was in the way."""

    done: bool
    said: str


def install(admin: Connection, asks: str, sweeps: str) -> None:
    """The table, in a schema that is there. in: the roles of who asks and of who sweeps."""
    admin.execute(sql.SQL(_TABLE).format(t=_T))
    for grant, role in (
        ("SELECT, INSERT (asked_at)", asks),
        ("SELECT, DELETE, UPDATE (state, said)", sweeps),
    ):
        admin.execute(sql.SQL("GRANT " + grant + " ON {} TO {}").format(_T, sql.Identifier(role)))
    admin.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(_S, sql.Identifier(sweeps)))


def there(connection: Connection) -> bool:
    """Whether anybody can ask on this database."""
    found = connection.execute("SELECT to_regclass(%s) IS NOT NULL", [f"{SCHEMA}.sweep"]).fetchone()
    return bool(found and found[0])


# ---- who asks ----------------------------------------------------------------------------------------------------


def ask(connection: Connection) -> int:
    """Ask for a sweep; committed when this returns. out: its number."""
    found = connection.execute(
        sql.SQL("INSERT INTO {} (asked_at) VALUES (clock_timestamp()) RETURNING id").format(_T)
    ).fetchone()
    connection.commit()
    assert found is not None
    return int(found[0])


def wait(
    connection: Connection,
    asked: int,
    *,
    stop: Callable[[], bool] = lambda: False,
    patience: float = PATIENCE_SECONDS,
) -> Answer:
    """Until it is done. raises: ClockError when nobody takes it up in time, or `stop` says so first."""
    until = time.monotonic() + patience
    while not stop():
        found = connection.execute(
            sql.SQL("SELECT state, said FROM {} WHERE id = %s").format(_T), [asked]
        ).fetchone()
        connection.commit()
        if found is None:
            return Answer(True, "a later sweep was done")
        if found[0] in ("done", "failed"):
            return Answer(found[0] == "done", found[1] or "")
        if found[0] == "waiting" and time.monotonic() > until:
            raise ClockError(
                f"nobody took up the sweep that was asked for {patience:.0f} s ago",
                rule="the keeper's helper sweeps when the worker says that it is time",
                remedy="see that it runs (bloesem up starts both); what ended cannot be read meanwhile",
            )
        time.sleep(LOOK_SECONDS)
    raise ClockError(
        "the worker stops before its sweep was done",
        rule="what is committed stays done, the rest stays due",
        remedy="start it again: it asks for the sweep that was missed",
    )


# ---- who sweeps --------------------------------------------------------------------------------------------------


def take(keeper: Connection) -> list[int]:
    """All that wait, now running: one sweep answers them all."""
    found = keeper.execute(
        sql.SQL("UPDATE {} SET state = 'running' WHERE state = 'waiting' RETURNING id").format(_T)
    ).fetchall()
    keeper.commit()
    return [row[0] for row in found]


def finish(keeper: Connection, asked: list[int], answer: Answer) -> None:
    """Writes the answer, and clears away those of days ago."""
    keeper.execute(
        sql.SQL("UPDATE {} SET state = %s, said = %s WHERE id = ANY (%s)").format(_T),
        ["done" if answer.done else "failed", answer.said, asked],
    )
    keeper.execute(
        sql.SQL(
            "DELETE FROM {} WHERE state IN ('done', 'failed') AND asked_at < now() - interval '7 days'"
        ).format(_T)
    )
    keeper.commit()


def interrupted(keeper: Connection) -> None:
    """What was running when a keeper's helper died waits again: a sweep goes on where it stopped."""
    keeper.execute(sql.SQL("UPDATE {} SET state = 'waiting' WHERE state = 'running'").format(_T))
    keeper.commit()

"""Work that only the keeper may do, asked for by the pages and done elsewhere: a web process is never the keeper.

A page writes a row, the keeper's helper does the work and writes the answer, the page shows it. An answer about a
person leaves the table when it is shown, or after a few minutes.
"""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from psycopg import sql

from bloesem.console.overview import changing
from bloesem.plan.model import Plan
from bloesem.stores.postgres import Connection

Kind = Literal["overview", "cases", "person", "preview", "rehearse", "move"]
KINDS: tuple[Kind, ...] = ("overview", "cases", "person", "preview", "rehearse", "move")
#: Answers about people, and how long one that nobody fetches may lie there.
PERSONAL: tuple[Kind, ...] = ("person",)
KEPT = dt.timedelta(minutes=5)
CHANNEL = "bloesem_console"


@dataclass(frozen=True)
class Job:
    """A piece of work. `state`: waiting, running, done or refused; `done` of `total` steps are behind it."""

    id: uuid.UUID
    kind: Kind
    asked: Mapping[str, Any] = field(hash=False)
    state: str = "waiting"
    done: int = 0
    total: int = 0
    result: Any = field(default=None, hash=False)
    asked_at: dt.datetime | None = None
    finished_at: dt.datetime | None = None

    @property
    def over(self) -> bool:
        return self.state in ("done", "refused")


_TABLE = """
CREATE TABLE IF NOT EXISTS {s}.console_job (
    id          uuid PRIMARY KEY,
    kind        text NOT NULL CHECK (kind IN ({kinds})),
    asked       jsonb NOT NULL DEFAULT '{{}}',
    state       text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'done', 'refused')),
    done        integer NOT NULL DEFAULT 0,
    total       integer NOT NULL DEFAULT 0,
    result      jsonb,
    asked_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz
)"""

#: Invented people whom a demonstration names; nobody but the keeper reads it.
_CASES = """
CREATE TABLE IF NOT EXISTS {s}.console_case (
    key       text PRIMARY KEY,
    person_id bigint NOT NULL
)"""

_COLUMNS = "id, kind, asked, state, done, total, result, asked_at, finished_at"


def install(keeper: Connection, plan: Plan, login: str) -> None:
    """Makes the table, as keeper, and lets the pages' login ask and look. `login`: its short name."""
    s, role = sql.Identifier(plan.schema), sql.Identifier(plan.role(login))
    kinds = sql.SQL(", ").join(sql.Literal(kind) for kind in KINDS)
    keeper.execute(sql.SQL(_TABLE).format(s=s, kinds=kinds))
    keeper.execute(sql.SQL(_CASES).format(s=s))
    keeper.execute(sql.SQL("REVOKE ALL ON {}.console_case FROM PUBLIC").format(s))
    table = sql.SQL("{}.console_job").format(s)
    keeper.execute(sql.SQL("REVOKE ALL ON {} FROM PUBLIC").format(table))
    keeper.execute(sql.SQL("GRANT SELECT, DELETE, INSERT (id, kind, asked) ON {} TO {}").format(table, role))


def name_cases(keeper: Connection, plan: Plan, people: Mapping[str, int]) -> None:
    """Names invented people as examples to follow, by a key (`ann`); after a demonstration's data was loaded."""
    s = sql.Identifier(plan.schema)
    keeper.execute(sql.SQL(_CASES).format(s=s))
    for key, person in people.items():
        keeper.execute(
            sql.SQL(
                "INSERT INTO {}.console_case (key, person_id) VALUES (%s, %s) "
                "ON CONFLICT (key) DO UPDATE SET person_id = EXCLUDED.person_id"
            ).format(s),
            [key, person],
        )


def named_cases(keeper: Connection, plan: Plan) -> dict[str, int]:
    query = sql.SQL("SELECT key, person_id FROM {}.console_case ORDER BY key").format(
        sql.Identifier(plan.schema)
    )
    return dict(keeper.execute(query).fetchall())


def _q(plan: Plan, text: str) -> sql.Composed:
    return sql.SQL(text).format(t=sql.SQL("{}.console_job").format(sql.Identifier(plan.schema)))


# ---- the pages' side ---------------------------------------------------------------------------------------------


def ask(connection: Connection, plan: Plan, kind: Kind, **asked: object) -> uuid.UUID:
    """Ask for work; committed when this returns."""
    made = uuid.uuid4()
    text = json.dumps(asked)
    connection.execute(_q(plan, "INSERT INTO {t} (id, kind, asked) VALUES (%s, %s, %s)"), [made, kind, text])
    connection.execute(sql.SQL("NOTIFY {}").format(sql.Identifier(CHANNEL)))
    connection.commit()
    return made


def look(connection: Connection, plan: Plan, job: uuid.UUID) -> Job | None:
    """The job as it stands; None when it is not there (any more)."""
    found = connection.execute(_q(plan, f"SELECT {_COLUMNS} FROM {{t}} WHERE id = %s"), [job]).fetchone()
    connection.commit()
    return _job(found) if found else None


def take_answer(connection: Connection, plan: Plan, job: Job) -> Job:
    """An answer about a person leaves the table as it is shown; any other stays."""
    if job.kind in PERSONAL and job.over:
        connection.execute(_q(plan, "DELETE FROM {t} WHERE id = %s"), [job.id])
        connection.commit()
    return job


def latest(connection: Connection, plan: Plan, kind: Kind, *, over: bool = True) -> Job | None:
    """The newest of its kind that is done (or, with over=False, is still to be done)."""
    states = ["done"] if over else ["waiting", "running"]
    found = connection.execute(
        _q(
            plan,
            f"SELECT {_COLUMNS} FROM {{t}} WHERE kind = %s AND state = ANY (%s) ORDER BY asked_at DESC LIMIT 1",
        ),
        [kind, states],
    ).fetchone()
    connection.commit()
    return _job(found) if found else None


def _job(row: tuple[Any, ...]) -> Job:
    return Job(*row)


# ---- the keeper's side -------------------------------------------------------------------------------------------


def take(keeper: Connection, plan: Plan) -> Job | None:
    """The oldest waiting job, now running; None when nothing waits. Two helpers never take the same."""
    found = keeper.execute(
        _q(
            plan,
            "UPDATE {t} SET state = 'running' WHERE id = (SELECT id FROM {t} WHERE state = 'waiting' "
            f"ORDER BY asked_at LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING {_COLUMNS}",
        )
    ).fetchone()
    keeper.commit()
    return _job(found) if found else None


def progress(keeper: Connection, plan: Plan, job: Job, done: int, total: int) -> None:
    keeper.execute(_q(plan, "UPDATE {t} SET done = %s, total = %s WHERE id = %s"), [done, total, job.id])
    keeper.commit()


def finish(keeper: Connection, plan: Plan, job: Job, result: object, *, refused: bool = False) -> None:
    """Writes the answer, and clears away what is old: one overview is enough, and a person's answer goes soon."""
    keeper.execute(
        _q(plan, "UPDATE {t} SET state = %s, result = %s, finished_at = clock_timestamp() WHERE id = %s"),
        ["refused" if refused else "done", json.dumps(result), job.id],
    )
    keeper.execute(
        _q(
            plan,
            "DELETE FROM {t} WHERE kind = ANY (%s) AND finished_at < clock_timestamp() - %s "
            "OR kind IN ('overview', 'cases') AND state = 'done' AND id <> %s AND kind = %s "
            "OR finished_at < clock_timestamp() - interval '1 day'",
        ),
        [list(PERSONAL), KEPT, job.id, job.kind],
    )
    keeper.commit()


def amend_acts(keeper: Connection, plan: Plan, acts: object) -> None:
    """Puts the last acts into the overview that is there, and how many changed something since it was counted; its
    numbers, and their moment, stay."""
    since = changing(plan, sql.SQL("(result ->> 'after')::bigint"))
    keeper.execute(
        sql.SQL(
            "UPDATE {t} SET result = result || jsonb_build_object('acts', %s::jsonb, 'since',"
            " ({since}) - (result ->> 'known')::bigint) WHERE kind = 'overview' AND state = 'done' AND result ? 'known'"
        ).format(t=sql.SQL("{}.console_job").format(sql.Identifier(plan.schema)), since=since),
        [json.dumps(acts)],
    )
    keeper.commit()


def interrupted(keeper: Connection, plan: Plan) -> None:
    """What was running when a helper died is refused: nothing of it was committed half."""
    keeper.execute(
        _q(
            plan, "UPDATE {t} SET state = 'refused', result = %s, finished_at = now() WHERE state = 'running'"
        ),
        [json.dumps({"refused": "job.failed"})],
    )
    keeper.commit()

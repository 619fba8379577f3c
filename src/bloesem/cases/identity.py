"""Whoever was asked who they are, and says nothing: reminded once, and then the case is closed, with what art. 12(2) and
(6) ask to be told. It begins again by the same link, whenever that is pressed. The days are the company's
(`record/deadlines.yaml`).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from bloesem.answers import new_token, token_hash
from bloesem.cases.case import Bench, Case
from bloesem.cases.letters import PROVE_AGAIN, UNPROVEN, Letters
from bloesem.errors import RightsError
from bloesem.plan.dates import add_period, civil
from bloesem.policy.model import Deadlines
from bloesem.stores.facts import moment


def _due(s: str) -> str:
    return f"state = 'asked' AND stopped_at IS NOT NULL AND (params->>'next')::date <= {s}.today()"


def waits(s: str) -> str:
    """A test, in SQL: whether somebody is to be reminded, or no longer waited for. in: the schema, quoted."""
    return f"EXISTS (SELECT FROM {s}.request_case WHERE {_due(s)})"


@dataclass
class Unproven:
    """in: a keeper's connection that commits each statement by itself."""

    bench: Bench
    letters: Letters

    def due(self) -> int:
        """What is due today: reminders, and ends. out: how many cases."""
        rows = self.bench.connection.execute(
            f"SELECT id, stopped_at FROM {self.bench.s}.request_case WHERE {_due(self.bench.s)} ORDER BY id".encode()
        ).fetchall()
        for number, asked_at in rows:
            with self.bench.connection.transaction():
                row = self.bench.connection.execute(
                    f"SELECT state, stopped_at FROM {self.bench.s}.request_case WHERE id = %s FOR UPDATE".encode(),
                    [number],
                ).fetchone()
                if row == ("asked", asked_at):  # nobody proved anything meanwhile
                    self._next(self.bench.one(number), civil(asked_at))
        return len(rows)

    def reminded_on(self) -> dt.date:
        """The day of the reminder of what is asked now."""
        return add_period(
            civil(moment(self.bench.connection, self.bench.loaded.plan)), self._deadlines().identity_remind
        )

    def _next(self, case: Case, asked_on: dt.date) -> None:
        ends = add_period(asked_on, self._deadlines().identity_close)
        if civil(moment(self.bench.connection, self.bench.loaded.plan)) >= ends:
            self.letters.queue(case, UNPROVEN)
            self.bench.connection.execute(
                f"UPDATE {self.bench.s}.request_case SET state = 'closed', ended_at = {self.bench.s}.moment(),"
                " params = params - 'next' WHERE id = %s".encode(),
                [case.id],
            )
            self.bench.event(case, "unproven")
            return
        token = new_token()
        self.letters.queue(case, PROVE_AGAIN, link=f"{case.site}/{case.language}/requests/prove/{token}")
        self.bench.connection.execute(
            f"UPDATE {self.bench.s}.request_case SET prove_again = %s,"
            " params = params || jsonb_build_object('next', %s::text) WHERE id = %s".encode(),
            [token_hash(token), ends.isoformat(), case.id],
        )
        self.bench.event(case, "reminded")

    def _deadlines(self) -> Deadlines:
        found = self.bench.loaded.company.record.deadlines
        if found is None:
            raise RightsError(
                "the record has no deadlines",
                "R-006: how long one waits for an answer is decided before",
                "write record/deadlines.yaml",
            )
        return found


__all__ = ["Unproven", "waits"]

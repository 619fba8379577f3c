"""The privacy officer's desk: cases listed, opened and decided, through the officer's own login."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bloesem.cases.model import ENDED
from bloesem.gate.oversight import Oversight


@dataclass(frozen=True)
class Line:
    """A case in the list: nobody is named. `urgency`: late, escalate, warn, calm, still (the clock stands) or ended.
    `warn_on`, `escalate_on`: days before `due`, which has two more months where the case was `extended`."""

    number: str
    kind: str
    asked: str
    channel: str
    state: str
    received_at: dt.datetime
    due: dt.date | None
    outcome: str | None
    urgency: str
    share: int
    warn_on: dt.date | None = None
    escalate_on: dt.date | None = None
    extended: bool = False

    @property
    def ended(self) -> bool:
        return self.state in ENDED


@dataclass(frozen=True)
class CaseDesk:
    """in: a connection of the officer's login. What it writes is committed before it comes back."""

    ask: Oversight

    def inbox(self, today: dt.date) -> list[Line]:
        """Open ones first, the most urgent first."""
        found = _json(self.ask.rows("SELECT {s}.case_inbox()")[0][0])
        lines = [_line(one, today) for one in found]
        ended = sorted((one for one in lines if one.ended), key=lambda it: it.received_at, reverse=True)
        return [
            *sorted((one for one in lines if not one.ended), key=lambda it: it.due or dt.date.max),
            *ended,
        ]

    def one(self, actor: str, number: str) -> Mapping[str, Any] | None:
        """All of a case; whom it is about was read, and is told."""
        found = self.ask.rows("SELECT {s}.case_one(%s, %s)", actor, number)[0][0]
        self.ask.connection.commit()
        return _json(found) if found is not None else None

    def decide(self, actor: str, number: str, outcome: str, reason: str, params: Mapping[str, Any]) -> str:
        """out: recorded, already (somebody was first), why (no reason), or not-now."""
        return self._do("case_decide(%s, %s, %s, %s, %s)", actor, number, outcome, reason, json.dumps(params))

    def extend(self, actor: str, number: str, why: str) -> str:
        """out: recorded, already, why, late, or not-now."""
        return self._do("case_extend(%s, %s, %s)", actor, number, why)

    def stop(self, actor: str, number: str, what: str, why: str) -> str:
        """`what`: identity or specification. out: recorded, already, why, never, or not-now."""
        return self._do("case_stop(%s, %s, %s, %s)", actor, number, what, why)

    def resume(self, actor: str, number: str, words: str) -> str:
        return self._do("case_resume(%s, %s, %s)", actor, number, words)

    def again(self, actor: str, number: str) -> str:
        """What did not work by itself goes on from where it stood. out: recorded, or not-now."""
        return self._do("case_again(%s, %s)", actor, number)

    def means(self, actor: str, number: str, kind: str, asked: str) -> str:
        """What a case asks, as the officer reads it; its clock runs as before. out: recorded, already, or not-now."""
        return self._do("case_means(%s, %s, %s, %s)", actor, number, kind, asked)

    def register(
        self, actor: str, kind: str, asked: str, channel: str, language: str, address: str, words: str,
        received: dt.datetime, site: str,
    ) -> str:  # fmt: skip
        """A letter, or what somebody said. out: its number."""
        values = (actor, kind, asked, channel, language, address or None, words, "{}", received, site)
        return self._do("case_register(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)", *values)

    def _do(self, call: str, *values: object) -> str:
        found = str(self.ask.rows(f"SELECT {{s}}.{call}", *values)[0][0])
        self.ask.connection.commit()
        return found


def _line(one: Mapping[str, Any], today: dt.date) -> Line:
    due, escalate, warn = (_day(one[key]) for key in ("due", "escalate_on", "warn_on"))
    received = dt.datetime.fromisoformat(one["received_at"])
    urgency = "calm"
    if one["state"] in ENDED:
        urgency = "ended"
    elif one["stopped"]:
        urgency = "still"
    elif due is not None and today > due:
        urgency = "late"
    elif escalate is not None and today >= escalate:
        urgency = "escalate"
    elif warn is not None and today >= warn:
        urgency = "warn"
    whole = (due - received.date()).days if due else 0
    gone = (today - received.date()).days
    share = min(100, max(0, round(100 * gone / whole))) if whole > 0 else 100
    return Line(
        one["number"],
        one["kind"],
        one["asked"],
        one["channel"],
        one["state"],
        received,
        due,
        one["outcome"],
        urgency,
        share,
        warn,
        escalate,
        bool(one["extended"]),
    )


def missing(case: Mapping[str, Any]) -> tuple[str, ...]:
    """What a case waits for, most pressing first. in: as `CaseDesk.one` gives it. out: of days, clock, failed, copy, who,
    proof, clerk, decision, answer; nothing for one that has ended."""
    if case["state"] in ENDED:
        return ()
    found = [name for name, so in (("days", case["due"] is None), ("clock", case["stopped"])) if so]
    params = case["params"]
    if case["state"] == "waiting" and ("failed" in params or "waits" in params):
        return (*found, "failed" if "failed" in params else "copy")
    return (*found, _WAITS[case["state"]])


#: What follows a state.
_WAITS = {
    "received": "who",
    "asked": "proof",
    "identified": "clerk",
    "waiting": "decision",
    "decided": "clerk",
    "carried": "answer",
}


def _day(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


def _json(found: Any) -> Any:
    return json.loads(found) if isinstance(found, str) else found


__all__ = ["CaseDesk", "Line", "missing"]

"""The privacy officer's desk: cases listed, opened and decided, through the officer's own login."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bloesem.cases.model import ENDED, pressing
from bloesem.cases.sealing import written
from bloesem.cases.words import MOST, WORDS_KEY, Words, is_sealed, wrapped
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
    message: bool = False  # somebody wrote more, and nobody opened it since

    @property
    def ended(self) -> bool:
        return self.state in ENDED


@dataclass(frozen=True)
class CaseDesk:
    """in: a connection of the officer's login; what opens words that are sealed. What it writes is committed before it comes
    back."""

    ask: Oversight
    words: Words = field(default=Words(), repr=False)

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
        """All of a case; whom it is about was read, and is told. `unread`: there are words that this process cannot open."""
        found = self.ask.rows("SELECT {s}.case_one(%s, %s)", actor, number)[0][0]
        self.ask.connection.commit()
        return self._read(_json(found)) if found is not None else None

    def _read(self, found: dict[str, Any]) -> dict[str, Any]:
        """With the words as they were written."""
        events = [{**one, "said": self.words.read(one["said"])} for one in found["events"] or ()]
        sealed = [found["words"], *(one["said"] for one in found["events"] or ())]
        unread = any(is_sealed(one) and self.words.read(one) is None for one in sealed)
        return {**found, "words": self.words.read(found["words"]), "events": events, "unread": unread}

    def _sealed(self, words: str, most: int = MOST) -> str | None:
        """As they are kept."""
        key = self.ask.rows(f"SELECT {{s}}.{WORDS_KEY}")[0][0]
        return wrapped(key, words, most)

    def decide(self, actor: str, number: str, outcome: str, reason: str, params: Mapping[str, Any]) -> str:
        """out: recorded, already (somebody was first), why (no reason), statute, what (an
        objection refused in part: for which use), or not-now."""
        return self._do("case_decide(%s, %s, %s, %s, %s)", actor, number, outcome, reason, json.dumps(params))

    def extend(self, actor: str, number: str, why: str) -> str:
        """out: recorded, already, why, late, or not-now."""
        return self._do("case_extend(%s, %s, %s)", actor, number, why)

    def stop(self, actor: str, number: str, what: str, why: str) -> str:
        """`what`: identity or specification. out: recorded, already, why, never, or not-now."""
        return self._do("case_stop(%s, %s, %s, %s)", actor, number, what, why)

    def resume(self, actor: str, number: str, words: str) -> str:
        return self._do("case_resume(%s, %s, %s)", actor, number, self._sealed(words, 2000))

    def again(self, actor: str, number: str) -> str:
        """What did not work by itself goes on from where it stood. out: recorded, or not-now."""
        return self._do("case_again(%s, %s)", actor, number)

    def lift(self, actor: str, number: str, why: str, told_on: dt.date | None = None) -> str:
        """A restriction is to end: the person is told first, by a letter of ours or as they were on `told_on` (P-158).
        out: recorded, already, why, or not-now."""
        return self._do("case_lift(%s, %s, %s, %s)", actor, number, why, told_on)

    def holds(self, actor: str, number: str, categories: Sequence[str]) -> str:
        """What a complaint is about: that alone is held while it runs. out: recorded, what (nothing was chosen), or
        not-now."""
        return self._do("case_holds(%s, %s, %s)", actor, number, list(categories))

    def means(self, actor: str, number: str, kind: str, asked: str, about: str = "") -> str:
        """What a case asks, as the officer reads it, and `about`: for whom (self, parent, mandate), where that is said; its
        clock runs as before. out: recorded, already, or not-now."""
        whom = self._do("case_behalf(%s, %s, %s)", actor, number, about) if about else "already"
        if whom == "not-now":
            return whom
        what = self._do("case_means(%s, %s, %s, %s)", actor, number, kind, asked)
        return whom if what == "already" else what

    def known(self, actor: str, number: str, given: Mapping[str, str]) -> str:
        """Who it is, by what the company holds (`known.KNOWN_BY`). out: recorded (the helper compares), few, many, never, or
        not-now."""
        return written(self.ask, actor, number, given)

    def fits(self, actor: str, number: str, yes: bool) -> str:
        """Whether it is whom the words themselves fit (`params.fits` says by what). out: recorded, or not-now."""
        return self._do("case_fits(%s, %s, %s)", actor, number, yes)

    def mandate(
        self, actor: str, number: str, verdict: str, authority: str, born: dt.date | None, why: str
    ) -> str:
        """Whether whoever asks may ask for somebody else. `verdict`: confirmed or refused. out: recorded, why, never, born,
        adult, or not-now."""
        return self._do("case_mandate(%s, %s, %s, %s, %s, %s)", actor, number, verdict, authority, born, why)

    def register(
        self, actor: str, kind: str, asked: str, channel: str, language: str, address: str, words: str,
        received: dt.datetime, site: str, about: str = "self",
    ) -> str:  # fmt: skip
        """A letter, or what somebody said. `address`: a mailbox, or the lines of a postal address; `about`: self, parent or
        mandate. out: its number."""
        params = json.dumps({"on_behalf": about} if about != "self" else {})
        sealed = self._sealed(words)
        values = (actor, kind, asked, channel, language, address or None, sealed, params, received, site)
        return self._do("case_register(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)", *values)

    def _do(self, call: str, *values: object) -> str:
        found = str(self.ask.rows(f"SELECT {{s}}.{call}", *values)[0][0])
        self.ask.connection.commit()
        return found


def _line(one: Mapping[str, Any], today: dt.date) -> Line:
    due, escalate, warn = (_day(one[key]) for key in ("due", "escalate_on", "warn_on"))
    received = dt.datetime.fromisoformat(one["received_at"])
    urgency = "still" if one["stopped"] else pressing(due, escalate, warn, today)
    if one["state"] in ENDED:
        urgency = "ended"
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
        bool(one["message"]),
    )


def missing(case: Mapping[str, Any]) -> tuple[str, ...]:
    """What a case waits for, most pressing first. in: as `CaseDesk.one` gives it. out: of message, days, clock, failed,
    copy, which, mandate, known, who, proof, clerk, decision, answer; nothing for one that has ended."""
    if case["state"] in ENDED:
        return ()
    params = case["params"]
    now = (("message", "message" in params), ("days", case["due"] is None), ("clock", case["stopped"]))
    found = [name for name, so in now if so]
    if case["state"] == "waiting" and ("failed" in params or "waits" in params):
        waits = {"access": "copy"}.get(str(params.get("waits")), str(params.get("waits")))
        return (*found, "failed" if "failed" in params else waits)
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

"""A person's own cases, in their own scope, and what anybody asks without one. The functions are the keeper's (`tables`)."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bloesem.cases.model import ENDED
from bloesem.cases.words import WORDS_KEY, Words, wrapped
from bloesem.gate.opening import Opened
from bloesem.gate.own import ask


@dataclass(frozen=True)
class Mine:
    """One case of whoever's scope is open. `due`: the day that counts now; `can_end`: whether it can still be withdrawn."""

    number: str
    kind: str
    asked: str
    state: str
    words: str
    received_at: dt.datetime
    due: dt.date | None
    extended_why: str | None
    outcome: str | None
    answered_at: dt.datetime | None
    stopped: bool
    purposes: tuple[str, ...] = ()

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    @property
    def can_end(self) -> bool:
        return self.state in ("received", "asked", "identified", "waiting")


def submit(
    opened: Opened,
    kind: str,
    asked: str,
    language: str,
    words: str,
    site: str,
    params: Mapping[str, Any],
    about: str,
) -> str:
    """A request of whoever's scope is open; its words leave this process sealed. out: its number."""
    sealed = wrapped(ask(opened, WORDS_KEY.removesuffix("()"))[0][0], words)
    values = (kind, asked, language, None, sealed, site, json.dumps(params), None, about)
    return str(ask(opened, "case_submit", values)[0][0])


def mine(opened: Opened, theirs: Words | None = None) -> list[Mine]:
    """The newest first. in: what opens words that are sealed."""
    found = ask(opened, "case_own")[0][0]
    rows = json.loads(found) if isinstance(found, str) else found
    return [
        Mine(
            one["number"], one["kind"], one["asked"], one["state"], (theirs or Words()).read(one["words"]) or "",
            dt.datetime.fromisoformat(one["received_at"]), _day(one["due"]), one["extended_why"], one["outcome"],
            dt.datetime.fromisoformat(one["answered_at"]) if one["answered_at"] else None, one["stopped"],
            tuple(one["purposes"]),
        )
        for one in rows
    ]  # fmt: skip


def take_back(opened: Opened, number: str) -> bool:
    """Whether it could still be withdrawn."""
    return bool(ask(opened, "case_own_withdraw", (number,))[0][0])


def narrow(opened: Opened, number: str, purpose: str) -> bool:
    """One use of several is no longer objected to; of the last one the case is withdrawn. Whether it still could be."""
    return bool(ask(opened, "case_own_narrow", (number, purpose))[0][0] == "recorded")


def _day(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


__all__ = ["Mine", "mine", "narrow", "submit", "take_back"]

"""A person's own cases, in their own scope, and what anybody asks without one. The functions are the keeper's (`tables`)."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bloesem.cases.model import ENDED
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
    """A request of whoever's scope is open. out: its number."""
    values = (kind, asked, language, None, words, site, json.dumps(params), None, about)
    return str(ask(opened, "case_submit", values)[0][0])


def mine(opened: Opened) -> list[Mine]:
    """The newest first."""
    found = ask(opened, "case_own")[0][0]
    rows = json.loads(found) if isinstance(found, str) else found
    return [
        Mine(
            one["number"], one["kind"], one["asked"], one["state"], one["words"] or "",
            dt.datetime.fromisoformat(one["received_at"]), _day(one["due"]), one["extended_why"], one["outcome"],
            dt.datetime.fromisoformat(one["answered_at"]) if one["answered_at"] else None, one["stopped"],
            tuple(one["purposes"]),
        )
        for one in rows
    ]  # fmt: skip


def take_back(opened: Opened, number: str) -> bool:
    """Whether it could still be withdrawn."""
    return bool(ask(opened, "case_own_withdraw", (number,))[0][0])


def _day(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


__all__ = ["Mine", "mine", "submit", "take_back"]

"""Figures of visits for an analytics firm: a signal for each page of whoever agreed, and one that stops it (P-122).

A cookie that names a `recipient` is such a firm's. Without its consent there is no number and no signal; a page of somebody
who is signed in makes none; and the firm's own script or cookie is on no page. A signal has the number, the name of a page
and a day: no address, no machine. It lies in a directory (BLOESEM_VISITS; without one nothing is counted) until it is
delivered: visits only where the register allows that firm that day, a stop always, and no visit of a number that stopped.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from bloesem.policy.company import Company

SETTING = "BLOESEM_VISITS"
#: The kind of recipient of the policy that such a cookie may be for.
KIND = "cookie_analytics"
_NUMBER = re.compile(r"[A-Za-z0-9_-]{22}")
#: Signals that go in one request.
AT_ONCE = 500
#: A visit that could not be delivered for so long is not delivered at all.
KEPT = dt.timedelta(days=1)

Post = Callable[[str, bytes, Mapping[str, str]], "int | None"]


@dataclass(frozen=True)
class Signal:
    """`number`: of the cookie; `page`: its name in the site, never its address; none of a stop."""

    kind: Literal["visit", "stop"]
    number: str
    day: dt.date
    page: str = ""

    def said(self) -> dict[str, str]:
        found = {"kind": self.kind, "visitor": self.number, "day": self.day.isoformat()}
        return found if self.kind == "stop" else {**found, "page": self.page}


@dataclass(frozen=True)
class Delivered:
    visits: int = 0
    stops: int = 0
    dropped: int = 0
    waiting: int = 0


def new_number() -> str:
    """A number by chance, that says nothing of anybody."""
    return secrets.token_urlsafe(16)


def known(number: str) -> bool:
    """Whether it is the form of ours: what a browser sends is anything."""
    return _NUMBER.fullmatch(number) is not None


def directory() -> Path | None:
    said = os.environ.get(SETTING, "")
    return Path(said) if said else None


def keep(folder: Path, recipient: str, signal: Signal, at: int) -> None:
    """Put it down, whole. in: `at`, nanoseconds, by which they are in order."""
    place = folder / recipient
    place.mkdir(parents=True, exist_ok=True)
    part = place / f".{secrets.token_hex(8)}"
    part.write_text(json.dumps(signal.said()), encoding="utf-8")
    part.rename(place / f"{at:020}-{part.name[1:]}.json")


# ---- delivering ------------------------------------------------------------------------------------------------------


def deliver(company: Company, folder: Path, post: Post, now: dt.datetime, today: dt.date) -> Delivered:
    """Gives each firm its signals. in: the company with its record; `post` as `recipients.posting.over_http`; an aware
    moment and its civil day. What a firm's server does not take waits; a visit for a day, a stop until it is taken."""
    total = Delivered()
    for place in sorted(folder.iterdir()) if folder.is_dir() else []:
        done = _deliver(company, place, post, now, today)
        total = Delivered(*(a + b for a, b in zip(_counts(total), _counts(done), strict=True)))
    return total


def _counts(said: Delivered) -> tuple[int, ...]:
    return said.visits, said.stops, said.dropped, said.waiting


def allowed(company: Company, key: str, today: dt.date) -> bool:
    """Whether the register lets this firm have anything that day: contract, diligence, transfers, each in its days."""
    from bloesem.recipients.register import standing_of

    recipient = company.record.recipients.get(key)
    if recipient is None or recipient.kind != KIND:
        return False
    found = standing_of(company, company.in_force(today), key, today)
    return bool(found) and not any(one.reasons for one in found)


def _deliver(company: Company, place: Path, post: Post, now: dt.datetime, today: dt.date) -> Delivered:
    waiting = {file: json.loads(file.read_text("utf-8")) for file in sorted(place.glob("[0-9]*.json"))}
    stopped = {said["visitor"] for said in waiting.values() if said["kind"] == "stop"}
    may = allowed(company, place.name, today)
    goes, dropped = {}, 0
    for file, said in waiting.items():
        old = now.timestamp() * 1e9 - int(file.name.split("-")[0]) > KEPT.total_seconds() * 1e9
        if said["kind"] == "visit" and (not may or old or said["visitor"] in stopped):
            file.unlink()
            dropped += 1
        else:
            goes[file] = said
    recipient = company.record.recipients.get(place.name)
    url = recipient.collect if recipient is not None else None
    some = dict(list(goes.items())[:AT_ONCE])
    body = json.dumps({"signals": list(some.values())}).encode()
    status = post(url, body, {"Content-Type": "application/json"}) if some and url else None
    if status is None or not 200 <= status < 300:
        return Delivered(dropped=dropped, waiting=len(goes))
    for file in some:
        file.unlink()
    return Delivered(
        _many(some.values(), "visit"), _many(some.values(), "stop"), dropped, len(goes) - len(some)
    )


def _many(signals: Iterable[Mapping[str, str]], kind: str) -> int:
    return sum(one["kind"] == kind for one in signals)


__all__ = ["KIND", "Delivered", "Signal", "allowed", "deliver", "directory", "keep", "known", "new_number"]

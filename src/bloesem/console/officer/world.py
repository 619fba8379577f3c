"""Transfers on a map of the world, and the same as a table (P-134 to P-144)."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from bloesem.console.company import Company
from bloesem.console.language import say
from bloesem.console.officer.common import Lacks, lack, loaded
from bloesem.countries import called
from bloesem.policy.company import Company as Loaded
from bloesem.recipients.conditions import failing, until
from bloesem.recipients.register import warned_until
from bloesem.recipients.transfers import Carried, carried

#: Units of the picture: a country that is less wide has its mark beside it.
SMALL = 35
#: States of a country, the worst first: what is drawn where it has several.
STATES = ("none", "scc", "adequacy", "eea")


@dataclass(frozen=True)
class Land:
    """A country: its outline, in which state its transfers are, and what to call it."""

    code: str
    name: str
    path: str
    state: str


@dataclass(frozen=True)
class Mark:
    """What is written on a country with transfers: a sign per mechanism, at a place of the picture."""

    code: str
    name: str
    signs: str
    state: str
    x: float
    y: float
    aside: bool = False

    @property
    def at(self) -> float:
        """Its middle: beside a country that it would cover."""
        return self.x - 40 if self.aside else self.x

    @property
    def width(self) -> float:
        return 11.0 * len(self.signs) + 9

    @property
    def left(self) -> float:
        return round(self.at - self.width / 2, 1)


@dataclass(frozen=True)
class Line:
    """A transfer: who imports, where, how it is reached; on which mechanism, how it was assessed, and until when.

    `key`: of the recipient; `transfer`: of the record, none where it has none. `lacks`: what is wrong with it.
    """

    key: str
    recipient: str
    importer: str
    code: str
    country: str
    ways: tuple[str, ...]
    transfer: str | None
    mechanism: str
    module: int | None
    basis: str
    conclusion: str
    review: dt.date | None
    until: dt.date | None
    soon: bool
    state: str
    copy: str
    lacks: tuple[Lacks, ...]


@cache
def _world() -> Mapping[str, Any]:
    found: dict[str, Any] = json.loads(Path(__file__).with_name("world.json").read_text("utf-8"))
    return found


def page(company: Company, today: dt.date, language: str) -> dict[str, Any]:
    """All that the page shows on a civil day."""
    files = loaded(company)
    lines = _lines(files, today, language)
    eea = files.law.eea(today)
    states = _states(lines)
    counts = {state: sum(line.state == state for line in lines) for state in STATES[:3]}
    return {
        "width": _world()["width"],
        "height": _world()["height"],
        "lands": _lands(eea, states, language),
        "marks": _marks(lines, states, language),
        "lines": lines,
        "states": ("eea", "adequacy", "scc", "none"),
        "counts": counts,
    }


def _lines(files: Loaded, today: dt.date, language: str) -> list[Line]:
    """Every exposure of every recipient that has not ended, those that may not happen first."""
    policy = files.in_force(today)
    found = [
        _line(files, key, one, today, language)
        for key, recipient in files.record.recipients.items()
        if recipient.ended is None or recipient.ended >= today
        for one in carried(policy, files.record, files.law, key, recipient, today)
    ]
    return sorted(
        found, key=lambda it: (STATES.index(it.state), it.until or dt.date.max, it.country, it.recipient)
    )


def _line(files: Loaded, key: str, one: Carried, today: dt.date, language: str) -> Line:
    transfer = one.transfer
    wrong = failing(one.conditions)
    mechanism = (transfer.mechanism if transfer else None) or "none"
    last = None if wrong else until(one.conditions)
    made = transfer.assessment if transfer else None
    decision = files.law.adequate(one.exposure.country, today)
    recipient = files.record.recipients[key].name
    basis = ""
    if mechanism == "adequacy" and decision is not None:
        basis = decision.key
    elif transfer is not None and transfer.clauses is not None and mechanism == "scc":
        basis = transfer.clauses.edition
    known = mechanism in ("adequacy", "scc", "none", "bcr", "code", "certification", "derogation")
    return Line(
        key=key,
        recipient=recipient,
        importer=one.exposure.of or recipient,
        code=one.exposure.country,
        country=called(one.exposure.country, language),
        ways=tuple(say(f"way.{way}", language) for way in one.exposure.ways),
        transfer=one.key,
        mechanism=say(f"mechanism.{mechanism}", language) if known else mechanism,
        module=transfer.clauses.module if transfer and transfer.clauses and mechanism == "scc" else None,
        basis=basis,
        conclusion=say(f"conclusion.{made.conclusion if made and made.conclusion else 'none'}", language),
        review=made.review if made else None,
        until=last,
        soon=last is not None and last <= warned_until(files, today),
        state="none" if wrong or mechanism not in STATES else mechanism,
        copy=(transfer.copy_at or "") if transfer else "",
        lacks=tuple(lack(c, language) for c in wrong),
    )


def _states(lines: list[Line]) -> dict[str, str]:
    """Country → the worst state of what goes there."""
    found: dict[str, str] = {}
    for line in lines:
        found[line.code] = min(found.get(line.code, "eea"), line.state, key=STATES.index)
    return found


def _lands(eea: frozenset[str], states: Mapping[str, str], language: str) -> list[Land]:
    return [
        Land(
            code, called(code, language), one["path"], states.get(code) or ("eea" if code in eea else "other")
        )
        for code, one in _world()["countries"].items()
        if "path" in one
    ]


def _marks(lines: list[Line], states: Mapping[str, str], language: str) -> list[Mark]:
    """A country too small for its outline has its mark all the same; one without a place is in the table alone."""
    found = []
    for code, state in states.items():
        one = _world()["countries"].get(code, {})
        if "at" in one:
            here = [line.state for line in lines if line.code == code and line.state != "eea"]
            signs = dict.fromkeys(say(f"sign.{sign}", language) for sign in here)
            small = one.get("wide", 0) < SMALL
            x, y = one["at"]
            found.append(Mark(code, called(code, language), " ".join(signs), state, x, y, small))
    return found

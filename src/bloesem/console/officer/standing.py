"""Registered recipients as the officer sees them: allowed or refused today, for what, through which day, and why not.

The answers are those of `recipients.decide`; what is refused says the thing, the rule and the remedy, as the register does.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bloesem.console.company import Company, said
from bloesem.console.language import say
from bloesem.console.officer.common import Lacks, lack, loaded
from bloesem.console.words import WORDS
from bloesem.countries import called
from bloesem.policy.company import Company as Loaded
from bloesem.policy.model import Policy
from bloesem.recipients.conditions import Condition
from bloesem.recipients.model import ART_28, Places
from bloesem.recipients.register import Standing, of_recipient, standing_of, warned_until


@dataclass(frozen=True)
class For:
    """One thing that a recipient could be given today: a purpose, for an assignment where its kind asks for one."""

    label: str
    tone: int
    assignment: str | None
    allowed: bool
    until: dt.date | None
    fields: tuple[str, ...]
    lacks: tuple[Lacks, ...]


@dataclass(frozen=True)
class Line:
    """A recipient in the list. `soon`: that its answer ends within the time that is warned of."""

    key: str
    name: str
    task: str
    allowed: bool
    idle: bool
    until: dt.date | None
    soon: bool
    purposes: tuple[str, ...]
    lacks: tuple[Lacks, ...]
    warnings: tuple[Lacks, ...]


def register(company: Company, today: dt.date, language: str) -> dict[str, Any]:
    """Every recipient by its kind, in the policy's order."""
    files = loaded(company)
    policy = files.in_force(today)
    lines = {key: _line(company, files, policy, key, today, language) for key in files.record.recipients}
    kinds = []
    for key, kind in policy.recipients.items():
        of = [lines[name] for name, one in files.record.recipients.items() if one.kind == key]
        kinds.append({"label": said(kind.label, language), "lines": of, "promises": kind.promises})
    known = {name for name, one in files.record.recipients.items() if one.kind in policy.recipients}
    strays = [line for key, line in lines.items() if key not in known]
    if strays:
        kinds.append({"label": say("recipients.stray", language), "lines": strays, "promises": ("P-112",)})
    return {
        "kinds": [kind for kind in kinds if kind["lines"]],
        "empty": [kind["label"] for kind in kinds if not kind["lines"]],
        "good": sum(line.allowed for line in lines.values()),
        "every": len(lines),
        "soon": sorted(
            (line for line in lines.values() if line.soon and line.until), key=lambda it: (it.until, it.key)
        ),
    }


def _line(company: Company, files: Loaded, policy: Policy, key: str, today: dt.date, language: str) -> Line:
    one, found = files.record.recipients[key], standing_of(files, policy, key, today)
    allowed = [standing for standing in found if standing.allowed]
    ends = [standing.decision.until for standing in allowed]
    until = min((end for end in ends if end is not None), default=None)
    reasons = dict.fromkeys(c for standing in found for c in _about(standing))
    warnings = dict.fromkeys(c for standing in found for c in standing.decision.warnings)
    return Line(
        key,
        one.name,
        said(one.task, language),
        bool(allowed),
        idle=not allowed and not reasons,
        until=until,
        soon=until is not None and until <= warned_until(files, today),
        purposes=tuple(dict.fromkeys(_called(company, standing.purpose, language) for standing in allowed)),
        lacks=tuple(lack(c, language) for c in reasons) if not allowed else (),
        warnings=tuple(lack(c, language) for c in warnings),
    )


def _about(standing: Standing) -> tuple[Condition, ...]:
    """What is wrong with the recipient; where nothing of it is under way, that is all there is to say."""
    found = of_recipient(standing.decision.reasons)
    if standing.assignment is None and any(c.kind == "assignment" for c in found):
        others = tuple(c for c in found if c.kind != "assignment")
        return others or found
    return found


def _called(company: Company, purpose: str, language: str) -> str:
    if not purpose:
        return say("recipients.nothing", language)
    return say("recipients.deal", language) if purpose == "deal" else company.part(purpose, language)


# ---- one recipient -----------------------------------------------------------------------------------------------------


def one(company: Company, key: str, today: dt.date, language: str) -> dict[str, Any]:
    """A recipient in full. in: a key of the register."""
    files = loaded(company)
    policy = files.in_force(today)
    it, found = files.record.recipients[key], standing_of(files, policy, key, today)
    kind = policy.recipients.get(it.kind)
    items = {str(item): place for item, place in it.contract.items.items()} if it.contract else {}
    return {
        "key": key,
        "it": it,
        "line": _line(company, files, policy, key, today, language),
        "task": said(it.task, language),
        "kind": said(kind.label, language) if kind else it.kind,
        "limits": [said(limit, language) for limit in kind.limits] if kind else [],
        "role": say(f"role.{it.role}", language),
        "where": files.where("recipients", key),
        "for": [_for(company, standing, language) for standing in found],
        "fields": _fields(company, it.fields, language),
        "contract": it.contract,
        "items": [
            (say(f"item.{item}", language), article, items.get(item, "")) for item, article in ART_28.items()
        ]
        if it.contract and it.role == "processor"
        else [],
        "clauses": [(say(f"clause.{name}", language), place) for name, place in it.contract.clauses.items()]
        if it.contract
        else [],
        "places": _places(it, language),
        "subs": [
            {
                "name": sub.name,
                "task": said(sub.task, language),
                "authorised": sub.authorised,
                "places": _places(sub, language),
            }
            for sub in it.sub_processors
        ],
        "assignments": [
            (name, say(f"assignment.{task.kind}", language), task.starts, task.last, task.last < today)
            for name, task in it.assignments.items()
        ],
        "access": it.access,
        "days": _days(found, language),
    }


def _for(company: Company, standing: Standing, language: str) -> For:
    return For(
        _called(company, standing.purpose, language),
        company.tones.get(standing.purpose, 8),
        standing.assignment,
        standing.allowed,
        standing.decision.until if standing.allowed else None,
        tuple(company.category(key, language) for key in _narrowest(standing.fields)),
        tuple(lack(c, language) for c in standing.reasons),
    )


def _narrowest(keys: tuple[str, ...]) -> list[str]:
    """Without headings whose own kinds of data stand in the list too."""
    return [key for key in keys if not any(other.startswith(f"{key}.") for other in keys)]


def _fields(company: Company, keys: Iterable[str], language: str) -> list[str]:
    return [
        say("recipients.all", language) if key == "all" else company.category(key, language) for key in keys
    ]


def _places(places: Places, language: str) -> list[tuple[str, str]]:
    """Where data is, and from where it can be reached; an empty list says none (P-134, P-135)."""

    def said_of(codes: Iterable[str]) -> str:
        return ", ".join(called(code, language) for code in codes) or say("none", language)

    parent = places.parent
    owner = f"{parent.name}, {called(parent.country, language)}" if parent else say("none", language)
    return [
        (say("way.location", language), said_of(places.locations)),
        (say("way.remote access", language), said_of(places.remote_access)),
        (say("way.parent", language), owner),
    ]


def _days(found: list[Standing], language: str) -> list[tuple[dt.date, str, str]]:
    """What holds and ends: the day, which sort of thing, and the thing."""
    days = {
        (c.last, thing(c.kind, language), c.thing)
        for standing in found
        for c in standing.decision.conditions
        if c.holds and c.last is not None
    }
    return sorted(days)


def thing(kind: str, language: str) -> str:
    return say(key if (key := f"thing.{kind}") in WORDS else "thing.other", language)


def could_get(
    company: Company, category: str, purposes: frozenset[str], today: dt.date, language: str
) -> list[dict[str, Any]]:
    """The recipients that could be given data of a category today for one of these purposes, which may read it: each with
    what for and through which day."""
    if company.loaded is None:
        return []
    files = company.loaded
    policy, found = files.in_force(today), []
    for key, it in files.record.recipients.items():
        may = [
            s
            for s in standing_of(files, policy, key, today)
            if s.allowed and s.purpose in purposes and category in s.fields
        ]
        if may:
            ends = [s.decision.until for s in may if s.decision.until is not None]
            found.append(
                {
                    "key": key,
                    "name": it.name,
                    "for": ", ".join(dict.fromkeys(_called(company, s.purpose, language) for s in may)),
                    "until": min(ends, default=None),
                }
            )
    return found

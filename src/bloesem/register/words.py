"""The register in words: what each column says of an activity, in a language. Pure but for its own file of words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from bloesem.policy.model import Policy
from bloesem.register.activities import Activity, Leaves, Register
from bloesem.terms import Keep, Term
from bloesem.yaml12 import parse

FILE = Path(__file__).with_name("words.yaml")


@dataclass(frozen=True)
class Column:
    """A column: `required`, art. 30 asks for it; `title` in the language that was asked."""

    key: str
    title: str
    required: bool
    article: str


@cache
def words() -> Mapping[str, Any]:
    found: dict[str, Any] = parse(FILE).data
    return found


def phrase(key: str, language: str, **values: object) -> str:
    """A phrase in a language; in English where the language is not one of the four."""
    said: Mapping[str, str] = words()["phrases"][key]
    return said.get(language, said["en"]).format(**values)


def said(label: Mapping[str, str] | None, language: str) -> str:
    """A label in the language, else in English, else in whichever it has."""
    if not label:
        return ""
    return label.get(language) or label.get("en") or next(iter(label.values()))


def columns(language: str) -> list[Column]:
    return [
        Column(one["key"], said(one, language), bool(one.get("required")), one["article"])
        for one in words()["columns"]
    ]


# ---- terms -------------------------------------------------------------------------------------------------------------


def period(value: str, language: str) -> str:
    """`P1Y` as people say it."""
    found = re.fullmatch(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?", value)
    numbers = [int(each or 0) for each in found.groups()] if found else []
    parts = [
        phrase(name if number == 1 else f"{name}s", language, n=number)
        for number, name in zip(numbers, ("year", "month", "day"), strict=False)
        if number
    ]
    return ", ".join(parts) or phrase("at_once", language)


def term(one: Term, policy: Policy, language: str) -> str:
    """One clock: how long after what, and what runs where that can never come."""
    event = policy.events.get(one.after)
    start = said(event.label, language) if event else phrase("record", language)
    if one.from_ == "end-of-year":
        start = phrase("end_of_year", language, event=start)
    text = phrase("after", language, period=period(one.for_, language), event=start)
    bounds = [
        phrase(name, language, day=day.isoformat())
        for name, day in (("from", one.records_from), ("until", one.records_until))
        if day is not None
    ]
    text += f" ({', '.join(bounds)})" if bounds else ""
    if one.fallback is not None:
        text += "; " + phrase("fallback", language, term=term(one.fallback, policy, language))
    return text


def retention(keep: Keep, policy: Policy, language: str) -> str:
    if keep.hold:
        return phrase("hold", language)
    return "\n".join(term(one, policy, language) for one in keep.terms) or phrase("no_store", language)


# ---- cells -------------------------------------------------------------------------------------------------------------


def cells(register: Register, one: Activity, language: str) -> dict[str, str]:
    """What each column says of an activity. Empty: there is nothing to say; `missing` names what should be there."""
    policy = register.policy
    nothing = phrase("none", language)

    def lines(texts: list[str]) -> str:
        return "\n".join(dict.fromkeys(text for text in texts if text))

    data = {key: said(policy.categories[key].label, language) for key in one.data if key in policy.categories}
    measures = [said(each.what, language) for each in register.measures]
    found = {
        "number": one.key,
        "label": said(one.label, language),
        "purpose": said(one.purpose, language),
        "basis": lines([f"{said(words()['bases'][one.basis], language)} ({one.article})", *one.statutes]),
        "interest": said(one.interest, language),
        "people": lines([said(policy.groups.get(key), language) or key for key in one.people]),
        "data": lines([data.get(key, key) for key in one.data]),
        "special": lines([data.get(key, key) for key in one.special]) or nothing,
        "sources": lines(
            [said(policy.sources[key].label, language) for key in one.sources if key in policy.sources]
        ),
        "recipients": lines([said(each.kind, language) for each in one.recipients])
        or phrase("nobody", language),
        "processors": lines([f"{each.name} ({', '.join(each.countries)})" for each in one.recipients]),
        "transfers": lines([_to(each) for each in one.transfers]) or nothing,
        "safeguards": lines([safeguard(each, language) for each in one.transfers]) or nothing,
        "retention": retention(one.keep, policy, language),
        "measures": lines(measures),
        "started": one.started.isoformat(),
        "ended": one.ended.isoformat() if one.ended else "",
        "replaced_by": one.replaced_by or "",
        "off": one.off or "",
        "missing": lines([name_of(key, language) for key in one.missing]),
    }
    for key in one.missing:
        if key in found:
            found[key] = phrase("missing", language)
    return found


def _to(one: Leaves) -> str:
    return f"{one.country}: {one.of or one.receiver}"


def safeguard(one: Leaves, language: str) -> str:
    if one.mechanism is None:
        return f"{one.country}: {phrase('missing', language)}"
    text = f"{one.country}: {said(words()['mechanisms'][one.mechanism], language)}"
    return text + (f", {phrase('copy_at', language, where=one.safeguards)}" if one.safeguards else "")


def name_of(key: str, language: str) -> str:
    """What a missing thing is called: a column, an item of the identity, or a phrase."""
    for section in ("columns", "identity"):
        for one in words()[section]:
            if one["key"] == key:
                return said(one, language)
    return phrase(key, language)


def identity(register: Register, language: str) -> list[tuple[str, str, bool]]:
    """(title, value, required) of who is responsible; what is missing and required says so."""
    rows = []
    for one in words()["identity"]:
        value = getattr(register.identity, one["key"])
        if isinstance(value, Mapping):
            value = said(value, language)
        elif isinstance(value, tuple):
            value = ", ".join(value)
        required = bool(one.get("required"))
        empty = phrase("missing", language) if required else ""
        rows.append((said(one, language), value or empty, required))
    return rows


__all__ = [
    "Column",
    "cells",
    "columns",
    "identity",
    "name_of",
    "period",
    "phrase",
    "retention",
    "safeguard",
    "said",
    "term",
    "words",
]

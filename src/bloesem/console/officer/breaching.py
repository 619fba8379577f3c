"""The register of breaches as the officer sees and writes it: clocks, what is owed, the entries, and a form per step.

What a form says becomes an entry by the rules of `bloesem.breaches`, as by command. People are told by command alone: the
officer's login reaches nobody.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from bloesem.breaches import entries
from bloesem.breaches.entries import LONGEST, BreachError, Contents, as_json
from bloesem.breaches.rules import BRUSSELS, Breach, check, kept_through
from bloesem.clock.sweep import ACCOUNTABILITY
from bloesem.console import language as words
from bloesem.console.company import Company, said
from bloesem.console.language import say
from bloesem.console.officer.common import loaded

Kind = Literal["text", "line", "number", "moment", "choice", "several"]

#: How long before the hours are over the clock looks as if they were.
URGENT = dt.timedelta(hours=12)


@dataclass(frozen=True)
class Field:
    """A field of a step's form. `of`: where its options come from."""

    name: str
    kind: Kind
    required: bool = False
    of: str = ""


#: What each step asks, in the order of the page.
STEPS: Mapping[str, tuple[Field, ...]] = {
    "record": (
        Field("what", "text", required=True),
        Field("losses", "several", required=True, of="losses"),
        Field("discovered_at", "moment", required=True),
        Field("aware_at", "moment", required=True),
        Field("processor", "choice", of="processors"),
        Field("told_at", "moment"),
    ),
    "risk": (Field("risk", "choice", required=True, of="risks"), Field("reason", "text", required=True)),
    "described": (
        Field("categories", "several", of="categories"),
        Field("groups", "several", of="groups"),
        Field("people", "number"),
        Field("records", "number"),
        Field("consequences", "text"),
        Field("measures", "text"),
    ),
    "notified": (
        Field("told_at", "moment", required=True),
        Field("reference", "line", required=True),
        Field("late_reasons", "text"),
    ),
    "supplemented": (Field("told_at", "moment", required=True), Field("what", "text", required=True)),
    "whole": (),
    "exempt": (
        Field("ground", "choice", required=True, of="exemptions"),
        Field("reason", "text", required=True),
        Field("notice", "line"),
    ),
    "closed": (Field("reason", "text", required=True),),
    "reopened": (Field("reason", "text", required=True),),
}


def open_steps(one: Breach) -> tuple[str, ...]:
    """The steps that make sense now."""
    if one.closed is not None:
        return ("reopened",)
    steps = ["risk", "described"]
    steps += ["notified"] if one.notified is None else ["supplemented"]
    steps += ["whole"] if one.notified is not None and not one.whole else []
    steps += ["exempt"] if "tell" in one.owed else []
    return (*steps, *(() if one.owed else ("closed",)))


# ---- what was sent -------------------------------------------------------------------------------------------------------


def contents(step: str, given: Mapping[str, list[str]]) -> Contents:
    """The entry that a form says. raises: BreachError for a value that is no such thing; KeyError for no step."""
    values: dict[str, Any] = {field.name: _value(field, given.get(field.name, [])) for field in STEPS[step]}
    model = entries.KINDS["recorded" if step == "record" else step]
    lacks = [field.name for field in STEPS[step] if field.required and values[field.name] in (None, ())]
    if lacks:
        raise BreachError(
            f"nothing is said of: {', '.join(lacks)}",
            "art. 33, 34: what is written down says what, when and why",
            "fill it in, and send the form again",
        )
    made: Contents = model(**values)
    return made


def _value(field: Field, given: list[str]) -> Any:
    if field.kind == "several":
        return tuple(dict.fromkeys(one for one in given if one)) or None
    text = given[0].strip().replace("\r\n", "\n") if given else ""
    if not text:
        return None
    if field.kind == "number":
        if not text.isascii() or not text.isdigit() or len(text) > 12:
            raise _no(field, "a whole number", "write it in digits")
        return int(text)
    if field.kind == "moment":
        try:
            found = dt.datetime.fromisoformat(text)
        except ValueError:
            raise _no(field, "a moment", "write it as 2026-11-20T17:20") from None
        return found if found.tzinfo is not None else found.replace(tzinfo=BRUSSELS)
    return text


def _no(field: Field, what: str, remedy: str) -> BreachError:
    return BreachError(f"`{field.name}` is not {what}", "R-043: what is recorded can be read", remedy)


def known(company: Company, field: Field) -> list[tuple[str, str]]:
    """The options of a field, by key, in the company's own words; the page puts its own on those of the law."""
    files = loaded(company)
    policy = files.versions[-1]
    match field.of:
        case "processors":
            return [
                (key, one.name) for key, one in files.record.recipients.items() if one.role == "processor"
            ]
        case "categories":
            return [(key, key) for key in policy.categories]
        case "groups":
            return [(key, key) for key in policy.groups]
        case "losses":
            return [(key, key) for key in entries.LOSSES]
        case "risks":
            return [(key, key) for key in entries.RISKS]
        case "exemptions":
            return [(key, key) for key in entries.EXEMPTIONS]
        case _:
            return []


def judged(
    company: Company, step: str, given: Mapping[str, list[str]], one: Breach | None, now: dt.datetime
) -> Contents:
    """As `contents`, held against what may be written now and what the company knows. raises: BreachError, KeyError."""
    made = contents(step, given)
    for field in STEPS[step]:
        if field.of:
            options = {key for key, _name in known(company, field)}
            value = getattr(made, field.name)
            strange = set(value if isinstance(value, tuple) else [value] if value else []) - options
            if strange:
                raise _no(field, "one of the list", "choose from the list")
    check(one, made, now)
    return made


# ---- what is shown -------------------------------------------------------------------------------------------------------


def line(company: Company, one: Breach, now: dt.datetime, language: str) -> dict[str, Any]:
    """A breach in the list: its clock in hours of the whole, and what is owed."""
    left = one.left(now)
    whole = (one.due - one.recorded.aware_at) / dt.timedelta(hours=1)
    minutes = int(abs(left) / dt.timedelta(minutes=1)) if left is not None else 0
    return {
        "number": one.number,
        "what": one.recorded.what,
        "state": say(f"breach.state.{one.state}", language),
        "closed": one.closed is not None,
        "aware": one.recorded.aware_at.astimezone(BRUSSELS),
        "due": one.due,
        "running": left is not None,
        "late": one.late(now),
        "urgent": left is not None and left < URGENT,
        "hours": minutes // 60,
        "minutes": f"{minutes % 60:02d}",
        "whole": round(whole),
        "gone": max(0, min(round(whole), round(whole - (left / dt.timedelta(hours=1)))))
        if left is not None
        else 0,
        "owed": [say(f"breach.owed.{owed}", language) for owed in one.owed],
        "tell": "tell" in one.owed,
    }


def page(company: Company, one: Breach, now: dt.datetime, language: str) -> dict[str, Any]:
    return {
        "it": line(company, one, now, language),
        "missing": [say(f"breach.field.{name}", language) for name in one.missing],
        "notified": one.notified is not None,
        "kept": _kept(company, one),
        "entries": [
            {
                "kind": say(f"breach.kind.{entry.kind}", language),
                "at": entry.at.astimezone(BRUSSELS),
                "by": entry.actor,
                "lines": [
                    (say(f"breach.field.{name}", language), _shown(company, name, value, language))
                    for name, value in as_json(entry.said).items()
                    if value not in ("", [])
                ],
            }
            for entry in reversed(one.entries)
        ],
    }


def _kept(company: Company, one: Breach) -> dt.date | None:
    """The last day on which the sweep leaves a closed breach in the register: the longest clock of accountability."""
    purpose = company.plan.by_key.get(ACCOUNTABILITY)
    days = [kept_through(one, clock.period) for clock in purpose.clocks] if purpose is not None else []
    return max((day for day in days if day is not None), default=None)


def _shown(company: Company, name: str, value: Any, language: str) -> str:
    files = loaded(company)
    if name == "categories":
        return ", ".join(company.category(key, language) for key in value)
    if name == "groups":
        groups = files.versions[-1].groups
        return ", ".join(said(groups[key], language) if key in groups else key for key in value)
    if name == "processor":
        recipient = files.record.recipients.get(value)
        return recipient.name if recipient else str(value)
    if name in ("discovered_at", "aware_at", "told_at"):
        return words.moment(dt.datetime.fromisoformat(value), language)
    if name == "losses":
        return ", ".join(say(f"breach.losses.{key}", language) for key in value)
    if name == "risk":
        return say(f"breach.risks.{value}", language)
    if name == "ground":
        return say(f"breach.exemptions.{value}", language)
    return str(value)


def form(company: Company, step: str, given: Mapping[str, list[str]], language: str) -> dict[str, Any]:
    """A step's form with what was filled in."""
    fields = []
    for field in STEPS[step]:
        sent = given.get(field.name, [])
        fields.append(
            {
                "name": field.name,
                "id": f"{step}-{field.name}",
                "kind": field.kind,
                "required": field.required,
                "label": say(f"breach.field.{field.name}", language),
                "value": sent[0][:LONGEST] if sent and field.kind not in ("several", "choice") else "",
                "options": [
                    (key, _option(company, field, key, name, language), key in sent)
                    for key, name in known(company, field)
                ],
            }
        )
    return {"step": step, "title": say(f"breach.step.{step}", language), "fields": fields}


def _option(company: Company, field: Field, key: str, name: str, language: str) -> str:
    if field.of == "processors":
        return name
    if field.of in ("categories", "groups"):
        return _shown(company, field.of, [key], language)
    return say(f"breach.{field.of}.{key}", language)


__all__ = ["STEPS", "contents", "form", "judged", "line", "open_steps", "page"]

"""What "Try to break it" offers, reads and shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bloesem.console import breaking
from bloesem.console import language as words
from bloesem.console.breaking import Attempt
from bloesem.console.company import Company, said
from bloesem.console.showing import grounds, quotes
from bloesem.plan.model import Plan


def choices(company: Company, language: str) -> dict[str, Any]:
    """The selects and buttons."""
    plan = company.plan
    roles = [
        {
            "label": company.group(group.key, language),
            "roles": [(key, company.part(key, language)) for key in group.parts if plan.purpose(key).active],
        }
        for group in company.groups
    ]
    if plan.scoped:
        scoped = [(s.key, company.part(s.key, language)) for s in plan.scoped]
        roles.append({"label": words.say("try.scoped", language), "roles": scoped})
    fields = [
        {
            "table": table.name,
            "columns": [
                (f"{table.name}.{c.name}", c.name, company.column(c, language))
                for c in table.columns
                if not c.key
            ],
        }
        for table in plan.tables
    ]
    ready = [
        {"number": i, "label": said(it.label, language), "role": it.role, "sql": it.sql}
        for i, it in enumerate(company.attempts)
        if _known(plan, it.role)
    ]
    asker = next((p.key for p in plan.purposes if p.active and p.objection == "absolute"), None)
    return {"roles": roles, "fields": fields, "ready": ready, "role": asker, "field": None, "sql": ""}


def _known(plan: Plan, role: str) -> bool:
    return (role in plan.by_key and plan.by_key[role].active) or any(s.key == role for s in plan.scoped)


@dataclass(frozen=True)
class Reading:
    """A form of the page, read: who asks, what, and what the page shows as chosen. `wrong`: words that say why nothing
    is asked at all."""

    role: str
    statements: tuple[str, ...]
    write: bool
    context: dict[str, Any] = field(default_factory=dict)
    wrong: str | None = None


def read_attempt(company: Company, form: Mapping[str, str]) -> Reading:
    """One of the three forms: a prepared attempt, a field, or SQL. What is not known is said, never replaced."""
    plan = company.plan
    if "ready" in form:
        return _read_ready(company, form["ready"])
    role = form.get("role", "")
    if not _known(plan, role):
        return Reading(role, (), False, {"sql": form.get("sql", "")}, "try.wrong.role")
    if "field" in form:
        table, _, column = form["field"].partition(".")
        known = plan.by_name.get(table)
        if known is None or all(c.name != column for c in known.columns):
            return Reading(role, (), False, {"role": role}, "try.wrong.field")
        straight = [breaking.field_sql(plan, table, column, wall=wall) for wall in (False, True)]
        return Reading(role, tuple(straight), False, {"role": role, "field": f"{table}.{column}"})
    text, write = form.get("sql", "").strip(), form.get("write") == "yes"
    shown = {"role": role, "sql": text, "write": write}
    if not text or "\0" in text:
        return Reading(role, (), write, shown, "try.wrong.sql")
    if len(text) > breaking.LONGEST:
        return Reading(role, (), write, {**shown, "sql": ""}, "try.wrong.long")
    return Reading(role, (text,), write, shown)


def _read_ready(company: Company, number: str) -> Reading:
    known = number.isdecimal() and int(number) < len(company.attempts)
    it = company.attempts[int(number)] if known else None
    if it is None or not _known(company.plan, it.role):
        return Reading("", (), False, {}, "try.wrong.ready")
    shown = {"role": it.role, "sql": it.sql, "ready_on": int(number), "write": it.write}
    return Reading(it.role, (it.sql,), it.write, shown)


def attempt(company: Company, made: Attempt, language: str) -> dict[str, Any]:
    """An answer with what stands behind it: a promise of the text, the design's own rule, or no more than a slip."""
    shown: dict[str, Any] = {"made": made, "because": None, "slip": False}
    it = made.because
    if it is None:
        return shown
    what = ", ".join(company.category(k, language) for k in it.categories)
    if it.column and it.table:
        what = f"{what} ({it.table}.{it.column})"
    clock = words.clocks(company, it.part, language) if it.part in company.plan.by_key else ""
    shown["because"] = words.say(
        it.key,
        language,
        part=company.part(it.part, language),
        what=what or (it.table or ""),
        clock=clock,
        name=it.name,
        seconds=breaking.SECONDS,
    )
    shown["slip"] = made.refused and not it.denied
    shown["readers"] = [company.part(key, language) for key in it.readers]
    shown["has_readers"] = it.key == "try.because.column"
    shown["quotes"] = quotes(company, it.promises, language)
    if not shown["quotes"] and it.key == "try.because.rows":
        shown["quotes"] = grounds(company, it.part, language)
    return shown

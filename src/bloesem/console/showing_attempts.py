"""What "Try to break it" offers, reads and shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bloesem.console import breaking
from bloesem.console import language as words
from bloesem.console.breaking import Attempt
from bloesem.console.company import Company, said
from bloesem.console.showing import quotes
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
        roles.append({"label": "…", "roles": [(s.key, s.key) for s in plan.scoped]})
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
    """A form of the page, read: who asks, what, and what the page shows as chosen."""

    role: str
    statements: tuple[str, ...]
    write: bool
    context: dict[str, Any] = field(default_factory=dict)


def read_attempt(company: Company, form: Mapping[str, str]) -> Reading:
    """One of the three forms: a prepared attempt, a field, or SQL. What is not known becomes the first that is."""
    plan = company.plan
    role = form.get("role", "")
    if not _known(plan, role):
        role = next(p.key for p in company.parts if p.active)
    if form.get("ready", "").isdigit() and int(form["ready"]) < len(company.attempts):
        it = company.attempts[int(form["ready"])]
        if _known(plan, it.role):
            shown = {"role": it.role, "sql": it.sql, "ready_on": int(form["ready"]), "write": it.write}
            return Reading(it.role, (it.sql,), it.write, shown)
    table, _, column = form.get("field", "").partition(".")
    known = plan.by_name.get(table)
    if known is not None and any(c.name == column for c in known.columns):
        statements = (
            breaking.field_sql(plan, table, column),
            breaking.field_sql(plan, table, column, wall=True),
        )
        return Reading(role, statements, False, {"role": role, "field": f"{table}.{column}"})
    text = form.get("sql", "").strip()
    write = form.get("write") == "yes"
    return Reading(role, (text,) if text else (), write, {"role": role, "sql": text, "write": write})


def attempt(company: Company, made: Attempt, language: str) -> dict[str, Any]:
    """An answer with the policy behind it."""
    shown: dict[str, Any] = {"made": made, "because": None}
    because = made.because
    if because is None:
        return shown
    what = ", ".join(company.category(k, language) for k in because.categories)
    if because.column and because.table:
        what = f"{what} ({because.table}.{because.column})"
    label = company.part(because.part, language)
    clock = words.clocks(company, because.part, language) if because.part in company.plan.by_key else ""
    shown["because"] = words.say(
        because.key, language, part=label, what=what or (because.table or ""), clock=clock
    )
    shown["readers"] = [company.part(key, language) for key in because.readers]
    shown["has_readers"] = because.key == "try.because.column"
    shown["quotes"] = quotes(company, because.promises, language)
    return shown

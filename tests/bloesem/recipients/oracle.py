"""May this go there, today? Slowly, a second time, from the sentences and not from the code.

Only yes or no, and no reasons. Periods are counted here by months on a calendar, day by day where that is plainer.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from typing import Any

from bloesem.policy.company import Company
from bloesem.policy.model import Policy

ITEMS = (
    "instructions",
    "confidentiality",
    "security",
    "sub_processors",
    "rights",
    "assistance",
    "deletion",
    "audit",
)
SIX = ("know", "tool", "assess", "supplement", "formal", "reevaluate")


def later(day: dt.date, period: str) -> dt.date:
    """The same date so many months later, or the last of that month; then so many days."""
    found = re.fullmatch(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?", period)
    assert found
    years, months, days = (int(part or 0) for part in found.groups())
    count = day.year * 12 + day.month - 1 + years * 12 + months
    year, month = count // 12, count % 12 + 1
    moved = dt.date(year, month, min(day.day, calendar.monthrange(year, month)[1]))
    for _ in range(days):
        moved += dt.timedelta(days=1)
    return moved


def said(text: str | None) -> bool:
    return text is not None and text.strip() != ""


def below(names: Any, category: str) -> bool:
    """Whether a list names a category, or something above it, or all."""
    steps = category.split(".")
    above = {".".join(steps[:n]) for n in range(1, len(steps) + 1)}
    return "all" in names or bool(above & set(names))


def may(
    company: Company,
    policy: Policy,
    name: str,
    purpose: str,
    fields: tuple[str, ...],
    day: dt.date,
    assignment: str | None,
    shape: str,
    store: str | None = None,
) -> bool:
    record = company.record
    if name not in record.recipients:
        return False
    one = record.recipients[name]
    if one.kind not in policy.recipients or one.decided > day or (one.ended and day > one.ended):
        return False
    kind = policy.recipients[one.kind]
    return (
        _purpose(company, policy, kind, one, purpose, day)
        and _fields(policy, kind, one, purpose, fields, assignment)
        and _paper(record, kind, one, day)
        and _task(record, kind, one, day, assignment, shape)
        and (store is None or _store(record, one, store, day))
        and all(_leaves(company, policy, name, one, *place, day) for place in _places(one))
    )


def _purpose(company: Any, policy: Any, kind: Any, one: Any, purpose: str, day: dt.date) -> bool:
    def parts(names: Any) -> set[str]:
        found = set()
        for name in names:
            found |= set(policy.purposes[name].parts) if name in policy.purposes else {name}
        return found

    if purpose in company.off_in(policy, day):
        return False
    if purpose not in parts(one.purposes):
        return False
    return purpose in parts(kind.purposes) or (purpose == "deal" and kind.assignment == "deal")


def _fields(policy: Any, kind: Any, one: Any, purpose: str, fields: Any, assignment: str | None) -> bool:
    task = one.assignments.get(assignment)
    if not fields:
        return False
    for field in fields:
        if field not in policy.categories or not below(one.fields, field):
            return False
        if kind.reads and not below(kind.reads, field):
            return False
        if not kind.reads and not (
            kind.assignment in ("request", "deal") and task is not None and below(task.fields or (), field)
        ):
            return False
        if task is not None and task.fields is not None and not below(task.fields, field):
            return False
        for row in policy.purposes.values():
            for key, part in row.parts.items():
                if key == purpose and (not below(part.reads, field) or below(part.not_reads, field)):
                    return False
    return True


def _paper(record: Any, kind: Any, one: Any, day: dt.date) -> bool:
    if one.role not in (kind.role, *kind.may_be):
        return False
    bound = one.role in ("processor", "joint-controller")
    if bound or kind.clauses:
        c = one.contract
        if c is None or c.signed is None or c.signed > day or c.valid_from is None or c.valid_from > day:
            return False
        if c.valid_until is not None and c.valid_until < day:
            return False
        if one.role == "processor" and not all(said(c.items.get(item)) for item in ITEMS):
            return False
        if one.role == "joint-controller" and not said(c.arrangement):
            return False
        if not all(said(c.clauses.get(clause)) for clause in kind.clauses):
            return False
    if one.role == "processor":
        rules, look = record.recipient_rules, one.diligence
        if rules is None or look is None or look.result != "ok" or look.done > day:
            return False
        if day > later(later(look.done, rules.diligence_every), rules.diligence_grace):
            return False
    return all(sub.authorised <= day for sub in one.sub_processors)


def _task(record: Any, kind: Any, one: Any, day: dt.date, assignment: str | None, shape: str) -> bool:
    if kind.assignment is None:
        return assignment is None
    task = one.assignments.get(assignment)
    if task is None or task.kind != kind.assignment or task.decided > day:
        return False
    if day < task.starts or day > task.ends or (task.closed is not None and day > task.closed):
        return False
    if task.request is not None:
        r, statute = task.request, record.statutes.get(task.request.statute)
        if statute is None or statute.decided > day or one.kind not in statute.recipients:
            return False
        if (statute.valid_from and day < statute.valid_from) or (
            statute.valid_until and day > statute.valid_until
        ):
            return False
        if not (said(r.authority) and said(r.competence) and said(r.scope) and task.fields):
            return False
        if r.review is None or r.review.on > day or (r.bulk and not said(r.bulk_because)):
            return False
    if task.deal is not None:
        d = task.deal
        if not said(d.contract) or d.contract_signed is None or d.contract_signed > day or not task.fields:
            return False
        if d.balancing != "proceed" or d.balanced_on is None or d.balanced_on > day:
            return False
        if d.phase == "preparation" and shape == "full":
            return False
    return True


def _store(record: Any, one: Any, store: str, day: dt.date) -> bool:
    if store not in record.stores or not record.stores[store].shareable or record.stores[store].decided > day:
        return False
    if one.role != "processor":
        return False
    return any(
        grant.store == store
        and grant.decided <= day <= grant.until
        and (grant.revoked is None or day < grant.revoked)
        for grant in one.access
    )


# ---- what leaves ---------------------------------------------------------------------------------------------------


def _places(one: Any) -> list[tuple[str | None, str]]:
    found = []
    for name, place in [(None, one), *((sub.name, sub) for sub in one.sub_processors)]:
        for country in (
            *place.locations,
            *place.remote_access,
            *([place.parent.country] if place.parent else []),
        ):
            found.append((name, country))
    return found


def _leaves(
    company: Any, policy: Any, name: str, one: Any, sub: str | None, country: str, day: dt.date
) -> bool:
    """Whether it stays in the EEA, or some transfer of the record carries it."""
    for rule in company.law.rules:
        if rule.key == "eu.eea" and rule.valid_from <= day and country in rule.value:
            return True
    return any(
        _carries(company, policy, one, transfer, day)
        for transfer in company.record.transfers.values()
        if transfer.recipient == name and transfer.sub_processor == sub and transfer.country == country
    )


def _carries(company: Any, policy: Any, one: Any, transfer: Any, day: dt.date) -> bool:
    rules = policy.transfers
    if rules is None or transfer.decided > day or (transfer.until is not None and transfer.until < day):
        return False
    if transfer.mechanism not in rules.mechanisms:
        return False
    tool = (
        _adequate(company, transfer, day) if transfer.mechanism == "adequacy" else _signed(one, transfer, day)
    )
    asked = rules.assessment == "every" or transfer.mechanism == "scc"
    return tool and (not asked or _assessed(rules, transfer.assessment, day))


def _adequate(company: Any, transfer: Any, day: dt.date) -> bool:
    for entry in company.law.adequacy:
        if entry.country != transfer.country or entry.valid_from > day:
            continue
        if entry.valid_until is not None and entry.valid_until < day:
            continue
        if entry.checked.on is None or day > later(
            entry.checked.on, company.record.deadlines.adequacy_recheck
        ):
            return False
        if entry.scope == "whole":
            return True
        s = transfer.scope
        if s is None or s.condition != entry.condition or not said(s.evidence) or s.checked > day:
            return False
        return bool(s.until >= day if s.until is not None else entry.scope != "listed")
    return False


def _signed(one: Any, transfer: Any, day: dt.date) -> bool:
    c = transfer.clauses
    if (
        c is None
        or c.edition != "2021/914"
        or c.signed is None
        or c.signed > day
        or not said(transfer.copy_at)
    ):
        return False
    short = {"controller": "C", "joint-controller": "C", "processor": "P"}.get(one.role, "?")
    path = f"{short}P" if transfer.sub_processor is not None else f"C{short}"
    if {"CC": 1, "CP": 2, "PP": 3, "PC": 4}.get(path) != c.module:
        return False
    annexes = {1: [c.annex_1, c.annex_2], 4: [c.annex_1]}.get(c.module, [c.annex_1, c.annex_2, c.annex_3])
    return all(said(annex) for annex in annexes)


def _assessed(rules: Any, made: Any, day: dt.date) -> bool:
    if made is None or made.done > day or made.review is None or made.review < day:
        return False
    if not all(said(made.steps.get(step)) for step in SIX):
        return False
    if not all(said(getattr(made, name)) for name in rules.assessed):
        return False
    if made.conclusion == "ok":
        return True
    if made.conclusion != "ok-with-measures":
        return False
    for kind in rules.measures:
        of = [measure for measure in made.measures if measure.kind == kind]
        if not of or not all(said(m.evidence) and m.since is not None and m.since <= day for m in of):
            return False
    return True

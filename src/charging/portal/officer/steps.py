"""Steps of a case that ask more than one field: what a complaint is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from bloesem.cases.complaints import suggested, tables_about
from bloesem.cases.desk import CaseDesk
from bloesem.console.company import current


@dataclass(frozen=True)
class Choice:
    """A category of data; `ticked`: said to be about it, or else named by the words."""

    key: str
    label: str
    ticked: bool


def offered(found: Mapping[str, Any], language: str) -> list[Choice]:
    """What a complaint may be about, in the policy's order and words; nothing for what is none, and for one that is over."""
    if found["kind"] != "complaint" or found["ended_at"]:
        return []
    company = current()
    said = found["params"].get("holds")
    ticked = set(said if said is not None else suggested(company.policy, found["words"]))
    return [
        Choice(key, company.category(key, language), key in ticked)
        for key in company.policy.categories
        if len(tables_about(company.plan, [key])) > 1  # something of it is stored, beside who somebody is
    ]


def holds(request: HttpRequest, desk: CaseDesk, who: str, number: str) -> str:
    """What the officer ticked. out: as `CaseDesk.holds`."""
    chosen = [key for key in request.POST.getlist("category") if key in current().policy.categories]
    return desk.holds(who, number, chosen)


__all__ = ["Choice", "holds", "offered"]

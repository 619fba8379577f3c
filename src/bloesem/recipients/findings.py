"""What `bloesem check` says of recipients: what is missing, what has lapsed, and what lapses soon, each by name. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from bloesem.findings import Finding
from bloesem.recipients.conditions import Condition
from bloesem.recipients.register import of_recipient, standing_of, warned_until

if TYPE_CHECKING:
    from bloesem.policy.company import Company
    from bloesem.policy.model import Policy


def recipient_findings(
    company: Company, policy: Policy, today: dt.date, databases: Iterable[str] = ()
) -> list[Finding]:
    """in: `today`, a civil day; `databases`, the data maps, each of which the record says where it runs (P-118).

    What refuses is a warning: nothing goes, so nothing is wrong yet, and somebody has to act.
    """
    found: list[Finding] = []
    for key in company.record.recipients:
        found += _of(company, policy, key, today)
    if company.record.recipients:
        found += _stores(company, databases)
    return list(dict.fromkeys(found))


def _of(company: Company, policy: Policy, key: str, today: dt.date) -> Iterator[Finding]:
    where = company.where("recipients", key)
    soon = warned_until(company, today)
    for standing in standing_of(company, policy, key, today):
        for one in of_recipient(standing.decision.reasons):
            if one.kind == "assignment" and standing.assignment is None:
                continue  # nothing is under way: nothing goes, and nobody has to act
            yield _finding("recipient-refused", f"recipient `{key}` gets nothing: {one}", one, where)
        for one in standing.decision.warnings:
            yield _finding("recipient-warning", str(one), one, where)
        for one in standing.decision.lapsing(soon):
            assert one.last is not None
            left = (one.last - today).days
            days = "today is its last day" if not left else f"its last day is {one.last}, in {left} days"
            yield _finding("recipient-lapses", f"{one.thing} lapses: {days}", one, where)


def _finding(kind: str, thing: str, of: Condition, where: str) -> Finding:
    return Finding("warning", kind, thing, of.rule, of.remedy, where)


def _stores(company: Company, databases: Iterable[str]) -> Iterator[Finding]:
    for name in databases:
        if name not in company.record.stores:
            yield Finding(
                "error",
                "store-unnamed",
                f"nobody says where the database of data map `{name}` runs",
                "P-118; art. 28(2), 30(1)(e): every store names its provider, region and sub-processors",
                f"write stores.{name} in the record: provider, region, country, shareable",
                company.where("stores"),
            )


__all__ = ["recipient_findings"]

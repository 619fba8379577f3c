"""Who has everybody's data for as long as we have them: on whose machines a database runs, who may open one (P-113, P-118).

No disclosure is written down of these: nothing is handed over. They are recipients all the same (art. 4(9), 15(1)(c)), and
what leaves the EEA with them is told with them (art. 15(2), P-144). Pure.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from bloesem.law.model import Law
from bloesem.policy.model import Policy, Record
from bloesem.recipients.conditions import failing
from bloesem.recipients.transfers import carried


@dataclass(frozen=True)
class Holder:
    """`away`: each country outside the EEA from which it can be reached, with the mechanism that holds that day, none where
    there is none."""

    recipient: str
    name: str
    kind: str
    task: Mapping[str, str] = field(hash=False)
    away: tuple[tuple[str, str | None], ...]


def holders(policy: Policy, record: Record, law: Law, today: dt.date) -> list[Holder]:
    """On a civil day: providers of our databases, then those with a running grant; each once, in the record's order."""
    stores = [store.provider for store in record.stores.values() if store.decided <= today]
    opened = [
        key
        for key, one in record.recipients.items()
        if any(grant.decided <= today <= grant.last for grant in one.access)
    ]
    found = []
    for key in dict.fromkeys((*stores, *opened)):
        one = record.recipients.get(key) if key is not None else None
        if key is None or one is None or not one.on_record(today):
            continue
        away: dict[str, str | None] = {}
        for each in carried(policy, record, law, key, one, today):
            holds = each.transfer is not None and not failing(each.conditions)
            mechanism = each.transfer.mechanism if each.transfer is not None and holds else None
            country = each.exposure.country
            # Where one way of several holds on nothing, that is what is said.
            away[country] = mechanism if away.get(country, mechanism) else None
        found.append(Holder(key, one.name, one.kind, one.task, tuple(away.items())))
    return found


__all__ = ["Holder", "holders"]

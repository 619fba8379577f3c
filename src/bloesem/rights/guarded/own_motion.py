"""What is found unlawful is erased on the company's own initiative (art. 5(1)(e), 17(1)(d); P-153): nobody has to ask."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from bloesem.datamap.model import DataMap
from bloesem.plan.model import Plan
from bloesem.rights.guarded import unlawful
from bloesem.rights.guarded.desk import GuardedDesk
from bloesem.rights.identify import Who
from bloesem.rights.keeping import NoRecord, Record
from bloesem.stores.postgres import Connection

GROUND = "17(1)(d)"


@dataclass(frozen=True)
class Found:
    """`reasons`: rows by why they are unlawful; `people`: whose they are; `rows`: how many went (0: nothing was done)."""

    reasons: Mapping[str, int]
    people: int
    rows: int


def erase_unlawful(
    connection: Connection,
    plan: Plan,
    datamap: DataMap,
    *,
    dry_run: bool = False,
    record: Record | None = None,
) -> Found:
    """Reads every table once, and erases what is there without a reason: one act for all, whose recipients are told.

    in: an administrator's connection that commits each statement by itself. raises: RightsError, StoreError.
    """
    found = unlawful.rows(connection, plan)
    people = unlawful.people_of(connection, plan, list(found))
    reasons = dict(Counter(found.values()))
    if dry_run or not people:
        return Found(reasons, len(people), 0)
    anchor = next(table for table in plan.tables if table.anchor)
    desk = GuardedDesk(connection, plan, datamap, record=record or NoRecord())
    wanted = tuple((Who(anchor.id, str(person), anchor.name),) for person in people)
    done = desk.erase(wanted, ground=GROUND)
    return Found(reasons, len(people), sum(len(one["deleted"]) for one in done.tables.values()))


__all__ = ["GROUND", "Found", "erase_unlawful"]

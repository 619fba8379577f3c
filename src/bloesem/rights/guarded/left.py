"""Of what a residue pass finds in a guarded database, what is lawfully kept, and what is left though nothing keeps it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from typing import Any

from bloesem.plan.model import Plan
from bloesem.rights.guarded.rows import Item, Reader
from bloesem.rights.guarded.why import Keeping, Why
from bloesem.rights.reading import Key
from bloesem.rights.residue import Found, Residue
from bloesem.stores import facts as stored
from bloesem.stores.postgres import Connection


def judged(
    connection: Connection,
    plan: Plan,
    residue: Residue,
    erased: Mapping[int, Set[str]],
    now: dt.datetime,
    language: str,
) -> tuple[Residue, list[dict[str, Any]]]:
    """in: per act, the numbers of those whom it erased. out: what is left, and what is kept, each with reason and last day.

    Kept is what stands in a mapped column of a row of that very person, which a purpose still keeps. The same address in a
    row of somebody else, or where no map goes, is left.
    """
    people = sorted({int(number) for act in erased.values() for number in act})
    with connection.transaction():
        rows = Reader(connection, plan).rows(people)
        why = Why(plan, stored.facts_of(connection, plan, people), now, language)
    items = {(name, tuple(map(str, key))): item for (name, key), item in rows.items.items()}
    left, kept = [], []
    for found in residue.found:
        mine = frozenset(int(n) for act in found.acts for n in erased.get(act, ()))
        reasons: dict[Keeping, list[Key]] = {}
        rest: list[Key] = []
        for key in found.keys:
            item = None if isinstance(key, str) else items.get((found.table, tuple(key.values())))
            keeping = None if item is None else _keeping(item, found.column, mine, why)
            (rest if keeping is None else reasons.setdefault(keeping, [])).append(key)
        kept += [_told(found, keeping, keys) for keeping, keys in reasons.items()]
        rows_left = found.rows - sum(map(len, reasons.values()))
        if rows_left:  # of so many rows that the keys of some are not known, these are left
            left.append(replace(found, rows=rows_left, keys=tuple(rest) or found.keys[:1]))
    return replace(residue, found=tuple(left)), kept


def _keeping(item: Item, column: str, people: frozenset[int], why: Why) -> Keeping | None:
    """What keeps a value for one of these people; None when the value is not theirs, or nothing does."""
    of = next((c for c in item.table.columns if c.name == column), None)
    owners = item.whose(people)
    if of is None or not (owners if of.key else of.owner in owners):
        return None
    whose = owners if of.key else (of.owner,)
    mask = why.plan.mask(lambda p: of.key or bool(of.purposes & p.mask))
    return why.keeping(item, whose, mask)


def _told(found: Found, keeping: Keeping, keys: Sequence[Key]) -> dict[str, Any]:
    one = replace(found, rows=len(keys), keys=tuple(keys)).json()
    return {**one, "reason": keeping.reason, "until": keeping.until and keeping.until.isoformat()}

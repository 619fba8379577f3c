"""Of what a residue pass finds in a guarded database, what is lawfully kept, and what is left though nothing keeps it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from typing import Any

from bloesem.datamap.own import own_map
from bloesem.plan.model import Plan
from bloesem.rights.guarded.rows import Item, Reader
from bloesem.rights.guarded.why import Keeping, Why
from bloesem.rights.reading import Key
from bloesem.rights.residue import Found, Residue
from bloesem.stores import facts as stored
from bloesem.stores.postgres import Connection

#: Why an address stands in a letter, or in the request itself.
_LETTERS = {
    "nl": "de vraag zelf en haar brieven, tot die afgehandeld zijn (AVG art. 12)",
    "en": "the request itself and its letters, until these are settled (GDPR art. 12)",
    "fr": "la demande elle-même et ses lettres, jusqu’à leur règlement (RGPD art. 12)",
    "de": "die Anfrage selbst und ihre Schreiben, bis sie erledigt sind (DSGVO Art. 12)",
}


def judged(
    connection: Connection,
    plan: Plan,
    residue: Residue,
    erased: Mapping[int, Set[str]],
    now: dt.datetime,
    language: str,
) -> tuple[Residue, list[dict[str, Any]]]:
    """in: per act, the numbers of those whom it erased. out: what is left, and what is kept, each with reason and last day.

    Kept is what stands in a mapped column of a row of that very person, which a purpose still keeps; and in what Bloesem
    itself keeps of the request and its letters until these are settled. The same address in a row of somebody else, or
    where no map goes, is left.
    """
    people = sorted({int(number) for act in erased.values() for number in act})
    with connection.transaction():
        rows = Reader(connection, plan).rows(people)
        why = Why(plan, stored.facts_of(connection, plan, people), now, language)
    items = {(name, tuple(map(str, key))): item for (name, key), item in rows.items.items()}
    left, kept = [], []
    correspondence = _correspondence(plan)
    for found in residue.found:
        if (found.table, found.column) in correspondence:
            letters = Keeping((), _LETTERS.get(language, _LETTERS["en"]), None)
            kept.append(_told(found, letters, found.keys))
            continue
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


def _correspondence(plan: Plan) -> set[tuple[str, str]]:
    """Columns of Bloesem's own that hold an address or words until what they belong to is settled."""
    return {
        (f"{plan.schema}.{collection.name}", one.name)
        for dataset in own_map().dataset
        for collection in dataset.collections
        for one in collection.fields
        if one.meta.correspondence
    }


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

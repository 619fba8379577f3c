"""Who is told of what an act changed (art. 19): every recipient that got any of it, in the transaction of the act."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.types.json import Jsonb

from bloesem.plan.dates import civil
from bloesem.plan.model import Fact, FactKind, Plan
from bloesem.plan.quoting import ident
from bloesem.plan.sql.public import PUBLIC
from bloesem.recipients.notices import Change
from bloesem.rights.guarded.rows import Ref, Rows
from bloesem.stores.postgres import Connection
from bloesem.terms import add_period

#: Person → table → columns.
Fields = Mapping[int, Mapping[str, Sequence[str]]]


@dataclass(frozen=True)
class Telling:
    """What is told. `fields`: of whom which columns; none: all that a recipient got. `purposes`: only who got it for one of
    these; none: whoever got it."""

    change: Change
    fields: Fields | None = None
    purposes: tuple[str, ...] | None = None


def of_values(
    before: Rows, after: Rows, changed: Mapping[Ref, Sequence[str]]
) -> dict[int, dict[str, list[str]]]:
    """Whose values went, or were set right. in: `changed`, columns that were given another value."""
    found: dict[int, dict[str, dict[str, None]]] = {}
    for ref, item in sorted(before.items.items()):
        left, written = after.items.get(ref), changed.get(ref, ())
        for index, owner in enumerate(item.owners):
            if owner is None or owner not in before.people:
                continue
            still = set(left.has([index])) if left is not None else set()
            names = [name for name in item.has([index]) if name not in still or name in written]
            mine = {c.name for c in item.table.columns if not c.key and c.owner == index}
            names += [
                name for name in written if name in mine and name not in names
            ]  # empty, and now complete
            if names:
                found.setdefault(owner, {}).setdefault(item.table.name, {}).update(dict.fromkeys(names))
    return {
        person: {table: list(names) for table, names in tables.items()} for person, tables in found.items()
    }


def of_facts(
    facts: Sequence[tuple[FactKind, str]], *, ended: bool, row: tuple[str, int] | None, before: Rows
) -> list[Telling]:
    """What is told of facts that began now, or of consents that ended now (`ended`); `row`: they are about one row alone."""
    if ended:
        withdrawn = tuple(key for kind, key in facts if kind == "consent")
        return [Telling("withdrawal", purposes=withdrawn)] if withdrawn else []
    made = []
    for kind, change in (("objection", "withdrawal"), ("assessing", "restriction")):
        purposes = tuple(key for found, key in facts if found == kind)
        if purposes:
            made.append(Telling(change, purposes=purposes))  # type: ignore[arg-type]
    if any(kind == "restriction" for kind, _ in facts):
        made.append(Telling("restriction", _of_row(row, before) if row else None))
    return made


def _of_row(row: tuple[str, int], before: Rows) -> dict[int, dict[str, list[str]]]:
    table, number = row
    found: dict[int, dict[str, list[str]]] = {}
    for item, owners in before.mine():
        if item.table.name == table and item.key[0] == number:
            for index in owners:
                owner = item.owners[index]
                assert owner is not None
                found[owner] = {table: item.has([index])}
    return found


def anew(
    facts: Mapping[int, Sequence[Fact]],
    at: Any,
    wanted: Sequence[tuple[FactKind, str]],
    row: tuple[str, int] | None,
) -> list[tuple[FactKind, str]]:
    """Those that did not hold already: who was told once is not told again."""
    held = {
        (f.kind, f.key)
        for own in facts.values()
        for f in own
        if f.holds(at) and (f.table, f.row) == (row or (None, None))
    }
    return [fact for fact in wanted if fact not in held]


def queue(
    connection: Connection, plan: Plan, people: Sequence[int], tellings: Sequence[Telling], now: Any
) -> list[dict[str, Any]]:
    """Queues the notices, a statement per telling. out: whom it will tell of what, and by which day."""
    s, due = ident(plan.schema), add_period(civil(now), plan.told_within)
    requests: list[uuid.UUID] = []
    for one in tellings:
        whom = [p for p in people if one.fields is None or one.fields.get(p)]
        if not whom:
            continue
        mine = [uuid.uuid4() for _ in whom]
        fields = [None if one.fields is None else Jsonb(one.fields[p]) for p in whom]
        connection.execute(
            f"SELECT {s}.queue_notices(request, person, %s, fields, %s::text[], %s, %s)"
            " FROM unnest(%s::uuid[], %s::bigint[], %s::jsonb[]) AS told (request, person, fields)".encode(),
            [one.change, None if one.purposes is None else list(one.purposes), due, now, mine, whom, fields],
        )
        requests += mine
    if not requests:
        return []
    found = connection.execute(
        "SELECT n.recipient, COALESCE("
        f"(SELECT d.name FROM {s}.disclosure d WHERE d.recipient = n.recipient ORDER BY d.id DESC LIMIT 1),"
        f" (SELECT a.name || ' (' || a.url || ')' FROM {s}.made_public_at a WHERE n.recipient = '{PUBLIC}' || a.id)),"
        f" n.person_id, n.change, n.given, n.due FROM {s}.notice n WHERE n.request = ANY (%s)"
        " ORDER BY n.person_id, n.recipient, n.change".encode(),
        [requests],
    ).fetchall()
    return [
        {"recipient": key, "name": name, "person": person, "change": change, "given": given, "by": str(by)}
        for key, name, person, change, given, by in found
    ]


__all__ = ["Telling", "anew", "of_facts", "of_values", "queue"]

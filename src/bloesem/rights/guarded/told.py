"""What is told of rows: each with why it is there, what an act changed, what may be taken along."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Mapping, Sequence, Set
from typing import Any

from bloesem.datamap.model import DataMap
from bloesem.plan.calculus import Verdict
from bloesem.plan.dates import civil
from bloesem.plan.model import Plan
from bloesem.plan.quoting import ident
from bloesem.plan.sql.disclosure import spoken_of
from bloesem.recipients import public
from bloesem.rights.guarded.rows import Item, Ref, Rows
from bloesem.rights.guarded.why import Why, held, unused
from bloesem.rights.portable import OTHERS, REDACTED, why_not
from bloesem.rights.requests import because
from bloesem.stores.postgres import Connection

Hidden = Set[tuple[str, str]]
Judged = tuple[tuple[Verdict, ...], str | None]


def hidden(datamap: DataMap) -> frozenset[tuple[str, str]]:
    """Table and column of what the map hides from the person."""
    return frozenset(
        (f"{dataset.db_schema}.{collection.name}", one.name)
        for dataset in datamap.dataset
        for collection in dataset.collections
        for one in collection.fields
        if one.meta.on_show == "redact"
    )


def rows(found: Rows, why: Why, hidden: Hidden) -> dict[str, Any]:
    """out: `tables`, the rows; `why`, per table for what, until when and from where, and per row where that differs."""
    tables: dict[str, list[dict[str, Any]]] = {}
    groups: dict[str, dict[Judged, list[dict[str, Any]]]] = {}
    for item, owners in sorted(found.mine(), key=lambda one: one[0].ref):
        name = item.table.qualified
        shown = {c: v for c, v in item.shown(owners).items() if (name, c) not in hidden}
        tables.setdefault(name, []).append(shown)
        judged = why.verdicts(item, owners), item.source
        groups.setdefault(name, {}).setdefault(judged, []).append(item.named)
    return {"tables": tables, "why": {name: _why(one) for name, one in groups.items()}}


def _why(groups: Mapping[Judged, list[dict[str, Any]]]) -> dict[str, Any]:
    said: dict[str, Any] = because((verdicts for verdicts, _ in groups), {source for _, source in groups})
    said |= _besides(v for verdicts, _ in groups for v in verdicts)
    if len(groups) > 1:
        said["rows"] = [
            {"keys": keys, **because([verdicts], {source}), **_besides(verdicts)}
            for (verdicts, source), keys in groups.items()
        ]
    return said


def _besides(verdicts: Any) -> dict[str, Any]:
    """What holds are on it, and which purposes keep it without reading it, and why."""
    seen = list(verdicts)
    more = {"held": held(seen), "unread": unused(seen)}
    return {key: value for key, value in more.items() if value}


def facts(why: Why) -> list[dict[str, Any]]:
    """What is recorded about the person: events, consents, objections, restrictions, holds. Who answers for a hold is
    somebody else, and is not told (C-579/21)."""
    return [
        {
            "kind": fact.kind,
            "key": fact.key,
            "from": fact.starts_at.isoformat(),
            "until": fact.ends_at and fact.ends_at.isoformat(),
            **({"row": f"{fact.table}[{fact.row}]"} if fact.table else {}),
            **({"review": str(fact.review_on)} if fact.review_on else {}),
        }
        for fact in sorted(why.facts, key=lambda f: (f.starts_at, f.kind, f.key))
    ]


def corrections(connection: Connection, plan: Plan, people: Sequence[int]) -> list[dict[str, Any]]:
    """What was set right, what it said before, and what the person added (P-148)."""
    found = connection.execute(
        "SELECT at, ground, table_name, row_id, column_name, was, statement"
        f" FROM {ident(plan.schema)}.correction WHERE person_id = ANY (%s) ORDER BY id".encode(),
        [list(people)],
    ).fetchall()
    return [
        {
            "on": str(civil(at)), "ground": ground, "row": f"{table}[{row}]", "column": column, "was": was,
            "statement": statement,
        }
        for at, ground, table, row, column, was, statement in found
    ]  # fmt: skip


def readings(connection: Connection, plan: Plan, people: Sequence[int]) -> list[dict[str, Any]]:
    """On which days they were read, and for what; by whom is the reader's own data (C-579/21)."""
    found = connection.execute(
        f"SELECT at, purpose FROM {ident(plan.schema)}.reading WHERE person_id = ANY (%s)", [list(people)]
    ).fetchall()
    days = Counter((str(civil(at)), purpose) for at, purpose in found)
    return [{"on": day, "purpose": purpose, "times": n} for (day, purpose), n in sorted(days.items())]


def recipients(connection: Connection, plan: Plan, people: Sequence[int]) -> list[dict[str, Any]]:
    """Who really got what (art. 15(1)(c), C-154/21): each disclosure with its columns per table, ground, and what left the
    EEA on which mechanism (P-130, P-144). What a law forbids to tell is not among it (P-128)."""
    s = ident(plan.schema)
    found = connection.execute(
        "SELECT d.recipient, d.name, d.kind, d.purpose, d.ground, d.at, d.ends, d.transfers, g.table_name, g.columns"
        f" FROM {s}.disclosed g JOIN {s}.disclosure d ON d.id = g.disclosure_id WHERE g.person_id = ANY (%s)"
        f" AND {spoken_of(s, 'd')}"
        " ORDER BY d.recipient, d.id, g.person_id, g.table_name".encode(),
        [list(people)],
    ).fetchall()
    given = [
        {
            "recipient": key, "name": name, "kind": kind, "purpose": purpose, "ground": ground, "on": str(civil(at)),
            "ends": ends and str(ends), "transfers": transfers, "table": table, "columns": columns,
        }
        for key, name, kind, purpose, ground, at, ends, transfers, table, columns in found
    ]  # fmt: skip
    return given + [
        {
            "recipient": place.recipient, "name": f"{place.name} ({place.url})", "kind": "public", "purpose": one.purpose,
            "ground": plan.purpose(one.purpose).article, "on": str(civil(one.at)), "ends": None, "transfers": [],
            "table": one.table, "columns": list(one.columns),
        }
        for one in public.listed(connection, plan, people) if one.withdrawn is None for place in one.places
    ]  # fmt: skip


def portable(found: Rows, why: Why, types: Mapping[tuple[str, str], str], hidden: Hidden) -> dict[str, Any]:
    """out: `tables`, `columns` and `left_out`, as `rights.portable` has them; `left_many`, of how many rows each column that
    says something is left out."""
    tables: dict[str, list[dict[str, Any]]] = {}
    columns: dict[str, dict[str, Any]] = {}
    left_out: dict[str, dict[str, str]] = {}
    left_many: dict[str, Counter[str]] = {}
    for item, owners in sorted(found.mine(), key=lambda one: one[0].ref):
        name, table = item.table.qualified, item.table
        verdicts, filled = why.verdicts(item, owners), set(item.has(owners))
        shown, said = item.shown(owners), {}
        for column in (c for c in table.columns if not c.key and c.owner in owners):
            redacted = (name, column.name) in hidden
            reason = REDACTED if redacted else why_not(why.plan, table, column, item.source, verdicts)
            if reason is not None:
                left_out.setdefault(name, {}).setdefault(column.name, reason)
                left_many.setdefault(name, Counter())[column.name] += column.name in filled
                continue
            said[column.name] = shown[column.name]
            columns.setdefault(name, {})[column.name] = {
                "type": types.get((name, column.name), ""),
                "categories": list(column.categories),
            }
        if filled & said.keys():
            others = {o for i, o in enumerate(table.owners) if i not in owners}
            keys = {c.name: shown[c.name] for c in table.columns if c.key and c.name not in others}
            tables.setdefault(name, []).append({**keys, **said})
    return {"tables": tables, "columns": columns, "left_out": left_out, "left_many": left_many}


def difference(
    before: Rows,
    after: Rows,
    changed: Mapping[Ref, Sequence[str]],
    why: Why | None,
    about: Collection[Ref] | None = None,
) -> dict[str, dict[str, list[Any]]]:
    """Per table, the rows deleted, changed and kept, by key. in: `changed`, columns that were given another value; `why`:
    what explains the rows that stay, where they are to be told; `about`: the rows that were asked for (None: all)."""
    said: dict[str, dict[str, list[Any]]] = {}
    for ref, item in sorted(before.items.items()):
        table = said.setdefault(ref[0], {"deleted": [], "changed": [], "kept": []})
        left = after.items.get(ref)
        if left is None:
            table["deleted"].append(item.named)
            continue
        columns = [*changed.get(ref, ()), *_gone(item, left)]
        if columns:
            table["changed"].append({"key": item.named, "columns": columns})
        if why is not None and (about is None or ref in about):
            table["kept"].extend(_kept(left, left.whose(after.people), why))
    return {name: one for name, one in said.items() if any(one.values())}


def _gone(before: Item, after: Item) -> list[str]:
    """Columns that hold nothing any more, and links that were cut."""
    signs = zip(before.shape.values, before.filled, after.filled, strict=True)
    links = zip(before.table.owners, before.owners, after.owners, strict=True)
    return [
        *(column.name for column, was, now in signs if was > now),
        *(name for name, was, now in links if was != now),
    ]


def _kept(left: Item, owners: Sequence[int], why: Why) -> list[dict[str, Any]]:
    if not owners:
        return [{"key": left.named, "reason": OTHERS, "until": None}]
    keeping = why.keeping(left, owners)
    if keeping is None:
        return []
    return [
        {
            "key": left.named,
            "reason": keeping.reason,
            "until": keeping.until and keeping.until.isoformat(),
            "purposes": list(keeping.purposes),
            "columns": left.has(owners),
        }
    ]


def add_values(tables: Mapping[str, Mapping[str, list[Any]]], before: Rows) -> None:
    """Beside each row that went, and each value that did, what was there: this person's alone."""
    for name, one in tables.items():
        for number, key in enumerate(one["deleted"]):
            item = before.items[name, tuple(key.values())]
            one["deleted"][number] = {**item.shown(item.whose(before.people)), **key}
        for row in one["changed"]:
            item = before.items[name, tuple(row["key"].values())]
            assert item.values is not None
            row["values"] = {column: item.values[column] for column in row["columns"]}


def readable(plan: Plan, before: Rows, after: Rows, now: dt.datetime) -> dict[str, dict[str, int]]:
    """Of the purposes whose reading changed, how many values they could read, and can."""
    could, can = before.readable(plan, now), after.readable(plan, now)
    return {key: {"before": n, "after": can[key]} for key, n in could.items() if n != can[key]}

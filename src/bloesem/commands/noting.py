"""What restrict, object and withdraw have in common: a fact about a person, kept with us under a keyed hash, and the columns
that the map names for it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bloesem.commands import people, shared

if TYPE_CHECKING:
    from bloesem.plan.model import FactKind
    from bloesem.rights.amend import Asked
    from bloesem.rights.requests import Done

UNENFORCED = "recorded, not enforced there"
ENFORCED = "recorded, and set there"


def note(
    case: people.Case,
    asked: Asked,
    facts: Sequence[tuple[FactKind, str]],
    *,
    lift: bool = False,
    ended: bool = False,
) -> dict[str, Any]:
    """Records the facts (or ends them), then sets the columns that the map names. out: the answer.

    The fact comes first: of two databases one is later, and what is recorded can be set again.
    """
    from bloesem.rights.amend import marked

    purposes = [key for _, key in facts]
    found = case.desk.look(case.wanted, lambda world, way, standing: world.people[0])
    numbers = 0
    for kind, key in facts:
        if lift:
            numbers += case.record.close(found, kind, key)
        else:
            case.record.note(found, kind, key, ended=ended)
            numbers += 1
    graph = case.desk.graph
    done: Done | None = None
    if any(mark.on == asked for table in graph.tables.values() for mark in table.collection.meta.marks):
        done = case.desk.carry_out(
            asked, case.wanted, lambda world, ways: marked(graph, asked, purposes, lift, world, ways)
        )
    enforced = done is not None and any(one["changed"] for one in done.tables.values())
    return {
        "recorded": [{"kind": kind, "key": key} for kind, key in facts] if numbers else [],
        "enforced": enforced,
        "said": ENFORCED if enforced else UNENFORCED,
        "tables": done.tables if done else {},
        "statements": done.statements if done else 0,
        "plan": done.plan if done else None,
    }


def answer(arguments: argparse.Namespace, said: dict[str, Any], what: str) -> int:
    if arguments.json:
        shared.print_json(said)
        return 0
    if not said["recorded"]:
        print("there was nothing to lift")
        return 0
    print(f"{what}: {said['said']}")
    for name, one in said["tables"].items():
        for row in one["changed"]:
            print(
                f"  ~ {name} {', '.join(f'{c} {v}' for c, v in row['key'].items())}: {', '.join(row['columns'])}"
            )
    if not said["enforced"]:
        print(
            "  the application there does not know of it: tell it, or name a column under meta.marks of the map"
        )
    return 0

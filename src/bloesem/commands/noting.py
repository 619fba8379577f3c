"""How restrict, object and withdraw say what followed: a fact about a person, and what it made of their data."""

from __future__ import annotations

import argparse
from typing import Any

from bloesem.commands import shared
from bloesem.commands.erase import told_lines


def answer(
    arguments: argparse.Namespace,
    said: dict[str, Any],
    what: str,
    *,
    nothing: str = "there was nothing to lift",
) -> int:
    if arguments.json:
        shared.print_json(said)
        return 0
    if not said["recorded"]:
        print(nothing)
        return 0
    print(f"{what}: {said['said']}")
    for purpose, values in said.get("readable", {}).items():
        print(f"  {purpose}: could read {values['before']:,} values, can read {values['after']:,}")
    for name, one in said["tables"].items():
        for row in one["deleted"]:
            print(f"  - {name} {_key(row)}")
        for row in one["changed"]:
            print(f"  ~ {name} {_key(row['key'])}: {', '.join(row['columns'])}")
    for line in told_lines(said):
        print(f"  {line}")
    if not said["enforced"]:
        print(
            "  the application there does not know of it: tell it, or name a column under meta.marks of the map"
        )
    return 0


def _key(key: dict[str, Any]) -> str:
    return ", ".join(f"{column} {value}" for column, value in key.items())

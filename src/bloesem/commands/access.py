"""Shows everything that a database of any design holds about one person, and why it is there (art. 15).

Rows are found along the links of the data map; columns that a link or the map hides from the person stay out. Nothing is
changed there.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

from bloesem.commands import people, shared

EXAMPLES = f"""\
examples:
  bloesem access --store postgresql://me@db.example/shop --map map.yaml --policy company/minimal --person email=a@b.example
  bloesem access … --person public.customer.id=7 --json      one of two people who share an address

{people.EXIT}
"""


def configure(parser: argparse.ArgumentParser) -> None:
    people.configure(parser)


def run(arguments: argparse.Namespace) -> int:
    with people.case(arguments) as case:
        found = case.desk.access(case.wanted)
    if arguments.json:
        shared.print_json(found)
    else:
        print("\n".join(_lines(found)))
    return 0


def _lines(found: dict[str, Any]) -> list[str]:
    lines = []
    for name, rows in found["tables"].items():
        why = found["why"][name]
        kept = f"until {why['until']}" if why["until"] else "no end known"
        purposes = ", ".join(why["purposes"]) or "no purpose needs it any more"
        lines += [
            f"{name}: {len(rows):,} rows, for {purposes}; {kept if why['purposes'] else ''}".rstrip("; ")
        ]
        if why["source"]:
            lines.append(
                f"  from: {why['source'] if isinstance(why['source'], str) else ', '.join(why['source'])}"
            )
        for row in rows:
            said = ", ".join(f"{c}: {_value(v)}" for c, v in row.items() if v is not None)
            lines.append(f"  {said}")
        lines.append("")
    total = sum(len(rows) for rows in found["tables"].values())
    return [*lines, f"{total:,} rows in {len(found['tables'])} tables"]


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)

"""Shows everything that a database holds about one person, and why it is there (art. 15).

On the database that `bloesem up` uses: every row in which the person has a part, restricted and held ones too. With
--store and --map, of a database of any design: rows are found along the links of the map. Columns that a link or the map
hides from the person stay out. Nothing is changed there.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

from bloesem.commands import day, people, shared

EXAMPLES = f"""\
examples:
  bloesem access --person email=ann@mail.example             on the database that `bloesem up` uses
  bloesem access --store postgresql://me@db.example/shop --map map.yaml --policy company/minimal --person email=a@b.example
  bloesem access … --person public.customer.id=7 --json      one of two people who share an address
  bloesem access --person email=ann@mail.example --at 2025-03-01    what applied to them that day (art. 5(2))

{people.EXIT}
"""


def configure(parser: argparse.ArgumentParser) -> None:
    people.configure(parser)
    parser.add_argument(
        "--at",
        type=shared.day,
        metavar="DATE",
        help="instead: what applied to them on that day (version, grounds, decisions, what they were told)",
    )


def run(arguments: argparse.Namespace) -> int:
    if arguments.at is not None:
        return day.run(arguments)
    with people.case(arguments) as case:
        found = case.desk.access(case.wanted)
        if case.holders:
            found["holders"] = [
                {
                    "recipient": one.recipient,
                    "name": one.name,
                    "kind": one.kind,
                    "transfers": [{"country": country, "mechanism": how} for country, how in one.away],
                }
                for one in case.holders
            ]
    if arguments.json:
        shared.print_json(found)
    else:
        print("\n".join(_lines(found)))
    return 0


def _lines(found: dict[str, Any]) -> list[str]:
    lines = []
    for name, rows in found["tables"].items():
        why = found["why"][name]
        lines += [f"{name}: {len(rows):,} rows, {_for(why)}", *_from(why), *_besides(why)]
        for group in why.get("rows", ()):
            keys = "; ".join(" ".join(map(str, key.values())) for key in group["keys"])
            lines += [f"  of these {shared.short(keys, 60)}: {_for(group)}"]
            lines += [f"  {line}" for line in (*_from(group), *_besides(group))]
        for row in rows:
            said = ", ".join(f"{c}: {_value(v)}" for c, v in row.items() if v is not None)
            lines.append(f"  {said}")
        lines.append("")
    lines += _told(found)
    total = sum(len(rows) for rows in found["tables"].values())
    return [*lines, f"{total:,} rows in {len(found['tables'])} tables"]


def _for(why: dict[str, Any]) -> str:
    purposes = ", ".join(why["purposes"])
    if not purposes:
        return "no purpose needs it any more"
    return f"for {purposes}; " + (f"until {why['until']}" if why["until"] else "no end known")


def _from(why: dict[str, Any]) -> list[str]:
    source = why["source"]
    return [f"  from: {source if isinstance(source, str) else ', '.join(source)}"] if source else []


def _besides(why: dict[str, Any]) -> list[str]:
    lines = [f"  held: {', '.join(why['held'])}"] if why.get("held") else []
    if why.get("unread"):
        lines.append("  kept, not read: " + ", ".join(f"{p} ({word})" for p, word in why["unread"].items()))
    return lines


def _told(found: dict[str, Any]) -> list[str]:
    """What is recorded about the person, who got what, and who read it: in a database that Bloesem guards."""
    lines = []
    for one in found.get("facts", ()):
        until = f" until {one['until']}" if one["until"] else ""
        row = f" of {one['row']}" if "row" in one else ""
        lines.append(f"recorded: {one['kind']} {one['key']}{row}, from {one['from']}{until}")
    for one in found.get("holders", ()):
        went = "".join(f", {way['country']} on {way['mechanism'] or 'nothing'}" for way in one["transfers"])
        lines.append(f"held for us by {one['name']}, all of it, as long as it is here{went}")
    for one in found.get("recipients", ()):
        what = f"{one['table']} ({', '.join(one['columns'])})"
        went = "".join(f", {way['country']} on {way['mechanism']}" for way in one["transfers"])
        back = f", until {one['ends']}" if one["ends"] else ""
        lines.append(
            f"given to {one['name']} on {one['on']} for {one['purpose']} ({one['ground']}){went}{back}: {what}"
        )
    for one in found.get("read", ()):
        lines.append(f"read on {one['on']} for {one['purpose']}, {one['times']:,} times")
    return [*lines, ""] if lines else []


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)

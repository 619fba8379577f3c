"""Erases people from the database that `bloesem up` uses, or from one of any design (art. 17): whole, or not at all.

It acts at once, and does not ask whether you are sure, unless --dry-run is said. Say --dry-run first, look at what it shows,
and then --plan with the hash that it gave: exactly that is done, or nothing.

What is theirs alone goes; what others own too stays without this person's columns; what a purpose must still keep stays,
with its reason and until when. --dry-run does it all and takes it back: its plan binds the act, which is refused when
data, map, schema or policy changed since.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
from typing import TYPE_CHECKING, Any

from bloesem.commands import people, shared
from bloesem.commands.residue import columns, kept_lines, left

if TYPE_CHECKING:
    from bloesem.rights.requests import Done

#: Of art. 17(1).
GROUNDS = tuple(f"17(1)({letter})" for letter in "abcdef")

EXAMPLES = f"""\
examples:
  bloesem erase --person email=ann@mail.example --dry-run    on the database that `bloesem up` uses
  bloesem erase --store postgresql://me@db.example/shop --map map.yaml --person email=a@b.example --dry-run
  bloesem erase … --person email=a@b.example --plan HASH     exactly what was rehearsed, or nothing; without it: at once
  bloesem erase … --ground "17(1)(e) Act of 2026, art. 3" --item "contact[7]"    what a statute orders; (d), (f) likewise
  bloesem erase --unlawful --dry-run                         what is stored here without a reason, whoever it is about
  bloesem erase … --people list.txt --residue now            many at once; then looks for what is left of them

{people.EXIT}
"""


def configure(parser: argparse.ArgumentParser) -> None:
    people.configure(parser, many=True)
    parser.add_argument(
        "--dry-run", action="store_true", help="show the difference row by row; nothing is changed"
    )
    parser.add_argument("--show-values", action="store_true", help="with the values that go")
    parser.add_argument("--plan", metavar="HASH", help="act only if this is still the plan")
    parser.add_argument(
        "--ground",
        type=ground,
        default=GROUNDS[0],
        metavar="ARTICLE",
        help=f"on which ground it is asked: 17(1)(a) to (f), of which (e) names the statute (default: {GROUNDS[0]})",
    )
    parser.add_argument(
        "--item", action="append", default=[], metavar="TABLE[KEY]",
        help="of 17(1)(d) and (e): this row of theirs, or a table for all of its rows",
    )  # fmt: skip
    parser.add_argument(
        "--unlawful", action="store_true",
        help="on our own initiative: what is stored here without a reason, whoever it is about",
    )  # fmt: skip
    parser.add_argument(
        "--residue", choices=["now", "later"], default="later",
        help="look for what is left at once, or with the next `bloesem residue` (default)",
    )  # fmt: skip


def ground(text: str) -> str:
    """raises: UsageError for what is no ground of the law, or names no statute."""
    from bloesem.plan.model import ORDER

    if text[len(ORDER) :].strip() if text.startswith(ORDER) else text in GROUNDS:
        return text
    raise shared.UsageError(
        f"`{text}` is no ground of an erasure" + (": it names no statute" if text == ORDER else ""),
        "P-150 to P-155: an erasure is asked on one of six grounds, and one that a law orders names that law",
        f"use one of: {', '.join(GROUNDS)}; after {ORDER} comes the statute, as in '{ORDER} Act of 2026, art. 3'",
    )


#: What is not heard beside another option, and why.
UNHEARD = {
    "dry_run": (
        ("plan", "residue"),
        "a rehearsal says the plan, and erases nothing that could be looked for",
    ),
    "unlawful": (
        ("person", "also", "people", "item", "ground", "plan", "residue"),
        "P-153: what is stored without a reason goes whoever it is about, and whoever asks",
    ),
}


def _refuse_unheard(arguments: argparse.Namespace) -> None:
    """raises: UsageError for an option that would change nothing."""
    for option, (others, why) in UNHEARD.items():
        for other in others if getattr(arguments, option) else ():
            if getattr(arguments, other) not in (None, [], "later", GROUNDS[0]):
                names = [f"--{name.replace('_', '-')}" for name in (option, other)]
                raise shared.UsageError(" with ".join(names), why, "leave one of the two out")


def run(arguments: argparse.Namespace) -> int:
    _refuse_unheard(arguments)
    if arguments.unlawful:
        return _unlawful(arguments)
    with people.case(arguments) as case:
        desk, on, show, items = case.desk, arguments.ground, arguments.show_values, arguments.item
        if arguments.dry_run:
            done = desk.rehearse(case.wanted, ground=on, items=items, show_values=show)
        else:
            done = desk.erase(case.wanted, ground=on, items=items, plan=arguments.plan, show_values=show)
        said = done.json()
        if arguments.residue == "now":
            said |= left(desk.left(dt.datetime.now(dt.UTC)), columns(case.datamap))
    if arguments.json:
        shared.print_json(said)
    else:
        print("\n".join(lines(said, done)))
    return 0


def _unlawful(arguments: argparse.Namespace) -> int:
    """What is found without a reason goes (P-153)."""
    from bloesem.rights.guarded.desk import GuardedDesk
    from bloesem.rights.guarded.own_motion import erase_unlawful

    with people.case(arguments, nobody=True) as case:
        if not isinstance(case.desk, GuardedDesk):
            raise shared.UsageError(
                "of a database that Bloesem does not guard it is not known what is unlawful",
                "P-153: a mask says what keeps a row, and the policy which sources there are",
                "leave --map out, or name the person",
            )
        desk = case.desk
        found = erase_unlawful(
            desk.connection, case.plan, desk.datamap, dry_run=arguments.dry_run, record=desk.record
        )
    if arguments.json:
        shared.print_json({"reasons": dict(found.reasons), "people": found.people, "rows": found.rows})
        return 0
    for reason, rows in sorted(found.reasons.items()):
        print(f"{reason}: {rows:,} rows")
    print(
        f"of {found.people:,} people: "
        + ("nothing was changed" if arguments.dry_run else f"{found.rows:,} rows erased")
    )
    return 0


def lines(said: dict[str, Any], done: Done) -> list[str]:
    """The difference for people: what goes (-), changes (~) and stays (=), and why."""
    text = []
    for name, what in said["tables"].items():
        deleted, changed, kept = what["deleted"], what["changed"], what["kept"]
        counts = [f"{len(rows):,} {word}" for word, rows in what.items() if rows]
        text.append(f"{name}: {', '.join(counts)}")
        text += [f"  - {_key(row)}" for row in deleted]
        for row in changed:
            values = row.get("values")
            columns = [f"{c}: {_key(values[c])}" if values else c for c in row["columns"]]
            text.append(f"  ~ {_key(row['key'])}: {', '.join(columns)}")
        for row in kept:
            until = f", until {row['until']}" if row["until"] else ""
            text.append(f"  = {_key(row['key'])}: {row['reason']}{until}")
    text += told_lines(said)
    if done.done:
        text += ["", f"Done, in {said['statements']} statements."]
        for one in said["residue"]:
            place, map_ = f"{one['table']}.{one['column']}", "" if one["mapped"] else " (in no map)"
            text.append(f"left: {one['what']} in {place}{map_}, {one['rows']:,} rows")
        text += kept_lines(said.get("kept", ()))
        for one in said.get("unread", ()):
            text.append(f"not read: {one['table']}: {one['reason']}")
    else:
        text += ["", "Nothing was changed. To do exactly this:", f"  --plan {said['plan']}"]
    return text


def told_lines(said: dict[str, Any]) -> list[str]:
    """Whom the act tells (art. 19): in a database that Bloesem guards."""
    lines = []
    for one in said.get("told", ()):
        what = "; ".join(f"{table} ({', '.join(columns)})" for table, columns in one["given"].items())
        lines.append(f"told: {one['name']}, of the {one['change']} of {what}; proof by {one['by']}")
    return lines


def _key(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{c} {_key(v)}" for c, v in value.items())
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)

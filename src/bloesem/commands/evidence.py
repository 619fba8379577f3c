"""Shows what applied to one person on one day: the version, the grounds, what was decided, what they were told (art. 5(2)).

It is replayed from the version's files and the facts about the person. Of somebody who was erased nothing is left to replay.
"""

from __future__ import annotations

import argparse
from typing import Any

from bloesem.commands import people, shared

EXAMPLES = f"""\
examples:
  bloesem evidence --person email=ann@mail.example --on 2025-03-01      on the database that `bloesem up` uses
  bloesem evidence --person email=ann@mail.example --json               today

{people.EXIT}
"""


def configure(parser: argparse.ArgumentParser) -> None:
    shared.add_store(parser, f"the database that holds the person (default: {shared.HERE})")
    parser.add_argument(
        "--person", action="append", default=[], metavar="KIND=VALUE", help="who: email=a@b.example"
    )
    parser.add_argument(
        "--on", type=shared.day, metavar="DATE", help="the day that is asked about (default: today)"
    )
    parser.add_argument("--also", action="append", default=[], help=argparse.SUPPRESS)
    shared.add_home(parser)
    shared.add_prefix(parser)
    shared.add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from bloesem import company
    from bloesem.rights.evidence import replay

    wanted = people.who(arguments)
    with shared.store(arguments.store or shared.HERE) as connection:
        day = arguments.on or people.in_force(connection)[1]
        loaded = company.load(shared.home(arguments), on=day, prefix=arguments.prefix)
        said = replay(connection, loaded, wanted, day)
    if arguments.json:
        shared.print_json(said)
    else:
        print("\n".join(_lines(said)))
    return 0


def _lines(said: dict[str, Any]) -> list[str]:
    version = said["version"]
    lines = [
        f"{said['day']}: the version of {version['version']} ({said['notice']}), files {version['files'][:12]}"
    ]
    if "since" in version:
        lines.append(f"  in force since {version['since']} by {version['by']}: {version['why']}")
    lines += [
        f"  told of {one['version']} on {one['on']} by {one['channel']}: {one['state']}"
        for one in said["told"]
    ]
    for one in said["purposes"]:
        days = " ".join(f"{word} {one[word]}" for word in ("since", "until") if one[word])
        use = "read" if one["read"] else "kept, not read" if one["kept"] else "no"
        lines.append(
            f"{one['purpose']}: {use} ({one['basis']}, {one['article']}; {one['why']}{', ' + days if days else ''})"
        )
    lines += [f"recorded: {one['kind']} {one['key']}, from {one['from']}" for one in said["facts"]]
    for one in said["decisions"]:
        lines.append(
            f"asked: {one['asked']} ({one['number']}) on {one['received']}: {one['outcome'] or 'not decided yet'}"
        )
    lines += [
        f"given to {one['name']} on {one['on']} for {one['purpose']} ({one['ground']})"
        for one in said["given"]
    ]
    return lines

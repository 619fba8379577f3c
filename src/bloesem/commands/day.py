"""`bloesem access --at DATE`: what applied to one person that day, replayed from the version's files and the facts."""

from __future__ import annotations

import argparse
from typing import Any

from bloesem.commands import people, shared


def run(arguments: argparse.Namespace) -> int:
    """in: what `access` takes. raises: UsageError where a database of another design is meant; it has no facts."""
    from bloesem import company
    from bloesem.rights.evidence import replay

    if arguments.map or arguments.on:
        raise shared.UsageError(
            "--at with --map or --on",
            "P-183: what applied on a day is replayed on the company's own database, by the version of that day",
            "leave them out",
        )
    wanted = people.who(arguments)
    arguments.company = shared.version_of(arguments.policy)[0] if arguments.policy else None
    with shared.store(arguments.store or shared.HERE) as connection:
        loaded = company.load(shared.home(arguments), on=arguments.at, prefix=arguments.prefix)
        said = replay(connection, loaded, wanted, arguments.at)
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

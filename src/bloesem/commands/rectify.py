"""Corrects what the database that `bloesem up` uses, or one of any design, says wrongly about a person (art. 16). One
transaction; --dry-run rehearses it."""

from __future__ import annotations

import argparse

from bloesem.commands import people, shared
from bloesem.commands.erase import lines

EXAMPLES = f"""\
examples:
  bloesem rectify --person email=ann@mail.example --set "address[7].street=Kerkstraat 1" --source subject:klantendienst
  bloesem rectify --store postgresql://me@db.example/shop --map map.yaml --person email=a@b.example --set customer.name=Ann
  bloesem rectify … --set "address[7].street=Kerkstraat 1" --dry-run       one row of several, by its key

{people.EXIT}
"""


def configure(parser: argparse.ArgumentParser) -> None:
    people.configure(parser)
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        required=True,
        metavar="TABLE.COLUMN=VALUE",
        help="what it should say",
    )
    parser.add_argument(
        "--source",
        metavar="SOURCE",
        help="where the right value came from, as the policy declares its sources",
    )
    parser.add_argument("--dry-run", action="store_true", help="show what would change; nothing is changed")
    parser.add_argument("--show-values", action="store_true", help="with the values that were there")
    parser.add_argument("--plan", metavar="HASH", help="act only if this is still the plan")


def run(arguments: argparse.Namespace) -> int:
    from bloesem.rights.amend import Correction

    corrections = [Correction.parse(text) for text in arguments.set]
    with people.case(arguments) as case:
        done = case.desk.rectify(
            case.wanted,
            corrections,
            source=arguments.source,
            plan=arguments.plan,
            dry_run=arguments.dry_run,
            show_values=arguments.show_values,
        )
    if arguments.json:
        said = done.json()
        del said["residue"]
        shared.print_json(said)
    else:
        print("\n".join(lines(done.json(), done)))
    return 0

"""A person's data, or one item, are kept and not used (art. 18), until that is lifted.

On the database that `bloesem up` uses it is enforced at once. Of a database of any design it is recorded with us, and set
there where the map names a column for it (meta.marks).
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from bloesem.commands import noting, people, shared

if TYPE_CHECKING:
    from bloesem.plan.model import FactKind

EXAMPLES = f"""\
examples:
  bloesem restrict --person email=ann@mail.example --ground accuracy --item "address[7]"
  bloesem restrict --store postgresql://me@db.example/shop --map map.yaml --person email=a@b.example --ground accuracy
  bloesem restrict … --ground accuracy --lift --told 2026-11-20     here; elsewhere without --told

{people.EXIT}
"""

#: Art. 18(1)(a) to (d).
GROUNDS = ("accuracy", "unlawful", "claims", "objection")


def configure(parser: argparse.ArgumentParser) -> None:
    people.configure(parser)
    parser.add_argument("--ground", choices=GROUNDS, required=True, help="art. 18(1)(a), (b), (c) or (d)")
    parser.add_argument("--item", metavar="TABLE[KEY]", help="one row of theirs; default: all")
    parser.add_argument("--lift", action="store_true", help="end it; the person is told before (art. 18(3))")
    parser.add_argument(
        "--told", type=shared.day, metavar="DATE", help="on which day they were told that it is lifted"
    )


def run(arguments: argparse.Namespace) -> int:
    with people.case(arguments) as case:
        facts: list[tuple[FactKind, str]] = [("restriction", arguments.ground)]
        said = case.desk.note(
            case.wanted,
            "restriction",
            facts,
            lift=arguments.lift,
            item=arguments.item,
            told_on=arguments.told,
        )
    return noting.answer(arguments, said, "restriction lifted" if arguments.lift else "restriction")

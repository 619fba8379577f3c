"""A person's data in a database of any design are kept and not used (art. 18), until that is lifted. Recorded with us; set
there where the map names a column for it (meta.marks)."""

from __future__ import annotations

import argparse

from bloesem.commands import noting, people

EXAMPLES = f"""\
examples:
  bloesem restrict --store postgresql://me@db.example/shop --map map.yaml --person email=a@b.example --ground accuracy
  bloesem restrict … --ground accuracy --lift

{people.EXIT}
"""

#: Art. 18(1)(a) to (d).
GROUNDS = ("accuracy", "unlawful", "claims", "objection")


def configure(parser: argparse.ArgumentParser) -> None:
    people.configure(parser)
    parser.add_argument("--ground", choices=GROUNDS, required=True, help="art. 18(1)(a), (b), (c) or (d)")
    parser.add_argument("--lift", action="store_true", help="end it; the person is told before (art. 18(3))")


def run(arguments: argparse.Namespace) -> int:
    with people.case(arguments) as case:
        said = noting.note(case, "restriction", [("restriction", arguments.ground)], lift=arguments.lift)
    return noting.answer(arguments, said, "restriction lifted" if arguments.lift else "restriction")

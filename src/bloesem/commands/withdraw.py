"""A person withdraws consent for parts of the policy (art. 7(3)), as easily as it was given.

On the database that `bloesem up` uses the record of consent says so, and it is enforced at once. Of a database of any
design it is recorded with us, and set there where the map names a column for it (meta.marks).
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from bloesem.commands import noting, people
from bloesem.errors import RightsError

if TYPE_CHECKING:
    from bloesem.plan.model import FactKind

EXAMPLES = f"""\
examples:
  bloesem withdraw --person email=ann@mail.example
  bloesem withdraw --store postgresql://me@db.example/shop --map map.yaml --person email=a@b.example --purpose newsletter

{people.EXIT}
"""


def configure(parser: argparse.ArgumentParser) -> None:
    people.configure(parser)
    parser.add_argument(
        "--purpose", action="append", default=[], metavar="KEY", help="a part of the policy; default: all"
    )


def run(arguments: argparse.Namespace) -> int:
    with people.case(arguments) as case:
        purposes = [case.plan.purpose(key) for key in arguments.purpose] or [
            p for p in case.plan.purposes if p.active and p.basis == "consent"
        ]
        for purpose in purposes:
            if purpose.basis != "consent":
                raise RightsError(
                    f"`{purpose.key}` does not run on consent, but on {purpose.basis} (art. {purpose.article})",
                    "P-151: consent is withdrawn; other bases are objected to, or end",
                    "for legitimate interest: bloesem object",
                )
        facts: list[tuple[FactKind, str]] = [("consent", p.key) for p in purposes]
        said = case.desk.note(case.wanted, "withdrawal", facts, ended=True)
    return noting.answer(arguments, said, "withdrawn", nothing="there was no consent to withdraw")

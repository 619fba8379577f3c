"""A person objects to purposes for which the database that `bloesem up` uses, or one of any design, holds them (art. 21).
Against marketing it is absolute; elsewhere the purpose waits until its grounds are assessed: --granted or --refused says
how that ended."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from bloesem.commands import noting, people
from bloesem.errors import RightsError

if TYPE_CHECKING:
    from bloesem.plan.model import FactKind, PurposePlan

EXAMPLES = f"""\
examples:
  bloesem object --person email=ann@mail.example --purpose marketing
  bloesem object --store postgresql://me@db.example/shop --map map.yaml --person email=a@b.example --purpose newsletter

{people.EXIT}
"""


def configure(parser: argparse.ArgumentParser) -> None:
    people.configure(parser)
    parser.add_argument(
        "--purpose", action="append", default=[], metavar="KEY", help="a part of the policy; default: all"
    )
    ended = parser.add_mutually_exclusive_group()
    ended.add_argument("--granted", action="store_true", help="assessed: the person's grounds weigh more")
    ended.add_argument("--refused", action="store_true", help="assessed: compelling grounds, documented")


def run(arguments: argparse.Namespace) -> int:
    with people.case(arguments) as case:
        purposes = [case.plan.purpose(key) for key in arguments.purpose] or [
            p for p in case.plan.purposes if p.active and p.objection != "none"
        ]
        facts = [_fact(p, granted=arguments.granted) for p in purposes]
        over: list[tuple[FactKind, str]] = (
            [("assessing", p.key) for p in purposes] if arguments.granted else []
        )
        said = case.desk.note(case.wanted, "objection", facts, lift=arguments.refused, over=over)
    return noting.answer(arguments, said, "objection refused" if arguments.refused else "objection")


def _fact(purpose: PurposePlan, *, granted: bool) -> tuple[FactKind, str]:
    if purpose.objection == "none":
        raise RightsError(
            f"nobody can object to `{purpose.key}`: it runs on {purpose.basis} (art. {purpose.article})",
            "P-164: one objects to what is needed neither for a contract nor by law",
            "for consent: bloesem withdraw; for a contract: end it",
        )
    return ("objection" if purpose.objection == "absolute" or granted else "assessing"), purpose.key

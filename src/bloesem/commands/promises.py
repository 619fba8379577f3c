"""Each promise of the policy's text: what keeps it, which tests prove it, how they ended when they last ran, and when.

A promise is proven when tests are marked with its id and all of them passed when they last ran; failing when one of
them failed; unproven otherwise. What people keep is proven by a dated record that is no example.
"""

from __future__ import annotations

import argparse
import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from bloesem.commands import shared

if TYPE_CHECKING:
    from bloesem.promises import DutyProof, Proof

EXAMPLES = """\
examples:
  bloesem promises                          the table
  bloesem promises --state failing          only those
  bloesem promises P-067 P-104              two of them, in full
  bloesem promises --law                    what the law asks beyond the text (R-001, …), and what proves that
  bloesem promises --json | jq .proven

exit code: 0; 1 when a promise is failing, or a test is marked with an id that no promise has
"""

_SIGNS = {"proven": "✓ proven", "unproven": "· unproven", "failing": "✗ failing"}


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ids", nargs="*", metavar="ID", help="these promises, in full")
    parser.add_argument("--state", choices=["proven", "unproven", "failing"], help="only those in this state")
    parser.add_argument("--law", action="store_true", help="what the law asks beyond the text, instead")
    parser.add_argument(
        "--last-run", type=shared.path, metavar="FILE", help="what the tests wrote (.bloesem/last-run.json)"
    )
    parser.add_argument(
        "--tests", type=shared.path, default=Path("tests"), metavar="DIR", help="where the tests are (tests)"
    )
    shared.add_company(parser)
    shared.add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from bloesem import promises
    from bloesem.policy.company import load_company

    if arguments.tests != Path("tests") and not arguments.tests.is_dir():
        raise shared.UsageError(
            f"--tests {arguments.tests}: no such directory",
            "what proves a promise is read from the tests",
            "name the directory of the tests",
        )
    company = load_company(shared.home(arguments))
    on = arguments.on or shared.today()
    policy = company.in_force(on)
    known = promises.load_promises(company.policies / policy.version.isoformat())
    tests = promises.marked_tests(arguments.tests) if arguments.tests.is_dir() else {}
    given = arguments.last_run or Path(os.environ.get("BLOESEM_LAST_RUN") or promises.LAST_RUN)
    runs = promises.load_runs(given)
    duties = promises.load_duties()
    strangers = promises.unknown_marks((*known, *duties), tests)
    if arguments.law:
        return _law(arguments, promises.prove_duties(duties, tests, runs), given)
    proofs = promises.prove(known, tests, runs, company.record.evidence, on)
    _ids(arguments.ids, proofs)
    chosen = [
        p
        for p in proofs
        if (not arguments.ids or p.promise.id in arguments.ids) and arguments.state in (None, p.state)
    ]
    counts = Counter(p.state for p in proofs)
    if arguments.json:
        shared.print_json(
            {
                "promises": [p.json() for p in chosen],
                "proven": counts["proven"],
                "unproven": counts["unproven"],
                "failing": counts["failing"],
                "total": len(proofs),
                "unknown": {id_: list(found) for id_, found in strangers.items()},
            }
        )
    else:
        _print(chosen, full=bool(arguments.ids))
        print(
            f"\n{counts['proven']} of {len(proofs)} proven, {counts['failing']} failing, {counts['unproven']} unproven"
        )
        if not given.exists():
            print(f"no test run is on record ({given}): run `make test`")
        for id_, found in strangers.items():
            print(f"no promise is called {id_}, and {', '.join(found)} says to prove it")
    return 1 if counts["failing"] or strangers else 0


def _law(arguments: argparse.Namespace, proofs: list[DutyProof], given: Path) -> int:
    """The duties of the law, as a table or as JSON."""
    _known(arguments.ids, {p.duty.id for p in proofs}, "duty", "bloesem promises --law")
    counts = Counter(p.state for p in proofs)
    chosen = [
        p
        for p in proofs
        if (not arguments.ids or p.duty.id in arguments.ids) and arguments.state in (None, p.state)
    ]
    if arguments.json:
        shared.print_json({"duties": [p.json() for p in chosen], "total": len(proofs), **counts})
    else:
        rows = [
            (
                p.duty.id,
                _SIGNS[p.state],
                _when(p),
                shared.short(p.duty.en, 60),
                p.duty.source,
                _named(p.tests),
            )
            for p in chosen
        ]
        print(shared.table(rows, ("id", "state", "last run", "what it asks", "source", "proven by")))
        print(
            f"\n{counts['proven']} of {len(proofs)} proven, {counts['failing']} failing, {counts['unproven']} unproven"
        )
        if not given.exists():
            print(f"no test run is on record ({given}): run `make test`")
    return 1 if counts["failing"] else 0


def _ids(asked: list[str], proofs: list[Proof]) -> None:
    _known(asked, {p.promise.id for p in proofs}, "promise", "bloesem promises")


def _known(asked: list[str], known: set[str], what: str, command: str) -> None:
    from bloesem.source import nearest

    unknown = [id_ for id_ in asked if id_ not in known]
    if unknown:
        raise shared.UsageError(
            f"no {what} is called {', '.join(unknown)}",
            f"each {what} has a number",
            f"{command} lists all of them; near it: {nearest(unknown[0].upper(), known)}",
        )


def _print(proofs: list[Proof], *, full: bool) -> None:
    if full:
        for one in proofs:
            _in_full(one)
        return
    rows = [
        (
            p.promise.id,
            _SIGNS[p.state],
            _when(p),
            shared.short(p.promise.quote, 40),
            shared.short(", ".join(k.removeprefix("bloesem.") for k in p.promise.keeps), 26),
            _tests(p),
        )
        for p in proofs
    ]
    print(shared.table(rows, ("id", "state", "last run", "the text's words", "kept by", "proven by")))


def _in_full(proof: Proof) -> None:
    promise = proof.promise
    print(f"{promise.id}  {_SIGNS[proof.state]}" + (f": {proof.why}" if proof.why else ""))
    print(f"  line {promise.line}: “{promise.quote}”")
    print(f"  {promise.claim.get('en') or next(iter(promise.claim.values()))}")
    print(
        f"  kept by {', '.join(promise.keeps)}; {promise.certainty}; art. {', '.join(promise.articles) or '-'}"
    )
    for test in proof.tests:
        print(f"  test {test}")
    if proof.at:
        print(f"  last run {_when(proof)}")


def _when(proof: Proof | DutyProof) -> str:
    from bloesem.plan.dates import ZONE

    return proof.at.astimezone(ZONE).strftime("%Y-%m-%d %H:%M") if proof.at else ""


def _tests(proof: Proof) -> str:
    if proof.promise.kind == "record":
        return f"a dated record{f' ({proof.why})' if proof.why else ''}"
    return _named(proof.tests)


def _named(tests: tuple[str, ...]) -> str:
    names = [test.rpartition("::")[2] for test in tests]
    return f"{len(names)}: {', '.join(names)}" if names else ""

"""What a promise's proof comes to in words, and the table of all of them, from what the tests wrote down.

Reads what `bloesem promises` reads: the marks in the tests, where they are at hand, and the record of the last run
(`.bloesem/last-run.json`, or BLOESEM_LAST_RUN). Where the tests are not installed, the run's own record of which test
proves what stands in.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from bloesem.console import language as words
from bloesem.notice.model import Kept, Table
from bloesem.notice.said import known, say, spoken
from bloesem.plan.dates import ZONE
from bloesem.policy.company import Company
from bloesem.promises import LAST_RUN, Promise, Proof, Run, load_runs, marked_tests, prove

TESTS = Path("tests")


def last_run() -> Path:
    """The file in which the tests wrote down how they ended."""
    return Path(os.environ.get("BLOESEM_LAST_RUN") or LAST_RUN)


def table(
    promises: Sequence[Promise], company: Company, version: dt.date, today: dt.date, tests: Path = TESTS
) -> Table:
    """Every promise of a version with its proof, on a civil day. Raises `SourceError` for a record that is none."""
    file = last_run()
    runs = load_runs(file)
    marks = marked_tests(tests) if tests.is_dir() else _marks_of(file)
    proofs = prove(promises, marks, runs, company.record.evidence, today)
    return Table(version, tuple(proofs), _latest(runs))


def _marks_of(file: Path) -> Mapping[str, tuple[str, ...]]:
    """Promise → its tests, as the run itself wrote them down."""
    try:
        said = json.loads(file.read_text("utf-8"))["tests"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    found: dict[str, list[str]] = {}
    for name, run in said.items():
        for id_ in run.get("promises", ()):
            found.setdefault(id_, []).append(name)
    return {id_: tuple(names) for id_, names in found.items()}


def _latest(runs: Mapping[str, Run]) -> dt.datetime | None:
    return max((run.at for run in runs.values() if run.at), default=None)


def in_words(proof: Proof, ran: dt.datetime | None, language: str) -> str:
    """`bewezen op 26 november 2026, door 3 proeven`; why not, where it is not."""
    if proof.state == "proven" and proof.at:
        day = words.day(proof.at.astimezone(ZONE).date(), language)
        if proof.promise.kind == "record":
            return say("notice.proof.record", language, day=day)
        return say(
            "notice.proof.proven",
            language,
            day=day,
            tests=words.count("notice.tests", len(proof.tests), language),
        )
    if proof.state == "failing" and proof.at:
        day = words.day(proof.at.astimezone(ZONE).date(), language)
        return say("notice.proof.failing", language, day=day)
    if ran is None and proof.promise.kind == "test" and proof.tests:
        return say("notice.proof.unknown", language)
    not_yet, colon = say("notice.proof.unproven", language), say("notice.colon", language)
    return f"{not_yet}{colon} {_why(proof, language)}"


def _why(proof: Proof, language: str) -> str:
    key = "record" if proof.promise.kind == "record" else "waiting" if proof.tests else "no-test"
    return say(f"promises.why.{key}", language)


def kept(proof: Proof, ran: dt.datetime | None, language: str) -> Kept:
    """A promise as a page shows it."""
    promise = proof.promise
    return Kept(
        promise.id,
        spoken(promise.claim, language),
        tuple(keeper(name, language) for name in promise.keeps),
        proof.state,
        in_words(proof, ran, language),
    )


def keeper(name: str, language: str) -> str:
    """What keeps a promise, in words; the module's name where it has none."""
    key = f"notice.keeper.{name}"
    return say(key, language) if known(key) else name


__all__ = ["TESTS", "in_words", "keeper", "kept", "last_run", "table"]

"""The promises of a policy's text: each with what keeps it, the tests that prove it, and when they last did.

A promise is *proven* when a test that is marked with its id exists and every such test passed when it last ran; it is
*failing* when one of them failed; otherwise *unproven*. A promise that people keep is proven by a dated record that is
not an example and whose review day has not passed, and by its tests where it has any.
"""

from __future__ import annotations

import ast
import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from bloesem.errors import PolicyError
from bloesem.policy.model import Dated
from bloesem.source import SourceError, Strict, read
from bloesem.terms import Label

PROMISES_FILE = "promises.yaml"
DUTIES_FILE = Path(__file__).with_name("duties.yaml")
LAST_RUN = Path(".bloesem") / "last-run.json"

State = Literal["proven", "unproven", "failing"]


class Promise(Strict):
    """A claim of the text: where it stands, its words, what it means for the system, and the modules that keep it."""

    id: str
    certainty: Literal["explicit", "implied", "ambiguous"]
    line: int
    quote: str
    claim: Label
    articles: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    keeps: tuple[str, ...] = ()
    kind: Literal["test", "record"]


class PromisesFile(Strict):
    promises: tuple[Promise, ...]


class Duty(Strict):
    """What the law asks beyond the text, in a line. `checked`: whether it was compared with a published source."""

    id: str
    source: str
    checked: Literal["source", "knowledge"]
    nl: str
    en: str


class DutiesFile(Strict):
    duties: tuple[Duty, ...]


@dataclass(frozen=True)
class Run:
    """How a test ended when it last ran. `at`: aware."""

    outcome: str
    at: dt.datetime | None
    seconds: float = 0.0


@dataclass(frozen=True)
class DutyProof:
    """A duty and its state, by the tests that are marked with its number."""

    duty: Duty
    state: State
    tests: tuple[str, ...]
    at: dt.datetime | None
    why: str

    def json(self) -> dict[str, Any]:
        return {
            **self.duty.model_dump(),
            "state": self.state,
            "tests": list(self.tests),
            "at": self.at.isoformat() if self.at else None,
            "why": self.why,
        }


@dataclass(frozen=True)
class Proof:
    """A promise and its state. `at`: the oldest last run among its tests, or the day of its record; `why` says what is
    missing."""

    promise: Promise
    state: State
    tests: tuple[str, ...]
    at: dt.datetime | None
    why: str

    def json(self) -> dict[str, Any]:
        return {
            "id": self.promise.id,
            "state": self.state,
            "kind": self.promise.kind,
            "tests": list(self.tests),
            "quote": self.promise.quote,
            "line": self.promise.line,
            "keeps": list(self.promise.keeps),
            "at": self.at.isoformat() if self.at else None,
            "why": self.why,
        }


def load_promises(directory: Path) -> tuple[Promise, ...]:
    """The promises of a policy version, in the file's order. Raises `SourceError`; `PolicyError` for an id that stands
    twice."""
    found = read(directory / PROMISES_FILE, PromisesFile).promises
    seen: set[str] = set()
    for promise in found:
        if promise.id in seen:
            raise PolicyError(
                f"{directory / PROMISES_FILE}: {promise.id} stands twice",
                "one promise, one id",
                "renumber one of them",
            )
        seen.add(promise.id)
    return found


def load_duties() -> tuple[Duty, ...]:
    """The law's duties beyond the text, which come with Bloesem. Raises `SourceError`."""
    return read(DUTIES_FILE, DutiesFile).duties


def marked_tests(folder: Path, root: Path | None = None) -> dict[str, tuple[str, ...]]:
    """Tests below a folder that carry `@pytest.mark.promise(…)`, read without running anything.

    out: promise id → pytest's names of tests, relative to `root` (the folder's parent by default).
    """
    base = (root or folder.parent).resolve()
    found: dict[str, list[str]] = {}
    for file in sorted(folder.resolve().rglob("test_*.py")):
        try:
            tree = ast.parse(file.read_text("utf-8"))
        except (SyntaxError, UnicodeDecodeError) as fault:
            raise SourceError(
                f"{file}: cannot be read as Python", "tests prove promises", "mend the file"
            ) from fault
        name = file.relative_to(base).as_posix()
        for test, ids in _marks(tree.body, name, _module_ids(tree)):
            for id_ in ids:
                found.setdefault(id_, []).append(test)
    return {id_: tuple(dict.fromkeys(tests)) for id_, tests in found.items()}


def _module_ids(tree: ast.Module) -> tuple[str, ...]:
    """`pytestmark = pytest.mark.promise("P-067")`, or a list of marks, on a module."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(
            isinstance(t, ast.Name) and t.id == "pytestmark" for t in node.targets
        ):
            marks = node.value.elts if isinstance(node.value, (ast.List, ast.Tuple)) else [node.value]
            return tuple(id_ for mark in marks for id_ in _ids(mark))
    return ()


def _marks(
    body: Sequence[ast.stmt], name: str, inherited: tuple[str, ...]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test"):
            ids = (*inherited, *(id_ for mark in node.decorator_list for id_ in _ids(mark)))
            if ids:
                yield f"{name}::{node.name}", ids
        elif isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            ids = (*inherited, *(id_ for mark in node.decorator_list for id_ in _ids(mark)))
            yield from _marks(node.body, f"{name}::{node.name}", ids)


def _ids(mark: ast.expr) -> tuple[str, ...]:
    if isinstance(mark, ast.Call) and isinstance(mark.func, ast.Attribute) and mark.func.attr == "promise":
        return tuple(a.value for a in mark.args if isinstance(a, ast.Constant) and isinstance(a.value, str))
    return ()


def load_runs(file: Path) -> dict[str, Run]:
    """How each marked test ended when it last ran, as `bloesem.testing` wrote it. No file: nothing ran."""
    try:
        said = json.loads(file.read_text("utf-8"))
        return {
            name: Run(run["outcome"], dt.datetime.fromisoformat(run["at"]), float(run.get("seconds", 0)))
            for name, run in said["tests"].items()
        }
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as fault:
        raise SourceError(
            f"{file}: is no record of a test run",
            "a run is recorded by bloesem.testing",
            "remove it, and run the tests",
        ) from fault


def prove(
    promises: Iterable[Promise],
    tests: Mapping[str, Sequence[str]],
    runs: Mapping[str, Run],
    evidence: Mapping[str, Dated],
    today: dt.date,
) -> list[Proof]:
    """The state of each promise on a day. Pure."""
    return [_prove(promise, tuple(tests.get(promise.id, ())), runs, evidence, today) for promise in promises]


def prove_duties(
    duties: Iterable[Duty], tests: Mapping[str, Sequence[str]], runs: Mapping[str, Run]
) -> list[DutyProof]:
    """The state of each duty. Pure."""
    return [DutyProof(duty, *_tested(tuple(tests.get(duty.id, ())), runs)) for duty in duties]


def _prove(
    promise: Promise,
    tests: tuple[str, ...],
    runs: Mapping[str, Run],
    evidence: Mapping[str, Dated],
    today: dt.date,
) -> Proof:
    found = _tested(tests, runs)
    if promise.kind == "record" and found[0] != "failing":
        done = [runs.get(test) for test in tests]
        return _recorded(promise, tests, done, evidence.get(promise.id), today)
    return Proof(promise, *found)


def _tested(
    tests: tuple[str, ...], runs: Mapping[str, Run]
) -> tuple[State, tuple[str, ...], dt.datetime | None, str]:
    """What the tests alone say: the state, those tests, the oldest of their last runs, and what is missing."""
    done = [runs.get(test) for test in tests]
    at = min((run.at for run in done if run is not None and run.at), default=None)
    failed = [t for t, run in zip(tests, done, strict=True) if run is not None and run.outcome == "failed"]
    if failed:
        return "failing", tests, at, f"failed: {', '.join(failed)}"
    if not tests:
        return "unproven", tests, None, "no test is marked with it"
    waiting = [test for test, run in zip(tests, done, strict=True) if run is None or run.outcome != "passed"]
    if waiting:
        return "unproven", tests, at, f"did not run: {', '.join(waiting)}"
    return "proven", tests, at, ""


def _recorded(
    promise: Promise, tests: tuple[str, ...], done: Sequence[Run | None], record: Dated | None, today: dt.date
) -> Proof:
    if record is None:
        return Proof(promise, "unproven", tests, None, "no dated record (record/evidence.yaml)")
    at = dt.datetime(record.decided.year, record.decided.month, record.decided.day, tzinfo=dt.UTC)
    if record.example:
        return Proof(promise, "unproven", tests, at, "its record is an example")
    if record.decided > today:
        return Proof(promise, "unproven", tests, at, f"its record is of {record.decided}, which is to come")
    if record.review is not None and record.review < today:
        return Proof(promise, "unproven", tests, at, f"its record was to be reviewed by {record.review}")
    if any(run is None or run.outcome != "passed" for run in done):
        return Proof(promise, "unproven", tests, at, "a test of it did not run")
    return Proof(promise, "proven", tests, at, "")


def unknown_marks(
    known_ones: Iterable[Promise | Duty], tests: Mapping[str, Sequence[str]]
) -> dict[str, tuple[str, ...]]:
    """Marks that name no promise and no duty: a typing error proves nothing."""
    known = {one.id for one in known_ones}
    return {id_: tuple(found) for id_, found in tests.items() if id_ not in known}

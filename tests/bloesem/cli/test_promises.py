"""The table of promises: what is marked, what ran, what is missing; and the plugin that writes it down."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.bloesem.cli.world import BLOSSOM, call

from bloesem.errors import BloesemError
from bloesem.policy.model import Dated
from bloesem.promises import Promise, Run, load_runs, marked_tests, prove
from bloesem.testing import merge

AT = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
TODAY = dt.date(2026, 6, 1)

TESTS = """
import pytest

@pytest.mark.promise("P-001", "P-002")
def test_one() -> None: ...

@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.promise("P-002")
def test_two(n: int) -> None:
    assert n == 1

@pytest.mark.promise("P-003")
@pytest.mark.skip
def test_three() -> None: ...

class TestMore:
    @pytest.mark.promise("P-004")
    def test_four(self) -> None: ...

def test_of_nothing() -> None: ...
"""


def promise(kind: str = "test") -> Promise:
    return Promise.model_validate(
        {"id": "P-001", "certainty": "explicit", "line": 2, "quote": "q", "claim": {"en": "c"}, "kind": kind}
    )


def state(kind: str = "test", runs: dict[str, Run] | None = None, **evidence: Any) -> str:
    found = {"P-001": Dated.model_validate(evidence)} if evidence else {}
    tests = {"P-001": ("a", "b")} if runs is not None else {}
    return prove([promise(kind)], tests, runs or {}, found, TODAY)[0].state


PASSED, FAILED, SKIPPED = Run("passed", AT), Run("failed", AT), Run("skipped", AT)


def test_a_promise_is_proven_when_all_its_tests_passed() -> None:
    assert state(runs={"a": PASSED, "b": PASSED}) == "proven"


def test_a_promise_fails_when_one_of_its_tests_failed() -> None:
    assert state(runs={"a": PASSED, "b": FAILED}) == "failing"
    assert state(runs={"a": FAILED}) == "failing"


@pytest.mark.parametrize("runs", [None, {}, {"a": PASSED}, {"a": PASSED, "b": SKIPPED}])
def test_a_promise_is_unproven_without_a_test_or_when_one_did_not_run(runs: dict[str, Run] | None) -> None:
    assert state(runs=runs) == "unproven"


def test_what_people_keep_is_proven_by_a_dated_record_that_is_no_example() -> None:
    assert state("record", decided=dt.date(2026, 1, 1)) == "proven"
    assert state("record") == "unproven"
    assert state("record", decided=dt.date(2026, 1, 1), example=True) == "unproven"
    assert state("record", decided=dt.date(2025, 1, 1), review=dt.date(2026, 1, 1)) == "unproven"
    assert state("record", decided=dt.date(2027, 1, 1)) == "unproven"
    assert state("record", {"a": FAILED}, decided=dt.date(2026, 1, 1)) == "failing"


def project(folder: Path) -> Path:
    (folder / "tests").mkdir()
    (folder / "tests" / "test_it.py").write_text(TESTS)
    (folder / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")
    return folder


def pytest_in(folder: Path, *arguments: str) -> dict[str, Any]:
    plugins = ["-p", "bloesem.testing", "-p", "no:cacheprovider", "-p", "no:django"]
    # Where this run writes to is not where that one does.
    environment = {name: value for name, value in os.environ.items() if name != "BLOESEM_LAST_RUN"}
    command = [sys.executable, "-m", "pytest", *plugins, *arguments]
    subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    found: dict[str, Any] = json.loads((folder / ".bloesem" / "last-run.json").read_text())["tests"]
    return found


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_a_run_is_written_down(tmp_path: Path, workers: tuple[str, ...]) -> None:
    found = pytest_in(project(tmp_path), *workers)
    assert {name: run["outcome"] for name, run in found.items()} == {
        "tests/test_it.py::test_one": "passed",
        "tests/test_it.py::test_two": "failed",
        "tests/test_it.py::test_three": "skipped",
        "tests/test_it.py::TestMore::test_four": "passed",
    }
    assert found["tests/test_it.py::test_one"]["promises"] == ["P-001", "P-002"]
    assert set(found) == {t for tests in marked_tests(tmp_path / "tests").values() for t in tests}


def test_a_run_of_a_few_tests_leaves_the_others_as_they_were(tmp_path: Path) -> None:
    first = pytest_in(project(tmp_path))
    second = pytest_in(tmp_path, "-k", "test_two and 1")
    assert second["tests/test_it.py::test_two"]["outcome"] == "passed"
    assert second["tests/test_it.py::test_one"] == first["tests/test_it.py::test_one"]


def test_marks_of_a_module_and_a_class_hold_for_their_tests(tmp_path: Path) -> None:
    (tmp_path / "test_x.py").write_text(
        'import pytest\npytestmark = [pytest.mark.promise("P-001")]\ndef test_a(): ...\n'
        '@pytest.mark.promise("P-002")\nclass TestB:\n    def test_b(self): ...\n'
    )
    assert marked_tests(tmp_path, tmp_path) == {
        "P-001": ("test_x.py::test_a", "test_x.py::TestB::test_b"),
        "P-002": ("test_x.py::TestB::test_b",),
    }


def test_a_damaged_record_of_a_run_is_named(tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    assert load_runs(file) == {}
    file.write_text('{"tests": [1]}')
    with pytest.raises(BloesemError, match="is no record of a test run"):
        load_runs(file)
    merge(file, {"a": {"outcome": "passed", "at": AT.isoformat(), "seconds": 1.0, "promises": []}})
    assert load_runs(file)["a"] == Run("passed", AT, 1.0)


def test_the_json_has_the_form_that_others_read(tmp_path: Path) -> None:
    said = call("promises", "--company", BLOSSOM, "--last-run", tmp_path / "none.json", "--json")
    assert said.code == 0
    assert (said.json["proven"], said.json["total"], len(said.json["promises"])) == (0, 184, 184)
    for one in said.json["promises"]:
        assert {"id", "state", "kind", "tests"} <= set(one)
        assert one["state"] in ("proven", "unproven", "failing")
        assert one["kind"] in ("test", "record")


def test_the_table_says_what_ran(tmp_path: Path) -> None:
    name = next(iter(marked_tests(Path("tests"))["P-059"]))
    tests = {
        t: {"outcome": "passed", "at": AT.isoformat(), "seconds": 0.1}
        for t in marked_tests(Path("tests"))["P-059"]
    }
    file = tmp_path / "run.json"
    merge(file, tests)
    said = call("promises", "--company", BLOSSOM, "--last-run", file)
    assert "P-059  ✓ proven" in said.out
    assert "1 of 184 proven" in said.out
    merge(file, {name: {**tests[name], "outcome": "failed"}})
    said = call("promises", "--company", BLOSSOM, "--last-run", file, "--state", "failing")
    assert said.code == 1
    assert "P-059  ✗ failing" in said.out
    full = call("promises", "P-059", "--company", BLOSSOM, "--last-run", file)
    assert f"failed: {name}" in full.out
    assert call("promises", "P-999", "--company", BLOSSOM).code == 2


def test_the_duties_of_the_law_are_told_likewise(tmp_path: Path) -> None:
    run_of = tmp_path / "last-run.json"
    name = "tests/bloesem/law/test_periods.py::test_belgium_has_ten_official_holidays_and_the_two_sundays"
    for test in marked_tests(Path("tests"))["R-004"]:
        merge(
            run_of, {test: {"outcome": "passed", "at": AT.isoformat(), "seconds": 0.1, "promises": ["R-004"]}}
        )
    told = json.loads(call("promises", "--law", "--last-run", str(run_of), "--json").out)
    states = {one["id"]: one["state"] for one in told["duties"]}
    assert list(states) == [f"R-{number:03}" for number in range(1, 69)]
    assert states["R-004"] == "proven"
    assert states["R-001"] == "unproven"  # it has a test, which did not run
    failed = {name: {"outcome": "failed", "at": AT.isoformat(), "seconds": 0.1, "promises": ["R-004"]}}
    merge(run_of, failed)
    asked = call("promises", "--law", "--last-run", str(run_of), "R-004")
    assert (asked.code, "failing" in asked.out) == (1, True)
    stranger = call("promises", "--law", "R-999", "--json")
    assert (stranger.code, "R-999" in stranger.out) == (2, True)


def test_every_mark_in_the_tests_names_a_promise_or_a_duty() -> None:
    assert json.loads(call("promises", "--json").out)["unknown"] == {}

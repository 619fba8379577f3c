"""A pytest plugin that writes down how each test that is marked with a promise ended: `pytest -p bloesem.testing`.

`.bloesem/last-run.json`, below pytest's root, holds outcome, time and promises per test; a run of a few tests leaves the
others as they were. Works under xdist: the controller writes. `bloesem promises` reads it.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

_KEY = "bloesem promise"
#: Worse outcomes win: of a test's parameters, and of its set-up, call and tear-down.
_RANK = {"skipped": 0, "passed": 1, "failed": 2}


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "promise(id): proves the promise of the privacy policy with this id")
    if not hasattr(config, "workerinput"):
        file = Path(os.environ.get("BLOESEM_LAST_RUN") or config.rootpath / ".bloesem" / "last-run.json")
        config.pluginmanager.register(Recorder(file), "bloesem-promises")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """The promises of a test travel with its report, also from an xdist worker."""
    report = yield
    for mark in item.iter_markers("promise"):
        report.user_properties.extend((_KEY, str(id_)) for id_ in mark.args)
    return report


class Recorder:
    """Collects outcomes during a run, and merges them into the file at its end."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.tests: dict[str, dict[str, Any]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        promises = sorted({str(value) for key, value in report.user_properties if key == _KEY})
        if not promises:
            return
        name = report.nodeid.partition("[")[0]
        now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        found = self.tests.setdefault(name, {"outcome": "skipped", "seconds": 0.0})
        outcome = report.outcome
        if outcome == "passed" and report.when != "call":
            outcome = "skipped"  # a set-up that passed proves nothing yet
        if _RANK[outcome] > _RANK[found["outcome"]]:
            found["outcome"] = outcome
        found.update(at=now, seconds=round(found["seconds"] + report.duration, 3), promises=promises)

    def pytest_sessionfinish(self) -> None:
        if self.tests:
            merge(self.file, self.tests)


def merge(file: Path, tests: dict[str, dict[str, Any]]) -> None:
    """Writes the outcomes of a run over earlier ones, whole or not at all; runs side by side take turns."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with (file.parent / f"{file.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            before = dict(json.loads(file.read_text("utf-8"))["tests"].items())
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            before = {}
        text = json.dumps({"tests": dict(sorted({**before, **tests}.items()))}, indent=1, ensure_ascii=False)
        part = file.with_name(f"{file.name}.{os.getpid()}")
        part.write_text(text + "\n", "utf-8")
        part.replace(file)

"""`bloesem publish` without a database: what differs, and calls that are wrong."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from bloesem.cli import main
from bloesem.commands.publish import STEPS

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def _in_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def test_diff_says_what_is_significant_and_by_which_rule(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["publish", "diff", "2027-03-01"]) == 0
    said = capsys.readouterr().out
    assert "! New purpose: Quality control of calls." in said
    assert "art. 13(3)" in said
    assert main(["publish", "diff", "2027-03-01", "--json"]) == 0
    assert any(one["significant"] for one in json.loads(capsys.readouterr().out))


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (["diff", "2027-03-02"], 1),
        (["diff", "2024-03-18"], 1),
        (["draft", "2027-03-01"], 2),
        (["decide", "2027-03-01", "--store", "here"], 2),
        (["elsewhere", "2027-03-01"], 2),
    ],
)
def test_what_cannot_be_done_is_said_and_not_done(
    given: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["publish", *given]) == code
    assert capsys.readouterr().err


def test_the_worked_example_of_the_docs_is_made_of_steps_that_exist() -> None:
    text = (ROOT / "docs" / "publishing.md").read_text("utf-8")
    assert set(re.findall(r"^bloesem publish (\w+) 2027-03-01", text, re.MULTILINE)) == set(STEPS)

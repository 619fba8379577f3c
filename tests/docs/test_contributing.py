"""CONTRIBUTING's worked examples, followed to the letter in a copy of the repository.

A block ```diff is an edit (`+++ FILE`, then lines that stay, go and come), ```sh is run, ```python FILE is a new file.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(
    r"^(?P<indent> *)```(?P<info>[^\n]+)\n(?P<body>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True)
class Example:
    """The blocks of one section, in their order: (info, text)."""

    blocks: tuple[tuple[str, str], ...]


def examples() -> dict[str, Example]:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    found = {}
    for section in text.split("\n## Worked example: ")[1:]:
        title, _, body = section.split("\n## ")[0].partition("\n")
        blocks = tuple(
            (one["info"], textwrap.dedent(one["indent"] + one["body"].removeprefix(one["indent"])))
            for one in BLOCK.finditer(body)
        )
        found[title] = Example(blocks)
    return found


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The repository as a newcomer has it, with its environment."""
    folder = tmp_path / "copy"
    for name in ("src", "company", "law", "tests", "schemas"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    (folder / ".venv").symlink_to(sys.prefix)
    return folder


def follow(example: Example, folder: Path) -> str:
    """Every block; out: what the commands printed."""
    said = ""
    for info, text in example.blocks:
        kind, _, file = info.partition(" ")
        if kind == "diff":
            edit(text, folder)
        elif kind == "sh":
            said += run(text, folder)
        elif file:
            assert not (folder / file).exists()
            (folder / file).write_text(text, "utf-8")
    return said


def edit(text: str, folder: Path) -> None:
    head, *lines = text.splitlines()
    assert head.startswith("+++ "), head
    assert all(line[:1] in ("+", "-", " ") for line in lines), text
    was = "".join(f"{line[1:]}\n" for line in lines if line[0] != "+")
    now = "".join(f"{line[1:]}\n" for line in lines if line[0] != "-")
    file = folder / head.removeprefix("+++ ")
    old = file.read_text("utf-8")
    assert old.count(was) == 1, f"{file.name} holds this {old.count(was)} times:\n{was}"
    file.write_text(old.replace(was, now), "utf-8")


def run(text: str, folder: Path) -> str:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("BLOESEM_", "DJANGO_", "PYTEST_"))}
    done = subprocess.run(
        ["/bin/sh", "-e", "-c", text],
        cwd=folder,
        env={**kept, "PYTHONPATH": str(folder / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{text}\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def test_a_column_is_added(copy: Path) -> None:
    said = follow(examples()["add a column"], copy)
    assert "Add field cupboard_outdoors to installationfile" in said
    assert "policy and map: 0 errors" in said
    assert "category   installation.meter" in said
    assert re.search(r"GRANT SELECT \([^)]*\bcupboard_outdoors\b[^)]*\) ON data\.installation_file", said)


def test_a_version_and_then_a_purpose_are_added(copy: Path) -> None:
    found = examples()
    version = follow(found["a new version of the policy"], copy)
    assert "policy and map: 0 errors" in version
    assert "blossom, policy of 2027-01-01" in version
    purpose = follow(found["add a purpose"], copy)
    assert "policy and map: 0 errors" in purpose
    assert "recall may read station.model" in purpose
    assert "purpose `recall` is off" not in purpose


def test_a_promise_is_proven(copy: Path) -> None:
    said = follow(examples()["prove a promise"], copy)
    assert "1 passed" in said
    assert "tests/promises/test_what_marketing_reads.py::test_marketing_reads_nothing" in said


def test_every_worked_example_is_followed_or_only_shown() -> None:
    kinds = {title: {info.split()[0] for info, _ in one.blocks} for title, one in examples().items()}
    assert kinds == {
        "add a column": {"diff", "sh"},
        "change data in a migration": {"python"},
        "a new version of the policy": {"diff", "sh"},
        "add a purpose": {"diff", "sh"},
        "prove a promise": {"python", "sh"},
    }

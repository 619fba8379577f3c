"""Calling the command line as a person does, and a small company on disk to call it with."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bloesem.cli import main

REPOSITORY = Path(__file__).resolve().parents[3]
BLOSSOM = REPOSITORY / "company" / "blossom"


@dataclass(frozen=True)
class Called:
    """What a command said and ended with."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def call(*arguments: object) -> Called:
    """Run the command line in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main([str(a) for a in arguments])
        except SystemExit as stop:
            code = int(stop.code or 0)
    return Called(code, out.getvalue(), err.getvalue())


def copy_of_blossom(folder: Path) -> Path:
    """The company of this repository with its law, to be broken by a test."""
    shutil.copytree(BLOSSOM, folder / "company" / "blossom")
    shutil.copytree(REPOSITORY / "law", folder / "law")
    return folder / "company" / "blossom"


def change(path: Path, was: str, now: str) -> None:
    text = path.read_text("utf-8")
    assert was in text, (path, was)
    path.write_text(text.replace(was, now, 1), "utf-8")

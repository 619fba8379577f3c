"""The walk of docs/datamap.md from a connection string to a rehearsed erasure, followed to the letter.

A block ```diff is an edit, ```sh is run, ```text is what that printed, where `…` stands for anything.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import textwrap
import time
from pathlib import Path

from tests.bloesem.discover.world import WALK, made, same_but_name
from tests.databases import Database, DatabaseMaker
from tests.docs.test_contributing import BLOCK, ROOT, edit

SECTION = "\n## From a connection string to a rehearsed erasure\n"


def blocks() -> list[tuple[str, str]]:
    text = (ROOT / "docs" / "datamap.md").read_text("utf-8").split(SECTION)[1].split("\n## ")[0]
    return [
        (one["info"], textwrap.dedent(one["indent"] + one["body"].removeprefix(one["indent"])))
        for one in BLOCK.finditer(text)
    ]


def run(text: str, folder: Path, environment: dict[str, str]) -> str:
    """What the commands print, errors and progress among it, as a terminal shows it."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("BLOESEM_", "PYTEST_"))}
    path = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "PYTHONUNBUFFERED": "1"}
    done = subprocess.run(
        ["/bin/sh", "-e", "-c", text],
        cwd=folder,
        env={**kept, **path, "PYTHONPATH": str(ROOT / "src"), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{text}\n{done.stdout[-3000:]}"
    return done.stdout


def says(told: str, said: str) -> bool:
    """Whether a text of the page is what was printed: a line `…` is any lines, or none, and `…` in a line anything in it."""
    parts = [
        "(?:.*\n)*" if line == "…\n" else re.escape(line).replace("…", ".*") for line in told.splitlines(True)
    ]
    return re.fullmatch("".join(parts), said) is not None


def test_the_walk_is_what_the_page_says(
    fresh_database: Database, make_database: DatabaseMaker, tmp_path: Path
) -> None:
    bank = made(make_database(), "spaarbank")
    environment = {
        "STORE": bank.dsn.url(),
        "BLOESEM_DATABASE_URL": fresh_database.dsn.url(),
        "BLOESEM_DATA_DIR": str(tmp_path / "data"),
    }
    shutil.copytree(ROOT / "company" / "minimal", tmp_path / "company" / "minimal")
    begun, said = time.monotonic(), ""
    for info, text in blocks():
        if info == "sh":
            said = run(text, tmp_path, environment)
        elif info == "text":
            assert says(text, said), said
        else:
            assert info == "diff"
            edit(text, tmp_path)
    assert time.monotonic() - begun < 300  # half of the ten minutes is for whoever decides
    assert same_but_name(tmp_path / "map.yaml", WALK / "spaarbank.yaml")


def test_the_page_tells_everything() -> None:
    """A page of which less is found would pass unread."""
    assert [info for info, _ in blocks()].count("sh") == 4
    assert not says("a\n", "b\n")
    assert not says("a\n…\n", "b\na\n")
    assert says("a\n…\nc …\n", "a\nb\nb\nc d\n")

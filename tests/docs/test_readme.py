"""What the README tells a newcomer to type and to open is there, and works."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pytest
from tests.bloesem.cli.world import BLOSSOM, call

from bloesem import cli
from bloesem.promises import load_promises
from bloesem.rights.keys import FILE as KEYS
from bloesem.stores.embedded import default_data_dir

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
#: Lines of commands; words after two spaces say what it does.
LINES = re.findall(r"^    \.venv/bin/bloesem (.+?)(?:  .*)?$", README, re.MULTILINE)

#: Commands that need a database, or a mailbox, to say anything; and one that ends with 1 while something is missing.
NEED = (
    "breach",
    "cases",
    "mailbox",
    "register",
    "up",
    "sweep",
    "discover",
    "residue",
    "access",
    "erase",
    "export",
    "rectify",
    "restrict",
    "object",
    "withdraw",
    "notices",
    "restored",
)


def _words(line: str) -> list[str]:
    told = re.match(r"explain \S+ \S+", line)
    return shlex.split(told[0] if told else line)


def test_every_command_is_told_of() -> None:
    assert {_words(line)[0] for line in LINES} == set(cli.COMMANDS)


@pytest.mark.parametrize("line", [line for line in LINES if not line.startswith(NEED)])
def test_what_it_says_to_type_works(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As typed at the top of the repository, with /tmp/shop where the copy is, before any test ran."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("BLOESEM_LAST_RUN", str(tmp_path / "no-run.json"))
    shop = tmp_path / "shop"
    (tmp_path / "shop").symlink_to(ROOT / "company" / "minimal")
    said = call(*[word.replace("/tmp/shop", str(shop)) for word in _words(line)])
    assert said.code == 0, said.err
    assert said.out


def test_what_needs_a_database_is_told_what_it_understands() -> None:
    for line in LINES:
        if line.startswith(NEED):
            name, *options = _words(line)
            page = call(name, "--help").out
            assert all(option in page for option in options)


@pytest.mark.parametrize("file", ["README.md", "CONTRIBUTING.md", "docs/design.md", "docs/datamap.md"])
def test_every_link_leads_somewhere(file: str) -> None:
    text = (ROOT / file).read_text("utf-8")
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
        assert ((ROOT / file).parent / target).exists(), target


def test_the_number_of_promises_is_the_number_of_promises() -> None:
    promises = load_promises(BLOSSOM / "policy" / "2024-03-18")
    for file in ("README.md", "CONTRIBUTING.md"):
        numbers = re.findall(r"(?:the|all) (\d+)(?: promises| with)", (ROOT / file).read_text("utf-8"))
        assert numbers
        assert {int(n) for n in numbers} == {len(promises)}


def test_every_make_target_is_there() -> None:
    made = (ROOT / "Makefile").read_text("utf-8")
    targets = [
        one or other for one, other in re.findall(r"^    make ([a-z]+)|`make ([^ `]+)", README, re.MULTILINE)
    ]
    assert ".venv/.runtime" in targets, "the program alone"
    made = made.replace("$(RUNTIME):", ".venv/.runtime:")
    for name in targets:
        assert re.search(rf"^{re.escape(name)}:", made, re.MULTILINE), name


def test_it_says_where_requests_about_other_databases_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BLOESEM_DATA_DIR", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/home/an")
    for user in (0, 1000):
        monkeypatch.setattr(os, "geteuid", lambda user=user: user)
        place = str(default_data_dir().parent).replace("/home/an", "~")
        assert f"`{place}`" in README
    assert "BLOESEM_DATA_DIR" in README
    assert f"`credentials/{KEYS}`" in README

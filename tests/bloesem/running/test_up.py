"""`bloesem up`: one command to a running system, and nothing of it left after Ctrl-C."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from tests.databases import open_folder

ROOT = Path(__file__).parents[3]


@pytest.fixture
def folder() -> Iterator[Path]:
    made = open_folder()
    yield made
    shutil.rmtree(made, ignore_errors=True)


def up(folder: Path, port: int, *more: str, stderr: int = subprocess.STDOUT) -> subprocess.Popen[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("BLOESEM_", "DJANGO_"))}
    return subprocess.Popen(
        [sys.executable, "-m", "bloesem.cli", "up", "--data", str(folder), "--port", str(port), *more],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
    )


def until_ready(system: subprocess.Popen[str]) -> list[str]:
    assert system.stdout is not None
    said = []
    for line in system.stdout:
        said.append(line)
        if "http://localhost:" in line:
            return said
    raise AssertionError("".join(said))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def below(folder: Path) -> list[psutil.Process]:
    """Processes that have to do with this directory."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if any(str(folder) in part for part in process.info["cmdline"] or ()):
            found.append(process)
    return found


@pytest.mark.slow
def test_it_starts_shows_pages_stops_whole_and_keeps_its_data(folder: Path) -> None:
    port = free_port()
    first = up(folder, port, "--size", "40")
    try:
        said = until_ready(first)
        assert any("invented people" in line for line in said)
        children = psutil.Process(first.pid).children(recursive=True)
        assert len(children) >= 3
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=20) as page:
            assert page.status == 200
        second = up(folder, free_port())
        assert second.communicate(timeout=30)[0].count("runs already") == 1
        assert second.returncode == 3
        first.send_signal(signal.SIGINT)
        assert "everything is kept" in first.communicate(timeout=40)[0]
        assert first.returncode == 0
    finally:
        if first.poll() is None:
            first.kill()
    assert not [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]
    assert below(folder) == []

    again = up(folder, port)
    try:
        said = until_ready(again)
        assert not any("invented people" in line or "business tables" in line for line in said)
        victim = psutil.Process(again.pid).children()[0]
        victim.kill()
        ended = again.communicate(timeout=40)[0]
        assert "ended by itself (SIGKILL)" in ended
        assert again.returncode == 3
    finally:
        if again.poll() is None:
            again.kill()
    time.sleep(0.5)
    assert below(folder) == []


@pytest.mark.slow
def test_without_a_demonstration_nobody_is_invented_and_nothing_can_be_played_with(folder: Path) -> None:
    """No people, no date to move, nobody to follow, no free SQL; the rest of the pages work."""
    port = free_port()
    system = up(folder, port, "--no-demo", "--json", stderr=subprocess.PIPE)
    try:
        assert system.stdout is not None
        facts = json.loads(system.stdout.readline())
        assert (facts["address"], facts["pid"]) == (f"http://localhost:{port}/", system.pid)
        assert facts["demonstration"] is False
        assert facts["policy"] == "2024-03-18"
        assert Path(facts["data"]) == folder
        password = (folder / "postgres-18" / "superuser.password").read_text().strip()
        assert password not in json.dumps(facts)

        def status(path: str, data: bytes | None = None) -> int:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", data, timeout=20) as page:
                    return int(page.status)
            except urllib.error.HTTPError as refused:
                return refused.code

        assert status("/nl/") == 200
        for path in ("/nl/date", "/nl/person", "/nl/person/ann", "/nl/try"):
            assert status(path) == 404, path
            assert status(path, b"day=2030-01-01&sql=SELECT+1") in (403, 404), path
        held = {door.name: {file.stem for file in door.iterdir()} for door in (folder / "doors").iterdir()}
        assert held == {
            **{name: {name} for name in ("console", "worker")},
            "keeper": {"keeper", "rights"},
            # the officer asks through a login that no other page uses; links are checked by what shows their page
            "portal": {"portal", "oversight_desk", "links", "words"},
            "door": {"keeper", "links", "notices", "suppression"},
            # what reads strangers' mail can unseal nothing
            "mailbox": {"keeper", "mailbox"},
        }, "each its own login"
        assert facts["mailbox"] == str(folder / "privacy")
        part = folder / "privacy" / ".a.eml"
        part.write_bytes(b"From: yan@mail.example\r\nSubject: vraag\r\n\r\nIk heb een vraag.")
        part.rename(folder / "privacy" / "a.eml")
        until = time.monotonic() + 60
        while not (folder / "privacy" / "read" / "a.eml").exists():  # moved when its case was committed
            assert time.monotonic() < until, (folder / "logs" / "mailbox.log").read_text()
            time.sleep(0.2)
        system.send_signal(signal.SIGINT)
        rest, told = system.communicate(timeout=40)
        assert rest == "", "one line of JSON, and nothing else"
        assert "everything is kept" in told
        assert "invented people" not in told
        assert system.returncode == 0
    finally:
        if system.poll() is None:
            system.kill()
    assert below(folder) == []


def test_a_port_that_is_taken_is_said_at_once(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = up(folder, port)
        said = refused.communicate(timeout=30)[0]
    assert f"port {port} is taken" in said
    assert refused.returncode == 3

"""How long `bloesem up` takes on kept data, until its page answers; beside it, PostgreSQL alone on the same files."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from bench.measure import Figure, parser, tell
from bloesem.stores import embedded

PATIENCE = 600.0


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser(__doc__, people=400)
    options.add_argument("--turns", type=int, default=3, help="starts that are timed (3)")
    chosen = options.parse_args(arguments)
    return tell(figures(chosen.people, chosen.turns), as_json=chosen.json)


def figures(people: int, turns: int) -> list[Figure]:
    folder = Path(tempfile.mkdtemp(prefix="bloesem-bench-"))
    folder.chmod(0o755)
    try:
        first = start(folder, people)
        ours, theirs = [], []
        for _ in range(turns):
            ours.append(start(folder, people))
            theirs.append(_postgres_alone(folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    more = {"first_start_s": first, "turns": turns, "all_s": [round(s, 2) for s in ours], "people": people}
    name = "bloesem up, kept data"
    return [Figure(name, statistics.median(ours), statistics.median(theirs), 5, "s", of="ours", more=more)]


def start(folder: Path, people: int) -> float:
    """Seconds until `bloesem up` says that it is ready; it is stopped then, as with Ctrl-C."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).with_name("bloesem")), "up", "--data", str(folder)]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("BLOESEM_")}
    begun = time.perf_counter()
    process = subprocess.Popen(
        [*command, "--port", str(port), "--size", str(people)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
        start_new_session=True,
    )
    guard = threading.Timer(PATIENCE, process.kill)
    guard.start()
    said = []
    try:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line)
            if f"http://localhost:{port}/" in line:
                return time.perf_counter() - begun
    finally:
        guard.cancel()
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=120)
    raise RuntimeError(f"`bloesem up` did not get ready:\n{''.join(said[-20:])}{rest}")


def _postgres_alone(folder: Path) -> float:
    """Seconds until the same cluster, stopped, takes connections; then stopped again."""
    found = sorted(folder.rglob("superuser.password"))
    if not found:
        raise RuntimeError(f"no database below {folder}")
    begun = time.perf_counter()
    with embedded.start(found[0].parent):
        return time.perf_counter() - begun


if __name__ == "__main__":
    raise SystemExit(main())

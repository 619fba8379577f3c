"""How long the page of the notice takes in the server, from request to answer: all of its middleware, without a network.

The pages are asked in a process of their own, which is set up like the portal's. The first request of a version builds and
renders it, and is told beside; the figure is of those after it.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench.measure import Figure, parser, tell

LIMIT = 20.0
PAGES = {
    "notice page": "/nl/notice",
    "notice page, French": "/fr/notice",
    "notice search": "/nl/notice?q=bewaren",
}


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser(__doc__)
    options.add_argument("--requests", type=int, default=200, help="requests per page (200)")
    options.add_argument(
        "--inside", action="store_true", help="ask, and print milliseconds: what the figure starts"
    )
    chosen = options.parse_args(arguments)
    if chosen.inside:
        print(json.dumps(_asked(chosen.requests)))
        return 0
    return tell(figures(chosen.requests), as_json=chosen.json)


def figures(requests: int) -> list[Figure]:
    """The notice in force in two languages, and a search in it, in milliseconds."""
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run(
            [sys.executable, "-m", "bench.notice", "--inside", "--requests", str(requests)],
            env={**os.environ, **_portal(Path(folder))},
            stdout=subprocess.PIPE,
            check=True,
        )
    return [_figure(name, taken) for name, taken in json.loads(run.stdout).items()]


def _figure(name: str, taken: list[float]) -> Figure:
    first, *after = taken
    more = {"first": first, "slowest": max(after), "requests": len(after)}
    return Figure(name, statistics.median(after), None, LIMIT, "ms", of="ours", more=more)


def _portal(folder: Path) -> dict[str, str]:
    """The environment of the portal's process; the pages that are asked need no database."""
    from bloesem.gate.secrets import Credentials

    Credentials.create(folder, "portal")
    return {
        "DJANGO_SETTINGS_MODULE": "charging.settings",
        "BLOESEM_PROCESS": "portal",
        "BLOESEM_CREDENTIALS": str(folder),
        "BLOESEM_DATABASE_URL": "postgresql://nobody@localhost/none",
        "BLOESEM_SECRET_KEY": "of a measurement",
    }


def _asked(requests: int) -> dict[str, list[float]]:
    """Milliseconds of each request, the first included."""
    import django

    django.setup()
    from django.test import Client

    client = Client(headers={"host": "localhost"})
    found: dict[str, list[float]] = {name: [] for name in PAGES}
    for name, address in PAGES.items():
        for _ in range(requests + 1):
            begun = time.perf_counter()
            answer = client.get(address)
            found[name].append((time.perf_counter() - begun) * 1000)
            assert answer.status_code == 200, answer.status_code
    return found


if __name__ == "__main__":
    raise SystemExit(main())

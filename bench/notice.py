"""How long the page of the notice takes in the server, from request to answer: all of its middleware, without a network.

The first request of a version builds and renders it, and is told beside; the figure is of those after it.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench.measure import Figure, parser, tell

LIMIT = 20.0


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser(__doc__)
    options.add_argument("--requests", type=int, default=200, help="requests per page (200)")
    chosen = options.parse_args(arguments)
    return tell(figures(chosen.requests), as_json=chosen.json)


def figures(requests: int) -> list[Figure]:
    """The notice in force, a search in it, and the table of promises, in milliseconds."""
    with tempfile.TemporaryDirectory() as folder:
        _ready(Path(folder))
        from django.test import Client

        client = Client(headers={"host": "localhost"})
        return [
            _figure(client, "notice page", "/nl/notice", requests),
            _figure(client, "notice page, French", "/fr/notice", requests),
            _figure(client, "notice search", "/nl/notice?q=bewaren", requests),
        ]


def _ready(folder: Path) -> None:
    """Django as the portal's process has it; the pages measured ask no database."""
    from bloesem.gate.secrets import Credentials

    Credentials.create(folder, "portal")
    os.environ.update(
        DJANGO_SETTINGS_MODULE="charging.settings",
        BLOESEM_PROCESS="portal",
        BLOESEM_CREDENTIALS=str(folder),
        BLOESEM_DATABASE_URL="postgresql://nobody@localhost/none",
        BLOESEM_SECRET_KEY="of a measurement",
    )
    import django

    django.setup()


def _figure(client: object, name: str, address: str, requests: int) -> Figure:
    first, *taken = [_one(client, address) for _ in range(requests + 1)]
    more = {"first": first, "slowest": max(taken), "requests": requests}
    return Figure(name, statistics.median(taken), None, LIMIT, "ms", of="ours", more=more)


def _one(client: object, address: str) -> float:
    begun = time.perf_counter()
    answer = client.get(address)  # type: ignore[attr-defined]  # Django's client has no types of its own
    taken = (time.perf_counter() - begun) * 1000
    assert answer.status_code == 200, answer.status_code
    return taken


if __name__ == "__main__":
    sys.exit(main())

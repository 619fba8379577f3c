"""How long `bloesem --help` takes, against a Python that does nothing; each in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.measure import Figure, alternate, parser, tell


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser(__doc__)
    options.add_argument("--turns", type=int, default=10, help="turns of each side (10)")
    chosen = options.parse_args(arguments)
    return tell(figures(chosen.turns), as_json=chosen.json)


def figures(turns: int) -> list[Figure]:
    bloesem = Path(sys.executable).with_name("bloesem")
    sides = [_run([str(bloesem), "--help"]), _run([sys.executable, "-c", "pass"])]
    ours, theirs = alternate(sides, turns, warm=1)
    more = {"turns": turns, "spread": [ours.spread(), theirs.spread()]}
    return [
        Figure("bloesem --help", ours.median / 1000, theirs.median / 1000, 0.3, "s", of="ours", more=more)
    ]


def _run(command: list[str]) -> Callable[[], object]:
    return lambda: subprocess.run(command, stdout=subprocess.DEVNULL, check=True)


if __name__ == "__main__":
    raise SystemExit(main())

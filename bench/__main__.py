"""All figures, one after another: `make bench`. `make bench ARGS="--json"`, `ARGS="--only gate,cli"`, `ARGS="--full"`."""

from __future__ import annotations

import json
import sys
import time

from bench import (
    answers,
    centre,
    cli,
    discover,
    door,
    gate,
    mixes,
    notice,
    objection,
    residue,
    rights,
    slim,
    sweep,
    up,
)
from bench.measure import HEAD, Figure, machine, parser

NAMES = (
    "cli",
    "gate",
    "sweep",
    "objection",
    "slim",
    "up",
    "discover",
    "residue",
    "rights",
    "mixes",
    "door",
    "notice",
    "answers",
    "centre",
)


def run(name: str, *, full: bool = False) -> list[Figure]:
    """One command's figures, in sizes that fit together in a quarter of an hour on two cores."""
    match name:
        case "cli":
            return cli.figures(10)
        case "gate":
            return gate.figures(10_000, 300)
        case "sweep":
            return sweep.figures(10_000, 3)
        case "objection":
            return objection.figures(1_000, 60)
        case "rights":
            return rights.figures(rights.MILLION if full else 100_000, 40)
        case "slim":
            return slim.figures(slim.MILLION if full else 100_000, sweep=True)
        case "up":
            return up.figures(400, 3)
        case "discover":
            return discover.figures(2_000, 1_000_000)
        case "residue":
            return residue.figures(1_000, 1_024 if full else 256, 16, 1)
        case "mixes":
            return mixes.figures(2_000, 600)
        case "door":
            return door.figures(door.MILLION if full else 100_000, 400, 3)
        case "notice":
            return notice.figures(200)
        case "answers":
            return answers.figures(500)
        case "centre":
            return centre.figures(centre.MILLION if full else 100_000, 40)
    raise ValueError(f"no figure `{name}`; there are: {', '.join(NAMES)}")


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--only", help=f"some of: {','.join(NAMES)}")
    options.add_argument("--full", action="store_true", help="a million slim people too")
    chosen = options.parse_args()
    wanted = chosen.only.split(",") if chosen.only else list(NAMES)
    unknown = sorted(set(wanted) - set(NAMES))
    if unknown:
        options.error(f"no figure `{unknown[0]}`; there are: {', '.join(NAMES)}")
    if not chosen.json:
        print(HEAD)
    ok = True
    for name in wanted:
        begun = time.perf_counter()
        try:
            made = run(name, full=chosen.full)
        except Exception as fault:
            ok = False
            print(f"{name}: {fault}", file=sys.stderr)
            continue
        for figure in made:
            ok = ok and figure.ok
            print(json.dumps(figure.json(), ensure_ascii=False) if chosen.json else figure.line(), flush=True)
        print(f"{name}: {time.perf_counter() - begun:.0f} s", file=sys.stderr)
    if not chosen.json:
        print("on", ", ".join(f"{key} {value}" for key, value in machine().items()))
    return 0 if ok else 1


if __name__ == "__main__":
    raise SystemExit(main())

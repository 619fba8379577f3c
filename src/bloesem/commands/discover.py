"""Proposes a data map for a PostgreSQL database (12 or newer) that nobody here designed.

Foreign keys, names (Dutch, French, English, German) and samples of values are weighed: which tables hold people, what each
column is, whose each row is. Each proposal comes with its ground and how sure it is; what is unsure is a question with its
alternatives. Categories are those of the policy; where it has none, the lines that would declare it are printed.
Nothing is installed or written there, and no value is shown. A proposal erases nothing: `bloesem check`
refuses the map while a question is left.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bloesem.commands import shared

if TYPE_CHECKING:
    from bloesem.policy.model import Policy

EXAMPLES = """\
examples:
  bloesem discover --policy company/minimal postgresql://me@db.example/shop > map.yaml
  bloesem discover --budget 20s,200rows postgresql://me@db.example/shop > map.yaml
  bloesem discover --agree 0.9 map.yaml > agreed.yaml    agrees with every proposal that is at least so sure
  bloesem check --store postgresql://me@db.example/shop POLICY map.yaml

exit code: 0 a proposal was made; 1 a file cannot be read; 2 wrong call; 3 the database cannot be reached or used
"""

_PART = re.compile(r"(\d+(?:\.\d+)?)(s|rows)?")


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "url",
        metavar="URL",
        help=f"the database: postgresql://user@host/database, or `{shared.HERE}`; with --agree: a map",
    )
    parser.add_argument(
        "--policy",
        type=shared.path,
        metavar="POLICY",
        help="a company, or one version of its policy, whose categories are proposed (default: the company here; where "
        "there is none, fideslang's)",
    )
    parser.add_argument(
        "--budget",
        type=budget,
        default=(60.0, 1_000),
        metavar="BUDGET",
        help="what may be read: seconds for all of it, rows of each table (default: 60s,1000rows)",
    )
    parser.add_argument(
        "--agree",
        type=confidence,
        metavar="CONFIDENCE",
        help="agree with the proposals of a map that are at least so sure (0 to 1); prints the map",
    )
    parser.add_argument("--quiet", action="store_true", help="no progress on stderr")
    shared.add_json(parser)


def budget(text: str) -> tuple[float, int]:
    """`30s`, `500rows` or `30s,500rows`; a number alone is seconds."""
    seconds, rows = 60.0, 1_000
    for part in text.split(","):
        found = _PART.fullmatch(part.strip())
        if found is None or float(found[1]) <= 0 or (found[2] == "rows" and "." in found[1]):
            raise argparse.ArgumentTypeError(
                f"`{part}` is no budget; write it as 30s, 500rows or 30s,500rows"
            )
        if found[2] == "rows":
            rows = int(found[1])
        else:
            seconds = float(found[1])
    return seconds, rows


def confidence(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(
            f"`{text}` is no confidence; write a number between 0 and 1, such as 0.9"
        )
    return value


def run(arguments: argparse.Namespace) -> int:
    if arguments.agree is not None:
        from bloesem.discover.agree import agree

        text, left = agree(shared.path(arguments.url), arguments.agree)
        print(text, end="")
        print(f"{left} questions are left", file=sys.stderr)
        return 0
    from bloesem.discover import Budget, discover, to_json, to_yaml
    from bloesem.stores.postgres import FOREIGN

    policy = _policy(arguments.policy)
    tell = _Progress(sys.stderr.isatty()) if not arguments.quiet else None
    begun = time.monotonic()
    with shared.store(arguments.url, oldest=FOREIGN) as connection:
        made = discover(connection, Budget(*arguments.budget), tell or (lambda _: None), policy)
    if tell is not None:
        tell.end(f"{len(made.tables)} tables in {time.monotonic() - begun:.1f} s, {made.undecided} questions")
        _remedy(made.declare)
    if arguments.json:
        shared.print_json(to_json(made))
    else:
        print(to_yaml(made), end="")
    return 0


def _policy(named: Path | None) -> Policy | None:
    """The policy in force of the company that is named, or that is here. raises: PolicyError for one that is named."""
    from bloesem.policy.company import load_company

    here = Path(os.environ.get("BLOESEM_COMPANY") or shared.COMPANY)
    if named is None and not here.is_dir():
        return None
    home, version = shared.version_of(named or here)
    return load_company(home).in_force(version or shared.today())


def _remedy(lines: Sequence[str]) -> None:
    """What the policy would have to say first, before anybody decides anything."""
    if lines:
        print(
            "\nThe policy has no category for some of what stands there. Declare them under `categories` of policy.yaml,\n"
            "name each under `reads` of the parts that need it, and discover again; or decide each in the map:\n",
            file=sys.stderr,
        )
        print("\n".join(f"  {line}" for line in lines), file=sys.stderr)


class _Progress:
    """How far it is: one line that changes on a terminal, a line every few seconds elsewhere."""

    def __init__(self, terminal: bool) -> None:
        self.terminal = terminal
        self.last = 0.0

    def __call__(self, what: str) -> None:
        from bloesem.discover.write import printable

        now = time.monotonic()
        if now - self.last < (0.1 if self.terminal else 2.0):
            return
        self.last = now
        line = printable(what)
        print(
            f"\r\x1b[K{line[:100]}" if self.terminal else line,
            end="" if self.terminal else "\n",
            file=sys.stderr,
            flush=True,
        )

    def end(self, what: str) -> None:
        print(f"\r\x1b[K{what}" if self.terminal else what, file=sys.stderr, flush=True)

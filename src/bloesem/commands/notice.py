"""The privacy notice that people read: the version in force, or any other, in their language, as the pages show it.

Text for a terminal or a mail; HTML as one document that stands by itself; JSON with everything in it.
"""

from __future__ import annotations

import argparse
import datetime as dt
from typing import TYPE_CHECKING

from bloesem.commands import shared
from bloesem.terms import LANGUAGES

if TYPE_CHECKING:
    from bloesem.notice.shelf import Shelf

EXAMPLES = """\
examples:
  bloesem notice                                    today's, in Dutch, as text
  bloesem notice --lang fr --format html > avis.html
  bloesem notice --version 2024-03-18 --format json | jq .chapters

exit code: 0
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--lang", choices=LANGUAGES, default="nl", help="in which language (nl)")
    parser.add_argument(
        "--version",
        type=shared.day,
        metavar="DATE",
        help="the version of that date (default: the one in force today)",
    )
    parser.add_argument(
        "--format", choices=["text", "html", "json"], default="text", help="text, html or json (text)"
    )
    shared.add_home(parser)
    shared.add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from bloesem.notice import render
    from bloesem.notice.shelf import Shelf

    shelf, today = Shelf(shared.home(arguments)), shared.today()
    made = shelf.notice(_version(shelf, arguments.version, today), arguments.lang, today)
    if arguments.json or arguments.format == "json":
        shared.print_json(render.as_json(made))
    elif arguments.format == "html":
        print(render.document(made))
    else:
        print(render.text(made), end="")
    return 0


def _version(shelf: Shelf, asked: dt.date | None, today: dt.date) -> dt.date:
    if asked is None:
        return shelf.in_force(today).version
    if shelf.version(asked) is None:
        there = ", ".join(str(one.version) for one in shelf.company().versions)
        raise shared.UsageError(
            f"there is no version of {asked}",
            "a version is named by the date from which it is in force",
            f"there are: {there}",
        )
    return asked

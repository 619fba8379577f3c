"""The command line: `bloesem <command>`. Only the module of the command that is asked for is imported.

A command is a module of `bloesem.commands` with `HELP`, `configure(parser)` and `run(arguments) -> int` (the exit code).
What it raises on purpose is a `BloesemError`: its text goes to stderr. Nobody ever meets a traceback without asking.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import os
import signal
import sys
import threading
from collections.abc import Sequence
from types import FrameType, ModuleType
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from bloesem.errors import BloesemError

PACKAGE = "bloesem.commands"

#: Name → one line for the overview. A command that has no module (yet) is not shown.
COMMANDS = {
    "up": "the whole system on this machine",
    "check": "lints policy and map, compares the map with the live schema and the plan with the live catalogue",
    "discover": "proposes a data map for a database that nobody here designed; marks what it is unsure of",
    "plan": "the SQL that puts a policy in force, before it is applied; the matrix of purposes; differences",
    "publish": "a new version: what differs, what it would do, who decided, who was told, and activation",
    "explain": "why a purpose may or may not read a column",
    "access": "everything that is held about one person, here or in a database of any design, and why",
    "erase": "people go, here or from a database of any design: rehearsed, then whole or not at all",
    "export": "what a person gave, to take along, as JSON and CSV",
    "rectify": "a value that was wrong becomes what it should be",
    "restrict": "a person's data are kept and not used, until it is lifted",
    "object": "a person objects to a purpose",
    "withdraw": "a person withdraws consent",
    "recipients": "who may get personal data today, who may not, why, and what lapses when",
    "register": "the register of processing (art. 30), as pages, workbook, DPV, TILT, fideslang and schema.org",
    "breach": "breaches of personal data: recorded, notified within the hours, told to people",
    "cases": "what people ask about their data: open cases and their clocks; a letter or a talk is taken in",
    "mailbox": "mail to the privacy mailbox becomes a case, with the moment at which it arrived",
    "notices": "who is told of what became of the data that it got: queued, sent, proven, late",
    "sweep": "what the clock says must go today",
    "restored": "what people asked since a back-up, done again in a database that was put back",
    "residue": "what is still left of people who were erased, anywhere in a database",
    "notice": "the privacy notice in four languages: today's, or any version's; as text, HTML or JSON",
    "promises": "each promise, what keeps it, its proof, and when it was last proven",
}

#: Those that change nothing, whatever is said.
READING = {"access", "check", "discover", "explain", "residue"}

DESCRIPTION = """\
Bloesem: a privacy policy that is the program. What the policy promises is compiled into what a PostgreSQL database
lets anyone read, and into how long anything lives.
"""

EXAMPLES = """\
examples:
  bloesem up                                             start everything, and print one address
  bloesem check company/blossom                          is the policy whole, and does the map fit it?
  bloesem check --store postgresql://me@host/db          and does that database do what the policy says?
  bloesem plan --table session                           the SQL that guards one table
  bloesem explain marketing email_address.value          may marketing read it, and why?
  bloesem promises                                       what is promised, and what proves it

Each command has its own page: bloesem check --help
"""

#: Where a fault of Bloesem itself is reported.
REPORT = "the issues of this repository (CONTRIBUTING.md, “Reporting a fault”)"


class _Page(argparse.RawDescriptionHelpFormatter):
    """Help as wide as our lines, options beside their words."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=28, width=118)

    def add_argument(self, action: argparse.Action) -> None:
        """Names of commands stand two deeper than options: argparse forgets that when it looks for the widest."""
        super().add_argument(action)
        deeper = [
            len(name) + self._current_indent + 2 for name in (action.choices or ()) if action.nargs == "A..."
        ]
        self._action_max_length = max([self._action_max_length, *deeper])


class _Parser(argparse.ArgumentParser):
    """What was typed wrongly is an error like any other; no option is guessed from its first letters."""

    def __init__(self, **more: object) -> None:
        super().__init__(formatter_class=_Page, allow_abbrev=False, **more)  # type: ignore[arg-type]

    def error(self, message: str) -> NoReturn:
        from bloesem.errors import UsageError

        raise UsageError(
            f"{self.prog}: {message}",
            " ".join(self.format_usage().split()),
            f"`{self.prog} --help` has each option, and examples",
        )


def parser() -> argparse.ArgumentParser:
    """The overview, without any command's own options."""
    made = _Parser(prog="bloesem", description=DESCRIPTION, epilog=EXAMPLES)
    made.add_argument("--version", action="store_true", help="print the version and stop")
    group = made.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for name, text in COMMANDS.items():
        if importlib.util.find_spec(f"{PACKAGE}.{name}") is not None:
            group.add_parser(name, help=text, add_help=False)
    return made


def command_parser(name: str, module: ModuleType) -> argparse.ArgumentParser:
    """The page of one command; every command has `--debug`."""
    made = _Parser(
        prog=f"bloesem {name}", description=module.__doc__, epilog=getattr(module, "EXAMPLES", None)
    )
    module.configure(made)
    made.add_argument("--debug", action="store_true", help="show the traceback of an unexpected fault")
    return made


class _Ended(KeyboardInterrupt):
    """Somebody ended the command (SIGTERM): like Ctrl-C, what is open is closed first."""


def _end(number: int, frame: FrameType | None) -> NoReturn:
    raise _Ended


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command. out: the exit code; 2 for a wrong call, 70 for a fault of Bloesem itself."""
    given = list(sys.argv[1:] if argv is None else argv)
    name = given[0] if given else ""
    debug = "--debug" in given or bool(os.environ.get("BLOESEM_DEBUG"))
    arguments: argparse.Namespace | None = None
    try:
        if name not in COMMANDS:
            return _overview(given)
        if importlib.util.find_spec(f"{PACKAGE}.{name}") is None:
            parser().error(f"`{name}` is not part of this installation")
        module = importlib.import_module(f"{PACKAGE}.{name}")
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, _end)
        arguments = command_parser(name, module).parse_args(given[1:])
        code: int = module.run(arguments)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt as why:
        from bloesem.commands.shared import UNCHANGED

        reads = arguments is None or name in READING or getattr(arguments, "dry_run", False)
        unchanged = reads or UNCHANGED in getattr(why, "__notes__", ())
        print(f"stopped: {UNCHANGED}" if unchanged else "stopped", file=sys.stderr)
        return 143 if isinstance(why, _Ended) else 130
    except BrokenPipeError:  # `bloesem plan | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as fault:
        from bloesem.commands.shared import hidden
        from bloesem.errors import BloesemError

        known = isinstance(fault, BloesemError)
        if not known and debug:
            raise
        said = fault if isinstance(fault, BloesemError) else _unexpected(name, fault)
        print(f"error: {hidden(str(said))}", file=sys.stderr)
        if "--json" in given:
            _print_error(said)
        return said.exit_code if known else 70


def _overview(given: list[str]) -> int:
    """Without a command: help, the version, or that there is no such command."""
    if not given:
        parser().print_help()
        return 0
    if not given[0].startswith("-"):
        from bloesem.errors import UsageError
        from bloesem.source import nearest

        raise UsageError(
            f"bloesem has no command `{given[0]}`",
            f"the commands are {nearest(given[0], COMMANDS)}",
            "`bloesem --help` says what each does",
        )
    if parser().parse_args(given).version:
        from importlib.metadata import version

        print(version("bloesem"))
        return 0
    parser().print_help()
    return 2


def _print_error(said: BloesemError) -> None:
    """For programs, on stdout, where they look for the answer."""
    import json

    from bloesem.commands.shared import hidden

    error = {"what": hidden(said.thing), "rule": hidden(said.rule), "remedy": hidden(said.remedy)}
    print(json.dumps({"error": error}, ensure_ascii=False), flush=True)


def _unexpected(command: str, fault: Exception) -> BloesemError:
    """Names the fault without quoting it: what an exception says may hold somebody's values."""
    from bloesem.errors import BloesemError

    trace = fault.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f" in {trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}" if trace else ""
    kind = type(fault).__name__
    state = getattr(fault, "sqlstate", None)
    kind += f" (PostgreSQL {state})" if state else ""
    return BloesemError(
        f"bloesem {command} met something that it does not know: {kind}{where}",
        "this is a fault of Bloesem, not of what you typed",
        f"run it again with --debug, look whether the output holds personal data, and report it: {REPORT}",
    )


if __name__ == "__main__":
    raise SystemExit(main())

"""What the commands about one person have in common: which store, which map, which policy, who is meant."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bloesem.commands import shared

if TYPE_CHECKING:
    from bloesem.plan.model import Plan
    from bloesem.policy.model import Policy
    from bloesem.rights.identify import Who
    from bloesem.rights.record import HomeRecord
    from bloesem.rights.requests import Desk
    from bloesem.stores.dsn import Dsn

EXIT = "exit code: 0 done; 1 refused, with rule and remedy; 2 wrong call; 3 the database cannot be reached or used"


def configure(parser: argparse.ArgumentParser, *, many: bool = False) -> None:
    """`--store`, `--map`, `--policy`, `--person`, `--also`, `--on`, `--json`; with `many`, `--people` too."""
    shared.add_store(parser, "the database that holds the person")
    parser.add_argument(
        "--map", type=Path, action="append", default=[], metavar="PATH", help="the database's data map"
    )
    parser.add_argument(
        "--policy",
        type=Path,
        metavar="POLICY",
        help="a company, or one version of its policy (default: the company here)",
    )
    parser.add_argument(
        "--person",
        action="append",
        default=[],
        metavar="KIND=VALUE",
        help="who: email=a@b.example, as the map's identities are called; or a row: public.customer.id=7",
    )
    parser.add_argument(
        "--also",
        action="append",
        default=[],
        metavar="KIND=VALUE",
        help="another name or row of the same person",
    )
    if many:
        parser.add_argument(
            "--people",
            type=Path,
            metavar="FILE",
            help="many people at once: a KIND=VALUE on each line (- for stdin)",
        )
    parser.add_argument(
        "--on", type=shared.day, metavar="DATE", help="the policy in force on this day (default: today)"
    )
    shared.add_json(parser)


@dataclass(frozen=True)
class Case:
    """One call: the desk, who is meant, and what it stands on."""

    desk: Desk
    wanted: tuple[tuple[Who, ...], ...]
    policy: Policy
    plan: Plan
    record: HomeRecord
    dsn: Dsn
    now: dt.datetime


def who(arguments: argparse.Namespace) -> tuple[tuple[Who, ...], ...]:
    """The people asked about. raises: UsageError when it is nobody, or `--also` does not say of whom."""
    from bloesem.rights.identify import Who

    names = list(arguments.person)
    file = getattr(arguments, "people", None)
    if file is not None:
        text = sys.stdin.read() if str(file) == "-" else _read(file)
        names += [line.strip() for line in text.splitlines() if line.strip()]
    if not names:
        raise shared.UsageError(
            "nobody was named", "a request is about a person", "say --person email=a@b.example"
        )
    people, also = [Who.parse(name) for name in names], [Who.parse(name) for name in arguments.also]
    if len(people) > 1 and not hasattr(arguments, "people"):
        raise shared.UsageError(
            "more than one person was named",
            "this answers one person",
            "ask for each; --also names the same person",
        )
    if also and len(people) > 1:
        raise shared.UsageError(
            "--also of several people", "--also is the same person", "ask for each person"
        )
    return tuple((one, *also) for one in people)


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise shared.UsageError(
            f"{file} cannot be read ({type(fault).__name__})", "people are named in a text file", "name one"
        ) from None


@contextmanager
def case(arguments: argparse.Namespace) -> Iterator[Case]:
    """Opens the store, Bloesem's own database, map and policy.

    raises: UsageError for what is not said; MapError, PolicyError, PlanError for what is undecided; StoreError.
    """
    from bloesem.datamap.load import read_map
    from bloesem.policy.company import load_company
    from bloesem.rights import graph, home
    from bloesem.rights.judge import Judge, compile_foreign
    from bloesem.rights.record import HomeRecord
    from bloesem.rights.requests import Desk
    from bloesem.stores.dsn import Dsn
    from bloesem.stores.postgres import FOREIGN, connect
    from bloesem.stores.schema import read_schema

    if not arguments.store or not arguments.map:
        raise shared.UsageError(
            "no database or no map was named" if not arguments.store else "no map was named",
            "a request is answered from one database, by its map",
            "say --store postgresql://user@host/database --map map.yaml; `bloesem discover URL` proposes a map",
        )
    wanted = who(arguments)
    maps = read_map(arguments.map)
    _foreign(maps.datamap)
    arguments.company, version = shared.version_of(arguments.policy) if arguments.policy else (None, None)
    company = load_company(shared.home(arguments))
    now = dt.datetime.now(dt.UTC)
    on = arguments.on or version or shared.today()
    policy = company.in_force(on)
    dsn = Dsn.parse(arguments.store)
    with ExitStack() as stack:
        connection = stack.enter_context(
            connect(dsn, autocommit=True, application="bloesem-rights", oldest=FOREIGN)
        )
        over = graph.build(maps, read_schema(connection))
        plan = compile_foreign(company, policy, over, on)
        rights = stack.enter_context(home.opened(now))
        record = HomeRecord(
            rights, rights.store(dsn, now), str(policy.version), lambda: dt.datetime.now(dt.UTC)
        )
        record.settle(connection)
        teller = None if arguments.json or not sys.stderr.isatty() else _tell
        desk = Desk(connection, over, Judge(plan, over, now, policy.language), record, teller)
        yield Case(desk, wanted, policy, plan, record, dsn, now)


def _tell(table: str, rows: int) -> None:
    print(f"{table}: {rows:,} rows", file=sys.stderr)


def _foreign(datamap: Any) -> None:
    guarded = [dataset.fides_key for dataset in datamap.dataset if dataset.guarded]
    if guarded:
        raise shared.UsageError(
            f"the map of `{', '.join(guarded)}` is of a database that Bloesem guards",
            "this answers from a database of any design, along the links of its map",
            "write `meta: {guarded: false}` on the dataset, and `links` (docs/datamap.md)",
        )

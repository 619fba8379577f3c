"""What the commands about one person have in common: which store, which map, which policy, who is meant."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bloesem.commands import shared
from bloesem.errors import PlanError, RightsError, StoreError

if TYPE_CHECKING:
    from bloesem.company import Loaded
    from bloesem.datamap.load import LoadedMap
    from bloesem.datamap.model import DataMap
    from bloesem.plan.model import Plan
    from bloesem.policy.company import Company
    from bloesem.recipients.holders import Holder
    from bloesem.rights.desks import Answers
    from bloesem.rights.identify import Who
    from bloesem.rights.requests import Wanted
    from bloesem.stores.postgres import Connection

EXIT = "exit code: 0 done; 1 refused, with rule and remedy; 2 wrong call; 3 the database cannot be reached or used"


def configure(parser: argparse.ArgumentParser, *, many: bool = False) -> None:
    """`--store`, `--map`, `--policy`, `--person`, `--also`, `--on`, `--prefix`, `--json`; with `many`, `--people` too."""
    shared.add_store(parser, f"the database that holds the person (default: {shared.HERE})")
    parser.add_argument(
        "--map",
        type=shared.path,
        action="append",
        default=[],
        metavar="PATH",
        help="its data map (default: the company's own)",
    )
    parser.add_argument(
        "--policy",
        type=shared.path,
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
            type=shared.path,
            metavar="FILE",
            help="many people at once: a KIND=VALUE on each line (- for stdin); lines that begin with # are comments",
        )
    parser.add_argument(
        "--on", type=shared.day, metavar="DATE", help="the policy in force on this day (default: today)"
    )
    shared.add_prefix(parser)
    shared.add_json(parser)


@dataclass(frozen=True)
class Case:
    """One call: the desk, who is meant, by which plan it is answered, and who has that database as long as we do. `find`:
    looks for people and changes nothing; refuses who is not one. `begun`: whether anything may have been written yet."""

    desk: Answers
    wanted: tuple[tuple[Who, ...], ...]
    plan: Plan
    datamap: DataMap
    find: Callable[[Wanted], object]
    begun: Callable[[], bool]
    holders: tuple[Holder, ...] = ()


def who(arguments: argparse.Namespace) -> tuple[tuple[Who, ...], ...]:
    """The people asked about. raises: UsageError when it is nobody, or `--also` does not say of whom; RightsError."""
    return _who(arguments, _named(arguments))


def _who(arguments: argparse.Namespace, names: Sequence[_Name]) -> tuple[tuple[Who, ...], ...]:
    from bloesem.rights.identify import Who

    if not names:
        raise shared.UsageError(
            "nobody was named", "a request is about a person", "say --person email=a@b.example"
        )
    people, also = [_parsed(*name) for name in names], [Who.parse(name) for name in arguments.also]
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


#: How somebody is named, and on which line of the list (None: not in a list).
_Name = tuple[str, int | None]


def _named(arguments: argparse.Namespace) -> list[_Name]:
    """All that were named. Of the list, empty lines and those that begin with # name nobody."""
    names: list[_Name] = [(name, None) for name in arguments.person]
    file = getattr(arguments, "people", None)
    if file is not None:
        text = sys.stdin.read() if str(file) == "-" else _read(file)
        lines = enumerate(map(str.strip, text.split("\n")), 1)
        names += [(line, number) for number, line in lines if line and not line.startswith("#")]
    return names


def _parsed(name: str, line: int | None) -> Who:
    from bloesem.rights.identify import Who

    try:
        return Who.parse(name)
    except RightsError as fault:
        raise _on_line(line, fault) from None


def _on_line(line: int | None, fault: RightsError) -> RightsError:
    """The same, with the line on which the person stands; never what stands there."""
    if line is not None:
        fault.thing = f"line {line} of --people: {fault.thing}"
    return fault


@contextmanager
def _by_line(one: Case, names: Sequence[_Name]) -> Iterator[None]:
    """What is refused because of somebody in a list says on which line they stand: the last of the fewest refused."""
    try:
        yield
    except RightsError as refused:
        if all(line is None for _, line in names):
            raise
        fine, wrong, why = 0, len(names) + 1, refused
        while wrong - fine > 1:
            many = (fine + wrong) // 2
            try:
                one.find(one.wanted[:many])
                fine = many
            except RightsError as fault:
                wrong, why = many, fault
        raise (_on_line(names[wrong - 1][1], why) if wrong <= len(names) else refused) from None


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as fault:
        raise shared.UsageError(
            f"{file} cannot be read ({type(fault).__name__})", "people are named in a text file", "name one"
        ) from None


@contextmanager
def case(arguments: argparse.Namespace, *, nobody: bool = False) -> Iterator[Case]:
    """Opens the store, Bloesem's own database, map and policy. The map says at which desk it is answered. `nobody`: what
    is asked is about no named person.

    raises: UsageError for what is not said; MapError, PolicyError, PlanError for what is undecided; StoreError.
    """
    from bloesem.datamap.load import read_map
    from bloesem.policy.company import load_company

    begun: Callable[[], bool] = bool  # nothing
    try:
        names = [] if nobody else _named(arguments)
        wanted = () if nobody else _who(arguments, names)
        maps = read_map(arguments.map) if arguments.map else None
        arguments.company, version = shared.version_of(arguments.policy) if arguments.policy else (None, None)
        company = load_company(shared.home(arguments))
        found = maps or read_map(company.maps)
        ask = Asking(arguments, wanted, company, found, arguments.on or version)
        with _guarded(ask) if guards(found) else _foreign(ask) as one, _by_line(one, names):
            begun = one.begun
            yield one
    except KeyboardInterrupt as stopped:
        if not begun():
            stopped.add_note(shared.UNCHANGED)
        raise


@dataclass(frozen=True)
class Asking:
    """What was typed, read."""

    arguments: argparse.Namespace
    wanted: tuple[tuple[Who, ...], ...]
    company: Company
    maps: LoadedMap
    on: dt.date | None


@contextmanager
def _foreign(ask: Asking) -> Iterator[Case]:
    """A database of any design, along the links of its map."""
    from bloesem.rights import graph, home
    from bloesem.rights.foreign import ForeignDesk
    from bloesem.rights.judge import Judge, compile_foreign
    from bloesem.rights.record import HomeRecord
    from bloesem.rights.requests import Desk
    from bloesem.stores.dsn import Dsn
    from bloesem.stores.postgres import FOREIGN, connect
    from bloesem.stores.schema import read_schema

    arguments = ask.arguments
    if not arguments.store:
        raise shared.UsageError(
            "no database was named",
            "the map is of a database that Bloesem does not guard",
            "say --store postgresql://user@host/database",
        )
    now = dt.datetime.now(dt.UTC)
    on = ask.on or shared.today()
    policy = ask.company.in_force(on)
    dsn = Dsn.parse(arguments.store)
    with ExitStack() as stack:
        connection = stack.enter_context(
            connect(dsn, autocommit=True, application="bloesem-rights", oldest=FOREIGN)
        )
        over = graph.build(ask.maps, read_schema(connection))
        plan = compile_foreign(ask.company, policy, over, on)
        rights = stack.enter_context(home.opened(now))
        record = HomeRecord(
            rights, rights.store(dsn, now), str(policy.version), lambda: dt.datetime.now(dt.UTC)
        )
        record.settle(connection)
        teller = None if arguments.json or not sys.stderr.isatty() else _tell
        desk = Desk(connection, over, Judge(plan, over, now, policy.language), record, teller)

        def begun() -> bool:
            return bool(record.act) or "plan" not in arguments  # a fact is noted before any act

        yield Case(
            ForeignDesk(desk, record),
            ask.wanted,
            plan,
            ask.maps.datamap,
            lambda some: desk.look(some, lambda *_: None),
            begun,
        )


@contextmanager
def _guarded(ask: Asking) -> Iterator[Case]:
    """A database where a plan is in force, through its facts and masks."""
    from bloesem import company
    from bloesem.gate.keeping import keeper
    from bloesem.rights import home
    from bloesem.rights.guarded.desk import GuardedDesk
    from bloesem.rights.guarded.who import Finder
    from bloesem.rights.record import HomeRecord

    arguments = ask.arguments
    url = arguments.store or shared.HERE
    now = dt.datetime.now(dt.UTC)
    with shared.store(url) as connection, home.opened(now) as rights:
        on = ask.on or in_force(connection)[1]
        read = company.load(
            shared.home(arguments), on=on, prefix=arguments.prefix, maps=arguments.map, company=ask.company
        )
        same_plan(read.plan, connection)
        digest = rights.store(shared.address_of(url, connection), now)
        version = str(read.policy.version)
        record = HomeRecord(rights, digest, version, lambda: dt.datetime.now(dt.UTC), guarded=True)
        record.settle(connection)
        desk = GuardedDesk(connection, read.plan, read.maps.datamap, read.policy.language, record)

        def find(some: Wanted) -> object:
            with keeper(connection, read.plan.prefix):
                return Finder(connection, read.plan).find(some)

        yield Case(
            desk,
            ask.wanted,
            read.plan,
            read.maps.datamap,
            find,
            lambda: bool(record.act),
            tuple(_holders(read, in_force(connection)[1])),
        )


def _holders(read: Loaded, today: dt.date) -> list[Holder]:
    from bloesem.recipients.holders import holders

    return holders(read.policy, read.company.record, read.company.law, today)


def in_force(connection: Connection) -> tuple[dt.date, dt.date]:
    """The version that is in force on a guarded database, and the civil day there (a demonstration's own).

    raises: StoreError where nothing of Bloesem's is: whoever forgot `--map` is not told to install it there."""
    if connection.execute("SELECT to_regclass('bloesem.installed')").fetchone() == (None,):
        raise StoreError(
            f"nothing of Bloesem's is in force in the database `{connection.info.dbname}`",
            "without a data map, a database is one in which Bloesem put a plan in force",
            "of a database of any other design name the data map too: --map map.yaml (`bloesem discover` proposes one)",
        )
    row = connection.execute(
        "SELECT (SELECT policy FROM bloesem.installed ORDER BY id DESC LIMIT 1), bloesem.today()"
    ).fetchone()
    assert row is not None
    return row[0], row[1]


def same_plan(plan: Plan, connection: Connection) -> None:
    """raises: PlanError when another version is in force there: rights, masks and reasons would be of two policies."""
    version, _ = in_force(connection)
    if version != plan.version:
        raise PlanError(
            f"the policy of {version} is in force on this database, not that of {plan.version}",
            "what follows from a request follows from the policy in force (P-173)",
            "name that version with --policy; or put the other in force: bloesem plan --apply",
        )


def _tell(table: str, rows: int) -> None:
    print(f"{table}: {rows:,} rows", file=sys.stderr)


def guards(maps: LoadedMap) -> bool:
    """Whether the maps are of a database that Bloesem guards. raises: UsageError when they are of both kinds."""
    guarded = {dataset.guarded for dataset in maps.datamap.dataset}
    if len(guarded) > 1:
        raise shared.UsageError(
            "the maps are of a database that Bloesem guards, and of one that it does not",
            "a request is answered from one database, by its map",
            "name the maps of one with --map",
        )
    return guarded == {True}

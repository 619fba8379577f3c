"""Looks in every table of a database, mapped or not, for what is left of the people erased there since the last pass:
their e-mail, phone, IBAN, card and customer number, and their name together with their address, in any usual writing.

It says where something is left, never what. In a database that Bloesem guards, what a purpose must still keep is named
apart, with why and until when. It reads text, json, xml, hstore, bytea and array columns, each table once,
and changes nothing there. What the login may not read is named. A pass that was killed goes on where it was. After a pass
that read everything, Bloesem forgets whom it looked for; after seven days it does so in any case.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import time
from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bloesem.commands import shared

if TYPE_CHECKING:
    from bloesem.datamap.model import DataMap
    from bloesem.rights.passes import Outcome
    from bloesem.rights.residue import Found, Progress
    from bloesem.stores.dsn import Dsn
    from bloesem.stores.postgres import Connection

Columns = Set[tuple[str, str]]

EXAMPLES = """\
examples:
  bloesem residue                                           in the database that `bloesem up` uses
  bloesem residue --store postgresql://me@db.example/shop
  bloesem residue --store postgresql://me@db.example/shop --map map.yaml --json     says too which columns no map names

--json: `residue` is what is left, `kept` what is lawfully there, `unread` what could not be read, `not_proven` the acts
after which nobody was looked for, as no key here opens whom they erased (docs/rights.md has each key)

exit code: 0 everything was read and nothing found; 1 something is left, or could not be read; 3 a database cannot be
reached
"""


def configure(parser: argparse.ArgumentParser) -> None:
    shared.add_store(parser, f"the database to look in (default: {shared.HERE})")
    parser.add_argument(
        "--map",
        type=shared.path,
        action="append",
        default=[],
        metavar="PATH",
        help="say which findings no map names",
    )
    parser.add_argument(
        "--company",
        type=shared.path,
        metavar="DIR",
        help="of a database that Bloesem guards: whose policy is in force",
    )
    shared.add_prefix(parser)
    parser.add_argument(
        "--timeout",
        type=seconds,
        default=3600.0,
        metavar="SECONDS",
        help="how long one table may take (3600); one that takes longer is named as not read",
    )
    shared.add_json(parser)


def seconds(text: str) -> float:
    """in: more than none, and fewer than PostgreSQL can count. raises: ValueError."""
    found = float(text)
    if not 0.001 <= found <= 2_000_000:
        raise ValueError(text)
    return found


def run(arguments: argparse.Namespace) -> int:
    from bloesem.policy.company import load_company
    from bloesem.rights import home, passes
    from bloesem.rights.crew import CORES
    from bloesem.rights.record import HomeRecord

    url = arguments.store or shared.HERE
    mapped = _mapped(arguments.map)
    if arguments.company:  # named wrongly it is said before anything is read
        load_company(shared.home(arguments))
    now = dt.datetime.now(dt.UTC)
    with home.opened(now) as rights, _store(url) as (dsn, connection):
        store = rights.store(dsn, now)
        # What was cut off and never happened is no erasure: nobody is looked for after it.
        HomeRecord(rights, store, "", lambda: dt.datetime.now(dt.UTC)).settle(connection)
        erased = rights.erased(store, now, set())
        outcome = passes.over(
            rights, store, connection, now, Teller(), seconds=arguments.timeout, workers=CORES
        )
        outcome, kept = _judged(arguments, connection, outcome, erased)
    if arguments.json:
        said = outcome.residue.json() | {"kept": kept}
        said |= {"erasures": outcome.acts, "resumed": outcome.resumed}
        shared.print_json(left(said, mapped, outcome.shut))
    else:
        print("\n".join([*_lines(outcome, mapped), *kept_lines(kept)]))
    result = outcome.residue
    return 0 if result.whole and not result.found and not outcome.shut else 1


def _judged(
    arguments: argparse.Namespace, connection: Connection, outcome: Outcome, erased: dict[int, set[str]]
) -> tuple[Outcome, list[dict[str, Any]]]:
    """Of a database that Bloesem guards: what is left, and apart from it what is lawfully kept."""
    from dataclasses import replace

    from bloesem import company
    from bloesem.commands.people import in_force, same_plan
    from bloesem.rights.guarded import left
    from bloesem.stores.facts import moment

    if not erased:
        return outcome, []
    read = company.load(
        shared.home(arguments),
        on=in_force(connection)[1],
        prefix=arguments.prefix,
        maps=arguments.map,
    )
    plan = read.plan
    same_plan(plan, connection)
    at = moment(connection, plan)
    residue, kept = left.judged(connection, plan, outcome.residue, erased, at, read.policy.language)
    return replace(outcome, residue=residue), kept


@contextmanager
def _store(url: str) -> Iterator[tuple[Dsn, Connection]]:
    """The database to look in, of any version that can be read."""
    from bloesem.stores.dsn import Dsn
    from bloesem.stores.postgres import FOREIGN, connect

    if url != shared.HERE:
        dsn = Dsn.parse(url)
        with connect(dsn, autocommit=True, application="bloesem-residue", oldest=FOREIGN) as connection:
            yield dsn, connection
        return
    with shared.store(url) as connection:
        yield shared.address_of(url, connection), connection


def _mapped(paths: list[Path]) -> Columns | None:
    """What the maps name. None: no map was given."""
    from bloesem.datamap.load import load_map

    return columns(load_map(paths)) if paths else None


def columns(datamap: DataMap) -> Columns:
    """Table and column of all that a map names."""
    return {
        (f"{dataset.db_schema}.{collection.name}", field.name)
        for dataset in datamap.dataset
        for collection in dataset.collections
        for field in collection.fields
    }


def left(said: dict[str, Any], mapped: Columns | None, shut: Sequence[int] = ()) -> dict[str, Any]:
    """For programs: what is left after one erasure, or all of a pass, in the same keys. `shut`: as `passes.Outcome`."""
    for one in said["residue"]:
        one["mapped"] = None if mapped is None else (one["table"], one["column"]) in mapped
    return {"kept": [], **said, "not_proven": list(shut)}


def _lines(outcome: Outcome, mapped: Columns | None) -> list[str]:
    result, acts = outcome.residue, outcome.acts
    if not acts and not outcome.shut:
        lines = ["Nobody was erased here since the last pass: there is nothing to look for."]
    elif result.found:
        rows = [_row(found, mapped) for found in result.found]
        map_ = [] if mapped is None else ["map"]
        lines = [shared.table(rows, ["table", "column", "what", "rows", *map_, "first"]), ""]
    else:
        lines = ["Nothing is left."] if acts else []
    if acts:
        lines.append(
            f"Looked for {acts:,} erasures in {result.tables:,} tables, {result.bytes / 1e6:,.0f} MB,"
            f" {result.seconds:.1f} s."
            + (" A pass that was cut off went on where it was." if outcome.resumed else "")
        )
    if outcome.shut:
        numbers = ", ".join(map(str, outcome.shut))
        lines.append(
            f"not proven: nobody was looked for after act {numbers}: no key here opens whom it erased; restore rights.keys"
        )
    for one in result.unread:
        columns = f" ({', '.join(one.columns)})" if one.columns else ""
        lines.append(f"not read: {one.table}{columns}: {one.reason}")
    if result.unread:
        lines.append(
            "As long as something is not read, the same people are looked for again (for seven days)."
        )
    return lines


def _row(found: Found, mapped: Columns | None) -> list[str]:
    key = found.keys[0]
    first = key if isinstance(key, str) else ", ".join(f"{name} {value}" for name, value in key.items())
    map_ = [] if mapped is None else ["mapped" if (found.table, found.column) in mapped else "in no map"]
    return [found.table, found.column, found.what, f"{found.rows:,}", *map_, first]


def kept_lines(kept: Sequence[dict[str, Any]]) -> list[str]:
    """What stands there lawfully: where, why and until when."""
    return [
        f"kept: {one['what']} in {one['table']}.{one['column']}, {one['rows']:,} rows: {one['reason']}"
        + (f", until {one['until']}" if one["until"] else "")
        for one in kept
    ]


class Teller:
    """Says on stderr how far the pass is, every two seconds."""

    def __init__(self) -> None:
        self.last = time.monotonic()

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if now - self.last >= 2:
            self.last = now
            read, size = f"{progress.bytes / 1e6:,.0f}", f"{progress.size / 1e6:,.0f}"
            print(
                f"{progress.table}: {read} of about {size} MB ({progress.done + 1} of {progress.tables} tables)",
                file=sys.stderr,
            )

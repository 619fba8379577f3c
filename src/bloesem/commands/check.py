"""Lints a policy and its data map, and holds them against a database.

Without --store only files are read: tables from which no person is reached, links without an end, categories without
purpose, purposes without column; recipients whose contract, audit, transfer or assessment is missing, has lapsed or lapses
soon, by name. With --store also what is really there: every table and column that no map names,
drift of grants, roles, policies, triggers, functions and views from the plan, and whether all masks are what the facts
say. Nothing is changed, in any case.

Of a database that is not guarded (`guarded: false`) the map is checked instead: what nobody decided yet, links without an
end, and with --store every table, column and foreign key that the map does not name.

What the words of the policy say wrongly, weakly or not at all (rules L-001 to L-087) is counted; of a version
that is named, and with --text, it is listed with line, article and remedy; with --text its errors count. A new version with
errors among them cannot be published.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bloesem.commands import shared
from bloesem.errors import BloesemError, MapError, PlanError

if TYPE_CHECKING:
    from bloesem.datamap.load import LoadedMap
    from bloesem.findings import Finding
    from bloesem.policy.company import Company
    from bloesem.policy.model import Policy
    from bloesem.stores.postgres import Connection

EXAMPLES = """\
examples:
  bloesem check                                                  the company of this repository, files alone
  bloesem check company/blossom/policy/2024-03-18 company/blossom/datamap
  bloesem check --store here                                     and the database that `bloesem up` runs
  bloesem check --store postgresql://dba@db.example/crm company/minimal maps/crm.yaml
  bloesem check --store postgresql://me@db.example/shop company/minimal map.yaml    what `bloesem discover` still asks
  bloesem check --text                                           also what the policy says wrongly, weakly or not at all

exit code: 0 nothing wrong; 1 errors found; 2 wrong call; 3 the database cannot be reached or used
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "policy",
        nargs="?",
        type=shared.path,
        metavar="POLICY",
        help="a company, or one version of its policy",
    )
    parser.add_argument(
        "maps", nargs="*", type=shared.path, metavar="MAP", help="data maps (default: the company's own)"
    )
    shared.add_store(parser, "the database to hold them against")
    shared.add_company(parser)
    parser.add_argument(
        "--text",
        action="store_true",
        help="list the findings about the policy's words, and let their errors count",
    )
    shared.add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from bloesem.findings import errors

    version = None
    if arguments.policy is not None:
        arguments.company, version = shared.version_of(arguments.policy)
    arguments.map = [*arguments.map, *arguments.maps]
    found, text = _findings(arguments, version)
    wrong = errors(found) + (errors(text) if arguments.text else 0)
    if arguments.json:
        said = {
            "findings": [f.as_dict() for f in found],
            "text": [_of_line(f) for f in text],
            "errors": wrong,
            "warnings": sum(f.severity == "warning" for f in found),
        }
        shared.print_json(said)
        return 1 if wrong else 0
    listed = arguments.text or version is not None
    for one in [*found, *(text if listed else [])]:
        print(one)
    _summary(found, text, listed=listed, store=arguments.store)
    return 1 if wrong else 0


def _of_line(found: Finding) -> dict[str, Any]:
    """A finding about the words as plain values: with its number, line and article by themselves."""
    line = found.where.rpartition(":")[2]
    return {
        **found.as_dict(),
        "id": found.kind,
        "line": int(line) if line.isdecimal() else None,
        "article": found.rule,
    }


def _summary(found: list[Finding], text: list[Finding], *, listed: bool, store: str | None) -> None:
    from bloesem.findings import errors
    from bloesem.terms import counted

    bad = errors(found)
    if found:
        print()
    held = "policy, map and database" if store else "policy and map"
    more = f", {counted(len(found) - bad, 'warning')}" if len(found) > bad else ""
    print(f"{held}: {counted(bad, 'error')}{more}" if found else f"{held}: nothing wrong")
    if not store:
        print("no database was asked (--store URL)", file=sys.stderr)
    if text:
        print(
            f"the policy's words: {counted(len(text), 'finding')}{'' if listed else ' (--text lists them)'}"
        )


def _findings(arguments: argparse.Namespace, version: dt.date | None) -> tuple[list[Finding], list[Finding]]:
    """(of map and store, of the text). in: the version that was named, judged today while it is in force, else as on its
    first day. A map from which no plan follows is still held against the database."""
    from bloesem import company
    from bloesem.datamap.check import map_findings, plan_findings
    from bloesem.datamap.load import read_map
    from bloesem.policy.company import late_reviews, load_company
    from bloesem.policy.conditions import conflicts
    from bloesem.policy.officer import officer_findings
    from bloesem.recipients.findings import recipient_findings
    from bloesem.register.activities import register
    from bloesem.register.dpia import findings as assessments

    home = shared.home(arguments)
    read = load_company(home)
    on = arguments.on or shared.today()
    if version is not None and arguments.on is None and not _valid(read, version, on):
        on = version
    policy = read.in_force(on)
    text = _of_text(read, policy, on)
    maps = read_map(arguments.map or read.maps)
    if not all(dataset.guarded for dataset in maps.datamap.dataset):
        foreign = _of_foreign(maps, policy, arguments.store)
        if arguments.store and not any(one.severity == "error" for one in foreign):
            foreign += _answerable(arguments.store, read, policy, maps, on)
        gone = recipient_findings(read, policy, on)
        return _graver_first([*foreign, *late_reviews(read.record, on), *gone]), text
    databases = [dataset.fides_key for dataset in maps.datamap.dataset]
    found = [
        *map_findings(maps),
        *late_reviews(read.record, on),
        *conflicts(policy, read.record),
        *officer_findings(policy, read.record, on),
        *recipient_findings(read, policy, on, databases),
        *assessments(read, register(read, on)),
    ]
    plan = None
    try:
        loaded = company.load(home, on=on, prefix=arguments.prefix, maps=arguments.map, company=read)
        plan = loaded.plan
        found += plan_findings(policy, read.record, plan, maps, read.where)
    except (PlanError, MapError) as fault:
        if not any(f.severity == "error" for f in found):
            found += _as_findings("no-plan", fault)
    if arguments.store:
        from bloesem.findings import Finding
        from bloesem.publishing.altered import altered
        from bloesem.sending.indirect import findings as late_notices
        from bloesem.stores.check import schema_findings, store_findings

        with shared.store(arguments.store) as connection, connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            schema = schema_findings(connection, maps, plan)
            found += schema
            if plan is not None and not any(f.kind.startswith("dangling-") for f in schema):
                found += store_findings(connection, plan)
                found += _due(connection, read, on)
                found += late_notices(connection, plan, on)
                found += [
                    Finding("error", "altered-version", one.what, one.rule, one.remedy)
                    for one in altered(connection, plan, read)
                ]
    return _graver_first(found), text


def _valid(company: Company, version: dt.date, day: dt.date) -> bool:
    """Whether that version is the one in force on the day."""
    begun = [one.version for one in company.versions if one.version <= day]
    return bool(begun) and max(begun) == version and company.in_force(day).version == version


def _due(connection: Connection, company: Company, on: dt.date) -> list[Finding]:
    """What recipients have to confirm (P-116, P-117, P-120, P-121), where a plan with that record is in force."""
    from bloesem.recipients.register import warned_until
    from bloesem.recipients.returns import open_ones, overdue_findings

    row = connection.execute("SELECT to_regclass('bloesem.disclosure_end') IS NOT NULL").fetchone()
    if row != (True,):
        return []
    return overdue_findings(open_ones(connection), on, warned_until(company, on))


def _of_foreign(maps: LoadedMap, policy: Policy, store: str | None) -> list[Finding]:
    """A database that nobody guards: is its map decided and whole?"""
    from bloesem.datamap.undecided import foreign_findings

    found = foreign_findings(maps, policy)
    if store:
        from bloesem.stores.check import foreign_store_findings
        from bloesem.stores.postgres import FOREIGN

        with shared.store(store, oldest=FOREIGN) as connection, connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            found += foreign_store_findings(connection, maps)
    return found


def _answerable(store: str, company: Company, policy: Policy, maps: LoadedMap, on: dt.date) -> list[Finding]:
    """What a request of a person would be refused for: links that do not hold together, a policy that does not fit."""
    from bloesem.rights.graph import build
    from bloesem.rights.judge import compile_foreign
    from bloesem.rights.remarks import remarks
    from bloesem.stores.postgres import FOREIGN
    from bloesem.stores.schema import read_schema

    with shared.store(store, oldest=FOREIGN) as connection:
        live = read_schema(connection)
    try:
        graph = build(maps, live)
        plan = compile_foreign(company, policy, graph, on)
    except (MapError, PlanError) as fault:
        kind = "no-graph" if isinstance(fault, MapError) else "no-plan"
        return _as_findings(kind, fault)
    return remarks(graph, plan)


def _graver_first(found: list[Finding]) -> list[Finding]:
    return sorted(found, key=lambda f: f.severity != "error")


def _as_findings(kind: str, fault: BloesemError) -> list[Finding]:
    """Each problem that it lists with its own rule and remedy, or each line of what it says."""
    from bloesem.findings import Finding
    from bloesem.source import REMEDY, RULE

    listed = [
        (f"{one.key}: {one.message}", one.rule or RULE, one.remedy or REMEDY, one.place)
        for one in fault.problems
    ] or [(line, fault.rule, fault.remedy, "") for line in fault.thing.split("\n")]
    return [Finding("error", kind, *one) for one in listed]


def _of_text(company: Company, policy: Policy, on: dt.date) -> list[Finding]:
    """What the linter finds. Of a company without a text, what the loader knows of its model."""
    from bloesem.findings import Finding
    from bloesem.policy.lint import lint
    from bloesem.policy.lint.reading import notice_of, proven_by
    from bloesem.promises import LAST_RUN

    last = Path(os.environ.get("BLOESEM_LAST_RUN") or LAST_RUN)
    found = []
    for one in lint(notice_of(company, policy, on, proven_by(last))):
        where = f"the text:{one.line}" if one.line else ""
        thing = f"{one.id} {one.rule.name}: {one.thing}"
        found.append(Finding(one.severity, one.id, thing, one.rule.article, one.remedy, where))
    return found

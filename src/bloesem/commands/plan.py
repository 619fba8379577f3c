"""Shows the SQL that puts a policy in force, before it is applied, as a person would write it.

Choose by section, table or purpose; or ask for the matrix (which purpose reads which column), or for what would be
different on a database (--diff). --apply puts the plan in force: all of it in one transaction, or nothing; --rehearse
does the same, says how many rows change and values go, and takes it back.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bloesem.commands import shared

if TYPE_CHECKING:
    from bloesem.plan.model import Plan, PurposePlan, TablePlan
    from bloesem.plan.sql import Statement

SECTIONS = ("roles", "runtime", "masks", "state", "clock", "gate", "views")

EXAMPLES = """\
examples:
  bloesem plan                                       everything, in the order in which it runs
  bloesem plan --section gate --table session        who may read sessions: grants and row policies
  bloesem plan --purpose marketing                   all that speaks of marketing
  bloesem plan --matrix                              purposes × columns
  bloesem plan --diff --store here                   what the next activation would change in that database
  bloesem plan --rehearse --store here               and how many rows and values that would be
  bloesem plan --apply --store postgresql://dba@db.example/crm

exit code: 0; 1 no plan follows from policy, law and map; 2 wrong call; 3 the database cannot be reached or used
"""


def configure(parser: argparse.ArgumentParser) -> None:
    what = parser.add_argument_group("what to show")
    what.add_argument("--section", choices=SECTIONS, help="one part of the SQL")
    what.add_argument("--table", metavar="TABLE", help="what is about one table")
    what.add_argument("--purpose", metavar="PURPOSE", help="what is about one purpose")
    what.add_argument("--matrix", action="store_true", help="a table of purposes and columns instead of SQL")
    act = parser.add_argument_group("a database")
    shared.add_store(act, "the database")  # type: ignore[arg-type]
    act.add_argument("--diff", action="store_true", help="what differs there from what the plan makes")
    act.add_argument(
        "--rehearse", action="store_true", help="put it in force, say what that did, and take it back"
    )
    act.add_argument("--apply", action="store_true", help="put it in force")
    act.add_argument("--force", action="store_true", help="with --apply: also when it is in force already")
    act.add_argument(
        "--credentials",
        metavar="DIR",
        help="with --apply: the logins' passwords and scope keys (made when missing)",
    )
    shared.add_company(parser)
    shared.add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    _fits(arguments)
    plan = shared.load(arguments).plan
    if arguments.apply or arguments.rehearse or arguments.diff:
        if not arguments.store:
            raise shared.UsageError(
                "no database was named",
                "this compares with, or changes, a database",
                "add --store URL, or --store here",
            )
        return _diff(plan, arguments) if arguments.diff else _apply(plan, arguments)
    table = plan.table(arguments.table) if arguments.table else None
    purpose = plan.purpose(arguments.purpose) if arguments.purpose else None
    if arguments.matrix:
        return _matrix(plan, table, purpose, arguments.json)
    return _sql(plan, table, purpose, arguments)


def _fits(arguments: argparse.Namespace) -> None:
    """Refuses options that go without each other, or not together."""
    acts = [f"--{name}" for name in ("diff", "rehearse", "apply") if getattr(arguments, name)]
    if len(acts) > 1:
        raise shared.UsageError(" and ".join(acts), "it is one or the other", "leave one out")
    for name in ("force", "credentials"):
        if getattr(arguments, name) and not arguments.apply:
            raise shared.UsageError(
                f"--{name} without --apply",
                "it says how a plan is put in force",
                "add --apply, or leave it out",
            )
    if arguments.credentials and Path(arguments.credentials).is_file():
        raise shared.UsageError(
            f"--credentials {arguments.credentials}: is a file",
            "they are a directory of files",
            "name a directory",
        )


# ---- SQL ---------------------------------------------------------------------------------------------------------


def _sql(
    plan: Plan, table: TablePlan | None, purpose: PurposePlan | None, arguments: argparse.Namespace
) -> int:
    from bloesem.plan.sql import statements
    from bloesem.terms import counted

    chosen = [
        s
        for s in statements(plan)
        if (arguments.section is None or s.section == arguments.section)
        and (table is None or _about_table(s, table))
        and (purpose is None or _about_purpose(plan, s, purpose))
    ]
    if arguments.json:
        shared.print_json([{"section": s.section, "about": s.about, "sql": s.sql} for s in chosen])
        return 0
    print(
        f"-- {plan.company}: policy of {plan.version}, {counted(len(chosen), 'statement')}, one transaction"
    )
    section = ""
    for one in chosen:
        if one.section != section:
            section = one.section
            print(f"\n-- {'=' * 20} {section} {'=' * (90 - len(section))}\n")
        print(one)
    return 0


def _about_table(statement: Statement, table: TablePlan) -> bool:
    names = rf"(?<![\w.]){re.escape(table.schema)}\.{re.escape(table.name)}(?!\w)"
    return bool(re.search(names, statement.sql)) or statement.about.split(":")[0] == table.name


def _about_purpose(plan: Plan, statement: Statement, purpose: PurposePlan) -> bool:
    role, name = re.escape(plan.role(purpose.name)), re.escape(purpose.name)
    return bool(
        re.search(rf"(?<!\w){role}(?!\w)|(?<![\w.]){name}\.|SCHEMA (IF EXISTS )?{name}(?!\w)", statement.sql)
    )


# ---- matrix --------------------------------------------------------------------------------------------------------


def _matrix(plan: Plan, table: TablePlan | None, purpose: PurposePlan | None, as_json: bool) -> int:
    tables = [table] if table else list(plan.tables)
    purposes = [purpose] if purpose else list(plan.purposes)
    if as_json:
        shared.print_json(
            {
                f"{t.name}.{c.name}": [p.key for p in purposes if p.active and c.purposes & p.mask]
                for t in tables
                for c in t.columns
                if not c.key
            }
        )
        return 0
    print(f"{plan.company}, policy of {plan.version}.  ● reads   ○ reads only what a hold names   ")
    print("Keys (ids, links, dates that decide) belong to every purpose that reads their table.\n")
    letters = {p.key: chr(ord("a") + i) if i < 26 else chr(ord("A") + i - 26) for i, p in enumerate(purposes)}
    for one in purposes:
        print(f"  {letters[one.key]}  {one.key}{'' if one.active else f'  (off: {one.why_off})'}")
    width = max(len(f"{t.name}.{c.name}") for t in tables for c in t.columns if not c.key)
    for t in tables:
        print(f"\n{t.name.ljust(width)}  {' '.join(letters[p.key] for p in purposes)}")
        for column in t.columns:
            if not column.key and (purpose is None or column.purposes & purpose.mask):
                print(
                    f"  {column.name.ljust(width - 2)}  {' '.join(_mark(p, column.purposes) for p in purposes)}"
                )
    return 0


def _mark(purpose: PurposePlan, readers: int) -> str:
    if not purpose.active or not readers & purpose.mask:
        return "·"
    return "○" if purpose.hold else "●"


# ---- a database ----------------------------------------------------------------------------------------------------


def _diff(plan: Plan, arguments: argparse.Namespace) -> int:
    """Put in force and taken back: the difference between the catalogue before and after."""
    from bloesem.stores.install import difference
    from bloesem.terms import counted

    with shared.store(arguments.store) as connection:
        found = difference(connection, plan)
    if arguments.json:
        shared.print_json(
            [{"kind": d.kind, "name": d.name, "how": d.how, "was": d.was, "now": d.now} for d in found]
        )
        return 0
    for one in found:
        print(_line(one))
    print(counted(len(found), "difference") if found else "nothing would change")
    return 0


def _line(one: object) -> str:
    from bloesem.stores.catalogue import Difference

    assert isinstance(one, Difference)
    sign = {"missing": "-", "added": "+", "changed": "~"}[one.how]
    text = f"{sign} {one.kind} {one.name}"
    if one.kind in ("policy", "grants on", "membership", "role", "table") and one.how != "missing":
        text += f"\n    {' '.join(one.now.split())}"
        if one.how == "changed":
            text += f"\n    was {' '.join(one.was.split())}"
    return text


def _apply(plan: Plan, arguments: argparse.Namespace) -> int:
    from bloesem.gate.secrets import CredentialsDirectory
    from bloesem.publishing.steps import require_published
    from bloesem.stores.install import install
    from bloesem.terms import counted

    given = CredentialsDirectory(Path(arguments.credentials)) if arguments.credentials else None

    def progress(done: int, people: int) -> None:
        if sys.stderr.isatty():
            print(f"\rmasks: {done} of {people} people", end="\n" if done >= people else "", file=sys.stderr)

    with shared.store(arguments.store) as connection:
        if arguments.apply:
            require_published(connection, plan)
        done = install(
            connection,
            plan,
            credentials=given if arguments.apply else None,
            force=arguments.force or arguments.rehearse,
            rehearse=arguments.rehearse,
            progress=progress,
        )
    if arguments.json:
        shared.print_json(
            {
                "changed": done.changed,
                "rehearsal": done.rehearsal,
                "digest": done.digest,
                "people": done.people,
                "tables": done.counts,
                "retired": list(done.retired),
                "mended": list(done.mended),
            }
        )
        return 0
    if not done.changed:
        print(f"the plan of {plan.version} is in force already, and nothing has drifted")
        return 0
    print(f"the plan of {plan.version} {'would be' if done.rehearsal else 'is'} in force")
    for what, items in (("retired", done.retired), ("mended", done.mended)):
        for item in items:
            print(f"  {what}: {item}")
    if done.people:
        print(f"  masks of {counted(done.people, 'person', 'people')}:")
        rows = [
            (name, str(c.get("deleted", 0)), str(c.get("changed", 0)), str(_sum(c.get("erased", {}))))
            for name, c in done.counts.items()
            if isinstance(c, dict)
        ]
        print(shared.table(rows, ("table", "rows that go", "rows that change", "values that go")))
    return 0


def _sum(counts: object) -> int:
    if isinstance(counts, dict):
        return sum(_sum(value) for value in counts.values())
    return counts if isinstance(counts, int) else 0

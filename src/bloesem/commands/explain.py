"""Says whether a purpose may read a column, on what ground, and until when; with the words of the policy.

With --store and --row also for one real row: what the facts about its person say today.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from bloesem.commands import shared

if TYPE_CHECKING:
    from bloesem.company import Loaded
    from bloesem.plan.model import Clock, ColumnPlan, PurposePlan, TablePlan

EXAMPLES = """\
examples:
  bloesem explain marketing email_address.value
  bloesem explain billing session.energy_wh --json
  bloesem explain support session.place --store here --row 123456
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "purpose", metavar="PURPOSE", help="a part of the policy, or a purpose of the law (law:claims)"
    )
    parser.add_argument("column", metavar="TABLE.COLUMN")
    shared.add_store(parser, "the database of the row")
    parser.add_argument(
        "--row", type=int, metavar="ID", help="the row's number: what is decided for it today"
    )
    shared.add_company(parser)
    shared.add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    loaded = shared.load(arguments)
    plan = loaded.plan
    purpose = plan.purpose(arguments.purpose)
    name, _, field = arguments.column.rpartition(".")
    if not name:
        raise shared.UsageError(
            f"`{arguments.column}` names no column", "TABLE.COLUMN", "write it as session.place"
        )
    table = plan.table(name.rpartition(".")[2])
    said = _said(loaded, purpose, table, table.column(field))
    if arguments.row is not None:
        if not arguments.store:
            raise shared.UsageError("--row without a database", "a row lies in a database", "add --store URL")
        said["row"] = _row(arguments, loaded, purpose, table, table.column(field))
    if arguments.json:
        shared.print_json(said)
        return 0
    print(_text(said))
    return 0


def _said(loaded: Loaded, purpose: PurposePlan, table: TablePlan, column: ColumnPlan) -> dict[str, Any]:
    plan, policy = loaded.plan, loaded.policy
    reads = bool(purpose.active and column.purposes & purpose.mask)
    category = column.categories[0] if column.categories else None
    row = policy.purposes.get(purpose.of)
    return {
        "purpose": purpose.key,
        "column": f"{table.name}.{column.name}",
        "reads": reads,
        "why": _why(purpose, column, table, reads),
        "categories": list(column.categories),
        "category_label": dict(policy.categories[category].label) if category in policy.categories else {},
        "key": column.key,
        "basis": purpose.basis,
        "article": purpose.article,
        "of": purpose.of,
        "lines": list(row.lines) if row else [],
        "keep": [_clock(clock) for clock in purpose.clocks] or (["hold"] if purpose.hold else ["none"]),
        "objection": purpose.objection,
        "narrow": [
            {
                "when": n.when.model_dump(exclude_defaults=True) if n.when else None,
                "before_contract": n.before_contract,
                "why": n.why,
                "promises": list(n.promises),
            }
            for n in table.narrow
            if n.removed & purpose.mask
        ],
        "ceilings": [
            {"rule": c.key, "for": c.period, "article": c.article}
            for c in table.ceilings
            if c.mask & purpose.mask
        ],
        "others": [
            p.key for p in plan.purposes if p.active and p is not purpose and column.purposes & p.mask
        ],
        "where": loaded.maps.where(table.schema, table.name, column.name),
    }


def _why(purpose: PurposePlan, column: ColumnPlan, table: TablePlan, reads: bool) -> str:
    if not purpose.active:
        return f"the purpose is off: {purpose.why_off}"
    if column.key and reads:
        return "a key: it belongs to every purpose that reads the table"
    if reads:
        return "its category is among what the purpose reads" + (", under a hold" if purpose.hold else "")
    if not table.bits & purpose.mask:
        return "the purpose needs nothing of this table (P-050)"
    return "the purpose does not need this category (P-050)"


def _clock(clock: Clock) -> str:
    text = f"{clock.period} after {clock.after}"
    if clock.end_of_year:
        text += ", counted from the end of that year"
    if clock.reopened_by:
        text += f", unless {clock.reopened_by} comes later"
    if clock.records_from or clock.records_until:
        text += f", for records {clock.records_from or '…'} to {clock.records_until or '…'}"
    if clock.fallback:
        text += f"; where that never comes: {_clock(clock.fallback)}"
    return text


def _row(
    arguments: argparse.Namespace, loaded: Loaded, purpose: PurposePlan, table: TablePlan, column: ColumnPlan
) -> dict[str, Any]:
    """What the slow interpreter says of one row; the value itself is never read into the answer."""
    from bloesem.plan.calculus import permits
    from bloesem.stores.facts import facts_of, moment, row_of

    with shared.store(arguments.store) as connection:
        row = row_of(connection, loaded.plan, table, arguments.row)
        owners = [int(row[o]) for o in table.owners if row.get(o) is not None]
        facts = facts_of(connection, loaded.plan, owners)
        now = moment(connection, loaded.plan)
    decision = permits(loaded.plan, facts, table, row, column, purpose.key, now)
    reason = decision.reason
    return {
        "id": arguments.row,
        "allowed": decision.allowed,
        "stored": decision.stored,
        "why": reason.why,
        "since": reason.since,
        "until": reason.until,
        "at": now,
    }


def _text(said: dict[str, Any]) -> str:
    may = "may read" if said["reads"] else "may not read"
    lines = [f"{said['purpose']} {may} {said['column']}: {said['why']}"]
    label = said["category_label"].get("en") or next(iter(said["category_label"].values()), "")
    if said["categories"]:
        lines.append(f"  category   {', '.join(said['categories'])}" + (f" ({label})" if label else ""))
    text = f"{said['of']}, text line {', '.join(map(str, said['lines']))}" if said["lines"] else said["of"]
    lines.append(f"  ground     {said['basis']}, {said['article']} ({text})")
    lines += [f"  kept       {keep}" for keep in said["keep"]]
    if said["objection"] != "none":
        lines.append(f"  objection  {said['objection']}")
    for narrow in said["narrow"]:
        promises = f" ({', '.join(narrow['promises'])})" if narrow["promises"] else ""
        where = _condition(narrow["when"]) if narrow["when"] else "the row is of this table"
        where += " and no contract has begun" if narrow["before_contract"] else ""
        lines.append(f"  not where  {where}: {narrow['why']}{promises}")
    lines += [
        f"  at most    {c['for']} after the record: {c['rule']}, {c['article']}" for c in said["ceilings"]
    ]
    lines.append(f"  also read by  {', '.join(said['others']) or 'nobody'}")
    lines.append(f"  mapped in  {said['where']}")
    row = said.get("row")
    if row:
        verdict = "may be read now" if row["allowed"] else "may not be read now"
        until = f", until {row['until']}" if row["until"] else ""
        lines.append(
            f"  row {row['id']}: {verdict} ({row['why']}{until}); "
            f"{'must be stored' if row['stored'] else 'nothing keeps the value'}"
        )
    return "\n".join(lines)


def _condition(when: dict[str, Any]) -> str:
    column = when["column"]
    if when.get("null") is not None:
        return f"{column} is {'empty' if when['null'] else 'filled in'}"
    if "starts_with" in when:
        return f"{column} starts with {when['starts_with']}"
    if "one_of" in when:
        return f"{column} is one of {', '.join(map(str, when['one_of']))}"
    return f"{column} is {when.get('equals')}"

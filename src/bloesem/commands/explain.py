"""Says whether a purpose may read a column, on what ground, and until when; with the words of the policy.

Without a purpose: what a column is (its category), where its values come from, and which purposes read it (P-014).
With --store and --row also for one real row: what the facts about its person say today.
"""

from __future__ import annotations

import argparse
import re
import textwrap
from typing import TYPE_CHECKING, Any

from bloesem.commands import shared

if TYPE_CHECKING:
    from bloesem.company import Loaded
    from bloesem.plan.model import Clock, ColumnPlan, PurposePlan, TablePlan

EXAMPLES = """\
examples:
  bloesem explain marketing email_address.value
  bloesem explain billing session.energy_wh --json
  bloesem explain person_name.given_name
  bloesem explain support session.place --store here --row 123456

exit code: 0, whether it may read or not (--json says `reads`); 1 there is no such purpose, table, column or row; 2 wrong
call; 3 the database cannot be reached or used
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "purpose",
        metavar="PURPOSE",
        nargs="?",
        help="a part of the policy, or a purpose of the law (law:claims); left out: all that read the column",
    )
    parser.add_argument("column", metavar="TABLE.COLUMN")
    shared.add_store(parser, "the database of the row")
    parser.add_argument(
        "--row",
        type=shared.whole(1, 2**63 - 1),
        metavar="ID",
        help="the row's number: what is decided for it today",
    )
    shared.add_company(parser)
    shared.add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    loaded = shared.load(arguments)
    plan = loaded.plan
    purpose = plan.purpose(arguments.purpose) if arguments.purpose is not None else None
    schema, name, field = _column_named(arguments.column)
    table = plan.table(name)
    if schema not in ("", table.schema):
        raise shared.UsageError(
            f"`{arguments.column}`: table {name} lies in schema {table.schema}, not in `{schema}`",
            "the data map says where a table lies",
            f"write {name}.{field}",
        )
    if purpose is None:
        if arguments.row is not None:
            raise shared.UsageError(
                "--row without a purpose", "a row is decided for a purpose", "name the purpose"
            )
        about = column_about(loaded, table, table.column(field))
        if arguments.json:
            shared.print_json(about)
        else:
            print(_about_text(about))
        return 0
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


def _column_named(text: str) -> tuple[str, str, str]:
    """in: TABLE.COLUMN or SCHEMA.TABLE.COLUMN. out: schema (may be empty), table, column."""
    names = text.split(".")
    if len(names) not in (2, 3) or not all(names):
        raise shared.UsageError(f"`{text}` names no column", "TABLE.COLUMN", "write it as session.place")
    return ("", names[0], names[1]) if len(names) == 2 else (names[0], names[1], names[2])


def column_about(loaded: Loaded, table: TablePlan, column: ColumnPlan) -> dict[str, Any]:
    """What a column is: its categories, or what it is for the row; the declared sources that may give it; the purposes in
    force that read it. out: plain values, in the order in which the policy declares them."""
    policy = loaded.policy
    accepted = [
        (key, source)
        for key, source in policy.sources.items()
        if source.pattern in table.sources
        and (table.default_source is None or re.search(str(source.pattern), table.default_source))
    ]
    return {
        "column": f"{table.name}.{column.name}",
        "key": column.key,
        "is": _is(loaded, table, column),
        "categories": [
            {
                "category": key,
                "label": dict(policy.categories[key].label),
                "type": policy.categories[key].type,
                "line": policy.categories[key].line,
            }
            for key in column.categories
        ],
        "sources": [
            {
                "source": key,
                "label": dict(source.label),
                "origin": column.origin or source.origin,
                "line": source.line,
            }
            for key, source in accepted
        ],
        "purposes": [
            {
                "purpose": p.key,
                "label": dict(p.label),
                "of": p.of,
                "basis": p.basis,
                "article": p.article,
                "under_hold": p.hold,
            }
            for p in loaded.plan.purposes
            if p.active and column.purposes & p.mask
        ],
        "where": loaded.maps.where(table.schema, table.name, column.name),
    }


def _is(loaded: Loaded, table: TablePlan, column: ColumnPlan) -> str:
    """What a key is for its row, from the map; empty for a value."""
    if not column.key:
        return ""
    field = next(
        field
        for dataset in loaded.maps.datamap.dataset
        for collection in dataset.collections
        if (dataset.db_schema, collection.name) == (table.schema, table.name)
        for field in collection.fields
        if field.name == column.name
    )
    scope = next((name for name, of in table.scopes.items() if of == column.name), None)
    links = [reference.field for reference in field.fides.references]
    if field.meta.why:
        return field.meta.why
    if column.name in table.owners:
        return "whose row it is"
    if column.name in table.key:
        return "the row's own number" if not column.categories else "of the row's own number"
    if column.name == table.recorded:
        return "when the row came in"
    if column.name == table.source:
        return "where the values came from"
    if links:
        return f"a link to {', '.join(links)}"
    return f"the {scope} that the row is of" if scope else "decides what the row is for"


def _about_text(about: dict[str, Any]) -> str:
    lines = [about["column"] + (f": {about['is']}" if about["is"] else "")]
    for one in about["categories"]:
        line = f", text line {one['line']}" if one["line"] else ", in no line of the text"
        lines.append(f"  category   {one['category']} ({one['label'].get('en', '')}, {one['type']}{line})")
    lines += [f"  source     {one['source']} ({one['origin']})" for one in about["sources"]]
    for one in about["purposes"]:
        hold = ", under a hold" if one["under_hold"] else ""
        lines.append(f"  purpose    {one['purpose']}: {one['basis']}, {one['article']} ({one['of']}{hold})")
    if not about["purposes"]:
        lines.append("  purpose    none: nobody reads it")
    lines.append(f"  mapped in  {about['where']}")
    return "\n".join(lines)


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
        "quotes": _quotes(loaded, row.lines) if row else [],
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


def _quotes(loaded: Loaded, lines: tuple[int, ...]) -> list[dict[str, Any]]:
    """What the text says on these lines; nothing where the version has no text beside it."""
    policy = loaded.policy
    file = loaded.company.policies / policy.version.isoformat() / f"text.{policy.language}.txt"
    if not file.is_file():
        return []
    text = file.read_text("utf-8").split("\n")
    return [{"line": n, "text": text[n - 1].strip()} for n in lines if n <= len(text)]


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
    for quote in said["quotes"]:  # whole: what matters may stand last
        begin = f"  line {quote['line']:<5} "
        lines.append(
            textwrap.fill(
                f"“{quote['text']}”", 116, initial_indent=begin, subsequent_indent=" " * (len(begin) + 1)
            )
        )
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
        return f"{column} starts with `{when['starts_with']}`"
    if "one_of" in when:
        return f"{column} is one of {', '.join(f'`{value}`' for value in when['one_of'])}"
    return f"{column} is `{when.get('equals')}`"

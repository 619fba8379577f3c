"""The data themselves, for paper: what the files behind the link hold, as tables for somebody without a computer. Pure.

Under the policy's names, in the answer's language; keys and links of ours are left to the files. A letter has its bound:
what comes after it is counted, and said to be in the files, or printed for whoever asks.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from bloesem.answers.model import say
from bloesem.console.language import day
from bloesem.plan.dates import ZONE
from bloesem.plan.model import ColumnPlan, Plan, TablePlan
from bloesem.policy.model import Policy

#: How many rows a letter holds: about sixty pages.
MOST = 1500
#: A table with more columns than a page is wide is told row by row.
WIDE = 6


def annex(
    found: Mapping[str, Sequence[Mapping[str, Any]]],
    plan: Plan,
    policy: Policy,
    language: str,
    most: int = MOST,
) -> dict[str, Any]:
    """in: table → rows, as the engine found them. out: `title`, `lead`, `parts` (title, columns, rows), as `letter.typ` asks
    for; nothing was found: no parts."""
    parts, left = [], most
    total = sum(map(len, found.values()))
    for name, rows in found.items():
        table = next((t for t in plan.tables if t.qualified == name), None)
        if table is None or not rows or left <= 0:
            continue
        shown = _part(table, rows[:left], len(rows), policy, language)
        if shown is not None:
            parts.append(shown)
            left -= min(len(rows), left)
    more = total - (most - left)
    lead = [say("annex.lead", language)]
    if more > 0 and left <= 0:
        lead.append(say("annex.more", language, n=str(more)))
    return {"title": say("annex.title", language), "lead": lead, "parts": parts}


def _part(
    table: TablePlan, rows: Sequence[Mapping[str, Any]], many: int, policy: Policy, language: str
) -> dict[str, Any] | None:
    columns = [
        column
        for column in table.columns
        if column.categories and not column.key and any(row.get(column.name) is not None for row in rows)
    ]
    if not columns:
        return None
    names = _names(columns, policy, language)
    title = f"{_title(columns, policy, language)} ({many})"
    said = [[_cell(row.get(column.name), language) for column in columns] for row in rows]
    if len(columns) <= WIDE:
        return {"title": title, "columns": names, "rows": said}
    lines = [
        [f"{number}", name, value]
        for number, row in enumerate(said, 1)
        for name, value in zip(names, row, strict=True)
        if value
    ]
    return {
        "title": title,
        "columns": [say("annex.number", language), say("item.what", language), say("annex.value", language)],
        "rows": lines,
    }


def _label(column: ColumnPlan, policy: Policy, language: str) -> str:
    labels = (policy.categories[key].label for key in column.categories)
    return ", ".join(dict.fromkeys(one.get(language) or one.get("nl", "") for one in labels))


def _names(columns: Sequence[ColumnPlan], policy: Policy, language: str) -> list[str]:
    """The category that lies in it; where several columns hold the same, the column's own name too."""
    labels = [_label(one, policy, language) for one in columns]
    return [
        label if labels.count(label) == 1 else f"{label}: {column.name.replace('_', ' ')}"
        for label, column in zip(labels, columns, strict=True)
    ]


def _title(columns: Sequence[ColumnPlan], policy: Policy, language: str) -> str:
    labels = list(dict.fromkeys(_label(one, policy, language) for one in columns))
    return ", ".join(labels[:3]) + (" …" if len(labels) > 3 else "")


def _cell(value: Any, language: str) -> str:
    """A value as people write it: days and moments in Brussels, yes and no."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return say("annex.yes" if value else "annex.no", language)
    if isinstance(value, list | tuple):
        return ", ".join(_cell(one, language) for one in value)
    if isinstance(value, str) and (at := _moment(value)) is not None:
        value = at
    if isinstance(value, dt.datetime):
        at = value.astimezone(ZONE) if value.tzinfo is not None else value
        return f"{day(at.date(), language)}, {at:%H:%M}"
    return day(value, language) if isinstance(value, dt.date) else str(value)


def _moment(text: str) -> dt.date | None:
    """A day or a moment, as the engine writes them."""
    if len(text) < 10 or text[4:5] != "-" or text[7:8] != "-":
        return None
    try:
        return dt.datetime.fromisoformat(text) if len(text) > 10 else dt.date.fromisoformat(text)
    except ValueError:
        return None


__all__ = ["MOST", "annex"]

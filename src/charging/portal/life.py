"""The life of one's own data, drawn: each value, who could read it when, when each goes dark, and why (design of the
spine's timeline, for whoever signed in). Inside the person's own scope alone: their rows, and the facts recorded of them.

Nothing is remembered for it: the past follows from the facts, the future is what they imply (`console.timeline`). What was
erased is not there any more, so that no line shows it; a demonstration's diary is the console's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from textwrap import shorten
from typing import Any

from bloesem.console.company import Company
from bloesem.console.people import horizon
from bloesem.console.showing_person import person
from bloesem.console.timeline import Line, Row, Timeline, timeline
from bloesem.gate import Opened, own
from bloesem.plan.dates import civil
from bloesem.plan.model import TablePlan
from charging.portal import mine

#: The newest rows of one table; what is older has the same story, and the page says how many there are.
MOST = 400
#: An example of a value, in characters: whole words, as half a number is another one.
LONGEST = 60


@dataclass(frozen=True)
class Life:
    """The picture; how many rows are not drawn, as there are more or somebody else is on them too."""

    picture: Timeline
    left_out: int


def life(opened: Opened, company: Company, who: int, language: str) -> Life:
    """in: the person's own scope, open, and the number that the account has. out: lines with an example of each value."""
    today = civil(own.moment(opened))
    wording = mine.wording_of(opened, language)
    rows: list[Row] = []
    examples: dict[tuple[str, str], str] = {}
    left_out = 0
    for table in company.plan.tables:
        for values in _read(opened, table):
            if values is None or len({values[o] for o in table.owners if values.get(o) is not None}) != 1:
                left_out += (
                    1  # of a row of two people the other's facts decide too, and those are only theirs
                )
                continue
            filled = frozenset(name for name, value in values.items() if value is not None)
            rows.append(Row(table.name, values, filled))
            for column in table.columns:
                if not column.key and not column.lookup and column.name in filled:
                    text = mine.said(column.name, values[column.name], wording)
                    examples.setdefault((table.name, column.name), shorten(text, LONGEST, placeholder="…"))
    picture = timeline(company.plan, who, {who: own.facts(opened, who)}, rows, today, horizon(today))
    lines = tuple(_with_example(line, examples) for line in picture.lines)
    return Life(replace(picture, lines=lines), left_out)


def context(found: Life, company: Company, language: str) -> dict[str, Any]:
    """What the template shows of it."""
    return {**person(company, found.picture, language, own=True), "left_out": found.left_out}


def _read(opened: Opened, table: TablePlan) -> Iterator[dict[str, Any] | None]:
    """The newest rows as the scope shows them, with the columns that decide about them; None for each that is not read."""
    granted = opened.grants(table.name).read
    names = [c.name for c in table.columns if c.name in granted]
    if not names or not set(table.owners[:1]) <= set(names):
        return
    rows, count = mine.newest(opened, table, names, MOST)
    yield from rows
    yield from [None] * (count - len(rows))


def _with_example(line: Line, examples: dict[tuple[str, str], str]) -> Line:
    shown = [examples[line.table, c] for c in line.columns if examples.get((line.table, c))]
    return replace(line, shown=", ".join(shown[:1]))


__all__ = ["Life", "context", "life"]

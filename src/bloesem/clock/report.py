"""What a sweep did, or would do: per table and purpose, and why."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bloesem.clock.reasons import Reason, reason
from bloesem.plan.model import Plan
from bloesem.terms import counted

Counts = dict[str, Any]


@dataclass(frozen=True)
class Loss:
    """One purpose on one table. `rows`: rows that it no longer keeps; `dark`: rows that it can no longer
    read."""

    table: str
    purpose: str
    rows: int
    dark: int
    reason: Reason


@dataclass(frozen=True)
class TableReport:
    """`deleted`: rows of which nothing was kept any more; `changed`: rows that stay, with less; `erased`:
    values that went, per column; `dropped`: partitions that went whole."""

    table: str
    deleted: int
    changed: int
    erased: Mapping[str, int]
    losses: tuple[Loss, ...]
    dropped: tuple[str, ...] = ()

    @property
    def values(self) -> int:
        return sum(self.erased.values())


@dataclass(frozen=True)
class SweepReport:
    """`as_of`: the moment for which it was decided; `people`: how many were reviewed; `forgotten`: of whom
    nothing is left; `left`: still due at the end (another sweep has them, or came too late); `made`:
    partitions made ahead."""

    as_of: dt.datetime
    today: dt.date
    dry_run: bool
    tables: tuple[TableReport, ...]
    people: int = 0
    forgotten: int = 0
    batches: int = 0
    left: int = 0
    seconds: float = 0.0
    made: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        return self.left == 0

    @property
    def rows_deleted(self) -> int:
        return sum(t.deleted for t in self.tables)

    @property
    def values_erased(self) -> int:
        return sum(t.values for t in self.tables)

    @property
    def losses(self) -> tuple[Loss, ...]:
        return tuple(loss for table in self.tables for loss in table.losses)

    def json(self) -> dict[str, Any]:
        """The report as plain values."""
        return {
            "as_of": self.as_of.isoformat(),
            "today": self.today.isoformat(),
            "dry_run": self.dry_run,
            "people": self.people,
            "forgotten": self.forgotten,
            "batches": self.batches,
            "left": self.left,
            "seconds": round(self.seconds, 3),
            "made": list(self.made),
            "tables": [
                {
                    "table": t.table,
                    "rows_deleted": t.deleted,
                    "rows_changed": t.changed,
                    "values_erased": dict(t.erased),
                    "partitions_dropped": list(t.dropped),
                    "purposes": [
                        {"purpose": x.purpose, "rows": x.rows, "dark": x.dark, "why": x.reason.json()}
                        for x in t.losses
                    ],
                }
                for t in self.tables
            ],
        }

    def lines(self) -> Iterator[str]:
        """The report as a table of text, line by line."""
        be = "would be " if self.dry_run else ""
        yield (
            f"as of {self.today}: {counted(self.people, 'person', 'people')} {be}reviewed, "
            f"{self.forgotten:,} {be}forgotten"
        )
        if not self.tables:
            yield "nothing would go" if self.dry_run else "nothing was due"
            return
        rows = [
            (t.table, x.purpose, f"{x.rows:,}", f"{x.dark:,}", str(x.reason))
            for t in self.tables
            for x in t.losses
        ]
        if rows:
            yield ""
            yield from _table(("table", "purpose", "rows end", "go dark", "why"), rows)
        gone = [
            (t.table, f"{t.deleted:,}", f"{t.changed:,}", f"{t.values:,}", _columns(t)) for t in self.tables
        ]
        yield ""
        yield from _table(("table", "rows deleted", "rows kept with less", "values erased", "of which"), gone)
        for t in self.tables:
            for name in t.dropped:
                yield f"{t.table}: partition {name} {be}dropped whole"
        yield ""
        yield (
            f"{counted(self.rows_deleted, 'row')} and {counted(self.values_erased, 'value')} "
            f"{'would go' if self.dry_run else 'went'} "
            f"in {counted(self.batches, 'batch', 'batches')}, {self.seconds:.1f} s"
        )
        if self.left and not self.dry_run:
            yield f"{self.left:,} {'is' if self.left == 1 else 'are'} still due: another sweep has them, or run again"


def _columns(table: TableReport) -> str:
    most = sorted(table.erased.items(), key=lambda item: -item[1])
    more = f", and {counted(len(most) - 4, 'column')} more" if len(most) > 4 else ""
    return ", ".join(f"{name} {n:,}" for name, n in most[:4]) + more


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    listed = [head, *rows]
    widths = [max(len(row[i]) for row in listed) for i in range(len(head))]
    numbers = [all(row[i].replace(",", "").isdigit() for row in listed[1:]) for i in range(len(head))]
    for row in listed:
        cells = [c.rjust(w) if n else c.ljust(w) for c, w, n in zip(row, widths, numbers, strict=True)]
        yield "  ".join(cells).rstrip()


@dataclass
class Tally:
    """Adds up what batches did."""

    plan: Plan
    tables: dict[str, Counts] = field(default_factory=dict)
    dropped: dict[str, list[str]] = field(default_factory=dict)
    made: list[str] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)
    forgotten: int = 0
    batches: int = 0

    @property
    def people(self) -> int:
        """How many were reviewed: who has rows in five tables is one."""
        return len(self.seen)

    def add(self, counts: Counts, people: Iterable[int] = ()) -> None:
        """in: what `review` gives: {tables: {table: counts}, forgotten}; the numbers of the people in it."""
        self.seen.update(people)
        self.batches += 1
        self.forgotten += int(counts.get("forgotten", 0))
        for table, more in counts["tables"].items():
            _plus(self.tables.setdefault(table, {}), more)

    def report(
        self, as_of: dt.datetime, today: dt.date, *, dry_run: bool, left: int, seconds: float
    ) -> SweepReport:
        tables = [
            self._table(name, self.tables.get(name, {}))
            for name in (t.name for t in self.plan.tables)
            if any(_leaves(self.tables.get(name, {}))) or self.dropped.get(name)
        ]
        return SweepReport(
            as_of,
            today,
            dry_run,
            tuple(tables),
            self.people,
            self.forgotten,
            self.batches,
            left,
            seconds,
            tuple(self.made),
        )

    def _table(self, name: str, counts: Counts) -> TableReport:
        table = self.plan.table(name)
        ended, dark = counts.get("ended", {}), counts.get("dark", {})
        losses = tuple(
            Loss(name, p.key, ended.get(p.key, 0), dark.get(p.key, 0), reason(table, p))
            for p in self.plan.purposes
            if ended.get(p.key) or dark.get(p.key)
        )
        erased = {column: n for column, n in counts.get("erased", {}).items() if n}
        dropped = tuple(self.dropped.get(name, ()))
        return TableReport(name, counts.get("deleted", 0), counts.get("changed", 0), erased, losses, dropped)


def _plus(total: Counts, more: Mapping[str, Any]) -> None:
    for key, value in more.items():
        if isinstance(value, Mapping):
            _plus(total.setdefault(key, {}), value)
        else:
            total[key] = total.get(key, 0) + int(value)


def _leaves(counts: Mapping[str, Any]) -> Iterator[int]:
    for value in counts.values():
        if isinstance(value, Mapping):
            yield from _leaves(value)
        else:
            yield value


def pruned(counts: Mapping[str, Any]) -> Counts:
    """Without zeros: an act says what happened, not everything that did not."""
    result: Counts = {}
    for key, value in counts.items():
        kept = pruned(value) if isinstance(value, Mapping) else value
        if kept:
            result[key] = kept
    return result

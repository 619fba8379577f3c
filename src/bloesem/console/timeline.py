"""One person over time: each value, which purposes may read it from when until when, and why each goes dark.

Pure: computed with the plan's calculus from the person's facts and rows, never from masks. The past follows from the
facts; the future is what they already imply. A day is judged by its last second in Brussels: what ends on a day is
readable that day, and dark from the next (P-109).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bloesem.plan import calculus
from bloesem.plan.calculus import Verdict
from bloesem.plan.dates import civil, midnight
from bloesem.plan.model import ColumnPlan, Fact, Plan, PurposePlan, TablePlan
from bloesem.plan.predicates import meets

Facts = Mapping[int, Sequence[Fact]]
DAY = dt.timedelta(days=1)
#: Rows of one table with equal futures become one line of the picture.
FOLD_FROM = 2


@dataclass(frozen=True)
class Row:
    """A row: `values` holds keys and what decides its masks; `filled`, the columns that hold a value or held one;
    `stored`, those that hold one now (None: all of them)."""

    table: str
    values: Mapping[str, Any] = field(hash=False)
    filled: frozenset[str] = frozenset()
    stored: frozenset[str] | None = None

    @property
    def still(self) -> frozenset[str]:
        return self.filled if self.stored is None else self.stored


@dataclass(frozen=True)
class Band:
    """A stretch in which one part of the policy may read a value: from `start` up to, not including, `dark`.

    `dark` is None when no end is known. `why`, `since`, `until`: the calculus' reason on the first dark day; `narrow`:
    the promises of what narrowed the row, where that is the reason.
    """

    start: dt.date
    dark: dt.date | None
    why: str = "runs"
    since: dt.date | None = None
    until: dt.date | None = None
    narrow: tuple[str, ...] = ()


@dataclass(frozen=True)
class Lane:
    """One part of the policy beside one value."""

    part: str
    bands: tuple[Band, ...]

    def reads(self, day: dt.date) -> bool:
        return any(b.start <= day and (b.dark is None or day < b.dark) for b in self.bands)


@dataclass(frozen=True)
class Line:
    """Columns of one table that share a category, for `rows` rows with equal futures.

    `gone`: the first day on which nothing keeps the value any more (None: no such day is known). `stored`: in how many
    of the rows it is there now; in others it was erased.
    """

    table: str
    columns: tuple[str, ...]
    categories: tuple[str, ...]
    sources: tuple[str, ...]
    start: dt.date
    lanes: tuple[Lane, ...]
    gone: dt.date | None
    rows: int = 1
    stored: int = 1
    latest: dt.date | None = None
    shown: str = ""


@dataclass(frozen=True)
class Milestone:
    """A fact as the picture shows it: a day, what kind, and its key in the policy's words."""

    day: dt.date
    kind: str
    key: str
    ended: dt.date | None = None


@dataclass(frozen=True)
class Timeline:
    start: dt.date
    end: dt.date
    today: dt.date
    lines: tuple[Line, ...]
    milestones: tuple[Milestone, ...]


def end_of(day: dt.date) -> dt.datetime:
    """The last second of a civil day in Brussels."""
    return midnight(day + DAY) - dt.timedelta(seconds=1)


def timeline(
    plan: Plan, person: int, facts: Facts, rows: Iterable[Row], today: dt.date, horizon: dt.date
) -> Timeline:
    """The picture of `person` up to `horizon`. `facts`: person id → facts, of co-owners of a shared row too."""
    judge = _Judge(plan, facts, horizon)
    lines = [line for row in rows for line in judge.lines(row, person)]
    folded = _fold(lines)
    marks = tuple(
        Milestone(civil(f.starts_at), f.kind, f.key, civil(f.ends_at) if f.ends_at else None)
        for f in sorted(facts.get(person, ()), key=lambda f: f.starts_at)
        if f.table is None
    )
    first = min([line.start for line in lines] + [m.day for m in marks], default=today)
    known = [b.dark for line in lines for lane in line.lanes for b in lane.bands if b.dark]
    known += [line.gone for line in lines if line.gone]
    last = min(horizon, max([*known, today + 365 * DAY]) + 60 * DAY)
    return Timeline(dt.date(first.year, 1, 1), last, today, tuple(folded), marks)


class _Judge:
    """Judges rows day by day; a person's state is computed once per day."""

    def __init__(self, plan: Plan, facts: Facts, horizon: dt.date) -> None:
        self.plan, self.facts, self.horizon = plan, facts, horizon
        self._states: dict[tuple[int, dt.date], calculus.Person] = {}
        self._changes: dict[int, frozenset[dt.date]] = {}
        self._items = {who: [f for f in own if f.table] for who, own in facts.items()}

    def state(self, person: int, day: dt.date) -> calculus.Person:
        key = (person, day)
        if key not in self._states:
            self._states[key] = calculus.person(self.plan, self.facts.get(person, ()), end_of(day))
        return self._states[key]

    def changes(self, person: int) -> frozenset[dt.date]:
        """The days on which what is decided of the person changes, or a fact about a single row begins or ends. Most
        facts, such as one more contact, only move an end."""
        if person in self._changes:
            return self._changes[person]
        facts = self.facts.get(person, ())
        waiting, done, found = set(_days(facts)), set(), set(_days(f for f in facts if f.table))
        before: tuple[object, ...] | None = None
        while waiting:
            day = min(waiting)
            waiting.discard(day)
            done.add(day)
            it = self.state(person, day)
            decided = (it.used, it.kept, it.kept_after_erasure, it.erased_at, it.epoch, it.contract_begun)
            if decided != before:
                found.add(day)
            before = decided
            waiting |= self._ahead(it.verdicts.values(), day) - done
        self._changes[person] = frozenset(found)
        return self._changes[person]

    def _ahead(self, verdicts: Iterable[Verdict], day: dt.date) -> frozenset[dt.date]:
        """The days after `day` from which a clock of these is over."""
        return frozenset(v.until + DAY for v in verdicts if v.until and day <= v.until < self.horizon)

    def lines(self, row: Row, person: int) -> list[Line]:
        table = self.plan.table(row.table)
        recorded = row.values.get(table.recorded) if table.recorded else None
        start = civil(recorded) if isinstance(recorded, dt.datetime) else None
        days = self._judged(table, row, start)
        if not days:
            return []
        source = row.values.get(table.source) if table.source else table.default_source
        result = []
        for columns in _groups(table):
            mine = columns[0].owner == 0 or row.values.get(table.owners[columns[0].owner]) == person
            if not mine or not any(c.name in row.filled for c in columns):
                continue
            lanes = tuple(_lanes(self.plan, table, columns[0], row, days))
            gone = next((day for day, seen in days if not _kept(seen, columns[0]) and day > days[0][0]), None)
            result.append(
                Line(
                    table=table.name,
                    columns=tuple(c.name for c in columns),
                    categories=columns[0].categories,
                    sources=(str(source),) if source else (),
                    start=days[0][0],
                    lanes=lanes,
                    gone=gone,
                    stored=int(any(c.name in row.still for c in columns)),
                )
            )
        return result

    def _judged(self, table: TablePlan, row: Row, start: dt.date | None) -> list[tuple[dt.date, _Seen]]:
        """The days on which something may change for this row, each with what holds from then on."""
        owners = [int(row.values[o]) for o in table.owners if row.values.get(o) is not None]
        waiting = set().union(*(self.changes(o) for o in owners)) if owners else set()
        if start is None:
            start = min(waiting, default=None)
        if start is None:
            return []
        waiting = {day for day in waiting if day > start} | {start}
        done: dict[dt.date, _Seen] = {}
        while waiting:
            day = min(waiting)
            waiting.discard(day)
            if day in done or day > self.horizon:
                continue
            seen = self._see(table, row, day)
            done[day] = seen
            # The ends of the row's own clocks; those of its owners are among their changes.
            waiting.update(self._ahead(seen.verdicts.values(), day) - done.keys())
        return sorted(done.items())

    def _see(self, table: TablePlan, row: Row, day: dt.date) -> _Seen:
        now = end_of(day)
        per_owner: list[dict[str, Verdict] | None] = []
        for owner in table.owners:
            who = row.values.get(owner)
            if who is None:
                per_owner.append(None)
                continue
            state = self.state(int(who), day)
            items = [
                f
                for f in self._items.get(int(who), ())
                if f.table == table.name and f.row == row.values.get(table.id) and f.holds(now)
            ]
            per_owner.append(calculus.judge(self.plan, table, row.values, state, items, now))
        return _combine(self.plan, per_owner)


def _days(facts: Iterable[Fact]) -> Iterable[dt.date]:
    """The days on which facts begin and end."""
    return (civil(at) for f in facts for at in (f.starts_at, f.ends_at) if at is not None)


@dataclass(frozen=True)
class _Seen:
    """A row on one day: masks of the calculus (`calculus.row_masks`), and per part the reason."""

    used: int
    kept: int
    kept_by: tuple[int, ...]
    verdicts: Mapping[str, Verdict] = field(hash=False)


def _combine(plan: Plan, per_owner: Sequence[Mapping[str, Verdict] | None]) -> _Seen:
    kept_by = tuple(
        _mask(plan, (k for k, v in judged.items() if v.keep)) if judged else 0 for judged in per_owner
    )
    used_by = [
        _mask(plan, (k for k, v in judged.items() if v.use)) if judged and kept else 0
        for judged, kept in zip(per_owner, kept_by, strict=True)
    ]
    staying = [i for i, kept in enumerate(kept_by) if kept]
    used, kept = (used_by[staying[0]], 0) if staying else (0, 0)
    for i in staying:
        used &= used_by[i]
        kept |= kept_by[i]
    verdicts: dict[str, Verdict] = {}
    for judged in per_owner:
        for key, verdict in (judged or {}).items():
            other = verdicts.get(key)
            if other is None or (verdict.use, verdict.keep) < (other.use, other.keep):
                verdicts[key] = verdict
    return _Seen(used, kept, kept_by, verdicts)


def _mask(plan: Plan, keys: Iterable[str]) -> int:
    result = 0
    for key in keys:
        result |= plan.purpose(key).mask
    return result


def _kept(seen: _Seen, column: ColumnPlan) -> bool:
    return bool(seen.kept if column.key else seen.kept_by[column.owner] & column.purposes)


def _reads(table: TablePlan, column: ColumnPlan, purpose: PurposePlan, seen: _Seen) -> bool:
    """As `calculus.permits`: the column is the purpose's, the row is visible to it, and the value is there."""
    visible = seen.kept if table.always_visible else seen.used
    return bool(column.purposes & purpose.mask & visible) and _kept(seen, column)


def _groups(table: TablePlan) -> list[tuple[ColumnPlan, ...]]:
    """Columns that live and die together: same categories, same readers, same owner. Keys tell nobody anything."""
    groups: dict[tuple[Any, ...], list[ColumnPlan]] = {}
    for column in table.columns:
        if not column.key:
            groups.setdefault((column.categories, column.purposes, column.owner), []).append(column)
    return [tuple(columns) for columns in groups.values()]


def _lanes(
    plan: Plan, table: TablePlan, column: ColumnPlan, row: Row, days: Sequence[tuple[dt.date, _Seen]]
) -> Iterable[Lane]:
    for purpose in plan.purposes:
        if not purpose.mask & column.purposes:
            continue
        bands: list[Band] = []
        open_since: dt.date | None = None
        for day, seen in days:
            reads = _reads(table, column, purpose, seen)
            if reads and open_since is None:
                open_since = day
            elif not reads and open_since is not None:
                said = seen.verdicts.get(purpose.key)
                narrow = _narrowed(table, row, purpose) if said and said.why == "narrowed" else ()
                bands.append(_band(open_since, day, said, narrow, kept=_kept(seen, column)))
                open_since = None
        if open_since is not None:
            bands.append(Band(open_since, None))
        if bands:
            yield Lane(purpose.key, tuple(bands))


def _narrowed(table: TablePlan, row: Row, purpose: PurposePlan) -> tuple[str, ...]:
    """The promises of the first narrowing that takes the row from the purpose, in the calculus' order."""
    for narrow in table.narrow:
        fits = narrow.when is None or meets(narrow.when, row.values)
        if not narrow.before_contract and narrow.removed & purpose.mask and fits:
            return narrow.promises
    return ()


def _band(
    start: dt.date, dark: dt.date, said: Verdict | None, narrow: tuple[str, ...], *, kept: bool
) -> Band:
    if said is None or (said.use and not kept):
        return Band(start, dark, "nothing-keeps")
    return Band(start, dark, said.why, said.since, said.until, narrow)


# ---- folding -------------------------------------------------------------------------------------------------------


def _fold(lines: Sequence[Line]) -> list[Line]:
    """Rows of one table whose values go dark on the same days become one line, in the order of the tables."""
    groups: dict[tuple[Any, ...], list[Line]] = {}
    for line in lines:
        groups.setdefault(_future(line), []).append(line)
    folded = [_merge(group) if len(group) >= FOLD_FROM else group[0] for group in groups.values()]
    order = {name: i for i, name in reversed(list(enumerate(dict.fromkeys(line.table for line in lines))))}
    return sorted(folded, key=lambda line: (order[line.table], line.start))


def _future(line: Line) -> tuple[Any, ...]:
    """What tells two lines apart: everything but the day on which they began."""
    lanes = tuple(
        (lane.part, tuple((b.start if i else None, b.dark, b.why) for i, b in enumerate(lane.bands)))
        for lane in line.lanes
    )
    return line.table, line.columns, line.gone, lanes, line.stored > 0


def _merge(group: Sequence[Line]) -> Line:
    first = min(group, key=lambda line: line.start)
    lanes = tuple(
        replace(lane, bands=(replace(lane.bands[0], start=min(_starts(group, i))), *lane.bands[1:]))
        for i, lane in enumerate(first.lanes)
    )
    sources = tuple(dict.fromkeys(s for line in group for s in line.sources))
    return replace(
        first,
        lanes=lanes,
        sources=sources,
        rows=len(group),
        stored=sum(line.stored for line in group),
        latest=max(line.start for line in group),
    )


def alike(lines: Iterable[Line]) -> list[tuple[Line, ...]]:
    """Lines of one kind from one source, stored or erased alike: repeated values, that differ by their days alone."""
    groups: dict[tuple[Any, ...], list[Line]] = {}
    for line in lines:
        groups.setdefault((line.table, line.columns, line.sources, line.stored > 0), []).append(line)
    return [tuple(group) for group in groups.values()]


def united(group: Sequence[Line]) -> Line:
    """Repeated values as one line: a part reads while it may read any of them."""
    parts = dict.fromkeys(lane.part for line in group for lane in line.lanes)
    ends = [line.gone for line in group]
    return replace(
        group[0],
        start=min(line.start for line in group),
        lanes=tuple(Lane(part, _joined(part, group)) for part in parts),
        gone=None if None in ends else max(end for end in ends if end),
        rows=sum(line.rows for line in group),
        stored=sum(line.stored for line in group),
    )


def _joined(part: str, group: Sequence[Line]) -> tuple[Band, ...]:
    bands = sorted(
        (b for line in group for lane in line.lanes if lane.part == part for b in lane.bands),
        key=lambda b: b.start,
    )
    found: list[Band] = []
    for band in bands:
        last = found[-1] if found else None
        if last is None or (last.dark is not None and last.dark < band.start):
            found.append(band)
        elif last.dark is not None and (band.dark is None or band.dark > last.dark):
            found[-1] = replace(band, start=last.start)
    return tuple(found)


def _starts(group: Sequence[Line], lane: int) -> list[dt.date]:
    return [line.lanes[lane].bands[0].start for line in group]

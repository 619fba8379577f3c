"""What may be read and what must be stored, in plain Python: slow, and obviously right.

The compiled SQL says the same in sets; a property test holds the two equal. This one also explains:
every verdict carries its reason (purpose, basis, start event, end date, promise).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bloesem.plan.dates import FOREVER, civil, last_day
from bloesem.plan.model import CONSENT, RECORD, Clock, ColumnPlan, Fact, Plan, PurposePlan, TablePlan
from bloesem.plan.predicates import meets

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Verdict:
    """What one purpose may do now, and why.

    `use`, `keep`: may read; still requires it to be stored. `why`: a word of the vocabulary below.
    `since`: the civil day on which the clock started; `until`: its last day, inclusive (None: no end known).
    """

    purpose: str
    use: bool
    keep: bool
    why: str
    basis: str
    since: dt.date | None = None
    until: dt.date | None = None
    promises: tuple[str, ...] = ()


@dataclass(frozen=True)
class Person:
    """One person's state: a verdict per purpose, before anything that hangs on a row."""

    verdicts: Mapping[str, Verdict]
    used: int
    kept: int
    kept_after_erasure: int
    erased_at: dt.datetime | None
    epoch: dt.datetime | None
    contract_begun: bool
    frozen_since: dt.date | None
    frozen_ground: str | None


@dataclass(frozen=True)
class RowMasks:
    """The masks of one row, and per owner what each keeps."""

    used: int
    kept: int
    kept_by: tuple[int, ...]
    verdicts: tuple[Verdict, ...] = ()


@dataclass(frozen=True)
class Decision:
    """Answer of `permits`: may the purpose read this value now, must it be stored, and why."""

    allowed: bool
    stored: bool
    reason: Verdict


# ---- a person --------------------------------------------------------------------------------------------------


def person(plan: Plan, facts: Iterable[Fact], now: dt.datetime) -> Person:
    """The state of one person at `now` (aware), from all facts about them (those about single rows are left out)."""
    own = [fact for fact in facts if fact.table is None and fact.holds(now)]
    verdicts = {p.key: _verdict(plan, p, own, now) for p in plan.purposes}
    erased = [fact.starts_at for fact in own if fact.kind == "erasure"]
    frozen = sorted((fact.starts_at, fact.key) for fact in own if fact.kind in ("restriction", "assessing"))
    kept = _bits(plan, (key for key, verdict in verdicts.items() if verdict.keep))
    return Person(
        verdicts=verdicts,
        used=_bits(plan, (key for key, verdict in verdicts.items() if verdict.use)),
        kept=kept,
        kept_after_erasure=kept & _outlives_erasure(plan, own),
        erased_at=max(erased) if erased else None,
        epoch=_epoch(plan, own),
        contract_begun=plan.contract_begins is not None and _latest(own, plan.contract_begins) is not None,
        frozen_since=civil(frozen[0][0]) if frozen else None,
        frozen_ground=frozen[0][1] if frozen else None,
    )


def _bits(plan: Plan, keys: Iterable[str]) -> int:
    result = 0
    for key in keys:
        result |= plan.purpose(key).mask
    return result


def _verdict(plan: Plan, purpose: PurposePlan, facts: Sequence[Fact], now: dt.datetime) -> Verdict:
    def say(
        use: bool, keep: bool, why: str, since: dt.date | None = None, until: dt.date | None = None
    ) -> Verdict:
        return Verdict(purpose.key, use, keep, why, purpose.basis, since, until, purpose.promises)

    if not purpose.active:
        return say(False, False, "off")
    if purpose.hold:
        held = [f for f in facts if f.kind == "hold" and f.key == purpose.key]
        return say(True, True, "held", civil(held[0].starts_at)) if held else say(False, False, "no-hold")
    if purpose.objection != "none" and _any(facts, "objection", purpose.key):
        return say(False, False, "objection")
    running, since, until = _runs(purpose, facts, now)
    if not running:
        return say(False, False, "ended" if until else "not-started", since, until)
    keep = purpose.stored
    if not purpose.survives_restriction and any(f.kind == "restriction" for f in facts):
        return say(False, keep, "restricted", since, until)
    if purpose.objection != "none" and _any(facts, "assessing", purpose.key):
        return say(False, keep, "objection-assessed", since, until)
    return say(True, keep, "runs", since, until)


def _any(facts: Sequence[Fact], kind: str, key: str) -> bool:
    return any(fact.kind == kind and fact.key == key for fact in facts)


def _runs(
    purpose: PurposePlan, facts: Sequence[Fact], now: dt.datetime
) -> tuple[bool, dt.date | None, dt.date | None]:
    """Whether any clock of the purpose runs, its start, and its last day (None: no end known)."""
    if not purpose.clocks:
        return True, None, None  # `keep: none`: reads what others hold
    states: list[tuple[dt.date | None, dt.date | None]] = []
    for clock in purpose.clocks:
        if clock.after == RECORD:
            return True, None, None  # per record: the row's own date decides, see `_record`
        state = _consented(purpose, clock, facts) if clock.after == CONSENT else _clock(clock, facts)
        if state is not None:
            states.append(state)
    if not states:
        return False, None, None
    since, until = max(states, key=lambda state: state[1] or FOREVER)
    return until is None or until >= civil(now), since, until


def _consented(
    purpose: PurposePlan, clock: Clock, facts: Sequence[Fact]
) -> tuple[dt.date | None, dt.date | None] | None:
    given = [civil(f.starts_at) for f in facts if f.kind == "consent" and f.key == purpose.key]
    return (max(given), last_day(max(given), clock.period)) if given else None


def _clock(clock: Clock, facts: Sequence[Fact]) -> tuple[dt.date | None, dt.date | None] | None:
    """Start and last day of a clock; None when its event never came, nor that of its fallback."""
    ended = _latest(facts, clock.after)
    opened = _latest(facts, clock.reopened_by) if clock.reopened_by else None
    if opened is not None and (ended is None or opened > ended):
        return civil(opened), None
    if ended is not None:
        return civil(ended), last_day(civil(ended), clock.period, end_of_year=clock.end_of_year)
    return _clock(clock.fallback, facts) if clock.fallback else None


def _latest(facts: Sequence[Fact], event: str) -> dt.datetime | None:
    return max((f.starts_at for f in facts if f.kind == "event" and f.key == event), default=None)


def _outlives_erasure(plan: Plan, facts: Sequence[Fact]) -> int:
    """The purposes that keep what an erasure request is about: legal ones, and contracts that still run (P-156)."""
    result = 0
    for purpose in plan.purposes:
        running_contract = any(
            (state := _clock(clock, facts)) is not None and state[1] is None
            for clock in purpose.clocks
            if clock.after not in (RECORD, CONSENT)
        )
        if purpose.erasure == "stays" or (purpose.erasure == "while-open" and running_contract):
            result |= purpose.mask
    return result


def _epoch(plan: Plan, facts: Sequence[Fact]) -> dt.datetime | None:
    """The last return that came after everything had expired: rows from before serve own-dated purposes only."""
    if plan.returns is None:
        return None
    ends = [f.starts_at for f in facts if f.kind == "event" and f.key == plan.returns.after]
    late = []
    for fact in facts:
        if fact.kind == "event" and fact.key == plan.returns.event:
            before = [end for end in ends if end < fact.starts_at]
            if before and last_day(civil(max(before)), plan.returns.within) < civil(fact.starts_at):
                late.append(fact.starts_at)
    return max(late, default=None)


# ---- a row -----------------------------------------------------------------------------------------------------


def row_masks(
    plan: Plan,
    table: TablePlan,
    row: Row,
    facts: Mapping[int, Sequence[Fact]],
    now: dt.datetime,
    states: Mapping[int, Person] | None = None,
) -> RowMasks:
    """The masks of `row` (column → value) from the facts of each of its owners (person id → facts). `states`: each
    owner's at `now`, where a caller with many rows has them already."""
    return _masks(plan, _by_owner(plan, table, row, facts, now, states))


def _by_owner(
    plan: Plan,
    table: TablePlan,
    row: Row,
    facts: Mapping[int, Sequence[Fact]],
    now: dt.datetime,
    states: Mapping[int, Person] | None,
) -> list[dict[str, Verdict] | None]:
    """A verdict per purpose of the table, as far as each owner goes; none for a link that is cut."""
    found: list[dict[str, Verdict] | None] = []
    for column in table.owners:
        who = row.get(column)
        if who is None:
            found.append(None)
            continue
        own = facts.get(int(who), ())
        state = states[int(who)] if states is not None else person(plan, own, now)
        items = [f for f in own if f.table == table.name and f.row == row.get(table.id) and f.holds(now)]
        found.append(judge(plan, table, row, state, items, now))
    return found


def _masks(plan: Plan, judged: Sequence[Mapping[str, Verdict] | None]) -> RowMasks:
    """`used` is what all owners allow, `kept` what any of them needs; who leaves is cut, and forbids nothing."""
    of_each = [_bits(plan, (v.purpose for v in one.values() if v.keep)) if one else 0 for one in judged]
    kept, used = 0, None
    for bits, one in zip(of_each, judged, strict=True):
        if one is not None and bits:
            allowed = _bits(plan, (v.purpose for v in one.values() if v.use))
            used = allowed if used is None else used & allowed
            kept |= bits
    return RowMasks(used or 0, kept, tuple(of_each))


def judge(
    plan: Plan, table: TablePlan, row: Row, state: Person, items: Sequence[Fact], now: dt.datetime
) -> dict[str, Verdict]:
    """A verdict per purpose of the table, on one row as far as one owner goes.

    `items`: the facts about this row that hold at `now`. A purpose that keeps nothing itself reads what the others of the
    policy keep (PUR-7), and not what only a hold or the law still does (P-003, P-074).
    """
    verdicts = {
        p.key: _judge(plan, table, row, state, items, p, now) for p in plan.purposes if table.bits & p.mask
    }
    kept = _bits(plan, (key for key, verdict in verdicts.items() if verdict.keep))
    if kept & plan.lending_bits:
        return verdicts
    return {
        key: verdict
        if not verdict.use or plan.purpose(key).stored
        else _with(verdict, use=False, why="not-lent")
        for key, verdict in verdicts.items()
    }


def _judge(
    plan: Plan,
    table: TablePlan,
    row: Row,
    state: Person,
    items: Sequence[Fact],
    purpose: PurposePlan,
    now: dt.datetime,
) -> Verdict:
    """One purpose, one row, one owner: the person's verdict, then everything that hangs on the row."""
    verdict = state.verdicts[purpose.key]
    if _erased_itself(plan, table, row, items, purpose):
        return Verdict(purpose.key, False, False, "erasure", purpose.basis, promises=purpose.promises)
    if purpose.hold and purpose.active and _any(items, "hold", purpose.key):
        return Verdict(purpose.key, True, True, "held", purpose.basis, promises=purpose.promises)
    if not (verdict.use or verdict.keep):
        return verdict
    reason = _row_reason(table, row, state, purpose, now)
    if reason is not None:
        return Verdict(purpose.key, False, False, reason, purpose.basis, promises=purpose.promises)
    if purpose.by_record:
        verdict = _record(table, row, purpose, verdict, now)
    verdict = _capped(table, row, purpose, verdict, now)
    if verdict.use and not purpose.survives_restriction and any(f.kind == "restriction" for f in items):
        verdict = _with(verdict, use=False, why="restricted")
    return verdict


def _erased_itself(
    plan: Plan, table: TablePlan, row: Row, items: Sequence[Fact], purpose: PurposePlan
) -> bool:
    """Whether this row was erased by itself, on a ground that leaves the purpose no reason (P-153 to P-155)."""
    recorded = row.get(table.recorded) if table.recorded else None
    return any(
        fact.kind == "erasure"
        and not plan.outlives(fact.key) & purpose.mask
        and (recorded is None or recorded <= fact.starts_at)
        for fact in items
    )


def _with(
    verdict: Verdict, *, use: bool, why: str, keep: bool | None = None, until: dt.date | None = None
) -> Verdict:
    return Verdict(
        verdict.purpose,
        use,
        verdict.keep if keep is None else keep,
        why,
        verdict.basis,
        verdict.since,
        until or verdict.until,
        verdict.promises,
    )


def _row_reason(
    table: TablePlan, row: Row, state: Person, purpose: PurposePlan, now: dt.datetime
) -> str | None:
    """Why the row is not for this purpose at all; None when it is."""
    recorded = row.get(table.recorded) if table.recorded else None
    if purpose.since and (recorded is None or recorded < purpose.since):
        return "new-purpose"
    for narrow in table.narrow:
        if narrow.before_contract and state.contract_begun:
            continue
        if narrow.removed & purpose.mask and (narrow.when is None or meets(narrow.when, row)):
            return "before-contract" if narrow.before_contract else "narrowed"
    if purpose.hold:
        return None
    late = state.epoch and (recorded is None or recorded < state.epoch)
    if late and not purpose.by_record and not table.anchor:  # somebody who came back is the same person
        return "before-return"
    if (
        state.erased_at
        and (recorded is None or recorded <= state.erased_at)
        and not state.kept_after_erasure & purpose.mask
    ):
        return "erasure"
    return None


def _record(table: TablePlan, row: Row, purpose: PurposePlan, verdict: Verdict, now: dt.datetime) -> Verdict:
    """The clock of a record: from its own date (P-073). A record without a date has no clock, and no use."""
    day = row.get(table.record_date) if table.record_date else None
    if day is None:
        return _with(verdict, use=False, keep=False, why="no-date")
    ends = [
        last_day(day, clock.period, end_of_year=clock.end_of_year)
        for clock in purpose.clocks
        if clock.after == RECORD
        and (clock.records_from is None or day >= clock.records_from)
        and (clock.records_until is None or day <= clock.records_until)
    ]
    until = max(ends, default=None)
    if until is None or until < civil(now):
        return _with(verdict, use=False, keep=False, why="ended", until=until)
    return _with(verdict, use=verdict.use, why=verdict.why, until=until)


def _capped(table: TablePlan, row: Row, purpose: PurposePlan, verdict: Verdict, now: dt.datetime) -> Verdict:
    """The law's ceilings: the earlier date wins (P-003)."""
    for ceiling in table.ceilings:
        if not ceiling.mask & purpose.mask:
            continue
        day = row.get(table.record_date) if table.record_date else None
        until = last_day(day, ceiling.period) if day is not None else None
        if until is None or until < civil(now):
            keep = verdict.keep and not ceiling.deletes
            verdict = _with(verdict, use=False, keep=keep, why="ceiling", until=until)
        elif verdict.until is None or until < verdict.until:
            verdict = _with(verdict, use=verdict.use, why=verdict.why, until=until)
    return verdict


# ---- the question that everybody asks ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Judged:
    """A row, judged for every purpose: its masks, and why each of its bits is as it is."""

    table: TablePlan
    masks: RowMasks
    reasons: Mapping[str, Verdict]

    def decide(self, column: ColumnPlan, purpose: PurposePlan) -> Decision:
        """May `purpose` read the value of this column; must the value be stored; and why."""
        masks = self.masks
        kept = masks.kept if column.key else masks.kept_by[column.owner]
        stored = bool(masks.kept) if column.key else bool(kept & column.purposes)
        if not column.purposes & purpose.mask:
            reads = Verdict(
                purpose.key, False, False, "column-not-needed", purpose.basis, promises=("P-050",)
            )
            return Decision(False, stored, reads)
        visible = masks.kept if self.table.always_visible else masks.used
        return Decision(bool(visible & purpose.mask) and stored, stored, self.reasons[purpose.key])


def judged(
    plan: Plan,
    table: TablePlan,
    row: Row,
    facts: Mapping[int, Sequence[Fact]],
    now: dt.datetime,
    states: Mapping[int, Person] | None = None,
) -> Judged:
    """All that there is to say of a row at `now`, of which `permits` and `explain` tell a part. in: as for `row_masks`."""
    owners = _by_owner(plan, table, row, facts, now, states)
    reasons = {p.key: _reason(table, [one for one in owners if one is not None], p) for p in plan.purposes}
    return Judged(table, _masks(plan, owners), reasons)


def _reason(table: TablePlan, owners: Sequence[Mapping[str, Verdict]], purpose: PurposePlan) -> Verdict:
    """Of several owners, that of the first who forbids."""
    if not table.bits & purpose.mask:
        return Verdict(purpose.key, False, False, "table-not-needed", purpose.basis, promises=("P-050",))
    if not owners:
        return Verdict(purpose.key, False, False, "nobody", purpose.basis)
    return min((one[purpose.key] for one in owners), key=lambda v: (v.use, v.keep))


def permits(
    plan: Plan,
    facts: Mapping[int, Sequence[Fact]],
    table: TablePlan,
    row: Row,
    column: ColumnPlan,
    purpose: str,
    now: dt.datetime,
) -> Decision:
    """May `purpose` read this value of this row at `now`; must the value be stored; and why.

    `facts`: person id → all facts of that person. Raises `PlanError` for a purpose that is not in the policy (P-051).
    """
    return judged(plan, table, row, facts, now).decide(column, plan.purpose(purpose))


def explain(
    plan: Plan,
    table: TablePlan,
    row: Row,
    facts: Mapping[int, Sequence[Fact]],
    purpose: PurposePlan,
    now: dt.datetime,
) -> Verdict:
    """The reason of one bit of a row."""
    return judged(plan, table, row, facts, now).reasons[purpose.key]

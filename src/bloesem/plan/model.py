"""The plan: what the compiler makes of policy, record, law and data map. Plain values, no I/O.

Masks are sets of purposes as bits of one integer. A *part* of the policy (sub-purpose) and each purpose of the law
has one bit, for ever.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from bloesem.datamap.model import Predicate
from bloesem.errors import PlanError
from bloesem.source import nearest
from bloesem.terms import Origin

#: The start "event" of clocks that run per record: the record's own date, as the data map says.
RECORD = "record"
#: From which age on somebody agrees by themselves, where no country lowered it (art. 8(1)).
CONSENT_AGE = 16
#: The start event of consent: read from consent facts of the part itself, not from an event.
CONSENT = "consent.given"

#: How the ground of an erasure that a statute orders begins; the statute follows (P-154).
ORDER = "17(1)(e)"

FactKind = Literal[
    "event", "consent", "objection", "assessing", "restriction", "hold", "erasure", "channel", "minor"
]
FACT_KINDS: tuple[FactKind, ...] = (
    "event",
    "consent",
    "objection",
    "assessing",
    "restriction",
    "hold",
    "erasure",
    "channel",
    "minor",
)


@dataclass(frozen=True)
class Fact:
    """Something that happened to a person, or to one row (`table`, `row`) of theirs. Append-only, closed once.

    `key`: the event's name; the part for consent, objection, assessing, hold; the ground for restriction, erasure (that of
    a row is strict: `Plan.outlives`; one that a statute orders names it after the ground); of
    `minor`, `collected`: what was recorded until `starts_at` was collected before the person was of age (P-155);
    of `channel`, the channel by which the person wants no advertising (P-092): no mask follows, the sending door reads it.
    `starts_at`, `ends_at`: aware datetimes; the fact holds from `starts_at` until just before `ends_at`.
    `held_by`, `reason`, `review_on`: of a hold, who answers for it, why, and when it is looked at again (P-074).
    """

    person: int
    kind: FactKind
    key: str
    starts_at: dt.datetime
    ends_at: dt.datetime | None = None
    table: str | None = None
    row: int | None = None
    held_by: str | None = None
    reason: str | None = None
    review_on: dt.date | None = None

    def holds(self, now: dt.datetime) -> bool:
        """Whether the fact is in force at `now`."""
        return self.starts_at <= now and (self.ends_at is None or self.ends_at > now)


@dataclass(frozen=True)
class Clock:
    """A term, resolved: how long after which event, and what stops it."""

    period: str
    after: str
    reopened_by: str | None = None
    end_of_year: bool = False
    fallback: Clock | None = None
    records_from: dt.date | None = None
    records_until: dt.date | None = None


@dataclass(frozen=True)
class Bit:
    """A line of the registry: allocated once, never reused (design, bits)."""

    number: int
    key: str
    first: dt.date
    last: dt.date | None = None


@dataclass(frozen=True)
class PurposePlan:
    """A part of the policy, or a purpose of the law: one bit, one role, one schema."""

    key: str
    number: int
    of: str  # PUR-1 …, or `law`
    basis: str
    article: str
    clocks: tuple[Clock, ...]
    hold: bool
    reads: tuple[str, ...]
    active: bool
    records: tuple[str, ...] | None = field(
        default=None, kw_only=True
    )  # what it writes of what it reads; None: all
    why_off: str | None = None
    erasure: Literal["goes", "while-open", "stays"] = "goes"
    survives_restriction: bool = False
    objection: Literal["absolute", "assessed", "none"] = "none"
    since: dt.datetime | None = None  # rows recorded earlier are not for it (P-176)
    promises: tuple[str, ...] = ()
    lines: tuple[int, ...] = ()
    label: Mapping[str, str] = field(default_factory=dict, hash=False, compare=False)

    @cached_property
    def mask(self) -> int:
        return 1 << self.number

    @property
    def name(self) -> str:
        """Name of its role (without prefix) and of its schema."""
        return self.key.replace(":", "_").replace("-", "_").replace(".", "_")

    @cached_property
    def by_record(self) -> bool:
        """Whether its clock runs per record."""
        return any(clock.after == RECORD for clock in self.clocks)

    @property
    def by_consent(self) -> bool:
        return any(clock.after == CONSENT for clock in self.clocks)

    @property
    def stored(self) -> bool:
        """Whether it is ever a reason to store: `keep: none` is not (PUR-7)."""
        return self.hold or bool(self.clocks)

    @property
    def writes(self) -> bool:
        """Whether its role records what happens: parts of the policy that run per person do; archives do not."""
        records = self.records is None or bool(self.records)
        live = self.of != "law" and self.stored and self.active
        return records and live and not self.by_record and not self.hold


@dataclass(frozen=True)
class NarrowPlan:
    """On rows that meet `when` (None: on all), the purposes in `removed` neither use nor keep the row.

    `before_contract`: only until the owner's contract has once begun (P-053).
    """

    when: Predicate | None
    removed: int
    why: str
    promises: tuple[str, ...] = ()
    before_contract: bool = False


@dataclass(frozen=True)
class CeilingPlan:
    """A rule of law that caps: after `period` from the record's date the purposes leave `used_for`,
    and `kept_for` too where the value was checked or confirmed (`deletes`)."""

    key: str
    period: str
    mask: int
    deletes: bool
    article: str


@dataclass(frozen=True)
class EventPlan:
    """A column that is a fact about the person in column `owner`: the moment of an event, or consent for a part."""

    kind: Literal["event", "consent"]
    key: str
    at: str
    owner: str
    until: str | None = None
    when: Predicate | None = None


@dataclass(frozen=True)
class SourcePlan:
    """A declared source: what stored sources of it look like, and how its values came to us."""

    key: str
    pattern: str
    origin: Origin


@dataclass(frozen=True)
class ColumnPlan:
    name: str
    categories: tuple[str, ...]
    purposes: int  # the parts that may read it: the compile-time constant `purposes(column)`
    owner: int = 0  # index of its owner among the table's owners
    key: bool = False
    erased: str | int | None = None
    identity: str | None = None  # what it identifies a person by (`email`, `card` …), compared as text
    all_purposes: int = 0  # without narrowing by off or retired parts; what the policy would say
    origin: Origin | None = None  # how the value came to us; None: as its row's source says
    lookup: bool = False  # a form of other values, for looking them up: given to no recipient


@dataclass(frozen=True)
class ServicePlan:
    """How the database knows that somebody has a service: a row of `table` whose product, in `of`, gives it.

    `keys`: the services, of which one is enough; none: any product, had now or before (P-018). `served`: the column of the
    row that says when the service was used, so that what comes in late is judged by that day; without it, today.
    """

    keys: tuple[str, ...]
    schema: str
    table: str
    owner: str
    product: str
    of: str
    of_schema: str
    of_key: str
    service: str
    since: str | None
    until: str | None
    served: str | None = None


@dataclass(frozen=True)
class GivesPlan:
    """A table of what people have, or of contracts: the columns of each row's first and last day."""

    since: str | None
    until: str | None


@dataclass(frozen=True)
class RefusedPlan:
    """Values that nobody may write: `why` the columns are closed, and `remedy`."""

    columns: tuple[str, ...]
    why: str
    remedy: str


@dataclass(frozen=True)
class TablePlan:
    """A guarded table."""

    schema: str
    name: str
    key: tuple[str, ...]
    owners: tuple[str, ...]
    columns: tuple[ColumnPlan, ...]
    bits: int
    recorded: str | None
    record_date: str | None
    anchor: bool = False
    always_visible: bool = False
    narrow: tuple[NarrowPlan, ...] = ()
    ceilings: tuple[CeilingPlan, ...] = ()
    facts: tuple[EventPlan, ...] = ()
    scopes: Mapping[str, str] = field(default_factory=dict, hash=False)
    scoped_by: Mapping[str, str] = field(
        default_factory=dict, hash=False
    )  # scope → the table that says whom it is about
    scope_ends: Mapping[str, Predicate] = field(default_factory=dict, hash=False)
    gives: GivesPlan | None = None  # its rows have days: outside them they name nobody in a scope
    partition: str | None = None
    partition_every: Literal["month", "year"] | None = None
    needs_service: ServicePlan | None = None  # whose rows are collected only for people who have it (P-015)
    refused: tuple[RefusedPlan, ...] = ()  # values that are not stored at all (P-035, P-050)
    source: str | None = None
    sources: tuple[str, ...] = ()  # patterns of declared sources that may give what it holds (P-049)
    default_source: str | None = None

    @property
    def qualified(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def id(self) -> str:
        """The column that names a row in facts about one row: the first of its key."""
        return self.key[0]

    @property
    def closed(self) -> bool:
        """Whether no row of it may come in: all that it would hold is refused."""
        refused = {name for one in self.refused for name in one.columns}
        values = {c.name for c in self.columns if not c.key}
        return bool(values) and values <= refused

    def column(self, name: str) -> ColumnPlan:
        for column in self.columns:
            if column.name == name:
                return column
        raise PlanError(
            f"{self.name}.{name}: no such column in the data map",
            "P-014: no orphan fields",
            f"map it, or use one of: {nearest(name, [column.name for column in self.columns])}",
        )


@dataclass(frozen=True)
class ScopedPlan:
    """A role that sees only rows of its scope."""

    key: str
    scope: str
    purpose: str | None
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    restricted_too: bool
    promises: tuple[str, ...] = ()
    known_by: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.key.replace("-", "_").replace(".", "_")

    @property
    def name_shared(self) -> str:
        """Name of the role that owns its views on rows of several people; no process is its member."""
        return f"{self.name}_shared"


@dataclass(frozen=True)
class WriterPlan:
    """A role that writes the columns named, and reads no person; `adds_only`: nor finds or changes any row."""

    key: str
    tables: Mapping[str, tuple[str, ...]] = field(hash=False)
    adds_only: bool = False
    purpose: str | None = (
        None  # what it serves; none: each transaction says for which purpose it writes (P-004)
    )


@dataclass(frozen=True)
class ReturnRule:
    """After `event` later than `within` from `after`, what is left from before serves only own-dated purposes."""

    event: str
    after: str
    within: str


@dataclass(frozen=True)
class OpenTable:
    """A table that no purpose guards: reference data or a library's own; `why` says so.

    `used_by`: the processes that read and write a library's; `expires`: the moment in each row after which it goes.
    """

    schema: str
    name: str
    holds: Literal["reference", "system"]
    columns: tuple[str, ...]
    why: str
    used_by: tuple[str, ...] = ()
    expires: str | None = None


@dataclass(frozen=True)
class OversightPlan:
    """The process through which the privacy officer asks, and the purpose under which that is written down."""

    process: str
    purpose: str


@dataclass(frozen=True)
class BornPlan:
    """Where a birth date stands."""

    schema: str
    table: str
    owner: str
    column: str


@dataclass(frozen=True)
class RecordingPlan:
    """By which announcements calls may be recorded; staff were told from `told` on, as `review` says through which day
    (R-063, R-067)."""

    announcements: tuple[str, ...]
    told: dt.date
    review: dt.date


@dataclass(frozen=True)
class Plan:
    """Everything that gate, clock and rights need to know. Equal inputs give an equal plan."""

    company: str
    version: dt.date
    purposes: tuple[PurposePlan, ...]
    tables: tuple[TablePlan, ...]
    open_tables: tuple[OpenTable, ...] = ()
    scoped: tuple[ScopedPlan, ...] = ()
    writers: tuple[WriterPlan, ...] = ()
    returns: ReturnRule | None = None
    contract_begins: str | None = None  # the event with which a contract begins (P-053)
    events: tuple[str, ...] = ()
    processes: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    staff: tuple[str, ...] = ()  # processes and scoped roles whose reads say who reads
    cases: tuple[
        str, ...
    ] = ()  # purposes that are read one case at a time, with a second person: holds, and archives
    oversight: OversightPlan | None = None
    prefix: str = "bloesem_"
    schema: str = "bloesem"
    retired: tuple[Bit, ...] = ()
    bits: tuple[Bit, ...] = ()  # the whole registry
    sources: tuple[SourcePlan, ...] = ()
    born: tuple[BornPlan, ...] = ()  # by which it is known what was collected from a minor (P-155)
    consent_age: int = CONSENT_AGE  # from which on somebody agrees by themselves
    measures: tuple[tuple[str, str], ...] = ()  # of security: each, and how old its evidence may be (P-009)
    recordings: RecordingPlan | None = None
    told_within: str = "P14D"  # how soon who got data shows that it followed a change (art. 19)

    @cached_property
    def by_key(self) -> Mapping[str, PurposePlan]:
        return {purpose.key: purpose for purpose in self.purposes}

    @cached_property
    def by_name(self) -> Mapping[str, TablePlan]:
        return {table.name: table for table in self.tables}

    def purpose(self, key: str) -> PurposePlan:
        """Raises `PlanError` for a purpose that the policy does not have: the list is closed (P-051)."""
        found = self.by_key.get(key)
        if found is None:
            raise PlanError(
                f"purpose `{key}` is not in the policy of {self.version}",
                "P-051: the list of purposes is closed",
                f"use one of: {nearest(key, self.by_key)}",
            )
        return found

    def table(self, name: str) -> TablePlan:
        found = self.by_name.get(name)
        if found is None:
            raise PlanError(
                f"table `{name}` is not in the data map",
                "P-014: no orphan fields",
                f"map it, or use one of: {nearest(name, self.by_name)}",
            )
        return found

    def mask(self, test: Callable[[PurposePlan], bool] | None = None) -> int:
        """All bits of purposes for which `test(purpose)` is true; all purposes without a test."""
        result = 0
        for purpose in self.purposes:
            if test is None or test(purpose):
                result |= purpose.mask
        return result

    def keys(self, mask: int) -> tuple[str, ...]:
        """The purposes of a mask, in bit order."""
        return tuple(p.key for p in sorted(self.purposes, key=lambda p: p.number) if mask & p.mask)

    def origin(self, table: TablePlan, column: ColumnPlan, source: str | None) -> Origin:
        """How a value came to us (P-028); `source`: what its row says, where the table has a column for it.

        Raises `PlanError` when no declared source fits, or more than one.
        """
        if column.origin is not None:
            return column.origin
        said = table.default_source if table.source is None else source
        found = [one for one in self.sources if said is not None and re.search(one.pattern, said)]
        if len(found) != 1:
            raise PlanError(
                f"{table.name}.{column.name}: {len(found)} declared sources fit where its row came from",
                "P-028, P-049: each value says how it came to us",
                "declare the source in the policy, with a pattern that no other has",
            )
        return found[0].origin

    @cached_property
    def active_bits(self) -> int:
        return self.mask(lambda p: p.active)

    @cached_property
    def record_bits(self) -> int:
        return self.mask(lambda p: p.by_record)

    @cached_property
    def hold_bits(self) -> int:
        return self.mask(lambda p: p.hold)

    @cached_property
    def lending_bits(self) -> int:
        """The purposes whose rows others may read that keep nothing themselves (PUR-7): those of the policy, not holds."""
        return self.mask(lambda p: p.stored and not p.hold and p.of != "law")

    @cached_property
    def claims(self) -> str | None:
        """The law's purpose that holds what somebody needs for a claim (P-159, P-180); None where the policy has it not."""
        return next((p.key for p in self.purposes if p.hold and p.active and p.of == "law"), None)

    @cached_property
    def outlives_strictly(self) -> int:
        """What keeps a row that is erased by itself (art. 17(1)(d), (f)): what law demands, and holds. A contract that
        runs is no reason then (P-156)."""
        return self.mask(lambda p: p.erasure == "stays")

    @cached_property
    def outlives_order(self) -> int:
        """What keeps a row that a statute orders to erase (art. 17(1)(e)): what another law demands, and no hold of the
        company's own (P-154)."""
        return self.mask(
            lambda p: (
                p.erasure == "stays" and (p.of == "law" or (p.basis == "legal-obligation" and not p.hold))
            )
        )

    def outlives(self, ground: str) -> int:
        """The purposes that an erasure of one row on this ground leaves."""
        return self.outlives_order if ground.startswith(ORDER) else self.outlives_strictly

    @cached_property
    def stored_bits(self) -> int:
        return self.mask(lambda p: p.stored)

    def role(self, name: str) -> str:
        """The cluster's name of a role: a part, a scoped role, or one of ours (`owner`, `keeper`, `portal` …)."""
        return self.prefix + name

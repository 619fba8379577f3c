"""The compiler's front: policy, record, law and data map become a `Plan`. Pure: no I/O, no clock.

What does not fit together is refused here, by name, with the rule and the remedy.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from bloesem.datamap.model import Collection, DataField, DataMap, Dataset, Predicate
from bloesem.errors import PlanError
from bloesem.law.model import Ban, Ceiling, LawPurpose
from bloesem.plan.dates import midnight
from bloesem.plan.model import (
    CONSENT,
    RECORD,
    Bit,
    CeilingPlan,
    Clock,
    ColumnPlan,
    EventPlan,
    NarrowPlan,
    OpenTable,
    Plan,
    PurposePlan,
    RefusedPlan,
    ReturnRule,
    ScopedPlan,
    ServicePlan,
    SourcePlan,
    TablePlan,
    WriterPlan,
)
from bloesem.policy.model import Keep, Part, Policy, Purpose, Record, Source, Term

MAX_BITS = 60
#: What `reads` may say for "every category".
ALL = "all"


def covers(reads: Sequence[str], category: str) -> bool:
    """Whether a list of categories covers one: by equality or at a dot."""
    return any(r == ALL or category == r or category.startswith(r + ".") for r in reads)


def compile_plan(
    policy: Policy,
    record: Record,
    law_purposes: Sequence[LawPurpose],
    ceilings: Sequence[Ceiling],
    datamap: DataMap,
    bits: Sequence[Bit],
    *,
    bans: Sequence[Ban] = (),
    off: Mapping[str, str] | None = None,
    prefix: str = "bloesem_",
    first_version: dt.date | None = None,
) -> Plan:
    """Compile. `bans`: uses that the law refuses (P-003). `off`: parts that may not run, and why (P-055).
    `first_version`: date of the oldest policy version.

    Raises `PlanError` for anything undecided: a part without a bit, a column without a category or with one that the
    policy does not know, a table without owner, a clock per record without a record's date.
    """
    purposes = _purposes(policy, record, law_purposes, bits, off or {}, first_version or policy.version)
    tags = {key: category.is_ for key, category in policy.categories.items()}
    tables: list[TablePlan] = []
    others: list[OpenTable] = []
    names: set[str] = set()
    for dataset in datamap.dataset:
        for collection in dataset.collections:
            if collection.meta.holds in ("reference", "system"):
                others.append(_open_table(dataset, collection))
                continue
            if collection.name in names:
                raise PlanError(f"table `{collection.name}` is mapped twice", "one map per table", "keep one")
            names.add(collection.name)
            tables.append(
                _Table(policy, record, purposes, ceilings, bans, tags, datamap, dataset, collection).plan()
            )
    return Plan(
        company=policy.company,
        version=policy.version,
        purposes=tuple(purposes),
        tables=tuple(tables),
        open_tables=tuple(others),
        scoped=_scoped(record),
        writers=tuple(WriterPlan(key, dict(w.tables)) for key, w in sorted(record.writers.items())),
        returns=ReturnRule(record.returns.event, record.returns.after, record.returns.within)
        if record.returns
        else None,
        contract_begins=record.contract.begins if record.contract else None,
        events=tuple(sorted(policy.events)),
        processes=_processes(record, purposes, bits),
        staff=_staff(record),
        cases=_cases(record, purposes, bits),
        prefix=prefix,
        retired=tuple(bit for bit in bits if bit.key not in {p.key for p in purposes}),
        bits=tuple(bits),
        sources=tuple(
            SourcePlan(key, one.pattern, one.origin) for key, one in policy.sources.items() if one.pattern
        ),
    )


# ---- purposes --------------------------------------------------------------------------------------------------


def _purposes(
    policy: Policy,
    record: Record,
    law: Sequence[LawPurpose],
    bits: Sequence[Bit],
    off: Mapping[str, str],
    first_version: dt.date,
) -> list[PurposePlan]:
    registry = _registry(bits)
    result = []
    for row_key, row in policy.purposes.items():
        for key, part in row.parts.items():
            bit = _bit(registry, key)
            basis = record.basis[key].basis if key in record.basis else part.basis or row.basis
            keep = part.keep or row.keep
            new = bit.first > first_version and key not in record.compatible and not keep.hold
            result.append(
                PurposePlan(
                    key=key,
                    number=bit.number,
                    of=row_key,
                    basis=basis,
                    article=_ARTICLE[basis],
                    clocks=_clocks(policy, keep, key),
                    hold=keep.hold,
                    reads=part.reads,
                    active=key not in off,
                    records=_records(record, key, part),
                    why_off=off.get(key),
                    erasure=_after_erasure(basis, keep),
                    survives_restriction=keep.hold,
                    objection=_objection(row, basis),
                    since=midnight(bit.first) if new else None,
                    promises=part.promises or row.promises,
                    lines=row.lines,
                    label=part.label,
                )
            )
    for purpose in law:
        bit = _bit(registry, purpose.key)
        reads = tuple(
            key
            for key, category in policy.categories.items()
            if purpose.reads.all or set(category.is_) & set(purpose.reads.is_)
        )
        result.append(
            PurposePlan(
                key=purpose.key,
                number=bit.number,
                of="law",
                basis=purpose.basis,
                article=purpose.article,
                clocks=_clocks(policy, purpose.keep, purpose.key),
                hold=purpose.keep.hold,
                reads=(ALL,) if purpose.reads.all else reads,
                active=purpose.key not in off,
                why_off=off.get(purpose.key),
                erasure="stays" if purpose.survives.erasure or purpose.keep.hold else "goes",
                survives_restriction=purpose.survives.restriction or purpose.keep.hold,
                objection="none" if purpose.survives.objection else "assessed",
                label=purpose.label,
            )
        )
    return sorted(result, key=lambda p: p.number)


#: Patterns of sources on which rows can be narrowed.
_SOURCE_FORM = re.compile(
    r"^\^(?P<stem>[\w:@/-]+)(?:(?P<rest>\.\+)|\((?P<choice>[\w:@/-]+(?:\|[\w:@/-]+)*)\))?\$$"
)


def _unsaid(column: str) -> Predicate:
    return Predicate(column=column, null=True)


_ARTICLE = {
    "contract": "6(1)(b)",
    "legal-obligation": "6(1)(c)",
    "legitimate-interest": "6(1)(f)",
    "consent": "6(1)(a)",
}


def _registry(bits: Sequence[Bit]) -> dict[str, Bit]:
    numbers: set[int] = set()
    registry: dict[str, Bit] = {}
    for bit in bits:
        if not 0 <= bit.number < MAX_BITS:
            raise PlanError(
                f"bit {bit.number} of `{bit.key}`", f"at most {MAX_BITS} bits, 0 to 59", "use a free bit"
            )
        if bit.number in numbers or bit.key in registry:
            raise PlanError(
                f"bit {bit.number} `{bit.key}`", "a bit is allocated once, never reused", "use a free bit"
            )
        numbers.add(bit.number)
        registry[bit.key] = bit
    return registry


def _bit(registry: Mapping[str, Bit], key: str) -> Bit:
    if key not in registry:
        free = min(set(range(MAX_BITS)) - {bit.number for bit in registry.values()}, default=None)
        remedy = f"add `- {{number: {free}, key: {key}, first: …}}` to the registry of bits"
        raise PlanError(f"purpose `{key}` has no bit", "bits are allocated once in a registry", remedy)
    return registry[key]


def _after_erasure(basis: str, keep: Keep) -> Literal["goes", "while-open", "stays"]:
    if keep.hold or basis == "legal-obligation":
        return "stays"
    return "while-open" if basis == "contract" else "goes"


def _objection(row: Purpose, basis: str) -> Literal["absolute", "assessed", "none"]:
    """What the text says for the row; a part that runs on contract or law cannot be objected to (P-164)."""
    return "none" if basis in ("contract", "legal-obligation") else row.objection


def _clocks(policy: Policy, keep: Keep, key: str) -> tuple[Clock, ...]:
    clocks = tuple(_clock(policy, term, key) for term in keep.terms)
    if len({clock.after == RECORD for clock in clocks}) > 1:
        raise PlanError(
            f"purpose `{key}` mixes clocks per record and per person",
            "a clock runs per person, or per record",
            "split the purpose in two parts",
        )
    return clocks


def _clock(policy: Policy, term: Term, key: str) -> Clock:
    after = term.after
    event = policy.events.get(after)
    if event is None and after not in (RECORD, CONSENT):
        raise PlanError(
            f"purpose `{key}`: start event `{after}` is not declared",
            "P-108: distinct events, none assumed",
            f"declare it under events, or use one of: {', '.join(sorted(policy.events))}, record",
        )
    if event is not None and event.alias_of is not None:
        after, event = event.alias_of, policy.events.get(event.alias_of)
    return Clock(
        period=term.for_,
        after=after,
        reopened_by=event.reopened_by if event else None,
        end_of_year=term.from_ == "end-of-year",
        fallback=_clock(policy, term.fallback, key) if term.fallback else None,
        records_from=term.records_from,
        records_until=term.records_until,
    )


def _records(record: Record, key: str, part: Part) -> tuple[str, ...] | None:
    """What a part records of what it reads; None: all of it, where the record does not say for any part."""
    if record.writing is None:
        return None
    if key not in record.writing:
        return ()
    return _within(f"part `{key}` records", record.writing[key].categories, part.reads)


def _scoped(record: Record) -> tuple[ScopedPlan, ...]:
    return tuple(
        ScopedPlan(
            key,
            r.scope,
            r.purpose,
            r.reads,
            _within(f"role `{key}` writes", r.writes, r.reads),
            r.restricted_too,
            r.promises,
            _within(f"role `{key}` is known by", r.known_by, r.reads),
        )
        for key, r in sorted(record.roles.items())
    )


def _within(what: str, writes: tuple[str, ...], reads: Sequence[str]) -> tuple[str, ...]:
    beyond = [c for c in writes if not covers(reads, c) and not any(r.startswith(c + ".") for r in reads)]
    if beyond:
        raise PlanError(
            f"{what} `{', '.join(beyond)}` and does not read it",
            "P-050: only what is needed; what is written under a purpose is the purpose's",
            f"write less; it reads: {', '.join(sorted(reads))}",
        )
    return writes


def _processes(
    record: Record, purposes: Sequence[PurposePlan], bits: Sequence[Bit]
) -> dict[str, tuple[str, ...]]:
    """Which process serves which roles: a process is a member of those only (design, the gate). A purpose of another
    version, which the registry of bits knows, is served while that version is in force."""
    here = {p.key for p in purposes} | set(record.roles) | set(record.writers)
    known = here | {bit.key for bit in bits}
    for process, served in record.processes.items():
        unknown = sorted(set(served) - known)
        if unknown:
            raise PlanError(
                f"process `{process}` serves `{', '.join(unknown)}`, which is no purpose and no role",
                "P-051: a closed list",
                f"use: {', '.join(sorted(known))}",
            )
    return {
        process: tuple(key for key in served if key in here)
        for process, served in sorted(record.processes.items())
    }


def _staff(record: Record) -> tuple[str, ...]:
    """The processes through which staff read."""
    unknown = sorted(set(record.staff) - set(record.processes))
    if unknown:
        raise PlanError(
            f"`staff` names `{', '.join(unknown)}`, which is no process",
            "a staff read is written down: by which login staff read has to be known",
            f"use: {', '.join(sorted(record.processes))}",
        )
    return tuple(sorted(record.staff))


def _cases(record: Record, purposes: Sequence[PurposePlan], bits: Sequence[Bit]) -> tuple[str, ...]:
    """The purposes that are read one case at a time: each hold, and what the record adds."""
    here = {p.key for p in purposes}
    unknown = sorted(set(record.cases) - here - {bit.key for bit in bits})
    if unknown:
        raise PlanError(
            f"`cases` names `{', '.join(unknown)}`, which is no purpose",
            "P-051: a closed list",
            f"use: {', '.join(sorted(here))}",
        )
    return tuple(sorted({p.key for p in purposes if p.hold} | set(record.cases) & here))


# ---- tables ----------------------------------------------------------------------------------------------------


def _open_table(dataset: Dataset, collection: Collection) -> OpenTable:
    holds = collection.meta.holds
    if not collection.meta.why or holds not in ("reference", "system"):
        raise PlanError(
            f"table `{collection.name}` is said to hold no person, and not why",
            "P-014: no orphan fields",
            "write meta.why",
        )
    names = tuple(f.name for f in collection.fields)
    expires = collection.meta.expires
    if expires is not None and expires not in names:
        raise PlanError(
            f"table `{collection.name}` expires by `{expires}`, which is none of its columns",
            "a clock runs on what is stored",
            f"use one of: {', '.join(names)}",
        )
    used_by = collection.meta.used_by
    return OpenTable(dataset.db_schema, collection.name, holds, names, collection.meta.why, used_by, expires)


class _Table:
    """Compiles one collection."""

    def __init__(
        self,
        policy: Policy,
        record: Record,
        purposes: Sequence[PurposePlan],
        ceilings: Sequence[Ceiling],
        bans: Sequence[Ban],
        tags: Mapping[str, Sequence[str]],
        datamap: DataMap,
        dataset: Dataset,
        collection: Collection,
    ) -> None:
        self.policy, self.record, self.purposes, self.ceilings = policy, record, purposes, ceilings
        self.bans, self.datamap = bans, datamap
        self.tags, self.dataset, self.collection, self.meta = tags, dataset, collection, collection.meta
        self.name = collection.name

    def fault(self, what: str, rule: str, remedy: str) -> PlanError:
        return PlanError(f"table `{self.name}`: {what}", rule, remedy)

    def plan(self) -> TablePlan:
        meta = self.meta
        anchor = meta.holds == "people"
        key = tuple(f.name for f in self.collection.fields if f.fides.primary_key)
        owners = tuple(o.column for o in meta.owners) or ((key[0],) if anchor and key else ())
        if not key:
            raise self.fault(
                "no primary key", "a row must be named to be erased", "mark fides_meta.primary_key"
            )
        if not owners:
            raise self.fault(
                "belongs to nobody", "every row of personal data has an owner", "write meta.owners"
            )
        if any(o.kind != "owner" for o in meta.owners):
            raise self.fault(
                "has a `shared` link", "guarded tables have owners only", "make the link an owner"
            )
        self._known(
            *owners,
            meta.recorded,
            meta.record_date,
            meta.source,
            *meta.scopes.values(),
            *meta.conditions.values(),
        )
        columns = tuple(self._column(field, key, owners) for field in self.collection.fields)
        bits = 0
        for column in columns:
            bits |= 0 if column.key else column.purposes
        if anchor:
            bits = self._mask(lambda p: p.active and p.stored and not p.by_record)
        columns = tuple(self._with_key_bits(column, bits) for column in columns)
        banned = self._banned(columns)
        self._dated(bits)
        self._deciding(columns, banned)
        return TablePlan(
            schema=self.dataset.db_schema,
            name=self.name,
            key=key,
            owners=owners,
            columns=columns,
            bits=bits,
            recorded=meta.recorded,
            record_date=meta.record_date,
            anchor=anchor,
            always_visible=meta.always_visible or anchor,
            narrow=(*self._narrow(), *banned, *self._by_source(columns)),
            ceilings=tuple(self._ceilings(columns)),
            facts=tuple(self._facts(owners)),
            scopes=dict(meta.scopes),
            partition=meta.partition.by if meta.partition else None,
            partition_every=meta.partition.every if meta.partition else None,
            needs_service=self._service(columns),
            refused=self._refused(columns),
            source=meta.source,
            sources=self._sources(columns),
            default_source=meta.default_source,
        )

    def _mask(self, test: Callable[[PurposePlan], bool]) -> int:
        result = 0
        for purpose in self.purposes:
            if test(purpose):
                result |= purpose.mask
        return result

    @property
    def _all(self) -> int:
        return self._mask(lambda p: True)

    def _named(self, keys: Sequence[str]) -> int:
        return self._mask(lambda p: p.key in keys)

    def _known(self, *columns: str | None) -> None:
        names = {f.name for f in self.collection.fields}
        for column in columns:
            if column is not None and column not in names:
                raise self.fault(
                    f"names column `{column}`, which it does not map", "a map says what is there", "map it"
                )

    def _column(self, field: DataField, key: tuple[str, ...], owners: tuple[str, ...]) -> ColumnPlan:
        meta = field.meta
        owner = next((i for i, o in enumerate(self.meta.owners) if field.name in o.owns), 0)
        for category in field.data_categories:
            if category not in self.policy.categories:
                raise self.fault(
                    f"column `{field.name}`: category `{category}` is not in the policy",
                    "P-020: a category is declared in the policy first",
                    f"use one of: {', '.join(sorted(self.policy.categories))}",
                )
        if meta.key or field.name in key or field.name in owners or field.name == self.meta.recorded:
            return ColumnPlan(
                field.name, tuple(field.data_categories), 0, owner, key=True, identity=field.fides.identity
            )
        if not field.data_categories:
            raise self.fault(
                f"column `{field.name}` has no category",
                "P-014: no orphan fields",
                "write data_categories, or meta.key",
            )
        says = self._readers(field)
        active = self._mask(lambda p: p.active)
        return ColumnPlan(
            field.name,
            tuple(field.data_categories),
            says & active,
            owner,
            erased=meta.erased,
            identity=field.fides.identity,
            all_purposes=says,
            origin=meta.origin,
        )

    def _readers(self, field: DataField) -> int:
        meta = field.meta
        if meta.purposes is not None:
            known = {p.key for p in self.purposes}
            for purpose in meta.purposes:
                if purpose not in known:
                    raise self.fault(
                        f"column `{field.name}` names purpose `{purpose}`", "P-051: a closed list", "mend it"
                    )
        return self._mask(
            lambda p: (
                all(self._reads(p, category) for category in field.data_categories)
                and (meta.purposes is None or p.key in meta.purposes or p.hold)
            )
        )

    def _reads(self, purpose: PurposePlan, category: str) -> bool:
        closed = self.policy.categories[category].only
        if closed and purpose.key not in closed:
            return False
        part: Part | None = None
        if purpose.of != "law":
            part = self.policy.purposes[purpose.of].parts[purpose.key]
        if part is not None and part.not_reads and covers(part.not_reads, category):
            return False
        return covers(purpose.reads, category)

    @staticmethod
    def _with_key_bits(column: ColumnPlan, bits: int) -> ColumnPlan:
        if not column.key:
            return column
        return replace(column, purposes=bits, all_purposes=bits)

    def _dated(self, bits: int) -> None:
        by_record = [p.key for p in self.purposes if p.by_record and p.mask & bits]
        if by_record and self.meta.record_date is None:
            raise self.fault(
                f"is read by {', '.join(by_record)}, whose clock runs per record, and has no record date",
                "P-073: a clock has a start",
                "write meta.record_date, or narrow the columns' purposes",
            )

    def _deciding(self, columns: Sequence[ColumnPlan], banned: Sequence[NarrowPlan]) -> None:
        """Columns that decide a row's masks outlive the values: erasing one would change what the row may be used for."""
        by_source = next(self._fitting_sources(columns), None) and self.meta.source
        deciding = [
            self.meta.record_date,
            self.meta.recorded,
            by_source,
            *(n.when.column for n in self.meta.narrow),
            *(n.when.column for n in banned if n.when),
        ]
        erasable = {c.name for c in columns if not c.key}
        for name in deciding:
            if name in erasable:
                raise self.fault(
                    f"column `{name}` decides what the row is for and could be erased",
                    "masks are a function of facts and of what stays on the row",
                    f"mark `{name}` with meta.key, or decide on another column",
                )

    def _narrow(self) -> list[NarrowPlan]:
        result = []
        holds = self._mask(lambda p: p.hold)
        for narrow in self.meta.narrow:
            self._known(narrow.when.column)
            named = set(narrow.only or ()) | set(narrow.but)
            unknown = named - {p.key for p in self.purposes}
            if unknown:
                raise self.fault(
                    f"narrows to unknown `{', '.join(sorted(unknown))}`", "P-051: a closed list", "mend it"
                )
            only = narrow.only
            removed = self._named(narrow.but) if only is None else self._all & ~self._named(only)
            result.append(NarrowPlan(narrow.when, removed & ~holds, narrow.why, narrow.promises))
        return result

    def _banned(self, columns: Sequence[ColumnPlan]) -> list[NarrowPlan]:
        """What the law refuses to parts that are such a use, unless the row says that its condition is met: by a column
        of the map; where no column says it, it is never met (P-003)."""
        held = {tag for c in columns for key in c.categories for tag in self.tags.get(key, ())}
        uses = {key: part.is_ for row in self.policy.purposes.values() for key, part in row.parts.items()}
        result = []
        for ban in self.bans:
            if not held & set(ban.is_) or self.record.switches.get(ban.switch or "") == "off":
                continue
            removed = self._named([key for key, words in uses.items() if ban.use in words])
            column = self.meta.conditions.get(ban.unless)
            unmet = [None] if column is None else [Predicate(column=column, equals=False), _unsaid(column)]
            why = f"{ban.label.get('en', ban.key)}: not without {ban.unless} ({ban.key}, {ban.article})"
            result += [NarrowPlan(when, removed, why, ("P-003",)) for when in unmet if removed]
        return result

    def _by_source(self, columns: Sequence[ColumnPlan]) -> list[NarrowPlan]:
        """What follows from where a row came from, in every table alike: what the record lets a source serve, and that
        before a contract its parts use only what somebody gave to get one (P-053). The person's own row is for all."""
        if self.meta.holds == "people":
            return []
        parts = self._mask(lambda p: p.of != "law" and not p.hold)
        contract = self._mask(lambda p: p.of != "law" and not p.hold and p.basis == "contract")
        phase = self.record.contract
        result = []
        for key, source, when in self._fitting_sources(columns):
            use = self.record.sources.get(key)
            removed = 0
            if use is not None:
                removed = self._named(use.but) if use.only is None else parts & ~self._named(use.only)
                result.append(NarrowPlan(when, removed, use.why, use.promises))
            if phase is not None and key not in phase.asked and contract & ~removed:
                why = f"{source.label.get('en', key)}: no step towards a contract that the person asked for"
                result.append(NarrowPlan(when, contract & ~removed, why, ("P-053",), before_contract=True))
        return result

    def _fitting_sources(
        self, columns: Sequence[ColumnPlan]
    ) -> Iterator[tuple[str, Source, Predicate | None]]:
        """The declared sources that rows of the table may come from, each with the condition that a row does."""
        column, default = self.meta.source, self.meta.default_source
        said = set(self.record.sources)
        if self.record.contract is not None:
            said |= set(self.policy.sources) - set(self.record.contract.asked)
        patterns = self._sources(columns)
        for key, source in self.policy.sources.items():
            if key not in said or source.pattern is None or source.pattern not in patterns:
                continue
            if column is not None:
                yield key, source, self._stored(column, source.pattern)
            elif default is not None and re.search(source.pattern, default):
                yield key, source, None

    def _stored(self, column: str, pattern: str) -> Predicate:
        """The condition that a column holds a source of this pattern, in the few forms that both languages judge alike."""
        found = _SOURCE_FORM.match(pattern)
        if found is None:
            raise self.fault(
                f"narrows by source, and the pattern `{pattern}` is too free for that",
                "P-049: what a source is must be told from the row",
                "write `^one$`, `^many:.+$` or `^of:(these|those)$`",
            )
        stem, rest, choice = found.group("stem", "rest", "choice")
        if rest:
            return Predicate(column=column, starts_with=stem)
        if choice:
            return Predicate(column=column, one_of=tuple(stem + one for one in choice.split("|")))
        return Predicate(column=column, equals=stem)

    def _ceilings(self, columns: Sequence[ColumnPlan]) -> list[CeilingPlan]:
        result = []
        holds = self._mask(lambda p: p.hold)
        for ceiling in self.ceilings:
            if ceiling.switch and self.record.switches.get(ceiling.switch) == "off":
                continue
            capped = [
                c for c in columns if any(set(ceiling.is_) & set(self.tags.get(k, ())) for k in c.categories)
            ]
            if not capped:
                continue
            if self.meta.record_date is None:
                raise self.fault(
                    f"is capped by {ceiling.key} and has no record date", "P-003", "write meta.record_date"
                )
            mask = 0
            for column in capped:
                mask |= column.purposes
            free = [c.name for c in columns if c not in capped and not c.key and c.purposes & mask & ~holds]
            if free:
                raise self.fault(
                    f"{ceiling.key} caps some columns and not {', '.join(free)}",
                    "values that age on their own have their own rows",
                    "give the capped values a table of their own",
                )
            deletes = ceiling.checked.status == "published" or ceiling.key in self.record.confirmed
            result.append(CeilingPlan(ceiling.key, ceiling.for_, mask & ~holds, deletes, ceiling.article))
        return result

    def _service(self, columns: Sequence[ColumnPlan]) -> ServicePlan | None:
        """Where the map says who has what the policy wants somebody to have, before rows of this table come in: the
        service that its categories are collected for (P-015), or any product at all (P-018)."""
        held = [self.policy.categories[category] for column in columns for category in column.categories]
        services = {category.services for category in held if category.services}
        if not services and not any(self.policy.types[category.type].with_product for category in held):
            return None
        if len(services) > 1:
            raise self.fault(
                f"holds what is collected for {' and for '.join(' or '.join(one) for one in sorted(services))}",
                "P-015: collected only for the services that somebody uses",
                "give each service's values a table of their own",
            )
        keys = services.pop() if services else ()
        found = [
            (dataset, collection, collection.meta.services)
            for dataset in self.datamap.dataset
            for collection in dataset.collections
            if collection.meta.services is not None
        ]
        if len(found) != 1:
            raise self.fault(
                f"is for people who have {f'service `{keys[0]}`' if keys else 'a product'}, and who has what is not said",
                "P-015, P-018: collected only for the services that somebody uses",
                "write meta.services on one table of what people have",
            )
        dataset, collection, says = found[0]
        of = next(
            ((d, c) for d in self.datamap.dataset for c in d.collections if c.name == says.of),
            (dataset, collection),
        )
        self._known(self.collection.meta.served)
        ids = [f.name for f in of[1].fields if f.fides.primary_key]
        return ServicePlan(
            keys=keys,
            schema=dataset.db_schema,
            table=collection.name,
            owner=collection.meta.owners[0].column,
            product=says.product,
            of=of[1].name,
            of_schema=of[0].db_schema,
            of_key=ids[0],
            service=says.service,
            since=says.since,
            until=says.until,
            served=self.collection.meta.served,
        )

    def _refused(self, columns: Sequence[ColumnPlan]) -> tuple[RefusedPlan, ...]:
        """What may not be written: what the law forbids without a condition that the policy names (P-035), and what no
        purpose in force would keep; a hold keeps what is there, and is no reason to collect (P-050)."""
        keeps = self._mask(lambda p: p.active and p.stored and not p.hold)
        found: dict[tuple[str, str], list[str]] = {}
        for column in columns:
            closed = next(filter(None, (self._forbidden(k) for k in column.categories)), None)
            if closed is None and not column.key and not column.purposes & keeps:
                closed = (
                    f"{', '.join(column.categories)}: no purpose of the policy needs it",
                    "P-050: declare a purpose that needs it, in a new version of the policy",
                )
            if closed is not None:
                found.setdefault(closed, []).append(column.name)
        return tuple(RefusedPlan(tuple(names), why, remedy) for (why, remedy), names in found.items())

    def _forbidden(self, key: str) -> tuple[str, str] | None:
        category = self.policy.categories.get(key)
        if category is None or category.condition is not None:
            return None
        if "special-category" in category.is_:
            return (
                f"{key}: special category of data, and the policy names no condition of art. 9(2)",
                "P-035: declare the condition in a new version of the policy",
            )
        if "criminal-data" in category.is_:
            return (
                f"{key}: criminal data, and the policy names no ground under art. 10",
                "P-035: declare the ground in a new version of the policy",
            )
        return None

    def _sources(self, columns: Sequence[ColumnPlan]) -> tuple[str, ...]:
        """Patterns of the sources that may give everything that the table holds (P-037, P-049)."""
        values = [c for c in columns if not c.key]
        held = {category for c in values for category in c.categories}
        origins = {c.origin for c in values}
        declared = [source for source in self.policy.sources.values() if source.pattern]
        fitting = tuple(
            str(source.pattern)
            for source in declared
            if all(not source.only or covers(source.only, category) for category in held)
            and (source.origin == "derived" or origins != {"derived"})
        )
        default = self.meta.default_source
        if declared and default is None and self.meta.source is None:
            raise self.fault(
                "does not say where its values come from",
                "P-049: every value has a declared source",
                "write meta.source or meta.default_source",
            )
        if declared and default is not None and sum(bool(re.search(p, default)) for p in fitting) != 1:
            raise self.fault(
                f"comes from `{default}`, which is not one declared source that may give what it holds",
                "P-037, P-049: every value has a declared source",
                "mend meta.default_source, or declare the source in the policy",
            )
        return fitting

    def _facts(self, owners: Sequence[str]) -> list[EventPlan]:
        result = []
        for event in self.meta.events:
            self._known(event.at, event.when.column if event.when else None)
            declared = self.policy.events.get(event.event)
            if declared is None:
                raise self.fault(
                    f"event `{event.event}` is not declared", "P-108: distinct events", "declare it"
                )
            if event.of is not None and event.of not in owners:
                raise self.fault(
                    f"event `{event.event}` is of `{event.of}`, which is no owner of the row",
                    "P-108: an event happens to somebody",
                    f"use one of: {', '.join(owners)}",
                )
            name = declared.alias_of or event.event
            result.append(EventPlan("event", name, event.at, event.of or owners[0], None, event.when))
        for consent in self.meta.consents:
            self._known(consent.given, consent.withdrawn, consent.when.column if consent.when else None)
            if consent.purpose not in {p.key for p in self.purposes}:
                raise self.fault(
                    f"consent for unknown `{consent.purpose}`", "P-051: a closed list", "mend it"
                )
            result.append(
                EventPlan(
                    "consent", consent.purpose, consent.given, owners[0], consent.withdrawn, consent.when
                )
            )
        return result

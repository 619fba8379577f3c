"""The compiler's front: policy, record, law and data map become a `Plan`. Pure: no I/O, no clock.

What does not fit together is refused here, by name, with the rule and the remedy.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence

from bloesem.datamap.model import DataMap
from bloesem.errors import PlanError
from bloesem.law.model import Ban, Ceiling, LawPurpose
from bloesem.plan.model import (
    CONSENT_AGE,
    Bit,
    BornPlan,
    OpenTable,
    Plan,
    PurposePlan,
    RecordingPlan,
    ReturnRule,
    SourcePlan,
    TablePlan,
    WriterPlan,
)
from bloesem.plan.purposes import cases_of, oversight_of, processes_of, purposes_of, scoped_of, staff_of
from bloesem.plan.tables import TableCompiler, open_table
from bloesem.policy.diff import spelt
from bloesem.policy.model import Policy, Record
from bloesem.terms import LANGUAGES


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
    consent_age: int = CONSENT_AGE,
) -> Plan:
    """Compile. `bans`: uses that the law refuses (P-003). `off`: parts that may not run, and why (P-055).
    `first_version`: date of the oldest policy version. `consent_age`: from which on somebody agrees by themselves.

    Raises `PlanError` for anything undecided: a part without a bit, a column without a category or with one that the
    policy does not know, a table without owner, a clock per record without a record's date.
    """
    purposes = purposes_of(policy, record, law_purposes, bits, off or {}, first_version or policy.version)
    tags = {key: category.is_ for key, category in policy.categories.items()}
    tables: list[TablePlan] = []
    others: list[OpenTable] = []
    names: set[str] = set()
    for dataset in datamap.dataset:
        for collection in dataset.collections:
            if collection.meta.holds in ("reference", "system"):
                others.append(open_table(dataset, collection))
                continue
            if collection.name in names:
                raise PlanError(f"table `{collection.name}` is mapped twice", "one map per table", "keep one")
            names.add(collection.name)
            tables.append(
                TableCompiler(
                    policy, record, purposes, ceilings, bans, tags, datamap, dataset, collection
                ).plan()
            )
    return Plan(
        company=policy.company,
        version=policy.version,
        purposes=tuple(purposes),
        tables=tuple(tables),
        open_tables=tuple(others),
        scoped=scoped_of(record),
        writers=tuple(
            WriterPlan(key, dict(w.tables), w.adds_only, w.purpose)
            for key, w in sorted(record.writers.items())
        ),
        born=_born(tables, tags),
        consent_age=consent_age,
        recordings=_recordings(policy, record, purposes, {bit.key for bit in bits}),
        measures=tuple((key, one.interval) for key, one in record.measures.items()),
        returns=ReturnRule(record.returns.event, record.returns.after, record.returns.within)
        if record.returns
        else None,
        contract_begins=record.contract.begins if record.contract else None,
        events=tuple(sorted(policy.events)),
        processes=processes_of(record, purposes, bits),
        staff=staff_of(record),
        cases=cases_of(record, purposes, bits),
        oversight=oversight_of(record, purposes),
        prefix=prefix,
        retired=tuple(bit for bit in bits if bit.key not in {p.key for p in purposes}),
        bits=tuple(bits),
        sources=tuple(
            SourcePlan(key, one.pattern, one.origin) for key, one in policy.sources.items() if one.pattern
        ),
        **({"told_within": record.deadlines.recipients_told} if record.deadlines else {}),
    )


def _recordings(
    policy: Policy, record: Record, purposes: Sequence[PurposePlan], known: Collection[str]
) -> RecordingPlan | None:
    """in: `known`, the purposes of every version: an announcement for which this one does not record is not said any more.

    Raises `PlanError` for one that names no purpose of the policy (a proof for a claim is none), or does not say for how
    long."""
    said, allowed = record.recordings, set(policy.recordings.for_) if policy.recordings else set()
    if said is None:
        return None
    law = {purpose.key for purpose in purposes if purpose.of == purpose.key or ":" in purpose.key}
    made = []
    for key, one in said.announcements.items():
        unknown = [name for name in one.purposes if name not in known or name in law]
        unsaid = [lang for lang, words in one.words.items() if spelt(one.kept)[lang] not in words]
        if unknown or unsaid or set(one.words) < set(LANGUAGES):
            raise PlanError(
                f"announcement `{key}`: "
                + (
                    f"the policy records nothing for `{unknown[0]}`"
                    if unknown
                    else f"it does not say {one.kept} in every language"
                ),
                "WEC art. 124, 128, R-063: who speaks hears of the recording, its purposes, and how long it is kept",
                "name purposes for which the policy records, and say the period in the words of each language",
            )
        if set(one.purposes) <= allowed:
            made.append(key)
    return RecordingPlan(tuple(made), said.staff.told, said.staff.review)


def _born(tables: Sequence[TablePlan], tags: Mapping[str, Sequence[str]]) -> tuple[BornPlan, ...]:
    """Where birth dates stand: by what the policy says of their category."""
    return tuple(
        BornPlan(table.schema, table.name, table.owners[column.owner], column.name)
        for table in tables
        for column in table.columns
        if not column.key and any("birth-date" in tags.get(key, ()) for key in column.categories)
    )

"""What a policy's parts and a record's decisions become: purposes with bits and clocks, scoped roles, processes. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Literal

from bloesem.errors import PlanError
from bloesem.law.model import LawPurpose
from bloesem.plan.categories import ALL, covers
from bloesem.plan.dates import midnight
from bloesem.plan.model import (
    CONSENT,
    RECORD,
    Bit,
    Clock,
    OversightPlan,
    PurposePlan,
    ScopedPlan,
)
from bloesem.policy.model import Keep, Part, Policy, Purpose, Record, Term

MAX_BITS = 60


def purposes_of(
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


def scoped_of(record: Record) -> tuple[ScopedPlan, ...]:
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


def processes_of(
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


def staff_of(record: Record) -> tuple[str, ...]:
    """The processes through which staff read, and the scoped roles that are never the person's own."""
    known = set(record.processes) | set(record.roles)
    unknown = sorted(set(record.staff) - known)
    if unknown:
        raise PlanError(
            f"`staff` names `{', '.join(unknown)}`, which is no process and no scoped role",
            "a staff read is written down: by which login or role staff read has to be known",
            f"use: {', '.join(sorted(known))}",
        )
    return tuple(sorted(record.staff))


def cases_of(record: Record, purposes: Sequence[PurposePlan], bits: Sequence[Bit]) -> tuple[str, ...]:
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


def oversight_of(record: Record, purposes: Sequence[PurposePlan]) -> OversightPlan | None:
    """How the privacy officer asks; None where the record does not say."""
    said = record.oversight
    if said is None:
        return None
    if said.process not in record.processes:
        raise PlanError(
            f"`oversight` names process `{said.process}`, which is none",
            "art. 39: whoever watches over the policy asks through a process, and no other may",
            f"use: {', '.join(sorted(record.processes)) or 'none is there'}",
        )
    known = sorted(p.key for p in purposes if p.of == "law" and not p.hold)
    if said.purpose not in known:
        raise PlanError(
            f"`oversight` is under `{said.purpose}`, which is no purpose of the law",
            "P-051: a closed list; a question about a person is written down under the law that asks for oversight",
            f"use: {', '.join(known) or 'none is there'}",
        )
    return OversightPlan(said.process, said.purpose)

"""The register of art. 30 from the same model as everything else: policy, record and law. Pure.

An activity is a sub-purpose of one version (or of several, where nothing about it changed), or a purpose of the law. What
art. 30(1) asks and nobody wrote down is named in `missing`, and never invented.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bloesem.plan.categories import covers
from bloesem.policy.checks import reads_category
from bloesem.policy.findings import basis_of, keep_of
from bloesem.policy.model import Part, Policy, Purpose
from bloesem.recipients.decide import parts_of
from bloesem.recipients.transfers import carried
from bloesem.register.records import Behalf, SecurityMeasure
from bloesem.terms import Keep, add_period

if TYPE_CHECKING:
    from bloesem.law.model import Law, LawPurpose
    from bloesem.policy.company import Company

Words = Mapping[str, str]
#: What art. 30(1) asks of each activity; a field that is empty is missing.
REQUIRED = ("purpose", "people", "data", "recipients", "retention", "measures")
KEEP_RULE = "be.register.keep"
ARTICLES = {
    "contract": "6(1)(b)",
    "legal-obligation": "6(1)(c)",
    "legitimate-interest": "6(1)(f)",
    "consent": "6(1)(a)",
}


@dataclass(frozen=True)
class Receiver:
    """Who gets data of an activity, and as what. `countries`: where data is or can be reached; outside the EEA too."""

    key: str
    name: str
    kind: Words = field(hash=False)
    role: str = ""
    countries: tuple[str, ...] = ()


@dataclass(frozen=True)
class Leaves:
    """A transfer outside the EEA of an activity's data: where to, on what, and where the safeguards can be had.

    `documented`: the register says on which mechanism (art. 30(1)(e), 49(1) second subparagraph)."""

    receiver: str
    of: str | None
    country: str
    mechanism: str | None
    safeguards: str | None

    @property
    def documented(self) -> bool:
        return self.mechanism is not None


@dataclass(frozen=True)
class Activity:
    """What is processed for one sub-purpose, from `started` through `ended` (civil days, inclusive; none: it runs).

    `off`: why it may not run, although the text has it. `people` empty: the text names no group."""

    key: str
    row: str
    version: dt.date
    started: dt.date
    ended: dt.date | None
    replaced_by: str | None
    label: Words = field(hash=False)
    purpose: Words = field(hash=False)
    basis: str
    article: str
    statutes: tuple[str, ...]
    interest: Words | None = field(hash=False)
    people: tuple[str, ...]
    data: tuple[str, ...]
    special: tuple[str, ...]
    sources: tuple[str, ...]
    recipients: tuple[Receiver, ...]
    transfers: tuple[Leaves, ...]
    keep: Keep = field(hash=False)
    off: str | None = None
    measures: int = 0

    @property
    def missing(self) -> tuple[str, ...]:
        """What art. 30(1) asks and nobody wrote down."""
        held = {
            "purpose": bool(self.purpose),
            "people": bool(self.people),
            "data": bool(self.data),
            "recipients": True,  # nobody gets anything: that is an answer
            "retention": bool(self.keep.terms) or self.keep.hold or not self.stores,
            "measures": self.measures > 0,
        }
        lacks = [name for name in REQUIRED if not held[name]]
        lacks += ["mechanism"] if any(not one.documented for one in self.transfers) else []
        return tuple(lacks)

    @property
    def stores(self) -> bool:
        """Whether it is a reason to store: what keeps nothing has no term of its own."""
        return bool(self.keep.terms) or self.keep.hold


@dataclass(frozen=True)
class Identity:
    """Who is responsible (art. 30(1)(a)). Empty: not written down."""

    name: str
    legal_form: str | None
    kbo: str | None
    address: str | None
    country: str | None
    telephone: str | None
    website: str | None
    email: str
    officer: str | None
    officer_function: Words = field(hash=False)
    officer_telephone: str | None = None
    representative: str | None = None
    joint: tuple[str, ...] = ()

    @property
    def missing(self) -> tuple[str, ...]:
        held = {
            "address": self.address,
            "kbo": self.kbo,
            "officer": self.officer,
            "telephone": self.telephone,
        }
        return tuple(name for name, value in held.items() if not value)


@dataclass(frozen=True)
class Register:
    """Both registers on a civil day. `on_behalf` none: nobody decided whether we process for others (art. 30(2))."""

    on: dt.date
    identity: Identity
    activities: tuple[Activity, ...]
    measures: tuple[SecurityMeasure, ...]
    on_behalf: tuple[Behalf, ...] | None
    policy: Policy = field(hash=False, repr=False)

    @property
    def running(self) -> tuple[Activity, ...]:
        return tuple(one for one in self.activities if one.ended is None or one.ended >= self.on)


def register(company: Company, on: dt.date) -> Register:
    """The register as it is on a civil day: what runs, and what ended within the time that the authority advises.

    Raises `PolicyError` where no version is in force that day, `LawError` where the law does not say how long."""
    policy = company.in_force(on)
    keep = company.law.valid_on(on).rule(KEEP_RULE).value
    known = [one for one in company.versions if company.begun(one, on)]
    found: list[Activity] = []
    for version in known:
        for activity in _of_version(company, version, on):
            found = _joined(found, activity)
    shown = [one for one in found if one.ended is None or add_period(one.ended, keep) >= on]
    record = company.record.register_
    return Register(
        on,
        _identity(company, policy),
        tuple(sorted(shown, key=lambda one: (one.row, _order(policy, one.key), one.started))),
        record.measures if record else (),
        record.on_behalf if record else None,
        policy,
    )


def _order(policy: Policy, key: str) -> tuple[int, str]:
    parts = [part for row in policy.purposes.values() for part in row.parts]
    return (parts.index(key) if key in parts else len(parts)), key


def _joined(found: list[Activity], new: Activity) -> list[Activity]:
    """An activity whose text did not change goes on; one that changed ends, and is replaced by the new."""
    for index, old in enumerate(found):
        follows = old.ended is not None and old.ended + dt.timedelta(days=1) == new.started
        if old.key == new.key and follows and _says(old) == _says(new):
            lasting = replace(new, version=old.version, started=old.started)
            return [*found[:index], lasting, *found[index + 1 :]]
    return [*found, new]


def _says(one: Activity) -> tuple[object, ...]:
    """What a version says of it. Who gets it, and on which statute, is the record's, and has days of its own."""
    return dict(one.label), dict(one.purpose), one.row, one.basis, one.people, one.data, one.sources, one.keep


def _end(company: Company, policy: Policy, on: dt.date) -> tuple[dt.date | None, Policy | None]:
    """The last day of a version, and the one that took its place: a version that has not begun ends nothing yet."""
    begun = [one for one in company.versions if one.version > policy.version and company.begun(one, on)]
    following = min(begun, key=lambda one: one.version, default=None)
    end = policy.valid_until or (following.version - dt.timedelta(days=1) if following else None)
    return end, following


def _of_version(company: Company, policy: Policy, on: dt.date) -> Iterator[Activity]:
    end, following = _end(company, policy, on)
    day = on if end is None or end >= on else end
    off = company.off_in(policy, day)
    after = {part for row in following.purposes.values() for part in row.parts} if following else set()
    for row_key, row in policy.purposes.items():
        for key, part in row.parts.items():
            yield replace(
                _of_part(company, policy, row_key, row, key, part, day),
                ended=end,
                off=off.get(key),
                replaced_by=f"{key} ({following.version})" if following and key in after else None,
            )
    for purpose in company.law.valid_on(day).purposes:
        yield replace(_of_law(company, policy, purpose, day), ended=end, off=off.get(purpose.key))


def _of_part(
    company: Company, policy: Policy, row_key: str, row: Purpose, key: str, part: Part, day: dt.date
) -> Activity:
    record = company.record.decided_by(day)
    basis = basis_of(policy, record, key)
    data = tuple(name for name in policy.categories if reads_category(part, name))
    decided = record.basis.get(key)
    named = (part.statute or row.statute, decided.statute if decided else None)
    statutes = [one for one in named if one]
    statutes += [one.reference for one in record.statutes.values() if key in one.parts]
    recipients, transfers = _out(company, policy, key, data, day)
    balanced = next((one.interest for one in record.balancing if one.purpose in (key, row_key)), None)
    return Activity(
        key=key,
        row=row_key,
        version=policy.version,
        started=policy.version,
        ended=None,
        replaced_by=None,
        label=part.label,
        purpose=part.description or row.description,
        basis=basis,
        article=ARTICLES[basis],
        statutes=tuple(dict.fromkeys(statutes)),
        interest=(part.interest or row.interest or balanced) if basis == "legitimate-interest" else None,
        people=part.groups or tuple(policy.groups),
        data=_narrow(data),
        special=_special(policy, data),
        sources=_sources(policy, data),
        recipients=recipients,
        transfers=transfers,
        keep=keep_of(row, part),
        measures=len(record.register_.measures) if record.register_ else 0,
    )


def _of_law(company: Company, policy: Policy, purpose: LawPurpose, day: dt.date) -> Activity:
    words = set(purpose.reads.is_)
    marked = [name for name, one in policy.categories.items() if purpose.reads.all or words & set(one.is_)]
    data = tuple(name for name in policy.categories if covers(marked, name))
    recipients, transfers = _out(company, policy, purpose.key, data, day)
    return Activity(
        key=purpose.key,
        row="law",
        version=policy.version,
        started=policy.version,
        ended=None,
        replaced_by=None,
        label=purpose.label,
        purpose=purpose.description,
        basis=purpose.basis,
        article=purpose.article,
        statutes=(purpose.source,) if purpose.source else (),
        interest=None,
        people=tuple(policy.groups),
        data=_narrow(data),
        special=_special(policy, data),
        sources=_sources(policy, data),
        recipients=recipients,
        transfers=transfers,
        keep=purpose.keep,
        measures=len(company.record.register_.measures) if company.record.register_ else 0,
    )


def _narrow(keys: tuple[str, ...]) -> tuple[str, ...]:
    """Without headings whose own kinds stand in the list too."""
    return tuple(key for key in keys if not any(other.startswith(f"{key}.") for other in keys))


def _special(policy: Policy, data: tuple[str, ...]) -> tuple[str, ...]:
    words = {"special-category", "criminal-data"}
    return tuple(key for key in _narrow(data) if words & set(policy.categories[key].is_))


def _sources(policy: Policy, data: tuple[str, ...]) -> tuple[str, ...]:
    """The declared sources that may give any of it: one that names no categories may give any."""
    return tuple(
        key
        for key, source in policy.sources.items()
        if not source.only or any(covers(source.only, name) for name in data)
    )


def _out(
    company: Company, policy: Policy, key: str, data: tuple[str, ...], day: dt.date
) -> tuple[tuple[Receiver, ...], tuple[Leaves, ...]]:
    """Who is registered for it on the day and shares a category with it; and what thereby leaves the EEA."""
    record, receivers, leaves = company.record, [], []
    for name, one in record.recipients.items():
        kind = policy.recipients.get(one.kind)
        if kind is None or not one.on_record(day) or key not in parts_of(policy, one.purposes):
            continue
        if not any(covers(one.fields, category) for category in data):
            continue
        countries = tuple(dict.fromkeys(country for country, _way in one.exposures()))
        receivers.append(Receiver(name, one.name, kind.label, one.role, countries))
        for each in carried(policy, record, company.law, name, one, day):
            how = each.transfer
            leaves.append(
                Leaves(
                    name,
                    each.exposure.of,
                    each.exposure.country,
                    how.mechanism if how else None,
                    how.copy_at if how else None,
                )
            )
    return tuple(receivers), tuple(leaves)


def _identity(company: Company, policy: Policy) -> Identity:
    said, decided, record = policy.controller, company.record.controller, company.record.register_
    seat = said.seat or (decided.seat if decided else None)
    officer = record.officer if record else None
    return Identity(
        name=said.name,
        legal_form=said.legal_form or (decided.legal_form if decided else None),
        kbo=said.kbo or (decided.kbo if decided else None),
        address=f"{seat.street}, {seat.postal_code} {seat.city}" if seat else None,
        country=seat.country if seat else None,
        telephone=record.telephone if record else None,
        website=record.website if record else None,
        email=policy.contact.email,
        officer=officer.name if officer else None,
        officer_function=policy.contact.function,
        officer_telephone=officer.telephone if officer else None,
        representative=record.representative if record else None,
        joint=record.joint if record else (),
    )


def countries_outside(one: Activity, law: Law, day: dt.date) -> tuple[str, ...]:
    """The countries outside the EEA to which its data go."""
    eea = law.eea(day)
    return tuple(dict.fromkeys(each.country for each in one.transfers if each.country not in eea))


__all__ = [
    "KEEP_RULE",
    "REQUIRED",
    "Activity",
    "Identity",
    "Leaves",
    "Receiver",
    "Register",
    "countries_outside",
    "register",
]

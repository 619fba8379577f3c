"""A version as it lies on disk beside the one before it: what differs, what is wrong with it, what it asks first. Pure, but
for reading its files to name them."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from bloesem.consent.texts import Texts
from bloesem.countries import in_all
from bloesem.errors import PolicyError
from bloesem.policy.company import Company
from bloesem.policy.diff import Change, countries, diff, statements
from bloesem.policy.findings import basis_of
from bloesem.policy.lint import LintFinding, publishable
from bloesem.policy.lint.reading import notice_of
from bloesem.policy.model import Policy, Record
from bloesem.policy.text import other_day
from bloesem.publishing.errors import PublishingError
from bloesem.terms import LANGUAGES, add_period


@dataclass(frozen=True)
class Further:
    """A part of the policy that would use what was collected for others. `name`: what it is called, `categories`: what it
    would use, each in four languages."""

    part: str
    name: Mapping[str, str]
    categories: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Version:
    """One version to be published. `digest`: a name for its files; another one once a letter of them changes."""

    company: Company
    old: Policy
    new: Policy
    digest: str
    changes: tuple[Change, ...]

    @property
    def significant(self) -> bool:
        return any(change.significant for change in self.changes)

    def words(self) -> Mapping[str, str]:
        """What people are told changes, per language: what is significant, or, where nothing is, everything."""
        told = [change for change in self.changes if change.significant] or list(self.changes)
        return {one: "\n".join(f"- {change.words[one]}" for change in told) for one in LANGUAGES}

    def parts(self) -> tuple[str, ...] | None:
        """Sub-purposes whose people are concerned by what is told; None: everybody is."""
        told = [change for change in self.changes if change.significant] or list(self.changes)
        if any(not change.parts for change in told):
            return None
        return tuple(sorted({part for change in told for part in change.parts}))

    def errors(self) -> list[LintFinding]:
        """Errors of the text, as the linter finds them on its first day: a version that has one is not published (P-001)."""
        return list(publishable(notice_of(self.company, self.new, self.new.version)))

    def other_day(self) -> str:
        """What the text says of the day on which it was last changed, where that is another day than its own (P-182)."""
        return other_day(self.company.policies / self.new.version.isoformat(), self.new)

    def notice(self) -> str:
        """How long before, as a period. raises: PublishingError where the company did not decide it."""
        decided = self.company.record.deadlines
        if decided is None:
            raise PublishingError(
                "the record does not say how long before a change people are told",
                "P-175: significant changes are told beforehand",
                "write `deadlines: {policy_notice: P30D, …}` in a file of the record",
            )
        return decided.policy_notice

    def last_day_of_notice(self) -> dt.date:
        """The last civil day on which a notice still comes early enough."""
        day = self.new.version
        while add_period(day, self.notice()) > self.new.version:
            day -= dt.timedelta(days=1)
        return day

    def asks_consent(self) -> list[str]:
        """Parts that run on consent in this version and did not in the one before: nobody agreed to them yet (P-176)."""
        before = {key for row in self.old.purposes.values() for key in row.parts}
        found = []
        for row in self.new.purposes.values():
            for key in row.parts:
                runs = basis_of(self.new, self.company.record, key)
                was = basis_of(self.old, self.company.record, key) if key in before else None
                if runs == "consent" and was != "consent":
                    found.append(key)
        return found

    def further(self) -> tuple[Further, ...]:
        """Parts that need the test of art. 6(4): they use a category which was collected for other parts until then, and
        run neither on consent nor on a law. A part that is new uses only what is collected from its first day on, and needs
        the test where the record says that it is compatible with what was before (`compatible`)."""
        was, now = statements(self.old), statements(self.new)
        collected = {key.split("/")[1] for kind, key in was if kind == "reads"}
        compatible = self.company.record.decided_by(self.new.version).compatible
        found: dict[str, dict[str, Mapping[str, str]]] = {}
        for (kind, key), said in now.items():
            part, _, category = key.partition("/")
            if kind != "reads" or (kind, key) in was or category not in collected:
                continue
            if ("purpose", part) not in was and part not in compatible:
                continue
            if basis_of(self.new, self.company.record, part) not in ("consent", "legal-obligation"):
                found.setdefault(part, {})[category] = said.name
        return tuple(Further(part, now["purpose", part].name, of) for part, of in found.items())

    def unasked(self, texts: Texts | None) -> list[str]:
        """Of those, the ones that no text asks for on the version's first day."""
        asked = {t.purpose for t in texts.all if t.shown_on(self.new.version)} if texts else set()
        return [key for key in self.asks_consent() if key not in asked]

    def told(self) -> list[dict[str, object]]:
        """The differences as they are kept beside the decision."""
        return [{**asdict(change), "parts": list(change.parts)} for change in self.changes]


def version_of(company: Company, day: dt.date) -> Version:
    """The version of a civil day, beside the one in force on the day before it.

    raises: PublishingError for a day on which no version begins, or before which there was none."""
    new = next((policy for policy in company.versions if policy.version == day), None)
    if new is None:
        dates = ", ".join(str(policy.version) for policy in company.versions)
        raise PublishingError(
            f"no version of {company.name} begins on {day}",
            "P-173: a version is named by the day on which it begins",
            f"name one of: {dates}",
        )
    try:
        old = company.in_force(day - dt.timedelta(days=1))
    except PolicyError:
        raise PublishingError(
            f"{day} is the first version of {company.name}: there is nothing that it changes",
            "P-175: people are told of changes; a first version is put in force with its database",
            "`bloesem plan --apply --store URL`",
        ) from None
    was, now = (_countries(company.record, one.version) for one in (old, new))
    changes = (*diff(old, new), *countries(old, was, now, {code: in_all(code) for code in was | now}))
    return Version(company, old, new, digest_of(company, day), changes)


def _countries(record: Record, day: dt.date) -> frozenset[str]:
    """Where data come outside the EEA on a day, by the record."""
    return frozenset(one.country for one in record.transfers.values() if one.on_record(day))


def digest_of(company: Company, day: dt.date) -> str:
    """A name for a version's files as they lie there; of no files, where the folder is gone."""
    folder = company.policies / day.isoformat()
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    lines = [f"{f.name} {hashlib.sha256(f.read_bytes()).hexdigest()}" for f in files if f.is_file()]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


__all__ = ["Further", "Version", "digest_of", "version_of"]

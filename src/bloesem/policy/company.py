"""A company: all versions of its policy, its record, the law that it is held against, and what follows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import Field

from bloesem.errors import PolicyError
from bloesem.findings import Finding as Weakness
from bloesem.law import BUNDLED, bundled, load_law
from bloesem.law.model import Law, LawPurpose
from bloesem.policy.conditions import with_conditions
from bloesem.policy.cross import company_problems, term_problems
from bloesem.policy.decided import law_with_terms, with_terms
from bloesem.policy.findings import Finding, basis_of, findings, stated
from bloesem.policy.load import LoadedPolicy, LoadedRecord, read_policy, read_record
from bloesem.policy.model import Part, Policy, Purpose, Record
from bloesem.source import Problem, Strict, parse, refuse, validate
from bloesem.terms import Label

COMPANY_FILE = "bloesem.yaml"

#: Why a part on legitimate interest may not run (P-055), and what its company can do about it.
NO_TEST = "no balancing test is on file (P-055)"
LATER_TEST = "the balancing test is of a later day (P-055)"
STOP = "the balancing test says stop (P-055)"
NOT_STATED = "the interest was not stated at collection (P-055)"
#: Why a part on a legal obligation may not run yet (P-054).
NO_STATUTE = "no statute obliges on this day (P-054)"
OFF_REMEDIES: Mapping[str, str] = {
    NO_TEST: "put the balancing test in the record (`balancing`)",
    LATER_TEST: "it runs from the day on which the test was decided",
    STOP: "weigh again, and put the new test in the record (`balancing`), or take the part out of the policy",
    NO_STATUTE: "name the statute that does (`statutes` of the record), or mend its days",
    NOT_STATED: "state it: write `interest` at the part in this version's policy.yaml; or, where people were told "
    "otherwise, `stated_at_collection: true` at its balancing test. The record's switches `unstated_interest` and "
    "`unstated_interest_off_from` say that a part without it is off",
}


class Mailbox(Strict):
    """The privacy mailbox: mail to the policy's address, which `bloesem up` reads by IMAP where its environment names a
    server, else from a folder of .eml files. `own`: addresses that write in our name, from which no case comes."""

    folder: Path | None = Field(
        default=None,
        description="Counts from the file; without it, the folder `privacy` in the data directory.",
    )
    own: tuple[str, ...] = ()


class CompanyFile(Strict):
    """`bloesem.yaml`: where everything about a company stands. Paths count from the file."""

    name: Label
    policy: Path = Path("policy")
    record: Path = Path("record")
    law: tuple[Path, ...] = Field(
        default=(Path(BUNDLED),),
        min_length=1,
        description="Directories of rules; `bundled` are Europe's and Belgium's, which come with Bloesem.",
    )
    maps: tuple[Path, ...] = ()
    bits: Path = Path("bits.yaml")
    messages: Path | None = None  # the directory of what is sent: door.yaml, consents.yaml, templates
    mailbox: Mailbox | None = None  # mail to the privacy officer becomes a case, while `bloesem up` runs
    application: str | None = None  # Django settings module, where the company has an application here
    demonstration: str | None = None  # `module:function` that fills an empty database with invented people
    accounts: str | None = (
        None  # `module:function` that lets people sign in to that demonstration, at each start
    )
    after_sending: str | None = (
        None  # `module:function` that writes the business's own row of a message that was sent
    )


class BitLine(Strict):
    """A line of the registry of bits: allocated once, never reused."""

    number: int = Field(ge=0, lt=60)
    key: str
    first: dt.date
    last: dt.date | None = None


class BitsFile(Strict):
    """The registry of bits."""

    bits: tuple[BitLine, ...]


@dataclass(frozen=True)
class Company:
    """Everything that a company says. `versions`: by date, oldest first.

    `findings`: of every version, never silently applied.
    """

    name: str
    label: Mapping[str, str] = field(hash=False)
    directory: Path
    versions: tuple[Policy, ...]
    record: Record = field(hash=False)
    law: Law = field(hash=False)
    findings: tuple[Finding, ...] = ()
    maps: tuple[Path, ...] = ()
    policies: Path = Path("policy")  # the directory of versions
    bits_file: Path = Path("bits.yaml")
    messages: Path | None = None
    mailbox: Mailbox | None = field(default=None, hash=False)
    application: str | None = None
    demonstration: str | None = None
    accounts: str | None = None
    after_sending: str | None = None
    record_files: LoadedRecord | None = field(default=None, hash=False, compare=False, repr=False)
    standing: dt.date | None = (
        None  # the version that a database has: a later one was not published, and has not begun
    )

    def where(self, *names: str | int) -> str:
        """in: a key of the record (`"roles", "fleet", "scope"`). out: `file:line` of what says it, or nothing."""
        if self.record_files is None:
            return ""
        path, line = self.record_files.find(*names)
        return f"{path}:{line}"

    def in_force(self, day: dt.date) -> Policy:
        """The version in force on a civil day (Europe/Brussels): the last one that has begun and not ended. Where it is
        known which one stands in the database, none after that has begun, whatever its date (P-175).

        Raises `PolicyError` when there is none, or when two versions are valid on that day.
        """
        found = _valid_on([one for one in self.versions if self._stands(one)], day)
        if len(found) == 1:
            return found[0]
        if found:
            names = " and ".join(str(policy.version) for policy in found)
            raise PolicyError(
                f"two versions of the policy of {self.name} are valid on {day}: {names}",
                rule="P-173: every decision cites the one version in force",
                remedy="end the older one before the newer begins (valid_until), or take one away",
            )
        dates = ", ".join(str(policy.version) for policy in self.versions)
        raise PolicyError(
            f"no version of the policy of {self.name} is valid on {day}; there are: {dates}",
            rule="P-173: every decision cites the version in force",
            remedy="ask for a later day, or add the version that was in force",
        )

    def begun(self, policy: Policy, day: dt.date) -> bool:
        """Whether a version was in force on a civil day, or before it."""
        return policy.version <= day and self._stands(policy)

    def ends(self, policy: Policy, day: dt.date) -> dt.date | None:
        """The last day of a version, as it is known on a civil day: its own, or the one before the next begins. None:
        not known yet."""
        return _end(policy, [one for one in self.versions if one.version > day or self._stands(one)])

    def _stands(self, policy: Policy) -> bool:
        return self.standing is None or policy.version <= self.standing

    def off_in(self, policy: Policy, on: dt.date) -> Mapping[str, str]:
        """The parts of a version, and purposes of the law, that may not run on a civil day, and why; see `parts_off`."""
        return parts_off(policy, self.record, on, self.law.purposes_on(on))

    def bits(self) -> tuple[BitLine, ...]:
        """The registry of bits. Raises `SourceError`; `PolicyError` for a number or key that stands twice."""
        return load_bits(self.bits_file)


def _valid_on(versions: Sequence[Policy], day: dt.date) -> list[Policy]:
    return [one for one in versions if one.version <= day <= (_end(one, versions) or dt.date.max)]


def _end(policy: Policy, versions: Sequence[Policy]) -> dt.date | None:
    """A version without `valid_until` ends when the next begins; one with it is valid until that day. None: not known."""
    later = [other.version for other in versions if other.version > policy.version]
    return policy.valid_until or (min(later) - dt.timedelta(days=1) if later else None)


def load_bits(path: Path) -> tuple[BitLine, ...]:
    """The registry of bits in a file; see `Company.bits`."""
    document = parse(path)
    lines = validate(document, BitsFile).bits
    problems = []
    for name in ("number", "key"):
        seen: dict[object, int] = {}
        for index, line in enumerate(lines):
            value, at = getattr(line, name), document.line_of(("bits", index))
            if value in seen:
                problems.append(
                    Problem(
                        path,
                        at,
                        f"bits.{index}.{name}",
                        f"`{value}` stands twice, first on line {seen[value]}",
                        "a bit is allocated once, never reused",
                        "use a number that is free" if name == "number" else "keep one of the two",
                    )
                )
            seen.setdefault(value, at)
    refuse(problems, PolicyError)
    return lines


def load_company(
    directory: Path | str, *, policies: Path | None = None, standing: dt.date | None = None
) -> Company:
    """Everything in a company's directory, checked together. in: `policies`, a directory of versions instead of its own;
    `standing`, see `Company`.

    Raises `SourceError` for what a file may not say, `LawError` and `PolicyError` for what does not fit; each
    problem with file, line, rule and remedy. What is merely weak or missing in the text becomes a finding.
    """
    home = Path(directory)
    settings = validate(parse(home / COMPANY_FILE), CompanyFile)
    law = load_law(*(bundled() if path == Path(BUNDLED) else home / path for path in settings.law))
    policies = policies or home / settings.policy
    loaded = _versions(policies)
    record = read_record(home / settings.record)
    refuse(term_problems(loaded, record, law), PolicyError)
    loaded = tuple(
        replace(one, policy=with_conditions(with_terms(one.policy, record.record), record.record))
        for one in loaded
    )
    law = law_with_terms(law, record.record, loaded[0].policy.version)
    versions = tuple(one.policy for one in loaded)
    found = tuple(f for one in versions for f in findings(one, record.record, law, _end(one, versions)))
    refuse(company_problems(loaded, record, law, found), PolicyError)
    return Company(
        name=versions[-1].company,
        label=settings.name,
        directory=home,
        versions=versions,
        record=record.record,
        law=law,
        findings=found,
        maps=tuple(home / path for path in settings.maps),
        policies=policies,
        bits_file=home / settings.bits,
        messages=home / settings.messages if settings.messages else None,
        mailbox=settings.mailbox,
        application=settings.application,
        demonstration=settings.demonstration,
        accounts=settings.accounts,
        after_sending=settings.after_sending,
        record_files=record,
        standing=standing,
    )


def _versions(directory: Path) -> tuple[LoadedPolicy, ...]:
    found = directory.iterdir() if directory.is_dir() else ()
    # A name with a dot is a version that is being written (`publishing.drafting`).
    folders = sorted(path for path in found if path.is_dir() and not path.name.startswith("."))
    if not folders:
        raise PolicyError(
            f"{directory}: holds no version of a policy",
            rule="P-173: policies are versioned, a directory per version",
            remedy=f"write {directory}/2024-03-18/policy.yaml, with the date of the version",
        )
    loaded = [read_policy(folder) for folder in folders]
    refuse(_misplaced(loaded, folders), PolicyError)
    return tuple(sorted(loaded, key=lambda one: one.policy.version))


def _misplaced(loaded: Sequence[LoadedPolicy], folders: Sequence[Path]) -> Iterable[Problem]:
    company = loaded[0].policy.company
    versions = [one.policy for one in loaded]
    for one, folder in zip(loaded, folders, strict=True):
        policy, document = one.policy, one.document
        if folder.name != policy.version.isoformat():
            yield Problem(
                document.path,
                document.line_of(("version",)),
                "version",
                f"is {policy.version}, and the directory is named {folder.name}",
                "P-173: a version stands in the directory of its date",
                f"name the directory {policy.version}, or mend the date",
            )
        if policy.company != company:
            yield Problem(
                document.path,
                document.line_of(("company",)),
                "company",
                f"is `{policy.company}`, another version says `{company}`",
                "the versions of one company stand together",
                "use one name",
            )
        valid = [other for other in _valid_on(versions, policy.version) if other is not policy]
        for other in valid:
            yield Problem(
                document.path,
                document.line_of(("version",)),
                "version",
                f"{policy.version} begins while {other.version} is valid",
                "P-173: every decision cites the one version in force",
                "end the older one before the newer begins (valid_until), or take one away",
            )


def late_reviews(record: Record, on: dt.date) -> list[Weakness]:
    """What the record was to look at again before the civil day `on`, and did not."""
    return [
        Weakness(
            "warning",
            "late-review",
            f"record: {where} was to be reviewed by {one.review}",
            "P-009, P-055: a decision is looked at again on the day that it names itself",
            "review it, and put the day of the next review in the record",
        )
        for where, one in record.dated()
        if one.review is not None and one.review < on
    ]


def parts_off(
    policy: Policy, record: Record, on: dt.date, law: Sequence[LawPurpose] = ()
) -> Mapping[str, str]:
    """The parts, and the purposes of the law, that may not run on a civil day, and why.

    On a legal obligation: no statute is on file by then that obliges on that day (P-054). On legitimate interest (P-055):
    no balancing test is on file by then; or it says stop; or the interest was not stated at collection, and the
    company's switch `unstated_interest` says `off` (which it also does when it is not there). A purpose of the law needs a
    test too; its interest is the law's to state.
    """
    dated = record
    record = record.decided_by(on)
    since = record.switches.get("unstated_interest_off_from")
    strict = record.switches.get("unstated_interest", "off") == "off" or (
        since is not None and policy.version >= dt.date.fromisoformat(since)
    )
    off: dict[str, str] = {}
    for row_key, row in policy.purposes.items():
        for key, part in row.parts.items():
            basis = basis_of(policy, record, key)
            if basis == "legal-obligation" and not _obliged(record, row, key, part):
                off[key] = NO_STATUTE
            if basis != "legitimate-interest":
                continue
            why = _unweighed(dated, on, key, row_key)
            if why is None and strict and not stated(record, row_key, row, key, part):
                why = NOT_STATED
            if why is not None:
                off[key] = why
    for purpose in law:
        why = _unweighed(dated, on, purpose.key) if purpose.basis == "legitimate-interest" else None
        if why is not None:
            off[purpose.key] = why
    return off


def _obliged(record: Record, row: Purpose, key: str, part: Part) -> bool:
    """Whether a statute obliges: of the text, of the decision on the basis, or of the record as it is on the day."""
    decision = record.basis.get(key)
    said = part.statute or row.statute or (decision and decision.statute)
    return bool(said) or any(key in statute.parts for statute in record.statutes.values())


def _unweighed(record: Record, on: dt.date, *keys: str) -> str | None:
    """Why no balancing test lets it run on a civil day: of the first of the keys that has one; None where one does."""
    tests = [test for test in record.balancing if test.purpose in keys]
    known = [test for test in tests if test.decided <= on]
    first = next((key for key in keys if any(test.purpose == key for test in known)), None)
    if first is None:
        return LATER_TEST if tests else NO_TEST
    last = max((test for test in known if test.purpose == first), key=lambda test: test.decided)
    return STOP if last.outcome == "stop" else None

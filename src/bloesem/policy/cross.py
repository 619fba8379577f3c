"""What must fit between policy, record and law.

What the text lacks the record may meet; what is in neither is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from bloesem.law.model import Ban, Ceiling, Law
from bloesem.policy.checks import RECORD, longer
from bloesem.policy.controller import lacking
from bloesem.policy.decided import undecided
from bloesem.policy.findings import REFUSED, Finding, basis_of, reads_word, stated
from bloesem.policy.load import LoadedPolicy, LoadedRecord
from bloesem.policy.model import ALL, SWITCHES, Policy
from bloesem.recipients.problems import recipient_problems
from bloesem.source import Problem, nearest

_ID = re.compile(r"^P-\d{3}$")


def company_problems(
    loaded: Sequence[LoadedPolicy], record: LoadedRecord, law: Law, found: Sequence[Finding]
) -> list[Problem]:
    """Everything that refuses to load a company. Pure."""
    problems = [problem for one in loaded for problem in _version(one, record, law)]
    problems += _record(loaded, record, law)
    problems += recipient_problems([one.policy for one in loaded], record, law)
    problems += _unacknowledged(loaded, record, found)
    return problems


def _at(one: LoadedPolicy, where: tuple[str, ...], message: str, rule: str, remedy: str) -> Problem:
    return Problem(one.document.path, one.document.line_of(where), ".".join(where), message, rule, remedy)


def _version(one: LoadedPolicy, record: LoadedRecord, law: Law) -> Iterator[Problem]:
    yield from _words(one, law)
    yield from _statutes(one, record)
    yield from _controller(one, record)
    yield from _of_law(one, law)
    yield from _undecided(one, record, law)


def _words(one: LoadedPolicy, law: Law) -> Iterator[Problem]:
    said: list[tuple[tuple[str, ...], tuple[str, ...], str]] = [
        (("categories", key, "is"), category.is_, "a category")
        for key, category in one.policy.categories.items()
    ]
    said += [
        (("purposes", row_key, "parts", key, "is"), part.is_, "a part")
        for row_key, row in one.policy.purposes.items()
        for key, part in row.parts.items()
    ]
    for where, words, kind in said:
        for word in words:
            if word not in law.vocabulary:
                yield _at(
                    one,
                    where,
                    f"`{word}` is no word of the law's vocabulary",
                    f"P-003: a rule of law finds {kind} by what it is",
                    f"use one of: {nearest(word, law.vocabulary)}",
                )


def term_problems(loaded: Sequence[LoadedPolicy], record: LoadedRecord, law: Law) -> list[Problem]:
    """Terms that the record decides: for what exists, from events that exist, and none that is owed is missing. Pure."""
    policies = [one.policy for one in loaded]
    homes = {key: row for policy in policies for row_key, row in policy.purposes.items() for key in row.parts}
    homes |= {row_key: row for policy in policies for row_key, row in policy.purposes.items()}
    open_ = {purpose.key for purpose in law.purposes if purpose.term == "company"}
    events = {RECORD, *(key for policy in policies for key in policy.events)}
    check = _Pointer(record)
    problems = [
        *check.keys(
            "terms", record.record.terms, set(homes) | open_, "part, row or open purpose of the law", "P-051"
        )
    ]
    for key, decision in record.record.terms.items():
        where = ("terms", key)
        terms = [
            *(decision.keep.terms if decision.keep else ()),
            *([decision.fallback] if decision.fallback else []),
        ]
        starts = [start.after for term in terms for start in (term, term.fallback) if start is not None]
        problems += check.names(where, starts, events, "event", "P-108: distinct events, none assumed")
        row = homes.get(key)
        if decision.fallback is None or row is None:
            continue
        own = (row.parts[key].keep or row.keep) if key in row.parts else row.keep
        if any(longer(decision.fallback, term) for term in own.terms):
            problems.append(
                check.problem(
                    (*where, "fallback"),
                    f"{decision.fallback.for_} is longer than the purpose's own period",
                    "P-104: who never gets an account is not kept longer than who did",
                    f"write at most {own.terms[0].for_}",
                )
            )
    first = min(policy.version for policy in policies)
    problems += [
        check.problem(
            ("terms",),
            f"`{key}` has no term by {first}: the law names none, and the record does not say `terms.{key}`",
            "what the company decided stands in its record: nothing is assumed",
            f'write `terms: {{"{key}": {{keep: …, why: …, decided: {first}}}}}` in a file of the record',
        )
        for key in undecided(law, record.record, first)
    ]
    return problems


def _statutes(one: LoadedPolicy, record: LoadedRecord) -> Iterator[Problem]:
    """P-054: what the law obliges is named by its statute, in the text or in the record."""
    named = {part for statute in record.record.statutes.values() for part in statute.parts}
    for row_key, row in one.policy.purposes.items():
        for key, part in row.parts.items():
            decision = record.record.basis.get(key)
            if basis_of(one.policy, record.record, key) != "legal-obligation":
                continue
            if not (part.statute or row.statute or key in named or (decision and decision.statute)):
                yield _at(
                    one,
                    ("purposes", row_key, "parts", key),
                    "basis legal-obligation, and no statute is named in the text or in the record",
                    "P-054: a legal obligation has its statute on file (art. 6(3))",
                    f"name it here (`statute`), or under `statutes` in the record with parts: [{key}]",
                )


def _controller(one: LoadedPolicy, record: LoadedRecord) -> Iterator[Problem]:
    """P-007: legal name, seat and KBO number are known before anything is published."""
    for name in lacking(one.policy.controller, record.record.controller):
        yield _at(
            one,
            ("controller", name),
            "is in neither the text nor the record",
            "P-007: who is responsible has a name, a seat and a number (art. 13(1)(a))",
            "write it here, or under `controller` in the record",
        )


def _of_law(one: LoadedPolicy, law: Law) -> Iterator[Problem]:
    """The law's purposes and authority that the text names exist; the law's clocks start at events that the policy has;
    its switches are some that a record can set."""
    switched: tuple[Ceiling | Ban, ...] = (*law.ceilings, *law.bans)
    for limit in switched:
        if limit.switch is not None and limit.switch not in SWITCHES:
            yield _at(
                one,
                ("version",),
                f"the law's `{limit.key}` has a switch `{limit.switch}` that no record can set",
                "what the company decided stands in its record: nothing is assumed",
                f"use one of: {nearest(limit.switch, SWITCHES)}",
            )
    shorts = {
        short
        for rule in law.authority
        if isinstance(rule.value, dict)
        for short in rule.value.get("short", {}).values()
    }
    if one.policy.complaint is not None and shorts and one.policy.complaint.authority not in shorts:
        yield _at(
            one,
            ("complaint", "authority"),
            f"`{one.policy.complaint.authority}` is no authority of the law",
            "P-179: a complaint goes to an authority whose address is known",
            f"use one of: {nearest(one.policy.complaint.authority, shorts)}",
        )
    known = {purpose.key for purpose in law.purposes}
    for key, kind in one.policy.recipients.items():
        for purpose in kind.purposes:
            if purpose.startswith("law:") and purpose not in known:
                yield _at(
                    one,
                    ("recipients", key, "purposes"),
                    f"unknown purpose `{purpose}`",
                    "P-111: disclosure is for a declared purpose",
                    f"use one of: {nearest(purpose, known)}",
                )
    for held in law.purposes:
        for term in held.keep.terms:
            for start in (term, term.fallback):
                if start is not None and start.after not in (RECORD, *one.policy.events):
                    yield _at(
                        one,
                        ("events",),
                        f"`{start.after}` is missing, at which the clock of `{held.key}` starts",
                        "P-108: distinct events, none assumed",
                        "declare the event, or change the law's term",
                    )


# ---- what the record must decide -------------------------------------------------------------------------


def _undecided(one: LoadedPolicy, record: LoadedRecord, law: Law) -> Iterator[Problem]:
    """What the policy leaves to the record is decided there: a file that is lost is no decision."""
    it = record.record
    for switch, where, why in _switched(one, record, law):
        if switch not in it.switches:
            yield _at(
                one,
                where,
                f"{why}, and the record does not say `switches.{switch}`",
                "what the company decided stands in its record: nothing is assumed",
                f"write `switches: {{{switch}: {' or '.join(SWITCHES[switch])}}}` in a file of the record",
            )
    if "returns" not in it.model_fields_set:
        for key, event in one.policy.events.items():
            if event.reopened_by:
                yield _at(
                    one,
                    ("events", key, "reopened_by"),
                    "people may come back, and the record does not say `returns`",
                    "P-110: within what time purposes return is decided, not assumed",
                    "write `returns` (event, after, within, decided) in a file of the record; "
                    "`returns: null` when time does not matter",
                )
                break


def _switched(
    one: LoadedPolicy, record: LoadedRecord, law: Law
) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """The switches on which something of this version depends; the first place of each."""
    policy, it = one.policy, record.record
    parts = [
        (row_key, row, key, part)
        for row_key, row in policy.purposes.items()
        for key, part in row.parts.items()
    ]
    for row_key, row, key, part in parts:
        tested = any(test.purpose in (key, row_key) for test in it.balancing)
        if (
            tested
            and basis_of(policy, it, key) == "legitimate-interest"
            and not stated(it, row_key, row, key, part)
        ):
            where = ("purposes", row_key, "parts", key)
            yield "unstated_interest", where, "runs on an interest that was not stated at collection"
            break
    for switch in sorted({c.switch for c in law.ceilings if c.switch in SWITCHES}):
        words = {word for c in law.ceilings if c.switch == switch for word in c.is_}
        for row_key, _, key, part in parts:
            if reads_word(policy, part, tuple(words)):
                yield (
                    switch,
                    ("purposes", row_key, "parts", key),
                    "reads what the law lets nobody keep longer",
                )
                break
    for ban in law.bans:
        for row_key, _, key, part in parts:
            if ban.switch in SWITCHES and ban.use in part.is_ and reads_word(policy, part, ban.is_):
                yield ban.switch, ("purposes", row_key, "parts", key), "is a use that the law refuses"
                break


# ---- the record ------------------------------------------------------------------------------------------


def _record(loaded: Sequence[LoadedPolicy], record: LoadedRecord, law: Law) -> Iterator[Problem]:
    """What the record points at exists in some version: it speaks of all of them."""
    policies = [one.policy for one in loaded]
    parts = {key for policy in policies for row in policy.purposes.values() for key in row.parts}
    rows = {key for policy in policies for key in policy.purposes}
    kinds = {key for policy in policies for key in policy.recipients}
    events = {key for policy in policies for key in policy.events}
    of_law = {purpose.key for purpose in law.purposes}
    it = record.record
    check = _Pointer(record)
    yield from check.keys("basis", it.basis, parts, "part", "P-051: the list of purposes is closed")
    yield from _bases(policies, check)
    yield from check.keys("compatible", it.compatible, parts, "part", "P-176: a test is about a part")
    groups = {key for policy in policies for key in policy.groups}
    for key, decision in it.basis.items():
        yield from check.names(("basis", key, "groups"), decision.groups, groups, "group", "P-010")
    for key, statute in it.statutes.items():
        yield from check.names(("statutes", key, "parts"), statute.parts, parts, "part", "P-054")
        yield from check.names(
            ("statutes", key, "recipients"), statute.recipients, kinds, "kind of recipient", "P-128"
        )
    for number, test in enumerate(it.balancing):
        yield from check.names(
            ("balancing", number, "purpose"), (test.purpose,), parts | rows | of_law, "purpose", "P-055"
        )
    for key, role in it.roles.items():
        if role.purpose is not None:
            yield from check.names(
                ("roles", key, "purpose"), (role.purpose,), parts | of_law, "part", "P-051: a closed list"
            )
        reads = {c for c in role.reads if c != ALL and not _known_category(policies, c)}
        yield from check.names(
            ("roles", key, "reads"), sorted(reads), _categories(policies), "category", "P-014"
        )
        writes = {c for c in role.writes if not _known_category(policies, c)}
        yield from check.names(
            ("roles", key, "writes"), sorted(writes), _categories(policies), "category", "P-014"
        )
    yield from check.keys("writing", it.writing or {}, parts, "part", "P-051: the list of purposes is closed")
    for key, writing in (it.writing or {}).items():
        unknown = {c for c in writing.categories if not _known_category(policies, c)}
        yield from check.names(
            ("writing", key, "categories"), sorted(unknown), _categories(policies), "category", "P-014"
        )
    if it.returns is not None:
        for name in ("event", "after"):
            yield from check.names(("returns", name), (getattr(it.returns, name),), events, "event", "P-110")
    sources = {key for policy in policies for key in policy.sources}
    yield from check.keys("sources", it.sources, sources, "source", "P-049: a declared source")
    for key, use in it.sources.items():
        for name in ("only", "but"):
            given = getattr(use, name) or ()
            yield from check.names(("sources", key, name), given, parts, "part", "P-051: a closed list")
    if it.contract is not None:
        yield from check.names(("contract", "begins"), (it.contract.begins,), events, "event", "P-108")
        yield from check.names(("contract", "asked"), it.contract.asked, sources, "source", "P-049")
    dated = {item.key for section in _SECTIONS for item in getattr(law, section)}
    yield from check.keys("confirmed", it.confirmed, dated, "rule of law", "a value that was checked")
    for promise in it.evidence:
        if not _ID.match(promise):
            yield check.problem(("evidence", promise), f"`{promise}` is no promise", "P-009", "write P-009")


def _bases(policies: Sequence[Policy], check: _Pointer) -> Iterator[Problem]:
    """P-052: a part is one bit, so one basis holds for all whom it is about."""
    for key, decision in check.record.record.basis.items():
        about = [
            set(row.parts[key].groups)
            for policy in policies
            for row in policy.purposes.values()
            if key in row.parts
        ]
        for groups in about:
            if decision.groups and set(decision.groups) != groups:
                of = ", ".join(sorted(groups)) or "everybody"
                yield check.problem(
                    ("basis", key, "groups"),
                    f"decides for {', '.join(decision.groups)}, and part `{key}` is about {of}",
                    "P-052: one basis per purpose and group of people",
                    "make a part per group in the policy (`groups`), each with its basis; or decide for all of them",
                )
                break


_SECTIONS = ("rules", "purposes", "ceilings", "floors", "bans", "holidays", "authority", "periods")


def _categories(policies: Iterable[Policy]) -> set[str]:
    return {key for policy in policies for key in policy.categories}


def _known_category(policies: Iterable[Policy], name: str) -> bool:
    return any(key == name or key.startswith(name + ".") for key in _categories(policies))


class _Pointer:
    def __init__(self, record: LoadedRecord) -> None:
        self.record = record

    def problem(self, where: tuple[str | int, ...], message: str, rule: str, remedy: str) -> Problem:
        path, line = self.record.find(*where)
        return Problem(path, line, ".".join(str(step) for step in where), message, rule, remedy)

    def keys(
        self, section: str, given: Iterable[str], known: set[str], kind: str, rule: str
    ) -> Iterator[Problem]:
        for key in given:
            yield from self.names((section, key), (key,), known, kind, rule)

    def names(
        self,
        where: tuple[str | int, ...],
        given: Iterable[str],
        known: set[str],
        kind: str,
        rule: str,
    ) -> Iterator[Problem]:
        for name in given:
            if name not in known:
                yield self.problem(
                    where, f"unknown {kind} `{name}`", rule, f"use one of: {nearest(name, known)}"
                )


# ---- errors of the text that nobody acknowledged -----------------------------------------------------


def _unacknowledged(
    loaded: Sequence[LoadedPolicy], record: LoadedRecord, found: Sequence[Finding]
) -> Iterator[Problem]:
    """P-017, L-014: refused, unless the record says that the company knows this error of this version."""
    documents = {one.policy.version: one for one in loaded}
    gaps = record.record.text_gaps
    for finding in found:
        if finding.id not in REFUSED or finding.version is None:
            continue
        gap = gaps.get(finding.id)
        if gap is None or finding.version not in gap.versions:
            yield _at(
                documents[finding.version],
                finding.key,
                finding.thing,
                f"{finding.id}, art. {finding.article}" + (", P-017" if finding.id == "L-001" else ""),
                f"{finding.remedy}; or write in the record that you know it: "
                f"text_gaps.{finding.id}.versions: [{finding.version}]",
            )
    for id_, gap in gaps.items():
        for version in gap.versions:
            if not any(f.id == id_ and f.version == version for f in found):
                path, line = record.find("text_gaps", id_)
                yield Problem(
                    path,
                    line,
                    f"text_gaps.{id_}",
                    f"says that version {version} has this error, and it has not",
                    "the record says what is so",
                    "take the version away",
                )


__all__ = ["company_problems", "term_problems"]

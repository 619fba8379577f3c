"""The linter of a notice: what a version says wrongly, weakly or not at all, L-001 to L-087 (docs/linter.md). Pure.

`lint` gives every finding of one version on a day; `publishable` those for which it cannot be published (P-003, P-173).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from bloesem.policy.lint import people, structure
from bloesem.policy.lint.model import Claim, Hit, LintFinding, Notice, Rule, Words, rules
from bloesem.policy.lint.text import read_words

#: Rules that the loader finds already (`policy.findings`): it reports them, and refuses some.
KNOWN: Final = frozenset(
    f"L-{n:03}" for n in (1, 4, 14, 17, 25, 26, 27, 28, 29, 31, 37, 38, 39, 40, 57, 58)
)  # fmt: skip
_Function = Callable[[Notice, Words], Iterator[Hit]]
#: Rules with a function of their own; the others read words, or are known to the loader.
FUNCTIONS: Final[dict[str, _Function]] = {
    "L-002": structure.reference,
    "L-005": structure.number_of_company,
    "L-006": structure.identity,
    "L-007": structure.contents,
    "L-008": structure.unnamed,
    "L-011": structure.beyond,
    "L-012": structure.beyond,
    "L-018": structure.scope,
    "L-021": structure.address,
    "L-024": structure.stale,
    "L-027": people.without_account,
    "L-032": people.contradiction,
    "L-033": people.no_term,
    "L-035": people.over_broad,
    "L-041": people.two_bases,
    "L-042": people.on_interest,
    "L-043": people.for_affiliates,
    "L-051": people.special,
    "L-055": people.sources,
    "L-057": people.employer,
    "L-059": people.withdrawal,
    "L-060": people.automated,
    "L-072": people.restriction,
    "L-076": people.platforms,
    "L-078": people.affiliates,
    "L-081": people.twice,
    "L-086": structure.controls,
}
#: Of these the function alone reads the words.
_OWN_READING = frozenset({"L-041", "L-042"})
_NO_WORDS = Words()


def lint(notice: Notice) -> tuple[LintFinding, ...]:
    """in: one version, with its text, record, law and promises, and the day. out: all that is wrong, by rule and line."""
    return tuple(
        finding for rule in rules() for finding in _sorted(_found(notice, rule)) if _counts(notice, finding)
    )


def publishable(notice: Notice) -> tuple[LintFinding, ...]:
    """The errors for which the version cannot be published; none: it can."""
    return tuple(one for one in lint(notice) if one.severity == "error")


def unread(notice: Notice) -> tuple[str, ...]:
    """Rules that read words, and have none for the language of this text: they say nothing of it."""
    language = notice.policy.language
    return tuple(rule.id for rule in rules() if rule.words and language not in rule.words)


def _found(notice: Notice, rule: Rule) -> Iterator[LintFinding]:
    if rule.since is not None and notice.today < rule.since:
        return
    words = rule.words.get(notice.policy.language, _NO_WORDS)
    if rule.id in KNOWN:
        for one in notice.known:
            if one.id == rule.id:
                yield LintFinding(rule, rule.id, rule.severity, one.line, "", one.thing)
    function = FUNCTIONS.get(rule.id)
    hits = [*function(notice, words)] if function else []
    if rule.id not in _OWN_READING:
        hits += read_words(notice, words)
    for hit in hits:
        yield LintFinding(rule, rule.id, rule.severity, hit.line, hit.evidence, hit.said)


def _sorted(found: Iterator[LintFinding]) -> list[LintFinding]:
    """By line; two ways to find one thing on one line are one finding."""
    seen: dict[tuple[int | None, str], LintFinding] = {}
    for one in found:
        seen.setdefault((one.line, one.evidence or one.said), one)
    return sorted(seen.values(), key=lambda it: (it.line or 0, it.said))


def _counts(notice: Notice, finding: LintFinding) -> bool:
    """An absolute word whose promises are proven is no finding (L-080)."""
    return finding.id != "L-080" or not structure.evidenced(notice, finding.line)


__all__ = [
    "FUNCTIONS",
    "KNOWN",
    "Claim",
    "LintFinding",
    "Notice",
    "Rule",
    "lint",
    "publishable",
    "rules",
    "unread",
]

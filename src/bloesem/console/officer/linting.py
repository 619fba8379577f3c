"""What the linter finds in a version, as the officer reads it: by severity and article, each with its line of the text, what
to do, and where the sentence stands on the page of the notice."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bloesem.console.language import say
from bloesem.console.officer.loading import added
from bloesem.notice import proofs
from bloesem.notice.text import Text
from bloesem.policy.company import Company as Loaded
from bloesem.policy.lint import LintFinding, Rule, lint, rules
from bloesem.policy.lint.reading import notice_of, proven_by
from bloesem.policy.model import Policy

SEVERITIES = ("error", "warning", "info")
#: The tone of each in a picture: what stops, what is weak, what is only told.
TONES = {"error": 4, "warning": 1, "info": 8}
#: The last answers: version, day and proofs → the company that they are of, and what was found.
_known: dict[tuple[dt.date, dt.date, frozenset[str] | None], tuple[Loaded, tuple[LintFinding, ...]]] = {}
_MOST = 16


def found(files: Loaded, policy: Policy, today: dt.date) -> tuple[LintFinding, ...]:
    """Everything that is wrong with a version on a civil day, kept while its files and the proofs are the same. A version
    that is to come is judged as on its first day, as publishing does."""
    day, proven = max(today, policy.version), proven_by(proofs.last_run())
    key = (policy.version, day, proven)
    known = _known.get(key)
    if known is None or known[0] is not files:
        if len(_known) >= _MOST:
            _known.clear()
        known = _known[key] = (files, lint(notice_of(files, policy, day, proven)))
    return known[1]


@dataclass(frozen=True)
class Asked:
    """What is shown of all findings: of a severity, of an article, of a rule; empty: of each."""

    severity: str = ""
    article: str = ""
    rule: str = ""

    def takes(self, one: LintFinding) -> bool:
        return (
            (not self.severity or one.severity == self.severity)
            and (not self.article or self.article in articles(one))
            and (not self.rule or one.id == self.rule)
        )


def known() -> Mapping[str, frozenset[str]]:
    """What can be asked for, by parameter: of every rule, whether a version breaks it or not."""
    return {
        "severity": frozenset(SEVERITIES),
        "article": frozenset(article for rule in rules() for article in of_rule(rule)),
        "rule": frozenset(rule.id for rule in rules()),
    }


def articles(one: LintFinding) -> tuple[str, ...]:
    return of_rule(one.rule)


def of_rule(rule: Rule) -> tuple[str, ...]:
    """The articles that a rule rests on, each by its number: `13(2)(a), 12(1)` is 13 and 12."""
    numbers = [
        match[1] if (match := re.match(r"(\d+)(?=\(|$|[ -])", part.strip())) else part.strip()
        for part in rule.article.split(",")
    ]
    return tuple(dict.fromkeys(number for number in numbers if not number.startswith("(")))


def page(
    policy: Policy,
    lines: Sequence[str],
    text: Text | None,
    every: Sequence[LintFinding],
    asked: Asked,
    language: str,
) -> dict[str, Any]:
    """in: the version's published lines, and its text by sentences, where it has them."""
    anchors: dict[int, str] = {}
    for sentence in text.lines if text else ():
        anchors.setdefault(sentence.line, sentence.anchor)
    shown = [one for one in every if asked.takes(one)]
    groups: Mapping[str, dict[str, list[LintFinding]]] = {name: defaultdict(list) for name in SEVERITIES}
    for one in shown:
        groups[one.severity][articles(one)[0]].append(one)
    return {
        "day": policy.version,
        "key": policy.version.isoformat(),
        "language_of": policy.language,
        "shown": len(shown),
        "every": len(every),
        "groups": [
            {
                "severity": name,
                "title": say(f"linter.{name}.many", language),
                "total": sum(len(found_) for found_ in of.values()),
                "articles": [
                    {
                        "article": article,
                        "label": _called(article, language),
                        "id": f"{name}-{i}",
                        "lines": [_line(one, lines, anchors, language) for one in of[article]],
                    }
                    for i, article in enumerate(sorted(of, key=_order))
                ],
            }
            for name, of in groups.items()
            if of
        ],
        "severities": [(name, say(f"linter.{name}.many", language)) for name in SEVERITIES],
        "articles": sorted(
            {asked.article} - {""} | {article for one in every for article in articles(one)}, key=_order
        ),
        "rules": sorted({asked.rule} - {""} | {one.id for one in every}),
        "asked": asked,
        "picture": _picture(every, language),
    }


def _called(article: str, language: str) -> str:
    """An article of the regulation by its number; what is none by its own name."""
    return say("linter.art", language, n=article) if article.isdigit() else article


def _order(article: str) -> tuple[int, str]:
    return (int(article), "") if article.isdigit() else (1000, article)


def _line(
    one: LintFinding, lines: Sequence[str], anchors: Mapping[int, str], language: str
) -> dict[str, Any]:
    there = one.line is not None and 0 < one.line <= len(lines)
    quote = lines[one.line - 1].strip() if one.line is not None and there else ""
    title, of = spoken(one.rule.title, language)
    remedy, remedy_of = spoken(one.rule.remedy, language)
    return {
        "id": one.id,
        "title": title,
        "lang": of if of != language else "",
        "remedy": remedy,
        "remedy_lang": remedy_of if remedy_of != language else "",
        "article": one.rule.article,
        "by": say(f"linter.by.{one.rule.by}", language),
        "line": one.line,
        "quote": quote,
        "evidence": one.evidence if one.evidence and one.evidence not in quote else "",
        "said": added(one.said, language) or one.said,
        "said_lang": "en" if one.said and added(one.said, language) is None else "",
        "anchor": anchors.get(one.line or 0, ""),
    }


def spoken(label: Mapping[str, str], language: str) -> tuple[str, str]:
    """(the words, their language): the reader's, else English, else Dutch."""
    for one in (language, "en", "nl"):
        if label.get(one):
            return label[one], one
    return next(iter(label.values()), ""), language


def _picture(every: Sequence[LintFinding], language: str) -> list[dict[str, Any]]:
    """Per article a bar of its findings, by severity; the most first."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for one in every:
        counts[articles(one)[0]][one.severity] += 1
    most = max((sum(of.values()) for of in counts.values()), default=0)
    bars = []
    for article, of in sorted(counts.items(), key=lambda it: (-sum(it[1].values()), _order(it[0]))):
        x, pieces = 0.0, []
        for name in SEVERITIES:
            if of[name]:
                wide = round(100 * of[name] / most, 3)
                pieces.append({"x": round(x, 3), "w": wide, "tone": TONES[name]})
                x += wide
        bars.append(
            {
                "article": article,
                "label": _called(article, language),
                "total": sum(of.values()),
                "pieces": pieces,
                "says": ", ".join(
                    f"{of[n]} {say(f'linter.{n}.many', language).lower()}" for n in SEVERITIES if of[n]
                ),
            }
        )
    return bars


__all__ = ["SEVERITIES", "Asked", "articles", "found", "known", "page", "spoken"]

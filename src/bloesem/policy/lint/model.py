"""Rules, what they read, and what they find."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from bloesem.law.model import Law
from bloesem.policy.findings import Finding as Known
from bloesem.policy.model import Policy, Record
from bloesem.source import Strict, read

RULES_FILE = Path(__file__).with_name("rules.yaml")
Severity = Literal["error", "warning", "info"]


def _expression(value: str) -> str:
    try:
        re.compile(value)
    except re.error as fault:
        raise ValueError(f"`{value}` is no regular expression: {fault}") from None
    return value


Expression = Annotated[str, AfterValidator(_expression)]


class Words(Strict):
    """How a rule reads a text of one language; see the head of `rules.yaml`. `once`: what may stand on one line only;
    `claim`: what the text claims, where `topics` beyond it would belie it."""

    forbids: tuple[Expression, ...] = ()
    needs: dict[str, Expression] = Field(default_factory=dict)
    once: tuple[Expression, ...] = ()
    when: Expression | None = None
    at: Expression | None = None
    claim: Expression | None = None
    topics: dict[str, Expression] = Field(default_factory=dict)


class Rule(Strict):
    """`by`: what decides. `since`: the day from which the law asks it."""

    id: str
    severity: Severity
    name: str
    by: Literal["model", "text", "law"]
    article: str
    title: dict[str, str]
    remedy: dict[str, str]
    since: dt.date | None = None
    words: dict[str, Words] = Field(default_factory=dict)


class RulesFile(Strict):
    rules: tuple[Rule, ...]


@cache
def rules() -> tuple[Rule, ...]:
    """All rules, in their order. Raises `SourceError` for a file that says otherwise."""
    return read(RULES_FILE, RulesFile).rules


@dataclass(frozen=True)
class Claim:
    """A promise of the text: its line, and whether it has something that keeps it and a proof (None: nobody looked)."""

    id: str
    line: int
    kept: bool
    proven: bool | None


@dataclass(frozen=True)
class Notice:
    """One version, with everything that it is judged by. `lines`: its text, None where there is none; `claims`: its
    promises; `known`: what the loader finds already; `today`: a civil day."""

    policy: Policy
    record: Record
    law: Law
    today: dt.date
    lines: tuple[str, ...] | None = None
    claims: tuple[Claim, ...] = ()
    known: tuple[Known, ...] = ()

    @property
    def text(self) -> str:
        return "\n".join(self.lines or ())

    def first(self, expression: str | None) -> int | None:
        """The first line (from 1) that an expression finds."""
        if expression is None:
            return None
        found = (n for n, line in enumerate(self.lines or (), 1) if searched(expression, line))
        return next(found, None)


@dataclass(frozen=True)
class Hit:
    """What a rule found: on which line of the text, its words, and what is wrong with them."""

    line: int | None
    evidence: str = ""
    said: str = ""


@dataclass(frozen=True)
class LintFinding:
    """A rule that is broken at one place."""

    rule: Rule = field(compare=False)
    id: str
    severity: Severity
    line: int | None
    evidence: str
    said: str

    @property
    def thing(self) -> str:
        """What is wrong, in a line."""
        said = self.said or self.rule.title["en"]
        return f"{said}: “{self.evidence}”" if self.evidence else said

    @property
    def remedy(self) -> str:
        return self.rule.remedy["en"]

    def json(self) -> dict[str, object]:
        return {
            "id": self.id,
            "severity": self.severity,
            "name": self.rule.name,
            "line": self.line,
            "evidence": self.evidence,
            "said": self.said,
            "article": self.rule.article,
            "remedy": self.rule.remedy["en"],
        }


@cache
def _compiled(expression: str) -> re.Pattern[str]:
    return re.compile(expression, re.IGNORECASE)


def searched(expression: str, text: str) -> re.Match[str] | None:
    return _compiled(expression).search(text)

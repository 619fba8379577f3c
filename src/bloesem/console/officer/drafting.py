"""A version while the officer writes it: its texts, what is wrong with them, what they change, and whether they may become a
version. Pure but for judging, which reads the company's files; what was judged is kept while neither changes."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bloesem.console import language as words
from bloesem.console.language import say
from bloesem.console.officer import publishing
from bloesem.console.officer.linting import SEVERITIES, spoken
from bloesem.console.officer.loading import in_language, rule_in_language
from bloesem.errors import BloesemError
from bloesem.policy.company import Company as Loaded
from bloesem.publishing.drafting import LONGEST, NAME, Judged, Wrong, judge, started

#: A file of a version by its place in an address.
FILES: Mapping[str, str] = {
    "policy": "policy.yaml",
    "text-nl": "text.nl.txt",
    "sentences": "sentences.yaml",
    "promises": "promises.yaml",
    "translations": "translations.yaml",
    **{f"text-{language}": f"text.{language}.txt" for language in ("en", "fr", "de")},
}
_known: dict[tuple[dt.date, str], tuple[Loaded, Judged]] = {}
_MOST = 8


@dataclass(frozen=True)
class Paper:
    """What the database has of a version that is being written. `revision`: as it was read."""

    version: dt.date
    papers: Mapping[str, str] = field(hash=False)
    revision: int
    saved_by: str
    saved_at: dt.datetime

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Paper:
        """in: what `publication_papers` answers."""
        return cls(
            dt.date.fromisoformat(told["version"]),
            told["papers"],
            told["revision"],
            told["saved_by"],
            dt.datetime.fromisoformat(told["saved_at"]),
        )


def begin(files: Loaded, day: dt.date, like: dt.date | None, today: dt.date) -> dict[str, str] | str:
    """The texts to begin with, copied from a version that is there; or the key of what is wrong with the day."""
    if day <= today:
        return "drafts.wrong.day"
    try:
        return started(files, next(one for one in files.versions if one.version == like), day)
    except StopIteration:
        return "drafts.wrong.like"
    except BloesemError:
        return "drafts.wrong.there"


def judged(files: Loaded, paper: Paper) -> Judged:
    text = json.dumps(dict(paper.papers), sort_keys=True)
    key = (paper.version, hashlib.sha256(text.encode()).hexdigest())
    known = _known.get(key)
    if known is None or known[0] is not files:
        if len(_known) >= _MOST:
            _known.clear()
        known = _known[key] = (files, judge(files, paper.version, paper.papers))
    return known[1]


def page(
    files: Loaded, paper: Paper, board: publishing.Board, today: dt.date, language: str
) -> dict[str, Any]:
    """Everything about a draft, and whether it may be put among the versions."""
    found = judged(files, paper)
    known = board.publications.get(paper.version)
    there = any(one.version == paper.version for one in files.versions)
    why = []
    if paper.version <= today:
        why.append(say("drafts.no.day", language))
    if known is not None and (known["announced_at"] or known["activated_at"]):
        why.append(say("drafts.no.told", language))
    if found.wrong:
        why.append(say("drafts.no.wrong", language))
    asked = [it for it in board.asked(paper.version) if it["act"] == "write"]
    return {
        "day": paper.version,
        "key": paper.version.isoformat(),
        "title": say("drafts.called", language, day=words.day(paper.version, language)),
        "paper": paper,
        "files": [
            (slug, name, len(paper.papers[name].splitlines()))
            for slug, name in FILES.items()
            if name in paper.papers
        ],
        "absent": [(slug, name) for slug, name in FILES.items() if name not in paper.papers],
        "wrong_lines": [_spoken(one, language) for one in found.wrong],
        "counts": [(name, sum(it.severity == name for it in found.findings)) for name in SEVERITIES],
        "findings": _findings(found, language),
        "changes": publishing.grouped(found.changes, language),
        "before": found.before,
        "bits": found.bits,
        "there": there,
        "write": {"may": not why, "why": why},
        "waiting": [it for it in asked if it["state"] == "waiting"],
        "last": next((it for it in asked if it["state"] != "waiting"), None),
    }


def _spoken(wrong: Wrong, language: str) -> dict[str, Any]:
    """What is wrong in the reader's language; what nobody translated stays English, and says so (`…_lang`)."""
    lines: dict[str, Any] = {}
    for name, told, say_it in (
        ("what", wrong.what, in_language),
        ("rule", wrong.rule, rule_in_language),
        ("remedy", wrong.remedy, in_language),
    ):
        said = say_it(told, language)
        lines |= {name: said or told, f"{name}_lang": "en" if said is None else ""}
    return lines


def _findings(found: Judged, language: str) -> list[dict[str, Any]]:
    """The errors and warnings, each with what to do."""
    lines = []
    for one in found.findings:
        if one.severity == "info":
            continue
        title, of = spoken(one.rule.title, language)
        remedy, remedy_of = spoken(one.rule.remedy, language)
        lines.append(
            {
                "id": one.id,
                "grave": one.severity == "error",
                "title": title,
                "lang": of if of != language else "",
                "line": one.line,
                "evidence": one.evidence,
                "remedy": remedy,
                "remedy_lang": remedy_of if remedy_of != language else "",
                "article": one.rule.article,
            }
        )
    return sorted(lines, key=lambda it: not it["grave"])


__all__ = ["FILES", "LONGEST", "NAME", "Paper", "begin", "judged", "page"]

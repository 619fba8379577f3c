"""A version as the linter judges it, read from a company's files."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

from bloesem.policy.company import Company
from bloesem.policy.lint.model import Claim, Notice
from bloesem.policy.model import Policy
from bloesem.promises import PROMISES_FILE, load_promises


def notice_of(
    company: Company, policy: Policy, today: dt.date, proven: frozenset[str] | None = None
) -> Notice:
    """in: a version of a company; a civil day; the promises that are proven (None: nobody looked). Raises `SourceError`."""
    folder = company.policies / policy.version.isoformat()
    text = folder / f"text.{policy.language}.txt"
    lines = tuple(text.read_text("utf-8").split("\n")) if text.is_file() else None
    claims: tuple[Claim, ...] = ()
    if (folder / PROMISES_FILE).is_file():
        claims = tuple(
            Claim(one.id, one.line, bool(one.keeps), None if proven is None else one.id in proven)
            for one in load_promises(folder)
        )
    known = tuple(one for one in company.findings if one.version in (None, policy.version))
    return Notice(policy, company.record, company.law, today, lines, claims, known)


def proven_by(file: Path) -> frozenset[str] | None:
    """The promises whose tests all passed when they last ran, by what `bloesem.testing` wrote; None without such a file."""
    try:
        tests = json.loads(file.read_text("utf-8"))["tests"].values()
        ended = [(id_, one["outcome"] == "passed") for one in tests for id_ in one.get("promises", ())]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    failed = {id_ for id_, passed in ended if not passed}
    return frozenset(id_ for id_, _ in ended) - failed


__all__ = ["notice_of", "proven_by"]

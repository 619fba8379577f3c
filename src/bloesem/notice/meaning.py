"""Differences between two versions by what they mean, as the page shows them: what is significant first. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from bloesem.notice.said import spoken
from bloesem.policy.diff import diff
from bloesem.policy.model import Policy


@dataclass(frozen=True)
class Meaning:
    """One difference in words, and whether people are told of it beforehand (P-175)."""

    words: str
    significant: bool


def differences(old: Policy, new: Policy, language: str) -> tuple[Meaning, ...]:
    """What changed for people, in sentences of the language; none for versions that mean the same."""
    found = [Meaning(spoken(one.words, language).text, one.significant) for one in diff(old, new)]
    return tuple(sorted(found, key=lambda one: not one.significant))

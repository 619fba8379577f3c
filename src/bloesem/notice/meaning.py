"""Differences between two versions by what they mean, where this installation can tell them (`bloesem.policy.diff`)."""

from __future__ import annotations

from bloesem.policy.model import Policy


def differences(old: Policy, new: Policy, language: str) -> tuple[str, ...] | None:
    """What changed, in sentences of the language; None where nothing here can tell."""
    return None

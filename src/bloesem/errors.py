"""Errors that tell a person what is wrong, which rule says so, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar


class BloesemError(Exception):
    """The base of every error that Bloesem raises on purpose.

    in: `thing`, what is wrong and where (a file, a column, a server); `rule`, the promise, article or
    condition that it breaks; `remedy`, what the reader can do. Rule and remedy may be empty.
    out: `str()` gives the three on lines of their own; `exit_code` is what the command line ends with.

    None of the three may hold personal data or a secret: errors reach terminals and logs.
    """

    exit_code: ClassVar[int] = 1
    #: What a loader found, one by one (`bloesem.source.Problem`): for whoever shows them as a list.
    problems: Sequence[Any] = ()

    def __init__(self, thing: str, rule: str = "", remedy: str = "") -> None:
        super().__init__(thing, rule, remedy)
        self.thing = thing
        self.rule = rule
        self.remedy = remedy

    def __str__(self) -> str:
        lines = [self.thing]
        if self.rule:
            lines.append(f"  rule: {self.rule}")
        if self.remedy:
            lines.append(f"  remedy: {self.remedy}")
        return "\n".join(lines)

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.thing, self.rule, self.remedy))


def _rebuild(kind: type[BloesemError], thing: str, rule: str, remedy: str) -> BloesemError:
    """Makes the error again on the other side of a process boundary (pickling drops keyword arguments)."""
    return kind(thing, rule=rule, remedy=remedy)


class UsageError(BloesemError):
    """What was typed cannot be meant."""

    exit_code: ClassVar[int] = 2


class PolicyError(BloesemError):
    """The policy or the company's record does not say something it must, or says it wrongly."""


class LawError(BloesemError):
    """A rule of the law files is missing, undated or contradicts another."""


class MapError(BloesemError):
    """The data map and the database disagree, or the map leaves something undecided."""


class PlanError(BloesemError):
    """No plan follows from policy, law and map, or the plan no longer fits what it was made for."""


class StoreError(BloesemError):
    """A database cannot be started, reached or used."""

    exit_code: ClassVar[int] = 3


class GateError(BloesemError):
    """A read or write that no purpose allows."""


class RightsError(BloesemError):
    """What a person asks cannot be done as asked: nobody or two people found, a plan that changed, a rule in the way."""


class ClockError(BloesemError):
    """A retention run cannot be trusted to be right now."""


class LedgerError(BloesemError):
    """An act cannot be written as it is."""

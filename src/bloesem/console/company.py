"""The company whose policy the console shows: plan, policy and promises, and their words in each language."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from pydantic import Field

from bloesem.console.words import WORDS
from bloesem.plan.model import ColumnPlan, Plan, PurposePlan
from bloesem.policy.company import Company as Loaded
from bloesem.policy.model import Policy
from bloesem.source import Strict
from bloesem.terms import Label


@dataclass(frozen=True)
class Promise:
    """A claim of the text: its id, the line on which its words begin, the words, and what they ask of a system."""

    id: str
    line: int | None
    quote: str
    claim: Mapping[str, str] = field(default_factory=dict, hash=False)


class ReadyAttempt(Strict):
    """A prepared attempt to break the gate: the words of its button, who asks (a part or a scoped role), and what."""

    label: Label
    role: str = Field(alias="as")
    sql: str
    write: bool = False


class ColumnSays(Strict):
    """A promise that is narrower than "only what the purpose needs": about these data, for these parts (none: all)."""

    data_categories: tuple[str, ...]
    parts: tuple[str, ...] = ()
    promises: tuple[str, ...]


class Says(Strict):
    """Which promise of the text says why: by reason (`objection`, or narrower `objection:absolute`), by the event from
    which a clock runs, by data that a part does not get, by scoped role. What is not here, the text does not say."""

    reasons: dict[str, tuple[str, ...]] = Field(default={})
    clocks: dict[str, tuple[str, ...]] = Field(default={})
    columns: tuple[ColumnSays, ...] = ()
    scopes: dict[str, tuple[str, ...]] = Field(default={})


class ConsoleFile(Strict):
    """`console.yaml`: what a company adds to its own console. Optional, like everything in it."""

    attempts: tuple[ReadyAttempt, ...] = ()
    says: Says = Says()
    roles: dict[str, Label] = Field(default={})  # what to call scoped roles
    follow: dict[str, Label] = Field(
        default={}
    )  # invented people whom a demonstration names, by key: what to call them


class Cookie(Strict):
    """Something that a page may keep in a browser: for which part, on which ground, and how long at most. `recipient`: of
    the register, an analytics firm that it makes figures of visits for (P-122)."""

    name: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,60}$")
    purpose: str
    basis: Literal["necessary", "consent"]
    lasts: str = Field(pattern=r"^(session|P\d+[YMD])$")
    says: Label
    recipient: str | None = None


class CookiesFile(Strict):
    """`cookies.yaml`: everything that the pages keep in a browser. Without the file they keep nothing."""

    cookies: tuple[Cookie, ...] = ()


@dataclass(frozen=True)
class Group:
    """A row of the policy's table (or the law): what gives its parts one colour."""

    key: str
    tone: int
    parts: tuple[str, ...]


@dataclass(frozen=True)
class Company:
    """What every page needs to know of policy and plan. Makes words of keys; decides nothing."""

    plan: Plan
    policy: Policy
    promises: Mapping[str, Promise] = field(default_factory=dict, hash=False)
    attempts: tuple[ReadyAttempt, ...] = field(default=(), hash=False)
    follow: Mapping[str, Mapping[str, str]] = field(default_factory=dict, hash=False)
    says: Says = field(default_factory=Says, hash=False)
    roles: Mapping[str, Mapping[str, str]] = field(default_factory=dict, hash=False)
    cookies: tuple[Cookie, ...] = field(default=(), hash=False)
    loaded: Loaded | None = field(default=None, hash=False, repr=False)  # with record and law

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """In the order of the policy's table, the law last."""
        keys = [*self.policy.purposes, "law"]
        found = []
        for tone, key in enumerate(keys):
            parts = tuple(p.key for p in self.parts if p.of == key)
            if parts:
                found.append(Group(key, tone, parts))
        return tuple(found)

    @cached_property
    def parts(self) -> tuple[PurposePlan, ...]:
        order = {key: i for i, key in enumerate([*self.policy.purposes, "law"])}
        return tuple(sorted(self.plan.purposes, key=lambda p: (order.get(p.of, len(order)), p.number)))

    @cached_property
    def tones(self) -> Mapping[str, int]:
        """Part → number of its colour."""
        return {part: group.tone for group in self.groups for part in group.parts}

    def part(self, key: str, language: str) -> str:
        found = self.plan.by_key.get(key)
        if found is None and key in self.roles:
            return said(self.roles[key], language)
        return said(found.label, language) if found and found.label else key

    def group(self, key: str, language: str) -> str:
        row = self.policy.purposes.get(key)
        return said(row.label, language) if row else WORDS["law.itself"][language]

    def category(self, key: str, language: str) -> str:
        found = self.policy.categories.get(key)
        return said(found.label, language) if found else key

    def column(self, column: ColumnPlan, language: str) -> str:
        return ", ".join(self.category(key, language) for key in column.categories) or column.name

    def event(self, key: str, language: str) -> str:
        found = self.policy.events.get(key)
        return said(found.label, language) if found else key

    def source(self, value: str, language: str) -> str:
        """A stored source (`werkgever:Acme`) in the policy's words, with its detail."""
        for source in self.policy.sources.values():
            if source.pattern and re.match(source.pattern, value):
                detail = value.rsplit(":", 1)[-1] if ":" in value else ""
                name = said(source.label, language)
                shown = (
                    detail and detail.casefold() not in name.casefold() and not value.startswith("subject:")
                )
                return f"{name} ({detail})" if shown else name
        return value

    def quotes(self, ids: tuple[str, ...]) -> tuple[Promise, ...]:
        """Promises with the words of the text; those that the list does not have are left out."""
        return tuple(self.promises[i] for i in ids if i in self.promises)


def said(label: Mapping[str, str], language: str) -> str:
    """A label in the language; in Dutch, the language of the text, when it has no other."""
    return label.get(language) or label.get("nl") or next(iter(label.values()), "")


_source: Callable[[dt.date | None], Company] | None = None
_current: Company | None = None


def use(company: Company | None) -> None:
    """Sets what the pages show; None: read it anew from the company's files."""
    global _current
    _current = company


def current() -> Company:
    """The company, read once per process from the files that the settings name (BLOESEM_COMPANY)."""
    global _current
    if _current is None:
        from bloesem.console.load import load

        _current = load()
    return _current

"""Rules of law as dated data: the model of `law/*.yaml`.

Every value names its article, its source, its validity, and whether it was checked.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from pydantic import Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from bloesem.errors import LawError
from bloesem.source import Strict
from bloesem.terms import Basis, Country, Keep, Key, Label, Period, Term


class Checked(Strict):
    """Whether someone compared the value with a published source, and when. `false` for short: nobody did.

    A value `from-knowledge` may refuse or warn; it deletes only once the officer confirmed it (`confirmed` of the record).
    """

    status: Literal["published", "from-knowledge"]
    on: dt.date | None = None  # the day of the comparison; without one there was none
    note: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _not_at_all(cls, value: Any) -> Any:
        return {"status": "from-knowledge"} if value is False else value

    @model_validator(mode="after")
    def _on_a_day(self) -> Checked:
        if (self.status == "published") != (self.on is not None):
            raise ValueError(
                "a value that was compared says on which day (`on`), and one from knowledge has no such day"
            )
        return self

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """The short form too, so that an editor accepts what the loader accepts."""
        long_form = handler.resolve_ref_schema(handler(core_schema))
        return {
            "title": "Checked",
            "description": long_form.get("description", ""),
            "anyOf": [{"const": False}, {k: v for k, v in long_form.items() if k != "description"}],
        }


Item = TypeVar("Item", "Rule", "LawPurpose", "Ceiling", "Floor", "Ban", "Adequacy")


class Rule(Strict):
    """A dated or national value."""

    key: str
    label: Label
    article: str
    source: str
    value: Any = None
    valid_from: dt.date | None = None
    valid_until: dt.date | None = None
    held_before: bool = False  # in force before `valid_from` already; since when was not looked up
    checked: Checked
    note: str | None = None


class Reads(Strict):
    """Which categories a purpose of the law reads: by words of the vocabulary, or all."""

    is_: tuple[str, ...] = Field(default=(), alias="is")
    all: bool = False


class Survives(Strict):
    erasure: bool = False
    restriction: bool = False
    objection: bool = False


class LawPurpose(Strict):
    """A purpose that the law itself gives, beside the policy's.

    `term: company`: the law names none, so the company's record does (`terms`), and `keep` is what it decided.
    """

    key: str
    label: Label
    description: Label
    basis: Basis
    article: str
    source: str | None = None
    reads: Reads
    keep: Keep = Field(default_factory=Keep)
    term: Literal["law", "company"] = "law"
    survives: Survives
    checked: Checked
    valid_from: dt.date | None = None
    valid_until: dt.date | None = None
    held_before: bool = False

    @model_validator(mode="after")
    def _one_term(self) -> LawPurpose:
        if ("keep" in self.model_fields_set) == (self.term == "company"):
            raise ValueError(
                "write `keep`, as the law has it, or `term: company` where the law names no term"
            )
        return self


class Ceiling(Strict):
    """Keep, or use, at most this long (P-003)."""

    key: str
    label: Label
    is_: tuple[str, ...] = Field(alias="is")
    for_: Period = Field(alias="for")
    after: Literal["record"]
    article: str
    source: str
    valid_from: dt.date | None = None
    valid_until: dt.date | None = None
    held_before: bool = False
    switch: str | None = None
    checked: Checked


class Floor(Strict):
    """Keep at least this long, for the purpose named and no other (P-003)."""

    key: str
    label: Label
    is_: tuple[str, ...] = Field(alias="is")
    purpose: str
    keep: Keep
    article: str
    source: str
    valid_from: dt.date | None = None
    valid_until: dt.date | None = None
    held_before: bool = False
    checked: Checked


class Ban(Strict):
    """Not for this use, whatever the policy says, unless the row says that a condition is met (P-003).

    `is`: what the data is; `use`: what the part is, in its own words (`is` of a part); `unless`: the condition, for which
    the data map names a column. All three are words of the vocabulary.
    """

    key: str
    label: Label
    is_: tuple[str, ...] = Field(alias="is")
    use: str
    unless: str
    article: str
    source: str
    valid_from: dt.date | None = None
    valid_until: dt.date | None = None
    held_before: bool = False
    switch: str | None = None
    checked: Checked


class Adequacy(Strict):
    """A decision of the Commission that a country, or an organisation, protects adequately (art. 45; P-137).

    `scope`: the whole country; `limited` to some recipients or data; or only who is `listed` on a day. Where it is not the
    whole, `condition` is the word that a transfer has to show, and `limit` says it for people.
    """

    key: str
    label: Label
    country: Country | None = None
    organisation: str | None = None
    article: Literal["45"]
    source: str
    scope: Literal["whole", "limited", "listed"]
    condition: Key | None = None
    limit: Label | None = None
    valid_from: dt.date | None
    valid_until: dt.date | None = None
    checked: Checked

    @model_validator(mode="after")
    def _whole_or_said(self) -> Adequacy:
        if (self.country is None) == (self.organisation is None):
            raise ValueError("write `country`, or `organisation`")
        said = (self.condition is not None, self.limit is not None)
        if said != ((False, False) if self.scope == "whole" else (True, True)):
            raise ValueError("write `condition` and `limit` where the scope is not `whole`, and only there")
        return self


class Word(Strict):
    """A word of the law's vocabulary: what a category of the policy *is*, so that a rule of law finds it."""

    label: Label
    article: str | None = None
    note: str | None = None


class LawFile(Strict):
    """A file of `law/`: any of these sections. `holidays`, `authority`, `periods` are dated values too."""

    rules: tuple[Rule, ...] = ()
    vocabulary: dict[str, Word] = Field(default_factory=dict)
    purposes: tuple[LawPurpose, ...] = ()
    ceilings: tuple[Ceiling, ...] = ()
    floors: tuple[Floor, ...] = ()
    bans: tuple[Ban, ...] = ()
    adequacy: tuple[Adequacy, ...] = ()
    holidays: tuple[Rule, ...] = ()
    authority: tuple[Rule, ...] = ()
    periods: tuple[Rule, ...] = ()


@dataclass(frozen=True)
class Law:
    """The law as data: every rule of every file. `valid_on` narrows it to a day."""

    rules: tuple[Rule, ...] = ()
    vocabulary: Mapping[str, Word] = field(default_factory=dict, hash=False)
    purposes: tuple[LawPurpose, ...] = ()
    ceilings: tuple[Ceiling, ...] = ()
    floors: tuple[Floor, ...] = ()
    bans: tuple[Ban, ...] = ()
    adequacy: tuple[Adequacy, ...] = ()
    holidays: tuple[Rule, ...] = ()
    authority: tuple[Rule, ...] = ()
    periods: tuple[Rule, ...] = ()

    def valid_on(self, day: dt.date) -> Law:
        """Only what is valid on a civil day (both ends inclusive; no date: always)."""
        return self.valid_during(day, day)

    def valid_during(self, start: dt.date, end: dt.date | None) -> Law:
        """Only what is valid on some day from `start` to `end`, inclusive (no end: from `start` on)."""
        last = end or dt.date.max
        return Law(
            rules=_valid(self.rules, start, last),
            vocabulary=self.vocabulary,
            purposes=_valid(self.purposes, start, last),
            ceilings=_valid(self.ceilings, start, last),
            floors=_valid(self.floors, start, last),
            bans=_valid(self.bans, start, last),
            adequacy=_valid(self.adequacy, start, last),
            holidays=_valid(self.holidays, start, last),
            authority=_valid(self.authority, start, last),
            periods=_valid(self.periods, start, last),
        )

    def purposes_on(self, day: dt.date) -> tuple[LawPurpose, ...]:
        """The purposes of the law that are valid on a civil day."""
        return _valid(self.purposes, day, day)

    def countries(self) -> frozenset[str]:
        """The countries of the world by their codes; empty where no file of the law has them."""
        return frozenset(code for rule in self.rules if rule.key == "iso.countries" for code in rule.value)

    def eea(self, day: dt.date) -> frozenset[str]:
        """The countries of the European Economic Area on a civil day. Empty where the law does not say: then all that
        leaves is a transfer (P-134)."""
        known = (rule for rule in _valid(self.rules, day, day) if rule.key == "eu.eea")
        return frozenset(code for rule in known for code in rule.value)

    def consent_age(self, day: dt.date) -> int:
        """From which age on somebody agrees by themselves on a civil day (art. 8(1)): the Regulation's, or what a country
        lowered it to (R-057). Eighteen where the law does not say: then a parent agrees for every child."""
        known = [
            rule.value for rule in _valid(self.rules, day, day) if rule.key.endswith(".consent.child_age")
        ]
        return min((int(age) for age in known), default=18)

    def adequate(self, country: str, day: dt.date) -> Adequacy | None:
        """The decision on a country that is valid on a civil day, whatever its scope."""
        return next((one for one in _valid(self.adequacy, day, day) if one.country == country), None)

    def rule(self, key: str) -> Rule:
        """The dated value with this key, of whichever section.

        Raises `LawError` when there is none, or several (ask `valid_on` a day first).
        """
        dated = (*self.rules, *self.holidays, *self.authority, *self.periods)
        found = [rule for rule in dated if rule.key == key]
        if len(found) != 1:
            what = "is not in the law files" if not found else f"has {len(found)} values over time"
            raise LawError(
                f"rule `{key}` {what}",
                rule="every dated value stands in law/*.yaml with its article",
                remedy="add the rule" if not found else "ask for a day: law.valid_on(day).rule(key)",
            )
        return found[0]


def _valid(items: tuple[Item, ...], start: dt.date, end: dt.date) -> tuple[Item, ...]:
    return tuple(
        item
        for item in items
        if (item.valid_from is None or item.valid_from <= end)
        and (item.valid_until is None or item.valid_until >= start)
    )


__all__ = [
    "Adequacy",
    "Ban",
    "Ceiling",
    "Checked",
    "Floor",
    "Law",
    "LawFile",
    "LawPurpose",
    "Reads",
    "Rule",
    "Survives",
    "Term",
    "Word",
]

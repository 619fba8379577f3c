"""Words that policy and law share: languages, bases, labels, periods, terms. Civil dates in Brussels."""

from __future__ import annotations

import datetime as dt
import re
from functools import lru_cache
from typing import Annotated, Any, Literal

from dateutil.relativedelta import relativedelta
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetJsonSchemaHandler,
    ValidationInfo,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from bloesem.source import Strict

LANGUAGES = ("nl", "en", "fr", "de")
MONTHS = {
    "nl": (
        *("januari", "februari", "maart", "april", "mei", "juni"),
        *("juli", "augustus", "september", "oktober", "november", "december"),
    ),
    "en": (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
    "fr": (
        *("janvier", "février", "mars", "avril", "mai", "juin"),
        *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
    ),
    "de": (
        *("Januar", "Februar", "März", "April", "Mai", "Juni"),
        *("Juli", "August", "September", "Oktober", "November", "Dezember"),
    ),
}
BASES = ("contract", "legal-obligation", "legitimate-interest", "consent")
#: Bases of art. 6(1) that the policy does not claim: "drie redenen" and consent, no other (P-059).
UNCLAIMED_BASES = {"vital-interest": "6(1)(d)", "public-task": "6(1)(e)"}

_PERIOD = re.compile(r"^P(?=\d)(?:(\d{1,3})Y)?(?:(\d{1,4})M)?(?:(\d{1,5})D)?$")


_KEY = re.compile(r"^[a-z][a-z0-9_]*(?:[.:\-][a-z0-9_\-]+)*$")


def _key(value: str) -> str:
    if not _KEY.match(value):
        raise ValueError(
            f"`{value}` is no name; accepted: lower-case letters, digits and _, in words joined by . : or -"
        )
    return value


def _period(value: str) -> str:
    if not _PERIOD.match(value):
        raise ValueError(
            f"`{value}` is no period; accepted: ISO 8601 years, months, days, such as P1Y, P1M, P30D, P0D"
        )
    return value


def _basis(value: Any) -> Any:
    if isinstance(value, str) and value in UNCLAIMED_BASES:
        raise ValueError(
            f"basis `{value}` (art. {UNCLAIMED_BASES[value]}) is not claimed by the policy (P-059); "
            f"accepted: {', '.join(BASES)}"
        )
    return value


def _label(value: dict[str, str]) -> dict[str, str]:
    unknown = sorted(set(value) - set(LANGUAGES))
    if unknown:
        raise ValueError(f"language `{unknown[0]}` is not defined; accepted: {', '.join(LANGUAGES)}")
    empty = sorted(language for language, text in value.items() if not text.strip())
    if empty or not value:
        raise ValueError(
            f"a text per language is expected, none empty; accepted keys: {', '.join(LANGUAGES)}"
        )
    return value


Period = Annotated[str, AfterValidator(_period), Field(json_schema_extra={"pattern": _PERIOD.pattern})]
Basis = Annotated[
    Literal["contract", "legal-obligation", "legitimate-interest", "consent"],
    BeforeValidator(_basis),
]
Label = Annotated[
    dict[str, str],
    AfterValidator(_label),
    Field(
        json_schema_extra={"propertyNames": {"enum": list(LANGUAGES)}, "minProperties": 1},
        description="A text per language: nl, en, fr, de.",
    ),
]
Key = Annotated[str, AfterValidator(_key), Field(json_schema_extra={"pattern": _KEY.pattern})]


def _country(value: str) -> str:
    if not re.fullmatch(r"[A-Z]{2}", value):
        raise ValueError(f"`{value}` is no country; accepted: two capitals of ISO 3166-1, such as BE")
    return value


#: A country by its two letters. Whether there is one of that code says the law (`iso.countries`).
Country = Annotated[str, AfterValidator(_country), Field(json_schema_extra={"pattern": "^[A-Z]{2}$"})]


class Dated(Strict):
    """Every decision has a date, and says whether it is an example."""

    decided: dt.date
    example: bool = False
    review: dt.date | None = None
    note: str | None = None


@lru_cache(maxsize=4096)  # a calendar is slow, and the same days come back for every row of a person
def add_period(start: dt.date, period: str) -> dt.date:
    """Last day of a period that starts on `start`: same date, months clipped (29 Feb + P1Y = 28 Feb; P-109). What would
    end beyond the calendar has no end: that is its last day.

    Raises `ValueError` for what is no period.
    """
    match = _PERIOD.match(period)
    if match is None:
        raise ValueError(f"`{period}` is no period")
    years, months, days = (int(part or 0) for part in match.groups())
    try:
        return start + relativedelta(years=years, months=months, days=days)
    except (ValueError, OverflowError):
        return dt.date.max


#: How a value came to us (P-028): given by the person, made by use, given out by us, worked out by us, or had from others.
Origin = Literal["provided", "observed", "assigned", "derived", "received"]


class Term(Strict):
    """How long after what: one clock. The period's last day is inclusive (P-109).

    `after`: a named start event of the policy, or `record` (the record's own date, as the data map says).
    `from: end-of-year`: counted from 31 December of the year of the start (P-073).
    `fallback`: the clock that runs when the start event can never come (P-104).
    `records_from`, `records_until`: which records the term is for, by their own date.
    `start_stated`: whether the text says from when; a start that we had to choose is reported (L-025).
    """

    for_: Period = Field(alias="for")
    after: str
    from_: Literal["event", "end-of-year"] = Field(default="event", alias="from")
    fallback: Term | None = None
    records_from: dt.date | None = None
    records_until: dt.date | None = None
    start_stated: bool = True


class Keep(Strict):
    """When a purpose ends: by terms, by a hold until it is released, or never a reason to store (`none`)."""

    terms: tuple[Term, ...] = ()
    hold: bool = False

    @model_validator(mode="before")
    @classmethod
    def _forms(cls, value: Any, info: ValidationInfo) -> Any:
        """Accept `hold`, `none`, `{hold: true}`, one term, or a list of terms."""
        if value == "none":
            return {}
        if value == "hold":
            return {"hold": True}
        if isinstance(value, list):
            if not value:
                raise ValueError(
                    "an empty list is no term; write `none` where the purpose is no reason to store"
                )
            return {"terms": value}
        if isinstance(value, dict) and not {"terms", "hold"} & set(value) and (value or info.context):
            return {"terms": [value]}
        if not isinstance(value, dict | Keep):
            raise ValueError(
                f"`{value}` is no term; accepted: hold, none, a term {{for, after}}, or a list of terms"
            )
        return value

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """The short forms too, so that an editor accepts what the loader accepts."""
        long_form = handler.resolve_ref_schema(handler(core_schema))
        terms = long_form["properties"]["terms"]
        return {
            "title": "Keep",
            "description": long_form.get("description", ""),
            "anyOf": [
                {"enum": ["hold", "none"]},
                terms["items"],
                {"type": "array", "items": terms["items"], "minItems": 1},
                {k: v for k, v in long_form.items() if k != "description"},
            ],
        }


def counted(number: int, one: str, many: str = "") -> str:
    """A number with its noun, for a line of text: `1 row`, `2 rows`, `1,000 people`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


__all__ = [
    "BASES",
    "LANGUAGES",
    "UNCLAIMED_BASES",
    "Basis",
    "Country",
    "Dated",
    "Keep",
    "Key",
    "Label",
    "Period",
    "Term",
    "add_period",
    "counted",
]

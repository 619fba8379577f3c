"""What a company writes for the register of processing, for machine-readable vocabularies and for assessments (art. 35).

All days are civil days in Europe/Brussels. What may be left out is `None` or empty, and is then said to be missing.
"""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import Field

from bloesem.source import Strict
from bloesem.terms import Country, Dated, Key, Label


class Officer(Strict):
    """The data protection officer (art. 37(7)), where the text leaves it open."""

    name: str | None = None
    telephone: str | None = None


class SecurityMeasure(Strict):
    """A measure of security in general terms (art. 32). `since`: since when it is in place; `evidence`: what shows it."""

    kind: Literal["technical", "organisational"]
    what: Label
    since: dt.date | None = None
    evidence: str | None = None


class Behalf(Strict):
    """A controller on whose behalf we process (art. 30(2)): who, which categories of processing, where to."""

    name: str
    contact: str
    representative: str | None = None
    officer: str | None = None
    processing: tuple[Label, ...] = Field(min_length=1)
    countries: tuple[Country, ...] = ()
    safeguards: str | None = None
    since: dt.date
    until: dt.date | None = None


class Automated(Strict):
    """A decision that is automated alone (art. 22(1)) within a part: its logic and what it means for people."""

    part: Key
    logic: Label
    consequences: Label


class RegisterRecord(Dated):
    """What the register says and the model does not know. `on_behalf` and `automated`: left out, nobody decided; an empty
    list: there is none."""

    officer: Officer | None = None
    representative: str | None = None  # art. 27; none: established in the Union
    joint: tuple[str, ...] = ()
    telephone: str | None = None
    website: str | None = None
    measures: tuple[SecurityMeasure, ...] = ()
    on_behalf: tuple[Behalf, ...] | None = None
    automated: tuple[Automated, ...] | None = None


class Terms(Strict):
    """A word of ours in the vocabularies of others."""

    dpv: tuple[str, ...] = ()
    fides: str | None = None


class Vocabularies(Dated):
    """Our own words → words of DPV and fideslang: of rows, categories (each for all below it), groups of people."""

    purposes: dict[str, Terms] = Field(default_factory=dict)
    categories: dict[str, Terms] = Field(default_factory=dict)
    groups: dict[str, Terms] = Field(default_factory=dict)


class Assessed(Dated):
    """A decision about an impact assessment (art. 35, 36): for which triggers of the law, and which parts.

    `outcome`: `done`, an assessment was made; `not-needed`, with the reason in `why`; `consult`, the authority is asked
    first (art. 36). `residual`: the risk that is left. `advice`: what the data protection officer advised (art. 35(2)).
    """

    triggers: tuple[str, ...] = Field(min_length=1)
    parts: tuple[Key, ...] = Field(min_length=1)
    outcome: Literal["done", "not-needed", "consult"]
    why: Label
    measures: tuple[Label, ...] = ()
    residual: Literal["low", "medium", "high"] | None = None
    advice: str | None = None
    advised: dt.date | None = None
    consulted: dt.date | None = None  # the day on which the authority was asked (art. 36)
    document: str | None = None


class DpiaRules(Dated):
    """What of our data and parts is what the triggers speak of: word of a trigger → categories, or parts (`uses`)."""

    data: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    uses: dict[str, tuple[Key, ...]] = Field(default_factory=dict)
    why: str


__all__ = [
    "Assessed",
    "Automated",
    "Behalf",
    "DpiaRules",
    "Officer",
    "RegisterRecord",
    "SecurityMeasure",
    "Terms",
    "Vocabularies",
]

"""The words to which people agree: each version whole, in four languages, never changed once it was shown."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field

from bloesem.consent.errors import ConsentError, RulesError
from bloesem.consent.rules import Rules
from bloesem.source import Strict, nearest, read
from bloesem.terms import LANGUAGES, Label


class ConsentText(Strict):
    """One version of one text. The box beside it is never ticked for anybody, and never part of other terms: what a text
    says otherwise is refused (art. 4(11), 7(2), 7(4); P-057)."""

    key: str
    version: int = Field(ge=1)
    valid_from: dt.date = Field(alias="from")
    valid_until: dt.date | None = Field(default=None, alias="until")
    purpose: str
    kinds: tuple[str, ...]
    channels: tuple[str, ...]
    words: Label
    withdraw: Label
    preticked: Literal[False] = False
    in_terms: Literal[False] = False

    @property
    def name(self) -> str:
        return f"{self.key}@{self.version}"

    def digest(self, language: str) -> str:
        """Of the exact words in one language."""
        return hashlib.sha256(self.words[language].encode()).hexdigest()

    def shown_on(self, day: dt.date) -> bool:
        return self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)


class TextsFile(Strict):
    consents: tuple[ConsentText, ...]


@dataclass(frozen=True)
class Texts:
    """All versions of all texts."""

    all: tuple[ConsentText, ...]

    def named(self, name: str) -> ConsentText:
        """in: `news@1`. raises: ConsentError."""
        found = next((text for text in self.all if text.name == name), None)
        if found is None:
            raise ConsentError(
                f"there is no consent text `{name}`",
                "P-057: a consent proves to which words, in which version",
                f"use one of: {nearest(name, [text.name for text in self.all])}",
            )
        return found

    def current(self, key: str, day: dt.date) -> ConsentText:
        """The newest version that may be shown on a civil day. raises: ConsentError."""
        found = [text for text in self.all if text.key == key and text.shown_on(day)]
        if not found:
            raise ConsentError(
                f"no version of consent text `{key}` is valid on {day}",
                "P-057: a consent is to words that were valid when they were shown",
                "add a version, or ask for another text",
            )
        return max(found, key=lambda text: text.version)


def load_texts(file: Path, rules: Rules) -> Texts:
    """in: `consents.yaml`. raises: SourceError; RulesError for what the policy does not have."""
    texts = Texts(read(file, TextsFile).consents)
    names = [text.name for text in texts.all]
    for text in texts.all:
        purpose = rules.plan.purpose(text.purpose)
        if not purpose.by_consent:
            raise _refuse(text, f"`{text.purpose}` does not run on consent", "name a purpose that does")
        if names.count(text.name) > 1:
            raise _refuse(
                text, "it is there twice", "a text that was shown is never changed: give it a new version"
            )
        missing = [one for one in LANGUAGES if one not in text.words or one not in text.withdraw]
        if missing:
            raise _refuse(text, f"it has no words in {missing[0]}", "write them in four languages")
        declared = _declared(rules, text.purpose)
        unknown = [kind for kind in text.kinds if kind not in declared]
        if unknown or (declared and not text.kinds):
            wrong = unknown[0] if unknown else "nothing"
            raise _refuse(
                text, f"`{text.purpose}` has no message `{wrong}`", f"use some of: {', '.join(declared)}"
            )
        stray = [channel for channel in text.channels if channel not in rules.policy.channels]
        if stray:
            raise _refuse(
                text, f"`{stray[0]}` is no channel", f"use some of: {', '.join(rules.policy.channels)}"
            )
    return texts


def _declared(rules: Rules, purpose: str) -> tuple[str, ...]:
    parts = {key: part for row in rules.policy.purposes.values() for key, part in row.parts.items()}
    return tuple(parts[purpose].messages) if purpose in parts else ()


def _refuse(text: ConsentText, why: str, remedy: str) -> RulesError:
    return RulesError(f"consent text {text.name}: {why}", "P-057: specific, informed and unambiguous", remedy)

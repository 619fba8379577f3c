"""What the loader and the compiler say of a version that is being written, in the reader's language (`loader.yaml`);
and what a rule of the linter adds to its title (`lint.yaml`).

They speak English, as a command does, and fill in what they found. Here a sentence is found again by its words, with what
was filled in, and said in another language; what was filled in is looked up too, as it may be words itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bloesem.yaml12 import parse

_FILLED = re.compile(r"\{([a-z_]+)\}")
#: Where it is: file and line, and the key; it is no language's.
_PLACE = re.compile(r"(\S+:\d+: (?:\S+: )?)(.*)")
_IDS = r"(?:[PLR]-\d{3}|art\. [\d()a-z]+)"
#: A rule: the numbers of promises and findings before it, what it says, and others after it.
_RULE = re.compile(rf"((?:{_IDS}(?:[,;] {_IDS})*: )?)(.*?)((?:; {_IDS})*)")
_ONLY_IDS = re.compile(rf"{_IDS}(?:[,;] {_IDS})*")


@dataclass(frozen=True)
class Sentence:
    """`said`: by language; `pattern`: how the English one is known again."""

    pattern: re.Pattern[str]
    said: Mapping[str, str]
    literal: int


def in_language(text: str, language: str) -> str | None:
    """What is wrong or what helps, in a language, with the place before it. out: None where nobody translated it."""
    whole = _found(text, language)
    if whole is not None:
        return whole
    place = _PLACE.fullmatch(text)
    if place is None:
        return None
    said = _found(place[2], language)
    return None if said is None else place[1] + said


def rule_in_language(text: str, language: str) -> str | None:
    """A rule, in a language: numbers of promises stay. out: None where nobody translated it."""
    if _ONLY_IDS.fullmatch(text):
        return text
    parts = _RULE.fullmatch(text)
    said = None if parts is None else _found(parts[2], language)
    return None if said is None or parts is None else parts[1] + said + parts[3]


def added(text: str, language: str) -> str | None:
    """What a rule of the linter adds to its title, in a language. out: None where nobody translated it."""
    return _found(text, language, file="lint.yaml")


def _found(text: str, language: str, deep: int = 2, file: str = "loader.yaml") -> str | None:
    exact, patterns = _sentences(file)
    if text in exact:
        return exact[text][language]
    for one in patterns:
        match = one.pattern.fullmatch(text)
        if match is not None:
            filled = {name: _listed(value, language, deep, file) for name, value in match.groupdict().items()}
            return "".join(
                filled[piece] if number % 2 else piece
                for number, piece in enumerate(_FILLED.split(one.said[language]))
            )
    return None


def _listed(value: str, language: str, deep: int, file: str) -> str:
    """What was filled in: words of ours, a list of them, or what a file says, which stays."""
    if not deep:
        return value
    whole = _found(value, language, deep - 1, file)
    if whole is not None:
        return whole
    pieces = value.split(", ")
    return ", ".join(_found(one, language, deep - 1, file) or one for one in pieces)


@cache
def _sentences(file: str) -> tuple[Mapping[str, Mapping[str, str]], tuple[Sentence, ...]]:
    """Sentences in which nothing is filled in; and the others, what has most words of its own first."""
    exact: dict[str, Mapping[str, str]] = {}
    patterns = []
    for said in parse(Path(__file__).with_name(file)).data:
        pieces = _FILLED.split(said["en"])
        if len(pieces) == 1:
            exact[said["en"]] = said
            continue
        expression = "".join(
            f"(?P<{piece}>.+?)" if number % 2 else re.escape(piece) for number, piece in enumerate(pieces)
        )
        literal = sum(len(piece) for piece in pieces[::2])
        patterns.append(Sentence(re.compile(expression, re.DOTALL), said, literal))
    return exact, tuple(sorted(patterns, key=lambda one: -one.literal))


__all__ = ["added", "in_language", "rule_in_language"]

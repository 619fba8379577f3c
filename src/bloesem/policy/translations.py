"""The text of a version in other languages: `translations.yaml`, sentence by sentence, by place in the text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import Field

from bloesem.policy.text import Sentence
from bloesem.source import Strict, parse, validate
from bloesem.terms import Label

TRANSLATIONS_FILE = "translations.yaml"


class TranslationsFile(Strict):
    """`translations.yaml`: a key is a place (`99.3`: the third sentence of line 99), a value its words per language."""

    sentences: dict[str, Label] = Field(default_factory=dict)


def places(sentences: Iterable[Sentence]) -> list[str]:
    """The place of each sentence, in their order: its line, and which of that line's sentences it is, from 1."""
    seen: Counter[int] = Counter()
    found = []
    for one in sentences:
        seen[one.line] += 1
        found.append(f"{one.line}.{seen[one.line]}")
    return found


def read_translations(directory: Path) -> Mapping[str, Mapping[str, str]]:
    """Place → words per language, of a version's directory; nothing where it has no such file. Raises `SourceError`."""
    path = directory / TRANSLATIONS_FILE
    return validate(parse(path), TranslationsFile).sentences if path.exists() else {}


__all__ = ["TRANSLATIONS_FILE", "TranslationsFile", "places", "read_translations"]

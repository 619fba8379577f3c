"""What the company and the law say of themselves is there in Dutch, English, French and German, whole (P-002)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bloesem.yaml12 import parse

ROOT = Path(__file__).parents[2]
LANGUAGES = {"nl", "en", "fr", "de"}
#: No words: one address, in the language that it is written to.
NO_WORDS = {("company/blossom/messages/door.yaml", ".address")}
FILES = sorted(
    str(file.relative_to(ROOT))
    for top in ("company/blossom", "law", "src")
    for file in (ROOT / top).rglob("*.yaml")
)


def unsaid(value: Any, where: str = "") -> Iterator[str]:
    """Where words are in some of the languages and not in all. A text's own words, in its own language, are no such thing."""
    if isinstance(value, dict):
        if value and set(value) <= LANGUAGES and all(isinstance(one, str) for one in value.values()):
            empty = {language for language, words in value.items() if not words.strip()}
            if lacking := (LANGUAGES - set(value)) | empty:
                yield f"{where}: {', '.join(sorted(lacking))}"
            return
        for key, one in value.items():
            yield from unsaid(one, f"{where}.{key}")
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from unsaid(one, f"{where}.{number}")


@pytest.mark.parametrize("file", FILES)
def test_every_word_of_a_data_file_is_in_four_languages(file: str) -> None:
    found = unsaid(parse(ROOT / file).data)
    assert [it for it in found if (file, it.partition(":")[0]) not in NO_WORDS] == []


def test_a_language_that_lacks_is_found() -> None:
    whole = dict.fromkeys(LANGUAGES, "x")
    assert list(unsaid({"a": [whole, {"nl": "x", "en": "y"}], "b": {**whole, "de": " "}})) == [
        ".a.1: de, fr",
        ".b: de",
    ]

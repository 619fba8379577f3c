"""Every word of the pages, in four languages, from `words.yaml`; another application adds a file of its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bloesem.source import parse
from bloesem.terms import LANGUAGES

_words: dict[str, Mapping[str, str]] = {}
WORDS: Mapping[str, Mapping[str, str]] = _words


def add(path: Path) -> None:
    """The words of a file: `key: {nl: …, en: …, fr: …, de: …}`. Raises ValueError for one that a language lacks."""
    for key, said in parse(path).data.items():
        if tuple(said) != LANGUAGES:
            raise ValueError(
                f"{path.name}: {key} is said in {', '.join(said)}, not in {', '.join(LANGUAGES)}"
            )
        _words[str(key)] = {language: str(text) for language, text in said.items()}


add(Path(__file__).with_name("words.yaml"))
for _file in sorted((Path(__file__).parent / "officer").glob("words*.yaml")):
    add(_file)

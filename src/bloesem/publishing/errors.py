"""What keeps a version from being published, in the words of whoever reads it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from bloesem.errors import BloesemError
from bloesem.source import parse
from bloesem.terms import LANGUAGES

_PLACES = ("what", "rule", "remedy")


class PublishingError(BloesemError):
    """A step of publishing that may not be taken as things are; nothing was changed. `key`, `values`: of its words in
    `refusals.yaml`, where it has some in every language; they hold dates, numbers and names of ours."""

    def __init__(
        self,
        thing: str,
        rule: str = "",
        remedy: str = "",
        key: str = "",
        values: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(thing, rule, remedy)
        self.key, self.values = key, dict(values or {})


def refusal(key: str, **values: object) -> PublishingError:
    """What stands in the way, by its key. Raises KeyError for one that has no words."""
    told = {name: str(value) for name, value in values.items()}
    what, rule, remedy = in_words(key, told, "en")
    return PublishingError(what, rule, remedy, key, told)


def in_words(key: str, values: Mapping[str, str], language: str) -> tuple[str, str, str]:
    """(what, by which rule, what helps) in a language. Raises KeyError for a key or value that there is not."""
    words = _table()[key]
    if f"notice_{language}" in values:
        values = {**values, "notice": values[f"notice_{language}"]}
    return (
        words["what"][language].format_map(values),
        words["rule"][language].format_map(values),
        words["remedy"][language].format_map(values),
    )


@cache
def _table() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    found: dict[str, Mapping[str, Mapping[str, str]]] = parse(Path(__file__).with_name("refusals.yaml")).data
    for key, words in found.items():
        _whole(key, words)
    return found


def _whole(key: str, words: Any) -> None:
    if tuple(words) != _PLACES or any(tuple(words[place]) != LANGUAGES for place in _PLACES):
        raise ValueError(
            f"refusals.yaml: {key} is not said whole: {', '.join(_PLACES)}, each in {', '.join(LANGUAGES)}"
        )


__all__ = ["PublishingError", "in_words", "refusal"]

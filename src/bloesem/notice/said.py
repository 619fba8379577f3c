"""Words of the notice, and labels of the model in the page's language or, marked as such, in another."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bloesem.console import words
from bloesem.console.language import say
from bloesem.console.words import WORDS
from bloesem.notice.model import Said

words.add(Path(__file__).with_name("words.yaml"))

#: Which language stands in for one in which nobody wrote the words: the first that there is.
_INSTEAD = {"nl": ("en",), "en": ("nl",), "fr": ("en", "nl"), "de": ("en", "nl")}


def spoken(label: Mapping[str, str], language: str) -> Said:
    """A label in the language, or in the nearest that it has, and which that is."""
    for one in (language, *_INSTEAD.get(language, ()), *label):
        if label.get(one):
            return Said(label[one], one)
    return Said("", language)


def told(key: str, language: str, **values: object) -> Said:
    """The words of `key`, as an answer of an entry."""
    return Said(say(key, language, **values), language)


def known(key: str) -> bool:
    return key in WORDS


__all__ = ["known", "say", "spoken", "told"]

"""What countries are called, in the four languages: names of Unicode CLDR, by their codes of ISO 3166-1."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from bloesem.terms import LANGUAGES


@cache
def _names() -> Mapping[str, Mapping[str, str]]:
    found: dict[str, dict[str, str]] = json.loads(
        Path(__file__).with_name("countries.json").read_text("utf-8")
    )["names"]
    return found


def called(code: str, language: str) -> str:
    """in: two letters of a country, and one of `LANGUAGES`. out: its name; the code itself where there is none of it."""
    return _names().get(code, {}).get(language, code)


def in_all(code: str) -> Mapping[str, str]:
    """Its name in each language, likewise."""
    return {language: called(code, language) for language in LANGUAGES}


__all__ = ["called", "in_all"]

"""What the templates say and show: words, numbers, dates. Language comes from the page."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from bloesem.console import language as words
from bloesem.console.company import current
from bloesem.publishing.errors import in_words

register = template.Library()

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@register.simple_tag(takes_context=True)
def say(context: Any, key: str, **values: object) -> str:
    return words.say(key, context["language"], **values)


@register.simple_tag(takes_context=True)
def n(context: Any, value: int) -> str:
    return words.number(int(value or 0), context["language"])


@register.simple_tag(takes_context=True)
def decimal(context: Any, value: float) -> str:
    return words.decimal(value, context["language"])


@register.simple_tag(takes_context=True)
def day(context: Any, value: dt.date | None) -> str:
    return words.day(value, context["language"])


@register.simple_tag(takes_context=True)
def moment(context: Any, value: dt.datetime) -> str:
    return words.moment(value, context["language"])


@register.simple_tag(takes_context=True)
def refusal(context: Any, said: Mapping[str, Any]) -> dict[str, str]:
    """Why a step of publishing is refused or waits, in the reader's language; else as it was said, in English (`lang`)."""
    try:
        language = context["language"]
        found = in_words(
            said["key"], {name: _dated(one, language) for name, one in said["values"].items()}, language
        )
    except KeyError:
        return {**{name: str(said.get(name, "")) for name in ("what", "rule", "remedy")}, "lang": "en"}
    return {**dict(zip(("what", "rule", "remedy"), found, strict=True)), "lang": ""}


def _dated(value: Any, language: str) -> Any:
    """A day as people write it, where it is one."""
    return words.day(dt.date.fromisoformat(value), language) if _DAY.fullmatch(str(value)) else value


@register.simple_tag(takes_context=True)
def by_whom(context: Any, who: str, me: str = "") -> str:
    """Who wrote something down: you, the officer with the number of their account, or a name as it was given."""
    language = context["language"]
    if me and who == me:
        return words.say("officer.by.you", language)
    seat, _, number = who.partition(":")
    return words.say("officer.by", language, number=number) if seat == "officer" and number else who


@register.simple_tag(takes_context=True)
def part(context: Any, key: str) -> str:
    return current().part(key, context["language"])


@register.filter
def unbroken(text: str) -> SafeString:
    """The text, with ids of promises that no line break comes into."""
    pieces = re.split(r"(P-\d{3})", text)
    return format_html_join(
        "",
        "{}",
        ((format_html('<span class="id">{}</span>', p) if i % 2 else p,) for i, p in enumerate(pieces)),
    )


@register.simple_tag
def tone(key: str) -> int:
    return current().tones.get(key, 0)


@register.filter
def language_name(key: str) -> str:
    """What a language calls itself."""
    return words.NAMES[key]

"""What the templates say and show: words, numbers, dates. Language comes from the page."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from bloesem.console import language as words
from bloesem.console.company import current

register = template.Library()


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

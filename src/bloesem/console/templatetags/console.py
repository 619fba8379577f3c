"""What the templates say and show: words, numbers, dates. Language comes from the page."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import template

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
def day(context: Any, value: dt.date | None) -> str:
    return words.day(value, context["language"])


@register.simple_tag(takes_context=True)
def moment(context: Any, value: dt.datetime) -> str:
    return words.moment(value, context["language"])


@register.simple_tag(takes_context=True)
def part(context: Any, key: str) -> str:
    return current().part(key, context["language"])


@register.simple_tag
def tone(key: str) -> int:
    return current().tones.get(key, 0)

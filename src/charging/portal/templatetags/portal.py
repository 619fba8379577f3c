"""Amounts, energy and months as the portal's pages show them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import template

from bloesem.console import language as words
from bloesem.console.words import WORDS
from charging.portal.seats import SEATS

register = template.Library()


@register.simple_tag(takes_context=True)
def kwh(context: Any, value: int | None) -> str:
    return words.decimal((value or 0) / 1000, context["language"])


@register.simple_tag(takes_context=True)
def euro(context: Any, value: int | None) -> str:
    return words.decimal((value or 0) / 100, context["language"], 2)


@register.simple_tag(takes_context=True)
def month(context: Any, value: dt.date) -> str:
    return words.month(value, context["language"])


@register.simple_tag(takes_context=True)
def seat_name(context: Any, key: str) -> str:
    return words.say(SEATS[key].says, context["language"])


@register.simple_tag(takes_context=True)
def officer_title(context: Any, key: str) -> str:
    return words.say(f"{key}.title", context["language"])


@register.simple_tag(takes_context=True)
def officer_lead(context: Any, key: str) -> str:
    return words.say(f"officer.{key}", context["language"])


@register.simple_tag(takes_context=True)
def right(context: Any, key: str) -> str:
    """What can be asked, in plain words."""
    return words.say(f"requests.{key}", context["language"])


@register.simple_tag(takes_context=True)
def right_lead(context: Any, key: str) -> str:
    return words.say(f"requests.{key}.lead", context["language"])


@register.simple_tag(takes_context=True)
def case_state(context: Any, key: str) -> str:
    return words.say(f"requests.state.{key}", context["language"])


@register.simple_tag(takes_context=True)
def case_word(context: Any, group: str, key: str) -> str:
    return words.say(f"cases.{group}.{key}" if group else f"cases.{key}", context["language"])


@register.simple_tag(takes_context=True)
def case_about(context: Any, key: str) -> str:
    return words.say(f"requests.about.{key}", context["language"])


@register.simple_tag(takes_context=True)
def case_kind(context: Any, key: str) -> str:
    return words.say(f"requests.kind.{key}", context["language"])


@register.simple_tag(takes_context=True)
def case_event(context: Any, what: str) -> str:
    """What happened in a case; a letter about an event (`told-7`) is a letter about one."""
    key = f"cases.event.{'told' if what.startswith('told-') else what}"
    return words.say(key, context["language"]) if key in WORDS else what


@register.simple_tag(takes_context=True)
def case_by(context: Any, who: str) -> str:
    """Who did it: by itself, the person, the road by which it came, or a seat with the number of its account."""
    seat, _, number = who.partition(":")
    for key in (f"cases.event.by.{seat}", f"cases.channel.{seat}"):
        if key in WORDS:
            said = words.say(key, context["language"])
            return f"{said} {number}" if number else said
    return who

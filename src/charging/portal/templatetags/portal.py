"""Amounts, energy and months as the portal's pages show them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

from django import template

from bloesem.console import language as words
from bloesem.console.words import WORDS
from charging.portal.access import actor
from charging.portal.seats import SEATS

register = template.Library()
#: So much of what was said stands in the list of events.
_MOST_SAID = 300


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
def case_stand(context: Any, key: str) -> str:
    """How a case stands, to the officer: it is not theirs to confirm who the person is."""
    return words.say(
        f"cases.stand.{key}" if f"cases.stand.{key}" in WORDS else f"requests.state.{key}",
        context["language"],
    )


@register.simple_tag(takes_context=True)
def case_kind(context: Any, key: str) -> str:
    return words.say(f"requests.kind.{key}", context["language"])


@register.simple_tag(takes_context=True)
def case_event(context: Any, what: str) -> str:
    """What happened in a case; a letter about an event (`told-7`) is a letter about one."""
    key = f"cases.event.{'told' if what.startswith('told-') else what}"
    return words.say(key, context["language"]) if key in WORDS else what


@register.simple_tag(takes_context=True)
def case_said(context: Any, one: Mapping[str, Any]) -> str:
    """What stands beside an event: words as they were written; of how a mail was read, and of what it was then said to
    ask, each of its own codes in words."""
    said = str(one["said"])
    if one["what"] not in ("read", "means"):
        return said if len(said) <= _MOST_SAID else said[: _MOST_SAID - 1] + "…"

    def in_words(code: str) -> str:
        for key in (f"requests.kind.{code}", f"requests.{code}", f"cases.note.{code}"):
            if key in WORDS:
                return words.say(key, context["language"])
        return code

    steps = [re.findall(r"[a-z][a-z_-]*", step) for step in said.split("→")]
    return " → ".join(", ".join(in_words(code) for code in codes) for codes in steps)


@register.simple_tag(takes_context=True)
def case_by(context: Any, who: str) -> str:
    """Who did it: by itself, the person, the road by which it came, or a seat with the number of its account;
    of whoever reads it: you."""
    request = context.get("request")
    if request is not None and request.user.is_authenticated and who == actor(request):
        return words.say("officer.by.you", context["language"])
    seat, _, number = who.partition(":")
    for key in (f"cases.event.by.{seat}", f"cases.channel.{seat}"):
        if key in WORDS:
            said = words.say(key, context["language"])
            return f"{said} {number}" if number else said
    return who

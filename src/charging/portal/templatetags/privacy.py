"""What the privacy page says of a purpose's state."""

from __future__ import annotations

from typing import Any

from django import template

from bloesem.console import language as words

register = template.Library()


@register.simple_tag(takes_context=True)
def state_of(context: Any, state: str) -> str:
    return words.say(f"privacy.state.{state}", context["language"])

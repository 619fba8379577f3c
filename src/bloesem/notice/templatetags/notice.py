"""What the templates of the notice ask: whose something is, and why a text is not there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template

from bloesem.notice.model import Notice

register = template.Library()


@register.filter
def of(found: Mapping[str, tuple[str, ...]], anchor: str) -> tuple[str, ...]:
    """What stands at an anchor for the person who reads."""
    return found.get(anchor, ())


@register.simple_tag
def untold(notice: Notice) -> str:
    from bloesem.notice.render import untold as why

    return why(notice)


@register.simple_tag(takes_context=True)
def lang(context: Any, language: str) -> str:
    """` lang="nl"` where words are in another language than the page."""
    from django.utils.html import format_html

    return format_html(' lang="{}"', language) if language != context["language"] else ""

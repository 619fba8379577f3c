"""What the layout of every page needs, whoever made the page: language, other languages, where the other process is."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest

from bloesem.console import cookies
from bloesem.console.language import LANGUAGES
from bloesem.console.trouble import language_asked


def _next(request: HttpRequest) -> str:
    """Where a sign-in leads. An address that cannot be read has none: the page that says so needs this layout too."""
    try:
        return request.GET.get("next", "")
    except SuspiciousOperation:
        return ""


def context(request: HttpRequest) -> dict[str, Any]:
    """Django's context processor; what a page says itself wins."""
    language = language_asked(request)
    first, _, rest = request.path.lstrip("/").partition("/")
    path = f"/{rest}" if first in LANGUAGES else "/"
    asked = _next(request)
    query = f"?next={asked}" if asked else ""
    return {
        "language": language,
        "others": [(other, f"/{other}{path}{query}") for other in LANGUAGES],
        "demonstration": bool(getattr(settings, "BLOESEM_DEMO", False)),
        "console": getattr(settings, "BLOESEM_CONSOLE", ""),
        "portal": getattr(settings, "BLOESEM_PORTAL", ""),
        "cookie_question": cookies.question(request),
        "here_path": request.path,
        "menu": "console/_menu.html",
    }

"""Pages that say what is wrong: none here, not for you, not found, broken. They need neither policy nor database."""

from __future__ import annotations

import logging

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from bloesem.console.cookies import LANGUAGE
from bloesem.console.language import LANGUAGES, Language
from bloesem.errors import BloesemError, GateError, StoreError

_log = logging.getLogger(__name__)


def language_asked(request: HttpRequest) -> Language:
    """The language of the address; where it has none, the one that the visitor had us remember, or the browser's; else
    Dutch."""
    first = request.path.split("/")[1] if "/" in request.path else ""
    for language in LANGUAGES:
        if first == language:
            return language
    kept = request.COOKIES.get(LANGUAGE)
    for language in LANGUAGES:
        if kept == language:
            return language
    wanted = request.META.get("HTTP_ACCEPT_LANGUAGE", "").lower()
    places = {language: wanted.find(language) for language in LANGUAGES}
    found = [language for language in LANGUAGES if places[language] >= 0]
    return min(found, key=lambda language: places[language]) if found else "nl"


def elsewhere(request: HttpRequest) -> HttpResponse:
    """403: the pages are for someone at this machine."""
    return render(request, "console/refused.html", {"language": language_asked(request)}, status=403)


def stopped(request: HttpRequest, error: BloesemError) -> HttpResponse:
    """503: what Bloesem itself says is wrong, why, and what to do. Its errors hold neither data nor secrets."""
    _log.error("a page was stopped: %s", error)
    files = not isinstance(error, StoreError | GateError)
    return _page(request, "stopped", 503, error=error, files=files)


def missing(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404: no such page, language or person."""
    return _page(request, "missing", 404)


def unread(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400: what was sent is too large, or no form of ours."""
    return _page(request, "unread", 400)


def broken(request: HttpRequest) -> HttpResponse:
    """500: a fault of ours. What it was stands in the log, never on the page."""
    return _page(request, "broken", 500)


def _page(request: HttpRequest, what: str, status: int, **more: object) -> HttpResponse:
    from bloesem.console.guard import at_this_machine, closed

    if not at_this_machine(request):
        return closed(elsewhere(request))
    language = language_asked(request)
    context = {
        "language": language,
        "demonstration": bool(getattr(settings, "BLOESEM_DEMO", False)),
        "what": what,
        **more,
    }
    return closed(render(request, "console/trouble.html", context, status=status))

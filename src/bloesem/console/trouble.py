"""Pages that say what is wrong: none here, not for you, not found, not ours, too large, broken; in the layout and
language of the others. They need neither policy nor database."""

from __future__ import annotations

import logging

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
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
    """400: what was sent is no form of ours; 413: it is too large."""
    if isinstance(exception, RequestDataTooBig | TooManyFieldsSent | TooManyFilesSent):
        return _page(request, "large", 413)
    return _page(request, "unread", 400)


def forged(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403: a form without the token of our page (Django's `CSRF_FAILURE_VIEW`); what to do, and that nothing was done."""
    return _page(request, "forged", 403)


def denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403: a library lets nobody in here."""
    return _page(request, "denied", 403)


def otherwise(request: HttpRequest, answer: HttpResponse) -> HttpResponse:
    """405: an address that is not asked in this way; the methods that it takes stay in the header."""
    response = _page(request, "method", 405)
    response["Allow"] = answer["Allow"]
    return response


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

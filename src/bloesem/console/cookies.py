"""What the pages keep in a browser: what the company declared (`cookies.yaml`), and what the visitor agreed to.

An undeclared cookie is neither set nor read (P-005); one that needs consent is there only after it, and goes with it.
Refusing is as easy as agreeing: two buttons of one form, without JavaScript, and the preferences are a link on each page.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Callable, Iterable
from http.cookies import Morsel

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from bloesem.console import visits
from bloesem.console.company import Cookie, current
from bloesem.errors import BloesemError
from bloesem.plan.dates import civil
from bloesem.terms import LANGUAGES, add_period

_log = logging.getLogger(__name__)

#: The two cookies that this module itself sets.
CHOICE, LANGUAGE = "bloesem_choice", "bloesem_language"
#: What the choice says when it allows nothing.
NOTHING = "none"
#: Where a request notes what it must take away from the browser.
_GONE = "bloesem.cookies.gone"


def declared() -> dict[str, Cookie]:
    """By name. Nothing, while the company's files do not load: then nothing is set and nothing is read."""
    try:
        return {it.name: it for it in current().cookies}
    except BloesemError:
        return {}


def optional(cookies: Iterable[Cookie]) -> list[Cookie]:
    return [it for it in cookies if it.basis == "consent"]


def agreed(request: HttpRequest) -> frozenset[str] | None:
    """The names that the visitor allows; None where nothing was chosen yet."""
    said = request.COOKIES.get(CHOICE)
    if not said:
        return None
    known = {it.name for it in optional(declared().values())}
    return frozenset(said.split(".")) & known


def question(request: HttpRequest) -> bool:
    """Whether a page still has to ask: something optional is declared, and nobody chose."""
    return bool(optional(declared().values())) and agreed(request) is None


def remember(response: HttpResponse, wanted: Iterable[str], asked: HttpRequest) -> None:
    """Writes the choice down; what is no longer allowed goes at once."""
    known = declared()
    allowed = sorted(set(wanted) & {it.name for it in optional(known.values())})
    _set(response, CHOICE, ".".join(allowed) or NOTHING, known.get(CHOICE))
    for it in optional(known.values()):
        if it.name not in allowed and it.name in asked.COOKIES:
            _stop(it, asked.COOKIES[it.name])
            response.delete_cookie(it.name)
    asked.COOKIES[CHOICE] = ".".join(allowed) or NOTHING


def _set(response: HttpResponse, name: str, value: str, said: Cookie | None) -> None:
    response.set_cookie(
        name,
        value,
        max_age=longest(said) if said else None,
        httponly=True,
        samesite="Lax",
        secure=bool(getattr(settings, "SESSION_COOKIE_SECURE", False)),
    )


def longest(cookie: Cookie) -> int | None:
    """Seconds that it may stay; None: until the browser is closed."""
    if cookie.lasts == "session":
        return None
    start = dt.date(2026, 1, 1)
    return (add_period(start, cookie.lasts) - start).days * 24 * 60 * 60


class DeclaredCookies:
    """The middleware around all others: what they set or read passes here."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.COOKIES:
            self._read(request)
        response = self.get_response(request)
        _language(request, response)
        _visit(request, response)
        if response.cookies:
            self._written(request, response)
        return response

    def _read(self, request: HttpRequest) -> None:
        """What is not declared, or not agreed to, is as if it had not been sent."""
        known = declared()
        allowed = agreed(request) or frozenset()
        for name in list(request.COOKIES):
            found = known.get(name)
            if found is None or (found.basis == "consent" and name not in allowed):
                if found is not None and found.recipient is not None:
                    _stop(found, request.COOKIES[name])  # the choice is gone, and the number is still there
                    request.META.setdefault(_GONE, []).append(name)
                del request.COOKIES[name]

    def _written(self, request: HttpRequest, response: HttpResponse) -> None:
        known = declared()
        allowed = agreed(request) or frozenset()
        for name, morsel in list(response.cookies.items()):
            found = known.get(name)
            if _goes(morsel):
                continue
            if found is None:
                _log.error("a page wanted to set the undeclared cookie %s: it was not sent (P-005)", name)
                del response.cookies[name]
            elif found.basis == "consent" and name not in allowed:
                del response.cookies[name]
            else:
                _shorten(morsel, longest(found))


def _goes(morsel: Morsel[str]) -> bool:
    """Whether it only takes a cookie away."""
    return not morsel.value and str(morsel["max-age"]) == "0"


def _shorten(morsel: Morsel[str], most: int | None) -> None:
    """No longer than declared, whatever set it."""
    if most is None:
        morsel["max-age"] = morsel["expires"] = ""
    elif morsel["max-age"] == "" or int(morsel["max-age"]) > most:
        morsel["max-age"], morsel["expires"] = most, ""


def _visit(request: HttpRequest, response: HttpResponse) -> None:
    """A signal for each analytics firm whose cookie the visitor agreed to: of a page of nobody, that was read (P-122)."""
    for name in request.META.get(_GONE, ()):
        response.delete_cookie(name)
    folder, match = visits.directory(), request.resolver_match
    if folder is None or match is None or request.method != "GET" or response.status_code != 200:
        return
    html = response.headers.get("Content-Type", "").startswith("text/html")
    in_session = settings.SESSION_COOKIE_NAME in request.COOKIES
    if not html or in_session or request.headers.get("Sec-GPC") == "1":
        return
    for it in declared().values():
        if it.recipient is not None and it.name in (agreed(request) or ()):
            number = request.COOKIES.get(it.name, "")
            if not visits.known(number):
                number = visits.new_number()
                _set(response, it.name, number, it)
            now = dt.datetime.now(dt.UTC)
            signal = visits.Signal("visit", number, civil(now), match.view_name or "")
            visits.keep(folder, it.recipient, signal, time.time_ns())


def _stop(it: Cookie, number: str) -> None:
    """The firm hears that this number is no longer agreed to."""
    folder = visits.directory()
    if folder is not None and it.recipient is not None and visits.known(number):
        now = dt.datetime.now(dt.UTC)
        visits.keep(folder, it.recipient, visits.Signal("stop", number, civil(now)), time.time_ns())


def _language(request: HttpRequest, response: HttpResponse) -> None:
    """The language of the page that was opened, for who agreed to that being remembered."""
    first = request.path.split("/")[1] if "/" in request.path else ""
    if first not in LANGUAGES or LANGUAGE not in (agreed(request) or ()):
        return
    if request.method == "GET" and response.status_code == 200 and request.COOKIES.get(LANGUAGE) != first:
        _set(response, LANGUAGE, first, declared().get(LANGUAGE))

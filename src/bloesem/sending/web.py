"""The page that a link leads to, and the page for whoever has none: no login, no reason, one step (P-092, P-166).

A GET shows what a press of the button will do, and does nothing: programs that look at links before people do must not
unsubscribe anybody. A POST does it: that of the button, and the one that mail programs send by themselves (RFC 8058: no
cookie, no redirect). Django's views, with a template of their own, for any process that serves pages; what they may do is
behind `Pages`, so that a page neither reads the outbox nor holds the list's key.
"""

from __future__ import annotations

import datetime as dt
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template import Context, Engine
from django.urls import path
from django.utils.translation import get_language_from_request
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from bloesem.consent import gpc
from bloesem.consent.errors import LinkError
from bloesem.consent.links import Link, LinkKeys
from bloesem.consent.tables import DOOR
from bloesem.rights.identifiers import Identifier, IdentifierError, normal
from bloesem.source import Strict, read
from bloesem.stores.postgres import Connection
from bloesem.terms import LANGUAGES, Label

#: Since when this site honours Global Privacy Control as it does now.
SINCE = dt.date(2026, 11, 26)
#: The setting that names who does what a page asks: `module:function`, which returns `Pages`.
SETTING = "BLOESEM_PAGES"
#: The setting that names a template of the site's own, in its layout; without it the page is `pages/page.html`.
LAYOUT = "BLOESEM_PAGE"


class Pages(Protocol):
    """What a page may do."""

    def read(self, token: str) -> Link:
        """raises: LinkError."""
        ...

    def unsubscribe(self, link: Link) -> str:
        """out: `recorded`, `already`, `used` or `unknown`."""
        ...

    def refuse(self, address: str) -> None: ...


class DatabasePages:
    """Through a login that may execute `unsubscribe` and `refuse_advertising`, and nothing else of the door's."""

    def __init__(self, connection: Connection, links: LinkKeys, schema: str = "bloesem") -> None:
        self.connection, self.links, self.schema = connection, links, schema

    def _now(self) -> dt.datetime:
        row = self.connection.execute(f"SELECT {self.schema}.moment()".encode()).fetchone()
        assert row is not None
        now: dt.datetime = row[0]
        return now

    def read(self, token: str) -> Link:
        return self.links.read(token, self._now())

    def unsubscribe(self, link: Link) -> str:
        row = self.connection.execute(
            f"SELECT {DOOR}.unsubscribe(%s, %s, 'link')".encode(), [link.message, link.act]
        ).fetchone()
        return str(row[0]) if row else "unknown"

    def refuse(self, address: str) -> None:
        self.connection.execute(f"SELECT {DOOR}.refuse_advertising(%s)".encode(), [address])


@csrf_exempt  # a mail program has no cookie of ours, and the link itself is the proof (RFC 8058)
@require_http_methods(["GET", "HEAD", "POST"])
def link(request: HttpRequest, token: str) -> HttpResponse:
    try:
        found = _pages().read(token)
    except LinkError:
        return _page(request, "bad-link", status=404)
    if request.method != "POST":
        return _page(request, f"ask-{found.act}")
    said = _pages().unsubscribe(found)
    if said == "unknown":
        return _page(request, "bad-link", status=404)
    return _page(
        request, "used-link" if said == "used" else f"done-{found.act}", status=409 if said == "used" else 200
    )


@csrf_exempt  # without a login there is nothing that a foreign page could do in somebody's name
@require_http_methods(["GET", "HEAD", "POST"])
def address(request: HttpRequest) -> HttpResponse:
    """For whoever has no link: an address, and nothing else. The answer is the same whether anybody has it or not."""
    if request.method != "POST":
        return _page(request, "ask-address")
    said = request.POST.get("address", "")[:320]
    try:
        normal(Identifier("email", said))
    except IdentifierError:
        return _page(request, "no-address", status=400)
    _pages().refuse(said)
    return _page(request, "done-address")


@require_safe
def well_known(request: HttpRequest) -> HttpResponse:
    """`/.well-known/gpc.json` (S-08)."""
    return JsonResponse(gpc.published(SINCE))


urlpatterns = [
    path("u/<str:token>", link, name="unsubscribe"),
    path("objection", address, name="objection"),
    path(gpc.WELL_KNOWN.lstrip("/"), well_known, name="gpc"),
]


def _pages() -> Pages:
    module, _, function = getattr(settings, SETTING).partition(":")
    made: Pages = getattr(import_module(module), function)()
    return made


def _page(request: HttpRequest, state: str, status: int = 200) -> HttpResponse:
    asked = request.GET.get("l", "")
    language = asked if asked in LANGUAGES else get_language_from_request(request)[:2]
    if language not in LANGUAGES:
        language = "nl"
    said, labels = words().states[state][language], words().labels
    values: dict[str, Any] = {
        "language": language,
        "title": said.title,
        "text": said.text,
        "button": said.button,
    }
    values |= {
        "asks_address": state in ("ask-address", "no-address"),
        "label": labels["address"][language],
        "wrong": status >= 400,
    }
    values |= {
        "languages": list(labels["language"].items()),
        "more": labels["more"][language] if status == 404 else "",
    }
    layout = getattr(settings, LAYOUT, None)
    if layout is None:
        response = HttpResponse(_template().render(Context(values)), status=status)
    else:
        values["others"] = [(code, f"?l={code}") for code in LANGUAGES]
        values["cookie_question"] = False  # one step, and nothing beside it; the preferences are in the foot
        response = render(request, layout, values, status=status)
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"  # the address of the page is the link
    response["Content-Language"] = language
    response["X-Robots-Tag"] = "noindex"
    return response


@cache
def _template() -> Any:
    return Engine(dirs=[str(Path(__file__).with_name("pages"))]).get_template("page.html")


class _Words(Strict):
    title: str
    text: str
    button: str


class _Page(Strict):
    """`pages/words.yaml`: state → language → words; labels → language."""

    states: dict[str, dict[str, _Words]]
    labels: dict[str, Label]


@cache
def words() -> _Page:
    return read(Path(__file__).with_name("pages") / "words.yaml", _Page)

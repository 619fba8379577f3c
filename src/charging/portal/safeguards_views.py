"""Where data goes outside the EEA and what protects it there, for anybody, and the copy as a file (P-144, art. 13(1)(f)).

Both follow the record's files: what has lapsed today is not on the page, and its file is gone with it.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from bloesem.console.language import day, say
from bloesem.countries import called
from bloesem.notice.said import spoken
from bloesem.plan.dates import civil
from bloesem.recipients.safeguards import Safeguard, safeguards
from charging.portal.notice_views import shelf


def _language() -> str:
    return get_language() or "nl"


def _today() -> dt.date:
    return civil(dt.datetime.now(dt.UTC))


def _mechanism(it: Safeguard, language: str) -> str:
    """`SCC, module 2, signed on …`, or the decision and the day from which it holds."""
    if it.mechanism == "adequacy":
        return say("safeguards.adequacy", language, decision=it.decision or "", day=day(it.decided, language))
    return say("safeguards.scc", language, module=it.module or "", day=day(it.signed, language))


def _row(it: Safeguard, language: str) -> dict[str, Any]:
    kind = spoken(it.kind, language)
    return {
        "key": it.key,
        "kind": kind,
        "name": it.name,
        "onward": it.onward,
        "country": called(it.country, language),
        "ways": [say(f"way.{way}", language) for way in it.ways],
        "mechanism": _mechanism(it, language),
        "limit": spoken(it.limit, language) if it.limit else None,
        "last": it.last,
        "file": bool(it.parts),
        "ask_at": it.ask_at,
    }


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Every transfer that may happen today."""
    language = _language()
    company, on = shelf().company(), _today()
    context = {
        "rows": [_row(it, language) for it in safeguards(company, on)],
        "contact": company.in_force(on).contact.email,
    }
    return render(request, "portal/safeguards.html", context)


@require_safe
def copy(request: HttpRequest, transfer: str) -> HttpResponse:
    """The copy of one transfer's safeguards, as text. 404 for one that may not happen today, or has no file."""
    language, on = _language(), _today()
    found = next((it for it in safeguards(shelf().company(), on) if it.key == transfer), None)
    if found is None or not found.parts:
        raise Http404
    response = HttpResponse(
        _text(found, language, day(on, language)), content_type="text/plain; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="{transfer}.txt"'
    return response


def _text(it: Safeguard, language: str, on: str) -> str:
    row = _row(it, language)
    who = " – ".join(filter(None, (row["kind"].text, it.name)))
    lines = [say("safeguards.copy.title", language), f"{who}, {row['country']}", row["mechanism"], ""]
    lines += [say("safeguards.copy.about", language, day=on), ""]
    for part in it.parts:
        said = say("safeguards.copy.secret", language, about=part.text) if part.left_out else part.text
        lines += [part.title, said, ""]
    return "\n".join(lines)


urlpatterns = [
    path("safeguards", page, name="portal-safeguards"),
    path("safeguards/<slug:transfer>", copy, name="portal-safeguards-copy"),
]

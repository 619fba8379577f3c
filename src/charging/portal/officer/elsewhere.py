"""Who was asked what they have of somebody who asks for a copy (R-024): who has not answered, and what came in."""

from __future__ import annotations

import datetime as dt

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods

from bloesem.cases.elsewhere import Desk
from bloesem.cases.elsewhere_sql import MOST
from bloesem.cases.scans import is_pdf
from bloesem.console import language as words
from bloesem.console.company import current
from bloesem.console.officer.common import loaded
from bloesem.gate.oversight import Oversight
from charging.portal.access import actor
from charging.portal.officer.typed import typed
from charging.portal.officer.views import officers

LONGEST = 4000


@require_http_methods(["GET", "HEAD", "POST"])
@officers
def elsewhere(request: HttpRequest, ask: Oversight, number: str) -> HttpResponse:
    """One case. Each opening is written down as a read of whom it is about."""
    desk, who, language = Desk(ask), actor(request), get_language() or "nl"
    if request.method == "POST":
        said = _press(request, desk, who, number[:40])
        messages.info(request, words.say(f"elsewhere.done.{said}", language))
        return redirect("portal-officer-elsewhere", number=number)
    found = desk.of(who, number[:40])
    if found is None:
        raise Http404
    today, asked = ask.today(), {one["place"] for one in found["places"]}
    places = [
        {**one, "due": dt.date.fromisoformat(one["due"]), "late": dt.date.fromisoformat(one["due"]) < today}
        for one in found["places"]
    ]
    more = [
        (key, one.name.get(language) or one.name["nl"])
        for key, one in loaded(current()).record.elsewhere.items()
        if key not in asked
    ]
    context = {"it": found, "places": places, "more": more if not found["ended"] else ()}
    return render(request, "portal/elsewhere.html", context)


def _press(request: HttpRequest, desk: Desk, who: str, number: str) -> str:
    place = typed(request, "place", 63)
    do = request.POST.get("do", "")
    if do == "want":
        return desk.want(who, number, place)
    if do == "nothing":
        return desk.say(who, number, place, "nothing", "", b"")
    if do == "data":
        kind, data = _delivered(request)
        return desk.say(who, number, place, "data", kind, data) if data else "what"
    return "not-now"


def _delivered(request: HttpRequest) -> tuple[str, bytes]:
    """Type and content of what they gave: a PDF, or what the officer copies here. Nothing for a file that is none."""
    sent = request.FILES.get("file")
    if sent is not None:
        data = sent.read() if 0 < (sent.size or 0) <= MOST else b""
        return ("application/pdf", data) if is_pdf(data) else ("", b"")
    text = request.POST.get("words", "").strip()[:LONGEST]
    return "text/plain", text.encode()

"""Scans of letters: taken in when their content is what it may be, and fetched as a file that nothing runs."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language

from bloesem.cases import scans
from bloesem.cases.desk import CaseDesk
from bloesem.cases.scans import Scans
from bloesem.console import language as words
from bloesem.gate.oversight import Oversight
from charging.portal.officer.typed import number_of
from charging.portal.pictures import PictureError, cleaned


def kept(request: HttpRequest, ask: Oversight, who: str, number: str) -> str:
    """A file that was sent along is kept when its content is what it may be. out: what is said of it."""
    sent = request.FILES.get("scan")
    if sent is None:
        return "file-none"
    if (sent.size or 0) > scans.MOST:
        return "file-large"
    data = sent.read()
    try:
        if scans.is_pdf(data):
            return Scans(ask).add(who, number, request.POST.get("what", ""), "application/pdf", data)
        image = cleaned(data, scans.MOST)
    except PictureError:
        return "file-wrong"
    kind = "image/png" if image.startswith(b"\x89PNG") else "image/jpeg"
    return Scans(ask).add(who, number, request.POST.get("what", ""), kind, image)


def shown(request: HttpRequest, ask: Oversight, who: str, number: str) -> HttpResponse:
    """To be saved, and run by nothing: it is a stranger's file."""
    found = CaseDesk(ask).one(who, number[:40])
    wanted = number_of(request.POST.get("scan", ""))
    scan = next((one for one in (found or {}).get("scans", ()) if one["id"] == wanted), None)
    if scan is None:
        raise Http404
    data = Scans(ask).show(who, number, wanted, scan["what"])
    if data is None:
        messages.info(request, words.say("cases.said.file-later", get_language() or "nl"))
        return redirect("portal-officer-case", number=number)
    response = HttpResponse(data, content_type=scan["type"])
    name = f"{number}-{scan['what']}-{wanted}.{scans.SUFFIX[scan['type']]}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cache-Control"] = "no-store"
    return response


__all__ = ["kept", "shown"]

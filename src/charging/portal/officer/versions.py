"""The officer's pages of versions: the list, and one version with what may be done about it.

What a page asks for, the keeper's helper or the door does (`publishing.wishes`); the page shows what came of it.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from bloesem.console.company import current
from bloesem.console.officer import linting, publishing
from bloesem.gate.oversight import Oversight
from bloesem.policy.model import Policy
from charging.portal.notice_views import shelf
from charging.portal.officer.views import _language, officers


def _board(ask: Oversight) -> publishing.Board:
    found = ask.rows("SELECT {s}.publication_board()")[0][0]
    return publishing.Board.of(json.loads(found) if isinstance(found, str) else found)


def policy_of(version: str) -> Policy:
    """The version of an address. Raises `Http404` for one that there is not."""
    try:
        found = shelf().version(dt.date.fromisoformat(version)) if len(version) == 10 else None
    except ValueError:
        found = None
    if found is None:
        raise Http404
    return found


@require_safe
@officers
def versions(request: HttpRequest, ask: Oversight) -> HttpResponse:
    files, today, language = shelf().company(), ask.today(), _language()
    lints = {one.version: linting.found(files, one, today) for one in files.versions}
    context = publishing.listing(files, _board(ask), lints, today, language)
    return render(request, "console/officer/versions.html", {**context, "today_of": today})


@require_http_methods(["GET", "HEAD", "POST"])
@officers
def version(request: HttpRequest, ask: Oversight, date: str) -> HttpResponse:
    files, today, language, policy = shelf().company(), ask.today(), _language(), policy_of(date)
    lint = linting.found(files, policy, today)
    context = publishing.one(current(), files, policy, _board(ask), lint, today, language)
    wrong = ""
    if request.method == "POST":
        act, said, wrong = _asked(request, context)
        if not wrong:
            ask.rows(
                "SELECT {s}.publication_ask(%s, %s, %s, %s)",
                str(request.user),
                policy.version,
                act,
                json.dumps(said),
            )
            ask.connection.commit()
            return redirect("portal-officer-version", date=date)
    url = request.build_absolute_uri(f"/{language}/notice/{date}")
    return render(
        request,
        "console/officer/version.html",
        {
            **context,
            "wrong": wrong,
            "given": {
                name: request.POST.get(name, "")[: publishing.LONGEST]
                for name in ("reason", "significant", "url")
            },
            "url": url if url.startswith("https://") else "",
            "working": bool(context["waiting"]),
            "today_of": today,
        },
        status=400 if wrong else 200,
    )


def _asked(request: HttpRequest, context: dict[str, Any]) -> tuple[str, dict[str, Any], str]:
    """(act, what is said with it, the key of what is wrong). A step that makes no sense now is not found."""
    act = request.POST.get("do", "")
    if act == "look":
        return act, {}, ""
    if act not in ("decide", "announce") or not context[act]["may"]:
        raise Http404
    if act == "decide":
        reason, answer = _typed(request, "reason", publishing.LONGEST), request.POST.get("significant", "")
        if not reason:
            return act, {}, "versions.wrong.reason"
        if answer not in ("yes", "no"):
            return act, {}, "versions.wrong.answer"
        if answer == "no" and context["decide"]["forced"]:
            return act, {}, "versions.wrong.forced"
        return act, {"reason": reason, "significant": answer == "yes"}, ""
    url = _typed(request, "url", publishing.LONGEST_URL)
    if not url.startswith("https://") or any(sign.isspace() for sign in url):
        return act, {}, "versions.wrong.url"
    return act, {"url": url}, ""


def _typed(request: HttpRequest, name: str, most: int) -> str:
    text = request.POST.get(name, "")[: most * 2]
    return "".join(sign for sign in text if sign.isprintable() or sign in "\n\r\t").strip()[:most]


__all__ = ["policy_of", "version", "versions"]

"""The officer's pages of versions: the list, and one version with what may be done about it.

What a page asks for, the keeper's helper, the door or whoever watches over the system does (`publishing.wishes`); the page
shows what came of it.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from bloesem.console.company import current
from bloesem.console.officer import drafting, linting, publishing
from bloesem.gate.oversight import Oversight
from bloesem.policy.model import Policy
from bloesem.publishing.weighing import FACTORS, LONGEST, Weighing
from charging.portal.notice_views import shelf
from charging.portal.officer.views import _language, officers

#: Steps that the page asks for, and where the page's context says whether it may.
_MAY = {"decide": "decide", "announce": "announce", "draft": "count", "activate": "activate"}


def board_of(ask: Oversight) -> publishing.Board:
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


@require_http_methods(["GET", "HEAD", "POST"])
@officers
def versions(request: HttpRequest, ask: Oversight) -> HttpResponse:
    """All versions; a POST begins to write one, from the texts of one that is there (`day`, `like`)."""
    files, today, language, wrong = shelf().company(), ask.today(), _language(), ""
    if request.method == "POST":
        day, like = (_day(request.POST.get(name, "")) for name in ("day", "like"))
        begun = drafting.begin(files, day, like, today) if day is not None else "drafts.wrong.day"
        if not isinstance(begun, str):
            row = ask.rows(
                "SELECT {s}.publication_write(%s, %s, %s, 0)", str(request.user), day, json.dumps(begun)
            )
            ask.connection.commit()
            if row[0][0] is not None:
                return redirect("portal-officer-draft", date=str(day))
            begun = "drafts.wrong.there"
        wrong = begun
    lints = {one.version: linting.found(files, one, today) for one in files.versions}
    context = publishing.listing(files, board_of(ask), lints, today, language)
    return render(
        request,
        "console/officer/versions.html",
        {**context, "today_of": today, "wrong": wrong, "given": request.POST.get("day", "")[:10]},
        status=400 if wrong else 200,
    )


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None


@require_http_methods(["GET", "HEAD", "POST"])
@officers
def version(request: HttpRequest, ask: Oversight, date: str) -> HttpResponse:
    files, today, language, policy = shelf().company(), ask.today(), _language(), policy_of(date)
    lint = linting.found(files, policy, today)
    context = publishing.one(current(), files, policy, board_of(ask), lint, today, language)
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
    if act not in _MAY or not context[_MAY[act]]["may"]:
        raise Http404
    if act == "draft":
        return act, {}, ""
    if act == "activate":
        return act, {}, "" if request.POST.get("sure") == "yes" else "versions.wrong.sure"
    if act == "decide":
        reason, answer = _typed(request, "reason", publishing.LONGEST), request.POST.get("significant", "")
        if not reason:
            return act, {}, "versions.wrong.reason"
        if answer not in ("yes", "no"):
            return act, {}, "versions.wrong.answer"
        if answer == "no" and context["decide"]["forced"]:
            return act, {}, "versions.wrong.forced"
        weighed = {it["part"]: _weighed(request, it) for it in context["decide"]["weigh"]}
        if not all(Weighing.of(one).whole() for one in weighed.values()):
            return act, {}, "versions.wrong.weigh"
        if not all(one["compatible"] for one in weighed.values()):
            return act, {}, "versions.wrong.incompatible"
        return act, {"reason": reason, "significant": answer == "yes", "weighed": weighed}, ""
    url = _typed(request, "url", publishing.LONGEST_URL)
    if not url.startswith("https://") or any(sign.isspace() for sign in url):
        return act, {}, "versions.wrong.url"
    return act, {"url": url}, ""


def _weighed(request: HttpRequest, asked: dict[str, Any]) -> dict[str, Any]:
    """What was answered about one part, and kept on the page where something is wrong."""
    given: dict[str, Any] = {}
    for factor, one in zip(FACTORS, asked["factors"], strict=True):
        given[factor] = one["said"] = _typed(request, one["name"], LONGEST)
    asked["answer"] = request.POST.get(f"{asked['part']}-compatible", "")
    return {**given, "compatible": asked["answer"] == "yes"}


def _typed(request: HttpRequest, name: str, most: int) -> str:
    text = request.POST.get(name, "")[: most * 2]
    return "".join(sign for sign in text if sign.isprintable() or sign in "\n\r\t").strip()[:most]


__all__ = ["board_of", "policy_of", "version", "versions"]

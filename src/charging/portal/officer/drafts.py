"""The officer's pages of a version while it is written: its texts, uploaded or edited, and what follows from them.

The texts stand in the database (`publication_write`); the keeper's helper puts them among the company's files when asked.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from bloesem.console.officer import drafting
from bloesem.gate.oversight import Oversight
from charging.portal.notice_views import shelf
from charging.portal.officer.versions import board_of
from charging.portal.officer.views import _language, officers


def read(ask: Oversight, date: str) -> drafting.Paper:
    """The draft of an address. Raises `Http404` for one that there is not."""
    try:
        day = dt.date.fromisoformat(date) if len(date) == 10 else None
    except ValueError:
        day = None
    rows = ask.rows("SELECT {s}.publication_papers(%s)", day) if day is not None else []
    if not rows or rows[0][0] is None:
        raise Http404
    found = rows[0][0]
    return drafting.Paper.of(json.loads(found) if isinstance(found, str) else found)


def keep(ask: Oversight, actor: str, day: dt.date, papers: Mapping[str, str], was: int) -> bool:
    """Save, or, without any text, throw away. out: False where somebody else wrote since revision `was`."""
    rows = ask.rows("SELECT {s}.publication_write(%s, %s, %s, %s)", actor, day, json.dumps(dict(papers)), was)
    ask.connection.commit()
    return rows[0][0] is not None


@require_http_methods(["GET", "HEAD", "POST"])
@officers
def draft(request: HttpRequest, ask: Oversight, date: str) -> HttpResponse:
    paper, language, today = read(ask, date), _language(), ask.today()
    context = drafting.page(shelf().company(), paper, board_of(ask), today, language)
    wrong = ""
    if request.method == "POST":
        wrong, gone = _done(request, ask, paper, context["write"]["may"])
        if not wrong:
            if gone:
                return redirect("portal-officer-versions")
            return redirect("portal-officer-draft", date=date)
    return render(
        request,
        "console/officer/draft.html",
        {**context, "wrong": wrong, "working": bool(context["waiting"]), "today_of": today},
        status=400 if wrong else 200,
    )


def _done(request: HttpRequest, ask: Oversight, paper: drafting.Paper, may: bool) -> tuple[str, bool]:
    """(the key of what is wrong, whether the draft is gone). A step that makes no sense now is not found."""
    act, actor = request.POST.get("do", ""), str(request.user)
    if act == "write" and may:
        ask.rows("SELECT {s}.publication_ask(%s, %s, 'write', '{}')", actor, paper.version)
        ask.connection.commit()
        return "", False
    if act == "drop":
        return ("" if keep(ask, actor, paper.version, {}, paper.revision) else "drafts.wrong.else"), True
    if act != "upload":
        raise Http404
    given: dict[str, str] = {}
    for upload in request.FILES.getlist("papers"):
        name = str(upload.name or "")
        if not drafting.NAME.fullmatch(name):
            return "drafts.wrong.name", False
        if (upload.size or 0) > 4 * drafting.LONGEST:
            return "drafts.wrong.long", False
        try:
            given[name] = upload.read().decode("utf-8-sig").replace("\r\n", "\n")
        except UnicodeDecodeError:
            return "drafts.wrong.utf8", False
    if not given:
        return "drafts.wrong.none", False
    return _kept(request, ask, paper, given), False


def _kept(request: HttpRequest, ask: Oversight, paper: drafting.Paper, given: Mapping[str, str]) -> str:
    if any(len(text) > drafting.LONGEST or "\0" in text for text in given.values()):
        return "drafts.wrong.long"
    was = request.POST.get("revision", "")
    if not was.isdecimal() or len(was) > 9 or int(was) != paper.revision:
        return "drafts.wrong.else"
    papers = {**paper.papers, **given}
    return "" if keep(ask, str(request.user), paper.version, papers, paper.revision) else "drafts.wrong.else"


@require_http_methods(["GET", "HEAD", "POST"])
@officers
def paper(request: HttpRequest, ask: Oversight, date: str, paper: str) -> HttpResponse:
    """One text of a draft, to be edited as it stands."""
    if paper not in drafting.FILES:
        raise Http404
    name, found, wrong = drafting.FILES[paper], read(ask, date), ""
    text = found.papers.get(name, "")
    if request.method == "POST":
        text = request.POST.get("text", "").replace("\r\n", "\n")
        wrong = _kept(request, ask, found, {name: text})
        if not wrong:
            return redirect("portal-officer-draft", date=date)
    context = {"name": name, "text": text, "day": found.version, "key": date, "revision": found.revision}
    return render(
        request,
        "console/officer/paper.html",
        {**context, "wrong": wrong, "today_of": ask.today()},
        status=400 if wrong else 200,
    )


__all__ = ["draft", "keep", "paper", "read"]

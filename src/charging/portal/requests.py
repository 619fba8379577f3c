"""Asking about one's data: without an account, signed in, and the page behind an answer's link (P-145, R-013 to R-019).

Whoever is not signed in is answered alike, known or not; a link in the mail tells us who it is. A look at a link
uses nothing up, as programs that read mail look at every one; a press does.
"""

from __future__ import annotations

import json
import re
from typing import Any

from allauth.core import ratelimit
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import get_language
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from bloesem.answers.made import table, unseal
from bloesem.answers.model import Answer, say
from bloesem.cases import own
from bloesem.cases.model import (
    ERASURE_GROUNDS,
    RECTIFICATION_GROUNDS,
    RESTRICTION_GROUNDS,
    RIGHTS,
    TAKEN_ALONG,
)
from bloesem.cases.standing import FOR_WHOM
from bloesem.cases.words import MOST, WORDS_KEY, wrapped
from bloesem.console import language as words
from bloesem.console.company import Company, current
from bloesem.gate import purpose
from charging.portal import transfers
from charging.portal.access import seated
from charging.portal.anyone import asked, theirs
from charging.portal.forms import ADDRESS
from charging.portal.models import User
from charging.portal.open_pages import TRAP
from charging.portal.seats import PERSON
from charging.portal.views import number_of

#: What a link of ours can hold: anything else is not asked of the database.
TOKEN = re.compile(r"[A-Za-z0-9_-]{1,99}")
ABOUT = FOR_WHOM
#: What cannot be done without a word of what is meant.
NEEDS_WORDS = ("rectification", "human", "other")
GROUNDS = {
    "erasure": ERASURE_GROUNDS,
    "restriction": tuple(RESTRICTION_GROUNDS),
    "rectification": RECTIFICATION_GROUNDS,
}


def _language() -> str:
    return get_language() or "nl"


def _typed(request: HttpRequest, name: str, most: int) -> str:
    said = request.POST.get(name, "")[: most * 2]
    return "".join(sign for sign in said if sign.isprintable() or sign in "\n\r\t").strip()[:most]


# ---- what can be asked -----------------------------------------------------------------------------------------------


@require_safe
def rights(request: HttpRequest) -> HttpResponse:
    """Everything that can be asked, in plain words, for anybody. Who is signed in need not prove who they are again."""
    known = isinstance(request.user, User) and request.user.role == PERSON
    to = "portal-mine-request" if known else "portal-request"
    return render(request, "portal/requests.html", {"rights": RIGHTS, "to": to})


@require_safe
@seated(PERSON)
def mine_new(request: HttpRequest) -> HttpResponse:
    return render(request, "portal/requests.html", {"rights": RIGHTS, "to": "portal-mine-request"})


@csrf_exempt  # it takes nothing from who is signed in: the letter to the address is the proof
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, which: str) -> HttpResponse:
    """The form for whoever is not signed in."""
    if which not in RIGHTS:
        raise Http404
    if request.method != "POST":
        return _form(request, which, signed=False)
    address = _typed(request, "address", 300)
    wrong = _refused(request, which)
    if not ADDRESS.fullmatch(address) or len(address) > 254:
        wrong = "signin.email.wrong"
    elif wrong is None and not ratelimit.consume(request, action="open_form", key=address.lower()):
        wrong = "signin.toomany"
    if wrong:
        return _form(request, which, signed=False, wrong=wrong)
    if not request.POST.get(TRAP):
        kind, params, about = _said(request, which)
        asked(
            "SELECT bloesem.case_submit(%s, %s, %s, %s, %s, %s, %s, NULL, %s)",
            *(
                kind,
                which,
                _language(),
                address,
                wrapped(asked(f"SELECT bloesem.{WORDS_KEY}"), _typed(request, "words", MOST)),
                _site(),
                json.dumps(params),
                about,
            ),
        )
    return render(request, "portal/request_done.html", {})


@require_http_methods(["GET", "HEAD", "POST"])
@seated(PERSON)
def mine_request(request: HttpRequest, which: str) -> HttpResponse:
    """The form for whoever is signed in: who they are is known."""
    if which not in RIGHTS:
        raise Http404
    if request.method != "POST":
        return _form(request, which, signed=True)
    wrong = _refused(request, which)
    if wrong:
        return _form(request, which, signed=True, wrong=wrong)
    kind, params, about = _said(request, which)
    with purpose("subject", person=number_of(request)) as opened:
        number = own.submit(
            opened, kind, which, _language(), _typed(request, "words", MOST), _site(), params, about
        )
    messages.info(request, words.say("requests.done.mine", _language(), number=number))
    return redirect("portal-mine-requests")


def _refused(request: HttpRequest, which: str) -> str | None:
    if which in NEEDS_WORDS and not _typed(request, "words", MOST):
        return "requests.wrong.words"
    return None


def _said(request: HttpRequest, which: str) -> tuple[str, dict[str, Any], str]:
    """Kind, params and for whom; what no field of the form says is left out."""
    params: dict[str, Any] = {}
    ground = request.POST.get("ground", "")
    if ground in GROUNDS.get(which, ()):
        params["ground"] = ground
    offered = dict(_purposes(current(), which, _language()))
    chosen = [key for key in request.POST.getlist("purpose") if key in offered]
    if chosen:
        params["purposes"] = chosen
    kind = request.POST.get("kind", "question") if which == "other" else "request"
    about = request.POST.get("about", "self")
    return (
        kind if kind in ("question", "complaint", "request") else "question",
        params,
        about if about in ABOUT else "self",
    )


def _purposes(company: Company, which: str, language: str) -> list[tuple[str, str]]:
    """What can be objected to, or taken back: each by its name in the policy."""
    found = [p for p in company.plan.purposes if p.active]
    if which == "objection":
        return [(p.key, company.part(p.key, language)) for p in found if p.objection == "assessed"]
    if which == "withdrawal":
        return [(p.key, company.part(p.key, language)) for p in found if p.by_consent]
    return []


def _form(request: HttpRequest, which: str, *, signed: bool, wrong: str | None = None) -> HttpResponse:
    context = {
        "which": which,
        "head": f"requests.{which}",
        "lead": f"requests.{which}.lead",
        "signed": signed,
        "wrong": wrong,
        "grounds": [(one, f"requests.{which}.{one}") for one in GROUNDS.get(which, ())],
        "purposes": _purposes(current(), which, _language()),
        "about": [(one, f"requests.about.{one}") for one in ABOUT],
        "needs_words": which in NEEDS_WORDS,
        "typed": request.POST if request.method == "POST" else {},
        "trap": TRAP,
    }
    return render(
        request,
        "portal/request.html",
        context,
        status=(429 if wrong == "signin.toomany" else 400) if wrong else 200,
    )


def _site() -> str:
    return str(settings.BLOESEM_PORTAL)


# ---- one's own ------------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@seated(PERSON)
def mine(request: HttpRequest) -> HttpResponse:
    """One's own requests, and how they stand."""
    who = number_of(request)
    if request.method == "POST":
        number, use = request.POST.get("number", "")[:40], request.POST.get("use", "")[:100]
        with purpose("subject", person=who) as opened:
            done = own.narrow(opened, number, use) if use else own.take_back(opened, number)
        messages.info(request, words.say("requests.taken.back" if done else "requests.too.late", _language()))
        return redirect("portal-mine-requests")
    with purpose("subject", person=who) as opened:
        shown = own.mine(opened, theirs())
    offered = _purposes(current(), "objection", _language())
    uses = {
        one.number: [(key, name) for key, name in offered if not one.purposes or key in one.purposes]
        for one in shown
        if one.asked == "objection" and one.can_end
    }
    lines = [(one, uses.get(one.number, []) if len(uses.get(one.number, [])) > 1 else []) for one in shown]
    return render(request, "portal/requests_mine.html", {"cases": lines})


# ---- links -----------------------------------------------------------------------------------------------------------


def _private(response: HttpResponse) -> HttpResponse:
    """The address of the page is the link: it is told nobody, and kept nowhere."""
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    response["Cache-Control"] = "no-store"
    return response


@csrf_exempt  # whoever has the link has the mailbox: it is the proof, and a cookie would be none
@require_http_methods(["GET", "HEAD", "POST"])
def prove(request: HttpRequest, token: str) -> HttpResponse:
    """The address on file is who one is (R-014)."""
    if request.method != "POST":
        return _private(render(request, "portal/request_prove.html", {"state": "ask"}))
    good = TOKEN.fullmatch(token) is not None and asked("SELECT bloesem.case_prove(%s)", token) == "proved"
    state = "done" if good else "bad"
    return _private(
        render(request, "portal/request_prove.html", {"state": state}, status=200 if good else 404)
    )


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, token: str) -> HttpResponse:
    """The answer behind its link: opened by a press, then read and saved for an hour."""
    known = TOKEN.fullmatch(token) is not None and ratelimit.consume(request, action="open_link")
    if request.method != "POST":
        state = asked("SELECT bloesem.case_look(%s)", token) if known else "gone"
        status = 404 if state == "gone" else 200
        return _private(
            render(
                request, "portal/answer.html", {"state": "bad" if state == "gone" else "ask"}, status=status
            )
        )
    sealed = asked("SELECT bloesem.case_open(%s)", token) if known else None
    found = unseal(token, bytes(sealed)) if sealed else None
    if found is None:
        return _private(render(request, "portal/answer.html", {"state": "bad"}, status=404))
    do = request.POST.get("do", "")
    if do == "pdf":
        return _private(_saved(found["answer.pdf"], "application/pdf", "pdf"))
    if do == "data" and "data.zip" in found:
        return _private(_saved(found["data.zip"], "application/zip", "zip"))
    shown = _read(found["answer.json"])
    lined = table(shown)
    takes = "data.zip" in found and shown.asked in TAKEN_ALONG
    if do in (transfers.ASK, transfers.GO) and not takes:
        raise Http404
    moved = transfers.step(request, token, found["data.zip"]) if do in (transfers.ASK, transfers.GO) else {}
    context = {
        "takes": takes,
        "moved": moved,
        "state": "open",
        "answer": shown,
        "table": lined,
        "rows": [list(zip(lined["columns"], row, strict=True)) for row in lined["rows"]],
        "has_data": "data.zip" in found,
        "say": {key: say(key, shown.language) for key in ("reason", "items", "remedies")},
    }
    status = 400 if moved.get("wrong") else 200
    return _private(render(request, "portal/answer.html", context, status=status))


def _saved(content: bytes, kind: str, ending: str) -> HttpResponse:
    response = HttpResponse(content, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="blossom.{ending}"'
    return response


def _read(text: bytes) -> Answer:
    return Answer.read(json.loads(text))


urlpatterns = [
    path("requests", rights, name="portal-requests"),
    path("requests/new/<slug:which>", new, name="portal-request"),
    path("requests/prove/<str:token>", prove, name="portal-prove"),
    path("answer/<str:token>", answer, name="portal-answer"),
    path("me/requests", mine, name="portal-mine-requests"),
    path("me/requests/new", mine_new, name="portal-mine-new"),
    path("me/requests/new/<slug:which>", mine_request, name="portal-mine-request"),
]

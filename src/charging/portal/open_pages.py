"""Pages for whoever has no account: news, a contest, a survey, a question. Each asks what it needs and nothing more.

The answer is the same whether an address is known here or not. No cookie is needed: a form that another site sends in
somebody's name proves nothing, as nothing of advertising holds before the letter is answered.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from pathlib import Path
from typing import Any

from allauth.core import ratelimit
from django.db import connections
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import get_language
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from bloesem.company import load as load_company
from bloesem.consent.receipt import document
from bloesem.console.company import current
from bloesem.gate import identified, purpose
from bloesem.plan.dates import civil
from bloesem.sending.ready import rules_of
from bloesem.terms import LANGUAGES
from charging.marketing.models import Consent, Contest, Survey
from charging.portal import forms_open as kept
from charging.portal.forms import ADDRESS

#: A field that people do not see and programs fill in.
TRAP = "website"
LONGEST = 2000
#: Forms that take a consent: each asks whether whoever fills it in may give one (R-057).
CONSENTS = ("news", "contest")


def _language() -> str:
    return get_language() or "nl"


def _typed(request: HttpRequest, name: str, most: int = LONGEST) -> str:
    """One value of a form, without what no keyboard makes."""
    said = request.POST.get(name, "")
    return "".join(sign for sign in said if sign.isprintable() or sign in "\n\r\t").strip()[:most]


def _refused(request: HttpRequest, address: str) -> str | None:
    """The words for what is wrong with a form before anything of it is looked at; None when nothing is."""
    if not ADDRESS.fullmatch(address) or len(address) > 254:
        return "signin.email.wrong"
    if not ratelimit.consume(request, action="open_form", key=address.lower()):
        return "signin.toomany"
    return None


def _by(request: HttpRequest) -> kept.By | None:
    """Who agrees: whoever is old enough, or the parent of who is not. None: neither was said, and nobody agreed."""
    said = request.POST.get("by", "")
    return next((one for one in kept.WHO if one == said), None)


def _page(request: HttpRequest, kind: str, status: int = 200, **more: Any) -> HttpResponse:
    context = {
        "kind": kind,
        "head": f"open.{kind}.title",
        "lead": f"open.{kind}.lead",
        "go": f"open.{kind}.go",
        "about": f"open.{kind}.about",
        "apart": "open.apart" if kind == "contest" else "open.box",
        "trap": TRAP,
        "asks_address": kind != "survey",
        "asks_question": kind == "contact",
        "box": kept.text_of("news").words[_language()] if kind in CONSENTS else "",
        "ages": kept.WHO if kind in CONSENTS else (),
        "from_age": current().plan.consent_age if kind in CONSENTS else 0,
        "typed": request.POST if request.method == "POST" else {},
        **more,
    }
    return render(request, "portal/open.html", context, status=status)


def _done(request: HttpRequest, kind: str, *, letter: bool) -> HttpResponse:
    return render(
        request,
        "portal/open_done.html",
        {"said": f"open.{kind}.done", "letter": letter, "alike": kind != "survey"},
    )


def _wrong(request: HttpRequest, kind: str, key: str, **more: Any) -> HttpResponse:
    return _page(request, kind, status=429 if key == "signin.toomany" else 400, wrong=key, **more)


# ---- each form -------------------------------------------------------------------------------------------------------


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def news(request: HttpRequest) -> HttpResponse:
    """Ask for news. A letter goes to the address, and nothing is kept until it is answered."""
    if request.method != "POST":
        return _page(request, "news")
    address = _typed(request, "address", 300)
    by = _by(request)
    wrong = _refused(request, address) or (None if request.POST.get("agree") else "open.news.box")
    if wrong or by is None:
        return _wrong(request, "news", wrong or "open.age.wrong")
    if not request.POST.get(TRAP):
        kept.ask(address, _language(), "news", kept.FORM, by)
    return _done(request, "news", letter=True)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def contest(request: HttpRequest, key: str) -> HttpResponse:
    """Take part. The box of advertising is apart, unticked, and changes nothing about the entry (P-096)."""
    found = _running(Contest, key)
    more: dict[str, Any] = {"of": _called(found), "asks_answer": True}
    more["take_part"] = kept.text_of("take_part").words[_language()]
    if request.method != "POST":
        return _page(request, "contest", **more)
    address = _typed(request, "address", 300)
    by = _by(request)
    wrong = _refused(request, address) or (None if request.POST.get("take_part") else "open.contest.box")
    if wrong or by is None:
        return _wrong(request, "contest", wrong or "open.age.wrong", **more)
    agrees = bool(request.POST.get("agree"))
    if not request.POST.get(TRAP):
        # what is refused for somebody's age is not said here: it would tell anybody how old an address is
        kept.enter_contest(found["id"], address, _language(), _typed(request, "answer", 500), by)
        if agrees:
            kept.ask(address, _language(), "news", f"subject:wedstrijd:{found['id']}", by)
    return _done(request, "contest", letter=agrees)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def survey(request: HttpRequest, key: str, ballot: str = "") -> HttpResponse:
    """Say how it went, from 1 to 10, in words if one wants. One that people are invited to is answered by the link of the
    invitation alone, once (`ballot`)."""
    found = _running(Survey, key)
    link = (key, ballot) if ballot else None
    if link is None and key in kept.invited():
        return _by_invitation(request, "open.survey.invited", 403)
    if link is not None and not kept.may_answer(*link):
        return _by_invitation(request, "open.survey.used", 404)
    more: dict[str, Any] = {
        "of": _called(found),
        "asks_score": True,
        "scores": [str(n) for n in range(1, 11)],
    }
    if request.method != "POST":
        return _private(_page(request, "survey", **more))
    said = _typed(request, "score", 2)
    wrong = None if said in more["scores"] else "open.survey.score"
    if wrong is None and not ratelimit.consume(request, action="open_answer"):
        wrong = "signin.toomany"
    if wrong:
        return _wrong(request, "survey", wrong, **more)
    if not request.POST.get(TRAP):
        took = kept.answer_survey(found["id"], int(said), _typed(request, "words"), _language(), link)
        if not took:  # somebody was faster with the same link
            return _by_invitation(request, "open.survey.used", 404)
    return _private(_done(request, "survey", letter=False))


def _by_invitation(request: HttpRequest, said: str, status: int) -> HttpResponse:
    context = {"said": said, "letter": False, "alike": False}
    return _private(render(request, "portal/open_done.html", context, status=status))


def _private(response: HttpResponse) -> HttpResponse:
    """The address of the page may be the link: it goes to nobody else."""
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    return response


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def contact(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return _page(request, "contact")
    address, said = _typed(request, "address", 300), _typed(request, "question")
    wrong = _refused(request, address) or (None if said else "open.contact.empty")
    if wrong:
        return _wrong(request, "contact", wrong)
    if not request.POST.get(TRAP):
        kept.contact(address, _language(), said)
    return _done(request, "contact", letter=False)


#: Of a contest or survey: its number, and what it is called.
_COLUMNS = ("id", *(f"label_{language}" for language in LANGUAGES))


def _called(found: dict[str, Any]) -> str:
    """Its name in the reader's language; in English where nobody wrote that."""
    return str(found[f"label_{_language()}"] or found["label_en"])


def _running(model: Any, key: str) -> dict[str, Any]:
    """A contest or survey that is open today; to everybody else it does not exist."""
    today: dt.date = civil(kept.now())
    table = model._meta.db_table
    with purpose("subject", person=0), connections["default"].cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(_COLUMNS)} FROM {table} WHERE key = %s AND opens_on <= %s AND closes_on >= %s"
            " ORDER BY id LIMIT 1",
            [key, today, today],
        )
        row = cursor.fetchone()
    if row is None:
        raise Http404
    return dict(zip(_COLUMNS, row, strict=True))


# ---- the letter's link -------------------------------------------------------------------------------------------------


@csrf_exempt  # whoever has the link has the mailbox: it is the proof, and a cookie would be none
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """A look shows what was ticked; a press confirms it, or takes it back, at the same place (P-058)."""
    wanted = kept.opened(token)
    if wanted is None:
        return _answered(request, "bad", 404)
    if request.method == "POST":
        do = request.POST.get("do", "")
        state = kept.became(wanted)
        if do == "give" and state is None and not kept.too_old(wanted) and not kept.confirm(wanted):
            return _answered(request, "young", 403)
        if do == "withdraw" and state == "given":
            kept.take_back(wanted)
        response = redirect("portal-confirm", token=token)
        response["Referrer-Policy"] = "no-referrer"
        return response
    state = kept.became(wanted)
    if state is None and kept.too_old(wanted):
        return _answered(request, "bad", 404)
    words = kept.texts().named(wanted.text).words[wanted.language]
    return _answered(request, state or "ask", words=words, shown=wanted.language, token=token)


def _answered(request: HttpRequest, state: str, status: int = 200, **more: Any) -> HttpResponse:
    context = {"state": state, "head": f"open.confirm.{state}", "lead": f"open.confirm.{state}.lead", **more}
    response = render(request, "portal/open_confirm.html", context, status=status)
    response["Referrer-Policy"] = "no-referrer"  # the address of the page is the link
    response["X-Robots-Tag"] = "noindex"
    return response


@require_safe
def receipt(request: HttpRequest, token: str) -> HttpResponse:
    """The receipt of a consent as a file (ISO/IEC TS 27560), for whoever has its link."""
    wanted = kept.opened(token)
    person = identified("email", wanted.address.lower()) if wanted is not None else None
    if wanted is None or person is None:
        raise Http404
    with purpose("subject", person=person):
        rows = list(Consent.objects.filter(record_id=wanted.record).order_by("id").values())
    if not rows:
        raise Http404
    home = Path(os.environ.get("BLOESEM_COMPANY", "company/blossom"))
    loaded = load_company(home, on=civil(kept.now()), prefix=current().plan.prefix)
    rules = rules_of(loaded)
    controller = loaded.company.record.controller
    if rules is None or controller is None:  # nobody who could answer for it
        raise Http404
    made = document(rules, kept.texts(), controller, rows, kept.now(), wanted.language)
    response = HttpResponse(
        json.dumps(made, ensure_ascii=False, indent=2), content_type="application/ld+json; charset=utf-8"
    )
    response["Content-Disposition"] = 'attachment; filename="blossom-consent.jsonld"'
    response["Referrer-Policy"] = "no-referrer"
    return response


urlpatterns = [
    path("news", news, name="portal-news"),
    path("contest/<slug:key>", contest, name="portal-contest"),
    path("survey/<slug:key>", survey, name="portal-survey"),
    path("survey/<slug:key>/<str:ballot>", survey, name="portal-survey-invited"),
    path("contact", contact, name="portal-contact"),
    path("confirm/<str:token>", confirm, name="portal-confirm"),
    path("confirm/<str:token>/receipt", receipt, name="portal-receipt"),
]

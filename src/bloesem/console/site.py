"""The pages that every process has: the cookie policy with its preferences, and the address without a language."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import re_path
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from bloesem.console import cookies
from bloesem.console.company import current, said
from bloesem.console.guard import local
from bloesem.console.language import language_of, period, say

LANGUAGE = r"^(?P<language>nl|en|fr|de)/"


@require_safe
@local
def cookie_policy(request: HttpRequest, language: str) -> HttpResponse:
    return render(request, "console/cookies.html", _told(request, language))


@csrf_exempt  # a token would set a cookie before anything was chosen: the browser's own word on the origin does instead
@require_POST
@local
def cookie_choice(request: HttpRequest, language: str) -> HttpResponse:
    """`do`: accept, refuse or save; saved is what `keep` names. Then back to where the visitor was."""
    if not _of_this_site(request):
        context = {**_told(request, language), "wrong": say("cookies.elsewhere", language)}
        return render(request, "console/cookies.html", context, status=403)
    wanted = {
        "accept": [it.name for it in cookies.optional(current().cookies)],
        "save": request.POST.getlist("keep"),
    }.get(request.POST.get("do", ""), [])
    back = request.POST.get("next", "")
    if not back.startswith("/") or not url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        back = f"/{language}/cookies"
    response = redirect(back)
    cookies.remember(response, wanted, request)
    return response


def _of_this_site(request: HttpRequest) -> bool:
    """Whether the browser says that the form is ours: consent that another site clicked is none."""
    origin = request.headers.get("Origin", "")
    return bool(origin) and urlsplit(origin).netloc == request.get_host()


def _told(request: HttpRequest, language: str) -> dict[str, Any]:
    company, chosen = current(), cookies.agreed(request)
    listed = [
        {
            "name": it.name,
            "says": said(it.says, language),
            "purpose": company.part(it.purpose, language),
            "basis": say(f"cookies.basis.{it.basis}", language),
            "lasts": say("cookies.session", language)
            if it.lasts == "session"
            else period(it.lasts, language),
            "optional": it.basis == "consent",
            "kept": chosen is not None and it.name in chosen,
        }
        for it in company.cookies
    ]
    state = "none" if chosen is None else "accepted" if chosen else "refused"
    return {
        "language": language_of(language),
        "here": "cookies",
        "cookies": listed,
        "state": f"cookies.now.{state}",
        "any_optional": any(it["optional"] for it in listed),
        "cookie_question": False,
    }


urlpatterns = [
    re_path(LANGUAGE + r"cookies$", cookie_policy, name="site-cookies"),
    re_path(LANGUAGE + r"cookies/choice$", cookie_choice, name="site-cookie-choice"),
]

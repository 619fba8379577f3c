"""The privacy page, and what is pressed on it. A press changes one thing, of whoever signed in, and leads back to the page,
which says first what changed (POST, redirect, GET). Nothing of it needs a script."""

from __future__ import annotations

import os
from collections.abc import Sequence

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods

from bloesem.cases import own as cases
from bloesem.consent.rules import Rules
from bloesem.consent.texts import ConsentText, Texts
from bloesem.console import language as words
from bloesem.console.company import Company, current
from bloesem.console.company import said as words_said
from bloesem.gate import Opened, own, purpose
from bloesem.plan.dates import civil
from bloesem.plan.sql.ages import TOO_YOUNG
from charging.portal import privacy
from charging.portal.access import seated
from charging.portal.seats import PERSON
from charging.portal.views import number_of

Door = tuple[Rules, Texts] | None


@require_http_methods(["GET", "HEAD", "POST"])
@seated(PERSON)
def mine(request: HttpRequest) -> HttpResponse:
    company, who = current(), number_of(request)
    door = privacy.choices(_home())
    language = get_language() or "nl"
    if request.method == "POST":
        with purpose("subject", person=who) as opened:
            said = _press(request, opened, company, door, language)
        messages.info(request, said)
        return redirect(f"{reverse('portal-privacy')}#said")
    with purpose("subject", person=who) as opened:
        shown = privacy.page(opened, company, who, door, language)
    return render(request, "portal/privacy.html", {"shown": shown})


def _press(request: HttpRequest, opened: Opened, company: Company, door: Door, language: str) -> str:
    """Does what the button says. out: what changed, in words. raises: BadRequest for what no button of the page says."""
    do, what = request.POST.get("do", ""), request.POST.get("what", "")
    if do == "advertising" and door is not None:
        return _said(do, own.refuse_advertising(opened) == "recorded", "", language)
    if do == "channel" and door is not None:
        if what not in door[0].file.channels:
            raise BadRequest(do)
        label = words_said(company.policy.channels[what].label, language)
        return _said(do, own.refuse_channel(opened, what) == "recorded", label, language)
    if do in ("object", "back"):
        asked = company.plan.by_key.get(what)
        advertising = door[0].advertising if door else ()
        if asked is None or not asked.active or asked.objection != "assessed" or what in advertising:
            raise BadRequest(do)
        act = _object if do == "object" else _take_back
        return _said(do, act(opened, what, language), company.part(what, language), language)
    if do == "agree" and door is not None:
        return _agree(opened, door, company, what, request.POST.getlist("channel"), language)
    if do == "withdraw" and door is not None:
        asked = company.plan.by_key.get(what)
        if asked is None or not asked.by_consent:
            raise BadRequest(do)
        ended = own.withdraw(opened, what, request.POST.get("text") or None)
        return _said(do, ended > 0, company.part(what, language), language)
    raise BadRequest(do)


def _object(opened: Opened, what: str, language: str) -> bool:
    """It counts at once, and is a case: the officer decides, with the grounds, and the person is answered (art. 21(1))."""
    if own.object_to(opened, what) != "recorded":
        return False
    site = str(settings.BLOESEM_PORTAL)
    cases.submit(opened, "request", "objection", language, "", site, {"purposes": [what]}, "self")
    return True


def _take_back(opened: Opened, what: str, language: str) -> bool:
    """Each open case is no longer about it; one that was about nothing else ends."""
    back = own.take_objection_back(opened, what) == "recorded"
    for one in cases.mine(opened):
        if one.asked == "objection" and one.can_end:
            cases.narrow(opened, one.number, what)
    return back


def _agree(
    opened: Opened,
    door: tuple[Rules, Texts],
    company: Company,
    name: str,
    chosen: Sequence[str],
    language: str,
) -> str:
    text = _text(opened, door[1], name)
    if not set(chosen) <= set(text.channels):
        raise BadRequest("channel")
    if not chosen:  # a box that nobody ticked gives no consent (P-057)
        return words.say("privacy.done.unticked", language)
    given = own.agree(opened, text.name, language, [one for one in text.channels if one in chosen])
    if given == TOO_YOUNG:
        return words.say("privacy.done.young", language, age=str(company.plan.consent_age))
    return _said("agree", True, company.part(text.purpose, language), language)


def _text(opened: Opened, texts: Texts, name: str) -> ConsentText:
    for text in privacy.offered(texts, civil(own.moment(opened))):
        if text.name == name:
            return text
    raise BadRequest("text")


def _said(do: str, changed: bool, what: str, language: str) -> str:
    return words.say(f"privacy.done.{do if changed else 'already'}", language, what=what)


def _home() -> str:
    return str(
        getattr(settings, "BLOESEM_COMPANY", "") or os.environ.get("BLOESEM_COMPANY") or "company/blossom"
    )


urlpatterns = [path("me/privacy", mine, name="portal-privacy")]

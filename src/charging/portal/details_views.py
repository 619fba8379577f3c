"""The page on which a person changes their own address, number and e-mail address (P-149).

Each is a form of its own and counts at once, but for an e-mail address, with which somebody signs in: it is confirmed on
both. A code goes to the new one, and another to the old one unless the code of this session's sign-in came from there.
Afterwards both are told; a new home or number is told to every e-mail address on file. No address stands in a URL or a log.
"""

from __future__ import annotations

import time
from typing import Any

from allauth.account.internal.flows.login import get_authentication_records
from allauth.core import ratelimit
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.core.mail import send_mail
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods

from bloesem.console.language import say
from bloesem.gate import own, purpose
from charging.portal import details
from charging.portal.access import fresh, seated
from charging.portal.seats import PERSON
from charging.portal.signin import Code, is_code
from charging.portal.views import number_of

#: Where what waits for its code is kept: in the session, as the code's hash.
WAITS = "details.email"
#: How long a code is good, in seconds, and how often it may be wrong.
GOOD_FOR, TRIES = 15 * 60, 3


@require_http_methods(["GET", "HEAD", "POST"])
@seated(PERSON)
@fresh
def mine(request: HttpRequest) -> HttpResponse:
    who = number_of(request)
    with purpose("subject", person=who):
        found = details.entries()
    if request.method != "POST":
        return _page(request, found)
    held = next(
        (it for it in found if (it.kind, str(it.row)) == (request.POST.get("kind"), request.POST.get("row"))),
        None,
    )
    if held is None:
        raise BadRequest("row")
    typed = details.judged(held.kind, held.row, [request.POST.get(it.name, "") for it in held.fields])
    if not typed.right:
        return _page(request, [typed if it is held else it for it in found], status=400)
    if typed.values == held.values:
        return _changed(request, "details.already")
    if typed.kind == "email":
        return _asks_code(request, found, held, typed)
    with purpose("subject", person=who) as opened:
        became = own.correct(
            opened, typed.kind, typed.row, typed.values, details.normal(typed.kind, typed.values)
        )
    if became == "recorded":
        for one in _told(found):
            _write(one, f"details.mail.{typed.kind}")
    return _changed(request, "details." + {"recorded": "done", "already": "already"}.get(became, "gone"))


def _told(found: list[details.Entry]) -> list[str]:
    """Whom a change of a home or a number is told: every e-mail address on file."""
    return [entry.values[0] for entry in found if entry.kind == "email" and entry.values[0]]


def _page(
    request: HttpRequest, found: list[details.Entry], status: int = 200, wrong: str = ""
) -> HttpResponse:
    context = {"entries": found, "countries": details.COUNTRIES, "wrong": wrong}
    return render(request, "portal/details.html", context, status=status)


def _changed(request: HttpRequest, key: str) -> HttpResponse:
    messages.info(request, say(key, get_language() or "nl"))
    return redirect(f"{reverse('portal-details')}#said")


def _asks_code(
    request: HttpRequest, found: list[details.Entry], held: details.Entry, typed: details.Entry
) -> HttpResponse:
    """A letter with a code goes to the new address, one to the old; until each comes back, nothing of it counts."""
    address = typed.values[0]
    if not ratelimit.consume(request, action="change_email", user=request.user, key=address.lower()):
        shown = [typed if it is held else it for it in found]
        return _page(request, shown, status=429, wrong="signin.toomany")
    codes = {"code": (address, "details.mail", Code.new())}
    if held.values[0] and not _came_from(request, held.values[0]):
        codes["old"] = (held.values[0], "details.mail.confirm", Code.new())
    request.session[WAITS] = {
        "row": typed.row,
        "address": address,
        "codes": {field: str(code) for field, (_, _, code) in codes.items()},
        "until": time.time() + GOOD_FOR,
        "tries": TRIES,
    }
    for to, words, code in codes.values():
        _write(to, words, code=code.plain, minutes=GOOD_FOR // 60)
    return redirect("portal-details-code")


def _came_from(request: HttpRequest, address: str) -> bool:
    """Whether a code that went to this address was given in this session: whoever did so has that mailbox."""
    records = get_authentication_records(request, request.user)
    return any(
        it.get("method") == "code" and str(it.get("email", "")).lower() == address.lower() for it in records
    )


def _write(address: str, words: str, **more: Any) -> None:
    language = get_language() or "nl"
    text = say(f"{words}.lead", language)
    if "code" in more:
        text += f"\n\n    {more.pop('code')}"
    send_mail(
        say(f"{words}.subject", language),
        f"{text}\n\n{say(f'{words}.more', language, **more)}\n",
        None,
        [address],
    )


@require_http_methods(["GET", "HEAD", "POST"])
@seated(PERSON)
@fresh
def code(request: HttpRequest) -> HttpResponse:
    """The codes from the letters; after three wrong ones, or a quarter of an hour, one begins anew."""
    waits = request.session.get(WAITS)
    if not isinstance(waits, dict) or "codes" not in waits or waits["until"] < time.time():
        request.session.pop(WAITS, None)
        return redirect("portal-details")
    if request.method != "POST":
        return _code_page(request, waits)
    if not all(is_code(stored, request.POST.get(field, "")[:40]) for field, stored in waits["codes"].items()):
        return _wrong_code(request, waits)
    del request.session[WAITS]
    who, address = number_of(request), str(waits["address"])
    with purpose("subject", person=who) as opened:
        held = {it.row: it.values[0] for it in details.entries() if it.kind == "email"}
        became = "nobody"  # what went meanwhile is not written again
        if waits["row"] in held:
            became = own.correct(opened, "email", waits["row"], [address], details.normal("email", [address]))
    if became == "recorded":
        _write(held[waits["row"]], "details.mail.old")
        _write(address, "details.mail.new")
    return _changed(
        request, "details." + {"recorded": "done", "taken": "taken", "already": "already"}.get(became, "gone")
    )


def _wrong_code(request: HttpRequest, waits: dict[str, Any]) -> HttpResponse:
    left = int(waits["tries"]) - 1
    if left < 1:
        del request.session[WAITS]
        return _changed(request, "details.again")
    request.session[WAITS] = {**waits, "tries": left}
    return _code_page(request, waits, wrong=True)


def _code_page(request: HttpRequest, waits: dict[str, Any], *, wrong: bool = False) -> HttpResponse:
    context = {"address": waits["address"], "old": "old" in waits["codes"], "wrong": wrong}
    return render(request, "portal/details_code.html", context, status=400 if wrong else 200)


urlpatterns = [
    path("me/details", mine, name="portal-details"),
    path("me/details/code", code, name="portal-details-code"),
]

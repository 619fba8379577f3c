"""What did not come through a page: a letter, or what was passed on by whoever of the company it reached."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from bloesem.cases.desk import CaseDesk
from bloesem.cases.model import KINDS, LANGUAGES, RIGHTS, TAKEN_IN
from bloesem.gate.oversight import Oversight
from charging.portal.access import actor
from charging.portal.forms import ADDRESS
from charging.portal.officer.typed import arrived, lines_of, typed
from charging.portal.officer.views import officers

#: For whom a letter asks.
ABOUT = ("self", "parent", "mandate")
#: What is said of what was not typed well.
_WRONG = {
    **{one: f"cases.wrong.{one}" for one in ("choice", "received", "home", "words")},
    "email": "signin.email.wrong",
}


@require_http_methods(["GET", "HEAD", "POST"])
@officers
def register(request: HttpRequest, ask: Oversight) -> HttpResponse:
    """A letter, or what was passed on by whoever it reached: received when it first arrived (P-171, P-172, R-005)."""
    context: dict[str, Any] = {
        "rights": RIGHTS, "kinds": KINDS, "languages": LANGUAGES, "typed": request.POST, "today_of": ask.today(),
        "about": ABOUT, "channels": TAKEN_IN,
    }  # fmt: skip
    if request.method != "POST":
        return render(request, "portal/case_new.html", context)
    mailbox, home = typed(request, "address", 254), lines_of(typed(request, "home", 254))
    address, said = mailbox or home, typed(request, "words", 20_000)
    somewhere = (
        bool(ADDRESS.fullmatch(mailbox)) if mailbox else "@" not in home and len(home.splitlines()) >= 2
    )
    about = request.POST.get("about", "self")
    received = arrived(request.POST.get("received", ""), ask.today())
    chosen = {name: request.POST.get(name, "") for name in ("kind", "asked", "channel", "speaks")}
    known = (
        chosen["kind"] in KINDS and chosen["asked"] in RIGHTS and chosen["channel"] in TAKEN_IN
        and chosen["speaks"] in LANGUAGES
    )  # fmt: skip
    wrong = {
        "choice": not known or about not in ABOUT,
        "received": received is None,
        "email": bool(mailbox) and not somewhere,
        "home": not mailbox and not somewhere,
        "words": not said,
    }
    if any(wrong.values()) or received is None:
        told = [_WRONG[one] for one, so in wrong.items() if so]
        return render(request, "portal/case_new.html", {**context, "wrong": told}, status=400)
    number = CaseDesk(ask).register(
        actor(request), chosen["kind"], chosen["asked"], chosen["channel"], chosen["speaks"], address, said, received,
        str(settings.BLOESEM_PORTAL), about,
    )  # fmt: skip
    return redirect("portal-officer-case", number=number)


__all__ = ["register"]

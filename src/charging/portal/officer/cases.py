"""The privacy officer's desk: the list with its clocks, a case with what would happen, and what is decided about it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods, require_safe

from bloesem.cases.desk import CaseDesk
from bloesem.cases.model import KINDS, LANGUAGES, OUTCOMES, RIGHTS
from bloesem.console import language as words
from bloesem.errors import RightsError
from bloesem.gate.oversight import Oversight
from bloesem.plan.dates import ZONE
from bloesem.rights.amend import Correction
from charging.portal.access import actor
from charging.portal.forms import ADDRESS
from charging.portal.officer.views import officers

MOST = 4000


@require_safe
@officers
def inbox(request: HttpRequest, ask: Oversight) -> HttpResponse:
    """Every case, the most urgent first; nobody is named."""
    lines = CaseDesk(ask).inbox(ask.today())
    context = {
        "open": [one for one in lines if not one.ended],
        "ended": [one for one in lines if one.ended][:100],
    }
    return render(request, "portal/cases.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@officers
def case(request: HttpRequest, ask: Oversight, number: str) -> HttpResponse:
    """One case. Each opening is written down as a read of whom it is about."""
    desk, who = CaseDesk(ask), actor(request)
    if request.method == "POST":
        said = _press(request, desk, who, number)
        messages.info(request, words.say(f"cases.said.{said}", get_language() or "nl"))
        return redirect("portal-officer-case", number=number)
    found = desk.one(who, number[:40])
    if found is None:
        raise Http404
    context = {
        "it": found,
        "received_at": dt.datetime.fromisoformat(found["received_at"]),
        "due": _day(found["extended_due"] if found["extended_why"] else found["due"]),
        "events": [{**one, "at": dt.datetime.fromisoformat(one["at"])} for one in found["events"] or ()],
        "preview": (found["preview"] or {}).get("items", ()) if found["state"] == "waiting" else (),
        "outcomes": OUTCOMES,
        "rights": RIGHTS,
        "kinds": KINDS,
        "can_mean": found["state"] in ("received", "asked", "identified", "waiting")
        and not found["decided_by"],
        "can_decide": found["state"] == "waiting"
        and not found["params"].get("waits")
        and not found["decided_by"],
        "waits": found["params"].get("waits") == "access",
        "failed": found["params"].get("failed"),
        "can_go_on": found["state"] == "waiting" and found["params"].get("failed_in"),
        "ground": found["params"].get("ground"),
        "on_behalf": found["params"].get("on_behalf"),
    }
    return render(request, "portal/case.html", context)


def _press(request: HttpRequest, desk: CaseDesk, who: str, number: str) -> str:
    do, why = request.POST.get("do", ""), _typed(request, "why")
    if do == "decide":
        try:
            params = _corrections(_typed(request, "corrections"))
        except RightsError:
            return "unread"
        return desk.decide(who, number, request.POST.get("outcome", ""), why, params)
    if do == "extend":
        return desk.extend(who, number, why)
    if do == "stop":
        return desk.stop(who, number, request.POST.get("what", ""), why)
    if do == "again":
        return desk.again(who, number)
    if do == "means":
        return desk.means(who, number, request.POST.get("kind", ""), request.POST.get("asked", ""))
    if do == "resume":
        return desk.resume(who, number, why)
    return "not-now"


def _corrections(text: str) -> dict[str, Any]:
    """`table.column=value` a line. raises: RightsError for a line that is none."""
    made = [Correction.parse(line) for line in text.splitlines() if line.strip()]
    if not made:
        return {}
    return {
        "corrections": [
            {"table": c.table, "column": c.column, "value": c.value, "row": list(c.row)} for c in made
        ]
    }


@require_http_methods(["GET", "HEAD", "POST"])
@officers
def register(request: HttpRequest, ask: Oversight) -> HttpResponse:
    """A letter, or what somebody said: it was received when it arrived (R-005)."""
    context: dict[str, Any] = {
        "rights": RIGHTS, "kinds": KINDS, "languages": LANGUAGES, "typed": request.POST, "today_of": ask.today(),
    }  # fmt: skip
    if request.method != "POST":
        return render(request, "portal/case_new.html", context)
    address, said = _typed(request, "address", 254), _typed(request, "words", 20_000)
    received = _arrived(request.POST.get("received", ""), ask.today())
    chosen = {name: request.POST.get(name, "") for name in ("kind", "asked", "channel", "speaks")}
    known = (
        chosen["kind"] in KINDS and chosen["asked"] in RIGHTS and chosen["channel"] in ("letter", "oral")
        and chosen["speaks"] in LANGUAGES
    )  # fmt: skip
    if not known or received is None or not ADDRESS.fullmatch(address) or not said:
        return render(request, "portal/case_new.html", {**context, "wrong": True}, status=400)
    number = CaseDesk(ask).register(
        actor(request), chosen["kind"], chosen["asked"], chosen["channel"], chosen["speaks"], address, said, received,
        str(settings.BLOESEM_PORTAL),
    )  # fmt: skip
    return redirect("portal-officer-case", number=number)


def _arrived(text: str, today: dt.date) -> dt.datetime | None:
    """The day on which it came in, as a moment of that day that is not ahead; None for what cannot be."""
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        return None
    if day > today or day < today - dt.timedelta(days=730):
        return None
    return dt.datetime.combine(day, dt.time.min, ZONE)


def _typed(request: HttpRequest, name: str, most: int = MOST) -> str:
    said = request.POST.get(name, "")[: most * 2]
    return "".join(sign for sign in said if sign.isprintable() or sign in "\n\r\t").strip()[:most]


def _day(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None

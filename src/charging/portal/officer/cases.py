"""The privacy officer's desk: the list with its clocks, a case with what would happen, and what is decided about it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods

from bloesem.cases import scans
from bloesem.cases.desk import CaseDesk
from bloesem.cases.model import (
    ERASURE_GROUNDS,
    KINDS,
    OUTCOMES,
    RESTRICTION_GROUNDS,
    RIGHTS,
    TAKEN_IN,
)
from bloesem.cases.sealing import KNOWN_BY
from bloesem.cases.standing import AUTHORITIES, FOR_WHOM
from bloesem.cases.unlawful import Unlawful
from bloesem.console import language as words
from bloesem.console.company import current
from bloesem.gate.oversight import Oversight
from bloesem.plan.dates import ZONE, civil
from charging.portal.access import actor
from charging.portal.anyone import theirs
from charging.portal.officer import steps
from charging.portal.officer.deciding import press
from charging.portal.officer.scans import shown
from charging.portal.officer.views import officers


@require_http_methods(["GET", "HEAD", "POST"])
@officers
def inbox(request: HttpRequest, ask: Oversight) -> HttpResponse:
    """Every case, the most urgent first; nobody is named. And what the company erases of its own accord (P-153)."""
    if request.method == "POST":
        said = Unlawful(ask).press(actor(request), request.POST.get("do", "")[:20])
        messages.info(request, words.say(f"cases.said.{said}", get_language() or "nl"))
        return redirect("portal-officer-cases")
    lines = CaseDesk(ask).inbox(ask.today())
    context = {
        "open": [one for one in lines if not one.ended or one.message],
        "ended": [one for one in lines if one.ended and not one.message][:100],
        "unlawful": Unlawful(ask).last(),
    }
    return render(request, "portal/cases.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@officers
def case(request: HttpRequest, ask: Oversight, number: str) -> HttpResponse:
    """One case. Each opening is written down as a read of whom it is about."""
    desk, who = CaseDesk(ask, theirs()), actor(request)
    if request.method == "POST":
        if request.POST.get("do") == "scan-show":
            return shown(request, ask, who, number)
        said = press(request, desk, who, number)
        messages.info(request, words.say(f"cases.said.{said}", get_language() or "nl"))
        return redirect("portal-officer-case", number=number)
    found = desk.one(who, number[:40])
    if found is None:
        raise Http404
    context = {**_told(found), **_may(found), **_asked_for(found), **_waiting(found)}
    return render(request, "portal/case.html", context)


def _told(found: Mapping[str, Any]) -> dict[str, Any]:
    """What the page tells of a case, whatever its state."""
    events = [{**one, "at": dt.datetime.fromisoformat(one["at"])} for one in found["events"] or ()]
    params, received = found["params"], dt.datetime.fromisoformat(found["received_at"])
    at_midnight = (
        received.astimezone(ZONE).time() == dt.time.min
    )  # what was written down has a day, and no hour
    return {
        "mandate_on": _day((params.get("mandate") or {}).get("on")),
        "it": found,
        "events": events,
        "further": [one for one in events if one["what"] == "message" and one["said"]],
        "received_at": received,
        "received_on": civil(received) if found["channel"] in TAKEN_IN and at_midnight else None,
        "due": _day(found["extended_due"] if found["extended_why"] else found["due"]),
        "scans": [{**one, "kb": -(-one["size"] // 1024)} for one in found["scans"]],
        "scan_kinds": scans.WHAT,
        **{key: params.get(key) for key in ("follows", "mandate", "failed", "ground")},
    }


def _waiting(found: Mapping[str, Any]) -> dict[str, Any]:
    """What would happen, and what is to be weighed: of a case that waits for the officer."""
    waiting, language = found["state"] == "waiting", get_language() or "nl"
    preview, waits = (found["preview"] or {}) if waiting else {}, found["params"].get("waits")
    return {
        "preview": preview.get("items", ()),
        "weighing": [
            {
                **one,
                "what": current().part(one["key"], language),
                "interest": one["interest"].get(language) or one["interest"].get("nl", ""),
            }
            for one in preview.get("weighing", ())
        ],
        "waits": waits == "access",
        "which": waits == "which",
        "fits": found["params"].get("fits", ()) if waiting else (),
        "holds": steps.offered(found, language),
    }


def _may(found: Mapping[str, Any]) -> dict[str, Any]:
    """Which buttons a case has now, and what can be chosen there."""
    state, waits, decided = found["state"], found["params"].get("waits"), found["decided_by"]
    return {
        "kinds": KINDS,
        "rights": RIGHTS,
        "for_whom": FOR_WHOM,
        "on_behalf": found["params"].get("on_behalf", "self"),
        "outcomes": OUTCOMES if waits != "known" else ("refused",),  # art. 11(2)
        "can_mean": state in ("received", "asked", "identified", "waiting") and not decided,
        "can_decide": state == "waiting" and waits in (None, "which", "known") and not decided,
        "can_go_on": state == "waiting" and found["params"].get("failed_in"),
        "ask_known": _asks_known(found),
        "known_by": KNOWN_BY,
        "ask_mandate": waits == "mandate",
        "authorities": AUTHORITIES,
    }


def _asked_for(found: Mapping[str, Any]) -> dict[str, Any]:
    """What the form of a decision asks for, by what the case is; and whether a restriction can be lifted (P-158)."""
    company, language = current(), get_language() or "nl"
    grounds: list[tuple[str, str]] = []
    if found["asked"] == "rectification":
        right = company.policy.rights.get("rectification")
        grounds = [
            (c.key, c.label.get(language) or c.label["en"]) for c in (right.conditions if right else ())
        ]
    elif found["asked"] in ("erasure", "restriction"):
        letters = ERASURE_GROUNDS if found["asked"] == "erasure" else tuple(RESTRICTION_GROUNDS)
        grounds = [(one, words.say(f"requests.{found['asked']}.{one}", language)) for one in letters]
    weighed = [p for p in company.plan.purposes if p.active and p.objection == "assessed"]
    objects = found["asked"] == "erasure" and found["params"].get("ground") == "c"
    if found["asked"] == "objection" and found["kind"] == "request":  # refused in part: for these
        named = found["params"].get("purposes") or [p.key for p in weighed]
        weighed, objects = [p for p in weighed if p.key in named], True
    events = {one["what"] for one in found["events"] or ()}
    with_items = found["asked"] in ("erasure", "restriction", "rectification")
    return {
        "with_ground": grounds,
        "with_items": with_items,
        "tables": _tables(language) if with_items else (),
        "spared": [(p.key, company.part(p.key, language)) for p in weighed] if objects else [],
        "can_lift": found["state"] == "answered" and "facts" in found["params"] and "lifts" not in events,
    }


def _asks_known(found: Mapping[str, Any]) -> bool:
    """Whether who it is can be found by what a letter says."""
    unknown = not found["known"] and not found["decided_by"] and found["asked"] != "marketing"
    return (
        unknown
        and found["state"] in ("received", "waiting", "closed")
        and found["params"].get("waits") != "mandate"
    )


def _day(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


def _tables(language: str) -> list[tuple[str, str]]:
    """Each table that holds something of somebody, and what: the labels of the categories that lie in it."""
    company = current()
    return sorted(
        (
            (table.name, ", ".join(dict.fromkeys(company.category(key, language) for key in held)))
            for table in company.plan.tables
            if (held := [key for column in table.columns if not column.key for key in column.categories])
        ),
        key=lambda one: one[1],
    )


__all__ = ["case", "inbox"]

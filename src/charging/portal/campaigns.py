"""The pages of whoever writes to many: whom a message reaches and whom not, its words, and what became of it.

Counts alone: this seat reads nobody. What a page asks, the keeper's helper does (`bloesem.sending.office`); the portal's
login may call five functions for it, and reads no table. Releasing takes a second press, which states the number that was
counted: where more people may have the message by then, nothing goes out, as nobody saw whom that adds; fewer is no
obstacle, since an objection counts at once and stops nobody else's message.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connections
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.text import slugify
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods

from bloesem.company import PREFIX, load
from bloesem.console.company import current
from bloesem.console.language import LANGUAGES, say
from bloesem.console.words import WORDS
from bloesem.gate.logbook import as_login
from bloesem.plan.dates import civil
from bloesem.sending.office import Office
from bloesem.sending.reasons import BY_KEY
from bloesem.sending.templates import Template
from bloesem.sending.templates import render as write
from charging.portal.access import actor, seated

SEAT = "marketing"
#: A campaign's name is part of an address.
LONGEST = 60
#: What becomes of a message, as the page lists it.
STATES = ("sent", "decided", "claimed", "refused", "failed", "unknown")


def office() -> Office:
    """raises: Http404 for a company that sends nothing."""
    found = _office(civil(dt.datetime.now(dt.UTC)))
    if found is None:
        raise Http404
    return found


@lru_cache(maxsize=1)
def _office(day: dt.date) -> Office | None:
    home = Path(
        getattr(settings, "BLOESEM_COMPANY", None) or os.environ.get("BLOESEM_COMPANY", "company/blossom")
    )
    return Office.of(load(home, on=day, prefix=os.environ.get("BLOESEM_PREFIX", PREFIX)), day)


def _ask(function: str, *values: object) -> Any:
    """What a function of the door answers this process's own login."""
    marks = ", ".join(["%s"] * len(values))
    with as_login(connections["default"]) as cursor:  # type: ignore[arg-type]
        row = cursor.execute(f"SELECT door.{function}({marks})".encode(), list(values)).fetchone()
    return row[0] if row else None


def _look(function: str, *values: object) -> Any:
    """The same, of a function that answers in JSON: Django's connections leave it as text."""
    found = _ask(function, *values)
    return json.loads(found) if isinstance(found, str) else found


def _wish(
    request: HttpRequest, act: str, key: str, said: Mapping[str, Any], stated: int | None = None
) -> int:
    names = (said.get("template"), said.get("channel"), said.get("segment"))
    return int(_ask("campaign_ask", act, key, *names, stated, actor(request)))


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None


# ---- the list, and a new one -------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@seated(SEAT)
def campaigns(request: HttpRequest) -> HttpResponse:
    """All campaigns, and the form for a new one: a template by a channel, to everybody or to a segment."""
    language, made = get_language() or "nl", office()
    known = _look("campaigns")
    segments = _look("campaign_segments")
    messages = [(it, channel) for it in made.to_many() for channel in it.channels]
    given = {name: request.POST.get(name, "") for name in ("name", "message", "segment")}
    wrong = {}
    if request.method == "POST":
        key = slugify(given["name"])[:LONGEST].strip("-_").replace("_", "-")
        chosen = next((it for it in messages if f"{it[0].key}:{it[1]}" == given["message"]), None)
        if len(key) < 3:
            wrong["name"] = "campaign.name.wrong"
        elif any(it["key"] == key for it in known):
            wrong["name"] = "campaign.name.taken"
        if chosen is None:
            wrong["message"] = "campaign.message.wrong"
        if given["segment"] and given["segment"] not in [it["name"] for it in segments]:
            wrong["segment"] = "campaign.no.segment"
        if not wrong and chosen is not None:
            said = {"template": chosen[0].key, "channel": chosen[1], "segment": given["segment"] or None}
            number = _wish(request, "count", key, said)
            return redirect(f"{reverse('portal-campaign', kwargs={'campaign': key})}?w={number}")
    context = {
        "campaigns": [_listed(made, it, language) for it in known],
        "messages": [
            {
                "subject": it.subject[language],
                "class": made.rules.class_rule(it.class_).label[language],
                "options": [(f"{it.key}:{channel}", channel) for channel in it.channels],
            }
            for it in made.to_many()
        ],
        "segments": [{**it, "part": current().part(it["made_for"], language)} for it in segments],
        "given": given,
        "wrong": {name: say(key, language) for name, key in wrong.items()},
    }
    return render(request, "portal/campaigns.html", context, status=400 if wrong else 200)


def _listed(made: Office, it: Mapping[str, Any], language: str) -> dict[str, Any]:
    template = made.templates.all.get(it["template"])
    state = "stopped" if it["stopped_at"] else "out" if it["released_at"] else "counted"
    return {
        "key": it["key"],
        "subject": template.subject[language] if template else it["template"],
        "channel": it["channel"],
        "state": f"campaign.state.{state}",
        "at": _moment(it["stopped_at"] or it["released_at"] or it["made_at"]),
        "allowed": it["counts"].get("allowed", 0),
        "sent": it["outcome"].get("sent", 0),
        "out": bool(it["released_at"]),
    }


def _moment(text: str | None) -> dt.datetime | None:
    return dt.datetime.fromisoformat(text) if text else None


# ---- one campaign ------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@seated(SEAT)
def campaign(request: HttpRequest, campaign: str) -> HttpResponse:
    """Its preview with whom it leaves out and why, its words, and the buttons that are left to press."""
    made = office()
    asked = _number(request.GET.get("w", "") or request.POST.get("w", ""))
    # The wish first: once it is done, what is read after it has what it did. The other way round a page could say that
    # nothing is going on and nothing was done, and would not ask again.
    wish = _look("campaign_wish", asked) if asked is not None else None
    found = next((it for it in _look("campaigns") if it["key"] == campaign), None)
    if wish is not None and (wish["campaign"] != campaign or wish["asked_by"] != actor(request)):
        wish = None
    known = found or wish
    if known is None:
        raise Http404
    if request.method == "POST":
        return _press(request, campaign, known, wish)
    language = get_language() or "nl"
    context: dict[str, Any] = {
        "key": campaign,
        "wish": wish,
        "working": bool(wish and wish["state"] == "waiting"),
    }
    if wish is not None and wish["state"] == "refused":
        key = f"campaign.no.{wish['said'].get('key', 'other')}"
        context["refused"] = say(key if key in WORDS else "campaign.no.other", language)
    template = made.templates.all.get(known["template"] or "")
    if template is not None:
        context |= {"template": template, "letters": _letters(made, template)}
        context["subject"] = template.subject[language]
        context["class"] = made.rules.class_rule(template.class_).label[language]
    if found is not None:
        context |= _counted(found, language)
        may = bool(context["allowed"] and not found["released_at"])
        context["sure"] = may and request.GET.get("sure") == "1"
        context["calls"] = bool(found["channel"] == "phone" and found["released_at"])
    return render(request, "portal/campaign.html", context)


def _press(
    request: HttpRequest, key: str, said: Mapping[str, Any], wish: Mapping[str, Any] | None
) -> HttpResponse:
    """A button. What it does is done by the keeper's helper, but for fetching a list that is ready."""
    do, here = request.POST.get("do", ""), reverse("portal-campaign", kwargs={"campaign": key})
    if do == "fetch" and wish is not None:
        text = _ask("campaign_calls", wish["id"], actor(request))
        if text is None:
            return redirect(f"{here}?w={wish['id']}")
        response = HttpResponse(text, content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="{key}.csv"'
        return response
    stated = _number(request.POST.get("stated", ""))
    if do not in ("count", "release", "stop", "calls") or (do == "release" and stated is None):
        return redirect(here)
    return redirect(f"{here}?w={_wish(request, do, key, said, stated)}")


def _counted(it: Mapping[str, Any], language: str) -> dict[str, Any]:
    left = {key: n for key, n in it["counts"].items() if key != "allowed"}
    refused = dict(it["refused"])
    return {
        "campaign": it,
        "made_at": _moment(it["made_at"]),
        "released_at": _moment(it["released_at"]),
        "stopped_at": _moment(it["stopped_at"]),
        "allowed": it["counts"].get("allowed", 0),
        "left_out": sum(left.values()),
        "why": _reasons(left, language),
        "outcome": [(f"campaign.outcome.{s}", it["outcome"].get(s, 0)) for s in STATES],
        "refused_why": _reasons(refused, language),
        "running": bool(it["released_at"] and not it["stopped_at"] and it["outcome"].get("decided", 0)),
        "purpose": current().part(it["purpose"], language),
    }


def _reasons(counts: Mapping[str, int], language: str) -> list[dict[str, Any]]:
    """Most people first. Each with the promise that says so, in the text's own words."""
    company = current()
    found = []
    for key, n in sorted(counts.items(), key=lambda it: (-it[1], it[0])):
        promise = BY_KEY[key].promise if key in BY_KEY else ""
        quoted = company.promises.get(promise)
        found.append(
            {
                "says": say(f"campaign.why.{key}", language),
                "n": n,
                "promise": promise,
                "quote": quoted.quote if quoted else "",
            }
        )
    return found


def _letters(made: Office, template: Template) -> list[dict[str, str]]:
    """The message as it will look, in each language; where the links will be, dots."""
    dots = f"{settings.BLOESEM_PORTAL or 'https://'}/u/…"
    links = (dots, dots) if made.rules.class_rule(template.class_).advertising else None
    found = []
    for language in LANGUAGES:
        words = write(template, made.rules, language, dict.fromkeys(template.values, "…"), links)
        found.append({"language": language, "subject": words.subject, "text": words.text})
    return found


urlpatterns = [
    path("campaigns", campaigns, name="portal-campaigns"),
    path("campaigns/<slug:campaign>", campaign, name="portal-campaign"),
]

"""The officer's pages of the register of breaches: the list with its clocks, and one breach with a form per step."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from bloesem.breaches import store
from bloesem.breaches.entries import BreachError
from bloesem.breaches.rules import Breach, urgent_first
from bloesem.console.company import current
from bloesem.console.officer import breaching
from bloesem.console.officer.common import loaded
from bloesem.gate.oversight import Oversight
from charging.portal.access import actor
from charging.portal.officer.views import _language, officers

#: Breaches have small numbers: any other is nobody's.
MOST = 10**9


def _given(request: HttpRequest) -> Mapping[str, list[str]]:
    return {key: request.POST.getlist(key) for key in request.POST}


def _written(
    request: HttpRequest, ask: Oversight, found: Breach | None, steps: tuple[str, ...], now: dt.datetime
) -> tuple[Breach | None, BreachError | None]:
    """(the breach with the entry, none) or (none, why not). A step that makes no sense now is not found."""
    company = current()
    step = request.POST.get("step", "")
    if step not in steps:
        raise Http404
    try:
        said = breaching.judged(company, step, _given(request), found, now)
        number = found.number if found is not None else None
        if found is not None and request.POST.get("seen", "") != str(len(found.entries)):
            raise BreachError(
                "somebody wrote about this breach meanwhile",
                "an entry is decided on what is known when it is written",
                "look at it again, then write",
            )
        made = store.note(
            ask.connection,
            loaded(company).law,
            number,
            said,
            actor=actor(request),
            now=now,
            schema=ask.plan.schema,
        )
    except BreachError as wrong:
        ask.connection.rollback()
        return None, wrong
    ask.connection.commit()
    return made, None


@require_http_methods(["GET", "HEAD", "POST"])
@officers
def register(request: HttpRequest, ask: Oversight) -> HttpResponse:
    company, language = current(), _language()
    now = store.moment(ask.connection, schema=ask.plan.schema)
    wrong: BreachError | None = None
    given: Mapping[str, list[str]] = {}
    if request.method == "POST":
        made, wrong = _written(request, ask, None, ("record",), now)
        if made is not None:
            return redirect("portal-officer-breach", number=made.number)
        given = _given(request)
    every = urgent_first(store.breaches(ask.connection, loaded(company).law, schema=ask.plan.schema))
    context = {
        "lines": [breaching.line(company, each, now, language) for each in every],
        "form": breaching.form(company, "record", given, language),
        "tried": "record" if given or not every else "",
        "seen": 0,
        "wrong": wrong,
    }
    return render(request, "console/officer/breaches.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@officers
def one(request: HttpRequest, ask: Oversight, number: int) -> HttpResponse:
    company, language = current(), _language()
    now = store.moment(ask.connection, schema=ask.plan.schema)
    every = (
        store.breaches(ask.connection, loaded(company).law, schema=ask.plan.schema) if number < MOST else []
    )
    found = next((each for each in every if each.number == number), None)
    if found is None:
        raise Http404
    wrong: BreachError | None = None
    given: Mapping[str, list[str]] = {}
    steps = breaching.open_steps(found)
    if request.method == "POST":
        made, wrong = _written(request, ask, found, steps, now)
        if made is not None:
            return redirect("portal-officer-breach", number=number)
        given = _given(request)
    tried = request.POST.get("step", "")
    context = {
        **breaching.page(company, found, now, language),
        "forms": [breaching.form(company, step, given if step == tried else {}, language) for step in steps],
        "me": actor(request),
        "tried": tried,
        "seen": len(found.entries),
        "wrong": wrong,
    }
    return render(request, "console/officer/breach.html", context)


__all__ = ["one", "register"]

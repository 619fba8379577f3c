"""The officer's calendar: one month, at an address of its own."""

from __future__ import annotations

import datetime as dt

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from bloesem.breaches import store
from bloesem.cases.desk import CaseDesk
from bloesem.console.company import current
from bloesem.console.officer import calendar
from bloesem.console.officer.common import loaded
from bloesem.gate.oversight import Oversight
from charging.portal.officer.views import MONTH, _language, officers


@require_safe
@officers
def month(request: HttpRequest, ask: Oversight) -> HttpResponse:
    """`month`, optional: one near enough to today; any other is not found."""
    company, language, today = current(), _language(), ask.today()
    given = request.GET.get("month", "")
    found = MONTH.fullmatch(given)
    if given and (found is None or not int(found[1])):
        raise Http404
    first = dt.date(int(found[1]), int(found[2]), 1) if found else today.replace(day=1)
    if not calendar.within(first, today):
        raise Http404
    last = calendar.span(first)[1]
    due = ask.due(max(first, today), last) if last >= today else []
    breaches = store.breaches(ask.connection, loaded(company).law, schema=ask.plan.schema)
    lines = CaseDesk(ask).inbox(today)
    entries = calendar.entries(company, lines, breaches, due, today, language)
    context = calendar.page(company, first, entries, due, today, language)
    return render(request, "console/officer/calendar.html", {**context, "today_of": today})


__all__ = ["month"]

"""The privacy officer's pages. Each asks a service of `console.officer`, and hands values to a template."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods, require_safe

from bloesem.console import door, trouble
from bloesem.console.company import current
from bloesem.console.officer import common, given, matrices, registers, standing, world
from bloesem.console.officer import consents as consenting
from bloesem.console.officer import readers as reading
from bloesem.errors import BloesemError
from bloesem.gate.oversight import Oversight, identities
from bloesem.plan.dates import civil
from charging.portal.access import seated
from charging.portal.models import User

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]

#: What the officer asks by, of the map's identities: what a person gives who writes to them.
ASKED_BY = ("email", "customer_number", "phone_number")
#: What the page asks about when nothing was chosen.
FIRST_CATEGORY = "financial.iban"
MOST = 254
MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")


def officers(view: Callable[Concatenate[HttpRequest, Oversight, P], HttpResponse]) -> View[P]:
    """The officer's alone, with a connection of the login that asks for the officer; what Bloesem says is wrong is said on
    a page."""

    @wraps(view)
    def told(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        plan = current().plan
        try:
            with door.oversight(plan).warm() as connection:
                return view(request, Oversight(connection, plan), *args, **kwargs)
        except BloesemError as error:
            return trouble.stopped(request, error)

    return seated("officer")(told)


def _language() -> str:
    return get_language() or "nl"


def _page(request: HttpRequest, name: str, **context: Any) -> HttpResponse:
    return render(request, f"console/officer/{name}.html", context)


@require_safe
@officers
def start(request: HttpRequest, ask: Oversight) -> HttpResponse:
    """The officer's own pages, and those of the console."""
    pages = ["now", "date", "person", "try"] if settings.BLOESEM_DEMO else ["now"]
    links = [
        (key, f"{settings.BLOESEM_CONSOLE}/{_language()}/{'' if key == 'now' else key}") for key in pages
    ]
    own = (
        *("cases", "calendar", "readers", "transfers", "recipients", "matrix", "disclosures", "consents"),
        *("register", "dpia", "breaches", "versions", "linter"),
    )
    return render(
        request,
        "portal/officer.html",
        {"links": links, "own": [(f"officer.{key}.title", f"officer.{key}.lead", f"portal-officer-{key}") for key in own]},
    )  # fmt: skip


# ---- recipients and transfers --------------------------------------------------------------------------------------------


@require_safe
@officers
def recipients(request: HttpRequest, ask: Oversight) -> HttpResponse:
    company = current()
    today = ask.today()
    return _page(request, "recipients", today_of=today, **standing.register(company, today, _language()))


@require_safe
@officers
def recipient(request: HttpRequest, ask: Oversight, key: str) -> HttpResponse:
    company, today = current(), ask.today()
    if key not in common.loaded(company).record.recipients:
        raise Http404
    received = [one for one in ask.given() if one.recipient == key]
    return _page(
        request,
        "recipient",
        today_of=today,
        it=standing.one(company, key, today, _language()),
        received=received,
    )


@require_safe
@officers
def transfers(request: HttpRequest, ask: Oversight) -> HttpResponse:
    company, today = current(), ask.today()
    return _page(request, "transfers", today_of=today, **world.page(company, today, _language()))


# ---- the register of processing --------------------------------------------------------------------------------------


@require_safe
@officers
def register(request: HttpRequest, ask: Oversight) -> HttpResponse:
    return _page(request, "register", **registers.page(current(), ask.today(), _language()))


@require_safe
@officers
def register_file(request: HttpRequest, ask: Oversight, form: str) -> HttpResponse:
    """The register as a file: `xlsx`, or a format of the exports; any other is not found."""
    try:
        content, media, name = registers.download(current(), form, ask.today(), _language())
    except KeyError:
        raise Http404 from None
    return HttpResponse(
        content, content_type=media, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


@require_safe
@officers
def dpia(request: HttpRequest, ask: Oversight) -> HttpResponse:
    return _page(request, "dpia", **registers.assessments(current(), ask.today(), _language()))


# ---- over time -----------------------------------------------------------------------------------------------------------


@require_safe
@officers
def consents(request: HttpRequest, ask: Oversight) -> HttpResponse:
    company = current()
    return _page(request, "consents", **consenting.page(company, ask.counts(), ask.today(), _language()))


@require_safe
@officers
def disclosures(request: HttpRequest, ask: Oversight) -> HttpResponse:
    """`to`, a recipient's key, and `month`: both optional; what is neither is not found."""
    company = current()
    to, month = request.GET.get("to", ""), request.GET.get("month", "")
    found = MONTH.fullmatch(month)
    every = ask.given()
    if (month and not found) or (to and to not in given.known(company, every)):
        raise Http404
    within = dt.date(int(found[1]), int(found[2]), 1) if found and int(found[1]) else None
    rows = ask.disclosures(to or None, within)
    return _page(request, "disclosures", to=to, month=month, **given.page(company, every, rows, _language()))


# ---- who may read --------------------------------------------------------------------------------------------------------


@require_safe
@officers
def matrix(request: HttpRequest, ask: Oversight) -> HttpResponse:
    company = current()
    granted = ask.grants(matrices.roles(company.plan))
    return _page(request, "matrix", **matrices.page(company, granted, _language()))


@require_http_methods(["GET", "HEAD", "POST"])
@officers
def readers(request: HttpRequest, ask: Oversight) -> HttpResponse:
    """Asked by POST, so that who is asked about is in no address; each question is written down as a read of that person."""
    company, language = current(), _language()
    by = [kind for kind in ASKED_BY if kind in identities(company.plan)]
    known = reading.categories(company)
    first = FIRST_CATEGORY if FIRST_CATEGORY in known else known[0]
    form = {"by": by[0], "value": "", "category": first, "wrong": ""}
    context: dict[str, Any] = {
        "form": form,
        "kinds": by,
        "categories": reading.headings(company, known, language),
    }
    if request.method != "POST":
        return _page(request, "readers", **context)
    form |= {name: request.POST.get(name, "").strip() for name in ("by", "value", "category")}
    if form["by"] not in by or form["category"] not in known:
        raise Http404
    if not form["value"] or len(form["value"]) > MOST or "\0" in form["value"]:
        form["wrong"] = "readers.wrong.empty" if not form["value"] else "readers.wrong.long"
        return _page(request, "readers", **context)
    assert isinstance(request.user, User)
    tables = [table.name for table in reading.tables_of(company, form["category"])]
    asked = ask.asked(str(request.user), form["by"], form["value"], tables)
    if asked.people != 1:
        form["wrong"] = "readers.wrong.nobody" if not asked.people else "readers.wrong.several"
        return _page(request, "readers", **context)
    answer = reading.answer(company, asked, form["category"], language)
    may = frozenset(reader.key for reader in answer.readers)
    context |= {
        "about": company.category(form["category"], language),
        "answer": answer,
        "had": given.of_person(company, asked, form["category"], language),
        "could": standing.could_get(company, form["category"], may, civil(asked.at), language),
        "at": asked.at,
    }
    return _page(request, "readers", **context)

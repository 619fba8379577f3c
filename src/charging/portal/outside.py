"""Pages of recipients of the register: an installer's jobs, an employer's months, tokens of programs."""

from __future__ import annotations

import datetime as dt

from dateutil.relativedelta import relativedelta
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bloesem.console.language import say
from bloesem.gate import PurposeDenied, purpose
from bloesem.recipients.ready import DisclosureError
from charging.people.models import Employer
from charging.portal import jobs as reading
from charging.portal import mine, statement, tokens
from charging.portal.access import actor, seated
from charging.portal.models import User
from charging.portal.report import GRIDS, PROGRESS, SHOWS, Report, write
from charging.portal.statement_pdf import as_pdf


def _language() -> str:
    return get_language() or "nl"


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def refused(request: HttpRequest, error: DisclosureError) -> HttpResponse:
    """403: what may not go now, by which rule, and what mends it."""
    return render(request, "portal/refused.html", {"error": error}, status=403)


# ---- an installer ------------------------------------------------------------------------------------------------------


@require_safe
@seated("installer")
def jobs(request: HttpRequest) -> HttpResponse:
    """The open jobs that are assigned to this account, each decided about and read within its own scope."""
    found = reading.all_of(_user(request))
    if found.refused is not None:
        return refused(request, found.refused)
    return render(request, "portal/jobs.html", {"jobs": [_shown(one) for one in found.jobs]})


@require_http_methods(["GET", "HEAD", "POST"])
@seated("installer")
def job(request: HttpRequest, number: int) -> HttpResponse:
    """One job, and the form to report on it."""
    user = _user(request)
    sent = request.method == "POST"
    form = Report(request.POST if sent else None, request.FILES if sent else None, today=timezone.localdate())
    try:
        if sent and form.is_valid():
            if not write(user, number, form):
                raise Http404
            return redirect(f"{reverse('portal-job', kwargs={'number': number})}?said=1")
        found = reading.one(user, number)
    except DisclosureError as error:
        return refused(request, error)
    except PurposeDenied:
        form.add_error(None, say("report.not-now", _language()))
        found = reading.one(user, number)
    if found is None:
        raise Http404
    wording = mine.Wording(_language())
    context = {
        "job": _shown(found),
        "photos": [{"on": on, "shows": mine.said("shows", shows, wording)} for on, shows in found.photos],
        "form": form,
        "said": "said" in request.GET and not sent,
        "choices": {
            "progress": [(one, mine.said("progress", one, wording)) for one in PROGRESS],
            "grid": GRIDS,
            "shows": [(one, mine.said("shows", one, wording)) for one in SHOWS],
        },
    }
    return render(request, "portal/job.html", context, status=422 if sent else 200)


def _shown(it: reading.Job) -> dict[str, object]:
    """A job in words."""
    wording = mine.Wording(_language())
    address = it.address
    town = " ".join(filter(None, (address.get("postal_code"), address.get("city"))))
    what = [
        (f"job.{name}", mine.said(name, value, wording))
        for name, value in it.what.items()
        if name not in ("preferred_brand", "preferred_model")
    ]
    return {
        "number": it.number,
        "street": address.get("street", ""),
        "town": town,
        "phone": it.phone,
        "call": "".join(sign for sign in it.phone if sign in "+0123456789"),
        "product": " ".join(
            str(it.what[name]) for name in ("preferred_brand", "preferred_model") if name in it.what
        ),
        "place": mine.said("place", it.place, wording),
        "window": it.window,
        "progress": mine.said("progress", it.progress, wording),
        "progress_on": it.progress_on,
        "what": what,
        "until": it.until,
    }


# ---- an employer -------------------------------------------------------------------------------------------------------


@require_safe
@seated("fleet")
def fleet(request: HttpRequest) -> HttpResponse:
    """The employer's months: whose contract runs, what they charged, what is paid back."""
    user, today = _user(request), timezone.localdate()
    number = _employer(user)
    try:
        months = statement.months(user, number, today.replace(year=today.year - 1, day=1))
    except DisclosureError as error:
        return refused(request, error)
    name = _name(request, number)
    people = len(frozenset[int]().union(*(month.people for month in months)))
    return render(request, "portal/fleet.html", {"employer": name, "months": months, "people": people})


@require_safe
@seated("fleet")
def fleet_file(request: HttpRequest, year: int, month: int, form: str) -> HttpResponse:
    """One month as a file."""
    if form not in statement.MEDIA or not (1 <= month <= 12 and 2000 <= year <= 2999):
        raise Http404
    user = _user(request)
    first = dt.date(year, month, 1)
    try:
        found = statement.months(user, _employer(user), first, first + relativedelta(months=1))
    except DisclosureError as error:
        return refused(request, error)
    if not found:
        raise Http404
    made = _as_file(request, found[0], form)
    response = HttpResponse(made, content_type=statement.MEDIA[form])
    response["Content-Disposition"] = f'attachment; filename="{year}-{month:02d}.{form}"'
    return response


def _as_file(request: HttpRequest, month: statement.Month, form: str) -> bytes:
    if form == "pdf":
        return as_pdf(month, _language(), _name(request, _employer(_user(request))))
    return (statement.as_csv if form == "csv" else statement.as_xlsx)(month, _language())


def _name(request: HttpRequest, number: int) -> str:
    with purpose("fleet", employer=number, actor=actor(request)) as opened:
        name = Employer.objects.filter(pk=number).values_list("name", flat=True).first()
        opened.reads([])  # an employer's name is nobody's; whom the months are of is said where they are read
    return name or ""


def _employer(user: User) -> int:
    numbers = user.numbers
    if len(numbers) != 1:
        raise Http404
    return numbers[0]


# ---- tokens of programs ------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@seated("installer", "hems")
def token_list(request: HttpRequest) -> HttpResponse:
    """The account's tokens; a POST makes one, which this page alone shows, once."""
    user, at = _user(request), timezone.now()
    made = wrong = ""
    if request.method == "POST":
        days = request.POST.get("days", "")
        try:
            made = tokens.make(
                user,
                request.POST.get("label", ""),
                at,
                int(days) if days.isascii() and days.isdigit() and len(days) < 5 else 0,
            )
        except tokens.TokenError:
            full = user.tokens.filter(revoked_at=None, expires_at__gt=at).count() >= tokens.MOST
            wrong = say("tokens.full" if full else "tokens.wrong", _language())
    columns = ("id", "label", "expires_at", "revoked_at")
    listed = [
        {**one, "state": "revoked" if one["revoked_at"] else "expired" if one["expires_at"] <= at else "good"}
        for one in user.tokens.order_by("-created_at", "-id").values(*columns)
    ]
    context = {
        "tokens": listed,
        "made": made,
        "wrong": wrong,
        "label": request.POST.get("label", "") if wrong else "",
        "days": tokens.DAYS,
        "most": tokens.MOST_DAYS,
        "where": request.build_absolute_uri(
            reverse("api-jobs" if user.role == "installer" else "api-hems-sessions")
        ),
        "described": request.build_absolute_uri(reverse("api-openapi")),
    }
    return render(request, "portal/tokens.html", context, status=422 if wrong else 200)


@require_POST
@seated("installer", "hems")
def token_revoke(request: HttpRequest, number: int) -> HttpResponse:
    """Takes one back, at once."""
    if not tokens.revoke(_user(request), number, timezone.now()):
        raise Http404
    return redirect("portal-tokens")

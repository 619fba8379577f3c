"""The page on which a customer ends a subscription of theirs, once it was proven who asks (P-066).

The proof is what is known already: the code of a mail to the address on file, minutes ago, or a passkey. No document is
asked for. The database refuses a change without one, and logs that there was one.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from allauth.account.internal.flows.login import get_authentication_records  # as `access` reads them
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods

from bloesem.console.language import say
from bloesem.gate import own, purpose
from bloesem.plan.dates import civil
from charging.people.models import Product, ProductOwnership
from charging.portal.access import fresh, seated
from charging.portal.models import User
from charging.portal.seats import PERSON
from charging.portal.views import number_of

#: What allauth calls a proof → what the log calls it.
PROOFS = {"code": "code", "mfa": "passkey"}
#: How far ahead a day may lie.
AHEAD = dt.timedelta(days=731)


@dataclass(frozen=True)
class Subscription:
    """One product of one's own. `until`: its last day; none: it goes on."""

    row: int
    name: str
    since: dt.date | None
    until: dt.date | None
    runs: bool


@require_http_methods(["GET", "HEAD", "POST"])
@seated(PERSON)
@fresh
def mine(request: HttpRequest) -> HttpResponse:
    language = get_language() or "nl"
    with purpose("subject", person=number_of(request)) as opened:
        today = civil(own.moment(opened))
        found = _own(language, today)
    if request.method != "POST":
        return _page(request, found, today)
    row = next((it.row for it in found if it.runs and str(it.row) == request.POST.get("row")), None)
    if row is None:
        raise BadRequest("row")
    last = _day(request.POST.get("last", ""), today)
    if last is None:
        return _page(request, found, today, wrong=row)
    with purpose("subject", person=number_of(request)) as opened:
        became = own.end_product(opened, row, last, proof_of(request))
    messages.info(request, say("subscription." + ("gone" if became == "nobody" else "done"), language))
    return redirect(f"{reverse('portal-subscription')}#said")


def _page(request: HttpRequest, found: list[Subscription], today: dt.date, wrong: int = 0) -> HttpResponse:
    context = {"found": found, "today": today, "wrong": wrong}
    return render(request, "portal/subscription.html", context, status=400 if wrong else 200)


def _own(language: str, today: dt.date) -> list[Subscription]:
    """In one's own scope, open: what runs first."""
    names = {one.pk: called(one, language) for one in Product.objects.all()}
    rows = ProductOwnership.objects.exclude(product=None).values_list("id", "product_id", "since", "until")
    found = [
        Subscription(row, names.get(product, ""), since, until, until is None or until >= today)
        for row, product, since, until in rows[:50]
    ]
    return sorted(found, key=lambda it: (not it.runs, it.since or dt.date.min))


def called(product: Product, language: str) -> str:
    """Its name in a language; in English where nobody wrote that."""
    return str(getattr(product, f"label_{language}", None) or product.label_en)


def _day(said: str, today: dt.date) -> dt.date | None:
    try:
        found = dt.date.fromisoformat(said) if len(said) == 10 else None
    except ValueError:
        return None
    return found if found is not None and today <= found <= today + AHEAD else None


def proof_of(request: HttpRequest) -> str:
    """The newest proof of this session; empty where there is none, and then the database refuses."""
    assert isinstance(request.user, User)
    given = sorted(get_authentication_records(request, request.user), key=lambda it: float(it.get("at", 0)))
    return PROOFS.get(str(given[-1].get("method")), "") if given else ""


urlpatterns = [path("me/subscription", mine, name="portal-subscription")]

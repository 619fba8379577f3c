"""The portal's pages. Each opens its own scope through the gate, and hands values to a template."""

from __future__ import annotations

import email
import email.policy
import json
from email.header import decode_header, make_header
from pathlib import Path
from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from bloesem.cases.model import RIGHTS
from bloesem.console.company import current
from bloesem.console.guard import demonstration
from bloesem.console.trouble import language_asked
from bloesem.gate import purpose
from charging.people.models import EmailAddress, PersonName
from charging.portal import life, mine
from charging.portal.access import has_factor, proved_twice, seated, signed_in
from charging.portal.models import User
from charging.portal.seats import PERSON, SEATS

#: Messages on the demonstration's outbox.
LETTERS = 20


def language() -> str:
    return get_language() or "nl"


def start(request: HttpRequest) -> HttpResponse:
    """The address without a language."""
    return redirect(f"/{language_asked(request)}/")


@require_safe
@signed_in
def home(request: HttpRequest) -> HttpResponse:
    """To the first page of whoever is signed in."""
    assert isinstance(request.user, User)
    return redirect(SEATS[request.user.role].home)


# ---- a person ----------------------------------------------------------------------------------------------------------


@require_safe
@seated(PERSON)
def me(request: HttpRequest) -> HttpResponse:
    company, who = current(), number_of(request)
    with purpose("subject", person=who) as opened:
        kinds = mine.kinds(opened, company, language())
        happened = mine.happenings(opened, company, language())
        name = PersonName.objects.order_by("-recorded_at").values_list("given_name", "family_name").first()
    context = {
        "kinds": [(kind, [company.part(key, language()) for key in kind.parts]) for kind in kinds],
        "uses": mine.uses(company, kinds, language()),
        "happened": happened,
        "name": " ".join(filter(None, name or ())),
        "rights": RIGHTS,
    }
    return render(request, "portal/me.html", context)


@require_safe
@seated(PERSON)
def me_life(request: HttpRequest) -> HttpResponse:
    """The life of one's own data, as a picture or as a table."""
    company, who = current(), number_of(request)
    with purpose("subject", person=who) as opened:
        found = life.life(opened, company, who, language())
    shown = life.context(found, company, language())
    return render(
        request,
        "portal/life.html",
        {**shown, "as_table": request.GET.get("as") == "table", "language": language(), "plain": True},
    )


@require_safe
@seated(PERSON)
def me_kind(request: HttpRequest, table: str) -> HttpResponse:
    """All rows of one kind."""
    company, who = current(), number_of(request)
    with purpose("subject", person=who) as opened:
        kinds = mine.kinds(opened, company, language(), only=table)
    if not kinds:
        raise Http404
    parts = [company.part(key, language()) for key in kinds[0].parts]
    return render(request, "portal/me_kind.html", {"kind": kinds[0], "parts": parts})


def number_of(request: HttpRequest) -> int:
    """The one number of the account's scope."""
    assert isinstance(request.user, User)
    numbers = request.user.numbers
    if len(numbers) != 1:
        raise Http404
    return numbers[0]


# ---- one's own account -------------------------------------------------------------------------------------------------


@require_safe
@signed_in
def account(request: HttpRequest) -> HttpResponse:
    """How this account is signed in to: passkeys, and for staff an app that gives codes."""
    user = request.user
    assert isinstance(user, User)
    kept = Authenticator.objects.filter(user_id=user.pk).order_by("created_at")
    passkeys = [it for it in kept if it.type == Authenticator.Type.WEBAUTHN]
    staff = SEATS[user.role].staff
    context: dict[str, Any] = {
        "passkeys": [{"pk": it.pk, "name": it.wrap().name, "at": it.created_at} for it in passkeys],
        "app": next((it for it in kept if it.type == Authenticator.Type.TOTP), None),
        "staff": staff,
        "must": staff and not has_factor(user),
        "give": staff and has_factor(user) and not proved_twice(request),
        "home": reverse(SEATS[user.role].home),
    }
    return render(request, "portal/account.html", context)


# ---- the demonstration -------------------------------------------------------------------------------------------------


@require_safe
@demonstration
def outbox(request: HttpRequest) -> HttpResponse:
    """The messages that the demonstration would have sent, newest first: its people are invented, and have no mailbox."""
    folder = Path(settings.BLOESEM_OUTBOX) if settings.BLOESEM_OUTBOX else None
    found = [*folder.glob("*.log"), *folder.glob("email/*.json")] if folder else []
    files = sorted(found, key=lambda f: f.stat().st_mtime_ns, reverse=True)
    letters = [
        _of_the_door(file) if file.suffix == ".json" else _of_sign_in(file) for file in files[:LETTERS]
    ]
    staff = list(User.objects.exclude(email=None).order_by("role", "email").values("email", "name", "role"))
    return render(request, "portal/outbox.html", {"letters": letters, "people": [*_invented(), *staff]})


def _of_the_door(file: Path) -> dict[str, str]:
    """A mail as the door writes it where no server takes it."""
    said = json.loads(file.read_text())
    return {name: str(said[name]) for name in ("to", "subject", "text")}


def _of_sign_in(file: Path) -> dict[str, str]:
    message = email.message_from_bytes(
        file.read_bytes().split(b"\n" + b"-" * 79)[0], policy=email.policy.default
    )
    body = message.get_body(("plain",))
    return {
        "to": str(make_header(decode_header(str(message["To"])))),
        "subject": str(message["Subject"]),
        "text": body.get_content().strip() if body else "",
    }


def _invented() -> list[dict[str, str]]:
    """The invented people who have an account here, each read within their own scope."""
    found = []
    for user in User.objects.filter(role=PERSON).order_by("id")[:LETTERS]:
        for number in user.numbers:
            with purpose("subject", person=number):
                name = PersonName.objects.values_list("given_name", "family_name").first()
                address = EmailAddress.objects.values_list("value", flat=True).first()
            if name and address:
                found.append({"name": " ".join(filter(None, name)), "email": address, "role": PERSON})
    return found

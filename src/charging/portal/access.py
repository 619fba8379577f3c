"""Who sees which page: the account's own seat, for staff after a second factor, for changes after a fresh proof."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlencode

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from charging.portal.models import User
from charging.portal.seats import PERSON, SEATS

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def proved_twice(request: HttpRequest) -> bool:
    """Whether a second factor, or a passkey by itself, was given in this session."""
    return any(it.get("method") == "mfa" for it in get_authentication_records(request, request.user))


def actor(request: HttpRequest) -> str:
    """Who reads, for the log: the seat and the account, and nobody's name (the person whom it is about sees it)."""
    assert isinstance(request.user, User)
    return actor_of(request.user)


def actor_of(user: User) -> str:
    """The same of an account whose program reads."""
    return f"{user.role}:{user.pk}"


def has_factor(user: User) -> bool:
    return bool(Authenticator.objects.filter(user_id=user.pk).exists())


def seated(*keys: str) -> Callable[[View[P]], View[P]]:
    """The page of these seats. To everybody else it does not exist; who is not signed in is asked to; staff without a
    second factor in this session come no further than setting one up, or giving it."""

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            user = request.user
            if not isinstance(user, User):
                return redirect_to_login(request.get_full_path(), reverse("account_login"))
            if user.role not in keys:
                raise Http404
            if SEATS[user.role].staff and not proved_twice(request):
                there = reverse("mfa_reauthenticate" if has_factor(user) else "mfa_index")
                return redirect(f"{there}?{urlencode({'next': request.get_full_path()})}")
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def signed_in(view: View[P]) -> View[P]:
    """A page about one's own account."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not isinstance(request.user, User):
            return redirect_to_login(request.get_full_path(), reverse("account_login"))
        return view(request, *args, **kwargs)

    return guarded


def fresh(view: View[P]) -> View[P]:
    """Changes how an account is signed in to: of a person, only within minutes of a proof. (Of staff, allauth asks the
    second factor again.)"""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        user = request.user
        if isinstance(user, User) and user.role == PERSON:
            given = [float(it.get("at", 0)) for it in get_authentication_records(request, user)]
            if not given or time.time() - max(given) > settings.ACCOUNT_REAUTHENTICATION_TIMEOUT:
                return render(request, "portal/again.html", {"next": request.path})
        return view(request, *args, **kwargs)

    return signed_in(guarded)

"""What the portal adds to the layout of every page: who is signed in, and which pages are theirs."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from charging.portal.seats import SEATS


def context(request: HttpRequest) -> dict[str, Any]:
    """Only for the portal's own pages: other processes have no sessions."""
    match = getattr(request, "resolver_match", None)
    if settings.ROOT_URLCONF != "charging.portal.urls" and not (
        match and match.view_name.startswith("portal-")
    ):
        return {}
    user = getattr(request, "user", None)
    signed_in = bool(user is not None and user.is_authenticated)
    seat = SEATS.get(user.role) if signed_in and user is not None else None
    return {
        "portal_here": True,
        "menu": "portal/_menu.html",
        "scripts": ["portal/portal.js"],
        "signed_in": signed_in,
        "seat": seat,
        "page": match.view_name if match else "",
        "outbox": settings.BLOESEM_DEMO and bool(settings.BLOESEM_OUTBOX),
    }

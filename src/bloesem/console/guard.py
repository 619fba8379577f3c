"""Who may see which page: someone at this machine, and some pages in a demonstration only."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse

from bloesem.console import trouble
from bloesem.errors import BloesemError

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]

_FORWARDED = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST", "HTTP_X_REAL_IP", "HTTP_VIA")


def at_this_machine(request: HttpRequest) -> bool:
    """Whether the request comes from this machine itself, and through no proxy. The name that it asks for must be a
    name of this machine too, so that no other site's page can ask through the browser (rebinding)."""
    if any(request.META.get(header) for header in _FORWARDED):
        return False
    try:
        near = ipaddress.ip_address(str(request.META.get("REMOTE_ADDR", ""))).is_loopback
    except ValueError:
        return False
    host = request.META.get("HTTP_HOST", "localhost").rpartition(":")[0] or request.META.get(
        "HTTP_HOST", "localhost"
    )
    return near and host.strip("[]") in ("localhost", "127.0.0.1", "::1")


def local(view: View[P]) -> View[P]:
    """Refuses who is not at this machine; every answer keeps out of caches and frames. What Bloesem itself says is
    wrong (a policy that does not load) is said on a page."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not at_this_machine(request):
            return closed(trouble.elsewhere(request))
        try:
            return closed(view(request, *args, **kwargs))
        except BloesemError as error:
            return closed(trouble.stopped(request, error))

    return guarded


def demonstration(view: View[P]) -> View[P]:
    """404 outside demonstration mode (BLOESEM_DEMO): there is no date to move and no free SQL on real data."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not in_demonstration():
            raise Http404
        return view(request, *args, **kwargs)

    return local(guarded)


def in_demonstration() -> bool:
    return bool(getattr(settings, "BLOESEM_DEMO", False))


def closed(response: HttpResponse) -> HttpResponse:
    """No other site's code, no frame, no cache, no address told to others."""
    response["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    response["Cache-Control"] = "no-store"
    response.setdefault("Referrer-Policy", "same-origin")  # a page whose address is a link tells it to nobody
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Opener-Policy"] = "same-origin"
    return response

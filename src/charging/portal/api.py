"""Addresses for recipients' programs: a token in the header, JSON out, and problems that say what to do (RFC 9457).

Never a token, a person's number or a value in an address. Each answer is decided and recorded as a page is.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from allauth.core.internal import ratelimit
from django.conf import settings
from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from bloesem.errors import BloesemError
from bloesem.gate import PurposeDenied
from bloesem.recipients.ready import DisclosureError
from charging.portal import hems, jobs, report, tokens
from charging.portal.api_schema import document
from charging.portal.models import User

_log = logging.getLogger(__name__)
P = ParamSpec("P")
Answer = Callable[Concatenate[HttpRequest, User, P], HttpResponse]
MEDIA = "application/problem+json"
#: Seconds after which whoever asked too often asks again.
WAIT = 60


def problem(
    status: int, kind: str, title: str, detail: str = "", rule: str = "", remedy: str = ""
) -> JsonResponse:
    said = {"type": f"urn:bloesem:problem:{kind}", "title": title, "status": status}
    said |= {k: v for k, v in (("detail", detail), ("rule", rule), ("remedy", remedy)) if v}
    response = JsonResponse(said, status=status, content_type=MEDIA)
    if status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="Bloesem"'
    if status == 429:
        response["Retry-After"] = str(WAIT)
    return response


def _may_ask(request: HttpRequest, action: str, key: str | None = None) -> bool:
    """Counts this request, whatever its method. out: whether it is within the measure of `BLOESEM_API_RATES`."""
    counted = ratelimit.consume(
        request=request,
        app="charging.portal",
        action=action,
        config=settings.BLOESEM_API_RATES,
        key=key,
        limit_get=True,
    )
    return counted is not None


_UNKNOWN = {
    "missing": ("no token", "send it in the header: Authorization: Bearer …"),
    "unknown": ("no token of ours", "make one on the page of your tokens, or ask whoever invited you"),
    "expired": ("the token's days are over", "make another on the page of your tokens"),
    "revoked": ("the token was taken back", "make another on the page of your tokens"),
}


def address(role: str, *methods: str) -> Callable[[Answer[P]], Callable[..., HttpResponse]]:
    """An address of one role. What is wrong is a problem, and never a page."""

    def decorate(view: Answer[P]) -> Callable[..., HttpResponse]:
        @csrf_exempt  # no cookie lets anybody in here
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if request.method not in methods:
                return _not_so(*methods)
            found = tokens.of(request.headers.get("Authorization"), timezone.now())
            if found.user is None or found.token is None:
                if not _may_ask(request, "api_wrong"):
                    return problem(429, "too-many", "too many wrong tokens from here", remedy="wait a minute")
                title, remedy = _UNKNOWN[found.why]
                return problem(401, f"token-{found.why}", title, remedy=remedy)
            if not _may_ask(request, "api", str(found.token.pk)):
                return problem(429, "too-many", "asked too often", remedy=f"wait {WAIT} seconds")
            if found.user.role != role:
                return _missing()
            return _answered(lambda: view(request, found.user, *args, **kwargs))  # type: ignore[arg-type]

        return guarded

    return decorate


def _answered(view: Callable[[], HttpResponse]) -> HttpResponse:
    try:
        return view()
    except Http404:
        return _missing()
    except DisclosureError as error:
        return problem(403, "refused", "nothing may go to you now", error.thing, error.rule, error.remedy)
    except PurposeDenied as error:
        return problem(409, "not-now", "this cannot be written now", error.thing, error.rule, error.remedy)
    except RequestDataTooBig:
        return problem(
            413, "large", "what you sent is too large", remedy="send less at once; nothing was done"
        )
    except (SuspiciousOperation, BadRequest, MultiPartParserError, UnreadablePostError):
        return problem(400, "unread", "what you sent cannot be read", remedy="send a form as it is described")
    except hems.CursorError as error:
        return problem(400, "cursor", "no cursor of this feed", error.thing, error.rule, error.remedy)
    except BloesemError:
        _log.exception("an address of recipients was stopped")
        return problem(503, "stopped", "this cannot be answered now", remedy="try again later")
    except Exception:
        _log.exception("an address of recipients broke")
        return problem(500, "broken", "a fault of ours", remedy="try again later; we see it in our log")


def _not_so(*methods: str) -> JsonResponse:
    answer = problem(405, "method", "this address does not take that", remedy=f"use {', '.join(methods)}")
    answer["Allow"] = ", ".join(methods)
    return answer


def _missing() -> JsonResponse:
    return problem(404, "missing", "no such thing for this token", remedy="/api/v1/openapi.json has them all")


@csrf_exempt  # whatever is sent there is answered as a program reads it
def nothing(request: HttpRequest, rest: str = "") -> HttpResponse:
    return _missing()


@csrf_exempt
def openapi(request: HttpRequest) -> HttpResponse:
    """The description of these addresses, for anybody."""
    if request.method not in ("GET", "HEAD"):
        return _not_so("GET")
    return JsonResponse(document(), content_type="application/json")


# ---- an installer ------------------------------------------------------------------------------------------------------


@address("installer", "GET")
def job_list(request: HttpRequest, user: User) -> HttpResponse:
    found = jobs.all_of(user)
    if found.refused is not None:
        raise found.refused
    return JsonResponse({"jobs": [_job(one) for one in found.jobs]})


@address("installer", "GET")
def job(request: HttpRequest, user: User, number: int) -> HttpResponse:
    found = jobs.one(user, number)
    if found is None:
        raise Http404
    photos = [{"taken_on": on.isoformat() if on else None, "shows": shows} for on, shows in found.photos]
    return JsonResponse({**_job(found), "photos": photos})


@address("installer", "POST")
def job_report(request: HttpRequest, user: User, number: int) -> HttpResponse:
    form = report.Report(request.POST, request.FILES, today=timezone.localdate())
    if not form.is_valid():
        wrong = [str(one) for errors in form.errors.values() for one in errors]
        return problem(422, "report", "the report is not whole", "; ".join(wrong))
    if not report.write(user, number, form):
        raise Http404
    return HttpResponse(status=204)


def _job(it: jobs.Job) -> dict[str, Any]:
    return {
        "number": it.number,
        "address": it.address,
        "phone": it.phone,
        "place": it.place,
        "when": it.window,
        "progress": it.progress,
        "progress_on": it.progress_on.isoformat() if it.progress_on else None,
        "install": it.what,
        "assigned_until": it.until.isoformat() if it.until else None,
    }


# ---- an energy partner -------------------------------------------------------------------------------------------------


@address("hems", "GET")
def hems_sessions(request: HttpRequest, user: User) -> HttpResponse:
    most = request.GET.get("limit", str(hems.SOME))
    if not most.isascii() or not most.isdigit() or not 1 <= int(most[:9]) <= hems.MOST:
        return problem(
            400, "limit", "`limit` is no number of sessions", remedy=f"1 to {hems.MOST}, or leave it out"
        )
    return JsonResponse(hems.sessions(user, request.GET.get("after", ""), int(most)))


@address("hems", "GET")
def hems_customers(request: HttpRequest, user: User) -> HttpResponse:
    return JsonResponse(hems.customers(user))


__all__ = [
    "hems_customers",
    "hems_sessions",
    "job",
    "job_list",
    "job_report",
    "nothing",
    "openapi",
    "problem",
]

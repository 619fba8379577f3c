"""What the portal does for whoever is not signed in, or whose browser speaks for them: links, addresses, signals.

The portal's login may call the functions behind a link, an address and a signal, and reads nothing of the door's.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from django.db import connections, transaction
from django.http import HttpRequest, HttpResponse

from bloesem.cases.words import Words
from bloesem.consent import gpc
from bloesem.consent.links import Link, LinkKeys
from bloesem.consent.tables import DOOR
from bloesem.gate.settings import CREDENTIALS
from bloesem.sending.web import Pages
from charging.portal.models import User
from charging.portal.seats import PERSON

_HEARD = "gpc"


class OurPages:
    """`bloesem.sending.web.Pages`, through the portal's own login."""

    def read(self, token: str) -> Link:
        return keys().read(token, asked("SELECT bloesem.moment()"))

    def unsubscribe(self, link: Link) -> str:
        return str(asked(f"SELECT {DOOR}.unsubscribe(%s, %s, 'link')", link.message, link.act))

    def refuse(self, address: str) -> None:
        asked(f"SELECT {DOOR}.refuse_advertising(%s)", address)


def pages() -> Pages:
    return OurPages()


@cache
def keys() -> LinkKeys:
    """Those with which links are signed; never the list's."""
    return LinkKeys.at(Path(os.environ[CREDENTIALS]))


@cache
def theirs() -> Words:
    """What opens the words of requests."""
    return Words.at(Path(os.environ[CREDENTIALS]))


def asked(query: str, *values: Any) -> Any:
    """The one value of a function of the door's. It names no table, and no purpose is open."""
    with transaction.atomic(using="signin"), connections["signin"].cursor() as cursor:
        cursor.execute(query, list(values))
        row = cursor.fetchone()
    return row[0] if row else None


class HonoursSignal:
    """`Sec-GPC: 1` of somebody who is signed in is their objection, once per sign-in, before the page (S-08, art. 21(5))."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if gpc.signalled(request.headers):
            user = request.user
            if isinstance(user, User) and user.role == PERSON and not request.session.get(_HEARD):
                for number in user.numbers:
                    asked(f"SELECT {DOOR}.signal(%s)", number)
                request.session[_HEARD] = True
        return self.get_response(request)

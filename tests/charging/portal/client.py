"""Whoever attacks the pages: a browser without a screen, with cookies of its own, that sends what it likes."""

from __future__ import annotations

import datetime as dt
import http.client
import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.core import signing
from django.utils.crypto import salted_hmac

from bloesem.gate.ids import new_id
from bloesem.stores.postgres import Connection

#: The key of the processes that `site.served` starts.
KEY = "of these tests"
_STORE = "django.contrib.sessions.SessionStore"
_BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def said(self) -> str:
        """All that left the server."""
        return "\n".join([*(f"{k}: {v}" for k, v in self.headers.items()), self.text])


@dataclass
class Visitor:
    """Somebody with a session, or nobody. `role`: the seat; `numbers`: what its scope may open; `whole`: whether a second
    factor was given; `comes_from`: an address of this machine, of which requests are counted apart."""

    base: str
    name: str
    role: str = ""
    account: int = 0
    numbers: tuple[int, ...] = ()
    whole: bool = True
    cookies: dict[str, str] = field(default_factory=dict)
    comes_from: str = ""
    _line: http.client.HTTPConnection | None = None

    def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        kind: str = "application/x-www-form-urlencoded",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request; redirects are answers. Cookies are kept."""
        where = urlsplit(self.base)
        for again in (False, True):
            if self._line is None:
                source = (self.comes_from, 0) if self.comes_from else None
                self._line = http.client.HTTPConnection(
                    str(where.hostname), where.port, timeout=60, source_address=source
                )
            try:
                self._line.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
                for name, value in self._headers(where.netloc, body, kind, headers).items():
                    self._line.putheader(name, value)
                self._line.endheaders(body)
                got = self._line.getresponse()
                text = got.read().decode("utf-8", "replace")
            except (http.client.HTTPException, OSError):
                self._line.close()
                self._line = None
                if again:
                    raise
                continue
            for name, value in got.getheaders():
                if name.lower() == "set-cookie":
                    key, _, rest = value.partition("=")
                    self.cookies[key] = rest.partition(";")[0].strip('"')
            return Answer(got.status, {k.lower(): v for k, v in got.getheaders()}, text)
        raise AssertionError("unreachable")

    def _headers(
        self, host: str, body: bytes | None, kind: str, more: Mapping[str, str] | None
    ) -> dict[str, str]:
        made = {"Host": host, "Accept": "text/html", "Origin": self.base}
        if self.cookies:
            made["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        if body is not None:
            made |= {"Content-Type": kind, "Content-Length": str(len(body))}
        return {**made, **(more or {})}

    def get(self, path: str) -> Answer:
        return self.send("GET", path)

    def post(self, path: str, fields: Iterable[tuple[str, str]], **more: Any) -> Answer:
        return self.send("POST", path, urlencode(list(fields), errors="surrogateescape").encode(), **more)

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None


# ---- sessions ----------------------------------------------------------------------------------------------------------


#: Who of the register an outside party's account belongs to.
RECIPIENTS = {"fleet": "fleetco", "installer": "voltwacht", "hems": "zonnewijs"}


def seat(
    admin: Connection,
    base: str,
    name: str,
    role: str,
    numbers: Iterable[int],
    *,
    proofs: Iterable[str] = ("code", "mfa"),
) -> Visitor:
    """An account with a session of its own, as signing in leaves it. `proofs`: what was given, in order."""
    account, now = new_id(), dt.datetime.now(dt.UTC)
    numbers = tuple(numbers)
    email = None if role == "person" else f"{name}.{secrets.token_hex(4)}@staf.example"
    admin.execute(
        "INSERT INTO signin.signin_account (id, email, name, role, recipient, is_active, expires_at)"
        " VALUES (%s, %s, %s, %s, %s, true, %s)",
        [account, email, name, role, RECIPIENTS.get(role, ""), now + dt.timedelta(days=1)],
    )
    for number in numbers:
        admin.execute(
            "INSERT INTO signin.signin_reach (id, user_id, number, since, until) VALUES (%s, %s, %s, %s, %s)",
            [new_id(), account, number, now.date(), now.date() + dt.timedelta(days=1)],
        )
    proofs = tuple(proofs)
    session = {
        "_auth_user_id": str(account),
        "_auth_user_backend": _BACKEND,
        "_auth_user_hash": salted_hmac(
            "charging.portal.session", f"{account} {role}", secret=KEY, algorithm="sha256"
        ).hexdigest(),
        "account_authentication_methods_user": str(account),
        "account_authentication_methods": [{"method": it, "at": time.time()} for it in proofs],
    }
    key = secrets.token_hex(16)
    admin.execute(
        "INSERT INTO signin.django_session (session_key, session_data, expire_date) VALUES (%s, %s, %s)",
        [
            key,
            signing.dumps(session, key=KEY, salt=_STORE, compress=True),
            now + dt.timedelta(hours=8),
        ],
    )
    return Visitor(base, name, role, account, numbers, "mfa" in proofs, {"bloesem_session": key})


# ---- forms -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Form:
    """A form as it was served: every field with the value that it would send, every button with its own."""

    page: str
    action: str
    method: str
    fields: tuple[tuple[str, str], ...]
    buttons: tuple[tuple[str, str], ...]
    choices: tuple[tuple[str, str], ...]

    @property
    def target(self) -> str:
        return self.action or self.page

    @property
    def names(self) -> list[str]:
        return list(dict.fromkeys(name for name, _ in (*self.fields, *self.buttons, *self.choices)))


class Forms(HTMLParser):
    """Parses every form of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.page, self.found = page, []  # type: str, list[Form]
        self._open: dict[str, Any] | None = None
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        at = {k: v or "" for k, v in attrs}
        if tag == "form":
            self._open = {"action": at.get("action", ""), "method": at.get("method", "get").lower()}
            self._open |= {"fields": [], "buttons": [], "choices": []}
            return
        if self._open is None:
            return
        name, value = at.get("name", ""), at.get("value", "")
        if tag == "button" and name:
            self._open["buttons"].append((name, value))
        elif tag == "textarea" and name:
            self._open["fields"].append((name, ""))
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select:
            self._open["choices"].append((self._select, value))
            if not any(field == self._select for field, _ in self._open["fields"]):
                self._open["fields"].append((self._select, value))
        elif tag == "input" and name:
            if at.get("type") in ("checkbox", "radio"):
                self._open["choices"].append((name, value or "on"))
                if "checked" not in at:
                    return
            self._open["fields"].append((name, value))

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""
        if tag == "form" and self._open is not None:
            lists: dict[str, Any] = {k: tuple(self._open.pop(k)) for k in ("fields", "buttons", "choices")}
            self.found.append(Form(page=self.page, **self._open, **lists))
            self._open = None


def forms_of(page: str, text: str) -> list[Form]:
    parser = Forms(page)
    parser.feed(text)
    return parser.found

"""What went wrong is said in the layout and the language of every other page, with what to do; never in a library's words."""

from __future__ import annotations

import html
from typing import Any

import pytest
from allauth.core.internal.ratelimit import respond_429
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.utils import translation

from bloesem.console.language import LANGUAGES, Language, say

NEAR = {"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "localhost:8000"}


def asked(language: Language, what: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    client = Client(enforce_csrf_checks=True, raise_request_exception=False, **NEAR)  # type: ignore[arg-type]
    here = f"/{language}/try"
    if what == "forged":
        return client.post(here, {"sql": "SELECT 1"})
    if what == "missing":
        return client.get(f"/{language}/nothing-here")
    if what == "method":
        return client.put(here)
    if what == "large":
        client.cookies["bloesem_form"] = "a" * 32
        return client.post(here, "a=" + "b" * 3_000_000, content_type="application/x-www-form-urlencoded")
    if what == "denied":
        monkeypatch.setattr("bloesem.console.guard.at_this_machine", _breaks_once(PermissionDenied()))
        return client.get(here)
    if what == "broken":
        monkeypatch.setattr("bloesem.console.guard.at_this_machine", _breaks_once(ZeroDivisionError()))
        return client.get(here)
    request: HttpRequest = RequestFactory().get(here, **NEAR)  # type: ignore[arg-type]
    with translation.override(language):
        return respond_429(request)


def _breaks_once(fault: Exception) -> object:
    calls: list[None] = []

    def at_this_machine(request: HttpRequest) -> bool:
        calls.append(None)
        if len(calls) == 1:
            raise fault
        return True

    return at_this_machine


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("what", "status", "said"),
    [
        ("forged", 403, ("forged.title", "forged.lead", "forged.reload", "forged.cookies", "forged.again")),
        ("denied", 403, ("forbidden", "denied.lead")),
        ("missing", 404, ("notfound", "notfound.more")),
        ("method", 405, ("method.title", "method.lead")),
        ("large", 413, ("large.title", "large.lead")),
        ("toomany", 429, ("signin.toomany.title", "signin.toomany")),
        ("broken", 500, ("broken.title", "broken.lead")),
    ],
)
def test_each_has_a_page_that_says_what_to_do(
    language: Language, what: str, status: int, said: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = asked(language, what, monkeypatch)
    text = html.unescape(answer.content.decode())
    assert answer.status_code == status
    assert f'<html lang="{language}"' in text
    for key in said:
        assert say(key, language) in text
    assert text.count("<h1") == 1
    assert "<main" in text
    assert "Django" not in text
    assert "CSRF" not in text
    if what != "toomany":  # the middleware closes that one
        assert "default-src 'none'" in answer["Content-Security-Policy"]
    if what == "method":
        assert "GET" in answer["Allow"]

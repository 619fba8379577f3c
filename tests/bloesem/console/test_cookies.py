"""A page that wants to keep or read something of which the model says neither for what nor on which ground does not (P-005)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from bloesem.console import company
from bloesem.console.company import Cookie
from bloesem.console.cookies import CHOICE, DeclaredCookies
from bloesem.console.load import load

SAYS = {"nl": "Voor de test.", "en": "For the test.", "fr": "Pour le test.", "de": "Für den Test."}
NEEDED, AGREED, TRACKER = "bloesem_needed", "bloesem_agreed", "_tracker"


@pytest.fixture
def visit(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[set[str], HttpResponse]]:
    """A page that sets all three, asked by a browser that sends all three: what it reads, and what comes back."""
    ours = (
        Cookie(name=NEEDED, purpose="service", basis="necessary", lasts="P1D", says=SAYS),
        Cookie(name=AGREED, purpose="service", basis="consent", lasts="P1M", says=SAYS),
    )
    real = load()
    monkeypatch.setattr(company, "_current", replace(real, cookies=(*real.cookies, *ours)))

    def visited(choice: str | None, *, sets: bool = True) -> tuple[set[str], HttpResponse]:
        read: set[str] = set()

        def page(request: HttpRequest) -> HttpResponse:
            read.update(request.COOKIES)
            answer = HttpResponse("")
            for name in (NEEDED, AGREED, TRACKER) if sets else ():
                answer.set_cookie(name, "1", max_age=10**9)
            return answer

        request = RequestFactory().get("/nothing")
        request.resolver_match = None
        request.COOKIES = {NEEDED: "1", AGREED: "1", TRACKER: "1", **({CHOICE: choice} if choice else {})}
        answer = DeclaredCookies(page)(request)
        return read - {CHOICE}, answer

    return visited


@pytest.mark.promise("P-005")
@pytest.mark.parametrize(
    ("choice", "may"),
    [
        (None, {NEEDED}),
        ("none", {NEEDED}),
        (AGREED, {NEEDED, AGREED}),
        (f"{AGREED}.{TRACKER}", {NEEDED, AGREED}),
    ],
)
def test_what_is_not_declared_or_not_agreed_to_is_neither_set_nor_read(
    visit: Callable[..., tuple[set[str], HttpResponse]], choice: str | None, may: set[str]
) -> None:
    """Whatever the browser claims that was agreed to: a tracker that nobody declared is blocked."""
    read, answer = visit(choice)
    assert read == may
    assert set(answer.cookies) == may
    kept = {NEEDED: 24 * 60 * 60, AGREED: 31 * 24 * 60 * 60}
    assert {name: answer.cookies[name]["max-age"] for name in may} == {name: kept[name] for name in may}, (
        "no longer than declared"
    )


@pytest.mark.promise("P-005")
def test_where_nothing_is_declared_nothing_is_set_or_read(
    visit: Callable[..., tuple[set[str], HttpResponse]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(company, "_current", replace(company.current(), cookies=()))
    read, answer = visit(f"{NEEDED}.{AGREED}")
    assert (read, set(answer.cookies)) == (set(), set())

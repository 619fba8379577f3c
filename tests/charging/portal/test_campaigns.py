"""Whoever writes to many, on the pages: counted, looked at, released by a second press, stopped; in four languages, at both
widths, without JavaScript too; and by nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import unwrap
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import RequestFactory
from playwright.sync_api import Browser, BrowserContext, Page, expect
from tests.browsers import violations
from tests.charging.portal.client import Visitor, seat
from tests.charging.portal.site import Site
from tests.thorough import again

from bloesem.console.language import say
from charging.portal import campaigns

pytestmark = pytest.mark.browser


@pytest.fixture
def marketer(site: Site) -> Visitor:
    with site.stage.database.connect(autocommit=True) as admin:
        return seat(admin, site.portal, "marketing", "marketing", [])


def opened(browser: Browser, site: Site, who: Visitor, **options: object) -> tuple[BrowserContext, Page]:
    context = browser.new_context(locale="nl-BE", **options)  # type: ignore[arg-type]
    context.add_cookies(
        [{"name": "bloesem_session", "value": who.cookies["bloesem_session"], "url": site.portal}]
    )
    return context, context.new_page()


@pytest.fixture
def screen(browser: Browser, site: Site, marketer: Visitor) -> Iterator[Page]:
    context, page = opened(browser, site, marketer)
    yield page
    context.close()


def looks_right(page: Page, width: int) -> None:
    assert violations(page) == [], page.url
    assert page.evaluate("document.documentElement.scrollWidth") <= width, page.url


def count(page: Page, site: Site, name: str, message: str, language: str = "nl") -> None:
    page.goto(f"{site.portal}/{language}/campaigns")
    page.fill("#name", name)
    page.select_option("#message", message)
    page.click("form.ask button")
    page.wait_for_selector("dl.facts", timeout=60_000)


def counts(site: Site, key: str) -> tuple[dict[str, int], str | None]:
    with site.stage.database.connect() as admin:
        row = admin.execute(
            "SELECT counts, released_at::text FROM bloesem.campaign WHERE key = %s", [key]
        ).fetchone()
    assert row is not None
    return row[0], row[1]


@pytest.mark.parametrize(("language", "width"), again(("nl", 390), ("en", 1280), ("fr", 390), ("de", 1280)))
def test_a_campaign_is_counted_looked_at_released_and_stopped(
    browser: Browser, site: Site, marketer: Visitor, language: str, width: int
) -> None:
    context, page = opened(browser, site, marketer, viewport={"width": width, "height": 900})
    wrong: list[str] = []
    page.on("console", lambda m: wrong.append(m.text) if m.type in ("error", "warning") else None)
    key = f"spring-{language}"
    page.goto(f"{site.portal}/{language}/campaigns")
    looks_right(page, width)
    count(page, site, f"Spring {language}", "satisfaction:email", language)
    found, released = counts(site, key)
    assert released is None
    expect(page.locator("dl.facts dd").first).to_contain_text(str(found["allowed"]))
    for reason, n in found.items():
        if reason != "allowed":
            line = page.locator(".reasons li", has_text=say(f"campaign.why.{reason}", language))
            expect(line).to_contain_text(str(n))
            expect(line).to_contain_text("P-")
    expect(page.locator("details.letter")).to_have_count(4)
    looks_right(page, width)
    page.click("a.button")
    expect(page.locator("button.grave")).to_contain_text(str(found["allowed"]))
    looks_right(page, width)
    assert counts(site, key)[1] is None, "one press releases nothing"
    page.click("button.grave")
    page.wait_for_selector("#outcome", timeout=60_000)
    looks_right(page, width)
    page.click("button[value=stop]")
    expect(page.locator("p.said")).to_have_text(
        say("campaign.stopped", language, n=found["allowed"]), timeout=60_000
    )
    looks_right(page, width)
    assert wrong == []
    context.close()


def test_the_whole_way_without_javascript(browser: Browser, site: Site, marketer: Visitor) -> None:
    context, page = opened(browser, site, marketer, java_script_enabled=False)
    count(page, site, "Quietly", "satisfaction:email")
    page.click("a.button")
    page.click("button.grave")
    page.wait_for_selector("#outcome", timeout=60_000)
    assert counts(site, "quietly")[1] is not None
    context.close()


def test_what_is_done_while_the_page_is_made_is_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The keeper's helper may be done between two looks: the page then shows it, or that it is going on and asks again."""
    looks: list[str] = []

    def look(function: str, *values: object) -> Any:
        """A helper that is done right after the first look."""
        looks.append(function)
        done = len(looks) > 1
        if function == "campaigns":
            return (
                [{"key": "spring", "template": "gone", "released_at": None, "channel": "email"}]
                if done
                else []
            )
        return {
            "campaign": "spring",
            "asked_by": "marketing:1",
            "act": "count",
            "state": "done" if done else "waiting",
            "template": "gone",
        }

    shown: dict[str, Any] = {}
    monkeypatch.setattr(campaigns, "_look", look)
    monkeypatch.setattr(campaigns, "office", lambda: SimpleNamespace(templates=SimpleNamespace(all={})))
    monkeypatch.setattr(campaigns, "actor", lambda request: "marketing:1")
    monkeypatch.setattr(campaigns, "_counted", lambda it, language: {"campaign": it, "allowed": 1})
    monkeypatch.setattr(campaigns, "render", lambda request, name, context: shown.update(context))
    unwrap(campaigns.campaign)(RequestFactory().get("/nl/campaigns/spring?w=1"), campaign="spring")
    assert len(looks) == 2
    assert shown["working"] or "campaign" in shown, (
        "nothing goes on and nothing is there: it would stand still for ever"
    )


def test_who_became_more_than_was_shown_stops_the_release(screen: Page, site: Site) -> None:
    count(screen, site, "Grown", "satisfaction:email")
    screen.click("a.button")
    with site.stage.database.connect(autocommit=True) as admin:  # as if one fewer had been counted, and shown
        admin.execute(
            "UPDATE bloesem.campaign SET counts = counts || jsonb_build_object('allowed', (counts ->> 'allowed')::int - 1)"
            " WHERE key = 'grown'"
        )
    screen.reload()
    screen.click("button.grave")
    expect(screen.locator("p.wrong")).to_have_text(say("campaign.no.more", "nl"), timeout=60_000)
    assert counts(site, "grown")[1] is None


def test_what_is_wrong_is_said_beside_the_field(screen: Page, site: Site) -> None:
    count(screen, site, "Twice", "satisfaction:email")
    for name, key in (("Twice", "campaign.name.taken"), ("--", "campaign.name.wrong")):
        screen.goto(f"{site.portal}/nl/campaigns")
        screen.fill("#name", name)
        screen.click("form.ask button")
        expect(screen.locator("#name-wrong")).to_have_text(say(key, "nl"))
        expect(screen.locator("#name")).to_have_attribute("aria-invalid", "true")


def test_every_reason_and_refusal_has_words() -> None:
    from bloesem.sending.reasons import REASONS

    for reason in REASONS.values():
        if reason.key != "allowed":
            assert say(f"campaign.why.{reason.key}", "de")

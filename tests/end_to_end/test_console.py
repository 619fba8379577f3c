"""Somebody who has read nothing opens the console: look, rehearse, let it happen, follow Ann, try to break it."""

from __future__ import annotations

import os
import re
import socket
import threading
from collections.abc import Iterator
from typing import Any

import django
import pytest
from playwright.sync_api import Browser, Page, expect
from tests.bloesem.console.stage import Stage, build
from tests.browsers import violations
from tests.databases import Database
from tests.thorough import again

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "charging.settings")
django.setup()

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(
    module_database: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Stage]]:
    """The console, served as `make up` serves it, with its keeper."""
    from django.core.wsgi import get_wsgi_application
    from django.test.utils import override_settings
    from waitress.server import create_server

    from bloesem.console import company, door

    stage = build(module_database, tmp_path_factory.mktemp("doors"))
    patch = pytest.MonkeyPatch()
    patch.setattr(door, "dsn", lambda: stage.dsn("console"))
    company.use(stage.company)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with override_settings(BLOESEM_DEMO=True, BLOESEM_DOORS=str(stage.doors)), stage.served():
        server = create_server(get_wsgi_application(), host="127.0.0.1", port=port, threads=6)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{port}", stage
        server.close()
    door.close()
    company.use(None)
    patch.undo()


class Watched:
    """A page whose complaints and requests are noted."""

    def __init__(self, browser: Browser, base: str, **options: Any) -> None:
        self.context = browser.new_context(locale="nl-BE", **options)
        self.page: Page = self.context.new_page()
        self.errors: list[str] = []
        self.elsewhere: list[str] = []
        self.page.on(
            "console", lambda m: self.errors.append(m.text) if m.type in ("error", "warning") else None
        )
        self.page.on("pageerror", lambda e: self.errors.append(str(e)))
        self.page.on("request", lambda r: None if r.url.startswith(base) else self.elsewhere.append(r.url))

    def close(self) -> None:
        self.context.close()
        assert self.errors == []
        assert self.elsewhere == []


@pytest.fixture
def visit(browser: Browser, address: tuple[str, Stage]) -> Iterator[Page]:
    watched = Watched(browser, address[0])
    watched.page.goto(address[0])
    yield watched.page
    watched.close()


def test_the_address_shows_what_the_policy_does_and_switches_language(visit: Page) -> None:
    expect(visit.locator("h1")).to_have_text("Wat het beleid nu doet")
    expect(visit.locator("table.purposes")).to_be_visible(timeout=30_000)
    assert visit.locator("table.purposes tbody tr:not(.group)").count() > 10
    assert visit.locator("svg.bars rect[class^=f]").count() > 0
    visit.click("nav.tongue a[lang=en]")
    expect(visit.locator("h1")).to_have_text("What the policy is doing now")
    expect(visit.locator("html")).to_have_attribute("lang", "en")


@pytest.mark.parametrize("width", again(1280, 390))
@pytest.mark.parametrize("language", again("nl", "en"))
def test_no_page_keeps_anybody_out(
    browser: Browser, address: tuple[str, Stage], language: str, width: int
) -> None:
    """axe finds nothing on any page against WCAG 2.2 A and AA, nor against its own advice; answers and opened lines
    included."""
    watched = Watched(browser, address[0], viewport={"width": width, "height": 900})
    page = watched.page

    def look() -> None:
        assert violations(page) == [], page.url

    page.goto(f"{address[0]}/{language}/")
    expect(page.locator("table.purposes")).to_be_visible(timeout=30_000)
    look()
    page.goto(f"{address[0]}/{language}/date")
    look()
    page.goto(f"{address[0]}/{language}/person/ann")
    expect(page.locator("ol.lines").first).to_be_visible(timeout=30_000)
    for line in page.locator("ol.lines summary").all()[:4]:
        line.click()
    look()
    page.goto(f"{address[0]}/{language}/try")
    page.locator("main form button").first.click()
    expect(page.locator(".result").first).to_be_visible(timeout=30_000)
    look()
    watched.close()


def test_following_ann_from_today(visit: Page) -> None:
    visit.click("text=Eén persoon")
    expect(visit.locator("ol.lines").first).to_be_visible(timeout=30_000)
    expect(visit.locator("#case option:checked")).to_contain_text("Ann")
    family = visit.locator("li.family", has_text="Contactgegevens")
    family.locator("summary").first.click()
    line = family.locator(".open details", has_text="email_address.value_norm").first
    line.locator("summary").click()
    expect(line.locator(".open")).to_contain_text("De persoon maakte bezwaar")
    expect(line.locator(".open")).to_contain_text("te verzetten tegen het gebruik van je persoonsgegevens")
    expect(visit.locator("#main .bad")).to_have_count(0)
    assert visit.locator(".asked .good").count() > 10


def test_a_followed_person_is_told_in_a_few_screens_and_printed_whole(
    browser: Browser, address: tuple[str, Stage]
) -> None:
    watched = Watched(browser, address[0], viewport={"width": 390, "height": 844}, java_script_enabled=False)
    page = watched.page
    page.goto(f"{address[0]}/nl/person/ann")
    expect(page.locator("li.family").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollHeight") < 5 * 844
    value = page.locator(".family b", has_text="Telefoonnummer")
    expect(value).not_to_be_visible()
    page.emulate_media(media="print")
    expect(value).to_be_visible()
    expect(page.locator("table.asked")).to_be_visible()
    page.emulate_media(media="screen")
    page.click("text=De hele tijdlijn als tabel")
    expect(page.locator("table.plain tbody tr").first).to_be_visible()
    watched.close()


def test_trying_to_break_it(visit: Page) -> None:
    visit.click("text=Breek het")
    visit.click("text=Marketing vraagt een rekeningnummer")
    expect(visit.locator(".result .said")).to_contain_text('relation "bank_account" does not exist')
    expect(visit.locator(".because")).to_contain_text("bankrekeningnummer")
    visit.select_option("#role2", "marketing")
    visit.fill("#text", "SELECT given_name FROM person_name")
    visit.click("text=Voer uit")
    expect(visit.locator(".result table.data")).to_be_visible()
    visit.select_option("#role1", "marketing")
    visit.select_option("#fieldname", "birth_date.born_on")
    visit.click("text=Vraag het")
    expect(visit.locator(".result")).to_have_count(2)
    expect(visit.locator(".result").nth(1)).to_contain_text("permission denied for schema data")


def test_by_keyboard_alone(visit: Page) -> None:
    visit.keyboard.press("Tab")
    expect(visit.locator(".skip")).to_be_focused()
    visit.keyboard.press("Enter")
    for _ in range(40):
        visit.keyboard.press("Tab")
        if visit.evaluate(
            "document.activeElement.closest('a')?.getAttribute('href')?.includes('date?day=') ?? false"
        ):
            break
    visit.keyboard.press("Enter")
    expect(visit.locator("h1")).to_have_text("De datum")
    for _ in range(40):
        visit.keyboard.press("Tab")
        if visit.evaluate("document.activeElement.value === 'look'"):
            break
    visit.keyboard.press("Enter")
    expect(visit.locator("#outcome")).to_be_visible(timeout=60_000)


def test_pages_fit_a_phone_and_keep_their_names(browser: Browser, address: tuple[str, Stage]) -> None:
    watched = Watched(browser, address[0], viewport={"width": 390, "height": 844})
    page = watched.page
    for path in ("nl/", "en/", "en/date", "nl/person/ann", "en/try"):
        page.goto(f"{address[0]}/{path}")
        page.wait_for_load_state("networkidle")
        if path in ("nl/", "en/"):
            expect(page.locator(".months")).to_be_visible(timeout=30_000)
        if "person" in path:
            expect(page.locator("ol.lines").first).to_be_visible(timeout=30_000)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
        unnamed = page.evaluate(
            "[...document.querySelectorAll('input:not([type=hidden]),select,textarea')]"
            ".filter(e => !e.labels.length && !e.ariaLabel).length"
        )
        assert unnamed == 0, path
        assert page.locator("h1").count() == 1
    watched.close()


def test_everything_works_without_javascript(browser: Browser, address: tuple[str, Stage]) -> None:
    watched = Watched(browser, address[0], java_script_enabled=False)
    page = watched.page
    page.goto(f"{address[0]}/en/date?day=2099-01-01")
    page.fill("#day", "2031-01-15")
    page.click("button[value=look]")
    expect(page.locator("#outcome")).to_contain_text("15 January 2031", timeout=60_000)
    page.goto(f"{address[0]}/en/try")
    page.click(".ready button >> nth=0")
    expect(page.locator(".result")).to_be_visible()
    watched.close()


def test_a_day_is_looked_at_rehearsed_and_happens(visit: Page) -> None:
    visit.click("text=De datum")
    visit.click("text=1 jaar")
    visit.click("button[value=look]")
    expect(visit.locator("#outcome")).to_contain_text("Tegen", timeout=60_000)
    assert visit.locator(".darkparts li").count() > 3
    visit.click("button[value=rehearse]")
    expect(visit.locator("#outcome")).to_contain_text("Geoefend", timeout=60_000)
    rehearsed = visit.locator(".sum").inner_text()
    visit.check("input[name=sure]")
    visit.click("button[value=happen]")
    expect(visit.locator("#outcome")).to_contain_text("Het is nu", timeout=90_000)
    assert re.sub(r"\D+", " ", visit.locator(".sum").inner_text()) == re.sub(r"\D+", " ", rehearsed)
    expect(visit.locator(".demo")).to_contain_text("dagen vooruit")
    visit.evaluate("document.querySelector('#day').removeAttribute('min')")
    visit.fill("#day", "2026-01-01")
    visit.click("button[value=look]")
    expect(visit.locator("#wrong")).to_contain_text("De klok gaat niet terug")

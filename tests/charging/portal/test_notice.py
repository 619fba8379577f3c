"""The notice as people read it: in four languages, on wide and narrow screens, by keyboard, without a script, and signed in
with what each sentence means for one's own data."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.bloesem.console.stage import BLOSSOM
from tests.charging.portal.site import STAFF, Site
from tests.charging.portal.test_sign_in import Visit, looks_right
from tests.thorough import again

pytestmark = pytest.mark.browser
VERSION = "2024-03-18"
TITLES = {
    "nl": ("Privacybeleid", "Wat we beloven en hoe we dat houden"),
    "en": ("Privacy policy", "What we promise and how we keep it"),
    "fr": ("Politique de confidentialité", "Ce que nous promettons et comment nous le tenons"),
    "de": ("Datenschutzerklärung", "Was wir versprechen und wie wir es halten"),
}
SEVEN = {"nl": "7 jaar", "en": "7 years", "fr": "7 ans", "de": "7 Jahre"}


def shot(page: Page, name: str) -> None:
    if folder := os.environ.get("BLOESEM_SHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def narrow_enough(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, page.url


@pytest.mark.parametrize(("language", "width"), again(("nl", 1280), ("en", 390), ("fr", 390), ("de", 1280)))
def test_anybody_reads_the_notice_its_versions_and_the_promises(
    browser: Browser, site: Site, language: str, width: int
) -> None:
    visit = Visit(browser, site, viewport={"width": width, "height": 900})
    page, base = visit.page, f"{site.portal}/{language}"
    page.goto(f"{base}/notice")
    expect(page.locator("h1")).to_have_text(TITLES[language][0])
    looks_right(page)
    narrow_enough(page)
    expect(page.locator("#s103-3 > summary")).to_have_text(SEVEN[language])
    page.click("#s103-3 > summary")
    page.click("#m-marketing > summary")
    expect(page.locator("#s103-3 .id").first).to_have_text("P-073")
    looks_right(page)
    narrow_enough(page)
    assert not re.search(r"\b(notice|promises)\.[a-z]", page.inner_text("main"))
    page.click("#s103-3 a.id >> nth=0")
    expect(page).to_have_url(f"{base}/promises#P-073")
    expect(page.locator("h1")).to_have_text(TITLES[language][1])
    assert page.locator("tbody tr").count() == 184
    looks_right(page)
    narrow_enough(page)
    for path in (
        f"notice/{VERSION}",
        "notice/changes",
        "promises?state=unproven",
        "notice?q=P",
        "safeguards",
    ):
        page.goto(f"{base}/{path}")
        assert page.locator("h1").count() == 1
        looks_right(page)
        narrow_enough(page)
    assert (
        visit.wrong == []
    )  # neither the block of schema.org nor anything else is refused by the page's own policy
    visit.context.close()


def test_an_address_of_a_version_is_for_ever_and_an_unknown_one_says_which_there_are(
    browser: Browser, site: Site
) -> None:
    visit = Visit(browser, site)
    page = visit.page
    page.goto(f"{site.portal}/nl/notice/{VERSION}#s99-3")
    expect(page.locator("#s99-3 > summary")).to_have_text("1 jaar na beëindiging account")
    for unknown in ("2020-01-01", "gisteren", "2024-13-45", "20240318", "²⁰²⁴-03-18"):
        answer = page.goto(f"{site.portal}/nl/notice/{unknown}")
        assert answer is not None
        assert answer.status == 404, unknown
        expect(page.locator("h1")).to_have_text("Van die dag is er geen versie")
    looks_right(page)
    page.click("text=Versie van 18 maart 2024")
    expect(page).to_have_url(f"{site.portal}/nl/notice/{VERSION}")
    visit.context.close()


def test_by_keyboard_and_without_a_script_a_sentence_opens_and_a_word_is_found(
    browser: Browser, site: Site
) -> None:
    visit = Visit(browser, site, java_script_enabled=False)
    page, keyboard = visit.page, visit.page.keyboard
    page.goto(f"{site.portal}/nl/notice")

    def tab_to(selector: str) -> None:
        for _ in range(80):
            keyboard.press("Tab")
            if page.locator(f"{selector}:focus").count():
                return
        raise AssertionError(f"the keyboard does not reach {selector}")

    tab_to("#q")
    keyboard.type("zwaarder doorwegende")
    keyboard.press("Enter")
    page.wait_for_url("**/notice?q=**")
    expect(page.locator("#found")).to_have_text("Eén plaats met “zwaarder doorwegende”")
    expect(page.locator("mark").first).to_have_text("zwaarder")
    tab_to(".n-hits a")
    keyboard.press("Enter")
    page.wait_for_url("**/notice#s177-1")
    page.goto(f"{site.portal}/nl/notice")
    tab_to("#s1-1 > summary")
    expect(page.locator("#s1-1 .n-why")).not_to_be_visible()
    keyboard.press("Enter")
    expect(page.locator("#s1-1 .n-why")).to_be_visible()
    page.goto(f"{site.portal}/nl/notice?q=xyzzy")
    expect(page.locator("#found")).to_contain_text("Nergens staat “xyzzy”")
    visit.context.close()


def test_programs_read_whose_page_it_is_and_which_version(browser: Browser, site: Site) -> None:
    visit = Visit(browser, site)
    page = visit.page
    page.goto(f"{site.portal}/fr/notice")
    said = json.loads(page.locator('script[type="application/ld+json"]').inner_text())
    assert said["@type"] == "WebPage"
    assert said["version"] == said["dateModified"] == VERSION
    assert said["url"] == f"{site.portal}/fr/notice/{VERSION}"
    assert said["inLanguage"] == "fr"
    publisher = said["publisher"]
    assert publisher["legalName"] == "Blossom Energy BV"
    assert publisher["identifier"] == {"@type": "PropertyValue", "propertyID": "KBO", "value": "0123456749"}
    assert publisher["vatID"] == "BE0123456749"
    assert publisher["contactPoint"]["email"] == "privacy@blossom.be"
    visit.context.close()


def test_every_page_leads_to_the_notice_and_the_promises(browser: Browser, site: Site) -> None:
    visit = Visit(browser, site)
    page = visit.page
    for base, paths in (
        (site.portal, ("signin", "news", "cookies", "notice")),
        (site.console, ("", "cookies")),
    ):
        for path in paths:
            page.goto(f"{base}/de/{path}")
            for name in ("notice", "promises", "safeguards"):
                link = page.locator(f'.foot a[href$="/de/{name}"]')
                assert link.count() == 1, page.url
    page.goto(f"{site.console}/de/")
    page.click('.foot a[href$="/notice"]')
    expect(page.locator("h1")).to_have_text("Datenschutzerklärung")
    visit.context.close()


@pytest.mark.parametrize(("language", "width"), again(("nl", 1280), ("fr", 390)))
def test_whoever_signs_in_reads_what_each_sentence_means_for_their_data_today(
    browser: Browser, site: Site, language: str, width: int
) -> None:
    visit = Visit(browser, site, viewport={"width": width, "height": 900})
    page = visit.page
    page.goto(f"{site.portal}/{language}/me/notice")
    assert "/signin" in page.url
    site.sign_in(page, site.somebody(), language)
    page.goto(f"{site.portal}/{language}/notice")
    page.click(f'.n-links a[href="/{language}/me/notice"]')
    looks_right(page)
    narrow_enough(page)
    company = site.stage.company
    page.click("#s107-3 > summary")  # one year after the last interaction
    mine = page.locator("#s107-3 .n-mine")
    expect(mine).to_contain_text(company.part("marketing", language))
    page.click("#s51-1 > summary")
    expect(page.locator("#s51-1 .n-mine")).to_contain_text(company.category("identification.name", language))
    page.click("#s125-1 > summary")  # nobody did market research with them
    got = {
        "nl": "Niemand van deze soort kreeg iets van jou.",
        "fr": "Personne de ce type n’a rien reçu de vous.",
    }
    expect(page.locator("#s125-1 .n-mine")).to_have_text(re.compile(re.escape(got[language]) + "$"))
    page.click("#m-identify > summary")
    expect(page.locator("#m-identify .n-mine")).to_contain_text(company.part("identify", language))
    looks_right(page)
    narrow_enough(page)
    shot(page, f"notice-mine-{language}-{width}")
    assert visit.wrong == []
    visit.context.close()


def test_only_a_person_has_a_notice_of_their_own_and_the_public_one_holds_nobody(
    browser: Browser, site: Site
) -> None:
    visit = Visit(browser, site)
    page, address = visit.page, site.somebody()
    site.sign_in(page, address)
    page.goto(f"{site.portal}/nl/notice")
    assert page.locator(".n-mine").count() == 0
    assert address not in page.content()
    visit.context.close()
    officer = Visit(browser, site)
    site.sign_in_first(officer.page, STAFF["officer"])
    officer.page.goto(f"{site.portal}/nl/me/notice")
    assert officer.page.locator(".n-mine").count() == 0
    officer.context.close()


def test_the_version_on_the_page_is_the_company_s_text(browser: Browser, site: Site) -> None:
    """Claim by claim on the page itself: every line of the text stands there, word for word."""
    visit = Visit(browser, site)
    page = visit.page
    page.goto(f"{site.portal}/nl/notice")
    shown = re.sub(r"\s+", "", page.evaluate("document.querySelector('.policy-text').textContent"))
    text = (BLOSSOM / "policy" / VERSION / "text.nl.txt").read_text("utf-8")
    for line in text.split("\n"):
        for piece in re.split(r"[|•]", line):
            words = re.sub(r"\s+|-{3,}:", "", piece)
            if (
                "." not in words[:-1] and "?" not in words[:-1]
            ):  # of a line with more sentences each is looked for apart
                assert words in shown, piece
    visit.context.close()

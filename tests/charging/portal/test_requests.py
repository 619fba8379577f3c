"""Asking about one's data, in a browser: without an account, signed in, by keyboard, without a script; and the officer's desk."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect
from pypdf import PdfReader
from tests.browsers import violations
from tests.charging.portal.site import Site

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def admin(site: Site) -> Iterator[psycopg.Connection[Any]]:
    with site.stage.database.connect(autocommit=True) as connection:
        yield connection


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(locale="nl-BE", viewport={"width": 390, "height": 844})
    yield context.new_page()
    context.close()


def looks_right(page: Page, width: int) -> None:
    assert violations(page) == [], page.url
    assert page.evaluate("document.documentElement.scrollWidth") <= width, page.url
    assert page.locator("h1").count() == 1
    assert page.locator("[style]").count() == 0


def link(admin: psycopg.Connection[Any], template: str, address: str, after: int = 0) -> str:
    """The link of the newest letter of this template to that address, once the helper has written it."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        row = admin.execute(
            "SELECT contents->>'link' FROM bloesem.outbox WHERE template = %s AND lower(address) = lower(%s) AND id > %s"
            " ORDER BY id DESC LIMIT 1",
            [template, address, after],
        ).fetchone()
        if row is not None:
            return str(row[0])
        time.sleep(0.1)
    raise AssertionError(f"no {template} to that address")


def newest(admin: psycopg.Connection[Any]) -> int:
    row = admin.execute("SELECT COALESCE(max(id), 0) FROM bloesem.outbox").fetchone()
    assert row is not None
    return int(row[0])


def waiting(admin: psycopg.Connection[Any], person: int, state: str) -> str:
    """The number of the person's newest case, once it is in that state."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        row = admin.execute(
            "SELECT number, state FROM bloesem.request_case WHERE person_id = %s ORDER BY id DESC LIMIT 1",
            [person],
        ).fetchone()
        if row is not None and row[1] == state:
            return str(row[0])
        time.sleep(0.1)
    raise AssertionError(f"no case of theirs is {state}")


@pytest.mark.promise("P-145")
def test_a_copy_without_an_account_by_the_letter_alone(
    site: Site, page: Page, admin: psycopg.Connection[Any]
) -> None:
    address = site.people["customer"]
    page.goto(f"{site.portal}/nl/requests")
    looks_right(page, 390)
    page.click("text=Tonen wat jullie van mij hebben")
    looks_right(page, 390)
    page.click("main form button")
    expect(page.locator("#wrong")).to_be_visible()
    page.fill("#address", address)
    page.fill("#words", "<script>alert(1)</script> Alles, graag.")
    page.click("main form button")
    expect(page.locator("[role=status]")).to_contain_text("adres")
    looks_right(page, 390)
    known = page.content()
    page.goto(link(admin, "case-prove", address))
    looks_right(page, 390)
    page.click("main form button")
    expect(page.locator("[role=status]")).to_contain_text("Dank je")
    there = link(admin, "case-answered", address)
    page.goto(there)
    looks_right(page, 390)
    page.click("main form button")
    expect(page.locator("h1")).to_have_text("Wat wij over je weten")
    looks_right(page, 390)
    page.set_viewport_size({"width": 1280, "height": 900})
    looks_right(page, 1280)
    with page.expect_download() as saved:
        page.click("text=Bewaren als PDF")
    pdf = PdfReader(saved.value.path())
    assert "Wat wij over je weten" in (pdf.pages[0].extract_text() or "")
    page.goto(there)
    page.click("main form button")
    with page.expect_download() as saved:
        page.click("text=De gegevens")
    with zipfile.ZipFile(io.BytesIO(saved.value.path().read_bytes())) as archive:
        assert "data.json" in archive.namelist()
    page.goto(f"{site.portal}/nl/requests/new/access")
    page.fill("#address", "niemand@elders.example")
    page.click("main form button")
    expect(page.locator("[role=status]")).to_be_visible()
    assert page.content() == known  # who is known here is told nobody


def test_a_link_that_was_used_up_forged_or_cut_looks_alike(site: Site, page: Page) -> None:
    seen = []
    for token in ("x", "A" * 43, "A" * 300):
        response = page.goto(f"{site.portal}/nl/answer/{token}")
        assert response is not None
        assert response.status == 404
        assert response.headers["referrer-policy"] == "no-referrer"
        seen.append(page.inner_text("main"))
    assert len(set(seen)) == 1
    looks_right(page, 390)


def test_signed_in_by_keyboard_alone_and_taken_back(
    browser: Browser, site: Site, admin: psycopg.Connection[Any]
) -> None:
    context = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 900})
    page = context.new_page()
    site.sign_in(page, site.people["ann"], "en")
    page.goto(f"{site.portal}/en/me/requests/new")
    looks_right(page, 1280)
    until(page, "Erase my data")
    page.keyboard.press("Enter")
    page.wait_for_url("**/me/requests/new/erasure")
    looks_right(page, 1280)
    until(page, "Send the request")
    page.keyboard.press("Enter")
    page.wait_for_url("**/me/requests")
    expect(page.locator("#said")).to_contain_text("Your request is")
    looks_right(page, 1280)
    waiting(admin, site.numbers["ann"], "waiting")
    page.reload()
    expect(page.locator("main")).to_contain_text("with the officer")
    until(page, "Withdraw this request")
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_contain_text("Withdrawn")
    expect(page.locator("main")).to_contain_text("withdrawn")
    context.close()


def until(page: Page, text: str) -> None:
    """Tabs until something with this text has the focus."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if text in str(page.evaluate("document.activeElement.innerText || ''")):
            return
    raise AssertionError(f"{text}: the keyboard does not come there")


@pytest.mark.promise("R-037")
def test_no_more_advertising_without_a_script_without_a_proof(
    browser: Browser, site: Site, admin: psycopg.Connection[Any]
) -> None:
    context = browser.new_context(java_script_enabled=False, locale="nl-BE")
    page = context.new_page()
    address, person = site.people["restricted"], site.numbers["restricted"]
    page.goto(f"{site.portal}/nl/requests/new/marketing")
    assert page.locator("#words").count() == 0
    page.fill("#address", address)
    page.click("main form button")
    expect(page.locator("[role=status]")).to_be_visible()
    waiting(admin, person, "answered")
    row = admin.execute(
        "SELECT count(*) FROM bloesem.fact WHERE person_id = %s AND kind = 'objection' AND key = 'marketing' AND ends_at IS NULL",
        [person],
    ).fetchone()
    assert row == (1,)
    context.close()


@pytest.mark.parametrize("language", ["fr", "de"])
def test_the_forms_are_there_in_every_language(page: Page, site: Site, language: str) -> None:
    for which in ("rectification", "restriction", "objection", "withdrawal", "human", "other"):
        page.goto(f"{site.portal}/{language}/requests/new/{which}")
        assert page.locator("html").get_attribute("lang") == language
        looks_right(page, 390)


def test_the_officer_sees_the_clock_decides_once_and_writes_down_a_letter(
    browser: Browser, site: Site, admin: psycopg.Connection[Any]
) -> None:
    person = site.numbers["four_ends"]
    context = browser.new_context(locale="nl-BE", viewport={"width": 1280, "height": 900})
    page = context.new_page()
    site.sign_in_staff(page, "officer")
    page.goto(f"{site.portal}/nl/officer/cases/new")
    looks_right(page, 1280)
    page.fill("#received", "2026-01-05")
    page.select_option("#asked", "erasure")
    page.fill("#address", site.people["four_ends"])
    page.fill("#words", "Wis alles, zoals ik in mijn brief vroeg.")
    page.click("main form button")
    page.wait_for_url("**/officer/cases/2*")
    waiting(admin, person, "asked")
    page.goto(f"{site.portal}/nl/officer/cases")
    looks_right(page, 1280)
    admin.execute("SELECT bloesem.case_prove('x')")
    there = link(admin, "case-prove", site.people["four_ends"])
    other = browser.new_context().new_page()
    other.goto(there)
    other.click("main form button")
    number = waiting(admin, person, "waiting")
    page.goto(f"{site.portal}/nl/officer/cases")
    expect(page.locator("tbody tr", has_text=number)).to_contain_text("te laat")
    page.set_viewport_size({"width": 390, "height": 844})
    looks_right(page, 390)
    page.click(f"text={number}")
    looks_right(page, 390)
    expect(page.locator("#preview")).to_be_visible()
    page.set_viewport_size({"width": 1280, "height": 900})
    looks_right(page, 1280)
    page.select_option("#outcome", "refused")
    page.click("button[value=decide]")
    expect(page.locator("#said")).to_contain_text("reden")
    page.select_option("#outcome", "granted")
    page.click("button[value=decide]")
    expect(page.locator("#said")).to_contain_text("Genoteerd")
    row = admin.execute(
        "SELECT count(*) FROM bloesem.reading WHERE person_id = %s AND actor LIKE 'officer:%%'", [person]
    ).fetchone()
    assert row is not None
    assert row[0] > 0
    waiting(admin, person, "answered")
    context.close()

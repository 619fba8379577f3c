"""Asking about one's data, in a browser: without an account, signed in, by keyboard, without a script; and the officer's desk."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pypdf import PdfReader
from tests.bloesem.rights.guarded.test_told import given
from tests.browsers import violations
from tests.charging.portal.client import Visitor, forms_of, seat
from tests.charging.portal.hands import Hand, Keyboard, Scriptless
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


@pytest.mark.promise("R-019")
@pytest.mark.promise("R-018")
@pytest.mark.promise("R-013")
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


@pytest.mark.promise("R-039")
def test_the_data_of_a_charge_point_is_asked_signed_in_and_can_be_sent_to_another(
    site: Site, admin: psycopg.Connection[Any]
) -> None:
    person, address = site.numbers["customer"], site.people["customer"]
    visitor, before = seat(admin, site.portal, "charger", "person", [person]), newest(admin)
    asks = "/nl/me/requests/new/data_act"
    assert asks in visitor.get("/nl/requests").text, "whom we know need not prove who they are"
    (form, *_) = [f for f in forms_of(asks, visitor.get(asks).text) if f.method == "post"]
    assert visitor.post(asks, form.fields).status == 302
    waiting(admin, person, "answered")
    there = link(admin, "case-answered", address, before).removeprefix(site.portal)
    assert "Rechtstreeks naar een andere leverancier" in visitor.post(there, [("do", "open")]).text
    nowhere = visitor.post(there, [("do", "transfer"), ("address", "http://anders.example")])
    assert (nowhere.status, "begint met https://" in nowhere.text) == (400, True)
    visitor.close()


@pytest.mark.promise("R-024")
def test_the_officer_sees_who_has_to_answer_for_what_lies_elsewhere_and_adds_it(
    site: Site, page: Page, admin: psycopg.Connection[Any]
) -> None:
    person, address = site.numbers["four_ends"], site.people["four_ends"]
    given(admin, person, "voltwacht", "after_sales", address=["street"])
    before = newest(admin)
    visitor = seat(admin, site.portal, "asks", "person", [person])
    asks = "/nl/me/requests/new/access"
    (form, *_) = [f for f in forms_of(asks, visitor.get(asks).text) if f.method == "post"]
    assert visitor.post(asks, form.fields).status == 302
    number = waiting(admin, person, "waiting")
    officer = seat(admin, site.portal, "officer", "officer", [])
    there = f"/nl/officer/cases/{number}/elsewhere"
    assert there in officer.get(f"/nl/officer/cases/{number}").text
    page.context.add_cookies(
        [{"name": "bloesem_session", "value": officer.cookies["bloesem_session"], "url": site.portal}]
    )
    page.goto(f"{site.portal}{there}")
    looks_right(page, 390)
    page.click("button[value=data]")
    expect(page.locator("main")).to_contain_text("nog niet")
    page.fill("#words-voltwacht", "Foto van de meterkast, 3 mei 2025.")
    page.click("button[value=data]")
    expect(page.locator("main")).to_contain_text("gaat mee in het antwoord")
    waiting(admin, person, "answered")
    found = visitor.post(
        link(admin, "case-answered", address, before).removeprefix(site.portal), [("do", "open")]
    )
    assert "elsewhere/voltwacht.txt" in found.text
    assert officer.get("/nl/officer/cases/2026-22222222/elsewhere").status == 404
    for one in (visitor, officer):
        one.close()


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
@pytest.mark.promise("P-166")
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


@pytest.mark.promise("P-168")
@pytest.mark.parametrize("language", ["fr", "de"])
def test_the_forms_are_there_in_every_language(page: Page, site: Site, language: str) -> None:
    for which in ("rectification", "restriction", "objection", "withdrawal", "human", "other"):
        page.goto(f"{site.portal}/{language}/requests/new/{which}")
        assert page.locator("html").get_attribute("lang") == language
        looks_right(page, 390)


@pytest.mark.promise("R-013")
@pytest.mark.promise("R-005")
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
    page.select_option("#asked", "other")  # whoever opens the letter does not say what it asks
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
    page.select_option("#asked", "erasure")
    page.click("button[value=means]")
    expect(page.locator("#said")).to_contain_text("Genoteerd")
    waiting(admin, person, "waiting")
    page.reload()
    expect(page.locator("h1")).to_contain_text("wissen")
    expect(page.locator("#preview ~ .scroll tbody tr").first).to_be_visible()  # rehearsed as what it is
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
    on_paper(site, page, admin)
    context.close()


def on_paper(site: Site, page: Page, admin: psycopg.Connection[Any]) -> None:
    """A letter of a parent that names no mailbox: its scan, by what right they ask, and about whom."""
    row = admin.execute(
        "SELECT p.id, p.customer_number, a.street, a.postal_code FROM data.person p JOIN data.address a ON a.person_id = p.id"
        " WHERE p.customer_number IS NOT NULL AND a.street IS NOT NULL AND NOT EXISTS (SELECT FROM data.address o"
        " WHERE o.street = a.street AND o.person_id <> p.id) ORDER BY p.id LIMIT 1"
    ).fetchone()
    assert row is not None
    child, customer, street, code = row
    page.goto(f"{site.portal}/nl/officer/cases/new")
    page.fill("#received", "2026-02-05")
    page.select_option("#asked", "access")
    page.fill("#words", "Wat weten jullie over mijn dochter?")
    page.click("main form button")
    expect(page.locator("#wrong")).to_be_visible()  # neither a mailbox nor a home: nobody could be answered
    page.fill("#home", "B. Maes\nVeld 1\n2800 Mechelen")
    page.select_option("#about", "parent")
    looks_right(page, 1280)
    page.click("main form button")
    page.wait_for_url("**/officer/cases/2*")
    page.click("summary:has-text('scan')")
    for name, content, said in (
        ("brief.pdf", b"<html>", "geen heel PDF"),
        ("brief.pdf", b"%PDF-1.7" + bytes(10 * 1024 * 1024), "groter dan 10 MB"),
        ("brief.exe", SCAN, "Genoteerd"),
    ):
        page.set_input_files("#scan", {"name": name, "mimeType": "application/pdf", "buffer": content})
        page.click("button[value=scan]")
        expect(page.locator("#said")).to_contain_text(said)
        page.click("summary:has-text('scan')")
    looks_right(page, 1280)
    with page.expect_download() as saved:
        page.click("button[value=scan-show]")
    assert saved.value.suggested_filename.endswith(".pdf")
    assert saved.value.path().read_bytes() == SCAN
    expect(page.locator("#mandate")).to_be_visible()
    page.fill("#why-mandate", "Uittreksel gezien.")
    page.click("button[value=mandate]")
    expect(page.locator("#said")).to_contain_text("geboren")
    page.fill("#born", "2015-03-04")
    page.fill("#why-mandate", "Uittreksel gezien.")
    page.click("button[value=mandate]")
    expect(page.locator("#said")).to_contain_text("Genoteerd")
    expect(page.locator("main")).to_contain_text("kind van")
    page.fill("#known-customer_number", customer)
    page.click("button[value=known]")
    expect(page.locator("#said")).to_contain_text("Twee dingen")
    page.fill("#known-customer_number", customer)
    page.fill("#known-address", f"{street}, {code}")
    looks_right(page, 1280)
    page.click("button[value=known]")
    expect(page.locator("#said")).to_contain_text("Genoteerd")
    waiting(admin, child, "answered")
    sent = admin.execute(
        "SELECT channel, address FROM bloesem.outbox WHERE template = 'case-answered-paper' ORDER BY id DESC LIMIT 1"
    ).fetchone()
    assert sent == ("post", "B. Maes\nVeld 1\n2800 Mechelen")


#: The least that a PDF is, by its content.
SCAN = b"%PDF-1.7\n1 0 obj << >> endobj\nstartxref\n9\n%%EOF\n"


# ---- the whole way, in Dutch without a script and in English by keyboard alone ---------------------------------------------

#: The words on the way, by language, as a reader of it looks for them.
WAY = {
    "nl": {
        "erase": "Mijn gegevens wissen", "go": "Vraag versturen", "yes": "Ja, dat ben ik", "thanks": "Dank je",
        "noted": "Genoteerd", "decide": "Beslissen", "open": "Openen", "erased": "gewist", "object": "Bezwaar maken",
        "officer": "bij de functionaris", "answered": "beantwoord", "withdraw": "Mijn toestemming intrekken",
        "record": "Leg de beslissing vast", "decided": "beslist",
    },
    "en": {
        "erase": "Erase my data", "go": "Send the request", "yes": "Yes, it is me", "thanks": "Thank you",
        "noted": "Recorded", "decide": "Decide", "open": "Open", "erased": "erased", "object": "Object",
        "officer": "with the officer", "answered": "answered", "withdraw": "Withdraw my consent",
        "record": "Record the decision", "decided": "decided",
    },
}  # fmt: skip


@pytest.fixture(params=["nl", "en"])
def way(request: pytest.FixtureRequest, browser: Browser) -> Iterator[tuple[str, BrowserContext, Hand]]:
    """Language, browser and hand."""
    language = str(request.param)
    context = browser.new_context(
        locale=f"{language}-BE", viewport={"width": 1280, "height": 900}, java_script_enabled=language == "en"
    )
    page = context.new_page()
    yield language, context, Keyboard(page) if language == "en" else Scriptless(page)
    context.close()


def seated(context: BrowserContext, site: Site, who: Visitor) -> None:
    context.clear_cookies()
    cookie = who.cookies["bloesem_session"]
    context.add_cookies([{"name": "bloesem_session", "value": cookie, "url": site.portal}])


def test_asked_identified_decided_and_answered(
    site: Site, admin: psycopg.Connection[Any], way: tuple[str, BrowserContext, Hand]
) -> None:
    language, context, hand = way
    case, words = {"nl": "former_recent", "en": "ann"}[language], WAY[language]
    person, address, page = site.numbers[case], site.people[case], hand.page
    page.goto(f"{site.portal}/{language}/requests")
    hand.press(words["erase"])
    hand.put("words", "Alles, graag.")
    hand.put("address", address)
    hand.press(words["go"])
    expect(page.locator("[role=status]")).to_be_visible()
    page.goto(link(admin, "case-prove", address))
    hand.press(words["yes"])
    expect(page.locator("[role=status]")).to_contain_text(words["thanks"])
    number = waiting(admin, person, "waiting")
    officer = seat(admin, site.portal, "Mira Claes", "officer", ())
    seated(context, site, officer)
    page.goto(f"{site.portal}/{language}/officer/cases")
    hand.press(number)
    hand.choose("outcome", "partly")
    hand.put("why", "De facturen blijven, omdat de wet het vraagt.")
    hand.press(words["decide"])
    expect(page.locator("#said")).to_contain_text(words["noted"])
    officer.close()
    waiting(admin, person, "answered")
    context.clear_cookies()
    page.goto(link(admin, "case-answered", address))
    hand.press(words["open"])
    expect(page.locator("main")).to_contain_text("De facturen blijven")
    expect(page.locator("main table")).to_contain_text(words["erased"])


def test_an_objection_and_a_withdrawal_are_made_and_followed(
    site: Site, admin: psycopg.Connection[Any], way: tuple[str, BrowserContext, Hand]
) -> None:
    language, context, hand = way
    case, words, page = {"nl": "co_user", "en": "shared_home"}[language], WAY[language], hand.page
    person = site.numbers[case]
    visitor = seat(admin, site.portal, case, "person", [person], proofs=("code",))
    seated(context, site, visitor)
    page.goto(f"{site.portal}/{language}/me/requests/new")
    hand.press(words["object"])
    hand.tick("purpose")
    hand.put("words", "Dat wil ik niet.")
    hand.press(words["go"])
    waiting(admin, person, "waiting")
    page.reload()
    expect(page.locator("main")).to_contain_text(words["officer"])
    page.goto(f"{site.portal}/{language}/me/requests/new")
    hand.press(words["withdraw"])
    hand.press(words["go"])
    waiting(admin, person, "answered")
    page.reload()
    expect(page.locator("main .cards > li").first).to_contain_text(words["answered"])
    visitor.close()


def test_a_version_is_decided_about_on_its_page(
    site: Site, admin: psycopg.Connection[Any], way: tuple[str, BrowserContext, Hand]
) -> None:
    language, context, hand = way
    words, page = WAY[language], hand.page
    admin.execute("DELETE FROM bloesem.publication_wish")
    admin.execute("DELETE FROM bloesem.publication")
    officer = seat(admin, site.portal, "Mira Claes", "officer", ())
    seated(context, site, officer)
    page.goto(f"{site.portal}/{language}/officer/versions/2027-03-01")
    hand.put("reason", "Andere gronden, en een langere termijn.")
    hand.press(words["record"])
    until = time.monotonic() + 60
    while time.monotonic() < until and not admin.execute("SELECT 1 FROM bloesem.publication").fetchone():
        time.sleep(0.1)
    page.goto(f"{site.portal}/{language}/officer/versions/2027-03-01")
    expect(page.locator(".stamp").first).to_have_text(words["decided"])
    hand.put("url", "https://www.blossom.be/nl/privacy")
    hand.press({"nl": "Kondig aan", "en": "Announce"}[language])
    wish = admin.execute(
        "SELECT act, asked->>'url' FROM bloesem.publication_wish ORDER BY id DESC LIMIT 1"
    ).fetchone()
    assert wish == ("announce", "https://www.blossom.be/nl/privacy")
    officer.close()

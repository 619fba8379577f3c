"""Who signs in, and how: a code by mail, a passkey, a second factor for staff, and nobody by guessing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from tests.browsers import violations
from tests.charging.portal.site import STAFF, Site, totp, whole_window
from tests.thorough import again

pytestmark = pytest.mark.browser
OFFICERS = ("readers", "transfers", "recipients", "recipients/nimbus", "matrix", "disclosures", "consents")
WORDS = {
    "nl": ("Aanmelden", "Je code om aan te melden", "Dag "),
    "en": ("Sign in", "Your code to sign in", "Hello "),
    "fr": ("Se connecter", "Votre code de connexion", "Bonjour "),
    "de": ("Anmelden", "Dein Code zum Anmelden", "Hallo "),
}


class Visit:
    """A browser of its own; what it complains of and what it asks elsewhere is noted."""

    def __init__(self, browser: Browser, site: Site, **options: Any) -> None:
        self.context: BrowserContext = browser.new_context(locale="nl-BE", **options)
        self.page: Page = self.context.new_page()
        self.site, self.wrong = site, []  # type: Site, list[str]
        self.page.on(
            "console", lambda m: self.wrong.append(m.text) if m.type in ("error", "warning") else None
        )
        self.page.on("pageerror", lambda e: self.wrong.append(str(e)))


@pytest.fixture
def visit(browser: Browser, site: Site) -> Iterator[Visit]:
    made = Visit(browser, site)
    yield made
    made.context.close()


@pytest.fixture
def page(visit: Visit) -> Page:
    return visit.page


def looks_right(page: Page) -> None:
    assert violations(page) == [], page.url


@pytest.mark.parametrize(("language", "width"), again(("nl", 1280), ("en", 390), ("fr", 390), ("de", 1280)))
def test_a_person_signs_in_with_a_code_and_sees_their_own_data(
    browser: Browser, site: Site, language: str, width: int
) -> None:
    visit = Visit(browser, site, viewport={"width": width, "height": 900})
    address = site.somebody()
    page, (title, subject, hello) = visit.page, WORDS[language]
    page.goto(f"{site.portal}/{language}/")
    expect(page.locator("h1")).to_have_text(title)
    looks_right(page)
    letter = site.ask(page, address, language)
    assert letter.subject == subject
    looks_right(page)
    page.fill("#id_code", letter.code)
    page.click("main form button >> nth=0")
    expect(page.locator("h1")).to_contain_text(hello)
    expect(page.locator("main")).to_contain_text(address)
    looks_right(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for path in ("account", "account/passkey", "cookies", "outbox", "me/person_name"):
        page.goto(f"{site.portal}/{language}/{path}")
        assert page.locator("h1").count() == 1
        looks_right(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    page.click(".out button")
    expect(page.locator("h1")).to_have_text(title)
    page.goto(f"{site.portal}/{language}/me")
    expect(page.locator("h1")).to_have_text(title)
    assert visit.wrong == []
    visit.context.close()


def test_by_keyboard_alone_and_without_javascript(browser: Browser, site: Site) -> None:
    visit = Visit(browser, site, java_script_enabled=False)
    address = site.somebody()
    page, keyboard = visit.page, visit.page.keyboard
    page.goto(f"{site.portal}/nl/signin")
    before = len(site.letters())

    def tab_to(selector: str) -> None:
        for _ in range(30):
            keyboard.press("Tab")
            if page.locator(f"{selector}:focus").count():
                return
        raise AssertionError(f"the keyboard does not reach {selector}")

    keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    tab_to("#id_email")
    keyboard.type(address)
    keyboard.press("Enter")
    page.wait_for_url("**/signin/code")
    tab_to("#id_code")
    keyboard.type(site.letter_to(address, before).code.replace("-", " ").lower())
    keyboard.press("Enter")
    page.wait_for_url("**/nl/me")
    tab_to(".out button")
    keyboard.press("Enter")
    page.wait_for_url("**/nl/signin")
    visit.context.close()


def test_whether_an_address_is_known_cannot_be_seen(page: Page, site: Site) -> None:
    shown, known = [], site.somebody()
    for address in (site.people["prospect"], "nobody.at.all@post.example", known):
        letter = site.ask(page, address)
        shown.append(page.inner_text("main").replace(address, "…"))
        assert ("Je code" in letter.subject) == (address == known)
    assert len(set(shown)) == 1


@pytest.mark.promise("P-060")
def test_an_address_that_only_the_employer_gave_signs_nobody_in(page: Page, site: Site) -> None:
    query = (
        "SELECT w.value FROM data.work_email w WHERE w.source LIKE 'werkgever:%%' AND EXISTS (SELECT FROM data.login_credential l"
        " WHERE l.person_id = w.person_id) LIMIT 1"
    )
    with site.stage.database.connect() as admin:
        row = admin.execute(query).fetchone()
    assert row is not None
    letter = site.ask(page, row[0])
    assert letter.subject == "Iemand wilde met dit adres aanmelden"


@pytest.mark.parametrize(
    "address", ["", "nobody", "a@b", "a b@post.example", "a@post.example, b@post.example", "x" * 300]
)
def test_what_is_no_address_is_said_in_words(page: Page, site: Site, address: str) -> None:
    before = len(site.letters())
    page.goto(f"{site.portal}/fr/signin")
    page.evaluate("document.querySelector('#id_email').type = 'text'")
    page.evaluate("document.querySelector('#id_email').removeAttribute('maxlength')")
    page.fill("#id_email", address)
    page.click("main form button >> nth=0")
    expect(page.locator("#email-wrong").first).to_be_visible()
    looks_right(page)
    assert len(site.letters()) == before


def test_a_wrong_code_three_times_and_it_begins_anew(page: Page, site: Site) -> None:
    letter = site.ask(page, site.somebody())
    for left in (2, 1):
        page.fill("#id_code", "WRNG-CDXX")
        page.click("main form button >> nth=0")
        expect(page.locator("#code-wrong")).to_contain_text("Deze code klopt niet")
        assert page.locator("#id_code").get_attribute("aria-invalid") == "true", left
    page.fill("#id_code", "WRNG-CDXX")
    page.click("main form button >> nth=0")
    page.wait_for_url("**/nl/signin")
    expect(page.locator(".messages")).to_contain_text("Te veel pogingen")
    page.goto(f"{site.portal}/nl/signin/code")  # the right code comes too late
    page.wait_for_url("**/nl/signin")
    assert letter.code


def test_a_code_is_good_once_and_in_the_browser_that_asked_alone(
    browser: Browser, page: Page, site: Site
) -> None:
    address = site.somebody()
    other = Visit(browser, site)
    letter = site.ask(page, address)
    site.ask(other.page, site.somebody())
    other.page.fill("#id_code", letter.code)  # somebody else's code
    other.page.click("main form button >> nth=0")
    expect(other.page.locator("#code-wrong")).to_be_visible()
    page.fill("#id_code", letter.code)
    page.click("main form button >> nth=0")
    page.wait_for_url("**/nl/me")
    page.click(".out button")
    page.wait_for_url("**/nl/signin")
    site.ask(page, address)
    page.fill("#id_code", letter.code)  # the same one again
    page.click("main form button >> nth=0")
    expect(page.locator("#code-wrong")).to_be_visible()
    other.context.close()


def test_no_code_is_stored_in_plain(page: Page, site: Site) -> None:
    import base64
    import json
    import zlib

    address = site.somebody()
    letter = site.ask(page, address)
    plain = letter.code.replace("-", "")
    with site.stage.database.connect() as admin:
        kept = [row[0] for row in admin.execute("SELECT session_data FROM signin.django_session").fetchall()]
    assert kept
    read = []
    for value in kept:
        packed = value.split(":")[0]
        body = base64.urlsafe_b64decode(packed.lstrip(".") + "=" * (-len(packed.lstrip(".")) % 4))
        read.append(json.loads(zlib.decompress(body) if packed.startswith(".") else body))
    said = json.dumps(read)
    assert address in said
    assert plain not in said
    assert letter.code not in said


def test_a_passkey_signs_in_by_itself(visit: Visit, site: Site) -> None:
    page = visit.page
    cdp = visit.context.new_cdp_session(page)
    cdp.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    site.sign_in(page, site.people["dispute_open"])
    page.goto(f"{site.portal}/nl/account/passkey")
    page.fill("#id_name", "Mijn laptop")
    page.click("main form button")
    page.wait_for_url("**/nl/account")
    expect(page.locator("main")).to_contain_text("Mijn laptop")
    looks_right(page)
    page.click(".out button")
    page.wait_for_url("**/nl/signin")
    page.click("#passkey button")
    page.wait_for_url("**/nl/me")
    expect(page.locator("main")).to_contain_text(site.people["dispute_open"])
    page.goto(f"{site.portal}/nl/account")
    page.click("main .cards a")
    page.click("main form button")
    page.wait_for_url("**/nl/account")
    expect(page.locator("main")).not_to_contain_text("Mijn laptop")
    assert visit.wrong == []


def test_staff_come_nowhere_without_a_second_factor(browser: Browser, site: Site) -> None:
    pages = ("fleet", "jobs", "officer")
    first = Visit(browser, site)
    site.sign_in_first(first.page, STAFF["officer"])
    for path in pages:
        first.page.goto(f"{site.portal}/nl/{path}")
        assert first.page.url.split("?")[
            0
        ] == f"{site.portal}/nl/account" or "bestaat niet" in first.page.inner_text("h1")
        assert "Toezicht op het beleid" not in first.page.inner_text("main")
    looks_right(first.page)
    first.page.goto(f"{site.portal}/nl/account/app")
    looks_right(first.page)
    secret = first.page.inner_text(".secret")
    first.page.fill("#id_code", totp(secret))
    first.page.click("main form button >> nth=0")
    first.page.wait_for_url("**/nl/account")
    first.page.goto(f"{site.portal}/nl/officer")  # set up, and not yet used
    assert "/account/again" in first.page.url
    looks_right(first.page)
    whole_window()
    first.page.fill("#id_code", totp(secret))
    first.page.click("main form button >> nth=0")
    first.page.wait_for_url("**/nl/officer")
    looks_right(first.page)
    first.context.close()

    again = Visit(browser, site)
    site.sign_in_first(again.page, STAFF["officer"])
    assert "/signin/factor" in again.page.url
    looks_right(again.page)
    again.page.goto(f"{site.portal}/nl/officer")
    assert "/signin" in again.page.url  # a code of the mail alone signs no staff in
    again.context.close()


def test_nobody_sees_what_is_anothers(browser: Browser, site: Site) -> None:
    """Each role asks for every address of the others, and for other people's, employers' and jobs' numbers in each."""
    with site.stage.database.connect() as admin:
        jobs = [
            row[0]
            for row in admin.execute("SELECT job_id FROM data.installation_file WHERE job_id IS NOT NULL")
        ]
        given = [
            row[0]
            for row in admin.execute(
                "SELECT r.number FROM signin.signin_reach r JOIN signin.signin_account a ON a.id = r.user_id WHERE a.role = 'installer'"
            )
        ]
        keys = [row[0] for row in admin.execute("SELECT id FROM signin.mfa_authenticator")]
    others = [number for number in jobs if number not in given][:3]
    strangers = [*others, *list(site.numbers.values())[:3], 1, 2**62]
    person, fleet, installer = Visit(browser, site), Visit(browser, site), Visit(browser, site)
    site.sign_in(person.page, site.somebody())
    site.sign_in_staff(fleet.page, "fleet")
    site.sign_in_staff(installer.page, "installer")
    own = {"person": ("me",), "fleet": ("fleet",), "installer": ("jobs",)}
    for role, visit in (("person", person), ("fleet", fleet), ("installer", installer)):
        paths = ["me", "fleet", "jobs", "officer", "me/employer", "me/signin_account"]
        paths += [f"officer/{page}" for page in OFFICERS]
        paths += [f"jobs/{n}" for n in strangers] + [f"me/{n}" for n in strangers]
        paths += [f"account/passkey/{n}/remove" for n in [*keys, *strangers]]
        for path in paths:
            if path in own[role]:
                continue
            answer = visit.context.request.get(f"{site.portal}/nl/{path}", max_redirects=0)
            assert answer.status in (404, 302), (role, path)
            if answer.status == 302:
                assert (
                    "/account/again" in answer.headers["location"] or "/signin" in answer.headers["location"]
                ), (role, path)
    with site.stage.database.connect() as admin:
        still_open = admin.execute(
            "SELECT count(*) FROM data.installation_file WHERE job_id = ANY (%s) AND progress <> 'closed'",
            [given],
        ).fetchone()
    assert still_open is not None
    expect(installer.page.locator("main section.job")).to_have_count(still_open[0])
    text = fleet.page.inner_text("main")
    assert not re.search(r"\d{1,2}:\d{2}", text)  # never times
    lines = "SELECT DISTINCT employee FROM data.employer_invoice_line WHERE employer_id <> %s AND employee NOT IN (SELECT employee FROM data.employer_invoice_line WHERE employer_id = %s AND employee IS NOT NULL)"
    with site.stage.database.connect() as admin:
        number = admin.execute(
            "SELECT r.number FROM signin.signin_reach r JOIN signin.signin_account a ON a.id = r.user_id WHERE a.role = 'fleet'"
        ).fetchone()
        assert number is not None
        for (name,) in admin.execute(lines, [number[0], number[0]]).fetchall():
            assert name is None or name not in text
    for visit in (person, fleet, installer):
        visit.context.close()

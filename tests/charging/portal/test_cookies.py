"""Nothing undeclared is kept in a browser, on any page; refusing is as easy as agreeing."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from tests.charging.portal.client import seat
from tests.charging.portal.site import Site, stored
from tests.thorough import again

pytestmark = pytest.mark.browser

NECESSARY = {"bloesem_session", "bloesem_form", "bloesem_choice"}
CONSOLE_PAGES = ("", "date", "person/ann", "try", "cookies", "nowhere")
PORTAL_PAGES = (
    "",
    "signin",
    "me",
    "me/session",
    "account",
    "account/passkey",
    "outbox",
    "cookies",
    "notice",
    "notice/2024-03-18",
    "notice/changes",
    "promises",
    "safeguards",
    "me/notice",
    "news",
    "contact",
    "contest/lente",
    "survey/tevredenheid",
    "confirm/nothing",
    "nowhere",
)


def every_page(site: Site, language: str) -> list[str]:
    return [f"{site.console}/{language}/{it}" for it in CONSOLE_PAGES] + [
        f"{site.portal}/{language}/{it}" for it in PORTAL_PAGES
    ]


def watched(browser: Browser) -> tuple[BrowserContext, Page, list[str]]:
    context = browser.new_context(locale="nl-BE")
    page, asked = context.new_page(), []  # type: Page, list[str]
    page.on("request", lambda request: asked.append(request.url))
    return context, page, asked


@pytest.mark.promise("P-005")
@pytest.mark.promise("P-006")
@pytest.mark.parametrize(
    ("choice", "languages"),
    [
        ("none", ("nl",)),
        ("refuse", ("fr",)),
        ("accept", ("de",)),
        pytest.param("none", ("en", "fr", "de"), marks=pytest.mark.thorough),
    ],
)
def test_no_page_keeps_or_asks_anything_undeclared_and_each_leads_to_the_preferences(
    browser: Browser, site: Site, choice: str, languages: tuple[str, ...]
) -> None:
    context, page, asked = watched(browser)
    site.sign_in(page, site.somebody())
    if choice != "none":
        page.click(f".ask-cookies button[value={choice}]")
        expect(page.locator(".ask-cookies")).to_have_count(0)
    allowed = NECESSARY | ({"bloesem_language"} if choice == "accept" else set())
    for language in languages:
        for address in every_page(site, language):
            page.goto(address)
            page.wait_for_load_state("load")
            names, beside = stored(context, page)
            assert names <= allowed, address
            assert beside == 0, address
            assert page.locator("nav.foot a").count() == 5, address
            assert page.locator("nav.foot a[href$='/cookies']").count() == 1, address
            assert page.locator("nav.foot a[href$='#choose']").count() == 1, address
    assert [url for url in asked if not url.startswith((site.console, site.portal))] == []
    names, _ = stored(context, page)
    assert ("bloesem_language" in names) == (choice == "accept")
    context.close()


#: What only one seat sees; the person's own pages beside `PORTAL_PAGES`.
SEATS = {
    "person": (
        "me/privacy",
        "me/time",
        "me/details",
        "me/subscription",
        "me/requests",
        "me/requests/new",
        "requests",
    ),
    "officer": tuple(
        f"officer/{it}"
        for it in (
            "recipients",
            "recipients/nimbus",
            "transfers",
            "consents",
            "disclosures",
            "matrix",
            "readers",
            "cases",
        )
    ),
    "marketing": ("campaigns",),
    "installer": ("jobs", "tokens"),
}
#: The officer's others are of the same frame.
OTHERS = {
    "officer": tuple(
        f"officer/{it}"
        for it in ("cases/new", "calendar", "versions", "linter", "register", "dpia", "breaches")
    )
}


@pytest.mark.promise("P-005")
@pytest.mark.promise("P-006")
@pytest.mark.parametrize("seats", again(SEATS, OTHERS))
def test_the_pages_of_every_seat_keep_and_ask_nothing_undeclared_either(
    browser: Browser, site: Site, seats: dict[str, tuple[str, ...]]
) -> None:
    for role, pages in seats.items():
        with site.stage.database.connect(autocommit=True) as admin:
            numbers = [site.numbers["customer"]] if role == "person" else []
            who = seat(admin, site.portal, role, role, numbers)
        context, page, asked = watched(browser)
        context.add_cookies(
            [{"name": "bloesem_session", "value": who.cookies["bloesem_session"], "url": site.portal}]
        )
        for address in (*(f"{site.portal}/nl/{it}" for it in pages), f"{site.portal}/objection"):
            answer = page.goto(address)
            assert answer is not None
            assert (answer.status, page.url) == (200, address)
            page.wait_for_load_state("load")
            names, beside = stored(context, page)
            assert (names <= NECESSARY, beside) == (True, 0), address
            assert page.locator("nav.foot a[href$='/cookies']").count() == 1, address
            assert page.locator("nav.foot a[href$='#choose']").count() == 1, address
        assert [url for url in asked if not url.startswith((site.console, site.portal))] == []
        context.close()


@pytest.mark.promise("R-053")
@pytest.mark.promise("R-058")
def test_a_first_visit_sets_nothing_at_all(browser: Browser, site: Site) -> None:
    context, page, _ = watched(browser)
    page.goto(f"{site.console}/nl/cookies")
    assert context.cookies() == []
    expect(page.locator("#choose")).to_be_visible()
    context.close()


@pytest.mark.promise("P-006")
@pytest.mark.parametrize("language", again("nl", "en", "fr", "de"))
def test_what_was_chosen_is_changed_and_withdrawn_in_one_click(
    browser: Browser, site: Site, language: str
) -> None:
    context, page, _ = watched(browser)
    page.goto(f"{site.portal}/{language}/signin")
    page.locator("nav.foot a[href$='/cookies']").click()
    expect(page.locator("h1")).to_be_visible()
    for cookie in (*NECESSARY, "bloesem_language"):
        expect(page.locator("main .cookies")).to_contain_text(cookie)
    page.locator("nav.foot a[href$='#choose']").click()
    expect(page.locator("#choose")).to_be_in_viewport()
    page.check("input[value=bloesem_language]")  # change …
    page.click("button[value=save]")
    page.goto(f"{site.portal}/{language}/cookies")
    expect(page.locator("input[value=bloesem_language]")).to_be_checked()
    assert "bloesem_language" in stored(context, page)[0]
    page.click("button[value=refuse]")  # … and withdraw, in one click
    expect(page.locator("input[value=bloesem_language]")).not_to_be_checked()
    assert "bloesem_language" not in stored(context, page)[0]
    context.close()


@pytest.mark.promise("R-058")
def test_refusing_is_as_easy_as_agreeing_without_javascript(browser: Browser, site: Site) -> None:
    for width in (1280, 390):
        context = browser.new_context(java_script_enabled=False, viewport={"width": width, "height": 900})
        page = context.new_page()
        page.goto(f"{site.portal}/nl/signin")
        refuse, accept = (
            page.locator(".ask-cookies button[value=refuse]"),
            page.locator(".ask-cookies button[value=accept]"),
        )
        sizes = [button.bounding_box() for button in (refuse, accept)]
        assert sizes[0] is not None
        assert sizes[1] is not None
        assert (sizes[0]["width"], sizes[0]["height"]) == (sizes[1]["width"], sizes[1]["height"])
        style = "e => { const s = getComputedStyle(e); return [s.color, s.backgroundColor, s.borderColor, s.fontWeight] }"
        assert refuse.evaluate(style) == accept.evaluate(style)
        refuse.click()
        expect(page.locator(".ask-cookies")).to_have_count(0)
        assert page.url == f"{site.portal}/nl/signin"
        assert "bloesem_language" not in {cookie.get("name") for cookie in context.cookies()}
        context.close()


def test_another_site_agrees_for_nobody(browser: Browser, site: Site) -> None:
    context, _, _ = watched(browser)
    for origin in ("https://elsewhere.example", "null"):
        answer = context.request.post(
            f"{site.portal}/nl/cookies/choice",
            form={"do": "accept"},
            headers={"Origin": origin},
            max_redirects=0,
        )
        assert answer.status == 403
    assert context.cookies() == []
    context.close()

"""The page of a link: a look does nothing, one press does it, without a login, a cookie or a reason."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from django.test import Client, override_settings
from tests.bloesem.consent.stage import Stage
from tests.bloesem.sending.stage import door

from bloesem.consent.links import Link, LinkKeys
from bloesem.consent.suppression import listed
from bloesem.sending import tables, web
from bloesem.sending.web import DatabasePages
from bloesem.terms import LANGUAGES

_SERVED: list[DatabasePages] = []
LOGIN = "portal"


def served() -> DatabasePages:
    return _SERVED[-1]


@pytest.fixture
def browser(at: Stage) -> Iterator[Client]:
    """As the process that shows pages to people: a login that may do what a page does, and read nothing for it."""
    tables.install(at.keeper, at.rules, pages=(LOGIN,))
    with at.world.raw(LOGIN, autocommit=True) as connection:
        _SERVED.append(DatabasePages(connection, LinkKeys.at(at.folder)))
        with override_settings(ROOT_URLCONF="bloesem.sending.web", BLOESEM_PAGES=f"{__name__}:served", BLOESEM_PAGE=None, MIDDLEWARE=[
            "django.middleware.csrf.CsrfViewMiddleware",
        ]):  # fmt: skip
            yield Client(enforce_csrf_checks=True)
        _SERVED.pop()


def offered(
    at: Stage, template: str = "battery-offer", person: int | None = None
) -> tuple[int, dict[str, str]]:
    """Somebody who was sent a message, and the links that it has."""
    person = person or at.customer()
    made, listing = door(at)
    made.submit(template, "email", [person])
    made.run()
    tokens = re.findall(r"/u/(\S+)", listing.sent[-1].text)
    return person, dict(zip(("channel", "all"), tokens, strict=True))


@pytest.mark.promise("P-092")
def test_a_look_never_unsubscribes_and_a_press_does(at: Stage, browser: Client) -> None:
    person, links = offered(at)
    for method in (browser.get, browser.head):
        answer = method(f"/u/{links['all']}")
        assert answer.status_code == 200
    assert "marketing" in at.bits(person)
    answer = browser.post(f"/u/{links['all']}", {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200, "no redirect (RFC 8058)"
    assert not answer.cookies
    assert answer["Referrer-Policy"] == "no-referrer"
    assert not at.bits(person) & {"marketing", "consent_marketing"}
    again = browser.post(f"/u/{links['all']}")
    assert again.status_code == 200, "done is done"


@pytest.mark.promise("P-092")
def test_the_other_link_ends_its_channel_alone(at: Stage, browser: Client) -> None:
    person, links = offered(at)
    at.phone(person, "+32470000055")
    assert browser.post(f"/u/{links['channel']}").status_code == 200
    assert "marketing" in at.bits(person)
    made, _ = door(at)
    assert made.submit("battery-offer", "email", [person])[0].reason.key == "channel-refused"
    assert made.submit("battery-offer", "sms", [person])[0].reason.key == "allowed"
    assert browser.post(f"/u/{links['all']}").status_code == 200, "and then all of them"
    assert "marketing" not in at.bits(person)


def test_forged_old_and_used_links_are_refused_in_words(at: Stage, browser: Client) -> None:
    person, links = offered(at)
    keys = LinkKeys.at(at.folder)
    old = keys.sign(Link(1, "all", at.now().replace(year=2020)))
    nobody = keys.sign(Link(10**12, "all", at.now().replace(year=2999)))
    for token in (links["all"][:-3], links["all"] + "x", "x", old):
        for answer in (browser.get(f"/u/{token}"), browser.post(f"/u/{token}")):
            assert answer.status_code == 404
            assert b"/objection" in answer.content, "by address it always works"
    assert browser.post(f"/u/{nobody}").status_code == 404
    assert "marketing" in at.bits(person)
    at.agree(person, kinds=("newsletter",))
    _, news = offered(at, "spring-news", person)
    assert browser.post(f"/u/{news['all']}").status_code == 200
    at.agree(person, kinds=("newsletter",))
    assert browser.post(f"/u/{news['all']}").status_code == 409, "an old link undoes no newer word"
    assert "consent_marketing" in at.bits(person)


@pytest.mark.promise("R-037")
@pytest.mark.promise("P-166")
def test_an_address_is_enough_and_the_page_tells_nobody_whose_it_is(at: Stage, browser: Client) -> None:
    person = at.customer("known@post.example")
    known = browser.post("/objection", {"address": " Known@post.example "})
    unknown = browser.post("/objection", {"address": "unknown@post.example"})
    assert known.status_code == unknown.status_code == 200
    assert known.content == unknown.content
    assert "marketing" not in at.bits(person), "at once"
    for bad in ("", "no address", "x" * 5000):
        assert browser.post("/objection", {"address": bad}).status_code == 400
    made, _ = door(at)
    made.run()
    for address in ("known@post.example", "unknown@post.example"):
        assert listed(at.keeper, at.rules, at.keys, "email", address) is not None
    assert at.count("bloesem.to_suppress") == 0, "no address stays"


def test_the_process_that_shows_pages_reads_nothing_of_the_door(at: Stage, browser: Client) -> None:
    for what in ("outbox", "suppression", "to_suppress", "campaign", "fact"):
        with pytest.raises(Exception, match="permission denied"):
            served().connection.execute(f"SELECT * FROM bloesem.{what}".encode())


def test_global_privacy_control_is_published(browser: Client) -> None:
    answer = browser.get("/.well-known/gpc.json")
    assert answer.json() == {"gpc": True, "lastUpdate": str(web.SINCE)}


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.mark.promise("R-033")
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.promise("P-092")
def test_pages_are_short_named_and_ask_for_no_reason(at: Stage, browser: Client, language: str) -> None:
    _, links = offered(at)
    for path in (f"/u/{links['all']}", f"/u/{links['channel']}", "/objection", "/u/bad"):
        page = Page(browser.get(f"{path}?l={language}").content.decode())
        assert page.of("html")[0]["lang"] == language
        assert len(page.of("h1")) == len(page.of("main")) == len(page.of("title")) == 1
        assert not page.of("script")
        assert not page.of("textarea")
        inputs = page.of("input")
        assert [field["name"] for field in inputs] == (["address"] if path == "/objection" else [])
        for field in inputs:
            assert {"for": field["id"]} in page.of("label")
        assert len(page.of("button")) == (0 if path == "/u/bad" else 1), "one step"
        assert {link["lang"] for link in page.of("a") if link.get("lang")} == set(LANGUAGES)


def test_the_languages_say_the_same_pages() -> None:
    said = web.words()
    for state, languages in said.states.items():
        assert set(languages) == set(LANGUAGES), state
        assert len({bool(one.button) for one in languages.values()}) == 1, state
    assert all(set(label) == set(LANGUAGES) for label in said.labels.values())

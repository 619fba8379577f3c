"""Links, addresses and signals, in a browser and over SMTP: a look changes nothing, one press does, and the next campaign obeys."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect
from tests.bloesem.console.stage import BLOSSOM
from tests.bloesem.sending.mailbox import Mailbox, running
from tests.charging.portal.site import Site, stored

from bloesem.company import load
from bloesem.consent.suppression import screen
from bloesem.plan.dates import civil
from bloesem.sending import campaign
from bloesem.sending.door import Door
from bloesem.sending.process import Sender, place_of
from bloesem.sending.ready import rules_of
from bloesem.stores.postgres import Connection

pytestmark = pytest.mark.browser
LANGUAGES = ("nl", "en", "fr", "de")


@dataclass
class Post:
    """A door over SMTP on the site's database, and what arrived."""

    sender: Sender
    keeper: Connection
    door: Door
    mailbox: Mailbox

    def work(self) -> None:
        screen(self.keeper, self.sender.rules, self.door.keys)
        while self.sender.turn(self.door):
            pass

    def campaign(self, key: str, template: str) -> dict[str, int]:
        """Count, release and send. out: counts per reason."""
        asked = campaign.Campaign(key, template, "email")
        found = campaign.preview(self.keeper, self.sender.rules, self.door.templates, asked)
        campaign.release(self.keeper, self.sender.rules, self.door.templates, asked)
        self.work()
        return {reason.key: many for reason, many in found.counts.items()}

    def to(self, address: str) -> list[str]:
        return [
            one.get_content() for one in self.mailbox.mails() if address.lower() in str(one["To"]).lower()
        ]


@pytest.fixture(scope="module")
def post(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Post]:
    plan = site.stage.company.plan
    loaded = load(BLOSSOM, on=civil(dt.datetime.now(dt.UTC)), prefix=plan.prefix)
    rules = rules_of(loaded)
    assert rules is not None
    folder: Path = tmp_path_factory.mktemp("post")
    with running() as mailbox, site.stage.keeper.open(autocommit=True) as keeper:
        sender = Sender(
            site.stage.dsn("keeper"), loaded, rules, site.stage.doors, folder, folder / "inbox",
            place_of(rules, site.portal),
            {"BLOESEM_SMTP_HOST": mailbox.host, "BLOESEM_SMTP_PORT": str(mailbox.port), "BLOESEM_SMTP_TLS": "0"},
        )  # fmt: skip
        door = sender.door(keeper)
        yield Post(sender, keeper, door, mailbox)
        door.close()


def test_a_campaign_arrives_its_link_is_pressed_and_the_next_leaves_out(
    browser: Browser, site: Site, post: Post
) -> None:
    counts = post.campaign("one", "battery-offer")
    assert counts["allowed"] > 0
    mail = post.mailbox.mails()[-1]
    header = re.search(r"<(http[^>]+)>", str(mail["List-Unsubscribe"]))
    assert header
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    address = header.group(1)
    context = browser.new_context(locale="nl-BE")
    page = context.new_page()
    page.goto(address)
    expect(page.locator("main button")).to_have_count(1)
    assert stored(context, page) == (set(), 0), "nothing is kept for a look"
    found = [v["id"] for v in Axe().run(page).response["violations"]]
    assert found == []
    before = post.campaign("looked", "battery-offer")
    assert before["allowed"] == counts["allowed"], "a look never unsubscribes"
    forged = context.request.post(address[:-4] + "AAAA")
    assert forged.status == 404
    # A mail program: no cookie, no redirect, no token of a form (RFC 8058).
    pressed = context.request.post(address, form={"List-Unsubscribe": "One-Click"}, max_redirects=0)
    assert pressed.status == 200
    assert "set-cookie" not in pressed.headers
    assert pressed.headers["referrer-policy"] == "no-referrer"
    assert "default-src 'none'" in pressed.headers["content-security-policy"]
    told = str(mail["To"])
    post.work()
    assert "reclame" in post.to(told)[-1] or "advertising" in post.to(told)[-1] or len(post.to(told)) > 1
    sent = len(post.to(told))
    after = post.campaign("after", "battery-offer")
    assert after["allowed"] == counts["allowed"] - 1
    assert after.get("objected", 0) > counts.get("objected", 0) or after != counts
    assert len(post.to(told)) == sent, "never after an objection"
    again = context.request.post(address)
    assert again.status == 200, "done is done"
    context.close()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_by_address_answers_all_alike(browser: Browser, site: Site, language: str) -> None:
    for width in (1280, 390):
        context = browser.new_context(
            locale=f"{language}-BE", viewport={"width": width, "height": 900}, java_script_enabled=width > 400
        )
        page = context.new_page()
        answers = []
        for address in (site.people["customer"], "nobody@unknown.example"):
            page.goto(f"{site.portal}/objection?l={language}")
            assert page.locator("html").get_attribute("lang") == language
            page.fill("#address", address)
            page.click("main button")
            expect(page.locator("main form")).to_have_count(0)
            answers.append(page.inner_text("main"))
        assert answers[0] == answers[1]
        assert context.cookies() == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        context.close()


def test_a_browsers_signal_is_an_objection_of_who_is_signed_in(
    browser: Browser, site: Site, post: Post
) -> None:
    who = site.people["ann"]
    number = site.numbers["ann"]
    query = b"SELECT key FROM bloesem.fact WHERE person_id = %s AND kind = 'objection' AND ends_at IS NULL"
    context = browser.new_context(locale="nl-BE", extra_http_headers={"Sec-GPC": "1"})
    page = context.new_page()
    page.goto(f"{site.portal}/nl/signin")
    assert ("marketing",) not in post.keeper.execute(query, [number]).fetchall(), "nobody is signed in"
    site.sign_in(page, who)
    page.goto(f"{site.portal}/nl/me")
    found = post.keeper.execute(query, [number]).fetchall()
    assert found == [("marketing",)], "what was agreed to by name stays"
    page.reload()
    assert post.keeper.execute(query, [number]).fetchall() == found, "once"
    answer = context.request.get(f"{site.portal}/.well-known/gpc.json")
    assert answer.json()["gpc"] is True
    context.close()

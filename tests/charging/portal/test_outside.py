"""Links, addresses and signals, in a browser and over SMTP: a look changes nothing, one press does, and the next campaign obeys."""

from __future__ import annotations

import datetime as dt
import json
import re
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.bloesem.console.stage import BLOSSOM
from tests.bloesem.sending.mailbox import Mailbox, running
from tests.browsers import violations
from tests.charging.portal.client import Visitor, forms_of, seat
from tests.charging.portal.site import Site, stored

from bloesem.company import load
from bloesem.consent.suppression import screen
from bloesem.gate.ids import new_id
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
        self.work()
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
    with (
        running() as mailbox,
        site.stage.database.connect(autocommit=True) as admin,
        site.stage.keeper.open(autocommit=True) as keeper,
    ):
        admin.execute(
            b"UPDATE data.contest SET opens_on = '2020-01-01', closes_on = '2999-01-01' WHERE key = 'lente'"
        )
        admin.execute(
            b"INSERT INTO data.survey (id, key, label_nl, label_en, opens_on, closes_on)"
            b" VALUES (77, 'nu', 'Nu', 'Now', '2020-01-01', '2999-01-01')"
        )
        sender = Sender(
            site.stage.dsn("keeper"), loaded, rules, site.stage.doors, folder, folder / "inbox",
            place_of(rules, site.portal),
            {"BLOESEM_SMTP_HOST": mailbox.host, "BLOESEM_SMTP_PORT": str(mailbox.port), "BLOESEM_SMTP_TLS": "0"},
        )  # fmt: skip
        door = sender.door(keeper)
        yield Post(sender, keeper, door, mailbox)
        door.close()


def signed_up(page: Page, site: Site, post: Post, address: str, language: str = "nl") -> str:
    """Fills in the form; out: the link of the letter."""
    page.goto(f"{site.portal}/{language}/news")
    assert not page.is_checked("#agree")
    page.fill("#address", address)
    page.check("#agree")
    page.check("#by-self")
    page.click("main form button")
    expect(page.locator("main form")).to_have_count(0)
    post.work()
    found = re.search(r"http\S+/confirm/\S+", post.to(address)[-1])
    assert found
    return found.group(0)


def people(post: Post, address: str) -> int:
    row = post.keeper.execute(
        b"SELECT count(*) FROM data.email_address WHERE value_norm = %s", [address]
    ).fetchone()
    assert row
    return int(row[0])


def consents(post: Post, address: str) -> list[tuple[str, bool]]:
    return post.keeper.execute(
        b"SELECT c.part, c.withdrawn_at IS NULL FROM data.consent c JOIN data.email_address e USING (person_id)"
        b" WHERE e.value_norm = %s ORDER BY c.id",
        [address],
    ).fetchall()


@pytest.mark.promise("R-035")
@pytest.mark.promise("R-033")
def test_from_sign_up_to_unsubscription(browser: Browser, site: Site, post: Post) -> None:
    """Sign up, letter, confirm, campaign, one click; and the next campaign leaves out, with its reason."""
    who = "new@reader.example"
    context = browser.new_context(locale="nl-BE")
    page = context.new_page()
    link = signed_up(page, site, post, who)
    assert people(post, who) == 0, "nothing is kept before it is confirmed"
    assert stored(context, page) == (set(), 0)
    before = post.campaign("before", "spring-news")
    assert len(post.to(who)) == 1, "no news before it is confirmed"
    page.goto(link)
    assert people(post, who) == 0, "a look confirms nothing"
    page.click("button[value=give]")
    expect(page.locator("button[value=withdraw]")).to_be_visible()
    assert consents(post, who) == [("consent_marketing", True)]
    with page.expect_download() as kept:
        page.click("main a[download]")
    receipt = json.loads(Path(kept.value.path()).read_text())
    assert receipt["@type"] == "dpv:ConsentReceipt"
    counts = post.campaign("one", "spring-news")
    assert counts["allowed"] == before.get("allowed", 0) + 1
    assert len(post.to(who)) == 2
    mail = next(m for m in reversed(post.mailbox.mails()) if who in str(m["To"]))
    header = re.search(r"<(http[^>]+)>", str(mail["List-Unsubscribe"]))
    assert header
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    page.goto(header.group(1))
    expect(page.locator("main button")).to_have_count(1)
    assert consents(post, who) == [("consent_marketing", True)], "a look never unsubscribes"
    forged = context.request.post(header.group(1)[:-4] + "AAAA")
    assert forged.status == 404
    # A mail program: no cookie, no redirect, no token of a form (RFC 8058).
    pressed = context.request.post(header.group(1), form={"List-Unsubscribe": "One-Click"}, max_redirects=0)
    assert pressed.status == 200
    assert "set-cookie" not in pressed.headers
    assert pressed.headers["referrer-policy"] == "no-referrer"
    assert "default-src 'none'" in pressed.headers["content-security-policy"]
    assert consents(post, who) == [("consent_marketing", False)]
    after = post.campaign("after", "spring-news")
    assert after["allowed"] == before.get("allowed", 0) if "allowed" in after else not before.get("allowed")
    news = [text for text in post.to(who) if "unsubscribe" in text or "/u/" in text]
    assert len(news) == 1, "never after an objection"
    page.goto(link)  # the old link of the letter signs nobody up again
    expect(page.locator("main form")).to_have_count(0)
    answer = context.request.post(link, form={"do": "give"})
    assert answer.ok
    assert consents(post, who) == [("consent_marketing", False)]
    again = signed_up(page, site, post, who)  # … and a new one does: the newer word counts
    page.goto(again)
    page.click("button[value=give]")
    assert post.campaign("anew", "spring-news")["allowed"] == counts["allowed"]
    context.close()


def test_two_withdrawals_and_two_confirmations_at_once_are_one(
    browser: Browser, site: Site, post: Post
) -> None:
    who = "twice@reader.example"
    context = browser.new_context(locale="fr-BE")
    link = signed_up(context.new_page(), site, post, who, "fr")
    for do, state in (("give", True), ("withdraw", False)):
        with ThreadPoolExecutor(4) as pool:
            done = list(
                pool.map(lambda _: urllib.request.urlopen(link, f"do={do}".encode()).status, range(4))  # noqa: B023
            )
        assert done == [200] * 4
        assert consents(post, who) == [("consent_marketing", state)]
    assert people(post, who) == 1
    for bad in (link[:-5], link + "x", f"{site.portal}/nl/confirm/x"):
        assert context.request.get(bad).status == 404
        assert context.request.post(bad, form={"do": "give"}).status == 404
    context.close()


@pytest.mark.promise("R-035")
@pytest.mark.promise("R-053")
@pytest.mark.promise("P-043")
@pytest.mark.promise("P-096")
def test_an_entry_is_valid_without_the_box(browser: Browser, site: Site, post: Post) -> None:
    who = "entrant@player.example"
    context = browser.new_context(locale="nl-BE")
    page = context.new_page()
    page.goto(f"{site.portal}/nl/contest/lente")
    page.fill("#address", who)
    page.fill("#answer", "42")
    page.click("main form button")
    expect(page.locator("#wrong")).to_be_visible()
    page.check("#take_part")
    page.check("#by-self")
    assert not page.is_checked("#agree")
    page.click("main form button")
    expect(page.locator("main form")).to_have_count(0)
    post.work()
    assert post.to(who) == [], "no letter, as nothing else was asked"
    assert consents(post, who) == [("contest", True)]
    rows = post.keeper.execute(
        b"SELECT c.answer, c.source = 'subject:wedstrijd:' || c.contest_id FROM data.contest_entry c JOIN data.email_address e"
        b" USING (person_id) WHERE e.value_norm = %s",
        [who],
    ).fetchall()
    assert rows == [("42", True)]
    assert context.request.get(f"{site.portal}/nl/contest/nothing").status == 404
    # Who ticks is asked by letter first, in so many words: a consent of its own, beside that to take part.
    fan = "fan@player.example"
    page.goto(f"{site.portal}/nl/contest/lente")
    page.fill("#address", fan)
    page.check("#take_part")
    page.check("#agree")
    page.check("#by-self")
    page.click("main form button")
    expect(page.locator("main form")).to_have_count(0)
    post.work()
    assert consents(post, fan) == [("contest", True)], "a box alone is no consent to advertising yet"
    link = re.search(r"http\S+/confirm/\S+", post.to(fan)[-1])
    assert link
    page.goto(link.group(0))
    page.click("button[value=give]")
    assert consents(post, fan) == [("contest", True), ("consent_marketing", True)]
    post.campaign("players", "spring-news")
    assert len(post.to(fan)) == 2
    assert post.to(who) == [], "who did not tick is sent no advertising"
    context.close()


@pytest.mark.promise("P-044")
def test_a_question_and_an_answer_are_kept_for_what_they_are(
    browser: Browser, site: Site, post: Post
) -> None:
    context = browser.new_context(locale="nl-BE")
    page = context.new_page()
    page.goto(f"{site.portal}/nl/contact")
    page.fill("#address", "asks@writer.example")
    page.fill("#question", "Hoe lang duurt het?")
    page.click("main form button")
    expect(page.locator("main form")).to_have_count(0)
    page.goto(f"{site.portal}/nl/survey/nu")
    assert page.locator("#address").count() == 0, "a survey needs to know nobody"
    page.select_option("#score", "8")
    page.click("main form button")
    expect(page.locator("main form")).to_have_count(0)
    rows = post.keeper.execute(
        b"SELECT c.content, c.source, p.kept_for <> 0 FROM data.contact c JOIN data.email_address e USING (person_id)"
        b" JOIN data.person p ON p.id = c.person_id WHERE e.value = 'asks@writer.example'"
    ).fetchall()
    assert rows == [("Hoe lang duurt het?", "subject:contactformulier", True)]
    answers = post.keeper.execute(
        b"SELECT s.score, s.source, p.kind, s.used_for FROM data.survey_answer s JOIN data.person p ON p.id = s.person_id"
        b" WHERE s.survey_id = 77"
    ).fetchall()
    plan = site.stage.company.plan
    assert [row[:3] for row in answers] == [(8, "subject:enquête:77", "unidentified")]
    assert set(plan.keys(answers[0][3])) <= {"quality", "law:accountability"}, "for quality alone"
    post.keeper.execute(
        b"INSERT INTO bloesem.ballot (hash, survey) VALUES (sha256('nu/chance'), 'nu')"
    )  # as an invitation leaves it: no message, no person
    link = f"{site.portal}/nl/survey/nu/chance"
    states = [context.request.post(link, form={"score": score}).status for score in ("", "3", "9")]
    assert states == [400, 200, 404], "what is wrong uses nothing up, and one answer does"
    assert context.request.get(link).status == 404
    with site.stage.database.connect(
        autocommit=True
    ) as admin:  # the end of the ballot fails as it is committed
        admin.execute("INSERT INTO bloesem.ballot (hash, survey) VALUES (sha256('nu/again'), 'nu')")
        admin.execute(
            "CREATE FUNCTION public.breaks() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'now'; END $$;"
            "CREATE CONSTRAINT TRIGGER breaks AFTER DELETE ON bloesem.ballot DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW EXECUTE FUNCTION public.breaks()"
        )
        other = f"{site.portal}/nl/survey/nu/again"
        assert context.request.post(other, form={"score": "5"}).status >= 500
        admin.execute("DROP TRIGGER breaks ON bloesem.ballot")
        assert admin.execute("SELECT count(*) FROM data.survey_answer WHERE score = 5").fetchone() == (0,), (
            "no answer without its ballot"
        )
        assert context.request.get(other).status == 200, "and no ballot without its answer"
        admin.execute("DELETE FROM bloesem.ballot")
    scores = b"SELECT score FROM data.survey_answer WHERE survey_id = 77 ORDER BY answered_at"
    assert post.keeper.execute(scores).fetchall() == [(8,), (3,)]
    assert context.request.get(f"{site.portal}/nl/survey/tevredenheid").status in (403, 404), "by invitation"
    robot = context.request.post(
        f"{site.portal}/nl/contact", form={"address": "bot@x.example", "question": "buy", "website": "x"}
    )
    assert robot.ok
    assert people(post, "bot@x.example") == 0
    states = [
        context.request.post(
            f"{site.portal}/nl/contact", form={"address": "flood@x.example", "question": "again"}
        ).status
        for _ in range(5)
    ]
    assert states == [200, 200, 200, 429, 429]
    context.close()


#: What the contest is called: in each language by its own name.
CONTEST = {
    "nl": "Lentewedstrijd", "en": "Spring contest", "fr": "Concours de printemps", "de": "Frühlingsgewinnspiel",
}  # fmt: skip


def test_the_pages_are_clean_and_the_same_for_an_address_that_is_known(
    browser: Browser, site: Site, post: Post
) -> None:
    for width in (1280, 390):
        context = browser.new_context(
            locale="nl-BE", viewport={"width": width, "height": 900}, java_script_enabled=True
        )
        page = context.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))  # noqa: B023
        for there in ("news", "contact", "contest/lente", "survey/nu", "confirm/x"):
            for language in LANGUAGES if width == 390 else ("nl",):
                page.goto(f"{site.portal}/{language}/{there}")
                if there == "contest/lente":
                    assert CONTEST[language] in page.inner_text("main")
                assert violations(page) == [], there
                assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), there
                assert stored(context, page) == (set(), 0), there
        assert [url for url in asked if not url.startswith(site.portal)] == []
        context.close()
    context = browser.new_context(locale="nl-BE")
    said = []
    for address in (site.people["customer"], "nobody-at-all@x.example"):
        answer = context.request.post(
            f"{site.portal}/nl/news", form={"address": address, "agree": "yes", "by": "self"}
        )
        said.append((answer.status, answer.text()))
    assert said[0] == said[1]
    context.close()


@pytest.mark.promise("R-057")
def test_who_agrees_on_a_page_says_that_they_may_and_a_child_s_parent_does(site: Site, post: Post) -> None:
    """Each page that takes a consent: news and its letter, the contest, and one's own page."""
    visitor = Visitor(site.portal, "somebody", comes_from="127.0.0.2")  # others asked often in this minute
    for path, box in (("/nl/news", "agree"), ("/nl/contest/lente", "take_part")):
        assert visitor.get(path).text.count('name="by"') == 2, "13 or older, or the parent of who is not"
        unsaid = {"address": "ik@kind.example", box: "yes"}
        assert visitor.post(path, unsaid.items()).status == 400
    assert people(post, "ik@kind.example") == 0

    def given(address: str) -> list[tuple[str, str]]:
        return post.keeper.execute(
            "SELECT c.part, c.given_by FROM data.consent c JOIN data.email_address e USING (person_id)"
            " WHERE e.value_norm = %s ORDER BY 1, 2",
            [address],
        ).fetchall()

    def asks(address: str, by: str) -> int:
        """Signs up for news and presses the letter's link. out: how that was answered."""
        visitor.post("/nl/news", {"address": address, "agree": "yes", "by": by}.items())
        post.work()
        found = re.search(r"http\S+(/\w+/confirm/\S+)", post.to(address)[-1])
        assert found
        return visitor.post(found.group(1), [("do", "give")]).status

    def enters(address: str, by: str) -> int:
        entry = {"address": address, "take_part": "yes", "by": by}
        return visitor.post("/nl/contest/lente", entry.items()).status

    ours, fan = "ouder@kind.example", "fan@kind.example"
    assert (asks(ours, "parent"), enters(fan, "parent")) == (302, 200)
    agreed = [[("consent_marketing", "parent")], [("contest", "parent")]]
    assert [given(ours), given(fan)] == agreed
    # Of whom it is known that they are younger nothing is kept without a parent, and the contest's page says nothing of it.
    children = post.keeper.execute(
        "INSERT INTO data.birth_date (id, person_id, recorded_at, source, born_on, collected_at)"
        " SELECT row_number() OVER () + %s, person_id, bloesem.moment(), 'subject:portaal',"
        " (bloesem.today() - interval '9 years')::date, bloesem.moment() FROM data.email_address WHERE value_norm = ANY (%s)"
        " RETURNING person_id",
        [new_id(), [ours, fan]],
    ).fetchall()
    assert (asks(ours, "self"), enters(fan, "self")) == (403, 200)
    assert [given(ours), given(fan)] == agreed
    with site.stage.database.connect(autocommit=True) as admin:
        theirs = seat(admin, site.portal, "kind", "person", children[0])
    (form, *_) = [
        f for f in forms_of("", theirs.get("/nl/me/privacy").text) if ("what", "offers@1") in f.fields
    ]
    token = dict(form.fields)["csrfmiddlewaretoken"]
    pressed = {"csrfmiddlewaretoken": token, "do": "agree", "what": "offers@1", "channel": "email"}
    assert theirs.post("/nl/me/privacy", pressed.items()).status == 302
    assert "onder de 13 jaar stemt een ouder in" in theirs.get("/nl/me/privacy").text
    assert [given(ours), given(fan)] == agreed
    visitor.close()
    theirs.close()


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
    who = site.somebody()
    query = (
        b"SELECT f.key FROM bloesem.fact f JOIN data.email_address e USING (person_id) WHERE e.value = %s"
        b" AND f.kind = 'objection' AND f.ends_at IS NULL"
    )
    post.keeper.execute(
        b"SELECT bloesem.close_fact(f.id, bloesem.moment()) FROM bloesem.fact f JOIN data.email_address e"
        b" USING (person_id) WHERE e.value = %s AND f.kind = 'objection' AND f.ends_at IS NULL",
        [who],
    )
    context = browser.new_context(locale="nl-BE", extra_http_headers={"Sec-GPC": "1"})
    page = context.new_page()
    page.goto(f"{site.portal}/nl/signin")
    assert ("marketing",) not in post.keeper.execute(query, [who]).fetchall(), "nobody is signed in"
    site.sign_in(page, who)
    page.goto(f"{site.portal}/nl/me")
    found = post.keeper.execute(query, [who]).fetchall()
    assert found == [("marketing",)], "what was agreed to by name stays"
    page.reload()
    assert post.keeper.execute(query, [who]).fetchall() == found, "once"
    answer = context.request.get(f"{site.portal}/.well-known/gpc.json")
    assert answer.json()["gpc"] is True
    context.close()

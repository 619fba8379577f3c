"""A person's own privacy page: what it says, and that a press on it counts at once, for whoever signed in and nobody else."""

from __future__ import annotations

import datetime as dt
import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect
from tests.bloesem.console.stage import BLOSSOM
from tests.charging.portal.site import Site
from tests.charging.portal.test_sign_in import Visit, looks_right
from tests.thorough import again

from bloesem.company import load
from bloesem.console import language as words
from bloesem.console import showing_person
from bloesem.console.people import follow
from bloesem.plan.dates import civil
from bloesem.plan.model import Plan
from bloesem.sending import ready as sending
from bloesem.sending import reasons as why
from bloesem.sending.decision import ask, decide
from bloesem.sending.templates import load_templates
from bloesem.stores.postgres import Connection, connect

pytestmark = pytest.mark.browser
TITLES = {"nl": "Mijn privacy", "en": "My privacy", "fr": "Ma vie privée", "de": "Meine Privatsphäre"}


@pytest.fixture
def admin(site: Site) -> Iterator[Connection]:
    with site.stage.database.connect(autocommit=True) as connection:
        yield connection


def reader(site: Site, purpose: str) -> Connection:
    """The worker's own login, as a purpose that it serves: what the next read of that role sees."""
    plan = site.stage.company.plan
    connection = connect(site.stage.dsn("worker"), autocommit=True)
    connection.execute(f'SET ROLE "{plan.role(plan.purpose(purpose).name)}"'.encode())
    return connection


def seen(connection: Connection, plan: Plan, purpose: str, person: int) -> int:
    name = plan.purpose(purpose).name
    row = connection.execute(
        f'SELECT count(*) FROM "{name}".email_address WHERE person_id = %s'.encode(), [person]
    ).fetchone()
    assert row is not None
    return int(row[0])


def advertised(site: Site, admin: Connection, also: str = "marketing") -> tuple[int, str]:
    """A customer who can be advertised to, of whom another purpose reads something too; and their address."""
    mask, other = (site.stage.company.plan.purpose(key).mask for key in ("marketing", also))
    found = admin.execute(
        "SELECT e.person_id, e.value FROM data.email_address e JOIN bloesem.state s USING (person_id)"
        " WHERE e.value = ANY (%s) AND e.used_for & %s <> 0 AND s.used & %s <> 0 LIMIT 1",
        [site.customers, mask, other],
    ).fetchone()
    assert found is not None
    site.customers.remove(found[1])
    return found[0], found[1]


def refused(site: Site, admin: Connection, person: int, template: str) -> str:
    """Why the sending door would not send this to them now."""
    loaded = load(BLOSSOM, on=civil(dt.datetime.now(dt.UTC)), prefix=site.stage.company.plan.prefix)
    rules = sending.rules_of(loaded)
    assert rules is not None
    found = load_templates(BLOSSOM / "messages" / "templates", rules, civil(dt.datetime.now(dt.UTC)))
    (verdict,) = decide(admin, rules, ask(found.named(template), "email", rules), [person])
    return verdict.reason.key


def given(admin: Connection, person: int) -> None:
    """What two recipients got of a person, as the exporter writes it down; and who read them."""
    made = admin.execute(
        "INSERT INTO bloesem.disclosure (as_of, recipient, name, kind, purpose, ground, transfers, manifest, policy, ends)"
        " SELECT now(), r.key, r.name, r.kind, r.purpose, r.ground, r.transfers::jsonb, sha256((r.key || %s)::bytea),"
        " '2024-03-18', r.ends::date FROM (VALUES"
        " ('briefwerk', 'Briefwerk NV (example)', 'print_mail', 'billing', 'contract, art. 6(1)(b)', '[]', '2026-12-31'),"
        " ('reclamehuis', 'Reclamehuis (example)', 'marketing_agency', 'marketing', 'legitimate-interest, art. 6(1)(f)',"
        '  \'[{"country": "GB", "mechanism": "adequacy"}]\', NULL)'
        ") AS r (key, name, kind, purpose, ground, transfers, ends) RETURNING id",
        [str(person)],
    ).fetchall()
    for (number,) in made:
        for table, columns in (
            ("person_name", ["given_name", "family_name"]),
            ("address", ["street", "city"]),
        ):
            admin.execute(
                "INSERT INTO bloesem.disclosed (disclosure_id, person_id, reference, table_name, columns)"
                " VALUES (%s, %s, 7, %s, %s)",
                [number, person, table, columns],
            )
    admin.execute(
        "INSERT INTO bloesem.reading (act_id, person_id, at, actor, purpose, salt)"
        " SELECT max(id), %s, now(), 'jan.peeters', 'support', sha256('x') FROM bloesem.act",
        [person],
    )


def wait_for(met: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not met():
        assert time.monotonic() < until
        time.sleep(0.1)


def shot(page: Page, name: str) -> None:
    if folder := os.environ.get("BLOESEM_SHOTS"):
        width, height = page.evaluate("[innerWidth, document.documentElement.scrollHeight]")
        for number, top in enumerate(range(0, height, 1500)):
            page.screenshot(
                path=Path(folder) / f"{name}-{number}.png",
                full_page=True,
                clip={"x": 0, "y": top, "width": width, "height": min(1500, height - top)},
            )


@pytest.mark.parametrize(
    ("language", "width"), again(("nl", 1280), ("nl", 390), ("fr", 390), ("de", 1280), ("en", 390))
)
def test_the_page_says_for_what_on_which_ground_until_when_who_received_and_who_read(
    browser: Browser, site: Site, admin: Connection, language: str, width: int
) -> None:
    person, address = advertised(site, admin)
    given(admin, person)
    visit = Visit(browser, site, viewport={"width": width, "height": 900})
    page = visit.page
    site.sign_in(page, address, language)
    page.goto(f"{site.portal}/{language}/me/privacy")
    expect(page.locator("h1")).to_have_text(TITLES[language])
    text = page.inner_text("main")
    for part in site.stage.company.parts:
        if part.of != "law":
            assert site.stage.company.part(part.key, language) in text
    assert "Briefwerk NV (example)" in text
    assert "Reclamehuis (example)" in text
    holder = page.locator("section:has(#received) .holders").inner_text()
    assert "Nimbus Cloud Ireland Ltd (example)" in holder, "whose machines it lies on"
    assert site.stage.company.policy.recipients["cloud"].label[language] in holder
    assert "jan.peeters" not in text  # the reader's own data (C-579/21)
    assert site.stage.company.part("support", language) in page.locator("section:has(#read)").inner_text()
    assert not re.search(r"privacy\.[a-z]", text)
    assert not page.locator("input[type=checkbox]:checked").count()
    shot(page, f"privacy-{language}-{width}")
    looks_right(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert visit.wrong == []
    visit.context.close()


@pytest.mark.parametrize(("language", "width"), again(("nl", 390), ("de", 1280)))
def test_the_life_of_ones_own_data_is_drawn_as_the_calculus_has_it(
    browser: Browser, site: Site, admin: Connection, language: str, width: int
) -> None:
    """Beside the keeper's picture of the same person: nothing of it is told otherwise, and what is nobody's own is left out."""
    company = site.stage.company
    person, address = advertised(site, admin)
    visit = Visit(browser, site, viewport={"width": width, "height": 900})
    page = visit.page
    site.sign_in(page, address, language)
    page.goto(f"{site.portal}/{language}/me")
    assert page.locator("nav.jump a").count() >= 10, "each right is one press away"
    page.click(f"a[href='/{language}/me/time']")
    assert page.locator(".timeline .lines > li").count() > 3
    assert not re.search(r"life\.[a-z]|\b[a-z]+_[a-z]+\.[a-z_]+\b", page.inner_text("main")), (
        "no code of ours"
    )
    shot(page, f"life-{language}-{width}")
    looks_right(page)
    page.locator("details summary").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("details[open]").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.goto(f"{site.portal}/{language}/me/time?as=table")
    told = [
        tuple(cell.strip() for cell in re.sub(r" ×\d+$", "", row.inner_text()).split("\t")[:4])
        for row in page.locator("main table tbody tr").all()
    ]
    picture, _, _ = follow(admin, company.plan, person)
    reads = {c for c in company.policy.categories if c.split(".")[0] != "access" or c == "access.log"}
    lines = tuple(line for line in picture.lines if line.stored and set(line.categories) <= reads)
    drawn = showing_person.person(company, replace(picture, lines=lines), language, own=True)
    expected = {
        (re.sub(r" ×\d+$", "", it["label"]), lane["label"], *(words.day(band[key], language) if band[key] else "–"
         for key in ("start", "dark")))
        for it in drawn["strips"] for lane in it["lanes"] for band in lane["bands"]
    }  # fmt: skip
    found = {(re.sub(r" ×\d+$", "", label), *rest) for label, *rest in told}
    assert len(found) > 20
    assert found == expected
    assert visit.wrong == []
    visit.context.close()


@pytest.mark.promise("P-166")
def test_no_more_advertising_is_one_press_and_the_next_read_and_send_refuse(
    browser: Browser, site: Site, admin: Connection
) -> None:
    """Without a script and by keyboard, without a reason (P-166); who got data for advertising is told (art. 19)."""
    plan = site.stage.company.plan
    person, address = advertised(site, admin)
    given(admin, person)
    visit = Visit(browser, site, java_script_enabled=False, viewport={"width": 1280, "height": 900})
    page = visit.page
    site.sign_in(page, address)
    with reader(site, "marketing") as marketing, reader(site, "service") as service:
        assert seen(marketing, plan, "marketing", person) > 0
        assert refused(site, admin, person, "battery-offer") != why.OBJECTED.key
        page.goto(f"{site.portal}/nl/me/privacy")
        assert (
            page.locator(
                "form:has(button[value=advertising]) :is(textarea, input:not([type=hidden]))"
            ).count()
            == 0
        )
        page.locator("button[value=advertising]").focus()
        page.keyboard.press("Enter")
        expect(page.locator("#said")).to_contain_text("geen reclame meer")
        assert seen(marketing, plan, "marketing", person) == 0
        assert refused(site, admin, person, "battery-offer") == why.OBJECTED.key
        assert seen(service, plan, "service", person) > 0  # messages about the contract go on
    assert page.url.split("#")[0].endswith("/nl/me/privacy")
    expect(page.locator("button[value=advertising]")).to_have_count(0)
    shot(page, "privacy-off")
    told = admin.execute(
        "SELECT recipient, change, given FROM bloesem.notice WHERE person_id = %s", [person]
    ).fetchall()
    assert [(row[0], row[1]) for row in told] == [("reclamehuis", "withdrawal")]
    page.reload()
    expect(page.locator("#said")).to_have_count(0)  # a reload says nothing twice, and does nothing twice
    expect(page.locator("section:has(#received)")).to_contain_text("Intrekking of bezwaar: wordt verwittigd")
    visit.context.close()


@pytest.mark.promise("R-035")
@pytest.mark.promise("P-058")
def test_consent_is_given_by_ticking_and_taken_back_by_one_press(
    browser: Browser, site: Site, admin: Connection
) -> None:
    plan = site.stage.company.plan
    person, address = advertised(site, admin)
    visit = Visit(browser, site, java_script_enabled=False)
    page = visit.page
    site.sign_in(page, address)
    page.goto(f"{site.portal}/nl/me/privacy")
    news = page.locator("form:has(input[value='news@2'])")
    with reader(site, "consent_marketing") as reads:
        before = seen(reads, plan, "consent_marketing", person)
        news.locator("button").click()  # nothing ticked: no consent
        expect(page.locator("#said")).to_contain_text("Er is niets veranderd")
        assert seen(reads, plan, "consent_marketing", person) == before == 0
        news.locator("input[type=checkbox]").check()
        news.locator("button").click()
        expect(page.locator("#said")).to_contain_text("Je toestemming is genoteerd")
        assert seen(reads, plan, "consent_marketing", person) > 0
        row = admin.execute(
            "SELECT part, kinds, channel, words_version, language, action, source, words_digest IS NOT NULL, proof"
            " FROM data.consent WHERE person_id = %s AND withdrawn_at IS NULL ORDER BY given_at DESC LIMIT 1",
            [person],
        ).fetchone()
        assert row is not None
        assert row[:8] == (
            "consent_marketing", "newsletter,event,webinar,contest", "email", "news@2", "nl", "ticked", "subject:portaal",
            True,
        )  # fmt: skip
        expect(page.locator("input[value='news@2']")).to_have_count(0)
        shot(page, "privacy-consent")
        page.locator("form:has(input[name=text][value=news]) button").click()
        expect(page.locator("#said")).to_contain_text("Je toestemming is ingetrokken")
        assert seen(reads, plan, "consent_marketing", person) == 0
    visit.context.close()


def test_an_objection_is_being_assessed_and_meanwhile_nobody_reads_for_it(
    browser: Browser, site: Site, admin: Connection
) -> None:
    person, address = advertised(site, admin, also="quality")
    visit = Visit(browser, site, java_script_enabled=False)
    page = visit.page
    site.sign_in(page, address)
    page.goto(f"{site.portal}/nl/me/privacy")
    mask = site.stage.company.plan.purpose("quality").mask

    def used() -> int:
        row = admin.execute(
            "SELECT used & %s FROM bloesem.state WHERE person_id = %s", [mask, person]
        ).fetchone()
        assert row is not None
        return int(row[0])

    assert used()
    page.locator("#p-quality button[value=object]").click()
    expect(page.locator("#said")).to_contain_text("Je bezwaar is geregistreerd: Kwaliteit")
    assert not used()
    expect(page.locator("#p-quality .state")).to_contain_text("wordt bekeken")
    case = "SELECT state FROM bloesem.request_case WHERE person_id = %s AND asked = 'objection'"
    wait_for(lambda: admin.execute(case, [person]).fetchall() == [("waiting",)])  # for the officer
    assert not used()
    page.locator("#p-quality button[value=back]").click()
    expect(page.locator("#said")).to_contain_text("ingetrokken: Kwaliteit")
    assert used()
    assert admin.execute(case, [person]).fetchall() == [("withdrawn",)]
    # For what the contract or the law needs there is no switch (P-164).
    for part in ("billing", "sales", "service", "archive"):
        expect(page.locator(f"#p-{part} button")).to_have_count(0)
    visit.context.close()


def test_nobody_reaches_another_persons_page_or_speaks_for_them(
    browser: Browser, site: Site, admin: Connection
) -> None:
    """Another number in every field of the form changes nothing of anybody; what no button says is refused."""
    mine, address = advertised(site, admin)
    other, _ = advertised(site, admin)
    visit = Visit(browser, site)
    page = visit.page
    page.goto(f"{site.portal}/nl/me/privacy")
    assert "/signin" in page.url
    site.sign_in(page, address)
    page.goto(f"{site.portal}/nl/me/privacy")
    token = page.locator("input[name=csrfmiddlewaretoken]").first.input_value()

    def facts(person: int) -> Any:
        return admin.execute(
            "SELECT * FROM bloesem.fact WHERE person_id = %s ORDER BY id", [person]
        ).fetchall()

    theirs, own = facts(other), facts(mine)

    def press(**form: str | int) -> int:
        answer = visit.context.request.post(
            f"{site.portal}/nl/me/privacy?person={other}",
            form={"csrfmiddlewaretoken": token, "person": other, "person_id": other, "me": other, **form},
            headers={"Referer": f"{site.portal}/nl/me/privacy", "Origin": site.portal},
            max_redirects=0,
        )
        return answer.status

    wrong: list[dict[str, str | int]] = [
        {"do": "object", "what": "billing"}, {"do": "object", "what": "marketing"}, {"do": "object", "what": other},
        {"do": "object", "what": "' OR 1=1"}, {"do": "back", "what": "law:claims"}, {"do": "erase"}, {},
        {"do": "agree", "what": "take_part@1", "channel": "email"}, {"do": "agree", "what": "news@9", "channel": "email"},
        {"do": "agree", "what": "news@1", "channel": "post"}, {"do": "withdraw", "what": "marketing"},
    ]  # fmt: skip
    for form in wrong:
        assert press(**form) == 400, form
    assert facts(mine) == own
    assert press(do="advertising") == 302
    assert facts(other) == theirs
    assert facts(mine) != own
    visit.context.close()


def test_the_functions_behind_it_know_whoever_signed_in_and_take_no_word_for_it(
    site: Site, admin: Connection
) -> None:
    """As the portal's login, with no scope, another process's, one made up, or one of an employer: nothing at all."""
    person, _ = advertised(site, admin)
    calls = ("bloesem.own_facts()", "bloesem.own_recipients()", "bloesem.own_readings()", "bloesem.own_notices()",
             "bloesem.own_objection('quality')", "bloesem.own_objection_back('quality')", "door.object_as_oneself()",
             "door.take_back('consent_marketing', NULL)", "door.agree(1, 'news@1', 'nl', ARRAY['email'])")  # fmt: skip
    scopes = (
        "",
        f"person:{person}:9999999999:00",
        f"person:{person}:9999999999:{'0' * 64}",
        f"employer:{person}:9999999999:x",
    )
    with connect(site.stage.dsn("portal"), autocommit=True) as portal:
        for call in calls:
            for scope in scopes:
                portal.execute(f"SET bloesem.scope = '{scope}'".encode())
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    portal.execute(f"SELECT * FROM {call}".encode())
    for login in ("worker", "support_desk", "console"):
        with connect(site.stage.dsn(login), autocommit=True) as another:
            for call in calls:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    another.execute(f"SELECT * FROM {call}".encode())

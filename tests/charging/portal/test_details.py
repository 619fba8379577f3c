"""What a person changes of themselves: their own address, number and e-mail address (P-149), and advertising way by way."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect
from tests.charging.portal.client import Visitor, seat
from tests.charging.portal.site import Site
from tests.charging.portal.test_privacy import advertised, given, shot
from tests.charging.portal.test_sign_in import Visit, looks_right
from tests.thorough import again

from bloesem.console.language import say
from bloesem.gate.ids import new_id
from bloesem.plan.dates import civil
from bloesem.stores.postgres import Connection, connect
from charging.portal import details

pytestmark = pytest.mark.browser


@pytest.fixture
def admin(site: Site) -> Iterator[Connection]:
    with site.stage.database.connect(autocommit=True) as connection:
        yield connection


def rows(admin: Connection, table: str, person: int) -> list[Any]:
    return admin.execute(
        f"SELECT * FROM data.{table} WHERE person_id = %s ORDER BY id".encode(), [person]
    ).fetchall()


@pytest.mark.parametrize(
    ("kind", "values", "wrong"),
    [
        ("email", ["Renée@post.example"], [""]),
        ("email", ["renée.post.example"], ["signin.email.wrong"]),
        ("phone", ["0470 12 34 56"], [""]),
        ("phone", ["+31 6 12345678"], [""]),
        ("phone", ["0470 12"], ["details.phone.wrong"]),
        ("phone", [""], ["details.empty"]),
        ("post", ["Dorpsstraat 1", "2800", "Mechelen", "BE"], ["", "", "", ""]),
        ("post", ["Dorpsstraat 1", "0800", "", "BE"], ["", "details.postal.be", "details.empty", ""]),
        ("post", ["Dorpsstraat 1", "1234 AB", "Breda", "NL"], ["", "", "", ""]),
        ("post", ["Dorpsstraat 1", "1234", "Breda", "NL"], ["", "details.postal.wrong", "", ""]),
        ("post", ["x" * 121, "2800", "Mechelen", "XX"], ["details.long", "", "", "details.country.wrong"]),
    ],
)
def test_what_is_typed_is_judged_in_words_and_kept(kind: str, values: list[str], wrong: list[str]) -> None:
    made = details.judged(kind, 1, values)
    assert [field.wrong for field in made.fields] == wrong
    assert made.values == values


@pytest.mark.promise("P-149")
@pytest.mark.parametrize(("language", "width"), again(("nl", 1280), ("fr", 390), ("de", 390), ("en", 1280)))
def test_by_keyboard_and_without_a_script_a_move_is_told_once_and_whoever_had_the_old_address_learns_it(
    browser: Browser, site: Site, admin: Connection, language: str, width: int
) -> None:
    person, address = advertised(site, admin)
    given(admin, person)
    visit = Visit(browser, site, viewport={"width": width, "height": 900})
    page = visit.page
    site.sign_in(page, address, language)
    page.goto(f"{site.portal}/{language}/me/privacy")
    page.click(f"main a[href='/{language}/me/details']")
    looks_right(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    home = page.locator("form:has(input[name=postal_code])").first
    home.locator("input[name=street]").fill("Nieuwstraat 7")
    home.locator("input[name=postal_code]").fill("12")
    home.locator("select").select_option("BE")
    home.locator("input[name=city]").fill("Brugge")
    page.keyboard.press("Enter")
    expect(home.locator("input[name=street]")).to_have_value("Nieuwstraat 7")
    expect(home.locator("input[aria-invalid]")).to_have_count(1)
    looks_right(page)
    shot(page, f"details-{language}-{width}")
    assert not admin.execute(
        "SELECT 1 FROM data.address WHERE street = 'Nieuwstraat 7' AND person_id = %s", [person]
    ).fetchall()
    home.locator("input[name=postal_code]").fill("8000")
    letters = len(site.letters())
    home.locator("button").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_be_visible()
    mail = site.letter_to(address, letters)
    assert mail.subject == say("details.mail.post.subject", language)
    assert "Nieuwstraat" not in mail.text
    assert page.url.split("#")[0] == f"{site.portal}/{language}/me/details"
    assert admin.execute(
        "SELECT street, postal_code, city, source, region, suppression_key FROM data.address"
        " WHERE person_id = %s AND street = 'Nieuwstraat 7'", [person]
    ).fetchall() == [("Nieuwstraat 7", "8000", "Brugge", "subject:portaal", None, None)]  # fmt: skip
    told = admin.execute(
        "SELECT recipient, change, given FROM bloesem.notice WHERE person_id = %s ORDER BY 1", [person]
    ).fetchall()
    assert [(row[0], row[1]) for row in told] == [
        ("briefwerk", "rectification"),
        ("reclamehuis", "rectification"),
    ]
    assert all(row[2] == {"address": ["street", "city"]} for row in told)
    assert visit.wrong == ["400"] or all("400" in str(one) for one in visit.wrong)
    visit.context.close()


@pytest.mark.promise("P-149")
def test_a_new_e_mail_address_counts_once_it_is_confirmed_on_both_and_both_are_told(
    browser: Browser, site: Site, admin: Connection
) -> None:
    person, address = advertised(site, admin)
    fresh = f"nieuw.{person}@post.example"
    visit = Visit(browser, site)
    page = visit.page
    site.sign_in(page, address)
    page.goto(f"{site.portal}/nl/me/details")
    before = rows(admin, "email_address", person)
    letters = len(site.letters())
    form = page.locator(f"form:has(input[name=email][value='{address}'])").first
    form.locator("input[name=email]").fill(fresh)
    form.locator("button").click()
    page.wait_for_url("**/me/details/code")
    assert rows(admin, "email_address", person) == before
    code = site.letter_to(fresh, letters).code
    page.fill("#id_code", "BBBB-BBBB")
    page.click("main form button")
    expect(page.locator("#code-wrong")).to_be_visible()
    assert rows(admin, "email_address", person) == before
    shot(page, "details-code")
    page.fill("#id_code", code)
    page.click("main form button")
    expect(page.locator("#said")).to_contain_text("Gewijzigd")
    assert fresh not in page.url
    assert admin.execute(
        "SELECT value_norm, source, opt_out_offered FROM data.email_address WHERE person_id = %s AND value = %s", [person, fresh]
    ).fetchall() == [(fresh, "subject:portaal", False)]  # fmt: skip
    old = site.letter_to(address, letters + 1)
    assert "gewijzigd" in old.subject
    assert fresh not in old.text  # whoever reads the old one does not learn the new
    page.goto(f"{site.portal}/nl/me/details/code")
    assert page.url.endswith("/me/details")  # a code is good once
    assert "Dit is nu" in site.letter_to(fresh, letters + 2).subject
    _confirms_the_old_one_too(page, site, admin, person, fresh)
    again = Visit(browser, site)
    site.sign_in(again.page, fresh.replace("nieuw", "derde"))  # and now it signs in
    again.page.goto(f"{site.portal}/nl/me/details")
    expect(again.page.locator(f"input[name=email][value='{fresh.replace('nieuw', 'derde')}']")).to_have_count(
        1
    )
    again.context.close()
    visit.context.close()


@pytest.mark.promise("P-066")
def test_a_subscription_ends_only_for_whoever_proved_who_they_are_and_that_is_logged(
    browser: Browser, site: Site, admin: Connection
) -> None:
    person, address = advertised(site, admin)
    product = admin.execute("SELECT min(id) FROM data.product").fetchone()
    assert product
    row = new_id()
    admin.execute(
        "INSERT INTO data.product_ownership (id, person_id, recorded_at, source, product_id, since)"
        " VALUES (%s, %s, now(), 'assigned', %s, '2026-01-01')", [row, person, product[0]]
    )  # fmt: skip

    def until() -> dt.date | None:
        found = admin.execute("SELECT until FROM data.product_ownership WHERE id = %s", [row]).fetchone()
        assert found
        return found[0]  # type: ignore[no-any-return]

    def logged() -> list[Any]:
        return admin.execute(
            "SELECT purpose, counts->>'proof' FROM bloesem.act WHERE kind = 'identified'"
            " AND counts->>'product_ownership' = %s", [str(row)]
        ).fetchall()  # fmt: skip

    today = civil(dt.datetime.now(dt.UTC))
    last = today + dt.timedelta(days=30)
    # Nobody, somebody whose proof is missing from the session, and somebody else: nothing changes, nothing is logged.
    fields = [("row", str(row)), ("last", last.isoformat())]
    other, _ = advertised(site, admin)
    for who, status in (
        (Visitor(site.portal, "nobody"), (302, 403)),
        (seat(admin, site.portal, "unproven", "person", [person], proofs=()), (200, 403)),
        (seat(admin, site.portal, "other", "person", [other]), (400, 403)),
    ):
        form = who.get("/nl/me/subscription")
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form.text)
        answer = who.post(
            "/nl/me/subscription", [*fields, ("csrfmiddlewaretoken", token.group(1) if token else "")]
        )
        assert answer.status in status, who.name
        assert (until(), logged()) == (None, []), who.name
        who.close()

    visit = Visit(browser, site)
    page = visit.page
    site.sign_in(page, address, "de")  # the code goes to the address on file: no document is asked for
    page.goto(f"{site.portal}/de/me/subscription")
    looks_right(page)
    form_ = page.locator(f"form:has(input[name=row][value='{row}'])")
    form_.locator("input[name=last]").fill((today - dt.timedelta(days=1)).isoformat())
    form_.locator("button").click()
    expect(form_.locator(".wrong")).to_be_visible()
    looks_right(page)
    assert (until(), logged()) == (None, [])
    form_.locator("input[name=last]").fill(last.isoformat())
    form_.locator("button").click()
    expect(page.locator("#said")).to_have_text("Es ist notiert")
    assert (until(), logged()) == (last, [("identify", "code")])
    for language in ("nl", "en", "fr"):
        page.goto(f"{site.portal}/{language}/me/subscription")
        assert "subscription." not in page.inner_text("main")
    visit.context.close()


def _confirms_the_old_one_too(page: Page, site: Site, admin: Connection, person: int, old: str) -> None:
    """Signed in by a code that went elsewhere: the address that goes is asked as well."""
    third = old.replace("nieuw", "derde")
    before, letters = rows(admin, "email_address", person), len(site.letters())
    form = page.locator(f"form:has(input[name=email][value='{old}'])").first
    form.locator("input[name=email]").fill(third)
    form.locator("button").click()
    page.wait_for_url("**/me/details/code")
    looks_right(page)
    new_code, old_code = site.letter_to(third, letters + 1).code, site.letter_to(old, letters + 1).code
    assert new_code != old_code
    page.fill("#id_code", new_code)
    page.fill("#id_old", "BBBB-BBBB")
    page.click("main form button")
    expect(page.locator("#code-wrong")).to_be_visible()
    assert rows(admin, "email_address", person) == before
    page.fill("#id_code", new_code)
    page.fill("#id_old", old_code)
    page.click("main form button")
    expect(page.locator("#said")).to_contain_text("Gewijzigd")


def test_nobody_changes_anothers_address_or_takes_it_for_their_own(
    browser: Browser, site: Site, admin: Connection
) -> None:
    mine, address = advertised(site, admin)
    other, theirs = advertised(site, admin)
    visit = Visit(browser, site)
    page = visit.page
    page.goto(f"{site.portal}/nl/me/details")
    assert "/signin" in page.url
    site.sign_in(page, address)
    page.goto(f"{site.portal}/nl/me/details")
    token = page.locator("input[name=csrfmiddlewaretoken]").first.input_value()
    (number,) = admin.execute(
        "SELECT max(id) FROM data.email_address WHERE person_id = %s", [other]
    ).fetchone() or (0,)
    (street,) = admin.execute(
        "SELECT max(id) FROM data.address WHERE person_id = %s", [other]
    ).fetchone() or (0,)
    before = [
        rows(admin, table, person) for table in ("email_address", "address") for person in (mine, other)
    ]
    wrong: tuple[dict[str, str | float | bool], ...] = (
        {"kind": "email", "row": number, "email": "x@post.example"},
        {"kind": "post", "row": street, "street": "X 1", "postal_code": "2800", "city": "Y", "country": "BE"},
        {"kind": "iban", "row": 1},
        {},
    )
    for wanted in wrong:
        answer = visit.context.request.post(
            f"{site.portal}/nl/me/details?person={other}",
            form={"csrfmiddlewaretoken": token, "person": other, **wanted},
            headers={"Referer": f"{site.portal}/nl/me/details", "Origin": site.portal},
            max_redirects=0,
        )
        assert answer.status == 400, wanted
    letters = len(site.letters())
    form = page.locator(f"form:has(input[name=email][value='{address}'])").first
    form.locator("input[name=email]").fill(theirs)
    form.locator("button").click()
    page.fill("#id_code", site.letter_to(theirs, letters).code)
    page.click("main form button")
    expect(page.locator("#said")).to_contain_text("ander dossier")
    assert before == [
        rows(admin, table, person) for table in ("email_address", "address") for person in (mine, other)
    ]
    visit.context.close()
    calls = ("door.refuse_channel_as_oneself('post')",
             f"door.correct_as_oneself('email', {number}, ARRAY['x@post.example'], 'x@post.example')")  # fmt: skip
    for login in ("portal", "worker", "console"):
        with connect(site.stage.dsn(login), autocommit=True) as another:
            for call in calls:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    another.execute(f"SELECT {call}".encode())


def test_advertising_is_refused_way_by_way_and_the_others_stay(
    browser: Browser, site: Site, admin: Connection
) -> None:
    person, address = advertised(site, admin)
    visit = Visit(browser, site, java_script_enabled=False)
    page = visit.page
    site.sign_in(page, address)
    page.goto(f"{site.portal}/nl/me/privacy")
    expect(page.locator("button[name=what][value]")).to_have_count(5)
    page.locator("ul.channels button[value=sms]").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_contain_text("Geen reclame meer langs deze weg")
    expect(page.locator("ul.channels button")).to_have_count(4)
    held = admin.execute(
        "SELECT kind, key FROM bloesem.fact WHERE person_id = %s AND kind IN ('channel', 'objection') AND ends_at IS NULL",
        [person],
    ).fetchall()
    assert held == [("channel", "sms")]
    shot(page, "channels")
    visit.context.close()

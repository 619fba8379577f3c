"""The privacy officer's pages: what they say is what the register decides and what PostgreSQL really lets each role do."""

from __future__ import annotations

import datetime as dt
import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from psycopg import sql
from tests.bloesem.console.stage import BLOSSOM, Stage
from tests.browsers import violations
from tests.charging.portal.client import Visitor, seat
from tests.charging.portal.site import STAFF, Site
from tests.thorough import again

from bloesem.company import load
from bloesem.console.company import Company
from bloesem.console.officer import common, matrices, readers, world
from bloesem.countries import called
from bloesem.gate import oversight
from bloesem.plan.dates import civil, last_day
from bloesem.recipients.register import standing_of
from bloesem.recipients.transfers import carried
from bloesem.rights.guarded.told import readings

pytestmark = pytest.mark.browser
PAGES = (
    *("", "/readers", "/transfers", "/recipients", "/recipients/nimbus", "/recipients/linkedin_audiences"),
    *("/matrix", "/disclosures", "/consents", "/register", "/dpia", "/breaches"),
)
#: People of the demonstration in whose lives something decided otherwise.
CASES = (
    *(
        "ann",
        "customer",
        "restricted",
        "dispute_open",
        "four_ends",
        "objector_marketing",
        "objection_assessed",
    ),
    *(
        "former_recent",
        "former_last_day",
        "returned_late",
        "erasure_customer",
        "prospect",
        "consent_withdrawn",
    ),
)
ASKED = (
    *("financial.iban", "contact.email", "contact.phone", "identification.name", "contract.billing"),
    *("usage.session", "communication.survey", "installation.place"),
)


class Office:
    """The officer, signed in once; what the browser complains of is noted."""

    def __init__(self, browser: Browser, site: Site) -> None:
        self.site = site
        self.context: BrowserContext = browser.new_context(locale="nl-BE")
        self.page: Page = self.context.new_page()
        self.wrong: list[str] = []
        self.addresses: list[str] = []
        self.page.on(
            "console", lambda m: self.wrong.append(m.text) if m.type in ("error", "warning") else None
        )
        self.page.on("pageerror", lambda e: self.wrong.append(str(e)))
        self.page.on("request", lambda r: self.addresses.append(r.url))
        site.sign_in_staff(self.page, "officer")

    def open(self, path: str, language: str = "nl") -> Page:
        self.page.goto(f"{self.site.portal}/{language}/officer{path}")
        return self.page

    def ask(self, value: str, category: str = "financial.iban", by: str = "email") -> Page:
        page = self.open("/readers")
        page.select_option("#by", by)
        page.fill("#value", value)
        page.select_option("#category", category)
        page.click("main form button")
        page.wait_for_load_state()
        return page


@pytest.fixture(scope="module")
def office(browser: Browser, site: Site) -> Iterator[Office]:
    made = Office(browser, site)
    yield made
    made.context.close()


@pytest.fixture(scope="module")
def admin(site: Site) -> Iterator[psycopg.Connection[Any]]:
    with site.stage.database.connect(autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def company(site: Site) -> Company:
    """As the portal's own process has it: with record and law."""
    from dataclasses import replace

    stage = site.stage
    files = load(BLOSSOM, on=civil(dt.datetime.now(dt.UTC)), prefix=stage.company.plan.prefix).company
    return replace(stage.company, loaded=files)


def today() -> dt.date:
    return civil(dt.datetime.now(dt.UTC))


def looks_right(page: Page, width: int) -> None:
    assert violations(page) == [], page.url
    assert page.evaluate("document.documentElement.scrollWidth") <= width, page.url
    assert page.locator("h1").count() == 1
    assert page.locator("[style]").count() == 0


@pytest.mark.parametrize(
    ("language", "width"), again(("nl", 1280), ("nl", 390), ("en", 390), ("fr", 1280), ("de", 390))
)
def test_every_page_is_there_in_four_languages_at_both_widths(
    office: Office, language: str, width: int
) -> None:
    office.page.set_viewport_size({"width": width, "height": 900})
    for path in PAGES:
        page = office.open(path, language)
        assert page.locator("html").get_attribute("lang") == language
        looks_right(page, width)
        assert "officer" in page.url
    office.page.set_viewport_size({"width": 1280, "height": 900})
    assert office.wrong == []


# ---- who could read this of that person ------------------------------------------------------------------------------


def really_read(
    admin: psycopg.Connection[Any], company: Company, person: int, category: str
) -> dict[str, int]:
    """Purpose → how many values of a category its role reads of a person, by asking PostgreSQL as that role."""
    plan, found = company.plan, {}
    for purpose in plan.purposes:
        found[purpose.key] = 0
        for table in readers.tables_of(company, category):
            for column in table.columns:
                if category not in column.categories or column.key:
                    continue
                query = sql.SQL("SELECT count({c}) FROM {t} WHERE {o} = %s").format(
                    c=sql.Identifier(column.name),
                    t=sql.Identifier(table.schema, table.name),
                    o=sql.Identifier(table.owners[column.owner]),
                )
                try:
                    with admin.transaction(force_rollback=True):
                        admin.execute(
                            sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(
                                sql.Identifier(table.schema), sql.Identifier(plan.role(purpose.name))
                            )
                        )
                        admin.execute(
                            sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(plan.role(purpose.name)))
                        )
                        row = admin.execute(query, [person]).fetchone()
                        assert row is not None
                        found[purpose.key] += row[0]
                except (psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedObject):
                    continue
    return found


def asked_of(stage: Stage, company: Company, address: str, category: str) -> oversight.Asked:
    """What the officer's process is told."""
    tables = [table.name for table in readers.tables_of(company, category)]
    with psycopg.connect(stage.dsn("oversight_desk").url(), autocommit=True) as portal:
        row = portal.execute(
            "SELECT bloesem.oversight_person('test', 'email', %s::text[], %s::text[])",
            [[address.lower()], tables],
        ).fetchone()
    assert row is not None
    return oversight.answered(company.plan, row[0])


@pytest.mark.parametrize("case", CASES)
def test_the_answer_is_what_postgresql_lets_each_role_read(
    site: Site, company: Company, admin: psycopg.Connection[Any], case: str
) -> None:
    if case not in site.people:
        pytest.skip("no address of theirs is left")
    person = site.numbers[case]
    for category in ASKED:
        asked = asked_of(site.stage, company, site.people[case], category)
        if asked.people != 1:
            continue
        assert asked.person == person
        said = readers.answer(company, asked, category, "nl")
        assert said.differ == ()
        told = {key: n for key, n in readers.roles(said).items() if n and key in company.plan.by_key}
        assert not said.more
        read = really_read(admin, company, person, category)
        assert told == {key: n for key, n in read.items() if n}, category


@pytest.mark.parametrize("case", ["customer", "restricted", "four_ends"])
def test_the_page_names_those_who_really_read_the_iban(
    office: Office, site: Site, company: Company, admin: psycopg.Connection[Any], case: str
) -> None:
    page = office.ask(site.people[case])
    looks_right(page, 1280)
    can = {it.strip() for it in page.locator("section[aria-labelledby=can] h3").all_inner_texts()}
    read = really_read(admin, company, site.numbers[case], "financial.iban")
    assert can == {company.part(key, "nl") for key, n in read.items() if n}
    assert bool(can) == (case != "restricted")
    row = admin.execute(
        "SELECT iban FROM data.bank_account WHERE person_id = %s", [site.numbers[case]]
    ).fetchone()
    assert row is not None
    assert row[0][-6:] not in page.content()  # who can read it is said; what it is, is not
    assert site.people[case] not in "".join(office.addresses)
    if case == "restricted":
        expect(page.locator("section[aria-labelledby=cannot]")).to_contain_text("beperking")
    if case == "four_ends":
        expect(page.locator("section[aria-labelledby=can] .until")).to_contain_text("Tot en met")
    expect(page.locator(".good")).to_contain_text("hetzelfde antwoord")


def test_each_question_is_written_down_as_a_read_of_that_person(
    office: Office, site: Site, company: Company, admin: psycopg.Connection[Any]
) -> None:
    person, count = site.numbers["customer"], "SELECT count(*) FROM bloesem.reading WHERE person_id = %s"
    before = admin.execute(count, [person]).fetchone()
    office.ask(site.people["customer"])
    rows = admin.execute(
        "SELECT actor, purpose FROM bloesem.reading WHERE person_id = %s ORDER BY id DESC LIMIT 1", [person]
    ).fetchone()
    after = admin.execute(count, [person]).fetchone()
    assert before is not None
    assert after == (before[0] + 1,)
    assert rows == ("Hanne Willems", "law:accountability")
    seen = readings(admin, company.plan, [person])  # what an answer under article 15 tells the person
    assert {(it["on"], it["purpose"]) for it in seen} >= {(str(today()), "law:accountability")}
    acts = "SELECT counts->>'people' FROM bloesem.act WHERE kind = 'read' ORDER BY id DESC LIMIT 1"
    assert admin.execute(acts).fetchone() == ("1",)
    page = office.ask("nobody.at.all@post.example")
    expect(page.locator("#value-wrong")).to_be_visible()
    looks_right(page, 1280)
    assert admin.execute(acts).fetchone() == ("0",)  # who looks for somebody who is not there, looked


@pytest.mark.parametrize(
    ("by", "value"),
    [("email", ""), ("email", " "), ("email", "x" * 300), ("customer_number", "' OR 1=1 --"), ("phone_number", "+")],
)  # fmt: skip
def test_what_is_nobody_is_said_in_words(office: Office, by: str, value: str) -> None:
    page = office.open("/readers")
    page.evaluate("document.querySelector('#value').removeAttribute('maxlength')")
    page.select_option("#by", by)
    page.fill("#value", value)
    page.click("main form button")
    expect(page.locator("#value-wrong")).to_be_visible()
    assert page.locator("#answer").count() == 0
    looks_right(page, 1280)


def test_a_customer_number_finds_the_same_person(
    office: Office, site: Site, admin: psycopg.Connection[Any]
) -> None:
    row = admin.execute(
        "SELECT customer_number FROM data.person WHERE id = %s", [site.numbers["customer"]]
    ).fetchone()
    assert row is not None
    assert row[0]
    page = office.ask(str(row[0]), by="customer_number")
    expect(page.locator("section[aria-labelledby=can]")).to_contain_text("Facturatie")


def test_by_keyboard_and_without_javascript(browser: Browser, site: Site, office: Office) -> None:
    kept: Any = office.context.storage_state()
    context = browser.new_context(locale="nl-BE", java_script_enabled=False, storage_state=kept)
    page = context.new_page()
    page.goto(f"{site.portal}/nl/officer/readers")
    page.focus("#by")
    for text in ("", site.people["customer"], ""):
        if text:
            page.keyboard.type(text)
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_load_state()
    expect(page.locator("#answer")).to_be_visible()
    context.close()


# ---- nobody else ------------------------------------------------------------------------------------------------------


def test_to_everybody_else_these_pages_do_not_exist(browser: Browser, site: Site) -> None:
    context = browser.new_context(locale="nl-BE")
    page = context.new_page()
    for path in PAGES:
        answer = context.request.get(f"{site.portal}/nl/officer{path}", max_redirects=0)
        assert answer.status == 302
        assert "/signin" in answer.headers["location"]
    site.sign_in(page, site.somebody())
    for path in PAGES:
        assert context.request.get(f"{site.portal}/nl/officer{path}", max_redirects=0).status == 404
        sent = context.request.post(
            f"{site.portal}/nl/officer{path}",
            form={"by": "email", "value": STAFF["officer"]},
            max_redirects=0,
        )
        assert sent.status in (403, 404, 405)
    context.close()


def test_no_other_process_may_ask(site: Site, company: Company) -> None:
    calls = (
        "oversight_counts()",
        "oversight_given()",
        "oversight_disclosures(NULL, NULL)",
        "oversight_person('x', 'email', '{a}', '{}')",
    )
    for login in company.plan.processes:
        with psycopg.connect(site.stage.dsn(login).url(), autocommit=True) as connection:
            for call in calls:
                if login == "oversight_desk":
                    connection.execute(f"SELECT bloesem.{call}".encode())
                    continue
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(f"SELECT bloesem.{call}".encode())


def test_a_question_by_nobody_is_refused(site: Site) -> None:
    with psycopg.connect(site.stage.dsn("oversight_desk").url(), autocommit=True) as portal:
        for actor in (None, "", "  ", "x" * 201):
            with pytest.raises(psycopg.errors.InvalidParameterValue):
                portal.execute("SELECT bloesem.oversight_person(%s, 'email', '{a}', '{}')", [actor])


# ---- recipients and transfers -----------------------------------------------------------------------------------------


def test_a_recipient_is_shown_as_the_register_decides(office: Office, company: Company) -> None:
    page = office.open("/recipients")
    files = common.loaded(company)
    policy = files.in_force(today())
    shown = {}
    for line in page.locator(".kinds li:has(h3)").all():
        shown[line.locator("h3").inner_text()] = line.locator(".stamp").first.inner_text()
    for key, one in files.record.recipients.items():
        found = standing_of(files, policy, key, today())
        assert (shown[one.name] == "Mag") == any(it.allowed for it in found), key
    assert len(shown) == len(files.record.recipients)
    detail = office.open("/recipients/linkedin_audiences")
    expect(detail.locator("main")).to_contain_text("no-own-use")
    assert office.context.request.get(f"{office.site.portal}/nl/officer/recipients/nobody").status == 404


def test_every_exposure_is_in_the_table_and_on_the_map(office: Office, company: Company) -> None:
    page, files = office.open("/transfers"), common.loaded(company)
    policy = files.in_force(today())
    wanted = Counter(
        (one.exposure.of or it.name, called(one.exposure.country, "nl"))
        for key, it in files.record.recipients.items()
        for one in carried(policy, files.record, files.law, key, it, today())
    )
    rows = page.locator(".transfers tbody tr").all()
    shown = Counter((row.locator("th a").inner_text(), row.locator("td").first.inner_text()) for row in rows)
    assert wanted
    assert shown == wanted
    marked = {title.text_content() for title in page.locator(".mark title").all()}
    assert marked == {country for _, country in wanted}


def test_a_transfer_whose_assessment_ended_is_refused_from_the_midnight_on(company: Company) -> None:
    files = common.loaded(company)
    made = files.record.transfers["nimbus-us"].assessment
    assert made is not None
    assert made.review is not None
    last, after = (
        world.page(company, day, "nl") for day in (made.review, made.review + dt.timedelta(days=1))
    )
    state = {
        name: {line.transfer: line.state for line in page["lines"]}["nimbus-us"]
        for name, page in (("last", last), ("after", after))
    }
    assert state == {"last": "scc", "after": "none"}
    assert next(land.state for land in after["lands"] if land.code == "US") == "none"


# ---- over time --------------------------------------------------------------------------------------------------------


def test_consents_and_objections_are_counted_as_the_facts_have_them(
    office: Office, company: Company, admin: psycopg.Connection[Any]
) -> None:
    """The same numbers, slowly: one fact after the other."""
    rows = admin.execute(
        "SELECT person_id, kind, key, starts_at, ends_at FROM bloesem.fact"
        " WHERE kind IN ('consent', 'objection', 'assessing') ORDER BY person_id, key, starts_at, id"
    ).fetchall()
    period = {p.key: clock.period for p in company.plan.purposes for clock in p.clocks if p.by_consent}
    wanted: Counter[tuple[dt.date, str, str]] = Counter()
    for i, (person, kind, key, starts, ends) in enumerate(rows):
        first, ended = civil(starts), civil(ends) if ends else None
        if kind != "consent":
            wanted[first.replace(day=1), "objection", key] += 1
            continue
        last = last_day(first, period[key])
        anew = [
            civil(other[3])
            for other in rows[i + 1 :]
            if (other[0], other[1], other[2]) == (person, kind, key)
        ]
        wanted[first.replace(day=1), "given", key] += 1
        if ended and ended <= min(last, today()):
            wanted[ended.replace(day=1), "withdrawn", key] += 1
        elif last < today() and not (anew and anew[0] <= last):
            wanted[(last + dt.timedelta(days=1)).replace(day=1), "expired", key] += 1
    found = admin.execute("SELECT month, happened, part, many FROM bloesem.oversight_counts()").fetchall()
    assert {(month, happened, part): many for month, happened, part, many in found} == wanted
    page = office.open("/consents")
    totals = [int(it.replace(".", "")) for it in page.locator("tfoot td").all_inner_texts()]
    assert sum(totals) == sum(wanted.values())


def test_a_disclosure_is_shown_with_what_went_and_found_by_recipient_and_month(
    office: Office, site: Site, admin: psycopg.Connection[Any]
) -> None:
    person = site.numbers["customer"]
    gone: tuple[tuple[Any, ...], ...] = (
        ("vlasbank", "Vlasbank (example)", "bank", "billing", [], b"1" * 32, "bank_account", ["iban"]),
        (
            "nimbus",
            "Nimbus Cloud Ireland Ltd (example)",
            "cloud",
            "support",
            [{"country": "US", "mechanism": "scc", "ways": ["parent"]}],
            b"2" * 32,
            "email_address",
            ["value"],
        ),
    )
    for key, name, kind, purpose, transfers, manifest, table, columns in gone:
        made = admin.execute(
            "INSERT INTO bloesem.disclosure (as_of, recipient, name, kind, purpose, ground, transfers, manifest, policy,"
            " ends) VALUES (now(), %s, %s, %s, %s, 'contract, art. 6(1)(b)', %s, %s, '2024-03-18', '2027-01-31') RETURNING id",
            [key, name, kind, purpose, json.dumps(transfers), manifest],
        ).fetchone()
        assert made is not None
        admin.execute(
            "INSERT INTO bloesem.disclosed (disclosure_id, person_id, reference, table_name, columns)"
            " VALUES (%s, %s, 1, %s, %s)",
            [made[0], person, table, columns],
        )
    page = office.open("/disclosures")
    expect(page.locator(".given > li")).to_have_count(2)
    expect(page.locator(".given > li").first).to_contain_text("Overeenkomst, art. 6(1)(b)")
    expect(page.locator(".given > li").first).to_contain_text("Verenigde Staten: Standaardbepalingen")
    expect(page.locator(".given > li").first).to_contain_text("31 januari 2027")
    looks_right(page, 1280)
    page.select_option("#to", "vlasbank")
    page.select_option("#month", f"{today():%Y-%m}")
    page.click("main form button")
    page.wait_for_load_state()
    expect(page.locator(".given > li")).to_have_count(1)
    expect(page.locator(".given > li")).to_contain_text("Bankrekeningnummer")
    admin.execute(
        "INSERT INTO bloesem.disclosure (as_of, recipient, name, kind, purpose, ground, transfers, manifest, policy)"
        " VALUES (now(), 'stroomland', 'Stroomland NV (example)', 'acquirer', 'deal',"
        " 'legitimate-interest, art. 6(1)(f)', '[]', %s, '2024-03-18')",
        [b"3" * 32],
    )
    totals = office.open("/disclosures?to=stroomland").locator(".given > li")
    expect(totals).to_contain_text("Van niemand apart: alleen totalen")
    expect(totals).not_to_contain_text("de termijn is voorbij")
    for query in ("?month=2026-13", "?month=x", "?to=nobody", "?month=0000-01"):
        status = office.context.request.get(f"{site.portal}/nl/officer/disclosures{query}").status
        assert status in (200, 404), query
    expect(office.open("/recipients/vlasbank").locator("section[aria-labelledby=received]")).to_contain_text(
        "1 keer"
    )
    asked = office.ask(site.people["customer"])
    expect(asked.locator("section[aria-labelledby=outside] dl").first).to_contain_text("Vlasbank")


# ---- the matrix -------------------------------------------------------------------------------------------------------


def test_the_matrix_is_what_the_database_grants_and_says_when_that_is_not_the_plan(
    office: Office, company: Company, admin: psycopg.Connection[Any]
) -> None:
    expect(office.open("/matrix").locator(".sum.good")).to_contain_text("eens over alle")
    role = sql.Identifier(company.plan.role("marketing"))
    admin.execute(sql.SQL("GRANT SELECT (iban) ON data.bank_account TO {}").format(role))
    try:
        page = office.open("/matrix")
        expect(page.locator("main [role=alert]")).to_contain_text("data.bank_account.iban")
        looks_right(page, 1280)
        marketing = page.locator(".roles details", has_text="Marketing").first
        assert "Bankrekeningnummer" in (marketing.text_content() or "")
    finally:
        admin.execute(sql.SQL("REVOKE SELECT (iban) ON data.bank_account FROM {}").format(role))
    expect(office.open("/matrix").locator("main [role=alert]")).to_have_count(0)
    assert matrices.expected(company.plan)


# ---- the register of processing and the impact assessments ---------------------------------------------------------------


def test_the_register_shows_each_activity_with_what_is_missing_and_files_to_take(office: Office) -> None:
    from bloesem.company import load as load_loaded
    from bloesem.register.activities import register

    found = register(load_loaded(BLOSSOM, on=today()).company, today())
    page = office.open("/register")
    assert page.locator("main .roles details").count() == len(found.activities)
    assert "Naam van de functionaris" in page.locator("main .wrong").inner_text()
    page.locator("main .roles details").first.locator("summary").click()
    expect(page.locator("main .roles details").first).to_contain_text("Rechtsgrond")
    looks_right(page, 1280)
    names = set()
    for link in page.locator("section[aria-labelledby=files] a").all():
        with page.expect_download() as waiting:
            link.click()
        file = waiting.value
        names.add(file.suggested_filename.rsplit(".", 1)[1])
        content = file.path().read_bytes()
        assert content
        if file.suggested_filename.endswith(".xlsx"):
            assert content.startswith(b"PK")
        elif not file.suggested_filename.endswith(".yaml"):
            assert json.loads(content)
    assert names == {"xlsx", "jsonld", "json", "yaml"}
    answer = office.context.request.get(f"{office.site.portal}/nl/officer/register/docx")
    assert answer.status == 404


def test_each_trigger_has_its_decision_on_the_page(office: Office) -> None:
    page = office.open("/dpia", "en")
    assert page.locator("main .wrong").count() == 0
    for key in ("charging", "recordings", "advertising", "holds"):
        assert page.locator(f"#r-{key}").count() == 1
        assert page.locator(f"main a[href='#r-{key}']").count() >= 1


# ---- breaches ------------------------------------------------------------------------------------------------------------


def _at(hours: float) -> str:
    from bloesem.breaches.rules import BRUSSELS

    return (dt.datetime.now(BRUSSELS) - dt.timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M")


def _step(page: Page, step: str, ticks: tuple[str, ...] = (), **values: str) -> None:
    form = page.locator(f"#step-{step}")
    if form.get_attribute("open") is None:
        form.locator("summary").click()
    for value in ticks:
        form.locator(f"input[value='{value}']").check()
    for name, value in values.items():
        field = form.locator(f"[name={name}]")
        if field.evaluate("e => e.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    form.locator("button").click()
    page.wait_for_load_state()


def test_a_breach_is_recorded_notified_made_whole_and_closed_on_the_pages(office: Office) -> None:
    page = office.open("/breaches")
    looks_right(page, 1280)
    expect(page.locator("main .empty")).to_be_visible()
    _step(
        page,
        "record",
        ("confidentiality",),
        what="<b>Lijst</b> naar verkeerd adres",
        discovered_at=_at(21),
        aware_at=_at(-5),
    )
    expect(page.locator("main .wrong")).to_contain_text("lies ahead")
    assert page.locator("#record-what").input_value() == "<b>Lijst</b> naar verkeerd adres", "nothing is lost"
    assert page.locator("#step-record input[value=confidentiality]").is_checked()
    looks_right(page, 1280)
    _step(page, "record", aware_at=_at(20))
    page.wait_for_url("**/officer/breaches/1")
    expect(page.locator("main meter")).to_have_attribute("value", "20")
    expect(page.locator("main")).to_contain_text(re.compile(r"nog 51 u 5\d"))
    assert page.locator("main b").count() == 0
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        looks_right(page, width)
    page.set_viewport_size({"width": 1280, "height": 900})
    _step(page, "notified", told_at=_at(1), reference="GBA-2026-1", late_reasons="geen")
    expect(page.locator("main .wrong")).to_contain_text("a delay that there was not")
    _step(page, "notified", late_reasons="")
    _step(page, "risk", risk="high", reason="rekeningnummers")
    expect(page.locator("main")).to_contain_text("bloesem breach tell 1")
    assert page.locator("#step-closed").count() == 0, "it is not closed while something is owed"
    _step(page, "whole")
    expect(page.locator("main .wrong")).to_contain_text("nobody said yet")
    _step(
        page, "described", ("contact.email", "customer"), people="0", records="40",
        consequences="Reclame door vreemden", measures="De link is weg",
    )  # fmt: skip
    _step(page, "supplemented", told_at=_at(0.1), what="Hoeveel mensen")
    _step(page, "whole")
    _step(page, "exempt", ground="encrypted", reason="De sleutel is van ons")
    _step(page, "closed", reason="Niets meer te doen")
    expect(page.locator("main .stamp").first).to_have_text("gesloten")
    assert page.locator("#step-reopened").count() == 1
    for language, width in (("nl", 1280), ("en", 390), ("fr", 1280), ("de", 390)):
        page.set_viewport_size({"width": width, "height": 900})
        for path in ("/breaches", "/breaches/1"):
            looks_right(office.open(path, language), width)
    page.set_viewport_size({"width": 1280, "height": 900})
    assert office.open("/breaches/2").locator("h1").count() == 1
    assert office.context.request.get(f"{office.site.portal}/nl/officer/breaches/2").status == 404


def test_each_entry_of_the_pages_is_an_act_of_the_officer(
    office: Office, admin: psycopg.Connection[Any]
) -> None:
    rows = admin.execute(
        "SELECT kind, actor FROM bloesem.breach_entry WHERE breach = 1 ORDER BY number"
    ).fetchall()
    assert [kind for kind, _ in rows] == [
        *("recorded", "notified", "risk", "described", "supplemented", "whole", "exempt", "closed")
    ]
    assert {actor.split(":")[0] for _, actor in rows} == {"officer"}
    many = admin.execute("SELECT count(*) FROM bloesem.act WHERE kind = 'breach'").fetchone()
    assert many == (len(rows),)


# ---- the calendar ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def desk(site: Site, admin: psycopg.Connection[Any]) -> Iterator[Visitor]:
    """The officer without a browser."""
    made = seat(admin, site.portal, "desk", "officer", ())
    yield made
    made.close()


def _said(desk: Visitor, path: str, language: str = "nl") -> str:
    answer = desk.get(f"/{language}/officer{path}")
    assert answer.status == 200, (path, answer.status)
    return re.sub(r"\s+", " ", answer.text)


def _cell(page: str, day: dt.date) -> str:
    return page.partition(f'datetime="{day}"')[2].partition("<time")[0]


def test_a_day_of_the_calendar_shows_what_is_due_and_leads_to_it(
    desk: Visitor, site: Site, company: Company, admin: psycopg.Connection[Any]
) -> None:
    from bloesem.breaches import store
    from bloesem.breaches.entries import Recorded

    due = today() + dt.timedelta(days=12)
    row = admin.execute(
        "SELECT bloesem.case_register('officer:7', 'request', 'restriction', 'letter', 'nl', %s, 'niet gebruiken', '{}',"
        " bloesem.moment() - interval '1 hour', '')",
        [site.people["customer"]],
    ).fetchone()
    assert row is not None
    waiting = time.monotonic() + 20
    while time.monotonic() < waiting:  # until the clerk has asked who it is
        if admin.execute(
            "SELECT 1 FROM bloesem.request_case WHERE number = %s AND state <> 'received'", row
        ).fetchone():
            break
        time.sleep(0.2)
    admin.execute(
        "UPDATE bloesem.request_case SET due = %s, warn_on = %s, stopped_at = NULL WHERE number = %s",
        [due, due - dt.timedelta(days=10), *row],
    )
    aware = store.moment(admin) - dt.timedelta(hours=30)
    said = Recorded(what="lijst verstuurd", losses=("confidentiality",), discovered_at=aware, aware_at=aware)
    law = common.loaded(company).law
    made = store.note(admin, law, None, said, actor="officer:7", now=store.moment(admin))
    cell = _cell(_said(desk, f"/calendar?month={due:%Y-%m}"), due)
    assert f"/nl/officer/cases/{row[0]}" in cell
    assert "antwoord verschuldigd" in cell
    cell = _cell(_said(desk, f"/calendar?month={made.due:%Y-%m}"), made.due.date())
    assert f"/nl/officer/breaches/{made.number}" in cell
    assert f"uiterlijk om {made.due:%H:%M}" in cell
    for language, words in (("nl", "begint"), ("en", "begins"), ("fr", "commence"), ("de", "beginnt")):
        assert words in _cell(_said(desk, "/calendar?month=2027-03", language), dt.date(2027, 3, 1))


def test_a_month_that_is_none_or_too_far_is_not_found(desk: Visitor) -> None:
    for month in ("2026-13", "0000-01", "x", "1999-01", "9999-12", "2026-1", "2026-01-01"):
        assert desk.get(f"/nl/officer/calendar?month={month}").status == 404, month


# ---- versions and the linter -----------------------------------------------------------------------------------------------


def _token(page: str) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def test_a_step_of_publishing_is_asked_on_the_page_and_refused_where_it_may_not_be(
    desk: Visitor, admin: psycopg.Connection[Any]
) -> None:
    address = "/nl/officer/versions/2027-03-01"
    page = _said(desk, "/versions/2027-03-01")
    assert "Nieuw doel: Kwaliteitscontrole van gesprekken." in page
    assert "Dat kan vanaf 1 maart 2027" in page, "it is not put in force before its day"
    token = _token(page)

    def send(**fields: str) -> int:
        return desk.post(address, [("csrfmiddlewaretoken", token), *fields.items()]).status

    assert send(do="announce", url="https://www.blossom.be/nl") == 404, "nothing was decided yet"
    assert send(do="activate") == 404
    assert send(do="decide", reason="", significant="yes") == 400
    assert send(do="decide", reason="klein", significant="no") == 400, "the differences say otherwise"
    assert admin.execute("SELECT count(*) FROM bloesem.publication_wish").fetchone() == (0,)
    assert send(do="decide", reason="andere gronden", significant="yes") == 302
    until = time.monotonic() + 60
    while time.monotonic() < until and not admin.execute("SELECT 1 FROM bloesem.publication").fetchone():
        time.sleep(0.2)
    row = admin.execute("SELECT decided_by, reason, significant FROM bloesem.publication").fetchone()
    assert row == ("desk", "andere gronden", True)
    assert send(do="announce", url="http://blossom.example") == 400
    assert send(do="announce", url="https://www.blossom.be/nl/privacy") == 302
    page = _said(desk, "/versions/2027-03-01")
    assert "Gevraagd op " in page
    assert "beslist" in page
    for day in ("2027-03-02", "x", "2027-3-1", "0000-00-00"):
        assert desk.get(f"/nl/officer/versions/{day}").status == 404
    over = _said(desk, "/versions/2024-03-18")
    assert '<form method="post" class="ask' not in over, "what is in force is decided about no more"


def test_a_version_is_written_on_the_page_and_says_what_is_wrong_with_it(
    desk: Visitor, admin: psycopg.Connection[Any]
) -> None:
    page = _said(desk, "/versions")
    token = _token(page)

    def send(path: str, **fields: str) -> int:
        return desk.post(f"/nl/officer{path}", [("csrfmiddlewaretoken", token), *fields.items()]).status

    for day, like in (("2020-01-01", "2024-03-18"), ("2027-03-01", "2024-03-18"), ("2028-01-01", "x")):
        assert send("/versions", day=day, like=like) == 400, (day, like)
    assert send("/versions", day="2028-01-01", like="2027-03-01") == 302
    draft = "/drafts/2028-01-01"
    page = _said(desk, draft)
    assert "Geen verschil in betekenis met de versie van 1 maart 2027." in page
    assert 'value="write"' in page
    text = admin.execute("SELECT papers ->> 'policy.yaml' FROM bloesem.publication_paper").fetchone()
    assert text is not None
    wrong = text[0].replace("company:", "compny:", 1)
    assert send(f"{draft}/policy", text=wrong, revision="7") == 400, "somebody else wrote meanwhile"
    assert send(f"{draft}/policy", text=wrong, revision="1") == 302
    page = _said(desk, draft)
    assert "2028-01-01/policy.yaml:" in page
    assert "compny: unknown key" in page
    assert send(draft, do="write") == 404, "what is wrong is no version"
    assert send(draft, do="upload", revision="2") == 400
    assert send(draft, do="else") == 404
    for path in ("/drafts/2028-01-02", "/drafts/x", f"{draft}/bits"):
        assert desk.get(f"/nl/officer{path}").status == 404, path
    assert send(draft, do="drop") == 302
    assert admin.execute("SELECT count(*) FROM bloesem.publication_paper").fetchone() == (0,)


def test_the_linter_shows_each_finding_with_its_sentence(desk: Visitor, company: Company) -> None:
    from bloesem.policy.lint import lint
    from bloesem.policy.lint.reading import notice_of

    policy = common.loaded(company).in_force(today())
    found = [one for one in lint(notice_of(common.loaded(company), policy, today())) if one.id == "L-031"]
    page = _said(desk, f"/linter?version={policy.version}&rule=L-031")
    assert page.count('<span class="id">L-031</span>') == len(found) > 0
    number = found[0].line or 0
    text = (BLOSSOM / "policy" / str(policy.version) / "text.nl.txt").read_text()
    line = text.split("\n")[number - 1]
    assert line.strip()[:30] in page
    anchor = re.search(rf'href="/nl/notice/{policy.version}#(s{number}-\d+)"', page)
    assert anchor is not None
    assert f'id="{anchor[1]}"' in desk.get(f"/nl/notice/{policy.version}").text
    assert found[0].rule.remedy["nl"] in page
    assert found[0].rule.remedy["en"] in _said(desk, "/linter?rule=L-031", "en")
    for query in ("rule=L-999", "severity=fatal", "article=999", "version=2020-01-01", "version=x"):
        assert desk.get(f"/nl/officer/linter?{query}").status == 404, query


@pytest.mark.parametrize(("language", "width"), again(("nl", 1280), ("de", 390)))
def test_calendar_versions_and_linter_look_right(office: Office, language: str, width: int) -> None:
    office.page.set_viewport_size({"width": width, "height": 900})
    for path in ("/calendar", "/versions/2027-03-01", "/linter?article=7"):
        looks_right(office.open(path, language), width)
    office.page.set_viewport_size({"width": 1280, "height": 900})

"""What is written to people: in plain words, in one form of address, and after an objection about contract and law alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from django.test import Client
from tests.bloesem.consent.stage import MESSAGES, Stage
from tests.bloesem.rights.guarded.test_told import given
from tests.bloesem.sending.conftest import alone as alone
from tests.bloesem.sending.conftest import at as at
from tests.bloesem.sending.stage import PLACE, door, product, templates
from tests.bloesem.sending.test_templates import spoilt
from tests.bloesem.sending.test_web import Page
from tests.bloesem.sending.test_web import browser as browser
from tests.promises.test_gate import unblocked as unblocked

from bloesem.answers.model import words
from bloesem.consent.errors import RulesError
from bloesem.consent.rules import load_rules
from bloesem.consent.tables import object_to_advertising
from bloesem.plain import FORMS, hard, other_form, reads
from bloesem.sending import indirect
from bloesem.sending.templates import FIRST, Template
from bloesem.terms import LANGUAGES

#: Classes of messages for which the text keeps a right to write after an objection: for the contract, and for the law.
FOR_CONTRACT_OR_LAW = {"contract", "service", "legal"}
FILLED = {"month": "mei", "amount": "12 EUR", "day": "4 mei"}


def every_template(at: Stage) -> Iterator[tuple[str, Template]]:
    yield from sorted(templates(at).all.items())


# ---- plain words (P-002) ---------------------------------------------------------------------------------------------


@pytest.mark.promise("P-002")
def test_a_message_that_is_not_plain_or_lacks_a_language_is_never_loaded(at: Stage) -> None:
    long = "Wij " + "en wij " * 25 + "weten het."
    learned = (
        "De verwerkingsverantwoordelijke overeenkomstig gegevensbeschermingsrechtelijke bepalingen communiceert"
        " desbetreffende informatie betreffende verwerkingsactiviteiten overeenkomstig verantwoordelijkheidsbeginselen"
        " respectievelijk noodzakelijkheidsbeoordelingen aangaande gerechtvaardigde belangenafwegingen, niettegenstaande"
        " andersluidende beleidsmatige overwegingen, tenzij uitdrukkelijk anderszins gespecificeerd geworden zijnde"
    )
    for words_, why in ((long, "a sentence of"), (learned, "it reads at")):
        said = spoilt(
            at,
            "visit-planned",
            ("nl: Onze installateur komt op {day}. Past", f"nl: {words_}. Onze {{day}}. Past"),
        )
        assert "is not plain" in said
        assert why in said
        assert "P-002" in said
    for language in LANGUAGES:
        subject = templates(at).all["visit-planned"].subject[language]
        assert "P-002" in spoilt(at, "visit-planned", (f"  {language}: {subject}\n", ""))


@pytest.mark.promise("P-002")
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_sent_reads_easily_and_comes_in_the_readers_own_language(at: Stage, language: str) -> None:
    for _, template in every_template(at):
        assert hard(f"{template.subject[language]}\n{template.text[language]}", language) is None
    person = at.customer()
    at.keeper.execute("UPDATE data.person SET language = %s WHERE id = %s", [language, person])
    made, listing = door(at)
    made.run()  # what other tests left
    listing.sent.clear()
    made.submit("statement-ready", "email", [person], {"month": "5", "amount": "12 EUR"})
    made.run()
    (letter,) = listing.sent
    assert letter.language == language
    assert letter.subject == templates(at).all["statement-ready"].subject[language].format(month="5")


@pytest.mark.promise("P-002")
def test_the_measure_tells_plain_words_from_learned_ones() -> None:
    """Known texts, in the order in which people find them hard."""
    pairs = {
        "nl": (
            "De hond blaft. Het kind lacht.",
            "Rechtspersonen verantwoorden gegevensbeschermingsmaatregelen.",
        ),
        "en": ("The dog barks. The child is glad.", "Organisations demonstrate accountability obligations."),
        "fr": (
            "Le chien dort. La fille rit.",
            "Les organisations manifestent leur responsabilité réglementaire.",
        ),
        "de": (
            "Der Hund bellt. Das Kind lacht.",
            "Verantwortliche dokumentieren Datenschutzfolgenabschätzungen.",
        ),
    }
    for language, (easy, learned) in pairs.items():
        assert reads(easy, language) > 80 > 30 > reads(learned, language)


# ---- one form of address (P-184) ---------------------------------------------------------------------------------------


@pytest.mark.promise("P-184")
def test_every_generated_letter_addresses_its_reader_in_the_form_that_the_company_chose(at: Stage) -> None:
    chosen = at.rules.file.address
    assert chosen == {"nl": "je", "fr": "vous", "de": "du"}
    said = {("foot", language): "\n".join(FIRST[language]) for language in LANGUAGES}
    for key, template in every_template(at):
        for language in LANGUAGES:
            said[key, language] = f"{template.subject[language]}\n{template.text[language]}"
    for key, by in words().items():  # what answers and their PDF are made of
        for language in LANGUAGES:
            said[key, language] = by[language]
    assert len(said) > 300
    for (key, language), text in said.items():
        if language in chosen:
            assert other_form(text, language, chosen[language]) is None, (key, language)


@pytest.mark.promise("P-184")
@pytest.mark.parametrize(
    ("language", "change", "odd"),
    [
        ("nl", ("Past dat niet, laat", "Past dat u niet, laat"), "u"),
        ("nl", ("Past dat niet, laat", "Past dat in uw agenda niet, laat"), "uw"),
        ("fr", ("{day}. ", "{day} chez toi. "), "toi"),
        ("de", ("{day}. ", "{day} bei Ihnen. "), "Ihnen"),
        ("de", ("{day}. ", "{day}. Sie können absagen. "), "Sie"),
    ],
)
def test_a_letter_in_two_forms_is_refused(
    at: Stage, language: str, change: tuple[str, str], odd: str
) -> None:
    text = templates(at).all["visit-planned"].text[language]
    old, new = change
    assert old in text
    said = spoilt(at, "visit-planned", (text, text.replace(old, new, 1)))
    assert f"says “{odd}”" in said
    assert "P-184" in said


@pytest.mark.promise("P-184")
def test_the_form_is_the_companys_to_choose_and_then_holds_for_all(at: Stage, tmp_path: Path) -> None:
    text = (MESSAGES / "door.yaml").read_text()
    file = tmp_path / "door.yaml"
    file.write_text(text.replace("address: {nl: je,", "address: {nl: u,"))
    polite = load_rules(file, at.rules.plan, at.rules.policy)
    assert "says “je”" in spoilt(replace(at, rules=polite), "case-answered").lower()
    file.write_text(text.replace("address: {nl: je,", "address: {nl: gij,"))
    with pytest.raises(RulesError, match="no form of address in nl"):
        load_rules(file, at.rules.plan, at.rules.policy)
    assert set(FORMS) == {"nl", "fr", "de"}, "English has one"


# ---- after an objection to advertising (P-166, P-167) ------------------------------------------------------------------


def on_every_channel(at: Stage) -> int:
    """A customer who is reached by each channel, agreed to all, and has nothing of what is advertised."""
    person = at.customer()
    at.phone(person, f"+3247{person % 10**7:07d}")
    at.address(person)
    at.business.add("work_email", person, source="werkgever:Fabriek NV", employer_id=1, value=f"w{person}@werk.example",
                    value_norm=f"w{person}@werk.example", collected_at=at.now())  # fmt: skip
    at.agree(person)
    return person


def said_of(at: Stage, person: int) -> dict[tuple[str, str], str]:
    """Template and channel → what the door decides."""
    made, _ = door(at)
    return {
        (key, channel): made.submit(
            key, channel, [person], {name: FILLED.get(name, "x") for name in template.values}
        )[0].reason.key
        for key, template in every_template(at)
        for channel in template.channels
    }


@pytest.mark.promise("P-166", "P-167")
def test_after_an_objection_messages_for_contract_and_law_go_out_and_no_others(at: Stage) -> None:
    product(at, "battery", 77)
    person = on_every_channel(at)
    given(at.world.admin, person, "meta_audiences", "marketing", email_address=["value"])
    given(at.world.admin, person, "reclamehuis", "consent_marketing", email_address=["value"])
    given(at.world.admin, person, "briefwerk", "billing", address=["street"])
    before = said_of(at, person)
    assert object_to_advertising(at.keeper, at.rules, person) == "recorded", (
        "an address is enough: there is no more to say"
    )
    after = said_of(at, person)
    classes = {key: template.class_ for key, template in every_template(at)}
    goes = {where for where, said in after.items() if said == "allowed"}
    assert goes == {
        where for where in before if before[where] == "allowed" and classes[where[0]] in FOR_CONTRACT_OR_LAW
    }
    assert {classes[key] for key, _ in goes} == FOR_CONTRACT_OR_LAW
    advertised = {where for where in after if classes[where[0]] not in FOR_CONTRACT_OR_LAW}
    assert {classes[key] for key, _ in advertised} >= {"marketing", "newsletter", "event", "survey"}
    for where in advertised:
        assert after[where] in ("objected", "withdrawn", "no-address"), (where, after[where])
    assert not at.bits(person) & {"marketing", "consent_marketing"}, (
        "profiling and audiences read nothing either"
    )
    told = at.keeper.execute(
        "SELECT recipient, change FROM bloesem.notice WHERE person_id = %s ORDER BY 1", [person]
    ).fetchall()
    assert told == [("meta_audiences", "withdrawal"), ("reclamehuis", "withdrawal")], (
        "platforms are told, at once"
    )


@pytest.mark.promise("P-166")
def test_the_page_asks_for_an_address_and_for_nothing_else(at: Stage, browser: Client) -> None:
    for language in LANGUAGES:
        page = Page(browser.get("/objection", headers={"accept-language": language}).content.decode())
        asked = [one for one in page.of("input") if one.get("type") != "hidden"]
        assert [one["name"] for one in asked] == ["address"]
        assert not [tag for tag in ("textarea", "select") if page.of(tag)], (
            "no reason, and nowhere to write one"
        )
    person = at.customer("zegt-neen@post.example")
    assert "marketing" in at.bits(person)
    assert browser.post("/objection", {"address": "zegt-neen@post.example"}).status_code == 200
    assert "marketing" not in at.bits(person), "at once"


# ---- the first message (R-034) -----------------------------------------------------------------------------------------


@pytest.mark.promise("R-034")
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_message_presents_the_right_to_object_apart_from_all_else(at: Stage, language: str) -> None:
    """Whatever it is about, by whichever channel; the second has it no more."""
    for key, channel in (("visit-planned", "email"), ("visit-planned", "sms"), ("statement-ready", "post")):
        person = on_every_channel(at)
        at.keeper.execute("UPDATE data.person SET language = %s WHERE id = %s", [language, person])
        made, listing = door(at)
        made.run()  # what other tests left
        listing.sent.clear()
        for _ in range(2):
            values = {"day": "4 mei"} if key == "visit-planned" else {"month": "mei", "amount": "12 EUR"}
            made.submit(key, channel, [person], values)
            made.run()
        first, second = (one.text for one in listing.sent)
        title, right = FIRST[language]
        apart = first.partition(f"\n\n{title}\n")[2]
        assert apart == right.format(where=f"{PLACE.site}/objection", contact="privacy@blossom.be") + "\n"
        assert title not in second
    # Whoever never had a message, of whom nothing but an address is known: each message may be the first.
    made, listing = door(at)
    at.keeper.execute(
        "INSERT INTO bloesem.outbox (class, purpose, channel, template, version, address, language, contents, state,"
        " decided_at, due_at, once) VALUES ('legal', 'law:accountability', 'email', 'case-received', 1, %s, %s, %s,"
        " 'decided', bloesem.moment(), bloesem.moment(), %s)",
        [f"{language}@eerste.example", language, '{"number": "2026-X"}', f"first-{language}"],
    )
    made.run()
    assert FIRST[language][0] in listing.sent[-1].text


@pytest.mark.promise("R-034")
def test_what_an_employer_brought_in_is_told_with_the_right_to_object(at: Stage) -> None:
    """The invitation is what they hear first: with who gave the address (art. 14), and the right on its own."""
    person = at.business.person(kind="employee", state="invited")
    at.business.add("work_email", person, source="werkgever:Fabriek NV", employer_id=1, value="nieuw@werk.example",
                    value_norm="nieuw@werk.example", collected_at=at.now())  # fmt: skip
    made, listing = door(at)
    made.run()
    listing.sent.clear()
    made.submit("invitation", "email", [person], {"employer": "Fabriek NV"})
    made.run()
    (letter,) = listing.sent
    assert "Fabriek NV" in letter.text
    assert f"\n\n{FIRST['nl'][0]}\n" in letter.text


# ---- whose data somebody else gave (R-010) -----------------------------------------------------------------------------


def from_employer(at: Stage, address: str, since: dt.datetime) -> int:
    person = at.business.person(kind="employee", state="invited", source="assigned")
    at.business.add("work_email", person, source="werkgever:Fabriek NV", employer_id=1, value=address,
                    value_norm=address, collected_at=since, recorded_at=since)  # fmt: skip
    return person


@pytest.mark.promise("R-010")
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_message_says_from_whom_the_data_comes_whatever_it_is_about(
    at: Stage, language: str
) -> None:
    titles = {"nl": "WAAR JE", "en": "WHERE YOUR", "fr": "D’OÙ VIENNENT", "de": "WOHER DEINE"}
    person = from_employer(at, f"{language}@werk.example", at.now())
    customer = at.customer(f"zelf-{language}@post.example")
    at.keeper.execute(
        "UPDATE data.person SET language = %s WHERE id = ANY (%s)", [language, [person, customer]]
    )
    made, listing = door(at)
    made.run()
    listing.sent.clear()
    made.submit("policy-change", "email", [person, customer], dict.fromkeys(
        ("day", "where", "changes_nl", "changes_en", "changes_fr", "changes_de"), "…"))  # fmt: skip
    made.run()
    told = {one.address: one.text for one in listing.sent}
    said = told[f"{language}@werk.example"]
    source = at.rules.policy.sources["employer"].label[language]
    what = at.rules.policy.categories["contact.work_email"].label[language]
    assert f"\n{titles[language]}" in said
    apart = said.partition(titles[language])[2]
    assert source in apart
    assert what in apart
    assert f"{PLACE.site}/{language}/notice" in apart
    assert titles[language] not in told[f"zelf-{language}@post.example"], "who gave it knows"


@pytest.mark.promise("R-010")
def test_whom_nobody_wrote_to_is_named_a_month_after_or_on_the_day_of_the_first_disclosure(
    alone: Stage,
) -> None:
    """By the calculator of all periods (test_periods holds it): Thursday 5 March 2026, told by Tuesday 7 April."""
    at = alone
    since = dt.datetime(2026, 3, 5, 12, tzinfo=dt.UTC)
    silent, told, given = (from_employer(at, f"{n}@maand.example", since) for n in ("a", "b", "c"))
    made, _ = door(at)
    made.submit("invitation", "email", [told], {"employer": "Fabriek NV"})
    made.run()
    admin = at.world.admin
    with admin.transaction():  # what was disclosed to whom is another test's: here only the day counts
        admin.execute("SET LOCAL session_replication_role = replica")
        admin.execute(
            "INSERT INTO bloesem.disclosed (disclosure_id, person_id, reference, table_name, columns, at)"
            " VALUES (1, %s, 1, 'work_email', '{value}', %s)",
            [given, dt.datetime(2026, 3, 14, 12, tzinfo=dt.UTC)],
        )
    plan = at.rules.plan
    waits = {one.due: one.people for one in indirect.owed(at.keeper, plan, dt.date(2026, 4, 7))}
    assert waits == {dt.date(2026, 3, 14): 1, dt.date(2026, 4, 7): 1}
    assert [one.late for one in indirect.owed(at.keeper, plan, dt.date(2026, 4, 7))] == [True, False]
    assert [one.late for one in indirect.owed(at.keeper, plan, dt.date(2026, 4, 8))] == [True, True]
    late = indirect.findings(at.keeper, plan, dt.date(2026, 4, 8))
    assert [one.severity for one in late] == ["error", "error"]
    assert all("R-010" in one.rule and "maand.example" not in one.thing for one in late)
    made.submit("invitation", "email", [silent, given], {"employer": "Fabriek NV"})
    made.run()
    assert indirect.owed(at.keeper, plan, dt.date(2027, 1, 1)) == []

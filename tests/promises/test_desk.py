"""At the desk: objections weighed, rights that the text leaves out, complaints and the authority, rights that conflict."""

from __future__ import annotations

import datetime as dt
import io
import re
from typing import Any

import pytest
from pypdf import PdfReader
from tests.bloesem.cases.conftest import World
from tests.bloesem.cases.conftest import world as world
from tests.bloesem.cases.test_clerk import used
from tests.bloesem.console.stage import BLOSSOM
from tests.promises.desk import Answered, address_of, answered, ask, decide, served

from bloesem.answers.model import words
from bloesem.cases.complaints import suggested
from bloesem.cases.desk import CaseDesk, Line
from bloesem.console.language import day
from bloesem.gate.oversight import Oversight
from bloesem.notice import render
from bloesem.notice.said import say
from bloesem.notice.shelf import Shelf
from bloesem.plain import hard, other_form
from bloesem.stores.postgres import connect
from bloesem.terms import LANGUAGES

DAY = dt.timedelta(days=1)


def kept(world: World, person: int, purpose: str) -> bool:
    mask = world.loaded.plan.purpose(purpose).mask
    return bool(world.one("SELECT kept & %s FROM bloesem.state WHERE person_id = %s", mask, person))


def stored_of(world: World, person: int) -> dict[str, int]:
    """How many rows of somebody are stored, per table."""
    counts = {
        table.name: int(
            world.one(f"SELECT count(*) FROM data.{table.name} WHERE {table.owners[0]} = %s", person)
        )
        for table in world.loaded.plan.tables
    }
    return {name: many for name, many in counts.items() if many}


def rows_of(world: World, person: int) -> int:
    return sum(stored_of(world, person).values())


def strings(of: Any) -> list[str]:
    if isinstance(of, str):
        return [of]
    parts = of.values() if isinstance(of, dict) else of if isinstance(of, list) else ()
    return [one for part in parts for one in strings(part)]


# ---- objections are weighed (P-165) ------------------------------------------------------------------------------------


@pytest.mark.promise("P-165")
def test_while_an_objection_is_weighed_the_use_stops_and_goes_on_only_on_grounds_that_are_written(
    world: World,
) -> None:
    """Each use that can be objected to; the officer sees which interest stands against it, and whether it is compelling."""
    person = world.people["customer"]
    plan = world.loaded.plan
    weighed = [
        p.key for p in plan.purposes if p.active and p.objection == "assessed" and used(world, person, p.key)
    ]
    assert {"identify", "quality"} <= set(weighed), "PUR-2 and PUR-4"
    assert not {"sales", "service", "billing", "archive", "marketing"} & set(weighed)
    for key in weighed:
        stored = kept(world, person, key)
        number = world.file("objection", person=person, language="en", params={"purposes": [key]})
        world.clerk.run()
        assert world.case(number)["state"] == "waiting"
        assert (used(world, person, key), kept(world, person, key)) == (False, stored), "stored, and not used"
        (against,) = world.case(number)["preview"]["weighing"]
        assert against["interest"]["nl"]
        assert against["compelling"] == {
            "identify": "likely",
            "quality": "unlikely",
            "training": "unlikely",
        }.get(key, against["compelling"])
        for grounds in (None, "", " \n"):
            said = world.one(
                "SELECT bloesem.case_decide('officer:1', %s, 'refused', %s, NULL)", number, grounds
            )
            assert said == "why", "without grounds nothing goes on"
        assert not used(world, person, key)
        if key == "identify":
            decide(world, number, "refused", "Somebody may be using your contract.")
            assert answered(world, number).answer["reason"] == "Somebody may be using your contract."
            assert used(world, person, key), "compelling, and written down"
        else:
            decide(world, number)
            assert not used(world, person, key), key


# ---- what the text leaves out (P-168), and the queue (P-169) -----------------------------------------------------------


@pytest.mark.promise("P-168")
def test_withdrawal_a_human_look_and_a_complaint_are_served_though_the_text_does_not_list_them(
    world: World,
) -> None:
    person = world.people["consent_renewed"]
    address = address_of(world, person)
    assert used(world, person, "consent_marketing")
    gone = served(world, "withdrawal", address)
    assert not used(world, person, "consent_marketing")
    assert gone.answer["outcome"] == "granted"
    number = ask(world, "human", address, words="Kijk nog eens naar mijn aanvraag.", language="nl")
    assert world.case(number)["state"] == "waiting", "a human, and no machine"
    decide(world, number, "granted", "Wij keken het na.")
    assert world.case(number)["decided_by"] == "officer:1"
    assert answered(world, number).answer["reason"] == "Wij keken het na."
    number = ask(world, "other", address, kind="complaint", words="Ik werd drie keer gebeld.")
    assert world.case(number)["state"] == "waiting"
    decide(world, number, "partly", "Twee keer was het een vergissing.")
    said = answered(world, number).answer
    assert (said["outcome"], said["reason"]) == ("partly", "Twee keer was het een vergissing.")
    from bloesem.cases.model import RIGHTS

    assert {"withdrawal", "human", "other"} <= set(RIGHTS), "each has a form"


@pytest.mark.promise("R-009")
@pytest.mark.promise("P-169")
def test_questions_complaints_and_requests_all_reach_the_officer_whose_queue_warns_before_it_is_late(
    world: World,
) -> None:
    contact = world.loaded.policy.contact
    assert contact.email == "privacy@blossom.be"
    assert set(contact.for_) == {"question", "complaint", "request"}
    known = address_of(world, world.people["clicked"])
    made = {}
    for kind in ("question", "complaint", "request"):
        asked = "rectification" if kind == "request" else "other"
        for address in (known, f"{kind}@onbekend.example"):
            made[kind, address] = ask(world, asked, address, kind=kind, words=f"Dit is een {kind}.")
    oversight = world.loaded.plan.oversight
    assert oversight is not None
    with connect(world.stage.dsn(oversight.process), autocommit=True) as connection:
        desk = CaseDesk(Oversight(connection, world.loaded.plan))
        today = desk.ask.today()

        def line(number: str, on: dt.date) -> Line:
            return next(one for one in desk.inbox(on) if one.number == number)

        for (kind, address), number in made.items():
            if (kind, address) == ("request", "request@onbekend.example"):
                assert line(number, today).state == "closed", "told at once that nobody is found"
                continue
            one = line(number, today)
            assert (one.kind, one.state, one.urgency) == (kind, "waiting", "calm")
            assert one.due is not None
            assert one.warn_on is not None
            assert one.escalate_on is not None
            seen = [
                line(number, on).urgency
                for on in (one.warn_on - DAY, one.warn_on, one.escalate_on, one.due, one.due + DAY)
            ]
            assert seen == ["calm", "warn", "escalate", "escalate", "late"]
            assert desk.one("officer:1", number) is not None


# ---- where to turn to (P-179 to P-181) ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shelf() -> Shelf:
    """Read once: eight notices are made of it."""
    return Shelf(BLOSSOM)


def names_the_ways(world: World, said: str, language: str) -> None:
    """The authority by name, address and link, and the court (P-179)."""
    law = world.loaded.company.law.valid_on(dt.datetime.now(dt.UTC).date())
    authority, court = law.rule("be.authority"), law.rule("be.court")
    value: Any = authority.value
    said = " ".join(said.split())
    for one in (
        authority.label[language],
        value["street"][language],
        value["postal_code"],
        value["city"][language],
    ):
        assert str(one) in said, one
    assert value["website"][language].startswith("https://")
    assert value["website"][language] in said
    assert str(court.label[language]) in said


def links(pdf: bytes) -> list[str]:
    """Where the links of a PDF lead."""
    found = [
        note.get_object() for page in PdfReader(io.BytesIO(pdf)).pages for note in page.get("/Annots", ())
    ]
    return [str(one["/A"]["/URI"]) for one in found if "/A" in one]


@pytest.fixture(scope="module")
def told(world: World) -> dict[str, dict[str, Answered | str]]:
    """Language → what is answered or written to somebody who does not get what they asked, or not yet."""
    person = world.people["shared_home"]
    made: dict[str, dict[str, Answered | str]] = {}
    for language in LANGUAGES:
        refused = world.file("rectification", person=person, language=language, words=f"1 {language}")
        partly = world.file("rectification", person=person, language=language, words=f"2 {language}")
        later = world.file("rectification", person=person, language=language, words=f"3 {language}")
        nobody = world.file("access", address=f"{language}@niemand.example", language=language)
        world.clerk.run()
        assert (
            world.one("SELECT bloesem.case_extend('officer:1', %s, 'Het zijn er veel.')", later) == "recorded"
        )
        decide(world, refused, "refused", "…")
        decide(world, partly, "partly", "…")
        letters = {
            key: world.one(
                "SELECT contents->>'remedies' FROM bloesem.outbox WHERE template = %s AND contents->>'number' = %s",
                *(key, number),
            )
            for key, number in (("case-extended", later), ("case-unknown", nobody))
        }
        made[language] = {"refused": answered(world, refused), "partly": answered(world, partly), **letters}
        copy = world.file("access", person=person, language=language)
        gone = world.file("portability", person=person, language=language)
        world.clerk.run()
        made[language] |= {"access": answered(world, copy), "portability": answered(world, gone)}
    return made


@pytest.mark.promise("R-007")
@pytest.mark.promise("R-020")
@pytest.mark.promise("P-179")
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_refusal_a_delay_and_a_part_of_an_answer_name_the_authority_and_the_court(
    world: World, told: dict[str, dict[str, Answered | str]], language: str
) -> None:
    for key, one in told[language].items():
        if isinstance(one, str):
            names_the_ways(world, one, language)
            continue
        names_the_ways(world, " ".join(one.answer["remedies"]), language)
        if key in ("refused", "partly"):
            law = world.loaded.company.law.valid_on(dt.date(2026, 11, 27)).rule("be.authority")
            value: Any = law.value
            assert set(links(one.pdf)) == {value["website"][language]}, "a link that can be followed"
            printed = "".join(page.extract_text() or "" for page in PdfReader(io.BytesIO(one.pdf)).pages)
            for line in one.answer["remedies"]:
                assert "".join(line.split()) in "".join(printed.split())


@pytest.mark.promise("P-179")
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("version", ["2024-03-18", "2027-03-01"])
def test_every_notice_names_the_authority_and_the_court(
    world: World, shelf: Shelf, language: str, version: str
) -> None:
    page = str(render.body(shelf.notice(dt.date.fromisoformat(version), language, dt.date(2026, 11, 27))))
    names_the_ways(world, re.sub(r"<[^>]+>", " ", page), language)
    law = world.loaded.company.law.valid_on(dt.date(2026, 11, 27)).rule("be.authority")
    value: Any = law.value
    assert f'href="{value["website"][language]}"' in page


@pytest.mark.promise("P-182")
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_version_says_in_each_language_when_it_last_changed(shelf: Shelf, language: str) -> None:
    for of in (dt.date(2024, 3, 18), dt.date(2027, 3, 1)):
        notice = shelf.notice(of, language, dt.date(2026, 11, 27))
        said = say("notice.changed", language, day=day(of, language))
        assert said in render.text(notice).splitlines()
        assert f'<span class="quiet">{said}</span>' in render.document(notice)


@pytest.mark.promise("P-180", "P-181")
@pytest.mark.parametrize("language", LANGUAGES)
def test_mediation_is_a_way_of_its_own_and_nobody_has_to_complain_to_us_before(
    world: World, shelf: Shelf, told: dict[str, dict[str, Answered | str]], language: str
) -> None:
    by = (
        world.loaded.company.law.valid_on(dt.date(2026, 11, 27))
        .rule("be.authority")
        .value["mediation_by"][language]
    )
    at_once = {
        "nl": "niet eerst bij ons",
        "en": "at once, without",
        "fr": "sans vous plaindre à nous",
        "de": "ohne dass du dich vorher",
    }
    for one in told[language].values():
        if isinstance(one, str):
            lines = one.splitlines()
        else:
            lines = one.answer["remedies"]
            assert "other" not in one.course, "what is answered here had no complaint before it"
        dpo, complaint, mediation, court = lines
        assert "privacy@blossom.be" in dpo
        assert at_once[language] in complaint
        assert by in mediation
        assert by not in complaint + court
    # The notice shows both, and neither it nor any letter makes the company's own handling come first.
    page = str(render.body(shelf.notice(world.loaded.policy.version, language, dt.date(2026, 11, 27))))
    assert by in page
    negated = re.compile(r"niemand|niet|not|nobody|without|nul|sans|niemand|nicht|ohne", re.IGNORECASE)
    first = re.compile(
        r"(eerst|first|d’abord|zuerst)[^.]{0,40}(klacht|klagen|complain|plainte|beschwer)", re.IGNORECASE
    )
    said = re.split(r"[.;]", re.sub(r"<[^>]+>", " ", page))
    assert not [one for one in said if first.search(one) and not negated.search(one)]


@pytest.mark.promise("P-180")
@pytest.mark.parametrize(
    ("case", "road"), [("contest_ticked", "the person"), ("prospect", "the authority's letter")]
)
def test_what_a_complaint_is_about_stays_until_it_is_over(world: World, case: str, road: str) -> None:
    person = world.people[case]
    address = address_of(world, person)
    if road == "the person":
        complaint = ask(world, "other", address, kind="complaint", words="Dit klopt niet.")
    else:  # a complaint or a mediation there, which the officer writes down; nobody presses a link
        complaint = world.one(
            "SELECT bloesem.case_register('officer:1', 'complaint', 'other', 'letter', 'nl', %s, 'De GBA bemiddelt.',"
            " '{}', bloesem.moment(), 'https://blossom.example')",
            address,
        )
        world.clerk.run()
    erasure = ask(world, "erasure", address, params={"ground": "a"})
    before = rows_of(world, person)
    assert before
    decide(world, erasure)
    refused = answered(world, erasure).answer
    assert refused["outcome"] == "refused", "nothing may go before it is over"
    assert rows_of(world, person) == before, (
        "the officer granted it, and the complaint keeps what it is about"
    )
    assert all(item["why"] and item["until"] for item in refused["items"])
    if world.case(complaint)["state"] == "asked":
        assert world.one("SELECT bloesem.case_prove(%s)", world.token(complaint, "case-prove")) == "proved"
        world.clerk.run()
    decide(world, complaint, "granted", "U hebt gelijk.")
    assert world.case(complaint)["state"] == "answered"
    world.clerk.run()
    assert set(stored_of(world, person)) <= {"person", "consent"}, (
        "it is over: the proof of a consent alone is left"
    )
    assert rows_of(world, person) < before


def test_a_complaint_holds_what_it_is_about_and_no_more(world: World) -> None:
    """The officer says what it is about: that stays, who it is too, and the clock takes the rest as if nobody complained."""
    person = world.people["contest_unticked"]
    address = address_of(world, person)
    complaint = ask(world, "other", address, kind="complaint", words="De wedstrijd was niet eerlijk.")
    erasure = ask(world, "erasure", address, params={"ground": "a"})
    plan = world.loaded.plan
    stored = stored_of(world, person)
    kinds = {t.name: {k for c in t.columns for k in c.categories} for t in plan.tables if t.name in stored}
    about = sorted(kinds["email_address"])
    others = {name for name, of in kinds.items() if name != "person" and not of & set(about)}
    assert others, "there is something else of them"
    says = "SELECT bloesem.case_holds('officer:1', %s, %s)"
    assert world.one(says, complaint, []) == "what"
    assert world.one(says, erasure, about) == "not-now", "it is no complaint"
    assert world.one(says, complaint, about) == "recorded"
    world.clerk.run()
    assert set(stored_of(world, person)) == set(stored), "nothing that others keep goes by that"
    decide(world, erasure)
    left = set(stored_of(world, person))
    assert {"person", "email_address"} <= left
    assert left & others <= {"consent"}, "what it is not about is erased"
    assert answered(world, erasure).answer["outcome"] == "partly"
    decide(world, complaint, "granted", "U hebt gelijk.")
    world.clerk.run()
    assert set(stored_of(world, person)) <= {"person", "consent"}, "it is over"
    assert world.one(says, complaint, about) == "not-now"


def test_what_the_words_of_a_complaint_name_is_offered_first(world: World) -> None:
    policy = world.loaded.policy
    assert suggested(policy, None) == suggested(policy, "Ik ben het niet eens met jullie gegevens.") == []
    assert "usage.session" in suggested(policy, "Mijn laadsessies kloppen niet.")
    email = suggested(policy, "Vous avez donné mon adresse e-mail.")
    assert "contact.email" in email
    assert "usage.session" not in email


# ---- rights that conflict (R-038) --------------------------------------------------------------------------------------


@pytest.mark.promise("R-038")
@pytest.mark.parametrize("first", ["erasure", "restriction"])
@pytest.mark.parametrize("kept", ["erasure", "restriction"])
def test_of_an_erasure_and_a_restriction_for_a_claim_the_person_says_which(
    world: World, first: str, kept: str
) -> None:
    person = (
        world.people["objection_upheld"]
        if (first, kept) != ("restriction", "erasure")
        else world.people["dispute_closed"]
    )
    params = {"erasure": {"ground": "a"}, "restriction": {"ground": "c"}}
    second = "restriction" if first == "erasure" else "erasure"
    numbers = {}
    for asked in (first, second):
        numbers[asked] = world.file(asked, person=person, params=params[asked])
        world.clerk.run()
    assert [key for number in numbers.values() for key, _, _ in world.letters(number)].count(
        "case-which"
    ) == 1
    for number in numbers.values():
        assert world.case(number)["params"]["waits"] == "which"
        assert (
            world.one("SELECT bloesem.case_decide('officer:1', %s, 'granted', NULL, NULL)", number)
            == "not-now"
        )
    there = rows_of(world, person)
    other = next(asked for asked in numbers if asked != kept)
    if first == kept:  # taken back by the person, on their own page
        world.admin.execute(
            "UPDATE bloesem.request_case SET state = 'withdrawn', ended_at = bloesem.moment() WHERE number = %s",
            [numbers[other]],
        )
        world.clerk.run()
    else:  # or said in a letter: the officer ends the one that was not chosen
        decide(world, numbers[other], "refused", "Je koos het andere.")
    case = world.case(numbers[kept])
    assert "waits" not in case["params"]
    assert case["state"] == "waiting", "it goes on to the officer"
    assert rows_of(world, person) == there, "and nothing was erased meanwhile"
    world.admin.execute(
        "UPDATE bloesem.request_case SET state = 'withdrawn', ended_at = bloesem.moment() WHERE number = %s",
        [numbers[kept]],
    )


@pytest.mark.promise("R-038")
@pytest.mark.parametrize("copy", ["access", "portability"])
def test_a_copy_and_data_to_take_along_come_before_an_erasure_also_one_that_was_decided(
    world: World, copy: str
) -> None:
    person = world.people["restriction_lifted" if copy == "access" else "consent_near_expiry"]
    erasure = world.file("erasure", person=person, params={"ground": "a"})
    world.clerk.run()
    assert world.case(erasure)["state"] == "waiting"
    number = world.file(copy, address=address_of(world, person))
    world.clerk.run()
    assert world.case(number)["state"] == "asked"
    there = rows_of(world, person)
    decide(world, erasure)
    assert world.case(erasure)["params"]["waits"] == "access", "decided, and not done before the copy is made"
    assert rows_of(world, person) == there
    assert world.one("SELECT bloesem.case_prove(%s)", world.token(number, "case-prove")) == "proved"
    while world.clerk.run():
        pass
    assert answered(world, number).data["tables"], "the copy has what was there"
    assert world.case(erasure)["state"] == "answered", "and then what the officer decided is done"
    assert world.events(number)[-2:-1] != []
    assert rows_of(world, person) < there


@pytest.mark.promise("R-038")
def test_an_objection_and_an_erasure_are_both_done(world: World) -> None:
    person = world.people["recorded"]
    objection = world.file("objection", person=person, params={"purposes": ["quality"]})
    erasure = world.file("erasure", person=person, params={"ground": "a"})
    world.clerk.run()
    assert not used(world, person, "quality")
    assert {world.case(number)["state"] for number in (objection, erasure)} == {"waiting"}
    decide(world, erasure)
    assert world.case(erasure)["state"] == "answered"
    decide(world, objection)
    assert answered(world, objection).answer["outcome"] == "granted"
    assert not used(world, person, "quality")


# ---- in plain words (P-002, P-184) -------------------------------------------------------------------------------------

#: A name of ours: of a table, a category, a purpose of the law, a source, or any key with an underscore.
CODE = re.compile(
    r"\b(?:data|bloesem)\.[a-z]|\b[a-z]+_[a-z]+|\b(?:law|subject|observed|assigned|derived|werkgever):[a-z]"
)


@pytest.mark.promise("P-002", "P-184")
@pytest.mark.parametrize("language", LANGUAGES)
def test_an_answer_is_plain_has_no_code_of_ours_and_one_form_of_address(
    world: World, told: dict[str, dict[str, Answered | str]], language: str
) -> None:
    form = {"nl": "je", "fr": "vous", "de": "du"}
    plan = world.loaded.plan
    keys = {c for table in plan.tables for column in table.columns for c in column.categories if "." in c}
    keys |= {table.name for table in plan.tables if "_" in table.name}
    for key, one in told[language].items():
        shown = strings({k: v for k, v in one.answer.items() if k not in ("asked", "outcome", "language")}) if isinstance(
            one, Answered) else [one]  # fmt: skip
        for text in shown:
            bare = re.sub(r"https?://\S+|\S+@\S+", "", text)
            assert not CODE.search(bare), (key, text)
            assert not [k for k in keys if k in bare], (key, text)
            if language in form:
                assert other_form(text, language, form[language]) is None, (key, text)
        if isinstance(one, Answered):
            said = [*one.answer["lead"], *one.answer["remedies"]]
            said += [line for section in one.answer["sections"] for line in section["lines"]]
            assert hard("\n".join(said), language) is None, key
            assert one.answer["language"] == language
    for by in words().values():
        assert by[language].strip()


@pytest.mark.promise("P-002")
@pytest.mark.parametrize("language", LANGUAGES)
def test_who_got_something_outside_the_eea_is_told_by_words_and_not_by_codes(
    world: World, language: str
) -> None:
    composer = world.clerk.bench.composer()
    countries = {one.country for one in world.loaded.company.record.transfers.values()}
    for country in countries:
        for mechanism in ("adequacy", "scc"):
            given = {"name": "Iemand", "on": "2026-04-01", "purpose": "billing", "table": "data.address",
                     "transfers": [{"country": country, "mechanism": mechanism}]}  # fmt: skip
            *holders, line = composer._recipients([given], language).lines
            assert holders, "who has everything for us is told as well"
            for one in (*holders, line):
                assert not re.search(rf": {country}\b|\b{mechanism}$|\bscc\b", one), one
    assert countries >= {"US", "GB", "IN"}


# ---- in the language of the offer (R-068) ------------------------------------------------------------------------------


@pytest.mark.promise("R-068")
def test_whoever_is_offered_something_reads_the_notice_in_that_language_and_staff_read_dutch(
    shelf: Shelf,
) -> None:
    from django.conf import settings

    from bloesem.console.words import WORDS
    from bloesem.source import parse

    offered = [key for key, _ in settings.LANGUAGES]
    assert (
        settings.LANGUAGE_CODE
        == "nl"
        == shelf.notice(dt.date(2024, 3, 18), "nl", dt.date(2026, 11, 27)).language
    )
    templates = [parse(file).data for file in sorted((BLOSSOM / "messages" / "templates").glob("*.yaml"))]
    assert {language for one in templates for language in one["text"]} == set(offered), (
        "offers go out in these"
    )
    for version in (dt.date(2024, 3, 18), dt.date(2027, 3, 1)):
        pages = {}
        for language in offered:
            page = str(render.body(shelf.notice(version, language, dt.date(2026, 11, 27))))
            for other in (
                "niet in het Nederlands",
                "has not been translated",
                "pas encore traduit",
                "noch nicht ins Deutsche",
            ):
                assert other not in page, (version, language)
            pages[language] = re.sub(r"<[^>]+>", " ", page)
        assert len(set(pages.values())) == len(offered)
    # What staff work with: pages, register and letters, each word in Dutch (and in Dutch first).
    assert all(said["nl"].strip() for said in WORDS.values())
    staff = [key for key in WORDS if key.startswith(("officer.", "cases.", "linter."))]
    assert len(staff) > 100
    assert [
        key for key in staff if len(WORDS[key]["nl"].split()) > 3 and WORDS[key]["nl"] == WORDS[key]["en"]
    ] == []

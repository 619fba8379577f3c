"""Who asks: asked, reminded, and in the end closed with what the law says; and begun again when they say so after all."""

from __future__ import annotations

import datetime as dt
import json
from functools import partial
from pathlib import Path

import pytest
from pypdf import PdfReader
from tests.bloesem.cases.conftest import SITE, World
from tests.bloesem.cases.posting import on_paper
from tests.bloesem.console.stage import BLOSSOM

from bloesem.cases.desk import CaseDesk, missing
from bloesem.cases.words import Words
from bloesem.gate.oversight import Oversight


def days_pass(world: World, number: str, days: int) -> None:
    """As if the case was asked so many days earlier."""
    world.admin.execute(
        "UPDATE bloesem.request_case SET stopped_at = stopped_at - make_interval(days => %s),"
        " params = params || jsonb_build_object('next', ((params->>'next')::date - %s::int)::text) WHERE number = %s",
        [days, days, number],
    )
    world.clerk.run()


@pytest.mark.promise("R-006")
def test_whoever_does_not_say_who_they_are_is_reminded_told_and_can_begin_again(world: World) -> None:
    number = world.file("access", address=world.mail(world.people["customer"]))
    world.clerk.run()
    assert world.case(number)["state"] == "asked"
    days_pass(world, number, 6)
    assert "reminded" not in world.events(number)
    days_pass(world, number, 1)
    world.clerk.run()
    assert world.events(number).count("reminded") == 1
    first, second = world.token(number, "case-prove"), world.token(number, "case-prove-again")
    assert first != second
    days_pass(world, number, 22)
    assert world.case(number)["state"] == "asked"
    days_pass(world, number, 1)
    closed = world.case(number)
    assert (closed["state"], closed["outcome"], closed["answered_at"]) == ("closed", None, None)
    assert [key for key, _, _ in world.letters(number)][-1] == "case-unproven"
    said = (BLOSSOM / "messages" / "templates" / "case-unproven.yaml").read_text("utf-8")
    assert all(
        one in said
        for one in ("artikel 12", "article 12(2) and (6)", "Gegevensbeschermingsautoriteit", "court")
    )
    before = closed["stops"]
    assert world.one("SELECT bloesem.case_prove(%s)", first) == "proved", "the first letter's link stays good"
    again = world.case(number)
    assert (again["ended_at"], len(again["stops"])) == (None, len(before) + 1)
    world.clerk.run()
    done = world.case(number)
    assert done["state"] == "answered"
    assert done["due"] > done["raw_due"], "the clock stood while they said nothing"
    assert world.one("SELECT bloesem.case_prove(%s)", second) == "bad"


def test_a_case_that_was_closed_as_nobody_is_known_is_nobodys_to_open(world: World) -> None:
    number = world.file("access", address="niemand@elders.example")
    world.clerk.run()
    assert world.case(number)["state"] == "closed"
    assert world.one("SELECT bloesem.case_prove(%s)", "") == "bad"


# ---- on paper ------------------------------------------------------------------------------------------------------------


def home(world: World, person: int) -> tuple[str, dict[str, str]]:
    """A postal address as a letter has it, and what the letter says of whoever wrote it."""
    street, code, city = world.admin.execute(
        "SELECT street, postal_code, city FROM data.address WHERE person_id = %s AND street IS NOT NULL ORDER BY id DESC LIMIT 1",
        [person],
    ).fetchone() or ("", "", "")
    number = world.one("SELECT customer_number FROM data.person WHERE id = %s", person)
    return f"A. Peeters\n{street}\n{code} {city}", {"customer_number": number, "address": f"{street}, {code}"}


def at_home(world: World) -> int:
    """Somebody with a customer number and a home that is theirs alone."""
    return int(
        world.one(
            "SELECT p.id FROM data.person p JOIN data.address a ON a.person_id = p.id WHERE p.customer_number IS NOT NULL"
            " AND a.street IS NOT NULL AND p.id <> ALL (%s) AND NOT EXISTS (SELECT FROM data.address o WHERE"
            " o.street = a.street AND o.person_id <> p.id) ORDER BY p.id LIMIT 1",
            list(world.people.values()),
        )
    )


@pytest.mark.promise("R-014")
def test_a_letter_without_an_address_for_mail_is_answered_on_paper(world: World, tmp_path: Path) -> None:
    person = at_home(world)
    lines, said = home(world, person)
    desk = CaseDesk(Oversight(world.admin, world.loaded.plan))
    now = world.one("SELECT bloesem.moment()")
    number = desk.register("ann", "request", "access", "letter", "fr", lines, "Mes données, svp.", now, SITE)
    world.clerk.run()
    opened = desk.one("ann", number)
    assert opened is not None
    assert missing(opened) == ("known",)
    assert desk.known("ann", number, {"customer_number": said["customer_number"]}) == "few"
    assert desk.known("ann", number, {**said, "address": "Elders 1, 9999"}) == "recorded"
    assert b"Elders" not in bytes(
        world.one("SELECT known FROM bloesem.request_case WHERE number = %s", number)
    )
    world.clerk.run()
    assert world.events(number)[-1] == "known-wrong"
    assert desk.known("ann", number, said) == "recorded"
    world.clerk.run()
    case = world.case(number)
    assert (case["state"], case["person_id"], case["known"]) == ("answered", person, None)
    posted = on_paper(world, tmp_path)
    mine = [one for one in posted if one["to"] == lines]
    assert [one["subject"] for one in mine] == ["Nous avons reçu votre demande", "La réponse à votre demande"]
    pages = PdfReader(tmp_path / "post" / mine[-1]["pages"]).pages
    assert lines.splitlines()[1] in (pages[0].extract_text() or "")
    assert "Ce que nous savons de vous" in (pages[1].extract_text() or "")
    assert len(PdfReader(tmp_path / "post" / mine[0]["pages"]).pages) == 1
    whole = " ".join(" ".join((page.extract_text() or "") for page in pages).split())
    assert "Les données elles-mêmes" in whole
    kept = world.admin.execute("SELECT customer_number FROM data.person WHERE id = %s", [person]).fetchall()
    kept += world.admin.execute(
        "SELECT value FROM data.email_address WHERE person_id = %s", [person]
    ).fetchall()
    kept += world.admin.execute("SELECT city FROM data.address WHERE person_id = %s", [person]).fetchall()
    assert kept
    assert [value for (value,) in kept if value and value not in whole] == [], (
        "the data, not only what is said of them"
    )
    assert str(person) not in whole, "numbers of ours are nobody's reading"
    reader = PdfReader(tmp_path / "post" / mine[-1]["pages"])
    assert "/MarkInfo" in reader.root_object, "tagged"


@pytest.mark.promise("R-014")
def test_what_the_words_say_is_compared_and_the_officer_only_confirms(world: World) -> None:
    """By letter and by mail; nobody types it, nobody is shown, and one thing alone is not enough."""
    person = at_home(world)
    lines, said = home(world, person)
    desk = CaseDesk(Oversight(world.admin, world.loaded.plan), Words.of(world.keys))
    now = world.one("SELECT bloesem.moment()")
    words = f"Wat weten jullie van mij? Ik ben klant {said['customer_number']}."
    letter = desk.register("ann", "request", "human", "letter", "nl", lines, words, now, SITE)
    mail = world.file("human", address="nieuw@adres.example", words=f"{words} Ik woon in {said['address']}.")
    one = world.file("human", address="alleen@adres.example", words=words)
    world.clerk.run()
    for number in (letter, mail):
        opened = desk.one("ann", number)
        assert opened is not None
        assert opened["params"]["fits"] == ["customer_number", "address"]
        assert str(person) not in json.dumps(opened), "the desk is not told who"
        assert not opened["known"]
    assert (
        [key for key, _, _ in world.letters(mail)]
        == [key for key, _, _ in world.letters(one)]
        == ["case-unknown"]
    )
    assert world.case(one)["state"] == "closed", "one thing fits, and that is not enough"
    assert desk.fits("ann", one, True) == "not-now"
    assert desk.fits("ann", mail, False) == "recorded"
    assert "fits" not in world.case(mail)["params"]
    assert desk.fits("ann", mail, True) == "not-now"
    assert desk.fits("ann", letter, True) == "recorded"
    world.clerk.run()
    assert world.case(letter)["person_id"] == person
    assert world.events(letter)[-1] == "waits-for-officer", "it goes on as that of somebody known"
    world.clerk.run()
    assert "fits" not in world.case(mail)["params"], "what was looked at is not offered again"


@pytest.mark.promise("R-015")
@pytest.mark.promise("R-014")
def test_what_is_known_is_tried_three_times_and_never_against_advertising(world: World) -> None:
    desk = CaseDesk(Oversight(world.admin, world.loaded.plan))
    now = world.one("SELECT bloesem.moment()")
    lines, _ = home(world, at_home(world))
    wrong = {"customer_number": "000", "email": "x@y.example"}
    number = desk.register(
        "ann", "request", "erasure", "letter", "nl", "Zed\nNergens 1\n1000 Brussel", "Wis.", now, SITE
    )
    world.clerk.run()
    for _ in range(3):
        assert desk.known("ann", number, wrong) == "recorded"
        world.clerk.run()
    assert desk.known("ann", number, wrong) == "many"
    assert world.case(number)["state"] == "waiting"
    ads = desk.register("ann", "request", "marketing", "letter", "nl", lines, "Geen reclame.", now, SITE)
    assert desk.known("ann", ads, wrong) == "never"
    world.clerk.run()
    assert world.case(ads)["state"] == "answered"
    objects = (
        "SELECT count(*) FROM bloesem.fact WHERE person_id = %s AND kind = 'objection' AND key = 'marketing'"
    )
    assert world.one(objects, at_home(world)) == 1, "by the address on the letter alone"
    nobody = world.file("access", address="stranger@known.example")
    world.clerk.run()
    assert world.case(nobody)["state"] == "closed"
    person = at_home(world)
    assert desk.known("ann", nobody, home(world, person)[1]) == "recorded"
    world.clerk.run()
    assert (world.case(nobody)["state"], world.case(nobody)["person_id"]) == ("answered", person)


@pytest.mark.promise("R-016")
def test_whoever_asks_for_another_shows_that_they_may_and_gets_nothing_of_their_own(world: World) -> None:
    desk = CaseDesk(Oversight(world.admin, world.loaded.plan))
    parent, child = world.people["customer"], at_home(world)
    _, said = home(world, child)
    today = desk.ask.today()
    number = world.file("access", person=parent, params={"on_behalf": "parent"}, words="Voor mijn kind.")
    world.clerk.run()
    case = world.case(number)
    assert (case["state"], case["person_id"], case["address"]) == ("waiting", None, world.mail(parent))
    assert desk.decide("ann", number, "granted", "", {}) == "not-now"
    assert desk.known("ann", number, said) == "not-now", "first whether they may ask at all"
    years = today.replace(year=today.year - 11, day=1)
    confirm = partial(desk.mandate, "ann", number, "confirmed")
    assert confirm("parent", years, " ") == "why"
    assert confirm("employer", years, "Het staat er.") == "never"
    assert confirm("parent", None, "Het staat er.") == "born"
    assert confirm("parent", today + dt.timedelta(days=1), "Het staat er.") == "born"
    assert confirm("parent", years.replace(year=today.year - 18), "Het staat er.") == "adult"
    assert confirm("parent", years, "Uittreksel gezien.") == "recorded"
    mandate = world.case(number)["params"]["mandate"]
    assert (mandate["authority"], mandate["age"], mandate["by"]) == ("parent", 11, "ann")
    assert desk.known("ann", number, said) == "recorded"
    world.clerk.run()
    done = world.case(number)
    assert (done["state"], done["person_id"]) == ("answered", child)
    assert [to for key, to, _ in world.letters(number) if key == "case-answered"] == [world.mail(parent)]
    other = world.file(
        "erasure", address=world.mail(parent), params={"on_behalf": "mandate"}, words="Voor mijn buur."
    )
    world.clerk.run()
    assert desk.mandate("ann", other, "refused", "", None, "De volmacht is van een ander.") == "recorded"
    world.clerk.run()
    assert (world.case(other)["state"], world.case(other)["outcome"]) == ("answered", "refused")
    assert world.one("SELECT count(*) FROM data.person WHERE id = %s", parent) == 1
    third = world.file(
        "access", address="advocaat@balie.example", params={"on_behalf": "mandate"}, words="Voor een cliënt."
    )
    world.clerk.run()
    assert desk.mandate("ann", third, "confirmed", "lawyer", None, "Advocaat, op zijn woord.") == "recorded"
    assert "age" not in world.case(third)["params"]["mandate"]
    assert desk.known("ann", third, said) == "recorded"
    world.clerk.run()
    assert (world.case(third)["state"], world.case(third)["person_id"]) == ("answered", child)

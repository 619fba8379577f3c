"""From a request to its answer: one case, done once, answered once, and never before it is true."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import psycopg
import pytest
from pypdf import PdfReader
from tests.bloesem.cases.conftest import World
from tests.bloesem.console.stage import BLOSSOM

from bloesem.answers import unseal
from bloesem.cases.model import AUTOMATIC
from bloesem.stores.postgres import connect


def opened(world: World, number: str) -> dict[str, bytes]:
    """What the link of the answer opens."""
    token = world.token(number, "case-answered")
    sealed = world.one("SELECT bloesem.case_open(%s)", token)
    assert sealed is not None
    found = unseal(token, bytes(sealed))
    assert found is not None
    return found


@pytest.mark.promise("P-146")
def test_a_copy_is_given_to_whoever_is_signed_in(world: World) -> None:
    person = world.people["ann"]
    number = world.file("access", person=person)
    world.clerk.run()
    case = world.case(number)
    assert (case["state"], case["outcome"]) == ("answered", "granted")
    assert world.events(number) == ["received", "decided", "carried-out", "answered"]
    assert [key for key, _, _ in world.letters(number)] == ["case-received", "case-answered"]
    found = opened(world, number)
    answer = json.loads(found["answer.json"])
    assert all(item["until"] and item["why"] for item in answer["items"])
    assert len(answer["remedies"]) == 3
    with zipfile.ZipFile(io.BytesIO(found["data.zip"])) as archive:
        data = json.loads(archive.read("data.json"))
        assert {"session.csv", "README.txt", "ocpi-cdrs.json"} <= set(archive.namelist())
    assert len(data["tables"]["data.session"]) == world.one(
        "SELECT count(*) FROM data.session WHERE person_id = %s", person
    )
    pdf = PdfReader(io.BytesIO(found["answer.pdf"]))
    root: Any = pdf.trailer["/Root"]
    assert root["/Lang"] == "nl"
    assert root["/MarkInfo"]["/Marked"]
    assert answer["title"] in (pdf.pages[0].extract_text() or "")
    world.clerk.run()
    assert [key for key, _, _ in world.letters(number)] == ["case-received", "case-answered"]


@pytest.mark.promise("P-066")
@pytest.mark.promise("R-014")
def test_who_writes_from_an_address_on_file_proves_it_by_the_letter(world: World) -> None:
    person = world.people["customer"]
    number = world.file("access", address=world.mail(person).upper())
    world.clerk.run()
    assert world.case(number)["state"] == "asked"
    assert world.case(number)["stopped_at"] is not None
    ((template, to, _),) = world.letters(number)
    assert (template, to.lower()) == ("case-prove", world.mail(person).lower())
    token = world.token(number, "case-prove")
    assert world.one("SELECT bloesem.case_prove(%s)", "another") == "bad"
    assert world.case(number)["outcome"] is None, "nothing is done before it is known who asks"
    assert world.one("SELECT bloesem.case_prove(%s)", token) == "proved"
    world.clerk.run()
    assert world.case(number)["state"] == "answered"
    done = world.events(number)
    assert done.index("asked-identity") < done.index("proved") < done.index("carried-out"), (
        "and that is logged"
    )
    asks = (BLOSSOM / "messages" / "templates" / "case-prove.yaml").read_text("utf-8").lower()
    assert not [
        w for w in ("identiteitskaart", "paspoort", "identity card", "passport", "ausweis") if w in asks
    ]
    assert world.one("SELECT bloesem.case_prove(%s)", token) == "bad"


@pytest.mark.promise("R-015")
def test_whoever_is_not_found_is_told_so_and_what_they_may_add(world: World) -> None:
    number = world.file("erasure", address="niemand@elders.example")
    world.clerk.run()
    assert world.case(number)["state"] == "closed"
    assert [key for key, _, _ in world.letters(number)] == ["case-unknown"]


@pytest.mark.promise("R-019")
def test_a_link_opens_once_and_a_look_uses_nothing_up(world: World) -> None:
    number = world.file("portability", person=world.people["customer"], language="fr")
    world.clerk.run()
    token = world.token(number, "case-answered")
    for _ in range(3):
        assert world.one("SELECT bloesem.case_look(%s)", token) == "ready"
    assert opened(world, number).keys() == {"answer.json", "answer.pdf", "data.zip"}
    assert world.one("SELECT bloesem.case_look(%s)", token) == "open"
    world.admin.execute(
        "UPDATE bloesem.request_case SET opened_at = opened_at - interval '61 minutes' WHERE number = %s",
        [number],
    )
    assert world.one("SELECT bloesem.case_look(%s)", token) == "gone"
    assert world.one("SELECT bloesem.case_open(%s)", token) is None
    assert world.one("SELECT bloesem.case_look(%s)", "forged") == "gone"


@pytest.mark.promise("R-028")
@pytest.mark.promise("R-020")
def test_an_erasure_waits_for_the_officer_and_is_done_and_told(world: World) -> None:
    person = world.people["account_ended"] if "account_ended" in world.people else world.people["four_ends"]
    number = world.file("erasure", person=person, language="en", params={"ground": "a"})
    world.clerk.run()
    case = world.case(number)
    assert case["state"] == "waiting"
    assert case["preview"]["items"]
    assert world.one("SELECT count(*) FROM data.person WHERE id = %s", person) == 1
    assert world.one("SELECT bloesem.case_decide('officer:1', %s, 'refused', ' ', NULL)", number) == "why"
    assert (
        world.one("SELECT bloesem.case_decide('officer:1', %s, 'granted', NULL, NULL)", number) == "recorded"
    )
    assert (
        world.one("SELECT bloesem.case_decide('officer:2', %s, 'refused', 'No.', NULL)", number) == "already"
    )
    world.clerk.run()
    case = world.case(number)
    assert case["state"] == "answered"
    answer = json.loads(opened(world, number)["answer.json"])
    outcomes = {item["outcome"] for item in answer["items"]}
    assert outcomes & {"erased", "erased in part"}
    if "kept until its term is over" in outcomes:
        assert answer["outcome"] == "partly"
        assert answer["reason"]
        assert all(item["why"] for item in answer["items"] if item["until"])
    assert world.case(number)["address"] is None


@pytest.mark.promise("R-020")
@pytest.mark.promise("R-008")
def test_a_refusal_says_why_and_where_to_turn_to(world: World) -> None:
    number = world.file(
        "rectification", person=world.people["customer"], language="de", words="Mijn naam is anders."
    )
    world.clerk.run()
    assert (
        world.one(
            "SELECT bloesem.case_decide('officer:1', %s, 'refused', 'Der Name steht so im Vertrag.', NULL)",
            number,
        )
        == "recorded"
    )
    world.clerk.run()
    answer = json.loads(opened(world, number)["answer.json"])
    assert (answer["outcome"], answer["reason"]) == ("refused", "Der Name steht so im Vertrag.")
    said = " ".join(answer["remedies"])
    assert all(one in said for one in ("privacy@blossom.be", "Datenschutzbehörde", "Gericht"))


@pytest.mark.promise("R-013")
def test_one_case_though_it_comes_by_three_roads(world: World) -> None:
    person = world.people["customer"]
    first = world.file("erasure", address=world.mail(person), params={"ground": "b"})
    assert world.file("erasure", person=person, params={"ground": "b"}, address=world.mail(person)) == first
    assert (
        world.file("erasure", address=world.mail(person).upper(), params={"ground": "b"}, channel="letter")
        == first
    )
    assert world.events(first).count("again") == 2
    assert world.file("erasure", person=person, params={"ground": "b"}, once="mail-1") == first
    assert world.case(first)["person_id"] == person


@pytest.mark.promise("R-014")
def test_advertising_is_refused_without_any_proof(world: World) -> None:
    person = world.people["ann"]
    number = world.file("marketing", address=world.mail(person))
    world.clerk.run()
    assert world.case(number)["state"] == "answered"
    assert "asked-identity" not in world.events(number)
    assert world.one(
        "SELECT count(*) > 0 FROM bloesem.fact WHERE person_id = %s AND kind = 'objection' AND key = 'marketing'",
        person,
    )
    nobody = world.file("marketing", address="nergens@elders.example")
    world.clerk.run()
    assert world.case(nobody)["state"] == "answered"


def test_a_copy_comes_before_an_erasure(world: World) -> None:
    person = world.people["restricted"]
    copy = world.file("access", address=world.mail(person))
    erase = world.file("erasure", person=person)
    world.clerk.run()
    assert world.case(erase)["params"]["waits"] == "access"
    assert world.one("SELECT bloesem.case_prove(%s)", world.token(copy, "case-prove")) == "proved"
    world.clerk.run()
    assert world.case(copy)["state"] == "answered"
    assert world.case(erase)["state"] == "waiting"
    assert "waits" not in world.case(erase)["params"]


def test_it_is_one_case_also_after_the_clerk_has_counted_its_days(world: World) -> None:
    person = world.people["customer"]
    first = world.file("restriction", person=person, params={"ground": "c"})
    world.clerk.run()
    assert world.case(first)["state"] == "waiting"
    assert (
        world.file("restriction", address=world.mail(person), person=person, params={"ground": "c"}) == first
    )
    assert world.file("restriction", person=person, params={"ground": "a"}) != first


def test_an_erasure_that_waits_is_nobodys_to_decide_and_goes_on_when_no_copy_is_asked_for(
    world: World,
) -> None:
    person = world.people["dispute_open"] if "dispute_open" in world.people else world.people["customer"]
    copy = world.file("access", address=world.mail(person), params={"note": "other"})
    world.clerk.run()
    erase = world.file("erasure", person=person, params={"ground": "e"})
    world.clerk.run()
    assert world.case(erase)["params"]["waits"] == "access"
    assert world.one("SELECT bloesem.case_decide('officer:1', %s, 'granted', NULL, NULL)", erase) == "not-now"
    world.admin.execute(
        "UPDATE bloesem.request_case SET state = 'withdrawn', ended_at = bloesem.moment() WHERE number = %s",
        [copy],
    )
    world.clerk.run()
    assert "waits" not in world.case(erase)["params"]
    assert world.case(erase)["state"] == "waiting"


@pytest.mark.promise("R-007")
def test_an_extension_is_told_within_the_month_once_and_moves_the_warnings(world: World) -> None:
    number = world.file("rectification", person=world.people["customer"], words="Nog iets.")
    world.clerk.run()
    before = world.case(number)
    extend = "SELECT bloesem.case_extend('officer:1', %s, %s)"
    assert world.one(extend, number, "  ") == "why"
    assert world.one(extend, number, "Het zijn er veel.") == "recorded"
    assert world.one(extend, number, "Nog eens.") == "already"
    world.clerk.run()
    after = world.case(number)
    assert after["warn_on"] > before["warn_on"]
    assert [key for key, _, _ in world.letters(number)].count("case-extended") == 1
    late = world.file("rectification", person=world.people["customer"], words="Lang geleden.")
    world.clerk.run()
    world.admin.execute("UPDATE bloesem.request_case SET due = bloesem.today() - 1 WHERE number = %s", [late])
    assert world.one(extend, late, "Te laat.") == "late"


def test_a_thousand_forms_with_somebodys_address_are_no_thousand_letters(world: World) -> None:
    address = "overspoeld@elders.example"
    numbers = [world.file("other", address=address, words=f"Vraag {n}.", kind="question") for n in range(30)]
    while world.clerk.run():
        pass
    sent = [len(world.letters(number)) for number in numbers]
    assert 1 <= sum(sent) <= 10
    assert all(
        world.case(number)["state"] == "waiting" for number in numbers
    )  # each question is read (P-169)


def test_a_signed_in_person_proves_nothing_of_anothers_case(world: World) -> None:
    """A case that is bound to somebody is nobody else's to identify."""
    person, other = world.people["customer"], world.people["ann"]
    number = world.file("human", address=world.mail(person), words="Kijk nog eens.")
    world.clerk.run()
    assert world.case(number)["state"] == "asked"
    theirs = world.file("human", person=other, address=world.mail(person), words="Kijk nog eens.")
    assert theirs != number
    assert world.case(number)["state"] == "asked"


def used(world: World, person: int, purpose: str) -> bool:
    mask = world.loaded.plan.purpose(purpose).mask
    return bool(world.one("SELECT used & %s FROM bloesem.state WHERE person_id = %s", mask, person))


@pytest.mark.promise("R-032")
def test_an_objection_stops_the_use_until_the_officer_shows_grounds_and_the_answer_has_them(
    world: World,
) -> None:
    person = world.people["ann"]
    assert used(world, person, "quality")
    number = world.file("objection", person=person, language="en", params={"purposes": ["quality"]})
    world.clerk.run()
    assert world.case(number)["state"] == "waiting"
    assert not used(world, person, "quality"), "restricted while it is looked at"
    decide = "SELECT bloesem.case_decide('officer:1', %s, %s, %s, NULL)"
    for empty in (None, "", " \n"):
        assert world.one(decide, number, "refused", empty) == "why"
        assert world.one(decide, number, "partly", empty) == "why"
    assert world.case(number)["state"] == "waiting"
    grounds = "A fault of your charge point is a danger to others."
    assert world.one(decide, number, "refused", grounds) == "recorded"
    world.clerk.run()
    answer = json.loads(opened(world, number)["answer.json"])
    assert (answer["outcome"], answer["reason"]) == ("refused", grounds)
    assert len(answer["remedies"]) == 3
    assert used(world, person, "quality")
    again = world.file("objection", person=person, language="en", params={"purposes": ["quality"]})
    assert again != number
    world.clerk.run()
    assert world.one(decide, again, "granted", "We no longer need it.") == "recorded"
    world.clerk.run()
    answer = json.loads(opened(world, again)["answer.json"])
    assert (answer["outcome"], answer["reason"]) == ("granted", "We no longer need it.")
    assert not used(world, person, "quality")


@pytest.mark.promise("R-021")
def test_a_case_is_kept_for_accountability_until_its_clock_ends_and_few_read_it(world: World) -> None:
    number = world.file("other", kind="question", person=world.people["ann"], words="Een vraag.")
    oversight = world.loaded.plan.oversight
    assert oversight is not None
    for login in ("portal", oversight.process, "worker", "console"):
        with connect(world.stage.dsn(login), autocommit=True) as page:
            for table in ("request_case", "request_event"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    page.execute(f"SELECT FROM bloesem.{table}".encode())
    (law,) = [one for one in world.loaded.company.law.purposes if one.key == "law:accountability"]
    assert law.keep is not None
    kept = law.keep.terms[0].for_
    ends = "UPDATE bloesem.request_case SET state = 'closed', ended_at = bloesem.moment() - %s::interval{} WHERE number = %s"
    count = "SELECT count(*) FROM bloesem.request_case WHERE number = %s"
    world.admin.execute(ends.format(" + interval '1 hour'").encode(), [kept, number])
    world.clerk.run()
    assert world.one(count, number) == 1
    world.admin.execute(ends.format(" - interval '1 hour'").encode(), [kept, number])
    world.clerk.run()
    assert world.one(count, number) == 0


@pytest.mark.promise("R-036")
def test_a_machine_alone_grants_and_never_refuses_and_a_human_looks_where_one_is_asked_for(
    world: World,
) -> None:
    """Nothing about anybody is decided against them without a named officer; whoever contests is heard, with their words."""
    person = world.people["customer"]
    for asked in sorted(AUTOMATIC):
        number = world.file(asked, person=person, words="R-036")
        world.clerk.run()
        assert (world.case(number)["outcome"], world.case(number)["decided_by"]) == ("granted", None), asked
    person = world.people["dispute_open"]  # who has no other case of the kind
    number = world.file("human", person=person, language="en", words="My rating is wrong: I own the house.")
    world.clerk.run()
    case = world.case(number)
    assert (case["state"], case["outcome"]) == ("waiting", None)
    assert case["words"] == "My rating is wrong: I own the house."
    decide = "SELECT bloesem.case_decide(%s, %s, 'granted', 'We looked again.', NULL)"
    for nobody in (None, "", "  "):
        assert world.one(decide, nobody, number) == "not-now"
    assert world.one(decide, "officer:1", number) == "recorded"
    world.clerk.run()
    answer = json.loads(opened(world, number)["answer.json"])
    assert (answer["outcome"], answer["reason"]) == ("granted", "We looked again.")

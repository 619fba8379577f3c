"""From a request to its answer: one case, done once, answered once, and never before it is true."""

from __future__ import annotations

import datetime as dt
import io
import json
import re
import time
import zipfile
from typing import Any

import psycopg
import pytest
from psycopg import sql
from pypdf import PdfReader
from tests.bloesem.cases.conftest import World
from tests.bloesem.console.stage import BLOSSOM

from bloesem.answers import unseal
from bloesem.cases.clerk import Clerk
from bloesem.cases.model import AUTOMATIC
from bloesem.gate.scope import signed
from bloesem.gate.secrets import Credentials
from bloesem.stores.postgres import connect
from bloesem.yaml12 import parse


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
    assert len(answer["remedies"]) == 4
    with zipfile.ZipFile(io.BytesIO(found["data.zip"])) as archive:
        data = json.loads(archive.read("data.json"))
        assert {"session.csv", "README.txt", "ocpi-cdrs.json"} <= set(archive.namelist())
        legend = archive.read("README.txt").decode()
        assert legend.startswith("data.json: alles"), "in the person's language"
        assert "started_at: Laadsessies" in legend
        assert any("README.txt" in line for one in answer["sections"] for line in one["lines"])
    assert len(data["tables"]["data.session"]) == world.one(
        "SELECT count(*) FROM data.session WHERE person_id = %s", person
    )
    whole = json.dumps(data)
    hashes = world.admin.execute(
        "SELECT secret_hash, (SELECT max(encode(suppression_key, 'hex')) FROM data.email_address e"
        " WHERE e.person_id = l.person_id) FROM data.login_credential l WHERE person_id = %s",
        [person],
    ).fetchall()
    assert hashes
    for one in [one for row in hashes for one in row if one]:
        assert one not in whole, "of a password it is told that there is one, and nothing of it (P-047)"
    assert "secret_hash" not in whole
    assert "data.login_credential" in data["tables"]
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


@pytest.mark.promise("P-146")
@pytest.mark.promise("R-015")
def test_whoever_is_not_found_is_told_so_and_what_they_may_add(world: World) -> None:
    for asked in ("erasure", "access"):
        number = world.file(asked, address="niemand@elders.example")
        world.clerk.run()
        assert world.case(number)["state"] == "closed"
        assert [key for key, _, _ in world.letters(number)] == ["case-unknown"]
    said = parse(BLOSSOM / "messages" / "templates" / "case-unknown.yaml").data["text"]
    more = {"nl": "klantennummer", "en": "customer number", "fr": "numéro de client", "de": "Kundennummer"}
    for language, number_of_theirs in more.items():
        assert number_of_theirs in said[language], "what they may add"
        assert re.search(r"art[a-z]+ 11\b", said[language], re.IGNORECASE)


def test_an_address_that_asks_a_hundred_times_gets_ten_letters_though_the_door_sends_each_at_once(
    world: World,
) -> None:
    asks, sent = "steeds@elders.example", 0
    for _ in range(25):
        number = world.file("access", address=asks)
        world.clerk.run()
        assert world.case(number)["state"] == "closed"
        sent += world.admin.execute(  # as the door leaves it: to whom is forgotten
            "UPDATE bloesem.outbox SET state = 'sent', address = NULL, contents = NULL, ended_at = bloesem.moment()"
            " WHERE template = 'case-unknown' AND lower(address) = %s",
            [asks],
        ).rowcount
    assert sent == 10
    person, number = world.people["recorded"], ""
    for _ in range(12):
        number = world.file("objection", address=world.mail(person))
        world.clerk.run()
        if world.case(number)["state"] == "asked":
            world.admin.execute(
                "UPDATE bloesem.request_case SET state = 'withdrawn', ended_at = bloesem.moment() WHERE number = %s",
                [number],
            )
        world.admin.execute(
            "UPDATE bloesem.outbox SET state = 'sent', address = NULL, contents = NULL WHERE state = 'decided'"
            " AND template LIKE 'case-%'"
        )
    assert "many" in world.events(number), "somebody else may be typing it: a person looks"


@pytest.mark.promise("R-019")
def test_a_link_opens_once_and_a_look_uses_nothing_up(world: World) -> None:
    number = world.file("portability", person=world.people["customer"], language="fr")
    world.clerk.run()
    token = world.token(number, "case-answered")
    for _ in range(3):
        assert world.one("SELECT bloesem.case_look(%s)", token) == "ready"
    assert opened(world, number).keys() == {"answer.json", "answer.pdf", "data.zip"}
    assert world.one("SELECT bloesem.case_look(%s)", token) == "open"
    note = "SELECT bloesem.case_transfer(%s, %s, %s)"
    assert world.one(note, token, "answered", "elders.example") is None, "only what a transfer says"
    assert world.one(note, "forged", "transfer-begun", "elders.example") is None
    begun = [world.one(note, token, "transfer-begun", "elders.example") for _ in range(6)]
    assert begun == [number] * 5 + [None], "what is sent is written down, and no more than so often"
    assert world.one(note, token, "transfer-taken", "elders.example sha256:0 status:201") == number
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
    assert "kept until its term is over" in outcomes
    assert answer["outcome"] == "partly"
    assert answer["reason"]
    assert all(item["why"] for item in answer["items"] if item["until"])
    assert len(answer["remedies"]) == 4
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


@pytest.mark.promise("R-009")
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
    told = "SELECT contents->>'why' FROM bloesem.outbox WHERE template = 'case-extended' AND contents->>'number' = %s"
    assert world.one(told, number) == "Het zijn er veel."
    late = world.file("rectification", person=world.people["customer"], words="Lang geleden.")
    world.clerk.run()
    world.admin.execute("UPDATE bloesem.request_case SET due = bloesem.today() - 1 WHERE number = %s", [late])
    assert world.one(extend, late, "Te laat.") == "late"
    with world.admin.transaction(
        force_rollback=True
    ):  # nothing ran until the month was over: nobody was told
        untold = world.file(
            "rectification", person=world.people["ann"], words="Op de laatste dag.", once="untold"
        )
        clerk = Clerk(world.admin, world.loaded, world.keys)
        clerk.run()
        assert world.one(extend, untold, "Het zijn er veel.") == "recorded"
        world.admin.execute(
            "UPDATE bloesem.request_case SET received_at = received_at - interval '3 months', due = bloesem.today() - 1"
            " WHERE number = %s", [untold]
        )  # fmt: skip
        clerk.run()
        case = world.case(untold)
        assert (case["extended_why"], case["params"]["message"]) == (None, True)
        assert case["due"] < str(world.one("SELECT bloesem.today()"))
        assert "case-extended" not in [key for key, _, _ in world.letters(untold)]
        assert "extended-late" in world.events(untold)


@pytest.mark.promise("R-006")
def test_what_is_asked_after_the_last_day_stops_no_clock_and_the_nearest_days_are_listed_first(
    world: World,
) -> None:
    number = world.file("rectification", person=world.people["customer"], words="Wat dan?", once="late-1")
    world.clerk.run()
    stop, inbox = (
        "SELECT bloesem.case_stop('officer:1', %s, 'specification', 'Wat?')",
        "SELECT bloesem.case_inbox()",
    )
    # In time: asked with its reason, for one of two things, and once; the days that it stood come after both last days.
    asking = "SELECT bloesem.case_stop('officer:1', %s, %s, %s)"
    for empty in (None, "", " \n"):
        assert world.one(asking, number, "specification", empty) == "why"
    assert world.one(asking, number, "curiosity", "Wat?") == "not-now"
    before = world.case(number)
    assert before["due"] == before["raw_due"]
    for what in ("specification", "identity"):
        assert world.one(asking, number, what, "Over welke jaren?") == "recorded"
        assert world.one(asking, number, what, "Over welke jaren?") == "already"
        assert f"asked-{what}" in world.events(number)
        (line,) = [one for one in world.one(inbox) if one["number"] == number]
        assert line["stopped"]
        world.admin.execute(
            "UPDATE bloesem.request_case SET stopped_at = stopped_at - interval '10 days',"
            " received_at = received_at - interval '12 days', due = NULL WHERE number = %s", [number]
        )  # fmt: skip
        assert world.one("SELECT bloesem.case_resume('officer:1', %s, NULL)", number) == "recorded"
        world.clerk.run()
    after = world.case(number)
    stood = [
        dt.datetime.fromisoformat(end) - dt.datetime.fromisoformat(since) for since, end in after["stops"]
    ]
    assert [one.days for one in stood] == [10, 10]
    raw, due = (dt.date.fromisoformat(after[name]) for name in ("raw_due", "due"))
    assert dt.date.fromisoformat(before["raw_due"]) > raw, "it came in earlier"
    assert 15 <= (due - raw).days <= 25, "twenty days, but for free days at either end; and both are kept"
    assert world.events(number).count("resumed") == 2
    # After its last day it is late, and no question takes that back.
    world.admin.execute(
        "UPDATE bloesem.request_case SET due = bloesem.today() - 1 WHERE number = %s", [number]
    )
    assert world.one(stop, number) == "recorded"
    listed = world.one(inbox)
    (line,) = [one for one in listed if one["number"] == number]
    assert not line["stopped"], "it is late all the same"
    with world.admin.transaction(force_rollback=True):
        world.admin.execute(
            "INSERT INTO bloesem.request_case (number, kind, asked, channel, language, state, received_at, due, site)"
            " SELECT 'flood-' || n, 'question', 'other', 'form', 'nl', 'waiting', bloesem.moment(), bloesem.today() + 40, ''"
            " FROM generate_series(1, 1000) n"
        )
        assert number in {one["number"] for one in world.one(inbox)}, "of many, the most urgent are seen"
    world.one("SELECT bloesem.case_resume('officer:1', %s, NULL)", number)


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
    assert len(answer["remedies"]) == 4
    said = [line for section in answer["sections"] for line in section["lines"]]
    assert any(line.startswith("For this we go on using your data") and "Quality" in line for line in said)
    assert used(world, person, "quality")
    again = world.file("objection", person=person, language="en", params={"purposes": ["quality"]})
    assert again != number
    world.clerk.run()
    assert world.one(decide, again, "granted", "We no longer need it.") == "recorded"
    world.clerk.run()
    answer = json.loads(opened(world, again)["answer.json"])
    assert (answer["outcome"], answer["reason"]) == ("granted", "We no longer need it.")
    assert not used(world, person, "quality")


def test_an_objection_refused_in_part_ends_what_it_says_and_names_what_goes_on(world: World) -> None:
    """P-165: use by use; the person reads of each what becomes of it (R-020)."""
    person = world.people["customer"]
    keys = ["identify", "quality"]
    number = world.file("objection", person=person, language="en", params={"purposes": keys})
    world.clerk.run()
    assert not used(world, person, "identify")
    decide = "SELECT bloesem.case_decide('officer:1', %s, 'partly', 'Somebody used your card.', %s::jsonb)"
    assert world.one(decide, number, "{}") == "what"
    assert world.one(decide, number, '{"spared": []}') == "what"
    assert world.one(decide, number, '{"spared": ["identify"]}') == "recorded"
    world.clerk.run()
    answer = json.loads(opened(world, number)["answer.json"])
    assert answer["outcome"] == "partly"
    said = [line for section in answer["sections"] for line in section["lines"]]
    (ended,) = [line for line in said if line.startswith("We no longer use")]
    (on,) = [line for line in said if line.startswith("For this we go on")]
    name = {one.key: one.label["en"] for one in world.loaded.plan.purposes if one.key in keys}
    assert name["quality"] in ended
    assert name["identify"] not in ended
    assert name["identify"] in on
    assert used(world, person, "identify")
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


def as_oneself(world: World, person: int, query: str, *values: object) -> Any:
    """What a page asks in somebody's own scope."""
    credentials = Credentials.load(world.stage.doors, "portal")
    with connect(world.stage.dsn("portal")) as page:
        scope = signed(credentials.scope_key, page.info.backend_pid, "person", person, int(time.time()) + 60)
        page.execute(sql.SQL("SET LOCAL bloesem.scope = {}").format(sql.Literal(scope)))
        row = page.execute(query.encode(), values).fetchone()
        page.commit()
        return row[0] if row else None


def test_an_objection_to_several_uses_is_taken_back_one_by_one(world: World) -> None:
    person = world.people["customer"]
    keys = [p.key for p in world.loaded.plan.purposes if p.active and p.objection == "assessed"][:2]
    assert len(keys) == 2
    number = world.file("objection", person=person, params={"purposes": keys})
    world.clerk.run()
    holds = (
        "SELECT count(*) FROM bloesem.fact WHERE person_id = %s AND kind = 'assessing' AND key = %s"
        " AND (ends_at IS NULL OR ends_at > bloesem.moment())"
    )
    assert [world.one(holds, person, key) for key in keys] == [1, 1]
    narrow = "SELECT bloesem.case_own_narrow(%s, %s)"
    assert as_oneself(world, person, narrow, number, "billing") == "not-now", "what it is not about"
    assert as_oneself(world, world.people["ann"], narrow, number, keys[0]) == "not-now", "whose it is not"
    assert as_oneself(world, person, narrow, number, keys[0]) == "recorded"
    assert world.case(number)["params"]["purposes"] == [keys[1]]
    assert (world.case(number)["state"], world.events(number)[-1]) == ("waiting", "narrowed")
    assert [world.one(holds, person, key) for key in keys] == [0, 1]
    assert as_oneself(world, person, narrow, number, keys[0]) == "not-now"
    (mine,) = [
        one for one in as_oneself(world, person, "SELECT bloesem.case_own()") if one["number"] == number
    ]
    assert mine["purposes"] == [keys[1]]
    assert as_oneself(world, person, narrow, number, keys[1]) == "recorded"
    assert world.case(number)["state"] == "withdrawn"
    assert world.one(holds, person, keys[1]) == 0


def test_what_else_was_asked_is_answered_after_an_erasure_took_the_address(world: World) -> None:
    """A refusal that is recorded as told, and of which no letter went, is none (R-008; R-007 of an extension)."""
    person = world.people["former_recent"]
    mail = world.mail(person)
    erase = world.file("erasure", person=person, params={"ground": "a"})
    human = world.file("human", person=person, words="Kijk nog eens.")
    slow = world.file("rectification", person=person, words="Mijn naam.")
    for _ in range(4):
        world.clerk.run()
    decide = "SELECT bloesem.case_decide('officer:1', %s, %s, %s, NULL)"
    assert world.one(decide, erase, "granted", None) == "recorded"
    for _ in range(4):
        world.clerk.run()
    assert world.case(erase)["state"] == "answered"
    assert world.one("SELECT count(*) FROM data.email_address WHERE person_id = %s", person) == 0
    assert world.one(decide, human, "refused", "Dit besliste een mens.") == "recorded"
    assert world.one("SELECT bloesem.case_extend('officer:1', %s, 'Het zijn er veel.')", slow) == "recorded"
    for _ in range(4):
        world.clerk.run()
    assert world.case(human)["state"] == "answered"
    assert ("case-answered", mail) in [(key, to) for key, to, _ in world.letters(human)]
    assert ("case-extended", mail) in [(key, to) for key, to, _ in world.letters(slow)]
    assert world.case(human)["address"] is None, "it is forgotten when it is answered"


def test_an_answer_that_can_reach_nobody_is_not_recorded_as_given(world: World) -> None:
    person = world.people["customer"]
    number = world.file("human", person=person, words="Kijk eens na.", once="reaches-nobody")
    for _ in range(3):
        world.clerk.run()
    with world.admin.transaction(force_rollback=True):
        clerk = Clerk(world.admin, world.loaded, world.keys)
        world.admin.execute("DELETE FROM data.email_address WHERE person_id = %s", [person])
        world.admin.execute("DELETE FROM data.work_email WHERE person_id = %s", [person])
        world.admin.execute(
            "UPDATE bloesem.request_case SET address = NULL, state = 'carried', outcome = 'refused', reason = 'Nee.'"
            " WHERE number = %s", [number]
        )  # fmt: skip
        clerk.run()
        assert world.case(number)["state"] == "waiting"
        assert "no address" in world.case(number)["params"]["failed"]

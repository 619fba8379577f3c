"""A copy is of all that there is: what lies with processors, on paper and, where it is lost otherwise, in back-ups."""

from __future__ import annotations

import datetime as dt
import io
import json
import zipfile
from typing import Any

import pytest
from tests.bloesem.cases.conftest import World
from tests.bloesem.cases.test_clerk import opened
from tests.bloesem.rights.guarded.test_told import given

from bloesem.breaches.rules import BRUSSELS
from bloesem.cases.desk import CaseDesk
from bloesem.cases.elsewhere import Desk
from bloesem.gate.ids import new_id
from bloesem.gate.oversight import Oversight

PDF = b"%PDF-1.7\n1 0 obj << >> endobj\nstartxref\n9\n%%EOF\n"
#: The registers of those who were asked, as they send them.
THEIRS = b'{"person": 3, "held": ["photo of the fuse box"]}'


@pytest.fixture
def desk(world: World) -> Desk:
    world.admin.execute(
        "DROP TRIGGER IF EXISTS nothing ON bloesem.request_elsewhere"
    )  # here they have something
    return Desk(Oversight(world.admin, world.loaded.plan))


def somebody(world: World, key: str) -> int:
    """Somebody of whom an installer and an agency have something, and whose first contract was on paper."""
    person = world.people[key]
    given(world.admin, person, "voltwacht", "after_sales", address=["street"])
    given(
        world.admin, person, "fleetco", "billing", invoice=["number"]
    )  # a controller: it answers for itself
    world.admin.execute(
        "INSERT INTO data.contract (id, person_id, recorded_at, source, number, starts_on)"
        " VALUES (%s, %s, '2017-03-01', 'subject:contract', %s, '2017-03-01')",
        [new_id(), person, f"P-{person}"],
    )
    return person


def asked(desk: Desk, number: str) -> dict[str, dict[str, Any]]:
    found = desk.of("officer:1", number)
    assert found is not None
    return {one["place"]: one for one in found["places"]}


def answer(found: dict[str, bytes]) -> tuple[list[str], dict[str, bytes]]:
    """What the answer says of elsewhere, and the files that came with it."""
    said = json.loads(found["answer.json"])
    (lines,) = [one["lines"] for one in said["sections"] if one["title"].startswith("Wat elders ligt")]
    with zipfile.ZipFile(io.BytesIO(found["data.zip"])) as archive:
        return lines, {n: archive.read(n) for n in archive.namelist() if n.startswith("elsewhere/")}


@pytest.mark.promise("P-146")
@pytest.mark.promise("R-024")
def test_a_copy_waits_for_processors_and_paper_and_has_what_they_gave(world: World, desk: Desk) -> None:
    person = somebody(world, "ann")
    number = world.file("access", person=person)
    world.clerk.run()
    case = world.case(number)
    assert (case["state"], case["params"]["waits"]) == ("waiting", "elsewhere")
    # Truly asked: the processor by mail, under its own number and no name; the paper by the officer, under the customer's.
    places = asked(desk, number)
    assert {key: one["kind"] for key, one in places.items()} == {
        "voltwacht": "processor",
        "paper_archive": "paper",
    }
    mail = world.one("SELECT contents FROM bloesem.outbox WHERE template = 'elsewhere-asked' AND address = %s",
                     places["voltwacht"]["contact"])  # fmt: skip
    assert (mail["number"], ": 3" in mail["reference"], mail["due"]) == (
        number,
        True,
        places["voltwacht"]["due"],
    )
    customer = world.one("SELECT customer_number FROM data.person WHERE id = %s", person)
    assert places["paper_archive"]["reference"] == customer
    assert str(person) not in json.dumps(mail)
    # Somebody who looks is written down, and the desk says what the case waits for.
    reads = "SELECT count(*) FROM bloesem.reading WHERE person_id = %s AND actor = 'officer:1'"
    assert world.one(reads, person) >= 1
    world.clerk.run()
    assert world.case(number)["state"] == "waiting", "it is not answered before they are"
    # The back-ups are asked because something was lost otherwise, when the officer says so.
    assert desk.want("officer:1", number, "backups") == "recorded"
    world.clerk.run()
    assert asked(desk, number)["backups"]["kind"] == "backup"
    assert desk.say("officer:1", number, "voltwacht", "data", "application/json", b"") == "what"
    assert desk.say("officer:1", number, "voltwacht", "data", "application/json", THEIRS) == "recorded"
    assert desk.say("officer:1", number, "voltwacht", "nothing", "", b"") == "already"
    assert THEIRS not in bytes(world.one(
        "SELECT sealed FROM bloesem.request_elsewhere WHERE place = 'voltwacht' AND sealed IS NOT NULL"))  # fmt: skip
    assert desk.say("officer:1", number, "paper_archive", "data", "application/pdf", PDF) == "recorded"
    world.clerk.run()
    assert world.case(number)["state"] == "waiting"
    assert desk.say("officer:1", number, "backups", "nothing", "", b"") == "recorded"
    world.clerk.run()
    assert world.case(number)["state"] == "answered"
    lines, files = answer(opened(world, number))
    assert files == {"elsewhere/voltwacht.json": THEIRS, "elsewhere/paper_archive.pdf": PDF}
    assert len(lines) == 3
    assert "Voltwacht NV: wat daar van jou ligt, staat in het bestand elsewhere/voltwacht.json." in lines
    assert "De reservekopieën: gevraagd, en daar ligt niets van jou." in lines


@pytest.mark.promise("R-024")
def test_who_does_not_answer_is_told_to_the_officer_and_the_answer_is_not_late(
    world: World, desk: Desk
) -> None:
    person = somebody(world, "four_ends")
    number = world.file("access", person=person)
    world.clerk.run()
    assert world.case(number)["params"]["waits"] == "elsewhere"
    world.admin.execute(
        "UPDATE bloesem.request_elsewhere SET due = bloesem.today() - 1 WHERE place = 'voltwacht' AND said IS NULL"
    )
    world.clerk.run()
    (line,) = [
        one for one in CaseDesk(desk.ask).inbox(dt.datetime.now(BRUSSELS).date()) if one.number == number
    ]
    assert line.message, "the list shows that somebody does not answer"
    assert world.events(number).count("elsewhere-late") == 1
    world.clerk.run()
    assert world.events(number).count("elsewhere-late") == 1
    # On the day on which a case is escalated it goes with what is there, and says who has not answered.
    world.admin.execute(
        "UPDATE bloesem.request_case SET escalate_on = bloesem.today() WHERE number = %s", [number]
    )
    world.clerk.run()
    assert world.case(number)["state"] == "answered"
    lines, files = answer(opened(world, number))
    assert files == {}
    assert (
        "Voltwacht NV: gevraagd, maar nog niet beantwoord. Wij blijven het vragen, en sturen het je na."
        in lines
    )
    assert (
        "In onze reservekopieën ligt niets dat hierboven niet staat; daarom zochten wij daar niet apart."
        in lines
    )
    assert desk.say("officer:1", number, "voltwacht", "nothing", "", b"") == "late"


def test_what_came_back_is_not_asked_for_and_who_has_nothing_elsewhere_does_not_wait(
    world: World, desk: Desk
) -> None:
    person = world.people["customer"]
    given(world.admin, person, "klaproos", "marketing", email_address=["value"])
    world.admin.execute(
        "INSERT INTO bloesem.disclosure_end (disclosure_id, how, said, happened_on, proof, noted_at)"
        " SELECT max(id), 'confirmed', 'destroyed', bloesem.today(), 'certificate', bloesem.moment() FROM bloesem.disclosure"
    )
    number = world.file("access", person=person)
    world.clerk.run()
    assert world.case(number)["state"] == "answered"
    assert asked(desk, number) == {}

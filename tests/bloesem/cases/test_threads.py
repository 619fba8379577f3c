"""A mail that answers a letter of ours joins its case; one that only claims to does not."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from tests.bloesem.cases.conftest import SITE, World
from tests.bloesem.cases.posting import posted

from bloesem.cases.desk import CaseDesk, missing
from bloesem.cases.words import Words
from bloesem.gate.oversight import Oversight
from bloesem.mailbox.filing import Filing
from bloesem.mailbox.keys import MailKeys
from bloesem.mailbox.memory import Memory
from bloesem.mailbox.message import Message, parse
from bloesem.mailbox.places import Folder
from bloesem.mailbox.reading import read

KEYS = MailKeys(b"k" * 32)


def mailed(
    world: World, folder: Path, sender: str, words: str, subject: str = "Re: bericht", **headers: str
) -> None:
    """It arrives, and is read once; then once more, as after a crash before that was written down."""
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    raw = f"From: {sender}\r\nSubject: {subject}\r\n{more}\r\n{words}".encode()
    filing = Filing(world.admin, KEYS, SITE, prefix=world.loaded.plan.prefix)
    for attempt in range(2):
        (folder / "a.eml").write_bytes(raw)
        memory = Memory(folder / f"m{attempt}", KEYS)
        now: dt.datetime = world.one("SELECT bloesem.moment()")
        assert read(Folder(folder), memory, filing, (), now)["handed"] == 1
        memory.close()
        (folder / f"m{attempt}").unlink()


def cases(world: World) -> int:
    return int(world.one("SELECT count(*) FROM bloesem.request_case"))


def newest(world: World) -> str:
    return str(world.one("SELECT number FROM bloesem.request_case ORDER BY id DESC LIMIT 1"))


def letter_of(world: World, to: str) -> str:
    """The Message-ID of the newest letter to that address, as it went out."""
    found = [one for one in posted(world) if one.address == to]
    assert found[-1].replies == world.loaded.policy.contact.email
    return found[-1].message_id


def test_an_answer_to_a_letter_of_ours_joins_its_case_from_whatever_address(
    world: World, tmp_path: Path
) -> None:
    person = world.people["ann"]
    number = world.file("rectification", person=person, words="Mijn naam is anders.")
    world.clerk.run()
    named = letter_of(world, world.mail(person))
    before = cases(world)
    mailed(
        world, tmp_path, "work@elsewhere.example", "Anne met een e.\n> We kregen je vraag", In_Reply_To=named
    )
    assert cases(world) == before
    assert world.events(number).count("message") == 1, "a mail that is handed over twice is one message"
    desk = CaseDesk(Oversight(world.admin, world.loaded.plan), Words.of(world.keys))
    (line,) = [one for one in desk.inbox(desk.ask.today()) if one.number == number]
    assert line.message, "the desk is told that somebody wrote more"
    opened = desk.one("ann", number)
    assert opened is not None
    assert missing(opened)[0] == "message"
    assert "Anne met een e." in next(one["said"] for one in opened["events"] if one["what"] == "message")
    assert [one.message for one in desk.inbox(desk.ask.today()) if one.number == number] == [False]
    forged = named.replace(named[-30:-22], "00000000")
    mailed(world, tmp_path, "work@elsewhere.example", "Nog iets.", References=f"<x@y.example> {forged}")
    assert cases(world) == before + 1, "nobody makes up a letter of ours"


def test_the_number_in_the_subject_counts_from_an_address_of_the_case_alone(
    world: World, tmp_path: Path
) -> None:
    person = world.people["ann"]
    number = world.file("human", person=person, words="Kijk nog eens.")
    world.clerk.run()
    before = cases(world)
    mailed(world, tmp_path, "stranger@elsewhere.example", "Ik ben Ann. Stop ermee.", f"Over {number}")
    assert cases(world) == before + 1
    assert "message" not in world.events(number)
    assert world.case(newest(world))["address"] == "stranger@elsewhere.example"
    mailed(world, tmp_path, world.mail(person).upper(), "Hier is nog een bewijs.", f"Over [{number.lower()}]")
    assert cases(world) == before + 1
    assert world.events(number).count("message") == 1
    by_form = world.file("human", address="nieuw@elders.example", words="Ook ik.")
    mailed(world, tmp_path, "nieuw@elders.example", "En dit nog.", by_form)
    assert world.events(by_form).count("message") == 1


def test_a_clock_that_stood_for_an_answer_runs_when_it_comes_and_nothing_is_proven(
    world: World, tmp_path: Path
) -> None:
    person = world.people["customer"]
    number = world.file("rectification", person=person, words="Iets klopt niet.")
    world.clerk.run()
    desk = CaseDesk(Oversight(world.admin, world.loaded.plan), Words.of(world.keys))
    assert desk.stop("ann", number, "specification", "Wat klopt er niet?") == "recorded"
    world.clerk.run()
    mailed(
        world, tmp_path, world.mail(person), "De straat.", In_Reply_To=letter_of(world, world.mail(person))
    )
    found = world.case(number)
    assert (found["stopped_at"], len(found["stops"])) == (None, 1)
    assert world.events(number)[-2:] == ["message", "resumed"]
    asked = world.file("erasure", address=world.mail(person))
    world.clerk.run()
    named = letter_of(world, world.mail(person))
    mailed(world, tmp_path, "thief@elsewhere.example", "Ja, dat ben ik.", In_Reply_To=named)
    assert world.case(asked)["state"] == "asked"
    assert world.case(asked)["stopped_at"] is not None


def test_what_asks_something_else_or_comes_after_the_end_has_a_clock_of_its_own(
    world: World, tmp_path: Path
) -> None:
    person = world.people["customer"]
    number = world.file("human", person=person, words="Kijk eens.")
    world.clerk.run()
    named = letter_of(world, world.mail(person))
    mailed(world, tmp_path, world.mail(person), "Ik wil geen reclame meer.", In_Reply_To=named)
    own = world.case(newest(world))
    assert (own["asked"], own["params"]["follows"]) == ("marketing", number)
    world.admin.execute(
        "UPDATE bloesem.request_case SET state = 'withdrawn', ended_at = bloesem.moment() WHERE number = %s",
        [number],
    )
    mailed(world, tmp_path, world.mail(person), "Toch nog iets hierover.", In_Reply_To=named)
    after = world.case(newest(world))
    assert after["number"] != own["number"]
    assert (after["state"], after["asked"], after["params"]["follows"]) == ("received", "other", number)


def test_a_thread_of_any_length_and_shape_is_read() -> None:
    def parsed(headers: str) -> Message:
        return parse(f"From: a@b.example\r\n{headers}\r\n\r\nx".encode(), None, (), dt.datetime.now(dt.UTC))

    assert parsed("Subject: x").answers == ()
    assert parsed("In-Reply-To: <1@a> (a mail)\r\nReferences: <0@a>\r\n <1@a>").answers == ("<0@a>", "<1@a>")
    many = " ".join(f"<{n}@a>" for n in range(1_000))
    assert parsed(f"References: {many}").answers[-1] == "<999@a>"
    assert len(parsed(f"References: {many}").answers) == 50
    assert parsed("References: <" + "x" * 100_000).answers == ()

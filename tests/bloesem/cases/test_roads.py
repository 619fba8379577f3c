"""The roads into the desk that are no page: a mail in the mailbox, and what an officer takes in on the command line."""

from __future__ import annotations

import datetime as dt
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest
from psycopg.errors import CheckViolation
from tests.bloesem.cases.conftest import SITE, World
from tests.bloesem.cli.world import BLOSSOM, Called, call
from tests.bloesem.mailbox.conftest import PASSWORD, USER, box
from tests.bloesem.mailbox.conftest import port as port

from bloesem.cases.desk import CaseDesk
from bloesem.cases.model import dues
from bloesem.cases.tables import install
from bloesem.gate.oversight import Oversight
from bloesem.mailbox.filing import Filing
from bloesem.mailbox.keys import MailKeys
from bloesem.mailbox.memory import Memory
from bloesem.mailbox.message import parse
from bloesem.mailbox.places import Folder, MailboxError
from bloesem.mailbox.process import Watcher, own_addresses
from bloesem.mailbox.reading import read
from bloesem.plan.dates import ZONE, civil

KEYS = MailKeys(b"k" * 32)


@pytest.fixture(autouse=True)
def _loaded_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading the company's files is not what is tried here, and takes seconds each time."""
    monkeypatch.setattr("bloesem.company.load", lambda *_, **__: world.loaded)


def typed(world: World, *more: object) -> Called:
    where = ("--company", BLOSSOM, "--prefix", world.loaded.plan.prefix, "--by", "ann", "--site", SITE)
    keys = ("--keys", world.stage.doors)
    return call("cases", "--store", world.stage.database.dsn.url(), *where, *keys, *more)


def numbers(said: Called) -> list[str]:
    return [one["number"] for one in said.json["cases"]]


def test_a_letter_is_taken_in_with_the_day_on_which_it_was_delivered(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now: dt.datetime = world.one("SELECT bloesem.moment()")
    came = civil(now) - dt.timedelta(days=40)
    letter = tmp_path / "letter.txt"
    letter.write_text("Welke gegevens hebt u van mij?\n")
    by_letter = ("take", "--channel", "letter", "--received", came, "--asked", "access", "--address")
    said = typed(world, *by_letter, "zed@post.example", "--words", letter, "--json")
    assert said.code == 0, said.err
    number = said.json["number"]
    monkeypatch.setattr("sys.stdin", io.StringIO("Wis alles."))
    by_talk = ("take", "--channel", "oral", "--received", f"{civil(now)}T00:00", "--asked", "erasure")
    oral = typed(world, *by_talk, "--address", "yan@post.example", "--words", "-", "--json").json["number"]
    found = world.case(number)
    assert (found["channel"], found["words"], found["language"]) == (
        "letter",
        "Welke gegevens hebt u van mij?",
        "nl",
    )
    assert dt.datetime.fromisoformat(found["received_at"]) == dt.datetime.combine(came, dt.time.min, ZONE)
    assert world.events(number) == ["received", "registered"]
    assert found["site"] == SITE

    world.clerk._dues()
    late = typed(world, "--overdue", "--json")
    assert (late.code, numbers(late)) == (
        1,
        [number],
    )  # a letter that waited 40 days in a drawer is late already
    assert late.json["cases"][0]["days_left"] < 0
    every = typed(world, "list", "--state", "received", "--json")
    assert numbers(every) == [number, oral]
    shown = typed(world)
    assert "LATE by" in shown.out
    assert "zed@post.example" not in shown.out  # a list names nobody
    assert numbers(typed(world, "--state", "waiting", "--json")) == []
    for one in (number, oral):  # they end, so that the next test finds none of them
        world.admin.execute("UPDATE bloesem.request_case SET state = 'closed' WHERE number = %s", [one])
    assert number not in typed(world).out
    assert number in typed(world, "--all").out


def test_a_database_of_before_a_road_was_opened_takes_it_after_the_next_start(world: World) -> None:
    world.admin.execute(
        "ALTER TABLE bloesem.request_case DROP CONSTRAINT request_case_channel_check,"
        " ADD CONSTRAINT request_case_channel_check CHECK (channel IN ('page', 'form', 'email', 'letter', 'oral')) NOT VALID"
    )
    with pytest.raises(CheckViolation):
        world.file("access", address="vera@road.example", channel="partner")
    install(world.admin, world.loaded.plan)
    number = world.file("access", address="vera@road.example", channel="partner")
    assert world.case(number)["channel"] == "partner"


def test_one_is_shown_with_its_clock_and_what_is_missing_and_the_reading_is_written_down(
    world: World,
) -> None:
    person = next(iter(world.people.values()))
    number = world.file(
        "objection", person=person, words="Ik ben het er niet mee eens.", params={"purposes": ["quality"]}
    )
    world.clerk.run()
    reads = "SELECT count(*) FROM bloesem.reading WHERE actor = 'ann'"
    before = world.one(reads)
    said = typed(world, "show", number)
    assert said.code == 0, said.err
    assert "the officer's decision" in said.out
    assert f"due {world.case(number)['due']}" in said.out
    assert "Ik ben het er niet mee eens." in said.out
    assert world.one(reads) == before + 1
    as_json = typed(world, "show", number, "--json").json
    assert as_json["missing"] == ["decision"]
    assert not {"person_id", "token_hash", "prove_hash", "sealed", "once"} & set(as_json)


def test_what_did_not_work_goes_on(world: World) -> None:
    person = next(iter(world.people.values()))
    number = world.file("restriction", person=person, words="Stop.", params={"ground": "a"})
    world.clerk.run()
    assert typed(world, "again", number).code == 1  # nothing of it failed
    world.admin.execute(
        "UPDATE bloesem.request_case SET params = params || %s WHERE number = %s",
        [json.dumps({"failed": "the store is away", "failed_in": "identified"}), number],
    )
    assert "bloesem cases again" in typed(world, "show", number).out
    assert typed(world, "again", number).code == 0
    assert (world.case(number)["state"], world.events(number)[-1]) == ("identified", "again")


def test_what_cannot_be_is_refused_in_words(world: World, tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_text("Graag.")
    fine = {"--channel": "letter", "--received": "2026-01-05", "--address": "a@b.example", "--words": words}
    for option, value in (
        ("--received", "2999-01-01"),
        ("--received", "1999-01-01"),
        ("--received", "soon"),
        ("--address", "nobody"),
        ("--words", tmp_path / "gone.txt"),
        ("--channel", "page"),
        ("--site", ""),
    ):
        pairs = [part for pair in {**fine, option: value}.items() for part in pair]
        said = typed(world, "take", *pairs)
        assert (said.code, said.out) == (2, ""), (option, value)
        assert "Traceback" not in said.err
    by_post = {key: value for key, value in fine.items() if key != "--address"}
    for where in (
        {"--post": "Zed"},
        {"--post": "Zed; z@a.example"},
        {"--post": "Zed; Veld 1", "--address": "a@b.example"},
        {},
    ):
        pairs = [part for pair in {**by_post, **where}.items() for part in pair]
        said = typed(world, "take", *pairs)
        assert (said.code, said.out) == (2, ""), where
    pairs = [
        part for pair in {**by_post, "--post": "Zed  Maes; Veld 1 ; 2800 Mechelen"}.items() for part in pair
    ]
    number = typed(world, "take", *pairs, "--json").json["number"]
    assert world.case(number)["address"] == "Zed Maes\nVeld 1\n2800 Mechelen"
    for wrong in (
        ("sing",),
        ("show",),
        ("again",),
        ("take",),
        ("list", "2026-X"),
        ("show", "2026-NONE"),
        ("again", "2026-NONE"),
    ):
        assert typed(world, *wrong).code == 2, wrong


@pytest.mark.promise("R-013")
@pytest.mark.promise("R-005")
def test_a_mail_becomes_one_case_received_when_it_arrived(world: World, tmp_path: Path) -> None:
    now: dt.datetime = world.one("SELECT bloesem.moment()")
    arrived = (now - dt.timedelta(days=3)).astimezone(dt.UTC).replace(microsecond=0)
    trace = f"Received: by mx.blossom.example; {arrived:%a, %d %b %Y %H:%M:%S} +0000\r\n"
    mail = f"{trace}From: zed@mail.example\r\nSubject: vraag\r\n\r\nIk wil graag weten welke gegevens jullie hebben.\0"
    for attempt in range(2):  # the second time with no memory, as after a crash before it was written
        (tmp_path / f"{attempt}.eml").write_bytes(mail.encode())
        done = read(
            Folder(tmp_path),
            Memory(tmp_path / f"m{attempt}", KEYS),
            Filing(world.admin, KEYS, "https://blossom.example", prefix=world.loaded.plan.prefix),
            (),
            now,
        )
        assert done == {"handed": 1}
    found = world.one(
        "SELECT jsonb_agg(jsonb_build_array(channel, language, asked, words)) FROM bloesem.request_case"
        " WHERE address = 'zed@mail.example'"
    )
    found[0][-1] = world.plain(found[0][-1])
    assert found == [["email", "nl", "other", "vraag\n\nIk wil graag weten welke gegevens jullie hebben."]]
    at = world.one("SELECT received_at FROM bloesem.request_case WHERE address = 'zed@mail.example'")
    assert at == arrived


def test_what_no_person_wrote_becomes_no_case(world: World, tmp_path: Path) -> None:
    before = world.one("SELECT count(*) FROM bloesem.request_case")
    (tmp_path / "a.eml").write_bytes(b"Auto-Submitted: auto-replied\r\nFrom: a@b.example\r\n\r\nI am away")
    read(
        Folder(tmp_path),
        Memory(tmp_path / "m", KEYS),
        Filing(world.admin, KEYS, "", prefix=world.loaded.plan.prefix),
        (),
        world.one("SELECT bloesem.moment()"),
    )
    assert world.one("SELECT count(*) FROM bloesem.request_case") == before


def test_a_case_of_a_mail_that_was_known_by_a_digest_is_known_by_its_name(
    world: World, tmp_path: Path
) -> None:
    raw = b"From: yve@mail.example\r\nSubject: vraag\r\n\r\nWat weten jullie over mij, en van wie?"
    message = parse(raw, None, (), world.one("SELECT bloesem.moment()"))
    number = world.file("other", address="yve@mail.example", channel="email", once=f"mail {message.key}")
    filing = Filing(world.admin, KEYS, "", prefix=world.loaded.plan.prefix)
    filing.rename()
    assert world.case(number)["once"] == f"mailbox {KEYS.mail(message.key)}"
    filing(message)  # handed over again
    assert world.one("SELECT count(*) FROM bloesem.request_case WHERE address = 'yve@mail.example'") == 1


def mailed(world: World, folder: Path, sender: str, words: str, *, name: str = "a") -> str:
    """A mail that arrived, read once. out: the number of its case."""
    (folder / f"{name}.eml").write_bytes(f"From: {sender}\r\nSubject: bericht\r\n\r\n{words}".encode())
    filing = Filing(world.admin, KEYS, "https://blossom.example", prefix=world.loaded.plan.prefix)
    memory = Memory(folder / f"m-{name}", KEYS)
    done = read(Folder(folder), memory, filing, (), world.one("SELECT bloesem.moment()"))
    assert done == {"handed": 1}
    return str(world.one("SELECT number FROM bloesem.request_case ORDER BY id DESC LIMIT 1"))


def test_no_advertising_is_asked_by_mail_and_done_at_once_by_the_address_alone(
    world: World, tmp_path: Path
) -> None:
    objects = (
        "SELECT count(*) FROM bloesem.fact WHERE person_id = %s AND kind = 'objection' AND key = 'marketing'"
    )
    person = next(
        one
        for one in world.people.values()
        if world.clerk._whose(world.mail(one)) == one and not world.one(objects, one)
    )
    number = mailed(world, tmp_path, world.mail(person), "Ik wil geen reclame meer.")
    world.clerk.run()
    found = world.case(number)
    assert (found["channel"], found["asked"], found["state"]) == ("email", "marketing", "answered")
    assert "asked-identity" not in world.events(number)
    assert world.one(objects, person) == 1


def test_an_erasure_is_asked_by_mail_and_nothing_goes_before_it_is_proven_and_decided(
    world: World, tmp_path: Path
) -> None:
    person = world.people["customer"]
    number = mailed(world, tmp_path, world.mail(person), "Please delete all my personal data.")
    world.clerk.run()
    found = world.case(number)
    assert (found["asked"], found["state"], found["language"]) == ("erasure", "asked", "en")
    again = mailed(world, tmp_path, world.mail(person), "Please delete my data. It is urgent.", name="b")
    assert again == number
    (tmp_path / "c.eml").write_bytes(
        (tmp_path / "read" / "b.eml").read_bytes()
    )  # after a crash, with no memory
    filing = Filing(world.admin, KEYS, "", prefix=world.loaded.plan.prefix)
    read(Folder(tmp_path), Memory(tmp_path / "m-c", KEYS), filing, (), world.one("SELECT bloesem.moment()"))
    assert world.events(number).count("again") == 1
    desk = CaseDesk(Oversight(world.admin, world.loaded.plan))
    assert desk.decide("ann", number, "granted", "", {}) == "not-now"  # nobody has proven anything yet
    assert world.one("SELECT count(*) > 0 FROM data.email_address WHERE person_id = %s", person)


@pytest.mark.promise("R-013")
def test_what_is_in_doubt_waits_for_the_officer_also_when_nobody_knows_the_sender(
    world: World, tmp_path: Path
) -> None:
    number = mailed(world, tmp_path, "stranger@doubt.example", "Verwijder mijn gegevens niet.")
    world.clerk.run()
    found = world.case(number)
    assert (found["kind"], found["asked"], found["state"]) == ("request", "other", "waiting")
    how = "SELECT e.said FROM bloesem.request_event e JOIN bloesem.request_case c ON c.id = e.case_id"
    said = world.one(f"{how} WHERE c.number = %s AND e.what = 'read'", number)
    assert said == "request other, no-arrival"  # how it was read, and that nothing told when it came
    desk = CaseDesk(Oversight(world.admin, world.loaded.plan))
    assert desk.means("ann", number, "question", "other") == "recorded"
    world.clerk.run()
    assert world.case(number)["state"] == "waiting"
    assert desk.decide("ann", number, "partly", "We bewaren niets van u.", {}) == "recorded"
    world.clerk.run()
    assert world.case(number)["state"] == "answered"
    assert [key for key, _, _ in world.letters(number)] == ["case-received", "case-answered"]
    other = mailed(world, tmp_path, "stranger@doubt.example", "Hallo?", name="b")
    world.clerk.run()
    assert desk.means("ann", other, "request", "access") == "recorded"
    world.clerk.run()
    assert world.case(other)["state"] == "closed"  # whoever is nobody here gets nobody's copy (art. 11)


def test_the_officer_says_what_a_letter_asks_and_its_clock_runs_as_before(world: World) -> None:
    person = world.people["restricted"]
    moment: dt.datetime = world.one("SELECT bloesem.moment()")
    number = world.file(
        "other", address=world.mail(person), channel="letter", received=moment - dt.timedelta(days=5)
    )
    world.clerk.run()
    world.one("SELECT bloesem.case_prove(%s)", world.token(number, "case-prove"))
    world.clerk.run()
    before = world.case(number)
    assert before["state"] == "waiting"
    assert typed(world, "means", number).code == 2  # it says nothing
    said = typed(world, "means", number, "--asked", "erasure", "--json")
    assert (said.code, said.json) == (0, {"number": number, "done": "recorded"}), said.err
    assert typed(world, "means", number, "--asked", "erasure", "--json").json["done"] == "already"
    world.clerk.run()
    after = world.case(number)
    assert (after["asked"], after["state"]) == ("erasure", "waiting")
    assert after["preview"]["items"]  # it was rehearsed as what it is
    clock = ("received_at", "raw_due", "due", "extended_due", "stops", "stopped_at")
    assert [after[name] for name in clock] == [before[name] for name in clock]
    said_of_it = world.one(
        "SELECT e.by || ': ' || e.said FROM bloesem.request_event e JOIN bloesem.request_case c ON c.id = e.case_id"
        " WHERE c.number = %s AND e.what = 'means'", number
    )  # fmt: skip
    assert said_of_it == "ann: request other → request erasure"
    assert typed(world, "means", number, "--asked", "access").code == 0
    world.clerk.run()  # a copy needs nobody's judgement
    assert world.case(number)["state"] == "answered"
    assert typed(world, "means", number, "--asked", "erasure").code == 1


def test_a_use_that_was_stopped_for_an_objection_goes_on_when_it_was_none(world: World) -> None:
    person = world.people["customer"]
    assessing = (
        "SELECT count(*) FROM bloesem.fact WHERE person_id = %s AND kind = 'assessing' AND starts_at <= bloesem.moment()"
        " AND (ends_at IS NULL OR ends_at > bloesem.moment())"
    )
    number = world.file("objection", person=person, params={"purposes": ["quality"]})
    world.clerk.run()
    if not world.one(assessing, person):
        world.admin.execute(
            "INSERT INTO bloesem.fact (person_id, kind, key, starts_at) VALUES (%s, 'assessing', 'quality', bloesem.moment())",
            [person],
        )
    desk = CaseDesk(Oversight(world.admin, world.loaded.plan))
    assert desk.means("ann", number, "question", "other") == "recorded"
    assert world.one(assessing, person) == 0


@pytest.mark.parametrize("known", [False, True])
def test_a_mail_of_somebody_who_holds_a_mandate_is_not_answered_with_their_own_data(
    world: World, tmp_path: Path, known: bool
) -> None:
    """No form said for whom it asks: the officer does, and then it goes as with the form (R-016)."""
    client = world.people["customer"]
    sender = world.mail(world.people["recorded"]) if known else "advocaat@kantoor.example"
    number = mailed(
        world, tmp_path, sender, "Als advocaat van mijn cliente vraag ik haar gegevens.", name=f"m{known}"
    )
    world.clerk.run()
    desk = CaseDesk(Oversight(world.admin, world.loaded.plan))
    assert desk.means("ann", number, "request", "access", "employer") == "not-now"
    said = typed(world, "means", number, "--asked", "access", "--about", "mandate", "--json")
    assert said.json["done"] == "recorded"
    world.clerk.run()
    case = world.case(number)
    assert (case["state"], case["params"]["waits"], case["person_id"]) == ("waiting", "mandate", None)
    assert case["address"].lower() == sender.lower(), "who asks is who is answered"
    assert desk.means("ann", number, "request", "access", "mandate") == "already"
    assert desk.mandate("ann", number, "confirmed", "lawyer", None, "Een volmacht van 3 mei.") == "recorded"
    world.clerk.run()
    assert world.case(number)["params"]["waits"] == "known", "and then whose data"
    assert world.case(number)["person_id"] != client

    assert desk.means("ann", number, "request", "access", "self") == "recorded", (
        "it was for themselves after all"
    )
    world.clerk.run()
    case = world.case(number)
    assert "mandate" not in case["params"]
    assert case["state"] == ("asked" if known else "closed"), "who they are is asked, as of anybody"


def test_what_somebody_signed_in_asked_for_another_is_not_theirs(world: World) -> None:
    person = world.people["restricted"]
    number = world.file("human", person=person, words="Voor mijn moeder.")
    world.clerk.run()
    assert world.case(number)["state"] == "waiting"
    desk = CaseDesk(Oversight(world.admin, world.loaded.plan))
    assert desk.means("ann", number, "request", "human", "mandate") == "recorded"
    world.clerk.run()
    case = world.case(number)
    assert (case["params"]["waits"], case["person_id"]) == ("mandate", None)
    assert case["address"].lower() == world.mail(person).lower(), "they are answered where they are known"


def test_whoever_is_asked_who_they_are_is_not_when_it_is_no_advertising_that_they_want(world: World) -> None:
    person = world.people["restricted"]
    desk = CaseDesk(Oversight(world.admin, world.loaded.plan))
    number = world.file("other", address=world.mail(person), channel="email")
    world.clerk.run()
    assert world.case(number)["state"] == "asked"
    assert desk.means("ann", number, "request", "marketing") == "recorded"
    found = world.case(number)
    assert (found["state"], found["stopped_at"], len(found["stops"])) == ("identified", None, 1)
    assert desk.means("ann", number, "request", "access") == "recorded"  # nothing was proven: it is asked for
    assert (world.case(number)["state"], world.case(number)["person_id"]) == ("received", None)
    world.clerk.run()
    assert world.case(number)["state"] == "asked"
    for wrong in (("request", "everything"), ("order", "access"), ("request", "")):
        assert desk.means("ann", number, *wrong) == "not-now"
    assert desk.means(" ", number, "request", "erasure") == "not-now"


@contextmanager
def watching(world: World, folder: Path, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    """The process, as `bloesem up` starts it; killed at the end."""
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("BLOESEM_", "PG"))}
    environment = {
        **plain,
        "BLOESEM_DATABASE_URL": world.stage.database.dsn.to(user="nobody").url(),
        "BLOESEM_PREFIX": world.loaded.plan.prefix,
        "BLOESEM_CREDENTIALS": str(world.stage.doors),
        "BLOESEM_MAILBOX": str(folder),
        "BLOESEM_MEMORY": str(folder / "memory"),
        "BLOESEM_PORTAL": "https://blossom.example",
        **more,
    }
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "bloesem.mailbox.process", str(BLOSSOM)],
            env=environment,
            stdout=log,
            stderr=log,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def until(true: Callable[[], object], folder: Path, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, (folder / "log").read_text()[-3000:]
        time.sleep(0.05)


def test_the_process_is_killed_at_work_and_each_mail_is_one_case(world: World, tmp_path: Path) -> None:
    def deliver(number: int) -> None:
        part = tmp_path / f".{number:02}.eml"
        part.write_bytes(
            f"From: p{number}@kill.example\r\nSubject: vraag\r\n\r\nWat hebt u van mij?".encode()
        )
        part.rename(tmp_path / f"{number:02}.eml")

    cases = "SELECT count(*) FROM bloesem.request_case WHERE address LIKE %s"
    (tmp_path / "00-away.eml").write_bytes(
        b"Auto-Submitted: auto-replied\r\nFrom: away@kill.example\r\n\r\nI am away"
    )
    for number in range(30):
        deliver(number)
    with watching(world, tmp_path) as process:
        until(lambda: world.one(cases, "%@kill.example") >= 3, tmp_path)
        process.kill()  # somewhere in the middle of the others
    with watching(world, tmp_path) as process:
        until(lambda: not list(tmp_path.glob("*.eml")), tmp_path)
        process.terminate()
        assert process.wait(20) == 0  # a stop is heard
    assert world.one(cases, "%@kill.example") == 30  # and a machine's mail is none
    assert len(list((tmp_path / "read").iterdir())) == 31
    said = (tmp_path / "log").read_text()
    assert "mails: " in said
    assert "kill.example" not in said


def test_a_server_that_is_away_is_asked_again_and_ends_nothing(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bloesem.mailbox.process.FIRST_SECONDS", 0.01)
    (tmp_path / "a.eml").write_bytes(b"From: back@again.example\r\n\r\nBent u daar?")
    tries: list[int] = []

    def source() -> Folder:
        tries.append(1)
        if len(tries) < 3:
            raise MailboxError("away", "it comes back", "wait")
        if len(tries) == 4:
            stop.set()
        return Folder(tmp_path)

    stop = Event()
    watcher = Watcher(
        world.stage.dsn("keeper"),
        world.loaded,
        source,
        Memory(tmp_path / "m", KEYS),
        KEYS,
        own_addresses(world.loaded),
        "",
        0.01,
        stop,
    )
    watcher.serve()
    assert len(tries) == 4
    assert world.one("SELECT count(*) FROM bloesem.request_case WHERE address = 'back@again.example'") == 1


def test_what_the_company_sends_itself_is_no_case(world: World) -> None:
    ours = own_addresses(world.loaded)
    assert ours == {"privacy@blossom.be", "news@blossom.example"}


@pytest.mark.promise("P-145")
@pytest.mark.promise("P-170")
def test_mail_to_the_privacy_address_is_a_case_that_counts_from_its_arrival(
    world: World, tmp_path: Path, port: int
) -> None:
    """By IMAP, through the process that `bloesem up` starts: nobody was there for a week, and the month ran all the same."""
    now: dt.datetime = world.one("SELECT bloesem.moment()")
    arrived = (now - dt.timedelta(days=7)).replace(microsecond=0)
    written = (now - dt.timedelta(days=9)).strftime(
        "%a, %d %b %Y %H:%M:%S +0000"
    )  # what a sender says counts for nothing
    to = world.loaded.policy.contact.email
    with box(port) as opened:
        mail = f"From: w@imap.example\r\nTo: {to}\r\nDate: {written}\r\nSubject: x\r\n\r\nWelke gegevens hebt u van mij?"
        opened.append(mail.encode(), "Privacy", dt=arrived)
        opened.append(f"From: {to}\r\n\r\nWelke gegevens hebt u van mij?".encode(), "Privacy", dt=arrived)
        opened.folder.create("Spam")
        opened.append(b"From: s@imap.example\r\nTo: x\r\n\r\nWin!", "Spam", dt=arrived)
    server = {
        "BLOESEM_IMAP_HOST": "127.0.0.1",
        "BLOESEM_IMAP_PORT": str(port),
        "BLOESEM_IMAP_TLS": "0",
        "BLOESEM_IMAP_USER": USER,
        "BLOESEM_IMAP_PASSWORD": PASSWORD,
        "BLOESEM_IMAP_FOLDER": "Privacy",
        "BLOESEM_IMAP_JUNK": "Spam",
    }
    found = "SELECT number FROM bloesem.request_case WHERE address = %s"
    with watching(world, tmp_path, **server):
        until(lambda: world.one(found, "w@imap.example"), tmp_path)
        with box(port) as opened:
            opened.folder.set("Privacy")
            until(lambda: len(opened.uids("SEEN")) == 2, tmp_path)
    world.clerk._dues()
    case = world.case(world.one(found, "w@imap.example"))
    assert dt.datetime.fromisoformat(case["received_at"]) == arrived
    company = world.loaded.company
    assert company.record.deadlines is not None
    assert case["due"] == dues(company.law, company.record.deadlines, civil(arrived)).due.isoformat()
    assert (case["channel"], case["asked"]) == ("email", "access")
    assert world.one(found, to) is None  # our own mail is no case
    log = (tmp_path / "log").read_text()
    assert PASSWORD not in log
    assert "1 suspected" in log, "what the server takes for spam is told, until a person looks"
    assert world.one(found, "s@imap.example") is None, "and confirmed to nobody"

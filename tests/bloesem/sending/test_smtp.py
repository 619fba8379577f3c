"""Mail over a real socket: what goes over the wire, what servers do, and a door that is killed at every step."""

from __future__ import annotations

import email.utils
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.bloesem.consent.stage import Stage
from tests.bloesem.sending.dying import STEPS
from tests.bloesem.sending.mailbox import Mailbox, running
from tests.bloesem.sending.stage import PLACE, door

from bloesem.consent.tables import object_to_advertising
from bloesem.sending.transports import Files, Letter, Outcome, Smtp, mail

ROOT = Path(__file__).parents[3]


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with running() as made:
        yield made


def smtp(mailbox: Mailbox) -> Smtp:
    return Smtp(PLACE, mailbox.host, mailbox.port, tls=False, timeout=5)


def clean(at: Stage) -> None:
    at.keeper.execute("DELETE FROM bloesem.outbox")


def test_advertising_goes_with_both_headers_and_two_links(at: Stage, mailbox: Mailbox) -> None:
    clean(at)
    person = at.customer("lotte@post.example")
    made, _ = door(at, transports={"email": smtp(mailbox)})
    made.submit("battery-offer", "email", [person])
    made.submit("statement-ready", "email", [person], {"month": "mei", "amount": "12 €"})
    assert made.run().counts == {"sent": 2}
    made.close()
    offer, statement = mailbox.mails()
    envelope, recipients, _ = mailbox.taken[0]
    assert recipients == ["lotte@post.example"]
    assert envelope.startswith("bounce+")
    assert offer["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    page, address = [part.strip(" <>") for part in str(offer["List-Unsubscribe"]).split(",")]
    assert page.startswith("https://blossom.example/u/")
    assert address.startswith("mailto:unsubscribe+")
    assert made.links.read(page.rsplit("/", 1)[1], at.now()).act == "all"
    text = offer.get_content()
    assert text.count("https://blossom.example/u/") == 2
    assert "Reclame van Blossom Energy BV" in text
    assert (
        str(offer["Message-ID"]).strip("<>").split("@")[0] == envelope.removeprefix("bounce+").split("@")[0]
    )
    assert email.utils.parsedate_to_datetime(offer["Date"]) is not None
    assert statement["List-Unsubscribe"] is None
    assert "12 €" in statement.get_content()


@pytest.mark.parametrize(
    ("spoil", "becomes", "taken"),
    [
        ({"refuse": "550 nobody here"}, "failed", 0),
        ({"refuse": "451 busy"}, "later", 0),
        ({"answer": "554 no"}, "failed", 0),
        ({"answer": "452 full"}, "later", 0),
        ({"deaf": True}, "unknown", 1),
    ],
)
def test_what_a_server_does_is_what_is_recorded(
    at: Stage, mailbox: Mailbox, spoil: dict[str, object], becomes: str, taken: int
) -> None:
    clean(at)
    made, _ = door(at, transports={"email": smtp(mailbox)})
    made.submit("battery-offer", "email", [at.customer()])
    for name, value in spoil.items():
        setattr(mailbox, name, value)
    assert made.run().counts == {becomes: 1}
    assert len(mailbox.taken) == taken
    assert made.run().counts == {}
    made.close()


def test_a_server_that_is_not_there_took_nothing(at: Stage) -> None:
    clean(at)
    made, _ = door(at, transports={"email": Smtp(PLACE, "127.0.0.1", 1, tls=False, timeout=1)})
    made.submit("battery-offer", "email", [at.customer()])
    assert made.run().counts == {"later": 1}


def test_a_connection_that_was_lost_is_opened_again(at: Stage, mailbox: Mailbox) -> None:
    clean(at)
    transport = smtp(mailbox)
    made, _ = door(at, transports={"email": transport})
    made.submit("battery-offer", "email", [at.customer()])
    made.run()
    assert transport._open is not None
    assert transport._open.sock is not None
    transport._open.sock.close()
    made.submit("battery-offer", "email", [at.customer()])
    assert made.run().counts == {"sent": 1}
    made.close()


def test_an_address_is_never_a_header_of_its_own(at: Stage) -> None:
    for bad in (
        "a@post.example\r\nBcc: x@post.example",
        "a b@post.example",
        "",
        "a@post.example, b@post.example",
    ):
        letter = Letter(1, "email", bad, "s", "t", "nl", at.now(), "<1@x.example>", "b@x.example")
        assert Smtp(PLACE, "127.0.0.1", 1).send(letter) is Outcome.FAILED
    good = Letter(
        1, "email", "a@post.example", "s\u00e9", "t", "nl", at.now(), "<1@x.example>", "b@x.example"
    )
    assert "Bcc" not in mail(good, PLACE)


def test_files_are_whole_and_never_twice(tmp_path: Path, at: Stage) -> None:
    letter = Letter(7, "sms", "+32470000001", "s", "t", "nl", at.now())
    files = Files(tmp_path)
    assert files.send(letter) is Outcome.SENT
    assert files.send(letter) is Outcome.UNKNOWN
    assert [file.name for file in (tmp_path / "sms").iterdir()] == ["7.json"]
    assert (tmp_path / "sms" / "7.json").stat().st_mode & 0o077 == 0
    offer = Letter(
        9,
        "email",
        "a@post.example",
        "s",
        "t",
        "nl",
        at.now(),
        unsubscribe=("https://x.example/u/1", "u@x.example"),
    )
    assert files.send(offer) is Outcome.SENT
    headers = json.loads((tmp_path / "email" / "9.json").read_text())["headers"]
    assert headers == {
        name: mail(offer, PLACE)[name] for name in ("List-Unsubscribe", "List-Unsubscribe-Post")
    }
    (tmp_path / "post").write_text("in the way")
    assert files.send(Letter(8, "post", "Veld 1", "s", "t", "nl", at.now())) is Outcome.LATER


# ---- crashes -------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step_a_message_is_sent_once_or_not_at_all(
    at: Stage, mailbox: Mailbox, step: str
) -> None:
    clean(at)
    people = [at.customer(f"k{n}.{STEPS.index(step)}@post.example") for n in range(2)]
    asked, _ = door(at)
    asked.submit("battery-offer", "email", people)
    command = [sys.executable, "-m", "tests.bloesem.sending.dying", step, at.world.database.dsn.url()]
    command += [at.world.plan.prefix, str(at.folder), str(mailbox.port)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT), *sys.path])}
    died = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert died.returncode == -signal.SIGKILL, died.stderr[-2000:]
    after_crash = len(mailbox.taken)
    made, _ = door(at, transports={"email": smtp(mailbox)})
    for _ in range(100):  # the server notices a dead session when it next looks
        made.run()
        if at.count("bloesem.outbox", state="claimed") == 0:
            break
        threading.Event().wait(0.05)
    made.close()
    sent_to = [recipients[0] for _, recipients, _ in mailbox.taken]
    assert len(sent_to) == len(set(sent_to)), f"twice, after a crash {step}"
    states: dict[str, int] = dict(
        at.keeper.execute("SELECT state, count(*) FROM bloesem.outbox GROUP BY state").fetchall()
    )
    assert set(states) <= {"sent", "unknown"}
    lost = states.get("unknown", 0)
    if step in ("before the claim", "inside the claim"):
        assert lost == 0, "nobody doubts these"
        assert len(sent_to) == 2
    else:
        assert lost == 1, "one was on its way: nobody knows, and it is not sent again"
        expected = 1 if step in ("after the data", "inside the outcome", "after the outcome") else 0
        assert after_crash == expected
        assert len(sent_to) == (1 if step == "after the outcome" else expected + 1)


def test_a_living_doors_message_is_not_taken_for_a_dead_ones(at: Stage) -> None:
    clean(at)
    with at.world.database.connect(autocommit=True) as other:
        living, _ = door(at, other)
        living.submit("battery-offer", "email", [at.customer()])
        living._live()
        assert living.claim() is not None
        second, listing = door(at)
        assert second.run().counts == {}
        assert at.count("bloesem.outbox", state="claimed") == 1
    for _ in range(100):
        if second.run().counts:
            break
        threading.Event().wait(0.05)
    assert at.count("bloesem.outbox", state="unknown") == 1
    assert listing.sent == []


def test_two_doors_send_each_message_once(at: Stage) -> None:
    clean(at)
    asked, _ = door(at)
    people = [at.customer() for _ in range(12)]
    asked.submit("battery-offer", "email", people)
    letters: list[int] = []

    def work() -> None:
        with at.world.database.connect(autocommit=True) as connection:
            made, listing = door(at, connection)
            made.run()
            letters.extend(letter.number for letter in listing.sent)

    both = [threading.Thread(target=work) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert len(letters) == len(set(letters)) == 12


def test_an_objection_and_a_claim_cannot_pass_each_other(at: Stage) -> None:
    """Whichever has the person's lock first; the other sees what it did."""
    clean(at)
    person = at.customer()
    made, listing = door(at)
    made.submit("battery-offer", "email", [person])
    with at.world.database.connect() as objecting:  # an objection that is open
        objecting.execute("SELECT 1")
        object_to_advertising(objecting, at.rules, person)
        said: list[str | None] = []
        waits = threading.Thread(target=lambda: said.append(made.step()))
        waits.start()
        waits.join(0.5)
        assert waits.is_alive(), "the claim waits for the objection"
        objecting.commit()
        waits.join()
    assert said == ["refused"]
    assert listing.sent == []
    other = at.customer()
    made.submit("battery-offer", "email", [other])
    done: list[str] = []
    with at.world.database.connect() as claiming:  # a claim that is open
        claiming.execute("SELECT 1")
        second, _ = door(at, claiming)
        assert second.claim() is not None

        def object_() -> None:
            done.append(object_to_advertising(at.keeper, at.rules, other))

        waits = threading.Thread(target=object_)
        waits.start()
        waits.join(0.5)
        assert waits.is_alive(), "the objection waits for the claim"
        claiming.commit()
        waits.join()
    assert done == ["recorded"]

"""The door as a process of its own: what waits goes out, what comes back is read, and a stop or a death loses nothing."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.bloesem.consent.stage import MESSAGES, Stage
from tests.bloesem.console.stage import BLOSSOM
from tests.bloesem.rights.guarded.test_told import given
from tests.bloesem.sending.mailbox import Mailbox, running
from tests.bloesem.sending.stage import door

from bloesem.cases import tables as cases
from bloesem.consent.links import LinkKeys
from bloesem.gate.secrets import Credentials
from bloesem.policy.company import load_company
from bloesem.recipients.notices import queue
from bloesem.sending.inbox import read
from bloesem.sending.transports import Letter, Outcome, Place
from bloesem.sending.warning import warn

REPORT = (
    "From: MAILER-DAEMON@mx.example\r\nTo: {to}\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n"
    'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
    "--b\r\nContent-Type: text/plain\r\n\r\nno such user\r\n"
    "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
    "Final-Recipient: rfc822; x@y.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n"
)

OFFICER = "privacy@blossom.be"


@dataclass
class Told:
    """A transport that keeps what it is given."""

    outcome: Outcome = Outcome.SENT
    letters: list[Letter] = field(default_factory=list)

    def send(self, letter: Letter) -> Outcome:
        self.letters.append(letter)
        return self.outcome

    def close(self) -> None:
        pass


@contextmanager
def sender(at: Stage, folder: Path, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    """The process, as `bloesem up` starts it."""
    keeper = at.world.admin
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("BLOESEM_", "PG"))}
    environment = {
        **plain,
        "BLOESEM_DATABASE_URL": at.world.database.dsn.to(user="nobody").url(),
        "BLOESEM_PREFIX": at.world.plan.prefix,
        "BLOESEM_CREDENTIALS": str(at.folder),
        "BLOESEM_OUTBOX": str(folder / "outbox"),
        "BLOESEM_INBOX": str(folder / "inbox"),
        "BLOESEM_PORTAL": "http://localhost:8610",
        **more,
    }
    made = Credentials.create(at.folder, "keeper")
    role = at.world.plan.role("keeper")
    keeper.execute(f"ALTER ROLE \"{role}\" LOGIN PASSWORD '{made.password}'".encode())
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "bloesem.sending.process", str(MESSAGES.parent)],
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def until(true: Callable[[], object], folder: Path, seconds: float = 40) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return
        time.sleep(0.1)
    raise AssertionError((folder / "log").read_text()[-3000:])


def others(mailbox: Mailbox) -> list[tuple[str, list[str], bytes]]:
    """What went to anybody but the officer, who is told of what falls due."""
    return [one for one in mailbox.taken if one[1] != [OFFICER]]


def to_server(mailbox: Mailbox) -> dict[str, str]:
    return {
        "BLOESEM_SMTP_HOST": mailbox.host,
        "BLOESEM_SMTP_PORT": str(mailbox.port),
        "BLOESEM_SMTP_TLS": "0",
    }


def state(at: Stage, number: int) -> object:
    return at.one("SELECT state FROM bloesem.outbox WHERE id = %s", number)


def test_what_waits_goes_out_and_a_bounce_that_is_dropped_in_is_believed(at: Stage, tmp_path: Path) -> None:
    first = at.customer()
    one = door(at)[0].submit("statement-ready", "email", [first], {"month": "mei", "amount": "12"})[0].number
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    with running() as mailbox, sender(at, tmp_path, **to_server(mailbox)) as process:
        until(lambda: state(at, one) == "sent", tmp_path)
        envelope = others(mailbox)[0][0]
        assert "http" not in others(mailbox)[0][2].decode().split("To:")[0]
        part = inbox / ".one"
        part.write_text(REPORT.format(to=envelope))
        part.rename(inbox / "one.eml")
        forged = envelope.replace("+1.", "+1.9")
        (inbox / "forged.eml").write_text(REPORT.format(to=forged))
        until(lambda: at.one("SELECT bounced_at FROM bloesem.outbox WHERE id = %s", one), tmp_path)
        until(lambda: (inbox / "read" / "forged.eml").exists(), tmp_path)
        assert not (inbox / "one.eml").exists()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0, "cleanly"
    assert len(others(mailbox)) == 1


def test_without_a_server_it_lies_in_the_outbox_and_a_restart_sends_nothing_twice(
    at: Stage, tmp_path: Path
) -> None:
    person = at.customer()
    made = door(at)[0]
    first = made.submit("statement-ready", "email", [person], {"month": "juni", "amount": "12"})[0].number
    with sender(at, tmp_path) as process:
        until(lambda: state(at, first) == "sent", tmp_path)
        process.kill()
    second = made.submit("statement-ready", "email", [person], {"month": "juli", "amount": "12"})[0].number
    with sender(at, tmp_path):
        until(lambda: state(at, second) == "sent", tmp_path)
    names = sorted(file.name for file in (tmp_path / "outbox" / "email").iterdir())
    assert names == sorted([f"{first}.json", f"{second}.json"])


def test_what_a_dead_door_had_in_hand_is_never_sent_again(at: Stage, tmp_path: Path) -> None:
    person = at.customer()
    number = (
        door(at)[0]
        .submit("statement-ready", "email", [person], {"month": "augustus", "amount": "12"})[0]
        .number
    )
    with running() as mailbox:
        mailbox.deaf = True
        with sender(at, tmp_path, **to_server(mailbox)):
            until(lambda: state(at, number) in ("unknown", "claimed"), tmp_path)
            until(lambda: others(mailbox), tmp_path)
        mailbox.deaf = False
        with sender(at, tmp_path, **to_server(mailbox)):
            until(lambda: state(at, number) == "unknown", tmp_path)
            time.sleep(3)
    assert len(others(mailbox)) == 1


def test_a_notice_goes_to_the_recipient_by_itself_and_once(at: Stage, tmp_path: Path) -> None:
    person, request = at.customer(), uuid.uuid4()
    given(at.world.admin, person, "voltwacht", "service", person_name=["given_name"])
    now = dt.datetime.now(dt.UTC)
    due = now.date() + dt.timedelta(days=14)
    queued = queue(at.world.admin, person, "erasure", request=request, due=due, now=now)
    with running() as mailbox, sender(at, tmp_path, **to_server(mailbox)):
        until(lambda: others(mailbox), tmp_path)
        until(lambda: at.one("SELECT sent_at FROM bloesem.notice WHERE id = %s", queued[0].id), tmp_path)
        ((_from, to, body),) = others(mailbox)
    assert to == ["privacy@voltwacht.example"]
    assert str(request).encode() in body


def test_the_officer_is_told_of_each_thing_that_falls_due_once_at_each_step(at: Stage) -> None:
    """R-009, P-126, P-137: by itself, by numbers and days, and anew where no server took it."""
    company, prefix = load_company(BLOSSOM), at.world.plan.prefix
    place = Place("blossom.example", "https://blossom.example", "noreply@blossom.example")
    due = dt.date(2026, 12, 28)
    cases.install(at.world.admin, at.world.plan)
    at.world.admin.execute(
        "INSERT INTO bloesem.request_case (number, kind, asked, channel, language, received_at, due, extended_due, warn_on,"
        " escalate_on, state) SELECT n, 'request', 'erasure', 'form', 'nl', now(), d, d, d - 10, d - 3, s FROM (VALUES"
        " ('2026-OPENXXXX', 'waiting', %(due)s::date), ('2026-DONEXXXX', 'waiting', %(due)s::date)) AS c (n, s, d)",
        {"due": due},
    )
    at.world.admin.execute("UPDATE bloesem.request_case SET ended_at = now() WHERE number = '2026-DONEXXXX'")
    transport = Told()

    def on(day: dt.date) -> list[str]:
        before = len(transport.letters)
        now = dt.datetime.combine(day, dt.time(12), dt.UTC)
        warn(at.world.admin, company, OFFICER, transport, place, day, now, prefix=prefix)
        return [line for one in transport.letters[before:] for line in one.text.split("\n") if "XXXX" in line]

    try:
        assert on(due - dt.timedelta(days=11)) == []
        transport.outcome = Outcome.LATER
        on(due - dt.timedelta(days=10))
        transport.outcome = Outcome.SENT
        for day, step in ((10, "soon"), (3, "urgent"), (-1, "LATE")):
            (line,) = on(due - dt.timedelta(days=day))
            assert step in line
            assert str(due) in line
            assert on(due - dt.timedelta(days=day)) == [], "once"
        assert {one.address for one in transport.letters} == {OFFICER}
        lapsing = [line for one in transport.letters for line in one.text.split("\n") if "lapses: " in line]
        assert lapsing
        assert len(lapsing) == len(set(lapsing)) or transport.letters[0].text == transport.letters[1].text
    finally:
        at.world.admin.execute("DELETE FROM bloesem.request_case")


@pytest.mark.parametrize("maildir", [True, False])
def test_a_mail_of_a_person_is_left_to_people(at: Stage, tmp_path: Path, maildir: bool) -> None:
    where = tmp_path / "new" if maildir else tmp_path
    where.mkdir(exist_ok=True)
    (where / "a").write_bytes(b"From: a@b.example\nTo: info@blossom.example\n\nhello")
    (where / ".half").write_bytes(b"From:")
    links = LinkKeys.at(at.folder)
    assert dict(read(at.keeper, at.rules, links, tmp_path)) == {"other": 1}
    assert (tmp_path / ("cur/a:2," if maildir else "read/a")).exists()
    assert (where / ".half").exists()
    assert dict(read(at.keeper, at.rules, links, tmp_path)) == {}
    assert dict(read(at.keeper, at.rules, links, tmp_path / "nowhere")) == {}


def test_a_port_that_is_none_is_refused_in_words(at: Stage, tmp_path: Path) -> None:
    with sender(at, tmp_path, BLOESEM_SMTP_HOST="mail.example", BLOESEM_SMTP_PORT="many") as process:
        assert process.wait(timeout=30) != 0
    said = (tmp_path / "log").read_text()
    assert "BLOESEM_SMTP_PORT" in said
    assert "Traceback" not in said

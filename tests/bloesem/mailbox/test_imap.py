"""The privacy mailbox over IMAP: a real server, a real socket, and a process that is killed in the middle."""

from __future__ import annotations

import datetime as dt
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from imap_tools import MailMessageFlags
from tests.bloesem.mailbox.conftest import PASSWORD, USER, box

from bloesem.mailbox import places
from bloesem.mailbox.keys import MailKeys
from bloesem.mailbox.memory import Memory
from bloesem.mailbox.message import Message
from bloesem.mailbox.places import Imap, MailboxError, imap
from bloesem.mailbox.reading import read

KEYS = MailKeys(b"k" * 32)
NOW = dt.datetime(2027, 3, 2, 9, 0, tzinfo=dt.UTC)
#: Delivered on a Friday evening in Brussels, read on Tuesday.
ARRIVED = dt.datetime(2027, 2, 26, 22, 30, tzinfo=dt.timezone(dt.timedelta(hours=1)))
OWN = ("privacy@blossom.example",)


def mail(number: int = 1, text: str = "Welke gegevens hebben jullie van mij?") -> bytes:
    return (
        f"From: Ann <ann@mail.example>\r\nTo: privacy@blossom.example\r\nMessage-ID: <{number}@mail.example>\r\n"
        f"Date: Mon, 1 Mar 2027 10:00:00 +0100\r\nSubject: vraag\r\n\r\n{text}\r\n"
    ).encode()


def deliver(port: int, *mails: bytes) -> None:
    with box(port) as opened:
        for one in mails:
            opened.append(one, "Privacy", dt=ARRIVED)


def opened(port: int, over: str = "") -> Imap:
    return imap("127.0.0.1", USER, PASSWORD, port=port, tls=False, folder="Privacy", over=over)


def look(port: int, memory: Memory, got: list[Message], over: str = "") -> dict[str, int]:
    source = opened(port, over)
    try:
        return dict(read(source, memory, got.append, OWN, NOW))
    finally:
        source.close()


@pytest.mark.promise("R-005")
def test_receipt_is_arrival_at_the_mailbox_in_utc(port: int, tmp_path: Path) -> None:
    deliver(port, mail())
    got: list[Message] = []
    assert look(port, Memory(tmp_path / "m", KEYS), got) == {"handed": 1}
    assert got[0].received == dt.datetime(2027, 2, 26, 21, 30, tzinfo=dt.UTC)
    assert got[0].received.utcoffset() == dt.timedelta(0)
    assert (got[0].sender, got[0].language, got[0].notes) == ("ann@mail.example", "nl", ())


def test_a_mail_is_handed_over_once_also_when_it_is_delivered_twice(port: int, tmp_path: Path) -> None:
    deliver(
        port,
        mail(),
        b"Received: from elsewhere.example; Mon, 1 Mar 2027 10:00:00 +0100\r\n" + mail(),
        mail(2),
    )
    got: list[Message] = []
    memory = Memory(tmp_path / "m", KEYS)
    assert look(port, memory, got) == {"handed": 2, "again": 1}
    assert look(port, memory, got) == {}
    deliver(port, mail(2, "Another mail under the same number"))
    assert look(port, memory, got) == {"handed": 1}, "anybody can write any Message-ID"


def test_numbers_under_another_uidvalidity_mean_nothing(port: int, tmp_path: Path) -> None:
    deliver(port, mail(1))
    got: list[Message] = []
    memory = Memory(tmp_path / "m", KEYS)
    look(port, memory, got)
    with box(port) as opened:
        opened.folder.delete("Privacy")
        opened.folder.create("Privacy")
    deliver(port, mail(2), mail(1))  # the restored mailbox counts from the beginning
    assert look(port, memory, got) == {"handed": 1, "again": 1}
    assert [one.message_id for one in got] == ["<1@mail.example>", "<2@mail.example>"]


def test_nothing_is_marked_before_the_receiver_returned(port: int, tmp_path: Path) -> None:
    deliver(port, mail(1), mail(2))
    memory = Memory(tmp_path / "m", KEYS)
    got: list[Message] = []

    def seen() -> list[bool]:
        with box(port) as opened:
            opened.folder.set("Privacy")
            return [MailMessageFlags.SEEN in one.flags for one in opened.fetch(mark_seen=False)]

    def refuses_the_first(message: Message) -> None:
        assert seen() == [False, False]
        if message.message_id == "<1@mail.example>":
            raise RuntimeError("the database went away")
        got.append(message)

    source = opened(port)
    assert read(source, memory, refuses_the_first, OWN, NOW) == {"failed": 1, "handed": 1}
    source.close()
    assert seen() == [False, True]
    assert look(port, memory, got) == {"handed": 1}, "what was refused waits for the next look"
    assert seen() == [True, True]


def test_what_was_handed_over_moves_to_its_folder(port: int, tmp_path: Path) -> None:
    deliver(port, mail())
    assert look(port, Memory(tmp_path / "m", KEYS), [], over="Handed") == {"handed": 1}
    with box(port) as opened:
        opened.folder.set("Privacy")
        assert opened.uids() == []
        opened.folder.set("Handed")
        assert len(opened.uids()) == 1


def test_a_mail_that_somebody_has_read_already_is_handed_over(port: int, tmp_path: Path) -> None:
    deliver(port, mail())
    with box(port) as opened:
        opened.folder.set("Privacy")
        assert len(list(opened.fetch(mark_seen=True))) == 1
    assert look(port, Memory(tmp_path / "m", KEYS), []) == {"handed": 1}


def test_a_huge_mail_is_not_loaded_whole(port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "LARGEST", 20_000)
    monkeypatch.setattr(places, "TAKEN", 2_000)
    deliver(port, mail(1, "Please delete all of my data.\r\n" + "x" * 60_000))
    got: list[Message] = []
    look(port, Memory(tmp_path / "m", KEYS), got)
    assert got[0].text.startswith("Please delete all of my data.")
    assert len(got[0].text) < 2_000
    assert got[0].notes == ("large",)


KILLED = """
import datetime as dt, os, signal, sqlite3, sys
from pathlib import Path
from bloesem.mailbox import places, reading
from bloesem.mailbox.memory import Memory
from tests.bloesem.mailbox.test_imap import KEYS, NOW, OWN, opened

port, home, where = int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
cases = sqlite3.connect(home / "cases", isolation_level=None)
cases.execute("CREATE TABLE IF NOT EXISTS one (key TEXT PRIMARY KEY)")
memory, source = Memory(home / "memory", KEYS), opened(port)

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def receive(message):
    if where == "before":
        die()
    cases.execute("INSERT OR IGNORE INTO one VALUES (?)", [message.key])
    print(message.key, flush=True)
    if where == "committed":
        die()

if where == "remembered":
    source.finish = die
if where == "marked":
    memory.finish = die
print(dict(reading.read(source, memory, receive, OWN, NOW)))
"""


@pytest.mark.parametrize("where", ["before", "committed", "remembered", "marked"])
def test_killed_anywhere_each_mail_becomes_one_case(port: int, tmp_path: Path, where: str) -> None:
    deliver(port, mail(1), mail(2))
    for at, code in ((where, -signal.SIGKILL), ("", 0)):
        ran = subprocess.run(
            [sys.executable, "-c", KILLED, str(port), str(tmp_path), at],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            timeout=60,
        )
        assert ran.returncode == code, ran.stderr.decode()
    cases = sqlite3.connect(tmp_path / "cases").execute("SELECT count(*) FROM one").fetchone()
    assert cases == (2,)
    assert look(port, Memory(tmp_path / "memory", KEYS), []) == {}


def test_a_server_that_does_not_answer_or_refuses_is_told_without_the_password(port: int) -> None:
    with pytest.raises(MailboxError) as told:
        imap("127.0.0.1", USER, "wrong-one", port=port, tls=False)
    assert "wrong-one" not in str(told.value)
    with pytest.raises(MailboxError, match="cannot be opened"):
        imap("127.0.0.1", USER, PASSWORD, port=port, tls=False, folder="Nowhere")


def test_a_server_that_goes_away_in_the_middle_is_told(port: int, tmp_path: Path) -> None:
    deliver(port, mail(1), mail(2))
    source, got = opened(port), list[Message]()

    def receive(message: Message) -> None:
        got.append(message)
        source.box.client.shutdown()

    with pytest.raises(MailboxError), places.reached():
        read(source, Memory(tmp_path / "m", KEYS), receive, OWN, NOW)
    source.close()
    again: list[Message] = []
    assert look(port, Memory(tmp_path / "m", KEYS), again) == {"again": 1, "handed": 1}
    assert len(got) == len(again) == 1

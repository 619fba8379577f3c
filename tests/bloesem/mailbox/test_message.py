"""What a mail's bytes become: any bytes become a message, and nobody's bytes stop the mailbox."""

from __future__ import annotations

import datetime as dt
import hashlib
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bloesem.mailbox import places
from bloesem.mailbox.keys import MailKeys
from bloesem.mailbox.memory import Memory
from bloesem.mailbox.message import Automatic, Message, parse
from bloesem.mailbox.places import Folder
from bloesem.mailbox.reading import MANY, read
from bloesem.mailbox.words import Language, guess, text_of_html

KEYS = MailKeys(b"k" * 32)
NOW = dt.datetime(2027, 3, 2, 9, 0, tzinfo=dt.UTC)
OWN = ("Privacy@blossom.example",)


def parsed(raw: bytes, arrived: dt.datetime | None = NOW) -> Message:
    return parse(raw, arrived, OWN, NOW)


@given(st.binary(max_size=400))
def test_any_bytes_are_a_mail(raw: bytes) -> None:
    message = parsed(raw)
    message.text.encode()
    message.subject.encode()
    assert "\0" not in message.text + message.subject


@pytest.mark.parametrize(
    "raw",
    [
        b"Content-Type: text/plain; charset=no-such\r\n\r\n\xff hello",
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nhello",
        b"Content-Transfer-Encoding: base64\r\nContent-Type: text/plain\r\n\r\n%%%hello==\r\n",
        b"Subject: =?utf-9?B?aGVs?= \xff\r\n\r\nhello\0",
        b"From: <<>@,;\r\nSubject: =?utf-8?B?!!!?=\r\n\r\nhello",
    ],
)
def test_broken_mail_is_a_message(raw: bytes) -> None:
    assert parsed(raw).key


def test_words_are_kept_where_the_charset_is_wrong() -> None:
    found = parsed(b"Content-Type: text/plain; charset=no-such\r\n\r\nl\xf6schen")
    assert (found.text, found.notes) == ("löschen", ("broken",))


@pytest.mark.parametrize("charset", ["utf-8", "cp1252"])
def test_a_subject_with_letters_as_they_are_is_read(charset: str) -> None:
    said = "Mon père est décédé: effacez ses données"
    message = parsed(f"From: Zoë <zoe@post.example>\nSubject: {said}\n\nBonjour.".encode(charset))
    assert (message.subject, message.sender) == (said, "zoe@post.example")


def test_plain_text_is_preferred_and_attachments_are_named_only() -> None:
    raw = (
        b"From: a@b.example\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
        b"--x\r\nContent-Type: multipart/alternative; boundary=y\r\n\r\n"
        b"--y\r\nContent-Type: text/html\r\n\r\n<p>marked up</p>\r\n--y\r\nContent-Type: text/plain\r\n\r\nplain\r\n--y--\r\n"
        b'--x\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename="id.pdf"\r\n'
        b"Content-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n--x--\r\n"
    )
    found = parsed(raw)
    assert found.text == "plain"
    assert [(one.name, one.type, one.size) for one in found.attachments] == [("id.pdf", "application/pdf", 5)]


def test_html_is_read_as_a_reader_sees_it() -> None:
    said = "<html><head><title>t</title><style>p{}</style></head><body><script>x()</script><p>a &lt;b&gt;</p><p>c<br>d"
    assert text_of_html(said) == "a <b>\n\nc\nd"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Auto-Submitted: auto-replied", "automatic"),
        ("Auto-Submitted: no", None),
        ("X-Autoreply: yes", "automatic"),
        ("Precedence: auto_reply", "automatic"),
        ("Precedence: bulk", "list"),
        ("List-Id: <news.example>", "list"),
        ("Return-Path: <>", "bounce"),
        ("Return-Path: <a@b.example>", None),
        ("From: MAILER-DAEMON@b.example", "bounce"),
        ("Content-Type: multipart/report; boundary=x", "bounce"),
        ("From: Us <PRIVACY@blossom.example>", "own"),
        ("From: a@b.example", None),
    ],
)
def test_what_no_person_wrote_is_recognised(header: str, expected: Automatic | None) -> None:
    assert parsed(f"{header}\r\n\r\nwords".encode()).automatic == expected


@pytest.mark.promise("R-013")
@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Ik wil graag weten welke gegevens jullie van mij hebben.", "nl"),
        ("Bonjour, je voudrais supprimer mes données.", "fr"),
        ("Please delete all of my data.", "en"),
        ("Bitte löschen Sie meine Daten, mit freundlichen Grüßen", "de"),
        ("1234 qsdf", None),
        ("", None),
    ],
)
def test_language(text: str, language: Language | None) -> None:
    assert guess(text) == language


def test_a_folder_takes_the_topmost_trace_as_arrival() -> None:
    raw = (
        b"Received: by mx.blossom.example; Fri, 26 Feb 2027 22:30:00 +0100\r\n"
        b"Received: by other.example; Mon, 1 Feb 2027 10:00:00 +0100\r\nDate: Mon, 1 Feb 2027 10:00:00 +0100\r\n\r\nx"
    )
    found = parsed(raw, None)
    assert (found.received, found.notes) == (dt.datetime(2027, 2, 26, 21, 30, tzinfo=dt.UTC), ())
    assert parsed(b"Subject: x\r\n\r\nx", None).notes == ("no-arrival",)


def test_an_empty_mail_is_handed_over_and_said_to_be_empty() -> None:
    assert parsed(b"From: a@b.example\r\n\r\n").notes == ("empty",)


def test_a_folder_is_read_once_and_files_of_one_name_are_all_kept(tmp_path: Path) -> None:
    home, got = tmp_path / "inbox", list[Message]()
    home.mkdir()
    memory = Memory(tmp_path / "m", KEYS)
    for text in ("one", "two", "two"):
        (home / "a.eml").write_bytes(f"From: a@b.example\r\n\r\n{text}".encode())
        read(Folder(home), memory, got.append, OWN, NOW)
    (home / ".b.eml").write_bytes(b"half a ma")
    read(Folder(home), memory, got.append, OWN, NOW)
    assert [one.text for one in got] == ["one", "two"]
    assert len(list((home / "read").iterdir())) == 3


def test_a_folder_asks_for_the_size_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "LARGEST", 1_000)
    monkeypatch.setattr(places, "TAKEN", 100)
    (tmp_path / "a.eml").write_bytes(b"From: a@b.example\r\n\r\nplease" + b"x" * 5_000)
    got: list[Message] = []
    read(Folder(tmp_path), Memory(tmp_path / "m", KEYS), got.append, OWN, NOW)
    assert (len(got[0].text) < 100, got[0].notes) == (True, ("large", "no-arrival"))


def test_many_of_one_address_are_all_handed_over_and_said_to_be_many(tmp_path: Path) -> None:
    for number in range(MANY + 1):
        (tmp_path / f"{number:03}.eml").write_bytes(f"From: a@b.example\r\n\r\n{number}".encode())
    got: list[Message] = []
    read(Folder(tmp_path), Memory(tmp_path / "m", KEYS), got.append, OWN, NOW)
    assert len(got) == MANY + 1
    assert [number for number, one in enumerate(got) if "many" in one.notes] == [MANY]


def test_what_is_kept_of_a_mail_are_names_under_a_key(tmp_path: Path) -> None:
    """Nothing that whoever has the file can compare with an address or a mail of their own."""
    (tmp_path / "a.eml").write_bytes(b"From: ann@mail.example\r\nSubject: secret\r\n\r\nwords")
    got: list[Message] = []
    memory = Memory(tmp_path / "m", KEYS)
    read(Folder(tmp_path), memory, got.append, OWN, NOW)
    assert memory.from_sender("ann@mail.example", NOW) == 1
    memory.forget_senders(NOW + dt.timedelta(seconds=1))
    assert memory.from_sender("ann@mail.example", NOW) == 0  # nobody asks for it any more
    memory.close()
    kept = (tmp_path / "m").read_bytes()
    digests = (hashlib.sha256(b"ann@mail.example").hexdigest(), got[0].key)
    assert not any(
        word in kept for word in (b"ann@", b"secret", b"words", *(one.encode() for one in digests))
    )
    assert not Memory(tmp_path / "m", MailKeys(b"x" * 32)).knows(got[0].key)


def test_a_memory_of_digests_without_a_key_is_named_anew_and_still_knows(tmp_path: Path) -> None:
    key, sender = "ab" * 32, hashlib.sha256(b"ann@mail.example").hexdigest()
    base = sqlite3.connect(tmp_path / "m", isolation_level=None)
    base.execute("CREATE TABLE handed (key TEXT PRIMARY KEY, sender TEXT, at TEXT NOT NULL)")
    base.execute("INSERT INTO handed VALUES (?, ?, ?)", [key, sender, NOW.isoformat(timespec="seconds")])
    base.close()
    for _ in range(2):  # the second time there is nothing to do
        memory = Memory(tmp_path / "m", KEYS)
        assert memory.knows(key)
        assert memory.from_sender("ann@mail.example", NOW) == 1
        memory.close()
    kept = (tmp_path / "m").read_bytes()
    assert not any(one.encode() in kept for one in (key, sender))

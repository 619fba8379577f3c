"""A mail as whoever deals with it gets it, and how the bytes of a mail become one.

Pure, and never raises for what a stranger wrote.

The source of the rule is P-170: a period begins when a mail arrives at the mailbox, not when somebody first reads it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message as Mail
from email.policy import compat32
from email.utils import getaddresses, parsedate_to_datetime
from typing import Literal

from bloesem.mailbox.words import Language, guess, text_of_html

#: What a mail is that no person wrote to us by hand. Nothing may answer it by itself: two machines would go on for ever.
Automatic = Literal["bounce", "automatic", "list", "own"]
#: What whoever reads it should know: it was too large to load, could not be read whole, or had no moment of arrival.
Note = Literal["large", "broken", "empty", "no-arrival", "many"]

#: Text of one mail, in characters; what is longer is cut, and noted as large.
LONGEST = 200_000
_SHORT = 500
#: Headers that each delivery of the same mail has its own of.
_TRACE = frozenset({"received", "return-path", "delivered-to", "x-original-to", "authentication-results"})
#: Mails that a mail says it answers: the newest stand last, and no more are taken than anybody's thread has.
_MOST_ANSWERED = 50
_ID = re.compile(r"<[^<>\s]{1,300}>")
_NOT_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True)
class Attachment:
    """What is known of a file that came along: it stays in the mail itself, and nothing opens it. `size`: in bytes."""

    name: str
    type: str
    size: int


@dataclass(frozen=True)
class Message:
    """`key`: the same for the same mail, however often it is delivered: a receiver that knows it already does nothing.
    `received`: arrival at the mailbox, aware, UTC. `language`: a guess, None where the words do not tell. `answers`: the
    Message-IDs of mails that it says it answers, with their brackets."""

    key: str
    received: dt.datetime
    sender: str | None = field(repr=False)
    message_id: str | None = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)
    language: Language | None
    automatic: Automatic | None
    attachments: tuple[Attachment, ...] = field(repr=False)
    notes: tuple[Note, ...]
    answers: tuple[str, ...] = field(default=(), repr=False)


def parse(
    raw: bytes, arrived: dt.datetime | None, own: Collection[str], now: dt.datetime, *, whole: bool = True
) -> Message:
    """in: the mail's bytes, or its first ones where `whole` is false; the server's moment of arrival, None where only the
    mail's own trace tells it; our own addresses; `now` (aware), which is the arrival where nothing tells one."""
    mail = message_from_bytes(raw, policy=compat32)
    notes: list[Note] = [] if whole else ["large"]
    received = arrived or arrival(mail)
    if received is None or received > now:
        notes.append("no-arrival")
        received = now
    plain, html, attachments, broken = _parts(mail, whole)
    text = clean(plain if plain.strip() else text_of_html(html))
    if broken:
        notes.append("broken")
    if len(text) > LONGEST:
        text = text[:LONGEST]
        if whole:
            notes.append("large")
    subject = _header(mail, "Subject")
    if not text.strip() and not subject and not attachments:
        notes.append("empty")
    sender = _address(mail, "From")
    return Message(
        key(mail, raw),
        received.astimezone(dt.UTC),
        sender,
        _header(mail, "Message-ID") or None,
        subject,
        text.strip(),
        guess(f"{subject}\n{text}"),
        _automatic(mail, sender, {one.lower() for one in own}),
        attachments,
        tuple(notes),
        _answers(mail),
    )


def key(mail: Mail, raw: bytes) -> str:
    """Message-ID, the headers that no delivery changes, and the body: another mail under a Message-ID that was used already
    is another mail, as anybody can write any. out: 64 hexadecimal digits."""
    digest = hashlib.sha256()
    for name, value in mail.raw_items():
        if name.lower() not in _TRACE:
            digest.update(f"{name.lower()}:{value}\n".encode("utf-8", "surrogateescape"))
    ends = [(at, at + len(gap)) for gap in (b"\r\n\r\n", b"\n\n") if (at := raw.find(gap)) >= 0]
    body = raw[min(ends)[1] :] if ends else b""
    digest.update(b"\n" + body.replace(b"\r\n", b"\n").rstrip())
    return digest.hexdigest()


def arrival(mail: Mail) -> dt.datetime | None:
    """The moment in the topmost `Received`, which our own server wrote; those below are anybody's. out: aware."""
    said = mail.get("Received")
    if said is None:
        return None
    try:
        found = parsedate_to_datetime(str(said).rpartition(";")[2].strip())
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=dt.UTC)


def clean(text: str) -> str:
    """Without what is no text and no database takes: NUL, other controls, halves of characters."""
    return _NOT_TEXT.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _parts(mail: Mail, whole: bool) -> tuple[str, str, tuple[Attachment, ...], bool]:
    """out: the plain text, the HTML, what came along, and whether anything could not be read."""
    plain: list[str] = []
    html: list[str] = []
    attachments: list[Attachment] = []
    broken = whole and any(part.defects for part in mail.walk())
    for part in _leaves(mail):
        name, kind = _filename(part), part.get_content_type()
        inline = part.get_content_disposition() != "attachment" and not name
        data = _payload(part)
        if inline and kind in ("text/plain", "text/html"):
            text, wrong = _decoded(part, data)
            broken = broken or wrong
            (plain if kind == "text/plain" else html).append(text)
        else:
            attachments.append(Attachment(name, kind[:_SHORT], len(data)))
    return "\n".join(plain), "\n".join(html), tuple(attachments), broken


def _leaves(mail: Mail) -> Iterator[Mail]:
    """Each part that holds something; a mail inside a mail is one part, as it is somebody else's words."""
    if mail.get_content_maintype() == "multipart" and mail.is_multipart():
        for part in mail.get_payload():
            if isinstance(part, Mail):
                yield from _leaves(part)
    else:
        yield mail


def _payload(part: Mail) -> bytes:
    if part.is_multipart():
        return b"".join(bytes(str(one), "utf-8", "replace") for one in part.get_payload())
    try:
        found = part.get_payload(decode=True)
    except (ValueError, LookupError, TypeError, AssertionError):
        found = None
    return found if isinstance(found, bytes) else b""


def _decoded(part: Mail, data: bytes) -> tuple[str, bool]:
    """A charset that is wrong, unknown or not said is tried as UTF-8, then read as what mail programs mean by default."""
    return _tried(data, _charset(part), "utf-8")


def _tried(data: bytes, *charsets: str) -> tuple[str, bool]:
    """out: the text in the first charset that fits; or as is meant by default, and that it was that."""
    for charset in charsets:
        try:
            return data.decode(charset), False
        except (LookupError, ValueError):
            continue
    return data.decode("cp1252", "replace"), True


def _charset(part: Mail) -> str:
    try:
        return str(part.get_content_charset("utf-8"))
    except (ValueError, LookupError, TypeError):
        return "utf-8"


def _filename(part: Mail) -> str:
    try:
        return _one_line(_readable(part.get_filename() or ""))
    except (ValueError, LookupError, TypeError):
        return "?"


def _header(mail: Mail, name: str) -> str:
    """Also one that has letters of its own as they are (RFC 6532), or in an old charset: `Père`."""
    said = next((str(value) for key, value in mail.raw_items() if key.lower() == name.lower()), "")
    if not said.isascii():
        said, _ = _tried(said.encode("utf-8", "surrogateescape"), "utf-8")
    return _one_line(_readable(said))


def _answers(mail: Mail) -> tuple[str, ...]:
    """RFC 5322, 3.6.4: what it answers, and the thread before that."""
    said = (str(value) for name in ("References", "In-Reply-To") for value in mail.get_all(name, []))
    return tuple(dict.fromkeys(_ID.findall(clean(" ".join(said)))))[-_MOST_ANSWERED:]


def _readable(said: str) -> str:
    try:
        return str(make_header(decode_header(said)))
    except (ValueError, LookupError, TypeError, AssertionError):
        return said


def _one_line(said: str) -> str:
    return " ".join(clean(said).split())[:_SHORT]


def _address(mail: Mail, name: str) -> str | None:
    """The first address of a header, in lower case; None where there is none that has both sides."""
    for _, address in getaddresses([_header(mail, name)]):
        local, at, domain = address.rpartition("@")
        if at and local and domain:
            return address.lower()
    return None


def _automatic(mail: Mail, sender: str | None, own: Collection[str]) -> Automatic | None:
    """RFC 3834 (Auto-Submitted), RFC 3464 (reports), RFC 2919 (lists), and what older programs write instead."""
    reports = mail.get_content_type() == "multipart/report"
    daemon = (sender or "").partition("@")[0] in ("mailer-daemon", "postmaster")
    if reports or daemon or str(mail.get("Return-Path", "")).strip() == "<>":
        return "bounce"
    if sender in own:
        return "own"
    precedence = str(mail.get("Precedence", "")).strip().lower()
    if "List-Id" in mail or precedence in ("list", "bulk", "junk"):
        return "list"
    said = str(mail.get("Auto-Submitted", "no")).partition(";")[0].strip().lower()
    older = ("X-Autoreply", "X-Autorespond")
    if said not in ("", "no") or precedence == "auto_reply" or any(one in mail for one in older):
        return "automatic"
    return None

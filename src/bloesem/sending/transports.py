"""How a message leaves: mail over SMTP, the rest as files for whoever delivers it.

A transport says what became of it, and is honest about what it does not know: a message whose server fell silent after it
was handed over is `unknown`, and is never handed over again.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import secrets
import smtplib
import ssl
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from enum import Enum
from pathlib import Path
from typing import Protocol

from bloesem.sending.errors import SendingError


class Outcome(Enum):
    SENT = "sent"
    #: It was refused for good.
    FAILED = "failed"
    #: It was surely not taken, and may be offered again.
    LATER = "later"
    #: Nobody knows whether it was taken.
    UNKNOWN = "unknown"

    @property
    def not_taken(self) -> bool:
        """Surely: what was to be sent may be told again."""
        return self in (Outcome.FAILED, Outcome.LATER)


@dataclass(frozen=True)
class Place:
    """Where we are: the domain of our mail, and the address of the pages to which links lead."""

    domain: str
    site: str
    sender: str
    name: str = "Blossom Energy"

    def page(self, token: str) -> str:
        return f"{self.site.rstrip('/')}/u/{token}"

    def survey(self, key: str, ballot: str, language: str) -> str:
        return f"{self.site.rstrip('/')}/{language}/survey/{key}/{ballot}"


@dataclass(frozen=True)
class Letter:
    """A message, ready: nothing of it is stored."""

    number: int
    channel: str
    address: str
    subject: str
    text: str
    language: str
    at: dt.datetime
    message_id: str = ""
    envelope: str = ""
    unsubscribe: tuple[str, str] | None = None  # the page, and the mail address
    replies: str = ""  # where an answer goes; none: to the sender
    pages: bytes | None = None  # a PDF, where it is printed


class Transport(Protocol):
    def send(self, letter: Letter) -> Outcome:
        """Raises nothing for what a server or disk does: an outcome says it."""
        ...

    def close(self) -> None: ...


def mail(letter: Letter, place: Place) -> EmailMessage:
    """The message as it goes over the wire. raises: SendingError for an address that would be a header of its own."""
    made = EmailMessage(policy=SMTP)
    try:
        made["From"] = Address(place.name, addr_spec=place.sender)
        made["To"] = Address(addr_spec=letter.address)
        if letter.replies:
            made["Reply-To"] = Address(addr_spec=letter.replies)
        made["Subject"] = letter.subject
    except (ValueError, IndexError) as error:
        raise SendingError(
            f"message {letter.number} has an address or subject that mail cannot have: {type(error).__name__}",
            "RFC 5322",
            "mend the address",
        ) from None
    made["Date"] = letter.at
    made["Message-ID"] = letter.message_id
    made["Content-Language"] = letter.language
    made["Auto-Submitted"] = "auto-generated"
    for name, value in ways_out(letter).items():
        made[name] = value
    made.set_content(letter.text)
    return made


def ways_out(letter: Letter) -> dict[str, str]:
    """The headers by which a mail program ends advertising in one step (RFC 2369, RFC 8058); none of other letters."""
    if letter.unsubscribe is None:
        return {}
    page, address = letter.unsubscribe
    return {
        "List-Unsubscribe": f"<{page}>, <mailto:{address}?subject=unsubscribe>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


@dataclass
class Smtp:
    """One server, one connection kept open. `tls`: STARTTLS first; off only for a server on this machine."""

    place: Place
    host: str
    port: int = 25
    tls: bool = True
    user: str | None = None
    password: str | None = None
    timeout: float = 30.0
    _open: smtplib.SMTP | None = None

    def send(self, letter: Letter) -> Outcome:
        try:
            message = mail(letter, self.place)
        except SendingError:
            return Outcome.FAILED
        handed = False
        try:
            server = self._connected()
            for code, _ in (server.mail(letter.envelope), server.rcpt(letter.address)):
                if code >= 400:
                    server.rset()
                    return Outcome.FAILED if code >= 500 else Outcome.LATER
            handed = True
            code, _ = server.data(message.as_bytes())
        except (
            smtplib.SMTPDataError
        ) as error:  # it answered DATA itself with a refusal: nothing was handed over
            self.close()
            return Outcome.FAILED if error.smtp_code >= 500 else Outcome.LATER
        except (smtplib.SMTPException, OSError):
            self.close()
            return Outcome.UNKNOWN if handed else Outcome.LATER
        if code >= 400:
            return Outcome.FAILED if code >= 500 else Outcome.LATER
        return Outcome.SENT

    def _connected(self) -> smtplib.SMTP:
        if self._open is not None:
            try:
                if self._open.noop()[0] == 250:
                    return self._open
            except (smtplib.SMTPException, OSError):
                pass
            self.close()
        server = smtplib.SMTP(self.host, self.port, local_hostname=self.place.domain, timeout=self.timeout)
        try:
            server.ehlo()
            if self.tls:
                server.starttls(context=ssl.create_default_context())
                server.ehlo()
            if self.user is not None:
                server.login(self.user, self.password or "")
        except BaseException:
            server.close()
            raise
        self._open = server
        return server

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None


@dataclass
class Files:
    """A file per message in `<folder>/<channel>/<number>.json`, whole or not there, and never twice. Whoever delivers text
    messages, notifications, letters or calls takes them away."""

    folder: Path

    def send(self, letter: Letter) -> Outcome:
        home = self.folder / letter.channel
        final = home / f"{letter.number}.json"
        pages = home / f"{letter.number}.pdf"
        part = home / f".{letter.number}.{secrets.token_hex(4)}"
        said = {
            "number": letter.number,
            "channel": letter.channel,
            "to": letter.address,
            "subject": letter.subject,
            "text": letter.text,
            "language": letter.language,
            "at": letter.at.isoformat(),
            **({"headers": headers} if letter.channel == "email" and (headers := ways_out(letter)) else {}),
            **({"pages": pages.name} if letter.pages is not None else {}),
        }
        try:
            home.mkdir(mode=0o700, parents=True, exist_ok=True)
            if letter.pages is not None:  # before the file that says that there is a letter
                half = part.with_suffix(".pages")
                with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                    out.write(letter.pages)
                    out.flush()
                    os.fsync(out.fileno())
                half.replace(pages)
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
                json.dump(said, out, ensure_ascii=False)
                out.flush()
                os.fsync(out.fileno())
        except OSError:
            with contextlib.suppress(OSError):
                part.unlink()
            return Outcome.LATER
        try:
            os.link(part, final)  # which fails where it is there already
        except FileExistsError:
            return Outcome.UNKNOWN
        except OSError:
            return Outcome.LATER
        finally:
            part.unlink(missing_ok=True)
        return Outcome.SENT

    def close(self) -> None:
        """Nothing is open."""

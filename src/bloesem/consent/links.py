"""Signed links: what a message lets its reader do, without a login (P-092, P-166; RFC 8058).

A link names a message and what it does, until when, and a code that only we can make (HMAC-SHA256). It names no person. The
key is not that of the list: a web process has this one alone.

    <data>/credentials/links.keys     each line its number and 32 bytes; 0600; links made under earlier keys stay good
"""

from __future__ import annotations

import base64
import datetime as dt
import hmac
from dataclasses import dataclass, field
from pathlib import Path

from bloesem.consent.errors import LinkError
from bloesem.gate import keyfile

FILE = "links.keys"
_CODE = 16
#: What a link may do.
ACTS = ("all", "channel")


@dataclass(frozen=True)
class Link:
    """`message`: the number of its row; `act`: objects to `all` advertising, or to its `channel`. `until`: the last
    moment at which it works."""

    message: int
    act: str
    until: dt.datetime


@dataclass(frozen=True)
class LinkKeys:
    """All keys, the one in use last."""

    all: tuple[tuple[int, bytes], ...] = field(repr=False)

    @classmethod
    def at(cls, directory: Path) -> LinkKeys:
        """Those on disk, made on the first call. raises: GateError when the file is damaged or open to others."""
        return cls(tuple(keyfile.at(directory / FILE)))

    @classmethod
    def rotate(cls, directory: Path) -> LinkKeys:
        return cls(tuple(keyfile.rotate(directory / FILE)))

    def sign(self, link: Link) -> str:
        """The text of a link: letters, digits, - and _ alone, so that mail programs leave it whole."""
        number, secret = self.all[-1]
        said = f"{number}.{link.message}.{link.act}.{int(link.until.timestamp())}".encode()
        return base64.urlsafe_b64encode(said + b"." + _code(secret, said)).decode().rstrip("=")

    def tag(self, use: str, message: int) -> str:
        """A message's number with a code, short enough for the local part of an address: where its bounce comes back to."""
        number, secret = self.all[-1]
        return f"{number}.{message}.{_code(secret, f'{use}.{number}.{message}'.encode()).hex()}"

    def tagged(self, use: str, text: str) -> int | None:
        """The number in a tag of ours; None for any other text."""
        number, _, rest = text.partition(".")
        message, _, code = rest.partition(".")
        secret = dict(self.all).get(int(number)) if number.isdecimal() and message.isdecimal() else None
        if secret is None or not code.isascii():
            return None
        wanted = _code(secret, f"{use}.{number}.{message}".encode()).hex()
        return int(message) if hmac.compare_digest(code, wanted) else None

    def read(self, text: str, now: dt.datetime) -> Link:
        """raises: LinkError for one that was changed, that nobody here made, or that is too old."""
        forged = LinkError(
            "this link is not ours, or was cut off",
            "a link says what it does, and only we can make one",
            "open it from the message itself, whole; or object by your address, for which no link is needed",
        )
        try:
            raw = base64.b64decode(
                text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True
            )
            said, dot, code = raw[: -_CODE - 1], raw[-_CODE - 1 : -_CODE], raw[-_CODE:]
            number, message, act, until = said.decode("ascii").split(".")
            secret = dict(self.all)[int(number)]
            good = dot == b"." and hmac.compare_digest(code, _code(secret, said)) and act in ACTS
            link = Link(int(message), act, dt.datetime.fromtimestamp(int(until), dt.UTC)) if good else None
        except (ValueError, KeyError, OverflowError, OSError):
            raise forged from None
        # Base64 has more than one spelling of the same bytes.
        if link is None or base64.urlsafe_b64encode(raw).decode().rstrip("=") != text:
            raise forged
        if link.until < now:
            raise LinkError(
                "this link is too old",
                f"it worked until {link.until.date()}",
                "use the link of a newer message; or object by your address, for which no link is needed",
            )
        return link


def _code(secret: bytes, said: bytes) -> bytes:
    key = hmac.digest(secret, b"bloesem links", "sha256")
    return hmac.digest(key, said, "sha256")[:_CODE]

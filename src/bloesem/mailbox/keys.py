"""The key under which a mail, and whoever sent it, is known again. It lies in a file, outside every database.

    <data>/credentials/mailbox.keys     a number and 32 random bytes in hexadecimal; 0600

A digest without a key tells anybody who has it whether an address is in it. The process that reads what strangers wrote has
this key and no other, so that it can unseal nothing. The first key is used for ever: a mail keeps its name.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from pathlib import Path

from bloesem.gate import keyfile

FILE = "mailbox.keys"


@dataclass(frozen=True)
class MailKeys:
    """in: 32 bytes."""

    secret: bytes = field(repr=False)

    @classmethod
    def at(cls, directory: Path) -> MailKeys:
        """The one on disk, made on the first call. raises: GateError when the file is damaged or open to others."""
        return cls(keyfile.at(directory / FILE)[0][1])

    def mail(self, digest: str) -> str:
        """The name of a mail. in: `Message.key`. out: 64 hexadecimal digits."""
        return self._named("mail", digest)

    def sender(self, address: str | None) -> str | None:
        """The name of whoever sent it; None for nobody."""
        if address is None:
            return None
        return self.digested(hashlib.sha256(address.encode("utf-8", "replace")).hexdigest())

    def digested(self, digest: str) -> str:
        """The same, of the digest that was kept of an address before there was a key."""
        return self._named("sender", digest)

    def _named(self, use: str, said: str) -> str:
        return hmac.digest(self.secret, f"bloesem mailbox {use}\0{said}".encode(), "sha256").hex()


__all__ = ["FILE", "MailKeys"]

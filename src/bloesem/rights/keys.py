"""The keys under which Bloesem knows people of other databases. They lie in a file, outside every database.

    <data>/credentials/rights.keys      one line per key: its number and 32 random bytes in hexadecimal; 0600

The last key is in use; earlier ones stay, so that what was recorded under them is still found. Without the file nothing that
was recorded can be tied to anybody: it belongs in a backup of its own, never in the database's.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bloesem.errors import GateError
from bloesem.gate import keyfile
from bloesem.rights.identifiers import Identifier, normal

FILE = "rights.keys"
_NONCE = 12


@lru_cache(64)
def _derived(secret: bytes, use: str) -> bytes:
    return hmac.digest(secret, b"bloesem rights " + use.encode(), "sha256")


@dataclass(frozen=True, slots=True)
class Key:
    """One key, and what is derived from it: two uses never share bytes."""

    number: int
    secret: bytes = field(repr=False)

    def derived(self, use: str) -> bytes:
        """32 bytes for this use alone, the same for ever; they tell nothing of the key."""
        return _derived(self.secret, use)

    def person(self, store: str, identifier: Identifier) -> bytes:
        """The name under which somebody of a store is known. raises: IdentifierError."""
        return self.people(store, [(identifier.kind, normal(identifier))])[0]

    def people(self, store: str, normals: Iterable[tuple[str, str]]) -> list[bytes]:
        """The same of many, in that order. in: kind and `identifiers.normal` of each."""
        secret, digest = self.derived("person"), hmac.digest
        return [digest(secret, f"{store}\0{kind}\0{said}".encode(), "sha256") for kind, said in normals]

    def row(self, store: str, table: str, key: Sequence[object]) -> int:
        """The number under which a row is known: facts about one row name it by a number."""
        said = "\0".join((store, table, *(str(part) for part in key)))
        digest = hmac.digest(self.derived("row"), said.encode(), "sha256")
        return int.from_bytes(digest[:8], "big") >> 1

    def seal(self, texts: Iterable[str], about: str, use: str = "sought") -> list[bytes]:
        """`about`: what they belong to, `use`: what for; each opens only with the same."""
        cipher, to = AESGCM(self.derived(use)), about.encode()
        plain = [text.encode() for text in texts]
        random = os.urandom(_NONCE * len(plain))
        nonces = (random[at : at + _NONCE] for at in range(0, len(random), _NONCE))
        return [nonce + cipher.encrypt(nonce, text, to) for nonce, text in zip(nonces, plain, strict=True)]

    def open(self, sealed: bytes, about: str, use: str = "sought") -> str:
        """raises: GateError when it was sealed under another key, about or for something else, or was changed."""
        try:
            plain = AESGCM(self.derived(use)).decrypt(sealed[:_NONCE], sealed[_NONCE:], about.encode())
        except InvalidTag:
            raise GateError(
                f"what was kept to be looked for does not open with key {self.number}",
                "it is encrypted, and bound to its store",
                f"restore {FILE} as it was when the erasure was done",
            ) from None
        return plain.decode()


@dataclass(frozen=True)
class Keys:
    """All keys of one file, the one in use last."""

    all: tuple[Key, ...]

    @classmethod
    def at(cls, directory: Path) -> Keys:
        """Those on disk, made on the first call. raises: GateError when the file is damaged or open to others."""
        return cls(tuple(Key(number, secret) for number, secret in keyfile.at(directory / FILE)))

    @classmethod
    def rotate(cls, directory: Path) -> Keys:
        """A new key for all that is recorded from now on."""
        keyfile.rotate(directory / FILE)
        return cls.at(directory)

    @property
    def current(self) -> Key:
        return self.all[-1]

    def number(self, number: int) -> Key:
        for key in self.all:
            if key.number == number:
                return key
        raise GateError(
            f"key {number} is not in {FILE}", "earlier keys stay there", "restore the file from its backup"
        )

    def person(self, store: str, identifiers: Sequence[Identifier]) -> list[bytes]:
        """Every name under which somebody may be known: each identifier, under each key."""
        return self.people(store, [(one.kind, normal(one)) for one in identifiers])

    def people(self, store: str, normals: Sequence[tuple[str, str]]) -> list[bytes]:
        """The same. in: kind and `identifiers.normal` of each."""
        return [name for key in self.all for name in key.people(store, normals)]

    def row(self, store: str, table: str, key: Sequence[object]) -> int:
        """The same for ever: under the first key."""
        return self.all[0].row(store, table, key)

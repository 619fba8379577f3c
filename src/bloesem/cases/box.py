"""A box that anybody can put something into, and only the keeper's helper opens: what comes with a request on paper.

    sealed = public key made for it (32 bytes) ‖ nonce ‖ AES-256-GCM under HKDF-SHA256 of X25519, bound to `about`

The key that opens is derived from `rights.keys`, which is in no database and with no page; the database has its public half.
A page that has to show something makes a key for that one look, and gets it sealed for that key alone.
"""

from __future__ import annotations

import hmac
import os
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bloesem.errors import GateError
from bloesem.rights.keys import Key, Keys

_USE = b"bloesem cases box"
_KEY, _NONCE = 32, 12


@dataclass(frozen=True)
class Opener:
    """Whoever can open what was sealed for it."""

    _private: X25519PrivateKey = field(repr=False)

    @classmethod
    def new(cls) -> Opener:
        """For one look; kept nowhere."""
        return cls(X25519PrivateKey.generate())

    @classmethod
    def of(cls, key: Key) -> Opener:
        """The same for ever, of a key that is in a file."""
        return cls(X25519PrivateKey.from_private_bytes(hmac.digest(key.secret, _USE, "sha256")))

    @property
    def public(self) -> bytes:
        return self._private.public_key().public_bytes_raw()

    def open(self, sealed: bytes, about: str) -> bytes:
        """raises: GateError for what was sealed for another, about something else, or was changed."""
        made, nonce, rest = sealed[:_KEY], sealed[_KEY : _KEY + _NONCE], sealed[_KEY + _NONCE :]
        try:
            shared = self._private.exchange(X25519PublicKey.from_public_bytes(made))
            return AESGCM(_derived(shared, made, self.public)).decrypt(nonce, rest, about.encode())
        except (InvalidTag, ValueError):
            raise GateError(
                "what came with a request does not open",
                "it is sealed for rights.keys, and bound to its case",
                "restore rights.keys from its backup",
            ) from None


def seal(public: bytes, plain: bytes, about: str) -> bytes:
    """in: whose `Opener.public`; `about`: what it belongs to. raises: ValueError for what is no such key."""
    mine, theirs = X25519PrivateKey.generate(), X25519PublicKey.from_public_bytes(public)
    made, nonce = mine.public_key().public_bytes_raw(), os.urandom(_NONCE)
    cipher = AESGCM(_derived(mine.exchange(theirs), made, public))
    return made + nonce + cipher.encrypt(nonce, plain, about.encode())


def opened(keys: Keys, sealed: bytes, about: str) -> bytes:
    """By whichever key it was sealed for. raises: as `Opener.open`."""
    for key in reversed(keys.all[1:]):
        try:
            return Opener.of(key).open(sealed, about)
        except GateError:
            continue
    return Opener.of(keys.all[0]).open(sealed, about)


def _derived(shared: bytes, made: bytes, public: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=made + public, info=_USE).derive(shared)


__all__ = ["Opener", "opened", "seal"]

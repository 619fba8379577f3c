"""Passwords as PostgreSQL stores them (RFC 5802, 7677): the clear text never travels to the server."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

ITERATIONS = 4096  # what PostgreSQL itself uses; the passwords are random, not chosen by a person


def verifier(password: str, *, salt: bytes | None = None, iterations: int = ITERATIONS) -> str:
    """in: an ASCII password. out: `SCRAM-SHA-256$iterations:salt$stored:server`, for `ALTER ROLE … PASSWORD`."""
    salt = salt or secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    stored = hashlib.sha256(_mac(salted, b"Client Key")).digest()
    server = _mac(salted, b"Server Key")
    return f"SCRAM-SHA-256${iterations}:{_text(salt)}${_text(stored)}:{_text(server)}"


def matches(password: str, stored: str | None) -> bool:
    """Whether a stored verifier is this password's."""
    if not stored or not stored.startswith("SCRAM-SHA-256$"):
        return False
    count, _, rest = stored.removeprefix("SCRAM-SHA-256$").partition(":")
    salt = base64.b64decode(rest.partition("$")[0])
    return hmac.compare_digest(verifier(password, salt=salt, iterations=int(count)), stored)


def _mac(key: bytes, message: bytes) -> bytes:
    return hmac.new(key, message, hashlib.sha256).digest()


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")

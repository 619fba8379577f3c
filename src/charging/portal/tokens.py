"""Tokens of recipients' programs: made once, shown once, stored as a hash, good until a day or until they are taken back."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from dataclasses import dataclass
from typing import Literal

from bloesem.errors import BloesemError
from charging.portal.models import Token, User

PREFIX = "bloesem_"
#: Days that a token is good, and at most; tokens of one account at once.
DAYS, MOST_DAYS, MOST = 90, 365, 10
#: The seats that have an address for programs.
SEATS_WITH_ADDRESS = ("installer", "hems")


class TokenError(BloesemError):
    """No such token can be made."""


@dataclass(frozen=True)
class Found:
    """Who a token is, or why it is nobody."""

    user: User | None
    token: Token | None
    why: Literal["", "missing", "unknown", "expired", "revoked"]


def make(user: User, label: str, at: dt.datetime, days: int = DAYS) -> str:
    """A new token for an account. out: the token, which is stored nowhere. Raises `TokenError`."""
    label = " ".join(label.split())[:80]
    if user.role not in SEATS_WITH_ADDRESS:
        raise TokenError(
            f"{user.role} has no address for programs",
            "P-125: a token opens what the account's role opens",
            f"make one for: {', '.join(SEATS_WITH_ADDRESS)}",
        )
    if not label.isprintable() or not label or not 1 <= days <= MOST_DAYS:
        raise TokenError(
            "a token has a name, and days",
            "art. 32: what lets somebody in ends by itself",
            f"say what it is for, and 1 to {MOST_DAYS} days",
        )
    if user.tokens.filter(revoked_at=None, expires_at__gt=at).count() >= MOST:
        raise TokenError(
            f"this account has {MOST} tokens",
            "art. 32: a token that nobody uses is taken back",
            "take one back first",
        )
    plain = PREFIX + secrets.token_urlsafe(32)
    ends = min(at + dt.timedelta(days=days), user.expires_at)
    Token.objects.create(user=user, digest=_hash(plain), label=label, created_at=at, expires_at=ends)
    return plain


def revoke(user: User, number: int, at: dt.datetime) -> bool:
    """Takes back a token of this account, at once. out: whether there was one."""
    return bool(user.tokens.filter(pk=number, revoked_at=None).update(revoked_at=at))


def of(header: str | None, at: dt.datetime) -> Found:
    """in: what stands in `Authorization`. A token is looked for by its hash, so that how long that takes tells nothing."""
    scheme, _, plain = (header or "").partition(" ")
    if scheme.lower() != "bearer" or not plain.strip():
        return Found(None, None, "missing")
    token = Token.objects.filter(digest=_hash(plain.strip())).select_related("user").first()
    if token is None or not token.user.is_active or token.user.expires_at <= at:
        return Found(None, None, "unknown")
    if token.revoked_at is not None:
        return Found(None, token, "revoked")
    if token.expires_at <= at:
        return Found(None, token, "expired")
    return Found(token.user, token, "")


def _hash(plain: str) -> bytes:
    return hashlib.sha256(plain.encode()).digest()


__all__ = ["DAYS", "MOST_DAYS", "Found", "TokenError", "make", "of", "revoke"]

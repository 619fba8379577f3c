"""A signed scope: `kind:id:expires:mac`. PostgreSQL checks it in every policy of a scoped role; SQL cannot make one."""

from __future__ import annotations

import hashlib
import hmac


def signed(key: bytes, backend: int, kind: str, number: int, expires: int) -> str:
    """in: the login's key, the process id of its PostgreSQL backend, the scope (`person`, `employer` …), the id in it,
    and until when it holds (seconds since 1970, UTC). out: the value of the setting `bloesem.scope`.

    The backend's id is under the mac, so that a scope seen on one connection is worth nothing on another.
    """
    body = f"{kind}:{number}:{expires}"
    mac = hmac.new(key, f"{backend}:{body}".encode(), hashlib.sha256).hexdigest()
    return f"{body}:{mac}"

"""Notices of erasure go to a recipient's own address as signed OpenDSR requests, again until their day (art. 19, R-030).

A recipient of the register that has `notices` takes them over https. What its server does not take now is offered again,
each time later, and no longer than until the notice's day; what it refuses is a person's to write. A request may arrive
twice, when we died before its answer was written down: then with the same `subject_request_id`.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from bloesem.gate import keyfile
from bloesem.gate.keeping import keeper
from bloesem.recipients import notices
from bloesem.recipients.model import Recipient
from bloesem.recipients.notices import Notice
from bloesem.recipients.opendsr import request_body
from bloesem.stores.postgres import Connection

#: Between two offers; after the last as long again, until the notice's day is over.
BACKOFF = (
    *(dt.timedelta(minutes=1), dt.timedelta(minutes=10), dt.timedelta(hours=1), dt.timedelta(hours=6)),
    dt.timedelta(days=1),
)
KEYS = "notices.keys"
WAIT_SECONDS = 10

#: Posts a body with headers to an address. out: the status of the answer; None where there was none.
Post = Callable[[str, bytes, Mapping[str, str]], "int | None"]


@dataclass(frozen=True)
class Posted:
    """`went`: they took it; `refused`: they never will; `later`: not now."""

    went: tuple[Notice, ...]
    refused: tuple[Notice, ...]
    later: tuple[Notice, ...]


@dataclass(frozen=True)
class Signer:
    """Signs requests (RFC 9421, Ed25519). A recipient checks them with the public key, which goes with its contract."""

    number: int
    key: ed25519.Ed25519PrivateKey

    @classmethod
    def at(cls, directory: Path) -> Signer:
        """The newest on disk, made on the first call. raises: GateError as `keyfile.at`."""
        number, seed = keyfile.at(directory / KEYS)[-1]
        return cls(number, ed25519.Ed25519PrivateKey.from_private_bytes(seed))

    @property
    def public(self) -> str:
        """PEM."""
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return self.key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()

    def headers(self, url: str, body: bytes, now: dt.datetime) -> dict[str, str]:
        """What goes with a POST of this body to this address at this moment."""
        digest = f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"
        parameters = (
            f'("@method" "@target-uri" "content-digest");created={int(now.timestamp())};keyid="{self.number}"'
        )
        signature = self.key.sign(signature_base(url, digest, parameters))
        return {
            "Content-Type": "application/json",
            "Content-Digest": digest,
            "Signature-Input": f"bloesem={parameters}",
            "Signature": f"bloesem=:{base64.b64encode(signature).decode()}:",
        }


def signature_base(url: str, digest: str, parameters: str) -> bytes:
    """What is signed (RFC 9421, 2.5)."""
    return (
        f'"@method": POST\n"@target-uri": {url}\n"content-digest": {digest}\n"@signature-params": {parameters}'
    ).encode()


def address_of(notice: Notice, recipient: Recipient | None) -> str | None:
    """Where a notice is posted; None for one that a person or a mail tells."""
    url = recipient.notices if recipient is not None else None
    if url is None or notice.change != "erasure" or notice.refused:
        return None
    said = urlsplit(url)
    return url if said.scheme == "https" and said.hostname else None


def post(
    connection: Connection,
    register: Mapping[str, Recipient],
    signer: Signer,
    send: Post,
    callbacks: str,
    now: dt.datetime,
    *,
    prefix: str,
) -> Posted:
    """Offers what is due, one transaction each. in: an administrator's connection, outside a transaction; `callbacks`, the
    address where answers come back; `now`, aware. raises: nothing for what a server does."""
    found: dict[str, list[Notice]] = {"went": [], "refused": [], "later": []}
    with connection.transaction(), keeper(connection, prefix):
        queued = [it for it in notices.open_notices(connection) if it.state == "queued"]
    for waiting in queued:
        url = address_of(waiting, register.get(waiting.recipient))
        if url is None or (waiting.next_at is not None and waiting.next_at > now):
            continue
        with connection.transaction(), keeper(connection, prefix):
            if not notices.held_for_sending(connection, waiting.id):
                continue
            body = json.dumps(request_body(waiting, [callbacks])).encode()
            status = send(url, body, signer.headers(url, body, now))
            if status is not None and 200 <= status < 300:
                notices.sent(connection, waiting.id, url, now)
                found["went"].append(waiting)
            elif status is None or status in (408, 425, 429) or status >= 500:
                again = now + BACKOFF[min(waiting.tries, len(BACKOFF) - 1)]
                notices.tried(connection, waiting.id, again)
                found["later"].append(waiting)
            else:
                notices.tried(connection, waiting.id, None)
                found["refused"].append(waiting)
    return Posted(*(tuple(found[key]) for key in ("went", "refused", "later")))


class _Stays(urllib.request.HTTPRedirectHandler):
    """What is about a person goes to the address of the register, and is led nowhere else."""

    def redirect_request(self, *_: object) -> None:
        return None


def over_http(url: str, body: bytes, headers: Mapping[str, str]) -> int | None:
    """Posts, with no redirect. out: the status; None where nobody answered in time. raises: nothing."""
    request = urllib.request.Request(url, body, dict(headers), method="POST")  # noqa: S310 - see `address_of`
    try:
        with urllib.request.build_opener(_Stays).open(request, timeout=WAIT_SECONDS) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as fault:
        return int(fault.code)
    except (OSError, http.client.HTTPException, ValueError):
        return None


__all__ = ["BACKOFF", "KEYS", "Post", "Posted", "Signer", "address_of", "over_http", "post", "signature_base"]

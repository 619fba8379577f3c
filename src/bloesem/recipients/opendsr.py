"""Notices as OpenDSR requests, and what a processor answers: plain JSON that several vendors take (OpenDSR 1.0/2.0).

OpenDSR knows erasure, access and portability: of art. 19 it carries erasure. A recipient is told of other changes by a
person. Nobody's name or address is in a request: the person is named by the number that our file gave them.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import json
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from bloesem.errors import RightsError
from bloesem.recipients.notices import Notice

Status = Literal["pending", "in_progress", "completed", "cancelled"]
_STATUSES: tuple[Status, ...] = ("pending", "in_progress", "completed", "cancelled")


@dataclass(frozen=True)
class Callback:
    """What a processor said of a request. `proof`: what is kept of it when it is done."""

    request: uuid.UUID
    status: Status
    expected: dt.datetime
    controller_id: str
    proof: str


def request_body(notice: Notice, callbacks: Collection[str]) -> dict[str, Any]:
    """The body of `POST …/requests` for a notice of erasure. Raises `RightsError` for another change."""
    if notice.change != "erasure":
        raise RightsError(
            f"notice {notice.id} is of a {notice.change}, which OpenDSR cannot say",
            "OpenDSR 6.2: erasure, access, portability",
            "write to the recipient",
        )
    if notice.request.version != 4:
        raise RightsError(
            f"notice {notice.id}: its request is no UUID of version 4",
            "OpenDSR 7.1.1",
            "use uuid.uuid4() for a change",
        )
    return {
        "regulation": "gdpr",
        "subject_request_id": str(notice.request),
        "subject_request_type": "erasure",
        "submitted_time": _rfc3339(notice.asked_at),
        "subject_identities": [
            {
                "identity_type": "controller_customer_id",
                "identity_value": f"disclosure-{number}:{reference}",
                "identity_format": "raw",
            }
            for number, reference in sorted(notice.references.items())
        ],
        "api_version": "1.0",
        "status_callback_urls": list(callbacks),
    }


def callback_body(
    request: uuid.UUID, status: Status, *, url: str, controller_id: str, expected: dt.datetime
) -> dict[str, Any]:
    """The body of a status callback (OpenDSR 8.6)."""
    return {
        "controller_id": controller_id,
        "expected_completion_time": _rfc3339(expected),
        "status_callback_url": url,
        "subject_request_id": str(request),
        "request_status": status,
    }


def read_callback(body: bytes, *, url: str, domain: str, signature: str, certificate: bytes) -> Callback:
    """A callback whose signature is that of the processor's domain, and which is meant for this address (OpenDSR 8.8).

    in: `signature`, base64, of the header; `certificate`, PEM, of the processor's discovery page; `domain`, the one where
    the request was posted. Nothing of the body is parsed before the signature holds. Raises `RightsError`.
    """
    _authenticate(body, domain, signature, certificate)
    try:
        said = json.loads(body)
        found = Callback(
            uuid.UUID(said["subject_request_id"]),
            said["request_status"],
            dt.datetime.fromisoformat(said["expected_completion_time"]),
            str(said["controller_id"]),
            f"{domain} {said['request_status']} sha256:{hashlib.sha256(body).hexdigest()} {signature}",
        )
        meant = said["status_callback_url"] == url
    except (ValueError, KeyError, TypeError):
        raise _refused("is no callback of OpenDSR") from None
    if found.status not in _STATUSES or found.expected.tzinfo is None:
        raise _refused("has a status or a moment that OpenDSR does not know")
    if not meant:
        raise _refused("is meant for another address")
    return found


def _authenticate(body: bytes, domain: str, signature: str, certificate: bytes) -> None:
    try:
        read = x509.load_pem_x509_certificate(certificate)
        names = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        key = read.public_key()
        if domain not in names.get_values_for_type(x509.DNSName) or not isinstance(key, rsa.RSAPublicKey):
            raise _refused(f"is signed with a certificate that is not of {domain}")
        key.verify(base64.b64decode(signature, validate=True), body, padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, binascii.Error, ValueError, x509.ExtensionNotFound):
        raise _refused(f"is not signed by {domain}") from None


def _refused(why: str) -> RightsError:
    return RightsError(f"a callback {why}", "OpenDSR 8.8: a callback is authenticated", "ask the processor")


def _rfc3339(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


__all__ = ["Callback", "Status", "callback_body", "read_callback", "request_body"]

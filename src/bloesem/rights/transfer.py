"""From us to another supplier directly, where the person asks it (art. 20(2), P-163): their files posted to an address that
they name and confirm.

An address is anybody's to name, so that it is taken for hostile: https alone, on its own port, by a name; every address that
the name has must be one of the open internet; what was looked at is what is connected to, so that a name that means another
machine a moment later is not followed; nothing leads elsewhere, and nothing of an answer is read but its status.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import ipaddress
import re
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from bloesem.errors import RightsError

#: Of an address, in characters; and of files, in bytes: what a supplier takes in one piece.
LONGEST, LARGEST = 500, 50_000_000
WAIT_SECONDS = 15.0
PORT = 443
_NAME = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
_PATH = re.compile(r"/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*(\?[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?")
#: NAT64, 6to4 and Teredo carry an address of the other family, which nobody looked at.
_CARRIERS = tuple(
    ipaddress.ip_network(it) for it in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")
)

#: A name's addresses. raises: OSError where it has none.
Resolve = Callable[[str], Sequence[str]]


class TransferError(RightsError):
    """Nothing was sent. `key`: which words say why."""

    def __init__(self, key: str, thing: str, rule: str, remedy: str) -> None:
        super().__init__(thing, rule, remedy)
        self.key = key


@dataclass(frozen=True)
class Receiver:
    """Where the files go. `host`: in ASCII, small letters; `path`: with its query, which may hold a secret of theirs."""

    host: str
    path: str


@dataclass(frozen=True)
class Sent:
    """`status`: what the receiver's server answered, none where nobody did in time; `digest`: SHA-256 of what was sent."""

    host: str
    status: int | None
    digest: str
    size: int

    @property
    def taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def receiver(text: str) -> Receiver:
    """raises: TransferError for what is no address that files may go to."""
    try:
        said = urlsplit(text.strip())
        port = said.port
        host = (said.hostname or "").encode("idna").decode("ascii").lower()
    except ValueError:  # also a name that no encoding has
        raise _no_address() from None
    path = (said.path or "/") + (f"?{said.query}" if said.query else "")
    if (
        len(text) > LONGEST
        or said.scheme != "https"
        or "@" in said.netloc
        or port not in (None, PORT)
        or not _NAME.fullmatch(host)
        or not _PATH.fullmatch(path)
    ):
        raise _no_address()
    return Receiver(host, path)


def _no_address() -> TransferError:
    return TransferError(
        "address",
        "this is no address that files may be sent to",
        "art. 20(2), 32: personal data goes over https, to a name, on port 443",
        "ask the other supplier for the address of their intake, https://…",
    )


def resolved(host: str) -> Sequence[str]:
    """As this machine resolves it."""
    found = socket.getaddrinfo(host, PORT, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(it[4][0]) for it in found))


def open_addresses(host: str, resolve: Resolve = resolved) -> tuple[str, ...]:
    """The addresses of a name, all of the open internet. raises: TransferError where it has none, or one that is not."""
    try:
        found = tuple(resolve(host))
    except OSError:
        found = ()
    if not found:
        raise TransferError(
            "unknown",
            f"{host} is not found",
            "art. 20(2): where it is technically feasible",
            "look whether the address is written right",
        )
    if not all(is_open(it) for it in found):
        raise TransferError(
            "internal",
            f"{host} is not a machine of the open internet",
            "art. 32: nothing is sent into our own network, or anybody's",
            "ask the other supplier for an address that everybody reaches",
        )
    return found


def is_open(address: str) -> bool:
    """Whether an address belongs to the open internet."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return is_open(str(found.ipv4_mapped))
        if any(found in net for net in _CARRIERS):
            return False
    return found.is_global and not (found.is_multicast or found.is_reserved or found.is_unspecified)


def send(
    to: Receiver,
    files: bytes,
    *,
    case: str,
    resolve: Resolve = resolved,
    context: ssl.SSLContext | None = None,
    port: int = PORT,
    allowed: Callable[[str, Resolve], Sequence[str]] = open_addresses,
) -> Sent:
    """Post the files, once. in: `case`, the number by which both sides can speak of it; `context`, `port`, `allowed`: of
    another network than the internet, in a test. raises: TransferError before anything is sent; nothing afterwards."""
    if len(files) > LARGEST:
        raise TransferError(
            "large",
            f"the files have {len(files)} bytes",
            f"at most {LARGEST} go in one piece",
            "save the files, and give them yourself",
        )
    address = allowed(to.host, resolve)[0]
    digest = hashlib.sha256(files).hexdigest()
    headers = {
        "Content-Type": "application/zip",
        "Content-Disposition": 'attachment; filename="portability.zip"',
        "Content-Digest": f"sha-256=:{_base64(files)}:",
        "X-Request-Reference": case,
        "Connection": "close",
    }
    line = _Pinned(to.host, address, port, context or ssl.create_default_context())
    try:
        line.request("POST", to.path, files, headers)
        status: int | None = line.getresponse().status
    except (OSError, http.client.HTTPException):
        status = None
    finally:
        line.close()
    return Sent(to.host, status, digest, len(files))


def _base64(files: bytes) -> str:
    return base64.b64encode(hashlib.sha256(files).digest()).decode()


class _Pinned(http.client.HTTPSConnection):
    """To one address, whatever the name means by now; the certificate must be the name's."""

    def __init__(self, host: str, address: str, port: int, context: ssl.SSLContext) -> None:
        super().__init__(host, port, timeout=WAIT_SECONDS, context=context)
        self._address, self._made = address, context

    def connect(self) -> None:
        raw = socket.create_connection((self._address, self.port), timeout=WAIT_SECONDS)
        try:
            self.sock = self._made.wrap_socket(raw, server_hostname=self.host)
        except BaseException:
            raw.close()
            raise


__all__ = [
    "LONGEST",
    "Receiver",
    "Sent",
    "TransferError",
    "is_open",
    "open_addresses",
    "receiver",
    "resolved",
    "send",
]

"""Files go to another supplier over https alone, to the open internet alone, once the person confirmed where (art. 20(2))."""

from __future__ import annotations

import datetime as dt
import http.server
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bloesem.rights import transfer
from bloesem.rights.transfer import Receiver, TransferError

HOST = "intake.anders.example"


@pytest.mark.parametrize(
    ("said", "host", "path"),
    [
        ("https://intake.anders.example", HOST, "/"),
        (" https://Intake.Anders.Example:443/in/box?key=1 ", HOST, "/in/box?key=1"),
        ("https://bücher.example/x", "xn--bcher-kva.example", "/x"),
    ],
)
def test_an_address_says_a_name_and_a_path(said: str, host: str, path: str) -> None:
    assert transfer.receiver(said) == Receiver(host, path)


@pytest.mark.parametrize(
    "said",
    [
        *(
            "",
            "intake.anders.example",
            "http://anders.example",
            "ftp://anders.example",
            "https://",
            "https:///x",
        ),
        *(
            "https://localhost/",
            "https://anders",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://2130706433/",
        ),
        *("https://0x7f.1/", "https://a.example:8443/", "https://u:p@a.example/", "https://a.example:x/"),
        *(
            "https://a.example/\r\nHost: b",
            "https://a.example/ b",
            "https://a..example/",
            "https://-a.example/",
        ),
        "https://a.example/" + "x" * 500,
    ],
)
def test_what_is_no_address_is_refused(said: str) -> None:
    with pytest.raises(TransferError) as no:
        transfer.receiver(said)
    assert no.value.key == "address"


@pytest.mark.parametrize(
    ("address", "open_"),
    [
        *(("93.184.215.14", True), ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True)),
        *(("127.0.0.1", False), ("10.1.2.3", False), ("172.16.0.1", False), ("192.168.1.1", False)),
        *(("169.254.169.254", False), ("100.64.0.1", False), ("0.0.0.0", False), ("255.255.255.255", False)),
        *(("224.0.0.1", False), ("::1", False), ("::", False), ("fe80::1%eth0", False), ("fd00::1", False)),
        *(("::ffff:127.0.0.1", False), ("::ffff:93.184.215.14", True), ("64:ff9b::7f00:1", False)),
        *(("2002:7f00:1::", False), ("ff02::1", False), ("nothing", False)),
    ],
)
def test_only_the_open_internet_is_reached(address: str, open_: bool) -> None:
    assert transfer.is_open(address) is open_


def test_a_name_that_leads_inside_with_one_of_its_addresses_is_refused() -> None:
    for found, key in ((("93.184.215.14", "10.0.0.1"), "internal"), ((), "unknown")):
        with pytest.raises(TransferError) as no:
            transfer.open_addresses(HOST, lambda _: found)  # noqa: B023
        assert no.value.key == key

    def nowhere(name: str) -> list[str]:
        raise socket.gaierror(name)

    with pytest.raises(TransferError, match="is not found"):
        transfer.send(Receiver(HOST, "/"), b"x", case="V-1", resolve=nowhere)


# ---- over TLS ------------------------------------------------------------------------------------------------------------


def certificate(folder: Path, name: str) -> Path:
    """A key and a certificate that it signed itself, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{name}.pem"
    form = serialization.PrivateFormat.PKCS8
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return file


@contextmanager
def supplier(file: Path, status: int) -> Iterator[tuple[int, list[tuple[str, dict[str, str], bytes]]]]:
    """Another supplier's server, which answers so. out: its port, and what it took."""
    took: list[tuple[str, dict[str, str], bytes]] = []

    class Intake(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            took.append((self.path, dict(self.headers), body))
            self.send_response(status)
            self.send_header("Location", "https://elsewhere.example/")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server = http.server.HTTPServer(("127.0.0.1", 0), Intake)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1], took
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def sent(port: int, trusted: Path, to: Receiver) -> transfer.Sent:
    """To this machine, as if it were the open internet: what is refused above is refused no differently."""
    assert ipaddress.ip_address("127.0.0.1").is_loopback
    return transfer.send(
        to,
        b"PK files",
        case="V-12",
        context=ssl.create_default_context(cafile=str(trusted)),
        port=port,
        allowed=lambda *_: ("127.0.0.1",),
    )


@pytest.mark.parametrize(("status", "taken"), [(201, True), (302, False), (500, False)])
def test_the_files_are_posted_once_and_nothing_leads_elsewhere(
    tmp_path: Path, status: int, taken: bool
) -> None:
    file = certificate(tmp_path, HOST)
    with supplier(file, status) as (port, took):
        done = sent(port, file, Receiver(HOST, "/in?key=1"))
    assert (done.status, done.taken, done.size) == (status, taken, 8)
    ((path, headers, body),) = took
    assert (path, body) == ("/in?key=1", b"PK files")
    assert headers["Host"].partition(":")[0] == HOST
    assert headers["X-Request-Reference"] == "V-12"
    assert done.digest == hashes_of(body)


def hashes_of(body: bytes) -> str:
    digest = hashes.Hash(hashes.SHA256())
    digest.update(body)
    return digest.finalize().hex()


def test_a_certificate_of_another_name_gets_nothing(tmp_path: Path) -> None:
    file = certificate(tmp_path, "elsewhere.example")
    with supplier(file, 201) as (port, took):
        assert sent(port, file, Receiver(HOST, "/")).status is None
    assert took == []

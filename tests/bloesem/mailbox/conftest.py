"""A real IMAP server in a process of its own, on a socket of its own."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from imap_tools import MailBoxUnencrypted

USER, PASSWORD = "privacy", "between-us"
START = "import sys; from pymap.main import main; sys.exit(main())"


@pytest.fixture
def port() -> Iterator[int]:
    """Each test has a server with an empty mailbox."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        number: int = taken.getsockname()[1]
    server = subprocess.Popen(
        [
            *(sys.executable, "-c", START, "--host", "127.0.0.1", "--port", str(number), "--no-tls"),
            *("--no-service", "admin", "--no-service", "managesieve"),
            *("dict", "--demo-data", "--demo-user", USER, "--demo-password", PASSWORD),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _ready(number, server)
        yield number
    finally:
        server.terminate()
        server.wait(10)


def _ready(port: int, server: subprocess.Popen[bytes]) -> None:
    for _ in range(150):
        assert server.poll() is None, "the IMAP server ended"
        try:
            with box(port) as opened:
                if not opened.folder.exists("Privacy"):
                    opened.folder.create("Privacy")
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the IMAP server did not start")


def box(port: int) -> MailBoxUnencrypted:
    opened = MailBoxUnencrypted("127.0.0.1", port, timeout=20)
    opened.login(USER, PASSWORD)
    return opened

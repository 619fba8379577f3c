"""A real SMTP server on a socket of its own, which keeps what it takes, and can be told to behave badly."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class Mailbox:
    """`answer`: what DATA is answered with; `deaf`: it takes the message and hangs up without a word."""

    taken: list[tuple[str, list[str], bytes]] = field(default_factory=list)
    answer: str = "250 taken"
    refuse: str = ""
    deaf: bool = False
    host: str = "127.0.0.1"
    port: int = 0

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's own names
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.refuse:
            return self.refuse
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        assert isinstance(content, bytes)
        if self.answer.startswith("250"):
            self.taken.append((envelope.mail_from or "", list(envelope.rcpt_tos), content))
        if self.deaf:
            transport: Any = server.transport
            transport.abort()
            await asyncio.sleep(0)
        return self.answer

    def mails(self) -> list[EmailMessage]:
        found: list[EmailMessage] = [
            message_from_bytes(content, policy=default) for _, _, content in self.taken
        ]
        return found


@contextmanager
def running() -> Iterator[Mailbox]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        mailbox = Mailbox(port=free.getsockname()[1])
    controller = Controller(mailbox, hostname=mailbox.host, port=mailbox.port)
    controller.start()
    try:
        yield mailbox
    finally:
        controller.stop()

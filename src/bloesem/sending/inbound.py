"""What comes back to the addresses of the door: bounces, automatic answers, and mail that unsubscribes.

Anybody can write to us, so nothing is believed that does not bring a code of ours back: a bounce names the message by the
address that it was sent from, an unsubscription by the address that the message gave. An automatic answer is no act of a
person: it neither unsubscribes nor counts as an interaction (P-093).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import getaddresses
from typing import Literal

from psycopg import sql

from bloesem.consent.links import LinkKeys
from bloesem.consent.rules import Rules
from bloesem.consent.tables import DOOR
from bloesem.plan.quoting import ident
from bloesem.stores.facts import moment
from bloesem.stores.postgres import Connection

Kind = Literal["bounce", "delayed", "automatic", "unsubscribe", "forged", "other"]
_STATUS = re.compile(r"^\s*Status:\s*([245])\.\d{1,3}\.\d{1,3}", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class Received:
    """What a mail was; `message`: the number of ours that it is about."""

    kind: Kind
    message: int | None = None
    said: str = ""


def receive(
    connection: Connection, rules: Rules, links: LinkKeys, raw: bytes, recipient: str | None = None
) -> Received:
    """Do what a mail says, once. in: as keeper; `recipient`: of the envelope, where the server tells it. out: what it was;
    a mail of any other kind is left to whoever reads the mailbox. Never raises for what a stranger wrote."""
    mail = message_from_bytes(raw, policy=default)
    assert isinstance(mail, EmailMessage)
    use, tag = _addressed(mail, recipient)
    if use is None:
        return Received("automatic" if _automatic(mail) else "other")
    number = links.tagged(use, tag)
    if number is None:
        return Received("forged")
    if use == "unsubscribe":
        if _automatic(mail):
            return Received("automatic", number)
        with connection.transaction():
            row = connection.execute(
                sql.SQL("SELECT {}.unsubscribe(%s, 'all', 'mail')").format(sql.Identifier(DOOR)),
                [number],
            ).fetchone()
        return Received("unsubscribe", number, str(row[0]) if row else "")
    return _bounced(connection, rules, mail, number)


def _addressed(mail: EmailMessage, recipient: str | None) -> tuple[str | None, str]:
    """`bounce+TAG@…` or `unsubscribe+TAG@…`, of the envelope or of the headers."""
    try:
        headers = [
            str(value) for name in ("Delivered-To", "X-Original-To", "To") for value in mail.get_all(name, [])
        ]
    except (ValueError, IndexError, TypeError, AttributeError):  # headers that cannot be read address nobody
        headers = []
    for address in [recipient or "", *(one for _, one in getaddresses(headers))]:
        use, plus, tag = address.partition("@")[0].partition("+")
        if plus and use in ("bounce", "unsubscribe"):
            return use, tag
    return None, ""


def _automatic(mail: EmailMessage) -> bool:
    """RFC 3834, and what older programs write instead."""
    said = str(mail.get("Auto-Submitted", "no")).strip().lower()
    if said and said != "no":
        return True
    precedence = str(mail.get("Precedence", "")).strip().lower()
    older = ("X-Autoreply", "X-Autorespond", "X-Auto-Response-Suppress")
    return precedence in ("auto_reply", "bulk", "junk") or any(name in mail for name in older)


def _bounced(connection: Connection, rules: Rules, mail: EmailMessage, number: int) -> Received:
    report = next(
        (part for part in mail.walk() if part.get_content_type() == "message/delivery-status"), None
    )
    found = _STATUS.findall(report.as_string()) if report is not None else []
    if not found:  # an answer of a person or a machine to the envelope's address, and no report
        return Received("automatic" if _automatic(mail) else "other", number)
    if "5" not in found:
        return Received("delayed", number)
    s = ident(rules.plan.schema)
    with connection.transaction():
        now = moment(connection, rules.plan)
        row = connection.execute(
            f"UPDATE {s}.outbox SET bounced_at = %s WHERE id = %s AND bounced_at IS NULL"
            " RETURNING person_id, channel, claimed_at".encode(),
            [now, number],
        ).fetchone()
        if row is None:
            return Received("bounce", number, "already")
        person, channel, claimed = row
        for point in rules.points(channel):
            if point.bounced is None or person is None:
                continue
            table = rules.plan.table(point.table)
            # An address that was given after the message went out is not the one that it came back from.
            connection.execute(
                sql.SQL("UPDATE {} SET {} = %s WHERE {} = %s AND {} <= %s").format(
                    sql.Identifier(table.schema, table.name),
                    sql.Identifier(point.bounced),
                    sql.Identifier(table.owners[0]),
                    sql.Identifier(str(table.recorded)),
                ),
                [now, person, claimed],
            )
    return Received("bounce", number, "recorded")

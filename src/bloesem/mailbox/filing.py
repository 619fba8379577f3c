"""A mail becomes a case (P-170), in one transaction of the keeper's, once: the case keeps the mail's name (`keys`). One that
answers a letter of ours joins the case of that letter (`bloesem.cases.threads`).

What no person wrote (`Message.automatic`) becomes none, as its receipt would be confirmed to a machine: it stays in the
mailbox for people.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field

from psycopg import sql

from bloesem.cases.words import WORDS_KEY, wrapped
from bloesem.gate.keeping import keeper
from bloesem.mailbox.asking import asked
from bloesem.mailbox.keys import MailKeys
from bloesem.mailbox.message import Message
from bloesem.stores.postgres import Connection

#: What a case of a mail is named by: under the key, and before there was one.
NAMED, DIGESTED = "mailbox", "mail"

#: A number as cases have it, wherever it stands in a subject.
_NUMBER = re.compile(r"(?<![0-9A-Za-z])(\d{4}-[2-9A-FXY]{8})(?![0-9A-Za-z])", re.IGNORECASE)

#: Of a case that this mail made, once: as what it was read, and what whoever opens it should know of the mail itself.
_READ = sql.SQL(
    "INSERT INTO {s}.request_event (case_id, at, what, by, said) SELECT c.id, {s}.moment(), 'read', 'mailbox', %s"
    " FROM {s}.request_case c WHERE c.once = %s AND NOT EXISTS ("
    "SELECT FROM {s}.request_event e WHERE e.case_id = c.id AND e.what = 'read')"
)


@dataclass(frozen=True)
class Filing:
    """in: a connection in autocommit that may be keeper; the key; where links lead; the schema of Bloesem's tables."""

    connection: Connection
    keys: MailKeys = field(repr=False)
    site: str
    schema: str = "bloesem"
    prefix: str = "bloesem_"

    def __call__(self, message: Message) -> None:
        """As what it plainly asks; where that is in doubt it is `other`. How it was read is a step of the case."""
        if message.automatic is not None:
            return
        address = message.sender if message.sender is not None and len(message.sender) <= 254 else None
        name, (kind, what) = f"{NAMED} {self.keys.mail(message.key)}", asked(message)
        schema = sql.Identifier(self.schema)
        with keeper(self.connection, self.prefix) as cursor:
            row = cursor.execute(sql.SQL(f"SELECT {{}}.{WORDS_KEY}").format(schema)).fetchone()
            cursor.execute(
                sql.SQL("SELECT {}.case_mailed(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)").format(schema),
                [
                    *(
                        kind,
                        what,
                        message.language,
                        address,
                        wrapped(row and row[0], words(message)),
                        message.received,
                        self.site,
                        name,
                    ),
                    *([hashlib.sha256(one.encode()).digest() for one in message.answers], numbers(message)),
                ],
            )
            cursor.execute(_READ.format(s=schema), [", ".join((f"{kind} {what}", *message.notes)), name])

    def rename(self) -> None:
        """Cases whose mail was known by a digest without a key know it by its name: before anything is filed."""
        table = sql.Identifier(self.schema, "request_case")
        with keeper(self.connection, self.prefix) as cursor:
            cursor.execute(
                sql.SQL("SELECT id, once FROM {} WHERE once LIKE %s FOR UPDATE").format(table),
                [f"{DIGESTED} %"],
            )
            named = [
                (number, f"{NAMED} {self.keys.mail(once.removeprefix(DIGESTED).strip())}")
                for number, once in cursor.fetchall()
            ]
            if named:
                cursor.execute(
                    sql.SQL(
                        "UPDATE {} c SET once = n.name FROM unnest(%s::bigint[], %s::text[]) AS n (id, name)"
                        " WHERE c.id = n.id"
                    ).format(table),
                    [[number for number, _ in named], [name for _, name in named]],
                )


def numbers(message: Message) -> list[str]:
    """Numbers of cases in its subject; anybody can write any."""
    return [one.upper() for one in _NUMBER.findall(message.subject)]


def words(message: Message) -> str:
    """Subject, text, and what came along, by name, type and size in bytes."""
    files = (f"[{one.name or '-'}, {one.type}, {one.size} B]" for one in message.attachments)
    return "\n\n".join(part for part in (message.subject, message.text, "\n".join(files)) if part)

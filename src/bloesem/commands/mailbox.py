"""The privacy mailbox: each mail becomes a case, with the moment at which it arrived (P-170).

It is read by IMAP where BLOESEM_IMAP_HOST names a server (with _PORT, _TLS, _USER, _PASSWORD, _FOLDER, and _MOVE_TO for what
was handed over), else from a folder of .eml files. Without --once it looks again every 30 seconds until it is stopped.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from bloesem.commands import shared

if TYPE_CHECKING:
    from bloesem.mailbox.places import Source

EXAMPLES = """\
examples:
  bloesem mailbox read --once --folder /var/mail/privacy --own privacy@company.example
  BLOESEM_IMAP_HOST=imap.company.example BLOESEM_IMAP_USER=privacy BLOESEM_IMAP_PASSWORD=… bloesem mailbox read

exit code: 0 done; 1 a mail could not be handed over, and waits; 2 wrong call; 3 mailbox or database cannot be reached
"""
EVERY_SECONDS = 30.0


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=["read"], help="read what arrived")
    parser.add_argument("--once", action="store_true", help="one look, not one every 30 seconds")
    parser.add_argument(
        "--folder", metavar="DIRECTORY", help="a folder of .eml files, where no IMAP server is named"
    )
    parser.add_argument(
        "--memory", metavar="FILE", help="what was handed over already (default: beside the folder)"
    )
    parser.add_argument("--own", action="append", default=[], metavar="ADDRESS", help="an address of ours")
    parser.add_argument("--site", default="", metavar="URL", help="where links in answers lead")
    shared.add_store(parser, f"the database of the cases (default: {shared.HERE})")
    shared.add_prefix(parser)
    shared.add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    import time

    while True:
        counts = _look(arguments)
        if arguments.json:
            shared.print_json({"mails": dict(counts)})
        elif counts or arguments.once:
            print(
                "mails: " + (", ".join(f"{many} {what}" for what, many in sorted(counts.items())) or "none")
            )
        if arguments.once:
            return 1 if counts.get("failed") else 0
        time.sleep(EVERY_SECONDS)


def _look(arguments: argparse.Namespace) -> Mapping[str, int]:
    from bloesem.mailbox.filing import Filing
    from bloesem.mailbox.memory import Memory
    from bloesem.mailbox.places import reached
    from bloesem.mailbox.reading import read

    source = source_of(os.environ, arguments.folder)
    memory = Memory(Path(arguments.memory or f"{(arguments.folder or 'mailbox').rstrip('/')}.memory"))
    try:
        with shared.store(arguments.store or shared.HERE) as connection:
            row = connection.execute("SELECT bloesem.moment()").fetchone()
            assert row is not None
            filing = Filing(connection, arguments.site, prefix=arguments.prefix)
            with reached():
                return read(source, memory, filing, arguments.own, row[0])
    finally:
        memory.close()
        source.close()


def source_of(environment: Mapping[str, str], folder: str | None) -> Source:
    """raises: UsageError where neither is named, or a port is none; MailboxError where the server lets nobody in."""
    from bloesem.mailbox.places import Folder, imap

    host = environment.get("BLOESEM_IMAP_HOST", "")
    if not host:
        if not folder:
            raise shared.UsageError(
                "no mailbox is named",
                "mail to the address of the policy becomes a case (P-170)",
                "set BLOESEM_IMAP_HOST, or give --folder",
            )
        return Folder(Path(folder))
    port = environment.get("BLOESEM_IMAP_PORT", "993")
    if not port.isdecimal() or not 0 < int(port) < 65_536:
        raise shared.UsageError(
            "BLOESEM_IMAP_PORT is no port", "a number from 1 to 65535", "write it like 993, or leave it out"
        )
    return imap(
        host,
        environment.get("BLOESEM_IMAP_USER", ""),
        environment.get("BLOESEM_IMAP_PASSWORD", ""),
        port=int(port),
        tls=environment.get("BLOESEM_IMAP_TLS", "1") == "1",
        folder=environment.get("BLOESEM_IMAP_FOLDER", "INBOX"),
        over=environment.get("BLOESEM_IMAP_MOVE_TO", ""),
    )

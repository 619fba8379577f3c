"""The privacy mailbox: each mail becomes a case, with the moment at which it arrived (P-170).

It is read by IMAP where BLOESEM_IMAP_HOST names a server (with _PORT, _TLS, _USER, _PASSWORD, _FOLDER, _JUNK, and _MOVE_TO
for what was handed over), else from a folder of .eml files. Without --once it looks again every 30 seconds until it is
stopped. `bloesem up` does the same by itself where the company's bloesem.yaml has a `mailbox`.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from pathlib import Path

from bloesem.commands import shared

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
    parser.add_argument(
        "--site",
        default=os.environ.get("BLOESEM_PORTAL", ""),
        metavar="URL",
        help="where links in answers lead: the address of the portal (default: BLOESEM_PORTAL)",
    )
    parser.add_argument("--home", type=shared.path, metavar="DIR", help="where `bloesem up` keeps its keys")
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
    from bloesem.mailbox.keys import MailKeys
    from bloesem.mailbox.memory import Memory
    from bloesem.mailbox.places import named, reached
    from bloesem.mailbox.reading import read
    from bloesem.running.home import Home

    source = named(os.environ, arguments.folder)
    keys = MailKeys.at(Home.at(arguments.home, embedded=False).credentials)
    memory = Memory(Path(arguments.memory or f"{(arguments.folder or 'mailbox').rstrip('/')}.memory"), keys)
    try:
        with shared.store(arguments.store or shared.HERE) as connection:
            row = connection.execute("SELECT bloesem.moment()").fetchone()
            assert row is not None
            filing = Filing(connection, keys, arguments.site, prefix=arguments.prefix)
            filing.rename()
            with reached():
                return read(source, memory, filing, arguments.own, row[0])
    finally:
        memory.close()
        source.close()

"""The privacy mailbox as a process: mail that arrives becomes a case, while everything else runs.

    python -m bloesem.mailbox.process COMPANY

with BLOESEM_DATABASE_URL, BLOESEM_CREDENTIALS (the keeper's login and the key of the mailbox), BLOESEM_MEMORY (a file of its
own), BLOESEM_PORTAL (where links lead), and either BLOESEM_IMAP_HOST, _PORT, _TLS, _USER, _PASSWORD, _FOLDER, _JUNK and
_MOVE_TO, or BLOESEM_MAILBOX: a folder in which a mail server leaves .eml files.

A mail server or a database that goes away ends nothing: it is asked again, later each time. Whatever stops the process loses
nothing, and makes no mail two cases: what was not marked is handed over again under the same name.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import signal
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import psycopg

from bloesem.company import PREFIX, Loaded
from bloesem.company import load as load_company
from bloesem.errors import BloesemError, StoreError
from bloesem.gate.secrets import Credentials
from bloesem.gate.settings import CREDENTIALS
from bloesem.mailbox.filing import Filing
from bloesem.mailbox.keys import MailKeys
from bloesem.mailbox.memory import Memory
from bloesem.mailbox.places import MailboxError, Source, named, reached
from bloesem.mailbox.reading import read
from bloesem.plan.dates import civil
from bloesem.stores.dsn import Dsn, dsn_from
from bloesem.stores.facts import moment
from bloesem.stores.postgres import connect

#: Between two looks at a server, and at a folder.
SERVER_SECONDS, FOLDER_SECONDS = 30.0, 3.0
#: Before what went away is asked again: twice as long each time.
FIRST_SECONDS, LAST_SECONDS = 2.0, 300.0
_log = logging.getLogger(__name__)


@dataclass
class Watcher:
    """Looks until it is told to stop. in: the database as keeper; what opens the mailbox; our own addresses; seconds between
    two looks."""

    dsn: Dsn
    loaded: Loaded
    source: Callable[[], Source]
    memory: Memory
    keys: MailKeys = field(repr=False)
    own: Collection[str]
    site: str
    every: float
    stop: Event = field(default_factory=Event)

    def serve(self) -> None:
        """raises nothing for a server or a database that is away."""
        wait = FIRST_SECONDS
        while not self.stop.is_set():
            try:
                failed = self.look().get("failed", 0)
            except (MailboxError, StoreError) as fault:
                _log.warning("%s; looking again in %.0f s", fault.thing, wait)
                failed = 1
            except psycopg.OperationalError:
                _log.warning("the mailbox lost its database; looking again in %.0f s", wait)
                failed = 1
            self.stop.wait(wait if failed else self.every)
            wait = min(wait * 2, LAST_SECONDS) if failed else FIRST_SECONDS

    def look(self) -> Mapping[str, int]:
        """One look. out: how many mails were handed over, came again, failed. raises: MailboxError, StoreError."""
        source = self.source()
        try:
            with connect(self.dsn, autocommit=True, application="bloesem-mailbox") as connection:
                plan = self.loaded.plan
                filing = Filing(connection, self.keys, self.site, plan.schema, plan.prefix)
                filing.rename()
                with reached():
                    counts = read(source, self.memory, filing, self.own, moment(connection, plan))
        finally:
            source.close()
        if counts:
            _log.info("mails: %s", ", ".join(f"{many} {what}" for what, many in sorted(counts.items())))
        return counts


def own_addresses(loaded: Loaded) -> frozenset[str]:
    """Ours: where people write to, and what the company says sends mail in its name."""
    settings = loaded.company.mailbox
    found = (loaded.policy.contact.email, *(settings.own if settings is not None else ()))
    return frozenset(one.lower() for one in found)


def main(directory: str) -> None:
    """The process: works until SIGTERM or SIGINT, and exits with a message where something of ours is in the way."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    stop = Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    environment = os.environ
    prefix = environment.get("BLOESEM_PREFIX", PREFIX)
    try:
        loaded = load_company(Path(directory), on=civil(dt.datetime.now(dt.UTC)), prefix=prefix)
        doors = Path(environment[CREDENTIALS])
        keys = MailKeys.at(doors)
        folder = environment.get("BLOESEM_MAILBOX")
        server = dsn_from(environment) or Dsn.parse("postgresql:///bloesem")
        Watcher(
            Credentials.load(doors, "keeper").dsn(server, prefix),
            loaded,
            lambda: named(environment, folder),
            Memory(Path(environment["BLOESEM_MEMORY"]), keys),
            keys,
            own_addresses(loaded),
            environment.get("BLOESEM_PORTAL", ""),
            SERVER_SECONDS if environment.get("BLOESEM_IMAP_HOST") else FOLDER_SECONDS,
            stop,
        ).serve()
    except BloesemError as fault:
        raise SystemExit(str(fault)) from None


if __name__ == "__main__":
    import sys

    main(sys.argv[1] if len(sys.argv) > 1 else "company/blossom")

"""The door as a process: it compares what is new with the list, sends what is due, and reads what came back. The notices
that recipients of data are owed (art. 19) go the same way.

    python -m bloesem.sending.process COMPANY

with BLOESEM_DATABASE_URL, BLOESEM_CREDENTIALS (the keeper's login and the keys of list and links), BLOESEM_OUTBOX,
BLOESEM_INBOX, BLOESEM_PORTAL (where links lead) and, where mail goes to a server, BLOESEM_SMTP_HOST, _PORT, _USER, _PASSWORD
and _TLS, which are those of the sign-in mail; BLOESEM_POST_NOTICES=1 where notices may be posted to recipients' servers.

It needs the keeper's login, as deciding reads everybody's facts; it is a process beside the keeper's helper, so that a mail
server that is slow holds up no sweep. Whatever stops it loses nothing: what it had in hand is `unknown` at its next start,
the rest waits.
"""

from __future__ import annotations

import datetime as dt
import importlib
import logging
import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import psycopg

from bloesem.company import PREFIX, Loaded
from bloesem.company import load as load_company
from bloesem.consent.links import LinkKeys
from bloesem.consent.rules import Rules
from bloesem.consent.suppression import SuppressionKeys, screen
from bloesem.console import visits
from bloesem.errors import BloesemError
from bloesem.gate.secrets import Credentials
from bloesem.gate.settings import CREDENTIALS
from bloesem.plan.dates import civil
from bloesem.publishing import wishes
from bloesem.recipients.notices import Notice
from bloesem.recipients.posting import Post, Signer, over_http, post
from bloesem.recipients.send import escalate
from bloesem.recipients.send import send as send_notices
from bloesem.recipients.telling import TEMPLATE, tell
from bloesem.sending import inbox
from bloesem.sending.door import Door, Queued
from bloesem.sending.errors import SendingError
from bloesem.sending.ready import rules_of
from bloesem.sending.templates import load_templates
from bloesem.sending.transports import Files, Letter, Place, Smtp, Transport
from bloesem.sending.warning import warn
from bloesem.stores.dsn import Dsn, dsn_from
from bloesem.stores.facts import moment
from bloesem.stores.postgres import Connection, connect

#: Between two looks at the outbox; what one look sends at most, so that a stop is heard in between.
EVERY_SECONDS, AT_ONCE = 2.0, 20
#: Between two passes over contact points that nobody compared with the list yet, which reads their tables; and over notices.
SCREEN_SECONDS = 30.0
#: Before a database that went away is asked again.
AGAIN_SECONDS = 2.0
_log = logging.getLogger(__name__)

After = Callable[[Connection, Queued, dt.datetime], None]


@dataclass
class Sender:
    """Works until it is told to stop. `outbox`: for what no server takes; `inbox`: a maildir, or a folder of mails."""

    dsn: Dsn
    loaded: Loaded
    rules: Rules
    credentials: Path
    outbox: Path
    inbox: Path
    place: Place
    environment: Mapping[str, str] = field(repr=False)
    stop: Event = field(default_factory=Event)
    post: Post | None = None  # where notices may be posted to addresses of recipients

    def serve(self) -> None:
        """A lost connection is opened again; what is wrong with a file of the company's ends it, with a message."""
        while not self.stop.is_set():
            try:
                self._serve()
            except psycopg.OperationalError:
                _log.warning("the door lost its database; trying again")
                self.stop.wait(AGAIN_SECONDS)

    def _serve(self) -> None:
        with connect(self.dsn, autocommit=True, application="bloesem-door") as connection:
            door = self.door(connection)
            screened = 0.0
            try:
                while not self.stop.is_set():
                    if screened <= 0:
                        screen(connection, self.rules, door.keys)
                        self.tell(connection)
                        self.warn(connection)
                        self.tell_people(door)
                        self.figures(connection)
                        screened = SCREEN_SECONDS
                    if not self.turn(door):
                        self.stop.wait(EVERY_SECONDS)
                        screened -= EVERY_SECONDS
            finally:
                door.close()

    def turn(self, door: Door) -> bool:
        """A version that is announced, then what came back: it may end what is due. out: whether more may wait."""
        taker = wishes.Taker(self.rules.plan, self.loaded.company.directory)
        if taker.waits(door.connection, wishes.DOORS):
            taker.serve(door.connection, wishes.DOORS, door)
        for kind, many in inbox.read(door.connection, self.rules, door.links, self.inbox).items():
            _log.info("received: %s %s", many, kind)
        done = door.run(AT_ONCE).counts
        if done:
            _log.info("messages: %s", ", ".join(f"{many} {what}" for what, many in sorted(done.items())))
        return sum(done.values()) >= AT_ONCE

    def tell(self, connection: Connection) -> None:
        """Notices that wait: posted or mailed to whoever has an address in the register; the others are a person's to
        write, and what has no proof on its day is told to the officer."""
        server = smtp(self.environment, self.place)
        transport = server if server is not None else Files(self.outbox / "notices")
        company, prefix = self.loaded.company, self.rules.plan.prefix
        now = moment(connection, self.rules.plan)
        try:
            posted: tuple[Notice, ...] = ()
            if self.post is not None:
                signer, answers = Signer.at(self.credentials), f"{self.place.site}/opendsr/callbacks"
                posted = post(
                    *(connection, company.record.recipients, signer, self.post, answers, now), prefix=prefix
                ).went
            officer = company.in_force(civil(now)).contact.email
            late = escalate(connection, officer, transport, self.place, civil(now), now, prefix=prefix)
            done = send_notices(
                *(connection, company.record.recipients, transport, self.place, now),
                prefix=prefix,
                posting=self.post is not None,
            )
        finally:
            transport.close()
        for what, many in (
            ("mailed", done.went),
            ("posted", posted),
            ("late, told to the officer", late),
        ):
            if many:
                _log.info("notices: %s %s", len(many), what)

    def warn(self, connection: Connection) -> None:
        """The officer, of what falls due and of what is late."""
        server = smtp(self.environment, self.place)
        transport = server if server is not None else Files(self.outbox / "officer")
        company, now = self.loaded.company, moment(connection, self.rules.plan)
        try:
            told = warn(
                *(connection, company, company.in_force(civil(now)).contact.email, transport, self.place),
                *(civil(now), now),
                prefix=self.rules.plan.prefix,
                schema=self.rules.plan.schema,
            )
        finally:
            transport.close()
        if told:
            _log.info("the officer was told of %s things that fall due", len(told))

    def tell_people(self, door: Door) -> None:
        """Whoever an authority got data about (P-128): a message of the outbox, which goes as every other."""
        if TEMPLATE not in door.templates.all:
            return  # said once, when the door was made
        done = tell(door, self.loaded.company)
        if done.letters:
            _log.info("people told of authorities: %s letters", done.letters)

    def figures(self, connection: Connection) -> None:
        """Figures of visits, and stops, for analytics firms (P-122); only where anything may be posted."""
        folder = visits.directory()
        if self.post is not None and folder is not None:
            now = moment(connection, self.rules.plan)
            done = visits.deliver(self.loaded.company, folder, self.post, now, civil(now))
            if done.stops or done.visits:
                _log.info("figures of visits: %s, stops: %s", done.visits, done.stops)

    def door(self, connection: Connection) -> Door:
        """in: a connection in autocommit. raises: TemplateError for a template that may not be sent."""
        folder = self.loaded.company.messages
        assert folder is not None
        day = civil(moment(connection, self.rules.plan))
        files = Files(self.outbox)
        every: dict[str, Transport] = dict.fromkeys(self.rules.file.channels, files)
        server = smtp(self.environment, self.place)
        if server is not None:
            every["email"] = server
        templates = load_templates(folder / "templates", self.rules, day)
        if TEMPLATE not in templates.all:
            _log.warning("there is no template %s: people are told of authorities by hand (P-128)", TEMPLATE)
        return Door(
            connection,
            self.rules,
            templates,
            LinkKeys.at(self.credentials),
            SuppressionKeys.at(self.credentials),
            self.place,
            every,
            after=_after(self.loaded.company.after_sending),
            pages=self._printed(connection),
        )

    def _printed(self, connection: Connection) -> Callable[[Queued, Letter], bytes | None]:
        """Letters about requests, for those who gave no e-mail address."""

        def pages(queued: Queued, letter: Letter) -> bytes | None:
            if letter.channel != "post":
                return None
            from bloesem.cases.paper import enclosed  # it brings what makes PDFs along

            sender = self.rules.file.sender[letter.language]
            return enclosed(connection, self.rules.plan, sender, queued, letter)

        return pages


def _after(named: str | None) -> After | None:
    """What the business writes of its own when a message was sent: `module:function`."""
    if named is None:
        return None
    module, _, function = named.partition(":")
    found: After = getattr(importlib.import_module(module), function)
    return found


def smtp(environment: Mapping[str, str], place: Place) -> Smtp | None:
    """The server that the settings of the sign-in mail name; None when they name none.

    raises: SendingError for a port that is none."""
    host = environment.get("BLOESEM_SMTP_HOST", "")
    if not host:
        return None
    said = environment.get("BLOESEM_SMTP_PORT", "587")
    if not said.isdecimal() or not 0 < int(said) < 65_536:
        raise SendingError(
            "BLOESEM_SMTP_PORT is no port", "a number from 1 to 65535", "write it like 587, or leave it out"
        )
    return Smtp(
        place,
        host,
        int(said),
        tls=environment.get("BLOESEM_SMTP_TLS", "1") == "1",
        user=environment.get("BLOESEM_SMTP_USER") or None,
        password=environment.get("BLOESEM_SMTP_PASSWORD") or None,
    )


def place_of(rules: Rules, site: str) -> Place:
    """in: the address of the pages to which links lead."""
    mail = rules.file.mail
    return Place(mail.domain, site, mail.sender, mail.name)


def main(directory: str) -> None:
    """The process: works until SIGTERM or SIGINT, and exits with a message where something is in the way."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    stop = Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    environment = os.environ
    prefix = environment.get("BLOESEM_PREFIX", PREFIX)
    try:
        loaded = load_company(Path(directory), on=civil(dt.datetime.now(dt.UTC)), prefix=prefix)
        rules = rules_of(loaded)
        if rules is None:
            raise SendingError(
                "this company sends no messages",
                "what is sent stands in its folder of messages",
                "name one in bloesem.yaml: `messages: messages`",
            )
        folder = Path(environment[CREDENTIALS])
        server = dsn_from(environment) or Dsn.parse("postgresql:///bloesem")
        outbox = Path(environment["BLOESEM_OUTBOX"])
        Sender(
            Credentials.load(folder, "keeper").dsn(server, prefix),
            loaded,
            rules,
            folder,
            outbox,
            Path(environment.get("BLOESEM_INBOX") or outbox.with_name("inbox")),
            place_of(rules, environment.get("BLOESEM_PORTAL", "")),
            environment,
            stop,
            over_http if environment.get("BLOESEM_POST_NOTICES") == "1" else None,
        ).serve()
    except BloesemError as fault:
        raise SystemExit(str(fault)) from None


if __name__ == "__main__":
    import sys

    main(sys.argv[1] if len(sys.argv) > 1 else "company/blossom")

"""Starts the whole system on this machine and prints one address. Ctrl-C stops everything; what is there is kept.

The first start makes the database, puts the policy in force and invents people, so that there is something to see; a
later one takes seconds. BLOESEM_DATABASE_URL names another PostgreSQL (15 or newer) than the one that comes along.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bloesem.commands import shared

if TYPE_CHECKING:
    from bloesem.company import Loaded
    from bloesem.running.home import Home
    from bloesem.running.ready import Ready
    from bloesem.running.supervisor import Process, Supervisor
    from bloesem.stores.dsn import Dsn

EXAMPLES = """\
examples:
  bloesem up                                  everything, with 400 invented people
  bloesem up --size 2000 --port 8080
  bloesem up --no-demo --data /srv/bloesem    without invented people: no date to move, no free SQL
  bloesem up --json > up.json &                one line: the address, and what a script wants to know
  BLOESEM_DATABASE_URL=postgresql://dba:secret@db.example/bloesem bloesem up

Port, company, data directory and database are looked at before anything is made.

exit code: 0 stopped by Ctrl-C; 1 something is wrong with policy or plan; 2 wrong call; 3 database, port or a process
failed
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data", type=shared.path, metavar="DIR", help="where database, credentials and logs are kept"
    )
    parser.add_argument(
        "--port",
        type=shared.whole(1, 65_535),
        metavar="N",
        help="the pages' port (default: the first free one from 8000)",
    )
    parser.add_argument(
        "--demo",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="fill an empty database with invented people, whose date can be moved (default: yes)",
    )
    parser.add_argument(
        "--size",
        type=shared.whole(1, 1_000_000),
        default=400,
        metavar="N",
        help="how many people to invent (400)",
    )
    parser.add_argument(
        "--company",
        type=shared.path,
        metavar="DIR",
        help=f"the company (default: BLOESEM_COMPANY, or {shared.COMPANY})",
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="one line of JSON when the pages answer, and nothing else on stdout; progress goes to stderr",
    )


def run(arguments: argparse.Namespace) -> int:
    from bloesem import company as companies
    from bloesem.running.home import Home
    from bloesem.running.publisher import Publisher
    from bloesem.running.supervisor import StoppedError, Supervisor, asked_to_stop, free_port

    began = time.monotonic()
    telling = sys.stderr if arguments.json else sys.stdout

    def say(text: str) -> None:
        print(f"{time.monotonic() - began:6.1f} s  {text}", file=telling, flush=True)

    port = free_port(arguments.port)
    loaded, given = _beforehand(arguments)
    company = loaded.company.directory
    home = Home.at(arguments.data, embedded=given is None)
    supervisor = Supervisor()
    with ExitStack() as stack:
        stack.enter_context(home.alone())
        try:
            with asked_to_stop():
                dsn = given or _embedded(stack, home, say)
                stack.callback(supervisor.stop)
                while True:
                    loaded = _that_stands(dsn, loaded, say)
                    ready = _start(arguments, supervisor, dsn, loaded, home, port, say, began)
                    publisher = Publisher(dsn, ready.plan, company, home.credentials, _now)
                    stack.callback(publisher.close)
                    supervisor.watch(publisher.look)
                    publisher.close()
                    supervisor.stop()
                    loaded = companies.load(company, on=shared.today())
                    say(f"the policy of {loaded.policy.version} was put in force: everything begins anew")
        except StoppedError:
            print("\nstopping", file=telling, flush=True)
    print("stopped; everything is kept", file=telling, flush=True)
    return 0


def _start(
    arguments: argparse.Namespace,
    supervisor: Supervisor,
    dsn: Dsn,
    loaded: Loaded,
    home: Home,
    port: int,
    say: Callable[[str], None],
    began: float,
) -> Ready:
    """The database made ready, every process running, and the addresses told. raises: as `make_ready` and the supervisor."""
    from bloesem.running.ready import make_ready
    from bloesem.running.supervisor import free_port

    ready = make_ready(dsn, loaded, home, demo=arguments.demo, size=arguments.size, say=say)
    other = free_port(None, port + 1)
    for process in _processes(ready, home, loaded.company.directory, port, other):
        supervisor.start(process)
    supervisor.wait_for(port)
    portal = "portal" in ready.plan.processes and bool(ready.company.application)
    if portal:
        supervisor.wait_for(other)
    if ready.company.messages is not None:
        say(_where_mail_goes(home))
    if _has_mailbox(ready):
        say(f"mail to the privacy officer is read from {_mailbox(ready, home)}")
    say("ready; Ctrl-C stops it")
    if arguments.json:
        print(json.dumps(_facts(ready, home, port, time.monotonic() - began)), flush=True)
    else:
        print(f"\n    {_address(port)}\n", flush=True)
        if portal:
            print(f"People sign in at {_address(other)}", flush=True)
    return ready


def _that_stands(dsn: Dsn, loaded: Loaded, say: Callable[[str], None]) -> Loaded:
    """The version that the database has, where a later one's day has come and nobody put it in force."""
    from bloesem.publishing.steps import that_stands
    from bloesem.stores.postgres import connect

    with connect(dsn, autocommit=True) as admin:
        found = that_stands(admin, loaded, shared.today())
    if found is not loaded:
        say(
            f"nobody put the policy of {loaded.policy.version} in force: that of {found.policy.version} stays"
        )
    return found


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _beforehand(arguments: argparse.Namespace) -> tuple[Loaded, Dsn | None]:
    """What can be wrong before anything is made: the company, its plan, the database that is given, the folder.

    out: the company with its plan, and the address that BLOESEM_DATABASE_URL gives.
    """
    from bloesem import company
    from bloesem.running.ready import require_demonstration
    from bloesem.stores.dsn import dsn_from
    from bloesem.stores.postgres import connect

    loaded = company.load(shared.home(arguments).absolute(), on=shared.today())
    if arguments.demo:
        require_demonstration(loaded.company)
    given = dsn_from(os.environ)
    if given is not None:
        connect(given).close()
    return loaded, given


def _address(port: int) -> str:
    return f"http://localhost:{port}/"


def _where_mail_goes(home: Home) -> str:
    """Where what is sent arrives, and where what comes back is read."""
    server = os.environ.get("BLOESEM_SMTP_HOST")
    mail = f"mail goes to {server}, the rest" if server else "what is sent"
    return f"{mail} lies in {home.outbox}; bounces are read from {home.inbox}"


def _has_mailbox(ready: Ready) -> bool:
    """Whether mail becomes cases: there are cases where there are messages, as each is answered."""
    return ready.company.mailbox is not None and ready.company.messages is not None


def _mailbox(ready: Ready, home: Home) -> str:
    """The mail server that is named, or the folder."""
    settings = ready.company.mailbox
    folder = settings.folder if settings is not None else None
    return os.environ.get("BLOESEM_IMAP_HOST") or str(
        ready.company.directory / folder if folder is not None else home.privacy
    )


def _facts(ready: Ready, home: Home, port: int, seconds: float) -> dict[str, Any]:
    """What a script wants to know of a system that runs; no password."""
    return {
        "address": _address(port),
        "port": port,
        "pid": os.getpid(),
        "company": ready.plan.company,
        "policy": ready.plan.version.isoformat(),
        "demonstration": ready.demo,
        "database": str(ready.dsn),
        "data": str(home.directory),
        "logs": str(home.log("x").parent),
        "outbox": str(home.outbox),
        "inbox": str(home.inbox),
        "mailbox": _mailbox(ready, home) if _has_mailbox(ready) else None,
        "seconds": round(seconds, 1),
    }


def _embedded(stack: ExitStack, home: Home, say: Callable[[str], None]) -> Dsn:
    """The administrator's address of the system's own database; its server stops with us."""
    from bloesem.running.ready import create_database
    from bloesem.stores import embedded

    say("PostgreSQL")
    server = embedded.start(home.database)
    stack.callback(server.stop)
    return create_database(server.dsn())


def _processes(ready: Ready, home: Home, company: Path, port: int, other: int) -> list[Process]:
    """Each with its own login and the credentials of no other; a demonstration's pages open each role's door. `other`: the
    port of the pages that people sign in to, which are another process: a role is no wall inside one login."""
    from bloesem.cases import words
    from bloesem.cases.words import FILE as WORDS_KEYS
    from bloesem.company import STANDING
    from bloesem.consent.links import FILE as LINK_KEYS
    from bloesem.consent.links import LinkKeys
    from bloesem.consent.suppression import FILE as SUPPRESSION_KEYS
    from bloesem.consent.suppression import SuppressionKeys
    from bloesem.mailbox.keys import FILE as MAILBOX_KEY
    from bloesem.mailbox.keys import MailKeys
    from bloesem.recipients.posting import KEYS as NOTICE_KEYS
    from bloesem.recipients.posting import Signer
    from bloesem.rights.keys import FILE as RIGHTS_KEYS
    from bloesem.rights.keys import Keys
    from bloesem.running.supervisor import Process

    plain = {k: v for k, v in os.environ.items() if not k.startswith(("BLOESEM_", "PG"))}
    plain |= {
        "BLOESEM_DATABASE_URL": ready.dsn.to(user="nobody").url(),
        "BLOESEM_COMPANY": str(company),
        STANDING: ready.plan.version.isoformat(),
        "BLOESEM_DEMO": "1" if ready.demo else "0",
        "PYTHONUNBUFFERED": "1",
    }
    every = list(ready.plan.processes)

    def process(
        name: str,
        module: str,
        arguments: list[str],
        logins: list[str],
        keys: tuple[str, ...] = (),
        **more: str,
    ) -> Process:
        door = str(home.door(name, logins, keys))
        environment = {**plain, "BLOESEM_CREDENTIALS": door, **more}
        return Process(name, module, arguments, environment, home.log(name))

    # made once, here: a door is made anew at each start, and a key in it would be another one
    words.written(home.credentials, Keys.at(home.credentials))
    result = [
        process(
            "keeper",
            "bloesem.console.keeper",
            [str(company)],
            ["keeper"],
            (RIGHTS_KEYS,),
            BLOESEM_JOURNAL=str(home.journal),
        )
    ]
    if "worker" in every:
        result.append(process("worker", "bloesem.running.worker", [], ["worker"]))
    mail = {
        "BLOESEM_PORTAL": _address(other).rstrip("/") if "portal" in every else "",
        "BLOESEM_OUTBOX": str(home.outbox),
        **{
            name: value
            for name, value in os.environ.items()
            if name.startswith("BLOESEM_SMTP_") or name in ("BLOESEM_POST_NOTICES", "BLOESEM_VISITS")
        },
    }
    sends = ready.company.messages is not None
    if sends:
        SuppressionKeys.at(home.credentials)
        LinkKeys.at(home.credentials)
        Signer.at(home.credentials)
        result.append(
            process(
                "door",
                "bloesem.sending.process",
                [str(company)],
                ["keeper"],
                (SUPPRESSION_KEYS, LINK_KEYS, NOTICE_KEYS),
                BLOESEM_INBOX=str(home.inbox),
                **mail,
            )
        )
    if _has_mailbox(ready):
        MailKeys.at(home.credentials)
        result.append(
            process(
                "mailbox",
                "bloesem.mailbox.process",
                [str(company)],
                ["keeper"],
                (MAILBOX_KEY,),
                BLOESEM_MAILBOX=_mailbox(ready, home),
                BLOESEM_MEMORY=str(home.mailbox_memory),
                BLOESEM_PORTAL=mail["BLOESEM_PORTAL"],
                **{k: v for k, v in os.environ.items() if k.startswith("BLOESEM_IMAP_")},
            )
        )
    if not ready.company.application:
        return result
    pages = {
        "BLOESEM_SECRET_KEY": home.secret(),
        "DJANGO_SETTINGS_MODULE": ready.company.application,
        "BLOESEM_CONSOLE": _address(port).rstrip("/"),
        **mail,
    }
    asks = (
        [ready.plan.oversight.process] if ready.plan.oversight else []
    )  # the officer's pages are the portal's
    for name, logins, at in (("console", every, port), ("portal", ["portal", *asks], other)):
        if name in every:
            mine = logins if ready.demo or name == "portal" else [name]
            keys = (LINK_KEYS, WORDS_KEYS) if sends and name == "portal" else ()
            result.append(
                process(name, "bloesem.running.web", [str(at)], mine, keys, BLOESEM_PROCESS=name, **pages)
            )
    return result

"""Starts the whole system on this machine and prints one address. Ctrl-C stops everything; what is there is kept.

The first start makes the database, puts the policy in force and invents people, so that there is something to see; a
later one takes seconds. BLOESEM_DATABASE_URL names another PostgreSQL (15 or newer) than the one that comes along.
"""

from __future__ import annotations

import argparse
import os
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from bloesem.commands import shared

if TYPE_CHECKING:
    from bloesem.running.home import Home
    from bloesem.running.ready import Ready
    from bloesem.running.supervisor import Process
    from bloesem.stores.dsn import Dsn

EXAMPLES = """\
examples:
  bloesem up                                  everything, with 400 invented people
  bloesem up --size 2000 --port 8080
  bloesem up --no-demo --data /srv/bloesem    without invented people: no date to move, no free SQL

exit code: 0 stopped by Ctrl-C; 1 something is wrong with policy or plan; 3 database, port or a process failed
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="where database, credentials and logs are kept"
    )
    parser.add_argument(
        "--port", type=int, metavar="N", help="the pages' port (default: the first free one from 8000)"
    )
    parser.add_argument(
        "--demo",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="fill an empty database with invented people, whose date can be moved (default: yes)",
    )
    parser.add_argument("--size", type=int, default=400, metavar="N", help="how many people to invent (400)")
    parser.add_argument(
        "--company", type=Path, metavar="DIR", help=f"the company (default: {shared.COMPANY})"
    )


def run(arguments: argparse.Namespace) -> int:
    from bloesem.running.home import Home
    from bloesem.running.ready import make_ready
    from bloesem.running.supervisor import StoppedError, Supervisor, asked_to_stop, free_port

    began = time.monotonic()
    company = shared.home(arguments).absolute()

    def say(text: str) -> None:
        print(f"{time.monotonic() - began:6.1f} s  {text}", flush=True)

    home = Home.at(arguments.data)
    port = free_port(arguments.port)
    supervisor = Supervisor()
    with ExitStack() as stack:
        stack.enter_context(home.alone())
        try:
            with asked_to_stop():
                dsn = _database(stack, home, say)
                stack.callback(supervisor.stop)
                ready = make_ready(
                    dsn,
                    company,
                    home,
                    today=shared.today(),
                    demo=arguments.demo,
                    size=arguments.size,
                    say=say,
                )
                for process in _processes(ready, home, company, port):
                    supervisor.start(process)
                supervisor.wait_for(port)
                say("ready; Ctrl-C stops it")
                print(f"\n    http://localhost:{port}/\n", flush=True)
                supervisor.watch()
        except StoppedError:
            print("\nstopping", flush=True)
    print("stopped; everything is kept", flush=True)
    return 0


def _database(stack: ExitStack, home: Home, say: object) -> Dsn:
    """The administrator's address of the system's database. An embedded server stops with us."""
    from bloesem.running.ready import create_database
    from bloesem.stores import embedded
    from bloesem.stores.dsn import dsn_from

    given = dsn_from(os.environ)
    if given is not None:
        return given
    say("PostgreSQL")  # type: ignore[operator]
    server = embedded.start(home.database)
    stack.callback(server.stop)
    return create_database(server.dsn())


def _processes(ready: Ready, home: Home, company: Path, port: int) -> list[Process]:
    """Each with its own login and the credentials of no other; a demonstration's pages open each role's door."""
    from bloesem.running.supervisor import Process

    plain = {k: v for k, v in os.environ.items() if not k.startswith(("BLOESEM_", "PG"))}
    plain |= {
        "BLOESEM_DATABASE_URL": ready.dsn.to(user="nobody").url(),
        "BLOESEM_COMPANY": str(company),
        "BLOESEM_DEMO": "1" if ready.demo else "0",
        "PYTHONUNBUFFERED": "1",
    }
    every = list(ready.plan.processes)

    def process(name: str, module: str, arguments: list[str], logins: list[str], **more: str) -> Process:
        door = str(home.door(name, logins))
        environment = {**plain, "BLOESEM_CREDENTIALS": door, **more}
        return Process(name, module, arguments, environment, home.log(name))

    result = [process("keeper", "bloesem.console.keeper", [str(company)], ["keeper"])]
    if "worker" in every:
        result.append(process("worker", "bloesem.running.worker", [], ["worker"]))
    if ready.company.application and "console" in every:
        result.append(
            process(
                "console",
                "bloesem.running.web",
                [str(port)],
                every if ready.demo else ["console"],
                BLOESEM_PROCESS="console",
                BLOESEM_SECRET_KEY=home.secret(),
                DJANGO_SETTINGS_MODULE=ready.company.application,
            )
        )
    return result

"""`bloesem recipients give`, `due`, `returned`, `destroyed`, `dispatched`: what goes to a recipient, and what comes back."""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bloesem.commands import people, shared

if TYPE_CHECKING:
    from bloesem.company import Loaded
    from bloesem.recipients.disclose import Disclosed
    from bloesem.stores.postgres import Connection

#: The first word of the call; anything else is a recipient's key.
SAID = ("returned", "destroyed", "dispatched")
#: Django's connection of the login that reads.
GIVING = "giving"
VERBS = ("give", "due", *SAID)


def configure(parser: argparse.ArgumentParser) -> None:
    give = parser.add_argument_group("to give", "bloesem recipients give RECIPIENT")
    give.add_argument("--assignment", metavar="KEY", help="for which job, project, list, request or deal")
    give.add_argument(
        "--purpose", metavar="KEY", help="for which purpose (default: the only one it is registered for)"
    )
    give.add_argument(
        "--person",
        action="append",
        default=[],
        metavar="KIND=VALUE",
        help="of whom: email=a@b.example; once for each",
    )
    give.add_argument(
        "--everybody", action="store_true", help="of everybody; who may not be in it is left out"
    )
    give.add_argument(
        "--ends", type=shared.day, metavar="DAY", help="of an archive: only what is destroyed by that day"
    )
    give.add_argument(
        "--since", type=shared.day, metavar="DAY", help="of letters: documents of that day or later alone"
    )
    give.add_argument(
        "--dry-run", action="store_true", help="count, and say who is left out and why; nothing goes"
    )
    give.add_argument("--actor", metavar="WHO", help="who of the staff gives it")
    give.add_argument("--second", metavar="WHO", help="who else agreed, where two decide")
    give.add_argument(
        "--case", type=shared.whole(1, 2**62), metavar="N", help="the case it belongs to, where one is asked"
    )
    back = parser.add_argument_group(
        "to write down what came back", f"bloesem recipients {'|'.join(SAID)} NUMBER"
    )
    back.add_argument(
        "--proof", metavar="TEXT", help="what proves it: the reference of a letter or certificate"
    )
    back.add_argument(
        "--certificate",
        type=shared.path,
        metavar="FILE",
        help="the certificate; its hash is kept, not the file",
    )
    where = parser.add_argument_group("where")
    where.add_argument(
        "--to",
        type=shared.path,
        metavar="DIR",
        help="the directory of exports (default: exports, beside the data)",
    )
    where.add_argument(
        "--credentials",
        type=shared.path,
        metavar="DIR",
        help="the directory with the logins (default: as `bloesem up` keeps them)",
    )
    shared.add_store(parser, f"the database, for these verbs (default: {shared.HERE})")


#: What only a verb reads.
OF_VERBS = (
    *("assignment", "purpose", "person", "everybody", "dry_run", "actor", "second", "case", "ends", "since"),
    *("proof", "certificate", "to", "credentials", "store"),
)


def refuse_without_verb(arguments: argparse.Namespace, but: Sequence[str] = ()) -> None:
    """raises: UsageError for an option that a list of recipients does not read. `but`: those that are read all the same."""
    for name in OF_VERBS:
        if name not in but and getattr(arguments, name):
            option = "--" + name.replace("_", "-")
            raise shared.UsageError(
                f"{option} without a verb",
                "recipients are read from the record; the database is asked where something is given or comes back",
                f"say which: bloesem recipients {'|'.join(VERBS)} … {option} …",
            )


def run(arguments: argparse.Namespace) -> int:
    verb, *names = arguments.names
    if verb == "due":
        return _due(arguments)
    if len(names) != 1:
        raise shared.UsageError(
            f"`{verb}` is about one {'recipient' if verb == 'give' else 'disclosure'}, and {len(names)} are named",
            "each is decided and recorded by itself",
            f"say bloesem recipients {verb} {'RECIPIENT' if verb == 'give' else 'NUMBER'}",
        )
    return _give(arguments, names[0]) if verb == "give" else _back(arguments, verb, names[0])


@dataclass(frozen=True)
class _Here:
    """The database with the plan in force, as keeper."""

    connection: Connection
    loaded: Loaded
    now: dt.datetime
    url: str
    directory: Path


@contextmanager
def _here(arguments: argparse.Namespace) -> Iterator[_Here]:
    from bloesem import company
    from bloesem.running.home import Home
    from bloesem.stores.facts import moment

    url = arguments.store or shared.HERE
    with shared.store(url) as connection:
        version, _ = people.in_force(connection)
        loaded = company.load(shared.home(arguments), on=version, prefix=arguments.prefix)
        people.same_plan(loaded.plan, connection)
        directory = arguments.to or Home.at(None, embedded=url == shared.HERE).directory / "exports"
        yield _Here(connection, loaded, moment(connection, loaded.plan), url, directory)


def _give(arguments: argparse.Namespace, key: str) -> int:
    from bloesem.policy.company import load_company
    from bloesem.recipients.disclose import disclose
    from bloesem.recipients.returns import purge
    from bloesem.stores.facts import moment

    home = shared.home(arguments)
    with _here(arguments) as here:
        for_ = _purpose(here.loaded, key, arguments.purpose)
        chosen = _people(here, arguments)
        purge(here.connection, here.directory, now=here.now)
        with _entered(here, arguments, _read_through(here.loaded, key, for_)):
            done = disclose(
                lambda: load_company(home),
                *(key, for_, chosen),
                to=here.directory,
                clock=lambda: moment(here.connection, here.loaded.plan),
                assignment=arguments.assignment,
                using=GIVING,
                actor=arguments.actor,
                case=arguments.case,
                second=arguments.second,
                ending=arguments.ends,
                since=arguments.since,
                dry_run=arguments.dry_run,
            )
    _tell(arguments, key, for_, done, len(chosen))
    return 0


def _purpose(loaded: Loaded, key: str, asked: str | None) -> str:
    from bloesem.recipients.decide import parts_of
    from bloesem.source import nearest

    known = loaded.company.record.recipients
    if key not in known:
        raise shared.UsageError(
            f"no recipient is called {key}",
            "recipients are registered in the record (P-112)",
            f"use one of: {nearest(key, known) or 'none is registered'}",
        )
    parts = sorted(parts_of(loaded.policy, known[key].purposes))
    if asked is None and len(parts) != 1:
        raise shared.UsageError(
            f"{key} is registered for {len(parts)} purposes",
            "P-111: each disclosure is for one purpose",
            f"say --purpose, one of: {', '.join(parts) or 'none'}",
        )
    return asked or parts[0]


def _read_through(loaded: Loaded, key: str, for_: str) -> str:
    from bloesem.recipients.delivery import delivery_of

    record = loaded.company.record
    return delivery_of(record, record.recipients[key]).through or for_


def _people(here: _Here, arguments: argparse.Namespace) -> list[int]:
    """raises: UsageError where nobody was named, RightsError for a name that finds nobody or several."""
    from bloesem.rights.guarded.who import Finder
    from bloesem.rights.identify import Who

    if arguments.everybody == bool(arguments.person):
        raise shared.UsageError(
            "it is not said of whom",
            "a disclosure is of people who were named, or of everybody",
            "say --person or --everybody",
        )
    if arguments.everybody:
        rows = here.connection.execute("SELECT person_id FROM bloesem.state ORDER BY person_id").fetchall()
        return [row[0] for row in rows]
    found = Finder(here.connection, here.loaded.plan).find([(Who.parse(one),) for one in arguments.person])
    return sorted({number for one in found for number in one.numbers})


@contextmanager
def _entered(here: _Here, arguments: argparse.Namespace, for_: str) -> Iterator[None]:
    """In the block this process reads as the login that serves the purpose, and as no other."""
    import django
    from django.conf import settings
    from django.db import connections

    from bloesem.gate.secrets import Credentials
    from bloesem.gate.served import configure as serve
    from bloesem.gate.served import forget
    from bloesem.gate.settings import CREDENTIALS, process_database
    from bloesem.running.home import Home

    plan = here.loaded.plan
    login = next((name for name, served in plan.processes.items() if for_ in served), None)
    if login is None:
        raise shared.UsageError(
            f"no process serves `{for_}`",
            "a purpose is read by a login of the record, never as keeper",
            "name a purpose that `processes` of the record has",
        )
    given = arguments.credentials or (Path(os.environ[CREDENTIALS]) if os.environ.get(CREDENTIALS) else None)
    credentials = Credentials.load(
        given or Home.at(None, embedded=here.url == shared.HERE).credentials, login
    )
    address = shared.address_of(here.url, here.connection)
    entry = process_database(credentials.dsn(address, plan.prefix))
    if not settings.configured:
        settings.configure(USE_TZ=True)
        django.setup()
    complete = connections.configure_settings({"default": {}, GIVING: entry})
    connections.settings[GIVING] = complete[GIVING]
    serve(plan, credentials, using=GIVING)
    try:
        yield
    finally:
        connections[GIVING].close()
        forget(GIVING)
        del connections[GIVING], connections.settings[GIVING]


def _tell(arguments: argparse.Namespace, key: str, for_: str, done: Disclosed, asked: int) -> None:
    said: dict[str, Any] = {
        "recipient": key,
        "purpose": for_,
        "assignment": arguments.assignment,
        "dry_run": arguments.dry_run,
        "disclosure": done.number or None,
        "directory": str(done.directory) if done.number else None,
        "asked": asked,
        "people": len(done.people),
        "rows": done.rows,
        "left_out": dict(done.left_out),
        "confirm": done.back,
        "due": done.due,
    }
    if arguments.json:
        shared.print_json(said)
        return
    what = "would go" if arguments.dry_run else "went"
    print(f"{done.rows} rows of {len(done.people)} of {asked} people {what} to {key}, for {for_}")
    for why, count in done.left_out.items():
        print(f"  left out: {count}, {why}")
    if not done.number and not done.dry:
        print("  so nothing went, and nothing was recorded")
    elif not done.dry:
        print(f"  disclosure {done.number}: {done.directory}")
        if done.back:
            print(
                f"  {done.back} by {done.due or 'no day'}; then: bloesem recipients {done.back} {done.number} --proof …"
            )


def _back(arguments: argparse.Namespace, verb: str, number: str) -> int:
    from bloesem.plan.dates import civil
    from bloesem.recipients.returns import confirm, purge

    if not number.isdecimal() or len(number) > 18:
        raise shared.UsageError(
            f"`{verb}` is about a disclosure by its number",
            "each is recorded by itself",
            "see: bloesem recipients due",
        )
    if not arguments.proof:
        raise shared.UsageError(
            "nothing proves it",
            "art. 28(3)(g): with a proof",
            "say --proof, the reference of a letter or certificate",
        )
    certificate = None
    if arguments.certificate is not None:
        try:
            certificate = hashlib.sha256(arguments.certificate.read_bytes()).digest()
        except OSError as fault:
            raise shared.UsageError(
                f"{arguments.certificate} cannot be read ({type(fault).__name__})",
                "its hash is kept",
                "name the file",
            ) from None
    with _here(arguments) as here:
        on = arguments.on or civil(here.now)
        confirm(
            *(here.connection, int(number), verb),
            on=on,
            proof=arguments.proof,
            certificate=certificate,
            now=here.now,
        )
        purged = purge(here.connection, here.directory, now=here.now)
    if arguments.json:
        shared.print_json({"disclosure": int(number), "said": verb, "on": on, "purged": purged})
    else:
        gone = f"; our copy is removed: {', '.join(map(str, purged))}" if purged else ""
        print(f"disclosure {number} was {verb} on {on}{gone}")
    return 0


def _due(arguments: argparse.Namespace) -> int:
    from bloesem.plan.dates import civil
    from bloesem.recipients.register import warned_until
    from bloesem.recipients.returns import open_ones, overdue_findings

    with _here(arguments) as here:
        today = arguments.on or civil(here.now)
        found = open_ones(here.connection)
        soon = warned_until(here.loaded.company, today)
    findings = overdue_findings(found, today, soon)
    if arguments.json:
        shared.print_json(
            {
                "on": today,
                "open": [{**vars(one), "overdue": one.overdue(today)} for one in found],
                "findings": [
                    {"kind": f.kind, "what": f.thing, "rule": f.rule, "remedy": f.remedy} for f in findings
                ],
            }
        )
    else:
        _print_due(found, today)
    return 1 if any(one.overdue(today) for one in found) else 0


def _print_due(found: Sequence[Any], today: dt.date) -> None:
    rows = [
        (
            *(
                str(one.number),
                one.recipient,
                one.assignment or "",
                str(one.given_on),
                one.back,
                str(one.due or ""),
            ),
            "✗ overdue" if one.overdue(today) else "",
        )
        for one in found
    ]
    head = ("number", "recipient", "for", "given on", "to be", "by", f"on {today}")
    print(shared.table(rows, head) if rows else "nothing has to come back")

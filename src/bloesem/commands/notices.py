"""Notices to recipients of what became of the data that they got (art. 19): which there are, and the next step of each.

A correction, erasure, restriction, objection or withdrawal queues a notice for every recipient that really got any of it.
--send mails those that are queued, over the SMTP server of BLOESEM_SMTP_HOST; who has no address stays a task: write to it,
and say so with --sent. A recipient's proof is noted with --proven; what has none on its day is escalated, once.

What was made public is written down with --publish, and with --copy whoever links to it or copied it: an erasure tells each
of them to take it down (art. 17(2)). --public lists it; --gone closes it once each showed that it is gone.
"""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Any

from bloesem.commands import made_public, shared

if TYPE_CHECKING:
    from bloesem.policy.company import Company
    from bloesem.recipients.notices import Notice

EXAMPLES = """\
examples:
  bloesem notices                                      what is open, the most urgent first
  bloesem notices --all --json                         those with proof too, for a program
  bloesem notices --send                               mails what is queued
  bloesem notices --sent 12 --to "letter of 3 May"     it went otherwise
  bloesem notices --proven 12 --proof "mail of 9 May"  the recipient has done it
  bloesem notices --escalate                           what is late: named once, for a person to act on
  bloesem notices --public                             what was made public of somebody, and where it stands
  bloesem notices --publish contest_entry.answer --person email=a@b.example --purpose contest --name Blossom --page https://blossom.example/won
  bloesem notices --copy 3 --name Search --page https://search.example/won --contact erase@search.example

exit code: 0 done; 1 refused, with rule and remedy, or something is late; 2 wrong call; 3 the database cannot be reached
"""


def configure(parser: argparse.ArgumentParser) -> None:
    shared.add_store(parser, f"the database whose notices they are (default: {shared.HERE})")
    shared.add_home(parser)
    shared.add_prefix(parser)
    parser.add_argument("--all", action="store_true", help="also those that are proven")
    steps = parser.add_mutually_exclusive_group()
    steps.add_argument("--send", action="store_true", help="mail what is queued")
    steps.add_argument("--sent", type=int, metavar="NUMBER", help="this one went otherwise (with --to)")
    steps.add_argument("--proven", type=int, metavar="NUMBER", help="this one was done (with --proof)")
    steps.add_argument("--escalate", action="store_true", help="name those whose day is over, once")
    made_public.configure(parser, steps)
    parser.add_argument("--to", default="", metavar="WHERE", help="where it went")
    parser.add_argument("--proof", default="", metavar="WHAT", help="what shows that it was done")
    shared.add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from bloesem.gate.keeping import keeper
    from bloesem.policy.company import load_company
    from bloesem.recipients import notices

    made_public.check(arguments)
    if made_public.wanted(arguments):
        return made_public.run(arguments)
    _complete(arguments)
    company = load_company(shared.home(arguments))
    late: list[Notice] = []
    said: dict[str, Any] = {}
    with shared.store(arguments.store or shared.HERE) as connection:
        row = connection.execute("SELECT bloesem.moment(), bloesem.today()").fetchone()
        assert row is not None
        now, today = row
        if arguments.send:
            said = _send(arguments, company, connection, now)
        else:
            with connection.transaction(), keeper(connection, arguments.prefix):
                if arguments.sent is not None:
                    notices.sent(connection, arguments.sent, arguments.to, now)
                elif arguments.proven is not None:
                    notices.proven(connection, arguments.proven, arguments.proof, now)
                elif arguments.escalate:
                    late = notices.escalate(connection, today, now)
        with connection.transaction(), keeper(connection, arguments.prefix):
            shown = late if arguments.escalate else notices.listed(connection, proven=arguments.all)
    if arguments.json:
        shared.print_json({"notices": [as_dict(one) for one in shown], **said})
    else:
        _print(shown, said, escalated=arguments.escalate)
    return 1 if late else 0


def _complete(arguments: argparse.Namespace) -> None:
    for step, name in (("sent", "to"), ("proven", "proof")):
        if (getattr(arguments, step) is not None) != bool(getattr(arguments, name).strip()):
            raise shared.UsageError(
                f"--{step} and --{name} belong together",
                "art. 5(2), 19: it can be shown",
                f"bloesem notices --{step} 12 --{name} …",
            )


def _send(arguments: argparse.Namespace, company: Company, connection: Any, now: Any) -> dict[str, Any]:
    from bloesem.recipients.send import send
    from bloesem.sending.transports import Place, Smtp

    host, sender = os.environ.get("BLOESEM_SMTP_HOST", ""), os.environ.get("BLOESEM_MAIL_FROM", "")
    if not host or "@" not in sender:
        raise shared.UsageError(
            "no mail server, or no address to send from, is named",
            "art. 19: a notice goes to the recipient, and its answer comes back",
            "set BLOESEM_SMTP_HOST and BLOESEM_MAIL_FROM; or write yourself, and say --sent",
        )
    domain = sender.rpartition("@")[2]
    place = Place(domain, f"https://{domain}", sender, domain)
    transport = Smtp(
        place,
        host,
        int(os.environ.get("BLOESEM_SMTP_PORT", "587")),
        tls=os.environ.get("BLOESEM_SMTP_TLS", "1") == "1",
        user=os.environ.get("BLOESEM_SMTP_USER") or None,
        password=os.environ.get("BLOESEM_SMTP_PASSWORD") or None,
    )
    try:
        done = send(connection, company.record.recipients, transport, place, now, prefix=arguments.prefix)
    finally:
        transport.close()
    return {
        "went": [one.id for one in done.went],
        "tasks": [one.id for one in done.tasks],
        "later": [one.id for one in done.later],
    }


def as_dict(one: Notice) -> dict[str, Any]:
    return {
        "id": one.id,
        "request": str(one.request),
        "recipient": one.recipient,
        "change": one.change,
        "state": one.state,
        "escalated": one.escalated_at is not None,
        "given": {table: list(names) for table, names in one.given.items()},
        "references": {str(file): number for file, number in one.references.items()},
        "due": one.due,
        "asked_at": one.asked_at,
        "sent_at": one.sent_at,
        "proven_at": one.proven_at,
    }


def _print(shown: list[Notice], said: dict[str, Any], *, escalated: bool) -> None:
    if said:
        print(
            f"{len(said['went'])} sent, {len(said['tasks'])} for you to write, {len(said['later'])} not taken yet"
        )
        for number in said["tasks"]:
            print(
                f"  write to the recipient of {number} yourself, then: bloesem notices --sent {number} --to …"
            )
    rows = [
        (
            str(one.id),
            one.recipient,
            one.change,
            one.state + (", escalated" if one.escalated_at and one.state != "proven" else ""),
            str(one.due),
            "; ".join(f"{table} ({', '.join(names)})" for table, names in one.given.items()),
        )
        for one in shown
    ]
    if rows:
        print(shared.table(rows, ("no", "recipient", "change", "state", "due", "of what")))
    else:
        print("nothing is late" if escalated else "no notice is open")

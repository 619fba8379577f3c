"""`bloesem recipients do-not-call`: the list of numbers that nobody calls for advertising (VI.111 WER, P-090)."""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

from bloesem.commands import people, shared

if TYPE_CHECKING:
    from bloesem.consent.rules import Rules
    from bloesem.stores.postgres import Connection

VERB = "do-not-call"


def run(arguments: argparse.Namespace) -> int:
    """With a file: it replaces the list that is there, whole, or nothing changes. Without: which list there is. out: 1 where
    it is too old to call by. raises: ListError for a file that cannot be trusted; it names the line, never a number."""
    from bloesem.consent.phone_list import import_list
    from bloesem.gate.keeping import keeper
    from bloesem.plan.dates import civil
    from bloesem.stores.facts import moment

    files = arguments.names[1:]
    if len(files) > 1:
        raise shared.UsageError(
            f"`{VERB}` takes one file, and {len(files)} are named",
            "a list is imported whole, and replaces the one before (P-090)",
            f"say bloesem recipients {VERB} FILE",
        )
    data = _read(Path(files[0])) if files else None
    with shared.store(arguments.store or shared.HERE) as connection:
        rules = _rules(arguments, connection)
        if data is not None:
            with keeper(connection, arguments.prefix):
                import_list(connection, rules, data)
        return _tell(arguments, connection, rules, civil(moment(connection, rules.plan)))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as fault:
        raise shared.UsageError(
            f"{path} cannot be read: {fault.strerror or type(fault).__name__}",
            "a list is a file: UTF-8, one number a line, its day first and how many there are last",
            "name the file that was fetched from the list's keeper",
        ) from None


def _rules(arguments: argparse.Namespace, connection: Connection) -> Rules:
    from bloesem import company
    from bloesem.sending.ready import rules_of

    version, _ = people.in_force(connection)
    loaded = company.load(shared.home(arguments), on=version, prefix=arguments.prefix)
    people.same_plan(loaded.plan, connection)
    rules = rules_of(loaded)
    if rules is None:
        raise shared.UsageError(
            "this company sends nothing, and calls nobody",
            "the list is consulted by the door for everything that is sent (P-090)",
            "a company that calls has a folder `messages`",
        )
    return rules


def _tell(arguments: argparse.Namespace, connection: Connection, rules: Rules, today: dt.date) -> int:
    from bloesem.consent.phone_list import stale
    from bloesem.plan.dates import last_day
    from bloesem.plan.quoting import ident
    from bloesem.terms import counted

    table = f"{ident(rules.plan.schema)}.phone_list_import"
    row = connection.execute(
        f"SELECT as_of, numbers FROM {table} ORDER BY as_of DESC, id DESC LIMIT 1".encode()
    ).fetchone()
    as_of, numbers = row or (None, 0)
    old, until = stale(rules, as_of, today), as_of and last_day(as_of, rules.file.phone_list.fresh)
    if arguments.json:
        shared.print_json({"as_of": as_of, "numbers": numbers, "until": until, "may_call": not old})
    elif as_of is None:
        print(f"{rules.file.phone_list.name}: no list was ever imported, so nobody is called for advertising")
    else:
        what = "too old, so nobody is called for advertising" if old else f"good through {until}"
        print(f"{rules.file.phone_list.name}: {counted(numbers, 'number')} of {as_of}, {what}")
    return 1 if old else 0


__all__ = ["VERB", "run"]

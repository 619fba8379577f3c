"""The do-not-call list ("Bel me niet meer!", VI.110-VI.115 WER; P-090): imported whole, or not at all.

The file is UTF-8, one number a line (E.164, or as Belgium dials), `#` begins a comment. Its first line says of which day it
is, its last how many numbers there were, so that one that was cut off is seen:

    # date: 2026-11-20
    +32470000001
    # numbers: 1

An import replaces the list that was there. Nobody is called for advertising while the newest list is older than the company
allows.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from dataclasses import dataclass

from psycopg import sql

from bloesem.consent.errors import ListError
from bloesem.consent.rules import Rules
from bloesem.plan.dates import civil, last_day
from bloesem.rights.identifiers import IdentifierError, phone
from bloesem.stores.facts import moment
from bloesem.stores.postgres import Connection

_DATE = re.compile(r"^# date: (\d{4}-\d{2}-\d{2})$")
_COUNT = re.compile(r"^# numbers: (\d{1,9})$")
_RULE = "VI.111 WER, P-090: numbers are compared with the whole list, as it stands now"


@dataclass(frozen=True)
class PhoneList:
    as_of: dt.date
    numbers: frozenset[str]
    digest: str


def read_list(data: bytes) -> PhoneList:
    """in: the file's bytes. out: its numbers, E.164. Pure.

    raises: ListError for another encoding, a file that was cut off, one without a day, or a line that is no number; the
    error names the line, never the number.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _refuse(f"byte {error.start} of the list is no UTF-8", "convert it: iconv -t utf-8") from None
    if "\x00" in text or text.startswith("\ufeff"):
        raise _refuse(
            "the list is in another encoding than UTF-8, or has a mark of one", "convert it to plain UTF-8"
        )
    lines = text.split("\n")
    if lines[-1] != "":
        raise _refuse("the list ends within a line: it was cut off", "fetch it again, whole")
    lines = [line.rstrip("\r") for line in lines[:-1]]
    dated, counted = (_DATE.match(lines[0]), _COUNT.match(lines[-1])) if lines else (None, None)
    if dated is None:
        raise _refuse("the list does not say of which day it is", "its first line is `# date: 2026-11-20`")
    if counted is None:
        raise _refuse(
            "the list does not say how many numbers it has: it was cut off", "fetch it again, whole"
        )
    try:
        as_of = dt.date.fromisoformat(dated[1])
    except ValueError:
        raise _refuse("the day of the list is no day", "write it as `# date: 2026-11-20`") from None
    found: list[str] = []
    for number, line in enumerate(lines[1:-1], 2):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            code, national = phone(line)
        except IdentifierError:
            raise _refuse(
                f"line {number} of the list is no telephone number", "fetch it again, or mend the line"
            ) from None
        found.append(f"+{code}{national}")
    if len(found) != int(counted[1]):
        raise _refuse(
            f"the list has {len(found)} numbers and says that it has {counted[1]}: something is missing",
            "fetch it again, whole",
        )
    return PhoneList(as_of, frozenset(found), hashlib.sha256(data).hexdigest())


def import_list(connection: Connection, rules: Rules, data: bytes) -> PhoneList:
    """Replace the list by this one. in: as keeper. raises: ListError as `read_list`, and for one that is too old, dated
    ahead, or older than the list that is there; what was there stays then."""
    made = read_list(data)
    today = civil(moment(connection, rules.plan))
    if made.as_of > today:
        raise _refuse("the list is dated ahead", "fetch it again")
    if stale(rules, made.as_of, today):
        raise _refuse(
            f"the list is of {made.as_of}: older than {rules.file.phone_list.fresh}", "fetch today's"
        )
    s = sql.Identifier(rules.plan.schema)
    with connection.transaction():
        connection.execute(sql.SQL("LOCK TABLE {}.phone_list_import IN SHARE ROW EXCLUSIVE MODE").format(s))
        last = connection.execute(sql.SQL("SELECT max(as_of) FROM {}.phone_list_import").format(s)).fetchone()
        if last and last[0] is not None and last[0] > made.as_of:
            raise _refuse(f"a list of {last[0]} is in use, which is newer", "fetch today's")
        connection.execute(sql.SQL("DELETE FROM {}.phone_list").format(s))
        with (
            connection.cursor() as cursor,
            cursor.copy(sql.SQL("COPY {}.phone_list FROM STDIN").format(s)) as copy,
        ):
            for number in sorted(made.numbers):
                copy.write_row((number,))
        connection.execute(
            sql.SQL(
                "INSERT INTO {s}.phone_list_import (as_of, imported_at, numbers, digest) VALUES (%s, {s}.moment(), %s, %s)"
            ).format(s=s),
            [made.as_of, len(made.numbers), made.digest],
        )
    return made


def stale(rules: Rules, as_of: dt.date | None, today: dt.date) -> bool:
    """Whether a list of that day is too old to call by (none at all is)."""
    return as_of is None or last_day(as_of, rules.file.phone_list.fresh) < today


def _refuse(thing: str, remedy: str) -> ListError:
    return ListError(thing, _RULE, remedy)

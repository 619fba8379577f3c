"""What comes back of what was given: returned, destroyed or dispatched by its day, with a proof; our own copy goes too.

As keeper. A confirmation is a dated record that nobody changes (`disclosure_end`). What is open past its day is
overdue: it is told, and nothing new goes to that recipient (P-116, P-117, P-120, P-121).
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from bloesem.errors import BloesemError
from bloesem.findings import Finding
from bloesem.ledger.acts import SCHEMA
from bloesem.plan.dates import civil
from bloesem.stores.postgres import Connection

#: What was asked for → what is as good: a project is returned or erased (P-120), as the policy says.
AS_GOOD = {"returned": ("returned", "destroyed"), "destroyed": ("destroyed",), "dispatched": ("dispatched",)}
RULE = "P-116, P-117, P-120, P-121; art. 28(3)(g): returned, destroyed or dispatched, by its day and with a proof"
_PURGE = ".purge-"


class ReturnError(BloesemError):
    """A confirmation that is not written down."""


@dataclass(frozen=True)
class Open:
    """A disclosure whose end nobody confirmed. `due`: its last day, inclusive; none: no day was agreed."""

    number: int
    recipient: str
    assignment: str | None
    given_on: dt.date
    back: str
    due: dt.date | None

    def overdue(self, today: dt.date) -> bool:
        return self.due is not None and self.due < today


def open_ones(connection: Connection, schema: str = SCHEMA) -> list[Open]:
    """All that have to come back and did not, the earliest day first. As keeper or administrator."""
    rows = connection.execute(
        sql.SQL(
            "SELECT d.id, d.recipient, d.assignment, d.as_of, d.back, d.ends FROM {s}.disclosure d WHERE d.back IS NOT NULL"
            " AND NOT EXISTS (SELECT FROM {s}.disclosure_end e WHERE e.disclosure_id = d.id AND e.how = 'confirmed')"
            " ORDER BY d.ends NULLS LAST, d.id"
        ).format(s=sql.Identifier(schema))
    ).fetchall()
    return [Open(row[0], row[1], row[2], civil(row[3]), row[4], row[5]) for row in rows]


def overdue_findings(found: Iterable[Open], today: dt.date, soon: dt.date) -> list[Finding]:
    """in: a civil day, and the last day of which somebody is told ahead. Pure."""
    made = []
    for one in found:
        if one.due is None or one.due > soon:
            continue
        late = one.overdue(today)
        when = f"was due on {one.due}, {(today - one.due).days} days ago" if late else f"is due on {one.due}"
        made.append(
            Finding(
                "error" if late else "warning",
                "disclosure-overdue" if late else "disclosure-due",
                f"disclosure {one.number} to `{one.recipient}`: that it was {one.back} {when}",
                RULE,
                f"ask for the proof, then: bloesem recipients {one.back} {one.number} --proof REFERENCE",
                "bloesem.disclosure",
            )
        )
    return made


def confirm(
    connection: Connection,
    number: int,
    said: str,
    *,
    on: dt.date,
    proof: str,
    certificate: bytes | None = None,
    now: dt.datetime,
    schema: str = SCHEMA,
) -> None:
    """Write down what a recipient confirmed. in: the disclosure's number; `returned`, `destroyed` or `dispatched`; the civil
    day on which it happened; a reference that proves it, and the hash of a certificate; `now`, an aware moment. As keeper.

    raises: ReturnError for a number that is not there, nothing to confirm, another thing than was agreed, no certificate
    where one was, a day ahead or before it was given, no proof, or a second time. Nothing is written then.
    """
    s = sql.Identifier(schema)
    with connection.transaction():
        row = connection.execute(
            sql.SQL(
                "SELECT back, as_of, recipient, certified FROM {}.disclosure WHERE id = %s FOR SHARE"
            ).format(s),
            [number],
        ).fetchone()
        if row is None:
            raise ReturnError(
                f"there is no disclosure {number}",
                RULE,
                "see `bloesem recipients due` for those that are open",
            )
        if row[0] is None:
            raise ReturnError(
                f"of disclosure {number} nothing has to come back", RULE, "nothing is to be done"
            )
        if said not in AS_GOOD[row[0]]:
            raise ReturnError(
                f"disclosure {number} to `{row[2]}` was to be {row[0]}, and not {said}",
                RULE,
                f"write down one of: {', '.join(AS_GOOD[row[0]])}",
            )
        if row[3] and certificate is None:
            raise ReturnError(
                f"disclosure {number} to `{row[2]}` was to be {row[0]} with a certificate, and there is none",
                "P-116; art. 28(3)(g): on paper too, with a certificate of destruction",
                "give the file of the certificate (--certificate FILE)",
            )
        if not civil(row[1]) <= on <= civil(now):
            raise ReturnError(
                f"disclosure {number} was given on {civil(row[1])}, and cannot be {said} on {on}",
                "a record says what has happened",
                "give the day on which it happened (--on), not later than today",
            )
        if not proof.strip() or len(proof) > 500:
            raise ReturnError(
                f"nothing proves that disclosure {number} was {said}",
                RULE,
                "say by what reference (--proof), in 500 signs",
            )
        try:
            with connection.transaction():
                _write(connection, s, number, ("confirmed", said, on, proof.strip(), certificate, now))
        except psycopg.errors.UniqueViolation:
            raise ReturnError(
                f"disclosure {number} is confirmed already",
                "what is written down stays",
                "nothing is to be done",
            ) from None


def _write(connection: Connection, s: sql.Identifier, number: int, values: tuple[object, ...]) -> None:
    connection.execute(
        sql.SQL(
            "INSERT INTO {}.disclosure_end (disclosure_id, how, said, happened_on, proof, certificate, noted_at)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s)"
        ).format(s),
        [number, *values],
    )


def purge(connection: Connection, directory: Path, *, now: dt.datetime, schema: str = SCHEMA) -> list[int]:
    """Our own copies of confirmed files go; each that is gone is written down, once. out: their numbers.

    First the directory loses its name, then its files go, then that is written: whoever dies in between leaves what the next
    call finishes, and a record always means that nothing is there. As keeper.
    """
    s = sql.Identifier(schema)
    waiting = connection.execute(
        sql.SQL(
            "SELECT d.id FROM {s}.disclosure d JOIN {s}.disclosure_end e ON e.disclosure_id = d.id AND e.how = 'confirmed'"
            " WHERE d.purges AND NOT EXISTS"
            " (SELECT FROM {s}.disclosure_end p WHERE p.disclosure_id = d.id AND p.how = 'purged') ORDER BY d.id"
        ).format(s=s)
    ).fetchall()
    gone = []
    for (number,) in waiting:
        named, hidden = directory / f"disclosure-{number}", directory / f"{_PURGE}{number}"
        if not (named.exists() or hidden.exists()):
            continue  # it lies in another directory of exports: there it is purged
        if named.exists():
            named.rename(hidden)
        remove(hidden)
        with connection.transaction():
            _write(
                connection,
                s,
                number,
                ("purged", "purged", civil(now), "our copy of the files is removed", None, now),
            )
        hidden.rmdir()
        gone.append(number)
    return gone


def remove(hidden: Path) -> None:
    """The files go; the empty directory stays until it is written down that they went."""
    for path in hidden.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


__all__ = ["AS_GOOD", "Open", "ReturnError", "confirm", "open_ones", "overdue_findings", "purge"]

"""How a file is given, as the record's `deliveries` say per kind: what is asked before, and what stands for a person.

One mechanism for every kind. Before a list by which somebody advertises, the sending door is asked in the transaction of the
reads (`door.may_list`): consent, objections, the list of those who want no advertising, the do-not-call list.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import connections

from bloesem.errors import BloesemError, GateError
from bloesem.gate.logbook import as_login
from bloesem.gate.opening import Opened
from bloesem.plan.dates import last_day
from bloesem.recipients.export import Piece, ends_of
from bloesem.recipients.model import Assignment, Delivery, Recipient
from bloesem.rights.identifiers import IdentifierError, phone
from bloesem.sending.reasons import REASONS
from bloesem.terms import add_period

if TYPE_CHECKING:
    from bloesem.plan.model import PurposePlan
    from bloesem.policy.model import Record

#: Whoever is asked for and has nothing that the purpose may read: gone, restricted, or who objected.
NOT_READABLE = "not-readable"
UNUSABLE = "unusable"


class DisclosureError(BloesemError):
    """Nothing goes: each reason on a line, the first one's rule and remedy."""


@dataclass(frozen=True)
class Listed:
    """What the door allows: per table of contact points its rows; `people` who have one. Without `asked` it was no list."""

    asked: bool = False
    people: frozenset[int] = frozenset()
    rows: Mapping[str, frozenset[int]] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)


def delivery_of(record: Record, recipient: Recipient) -> Delivery:
    """Its kind's, or the plain one."""
    return record.deliveries.get(recipient.kind) or Delivery(decided=recipient.decided)


def due_by(delivery: Delivery, task: Assignment | None, today: dt.date) -> dt.date | None:
    """The last day on which what has to come back may come: the assignment's, or so long after the giving; the sooner."""
    days = [ends_of(task), add_period(today, delivery.within) if delivery.within else None]
    return min((one for one in days if one is not None), default=None)


def ends_of_rows(
    purpose: PurposePlan,
    piece: Piece,
    rows: Iterable[tuple[Any, ...]],
    only: dt.date | None,
    found: set[dt.date],
) -> Iterator[tuple[Any, ...]]:
    """The rows without their own date, which each has at its end; `found` gets the last days on which the purpose keeps
    them. `only`: those of this last day. raises: DisclosureError for rows that have no such day."""
    for *row, day in rows:
        ends = [
            last_day(day, clock.period, end_of_year=clock.end_of_year)
            for clock in purpose.clocks
            if clock.after == "record"
            and day is not None
            and (clock.records_from is None or day >= clock.records_from)
            and (clock.records_until is None or day <= clock.records_until)
        ]
        if not ends:
            raise DisclosureError(
                f"`{piece.table.name}` has rows whose end `{purpose.key}` does not know",
                "P-116: what is archived elsewhere has the term of each record",
                "ask for fields of records with a date of their own",
            )
        if only is None or max(ends) == only:
            found.add(max(ends))
            yield tuple(row)


def one_end(found: set[dt.date]) -> dt.date | None:
    """The one last day of all rows. raises: DisclosureError where there are several."""
    if len(found) > 1:
        raise DisclosureError(
            f"the rows end on different days: {', '.join(str(day) for day in sorted(found))}",
            "P-116: what is destroyed together is given together, with its day",
            "give those of each day apart (--ends DAY)",
        )
    return next(iter(found), None)


def check(
    delivery: Delivery,
    key: str,
    kind: str,
    for_: str,
    people: tuple[str | None, str | None],
    *,
    objection: str,
) -> None:
    """Refuses what the record leaves open. in: `people`, who gives and who agreed; `objection`, to the purpose."""
    if objection == "absolute" and delivery.advertised is None:
        raise DisclosureError(
            f"nothing goes to `{key}`: `{for_}` advertises, and nobody says what is asked before",
            "P-121, P-123; art. 21(3): after the filter of those who want no advertising",
            f"write `advertised` at deliveries.{kind} of the record",
        )
    actor, second = people
    if delivery.second and (not (actor or "").strip() or not (second or "").strip() or actor == second):
        raise DisclosureError(
            f"nothing goes to `{key}`: one person alone decides on it",
            "P-116, P-128: what is given to this kind is decided by two, and both are written down",
            "say who gives (--actor) and who agreed (--second)",
        )


def check_since(delivery: Delivery, key: str, since: dt.date | None) -> None:
    """Refuses a first day of documents where no document is written."""
    if since is not None and delivery.letters is None:
        raise DisclosureError(
            f"nothing goes to `{key}`: it gets no letters, and from {since} on they are asked for",
            "P-117: letters are of documents, each with its own date",
            "leave --since out",
        )


def check_file(delivery: Delivery, key: str, kind: str) -> None:
    """Refuses a file to whoever may read within a scope of its own alone: a file of named people, or of everybody, would
    hold other jobs and other employers' people."""
    if delivery.alone is not None:
        raise DisclosureError(
            f"nothing goes to `{key}` as a file",
            f"P-114, P-125: a {kind} gets what is within its own scope alone, as the role `{delivery.alone}`",
            "give it an account with its number (django-admin invite); its pages and its interface read that, and no more",
        )


def contacts(delivery: Delivery, piece: Piece) -> str | None:
    """The category of the contact points that the piece holds, where it holds any."""
    found = [c for name in piece.columns for c in piece.table.column(name).categories if is_contact(c)]
    return found[0] if found else None


def is_contact(category: str) -> bool:
    return category.startswith("contact.") or category == "identification.address"


def ask_door(
    opened: Opened,
    delivery: Delivery,
    for_: str,
    task: Assignment | None,
    wanted: Iterable[Piece],
    people: list[int],
) -> Listed:
    """Whom the list may hold, and by which contact points. raises: DisclosureError where the door cannot be asked."""
    about = delivery.advertised
    if about is None:
        return Listed()
    categories = {c for piece in wanted if (c := contacts(delivery, piece)) is not None}
    channels = dict.fromkeys(about.channels[c] for c in about.channels if c in categories)
    rows: dict[str, set[int]] = {}
    allowed: set[int] = set()
    worst: dict[int, int] = {}
    for channel in channels:
        for person, code, table, row in _may_list(
            opened, for_, about.message, channel, task.product if task else None, people
        ):
            if row is None or table is None:
                worst[person] = min(code or 14, worst.get(person, 99))
            else:
                allowed.add(person)
                rows.setdefault(table, set()).add(row)
    why = Counter(REASONS[code].key for person, code in worst.items() if person not in allowed)
    return Listed(True, frozenset(allowed), {table: frozenset(some) for table, some in rows.items()}, why)


def _may_list(
    opened: Opened, for_: str, message: str, channel: str, product: str | None, people: list[int]
) -> list[tuple[int, int, str | None, int | None]]:
    connection: Any = connections[opened.using]
    try:
        with as_login(connection) as cursor:
            cursor.execute(
                "SELECT person, why, of_table, of_row FROM door.may_list(%s, %s, %s, %s, %s::bigint[])",
                [for_, message, channel, product, people],
            )
            return list(cursor.fetchall())
    except GateError as fault:
        raise DisclosureError(
            f"the door does not say whom a list for `{for_}` by `{channel}` may hold ({fault.thing})",
            "P-121, P-123: a list is given after the filter, or not at all",
            "start the system anew (bloesem up), and see that classes and channels stand in messages/door.yaml",
        ) from None


# ---- totals (P-132) -----------------------------------------------------------------------------------------------------

TOTALS = ("column", "people", "values", "sum")


def totals(piece: Piece, rows: Iterator[tuple[Any, ...]], least: int) -> Iterator[tuple[str, int, int, Any]]:
    """Per column: of how many people it has a value, how many values, and their sum where they are numbers. What fewer than
    `least` people have is left out: of so few, a total tells of each."""
    people: list[set[int]] = [set() for _ in piece.columns]
    counts = [0] * len(piece.columns)
    sums: list[Any] = [None] * len(piece.columns)
    for person, *values in rows:
        for n, value in enumerate(values):
            if value is None:
                continue
            people[n].add(person)
            counts[n] += 1
            if isinstance(value, int | Decimal) and not isinstance(value, bool):
                sums[n] = (sums[n] or 0) + value
    for n, name in enumerate(piece.columns):
        if len(people[n]) >= least:
            yield name, len(people[n]), counts[n], sums[n]


# ---- hashed ----------------------------------------------------------------------------------------------------------


def hashed_piece(piece: Piece) -> Piece:
    """Of a table of contact points the one column that is hashed: the point as it was given."""
    first = next(
        name for name in piece.columns if any(is_contact(c) for c in piece.table.column(name).categories)
    )
    return Piece(piece.table, piece.owner, (first,))


def hashes(
    rows: Iterator[tuple[Any, ...]], channel: str, phone_form: str, whose: set[int], unusable: Counter[str]
) -> Iterator[tuple[str]]:
    """in: rows of person and contact point. out: each point's hash once, in the order of the hashes, which tells nothing of
    ours; `whose` gets those who have one."""
    found: set[str] = set()
    for person, value in rows:
        try:
            found.add(hashed(channel, value, phone_form))
        except IdentifierError:
            unusable[UNUSABLE] += 1
        else:
            whose.add(person)
    yield from ((one,) for one in sorted(found))


def hashed(channel: str, value: str, phone_form: str = "e164") -> str:
    """SHA-256, in small hexadecimal, of a contact point as platforms publish it: an address trimmed and in small letters;
    a number in E.164, with its plus or (`digits`) without. raises: IdentifierError for no such thing."""
    if channel == "email":
        said = value.strip().lower()
        if "@" not in said.strip("@"):
            raise IdentifierError("this is no e-mail address", "a platform matches addresses", "mend it")
    else:
        code, national = phone(value)
        said = f"{'+' if phone_form == 'e164' else ''}{code}{national}"
    return hashlib.sha256(said.encode()).hexdigest()


__all__ = [
    "NOT_READABLE",
    "TOTALS",
    "DisclosureError",
    "Listed",
    "ask_door",
    "check",
    "check_file",
    "check_since",
    "contacts",
    "delivery_of",
    "due_by",
    "hashed",
    "hashed_piece",
    "hashes",
    "totals",
]

"""What a recipient reads now: on a page, or from an address of ours. Decided as a file is, and recorded as a file is.

`door` opens a scoped role (the gate's own wall), decides by the register as it is at this moment, and has the people of
the scope hold still. What is read through it is written down when it closes: of each person and column, once for the same
content. Whoever polls every minute has the same thing once; what was corrected meanwhile is another thing.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from psycopg import sql

from bloesem.gate.logbook import as_login
from bloesem.gate.opening import Opened, purpose
from bloesem.gate.served import gate_of
from bloesem.plan.dates import civil
from bloesem.policy.checks import covers
from bloesem.recipients.model import Assignment
from bloesem.recipients.ready import DisclosureError, Ready, call, decided, said_of, write_down

if TYPE_CHECKING:
    from bloesem.policy.company import Company

Row = dict[str, Any]


class Register:
    """The company as its files say it now: read again when one of them is another than it was. A file that cannot be read
    stops what asks (the loader's error), and does not leave the old terms in force."""

    def __init__(self, directory: Path | str) -> None:
        self._directory = Path(directory)
        self._lock = Lock()
        self._seen: tuple[tuple[str, int, int], ...] = ()
        self._company: Company | None = None

    def __call__(self) -> Company:
        from bloesem.company import company_of_process

        with self._lock:
            seen = tuple(
                (str(path), (stat := path.stat()).st_mtime_ns, stat.st_size)
                for path in sorted((self._directory / "record").glob("*.yaml"))
            )
            if self._company is None or seen != self._seen:
                self._company = None
                self._company, self._seen = company_of_process(self._directory), seen
            return self._company


def assigned(company: Company, recipient: str, name: str, task: Assignment) -> Company:
    """The company with an assignment that stands in the database, not in the register: one job of many."""
    known = company.record.recipients.get(recipient)
    if known is None:
        return company
    more = known.model_copy(update={"assignments": {**known.assignments, name: task}})
    recipients = {**company.record.recipients, recipient: more}
    return replace(company, record=company.record.model_copy(update={"recipients": recipients}))


@dataclass(frozen=True)
class Asked:
    """Who reads what: the recipient of the register, the categories, and for which assignment. `task`: the assignment, where
    it stands in the database. `feed`: people are known by numbers of this recipient's own; else each by 1 (the assignment
    says who it is). `actor`: which account reads, for the log of who read whom."""

    recipient: str
    fields: tuple[str, ...]
    assignment: str | None = None
    task: Assignment | None = None
    feed: bool = False
    actor: str | None = None


@dataclass
class Door:
    """An open door. `people`: whom the scope is about now; `now`: the database's moment."""

    opened: Opened
    asked: Asked
    ready: Ready
    people: tuple[int, ...]
    now: dt.datetime
    _given: dict[str, tuple[list[str], set[int]]] = field(default_factory=dict)
    _content: dict[str, list[Any]] = field(default_factory=dict)
    _keys: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _numbers: dict[int, int] | None = None

    def rows(
        self,
        table: str,
        columns: Sequence[str],
        *,
        keys: Sequence[str] = (),
        where: sql.Composable | None = None,
        values: Sequence[Any] = (),
        order: sql.Composable | None = None,
        most: int | None = None,
    ) -> list[Row]:
        """Rows of the scope, with `person` and `keys`, which are ours and are not shown.

        Raises `DisclosureError` for a column of which not every category was decided about; `PurposeDenied` as the gate.
        """
        plan = self.opened.gate.plan.table(table)
        for name in columns:
            categories = plan.column(name).categories
            if not categories or not all(covers(self.ready.fields, one) for one in categories):
                raise DisclosureError(
                    f"column {table}.{name} holds {', '.join(categories) or 'numbers of ours'}",
                    "P-125; art. 5(1)(c): what is shown is what was decided about",
                    "ask for its categories too; what the recipient may have stands in the record",
                )
        granted = self.opened.grants(table).read
        for name in columns:
            if name not in granted:
                raise self.opened.refuse(table, name)
        owner = plan.owners[0]
        query = sql.SQL("SELECT {names} FROM {table}").format(
            names=sql.SQL(", ").join(map(sql.Identifier, (owner, *keys, *columns))),
            table=sql.Identifier(self.opened.target.name, table),
        )
        if where is not None:
            query += sql.SQL(" WHERE ") + where
        if order is not None:
            query += sql.SQL(" ORDER BY ") + order
        if most is not None:
            query += sql.SQL(" LIMIT {}").format(sql.Literal(most))
        found = _ask(self.opened, query, values)
        self.opened.touched = True
        names = ("person", *keys, *columns)
        self._keys[table] = tuple(keys)
        rows = [dict(zip(names, row, strict=True)) for row in found]
        for row in rows:
            self._gives(table, columns, row)
        return rows

    def only(self, table: str, rows: Sequence[Row]) -> list[Row]:
        """Of what was read of a table only these rows are shown: nothing else of it is written down."""
        self._given.pop(table, None)
        self._content.pop(table, None)
        for row in rows:
            self._gives(table, [name for name in row if name not in ("person", *self._keys[table])], row)
        return list(rows)

    def numbers(self) -> Mapping[int, int]:
        """By which number this recipient knows each person of the scope."""
        if self._numbers is None:
            if self.asked.feed:
                query = call(self.opened.gate, "SELECT * FROM {}.feed_numbers(%s, %s, %s::bigint[])")
                found = _as_login(
                    self.opened, query, [self.opened.key, self.asked.recipient, list(self.people)]
                )
                self._numbers = {int(person): int(number) for person, number in found}
            else:
                self._numbers = dict.fromkeys(self.people, 1)
        return self._numbers

    def _gives(self, table: str, columns: Sequence[str], row: Row) -> None:
        held = [name for name in columns if row[name] is not None]
        if held and row["person"] is not None:
            names, whose = self._given.setdefault(table, ([], set()))
            names += [name for name in held if name not in names]
            whose.add(row["person"])
            self._content.setdefault(table, []).append(
                [row["person"], [[name, str(row[name])] for name in held]]
            )

    @property
    def shown(self) -> frozenset[int]:
        """The people of whom anything was shown."""
        return frozenset().union(*(whose for _columns, whose in self._given.values()))

    def close(self) -> list[int]:
        """Writes down what went, by table. out: the disclosures' numbers; of what went before as it is now, none."""
        gate, made = self.opened.gate, []
        about = gate.plan.purpose(self.ready.decision.purpose)
        for table, (columns, whose) in sorted(self._given.items()):
            content = json.dumps(
                [
                    *(self.opened.key, self.asked.recipient, self.asked.assignment, table),
                    sorted(self._content[table], key=str),
                ]
            )
            digest = hmac.new(gate.credentials.scope_key, content.encode(), hashlib.sha256).digest()
            known = _as_login(self.opened, call(gate, "SELECT {}.disclosure_known(%s)"), [digest])
            if known and known[0][0] is not None:
                continue
            row = said_of(
                self.ready, about, self.asked.assignment, len(self._content[table]), (self.asked.actor, None)
            )
            until, numbers = self.ready.decision.until, self.numbers()
            made.append(
                write_down(
                    self.opened, self.opened.key, row, digest, until, {table: (columns, whose)}, numbers
                )
            )
        return made


@contextmanager
def door(
    key: str,
    number: int,
    asked: Asked,
    *,
    company: Callable[[], Company],
    using: str = "default",
) -> Iterator[Door]:
    """Open a scoped role for a recipient. in: the role's key and the number of its scope; `company` reads the register, and
    is asked before and after.

    Raises `DisclosureError` where nothing may go, also when day or register changed meanwhile: nothing is then recorded, and
    what was read goes nowhere. `GateError` as `gate.purpose` does.
    """
    target = gate_of(using).resolve(key)
    for_ = target.purpose.key if target.purpose is not None else key
    scope: Any = {target.scope: number}
    with purpose(key, using=using, actor=asked.actor, **scope) as opened:

        def decide() -> tuple[Ready, dt.datetime]:
            now = _ask(opened, call(opened.gate, "SELECT {}.moment() + (clock_timestamp() - now())"), [])[0][
                0
            ]
            said = company()
            if asked.task is not None and asked.assignment is not None:
                said = assigned(said, asked.recipient, asked.assignment, asked.task)
            ready = decided(
                said,
                civil(now),
                asked.recipient,
                for_,
                asked.fields,
                opened.gate.plan,
                assignment=asked.assignment,
                who=(asked.actor, None),
            )
            return ready, now

        ready, now = decide()
        whom = _ask(opened, call(opened.gate, "SELECT unnest({}.scope_people(%s))"), [target.scope])
        query = call(opened.gate, "SELECT {}.hold_still(%s, %s::bigint[], %s)")
        held = _as_login(opened, query, [key, sorted(row[0] for row in whom), None])
        opened_door = Door(opened, asked, ready, tuple(row[0] for row in held), now)
        yield opened_door
        again, _ = decide()
        if not again.same(ready):
            raise DisclosureError(
                f"the day or the register changed while `{asked.recipient}` was read for",
                "P-136: what goes is decided for the day, and on the terms, on which it goes",
                "ask again: nothing was disclosed",
            )
        opened_door.close()
        if asked.actor is not None:
            opened.reads(opened_door.shown)


def _ask(opened: Opened, query: sql.Composed, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    from django.db import connections

    with connections[opened.using].cursor() as cursor:
        cursor.execute(query.as_string(cursor.connection), list(values) or None)
        return list(cursor.fetchall())


def _as_login(opened: Opened, query: sql.Composed, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    from django.db import connections

    connection: Any = connections[opened.using]
    with as_login(connection) as cursor:
        cursor.execute(query, list(values))
        return list(cursor.fetchall())


__all__ = ["Asked", "Door", "Register", "assigned", "door"]

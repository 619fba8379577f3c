"""`with purpose("support"):` one transaction, one role, one schema; outside it, nothing to read."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connections, transaction
from psycopg import Cursor, Error, sql

from bloesem.errors import GateError
from bloesem.gate.logbook import write_denials, write_reading
from bloesem.gate.refusal import NoPurpose, PurposeDenied, explain_refusal, not_opened
from bloesem.gate.scope import signed
from bloesem.gate.served import Gate, Grants, Target, gate_of, search_path

if TYPE_CHECKING:
    from bloesem.gate.backend.base import DatabaseWrapper

_log = logging.getLogger(__name__)
_current: ContextVar[Opened | None] = ContextVar("bloesem_purpose", default=None)

#: Seconds that a scope holds. A block that lasts longer fails at its end: its last reads may have found nothing.
SCOPE_SECONDS = 300


@dataclass(frozen=True)
class Case:
    """What a hold or an archive is opened for: the case's number, and who looks along."""

    number: int
    second: str


class Opened:
    """The purpose that is open. `reads(people)`: what a page shows of whom, logged when the block ends."""

    def __init__(
        self, gate: Gate, target: Target, using: str, actor: str | None, case: Case | None = None
    ) -> None:
        self.gate, self.target, self.using, self.actor, self.case = gate, target, using, actor, case
        self.touched = False
        self.denied: list[str] = []
        self.readers: list[tuple[str, frozenset[int]]] = []

    def __repr__(self) -> str:
        return f"<purpose {self.key}>"

    @property
    def key(self) -> str:
        return self.target.key

    def grants(self, table: str) -> Grants:
        return self.gate.grants(self.target, table)

    def reads(self, people: Iterable[int], actor: str | None = None) -> None:
        """Log who reads whom; committed with this block, or the block fails: no log, no page (design, the gate)."""
        who = actor or self.actor
        if not who:
            raise GateError("a read by nobody", "each staff read names who reads", "give the actor")
        if self.case is not None and who == self.case.second:
            raise not_opened(self.gate.plan, self.key, "no-second")
        self.readers.append((who, frozenset(people)))

    def refuse(self, table: str, column: str | None = None, *, write: bool = False) -> PurposeDenied:
        """The error to raise; the denial is logged when the block ends (P-050)."""
        refusal = explain_refusal(self.gate.plan, self.key, table=table, column=column, write=write)
        assert refusal is not None
        self.denied.append(refusal.thing)
        return PurposeDenied(refusal)

    def translate(self, error: BaseException, statement: str | None = None) -> PurposeDenied | None:
        """PostgreSQL's refusal as ours; None for an error that is none of the gate's."""
        refusal = explain_refusal(self.gate.plan, self.key, error, statement=statement)
        if refusal is None:
            return None
        self.denied.append(refusal.thing)
        return PurposeDenied(refusal)


def current() -> Opened | None:
    """The purpose that this thread or task has open."""
    return _current.get()


def require_open(using: str | None = None) -> Opened:
    """The open purpose. Raises `NoPurpose`."""
    opened = _current.get()
    if opened is None or (using is not None and opened.using != using):
        raise NoPurpose(
            "personal data is read and written inside a purpose only, and none is open",
            "P-051: processing without a purpose of the list is refused",
            "wrap it in `with purpose(…):`, and take the values out before the block ends",
        )
    return opened


@contextmanager
def purpose(
    key: str,
    *,
    using: str = "default",
    actor: str | None = None,
    case: int | None = None,
    second: str | None = None,
    serves: str | None = None,
    **scope: int,
) -> Iterator[Opened]:
    """Open a purpose of the policy, a scoped role (`purpose("fleet", employer=123)`) or a writer.

    `actor`: who of the staff reads (a name for the log, nobody's own); needed in processes and roles that are staff's.
    Then the block fails unless `reads(people)` was called in it. `case`, `second`: for which case, and who looks along;
    needed for holds and archives, whose reading is logged with both. `serves`: of a writer that serves several purposes,
    the one for which it writes here (P-004).
    Raises `UnknownPurpose`, `NotServed`, `PurposeDenied` (no actor, case or second person) or `GateError` before the
    database is touched; inside, `PurposeDenied`.
    """
    gate = gate_of(using)
    target = gate.resolve(key)
    number = _scope(target, scope)
    _serves(gate, target, serves)
    about = _said(gate, target, actor, case, second)
    connection: Any = connections[using]
    _refuse_nested(connection, key)
    opened = Opened(gate, target, using, actor, about)
    try:
        with transaction.atomic(using=using, durable=True):
            expires = _enter(connection, opened, number, serves)
            connection.gate_opened = opened
            token = _current.set(opened)
            try:
                yield opened
            finally:
                _current.reset(token)
                connection.gate_opened = None
            _leave(connection, opened, expires)
    finally:
        _log_denials(connection, opened)


def _said(gate: Gate, target: Target, actor: str | None, case: int | None, second: str | None) -> Case | None:
    """The case that is opened, of a purpose that is read by cases. Raises `PurposeDenied` for what was not said."""
    by_case = target.key in gate.plan.cases
    if (by_case or {gate.login, target.key} & set(gate.plan.staff)) and not (actor and actor.strip()):
        raise not_opened(gate.plan, target.key, "no-actor")
    if not by_case:
        if case is not None or second is not None:
            raise GateError(
                f"`{target.key}` takes no case and no second person",
                "holds and archives are read one case at a time, and no other purpose",
                f"leave them out; by cases are read: {', '.join(gate.plan.cases) or 'none'}",
            )
        return None
    if isinstance(case, bool) or not isinstance(case, int) or not 0 < case < 2**63:
        raise not_opened(gate.plan, target.key, "no-case")
    if not second or not second.strip() or second.strip() == str(actor).strip():
        raise not_opened(gate.plan, target.key, "no-second")
    return Case(case, second)


def _scope(target: Target, given: Mapping[str, object]) -> int | None:
    """The id of the scope, exactly as the role demands it."""
    wanted = {target.scope} if target.scope else set()
    if set(given) != wanted:
        takes = f"`{target.scope}`" if target.scope else "no scope"
        raise GateError(
            f"`{target.key}` takes {takes}, and was given {', '.join(sorted(given)) or 'none'}",
            "a scoped role sees the rows of its scope, and no role has two",
            f"write purpose({target.key!r}{f', {target.scope}=<id>' if target.scope else ''})",
        )
    if target.scope is None:
        return None
    number = given[target.scope]
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < 2**63:
        raise GateError(
            f"scope {target.scope} is no id", "ids are whole numbers of 63 bits", "give the row's id"
        )
    return number


def _refuse_nested(connection: Any, key: str) -> None:
    opened = _current.get() or getattr(connection, "gate_opened", None)
    if opened is not None:
        raise GateError(
            f"`{key}` was asked for inside `{opened.key}`",
            "one purpose per transaction: nothing read for one may slip into another",
            f"end `{opened.key}` first, and carry values over only where the policy allows that use",
        )
    if connection.in_atomic_block:
        raise GateError(
            f"`{key}` was asked for inside a transaction that has no purpose",
            "one purpose per transaction",
            "open the purpose first, and use transaction.atomic() inside it for savepoints",
        )
    if not hasattr(connection, "gate_opened"):
        raise GateError(
            f"connection `{connection.alias}` is not gated",
            "processes connect through bloesem.gate.backend",
            "set ENGINE to bloesem.gate.backend (bloesem.gate.settings.process_database does)",
        )


def _serves(gate: Gate, target: Target, serves: str | None) -> None:
    """A writer says for which purpose it writes, where the record names none; nobody else does. Raises `GateError`."""
    asks = target.writer is not None and target.writer.purpose is None
    named = gate.plan.by_key.get(serves or "")
    if serves is None and not asks:
        return
    if not asks or named is None or not named.active:
        raise GateError(
            f"`{target.key}` does not write for `{serves or 'nothing'}`",
            "P-004: what is written is for exactly one declared purpose",
            "name a purpose that is in force" if asks else "leave it out: what it writes for is known",
        )


def _enter(
    connection: DatabaseWrapper, opened: Opened, number: int | None, serves: str | None = None
) -> int | None:
    """Role, search path and scope of this transaction: gone at its end, whatever happens. Whoever is no staff leaves an act
    of what it opens, in the same transaction (P-004)."""
    gate, target = opened.gate, opened.target
    role = sql.Identifier(gate.plan.role(target.name))
    path = sql.SQL(", ").join(map(sql.Identifier, search_path(gate.plan, target)))
    wanted = [sql.SQL("SET LOCAL ROLE {}").format(role), sql.SQL("SET LOCAL search_path = {}").format(path)]
    if target.writer is None and gate.login not in gate.plan.staff:
        use = sql.SQL("SELECT {}.record_use({})").format(
            sql.Identifier(gate.plan.schema), sql.Literal(target.key)
        )
        wanted.insert(0, use)
    if serves is not None:
        wanted.append(sql.SQL("SET LOCAL bloesem.purpose = {}").format(sql.Literal(serves)))
    expires = None
    raw = connection.connection
    if number is not None and target.scope is not None:
        expires = int(time.time()) + SCOPE_SECONDS
        value = signed(gate.credentials.scope_key, raw.info.backend_pid, target.scope, number, expires)
        wanted.append(sql.SQL("SET LOCAL bloesem.scope = {}").format(sql.Literal(value)))
    try:
        # Together: the gate's own, of names alone. What a page asks is one statement for each call (`OneStatementCursor`).
        with Cursor(raw) as cursor:
            cursor.execute(sql.SQL("; ").join(wanted))
    except Error as error:
        raise GateError(
            f"the database does not let `{gate.login}` act for `{target.key}`: {error.diag.message_primary or error}",
            "roles, schemas and memberships are made by the plan",
            "install the plan in force: `bloesem check` names what differs",
        ) from error
    return expires


def _leave(connection: DatabaseWrapper, opened: Opened, expires: int | None) -> None:
    """What must be in the same transaction as the reads, or they do not count."""
    if expires is not None and time.time() >= expires:
        raise GateError(
            f"`{opened.key}` was open for more than {SCOPE_SECONDS} seconds",
            "a signed scope expires, and then shows nothing: what was read last may be incomplete",
            "do less in one block",
        )
    if opened.actor and opened.touched and not opened.readers:
        raise GateError(
            f"{opened.actor} read for `{opened.key}` and nobody wrote down whom",
            "no log, no page: a staff read is committed before the page leaves",
            "call `reads(people)` on what `with purpose(…) as p` gives, with [] where nobody was shown",
        )
    for actor, people in opened.readers:
        about = (opened.case.number, opened.case.second) if opened.case else (None, None)
        write_reading(connection, opened.gate.plan, opened.key, people, actor, *about)


def _log_denials(connection: DatabaseWrapper, opened: Opened) -> None:
    """After the transaction, which a denial may have undone: in one of their own."""
    if not opened.denied:
        return
    try:
        write_denials(connection, opened.gate.plan, opened.key, opened.denied)
    except (Error, GateError):
        _log.exception("%d denials for %s could not be logged", len(opened.denied), opened.key)

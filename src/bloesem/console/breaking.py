"""Run anything as the role of a purpose, and see what PostgreSQL answers: rows, or its own refusal.

The login is a process's, never the keeper's. Each attempt has a connection, a transaction and a few seconds of its
own; it is read-only unless asked otherwise, one statement, and always rolled back. What is refused is written down in
a transaction of its own, as the gate does (P-050): by whom and what, never the statement.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import psycopg
from psycopg import sql
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.types.string import TextLoader

from bloesem.console import because as said_why
from bloesem.console.company import Company
from bloesem.console.statements import column_named, reads, tables_named
from bloesem.plan.model import ColumnPlan, Plan, PurposePlan, TablePlan
from bloesem.plan.sql.gate import purpose_columns
from bloesem.stores.postgres import Connection

_log = logging.getLogger(__name__)
SECONDS = 3
ROWS = 20
WIDTH = 80
#: Longest statement that is run, and shown, in characters; bytes of an answer after which no further row is fetched.
LONGEST = 10_000
MOST_BYTES = 1_000_000
#: Shown as PostgreSQL writes them: Python's calendar is shorter than its own.
_AS_WRITTEN = ("date", "time", "timetz", "timestamp", "timestamptz", "interval")


@dataclass(frozen=True)
class Attempt:
    """What was asked and what came back.

    `said`: PostgreSQL's words, verbatim; `state`: its SQLSTATE; `touched`: rows, of what gives none back; `note`: the
    words for what is neither an answer nor a refusal; `recorded`: whether the refusal was written down.
    """

    role: str
    login: str
    sql: str
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    more: bool = False
    touched: int | None = None
    state: str | None = None
    said: str | None = None
    note: str | None = None
    recorded: bool = False
    milliseconds: float = 0.0
    because: Because | None = field(default=None, hash=False)

    @property
    def refused(self) -> bool:
        return self.state is not None

    @property
    def escaped(self) -> bool:
        return self.note == "try.escaped"

    @property
    def denied(self) -> bool:
        """Whether a role asked for what is not its to have; a typing error, or too long a query, is no such thing."""
        return self.escaped or (self.because is not None and self.because.denied)


@dataclass(frozen=True)
class Because:
    """What of the policy stands behind an answer. `key`: the words; `part`, `what`: what they name; `promises`: what
    the text says of it, nothing where it says nothing; `denied`: the role asked for what is not its to have."""

    key: str
    part: str
    promises: tuple[str, ...] = ()
    table: str | None = None
    column: str | None = None
    categories: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()
    denied: bool = False
    name: str = ""


def attempt(
    connect: Callable[[], Connection], company: Company, role: str, text: str, *, write: bool = False
) -> Attempt:
    """Run one statement as `role`, a part of the policy or a scoped role; roll it back."""
    plan = company.plan
    name = role_name(plan, role)
    with connect() as connection:
        login = connection.info.user
        started = time.perf_counter()
        try:
            came = _run(connection, plan, name, text, write=write)
        except psycopg.Error as fault:
            said = fault.diag.message_primary or str(fault).strip() or type(fault).__name__
            came = {"state": fault.sqlstate or "-----", "said": said}
        finally:
            if not connection.closed:
                connection.rollback()
        spent = (time.perf_counter() - started) * 1000
    made = Attempt(plan.role(name), login, text, milliseconds=spent, **came)
    made = replace(made, because=_because(company, role, made))
    return replace(made, recorded=_record(connect, plan, role, made)) if made.denied else made


def role_name(plan: Plan, role: str) -> str:
    """The role's name without prefix. Raises `KeyError` for one that the plan does not have."""
    if role in plan.by_key and plan.by_key[role].active:
        return plan.by_key[role].name
    return {scoped.key: scoped.name for scoped in plan.scoped}[role]


def _run(connection: Connection, plan: Plan, name: str, text: str, *, write: bool) -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("SET TRANSACTION {}").format(sql.SQL("READ WRITE" if write else "READ ONLY")))
        cursor.execute(sql.SQL("SET LOCAL statement_timeout = {}").format(f"{SECONDS}s"))
        cursor.execute(sql.SQL("SET LOCAL lock_timeout = '500ms'"))
        cursor.execute(sql.SQL("SET LOCAL search_path = {}, pg_temp").format(sql.Identifier(name)))
        cursor.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(plan.role(name))))
    came = _answer(connection, text)
    if connection.closed:
        return came
    if connection.info.transaction_status == TransactionStatus.IDLE:
        return {"note": "try.ended"}
    with connection.cursor() as cursor:
        now = cursor.execute("SELECT current_user").fetchone()
    return came if now is not None and now[0] == plan.role(name) else {"note": "try.escaped"}


def _answer(connection: Connection, text: str) -> dict[str, Any]:
    """What came of one statement. The extended protocol takes no more than one: a second is a syntax error."""
    for kind in _AS_WRITTEN:
        connection.adapters.register_loader(kind, TextLoader)
    with connection.cursor() as cursor:
        try:
            if reads(text):
                return _fetched(cursor, text)
            cursor.execute(text.encode(), prepare=True)
        except psycopg.ProgrammingError as fault:
            if fault.sqlstate is None and connection.info.transaction_status == TransactionStatus.ACTIVE:
                return _copied(connection)
            raise
        if cursor.pgresult is not None and cursor.pgresult.status == ExecStatus.EMPTY_QUERY:
            return {"note": "try.nothing"}
        if cursor.description is None:
            return {"touched": max(cursor.rowcount, 0)}
        columns = tuple(column.name for column in cursor.description)
        rows = [tuple(_shown(value) for value in row) for row in cursor.fetchmany(ROWS + 1)]
    return {"columns": columns, "rows": tuple(rows[:ROWS]), "more": len(rows) > ROWS}


def _fetched(cursor: psycopg.Cursor[Any], text: str) -> dict[str, Any]:
    """The first rows of a query, one by one through a cursor: a table of millions is not fetched to show twenty rows, nor
    twenty rows of a hundred megabytes. All of them together get the time of one attempt."""
    until = time.monotonic() + SECONDS
    cursor.execute(b"DECLARE shown NO SCROLL CURSOR FOR " + text.encode(), prepare=True)
    columns: tuple[str, ...] = ()
    rows: list[tuple[str, ...]] = []
    size, ended = 0, False
    while not ended and len(rows) <= ROWS and size <= MOST_BYTES:
        left = max(int((until - time.monotonic()) * 1000), 1)
        cursor.execute(sql.SQL("SET LOCAL statement_timeout = {}").format(left))
        cursor.execute(b"FETCH 1 FROM shown")
        columns = tuple(column.name for column in cursor.description or ())
        size += _size(cursor)
        row = cursor.fetchone()
        ended = row is None
        rows += [tuple(_shown(value) for value in row)] if row is not None else []
    return {"columns": columns, "rows": tuple(rows[:ROWS]), "more": not ended}


def _size(cursor: psycopg.Cursor[Any]) -> int:
    result = cursor.pgresult
    if result is None or not result.ntuples:
        return 0
    return sum(len(result.get_value(0, i) or b"") for i in range(result.nfields))


def _copied(connection: Connection) -> dict[str, Any]:
    """COPY speaks a protocol of its own. Out: its lines, read to the end or until time is up. In: we give it none."""
    lines: list[str] = []
    try:
        while True:
            length, data = connection.pgconn.get_copy_data(0)
            if length < 0:
                break
            if len(lines) <= ROWS:
                lines.append(bytes(data).decode(errors="replace").rstrip("\n"))
        out = True
    except psycopg.OperationalError:
        connection.pgconn.put_copy_end()
        out = False
    touched, failed = 0, None
    while (result := connection.pgconn.get_result()) is not None:  # to the end, or the connection stays busy
        failed = result if result.status == ExecStatus.FATAL_ERROR else failed
        touched = result.command_tuples or 0
    if failed is not None:
        if not out:
            connection.close()
        raise psycopg.errors.error_from_result(failed)
    if not out:
        connection.close()  # we gave it none: closing takes it back, whatever the server still waits for
        return {"touched": touched}
    return {
        "columns": ("COPY",),
        "rows": tuple((_shown(line),) for line in lines[:ROWS]),
        "more": len(lines) > ROWS,
    }


def _shown(value: Any) -> str:
    if value is None:
        return "∅"
    if isinstance(value, bytes | memoryview):
        return f"{len(bytes(value))} bytes"
    text = str(value)
    return text if len(text) <= WIDTH else text[: WIDTH - 1] + "…"


# ---- why -----------------------------------------------------------------------------------------------------------

#: PostgreSQL's "there is no such …": of a table, column, name, function, schema, and the like.
_ABSENT = ("42P01", "42703", "42704", "42883", "3F000", "3D000", "42P02", "22023")
#: Beside 42501: what a refusal without a table is about, by PostgreSQL's words.
_ABOUT = (
    ("set role", "try.because.role"),
    ("session authorization", "try.because.role"),
    ("language", "try.because.language"),
    ("function", "try.because.function"),
    ("schema", "try.because.wall"),
    ("row-level security", "try.because.row"),
)
#: What the door of a table says no with (constraints, and errors that a trigger raises); anything else is PostgreSQL's.
_THE_DOORS = ("23", "P0")
_WORDS = {
    "42601": "try.because.syntax",
    "25006": "try.because.readonly",
    "57014": "try.because.slow",
    "55P03": "try.because.locked",
}


def _because(company: Company, role: str, made: Attempt) -> Because | None:
    """What stands behind the answer: the role's scope or its term, a refusal of the policy, or no more than a slip."""
    if made.note is not None:
        return None
    if not made.refused:
        return _of_rows(company, role, made)
    state, said = made.state or "", made.said or ""
    if state in _ABSENT:
        return _of_absent(company, role, made)
    if state == "42501":
        return _of_denial(company, role, made)
    if "multiple commands" in said:
        return Because("try.because.one", role)
    if state[:2] in _THE_DOORS:
        return None
    return Because(_WORDS.get(state, "try.because.other"), role)


def _of_rows(company: Company, role: str, made: Attempt) -> Because | None:
    """Rows, or none: those of the scope, or those for which the purpose still runs."""
    if made.touched is not None:
        return None
    purpose, tables = _purpose(company.plan, role), tables_named(company.plan, made.sql)
    if role not in company.plan.by_key:
        return Because("try.because.scope", role, said_why.scope(company, role)) if tables else None
    if not tables or purpose is None:
        return None
    return Because("try.because.rows", role, said_why.promises(company, "runs", role), tables[0].name)


def _of_absent(company: Company, role: str, made: Attempt) -> Because:
    """A table or column that the map has, and that is not there for this role; else a slip of the keyboard."""
    plan, name = company.plan, _name_in(made.said or "")
    last = name.rpartition(".")[2]
    named = tables_named(plan, made.sql)
    if made.state == "42P01" and last in plan.by_name:
        table = plan.by_name[last]
        return _not_needed(company, role, table, column_named(table, made.sql))
    if made.state == "42703":
        for table in named:
            if any(c.name == last and not c.key for c in table.columns):
                return _not_needed(company, role, table, last)
    return Because("try.because.typo", role, name=name)


def _name_in(said: str) -> str:
    """The name in PostgreSQL's `relation "x" does not exist`; empty where it gives none."""
    found = re.search(r'"([^"]+)"', said) or re.search(r"(?:column|function) ([^ ]+?) does not exist", said)
    return found.group(1) if found else ""


def _of_denial(company: Company, role: str, made: Attempt) -> Because:
    """42501: about roles, functions, schemas and files the text says nothing, the design does; about a table, the
    policy."""
    said = made.said or ""
    key = next((key for words, key in _ABOUT if words in said), None)
    if key is not None:
        return Because(key, role, denied=True)
    plan, name = company.plan, _name_in(said) or said.rpartition(" ")[2]
    table = plan.by_name.get(name.rpartition(".")[2])
    if "owner" in said:
        return Because("try.because.wall", role, denied=True)
    if table is None:
        own = said.startswith(("permission denied for table", "permission denied for view"))
        return Because("try.because.keepers" if own else "try.because.server", role, denied=True)
    purpose = _purpose(plan, role)
    if purpose is not None and purpose_columns(plan, table, purpose):
        return Because("try.because.write", role, table=table.name, denied=True)
    return _not_needed(company, role, table, column_named(table, made.sql))


def _not_needed(company: Company, role: str, table: TablePlan, column: str | None) -> Because:
    """The role does not need this column, or (none named) this table: who does, and which promise says so."""
    plan = company.plan
    wanted: ColumnPlan | None = table.column(column) if column else None
    why = "column-not-needed" if wanted is not None else "table-not-needed"
    bits = wanted.purposes if wanted is not None else table.bits
    return Because(
        "try.because.column",
        role,
        said_why.promises(company, why, role, column=wanted),
        table.name,
        column,
        wanted.categories if wanted is not None else _categories(table),
        tuple(p.key for p in plan.purposes if p.active and p.mask & bits),
        denied=True,
    )


def _record(connect: Callable[[], Connection], plan: Plan, role: str, made: Attempt) -> bool:
    """Writes the refusal down as the login itself, in a transaction of its own; says whether it could.

    A name of the map or of a rule, never a word of the statement (P-050)."""
    it = made.because
    thing = (made.note if it is None else it.key).rpartition(".")[2]  # type: ignore[union-attr]
    if it is not None and it.table is not None:
        thing = f"{it.table}.{it.column}" if it.column else it.table
    try:
        query = sql.SQL("SELECT {}.record_denial(%s, %s)").format(sql.Identifier(plan.schema))
        with connect() as connection:
            connection.execute(query, [role, thing])
    except psycopg.Error as fault:
        _log.error("a refusal for %s could not be written down: %s", role, fault.sqlstate)
        return False
    return True


def _purpose(plan: Plan, role: str) -> PurposePlan | None:
    if role in plan.by_key:
        return plan.by_key[role]
    scoped = next((s for s in plan.scoped if s.key == role), None)
    return plan.by_key.get(scoped.purpose) if scoped and scoped.purpose else None


def _categories(table: TablePlan) -> tuple[str, ...]:
    return tuple(dict.fromkeys(k for c in table.columns if not c.key for k in c.categories))[:3]


# ---- what the page offers --------------------------------------------------------------------------------------------


def field_sql(plan: Plan, table: str, column: str, *, wall: bool = False) -> str:
    """The statement of the two selects; `wall`: straight at the table, past the role's own schema.

    Raises `PlanError` for a table or column that the map does not have."""
    known = plan.table(table)
    known.column(column)
    where = f"{_id(known.schema)}.{_id(table)}" if wall else _id(table)
    return f"SELECT {_id(column)} FROM {where} LIMIT {ROWS}"


def _id(name: str) -> str:
    return name if re.fullmatch(r"[a-z_][a-z0-9_]*", name) else '"' + name.replace('"', '""') + '"'

"""Run anything as the role of a purpose, and see what PostgreSQL answers: rows, or its own refusal.

The login is a process's, never the keeper's. Each attempt has a connection, a transaction and a few seconds of its
own; it is read-only unless asked otherwise, one statement, and always rolled back.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql

from bloesem.console.company import Company
from bloesem.gate.refusal import Refusal, explain_refusal
from bloesem.plan.model import Plan, PurposePlan, TablePlan
from bloesem.stores.postgres import Connection

SECONDS = 3
ROWS = 20
WIDTH = 80
_READS = re.compile(r"\s*(select|values|table)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Attempt:
    """What was asked and what came back. `said`: PostgreSQL's words, verbatim; `state`: its SQLSTATE."""

    role: str
    login: str
    sql: str
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    more: bool = False
    touched: int | None = None
    state: str | None = None
    said: str | None = None
    escaped: bool = False
    milliseconds: float = 0.0
    because: Because | None = field(default=None, hash=False)

    @property
    def refused(self) -> bool:
        return self.state is not None


@dataclass(frozen=True)
class Because:
    """What of the policy stands behind an answer. `key`: the words; `part`, `what`: what they name."""

    key: str
    part: str
    promises: tuple[str, ...]
    table: str | None = None
    column: str | None = None
    categories: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()


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
            connection.rollback()
        spent = (time.perf_counter() - started) * 1000
    made = Attempt(plan.role(name), login, text, milliseconds=spent, **came)
    return _explained(company, role, made)


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
    # The extended protocol takes one statement: `;` ends it, and a second is a syntax error.
    with connection.cursor() as cursor:
        rows: list[tuple[str, ...]] = []
        columns: tuple[str, ...] = ()
        if _READS.match(text):  # through a cursor: a table of millions is not fetched to show twenty rows
            cursor.execute(b"DECLARE shown NO SCROLL CURSOR FOR " + text.encode(), prepare=True)
            cursor.execute(sql.SQL("FETCH {} FROM shown").format(ROWS + 1))
        else:
            cursor.execute(text.encode(), prepare=True)
        found = cursor.description
        if found is not None:
            columns = tuple(column.name for column in found)
            rows = [tuple(_shown(value) for value in row) for row in cursor.fetchmany(ROWS + 1)]
        touched = cursor.rowcount if found is None else None
    with connection.cursor() as cursor:
        now = cursor.execute("SELECT current_user").fetchone()
    if now is None or now[0] != plan.role(name):
        return {"escaped": True}
    return {"columns": columns, "rows": tuple(rows[:ROWS]), "more": len(rows) > ROWS, "touched": touched}


def _shown(value: Any) -> str:
    if value is None:
        return "∅"
    if isinstance(value, bytes | memoryview):
        return f"{len(bytes(value))} bytes"
    text = str(value)
    return text if len(text) <= WIDTH else text[: WIDTH - 1] + "…"


# ---- why -----------------------------------------------------------------------------------------------------------

_WORD = re.compile(r"[a-z_][a-z0-9_]*")


def _explained(company: Company, role: str, made: Attempt) -> Attempt:
    because = _because(company, role, made)
    return Attempt(**{**made.__dict__, "because": because})


def _because(company: Company, role: str, made: Attempt) -> Because | None:
    plan = company.plan
    table, column = mentioned(plan, made.sql)
    purpose = _purpose(plan, role)
    if made.escaped:
        return None
    if not made.refused:
        scoped = next((s for s in plan.scoped if s.key == role), None)
        if scoped is not None and made.touched is None:
            return Because("try.because.scope", role, scoped.promises)
        if table is not None and purpose is not None and made.touched is None:
            return Because("try.because.rows", role, purpose.promises, table.name)
        return None
    refusal = explain_refusal(plan, role, _fault(made), table=table.name if table else None, column=column)
    if refusal is None:
        return None
    return _of_refusal(company, role, refusal, table, column)


class _SaidError(Exception):
    """PostgreSQL's refusal as the gate's explainer reads it."""

    def __init__(self, state: str, said: str) -> None:
        super().__init__(said)
        self.diag = self
        self.sqlstate, self.message_primary = state, said


def _fault(made: Attempt) -> BaseException:
    return _SaidError(made.state or "", made.said or "")


def _of_refusal(
    company: Company, role: str, refusal: Refusal, table: TablePlan | None, column: str | None
) -> Because:
    plan, purpose = company.plan, _purpose(company.plan, role)
    if "language" in (refusal.said or ""):
        return Because("try.because.function", role, refusal.promises)
    own = purpose.promises if purpose else ()
    if refusal.why in ("not-behind-a-view", "not-allowed-at-all") and not (table and column):
        said = refusal.said or ""
        key = "try.because.function" if "function" in said or "language" in said else "try.because.wall"
        return Because(key, role, refusal.promises)
    if table is not None:
        wanted = next((c for c in table.columns if c.name == column), None)
        bits = wanted.purposes if wanted is not None else table.bits
        readers = tuple(p.key for p in plan.purposes if p.active and p.mask & bits)
        categories = wanted.categories if wanted is not None else _categories(table)
        if purpose is not None and bits & purpose.mask and role in plan.by_key:
            key = "try.because.wall" if refusal.why == "not-behind-a-view" else "try.because.write"
            return Because(key, role, refusal.promises or own, table.name, column, categories, readers)
        about = company.promises_about(categories)
        promises = tuple(dict.fromkeys((*about[:1], *refusal.promises, *own)))
        return Because("try.because.column", role, promises, table.name, column, categories, readers)
    return Because("try.because.wall", role, refusal.promises or own)


def _purpose(plan: Plan, role: str) -> PurposePlan | None:
    if role in plan.by_key:
        return plan.by_key[role]
    scoped = next((s for s in plan.scoped if s.key == role), None)
    return plan.by_key.get(scoped.purpose) if scoped and scoped.purpose else None


def _categories(table: TablePlan) -> tuple[str, ...]:
    return tuple(dict.fromkeys(k for c in table.columns if not c.key for k in c.categories))[:3]


def mentioned(plan: Plan, text: str) -> tuple[TablePlan | None, str | None]:
    """The first table of the map that a statement names, and the first of its columns that is no key."""
    words = _WORD.findall(text.lower())
    table = next((plan.by_name[w] for w in words if w in plan.by_name), None)
    if table is None:
        return None, None
    values = {c.name for c in table.columns if not c.key}
    return table, next((w for w in words if w in values), None)


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

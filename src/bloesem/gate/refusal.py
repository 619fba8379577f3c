"""Refusals, and why: PostgreSQL's error becomes the promise and the line of the policy that stand behind it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from bloesem.errors import GateError

if TYPE_CHECKING:
    from bloesem.plan.model import ColumnPlan, Plan, PurposePlan

Why = Literal[
    "unknown-purpose", "off", "column-not-needed", "table-not-needed", "row-not-allowed", "write-not-needed",
    "role-not-served", "not-behind-a-view", "not-allowed-at-all", "no-such-column", "no-such-table",
    "no-actor", "no-case", "no-second",
]  # fmt: skip


class NoPurpose(GateError):  # noqa: N818
    """A read or write outside `with purpose(…)`."""


class UnknownPurpose(GateError):  # noqa: N818
    """A purpose that the policy does not have, or that is not in force (P-051)."""


class NotServed(GateError):  # noqa: N818
    """A purpose that this process does not serve."""


#: What whoever opens a purpose has to say, where they did not.
_SAID: dict[str, str] = {
    "no-actor": "who reads: what staff read, and what a case is opened for, is written down; give `actor=`",
    "no-case": "the number of the case that it is for: holds and archives are read one case at a time; give `case=`",
    "no-second": "a second person, who is not the one that reads; give `second=`",
}


@dataclass(frozen=True)
class Refusal:
    """Why something was refused.

    `why`: a word that pages translate; `promises`, `lines`: what of the policy stands behind it (lines of the text of
    the purpose); `readers`: the purposes that do read the value; `sqlstate`, `said`: PostgreSQL's own refusal.
    """

    purpose: str
    table: str | None
    column: str | None
    why: Why
    promises: tuple[str, ...]
    lines: tuple[int, ...]
    readers: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    sqlstate: str | None = None
    said: str | None = None

    @property
    def thing(self) -> str:
        """`table.column`, as far as known: names of the map, never a value."""
        return ".".join(part for part in (self.table, self.column) if part) or self.why

    @property
    def needed(self) -> str:
        """What would be needed, in a sentence for developers."""
        if self.why in ("unknown-purpose", "off"):
            return "a purpose of the policy that is in force"
        if self.why in _SAID:
            return _SAID[self.why]
        if self.why == "no-such-column":
            return "a column of the data map"
        if self.why == "no-such-table":
            return "a table of the data map"
        if self.why == "role-not-served":
            return "a process that serves that role"
        if self.why == "row-not-allowed":
            return f"a person whose data `{self.purpose}` may still store"
        if self.why in ("not-behind-a-view", "not-allowed-at-all"):
            return "nothing that a purpose can have: no purpose does this"
        what = (
            f"categories {', '.join(self.categories)} among those of" if self.categories else "a column for"
        )
        who = f"; read by: {', '.join(self.readers)}" if self.readers else "; read by no purpose in force"
        return f"{what} `{self.purpose}` in a new version of the policy{who}"


class PurposeDenied(GateError):  # noqa: N818
    """A purpose asked for what it has no need of. Raised instead of PostgreSQL's error, which refused as well."""

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal
        self.purpose, self.table, self.column = refusal.purpose, refusal.table, refusal.column
        self.promise = refusal.promises[0] if refusal.promises else None
        rule = ", ".join(refusal.promises)
        if refusal.lines:
            rule += f" (policy, line {', '.join(map(str, refusal.lines))})"
        super().__init__(
            f"purpose `{refusal.purpose}` is not opened: {refusal.why}"
            if refusal.why in _SAID
            else f"purpose `{refusal.purpose}` may not have {refusal.thing}: {refusal.why}",
            rule,
            f"needed: {refusal.needed}",
        )

    def __reduce__(self) -> tuple[object, ...]:
        return (PurposeDenied, (self.refusal,))


def not_opened(plan: Plan, purpose: str, why: Why) -> PurposeDenied:
    """The refusal of somebody who did not say who reads, or for which case."""
    return PurposeDenied(_refusal(plan, purpose, why, None, None, None, None))


# ---- why ---------------------------------------------------------------------------------------------------------


def explain_refusal(
    plan: Plan,
    purpose: str,
    error: BaseException | None = None,
    *,
    table: str | None = None,
    column: str | None = None,
    write: bool = False,
    statement: str | None = None,
) -> Refusal | None:
    """Why `purpose` (of the policy, a scoped role or a writer) is refused.

    in: an error of psycopg or Django, or the table and column that were asked for; `statement`: the SQL, to name the
    table of a column where PostgreSQL names the column alone. out: the refusal; None when the
    error is none of the gate's (a broken constraint, a syntax error).
    """
    state = said = None
    if error is not None:
        state, said = _state(error)
        read = _read_error(state, said)
        if read is None:
            return None
        kind, found_table, found_column = read
        table, column = table or found_table, column or found_column
        if column is not None and (table is None or table not in plan.by_name):
            table = _table_of(plan, column, statement)
        if kind != "ask":
            return _refusal(plan, purpose, kind, table, column, state, said)
    return _refusal(plan, purpose, _why(plan, purpose, table, column, write), table, column, state, said)


def _state(error: BaseException) -> tuple[str | None, str]:
    """SQLSTATE and first line of a psycopg error, or of the one that a Django error wraps."""
    for one in (error, error.__cause__):
        diag = getattr(one, "diag", None)
        if diag is not None and diag.sqlstate:
            return diag.sqlstate, diag.message_primary or ""
    return None, str(error)


_RELATION = re.compile(r"(?:table|view|relation|sequence) \"?([\w]+(?:\.[\w]+)?)\"?")
_COLUMN = re.compile(r"column \"?([\w]+(?:\.[\w]+)?)\"?(?: of relation \"?(\w+)\"?)?")


def _read_error(state: str | None, said: str) -> tuple[Why | Literal["ask"], str | None, str | None] | None:
    """(what it is, table, column); `ask`: the plan says. The words are PostgreSQL's English; without them the names
    stay unknown, the refusal stands."""
    if state == "42501":
        if "row-level security" in said or "row security" in said:
            return "row-not-allowed", _table(said), None
        if "role" in said:
            return "role-not-served", None, None
        if "schema" in said:
            return "not-behind-a-view", None, None
        if "function" in said or "database" in said or "temporary" in said or "large object" in said:
            return "not-allowed-at-all", None, None
        if "owner" in said:
            return "not-allowed-at-all", _table(said), None
        return "ask", _table(said), None
    if state == "42P01":
        return "ask", _table(said), None
    if state == "42703":
        found = _COLUMN.search(said)
        if not found:
            return "ask", None, None
        table, _, column = found.group(1).rpartition(".")
        return "ask", found.group(2) or table or None, column
    if state in ("3F000", "42704"):
        return "not-behind-a-view", None, None
    return None


def _table(said: str) -> str | None:
    found = _RELATION.search(said)
    return found.group(1).rpartition(".")[2] if found else None


def _table_of(plan: Plan, column: str, statement: str | None) -> str | None:
    """The table that has this column, among those that the statement names; None when there are none or several."""
    words = set(re.findall(r"\w+", statement)) if statement is not None else set(plan.by_name)
    named = [t for t in plan.tables if t.name in words]
    having = [t.name for t in named if any(c.name == column for c in t.columns)]
    if len(having) == 1:
        return having[0]
    return named[0].name if len(named) == 1 else None


def _why(plan: Plan, purpose: str, table: str | None, column: str | None, write: bool) -> Why:
    from bloesem.gate.served import grants, targets

    target = targets(plan).get(purpose)
    if target is None:
        return "unknown-purpose"
    if target.purpose is not None and not target.purpose.active:
        return "off"
    if table is None:
        known = column is None or any(c.name == column for t in plan.tables for c in t.columns)
        return "column-not-needed" if known else "no-such-column"
    found = plan.by_name.get(table)
    granted = grants(plan, target, table)
    if found is None:
        known = any(other.name == table for other in plan.open_tables)
        return "table-not-needed" if known else "no-such-table"
    if not (granted.read or granted.insert):
        return "table-not-needed"
    if column is None:
        return "write-not-needed"
    if write or column in granted.read:
        return "write-not-needed"
    return "column-not-needed" if any(c.name == column for c in found.columns) else "no-such-column"


#: "telkens enkel de gegevens verwerken die noodzakelijk zijn om het doel te bereiken" (P-050); the closed list (P-051).
_NEEDED, _CLOSED = ("P-050", (82,)), ("P-051", (82, 94))


def _refusal(
    plan: Plan,
    purpose: str,
    why: Why,
    table: str | None,
    column: str | None,
    state: str | None,
    said: str | None,
) -> Refusal:
    promise, lines = _CLOSED if why in ("unknown-purpose", "off") else _NEEDED
    promises, text = [promise], list(lines)
    of = _purpose_of(plan, purpose)
    if of is not None:
        promises += [p for p in of.promises if p not in promises]
        text += [line for line in of.lines if line not in text]
    asked = _column_of(plan, table, column)
    readers = plan.keys(asked.purposes) if asked else ()
    categories = asked.categories if asked else ()
    return Refusal(
        purpose, table, column, why, tuple(promises), tuple(text), readers, categories, state, said or None
    )


def _purpose_of(plan: Plan, key: str) -> PurposePlan | None:
    for scoped in plan.scoped:
        if scoped.key == key:
            return plan.by_key.get(scoped.purpose) if scoped.purpose else None
    return plan.by_key.get(key)


def _column_of(plan: Plan, table: str | None, column: str | None) -> ColumnPlan | None:
    found = plan.by_name.get(table) if table else None
    if found is None:
        return None
    return next((c for c in found.columns if c.name == column), None)

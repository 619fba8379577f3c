"""What an open purpose does not see of one person, counted, so that a desk does not say that there is nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bloesem.errors import GateError
from bloesem.plan.sql import held as compiled

Reason = Literal["due", "held", "restricted", "objection-assessed", "ended"]

#: What of the text stands behind a reason.
_PROMISES: dict[str, tuple[str, ...]] = {
    "restricted": ("P-158",),
    "objection-assessed": ("P-165",),
    "held": ("P-074",),
    "ended": ("P-105",),
    "due": ("P-105",),
}


@dataclass(frozen=True)
class HeldBack:
    """Rows of one table that the purpose does not see, and the filled values of its columns in them.

    `reason`: `restricted` (art. 18), `objection-assessed`, `held` (nothing but a hold keeps them), `ended` (not, or no
    longer, for this purpose), `due` (their day is over; the clock has yet to judge them).
    """

    table: str
    reason: Reason
    rows: int
    values: int
    promises: tuple[str, ...]


def held_back(person: int, table: str | None = None, *, using: str = "default") -> list[HeldBack]:
    """What the open purpose does not see of `person`; of one `table`, or of all that it reads. Counts, never contents.

    Nothing for somebody whom the purpose may not open, and nothing of what it does see.
    Raises `NoPurpose` outside a purpose, `GateError` in a scoped role, a writer or a hold, and for a table that the
    purpose does not read.
    """
    from django.db import connections

    from bloesem.gate.opening import require_open

    opened = require_open(using)
    plan, key = opened.gate.plan, opened.key
    if key not in {p.key for p in compiled.asking(plan)}:
        raise GateError(
            f"`{key}` does not ask what is held back",
            "whoever opens people for a purpose of their own is told what of them is not shown; nobody else is",
            "ask in the purpose that serves the person",
        )
    if table is not None and not opened.grants(table).read:
        raise opened.refuse(table)
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT table_name, reason, rows, values FROM held_back(%s)", [person])
        found = cursor.fetchall()
    return [
        HeldBack(name, reason, rows, values, _PROMISES[reason])
        for name, reason, rows, values in found
        if table is None or name == table
    ]

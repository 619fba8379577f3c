"""The compiled SQL, as a person would write it: one module per concern, one statement per thing.

`statements(plan)` is everything, in order. Nothing here reads a database or a clock.
"""

from __future__ import annotations

from bloesem.plan.model import Plan
from bloesem.plan.sql import (
    ages,
    attributed,
    breach,
    chain,
    clock,
    corrections,
    disclosure,
    ended,
    forecast,
    gate,
    held,
    journal,
    logbook,
    masks,
    minors,
    oversight,
    own,
    recordings,
    runtime,
    state,
)
from bloesem.plan.sql.statement import Statement


def statements(plan: Plan) -> list[Statement]:
    """All statements that put the plan in force, in order; each may be run again without harm."""
    return [
        *gate.roles(plan),
        *runtime.statements(plan),
        *masks.columns(plan),
        *state.statements(plan),
        *masks.statements(plan),
        *corrections.statements(plan),
        *clock.statements(plan),
        *minors.statements(plan),
        *ages.statements(plan),
        *recordings.statements(plan),
        *logbook.statements(plan),
        *attributed.statements(plan),
        *disclosure.statements(plan),
        *own.statements(plan),
        *ended.statements(plan),
        *oversight.statements(plan),
        *forecast.statements(plan),
        *breach.statements(plan),
        *chain.statements(plan),
        *journal.statements(plan),
        *gate.statements(plan),
        *held.statements(plan),
    ]


__all__ = ["Statement", "statements"]

"""Whether a clerk has something to do: the test of each of its steps, which the step itself asks by.

The helper asks this each time it looks, on a connection that only reads; the clerk, which brings along what makes PDFs, is
loaded when something waits.
"""

from __future__ import annotations

from bloesem.cases import (
    complaints,
    conflicts,
    elsewhere,
    identity,
    known,
    letters,
    lifting,
    scans,
    threads,
    unlawful,
)
from bloesem.plan.model import Plan
from bloesem.plan.quoting import ident
from bloesem.stores.postgres import Connection

#: What the days of a case were worked out from: how often its clock stood, and whether it was lengthened.
COUNTED = "(jsonb_array_length(stops) + CASE WHEN extended_why IS NULL THEN 0 ELSE 1000 END)"
#: A case whose days are to be worked out: it came in, or its clock stood or was lengthened.
UNDATED = f"(due IS NULL OR ended_at IS NULL AND params->'counted' IS DISTINCT FROM to_jsonb({COUNTED}))"
#: An erasure that was carried out, and for which nobody looked yet.
UNPROVEN = "(state = 'carried' AND asked = 'erasure' AND sought IS NOT NULL AND residue IS NULL)"
#: A case of which the next step is the clerk's own.
NEXT = "(state IN ('received', 'identified', 'decided', 'carried') AND stopped_at IS NULL AND (params->>'failed') IS NULL)"
#: An answer that nobody fetched in time.
UNFETCHED = "(sealed IS NOT NULL AND sealed_until < {s}.moment())"


def _case(test: str) -> str:
    return f"EXISTS (SELECT FROM {{s}}.request_case WHERE {test})"


def waits(connection: Connection, plan: Plan) -> bool:
    """Whether a clerk has something to do; False where there are no cases."""
    s = ident(plan.schema)
    own = (_case(UNDATED), _case(f"{NEXT} AND NOT {UNPROVEN}"), _case(UNFETCHED))
    steps = (
        complaints.waits, conflicts.waits, elsewhere.has_work, identity.waits, known.waits, letters.waits, lifting.waits,
        scans.waits, threads.waits,
    )  # fmt: skip
    tests = [test.format(s=s) for test in own] + [step(s) for step in steps]
    return _is_so(connection, s, " OR ".join(f"({test})" for test in tests))


def unproven(connection: Connection, plan: Plan) -> bool:
    """Whether an erasure waits for its proof, or what is unlawful to be looked for; False where there are no cases."""
    s = ident(plan.schema)
    erased = _case(f"{UNPROVEN} AND NOT params ? 'failed'").format(s=s)
    return _is_so(connection, s, f"{erased} OR {unlawful.waiting(s)}")


def _is_so(connection: Connection, s: str, test: str) -> bool:
    """in: a test of cases, in SQL. out: what it says; False where there are no cases."""
    there = connection.execute("SELECT to_regclass(%s) IS NOT NULL", [f"{s}.request_case"]).fetchone()
    return there == (True,) and connection.execute(f"SELECT {test}".encode()).fetchone() == (True,)


__all__ = ["COUNTED", "NEXT", "UNDATED", "UNFETCHED", "UNPROVEN", "unproven", "waits"]

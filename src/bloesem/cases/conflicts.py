"""Rights that conflict (R-038): asked which, one after the other, or both.

erasure and a restriction for a claim    the one takes what the other keeps: the person says which, and neither is done
                                         before; whichever ends first lets the other go on
erasure and data to take along, a copy   the copy first; what was decided meanwhile waits for it too
objection and erasure                    both: the use stops while the erasure is looked at
"""

from __future__ import annotations

from bloesem.cases.case import Bench, Case
from bloesem.cases.letters import WHICH, Letters
from bloesem.cases.model import SQL_ENDED
from bloesem.plan.quoting import literal

#: What `params.waits` says, and until when it is so (SQL over `c`, the waiting case; `s` is the schema).
_COPY = (
    "NOT EXISTS (SELECT FROM {s}.request_case o WHERE o.person_id = c.person_id"
    " AND o.asked IN ('access', 'portability', 'data_act') AND o.kind = 'request' AND o.ended_at IS NULL)"
)
_OTHER = (
    "NOT EXISTS (SELECT FROM {s}.request_case o WHERE o.person_id = c.person_id AND o.id <> c.id AND o.kind = 'request'"
    f" AND o.state NOT IN ({SQL_ENDED}) AND o.asked = CASE c.asked WHEN 'erasure' THEN 'restriction' ELSE 'erasure' END"
    " AND (o.asked = 'erasure' OR o.params->>'ground' = 'c'))"
    " AND (c.asked <> 'erasure' OR NOT EXISTS (SELECT FROM {s}.fact f WHERE f.person_id = c.person_id"
    " AND f.kind = 'restriction' AND f.key = 'claims' AND f.starts_at <= {s}.moment()"
    " AND (f.ends_at IS NULL OR f.ends_at > {s}.moment())))"
)
UNTIL = {"access": _COPY, "which": _OTHER}


def copy_first(bench: Bench, case: Case) -> bool:
    """Whether the same person still waits for a copy, or for data to take along."""
    return case.asked == "erasure" and not _over(bench, case, "access")


def undecided(bench: Bench, case: Case) -> bool:
    """Whether an erasure and a restriction for a claim stand against each other."""
    contested = case.asked == "erasure" or (case.asked == "restriction" and case.params.get("ground") == "c")
    return case.kind == "request" and contested and not _over(bench, case, "which")


def ask_which(bench: Bench, letters: Letters, case: Case) -> None:
    """The person is asked, once per case; the other of the two waits as well, whatever was thought of it."""
    letters.queue(case, WHICH)
    bench.connection.execute(
        f'UPDATE {bench.s}.request_case c SET params = c.params || \'{{"waits": "which"}}\''
        " WHERE c.person_id = %s AND c.id <> %s AND c.kind = 'request' AND c.state = 'waiting' AND c.decided_at IS NULL"
        " AND NOT c.params ? 'waits' AND (c.asked, %s) IN (('erasure', 'restriction'), ('restriction', 'erasure'))"
        " AND (c.asked = 'erasure' OR c.params->>'ground' = 'c')".encode(),
        [case.person, case.id, case.asked],
    )


def released(bench: Bench) -> int:
    """What waited for another request goes on from where it stood, when that ended. out: how many."""
    made = 0
    goes_on = "CASE WHEN c.decided_at IS NULL AND c.outcome IS NULL THEN 'identified' ELSE 'decided' END"
    for waits, until in UNTIL.items():
        made += bench.connection.execute(
            f"UPDATE {bench.s}.request_case c SET state = {goes_on}, params = c.params - 'waits'"
            f" WHERE c.state = 'waiting' AND c.params->>'waits' = %s AND {until.format(s=bench.s)}".encode(),
            [waits],
        ).rowcount
    return made


def waits(s: str) -> str:
    """A test, in SQL: whether something waited for another request, and can go on. in: the schema, quoted."""
    over = " OR ".join(f"(c.params->>'waits' = {literal(one)} AND {until})" for one, until in UNTIL.items())
    return f"EXISTS (SELECT FROM {s}.request_case c WHERE c.state = 'waiting' AND ({over.format(s=s)}))"


def _over(bench: Bench, case: Case, waits: str) -> bool:
    row = bench.connection.execute(
        f"SELECT {UNTIL[waits].format(s=bench.s)} FROM {bench.s}.request_case c WHERE c.id = %s".encode(),
        [case.id],
    ).fetchone()
    return row == (True,)


__all__ = ["UNTIL", "ask_which", "copy_first", "released", "undecided", "waits"]

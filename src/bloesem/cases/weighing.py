"""What the officer weighs an objection against: the balancing tests of the record, use by use (P-165; art. 21(1))."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bloesem.cases.case import Bench, Case


def against(bench: Bench, case: Case, keys: Sequence[str]) -> list[dict[str, Any]]:
    """in: the uses that are objected to. out: of each its key and name, our interest, whether that is compelling as a rule
    (`likely`, `unlikely`, or None where the record does not say). It decides nothing: grounds are written for each case."""
    record, composer, language = bench.loaded.company.record, bench.composer(), bench.loaded.policy.language
    rows = {part: row for row, purpose in bench.loaded.policy.purposes.items() for part in purpose.parts}
    found = []
    for key in keys:
        tests = {one.purpose: one for one in record.balancing}
        test = tests.get(key) or tests.get(rows.get(key, ""))
        found.append(
            {
                "key": key,
                "what": composer.purpose(key, language),
                "interest": dict(test.interest) if test else {},
                "compelling": test.compelling if test else None,
            }
        )
    return found


__all__ = ["against"]

"""That people tell of a move is asked of them, and nothing follows for whoever does not (P-149)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.promises.test_gate import COMPANY

from bloesem.company import load


@pytest.mark.promise("P-149")
def test_nothing_in_the_plan_rests_on_what_is_asked_of_people() -> None:
    """The text asks it as a right's own wish: without it every purpose, period, bit and column is the same."""
    asked = COMPANY.policy.rights["rectification"]
    assert [one.line for one in asked.asks] == [169]
    rights = {**COMPANY.policy.rights, "rectification": asked.model_copy(update={"asks": ()})}
    silent = COMPANY.policy.model_copy(update={"rights": rights})
    versions = tuple(silent if one is COMPANY.policy else one for one in COMPANY.company.versions)
    assert silent in versions
    company = replace(COMPANY.company, versions=versions)
    other = load(company.directory, on=COMPANY.policy.version, prefix=COMPANY.plan.prefix, company=company)
    same = load(
        company.directory, on=COMPANY.policy.version, prefix=COMPANY.plan.prefix, company=COMPANY.company
    )
    assert other.policy is silent
    assert other.plan == same.plan

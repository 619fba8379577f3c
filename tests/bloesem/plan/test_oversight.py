"""Through which login the privacy officer asks is said by the record, or nobody can."""

from __future__ import annotations

import pytest
from tests.bloesem.recipients.changed import DAY, HOME

from bloesem.company import load
from bloesem.errors import PlanError
from bloesem.plan.purposes import oversight_of
from bloesem.plan.sql import oversight
from bloesem.policy.model import Oversight


def test_the_record_says_who_asks_and_under_what() -> None:
    plan = load(HOME, on=DAY).plan
    assert plan.oversight is not None
    assert plan.processes[plan.oversight.process] == ()  # it reads nobody: it serves no purpose
    assert plan.oversight.process in plan.staff
    granted = [one.sql for one in oversight.statements(plan) if one.sql.startswith("GRANT")]
    assert len(granted) == len(oversight.SIGNATURES)
    assert all(sql.endswith(plan.role(plan.oversight.process)) for sql in granted)


def test_without_it_nobody_can_ask() -> None:
    from dataclasses import replace

    assert oversight.statements(replace(load(HOME, on=DAY).plan, oversight=None)) == []


@pytest.mark.parametrize(
    ("process", "purpose", "thing"),
    [
        ("nobody", "law:accountability", "nobody"),
        ("oversight_desk", "marketing", "marketing"),  # a purpose of the policy
        ("oversight_desk", "law:claims", "law:claims"),  # a hold: read one case at a time
        ("oversight_desk", "law:nothing", "law:nothing"),
    ],
)
def test_what_it_names_has_to_be_there(process: str, purpose: str, thing: str) -> None:
    loaded = load(HOME, on=DAY)
    record = loaded.company.record.model_copy(
        update={"oversight": Oversight(process=process, purpose=purpose)}
    )
    with pytest.raises(PlanError) as refused:
        oversight_of(record, loaded.plan.purposes)
    assert thing in refused.value.thing
    assert refused.value.rule
    assert refused.value.remedy

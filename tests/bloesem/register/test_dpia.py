"""Which processing needs an impact assessment, and what is said where none is on record."""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import Any

import pytest
from tests.bloesem.cli.world import BLOSSOM, call
from tests.bloesem.recipients.changed import DAY, HOME, record_with

from bloesem.policy.company import Company, late_reviews, load_company
from bloesem.register.activities import register
from bloesem.register.dpia import findings, triggers
from bloesem.register.records import Automated


@cache
def blossom() -> Company:
    """With every version: what one to come does is assessed before it begins."""
    return load_company(HOME)


def found(company: Company, on: dt.date = DAY) -> dict[str, set[str]]:
    return {
        one.rule.key: {each.activity.key for each in one.reached}
        for one in triggers(company, register(company, on))
    }


def kinds(company: Company) -> list[str]:
    return [one.kind for one in findings(company, register(company, DAY))]


@pytest.mark.promise("R-045")
def test_the_triggers_of_this_company_are_computed_and_all_decided() -> None:
    reached = found(blossom())
    assert {"quality", "training"} <= reached["be.dpia.communication"]
    assert {"service", "billing"} <= reached["be.dpia.devices"]
    assert reached["be.dpia.influence"] == {"marketing", "consent_marketing"}
    assert reached["eu.dpia.automated"] == reached["be.dpia.prediction"] == set()
    assert kinds(blossom()) == []


@pytest.mark.promise("R-045")
def test_a_rating_is_read_by_nobody_but_holds() -> None:
    assert found(blossom())["be.dpia.refusal"] == {"disputes", "law:claims"}


@pytest.mark.promise("R-045")
def test_before_the_list_was_in_force_there_is_no_trigger_of_it() -> None:
    law = blossom().law.valid_on(dt.date(2019, 3, 31))
    assert not [one for one in law.rules if one.key.startswith("be.dpia.")]
    assert [
        one for one in blossom().law.valid_on(dt.date(2019, 4, 1)).rules if one.key.startswith("be.dpia.")
    ]


@pytest.mark.promise("R-045")
@pytest.mark.parametrize("name", sorted(blossom().record.dpia))
def test_without_its_record_a_trigger_is_a_finding(name: str) -> None:
    less = {key: one for key, one in blossom().record.dpia.items() if key != name}
    said = [
        one
        for one in findings(record_with(blossom(), dpia=less), register(blossom(), DAY))
        if one.kind == "dpia-missing"
    ]
    assert said
    gone = blossom().record.dpia[name]
    assert any(part in one.thing for one in said for part in gone.parts)


def _decision(**changes: Any) -> Company:
    one = blossom().record.dpia["advertising"].model_copy(update=changes)
    return record_with(blossom(), dpia={**blossom().record.dpia, "advertising": one})


@pytest.mark.promise("R-045")
@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"measures": ()}, "dpia-incomplete"),
        ({"residual": None}, "dpia-incomplete"),
        ({"advice": None}, "dpia-incomplete"),
        ({"review": None}, "dpia-no-review"),
        ({"residual": "high"}, "dpia-unconsulted"),
        ({"parts": ("marketing", "consent_marketing", "nothing")}, "dpia-unknown"),
        ({"decided": dt.date(2026, 11, 27)}, "dpia-missing"),
    ],
)
def test_a_decision_that_is_not_whole_is_a_finding(changes: dict[str, Any], kind: str) -> None:
    assert kinds(_decision(**changes)) == [kind]


@pytest.mark.promise("R-045")
def test_a_high_risk_of_which_the_authority_was_asked_is_none() -> None:
    assert kinds(_decision(residual="high", consulted=dt.date(2026, 10, 20))) == []


def test_a_review_that_is_past_is_late() -> None:
    day = dt.date(2027, 10, 13)
    assert "dpia.advertising" in " ".join(one.thing for one in late_reviews(blossom().record, day))


@pytest.mark.promise("R-045")
def test_a_decision_by_a_machine_reaches_its_part() -> None:
    record = blossom().record.register_
    assert record is not None
    one = Automated(part="identify", logic={"en": "A score"}, consequences={"en": "No contract"})
    company = record_with(blossom(), register_=record.model_copy(update={"automated": (one,)}))
    assert found(company)["eu.dpia.automated"] == {"identify"}
    assert kinds(company) == ["dpia-missing"]


def test_check_says_it() -> None:
    said = call("check", BLOSSOM, "--on", "2028-01-01", "--json")
    assert any("dpia.charging" in one["thing"] for one in said.json["findings"])
    assert not [
        one for one in call("check", BLOSSOM, "--on", DAY, "--json").json["findings"] if "dpia" in one["kind"]
    ]

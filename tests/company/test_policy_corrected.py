"""The version of 1 March 2027: nothing of it is left to the record, and it promises what the first one did."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
import yaml

from bloesem.company import load
from bloesem.errors import PolicyError
from bloesem.policy import load_company
from bloesem.policy.load import read_policy
from bloesem.policy.quotes import find

COMPANY = Path(__file__).parents[2] / "company" / "blossom"
FIRST, CORRECTED = dt.date(2024, 3, 18), dt.date(2027, 3, 1)
VERSION = COMPANY / "policy" / CORRECTED.isoformat()
TEXT = (VERSION / "text.nl.txt").read_text("utf-8")


def promises(version: dt.date) -> list[dict[str, Any]]:
    listed = COMPANY / "policy" / version.isoformat() / "promises.yaml"
    found: list[dict[str, Any]] = yaml.safe_load(listed.read_text("utf-8"))["promises"]
    return found


def test_nothing_is_found_in_it_and_nothing_of_it_is_off() -> None:
    company = load_company(COMPANY)
    assert [f for f in company.findings if f.version == CORRECTED] == []
    assert [f.id for f in company.findings if f.version == FIRST] != []
    assert company.off_in(company.in_force(CORRECTED), CORRECTED) == {}


def test_the_first_version_is_in_force_until_the_day_before() -> None:
    company = load_company(COMPANY)
    assert company.in_force(CORRECTED - dt.timedelta(days=1)).version == FIRST
    assert company.in_force(CORRECTED).version == CORRECTED


def test_the_terms_that_the_record_gave_the_first_version_are_not_put_into_this_one() -> None:
    company = load_company(COMPANY)
    of = {policy.version: policy.purposes["PUR-3"].parts["archive"].keep for policy in company.versions}
    assert [term.for_ for term in of[FIRST].terms] == ["P7Y"]  # type: ignore[union-attr]
    assert [term.for_ for term in of[CORRECTED].terms] == ["P7Y", "P10Y"]  # type: ignore[union-attr]


def test_a_plan_of_its_day_has_the_part_of_calls_and_no_training() -> None:
    plan = load(COMPANY, on=CORRECTED).plan
    keys = {purpose.key for purpose in plan.purposes}
    assert "calls" in keys
    assert "training" not in keys


def test_promises_keep_their_numbers_and_each_quotes_this_text() -> None:
    now = promises(CORRECTED)
    assert [one["id"] for one in now] == [one["id"] for one in promises(FIRST)]
    assert [one["id"] for one in now if find(one["quote"], TEXT) != one["line"]] == []


def test_nobody_is_addressed_in_two_ways() -> None:
    words = TEXT.casefold().split()
    assert not {"u", "uw"} & {word.strip(".,;:()") for word in words}


def test_what_the_text_says_is_not_collected_no_part_may_read(tmp_path: Path) -> None:
    text = (VERSION / "policy.yaml").read_text("utf-8")
    old = "reads: [contact.work_email]"
    assert text.count(old) == 1
    (tmp_path / "policy.yaml").write_text(
        text.replace(old, "reads: [contact.work_email, financial]"), "utf-8"
    )
    with pytest.raises(PolicyError, match="not collected"):
        read_policy(tmp_path)

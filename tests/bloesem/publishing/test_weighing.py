"""Art. 6(4): what was collected for others is used by a part once somebody weighed it, and found it compatible."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from tests.bloesem.publishing.test_steps import VERSION
from tests.promises.test_gate import COMPANY

from bloesem.policy.model import Policy, Record
from bloesem.publishing import steps
from bloesem.publishing.errors import PublishingError, in_words
from bloesem.publishing.weighing import FACTORS, Weighing, lacking
from bloesem.terms import Dated

WHOLE: dict[str, object] = {**dict.fromkeys(FACTORS, "gewogen"), "compatible": True}


def without(policy: Policy, row: str, part: str, category: str) -> Policy:
    """A version in which that part does not read that category."""
    was = policy.purposes[row]
    one = was.parts[part]
    changed = one.model_copy(update={"reads": tuple(it for it in one.reads if it != category)})
    assert changed.reads != one.reads
    rows = {**policy.purposes, row: was.model_copy(update={"parts": {**was.parts, part: changed}})}
    return policy.model_copy(update={"purposes": rows})


@pytest.mark.promise("R-054")
def test_a_part_that_uses_more_of_what_was_collected_is_weighed_before_anybody_decides() -> None:
    assert VERSION.further() == (), "the worked example uses nothing anew"
    row, part, category = next(
        (row, key, reads)
        for row, it in VERSION.new.purposes.items()
        for key, one in it.parts.items()
        if key == "identify"
        for reads in one.reads
    )
    wider = replace(VERSION, old=without(VERSION.old, row, part, category))
    found = wider.further()
    assert [it.part for it in found] == ["identify"]
    assert set(found[0].categories) <= {
        c for c in VERSION.new.categories if c == category or c.startswith(f"{category}.")
    }
    nothing: Any = None  # it is refused before a database is asked
    half = {**WHOLE, "nature": " "}
    for weighed, key in (
        (None, "weighing"),
        ({"identify": half}, "weighing"),
        ({"identify": {**WHOLE, "compatible": "yes"}}, "incompatible"),
        ({"identify": {**WHOLE, "compatible": False}}, "incompatible"),
    ):
        with pytest.raises(PublishingError) as refused:
            steps.decide(nothing, nothing, wider, by="Mira", reason="Why", significant=True, weighed=weighed)
        assert refused.value.key == key
        for language in ("nl", "en", "fr", "de"):
            assert found[0].name[language] in in_words(key, refused.value.values, language)[0]
    assert lacking(found[0], {"identify": Weighing.of(WHOLE).told()}) is None


@pytest.mark.promise("R-054")
def test_a_new_part_is_weighed_where_the_record_lets_it_read_what_was_before() -> None:
    record: Record = COMPANY.company.record
    compatible = {"calls": Dated(decided=dt.date(2026, 1, 1))}
    company = replace(COMPANY.company, record=record.model_copy(update={"compatible": compatible}))
    found = replace(VERSION, company=company).further()
    assert [(it.part, list(it.categories)) for it in found] == [("calls", ["communication.recording"])]

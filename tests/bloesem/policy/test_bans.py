"""What the law refuses, whatever a policy says, unless a row says that a condition is met (P-003)."""

from __future__ import annotations

import pytest
from tests.bloesem.policy.drafts import LAW, POLICY, RECORD, Draft
from tests.bloesem.policy.test_company import compiled

from bloesem.errors import LawError, PlanError, PolicyError
from bloesem.plan.predicates import meets

MAP = "datamap/shop.yaml"

BAN = """\
bans:
  - key: lines.training
    label: {en: Training}
    is: [call-recording]
    use: training
    unless: all-parties-consent
    article: WEC art. 124
    source: the act
    switch: recording_training
    checked: {status: published, on: 2026-01-01}
"""


@pytest.fixture
def banned(draft: Draft) -> Draft:
    """The shop's orders are used for training, and what was ordered is a recording of a call."""
    draft.change(
        LAW,
        "  consent-proof:",
        "  training: {label: {en: Training}}\n  all-parties-consent: {label: {en: Consent of all}}\n  consent-proof:",
    )
    draft.add(LAW, BAN).add(RECORD, "\nswitches: {recording_cap: off, recording_training: on}\n")
    line = next(line for line in draft.text(POLICY).splitlines() if line.startswith("  order.lines:"))
    return draft.change(POLICY, line, line.rstrip("}") + ", is: [call-recording]}").change(
        POLICY, "reads: [identity, order]", "is: [training]\n        reads: [identity, order]"
    )


def with_column(draft: Draft, *, key: bool = True) -> Draft:
    said = "meta: {key: true}" if key else "data_categories: [order.lines]"
    return draft.change(
        MAP, "          - {name: lines,", f"          - {{name: agreed, {said}}}\n          - {{name: lines,"
    ).change(
        MAP,
        "          record_date: invoiced_on",
        "          conditions: {all-parties-consent: agreed}\n          record_date: invoiced_on",
    )


def test_where_no_column_says_that_the_condition_is_met_it_never_is(banned: Draft) -> None:
    plan = compiled(banned.load())
    (narrow,) = [n for n in plan.table("purchase").narrow if "lines.training" in n.why]
    assert narrow.when is None
    assert plan.keys(narrow.removed) == ("orders",)
    assert not [n for n in plan.table("customer").narrow if "lines.training" in n.why], "no recordings there"


def test_a_column_says_on_which_rows_the_condition_is_met(banned: Draft) -> None:
    plan = compiled(with_column(banned).load())
    refused = [n.when for n in plan.table("purchase").narrow if "lines.training" in n.why]
    for agreed, expected in ((True, False), (False, True), (None, True)):
        assert any(when and meets(when, {"agreed": agreed}) for when in refused) == expected


def test_what_says_that_the_condition_is_met_outlives_the_values(banned: Draft) -> None:
    with pytest.raises(PlanError, match="`agreed` decides what the row is for and could be erased"):
        compiled(with_column(banned, key=False).load())


def test_the_switch_takes_the_refusal_away_and_it_is_reported_in_both_positions(banned: Draft) -> None:
    said = [f.thing for f in banned.load().findings if "lines.training" in f.thing]
    assert [thing.rpartition("; ")[2] for thing in said] == ["the law's refusal is applied"]
    banned.change(RECORD, "recording_training: on", "recording_training: off")
    company = banned.load()
    assert not [n for n in compiled(company).table("purchase").narrow if "lines.training" in n.why]
    (finding,) = [f for f in company.findings if "lines.training" in f.thing]
    assert "`recording_training` is off: it is not applied" in finding.thing
    assert (finding.id, finding.severity) == ("L-029", "error")


def test_the_words_of_a_ban_and_of_a_part_are_those_of_the_law(banned: Draft) -> None:
    banned.change(LAW, "unless: all-parties-consent", "unless: everybody-agrees")
    assert "`everybody-agrees` is no word of the vocabulary" in banned.refused(LawError).text
    banned.change(LAW, "unless: everybody-agrees", "unless: all-parties-consent")
    banned.change(POLICY, "is: [training]", "is: [teaching]")
    banned.refused(PolicyError).says(
        POLICY, "is: [teaching]", "purposes.SALE.parts.orders.is", "`teaching` is no word", "a part by what"
    )

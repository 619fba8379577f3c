"""What a file names, another declares: groups, switches, authorities. Whatever is declared nowhere is refused."""

from __future__ import annotations

import pytest
from tests.bloesem.policy.drafts import LAW, POLICY, RECORD, Draft

from bloesem.errors import PolicyError

AUTHORITY = """
authority:
  - key: authority
    label: {en: Authority}
    article: "77"
    source: its pages
    value: {short: {nl: GBA, en: DPA}}
    checked: false
"""
BAN = """
bans:
  - {key: training, label: {en: Training}, is: [accounting-voucher], use: consent-proof, unless: call-recording,
     article: "1", source: s, switch: recording_training, checked: false}
"""


def test_a_switch_of_the_law_is_one_that_a_record_can_set(draft: Draft) -> None:
    draft.change(LAW, "switch: recording_cap", "switch: recording_cup")
    assert "the law's `recordings` has a switch `recording_cup`" in draft.refused(PolicyError).text


def test_a_ban_on_which_something_depends_is_decided_in_the_record(draft: Draft) -> None:
    draft.add(LAW, BAN).change(
        POLICY, "reads: [identity, order]", "is: [consent-proof]\n        reads: [identity, order]"
    )
    assert (
        "is a use that the law refuses, and the record does not say `switches.recording_training`"
        in draft.refused().text
    )
    draft.add(RECORD, "\nswitches: {recording_training: on}\n").load()


@pytest.mark.parametrize(("named", "accepted"), [("GBA", True), ("DPA", True), ("CNIL", False)])
def test_a_complaint_goes_to_an_authority_that_the_law_has(draft: Draft, named: str, accepted: bool) -> None:
    draft.add(LAW, AUTHORITY)
    draft.add(POLICY, f"\ncomplaint: {{authority: {named}, label: {{en: A}}, routes: [complaint]}}\n")
    if accepted:
        draft.load()
    else:
        draft.refused(PolicyError).says(
            POLICY, "complaint:", "complaint.authority", "`CNIL` is no authority of the law"
        )


def test_the_record_speaks_of_groups_that_exist(draft: Draft) -> None:
    draft.add(RECORD, "\nbasis: {orders: {basis: contract, groups: [buyer], decided: 2026-01-01}}\n")
    assert "unknown group `buyer`" in draft.refused(PolicyError).text

"""Differences by meaning: none of a version with itself, and what comes one way goes the other way."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.promises.test_gate import COMPANY

from bloesem.console.language import say
from bloesem.policy.diff import Change, _table, countries, diff
from bloesem.policy.model import Keep, Policy
from bloesem.terms import LANGUAGES

FIRST, CORRECTED = COMPANY.company.versions
PARTS = [(row, part) for row, purpose in CORRECTED.purposes.items() for part in purpose.parts]
KEEPS: list[Any] = ["hold", "none"] + [
    {"for": f"P{n}Y", "after": after}
    for n in (1, 2, 10)
    for after in ("record", "account.terminated", "contact")
]


def with_part(policy: Policy, row: str, part: str, **what: Any) -> Policy:
    purpose = policy.purposes[row]
    changed = {**purpose.parts, part: purpose.parts[part].model_copy(update=what)}
    return with_parts(policy, row, changed)


def with_parts(policy: Policy, row: str, parts: Any) -> Policy:
    rows = {**policy.purposes, row: policy.purposes[row].model_copy(update={"parts": parts})}
    return policy.model_copy(update={"purposes": rows})


def without(policy: Policy, section: str, key: str) -> Policy:
    left = {name: value for name, value in getattr(policy, section).items() if name != key}
    return policy.model_copy(update={section: left})


def only(changes: tuple[Change, ...]) -> Change:
    assert len(changes) == 1, changes
    return changes[0]


@st.composite
def versions(draw: st.DrawFn) -> Policy:
    """The corrected version with a few things changed, taken away or cut."""
    made = CORRECTED
    for row, part in draw(st.lists(st.sampled_from(PARTS), max_size=4, unique=True)):
        what: dict[str, Any] = draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "keep": st.sampled_from(KEEPS).map(Keep.model_validate),
                    "basis": st.sampled_from(
                        ["contract", "consent", "legitimate-interest", "legal-obligation"]
                    ),
                    "reads": st.lists(st.sampled_from(sorted(CORRECTED.categories)), max_size=3).map(tuple),
                },
            )
        )
        made = with_part(made, row, part, **what)
        if len(made.purposes[row].parts) > 1 and draw(st.booleans()):
            made = with_parts(made, row, {k: v for k, v in made.purposes[row].parts.items() if k != part})
    for section in ("recipients", "rights", "sources"):
        for key in draw(
            st.lists(st.sampled_from(sorted(getattr(CORRECTED, section))), max_size=3, unique=True)
        ):
            made = without(made, section, key)
    return made


@given(versions())
def test_a_version_differs_in_nothing_from_itself(one: Policy) -> None:
    assert diff(one, one) == ()


@given(versions(), versions())
def test_what_is_added_one_way_is_removed_the_other_way(one: Policy, other: Policy) -> None:
    there, back = diff(one, other), diff(other, one)
    for how, reverse in (
        ("added", "removed"),
        ("removed", "added"),
        ("longer", "shorter"),
        ("shorter", "longer"),
    ):
        assert {(c.kind, c.key) for c in there if c.how == how} == {
            (c.kind, c.key) for c in back if c.how == reverse
        }
    assert {(c.kind, c.key) for c in there} == {(c.kind, c.key) for c in back}


@given(versions())
def test_every_difference_is_told_in_four_languages_and_has_a_rule(one: Policy) -> None:
    for change in (*diff(CORRECTED, one), *diff(one, CORRECTED)):
        assert set(change.words) == set(LANGUAGES)
        assert all(words.strip() and "{" not in words for words in change.words.values())
        assert change.rule


@pytest.mark.promise("P-175")
@pytest.mark.parametrize(
    ("changed", "kind", "how", "significant"),
    [
        (with_part(CORRECTED, "PUR-4", "quality", basis="consent", interest=None), "basis", "changed", True),
        (without(CORRECTED, "recipients", "bank"), "recipient", "removed", False),
        (without(CORRECTED, "rights", "portability"), "right", "removed", True),
        (without(CORRECTED, "sources", "survey"), "source", "removed", False),
        (
            with_part(
                CORRECTED, "PUR-4", "calls", keep=Keep.model_validate({"for": "P2M", "after": "record"})
            ),
            "retention",
            "longer",
            True,
        ),
        (
            with_part(
                CORRECTED, "PUR-4", "calls", keep=Keep.model_validate({"for": "P7D", "after": "record"})
            ),
            "retention",
            "shorter",
            False,
        ),
        (
            with_part(CORRECTED, "PUR-1", "invite", reads=("contact.work_email", "contact.phone")),
            "reads",
            "added",
            True,
        ),
    ],
)
def test_what_is_significant(changed: Policy, kind: str, how: str, significant: bool) -> None:
    found = [c for c in diff(CORRECTED, changed) if c.kind != "interest"]
    one = found[0]
    assert (one.kind, one.how, one.significant) == (kind, how, significant)


@pytest.mark.promise("P-175")
def test_every_kind_of_difference_has_a_heading_on_the_officers_page() -> None:
    for kind in _table():
        for language in LANGUAGES:
            assert say(f"versions.kind.{kind}", language)


def test_what_is_new_is_significant() -> None:
    """A purpose, a kind of recipient, a source, a way out of the EEA, a country; and fewer of them is not."""
    assert CORRECTED.transfers is not None
    less = CORRECTED.transfers.model_copy(update={"mechanisms": ("adequacy",)})
    quality = CORRECTED.purposes["PUR-4"].parts["quality"]
    for before, kind in (
        (with_parts(CORRECTED, "PUR-4", {"quality": quality}), "purpose"),
        (without(CORRECTED, "recipients", "bank"), "recipient"),
        (without(CORRECTED, "sources", "survey"), "source"),
        (CORRECTED.model_copy(update={"transfers": less}), "transfer"),
    ):
        one, back = diff(before, CORRECTED)[0], diff(CORRECTED, before)[0]
        assert (one.kind, one.how, one.significant) == (kind, "added", True)
        assert (back.kind, back.how, back.significant) == (kind, "removed", False)
    names = {code: dict.fromkeys(LANGUAGES, f"<{code}>") for code in ("US", "GB", "IN")}
    found = {(c.key, c.how): c for c in countries(CORRECTED, {"US", "GB"}, {"US", "IN"}, names)}
    assert {key: c.significant for key, c in found.items()} == {
        ("IN", "added"): True,
        ("GB", "removed"): False,
    }
    assert all("<IN>" in text for text in found["IN", "added"].words.values())
    assert set(found["IN", "added"].words) == set(LANGUAGES)


def test_a_new_purpose_is_told_once_to_everybody() -> None:
    rows = CORRECTED.purposes["PUR-4"].parts
    before = with_parts(CORRECTED, "PUR-4", {"quality": rows["quality"]})
    one = only(diff(before, CORRECTED))
    assert (one.kind, one.how, one.key, one.parts) == ("purpose", "added", "calls", ())


def test_a_change_of_one_purpose_is_of_concern_to_its_people_alone() -> None:
    longer = Keep.model_validate({"for": "P2Y", "after": "contact"})
    assert only(diff(CORRECTED, with_part(CORRECTED, "PUR-1", "invite", keep=longer))).parts == ("invite",)


def test_other_words_are_no_difference() -> None:
    label = {"nl": "Bank", "en": "Bank", "fr": "Banque", "de": "Bank"}
    bank = CORRECTED.recipients["bank"].model_copy(update={"label": label, "line": 1})
    other = CORRECTED.model_copy(update={"recipients": {**CORRECTED.recipients, "bank": bank}})
    assert diff(CORRECTED, other) == ()


@pytest.mark.promise("R-054")
def test_between_the_two_versions_of_blossom() -> None:
    found = {(c.kind, c.how, c.key): c for c in diff(FIRST, CORRECTED)}
    assert found["purpose", "added", "calls"].significant
    assert found["retention", "changed", "archive"].significant
    assert not found["right", "added", "consent_withdrawal"].significant
    assert not found["affiliates", "removed", "marketing"].significant

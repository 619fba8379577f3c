"""What the law files say: dated, sourced, and the dates that follow from them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from bloesem.law import Law, load_law
from bloesem.terms import Keep, add_period

TODAY = dt.date(2026, 6, 18)


@pytest.fixture(scope="module")
def law() -> Law:
    return load_law(Path(__file__).parents[3] / "law")


def ends(keep: Keep, record: dt.date) -> list[dt.date]:
    """The last days that the terms give a record of this date."""
    return [
        add_period(dt.date(record.year, 12, 31) if term.from_ == "end-of-year" else record, term.for_)
        for term in keep.terms
        if (term.records_from or record) <= record <= (term.records_until or record)
    ]


@pytest.mark.parametrize(
    ("invoice", "last_day"),
    [
        (dt.date(2022, 12, 31), dt.date(2029, 12, 31)),
        (dt.date(2023, 1, 1), dt.date(2033, 12, 31)),
    ],
)
def test_an_invoice_is_kept_for_tax_seven_years_and_ten_since_2023(
    law: Law, invoice: dt.date, last_day: dt.date
) -> None:
    (archive,) = (purpose for purpose in law.purposes if purpose.key == "law:tax-archive")
    (floor,) = law.floors
    assert ends(archive.keep, invoice) == [last_day]
    assert ends(floor.keep, invoice) == [last_day]


def test_a_recording_is_capped_at_a_month_and_that_month_is_still_to_be_confirmed(law: Law) -> None:
    (cap,) = law.ceilings
    assert (cap.for_, cap.is_, cap.switch) == ("P1M", ("call-recording",), "recording_cap")
    assert cap.checked.status == "from-knowledge"


def test_countries_with_adequate_protection_are_sixteen_and_one_organisation(law: Law) -> None:
    listed = [
        rule.value
        for rule in law.valid_on(TODAY).rules
        if rule.article == "45" and isinstance(rule.value, dict)
    ]
    countries = {value["country"] for value in listed if "country" in value}
    assert " ".join(sorted(countries)) == "AD AR BR CA CH FO GB GG IL IM JE JP KR NZ US UY"
    assert [value["organisation"] for value in listed if "organisation" in value] == ["EPO"]
    assert all(value["decision"] for value in listed)
    assert {value["scope"] for value in listed} == {"whole", "limited", "listed"}
    assert all(value.get("limit") for value in listed if value["scope"] != "whole")


def test_the_united_kingdom_is_adequate_through_27_december_2031_and_brazil_since_2026(law: Law) -> None:
    def adequate(country: str, day: dt.date) -> bool:
        return any(rule.key == f"eu.adequacy.{country}" for rule in law.valid_on(day).rules)

    assert adequate("gb", dt.date(2031, 12, 27))
    assert not adequate("gb", dt.date(2031, 12, 28))
    assert adequate("br", dt.date(2026, 1, 26))
    assert not adequate("br", dt.date(2026, 1, 25))


def test_the_eea_has_thirty_countries_norway_among_them(law: Law) -> None:
    members = law.rule("eu.eea").value
    assert len(set(members)) == len(members) == 30
    assert {"NO", "IS", "LI", "BE"} <= set(members)


def test_an_answer_takes_a_month_two_more_when_extended_and_a_breach_72_hours(law: Law) -> None:
    today = law.valid_on(TODAY)
    answer, extension = (today.rule(f"eu.request.{name}").value for name in ("answer", "extension"))
    assert (answer, extension) == ("P1M", "P2M")
    assert today.rule("eu.breach.notify_hours").value == 72
    assert today.rule("be.consent.child_age").value == 13


def test_every_purpose_of_the_law_is_named_in_four_languages_and_survives_objection(law: Law) -> None:
    assert {purpose.key for purpose in law.purposes} == {
        "law:security",
        "law:accountability",
        "law:tax-archive",
        "law:claims",
    }
    for purpose in law.purposes:
        assert set(purpose.label) == {"nl", "en", "fr", "de"}
        assert purpose.survives.objection


def test_every_value_says_when_it_was_looked_at(law: Law) -> None:
    sections = (
        law.rules,
        law.purposes,
        law.ceilings,
        law.floors,
        law.bans,
        law.holidays,
        law.authority,
        law.periods,
    )
    assert [item.key for section in sections for item in section if item.checked.on is None] == []

"""What the law files say: dated, sourced, and the dates that follow from them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import phonenumbers
import pytest

from bloesem.law import Law, load_law
from bloesem.law.periods import belgian_holidays
from bloesem.terms import Keep, add_period

TODAY = dt.date(2026, 6, 18)
SECTIONS = ("rules", "purposes", "ceilings", "floors", "bans", "holidays", "authority", "periods")


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
@pytest.mark.promise("R-064")
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


@pytest.mark.promise("R-047")
def test_countries_with_adequate_protection_are_sixteen_and_one_organisation(law: Law) -> None:
    listed = law.valid_on(TODAY).adequacy
    countries = {one.country for one in listed if one.country}
    assert " ".join(sorted(countries)) == "AD AR BR CA CH FO GB GG IL IM JE JP KR NZ US UY"
    assert [one.organisation for one in listed if one.organisation] == ["EPO"]
    assert {one.scope for one in listed} == {"whole", "limited", "listed"}
    assert all(one.limit and one.condition for one in listed if one.scope != "whole")


@pytest.mark.promise("R-047")
def test_the_united_kingdom_is_adequate_through_27_december_2031_and_brazil_since_2026(law: Law) -> None:
    def adequate(country: str, day: dt.date) -> bool:
        return law.adequate(country, day) is not None

    assert adequate("GB", dt.date(2031, 12, 27))
    assert not adequate("GB", dt.date(2031, 12, 28))
    assert adequate("BR", dt.date(2026, 1, 26))
    assert not adequate("BR", dt.date(2026, 1, 25))


def test_the_eea_has_thirty_countries_norway_among_them(law: Law) -> None:
    members = law.rule("eu.eea").value
    assert len(set(members)) == len(members) == 30
    assert {"NO", "IS", "LI", "BE"} <= set(members)
    assert law.eea(TODAY) == set(members)
    assert law.eea(dt.date(2020, 12, 31)) == frozenset(), (
        "before that day the list says nothing: all is a transfer"
    )


def test_there_are_249_countries_and_each_with_a_telephone_is_one(law: Law) -> None:
    known = law.countries()
    assert len(known) == 249
    assert set(phonenumbers.SUPPORTED_REGIONS) - known == {"AC", "TA", "XK"}, (
        "islands and a region without a code"
    )
    assert {one.country for one in law.adequacy if one.country} <= known
    assert law.eea(TODAY) <= known


@pytest.mark.promise("R-012")
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


def dated(law: Law) -> list[Any]:
    return [item for section in SECTIONS for item in getattr(law, section)]


@pytest.mark.promise("R-012")
def test_every_value_names_its_article_its_source_and_since_when_it_holds(law: Law) -> None:
    assert [item.key for item in dated(law) if not item.article or not item.source] == []
    assert [item.key for item in dated(law) if item.valid_from is None] == []


def test_a_value_was_compared_on_a_day_or_not_at_all(law: Law) -> None:
    assert {item.checked.status for item in dated(law)} == {"published", "from-knowledge"}
    for item in dated(law):
        assert (item.checked.on is not None) == (item.checked.status == "published"), item.key
        assert item.checked.on is None or item.checked.on <= dt.date(2026, 11, 26), item.key


def test_what_a_company_chose_is_no_value_of_the_law(law: Law) -> None:
    assert [item.key for item in dated(law) if "choice" in item.source] == []
    assert {purpose.key for purpose in law.purposes if purpose.term == "company"} == {
        "law:security",
        "law:accountability",
    }
    assert all(not purpose.keep.terms for purpose in law.purposes if purpose.term == "company")


@pytest.mark.promise("R-004")
def test_the_holidays_that_move_a_day_are_the_ten_of_the_law_and_sundays(law: Law) -> None:
    value = law.rule("be.holidays").value
    easter = dt.date(2026, 4, 5)
    movable = {"easter-monday": 1, "ascension": 39, "whit-monday": 50}
    fixed = {
        "new-year": (1, 1),
        "labour-day": (5, 1),
        "national-day": (7, 21),
        "assumption": (8, 15),
        "all-saints": (11, 1),
        "armistice": (11, 11),
        "christmas": (12, 25),
    }
    days = {
        easter + dt.timedelta(days=movable[name]) if name in movable else dt.date(2026, *fixed[name])
        for name in value["days"]
    }
    assert len(value["days"]) == len(days) == 10
    assert days == {day for day in belgian_holidays(2026) if day not in {easter, dt.date(2026, 5, 24)}}
    assert (value["sundays"], value["bridging_days"], value["bank_holidays"]) == (True, False, False)


def test_an_extension_is_told_within_the_first_month_and_lasts_three_from_receipt(law: Law) -> None:
    value = law.rule("eu.request.extension_rule").value
    assert (value["told_within"], value["most"], value["told_with"]) == ("P1M", "P3M", ["reasons"])
    assert value["needed_for"] == ["complexity", "number-of-requests"]


def test_an_objection_to_marketing_and_a_withdrawal_count_at_once(law: Law) -> None:
    assert law.rule("eu.request.marketing_objection").value == "P0D"
    assert law.rule("eu.consent.withdrawal").value == "P0D"


def test_the_hours_of_a_breach_run_on_and_nothing_lengthens_them(law: Law) -> None:
    value = law.rule("eu.breach.counting").value
    assert (value["free_days"], value["first_hour"], value["two_working_days"]) == (
        "run-on",
        "not-relied-on",
        "not-relied-on",
    )


@pytest.mark.promise("R-012")
@pytest.mark.parametrize("key", ["eu.digital_omnibus", "be.marketing.phone.proposal"])
def test_what_is_only_proposed_says_so(law: Law, key: str) -> None:
    assert law.rule(key).value["in_force"] is False


def test_complaint_and_mediation_are_two_routes_to_the_authority(law: Law) -> None:
    value = law.rule("be.authority").value
    assert value["routes"] == ["complaint", "mediation"]
    assert (value["street"]["nl"], value["postal_code"], value["email"]) == (
        "Drukpersstraat 35",
        "1000",
        "contact@apd-gba.be",
    )
    assert value["act"] == {"law": "Law of 3 December 2017", "revised": 2024}


def test_calls_are_advertising_unless_opposed_and_machines_need_consent(law: Law) -> None:
    value = law.rule("be.marketing.phone").value
    assert (value["automated"], value["others"]) == ("consent-before", "unless-opposed")
    assert law.rule(value["list"]).value["numbers"] == "central-number-database"


def test_a_call_is_recorded_with_everybody_s_consent_or_for_one_of_two_reasons(law: Law) -> None:
    ban = law.rule("be.recording.ban").value
    transaction, quality = (law.rule(key).value for key in ban["exceptions"])
    assert transaction["informed_before"] == ["recording", "purposes", "storage-period"]
    (cap,) = law.ceilings
    assert quality["most"] == cap.for_
    assert quality["only"] == "quality-control"

"""The register of processing: whole, from the model, with what is missing said as missing; and its workbook."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from openpyxl import load_workbook
from tests.bloesem.cli.world import BLOSSOM, call
from tests.bloesem.recipients.changed import DAY, blossom, record_with, without_transfer

from bloesem.policy.company import Company
from bloesem.register.activities import register
from bloesem.register.records import Behalf, RegisterRecord
from bloesem.register.words import cells, columns, period, words
from bloesem.register.workbook import RED, workbook
from bloesem.terms import LANGUAGES


@pytest.mark.promise("R-040")
def test_every_part_and_purpose_of_the_law_is_an_activity_with_all_that_is_asked() -> None:
    found = register(blossom(), DAY)
    policy = blossom().in_force(DAY)
    parts = {part for row in policy.purposes.values() for part in row.parts}
    assert {one.key for one in found.activities} == parts | {
        p.key for p in blossom().law.valid_on(DAY).purposes
    }
    for one in found.activities:
        assert one.missing == (), one.key
        said = cells(found, one, "nl")
        for column in columns("nl"):
            if column.required:
                assert said[column.key], (one.key, column.key)
    asked = {column.article for column in columns("nl") if column.required}
    assert asked == {f"30(1)({letter})" for letter in "bcdefg"}, "(a), who is responsible, is the first sheet"


def test_the_basis_is_the_one_that_a_part_runs_on_and_recipients_are_those_registered_for_it() -> None:
    found = {one.key: one for one in register(blossom(), DAY).activities}
    assert found["service"].basis == "contract", "the record's decision, not the text's word (L-037)"
    assert found["archive"].statutes
    assert {one.key for one in found["after_sales"].recipients} >= {"voltwacht", "peeters"}
    assert "IN" in {one.country for one in found["sales"].transfers}
    assert "communication.recording" not in found["support"].data


@pytest.mark.promise("R-040")
def test_what_nobody_wrote_down_is_missing_and_not_invented() -> None:
    bare = register(record_with(blossom(), register_=None), DAY)
    assert bare.on_behalf is None
    assert all("measures" in one.missing for one in bare.activities)
    assert {"officer", "telephone"} <= set(bare.identity.missing)
    said = cells(bare, bare.activities[0], "fr")
    assert said["measures"] == "MANQUE"
    without = register(without_transfer("nimbus-us"), DAY)
    sales = next(one for one in without.activities if one.key == "sales")
    assert "mechanism" in sales.missing
    assert "US: ONTBREEKT" in cells(without, sales, "nl")["safeguards"]


def _versions(company: Company, second: dt.date, **changes: object) -> Company:
    first = company.versions[0]
    later = first.model_copy(update={"version": second, **changes})
    return replace(company, versions=(first, later))


def test_a_version_that_has_not_begun_ends_nothing() -> None:
    """Neither before its day, nor on it where nobody put it in force (P-175)."""
    company = _versions(blossom(), dt.date(2027, 3, 1), purposes={})
    unpublished, after = replace(company, standing=dt.date(2024, 3, 18)), dt.date(2027, 4, 1)
    for it, day in ((company, DAY), (unpublished, after)):
        assert {one.ended for one in register(it, day).activities} == {None}
    assert dt.date(2027, 2, 28) in {one.ended for one in register(company, after).activities}


@pytest.mark.promise("R-042")
def test_what_a_version_changed_ends_and_is_replaced_and_the_rest_goes_on() -> None:
    first = blossom().versions[0]
    row = first.purposes["PUR-4"]
    less = row.parts["quality"].model_copy(update={"reads": ("communication.survey",)})
    rows = {**first.purposes, "PUR-4": row.model_copy(update={"parts": {"quality": less}})}
    company = _versions(blossom(), dt.date(2026, 6, 1), purposes=rows)
    found = register(company, DAY).activities
    quality = [one for one in found if one.key == "quality"]
    assert [(one.started, one.ended) for one in quality] == [
        (dt.date(2024, 3, 18), dt.date(2026, 5, 31)),
        (dt.date(2026, 6, 1), None),
    ]
    assert quality[0].replaced_by == "quality (2026-06-01)"
    (training,) = [one for one in found if one.key == "training"]
    assert (training.ended, training.replaced_by) == (dt.date(2026, 5, 31), None)
    (service,) = [one for one in found if one.key == "service"]
    assert (service.started, service.ended) == (dt.date(2024, 3, 18), None)


@pytest.mark.promise("R-042")
@pytest.mark.parametrize(("day", "shown"), [(dt.date(2031, 5, 31), True), (dt.date(2031, 6, 1), False)])
def test_what_ended_stays_five_years_to_the_day(day: dt.date, shown: bool) -> None:
    first = blossom().versions[0]
    rows = {key: row for key, row in first.purposes.items() if key != "PUR-7"}
    company = _versions(blossom(), dt.date(2026, 6, 1), purposes=rows)
    assert any(one.key == "reporting" for one in register(company, day).activities) is shown


def test_a_part_that_is_off_says_why() -> None:
    tests = tuple(one for one in blossom().record.balancing if one.purpose not in ("marketing", "PUR-5"))
    found = register(record_with(blossom(), balancing=tests), DAY)
    (marketing,) = [one for one in found.activities if one.key == "marketing"]
    assert marketing.off is not None
    assert "P-055" in cells(found, marketing, "en")["off"]


@pytest.mark.promise("R-041")
def test_for_whom_we_process_stands_in_the_register_with_all_that_is_asked() -> None:
    kept = blossom().record.register_
    assert kept is not None
    assert register(blossom(), DAY).on_behalf == ()
    one = Behalf(
        name="Buurstroom BV",
        contact="privacy@buurstroom.example",
        representative="Rik Maes",
        officer="Els Wouters",
        processing=({"nl": "Meterstanden bewaren", "en": "Keeping meter values"},),
        countries=("IN",),
        safeguards="scc",
        since=dt.date(2026, 1, 1),
    )
    found = register(record_with(blossom(), register_=kept.model_copy(update={"on_behalf": (one,)})), DAY)
    for language, doing in (("nl", "Meterstanden bewaren"), ("en", "Keeping meter values")):
        sheet = load_workbook(io.BytesIO(workbook(found, language))).worksheets[0]
        said = {row[0].value: str(row[1].value) for row in sheet.iter_rows()}[
            words()["phrases"]["on_behalf"][language]
        ]
        named = (
            "Buurstroom BV",
            "Rik Maes",
            "Els Wouters",
            "privacy@buurstroom.example",
            doing,
            "IN",
            "scc",
            "2026-01-01",
        )
        assert all(each in said for each in named), said
        # the general description of the measures is a line of the same sheet, for both registers
        assert words()["phrases"]["measures"][language] in {row[0].value for row in sheet.iter_rows()}


@pytest.mark.promise("R-042")
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_workbook_has_five_sheets_red_columns_and_the_same_bytes(language: str) -> None:
    found = register(blossom(), DAY)
    raw = workbook(found, language)
    assert raw == workbook(found, language)
    with zipfile.ZipFile(io.BytesIO(raw)) as file:
        assert {info.date_time for info in file.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    book = load_workbook(io.BytesIO(raw))
    assert book.sheetnames == [one[language] for one in words()["sheets"].values()]
    sheet = book.worksheets[1]
    assert sheet.max_row == len(found.activities) + 1
    for number, column in enumerate(columns(language), start=1):
        head = sheet.cell(1, number)
        assert head.value == column.title
        assert (head.font.color is not None and head.font.color.rgb == RED) is column.required
    identification = {row[0].value: row[1].value for row in book.worksheets[0].iter_rows()}
    assert words()["phrases"]["missing"][language] in identification.values(), (
        "the officer has no name in the text"
    )


def test_what_somebody_named_like_a_formula_stays_text() -> None:
    said = {**blossom().record.register_.model_dump(), "joint": ("=1+1",)}  # type: ignore[union-attr]
    found = register(record_with(blossom(), register_=RegisterRecord.model_validate(said)), DAY)
    sheet = load_workbook(io.BytesIO(workbook(found, "en"))).worksheets[0]
    cells_of = [row[1] for row in sheet.iter_rows() if row[1].value == "=1+1"]
    assert [cell.data_type for cell in cells_of] == ["s"]


def test_every_word_stands_in_four_languages() -> None:
    said = words()
    for section in ("sheets", "bases", "mechanisms", "phrases"):
        for key, label in said[section].items():
            assert set(label) == set(LANGUAGES), (section, key)
    for section in ("columns", "identity", "manual", "mapping"):
        for one in said[section]:
            assert set(LANGUAGES) <= set(one), (section, one)


def test_periods_in_words() -> None:
    assert period("P1Y", "nl") == "1 jaar"
    assert period("P0D", "de") == "sofort"
    assert period("P1Y6M", "en") == "1 year, 6 months"


def test_the_command_prints_writes_and_counts_what_is_missing(tmp_path: Path) -> None:
    said = call("register", "--company", BLOSSOM, "--on", DAY, "--lang", "en")
    assert said.code == 1, "the officer has no name"
    assert "missing of who is responsible: Name of the officer, Telephone" in said.out
    assert "19 of 19 run on 2026-11-26" in said.out
    out = tmp_path / "register.xlsx"
    assert call("register", "--company", BLOSSOM, "--on", DAY, "--xlsx", out).code == 1
    assert out.read_bytes().startswith(b"PK")
    assert list(tmp_path.iterdir()) == [out]
    json_ = call("register", "--company", BLOSSOM, "--on", DAY, "--json").json
    assert json_["on_behalf"] == []
    assert json_["activities"][0]["keys"]["data"] == ["contact.work_email"]
    assert call("register", "--company", BLOSSOM, "--xlsx", tmp_path / "no" / "x").code != 0

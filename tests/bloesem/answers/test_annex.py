"""The data on paper: every value in words and tables that somebody without a computer reads, within a bound that is said."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from tests.bloesem.cli.world import BLOSSOM

from bloesem.answers.annex import WIDE, annex
from bloesem.answers.made import letter
from bloesem.company import Loaded, load
from bloesem.terms import LANGUAGES


@pytest.fixture(scope="module")
def company() -> Loaded:
    return load(BLOSSOM, on=dt.date(2026, 3, 2))


def row(company: Loaded, name: str, **more: Any) -> dict[str, Any]:
    table = company.plan.table(name)
    return {c.name: None for c in table.columns} | dict.fromkeys(table.key, 1) | more


def made(company: Loaded, name: str, rows: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return annex({company.plan.table(name).qualified: rows}, company.plan, company.policy, "nl", **more)


def test_values_stand_under_the_policys_names_as_people_write_them(company: Loaded) -> None:
    said = made(
        company,
        "session",
        [row(company, "session", id=7, started_at="2026-02-28T23:30:00+00:00", energy_wh=7000)],
    )
    (part,) = said["parts"]
    assert part["title"].endswith("(1)")
    cells = [cell for line in part["rows"] for cell in line]
    assert "1 maart 2026, 00:30" in cells, "in Brussels, and in words"
    assert "7000" in cells
    assert not any("started_at" in name for name in part["columns"])
    assert "7" not in cells, "keys of ours are for the files"


def test_what_a_letter_does_not_hold_is_counted_and_said(company: Loaded) -> None:
    rows = [row(company, "email_address", id=n, value=f"a{n}@mail.example") for n in range(9)]
    whole, bound = made(company, "email_address", rows), made(company, "email_address", rows, most=4)
    assert len(whole["lead"]) == 1
    assert len(bound["lead"]) == 2
    assert "5" in bound["lead"][1]
    text = str(bound["parts"])
    assert "a3@mail.example" in text
    assert "a4@mail.example" not in text


def test_a_wide_table_is_told_row_by_row(company: Loaded) -> None:
    wide = next(
        t for t in company.plan.tables if len([c for c in t.columns if c.categories and not c.key]) > WIDE
    )
    full = row(company, wide.name) | {c.name: f"<{c.name}>" for c in wide.columns if c.categories}
    (part,) = made(company, wide.name, [full, full])["parts"]
    assert len(part["columns"]) == 3
    assert {line[0] for line in part["rows"]} == {"1", "2"}


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_it_is_printed_behind_the_letter(company: Loaded, language: str) -> None:
    rows = [row(company, "email_address", value="#link(1)[x]$a@mail.example")]
    name = company.plan.table("email_address").qualified
    pages = annex({name: rows}, company.plan, company.policy, language)
    pdf = letter(
        "Blossom", ["A. Peeters", "Kerkstraat 1", "2800 Mechelen"], "x", ["y"], language, None, pages
    )
    assert pdf.startswith(b"%PDF-")
    assert annex({}, company.plan, company.policy, language)["parts"] == []

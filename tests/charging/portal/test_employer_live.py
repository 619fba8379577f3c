"""An employer's statement: their own employees whose contract runs, kWh and cents, as page and file, recorded."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import zipfile
from pathlib import Path
from typing import Any

import pypdf
import pytest
from playwright.sync_api import Browser, Page
from tests.charging.portal.site import Site
from tests.charging.portal.test_installer_live import company, site, sql  # noqa: F401 - fixtures
from tests.thorough import again

from charging.portal.statement import Line, Month, as_csv, as_xlsx
from charging.portal.statement_pdf import as_pdf


def names(page: Page) -> set[str]:
    return {one.strip() for one in page.locator("tbody th").all_text_contents()}


@pytest.mark.browser
def test_the_statement_has_whose_contract_runs_and_goes_as_a_file(
    site: Site,  # noqa: F811
    browser: Browser,
    company: Path,  # noqa: F811
) -> None:
    context = browser.new_context()
    page = context.new_page()
    secret = site.sign_in_staff(page, "fleet")
    employer = sql(
        site,
        "SELECT r.number FROM signin.signin_reach r JOIN signin.signin_account a ON a.id = r.user_id WHERE a.role = 'fleet'",
    )[0][0]
    running = {
        row[0]
        for row in sql(
            site,
            "SELECT DISTINCT l.employee FROM data.employer_invoice_line l JOIN data.contract c USING (person_id, employer_id)"
            " WHERE l.employer_id = %s AND c.ends_on IS NULL AND l.used_for & 64 <> 0 AND l.month >= bloesem.today() - 400",
            [employer],
        )
    }
    shown = names(page)
    assert shown
    assert shown <= running
    text = page.inner_text("main")
    assert not re.search(r"\d:\d\d", text), "no time of a day"
    with page.expect_download() as got:
        page.locator("text=CSV").first.click()
    rows = list(
        csv.reader(io.StringIO(Path(str(got.value.path())).read_text(encoding="utf-8-sig")), delimiter=";")
    )
    assert {len(row) for row in rows} == {4}
    assert {row[1] for row in rows[1:-1]} <= shown
    recorded = sql(
        site,
        "SELECT DISTINCT g.table_name, g.columns, d.purpose FROM bloesem.disclosed g JOIN bloesem.disclosure d"
        " ON d.id = g.disclosure_id WHERE d.recipient = 'fleetco'",
    )
    assert [(row[0], set(row[1]), row[2]) for row in recorded] == [
        ("employer_invoice_line", {"employee", "month", "energy_wh", "amount_cents"}, "billing")
    ]
    with page.expect_download() as file_got:
        page.locator("text=PDF").first.click()
    assert Path(str(file_got.value.path())).read_bytes().startswith(b"%PDF-1.")
    leaver = rows[1][1]
    sql(
        site,
        "UPDATE data.contract SET ends_on = bloesem.today() WHERE employer_id = %s AND person_id IN"
        " (SELECT person_id FROM data.employer_invoice_line WHERE employee = %s)",
        [employer, leaver],
    )
    page.reload()
    assert leaver not in names(page), "who left is not shown any more"
    assert names(page) == shown - {leaver}
    file = company / "record" / "recipients.yaml"
    was = file.read_text(encoding="utf-8")
    file.write_text(
        was.replace("contract.number, contract.employer_month", "contract.number"), encoding="utf-8"
    )
    try:
        answer = page.reload()
        assert answer is not None
        assert answer.status == 403
        assert "P-125" in page.inner_text("main")
    finally:
        file.write_text(was, encoding="utf-8")
    assert secret
    context.close()


def test_files_hold_text_as_text_and_add_up() -> None:

    month = Month(
        dt.date(2026, 10, 1),
        (Line("=1+1", 1_234_567, 12_305), Line("Ann <& Aerts>", 5, -5)),
        frozenset({1, 2}),
    )
    rows = list(csv.reader(io.StringIO(as_csv(month, "nl").decode("utf-8-sig")), delimiter=";"))
    assert rows[1:] == [
        ["2026-10", "'=1+1", "1234,567", "123,05"],
        ["2026-10", "Ann <& Aerts>", "0,005", "-0,05"],
        ["2026-10", "Samen", "1234,572", "123,00"],
    ]
    with zipfile.ZipFile(io.BytesIO(as_xlsx(month, "nl"))) as packed:
        sheet = packed.read("xl/worksheets/sheet1.xml").decode()
    assert 't="inlineStr"><is><t>=1+1</t>' in sheet
    assert "Ann &lt;&amp; Aerts&gt;" in sheet
    assert "<v>123.0</v>" in sheet


@pytest.mark.parametrize("language", again("nl", "en", "fr", "de"))
def test_the_pdf_is_tagged_names_its_language_and_takes_text_as_text(language: str) -> None:
    """PDF/UA-1: whoever hears it gets the same table; what looks like a formula or markup is read as it stands."""
    lines = (Line("=Élise #strong[x] $", 1_234_567, 12_305), Line("", 5, -5))
    made = as_pdf(Month(dt.date(2026, 10, 1), lines, frozenset({1, 2})), language, "Klant NV (example)")
    read = pypdf.PdfReader(io.BytesIO(made))
    root: Any = read.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == language
    assert b"pdfuaid:part" in root["/Metadata"].get_object().get_data()
    assert read.metadata is not None
    assert "Klant NV (example)" in str(read.metadata.title)
    text = read.pages[0].extract_text()
    assert "=Élise #strong[x] $" in text
    assert ("123.00" if language == "en" else "123,00") in text

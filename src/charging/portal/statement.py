"""An employer's reimbursement statement: per month and employee kWh and cents, never a time or a place (P-050).

Only of whose contract runs (the map's `scoped_by`); decided and recorded as any disclosure. As a page, and as a file.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from psycopg import sql

from bloesem.console.language import say
from bloesem.recipients.live import Asked, door
from charging.portal.access import actor_of
from charging.portal.models import User
from charging.portal.register import register

FIELDS = ("contract.employer_month",)
_COLUMNS = ("employee", "month", "energy_wh", "amount_cents")
#: What a spreadsheet would take for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
MEDIA = {
    "pdf": "application/pdf",
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(frozen=True)
class Line:
    employee: str
    energy_wh: int
    amount_cents: int


@dataclass(frozen=True)
class Month:
    month: dt.date
    lines: tuple[Line, ...]
    people: frozenset[int]

    @property
    def energy(self) -> int:
        return sum(line.energy_wh for line in self.lines)

    @property
    def amount(self) -> int:
        return sum(line.amount_cents for line in self.lines)


def months(user: User, number: int, since: dt.date, before: dt.date = dt.date.max) -> list[Month]:
    """The statements of an employer, newest first. Raises `DisclosureError`."""
    with door(
        "fleet", number, Asked(user.recipient, FIELDS, feed=True, actor=actor_of(user)), company=register()
    ) as opened:
        rows = opened.rows(
            "employer_invoice_line",
            _COLUMNS,
            where=sql.SQL("month >= %s AND month < %s"),
            values=[since, before],
            order=sql.SQL("month DESC, employee, id"),
        )
    found = []
    for month in dict.fromkeys(row["month"] for row in rows):
        of = [row for row in rows if row["month"] == month]
        lines = tuple(
            Line(row["employee"] or "", row["energy_wh"] or 0, row["amount_cents"] or 0) for row in of
        )
        found.append(Month(month, lines, frozenset(row["person"] for row in of)))
    return found


def _head(language: str) -> list[str]:
    return [say(key, language) for key in ("fleet.month", "fleet.driver", "fleet.kwh", "fleet.euro")]


def as_csv(month: Month, language: str) -> bytes:
    """With semicolons and a mark of its letters, as a Belgian spreadsheet opens it."""
    written, said = io.StringIO(), f"{month.month:%Y-%m}"
    writer = csv.writer(written, delimiter=";", lineterminator="\r\n")
    writer.writerow(_head(language))
    for line in month.lines:
        name = f"'{line.employee}" if line.employee.startswith(_FORMULA) else line.employee
        writer.writerow([said, name, _comma(line.energy_wh, 3), _comma(line.amount_cents, 2)])
    writer.writerow([said, say("total", language), _comma(month.energy, 3), _comma(month.amount, 2)])
    return b"\xef\xbb\xbf" + written.getvalue().encode()


def _comma(value: int, places: int) -> str:
    sign, value = ("-" if value < 0 else ""), abs(value)
    return f"{sign}{value // 10**places},{value % 10**places:0{places}d}"


def as_xlsx(month: Month, language: str) -> bytes:
    """One sheet: text is text, whatever it begins with; amounts are numbers."""
    rows: list[Sequence[str | float]] = [_head(language)]
    said = f"{month.month:%Y-%m}"
    rows += [(said, line.employee, line.energy_wh / 1000, line.amount_cents / 100) for line in month.lines]
    rows.append((said, say("total", language), month.energy / 1000, month.amount / 100))
    cells = "".join(
        f'<row r="{at}">' + "".join(_cell("ABCD"[i], at, value) for i, value in enumerate(row)) + "</row>"
        for at, row in enumerate(rows, 1)
    )
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    sheet = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{sheet}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{sheet}.worksheet+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r1" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
        f'<sheet name="{said}" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{cells}</sheetData></worksheet>',
    }
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in parts.items():
            packed.writestr(name, f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>{text}')
    return made.getvalue()


def _cell(column: str, row: int, value: str | float) -> str:
    if isinstance(value, str):
        return f'<c r="{column}{row}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    return f'<c r="{column}{row}"><v>{value}</v></c>'


__all__ = ["MEDIA", "Line", "Month", "as_csv", "as_xlsx", "months"]

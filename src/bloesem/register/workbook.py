"""The register as a workbook with the five sheets of the Belgian authority's model; what art. 30 asks is red.

The same register makes the same bytes: no moment of now stands in the file.
"""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Iterable, Sequence
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from bloesem.register.activities import Register
from bloesem.register.words import cells, columns, identity, phrase, said, words

RED = "FFC00000"
_HEAD = PatternFill("solid", fgColor="FFF2F2F2")
_WRAP = Alignment(wrap_text=True, vertical="top")
_EPOCH = (1980, 1, 1, 0, 0, 0)
#: What a cell may begin with and still be text to whoever opens the file: anything else would be a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def workbook(register: Register, language: str) -> bytes:
    """The bytes of the workbook. in: a language of the four."""
    book = Workbook()
    day = dt.datetime.combine(register.on, dt.time())
    book.properties.created = book.properties.modified = day
    book.properties.creator = "Bloesem"
    sheet = book.active
    assert sheet is not None
    titles = words()["sheets"]
    sheet.title = said(titles["identification"], language)
    _identification(sheet, register, language)
    _register(book.create_sheet(said(titles["register"], language)), register, language)
    _lists(book.create_sheet(said(titles["lists"], language)), register, language)
    _manual(book.create_sheet(said(titles["manual"], language)), language)
    _mapping(book.create_sheet(said(titles["mapping"], language)), language)
    out = io.BytesIO()
    book.save(out)
    return _still(out.getvalue(), day)


def _identification(sheet: Any, register: Register, language: str) -> None:
    _head(sheet, [(phrase("field", language), False), (phrase("value", language), False)], (38, 70))
    _row(sheet, (phrase("on", language), register.on.isoformat()))
    for title, value, required in identity(register, language):
        _row(sheet, (title, value))
        sheet.cell(sheet.max_row, 1).font = Font(bold=True, color=RED if required else None)
    _row(sheet, (phrase("measures", language), "\n".join(said(one.what, language) for one in register.measures)
                 or phrase("missing", language)))  # fmt: skip
    _row(sheet, (phrase("on_behalf", language), _behalf(register, language)))


def _behalf(register: Register, language: str) -> str:
    """The register of art. 30(2); nobody decided whether there is one: that is said."""
    if register.on_behalf is None:
        return phrase("missing", language)
    rows = []
    for one in register.on_behalf:
        who = ", ".join(filter(None, (one.name, one.representative, one.officer)))
        doing = ", ".join(said(each, language) for each in one.processing)
        where = f"{', '.join(one.countries) or phrase('none', language)} {one.safeguards or ''}"
        rows.append(f"{who} ({one.contact}): {doing}; {where}; {one.since} - {one.until or ''}")
    return "\n".join(rows) or phrase("none", language)


def _register(sheet: Any, register: Register, language: str) -> None:
    shown = columns(language)
    _head(sheet, [(one.title, one.required) for one in shown], [26] * len(shown))
    for activity in register.activities:
        said_of = cells(register, activity, language)
        _row(sheet, [said_of[one.key] for one in shown])
    sheet.freeze_panes = "C2"


def _lists(sheet: Any, register: Register, language: str) -> None:
    policy = register.policy
    lists = {
        "list_bases": [said(one, language) for one in words()["bases"].values()],
        "list_people": [said(one, language) for one in policy.groups.values()],
        "list_data": [said(one.label, language) for one in policy.categories.values()],
        "list_recipients": [said(one.label, language) for one in policy.recipients.values()],
        "list_mechanisms": [said(one, language) for one in words()["mechanisms"].values()],
    }
    _head(sheet, [(phrase(key, language), False) for key in lists], [36] * len(lists))
    for number in range(max(len(one) for one in lists.values())):
        _row(sheet, [one[number] if number < len(one) else "" for one in lists.values()])


def _manual(sheet: Any, language: str) -> None:
    _head(
        sheet,
        [(phrase("column", language), False), (phrase("article", language), False), ("", False)],
        (46, 14, 60),
    )
    for text in words()["manual"]:
        _row(sheet, (said(text, language), "", ""))
    for one in columns(language):
        _row(sheet, (one.title, one.article, phrase("required" if one.required else "optional", language)))
        if one.required:
            sheet.cell(sheet.max_row, 1).font = Font(color=RED)


def _mapping(sheet: Any, language: str) -> None:
    _head(
        sheet,
        [(said(words()["sheets"]["mapping"], language), False), (phrase("column", language), False)],
        (46, 46),
    )
    titles = {one.key: one.title for one in columns(language)}
    for one in words()["mapping"]:
        _row(sheet, (said(one, language), titles[one["column"]]))


def _head(sheet: Any, titles: Sequence[tuple[str, bool]], widths: Iterable[int]) -> None:
    for number, (title, required) in enumerate(titles, start=1):
        cell = sheet.cell(1, number, title)
        cell.font = Font(bold=True, color=RED if required else None)
        cell.fill, cell.alignment = _HEAD, _WRAP
    for number, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = width


def _row(sheet: Any, values: Sequence[str]) -> None:
    """A row of text. Whatever somebody named something, it is never a formula."""
    number = sheet.max_row + 1
    for column, value in enumerate(values, start=1):
        cell = sheet.cell(number, column)
        cell.value = value
        cell.data_type = "s"
        cell.quotePrefix = value.startswith(_FORMULA)
        cell.alignment = _WRAP


def _still(raw: bytes, day: dt.datetime) -> bytes:
    """The same file without the moments at which it was written: of each of its members, and of when it was saved."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(raw)) as source,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            content = source.read(name)
            if name == "docProps/core.xml":
                content = _dated(content, day)
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(info, content)
    return out.getvalue()


def _dated(content: bytes, day: dt.datetime) -> bytes:
    import re

    stamp = day.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    return re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>" + stamp, content)


__all__ = ["RED", "workbook"]

"""Letters of a delivery as one PDF: a person's pages each, as the record's `letters` word and address them (P-117).

A letter holds nothing that the rows beside it do not hold, and calls a person by the number of that file alone. Whoever
gets no letter is not in those rows either: whoever prints and posts has no use for them.
"""

from __future__ import annotations

import hashlib
import os
import string
from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from fpdf import FPDF
from fpdf.enums import XPos, YPos

from bloesem.recipients.model import Letters

#: It has every letter of the languages of Europe, and goes with the file: a printer has no need of ours.
FONT = Path(__file__).parent / "fonts" / "DejaVuSans.ttf"
NAME = "letters.pdf"
NOT_GIVEN = "letter-fields-not-given"
NO_ADDRESS, SEVERAL, UNPRINTABLE = "letter-no-address", "letter-several-addresses", "letter-not-printable"
NO_DOCUMENT = "letter-nothing-in-it"
#: A window of DIN 5008 B on A4, in millimetres: where it begins, how wide and high its text may be.
WINDOW = (25.0, 62.0, 80.0, 27.3)
_SIZE, _LEAD = 10, 5.0

Row = Mapping[str, Any]
#: Per person, per table: the rows of which a letter can be made.
Held = dict[int, dict[str, list[Row]]]


class _Pages(FPDF):
    """A4 pages; each says at its foot whose they are, and which of how many."""

    def __init__(self) -> None:
        super().__init__(format="A4")
        self.add_font("text", fname=FONT)
        self.set_font("text", size=_SIZE)
        self.set_margins(25, 25, 20)
        self.set_auto_page_break(True, margin=25)
        self.whose, self.first = 0, 1

    def footer(self) -> None:
        self.set_y(-15)
        self.set_font("text", size=8)
        self.cell(0, 5, f"{self.whose} / {self.page_no() - self.first + 1}", align="R")
        self.set_font("text", size=_SIZE)


def write_letters(
    path: Path,
    letters: Letters,
    held: Held,
    references: Mapping[int, int],
    speaks: Mapping[int, str],
    else_: str,
) -> tuple[str | None, set[int], Counter[str]]:
    """in: what each person has; `speaks`, their language; `else_`, that of whoever speaks another.

    out: the file's SHA-256, or none where there is no letter, and then no file; to whom there is one; why others have none.
    """
    pages, made, without = _Pages(), set[int](), Counter[str]()
    for person in sorted(held, key=references.__getitem__):
        language = speaks.get(person, else_)
        language = language if language in letters.text else else_
        if not held[person].get(letters.each.table):
            without[NO_DOCUMENT] += 1
            continue
        blocks = {tuple(block) for block in _blocks(letters, held[person])}
        body = list(_body(letters, held[person], language))
        why = _refused(pages, blocks, [letters.subject[language], *body])
        if why is not None:
            without[why] += 1
            continue
        _letter(pages, references[person], blocks.pop(), letters.subject[language], body)
        made.add(person)
    if not made:
        pages.fonts["text"].close()  # type: ignore[union-attr]
        return None, made, without
    with path.open("wb") as file:
        file.write(bytes(pages.output()))
        file.flush()
        os.fsync(file.fileno())
    return hashlib.sha256(path.read_bytes()).hexdigest(), made, without


def _blocks(letters: Letters, rows: Mapping[str, list[Row]]) -> Iterator[list[str]]:
    """Each name with each address: one, or it is not known where the letter goes."""
    for name in rows.get(letters.name.table, []):
        for address in rows.get(letters.address.table, []):
            said = [fill(letters.name.line, name), *(fill(line, address) for line in letters.address.lines)]
            if all(said[:-1]):
                yield [line for line in said if line]


def _body(letters: Letters, rows: Mapping[str, list[Row]], language: str) -> Iterator[str]:
    yield letters.text[language]
    for row in rows.get(letters.each.table, []):
        yield fill(letters.each.line[language], row, language)


def _refused(pages: _Pages, blocks: set[tuple[str, ...]], said: list[str]) -> str | None:
    if not blocks:
        return NO_ADDRESS
    if len(blocks) > 1:
        return SEVERAL
    known = pages.fonts["text"].cmap  # type: ignore[union-attr]
    (block,) = blocks
    text = "".join([*block, *said]).replace("\n", "")
    too_wide = len(block) * _LEAD > WINDOW[3] or any(
        pages.get_string_width(line) > WINDOW[2] for line in block
    )
    return UNPRINTABLE if too_wide or any(ord(one) not in known for one in text) else None


def _letter(pages: _Pages, number: int, block: tuple[str, ...], subject: str, body: list[str]) -> None:
    pages.add_page()
    pages.whose, pages.first = number, pages.page_no()
    left, top, wide, _ = WINDOW
    for n, line in enumerate(block):
        pages.set_xy(left, top + n * _LEAD)
        pages.cell(wide, _LEAD, line)
    pages.set_xy(left, 105)
    for text in (subject, *body):
        pages.multi_cell(0, _LEAD, text, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        pages.ln(_LEAD)


def fill(line: str, row: Row, language: str = "") -> str:
    """A line of the record with what a row has: `{column}`, `{column:cents}`."""
    said = []
    for before, name, form, _ in string.Formatter().parse(line):
        value = row[name] if name is not None else None
        said += [before, "" if value is None else _amount(value, language) if form == "cents" else str(value)]
    return " ".join("".join(said).split())


def _amount(cents: int, language: str) -> str:
    """With a point in English, and a comma elsewhere."""
    text = f"{Decimal(cents) / 100:.2f}"
    return "EUR " + (text if language == "en" else text.replace(".", ","))


__all__ = [
    "NAME",
    "NOT_GIVEN",
    "NO_ADDRESS",
    "NO_DOCUMENT",
    "SEVERAL",
    "UNPRINTABLE",
    "Held",
    "fill",
    "write_letters",
]

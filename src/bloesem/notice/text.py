"""The company's own text, cut into its sentences, each with what it is on the page and which promises rest on it.

A sentence is a chapter's title, a title below it, an entry of the contents, an item of a list, a cell of the table, or a
plain sentence. Nothing is left out, put in or moved: the sentences, one after the other, are the text (P-001).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from bloesem.policy.model import Policy
from bloesem.policy.quotes import fold
from bloesem.policy.text import SENTENCES_FILE, Sentence, SentencesFile
from bloesem.policy.translations import places, read_translations
from bloesem.promises import Promise
from bloesem.source import parse, validate

Kind = Literal["chapter", "title", "heading", "contents", "item", "cell", "plain"]

#: Cells of one row of the table, and the empty one that stands between two rows.
_COLUMNS = 4
#: A short line that ends without a sign, holds no figure and stands alone is a heading.
_LONGEST_HEADING = 90


@dataclass(frozen=True)
class Line:
    """A sentence of the text. `original`: as published; `says`: per language, the original's included.

    `row`, `column`: of a cell of the table, from 0; row 0 is its head. `data`: what in the model transcribes it.
    """

    place: str
    line: int
    kind: Kind
    says: Mapping[str, str]
    original: str
    data: tuple[str, ...]
    promises: tuple[str, ...] = ()
    row: int = -1
    column: int = -1

    @property
    def anchor(self) -> str:
        """What its address ends with: `s99-3`, the same in every language and for ever."""
        return "s" + self.place.replace(".", "-")


@dataclass(frozen=True)
class Text:
    """A version's text. `language`: in which it was published; `languages`: in which all of it can be read."""

    language: str
    languages: tuple[str, ...]
    lines: tuple[Line, ...]


def read_text(directory: Path, policy: Policy, promises: Sequence[Promise]) -> Text | None:
    """The text of a version's directory; None where it has none. Raises `SourceError` for files that cannot be read."""
    path = directory / SENTENCES_FILE
    if not path.exists():
        return None
    sentences = validate(parse(path), SentencesFile).sentences
    raw = (directory / f"text.{policy.language}.txt").read_text("utf-8").split("\n")
    translated = read_translations(directory)
    cells = _cells(sentences, raw)
    rests = _resting(sentences, promises)
    lines = []
    for number, (one, place) in enumerate(zip(sentences, places(sentences), strict=True)):
        row, column = cells.get(number, (-1, -1))
        lines.append(
            Line(
                place,
                one.line,
                "cell" if row >= 0 else _kind(one, raw),
                {**_true(translated.get(place, {}), one.says), policy.language: one.says},
                one.says,
                one.data,
                rests.get(number, ()),
                row,
                column,
            )
        )
    whole = [
        language for language in ("nl", "en", "fr", "de") if all(language in line.says for line in lines)
    ]
    return Text(policy.language, tuple(whole), tuple(_contents(_joined(lines))))


def _true(said: Mapping[str, str], original: str) -> Mapping[str, str]:
    """The translations of this very sentence: of another, or with other figures than it has, none is shown."""
    if fold(said.get("nl", original)) != fold(original):
        return {}
    figures = sorted(re.findall(r"\d+", original))
    return {key: words for key, words in said.items() if sorted(re.findall(r"\d+", words)) == figures}


def _contents(lines: Iterable[Line]) -> Iterator[Line]:
    """Titles that stand twice stand first in the contents, whether these are set in or not."""
    found = list(lines)
    titles = [line for line in found if line.kind in ("chapter", "title")]
    last = {_bare(line.original).casefold(): line.place for line in titles}
    for line in found:
        again = line in titles and last[_bare(line.original).casefold()] != line.place
        yield replace(line, kind="contents") if again else line


def _joined(lines: Iterable[Line]) -> Iterator[Line]:
    """A title that is two sentences ("Geven we … door? En aan wie?") is a title in both."""
    last: Line | None = None
    for line in lines:
        made = line
        if last and last.line == line.line and last.kind in ("chapter", "title", "contents"):
            made = replace(line, kind=last.kind)
        last = made
        yield made


def _kind(one: Sentence, raw: Sequence[str]) -> Kind:
    written = raw[one.line - 1]
    if re.match(r"\s*•", written):
        return "item"
    if re.match(r"\s+\d+\. ", written):
        return "contents"
    if re.match(r"\d+\. ", written):
        return "chapter"
    if re.match(r"\d+\.\d+\s", written):
        return "title"
    alone = not _said(raw, one.line - 1) and not _said(raw, one.line + 1)
    plain = written.strip()
    bare = one.says.strip() == plain and not re.search(r"[\d@.,:;…]", plain)
    return "heading" if alone and bare and len(plain) <= _LONGEST_HEADING else "plain"


def _said(raw: Sequence[str], line: int) -> bool:
    """Whether a line, counted from 1, says anything."""
    return 0 < line <= len(raw) and bool(raw[line - 1].strip())


# ---- the table -------------------------------------------------------------------------------------------------------


def _cells(sentences: Sequence[Sentence], raw: Sequence[str]) -> dict[int, tuple[int, int]]:
    """Number of a sentence → row and column of the cell in which it stands. The row of rules is none."""
    drawn = [number for number, line in enumerate(raw, 1) if "|" in line]
    if not drawn:
        return {}
    first, last = min(drawn), max(drawn)
    cells = [_bare(cell) for cell in "\n".join(raw[first - 1 : last]).split("|")[1:]]
    found: dict[int, tuple[int, int]] = {}
    at = 0
    for number, one in enumerate(sentences):
        if not first <= one.line <= last:
            continue
        words = _bare(one.says)
        while at < len(cells) and not cells[at].startswith(words):
            at += 1
        if at == len(cells):
            return {}  # drawn in another way: the sentences stand one below the other
        cells[at] = cells[at][len(words) :]
        row, column = divmod(at, _COLUMNS + 1)
        found[number] = (row - (row > 1), column)
    return found


def _bare(words: str) -> str:
    """Words without white space, and without what draws lists and tables."""
    return re.sub(r"[\s|•]+|-{3,}:", "", fold(words))


# ---- promises --------------------------------------------------------------------------------------------------------


def _resting(sentences: Sequence[Sentence], promises: Sequence[Promise]) -> dict[int, tuple[str, ...]]:
    """Number of a sentence → the promises whose words it says, whole or in part: a quotation may run across sentences, and
    what is quoted in pieces rests on each of them. It begins on the line that the promise names."""
    whole, begins = "", [0]
    for one in sentences:
        whole += _bare(one.says).casefold()
        begins.append(len(whole))
    found: dict[int, list[str]] = {}
    for promise in promises:
        first = next((n for n, one in enumerate(sentences) if one.line == promise.line), None)
        if first is None:
            continue
        told: dict[int, None] = {}
        at = begins[first]
        for piece in (_bare(it).casefold() for it in promise.quote.split("…")):
            where = whole.find(piece, at) if piece else -1
            if where >= 0:
                at = where + len(piece)
                told.update(
                    dict.fromkeys(
                        n for n in range(first, len(sentences)) if begins[n] < at and begins[n + 1] > where
                    )
                )
        for number in told or (first,):
            found.setdefault(number, []).append(promise.id)
    return {number: tuple(ids) for number, ids in found.items()}


__all__ = ["Kind", "Line", "Text", "read_text"]

"""A notice as HTML, as plain text, as JSON, and as a block of schema.org. Needs no Django settings: commands render too."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

from django.template import Context, Engine
from django.utils.safestring import SafeString, mark_safe

from bloesem.console import language as words
from bloesem.notice.model import Entry, Notice, Sentence
from bloesem.notice.said import say

#: What each sentence, or entry, means for one person: by anchor.
Mine = Mapping[str, tuple[str, ...]]
_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Block:
    """Sentences that stand together: a title (of all sentences of its line), a list, a table, or one sentence.

    `rows`: of a table, each a list of cells: the head of its column, and its sentences.
    """

    kind: str
    sentences: tuple[Sentence, ...]
    rows: tuple[tuple[tuple[str, tuple[Sentence, ...]], ...], ...] = ()
    lines: tuple[tuple[str, tuple[Sentence, ...]], ...] = ()  # contents: anchor and what stands on the line
    level: int = 0  # of a title: of its heading in the page

    @property
    def head(self) -> Sentence:
        return self.sentences[0]


@cache
def _engine() -> Engine:
    return Engine(
        dirs=[str(_TEMPLATES)],
        libraries={
            "console": "bloesem.console.templatetags.console",
            "notice": "bloesem.notice.templatetags.notice",
        },
    )


def body(notice: Notice, mine: Mine | None = None) -> SafeString:
    """The notice as a piece of a page: short layer, text, chapters. `mine`: what it means for whoever is signed in."""
    table = f"/{notice.language}/promises"
    return _render("notice/body.html", notice, mine=mine or {}, personal=mine is not None, promises=table)


def _render(name: str, notice: Notice, **more: Any) -> SafeString:
    context = Context(
        {"notice": notice, "language": notice.language, "blocks": blocks(notice.sentences), **more},
        use_l10n=False,
        use_tz=False,
    )
    return mark_safe(_engine().get_template(name).render(context))  # noqa: S308  # a template's own, escaped output


def document(notice: Notice) -> str:
    """A whole HTML document, as the command prints it: to read, to print, to keep."""
    return str(_render("notice/document.html", notice, mine={}, personal=False, promises=""))


#: How deep titles stand; a heading stands one below the title before it.
_LEVELS = {"chapter": 3, "title": 4, "heading": 0}


# ---- blocks ----------------------------------------------------------------------------------------------------------


def blocks(sentences: Sequence[Sentence]) -> tuple[Block, ...]:
    """The sentences in their order, in groups as a page shows them. None is left out, none comes twice."""
    return tuple(_blocks(sentences))


def _blocks(sentences: Sequence[Sentence]) -> Iterator[Block]:
    targets = _targets(sentences)
    above = 2  # the level of the title that a heading stands below
    for (kind, _), group in groupby(sentences, key=_together):
        found = tuple(group)
        if kind == "cell":
            yield Block("table", found, rows=_rows(found))
        elif kind == "contents":
            lines = [(line, tuple(it)) for line, it in groupby(found, key=_line)]
            yield Block("contents", found, lines=tuple((targets.get(_bare(it), ""), it) for _, it in lines))
        elif kind in _LEVELS:
            above = _LEVELS[kind] or above
            yield Block(kind, found, level=_LEVELS[kind] or above + 1)
        else:
            yield Block(kind, found)


def _line(sentence: Sentence) -> str:
    return sentence.place.partition(".")[0]


def _together(sentence: Sentence) -> tuple[str, str]:
    """Sentences with the same answer, one after the other, are one block."""
    if sentence.kind in ("cell", "item", "contents"):
        return sentence.kind, ""
    if sentence.kind in ("chapter", "title", "heading"):
        return sentence.kind, _line(sentence)
    return "plain", ""


def _rows(cells: Sequence[Sentence]) -> tuple[tuple[tuple[str, tuple[Sentence, ...]], ...], ...]:
    width = max(cell.column for cell in cells) + 1

    def at(row: int, column: int) -> tuple[Sentence, ...]:
        return tuple(cell for cell in cells if (cell.row, cell.column) == (row, column))

    heads = [" ".join(one.words for one in at(0, column)) for column in range(width)]
    return tuple(
        tuple((head, at(row, column)) for column, head in enumerate(heads))
        for row in sorted({cell.row for cell in cells})
    )


def _targets(sentences: Sequence[Sentence]) -> dict[str, str]:
    """The words of a title → its anchor: where an entry of the contents leads."""
    titles = [one for one in sentences if one.kind in ("chapter", "title")]
    return {_bare(tuple(it)): next(iter(it)).anchor for it in _by_line(titles)}


def _by_line(sentences: Sequence[Sentence]) -> list[list[Sentence]]:
    return [list(it) for _, it in groupby(sentences, key=_line)]


def _bare(sentences: Sequence[Sentence]) -> str:
    """Words without number, case and space: the text's contents write some of them together."""
    words = "".join(one.original or one.words for one in sentences)
    return re.sub(r"[\s\d.]+", "", words).casefold()


# ---- text ------------------------------------------------------------------------------------------------------------

_WIDTH = 100


def text(notice: Notice) -> str:
    """For a terminal or a mail: the same, in lines of a hundred signs."""
    return "\n".join(_text(notice)) + "\n"


def _text(notice: Notice) -> Iterator[str]:
    language = notice.language
    yield f"{notice.company}: {say('notice.title', language)}"
    yield say(
        f"notice.{notice.state}",
        language,
        day=words.day(notice.version, language),
        end=words.day(notice.ends, language),
    )
    yield say("notice.changed", language, day=words.day(notice.version, language))
    yield from ("", say("notice.brief", language).upper(), "", *notice.brief.who)
    for _, label, ground in notice.brief.purposes:
        yield f"  - {label} ({ground})"
    yield f"{', '.join(notice.brief.contact)}: {notice.brief.email}"
    yield from ("", say("notice.text", language).upper(), "")
    if not notice.sentences:
        yield from _wrapped(untold(notice))
    for one in notice.sentences:
        if one.kind in ("chapter", "title", "heading"):
            yield ""
        yield from _wrapped(one.words, "  - " if one.kind == "item" else "")
        if one.kept:
            yield from _wrapped("; ".join(f"{it.id} ({it.proof})" for it in one.kept), "      ")
    for chapter in notice.chapters:
        yield from ("", chapter.title.upper(), *_wrapped(chapter.about))
        for entry in chapter.entries:
            yield from _entry(entry)


def _entry(entry: Entry) -> Iterator[str]:
    yield from ("", *_wrapped(entry.title, "* "))
    if entry.says:
        yield from _wrapped(entry.says.text, "  ")
    for fact in entry.facts:
        yield from _wrapped(f"{fact.label}: {'; '.join(one.text for one in fact.values)}", "  ")
    if entry.note:
        yield from _wrapped(f"({entry.note})", "  ")


def _wrapped(words_: str, begin: str = "") -> list[str]:
    return textwrap.wrap(words_, _WIDTH, initial_indent=begin, subsequent_indent=" " * len(begin)) or [""]


def untold(notice: Notice) -> str:
    """Why a notice has no sentences: no text, or none in this language."""
    if not notice.text_in:
        return say("notice.text.none", notice.language)
    there = " · ".join(say(f"notice.{one}", notice.language) for one in notice.text_in)
    return say("notice.text.untranslated", notice.language, languages=there)


# ---- for programs ----------------------------------------------------------------------------------------------------


def as_json(notice: Notice) -> dict[str, Any]:
    """Everything of a notice, as plain values."""

    def plain(value: Any) -> Any:
        if isinstance(value, dt.date):
            return value.isoformat()
        if isinstance(value, dict):
            return {key: plain(one) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return [plain(one) for one in value]
        return value

    made = plain(dataclasses.asdict(notice))
    assert isinstance(made, dict)
    return made


def schema_org(notice: Notice, address: str, latest: str) -> SafeString:
    """A small block of schema.org (S-13): the page, its version, and whose it is. `address`: permanent; `latest`: stable.

    A block of data is no script: the pages' Content-Security-Policy leaves it alone, and nothing runs. What could end the
    element is written as escapes.
    """
    organisation: dict[str, Any] = {
        "@type": "Organization",
        "name": notice.company,
        "legalName": notice.brief.who[0],
        "contactPoint": {
            "@type": "ContactPoint",
            "contactType": "data protection officer",
            "email": notice.brief.email,
        },
    }
    if notice.published:
        organisation["vatID"] = notice.published["vat"]
        organisation["identifier"] = {
            "@type": "PropertyValue",
            "propertyID": "KBO",
            "value": notice.published["kbo"],
        }
    block = {
        "@context": "https://schema.org",
        "@type": "WebPage",
        "name": f"{notice.company}: {say('notice.title', notice.language)}",
        "url": address,
        "isPartOf": {"@type": "WebPage", "url": latest},
        "inLanguage": notice.language,
        "version": notice.version.isoformat(),
        "datePublished": notice.version.isoformat(),
        "dateModified": notice.version.isoformat(),
        "publisher": organisation,
    }
    text = json.dumps(block, ensure_ascii=False)
    for sign, code in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
        text = text.replace(sign, code)
    return mark_safe(text)  # noqa: S308  # no sign of HTML is left in it


__all__ = ["Block", "Mine", "as_json", "blocks", "body", "document", "schema_org", "text", "untold"]

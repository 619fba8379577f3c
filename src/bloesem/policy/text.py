"""Holding a version to its text: each sentence of the text has its datum, and what quotes the text is in it.

Beside `policy.yaml` stand `text.<language>.txt`, as it was published, and `sentences.yaml`: the text cut into sentences,
titles and cells, each with the places in `policy.yaml` that transcribe it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from bloesem.policy.model import Label, Policy
from bloesem.policy.quotes import fold
from bloesem.source import Document, KeyPath, Problem, Strict, parse, validate
from bloesem.terms import MONTHS

SENTENCES_FILE = "sentences.yaml"

#: White space, and what draws lists and tables: signs that say nothing.
_DRAWN = re.compile(r"[\s|•]+|-{3,}:")
_RULE = "P-001: the policy says all that the text says, and nothing that it does not"


class Sentence(Strict):
    """A sentence, title or cell of the text: its line, its words, and the places in `policy.yaml` that transcribe it."""

    line: int = Field(ge=1)
    says: str
    data: tuple[str, ...] = Field(min_length=1)


class SentencesFile(Strict):
    """`sentences.yaml`: the text, from its first word to its last."""

    sentences: tuple[Sentence, ...]


def text_problems(directory: Path, policy: Policy, document: Document) -> list[Problem]:
    """Where a version and its text part ways. A version without `sentences.yaml` is not held to a text.

    Raises `SourceError` for files that cannot be read.
    """
    path = directory / SENTENCES_FILE
    if not path.exists():
        return []
    told = parse(path)
    sentences = validate(told, SentencesFile).sentences
    file = directory / f"text.{policy.language}.txt"
    if not file.exists():
        remedy = "put the text there, as it was published, or take sentences.yaml away"
        return [Problem(path, 1, "sentences", f"there is no {file.name} beside it", _RULE, remedy)]
    text = file.read_text(encoding="utf-8").split("\n")
    return [
        *_uncut(sentences, told, text),
        *_untranscribed(sentences, told, policy),
        *_misquoted(policy, document, text),
    ]


def _bare(words: str) -> str:
    return _DRAWN.sub("", fold(words))


def _uncut(sentences: Sequence[Sentence], told: Document, text: Sequence[str]) -> Iterator[Problem]:
    """The sentences of a line, one after the other, are the line."""
    said: dict[int, list[tuple[int, str]]] = {}
    for number, sentence in enumerate(sentences):
        said.setdefault(sentence.line, []).append((number, sentence.says))
    for line in sorted({*said, *range(1, len(text) + 1)}):
        words = _bare(text[line - 1]) if line <= len(text) else ""
        given = said.get(line, [])
        if "".join(_bare(one) for _, one in given) != words:
            where: KeyPath = ("sentences", given[0][0]) if given else ("sentences",)
            what = (
                f"line {line} of the text says something else"
                if given
                else f"line {line} of the text is missing"
            )
            yield Problem(
                told.path,
                told.line_of(where),
                ".".join(map(str, where)),
                what,
                _RULE,
                "copy the words of the line, all of them and in their order",
            )


def _untranscribed(sentences: Sequence[Sentence], told: Document, policy: Policy) -> Iterator[Problem]:
    whole = policy.model_dump(by_alias=True)
    for number, sentence in enumerate(sentences):
        for path in sentence.data:
            if not _is_there(whole, path.split("/")):
                where = ("sentences", number, "data")
                yield Problem(
                    told.path,
                    told.line_of(where),
                    ".".join(map(str, where)),
                    f"`{path}` is not in policy.yaml, or says nothing there",
                    _RULE,
                    "transcribe the sentence in policy.yaml, or name the place that does",
                )


def _is_there(node: Any, steps: Sequence[str]) -> bool:
    """Whether a path leads to something that is said. In a list a step is the `key` of an item, or the item itself."""
    if not steps:
        return node not in (None, False, "", (), [], {}, "none")
    step, rest = steps[0], steps[1:]
    if isinstance(node, dict):
        return step in node and _is_there(node[step], rest)
    if isinstance(node, list | tuple):
        return any(
            (item == step and not rest)
            or (isinstance(item, dict) and item.get("key") == step and _is_there(item, rest))
            for item in node
        )
    return False


def _misquoted(policy: Policy, document: Document, text: Sequence[str]) -> Iterator[Problem]:
    for where, words, lines in quotations(policy):
        if not any(line <= len(text) and _within(words, text[line - 1]) for line in lines):
            stands = ", ".join(str(line) for line in lines) or "none is named"
            yield Problem(
                document.path,
                document.line_of(where),
                ".".join(map(str, where)),
                f"`{words}` is not what the text says (line {stands})",
                _RULE,
                "quote the text's own words, or name the line on which they stand",
            )


def other_day(directory: Path, policy: Policy) -> str:
    """P-182: the sentence that says when the text was last changed, where it says another day than that of the version.

    out: "" where it says that day, or where there is no such sentence. Raises `SourceError` for a file that cannot be read.
    """
    path = directory / SENTENCES_FILE
    if not path.exists():
        return ""
    day, month = policy.version, MONTHS[policy.language][policy.version.month - 1]
    for sentence in validate(parse(path), SentencesFile).sentences:
        said = set(re.findall(r"\w+", fold(sentence.says).casefold()))
        if "version" in sentence.data and not {str(day.day), month.casefold(), str(day.year)} <= said:
            return sentence.says
    return ""


def _within(words: str, line: str) -> bool:
    """Whether a line says these words, at the beginnings and ends of words. Capitals make no difference."""
    return re.search(rf"(?<!\w){re.escape(fold(words).casefold())}(?!\w)", fold(line).casefold()) is not None


def quotations(policy: Policy) -> Iterator[tuple[KeyPath, str, tuple[int, ...]]]:
    """What `policy.yaml` gives as the text's own words: where it stands there, the words, and on which lines of the text."""
    for key, kind in policy.types.items():
        if kind.definition and kind.described:  # the definition is in the paragraph below the title
            lines: tuple[int, ...] = (kind.described, kind.described + 2)
            yield from _words(policy, ("types", key, "definition"), (kind.definition,), lines)
    for key, category in policy.categories.items():
        lines = (category.line,) if category.line else ()
        if category.definition:
            yield from _words(policy, ("categories", key, "definition"), (category.definition,), lines)
        yield from _words(policy, ("categories", key, "examples"), category.examples, lines)
    for section in ("sources", "recipients"):
        for key, item in getattr(policy, section).items():
            yield from _words(
                policy, (section, key, "examples"), item.examples, (item.line,) if item.line else ()
            )
    for key, row in policy.purposes.items():
        where = ("purposes", key)
        yield from _words(policy, (*where, "examples"), row.examples, row.lines)
        if row.retention_text:
            yield from _words(policy, (*where, "retention_text"), (row.retention_text,), row.lines)
        if row.advertising:
            here = (*where, "advertising", "offers")
            yield from _words(policy, here, row.advertising.offers, (row.advertising.line,))
    if policy.recordings:
        yield from _words(policy, ("recordings", "of"), (policy.recordings.of,), (policy.recordings.line,))
    yield from _identity(policy)
    if policy.changes:
        lines = policy.changes.lines
        yield from _words(policy, ("changes", "occasions"), policy.changes.occasions, lines)
        if policy.changes.latest:
            yield from _words(policy, ("changes", "latest"), (policy.changes.latest,), lines)


def _identity(policy: Policy) -> Iterator[tuple[KeyPath, str, tuple[int, ...]]]:
    """The controller and the contact: names, addresses, words that identify."""
    controller, contact = policy.controller, policy.contact
    for name in ("name", "legal_form"):
        if getattr(controller, name):
            yield ("controller", name), getattr(controller, name), controller.lines
    for name in ("name", "email"):
        if getattr(contact, name):
            yield ("contact", name), getattr(contact, name), contact.lines
    yield from _words(policy, ("contact", "function"), (contact.function,), contact.lines)
    if contact.post:
        yield ("contact", "post", "street"), contact.post.street, contact.lines
        city = f"{contact.post.postal_code} {contact.post.city}"
        yield ("contact", "post", "city"), city, contact.lines


def _words(
    policy: Policy, where: KeyPath, labels: Iterable[Label], lines: tuple[int, ...]
) -> Iterator[tuple[KeyPath, str, tuple[int, ...]]]:
    for label in labels:
        if policy.language in label:
            yield where, label[policy.language], lines


__all__ = ["SENTENCES_FILE", "Sentence", "SentencesFile", "other_day", "quotations", "text_problems"]

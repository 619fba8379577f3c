"""What a notice is made of: what a page, a text and a JSON of it are rendered from. Values only."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from bloesem.promises import Proof


@dataclass(frozen=True)
class Said:
    """Words, and their language: another than the page's where nobody translated them yet, which the page then marks."""

    text: str
    language: str


@dataclass(frozen=True)
class Fact:
    """A line of an entry: what it is about, and one or more answers. `link`: where the answers lead."""

    label: str
    values: tuple[Said, ...]
    link: str = ""


@dataclass(frozen=True)
class Entry:
    """Something of the model that a person is told of: a purpose's part, a recipient's kind, a right.

    `key`: its anchor. `note`: what the text does not say of it. `parts`: the parts of the policy that it is about.
    """

    key: str
    title: str
    says: Said | None = None
    facts: tuple[Fact, ...] = ()
    note: str = ""
    promises: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    tone: int = -1


@dataclass(frozen=True)
class Family:
    """Entries below one name: the parts of a row of the policy's table. Without a name: just the entries."""

    key: str
    title: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Chapter:
    """A chapter of what the model says. `about`: one sentence below the title."""

    key: str
    title: str
    about: str
    families: tuple[Family, ...]

    @property
    def entries(self) -> tuple[Entry, ...]:
        return tuple(entry for family in self.families for entry in family.entries)


@dataclass(frozen=True)
class Kept:
    """A promise that a sentence makes, on the page: what the system does for it, what keeps it, and its proof."""

    id: str
    claim: Said
    keeps: tuple[str, ...]
    state: Literal["proven", "unproven", "failing"]
    proof: str


@dataclass(frozen=True)
class Sentence:
    """A sentence on the page. `original`: the published words, where the page is in another language; `rule`: what of the
    model transcribes it, each with the anchor where that stands (or none); `mine`: what it means for whoever reads."""

    place: str
    anchor: str
    kind: str
    words: str
    original: str
    kept: tuple[Kept, ...]
    rule: tuple[tuple[str, str], ...]
    parts: tuple[str, ...] = ()
    row: int = -1
    column: int = -1


@dataclass(frozen=True)
class Brief:
    """The short layer: who, for what, which rights, whom to ask."""

    who: tuple[str, ...]
    purposes: tuple[tuple[str, str, str], ...]  # anchor, label, ground
    rights: tuple[tuple[str, str], ...]  # anchor, label
    contact: tuple[str, ...]
    email: str
    authority: tuple[str, str]  # name, address on the web


@dataclass(frozen=True)
class Notice:
    """A version, in a language, on a day.

    `ends`: the last day of an old version. `sentences`: none where the version has no text, or none in this language
    (`text_in`: the languages that it can be read in). `versions`: all there are, newest first.
    """

    company: str
    version: dt.date
    language: str
    today: dt.date
    state: Literal["in-force", "past", "to-come"]
    ends: dt.date | None
    text_language: str
    text_in: tuple[str, ...]
    brief: Brief
    sentences: tuple[Sentence, ...]
    chapters: tuple[Chapter, ...]
    versions: tuple[dt.date, ...]
    published: Mapping[str, str] = field(default_factory=dict, hash=False)  # for schema.org


@dataclass(frozen=True)
class Table:
    """The public table of promises. `ran`: when tests last ran at all; None: no run is known."""

    version: dt.date
    proofs: tuple[Proof, ...]
    ran: dt.datetime | None

"""Looking for words in a notice: in its sentences and in what the model says. Case and accents make no difference. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from bloesem.notice.model import Entry, Notice
from bloesem.notice.said import say

#: Signs that are looked for at most.
LONGEST = 100


@dataclass(frozen=True)
class Hit:
    """Where words were found. `place`: the chapter; `words`: what stands there in pieces, each with whether it was meant."""

    anchor: str
    place: str
    words: tuple[tuple[str, bool], ...]


def search(notice: Notice, asked: str) -> tuple[Hit, ...]:
    """in: words; all of them have to stand in one sentence or entry. out: in the order of the page; none for no words."""
    wanted = [_fold(word) for word in asked[:LONGEST].split()]
    wanted = [word for word in wanted if word]
    if not wanted:
        return ()
    return tuple(
        Hit(anchor, place, marked(words, wanted))
        for anchor, place, words in _places(notice)
        if all(word in _fold(words) for word in wanted)
    )


def _places(notice: Notice) -> Iterator[tuple[str, str, str]]:
    chapter = say("notice.search.text", notice.language)
    for one in notice.sentences:
        if one.kind == "chapter":
            chapter = one.words
        yield one.anchor, chapter, one.words
    for part in notice.chapters:
        for entry in part.entries:
            yield entry.key, part.title, _whole(entry)


def _whole(entry: Entry) -> str:
    said = [entry.title]
    if entry.says:
        said.append(entry.says.text)
    said.extend(f"{fact.label}: {'; '.join(one.text for one in fact.values)}" for fact in entry.facts)
    return " · ".join(said)


def marked(words: str, wanted: list[str]) -> tuple[tuple[str, bool], ...]:
    """The words in pieces: those that were asked for, and those between."""
    folded, at = _fold(words), [False] * len(words)
    for word in wanted:
        found = folded.find(word)
        while found >= 0:
            at[found : found + len(word)] = [True] * len(word)
            found = folded.find(word, found + len(word))
    pieces: list[tuple[str, bool]] = []
    for sign, meant in zip(words, at, strict=True):
        if pieces and pieces[-1][1] == meant:
            pieces[-1] = (pieces[-1][0] + sign, meant)
        else:
            pieces.append((sign, meant))
    return tuple(pieces)


class _Bare(dict[int, str]):
    """Each sign as it is looked for, found out once: lower case, without accents, and one sign for one."""

    def __missing__(self, code: int) -> str:
        sign = chr(code)
        bare = "".join(c for c in unicodedata.normalize("NFD", sign) if not unicodedata.combining(c)).lower()
        self[code] = bare if len(bare) == 1 else sign
        return self[code]


_BARE = _Bare()


def _fold(words: str) -> str:
    """Lower case without accents; every sign stays one sign, so that places stay places."""
    return words.translate(_BARE)

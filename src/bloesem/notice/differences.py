"""What differs between two versions of a text: sentence by sentence, and in a sentence that changed word by word. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

#: Two sentences that share less than this are not the same one with other words.
_ALIKE = 0.45

Mark = Literal["same", "gone", "new"]


@dataclass(frozen=True)
class Difference:
    """A sentence that went, came or changed: its words in pieces."""

    kind: Literal["gone", "new", "altered"]
    words: tuple[tuple[Mark, str], ...]


def differences(old: Sequence[str], new: Sequence[str]) -> tuple[tuple[Difference, ...], int]:
    """in: the sentences of both. out: what differs, in the order of the text, and how many sentences stayed as they were."""
    found: list[Difference] = []
    kept = 0
    for what, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if what == "equal":
            kept += b - a
        else:
            found.extend(_replaced(old[a:b], new[c:d]))
    return tuple(found), kept


def _replaced(old: Sequence[str], new: Sequence[str]) -> Iterator[Difference]:
    """Sentences that stand where others stood: each new one beside the old one that is most like it, in order."""
    at = 0
    for words in new:
        likeness = [(_likeness(it, words), n) for n, it in enumerate(old)]
        close = max(((r, -n) for r, n in likeness if n >= at and r >= _ALIKE), default=None)
        if close is None:
            yield Difference("new", (("new", words),))
            continue
        match = -close[1]
        for gone in old[at:match]:
            yield Difference("gone", (("gone", gone),))
        yield Difference("altered", by_word(old[match], words))
        at = match + 1
    for gone in old[at:]:
        yield Difference("gone", (("gone", gone),))


def _likeness(one: str, other: str) -> float:
    """How much of two sentences is the same words in the same order, from 0 to 1."""
    a, b = re.findall(r"\w+", one), re.findall(r"\w+", other)
    return SequenceMatcher(None, a, b, autojunk=False).ratio()


def by_word(old: str, new: str) -> tuple[tuple[Mark, str], ...]:
    """Two sentences as one, with what went and what came."""
    a, b = _words(old), _words(new)
    pieces: list[tuple[Mark, str]] = []
    for what, i, j, k, m in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if what == "equal":
            pieces.append(("same", "".join(a[i:j])))
            continue
        if i < j:
            pieces.append(("gone", "".join(a[i:j])))
        if k < m:
            pieces.append(("new", "".join(b[k:m])))
    return tuple(pieces)


def _words(sentence: str) -> list[str]:
    return re.findall(r"\w+|\s+|[^\w\s]", sentence)

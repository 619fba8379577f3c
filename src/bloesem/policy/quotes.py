"""Finding the words that a promise quotes in the text of the policy: every promise points at its line.

A quotation is exact but for what a copy loses: white space, line ends, the shape of quotation marks.
"""

from __future__ import annotations

import re
from bisect import bisect_right

#: How many characters may stand between two parts of a quotation that an ellipsis separates.
REACH = 400

_ELLIPSIS = re.compile(r"…|\.{3}")
_WHITE = re.compile(r"\s+")
_MARKS = str.maketrans(dict.fromkeys("‘’‚‛′`´", "'") | dict.fromkeys("“”„‟″«»", '"'))


def fold(text: str) -> str:
    """The text with each run of white space (line ends and no-break spaces too) as one space, none at the
    ends, and quotation marks straight. Case, typing errors and all else stay."""
    return _WHITE.sub(" ", text.translate(_MARKS)).strip()


def find(quote: str, text: str) -> int | None:
    """The line (from 1) of `text` on which the first place that matches `quote` begins, if there is one.

    `…` or `...` separates parts that follow each other in the text, at most `REACH` characters apart.
    A quotation without words is found nowhere.
    """
    parts = [part for part in map(fold, _ELLIPSIS.split(quote)) if part]
    if not parts:
        return None
    folded, starts, lines = _flat(text)
    match = re.search(f".{{0,{REACH}}}?".join(map(re.escape, parts)), folded)
    return lines[bisect_right(starts, match.start()) - 1] if match else None


def _flat(text: str) -> tuple[str, list[int], list[int]]:
    """The folded text, and for each line that is not empty its offset there and its number."""
    pieces: list[str] = []
    starts: list[int] = []
    lines: list[int] = []
    offset = 0
    for number, line in enumerate(text.split("\n"), 1):
        piece = fold(line)
        if piece:
            pieces.append(piece)
            starts.append(offset)
            lines.append(number)
            offset += len(piece) + 1
    return " ".join(pieces), starts, lines


__all__ = ["REACH", "find", "fold"]

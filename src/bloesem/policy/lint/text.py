"""What a rule reads in the words themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bloesem.policy.lint.model import Hit, Notice, Words, searched

#: Words beside what was found, so that a reader sees it in its sentence.
AROUND = 30


def read_words(notice: Notice, words: Words) -> Iterator[Hit]:
    """What the expressions of a rule find in the text, or miss there. A notice without text has none."""
    if notice.lines is None or (words.when and not searched(words.when, notice.text)):
        return
    for number, line in enumerate(notice.lines, 1):
        for expression in words.forbids:
            found = searched(expression, line)
            if found:
                yield Hit(number, _around(line, found))
    for expression in words.once:
        places = [
            (n, found) for n, line in enumerate(notice.lines, 1) if (found := searched(expression, line))
        ]
        for number, found in places[1:]:
            yield Hit(number, _around(found.string, found), f"it stands on line {places[0][0]} already")
    for thing, expression in words.needs.items():
        if not searched(expression, notice.text):
            yield Hit(notice.first(words.at), "", f"missing: {thing}")


def _around(line: str, found: re.Match[str]) -> str:
    start, end = max(0, found.start() - AROUND), min(len(line), found.end() + AROUND)
    while start > 0 and not line[start - 1].isspace():
        start -= 1
    while end < len(line) and not line[end].isspace():
        end += 1
    return " ".join(line[start:end].split())

"""Agreeing with proposals of a map in one go: those that are written and at least so sure. A person's act, never a default.

The text is left as it is but for the `decide` that go: comments and changes stay.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import yaml

from bloesem.datamap.load import load_map
from bloesem.errors import MapError
from bloesem.source import parse

_DECIDE = "decide"
_CATEGORIES = "data_categories"


def agree(path: Path, at_least: float) -> tuple[str, int]:
    """in: a map that is accepted as one. out: its text without the questions agreed with, and how many are left.

    Only what is proposed already (`holds`, `kind`, `data_categories`) can be agreed with: an alternative has to be chosen.
    raises: SourceError, MapError.
    """
    load_map([path])
    parse(path)
    try:
        text = path.read_text("utf-8")
    except OSError as fault:
        raise MapError(
            f"{path}: cannot be read ({fault.strerror})", "a map is a file", "name another"
        ) from None
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    lines = text.splitlines(keepends=True)
    gone: set[int] = set()
    left = 0
    for mapping, above, key, value in _questions(node, None):
        span = _own_lines(lines, key, value)
        if span is not None and _written(mapping, above, value) and _sure(value) >= at_least:
            gone.update(span)
        else:
            left += 1
    return "".join(line for n, line in enumerate(lines) if n not in gone), left


Question = tuple[yaml.MappingNode, yaml.MappingNode | None, yaml.Node, yaml.SequenceNode]


def _questions(node: yaml.Node | None, above: yaml.MappingNode | None) -> Iterator[Question]:
    """Each question with the mapping that it stands in, and the one that this stands in."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == _DECIDE and isinstance(value, yaml.SequenceNode) and value.value:
                yield node, above, key, value
            else:
                yield from _questions(value, node)
    elif isinstance(node, yaml.SequenceNode):
        for inner in node.value:
            yield from _questions(inner, above)


def _written(mapping: yaml.MappingNode, above: yaml.MappingNode | None, asked: yaml.SequenceNode) -> bool:
    """Whether what is proposed stands there: of a table or link beside the question, of a column above its `meta`."""
    if any(key.value in ("holds", "kind") for key, _ in mapping.value):
        return True
    of_column = any(key.value == _CATEGORIES for one in asked.value for key, _ in one.value)
    return of_column and above is not None and any(key.value == _CATEGORIES for key, _ in above.value)


def _sure(alternatives: yaml.SequenceNode) -> float:
    """How sure the proposal is: the one alternative that is left beside what is written."""
    if len(alternatives.value) != 1 or not isinstance(alternatives.value[0], yaml.MappingNode):
        return 0.0
    for key, value in alternatives.value[0].value:
        if key.value == "confidence":
            try:
                return float(value.value)
            except (TypeError, ValueError):
                return 0.0
    return 0.0


def _own_lines(lines: list[str], key: yaml.Node, value: yaml.SequenceNode) -> range | None:
    """The lines of a question, where it has lines of its own."""
    first, last = key.start_mark, value.value[-1].end_mark
    if lines[first.line][: first.column].strip() or lines[last.line][last.column :].strip().startswith(
        (",", "}")
    ):
        return None
    return range(first.line, last.line + (0 if last.column == 0 else 1))

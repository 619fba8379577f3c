"""Two parsers read the same; what only one of them survives, the other refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bloesem import yaml12
from bloesem.yaml12 import SourceError, parse_text

ROOT = Path(__file__).parents[2]
FILES = sorted(file for part in ("company", "law", "src") for file in (ROOT / part).rglob("*.yaml"))
NAME = Path("some.yaml")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_the_fast_parser_reads_our_files_as_the_slow_one_does(file: Path) -> None:
    text = file.read_text("utf-8")
    assert yaml12._parsed(yaml12._Fast, text, file) == yaml12._parsed(yaml12._Plain, text, file)


_scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.text("ab: -#'\"\n\t0é", max_size=12),
    st.dates(),
    st.floats(-9, 9),
)
_data = st.recursive(
    _scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abc é-", max_size=5), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(_data, st.booleans())
def test_the_fast_parser_reads_what_is_written_as_the_slow_one_does(data: object, flow: bool) -> None:
    text = yaml.safe_dump(data, default_flow_style=flow, allow_unicode=True)
    slow = yaml12._parsed(yaml12._Plain, text, NAME)
    assert parse_text(text, NAME) == slow


@pytest.mark.parametrize(
    "text",
    [
        "[" * 300_000 + "]" * 300_000,
        "{a: " * 300_000 + "}" * 300_000,
        "- " * 300_000 + "a",
        "? " * 300_000,
        "\n".join(" " * depth + "-" for depth in range(9_000)),
    ],
    ids=["sequences", "mappings", "items", "keys", "lines"],
)
def test_what_is_nested_too_deeply_is_refused_and_ends_nothing(text: str) -> None:
    with pytest.raises(SourceError, match="nested too deeply"):
        parse_text(text, NAME)

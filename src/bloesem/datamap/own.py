"""What Bloesem itself keeps about people, as a data map: no stored field is without a word (P-014)."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from bloesem.datamap.model import DataMap
from bloesem.source import read


def own_file() -> Path:
    """The file that says it; it comes with the package."""
    return Path(__file__).with_name("own.yaml")


@cache
def own_map() -> DataMap:
    """One dataset; the collection `*` is what is added to every guarded table."""
    return read(own_file(), DataMap)


__all__ = ["own_file", "own_map"]

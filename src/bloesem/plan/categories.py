"""Which categories a list of them covers."""

from __future__ import annotations

from collections.abc import Sequence

#: What `reads` may say for "every category".
ALL = "all"


def covers(reads: Sequence[str], category: str) -> bool:
    """Whether a list of categories covers one: by equality or at a dot."""
    return any(r == ALL or category == r or category.startswith(r + ".") for r in reads)

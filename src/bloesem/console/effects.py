"""What the clock does by a day, table by table: what goes, and who can no longer read what."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class TableEffect:
    """One table: rows that disappear, values that are erased per column, rows that each part can no longer read."""

    table: str
    deleted: int
    erased: Mapping[str, int] = field(hash=False)
    dark: Mapping[str, int] = field(hash=False)


@dataclass(frozen=True)
class Effects:
    """All tables. `exact`: the clock really ran; otherwise it was computed ahead."""

    day: dt.date
    people: int
    tables: tuple[TableEffect, ...]
    exact: bool
    seconds: float = 0.0

    @property
    def rows(self) -> int:
        return sum(t.deleted for t in self.tables)

    @property
    def values(self) -> int:
        return sum(sum(t.erased.values()) for t in self.tables)

    @property
    def nothing(self) -> bool:
        return not self.tables

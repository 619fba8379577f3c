"""One piece of compiled SQL with what it is for."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import dedent, indent


@dataclass(frozen=True)
class Statement:
    """`about`: what it makes, e.g. `policy support on session`; `sql`: runnable, ends without semicolon."""

    section: str
    about: str
    sql: str

    def __str__(self) -> str:
        return f"-- {self.about}\n{self.sql};\n"


def tidy(sql: str) -> str:
    return dedent(sql).strip()


def listed(parts: list[str], *, joined: str = ",\n", by: int = 4) -> str:
    """Parts one below the other, indented."""
    return indent(joined.join(parts), " " * by).lstrip()

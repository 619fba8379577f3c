"""What a check found: how grave, what, which rule, what to do. The same shape for files, maps and databases."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Literal

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True)
class Finding:
    """`kind`: a word to filter by (`unmapped-column`); `where`: `file:line`, where a file says it."""

    severity: Severity
    kind: str
    thing: str
    rule: str
    remedy: str
    where: str = ""

    def __str__(self) -> str:
        at = f"{self.where}: " if self.where else ""
        return f"{self.severity}: {at}{self.thing}\n  rule: {self.rule}\n  remedy: {self.remedy}"

    def as_dict(self) -> dict[str, str]:
        return {key: str(value) for key, value in asdict(self).items()}


def errors(found: Iterable[Finding]) -> int:
    return sum(1 for one in found if one.severity == "error")

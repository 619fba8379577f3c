"""An answer as it is given: plain words and days, made once, shown as a page and as a PDF, kept nowhere unsealed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from bloesem.errors import BloesemError
from bloesem.source import parse


class AnswerError(BloesemError):
    """An answer that may not be given as it is: it lacks what the law asks of it."""


@dataclass(frozen=True)
class Item:
    """One kind of data: what it is, how many, what becomes of it, for what and why, from whom, and its last day."""

    what: str
    many: int
    outcome: str
    why: str
    source: str = ""
    until: str = ""


@dataclass(frozen=True)
class Section:
    """A heading with lines below it."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """`outcome`: granted, partly or refused; `lead`: the short layer; `who`: in whose name, its seat and number (P-007);
    `remedies`: DPO, authority (complaint, and mediation) and court, which no answer goes without; nor a refusal
    without its reason (R-008, R-020)."""

    number: str
    language: str
    asked: str
    title: str
    outcome: str
    lead: tuple[str, ...]
    reason: str = ""
    items: tuple[Item, ...] = ()
    sections: tuple[Section, ...] = ()
    remedies: tuple[str, ...] = ()
    columns: tuple[str, ...] = field(default=())
    who: str = ""

    def __post_init__(self) -> None:
        if len(self.remedies) < 4 or (self.outcome != "granted" and not self.reason.strip()):
            raise AnswerError(
                f"the answer to {self.number} says not where to turn to, or refuses and says not why",
                "R-008, R-020: a refusal names its reason, the DPO, the authority and the court",
                "write the reason, and give the record and the law what they lack",
            )

    def json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> Answer:
        """in: what `json` gave."""
        return cls(
            **{
                **said,
                **{name: tuple(said[name]) for name in ("lead", "remedies", "columns")},
                "items": tuple(Item(**one) for one in said["items"]),
                "sections": tuple(Section(one["title"], tuple(one["lines"])) for one in said["sections"]),
            }
        )


@cache
def words() -> Mapping[str, Mapping[str, str]]:
    """Key → language → words."""
    found: Mapping[str, Mapping[str, str]] = parse(Path(__file__).with_name("words.yaml")).data
    return found


def say(key: str, language: str, **values: object) -> str:
    """The words for a key, filled in."""
    text = words()[key][language]
    return text.format(**values) if values else text


__all__ = ["Answer", "AnswerError", "Item", "Section", "say", "words"]

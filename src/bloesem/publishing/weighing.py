"""Whether data may be used for another purpose than it was collected for (art. 6(4)): the five factors of that article, each
answered by whoever decides about a version, and what they come to. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bloesem.publishing.errors import PublishingError, refusal
from bloesem.publishing.version import Further

#: Art. 6(4)(a) to (e), in their order.
FACTORS = ("link", "context", "nature", "consequences", "safeguards")
#: Of one answer, in characters.
LONGEST = 1500


@dataclass(frozen=True)
class Weighing:
    """What somebody answered about one part. `answers`: per factor; `compatible`: what they come to."""

    answers: Mapping[str, str]
    compatible: bool

    @classmethod
    def of(cls, told: Any) -> Weighing:
        """in: a mapping of factors and `compatible`, from a file or a page. What is none of them counts as not said."""
        given = told if isinstance(told, Mapping) else {}
        answers = {one: str(given.get(one) or "").strip()[:LONGEST] for one in FACTORS}
        return cls(answers, given.get("compatible") is True)

    def whole(self) -> bool:
        return all(self.answers.values())

    def told(self) -> dict[str, Any]:
        """As it is kept beside the decision."""
        return {**self.answers, "compatible": self.compatible}


def lacking(further: Further, weighed: Mapping[str, Any]) -> PublishingError | None:
    """Why a part may not use what was collected for others; None where it was weighed, and may. `weighed`: by part, as it is
    kept."""
    found = Weighing.of(weighed.get(further.part))
    if found.whole() and found.compatible:
        return None
    names = {
        f"categories_{one}": ", ".join(said[one] for said in further.categories.values())
        for one in further.name
    }
    parts = {f"part_{one}": said for one, said in further.name.items()}
    return refusal("incompatible" if found.whole() else "weighing", **names, **parts)


__all__ = ["FACTORS", "LONGEST", "Weighing", "lacking"]

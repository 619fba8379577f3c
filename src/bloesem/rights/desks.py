"""What every desk answers, whichever database it stands at: one that Bloesem guards (`rights.guarded`), or any other."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, Protocol

from bloesem.plan.model import FactKind
from bloesem.rights.amend import Asked, Correction
from bloesem.rights.requests import Done, Wanted


class Answers(Protocol):
    """Requests about people of one database. Each is whole or not begun; each raises RightsError for who is not one
    person, and StoreError when the database goes away."""

    def access(self, wanted: Wanted) -> dict[str, Any]:
        """All that is there about one person, and why (art. 15)."""

    def portable(self, wanted: Wanted) -> dict[str, Any]:
        """What one person may take along (art. 20)."""

    def rehearse(
        self, wanted: Wanted, *, ground: str = ..., items: Sequence[str] = ..., show_values: bool = ...
    ) -> Done:
        """An erasure, taken back."""

    def erase(
        self,
        wanted: Wanted,
        *,
        ground: str = ...,
        items: Sequence[str] = ...,
        plan: str | None = ...,
        show_values: bool = ...,
    ) -> Done:
        """These people go (art. 17), or the rows `items` of theirs; `plan`: only if that is still what a rehearsal said."""

    def rectify(
        self,
        wanted: Wanted,
        corrections: Sequence[Correction],
        *,
        source: str | None = ...,
        plan: str | None = ...,
        dry_run: bool = ...,
        show_values: bool = ...,
    ) -> Done:
        """Values are set right (art. 16)."""

    def note(
        self,
        wanted: Wanted,
        asked: Asked,
        facts: Sequence[tuple[FactKind, str]],
        *,
        lift: bool = ...,
        ended: bool = ...,
        over: Sequence[tuple[FactKind, str]] = ...,
        item: str | None = ...,
        told_on: dt.date | None = ...,
    ) -> dict[str, Any]:
        """Facts about one person are recorded, or end (`lift`, `ended`); `over`: facts that these replace; `item`: about
        one row alone; `told_on`: when the person was told that a restriction is lifted."""

    def left(self, now: dt.datetime) -> dict[str, Any]:
        """What is left anywhere of those whom the last act erased."""

"""Who is responsible: what the text says of it, and from the record what it leaves open (P-007; art. 13(1)(a)). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bloesem.policy.model import Controller

#: What must be known of whoever is responsible.
PARTICULARS = ("name", "legal_form", "seat", "kbo")


@dataclass(frozen=True)
class Particulars:
    """Legal name, seat in one line, and the KBO number as it is written."""

    name: str
    seat: str
    kbo: str

    def line(self) -> str:
        return f"{self.name}, {self.seat}, KBO {self.kbo}"


def lacking(said: Controller, recorded: Controller | None) -> list[str]:
    """Which of `PARTICULARS` stand in neither: absent, or blank."""
    return [name for name in PARTICULARS if _known(said, recorded, name) is None]


def particulars(said: Controller, recorded: Controller | None) -> Particulars | None:
    """in: what the text says, and the record. out: None where something is lacking: nothing is answered in nobody's name."""
    if lacking(said, recorded):
        return None
    form, seat, kbo = (_known(said, recorded, name) for name in PARTICULARS[1:])
    where = f"{seat.street}, {seat.postal_code} {seat.city}"
    return Particulars(f"{said.name} {form}", where, f"{kbo[:4]}.{kbo[4:7]}.{kbo[7:]}")


def _known(said: Controller, recorded: Controller | None, name: str) -> Any:
    """The text's, else the record's; of a seat each line counts."""
    for one in (said, recorded):
        value = getattr(one, name, None)
        parts = (
            (value,)
            if value is None or isinstance(value, str)
            else (value.street, value.postal_code, value.city)
        )
        if all(part is not None and part.strip() for part in parts):
            return value
    return None


__all__ = ["PARTICULARS", "Particulars", "lacking", "particulars"]

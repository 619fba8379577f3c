"""The consents' stage with templates, an outbox and a door that sends into a list, or wherever a test wants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.bloesem.consent.stage import MESSAGES, Stage, rules_of
from tests.bloesem.gate.world import World

from bloesem.consent.links import LinkKeys
from bloesem.consent.phone_list import import_list
from bloesem.plan.dates import civil
from bloesem.sending import tables
from bloesem.sending.door import Door
from bloesem.sending.templates import Templates, load_templates
from bloesem.sending.transports import Letter, Outcome, Place, Transport
from bloesem.stores.postgres import Connection

PLACE = Place("blossom.example", "https://blossom.example", "news@blossom.example")


@dataclass
class Listing:
    """A transport that keeps what it was given, and answers as told."""

    sent: list[Letter] = field(default_factory=list)
    answer: Outcome = Outcome.SENT

    def send(self, letter: Letter) -> Outcome:
        if self.answer is Outcome.SENT:
            self.sent.append(letter)
        return self.answer

    def close(self) -> None:
        """Nothing is open."""


def templates(at: Stage) -> Templates:
    return load_templates(MESSAGES / "templates", at.rules, civil(at.now()))


def install(world: World) -> None:
    """An outbox, where the list and the consents are already."""
    tables.install(world.admin, rules_of(world))


def door(
    at: Stage,
    connection: Connection | None = None,
    transports: Mapping[str, Transport] | None = None,
    **more: Any,
) -> tuple[Door, Listing]:
    listing = Listing()
    every: dict[str, Transport] = dict.fromkeys(("email", "sms", "phone", "post", "app"), listing)
    made = Door(
        connection or at.keeper,
        at.rules,
        templates(at),
        LinkKeys.at(at.folder),
        at.keys,
        PLACE,
        {**every, **(transports or {})},
        **more,
    )
    return made, listing


def fresh_list(at: Stage, *numbers: str) -> None:
    day = civil(at.now())
    import_list(
        at.keeper,
        at.rules,
        "\n".join([f"# date: {day}", *numbers, f"# numbers: {len(numbers)}", ""]).encode(),
    )


def product(at: Stage, key: str, number: int) -> int:
    at.keeper.execute(
        "INSERT INTO data.product (id, key, label_nl, label_en, service, price_cents)"
        " VALUES (%s, %s, %s, %s, 'hems', 0) ON CONFLICT DO NOTHING",
        [number, key, key, key],
    )
    return number

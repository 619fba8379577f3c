"""The door of a world of cases: its letters as they leave."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bloesem.cases.conftest import SITE, World

from bloesem.cases.paper import enclosed
from bloesem.consent.links import LinkKeys
from bloesem.consent.suppression import SuppressionKeys
from bloesem.plan.dates import civil
from bloesem.sending.door import Door
from bloesem.sending.process import place_of
from bloesem.sending.ready import rules_of
from bloesem.sending.templates import load_templates
from bloesem.sending.transports import Files, Letter, Outcome, Place, Transport
from bloesem.stores.postgres import Connection


@dataclass
class Kept:
    """A transport that keeps what it was given. `says`: what becomes of each."""

    letters: list[Letter] = field(default_factory=list)
    says: Outcome = Outcome.SENT

    def send(self, letter: Letter) -> Outcome:
        self.letters.append(letter)
        return self.says

    def close(self) -> None: ...


def place(world: World) -> Place:
    rules = rules_of(world.loaded)
    assert rules is not None
    return place_of(rules, SITE)


def door(world: World, connection: Connection, transport: Transport) -> Door:
    """in: a keeper's connection in autocommit; what takes every channel."""
    rules, folder = rules_of(world.loaded), world.loaded.company.messages
    assert rules is not None
    assert folder is not None
    day = civil(world.one("SELECT bloesem.moment()"))
    return Door(
        connection,
        rules,
        load_templates(folder / "templates", rules, day),
        LinkKeys.at(world.stage.doors),
        SuppressionKeys.at(world.stage.doors),
        place(world),
        dict.fromkeys(rules.file.channels, transport),
    )


def posted(world: World) -> list[Letter]:
    """What waits goes out. out: each letter."""
    kept = Kept()
    with world.stage.keeper.open(autocommit=True) as connection:
        door(world, connection, kept).run()
    return kept.letters


def on_paper(world: World, folder: Path) -> list[dict[str, Any]]:
    """What waits goes out, into files of this folder. out: each letter of the post, as it lies there in `post`."""
    files = Files(folder)
    with world.stage.keeper.open(autocommit=True) as connection:
        made = door(world, connection, files)
        made.pages = lambda queued, letter: enclosed(connection, world.loaded.plan, "Blossom", queued, letter)
        made.run()
    return [json.loads(one.read_text()) for one in sorted((folder / "post").glob("*.json"))]

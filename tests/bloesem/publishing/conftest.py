"""Blossom in force as of 2024-03-18, with consents, an outbox and the table of publications."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.bloesem.consent.conftest import in_force
from tests.bloesem.consent.stage import Stage
from tests.bloesem.gate.world import World
from tests.bloesem.sending.stage import install
from tests.databases import Database
from tests.promises.business import Business
from tests.promises.test_gate import tables, unblocked  # noqa: F401 - fixtures

from bloesem.publishing import tables as publications
from bloesem.stores import measures


def published(world: World) -> None:
    publications.install(world.admin, world.plan)
    install(world)


class Measured(Business):
    """Each day on which the clock has swept, the measures of security are looked at, as the keeper's helper does (P-009)."""

    def on(self, text: str) -> Business:
        super().on(text)
        admin, plan = self.world.admin, self.world.plan
        measures.note(admin, plan, self.now())
        return self


@pytest.fixture
def at(fresh_database: Database, tmp_path: Path) -> Iterator[Stage]:
    with in_force(fresh_database, tmp_path, "publishing", published) as made:
        made.business = Measured(made.world)
        yield made

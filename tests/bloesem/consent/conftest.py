"""Blossom in force, with the list and the consents. `at` is shared by the tests of a module, each with people of its own;
`alone` is for tests that move the date or empty a list."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.bloesem.consent.stage import Stage, install, stage
from tests.bloesem.gate.world import Connection, World, copied
from tests.charging.databases import migrated
from tests.databases import Database
from tests.promises import test_gate
from tests.promises.test_gate import store, tables, unblocked  # noqa: F401 - fixtures


@contextmanager
def in_force(
    database: Database, folder: Path, what: str, more: Callable[[World], object] = lambda world: None
) -> Iterator[Stage]:
    """in: an empty database; `what`: the name of what `more` adds, once, to the plan and the list of consents."""

    def make(model: Database, admin: Connection) -> World:
        world = test_gate.in_force(model, admin)
        install(world)
        more(world)
        return world

    with copied(database, what, make, tables=migrated) as world:
        yield stage(world, folder)


@pytest.fixture(scope="module")
def at(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with in_force(module_database, tmp_path_factory.mktemp("keys"), "consent") as made:
        yield made


@pytest.fixture
def alone(fresh_database: Database, tmp_path: Path) -> Iterator[Stage]:
    with in_force(fresh_database, tmp_path, "consent, alone") as made:
        yield made

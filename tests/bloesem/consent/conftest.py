"""Blossom in force, with the list and the consents. `at` is shared by the tests of a module, each with people of its own;
`alone` is for tests that move the date or empty a list."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.bloesem.consent.stage import Stage, stage
from tests.bloesem.gate.world import World, opened
from tests.databases import Database, DatabaseMaker, databases_on
from tests.promises.test_gate import COMPANY, store, tables, unblocked  # noqa: F401 - fixtures

from bloesem.company import load
from bloesem.stores.embedded import EmbeddedServer


@contextmanager
def in_force(database: Database, folder: Path) -> Iterator[Stage]:
    plan = load(COMPANY.company.directory, on=COMPANY.plan.version, prefix=database.role_prefix).plan
    with database.connect(autocommit=True) as admin:
        world = World(plan, database, admin)
        world.put_in_force()
        with opened(world):
            yield stage(world, folder)


@pytest.fixture(scope="module")
def at(tables: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:  # noqa: F811
    server: EmbeddedServer = tables.server
    with (
        databases_on(server) as make,
        in_force(make(template=tables), tmp_path_factory.mktemp("keys")) as made,
    ):
        yield made


@pytest.fixture
def alone(tables: Database, make_database: DatabaseMaker, tmp_path: Path) -> Iterator[Stage]:  # noqa: F811
    with in_force(make_database(template=tables), tmp_path) as made:
        yield made

"""Blossom in force, with consents, templates and an outbox; `at` is a module's, `alone` a test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.bloesem.consent.conftest import in_force
from tests.bloesem.consent.stage import Stage
from tests.bloesem.sending.stage import ready
from tests.databases import Database, DatabaseMaker, databases_on
from tests.promises.test_gate import tables, unblocked  # noqa: F401 - fixtures


@pytest.fixture(scope="module")
def at(tables: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:  # noqa: F811
    with (
        databases_on(tables.server) as make,
        in_force(make(template=tables), tmp_path_factory.mktemp("keys")) as made,
    ):
        yield ready(made)


@pytest.fixture
def alone(tables: Database, make_database: DatabaseMaker, tmp_path: Path) -> Iterator[Stage]:  # noqa: F811
    with in_force(make_database(template=tables), tmp_path) as made:
        yield ready(made)

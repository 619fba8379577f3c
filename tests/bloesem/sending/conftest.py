"""Blossom in force, with consents, templates and an outbox; `at` is a module's, `alone` a test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.bloesem.consent.conftest import in_force
from tests.bloesem.consent.stage import Stage
from tests.bloesem.sending.stage import install
from tests.databases import Database
from tests.promises.test_gate import tables, unblocked  # noqa: F401 - fixtures


@pytest.fixture(scope="module")
def at(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with in_force(module_database, tmp_path_factory.mktemp("keys"), "sending", install) as made:
        yield made


@pytest.fixture
def alone(fresh_database: Database, tmp_path: Path) -> Iterator[Stage]:
    with in_force(fresh_database, tmp_path, "sending, alone", install) as made:
        yield made

"""Blossom in force as of 2024-03-18, with consents, an outbox and the table of publications."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.bloesem.consent.conftest import in_force
from tests.bloesem.consent.stage import Stage
from tests.bloesem.sending.stage import ready
from tests.databases import Database, DatabaseMaker
from tests.promises.test_gate import tables, unblocked  # noqa: F401 - fixtures

from bloesem.publishing import tables as publications


@pytest.fixture
def at(tables: Database, make_database: DatabaseMaker, tmp_path: Path) -> Iterator[Stage]:  # noqa: F811
    with in_force(make_database(template=tables), tmp_path) as made:
        publications.install(made.keeper, made.world.plan)
        yield ready(made)

"""Blossom in force, with the list and the consents."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.bloesem.consent.stage import Stage, stage
from tests.bloesem.gate.world import World
from tests.promises.test_gate import store, tables, unblocked  # noqa: F401 - fixtures


@pytest.fixture
def at(store: World, tmp_path: Path) -> Iterator[Stage]:  # noqa: F811
    yield stage(store, tmp_path)

"""The stage of the console's tests, once per module; Django's connection is the console's own login."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django
import pytest
from tests.bloesem.console.stage import Stage, build
from tests.databases import Database

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "charging.settings")
django.setup()


@pytest.fixture(scope="module")
def stage(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return build(module_database, tmp_path_factory.mktemp("doors"))


@pytest.fixture
def pages(stage: Stage, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """The pages as a demonstration on this stage."""
    from bloesem.console import company, door

    settings.BLOESEM_DEMO = True
    settings.BLOESEM_DOORS = str(stage.doors)
    monkeypatch.setattr(door, "dsn", lambda: stage.dsn("console"))
    company.use(stage.company)
    with stage.served():
        yield stage
    door.close()
    company.use(None)


@pytest.fixture
def doors(pages: Stage) -> Path:
    return pages.doors

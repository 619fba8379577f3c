"""The site of the portal's tests, once per module."""

from __future__ import annotations

import os
from collections.abc import Iterator

import django
import pytest
from tests.bloesem.console.stage import build
from tests.charging.portal.site import Site, served
from tests.databases import Database

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "charging.settings")
django.setup()


@pytest.fixture(scope="module")
def site(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    stage = build(module_database, tmp_path_factory.mktemp("doors"), 80, everybody=True)
    with served(stage, tmp_path_factory.mktemp("site")) as running:
        yield running

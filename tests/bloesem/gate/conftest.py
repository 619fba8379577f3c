"""Worlds to attack: made once per module, since nothing in them may change what another test sees."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import django
import pytest

from tests.bloesem.gate import small_company
from tests.bloesem.gate.world import World, fill, make_models, opened
from tests.databases import Database

# Models are made from the catalogue while tests run: Django has to be ready before.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "charging.settings")
django.setup()


@pytest.fixture(autouse=True)
def unblocked(django_db_blocker: Any) -> Iterator[None]:
    """These tests use connections of their own, as process logins."""
    with django_db_blocker.unblock():
        yield


@pytest.fixture(scope="module")
def small_world(module_database: Database) -> Iterator[World]:
    """The small company with a few dozen people."""
    with module_database.connect(autocommit=True) as admin:
        plan = small_company.plan(module_database.role_prefix)
        small_company.create_tables(admin, plan)
        world = World(plan, module_database, admin)
        world.put_in_force()
        fill(world)
        make_models(world)
        with opened(world):
            yield world


@pytest.fixture(scope="module")
def world(small_world: World) -> World:
    return small_world

"""Worlds to attack: made once per module, since nothing in them may change what another test sees."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django
import pytest
from tests.bloesem.gate import small_company
from tests.bloesem.gate.world import Connection, World, copied, fill, make_models
from tests.charging.databases import migrated
from tests.databases import Database, Servers, chosen_versions, databases_on

from bloesem.company import load_plan
from bloesem.plan.dates import civil

ROOT = Path(__file__).parents[3]

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

    def make(model: Database, admin: Connection) -> World:
        plan = small_company.plan(model.role_prefix)
        small_company.create_tables(admin, plan)
        world = World(plan, model, admin)
        world.put_in_force()
        fill(world)
        return world

    with copied(module_database, "small", make) as world:
        make_models(world)
        yield world


@pytest.fixture(scope="module")
def real_world(postgres_servers: Servers, request: pytest.FixtureRequest) -> Iterator[World]:
    """The real company's policy over its business tables, with generated people in every case that it tells apart."""
    from charging.generate import generate, load

    def make(model: Database, admin: Connection) -> World:
        today = civil(dt.datetime.now(dt.UTC))
        plan = load_plan(ROOT / "company" / "blossom", on=today, prefix=model.role_prefix)
        world = World(plan, model, admin)
        world.put_in_force()
        load.load(admin, generate(today, 40), at=world.now())
        return world

    with (
        databases_on(postgres_servers.get(chosen_versions(request.config)[0])) as new,
        copied(new(), "real", make, tables=migrated) as world,
    ):
        make_models(world)
        yield world


@pytest.fixture(scope="module", params=["small", "blossom"])
def world(request: pytest.FixtureRequest) -> World:
    """Both: the small company has every kind of role and owner, the real one is what we promise."""
    made: World = request.getfixturevalue("small_world" if request.param == "small" else "real_world")
    return made

"""The business tables with Blossom's plan in force, on a day of the example's register, and people in them."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import django
import pytest
from tests.bloesem.gate.world import Connection, World, copied
from tests.bloesem.recipients.changed import DAY, HOME
from tests.charging.databases import migrated
from tests.databases import Database
from tests.promises.business import Business

from bloesem.company import load
from bloesem.plan.dates import civil
from bloesem.plan.sql.runtime import clock_functions

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "charging.settings")
django.setup()


@pytest.fixture(autouse=True)
def unblocked(django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock():
        yield


@pytest.fixture(scope="module")
def blossom_store(module_database: Database) -> Iterator[Business]:
    """One store for a module: what a test finds recorded, it counts from where it began."""
    with on_the_day(module_database) as business:
        yield business


@contextmanager
def on_the_day(database: Database) -> Iterator[Business]:
    """in: an empty database."""

    def make(model: Database, admin: Connection) -> World:
        world = World(load(HOME, on=DAY, prefix=model.role_prefix).plan, model, admin)
        world.put_in_force()
        it_is(world, DAY)
        return world

    with copied(database, "on the day", make, tables=migrated) as world:
        yield Business(world)


def it_is(world: World, day: dt.date) -> None:
    """The database's own date, whatever the real one is."""
    days = (day - civil(dt.datetime.now(dt.UTC))).days
    for _, body in clock_functions(world.plan, days):
        world.admin.execute(body)


_numbers = itertools.count(1)


def invoiced(business: Business, family: str = "Aerts") -> int:
    """A customer with a name, an address, a telephone and an invoice."""
    person = business.customer()
    business.write("person_name", person, given_name="Ann", family_name=family)
    business.add(
        "address",
        person,
        street="Kerkstraat 1",
        postal_code="2800",
        city="Mechelen",
        country="BE",
        region="VLG",
    )
    business.add("phone_number", person, value="+32 470 00 00 00", value_norm="+32470000000")
    business.add("bank_account", person, iban="BE71096123456769")  # billing reads it, and no print house
    business.add(
        "invoice",
        person,
        issued_on=business.today(),
        number=f"2026-{next(_numbers)}",
        kind="invoice",
        addressee=f"Ann {family}",
        description="laadsessies",
        amount_cents=1210,
        vat_cents=210,
        due_on=business.today() + dt.timedelta(days=30),
    )
    return person


def files(directory: Path) -> dict[str, str]:
    return {
        path.name: path.read_bytes().decode() for path in sorted(directory.iterdir()) if path.suffix != ".pdf"
    }


def manifest(directory: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((directory / "manifest.json").read_text())
    return found

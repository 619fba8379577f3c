"""The company's own database: made once for a module, and copied for each test."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from tests.bloesem.rights.guarded import world
from tests.bloesem.rights.guarded.world import Blossom
from tests.databases import Database, DatabaseMaker

from bloesem.stores.postgres import Connection


@pytest.fixture(scope="module")
def company(module_database: Database) -> Blossom:
    return world.made(module_database)


@pytest.fixture
def blossom(company: Blossom, make_module_database: DatabaseMaker) -> Blossom:
    """A copy of one's own, with the same roles."""
    return replace(company, database=make_module_database(template=company.database))


@pytest.fixture
def connection(blossom: Blossom) -> Iterator[Connection]:
    with blossom.connect() as found:
        yield found

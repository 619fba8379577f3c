"""What every test stands on: a running PostgreSQL, databases of its own, a browser.

postgres          the embedded server (session), 18 unless --pg says otherwise
any_postgres      the same, but the test runs once on each of 18 and 16
fresh_database    an empty database, gone after the test, with its roles
module_database   an empty database for the tests of one module
make_database     a function that makes more of them, also from a template
chromium          the path of the system's Chromium
browser           a running Chromium driven by playwright
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from playwright.sync_api import Browser
from tests.browsers import find_chromium, running_browser
from tests.databases import Database, DatabaseMaker, Servers, databases_on

from bloesem.stores.embedded import EmbeddedServer, ServerVersion

# The same generated cases in every run, so that a run says something of the change; `make explore` tries others.
settings.register_profile("steady", derandomize=True)
settings.register_profile("explore", derandomize=False)
settings.load_profile("explore" if os.environ.get("BLOESEM_EXPLORE") else "steady")

VERSIONS: tuple[ServerVersion, ...] = (18, 16)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--pg",
        choices=["18", "16", "both"],
        default=os.environ.get("BLOESEM_TEST_PG", "both"),
        help="PostgreSQL to test on. both (default): everything on 18, tests marked both_servers on 16 too",
    )


def pytest_configure(config: pytest.Config) -> None:
    if importlib.util.find_spec("charging.settings") is not None:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "charging.settings")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that is marked both_servers, or asks for any_postgres, runs once for each version chosen."""
    if "postgres" not in metafunc.fixturenames:
        return
    marked = metafunc.definition.get_closest_marker("both_servers") is not None
    if marked or "any_postgres" in metafunc.fixturenames:
        chosen = metafunc.config.getoption("--pg")
        versions = VERSIONS if chosen == "both" else (int(chosen),)
        metafunc.parametrize("postgres", versions, indirect=True, ids=[f"pg{number}" for number in versions])


@pytest.fixture(scope="session")
def postgres_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """The embedded servers of this run; each starts when a test first asks for it and stops at the end."""
    with Servers.below(tmp_path_factory) as servers:
        yield servers


@pytest.fixture
def postgres(request: pytest.FixtureRequest, postgres_servers: Servers) -> EmbeddedServer:
    """A running server; its `dsn()` is the superuser's. Shared by all tests of the run: make a database."""
    chosen = request.config.getoption("--pg")
    version: ServerVersion = getattr(request, "param", 16 if chosen == "16" else 18)
    return postgres_servers.get(version)


@pytest.fixture
def any_postgres(postgres: EmbeddedServer) -> EmbeddedServer:
    """Like `postgres`, once on each version. Combines with `fresh_database`, which then follows it."""
    return postgres


@pytest.fixture
def make_database(postgres: EmbeddedServer) -> Iterator[DatabaseMaker]:
    """A function that makes a database, empty or from `template=`; all are dropped after the test."""
    with databases_on(postgres) as make:
        yield make


@pytest.fixture
def fresh_database(make_database: DatabaseMaker) -> Database:
    """An empty database with a role prefix of its own; dropped with its roles after the test."""
    return make_database()


@pytest.fixture(scope="module")
def module_database(make_module_database: DatabaseMaker) -> Database:
    """An empty database that the tests of one module share."""
    return make_module_database()


@pytest.fixture(scope="module")
def make_module_database(
    request: pytest.FixtureRequest, postgres_servers: Servers
) -> Iterator[DatabaseMaker]:
    """A function that makes databases for the tests of one module (on 18, or on 16 under --pg=16)."""
    version: ServerVersion = 16 if request.config.getoption("--pg") == "16" else 18
    with databases_on(postgres_servers.get(version)) as make:
        yield make


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The system's Chromium. Without one the test fails and says what to install; it is never skipped."""
    return find_chromium()


@pytest.fixture(scope="module")
def browser(chromium: Path) -> Iterator[Browser]:
    """A running headless browser; make a context and a page of your own in it. A module's own: while playwright runs,
    so does its event loop, in which Django refuses to work."""
    with running_browser(chromium) as running:
        yield running

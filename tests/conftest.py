"""What every test stands on: a running PostgreSQL, databases of its own, a browser.

postgres          a server (session): the embedded 18 unless --pg says otherwise
any_postgres      the same, but the test runs once on each version that --pg names, 18 and 16 unless it says otherwise
fresh_database    an empty database, gone after the test, with its roles
own_database      another, on a server that Bloesem may keep its own on, where the first is a store that is not ours
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
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser
from tests import old_servers
from tests.browsers import find_chromium, running_browser
from tests.databases import Database, DatabaseMaker, Servers, chosen_versions, databases_on

from bloesem.stores.embedded import EmbeddedServer
from bloesem.stores.postgres import OLDEST

# The same generated cases in every run, so that a run says something of the change; `make explore` tries others. How long
# one takes says something of the machine, and of what else it does.
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("steady", UNHURRIED, derandomize=True)
settings.register_profile("explore", UNHURRIED, derandomize=False)
settings.load_profile("explore" if os.environ.get("BLOESEM_EXPLORE") else "steady")

VERSIONS = (18, 16, *old_servers.VERSIONS)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--pg",
        default=os.environ.get("BLOESEM_TEST_PG", "both"),
        help="PostgreSQL to test on: one version or more, 12,13 say. Everything runs on the first, tests marked "
        "both_servers on each. both (default) is 18,16; the others are for stores that are not ours and come from npm",
    )


def pytest_configure(config: pytest.Config) -> None:
    try:
        unknown = set(chosen_versions(config)) - set(VERSIONS)
    except ValueError:
        unknown = {0}
    if unknown:
        raise pytest.UsageError(f"--pg takes some of {', '.join(map(str, sorted(VERSIONS)))}, or both")
    if not hasattr(config, "workerinput"):
        try:
            for version in set(chosen_versions(config)) & set(old_servers.VERSIONS):
                old_servers.fetch(version)
        except old_servers.UnavailableError as reason:
            raise pytest.UsageError(str(reason)) from None
    if importlib.util.find_spec("charging.settings") is not None:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "charging.settings")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that is marked both_servers, or asks for any_postgres, runs once for each version chosen."""
    if "postgres" not in metafunc.fixturenames:
        return
    marked = metafunc.definition.get_closest_marker("both_servers") is not None
    if marked or "any_postgres" in metafunc.fixturenames:
        versions = chosen_versions(metafunc.config)
        metafunc.parametrize("postgres", versions, indirect=True, ids=[f"pg{number}" for number in versions])


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What a version does not have yet, and what only those that do not come along have, is not asked of the others."""
    left: list[pytest.Item] = []
    for item in items:
        callspec = getattr(item, "callspec", None)
        version = callspec.params.get("postgres") if callspec else None
        version = version or chosen_versions(config)[0]
        since = item.get_closest_marker("since")
        contrib = item.get_closest_marker("contrib")
        if (since and version < since.args[0]) or (contrib and version not in old_servers.VERSIONS):
            left.append(item)
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in left]


@pytest.fixture(scope="session")
def postgres_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """The servers of this run; each starts when a test first asks for it and stops at the end."""
    with Servers.below(tmp_path_factory) as servers:
        yield servers


@pytest.fixture
def postgres(request: pytest.FixtureRequest, postgres_servers: Servers) -> EmbeddedServer:
    """A running server; its `dsn()` is the superuser's. Shared by all tests of the run: make a database."""
    return postgres_servers.get(getattr(request, "param", chosen_versions(request.config)[0]))


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


@pytest.fixture
def own_database(postgres: EmbeddedServer, postgres_servers: Servers) -> Iterator[Database]:
    """An empty database for what Bloesem keeps itself: on 18 where the server is one that it only reads."""
    with databases_on(postgres if postgres.version >= OLDEST else postgres_servers.get(18)) as make:
        yield make()


@pytest.fixture(scope="module")
def module_database(make_module_database: DatabaseMaker) -> Database:
    """An empty database that the tests of one module share."""
    return make_module_database()


@pytest.fixture(scope="module")
def make_module_database(
    request: pytest.FixtureRequest, postgres_servers: Servers
) -> Iterator[DatabaseMaker]:
    """A function that makes databases for the tests of one module, on the first version that --pg names."""
    with databases_on(postgres_servers.get(chosen_versions(request.config)[0])) as make:
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

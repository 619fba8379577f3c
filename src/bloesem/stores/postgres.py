"""Connections to PostgreSQL, with errors that a person can act on and that hold no password.

The database is the one that BLOESEM_DATABASE_URL names (PostgreSQL 15 or newer), otherwise the embedded one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg.rows import TupleRow

from bloesem.errors import StoreError
from bloesem.stores import embedded
from bloesem.stores.dsn import DATABASE_URL, Dsn, dsn_from

__all__ = [
    "DATABASE_URL",
    "FOREIGN",
    "OLDEST",
    "Connection",
    "Dsn",
    "admin_connection",
    "admin_dsn",
    "connect",
    "dsn_from",
    "pipelined",
    "require_supported",
]

OLDEST = 15
"""The oldest major version that has `security_invoker` views, on which every purpose's schema rests."""

FOREIGN = 12
"""The oldest that is read where nothing of ours is installed."""

Connection = psycopg.Connection[TupleRow]


def connect(
    dsn: Dsn,
    *,
    autocommit: bool = False,
    application: str = "bloesem",
    timeout_seconds: int = 10,
    oldest: int | None = None,
) -> Connection:
    """Opens one connection; parameters are bound by the server, so one call is one statement.

    in: the address; `application` is the name that the server shows for it; `oldest`: FOREIGN where nothing is installed
    (OLDEST by default).
    out: an open connection whose session speaks UTC.
    raises: StoreError when the server is down, refuses the login or is older than `oldest`.
    """
    parameters = {
        "client_encoding": "UTF8",
        **dsn.parameters(),
        "application_name": application,
        "connect_timeout": timeout_seconds,
    }
    try:
        connection = psycopg.connect(conninfo="", autocommit=autocommit, **parameters)  # type: ignore[arg-type]
    except psycopg.OperationalError as error:
        raise _unreachable(dsn, error) from None
    except psycopg.ProgrammingError as error:
        raise StoreError(
            f"the database URL of {dsn.host} has an option that PostgreSQL's driver does not know",
            rule=f"the driver said: {_without_secret(' '.join(str(error).split()), dsn)}",
            remedy="take it out: what follows the ? are options of libpq, such as sslmode=require",
        ) from None
    try:
        require_supported(connection.info.server_version, oldest)
        if connection.info.parameter_status("TimeZone") != "UTC":
            connection.execute("SET TIME ZONE 'UTC'")
            if not autocommit:
                connection.commit()
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def pipelined(connection: Connection) -> Iterator[None]:
    """What is sent inside waits for no answer before the end.

    raises: what was raised inside, or else what the server refused. Left to itself the driver logs a refusal that comes on
    top of another exception, whole; and what the server says in detail holds somebody's data.
    """
    inside: BaseException | None = None
    try:
        with connection.pipeline():
            try:
                yield
            except BaseException as raised:
                inside = raised
    except psycopg.Error:
        if inside is None:
            raise
    if inside is not None:
        raise inside


def require_supported(server_version: int, oldest: int | None = None) -> None:
    """in: the number that the server reports (150004 is 15.4). raises: StoreError below `oldest`."""
    oldest = oldest or OLDEST
    if server_version // 10000 < oldest:
        found = f"{server_version // 10000}.{server_version % 10000}"
        raise StoreError(
            f"the database server is PostgreSQL {found}",
            rule=f"PostgreSQL {OLDEST} or newer: older ones have no security_invoker views"
            if oldest == OLDEST
            else f"PostgreSQL {oldest} or newer is read",
            remedy=f"upgrade the server, or unset {DATABASE_URL} to use the embedded PostgreSQL; people in a"
            " database that nobody guards (12 or newer) are asked about with --map",
        )


@contextmanager
def admin_dsn(environment: Mapping[str, str] | None = None, *, data_dir: Path | None = None) -> Iterator[Dsn]:
    """Where the administrator connects: BLOESEM_DATABASE_URL, or the superuser of the embedded server.

    in: the environment (the process's own by default); the embedded server's data directory.
    out: the address; an embedded server that had to be started is stopped at the end.
    raises: StoreError.
    """
    given = dsn_from(os.environ if environment is None else environment)
    if given is not None:
        yield given
        return
    with embedded.start(data_dir or embedded.default_data_dir()) as server:
        yield server.dsn()


@contextmanager
def admin_connection(
    environment: Mapping[str, str] | None = None, *, data_dir: Path | None = None, autocommit: bool = False
) -> Iterator[Connection]:
    """A connection as administrator: commits at the end, rolls back on an error, closes either way.

    in, raises: as `admin_dsn` and `connect`.
    """
    with (
        admin_dsn(environment, data_dir=data_dir) as dsn,
        connect(dsn, autocommit=autocommit, application="bloesem-admin") as connection,
    ):
        yield connection


def _unreachable(dsn: Dsn, error: psycopg.OperationalError) -> StoreError:
    """Names the cause. libpq's words are quoted only after any password is taken out of them."""
    said = _without_secret(" ".join(str(error).split()), dsn)
    where = str(dsn)
    if "password authentication failed" in said or "no password supplied" in said or "pg_hba.conf" in said:
        return StoreError(
            f"the database at {where} refuses the login of {dsn.user or 'the current user'}",
            rule=f"the server said: {said}",
            remedy=f"check user and password in the URL (--store, or {DATABASE_URL}), and the server's pg_hba.conf",
        )
    if "does not exist" in said and "database" in said:
        return StoreError(
            f"the database at {where} does not exist",
            rule=f"the server said: {said}",
            remedy="create it, or correct the name in the URL",
        )
    if "too many" in said or "remaining connection slots" in said:
        return StoreError(
            f"the database at {where} has no connection left",
            rule=f"the server said: {said}",
            remedy="close idle connections, or raise the server's max_connections",
        )
    return StoreError(
        f"the database at {where} cannot be reached",
        rule=f"the driver said: {said}",
        remedy=f"see that the server runs and that the URL is right (--store, or {DATABASE_URL})",
    )


def _without_secret(text: str, dsn: Dsn) -> str:
    secrets = [dsn.password, *(value for name, value in dsn.options if "pass" in name)]
    for secret in secrets:
        if secret:
            text = text.replace(secret, "***")
    return text

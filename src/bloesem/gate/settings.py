"""Django's `DATABASES` entries: one for a process that serves purposes, one for who makes tables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bloesem.errors import GateError
from bloesem.gate.secrets import Credentials
from bloesem.stores.dsn import DATABASE_URL, Dsn, dsn_from

#: The login of this process (`portal`, `console` …) and the directory with its two files.
PROCESS, CREDENTIALS = "BLOESEM_PROCESS", "BLOESEM_CREDENTIALS"


def database_of(environment: Mapping[str, str], *, data_schema: str = "data") -> dict[str, Any]:
    """in: the environment. out: the gated entry when BLOESEM_PROCESS names a process, else the administrator's.

    Raises `GateError` for the keeper as a process and for credentials that are missing.
    """
    dsn = dsn_from(environment) or Dsn.parse("postgresql:///bloesem")
    login = environment.get(PROCESS)
    if not login:
        return admin_database(dsn, data_schema=data_schema)
    if login in ("keeper", "owner"):
        raise GateError(
            f"{PROCESS} is `{login}`",
            "the keeper passes by every row policy, so it is never a web process",
            "name a process of the record: portal, console, stations, worker",
        )
    if CREDENTIALS not in environment:
        raise GateError(
            f"{PROCESS} is set and {CREDENTIALS} is not",
            "a process connects with its own login",
            f"set {CREDENTIALS} to the directory that the installation wrote for it",
        )
    credentials = Credentials.load(Path(environment[CREDENTIALS]), login)
    return process_database(credentials.dsn(dsn, environment.get("BLOESEM_PREFIX", "bloesem_")))


def library_of(environment: Mapping[str, str], *, schema: str) -> dict[str, Any]:
    """The entry for the tables of libraries in a schema of their own: outside any purpose, and by the same login.

    in: the environment; the schema. Raises what `database_of` does.
    """
    entry = database_of(environment, data_schema=schema)
    if environment.get(PROCESS):
        entry["ENGINE"] = "bloesem.gate.library"
        entry["OPTIONS"]["options"] = f"-c search_path={schema},pg_temp -c TimeZone=UTC"
    return entry


def process_database(dsn: Dsn) -> dict[str, Any]:
    """The entry of a process: nothing on its search path until a purpose is open."""
    entry = _entry(dsn, "bloesem.gate.backend", "pg_catalog,pg_temp")
    return {**entry, "ATOMIC_REQUESTS": False, "CONN_HEALTH_CHECKS": True}


def admin_database(dsn: Dsn, *, data_schema: str = "data") -> dict[str, Any]:
    """The entry of migrations and of the installer: the owner's or an administrator's login, never a process."""
    return _entry(dsn, "django.db.backends.postgresql", data_schema)


def _entry(dsn: Dsn, engine: str, path: str) -> dict[str, Any]:
    given = dsn.parameters()
    named = {"host", "port", "dbname", "user", "password"}
    return {
        "ENGINE": engine,
        "NAME": dsn.database,
        "USER": dsn.user or "",
        "PASSWORD": dsn.password or "",
        "HOST": dsn.host,
        "PORT": str(dsn.port),
        "OPTIONS": {
            **{key: value for key, value in given.items() if key not in named},
            "options": f"-c search_path={path} -c TimeZone=UTC",
            "server_side_binding": True,  # one statement per call: a second one hidden in a value never runs
        },
    }


__all__ = [
    "CREDENTIALS",
    "DATABASE_URL",
    "PROCESS",
    "admin_database",
    "database_of",
    "library_of",
    "process_database",
]

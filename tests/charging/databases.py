"""A database with the business tables in it, as migrations make them: once on each server, and copied from then on."""

from __future__ import annotations

import os
import subprocess
import sys

from psycopg import sql
from tests.databases import Database, as_made


def migrated(database: Database, schema: str = "data") -> Database:
    """The same database, with its business tables; it was empty, and nobody is connected to it."""
    with database.connect() as connection:
        user_tables = connection.execute("SELECT count(*) FROM pg_stat_user_tables").fetchone()
    assert user_tables == (0,), "a database that already has tables is not made anew"
    as_made(database, ("migrated", schema), lambda model: _migrate(model, schema))
    return database  # its roles are its own: migrations make none


def _migrate(database: Database, schema: str) -> None:
    schemas = (schema, "signin")
    with database.connect(autocommit=True) as connection:
        for one in schemas:
            connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(one)))
        owner = connection.info.user
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("BLOESEM_")},
        "BLOESEM_DATABASE_URL": database.dsn.url(),
        "DJANGO_SETTINGS_MODULE": "charging.settings",
    }
    done = subprocess.run(
        [sys.executable, "-m", "bloesem.running.migrate", owner],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]

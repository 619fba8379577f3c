"""A database with the business tables in it, as migrations make them."""

from __future__ import annotations

import os
import subprocess
import sys

from psycopg import sql
from tests.databases import Database


def migrated(database: Database, schema: str = "data") -> Database:
    """The same database, with its business tables. The migrations run in a process of their own."""
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
    return database

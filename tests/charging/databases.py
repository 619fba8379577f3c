"""A database with the business tables in it, as migrations make them: once on each server, and copied from then on."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

from psycopg import sql
from tests.databases import Database

from bloesem.stores.postgres import connect

#: Server (its folder) and schema → the database that the migrations were run in.
_models: dict[tuple[str, str], str] = {}


def migrated(database: Database, schema: str = "data") -> Database:
    """The same database, with its business tables; it was empty, and nobody is connected to it."""
    where = (str(database.server.data_dir), schema)
    with database.connect() as connection:
        user_tables = connection.execute("SELECT count(*) FROM pg_stat_user_tables").fetchone()
    assert user_tables == (0,), "a database that already has tables is not made anew"
    if where not in _models:
        _models[where] = _model(database, schema).name
    with connect(database.server.dsn(), autocommit=True) as admin:
        name = sql.Identifier(database.name)
        admin.execute(sql.SQL("DROP DATABASE {}").format(name))
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(name, sql.Identifier(_models[where])))
    return database


def _model(database: Database, schema: str) -> Database:
    """A database of the same server in which the migrations were run, in a process of their own."""
    model = replace(database, name=f"{database.name}_model")
    with connect(database.server.dsn(), autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(model.name)))
    _migrate(model, schema)
    return model


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

"""A Django migration that changes data: as keeper, and with the number of rows that it expects."""

from __future__ import annotations

from typing import Any

from django.db import router, transaction
from django.db.migrations.operations.base import Operation
from psycopg import Error, sql

from bloesem.errors import GateError

SCHEMA = "bloesem"


class ChangeData(Operation):
    """One statement that changes rows, in `migrations.Migration.operations`.

    in: `statement`, one INSERT, UPDATE or DELETE; `expects`: how many rows it changes, a number or a query that counts
    them just before; `back`: the statement that takes it back, and how many rows that changes (none: irreversible).
    Where a plan is in force it runs as keeper: under forced row policies the owner's UPDATE changes no row, silently. On
    a database where no plan is in force yet there is no keeper and no policy, and it runs as who migrates.
    Raises `GateError` when the count differs; nothing of the migration stays then.

    Give it a migration of its own: PostgreSQL alters no table whose changed rows still have triggers to run.
    """

    reduces_to_sql = True

    def __init__(
        self, statement: str, expects: int | str, *, back: str | None = None, back_expects: int | str = 0
    ) -> None:
        self.statement, self.expects = statement, expects
        self.back, self.back_expects = back, back_expects

    @property
    def reversible(self) -> bool:  # type: ignore[override]
        return self.back is not None

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Models stay as they are."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if router.allow_migrate(schema_editor.connection.alias, app_label):
            _change(schema_editor, self.statement, self.expects)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        assert self.back is not None
        if router.allow_migrate(schema_editor.connection.alias, app_label):
            _change(schema_editor, self.back, self.back_expects)

    def describe(self) -> str:
        return "Change data as keeper"


def _change(schema_editor: Any, statement: str, expects: int | str) -> None:
    if schema_editor.collect_sql:  # `sqlmigrate` prints it
        schema_editor.execute(statement)
        return
    connection = schema_editor.connection
    with transaction.atomic(using=connection.alias), connection.connection.cursor() as cursor:
        before = _become_keeper(cursor)
        wanted = expects if isinstance(expects, int) else _one(cursor, expects)
        cursor.execute(statement, binary=True)  # which takes one statement: the count is of all that it did
        if cursor.rowcount != wanted:
            raise GateError(
                f"{cursor.rowcount} rows were changed where {wanted} were expected",
                "a migration that changes data states its row count",
                "nothing was changed: see what the statement selects, and whether somebody wrote meanwhile",
            )
        if before is not None:
            role = sql.SQL("NONE") if before == "none" else sql.Identifier(before)
            cursor.execute(sql.SQL("SET LOCAL ROLE {}").format(role))


def _become_keeper(cursor: Any) -> str | None:
    """The role from before; None where no plan is in force: Bloesem's own schema, which is the keeper's, says so."""
    keeper = _one(
        cursor, f"SELECT (SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = '{SCHEMA}')"
    )
    if keeper is None:
        return None
    before: str = _one(cursor, "SELECT current_setting('role')")
    try:
        cursor.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.SQL(keeper)))
    except Error as error:
        raise GateError(
            f"who migrates may not be keeper: {error.diag.message_primary or error}",
            "a migration that changes data runs as keeper: row policies hide all rows from the owner of the tables",
            f"migrate as an administrator, or GRANT {keeper} to that login",
        ) from error
    return before


def _one(cursor: Any, query: str) -> Any:
    found = cursor.execute(query).fetchone()
    return found[0] if found else None

"""Connections of a process login: nothing outside a purpose, one statement per call, refusals with their promise."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.db import utils
from django.db.backends.postgresql import base
from django.db.backends.postgresql.operations import DatabaseOperations as PostgresOperations
from psycopg import sql

from bloesem.errors import GateError
from bloesem.gate.opening import current, require_open
from bloesem.gate.served import gate_of, require_process

if TYPE_CHECKING:
    from bloesem.gate.opening import Opened

#: How often a statement is asked before the server keeps its plan (psycopg's own default; Django turns it off).
PREPARED_AFTER = 5
_SAVEPOINTS = ("SAVEPOINT ", "RELEASE SAVEPOINT ", "ROLLBACK TO SAVEPOINT ")


class OneStatementCursor(base.ServerBindingCursor):
    """Values are bound by the server, and one call is one statement, also without values.

    Psycopg sends a statement without values in a way that lets a second one ride along after a semicolon; the extended
    protocol refuses it.
    """

    def _execute_send(self, query: Any, *, force_extended: bool = False, binary: bool | None = None) -> None:
        super()._execute_send(query, force_extended=True, binary=binary)  # type: ignore[misc]


class DatabaseOperations(PostgresOperations):
    compiler_module = "bloesem.gate.backend.compiler"


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection of one login. `gate_opened`: the purpose that is open on it."""

    ops_class = DatabaseOperations

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.gate_opened: Opened | None = None
        self.execute_wrappers.append(self._guarded)

    def get_connection_params(self) -> dict[str, Any]:
        if "assume_role" in self.settings_dict["OPTIONS"]:
            raise GateError(
                f"connection `{self.alias}` asks for a role that stays",
                "a purpose's role is gone at the end of its transaction",
                "remove assume_role from OPTIONS",
            )
        parameters: dict[str, Any] = super().get_connection_params()
        parameters["cursor_factory"] = OneStatementCursor
        if parameters.get("prepare_threshold") is None:
            # Row policies cost planning, 50 to 70 µs a statement: what is asked often is planned once. PostgreSQL plans
            # anew where role or search path are others than it was planned for.
            parameters["prepare_threshold"] = PREPARED_AFTER
        return parameters

    def _configure_timezone(self, connection: Any) -> bool:
        """With SET: Django's `set_config` is revoked, since it reaches every role inside one SELECT (design)."""
        name = self.timezone_name
        if not name or connection.info.parameter_status("TimeZone") == name:
            return False
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL("SET TIME ZONE {}").format(sql.Literal(name)))
        return True

    def init_connection_state(self) -> None:
        super().init_connection_state()
        self._refuse_keepers()

    def _refuse_keepers(self) -> None:
        """The login is the one that was configured, and neither a superuser nor anyone whom row policies do not hold."""
        gate = gate_of(self.alias)
        require_process(gate.plan, gate.login)
        above = [gate.plan.role("keeper"), gate.plan.role("owner")]
        with self.connection.cursor() as cursor:
            row = cursor.execute(
                "SELECT session_user::text, EXISTS (SELECT FROM pg_catalog.pg_roles r "
                "WHERE (r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolname = ANY (%s)) "
                "AND pg_catalog.pg_has_role(session_user, r.oid, 'MEMBER'))",
                [above],
            ).fetchone()
        if row[0] != gate.role or row[1]:
            self.connection.close()
            self.connection = None
            raise GateError(
                f"this process is connected as {row[0]}, which "
                + ("passes by row policies" if row[1] else f"is not {gate.role}"),
                "a web process has the login of its process, never the keeper's or an administrator's",
                f"start it with the credentials of `{gate.login}`",
            )

    def _guarded(
        self, execute: Callable[..., Any], statement: Any, params: Any, many: bool, context: dict[str, Any]
    ) -> Any:
        opened = self.gate_opened
        if opened is None or current() is not opened:
            require_open(self.alias)
            raise GateError(
                f"connection `{self.alias}` is in use for `{opened.key if opened else 'nothing'}` by another task",
                "one purpose per transaction",
                "let each task use a thread of its own",
            )
        if not (isinstance(statement, str) and statement.startswith(_SAVEPOINTS)):
            opened.touched = True
        try:
            return execute(statement, params, many, context)
        except utils.Error as error:
            denied = opened.translate(error, statement if isinstance(statement, str) else None)
            if denied is None:
                raise
            raise denied from error

"""Connections of a process login: one statement per call, and never a keeper's, an owner's or a superuser's."""

from __future__ import annotations

from typing import Any

from django.db.backends.postgresql import base
from psycopg import sql

from bloesem.errors import GateError
from bloesem.gate.served import gate_of, require_process

#: How often a statement is asked before the server keeps its plan (psycopg's own default; Django turns it off).
PREPARED_AFTER = 5


class OneStatementCursor(base.ServerBindingCursor):
    """Values are bound by the server, and one call is one statement, also without values.

    Psycopg sends a statement without values in a way that lets a second one ride along after a semicolon; the extended
    protocol refuses it.
    """

    def _execute_send(self, query: Any, *, force_extended: bool = False, binary: bool | None = None) -> None:
        super()._execute_send(query, force_extended=True, binary=binary)  # type: ignore[misc]


class LoginWrapper(base.DatabaseWrapper):
    """A connection of the login that this process was given."""

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

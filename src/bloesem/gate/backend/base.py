"""Connections of a process login: nothing outside a purpose, one statement per call, refusals with their promise."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.db import utils
from django.db.backends.postgresql.operations import DatabaseOperations as PostgresOperations

from bloesem.errors import GateError
from bloesem.gate.backend.login import LoginWrapper
from bloesem.gate.opening import current, require_open

if TYPE_CHECKING:
    from bloesem.gate.opening import Opened

_SAVEPOINTS = ("SAVEPOINT ", "RELEASE SAVEPOINT ", "ROLLBACK TO SAVEPOINT ")


class DatabaseOperations(PostgresOperations):
    compiler_module = "bloesem.gate.backend.compiler"


class DatabaseWrapper(LoginWrapper):
    """A connection of one login. `gate_opened`: the purpose that is open on it."""

    ops_class = DatabaseOperations

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.gate_opened: Opened | None = None
        self.execute_wrappers.append(self._guarded)

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

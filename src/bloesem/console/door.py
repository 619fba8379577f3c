"""The pages' own connections: logins of processes of the record, never the keeper's.

A role is no wall inside one login, so each process serves its own purposes and no other. A demonstration opens each
role through the login of the process that serves it, where this process was given that login's files.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from django.conf import settings
from django.db import connections
from psycopg import Error

from bloesem.errors import GateError
from bloesem.gate.secrets import Credentials
from bloesem.gate.settings import CREDENTIALS
from bloesem.plan.model import Plan
from bloesem.stores.dsn import Dsn
from bloesem.stores.postgres import Connection, connect


@dataclass(frozen=True)
class Door:
    """A login that is at hand: what it serves, and how a connection of it is opened."""

    roles: tuple[str, ...]
    open: Callable[[], Connection]
    _warm: list[Connection] = field(default_factory=list, hash=False, compare=False)

    @contextmanager
    def warm(self) -> Iterator[Connection]:
        """A connection that is kept for the next who asks, and of which nothing is left but that: a new one has to read
        all tables, grants and policies first, which takes longer than any question. One that was lost is opened anew."""
        connection = self._warm.pop() if self._warm else self.open()
        try:
            connection.execute("SELECT 1")
        except Error:
            connection.close()
            connection = self.open()
        try:
            yield connection
            connection.rollback()
        except BaseException:
            connection.close()
            raise
        self._warm.append(connection)

    def close(self) -> None:
        """Closes what is kept."""
        while self._warm:
            self._warm.pop().close()


def dsn() -> Dsn:
    """Where this process connects, and as whom: Django's own default connection."""
    given = connections["default"].settings_dict
    return Dsn(
        host=str(given["HOST"] or "localhost"),
        database=str(given["NAME"]),
        user=str(given["USER"]) or None,
        password=str(given["PASSWORD"]) or None,
        port=int(given["PORT"] or 5432),
    )


def open_door(plan: Plan) -> Connection:
    """A connection of this process's login. Raises `GateError` where that login passes by the row policies."""
    return _checked(plan, dsn())


def open_as(plan: Plan, role: str) -> Connection:
    """A connection of the process that serves `role`; of this process itself, where none is at hand: PostgreSQL then
    refuses the role."""
    return _checked(plan, _login_of(plan, role) or dsn())


_doors: dict[tuple[str, Dsn], Door] = {}


@atexit.register
def close() -> None:
    """Closes all connections that are kept; when the process ends, or before its database goes."""
    for door in _doors.values():
        door.close()
    _doors.clear()


def doors(plan: Plan) -> list[Door]:
    """The logins that are at hand, this process's own among them, each with the roles that it serves; a role that
    several serve, with the first."""
    found: list[Door] = []
    taken: set[str] = set()
    for login, roles in plan.processes.items():
        known = dsn() if login == own_login(plan) else None
        if known is None and (other := _credentials(login)) is not None:
            known = other.dsn(dsn(), plan.prefix)
        if known is not None:
            mine = tuple(r for r in roles if r not in taken)
            found.append(_doors.setdefault((login, known), Door(mine, partial(_checked, plan, known))))
            taken.update(roles)
    return found


def oversight(plan: Plan) -> Door:
    """The login through which the privacy officer asks: not the pages' own, so that nothing that a page of somebody else
    lets through reaches what the officer may ask. Raises `GateError` where the record names none."""
    if plan.oversight is None:
        raise GateError(
            "no process is the privacy officer's",
            rule="art. 39: one login asks for the officer, and the record names it",
            remedy="name it in the record (`oversight`)",
        )
    login = plan.oversight.process
    known = Credentials.load(Path(os.environ[CREDENTIALS]), login).dsn(dsn(), plan.prefix)
    return _doors.setdefault((f"{login}: oversight", known), Door((), partial(_checked, plan, known)))


def own_login(plan: Plan) -> str:
    return (dsn().user or "").removeprefix(plan.prefix)


def _login_of(plan: Plan, role: str) -> Dsn | None:
    own = own_login(plan)
    for login, roles in plan.processes.items():
        if role in roles and login == own:
            return dsn()
    for login, roles in plan.processes.items():
        found = _credentials(login) if role in roles else None
        if found is not None:
            return found.dsn(dsn(), plan.prefix)
    return None


def _credentials(login: str) -> Credentials | None:
    """Another process's files, where a demonstration gave them to this one; never the keeper's."""
    directory = getattr(settings, "BLOESEM_DOORS", None) or os.environ.get(CREDENTIALS)
    if not directory or not getattr(settings, "BLOESEM_DEMO", False) or login in ("keeper", "owner"):
        return None
    if not (Path(directory) / f"{login}.password").exists():
        return None
    return Credentials.load(Path(directory), login)


def _checked(plan: Plan, where: Dsn) -> Connection:
    """Opens it, and sees that no answer of PostgreSQL is worthless: a superuser passes by every row policy."""
    connection = connect(where, application="bloesem-console", timeout_seconds=5)
    row = connection.execute(
        "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = session_user"
    ).fetchone()
    connection.rollback()
    if row is None or row[0]:
        name = connection.info.user
        connection.close()
        raise GateError(
            f"the pages were started as `{name}`, which passes by every row policy",
            rule="the keeper and the superuser are never a web process",
            remedy=f"start them as a process of the record, such as {plan.role('console')}",
        )
    return connection

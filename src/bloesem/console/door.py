"""The pages' own connections: logins of processes of the record, never the keeper's.

A role is no wall inside one login, so each process serves its own purposes and no other. A demonstration opens each
role through the login of the process that serves it, where this process was given that login's files.
"""

from __future__ import annotations

import os
from pathlib import Path

from django.conf import settings
from django.db import connections

from bloesem.errors import GateError
from bloesem.gate.secrets import Credentials
from bloesem.gate.settings import CREDENTIALS
from bloesem.plan.model import Plan
from bloesem.stores.dsn import Dsn
from bloesem.stores.postgres import Connection, connect


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


def served(plan: Plan) -> tuple[str, ...]:
    """The parts and scoped roles for which this process has a login."""
    own = own_login(plan)
    return tuple(
        role
        for login, roles in plan.processes.items()
        for role in roles
        if login == own or _credentials(login) is not None
    )


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

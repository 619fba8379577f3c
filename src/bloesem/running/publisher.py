"""What the officer asks of publishing that compiles the policy: the dry run of a version, and putting it in force.

Whoever started the system holds the database's address as its owner, and nobody else does. It looks at what was asked now
and then, beside watching its processes; no page, helper or door gets that address.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg

from bloesem.errors import BloesemError
from bloesem.gate.secrets import CredentialsDirectory
from bloesem.plan.dates import civil
from bloesem.plan.model import Plan
from bloesem.publishing.steps import standing
from bloesem.publishing.wishes import OWNERS, Owner, Taker
from bloesem.stores.dsn import Dsn
from bloesem.stores.postgres import Connection, connect

_log = logging.getLogger(__name__)


@dataclass
class Publisher:
    """in: the administrator's address; the plan that the processes run with; the company's directory; where the logins'
    credentials lie; `clock`: the real time, aware."""

    dsn: Dsn
    plan: Plan
    company: Path
    credentials: Path
    clock: Callable[[], dt.datetime]
    _open: Connection | None = None

    def look(self) -> bool:
        """Take what was asked. out: whether another version is in force than the processes run with, so that they must
        begin anew. A database that does not answer is asked again at the next look."""
        try:
            if self._open is None or self._open.closed:
                self._open = connect(self.dsn, autocommit=True, application="bloesem-publisher")
            taker = Taker(self.plan, self.company)
            if taker.waits(self._open, OWNERS):
                owner = Owner(CredentialsDirectory(self.credentials), civil(self.clock()))
                taker.serve(self._open, OWNERS, owner=owner)
            return self._changed(self._open)
        except (psycopg.Error, BloesemError) as fault:
            _log.warning("publishing waits: %s", type(fault).__name__)
            self.close()
            return False

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    def _changed(self, connection: Connection) -> bool:
        """Also where a command put it in force meanwhile."""
        last = standing(connection, self.plan.schema)
        return last is not None and self.plan.version < last <= civil(self.clock())


__all__ = ["Publisher"]

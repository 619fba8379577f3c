"""Steps of publishing that the officer asked for on a page, taken by whoever is keeper.

The keeper's helper decides and looks; the process of the door announces, as it alone decides who is written to. A dry run
and the activation compile the policy, which the database's owner alone can: they wait for whoever started the system and
watches over it (`bloesem.running.publisher`), as no process that serves pages or reads people's data is the owner. Each wish
is taken once, whole or not at all, over the company's files as they are then. What came of it, and how the version stands
after it, is written beside the wish: numbers and names of ours.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from bloesem.company import load
from bloesem.errors import BloesemError
from bloesem.gate.keeping import keeper
from bloesem.plan.dates import civil
from bloesem.plan.model import Plan
from bloesem.plan.quoting import ident
from bloesem.policy.company import load_company
from bloesem.publishing import steps
from bloesem.publishing.draft import draft, keep
from bloesem.publishing.drafting import write
from bloesem.publishing.errors import PublishingError, refusal
from bloesem.publishing.version import Version, version_of
from bloesem.sending.door import Door
from bloesem.sending.ready import rules_of, texts_of
from bloesem.stores.facts import moment
from bloesem.stores.install import LoginSecrets
from bloesem.stores.postgres import Connection

#: Which process takes which step.
HELPERS, DOORS, OWNERS = ("decide", "look", "write"), ("announce",), ("draft", "activate")


@dataclass(frozen=True)
class Owner:
    """Who may compile. `credentials`: of the processes' logins; `today`: the real civil day, by which the processes that
    begin anew choose their version."""

    credentials: LoginSecrets
    today: dt.date


@dataclass(frozen=True)
class Asked:
    """A wish that is taken."""

    id: int
    version: dt.date
    act: str
    asked: dict[str, Any]
    by: str


@dataclass(frozen=True)
class Taker:
    """Takes the wishes of a company. `plan`: what is in force in the database; `home`: the company's directory."""

    plan: Plan
    home: Path

    def waits(self, connection: Connection, acts: Sequence[str]) -> bool:
        """Whether there is anything to do; False where the tables of publishing are not there."""
        s = ident(self.plan.schema)
        there = connection.execute("SELECT to_regclass(%s) IS NOT NULL", [f"{s}.publication_wish"]).fetchone()
        if there != (True,):
            return False
        row = connection.execute(
            f"SELECT EXISTS (SELECT FROM {s}.publication_wish WHERE state = 'waiting' AND act = ANY (%s))".encode(),
            [list(acts)],
        ).fetchone()
        return row == (True,)

    def serve(
        self,
        connection: Connection,
        acts: Sequence[str],
        door: Door | None = None,
        owner: Owner | None = None,
    ) -> int:
        """Take what waits, in its order. in: as keeper, in autocommit; `door`: whose own connection it is, to announce;
        `owner`: with a connection of the database's owner, to count and to activate. out: how many."""
        done = 0
        while self._one(connection, acts, door, owner):
            done += 1
        return done

    def _one(
        self, connection: Connection, acts: Sequence[str], door: Door | None, owner: Owner | None
    ) -> bool:
        s = ident(self.plan.schema)
        with connection.transaction():
            row = connection.execute(
                f"SELECT id, version, act, asked, asked_by FROM {s}.publication_wish"
                " WHERE state = 'waiting' AND act = ANY (%s) ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED".encode(),
                [list(acts)],
            ).fetchone()
            if row is None:
                return False
            wish = Asked(*row)
            state, said = self._taken(connection, wish, door, owner)
            connection.execute(
                f"UPDATE {s}.publication_wish SET state = %s, said = %s, ended_at = {s}.moment() WHERE id = %s".encode(),
                [state, Jsonb(said), wish.id],
            )
        return True

    def _taken(
        self, connection: Connection, wish: Asked, door: Door | None, owner: Owner | None
    ) -> tuple[str, dict[str, Any]]:
        state = "done"
        try:
            if wish.act == "write":
                with connection.transaction():
                    self._write(connection, wish)
            version = version_of(load_company(self.home), wish.version)
            with connection.transaction():
                said = self._do(connection, wish, version, door, owner)
        except (BloesemError, psycopg.Error) as no:
            return "refused", _said(no)
        if wish.act == "activate":  # nothing is in its way any more, and every lock is held until the commit
            return state, said
        try:
            with connection.transaction():
                stands = self.stands(connection, version)
        except (BloesemError, psycopg.Error) as no:  # the step was taken all the same
            return state, {**said, "unseen": _said(no)}
        return state, {**said, "stands": stands}

    def _do(
        self,
        connection: Connection,
        wish: Asked,
        version: Version,
        door: Door | None,
        owner: Owner | None,
    ) -> dict[str, Any]:
        if wish.act == "decide":
            made = steps.decide(
                connection,
                self.plan,
                version,
                by=wish.by,
                reason=str(wish.asked.get("reason", "")),
                significant=wish.asked.get("significant") is True,
                weighed=wish.asked.get("weighed") or {},
            )
            return {"significant": made.significant}
        if wish.act == "announce":
            if door is None:
                raise refusal("no-door")
            return {
                "told": asdict(
                    steps.announce(door, version, by=wish.by, shown_at=str(wish.asked.get("url", "")))
                )
            }
        if wish.act in OWNERS:
            if owner is None:
                raise refusal("no-owner", act=wish.act, day=wish.version)
            return (self._count if wish.act == "draft" else self._activate)(connection, wish, version, owner)
        return {}

    def _write(self, connection: Connection, wish: Asked) -> None:
        """The draft becomes the version's files. One that everybody was told of, or that is in force, is not overwritten."""
        s = ident(self.plan.schema)
        with keeper(connection, self.plan.prefix):
            row = connection.execute(
                f"DELETE FROM {s}.publication_paper WHERE version = %s RETURNING papers".encode(),
                [wish.version],
            ).fetchone()
            known = steps.read(connection, self.plan, wish.version)
        if row is None:
            raise refusal("no-draft", day=wish.version)
        if known is not None and (known.announced_at or known.activated_at):
            raise refusal("told-already", day=wish.version)
        write(load_company(self.home), wish.version, row[0], civil(moment(connection, self.plan)))

    def _count(self, connection: Connection, wish: Asked, version: Version, owner: Owner) -> dict[str, Any]:
        after = load(self.home, on=version.new.version, prefix=self.plan.prefix, company=version.company).plan
        found = draft(connection, self.plan, after)
        keep(connection, self.plan, version, found)
        return {"people": found.people}

    def _activate(
        self, connection: Connection, wish: Asked, version: Version, owner: Owner
    ) -> dict[str, Any]:
        if owner.today < version.new.version:
            raise refusal("not-come-really", day=version.new.version, today=owner.today)
        coming = load(self.home, on=owner.today, prefix=self.plan.prefix, company=version.company)
        rules = rules_of(coming)
        texts = texts_of(coming, rules) if rules is not None else None
        done = steps.activate(
            connection, self.plan, coming, version, texts, by=wish.by, credentials=owner.credentials
        )
        return {"in_force": str(version.new.version), "people": done.people}

    def stands(self, connection: Connection, version: Version) -> dict[str, Any]:
        """How a version stands: who was told, and what is in the way of its activation. in: as keeper."""
        with keeper(connection, self.plan.prefix):
            today = civil(moment(connection, self.plan))
            company = version.company
            coming = load(
                self.home, on=max(today, version.new.version), prefix=self.plan.prefix, company=company
            )
            rules = rules_of(coming)
            texts = texts_of(coming, rules) if rules is not None else None
            found = steps.blocks(connection, self.plan, version, texts)
            known = steps.read(connection, self.plan, version.new.version)
            told = None
            if known is not None and known.announced_at is not None and known.digest == version.digest:
                told = asdict(steps.told(connection, self.plan, version))
        return {"digest": version.digest, "told": told, "blocks": [asdict(block) for block in found]}


def _said(no: BloesemError | psycopg.Error) -> dict[str, Any]:
    """What Bloesem says holds names and rules of ours; what PostgreSQL says might hold more."""
    if isinstance(no, psycopg.Error):
        no = refusal("database", state=no.sqlstate or "")
    elif isinstance(no.__cause__, psycopg.errors.LockNotAvailable):
        no = refusal("busy")
    said: dict[str, Any] = {"what": no.thing, "rule": no.rule, "remedy": no.remedy}
    if isinstance(no, PublishingError) and no.key:
        said |= {"key": no.key, "values": no.values}
    return said


__all__ = ["DOORS", "HELPERS", "OWNERS", "Owner", "Taker"]

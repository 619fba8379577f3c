"""Putting a plan in force on a database, whole or not at all.

One transaction makes roles, tables of Bloesem, masks, triggers, policies, grants and views; takes everything from
roles that no longer serve; and brings the masks of all people to what the new plan says. It asks for every lock first
and gives up quickly, so that a busy database is not held up: then it tries again.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

import psycopg
from psycopg import errors, sql
from psycopg.types.json import Jsonb

from bloesem.errors import PlanError, StoreError
from bloesem.plan.model import Bit, Plan
from bloesem.plan.quoting import ident, literal, qualified
from bloesem.plan.sql import Statement, statements
from bloesem.plan.sql.masks import facts_of
from bloesem.plan.sql.runtime import clock_functions
from bloesem.stores import catalogue, scram
from bloesem.stores.clean import clean, straighten
from bloesem.stores.postgres import Connection, require_supported
from bloesem.stores.retire import retire

#: Bump when what `install` itself does changes, so that databases are brought along.
FORMAT = 1
#: People whose masks are brought up to date per statement.
BATCH = 5_000
#: Statements that are sent to the database together.
TOGETHER = 250
LOCK_SECONDS = 2.0
TRIES = 10

Progress = Callable[[int, int], None]


class LoginSecrets(Protocol):
    """What a login proves itself with: `bloesem.gate.secrets` keeps them."""

    def password(self, login: str) -> str:
        """in: name of a process (`portal`), without prefix. out: its password, ASCII."""
        ...

    def scope_key(self, login: str) -> bytes:
        """The 32 bytes with which this process signs whose rows it asks for."""
        ...


@dataclass(frozen=True)
class Installed:
    """What an installation did. `changed` is False when the plan was in force already, and nothing had drifted."""

    changed: bool
    digest: str
    people: int = 0
    counts: dict[str, Any] = field(default_factory=dict)
    retired: tuple[str, ...] = ()
    mended: tuple[str, ...] = ()
    rehearsal: bool = False


def digest(plan: Plan, server_version: int = 0) -> str:
    """A name for the compiled SQL: equal plans on servers of one major version have equal digests."""
    text = "\n".join(f"{s.section}\x1f{s.about}\x1f{s.sql}" for s in statements(plan))
    return hashlib.sha256(f"{FORMAT}\x1f{server_version // 10000}\x1f{text}".encode()).hexdigest()


def install(
    connection: Connection,
    plan: Plan,
    *,
    credentials: LoginSecrets | None = None,
    at: dt.datetime | None = None,
    force: bool = False,
    rehearse: bool = False,
    progress: Progress | None = None,
) -> Installed:
    """Put `plan` in force. Does nothing when it is already, and nothing has drifted; `force` does it anyway.

    in: a connection as superuser or owner of the database, with nothing open on it; `credentials`: passwords and scope
    keys of the processes' logins; `at`: the moment that counts (aware; the database's own by default);
    `rehearse`: do it all, say what it did, and take it back; `progress(done, people)` during the masks.
    raises: PlanError when the registry of bits contradicts the database's, StoreError when the database cannot take it.
    """
    require_supported(connection.info.server_version)
    wait = 0.05
    for left in reversed(range(TRIES)):
        try:
            with connection.transaction(force_rollback=rehearse):
                return _Installation(connection, plan, at, progress, rehearse).run(credentials, force=force)
        except _BUSY as fault:
            # XX000 is what two who alter one role at once get: "tuple concurrently updated".
            if not left or (isinstance(fault, errors.InternalError_) and "concurrently" not in str(fault)):
                raise _refused(fault) from fault
            time.sleep(wait)
            wait = min(wait * 2, 2.0)
        except psycopg.Error as fault:
            raise _refused(fault) from fault
    raise AssertionError("the last try returns or raises")


def difference(connection: Connection, plan: Plan) -> list[catalogue.Difference]:
    """What putting the plan in force would change in the database's catalogue. Done, compared and taken back; the
    masks of people are left out. Raises as `install`."""
    try:
        with connection.transaction(force_rollback=True):
            before = catalogue.snapshot(connection, plan)
            _Installation(connection, plan, None, None, True).run(None, force=False, masks=False)
            return catalogue.differences(before, catalogue.snapshot(connection, plan))
    except psycopg.Error as fault:
        raise _refused(fault) from fault


_BUSY = (errors.LockNotAvailable, errors.DeadlockDetected, errors.SerializationFailure, errors.InternalError_)


def _refused(fault: psycopg.Error) -> StoreError:
    said = " ".join((fault.diag.message_primary or str(fault)).split())
    if isinstance(fault, _BUSY[:1]):
        return StoreError(
            "the plan could not be put in force: others hold the tables",
            rule=f"every lock at once, within {LOCK_SECONDS:.0f} s, so that nobody waits for us",
            remedy="nothing was changed; try again when long transactions have ended (pg_stat_activity shows them)",
        )
    if isinstance(fault, errors.InsufficientPrivilege):
        return StoreError(
            f"the plan could not be put in force: {said}",
            rule="roles, row policies and ownership are made by a superuser or the database's owner with CREATEROLE",
            remedy="connect as a superuser, or as the user who owns the database, its schemas and tables, has CREATEROLE,"
            " and made the plan's roles (PostgreSQL 16 and newer: or has ADMIN on them)",
        )
    if isinstance(fault, (errors.DiskFull, errors.OutOfMemory)):
        return StoreError(
            f"the plan could not be put in force: {said}",
            rule="whole or not at all",
            remedy="free some space; nothing was changed",
        )
    return StoreError(
        f"the plan could not be put in force: {said}",
        rule=f"PostgreSQL said {fault.sqlstate or 'nothing more'}",
        remedy="nothing was changed; mend the cause and try again",
    )


def _not_there(said: str) -> StoreError:
    return StoreError(
        f"the data map names what is not in the database: {said}",
        rule="a map says what is there",
        remedy="run the migrations, or mend the map; `bloesem check --store URL` lists every such place",
    )


class _Installation:
    """One try, inside one transaction."""

    def __init__(
        self,
        connection: Connection,
        plan: Plan,
        at: dt.datetime | None,
        progress: Progress | None,
        rehearse: bool,
    ) -> None:
        self.connection, self.plan, self.at = connection, plan, at
        self.progress, self.rehearse = progress, rehearse
        self.before: dict[str, Any] = {}
        self.last: tuple[str, dt.date] | None = None

    def run(self, credentials: LoginSecrets | None, *, force: bool, masks: bool = True) -> Installed:
        plan, run = self.plan, self.connection.execute
        run(f"SET LOCAL lock_timeout = '{int(LOCK_SECONDS * 1000)}ms'")
        run("SELECT pg_advisory_xact_lock(hashtextextended('bloesem install', 0))")
        self._remember()
        name = digest(plan, self.connection.info.server_version)
        mended: tuple[str, ...] = ()
        if self.last is not None and self.last[0] == name:
            found = catalogue.differences(
                self.before.get("catalogue", {}), catalogue.snapshot(self.connection, plan)
            )
            if not found and not force:
                self._logins(credentials)
                return Installed(False, name, rehearsal=self.rehearse)
            mended = tuple(str(d) for d in found)
        self._require_own_schemas()
        self._require_bits()
        self._lock()
        clean(self.connection, plan)
        todo = statements(plan)
        for first in range(0, len(todo), TOGETHER):
            self._do_all(todo[first : first + TOGETHER])
        straighten(self.connection, plan)
        self._register_bits()
        self._clock()
        retired = retire(self.connection, plan, self.before)
        deciding = _masks_digest(plan)
        self._record(name, {**self._made(), "masks": deciding})
        people = 0
        counts: dict[str, Any] = {}
        if masks and (force or self.before.get("masks") != deciding):
            people, counts = self._masks()
        self._logins(credentials)
        self._finish(name, deciding, people, counts)
        return Installed(True, name, people, counts, retired, mended, self.rehearse)

    def _do_all(self, some: Sequence[Statement]) -> None:
        """Sent together, as a journey costs what a small statement does; where one fails, again one by one, to name it."""
        try:
            with self.connection.transaction():
                self.connection.execute(";\n".join(statement.sql for statement in some))
        except (*_BUSY, errors.InsufficientPrivilege, errors.DiskFull):
            raise
        except psycopg.Error:
            for statement in some:
                self._do(statement)

    def _do(self, statement: Statement) -> None:
        try:
            self.connection.execute(statement.sql)
        except (*_BUSY, errors.InsufficientPrivilege, errors.DiskFull):
            raise
        except psycopg.Error as fault:
            said = " ".join((fault.diag.message_primary or str(fault)).split())
            if (
                isinstance(fault, (errors.UndefinedTable, errors.UndefinedColumn))
                and statement.section != "runtime"
            ):
                raise _not_there(said) from fault
            raise StoreError(
                f"the plan could not be put in force at “{statement.about}” ({statement.section}): {said}",
                rule=f"PostgreSQL said {fault.sqlstate or 'nothing more'}",
                remedy=f"nothing was changed; `bloesem plan --section {statement.section}` shows the SQL",
            ) from fault

    # ---- before ------------------------------------------------------------------------------------------------

    def _remember(self) -> None:
        """What the last installation made, from its own words."""
        s = ident(self.plan.schema)
        there = self.connection.execute("SELECT to_regclass(%s)", [f"{s}.installed"]).fetchone()
        if there is None or there[0] is None:
            return
        row = self.connection.execute(
            f"SELECT digest, policy, made FROM {s}.installed ORDER BY id DESC LIMIT 1"
        ).fetchone()
        if row is not None:
            self.last, self.before = (row[0], row[1]), row[2]

    def _require_own_schemas(self) -> None:
        """A purpose's schema is dropped and made anew: one that is not ours must never be touched."""
        rows = self.connection.execute(
            "SELECT n.nspname::text, r.rolname::text, (SELECT count(*) FROM pg_class c WHERE c.relnamespace = n.oid"
            " AND c.relkind IN ('r', 'p', 'm', 'f', 'S'))"
            " FROM pg_namespace n JOIN pg_roles r ON r.oid = n.nspowner WHERE n.nspname = ANY (%s)",
            [catalogue.schema_names(self.plan)],
        ).fetchall()
        for schema, owner, holds in rows:
            if owner != self.plan.role("owner") or holds:
                raise StoreError(
                    f"schema `{schema}` is in the database and is not ours (it belongs to {owner}, {holds} tables)",
                    rule="each purpose has a schema of its name, which is made anew with every plan",
                    remedy=f"rename that schema (ALTER SCHEMA … RENAME TO …), or the purpose `{schema}`",
                )

    def _require_bits(self) -> None:
        """A bit is allocated once, for ever: rows hold it (design, bits)."""
        if self.last is None:
            return
        s = ident(self.plan.schema)
        wanted = {bit.number: bit.key for bit in _bits(self.plan)}
        numbers = {key: number for number, key in wanted.items()}
        for number, key in self.connection.execute(f"SELECT number, key FROM {s}.purpose_bit").fetchall():
            if wanted.get(number, key) != key:
                raise PlanError(
                    f"bit {number} is `{key}` in the database and `{wanted[number]}` in the registry",
                    "a bit is allocated once, never reused: rows still hold it",
                    f"give `{wanted[number]}` a free number in bits.yaml, and leave `{key}` as it was",
                )
            if key not in numbers:
                raise PlanError(
                    f"bit {number} `{key}` is in the database and not in the registry",
                    "a line of the registry is closed (last: …), never taken out",
                    f"put `- {{number: {number}, key: {key}, first: …, last: …}}` back in bits.yaml",
                )
            if numbers[key] != number:
                raise PlanError(
                    f"`{key}` has bit {number} in the database and {numbers[key]} in the registry",
                    "a bit is allocated once, never moved",
                    f"give it back number {number}",
                )

    def _lock(self) -> None:
        """All locks at once, in the order of names: no plan half made, no deadlock with another installation."""
        guarded = sorted((t.schema, t.name) for t in self.plan.tables)
        found = self.connection.execute(
            "SELECT n.nspname::text, c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE c.relkind IN ('r', 'p') AND (n.nspname::text, c.relname::text) IN"
            " (SELECT * FROM unnest(%s::text[], %s::text[]))",
            [[schema for schema, _ in guarded], [name for _, name in guarded]],
        ).fetchall()
        gone = [f"{schema}.{name}" for schema, name in guarded if (schema, name) not in set(found)]
        if gone:
            raise StoreError(
                f"the data map names tables that are not in the database: {', '.join(gone)}",
                rule="a map says what is there",
                remedy="run the migrations, or take them out of the map",
            )
        if guarded:
            names = ", ".join(qualified(schema, name) for schema, name in guarded)
            self.connection.execute(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE")

    # ---- after the statements ----------------------------------------------------------------------------------

    def _register_bits(self) -> None:
        s = ident(self.plan.schema)
        with self.connection.cursor() as cursor:
            cursor.executemany(
                f"INSERT INTO {s}.purpose_bit (number, key, first, last) VALUES (%s, %s, %s, %s)"
                " ON CONFLICT (number) DO UPDATE SET last = EXCLUDED.last"
                " WHERE purpose_bit.last IS DISTINCT FROM EXCLUDED.last",
                [(bit.number, bit.key, bit.first, bit.last) for bit in _bits(self.plan)],
            )

    def _clock(self) -> None:
        """A demonstration that is ahead of the real date stays there."""
        row = self.connection.execute(f"SELECT days FROM {ident(self.plan.schema)}.watermark").fetchone()
        if row is not None and row[0]:
            for _, body in clock_functions(self.plan, row[0]):
                self.connection.execute(body)

    # ---- people ------------------------------------------------------------------------------------------------

    def _masks(self) -> tuple[int, dict[str, Any]]:
        """Facts of event columns that are new to the map, then the masks of everybody (the plan's constants changed)."""
        plan, s = self.plan, ident(self.plan.schema)
        for table in plan.tables:
            if table.anchor:
                key = ident(table.key[0])
                self.connection.execute(
                    f"INSERT INTO {s}.state (person_id)"
                    f" SELECT {key} FROM {qualified(table.schema, table.name)} ON CONFLICT DO NOTHING"
                )
        known = {json.dumps(fact, sort_keys=True) for fact in self.before.get("facts", [])}
        for table in plan.tables:
            for fact in table.facts:
                if json.dumps([table.name, _plain(asdict(fact))], sort_keys=True) not in known:
                    new = (
                        f" AND NOT EXISTS (SELECT FROM {s}.fact f WHERE f.source_table = {literal(table.name)}"
                        f" AND f.source_row = n.{ident(table.id)} AND f.kind = {literal(fact.kind)}"
                        f" AND f.key = {literal(fact.key)} AND f.person_id = n.{ident(fact.owner)}"
                        f" AND f.starts_at = {s}.moment(n.{ident(fact.at)}))"
                    )
                    source = f"{qualified(table.schema, table.name)} n"
                    self.connection.execute(facts_of(plan, table, fact, source) + new)
        row = self.connection.execute(f"SELECT count(*) FROM {s}.state").fetchone()
        people = int(row[0]) if row else 0
        counts: dict[str, Any] = {}
        done, last = 0, None
        while done < people:
            ids = [
                id_
                for (id_,) in self.connection.execute(
                    f"SELECT person_id FROM {s}.state WHERE %s::bigint IS NULL OR person_id > %s"
                    f" ORDER BY person_id LIMIT {BATCH}",
                    [last, last],
                ).fetchall()
            ]
            if not ids:
                break
            row = self.connection.execute(
                f"SELECT {s}.refresh(%s::bigint[], COALESCE(%s::timestamptz, {s}.moment()), true)",
                [ids, self.at],
            ).fetchone()
            _add(counts, row[0] if row else {})
            done, last = done + len(ids), ids[-1]
            if self.progress is not None:
                self.progress(done, people)
        return people, counts

    # ---- record ------------------------------------------------------------------------------------------------

    def _made(self) -> dict[str, Any]:
        plan = self.plan
        return {
            "roles": catalogue.role_names(plan),
            "schemas": catalogue.schema_names(plan),
            "tables": [[t.schema, t.name] for t in plan.tables],
            "facts": [[t.name, _plain(asdict(fact))] for t in plan.tables for fact in t.facts],
        }

    def _record(self, name: str, made: dict[str, Any]) -> None:
        """Before the masks: their acts name the policy in force."""
        self.connection.execute(
            f"INSERT INTO {ident(self.plan.schema)}.installed (company, policy, digest, made) VALUES (%s, %s, %s, %s)",
            [self.plan.company, self.plan.version, name, Jsonb(made)],
        )

    def _finish(self, name: str, masks: str, people: int, counts: dict[str, Any]) -> None:
        """The catalogue as it was left, and one act without personal data."""
        s = ident(self.plan.schema)
        left = catalogue.snapshot(self.connection, self.plan)
        self.connection.execute(
            f"UPDATE {s}.installed SET made = made || %s WHERE id = (SELECT max(id) FROM {s}.installed)",
            [Jsonb({"catalogue": left})],
        )
        said = {
            "digest": name,
            "catalogue": catalogue_digest(left),
            "masks": masks,
            "people": people,
            "before": str(self.last[1]) if self.last else None,
            "tables": counts,
        }
        self.connection.execute(
            f"INSERT INTO {s}.act (as_of, kind, policy, counts)"
            f" VALUES (COALESCE(%s::timestamptz, {s}.moment()), 'activation', %s, %s)",
            [self.at, self.plan.version, Jsonb(said)],
        )

    def _logins(self, credentials: LoginSecrets | None) -> None:
        if credentials is None:
            return
        plan = self.plan
        for login in ("keeper", *plan.processes):
            role, password = plan.role(login), credentials.password(login)
            if not self._has_password(role, password):
                given = sql.Literal(scram.verifier(password))
                self.connection.execute(
                    sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), given)
                )
            if login == "keeper":
                continue
            self.connection.execute(
                f"INSERT INTO {ident(plan.schema)}.scope_key (login, key) VALUES (%s, %s)"
                " ON CONFLICT (login) DO UPDATE SET key = EXCLUDED.key WHERE scope_key.key <> EXCLUDED.key",
                [role, credentials.scope_key(login)],
            )

    def _has_password(self, role: str, password: str) -> bool:
        """Only a superuser may look; elsewhere the password is set each time."""
        try:
            with self.connection.transaction():
                row = self.connection.execute(
                    "SELECT rolpassword FROM pg_authid WHERE rolname = %s", [role]
                ).fetchone()
        except errors.InsufficientPrivilege:
            return False
        return row is not None and scram.matches(password, row[0])


def catalogue_digest(left: catalogue.Snapshot) -> str:
    """A name for a snapshot of the catalogue; the act of an activation holds it."""
    return hashlib.sha256(json.dumps(left, sort_keys=True).encode()).hexdigest()


def _masks_digest(plan: Plan) -> str:
    """A name for all that decides masks and erased values: unchanged, nobody's rows need another look."""
    text = "\n".join(s.sql for s in statements(plan) if s.section in ("masks", "state", "clock"))
    return hashlib.sha256(f"{FORMAT}\x1f{text}".encode()).hexdigest()


def _bits(plan: Plan) -> Sequence[Bit]:
    return plan.bits or [*(Bit(p.number, p.key, plan.version) for p in plan.purposes), *plan.retired]


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value, default=lambda v: v.model_dump(mode="json")))


def _add(total: dict[str, Any], more: dict[str, Any]) -> None:
    """Sums counts of the same shape."""
    for key, value in more.items():
        if isinstance(value, dict):
            _add(total.setdefault(key, {}), value)
        else:
            total[key] = total.get(key, 0) + value

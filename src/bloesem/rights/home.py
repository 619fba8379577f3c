"""What Bloesem keeps, in its own database, about databases that are not ours: schema `rights`.

    rights.store     which databases, by a digest of their address
    rights.fact      what happened to their people (objection, restriction, hold …), under keyed hashes
    rights.act       each act there: begun before it, done after it; no personal data
    rights.sought    identifiers of people erased there, encrypted, until the residue pass has looked for them
    rights.pass      a residue pass that has not ended; rights.part: what its tables gave (`rights.passes`)

Nothing here says who somebody is: `rights.keys` hold what ties a hash to an identifier, outside the database. Only the
administrator reads the schema.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from bloesem.errors import GateError, LedgerError, PlanError
from bloesem.plan.model import FACT_KINDS, Fact, FactKind
from bloesem.rights.home_sql import SCHEMA
from bloesem.rights.identifiers import Identifier
from bloesem.rights.keys import Keys
from bloesem.running.home import Home
from bloesem.stores.dsn import Dsn, dsn_from
from bloesem.stores.postgres import Connection, admin_dsn, connect, pipelined

#: The residue pass looks for somebody no longer than this after the erasure.
SOUGHT_FOR = dt.timedelta(days=7)

_NEXT = "nextval('rights.act_id_seq')"
_SOUGHT = b"""INSERT INTO rights.sought (store, act, key_number, since, until, sealed)
SELECT %s, %s::bigint, %s, %s, %s, unnest(%s::text::bytea[])"""
_BEGIN = b"""WITH act AS (
    INSERT INTO rights.act (id, store, kind, plan, policy, began_at, transaction) OVERRIDING SYSTEM VALUE
    VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING id, store)
INSERT INTO rights.sought (act, store, key_number, since, until, sealed)
SELECT act.id, act.store, %s, %s, %s, unnest(%s::text::bytea[]) FROM act"""
_FINISH = f"""UPDATE rights.act SET state = %s, ended_at = %s, counts = %s WHERE id = %s
RETURNING {_NEXT}, set_config('synchronous_commit', 'off', true)""".encode()

_AS_JSON = json.JSONEncoder(ensure_ascii=False)

#: What stands beside identifiers: a row that was somebody.
ROW = "row"

ActState = Literal["begun", "done", "failed"]
Counts = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Act:
    """One act in a foreign store. `counts`: per table, how many rows were shown, deleted, changed or kept.

    `transaction`: the foreign server's number of the transaction that did it (`pg_current_xact_id()`), by which a server
    says of an act that was interrupted whether it took place (`pg_xact_status`).
    """

    number: int
    store: str
    kind: str
    plan: str
    policy: str
    began_at: dt.datetime
    state: ActState
    ended_at: dt.datetime | None
    transaction: str | None
    counts: Counts


def store_digest(dsn: Dsn) -> str:
    """A database, whoever logs in and with whichever options: a digest of host, port and name."""
    return hashlib.sha256("\0".join((dsn.host, str(dsn.port), dsn.database)).encode()).hexdigest()


@contextmanager
def opened(
    now: dt.datetime, environment: Mapping[str, str] | None = None, *, data_dir: Path | None = None
) -> Iterator[Rights]:
    """Bloesem's own database as administrator, with `rights` in it; what was sought for long enough is forgotten.

    in: the environment (the process's own by default); the data directory of the embedded server and of the keys.
    raises: StoreError when the database cannot be reached, GateError when the keys cannot be used.
    """
    given = os.environ if environment is None else environment
    home = Home.at(data_dir, embedded=dsn_from(given) is None)
    from bloesem.running.ready import create_database  # it brings half the system along

    with admin_dsn(given, data_dir=home.database) as dsn:
        own = dsn if dsn_from(given) else create_database(dsn)
        with connect(own, autocommit=True, application="bloesem-rights") as connection:
            rights = Rights(connection, Keys.at(home.credentials))
            rights.install()
            rights.forget(now)
            yield rights


@dataclass(frozen=True)
class Rights:
    """The schema `rights` of one database, and the keys. The connection commits each statement by itself."""

    connection: Connection
    keys: Keys

    def install(self) -> None:
        """Makes the schema, or what is new in it. Two at once wait for each other."""
        mark = f"bloesem {hashlib.sha256(SCHEMA.encode()).hexdigest()}"
        asked = "SELECT obj_description(to_regnamespace('rights'), 'pg_namespace')"
        if self.connection.execute(asked).fetchone() == (mark,):
            return
        with self.connection.transaction():
            self.connection.execute("SELECT pg_advisory_xact_lock(hashtext('bloesem.rights'))")
            self.connection.execute(SCHEMA)
            self.connection.execute(sql.SQL("COMMENT ON SCHEMA rights IS {}").format(sql.Literal(mark)))

    def store(self, dsn: Dsn, now: dt.datetime) -> str:
        """The digest of a foreign store, which is noted as used."""
        digest = store_digest(dsn)
        self.connection.execute(
            "INSERT INTO rights.store (digest, name, first_used, last_used) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT (digest) DO UPDATE SET last_used = GREATEST(store.last_used, excluded.last_used)",
            [digest, dsn.database, now, now],
        )
        return digest

    def record(
        self,
        store: str,
        identifiers: Sequence[Identifier],
        kind: FactKind,
        key: str,
        at: dt.datetime,
        *,
        ends_at: dt.datetime | None = None,
        row: tuple[str, Sequence[object]] | None = None,
        held_by: str | None = None,
        reason: str | None = None,
        review_on: dt.date | None = None,
    ) -> int:
        """Writes one fact. out: its number.

        in: everything that identifies the person; `row`: table and key, of a fact about one row.
        raises: PlanError for another kind, a time without zone, an end before the start, a hold that nobody answers for;
        IdentifierError for what identifies nobody; GateError for a store that is not known.
        """
        if kind not in FACT_KINDS:
            raise PlanError(
                f"`{kind}` is no kind of fact",
                "facts are of a closed list",
                f"use one of: {', '.join(FACT_KINDS)}",
            )
        if not identifiers:
            raise PlanError(
                "a fact about nobody", "a fact is about a person", "say what identifies the person"
            )
        _aware(at)
        if ends_at is not None:
            _aware(ends_at)
        current = self.keys.current
        people = [current.person(store, one) for one in identifiers]
        table, number = (row[0], self.keys.row(store, *row)) if row else (None, None)
        values = [
            store,
            current.number,
            people,
            kind,
            key,
            at,
            ends_at,
            table,
            number,
            held_by,
            reason,
            review_on,
        ]
        try:
            found = self.connection.execute(
                "INSERT INTO rights.fact (store, key_number, person, kind, key, starts_at, ends_at, table_name, row_number,"
                " held_by, reason, review_on) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING id",
                values,
            ).fetchone()
        except psycopg.errors.ForeignKeyViolation:
            raise GateError(
                "this store is not known", "facts are of a store", "name the store first"
            ) from None
        except psycopg.errors.CheckViolation as fault:
            raise PlanError(
                f"a fact breaks `{fault.diag.constraint_name}`",
                "a fact ends after it starts; a hold has an owner, a reason and a date of review (P-074)",
                "mend it",
            ) from None
        assert found is not None
        return int(found[0])

    def close(self, number: int, at: dt.datetime) -> None:
        """Ends a fact, once. raises: PlanError when it is closed already, GateError when there is none."""
        _aware(at)
        try:
            done = self.connection.execute(
                "UPDATE rights.fact SET ends_at = %s WHERE id = %s RETURNING id", [at, number]
            ).fetchone()
        except (psycopg.errors.IntegrityConstraintViolation, psycopg.errors.CheckViolation):
            raise PlanError(
                f"fact {number} is closed already, or would end before it starts",
                "a fact is never rewritten: it is closed once",
                "record a new fact",
            ) from None
        if done is None:
            raise GateError(
                f"fact {number} does not exist", "a fact is closed by its number", "look it up again"
            )

    def facts(self, store: str, identifiers: Sequence[Identifier], person: int) -> list[Fact]:
        """All facts about whoever any of these identifies, for `calculus.permits`, oldest first. `person`: the number that
        the caller gives the person."""
        return self.facts_of(store, self.keys.person(store, identifiers), person)

    def facts_of(self, store: str, names: Sequence[bytes], person: int) -> list[Fact]:
        """The same. in: the names under which somebody may be known (`Keys.person`)."""
        rows = self.connection.execute(
            "SELECT %s::bigint, kind, key, starts_at, ends_at, table_name, row_number, held_by, reason, review_on"
            " FROM rights.fact WHERE store = %s AND person && %s::text::bytea[] ORDER BY id",
            [person, store, as_array(names)],
        ).fetchall()
        return [Fact(*row) for row in rows]

    def numbers(
        self,
        store: str,
        identifiers: Sequence[Identifier],
        kind: FactKind,
        key: str,
        row: tuple[str, Sequence[object]] | None = None,
    ) -> list[int]:
        """The open facts of one kind about somebody, or about one row of theirs, to be closed."""
        table, number = (row[0], self.keys.row(store, *row)) if row else (None, None)
        rows = self.connection.execute(
            "SELECT id FROM rights.fact WHERE store = %s AND person && %s::bytea[] AND kind = %s AND key = %s"
            " AND table_name IS NOT DISTINCT FROM %s AND row_number IS NOT DISTINCT FROM %s"
            " AND ends_at IS NULL ORDER BY id",
            [store, self.keys.person(store, identifiers), kind, key, table, number],
        ).fetchall()
        return [number for (number,) in rows]

    def draw(self) -> int:
        """The number of an act that is about to be done."""
        row = self.connection.execute(f"SELECT {_NEXT}".encode()).fetchone()
        assert row is not None
        return int(row[0])

    def begin(self, store: str, kind: str, plan: str, policy: str, at: dt.datetime) -> int:
        """An act is about to be done, and on disk. out: its number. in, raises: as `begun`."""
        number = self.draw()
        with self.begun(number, store, kind, plan, policy, at):
            return number

    @contextmanager
    def begun(
        self,
        number: int,
        store: str,
        kind: str,
        plan: str,
        policy: str,
        at: dt.datetime,
        *,
        transaction: str | None = None,
        identifiers: Sequence[Identifier] = (),
        rows: Sequence[str] = (),
    ) -> Iterator[None]:
        """An act goes to disk while what is inside is done, and is there at the end: the foreign store commits after that.

        in: `number`, from `draw`; `plan`, the hash that binds rehearsal and act; `policy`, the version in force;
        `transaction`, the foreign one that does the act; `identifiers` and `rows` of who is erased by it, for the
        next residue pass.
        raises: LedgerError inside a transaction: it would vanish with it.
        """
        self._committed()
        values = [
            number,
            store,
            kind,
            plan,
            policy,
            at,
            transaction,
            *self._sealed(store, identifiers, number, at, rows),
        ]
        with pipelined(self.connection):
            # A pipeline commits when it ends, but for what says itself when.
            self.connection.execute("BEGIN")
            self.connection.execute(_BEGIN, values)
            self.connection.execute("COMMIT")
            yield

    def finish(
        self, act: int, state: Literal["done", "failed"], at: dt.datetime, counts: Counts | None = None
    ) -> int:
        """How it ended; not on disk at once: lost with a machine that falls, it is asked of the foreign store again.

        out: the number of an act to come. raises: LedgerError when it was said already.
        """
        self._committed()
        try:
            done = self.connection.execute(_FINISH, [state, at, Jsonb(counts or {}), act]).fetchone()
        except psycopg.errors.IntegrityConstraintViolation:
            done = None
        if done is None:
            raise LedgerError(
                f"act {act} is not open", "how an act ended is said once", "see which acts are open"
            )
        return int(done[0])

    def open_acts(self, store: str) -> list[Act]:
        """Acts that were begun and of which nobody knows how they ended, oldest first."""
        rows = self.connection.execute(
            "SELECT id, store, kind, plan, policy, began_at, state, ended_at, transaction, counts FROM rights.act"
            " WHERE store = %s AND state = 'begun' ORDER BY id",
            [store],
        ).fetchall()
        return [Act(*row) for row in rows]

    def seek(
        self,
        store: str,
        identifiers: Sequence[Identifier],
        act: int,
        now: dt.datetime,
        *,
        rows: Sequence[str] = (),
    ) -> None:
        """Keeps identifiers of somebody who is erased, for the next residue pass; before the act commits, so that a crash
        loses none. `rows`: who they were, where that pass says of what is found whether it is kept for them."""
        self.connection.execute(_SOUGHT, [store, act, *self._sealed(store, identifiers, act, now, rows)])

    def _sealed(
        self,
        store: str,
        identifiers: Sequence[Identifier],
        act: int,
        now: dt.datetime,
        rows: Sequence[str],
    ) -> tuple[int, dt.datetime, dt.datetime, str]:
        """The key, since and until when, and what is kept of each."""
        said = [(one.kind, one.value) for one in identifiers] + [(ROW, row) for row in rows]
        sealed = self.keys.current.seal(map(_AS_JSON.encode, said), f"{store} {act}")
        return self.keys.current.number, now, now + SOUGHT_FOR, as_array(sealed)

    def sought(
        self,
        store: str,
        now: dt.datetime,
        *,
        after: int = 0,
        mark: int | None = None,
        act: int | None = None,
        shut: set[int] | None = None,
    ) -> tuple[list[Identifier], int]:
        """out: all that is to be looked for in a store, and a mark for `looked`. raises: GateError without its key.

        in: `after` one mark, up to another; of one `act`; `shut`: it is told which acts' do not open, and nothing is raised.
        """
        rows = self.connection.execute(
            "SELECT s.id, s.act, s.key_number, s.sealed FROM rights.sought s JOIN rights.act a ON a.id = s.act"
            " WHERE s.store = %s AND s.until > %s AND a.state <> 'failed' AND s.id > %s"
            " AND s.id <= COALESCE(%s, s.id) AND s.act = COALESCE(%s, s.act) ORDER BY s.id",
            [store, now, after, mark, act],
        ).fetchall()
        opened = self._opened(store, (row[1:] for row in rows), shut)
        found = [Identifier(kind, value, number) for number, kind, value in opened if kind != ROW]
        return found, max((row[0] for row in rows), default=after)

    def erased(self, store: str, now: dt.datetime, shut: set[int] | None = None) -> dict[int, set[str]]:
        """Per act after which somebody is still looked for, the rows that were them. in, raises: as `sought`."""
        rows = self.connection.execute(
            "SELECT act, key_number, sealed FROM rights.sought WHERE store = %s AND until > %s", [store, now]
        ).fetchall()
        found: dict[int, set[str]] = {}
        for act, kind, value in self._opened(store, rows, shut):
            if kind == ROW:
                found.setdefault(act, set()).add(value)
        return found

    def _opened(
        self, store: str, rows: Iterable[tuple[int, int, bytes]], shut: set[int] | None
    ) -> Iterator[tuple[int, Any, str]]:
        """in: act, number of the key, sealed. out: act, kind and value; `shut`, raises: as `sought`."""
        for act, key, sealed in rows:
            try:
                kind, value = json.loads(self.keys.number(key).open(sealed, f"{store} {act}"))
            except GateError:
                if shut is None:
                    raise
                shut.add(act)
            else:
                yield act, kind, value

    def looked(self, store: str, mark: int, *, act: int | None = None, but: Iterable[int] = ()) -> None:
        """A pass over the whole store has looked for all up to the mark (of one act): they are forgotten. Of an act that
        is still open they stay: it may commit after the pass. `but`: of these acts nobody was looked for."""
        self.connection.execute(
            "DELETE FROM rights.sought s USING rights.act a WHERE s.store = %s AND s.id <= %s"
            " AND s.act = COALESCE(%s, s.act) AND a.id = s.act AND a.state <> 'begun' AND s.act <> ALL (%s::bigint[])",
            [store, mark, act, sorted(but)],
        )

    def forget(self, now: dt.datetime) -> None:
        """What has been sought for long enough, or for an act that failed, goes, looked for or not."""
        self.connection.execute(
            "DELETE FROM rights.sought s USING rights.act a"
            " WHERE a.id = s.act AND (s.until <= %s OR a.state = 'failed')",
            [now],
        )

    def _committed(self) -> None:
        idle = self.connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        if not (idle and self.connection.autocommit):
            raise LedgerError(
                "an act would be recorded inside a transaction",
                "what is begun is committed before the act, and what ended after it",
                "use a connection that commits each statement",
            )


def as_array(values: Iterable[bytes]) -> str:
    """A `bytea[]` as PostgreSQL reads it: said at once, where a driver would ask of each what it is."""
    said = '","\\\\x'.join([value.hex() for value in values])
    return f'{{"\\\\x{said}"}}' if said else "{}"


def _aware(moment: dt.datetime) -> None:
    if moment.tzinfo is None or moment.utcoffset() is None:
        raise PlanError("a moment has no time zone", "moments are aware", "give the zone")

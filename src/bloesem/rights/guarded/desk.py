"""What a person asks of Bloesem's own database: to be shown what is there, to be erased, corrected, restricted.

Each request is one transaction as keeper. What is asked becomes a fact, and the database does what follows from it
(`apply_<table>`); what it did is told by comparing the rows before and after, and why the rest stays by the calculus.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import psycopg
from psycopg import IsolationLevel

from bloesem.datamap.model import DataMap
from bloesem.errors import BloesemError, RightsError
from bloesem.gate.keeping import keeper
from bloesem.ledger import record_act
from bloesem.plan.dates import civil
from bloesem.plan.model import Fact, FactKind, Plan
from bloesem.plan.quoting import ident
from bloesem.recipients.notices import Change
from bloesem.rights import passes
from bloesem.rights.amend import Asked, Correction
from bloesem.rights.guarded import amend, left, notify, told
from bloesem.rights.guarded.rows import Reader, Ref, Rows
from bloesem.rights.guarded.who import Finder, Somebody
from bloesem.rights.guarded.why import Why
from bloesem.rights.keeping import NoRecord, Record
from bloesem.rights.record import HomeRecord
from bloesem.rights.requests import ATTEMPTS, Done, Wanted
from bloesem.rights.trouble import explain
from bloesem.rights.world import Person
from bloesem.stores import facts as stored
from bloesem.stores.postgres import Connection

Result = TypeVar("Result")


@dataclass(frozen=True)
class Moment:
    """What an act works with: the people, their rows as they stood, and when."""

    people: tuple[Somebody, ...]
    before: Rows
    facts: Mapping[int, Sequence[Fact]]
    now: dt.datetime

    @property
    def numbers(self) -> list[int]:
        return sorted(self.before.people)


@dataclass(frozen=True)
class Written:
    """What an act wrote itself. `said`: what its plan is bound to besides; `changed`: columns it set to another value;
    `recorded`: facts that began or ended; `values`: as what the recipients of values that went or changed are told;
    `tellings`: what they are told besides."""

    said: Any = None
    changed: Mapping[Ref, Sequence[str]] = field(default_factory=dict)
    recorded: Sequence[tuple[FactKind, str]] = ()
    values: Change | None = None
    tellings: Sequence[notify.Telling] = ()


Act = Callable[[Moment], Written]


@dataclass
class GuardedDesk:
    """Where requests about people of one guarded database are carried out.

    in: an administrator's connection that commits each statement by itself; the plan in force there and its map; the
    language in which reasons are told.
    """

    connection: Connection
    plan: Plan
    datamap: DataMap
    language: str = "en"
    record: Record = field(default_factory=NoRecord)

    # ---- to be shown ------------------------------------------------------------------------------------------

    def access(self, wanted: Wanted) -> dict[str, Any]:
        """in: one person. out: every row in which they have a part, restricted ones too, and why it is there; what is
        recorded about them; who really got what of it (art. 15(1)(c)); who read it.

        raises: RightsError when it is not one person, StoreError when the database goes away.
        """

        def tell(rows: Rows, why: Why) -> dict[str, Any]:
            return {
                **told.rows(rows, why, told.hidden(self.datamap)),
                "facts": told.facts(why),
                "recipients": told.recipients(self.connection, self.plan, sorted(rows.people)),
                "read": told.readings(self.connection, self.plan, sorted(rows.people)),
            }

        return self._look("access", wanted, tell)

    def portable(self, wanted: Wanted) -> dict[str, Any]:
        """What one person may take along (art. 20). raises: as `access`."""

        def tell(rows: Rows, why: Why) -> dict[str, Any]:
            types = amend.types(self.connection, self.plan)
            return told.portable(rows, why, types, told.hidden(self.datamap))

        return self._look("export", wanted, tell)

    def _look(self, kind: str, wanted: Wanted, tell: Callable[[Rows, Why], dict[str, Any]]) -> dict[str, Any]:
        def once() -> dict[str, Any]:
            with self._acting(IsolationLevel.REPEATABLE_READ):
                finder, reader = Finder(self.connection, self.plan), Reader(self.connection, self.plan)
                (one,) = finder.find(wanted)
                now = stored.moment(self.connection, self.plan)
                rows = reader.rows(sorted(one.numbers), whole=True)
                facts = stored.facts_of(self.connection, self.plan, sorted(one.numbers))
                person = finder.person(one, rows.identities(one.numbers), set())
                said = tell(rows, Why(self.plan, facts, now, self.language))
                counts = {name: len(shown) for name, shown in said["tables"].items()}
                self._write_act(kind, now, {"people": 1, "tables": counts})
                return {"person": finder.named(person), **said}

        return self._retried(once)

    # ---- to be erased -----------------------------------------------------------------------------------------

    def rehearse(self, wanted: Wanted, *, ground: str = "17(1)(a)", show_values: bool = False) -> Done:
        """Does it all, and takes it back. raises: as `erase`."""
        return self._carry_out("erase", wanted, self._erasure(ground), dry_run=True, show_values=show_values)[
            0
        ]

    def erase(
        self, wanted: Wanted, *, ground: str = "17(1)(a)", plan: str | None = None, show_values: bool = False
    ) -> Done:
        """in: the people, all at once; `plan`: what a rehearsal was bound to.

        raises: RightsError for who is not one person, and for a plan that is no longer so: nothing is written then.
        StoreError when the database goes away.
        """
        return self._carry_out("erase", wanted, self._erasure(ground), plan=plan, show_values=show_values)[0]

    def _erasure(self, ground: str) -> Act:
        def act(at: Moment) -> Written:
            facts = [Fact(number, "erasure", ground, at.now) for number in at.numbers]
            stored.record_facts(self.connection, self.plan, facts)
            return Written(ground, recorded=[("erasure", ground)], values="erasure")

        return act

    # ---- to be corrected, restricted, objected to, withdrawn -----------------------------------------------------

    def rectify(
        self,
        wanted: Wanted,
        corrections: Sequence[Correction],
        *,
        source: str | None = None,
        plan: str | None = None,
        dry_run: bool = False,
        show_values: bool = False,
    ) -> Done:
        """Sets values right (art. 16). `source`: where the right values came from, one that the policy declares; the row
        keeps its own when not said. raises: as `erase`, and RightsError for what no person may have corrected."""
        asked = amend.rectification(self.plan, self.datamap, corrections, source)

        def act(at: Moment) -> Written:
            changed = amend.correct(self.connection, self.plan, asked, source, at.before)
            return Written([[repr(one) for one in corrections], source], changed, values="rectification")

        done, _ = self._carry_out(
            "rectify", wanted, act, plan=plan, dry_run=dry_run, show_values=show_values, keep=False
        )
        return done

    def note(
        self,
        wanted: Wanted,
        asked: Asked,
        facts: Sequence[tuple[FactKind, str]],
        *,
        lift: bool = False,
        ended: bool = False,
        over: Sequence[tuple[FactKind, str]] = (),
        item: str | None = None,
    ) -> dict[str, Any]:
        """Records facts from now on, or ends those that hold (`lift`; `ended` for consents); `over`: facts that these
        replace; `item`: about one row alone, `table[key]`. out: what follows at once. raises: as `erase`."""

        def act(at: Moment) -> Written:
            row = amend.item(self.plan, item, at.before) if item else None
            if ended:
                amend.withdraw(self.connection, self.plan, at.numbers, [key for _, key in facts])
            gone = [*facts] if lift or ended else [*over]
            numbers = amend.holding(self.connection, self.plan, at.numbers, gone, row)
            had = {fact for number, fact in numbers}
            if ended:
                had |= amend.consents(at.facts, at.now) & set(facts)
            if numbers:
                stored.end_facts(self.connection, self.plan, [number for number, _ in numbers])
            if lift or ended:
                over_now = [fact for fact in facts if fact in had]
                told_of = notify.of_facts(over_now, ended=True, row=row, before=at.before) if ended else ()
                return Written([item], recorded=over_now, tellings=told_of)
            fresh = notify.anew(at.facts, at.now, facts, row)
            made = [
                Fact(number, kind, key, at.now, None, *(row or (None, None)))
                for number in at.numbers
                for kind, key in facts
            ]
            stored.record_facts(self.connection, self.plan, made)
            told_of = notify.of_facts(fresh, ended=False, row=row, before=at.before)
            return Written([item], recorded=facts, tellings=told_of)

        done, effect = self._carry_out(asked, wanted, act, keep=False)
        recorded = effect.written.recorded
        return {
            "recorded": [{"kind": kind, "key": key} for kind, key in recorded],
            "enforced": bool(recorded),
            "said": "enforced now" if recorded else "nothing changed",
            "readable": effect.readable,
            "tables": done.tables,
            "told": done.told,
            "statements": done.statements,
            "plan": done.plan,
        }

    def left(self, now: dt.datetime) -> dict[str, Any]:
        """What is left of those whom the last act erased: `residue`, what nothing keeps; `kept`, with why and until when."""
        record = self.record
        if not isinstance(record, HomeRecord):
            raise TypeError("nothing is remembered of whom to look for")
        erased = record.rights.erased(record.store, now)
        found = passes.at_once(record.rights, record.store, record.act, self.connection, now)
        at = stored.moment(self.connection, self.plan)
        residue, kept = left.judged(self.connection, self.plan, found, erased, at, self.language)
        said = residue.json()
        return {"residue": said["residue"], "kept": kept, "unread": said["unread"]}

    # ---- all of them ----------------------------------------------------------------------------------------------

    def _carry_out(
        self,
        kind: str,
        wanted: Wanted,
        act: Act,
        *,
        plan: str | None = None,
        dry_run: bool = False,
        show_values: bool = False,
        keep: bool = True,
    ) -> tuple[Done, Effect]:
        return self._retried(lambda: self._once(kind, wanted, act, plan, dry_run, show_values, keep))

    def _once(
        self, kind: str, wanted: Wanted, act: Act, plan: str | None, dry_run: bool, show: bool, keep: bool
    ) -> tuple[Done, Effect]:
        begun = False
        counts: dict[str, dict[str, int]] = {}
        try:
            with self._acting(IsolationLevel.READ_COMMITTED, undo=dry_run):
                finder, reader = Finder(self.connection, self.plan), Reader(self.connection, self.plan)
                at = self._moment(finder, reader, wanted, show)
                written = act(at)
                self.connection.execute(
                    "SET CONSTRAINTS ALL IMMEDIATE"
                )  # what is left for the end is done now
                after = reader.rows(at.numbers, before=at.before)
                facts = stored.facts_of(self.connection, self.plan, at.numbers)
                why = Why(self.plan, facts, at.now, self.language)
                tables = told.difference(at.before, after, written.changed, why if keep else None)
                tellings = [*written.tellings]
                if written.values is not None:
                    fields = notify.of_values(at.before, after, written.changed)
                    tellings.append(notify.Telling(written.values, fields))
                informed = notify.queue(self.connection, self.plan, at.numbers, tellings, at.now)
                bound = self._hash(kind, at, written, [tables, informed])
                if plan is not None and plan != bound:
                    raise RightsError(
                        "the plan is no longer what was rehearsed",
                        "data, map, schema, policy or day changed since: what nobody saw is not done",
                        "rehearse again: --dry-run",
                    )
                counts = {
                    name: {word: len(rows) for word, rows in one.items() if rows}
                    for name, one in tables.items()
                }
                people = self._people(finder, at)
                if not dry_run:
                    said = {"people": len(at.people), "tables": counts}
                    self._write_act(kind, at.now, said | ({"notices": len(informed)} if informed else {}))
                    number, begun = self._transaction_number(), True
                    with self.record.begun(kind, bound, people, number):
                        pass  # all is written: it waits for this
                effect = Effect(written, told.readable(self.plan, at.before, after, at.now))
                if show:
                    told.add_values(tables, at.before)
        except BaseException:
            if begun and not self.connection.broken:  # whoever asks next asks the server how it ended
                self.record.finish(False, {})
            raise
        if begun:
            self.record.finish(True, counts)
        statements = finder.statements + reader.statements + len(self.plan.tables) + FIXED
        statements += len(tellings) + bool(tellings)
        return Done(tables, statements, bound, people, not dry_run, tuple(informed)), effect

    def _moment(self, finder: Finder, reader: Reader, wanted: Wanted, show: bool) -> Moment:
        """Finds the people and locks them, in id order: facts about them and new rows of theirs wait; then their rows."""
        people = finder.find(wanted)
        numbers = sorted(number for one in people for number in one.numbers)
        self.connection.execute(
            f"SELECT FROM {self._s}.state WHERE person_id = ANY (%s) ORDER BY person_id FOR UPDATE", [numbers]
        )
        before = reader.rows(numbers, lock=True, whole=show)
        if finder.find(wanted) != people:
            raise psycopg.errors.SerializationFailure("who is meant changed meanwhile")
        facts = stored.facts_of(self.connection, self.plan, numbers)
        return Moment(tuple(people), before, facts, stored.moment(self.connection, self.plan))

    def _people(self, finder: Finder, at: Moment) -> tuple[Person, ...]:
        """As acts know them, by what identified them before."""
        known = {one: at.before.identities(one.numbers) for one in at.people}
        together: dict[str, set[str]] = {}
        for kinds in known.values():
            for kind, values in kinds.items():
                together.setdefault(kind, set()).update(values)
        others = finder.others(at.numbers, together)
        return tuple(finder.person(one, kinds, others) for one, kinds in known.items())

    def _hash(self, kind: str, at: Moment, written: Written, tables: Sequence[Any]) -> str:
        row = self.connection.execute(
            f"SELECT policy, digest FROM {self._s}.installed ORDER BY id DESC LIMIT 1"
        ).fetchone()
        said = [
            [kind, row, str(civil(at.now)), written.said, at.numbers],
            [repr(fact) for number in at.numbers for fact in at.facts[number]],
            sorted((item.ref, item.stamp) for item in at.before.items.values()),
            tables,
        ]
        return hashlib.sha256(json.dumps(said, default=str).encode()).hexdigest()

    def _transaction_number(self) -> str:
        row = self.connection.execute("SELECT txid_current()").fetchone()
        assert row is not None
        return str(row[0])

    def _write_act(self, kind: str, now: dt.datetime, counts: Mapping[str, Any]) -> None:
        record_act(self.connection, kind, now, counts=counts, schema=self.plan.schema)

    @property
    def _s(self) -> str:
        return ident(self.plan.schema)

    @contextmanager
    def _acting(self, isolation: IsolationLevel, *, undo: bool = False) -> Iterator[None]:
        """One transaction as keeper; a fact is recorded in one that is READ COMMITTED, an answer sees one moment."""
        self.connection.isolation_level = isolation
        with (
            self.connection.transaction(force_rollback=undo),
            keeper(self.connection, self.plan.prefix),
        ):
            yield

    def _retried(self, work: Callable[[], Result]) -> Result:
        """Begins again when somebody else was writing the same; what is refused for good is explained."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return work()
            except psycopg.Error as fault:
                raced = isinstance(
                    fault, psycopg.errors.SerializationFailure | psycopg.errors.DeadlockDetected
                )
                if not raced or attempt == ATTEMPTS:
                    raise _explained(fault) from None
        raise AssertionError


@dataclass(frozen=True)
class Effect:
    """What an act wrote, and of whom how many values each purpose could and can read, where that is another number."""

    written: Written
    readable: Mapping[str, Mapping[str, int]]


#: Statements beside those that find, read and apply: locks, facts, what follows, the act, its number, the plan.
FIXED = 9


def _explained(fault: psycopg.Error) -> BloesemError:
    """What the gate's own triggers refuse says itself what and why: names of things, never a value."""
    if isinstance(fault, psycopg.errors.CheckViolation) and fault.diag.constraint_name is None:
        return RightsError(
            str(fault.diag.message_primary),
            "all or nothing: nothing was written",
            str(fault.diag.message_hint or ""),
        )
    return explain(fault)

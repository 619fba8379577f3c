"""What a person asks of Bloesem's own database: to be shown what is there, to be erased, corrected, restricted.

Each request is one transaction as keeper. What is asked becomes a fact, and the database does what follows from it
(`apply_<table>`); what it did is told by comparing the rows before and after, and why the rest stays by the calculus.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
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
from bloesem.rights.guarded import amend, grounds, left, notify, told
from bloesem.rights.guarded import product as products
from bloesem.rights.guarded.grounds import Erasing, Moment
from bloesem.rights.guarded.rows import Reader, Ref, Rows
from bloesem.rights.guarded.who import Finder
from bloesem.rights.guarded.why import Why
from bloesem.rights.keeping import NoRecord, Record
from bloesem.rights.record import HomeRecord
from bloesem.rights.requests import ATTEMPTS, Done, Wanted
from bloesem.rights.trouble import explain
from bloesem.rights.world import Person
from bloesem.stores import facts as stored
from bloesem.stores.postgres import Connection

Result = TypeVar("Result")

#: For how long an act that has the people waits for a row of theirs: less than PostgreSQL waits (1 s) before it looks who
#: waits for whom, and ends one of them. How often it begins again.
WAITS, TURNS = "500ms", 12


@dataclass(frozen=True)
class Held:
    """Who answers for a hold, in which case, and when it is looked at again (P-074)."""

    by: str
    reason: str
    review_on: dt.date


def _fact(
    person: int, kind: FactKind, key: str, now: dt.datetime, row: tuple[str, int] | None, held: Held | None
) -> Fact:
    table, number = row or (None, None)
    if kind != "hold" or held is None:
        return Fact(person, kind, key, now, None, table, number)
    return Fact(person, kind, key, now, None, table, number, held.by, held.reason, held.review_on)


def _rows_of(before: Rows, person: int) -> set[tuple[str, int]]:
    return {(item.table.name, item.key[0]) for item, _ in before.mine() if person in item.owners}


@dataclass(frozen=True)
class Written:
    """What an act wrote itself. `said`: what its plan is bound to besides; `changed`: columns it set to another value;
    `recorded`: facts that began or ended; `values`: as what the recipients of values that went or changed are told;
    `tellings`: what they are told besides; `about`: the rows of which it is told why they stay, none: all."""

    said: Any = None
    changed: Mapping[Ref, Sequence[str]] = field(default_factory=dict)
    recorded: Sequence[tuple[FactKind, str]] = ()
    values: Change | None = None
    tellings: Sequence[notify.Telling] = ()
    about: Collection[Ref] | None = None


Act = Callable[[Moment], Written]


@dataclass(frozen=True)
class How:
    """How an act is carried out. `plan`: only if this is still what a rehearsal was bound to; `dry_run`: all of it, taken
    back; `show_values`: what stood there is told too; `explains`: of each row that stays it is told why."""

    plan: str | None = None
    dry_run: bool = False
    show_values: bool = False
    explains: bool = True


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
                "corrections": told.corrections(self.connection, self.plan, sorted(rows.people)),
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

    def product(self, wanted: Wanted, categories: Sequence[str]) -> dict[str, Any]:
        """What the product that one person uses made, and how much of it is about somebody else (Data Act art. 4; R-039).
        in: the kinds of data that it makes. raises: as `access`."""

        def tell(rows: Rows, why: Why) -> dict[str, Any]:
            types = amend.types(self.connection, self.plan)
            made = products.product(rows, self.plan, categories, types, told.hidden(self.datamap))
            others = products.of_others(self.connection, self.plan, self.datamap, rows, categories)
            return {**made, "others": others}

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

    def rehearse(
        self,
        wanted: Wanted,
        *,
        ground: str = "17(1)(a)",
        items: Sequence[str] = (),
        spared: Sequence[str] = (),
        show_values: bool = False,
    ) -> Done:
        """Does it all, and takes it back. raises: as `erase`."""
        asked = Erasing(ground, tuple(items), tuple(spared))
        return self._carry_out(
            "erase", wanted, self._erasure(asked), How(dry_run=True, show_values=show_values)
        )[0]

    def erase(
        self,
        wanted: Wanted,
        *,
        ground: str = "17(1)(a)",
        items: Sequence[str] = (),
        spared: Sequence[str] = (),
        plan: str | None = None,
        show_values: bool = False,
    ) -> Done:
        """in: the people, all at once; `ground`, `items`, `spared`: as `guarded.grounds`; `plan`: what a rehearsal was
        bound to.

        raises: RightsError for who is not one person, for a ground that is none, and for a plan that is no longer so:
        nothing is written then. StoreError when the database goes away.
        """
        asked = Erasing(ground, tuple(items), tuple(spared))
        return self._carry_out("erase", wanted, self._erasure(asked), How(plan, show_values=show_values))[0]

    def _erasure(self, asked: Erasing) -> Act:
        def act(at: Moment) -> Written:
            done = grounds.carry_out(self.connection, self.plan, at, asked)
            return Written(
                [asked.ground, asked.items, asked.spared],
                recorded=done.recorded,
                values="erasure",
                tellings=done.tellings,
                about=done.about,
            )

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
        why: amend.Grounded | None = None,
        about: Sequence[str] = (),
    ) -> Done:
        """Sets values right (art. 16). `source`: where the right values came from, one that the policy declares; the row
        keeps its own when not said. `why`: on which ground, and what the person adds; `about`: rows that the statement is
        about, where no value of theirs changes. raises: as `erase`, and RightsError for what no person may have
        corrected."""
        asked = amend.rectification(self.plan, self.datamap, corrections, source)

        def act(at: Moment) -> Written:
            changed = amend.correct(self.connection, self.plan, asked, source, at.before, why)
            if why is not None and why.statement:
                rows = [item for text in about for item in grounds.chosen(self.plan, text, at.before)]
                amend.state(self.connection, self.plan, rows, at.before.people, why)
            said = [[repr(one) for one in corrections], source, why and repr(why), list(about)]
            return Written(said, changed, values="rectification")

        done, _ = self._carry_out("rectify", wanted, act, How(plan, dry_run, show_values, explains=False))
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
        items: Sequence[str] = (),
        held: Held | None = None,
        told_on: dt.date | None = None,
    ) -> dict[str, Any]:
        """Records facts from now on, or ends those that hold (`lift`; `ended` for consents); `over`: facts that these
        replace; `item`: about one row alone, `table[key]`; `items`: about these rows, or whole tables of theirs; `held`:
        who answers for a hold among the facts; `told_on`: when the person was told that a restriction is lifted, which
        comes before (art. 18(3)). out: what follows at once, with the numbers of facts that began. raises: as `erase`,
        and RightsError where the person was not told."""
        if lift and asked == "restriction":
            self._told_before(told_on)

        def act(at: Moment) -> Written:
            rows: list[tuple[str, int] | None] = [None]
            if item or items:
                named = [amend.item(self.plan, item, at.before)] if item else []
                chosen = [one for text in items for one in grounds.chosen(self.plan, text, at.before)]
                rows = [*named, *((one.table.name, int(one.key[0])) for one in chosen)]
            if ended:
                amend.withdraw(self.connection, self.plan, at.numbers, [key for _, key in facts])
            gone = [*facts] if lift or ended else [*over]
            numbers = [
                one
                for row in rows
                for one in amend.holding(self.connection, self.plan, at.numbers, gone, row)
            ]
            had = {fact for number, fact in numbers}
            if ended:
                had |= amend.consents(at.facts, at.now) & set(facts)
            if numbers:
                stored.end_facts(self.connection, self.plan, [number for number, _ in numbers])
            if lift or ended:
                over_now = [fact for fact in facts if fact in had]
                told_of = (
                    notify.of_facts(over_now, ended=True, row=rows[0], before=at.before) if ended else ()
                )
                return Written([item, list(items)], recorded=over_now, tellings=told_of)
            fresh = {row: notify.anew(at.facts, at.now, facts, row) for row in rows}
            made = [
                _fact(number, kind, key, at.now, row, held)
                for number in at.numbers
                for row in rows
                for kind, key in facts
                if row is None or row in _rows_of(at.before, number)
            ]
            stored.record_facts(self.connection, self.plan, made)
            tellings = [
                one
                for row in rows
                for one in notify.of_facts(fresh[row], ended=False, row=row, before=at.before)
            ]
            return Written([item, list(items)], recorded=facts, tellings=tellings)

        done, effect = self._carry_out(asked, wanted, act, How(explains=False))
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

    def lift(self, wanted: Wanted, numbers: Sequence[int], told_on: dt.date) -> dict[str, Any]:
        """Ends these facts about the person, by their numbers: a restriction that was told to end (art. 18(3)), and the
        hold that went with it. raises: as `note`."""
        self._told_before(told_on)

        def act(at: Moment) -> Written:
            found = self.connection.execute(
                f"SELECT id, kind, key FROM {self._s}.fact WHERE id = ANY (%s) AND person_id = ANY (%s)"
                f" AND (ends_at IS NULL OR ends_at > {self._s}.moment()) ORDER BY id".encode(),
                [list(numbers), at.numbers],
            ).fetchall()
            if found:
                stored.end_facts(self.connection, self.plan, [number for number, _, _ in found])
            return Written(list(numbers), recorded=[(kind, key) for _, kind, key in found])

        done, effect = self._carry_out("restriction", wanted, act, How(explains=False))
        return {"recorded": list(effect.written.recorded), "tables": done.tables, "readable": effect.readable}

    def _told_before(self, told_on: dt.date | None) -> None:
        today = civil(stored.moment(self.connection, self.plan))
        if told_on is None or told_on > today:
            raise RightsError(
                "nobody told the person that the restriction is lifted",
                "P-158: a person is told before a restriction is lifted (art. 18(3))",
                "lift it on the page of the case, which tells them first; or say on which day they were told",
            )

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

    def _carry_out(self, kind: str, wanted: Wanted, act: Act, how: How) -> tuple[Done, Effect]:
        return self._retried(lambda: self._once(kind, wanted, act, how))

    def _once(self, kind: str, wanted: Wanted, act: Act, how: How) -> tuple[Done, Effect]:
        begun = False
        counts: dict[str, dict[str, int]] = {}
        try:
            with self._acting(IsolationLevel.READ_COMMITTED, undo=how.dry_run):
                finder, reader = Finder(self.connection, self.plan), Reader(self.connection, self.plan)
                at = self._moment(finder, reader, wanted, how.show_values)
                written = act(at)
                self.connection.execute(
                    "SET CONSTRAINTS ALL IMMEDIATE"
                )  # what is left for the end is done now
                after = reader.rows(at.numbers, before=at.before)
                facts = stored.facts_of(self.connection, self.plan, at.numbers)
                why = Why(self.plan, facts, at.now, self.language)
                tables = told.difference(
                    at.before, after, written.changed, why if how.explains else None, written.about
                )
                tellings = [*written.tellings]
                if written.values is not None:
                    fields = notify.of_values(at.before, after, written.changed)
                    tellings.append(notify.Telling(written.values, fields))
                informed = notify.queue(self.connection, self.plan, at.numbers, tellings, at.now)
                bound = self._hash(kind, at, written, [tables, informed])
                if how.plan is not None and how.plan != bound:
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
                if not how.dry_run:
                    said = {"people": len(at.people), "tables": counts}
                    self._write_act(kind, at.now, said | ({"notices": len(informed)} if informed else {}))
                    self.record.did(tables, informed)
                    number, begun = self._transaction_number(), True
                    with self.record.begun(kind, bound, people, number):
                        pass  # all is written: it waits for this
                effect = Effect(written, told.readable(self.plan, at.before, after, at.now))
                if how.show_values:
                    told.add_values(tables, at.before)
        except BaseException:
            if begun and not self.connection.broken:  # whoever asks next asks the server how it ended
                self.record.finish(False, {})
            raise
        if begun:
            self.record.finish(True, counts)
        statements = finder.statements + reader.statements + len(self.plan.tables) + FIXED
        statements += len(tellings) + bool(tellings)
        return Done(tables, statements, bound, people, not how.dry_run, tuple(informed)), effect

    def _moment(self, finder: Finder, reader: Reader, wanted: Wanted, show: bool) -> Moment:
        """Finds the people and locks them, in the one order (`lock_people`): facts about them and new rows of theirs wait;
        then their rows. Whoever has one of those and waits for the people is not waited for: the act begins again, so that
        a page is never the one that is told to."""
        people = finder.find(wanted)
        numbers = sorted(number for one in people for number in one.numbers)
        self.connection.execute(f"SELECT {self._s}.lock_people(%s::bigint[])", [numbers])
        self.connection.execute(f"SET LOCAL lock_timeout = '{WAITS}'")
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
        """One transaction as keeper; a fact is recorded in one that is READ COMMITTED, an answer sees one moment. The next
        transaction is as whoever connected wants it."""
        before = self.connection.isolation_level
        self.connection.isolation_level = isolation
        try:
            with (
                self.connection.transaction(force_rollback=undo),
                keeper(self.connection, self.plan.prefix),
            ):
                yield
        finally:
            if not self.connection.closed:
                self.connection.isolation_level = before

    def _retried(self, work: Callable[[], Result]) -> Result:
        """Begins again when somebody else was writing the same; what is refused for good is explained."""
        for attempt in range(1, TURNS + 1):
            try:
                return work()
            except psycopg.errors.LockNotAvailable as fault:
                if attempt == TURNS:
                    raise _explained(fault) from None
                time.sleep(0.05 * attempt)
            except psycopg.Error as fault:
                raced = isinstance(
                    fault, psycopg.errors.SerializationFailure | psycopg.errors.DeadlockDetected
                )
                if not raced or attempt >= ATTEMPTS:
                    raise _explained(fault) from None
        raise AssertionError


@dataclass(frozen=True)
class Effect:
    """What an act wrote, and of whom how many values each purpose could and can read, where that is another number."""

    written: Written
    readable: Mapping[str, Mapping[str, int]]


#: Statements beside those that find, read and apply: locks, facts, what follows, the act, its number, the plan.
FIXED = 10


def _explained(fault: psycopg.Error) -> BloesemError:
    """What the gate's own triggers refuse says itself what and why: names of things, never a value."""
    if isinstance(fault, psycopg.errors.CheckViolation) and fault.diag.constraint_name is None:
        return RightsError(
            str(fault.diag.message_primary),
            "all or nothing: nothing was written",
            str(fault.diag.message_hint or ""),
        )
    return explain(fault)

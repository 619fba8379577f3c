"""What a person asks of a database that is not ours: to be shown what is there, and to be erased.

Each is one transaction that sees one moment. An act finds, judges, writes and checks in it: whole, or not begun.
"""

from __future__ import annotations

import datetime as dt
import gc
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import psycopg
from psycopg import IsolationLevel

from bloesem.errors import RightsError
from bloesem.plan.calculus import Verdict
from bloesem.rights.changes import Changes, changes, write
from bloesem.rights.fetch import SqlFetch, prepare
from bloesem.rights.graph import PLACE, Graph
from bloesem.rights.identify import Who, identify
from bloesem.rights.judge import Judge, Standing
from bloesem.rights.keeping import NoRecord, Record
from bloesem.rights.trouble import explain
from bloesem.rights.whose import Kept, Outcome, Reach, leave, reached, shown
from bloesem.rights.world import Person, Ref, Row, World, gather
from bloesem.stores.postgres import Connection

#: How often an act is begun again when somebody wrote the same rows meanwhile.
ATTEMPTS = 5
Result = TypeVar("Result")
Wanted = Sequence[Sequence[Who]]


@dataclass(frozen=True)
class Draft:
    """What is to be written, and of the rows that stay, why. `said`: what the act is bound to besides."""

    made: Sequence[Changes]
    staying: Sequence[tuple[Ref, str, dt.date | None]] = ()
    said: Any = None


#: Says what is written, of the rows found and how each person reaches them.
Drafter = Callable[[World, Sequence[Mapping[Ref, Reach]]], Draft]


@dataclass(frozen=True)
class Done:
    """What was done, or would be. `tables`: per table, rows deleted, changed and kept, by key. `plan`: its hash."""

    tables: Mapping[str, Mapping[str, Sequence[Any]]]
    statements: int
    plan: str
    people: tuple[Person, ...]
    done: bool

    def json(self) -> dict[str, Any]:
        return {"tables": self.tables, "residue": [], "statements": self.statements, "plan": self.plan}


@dataclass
class Desk:
    """Where requests about people of one database are carried out. The connection commits each statement by itself."""

    connection: Connection
    graph: Graph
    judge: Judge
    record: Record = field(default_factory=NoRecord)
    progress: Callable[[str, int], None] | None = None
    _fetch: SqlFetch = field(init=False, repr=False)
    _left: World = field(init=False, repr=False)
    _deleted: Sequence[Ref] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        prepare(self.connection)

    # ---- to be shown ------------------------------------------------------------------------------------------

    def access(self, wanted: Wanted) -> dict[str, Any]:
        """in: one person. out: every row that concerns them, and why it is there.

        raises: RightsError when it is not one person, StoreError when the database goes away.
        """

        def told(world: World, way: Mapping[Ref, Reach], standing: Standing) -> dict[str, Any]:
            tables: dict[str, list[dict[str, Any]]] = {}
            why: dict[str, tuple[dict[int, tuple[Verdict, ...]], set[str | None]]] = {}
            columns: dict[tuple[Any, ...], list[str]] = {}
            for ref in sorted(way):
                name, row, edges = ref[0], world.row(ref), way[ref].edges
                along = (name, *edges)
                visible = columns.get(along)
                if visible is None:
                    mine = shown(world, ref, way[ref])
                    visible = columns[along] = [c for c in self.graph.tables[name].live.columns if c in mine]
                    tables.setdefault(name, [])
                    why.setdefault(name, ({}, set()))
                values = row.values
                tables[name].append({c: values[c] for c in visible})
                for path in self.graph.tables[name].hidden:
                    if path[0] in tables[name][-1]:
                        tables[name][-1][path[0]] = _without(tables[name][-1][path[0]], path[1:])
                judged = self.judge.verdicts(standing, row, self.number(standing, row))
                verdicts, sources = why[name]
                verdicts[id(judged)] = judged
                sources.add(self.judge.source(row))
            return {
                "person": self.name(world.people[0]),
                "tables": tables,
                "why": {name: because(judged.values(), sources) for name, (judged, sources) in why.items()},
            }

        return self.look(wanted, told)

    def look(self, wanted: Wanted, tell: Callable[[World, Mapping[Ref, Reach], Standing], Result]) -> Result:
        """What `tell` says of one person's rows, how they are reached, and how the person stands. raises: as `access`."""

        def once() -> Result:
            with self._transaction(read_only=True):
                world = self._world(wanted, None, lock=False)
                way = reached(world, world.people[0])
                return tell(world, way, self.judge.standing(world, way, self.record.facts(world.people)[0]))

        return self._retried(once)

    def number(self, standing: Standing, row: Row) -> int | None:
        """The number of a row in facts, where there are facts about rows."""
        return self.record.number(row.ref) if standing.items else None

    def name(self, person: Person) -> dict[str, Any]:
        """The rows that are the person, and what identifies them."""
        return {
            "rows": [
                f"{table}.{','.join(self.graph.tables[table].key)}={','.join(key)}"
                for table, key in sorted(person.roots)
            ],
            **{kind: sorted(values) for kind, values in sorted(person.identities.items()) if values},
        }

    def statements(self) -> Mapping[str, int]:
        """How often the last request asked each table; what it wrote is one statement more."""
        return self._fetch.statements

    # ---- to be erased -----------------------------------------------------------------------------------------

    def rehearse(self, wanted: Wanted, *, ground: str = "17(1)(a)", show_values: bool = False) -> Done:
        """Does it all, and takes it back. raises: as `erase`."""
        return self.carry_out("erase", wanted, self._erasure(ground), dry_run=True, show_values=show_values)

    def erase(
        self, wanted: Wanted, *, ground: str = "17(1)(a)", plan: str | None = None, show_values: bool = False
    ) -> Done:
        """in: the people, all at once; `plan`: what a rehearsal was bound to.

        raises: RightsError for who is not one person, for a plan that is no longer so, and for what the database would
        refuse, with the remedy: nothing is written then. StoreError when the database goes away.
        """
        draft = self._erasure(ground)
        done = self.carry_out("erase", wanted, draft, plan=plan, show_values=show_values)
        seen, gone = set(self._left.reached), {ref: self._left.row(ref) for ref in self._deleted}
        for _ in range(ATTEMPTS):
            late = self._late(draft, seen, gone, show_values)
            if late is None:
                return done
            done = _together(done, late)
            if not any(one["deleted"] for one in late.tables.values()):
                return done
        raise RightsError(
            "rows about these people keep coming in",
            "what was there is erased; an application still writes about them, and no foreign key refuses it",
            "stop it from writing about them, then erase again",
        )

    def carry_out(
        self,
        kind: str,
        wanted: Wanted,
        draft: Drafter,
        *,
        plan: str | None = None,
        dry_run: bool = False,
        show_values: bool = False,
    ) -> Done:
        """One act: `draft` says what is written, of the rows found and whose they are. raises: as `erase`."""

        def find() -> World:
            return self._world(wanted, None if show_values else self.judge.columns, lock=True)

        return self._retried(lambda: self._carry_out(kind, find, draft, plan, dry_run, show_values))

    def _carry_out(
        self,
        kind: str,
        find: Callable[[], World],
        draft: Drafter,
        plan: str | None,
        dry_run: bool,
        show: bool,
    ) -> Done:
        begun = False
        counts: dict[str, dict[str, int]] = {}
        try:
            with self._transaction(undo=dry_run):
                world = find()
                drafted = draft(world, [reached(world, person) for person in world.people])
                bound = self._hash(kind, world, drafted)
                if plan is not None and plan != bound:
                    raise RightsError(
                        "the plan is no longer what was rehearsed",
                        "data, map, schema, policy or day changed since: what nobody saw is not done",
                        "rehearse again: --dry-run",
                    )
                made = drafted.made
                counts = {
                    c.table.qualified: {"deleted": len(c.deleted), "changed": len(c.written)} for c in made
                }
                if not dry_run:
                    self.record.begin(kind, bound, world.people)
                    begun = True
                transaction = write(self.connection, made, rehearsed=dry_run)
                statements = self._fetch.statements.total() + (transaction is not None)
                if begun:
                    self.record.under(transaction or "")
                tables = self._difference(world, drafted, show)
        except BaseException:
            if begun and not self.connection.broken:  # whoever asks next asks the server how it ended
                self.record.finish(False, {})
            raise
        if begun:
            self.record.finish(True, counts)
        self._left, self._deleted = world, [(c.table.qualified, key) for c in made for key in c.deleted]
        return Done(tables, statements, bound, world.people, not dry_run)

    def _late(self, draft: Drafter, seen: set[Ref], gone: dict[Ref, Row], show: bool) -> Done | None:
        """Looks once more along the links that no foreign key vouches for: somebody may have written about these people
        meanwhile. in: the rows seen, and those gone; both grow. out: what was done; None when nothing came."""
        people = self._left.people

        def find(lock: bool = True) -> World:
            self._fetch = SqlFetch(self.connection, self.graph, None if show else self.judge.columns, lock)
            return gather(self.graph, people, self._fetch, ghosts=gone.values())

        def rest(world: World, ways: Sequence[Mapping[Ref, Reach]]) -> Draft:
            drafted = draft(world, ways)
            for one in drafted.made:
                one.deleted = [key for key in one.deleted if (one.table.qualified, key) not in gone]
            return Draft([one for one in drafted.made if one.deleted or one.written], said="late")

        def look() -> bool:
            with self._transaction(read_only=True):
                return self._came(find(lock=False).reached, seen, gone)

        if not self.graph.loose or not self._retried(look):
            return None
        done = self._retried(lambda: self._carry_out("erase", find, rest, None, False, show))
        seen |= self._left.reached
        gone |= {ref: self._left.row(ref) for ref in self._deleted}
        return done

    def _came(self, now: set[Ref], seen: set[Ref], gone: Mapping[Ref, Row]) -> bool:
        """Whether rows came in. Of a table without a key rows are counted: one that was changed lies elsewhere since."""
        placed = {name for name, table in self.graph.tables.items() if table.key == PLACE}
        before = Counter(ref[0] for ref in seen - gone.keys())
        after = Counter(ref[0] for ref in now - gone.keys())
        return any(ref[0] not in placed for ref in now - seen) or any(after[n] > before[n] for n in placed)

    def _erasure(self, ground: str) -> Drafter:
        def draft(world: World, ways: Sequence[Mapping[Ref, Reach]]) -> Draft:
            outcome = self._judged(world, ways, ground)
            return Draft(changes(world, outcome), tuple(self._staying(world, ways, outcome)), ground)

        return draft

    def _judged(self, world: World, ways: Sequence[Mapping[Ref, Reach]], ground: str) -> Outcome:
        standings = [
            self.judge.standing(world, way, facts, erasure=ground)
            for facts, way in zip(self.record.facts(world.people), ways, strict=True)
        ]

        def keeps(number: int, row: Row) -> Kept | None:
            standing = standings[number]
            return self.judge.kept(standing, row, self.number(standing, row))

        return leave(world, ways, keeps)

    def _hash(self, kind: str, world: World, draft: Draft) -> str:
        said = [
            [kind, self.graph.digest, self.judge.digest, draft.said, draft.staying],
            [
                (sorted(p.roots), sorted((k, sorted(v)) for k, v in p.identities.items()))
                for p in world.people
            ],
            sorted((name, key, row.digest) for name, rows in world.rows.items() for key, row in rows.items()),
            [(c.table.qualified, c.deleted, sorted(c.written.items())) for c in draft.made],
        ]
        return hashlib.sha256(json.dumps(said, default=str).encode()).hexdigest()

    def _difference(self, world: World, draft: Draft, show: bool) -> dict[str, dict[str, list[Any]]]:
        said: dict[str, dict[str, list[Any]]] = {}

        def table(name: str) -> dict[str, list[Any]]:
            return said.setdefault(name, {"deleted": [], "changed": [], "kept": []})

        for one in draft.made:
            name = one.table.qualified
            for key in one.deleted:
                row = world.rows[name][key]
                table(name)["deleted"].append({**row.values, **self._key(row)} if show else self._key(row))
            for key, written in one.written.items():
                row = world.rows[name][key]
                change: dict[str, Any] = {"key": self._key(row), "columns": [w.column for w in written]}
                if show:
                    change["values"] = {w.column: row.values.get(w.column) for w in written}
                table(name)["changed"].append(change)
        for ref, reason, until in draft.staying:
            kept = {"key": self._key(world.row(ref)), "reason": reason, "until": until and until.isoformat()}
            table(ref[0])["kept"].append(kept)
        return dict(sorted(said.items()))

    def _staying(
        self, world: World, ways: Sequence[Mapping[Ref, Reach]], outcome: Outcome
    ) -> Iterator[tuple[Ref, str, dt.date | None]]:
        for ref, kept in sorted(outcome.kept.items()):
            yield ref, kept.reason, kept.until
        rest = {ref: reach for way in ways for ref, reach in way.items()}
        for ref in sorted(rest.keys() - outcome.deleted - outcome.kept.keys()):
            if self.graph.tables[ref[0]].people:
                continue
            owns = any(ref in way and way[ref].owner for way in ways)
            yield ref, "somebody else's too" if owns else "somebody else's, shared with this person", None

    def _key(self, row: Row) -> dict[str, Any]:
        table = self.graph.tables[row.table]
        if table.key == PLACE:
            return {"ctid": row.key[1]}
        return {c: row.values[c] for c in table.key}

    # ---- both -------------------------------------------------------------------------------------------------

    def _world(self, wanted: Wanted, columns: Mapping[str, frozenset[str]] | None, *, lock: bool) -> World:
        self._fetch = SqlFetch(self.connection, self.graph, columns, lock)
        people = identify(self.graph, self._fetch, wanted)
        world = gather(self.graph, people, self._fetch, self.progress)
        for person in people:
            if not person.roots and not reached(world, person):
                raise RightsError(
                    "nobody is found by that",
                    "a request is about one person, who is found by what the map says identifies people",
                    "check it, or name the person otherwise",
                )
        return world

    @contextmanager
    def _transaction(self, *, read_only: bool = False, undo: bool = False) -> Iterator[None]:
        self.connection.isolation_level = IsolationLevel.REPEATABLE_READ
        self.connection.read_only = read_only
        with self.connection.transaction(force_rollback=undo):
            yield

    def _retried(self, work: Callable[[], Result]) -> Result:
        """Begins again when somebody else was writing the same; what is refused for good is explained."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with _uncollected():
                    return work()
            except psycopg.Error as fault:
                raced = isinstance(
                    fault,
                    psycopg.errors.SerializationFailure
                    | psycopg.errors.DeadlockDetected
                    | psycopg.errors.ForeignKeyViolation,
                )
                if not raced or attempt == ATTEMPTS:
                    raise explain(fault) from None
        raise AssertionError


@contextmanager
def _uncollected() -> Iterator[None]:
    """Rows by the thousand, none of them garbage before the end: looking for it again and again costs most."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _without(value: Any, path: Sequence[str]) -> Any:
    """A json value without what lies at a path."""
    if isinstance(value, list):
        return [_without(one, path) for one in value]
    if not isinstance(value, dict):
        return value
    if len(path) == 1:
        return {k: v for k, v in value.items() if k != path[0]}
    return {k: _without(v, path[1:]) if k == path[0] else v for k, v in value.items()}


def _together(one: Done, other: Done) -> Done:
    """What two passes did, each row once."""
    tables: dict[str, Mapping[str, Sequence[Any]]] = {}
    for name in sorted({*one.tables, *other.tables}):
        first, then = (
            done.tables.get(name, {"deleted": [], "changed": [], "kept": []}) for done in (one, other)
        )
        told = [row["key"] for row in then["changed"]], [row["key"] for row in then["kept"]]
        tables[name] = {
            "deleted": [*first["deleted"], *then["deleted"]],
            "changed": [*(row for row in first["changed"] if row["key"] not in told[0]), *then["changed"]],
            "kept": [*(row for row in first["kept"] if row["key"] not in told[1]), *then["kept"]],
        }
    return Done(tables, one.statements + other.statements, one.plan, one.people, one.done)


def because(judged: Iterable[tuple[Verdict, ...]], sources: set[str | None]) -> dict[str, Any]:
    """Of all rows of a table: the purposes, the last day on which any is kept (None: no end known), where they came from."""
    alive = [v for verdicts in judged for v in verdicts if v.use or v.keep]
    ends = [v.until for v in alive if v.keep]
    last = None if not ends or None in ends else max(end for end in ends if end is not None)
    said = sorted(source for source in sources if source is not None)
    return {
        "purposes": sorted({v.purpose for v in alive}),
        "until": last.isoformat() if last else None,
        "source": said[0] if len(said) == 1 else said or None,
    }

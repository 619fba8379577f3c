"""What a person asks of a database that is not ours: to be shown what is there, and to be erased.

Each is one transaction that sees one moment. An act finds, judges, writes and checks in it: whole, or not begun.
"""

from __future__ import annotations

import datetime as dt
import gc
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import psycopg
from psycopg import IsolationLevel

from bloesem.errors import RightsError
from bloesem.plan.calculus import Verdict
from bloesem.plan.model import Fact
from bloesem.rights.addressed import Roles, columns, known, roles
from bloesem.rights.binding import Draft, binding
from bloesem.rights.changes import Changes, changes, deciding, writing
from bloesem.rights.fetch import Reading, SqlFetch, prepare
from bloesem.rights.graph import PLACE, Graph
from bloesem.rights.identify import Found, Who
from bloesem.rights.judge import Judge, Standing
from bloesem.rights.keeping import NoRecord, Record
from bloesem.rights.taking import Leaf, Otherwise, leaves
from bloesem.rights.telling import difference, visible
from bloesem.rights.trouble import explain
from bloesem.rights.ways import Ways
from bloesem.rights.whose import Kept, Outcome, Way, leave, reached
from bloesem.rights.world import Person, Ref, Refs, Row, World, gather
from bloesem.stores.postgres import Connection

#: How often an act is begun again when somebody wrote the same rows meanwhile.
ATTEMPTS = 5
Result = TypeVar("Result")
Wanted = Sequence[Sequence[Who]]


#: Says what is written, of the rows found and how each person reaches them.
Drafter = Callable[[World, Ways], Draft]


@dataclass(frozen=True)
class Done:
    """What was done, or would be. `tables`: per table, rows deleted, changed and kept, by key. `plan`: its hash. `told`: the
    recipients that are told of it (art. 19), where Bloesem knows who got what."""

    tables: Mapping[str, Mapping[str, Sequence[Any]]]
    statements: int
    plan: str
    people: tuple[Person, ...]
    done: bool
    told: Sequence[Mapping[str, Any]] = ()

    def json(self) -> dict[str, Any]:
        return {
            "tables": self.tables,
            "residue": [],
            "told": self.told,
            "statements": self.statements,
            "plan": self.plan,
        }


@dataclass
class Desk:
    """Where requests about people of one database are carried out. The connection commits each statement by itself."""

    connection: Connection
    graph: Graph
    judge: Judge
    record: Record = field(default_factory=NoRecord)
    progress: Callable[[str, int], None] | None = None
    _readings: dict[tuple[bool, bool], Reading] = field(default_factory=dict, init=False, repr=False)
    _fetch: SqlFetch = field(init=False, repr=False)
    _left: World = field(init=False, repr=False)
    _made: Sequence[Changes] = field(default=(), init=False, repr=False)
    #: Of whom facts were asked while their rows were looked for, and what they are.
    _asked: tuple[Sequence[Person], Sequence[Sequence[Fact]]] | None = field(
        default=None, init=False, repr=False
    )
    #: Tables of which a row was kept: read first from then on.
    _read: set[str] = field(default_factory=set, init=False, repr=False)

    def __post_init__(self) -> None:
        prepare(self.connection)

    # ---- to be shown ------------------------------------------------------------------------------------------

    def access(self, wanted: Wanted) -> dict[str, Any]:
        """in: one person. out: every row that concerns them, and why it is there.

        raises: RightsError when it is not one person, StoreError when the database goes away.
        """

        def told(world: World, way: Way, standing: Standing) -> dict[str, Any]:
            tables: dict[str, list[dict[str, Any]]] = {}
            why: dict[str, dict[str, Any]] = {}
            for name in sorted(way):
                rows = [world.rows[name][key] for key in sorted(way[name])]
                tables[name] = visible(world, name, way[name], rows)
                why[name] = self._why(standing, rows)
            return {"person": self.name(world.people[0]), "tables": tables, "why": why}

        return self.look(wanted, told)

    def _why(self, standing: Standing, rows: Sequence[Row]) -> dict[str, Any]:
        """Of all rows of a table: the purposes, the last day on which any is kept (None: no end known), where they came
        from."""
        judged = {}
        for alike in self.judge.alike(standing, rows):
            verdicts = self.judge.verdicts(standing, alike[0], self.number(standing, alike[0]))
            judged[id(verdicts)] = verdicts
        return because(judged.values(), self.judge.sources(rows))

    def look(self, wanted: Wanted, tell: Callable[[World, Way, Standing], Result]) -> Result:
        """What `tell` says of one person's rows, how they are reached, and how the person stands. raises: as `access`."""

        def once() -> Result:
            with self._transaction(read_only=True):
                self._fetch = self._asking(None, lock=False)
                world = self._world(wanted)
                way = reached(world, world.people[0])
                return tell(world, way, self.judge.standing(world, way, self.record.facts(world.people)[0]))

        return self._retried(once)

    @cached_property
    def _columns(self) -> Mapping[str, frozenset[str]]:
        """What an act must know of rows: what decides about them, and by what their people are looked for afterwards."""
        return columns(self.graph, self.judge.columns)

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
        draft = self._erasure(ground)
        return self.carry_out("erase", wanted, draft, dry_run=True, show_values=show_values, take=True)

    def erase(
        self, wanted: Wanted, *, ground: str = "17(1)(a)", plan: str | None = None, show_values: bool = False
    ) -> Done:
        """in: the people, all at once; `plan`: what a rehearsal was bound to.

        raises: RightsError for who is not one person, for a plan that is no longer so, and for what the database would
        refuse, with the remedy: nothing is written then. StoreError when the database goes away.
        """
        draft = self._erasure(ground)
        done = self.carry_out("erase", wanted, draft, plan=plan, show_values=show_values, take=True)
        if not self.graph.loose:
            return done
        seen, gone = _refs(self._left.reached), self._gone()
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
        take: bool = False,
    ) -> Done:
        """One act: `draft` says what is written, of the rows found and whose they are. raises: as `erase`.

        in: `take`, whether rows that can only go are deleted as they are found (`rights.taking`).
        """
        taken = {n: leaf for n, leaf in self._leaves.items() if n not in self._read}

        def find(leaves: Mapping[str, Leaf]) -> World:
            self._fetch = self._asking(None if show_values else self._columns, lock=True)
            return self._world(wanted, leaves)

        def act(leaves: Mapping[str, Leaf]) -> Done:
            return self._retried(
                lambda: self._carry_out(kind, lambda: find(leaves), draft, plan, dry_run, show_values), kind
            )

        if not take or show_values:
            return act({})
        try:
            return act(taken)
        except Otherwise as kept:
            self._read |= kept.tables
            return act({})

    @cached_property
    def _leaves(self) -> Mapping[str, Leaf]:
        return leaves(self.graph, self.judge.columns, self._roles.keys() | self.judge.dated.keys())

    @cached_property
    def _roles(self) -> Roles:
        return roles(self.graph)

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
                ways = Ways(world)
                drafted = draft(world, ways)
                made = drafted.made
                counts = {
                    c.table.qualified: {"deleted": len(c.deleted), "changed": len(c.written)} for c in made
                } | {
                    name: {"deleted": len(one.keys), "changed": 0}
                    for name, one in world.taken.items()
                    if one.keys
                }
                number = "" if dry_run else self._fetch.number()
                held, taken = deciding(world, made), bool(world.taken)
                with (
                    ExitStack() as recorded,
                    writing(self.connection, made, held, rehearsed=dry_run, taken=taken) as written,
                ):
                    self._left, self._made = world, made
                    bound = binding(kind, world, self.judge.digest, drafted)
                    if plan is not None and plan != bound:
                        raise RightsError(
                            "the plan is no longer what was rehearsed",
                            "data, map, schema, policy or day changed since: what nobody saw is not done",
                            "rehearse again: --dry-run",
                        )
                    if not dry_run:
                        whom = known(world, ways, self._roles) if kind == "erase" else world.people
                        begun = True
                        recorded.enter_context(self.record.begun(kind, bound, whom, number))
                    tables = difference(world, made, drafted.staying, show)
        except BaseException:
            if begun and not self.connection.broken:  # whoever asks next asks the server how it ended
                self.record.finish(False, {})
            raise
        if begun:
            self.record.finish(True, counts)
        statements = self._fetch.statements.total() + written
        return Done(tables, statements, bound, world.people, not dry_run)

    def _late(self, draft: Drafter, seen: set[Ref], gone: dict[Ref, Row], show: bool) -> Done | None:
        """Looks once more along the links that no foreign key vouches for: somebody may have written about these people
        meanwhile. in: the rows seen, and those gone; both grow. out: what was done; None when nothing came."""
        people = self._left.people

        def find(lock: bool = True) -> World:
            self._fetch = self._asking(None if show else self._columns, lock=lock)
            return gather(self.graph, lambda: people, self._fetch, ghosts=gone.values())

        def rest(world: World, ways: Ways) -> Draft:
            drafted = draft(world, ways)
            for one in drafted.made:
                one.deleted = [key for key in one.deleted if (one.table.qualified, key) not in gone]
            return Draft([one for one in drafted.made if one.deleted or one.written], said="late")

        def look() -> bool:
            with self._transaction(read_only=True):
                return self._came(_refs(find(lock=False).reached), seen, gone)

        if not self._retried(look):
            return None
        done = self._retried(lambda: self._carry_out("erase", find, rest, None, False, show))
        seen |= _refs(self._left.reached)
        gone |= self._gone()
        return done

    def _gone(self) -> dict[Ref, Row]:
        """The rows that the last act deleted."""
        tables = ((one.table.qualified, one.deleted) for one in self._made)
        return {(name, key): self._left.rows[name][key] for name, keys in tables for key in keys}

    def _came(self, now: set[Ref], seen: set[Ref], gone: Mapping[Ref, Row]) -> bool:
        """Whether rows came in. Of a table without a key rows are counted: one that was changed lies elsewhere since."""
        placed = {name for name, table in self.graph.tables.items() if table.key == PLACE}
        before = Counter(ref[0] for ref in seen - gone.keys())
        after = Counter(ref[0] for ref in now - gone.keys())
        return any(ref[0] not in placed for ref in now - seen) or any(after[n] > before[n] for n in placed)

    def _erasure(self, ground: str) -> Drafter:
        def draft(world: World, ways: Ways) -> Draft:
            outcome, together = self._judged(world, ways, ground)
            return Draft(changes(world, outcome), tuple(self._staying(world, together, outcome)), ground)

        return draft

    def _judged(self, world: World, ways: Ways, ground: str) -> tuple[Outcome, Sequence[Way]]:
        """out: what becomes of all rows, and how people reach them: those together who stand alike."""
        each: list[tuple[Standing, list[int]]] = []
        plain: list[int] = []  # of whom nothing is said, here or there
        for number, facts in enumerate(self._known(world.people)):
            way = ways[number] if self.judge.dated else {}
            if way or facts:
                each.append((self.judge.standing(world, way, facts, erasure=ground), [number]))
            else:
                plain.append(number)
        if plain:
            each.append((self.judge.standing(world, {}, (), erasure=ground), plain))
        standings = [one for one, _ in each]
        self._taken(world, standings)
        together = [ways.of(numbers) for _, numbers in each]

        def keeps(owned: Mapping[str, Mapping[int, Sequence[Row]]]) -> Iterator[tuple[Ref, Kept]]:
            for those in owned.values():
                for number, rows in those.items():
                    standing = standings[number]
                    for alike in self.judge.alike(standing, rows):
                        kept = self.judge.kept(standing, alike[0], self.number(standing, alike[0]))
                        if kept is not None:
                            yield from ((row.ref, kept) for row in alike)

        return leave(world, together, keeps), together

    def _ask(self, people: Sequence[Person]) -> None:
        self._asked = people, self.record.facts(people)

    def _known(self, people: Sequence[Person]) -> Sequence[Sequence[Fact]]:
        """What is recorded about each; asked for now, if it was not while their rows were looked for."""
        asked, self._asked = self._asked, None
        return asked[1] if asked is not None and asked[0] is people else self.record.facts(people)

    def _taken(self, world: World, standings: Sequence[Standing]) -> None:
        """raises: Otherwise where anybody's row that was taken is kept."""
        if world.taken and any(standing.items for standing in standings):  # facts about single rows
            raise Otherwise
        kept = [
            {
                name
                for name, taken in world.taken.items()
                if any(self.judge.keeps(standing, name, held, taken.leaf.row) for held in taken.held)
            }
            for standing in standings
        ]
        if any(kept):  # what is kept of somebody alone need not be of the next
            raise Otherwise(frozenset.intersection(*map(frozenset, kept)))

    def _staying(
        self, world: World, ways: Sequence[Way], outcome: Outcome
    ) -> Iterator[tuple[Ref, str, dt.date | None]]:
        for ref, kept in sorted(outcome.kept.items()):
            yield ref, kept.reason, kept.until
        for edge in self.graph.named:
            for value in world.shared(edge):
                for key in world.keys(edge.holder, edge.columns, value):
                    if key not in world.reached.get(edge.holder, ()):
                        yield (edge.holder, key), _SHARED, None
        rest: dict[Ref, bool] = {}
        for way in ways:
            for name in way.keys() - self.graph.people:
                for key in way[name].keys() - outcome.deleted.get(name, ()):
                    rest[name, key] = way[name][key].owner or rest.get((name, key), False)
        for ref in sorted(rest.keys() - outcome.kept.keys()):
            why = "somebody else's too" if rest[ref] else "somebody else's, shared with this person"
            yield ref, why, None

    # ---- both -------------------------------------------------------------------------------------------------

    def _asking(self, columns: Mapping[str, frozenset[str]] | None, *, lock: bool) -> SqlFetch:
        """in: the columns that are asked for besides links (None: all); whether people's rows are locked for an act."""
        at = (columns is None, lock)
        if at not in self._readings:
            self._readings[at] = Reading(self.graph, columns, versioned=lock)
        return SqlFetch(self.connection, self._readings[at], lock)

    def _world(self, wanted: Wanted, leaves: Mapping[str, Leaf] | None = None) -> World:
        found = Found(self.graph, self._fetch, wanted)
        world = gather(
            self.graph, found.people, self._fetch, self.progress,
            roots=found.roots, leaves=leaves, meanwhile=self._ask,
        )  # fmt: skip
        for person in world.people:
            if not person.roots and not reached(world, person):
                raise RightsError(
                    "nobody is found by that",
                    "a request is about one person, who is found by what the map says identifies people",
                    "check it, or name the person otherwise",
                )
        return world

    @contextmanager
    def _transaction(self, *, read_only: bool = False, undo: bool = False) -> Iterator[None]:
        if self.connection.isolation_level is not IsolationLevel.REPEATABLE_READ:
            self.connection.isolation_level = IsolationLevel.REPEATABLE_READ
        if self.connection.read_only is not read_only:
            self.connection.read_only = read_only
        with self.connection.transaction(force_rollback=undo):
            yield

    def _retried(self, work: Callable[[], Result], kind: str = "erase") -> Result:
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
                if not (raced or self._drawn(fault) or _replan(fault)) or attempt == ATTEMPTS:
                    raise explain(fault, kind) from None
        raise AssertionError

    def _drawn(self, fault: psycopg.Error) -> bool:
        """Whether a mask was drawn that another row has: drawn again, it is another."""
        twice = isinstance(fault, psycopg.errors.UniqueViolation | psycopg.errors.ExclusionViolation)
        return twice and any(w.drawn for one in self._made for ws in one.written.values() for w in ws)


def _replan(fault: psycopg.Error) -> bool:
    """Whether somebody altered a table since a statement was prepared. The driver forgets it then: begun again, it is
    prepared anew. PostgreSQL has no code of its own for it, and says it in the server's language: where it says so does not
    change."""
    return fault.sqlstate == "0A000" and fault.diag.source_function == "RevalidateCachedQuery"


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


#: Why a row that names somebody by what two people have in common stays.
_SHARED = "named by what two people are known by: whose it is somebody must decide"


def _refs(rows: Refs) -> set[Ref]:
    return {(table, key) for table, keys in rows.items() for key in keys}


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

"""What is written: an outcome becomes, per table, rows that go and rows of which columns change, and one statement does all
of it. Foreign keys are checked when a statement ends, so no order of tables is needed, nor could one be for cycles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from bloesem.errors import RightsError
from bloesem.plan.quoting import qualified
from bloesem.rights.fetch import ROW, array, bare, column, source, typed
from bloesem.rights.graph import PLACE, Table
from bloesem.rights.masks import DRAWN, constant, document, erased
from bloesem.rights.whose import Cut, Outcome
from bloesem.rights.world import Ref, Row, Value, World
from bloesem.source import NOWHERE, Problem, placed, refuse
from bloesem.stores.postgres import Connection, pipelined


@dataclass(frozen=True)
class Write:
    """One column of a row: the SQL of its new value; or `without`, elements that leave an array; or `value`, as text."""

    column: str
    sql: str = ""
    without: tuple[str, ...] | None = None
    value: str | None = None

    @property
    def kind(self) -> tuple[str, str]:
        """What rows have in common whose column changes in the same way."""
        return self.column, self.sql or ("without" if self.without is not None else "value")

    @property
    def drawn(self) -> bool:
        """Whether it becomes something else each time."""
        return any(drawn in self.sql for drawn in DRAWN)

    @property
    def given(self) -> str | None:
        return self.value if self.without is None else array(self.without)


@dataclass
class Changes:
    """Of one table: the keys of rows that go, and what changes of rows that stay."""

    table: Table
    deleted: list[Value] = field(default_factory=list)
    written: dict[Value, tuple[Write, ...]] = field(default_factory=dict)


def changes(world: World, outcome: Outcome) -> list[Changes]:
    """in: what becomes of every row. out: per table, in the order of names, what is written.

    raises: RightsError that lists, by table and column, each value that could not become what it should.
    """
    made = _Maker(world)
    for name, keys in outcome.deleted.items():
        if keys:
            one = len(made.graph.tables[name].key) == 1
            made.of(name).deleted = sorted(keys, key=itemgetter(0) if one else None)
    for ref in sorted({*outcome.blanked, *outcome.cut}):
        written = made.written(world.row(ref), outcome.blanked.get(ref, set()), outcome.cut.get(ref, []))
        if written:
            made.of(ref[0]).written[ref[1]] = written
    for ref in outcome.blanked:
        made.moved(ref, outcome)
    refuse(list(made.problems()), RightsError)
    return [made.tables[name] for name in sorted(made.tables)]


class _Maker:
    def __init__(self, world: World) -> None:
        self.world, self.graph = world, world.graph
        self.tables: dict[str, Changes] = {}
        self.wrong: dict[tuple[str, str], tuple[str, str]] = {}

    def of(self, name: str) -> Changes:
        return self.tables.setdefault(name, Changes(self.graph.tables[name]))

    def written(self, row: Row, blanked: set[str], cuts: Sequence[Cut]) -> tuple[Write, ...]:
        table = self.graph.tables[row.table]
        found: dict[str, Write] = {}
        inside: dict[str, list[str]] = {}
        for name in sorted(blanked & table.paths.keys()):
            if table.paths[name][0] not in blanked:
                inside.setdefault(table.paths[name][0], []).append(name)
        for name, paths in inside.items():
            found[name] = Write(name, document(table, name, paths))
        columns = sorted(blanked - table.paths.keys())
        for name in columns:
            if not table.live.columns[name].generated:
                said = erased(table, name)
                if said is None:
                    unique = table.live.tells_apart(name)
                    self._cannot(
                        table, name, "on_erase: redact" if unique else "meta.erased: what it becomes"
                    )
                else:
                    found[name] = Write(name, said)
        for cut in cuts:
            found.update((write.column, write) for write in self._cut(table, cut))
        for name in columns:
            live = table.live.columns[name]
            if live.generated and not found.keys() & {*live.made_of}:
                what = "is made by the database, of nothing that is erased: it would stay"
                remedy = "write on_erase: keep, or give a category to what it is made of"
                self.wrong[table.qualified, name] = (what, remedy)
        return tuple(found[name] for name in sorted(found))

    def _cut(self, table: Table, cut: Cut) -> Iterator[Write]:
        edge = cut.edge
        if edge.array:
            gone = tuple(sorted(v[0] for v in cut.gone))
            yield Write(edge.columns[0], without=gone)
            return
        held = self.graph.held[table.qualified]
        others = {c for e in held if {*e.columns} != {*edge.columns} for c in e.columns}
        own = [c for c in edge.columns if c not in others]
        if edge.placeholder is not None:
            for one in (table.live.columns[c] for c in own or edge.columns):
                yield Write(one.name, constant(one, edge.placeholder))
            return
        if edge.person is not None:
            name = edge.columns[0]
            if table.fields[name].meta.on_erase == "keep":
                return
            said = erased(table, name)
            if said is not None and name not in table.key:
                yield Write(name, said)
            else:
                self._cannot(table, name, "placeholder, on the link: what it becomes")
            return
        free = [c for c in own if not table.live.columns[c].required and c not in table.key]
        if not free:  # what another link says is not this one's to empty
            self._cannot(table, edge.columns[-1], "placeholder, on the link: what it points to from then on")
        yield from (Write(name, "NULL") for name in free)

    def moved(self, ref: Ref, outcome: Outcome) -> None:
        """What points to a value that changes, and that the database would change along, in no plan."""
        written = {w.column for w in self.of(ref[0]).written.get(ref[1], ())}
        for edge in self.graph.pointing[ref[0]]:
            if not edge.moved or not written & {*edge.of}:
                continue
            for value in self.world.row(ref).pointers(edge.of):
                for key in self.world.keys(edge.holder, edge.columns, value):
                    made = self.of(edge.holder).written.get(key, ())
                    if key in outcome.deleted.get(edge.holder, ()) or any(
                        w.column in edge.columns for w in made
                    ):
                        continue
                    what = f"changes, and rows of {edge.holder} point to it that the database would change along (ON UPDATE)"
                    remedy = "write on_erase: keep, or let the foreign key do nothing on update"
                    self.wrong[ref[0], sorted(written & {*edge.of})[0]] = (what, remedy)

    def _cannot(self, table: Table, name: str, remedy: str) -> None:
        self.wrong[table.qualified, name] = ("would be empty, and may not be (NOT NULL)", f"write {remedy}")

    def problems(self) -> Iterator[Problem]:
        for (table, name), (what, remedy) in sorted(self.wrong.items()):
            schema, _, bare = table.partition(".")
            yield Problem(
                *placed(self.graph.maps.where(schema, bare, name)),
                f"{table}.{name}",
                f"`{name}` {what}",
                "all or nothing",
                remedy,
            )
        closed = [
            made.table
            for made in self.tables.values()
            if (made.deleted or made.written) and not made.table.live.writable
        ]
        for made in self.tables.values():
            for rule in made.table.live.rules if made.deleted or made.written else ():
                name = made.table.qualified
                yield Problem(
                    *NOWHERE, name, f"the rule `{rule}` makes another statement of what is written", "all or nothing",
                    f"ALTER TABLE {name} DISABLE RULE {rule} while people are erased; make a trigger of it",
                )  # fmt: skip
        for one in sorted(closed, key=lambda table: table.qualified):
            yield Problem(
                *placed(self.graph.maps.where(one.schema, one.name)), one.qualified,
                "this login may not change and delete its rows",
                "all or nothing", f"GRANT SELECT, UPDATE, DELETE ON {qualified(one.schema, one.name)} TO the login",
            )  # fmt: skip


@dataclass(frozen=True)
class Statement:
    """One statement for all tables, and how many rows each part must touch."""

    sql: str
    given: list[Any]
    expected: Mapping[tuple[str, str], int]


def deciding(world: World, made: Sequence[Changes]) -> list[tuple[Table, list[Value]]]:
    """The rows that were looked at and stay as they are: what is written rests on them, so they are locked with it. In a
    transaction that sees one moment a row that was changed since is refused, whenever it is locked."""
    written: dict[str, set[Value]] = {c.table.qualified: {*c.deleted, *c.written} for c in made}
    staying = []
    for name, rows in sorted(world.rows.items()):
        table = world.graph.tables[name]
        if table.live.writable and not table.people:
            keys = rows.keys() - written.get(name, set())
            if keys:
                staying.append((table, sorted(keys)))
    return staying


def statement(
    made: Sequence[Changes],
    locked: Sequence[tuple[Table, Sequence[Value]]] = (),
    *,
    taken: bool = False,
) -> Statement | None:
    """The one statement that writes everything; None where nothing is written. in: `locked`, rows that must not change;
    `taken`, whether rows were deleted as they were found: these rest on the locked ones too."""
    parts: list[str] = []
    given: list[Any] = []
    expected: dict[tuple[str, str], int] = {}
    for one in made:
        for what, build, count in (
            ("deleted", _delete, len(one.deleted)),
            ("changed", _update, len(one.written)),
        ):
            if count:
                said, more = build(one)
                parts.append(f"w{len(parts)} AS ({said})")
                given += more
                expected[one.table.qualified, what] = count
    if not parts and not (taken and locked):
        return None
    for table, keys in locked:
        items, on, more = _keys(table, keys)
        names = ", ".join(f"k{i}" for i in range(len(table.key)))
        said = (
            f"SELECT true AS done FROM {source(table)}, {items} AS v ({names}) WHERE {on} FOR UPDATE OF {ROW}"
        )
        parts.append(f"w{len(parts)} AS ({said})")
        given += more
    counts = ", ".join(f"(SELECT count(*) FROM w{number} WHERE done)" for number in range(len(parts)))
    return Statement(f"WITH {', '.join(parts)} SELECT {counts}", given, expected)


def _keys(table: Table, keys: Sequence[Value]) -> tuple[str, str, list[Any]]:
    """(items of a FROM, condition, parameters) that find rows by their keys."""
    names = [f"k{i}" for i in range(len(table.key))]
    types = [typed(table.column(c)) for c in table.key]
    items = ", ".join(f"%s::text[]::{t}[]" for t in types)
    on = " AND ".join(f"{column(c)} = v.{n}" for c, n in zip(table.key, names, strict=True))
    given: list[Any] = [array([key[i] for key in keys]) for i in range(len(names))]
    if table.key == PLACE:
        on += f" AND {column('ctid')} = ANY(%s::text[]::tid[])"
        given.append(array([key[1] for key in keys]))
    return f"unnest({items})", on, given


#: A row was written. Where triggers may write something else, what it became is looked at: what a value becomes, becomes the
#: same once more, but for masks that are drawn.
_DONE = "RETURNING true AS done"


def _delete(one: Changes) -> tuple[str, list[Any]]:
    table = one.table
    if len(table.key) == 1:
        type_ = typed(table.column(table.key[0]))
        if len(one.deleted) == 1:
            where = f"{column(table.key[0])} = %s::text::{type_}"
            return f"DELETE FROM {source(table)} WHERE {where} {_DONE}", [one.deleted[0][0]]
        where = f"{column(table.key[0])} = ANY(%s::text[]::{type_}[])"
        return f"DELETE FROM {source(table)} WHERE {where} {_DONE}", [array([key[0] for key in one.deleted])]
    items, on, given = _keys(table, one.deleted)
    names = ", ".join(f"k{i}" for i in range(len(table.key)))
    return f"DELETE FROM {source(table)} USING {items} AS v ({names}) WHERE {on} {_DONE}", given


def _update(one: Changes) -> tuple[str, list[Any]]:
    """Each row's columns: `CASE` on a mark per row where rows change differently."""
    table, keys = one.table, list(one.written)
    kinds = {w.kind: w for ws in one.written.values() for w in ws}
    given_ones = [kind for kind, w in kinds.items() if not w.sql]
    marks = ["".join("01"[any(w.kind == k for w in one.written[key])] for k in kinds) for key in keys]
    same = len(set(marks)) == 1
    sets = []
    for name in dict.fromkeys(changed for changed, _ in kinds):
        said = [
            (i, w.sql or _given(table, w, given_ones.index(k)))
            for i, (k, w) in enumerate(kinds.items())
            if k[0] == name
        ]
        if same:
            sets.append(f"{bare(name)} = {said[0][1]}")
            continue
        cases = " ".join(f"WHEN substr(v.m, {i + 1}, 1) = '1' THEN {sql}" for i, sql in said)
        sets.append(f"{bare(name)} = CASE {cases} ELSE {column(name)} END")
    items, on, given = _keys(table, keys)
    names = [f"k{i}" for i in range(len(table.key))] + ["m"] + [f"g{i}" for i in range(len(given_ones))]
    items = (
        f"{items[:-1]}{', %s::text[]' * (1 + len(given_ones))}) WITH ORDINALITY AS u ({', '.join(names)}, n)"
    )
    more: list[Any] = [marks]
    for kind in given_ones:
        more.append([next((w.given for w in one.written[key] if w.kind == kind), None) for key in keys])
    at = len(table.key)
    given = [*given[:at], *more, *given[at:]]
    rows = f"(SELECT u.*, count(*) OVER () AS c FROM {items}) AS v"  # each by its number, of how many: masks of many differ
    became = []
    for i, (k, w) in enumerate(kinds.items() if table.live.does else ()):
        if not w.drawn:
            wanted = w.sql or _given(table, w, given_ones.index(k))
            is_so = f"{column(w.column)}::text IS NOT DISTINCT FROM ({wanted})::text"
            became.append(f"(substr(v.m, {i + 1}, 1) <> '1' OR {is_so})")
    done = f"RETURNING {' AND '.join(became)} AS done" if became else _DONE
    return f"UPDATE {source(table)} SET {', '.join(sets)} FROM {rows} WHERE {on} {done}", given


def _given(table: Table, write: Write, number: int) -> str:
    """The new value of a column from what is given for each row."""
    c = column(write.column)
    if write.without is None:
        return f"v.g{number}::{typed(table.live.columns[write.column])}"
    return (
        f"ARRAY(SELECT e.e FROM unnest({c}) WITH ORDINALITY AS e (e, n)"
        f" WHERE (e.e::text <> ALL (v.g{number}::text[])) IS NOT FALSE ORDER BY e.n)"
    )


@contextmanager
def writing(
    connection: Connection,
    made: Sequence[Changes],
    locked: Sequence[tuple[Table, Sequence[Value]]] = (),
    *,
    rehearsed: bool,
    taken: bool = False,
) -> Iterator[bool]:
    """Everything is written in one statement, and was at the end; what is inside is done while the server works.
    `rehearsed`: what is checked when a transaction ends is checked at once.

    out: whether there is anything to write.
    raises: RightsError when fewer or more rows were touched than planned: a trigger or rule does something else.
    """
    planned = statement(made, locked, taken=taken)
    if planned is None:
        yield False
        return
    with pipelined(connection):
        cursor = connection.execute(planned.sql.encode(), planned.given)
        yield True
    found = cursor.fetchone()
    assert found is not None
    for ((table, what), wanted), done in zip(planned.expected.items(), found, strict=False):
        if wanted != done:
            raise RightsError(
                f"{table}: {done} of {wanted} rows were {what}",
                "all or nothing: what was rehearsed is what is done",
                "look at the triggers and rules of the table: one of them keeps rows or changes others",
            )
    if rehearsed:
        connection.execute("SET CONSTRAINTS ALL IMMEDIATE")

"""Whose each row is, and what becomes of it when people leave. Pure: rows in memory, edges, and nothing else.

What is theirs alone goes. What somebody else owns too, or they only share, stays: their columns are blanked, and links to
what goes are cut. What a purpose still keeps stays, with its reason and its end; so do the rows that it hangs on.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from bloesem.rights.graph import Edge
from bloesem.rights.world import Person, Ref, Refs, Row, Value, World


@dataclass(frozen=True, slots=True, eq=False)
class Reach:
    """How a person reaches a row: as its owner or not, and along which edges (None: the row is they)."""

    owner: bool
    edges: frozenset[int | None]


#: How a person reaches rows: by table and key.
Way = Mapping[str, Mapping[Value, Reach]]


@lru_cache(4096)
def _reach(owner: bool, edges: frozenset[int | None]) -> Reach:
    """One for all rows that are reached alike."""
    return Reach(owner, edges)


@dataclass(frozen=True)
class Kept:
    """Why a row stays: `purposes` that still require it, the `columns` that they need, in words, and until when."""

    purposes: tuple[str, ...]
    columns: frozenset[str]
    reason: str
    until: dt.date | None = None


#: Of the rows given, which are owned along the ways of some numbers: what is still kept.
Keeps = Callable[[Mapping[str, Mapping[int, Sequence[Row]]]], Iterable[tuple[Ref, Kept]]]


@dataclass(frozen=True)
class Cut:
    """A link of a row whose target goes: `gone`, what it pointed to; of an array, those elements alone."""

    edge: Edge
    gone: frozenset[Value]


@dataclass
class Outcome:
    """What becomes of the rows. `blanked`: columns of rows that stay; `cut`: links of rows that stay."""

    deleted: Refs = field(default_factory=dict)
    blanked: dict[Ref, set[str]] = field(default_factory=dict)
    cut: dict[Ref, list[Cut]] = field(default_factory=dict)
    kept: dict[Ref, Kept] = field(default_factory=dict)


def reached(world: World, *people: Person) -> Way:
    """The rows that a person reaches, and how: an owner's owner owns; anything through a share is shared.

    Of several people: what any of them reaches, as owner where any owns it, along all their edges. That is the union of
    what each reaches, as nobody's way ends at a row of theirs own, and another's goes on from there.
    """
    graph = world.graph
    found: dict[str, dict[Value, Reach]] = {}
    queue: list[tuple[str, list[Value]]] = []
    roots: Refs = {}
    for person in people:
        for table, key in person.roots:
            roots.setdefault(table, set()).add(key)
    for table, own in roots.items():
        there = world.rows.get(table, {})
        keys = [key for key in own if key in there]
        if keys:
            found[table] = dict.fromkeys(keys, _reach(True, frozenset([None])))
            queue.append((table, keys))
    for edge in graph.named:
        assert edge.person is not None
        kind = edge.person
        for value in sorted({value for person in people for value in person.identities.get(kind, ())}):
            if keys := world.holding(edge, (value,)):
                queue.append((edge.holder, _arrive(found, edge, keys, edge.kind == "owner")))
    while queue:
        table, keys = queue.pop()
        down = graph.down[table]
        if table in graph.people:
            own = roots.get(table, set())
            keys = [key for key in keys if key in own]
        if not down or not keys:
            continue
        ways, rows = found[table], world.rows[table]
        owning = [rows[key] for key in keys if ways[key].owner]
        sharing = [rows[key] for key in keys if not ways[key].owner] if len(owning) < len(keys) else []
        for edge in down:
            for holders, owner in ((owning, edge.kind == "owner"), (sharing, False)):
                children = world.below(edge, holders) if holders else []
                if children:
                    queue.append((edge.child, _arrive(found, edge, children, owner)))
    for table in graph.people & found.keys():
        own = roots.get(table, set())
        for key, reach in found[table].items():
            if key not in own:  # a row that is itself a person outlives whoever it belongs to
                found[table][key] = _reach(False, reach.edges)
    return found


def _arrive(
    found: dict[str, dict[Value, Reach]], edge: Edge, keys: Sequence[Value], owner: bool
) -> list[Value]:
    """Notes a way to rows; out: those beyond which must be looked (again)."""
    new = _reach(owner, frozenset([edge.number]))
    known = found.get(edge.child)
    if known is None:
        first = found[edge.child] = dict.fromkeys(keys, new)
        return list(first)
    fresh = []
    for key in keys:
        before = known.get(key)
        if before is None:
            known[key] = new
            fresh.append(key)
        elif before is not new:
            known[key] = _reach(before.owner or owner, before.edges | new.edges)
            if owner and not before.owner:
                fresh.append(key)
    return fresh


def shown(world: World, ref: Ref, way: Reach) -> set[str]:
    """The columns of a row that a person is shown: what any one way shows; a key always."""
    table = world.graph.tables[ref[0]]
    hidden: set[str] | None = None
    for number in way.edges:
        these = set(world.graph.edges[number].redact) if number is not None else set()
        hidden = these if hidden is None else hidden & these
    columns = {c for c in table.fields if c in table.live.columns}
    hidden = (hidden or set()) | {c for c in columns if table.fields[c].meta.on_show == "redact"}
    return columns - (hidden - set(table.key))


def leave(world: World, ways: Sequence[Way], keeps: Keeps | None = None) -> Outcome:
    """What becomes of every row when all people of the world leave at once. in: `ways`, how they reach what: each, or those
    together of whom the same is kept."""
    owned = _owned(ways)
    mine: Refs = {}
    for table, those in owned.items():
        mine[table] = set().union(*those.values()) if len(those) > 1 else next(iter(those.values()))
    gone = _without(mine, _remaining(world, mine))
    result = Outcome()
    if keeps is not None:
        _keep(world, owned, gone, keeps, result)
    result.deleted = _without(gone, _by_table(result.kept))
    _blank(world, ways, gone, result)
    _cut(world, gone, result)
    return result


def _owned(ways: Sequence[Way]) -> dict[str, dict[int, set[Value]]]:
    """By table and number of the way, the rows that are owned."""
    found: dict[str, dict[int, set[Value]]] = {}
    for number, way in enumerate(ways):
        for table, reaches in way.items():
            if all(reach.owner for reach in set(reaches.values())):  # there are few ways, and many rows
                own = set(reaches)
            else:
                own = {key for key, reach in reaches.items() if reach.owner}
            if own:
                found.setdefault(table, {})[number] = own
    return found


def _by_table(refs: Iterable[Ref]) -> Refs:
    found: Refs = {}
    for table, key in refs:
        found.setdefault(table, set()).add(key)
    return found


def _without(refs: Refs, others: Refs) -> Refs:
    return {table: keys - less if (less := others.get(table)) else keys for table, keys in refs.items()}


def _among(refs: Refs, ref: Ref) -> bool:
    return ref[1] in refs.get(ref[0], ())


def owners(world: World, row: Row) -> Iterator[tuple[Edge, Row | None]]:
    """The rows that a row belongs to as its owners', each with its edge; None: somebody's outside of what was found."""
    for edge in world.graph.held[row.table]:
        if edge.turned or edge.kind != "owner" or not world.counts(edge, row):
            continue
        for value in row.pointers(edge.columns):
            if edge.person is not None:
                if not world.named(edge.person, value[0]):
                    yield edge, None
                continue
            assert edge.target is not None
            there = world.at(edge.target, edge.of, value)
            yield from ((edge, one) for one in there)
            if not there and (edge.declared or value in world.exists.get(edge.number, ())):
                yield edge, None
    for edge in world.graph.pointing[row.table]:
        if edge.turned and edge.kind == "owner":
            for value in row.pointers(edge.of):
                for holder in world.at(edge.holder, edge.columns, value):
                    if world.counts(edge, holder):
                        yield edge, holder


def _remaining(world: World, mine: Refs) -> Refs:
    """Of the rows that people own, those that somebody else owns too: they stay. A row that is a person is theirs alone."""
    parents: dict[Ref, list[tuple[Edge, Ref | None]]] = {
        (table, key): [
            (edge, other.ref if other else None) for edge, other in owners(world, world.rows[table][key])
        ]
        for table, keys in mine.items()
        if table not in world.graph.sole
        for key in keys
        if not world.is_root((table, key))
    }
    stays: set[Ref] = set()
    moved = True
    while moved:
        moved = False
        for ref, links in parents.items():
            if ref in stays:
                continue
            left = any(other is None or other in stays or not _among(mine, other) for _, other in links)
            must = any(
                not edge.last and other is not None and other not in stays and _among(mine, other)
                for edge, other in links
            )
            if left and not must:
                stays.add(ref)
                moved = True
    return _by_table(stays)


def _keep(
    world: World, owned: Mapping[str, Mapping[int, set[Value]]], gone: Refs, keeps: Keeps, result: Outcome
) -> None:
    going: dict[str, dict[int, list[Row]]] = {}
    for table, those in owned.items():
        rows, left = world.rows[table], gone[table]
        going[table] = {
            number: [rows[key] for key in (keys if keys is left else keys & left)]
            for number, keys in those.items()
        }
    for ref, kept in keeps(going):
        known = result.kept.get(ref)
        result.kept[ref] = kept if known is None else _both(known, kept)
    # What a kept row hangs on stays as long, without its values: nobody could say whose it is otherwise.
    queue = sorted(result.kept)  # a plan says the same whichever row came first
    while queue:
        ref = queue.pop()
        why = result.kept[ref]
        for _, other in owners(world, world.row(ref)):
            if other is None or not _among(gone, other.ref):
                continue
            known = result.kept.get(other.ref)
            carried = Kept((), frozenset(), f"{ref[0]} hangs on it: {_bare(why.reason)}", why.until)
            if known is None:
                result.kept[other.ref] = carried
                queue.append(other.ref)
            elif not known.purposes and _later(carried.until, known.until):
                result.kept[other.ref] = Kept((), known.columns, carried.reason, carried.until)
                queue.append(other.ref)


def _bare(reason: str) -> str:
    return reason.rpartition(" hangs on it: ")[2]


def _both(one: Kept, other: Kept) -> Kept:
    later = other if _later(other.until, one.until) else one
    return Kept(
        tuple(dict.fromkeys([*one.purposes, *other.purposes])),
        one.columns | other.columns,
        later.reason,
        later.until,
    )


def _later(one: dt.date | None, other: dt.date | None) -> bool:
    """Whether `one` ends later; None has no end."""
    return other is not None and (one is None or one > other)


def _blank(world: World, ways: Sequence[Way], gone: Refs, result: Outcome) -> None:
    for ref, kept in result.kept.items():
        row = world.row(ref)
        table = world.graph.tables[row.table]
        linked = {c for edge in world.graph.held[row.table] if _says_whose(world, edge) for c in edge.columns}
        columns = set(table.personal) - kept.columns - set(table.key) - linked
        columns |= {
            c
            for edge in world.graph.held[row.table]
            if edge.person is not None and world.counts(edge, row) and not kept.columns & set(edge.columns)
            for c in edge.columns
            if any(world.named(edge.person, v[0]) for v in row.pointers(edge.columns))
        }
        _note(result, world, ref, columns)
    for way in ways:
        for name, reaches in way.items():
            for key in reaches.keys() - result.deleted.get(name, set()):
                if (name, key) in result.kept or world.is_root((name, key)):
                    continue
                for number in reaches[key].edges:
                    assert number is not None
                    edge = world.graph.edges[number]
                    if edge.erase and _left(world, edge, world.rows[name][key], gone):
                        _note(result, world, (name, key), edge.erase)
    for edge in world.graph.named:
        assert edge.person is not None
        name = edge.holder
        for key in world.reached.get(name, set()) - result.deleted.get(name, set()):
            row = world.rows[name][key]
            if row.ref not in result.kept and world.counts(edge, row):
                theirs = [v for v in row.pointers(edge.columns) if world.named(edge.person, v[0])]
                if theirs:
                    result.cut.setdefault(row.ref, []).append(Cut(edge, frozenset(theirs)))


def _says_whose(world: World, edge: Edge) -> bool:
    """Whether what an edge points to is somebody, or somebody's; what points to a list of religions says one."""
    return edge.reaches or edge.target is None or bool(world.graph.tables[edge.target].personal)


def _left(world: World, edge: Edge, row: Row, gone: Refs) -> bool:
    """Whether whoever the row belongs to along this edge is among those who leave."""
    if edge.person is not None:
        return any(world.named(edge.person, v[0]) for v in row.pointers(edge.columns))
    if edge.turned:
        parents: Iterable[Row] = (
            holder
            for value in row.pointers(edge.of)
            for holder in world.at(edge.holder, edge.columns, value)
            if world.counts(edge, holder)
        )
    else:
        assert edge.target is not None
        parents = (
            one for value in row.pointers(edge.columns) for one in world.at(edge.target, edge.of, value)
        )
    return any(_among(gone, parent.ref) for parent in parents)


def _note(result: Outcome, world: World, ref: Ref, columns: Iterable[str]) -> None:
    fields = world.graph.tables[ref[0]].fields
    erasable = {c for c in columns if fields[c].meta.on_erase != "keep"}
    if erasable:
        result.blanked.setdefault(ref, set()).update(erasable)


def _cut(world: World, gone: Refs, result: Outcome) -> None:
    """Links to what goes, of any kind, on every row that stays. Where a person's row is only kept for something else, what
    other people hold points to it no longer: it would say whose it was."""
    for name, rows in world.rows.items():
        edges = [edge for edge in world.graph.held[name] if edge.target is not None]
        staying = rows.keys() - result.deleted.get(name, set()) if edges else ()
        for key in staying:
            row = rows[key]
            for edge in edges:
                if edge.target is None or not world.counts(edge, row):
                    continue
                apart = edge.reaches and not edge.turned and row.ref not in result.kept
                left = (gone if apart else result.deleted).get(edge.target)
                if not left:
                    continue
                lost = frozenset(
                    value
                    for value in row.pointers(edge.columns)
                    if any(one in left for one in world.keys(edge.target, edge.of, value))
                )
                if lost:
                    result.cut.setdefault(row.ref, []).append(Cut(edge, lost))

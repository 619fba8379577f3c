"""Whose each row is, and what becomes of it when people leave. Pure: rows in memory, edges, and nothing else.

What is theirs alone goes. What somebody else owns too, or they only share, stays: their columns are blanked, and links to
what goes are cut. What a purpose still keeps stays, with its reason and its end; so do the rows that it hangs on.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bloesem.rights.graph import Edge
from bloesem.rights.world import Person, Ref, Row, Value, World


@dataclass(slots=True)
class Reach:
    """How a person reaches a row: as its owner or not, and along which edges (None: the row is they)."""

    owner: bool
    edges: set[int | None] = field(default_factory=set)


@dataclass(frozen=True)
class Kept:
    """Why a row stays: `purposes` that still require it, the `columns` that they need, in words, and until when."""

    purposes: tuple[str, ...]
    columns: frozenset[str]
    reason: str
    until: dt.date | None = None


#: Whether a purpose still keeps a row of a person (their number among those asked about).
Keeps = Callable[[int, Row], Kept | None]


@dataclass(frozen=True)
class Cut:
    """A link of a row whose target goes: `gone`, what it pointed to; of an array, those elements alone."""

    edge: Edge
    gone: frozenset[Value]


@dataclass
class Outcome:
    """What becomes of the rows. `blanked`: columns of rows that stay; `cut`: links of rows that stay."""

    deleted: set[Ref] = field(default_factory=set)
    blanked: dict[Ref, set[str]] = field(default_factory=dict)
    cut: dict[Ref, list[Cut]] = field(default_factory=dict)
    kept: dict[Ref, Kept] = field(default_factory=dict)


def reached(world: World, person: Person) -> dict[Ref, Reach]:
    """The rows that a person reaches, and how: an owner's owner owns; anything through a share is shared."""
    found = {ref: Reach(True, {None}) for ref in person.roots if ref[1] in world.rows.get(ref[0], {})}
    queue = list(found)
    for edge in world.graph.edges:
        if edge.person is not None and edge.reaches:
            for value in sorted(person.identities.get(edge.person, ())):
                for row in world.at(edge.holder, edge.columns, (value,)):
                    if world.counts(edge, row) and _arrive(found, row, edge, edge.kind == "owner"):
                        queue.append(row.ref)
    while queue:
        ref = queue.pop()
        if not world.graph.down[ref[0]] or (ref[0] in world.graph.people and ref not in person.roots):
            continue
        row, way = world.row(ref), found[ref]
        for edge, child in world.children(row):
            if _arrive(found, child, edge, way.owner and edge.kind == "owner"):
                queue.append(child.ref)
    for ref in found.keys() - person.roots:
        if ref[0] in world.graph.people:  # a row that is itself a person outlives whoever it belongs to
            found[ref].owner = False
    return found


def _arrive(found: dict[Ref, Reach], row: Row, edge: Edge, owner: bool) -> bool:
    """Notes a way to a row; whether what lies beyond must be looked at (again)."""
    known = found.get(row.ref)
    if known is None:
        found[row.ref] = Reach(owner, {edge.number})
        return True
    known.edges.add(edge.number)
    if owner and not known.owner:
        known.owner = True
        return True
    return False


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


def leave(world: World, ways: Sequence[Mapping[Ref, Reach]], keeps: Keeps | None = None) -> Outcome:
    """What becomes of every row when all people of the world leave at once. in: `ways`, how each reaches what."""
    mine = {ref for way in ways for ref, reach in way.items() if reach.owner}
    gone = mine - _remaining(world, mine)
    result = Outcome()
    if keeps is not None:
        _keep(world, ways, gone, keeps, result)
    result.deleted = gone - result.kept.keys()
    _blank(world, ways, gone, result)
    _cut(world, gone, result)
    return result


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


def _remaining(world: World, mine: set[Ref]) -> set[Ref]:
    """Of the rows that people own, those that somebody else owns too: they stay. A row that is a person is theirs alone."""
    parents: dict[Ref, list[tuple[Edge, Ref | None]]] = {
        ref: [(edge, other.ref if other else None) for edge, other in owners(world, world.row(ref))]
        for ref in mine
        if not world.is_root(ref) and ref[0] not in world.graph.sole
    }
    stays: set[Ref] = set()
    moved = True
    while moved:
        moved = False
        for ref, links in parents.items():
            if ref in stays:
                continue
            left = any(other is None or other not in mine or other in stays for _, other in links)
            must = any(not edge.last and other in mine and other not in stays for edge, other in links)
            if left and not must:
                stays.add(ref)
                moved = True
    return stays


def _keep(
    world: World, ways: Sequence[Mapping[Ref, Reach]], gone: set[Ref], keeps: Keeps, result: Outcome
) -> None:
    for number, way in enumerate(ways):
        for ref, reach in way.items():
            if reach.owner and ref in gone and (kept := keeps(number, world.row(ref))) is not None:
                known = result.kept.get(ref)
                result.kept[ref] = kept if known is None else _both(known, kept)
    # What a kept row hangs on stays as long, without its values: nobody could say whose it is otherwise.
    queue = list(result.kept)
    while queue:
        ref = queue.pop()
        why = result.kept[ref]
        for _, other in owners(world, world.row(ref)):
            if other is None or other.ref not in gone:
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


def _blank(world: World, ways: Sequence[Mapping[Ref, Reach]], gone: set[Ref], result: Outcome) -> None:
    for ref, kept in result.kept.items():
        row = world.row(ref)
        table = world.graph.tables[row.table]
        linked = {c for edge in world.graph.held[row.table] for c in edge.columns}
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
        for ref, reach in way.items():
            if ref in result.deleted or ref in result.kept or world.is_root(ref):
                continue
            row = world.row(ref)
            for number in reach.edges:
                assert number is not None
                edge = world.graph.edges[number]
                if edge.erase and _left(world, edge, row, gone):
                    _note(result, world, ref, edge.erase)
    for ref in world.reached - result.deleted - result.kept.keys():
        row = world.row(ref)
        for edge in world.graph.held[row.table]:
            if edge.person is not None and edge.reaches and world.counts(edge, row):
                theirs = [v for v in row.pointers(edge.columns) if world.named(edge.person, v[0])]
                if theirs:
                    result.cut.setdefault(ref, []).append(Cut(edge, frozenset(theirs)))


def _left(world: World, edge: Edge, row: Row, gone: set[Ref]) -> bool:
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
    return any(parent.ref in gone for parent in parents)


def _note(result: Outcome, world: World, ref: Ref, columns: Iterable[str]) -> None:
    fields = world.graph.tables[ref[0]].fields
    erasable = {c for c in columns if fields[c].meta.on_erase != "keep"}
    if erasable:
        result.blanked.setdefault(ref, set()).update(erasable)


def _cut(world: World, gone: set[Ref], result: Outcome) -> None:
    """Links to what goes, of any kind, on every row that stays. Where a person's row is only kept for something else, what
    other people hold points to it no longer: it would say whose it was."""
    for name, rows in world.rows.items():
        for row in rows.values():
            if row.ref in result.deleted:
                continue
            for edge in world.graph.held[name]:
                if edge.target is None or not world.counts(edge, row):
                    continue
                apart = edge.reaches and not edge.turned and row.ref not in result.kept
                left = gone if apart else result.deleted
                lost = frozenset(
                    value
                    for value in row.pointers(edge.columns)
                    if any(one.ref in left for one in world.at(edge.target, edge.of, value))
                )
                if lost:
                    result.cut.setdefault(row.ref, []).append(Cut(edge, lost))

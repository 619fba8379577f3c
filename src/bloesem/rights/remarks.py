"""What a map that holds together may do otherwise than was meant, before anybody is shown or erased by it: pure."""

from __future__ import annotations

from collections.abc import Iterator

from bloesem.findings import Finding
from bloesem.plan.model import Plan, PurposePlan
from bloesem.rights.graph import Graph, Table
from bloesem.source import nearest


def remarks(graph: Graph, plan: Plan) -> list[Finding]:
    """in: a map over its live schema, and the policy compiled over it. out: warnings, in the order of tables."""
    return [
        *_named(graph),
        *_law(plan),
        *(f for table in graph.tables.values() for f in _required(graph, plan, table)),
    ]


def _named(graph: Graph) -> Iterator[Finding]:
    """Links by what none of the people are known by."""
    kinds = {kind for table in graph.tables.values() for _, kind in table.identities}
    for edge in graph.named:
        if graph.people and edge.person not in kinds:
            table = graph.tables[edge.holder]
            yield _finding(
                graph, table, "link-to-nobody",
                f"{edge.holder} ({', '.join(edge.columns)}) names people by `{edge.person}`, as no table of people does",
                "whoever is erased by their row keeps these rows: only who is asked for by that reaches them",
                "write fides_meta.identity on the column of people that holds it, or use one of:"
                f" {nearest(edge.person or '', kinds)}",
                edge.columns[0],
            )  # fmt: skip


def _law(plan: Plan) -> Iterator[Finding]:
    """What the law keeps, and no column has: it would go with its person."""
    for purpose in plan.purposes:
        if purpose.of == "law" and _keeping(purpose) and purpose.reads and not _read(plan, purpose):
            yield Finding(
                "warning",
                "purpose-without-column",
                f"purpose `{purpose.key}` keeps {', '.join(purpose.reads)}, and no column of the map has that category",
                "what the law keeps is kept by its category: without one it is erased with its person",
                "write the category on the columns that hold it; where this database holds none, leave it",
            )


def _keeping(purpose: PurposePlan) -> bool:
    return purpose.active and purpose.stored and not purpose.hold


def _read(plan: Plan, purpose: PurposePlan) -> bool:
    return any(c.purposes & purpose.mask and not c.key for t in plan.tables for c in t.columns)


def _required(graph: Graph, plan: Plan, table: Table) -> Iterator[Finding]:
    """What would be emptied where its row stays, and may not be empty."""
    if not _may_stay(graph, plan, table):
        return
    linked = {c for edge in graph.held[table.qualified] for c in edge.columns}
    for name in table.personal:
        live, meta = table.live.columns.get(name), table.fields[name].meta
        if live is None or not live.required or live.generated or name in table.key or name in linked:
            continue
        if meta.on_erase in ("redact", "keep") or meta.erased is not None:
            continue
        unique = table.live.tells_apart(name)
        yield _finding(
            graph, table, "not-erasable",
            f"column {table.qualified}.{name} may not be empty, and nothing says what it becomes where its row stays",
            "all or nothing: the erasure would be refused",
            "write on_erase: redact" if unique else "write meta.erased: what it becomes, or on_erase: redact",
            name,
        )  # fmt: skip


def _may_stay(graph: Graph, plan: Plan, table: Table) -> bool:
    """Whether a row may outlive somebody whose it is: others own or share it, or the law keeps it or what hangs on it."""
    below, seen = [table.qualified], {table.qualified}
    while below:
        name = below.pop()
        found = plan.by_name.get(name)
        keeping = plan.mask(lambda p: p.of == "law" and _keeping(p))
        if found is not None and any(c.purposes & keeping and not c.key for c in found.columns):
            return True
        for edge in graph.down[name]:
            if edge.child not in seen:
                seen.add(edge.child)
                below.append(edge.child)
    return (
        not table.people
        and table.qualified not in graph.sole
        and any(e.reaches for e in graph.held[table.qualified])
    )


def _finding(
    graph: Graph, table: Table, kind: str, thing: str, rule: str, remedy: str, column: str
) -> Finding:
    return Finding("warning", kind, thing, rule, remedy, graph.maps.where(table.schema, table.name, column))

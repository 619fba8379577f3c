"""Purpose x category x role: what is readable now, by the plan, and held against PostgreSQL's own grants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bloesem.console import language as words
from bloesem.console.company import Company
from bloesem.plan.model import Plan
from bloesem.plan.sql.gate import purpose_columns, readers, scoped_columns, shared, writer_reads

Grant = tuple[str, str, str, str]


@dataclass(frozen=True)
class Column:
    """A role of the matrix: a part of the policy, or a role with a scope."""

    key: str
    label: str
    tone: int
    off: bool
    basis: str
    how_long: str
    by: tuple[str, ...]
    scope: bool


@dataclass(frozen=True)
class Cell:
    """`columns`: the columns of the category that the role reads; `all`: how many the map has of it."""

    role: str
    tone: int
    columns: tuple[str, ...]
    all: int


@dataclass(frozen=True)
class Line:
    key: str
    label: str
    cells: tuple[Cell, ...]


def roles(plan: Plan) -> list[str]:
    """The cluster's names of all roles that read anything, those that hold what several people share among them."""
    names = [p.name for p in readers(plan)] + [s.name for s in plan.scoped] + [w.key for w in plan.writers]
    names += [s.name_shared for s in plan.scoped]
    return [plan.role(name) for name in names]


def expected(plan: Plan) -> frozenset[Grant]:
    """What the plan grants: role, schema, table, column of the map."""
    found: set[Grant] = set()
    for table in plan.tables:
        mapped = {c.name for c in table.columns}
        granted = [(p.name, purpose_columns(plan, table, p)) for p in readers(plan)]
        granted += [
            (s.name_shared if shared(table, s) else s.name, scoped_columns(plan, table, s))
            for s in plan.scoped
        ]
        granted += [
            (w.key, writer_reads(plan, table))
            for w in plan.writers
            if table.name in w.tables and not w.adds_only  # who only adds finds no row, and reads no key
        ]
        found |= {
            (plan.role(role), table.schema, table.name, name)
            for role, names in granted
            for name in names
            if name in mapped
        }
    return frozenset(found)


def page(company: Company, granted: frozenset[Grant], language: str) -> dict[str, Any]:
    plan = company.plan
    mapped = {(t.schema, t.name, c.name) for t in plan.tables for c in t.columns}
    now = {grant for grant in granted if grant[1:] in mapped}
    wanted = expected(plan)
    columns = _columns(company, language)
    lines = _lines(company, frozenset(now), columns, language)
    return {
        "columns": columns,
        "groups": _groups(company, lines, language),
        "by_role": [
            (role, [line.label for line in lines for cell in line.cells if cell.role == role.key and cell.columns])
            for role in columns
        ],
        "agreed": len(now & wanted),
        "extra": sorted(".".join(grant) for grant in now - wanted),
        "missing": sorted(".".join(grant) for grant in wanted - now),
    }  # fmt: skip


def _columns(company: Company, language: str) -> list[Column]:
    plan = company.plan

    def by(key: str) -> tuple[str, ...]:
        return tuple(login for login, served in plan.processes.items() if key in served)

    found = [
        Column(
            p.key,
            company.part(p.key, language),
            company.tones.get(p.key, 8),
            not p.active,
            p.basis,
            words.clocks(company, p.key, language),
            by(p.key),
            False,
        )
        for p in company.parts
    ]
    found += [
        Column(
            s.key,
            company.part(s.key, language),
            company.tones.get(s.purpose or "", 8),
            False,
            "",
            words.say(f"matrix.scope.{s.scope}", language) if s.scope in ("person", "employer", "job") else s.scope,
            by(s.key),
            True,
        )
        for s in plan.scoped
    ]  # fmt: skip
    return found


def _lines(company: Company, now: frozenset[Grant], columns: list[Column], language: str) -> list[Line]:
    """Of each category, what each role may really read: by the grants that are there, not by the plan."""
    plan = company.plan
    names: dict[str, tuple[str, ...]] = {p.key: (plan.role(p.name),) for p in plan.purposes}
    names |= {s.key: (plan.role(s.name), plan.role(s.name_shared)) for s in plan.scoped}
    of: dict[str, list[tuple[str, str, str]]] = {}
    for table in plan.tables:
        for column in table.columns:
            for key in () if column.key else column.categories:
                of.setdefault(key, []).append((table.schema, table.name, column.name))
    lines = []
    for key in company.policy.categories:
        if key not in of:
            continue
        cells = tuple(
            Cell(
                role.key,
                role.tone,
                tuple(
                    f"{table}.{name}"
                    for schema, table, name in of[key]
                    if any((known, schema, table, name) in now for known in names[role.key])
                ),
                len(of[key]),
            )
            for role in columns
        )
        lines.append(Line(key, company.category(key, language), cells))
    return lines


def _groups(company: Company, lines: list[Line], language: str) -> list[tuple[str, list[Line]]]:
    found: dict[str, list[Line]] = {}
    for line in lines:
        found.setdefault(line.key.partition(".")[0], []).append(line)
    return [(company.category(head, language), of) for head, of in found.items()]

"""What a version would do to a database if it were in force now: put in force, counted, and taken back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from psycopg.types.json import Jsonb

from bloesem.plan.model import Plan
from bloesem.plan.quoting import ident, qualified
from bloesem.publishing.version import Version
from bloesem.stores.install import install
from bloesem.stores.postgres import Connection


@dataclass(frozen=True)
class Use:
    """How many people, and rows of a table, one purpose may read: before and after."""

    purpose: str
    of: str  # `people`, or a table
    before: int
    after: int


@dataclass(frozen=True)
class Draft:
    """`uses`: those that differ. `gone`, `erased`: rows that are due, and values that go from rows that stay, by table."""

    people: int
    uses: tuple[Use, ...]
    gone: Mapping[str, int] = field(default_factory=dict)
    erased: Mapping[str, int] = field(default_factory=dict)


def draft(connection: Connection, before: Plan, after: Plan) -> Draft:
    """in: as superuser or the database's owner, with nothing open; the plan in force, and the one that would be.

    Everything is taken back. raises: as `install`.
    """
    with connection.transaction(force_rollback=True):
        was = _counts(connection, before)
        done = install(connection, after, force=True)
        now = _counts(connection, after)
    uses = tuple(
        Use(purpose, of, was.get((purpose, of), 0), now.get((purpose, of), 0))
        for purpose, of in sorted({*was, *now})
        if was.get((purpose, of), 0) != now.get((purpose, of), 0)
    )
    return Draft(
        done.people,
        uses,
        {name: n for name, c in done.counts.items() if (n := _sum(_of(c, "deleted")))},
        {name: n for name, c in done.counts.items() if (n := _sum(_of(c, "erased")))},
    )


def keep(connection: Connection, plan: Plan, version: Version, found: Draft) -> None:
    """Remember what it would do, of these files, at this moment; what was counted before is forgotten. in: as superuser or
    keeper, where the tables of publishing are."""
    s = ident(plan.schema)
    connection.execute(
        f"INSERT INTO {s}.publication_draft AS d (version, digest, at, counted) VALUES (%s, %s, {s}.moment(), %s)"
        " ON CONFLICT (version) DO UPDATE SET (digest, at, counted)"
        " = (EXCLUDED.digest, EXCLUDED.at, EXCLUDED.counted)".encode(),
        [version.new.version, version.digest, Jsonb(asdict(found))],
    )


def _counts(connection: Connection, plan: Plan) -> dict[tuple[str, str], int]:
    """Per purpose in force: people it may be used for, and rows of each table."""
    keys = {purpose.number: purpose.key for purpose in plan.purposes if purpose.active}
    found: dict[tuple[str, str], int] = {}
    sources = [("people", f"{ident(plan.schema)}.state", "used")]
    sources += [(table.name, qualified(table.schema, table.name), "used_for") for table in plan.tables]
    for name, table, mask in sources:
        rows = connection.execute(
            f"SELECT b, count(*) FROM {table} JOIN unnest(%s::integer[]) AS b"
            f" ON {mask} & (1::bigint << b) <> 0 GROUP BY b".encode(),
            [list(keys)],
        ).fetchall()
        found |= {(keys[number], name): many for number, many in rows}
    return found


def _of(counts: Any, name: str) -> Any:
    return counts.get(name, 0) if isinstance(counts, dict) else 0


def _sum(counts: Any) -> int:
    if isinstance(counts, dict):
        return sum(_sum(value) for value in counts.values())
    return counts if isinstance(counts, int) else 0


__all__ = ["Draft", "Use", "draft", "keep"]

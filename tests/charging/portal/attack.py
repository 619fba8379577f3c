"""What the attack through the pages is made of: every address of a URLconf, a mark on every value of every person, and
the database before and after.

A mark says of which row of which column it is (`kanarie-table-column-id`). Whether a seat may be shown it is asked of the
plan: the columns of its role, and whether its scope is about that row. So a page that is new is held to it by itself.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from django.urls import get_resolver
from django.utils import translation
from psycopg import sql
from tests.bloesem.gate.attack import columns_for, scope_columns
from tests.charging.portal.client import Visitor

import bloesem
import charging
from bloesem.gate.served import targets
from bloesem.plan.model import Plan, TablePlan
from bloesem.plan.predicates import meets
from bloesem.stores.postgres import Connection
from charging.portal.seats import SEATS

MARK = re.compile(r"kanarie-([a-z_]+)-([a-z_]+)-(\d+)")
#: A query parameter as a view asks for it.
_ASKED = re.compile(r"GET(?:\.get\(|\.getlist\(|\[)\s*[\"'](\w+)[\"']")


# ---- marks -------------------------------------------------------------------------------------------------------------


def plant(admin: Connection, plan: Plan) -> dict[tuple[str, str], int]:
    """Marks every value that is a text. out: how many, per table and column; what a check or a length refuses has none."""
    made: dict[tuple[str, str], int] = {}
    with admin.transaction():
        admin.execute("SET LOCAL session_replication_role = replica")
        for table in plan.tables:
            place = sql.Identifier(table.schema, table.name)
            for column in table.columns:
                if column.key or not column.categories or column.name in (table.source, table.id):
                    continue
                column_ = sql.Identifier(column.name)
                mark = sql.Literal(f"kanarie-{table.name}-{column.name}-")
                query = sql.SQL("UPDATE {t} SET {c} = {m} || {k} WHERE {c} IS NOT NULL").format(
                    t=place, c=column_, m=mark, k=sql.Identifier(table.key[0])
                )
                try:
                    with admin.transaction():
                        made[table.name, column.name] = admin.execute(query).rowcount
                except psycopg.Error:
                    continue
    return {at: n for at, n in made.items() if n}


@dataclass
class Oracle:
    """Whom a mark is of, and who may be shown it."""

    admin: Connection
    plan: Plan

    def __post_init__(self) -> None:
        self.targets = targets(self.plan)

    def rows(self, table: str, key: int) -> list[dict[str, Any]]:
        t = self.plan.table(table)
        query = sql.SQL("SELECT to_jsonb(t) FROM {} t WHERE {} = %s").format(
            sql.Identifier(t.schema, t.name), sql.Identifier(t.key[0])
        )
        return [row[0] for row in self.admin.execute(query, [key]).fetchall()]

    def may_see(self, visitor: Visitor, table: str, column: str, key: int) -> bool:
        opens = SEATS[visitor.role].opens if visitor.role in SEATS and visitor.whole else None
        if opens is None:
            return False
        target, t = self.targets[opens], self.plan.table(table)
        if column not in {c.name for c in columns_for(self.plan, target, t)}:
            return False
        if target.scope is None:
            return True
        named, rows = scope_columns(t, target), self.rows(table, key)
        mine = [row for row in rows if not named or any(row[name] in visitor.numbers for name in named)]
        if target.scope not in t.scoped_by:
            return bool(named and mine)
        about = self._about(self.plan.table(t.scoped_by[target.scope]), target.scope, visitor.numbers)
        return any(row[t.owners[0]] in about for row in mine)

    def _about(self, by: TablePlan, scope: str, numbers: Iterable[int]) -> set[int]:
        """Whom another table names in a scope that is not over."""
        query = sql.SQL("SELECT to_jsonb(t) FROM {} t WHERE {} = ANY (%s)").format(
            sql.Identifier(by.schema, by.name), sql.Identifier(by.scopes[scope])
        )
        rows = [row[0] for row in self.admin.execute(query, [list(numbers)]).fetchall()]
        ends = by.scope_ends.get(scope)
        over = {row[by.scopes[scope]] for row in rows if ends is not None and meets(ends, row)}
        return {row[by.owners[0]] for row in rows if row[by.scopes[scope]] not in over}

    def owners(self, table: str, key: int) -> set[int]:
        t = self.plan.table(table)
        return {row[o] for row in self.rows(table, key) for o in t.owners if row[o] is not None}

    def own(self, visitor: Visitor, table: TablePlan, row: Mapping[str, Any]) -> bool:
        """Whether a row is within the scope of whoever changed it."""
        opens = SEATS[visitor.role].opens if visitor.role in SEATS and visitor.whole else None
        if opens is None:
            return False
        return any(row.get(name) in visitor.numbers for name in scope_columns(table, self.targets[opens]))


# ---- the database, before and after ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Picture:
    """Every row of every table beside PostgreSQL's own: (schema, table) → row as text."""

    rows: Mapping[tuple[str, str], frozenset[str]]

    @classmethod
    def of(cls, admin: Connection) -> Picture:
        found = {}
        names = admin.execute(
            "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_'"
        ).fetchall()
        for schema, name in names:
            query = sql.SQL("SELECT to_jsonb(t)::text FROM {} t").format(sql.Identifier(schema, name))
            found[schema, name] = frozenset(row[0] for row in admin.execute(query).fetchall())
        return cls(found)

    def since(self, before: Picture) -> Iterator[tuple[str, str, str]]:
        """(schema, table, row) that came, went or changed."""
        for at in sorted(set(self.rows) | set(before.rows)):
            for row in self.rows.get(at, frozenset()) ^ before.rows.get(at, frozenset()):
                yield *at, row


# ---- addresses ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Address:
    """A pattern of a URLconf: `%(name)s` where a value goes; `asks`: the names; `name`: what it is called."""

    template: str
    asks: tuple[str, ...]
    name: str

    def filled(self, values: Mapping[str, object]) -> str:
        return "/" + self.template % {k: quote(str(v), safe="") for k, v in values.items()}


def addresses(urlconf: str, language: str = "nl") -> list[Address]:
    """Every pattern, nested ones too, whatever it is written with."""
    found: dict[tuple[str, tuple[str, ...]], Address] = {}
    with translation.override(language):
        known = get_resolver(urlconf).reverse_dict
        for key in known:
            for possible, _pattern, _defaults, _converters in known.getlist(key):
                for template, asks in possible:
                    at = (template, tuple(asks))
                    name = key if isinstance(key, str) else ""
                    if at not in found or (name and not found[at].name):
                        found[at] = Address(template, tuple(asks), name)
    return sorted(found.values(), key=lambda it: it.template)


def counted(urlconf: str) -> int:
    """How many patterns the URLconf has, counted another way: none is left out by `addresses`."""

    def count(patterns: list[Any]) -> int:
        return sum(count(it.url_patterns) if hasattr(it, "url_patterns") else 1 for it in patterns)

    return count(get_resolver(urlconf).url_patterns)


@functools.cache
def parameters() -> list[str]:
    """Every query parameter that any view asks for."""
    roots = [Path(inspect.getfile(module)).parent for module in (bloesem, charging)]
    texts = [file.read_text() for root in roots for file in root.rglob("*.py")]
    return sorted({name for text in texts for name in _ASKED.findall(text)})


#: What a form or an address is given that nobody means: markup, SQL, nothing, much, what is no text.
HOSTILE = (
    "",
    "'",
    "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>",
    "' OR 1=1; DROP TABLE data.person; --",
    "{{ request }}{% debug %}${7*7}%s%(x)s{0}",
    "../../../../etc/passwd",
    "\x00",
    "a\x00b",
    "\u202e\u0000\ufffd\U0001f600",
    "\udcff\udcfe",
    "-1",
    "0",
    str(2**63),
    str(10**40),
    "1e999",
    "NaN",
    "\u0662\u0660",
    "x" * 20_000,
    "\r\nSet-Cookie: a=b",
    "2026-02-30",
    "true",
    "[]",
    '{"a": {"$ne": 1}}',
)
MARKUP = "<script>alert(1)</script>"
#: Written in an address as no UTF-8 is.
BROKEN = (
    "%ff%fe",
    "%00",
    "%c0%ae%c0%ae/",
    "%ed%a0%80",
    "%0d%0aSet-Cookie:%20a=b",
    "..%2f..%2f",
    "%252e%252e",
)
METHODS = ("PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "HEAD", "PROPFIND", "QUIETLY")


def fillings(address: Address, known: Mapping[str, list[object]]) -> list[dict[str, object]]:
    """Values for every parameter, each value of each once. raises: AssertionError for one that nobody knows to fill."""
    unknown = [name for name in address.asks if name not in known]
    assert not unknown, (
        f"the attack does not know what goes into {unknown} of {address.template}: say it in KNOWN, with the ids of"
        " other people"
    )
    if not address.asks:
        return [{}]
    columns = [known[name] for name in address.asks]
    return [
        {n: v if v is not None else known[n][0] for n, v in zip(address.asks, row, strict=True)}
        for row in zip_longest(*columns)
    ]


__all__ = [
    "BROKEN",
    "HOSTILE",
    "MARK",
    "MARKUP",
    "METHODS",
    "Address",
    "Oracle",
    "Picture",
    "addresses",
    "counted",
    "fillings",
    "parameters",
    "plant",
]

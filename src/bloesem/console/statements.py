"""What a statement names, as far as a reader of SQL can tell: words inside strings and comments are not names."""

from __future__ import annotations

import re

from bloesem.plan.model import Plan, TablePlan

_NOISE = re.compile(
    r"--[^\n]*|/\*.*?(?:\*/|\Z)|\$(\w*)\$.*?(?:\$\1\$|\Z)|[eE]?'(?:[^'\\]|''|\\.)*(?:'|\Z)", re.DOTALL
)
_TOKEN = re.compile(r'"(?:[^"]|"")*"|[A-Za-z_]\w*|\S')
_BEFORE_A_TABLE = {"from", "join", "update", "into", "table", "only", "using", "copy"}
_LEADING = re.compile(r"(?:\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/)*", re.DOTALL)
_READS = re.compile(r"(select|values|table|(with))\b", re.IGNORECASE)
_WRITES = {"insert", "update", "delete", "merge"}


def reads(text: str) -> bool:
    """Whether it is a plain query, which a cursor can fetch in pieces; one that begins with WITH may write."""
    leading = _LEADING.match(text)
    found = _READS.match(text, leading.end() if leading else 0)
    return found is not None and not (found[2] and _WRITES & set(tokens(text)))


def tokens(text: str) -> list[str]:
    """Names, keywords and signs; strings and comments left out."""
    found = _TOKEN.findall(_NOISE.sub(" ", text))
    return [t[1:-1].replace('""', '"') if t.startswith('"') else t.lower() for t in found]


def tables_named(plan: Plan, text: str) -> tuple[TablePlan, ...]:
    """Tables of the map that stand where a table stands: after FROM, JOIN, UPDATE, INTO …"""
    found: list[TablePlan] = []
    seen, listing = tokens(text), False
    for i, token in enumerate(seen):
        before = seen[i - 1] if i else ""
        if before in _BEFORE_A_TABLE:
            listing = before == "from"
        elif not (before == "," and listing):
            if token in ("where", "group", "order", "on", "set", "select", "limit", "returning", "join"):
                listing = False
            continue
        name = seen[i + 2] if i + 2 < len(seen) and seen[i + 1] == "." else token
        if name in plan.by_name:
            found.append(plan.by_name[name])
    return tuple(dict.fromkeys(found))


def column_named(table: TablePlan, text: str) -> str | None:
    """The first column of the table that the statement names and that is no key."""
    values = {c.name for c in table.columns if not c.key}
    return next((t for t in tokens(text) if t in values), None)

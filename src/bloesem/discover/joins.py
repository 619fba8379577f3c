"""Which columns the views and functions of a database hold equal: somebody wrote down there what belongs together.

PostgreSQL writes a view out with every relation qualified; of a function's body, which is as it was typed, the names are
looked up in its own schema and then in all. What cannot be read so is passed over: a join is a ground, never a proof.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bloesem.discover.catalogue import At, Catalogue
from bloesem.stores.postgres import Connection

_LONGEST = 200_000
_NAME = r'(?:"(?:[^"]|"")+"|[A-Za-z_][\w$]*)'
#: What may follow a relation's name without being another name for it.
_WORDS = (
    "on|using|where|join|left|right|full|inner|outer|cross|natural|group|order|limit|set|as|union|having|select|values|from|"
    "returning|loop|offset|window|fetch|for|into|except|intersect|tablesample|and|or|then|when|else|end|begin|if"
)
_ALIAS = rf"(?:\s+(?:AS\s+)?((?!(?:{_WORDS})\b){_NAME}))?"
_RELATION = re.compile(
    rf"(?:\b(?:FROM|JOIN|UPDATE|INTO)\s|,)\s*\(*(?:ONLY\s+)?({_NAME}(?:\.{_NAME})?){_ALIAS}",
    re.I,
)
_EQUAL = re.compile(rf"({_NAME})\.({_NAME})\)?(?:::[\w ]+)?\s*=\s*\(?({_NAME})\.({_NAME})")
_USING = re.compile(rf"\bJOIN\s+\(*({_NAME}(?:\.{_NAME})?){_ALIAS}\s+USING\s*\(([^)]*)\)", re.I)
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.S)
_TEXT = re.compile(r"'(?:[^']|'')*'")


@dataclass(frozen=True)
class Join:
    """`one` and `other` are (table, column); `said_by`: the view or function."""

    one: tuple[At, str]
    other: tuple[At, str]
    said_by: str


_VIEWS = """
SELECT n.nspname::text, c.relname::text, left(pg_get_viewdef(c.oid), %(most)s)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('v', 'm') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype = 'e')
ORDER BY 1, 2"""
_FUNCTIONS = """
SELECT n.nspname::text, p.proname::text,
       left(CASE WHEN p.prosrc = '' THEN pg_get_functiondef(p.oid) ELSE p.prosrc END, %(most)s)
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
WHERE l.lanname IN ('sql', 'plpgsql') AND p.prokind IN ('f', 'p')
  AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e')
ORDER BY 1, 2, p.oid"""


def read_joins(connection: Connection, catalogue: Catalogue) -> list[Join]:
    """What views and functions join, each pair of columns once."""
    found: dict[tuple[tuple[At, str], tuple[At, str]], Join] = {}
    with connection.transaction():
        connection.execute("SET LOCAL search_path = ''")  # so that every relation is written with its schema
        for said, kind in ((_VIEWS, "view"), (_FUNCTIONS, "function")):
            for schema, name, text in connection.execute(said, {"most": _LONGEST}).fetchall():
                for one, other in joins_of(text or "", schema, catalogue):
                    pair = (min(one, other), max(one, other))
                    found.setdefault(pair, Join(*pair, f"{kind} {schema}.{name}"))
    return [found[pair] for pair in sorted(found)]


def joins_of(text: str, schema: str, catalogue: Catalogue) -> Iterator[tuple[tuple[At, str], tuple[At, str]]]:
    """in: SQL; the schema in which its bare names are looked up first. out: pairs of (table, column) that it holds equal."""
    bare = _TEXT.sub("''", _COMMENT.sub(" ", text))
    called: dict[str, set[At]] = {}
    for relation, name in _RELATION.findall(bare):
        at = _table(relation, schema, catalogue)
        if at is not None:
            alias = _plain(name) if name else at[1]
            called.setdefault(alias, set()).add(at)
    for a, x, b, y in _EQUAL.findall(bare):
        one, other = _column(called, a, x, catalogue), _column(called, b, y, catalogue)
        if one is not None and other is not None and one != other:
            yield one, other
    yield from _using(bare, schema, catalogue, called)


def _using(
    bare: str, schema: str, catalogue: Catalogue, called: Mapping[str, set[At]]
) -> Iterator[tuple[tuple[At, str], tuple[At, str]]]:
    """`JOIN b USING (x)`: with the one other table here that has an `x`."""
    for relation, _, columns in _USING.findall(bare):
        right = _table(relation, schema, catalogue)
        for column in map(_plain, re.split(r"\s*,\s*", columns.strip())):
            others = {at for some in called.values() for at in some if at != right}
            left = [at for at in sorted(others) if column in catalogue.tables[at].columns]
            if right is not None and len(left) == 1 and column in catalogue.tables[right].columns:
                yield (left[0], column), (right, column)


def _table(relation: str, schema: str, catalogue: Catalogue) -> At | None:
    parts = [_plain(part) for part in re.findall(_NAME, relation)]
    if len(parts) == 2:
        return (parts[0], parts[1]) if (parts[0], parts[1]) in catalogue.tables else None
    if (schema, parts[0]) in catalogue.tables:
        return schema, parts[0]
    anywhere = [at for at in catalogue.tables if at[1] == parts[0]]
    return anywhere[0] if len(anywhere) == 1 else None


def _column(
    called: Mapping[str, set[At]], alias: str, column: str, catalogue: Catalogue
) -> tuple[At, str] | None:
    """Where an alias means several tables (in different parts of the text), the one that has the column."""
    name = _plain(column)
    fits = [at for at in called.get(_plain(alias), ()) if name in catalogue.tables[at].columns]
    return (fits[0], name) if len(fits) == 1 else None


def _plain(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()

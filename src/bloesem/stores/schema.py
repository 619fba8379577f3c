"""The tables, columns and links that a PostgreSQL database really has."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from bloesem.stores.postgres import Connection


@dataclass(frozen=True)
class LiveColumn:
    """`type`: as PostgreSQL writes it; `base`: the type below a domain; `length`: of a text that has one;
    `labels`: of an enum; `generated`: computed by the database from other columns."""

    name: str
    type: str
    required: bool  # NOT NULL
    base: str = ""
    length: int | None = None
    generated: bool = False
    labels: tuple[str, ...] = ()
    array: bool = False


@dataclass(frozen=True)
class LiveLink:
    """A foreign key of one table. `on_delete`: what happens to the row when its target goes."""

    name: str
    columns: tuple[str, ...]
    target: tuple[str, str]
    target_columns: tuple[str, ...]
    on_delete: str


@dataclass(frozen=True)
class LiveTable:
    schema: str
    name: str
    columns: dict[str, LiveColumn]
    key: tuple[str, ...]
    links: tuple[LiveLink, ...]
    unique: tuple[tuple[str, ...], ...] = ()  # columns that are unique together, the key left out
    partitioned: bool = False
    inherited: bool = False  # other tables inherit from it, each mapped by itself
    writable: bool = True  # whether this login may change and delete its rows
    readable: bool = True


_ON_DELETE = {"a": "NO ACTION", "r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}

_NOT_OURS = """
n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' AND n.nspname <> ALL (%(without)s)
AND c.relkind IN ('r', 'p', 'f') AND NOT c.relispartition
AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype = 'e')"""

_COLUMNS = f"""
SELECT n.nspname::text, c.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull,
       format_type(COALESCE(NULLIF(y.typbasetype, 0), a.atttypid), NULL),
       CASE WHEN COALESCE(NULLIF(y.typbasetype, 0), a.atttypid) IN (1042, 1043)
            THEN NULLIF(GREATEST(COALESCE(NULLIF(a.atttypmod, -1), y.typtypmod), -1), -1) - 4 END,
       a.attgenerated <> '' OR a.attidentity = 'a',
       ARRAY(SELECT e.enumlabel::text FROM pg_enum e WHERE e.enumtypid = a.atttypid ORDER BY e.enumsortorder),
       y.typcategory = 'A', c.relkind = 'p',
       EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = c.oid) AND c.relkind = 'r',
       has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE'),
       has_table_privilege(c.oid, 'SELECT')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_type y ON y.oid = a.atttypid
WHERE {_NOT_OURS} ORDER BY 1, 2, a.attnum"""

_UNIQUE = f"""
SELECT n.nspname::text, c.relname::text,
       ARRAY(SELECT a.attname::text FROM unnest(i.indkey::smallint[]) AS k (num)
             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.num)
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE i.indisunique AND NOT i.indisprimary AND 0 <> ALL (i.indkey::smallint[]) AND {_NOT_OURS}"""

_KEYS = f"""
SELECT n.nspname::text, c.relname::text, k.conname::text, k.contype::text,
       (SELECT array_agg(a.attname::text ORDER BY o.nr) FROM unnest(k.conkey) WITH ORDINALITY AS o (num, nr)
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = o.num),
       fn.nspname::text, fc.relname::text,
       (SELECT array_agg(a.attname::text ORDER BY o.nr) FROM unnest(k.confkey) WITH ORDINALITY AS o (num, nr)
        JOIN pg_attribute a ON a.attrelid = fc.oid AND a.attnum = o.num),
       k.confdeltype::text
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_class fc ON fc.oid = k.confrelid LEFT JOIN pg_namespace fn ON fn.oid = fc.relnamespace
WHERE k.contype IN ('p', 'f') AND k.conparentid = 0 AND {_NOT_OURS} ORDER BY 1, 2, 3"""


def read_schema(connection: Connection, *, without: Collection[str] = ()) -> dict[tuple[str, str], LiveTable]:
    """Every table outside PostgreSQL's own schemas and those in `without`, by (schema, table). Partitions count as
    their parent; tables of extensions are left out."""
    given = {"without": list(without)}
    columns: dict[tuple[str, str], dict[str, LiveColumn]] = {}
    more: dict[tuple[str, str], tuple[bool, bool, bool, bool]] = {}
    for row in connection.execute(_COLUMNS, given).fetchall():
        schema, table, name, type_, required, base, length, generated, labels, array, *_ = row
        found = columns.setdefault((schema, table), {})
        more[schema, table] = row[10], row[11], row[12], row[13]
        if name is not None:
            found[name] = LiveColumn(name, type_, required, base, length, generated, tuple(labels), array)
    unique: dict[tuple[str, str], list[tuple[str, ...]]] = {}
    for schema, table, names in connection.execute(_UNIQUE, given).fetchall():
        unique.setdefault((schema, table), []).append(tuple(names))
    keys: dict[tuple[str, str], tuple[str, ...]] = {}
    links: dict[tuple[str, str], list[LiveLink]] = {}
    for schema, table, name, kind, own, to_schema, to_table, to_columns, on_delete in connection.execute(
        _KEYS, given
    ).fetchall():
        if kind == "p":
            keys[schema, table] = tuple(own)
        else:
            link = LiveLink(name, tuple(own), (to_schema, to_table), tuple(to_columns), _ON_DELETE[on_delete])
            links.setdefault((schema, table), []).append(link)
    return {
        at: LiveTable(
            schema=at[0],
            name=at[1],
            columns=found,
            key=keys.get(at, ()),
            links=tuple(links.get(at, ())),
            unique=tuple(unique.get(at, ())),
            partitioned=more[at][0],
            inherited=more[at][1],
            writable=more[at][2],
            readable=more[at][3],
        )
        for at, found in columns.items()
    }

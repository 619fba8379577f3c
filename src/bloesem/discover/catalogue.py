"""What a database of any design says of itself: its relations, columns, keys and links. One statement per kind of thing.

Reads PostgreSQL 12 and newer. Nothing is taken from statistics but sizes, so that it reads the same before ANALYZE.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from bloesem.stores.postgres import Connection
from bloesem.stores.schema import OF_INDEX, read_keys

At = tuple[str, str]
_CONSTANT = re.compile(r"(?:''|'?\(?([-+]?0)\)?'?)(?:::[\w ()]+)?")


@dataclass(frozen=True)
class Column:
    """`base`: the type below domains; `element`: that of an array's elements; `labels`: of an enum."""

    name: str
    type: str
    base: str
    category: (
        str  # as pg_type.typcategory has it: N numbers, S text, D dates, A arrays, E enums, U and others
    )
    required: bool
    readable: bool
    generated: bool = False
    counted: bool = False  # the database numbers its rows with it
    element: str | None = None
    labels: tuple[str, ...] = ()
    default: str = ""  # as PostgreSQL writes the expression

    @property
    def nobody(self) -> int | str | None:
        """What stands for nobody by the column's own default: 0, or an empty text."""
        found = _CONSTANT.fullmatch(self.default)
        if found is None:
            return None
        return "" if found[1] is None else 0 if self.category == "N" else None

    @property
    def is_json(self) -> bool:
        return self.base in ("json", "jsonb")

    @property
    def is_array(self) -> bool:
        return self.element is not None


@dataclass(frozen=True)
class ForeignKey:
    name: str
    columns: tuple[str, ...]
    target: At
    of: tuple[str, ...]
    on_delete: str  # NO ACTION, RESTRICT, CASCADE, SET NULL or SET DEFAULT


@dataclass(frozen=True)
class Table:
    """`kind`: as pg_class.relkind has it. `rows`: about how many, None where nobody counted; `pages`: of 8 kB."""

    schema: str
    name: str
    kind: str
    columns: Mapping[str, Column]
    key: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()  # also by an index alone
    alone: frozenset[str] = (
        frozenset()
    )  # what such an index is made of, of some rows or an expression (`lower(email)`) too
    indexed: frozenset[str] = frozenset()  # the columns with which an index begins
    foreign_keys: tuple[ForeignKey, ...] = ()
    parents: tuple[At, ...] = ()  # tables that it inherits from
    rows: int | None = None
    pages: int = 0
    readable: bool = True

    @property
    def at(self) -> At:
        return self.schema, self.name

    @property
    def qualified(self) -> str:
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True)
class Catalogue:
    """`tables`: what holds rows of its own, by (schema, table). `views` hold none; `copies` are materialized views."""

    database: str
    tables: Mapping[At, Table]
    views: tuple[At, ...] = ()
    copies: tuple[At, ...] = ()
    prefixes: Mapping[str, str] = field(default_factory=dict)  # schema → what most of its tables begin with


# A table's partitions are its own: they are read, keyed and sized through it.
_RELATIONS = """
WITH RECURSIVE below (root, leaf) AS (
    SELECT c.oid, c.oid FROM pg_class c WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm') AND NOT c.relispartition
    UNION ALL
    SELECT b.root, i.inhrelid FROM below b JOIN pg_class p ON p.oid = b.leaf AND p.relkind = 'p'
    JOIN pg_inherits i ON i.inhparent = b.leaf
), size (root, rows, pages, unknown) AS (
    SELECT b.root, sum(greatest(c.reltuples, 0))::bigint,
           COALESCE(sum(CASE WHEN c.relkind IN ('r', 'm') THEN pg_relation_size(c.oid) / 8192 ELSE 0 END), 0)::bigint,
           bool_or(c.relkind IN ('r', 'm') AND c.reltuples <= 0 AND pg_relation_size(c.oid) > 0)
    FROM below b JOIN pg_class c ON c.oid = b.leaf GROUP BY b.root
)
SELECT n.nspname::text, c.relname::text, c.relkind::text,
       has_schema_privilege(n.oid, 'USAGE') AND has_any_column_privilege(c.oid, 'SELECT'),
       s.rows, s.pages, s.unknown,
       COALESCE((SELECT array_agg(ARRAY[pn.nspname::text, p.relname::text] ORDER BY i.inhseqno)
                 FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent JOIN pg_namespace pn ON pn.oid = p.relnamespace
                 WHERE i.inhrelid = c.oid), '{}')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN size s ON s.root = c.oid
WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm') AND NOT c.relispartition
  AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype = 'e')
ORDER BY 1, 2"""

_COLUMNS = """
WITH RECURSIVE base (type, below) AS (
    SELECT oid, CASE typtype WHEN 'd' THEN typbasetype ELSE oid END FROM pg_type
    UNION
    SELECT b.type, t.typbasetype FROM base b JOIN pg_type t ON t.oid = b.below WHERE t.typtype = 'd'
)
SELECT n.nspname::text, c.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod), t.typname::text,
       t.typcategory::text, a.attnotnull, has_column_privilege(c.oid, a.attnum, 'SELECT'),
       a.attgenerated <> '',
       a.attidentity <> '' OR COALESCE(pg_get_expr(d.adbin, d.adrelid), '') LIKE 'nextval(%',
       CASE WHEN t.typcategory = 'A' THEN e.typname::text END,
       COALESCE((SELECT array_agg(l.enumlabel::text ORDER BY l.enumsortorder) FROM pg_enum l
                 WHERE l.enumtypid = t.oid), '{}'),
       COALESCE(pg_get_expr(d.adbin, d.adrelid), '')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN base b ON b.type = a.atttypid JOIN pg_type t ON t.oid = b.below AND t.typtype <> 'd'
LEFT JOIN pg_type e ON e.oid = t.typelem
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum AND a.attgenerated = ''
WHERE c.relkind IN ('r', 'p', 'f') AND NOT c.relispartition
  AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
ORDER BY 1, 2, a.attnum"""

_INDEXES = f"""
SELECT n.nspname::text, c.relname::text, i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL,
       (SELECT array_agg(a.attname::text ORDER BY o.nr) FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS o (num, nr)
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = o.num WHERE o.nr <= i.indnkeyatts),
       m.amname = 'btree' AND i.indisvalid AND i.indpred IS NULL AND i.indkey[0] <> 0,
       CASE WHEN (i.indisunique OR i.indisexclusion) AND NOT i.indisprimary THEN
         {OF_INDEX} END
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am m ON m.oid = x.relam
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
ORDER BY 1, 2, x.relname"""


def read_catalogue(connection: Connection) -> Catalogue:
    """Every relation outside PostgreSQL's own schemas; those of extensions are left out, partitions are their parent's."""
    columns: dict[At, dict[str, Column]] = {}
    for (
        schema,
        table,
        name,
        type_,
        base,
        category,
        required,
        readable,
        generated,
        counted,
        element,
        labels,
        default,
    ) in connection.execute(_COLUMNS).fetchall():
        columns.setdefault((schema, table), {})[name] = Column(
            name,
            type_,
            base,
            category,
            required,
            readable,
            generated,
            counted,
            element,
            tuple(labels),
            default,
        )
    keys, foreign = read_keys(connection)
    unique, alone, indexed = _indexes(connection)
    tables: dict[At, Table] = {}
    views: list[At] = []
    copies: list[At] = []
    for schema, name, kind, readable, rows, pages, unknown, parents in connection.execute(
        _RELATIONS
    ).fetchall():
        at = (schema, name)
        if kind in "vm":
            (views if kind == "v" else copies).append(at)
            continue
        tables[at] = Table(
            schema,
            name,
            kind,
            columns.get(at, {}),
            keys.get(at, ()),
            tuple(dict.fromkeys(unique.get(at, ()))),
            frozenset(alone.get(at, ())),
            frozenset(indexed.get(at, ())),
            tuple(
                ForeignKey(one.name, one.columns, one.target, one.target_columns, one.on_delete)
                for one in foreign.get(at, ())
            ),
            tuple((one[0], one[1]) for one in parents),
            None if unknown or kind == "f" else int(rows),
            int(pages),
            readable,
        )
    return Catalogue(str(connection.info.dbname), tables, tuple(views), tuple(copies), _prefixes(tables))


def _indexes(
    connection: Connection,
) -> tuple[dict[At, list[tuple[str, ...]]], dict[At, set[str]], dict[At, set[str]]]:
    """out: as `Table.unique`, `.alone` and `.indexed` have them."""
    unique: dict[At, list[tuple[str, ...]]] = {}
    alone: dict[At, set[str]] = {}
    indexed: dict[At, set[str]] = {}
    for schema, table, one, columns, usable, made_of in connection.execute(_INDEXES).fetchall():
        if one and columns:
            unique.setdefault((schema, table), []).append(tuple(columns))
        alone.setdefault((schema, table), set()).update(made_of or ())
        if usable and columns:
            indexed.setdefault((schema, table), set()).add(columns[0])
    return unique, alone, indexed


def _prefixes(tables: Mapping[At, Table]) -> dict[str, str]:
    """What most tables of a schema begin with, up to an underscore (`wp_`)."""
    found = {}
    for schema in sorted({schema for schema, _ in tables}):
        names = [name for other, name in tables if other == schema]
        counts: dict[str, int] = {}
        for name in names:
            start, line, _ = name.partition("_")
            if line and start:
                counts[start + line] = counts.get(start + line, 0) + 1
        best = max(counts, key=lambda p: (counts[p], p), default="")
        if best and len(names) >= 4 and counts[best] * 4 >= len(names) * 3:
            found[schema] = best
    return found

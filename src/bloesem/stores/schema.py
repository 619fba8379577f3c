"""The tables, columns and links that a PostgreSQL database really has."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields
from typing import Any

from bloesem.stores.postgres import Connection


@dataclass(frozen=True)
class LiveColumn:
    """`type`: as PostgreSQL writes it; `base`: the type below domains; `length`: of a text that has one;
    `labels`: of an enum; `kind`: as pg_type.typtype has it (r a range, m a multirange); `generated`: computed by the
    database from other columns."""

    name: str
    type: str
    required: bool  # NOT NULL, of the column or its domain
    base: str = ""
    length: int | None = None
    generated: bool = False
    labels: tuple[str, ...] = ()
    array: bool = False
    kind: str = ""
    folds: bool = False  # capitals make no difference: citext, and collations that are not deterministic
    made_of: tuple[str, ...] = ()  # the columns of which it is generated


@dataclass(frozen=True)
class LiveLink:
    """A foreign key of one table, or of a partition of it, to a table or a partition of it. `on_delete`, `on_update`: what
    happens to the row when its target goes, or what it is pointed to by changes; `checked`: whether what any row points to
    exists (a key that is NOT VALID or NOT ENFORCED, or of a partition, promises nothing). A period of time is not among its
    columns: it lies within periods of the target, and is equal to none."""

    name: str
    columns: tuple[str, ...]
    target: tuple[str, str]
    target_columns: tuple[str, ...]
    on_delete: str
    checked: bool = True
    on_update: str = "NO ACTION"

    @property
    def moves(self) -> bool:
        """Whether the database changes what points along it when that changes."""
        return self.on_update not in ("NO ACTION", "RESTRICT")


@dataclass(frozen=True)
class LiveTable:
    schema: str
    name: str
    columns: dict[str, LiveColumn]
    key: tuple[str, ...]
    links: tuple[LiveLink, ...]
    unique: tuple[tuple[str, ...], ...] = ()  # columns of unique indexes and of EXCLUDE, the key left out
    #: Those of them by which an index alone tells one row from all others.
    sole: tuple[tuple[str, ...], ...] = ()
    partitioned: bool = False
    inherited: bool = False  # other tables inherit from it, each mapped by itself
    writable: bool = True  # whether this login may change and delete its rows
    readable: bool = True
    hidden: bool = False  # row security hides rows from this login
    rules: tuple[str, ...] = ()  # what rewrites an UPDATE or DELETE
    #: Its triggers, as one hash, and its checks: what is rehearsed under others may end otherwise.
    does: str | None = None
    checks: str | None = None
    triggers: bool = False  # whether a DELETE sets off more than the checks of foreign keys
    foreign: bool = False  # of another server: it has no indexes here, and whether a key is one is not known
    versioned: bool = False  # whether each version of a row has a transaction and a place of its own: a heap

    def tells_apart(self, column: str) -> bool:
        """Whether an index may refuse that two rows have one value of a column."""
        return any(column in columns for columns in (*self.unique, self.key))


_ON_DELETE = {"a": "NO ACTION", "r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}

_NOT_OURS = """
n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' AND n.nspname <> ALL (%(without)s)
AND c.relkind IN ('r', 'p', 'f') AND NOT c.relispartition
AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype = 'e')"""

_COLUMNS = f"""
WITH RECURSIVE domain (type, below, typmod, required) AS (
    SELECT oid, typbasetype, typtypmod, typnotnull FROM pg_type WHERE typtype = 'd'
    UNION ALL
    SELECT d.type, t.typbasetype, CASE d.typmod WHEN -1 THEN t.typtypmod ELSE d.typmod END, d.required OR t.typnotnull
    FROM domain d JOIN pg_type t ON t.oid = d.below AND t.typtype = 'd'
)
SELECT n.nspname::text, c.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod),
       a.attnotnull OR COALESCE(d.required, false), format_type(y.oid, NULL),
       CASE WHEN y.oid IN (1042, 1043) THEN NULLIF(COALESCE(NULLIF(a.atttypmod, -1), d.typmod, -1), -1) - 4 END,
       a.attgenerated <> '' OR a.attidentity = 'a',
       ARRAY(SELECT e.enumlabel::text FROM pg_enum e WHERE e.enumtypid = y.oid ORDER BY e.enumsortorder),
       y.typcategory = 'A', y.typtype::text,
       y.typname = 'citext'
           OR EXISTS (SELECT FROM pg_collation l WHERE l.oid = a.attcollation AND NOT l.collisdeterministic),
       ARRAY(SELECT b.attname::text FROM pg_attribute b
             WHERE a.attgenerated <> '' AND b.attrelid = c.oid AND b.attnum > 0 AND b.attnum <> a.attnum
               AND EXISTS (SELECT FROM pg_depend p
                           LEFT JOIN pg_attrdef g ON p.classid = 'pg_attrdef'::regclass AND g.oid = p.objid
                           WHERE p.refclassid = 'pg_class'::regclass AND p.refobjid = c.oid AND p.refobjsubid = b.attnum
                             AND (p.classid = 'pg_class'::regclass AND p.objid = c.oid AND p.objsubid = a.attnum
                                  OR g.adrelid = c.oid AND g.adnum = a.attnum))),
       c.relkind = 'p',
       EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = c.oid) AND c.relkind = 'r',
       has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'UPDATE')
           AND has_table_privilege(c.oid, 'DELETE'),
       has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT'), row_security_active(c.oid),
       EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgtype & 8 <> 0
               AND t.tgenabled <> 'D'),
       (SELECT md5(string_agg(concat_ws(' ', t.tgname, t.tgtype, t.tgenabled, f.prosrc), ' ' ORDER BY t.tgname))
        FROM pg_trigger t JOIN pg_proc f ON f.oid = t.tgfoid WHERE t.tgrelid = c.oid AND NOT t.tgisinternal),
       (SELECT md5(string_agg(pg_get_constraintdef(k.oid), ' ' ORDER BY k.conname)) FROM pg_constraint k
        WHERE k.conrelid = c.oid AND k.contype IN ('c', 'x')),
       c.relkind = 'r' AND EXISTS (SELECT FROM pg_am m WHERE m.oid = c.relam AND m.amname = 'heap'),
       c.relkind = 'f',
       ARRAY(SELECT w.rulename::text FROM pg_rewrite w WHERE w.ev_class = c.oid AND w.ev_type IN ('2', '4')
             AND w.ev_enabled IN ('O', 'A') ORDER BY 1)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN (SELECT d.* FROM domain d JOIN pg_type b ON b.oid = d.below AND b.typtype <> 'd') d ON d.type = a.atttypid
LEFT JOIN pg_type y ON y.oid = COALESCE(d.below, a.atttypid)
WHERE {_NOT_OURS} ORDER BY 1, 2, a.attnum"""

#: The table of which another is a partition; itself, where it is none.
_WHOLE = "JOIN pg_class {1} ON {1}.oid = CASE WHEN {0}.relispartition THEN pg_partition_root({0}.oid) ELSE {0}.oid END"

#: The columns of the index `i`; of an expression those that it is made of: the catalogue says on which the index depends.
OF_INDEX = """
       ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum > 0
             AND (a.attnum = ANY ((i.indkey::smallint[])[0:i.indnkeyatts - 1])
                  OR i.indexprs IS NOT NULL AND EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
                     AND d.objid = i.indexrelid AND d.refobjid = i.indrelid AND d.refobjsubid = a.attnum)))"""

_UNIQUE = f"""
SELECT n.nspname::text, c.relname::text, {OF_INDEX},
       c.oid = o.oid AND i.indexprs IS NULL AND i.indpred IS NULL AND i.indisvalid
           AND EXISTS (SELECT FROM pg_class x JOIN pg_am m ON m.oid = x.relam
                       WHERE x.oid = i.indexrelid AND m.amname = 'btree')
FROM pg_index i JOIN pg_class o ON o.oid = i.indrelid {_WHOLE.format("o", "c")}
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE (i.indisunique OR i.indisexclusion) AND NOT (i.indisprimary AND c.oid = o.oid)
  AND NOT EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = i.indexrelid) AND {_NOT_OURS}"""

_KEYS = f"""
SELECT n.nspname::text, c.relname::text, k.conname::text, k.contype::text,
       (SELECT array_agg(a.attname::text ORDER BY p.nr) FROM unnest(k.conkey) WITH ORDINALITY AS p (num, nr)
        JOIN pg_attribute a ON a.attrelid = o.oid AND a.attnum = p.num),
       fn.nspname::text, fc.relname::text,
       (SELECT array_agg(a.attname::text ORDER BY p.nr) FROM unnest(k.confkey) WITH ORDINALITY AS p (num, nr)
        JOIN pg_attribute a ON a.attrelid = fo.oid AND a.attnum = p.num),
       k.confdeltype::text, k.confupdtype::text, k.convalidated AND c.oid = o.oid AND fc.oid = fo.oid,
       COALESCE((to_jsonb(k) ->> 'conperiod')::boolean, false)
FROM pg_constraint k JOIN pg_class o ON o.oid = k.conrelid {_WHOLE.format("o", "c")}
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN (pg_class fo {_WHOLE.format("fo", "fc")} JOIN pg_namespace fn ON fn.oid = fc.relnamespace) ON fo.oid = k.confrelid
WHERE (k.contype = 'f' OR k.contype = 'p' AND c.oid = o.oid) AND k.conparentid = 0 AND {_NOT_OURS} ORDER BY 1, 2, 3"""


#: How many columns of _COLUMNS say what a `LiveColumn` is, in its order; and what the last ones say of the table.
_WIDTH = len(fields(LiveColumn))
_OF_TABLE = (
    "partitioned", "inherited", "writable", "readable", "hidden", "triggers", "does", "checks", "versioned", "foreign",
    "rules",
)  # fmt: skip


def read_keys(
    connection: Connection, *, without: Collection[str] = ()
) -> tuple[dict[tuple[str, str], tuple[str, ...]], dict[tuple[str, str], list[LiveLink]]]:
    """out: by (schema, table), primary keys, and foreign keys, those of partitions and to partitions as their tables'."""
    keys: dict[tuple[str, str], tuple[str, ...]] = {}
    links: dict[tuple[str, str], list[LiveLink]] = {}
    for schema, table, name, kind, own, *rest in connection.execute(
        _KEYS, {"without": list(without)}
    ).fetchall():
        if kind == "p":
            keys[schema, table] = tuple(own)
        else:
            to_schema, to_table, of, on_delete, on_update, checked, period = rest
            width = len(own) - period
            link = LiveLink(
                name,
                tuple(own[:width]),
                (to_schema, to_table),
                tuple(of[:width]),
                _ON_DELETE[on_delete],
                checked,
                _ON_DELETE[on_update],
            )
            links.setdefault((schema, table), []).append(link)
    return keys, links


def read_schema(connection: Connection, *, without: Collection[str] = ()) -> dict[tuple[str, str], LiveTable]:
    """Every table outside PostgreSQL's own schemas and those in `without`, by (schema, table). Partitions count as
    their parent; tables of extensions are left out."""
    given = {"without": list(without)}
    columns: dict[tuple[str, str], dict[str, LiveColumn]] = {}
    more: dict[tuple[str, str], dict[str, Any]] = {}
    for row in connection.execute(_COLUMNS, given).fetchall():
        at = row[0], row[1]
        said: list[Any] = [tuple(one) if isinstance(one, list) else one for one in row[2:]]
        found = columns.setdefault(at, {})
        more[at] = dict(zip(_OF_TABLE, said[_WIDTH:], strict=True))
        if said[0] is not None:
            found[said[0]] = LiveColumn(*said[:_WIDTH])
    unique: dict[tuple[str, str], list[tuple[str, ...]]] = {}
    sole: dict[tuple[str, str], list[tuple[str, ...]]] = {}
    for schema, table, names, alone in connection.execute(_UNIQUE, given).fetchall():
        unique.setdefault((schema, table), []).append(tuple(names))
        if alone:
            sole.setdefault((schema, table), []).append(tuple(names))
    keys, links = read_keys(connection, without=without)
    return {
        at: LiveTable(
            schema=at[0],
            name=at[1],
            columns=found,
            key=keys.get(at, ()),
            links=tuple(links.get(at, ())),
            unique=tuple(unique.get(at, ())),
            sole=tuple(sole.get(at, ())),
            **more[at],
        )
        for at, found in columns.items()
    }

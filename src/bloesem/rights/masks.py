"""What an erased value becomes, as SQL: nothing, a value of the map, or a mask of its own type and length."""

from __future__ import annotations

import json
from collections.abc import Sequence

from bloesem.plan.quoting import ident, literal, qualified
from bloesem.rights.fetch import ROW, bare, base, column, texts, typed
from bloesem.rights.graph import Table
from bloesem.stores.schema import LiveColumn

#: The mask of a type whose values have no letters: one value, and one that no other row has.
_OF_TYPE = {
    "smallint": ("0", "-(random() * 32767)::int"),
    "integer": ("0", "-(random() * 2147483647)::bigint"),
    "bigint": ("0", "-(random() * 9e15)::bigint"),
    "numeric": ("0", "-(random() * 1e6)::int"),
    "real": ("0", "-random()"),
    "double precision": ("0", "-random()"),
    "money": ("0", "0"),
    "boolean": ("false", "false"),
    "date": ("'1900-01-01'", "date '1800-01-01' + (random() * 36000)::int"),
    "timestamp without time zone": (
        "'1900-01-01'",
        "timestamp '1900-01-01' - random() * interval '36000 days'",
    ),
    "timestamp with time zone": (
        "'1900-01-01Z'",
        "timestamptz '1900-01-01Z' - random() * interval '36000 days'",
    ),
    "time without time zone": ("'00:00'", "time '00:00' + random() * interval '24 hours'"),
    "time with time zone": ("'00:00Z'", "timetz '00:00Z' + random() * interval '24 hours'"),
    "interval": ("'0'", "random() * interval '1 hour'"),
    "uuid": ("'00000000-0000-0000-0000-000000000000'", "md5(random()::text || clock_timestamp()::text)"),
    "inet": ("'0.0.0.0'", "inet '0.0.0.0' + (random() * 16777215)::bigint"),
    "cidr": ("'0.0.0.0/32'", "(inet '0.0.0.0' + (random() * 16777215)::bigint)::cidr"),
    "macaddr": ("'00:00:00:00:00:00'", "left(md5(random()::text), 12)"),
    "macaddr8": ("'00:00:00:00:00:00:00:00'", "left(md5(random()::text), 16)"),
    "json": ("'{}'", "'{}'"),
    "jsonb": ("'{}'", "'{}'"),
    "xml": ("''", "''"),
    "bytea": ("''", "decode(md5(random()::text || clock_timestamp()::text), 'hex')"),
    "tsvector": ("''", "''"),
    "hstore": ("''", "''"),
    "ltree": ("''", "md5(random()::text || clock_timestamp()::text)"),
}
#: Of kinds of types, whatever they are of: one value, which overlaps no other.
_OF_KIND = {"r": ("'empty'", "'empty'"), "m": ("'{}'", "'{}'")}

#: What is not of ASCII is a letter: which of them a server knows for one depends on its locale.
_LETTER, _DIGIT = r"[a-zA-Z]|[^\x01-\x7f]", "[0-9]"

#: Letters and digits become `x` and `0`: length, signs and pattern stay, so that what checks them is content.
_SAME = f"regexp_replace(regexp_replace({{c}}, '{_LETTER}', 'x', 'g'), '{_DIGIT}', '0', 'g')"

#: Powers of ten, from the first.
_SIZES = f"('{{{{{','.join(str(10**n) for n in range(13))}}}}}'::bigint[])"

#: Letters and digits become others. Each row of the statement (`v.n` of `v.c`) tries every `v.c`-th number from its own: no
#: two try the same before all were tried. The digits of a number stand in the places of letters and digits, the last first,
#: each shifted by what the transaction and the digits before it say: other numbers give other masks, and no order is seen.
#: The first stays that is not the value itself, nor, where an index tells at once, another row's.
_OTHER = f"""CASE WHEN {{c}} !~ '{_LETTER}|{_DIGIT}' THEN {{c}} ELSE (
 SELECT w.m FROM generate_series(0, 999) AS g (try), LATERAL (
  SELECT string_agg(CASE d.c WHEN '0' THEN (d.shifted % 10)::text WHEN 'x' THEN chr((97 + d.shifted % 26)::int) ELSE d.c END,
    '' ORDER BY d.n) COLLATE "default" AS m
  FROM (SELECT e.*, e.number / e.size % 10
      + ('x' || left(md5(concat_ws(' ', txid_current(), e.n, e.number % e.size)), 7))::bit(28)::int AS shifted
   FROM (SELECT p.*, {_SIZES}[least(p.place, 13)] AS size, v.n + g.try * v.c
       + g.try / greatest({_SIZES}[least(max(p.place) OVER (), 12) + 1] / v.c, 1) AS number
    FROM (SELECT t.c, t.n, count(*) FILTER (WHERE t.c IN ('x', '0')) OVER (ORDER BY t.n DESC) AS place
     FROM regexp_split_to_table({_SAME}, '') WITH ORDINALITY AS t (c, n)) p) e) d) w
 WHERE w.m <> lower({{c}}){{taken}} LIMIT 1) END"""
#: By what an expression is known that gives another mask each time.
DRAWN = ("random()", "txid_current()")
_TAKEN = " AND NOT EXISTS (SELECT FROM {table} WHERE taken.{c} = w.m::{type})"


def constant(one: LiveColumn, value: str | int) -> str:
    """A value of the map, as one of the column, in a statement that has parameters. Not cast to the column's length: what is
    too long is refused, where a cast would cut it off."""
    return f"{literal(str(value))}::{base(one)}".replace("%", "%%")


def mask(table: Table, one: LiveColumn) -> str | None:
    """An expression of the column's type that says nothing of the value; of a unique column, one that no other row has.
    None: the type is not known here, and the value is emptied."""
    whole = one.type.replace("%", "%%")
    alone = any(one.name in columns for columns in (*table.live.unique, table.live.key))
    if one.array:
        return f"'{{}}'::{whole}"
    if one.labels:
        return constant(one, one.labels[0])
    if texts(one):
        said = _other(table, one) if alone else _SAME.format(c=_text(one))
    else:
        found = _OF_TYPE.get(base(one).rpartition(".")[2]) or _OF_KIND.get(one.kind)
        if found is None:
            return None
        said = found[alone]
    return f"CASE WHEN {column(one.name)} IS NULL THEN NULL ELSE ({said})::{whole} END"


def _other(table: Table, one: LiveColumn) -> str:
    taken = ""
    if (one.name,) in table.live.sole:
        where = f"{qualified(table.schema, table.name)} AS taken".replace("%", "%%")
        taken = _TAKEN.format(table=where, c=bare(one.name), type=typed(one))
    return _OTHER.replace("%", "%%").format(c=_text(one), taken=taken)


def _text(one: LiveColumn) -> str:
    """Collated so that an expression sees the same in it everywhere."""
    return f'({column(one.name)}::text COLLATE "C")'


def document(table: Table, name: str, without: Sequence[str]) -> str:
    """A json column without what lies at some paths of it (as `Table.paths` calls them), in arrays too."""
    one = table.live.columns[name]
    said = f"{ROW}.{ident(name)}::jsonb"
    for path in without:
        meta = table.fields[path].meta
        instead: str | int | None = "xxx" if meta.on_erase == "redact" else meta.erased
        leaf = None if instead is None else f"{literal(json.dumps(instead))}::jsonb"
        said = _at(f"({said})", table.paths[path][1:], leaf)
    return f"({said})::{base(one)}".replace("%", "%%")


def _at(e: str, path: Sequence[str], leaf: str | None) -> str:
    inside = f"CASE jsonb_typeof(x.e) WHEN 'object' THEN {_key('x.e', path, leaf)} ELSE x.e END"
    elements = f"FROM jsonb_array_elements({e}) WITH ORDINALITY AS x (e, n)"
    return (
        f"CASE jsonb_typeof({e}) WHEN 'object' THEN {_key(e, path, leaf)}"
        f" WHEN 'array' THEN (SELECT COALESCE(jsonb_agg({inside} ORDER BY x.n), '[]') {elements}) ELSE {e} END"
    )


def _key(e: str, path: Sequence[str], leaf: str | None) -> str:
    key = f"{literal(path[0])}::text"
    if len(path) > 1:
        inner = _at(f"({e} -> {key})", path[1:], leaf)
        return f"CASE WHEN {e} ? {key} THEN jsonb_set({e}, ARRAY[{key}], {inner}) ELSE {e} END"
    return f"{e} - {key}" if leaf is None else f"jsonb_set({e}, ARRAY[{key}], {leaf}, false)"


def erased(table: Table, name: str) -> str | None:
    """What a value becomes when its owner goes. None: it would be empty, and must not be."""
    one, meta = table.live.columns[name], table.fields[name].meta
    if meta.on_erase == "redact":
        found = mask(table, one)
        if found is not None:
            return found
    if meta.erased is not None:
        return constant(one, meta.erased)
    return None if one.required else "NULL"

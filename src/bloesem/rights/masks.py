"""What an erased value becomes, as SQL: nothing, a value of the map, or a mask of its own type and length."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from decimal import Decimal

from bloesem.plan.quoting import ident, literal, qualified
from bloesem.rights.fetch import ROW, bare, base, column, texts, typed
from bloesem.rights.graph import Table
from bloesem.stores.schema import LiveColumn

#: The mask of a type whose values have no letters: one value, and another for each `{number}`, within the type's range; of
#: what a column may be told apart by, `{many}` of `{unit}` each (`_range`). None: values of the type are not compared.
_OF_TYPE: dict[str, tuple[str, str | None]] = {
    "smallint": ("0", "-({number} % 32768)"),
    "integer": ("0", "-({number} % 2147483648)"),
    "bigint": ("0", "-({number} % 9000000000000000)"),
    "numeric": ("0", "-({number} % {many}) * {unit}"),
    "real": ("0", "-({number} % 16777216)"),
    "double precision": ("0", "-({number} % 9000000000000000)"),
    "money": ("0", "-({number} % 9000000000000)"),
    "boolean": ("false", None),
    "date": ("'1900-01-01'", "date '1900-01-01' - ({number} % 690000)::int"),
    "timestamp without time zone": (
        "'1900-01-01'",
        "timestamp '1900-01-01' - {number} % 3000000000 * interval '1 second'",
    ),
    "timestamp with time zone": (
        "'1900-01-01Z'",
        "timestamptz '1900-01-01Z' - {number} % 3000000000 * interval '1 second'",
    ),
    "time without time zone": ("'00:00'", "time '00:00' + {number} % {many} * {unit}"),
    "time with time zone": ("'00:00Z'", "timetz '00:00Z' + {number} % {many} * {unit}"),
    "interval": ("'0'", "{number} % {many} * {unit}"),
    "uuid": ("'00000000-0000-0000-0000-000000000000'", "md5({number}::text)"),
    "inet": ("'0.0.0.0'", "inet '0.0.0.0' + {number} % 16777216"),
    "cidr": ("'0.0.0.0/32'", "(inet '0.0.0.0' + {number} % 16777216)::cidr"),
    "macaddr": ("'00:00:00:00:00:00'", "lpad(to_hex({number} % 281474976710656), 12, '0')"),
    "macaddr8": ("'00:00:00:00:00:00:00:00'", "lpad(to_hex({number}), 16, '0')"),
    "json": ("'{}'", None),
    "jsonb": ("'{}'", "to_jsonb(md5({number}::text))"),
    "xml": ("''", None),
    "bytea": ("''", "decode(md5({number}::text), 'hex')"),
    "tsvector": ("''", "md5({number}::text)"),
    "hstore": ("''", None),
    "ltree": ("''", "md5({number}::text)"),
}
#: Of a text in an array: where it is cut off, what differs is left.
_ELEMENT = "reverse(to_hex({number}))"
#: Of kinds of types, whatever they are of: one value, which overlaps no other.
_OF_KIND = {"r": "'empty'", "m": "'{}'"}
#: Labels of an enum, and whether: one by the number, as to be another one would tell which it was.
_WHETHER = ("false", "true")
_UNITS = ("year", "month", "day", "hour", "minute", "second")

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

#: The number of a row, and of another try: in each transaction from another one on.
_NUMBER = "('x' || left(md5(txid_current()::text), 15))::bit(60)::bigint + v.n"
_NUMBERED = """SELECT w.m FROM generate_series(0, 999) AS g (try),
 LATERAL (SELECT ({mask})::{type} AS m FROM (SELECT {number} + g.try * v.c) AS p (number)) AS w
 WHERE w.m <> {c}{taken} LIMIT 1"""
#: By what an expression is known that gives another mask each time.
DRAWN = ("txid_current()",)
#: The mask of what lies in json, by its type there.
_JSON = {"number": "0", "boolean": "false", "null": "null"}
_TAKEN = " AND NOT EXISTS (SELECT FROM {table} WHERE taken.{c} = w.m::{type})"


def constant(one: LiveColumn, value: str | int) -> str:
    """A value of the map, as one of the column, in a statement that has parameters. Not cast to the column's length: what is
    too long is refused, where a cast would cut it off."""
    return f"{literal(str(value))}::{base(one)}".replace("%", "%%")


def mask(table: Table, one: LiveColumn) -> str | None:
    """An expression of the column's type that says nothing of the value; of a unique column, one that no other row has.
    None: the type is not known here, and the value is emptied."""
    alone = table.live.tells_apart(one.name)
    if texts(one) and not one.array:
        said: str | None = _other(table, one) if alone else _SAME.format(c=_text(one))
    else:
        said = (_numbered(table, one) if alone else None) or _constant(one)
    whole = one.type.replace("%", "%%")
    return (
        None if said is None else f"CASE WHEN {column(one.name)} IS NULL THEN NULL ELSE ({said})::{whole} END"
    )


def _constant(one: LiveColumn) -> str | None:
    if one.array:
        return "'{}'"
    if one.labels:
        return constant(one, one.labels[0])
    found = _OF_TYPE.get(base(one).rpartition(".")[2])
    return found[0] if found else _OF_KIND.get(one.kind)


def _other(table: Table, one: LiveColumn) -> str:
    return _OTHER.replace("%", "%%").format(c=_text(one), taken=_taken(table, one))


def _numbered(table: Table, one: LiveColumn) -> str | None:
    """By the number of its row; None where the type has one mask alone."""
    labels = _WHETHER if base(one) == "boolean" else one.labels
    if labels:
        those = ", ".join(literal(label) for label in labels)
        said = f"(ARRAY[{those}]::{base(one)}[])[1 + (({_NUMBER}) % {len(labels)})::int]"
        return said.replace("%", "%%")
    if one.array and texts(one):
        said = _ELEMENT
    else:
        said = _OF_TYPE.get(base(one).removesuffix("[]").rpartition(".")[2], ("", None))[1] or ""
    if not said:
        return None
    many, unit = _range(one)
    said = said.format(number="p.number", many=many, unit=unit)
    said = _NUMBERED.replace("{mask}", f"ARRAY[{said}]" if one.array else said).replace("%", "%%")
    return said.format(type=typed(one), number=_NUMBER, c=column(one.name), taken=_taken(table, one))


def _range(one: LiveColumn) -> tuple[int, str]:
    """How many values a column tells apart, and the step between two. How exact it is its type's text says; of a domain,
    which has another name, little is supposed."""
    kind, called = base(one).removesuffix("[]"), one.type.removesuffix("[]")
    known = re.match(rf"{kind.split()[0]}\b", called) is not None
    said = [int(n) for n in re.findall(r"-?\d+", called)] if known else []
    if kind == "numeric":
        digits, after = [*(said or ([15] if known else [4])), 0][:2]
        return 10 ** min(digits, 15), f"{Decimal(1).scaleb(-after):f}"
    if kind == "interval":
        unit = called.split()[-1]
        return (10**6, f"interval '1 {unit}'") if unit in _UNITS else (3 * 10**9, "interval '1 second'")
    exact = said[0] if said else 6 * known
    return 86400 * 10**exact, f"interval '{Decimal(1).scaleb(-exact):f} second'"


def _taken(table: Table, one: LiveColumn) -> str:
    if (one.name,) not in table.live.sole:
        return ""
    where = f"{qualified(table.schema, table.name)} AS taken".replace("%", "%%")
    return _TAKEN.format(table=where, c=bare(one.name), type=typed(one))


def _text(one: LiveColumn) -> str:
    """Collated so that an expression sees the same in it everywhere."""
    return f'({column(one.name)}::text COLLATE "C")'


def document(table: Table, name: str, without: Sequence[str]) -> str:
    """A json column without what lies at some paths of it (as `Table.paths` calls them), in arrays too."""
    one = table.live.columns[name]
    said = f"{ROW}.{ident(name)}::jsonb"
    for path in without:
        meta = table.fields[path].meta
        instead = None if meta.erased is None else f"{literal(json.dumps(meta.erased))}::jsonb"
        leaf = _in_json if meta.on_erase == "redact" else _always(instead)
        said = _at(f"({said})", table.paths[path][1:], leaf)
    return f"({said})::{base(one)}".replace("%", "%%")


#: What a value in json becomes, by the SQL of it; None: it goes.
Leaf = Callable[[str], str | None]


def _always(said: str | None) -> Leaf:
    return lambda _: said


def _in_json(e: str) -> str:
    cases = " ".join(f"WHEN '{kind}' THEN '{mask}'" for kind, mask in _JSON.items())
    return f"""CASE jsonb_typeof({e}) {cases} ELSE '"xxx"' END::jsonb"""


def _at(e: str, path: Sequence[str], leaf: Leaf) -> str:
    """An array is written anew, whatever arrays lie in it: each element at its place, each bracket at its own."""
    w = f"w{len(path)}"
    elements = f"""WITH RECURSIVE {w} (at, e) AS (SELECT ARRAY[]::bigint[], {e} UNION ALL SELECT {w}.at || x.n, x.e FROM {w},
 jsonb_array_elements(CASE jsonb_typeof({w}.e) WHEN 'array' THEN {w}.e END) WITH ORDINALITY AS x (e, n))"""
    said = f"""CASE jsonb_typeof({w}.e) WHEN 'object' THEN ({_key(f"{w}.e", path, leaf)})::text WHEN 'array' THEN '['
 ELSE {w}.e::text END"""
    texts = f"""SELECT {w}.at, CASE WHEN {w}.at[cardinality({w}.at)] > 1 THEN ',' ELSE '' END || {said} FROM {w}
 UNION ALL SELECT {w}.at || {2**63 - 1}, ']' FROM {w} WHERE jsonb_typeof({w}.e) = 'array'"""
    whole = f"({elements} SELECT string_agg(x.t, '' ORDER BY x.at) FROM ({texts}) AS x (at, t))::jsonb"
    return f"CASE jsonb_typeof({e}) WHEN 'object' THEN {_key(e, path, leaf)} WHEN 'array' THEN {whole} ELSE {e} END"


def _key(e: str, path: Sequence[str], leaf: Leaf) -> str:
    key = f"{literal(path[0])}::text"
    if len(path) > 1:
        inner = _at(f"({e} -> {key})", path[1:], leaf)
        return f"CASE WHEN {e} ? {key} THEN jsonb_set({e}, ARRAY[{key}], {inner}) ELSE {e} END"
    said = leaf(f"{e} -> {key}")
    return f"{e} - {key}" if said is None else f"jsonb_set({e}, ARRAY[{key}], {said}, false)"


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

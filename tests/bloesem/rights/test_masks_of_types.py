"""Masks of what has no letters: within the range of its type, and no two alike where they must not be."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.bloesem.rights.test_shapes import ANN, Fields, desk, made, table
from tests.databases import Database

from bloesem.rights.masks import document

NOTHING = table("acc", {"id": None}, holds="reference", why="accounts")

#: Types of which a thousand values of one person are unique, and what the n-th is.
UNIQUE = {
    "smallint": "n",
    "int": "n",
    "bigint": "n",
    "numeric": "n",
    "numeric(4)": "n",
    "numeric(4,1)": "n / 10.0",
    "numeric(30,28)": "n / 1000.0",
    "amount": "n",
    "real": "n",
    "double precision": "n",
    "money": "n::money",
    "date": "date '2020-01-01' + n",
    "timestamp": "timestamp '2020-01-01' + n * interval '1 second'",
    "timestamptz": "timestamptz '2020-01-01' + n * interval '1 second'",
    "timestamptz(0)": "timestamptz '2020-01-01' + n * interval '1 second'",
    "time": "time '00:00' + n * interval '1 second'",
    "time(0)": "time '00:00' + n * interval '1 second'",
    "moment": "time '00:00' + n * interval '1 second'",
    "timetz(3)": "timetz '00:00Z' + n * interval '1 second'",
    "interval": "n * interval '1 second'",
    "interval year": "n * interval '1 year'",
    "interval day to second(0)": "n * interval '1 second'",
    "uuid": "md5(n::text)::uuid",
    "inet": "inet '10.0.0.0' + n",
    "cidr": "(inet '10.0.0.0' + n)::cidr",
    "macaddr": "lpad(to_hex(n), 12, '0')::macaddr",
    "macaddr8": "lpad(to_hex(n), 16, '0')::macaddr8",
    "jsonb": "to_jsonb(n)",
    "bytea": "int4send(n)",
    "tsvector": "n::text::tsvector",
    "text[]": "ARRAY[n::text]",
    "varchar(4)[]": "ARRAY[n::text]",
    "int[]": "ARRAY[n]",
    "numeric(4,1)[]": "ARRAY[n / 10.0]",
}
TYPES = """CREATE DOMAIN amount AS numeric(6,1); CREATE DOMAIN moment AS time(0); CREATE TYPE sort AS ENUM ('a', 'b%', 'c')"""
LINK = {"columns": ["person_id"], "to": "person", "kind": "shared", "erase": ["t"]}
FIELDS: Fields = {"id": None, "acc": None, "person_id": None, "t": {"on_erase": "redact"}}
NOTE = "CREATE TABLE note (id int PRIMARY KEY, acc int, person_id int REFERENCES person, t {}{})"


@pytest.mark.parametrize("alone", [False, True])
@pytest.mark.parametrize("type_", UNIQUE)
def test_no_two_rows_have_one_mask(type_: str, alone: bool, fresh_database: Database, tmp_path: Path) -> None:
    with fresh_database.connect(autocommit=True) as connection:
        made(
            connection,
            f"""{TYPES}; CREATE TABLE acc (id int PRIMARY KEY); {NOTE.format(type_, ", UNIQUE (t)" if alone else ", UNIQUE (acc, t)")};
            INSERT INTO note SELECT n, 1, CASE WHEN n > 500 THEN 1 ELSE 2 END, {UNIQUE[type_]} FROM generate_series(1, 999) n;
            INSERT INTO note VALUES (1000, 1, 1, NULL); CREATE TEMP TABLE old AS TABLE note""",
        )
        asked = desk(connection, tmp_path, NOTHING, table("note", FIELDS, LINK))
        asked.erase(ANN)
        said = (
            "SELECT count(*), count(o.t), count(n.t), count(DISTINCT n.t), count(*) FILTER (WHERE n.t = o.t)"
        )
        of = "FROM note n JOIN old o USING (id) WHERE o.person_id ="
        assert connection.execute(f"{said} {of} 1".encode()).fetchone() == (500, 499, 499, 499, 0)
        assert connection.execute(f"{said} {of} 2".encode()).fetchone() == (500, 500, 500, 500, 500)


#: Of types a value, and its mask where it is not unique.
ONE = {
    "boolean": ("true", "false"),
    "sort": ("'b%'", "'a'"),
    "numeric(4,1)": ("999.9", "0"),
    "jsonb": ("'{\"a\": 1}'", "'{}'"),
    "text[]": ("'{a}'", "'{}'"),
    "int4range": ("'[1,2)'", "'empty'"),
    "json": ("'{\"a\": 1}'", "'{}'"),
}


@pytest.mark.parametrize("type_", ONE)
def test_what_is_not_unique_has_one_mask(type_: str, fresh_database: Database, tmp_path: Path) -> None:
    value, mask = ONE[type_]
    with fresh_database.connect(autocommit=True) as connection:
        made(
            connection,
            f"""{TYPES}; CREATE TABLE acc (id int PRIMARY KEY); {NOTE.format(type_, "")};
            INSERT INTO note SELECT n, 1, 1, {value} FROM generate_series(1, 3) n; INSERT INTO note VALUES (4, 1, 1, NULL)""",
        )
        desk(connection, tmp_path, NOTHING, table("note", FIELDS, LINK)).erase(ANN)
        asked = f"SELECT array_agg(t::text IS NOT DISTINCT FROM ({mask})::{type_}::text ORDER BY id), count(t) FROM note"
        assert connection.execute(asked.encode()).fetchone() == ([True, True, True, False], 3)


@pytest.mark.parametrize("type_", ["boolean", "sort"])
def test_of_few_values_another_is_drawn_until_none_is_in_the_way(
    type_: str, fresh_database: Database, tmp_path: Path
) -> None:
    first, then = ("false", "true") if type_ == "boolean" else ("'a'", "'b%'")
    with fresh_database.connect(autocommit=True) as connection:
        made(
            connection,
            f"""{TYPES}; CREATE TABLE acc (id int PRIMARY KEY); {NOTE.format(type_, ", UNIQUE (acc, t)")};
            INSERT INTO note VALUES (1, 1, 1, {first}), (2, 1, 1, {then})""",
        )
        desk(connection, tmp_path, NOTHING, table("note", FIELDS, LINK)).erase(ANN)
        assert connection.execute("SELECT count(DISTINCT t) FROM note").fetchone() == (2,)


DOCS: Mapping[str, tuple[Any, Any, Any]] = {
    "arrays in arrays": (
        [
            [{"who": "ann", "x": 1}],
            [],
            [[[{"who": "ann"}, "y", None, 1.50]], {"who": "ann", "z": [[1]]}],
            "s",
        ],
        [[{"x": 1}], [], [[[{}, "y", None, 1.50]], {"z": [[1]]}], "s"],
        [
            [{"who": "xxx", "x": 1}],
            [],
            [[[{"who": "xxx"}, "y", None, 1.50]], {"who": "xxx", "z": [[1]]}],
            "s",
        ],
    ),
    "numbers and whether": (
        [{"who": 61_123_456_789}, {"who": True}, {"who": None}, {"who": "ann"}, {"who": ["ann"]}, {}],
        [{}, {}, {}, {}, {}, {}],
        [{"who": 0}, {"who": False}, {"who": None}, {"who": "xxx"}, {"who": "xxx"}, {}],
    ),
    "no array": ({"who": "ann", "b": 1}, {"b": 1}, {"who": "xxx", "b": 1}),
    "a text": ("ann?", "ann?", "ann?"),
    "an empty array": ([], [], []),
}


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("type_", ["json", "jsonb"])
def test_what_lies_in_json_is_erased_wherever_it_lies(
    type_: str, deep: bool, fresh_database: Database, tmp_path: Path
) -> None:
    with fresh_database.connect(autocommit=True) as connection:
        made(connection, f"CREATE TABLE acc (id int PRIMARY KEY); {NOTE.format(type_, '')}")
        inside: list[dict[str, Any]] = [
            {"name": "who", "data_categories": ["identity.name"]},
            {"name": "masked", "data_categories": ["identity.name"], "meta": {"on_erase": "redact"}},
            {"name": "said", "data_categories": ["identity.name"], "meta": {"erased": "it's {%s}"}},
        ]
        if deep:
            inside = [{"name": "at", "fields": [{"name": "it's %s{e}", "fields": inside}]}]
        note = table("note", {**FIELDS, "t": {}}, LINK)
        note["fields"][-1]["fields"] = inside
        asked = desk(connection, tmp_path, NOTHING, note)
        path = "t.at.it's %s{e}" if deep else "t"
        names = [("who", 1), ("masked", 2), ("said", None)]
        for before, *after in DOCS.values():
            for name, at in names:
                wanted = after[at - 1] if at else masked(before, lambda _: "it's {%s}")
                given, left = (
                    ({"at": [[{"it's %s{e}": one}]]} if deep else one)
                    for one in (renamed(before, name), renamed(wanted, name))
                )
                connection.execute(
                    "INSERT INTO note VALUES (1, 1, 1, %s), (2, 1, 1, NULL)", [json.dumps(given)]
                )
                sql = document(asked.graph.tables["public.note"], "t", [f"{path}.{name}"])
                found = connection.execute(
                    f"SELECT {sql} FROM note AS bloesem_row ORDER BY %s, id".encode(), [""]
                ).fetchall()
                assert found == [(left,), (None,)]
                connection.execute("DELETE FROM note")


def renamed(doc: Any, name: str) -> Any:
    return json.loads(json.dumps(doc).replace('"who"', json.dumps(name)))


def masked(doc: Any, mask: Callable[[Any], Any]) -> Any:
    """A document with a mask of whatever stands under `who`."""
    if isinstance(doc, list):
        return [masked(one, mask) for one in doc]
    return {k: mask(v) if k == "who" else v for k, v in doc.items()} if isinstance(doc, dict) else doc

"""Who is erased is looked for by name with address too: the row of that one person, and not that of a namesake."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.bloesem.cli.world import call
from tests.bloesem.rights import shop
from tests.databases import Database, DatabaseMaker

from bloesem.rights.addressed import known
from bloesem.rights.identifiers import Identifier, IdentifierError, normal
from bloesem.rights.identify import Who
from bloesem.rights.record import identifiers, sought
from bloesem.rights.whose import Way
from bloesem.rights.world import World

SCHEMA = """
ALTER TABLE customer ADD first_name text, ADD last_name text, ADD doc jsonb;
CREATE TABLE delivery (id int PRIMARY KEY, customer_id int REFERENCES customer, recipient text, street text, house int,
    postal_code char(6), whole text);
CREATE TABLE old_import (n int PRIMARY KEY, name text, street text, place text, line text);
INSERT INTO customer (id, created_at, closed_at, email, name, first_name, last_name, doc) VALUES
    (7, '2020-01-01', '2020-02-01', 'dana@mail.example', 'x', 'Dana', 'De Smet', '{"home": [{"line": "Rue Haute 5 bte 2", "zip": 1000}]}'),
    (8, '2020-01-01', '2020-02-01', 'dana.too@mail.example', 'x', 'Dana', 'De Smet', '{"home": []}');
INSERT INTO delivery VALUES (1, 7, 'Bo Claes', 'Kerkstraat', 12, '9000', NULL), (2, 7, NULL, NULL, NULL, NULL, 'Nieuwe Steenweg 3A, 9100 Aalst'),
    (3, 8, NULL, 'Kerkstraat', 14, '9000', NULL);
INSERT INTO old_import VALUES
    (1, 'dana de smet', 'Kerkstraat 12', '9000 Gent', NULL),
    (2, 'Dana De Smet', 'Kerkstraat 14', '9000 Gent', NULL),
    (3, 'Eva De Smet', 'Kerkstraat 12', '9000 Gent', NULL),
    (4, NULL, NULL, NULL, 'Mevr. DE SMET, Dana (Kerkstraat nr. 12, B-9000 Gent)'),
    (5, NULL, NULL, NULL, 'Dana De Smet belde' || repeat(' en wachtte', 20) || ' over Kerkstraat 12, 9000 Gent'),
    (6, NULL, NULL, NULL, '{"naam": "Desmet, Dana", "straat": "Nieuwe Steenweg", "nr": "3 a", "postcode": "9100"}'),
    (7, NULL, NULL, NULL, 'Bo Claes, Kerkstraat 12, 9000 Gent'),
    (8, 'Dana De Smet', NULL, NULL, 'rue haute, 5, 1000 Bruxelles'),
    (9, 'Dana De Smet', NULL, NULL, 'Rue Haute 5, 1020 Bruxelles');
CREATE MATERIALIZED VIEW copied AS SELECT n, name || ', ' || street || ', ' || place AS label FROM old_import WHERE n < 4;
"""

MAP = shop.MAP.replace(
    "          - {name: name, data_categories: [identity.name], meta: {erased: gone}}\n",
    """          - {name: name, data_categories: [identity.name], meta: {erased: gone}}
          - {name: first_name, data_categories: [identity.name.first]}
          - {name: last_name, data_categories: [identity.name.last]}
          - name: doc
            fields:
              - name: home
                fields:
                  - {name: line, data_categories: [order.lines.address.street]}
                  - {name: zip, data_categories: [order.lines.address.postal_code]}
      - name: delivery
        meta: {links: [{columns: [customer_id], to: customer, kind: owner}]}
        fields:
          - {name: id}
          - {name: customer_id}
          - {name: recipient, data_categories: [identity.name]}
          - {name: street, data_categories: [order.lines.address.street]}
          - {name: house, data_categories: [order.lines.address.street]}
          - {name: postal_code, data_categories: [order.lines.address.postal_code]}
          - {name: whole, data_categories: [order.lines.address]}
      - name: old_import
        meta: {holds: reference, why: nobody knows what this is}
        fields: [{name: n}, {name: name}, {name: street}, {name: place}, {name: line}]
""",
)


@pytest.fixture
def ask(
    own_database: Database, make_database: DatabaseMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> list[object]:
    """What is typed of whoever it is."""
    monkeypatch.setenv("BLOESEM_DATABASE_URL", own_database.dsn.url())
    monkeypatch.setenv("BLOESEM_DATA_DIR", str(tmp_path / "data"))
    store = make_database()
    shop.make(store)
    with store.connect() as connection:
        connection.execute(SCHEMA.encode())
    return ["--store", store.dsn.url(), "--map", shop.map_file(tmp_path, MAP), "--policy", shop.MINIMAL]


def test_an_erasure_finds_the_name_with_the_address_where_no_map_says_it_is(ask: list[object]) -> None:
    done = call("erase", *ask, "--person", "email=dana@mail.example", "--residue", "now", "--json")
    assert done.code == 0, done.err
    assert {table: len(one["deleted"]) for table, one in done.json["tables"].items()} == {
        "public.customer": 1,
        "public.delivery": 2,
    }
    found = {(one["table"], one["column"]): one for one in done.json["residue"]}
    assert {one["what"] for one in found.values()} == {"name_address"}
    assert {place: one["rows"] for place, one in found.items()} == {
        ("public.copied", "label"): 1,
        ("public.old_import", "name"): 2,
        ("public.old_import", "line"): 2,
    }
    keys = [key["n"] for place in ("name", "line") for key in found["public.old_import", place]["keys"]]
    assert keys == ["1", "8", "4", "6"]
    said = done.out + done.err
    assert not [value for value in ("Smet", "Kerkstraat", "Steenweg") if value in said]


def test_columns_of_which_the_map_says_no_part_are_parts_as_well(ask: list[object], tmp_path: Path) -> None:
    bare = MAP
    for end in (".first", ".last", ".street", ".postal_code"):
        bare = bare.replace(f"{end}]", "]")
    assert bare != MAP
    ask[3] = shop.map_file(tmp_path, bare)
    done = call("erase", *ask, "--person", "email=dana@mail.example", "--residue", "now", "--json")
    assert {(one["table"], one["column"], one["rows"]) for one in done.json["residue"]} == {
        ("public.copied", "label", 1),
        ("public.old_import", "name", 2),
        ("public.old_import", "line", 2),
    }


def test_the_next_pass_looks_for_it_and_what_erased_one_s_namesake_left_is_another_s(
    ask: list[object],
) -> None:
    assert call("erase", *ask, "--person", "email=dana.too@mail.example").code == 0
    called = call("residue", *ask[:2], "--map", ask[3], "--json")
    assert [(one["table"], one["column"], one["keys"], one["mapped"]) for one in called.json["residue"]] == [
        ("public.copied", "label", ["ctid (0,2)"], False),
        ("public.old_import", "name", [{"n": "2"}], True),
    ]


def test_of_a_row_that_is_a_person_names_of_all_that_is_theirs_addresses(
    make_database: DatabaseMaker, tmp_path: Path
) -> None:
    store = make_database()
    shop.make(store)
    with store.connect() as connection:
        connection.execute(SCHEMA.encode())
    seen: list[list[Identifier]] = []

    def tell(world: World, way: Way, _: object) -> None:
        (person,) = known(world, [way])
        assert not set(identifiers(world.people[0])) & set(person.addressed)
        seen.append([one for one in sought(person) if one.kind == "name_address"])

    with store.connect(autocommit=True) as connection:
        shop.desk(connection, tmp_path, MAP).look(((Who("email", "dana@mail.example"),),), tell)
    assert {normal(one) for one in seen[0]} == {
        f"de smet, dana, {address}"
        for address in ("kerkstraat, 12, 9000", "nieuwe steenweg, 3a, 9100", "rue haute, 5, 1000")
    }


@pytest.mark.parametrize(
    "value", ["De Smet, Dana", "De Smet, Dana, Kerkstraat, 12", "De Smet, , Kerkstraat, 12, 9000"]
)
def test_a_part_that_is_not_there_makes_it_nobody(value: str) -> None:
    with pytest.raises(IdentifierError):
        normal(Identifier("name_address", value))

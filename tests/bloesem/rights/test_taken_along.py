"""Nobody else's row goes or changes because of what the database does by itself, and nothing is told that was not done."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.bloesem.rights import shop
from tests.bloesem.rights.test_shapes import ANN, PERSON_MAP, Fields, made, owner, table
from tests.databases import Database

from bloesem.errors import MapError, RightsError
from bloesem.rights.identify import Who
from bloesem.rights.requests import Desk
from bloesem.stores.postgres import Connection

SHARED = {"columns": ["person_id"], "to": "person", "kind": "shared"}
BEN = ((Who("email", "canary-ben@mail.example"),),)
Make = Callable[..., tuple[Connection, Desk]]


@pytest.fixture
def make(fresh_database: Database, tmp_path: Path) -> Iterator[Make]:
    """People 1, Ann, and 2, Ben, and more tables with their maps."""
    with fresh_database.connect(autocommit=True) as connection:

        def build(sql: str, *tables: Mapping[str, Any]) -> tuple[Connection, Desk]:
            if sql:
                made(connection, sql)
            people = [] if any(one["name"] == "person" for one in tables) else [PERSON_MAP]
            dataset = {"fides_key": "x", "meta": {"guarded": False}, "collections": [*people, *tables]}
            return connection, shop.desk(connection, tmp_path, json.dumps({"dataset": [dataset]}))

        yield build


def of(connection: Connection, sql: str) -> list[Any]:
    return connection.execute(sql.encode()).fetchall()


def person(*more: str) -> dict[str, Any]:
    return {**PERSON_MAP, "fields": [*PERSON_MAP["fields"], *({"name": one} for one in more)]}


def reference(*columns: str, to: str, **more: Any) -> dict[str, Any]:
    return {"columns": list(columns), "to": to, "kind": "reference", **more}


NOTE: Fields = {"id": None, "st": None, "sid": None, "ben": None, "t": {}}
SOMETIMES = table("note", NOTE, owner("sid", when={"column": "st", "equals": "Person"}), owner("ben"))


@pytest.mark.both_servers
@pytest.mark.parametrize("act", ["CASCADE", "SET NULL", "NO ACTION"])
def test_a_key_on_whose_row_the_link_does_not_count_is_cut(act: str, make: Make) -> None:
    connection, desk = make(
        f"""CREATE TABLE note (id int PRIMARY KEY, st text, sid int REFERENCES person ON DELETE {act}, ben int REFERENCES person, t text);
        INSERT INTO note VALUES (1, 'Person', 1, NULL, 'hers'), (2, 'Other', 1, 2, 'his')""",
        SOMETIMES,
    )
    told = desk.erase(ANN).tables["public.note"]
    assert of(connection, "SELECT id, sid, ben, t FROM note") == [(2, None, 2, "his")]
    assert [one["key"]["id"] for one in told["changed"]] == [2]


@pytest.mark.both_servers
def test_keys_of_and_to_partitions_are_their_tables(make: Make) -> None:
    sql = """CREATE TABLE note (id int, y int, ben int, ann int, t text) PARTITION BY LIST (y);
        CREATE TABLE note_1 PARTITION OF note FOR VALUES IN (1); ALTER TABLE note_1 ADD FOREIGN KEY (ann) REFERENCES person ON DELETE CASCADE;
        CREATE TABLE acc (y int, id int, person_id int REFERENCES person, PRIMARY KEY (y, id)) PARTITION BY LIST (y);
        CREATE TABLE acc_1 PARTITION OF acc FOR VALUES IN (1);
        CREATE TABLE line (id int PRIMARY KEY, y int, acc int, ben int REFERENCES person, t text,
            FOREIGN KEY (y, acc) REFERENCES acc_1 (y, id) ON DELETE CASCADE);
        INSERT INTO note VALUES (1, 1, 2, 1, 'his'); INSERT INTO acc VALUES (1, 1, 1); INSERT INTO line VALUES (1, 1, 1, 2, 'his')"""
    note: Fields = {"id": None, "y": None, "ben": None, "ann": None, "t": {}}
    line: Fields = {"id": None, "y": None, "acc": None, "ben": None, "t": {}}
    acc = table("acc", {"y": None, "id": None, "person_id": None}, owner("person_id"))
    with pytest.raises(MapError, match=r"the foreign key of ann to public.person is undecided"):
        make(sql, table("note", note, owner("ben")), acc, table("line", line, owner("ben")))
    ann = {**owner("ann"), "kind": "shared"}
    connection, desk = make(
        "", table("note", note, owner("ben"), ann), acc, table("line", line, owner("ben"))
    )
    told = desk.erase(ANN).tables
    assert of(connection, "SELECT t, ann FROM note UNION ALL SELECT t, acc FROM line") == [("his", None)] * 2
    assert told["public.note"]["changed"]
    assert told["public.line"]["changed"]


def test_a_second_key_on_a_column_is_asked_for(make: Make) -> None:
    sql = """CREATE TABLE cat (id int PRIMARY KEY); CREATE TABLE staff (id int PRIMARY KEY, person_id int REFERENCES person, t text);
        CREATE TABLE note (id int PRIMARY KEY, owner int REFERENCES person, code int REFERENCES cat, t text,
            FOREIGN KEY (code) REFERENCES staff ON DELETE CASCADE);
        INSERT INTO cat VALUES (1); INSERT INTO staff VALUES (1, 1, 'hers'); INSERT INTO note VALUES (2, 2, 1, 'his')"""
    rest = (
        table("cat", {"id": None}, holds="reference", why="x"),
        table("staff", {"id": None, "person_id": None, "t": {}}, owner("person_id")),
    )
    note: Fields = {"id": None, "owner": None, "code": None, "t": {}}
    with pytest.raises(MapError, match=r"the foreign key of code to public.staff is undecided"):
        make(sql, *rest, table("note", note, owner("owner"), reference("code", to="cat")))
    both = [reference("code", to="cat"), reference("code", to="staff")]
    connection, desk = make("", *rest, table("note", note, owner("owner"), *both))
    assert desk.erase(ANN).tables["public.note"]["changed"]
    assert of(connection, "SELECT * FROM note") == [(2, 2, None, "his")]


def test_what_the_map_calls_a_key_and_may_be_twice_is_none(make: Make) -> None:
    note = table("note", {"no": None, "person_id": None, "t": {}}, owner("person_id"))
    note["fields"][0]["fides_meta"] = {"primary_key": True}
    connection, desk = make(
        """CREATE TABLE note (no text, person_id int, t text);
        INSERT INTO note VALUES ('B', 1, 'ann-1'), ('B', 1, 'ann-2'), (NULL, 1, 'ann-3'), ('B', 2, 'his'), (NULL, 2, 'his')""",
        note,
    )
    assert len(desk.access(ANN)["tables"]["public.note"]) == 3
    desk.erase(ANN)
    assert of(connection, "SELECT person_id, t FROM note") == [(2, "his")] * 2


def test_cutting_a_link_leaves_the_columns_of_others(make: Make) -> None:
    connection, desk = make(
        """CREATE TABLE tenant (id int PRIMARY KEY); INSERT INTO tenant VALUES (9);
        ALTER TABLE person ADD tenant_id int DEFAULT 9 REFERENCES tenant; ALTER TABLE person ADD UNIQUE (tenant_id, id);
        CREATE TABLE note (id int PRIMARY KEY, tenant_id int REFERENCES tenant, owner_id int, clerk_id int, t text,
            FOREIGN KEY (tenant_id, owner_id) REFERENCES person (tenant_id, id), FOREIGN KEY (tenant_id, clerk_id) REFERENCES person (tenant_id, id));
        CREATE TABLE seat (id int PRIMARY KEY, tenant_id int NOT NULL, number int NOT NULL, ben int REFERENCES person, t text);
        INSERT INTO note VALUES (1, 9, 2, 1, 'his'); INSERT INTO seat VALUES (1, 9, 1, 2, 'both')""",
        person("tenant_id"),
        table("tenant", {"id": None}, holds="reference", why="x"),
        table(
            "note", {"id": None, "tenant_id": None, "owner_id": None, "clerk_id": None, "t": {}},
            owner("tenant_id", "owner_id", of=["tenant_id", "id"]), reference("tenant_id", "clerk_id", to="person", of=["tenant_id", "id"]),
        ),
        table(
            "seat", {"id": None, "tenant_id": None, "number": None, "ben": None, "t": {}}, owner("ben"),
            {**owner("tenant_id", "number", of=["tenant_id", "id"]), "kind": "shared", "placeholder": 0}, reference("tenant_id", to="tenant"),
        ),
    )  # fmt: skip
    desk.erase(ANN)
    assert of(connection, "SELECT tenant_id, owner_id, clerk_id FROM note") == [(9, 2, None)]
    assert of(connection, "SELECT tenant_id, number FROM seat") == [(9, 0)]
    assert {"public.note", "public.seat"} <= desk.access(BEN)["tables"].keys()


def test_what_follows_a_changed_value_is_named_and_nothing_is_written(make: Make) -> None:
    rest = (
        table(
            "acc",
            {"iban": {"on_erase": "redact"}, "code": {"on_erase": "redact"}, "person_id": None},
            {**SHARED, "erase": ["code"]},
        ),
        table(
            "tx",
            {"id": None, "code": None, "ben": None},
            reference("code", to="acc", of=["code"]),
            owner("ben"),
        ),
    )
    connection, desk = make(
        """CREATE TABLE acc (iban text PRIMARY KEY, code text UNIQUE, person_id int REFERENCES person);
        CREATE TABLE tx (id int PRIMARY KEY, code text REFERENCES acc (code) ON UPDATE CASCADE, ben int REFERENCES person);
        INSERT INTO acc VALUES ('BE12', 'c1', 1); INSERT INTO tx VALUES (1, 'c1', 2)""",
        *rest,
    )  # fmt: skip
    with pytest.raises(RightsError, match=r"rows of public.tx point to it") as refused:
        desk.erase(ANN)
    assert "on_erase: keep" in str(refused.value)
    assert of(connection, "SELECT code FROM tx") == [("c1",)]
    connection.execute(b"DELETE FROM tx")
    desk.erase(ANN)
    assert of(connection, "SELECT code FROM acc") != [("c1",)]


def test_a_list_that_a_kept_row_points_to_is_data_of_it(fresh_database: Database, tmp_path: Path) -> None:
    with fresh_database.connect(autocommit=True) as connection:
        connection.execute(shop.SCHEMA.encode())
        connection.execute(shop.PEOPLE.encode())
        connection.execute(
            b"CREATE TABLE religion (id int PRIMARY KEY); INSERT INTO religion VALUES (5);"
            b" ALTER TABLE customer ADD religion_id int REFERENCES religion DEFAULT 5"
        )
        name = "meta: {erased: gone}}"
        more = f"{name}\n          - {{name: religion_id, data_categories: [identity.name]}}"
        rest = "      - {name: religion, meta: {holds: reference, why: x}, fields: [{name: id}]}\n"
        told = shop.desk(connection, tmp_path, shop.MAP.replace(name, more, 1) + rest).erase(shop.ANN).tables
        assert "religion_id" in told["public.customer"]["changed"][0]["columns"]
        assert of(connection, "SELECT name, religion_id FROM customer WHERE id = 1") == [("gone", None)]


@pytest.mark.both_servers
def test_what_the_database_makes_itself_goes_with_what_it_is_made_of_or_is_named(make: Make) -> None:
    columns: Fields = {"id": None, "person_id": None, "a": {}, "t": {}}
    connection, desk = make(
        """CREATE TABLE note (id int PRIMARY KEY, person_id int REFERENCES person, a text, t text GENERATED ALWAYS AS (a || '') STORED);
        INSERT INTO note (id, person_id, a) VALUES (1, 1, 'canary-ann')""",
        table("note", columns, {**SHARED, "erase": ["t"]}),
    )
    with pytest.raises(RightsError, match="`t` is made by the database"):
        desk.erase(ANN)
    connection, desk = make("", table("note", columns, {**SHARED, "erase": ["a", "t"]}))
    desk.erase(ANN)
    assert of(connection, "SELECT a, t FROM note") == [(None, None)]


def test_a_trigger_that_keeps_a_value_is_found_out(make: Make) -> None:
    fields: Fields = {"id": None, "person_id": None, "t": {}, "m": {"on_erase": "redact"}}
    sql = """CREATE TABLE note (id int PRIMARY KEY, person_id int REFERENCES person, t text, m text);
        INSERT INTO note VALUES (1, 1, 'canary-ann', 'canary-ann');
        CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF OLD.t IS NOT NULL THEN NEW.m := OLD.m; END IF; RETURN NEW; END$$;
        CREATE TRIGGER keep BEFORE UPDATE ON note FOR EACH ROW EXECUTE FUNCTION keep()"""
    connection, desk = make(sql, table("note", fields, {**SHARED, "erase": ["t", "m"]}))
    with pytest.raises(RightsError, match="0 of 1 rows were changed"):
        desk.erase(ANN)
    assert of(connection, "SELECT person_id, t, m FROM note") == [(1, "canary-ann", "canary-ann")]
    connection.execute(b"UPDATE note SET t = NULL")
    desk.erase(ANN)
    assert of(connection, "SELECT person_id, t, m FROM note") == [(None, None, "xxxxxx-xxx")]


#: Columns in which the same is written otherwise: tables, and their maps.
SAME = {
    "a type of fixed length": (
        "CREATE TABLE note (id int PRIMARY KEY, st char(8), sid int, t text); INSERT INTO note VALUES (1, 'Person', 1, 'x'), (2, 'Other', 1, 'x')",
        [table("note", {"id": None, "st": None, "sid": None, "t": {}}, owner("sid", when={"column": "st", "equals": "Person"}))],
    ),
    "a type that is a number": (
        "CREATE TABLE note (id int PRIMARY KEY, st smallint, sid int, t text); INSERT INTO note VALUES (1, 1, 1, 'x'), (2, 2, 1, 'x')",
        [table("note", {"id": None, "st": None, "sid": None, "t": {}}, owner("sid", when={"column": "st", "equals": "1"}))],
    ),
    "decimals": (
        """CREATE TABLE acc (no numeric(10, 2) PRIMARY KEY, person_id int REFERENCES person); INSERT INTO acc VALUES (5, 1), (50, 2);
        CREATE TABLE note (id int PRIMARY KEY, acc bigint, t text); INSERT INTO note VALUES (1, 5, 'x'), (2, 50, 'x')""",
        [table("acc", {"no": None, "person_id": None}, owner("person_id")), table("note", {"id": None, "acc": None, "t": {}}, owner("acc", to="acc"))],
    ),
    "small decimals": (
        """CREATE TABLE acc (no numeric PRIMARY KEY, person_id int REFERENCES person); INSERT INTO acc VALUES (0.00000001, 1);
        CREATE TABLE note (id int PRIMARY KEY, acc numeric REFERENCES acc, t text); INSERT INTO note VALUES (1, 0.0000000100, 'x')""",
        [table("acc", {"no": None, "person_id": None}, owner("person_id")), table("note", {"id": None, "acc": None, "t": {}}, owner("acc", to="acc"))],
    ),
    "a day without a beginning": (
        """CREATE TABLE card (id int, f date, person_id int REFERENCES person, PRIMARY KEY (id, f)); INSERT INTO card VALUES (1, '-infinity', 1);
        CREATE TABLE note (id int PRIMARY KEY, card int, f date, t text, FOREIGN KEY (card, f) REFERENCES card); INSERT INTO note VALUES (1, 1, '-infinity', 'x')""",
        [table("card", {"id": None, "f": None, "person_id": None}, owner("person_id")), table("note", {"id": None, "card": None, "f": None, "t": {}}, owner("card", "f", to="card"))],
    ),
}  # fmt: skip


@pytest.mark.both_servers
@pytest.mark.parametrize("what", SAME)
def test_the_same_written_otherwise_is_found(what: str, make: Make) -> None:
    sql, tables = SAME[what]
    connection, desk = make(sql, *tables)
    assert [row["id"] for row in desk.access(ANN)["tables"]["public.note"]] == [1]
    desk.erase(ANN)
    assert of(connection, "SELECT count(*) FROM note WHERE id = 1") == [(0,)]


def test_a_link_to_what_lies_in_a_document_is_refused(make: Make) -> None:
    mails = table(
        "note", {"id": None, "mails": {}}, {"columns": ["mails"], "person": "email", "kind": "owner"}
    )
    with pytest.raises(MapError, match="mails, which holds a document"):
        make("CREATE TABLE note (id int PRIMARY KEY, mails jsonb)", mails)


def test_an_identity_within_a_document_is_refused(make: Make) -> None:
    inside = {"name": "email", "data_categories": ["identity.email"], "fides_meta": {"identity": "email"}}
    people = {**PERSON_MAP, "fields": [*PERSON_MAP["fields"], {"name": "mails", "fields": [inside]}]}
    with pytest.raises(MapError, match=r"`mails.email` identifies people, and is no column"):
        make("ALTER TABLE person ADD mails jsonb", people)


def test_people_whose_key_says_who_they_are_are_told_apart_by_their_place(
    fresh_database: Database, tmp_path: Path
) -> None:
    with fresh_database.connect(autocommit=True) as connection:
        connection.execute(
            b"CREATE TABLE person (email text PRIMARY KEY, phone text);"
            b" INSERT INTO person VALUES ('ann@mail.example', '02 1'), ('ben@mail.example', '02 1')"
        )
        fields = [
            {"name": one, "data_categories": ["identity.email"], "fides_meta": {"identity": one}} for one in ("email", "phone")
        ]  # fmt: skip
        people = {"name": "person", "meta": {"holds": "people"}, "fields": fields}
        dataset = {"fides_key": "x", "meta": {"guarded": False}, "collections": [people]}
        desk = shop.desk(connection, tmp_path, json.dumps({"dataset": [dataset]}))
        with pytest.raises(RightsError, match="2 people answer to that phone") as refused:
            desk.access(((Who("phone", "02 1"),),))
        assert "mail.example" not in str(refused.value)
        assert "public.person.ctid=(0,2)" in str(refused.value)
        desk.erase(((Who.parse("public.person.ctid=(0,2)"),),))
        assert of(connection, "SELECT email FROM person") == [("ann@mail.example",)]


CHANGES = [
    "ALTER TABLE note DROP CONSTRAINT note_sid_fkey, ADD FOREIGN KEY (sid) REFERENCES person ON DELETE CASCADE",
    "ALTER TABLE note ADD CHECK (t <> '')",
    "CREATE UNIQUE INDEX ON note (t)",
    """CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN DELETE FROM note WHERE ben = 2; RETURN OLD; END$$;
    CREATE TRIGGER f AFTER DELETE ON person FOR EACH ROW EXECUTE FUNCTION f()""",
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_plan_is_of_what_the_database_does_by_itself(change: str, make: Make) -> None:
    connection, desk = make(
        """CREATE TABLE note (id int PRIMARY KEY, st text, sid int REFERENCES person ON DELETE SET NULL, ben int REFERENCES person, t text);
        INSERT INTO note VALUES (2, 'Other', 1, 2, 'his')""",
        SOMETIMES,
    )
    plan = desk.rehearse(ANN).plan
    _, same = make("", SOMETIMES)
    assert same.rehearse(ANN).plan == plan
    connection.execute(change.encode())
    _, later = make("", SOMETIMES)
    with pytest.raises(RightsError, match="no longer what was rehearsed"):
        later.erase(ANN, plan=plan)
    assert of(connection, "SELECT t FROM note") == [("his",)]

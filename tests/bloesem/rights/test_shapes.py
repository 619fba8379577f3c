"""Tables of every shape that PostgreSQL has, in databases that nobody here designed: each is shown whole and erased whole,
or refused before the first write with what to do about it.

In every text of Ann's stands `canary-ann`, in every text of Ben's `canary-ben`; what is Ann's must be shown to her, and
gone after; what is Ben's must be neither.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.bloesem.rights import shop
from tests.bloesem.rights.test_requests import everything
from tests.databases import Database

from bloesem.errors import BloesemError, MapError
from bloesem.rights.identify import Who
from bloesem.rights.requests import Desk
from bloesem.stores.postgres import Connection

ANN = ((Who("email", "canary-ann@mail.example"),),)
CANARY = re.compile(r"canary-ann[-a-z@.]*")
Fields = Mapping[str, Mapping[str, Any] | None]

#: Longer names PostgreSQL cuts off: 63 bytes, of which é takes two.
LONG = "naam_die_precies_drieënzestig_tekens_zou_hebben_zonder_trem_é"


def table(name: str, fields: Fields, *links: Mapping[str, Any], **meta: Any) -> dict[str, Any]:
    """A collection of a map. `fields`: of a column that holds something about somebody its meta, of another None."""
    return {
        "name": name,
        "meta": {"links": list(links), **meta},
        "fields": [
            {"name": c}
            if said is None
            else {"name": c, "data_categories": ["identity.name"], "meta": dict(said)}
            for c, said in fields.items()
        ],
    }


def owner(*columns: str, to: str = "person", **more: Any) -> dict[str, Any]:
    return {"columns": list(columns), "to": to, "kind": "owner", **more}


PERSON = "CREATE TABLE person (id int PRIMARY KEY, email text UNIQUE)"
PEOPLE = "INSERT INTO person VALUES (1, 'canary-ann@mail.example'), (2, 'canary-ben@mail.example')"
PERSON_MAP = {
    "name": "person",
    "meta": {"holds": "people"},
    "fields": [
        {"name": "id"},
        {"name": "email", "data_categories": ["identity.email"], "fides_meta": {"identity": "email"}},
    ],
}


@dataclass(frozen=True)
class Shape:
    """`rows`: how many of Ann's she is shown, her own one counted; `since`: the version that has it first; `contrib`: whether
    it needs what the embedded versions do not have."""

    sql: str
    tables: tuple[dict[str, Any], ...]
    rows: int = 2
    refused: str = ""
    since: int = 12
    contrib: bool = False


def desk(connection: Connection, folder: Path, *tables: Mapping[str, Any]) -> Desk:
    dataset = {"fides_key": "x", "meta": {"guarded": False}, "collections": [PERSON_MAP, *tables]}
    return shop.desk(connection, folder, json.dumps({"dataset": [dataset]}))


def made(connection: Connection, sql: str) -> None:
    connection.execute(f"{PERSON}; {PEOPLE}; {sql}".encode())


TEXT: Fields = {"id": None, "person_id": None, "t": {}}
TWO = "(1, 1, 'canary-ann-t'), (2, 2, 'canary-ben-t')"

SHAPES: dict[str, Shape] = {
    "a table that inherits": Shape(
        f"""CREATE TABLE note (id int PRIMARY KEY, person_id int REFERENCES person, t text);
        CREATE TABLE old_note (filed date) INHERITS (note);
        INSERT INTO note VALUES {TWO}; INSERT INTO old_note VALUES (1, 1, 'canary-ann-old', '2020-01-01'), (1, 2, 'canary-ben-old', NULL)""",
        (
            table("note", TEXT, owner("person_id")),
            table("old_note", {**TEXT, "filed": None}, owner("person_id")),
        ),
        rows=3,
    ),
    "people who inherit": Shape(
        """CREATE TABLE member (since date) INHERITS (person); ALTER TABLE member ADD UNIQUE (id);
        CREATE TABLE note (id int PRIMARY KEY, member_id int REFERENCES member (id), t text);
        INSERT INTO member VALUES (7, 'canary-ann@mail.example', NULL), (8, 'canary-ben@mail.example', NULL);
        DELETE FROM ONLY person; INSERT INTO note VALUES (1, 7, 'canary-ann-t'), (2, 8, 'canary-ben-t')""",
        (
            {
                **PERSON_MAP,
                "name": "member",
                "fields": [{"name": "id", "fides_meta": {"primary_key": True}}, PERSON_MAP["fields"][1], {"name": "since"}],  # type: ignore[index]
            },
            table("note", {"id": None, "member_id": None, "t": {}}, owner("member_id", to="member")),
        ),
    ),
    "partitions whose columns stand in another order": Shape(
        """CREATE TABLE note (id int, gone text, t text, y int, person_id int REFERENCES person, PRIMARY KEY (y, id)) PARTITION BY LIST (y);
        ALTER TABLE note DROP gone;
        CREATE TABLE note_1 (person_id int, x int, y int NOT NULL, t text, id int NOT NULL); ALTER TABLE note_1 DROP x;
        ALTER TABLE note ATTACH PARTITION note_1 FOR VALUES IN (1);
        CREATE TABLE note_rest PARTITION OF note DEFAULT PARTITION BY RANGE (id);
        CREATE TABLE note_low (t text, id int NOT NULL, person_id int, y int NOT NULL);
        ALTER TABLE note_rest ATTACH PARTITION note_low FOR VALUES FROM (0) TO (100);
        INSERT INTO note (id, t, y, person_id) VALUES (1, 'canary-ann-t', 1, 1), (1, 'canary-ann-t', 2, 1), (2, 'canary-ben-t', 1, 2), (2, 'canary-ben-t', 2, 2)""",
        (table("note", {**TEXT, "y": None}, owner("person_id")),),
        rows=3,
    ),
    "partitions without a key": Shape(
        """CREATE TABLE note (t text, y int, person_id int REFERENCES person) PARTITION BY LIST (y);
        CREATE TABLE note_1 (person_id int, y int, t text); ALTER TABLE note ATTACH PARTITION note_1 FOR VALUES IN (1);
        CREATE TABLE note_2 PARTITION OF note DEFAULT;
        INSERT INTO note VALUES ('canary-ann-t', 1, 1), ('canary-ann-t', 1, 1), ('canary-ben-t', 1, 2), ('canary-ben-t', 2, 2), ('canary-ann-t', 2, 1)""",
        (table("note", {"t": {}, "y": None, "person_id": None}, owner("person_id")),),
        rows=4,
    ),
    "a key to a partitioned table": Shape(
        """CREATE TABLE account (y int, id int, person_id int REFERENCES person, PRIMARY KEY (y, id)) PARTITION BY LIST (y);
        CREATE TABLE account_1 PARTITION OF account FOR VALUES IN (1); CREATE TABLE account_2 PARTITION OF account FOR VALUES IN (2);
        CREATE TABLE note (id int PRIMARY KEY, y int, account int, t text, FOREIGN KEY (y, account) REFERENCES account);
        INSERT INTO account VALUES (1, 1, 1), (2, 1, 2); INSERT INTO note VALUES (1, 1, 1, 'canary-ann-t'), (2, 2, 1, 'canary-ben-t')""",
        (
            table("account", {"y": None, "id": None, "person_id": None}, owner("person_id")),
            table("note", {"id": None, "y": None, "account": None, "t": {}}, owner("y", "account", to="account")),
        ),
        rows=3,
    ),
    "a generated column that holds a value, and one that links": Shape(
        """CREATE TABLE note (id int PRIMARY KEY, doc jsonb, person_id int GENERATED ALWAYS AS ((doc ->> 'p')::int) STORED,
            t text GENERATED ALWAYS AS (upper(doc ->> 't')) STORED);
        INSERT INTO note VALUES (1, '{"p": 1, "t": "canary-ann-t"}'), (2, '{"p": 2, "t": "canary-ben-t"}')""",
        (table("note", {"id": None, "doc": {}, "person_id": None, "t": {}}, owner("person_id")),),
    ),
    "columns that the database numbers": Shape(
        """CREATE TABLE note (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, nr int GENERATED BY DEFAULT AS IDENTITY, person_id int REFERENCES person, t text);
        INSERT INTO note (person_id, t) VALUES (1, 'canary-ann-t'), (2, 'canary-ben-t')""",
        (table("note", {**TEXT, "nr": {}}, owner("person_id")),),
    ),
    "a ring of foreign keys that refuse and are checked at the end": Shape(
        """CREATE TABLE a (id int PRIMARY KEY, b_id int NOT NULL, person_id int NOT NULL REFERENCES person ON DELETE RESTRICT, t text);
        CREATE TABLE b (id int PRIMARY KEY, a_id int NOT NULL REFERENCES a ON DELETE RESTRICT DEFERRABLE, t text);
        ALTER TABLE a ADD FOREIGN KEY (b_id) REFERENCES b DEFERRABLE INITIALLY DEFERRED;
        ALTER TABLE person ADD a_id int REFERENCES a DEFERRABLE INITIALLY DEFERRED;
        BEGIN; INSERT INTO a VALUES (1, 1, 1, 'canary-ann-t'), (2, 2, 2, 'canary-ben-t');
        INSERT INTO b VALUES (1, 1, 'canary-ann-t'), (2, 2, 'canary-ben-t'); UPDATE person SET a_id = id; COMMIT""",
        (
            {**PERSON_MAP, "fields": [*PERSON_MAP["fields"], {"name": "a_id"}], "meta": {"holds": "people", "links": [{"columns": ["a_id"], "kind": "reference"}]}},
            table("a", {"id": None, "b_id": None, "person_id": None, "t": {}}, owner("person_id"), {"columns": ["b_id"], "kind": "reference"}),
            table("b", {"id": None, "a_id": None, "t": {}}, owner("a_id", to="a")),
        ),
        rows=3,
    ),
    "a trigger that copies what goes into another table of the map": Shape(
        f"""CREATE TABLE note (id int PRIMARY KEY, person_id int REFERENCES person, t text); INSERT INTO note VALUES {TWO};
        CREATE TABLE history (at timestamptz DEFAULT now(), person_id int, t text);
        CREATE FUNCTION copied() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN
            INSERT INTO history (person_id, t) VALUES (old.person_id, old.t); RETURN NULL; END$$;
        CREATE TRIGGER copied AFTER UPDATE OR DELETE ON note FOR EACH ROW EXECUTE FUNCTION copied();
        UPDATE note SET t = t || '!'""",
        (
            table("note", TEXT, owner("person_id")),
            table("history", {"at": None, "person_id": None, "t": {}}, owner("person_id")),
        ),
        rows=3,
    ),
    "a view with triggers instead of it, and a rule that is one": Shape(
        f"""CREATE TABLE note (id int PRIMARY KEY, person_id int REFERENCES person, t text); INSERT INTO note VALUES {TWO};
        CREATE VIEW notes AS SELECT * FROM note;
        CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NULL; END$$;
        CREATE TRIGGER no INSTEAD OF DELETE OR UPDATE ON notes FOR EACH ROW EXECUTE FUNCTION nothing()""",
        (table("note", TEXT, owner("person_id")),),
    ),
    "a rule that does something else": Shape(
        f"""CREATE TABLE note (id int PRIMARY KEY, person_id int REFERENCES person, t text); INSERT INTO note VALUES {TWO};
        CREATE RULE stays AS ON DELETE TO note DO INSTEAD NOTHING""",
        (table("note", TEXT, owner("person_id")),),
        refused=r"public\.note: the rule `stays`(.|\n)*DISABLE RULE",
    ),
    "a rule that does more": Shape(
        f"""CREATE TABLE note (id int PRIMARY KEY, person_id int REFERENCES person, t text); INSERT INTO note VALUES {TWO};
        CREATE TABLE history (id int, t text);
        CREATE RULE copies AS ON DELETE TO note DO ALSO INSERT INTO history VALUES (old.id, old.t)""",
        (
            table("note", TEXT, owner("person_id")),
            table("history", {"id": None, "t": {}}, {"columns": ["id"], "to": "note", "kind": "owner"}),
        ),
        refused=r"public\.note: the rule `copies`(.|\n)*DISABLE RULE",
    ),
    "a rule that is switched off": Shape(
        f"""CREATE TABLE note (id int PRIMARY KEY, person_id int REFERENCES person, t text); INSERT INTO note VALUES {TWO};
        CREATE RULE stays AS ON DELETE TO note DO INSTEAD NOTHING; ALTER TABLE note DISABLE RULE stays""",
        (table("note", TEXT, owner("person_id")),),
    ),
    "composite types and ranges": Shape(
        """CREATE TYPE address AS (street text, number int); CREATE TYPE span AS RANGE (subtype = text);
        CREATE TABLE note (stay daterange, person_id int REFERENCES person, a address, many address[], s span, r numrange, t text, PRIMARY KEY (person_id, stay));
        INSERT INTO note VALUES ('[2020-01-01,2020-02-01)', 1, ROW('canary-ann-a', 1), ARRAY[ROW('canary-ann-m, "x"', 2)::address], '[canary-ann-s,canary-ann-z)', '[1,2]', 'canary-ann-t'),
            ('[2020-01-01,infinity)', 2, ROW('canary-ben-a', 1), NULL, NULL, NULL, 'canary-ben-t'), ('empty', 1, NULL, NULL, NULL, NULL, 'canary-ann-t')""",
        (table("note", {"stay": None, "person_id": None, "a": {}, "many": {}, "s": {}, "r": {}, "t": {}}, owner("person_id")),),
        rows=3,
    ),
    "keys of a domain over a domain and of an enum": Shape(
        """CREATE DOMAIN code AS varchar(8) CHECK (VALUE <> ''); CREATE DOMAIN shop_code AS code NOT NULL; CREATE TYPE sort AS ENUM ('a', 'b');
        CREATE TABLE card (code shop_code, sort sort, person_id int REFERENCES person, PRIMARY KEY (code, sort));
        CREATE TABLE note (id int PRIMARY KEY, card code, sort sort, t text, FOREIGN KEY (card, sort) REFERENCES card);
        INSERT INTO card VALUES ('K1', 'a', 1), ('K1', 'b', 2); INSERT INTO note VALUES (1, 'K1', 'a', 'canary-ann-t'), (2, 'K1', 'b', 'canary-ben-t')""",
        (
            table("card", {"code": None, "sort": None, "person_id": None}, owner("person_id")),
            table("note", {"id": None, "card": None, "sort": None, "t": {}}, owner("card", "sort", to="card")),
        ),
        rows=3,
    ),
    "a foreign key that was never checked": Shape(
        f"""CREATE TABLE note (id int PRIMARY KEY, person_id int, t text); INSERT INTO note VALUES {TWO}, (3, 9, 'of nobody');
        ALTER TABLE note ADD FOREIGN KEY (person_id) REFERENCES person NOT VALID""",
        (table("note", TEXT, owner("person_id")),),
    ),
    "a generated column that is not stored": Shape(
        """CREATE TABLE note (id int PRIMARY KEY, person_id int REFERENCES person, doc jsonb,
            t text GENERATED ALWAYS AS (upper(doc ->> 't')) VIRTUAL);
        INSERT INTO note VALUES (1, 1, '{"t": "canary-ann-t"}'), (2, 2, '{"t": "canary-ben-t"}')""",
        (table("note", {**TEXT, "doc": {}}, owner("person_id")),),
        rows=2,
        since=18,
    ),
    "a foreign key of a period": Shape(
        """CREATE TABLE card (id int4range, valid daterange, person_id int REFERENCES person, t text, PRIMARY KEY (id, valid WITHOUT OVERLAPS));
        CREATE TABLE note (id int PRIMARY KEY, card int4range, day daterange, t text, FOREIGN KEY (card, PERIOD day) REFERENCES card (id, PERIOD valid));
        INSERT INTO card VALUES ('[1,2)', '[2020-01-01,2021-01-01)', 1, 'canary-ann-t'), ('[1,2)', '[2021-01-01,2022-01-01)', 1, 'canary-ann-t'), ('[2,3)', '[2020-01-01,)', 2, 'canary-ben-t');
        INSERT INTO note VALUES (1, '[1,2)', '[2020-12-31,2021-01-02)', 'canary-ann-t'), (2, '[2,3)', '[2021-12-31,)', 'canary-ben-t')""",
        (
            table("card", {"id": None, "valid": None, "person_id": None, "t": {}}, owner("person_id")),
            table("note", {"id": None, "card": None, "day": None, "t": {}}, owner("card", to="card")),
        ),
        rows=4,
        since=18,
    ),
    "a foreign key that is not enforced": Shape(
        f"""CREATE TABLE note (id int PRIMARY KEY, person_id int, t text); INSERT INTO note VALUES {TWO}, (3, 9, 'of nobody');
        ALTER TABLE note ADD FOREIGN KEY (person_id) REFERENCES person NOT ENFORCED""",
        (table("note", TEXT, owner("person_id")),),
        rows=2,
        since=18,
    ),
    "a table of an extension's types": Shape(
        """CREATE EXTENSION citext; CREATE EXTENSION hstore; CREATE EXTENSION ltree; ALTER TABLE person ALTER email TYPE citext;
        CREATE TABLE note (address citext, at xml, tags hstore, place ltree, PRIMARY KEY (address, place));
        INSERT INTO note VALUES ('Canary-ANN@mail.example', '<m><!-- canary-ann-x --></m>', 'k=>canary-ann-h', 'canary.ann'), ('canary-ben@mail.example', NULL, 'k=>canary-ben-h', 'canary.ben')""",
        (table("note", {"address": {}, "at": {}, "tags": {}, "place": {}}, {"columns": ["address"], "person": "email", "kind": "owner"}),),
        rows=2,
        contrib=True,
    ),
}  # fmt: skip


def hers(rows: Mapping[str, list[str]], who: str) -> dict[str, list[str]]:
    return {
        name: found
        for name, all_ in rows.items()
        if (found := [r for r in all_ if f"canary-{who}" in r.lower()])
    }


@pytest.mark.both_servers
@pytest.mark.parametrize(
    "shape",
    [
        pytest.param(
            name, marks=[pytest.mark.since(one.since), *([pytest.mark.contrib] if one.contrib else [])]
        )
        for name, one in SHAPES.items()
    ],
)
def test_it_is_shown_whole_and_erased_whole(shape: str, fresh_database: Database, tmp_path: Path) -> None:
    one = SHAPES[shape]
    mapped = {t["name"] for t in one.tables}
    with fresh_database.connect(autocommit=True) as connection:
        made(connection, one.sql)
        before = everything(fresh_database)
        dataset = {"fides_key": "x", "meta": {"guarded": False}}
        collections = [*([] if "person" in mapped else [PERSON_MAP]), *one.tables]
        asked = shop.desk(
            connection, tmp_path, json.dumps({"dataset": [{**dataset, "collections": collections}]})
        )
        found = asked.access(ANN)
        shown = json.dumps(found["tables"], default=str).lower()
        assert sum(len(rows) for rows in found["tables"].values()) == one.rows
        assert "canary-ann" in shown
        assert "canary-ben" not in shown
        assert set(CANARY.findall(json.dumps(hers(before, "ann")).lower())) <= set(CANARY.findall(shown))
        if one.refused:
            for act in (asked.rehearse, asked.erase):
                with pytest.raises(BloesemError, match=one.refused):
                    act(ANN)
            assert everything(fresh_database) == before
            return
        rehearsed = asked.rehearse(ANN)
        assert everything(fresh_database) == before
        asked.erase(ANN, plan=rehearsed.plan)
        after = everything(fresh_database)
        assert hers(after, "ann") == {}
        assert hers(after, "ben") == hers(before, "ben")
        with pytest.raises(BloesemError, match="nobody is found"):
            asked.access(ANN)


# ---- who asks ------------------------------------------------------------------------------------------------------

NOTE = f"CREATE TABLE note (id int PRIMARY KEY, person_id int REFERENCES person, t text); INSERT INTO note VALUES {TWO}"
NOTES = table("note", TEXT, owner("person_id"))
SHOP = table("product", {"id": None}, holds="reference", why="what is for sale")

CLOSED = {
    "a table that may not be read": (
        f"{NOTE}; REVOKE ALL ON note FROM {{role}}",
        r"public\.note: this login may not read it(.|\n)*GRANT USAGE ON SCHEMA public, and SELECT ON public\.note",
    ),
    "a column that may not be read": (
        f"{NOTE}; REVOKE ALL ON note FROM {{role}}; GRANT SELECT (id, person_id) ON note TO {{role}}",
        r"public\.note: this login may not read it",
    ),
    "a schema that may not be entered": (
        f"{NOTE}; REVOKE USAGE ON SCHEMA public FROM public, {{role}}",
        r"public\.note: this login may not read it",
    ),
    "rows that are hidden": (
        f"{NOTE}; ALTER TABLE note ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON note USING (person_id <> 1)",
        r"public\.note: row security hides rows from this login(.|\n)*BYPASSRLS",
    ),
    "rows that may be seen and not changed": (
        f"""{NOTE}; ALTER TABLE note ENABLE ROW LEVEL SECURITY; CREATE POLICY all_ ON note FOR SELECT USING (true);
        CREATE POLICY own ON note FOR DELETE USING (person_id <> 1)""",
        r"public\.note: row security hides rows from this login",
    ),
    "people who are hidden": (
        f"{NOTE}; ALTER TABLE person ENABLE ROW LEVEL SECURITY",
        r"public\.person: row security hides rows from this login",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", CLOSED)
def test_what_this_login_does_not_see_whole_is_refused_and_not_left(
    what: str, fresh_database: Database, tmp_path: Path
) -> None:
    spoil, said = CLOSED[what]
    role = fresh_database.role("clerk")
    with fresh_database.connect(autocommit=True) as admin:
        made(admin, "CREATE TABLE product (id int PRIMARY KEY)")
        admin.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'x'".encode())
        admin.execute(f"ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO {role}".encode())
        admin.execute(f"GRANT ALL ON person TO {role}".encode())
        admin.execute(spoil.format(role=role).encode())
        before = everything(fresh_database)
        with fresh_database.connect(user=role, password="x", autocommit=True) as connection:
            with pytest.raises(MapError, match=said) as refused:
                desk(connection, tmp_path, NOTES, SHOP)
            assert "product" not in str(refused.value)  # nobody's: it need not be read
        assert everything(fresh_database) == before
        desk(admin, tmp_path, NOTES, SHOP).erase(ANN)  # a superuser sees all
        assert hers(everything(fresh_database), "ann") == {}


def test_row_security_of_which_the_login_is_free_is_none(fresh_database: Database, tmp_path: Path) -> None:
    role = fresh_database.role("dpo")
    with fresh_database.connect(autocommit=True) as admin:
        made(admin, NOTE)
        admin.execute(
            f"""CREATE ROLE {role} LOGIN BYPASSRLS PASSWORD 'x'; GRANT ALL ON ALL TABLES IN SCHEMA public TO {role};
            ALTER TABLE note ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""".encode()
        )
        with fresh_database.connect(user=role, password="x", autocommit=True) as connection:
            asked = desk(connection, tmp_path, NOTES)
            assert len(asked.access(ANN)["tables"]["public.note"]) == 1
            asked.erase(ANN)
        assert hers(everything(fresh_database), "ann") == {}


# ---- names ---------------------------------------------------------------------------------------------------------


@pytest.mark.both_servers
def test_names_that_have_to_be_quoted(fresh_database: Database, tmp_path: Path) -> None:
    schema, name, text = "Größe 100%", 'Notiz "é" %s', 'T %(t)s "x"'
    quoted = {n: '"' + n.replace('"', '""') + '"' for n in (schema, name, text)}
    assert len(LONG.encode()) == 63
    with fresh_database.connect(autocommit=True) as connection:
        made(
            connection,
            f"""CREATE SCHEMA {quoted[schema]}; CREATE DOMAIN {quoted[schema]}."D é%" AS text; CREATE TYPE {quoted[schema]}."E %s" AS ENUM ('%s', 'b');
            CREATE TABLE {quoted[schema]}.{quoted[name]} ("select" int PRIMARY KEY, "{LONG}" int REFERENCES person, {quoted[text]} {quoted[schema]}."D é%",
                k0 int UNIQUE, v text, m text NOT NULL, e {quoted[schema]}."E %s" NOT NULL);
            INSERT INTO {quoted[schema]}.{quoted[name]} VALUES (1, 1, 'canary-ann-t', 1, 'canary-ann-v', 'canary-ann-m', 'b'), (2, 2, 'canary-ben-t', 2, NULL, '', 'b')""",
        )
        fields: Fields = {
            "select": None, LONG: None, text: {"on_erase": "redact"}, "k0": {"on_erase": "redact"}, "v": {},
            "m": {"erased": "100% %s"}, "e": {"on_erase": "redact"},
        }  # fmt: skip
        link = {
            "columns": [LONG],
            "to": "public.person",
            "kind": "shared",
            "erase": [text, "k0", "v", "m", "e"],
        }
        datasets = [
            {"fides_key": "x", "meta": {"guarded": False}, "collections": [PERSON_MAP]},
            {"fides_key": "y", "meta": {"guarded": False, "schema": schema}, "collections": [table(name, fields, link)]},
        ]  # fmt: skip
        asked = shop.desk(connection, tmp_path, json.dumps({"dataset": datasets}))
        (row,) = asked.access(ANN)["tables"][f"{schema}.{name}"]
        assert (row[text], row[LONG]) == ("canary-ann-t", 1)
        asked.erase(ANN, plan=asked.rehearse(ANN).plan)
        left = connection.execute(
            f'SELECT "{LONG}", {quoted[text].replace("%", "%%")}::text, k0 < 0, v, m, e::text FROM {quoted[schema]}.{quoted[name]} WHERE "select" = 1'.replace(
                "%%", "%"
            ).encode()
        ).fetchone()
        assert left == (None, "xxxxxx-xxx-x", True, None, "100% %s", "%s")


# ---- masks ---------------------------------------------------------------------------------------------------------

#: Type and value, and as what it is left (None: NULL; a pattern), masked; then what else the map may say it becomes.
MASKS = [
    ("varchar(40)", "'canary-ann-1'", "xxxxxx-xxx-0", "gone"),
    ("char(12)", "'canary-ann-1'", "xxxxxx-xxx-0", "gone"),
    ('"char"', "'a'", None, "x"),
    ("name", "'canary-ann'", "xxxxxx-xxx", "gone"),
    ("d_text", "'canary-ann'", "xxxxxx-xxx", "gone"),
    ("d_short", "'canary-ann'", "xxxxxx-xxx", "gone"),
    ("d_color", "'red'", "green", "green"),
    ("d_many", "'{canary-ann}'", "{}", "{a}"),
    ("color[]", "'{red}'", "{}", "{green}"),
    ("address", "ROW('canary-ann', 1)", None, "(,)"),
    ("d_address", "ROW('canary-ann', 1)", None, "(,)"),
    ("int4range", "'[7,9)'", "empty", "[1,2)"),
    ("numrange", "'[7,9)'", "empty", "[1,2)"),
    ("daterange", "'[1980-02-03,1980-02-04)'", "empty", "[2000-01-01,2000-01-02)"),
    ("tstzrange", "'[1980-02-03Z,1980-02-04Z)'", "empty", "empty"),
    ("span", "'[canary-ann,canary-bob]'", "empty", "empty"),
    pytest.param("int4multirange", "'{[7,9)}'", "{}", "{[1,2)}", marks=pytest.mark.since(14)),
    ("time with time zone", "'11:12:13+02'", "00:00:00\\+00", "01:02:03+04"),
    ("bit varying(9)", "B'1010'", None, "0"),
    ("macaddr8", "'08:00:2b:01:02:03:04:05'", "00:00:00:00:00:00:00:00", "01:00:00:00:00:00:00:00"),
    ("point", "'(1,2)'", None, "(0,0)"),
    ("money", "1234", "\\$0\\.00", "0"),
    ("jsonpath", "'$.\"canary-ann\"'", None, "$"),
    ("tsvector", "'canary-ann'", "", "gone"),
    pytest.param("xml", "'<m>canary-ann</m>'", "", "<gone/>", marks=pytest.mark.contrib),
    pytest.param("hstore", "'name=>canary-ann'", "", '"name"=>"gone"', marks=pytest.mark.contrib),
    pytest.param("citext", "'Canary-Ann'", "xxxxxx-xxx", "gone", marks=pytest.mark.contrib),
    pytest.param("ltree", "'canary.ann'", "", "gone", marks=pytest.mark.contrib),
    pytest.param("ext.citext", "'Canary-Ann'", "xxxxxx-xxx", "gone", marks=pytest.mark.contrib),
]  # fmt: skip
TYPES = """CREATE TYPE color AS ENUM ('green', 'red'); CREATE DOMAIN d_color AS color; CREATE DOMAIN d_text AS text;
CREATE DOMAIN d_short_ AS varchar(12); CREATE DOMAIN d_short AS d_short_ NOT NULL; CREATE DOMAIN d_many AS text[];
CREATE TYPE address AS (street text, number int); CREATE DOMAIN d_address AS address; CREATE TYPE span AS RANGE (subtype = text);"""


@pytest.mark.both_servers
@pytest.mark.parametrize(("type_", "value", "masked", "erased"), MASKS)
def test_a_value_of_any_type_is_shown_emptied_masked_and_replaced(
    type_: str, value: str, masked: str | None, erased: str, fresh_database: Database, tmp_path: Path
) -> None:
    """In a row that stays, because it is somebody else's too: what it becomes is what the map says."""
    columns: Fields = {"plain": {}, "masked": {"on_erase": "redact"}, "given": {"erased": erased}}
    link = {"columns": ["person_id"], "to": "person", "kind": "shared", "erase": list(columns)}
    domain = "d_short" in type_
    with fresh_database.connect(autocommit=True) as connection:
        extension = {
            "hstore": "hstore",
            "citext": "citext",
            "ltree": "ltree",
            "ext.citext": "citext SCHEMA ext",
        }
        if type_ in extension:
            connection.execute(f"CREATE SCHEMA ext; CREATE EXTENSION {extension[type_]}".encode())
        made(
            connection,
            f"""{TYPES} CREATE TABLE note (id int PRIMARY KEY, person_id int REFERENCES person, plain {"text" if domain else type_}, masked {type_}, given {type_} NOT NULL);
            INSERT INTO note VALUES (1, 1, {value}, {value}, {value}), (2, 2, {value}, {value}, {value}), (3, 1, {value}, {value}, {value})""",
        )
        others = connection.execute(b"SELECT n::text FROM note n WHERE id = 2").fetchall()
        asked = desk(connection, tmp_path, table("note", {"id": None, "person_id": None, **columns}, link))
        shown = asked.access(ANN)["tables"]["public.note"]
        json.dumps(shown, default=str)
        assert all(one["plain"] not in (None, "") for one in shown)
        asked.erase(ANN, plan=asked.rehearse(ANN).plan)
        left = connection.execute(
            f"SELECT plain::text, masked::text, given::text, given::text = '{erased}'::{type_}::text FROM note WHERE id <> 2".encode()
        ).fetchall()
        for plain, mask, given, same in left:
            assert plain is None
            assert mask is None if masked is None else re.fullmatch(masked, mask) is not None
            assert same, given
        assert connection.execute(b"SELECT n::text FROM note n WHERE id = 2").fetchall() == others


# ---- what must stay true of what is left -----------------------------------------------------------------------------

#: A constraint on `code`, of which each row of two people gets a mask that meets it; or NULL and something given.
CONSTRAINTS = [
    ("text", "CREATE UNIQUE INDEX ON note (code)", "'a-1'", "'b-2'"),
    ("text", "CREATE UNIQUE INDEX ON note (lower(code))", "'canary-a'", "'canary-b'"),
    ("text", "CREATE UNIQUE INDEX ON note (code) WHERE live", "'canary-a'", "'canary-b'"),
    ("text", "CREATE UNIQUE INDEX ON note (lower(code), live) WHERE code <> ''", "'canary-a'", "'canary-b'"),
    ("text", "ALTER TABLE note ADD EXCLUDE (code WITH =)", "'canary-a'", "'canary-b'"),
    ("text", "ALTER TABLE note ADD EXCLUDE (upper(code) WITH =) WHERE (live)", "'canary-a'", "'canary-b'"),
    ("daterange", "ALTER TABLE note ADD EXCLUDE USING gist (code WITH &&)", "'[2020-01-01,2020-02-01)'", "'[2020-02-01,)'"),
    ("text", "ALTER TABLE note ADD UNIQUE (code) DEFERRABLE INITIALLY DEFERRED", "'canary-a'", "'canary-b'"),
    ("inet", "ALTER TABLE note ADD UNIQUE (code)", "'10.0.0.1'", "'10.0.0.2'"),
    ("macaddr", "ALTER TABLE note ADD UNIQUE (code)", "'08:00:2b:01:02:03'", "'08:00:2b:01:02:04'"),
    pytest.param("text", "ALTER TABLE note ADD UNIQUE NULLS NOT DISTINCT (code)", "'canary-a'", "'canary-b'", marks=pytest.mark.since(15)),
]  # fmt: skip


@pytest.mark.parametrize(("type_", "constraint", "ann", "ben"), CONSTRAINTS)
def test_masks_of_many_meet_what_is_unique(
    type_: str, constraint: str, ann: str, ben: str, fresh_database: Database, tmp_path: Path
) -> None:
    with fresh_database.connect(autocommit=True) as connection:
        made(
            connection,
            f"""CREATE TABLE note (id int PRIMARY KEY, person_id int REFERENCES person, live boolean DEFAULT true, code {type_} NOT NULL);
            INSERT INTO note (id, person_id, code) VALUES (1, 1, {ann}), (2, 2, {ben}); {constraint}""",
        )
        link = {"columns": ["person_id"], "to": "person", "kind": "shared", "erase": ["code"]}
        fields: Fields = {"id": None, "person_id": None, "live": None, "code": {"on_erase": "redact"}}
        asked = desk(connection, tmp_path, table("note", fields, link))
        asked.erase((*ANN, (Who("email", "canary-ben@mail.example"),)))
        codes = [code for (code,) in connection.execute(b"SELECT code::text FROM note").fetchall()]
        assert len(codes) == 2
        assert not {ann.strip("'"), ben.strip("'")} & set(codes)


#: Codes of one row for each of Ann's, then of others, then what is unique: of few values many are taken, or the one mask is
#: drawn that is the value itself, which nothing would refuse.
CROWDED = {
    "eight of ten": (["3", "5"], ["0", "1", "2", "4", "6", "7"], "ALTER TABLE note ADD UNIQUE (code)"),
    "one in nine": (
        [f"{n:04}" for n in range(200)],
        [f"{n:04}" for n in range(1000, 2000)],
        "ALTER TABLE note ADD UNIQUE (code)",
    ),
    "a pattern that is checked": (
        [f"be-{n:03}" for n in range(100)],
        ["aa-000"],
        "CREATE UNIQUE INDEX ON note (upper(code)); ALTER TABLE note ADD CHECK (code ~ '^[a-z]{2}-[0-9]{3}$')",
    ),
    "nothing is refused": (["b"] * 200, [], "CREATE UNIQUE INDEX ON note (code) WHERE NOT live"),
}


@pytest.mark.parametrize("case", CROWDED)
def test_a_mask_is_neither_the_value_nor_that_of_another_row(
    case: str, fresh_database: Database, tmp_path: Path
) -> None:
    mine, others, constraint = CROWDED[case]
    with fresh_database.connect(autocommit=True) as connection:
        made(
            connection,
            "CREATE TABLE note (id serial PRIMARY KEY, person_id int REFERENCES person, live boolean DEFAULT true, code text NOT NULL)",
        )
        for person, codes in ((1, mine), (2, others)):
            connection.execute(
                "INSERT INTO note (person_id, code) SELECT %s, unnest(%s::text[])", [person, codes]
            )
        connection.execute(constraint.encode())
        link = {"columns": ["person_id"], "to": "person", "kind": "shared", "erase": ["code"]}
        fields: Fields = {"id": None, "person_id": None, "live": None, "code": {"on_erase": "redact"}}
        desk(connection, tmp_path, table("note", fields, link)).erase(ANN)
        left = [code for (code,) in connection.execute(b"SELECT code FROM note ORDER BY id").fetchall()]
        masks = left[: len(mine)]
        assert left[len(mine) :] == others
        assert not {*others} & {*masks}
        assert all(mask != code for mask, code in zip(masks, mine, strict=True))
        assert all(
            re.sub("[a-z]", "x", re.sub("[0-9]", "0", code))
            == re.sub("[a-z]", "x", re.sub("[0-9]", "0", mine[0]))
            for code in masks
        )
        if case != "nothing is refused":
            assert len({*masks}) == len(masks)


@pytest.mark.parametrize("unique", [False, True])
def test_a_mask_has_no_letter_of_the_value_in_any_alphabet(
    unique: bool, fresh_database: Database, tmp_path: Path
) -> None:
    """Whatever the server's locale says of letters."""
    with fresh_database.connect(autocommit=True) as connection:
        made(
            connection,
            f"""CREATE TABLE note (id int PRIMARY KEY, person_id int REFERENCES person, code text COLLATE "C" NOT NULL {"UNIQUE" if unique else ""});
            INSERT INTO note VALUES (1, 1, 'Zoë Ç. Žukauskaitė'), (2, 1, '王小明 55'), (3, 1, 'Ελένη-1'), (4, 1, '--')""",
        )
        link = {"columns": ["person_id"], "to": "person", "kind": "shared", "erase": ["code"]}
        fields: Fields = {"id": None, "person_id": None, "code": {"on_erase": "redact"}}
        desk(connection, tmp_path, table("note", fields, link)).erase(ANN)
        left = [code for (code,) in connection.execute(b"SELECT code FROM note ORDER BY id").fetchall()]
        patterns = ["[a-z]{3} [a-z][.] [a-z]{11}", "[a-z]{3} [0-9]{2}", "[a-z]{5}-[0-9]", "--"]
        assert all(re.fullmatch(*both) for both in zip(patterns, left, strict=True)), left


@pytest.mark.contrib
def test_capitals_that_a_collation_does_not_tell_apart(fresh_database: Database, tmp_path: Path) -> None:
    """Whose links say the same in other capitals is found, erased and masked like anybody."""
    with fresh_database.connect(autocommit=True) as connection:
        connection.execute(
            b"""CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
            CREATE TABLE person (id text COLLATE ci PRIMARY KEY, email text COLLATE ci UNIQUE);
            CREATE TABLE note (id text COLLATE ci PRIMARY KEY, person_id text COLLATE ci REFERENCES person, t text COLLATE ci);
            CREATE TABLE part (id int PRIMARY KEY, note_id text COLLATE ci REFERENCES note, t text);
            CREATE TABLE pair (id int PRIMARY KEY, person_id text COLLATE ci REFERENCES person, code text COLLATE ci, sole text COLLATE ci UNIQUE);
            INSERT INTO person VALUES ('Ann', 'Canary-Ann@Mail.example'), ('Ben', 'canary-ben@mail.example');
            INSERT INTO note VALUES ('N1', 'ANN', 'canary-ann'), ('n2', 'ben', 'canary-ben');
            INSERT INTO part VALUES (1, 'n1', 'canary-ann-p'), (2, 'N2', 'canary-ben-p');
            INSERT INTO pair VALUES (1, 'aNN', 'Canary-Ann', 'Canary-Ann'), (2, 'bEN', 'canary-ben', 'canary-ben')"""
        )
        gone = {"on_erase": "redact"}
        link = {"columns": ["person_id"], "to": "person", "kind": "shared", "erase": ["code", "sole"]}
        asked = desk(
            connection, tmp_path, NOTES,
            table("part", {"id": None, "note_id": None, "t": {}}, owner("note_id", to="note")),
            table("pair", {"id": None, "person_id": None, "code": gone, "sole": gone}, link),
        )  # fmt: skip
        assert {name: len(rows) for name, rows in asked.access(ANN)["tables"].items()} == dict.fromkeys(
            ["public.note", "public.pair", "public.part", "public.person"], 1
        )
        asked.erase(ANN, plan=asked.rehearse(ANN).plan)
        assert connection.execute(
            "SELECT ARRAY(SELECT id FROM person), ARRAY(SELECT id FROM note), ARRAY(SELECT id FROM part)"
        ).fetchone() == (["Ben"], ["n2"], [2])
        (hers, his) = connection.execute("SELECT person_id, code, sole FROM pair ORDER BY id").fetchall()
        assert his == ("bEN", "canary-ben", "canary-ben")
        assert hers[:2] == (None, "xxxxxx-xxx")
        assert re.fullmatch("[a-z]{6}-[a-z]{3}", hers[2])
        assert hers[2] != "canary-ann"

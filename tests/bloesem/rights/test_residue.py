"""The pass over a database: every kind of column and table, what cannot be read, and nothing that it says is a value."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path

import psycopg
import pytest
from tests.bloesem.cli.world import call
from tests.databases import Database, DatabaseMaker

from bloesem.errors import StoreError
from bloesem.rights import reading
from bloesem.rights.home import SOUGHT_FOR, opened
from bloesem.rights.identifiers import Identifier
from bloesem.rights.residue import Found, Progress, search

ANN = [
    Identifier("email", "ann@mail.example", 7),
    Identifier("phone", "0475 12 34 56", 7),
    Identifier("iban", "BE68539007547034", 7),
    Identifier("customer", "K-10023", 7),
    Identifier.of_name("Ann", "Van de Velde", 7),
    Identifier.of_address("Kerkstraat", 12, 9000, 7),
]
VALUES = ("ann@mail.example", "475", "BE68", "K-10023", "Velde", "Kerkstraat")

SCHEMA = """
CREATE SCHEMA "Oud archief";
CREATE DOMAIN note AS text; CREATE DOMAIN short_note AS note;
CREATE TYPE contact AS (name text, mail text);
CREATE TYPE mood AS ENUM ('ann@mail.example');
CREATE TYPE pairs;
CREATE FUNCTION pairs_in(cstring) RETURNS pairs LANGUAGE internal IMMUTABLE STRICT AS 'textin';
CREATE FUNCTION pairs_out(pairs) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';
CREATE TYPE pairs (INPUT = pairs_in, OUTPUT = pairs_out, LIKE = text);  -- as hstore comes, from an extension
CREATE TABLE person (id int PRIMARY KEY, mail varchar(80), tel char(20), given text, family text);
CREATE TABLE log (at timestamptz DEFAULT now(), line text);
CREATE TABLE documents (id uuid PRIMARY KEY DEFAULT md5(random()::text)::uuid, j json, b jsonb, x xml, raw bytea,
                        many text[], blobs bytea[], numbers int[], remark short_note, c contact, words tsvector, h pairs);
CREATE TABLE natural_key (mail text PRIMARY KEY, n int);
CREATE TABLE pair (a int, b date, t text, PRIMARY KEY (b, a));
CREATE TABLE numbers (id int PRIMARY KEY, m mood);
CREATE TABLE "Oud archief"."Brieven é" ("Tekst 'a' é" text);
CREATE TABLE parted (id int, y int, t text, PRIMARY KEY (id, y)) PARTITION BY LIST (y);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1);
CREATE TABLE base (t text); CREATE TABLE derived (u text) INHERITS (base);
CREATE MATERIALIZED VIEW copied AS SELECT 'ann@mail.example'::text AS mail;
CREATE VIEW seen AS SELECT mail FROM person;
CREATE TABLE empty (t text);
"""


@pytest.fixture
def shop(fresh_database: Database) -> Database:
    with fresh_database.connect() as connection:
        connection.execute(SCHEMA)
    return fresh_database


def run(shop: Database, *statements: str) -> list[Found]:
    with shop.connect(autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())
        return list(search(connection, ANN).found)


def where(found: list[Found]) -> set[tuple[str, str, str, int]]:
    return {(one.table, one.column, one.what, one.rows) for one in found}


@pytest.mark.both_servers
def test_every_kind_of_column_and_table_is_read(shop: Database) -> None:
    found = run(
        shop,
        "INSERT INTO person VALUES (1, 'Ann@Mail.example', '+32475/12.34.56', 'ann', 'VAN DE VELDE'), (2, 'jo@mail.example', '0475123457', 'Ann', 'Velde')",
        "INSERT INTO log (line) VALUES ('x'), (E'a\\tb\\\\\\nGET /?mail=ann%40mail.example'), ('ann@mail.example ann@mail.example')",
        """INSERT INTO documents (j, b, raw, many, blobs, numbers, remark, c, words, h) VALUES
           ('{"m": "ann\\u0040mail.example"}', '{"iban": ["BE68 5390 0754 7034"]}',
            '\\x00ff616e6e406d61696c2e6578616d706c65fe', ARRAY['x', 'tel 0475/12 34 56'], ARRAY['\\x00'::bytea, 'K-10023'],
            ARRAY[475123456], 'Kerkstraat 12, 9000 Gent', ROW('Ann "de" Van de Velde', 'ann@mail.example'),
            to_tsvector('simple', 'schrijf ann@mail.example'), '"nr"=>"K-10023"')""",
        "INSERT INTO natural_key VALUES ('ann@mail.example', 1)",
        "INSERT INTO pair VALUES (3, '2024-01-02', 'K10023')",
        "INSERT INTO numbers VALUES (1, 'ann@mail.example')",
        """INSERT INTO "Oud archief"."Brieven é" VALUES ('Van de Velde, Ann')""",
        "INSERT INTO parted VALUES (5, 1, 'klant K 10023')",
        "INSERT INTO base VALUES ('ann@mail.example')",
        "INSERT INTO derived VALUES ('ann@mail.example', 'ann@mail.example')",
        "INSERT INTO empty VALUES (NULL), ('')",
    )
    assert where(found) == {
        ("public.person", "mail", "email", 1),
        ("public.person", "tel", "phone", 1),
        ("public.person", "family", "name", 1),
        ("public.log", "line", "email", 2),
        ("public.documents", "j", "email", 1),
        ("public.documents", "b", "iban", 1),
        ("public.documents", "h", "customer", 1),
        ("public.documents", "raw", "email", 1),
        ("public.documents", "many", "phone", 1),
        ("public.documents", "blobs", "customer", 1),
        ("public.documents", "numbers", "phone", 1),
        ("public.documents", "remark", "address", 1),
        ("public.documents", "c", "email", 1),
        ("public.documents", "c", "name", 1),
        ("public.documents", "words", "email", 1),
        ("public.natural_key", "mail", "email", 1),
        ("public.pair", "t", "customer", 1),
        ("Oud archief.Brieven é", "Tekst 'a' é", "name", 1),
        ("public.parted", "t", "customer", 1),
        ("public.base", "t", "email", 1),
        ("public.derived", "t", "email", 1),
        ("public.derived", "u", "email", 1),
        ("public.copied", "mail", "email", 1),
    }
    keys = {one.table: one.keys[0] for one in found}
    assert keys["public.person"] == {"id": "1"}
    assert keys["public.pair"] == {"a": "3", "b": "2024-01-02"}
    assert keys["public.parted"] == {"id": "5", "y": "1"}
    assert keys["public.natural_key"] == keys["public.log"].replace("2", "1") == "ctid (0,1)"  # type: ignore[union-attr]
    assert all(one.acts == (7,) for one in found)
    said = json.dumps([one.json() for one in found])
    assert not [value for value in VALUES if value in said]


@pytest.mark.both_servers
def test_columns_of_xml_are_among_them(shop: Database) -> None:
    with shop.connect() as connection:
        tables, _ = reading.tables(connection)
    documents = next(table for table in tables if table.name == "documents")
    assert {"x", "j", "raw", "h"} <= set(documents.columns)
    assert "id" not in documents.columns


@pytest.mark.contrib
@pytest.mark.both_servers
def test_what_hstore_columns_hold_is_read(shop: Database) -> None:
    """Keys and values, quoted and not, and arrays of them."""
    found = run(
        shop,
        "CREATE EXTENSION hstore",
        "CREATE TABLE tagged (id int PRIMARY KEY, h hstore, many hstore[])",
        """INSERT INTO tagged VALUES (1, 'mail=>ann@mail.example, other=>x', NULL), (2, '"K-10023"=>NULL', NULL),
           (3, '"said"=>"klant \\"Ann\\" Van de Velde, Kerkstraat 12, 9000 Gent"', NULL), (4, 'mail=>jo@mail.example', NULL),
           (5, NULL, ARRAY['a=>b', '"tel"=>"0475/12 34 56"']::hstore[])""",
    )
    assert where(found) == {
        ("public.tagged", "h", "email", 1),
        ("public.tagged", "h", "customer", 1),
        ("public.tagged", "h", "name", 1),
        ("public.tagged", "h", "address", 1),
        ("public.tagged", "many", "phone", 1),
        ("public.copied", "mail", "email", 1),
    }


@pytest.mark.both_servers
def test_what_xml_columns_hold_is_read(shop: Database) -> None:
    """Entities, numbers of letters, attributes, CDATA; whole documents and pieces, arrays and composites of them."""
    try:
        with shop.connect() as connection:
            connection.execute("SELECT '<a/>'::xml")
    except psycopg.errors.FeatureNotSupported:
        pytest.skip("this server was built without libxml: it makes no value of type xml")
    found = run(
        shop,
        "CREATE DOMAIN letter AS xml; CREATE TYPE enclosed AS (n int, x xml)",
        "CREATE TABLE papers (id int PRIMARY KEY, x xml, many xml[], l letter, c enclosed)",
        """INSERT INTO papers VALUES
           (1, '<?xml version="1.0"?><m>ann&#64;mail.example</m>', NULL, NULL, NULL),
           (2, '<p a="0475/12.34.56"/>', ARRAY['<a/>', '<k nr="K-10023">x</k>']::xml[], NULL, NULL),
           (3, '<!-- K&#45;10023 -->', NULL, '<v><![CDATA[Ann Van de Velde]]></v>', ROW(1, '<i>BE68 5390 0754 7034</i>')),
           (4, '<n>Kerkstraat</n><n>12</n><n>9000</n>', NULL, '<x>&#x61;nn@mail.example.org</x>', NULL)""",
    )
    papers = {
        (table, column, what, rows) for table, column, what, rows in where(found) if table == "public.papers"
    }
    assert papers == {
        ("public.papers", "x", "email", 1),
        ("public.papers", "x", "phone", 1),
        ("public.papers", "x", "customer", 1),
        ("public.papers", "x", "address", 1),
        ("public.papers", "many", "customer", 1),
        ("public.papers", "l", "name", 1),
        ("public.papers", "c", "iban", 1),
    }


def test_a_key_of_text_is_never_said(shop: Database) -> None:
    found = run(
        shop,
        "CREATE TABLE by_name (name text, n int, t text, PRIMARY KEY (name, n))",
        "INSERT INTO by_name VALUES ('Peter Somebody', 1, 'K-10023')",
    )
    assert found[0].keys == ("ctid (0,1)",)


def test_many_rows_in_many_blocks(shop: Database) -> None:
    """Rows of every size, also larger than a block; each one that has something is counted once."""
    found = run(
        shop,
        "INSERT INTO log (line) SELECT repeat('x ', n % 500) || CASE WHEN n % 1000 = 0 THEN '0475 12 34 56 / ann@mail.example' END"
        " FROM generate_series(1, 20000) n",
        "INSERT INTO log (line) SELECT repeat('é ', n % 500) || CASE WHEN n % 1000 = 0 THEN '0475 12 34 56 / ann@mail.example'"
        " ELSE '' END FROM generate_series(1, 20000) n",
        "INSERT INTO log (line) VALUES (repeat('lang ', 1000000) || 'Ann Van de Velde' || repeat(' lang', 1000000))",
    )
    assert where(found) == {
        ("public.copied", "mail", "email", 1),
        ("public.log", "line", "phone", 40),
        ("public.log", "line", "email", 40),
        ("public.log", "line", "name", 1),
    }
    assert all(len(one.json()["keys"]) <= 20 for one in found)


def test_what_a_login_may_not_read_is_named(shop: Database) -> None:
    login, hidden = shop.role("reader"), "CREATE SCHEMA hidden; CREATE TABLE hidden.t (t text)"
    with shop.connect() as admin:
        admin.execute(f"CREATE ROLE {login} LOGIN PASSWORD 'pw'; {hidden}".encode())
        admin.execute(
            f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {login}; REVOKE ALL ON log FROM {login}".encode()
        )
        admin.execute(
            f"REVOKE ALL ON person FROM {login}; GRANT SELECT (id, mail) ON person TO {login}".encode()
        )
        admin.execute(
            "ALTER TABLE pair ENABLE ROW LEVEL SECURITY; INSERT INTO pair VALUES (1, '2024-01-01', 'K-10023')"
        )
        admin.execute("INSERT INTO person VALUES (1, 'ann@mail.example', NULL, NULL, NULL)")
    with shop.connect(user=login, password="pw", autocommit=True) as connection:
        result = search(connection, ANN)
    assert not result.whole
    unread = {(one.table, one.columns) for one in result.unread}
    assert unread == {
        ("Oud archief.Brieven é", ()),
        ("hidden.t", ()),
        ("public.log", ()),
        ("public.person", ("tel", "given", "family")),
        ("public.pair", ()),
    }
    assert ("public.person", "mail", "email", 1) in where(list(result.found))


def test_a_table_that_somebody_locks_is_named_and_the_others_are_read(
    shop: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bloesem.rights.reading._LOCK_TIMEOUT", "100ms")
    with shop.connect() as other, shop.connect(autocommit=True) as connection:
        connection.execute("INSERT INTO pair VALUES (1, '2024-01-01', 'K-10023')")
        other.execute("LOCK TABLE log IN ACCESS EXCLUSIVE MODE")
        result = search(connection, ANN)
        assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
    assert [one.table for one in result.unread] == ["public.log"]
    assert ("public.pair", "t", "customer", 1) in where(list(result.found))


def test_it_reads_only_and_outside_any_transaction(shop: Database) -> None:
    with shop.connect() as connection:
        connection.execute("SELECT 1")
        with pytest.raises(StoreError, match="inside a transaction"):
            search(connection, ANN)
        connection.rollback()
        assert {one.table for one in search(connection, ANN).found} == {"public.copied"}
    with shop.connect(autocommit=True) as connection:
        assert search(connection, []).found == ()


def test_a_database_without_an_encoding(shop: Database, make_database: DatabaseMaker) -> None:
    name = f"{shop.name}_bytes"
    libc = "LOCALE_PROVIDER libc" if shop.server.version >= 15 else ""
    with shop.connect(autocommit=True) as admin:
        admin.execute(
            f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' {libc}".encode()
        )
    try:
        with psycopg.connect(**shop.dsn.to(name).parameters(), autocommit=True) as connection:  # type: ignore[arg-type]
            connection.execute("SET client_encoding = 'SQL_ASCII'")
            connection.execute(
                b"CREATE TABLE t (t text); INSERT INTO t VALUES (E'\\xe9\\xe9 ann@mail.example')"
            )
            connection.execute("SET client_encoding = 'UTF8'")
            assert where(list(search(connection, ANN).found)) == {("public.t", "t", "email", 1)}
    finally:
        with shop.connect(autocommit=True) as admin:
            admin.execute(f"DROP DATABASE {name}".encode())


def test_progress_is_told(shop: Database) -> None:
    seen: list[Progress] = []
    with shop.connect(autocommit=True) as connection:
        connection.execute("INSERT INTO log (line) SELECT 'x' FROM generate_series(1, 10)")
        search(connection, ANN, seen.append)
    assert ("public.log", True) in {(one.table, one.bytes > 0) for one in seen}


@pytest.fixture
def at_home(own_database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Database:
    monkeypatch.setenv("BLOESEM_DATABASE_URL", own_database.dsn.url())
    monkeypatch.setenv("BLOESEM_DATA_DIR", str(tmp_path / "data"))
    return own_database


def seek(shop: Database, now: dt.datetime, identifiers: list[Identifier] = ANN) -> int:
    with opened(now) as rights:
        store = rights.store(shop.dsn, now)
        act = rights.begin(store, "erase", "hash", "2024-03-18", now)
        rights.seek(store, identifiers, act, now)
        rights.finish(act, "done", now, {"public.person": {"deleted": 1}})
    return act


def left(now: dt.datetime, shop: Database) -> int:
    with opened(now) as rights:
        return len(rights.sought(rights.store(shop.dsn, now), now)[0])


def test_the_command_looks_for_all_who_were_erased_and_then_forgets_them(
    shop: Database, at_home: Database, tmp_path: Path
) -> None:
    now = dt.datetime.now(dt.UTC)
    url = shop.dsn.url()
    nobody = call("residue", "--store", url, "--json")
    assert (nobody.code, nobody.json["residue"], nobody.json["erasures"]) == (0, [], 0)
    with shop.connect() as connection:
        connection.execute("INSERT INTO log (line) VALUES ('ann@mail.example')")
        connection.execute("INSERT INTO person VALUES (4, 'ann@mail.example', NULL, NULL, NULL)")
        connection.execute("REFRESH MATERIALIZED VIEW copied; DROP MATERIALIZED VIEW copied")
    act = seek(shop, now)
    (tmp_path / "map.yaml").write_text(
        "dataset: [{fides_key: s, collections: [{name: person, meta: {holds: people}, fields: [{name: mail, data_categories: [a.b]}]}]}]"
    )
    called = call("residue", "--store", url, "--map", tmp_path / "map.yaml", "--json")
    assert called.code == 1
    assert [
        (f["table"], f["column"], f["what"], f["key"], f["rows"], f["mapped"], f["acts"])
        for f in called.json["residue"]
    ] == [
        ("public.log", "line", "email", "ctid (0,1)", 1, False, [act]),
        ("public.person", "mail", "email", {"id": "4"}, 1, True, [act]),
    ]
    assert called.json["tables"] > 5
    assert called.json["bytes"] > 0
    assert called.json["not_proven"] == called.json["kept"] == []
    assert not [value for value in VALUES if value in called.out + called.err]
    assert left(now, shop) == 0
    seek(shop, now)
    paper = call("residue", "--store", url, "--map", tmp_path / "map.yaml").out
    assert re.search(r"^public\.log +line +email +1 +in no map +ctid", paper, re.MULTILINE), paper
    assert re.search(r"^public\.person +mail +email +1 +mapped +id 4", paper, re.MULTILINE), paper
    act = seek(shop, now)
    unknown = call("residue", "--store", url, "--json").json["residue"]
    assert [(one["acts"], one["mapped"]) for one in unknown] == [([act], None)] * 2
    assert call("residue", "--store", url).code == 0


def test_after_a_pass_that_was_not_whole_the_same_people_are_looked_for_again(
    shop: Database, at_home: Database
) -> None:
    now = dt.datetime.now(dt.UTC)
    login = shop.role("reader")
    with shop.connect() as admin:
        admin.execute(f"CREATE ROLE {login} LOGIN PASSWORD 'pw'".encode())
        admin.execute("DROP MATERIALIZED VIEW copied")
    seek(shop, now)
    called = call("residue", "--store", shop.dsn.to(user=login, password="pw").url())
    assert called.code == 1
    assert "not read: public.person" in called.out
    assert left(now, shop) == len(ANN)
    assert call("residue", "--store", shop.dsn.url()).code == 0
    assert left(now, shop) == 0


def test_nobody_is_looked_for_longer_than_a_week(shop: Database, at_home: Database) -> None:
    now = dt.datetime.now(dt.UTC)
    seek(shop, now)
    with opened(now + SOUGHT_FOR - dt.timedelta(seconds=1)):
        pass
    assert left(now, shop) == len(ANN)
    with opened(now + SOUGHT_FOR) as rights:
        assert rights.connection.execute("SELECT count(*) FROM rights.sought").fetchone() == (0,)


def test_without_a_store_it_is_our_own_and_one_that_is_not_there_is_said(at_home: Database) -> None:
    assert call("residue").code == 0
    assert call("residue", "--store", "postgresql://localhost:1/nothing").code == 3

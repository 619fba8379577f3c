"""Rows that can only go are deleted as they are found: the same goes, the same is bound, and nothing that is kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.bloesem.rights import shop
from tests.bloesem.rights.test_requests import everything
from tests.bloesem.rights.test_shapes import ANN, NOTE, NOTES, desk, made
from tests.databases import Database

from bloesem.errors import RightsError
from bloesem.rights.changes import deciding, statement, writing
from bloesem.rights.identify import Who
from bloesem.rights.requests import Desk
from bloesem.stores.postgres import Connection

MORE = """
CREATE TABLE visit (id bigint PRIMARY KEY, customer_id int NOT NULL REFERENCES customer, at timestamptz, seen text);
CREATE TABLE paper (id uuid PRIMARY KEY DEFAULT md5(random()::text)::uuid, customer_id int NOT NULL REFERENCES customer,
    at timestamptz, invoiced_on date, body text);
CREATE TABLE watched (id int PRIMARY KEY, customer_id int NOT NULL REFERENCES customer, seen text);
CREATE FUNCTION stays() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN old; END';
CREATE TRIGGER stays BEFORE DELETE ON watched FOR EACH ROW EXECUTE FUNCTION stays();
INSERT INTO visit SELECT n, 1 + n % 3, '2026-01-01'::timestamptz + n % 4 * interval '1 day', 'canary' || n
    FROM generate_series(1, 30) n;
INSERT INTO paper (customer_id, at, invoiced_on, body) VALUES (1, '2020-02-01', '2020-02-01', 'canary-kept'),
    (1, '2020-02-01', NULL, 'canary-goes'), (2, '2020-02-01', NULL, 'canary-ben');
INSERT INTO watched VALUES (1, 1, 'canary');
"""
_LINK = "links: [{columns: [customer_id], to: customer, kind: owner}]"
MAP = f"""{shop.MAP}
      - name: visit
        meta: {{recorded: at, {_LINK}}}
        fields: [{{name: id}}, {{name: customer_id}}, {{name: at, meta: {{key: true}}}}, {{name: seen, data_categories: [order.lines]}}]
      - name: paper
        meta: {{recorded: at, record_date: invoiced_on, {_LINK}}}
        fields:
          - {{name: id}}
          - {{name: customer_id}}
          - {{name: at, meta: {{key: true}}}}
          - {{name: invoiced_on, meta: {{key: true}}}}
          - {{name: body, data_categories: [order.invoice]}}
      - name: watched
        meta: {{{_LINK}}}
        fields: [{{name: id}}, {{name: customer_id}}, {{name: seen, data_categories: [order.lines]}}]
"""
BOB = (Who("email", "bob@mail.example"),)
BEN = ((Who("id", "2", "customer"),),)


@pytest.fixture
def connection(fresh_database: Database) -> Iterator[Connection]:
    shop.make(fresh_database)
    with fresh_database.connect(autocommit=True) as found:
        found.execute(MORE.encode())
        yield found


class Heard:
    """A connection that says what it was asked."""

    inner: Connection
    said: list[str]

    def __init__(self, inner: Connection) -> None:
        object.__setattr__(self, "inner", inner)
        object.__setattr__(self, "said", [])

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self.inner, name, value)

    def execute(self, statement: bytes | str, *given: Any) -> object:
        said = statement if isinstance(statement, bytes) else statement.encode()
        self.said.append(said.decode())
        return self.inner.execute(said, *given)


def asked(desk: Desk, table: str) -> list[str]:
    """What begins each statement about a table since the last time."""
    said = desk.connection.said  # type: ignore[attr-defined]
    found = [
        verb for one in said for verb in ("SELECT", "DELETE") if f"{verb} {_of(verb, one, table)}" in one
    ]
    said.clear()
    return found


def _of(verb: str, said: str, table: str) -> str:
    source = f"FROM public.{table} AS"
    return source if verb == "DELETE" else said[said.find("SELECT ") + 7 : said.find(source)] + source


def test_what_is_taken_is_bound_and_told_like_what_is_read(connection: Connection, tmp_path: Path) -> None:
    desk = shop.desk(Heard(connection), tmp_path, MAP)  # type: ignore[arg-type]
    assert set(desk._leaves) == {"public.purchase_line", "public.visit", "public.paper"}
    taken = desk.rehearse(shop.ANN)
    assert desk._read == {"public.paper"}
    desk._read |= desk._leaves.keys()
    read = desk.rehearse(shop.ANN)
    assert (taken.plan, taken.tables) == (read.plan, read.tables)
    assert desk.rehearse(shop.ANN, show_values=True).plan == read.plan
    desk._read -= {"public.visit"}
    asked(desk, "visit")
    done = desk.erase(shop.ANN, plan=read.plan)
    assert asked(desk, "visit")[:1] == ["DELETE"]
    assert desk.statements()["public.visit"] == 1
    assert done.tables == read.tables
    assert [row["id"] for row in done.tables["public.visit"]["deleted"]] == sorted(range(3, 31, 3), key=str)
    assert connection.execute("SELECT count(*) FROM visit WHERE customer_id = 1").fetchone() == (0,)
    assert connection.execute("SELECT count(*) FROM visit").fetchone() == (20,)


def test_a_row_that_changed_is_no_longer_what_was_rehearsed(connection: Connection, tmp_path: Path) -> None:
    desk = shop.desk(connection, tmp_path, MAP)
    plan = desk.rehearse(BEN).plan
    connection.execute("UPDATE visit SET seen = 'else' WHERE id = 1")
    with pytest.raises(Exception, match="no longer what was rehearsed"):
        desk.erase(BEN, plan=plan)
    assert connection.execute("SELECT count(*) FROM visit").fetchone() == (30,)


def test_what_is_kept_is_not_taken(connection: Connection, tmp_path: Path) -> None:
    desk = shop.desk(connection, tmp_path, MAP)
    done = desk.erase(shop.ANN)
    assert desk._read == {"public.paper"}  # looked at first from then on
    (kept,) = done.tables["public.paper"]["kept"]
    assert kept["until"] == "2027-12-31"
    assert len(done.tables["public.paper"]["deleted"]) == 1
    left = connection.execute("SELECT customer_id, body FROM paper ORDER BY 1").fetchall()
    assert left == [(1, "canary-kept"), (2, "canary-ben")]


def test_a_table_that_answers_a_delete_is_read_first(connection: Connection, tmp_path: Path) -> None:
    desk = shop.desk(Heard(connection), tmp_path, MAP)  # type: ignore[arg-type]
    desk.erase(shop.ANN)
    said = asked(desk, "watched")
    assert said[0] == "SELECT"
    assert "DELETE" in said


def test_rows_that_decide_are_held_though_all_that_goes_was_taken(
    connection: Connection, tmp_path: Path
) -> None:
    """A kept purchase has lines that are not: who writes it meanwhile waits, as it is what the lines hang on."""
    desk = shop.desk(Heard(connection), tmp_path, MAP)  # type: ignore[arg-type]
    world = desk.look(shop.ANN, lambda world, way, standing: world)
    locked = deciding(world, ())
    assert {table.qualified for table, _ in locked} >= {"public.purchase"}
    assert statement((), locked) is None
    held = statement((), locked, taken=True)
    assert held is not None
    assert "FOR UPDATE" in held.sql
    with writing(connection, (), locked, rehearsed=False, taken=True) as anything:
        assert anything


def test_who_is_ambiguous_is_refused_though_rows_were_taken_already(
    fresh_database: Database, tmp_path: Path
) -> None:
    """Who they are is asked while the rows go: two rows for two names may be two of one name and none of the other."""
    with fresh_database.connect(autocommit=True) as connection:
        made(connection, NOTE)
        connection.execute(
            "ALTER TABLE person DROP CONSTRAINT person_email_key; UPDATE person SET email = 'canary-ann@mail.example'"
        )
        asked = desk(connection, tmp_path, NOTES)
        before = everything(fresh_database)
        for those in ((ANN[0], BOB), (BOB, ANN[0])):
            with pytest.raises(RightsError, match=r"2 people answer to that email|nobody is found"):
                asked.erase(those)
        assert everything(fresh_database) == before
        asked.erase(((Who("id", "1", "person"),), (Who("id", "2", "person"),)))
        assert connection.execute(
            "SELECT (SELECT count(*) FROM note), (SELECT count(*) FROM person)"
        ).fetchone() == (0, 0)


def test_keys_of_any_text_are_taken_and_told(fresh_database: Database, tmp_path: Path) -> None:
    odd = ["", 'a "b", c', "d\\e", "{f,g}", "h\ti", "NULL", "é王"]
    with fresh_database.connect(autocommit=True) as connection:
        made(connection, "CREATE TABLE note (id text PRIMARY KEY, person_id int REFERENCES person, t text)")
        connection.execute("INSERT INTO note SELECT k, 1, 'canary-ann' FROM unnest(%s::text[]) k", [odd])
        connection.execute("INSERT INTO note VALUES ('x', 2, 'canary-ben')")
        asked = desk(Heard(connection), tmp_path, NOTES)  # type: ignore[arg-type]
        rehearsed = asked.rehearse(ANN)
        asked._read |= asked._leaves.keys()
        assert asked.rehearse(ANN).plan == rehearsed.plan
        asked._read.clear()
        done = asked.erase(ANN, plan=rehearsed.plan)
        assert [row["id"] for row in done.tables["public.note"]["deleted"]] == sorted(odd)
        assert connection.execute("SELECT id FROM note").fetchall() == [("x",)]

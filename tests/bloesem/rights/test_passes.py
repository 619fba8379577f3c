"""Passes that are killed, cut off, too slow or two at once; and that exactly what is planted is found."""

from __future__ import annotations

import datetime as dt
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.bloesem.cli.world import call
from tests.databases import Database

from bloesem.errors import StoreError
from bloesem.rights import passes
from bloesem.rights.crew import CrewError
from bloesem.rights.home import Rights, opened
from bloesem.rights.identifiers import Identifier
from bloesem.rights.keys import Keys
from bloesem.rights.residue import Progress, Residue, search

NOW = dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)
ANN = Identifier("email", "ann@mail.example")
BOB = Identifier("email", "bob@mail.example")

SCHEMA = """
CREATE TABLE a (id int PRIMARY KEY, t text); INSERT INTO a VALUES (1, 'ann@mail.example'), (2, 'bob@mail.example');
CREATE TABLE b (id int PRIMARY KEY, t text); INSERT INTO b VALUES (1, 'ann@mail.example'), (2, 'bob@mail.example');
CREATE TABLE c (id int PRIMARY KEY, t text); INSERT INTO c VALUES (3, 'ann@mail.example');
"""


@pytest.fixture
def shop(fresh_database: Database) -> Database:
    with fresh_database.connect() as connection:
        connection.execute(SCHEMA)
    return fresh_database


@pytest.fixture
def rights(
    shop: Database, own_database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Rights]:
    monkeypatch.setenv("BLOESEM_DATABASE_URL", own_database.dsn.url())
    monkeypatch.setenv("BLOESEM_DATA_DIR", str(tmp_path / "data"))
    with opened(NOW) as found:
        yield found


def erased(
    rights: Rights, shop: Database, *identifiers: Identifier, at: dt.datetime = NOW
) -> tuple[str, int]:
    """One act after which they are looked for. out: store and number."""
    store = rights.store(shop.dsn, at)
    act = rights.begin(store, "erase", "hash", "2024-03-18", at)
    rights.seek(store, identifiers, act, at)
    rights.finish(act, "done", at)
    return store, act


def rows(residue: Residue) -> set[tuple[str, str, int, tuple[int, ...]]]:
    return {(one.table, one.what, one.rows, one.acts) for one in residue.found}


def kept(rights: Rights) -> tuple[int, int]:
    """How many identifiers are sought, and how many passes have not ended."""
    row = rights.connection.execute(
        "SELECT (SELECT count(*) FROM rights.sought), (SELECT count(*) FROM rights.pass)"
    ).fetchone()
    assert row is not None
    return row[0], row[1]


def cut_off(shop: Database, rights: Rights, store: str, table: str, now: dt.datetime = NOW) -> None:
    """A pass whose connection the server ends while it reads a table."""
    with shop.connect(autocommit=True) as connection, shop.connect(autocommit=True) as admin:

        def end(progress: Progress) -> None:
            if progress.table == table:
                admin.execute("SELECT pg_terminate_backend(%s)", [connection.info.backend_pid])
                while admin.execute(
                    "SELECT 1 FROM pg_stat_activity WHERE pid = %s", [connection.info.backend_pid]
                ).fetchone():
                    time.sleep(0.01)

        with pytest.raises(StoreError, match=f"while {table} was read"):
            passes.over(rights, store, connection, now, end)


@pytest.mark.both_servers
def test_a_pass_that_is_cut_off_goes_on_where_it_was(shop: Database, rights: Rights) -> None:
    store, act = erased(rights, shop, ANN)
    cut_off(shop, rights, store, "public.b")
    assert kept(rights) == (1, 1)
    _, later = erased(rights, shop, BOB)
    with shop.connect(autocommit=True) as connection:
        connection.execute("UPDATE a SET t = 'x' WHERE id = 1")  # it was read: the pass knows what was in it
        outcome = passes.over(rights, store, connection, NOW)
        assert (outcome.resumed, outcome.acts) == (True, 2)
        assert rows(outcome.residue) == {
            ("public.a", "email", 2, (act, later)),
            ("public.b", "email", 2, (act, later)),
            ("public.c", "email", 1, (act,)),
        }
        assert kept(rights) == (0, 0)
        again = passes.over(rights, store, connection, NOW)
        assert (again.resumed, again.acts, again.residue.found) == (False, 0, ())


def test_what_is_noted_of_a_pass_says_nobody(shop: Database, rights: Rights) -> None:
    store, _ = erased(rights, shop, ANN)
    cut_off(shop, rights, store, "public.c")
    notes = rights.connection.execute("SELECT table_name, found FROM rights.part ORDER BY 1").fetchall()
    assert [table for table, _ in notes] == ["public.a", "public.b"]
    assert "ann" not in json.dumps(notes)
    assert [one["key"] for _, found in notes for one in found] == [{"id": "1"}, {"id": "1"}]


def test_a_pass_that_was_cut_off_a_day_ago_begins_anew(shop: Database, rights: Rights) -> None:
    store, act = erased(rights, shop, ANN)
    cut_off(shop, rights, store, "public.b")
    with shop.connect(autocommit=True) as connection:
        connection.execute("UPDATE a SET t = 'x' WHERE id = 1")
        outcome = passes.over(rights, store, connection, NOW + passes.GOES_ON)
    assert not outcome.resumed
    assert rows(outcome.residue) == {("public.b", "email", 1, (act,)), ("public.c", "email", 1, (act,))}


@pytest.mark.both_servers
def test_killed_in_the_middle(shop: Database, rights: Rights) -> None:
    """The command itself, killed while it waits for a table; the next one finds all, and reads nothing twice."""
    erased(rights, shop, ANN, at=dt.datetime.now(dt.UTC))
    command = [sys.executable, "-m", "bloesem.cli", "residue", "--json", "--store", shop.dsn.url()]
    with shop.connect() as other:
        other.execute("LOCK TABLE b IN ACCESS EXCLUSIVE MODE")
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(os.environ)
        )
        waited = "SELECT count(*) FROM rights.part"
        for _ in range(600):
            if rights.connection.execute(waited).fetchone() == (1,):
                break
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        assert kept(rights) == (1, 1)
        other.execute("UPDATE a SET t = 'x' WHERE id = 1")
        other.commit()
    called = call(*command[3:])
    assert called.json["resumed"] is True
    assert [one["table"] for one in called.json["residue"]] == ["public.a", "public.b", "public.c"]
    assert kept(rights) == (0, 0)


def test_whom_no_key_names_is_told_and_everybody_else_is_looked_for(
    shop: Database, rights: Rights, tmp_path: Path
) -> None:
    """One unreadable key is one act that is not proven: whom it erased is still sought, and said not to be found."""
    store, act = erased(rights, shop, ANN)
    _, shut = erased(replace(rights, keys=Keys.at(tmp_path / "lost")), shop, BOB)
    with shop.connect(autocommit=True) as connection:
        outcome = passes.over(rights, store, connection, NOW)
        assert (outcome.acts, outcome.shut) == (1, (shut,))
        assert {one for found in rows(outcome.residue) for one in found[3]} == {act}
        assert kept(rights) == (1, 0), "whom nobody looked for is not forgotten"
        found = passes.over(replace(rights, keys=Keys.at(tmp_path / "lost")), store, connection, NOW)
        assert (found.shut, {one for each in rows(found.residue) for one in each[3]}) == ((), {shut})
    erased(replace(rights, keys=Keys.at(tmp_path / "lost")), shop, BOB, at=dt.datetime.now(dt.UTC))
    said = call("residue", "--store", shop.dsn.url())
    assert said.code == 1
    assert "not proven" in said.out


def test_two_at_once_are_refused(shop: Database, rights: Rights) -> None:
    store, _ = erased(rights, shop, ANN)
    refused = []

    def another(_: Progress) -> None:
        with opened(NOW) as second, shop.connect(autocommit=True) as connection:
            with pytest.raises(StoreError, match="is running"):
                passes.over(second, store, connection, NOW)
            refused.append(True)

    with shop.connect(autocommit=True) as connection:
        passes.over(rights, store, connection, NOW, another)
        assert len(refused) == 3
        assert passes.over(rights, store, connection, NOW).residue.whole


@pytest.mark.both_servers
def test_at_once_after_one_act(shop: Database, rights: Rights) -> None:
    """Of the one act, and of nobody else; the next pass looks for the others alone."""
    store, first = erased(rights, shop, BOB)
    _, act = erased(rights, shop, ANN)
    with shop.connect(autocommit=True) as connection:
        found = passes.at_once(rights, store, act, connection, NOW)
        assert rows(found) == {(f"public.{table}", "email", 1, (act,)) for table in "abc"}
        assert rights.sought(store, NOW)[0] == [Identifier("email", BOB.value, first)]
        outcome = passes.over(rights, store, connection, NOW)
        assert rows(outcome.residue) == {(f"public.{table}", "email", 1, (first,)) for table in "ab"}


def test_at_once_over_less_than_everything_forgets_nobody(
    shop: Database, rights: Rights, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bloesem.rights.reading._LOCK_TIMEOUT", "50ms")
    store, act = erased(rights, shop, ANN)
    with shop.connect() as other, shop.connect(autocommit=True) as connection:
        other.execute("LOCK TABLE b IN ACCESS EXCLUSIVE MODE")
        assert not passes.at_once(rights, store, act, connection, NOW).whole
    assert kept(rights) == (1, 0)


def test_a_table_that_takes_too_long_is_named(shop: Database, rights: Rights) -> None:
    erased(rights, shop, ANN, at=dt.datetime.now(dt.UTC))
    with shop.connect(autocommit=True) as connection:
        connection.execute("CREATE TABLE big (t text)")
        connection.execute("INSERT INTO big SELECT repeat(md5(n::text), 40) FROM generate_series(1, 60000) n")
        called = call("residue", "--store", shop.dsn.url(), "--timeout", "0.1", "--json")
        assert called.code == 1
        (unread,) = called.json["unread"]
        assert unread["table"] == "public.big"
        assert "longer than 0.1 s" in unread["reason"]
        assert connection.execute("SHOW statement_timeout").fetchone() == ("0",)
    assert kept(rights) == (1, 0)
    assert call("residue", "--store", shop.dsn.url(), "--timeout", "0").code == 2


@pytest.mark.both_servers
def test_nothing_of_theirs_is_run_and_nothing_is_written(shop: Database) -> None:
    """A cast may be somebody's function: values are read as their type writes them."""
    with shop.connect(autocommit=True) as connection:
        connection.execute(
            "CREATE TYPE contact AS (mail text);"
            "CREATE FUNCTION trap(contact) RETURNS text LANGUAGE plpgsql AS $$"
            " BEGIN INSERT INTO a VALUES (99, 'trapped'); RETURN 'nothing'; END $$;"
            "CREATE CAST (contact AS text) WITH FUNCTION trap(contact) AS IMPLICIT;"
            "CREATE TABLE d (c contact, many contact[]);"
            "INSERT INTO d VALUES (ROW('ann@mail.example'), ARRAY[ROW('ann@mail.example')::contact]), (NULL, NULL)"
        )
        residue = search(connection, [ANN])
        assert residue.whole
        assert {(one.column, one.rows) for one in residue.found if one.table == "public.d"} == {
            ("c", 1),
            ("many", 1),
        }
        assert connection.execute("SELECT count(*) FROM a").fetchone() == (2,)


def test_it_cannot_write(shop: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a statement of ours would be: the transaction writes nothing, and the table is named."""
    monkeypatch.setattr(
        "bloesem.rights.reading.Table.statement",
        lambda _: psycopg.sql.SQL("COPY (DELETE FROM public.a RETURNING t, '1') TO STDOUT (FORMAT binary)"),
    )
    with shop.connect(autocommit=True) as connection:
        assert len(search(connection, [ANN]).unread) == 3
        assert connection.execute("SELECT count(*) FROM a").fetchone() == (2,)


# --- several processes ------------------------------------------------------------------------------------------------


@pytest.fixture
def at_once_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes from the second block on; blocks of a few rows."""
    monkeypatch.setattr("bloesem.rights.crew.AT_HOME", 1)
    monkeypatch.setattr("bloesem.rights.reading.BLOCK", 200)


def test_several_processes_find_the_same(shop: Database, at_once_many: None) -> None:
    with shop.connect(autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE many (id int PRIMARY KEY, t text);"
            "INSERT INTO many SELECT n, CASE WHEN n % 7 = 0 THEN 'ann@mail.example' ELSE 'niets' END"
            " FROM generate_series(1, 500) n"
        )
        alone, together = (search(connection, [ANN, BOB], workers=workers) for workers in (1, 3))
    assert alone.found == together.found
    assert alone.bytes == together.bytes
    assert {(one.table, one.rows) for one in alone.found} >= {("public.many", 71), ("public.a", 2)}


def test_a_process_that_dies_is_said_and_the_next_pass_goes_on(
    shop: Database, rights: Rights, at_once_many: None
) -> None:
    store, act = erased(rights, shop, ANN)
    with shop.connect(autocommit=True) as connection:
        connection.execute("INSERT INTO b SELECT n, repeat('x', 300) FROM generate_series(10, 40) n")

        def kill(progress: Progress) -> None:
            if progress.table == "public.b":
                for child in multiprocessing.active_children():
                    child.kill()

        with pytest.raises(CrewError, match="is gone"):
            passes.over(rights, store, connection, NOW, kill, workers=2)
        assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        assert kept(rights) == (1, 1)
        outcome = passes.over(rights, store, connection, NOW, workers=2)
    assert outcome.resumed
    assert rows(outcome.residue) == {(f"public.{table}", "email", 1, (act,)) for table in "abc"}


def test_processes_end_with_the_one_that_started_them(shop: Database) -> None:
    """Killed with -9: nobody who was erased stays in any memory."""
    script = """
import sys
from bloesem.rights import crew
from bloesem.rights.identifiers import Identifier
from bloesem.rights.keys import Keys
from bloesem.rights.reading import Table
if __name__ == "__main__":
    crew.AT_HOME = 0
    made = crew.Crew([Identifier("email", "ann@mail.example")], 2)
    table = Table("s", "t", ("a",), ("text",), (), 0, "s.t", False)
    for _ in range(4):
        made.judge(table, [b""], len)
    made.rest()
    print(*made._pool._processes, flush=True)
    sys.stdin.read()
"""
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    children = [int(number) for number in process.stdout.readline().split()]
    assert len(children) == 2, "all are begun at once"
    assert all(map(psutil.pid_exists, children))
    process.kill()
    process.communicate()
    for _ in range(200):
        if not any(map(_alive, children)):
            return
        time.sleep(0.05)
    raise AssertionError("they are still there")


def _alive(number: int) -> bool:
    try:
        return psutil.Process(number).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


# --- exactly what is planted -------------------------------------------------------------------------------------------

#: Of those who are erased: what is looked for, and how it may be written.
PLANTED = {
    Identifier("email", "noor.claes@mail.example"): ["noor.claes@mail.example", "NOOR.Claes@Mail.Example"],
    Identifier("phone", "0475 12 34 56"): [
        "0475123456",
        "+32 475 12.34.56",
        "0032475/123456",
        "+32 (0)475 12 34 56",
    ],
    Identifier("iban", "BE68539007547034"): [
        "BE68539007547034",
        "be68 5390 0754 7034",
        "BE68-5390-0754-7034",
    ],
    Identifier("card", "BE-BLS-C12345678-X"): ["BE-BLS-C12345678-X", "BEBLSC12345678X", "be*bls*c12345678*x"],
    Identifier("customer", "K-10023"): ["K-10023", "k10023", "K 10023"],
    Identifier.of_name("Noël", "Van den Bërghe"): [
        "Noël Van den Bërghe",
        "VAN DEN BERGHE, Noel",
        "noel vandenberghe",
    ],
    Identifier.of_address("Kérkstraat", "12", "9000"): ["Kerkstraat 12, 9000 Gent", "KÉRKSTRAAT 12 B-9000"],
}
#: Of others, and of parts: nobody is in it.
OTHERS = [
    "claes@mail.example",
    "noor.claes@mail.example.org",
    "0475123457",
    "BE68539007547035",
    "BE-BLS-C12345679-X",
    "K-10024",
    "Noël Peeters",
    "Lies Van den Berghe",
    "Kerkstraat 14, 9000 Gent",
    "Kerkstraat 12, 9050 Gent",
    "niets bijzonders",
    "",
]
COLUMNS = ["t", "v", "d", "j", "b", "raw", "many", "docs", "blobs", "c", "h"]

KINDS = """
CREATE DOMAIN remark AS text;
CREATE TYPE contact AS (n int, mail text);
CREATE TYPE pairs;
CREATE FUNCTION pairs_in(cstring) RETURNS pairs LANGUAGE internal IMMUTABLE STRICT AS 'textin';
CREATE FUNCTION pairs_out(pairs) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';
CREATE TYPE pairs (INPUT = pairs_in, OUTPUT = pairs_out, LIKE = text);
CREATE TABLE planted (id int PRIMARY KEY, t text, v varchar(200), d remark, j json, b jsonb, raw bytea, many text[],
                      docs jsonb[], blobs bytea[], c contact, h pairs);
"""


def percent(text: str) -> str:
    return "".join(
        c if c.isascii() and c.isalnum() else "".join(f"%{b:02X}" for b in c.encode()) for c in text
    )


ESCAPES = {
    "plain": lambda text: f"zie {text}",
    "percent": lambda text: f"GET /x?q={percent(text)}&p=1",
    "html": lambda text: (
        "<p>" + "".join(c if c.isalnum() and c.isascii() else f"&#{ord(c)};" for c in text) + "</p>"
    ),
    "json": lambda text: json.dumps({"k": text}),
}


def value(column: str, text: str) -> object:
    """How a column of this kind holds a text."""
    match column:
        case "j" | "b":
            return json.dumps({"a": [{"diep": text}]})
        case "raw":
            return b"\x00\xff " + text.encode() + b" \xfe\x00"
        case "many":
            return ["x", text]
        case "docs":
            return [json.dumps({"a": text})]
        case "blobs":
            return [b"\x00", text.encode()]
        case "c":
            return (1, text)
        case "h":
            return '"sleutel"=>"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return text


SAID = st.sampled_from([(one.kind, form) for one, forms in PLANTED.items() for form in forms])
CELL = st.tuples(
    st.one_of(SAID, st.tuples(st.none(), st.sampled_from(OTHERS))), st.sampled_from(sorted(ESCAPES))
)
ROW = st.dictionaries(st.sampled_from(COLUMNS), CELL, max_size=4)


@pytest.mark.both_servers
def test_exactly_what_is_planted_is_found(fresh_database: Database) -> None:
    with fresh_database.connect(autocommit=True) as connection:
        connection.execute(KINDS)

        @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
        @given(st.lists(ROW, max_size=8))
        def holds(world: list[dict[str, tuple[tuple[str | None, str], str]]]) -> None:
            connection.execute("TRUNCATE planted")
            expected = set()
            for number, cells in enumerate(world):
                names = "".join(f", {column}" for column in cells)
                places = "".join(
                    ", ROW(%s, %s)::contact" if column == "c" else f", %s{_CAST.get(column, '')}"
                    for column in cells
                )
                values: list[object] = [number]
                for column, ((kind, text), escape) in cells.items():
                    held = value(column, ESCAPES[escape](text))
                    values += held if isinstance(held, tuple) else [held]
                    if kind:
                        expected.add((column, kind, number))
                statement = f"INSERT INTO planted (id{names}) VALUES (%s{places})"
                connection.execute(statement.encode(), values)
            residue = search(connection, list(PLANTED))
            assert residue.whole
            assert {
                (one.column, one.what, int(dict(key)["id"]))  # type: ignore[arg-type]
                for one in residue.found
                for key in one.keys
            } == expected

        holds()


_CAST = {
    "j": "::json",
    "b": "::jsonb",
    "docs": "::text[]::jsonb[]",
    "h": "::text::pairs",
    "blobs": "::bytea[]",
}

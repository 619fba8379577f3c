"""An erasure is whole or not begun: what would fail is named before, what is killed leaves no trace, and who writes
meanwhile neither loses nor leaves anything."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.bloesem.rights import shop
from tests.bloesem.rights.test_requests import dump, everything
from tests.databases import Database

from bloesem.errors import BloesemError, RightsError, StoreError
from bloesem.rights.identify import Who
from bloesem.rights.keeping import NoRecord
from bloesem.stores.postgres import Connection


@pytest.fixture
def database(fresh_database: Database) -> Database:
    shop.make(fresh_database)
    return fresh_database


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    with database.connect(autocommit=True) as found:
        yield found


REFUSED = {
    "NOT NULL": (
        "ALTER TABLE customer ALTER email SET NOT NULL",
        shop.MAP,
        r"public.customer.email: `email` would be empty.*\n.*\n  remedy: write on_erase: redact",
    ),
    "NOT NULL link": (
        "ALTER TABLE message ALTER receiver_id SET NOT NULL",
        shop.MAP,
        r"`receiver_id` would be empty.*\n.*\n  remedy: write placeholder",
    ),
    "CHECK": (
        "ALTER TABLE customer ADD CONSTRAINT has_space CHECK (name LIKE 'canary%')",
        shop.MAP,
        r"CHECK `has_space`.*\n.*\n  remedy: write meta.erased with a value that the check accepts",
    ),
    "UNIQUE": (
        "CREATE UNIQUE INDEX one_gone ON customer (name); INSERT INTO customer VALUES (9, now(), NULL, NULL, NULL, 'gone')",
        shop.MAP,
        r"UNIQUE `one_gone`.*\n.*\n  remedy: write on_erase: redact",
    ),
    "foreign key": (
        "CREATE TABLE review (id int PRIMARY KEY, message_id int NOT NULL REFERENCES message); INSERT INTO review VALUES (1, 1)",
        shop.MAP + "      - {name: review, meta: {holds: reference, why: stars}, fields: [{name: id}, {name: message_id}]}\n",
        r"the foreign key of message_id to public.message is undecided",
    ),
    "trigger refuses": (
        ("CREATE FUNCTION stays() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'no: %', old; END$$;"
        "CREATE TRIGGER stays BEFORE DELETE ON note FOR EACH ROW EXECUTE FUNCTION stays()"),
        shop.MAP,
        r"trigger function (public\.)?stays refuses it",
    ),
    "trigger keeps": (
        ("CREATE FUNCTION stays() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NULL; END$$;"
        "CREATE TRIGGER stays BEFORE DELETE ON note FOR EACH ROW EXECUTE FUNCTION stays()"),
        shop.MAP,
        r"public.note: 0 of 2 rows were deleted",
    ),
    "deferred": (
        ("CREATE FUNCTION later() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'later'; END$$;"
        "CREATE CONSTRAINT TRIGGER later AFTER DELETE ON note DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION later()"),
        shop.MAP,
        r"trigger function (public\.)?later refuses it",
    ),
    "too long": (
        "ALTER TABLE customer ALTER name TYPE varchar(20)",
        shop.MAP.replace("erased: gone", "erased: gone-and-away-for-ever-and-ever"),
        r"longer than its column",
    ),
    "no such value": (
        "ALTER TABLE customer ADD age int NOT NULL DEFAULT 5",
        shop.MAP.replace(
            "          - {name: name, data", "          - {name: age, data_categories: [identity.name], meta: {erased: old}}\n          - {name: name, data"
        ),
        r"no value of its column's type",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_would_fail_is_named_with_its_remedy_and_nothing_is_written(
    database: Database, connection: Connection, tmp_path: Path, what: str
) -> None:
    spoil, text, said = REFUSED[what]
    connection.execute(spoil.encode())
    before = everything(database)
    for act in ("rehearse", "erase"):
        with pytest.raises(BloesemError, match=said) as caught:
            getattr(shop.desk(connection, tmp_path, text), act)(shop.ANN)
        assert "ann" not in str(caught.value).replace("canary%", "")
    assert everything(database) == before


def test_what_the_server_refuses_besides_a_stale_plan_is_told_to_nobody(
    database: Database, connection: Connection, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The statement is on its way while the plan is compared: the driver would log the refusal, with somebody's name."""
    connection.execute("CREATE UNIQUE INDEX one_gone ON customer (name)")
    connection.execute("INSERT INTO customer VALUES (9, now(), NULL, NULL, NULL, 'gone')")
    before = everything(database)
    with pytest.raises(RightsError, match="no longer what was rehearsed"):
        shop.desk(connection, tmp_path).erase(shop.ANN, plan="another")
    assert everything(database) == before
    assert caplog.text == ""


class Away(NoRecord):
    """Bloesem's own database goes away: when an act begins, or when it is to be on disk."""

    def __init__(self, when: str) -> None:
        self.when, self.ended = when, False

    @contextmanager
    def begun(self, *_: Any) -> Iterator[None]:
        if self.when == "begin":
            raise psycopg.OperationalError("gone")
        yield
        raise psycopg.OperationalError("gone")

    def finish(self, done: bool, counts: Any) -> None:
        assert not done
        self.ended = True
        raise psycopg.OperationalError("gone")


@pytest.mark.parametrize("when", ["begin", "disk"])
def test_without_a_record_nothing_is_erased(
    database: Database, connection: Connection, tmp_path: Path, when: str
) -> None:
    before = everything(database)
    desk = shop.desk(connection, tmp_path)
    desk.record = Away(when)
    with pytest.raises(StoreError, match="went away"):
        desk.erase(shop.ANN)
    assert desk.record.ended
    assert everything(database) == before


def test_an_act_that_is_refused_or_raced_is_recorded_as_failed(
    database: Database, connection: Connection, tmp_path: Path
) -> None:
    desk = shop.desk(connection, tmp_path)
    desk.record = refused = Acts()
    connection.execute("CREATE UNIQUE INDEX one_gone ON customer (name)")
    connection.execute("INSERT INTO customer VALUES (9, now(), NULL, NULL, NULL, 'gone')")
    with pytest.raises(RightsError, match="UNIQUE `one_gone`"):
        desk.erase(shop.ANN)
    assert refused.said == ["begun", "failed"]
    connection.execute("DROP INDEX one_gone")
    connection.execute(  # sequences are not rolled back: it is a deadlock's victim once
        """CREATE SEQUENCE once; CREATE FUNCTION once() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN
        IF nextval('once') = 1 THEN RAISE EXCEPTION 'no' USING ERRCODE = '40P01'; END IF; RETURN OLD; END$$;
        CREATE TRIGGER once BEFORE DELETE ON message FOR EACH STATEMENT EXECUTE FUNCTION once()"""
    )
    desk.record = raced = Acts()
    desk.erase(shop.ANN)
    assert raced.said[:4] == ["begun", "failed", "begun", "done"]
    assert "canary-ann-body" not in dump(database)


def test_a_missing_right_is_named_before_the_first_write(
    database: Database, connection: Connection, tmp_path: Path
) -> None:
    role = database.role("reader")
    connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'x'".encode())
    connection.execute(f"GRANT SELECT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}".encode())
    connection.execute(f"REVOKE DELETE ON note, mail_log FROM {role}".encode())
    with database.connect(user=role, password="x", autocommit=True) as poor:
        with pytest.raises(
            RightsError, match=r"public.note[^\n]*may not change(.|\n)*public.mail_log[^\n]*may not change"
        ) as caught:
            shop.desk(poor, tmp_path).rehearse(shop.ANN)
        assert "GRANT SELECT, UPDATE, DELETE ON public.note" in str(caught.value)
        assert f"{tmp_path / 'map.yaml'}:" in str(caught.value)
        connection.execute('ALTER TABLE note RENAME TO "Note %"')
        odd = shop.MAP.replace("name: note\n", "name: Note %\n")
        with pytest.raises(RightsError, match=r'DELETE ON public."Note %" TO the login'):
            shop.desk(poor, tmp_path, odd).rehearse(shop.ANN)
        connection.execute('ALTER TABLE "Note %" RENAME TO note')
        assert shop.desk(poor, tmp_path).access(shop.ANN)["tables"]


def test_masks_honour_type_length_uniqueness_and_checks(
    database: Database, connection: Connection, tmp_path: Path
) -> None:
    connection.execute(
        b"""
        CREATE TYPE size AS ENUM ('small', 'large');
        CREATE DOMAIN phone AS text CHECK (VALUE ~ '^[+][0-9]{2} [0-9]{3}$');
        ALTER TABLE customer ADD code char(8) UNIQUE CHECK (code ~ '^[a-z]{2}-[0-9]{5}$'), ADD size size NOT NULL DEFAULT 'large',
            ADD phone phone NOT NULL DEFAULT '+32 475', ADD born date NOT NULL DEFAULT '1980-02-03', ADD amount numeric(8,2),
            ADD tags text[] NOT NULL DEFAULT '{a,b}', ADD doc jsonb NOT NULL DEFAULT '{"a": 1}', ADD ip inet DEFAULT '10.0.0.1',
            ADD number bigint UNIQUE, ADD shout text GENERATED ALWAYS AS (upper(name)) STORED;
        UPDATE customer SET code = 'ab-1234' || id, number = 77, amount = 5 WHERE id = 1
        """
    )
    columns = ["code", "size", "phone", "born", "amount", "tags", "doc", "ip", "number", "shout"]
    more = "".join(
        f"          - {{name: {c}, data_categories: [identity.name], meta: {{on_erase: redact}}}}\n"
        for c in columns
    )
    text = shop.MAP.replace("          - {name: name, data", more + "          - {name: name, data", 1)
    text = text.replace(
        "email, data_categories: [identity.email], f",
        "email, data_categories: [identity.email], meta: {on_erase: redact}, f",
        1,
    )
    done = shop.desk(connection, tmp_path, text).erase(shop.ANN)
    assert "shout" not in done.tables["public.customer"]["changed"][0]["columns"]
    row = connection.execute(
        b"SELECT email, size::text, phone::text, born::text, amount, tags, doc, ip::text, shout, code, number FROM customer WHERE id = 1"
    ).fetchone()
    assert row is not None
    email, *same, code, number = row
    assert same == ["small", "+00 000", "1900-01-01", 0, [], {}, "0.0.0.0/32", "GONE"]
    assert "ann" not in email
    assert len(email) == len("ann@mail.example")
    assert code != "ab-12341"
    assert number < 0


class Killed:
    """A connection that the server ends just before its `n`-th statement."""

    def __init__(self, inner: Connection, admin: Connection, n: int) -> None:
        self.inner, self.admin, self.n, self.count = inner, admin, n, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("isolation_level", "read_only"):
            setattr(self.inner, name, value)
        else:
            object.__setattr__(self, name, value)

    def execute(self, *given: Any) -> Any:
        self.count += 1
        if self.count == self.n:
            self.admin.execute("SELECT pg_terminate_backend(%s)", [self.inner.info.backend_pid])
        return self.inner.execute(*given)


class Acts(NoRecord):
    def __init__(self) -> None:
        self.said: list[str] = []

    @contextmanager
    def begun(self, *_: Any) -> Iterator[None]:
        self.said.append("begun")
        yield

    def finish(self, done: bool, counts: Any) -> None:
        self.said.append("done" if done else "failed")


def test_killed_at_any_statement_it_is_whole_or_not_begun(
    database: Database, connection: Connection, tmp_path: Path
) -> None:
    before = everything(database)
    desk = shop.desk(connection, tmp_path)
    n = 0
    while True:
        n += 1
        with database.connect(autocommit=True) as victim:
            desk.connection = Killed(victim, connection, n)  # type: ignore[assignment]
            desk.record = acts = Acts()
            try:
                desk.erase(shop.ANN)
            except StoreError:
                whole = "done" in acts.said
                assert (everything(database) != before) == whole, n
                assert (
                    "failed" not in acts.said
                )  # nobody knows yet: the server is asked when somebody asks next
                if whole:
                    break
            else:
                break
    assert n > 10
    assert "canary-ann-body" not in dump(database)


class Watched:
    """A connection that does something else just before each statement, and counts the round trips in which rows are read."""

    def __init__(self, inner: Connection, before: Callable[[str], None] = lambda said: None) -> None:
        self.inner, self.before, self.trips = inner, before, 0
        self.together = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("isolation_level", "read_only"):
            setattr(self.inner, name, value)
        else:
            object.__setattr__(self, name, value)

    @contextmanager
    def pipeline(self) -> Iterator[None]:
        self.trips, self.together = self.trips + 1, True
        with self.inner.pipeline():
            yield
        self.together = False

    def execute(self, statement: bytes | str, *given: Any) -> Any:
        said = statement if isinstance(statement, str) else statement.decode()
        self.before(said)
        self.trips += not self.together
        return self.inner.execute(said.encode(), *given)


def test_a_row_that_only_decides_is_held_until_the_end(
    database: Database, connection: Connection, tmp_path: Path
) -> None:
    """Ben's message shares a file with Ann's: the file stays. His link goes after it was read: then the file is hers alone."""
    writes: list[str] = []

    def meanwhile(said: str) -> None:
        if said.startswith("WITH w0"):
            writes.append(said)
            if len(writes) == 1:
                with database.connect(autocommit=True) as other:
                    other.execute("DELETE FROM message_attachment WHERE message_id = 2")

    watched: Any = Watched(connection, meanwhile)
    shop.desk(watched, tmp_path).erase(shop.ANN)
    assert len(writes) == 2
    assert "FOR UPDATE" in writes[0]
    assert connection.execute("SELECT count(*) FROM attachment").fetchone() == (0,)


def test_each_table_is_asked_once_and_those_of_one_rank_together(
    database: Database, connection: Connection, tmp_path: Path
) -> None:
    watched: Any = Watched(connection)
    desk = shop.desk(watched, tmp_path)
    watched.trips = 0
    desk.access(shop.ANN)
    asked = dict(desk.statements())
    # Links in a circle are followed until no row is new, and what no foreign key vouches for is looked up once more: people
    # by each of these links.
    people = asked.pop("public.customer")
    again = {"public.message", "public.message_attachment", "public.purchase"}
    assert {name for name, often in asked.items() if often > 1} <= again
    assert max(asked.values()) <= 2, asked
    assert watched.trips < people + sum(asked.values())
    done = desk.erase(shop.ANN)
    # Once more for who wrote meanwhile, and two that write.
    assert done.statements <= 2 * (people + sum(asked.values())) + 2


def test_whoever_writes_meanwhile_leaves_nothing_behind(
    database: Database, connection: Connection, tmp_path: Path
) -> None:
    """Writers add orders (a foreign key) and messages and log lines (none) about people while they are erased."""
    connection.execute(
        b"INSERT INTO customer SELECT 1000 + n, '2020-01-01', '2020-02-01', 'p' || n || '@mail.example', NULL, 'canary-p' || n"
        b" FROM generate_series(1, 12) n"
    )
    stop = threading.Event()
    faults: list[str] = []

    def write(offset: int) -> None:
        with database.connect(autocommit=True) as writer:
            number = offset
            while not stop.is_set():
                number += 2
                one = 1001 + number % 12
                for statement in (
                    f"INSERT INTO purchase VALUES ({number}, now(), {one}, 1, 'canary-q{one}', NULL, NULL)",
                    f"INSERT INTO message SELECT {number}, {one}, 2, 'canary-q{one}', '', '' FROM customer WHERE id = {one} FOR KEY SHARE",
                    f"UPDATE customer SET name = reverse(name) WHERE id = {one}",
                ):
                    try:
                        writer.execute(statement.encode())
                    except psycopg.errors.ForeignKeyViolation:
                        pass
                    except psycopg.Error as fault:
                        faults.append(repr(fault))

    writers = [threading.Thread(target=write, args=(10_000 * k,)) for k in (1, 2)]
    for one in writers:
        one.start()
    try:
        time.sleep(0.2)
        for n in range(1, 13):
            with database.connect(autocommit=True) as own:
                shop.desk(own, tmp_path).erase(((Who("email", f"p{n}@mail.example"),),))
    finally:
        stop.set()
        for one in writers:
            one.join()
    assert not faults
    orphans = connection.execute(
        b"SELECT count(*) FROM purchase WHERE customer_id > 1000"
        b" UNION ALL SELECT count(*) FROM message m WHERE sender_id > 1000"
        b" AND NOT EXISTS (SELECT FROM customer c WHERE c.id = m.sender_id)"
    ).fetchall()
    assert orphans == [(0,), (0,)]

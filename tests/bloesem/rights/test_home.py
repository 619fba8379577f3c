"""What Bloesem keeps about foreign stores: found under any identifier, written once, and nothing in it says who."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from tests.databases import Database

from bloesem.errors import GateError, LedgerError, PlanError
from bloesem.plan.model import Fact
from bloesem.rights.home import Rights, opened, store_digest
from bloesem.rights.identifiers import Identifier, IdentifierError
from bloesem.rights.keys import FILE, Keys
from bloesem.stores.dsn import Dsn

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
SHOP = Dsn("db.example", "shop", user="me", password="secret")
MAIL = Identifier("email", "Ann@Mail.example")
TEL = Identifier("phone", "+32 475 12 34 56")
ANN = [MAIL, TEL, Identifier("customer", "K-10023")]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def rights(own_database: Database, data: Path) -> Iterator[Rights]:
    with opened(NOW, {"BLOESEM_DATABASE_URL": own_database.dsn.url()}, data_dir=data) as found:
        yield found


def again(rights: Rights, data: Path) -> Rights:
    """The same, after somebody changed the keys."""
    return Rights(rights.connection, Keys.at(data / "credentials"))


def test_a_fact_is_found_under_each_identifier_in_any_writing(rights: Rights) -> None:
    store = rights.store(SHOP, NOW)
    rights.record(store, ANN, "objection", "marketing", NOW)
    for one in ANN:
        assert rights.facts(store, [one], 5) == [Fact(5, "objection", "marketing", NOW)]
    assert rights.facts(store, [Identifier("phone", "0475/123456"), Identifier("email", "x@y.example")], 5)
    assert not rights.facts(store, [Identifier("email", "bob@mail.example")], 5)
    assert not rights.facts(rights.store(SHOP.to("crm"), NOW), ANN, 5)


def test_a_fact_about_a_row_and_a_hold(rights: Rights) -> None:
    store = rights.store(SHOP, NOW)
    rights.record(
        store,
        ANN,
        "hold",
        "law:claims",
        NOW,
        row=("public.orders", (7, "b")),
        held_by="legal",
        reason="case 12",
        review_on=NOW.date(),
    )
    (fact,) = rights.facts(store, [TEL], 1)
    assert (fact.table, fact.row) == ("public.orders", rights.keys.row(store, "public.orders", (7, "b")))
    assert fact.row != rights.keys.row(store, "public.orders", (8, "b"))
    assert (fact.held_by, fact.reason, fact.review_on) == ("legal", "case 12", NOW.date())
    with pytest.raises(PlanError, match="hold_is_answered_for"):
        rights.record(store, ANN, "hold", "law:claims", NOW)


def test_a_fact_is_closed_once_and_never_changed(rights: Rights) -> None:
    store = rights.store(SHOP, NOW)
    number = rights.record(store, ANN, "restriction", "disputed", NOW)
    assert rights.numbers(store, [MAIL], "restriction", "disputed") == [number]
    with pytest.raises(PlanError, match="before it starts"):
        rights.close(number, NOW - DAY)
    rights.close(number, NOW + DAY)
    assert rights.facts(store, ANN, 1)[0].ends_at == NOW + DAY
    assert rights.numbers(store, [MAIL], "restriction", "disputed") == []
    with pytest.raises(PlanError, match="closed already"):
        rights.close(number, NOW + 2 * DAY)
    with pytest.raises(GateError, match="does not exist"):
        rights.close(999, NOW)
    for statement in (
        "UPDATE rights.fact SET key = 'x'",
        "DELETE FROM rights.fact",
        "TRUNCATE rights.fact",
        "UPDATE rights.fact SET ends_at = NULL",
    ):
        with pytest.raises(psycopg.errors.IntegrityConstraintViolation):
            rights.connection.execute(statement.encode())


def test_what_is_no_fact_is_refused(rights: Rights) -> None:
    store = rights.store(SHOP, NOW)
    with pytest.raises(PlanError, match="no kind"):
        rights.record(store, ANN, "party", "x", NOW)  # type: ignore[arg-type]
    with pytest.raises(PlanError, match="time zone"):
        rights.record(store, ANN, "objection", "x", NOW.replace(tzinfo=None))
    with pytest.raises(PlanError, match="about nobody"):
        rights.record(store, [], "objection", "x", NOW)
    with pytest.raises(PlanError, match="ends_after"):
        rights.record(store, ANN, "objection", "x", NOW, ends_at=NOW - DAY)
    with pytest.raises(GateError, match="not known"):
        rights.record("0" * 64, ANN, "objection", "x", NOW)
    with pytest.raises(IdentifierError):
        rights.record(store, [Identifier("email", "none")], "objection", "x", NOW)


def test_after_a_new_key_what_was_recorded_before_is_still_found(rights: Rights, data: Path) -> None:
    store = rights.store(SHOP, NOW)
    rights.record(store, ANN, "objection", "a", NOW, row=None)
    row = rights.keys.row(store, "t", (1,))
    act = rights.begin(store, "erase", "hash", "v", NOW)
    rights.seek(store, [MAIL], act, NOW)
    Keys.rotate(data / "credentials")
    later = again(rights, data)
    assert later.keys.current.number == 2
    later.record(store, ANN, "objection", "b", NOW)
    later.seek(store, [TEL], act, NOW)
    assert [fact.key for fact in later.facts(store, [TEL], 1)] == ["a", "b"]
    assert [fact.key for fact in rights.facts(store, [TEL], 1)] == ["a"]
    assert later.keys.row(store, "t", (1,)) == row
    assert [(one.kind, one.value, one.act) for one in later.sought(store, NOW)[0]] == [
        ("email", MAIL.value, act),
        ("phone", TEL.value, act),
    ]


def test_nothing_in_the_database_says_who(rights: Rights, data: Path) -> None:
    store = rights.store(SHOP, NOW)
    rights.record(store, ANN, "objection", "marketing", NOW)
    act = rights.begin(store, "erase", "hash", "v", NOW)
    rights.seek(store, ANN, act, NOW)
    dump = ""
    for table in ("store", "fact", "act", "sought"):
        rows = rights.connection.execute(f"SELECT t::text FROM rights.{table} t".encode()).fetchall()
        assert rows
        dump += "".join(row[0] for row in rows).lower()
    for value in ("ann@mail", "475123456", "10023", "secret"):
        assert value not in dump
        assert value.encode().hex() not in dump
    for key in rights.keys.all:
        assert key.secret.hex() not in dump
        assert key.secret.hex() not in repr(rights.keys)
    file = data / "credentials" / FILE
    assert file.stat().st_mode & 0o077 == 0
    file.chmod(0o640)
    with pytest.raises(GateError, match="open to other users"):
        Keys.at(file.parent)
    file.chmod(0o600)
    file.write_text("1 abc\n")
    with pytest.raises(GateError, match="damaged"):
        Keys.at(file.parent)


def test_what_is_sealed_opens_only_for_its_own_store_and_act(rights: Rights, data: Path) -> None:
    store, other = rights.store(SHOP, NOW), rights.store(SHOP.to("crm"), NOW)
    act = rights.begin(store, "erase", "hash", "v", NOW)
    rights.seek(store, [MAIL], act, NOW)
    rights.connection.execute("UPDATE rights.sought SET store = %s", [other])
    with pytest.raises(GateError, match="does not open"):
        rights.sought(other, NOW)


def test_only_the_administrator_reads_it(rights: Rights, own_database: Database) -> None:
    login = own_database.role("clerk")
    rights.connection.execute(f"CREATE ROLE {login} LOGIN PASSWORD 'pw'".encode())
    with own_database.connect(user=login, password="pw", autocommit=True) as clerk:
        for table in ("store", "fact", "act", "sought"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                clerk.execute(f"SELECT 1 FROM rights.{table}".encode())


def test_an_act_that_was_interrupted_is_seen(rights: Rights) -> None:
    store = rights.store(SHOP, NOW)
    first = rights.draw()
    with rights.begun(first, store, "erase", "hash-1", "2024-03-18", NOW, transaction="4711"):
        pass
    second = rights.begin(store, "access", "hash-2", "2024-03-18", NOW)
    rights.finish(second, "done", NOW + DAY, {"public.orders": {"shown": 3}})
    (left,) = rights.open_acts(store)
    assert (left.number, left.kind, left.plan, left.transaction) == (first, "erase", "hash-1", "4711")
    assert rights.open_acts(rights.store(SHOP.to("crm"), NOW)) == []
    rights.finish(first, "failed", NOW + DAY)
    assert rights.open_acts(store) == []
    for again in (first, second, 999):
        with pytest.raises(LedgerError, match="not open"):
            rights.finish(again, "done", NOW + DAY)
    with pytest.raises(psycopg.errors.IntegrityConstraintViolation):
        rights.connection.execute("UPDATE rights.act SET plan = 'x'")
    with pytest.raises(psycopg.errors.IntegrityConstraintViolation):
        rights.connection.execute("DELETE FROM rights.act")


def test_an_act_is_never_begun_inside_a_transaction(rights: Rights, own_database: Database) -> None:
    store = rights.store(SHOP, NOW)
    with rights.connection.transaction(), pytest.raises(LedgerError, match="inside a transaction"):
        rights.begin(store, "erase", "hash", "v", NOW)
    with own_database.connect() as other, pytest.raises(LedgerError, match="inside a transaction"):
        Rights(other, rights.keys).begin(store, "erase", "hash", "v", NOW)


def test_who_is_sought_depends_on_how_the_act_ended(rights: Rights) -> None:
    store = rights.store(SHOP, NOW)
    acts = [rights.begin(store, "erase", "hash", "v", NOW) for _ in range(3)]
    for act in acts:
        rights.seek(store, [MAIL], act, NOW)
    done, open_, failed = acts
    rights.finish(done, "done", NOW)
    rights.finish(failed, "failed", NOW)
    sought, mark = rights.sought(store, NOW)
    assert [one.act for one in sought] == [done, open_]
    rights.seek(store, [TEL], done, NOW)  # while the pass was on its way
    rights.looked(store, mark)
    assert [(one.act, one.kind) for one in rights.sought(store, NOW)[0]] == [
        (open_, "email"),
        (done, "phone"),
    ]
    rights.forget(NOW)
    assert rights.connection.execute(
        "SELECT count(*) FROM rights.sought WHERE act = %s", [failed]
    ).fetchone() == (0,)
    with pytest.raises(psycopg.errors.CheckViolation):
        rights.connection.execute("UPDATE rights.sought SET until = until + interval '1 second'")


def test_a_store_is_one_whoever_logs_in(rights: Rights) -> None:
    assert store_digest(SHOP) == store_digest(
        Dsn("db.example", "shop", user="other", options=(("sslmode", "require"),))
    )
    assert len({store_digest(d) for d in (SHOP, SHOP.to("crm"), Dsn("db.example", "shop", port=5433))}) == 3
    rights.store(SHOP, NOW)
    rights.store(SHOP, NOW + DAY)
    rows = rights.connection.execute("SELECT name, first_used, last_used FROM rights.store").fetchall()
    assert rows == [("shop", NOW, NOW + DAY)]


def test_two_that_start_together_end_up_with_one_key_and_one_schema(
    own_database: Database, data: Path
) -> None:
    def start(_: int) -> int:
        with opened(NOW, {"BLOESEM_DATABASE_URL": own_database.dsn.url()}, data_dir=data) as rights:
            return hash(rights.keys.current.secret)

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(start, range(6)))) == 1

"""A plan is put in force whole or not at all, once, and the next version takes from the old what it no longer serves."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from psycopg import errors
from tests.bloesem.plan import small
from tests.databases import Database

from bloesem.errors import PlanError, StoreError
from bloesem.plan.model import Bit, Plan
from bloesem.plan.sql.runtime import clock_functions
from bloesem.stores import catalogue, scram
from bloesem.stores.check import store_findings
from bloesem.stores.install import Installed, install
from bloesem.stores.postgres import Connection
from bloesem.stores.rebuild import rebuild

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
PROCESSES = {"processes": {"portal": ["support", "marketing"], "worker": ["billing"]}}


class Secrets:
    """Logins' secrets that a test knows."""

    def __init__(self, mark: str = "one") -> None:
        self.mark = mark

    def password(self, login: str) -> str:
        return f"{login}-{self.mark}"

    def scope_key(self, login: str) -> bytes:
        return (login + self.mark).encode().ljust(32, b".")


def plan_of(database: Database, **more: Any) -> Plan:
    return small.plan(database.role_prefix, record=PROCESSES, **more)


@pytest.fixture
def store(fresh_database: Database) -> Iterator[Connection]:
    with fresh_database.connect(autocommit=True) as connection:
        small.create_tables(connection, plan_of(fresh_database))
        yield connection


def someone(connection: Connection, person: int = 1) -> None:
    """A customer since 2020, with an account, an e-mail address, a session and a talk."""
    run = connection.execute
    run("INSERT INTO data.person (id, recorded_at, language) VALUES (%s, '2020-01-01', 'nl')", [person])
    run(
        "INSERT INTO data.account (id, person_id, recorded_at, opened_at, iban) VALUES (%s, %s, '2020-01-01',"
        " '2020-01-01', 'BE71 0961 2345 6769')",
        [person + 100, person],
    )
    run(
        "INSERT INTO data.point (id, person_id, recorded_at, value) VALUES (%s, %s, '2020-01-01', 'ann@example.org')",
        [person + 200, person],
    )
    run(
        "INSERT INTO data.talk (id, person_id, recorded_at, said, at) VALUES (%s, %s, '2026-05-01', 'hello', '2026-05-01')",
        [person + 300, person],
    )
    run(
        "INSERT INTO data.segment (id, person_id, recorded_at, name) VALUES (%s, %s, '2026-05-01', 'keen')",
        [person + 400, person],
    )


def one(connection: Connection, query: str, *values: Any) -> Any:
    row = connection.execute(query, values or None).fetchone()
    assert row is not None
    return row[0]


@pytest.mark.both_servers
def test_a_plan_is_put_in_force_and_says_so(store: Connection, fresh_database: Database) -> None:
    plan = plan_of(fresh_database)
    done = install(store, plan)
    assert done.changed
    assert one(store, "SELECT digest FROM bloesem.installed") == done.digest
    kind, policy, counts = store.execute("SELECT kind, policy, counts FROM bloesem.act").fetchone() or ()
    assert (kind, policy, counts["digest"]) == ("activation", small.VERSION, done.digest)
    assert dict(store.execute("SELECT key, number FROM bloesem.purpose_bit").fetchall()) == {
        bit.key: bit.number for bit in plan.bits
    }
    assert one(store, "SELECT count(*) FROM pg_roles WHERE rolname = %s", plan.role("support")) == 1


@pytest.mark.both_servers
def test_the_same_plan_again_changes_nothing(store: Connection, fresh_database: Database) -> None:
    plan = plan_of(fresh_database)
    first = install(store, plan)
    assert install(store, plan) == Installed(False, first.digest)
    assert one(store, "SELECT count(*) FROM bloesem.installed") == 1


def test_drift_is_mended_though_the_plan_is_the_same(store: Connection, fresh_database: Database) -> None:
    plan = plan_of(fresh_database)
    install(store, plan)
    store.execute("DROP POLICY support_reads ON data.point")
    store.execute(f"GRANT SELECT ON data.point TO {plan.role('marketing')}")
    done = install(store, plan)
    assert "policy data.point: support_reads is gone" in done.mended
    assert catalogue.snapshot(store, plan) == one(
        store, "SELECT made -> 'catalogue' FROM bloesem.installed ORDER BY id DESC LIMIT 1"
    )


@pytest.mark.both_servers
def test_rows_that_were_there_before_get_their_masks(store: Connection, fresh_database: Database) -> None:
    someone(store)
    plan = plan_of(fresh_database)
    done = install(store, plan, at=NOW)
    assert done.people == 1
    used = one(store, "SELECT used_for FROM data.point")
    assert set(plan.keys(used)) >= {"support", "marketing"}
    assert rebuild(store, plan, NOW) == 0


def test_a_purpose_that_is_dropped_loses_everything_at_once(
    store: Connection, fresh_database: Database
) -> None:
    old = plan_of(fresh_database)
    install(store, old, credentials=Secrets())
    someone(store)
    purposes = {key: row for key, row in small.PURPOSES.items() if key != "PUR-5"}
    registry = [replace(b, last=dt.date(2026, 5, 31)) if b.key == "marketing" else b for b in small.bits()]
    point = small.collection("point", [small.column("value", "mail"), small.column("source", key=True)])
    new = small.plan(
        fresh_database.role_prefix,
        of=small.policy(purposes, dt.date(2026, 6, 1)),
        collections=[
            point if c["name"] == "point" else c for c in small.COLLECTIONS if c["name"] != "segment"
        ],
        record={"processes": {"portal": ["support"], "worker": ["billing"]}},
        registry=registry,
    )
    done = install(store, new, at=NOW)
    assert f"role {old.role('marketing')}" in done.retired
    assert one(store, "SELECT count(*) FROM pg_roles WHERE rolname = %s", old.role("marketing")) == 0
    assert one(store, "SELECT count(*) FROM pg_namespace WHERE nspname = 'marketing'") == 0
    bit = old.purpose("marketing").mask
    assert one(store, "SELECT count(*) FROM data.point WHERE used_for & %s <> 0", bit) == 0
    assert one(store, "SELECT last FROM bloesem.purpose_bit WHERE key = 'marketing'") == dt.date(2026, 5, 31)
    assert rebuild(store, new, NOW) == 0


def test_a_purpose_that_is_split_starts_at_nothing_on_old_rows(
    store: Connection, fresh_database: Database
) -> None:
    install(store, plan_of(fresh_database))
    someone(store)
    split = dict(small.PURPOSES)
    basis, objection, _, keep = split["PUR-1"]
    split["PUR-1"] = (basis, objection, {"support": ["mail", "talk"], "aftersales": ["name", "mail"]}, keep)
    version = dt.date(2026, 6, 1)
    new_policy = small.policy(split, version)
    registry = [*small.bits(), Bit(20, "aftersales", version)]
    new = small.plan(fresh_database.role_prefix, of=new_policy, record=PROCESSES, registry=registry)
    install(store, new, at=NOW)
    used = one(store, "SELECT used_for FROM data.point")
    assert used & new.purpose("support").mask
    assert not used & new.purpose("aftersales").mask
    assert rebuild(store, new, NOW) == 0


def test_a_value_that_no_purpose_reads_any_more_goes(store: Connection, fresh_database: Database) -> None:
    """The row's masks stay as they are: only a category left a purpose."""
    store.execute("ALTER TABLE data.account ADD COLUMN note text")
    events = small.COLLECTIONS[3]["meta"]["events"]
    columns = [*small.COLLECTIONS[3]["fields"][3:], small.column("note", "total")]
    account = small.collection("account", columns, events=events, record_date="held_on")
    account["fields"].append(small.column("held_on", key=True))
    store.execute("ALTER TABLE data.account ADD COLUMN held_on date")
    collections = [*small.COLLECTIONS[:3], account, *small.COLLECTIONS[4:]]
    install(store, plan_of(fresh_database, collections=collections))
    someone(store)
    before = store.execute("SELECT used_for, kept_for FROM data.account").fetchone()
    fewer = dict(small.PURPOSES)
    basis, objection, _, keep = fewer["PUR-3b"]
    fewer["PUR-3b"] = (basis, objection, {"billing": ["session", "total", "name"]}, keep)
    policy = small.policy(fewer, dt.date(2026, 6, 1))
    install(store, plan_of(fresh_database, of=policy, registry=small.bits(), collections=collections), at=NOW)
    assert store.execute("SELECT used_for, kept_for, iban FROM data.account").fetchone() == (
        *(before or ()),
        None,
    )


def test_a_rehearsal_says_what_would_happen_and_leaves_nothing(
    store: Connection, fresh_database: Database
) -> None:
    someone(store)
    done = install(store, plan_of(fresh_database), at=NOW, rehearse=True)
    assert (done.changed, done.people, done.rehearsal) == (True, 1, True)
    assert one(store, "SELECT count(*) FROM pg_namespace WHERE nspname = 'bloesem'") == 0


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            lambda bits: [replace(bits[0], key="other"), *bits[1:], Bit(40, bits[0].key, bits[0].first)],
            "bit 0 is `support`",
        ),
        (lambda bits: [replace(bits[0], number=41), *bits[1:]], "has bit 0 in the database and 41"),
    ],
)
def test_a_bit_is_never_reused(store: Connection, fresh_database: Database, change: Any, says: str) -> None:
    install(store, plan_of(fresh_database))
    with pytest.raises(PlanError, match=says):
        install(store, plan_of(fresh_database, registry=change(small.bits())))


def test_a_line_of_the_registry_is_never_taken_out(store: Connection, fresh_database: Database) -> None:
    extra = [*small.bits(), Bit(30, "old", small.VERSION, small.VERSION)]
    install(store, plan_of(fresh_database, registry=extra))
    with pytest.raises(PlanError, match="bit 30 `old` is in the database and not in the registry"):
        install(store, plan_of(fresh_database), force=True)


def test_nothing_is_half_done_when_a_statement_fails(store: Connection, fresh_database: Database) -> None:
    store.execute("CREATE SCHEMA bloesem")
    store.execute("CREATE TABLE bloesem.fact (id text)")
    before = one(store, "SELECT count(*) FROM pg_roles")
    with pytest.raises(StoreError, match="nothing was changed"):
        install(store, plan_of(fresh_database))
    assert one(store, "SELECT count(*) FROM pg_roles") == before


def test_a_schema_that_is_not_ours_is_left_alone(store: Connection, fresh_database: Database) -> None:
    store.execute("CREATE SCHEMA billing")
    store.execute("CREATE TABLE billing.ledger (id text)")
    with pytest.raises(StoreError, match="schema `billing` is in the database and is not ours"):
        install(store, plan_of(fresh_database))
    assert one(store, "SELECT count(*) FROM billing.ledger") == 0


def test_a_table_that_is_not_there_is_named(store: Connection, fresh_database: Database) -> None:
    store.execute("DROP TABLE data.segment")
    with pytest.raises(StoreError, match=r"data\.segment"):
        install(store, plan_of(fresh_database))


def test_a_column_that_is_not_there_is_named(store: Connection, fresh_database: Database) -> None:
    store.execute("ALTER TABLE data.segment DROP COLUMN name")
    with pytest.raises(StoreError, match="name"):
        install(store, plan_of(fresh_database))


def test_it_waits_for_others_and_tries_again(store: Connection, fresh_database: Database) -> None:
    plan = plan_of(fresh_database)
    with fresh_database.connect() as other:
        other.execute("LOCK TABLE data.point IN ROW EXCLUSIVE MODE")
        timer = threading.Timer(2.5, other.rollback)
        timer.start()
        assert install(store, plan).changed
        timer.join()


def test_a_table_that_stays_busy_is_not_waited_for_for_ever(
    store: Connection, fresh_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bloesem.stores.install.TRIES", 2)
    monkeypatch.setattr("bloesem.stores.install.LOCK_SECONDS", 0.1)
    with fresh_database.connect() as other:
        other.execute("LOCK TABLE data.point IN ROW EXCLUSIVE MODE")
        with pytest.raises(StoreError, match="others hold the tables"):
            install(store, plan_of(fresh_database))
    assert one(store, "SELECT count(*) FROM pg_namespace WHERE nspname = 'bloesem'") == 0


@pytest.mark.both_servers
def test_each_login_has_its_password_and_its_scope_key(store: Connection, fresh_database: Database) -> None:
    plan = plan_of(fresh_database)
    install(store, plan, credentials=Secrets())
    for login in ("portal", "worker", "keeper"):
        fresh_database.connect(user=plan.role(login), password=f"{login}-one").close()
    with pytest.raises(StoreError, match="refuses the login"):
        fresh_database.connect(user=plan.role("portal"), password="worker-one")
    assert one(store, "SELECT key FROM bloesem.scope_key WHERE login = %s", plan.role("portal")) == (
        Secrets().scope_key("portal")
    )
    assert not install(store, plan, credentials=Secrets("two")).changed
    fresh_database.connect(user=plan.role("portal"), password="portal-two").close()


def test_a_login_serves_what_the_record_says_and_nothing_else(
    store: Connection, fresh_database: Database
) -> None:
    plan = plan_of(fresh_database)
    install(store, plan, credentials=Secrets())
    less = small.plan(
        fresh_database.role_prefix, record={"processes": {"portal": ["support"], "worker": ["billing"]}}
    )
    install(store, less, credentials=Secrets())
    with fresh_database.connect(user=plan.role("portal"), password="portal-one") as portal:
        portal.execute(f"SET ROLE {plan.role('support')}")
        portal.execute("RESET ROLE")
        with pytest.raises(errors.InsufficientPrivilege):
            portal.execute(f"SET ROLE {plan.role('marketing')}")


def test_a_login_that_no_longer_serves_is_gone(store: Connection, fresh_database: Database) -> None:
    plan = plan_of(fresh_database)
    install(store, plan, credentials=Secrets())
    install(store, small.plan(fresh_database.role_prefix, record={"processes": {"portal": ["support"]}}))
    with pytest.raises(StoreError, match="refuses the login"):
        fresh_database.connect(user=plan.role("worker"), password="worker-one")


def of_table(connection: Connection, name: str) -> set[str]:
    """The functions of Bloesem that bear a table's name."""
    rows = connection.execute(
        "SELECT proname::text FROM pg_proc WHERE pronamespace = 'bloesem'::regnamespace AND proname LIKE %s",
        [f"%{name}%"],
    ).fetchall()
    return {name for (name,) in rows}


BILL = small.collection(
    "bill",
    [small.column("total", "total"), small.column("held_on", key=True)],
    record_date="held_on",
)


def test_a_table_that_left_the_map_stays_closed(store: Connection, fresh_database: Database) -> None:
    store.execute(
        "CREATE TABLE data.bill (id bigint PRIMARY KEY, recorded_at timestamptz, person_id bigint, total text, held_on date)"
    )
    install(store, plan_of(fresh_database, collections=[*small.COLLECTIONS, BILL]))
    assert {"talk_arrives", "talk_happens", "apply_talk"} <= of_table(store, "talk")
    assert "age_bill" in of_table(store, "bill")
    assert "identity_leftover" in of_table(store, "identity")
    without = [c for c in small.COLLECTIONS if c["name"] not in ("talk", "identity")]
    install(store, small.plan(fresh_database.role_prefix, record=PROCESSES, collections=without))
    for table in ("talk", "identity", "bill"):
        assert one(store, "SELECT count(*) FROM pg_policies WHERE tablename = %s", table) == 0
        place = f"'data.{table}'::regclass"
        assert one(store, f"SELECT relforcerowsecurity FROM pg_class WHERE oid = {place}") is True
        assert one(store, f"SELECT count(*) FROM pg_trigger WHERE tgrelid = {place}") == 0
        assert of_table(store, table) == set()


def test_a_table_that_ages_no_more_keeps_no_function_for_it(
    store: Connection, fresh_database: Database
) -> None:
    store.execute(
        "CREATE TABLE data.bill (id bigint PRIMARY KEY, recorded_at timestamptz, person_id bigint, total text, held_on date)"
    )
    install(store, plan_of(fresh_database, collections=[*small.COLLECTIONS, BILL]))
    assert "age_bill" in of_table(store, "bill")
    shared = {
        **BILL,
        "fields": [*BILL["fields"], small.column("co_person_id", key=True)],
        "meta": {**BILL["meta"], "owners": [{"column": "person_id"}, {"column": "co_person_id", "owns": []}]},
    }
    store.execute("ALTER TABLE data.bill ADD COLUMN co_person_id bigint")
    install(store, plan_of(fresh_database, collections=[*small.COLLECTIONS, shared]))
    assert "age_bill" not in of_table(store, "bill")
    assert "apply_bill" in of_table(store, "bill")


def test_a_demonstration_that_is_ahead_stays_ahead(store: Connection, fresh_database: Database) -> None:
    plan = plan_of(fresh_database)
    install(store, plan)
    store.execute("INSERT INTO bloesem.watermark (swept, days) VALUES ('2026-01-01', 400)")
    for _, body in clock_functions(plan, 400):
        store.execute(body)
    install(store, plan, force=True)
    assert one(store, "SELECT bloesem.today() - bloesem.civil(now())") == 400


def test_masks_of_a_former_form_are_made_anew(store: Connection, fresh_database: Database) -> None:
    """`good_until` was a date once. Its policies and triggers hang on it, and masks are a cache."""
    plan = plan_of(fresh_database)
    install(store, plan)
    someone(store)
    before = store.execute("SELECT id, used_for, kept_for, good_until FROM data.point ORDER BY id").fetchall()
    assert before
    store.execute("ALTER TABLE data.point DROP COLUMN good_until CASCADE")
    store.execute("ALTER TABLE data.point ADD COLUMN good_until date NOT NULL DEFAULT '0001-01-01'")
    install(store, plan, force=True)
    assert (
        store.execute("SELECT id, used_for, kept_for, good_until FROM data.point ORDER BY id").fetchall()
        == before
    )
    assert store_findings(store, plan) == []


def test_two_installations_at_once_take_turns(store: Connection, fresh_database: Database) -> None:
    plan = plan_of(fresh_database)
    done: list[Installed] = []

    def run() -> None:
        with fresh_database.connect() as connection:
            done.append(install(connection, plan))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(d.changed for d in done) == [False, True]


WEAKENINGS = [
    "ALTER ROLE {support} SUPERUSER CREATEROLE LOGIN",
    "ALTER ROLE {portal} SET session_replication_role = replica",
    "ALTER ROLE {portal} INHERIT BYPASSRLS",
    "GRANT {billing} TO {portal}",
    "GRANT USAGE ON SCHEMA data TO {support}",
    "GRANT SELECT ON bloesem.fact TO {support}",
    "GRANT SELECT (iban) ON data.account TO {support}",
    "GRANT EXECUTE ON FUNCTION bloesem.refresh(bigint[], timestamptz, boolean) TO {support}",
    "ALTER FUNCTION bloesem.civil(timestamptz) OWNER TO {support}",
    "ALTER TABLE data.point DISABLE TRIGGER bloesem_arrives",
    "ALTER TABLE data.point ALTER COLUMN good_until SET DEFAULT '9999-01-01'",
    "ALTER TABLE data.point NO FORCE ROW LEVEL SECURITY",
    "DROP VIEW support.point",
    "CREATE POLICY more ON data.point FOR SELECT TO {support} USING (true)",
]


@pytest.fixture(scope="module")
def guarded(module_database: Database) -> Database:
    """A database with the plan in force; what a test does in it is taken back."""
    with module_database.connect(autocommit=True) as connection:
        small.create_tables(connection, plan_of(module_database))
        install(connection, plan_of(module_database))
    return module_database


@pytest.mark.parametrize("weakening", WEAKENINGS)
def test_whatever_was_weakened_is_put_right(guarded: Database, weakening: str) -> None:
    plan = plan_of(guarded)
    with guarded.connect(autocommit=True) as store, store.transaction(force_rollback=True):
        right = catalogue.snapshot(store, plan)
        names = {name: plan.role(name) for name in ("support", "billing", "portal")}
        store.execute(weakening.format(**names))
        assert catalogue.snapshot(store, plan) != right
        assert install(store, plan).mended
        assert catalogue.snapshot(store, plan) == right


def test_a_verifier_is_what_postgresql_would_have_made(store: Connection) -> None:
    """The example of RFC 7677, section 3."""
    made = scram.verifier("pencil", salt=b"[m\x99h\x9d\x125\x8e\xec\xa0K\x14\x126\xfa\x81", iterations=4096)
    assert made == (
        "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
        "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
    )
    assert scram.matches("pencil", made)
    assert not scram.matches("pen", made)
    assert not scram.matches("pencil", None)


def test_an_unknown_fault_of_the_server_is_explained(store: Connection, fresh_database: Database) -> None:
    store.execute("CREATE SCHEMA bloesem")
    store.execute("CREATE FUNCTION bloesem.today() RETURNS text LANGUAGE sql AS 'SELECT 1::text'")
    with pytest.raises(StoreError) as caught:
        install(store, plan_of(fresh_database))
    assert not isinstance(caught.value, psycopg.Error)
    assert "bloesem plan --section runtime" in caught.value.remedy

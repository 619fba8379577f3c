"""`with purpose(…)`: what opens, what is refused before the database is asked, and what is logged."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from asgiref.sync import sync_to_async
from django.db import connections, transaction
from tests.bloesem.gate import small_company
from tests.bloesem.gate.world import World, register

from bloesem import gate
from bloesem.errors import GateError
from bloesem.gate import (
    NoPurpose,
    NotServed,
    PurposeDenied,
    UnknownPurpose,
    current,
    opening,
    purpose,
    reading,
)
from bloesem.gate.backend.login import PREPARED_AFTER
from bloesem.gate.secrets import Credentials
from bloesem.gate.settings import process_database
from bloesem.stores.install import install


def one(world: World, query: str, *values: Any) -> Any:
    row = world.admin.execute(query, values or None).fetchone()
    return row[0] if row else None


def raw(alias: str, query: str) -> Any:
    with connections[alias].cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchone()[0]


@pytest.fixture
def console(small_world: World) -> str:
    return small_world.alias("console")


@pytest.fixture
def identity(small_world: World) -> Any:
    return small_world.models["identity"].objects.using(small_world.alias("console"))  # type: ignore[attr-defined]


@pytest.fixture
def untouched(console: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fails when the database is asked anything."""
    connections[console].close()

    def refuse() -> None:
        raise AssertionError("the database was touched")

    monkeypatch.setattr(connections[console], "ensure_connection", refuse)
    yield
    monkeypatch.undo()


def test_inside_a_purpose_its_columns_are_there(console: str, identity: Any) -> None:
    with purpose("support", using=console) as opened:
        assert current() is opened
        rows = list(identity.all())
        assert rows
        assert rows[0].name
        with pytest.raises(PurposeDenied) as refused:
            _ = rows[0].birth
    assert current() is None
    assert (refused.value.table, refused.value.column, refused.value.promise) == (
        "identity",
        "birth",
        "P-050",
    )
    assert "identify" in str(refused.value), "the remedy names who does read it"


def test_a_statement_whose_plan_is_kept_is_planned_anew_for_another_purpose(
    console: str, identity: Any
) -> None:
    """The same text, often enough for the server to keep it: under each purpose it finds that purpose's view."""
    support: list[str] = []
    identify: list[str] = []
    kept = 0
    for _ in range(2 * PREPARED_AFTER):
        with purpose("support", using=console):
            support = [row.name for row in identity.order_by("id").only("name")]
            kept = raw(console, "SELECT count(*) FROM pg_prepared_statements")
        with purpose("identify", using=console):
            identify = [row.name for row in identity.order_by("id").only("name")]
            assert identity.values_list("birth", flat=True)[:1]
        with purpose("support", using=console), pytest.raises(PurposeDenied):
            list(identity.values_list("birth", flat=True)[:1])
    assert kept, "no plan was kept: the test shows nothing"
    assert support != identify, "somebody is a customer no more: identified never, supported still"


# ---- what is refused before the database is asked ------------------------------------------------------------------


@pytest.mark.usefixtures("untouched")
def test_an_unknown_purpose_is_refused_without_asking(console: str) -> None:
    with pytest.raises(UnknownPurpose) as refused, purpose("curiosity", using=console):
        pass
    assert "P-051" in refused.value.rule
    assert refused.value.remedy


@pytest.mark.usefixtures("untouched")
def test_a_purpose_that_this_process_does_not_serve_is_refused_without_asking(console: str) -> None:
    with pytest.raises(NotServed) as refused, purpose("marketing", using=console):
        pass
    assert "console" in refused.value.thing


@pytest.mark.usefixtures("untouched")
def test_a_purpose_that_is_off_is_refused_without_asking(small_world: World, console: str) -> None:
    off = small_company.plan(small_world.plan.prefix, off={"quality": "no balancing test is on file"})
    gate.configure(off, small_world.secrets.of("console"), using=console)
    try:
        with pytest.raises(UnknownPurpose) as refused, purpose("quality", using=console):
            pass
    finally:
        gate.configure(small_world.plan, small_world.secrets.of("console"), using=console)
    assert "no balancing test is on file" in refused.value.thing


@pytest.mark.parametrize(
    ("key", "scope"),
    [
        ("subject", {}),
        ("subject", {"employer": 5}),
        ("subject", {"person": 5, "employer": 5}),
        ("subject", {"person": -1}),
        ("subject", {"person": 2**63}),
        ("subject", {"person": True}),
        ("subject", {"person": "1; DROP TABLE x"}),
        ("fleet", {"person": 5}),
    ],
)
def test_a_scoped_role_opens_with_its_scope_and_nothing_else(
    small_world: World, key: str, scope: dict[str, Any]
) -> None:
    with pytest.raises(GateError), purpose(key, using=small_world.alias("portal"), **scope):
        pass


def test_a_purpose_takes_no_scope(console: str) -> None:
    with pytest.raises(GateError), purpose("support", using=console, person=5):
        pass


# ---- one purpose per transaction -----------------------------------------------------------------------------------


def test_nesting_another_purpose_is_refused(console: str, small_world: World) -> None:
    with purpose("support", using=console):
        for key, using in (
            ("identify", console),
            ("support", console),
            ("billing", small_world.alias("worker")),
        ):
            with pytest.raises(GateError, match="inside `support`"), purpose(key, using=using):
                pass


def test_a_purpose_inside_a_plain_transaction_is_refused(console: str) -> None:
    with transaction.atomic(using=console), pytest.raises(GateError), purpose("support", using=console):
        pass


def test_savepoints_work_inside(console: str, small_world: World) -> None:
    using = small_world.alias("worker")
    segment: Any = small_world.models["segment"]
    with purpose("marketing", using=using):
        kept = segment.objects.using(using).first()
        before = kept.name
        with pytest.raises(ValueError, match="back"), transaction.atomic(using=using):  # noqa: PT012
            kept.name = "changed"
            kept.save(using=using)
            raise ValueError("back")
        assert segment.objects.using(using).get(pk=kept.pk).name == before


def test_outside_a_purpose_nothing_runs(console: str, identity: Any) -> None:
    with pytest.raises(NoPurpose):
        list(identity.all())
    with pytest.raises(NoPurpose), connections[console].cursor() as cursor:
        cursor.execute("SELECT 1")
    with purpose("support", using=console):
        later = identity.all()
    with pytest.raises(NoPurpose):
        list(later)
    with pytest.raises(NoPurpose):
        later.count()
    with purpose("identify", using=console), pytest.raises(GateError, match="in another block"):
        list(later.filter(name="x"))


def test_nothing_stays_behind_on_the_connection(console: str, identity: Any) -> None:
    with purpose("support", using=console):
        identity.count()
    with pytest.raises(ZeroDivisionError), purpose("support", using=console):  # noqa: PT012
        identity.count()
        raise ZeroDivisionError
    raw = connections[console].connection
    row = raw.execute(
        "SELECT current_user = session_user, current_setting('search_path'), current_setting('bloesem.scope', true)"
    ).fetchone()
    assert row[0]
    assert row[1].replace(" ", "") == "pg_catalog,pg_temp"
    assert not row[2]
    assert raw.info.transaction_status == psycopg.pq.TransactionStatus.IDLE


def test_one_call_is_one_statement(console: str) -> None:
    with purpose("support", using=console), connections[console].cursor() as cursor:
        for text in ("SELECT 1; SELECT 2", "SELECT 1; RESET ROLE; SELECT 2"):
            with pytest.raises(Exception, match="multiple commands"), transaction.atomic(using=console):
                cursor.execute(text)


def test_times_are_utc_without_set_config(console: str) -> None:
    connections[console].close()
    with purpose("support", using=console), connections[console].cursor() as cursor:
        cursor.execute("SELECT current_setting('TimeZone')")
        assert cursor.fetchone() == ("UTC",)


def test_threads_and_tasks_have_purposes_of_their_own(console: str, identity: Any) -> None:
    met = threading.Barrier(2, timeout=20)
    found: dict[str, Any] = {}

    def work(key: str) -> None:
        try:
            with purpose(key, using=console) as opened:
                met.wait()
                found[key] = (
                    current() is opened,
                    {f for f in vars(identity.first()) if f in ("name", "birth")},
                )
                met.wait()
        finally:
            connections[console].close()

    threads = [threading.Thread(target=work, args=(key,)) for key in ("support", "identify")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {"support": (True, {"name"}), "identify": (True, {"name", "birth"})}


def test_tasks_that_share_a_thread_do_not_share_a_purpose(console: str, identity: Any) -> None:
    def read() -> str:
        with purpose("support", using=console):
            return str(identity.first().name)

    async def two() -> None:
        names = await asyncio.gather(sync_to_async(read)(), sync_to_async(read)())
        assert names[0] == names[1]
        assert current() is None
        with pytest.raises(NoPurpose):
            await sync_to_async(lambda: list(identity.all()))()

    asyncio.run(two())


def test_a_scope_that_ran_out_inside_fails_at_the_end(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = one(small_world, "SELECT id FROM data.person LIMIT 1")
    monkeypatch.setattr(opening, "SCOPE_SECONDS", -1)
    with (
        pytest.raises(GateError, match="expires"),
        purpose("subject", using=small_world.alias("portal"), person=person),
    ):
        pass


# ---- PostgreSQL's own refusals get their promise ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "why", "thing"),
    [
        ("SELECT birth FROM identity", "column-not-needed", "identity.birth"),
        ("SELECT i.birth FROM identity i", "column-not-needed", "identity.birth"),
        ("SELECT i.name FROM identity i ORDER BY i.used_for", "no-such-column", "identity.used_for"),
        ("UPDATE identity SET birth = NULL", "column-not-needed", "identity.birth"),
        ("SELECT * FROM segment", "table-not-needed", "segment"),
        ("SELECT * FROM nothing", "no-such-table", "nothing"),
        ("SELECT nothing FROM identity", "no-such-column", "identity.nothing"),
        ("SELECT * FROM data.identity", "not-behind-a-view", "not-behind-a-view"),
        ("DELETE FROM identity", "write-not-needed", "identity"),
        ("CREATE TEMP TABLE x ()", "not-allowed-at-all", "not-allowed-at-all"),
        ("SET LOCAL ROLE postgres", "role-not-served", "role-not-served"),
        ("SELECT set_config('role', 'postgres', true)", "not-allowed-at-all", "not-allowed-at-all"),
    ],
)
def test_a_refusal_of_postgresql_is_explained(console: str, query: str, why: str, thing: str) -> None:
    with purpose("support", using=console), connections[console].cursor() as cursor:
        with pytest.raises(PurposeDenied) as refused, transaction.atomic(using=console):
            cursor.execute(query)
        assert refused.value.refusal.sqlstate in ("42501", "42703", "42P01")
        assert refused.value.refusal.said
        assert (refused.value.refusal.why, refused.value.refusal.thing) == (why, thing)
        assert refused.value.promise == "P-050"


def test_an_error_that_is_none_of_the_gates_stays_itself(console: str) -> None:
    with purpose("support", using=console), connections[console].cursor() as cursor:
        with pytest.raises(Exception, match="division by zero") as failed, transaction.atomic(using=console):
            cursor.execute("SELECT 1/0")
        assert not isinstance(failed.value, GateError)


# ---- the log -------------------------------------------------------------------------------------------------------


def test_a_denial_is_logged_without_personal_data(small_world: World, console: str, identity: Any) -> None:
    before = one(small_world, "SELECT count(*) FROM bloesem.act WHERE kind = 'denial'")
    with pytest.raises(PurposeDenied), purpose("support", using=console):
        identity.filter(birth="1990-01-01").first()
    row = small_world.admin.execute(
        "SELECT login, purpose, policy, counts FROM bloesem.act WHERE kind = 'denial' ORDER BY id DESC LIMIT 1"
    ).fetchone()
    assert one(small_world, "SELECT count(*) FROM bloesem.act WHERE kind = 'denial'") == before + 1
    assert row == (
        small_world.plan.role("console"),
        "support",
        small_world.plan.version,
        {"denied": "identity.birth"},
    )


def test_no_log_no_page(small_world: World, console: str, identity: Any) -> None:
    with (
        pytest.raises(GateError, match="nobody wrote down"),
        purpose("support", using=console, actor="staff:bo"),
    ):
        list(identity.all())
    with purpose("support", using=console, actor="staff:bo") as opened:
        people = [row.person_id for row in identity.all()]
        opened.reads(people)
    act, purposes, counts, commitment = small_world.admin.execute(
        "SELECT id, purpose, counts, commitment FROM bloesem.act WHERE kind = 'read' ORDER BY id DESC LIMIT 1"
    ).fetchone() or (0, "", {}, b"")
    assert (purposes, counts) == ("support", {"people": len(set(people))})
    rows = small_world.admin.execute(
        "SELECT person_id, actor, salt FROM bloesem.reading WHERE act_id = %s ORDER BY person_id", [act]
    ).fetchall()
    assert [row[0] for row in rows] == sorted(set(people))
    assert {row[1] for row in rows} == {"staff:bo"}
    leaves = [hashlib.sha256(salt + person.to_bytes(8, "big")).digest() for person, _, salt in rows]
    assert hashlib.sha256(b"".join(leaves)).digest() == commitment, "the person's salt opens the commitment"
    with purpose("support", using=console, actor="staff:bo") as opened:
        opened.reads(people)
    salts = [
        bytes(row[0]) for row in small_world.admin.execute("SELECT salt FROM bloesem.reading").fetchall()
    ]
    assert len(salts) >= 2 * len(rows) > 2
    assert len(set(salts)) == len(salts), "no two people, and no two acts, share one"
    assert {len(salt) for salt in salts} == {32}


def test_a_read_that_cannot_be_logged_fails(console: str, identity: Any) -> None:
    with (  # noqa: PT012
        pytest.raises(GateError, match=r"no log, no page|names who reads"),
        purpose("support", using=console) as opened,
    ):
        people = [row.person_id for row in identity.all()]
        opened.reads(people, " ")
    with pytest.raises(GateError):
        reading("marketing", [1], "staff:bo", using=console)


def test_a_reading_outside_a_block_is_committed_at_once(small_world: World, console: str) -> None:
    person = one(small_world, "SELECT max(id) FROM data.person")
    reading("support", [person], "staff:cy", using=console)
    assert one(small_world, "SELECT person_id FROM bloesem.reading WHERE actor = 'staff:cy'") == person


def test_a_login_cannot_log_for_what_it_does_not_serve_nor_write_anything_else(small_world: World) -> None:
    with small_world.raw("portal", autocommit=True) as portal:
        for call in (
            "SELECT bloesem.record_reading('x', 'support', ARRAY[1]::bigint[])",
            "SELECT bloesem.record_denial('support', 'identity.name')",
            "INSERT INTO bloesem.reading (act_id, person_id, at, actor, purpose, salt) VALUES (1, 1, now(), '', '', '')",
            "UPDATE bloesem.reading SET actor = 'x'",
            "DELETE FROM bloesem.act",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                portal.execute(call)
        portal.execute("SELECT bloesem.record_denial('subject', 'ann@example.org; a value')")
    assert one(small_world, "SELECT counts->>'denied' FROM bloesem.act ORDER BY id DESC LIMIT 1") == "unnamed"


def test_free_or_taken_is_all_that_a_login_learns(small_world: World, console: str) -> None:
    value = one(small_world, "SELECT value FROM data.point WHERE value IS NOT NULL LIMIT 1")
    assert gate.identifier_taken("email", value, using=console)
    assert not gate.identifier_taken("email", "nobody@example.org", using=console)
    with pytest.raises(GateError):
        gate.identifier_taken("iban", "BE71 0961 2345 6769", using=console)
    with purpose("support", using=console):
        assert gate.identifier_taken("email", value, using=console)
        assert current() is not None
        with connections[console].cursor() as cursor:
            cursor.execute("SELECT current_user")
            assert cursor.fetchone() == (small_world.plan.role("support"),)


def test_who_gives_nobody_an_identifier_learns_nothing_of_anybodys(small_world: World) -> None:
    """The portal shows, the stations record sessions: neither writes an address, so neither may ask about one."""
    for login in ("portal", "stations"):
        with (
            small_world.raw(login, autocommit=True) as raw,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            raw.execute("SELECT bloesem.identifier_taken('email', 'ann@example.org')")
        with pytest.raises(GateError, match=f"`{login}` may not ask") as refused:
            gate.identifier_taken("email", "ann@example.org", using=small_world.alias(login))
        assert "console" in refused.value.remedy


# ---- who may be a process --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("login", ["keeper", "owner", "nobody"])
def test_a_process_refuses_the_keepers_credentials(small_world: World, login: str) -> None:
    with pytest.raises(GateError):
        gate.configure(small_world.plan, Credentials.new(login), using="never")


@pytest.mark.parametrize("who", ["postgres", "keeper", "worker"])
def test_a_connection_as_somebody_else_is_refused(small_world: World, who: str) -> None:
    """The settings may say what they like: the database is asked who is connected."""
    dsn = small_world.database.dsn
    if who != "postgres":
        dsn = small_world.secrets.of(who).dsn(dsn, small_world.plan.prefix)
    register("wrong", process_database(dsn))
    gate.configure(small_world.plan, small_world.secrets.of("console"), using="wrong")
    try:
        with pytest.raises(GateError, match="connected as"), purpose("support", using="wrong"):
            pass
    finally:
        connections["wrong"].close()
        gate.forget("wrong")
        del connections["wrong"]
        del connections.settings["wrong"]


def test_a_serving_process_is_never_keeper(small_world: World) -> None:
    small_world.alias("console")
    with (
        pytest.raises(GateError, match="asked to be keeper"),
        gate.keeper(small_world.admin, small_world.plan.prefix),
    ):
        pass


def test_the_plan_may_be_put_in_force_again_while_processes_run(
    small_world: World, console: str, identity: Any
) -> None:
    with purpose("support", using=console):
        before = identity.count()
    install(small_world.admin, small_world.plan, credentials=small_world.secrets, force=True)
    with purpose("support", using=console):
        assert identity.count() == before

"""Who reads, for which case, and who looks along: said before anything is opened, and written down after."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from django.db import connections
from tests.bloesem.gate import small_company
from tests.bloesem.gate.world import World
from tests.bloesem.plan import small

from bloesem import gate
from bloesem.errors import GateError, PlanError
from bloesem.gate import PurposeDenied, purpose

BY_CASE = ["disputes", "law:claims"]


@pytest.fixture
def console(small_world: World) -> Iterator[str]:
    """The console, as a record has it that says that staff read there."""
    using = small_world.alias("console")
    gate.configure(
        replace(small_world.plan, staff=("console",)), small_world.secrets.of("console"), using=using
    )
    yield using
    gate.configure(small_world.plan, small_world.secrets.of("console"), using=using)


def last_read(world: World) -> tuple[Any, ...]:
    row = world.admin.execute(
        "SELECT purpose, counts, id FROM bloesem.act WHERE kind = 'read' ORDER BY id DESC LIMIT 1"
    ).fetchone()
    assert row is not None
    return tuple(row)


@pytest.mark.parametrize("actor", [None, "", "  "])
@pytest.mark.parametrize("key", ["support", "archive", "law:tax-archive"])
def test_staff_open_nothing_without_saying_who_they_are(
    console: str, key: str, actor: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    connections[console].close()
    monkeypatch.setattr(
        connections[console], "ensure_connection", lambda: pytest.fail("the database was touched")
    )
    with (
        pytest.raises(PurposeDenied, match="is not opened: no-actor") as refused,
        purpose(key, using=console, actor=actor),
    ):
        pass
    assert "actor=" in refused.value.remedy


def test_a_staff_page_of_nobody_is_written_down_too(small_world: World, console: str) -> None:
    identity: Any = small_world.models["identity"]
    with (
        pytest.raises(GateError, match="nobody wrote down"),
        purpose("support", using=console, actor="staff:bo"),
    ):
        identity.objects.using(console).count()
    with purpose("support", using=console, actor="staff:bo") as opened:
        identity.objects.using(console).count()
        opened.reads([])
    assert last_read(small_world)[:2] == ("support", {"people": 0})


def test_what_runs_by_itself_needs_no_name(small_world: World, console: str) -> None:
    using = small_world.alias("worker")
    with purpose("marketing", using=using):
        small_world.models["segment"].objects.using(using).count()  # type: ignore[attr-defined]


def test_the_real_desks_are_staffs(real_world: World) -> None:
    desks = set(real_world.plan.processes) - {"portal", "stations", "worker"}
    assert set(real_world.plan.staff) == desks | {"fleet", "installer"}
    assert len(desks) == 9
    assert real_world.plan.cases == ("archive", "disputes", "law:claims", "law:tax-archive")
    for login in desks:
        using = real_world.alias(login)
        for key in real_world.plan.processes[login]:
            with pytest.raises(PurposeDenied, match="no-actor"), purpose(key, using=using):
                pass
    for key in real_world.plan.cases:
        using = real_world.alias(real_world.login(key))
        with pytest.raises(PurposeDenied, match="no-case"), purpose(key, using=using, actor="staff:bo"):
            pass


@pytest.mark.parametrize("key", BY_CASE)
@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({}, "no-actor"),
        ({"actor": "staff:bo"}, "no-case"),
        ({"actor": "staff:bo", "second": "staff:cy"}, "no-case"),
        ({"actor": "staff:bo", "second": "staff:cy", "case": 0}, "no-case"),
        ({"actor": "staff:bo", "second": "staff:cy", "case": True}, "no-case"),
        ({"actor": "staff:bo", "second": "staff:cy", "case": "7"}, "no-case"),
        ({"actor": "staff:bo", "case": 7}, "no-second"),
        ({"actor": "staff:bo", "case": 7, "second": " "}, "no-second"),
        ({"actor": "staff:bo", "case": 7, "second": "staff:bo "}, "no-second"),
    ],
)
def test_a_hold_is_opened_for_one_case_by_two(
    small_world: World, key: str, said: dict[str, Any], why: str
) -> None:
    using = small_world.alias("console")
    with pytest.raises(PurposeDenied) as refused, purpose(key, using=using, **said):
        pass
    assert refused.value.refusal.why == why


@pytest.mark.parametrize("key", BY_CASE)
def test_case_and_second_person_go_to_the_act(small_world: World, key: str) -> None:
    using = small_world.alias("console")
    identity: Any = small_world.models["identity"]
    with purpose(key, using=using, actor="staff:bo", case=7, second="staff:cy") as opened:
        people = {row.person_id for row in identity.objects.using(using).all()}
        opened.reads(people)
    assert people, "nobody is held: the test shows nothing"
    read_for, counts, act = last_read(small_world)
    assert (read_for, counts) == (key, {"people": len(people), "case": 7, "second": "staff:cy"})
    actors = small_world.admin.execute("SELECT DISTINCT actor FROM bloesem.reading WHERE act_id = %s", [act])
    assert actors.fetchall() == [("staff:bo",)]


def test_a_case_that_is_read_is_logged_or_nothing_is_read(small_world: World) -> None:
    using = small_world.alias("console")
    identity: Any = small_world.models["identity"]
    said: dict[str, Any] = {"using": using, "actor": "staff:bo", "case": 7, "second": "staff:cy"}
    with pytest.raises(GateError, match="nobody wrote down"), purpose("disputes", **said):
        identity.objects.using(using).count()
    with pytest.raises(PurposeDenied, match="no-second"), purpose("disputes", **said) as opened:
        opened.reads([1], "staff:cy")


def test_other_purposes_take_no_case(small_world: World) -> None:
    using = small_world.alias("console")
    for more in ({"case": 7}, {"second": "staff:cy"}):
        with pytest.raises(GateError, match="no case"), purpose("support", using=using, actor="x", **more):
            pass


def test_the_log_itself_takes_no_hold_without_case_nor_anything_else_with_one(small_world: World) -> None:
    """Whoever has the login writes no act that looks like a case, nor one of a hold that has none."""
    calls = {
        "'a', 'disputes', ARRAY[1]::bigint[]": False,
        "'a', 'disputes', ARRAY[1]::bigint[], 7": False,
        "'a', 'disputes', ARRAY[1]::bigint[], 7, 'a'": False,
        "'a', 'disputes', ARRAY[1]::bigint[], 7, ' '": False,
        "'a', 'support', ARRAY[1]::bigint[], 7, 'b'": False,
        "'a', 'support', ARRAY[1]::bigint[]": True,
        "'a', 'disputes', ARRAY[1]::bigint[], 7, 'b'": True,
    }
    with small_world.raw("console", autocommit=True) as login:
        for call, taken in calls.items():
            try:
                login.execute(f"SELECT bloesem.record_reading({call})")
            except psycopg.Error:
                assert not taken, call
            else:
                assert taken, call


def test_the_record_names_what_is_there(small_world: World) -> None:
    for what in ("staff", "cases"):
        with pytest.raises(PlanError, match=f"`{what}` names `nobody`"):
            small.plan(
                small_world.plan.prefix,
                record={**small_company.RECORD, what: ["nobody"]},
                collections=small_company.collections(),
            )

"""The compiled SQL and the plain Python say the same, over generated histories and generated policies."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.bloesem.plan import small
from tests.bloesem.plan.history import (
    STORIES,
    History,
    age,
    by_person,
    column_facts,
    histories,
    load,
    moments,
    stored,
    told,
)
from tests.databases import DatabaseMaker

from bloesem.plan.dates import civil, midnight
from bloesem.plan.model import Plan

Connection = psycopg.Connection[Any]
PLAN = small.plan("two_")
RELAXED = settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module", params=["plain", "by source"])
def world(
    request: pytest.FixtureRequest, make_module_database: DatabaseMaker
) -> Iterator[tuple[Plan, Connection]]:
    """The small company; and the same, where what a row serves also hangs on its source and the contract's phase."""
    module_database = make_module_database()
    plan = small.plan(module_database.role_prefix)
    if request.param == "by source":
        serves = {"seen": {"decided": small.VERSION, "but": ["marketing"], "why": "only seen"}}
        plan = small.plan(
            module_database.role_prefix,
            of=small.policy(sources=small.SOURCES),
            collections=small.by_source(small.COLLECTIONS),
            record={**small.BY_SOURCE, "sources": serves},
        )
        assert any(n.before_contract and n.when is None for t in plan.tables for n in t.narrow)
    with module_database.connect() as connection:
        small.create_tables(connection, plan)
        small.install(connection, plan)
        connection.commit()
        yield plan, connection


def compare(plan: Plan, connection: Connection, history: History, at: list[dt.datetime]) -> None:
    facts = by_person([*history.facts, *column_facts(plan, history)])
    model = copy.deepcopy(history.rows)
    load(connection, plan, history)
    for now in sorted(at):
        connection.execute("SELECT bloesem.refresh(ARRAY[1, 2]::bigint[], %s, true)", [now])
        for table in plan.tables:
            model[table.name] = [row for row in model[table.name] if age(plan, table, row, facts, now)]
            real = stored(connection, table)
            assert sorted(real) == sorted(row[table.key[0]] for row in model[table.name]), (table.name, now)
            for row in model[table.name]:
                found = dict(real[row[table.key[0]]])
                until = found.pop("good_until")
                assert found == row, (table.name, now, _said(plan, found), _said(plan, row))
                assert until > civil(now)
                # `good_until` may be earlier than the truth, never later: until then nothing changes by itself.
                for day in {civil(now) + dt.timedelta(1), until - dt.timedelta(1)}:
                    if civil(now) < day < until and day.year < 9999:
                        later = copy.deepcopy(row)
                        assert age(plan, table, later, facts, midnight(day) + dt.timedelta(hours=9))
                        assert later == row, (table.name, now, day)


def _said(plan: Plan, row: dict[str, Any]) -> dict[str, Any]:
    return {"used": plan.keys(row["used_for"]), "kept": plan.keys(row["kept_for"])}


@RELAXED
@given(data=st.data())
def test_sql_and_python_agree_on_generated_histories(
    world: tuple[Plan, Connection], data: st.DataObject
) -> None:
    plan, connection = world
    history = data.draw(histories(plan))
    at = data.draw(st.lists(moments, min_size=1, max_size=3))
    try:
        compare(plan, connection, history, at)
    finally:
        connection.rollback()


@pytest.mark.parametrize("story", list(STORIES))
@settings(RELAXED, max_examples=20)
@given(data=st.data())
def test_sql_and_python_agree_on_what_must_not_be_left_to_chance(
    world: tuple[Plan, Connection], story: str, data: st.DataObject
) -> None:
    plan, connection = world
    history, at = data.draw(told(plan, story))
    try:
        compare(plan, connection, history, at)
    finally:
        connection.rollback()


@RELAXED
@given(data=st.data())
def test_rebuilding_all_masks_from_facts_changes_nothing(
    world: tuple[Plan, Connection], data: st.DataObject
) -> None:
    plan, connection = world
    history, at = data.draw(histories(plan)), data.draw(moments)
    try:
        load(connection, plan, history)
        connection.execute("SELECT bloesem.refresh(ARRAY[1, 2]::bigint[], %s, true)", [at])
        before = {t.name: stored(connection, t) for t in plan.tables}
        connection.execute("SELECT bloesem.refresh(ARRAY[1, 2]::bigint[], %s, true)", [at])
        assert {t.name: stored(connection, t) for t in plan.tables} == before
    finally:
        connection.rollback()

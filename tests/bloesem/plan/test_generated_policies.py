"""The two implementations agree for policies and maps that nobody wrote, and when one version follows another."""

from __future__ import annotations

import copy
import datetime as dt
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from tests.bloesem.plan import small
from tests.bloesem.plan.history import age, by_person, column_facts, histories, load, moments, stored
from tests.bloesem.plan.test_two_implementations import Connection, compare
from tests.databases import Database

from bloesem.errors import PlanError
from bloesem.plan.dates import midnight
from bloesem.plan.model import Plan
from bloesem.policy.model import Policy

FEW = settings(
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # shrinking means building databases: minutes
    max_examples=14,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.filter_too_much,  # policies that the compiler refuses are thrown away
    ],
)
NEXT = dt.date(2026, 6, 1)

periods = st.sampled_from(["P0D", "P1M", "P1Y", "P7Y", "P30D", "P1Y6M"])
events = st.sampled_from(["account.terminated", "account.closed", "customer.ended", "interaction", "contact"])
categories = st.sampled_from(small.CATEGORIES[:-1])


@st.composite
def terms(draw: st.DrawFn, depth: int = 1) -> dict[str, Any]:
    fallback = draw(terms(depth=depth - 1)) if depth and draw(st.booleans()) else None
    more = {"from": "end-of-year"} if draw(st.integers(0, 4)) == 0 else {}
    return small.term(draw(periods), draw(events), fallback, **more)


@st.composite
def record_terms(draw: st.DrawFn) -> list[dict[str, Any]]:
    border = draw(st.dates(dt.date(2020, 1, 1), dt.date(2024, 12, 31)))
    early = small.term(draw(periods), "record", records_until=border)
    late = small.term(
        draw(periods), "record", records_from=border + dt.timedelta(days=1), **{"from": "end-of-year"}
    )
    return draw(st.sampled_from([[early, late], [early], [late], [small.term("P1Y", "record")]]))


keeps = st.one_of(
    terms(),
    st.lists(terms(), min_size=2, max_size=2),
    record_terms(),
    st.just(small.term("P1Y", "consent.given")),
    st.sampled_from(["hold", "none"]),
)


@st.composite
def purpose_rows(draw: st.DrawFn, keys: list[str]) -> dict[str, Any]:
    result = {}
    for number, key in enumerate(keys):
        basis = draw(st.sampled_from(["contract", "legal-obligation", "legitimate-interest", "consent"]))
        objection = draw(st.sampled_from(["none", "assessed", "absolute"]))
        reads = draw(st.lists(categories, min_size=1, max_size=4, unique=True))
        result[f"PUR-{number}{key}"] = (basis, objection, {key: reads}, draw(keeps))
    return result


@st.composite
def maps(draw: st.DrawFn) -> list[dict[str, Any]]:
    result = [small.PERSON]
    for name in ("first", "second"):
        columns = [small.column(f"c{i}", draw(categories)) for i in range(draw(st.integers(1, 3)))]
        columns += [
            small.column("held_on", key=True),
            small.column("source", key=True),
            small.column("at", key=True),
        ]
        meta: dict[str, Any] = {"record_date": "held_on"}
        if draw(st.booleans()):
            meta["owners"] = [{"column": "person_id"}, {"column": "co_person_id", "owns": ["c0"]}]
        if draw(st.booleans()):
            when = draw(
                st.sampled_from(
                    [
                        {"column": "source", "starts_with": "employer:"},
                        {"column": "source", "null": True},
                        {"column": "source", "one_of": ["subject:contract", "z"]},
                    ]
                )
            )
            meta["narrow"] = [{"when": when, "only": ["alpha"], "why": "narrow"}]
        if draw(st.booleans()):
            meta["events"] = [{"event": draw(events), "at": "at"}]
        result.append(small.collection(name, columns, **meta))
    return result


def made(
    prefix: str, policy: Policy, collections: list[dict[str, Any]], *more: Policy, **options: Any
) -> Plan:
    try:
        registry = small.bits(*more, policy) if more else small.bits(policy)
        return small.plan(
            prefix, of=policy, collections=collections, registry=registry, ceilings=[], **options
        )
    except PlanError:
        assume(False)
        raise


served = st.dictionaries(
    st.sampled_from(list(small.SOURCES)),
    st.one_of(
        st.fixed_dictionaries({"only": st.lists(st.sampled_from(["alpha", "beta", "gamma"]), unique=True)}),
        st.fixed_dictionaries(
            {"but": st.lists(st.sampled_from(["alpha", "delta"]), min_size=1, unique=True)}
        ),
    ).map(lambda use: {**use, "decided": small.VERSION, "why": "as its source says"}),
    max_size=2,
)


@FEW
@given(data=st.data())
def test_generated_policies_and_maps(module_database: Database, data: st.DataObject) -> None:
    rows, collections = data.draw(purpose_rows(["alpha", "beta", "gamma", "delta"])), data.draw(maps())
    policy, options = small.policy(rows), {}
    if data.draw(st.booleans()):
        policy, collections = small.policy(rows, sources=small.SOURCES), small.by_source(collections)
        options["record"] = {**small.BY_SOURCE, "sources": data.draw(served)}
    plan = made(module_database.role_prefix, policy, collections, **options)
    with module_database.connect() as connection:
        small.create_tables(connection, plan)
        small.install(connection, plan)
        for _ in range(4):
            history = data.draw(histories(plan))
            connection.execute("SAVEPOINT one")
            compare(plan, connection, history, data.draw(st.lists(moments, min_size=1, max_size=3)))
            connection.execute("ROLLBACK TO one")
        connection.rollback()


@FEW
@given(data=st.data())
def test_a_version_that_adds_drops_and_splits_purposes(
    module_database: Database, data: st.DataObject
) -> None:
    rows = data.draw(purpose_rows(["alpha", "beta", "gamma"]))
    old = small.policy(rows)
    added = data.draw(purpose_rows(["delta", "gamma_one", "gamma_two"]))
    kept = {
        key: row
        for key, row in rows.items()
        if not key.endswith(("gamma", data.draw(st.sampled_from(["beta", "-"]))))
    }
    new = small.policy({**kept, **added}, version=NEXT)
    collections = data.draw(maps())
    for table in collections[1:]:
        table["meta"].pop("narrow", None)
    before = made(module_database.role_prefix, old, collections)
    compatible = data.draw(st.sampled_from([{}, {"delta": {"decided": NEXT}}]))
    after = made(module_database.role_prefix, new, collections, old, record={"compatible": compatible})
    history = data.draw(histories(before))
    first = data.draw(moments.filter(lambda m: m < midnight(NEXT)))
    then = data.draw(moments.filter(lambda m: m >= midnight(NEXT)))
    with module_database.connect() as connection:
        small.create_tables(connection, before)
        small.install(connection, before)
        # At the end of a transaction they would look as of today, which is no moment of this story.
        for aged in before.tables:
            for (trigger,) in connection.execute(
                "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND tgdeferrable AND NOT tgisinternal",
                [f"data.{aged.name}"],
            ).fetchall():
                connection.execute(f"ALTER TABLE data.{aged.name} DISABLE TRIGGER {trigger}")
        load(connection, before, history)
        connection.execute("SELECT bloesem.refresh(ARRAY[1, 2]::bigint[], %s, true)", [first])
        small.install(connection, after)
        connection.execute("SELECT bloesem.refresh(ARRAY[1, 2]::bigint[], %s, true)", [then])
        facts = by_person([*history.facts, *column_facts(before, history)])
        agree(before, after, connection, history.rows, facts, first, then)
        connection.rollback()


def agree(
    before: Plan,
    after: Plan,
    connection: Connection,
    rows: dict[str, list[dict[str, Any]]],
    facts: Any,
    first: dt.datetime,
    then: dt.datetime,
) -> None:
    model = copy.deepcopy(rows)
    for plan, now in ((before, first), (after, then)):
        for table in plan.tables:
            model[table.name] = [row for row in model[table.name] if age(plan, table, row, facts, now)]
    for table in after.tables:
        real = stored(connection, table)
        for row in real.values():
            row.pop("good_until")
        assert real == {row[table.key[0]]: row for row in model[table.name]}
        gone = {bit.key for bit in after.retired}
        assert not gone & {p.key for p in after.purposes}
    for bit in after.retired:
        left = connection.execute(
            "SELECT count(*) FROM pg_policies WHERE policyname = %s", [f"{bit.key}_reads"]
        ).fetchone()
        assert left == (0,), f"{bit.key} is retired and still has policies"


@pytest.mark.both_servers
def test_the_plan_installs_twice_without_harm(fresh_database: Database) -> None:
    plan = small.plan(fresh_database.role_prefix)
    with fresh_database.connect() as connection:
        small.create_tables(connection, plan)
        small.install(connection, plan)
        small.install(connection, plan)
        connection.commit()

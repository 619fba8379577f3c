"""The overview's numbers are those of the moment that it names, and it says what came after."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from django.test import Client
from psycopg import sql
from tests.bloesem.console.stage import Stage

from bloesem.clock import moment, sweep
from bloesem.console import jobs
from bloesem.console.overview import PartCount, overview
from bloesem.plan.model import Plan, TablePlan
from bloesem.plan.sql.gate import purpose_columns
from bloesem.stores.postgres import Connection

NEAR = {"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "localhost:8000"}


def nothing(done: int, total: int) -> None:
    pass


def live(keeper: Connection, plan: Plan) -> tuple[PartCount, ...]:
    """Row by row, as each role's policy has it: slow, and obviously right."""
    found = []
    for purpose in plan.purposes:
        people: set[int] = set()
        rows = values = 0
        for table in plan.tables:
            shown = purpose_columns(plan, table, purpose)
            names = [c for c in shown if _value(table, c)]
            mask = "kept_for" if table.always_visible else "used_for"
            query = sql.SQL("SELECT {} FROM {} WHERE {} & {} <> 0 AND good_until > {}.moment()").format(
                sql.SQL(", ").join(map(sql.Identifier, (*table.owners, *names))),
                sql.Identifier(table.schema, table.name),
                *(sql.Identifier(mask), purpose.mask, sql.Identifier(plan.schema)),
            )
            for row in keeper.execute(query).fetchall():
                if shown and (names or table.anchor) and purpose.active:
                    rows += 1
                    values += sum(it is not None for it in row[len(table.owners) :])
                if not table.anchor:
                    people |= {it for it in row[: len(table.owners)] if it is not None}
        found.append(PartCount(purpose.key, len(people), rows, values))
    keeper.rollback()
    return tuple(found)


def _value(table: TablePlan, name: str) -> bool:
    return any(c.name == name and not c.key for c in table.columns)


def everybody_objects(stage: Stage) -> int:
    """Everybody with a running marketing, who has not objected yet; how many they are."""
    plan = stage.company.plan
    mask = plan.purpose("marketing").mask
    with stage.keeper.open() as other:
        found = other.execute(
            "SELECT count(bloesem.record_fact(person_id, 'objection', 'marketing', bloesem.moment()))"
            " FROM bloesem.state WHERE used & %s <> 0",
            [mask],
        ).fetchone()
        other.commit()
    assert found is not None
    return int(found[0])


def test_the_numbers_are_the_live_ones_as_loaded_after_a_sweep_and_after_an_objection(stage: Stage) -> None:
    plan = stage.company.plan

    def changes(keeper: Connection) -> list[Callable[[], Any]]:
        return [
            lambda: None,
            lambda: sweep(keeper, plan, moment_of(keeper, plan)),
            lambda: everybody_objects(stage),
        ]

    seen = []
    with stage.keeper.open() as keeper:
        for change in changes(keeper):
            change()
            counted = overview(keeper, plan, nothing)
            assert counted.parts == live(keeper, plan)
            seen.append({p.part: p.rows for p in counted.parts})
    assert seen[2]["marketing"] < seen[1]["marketing"] / 4


def moment_of(keeper: Connection, plan: Plan) -> Any:
    now = moment(keeper, plan)
    keeper.rollback()
    return now


def test_what_is_committed_while_it_counts_is_in_no_number(stage: Stage) -> None:
    plan = stage.company.plan
    asked: list[int] = []

    def meanwhile(done: int, total: int) -> None:
        if done == 3:
            with stage.keeper.open() as other:
                people = other.execute("SELECT person_id FROM bloesem.state ORDER BY 1").fetchall()
                for (person,) in people:
                    other.execute(
                        "SELECT bloesem.record_fact(%s, 'restriction', 'accuracy', bloesem.moment())",
                        [person],
                    )
                other.commit()
                asked.append(len(people))

    with stage.keeper.open() as keeper:
        before = live(keeper, plan)
        counted = overview(keeper, plan, meanwhile)
        assert asked[0] > 10
        assert counted.parts == before
        assert counted.parts != live(keeper, plan)
        jobs.install(keeper, plan, "console")
        keeper.commit()


def test_the_page_names_the_moment_and_what_came_after_it(pages: Stage) -> None:
    client = Client(**NEAR)  # type: ignore[arg-type]
    plan = pages.company.plan
    text = page(client, lambda text: "As of " in text)
    assert "<strong>As of " in text
    keeper = pages.keeper
    with keeper.open() as reports:
        count = jobs.latest(reports, plan, "overview")
        assert count is not None
        person = reports.execute("SELECT min(person_id) FROM bloesem.state").fetchone()
        assert person is not None
        with keeper.open() as other:
            other.execute("SELECT bloesem.record_fact(%s, 'erasure', 'request', bloesem.moment())", person)
            other.commit()
    # Either it is said at once, or the count that follows has it already.
    text = page(client, lambda text: "Since then" in text or counted(pages) != count.id)
    with keeper.open() as reports:
        now = jobs.latest(reports, plan, "overview")
        assert now is not None
        assert now.result["since"] > 0 or now.id != count.id


def counted(stage: Stage) -> object:
    with stage.keeper.open() as reports:
        found = jobs.latest(reports, stage.company.plan, "overview")
    return found.id if found else None


def page(client: Client, right: Callable[[str], bool]) -> str:
    until = time.monotonic() + 60
    while True:
        text = client.get("/en/").content.decode()
        if right(text) or time.monotonic() > until:
            assert right(text)
            return text
        time.sleep(0.1)


def act(keeper: Connection, number: int, kind: str = "sweep") -> int:
    """An act with that number, or (of a reading) one so far above the last."""
    found = keeper.execute(
        "INSERT INTO bloesem.act (id, as_of, kind, counts) OVERRIDING SYSTEM VALUE"
        " SELECT CASE WHEN %s = 'read' THEN max(id) ELSE 0 END + %s, now(), %s, '{}' FROM bloesem.act RETURNING id",
        [kind, number, kind],
    ).fetchone()
    keeper.commit()
    assert found is not None
    return int(found[0])


def test_an_overview_is_amended_with_what_changed_and_not_with_what_was_read(stage: Stage) -> None:
    plan = stage.company.plan
    keeper = stage.keeper
    with keeper.open() as reports:
        jobs.install(reports, plan, "console")
        job = jobs.ask(reports, plan, "overview")
        last = act(reports, 5, kind="read")
        taken = jobs.take(reports, plan)
        while taken is not None and taken.id != job:
            taken = jobs.take(reports, plan)
        assert taken is not None
        keeper.do(taken, reports)

        def since() -> int:
            jobs.amend_acts(reports, plan, [])
            found = jobs.look(reports, plan, job)
            assert found is not None
            return int(found.result["since"])

        assert since() == 0
        reports.execute(
            "INSERT INTO bloesem.act (as_of, kind, counts) VALUES (now(), 'denial', '{}'), (now(), 'read', '{}')"
        )
        assert since() == 0
        # One whose number was given before the count, and that is committed after it.
        act(reports, last - 2)
        assert since() == 1

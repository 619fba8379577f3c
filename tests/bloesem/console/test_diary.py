"""Ann's timeline from the employer's list to erased: what the clock took before and after stays a line, without its
content."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from tests.bloesem.console.stage import Stage, build
from tests.databases import Database

from bloesem.clock import sweep
from bloesem.clock.demonstration import advance
from bloesem.console.people import cases, follow
from bloesem.console.timeline import Line
from bloesem.stores.postgres import Connection


@pytest.fixture
def told(fresh_database: Database, tmp_path: Path) -> Stage:
    return build(fresh_database, tmp_path, people=30)


def stored(connection: Connection, stage: Stage) -> dict[tuple[str, str], int]:
    """How many values of Ann's each column holds now."""
    found: dict[tuple[str, str], int] = {}
    for table in stage.company.plan.tables:
        mine = " OR ".join(f"{owner} = {stage.ann}" for owner in table.owners)
        for column in table.columns:
            row = connection.execute(
                f"SELECT count({column.name}) FROM {table.schema}.{table.name} WHERE {mine}".encode()
            ).fetchone()
            found[table.name, column.name] = int(row[0]) if row else 0
    return found


def held(connection: Connection, stage: Stage) -> list[Line]:
    """The lines of the picture, each held against what the tables hold."""
    picture, _, _ = follow(connection, stage.company.plan, stage.ann)
    there = stored(connection, stage)
    by_column: dict[tuple[str, str], int] = {}
    for line in picture.lines:
        by_column[line.table, line.columns[0]] = by_column.get((line.table, line.columns[0]), 0) + line.stored
        if line.gone is not None and line.gone <= picture.today:
            assert line.stored == 0, f"{line.table}.{line.columns} is due since {line.gone} and still stored"
        else:
            assert line.stored == line.rows, (
                f"{line.table}.{line.columns} is gone, and not due before {line.gone}"
            )
    for (table, column), shown in by_column.items():
        group = next(
            line.columns for line in picture.lines if (line.table, line.columns[0]) == (table, column)
        )
        assert shown == max(there[table, name] for name in group), (table, column)
    return list(picture.lines)


def test_every_value_is_a_line_from_its_source_to_the_day_on_which_it_went(told: Stage) -> None:
    plan = told.company.plan
    with told.keeper.open(autocommit=True) as keeper:
        lines = held(keeper, told)
        erased = {line.table for line in lines if not line.stored}
        assert {"segment", "marketing_interaction"} <= erased, "what went before the demonstration was made"
        work = next(line for line in lines if line.table == "work_email")
        assert work.sources[0].startswith("werkgever:")
        assert any(lane.part == "invite" for lane in work.lanes), "the invitation read it then"
        first, later = min(line.start for line in lines), lines
        for years in (1, 3, 12):
            now = advance(keeper, plan, dt.datetime.now(dt.UTC).date() + dt.timedelta(days=366 * years))
            sweep(keeper, plan, now)
            later = held(keeper, told)
            assert min(line.start for line in later) == first
        assert sum(line.rows for line in later) >= sum(line.rows for line in lines)
        assert all(line.stored == 0 for line in later), "the end: nothing is left"
        left = keeper.execute("SELECT count(*) FROM bloesem.fact WHERE person_id = %s", [told.ann]).fetchone()
        assert left == (0,)
        assert "ann" in {case.key for case in cases(keeper, plan, {"ann": told.ann})}


def test_the_diary_says_nothing_of_what_was_erased(told: Stage) -> None:
    with told.keeper.open() as keeper:
        (said,) = keeper.execute(
            "SELECT facts::text || rows::text FROM bloesem.console_diary"
        ).fetchone() or ("",)
        names = keeper.execute(
            "SELECT given_name, family_name FROM data.person_name WHERE person_id = %s", [told.ann]
        ).fetchall()
        values = [value for row in names for value in row if value]
        values += [
            row[0]
            for row in keeper.execute(
                "SELECT value FROM data.email_address WHERE person_id = %s AND value IS NOT NULL", [told.ann]
            )
        ]
    assert values
    assert not [value for value in values if value in said]


def test_a_company_of_its_own_has_no_diary(told: Stage) -> None:
    with told.keeper.open(autocommit=True) as keeper:
        keeper.execute("DROP TABLE bloesem.console_diary")
        picture, _, _ = follow(keeper, told.company.plan, told.ann)
        assert all(line.stored == line.rows for line in picture.lines)

"""An invoice number is given once, on whatever day, by whomever, and also when its invoice is gone."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

import psycopg
import pytest
from tests.bloesem.gate.attack import acting
from tests.bloesem.gate.world import World
from tests.promises.test_gate import (  # noqa: F401 - fixtures
    add,
    someone,
    store,
    tables,
    target,
    unblocked,
)

from bloesem.gate.ids import new_id

TAKEN = psycopg.errors.UniqueViolation
DAYS = (dt.date(2025, 3, 1), dt.date(2025, 3, 2), dt.date(2026, 3, 1))


def numbers(world: World) -> list[str]:
    return [row[0] for row in world.admin.execute("SELECT number FROM data.invoice_number ORDER BY number")]


def test_a_number_is_given_once_on_whatever_day(store: World) -> None:  # noqa: F811
    ann, bea = someone(store), someone(store)
    add(store, "invoice", ann, issued_on=DAYS[0], number="F2025-1")
    for day in DAYS:
        for person in (ann, bea):
            with pytest.raises(TAKEN):
                add(store, "invoice", person, issued_on=day, number="F2025-1")
    add(store, "invoice", bea, issued_on=DAYS[0], number="F2025-2")
    add(store, "invoice", bea, issued_on=DAYS[0])
    add(store, "invoice", bea, issued_on=DAYS[0])
    assert numbers(store) == ["F2025-1", "F2025-2"]


def test_number_and_invoice_are_written_together_or_not_at_all(store: World) -> None:  # noqa: F811
    ann = someone(store)
    with pytest.raises(psycopg.Error), store.admin.transaction():  # noqa: PT012
        add(store, "invoice", ann, issued_on=DAYS[0], number="F2025-1")
        add(store, "invoice", ann, issued_on=None, number="F2025-2")
    assert numbers(store) == []


def test_a_number_that_was_given_stays_given_when_its_invoice_is_gone(store: World) -> None:  # noqa: F811
    ann = someone(store)
    row = add(store, "invoice", ann, issued_on=DAYS[0], number="F2025-1")
    store.admin.execute("UPDATE data.invoice SET number = NULL WHERE id = %s", [row])
    store.admin.execute("DELETE FROM data.invoice WHERE id = %s", [row])
    with pytest.raises(TAKEN):
        add(store, "invoice", ann, issued_on=DAYS[1], number="F2025-1")


def test_a_number_that_is_changed_is_a_number_that_is_given(store: World) -> None:  # noqa: F811
    ann = someone(store)
    add(store, "invoice", ann, issued_on=DAYS[0], number="F2025-1")
    row = add(store, "invoice", ann, issued_on=DAYS[1], number="F2025-2")
    change = "UPDATE data.invoice SET number = %s WHERE id = %s"
    store.admin.execute(change, ["F2025-2", row])
    with pytest.raises(TAKEN):
        store.admin.execute(change, ["F2025-1", row])


def test_billing_gives_a_number_and_has_no_right_on_the_table_of_numbers(store: World) -> None:  # noqa: F811
    ann = someone(store)
    with store.raw(store.login("billing")) as connection, acting(store, connection, target(store, "billing")):
        new: list[Any] = [new_id(), ann, dt.date.today(), "F2026-9"]  # noqa: DTZ011 - any day
        insert = (
            "INSERT INTO invoice (id, person_id, recorded_at, source, issued_on, number)"
            " VALUES (%s, %s, now(), 'assigned', %s, %s)"
        )
        if store.plan.table("invoice").source is None:
            insert = insert.replace("source, ", "").replace("'assigned', ", "")
        connection.execute(insert, new)
        for query in (
            "SELECT * FROM data.invoice_number",
            "INSERT INTO data.invoice_number VALUES ('F2026-10')",
            "SELECT * FROM invoice_number",
        ):
            with pytest.raises(psycopg.Error), connection.transaction():
                connection.execute(query)
        with pytest.raises(TAKEN), connection.transaction():
            connection.execute(insert, [new_id(), ann, DAYS[0], "F2026-9"])


def test_the_generator_gives_each_number_once_and_loads_them_all(store: World) -> None:  # noqa: F811
    from charging.generate import generate, load

    made = generate(dt.date(2026, 11, 23), 40)
    place = made.columns["invoice"].index("number")
    given = [row[place] for row in made.rows["invoice"]]
    assert given
    assert max(Counter(given).values()) == 1
    load.load(store.admin, made, at=store.now())
    assert numbers(store) == sorted(given)

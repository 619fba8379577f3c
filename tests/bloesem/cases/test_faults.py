"""The clerk dies at every statement of every request: the case is whole or not begun, and the next clerk ends it, once.

A run takes a sample of the points at which it dies; `make faults` takes all of them.
"""

from __future__ import annotations

import os
import random
import time
from typing import Any

import pytest
from tests.bloesem.cases.conftest import World

from bloesem.answers import unseal
from bloesem.cases.clerk import Clerk
from bloesem.stores.postgres import Connection

#: Points of death that a run tries per right; all of them with BLOESEM_FAULTS=1.
SAMPLE = 6
EVERY = os.environ.get("BLOESEM_FAULTS") == "1"


class Died(BaseException):
    """The process is gone: nothing that it holds is written."""


class Mortal:
    """A connection whose process dies before its statement number `at`."""

    def __init__(self, connection: Connection, at: int) -> None:
        self._connection, self._left = connection, at

    def execute(self, *args: Any, **kwargs: Any) -> Any:
        self._left -= 1
        if self._left < 0:
            self._connection.close()
            raise Died
        return self._connection.execute(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def statements(world: World, number: str) -> int:
    """How many statements the case takes without a death."""
    count = 0

    class Counted(Mortal):
        def execute(self, *args: Any, **kwargs: Any) -> Any:
            nonlocal count
            count += 1
            return super().execute(*args, **kwargs)

    with world.stage.keeper.open(autocommit=True) as connection:
        Clerk(Counted(connection, 10**9), world.loaded, world.keys).run()  # type: ignore[arg-type]
    assert world.case(number)["state"] == "answered"
    return count


def finished(world: World, number: str) -> None:
    """The next clerk works, once PostgreSQL has seen that the last one is gone."""
    for _ in range(100):
        world.clerk.run()
        if world.case(number)["state"] == "answered":
            return
        time.sleep(0.05)


def filed(world: World, asked: str, person: int) -> str:
    params = {"ground": "a"} if asked in ("erasure", "restriction") else {}
    number = world.file(asked, person=person, params=params)
    if asked in ("erasure", "restriction", "objection"):
        world.clerk.run()
        said = world.one("SELECT bloesem.case_decide('officer:1', %s, 'granted', NULL, NULL)", number)
        assert said == "recorded"
    return number


@pytest.mark.parametrize(
    "asked", ["access", "portability", "withdrawal", "marketing", "restriction", "objection", "erasure"]
)
def test_killed_anywhere_it_is_done_and_answered_once(world: World, asked: str) -> None:
    people = [
        row[0]
        for row in world.admin.execute(
            "SELECT p.id FROM data.person p WHERE p.state = 'customer' AND EXISTS (SELECT FROM data.email_address e"
            " WHERE e.person_id = p.id) AND p.id <> ALL (%s) ORDER BY p.id",
            [list(world.people.values())],
        ).fetchall()
    ]
    draw = random.Random(asked)
    person = (
        people.pop(draw.randrange(len(people))) if asked == "erasure" else people[draw.randrange(len(people))]
    )
    whole = statements(world, filed(world, asked, person))
    points = range(whole) if EVERY else sorted(draw.sample(range(whole), min(SAMPLE, whole)))
    for at in points:
        if asked == "erasure":
            if not people:
                break
            person = people.pop(draw.randrange(len(people)))
        number = filed(world, asked, person)
        connection = world.stage.keeper.open(autocommit=True)
        try:
            Clerk(Mortal(connection, at), world.loaded, world.keys).run()  # type: ignore[arg-type]
        except Died:
            state = world.case(number)["state"]
            if state != "answered":
                assert not [key for key, _, _ in world.letters(number) if key == "case-answered"], (
                    f"answered too soon, at {at}"
                )
        finally:
            connection.close()
        finished(world, number)
        case = world.case(number)
        assert case["state"] == "answered", f"{at}: {case['state']} {case['params']}"
        answers = [link for key, _, link in world.letters(number) if key == "case-answered"]
        assert len(answers) == 1, f"{at}: answered {len(answers)} times"
        token = answers[0].rpartition("/")[2]
        sealed = world.one("SELECT bloesem.case_open(%s)", token)
        assert unseal(token, bytes(sealed)), f"{at}: its link opens nothing"
        assert world.events(number).count("answered") == 1
        if asked == "erasure":
            assert (
                world.one(
                    "SELECT count(*) FROM bloesem.fact WHERE person_id = %s AND kind = 'erasure'", person
                )
                <= 2
            )


def test_two_clerks_at_once_answer_once(world: World) -> None:
    from concurrent.futures import ThreadPoolExecutor

    number = world.file("access", person=world.people["customer"], words="Twee tegelijk.")

    def work(_: int) -> None:
        with world.stage.keeper.open(autocommit=True) as connection:
            Clerk(connection, world.loaded, world.keys).run()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, range(2)))
    finished(world, number)
    assert world.case(number)["state"] == "answered"
    assert [key for key, _, _ in world.letters(number)].count("case-answered") == 1
    assert world.events(number).count("answered") == 1
    token = world.token(number, "case-answered")
    assert unseal(token, bytes(world.one("SELECT bloesem.case_open(%s)", token)))

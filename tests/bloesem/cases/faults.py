"""How a clerk dies, and what is true of a case afterwards, wherever it died."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from psycopg import IsolationLevel
from tests.bloesem.cases.conftest import World
from tests.faults import EVERY

from bloesem.answers import unseal
from bloesem.cases.clerk import Clerk
from bloesem.stores.postgres import Connection


class Died(BaseException):
    """The process is gone: nothing that it holds is written."""


class Watched:
    """A connection of which something is told before each statement, and before the end of each transaction: the number of
    the step, from 0. What `told` raises is raised there."""

    def __init__(self, connection: Connection, told: Callable[[int], None]) -> None:
        self._connection, self._told, self.steps = connection, told, 0

    def _step(self) -> None:
        self.steps += 1
        self._told(self.steps - 1)

    def execute(self, *args: Any, **kwargs: Any) -> Any:
        self._step()
        return self._connection.execute(*args, **kwargs)

    @contextmanager
    def transaction(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
        with self._connection.transaction(*args, **kwargs) as opened:
            yield opened
            self._step()

    @property
    def isolation_level(self) -> IsolationLevel | None:
        return self._connection.isolation_level

    @isolation_level.setter
    def isolation_level(self, level: IsolationLevel | None) -> None:
        self._connection.isolation_level = level

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def clerk_on(world: World, connection: Connection, told: Callable[[int], None]) -> Clerk:
    return Clerk(Watched(connection, told), world.loaded, world.keys)  # type: ignore[arg-type]


def steps(world: World, number: str) -> int:
    """How many steps the case takes without a death."""
    with world.stage.keeper.open(autocommit=True) as connection:
        watched = Watched(connection, lambda _: None)
        Clerk(watched, world.loaded, world.keys).run()  # type: ignore[arg-type]
    assert world.case(number)["state"] == "answered"
    return watched.steps


def filed(world: World, asked: str, person: int) -> str:
    """A case that the clerk can end by itself: what needs an officer's decision has it."""
    params = {"ground": "a"} if asked in ("erasure", "restriction") else {}
    number = world.file(asked, person=person, params=params)
    if asked in ("erasure", "restriction", "objection"):
        world.clerk.run()
        said = world.one("SELECT bloesem.case_decide('officer:1', %s, 'granted', NULL, NULL)", number)
        assert said == "recorded"
    return number


def finished(world: World, number: str) -> None:
    """The next clerk works, once PostgreSQL has seen that the last one is gone."""
    for _ in range(100):
        world.clerk.run()
        if world.case(number)["state"] == "answered":
            return
        time.sleep(0.05)


def answered_once(world: World, number: str, at: object) -> dict[str, bytes]:
    """It ended by itself, its answer is there once, and its link opens it. out: the answer."""
    case = world.case(number)
    assert case["state"] == "answered", f"{at}: {case['state']} {case['params']}"
    answers = [link for key, _, link in world.letters(number) if key == "case-answered"]
    assert len(answers) == 1, f"{at}: answered {len(answers)} times"
    assert world.events(number).count("answered") == 1, f"{at}: answered twice"
    token = answers[0].rpartition("/")[2]
    sealed = world.one("SELECT bloesem.case_open(%s)", token)
    found = unseal(token, bytes(sealed))
    assert found, f"{at}: its link opens nothing"
    return found


def not_too_soon(world: World, number: str, at: object) -> None:
    """Nobody is told that there is an answer before there is one."""
    if world.case(number)["state"] != "answered":
        said = [key for key, _, _ in world.letters(number) if key == "case-answered"]
        assert not said, f"answered too soon, at {at}"


def customers(world: World) -> list[int]:
    """People with an address whom no test means by name."""
    rows = world.admin.execute(
        "SELECT p.id FROM data.person p WHERE p.state = 'customer' AND EXISTS (SELECT FROM data.email_address e"
        " WHERE e.person_id = p.id) AND p.id <> ALL (%s) AND NOT EXISTS (SELECT FROM bloesem.request_case c"
        " WHERE c.person_id = p.id AND c.asked = 'erasure') ORDER BY p.id",
        [list(world.people.values())],
    ).fetchall()
    return [row[0] for row in rows]


def share(people: list[int]) -> int:
    """How many of these people one test may take away: the others of its file need some too."""
    return max(2, len(people) // 3)


def sample(
    draw: random.Random, whole: int, most: int, *, every: int = 1, people: int | None = None
) -> list[int]:
    """Points of a case of so many steps, in order: so many of them, or where all are tried each `every`th; never more than
    there are `people`, where each point takes somebody away."""
    points = list(range(draw.randrange(every), whole, every)) if EVERY else list(range(whole))
    wanted = len(points) if EVERY else most
    return sorted(draw.sample(points, min(wanted, len(points), wanted if people is None else people)))


__all__ = [
    "EVERY",
    "Died",
    "Watched",
    "answered_once",
    "clerk_on",
    "customers",
    "filed",
    "finished",
    "not_too_soon",
    "sample",
    "share",
    "steps",
]

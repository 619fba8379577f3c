"""What a case does from the request on, for tests of promises: asked from an address, proven, decided, answered."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.bloesem.cases.conftest import World

from bloesem.answers import unseal

#: Rights that anybody may use, with what a form says beside them; an erasure comes last, as nobody is there afterwards.
RIGHTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("access", {}),
    ("portability", {}),
    ("data_act", {}),
    ("rectification", {}),
    ("restriction", {"ground": "a"}),
    ("objection", {"purposes": ["quality"]}),
    ("human", {}),
    ("withdrawal", {}),
    ("marketing", {}),
    ("erasure", {"ground": "a"}),
)


@dataclass(frozen=True)
class Answered:
    """`course`: the steps of the case; `answer`: what the link opened; `data`: the file with it, where there is one."""

    course: list[str]
    answer: dict[str, Any]
    data: dict[str, Any]
    pdf: bytes = b""


def address_of(world: World, person: int) -> str:
    """Where they are reached: an address of their own, or the one that an employer gave."""
    found = world.one(
        "SELECT value FROM (SELECT 1 n, value FROM data.email_address WHERE person_id = %s"
        " UNION ALL SELECT 2, value FROM data.work_email WHERE person_id = %s) a WHERE value IS NOT NULL ORDER BY n LIMIT 1",
        *(person, person),
    )
    assert found is not None
    return str(found)


def ask(world: World, asked: str, address: str, **more: Any) -> str:
    """A request from an address, by somebody who presses the link in the letter; out: its number."""
    # So many requests in a day by one address get no more letters: here each comes on a day of its own.
    world.admin.execute("UPDATE bloesem.outbox SET decided_at = decided_at - interval '2 days'")
    number = world.file(asked, address=address, **more)
    world.clerk.run()
    if world.case(number)["state"] == "asked":
        assert world.one("SELECT bloesem.case_prove(%s)", world.token(number, "case-prove")) == "proved"
        world.clerk.run()
    return number


def decide(world: World, number: str, how: str = "granted", why: str | None = None) -> None:
    said = world.one("SELECT bloesem.case_decide('officer:1', %s, %s, %s, NULL)", number, how, why)
    assert said == "recorded", (said, world.case(number))
    world.clerk.run()


def answered(world: World, number: str) -> Answered:
    """What the link in the letter opens."""
    case = world.case(number)
    assert case["state"] == "answered", (case["state"], case["params"], world.events(number))
    token = world.token(number, "case-answered")
    found = unseal(token, bytes(world.one("SELECT bloesem.case_open(%s)", token)))
    assert found is not None
    data = {}
    if "data.zip" in found:
        with zipfile.ZipFile(io.BytesIO(found["data.zip"])) as archive:
            data = json.loads(archive.read("data.json"))
    return Answered(world.events(number), json.loads(found["answer.json"]), data, found["answer.pdf"])


def served(world: World, asked: str, address: str, **more: Any) -> Answered:
    """Asked, proven, decided by the officer where that is theirs, and answered."""
    ((one,),) = [
        made.values() for made in all_served(world, {"": address}, [(asked, more.pop("params", {}))]).values()
    ]
    return one


def all_served(
    world: World, addresses: Mapping[str, str], rights: Sequence[tuple[str, Mapping[str, Any]]]
) -> dict[str, dict[str, Answered]]:
    """Each of these addresses asks each of these rights, all side by side; out: by whose address, then by right."""
    world.admin.execute("UPDATE bloesem.outbox SET decided_at = decided_at - interval '2 days'")
    numbers = {
        (who, asked): world.file(asked, address=address, params=dict(more))
        for who, address in addresses.items()
        for asked, more in rights
    }
    _run(world)
    for number in numbers.values():
        if world.case(number)["state"] == "asked":
            assert world.one("SELECT bloesem.case_prove(%s)", world.token(number, "case-prove")) == "proved"
    _run(world)
    for number in numbers.values():
        if world.case(number)["state"] == "waiting":
            said = world.one("SELECT bloesem.case_decide('officer:1', %s, 'granted', NULL, NULL)", number)
            assert said == "recorded", (said, world.case(number)["params"])
    _run(world)
    made: dict[str, dict[str, Answered]] = {who: {} for who in addresses}
    for (who, asked), number in numbers.items():
        made[who][asked] = answered(world, number)
    return made


def _run(world: World) -> None:
    while world.clerk.run():
        pass

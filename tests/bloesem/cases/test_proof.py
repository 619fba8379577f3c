"""An erasure is answered when nothing is left: every value of every table was searched for what identified them."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator

import pytest
from tests.bloesem.cases.conftest import World
from tests.bloesem.cases.test_clerk import opened

from bloesem.cases.clerk import Clerk


def erased(world: World, *people: int) -> list[str]:
    """Each asked, and granted by the officer."""
    numbers = [world.file("erasure", person=person, params={"ground": "a"}) for person in people]
    world.clerk.run()
    for number in numbers:
        said = world.one("SELECT bloesem.case_decide('officer:1', %s, 'granted', NULL, NULL)", number)
        assert said == "recorded"
    return numbers


@pytest.fixture(scope="module")
def strangers(world: World) -> Iterator[int]:
    """Customers whom no other test here needs."""
    rows = world.admin.execute(
        "SELECT p.id FROM data.person p WHERE p.state = 'customer' AND EXISTS (SELECT FROM data.email_address e"
        " WHERE e.person_id = p.id) AND p.id <> ALL (%s) ORDER BY p.id",
        [list(world.people.values())],
    ).fetchall()
    return iter([row[0] for row in rows])


def test_what_was_searched_is_told_in_the_answer(world: World, strangers: Iterator[int]) -> None:
    (number,) = erased(world, next(strangers))
    world.clerk.run()
    case = world.case(number)
    assert case["state"] == "answered"
    assert case["sought"] is None, "whom to look for is forgotten"
    said = case["residue"]
    assert (said["left"], said["unread"]) == ([], [])
    everything = world.one(
        "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p')"
        " AND NOT c.relispartition AND n.nspname IN ('data', 'bloesem')"
    )
    assert said["tables"] >= 0.8 * everything, "but for tables that can hold no text"
    answer = json.loads(opened(world, number)["answer.json"])
    told = " ".join(line for section in answer["sections"] for line in section["lines"])
    assert f"elke waarde in {said['tables']} tabellen" in told


def test_what_identifies_them_is_never_in_the_database_in_plain(
    world: World, strangers: Iterator[int]
) -> None:
    person = next(strangers)
    address = world.mail(person)
    (number,) = erased(world, person)
    with world.stage.keeper.open(autocommit=True) as connection:
        clerk = Clerk(connection, world.loaded, world.keys)
        clerk.step()  # carried out, and not proven yet
    assert world.case(number)["state"] == "carried"
    held = world.one("SELECT sought FROM bloesem.request_case WHERE number = %s", number)
    assert held
    assert all(address.encode() not in bytes(one) for one in held)
    world.clerk.run()
    assert world.case(number)["state"] == "answered"


def test_what_is_left_somewhere_is_not_answered_before_it_is_gone(
    world: World, strangers: Iterator[int]
) -> None:
    """An address in a table without an owner, that no map of theirs reaches: found by the pass, said, mended, gone on with."""
    one, other = next(strangers), next(strangers)
    address = world.mail(one)
    world.admin.execute("CREATE TABLE data.notes (id int PRIMARY KEY, words text)")
    try:
        world.admin.execute("ALTER TABLE data.notes OWNER TO CURRENT_USER")
        world.admin.execute("INSERT INTO data.notes VALUES (7, %s)", [f"belde over {address.upper()}, boos"])
        first, second = erased(world, one, other)
        world.clerk.run()
        case = world.case(first)
        assert case["state"] == "waiting"
        assert "data.notes" in case["params"]["failed"]
        assert "case-answered" not in [key for key, _, _ in world.letters(first)]
        keeper = world.loaded.plan.role("keeper")
        world.admin.execute(f'GRANT SELECT ON data.notes TO "{keeper}"'.encode())
        for number in (first, second):  # unread it proves nothing, for neither
            assert world.one("SELECT bloesem.case_again('officer:1', %s)", number) == "recorded"
        world.clerk.run()
        case = world.case(first)
        assert case["state"] == "waiting"
        assert case["residue"]["left"] == [
            {"table": "data.notes", "column": "words", "what": "email", "rows": 1}
        ]
        assert address not in json.dumps(case["params"]), "the place is named, never the value"
        assert world.case(second)["state"] == "answered", "nobody waits for what is left of somebody else"
        world.admin.execute("UPDATE data.notes SET words = 'belde, boos'")
        assert world.one("SELECT bloesem.case_again('officer:1', %s)", first) == "recorded"
        world.clerk.run()
        assert world.case(first)["state"] == "answered"
        assert world.one("SELECT bloesem.case_again('officer:1', %s)", first) == "not-now"
    finally:
        world.admin.execute("DROP TABLE data.notes")


def test_another_key_opens_nothing_and_says_so(
    world: World, strangers: Iterator[int], tmp_path: object
) -> None:
    from pathlib import Path

    from bloesem.rights.keys import Keys

    (number,) = erased(world, next(strangers))
    with world.stage.keeper.open(autocommit=True) as connection:
        clerk = Clerk(connection, world.loaded, world.keys)
        clerk.step()
        assert world.case(number)["state"] == "carried"
        clerk = dataclasses.replace(clerk, keys=Keys.at(Path(str(tmp_path))))
        clerk.step()
    case = world.case(number)
    assert case["state"] == "waiting"
    assert "rights.keys" in case["params"]["failed"]
    assert world.one("SELECT bloesem.case_again('officer:1', %s)", number) == "recorded"
    world.clerk.run()
    assert world.case(number)["state"] == "answered"

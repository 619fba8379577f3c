"""An erasure is answered when nothing is left: every value of every table was searched for what identified them."""

from __future__ import annotations

import dataclasses
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.bloesem.cases.conftest import World
from tests.bloesem.cases.faults import answered_once
from tests.bloesem.cases.test_clerk import opened

from bloesem.cases.clerk import Clerk
from bloesem.cases.proof import Prover
from bloesem.rights.keys import Keys


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


def test_whom_no_key_names_waits_and_everybody_else_is_proven(
    world: World, strangers: Iterator[int], tmp_path: Path
) -> None:
    shut, other = erased(world, next(strangers), next(strangers))
    with world.stage.keeper.open(autocommit=True) as connection:
        lost = Clerk(connection, world.loaded, Keys.at(tmp_path))
        lost.step()
        assert [world.case(one)["state"] for one in (shut, other)] == ["carried", "decided"]
    world.clerk.run()
    case = world.case(shut)
    assert world.case(other)["state"] == "answered", "one key that is gone stops nobody else"
    assert (case["state"], case["answered_at"]) == ("waiting", None)
    assert "does not open" in case["params"]["failed"]
    assert case["sought"], "whom to look for is still there"
    with world.stage.keeper.open(autocommit=True) as connection:  # the keys come back
        assert world.one("SELECT bloesem.case_again('officer:1', %s)", shut) == "recorded"
        Clerk(connection, world.loaded, Keys.at(tmp_path)).run()
    assert world.case(shut)["state"] == "answered"


def test_a_long_search_holds_up_no_other_case(
    world: World, strangers: Iterator[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The keeper's helper goes on while the whole database is searched."""
    (number,) = erased(world, next(strangers))
    go, search = threading.Event(), Prover.run

    def slow(self: Prover) -> None:
        assert go.wait(120)
        search(self)

    def until(which: str, state: str) -> None:
        for _ in range(600):
            if world.case(which)["state"] == state:
                return
            time.sleep(0.1)
        raise AssertionError(f"{which} is {world.case(which)['state']}, not {state}")

    monkeypatch.setattr(Prover, "run", slow)
    with world.stage.served():
        try:
            until(number, "carried")
            other = world.file("access", person=world.people["ann"], words="Intussen.")
            until(other, "answered")
            assert world.case(number)["state"] == "carried"
        finally:
            go.set()
        until(number, "answered")
    answered_once(world, number, "after a long search")

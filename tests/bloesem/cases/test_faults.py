"""The clerk dies at every step of every request: the case is whole or not begun, and the next clerk ends it, once.

A run takes a sample of the points at which it dies; `make faults` takes all of them.
"""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.bloesem.cases.conftest import World
from tests.bloesem.cases.faults import (
    Died,
    answered_once,
    clerk_on,
    customers,
    filed,
    finished,
    not_too_soon,
    sample,
    share,
    steps,
)
from tests.bloesem.cases.posting import Kept, door

from bloesem.cases.clerk import Clerk
from bloesem.clock import sweep
from bloesem.consent.suppression import screen
from bloesem.stores.postgres import Connection

pytestmark = pytest.mark.faults

#: Points of death that a run tries per right; all of them with BLOESEM_FAULTS=1.
SAMPLE = {"erasure": 4}


@pytest.mark.parametrize(
    "asked", ["access", "portability", "withdrawal", "marketing", "restriction", "objection", "erasure"]
)
def test_killed_anywhere_it_is_done_and_answered_once(world: World, asked: str) -> None:
    people = customers(world)
    draw = random.Random(asked)
    person = (
        people.pop(draw.randrange(len(people))) if asked == "erasure" else people[draw.randrange(len(people))]
    )
    whole = steps(world, filed(world, asked, person))
    most = share(people) if asked == "erasure" else None
    for at in sample(draw, whole, SAMPLE.get(asked, 6), people=most):
        if asked == "erasure":
            person = people.pop(draw.randrange(len(people)))
        number = filed(world, asked, person)
        connection = world.stage.keeper.open(autocommit=True)

        def die(step: int, at: int = at, connection: Connection = connection) -> None:
            if step == at:
                connection.close()
                raise Died

        try:
            clerk_on(world, connection, die).run()
        except Died:
            not_too_soon(world, number, at)
        finally:
            connection.close()
        finished(world, number)
        answer = json.loads(answered_once(world, number, at)["answer.json"])
        if asked == "erasure":
            assert answer["items"], f"{at}: an answer that does not say what went"
            facts = "SELECT count(*) FROM bloesem.fact WHERE person_id = %s AND kind = 'erasure'"
            assert world.one(facts, person) <= 2


def test_two_clerks_at_once_answer_once(world: World) -> None:
    number = world.file("access", person=world.people["customer"], words="Twee tegelijk.")

    def work(_: int) -> None:
        with world.stage.keeper.open(autocommit=True) as connection:
            Clerk(connection, world.loaded, world.keys).run()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, range(2)))
    finished(world, number)
    answered_once(world, number, "two clerks")


# ---- meanwhile -----------------------------------------------------------------------------------------------------------


def works_while(world: World, at: int, act: Callable[[], None]) -> None:
    """A clerk works, and before its step `at` somebody else begins an act, which may have to wait for it. raises: what the
    act raised."""
    begun: list[threading.Thread] = []
    faults: list[BaseException] = []

    def acted() -> None:
        try:
            act()
        except BaseException as fault:
            faults.append(fault)

    def told(step: int) -> None:
        if step == at:
            begun.append(threading.Thread(target=acted))
            begun[0].start()
            begun[0].join(0.3)

    with world.stage.keeper.open(autocommit=True) as connection:
        clerk_on(world, connection, told).run()
    for thread in begun:
        thread.join(30)
        assert not thread.is_alive()
    for fault in faults:
        raise fault


def test_of_two_officers_at_once_the_first_decides_and_the_other_is_told(world: World) -> None:
    decide = "SELECT bloesem.case_decide(%s, %s, %s, 'Daarom.', NULL)"
    for turn in range(3):
        number = world.file("human", person=world.people["customer"], words=f"Kijk nog eens, {turn}.")
        world.clerk.run()
        together = threading.Barrier(2)

        def press(outcome: str, number: str = number, together: threading.Barrier = together) -> str:
            with world.stage.database.connect(autocommit=True) as connection:
                together.wait(10)
                row = connection.execute(decide.encode(), [f"officer:{outcome}", number, outcome]).fetchone()
                assert row is not None
                return str(row[0])

        outcomes = ("granted", "refused")
        with ThreadPoolExecutor(2) as pool:
            said = dict(zip(outcomes, pool.map(press, outcomes), strict=True))
        assert sorted(said.values()) == ["already", "recorded"]
        (first,) = [outcome for outcome, what in said.items() if what == "recorded"]
        finished(world, number)
        assert json.loads(answered_once(world, number, turn)["answer.json"])["outcome"] == first
        assert world.case(number)["decided_by"] == f"officer:{first}"
        assert world.events(number).count("decided") == 1


@pytest.mark.parametrize("asked", ["access", "erasure", "objection"])
def test_a_request_while_the_same_persons_account_ends_is_answered_by_what_is_true(
    world: World, asked: str
) -> None:
    """An account that ended so long ago that what its contract kept goes in the same breath."""
    draw = random.Random(f"account {asked}")
    people = [
        one
        for one in customers(world)
        if world.one("SELECT count(*) FROM data.account WHERE person_id = %s", one)
    ]
    whole = steps(world, filed(world, asked, people.pop(draw.randrange(len(people)))))
    for at in sample(draw, whole, 2, every=8, people=share(people)):
        person = people.pop(draw.randrange(len(people)))
        number = filed(world, asked, person)

        def ends(person: int = person) -> None:
            end = "UPDATE data.account SET terminated_at = opened_at + interval '1 day' WHERE person_id = %s"
            with world.stage.database.connect(autocommit=True) as other:
                other.execute(end.encode(), [person])  # it is never told to begin again: the act is
            with world.stage.keeper.open() as other:
                sweep(other, world.loaded.plan, world.one("SELECT bloesem.moment()"))

        works_while(world, at, ends)
        finished(world, number)
        answer = json.loads(answered_once(world, number, at)["answer.json"])
        gone = not world.one("SELECT count(*) FROM bloesem.state WHERE person_id = %s", person)
        if asked == "erasure" and not gone:
            kept = "SELECT count(*) FROM data.email_address WHERE person_id = %s"
            assert answer["items"] or not world.one(kept, person), at


def test_an_erasure_while_a_campaign_sends_writes_to_nobody_who_is_erased(world: World) -> None:
    draw = random.Random("campaign")
    kept = Kept()
    with world.stage.keeper.open(autocommit=True) as connection:
        sending = door(world, connection, kept)
        world.admin.execute("UPDATE data.email_address SET opt_out_offered = true")
        screen(connection, sending.rules, sending.keys)
        said = sending.submit("battery-offer", "email", customers(world))
        people = [one.person for one in said if one.reason.key == "allowed"]
        assert len(people) > 3
        erased = "SELECT count(*) FROM bloesem.fact WHERE person_id = %s AND kind = 'erasure'"
        whole = steps(world, filed(world, "erasure", people.pop()))
        for at in sample(draw, whole, 2, every=8, people=share(people)):
            person = people.pop(draw.randrange(len(people)))
            number, address = filed(world, "erasure", person), world.mail(person)
            world.admin.execute(
                "UPDATE bloesem.outbox SET due_at = '2000-01-01' WHERE person_id = %s AND template = 'battery-offer'",
                [person],
            )
            before = len(kept.letters)

            def sends(person: int = person, address: str = address, before: int = before) -> None:
                already = world.one(erased, person)
                sending.step()
                written = [one.address for one in kept.letters[before:] if one.unsubscribe]
                assert not (already and address in written), "written to somebody who was erased before"

            works_while(world, at, sends)
            finished(world, number)
            answered_once(world, number, at)
            written = len(kept.letters)
            for _ in range(3):
                sending.step()
            assert address not in [
                one.address for one in kept.letters[written:] if one.message_id and "aanbod" in one.subject
            ]
            left = (
                "SELECT count(*) FROM bloesem.outbox WHERE person_id = %s AND state IN ('decided', 'claimed')"
            )
            assert world.one(left, person) == 0

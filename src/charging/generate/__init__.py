"""Invented people with ten years of history, the same for the same seed: `generate` makes, `load` writes."""

from __future__ import annotations

import datetime as dt

from charging.generate import ann, lives_customers, lives_others, lives_rights
from charging.generate.cases import CASES, Case
from charging.generate.catalogue import catalogue, employer_invoices
from charging.generate.world import World

DEFAULT_SEED = 20_240_318
DEFAULT_PEOPLE = 400
MOST_PEOPLE = 5_000

#: The modules that register the cases, in order.
LIVES = (lives_customers, lives_others, lives_rights)


def generate(as_of: dt.date, people: int = DEFAULT_PEOPLE, seed: int = DEFAULT_SEED) -> World:
    """All rows and facts of about `people` invented people, as life stood on `as_of`.

    Every case of `CASES` is present, and Ann. `world.cases` names the people of each case. A run's size
    follows from its number of people; raises `ValueError` above `MOST_PEOPLE` (the slim profile makes
    more).
    """
    if not 0 < people <= MOST_PEOPLE:
        raise ValueError(f"the full profile makes 1 to {MOST_PEOPLE} people; asked for {people}")
    world = World(seed, as_of)
    catalogue(world)
    made = dict.fromkeys(CASES, 0)

    def one(case: Case) -> None:
        made[case.key] += 1
        case.make(world, made[case.key])

    for case in CASES.values():
        for _ in range(case.least):
            one(case)
    choose = world.draw("mix")
    weights = [case.weight for case in CASES.values()]
    while len(world.rows["person"]) < people - 1:  # Ann is the last
        one(choose.choices(list(CASES.values()), weights)[0])
    ann.tell(world)
    employer_invoices(world)
    return world


__all__ = ["CASES", "DEFAULT_PEOPLE", "DEFAULT_SEED", "MOST_PEOPLE", "Case", "World", "generate"]

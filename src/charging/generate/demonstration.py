"""What a demonstration is filled with: named in the company's bloesem.yaml, called by `bloesem up`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping

from bloesem.plan.dates import civil
from bloesem.stores.postgres import Connection
from charging.generate import generate
from charging.generate.load import load


def fill(
    connection: Connection, *, at: dt.datetime, people: int, noted: Callable[[Mapping[str, int]], None]
) -> Mapping[str, int]:
    """Invented people with ten years of history until `at`, written where a plan is in force.

    in: `noted`, called with the people of the answer when all is written and nothing erased yet. out: the first person
    of each case, by its name, as examples to follow.
    """
    world = generate(civil(at), people)
    named = {case: found[0] for case, found in world.cases.items() if found}
    load(connection, world, at=at, before_masks=lambda: noted(named))
    return named

"""Every case that the promises tell apart, by name, with a function that makes such a person.

`CASES` is the list that tests and pages use to find an example of each.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from charging.generate.world import Life, World

YEAR = 365


@dataclass(frozen=True)
class Case:
    """A kind of history. `weight`: its share of the people beyond the first `least`."""

    key: str
    nl: str
    en: str
    promises: tuple[str, ...]
    make: Callable[[World, int], None]
    least: int = 2
    weight: int = 1


CASES: dict[str, Case] = {}


def case(
    key: str, nl: str, en: str, *promises: str, least: int = 2, weight: int = 1
) -> Callable[[Callable[[World, int], None]], Callable[[World, int], None]]:
    def register(make: Callable[[World, int], None]) -> Callable[[World, int], None]:
        CASES[key] = Case(key, nl, en, promises, make, least, weight)
        return make

    return register


def driver(world: World, key: str, number: int, since: dt.datetime) -> Life:
    return Life(world, key, number, "driver", since)

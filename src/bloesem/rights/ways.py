"""How the people of a request reach rows: each, or those together of whom the same is kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

from bloesem.rights.whose import Way, reached
from bloesem.rights.world import World


class Ways(Sequence[Way]):
    """How each person of a world reaches rows, found when it is asked: of a crowd it is seldom asked of each."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._found: dict[tuple[int, ...], Way] = {}

    def __len__(self) -> int:
        return len(self.world.people)

    @overload
    def __getitem__(self, number: int) -> Way: ...
    @overload
    def __getitem__(self, number: slice) -> Sequence[Way]: ...
    def __getitem__(self, number: int | slice) -> Way | Sequence[Way]:
        if isinstance(number, slice):
            return [self[one] for one in range(len(self))[number]]
        return self.of((range(len(self))[number],))

    def of(self, numbers: Sequence[int]) -> Way:
        """What some of them reach together."""
        at = tuple(numbers)
        if at not in self._found:
            self._found[at] = reached(self.world, *(self.world.people[number] for number in at))
        return self._found[at]

"""Timing two things against each other in one run, and saying what came out.

Both sides take turns (A B A B …) so that a busy machine slows both alike; the first turns warm caches and are
not counted; the middle of many is reported, with the spread beside it.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

Work = Callable[[], object]


@contextmanager
def one_core() -> Iterator[None]:
    """Inside, this process and the server that it starts keep to one core (where the system can).

    A key read takes some 30 µs; waking a sleeping core takes twice that. Which of two connections the scheduler lets sleep
    beside us would decide the comparison: 0.9x and 3x came out for the same two queries.
    """
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    all_ = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(all_)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, all_)


@dataclass(frozen=True)
class Figure:
    """One comparison. `ours`, `theirs` and `ratio` are in the figure's own `unit`.

    `at_least`: the limit is a floor (a rate), otherwise a ceiling. `of`: what the limit is about.
    """

    name: str
    ours: float
    theirs: float | None
    limit: float
    unit: str
    of: str = "ratio"
    at_least: bool = False
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ratio(self) -> float | None:
        return self.ours / self.theirs if self.theirs else None

    @property
    def ok(self) -> bool:
        value = self.ratio if self.of == "ratio" else self.ours
        if value is None:
            return False
        return value >= self.limit if self.at_least else value <= self.limit

    def json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "ours": rounded(self.ours),
            "theirs": rounded(self.theirs),
            "unit": self.unit,
            "ratio": rounded(self.ratio),
            "limit": f"{self.of} {'>=' if self.at_least else '<='} {self.limit:g}",
            "ok": self.ok,
            "machine": machine(),
            **{
                key: rounded(value) if isinstance(value, float) else value for key, value in self.more.items()
            },
        }

    def line(self) -> str:
        theirs = "" if self.theirs is None else f"{self.theirs:.4g}"
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        said = "ok" if self.ok else "MISSED"
        limit = f"{'>=' if self.at_least else '<='} {self.limit:g}{'x' if self.of == 'ratio' else ''}"
        return f"{self.name:<34} {self.ours:>10.4g} {theirs:>10} {self.unit:<9} {ratio:>6}  {limit:<9} {said}"


HEAD = f"{'figure':<34} {'ours':>10} {'theirs':>10} {'unit':<9} {'ratio':>6}  {'limit':<9}"


@dataclass(frozen=True)
class Times:
    """Milliseconds of each turn."""

    all: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.all)

    def spread(self) -> list[float]:
        """First and third quartile: half of the turns lie between them."""
        if len(self.all) < 2:
            return [round(self.median, 4)] * 2
        low, _, high = statistics.quantiles(self.all, n=4)
        return [round(low, 4), round(high, 4)]


def alternate(sides: Sequence[Work], turns: int, warm: int = 3, *, ordered: bool = False) -> list[Times]:
    """Each side's times, in turns; who begins changes with every round, unless the order matters (`ordered`)."""
    taken: list[list[float]] = [[] for _ in sides]
    with nothing_collected():
        for turn in range(-warm, turns):
            order = range(len(sides)) if turn % 2 or ordered else range(len(sides) - 1, -1, -1)
            for side in order:
                ms = timed(sides[side])
                if turn >= 0:
                    taken[side].append(ms)
    return [Times(tuple(times)) for times in taken]


@contextmanager
def nothing_collected() -> Iterator[None]:
    """Inside, Python looks for no garbage: whom that falls to would be chance. What is left over goes at the beginning."""
    collecting = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def timed(work: Work) -> float:
    """Milliseconds of one call."""
    begun = time.perf_counter_ns()
    work()
    return (time.perf_counter_ns() - begun) / 1e6


def machine() -> dict[str, Any]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    load = round(os.getloadavg()[0], 2)
    return {"cores": cores, "load": load, "python": platform.python_version(), **_SERVER}


_SERVER: dict[str, str] = {}


def measured_on(server_version: int) -> None:
    """What the figures' `machine` says of the database. in: as the server reports it (180004 is 18.4)."""
    _SERVER["postgresql"] = f"{server_version // 10000}.{server_version % 10000}"


def rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")


def parser(about: str | None, people: int | None = None) -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    if people is not None:
        made.add_argument("--people", type=int, default=people, metavar="N", help=f"people ({people:,})")
    made.add_argument("--json", action="store_true", help="one JSON object per figure and line")
    return made


def tell(figures: Sequence[Figure], *, as_json: bool) -> int:
    """Print the figures. out: the exit code, 1 when a limit is missed."""
    if as_json:
        for figure in figures:
            print(json.dumps(figure.json(), ensure_ascii=False))
    else:
        print(HEAD)
        for figure in figures:
            print(figure.line())
    return 0 if all(figure.ok for figure in figures) else 1

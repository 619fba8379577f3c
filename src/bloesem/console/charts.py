"""Geometry of the pictures: numbers become rectangles in percent, so that a picture is as wide as its place.

Pure; the templates draw what comes out. No colours here but the number of a tone.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bloesem.console.overview import MONTHS_AHEAD, Due
from bloesem.console.timeline import Band, Line, Timeline


@dataclass(frozen=True)
class Piece:
    """A rectangle: x, y, width, height in percent of the picture."""

    x: float
    y: float
    w: float
    h: float
    tone: int
    label: str = ""
    ahead: bool = False

    @property
    def box(self) -> str:
        """Its place, as attributes of a `rect` on a strip: across in percent, down in units."""
        return f'x="{self.x:.3f}%" y="{self.y:g}" width="{self.w:.3f}%" height="{self.h:g}"'


@dataclass(frozen=True)
class Bar:
    """One month: its pieces from the bottom up, and what it adds up to."""

    month: dt.date
    total: int
    by_part: tuple[tuple[str, int], ...]
    pieces: tuple[Piece, ...]
    x: float
    w: float


@dataclass(frozen=True)
class Bars:
    bars: tuple[Bar, ...]
    top: int
    lines: tuple[tuple[float, int], ...]


def bars(due: Iterable[Due], today: dt.date, tones: Mapping[str, int]) -> Bars:
    """Stacked bars, one a month, of rows that fall due; parts of one tone lie together."""
    months = [_month(today, i) for i in range(MONTHS_AHEAD)]
    counts: dict[dt.date, dict[str, int]] = {month: defaultdict(int) for month in months}
    for item in due:
        month = item.day.replace(day=1)
        if month in counts:
            counts[month][item.part] += item.rows
    top = nice(max((sum(parts.values()) for parts in counts.values()), default=0))
    step = 100 / len(months)
    made = []
    for i, month in enumerate(months):
        parts = sorted(counts[month].items(), key=lambda it: (tones.get(it[0], 0), it[0]))
        pieces, y = [], 100.0
        tone_sums: dict[int, int] = defaultdict(int)
        for part, n in parts:
            tone_sums[tones.get(part, 0)] += n
        for tone, n in sorted(tone_sums.items()):
            h = 100 * n / top if top else 0
            y -= h
            pieces.append(
                Piece(round(i * step + step * 0.16, 3), round(y, 3), round(step * 0.68, 3), round(h, 3), tone)
            )
        total = sum(counts[month].values())
        made.append(Bar(month, total, tuple(parts), tuple(pieces), round(i * step, 3), round(step, 3)))
    return Bars(tuple(made), top, tuple((round(100 - 100 * n / top, 3), n) for n in _ticks(top)))


def _month(today: dt.date, ahead: int) -> dt.date:
    months = today.month - 1 + ahead
    return dt.date(today.year + months // 12, months % 12 + 1, 1)


def nice(value: int) -> int:
    """The round number at or above: 1, 2, 2.5 or 5 times a power of ten."""
    if value <= 0:
        return 0
    power = 10 ** (len(str(value)) - 1)
    for factor in (1, 2, 2.5, 5, 10):
        if value <= factor * power:
            return max(int(factor * power), 1)
    return value


def _ticks(top: int) -> list[int]:
    return [top // 2, top] if top >= 2 else [top] if top else []


# ---- the timeline ----------------------------------------------------------------------------------------------------

LANE = 7
GAP = 2


@dataclass(frozen=True)
class Strip:
    """One line of the timeline: its bands in percent across and in units down, where it is erased, how high it is."""

    line: Line
    pieces: tuple[Piece, ...]
    height: int
    stored: Piece
    gone: float | None


@dataclass(frozen=True)
class Axis:
    years: tuple[tuple[float, int], ...]
    today: float


class Scale:
    """Days → percent."""

    def __init__(self, start: dt.date, end: dt.date) -> None:
        self.start, self.span = start, max((end - start).days, 1)

    def at(self, day: dt.date) -> float:
        return round(min(max(100 * (day - self.start).days / self.span, 0), 100), 3)


def axis(picture: Timeline) -> Axis:
    scale = Scale(picture.start, picture.end)
    years = range(picture.start.year, picture.end.year + 1)
    every = 1 if len(years) <= 14 else 2 if len(years) <= 28 else 5
    ticks = tuple((scale.at(dt.date(y, 1, 1)), y) for y in years if not (y - years[0]) % every)
    return Axis(tuple(t for t in ticks if t[0] < 95), scale.at(picture.today))


def strips(picture: Timeline, tones: Mapping[str, int]) -> list[Strip]:
    scale = Scale(picture.start, picture.end)
    return [_strip(line, scale, picture, tones) for line in picture.lines]


def _strip(line: Line, scale: Scale, picture: Timeline, tones: Mapping[str, int]) -> Strip:
    lanes = sorted(line.lanes, key=lambda lane: (tones.get(lane.part, 0), lane.part))
    pieces: list[Piece] = []
    for i, lane in enumerate(lanes):
        for band in lane.bands:
            pieces += _band(
                lane.part, band, scale, picture, (i * (LANE + GAP) + GAP, tones.get(lane.part, 0))
            )
    height = max(len(lanes), 1) * (LANE + GAP) + GAP
    left, right = scale.at(line.start), scale.at(line.gone or picture.end)
    stored = Piece(left, 0, max(round(right - left, 3), 0.25), height, 0)
    return Strip(line, tuple(pieces), height, stored, scale.at(line.gone) if line.gone else None)


def _band(part: str, band: Band, scale: Scale, picture: Timeline, place: tuple[int, int]) -> list[Piece]:
    """A band as one piece up to today and one after it: what was, and what will be if nothing else happens."""
    y, tone = place
    end, now = band.dark or picture.end, picture.today
    spans = [(band.start, min(end, now), False), (max(band.start, now), end, True)]
    return [
        Piece(scale.at(a), y, max(round(scale.at(b) - scale.at(a), 3), 0.2), LANE, tone, part, ahead)
        for a, b, ahead in spans
        if a < b
    ]


def legend(lines: Sequence[Line]) -> list[str]:
    """The parts that appear in a picture."""
    return list(dict.fromkeys(lane.part for line in lines for lane in line.lanes))

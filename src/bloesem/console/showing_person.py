"""One person's timeline as the page shows it, and what PostgreSQL answers about them now."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from psycopg import sql

from bloesem.console import because, charts, timeline
from bloesem.console import language as words
from bloesem.console.because import Events
from bloesem.console.company import Company, said
from bloesem.console.keeper import Followed
from bloesem.console.showing import grounds
from bloesem.console.timeline import Band, Lane, Line, Timeline
from bloesem.console.words import WORDS
from bloesem.plan.model import CONSENT, Plan
from bloesem.plan.sql.gate import purpose_columns
from bloesem.stores.postgres import Connection

DAY = dt.timedelta(days=1)


def cases(company: Company, found: list[dict[str, str]], language: str) -> list[dict[str, str]]:
    """The examples: those whom the company names, in its order, then those found by their facts."""
    order = list(company.follow)
    named = [c for c in found if c["kind"] == "first" and (not order or c["key"] in order)]
    named.sort(key=lambda c: order.index(c["key"]) if order else 0)
    others = [c for c in found if c["kind"] != "first"]
    labels = [_case(company, c["kind"], c["about"], language) for c in (*named, *others)]
    return [
        {"key": c["key"], "label": label}
        for c, label in zip((*named, *others), _unlike(labels, language), strict=True)
    ]


def _unlike(labels: list[str], language: str) -> list[str]:
    """The labels, each once: of several people with the same story, the first, a second, a third."""
    seen: Counter[str] = Counter()
    found = []
    for label in labels:
        seen[label] += 1
        again = seen[label]
        found.append(words.say("case.again", language, label=label, n=again) if again > 1 else label)
    return found


def _case(company: Company, kind: str, about: str, language: str) -> str:
    if kind == "first" and about in company.follow:
        return said(company.follow[about], language)
    if kind == "first":
        return about[:1].upper() + about[1:].replace("-", " ").replace("_", " ")
    label = words.say(f"case.{kind}", language)
    if about in company.plan.by_key:
        return f"{label} ({company.part(about, language)})"
    ground = f"ground.{about}"
    return f"{label} ({words.say(ground, language)})" if ground in WORDS else label


def person(company: Company, followed: Followed, language: str) -> dict[str, Any]:
    picture = followed.timeline
    erased = [line for line in picture.lines if not line.stored]
    events = {(m.day, f"{CONSENT}:{m.key}" if m.kind == "consent" else m.key) for m in picture.milestones}
    groups = _groups(company, picture, events, language)
    return {
        "picture": picture,
        "axis": charts.axis(picture),
        "groups": groups,
        "strips": [line for group in groups for line in group.lines],
        "milestones": [
            {
                "day": m.day,
                "x": charts.Scale(picture.start, picture.end).at(m.day),
                "kind": words.say(f"kind.{m.kind}", language),
                "what": company.event(m.key, language)
                if m.kind == "event"
                else company.part(m.key, language),
                "ended": m.ended,
                "future": m.day > picture.today,
            }
            for m in picture.milestones
        ],
        "legend": [
            {"label": company.group(g.key, language), "tone": g.tone}
            for g in company.groups
            if any(part in g.parts for part in charts.legend(picture.lines))
        ],
        "nobody": not picture.lines and not picture.milestones,
        "erased": sum(line.rows for line in erased),
        "over": bool(picture.lines) and len(erased) == len(picture.lines),
    }


@dataclass(frozen=True)
class Shown:
    """A value, or repeated values of one kind: `whole`, as one line; `lines`, one by one. `tell`, `tell_source`: whether
    others have the same name, or even the same column, and what tells them apart is said beside it."""

    whole: dict[str, Any]
    lines: list[dict[str, Any]]
    tell: bool = False
    tell_source: bool = False

    @property
    def several(self) -> bool:
        return len(self.lines) > 1


def _groups(company: Company, picture: Timeline, events: Events, language: str) -> list[Shown]:
    def drawn(lines: tuple[Line, ...]) -> list[dict[str, Any]]:
        strips = charts.strips(replace(picture, lines=lines), company.tones)
        return [_line(company, strip, picture.today, events, language) for strip in strips]

    found = [
        Shown(drawn((timeline.united(group),))[0], drawn(group)) for group in timeline.alike(picture.lines)
    ]
    names = Counter(it.whole["label"] for it in found)
    codes = Counter(it.whole["code"] for it in found)
    return [
        replace(it, tell=names[it.whole["label"]] > 1, tell_source=codes[it.whole["code"]] > 1)
        for it in found
    ]


def _line(
    company: Company, strip: charts.Strip, today: dt.date, events: Events, language: str
) -> dict[str, Any]:
    line = strip.line
    table = company.plan.table(line.table)
    lanes = [_lane(company, lane, today, events, language) for lane in line.lanes]
    return {
        "strip": strip,
        "label": company.column(table.column(line.columns[0]), language),
        "code": f"{line.table}.{line.columns[0]}" + (" …" if len(line.columns) > 1 else ""),
        "codes": [f"{line.table}.{c}" for c in line.columns],
        "rows": line.rows,
        "sources": list(dict.fromkeys(company.source(s, language) for s in line.sources))[:3],
        "start": line.start,
        "gone": line.gone,
        "past": line.stored == 0,
        "late": line.stored if line.gone is not None and line.gone <= today else 0,
        "shown": line.shown,
        "lanes": lanes,
        "folded": _folded(lanes),
        "reads_now": sum(lane.reads(today) for lane in line.lanes),
    }


def _folded(lanes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Lanes of one colour that say the same, said once."""
    found: list[dict[str, Any]] = []
    for lane in lanes:
        same = next((f for f in found if f["tone"] == lane["tone"] and f["bands"] == lane["bands"]), None)
        if same is None:
            found.append(dict(lane))
        else:
            same["label"] += ", " + lane["label"]
    return found


def _lane(company: Company, lane: Lane, today: dt.date, events: Events, language: str) -> dict[str, Any]:
    return {
        "key": lane.part,
        "label": company.part(lane.part, language),
        "tone": company.tones.get(lane.part, 0),
        "bands": [_band(company, lane.part, band, events, language) for band in lane.bands],
        "now": lane.reads(today),
    }


def _band(company: Company, part: str, band: Band, events: Events, language: str) -> dict[str, Any]:
    """A stretch: from when to when, why it ends, and what says so."""
    why = "runs" if band.dark is None else band.why
    start = words.day(band.start, language)
    if band.dark is None:
        span = words.say("person.reads", language, start=start)
    else:
        span = words.say("person.read", language, start=start, last=words.day(band.dark - DAY, language))
    ran = because.clock_that_ran(company.plan.purpose(part), band.since, events)
    return {
        "span": span,
        "why": words.reason(company, part, why, band.since, band.until, language, ran),
        "quotes": grounds(company, part, language, why, clocks=ran, narrow=band.narrow),
        "start": band.start,
        "dark": band.dark,
    }


@dataclass(frozen=True)
class Asked:
    """A part, what PostgreSQL shows it of one person now, and what the calculus says it should."""

    part: str
    tone: int
    rows: int
    expected: int

    @property
    def equal(self) -> bool:
        return self.rows == self.expected


def asked_now(
    company: Company, followed: Followed, served: tuple[str, ...], open_as: Callable[[Plan, str], Connection]
) -> list[Asked]:
    """Asks PostgreSQL, as the role of each part that is served here, how many rows of the person it sees."""
    plan = company.plan
    expected = {e.part: e.rows for e in followed.expected}
    found: list[Asked] = []
    for purpose in company.parts:
        if not purpose.active or purpose.key not in served:
            continue
        with open_as(plan, purpose.key) as connection:
            connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(plan.role(purpose.name))))
            connection.execute(
                sql.SQL("SET LOCAL search_path = {}, pg_temp").format(sql.Identifier(purpose.name))
            )
            rows = sum(
                _seen(connection, table.name, table.owners, followed.case.person)
                for table in plan.tables
                if purpose_columns(plan, table, purpose)
            )
            connection.rollback()
        found.append(
            Asked(purpose.key, company.tones.get(purpose.key, 0), rows, expected.get(purpose.key, 0))
        )
    return found


def _seen(connection: Connection, table: str, owners: tuple[str, ...], person: int) -> int:
    mine = sql.SQL(" OR ").join(sql.SQL("{} = %s").format(sql.Identifier(o)) for o in owners)
    query = sql.SQL("SELECT count(*) FROM {} WHERE {}").format(sql.Identifier(table), mine)
    row = connection.execute(query, [person] * len(owners)).fetchone()
    return int(row[0]) if row else 0

"""One person's timeline as the page shows it, and what PostgreSQL answers about them now."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from psycopg import sql

from bloesem.console import because, charts, timeline
from bloesem.console import language as words
from bloesem.console.because import Events
from bloesem.console.company import Company, said
from bloesem.console.door import Door
from bloesem.console.keeper import Followed
from bloesem.console.showing import grounds
from bloesem.console.timeline import Band, Lane, Line, Timeline
from bloesem.console.words import WORDS
from bloesem.plan.model import CONSENT, Plan, PurposePlan
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


@dataclass(frozen=True)
class Reader:
    """To whom a timeline is told, in which words. `own`: it is their own; `events`: what happened, and when."""

    company: Company
    language: str
    events: Events
    own: bool


def person(company: Company, picture: Timeline, language: str, *, own: bool = False) -> dict[str, Any]:
    """What the page of somebody's timeline shows; `own`: to them."""
    erased = [line for line in picture.lines if not line.stored]
    events = {(m.day, f"{CONSENT}:{m.key}" if m.kind == "consent" else m.key) for m in picture.milestones}
    families = _families(Reader(company, language, events, own), picture)
    stones = _milestones(company, picture, language)
    return {
        "picture": picture,
        "axis": charts.axis(picture),
        "families": families,
        "strips": [line for family in families for group in family.groups for line in group.lines],
        "milestones": stones,
        "happened": _happened(stones),
        "legend": [
            {"label": company.group(g.key, language), "tone": g.tone}
            for g in company.groups
            if any(part in g.parts for part in charts.legend(picture.lines))
        ],
        "nobody": not picture.lines and not picture.milestones,
        "erased": sum(line.rows for line in erased),
        "over": bool(picture.lines) and len(erased) == len(picture.lines),
    }


def _what(company: Company, kind: str, key: str, language: str) -> str:
    """What a fact is about; of a minor's data there is nothing more to say than when."""
    if kind == "minor":
        return ""
    return company.event(key, language) if kind == "event" else company.part(key, language)


def _milestones(company: Company, picture: Timeline, language: str) -> list[dict[str, Any]]:
    scale = charts.Scale(picture.start, picture.end)
    return [
        {
            "day": m.day,
            "x": scale.at(m.day),
            "kind": words.say(f"kind.{m.kind}", language),
            "what": _what(company, m.kind, m.key, language),
            "ended": m.ended,
            "future": m.day > picture.today,
        }
        for m in picture.milestones
    ]


def _happened(stones: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """What happened, each thing once: when first, when last, how often."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for stone in stones:
        it = found.setdefault((stone["kind"], stone["what"]), {**stone, "times": 0})
        it["last"], it["times"] = stone["day"], it["times"] + 1
    return list(found.values())


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


@dataclass(frozen=True)
class Family:
    """The values under one heading of the policy's list of data. `whole`: all of them as one line; `names`: each, once;
    `erased`: how many of the `values` are gone."""

    label: str
    whole: dict[str, Any]
    groups: tuple[Shown, ...]
    names: str
    values: int
    erased: int

    @property
    def several(self) -> bool:
        return len(self.groups) > 1


def _families(to: Reader, picture: Timeline) -> list[Family]:
    """In the order in which they come; what a heading has but one of stands for itself."""
    kinds: dict[str, list[tuple[Line, ...]]] = {}
    for group in timeline.alike(picture.lines):
        kinds.setdefault(_heading(group[0]), []).append(group)
    found = []
    for heading, alike in kinds.items():
        every = [line for group in alike for line in group]
        groups = _groups(to, picture, alike)
        whole = _drawn(to, picture, (timeline.united(every),), told=False)[0]
        found.append(
            Family(
                to.company.category(heading, to.language),
                whole,
                tuple(groups),
                ", ".join(dict.fromkeys(it.whole["label"] for it in groups)),
                len(groups),
                sum(it.whole["past"] for it in groups),
            )
        )
    return found


def _heading(line: Line) -> str:
    """The heading under which the policy lists a value: `contact` of `contact.email`."""
    return line.categories[0].partition(".")[0] if line.categories else line.table


def _drawn(
    to: Reader, picture: Timeline, lines: tuple[Line, ...], *, told: bool = True
) -> list[dict[str, Any]]:
    """Lines as they are drawn; `told`: with what each stretch says, which a line that only sums up does not show."""
    strips = charts.strips(replace(picture, lines=lines), to.company.tones)
    return [_line(to, strip, picture.today, told=told) for strip in strips]


def _groups(to: Reader, picture: Timeline, alike: Iterable[tuple[Line, ...]]) -> list[Shown]:
    found = []
    for group in alike:
        lines = _drawn(to, picture, group)
        united = (timeline.united(group),)
        whole = lines if len(group) == 1 else _drawn(to, picture, united, told=False)
        found.append(Shown(whole[0], lines))
    names = Counter(it.whole["label"] for it in found)
    codes = Counter(it.whole["code"] for it in found)
    return [
        replace(it, tell=names[it.whole["label"]] > 1, tell_source=codes[it.whole["code"]] > 1)
        for it in found
    ]


def _line(to: Reader, strip: charts.Strip, today: dt.date, *, told: bool) -> dict[str, Any]:
    line, company, language = strip.line, to.company, to.language
    table = company.plan.table(line.table)
    lanes = [_lane(to, lane, today) for lane in line.lanes] if told else []
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


def _lane(to: Reader, lane: Lane, today: dt.date) -> dict[str, Any]:
    return {
        "key": lane.part,
        "label": to.company.part(lane.part, to.language),
        "tone": to.company.tones.get(lane.part, 0),
        "bands": [_band(to, lane.part, band) for band in lane.bands],
        "now": lane.reads(today),
    }


def _band(to: Reader, part: str, band: Band) -> dict[str, Any]:
    """A stretch: from when to when, why it ends, and what says so."""
    company, language = to.company, to.language
    why = "runs" if band.dark is None else band.why
    start = words.day(band.start, language)
    if band.dark is None:
        span = words.say("person.reads", language, start=start)
    else:
        span = words.say("person.read", language, start=start, last=words.day(band.dark - DAY, language))
    ran = because.clock_that_ran(company.plan.purpose(part), band.since, to.events)
    return {
        "span": span,
        "why": words.reason(company, part, why, band.since, band.until, language, ran, own=to.own),
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


def asked_now(company: Company, followed: Followed, doors: Iterable[Door]) -> list[Asked]:
    """Asks PostgreSQL, as the role of each part that is served here, how many rows of the person it sees: one question
    a role, through one connection a login."""
    plan, expected = company.plan, {e.part: e.rows for e in followed.expected}
    seen: dict[str, int] = {}
    for door in doors:
        served = [p for p in company.parts if p.active and p.key in door.roles]
        if served:
            with door.warm() as connection:
                seen |= {p.key: _seen(connection, plan, p, followed.case.person) for p in served}
    return [
        Asked(p.key, company.tones.get(p.key, 0), seen[p.key], expected.get(p.key, 0))
        for p in company.parts
        if p.key in seen
    ]


def _seen(connection: Connection, plan: Plan, purpose: PurposePlan, person: int) -> int:
    """Rows of the person in the views of a role, which this connection takes on for a moment."""
    tables = [table for table in plan.tables if purpose_columns(plan, table, purpose)]
    counts = [
        sql.SQL("(SELECT count(*) FROM {} WHERE {})").format(
            sql.Identifier(purpose.name, table.name),
            sql.SQL(" OR ").join(sql.SQL("{} = %s").format(sql.Identifier(o)) for o in table.owners),
        )
        for table in tables
    ]
    if not counts:
        return 0
    connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(plan.role(purpose.name))))
    asked = [person for table in tables for _ in table.owners]  # the same text for everybody: planned once
    found = connection.execute(sql.SQL("SELECT {}").format(sql.SQL(" + ").join(counts)), asked).fetchone()
    connection.rollback()
    return int(found[0]) if found else 0

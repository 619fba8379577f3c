"""What the templates need, as plain values in the reader's language. Between services and pages; decides nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from psycopg import sql

from bloesem.console import breaking, charts
from bloesem.console import language as words
from bloesem.console.breaking import Attempt
from bloesem.console.company import Company, Promise, said
from bloesem.console.effects import Effects
from bloesem.console.jobs import Job
from bloesem.console.keeper import FURTHEST, Followed
from bloesem.console.overview import Overview
from bloesem.console.timeline import Lane
from bloesem.console.words import WORDS
from bloesem.plan.model import Plan
from bloesem.plan.sql.gate import purpose_columns
from bloesem.stores.postgres import Connection

DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Quote:
    """A promise as it is shown: the words of the text, in Dutch, and what they ask in the reader's language."""

    id: str
    where: str
    words: str
    claim: str


def quotes(company: Company, ids: Iterable[str], language: str, most: int = 2) -> list[Quote]:
    return [_quote(promise, language) for promise in company.quotes(tuple(ids))[:most]]


def _quote(promise: Promise, language: str) -> Quote:
    line = words.say("line", language, line=promise.line) if promise.line else ""
    key = "quote.of" if line else "quote.of0"
    where = words.say(key, language, id=promise.id, where=line)
    return Quote(promise.id, where, promise.quote, said(promise.claim, language) if promise.claim else "")


# ---- now -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PartRow:
    key: str
    label: str
    tone: int
    how_long: str
    people: int
    rows: int
    values: int
    share: float
    off: str | None


@dataclass(frozen=True)
class GroupRows:
    label: str
    tone: int
    parts: tuple[PartRow, ...]


def now(company: Company, seen: Overview, language: str) -> dict[str, Any]:
    counts = {c.part: c for c in seen.parts}
    most = max((c.values for c in seen.parts), default=0) or 1
    groups = []
    for group in company.groups:
        rows = []
        for key in group.parts:
            purpose, c = company.plan.purpose(key), counts.get(key)
            rows.append(
                PartRow(
                    key,
                    company.part(key, language),
                    group.tone,
                    words.clocks(company, key, language),
                    c.people if c else 0,
                    c.rows if c else 0,
                    c.values if c else 0,
                    round(100 * (c.values if c else 0) / most, 2),
                    None if purpose.active else (purpose.why_off or ""),
                )
            )
        groups.append(GroupRows(company.group(group.key, language), group.tone, tuple(rows)))
    picture = charts.bars(seen.due, seen.today, company.tones)
    return {
        "seen": seen,
        "groups": groups,
        "picture": picture,
        "bars": [_bar(company, bar, seen.today, language) for bar in picture.bars],
        "due_parts": _due_parts(company, seen, language),
        "acts": [_act(act, language) for act in seen.acts],
    }


def _bar(company: Company, bar: charts.Bar, today: dt.date, language: str) -> dict[str, Any]:
    last = (bar.month.replace(day=28) + 4 * DAY).replace(day=1) - DAY
    return {
        "bar": bar,
        "name": words.month(bar.month, language),
        "short": words.month(bar.month, language, short=True),
        "year": bar.month.year if bar.month.month == 1 else None,
        "day": max(last, today).isoformat(),
        "label": words.say(
            "now.due.bar",
            language,
            month=words.month(bar.month, language),
            rows=words.number(bar.total, language),
        ),
        "parts": [(company.part(part, language), company.tones.get(part, 0), n) for part, n in bar.by_part],
    }


def _due_parts(company: Company, seen: Overview, language: str) -> list[dict[str, Any]]:
    """Legend of the bars: the groups of the policy that appear, with their sums."""
    sums: dict[int, int] = {}
    for item in seen.due:
        tone = company.tones.get(item.part, 0)
        sums[tone] = sums.get(tone, 0) + item.rows
    return [
        {"label": company.group(g.key, language), "tone": g.tone, "rows": sums[g.tone]}
        for g in company.groups
        if sums.get(g.tone)
    ]


def _act(act: Any, language: str) -> dict[str, Any]:
    key = f"act.{act.kind}"
    said_counts = [
        words.say(f"count.{name}", language, n=words.number(n, language))
        for name, n in act.counts.items()
        if f"count.{name}" in WORDS
    ]
    return {
        "at": act.at,
        "what": words.say(key if key in WORDS else "act.other", language),
        "counts": ", ".join(said_counts),
    }


# ---- the date --------------------------------------------------------------------------------------------------------


def days(today: dt.date, chosen: str) -> dict[str, Any]:
    """The form: today, what was chosen, and some days to skip to."""
    ahead = (
        ("date.month", 1),
        ("date.quarter", 3),
        ("date.year", 12),
        ("date.years2", 24),
        ("date.years8", 96),
    )
    return {
        "chosen": chosen or later(today, 1).isoformat(),
        "quick": [(key, later(today, months).isoformat()) for key, months in ahead],
    }


def later(day: dt.date, months: int) -> dt.date:
    """The same day so many months later, or the last day of that month."""
    count = day.month - 1 + months
    year, month = day.year + count // 12, count % 12 + 1
    last = (dt.date(year + month // 12, month % 12 + 1, 1) - DAY).day
    return dt.date(year, month, min(day.day, last))


def day_asked(text: str, today: dt.date, language: str) -> tuple[dt.date | None, str | None]:
    """The day that a form names, or why it is none."""
    try:
        day = dt.date.fromisoformat(text.strip())
    except ValueError:
        return None, words.say("date.bad", language)
    if day < today:
        return None, words.say("date.back", language, today=words.day(today, language))
    furthest = dt.date(today.year + FURTHEST, 1, 1)
    if day > furthest:
        return None, words.say("date.far", language, day=words.day(furthest, language))
    return day, None


def effects(company: Company, done: Effects, language: str) -> dict[str, Any]:
    plan = company.plan
    tables = []
    for it in done.tables:
        table = plan.table(it.table)
        columns = [
            {"name": name, "n": n, "what": company.column(table.column(name), language)}
            for name, n in sorted(it.erased.items(), key=lambda pair: -pair[1])
        ]
        dark = [
            {
                "key": part,
                "label": company.part(part, language),
                "tone": company.tones.get(part, 0),
                "n": n,
                "why": words.clocks(company, part, language),
                "quotes": [],
            }
            for part, n in sorted(it.dark.items(), key=lambda pair: company.tones.get(pair[0], 0))
        ]
        tables.append(
            {
                "name": it.table,
                "what": _what(company, it.table, language),
                "deleted": it.deleted,
                "columns": columns,
                "erased": sum(it.erased.values()),
                "dark": dark,
            }
        )
    return {"effects": done, "tables": tables, "parts": _dark_parts(company, done, language)}


def _what(company: Company, table: str, language: str) -> str:
    """The categories of a table, in words."""
    keys = [k for c in company.plan.table(table).columns if not c.key for k in c.categories]
    return ", ".join(company.category(k, language) for k in list(dict.fromkeys(keys))[:3])


def _dark_parts(company: Company, done: Effects, language: str) -> list[dict[str, Any]]:
    """Per part, over all tables, rows that it can no longer read; with the promise behind it."""
    sums: dict[str, int] = {}
    for table in done.tables:
        for part, n in table.dark.items():
            sums[part] = sums.get(part, 0) + n
    most = max(sums.values(), default=0) or 1
    return [
        {
            "label": company.part(part, language),
            "tone": company.tones.get(part, 0),
            "n": n,
            "share": round(100 * n / most, 2),
            "why": words.clocks(company, part, language),
            "quotes": quotes(company, _ends(company, part), language, 1),
        }
        for part, n in sorted(sums.items(), key=lambda pair: -pair[1])
    ]


def _ends(company: Company, part: str) -> tuple[str, ...]:
    """A part's promises, the one about its term first: whose words are most like the text's term for the row."""
    purpose = company.plan.purpose(part)
    row = company.policy.purposes.get(purpose.of)
    term = set((row.retention_text or {}).get("nl", "").lower().split()) if row else set()

    def likeness(promise: str) -> tuple[int, str]:
        found = company.promises.get(promise)
        words_ = set(found.quote.lower().replace(",", " ").replace("|", " ").split()) if found else set()
        return len(term & words_), promise

    return tuple(sorted(purpose.promises, key=likeness, reverse=True))


def refusal(job: Job, language: str) -> str:
    """Why the keeper did not do it, in words."""
    result = dict(job.result or {})
    key = str(result.pop("refused", "job.failed"))
    values = {k: words.day(dt.date.fromisoformat(str(v)), language) for k, v in result.items()}
    return words.say(key if key in WORDS else "job.failed", language, **values)


# ---- one person --------------------------------------------------------------------------------------------------------


def cases(company: Company, found: list[dict[str, str]], language: str) -> list[dict[str, str]]:
    return [{"key": c["key"], "label": _case(company, c["kind"], c["about"], language)} for c in found]


def _case(company: Company, kind: str, about: str, language: str) -> str:
    if kind == "first":
        return about[:1].upper() + about[1:].replace("-", " ").replace("_", " ")
    label = words.say(f"case.{kind}", language)
    return f"{label} ({company.part(about, language)})" if about in company.plan.by_key else label


def person(company: Company, followed: Followed, language: str) -> dict[str, Any]:
    picture = followed.timeline
    strips = charts.strips(picture, company.tones)
    return {
        "picture": picture,
        "axis": charts.axis(picture),
        "strips": [_line(company, strip, picture.today, language) for strip in strips],
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
    }


def _line(company: Company, strip: charts.Strip, today: dt.date, language: str) -> dict[str, Any]:
    line = strip.line
    table = company.plan.table(line.table)
    lanes = [_lane(company, lane, today, language) for lane in line.lanes]
    return {
        "strip": strip,
        "label": company.column(table.column(line.columns[0]), language),
        "code": f"{line.table}.{line.columns[0]}" + (" …" if len(line.columns) > 1 else ""),
        "codes": [f"{line.table}.{c}" for c in line.columns],
        "rows": line.rows,
        "sources": list(dict.fromkeys(company.source(s, language) for s in line.sources))[:3],
        "start": line.start,
        "gone": line.gone,
        "past": line.gone is not None and line.gone <= today,
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


def _lane(company: Company, lane: Lane, today: dt.date, language: str) -> dict[str, Any]:
    bands = []
    for band in lane.bands:
        if band.dark is None:
            span = words.say("person.reads", language, start=words.day(band.start, language))
            why = words.reason(company, lane.part, "runs", None, None, language)
        else:
            last = words.day(band.dark - DAY, language)
            span = words.say("person.read", language, start=words.day(band.start, language), last=last)
            why = words.reason(company, lane.part, band.why, band.since, band.until, language)
        bands.append({"span": span, "why": why, "start": band.start, "dark": band.dark})
    return {
        "key": lane.part,
        "label": company.part(lane.part, language),
        "tone": company.tones.get(lane.part, 0),
        "bands": bands,
        "now": lane.reads(today),
        "quotes": quotes(company, _ends(company, lane.part), language, 1),
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


# ---- break it ------------------------------------------------------------------------------------------------------


def choices(company: Company, language: str) -> dict[str, Any]:
    """The selects and buttons."""
    plan = company.plan
    roles = [
        {
            "label": company.group(group.key, language),
            "roles": [(key, company.part(key, language)) for key in group.parts if plan.purpose(key).active],
        }
        for group in company.groups
    ]
    if plan.scoped:
        roles.append({"label": "…", "roles": [(s.key, s.key) for s in plan.scoped]})
    fields = [
        {
            "table": table.name,
            "columns": [
                (f"{table.name}.{c.name}", c.name, company.column(c, language))
                for c in table.columns
                if not c.key
            ],
        }
        for table in plan.tables
    ]
    ready = [
        {"number": i, "label": said(it.label, language), "role": it.role, "sql": it.sql}
        for i, it in enumerate(company.attempts)
        if _known(plan, it.role)
    ]
    asker = next((p.key for p in plan.purposes if p.active and p.objection == "absolute"), None)
    return {"roles": roles, "fields": fields, "ready": ready, "role": asker, "field": None, "sql": ""}


def _known(plan: Plan, role: str) -> bool:
    return (role in plan.by_key and plan.by_key[role].active) or any(s.key == role for s in plan.scoped)


@dataclass(frozen=True)
class Reading:
    """A form of the page, read: who asks, what, and what the page shows as chosen."""

    role: str
    statements: tuple[str, ...]
    write: bool
    context: dict[str, Any] = field(default_factory=dict)


def read_attempt(company: Company, form: Mapping[str, str]) -> Reading:
    """One of the three forms: a prepared attempt, a field, or SQL. What is not known becomes the first that is."""
    plan = company.plan
    role = form.get("role", "")
    if not _known(plan, role):
        role = next(p.key for p in company.parts if p.active)
    if form.get("ready", "").isdigit() and int(form["ready"]) < len(company.attempts):
        it = company.attempts[int(form["ready"])]
        if _known(plan, it.role):
            shown = {"role": it.role, "sql": it.sql, "ready_on": int(form["ready"]), "write": it.write}
            return Reading(it.role, (it.sql,), it.write, shown)
    table, _, column = form.get("field", "").partition(".")
    known = plan.by_name.get(table)
    if known is not None and any(c.name == column for c in known.columns):
        statements = (
            breaking.field_sql(plan, table, column),
            breaking.field_sql(plan, table, column, wall=True),
        )
        return Reading(role, statements, False, {"role": role, "field": f"{table}.{column}"})
    text = form.get("sql", "").strip()
    write = form.get("write") == "yes"
    return Reading(role, (text,) if text else (), write, {"role": role, "sql": text, "write": write})


def attempt(company: Company, made: Attempt, language: str) -> dict[str, Any]:
    """An answer with the policy behind it."""
    shown: dict[str, Any] = {"made": made, "because": None}
    because = made.because
    if because is None:
        return shown
    what = ", ".join(company.category(k, language) for k in because.categories)
    if because.column and because.table:
        what = f"{what} ({because.table}.{because.column})"
    label = company.part(because.part, language)
    clock = words.clocks(company, because.part, language) if because.part in company.plan.by_key else ""
    shown["because"] = words.say(
        because.key, language, part=label, what=what or (because.table or ""), clock=clock
    )
    shown["readers"] = [company.part(key, language) for key in because.readers]
    shown["has_readers"] = because.key == "try.because.column"
    shown["quotes"] = quotes(company, because.promises, language)
    return shown

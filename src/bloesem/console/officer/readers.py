"""Who could read this of that person today, and why: each role's answer by the calculus, held against what PostgreSQL has.

The rows come as what decides about them (`gate.oversight`): no value is here to be shown.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from bloesem.console import because, showing
from bloesem.console import language as words
from bloesem.console.because import Events
from bloesem.console.company import Company
from bloesem.console.showing import Quote
from bloesem.gate.oversight import Asked, Row
from bloesem.plan import calculus
from bloesem.plan.calculus import Judged, Verdict
from bloesem.plan.dates import civil
from bloesem.plan.model import CONSENT, ColumnPlan, Fact, PurposePlan, ScopedPlan, TablePlan
from bloesem.plan.sql.gate import purpose_columns, scope_columns, scoped_columns

#: Reasons that say that a purpose has no business with the data at all, whoever it is about.
NEVER = ("column-not-needed", "table-not-needed", "off")


@dataclass(frozen=True)
class Why:
    """One reason, for `values` of them: in words, what says so, and its last day where there is one: of the last of them,
    and of the first where that is another."""

    text: str
    quotes: tuple[Quote, ...]
    until: dt.date | None
    first: dt.date | None
    values: int


@dataclass(frozen=True)
class Reader:
    """A role. `can`: of how many values; `by`: the processes through which, and whether staff's; `case`: that it opens one
    case at a time, with a second person."""

    key: str
    label: str
    tone: int
    can: int
    values: int
    whys: tuple[Why, ...]
    by: tuple[tuple[str, bool], ...]
    case: bool

    @property
    def part(self) -> bool:
        """Of some values, and not of others."""
        return 0 < self.can < self.values


@dataclass(frozen=True)
class Kept:
    """Why values are still stored: for which part, why in words, until when; and whether it also reads them."""

    label: str
    tone: int
    text: str
    until: dt.date | None
    reads: bool
    values: int


@dataclass(frozen=True)
class Hold:
    """A hold, on `rows` of somebody's; none: on all that is theirs."""

    label: str
    since: dt.date
    review: dt.date | None
    rows: int


@dataclass(frozen=True)
class Answer:
    """`values`: how many there are (`more`: beside those, older ones that were not looked at one by one); `agreed`: of
    the questions put to both, calculus and masks gave the same answer; `differ`: where they did not, by name."""

    values: int
    more: int
    readers: tuple[Reader, ...]
    others: tuple[Reader, ...]
    never: tuple[str, ...]
    scoped: tuple[Reader, ...]
    kept: tuple[Kept, ...]
    holds: tuple[Hold, ...]
    agreed: int
    differ: tuple[str, ...]


@dataclass(frozen=True)
class _Value:
    """Values that are there, of one column, and of rows about which everything is decided alike. `row`: one of them."""

    row: Row
    column: ColumnPlan
    judged: Judged
    many: int


def tables_of(company: Company, category: str) -> list[TablePlan]:
    """The tables that have a value of a category."""
    return [t for t in company.plan.tables if any(_is(c, category) for c in t.columns)]


def categories(company: Company) -> list[str]:
    """Those of which the map has a value, in the policy's order."""
    found = {key for t in company.plan.tables for c in t.columns if not c.key for key in c.categories}
    return [key for key in company.policy.categories if key in found]


def _is(column: ColumnPlan, category: str) -> bool:
    return not column.key and category in column.categories


def answer(company: Company, asked: Asked, category: str, language: str) -> Answer:
    """in: the answer of the database about exactly one person, asked for the tables of this category."""
    values = list(_values(company, asked, category))
    events = _events(asked.facts.get(asked.person or 0, ()))
    judged = _Judged(company, values, events, language)
    readers = [judged.reader(p) for p in company.parts]
    can = [r for r in readers if r.can]
    cannot = [r for r in readers if not r.can]
    never = [r for r in cannot if judged.never(r.key)]
    shown = Counter(row.table.name for row in asked.rows)
    return Answer(
        values=sum(value.many for value in values),
        more=sum(max(0, n - shown[name]) for name, n in asked.counts.items()),
        readers=tuple(can),
        others=tuple(r for r in cannot if r not in never),
        never=tuple(r.label for r in never),
        scoped=tuple(judged.scoped(s) for s in company.plan.scoped),
        kept=tuple(judged.kept()),
        holds=tuple(_holds(company, asked, language)),
        agreed=judged.agreed,
        differ=tuple(dict.fromkeys(judged.differ)),
    )


def _values(company: Company, asked: Asked, category: str) -> Iterable[_Value]:
    """Each row is judged once. Many sessions are decided about alike: they are told together, and counted."""
    plan = company.plan
    states = {who: calculus.person(plan, facts, asked.at) for who, facts in asked.facts.items()}
    owners = {
        int(who) for row in asked.rows for o in row.table.owners if (who := row.decides.get(o)) is not None
    }
    states |= {who: calculus.person(plan, (), asked.at) for who in owners - states.keys()}
    found: dict[tuple[object, ...], tuple[Row, ColumnPlan, Judged]] = {}
    many: Counter[tuple[object, ...]] = Counter()
    for row in asked.rows:
        mine = [
            column
            for column in row.table.columns
            if _is(column, category)
            and column.name in row.there
            and row.decides.get(row.table.owners[column.owner]) == asked.person
        ]
        if not mine:
            continue
        judged = calculus.judged(plan, row.table, row.decides, asked.facts, asked.at, states)
        scopes = tuple(row.decides.get(c) is None for c in (*row.table.owners, *row.table.scopes.values()))
        alike = (row.table.name, row.used, row.kept, row.over, scopes, judged.masks, *judged.reasons.values())
        for column in mine:
            key = (column.name, *alike)
            found.setdefault(key, (row, column, judged))
            many[key] += 1
    return (_Value(*one, many[key]) for key, one in found.items())


def _events(facts: Iterable[Fact]) -> Events:
    return {
        (civil(f.starts_at), f"{CONSENT}:{f.key}" if f.kind == "consent" else f.key)
        for f in facts
        if f.kind in ("event", "consent")
    }


def _holds(company: Company, asked: Asked, language: str) -> Iterable[Hold]:
    found = Counter(
        (fact.key, civil(fact.starts_at), fact.review_on, fact.table is not None)
        for fact in asked.facts.get(asked.person or 0, ())
        if fact.kind == "hold" and fact.holds(asked.at)
    )
    for (key, since, review, of_rows), many in found.items():
        yield Hold(company.part(key, language), since, review, many if of_rows else 0)


class _Judged:
    """Every part's verdict on every value, once. `agreed`, `differ`: how the masks compare."""

    def __init__(self, company: Company, values: list[_Value], events: Events, language: str) -> None:
        self.company, self.events, self.language = company, events, language
        self.values = values
        self.many = sum(value.many for value in values)
        self.agreed, self.differ = 0, list[str]()
        self.verdicts: dict[str, list[tuple[_Value, bool, Verdict]]] = {
            p.key: [self._judge(p, value) for value in values] for p in company.parts
        }
        served = company.plan.processes
        self.by = {
            key: tuple((login, login in company.plan.staff) for login in served if key in served[login])
            for key in (*company.plan.by_key, *(s.key for s in company.plan.scoped))
        }

    def _judge(self, purpose: PurposePlan, value: _Value) -> tuple[_Value, bool, Verdict]:
        row = value.row
        decision = value.judged.decide(value.column, purpose)
        held = self._masks(purpose, value)
        if held == decision.allowed or row.over:
            self.agreed += value.many
        else:
            self.differ.append(f"{purpose.key}: {row.table.name}.{value.column.name}")
        reason = decision.reason
        if decision.allowed and not held:  # the clock has not judged the row anew: nobody reads until it has
            reason = replace(reason, use=False, why="due")
        return value, decision.allowed and held, reason

    def _masks(self, purpose: PurposePlan, value: _Value) -> bool:
        """What PostgreSQL decides: the column is granted, the row's mask has the bit, and is still certain."""
        row = value.row
        granted = purpose.active and value.column.name in purpose_columns(
            self.company.plan, row.table, purpose
        )
        mask = row.kept if row.table.always_visible else row.used
        return bool(granted and mask & purpose.mask and not row.over)

    def never(self, key: str) -> bool:
        found = self.verdicts[key]
        return all(verdict.why in NEVER for _, _, verdict in found)

    def reader(self, purpose: PurposePlan) -> Reader:
        found = self.verdicts[purpose.key]
        whys: dict[Verdict, list[tuple[_Value, Verdict]]] = {}
        for value, _, verdict in found:
            whys.setdefault(replace(verdict, until=None), []).append((value, verdict))
        return Reader(
            purpose.key,
            self.company.part(purpose.key, self.language),
            self.company.tones.get(purpose.key, 0),
            sum(value.many for value, allowed, _ in found if allowed),
            self.many,
            tuple(self._why(purpose, alike) for alike in whys.values()),
            self.by[purpose.key],
            purpose.key in self.company.plan.cases,
        )

    def _why(self, purpose: PurposePlan, alike: list[tuple[_Value, Verdict]]) -> Why:
        """One reason that differs at most in its last day: each record has its own."""
        company, language = self.company, self.language
        values = [value for value, _ in alike]
        verdict = max((verdict for _, verdict in alike), key=lambda it: it.until or dt.date.max)
        first = min((it.until for _, it in alike if it.until), default=None)
        ran = because.clock_that_ran(purpose, verdict.since, self.events)
        narrow = tuple(p for n in values[0].row.table.narrow if n.removed & purpose.mask for p in n.promises)
        if because.of_law(company, verdict.why, purpose.key):
            quotes = showing.grounds(company, purpose.key, language, verdict.why)
        else:
            ids = because.promises(
                company, verdict.why, purpose.key, column=values[0].column, clocks=ran, narrow=narrow
            )
            quotes = showing.quotes(company, ids, language, 1)
        text = words.reason(company, purpose.key, verdict.why, verdict.since, verdict.until, language, ran)
        return Why(
            text,
            tuple(quotes),
            verdict.until,
            None if first == verdict.until else first,
            sum(value.many for value in values),
        )

    def scoped(self, role: ScopedPlan) -> Reader:
        """A role that sees the rows of its scope alone: the person, the employer, the installer of a job."""
        can = sum(value.many for value in self.values if self._in_scope(role, value))
        return Reader(
            role.key,
            self.company.part(role.key, self.language),
            self.company.tones.get(role.purpose or "", 8),
            can,
            self.many,
            (),
            self.by[role.key],
            False,
        )

    def _in_scope(self, role: ScopedPlan, value: _Value) -> bool:
        row, plan = value.row, self.company.plan
        if value.column.name not in scoped_columns(plan, row.table, role) or row.over:
            return False
        if all(row.decides.get(name) is None for name in scope_columns(row.table, role)):
            return False
        seen = row.kept if role.restricted_too or (role.purpose and row.table.always_visible) else row.used
        return bool(seen & plan.purpose(role.purpose).mask if role.purpose else seen)

    def kept(self) -> Iterable[Kept]:
        """Who still requires the values to be stored, the longest first."""
        for purpose in self.company.parts:
            found = [
                (value, allowed, verdict)
                for value, allowed, verdict in self._keeping(purpose)
                if verdict.keep and value.column.purposes & purpose.mask
            ]
            if not found:
                continue
            ends = [verdict.until for _, _, verdict in found]
            longest = max(found, key=lambda it: it[2].until or dt.date.max)[2]
            ran = because.clock_that_ran(purpose, longest.since, self.events)
            yield Kept(
                self.company.part(purpose.key, self.language),
                self.company.tones.get(purpose.key, 0),
                words.reason(
                    self.company, purpose.key, "held" if longest.why == "held" else "runs",
                    longest.since, longest.until, self.language, ran,
                ),
                None if None in ends else longest.until,
                any(allowed for _, allowed, _ in found),
                sum(value.many for value, _, _ in found),
            )  # fmt: skip

    def _keeping(self, purpose: PurposePlan) -> Iterable[tuple[_Value, bool, Verdict]]:
        return self.verdicts[purpose.key]


def roles(answer: Answer) -> Mapping[str, int]:
    """Role → how many values it may read: what a test asks PostgreSQL."""
    return {r.key: r.can for r in (*answer.readers, *answer.others, *answer.scoped)}


def headings(company: Company, known: list[str], language: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """Categories under their heading of the policy's list: what a choice shows."""
    found: dict[str, list[tuple[str, str]]] = {}
    for key in known:
        found.setdefault(key.partition(".")[0], []).append((key, company.category(key, language)))
    return [(company.category(head, language), items) for head, items in found.items()]

"""What a row of a foreign store is still for: the policy's purposes over a map with links.

There are no masks in a store that nobody guards: each row is judged when it is asked about, by `plan.calculus`. For that the
map is compiled as if each row named its owner; who that is, the links say.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from bloesem.datamap.model import Collection, DataField, DataMap, FidesMeta, FieldMeta, Owner
from bloesem.errors import MapError
from bloesem.plan import calculus
from bloesem.plan.build import compile_plan
from bloesem.plan.calculus import Verdict
from bloesem.plan.dates import ZONE, midnight
from bloesem.plan.model import Bit, Fact, Plan, TablePlan
from bloesem.plan.predicates import meets
from bloesem.policy.company import Company
from bloesem.policy.model import Policy
from bloesem.rights.graph import Graph
from bloesem.rights.whose import Kept, Way
from bloesem.rights.world import Row, World

#: Columns that no table has: whose a row is, its number, and where it came from when the map does not say.
OWNER, NUMBER, FROM = "bloesem_owner", "bloesem_row", "bloesem_source"
#: The one person that a judgement is about.
ME = 1
#: How many judgements are remembered: they hold nobody's data but dates.
MEMORY = 100_000


@dataclass(frozen=True)
class Standing:
    """One person before the policy: their state, and facts about single rows. `said`, `kept`, `keeps`: what was judged
    already."""

    state: calculus.Person
    items: tuple[Fact, ...]
    said: dict[tuple[Any, ...], tuple[Verdict, ...]] = field(default_factory=dict, compare=False, repr=False)
    kept: dict[tuple[str, int], Kept | None] = field(default_factory=dict, compare=False, repr=False)
    keeps: dict[tuple[str, Sequence[Any]], bool] = field(default_factory=dict, compare=False, repr=False)


def compile_foreign(company: Company, policy: Policy, graph: Graph, on: dt.date) -> Plan:
    """The policy in force over a foreign map; its tables are called by schema and name.

    raises: PlanError for what the policy does not know, or cannot date.
    """
    law = company.law.valid_on(on)
    datasets = [
        dataset.model_copy(
            update={"collections": tuple(_owned(dataset.db_schema, c, policy) for c in dataset.collections)}
        )
        for dataset in graph.maps.datamap.dataset
    ]
    asked = policy.model_copy(
        update={
            # What may come in is not asked here: whoever has a service, or may not be written, is asked of writers.
            "categories": {k: c.model_copy(update={"service": ()}) for k, c in policy.categories.items()},
            "types": {k: t.model_copy(update={"with_product": False}) for k, t in policy.types.items()},
        }
    )
    return compile_plan(
        asked,
        company.record.decided_by(on),
        law.purposes,
        law.ceilings,
        DataMap(dataset=tuple(datasets)),
        [Bit(line.number, line.key, line.first, line.last) for line in company.bits()],
        bans=law.bans,
        off=company.off_in(policy, on),
        first_version=company.versions[0].version,
    )


def _owned(schema: str, collection: Collection, policy: Policy) -> Collection:
    meta = collection.meta
    if meta.holds in ("reference", "system"):
        why = meta.why or "holds nobody"
        return collection.model_copy(
            update={"name": f"{schema}.{collection.name}", "meta": meta.model_copy(update={"why": why})}
        )
    deciding = {meta.recorded, meta.record_date, meta.source, *meta.conditions.values()}
    deciding |= {narrow.when.column for narrow in meta.narrow}
    unsaid = meta.source is None and meta.default_source is None
    fields = [
        DataField(name=NUMBER, fides_meta=FidesMeta(primary_key=True)),
        DataField(name=OWNER, meta=FieldMeta(key=True)),
        *([DataField(name=FROM, meta=FieldMeta(key=True))] if unsaid else []),
    ]
    inside = [(f"{one.name}.{name}", f) for one in collection.fields for name, f in _leaves(one)]
    for name, one in [(one.name, one) for one in collection.fields] + inside:
        categories = tuple(dict.fromkeys(_declared(c, policy) for c in one.data_categories))
        key = one.meta.key or not categories or name in deciding or one.fides.primary_key
        fides = FidesMeta(identity=one.fides.identity) if one.fides.identity else None
        fields.append(
            DataField(
                name=name,
                data_categories=categories,
                fides_meta=fides,
                meta=one.meta.model_copy(update={"key": key}),
            )
        )
    changed: dict[str, Any] = {
        "owners": (Owner(column=OWNER),),
        "events": tuple(e.model_copy(update={"of": None}) for e in meta.events),
        "links": (),
        "marks": (),
        "scopes": {},
        "services": None,
        "partition": None,
        "source": FROM if unsaid else meta.source,
    }
    return collection.model_copy(
        update={
            "name": f"{schema}.{collection.name}",
            "fields": tuple(fields),
            "meta": meta.model_copy(update=changed),
        }
    )


def _leaves(one: DataField) -> Iterator[tuple[str, DataField]]:
    """What lies in a json column is judged by itself."""
    for inner in one.fields:
        yield inner.name, inner
        yield from ((f"{inner.name}.{name}", f) for name, f in _leaves(inner))


def _declared(category: str, policy: Policy) -> str:
    """The category that the policy declares: itself, or what stands above it at a dot."""
    name = category
    while name and name not in policy.categories:
        name = name.rpartition(".")[0]
    return name or category


def _until_withdrawn(said: Sequence[Fact], facts: Sequence[Fact]) -> Iterator[Fact]:
    """Consents that columns say, ended where the person withdrew them with us since."""
    withdrawn: dict[str, dt.datetime] = {}
    for fact in facts:
        if fact.kind == "consent" and fact.ends_at is not None:
            withdrawn[fact.key] = max(fact.ends_at, withdrawn.get(fact.key, fact.ends_at))
    for one in said:
        end = withdrawn.get(one.key) if one.kind == "consent" else None
        ended = end is not None and one.starts_at <= end and (one.ends_at is None or one.ends_at > end)
        yield replace(one, ends_at=end) if ended else one


class Judge:
    """Judges rows of one store under one plan at one moment. `numbers`: the number of a row in facts about it."""

    def __init__(self, plan: Plan, graph: Graph, now: dt.datetime, language: str = "en") -> None:
        self.plan, self.graph, self.now, self.language = plan, graph, now, language
        self._moments: dict[Any, dt.datetime] = {}
        self._standings: dict[tuple[Fact, ...], Standing] = {}
        self._since = {p.since for p in plan.purposes if p.since}

    @cached_property
    def columns(self) -> Mapping[str, frozenset[str]]:
        """What must be known of the rows of each table, besides links: the columns that decide."""
        found: dict[str, frozenset[str]] = {}
        for name, table in self.graph.tables.items():
            wanted = {e.when.column for e in self.graph.edges if e.holder == name and e.when}
            plan = self.plan.by_name.get(name)
            if plan is not None:
                wanted |= {c for c in (plan.recorded, plan.record_date, plan.source) if c}
                wanted |= {n.when.column for n in plan.narrow if n.when}
                for fact in plan.facts:
                    wanted |= {c for c in (fact.at, fact.until, fact.when.column if fact.when else None) if c}
            found[name] = frozenset(c for c in wanted if c in table.live.columns)
        return found

    @cached_property
    def _deciding(self) -> Mapping[str, tuple[str, ...]]:
        """The columns by which rows of a table differ in what they are for."""
        return {
            t.name: tuple(
                dict.fromkeys(
                    c for c in (t.recorded, t.record_date, *(n.when.column for n in t.narrow if n.when)) if c
                )
            )
            for t in self.plan.tables
        }

    @cached_property
    def dated(self) -> Mapping[str, TablePlan]:
        """The tables that say when something happened to a person."""
        return {t.name: t for t in self.plan.tables if t.facts}

    @cached_property
    def digest(self) -> str:
        """Policy, law and record as they are judged by, on this civil day."""
        return hashlib.sha256(repr((self.plan, self.now.astimezone(ZONE).date())).encode()).hexdigest()

    def standing(
        self,
        world: World,
        way: Way,
        facts: Sequence[Fact] = (),
        *,
        erasure: str | None = None,
    ) -> Standing:
        """in: the rows of a person; `facts` about them from Bloesem's own database; `erasure`: the ground on which they ask
        for it now."""
        own = [*facts, *_until_withdrawn(self._facts(world, way), facts)]
        if erasure is not None:
            own.append(Fact(ME, "erasure", erasure, self.now))
        said = tuple(own)
        known = self._standings.get(said)
        if known is None or len(known.said) + len(known.keeps) > MEMORY:
            if len(self._standings) > MEMORY:
                self._standings.clear()
            state = calculus.person(self.plan, own, self.now)
            known = self._standings[said] = Standing(state, tuple(f for f in own if f.table))
        return known

    def _facts(self, world: World, way: Way) -> list[Fact]:
        found: list[Fact] = []
        for name, plan in self.dated.items():
            for key, reach in way.get(name, {}).items():
                if not reach.owner:
                    continue
                values = world.rows[name][key].values
                said = self.graph.tables[name].collection.meta.events
                for number, fact in enumerate(plan.facts):
                    if fact.kind == "event" and number < len(said) and said[number].of is not None:
                        edges = [self.graph.edges[n] for n in reach.edges if n is not None]
                        if not any(e.columns == (said[number].of,) for e in edges):
                            continue
                    if fact.when is not None and not meets(fact.when, values):
                        continue
                    at = self._moment(name, fact.at, values.get(fact.at))
                    if at is not None:
                        until = self._moment(name, fact.until, values.get(fact.until)) if fact.until else None
                        found.append(Fact(ME, fact.kind, fact.key, at, until))
        return found

    def alike(self, standing: Standing, rows: Sequence[Row]) -> Iterable[Sequence[Row]]:
        """The rows of one table, those together that are judged alike."""
        if standing.items:  # facts about single rows
            return [[row] for row in rows]
        deciding = self._deciding.get(rows[0].table, ()) if rows else ()
        if not deciding:
            return [rows] if rows else []
        together: dict[Any, list[Row]] = {}
        alone = deciding[0] if len(deciding) == 1 else None
        if alone:  # most rows of a table differ in nothing
            first, place = rows[0].shape, rows[0].shape.at[alone]
            said = rows[0].read[place]
            if said.__class__ is str and all(r.shape is first and r.read[place] == said for r in rows):
                return [rows]
        for row in rows:
            at, read = row.shape.at, row.read
            what = str(read[at[alone]]) if alone else tuple([str(read[at[c]]) for c in deciding])
            if what in together:
                together[what].append(row)
            else:
                together[what] = [row]
        return together.values()

    def verdicts(self, standing: Standing, row: Row, number: int | None = None) -> tuple[Verdict, ...]:
        """What each purpose that reads the table may do with a row of the person. Rows alike are judged once."""
        plan = self.plan.by_name.get(row.table)
        if plan is None:
            return ()
        raw: tuple[Any, ...] = (row.table, *[str(row.values[c]) for c in self._deciding[row.table]])
        if not standing.items and (known := standing.said.get(raw)) is not None:
            return known
        values = self._row(plan, row, number)
        items = [f for f in standing.items if f.table == row.table and f.row == number and f.holds(self.now)]
        alike = (row.table, tuple(id(f) for f in items), *self._alike(plan, standing, values))
        found = standing.said.get(alike)
        if found is None:
            judged = calculus.judge(self.plan, plan, values, standing.state, items, self.now)
            found = standing.said[alike] = tuple(judged.values())
        if not standing.items:
            standing.said[raw] = found
        return found

    def _row(self, plan: TablePlan, row: Row, number: int | None) -> dict[str, Any]:
        values = dict(row.values)
        if plan.recorded:
            values[plan.recorded] = self._moment(plan.name, plan.recorded, values.get(plan.recorded))
        if plan.record_date:
            day = self._moment(plan.name, plan.record_date, values.get(plan.record_date))
            values[plan.record_date] = None if day is None else day.astimezone(ZONE).date()
        return {**values, OWNER: ME, NUMBER: number, FROM: None}

    def _alike(self, plan: TablePlan, standing: Standing, values: Mapping[str, Any]) -> list[Any]:
        recorded = values.get(plan.recorded) if plan.recorded else None
        marks = (standing.state.epoch, standing.state.erased_at, *self._since)
        steps = [(recorded < mark, recorded <= mark) for mark in marks if mark] if recorded else [None]
        narrow = [values.get(n.when.column) for n in plan.narrow if n.when]
        return [values.get(plan.record_date or ""), *steps, *map(str, narrow)]

    def _moment(self, table: str, column: str, value: Any) -> dt.datetime | None:
        """A moment, as PostgreSQL writes dates and times in JSON. raises: MapError for what is none: a clock cannot run
        from it, and a row that the law keeps must not go for that."""
        if value is None or value == "infinity":
            return None
        if value not in self._moments:
            self._moments[value] = self._read(table, column, value)
        return self._moments[value]

    @staticmethod
    def _read(table: str, column: str, value: Any) -> dt.datetime:
        try:
            if len(str(value)) == 10:
                return midnight(dt.date.fromisoformat(str(value)))
            found = dt.datetime.fromisoformat(str(value))
        except ValueError:
            if re.match(r"-infinity|\d{5,}-|.* BC$", str(value)):
                raise MapError(
                    f"{table}.{column} holds a date before the year 1 or after 9999",
                    "clocks run from dates (P-073, P-108)",
                    "correct it there; `infinity`, or nothing, is no date",
                ) from None
            raise MapError(
                f"{table}.{column} holds something that is no date",
                "clocks run from dates (P-073, P-108)",
                "map a column of type date or timestamp",
            ) from None
        return found if found.tzinfo else found.replace(tzinfo=ZONE)

    def kept(self, standing: Standing, row: Row, number: int | None = None) -> Kept | None:
        """Which purposes still keep a row of the person, why and until when; None when nothing does."""
        verdicts = self.verdicts(standing, row, number)
        if (row.table, id(verdicts)) not in standing.kept:
            standing.kept[row.table, id(verdicts)] = self._kept(row.table, verdicts)
        return standing.kept[row.table, id(verdicts)]

    def keeps(
        self, standing: Standing, table: str, held: Sequence[Any], row: Callable[[Sequence[Any]], Row]
    ) -> bool:
        """Whether anything keeps rows of a table. in: what their deciding columns hold; `row`: one that holds that."""
        known = standing.keeps.get((table, held))
        if known is None:
            known = standing.keeps[table, held] = self.kept(standing, row(held)) is not None
        return known

    def _kept(self, table: str, verdicts: Sequence[Verdict]) -> Kept | None:
        plan = self.plan.by_name.get(table)
        keeping = [v for v in verdicts if v.keep]
        if plan is None or not keeping:
            return None
        mask = 0
        for verdict in keeping:
            mask |= self.plan.purpose(verdict.purpose).mask
        columns = frozenset(c.name for c in plan.columns if c.key or c.purposes & mask)
        ends = [v.until for v in keeping]
        until = None if None in ends else max(e for e in ends if e is not None)
        longest = next(v for v in keeping if v.until == until)
        return Kept(tuple(v.purpose for v in keeping), columns, self.reason(longest), until)

    def reason(self, verdict: Verdict) -> str:
        """In words: the purpose, and the article of its basis."""
        return reason(self.plan, verdict, self.language)

    def source(self, row: Row) -> str | None:
        """Where a row came from, as its table says."""
        (found,) = self.sources([row])
        return found

    def sources(self, rows: Sequence[Row]) -> set[str | None]:
        """Where rows of one table came from."""
        if not rows:
            return set()
        meta = self.graph.tables[rows[0].table].collection.meta
        if not meta.source:
            return {meta.default_source}
        return {None if said is None else str(said) for said in {row.values.get(meta.source) for row in rows}}


def reason(plan: Plan, verdict: Verdict, language: str) -> str:
    """Why something is kept, in words: the purpose, and the article of its basis."""
    purpose = plan.purpose(verdict.purpose)
    label = purpose.label.get(language) or purpose.label.get("en") or next(iter(purpose.label.values()), "")
    held = ", under a hold" if verdict.why == "held" else ""
    return f"{purpose.key}: {label} (GDPR art. {purpose.article}){held}"

"""What a data map's tables become: columns with purposes, owners, events, narrowing, ceilings. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from bloesem.datamap.model import Collection, DataField, DataMap, Dataset, Predicate
from bloesem.errors import PlanError
from bloesem.law.model import Ban, Ceiling
from bloesem.plan.categories import covers
from bloesem.plan.model import (
    CeilingPlan,
    ColumnPlan,
    EventPlan,
    GivesPlan,
    NarrowPlan,
    OpenTable,
    PurposePlan,
    RefusedPlan,
    ServicePlan,
    TablePlan,
)
from bloesem.policy.model import Part, Policy, Record, Source

_SOURCE_FORM = re.compile(
    r"^\^(?P<stem>[\w:@/-]+)(?:(?P<rest>\.\+)|\((?P<choice>[\w:@/-]+(?:\|[\w:@/-]+)*)\))?\$$"
)


def _unsaid(column: str) -> Predicate:
    return Predicate(column=column, null=True)


def open_table(dataset: Dataset, collection: Collection) -> OpenTable:
    holds = collection.meta.holds
    if not collection.meta.why or holds not in ("reference", "system"):
        raise PlanError(
            f"table `{collection.name}` is said to hold no person, and not why",
            "P-014: no orphan fields",
            "write meta.why",
        )
    names = tuple(f.name for f in collection.fields)
    expires = collection.meta.expires
    if expires is not None and expires not in names:
        raise PlanError(
            f"table `{collection.name}` expires by `{expires}`, which is none of its columns",
            "a clock runs on what is stored",
            f"use one of: {', '.join(names)}",
        )
    used_by = collection.meta.used_by
    return OpenTable(dataset.db_schema, collection.name, holds, names, collection.meta.why, used_by, expires)


class TableCompiler:
    """Compiles one collection."""

    def __init__(
        self,
        policy: Policy,
        record: Record,
        purposes: Sequence[PurposePlan],
        ceilings: Sequence[Ceiling],
        bans: Sequence[Ban],
        tags: Mapping[str, Sequence[str]],
        datamap: DataMap,
        dataset: Dataset,
        collection: Collection,
    ) -> None:
        self.policy, self.record, self.purposes, self.ceilings = policy, record, purposes, ceilings
        self.bans, self.datamap = bans, datamap
        self.tags, self.dataset, self.collection, self.meta = tags, dataset, collection, collection.meta
        self.name = collection.name

    def fault(self, what: str, rule: str, remedy: str) -> PlanError:
        return PlanError(f"table `{self.name}`: {what}", rule, remedy)

    def plan(self) -> TablePlan:
        meta = self.meta
        anchor = meta.holds == "people"
        key = tuple(f.name for f in self.collection.fields if f.fides.primary_key)
        owners = tuple(o.column for o in meta.owners) or ((key[0],) if anchor and key else ())
        if not key:
            raise self.fault(
                "no primary key", "a row must be named to be erased", "mark fides_meta.primary_key"
            )
        if not owners:
            raise self.fault(
                "belongs to nobody", "every row of personal data has an owner", "write meta.owners"
            )
        if any(o.kind != "owner" for o in meta.owners):
            raise self.fault(
                "has a `shared` link", "guarded tables have owners only", "make the link an owner"
            )
        self._known(
            *owners,
            meta.recorded,
            meta.record_date,
            meta.source,
            *meta.scopes.values(),
            *meta.conditions.values(),
        )
        columns = tuple(self._column(field, key, owners) for field in self.collection.fields)
        bits = 0
        for column in columns:
            bits |= 0 if column.key else column.purposes
        if anchor:
            bits = self._mask(lambda p: p.active and p.stored and not p.by_record)
        columns = tuple(self._with_key_bits(column, bits) for column in columns)
        banned = self._banned(columns)
        self._dated(bits)
        self._deciding(columns, banned)
        return TablePlan(
            schema=self.dataset.db_schema,
            name=self.name,
            key=key,
            owners=owners,
            columns=columns,
            bits=bits,
            recorded=meta.recorded,
            record_date=meta.record_date,
            anchor=anchor,
            always_visible=meta.always_visible or anchor,
            narrow=(*self._narrow(), *banned, *self._by_source(columns)),
            ceilings=tuple(self._ceilings(columns)),
            facts=tuple(self._facts(owners)),
            scopes=dict(meta.scopes),
            scoped_by=dict(meta.scoped_by),
            scope_ends=dict(meta.scope_ends),
            gives=GivesPlan(days.since, days.until) if (days := meta.services or meta.runs) else None,
            partition=meta.partition.by if meta.partition else None,
            partition_every=meta.partition.every if meta.partition else None,
            needs_service=self._service(columns),
            refused=self._refused(columns),
            source=meta.source,
            sources=self._sources(columns),
            default_source=meta.default_source,
        )

    def _mask(self, test: Callable[[PurposePlan], bool]) -> int:
        result = 0
        for purpose in self.purposes:
            if test(purpose):
                result |= purpose.mask
        return result

    @property
    def _all(self) -> int:
        return self._mask(lambda p: True)

    def _named(self, keys: Sequence[str]) -> int:
        return self._mask(lambda p: p.key in keys)

    def _known(self, *columns: str | None) -> None:
        names = {f.name for f in self.collection.fields}
        for column in columns:
            if column is not None and column not in names:
                raise self.fault(
                    f"names column `{column}`, which it does not map", "a map says what is there", "map it"
                )

    def _column(self, field: DataField, key: tuple[str, ...], owners: tuple[str, ...]) -> ColumnPlan:
        meta = field.meta
        owner = next((i for i, o in enumerate(self.meta.owners) if field.name in o.owns), 0)
        for category in field.data_categories:
            if category not in self.policy.categories:
                raise self.fault(
                    f"column `{field.name}`: category `{category}` is not in the policy",
                    "P-020: a category is declared in the policy first",
                    f"use one of: {', '.join(sorted(self.policy.categories))}",
                )
        if meta.key or field.name in key or field.name in owners or field.name == self.meta.recorded:
            return ColumnPlan(
                field.name, tuple(field.data_categories), 0, owner, key=True, identity=field.fides.identity
            )
        if not field.data_categories:
            raise self.fault(
                f"column `{field.name}` has no category",
                "P-014: no orphan fields",
                "write data_categories, or meta.key",
            )
        self._known(meta.normal_of)
        says = self._readers(field)
        active = self._mask(lambda p: p.active)
        return ColumnPlan(
            field.name,
            tuple(field.data_categories),
            says & active,
            owner,
            erased=meta.erased,
            identity=field.fides.identity,
            all_purposes=says,
            origin=meta.origin,
            lookup=meta.lookup or meta.normal_of is not None,
        )

    def _readers(self, field: DataField) -> int:
        meta = field.meta
        if meta.purposes is not None:
            known = {p.key for p in self.purposes}
            for purpose in meta.purposes:
                if purpose not in known:
                    raise self.fault(
                        f"column `{field.name}` names purpose `{purpose}`", "P-051: a closed list", "mend it"
                    )
        return self._mask(
            lambda p: (
                all(self._reads(p, category) for category in field.data_categories)
                and (meta.purposes is None or p.key in meta.purposes or p.hold)
            )
        )

    def _reads(self, purpose: PurposePlan, category: str) -> bool:
        closed = self.policy.categories[category].only
        if closed and purpose.key not in closed:
            return False
        part: Part | None = None
        if purpose.of != "law":
            part = self.policy.purposes[purpose.of].parts[purpose.key]
        if part is not None and part.not_reads and covers(part.not_reads, category):
            return False
        return covers(purpose.reads, category)

    @staticmethod
    def _with_key_bits(column: ColumnPlan, bits: int) -> ColumnPlan:
        if not column.key:
            return column
        return replace(column, purposes=bits, all_purposes=bits)

    def _dated(self, bits: int) -> None:
        by_record = [p.key for p in self.purposes if p.by_record and p.mask & bits]
        if by_record and self.meta.record_date is None:
            raise self.fault(
                f"is read by {', '.join(by_record)}, whose clock runs per record, and has no record date",
                "P-073: a clock has a start",
                "write meta.record_date, or narrow the columns' purposes",
            )

    def _deciding(self, columns: Sequence[ColumnPlan], banned: Sequence[NarrowPlan]) -> None:
        """Columns that decide a row's masks outlive the values: erasing one would change what the row may be used for."""
        by_source = next(self._fitting_sources(columns), None) and self.meta.source
        deciding = [
            self.meta.record_date,
            self.meta.recorded,
            by_source,
            *(n.when.column for n in self.meta.narrow),
            *(n.when.column for n in banned if n.when),
        ]
        erasable = {c.name for c in columns if not c.key}
        for name in deciding:
            if name in erasable:
                raise self.fault(
                    f"column `{name}` decides what the row is for and could be erased",
                    "masks are a function of facts and of what stays on the row",
                    f"mark `{name}` with meta.key, or decide on another column",
                )

    def _narrow(self) -> list[NarrowPlan]:
        result = []
        holds = self._mask(lambda p: p.hold)
        for narrow in self.meta.narrow:
            self._known(narrow.when.column)
            named = set(narrow.only or ()) | set(narrow.but)
            unknown = named - {p.key for p in self.purposes}
            if unknown:
                raise self.fault(
                    f"narrows to unknown `{', '.join(sorted(unknown))}`", "P-051: a closed list", "mend it"
                )
            only = narrow.only
            removed = self._named(narrow.but) if only is None else self._all & ~self._named(only)
            result.append(NarrowPlan(narrow.when, removed & ~holds, narrow.why, narrow.promises))
        return result

    def _banned(self, columns: Sequence[ColumnPlan]) -> list[NarrowPlan]:
        """What the law refuses to parts that are such a use, unless the row says that its condition is met: by a column
        of the map; where no column says it, it is never met (P-003)."""
        held = {tag for c in columns for key in c.categories for tag in self.tags.get(key, ())}
        uses = {key: part.is_ for row in self.policy.purposes.values() for key, part in row.parts.items()}
        result = []
        for ban in self.bans:
            if not held & set(ban.is_) or self.record.switches.get(ban.switch or "") == "off":
                continue
            removed = self._named([key for key, words in uses.items() if ban.use in words])
            column = self.meta.conditions.get(ban.unless)
            unmet = [None] if column is None else [Predicate(column=column, equals=False), _unsaid(column)]
            why = f"{ban.label.get('en', ban.key)}: not without {ban.unless} ({ban.key}, {ban.article})"
            result += [NarrowPlan(when, removed, why, ("P-003",)) for when in unmet if removed]
        return result

    def _by_source(self, columns: Sequence[ColumnPlan]) -> list[NarrowPlan]:
        """What follows from where a row came from, in every table alike: what the record lets a source serve, and that
        before a contract its parts use only what somebody gave to get one (P-053). The person's own row is for all."""
        if self.meta.holds == "people":
            return []
        parts = self._mask(lambda p: p.of != "law" and not p.hold)
        contract = self._mask(lambda p: p.of != "law" and not p.hold and p.basis == "contract")
        phase = self.record.contract
        result = []
        for key, source, when in self._fitting_sources(columns):
            use = self.record.sources.get(key)
            removed = 0
            if use is not None:
                removed = self._named(use.but) if use.only is None else parts & ~self._named(use.only)
                result.append(NarrowPlan(when, removed, use.why, use.promises))
            if phase is not None and key not in phase.asked and contract & ~removed:
                why = f"{source.label.get('en', key)}: no step towards a contract that the person asked for"
                result.append(NarrowPlan(when, contract & ~removed, why, ("P-053",), before_contract=True))
        return result

    def _fitting_sources(
        self, columns: Sequence[ColumnPlan]
    ) -> Iterator[tuple[str, Source, Predicate | None]]:
        """The declared sources that rows of the table may come from, each with the condition that a row does."""
        column, default = self.meta.source, self.meta.default_source
        said = set(self.record.sources)
        if self.record.contract is not None:
            said |= set(self.policy.sources) - set(self.record.contract.asked)
        patterns = self._sources(columns)
        for key, source in self.policy.sources.items():
            if key not in said or source.pattern is None or source.pattern not in patterns:
                continue
            if column is not None:
                yield key, source, self._stored(column, source.pattern)
            elif default is not None and re.search(source.pattern, default):
                yield key, source, None

    def _stored(self, column: str, pattern: str) -> Predicate:
        """The condition that a column holds a source of this pattern, in the few forms that both languages judge alike."""
        found = _SOURCE_FORM.match(pattern)
        if found is None:
            raise self.fault(
                f"narrows by source, and the pattern `{pattern}` is too free for that",
                "P-049: what a source is must be told from the row",
                "write `^one$`, `^many:.+$` or `^of:(these|those)$`",
            )
        stem, rest, choice = found.group("stem", "rest", "choice")
        if rest:
            return Predicate(column=column, starts_with=stem)
        if choice:
            return Predicate(column=column, one_of=tuple(stem + one for one in choice.split("|")))
        return Predicate(column=column, equals=stem)

    def _ceilings(self, columns: Sequence[ColumnPlan]) -> list[CeilingPlan]:
        result = []
        holds = self._mask(lambda p: p.hold)
        for ceiling in self.ceilings:
            if ceiling.switch and self.record.switches.get(ceiling.switch) == "off":
                continue
            capped = [
                c for c in columns if any(set(ceiling.is_) & set(self.tags.get(k, ())) for k in c.categories)
            ]
            if not capped:
                continue
            if self.meta.record_date is None:
                raise self.fault(
                    f"is capped by {ceiling.key} and has no record date", "P-003", "write meta.record_date"
                )
            mask = 0
            for column in capped:
                mask |= column.purposes
            free = [c.name for c in columns if c not in capped and not c.key and c.purposes & mask & ~holds]
            if free:
                raise self.fault(
                    f"{ceiling.key} caps some columns and not {', '.join(free)}",
                    "values that age on their own have their own rows",
                    "give the capped values a table of their own",
                )
            deletes = ceiling.checked.status == "published" or ceiling.key in self.record.confirmed
            result.append(CeilingPlan(ceiling.key, ceiling.for_, mask & ~holds, deletes, ceiling.article))
        return result

    def _service(self, columns: Sequence[ColumnPlan]) -> ServicePlan | None:
        """Where the map says who has what the policy wants somebody to have, before rows of this table come in: the
        service that its categories are collected for (P-015), or any product at all (P-018)."""
        held = [self.policy.categories[category] for column in columns for category in column.categories]
        services = {category.services for category in held if category.services}
        if not services and not any(self.policy.types[category.type].with_product for category in held):
            return None
        if len(services) > 1:
            raise self.fault(
                f"holds what is collected for {' and for '.join(' or '.join(one) for one in sorted(services))}",
                "P-015: collected only for the services that somebody uses",
                "give each service's values a table of their own",
            )
        keys = services.pop() if services else ()
        found = [
            (dataset, collection, collection.meta.services)
            for dataset in self.datamap.dataset
            for collection in dataset.collections
            if collection.meta.services is not None
        ]
        if len(found) != 1:
            raise self.fault(
                f"is for people who have {f'service `{keys[0]}`' if keys else 'a product'}, and who has what is not said",
                "P-015, P-018: collected only for the services that somebody uses",
                "write meta.services on one table of what people have",
            )
        dataset, collection, says = found[0]
        of = next(
            ((d, c) for d in self.datamap.dataset for c in d.collections if c.name == says.of),
            (dataset, collection),
        )
        self._known(self.collection.meta.served)
        ids = [f.name for f in of[1].fields if f.fides.primary_key]
        return ServicePlan(
            keys=keys,
            schema=dataset.db_schema,
            table=collection.name,
            owner=collection.meta.owners[0].column,
            product=says.product,
            of=of[1].name,
            of_schema=of[0].db_schema,
            of_key=ids[0],
            service=says.service,
            since=says.since,
            until=says.until,
            served=self.collection.meta.served,
        )

    def _refused(self, columns: Sequence[ColumnPlan]) -> tuple[RefusedPlan, ...]:
        """What may not be written: what the law forbids without a condition that the policy names (P-035), and what no
        purpose in force would keep; a hold keeps what is there, and is no reason to collect (P-050)."""
        keeps = self._mask(lambda p: p.active and p.stored and not p.hold)
        found: dict[tuple[str, str], list[str]] = {}
        for column in columns:
            closed = next(filter(None, (self._forbidden(k) for k in column.categories)), None)
            if closed is None and not column.key and not column.purposes & keeps:
                closed = (
                    f"{', '.join(column.categories)}: no purpose of the policy needs it",
                    "P-050: declare a purpose that needs it, in a new version of the policy",
                )
            if closed is not None:
                found.setdefault(closed, []).append(column.name)
        return tuple(RefusedPlan(tuple(names), why, remedy) for (why, remedy), names in found.items())

    def _forbidden(self, key: str) -> tuple[str, str] | None:
        category = self.policy.categories.get(key)
        if category is None or category.condition is not None:
            return None
        if "special-category" in category.is_:
            return (
                f"{key}: special category of data, and the policy names no condition of art. 9(2)",
                "P-035: declare the condition in a new version of the policy",
            )
        if "criminal-data" in category.is_:
            return (
                f"{key}: criminal data, and the policy names no ground under art. 10",
                "P-035: declare the ground in a new version of the policy",
            )
        return None

    def _sources(self, columns: Sequence[ColumnPlan]) -> tuple[str, ...]:
        """Patterns of the sources that may give everything that the table holds (P-037, P-049)."""
        values = [c for c in columns if not c.key]
        held = {category for c in values for category in c.categories}
        origins = {c.origin for c in values}
        declared = [source for source in self.policy.sources.values() if source.pattern]
        fitting = tuple(
            str(source.pattern)
            for source in declared
            if all(not source.only or covers(source.only, category) for category in held)
            and (source.origin == "derived" or origins != {"derived"})
        )
        default = self.meta.default_source
        if declared and default is None and self.meta.source is None:
            raise self.fault(
                "does not say where its values come from",
                "P-049: every value has a declared source",
                "write meta.source or meta.default_source",
            )
        if declared and default is not None and sum(bool(re.search(p, default)) for p in fitting) != 1:
            raise self.fault(
                f"comes from `{default}`, which is not one declared source that may give what it holds",
                "P-037, P-049: every value has a declared source",
                "mend meta.default_source, or declare the source in the policy",
            )
        return fitting

    def _facts(self, owners: Sequence[str]) -> list[EventPlan]:
        result = []
        for event in self.meta.events:
            self._known(event.at, event.when.column if event.when else None)
            declared = self.policy.events.get(event.event)
            if declared is None:
                raise self.fault(
                    f"event `{event.event}` is not declared", "P-108: distinct events", "declare it"
                )
            if event.of is not None and event.of not in owners:
                raise self.fault(
                    f"event `{event.event}` is of `{event.of}`, which is no owner of the row",
                    "P-108: an event happens to somebody",
                    f"use one of: {', '.join(owners)}",
                )
            name = declared.alias_of or event.event
            result.append(EventPlan("event", name, event.at, event.of or owners[0], None, event.when))
        for consent in self.meta.consents:
            self._known(consent.given, consent.withdrawn, consent.when.column if consent.when else None)
            if consent.purpose not in {p.key for p in self.purposes}:
                raise self.fault(
                    f"consent for unknown `{consent.purpose}`", "P-051: a closed list", "mend it"
                )
            result.append(
                EventPlan(
                    "consent", consent.purpose, consent.given, owners[0], consent.withdrawn, consent.when
                )
            )
        return result

"""What is wrong between a policy and a data map, before any database is asked: pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bloesem.datamap.load import LoadedMap
from bloesem.datamap.model import Collection, Dataset
from bloesem.findings import Finding
from bloesem.plan.categories import covers
from bloesem.plan.model import Plan
from bloesem.policy.company import OFF_REMEDIES
from bloesem.policy.model import Policy, Record
from bloesem.source import nearest

_ORPHAN = "P-014: no orphan fields"


def map_findings(maps: LoadedMap) -> list[Finding]:
    """Links without an end, tables from which no person is reached, keys that may say something about somebody.

    Needs no plan: a plan may not follow from it.
    """
    return [*_reach(maps), *_links(maps), *_keys(maps)]


#: Where the record says something, as `file:line`: of a key, such as `("roles", "fleet", "scope")`.
Where = Callable[..., str]


def plan_findings(
    policy: Policy, record: Record, plan: Plan, maps: LoadedMap, where: Where = lambda *_: ""
) -> list[Finding]:
    """Categories without purpose, columns that nothing keeps, purposes without column, sources that nobody declared;
    roles whose scope no table has, writers of columns that are not there, partitions that never go.

    A category without purpose that the record names as a known gap of this version's text (L-014) is a warning.
    """
    gap = record.text_gaps.get("L-014")
    known = gap is not None and policy.version in gap.versions
    return [
        *_categories(policy, plan, maps, known),
        *_purposes(plan),
        *_columns(plan, maps),
        *_sources(plan, maps),
        *_scopes(plan, where),
        *_written(plan, where),
        *_partitions(plan, maps),
    ]


def _collections(maps: LoadedMap) -> Iterator[tuple[Dataset, Collection]]:
    for dataset in maps.datamap.dataset:
        for collection in dataset.collections:
            yield dataset, collection


def _reach(maps: LoadedMap) -> Iterator[Finding]:
    holds = {(d.fides_key, c.name): c for d, c in _collections(maps)}
    if not any(c.meta.holds == "people" for c in holds.values()):
        yield Finding(
            "error",
            "nobody",
            "no table of the map holds people",
            "every row of personal data belongs to a person",
            "mark the table of people with meta: {holds: people}; and a database in which nothing of ours is installed with"
            " meta: {guarded: false} on its dataset",
        )
    for dataset, collection in _collections(maps):
        if collection.meta.holds != "personal" or collection.meta.owners:
            continue
        path = _path(holds, dataset.fides_key, collection)
        said = (
            f"its path to a person goes over {' → '.join(path)}"
            if path
            else "no link of it leads to a person"
        )
        yield Finding(
            "error",
            "unreachable-table",
            f"table {dataset.db_schema}.{collection.name} belongs to nobody: {said}",
            "every row of personal data has an owner, so that it is found and erased with its person",
            "write meta.owners with the column that names the person, or meta.holds: reference and why",
            maps.where(dataset.db_schema, collection.name),
        )


def _path(holds: dict[tuple[str, str], Collection], dataset: str, collection: Collection) -> list[str]:
    """The shortest way along references to a table that people own; empty when there is none."""
    waiting: list[tuple[str, Collection, list[str]]] = [(dataset, collection, [])]
    seen = {(dataset, collection.name)}
    while waiting:
        home, current, path = waiting.pop(0)
        for field in current.fields:
            for reference in field.fides.references:
                if reference.direction == "from":
                    continue
                at = (reference.dataset or home, reference.field.partition(".")[0])
                found = holds.get(at)
                if found is None or at in seen:
                    continue
                seen.add(at)
                if found.meta.holds == "people" or found.meta.owners:
                    return [*path, found.name]
                waiting.append((at[0], found, [*path, found.name]))
    return []


def _links(maps: LoadedMap) -> Iterator[Finding]:
    known = {dataset.fides_key for dataset in maps.datamap.dataset}
    for dataset, collection in _collections(maps):
        for field in collection.fields:
            for reference in field.fides.references:
                if reference.dataset and reference.dataset not in known:
                    yield Finding(
                        "error",
                        "dangling-link",
                        f"{dataset.db_schema}.{collection.name}.{field.name} points to "
                        f"`{reference.field}` of `{reference.dataset}`, which is not among the maps",
                        "a link has an end",
                        f"give the map of `{reference.dataset}` too, or mend the reference",
                        maps.where(dataset.db_schema, collection.name, field.name),
                    )


def _keys(maps: LoadedMap) -> Iterator[Finding]:
    """A key is read by all who read its table: what is no id, no link and none of the row's own marks says what it is."""
    for dataset, collection in _collections(maps):
        meta = collection.meta
        if meta.holds not in ("people", "personal"):
            continue
        marks = {meta.recorded, meta.source, *meta.scopes.values(), *(owner.column for owner in meta.owners)}
        for field in collection.fields:
            plain = field.name in marks or field.fides.primary_key or field.fides.references
            if field.meta.key and not (plain or field.data_categories or field.meta.why):
                yield Finding(
                    "error",
                    "key-without-category",
                    f"column {dataset.db_schema}.{collection.name}.{field.name} is a key, and neither id, link nor source",
                    _ORPHAN,
                    "write its data_categories beside meta.key, or meta.why where it says nothing about anybody",
                    maps.where(dataset.db_schema, collection.name, field.name),
                )


def _categories(policy: Policy, plan: Plan, maps: LoadedMap, known: bool) -> Iterator[Finding]:
    """A category that is collected and that no purpose reads: nothing may collect it (5(1)(b))."""
    serving = plan.mask(lambda p: p.active and not p.hold)
    used: dict[str, list[tuple[str, str, str]]] = {}
    for table in plan.tables:
        for column in table.columns:
            if not column.key and not column.purposes & serving:
                for category in column.categories:
                    used.setdefault(category, []).append((table.schema, table.name, column.name))
    for category, places in used.items():
        stored = ", ".join(".".join(place[1:]) for place in places)
        not_collected = policy.categories[category].not_collected
        gap = " (the record knows: L-014)" if known else ""
        if not_collected:
            gap = " (the text says that it is not collected: every write is refused)"
        yield Finding(
            "warning" if known or not_collected else "error",
            "category-without-purpose",
            f"category `{category}` serves no purpose{gap}, and is stored in {stored}",
            "art. 5(1)(b): data is collected for a purpose; without one, nothing keeps it",
            "name it under `reads` of a purpose that needs it, or stop collecting it",
            maps.where(*places[0]),
        )
    for category in policy.categories:
        if category in used or any(other.startswith(category + ".") for other in policy.categories):
            continue
        if not any(p.active and not p.hold and covers(p.reads, category) for p in plan.purposes):
            yield Finding(
                "warning",
                "category-without-purpose",
                f"category `{category}` serves no purpose (no column has it)",
                "art. 5(1)(b): data is collected for a purpose",
                "name it under `reads` of a purpose that needs it, or take it out of the policy",
            )


def _purposes(plan: Plan) -> Iterator[Finding]:
    for purpose in plan.purposes:
        reads = any(c.purposes & purpose.mask and not c.key for t in plan.tables for c in t.columns)
        if (
            purpose.active and not reads and purpose.of != "law"
        ):  # the law gives purposes that a company may not need
            yield Finding(
                "error",
                "purpose-without-column",
                f"purpose `{purpose.key}` reads no column of the map",
                "what a purpose reads lies somewhere: else the map has a gap",
                f"map the columns of {', '.join(purpose.reads) or 'its categories'}, or end the purpose",
            )
        if not purpose.active and purpose.why_off:
            yield Finding(
                "warning",
                "purpose-off",
                f"purpose `{purpose.key}` is off: {purpose.why_off}",
                "P-055: legitimate interest runs on a balancing test, and is stated when data is collected",
                OFF_REMEDIES.get(purpose.why_off, "see the record"),
            )


def _columns(plan: Plan, maps: LoadedMap) -> Iterator[Finding]:
    """A column that purposes read, and none of them keeps: it would be erased as soon as it is written."""
    keeping = plan.mask(lambda p: p.active and p.stored and not p.hold)
    reading = plan.mask(lambda p: p.active and not p.hold)
    for table in plan.tables:
        for column in table.columns:
            if not column.key and column.purposes & reading and not column.purposes & keeping:
                readers = ", ".join(plan.keys(column.purposes & reading))
                yield Finding(
                    "error",
                    "nothing-keeps-column",
                    f"column {table.schema}.{table.name}.{column.name} is read by {readers}, and none of them keeps it",
                    "a value lives as long as a purpose of its column keeps it; `keep: none` reads what others hold",
                    "let a purpose with a term read its category, or do not collect it",
                    maps.where(table.schema, table.name, column.name),
                )


def _sources(plan: Plan, maps: LoadedMap) -> Iterator[Finding]:
    for table in plan.tables:
        if table.source is None and table.default_source is None and any(not c.key for c in table.columns):
            yield Finding(
                "warning",
                "no-source",
                f"table {table.schema}.{table.name} does not say where its values come from",
                "P-049, art. 14(2)(f): a person is told the source",
                "write meta.source (a column) or meta.default_source",
                maps.where(table.schema, table.name),
            )


def _scopes(plan: Plan, where: Where) -> Iterator[Finding]:
    """A role whose scope no table has sees nothing, and nobody is told."""
    scopes = {"person", *(scope for table in plan.tables for scope in table.scopes)}
    for role in plan.scoped:
        if role.scope not in scopes:
            yield Finding(
                "error",
                "scope-without-table",
                f"role `{role.key}` has the scope `{role.scope}`, which no table of the map has",
                "a scoped role sees the rows that name whom it is about; without such a column it sees none",
                f"write meta.scopes: {{{role.scope}: column}} on its tables, or use one of: {nearest(role.scope, scopes)}",
                where("roles", role.key, "scope"),
            )
    for table in plan.tables:
        for scope, by in table.scoped_by.items():
            if by not in plan.by_name or scope not in plan.table(by).scopes:
                yield Finding(
                    "error",
                    "scope-without-table",
                    f"table {table.schema}.{table.name} is scoped by `{by}`, which has no scope `{scope}`",
                    "a scoped role sees the rows of whom that table names; without it, it sees none",
                    f"write meta.scopes: {{{scope}: column}} on `{by}`, or name the table that has it",
                )
        for scope in table.scope_ends:
            if scope not in table.scopes:
                yield Finding(
                    "error",
                    "scope-without-table",
                    f"table {table.schema}.{table.name} says when the scope `{scope}` ends, and has none of it",
                    "a scope ends by the row that has its number (P-114)",
                    f"write meta.scopes: {{{scope}: column}} too, or leave `scope_ends` out",
                )


def _written(plan: Plan, where: Where) -> Iterator[Finding]:
    """A writer fills columns of the map: what it names and nothing has could be granted to nobody."""
    rule = "P-014: no orphan fields; a writer fills what the map has"
    for writer in plan.writers:
        for name, columns in writer.tables.items():
            table = plan.by_name.get(name)
            if table is None:
                yield Finding(
                    "error",
                    "writer-without-table",
                    f"writer `{writer.key}` fills table `{name}`, which is no table of people in the map",
                    rule,
                    f"use one of: {nearest(name, set(plan.by_name))}",
                    where("writers", writer.key, "tables", name),
                )
                continue
            has = {column.name for column in table.columns}
            for number, column in enumerate(columns):
                if column not in has:
                    yield Finding(
                        "error",
                        "writer-without-column",
                        f"writer `{writer.key}` fills {name}.{column}, and the map has no such column",
                        rule,
                        f"use one of: {nearest(column, has)}",
                        where("writers", writer.key, "tables", name, number),
                    )


def _partitions(plan: Plan, maps: LoadedMap) -> Iterator[Finding]:
    """A partition goes whole by the days of its rows: of another column's days nothing follows."""
    for table in plan.tables:
        if table.partition is not None and table.partition != table.record_date:
            said = f"`{table.record_date}`" if table.record_date else "no record_date"
            yield Finding(
                "error",
                "partition-without-date",
                f"table {table.schema}.{table.name} is partitioned by `{table.partition}`, and has {said}",
                "a year goes whole when the term of its records is over (P-073), which runs from record_date",
                f"write record_date: {table.partition}, or partition the table by its record_date",
                maps.where(table.schema, table.name),
            )

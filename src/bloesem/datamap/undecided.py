"""What nobody decided yet in the map of a database that is not guarded, and links without an end: pure.

`bloesem discover` proposes; a person decides. While a question is left, nothing is erased by the map.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import replace

from bloesem.datamap.load import LoadedMap
from bloesem.datamap.model import Alternative, Collection, DataField, Dataset, Link
from bloesem.datamap.references import REFERENCE
from bloesem.findings import Finding
from bloesem.plan.categories import covers
from bloesem.policy.model import Policy
from bloesem.source import nearest

_UNDECIDED = "what nobody decided erases nothing: an unreviewed map is refused"
_END = "a link has an end"
_CONSENT = "consent.given"


def foreign_findings(maps: LoadedMap, policy: Policy) -> list[Finding]:
    """Each question that is left, by table and column; links to what is not mapped; categories that the policy lacks."""
    found: list[Finding] = []
    tables = {(d.db_schema, c.name): c for d in maps.datamap.dataset for c in d.collections}
    for dataset in maps.datamap.dataset:
        if dataset.guarded:
            found.append(_mixed(dataset))
        for collection in dataset.collections:
            found += _questions(maps, dataset, collection)
            found += _ends(maps, dataset, collection, tables)
        found += _whose(maps, dataset, tables)
    people = any(c.meta.holds == "people" for c in tables.values())
    if not people and not any(link.person for c in tables.values() for link in c.meta.links):
        found.append(
            Finding(
                "error",
                "nobody",
                "no table of the map holds people, and no column says who somebody is",
                "every row of personal data belongs to a person",
                "mark the table of people with meta: {holds: people}, or write a link with `person: email`",
            )
        )
    return [*found, *_categories(maps, policy), *_clocks(maps, policy)]


def _mixed(dataset: Dataset) -> Finding:
    return Finding(
        "error",
        "mixed-maps",
        f"the map of `{dataset.fides_key}` is of a database that Bloesem guards, and another one is not",
        "one check is of one database",
        "check them one at a time",
    )


def _questions(maps: LoadedMap, dataset: Dataset, collection: Collection) -> Iterator[Finding]:
    table = (dataset.db_schema, collection.name)
    meta = collection.meta
    if meta.decide:
        yield _question(maps, table, f"what table {'.'.join(table)} holds", meta.decide)
    for link in meta.links:
        if link.decide or link.kind is None:
            what = f"the link of {'.'.join(table)} ({', '.join(link.columns)})"
            asked = _question(maps, (*table, link.columns[0]), what, link.decide, open_=link.kind is None)
            if link.why == REFERENCE:  # nothing in the map has a `decide` to take out
                said = f"meta: {{links: [{{columns: [{link.columns[0]}], kind: owner}}]}}, or shared, or reference"
                asked = replace(asked, remedy=f"write what the reference means: {said}")
            yield asked
    for one in _all(collection.fields):
        if one.meta.decide:
            what = f"the category of column {'.'.join(table)}.{one.name}"
            yield _question(maps, (*table, one.name), what, one.meta.decide)


def _all(fields: Sequence[DataField]) -> Iterator[DataField]:
    for one in fields:
        yield one
        yield from _all(one.fields)


def _question(
    maps: LoadedMap, place: tuple[str, ...], what: str, choices: Sequence[Alternative], *, open_: bool = False
) -> Finding:
    """`open_`: nothing is proposed but that there is no link."""
    if open_ and len(choices) < 2:
        remedy = (
            "delete the link; or, where it points to something, write `to` and `kind`, and take `decide` out"
        )
    elif len(choices) > 1:
        remedy = f"choose one of its {len(choices)} alternatives, write it, and take `decide` out"
    else:
        remedy = "if it is so, take `decide` out"
    return Finding(
        "error",
        "undecided",
        f"{what} is undecided",
        _UNDECIDED,
        remedy,
        maps.where(*place),
    )


def _ends(
    maps: LoadedMap, dataset: Dataset, collection: Collection, tables: dict[tuple[str, str], Collection]
) -> Iterator[Finding]:
    at = f"{dataset.db_schema}.{collection.name}"
    for link in collection.meta.links:
        if link.to is None:
            continue
        target = _target(link, dataset.db_schema, tables)
        missing = [c for c in link.of if target is not None and all(f.name != c for f in target.fields)]
        if target is None or missing:
            end = f"`{link.to}`" if target is None else f"{', '.join(missing)} of `{link.to}`"
            yield Finding(
                "error",
                "dangling-link",
                f"the link of {at} ({', '.join(link.columns)}) points to {end}, which is not mapped",
                _END,
                f"use one of: {nearest(link.to, {'.'.join(name) for name in tables})}"
                if target is None
                else f"use one of: {nearest(missing[0], {f.name for f in target.fields})}",
                maps.where(dataset.db_schema, collection.name, link.columns[0]),
            )


def _whose(maps: LoadedMap, dataset: Dataset, tables: dict[tuple[str, str], Collection]) -> Iterator[Finding]:
    """Tables whose rows nobody's request would find; and those that hold nobody, of which a link says whose they are."""
    owned = {
        id(_target(link, at[0], tables))
        for at, c in tables.items()
        for link in c.meta.links
        if link.belongs == "that" and link.kind != "reference"
    }
    for collection in dataset.collections:
        at = f"{dataset.db_schema}.{collection.name}"
        where = maps.where(dataset.db_schema, collection.name)
        meta = collection.meta
        reaching = [link for link in meta.links if link.belongs == "this" and link.kind != "reference"]
        if meta.holds == "personal" and not meta.decide and not reaching and id(collection) not in owned:
            yield Finding(
                "error",
                "unreachable-table",
                f"table {at} belongs to nobody: no link of it leads to a person",
                "every row of personal data has an owner, so that it is found and erased with its person",
                "write a link of kind owner or shared; or meta.holds: reference, and why",
                where,
            )
        if meta.holds in ("reference", "system") and any(link.kind is not None for link in reaching):
            yield Finding(
                "error",
                "nobody-with-owner",
                f"table {at} holds: {meta.holds}, and a link of it says whose each row is",
                "what holds nobody belongs to nobody: its rows would be found for no one",
                "take `holds` out, or make the link a reference",
                where,
            )


def uncuttable_links(
    maps: LoadedMap, required: Mapping[tuple[str, str], Container[str]]
) -> Iterator[Finding]:
    """Links that may have to be cut on a row that stays, and that cannot be empty: an erasure that meets one is refused.

    in: `required`: of each table the columns that are NOT NULL.
    """
    tables = {(d.db_schema, c.name): c for d in maps.datamap.dataset for c in d.collections}
    for at, collection in tables.items():
        for link in collection.meta.links:
            target = _target(link, at[0], tables)
            never = (
                link.belongs == "that" or link.placeholder is not None or not link.last or link.kind is None
            )
            goes = target is not None and target.meta.holds in ("people", "personal")
            if never or not goes or not _may_stay(collection, link):
                continue
            if all(column in required.get(at, ()) for column in link.columns):
                yield Finding(
                    "warning",
                    "uncuttable-link",
                    f"the link of {'.'.join(at)} ({', '.join(link.columns)}) cannot be empty, and its row may stay",
                    "all or nothing: an erasure that would leave it dangling is refused",
                    "write what stands for nobody: placeholder; or `last: false`, if the row goes with this owner",
                    maps.where(*at, link.columns[0]),
                )


def _may_stay(collection: Collection, link: Link) -> bool:
    """Whether a row may outlive what a link points to: it is a person, or somebody's by another way."""
    others = [o for o in collection.meta.links if o.columns != link.columns and o.belongs == "this"]
    return collection.meta.holds == "people" or any(o.kind in ("owner", "shared") for o in others)


def _target(link: Link, schema: str, tables: dict[tuple[str, str], Collection]) -> Collection | None:
    """`to` is a table of the same schema, or `schema.table`."""
    by_name = {".".join(at): collection for at, collection in tables.items()}
    return by_name.get(link.to or "") or tables.get((schema, link.to or ""))


def _categories(maps: LoadedMap, policy: Policy) -> Iterator[Finding]:
    """A category that no purpose reads is kept by none: it goes with the first request."""
    reads = [
        category for row in policy.purposes.values() for part in row.parts.values() for category in part.reads
    ]
    used: dict[str, str] = {}
    for dataset in maps.datamap.dataset:
        for collection in dataset.collections:
            for one in _all(collection.fields):
                for category in one.data_categories:
                    used.setdefault(category, f"{dataset.db_schema}.{collection.name}.{one.name}")
    for category, place in sorted(used.items()):
        if not any(covers([declared], category) for declared in policy.categories):
            yield Finding(
                "error",
                "category-not-declared",
                f"category `{category}` (of {place}) is not in the policy",
                "P-020: a category is declared in the policy first",
                f"use one of: {nearest(category, policy.categories)}; or declare it, and name it under `reads` "
                "(`bloesem discover --policy POLICY URL` prints the lines)",
            )
        elif not covers(reads, category):
            yield Finding(
                "warning",
                "category-without-purpose",
                f"category `{category}` (of {place}) serves no purpose of the policy",
                "art. 5(1)(b): data is collected for a purpose; without one, nothing keeps it",
                "write the category that the policy has for it, or name it under `reads` of a purpose",
            )


def _clocks(maps: LoadedMap, policy: Policy) -> Iterator[Finding]:
    """Events from which a term runs, or that say that it does not run yet, and that no column of the map says."""
    means = {name: event.alias_of or name for name, event in policy.events.items()}
    tables = [c for dataset in maps.datamap.dataset for c in dataset.collections]
    said = {means.get(e.event, e.event) for c in tables for e in c.meta.events}
    if any(c.meta.consents for c in tables):
        said.add(_CONSENT)
    wanted: dict[str, list[str]] = {}
    for row in policy.purposes.values():
        for name, part in row.parts.items():
            for term in (part.keep or row.keep).terms:
                if term.after in policy.events:
                    ends = means[term.after]
                    for event in (ends, policy.events[ends].reopened_by):
                        wanted.setdefault(means.get(event or "", ""), []).append(name)
    for event, parts in sorted(wanted.items()):
        if event and event not in said:
            yield Finding(
                "warning",
                "event-without-column",
                f"no column says when `{event}` was: what {', '.join(sorted(set(parts)))} would keep, it does not",
                "P-108: a term runs from a named event; who has none is kept for nothing, and goes whole",
                f"name the column under meta.events of its table: {{event: {event}, at: …}}",
            )

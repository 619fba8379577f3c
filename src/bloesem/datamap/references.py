"""fideslang's `references` in a database that nobody guards: where a link ends. What it means nobody said yet: pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from bloesem.datamap.model import Alternative, Collection, Dataset, Link

#: Why a link is there that no map wrote.
REFERENCE = "a reference of fideslang"
_UNSAID = tuple(
    Alternative.model_validate(
        {"kind": kind, "because": "fideslang does not say whose the row is", "confidence": 0.33}
    )
    for kind in ("owner", "shared", "reference")
)


def with_references(datasets: Sequence[Dataset]) -> tuple[Dataset, ...]:
    """in: the datasets of all maps. out: the same; in those that nobody guards a link without `to` ends where its column's
    reference does, and a reference without a link is one: as with a foreign key, undecided, or a mere reference where its
    target holds nobody or is the same table."""
    by_key = {dataset.fides_key: dataset for dataset in datasets}
    return tuple(dataset if dataset.guarded else _linked(dataset, by_key) for dataset in datasets)


def _linked(dataset: Dataset, by_key: Mapping[str, Dataset]) -> Dataset:
    collections = []
    for collection in dataset.collections:
        ends = dict(_ends(collection, by_key))
        links = tuple(_with_end(link, ends) for link in collection.meta.links)
        named = {c for link in links for c in link.columns} | {one.column for one in collection.meta.owners}
        links += tuple(_link(name, end, collection) for name, end in ends.items() if name not in named)
        meta = collection.meta.model_copy(update={"links": links})
        collections.append(collection.model_copy(update={"meta": meta}))
    return dataset.model_copy(update={"collections": tuple(collections)})


def _ends(
    collection: Collection, by_key: Mapping[str, Dataset]
) -> Iterator[tuple[str, tuple[str, str, Collection]]]:
    """Of each column with a reference to what is mapped: the table, its column, and the table's collection."""
    for field in collection.fields:
        for reference in field.fides.references[:1]:
            target = by_key.get(reference.dataset or "")
            name, _, column = reference.field.partition(".")
            for one in target.collections if target is not None else ():
                if target is not None and one.name == name:
                    yield field.name, (f"{target.db_schema}.{name}", column, one)


def _with_end(link: Link, ends: Mapping[str, tuple[str, str, Collection]]) -> Link:
    if link.to is not None or link.person is not None or len(link.columns) > 1:
        return link
    end = ends.get(link.columns[0])
    return link if end is None else link.model_copy(update={"to": end[0], "of": link.of or (end[1],)})


def _link(name: str, end: tuple[str, str, Collection], own: Collection) -> Link:
    target, of, table = end
    nobody = table.meta.holds in ("reference", "system") or not any(f.data_categories for f in table.fields)
    if table is own or nobody:
        return Link(columns=(name,), to=target, of=(of,), kind="reference", why=REFERENCE)
    return Link(columns=(name,), to=target, of=(of,), why=REFERENCE, decide=_UNSAID)

"""Reading data maps: strict in what is ours (`meta`), lenient in what is fideslang's.

Every map that fideslang accepts is accepted here too: keys that we do not use are left alone, `null` is as good as
absent. What our part says must fit together; each problem comes with file and line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bloesem.datamap.model import Collection, DataMap, Dataset, Predicate
from bloesem.datamap.references import with_references
from bloesem.errors import MapError
from bloesem.source import Document, KeyPath, Problem, parse, refuse, validate


@dataclass(frozen=True)
class LoadedMap:
    """All maps as one, and where each table and column stands."""

    datamap: DataMap
    places: dict[tuple[str, ...], tuple[Path, int]]

    def where(self, *names: str) -> str:
        """in: schema, table and perhaps column. out: `file:line` of the nearest that the maps have, or nothing."""
        for end in range(len(names), 0, -1):
            if names[:end] in self.places:
                path, line = self.places[names[:end]]
                return f"{path}:{line}"
        return ""


def load_map(paths: Iterable[Path | str]) -> DataMap:
    """in: files, or directories whose `*.yaml` and `*.yml` are read. out: one data map of all datasets.

    Raises `SourceError` for what a file may not say, `MapError` for names that stand twice or point nowhere, and for
    a path that holds no map; each with file and line.
    """
    return read_map(paths).datamap


def read_map(paths: Iterable[Path | str]) -> LoadedMap:
    """As `load_map`, with the places of all tables and columns."""
    documents = [_without_nulls(parse(path)) for path in _files(paths)]
    maps = [validate(document, DataMap) for document in documents]
    reader = _Reader(documents, maps)
    refuse(reader.problems(), MapError)
    datasets = with_references([d for m in maps for d in m.dataset])
    return LoadedMap(DataMap(dataset=datasets), dict(reader.places()))


def _files(paths: Iterable[Path | str]) -> Sequence[Path]:
    found: list[Path] = []
    for given in paths:
        path = Path(given)
        inside = (
            sorted(p for p in path.iterdir() if p.suffix in (".yaml", ".yml")) if path.is_dir() else [path]
        )
        if not inside:
            raise MapError(
                f"{path}: holds no data map",
                "a data map says where personal data lies (*.yaml)",
                "write one; docs/datamap.md says how, company/minimal shows the smallest",
            )
        found += inside
    if not found:
        raise MapError(
            "no data map was named", "a data map says where personal data lies", "name a file or directory"
        )
    return list(dict.fromkeys(found))


def _without_nulls(document: Document) -> Document:
    """What fideslang's own exports write for "not said"."""
    return replace(document, data=_said(document.data))


def _said(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _said(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_said(item) for item in value]
    return value


class _Reader:
    """Holds the maps against themselves."""

    def __init__(self, documents: Sequence[Document], maps: Sequence[DataMap]) -> None:
        self.documents, self.maps = documents, maps

    def collections(self) -> Iterator[tuple[Document, KeyPath, Dataset, Collection]]:
        for document, one in zip(self.documents, self.maps, strict=True):
            for d, dataset in enumerate(one.dataset):
                for c, collection in enumerate(dataset.collections):
                    yield document, ("dataset", d, "collections", c), dataset, collection

    def places(self) -> Iterator[tuple[tuple[str, ...], tuple[Path, int]]]:
        for document, where, dataset, collection in self.collections():
            table = (dataset.db_schema, collection.name)
            yield table, (document.path, document.line_of(where))
            for f, field in enumerate(collection.fields):
                yield (*table, field.name), (document.path, document.line_of((*where, "fields", f)))

    def problems(self) -> Iterator[Problem]:
        yield from self._twice()
        yield from self._columns()
        yield from self._references()

    def _twice(self) -> Iterator[Problem]:
        seen: dict[tuple[str, ...], str] = {}
        for document, where, dataset, collection in self.collections():
            table = (dataset.fides_key, collection.name)
            steps: list[tuple[KeyPath, tuple[str, ...], str]] = [(where, table, "table")]
            steps += [
                ((*where, "fields", f), (*table, field.name), "column")
                for f, field in enumerate(collection.fields)
            ]
            for place, name, kind in steps:
                line = document.line_of(place)
                if name in seen:
                    yield Problem(
                        document.path,
                        line,
                        ".".join(name),
                        f"{kind} `{name[-1]}` is mapped twice, first in {seen[name]}",
                        "one place says what a column is",
                        "keep one of the two",
                    )
                seen.setdefault(name, f"{document.path}:{line}")

    def _columns(self) -> Iterator[Problem]:
        for document, where, _dataset, collection in self.collections():
            names = {field.name for field in collection.fields}
            for step, column in _named(collection):
                if column not in names:
                    yield Problem(
                        document.path,
                        document.line_of((*where, "meta", *step)),
                        f"{collection.name}.meta.{'.'.join(map(str, step))}",
                        f"names column `{column}`, which the table does not have in this map",
                        "a map says what is there",
                        f"map it under fields, or use one of: {', '.join(sorted(names))}",
                    )

    def _references(self) -> Iterator[Problem]:
        mapped = {dataset.fides_key: dataset for one in self.maps for dataset in one.dataset}
        for document, where, _dataset, collection in self.collections():
            for f, field in enumerate(collection.fields):
                for reference in field.fides.references:
                    target = mapped.get(reference.dataset or "")
                    if target is None:
                        continue  # another store's map: not given here
                    table, _, column = reference.field.partition(".")
                    found = [c for c in target.collections if c.name == table]
                    if not found or not any(other.name == column for other in found[0].fields):
                        yield Problem(
                            document.path,
                            document.line_of((*where, "fields", f, "fides_meta")),
                            f"{collection.name}.{field.name}",
                            f"points to `{reference.field}`, which `{reference.dataset}` does not have",
                            "a link has an end",
                            "mend the reference, or map what it points to",
                        )


def _named(collection: Collection) -> Iterator[tuple[KeyPath, str]]:
    """Every column that our part of a collection names, and where it does."""
    meta = collection.meta
    for i, owner in enumerate(meta.owners):
        yield ("owners", i, "column"), owner.column
        for column in owner.owns:
            yield ("owners", i, "owns"), column
    for key in ("recorded", "record_date", "source"):
        if (column := getattr(meta, key)) is not None:
            yield (key,), column
    for i, event in enumerate(meta.events):
        yield ("events", i, "at"), event.at
        yield from _condition(("events", i, "when"), event.when)
    for i, consent in enumerate(meta.consents):
        yield ("consents", i, "given"), consent.given
        if consent.withdrawn is not None:
            yield ("consents", i, "withdrawn"), consent.withdrawn
        yield from _condition(("consents", i, "when"), consent.when)
    for i, narrow in enumerate(meta.narrow):
        yield from _condition(("narrow", i, "when"), narrow.when)
    for i, link in enumerate(meta.links):
        for key in ("columns", "redact", "erase"):
            for column in getattr(link, key):
                yield ("links", i, key), column
        yield from _condition(("links", i, "when"), link.when)
    for scope, column in meta.scopes.items():
        yield ("scopes", scope), column
    for scope, ends in meta.scope_ends.items():
        yield from _condition(("scope_ends", scope), ends)
    if (services := getattr(meta, "services", None)) is not None:
        for key in ("product", "since", "until"):
            if (column := getattr(services, key)) is not None:
                yield ("services", key), column
    if meta.runs is not None:
        for key in ("since", "until"):
            if (column := getattr(meta.runs, key)) is not None:
                yield ("runs", key), column
    if meta.partition is not None:
        yield ("partition", "by"), meta.partition.by


def _condition(where: KeyPath, predicate: Predicate | None) -> Iterator[tuple[KeyPath, str]]:
    if predicate is not None:
        yield (*where, "column"), predicate.column

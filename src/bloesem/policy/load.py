"""Reading a company's policy and record from their files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bloesem.errors import PolicyError
from bloesem.policy.checks import policy_problems
from bloesem.policy.model import Policy, Record
from bloesem.policy.text import text_problems
from bloesem.source import Document, Problem, parse, refuse, validate

POLICY_FILE = "policy.yaml"


@dataclass(frozen=True)
class LoadedPolicy:
    """A policy and the file it came from."""

    policy: Policy
    document: Document


@dataclass(frozen=True)
class LoadedRecord:
    """A record and the files it came from, in the order of their names."""

    record: Record
    documents: tuple[Document, ...]

    def find(self, *where: str | int) -> tuple[Path, int]:
        """File and line of a key; of the first file when no file has it."""
        for document in self.documents:
            if document.has(where):
                return document.path, document.line_of(where)
        return (self.documents[0].path, 1) if self.documents else (Path("record"), 1)


def load_policy(directory: Path | str) -> Policy:
    """The policy version in a directory (`policy.yaml`). Raises `SourceError` for what a file may not say,
    `PolicyError` for what does not fit together; each problem with file, line, key, rule and remedy."""
    return read_policy(Path(directory)).policy


def read_policy(directory: Path) -> LoadedPolicy:
    """As `load_policy`, with the file's lines."""
    document = parse(directory / POLICY_FILE)
    policy = validate(document, Policy)
    refuse([*policy_problems(policy, document), *text_problems(directory, policy, document)], PolicyError)
    return LoadedPolicy(policy, document)


def load_record(directory: Path | str) -> Record:
    """All `*.yaml` of a directory, merged. Raises `SourceError`; `PolicyError` for a key given twice."""
    return read_record(Path(directory)).record


def read_record(directory: Path) -> LoadedRecord:
    """As `load_record`, with the files' lines."""
    if not directory.is_dir():
        raise PolicyError(
            f"{directory}: no such directory",
            rule="what the company decided stands in a record",
            remedy="name a directory that exists, or make it; it may be empty",
        )
    documents = tuple(parse(path) for path in sorted(directory.glob("*.yaml")))
    pieces = [validate(document, Record) for document in documents]
    merged: dict[str, Any] = {}
    problems: list[Problem] = []
    home: dict[tuple[str, ...], Document] = {}
    for document, piece in zip(documents, pieces, strict=True):
        for name in sorted(piece.model_fields_set):
            problems += _merge(merged, home, document, name, getattr(piece, name))
    refuse(problems, PolicyError)
    return LoadedRecord(Record.model_construct(**merged), documents)


def _merge(
    merged: dict[str, Any],
    home: dict[tuple[str, ...], Document],
    document: Document,
    name: str,
    value: Any,
) -> Iterable[Problem]:
    """Put one key of one file into the whole. Yields a problem for each key that another file gave."""
    if isinstance(value, tuple):
        merged[name] = (*merged.get(name, ()), *value)
        return
    parts = (
        {(name, key): item for key, item in value.items()} if isinstance(value, dict) else {(name,): value}
    )
    for where, item in parts.items():
        if where in home:
            first = home[where]
            yield Problem(
                document.path,
                document.line_of(where),
                ".".join(where),
                f"stands in two files, first in {first.path}:{first.line_of(where)}",
                "one key, one value",
                "keep one of the two",
            )
            continue
        home[where] = document
        if len(where) == 1:
            merged[name] = item
        else:
            merged.setdefault(name, {})[where[1]] = item

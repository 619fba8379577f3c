"""Reading the law's files. One law may stand in several files and directories (Europe, the country)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from bloesem.errors import LawError
from bloesem.law.model import Adequacy, Ban, Ceiling, Floor, Law, LawFile, LawPurpose, Rule
from bloesem.source import Document, Problem, parse, refuse, validate

_SECTIONS = (
    "rules",
    "purposes",
    "ceilings",
    "floors",
    "bans",
    "adequacy",
    "holidays",
    "authority",
    "periods",
)
_PURPOSE_PREFIX = "law:"


#: What a company writes under `law` for the rules that come with Bloesem.
BUNDLED = "bundled"


def bundled() -> Path:
    """The directory of the rules that come with Bloesem: in an installed package, or `law/` of the repository."""
    packaged = Path(__file__).parent / "rules"
    return packaged if packaged.is_dir() else Path(__file__).resolve().parents[3] / "law"


def load_law(*directories: Path | str) -> Law:
    """All `*.yaml` of the directories as one law.

    Raises `SourceError` for what a file may not say, `LawError` for two values of one key that are valid on
    one day, a word or a purpose that is not there, a validity that ends before it begins, and a directory
    without law; each with file, line, rule and remedy.
    """
    documents = [parse(path) for directory in directories for path in _files(Path(directory))]
    files = [validate(document, LawFile) for document in documents]
    refuse([*_overlaps(documents, files), *_unknown(documents, files)], LawError)
    words = {word: meaning for file in files for word, meaning in file.vocabulary.items()}
    return Law(
        rules=tuple(item for file in files for item in file.rules),
        vocabulary=words,
        purposes=tuple(item for file in files for item in file.purposes),
        ceilings=tuple(item for file in files for item in file.ceilings),
        floors=tuple(item for file in files for item in file.floors),
        bans=tuple(item for file in files for item in file.bans),
        adequacy=tuple(item for file in files for item in file.adequacy),
        holidays=tuple(item for file in files for item in file.holidays),
        authority=tuple(item for file in files for item in file.authority),
        periods=tuple(item for file in files for item in file.periods),
    )


def _files(directory: Path) -> Sequence[Path]:
    found = sorted(directory.glob("*.yaml"))
    if not found:
        what = "holds no law (*.yaml)" if directory.is_dir() else "no such directory"
        raise LawError(
            f"{directory}: {what}",
            rule="a policy is held against the law",
            remedy="name a directory with law files",
        )
    return found


Dated = Rule | LawPurpose | Ceiling | Floor | Ban | Adequacy


def _items(
    documents: Sequence[Document], files: Sequence[LawFile]
) -> Iterator[tuple[Document, str, int, Dated]]:
    for document, file in zip(documents, files, strict=True):
        for section in _SECTIONS:
            for number, item in enumerate(getattr(file, section)):
                yield document, section, number, item


def _overlaps(documents: Sequence[Document], files: Sequence[LawFile]) -> Iterable[Problem]:
    """Two values of one key on one day: which would hold? And a validity that ends before it begins."""
    seen: dict[str, list[tuple[Document, int, Dated]]] = {}
    for document, section, number, item in _items(documents, files):
        line = document.line_of((section, number, "key"))
        start, end = item.valid_from or dt.date.min, item.valid_until or dt.date.max
        if end < start:
            yield Problem(
                document.path,
                line,
                item.key,
                f"valid until {end}, before it begins on {start}",
                "validity is from … until, inclusive",
                "mend one of the two dates",
            )
        for other_document, other_line, other in seen.get(item.key, ()):
            other_start, other_end = other.valid_from or dt.date.min, other.valid_until or dt.date.max
            if start <= other_end and other_start <= end:
                yield Problem(
                    document.path,
                    line,
                    item.key,
                    f"has another value on the same day, in {other_document.path}:{other_line}",
                    "one value per key and day",
                    "end the older one (valid_until), or give one of them a key of its own",
                )
        seen.setdefault(item.key, []).append((document, line, item))


def _unknown(documents: Sequence[Document], files: Sequence[LawFile]) -> Iterable[Problem]:
    words = {word for file in files for word in file.vocabulary}
    purposes = {purpose.key for file in files for purpose in file.purposes}
    for document, section, number, item in _items(documents, files):
        named = item.reads.is_ if isinstance(item, LawPurpose) else getattr(item, "is_", ())
        if isinstance(item, Ban):
            named = (*item.is_, item.use, item.unless)
        for word in named:
            if word not in words:
                yield Problem(
                    document.path,
                    document.line_of((section, number)),
                    item.key,
                    f"`{word}` is no word of the vocabulary",
                    "a rule of law finds categories by words of the vocabulary",
                    f"add it to vocabulary, or use one of: {', '.join(sorted(words))}",
                )
        if isinstance(item, Floor) and item.purpose not in purposes:
            yield Problem(
                document.path,
                document.line_of((section, number, "purpose")),
                item.key,
                f"`{item.purpose}` is no purpose of the law",
                "P-003: a floor keeps for one purpose, and no other",
                f"use one of: {', '.join(sorted(purposes))}",
            )
        if isinstance(item, LawPurpose) and not item.key.startswith(_PURPOSE_PREFIX):
            yield Problem(
                document.path,
                document.line_of((section, number, "key")),
                item.key,
                "a purpose of the law is named law:…",
                "the law's purposes and the policy's share one registry of bits",
                f"name it {_PURPOSE_PREFIX}{item.key}",
            )

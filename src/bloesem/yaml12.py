"""YAML as we read it: each value with its line, scalars as YAML 1.2 has them, nothing ambiguous."""

from __future__ import annotations

import contextlib
import pickle
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from yaml._yaml import CParser

from bloesem.errors import BloesemError

KeyPath = tuple[str | int, ...]

#: What an alias bomb would unfold to is refused before it is built: more nodes than this, and than the file has characters.
MOST_NODES = 100_000

#: libyaml builds nodes by recursion on the machine's stack, and nobody stops it: what could nest deeper than this (a
#: bracket opens one level, and so do two columns of a line) is left to the parser in Python, which says that it is too deep.
MOST_DEPTH = 10_000

#: Characters of a file above which nothing of it is kept in memory.
MOST_REMEMBERED = 1_000_000


class SourceError(BloesemError):
    """A file that does not say what is expected: file, line, key, and what would be accepted."""


@dataclass(frozen=True)
class Document:
    """A parsed YAML file: its plain data and the line (1-based) of every key path."""

    path: Path
    data: Any
    lines: dict[KeyPath, int]

    def line_of(self, where: KeyPath) -> int:
        """Line of the nearest enclosing key path that the file has."""
        for end in range(len(where), -1, -1):
            if where[:end] in self.lines:
                return self.lines[where[:end]]
        return 1

    def has(self, where: KeyPath) -> bool:
        return where in self.lines


class _Scalars(yaml.constructor.SafeConstructor, yaml.resolver.Resolver):
    """YAML 1.2 scalars: only true/false are booleans (`no` is Norwegian), dates stay dates.

    Numbers that begin with 0, hold `_` or `:` stay text: they are numbers of companies, telephones, times.
    """

    def construct_yaml_timestamp(self, node: yaml.ScalarNode) -> Any:
        try:
            return super().construct_yaml_timestamp(node)
        except (ValueError, AttributeError) as fault:  # AttributeError: `!!timestamp` on what is none
            raise yaml.constructor.ConstructorError(
                None, None, f"`{node.value}` is no date: {fault}", node.start_mark
            ) from None


_REPLACED = {"tag:yaml.org,2002:bool", "tag:yaml.org,2002:int", "tag:yaml.org,2002:float"}
_Scalars.yaml_implicit_resolvers = {
    first: [(tag, rule) for tag, rule in resolvers if tag not in _REPLACED]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Scalars.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))
_Scalars.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"^[-+]?(?:0|[1-9][0-9]*)$"), list("-+0123456789")
)
_Scalars.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?(?:0|[1-9][0-9]*)\.[0-9]+$"), list("-+0123456789")
)
_Scalars.add_constructor("tag:yaml.org,2002:timestamp", _Scalars.construct_yaml_timestamp)  # type: ignore[type-var]


class _Plain(yaml.reader.Reader, yaml.scanner.Scanner, yaml.parser.Parser, yaml.composer.Composer, _Scalars):
    """The parser in Python: slow, and its messages are the better ones."""

    def __init__(self, text: str) -> None:
        yaml.reader.Reader.__init__(self, text)
        yaml.scanner.Scanner.__init__(self)
        yaml.parser.Parser.__init__(self)
        yaml.composer.Composer.__init__(self)
        yaml.constructor.SafeConstructor.__init__(self)
        yaml.resolver.Resolver.__init__(self)


class _Fast(CParser, _Scalars):
    """libyaml's: the same nodes in a fifth of the time."""

    def __init__(self, text: str) -> None:
        CParser.__init__(self, text)
        yaml.constructor.SafeConstructor.__init__(self)
        yaml.resolver.Resolver.__init__(self)


def parse(path: Path) -> Document:
    """Read one YAML file. Raises `SourceError` for a missing, broken or ambiguous file."""
    return parse_text(_text(path), path)


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise SourceError(
            f"{path}: no such file", rule="a policy is read from files", remedy="name a file that exists"
        ) from None
    except OSError as fault:
        raise SourceError(
            f"{path}: cannot be read: {fault.strerror or fault}",
            rule="a policy is read from files",
            remedy="name a file, and check who may read it",
        ) from None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = raw[: fault.start].count(b"\n") + 1
        raise SourceError(
            f"{path}:{line}: byte 0x{raw[fault.start]:02x} is not UTF-8",
            rule="files are UTF-8 text",
            remedy="save the file as UTF-8",
        ) from None


def parse_text(text: str, path: Path) -> Document:
    """Parse YAML that was read from `path` (the name in messages). Raises `SourceError`.

    What was parsed lately is not parsed again: the files of a policy are read by every command and page that asks for
    them. Each caller gets a document of its own.
    """
    if len(text) > MOST_REMEMBERED:
        return _read(text, path)
    document: Document = pickle.loads(_remembered(text, path))  # noqa: S301 - pickled a line below, in this process
    return document


@lru_cache(maxsize=64)
def _remembered(text: str, path: Path) -> bytes:
    return pickle.dumps(_read(text, path), pickle.HIGHEST_PROTOCOL)


def _read(text: str, path: Path) -> Document:
    if text.count("[") + text.count("{") < MOST_DEPTH and max(map(len, text.split("\n"))) < MOST_DEPTH:
        with contextlib.suppress(
            SourceError
        ):  # what is wrong is said by the other, which also has the last word
            return _parsed(_Fast, text, path)
    return _parsed(_Plain, text, path)


def _parsed(kind: type[_Fast] | type[_Plain], text: str, path: Path) -> Document:
    loader: _Fast | _Plain | None = None
    try:
        loader = kind(text)
        node = loader.get_single_node()
        lines = dict(_lines(node, (), path, set(), _Room(len(text)))) if node is not None else {}
        data = loader.construct_document(node) if node is not None else None
    except yaml.MarkedYAMLError as fault:
        mark = fault.problem_mark or fault.context_mark
        line = mark.line + 1 if mark else 1
        what = ", ".join(part for part in (fault.context, fault.problem) if part) or "not YAML"
        raise SourceError(
            f"{path}:{line}: broken YAML: {what}", rule="YAML 1.2", remedy="mend the line named"
        ) from None
    except yaml.reader.ReaderError as fault:
        line = text.count("\n", 0, fault.position) + 1
        raise SourceError(
            f"{path}:{line}: broken YAML: character #x{_code(fault.character):04x} is not allowed",
            rule="YAML 1.2",
            remedy="remove the control character",
        ) from None
    except (yaml.YAMLError, ValueError, TypeError, LookupError, RecursionError) as fault:
        what = "nested too deeply" if isinstance(fault, RecursionError) else str(fault)
        raise SourceError(f"{path}:1: broken YAML: {what}", rule="YAML 1.2", remedy="mend the file") from None
    finally:
        if loader is not None:
            loader.dispose()
    return Document(path, data, lines)


def _code(character: int | str | bytes) -> int:
    return character if isinstance(character, int) else ord(character)


class _Room:
    """How many nodes a file may still have. Without aliases it has fewer than characters."""

    def __init__(self, characters: int) -> None:
        self.left = max(MOST_NODES, characters)


def _lines(
    node: yaml.Node, where: KeyPath, path: Path, open_: set[int], room: _Room
) -> Iterator[tuple[KeyPath, int]]:
    """Every key path and its line. `open_`: nodes that are being walked (a cycle is refused)."""
    line = node.start_mark.line + 1
    room.left -= 1
    if id(node) in open_ or room.left < 0:
        raise SourceError(
            f"{path}:{line}: an alias holds itself, or unfolds to too much",
            rule="a file is a tree",
            remedy="write the value out",
        )
    open_.add(id(node))
    yield where, line
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key_node, value_node in node.value:
            key, at = str(key_node.value), key_node.start_mark.line + 1
            if key in seen:
                raise SourceError(
                    f"{path}:{at}: key `{dotted((*where, key))}` stands twice, first on line {seen[key]}",
                    rule="one key, one value",
                    remedy="keep one of the two",
                )
            seen[key] = at
            yield from _lines(value_node, (*where, key), path, open_, room)
            yield (*where, key), at
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _lines(item, (*where, index), path, open_, room)
    open_.discard(id(node))


def dotted(where: KeyPath) -> str:
    """A key path as a message shows it."""
    return ".".join(str(part) for part in where)

"""Strict YAML: every value knows its file and line, and what is not understood is refused.

The company's policy, its record, the law and the data maps are read through this module.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, ValidationError
from pydantic_core import CoreSchema

from bloesem.errors import BloesemError

Model = TypeVar("Model", bound=BaseModel)
Fault = TypeVar("Fault", bound=BloesemError)
KeyPath = tuple[str | int, ...]

#: More nodes than any file of ours: what an alias bomb would unfold to is refused before it is built.
MOST_NODES = 100_000


def _tighten(schema: Any) -> None:
    if isinstance(schema, dict):
        if schema.get("type") in ("bool", "int", "date"):
            schema["strict"] = True
        for value in schema.values():
            _tighten(value)
    elif isinstance(schema, list | tuple):
        for value in schema:
            _tighten(value)


class Strict(BaseModel):
    """Base of everything that a company writes: unknown keys are errors, nothing is guessed or changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Booleans, numbers and dates are what the file says: `no` is never false, 20240318 no date."""
        schema = handler(source)
        _tighten(schema)
        return schema


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


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a file: where, what, which rule says so, and what to do."""

    path: Path
    line: int
    key: str
    message: str
    rule: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        tail = "; ".join(part for part in (self.rule, self.remedy) if part)
        return f"{self.path}:{self.line}: {self.key}: {self.message}" + (f" [{tail}]" if tail else "")


def refuse(problems: Iterable[Problem], kind: type[Fault]) -> None:
    """Raise one `kind` that lists every problem, in the order of files and lines; nothing when none is."""
    found = sorted(set(problems), key=lambda p: (str(p.path), p.line, p.key, p.message))
    if not found:
        return
    if len(found) == 1:
        only = found[0]
        thing = f"{only.path}:{only.line}: {only.key}: {only.message}"
        raise kind(thing, rule=only.rule or _RULE, remedy=only.remedy or _REMEDY)
    raise kind("\n".join(str(p) for p in found), rule=_RULE, remedy=f"mend the {len(found)} places named")


_RULE = "what is not understood is refused"
_REMEDY = "mend the line named"


class _Loader(yaml.SafeLoader):
    """YAML 1.2 scalars: only true/false are booleans (`no` is Norwegian), dates stay dates.

    Numbers that begin with 0, hold `_` or `:` stay text: they are numbers of companies, telephones, times.
    """

    def construct_yaml_timestamp(self, node: yaml.ScalarNode) -> Any:
        try:
            return super().construct_yaml_timestamp(node)
        except ValueError as fault:
            raise yaml.constructor.ConstructorError(
                None, None, f"`{node.value}` is no date: {fault}", node.start_mark
            ) from None


_REPLACED = {"tag:yaml.org,2002:bool", "tag:yaml.org,2002:int", "tag:yaml.org,2002:float"}
_Loader.yaml_implicit_resolvers = {
    first: [(tag, rule) for tag, rule in resolvers if tag not in _REPLACED]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"^[-+]?(?:0|[1-9][0-9]*)$"), list("-+0123456789")
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?(?:0|[1-9][0-9]*)\.[0-9]+$"), list("-+0123456789")
)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", _Loader.construct_yaml_timestamp)


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
    """Parse YAML that was read from `path` (the name in messages). Raises `SourceError`."""
    loader: _Loader | None = None
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        lines = dict(_lines(node, (), path, set(), [0])) if node is not None else {}
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
    except (yaml.YAMLError, ValueError, RecursionError) as fault:
        what = "nested too deeply" if isinstance(fault, RecursionError) else str(fault)
        raise SourceError(f"{path}:1: broken YAML: {what}", rule="YAML 1.2", remedy="mend the file") from None
    finally:
        if loader is not None:
            loader.dispose()
    return Document(path, data, lines)


def _code(character: int | str | bytes) -> int:
    return character if isinstance(character, int) else ord(character)


def _lines(
    node: yaml.Node, where: KeyPath, path: Path, open_: set[int], count: list[int]
) -> Iterator[tuple[KeyPath, int]]:
    """Every key path and its line. `open_`: nodes that are being walked (a cycle is refused)."""
    line = node.start_mark.line + 1
    count[0] += 1
    if id(node) in open_ or count[0] > MOST_NODES:
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
                    f"{path}:{at}: key `{_dotted((*where, key))}` stands twice, first on line {seen[key]}",
                    rule="one key, one value",
                    remedy="keep one of the two",
                )
            seen[key] = at
            yield from _lines(value_node, (*where, key), path, open_, count)
            yield (*where, key), at
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _lines(item, (*where, index), path, open_, count)
    open_.discard(id(node))


def read(path: Path, model: type[Model]) -> Model:
    """Read `path` as `model`. Raises `SourceError` that lists each fault with file, line, key and remedy."""
    return validate(parse(path), model)


def validate(document: Document, model: type[Model], at: KeyPath = ()) -> Model:
    """Validate (part of) a document against a model; see `read`."""
    data = document.data
    for step in at:
        data = data[step]
    if data is None:
        data = {}  # an empty file lacks every required key: name them
    try:
        return model.model_validate(data, by_alias=True, by_name=False)
    except ValidationError as fault:
        errors = fault.errors(include_url=False)
    refuse(_explain(document, at, errors, model), SourceError)
    raise AssertionError("a validation error has at least one fault")


# ---- explaining a fault ------------------------------------------------------------------------------


def _explain(document: Document, at: KeyPath, errors: Iterable[Any], model: type[BaseModel]) -> list[Problem]:
    schema = model.model_json_schema(by_alias=True)
    return [_problem(document, at, error, schema) for error in _nearest(errors)]


def _nearest(errors: Iterable[Any]) -> list[Any]:
    """Of the members of a union that all refused a value, what the one says that got furthest.

    Pydantic reports each member; the members that refused the very type say nothing that helps.
    """
    found = list(errors)
    deepest = {
        error["loc"][:end]
        for error in found
        for end in range(len(error["loc"]))
        if error["type"] not in _SHAPE
    }
    return [e for e in found if e["type"] not in _SHAPE or e["loc"][:-1] not in deepest or not _member(e)]


_SHAPE = {"string_type", "int_type", "bool_type", "model_type", "dict_type", "tuple_type", "none_required"}


def _member(error: Any) -> bool:
    """Whether the last step of an error's place is the name of a union's member, not a key of the file."""
    last = error["loc"][-1] if error["loc"] else ""
    return isinstance(last, str) and (last in _TYPE_NAMES or last[:1].isupper() or "[" in last)


_TYPE_NAMES = {"str", "int", "float", "bool", "date", "none"}


def _problem(document: Document, at: KeyPath, error: Any, schema: Any) -> Problem:
    where = _place(document, at, error)
    node = _node(schema, error["loc"])
    parent = _node(schema, error["loc"][:-1])
    rule = str(_extra(schema, node, "rule") or "")
    message = _message(error, schema, node, parent)
    return Problem(document.path, document.line_of(where), _dotted(where) or "(file)", message, rule)


def _message(error: Any, schema: Any, node: Any, parent: Any) -> str:
    kind, given = error["type"], error.get("input")
    expected = accepted(schema, node)
    if kind == "extra_forbidden":
        names = _property_names(schema, parent)
        return f"unknown key; accepted here: {nearest(str(error['loc'][-1]), names) or 'none'}"
    if kind == "missing":
        return "is missing" + (f"; accepted: {expected}" if expected else "")
    if kind == "value_error":
        return str(error["msg"]).removeprefix("Value error, ")
    if kind in ("literal_error", "enum"):
        choices = error["ctx"]["expected"].replace(" or ", ", ").replace("'", "")
        return f"{_shown(given)} is not accepted; accepted: {choices}"
    if error["loc"][-1:] == ("[key]",):
        return f"key {_shown(given)} is {_called(given)}, text is expected; write it in quotes"
    if kind == "string_type" and not isinstance(given, dict | list | None):
        return f"`{given}` is read as {_called(given)}, text is expected; write it in quotes"
    if kind in _TYPE_ERRORS:
        wanted = _TYPE_ERRORS[kind]
        also = f"; accepted: {expected}" if "keys " in expected else ""
        given_is = "is empty" if given is None else f"{_shown(given)} is {_called(given)}"
        return f"{given_is}, {wanted} is expected{also}"
    return f"{error['msg']}; given: {_shown(given)}" + (f"; accepted: {expected}" if expected else "")


_TYPE_ERRORS = {
    "string_type": "text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "date_type": "a date such as 2024-03-18 (without quotes)",
    "tuple_type": "a list",
    "dict_type": "a mapping of keys",
    "model_type": "a mapping of keys",
    "model_attributes_type": "a mapping of keys",
}


def nearest(name: str, known: Iterable[str], most: int = 25) -> str:
    """What is accepted, as a list for a message; of many, only those that look like what was written."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=8, cutoff=0.6)
    if len(names) > most:
        return ", ".join(close or names[:most]) + f" … ({len(names)} in all)"
    meant = f" (did you mean `{close[0]}`?)" if close else ""
    return ", ".join(names) + meant


def _shown(given: Any) -> str:
    return "nothing" if given is None else "this" if isinstance(given, dict | list) else f"`{given}`"


def _called(value: Any) -> str:
    names = {
        bool: "a boolean",
        int: "a number",
        float: "a number",
        str: "text",
        dict: "a mapping",
        list: "a list",
    }
    return names.get(type(value), "a date")


def _place(document: Document, at: KeyPath, error: Any) -> KeyPath:
    """The key path in the file: steps that only the model has (union members, unfolded forms) are dropped."""
    where = at
    steps = error["loc"]
    for number, step in enumerate(steps):
        for candidate in (step, str(step)):
            if document.has((*where, candidate)):
                where = (*where, candidate)
                break
        else:
            if number == len(steps) - 1 and error["type"] == "missing":
                where = (*where, step)
    return where


def _dotted(where: KeyPath) -> str:
    return ".".join(str(part) for part in where)


def accepted_keys(model: type[BaseModel], where: KeyPath) -> set[str]:
    """The keys that `model` accepts at a location, for an error that teaches."""
    schema = model.model_json_schema(by_alias=True)
    return set(_property_names(schema, _node(schema, where)))


def _property_names(schema: Any, node: Any) -> list[str]:
    return sorted({name for option in _options(schema, node) for name in option.get("properties", {})})


def accepted(schema: Any, node: Any) -> str:
    """What a place in the schema accepts, in a few words; empty when that says nothing."""
    said: list[str] = []
    for option in _options(schema, node):
        if "enum" in option:
            said.append(", ".join(str(value) for value in option["enum"]))
        elif "const" in option:
            said.append(str(option["const"]))
        elif option.get("properties"):
            needed = option.get("required", [])
            said.append(
                "keys " + ", ".join(f"{k} (required)" if k in needed else k for k in option["properties"])
            )
        elif option.get("propertyNames", {}).get("enum"):
            said.append("keys " + ", ".join(option["propertyNames"]["enum"]))
        elif option.get("type") in _WORDS:
            said.append(
                _WORDS[option["type"]] if option.get("format") != "date" else "a date such as 2024-03-18"
            )
    return " | ".join(dict.fromkeys(said))


_WORDS = {
    "string": "text",
    "integer": "a whole number",
    "boolean": "true, false",
    "array": "a list",
    "object": "a mapping of keys",
}


def _extra(schema: Any, node: Any, name: str) -> Any:
    if isinstance(node, dict) and name in node:
        return node[name]
    return next((option[name] for option in _options(schema, node) if name in option), None)


def _options(schema: Any, node: Any) -> list[Any]:
    if node is None:
        return []
    while "$ref" in node:
        node = schema["$defs"][node["$ref"].rsplit("/", 1)[1]]
    for union in ("anyOf", "oneOf", "allOf"):
        if union in node:
            return [leaf for option in node[union] for leaf in _options(schema, option)]
    return [node]


def _node(schema: Any, where: Iterable[str | int]) -> Any:
    """The schema's node at a place; steps that name a union's member stay where they are."""
    node: Any = schema
    for step in where:
        found = _step(schema, node, step)
        if found is None:
            if isinstance(step, str) and _member({"loc": (step,)}):
                continue
            return None
        node = found
    return node


def _step(schema: Any, node: Any, step: str | int) -> Any:
    for option in _options(schema, node):
        if isinstance(step, int) and "items" in option:
            return option["items"]
        if str(step) in option.get("properties", {}):
            return option["properties"][str(step)]
        if isinstance(option.get("additionalProperties"), dict):
            return option["additionalProperties"]
        if option.get("patternProperties"):
            return next(iter(option["patternProperties"].values()))
    return None


__all__ = [
    "Document",
    "KeyPath",
    "Problem",
    "SourceError",
    "Strict",
    "accepted_keys",
    "nearest",
    "parse",
    "parse_text",
    "read",
    "refuse",
    "validate",
]

"""Strict YAML: every value knows its file and line, and what is not understood is refused.

The company's policy, its record, the law and the data maps are read through this module.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, ValidationError
from pydantic_core import CoreSchema

from bloesem.errors import BloesemError
from bloesem.yaml12 import Document, KeyPath, SourceError, dotted, parse, parse_text

Model = TypeVar("Model", bound=BaseModel)
Fault = TypeVar("Fault", bound=BloesemError)


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


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a file: where, what, which rule says so, and what to do."""

    path: Path
    line: int
    key: str
    message: str
    rule: str = ""
    remedy: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", _on_one_line(self.key))
        object.__setattr__(self, "message", _on_one_line(self.message))

    @property
    def place(self) -> str:
        """`file:line`; nothing, where no file says it."""
        return "" if (self.path, self.line) == NOWHERE else f"{self.path}:{self.line}"

    def __str__(self) -> str:
        at = f"{self.place}: " if self.place else ""
        return f"{at}{self.key}: {self.message}"


#: Path and line of a problem with what stands in no file, such as a table that no map names.
NOWHERE = (Path("map"), 1)


def placed(where: str) -> tuple[Path, int]:
    """in: `file:line`, or nothing. out: path and line."""
    path, _, line = where.rpartition(":")
    return (Path(path), int(line)) if path else NOWHERE


def _on_one_line(text: str) -> str:
    """What a file says comes back in the message: line breaks and control characters as they are written in quotes."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def refuse(problems: Iterable[Problem], kind: type[Fault]) -> None:
    """Raise one `kind` that lists every problem, in the order of files and lines; nothing when none is. Those of one rule
    and remedy stand together, and these once."""
    found = sorted(set(problems), key=lambda p: (str(p.path), p.line, p.key, p.message))
    if not found:
        return
    alike: dict[tuple[str, str], list[str]] = {}
    for one in found:
        alike.setdefault((one.rule or RULE, one.remedy), []).append(str(one))
    blocks = [
        kind("\n".join(lines), rule, remedy or _mend(len(lines))) for (rule, remedy), lines in alike.items()
    ]
    fault = blocks[0]
    if len(blocks) > 1:
        listed = "\n".join([*map(str, blocks), f"{len(found)} problems in all"])
        fault = kind(listed, RULE, _mend(len(found)))
    fault.problems = tuple(found)
    raise fault


def _mend(places: int) -> str:
    return REMEDY if places == 1 else f"mend the {places} places named"


#: Of a problem that names neither.
RULE = "what is not understood is refused"
REMEDY = "mend the line named"


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
        return model.model_validate(data, by_alias=True, by_name=False, context={"file": document.path})
    except ValidationError as fault:
        errors = fault.errors(include_url=False)
    refuse(_explain(document, at, errors, model), SourceError)
    raise AssertionError("a validation error has at least one fault")


# ---- explaining a fault ------------------------------------------------------------------------------


def _explain(document: Document, at: KeyPath, errors: Iterable[Any], model: type[BaseModel]) -> list[Problem]:
    schema = model.model_json_schema(by_alias=True)
    return [_problem(document, at, error, schema) for error in _nearest(document, at, errors)]


def _nearest(document: Document, at: KeyPath, errors: Iterable[Any]) -> list[Any]:
    """The errors that help: of a union whose members all refused a value, one; no "too short" for spoilt items.

    Where one member of a union got further than its type, what that one says stands for all.
    """
    found = list(errors)
    result: list[Any] = []
    unions: set[Any] = set()
    for error in found:
        member = error["type"] in _TYPE_ERRORS and _names_member(error["loc"][-1:])
        is_key = _place(document, at, error)[-1:] == error["loc"][-1:]
        place = error["loc"][:-1] if member and not is_key else error["loc"]
        inside = [o for o in found if o is not error and o["loc"][: len(place)] == place]
        if error["type"] == "too_short" and inside:
            continue
        if place == error["loc"]:
            result.append(error)
        elif place not in unions and all(o["type"] in _TYPE_ERRORS for o in inside):
            unions.add(place)
            result.append({**error, "loc": place, "type": "union"})
    return result


def _names_member(step: tuple[str | int, ...]) -> bool:
    """Whether a step of an error's place may be the name that pydantic gives a member of a union."""
    return any(isinstance(n, str) and (n in _TYPE_NAMES or n[:1].isupper() or "[" in n) for n in step)


_TYPE_NAMES = {"str", "int", "float", "bool", "date", "none"}


def _problem(document: Document, at: KeyPath, error: Any, schema: Any) -> Problem:
    where = _place(document, at, error)
    node = _node(schema, error["loc"])
    parent = _node(schema, error["loc"][:-1])
    rule = str(_extra(schema, node, "rule") or "")
    message = _message(error, schema, node, parent)
    return Problem(document.path, document.line_of(where), dotted(where) or "(file)", message, rule)


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
    if kind == "union":
        return f"{_shown(given)} is {_called(given)}; accepted: {expected}"
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
    return _suggested(name, tuple(sorted(known)), most)


@lru_cache(maxsize=1024)
def _suggested(name: str, names: tuple[str, ...], most: int) -> str:
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
            if _names_member((step,)):
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
    "placed",
    "read",
    "refuse",
    "validate",
]

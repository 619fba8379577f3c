"""An error about a file names the place in the file, not the place in the model, and says what would be accepted."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from pydantic import Field

from bloesem.errors import PolicyError
from bloesem.source import (
    NOWHERE,
    Problem,
    SourceError,
    Strict,
    accepted_keys,
    nearest,
    parse_text,
    refuse,
    validate,
)
from bloesem.terms import Keep, Key


class Leaf(Strict):
    for_: str = Field(alias="for")
    is_: tuple[str, ...] = Field(default=(), alias="is")
    on: bool = False
    day: dt.date | None = None


class Tree(Strict):
    leaf: Leaf | None = None
    either: Leaf | str | int = "x"
    many: tuple[Leaf, ...] = Field(default=(), min_length=1)
    named: dict[Key, Leaf] = Field(default_factory=dict)
    loose: dict[str, Leaf] = Field(default_factory=dict)
    keep: Keep = Keep()


def faults(text: str) -> list[str]:
    """Each fault as `line: key: message`."""
    with pytest.raises(SourceError) as caught:
        validate(parse_text(text, Path("f.yaml")), Tree)
    return [line.removeprefix("f.yaml:") for line in caught.value.thing.splitlines()]


def test_what_is_right_is_read() -> None:
    tree = validate(parse_text("leaf: {for: a, is: [b], on: true, day: 2026-01-01}", Path("f")), Tree)
    assert tree.leaf is not None
    assert (tree.leaf.for_, tree.leaf.is_, tree.leaf.on) == ("a", ("b",), True)
    assert tree.leaf.day == dt.date(2026, 1, 1)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (
            "leaf: {fur: a, for: b}",
            "1: leaf.fur: unknown key; accepted here: day, for, is, on (did you mean `for`?)",
        ),
        (
            "leaf: {for_: a, for: b}",
            "1: leaf.for_: unknown key; accepted here: day, for, is, on (did you mean `for`?)",
        ),
        ("leaf:\n  for: a\n  is: b", "3: leaf.is: `b` is text, a list is expected"),
        (
            "leaf:\n  for: a\n  is: [b, 3]",
            "3: leaf.is.1: `3` is read as a number, text is expected; write it in quotes",
        ),
        ("leaf:\n  is: []", "1: leaf.for: is missing; accepted: text"),
        ("leaf: {for: a, on: yes}", "1: leaf.on: `yes` is text, true or false is expected"),
        ("leaf: {for: a, on: 1}", "1: leaf.on: `1` is a number, true or false is expected"),
        (
            "leaf: {for: 2026-01-01}",
            "1: leaf.for: `2026-01-01` is read as a date, text is expected; write it in quotes",
        ),
        ("leaf: {for: }", "1: leaf.for: is empty, text is expected"),
        (
            "leaf: {for: a, day: 20260101}",
            "1: leaf.day: `20260101` is a number, a date such as 2024-03-18 (without quotes) is expected",
        ),
        (
            "leaf: 3",
            "1: leaf: `3` is a number, a mapping of keys is expected; accepted: keys for (required), is, on, day",
        ),
        (
            "either: [1]",
            "1: either: this is a list; accepted: keys for (required), is, on, day | text | a whole number",
        ),
        (
            "either: {far: a, for: b}",
            "1: either.far: unknown key; accepted here: day, for, is, on (did you mean `for`?)",
        ),
        (
            "many:\n- {for: a}\n- {fro: a, for: b}",
            "3: many.1.fro: unknown key; accepted here: day, for, is, on",
        ),
        ("loose:\n  Up: 3", "2: loose.Up: `3` is a number, a mapping of keys is expected"),
        ("loose:\n  str: 3", "2: loose.str: `3` is a number, a mapping of keys is expected"),
        ("loose:\n  a: {for: x, wat: 1}", "2: loose.a.wat: unknown key; accepted here: day, for, is, on"),
        ("named:\n  a: {for: x, wat: 1}", "2: named.a.wat: unknown key; accepted here: day, for, is, on"),
        ("named:\n  A: {for: x}", "2: named.A: `A` is no name; accepted: lower-case letters, digits and _"),
        ("loose:\n  1: {for: x}", "2: loose.1: "),
        (
            "keep:\n  for: P1Y\n  after: x\n  fallback:\n    for: P1\n    after: y",
            "5: keep.fallback.for: `P1` is no period",
        ),
        ("keep:\n- for: P1Y\n  after: x\n- for: P1Y\n", "4: keep.1.after: is missing; accepted: text"),
        ("keep:\n  hold: maybe", "2: keep.hold: `maybe` is text, true or false is expected"),
        ("keep: {}", "1: keep.for: is missing"),
        ("keep: {held: true}", "1: keep.held: unknown key; accepted here: after, fallback, for, from"),
    ],
)
def test_a_fault_names_the_line_the_key_and_what_is_accepted(text: str, fault: str) -> None:
    assert any(line.startswith(fault) for line in faults(text)), faults(text)


@pytest.mark.parametrize("text", ["either: [1]", "many:\n- {for: a, fro: b}", "leaf: {for: a, on: yes}"])
def test_one_mistake_is_one_fault(text: str) -> None:
    assert len(faults(text)) == 1


@pytest.mark.parametrize(
    ("scalar", "value"),
    [
        ("no", "no"),
        ("NO", "NO"),
        ("on", "on"),
        ("yes", "yes"),
        ("True", "True"),
        ("true", True),
        ("0151", "0151"),
        ("0o17", "0o17"),
        ("0x1f", "0x1f"),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("12:30:45", "12:30:45"),
        ("1e3", "1e3"),
        (".5", ".5"),
        ("-7", -7),
        ("1.5", 1.5),
        ("2026-01-01", dt.date(2026, 1, 1)),
        ("~", None),
    ],
)
def test_a_scalar_is_what_it_looks_like(scalar: str, value: object) -> None:
    read = parse_text(f"a: {scalar}", Path("f")).data["a"]
    assert read == value
    assert type(read) is type(value)


def test_a_line_is_that_of_the_nearest_key_there_is() -> None:
    document = parse_text("a:\n  b:\n    - c: 1\n    - d: 2\n", Path("f"))
    assert document.line_of(("a", "b", 1, "d")) == 4
    assert document.line_of(("a", "b", 1, "e")) == 4
    assert document.line_of(("a", "x")) == 1
    assert document.line_of(("z",)) == 1


def test_what_a_place_accepts_can_be_asked() -> None:
    assert accepted_keys(Tree, ("leaf",)) == {"for", "is", "on", "day"}
    assert accepted_keys(Tree, ("many", 0)) == {"for", "is", "on", "day"}
    assert accepted_keys(Tree, ("nothing",)) == set()


def test_of_many_names_only_those_that_look_alike_are_told() -> None:
    names = [f"name{number}" for number in range(40)] + ["contact.email"]
    assert nearest("contact.emial", names) == "contact.email … (41 in all)"
    assert nearest("b", ["a", "c"]) == "a, c"


def test_several_problems_are_one_error_each_with_its_rule_and_remedy() -> None:
    problems = [
        Problem(Path("f"), 9, "b", "is wrong", "R", "mend"),
        Problem(Path("f"), 2, "a", "is too"),
        Problem(Path("f"), 11, "c", "is wrong", "R", "mend"),
        Problem(*NOWHERE, "shop.note", "is in no map", "P-014", "map it"),
    ]
    with pytest.raises(PolicyError) as caught:
        refuse(problems, PolicyError)
    assert str(caught.value).splitlines() == [
        "f:2: a: is too",
        "  rule: what is not understood is refused",
        "  remedy: mend the line named",
        "f:9: b: is wrong",
        "f:11: c: is wrong",
        "  rule: R",
        "  remedy: mend",
        "shop.note: is in no map",
        "  rule: P-014",
        "  remedy: map it",
        "4 problems in all",
        "  rule: what is not understood is refused",
        "  remedy: mend the 4 places named",
    ]
    with pytest.raises(PolicyError) as caught:
        refuse([problems[0], problems[2]], PolicyError)
    assert str(caught.value).splitlines() == [
        "f:9: b: is wrong",
        "f:11: c: is wrong",
        "  rule: R",
        "  remedy: mend",
    ]
    with pytest.raises(PolicyError) as caught:
        refuse(problems[:1], PolicyError)
    assert str(caught.value).splitlines() == ["f:9: b: is wrong", "  rule: R", "  remedy: mend"]
    refuse([], PolicyError)

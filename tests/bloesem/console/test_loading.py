"""What the loader says of a version that is being written is there in the officer's language (P-002's four)."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from bloesem.console.officer.loading import added, in_language, rule_in_language
from bloesem.yaml12 import parse

SOURCE = Path(__file__).parents[3] / "src" / "bloesem"
MODULES = (
    "yaml12", "source", "policy/checks", "policy/text", "policy/cross", "policy/load", "publishing/drafting",
)  # fmt: skip
#: Calls whose words reach the page: what is wrong, by which rule, what helps.
SAYS = {
    "Problem",
    "problem",
    "_at",
    "_unknown",
    "names",
    "keys",
    "SourceError",
    "PolicyError",
    "PublishingError",
}
#: Words of the call that are no sentence: a file, a place, a key.
SILENT = {"sentences", "terms", "basis", "compatible", "writing", "sources", "confirmed"}


def sentences(module: str) -> Iterator[str]:
    """Every sentence that a module can say, with `1` for whatever it fills in."""
    tree = ast.parse((SOURCE / f"{module}.py").read_text("utf-8"))
    constants = {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call):
            continue
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        if name in SAYS:
            for given in (*call.args, *(one.value for one in call.keywords)):
                yield from words(given, constants)


def words(node: ast.expr, constants: Mapping[str, object]) -> Iterator[str]:
    if isinstance(node, ast.IfExp):
        yield from words(node.body, constants)
        yield from words(node.orelse, constants)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.Name) and isinstance(constants.get(node.id), str):
        yield str(constants[node.id])
    elif isinstance(node, ast.JoinedStr):
        yield "".join(str(one.value) if isinstance(one, ast.Constant) else "1" for one in node.values)


SAID = sorted(
    {
        one
        for module in MODULES
        for one in sentences(module)
        if one not in SILENT and not set(one) <= set("1.:/, _") and (" " in one or one.isalpha())
    }
)


def test_there_is_something_to_hold() -> None:
    assert len(SAID) > 120


@pytest.mark.parametrize("language", ["nl", "fr", "de"])
def test_every_sentence_of_the_loader_is_in_the_language(language: str) -> None:
    assert [
        one for one in SAID if in_language(one, language) is None and rule_in_language(one, language) is None
    ] == []


def hits() -> Iterator[str]:
    """What the linter's rules add, and what they look for by name."""
    for module in ("people", "structure", "text"):
        for call in ast.walk(ast.parse((SOURCE / f"policy/lint/{module}.py").read_text("utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "Hit" and len(call.args) > 2:
                yield from words(call.args[2], {})
    for rule in parse(SOURCE / "policy" / "lint" / "rules.yaml").data["rules"]:
        for looked_for in (rule.get("words") or {}).values():
            for name in ("topics", "needs"):
                yield from (one for one in looked_for.get(name, {}) if "\\" not in one)


@pytest.mark.parametrize("language", ["nl", "fr", "de"])
def test_what_a_rule_of_the_linter_adds_is_in_the_language(language: str) -> None:
    said = set(hits())
    assert len(said) > 60
    assert sorted(one for one in said if added(one, language) is None) == []


def test_a_list_is_said_word_by_word() -> None:
    assert (
        added("outside the table: cookies, contests", "de") == "außerhalb der Tabelle: Cookies, Gewinnspiele"
    )
    assert added("missing: a copy", "nl") == "ontbreekt: een kopie"


def test_what_is_filled_in_stays_and_what_is_words_is_said_too() -> None:
    said = in_language("policy.yaml:3: purposes.x.channels: unknown channel `fax`", "nl")
    assert said == "policy.yaml:3: purposes.x.channels: onbekend: kanaal `fax`"
    assert in_language("policy.yaml:9: x: `7` is a number, a list is expected", "de") == (
        "policy.yaml:9: x: `7` ist eine Zahl, erwartet wird eine Liste"
    )
    assert rule_in_language("P-051: the list of purposes is closed; P-111", "fr") == (
        "P-051: la liste des finalités est fermée; P-111"
    )
    assert rule_in_language("P-017, P-128", "nl") == "P-017, P-128"
    assert in_language("something that nobody translated", "nl") is None

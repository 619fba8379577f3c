"""Whoever reads a page, the notice, a letter or an answer is addressed in the one form that the company declared (P-184).

All words in four languages are read where they are written, and nothing names the files: what is added tomorrow is held too.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from bloesem.plain import FORMS, hard, other_form
from bloesem.source import parse
from bloesem.terms import LANGUAGES

ROOT = Path(__file__).parents[2]
BLOSSOM = ROOT / "company" / "blossom"
#: What a company wrote, and what the programs say by themselves.
PLACES = (BLOSSOM, ROOT / "src", ROOT / "law")
#: Not said to anybody: the words by which a form or a language is known, and the linter's patterns. And `u` for hours.
NOT_SAID = {
    "src/bloesem/plain.py": "",
    "src/bloesem/mailbox/words.py": "",
    "src/bloesem/policy/lint/rules.yaml": ".words",
}
HOURS = re.compile(r"\{hours\} u\b")


class Said(NamedTuple):
    file: str
    key: str
    language: str
    text: str


@pytest.fixture(scope="module")
def chosen() -> Mapping[str, str]:
    """Language → form, as the company declares it for all that it writes."""
    declared: Mapping[str, str] = parse(BLOSSOM / "messages" / "door.yaml").data["address"]
    return declared


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from strings(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from strings(part)


def in_languages(value: Any, key: str = "") -> Iterator[tuple[str, str, str]]:
    """Key, language and text of whatever is said in Dutch and in another language."""
    if isinstance(value, Mapping):
        if "nl" in value and len(value) > 1 and set(value) <= set(LANGUAGES):
            yield from ((key, language, text) for language in value for text in strings(value[language]))
            return
        for name, part in value.items():
            yield from in_languages(part, f"{key}.{name}")
    elif isinstance(value, list | tuple):
        for at, part in enumerate(value):
            yield from in_languages(part, f"{key}[{at}]")


def in_code(file: Path) -> Iterator[tuple[str, str, str]]:
    """The same of a program: each literal mapping of languages."""
    source = file.read_text()
    if '"nl"' not in source:
        return
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Dict):
            by = {
                one.value: part
                for one, part in zip(node.keys, node.values, strict=True)
                if isinstance(one, ast.Constant)
            }
            if {"nl", "de"} <= set(by) <= set(LANGUAGES):
                for language, part in by.items():
                    found = (one.value for one in ast.walk(part) if isinstance(one, ast.Constant))
                    yield from (
                        (f":{node.lineno}", str(language), one) for one in found if isinstance(one, str)
                    )


@cache
def everything() -> tuple[Said, ...]:
    found: list[Said] = []
    for place in PLACES:
        for file in sorted(place.rglob("*.yaml")):
            found += [Said(str(file.relative_to(ROOT)), *one) for one in in_languages(parse(file).data)]
        for file in sorted(place.rglob("*.py")):
            found += [Said(str(file.relative_to(ROOT)), *one) for one in in_code(file)]
    return tuple(one for one in found if not (one.file in NOT_SAID and one.key.endswith(NOT_SAID[one.file])))


@cache
def texts_of_the_policy() -> str:
    """Each version, word for word: what stands there is the company's, and quoted as it is."""
    files = sorted((BLOSSOM / "policy").glob("*/text.nl.txt"))
    return " ".join(" ".join(file.read_text().split()) for file in files)


@cache
def shown_before() -> frozenset[str]:
    """The words to which people agreed before they were written anew: they stay as they were shown."""
    texts = parse(BLOSSOM / "messages" / "consents.yaml").data["consents"]
    newest = {one["key"]: one for one in sorted(texts, key=lambda one: one["version"])}
    now = {text for one in newest.values() for text in strings(one["words"])}
    return frozenset(text for one in texts for text in strings(one["words"]) if text not in now)


def quoted(said: Said) -> bool:
    if said.text in shown_before():
        return True
    return said.language == "nl" and " ".join(said.text.split()) in texts_of_the_policy()


@pytest.mark.promise("P-184")
@pytest.mark.parametrize("language", [one for one in LANGUAGES if one in FORMS])
def test_all_words_that_a_person_reads_have_the_form_that_the_company_declared(
    chosen: Mapping[str, str], language: str
) -> None:
    said = [one for one in everything() if one.language == language]
    files = {one.file for one in said}
    assert len(said) > 2500
    assert files >= {
        "company/blossom/messages/consents.yaml",
        "company/blossom/messages/templates/case-received.yaml",
        "company/blossom/policy/2027-03-01/policy.yaml",
        "company/blossom/policy/2027-03-01/translations.yaml",
        "company/blossom/record/recipients.yaml",
        "src/bloesem/answers/words.yaml",
        "src/bloesem/notice/words.yaml",
        "src/bloesem/sending/indirect.py",
        "src/bloesem/sending/pages/words.yaml",
        "src/bloesem/sending/templates.py",
        "src/charging/portal/privacy.yaml",
        "src/charging/portal/requests.yaml",
    }
    odd = [
        (one.file, one.key, word, one.text)
        for one in said
        if (word := other_form(HOURS.sub("", one.text), language, chosen[language])) and not quoted(one)
    ]
    assert odd == []


@pytest.mark.promise("P-184")
def test_each_language_is_held_to_the_form_that_most_of_its_words_have(chosen: Mapping[str, str]) -> None:
    """Were another form declared, hundreds of texts would be odd: the rule finds what it is there to find."""
    for language, forms in FORMS.items():
        (other,) = set(forms) - {chosen[language]}
        found = [one for one in everything() if one.language == language]
        assert sum(other_form(one.text, language, other) is not None for one in found) > 300, language


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Sie erhalten keine Werbung mehr", "Sie"),
        ("Ein Klick. Sie sind fertig.", "Sie"),
        ("IHR WIDERSPRUCHSRECHT", "IHR"),
        ("Ihre Rechte", "Ihre"),
        ("Ihr Antrag", "Ihr"),
        ("Sie?", "Sie"),
        ("Wir schreiben Ihnen", "Ihnen"),
        ("Die Einwilligung ist notiert. Sie gilt ein Jahr.", None),
        ("Ihr braucht sie nicht mehr", None),
        ("Wir löschen sie und ihre Daten.", None),
        ("Du bekommst deine Daten, und ihr Ende ist gesagt", None),
    ],
)
def test_in_german_an_address_is_told_from_she_and_they(text: str, word: str | None) -> None:
    assert other_form(text, "de", "du") == word


# ---- in plain words (P-002) --------------------------------------------------------------------------------------------


@pytest.mark.promise("P-002")
@pytest.mark.parametrize("language", LANGUAGES)
def test_all_words_of_pages_letters_and_answers_are_plain_and_come_in_every_language(language: str) -> None:
    """What the programs say and what is sent; the policy's own sentences are the company's, and the linter's to judge."""
    ours = [one for one in everything() if one.file.startswith(("src/", "company/blossom/messages/"))]
    said = [one for one in ours if one.language == language]
    assert len(said) > 2000
    assert [(one.file, one.key, why) for one in said if (why := hard(one.text, language))] == []
    keys = {(one.file, one.key) for one in ours if one.language == "nl" and " " in one.text}
    assert keys - {(one.file, one.key) for one in said} == set()

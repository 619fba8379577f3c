"""What a case's page says of what happened, and of a form that was not filled in well: words, and no codes."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import get_args

import django
import pytest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "charging.settings")
django.setup()

from bloesem.cases.model import KINDS, RIGHTS  # noqa: E402
from bloesem.console.officer.registers import _article  # noqa: E402
from bloesem.console.words import WORDS  # noqa: E402
from bloesem.law import bundled, load_law  # noqa: E402
from bloesem.mailbox.message import Note  # noqa: E402
from charging.portal.officer import taking_in  # noqa: E402
from charging.portal.templatetags.portal import case_event, case_said, case_stand  # noqa: E402

SOURCES = Path(__file__).parents[3] / "src" / "bloesem"
LAW = load_law(bundled())
LANGUAGES = ("nl", "en", "fr", "de")
#: How the parts that write what happened name it.
WRITTEN = (
    r'event\(case, "([a-z-]+)"',
    r'_set\(\s*case,\s*"[a-z]+",\s*"([a-z-]+)"',
    r"(?:moment\(\)|\bat), '([a-z-]+)', (?:'|actor|by)",
)


def written() -> set[str]:
    texts = [
        path.read_text("utf-8") for part in ("cases", "mailbox") for path in (SOURCES / part).glob("*.py")
    ]
    return {
        name
        for text in texts
        for sign in WRITTEN
        for name in re.findall(sign, text)
        if not name.endswith("-")
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_happened_in_a_case_is_said_in_words(language: str) -> None:
    names = written()
    assert {"read", "means", "of-nobody-known", "carried-out", "unproven"} <= names
    context = {"language": language}
    assert [name for name in names if f"cases.event.{name}" not in WORDS] == []
    assert {case_event(context, name) for name in names} == {
        WORDS[f"cases.event.{name}"][language] for name in names
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_how_a_mail_was_read_is_said_in_words(language: str) -> None:
    context = {"language": language}
    for kind in KINDS:
        for right in RIGHTS:
            said = f"{kind} {right}, {', '.join(get_args(Note))}"
            told = case_said(context, {"what": "read", "said": said})
            parts = [WORDS[f"requests.kind.{kind}"][language], WORDS[f"requests.{right}"][language]]
            assert told.startswith(", ".join(parts)), told
            assert all(WORDS[f"cases.note.{note}"][language] in told for note in get_args(Note))
    meant = case_said(context, {"what": "means", "said": "question other → request erasure"})
    assert meant.split(" → ")[1].endswith(WORDS["requests.erasure"][language])
    theirs = "request erasure <b>" + "x" * 400
    assert case_said(context, {"what": "extended", "said": theirs}) == theirs[:299] + "…", (
        "words stay as they were"
    )


@pytest.mark.parametrize("key", list(taking_in._WRONG.values()))
def test_what_is_wrong_with_a_letters_form_is_said_in_four_languages(key: str) -> None:
    assert set(WORDS[key]) >= set(LANGUAGES)


def test_an_officer_is_not_told_to_confirm_what_the_person_does() -> None:
    said = case_stand({"language": "nl"}, "asked")
    assert said != WORDS["requests.state.asked"]["nl"]
    assert case_stand({"language": "nl"}, "decided") == WORDS["requests.state.decided"]["nl"]
    templates = Path(taking_in.__file__).parents[1] / "templates" / "portal"
    for name in ("case", "elsewhere", "_cases"):
        assert "case_state" not in (templates / f"{name}.html").read_text("utf-8")


@pytest.mark.parametrize("language", ["nl", "fr", "de"])
def test_what_the_authority_lists_is_cited_in_the_language_of_the_page(language: str) -> None:
    listed = [rule for rule in LAW.rules if isinstance(rule.value, dict) and "item" in rule.value]
    assert listed
    for rule in listed:
        said = _article(rule, language)
        assert rule.article in said
        assert str(rule.value["item"]) in said
        assert "item" not in said
        assert "authority" not in said
    (other,) = [rule for rule in LAW.rules if rule.key == "eu.dpia.automated"]
    assert _article(other, language) == "35(3)(a)"

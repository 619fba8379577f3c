"""The Dutch notice is the company's text, claim by claim; the others say the same, all of it, with the same figures."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest

from bloesem.notice.model import Notice
from bloesem.notice.render import blocks, text
from bloesem.notice.shelf import Shelf
from bloesem.policy.quotes import fold
from bloesem.policy.translations import read_translations
from bloesem.promises import Promise, load_promises

BLOSSOM = Path(__file__).parents[3] / "company" / "blossom"
VERSION = dt.date(2024, 3, 18)
TODAY = dt.date(2026, 11, 26)
FOLDER = BLOSSOM / "policy" / VERSION.isoformat()
LANGUAGES = ("nl", "en", "fr", "de")
#: What one language writes as a word and another as a figure is said here once: counts that a person relies on.
COUNTS = [
    {"nl": r"\bvier\b", "en": r"\bfour\b", "fr": r"\bquatre\b", "de": r"\bvier\b"},
    {
        "nl": r"\bdrie redenen\b",
        "en": r"\bthree reasons\b",
        "fr": r"\btrois raisons\b",
        "de": r"\bdrei Gründe\b|aus keinem dieser drei Gründe",
    },
]
YEARS = {"nl": r"(\d+) jaar", "en": r"(\d+) years?", "fr": r"(\d+) ans?", "de": r"(\d+) Jahre?"}
#: Names that no translation changes.
NAMES = (
    "Blossom Energy",
    "Liberty Global",
    "Google",
    "Adobe",
    "Meta",
    "LinkedIn",
    "European Data Protection Board",
)


@pytest.fixture(scope="module")
def shelf() -> Shelf:
    return Shelf(BLOSSOM)


@pytest.fixture(scope="module")
def notices(shelf: Shelf) -> dict[str, Notice]:
    return {language: shelf.notice(VERSION, language, TODAY) for language in LANGUAGES}


@pytest.fixture(scope="module")
def promises() -> tuple[Promise, ...]:
    return load_promises(FOLDER)


def bare(words: str) -> str:
    return re.sub(r"[\s|•]+|-{3,}:", "", fold(words))


def test_the_dutch_sentences_one_after_the_other_are_the_published_text(notices: dict[str, Notice]) -> None:
    published = (FOLDER / "text.nl.txt").read_text("utf-8")
    assert "".join(bare(one.words) for one in notices["nl"].sentences) == bare(published)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_on_the_page_once_and_in_its_place(
    notices: dict[str, Notice], language: str
) -> None:
    sentences = notices[language].sentences
    assert len({one.anchor for one in sentences}) == len(sentences)
    shown = [one.place for block in blocks(sentences) for one in block.sentences]
    assert shown == [one.place for one in sentences] == [one.place for one in notices["nl"].sentences]


def test_a_table_shows_each_of_its_cells_once(notices: dict[str, Notice]) -> None:
    (table,) = (block for block in blocks(notices["nl"].sentences) if block.kind == "table")
    cells = [one for row in table.rows for _, cell in row for one in cell]
    assert sorted(one.place for one in cells) == sorted(one.place for one in table.sentences)
    assert [head for head, _ in table.rows[0]] == [
        "Doeleinden",
        "Omschrijving",
        "Rechtsgrond",
        "Bewaartermijn",
    ]
    assert len(table.rows) == 1 + 7  # the head, and the seven rows of the policy
    terms = [" ".join(one.words for one in row[3][1]) for row in table.rows[1:]]
    assert terms[2] == "7 jaar"
    assert terms[0] == "1 jaar na beëindiging account"
    unnamed = [number for number, row in enumerate(table.rows[1:], 1) if not row[0][1]]
    assert unnamed == [2, 6]  # two cells of the text are empty


def test_each_claim_rests_on_a_sentence_that_says_its_words(
    notices: dict[str, Notice], promises: tuple[Promise, ...]
) -> None:
    """Claim by claim: every piece of its quotation is said by the sentences that it opens from."""
    said: dict[str, str] = {}
    for one in notices["nl"].sentences:
        for kept in one.kept:
            said[kept.id] = said.get(kept.id, "") + bare(one.words).casefold()
    assert set(said) == {promise.id for promise in promises}
    assert len(promises) == 184
    for promise in promises:
        for piece in promise.quote.split("…"):
            words = bare(piece).casefold()
            assert words in said[promise.id], promise.id


@pytest.mark.parametrize("version", ["2024-03-18", "2027-03-01"])
def test_no_sentence_is_without_a_translation_and_none_is_of_another_text(shelf: Shelf, version: str) -> None:
    from bloesem.policy.text import SENTENCES_FILE, SentencesFile
    from bloesem.policy.translations import places
    from bloesem.source import parse, validate

    folder = BLOSSOM / "policy" / version
    sentences = validate(parse(folder / SENTENCES_FILE), SentencesFile).sentences
    translated = read_translations(folder)
    assert set(translated) == set(places(sentences))
    for place, said in translated.items():
        assert set(said) == set(LANGUAGES), place
        assert all(words.strip() for words in said.values()), place
    text = shelf.text(dt.date.fromisoformat(version))
    assert text is not None
    assert set(text.languages) == set(LANGUAGES)


@pytest.mark.parametrize("version", ["2024-03-18", "2027-03-01"])
@pytest.mark.parametrize("language", ["en", "fr", "de"])
def test_figures_addresses_and_names_are_the_same_in_every_language(
    shelf: Shelf, version: str, language: str
) -> None:
    day = dt.date.fromisoformat(version)
    dutch, other = (shelf.notice(day, one, TODAY).sentences for one in ("nl", language))
    for ours, theirs in zip(dutch, other, strict=True):
        where = f"{ours.place}: {theirs.words}"
        assert sorted(re.findall(r"\d+", ours.words)) == sorted(re.findall(r"\d+", theirs.words)), where
        assert set(re.findall(YEARS["nl"], ours.words)) <= set(re.findall(YEARS[language], theirs.words)), (
            where
        )
        assert re.findall(r"\S+@\S+", ours.words) == re.findall(r"\S+@\S+", theirs.words), where
        for name in NAMES:
            assert (name in ours.words) == (name in theirs.words), f"{name}, {where}"
        for count in COUNTS:
            said = bool(re.search(count["nl"], ours.words, re.IGNORECASE)) == bool(
                re.search(count[language], theirs.words, re.IGNORECASE)
            )
            assert said, where
        assert theirs.original == ours.words


def test_a_figure_that_a_translation_gets_wrong_is_seen(notices: dict[str, Notice]) -> None:
    """The check above can fail: seven years in Dutch are not six in French."""
    ours = next(one for one in notices["nl"].sentences if one.words == "7 jaar")
    theirs = next(one for one in notices["fr"].sentences if one.place == ours.place)
    assert re.findall(r"\d+", theirs.words.replace("7", "6")) != re.findall(r"\d+", ours.words)


def test_no_words_of_the_catalogue_stand_there_as_keys(notices: dict[str, Notice]) -> None:
    for notice in notices.values():
        assert not re.search(r"\b(notice|promises)\.[a-z]", text(notice))

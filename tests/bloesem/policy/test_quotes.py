"""A quotation is found where the text says it, whatever a copy did to its spaces and quotation marks."""

from __future__ import annotations

import pytest

from bloesem.policy.quotes import REACH, find, fold

TEXT = """Wij zijn ‘Blossom Energy’.

We bewaren  je\u00a0gegevens niet langer
dan nodig,… zolang je klant bent.
We bewaren je gegevens in Mechelen.
"""


def test_folding_makes_white_space_one_space_and_quotation_marks_straight() -> None:
    assert fold("  a \u00a0 b\n\tc ") == "a b c"
    assert fold("‘a’ “b” «c» ’t") == '\'a\' "b" "c" \'t'


def test_folding_keeps_case_and_typing_errors() -> None:
    assert fold("Gebruikenvan je DATA") == "Gebruikenvan je DATA"


@pytest.mark.parametrize(
    ("quote", "line"),
    [
        ("Wij zijn 'Blossom Energy'", 1),
        ("bewaren je gegevens", 3),
        ("bewaren je gegevens in", 5),
        ("niet langer dan nodig", 3),
        ("dan nodig", 4),
        ("nodig,… zolang", 4),
        ("niet langer … klant", 3),
        ("niet langer ... klant", 3),
        ("… klant bent", 4),
        ("klant bent …", 4),
    ],
)
def test_the_line_is_that_on_which_the_quotation_begins(quote: str, line: int) -> None:
    assert find(quote, TEXT) == line


@pytest.mark.parametrize(
    "quote", ["", " ", "…", "...", "Je gegevens", "bewaren jegegevens", "klant … niet langer"]
)
def test_what_the_text_does_not_say_is_found_nowhere(quote: str) -> None:
    assert find(quote, TEXT) is None


def test_signs_of_a_pattern_are_only_words() -> None:
    assert find("a.c (d)*", "abc d\na.c (d)*") == 2
    assert find("a.c", "abc") is None


def test_parts_of_a_quotation_stand_near_each_other() -> None:
    assert find("begin … end", "begin" + "x" * REACH + "end") == 1
    assert find("begin … end", "begin" + "x" * (REACH + 1) + "end") is None


def test_a_first_part_that_leads_nowhere_does_not_hide_a_later_one() -> None:
    assert find("begin … end", "begin\n" + "x" * (REACH + 1) + "\nbegin\nend") == 3

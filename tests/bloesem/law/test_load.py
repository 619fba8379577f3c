"""The law is data with dates: what contradicts itself, or points nowhere, is refused with file and line."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from bloesem.errors import LawError
from bloesem.law import load_law
from bloesem.source import SourceError

RULE = """\
rules:
  - {{key: {key}, label: {{en: A}}, article: x, source: s, value: {value}{dates},
      checked: false}}
"""


def write(home: Path, name: str, text: str) -> Path:
    home.mkdir(exist_ok=True)
    path = home / name
    path.write_text(text, encoding="utf-8")
    return path


def test_files_and_directories_are_one_law(tmp_path: Path) -> None:
    write(tmp_path / "eu", "eu.yaml", RULE.format(key="eu.one", value="P1M", dates=""))
    write(tmp_path / "be", "be.yaml", RULE.format(key="be.age", value="13", dates=""))
    law = load_law(tmp_path / "eu", tmp_path / "be")
    assert [law.rule("eu.one").value, law.rule("be.age").value] == ["P1M", 13]


@pytest.mark.promise("R-012")
def test_a_value_that_changed_is_the_one_of_the_day(tmp_path: Path) -> None:
    older = RULE.format(key="term", value="P7Y", dates=", valid_until: 2022-12-31")
    newer = RULE.format(key="term", value="P10Y", dates=", valid_from: 2023-01-01")
    write(tmp_path, "a.yaml", older)
    write(tmp_path, "b.yaml", newer)
    law = load_law(tmp_path)
    assert law.valid_on(dt.date(2022, 12, 31)).rule("term").value == "P7Y"
    assert law.valid_on(dt.date(2023, 1, 1)).rule("term").value == "P10Y"
    assert len(law.valid_during(dt.date(2022, 1, 1), None).rules) == 2
    with pytest.raises(LawError, match="rule `term` has 2 values over time"):
        law.rule("term")
    with pytest.raises(LawError, match="rule `terms` is not in the law files"):
        law.rule("terms")


def test_two_values_on_one_day_are_refused(tmp_path: Path) -> None:
    first = write(tmp_path, "a.yaml", RULE.format(key="term", value="P7Y", dates=", valid_until: 2023-01-01"))
    second = write(
        tmp_path, "b.yaml", RULE.format(key="term", value="P10Y", dates=", valid_from: 2023-01-01")
    )
    with pytest.raises(LawError) as caught:
        load_law(tmp_path)
    assert f"{second}:2: term: has another value on the same day, in {first}:2" in str(caught.value)
    assert "remedy: end the older one (valid_until)" in str(caught.value)


def test_a_validity_does_not_end_before_it_begins(tmp_path: Path) -> None:
    dates = ", valid_from: 2023-01-02, valid_until: 2023-01-01"
    path = write(tmp_path, "a.yaml", RULE.format(key="term", value="P7Y", dates=dates))
    with pytest.raises(LawError) as caught:
        load_law(tmp_path)
    assert f"{path}:2: term: valid until 2023-01-01, before it begins on 2023-01-02" in str(caught.value)


def test_a_directory_without_law_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LawError, match=r"holds no law \(\*\.yaml\)"):
        load_law(tmp_path)
    with pytest.raises(LawError, match="no such directory"):
        load_law(tmp_path / "none")


CEILING = """\
vocabulary:
  call-recording: {label: {en: Recording}}
ceilings:
  - key: cap
    label: {en: Cap}
    is: [call-recordings]
    for: P1M
    after: record
    article: "1"
    source: s
    checked: {status: from-knowledge}
"""


def test_a_word_that_the_vocabulary_lacks_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "a.yaml", CEILING)
    with pytest.raises(LawError) as caught:
        load_law(tmp_path)
    assert f"{path}:4: cap: `call-recordings` is no word of the vocabulary" in str(caught.value)
    assert "use one of: call-recording" in str(caught.value)


def test_a_floor_keeps_for_a_purpose_that_the_law_has(tmp_path: Path) -> None:
    floor = CEILING.replace("ceilings", "floors").replace("call-recordings", "call-recording")
    floor = floor.replace("    for: P1M\n    after: record\n", '    keep: hold\n    purpose: "law:x"\n')
    path = write(tmp_path, "a.yaml", floor)
    with pytest.raises(LawError) as caught:
        load_law(tmp_path)
    assert f"{path}:8: cap: `law:x` is no purpose of the law" in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "says"),
    [
        ("for: P1M", "for: 1 month", 7, "ceilings.0.for", "`1 month` is no period"),
        ("after: record", "after: account.closed", 8, "ceilings.0.after", "accepted: record"),
        (
            "status: from-knowledge",
            "status: guessed",
            11,
            "ceilings.0.checked.status",
            "accepted: published, from-knowl",
        ),
        ("    source: s\n", "", 4, "ceilings.0.source", "is missing"),
        ("    source: s\n", "    sauce: s\n", 10, "ceilings.0.sauce", "(did you mean `source`?)"),
        ("vocabulary:", "words:", 1, "words", "accepted here: adequacy, authority, bans, ceilings"),
    ],
)
def test_a_shape_that_is_not_the_laws_is_refused(
    tmp_path: Path, old: str, new: str, line: int, key: str, says: str
) -> None:
    path = write(tmp_path, "a.yaml", CEILING.replace(old, new))
    with pytest.raises(SourceError) as caught:
        load_law(tmp_path)
    assert f"{path}:{line}: {key}: " in str(caught.value)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("checked", "accepted"),
    [
        ("false", True),
        ("{status: from-knowledge}", True),
        ("{status: published, on: 2026-06-18}", True),
        ("{status: published}", False),
        ("{status: from-knowledge, on: 2026-06-18}", False),
        ("true", False),
    ],
)
def test_a_comparison_has_a_day_and_without_one_there_was_none(
    tmp_path: Path, checked: str, accepted: bool
) -> None:
    write(
        tmp_path,
        "a.yaml",
        CEILING.replace("recordings]", "recording]").replace("{status: from-knowledge}", checked),
    )
    if accepted:
        (ceiling,) = load_law(tmp_path).ceilings
        assert (ceiling.checked.on is None) == (ceiling.checked.status == "from-knowledge")
        return
    with pytest.raises(SourceError, match=r"ceilings\.0\.checked"):
        load_law(tmp_path)


@pytest.mark.parametrize("term", ["", "    keep: hold\n    term: company\n"])
def test_a_purpose_of_the_law_has_a_term_or_leaves_it_to_the_company(tmp_path: Path, term: str) -> None:
    purpose = (
        'purposes:\n  - key: "law:x"\n    label: {en: X}\n    description: {en: X}\n    basis: legal-obligation\n'
        f'    article: "1"\n    reads: {{all: true}}\n    survives: {{}}\n    checked: false\n{term}'
    )
    write(tmp_path, "a.yaml", purpose)
    with pytest.raises(SourceError, match="or `term: company` where the law names no term"):
        load_law(tmp_path)

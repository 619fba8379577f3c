"""The linter: on the published text exactly what is wrong with it, and nothing once it is mended."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
import yaml
from tests.bloesem.policy.lint.mended import MENDED, mended

from bloesem.policy.company import Company, load_company
from bloesem.policy.lint import FUNCTIONS, KNOWN, LintFinding, Notice, lint, publishable, rules, unread
from bloesem.policy.lint.reading import notice_of, proven_by
from bloesem.terms import LANGUAGES
from bloesem.testing import merge

ROOT = Path(__file__).parents[4]
TODAY = dt.date(2026, 6, 1)
IDS = [f"L-{number:03}" for number in range(1, 88)]
EXPECTED: dict[str, list[int | None]] = yaml.safe_load(
    Path(__file__).with_name("expected.yaml").read_text("utf-8")
)


@pytest.fixture(scope="module")
def company() -> Company:
    return load_company(ROOT / "company" / "blossom")


@pytest.fixture(scope="module")
def published(company: Company) -> Notice:
    return notice_of(company, company.in_force(TODAY), TODAY)


@pytest.fixture(scope="module")
def found(published: Notice) -> tuple[LintFinding, ...]:
    return lint(published)


def test_the_published_text_has_every_finding_and_no_other(found: tuple[LintFinding, ...]) -> None:
    assert sorted({one.id for one in found}) == IDS
    assert [rule.id for rule in rules()] == IDS


@pytest.mark.parametrize("id_", IDS)
def test_it_is_found_on_these_lines(found: tuple[LintFinding, ...], id_: str) -> None:
    lines = sorted({one.line for one in found if one.id == id_}, key=lambda line: line or 0)
    assert lines == EXPECTED[id_]


@pytest.mark.parametrize("id_", IDS)
def test_it_is_silent_where_the_fault_is_mended(company: Company, published: Notice, id_: str) -> None:
    after = lint(mended(id_, published, company))
    assert [one for one in after if one.id == id_] == []


def test_each_rule_has_a_way_to_be_found_and_is_told_whole() -> None:
    for rule in rules():
        assert rule.id in KNOWN or rule.id in FUNCTIONS or rule.words, rule.id
        assert rule.title.keys() == rule.remedy.keys() == set(LANGUAGES)
        assert rule.article
    assert set(MENDED) == set(IDS)
    assert len({rule.name for rule in rules()}) == len(IDS)


def test_evidence_is_in_the_text_on_the_line_that_is_named(
    published: Notice, found: tuple[LintFinding, ...]
) -> None:
    assert published.lines is not None
    quoted = [one for one in found if one.evidence and one.line and one.rule.by == "text" and not one.said]
    assert len(quoted) > 60
    for one in quoted:
        assert one.line is not None
        assert one.evidence in " ".join(published.lines[one.line - 1].split()), one


def test_an_error_alone_keeps_a_version_from_being_published(published: Notice) -> None:
    blocking = publishable(published)
    assert {one.severity for one in blocking} == {"error"}
    assert {"L-010", "L-082"} <= {one.id for one in blocking}
    assert not {"L-024", "L-021"} & {one.id for one in blocking}


def test_what_the_law_asks_later_is_asked_from_its_day_on(company: Company, published: Notice) -> None:
    before = notice_of(company, published.policy, dt.date(2025, 9, 11))
    assert "L-075" not in {one.id for one in lint(before)}
    assert "L-075" in {one.id for one in lint(notice_of(company, published.policy, dt.date(2025, 9, 12)))}


@pytest.mark.promise("P-182")
def test_a_policy_is_stale_a_year_after_its_day(company: Company, published: Notice) -> None:
    last = notice_of(company, published.policy, dt.date(2025, 3, 18))
    assert not [one for one in lint(last) if one.id == "L-024" and "year" in one.said]
    after = notice_of(company, published.policy, dt.date(2025, 3, 19))
    assert [one for one in lint(after) if one.id == "L-024" and "year" in one.said]


def test_an_absolute_word_whose_promises_are_proven_is_none(
    company: Company, published: Notice, tmp_path: Path
) -> None:
    line = 6
    ids = [one.id for one in published.claims if one.line == line]
    assert ids
    file = tmp_path / "last-run.json"
    assert proven_by(file) is None
    at = dt.datetime(2026, 6, 1, tzinfo=dt.UTC).isoformat()
    merge(file, {"a": {"outcome": "passed", "at": at, "promises": ids}})
    proven = notice_of(company, published.policy, TODAY, proven_by(file))
    assert line not in {one.line for one in lint(proven) if one.id == "L-080"}
    merge(file, {"b": {"outcome": "failed", "at": at, "promises": ids[:1]}})
    failing = notice_of(company, published.policy, TODAY, proven_by(file))
    assert line in {one.line for one in lint(failing) if one.id == "L-080"}


def test_a_company_without_a_text_is_judged_by_its_model_alone() -> None:
    small = load_company(ROOT / "company" / "minimal")
    notice = notice_of(small, small.in_force(TODAY), TODAY)
    assert notice.lines is None
    ways = {one.rule.by for one in lint(notice)}
    assert "text" not in ways


def test_a_language_without_words_is_named(published: Notice) -> None:
    assert unread(published) == ()
    other = published.policy.model_copy(update={"language": "fr"})
    names = unread(Notice(other, published.record, published.law, TODAY, ("Bonjour.",)))
    assert "L-010" in names
    assert "L-001" not in names


def test_the_page_lists_the_rules_as_they_are() -> None:
    page = (ROOT / "docs" / "linter.md").read_text("utf-8")
    for rule in rules():
        assert f"| {rule.id} | {rule.severity} | {rule.by} | {rule.title['en']} | {rule.article} |" in page


def test_the_corrected_version_has_no_error_and_can_be_published(company: Company) -> None:
    first = dt.date(2027, 3, 1)
    corrected = company.in_force(first)
    assert corrected.version == first
    notice = notice_of(company, corrected, first)
    assert publishable(notice) == ()
    assert {one.id for one in lint(notice)} <= {"L-071", "L-080", "L-086"}

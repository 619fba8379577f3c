"""One document shows everything, and nothing runs that it leaves out (P-001): on the corrected version without a difference;
on that of 2024-03-18 with the differences that the linter finds, and no other."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from tests.promises.test_gate import COMPANY

from bloesem.company import Loaded, load
from bloesem.consent.texts import load_texts
from bloesem.countries import called
from bloesem.notice.chapters import Sources
from bloesem.notice.model import Entry, Notice
from bloesem.notice.shelf import Shelf
from bloesem.policy.diff import spelt
from bloesem.policy.lint import lint
from bloesem.policy.lint.reading import notice_of
from bloesem.policy.model import ALL
from bloesem.sending.ready import rules_of
from bloesem.sending.templates import load_templates
from bloesem.terms import BASES

FIRST, CORRECTED = dt.date(2024, 3, 18), dt.date(2027, 3, 1)
DAYS = {FIRST: dt.date(2026, 6, 1), CORRECTED: dt.date(2027, 3, 2)}
#: What the linter says where the document has more than the text: its rule, and how it names what it is about.
SAID = {
    "L-005": ("controller", r"number of the (register of companies)"),
    "L-017": ("category", r"category `([a-z_.]+)`"),
    "L-055": ("source", r"source `([a-z_]+)`"),
    "L-057": ("recipient", r"kind `([a-z_]+)`"),
    "L-058": ("recipient", r"kind `([a-z_]+)`"),
    "L-037": ("basis", r"part `([a-z_]+)` runs on"),
    "L-038": ("basis", r"part `([a-z_]+)` runs on"),
}
pytestmark = pytest.mark.promise("P-001")


@dataclass(frozen=True)
class Case:
    """A version on a day on which it is in force, as it is shown and as it runs."""

    notice: Notice
    sources: Sources
    loaded: Loaded

    def entries(self, chapter: str) -> tuple[Entry, ...]:
        """None where it has nothing to say, and is not on the page."""
        return next((one.entries for one in self.notice.chapters if one.key == f"m-{chapter}"), ())

    def keys(self, chapter: str, kind: str) -> set[str]:
        return {entry.key.removeprefix(f"m-{kind}-") for entry in self.entries(chapter)}

    def parts(self) -> dict[str, Entry]:
        return {entry.parts[0]: entry for key in ("purposes", "law") for entry in self.entries(key)}


@pytest.fixture(scope="module", params=[FIRST, CORRECTED], ids=str)
def case(request: pytest.FixtureRequest) -> Case:
    version, shelf = request.param, Shelf(COMPANY.company.directory)
    day = DAYS[version]
    return Case(
        shelf.notice(version, "nl", day),
        shelf.sources(version, "nl", day),
        load(COMPANY.company.directory, on=day, company=COMPANY.company),
    )


def test_whatever_the_model_declares_stands_in_the_document(case: Case) -> None:
    policy = case.loaded.policy
    assert set(case.parts()) == {part.key for part in case.loaded.plan.purposes}
    shown = {category for entry in case.entries("data") for category in entry.categories}
    assert shown == set(policy.categories)
    assert case.keys("sources", "source") == set(policy.sources)
    assert case.keys("recipients", "recipient") == set(policy.recipients)
    assert case.keys("rights", "right") == set(policy.rights)
    assert {one.title for one in case.entries("cookies")} == {
        one.name for one in case.sources.company.cookies
    }
    for key, entry in case.parts().items():
        part = case.loaded.plan.purpose(key)
        labels = {fact.label for fact in entry.facts}
        needs = ["ground", "term", "data", *(["interest"] if part.basis == "legitimate-interest" else [])]
        assert {case.sources.label(one) for one in needs} <= labels, key
        shown_ = {fact.label: " ".join(value.text for value in fact.values) for fact in entry.facts}
        ground, term = (shown_[case.sources.label(one)] for one in ("ground", "term"))
        assert case.sources.say(f"notice.basis.{part.basis}") in ground, key
        assert str(part.article) in ground, key
        for clock in part.clocks:
            at_once = clock.period == "P0D"  # it ends with the event itself
            assert at_once or spelt(clock.period)["nl"] in term, (key, clock.period, term)
    kinds = {entry.key.removeprefix("m-recipient-"): str(entry.facts) for entry in case.entries("recipients")}
    for key, kind in policy.recipients.items():
        for one in kind.reads:
            if one != ALL:
                assert case.sources.company.category(one, "nl") in kinds[key], (key, one)
    for key, right in policy.rights.items():
        text = str(next(entry for entry in case.entries("rights") if entry.key == f"m-right-{key}"))
        for item in (*right.conditions, *right.exceptions):
            assert item.label["nl"] in text, (key, item.key)


def test_nothing_runs_that_the_document_leaves_out(case: Case) -> None:
    """What PostgreSQL grants, what is sent, asked and given, is for a purpose, of a category and to a kind that stand there."""
    plan, record, policy = case.loaded.plan, case.loaded.company.record, case.loaded.policy
    parts = case.parts()
    for table in plan.tables:
        for column in table.columns:
            assert set(column.categories) <= set(policy.categories), f"{table.name}.{column.name}"
    for key, entry in parts.items():
        part = plan.purpose(key)
        shown = {
            value.text
            for fact in entry.facts
            if fact.label == case.sources.label("data")
            for value in fact.values
        }
        for category in case.sources.granted.get(key, ()) if ALL not in part.reads else ():
            assert case.sources.company.category(category, "nl") in " ".join(shown), f"{key}: {category}"
    assert {role.purpose for role in record.roles.values()} - {None} <= set(parts)
    day = DAYS[policy.version]
    live = [
        one for one in record.transfers.values() if one.decided <= day and not (one.until and one.until < day)
    ]
    assert {one.kind for one in record.recipients.values()} <= set(policy.recipients)
    assert len(case.entries("transfers")) == len(live)
    transfers = {entry.key.removeprefix("m-transfer-"): str(entry) for entry in case.entries("transfers")}
    for key, one in record.transfers.items():
        if one in live:
            assert called(one.country, case.sources.language) in transfers[key], key
            assert record.recipients[one.recipient].name in transfers[key], key
    rules = rules_of(case.loaded)
    assert rules is not None
    messages = COMPANY.company.directory / "messages"
    sent = load_templates(messages / "templates", rules, day)
    asked = load_texts(messages / "consents.yaml", rules)
    purposes = {one.purpose for one in sent.all.values()} | {one.purpose for one in asked.all}
    assert {purpose for purpose in purposes if purpose} <= set(parts)


@pytest.mark.promise("R-051")
def test_where_the_essence_of_an_arrangement_can_be_read_stands_in_the_document(case: Case) -> None:
    record = case.loaded.company.record
    together = [one for one in record.recipients.values() if one.contract and one.contract.arrangement]
    assert together
    shown = {entry.key: str(entry.facts) for entry in case.entries("recipients")}
    for one in together:
        assert one.contract is not None
        assert f"{one.name}: {one.contract.arrangement}" in shown[f"m-recipient-{one.kind}"]


def test_the_document_and_the_text_differ_by_what_the_linter_finds_and_no_more(case: Case) -> None:
    version = case.loaded.policy.version
    found = lint(notice_of(case.loaded.company, case.loaded.policy, DAYS[version]))
    of_linter = {
        (SAID[one.id][0], named[1])
        for one in found
        if one.id in SAID and (named := re.search(SAID[one.id][1], one.said))
    }
    assert set(_differences(case)) == of_linter
    if version == CORRECTED:
        assert of_linter == set()


def _differences(case: Case) -> Iterator[tuple[str, str]]:
    """What the document itself marks as not in the text, or as otherwise than the text has it."""
    it = case.sources
    for chapter, kind in (("sources", "source"), ("recipients", "recipient")):
        for entry in case.entries(chapter):
            if it.say("notice.undeclared") in entry.note:
                yield kind, entry.key.removeprefix(f"m-{kind}-")
    names = {it.spoken(one.label).text: key for key, one in case.loaded.policy.categories.items()}
    for entry in case.entries("data"):
        for fact in entry.facts:
            if any(value.text == it.say("notice.undeclared") for value in fact.values):
                yield "category", next(k for k in entry.categories if names.get(fact.label) == k)
    for key, entry in case.parts().items():
        texts = [it.say("notice.basis-differs", text=it.say(f"notice.basis.{one}")) for one in BASES]
        if any(text in entry.note for text in texts):
            yield "basis", key
    if it.say("notice.example") in next(e for e in case.entries("who") if e.key == "m-controller").note:
        yield "controller", "register of companies"

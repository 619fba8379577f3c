"""A version is held to its text: each sentence has its datum, and what quotes the text stands in it."""

from __future__ import annotations

import pytest
from tests.bloesem.policy.drafts import POLICY, VERSION, Draft

from bloesem.errors import PolicyError
from bloesem.policy.text import other_day

TEXT, SENTENCES = (f"policy/{VERSION}/{name}" for name in ("text.en.txt", "sentences.yaml"))
WORDS = """We are  Little Shop BV. We keep your data.

 • One year after you left |
"""
CUT = """sentences:
  - {line: 1, says: "We are Little Shop BV.", data: [controller/name]}
  - {line: 1, says: "We keep your data.", data: [purposes]}
  - {line: 3, says: "One year after you left", data: [purposes/SALE/keep, purposes/SALE/parts/orders/reads/order]}
"""
NAMED = "  name: Little Shop\n"
ROW = "    keep: {for: P1Y, after: customer.ended}      # one year, counted from the last day as a customer\n"


@pytest.fixture
def told(draft: Draft) -> Draft:
    """The draft with a text, cut into sentences; what the text does not say of controller and contact left alone."""
    draft.write(TEXT, WORDS).write(SENTENCES, CUT)
    draft.change(POLICY, NAMED, f"{NAMED}  lines: [1]\n")
    draft.change(
        POLICY,
        "  function: {en: Privacy desk}\n  email: privacy@shop.example\n",
        "  function: {nl: x}\n  email: data\n  lines: [1]\n",
    )
    return draft


def test_a_version_without_sentences_is_held_to_no_text(draft: Draft) -> None:
    draft.write(TEXT, "Something else.\n").load()


def test_a_text_that_is_transcribed_whole_is_accepted(told: Draft) -> None:
    assert told.load().findings == ()


@pytest.mark.parametrize(
    ("old", "new", "at", "says"),
    [
        ("your data.", "your data", "sentences.1", None),
        ('"We are Little Shop BV."', '"We are Small Shop BV."', "sentences.0", None),
        ("{line: 3,", "{line: 2,", "sentences.2", "line 2 of the text says something else"),
        ("line: 3", "line: 9", "sentences", "line 3 of the text is missing"),
        ("purposes]", "purposes/SALE/channels]", "sentences.1.data", "or says nothing there"),
        ("controller/name", "controller/nam", "sentences.0.data", "`controller/nam` is not in policy.yaml"),
        ("reads/order]", "reads/ordr]", "sentences.2.data", "reads/ordr` is not in policy.yaml"),
    ],
)
def test_a_word_that_is_missing_or_leads_nowhere_is_refused(
    told: Draft, old: str, new: str, at: str, says: str | None
) -> None:
    text = told.change(SENTENCES, old, new).refused(PolicyError).with_rule("P-001").text
    assert f"{told.path(SENTENCES)}:" in text
    assert (says or "line 1 of the text says something else") in text
    assert says is None or f": {at}: " in text


def test_a_sentence_that_the_text_gains_is_refused_until_it_is_transcribed(told: Draft) -> None:
    told.add(TEXT, "We sell it.\n")
    assert "line 4 of the text is missing" in told.refused(PolicyError).text


def test_a_text_that_was_lost_is_refused(told: Draft) -> None:
    told.path(TEXT).unlink()
    told.refused(PolicyError).says(SENTENCES, 1, "sentences", "there is no text.en.txt beside it")


@pytest.mark.parametrize(
    ("said", "accepted"),
    [
        ("One year after you left", True),
        ("one year  after you left", True),
        ("One year after you lef", False),
        ("Two years after you left", False),
        ("We keep your data", False),  # of another line
    ],
)
def test_a_term_is_quoted_as_the_text_says_it(told: Draft, said: str, accepted: bool) -> None:
    told.change(POLICY, ROW, f"{ROW}    lines: [3]\n    retention_text: {{en: {said}}}\n")
    if accepted:
        told.load()
        return
    told.refused(PolicyError).says(
        POLICY, "retention_text", "purposes.SALE.retention_text", f"`{said}` is not what"
    )


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        (NAMED, "  name: Small Shop\n", "controller.name"),
        ("email: data", "email: date", "contact.email"),
        (
            "{label: {en: Name}, type: customer}",
            "{label: {en: Name}, type: customer, line: 1, examples: [{en: your name}]}",
            "categories.identity.name.examples",
        ),
        (
            "{label: {en: Name}, type: customer}",
            "{label: {en: Name}, type: customer, examples: [{en: your data}]}",
            "categories.identity.name.examples",
        ),
        (
            "{label: {en: From you at checkout}",
            "{label: {en: From you at checkout}, line: 1, examples: [{en: at checkout}]",
            "sources.checkout.examples",
        ),
    ],
)
def test_an_example_and_a_name_are_the_texts_own_words(told: Draft, old: str, new: str, where: str) -> None:
    assert f": {where}: " in told.change(POLICY, old, new).refused(PolicyError).text


def test_what_lies_in_a_category_is_said_in_our_words(told: Draft) -> None:
    name = "{label: {en: Name}, type: customer"
    told.change(
        POLICY, f"{name}}}", f"{name}, line: 1, examples: [{{en: your data}}], holds: [{{en: anything}}]}}"
    ).load()


RULE = """
recordings:
  {{line: 1, category: calls, calls: certain, told: at-the-start, of: {{en: your data}}, for: [{parts}]}}
"""


@pytest.mark.promise("P-081")
@pytest.mark.parametrize(
    ("parts", "only", "says"),
    [
        ("orders", "[orders]", None),
        (
            "orders",
            "[orders, newsletter]",
            "recordings are for orders, and `calls` is open to orders, newsletter",
        ),
        ("orders", "[]", "`calls` is open to all"),
        ("order", "[orders]", "unknown part `order`"),
    ],
)
def test_recordings_are_open_to_the_uses_that_were_told(
    draft: Draft, parts: str, only: str, says: str | None
) -> None:
    draft.change(
        POLICY,
        "  identity.name:",
        f"  calls: {{label: {{en: Calls}}, type: customer, only: {only}}}\n  identity.name:",
    )
    draft.change(POLICY, "reads: [identity, order]", "reads: [identity, order, calls]")
    draft.add(POLICY, RULE.format(parts=parts))
    if says is None:
        draft.load()
    else:
        assert says in draft.refused(PolicyError).text


def test_a_group_of_people_is_declared(draft: Draft) -> None:
    draft.change(
        POLICY, "        reads: [identity.email]", "        reads: [identity.email]\n        groups: [reader]"
    )
    assert "unknown group `reader`" in draft.refused(PolicyError).text
    draft.add(POLICY, "\ngroups: {reader: {en: Readers}}\n").load()


@pytest.mark.promise("P-182")
def test_the_day_that_the_text_says_is_held_to_the_day_of_the_version(told: Draft) -> None:
    last = "Last changed: 1 January 2026"
    told.change(TEXT, " • One year after you left |\n", f" • One year after you left |\n{last}\n")
    told.add(SENTENCES, f'  - {{line: 4, says: "{last}", data: [version]}}\n')
    (policy,) = told.load().versions
    folder = told.path(SENTENCES).parent
    assert other_day(folder, policy) == ""
    told.write(SENTENCES, told.text(SENTENCES).replace("1 January 2026", "2 January 2026"))
    assert other_day(folder, policy) == "Last changed: 2 January 2026"

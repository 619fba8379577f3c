"""What an answer says, whoever is answered: each thing that the law names, and where to turn to."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any, get_args

import pytest
from tests.promises.test_gate import COMPANY

from bloesem.answers import Asked, Composer
from bloesem.answers.model import Answer, AnswerError, words
from bloesem.cases.model import RIGHTS
from bloesem.countries import called
from bloesem.recipients.model import Transfer
from bloesem.rights.portable import OTHERS, WORDS
from bloesem.terms import Origin

TODAY = dt.date(2026, 6, 1)
LANGUAGES = ("nl", "en", "fr", "de")
COMPOSER = Composer(
    COMPANY.plan, COMPANY.policy, COMPANY.company.law.valid_on(TODAY), COMPANY.company.record.controller
)


def asked(right: str, language: str = "en") -> Asked:
    return Asked("2026-ABCD", right, language, dt.date(2026, 5, 20), TODAY)


def found() -> dict[str, Any]:
    """What the engine finds of somebody, in its own form (`GuardedDesk.access`)."""
    return {
        "tables": {"data.email_address": [{"id": 1, "value": "ann@post.example"}]},
        "why": {
            "data.email_address": {
                "purposes": ["billing"],
                "until": "2027-06-01",
                "source": "subject:contract",
            }
        },
        "recipients": [
            {
                "name": "Briefwerk NV (example)",
                "on": "2026-04-01",
                "purpose": "billing",
                "table": "data.address",
                "transfers": [{"country": "IN", "mechanism": "scc"}],
            }
        ],
        "read": [{"on": "2026-03-02", "purpose": "support", "times": 2}],
    }


@pytest.mark.promise("R-022")
def test_a_copy_says_each_thing_of_article_15() -> None:
    answer = COMPOSER.access(asked("access"), found())
    (item,) = answer.items
    titles = {part.title: " ".join(part.lines) for part in answer.sections}
    assert item.why == COMPOSER.purpose("billing", "en"), "(a) for what"
    assert item.what == f"Contact data: {COMPOSER.called('email_address', 'en')}", "(b) which kind of data"
    given = titles["Who received something of yours"]
    assert "Briefwerk NV (example): on 1 April 2026" in given, "(c) who really got it"
    assert item.until == "1 June 2027", "(d) until when"
    assert all(one in titles["What you can ask now"] for one in ("correct", "erase", "restrict", "object"))
    assert "complaint" in " ".join(answer.remedies), "(f)"
    gave = next(
        one for one in COMPANY.policy.sources.values() if re.match(str(one.pattern), "subject:contract")
    )
    assert item.source == gave.label["en"], "(g) from whom"
    assert "No machine decides about you alone" in titles["Decisions by a machine alone"], "(h)"
    assert "outside the EEA: India" in given, "15(2)"
    assert "2 March 2026" in titles["When staff looked at your data"]


@pytest.mark.promise("R-008", "R-020", "R-056", "R-066")
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_answer_says_where_to_turn_to_and_a_refusal_without_it_cannot_be(language: str) -> None:
    law = COMPANY.company.law.valid_on(TODAY)
    authority, court = law.rule("be.authority"), law.rule("be.court")
    answer = COMPOSER.noted(asked("objection", language), [], [], "Why not.", "refused")
    dpo, gba, way, judge = answer.remedies
    assert COMPANY.policy.contact.email in dpo
    assert authority.label[language] in gba
    assert authority.value["website"][language] in gba
    mediation = {"nl": "bemiddeling", "en": "mediation", "fr": "médiation", "de": "Vermittlung"}
    complaint = {"nl": "klacht", "en": "complaint", "fr": "plainte", "de": "Beschwer"}
    assert mediation[language].lower() in way.lower()
    assert mediation[language].lower() not in gba.lower(), "a way of its own"
    assert complaint[language] in gba
    assert court.label[language] in judge
    said: dict[str, Any] = {
        "number": "n",
        "language": language,
        "asked": "objection",
        "title": "t",
        "lead": (),
    }
    rights = {"access": "15", "rectification": "16", "erasure": "17", "restriction": "18", "portability": "20",
              "objection": "21(1)", "marketing": "21(2)", "withdrawal": "7(3)", "human": "22(3)", "data_act": "4"}  # fmt: skip
    assert {*rights, "other"} == set(RIGHTS)
    for right, article in rights.items():
        one = COMPOSER.noted(asked(right, language), [], [], "", "granted")
        assert re.search(rf"arti[a-z]+ {re.escape(article)} ", one.lead[1], re.IGNORECASE), "on which right"
        assert one.remedies == answer.remedies, "of each right, also where it is granted"
    with pytest.raises(AnswerError, match="where to turn to"):
        Answer(outcome="granted", remedies=answer.remedies[:3], **said)
    for reason, remedies in (("", answer.remedies), (" \n", answer.remedies), ("Why.", answer.remedies[:3])):
        for outcome in ("refused", "partly"):
            with pytest.raises(AnswerError, match="refuses"):
                Answer(outcome=outcome, reason=reason, remedies=remedies, **said)


@pytest.mark.promise("R-028")
def test_what_an_erasure_leaves_is_left_by_an_exception_of_the_law_alone() -> None:
    """Per purpose: a legal obligation, a claim (a hold), or a contract while it runs; consent and interest keep nothing."""
    for purpose in COMPANY.plan.purposes:
        if purpose.erasure == "stays":
            assert purpose.hold or purpose.basis == "legal-obligation" or purpose.of == "law", purpose.key
        elif purpose.erasure == "while-open":
            assert purpose.basis == "contract", purpose.key
        else:
            assert not purpose.hold
            assert purpose.basis != "legal-obligation", purpose.key


@pytest.mark.promise("P-163")
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_does_not_go_along_has_its_number_and_its_reason_in_the_persons_words(language: str) -> None:
    reasons = [
        *WORDS,
        *(f"{one}: neither" for one in get_args(Origin) if one not in ("provided", "observed")),
    ]
    for reason in reasons:
        left = {"data.person": {"customer_number": reason, "never_filled": reason}}
        many = {"data.person": {"customer_number": 3, "never_filled": 0}}
        found = {"tables": {}, "columns": {}, "left_out": left, "left_many": many}
        (item,) = COMPOSER.portable(asked("portability", language), found).items
        assert item.many == 3, "of how many rows, not of how many columns"
        assert item.why
        assert "neither" not in item.why
        assert item.why != reason
        assert language == "en" or "you" not in item.why.split()


def test_each_last_day_of_what_stays_is_told_and_many_of_them_from_the_first_to_the_last() -> None:
    """P-157, R-022 (d): an invoice of an earlier year goes in an earlier year."""
    kept = [
        {"key": {"id": n}, "reason": "law", "purposes": ["archive"], "until": until}
        for n, until in enumerate(["2033-12-31", "2036-12-31", "2036-12-31", None])
    ]
    done = {"data.invoice": {"deleted": [], "changed": [], "kept": kept}}
    answer = COMPOSER.erased(asked("erasure"), done, [], "", "granted")
    assert [(item.many, item.until) for item in answer.items] == [
        (1, "31 December 2033"),
        (2, "31 December 2036"),
        (1, "while this runs"),
    ]
    for n in range(10):
        kept.append({**kept[0], "key": {"id": 9 + n}, "until": f"20{20 + n}-12-31"})
    answer = COMPOSER.erased(asked("erasure"), done, [], "", "granted")
    assert [item.many for item in answer.items] == [13, 1]
    assert answer.items[0].until == "31 December 2020 to 31 December 2036, each on its own day"


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_somebody_elses_too_is_told_in_the_persons_language(language: str) -> None:
    kept = [
        {"key": {"id": 1}, "reason": OTHERS, "until": None},
        {"key": {"id": 2}, "reason": "r", "purposes": ["billing"], "until": None},
        {"key": {"id": 3}, "reason": "r", "purposes": ["archive"], "until": None},
    ]
    done = {"data.contract": {"deleted": [], "changed": [], "kept": kept}}
    answer = COMPOSER.erased(asked("erasure", language), done, [], "", "granted")
    assert answer.outcome == "refused"
    theirs, *others = [item.why for item in answer.items]
    assert theirs
    assert theirs != OTHERS
    assert [
        COMPOSER.purpose(key, language) in why
        for key, why in zip(("billing", "archive"), others, strict=True)
    ] == [
        True,
        True,
    ], "each for what it stays"


def test_rows_of_one_kind_from_several_sources_say_each_in_words() -> None:
    given = found()
    given["tables"]["data.email_address"] = [{"id": 1}, {"id": 2}, {"id": 3}]
    rows = [
        {"keys": [{"id": 1}], "purposes": ["billing"], "until": "2027-06-01", "source": "subject:contract"},
        {
            "keys": [{"id": 2}, {"id": 3}],
            "purposes": ["invite"],
            "until": "2026-06-01",
            "source": "employer:1",
        },
    ]
    given["why"]["data.email_address"] = {
        "purposes": ["billing", "invite"], "until": "2027-06-01", "source": ["employer:1", "subject:contract"],
    }  # fmt: skip
    (both,) = COMPOSER.access(asked("access"), given).items
    assert "[" not in both.source
    given["why"]["data.email_address"]["rows"] = rows
    items = COMPOSER.access(asked("access"), given).items
    assert [(item.many, item.until) for item in items] == [(1, "1 June 2027"), (2, "1 June 2026")]
    assert len({item.source for item in items}) == len({item.why for item in items}) == 2


@pytest.mark.parametrize("language", LANGUAGES)
def test_where_no_last_day_is_certain_the_criteria_are_told(language: str) -> None:
    """R-022 (d): the period, or what it is counted from."""
    given = found()
    title = words()["criteria"][language]
    assert title not in {part.title for part in COMPOSER.access(asked("access", language), given).sections}
    given["why"]["data.email_address"] |= {"until": None, "purposes": ["marketing", "service", "archive"]}
    (part,) = [it for it in COMPOSER.access(asked("access", language), given).sections if it.title == title]
    assert len(part.lines) == 3
    for key, line in zip(("service", "archive", "marketing"), part.lines, strict=True):
        assert line.startswith(f"{COMPOSER.purpose(key, language)}: ")
    assert "7 " in part.lines[1]


def test_what_left_the_eea_is_told_in_words_whatever_the_ground_and_wherever_a_decision_reaches() -> None:
    (kinds, _) = get_args(Transfer.model_fields["mechanism"].annotation)
    for kind in get_args(kinds):
        assert set(words()[f"mechanism.{kind}"]) == set(LANGUAGES)
    decided = {one.country for one in COMPANY.company.law.adequacy if one.country}
    assert len(decided) > 10
    for language in LANGUAGES:
        assert {code for code in decided if called(code, language) == code} == set()

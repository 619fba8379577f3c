"""What an answer says, whoever is answered: each thing that the law names, and where to turn to."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from tests.promises.test_gate import COMPANY

from bloesem.answers import Asked, Composer
from bloesem.answers.model import Answer, AnswerError

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
    assert item.what == COMPOSER.called("email_address", "en") != "email_address", "(b) which kind of data"
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
    assert "outside the EEA: IN" in given, "15(2)"
    assert "2 March 2026" in titles["When staff looked at your data"]


@pytest.mark.promise("R-008", "R-020", "R-056", "R-066")
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_answer_says_where_to_turn_to_and_a_refusal_without_it_cannot_be(language: str) -> None:
    law = COMPANY.company.law.valid_on(TODAY)
    authority, court = law.rule("be.authority"), law.rule("be.court")
    answer = COMPOSER.noted(asked("objection", language), [], [], "Why not.", "refused")
    dpo, gba, judge = answer.remedies
    assert COMPANY.policy.contact.email in dpo
    assert authority.label[language] in gba
    assert authority.value["website"][language] in gba
    mediation = {"nl": "bemiddeling", "en": "mediation", "fr": "médiation", "de": "Vermittlung"}
    complaint = {"nl": "klacht", "en": "complaint", "fr": "plainte", "de": "Beschwer"}
    assert mediation[language] in gba
    assert complaint[language] in gba
    assert court.label[language] in judge
    said: dict[str, Any] = {
        "number": "n",
        "language": language,
        "asked": "objection",
        "title": "t",
        "lead": (),
    }
    for reason, remedies in (("", answer.remedies), (" \n", answer.remedies), ("Why.", answer.remedies[:2])):
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

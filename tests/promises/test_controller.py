"""Who is responsible stands in whatever is published or answered, whole, or it is not published and not answered (P-007)."""

from __future__ import annotations

import datetime as dt
import io
from dataclasses import replace
from typing import Any

import pytest
from pypdf import PdfReader
from tests.bloesem.policy.conftest import draft  # noqa: F401 - fixture
from tests.bloesem.policy.drafts import POLICY, Draft
from tests.promises.test_gate import COMPANY

from bloesem.answers import Asked, Composer, pdf
from bloesem.answers.model import AnswerError
from bloesem.errors import PolicyError
from bloesem.notice import render
from bloesem.notice.shelf import Shelf

TODAY = dt.date(2026, 6, 1)
WHO = ("Blossom Energy BV", "Liersesteenweg 4, 2800 Mechelen", "0123.456.749")
#: How the small company's policy says each particular, and how it would say nothing.
SAID = {
    "legal_form": ("  legal_form: BV\n", '  legal_form: " "\n'),
    "seat": ("street: Voorbeeldstraat 1", 'street: " "'),
    "kbo": ('  kbo: "0999.999.922"          # an example number\n', ""),
}
pytestmark = pytest.mark.promise("P-007")


@pytest.mark.parametrize("particular", SAID)
def test_nothing_is_published_while_a_particular_is_absent_or_blank(draft: Draft, particular: str) -> None:  # noqa: F811
    text = draft.text(POLICY)
    before, after = text.partition("controller:")[0], text.partition("controller:")[2]
    old, new = SAID[particular]
    assert old in after, after[:400]
    draft.write(POLICY, f"{before}controller:{after.replace(old, new, 1)}")
    said = draft.refused(PolicyError).with_rule("P-007").text
    assert f"controller.{particular}" in said


@pytest.fixture(scope="module")
def shelf() -> Shelf:
    return Shelf(COMPANY.company.directory)


@pytest.mark.parametrize("language", ["nl", "en", "fr", "de"])
def test_the_notice_and_every_answer_name_it_in_each_language(shelf: Shelf, language: str) -> None:
    notice = shelf.notice(COMPANY.policy.version, language, TODAY)
    page = str(render.body(notice))
    asked = Asked("2026-0001", "objection", language, TODAY, TODAY)
    composer = Composer(
        COMPANY.plan, COMPANY.policy, COMPANY.company.law.valid_on(TODAY), COMPANY.company.record.controller
    )
    nothing: dict[str, Any] = {"tables": {}, "why": {}, "recipients": [], "read": []}
    copy = composer.access(replace(asked, right="access"), nothing)
    for answer in (composer.noted(asked, ["…"], []), copy):
        printed = "".join(one.extract_text() or "" for one in PdfReader(io.BytesIO(pdf(answer))).pages)
        for said in WHO:
            assert said in page
            assert said in answer.who
            assert said in " ".join(printed.split())


def test_nobody_is_answered_in_the_name_of_nobody() -> None:
    law = COMPANY.company.law.valid_on(TODAY)
    asked = Asked("2026-0001", "objection", "nl", TODAY, TODAY)
    with pytest.raises(AnswerError, match="nobody is known"):
        Composer(COMPANY.plan, COMPANY.policy, law, None).noted(asked, [], [])

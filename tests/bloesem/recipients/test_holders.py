"""Who has everybody's data as long as we do: told to a person though nothing was ever handed over."""

from __future__ import annotations

import datetime as dt

import pytest
from tests.bloesem.answers.test_compose import asked, found
from tests.bloesem.recipients.changed import DAY, blossom, changed, moved, policy, record_with
from tests.promises.test_gate import COMPANY

from bloesem.answers import Composer
from bloesem.policy.company import Company
from bloesem.recipients.holders import Holder, holders


def of(company: Company, today: dt.date = DAY) -> list[Holder]:
    return holders(policy(company), company.record, company.law, today)


def test_whose_machines_our_databases_run_on_has_all_of_it_and_is_reached_from_where_the_register_says() -> (
    None
):
    (nimbus,) = of(blossom())
    assert (nimbus.recipient, nimbus.kind) == ("nimbus", "cloud")
    assert dict(nimbus.away) == {"US": "scc", "IN": "scc"}


def test_a_way_on_which_no_mechanism_holds_is_said_to_hold_on_none() -> None:
    lapsed = moved("nimbus-india-us", clauses={"module": 2})
    assert dict(of(lapsed)[0].away)["US"] is None, (
        "of two ways to one country the one that does not hold is not hidden"
    )


def test_who_opens_a_database_by_a_running_grant_has_it_too_and_nobody_else() -> None:
    grants = blossom().record.recipients["nimbus"].access
    both = changed("cijferhuis", access=grants)
    assert [one.recipient for one in of(both)] == ["nimbus", "cijferhuis"]
    last = grants[0].last
    assert [one.recipient for one in of(both, last + dt.timedelta(days=1))] == ["nimbus"], (
        "its last day is over"
    )
    ours = record_with(
        blossom(),
        stores={k: s.model_copy(update={"provider": None}) for k, s in blossom().record.stores.items()},
    )
    assert [one.recipient for one in of(ours)] == ["nimbus"], "by its grant"
    assert of(record_with(ours, recipients={})) == []


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "nl",
            "heeft alles wat wij van je hebben, zolang wij het hebben, om het voor ons te bewaren (Servers en databanken)",
        ),
        ("en", "has all that we have of you"),
        ("fr", "a tout ce que nous avons de vous"),
        ("de", "hat alles, was wir von dir haben"),
    ],
)
def test_an_answer_names_them_and_does_not_say_that_nobody_outside_has_anything(
    language: str, words: str
) -> None:
    law = COMPANY.company.law.valid_on(DAY)
    recorded = COMPANY.company.record.controller
    composer = Composer(COMPANY.plan, COMPANY.policy, law, recorded, None, tuple(of(blossom())))
    said = composer.access(asked("access", language), {**found(), "recipients": []})
    (lines,) = [part.lines for part in said.sections if any("Nimbus" in line for line in part.lines)]
    assert len(lines) == 1
    assert words in lines[0]
    assert {"nl": "Verenigde Staten", "en": "United States", "fr": "États-Unis", "de": "Vereinigte Staaten"}[
        language
    ] in lines[0]
    nobody = Composer(COMPANY.plan, COMPANY.policy, law, recorded).access(
        asked("access", language), {**found(), "recipients": []}
    )
    assert not any("Nimbus" in line for part in nobody.sections for line in part.lines)

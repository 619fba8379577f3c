"""From which age on somebody agrees by themselves: the table of consents refuses the rest, by whatever way it comes."""

from __future__ import annotations

import datetime as dt

import pytest
from tests.bloesem.consent.stage import Stage
from tests.promises.test_gate import COMPANY

from bloesem.consent.errors import ConsentError
from bloesem.plan.model import CONSENT_AGE

DAY = dt.timedelta(days=1)
AGE = 13


def born(at: Stage, person: int, day: dt.date) -> None:
    at.business.add("birth_date", person, born_on=day, collected_at=at.now())


def birthday(at: Stage, years: int = AGE) -> dt.date:
    """The birth date of whoever is that old today."""
    day = at.today()
    return day.replace(year=day.year - years, day=min(day.day, 28))


def test_the_age_is_the_law_s_of_the_day() -> None:
    law = COMPANY.company.law
    assert law.consent_age(dt.date(2018, 6, 1)) == CONSENT_AGE  # before the Belgian law: the Regulation's own
    assert law.consent_age(dt.date(2018, 9, 5)) == law.consent_age(dt.date(2026, 11, 1)) == AGE
    assert law.consent_age(dt.date(2017, 1, 1)) == 18  # no law that says so: a parent for every child
    assert COMPANY.plan.consent_age == AGE


@pytest.mark.promise("R-057")
def test_from_thirteen_on_one_agrees_oneself_and_before_it_a_parent_does(at: Stage) -> None:
    child, grown, unknown = (at.customer() for _ in range(3))
    born(at, child, birthday(at) + DAY)  # thirteen tomorrow
    born(at, grown, birthday(at))  # thirteen today
    for action in ("news@1", "offers@1", "take_part@1"):
        with pytest.raises(ConsentError) as refused:
            at.agree(child, action)
        assert (f"younger than {AGE}" in refused.value.thing, "R-057" in refused.value.rule) == (True, True)
    assert at.count("data.consent", person_id=child) == 0
    assert "consent_marketing" not in at.bits(child)
    at.agree(child, by="parent")
    assert "consent_marketing" in at.bits(child)
    assert at.one("SELECT given_by FROM data.consent WHERE person_id = %s", child) == "parent"
    # From that age on nobody else agrees for them.
    with pytest.raises(ConsentError, match="nobody else agrees"):
        at.agree(grown, by="parent")
    at.agree(grown)
    at.agree(unknown)
    assert "consent_marketing" in at.bits(grown) & at.bits(unknown)
    # A birth date that becomes known, or is mended, ends what a child alone gave; a parent's word stays.
    born(at, unknown, birthday(at) + DAY)
    assert "consent_marketing" not in at.bits(unknown)
    assert at.one("SELECT withdrawn_how FROM data.consent WHERE person_id = %s", unknown) == "too young"
    at.keeper.execute("UPDATE data.birth_date SET born_on = born_on + 400 WHERE person_id = %s", [child])
    assert "consent_marketing" in at.bits(child)
    at.keeper.execute("UPDATE data.birth_date SET born_on = born_on + 400 WHERE person_id = %s", [grown])
    assert "consent_marketing" not in at.bits(grown)

"""What none of the three bases carries is done with consent or not at all."""

from __future__ import annotations

import datetime as dt

import psycopg
import pytest
from tests.bloesem.consent.conftest import alone, at  # noqa: F401 - fixtures
from tests.bloesem.consent.stage import Stage
from tests.bloesem.sending.stage import door
from tests.promises.test_gate import COMPANY, tables, unblocked  # noqa: F401 - fixtures

from bloesem.consent.errors import ConsentError
from bloesem.consent.ledger import withdraw
from bloesem.plan.model import Fact
from bloesem.sending.tables import install
from bloesem.stores.facts import record_fact
from bloesem.terms import add_period

DAY = dt.timedelta(days=1)
THREE = {"contract", "legal-obligation", "legitimate-interest"}


def on_consent(stage: Stage) -> set[str]:
    """Purposes of the policy's table that rest on none of the three."""
    table = {key for row in COMPANY.policy.purposes.values() for key in row.parts}
    return {p.key for p in stage.world.plan.purposes if p.key in table and p.basis not in THREE}


@pytest.mark.promise("P-056")
def test_a_use_on_none_of_the_three_bases_is_denied_without_a_prior_specific_consent(alone: Stage) -> None:  # noqa: F811
    install(alone.keeper, alone.rules)
    purposes = on_consent(alone)
    assert {p.basis for p in alone.world.plan.purposes if p.key in purposes} == {"consent"}
    assert {"consent_marketing", "contest"} <= purposes
    person = alone.customer("een@post.example")
    made, _ = door(alone)

    def sent() -> str:
        return made.submit("spring-news", "email", [person])[0].reason.key

    def seen() -> set[str]:
        """Of these purposes, those whose process reads the address."""
        return {
            key
            for key in purposes
            if not alone.business.refused(key, "email_address", "value")
            and "een@post.example" in alone.business.reads(key, "email_address", "value")
        }

    # Nothing else that a person is or does stands in for it: a customer, with an account, who signs in.
    alone.business.add(
        "login_credential", person, source="assigned", used_on=alone.today(), last_login_at=alone.now()
    )
    assert not alone.bits(person) & purposes
    assert (seen(), sent()) == (set(), "no-consent")
    # Valid: what is no consent is refused, and one that is dated ahead is none yet (prior).
    for no_consent in ({"at": alone.now() + DAY}, {"channels": ("sms",)}, {"source": "hearsay"}):
        with pytest.raises(ConsentError):
            alone.agree(person, **no_consent)
    assert (seen(), sent()) == (set(), "no-consent")
    # Specific: a consent to run a contest is for that, and one for events is for no newsletter.
    alone.agree(person, "take_part@1")
    assert alone.bits(person) & purposes == {"contest"}
    assert (seen() - {"contest"}, sent()) == (set(), "no-consent")
    alone.agree(person, kinds=("event",))
    assert sent() == "kind-not-agreed"
    alone.agree(person, kinds=("newsletter",))
    assert sent() == "allowed"
    assert "consent_marketing" in seen()
    withdraw(alone.keeper, alone.rules, person, "consent_marketing")
    assert "consent_marketing" not in seen() | alone.bits(person)
    assert sent() == "withdrawn"


@pytest.mark.promise("P-100")
@pytest.mark.parametrize("then", ["nothing more", "an erasure"])
def test_the_proof_of_consent_and_withdrawal_stays_for_accountability_alone_and_then_goes(
    alone: Stage,  # noqa: F811
    then: str,
) -> None:
    form = "subject:contactformulier"
    person = alone.business.person(kind="prospect")
    alone.email(person, "bewijs@post.example", source=form)
    alone.agree(person, source=form, proof="formulier 12")
    withdraw(alone.keeper, alone.rules, person, "consent_marketing")
    if then == "an erasure":
        record_fact(alone.keeper, alone.world.plan, Fact(person, "erasure", "17(1)(b)", alone.now()))

    def proof() -> list[tuple[object, ...]]:
        return alone.keeper.execute(
            "SELECT kept_for, words_digest, proof::jsonb->>'seen', given_at IS NOT NULL, withdrawn_at IS NOT NULL"
            " FROM data.consent WHERE person_id = %s",
            [person],
        ).fetchall()

    assert then != "an erasure" or alone.count("data.email_address", person_id=person) == 0
    ((kept, digest, seen, given, withdrawn),) = proof()
    assert set(alone.world.plan.keys(kept)) == {"law:accountability"}  # type: ignore[arg-type]
    assert (bool(digest), seen, given, withdrawn) == (True, "formulier 12", True, True)
    # Separate: no purpose but that one of the law sees the row.
    seeing = {
        p.key
        for p in alone.world.plan.purposes
        if p.active
        and not alone.business.refused(p.key, "consent", "proof")
        and alone.business.reads(p.key, "consent", "proof")
    }
    assert seeing <= {"law:accountability"}
    # For its term, and not for ever.
    term = next(c.period for c in alone.world.plan.purpose("law:accountability").clocks)
    last = add_period(alone.today(), term)
    alone.business.on(str(last - DAY))
    alone.business.sweep()
    assert len(proof()) == 1
    alone.business.on(str(add_period(last, "P1Y") + DAY))
    alone.business.sweep()
    assert proof() == []


def read_for(stage: Stage, table: str, column: str) -> set[str]:
    """The purposes of the policy's table whose process finds a value there. Reports are of nobody (PUR-7)."""
    policy = {key for row in COMPANY.policy.purposes.values() for key in row.parts} - {"reporting"}
    return {
        key
        for key in policy
        if (purpose := stage.world.plan.by_key.get(key)) is not None
        and purpose.active
        and not purpose.hold
        and not stage.business.refused(key, table, column)
        and stage.business.reads(key, table, column)
    }


@pytest.mark.promise("P-043")
def test_what_a_contest_gave_is_for_the_contest_and_advertises_on_its_own_consent_alone(alone: Stage) -> None:  # noqa: F811
    install(alone.keeper, alone.rules)
    source = "subject:wedstrijd:lente"
    contest = alone.one(
        "INSERT INTO data.contest (id, key, label_nl, label_en, opens_on, closes_on)"
        " VALUES (1, 'lente', 'Lente', 'Spring', '2020-01-01', '2999-01-01') RETURNING id"
    )
    person = alone.business.person(kind="entrant", source="assigned")
    alone.agree(person, "take_part@1", source=source)
    alone.email(person, "speler@post.example", source=source)
    entry = {"contest_id": contest, "entered_at": alone.now(), "answer": "42"}
    alone.business.add("contest_entry", person, source=source, **entry)
    for other in ("subject:wedstrijd:", "wedstrijd:lente", "subject:wedstrijd", None):
        with pytest.raises(psycopg.errors.CheckViolation, match="source"):
            alone.business.add("contest_entry", person, source=other, **entry)
    assert read_for(alone, "contest_entry", "answer") == {"contest"}
    assert "speler@post.example" in alone.business.reads("contest", "email_address", "value")
    assert read_for(alone, "email_address", "value") == {"contest"}
    made, _ = door(alone)
    for template, why in (("spring-news", "no-consent"), ("battery-offer", None)):
        found = made.submit(template, "email", [person])[0].reason.key
        assert found != "allowed"
        assert why in (None, found)
    alone.agree(person, source=source)
    assert made.submit("spring-news", "email", [person])[0].reason.key == "allowed"
    assert "answer" not in {
        c.name
        for c in alone.world.plan.table("contest_entry").columns
        if c.purposes & alone.world.plan.purpose("consent_marketing").mask
    }


@pytest.mark.promise("P-096")
def test_an_entry_goes_a_year_after_it_was_made_and_at_once_when_it_is_taken_back(alone: Stage) -> None:  # noqa: F811
    install(alone.keeper, alone.rules)
    source = "subject:wedstrijd:lente"
    contest = alone.one(
        "INSERT INTO data.contest (id, key, label_nl, label_en, opens_on, closes_on)"
        " VALUES (1, 'lente', 'Lente', 'Spring', '2020-01-01', '2999-01-01') RETURNING id"
    )
    stays, leaves = (alone.business.person(kind="entrant", source="assigned") for _ in range(2))
    for person in (stays, leaves):
        alone.agree(person, "take_part@1", source=source)
        alone.email(person, f"speler{person}@post.example", source=source)
        entry = {"contest_id": contest, "entered_at": alone.now(), "answer": "42"}
        alone.business.add("contest_entry", person, source=source, **entry)

    def left(person: int) -> tuple[int, int]:
        return alone.count("data.contest_entry", person_id=person), alone.count(
            "data.email_address", person_id=person
        )

    withdraw(alone.keeper, alone.rules, leaves, "contest", how="link")
    alone.business.sweep()
    assert (left(stays), left(leaves)) == ((1, 1), (0, 0))
    last = add_period(alone.today(), "P1Y")
    alone.business.on(str(last))
    assert left(stays) == (1, 1), "the last day"
    alone.business.on(str(last + DAY))
    assert left(stays) == (0, 0), "nothing is kept for advertising that nobody agreed to"


@pytest.mark.promise("P-044")
def test_an_answer_to_a_survey_is_for_quality_alone(alone: Stage) -> None:  # noqa: F811
    survey = alone.one(
        "INSERT INTO data.survey (id, key, label_nl, label_en, opens_on, closes_on)"
        " VALUES (1, 'nu', 'Nu', 'Now', '2020-01-01', '2999-01-01') RETURNING id"
    )
    person = alone.customer()
    alone.agree(person)
    alone.agree(person, "offers@1", channels=("email",))
    said = {"survey_id": survey, "answered_at": alone.now(), "score": 3, "words": "te duur"}
    alone.business.add("survey_answer", person, source="subject:enquête:1", **said)
    for other in ("subject:enquête:", "enquête:1", "subject:enquête", None):
        with pytest.raises(psycopg.errors.CheckViolation, match="source"):
            alone.business.add("survey_answer", person, source=other, **said)
    quality = set(COMPANY.policy.purposes["PUR-4"].parts)
    for column in ("score", "words"):
        assert {"quality"} <= read_for(alone, "survey_answer", column) <= quality

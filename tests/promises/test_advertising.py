"""Advertising: whom it reaches after they left, what asks for consent whoever they are, and by which ways it goes."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from tests.bloesem.consent.conftest import alone, at  # noqa: F401 - fixtures
from tests.bloesem.consent.stage import MESSAGES, Stage
from tests.bloesem.sending.stage import PLACE, door
from tests.promises.test_gate import tables, unblocked  # noqa: F401 - fixtures

from bloesem.consent.ledger import withdraw
from bloesem.consent.links import LinkKeys
from bloesem.consent.tables import object_to_advertising
from bloesem.plan.dates import civil
from bloesem.plan.model import Fact
from bloesem.sending.door import Door
from bloesem.sending.errors import SendingError
from bloesem.sending.tables import install
from bloesem.sending.templates import load_templates
from bloesem.stores.facts import record_fact

DAY = dt.timedelta(days=1)


@pytest.fixture
def stage(alone: Stage) -> Stage:  # noqa: F811
    install(alone.keeper, alone.rules)
    return alone


def said(
    stage: Stage, person: int, template: str = "battery-offer", channel: str = "email", **values: str
) -> str:
    made, _ = door(stage)
    return made.submit(template, channel, [person], values)[0].reason.key


@pytest.mark.promise("P-091")
def test_who_left_is_advertised_to_for_a_year_and_by_mail_as_customers_are(stage: Stage) -> None:
    fine, not_offered, unsubscribed = (
        stage.customer(),
        stage.customer(opt_out_offered=False),
        stage.customer(),
    )
    for person in (fine, not_offered, unsubscribed):
        stage.business.add(
            "login_credential",
            person,
            source="assigned",
            used_on=stage.today(),
            last_login_at=stage.now(),
        )
        record_fact(stage.keeper, stage.world.plan, Fact(person, "event", "customer.ended", stage.now()))
    object_to_advertising(stage.keeper, stage.rules, unsubscribed)
    last = stage.today()
    stage.business.on(str(last + DAY))
    assert "identify" not in stage.bits(fine), "no customer any more"
    assert said(stage, fine) == "allowed"
    assert said(stage, not_offered) == "refusal-not-offered"
    assert said(stage, unsubscribed) == "objected"
    stage.business.on(str(last.replace(year=last.year + 1)))
    assert said(stage, fine) == "allowed", "the last day"
    stage.business.on(str(last.replace(year=last.year + 1) + DAY))
    assert said(stage, fine) == "term-over"


@pytest.mark.promise("P-097")
@pytest.mark.parametrize("kind", ["newsletter", "event", "webinar", "contest"])
def test_four_kinds_of_message_ask_consent_of_customers_too(stage: Stage, tmp_path: Path, kind: str) -> None:
    text = (MESSAGES / "templates" / "spring-news.yaml").read_text(encoding="utf-8")
    assert "class: newsletter" in text
    (tmp_path / "spring-news.yaml").write_text(text.replace("class: newsletter", f"class: {kind}"))
    every = load_templates(tmp_path, stage.rules, civil(stage.now()))
    made = Door(stage.keeper, stage.rules, every, LinkKeys.at(stage.folder), stage.keys, PLACE, {})
    person = stage.customer()

    def answer() -> str:
        return made.submit("spring-news", "email", [person])[0].reason.key

    assert said(stage, person) == "allowed", "advertising on the other ground reaches this person"
    assert answer() == "no-consent", "and is no way around"
    others = tuple({"newsletter", "event", "webinar", "contest"} - {kind})
    stage.agree(person, kinds=others)
    assert answer() == "kind-not-agreed"
    stage.agree(person, kinds=(kind,))
    assert answer() == "allowed"
    withdraw(stage.keeper, stage.rules, person, "consent_marketing")
    assert answer() == "withdrawn"
    assert said(stage, person) == "allowed"


@pytest.mark.promise("P-098")
def test_after_a_year_nothing_is_sent_and_no_reminder_either(stage: Stage) -> None:
    person = stage.customer()
    stage.agree(person)
    given = stage.today()
    stage.business.on(str(given.replace(year=given.year + 1)))
    assert said(stage, person, "spring-news") == "allowed"
    assert said(stage, person, "consent-renewal", last_day="morgen") == "allowed", "before it ends"
    stage.business.on(str(given.replace(year=given.year + 1) + DAY))
    assert said(stage, person, "spring-news") == "consent-over"
    assert said(stage, person, "consent-renewal", last_day="morgen") == "consent-over", "or not at all"
    stage.agree(person)
    assert said(stage, person, "spring-news") == "allowed"


@pytest.mark.promise("P-088")
@pytest.mark.promise("P-090")
@pytest.mark.parametrize("channel", ["whatsapp", "fax", "auto-dialler", "audience"])
def test_advertising_goes_five_ways_and_no_other(stage: Stage, channel: str) -> None:
    assert set(stage.rules.file.channels) == {"post", "email", "sms", "phone", "app"}
    person = stage.customer()
    with pytest.raises(SendingError, match="is not for channel"):
        said(stage, person, channel=channel)
    assert stage.count("bloesem.outbox") == 0

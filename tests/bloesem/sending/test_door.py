"""One door: who may be written to, why not, and what was said."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from tests.bloesem.consent.stage import Stage
from tests.bloesem.sending.stage import door, fresh_list, product

from bloesem.consent.ledger import withdraw
from bloesem.consent.suppression import suppress
from bloesem.consent.tables import object_to_advertising
from bloesem.plan.model import Fact
from bloesem.sending.errors import SendingError
from bloesem.sending.transports import Outcome
from bloesem.stores.facts import record_fact
from bloesem.terms import add_period


def said(
    at: Stage, person: int, template: str = "battery-offer", channel: str = "email", **values: str
) -> str:
    """What the door decides about one message, and records."""
    made, _ = door(at)
    (answer,) = made.submit(template, channel, [person], values)
    state = at.one("SELECT state FROM bloesem.outbox WHERE id = %s", answer.number)
    assert (state == "decided") == (answer.reason.key == "allowed")
    promise = at.one("SELECT promise FROM bloesem.outbox WHERE id = %s", answer.number)
    assert promise == (answer.reason.promise or None)
    return answer.reason.key


@pytest.mark.promise("R-059")
@pytest.mark.promise("P-087")
def test_a_customer_is_offered_what_they_do_not_have(at: Stage) -> None:
    person = at.customer()
    assert said(at, person) == "allowed"
    at.business.add(
        "product_ownership",
        person,
        source="assigned",
        product_id=product(at, "battery", 77),
        since=at.today(),
    )
    assert said(at, person) == "owns-product"
    assert said(at, person, "solar-offer", "post") == "no-address"


@pytest.mark.promise("R-059")
@pytest.mark.promise("P-084")
@pytest.mark.promise("P-089")
def test_an_affiliates_offer_goes_by_post_and_not_by_mail_without_consent(at: Stage) -> None:
    person = at.customer()
    at.address(person)
    at.business.add(
        "contact", person, source="subject:klantendienst", channel="email", direction="inbound", at=at.now()
    )
    from bloesem.consent.suppression import screen

    screen(at.keeper, at.rules, at.keys, [person])
    assert said(at, person, "solar-offer", "post") == "allowed"
    assert said(at, person, "solar-offer", "email") == "not-similar"


@pytest.mark.promise("R-059")
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            {"source": "subject:klantendienst"},
            "no-address",
        ),  # not given in a sale: marketing has no bit on it
        ({"opt_out_offered": False}, "refusal-not-offered"),
        ({"opt_out_offered": None}, "refusal-not-offered"),
        ({"source": "subject:portaal"}, "not-from-sale"),
        ({"bounced_at": dt.datetime(2026, 1, 1, tzinfo=dt.UTC)}, "bounced"),
    ],
)
@pytest.mark.promise("P-089")
def test_without_consent_an_address_was_given_in_a_sale_with_a_way_to_refuse(
    at: Stage, change: dict[str, Any], reason: str
) -> None:
    person = at.business.customer()
    at.business.add("contract", person, ordered_at=at.now())
    at.email(person, **change)
    assert said(at, person) == reason


def test_an_address_that_was_not_compared_with_the_list_is_not_advertised_to(at: Stage) -> None:
    person = at.customer()
    at.keeper.execute("UPDATE data.email_address SET suppression_key = NULL WHERE person_id = %s", [person])
    assert said(at, person) == "unscreened"


@pytest.mark.promise("R-059")
@pytest.mark.promise("P-089")
def test_who_bought_nothing_yet_is_not_advertised_to_by_mail(at: Stage) -> None:
    person = at.business.person(kind="prospect")
    at.business.add("login_credential", person, source="assigned", used_on=at.today(), last_login_at=at.now())
    at.email(person)
    assert said(at, person) == "no-sale"


@pytest.mark.promise("P-058")
def test_newsletters_need_consent_of_customers_too(at: Stage) -> None:
    person = at.customer()
    assert said(at, person, "spring-news") == "no-consent"
    at.agree(person, kinds=("event",))
    assert said(at, person, "spring-news") == "kind-not-agreed"
    assert said(at, person, "open-day", day="3 maart") == "allowed"
    withdraw(at.keeper, at.rules, person, "consent_marketing")
    assert said(at, person, "open-day", day="3 maart") == "withdrawn"


@pytest.mark.promise("R-053")
def test_a_consent_for_one_channel_is_for_no_other(at: Stage) -> None:
    person = at.customer()
    at.phone(person, "+32470000011")
    at.agree(person, "offers@1", channels=("sms",))
    assert said(at, person, "agreed-offer", "sms") == "allowed"
    assert said(at, person, "agreed-offer", "email") == "kind-not-agreed"
    assert said(at, person, "agreed-offer", "app") == "kind-not-agreed", "off, unless somebody turned it on"
    at.agree(person, "offers@1", channels=("app",))
    assert said(at, person, "agreed-offer", "app") == "allowed"


@pytest.mark.promise("R-037")
@pytest.mark.promise("R-033")
@pytest.mark.promise("P-077")
@pytest.mark.promise("P-085")
def test_an_objection_stops_advertising_and_what_is_neither_contract_nor_law(at: Stage) -> None:
    person = at.customer()
    at.agree(person)
    object_to_advertising(at.keeper, at.rules, person)
    ways = {"post", "email", "sms", "phone", "app"}
    assert ways == set(at.rules.file.channels)
    for way in ways - {"app"}:
        assert said(at, person, channel=way) == "objected", way
    assert said(at, person, "agreed-offer", "app") == "objected"
    assert said(at, person, "spring-news") == "objected"
    assert said(at, person, "statement-ready", month="mei", amount="12 EUR") == "allowed"
    assert said(at, person, "satisfaction") == "objected", "P-167: contract and law alone"
    other = at.customer()
    assert said(at, other, "satisfaction") == "allowed"
    record_fact(at.keeper, at.world.plan, Fact(other, "objection", "quality", at.now()))
    assert said(at, other, "satisfaction") == "objected", "P-077"
    assert said(at, other) == "allowed", "an objection to research is none to advertising"


def test_an_invitation_to_a_survey_is_answered_once_and_nothing_says_by_whom(at: Stage) -> None:
    people = [at.customer(), at.customer()]
    made, letters = door(at)
    made.submit("satisfaction", "email", people, {})
    made.run()
    links = [
        it.rpartition("/")[2]
        for letter in letters.sent
        for it in letter.text.split()
        if "/nl/survey/tevredenheid/" in it
    ]
    assert len(set(links)) == len(links) == 2
    kept = at.keeper.execute("SELECT to_jsonb(b)::text FROM bloesem.ballot b").fetchall()
    assert len(kept) == 2
    assert not [row for row in kept for link in links if link in row[0]], "the link itself is kept nowhere"
    columns = "SELECT string_agg(attname::text, ',' ORDER BY attnum) FROM pg_attribute WHERE attnum > 0 AND attrelid = %s::regclass"
    assert at.one(columns, "bloesem.ballot") == "hash,survey", "no message, no person, no time"
    take = "SELECT door.ballot_take(%s, %s)"
    assert at.one(take, "other", links[0]) is False
    assert [at.one(take, "tevredenheid", links[0]) for _ in range(2)] == [True, False]
    assert at.one("SELECT door.ballot_open('tevredenheid', %s)", links[1]) is True
    assert at.one("SELECT count(*) FROM bloesem.ballot") == 1, "nothing is left of the one that was used"


def test_one_channel_may_be_refused_alone(at: Stage) -> None:
    person = at.customer()
    at.phone(person, "+32470000012")
    object_to_advertising(at.keeper, at.rules, person, channel="email")
    assert said(at, person) == "channel-refused"
    assert said(at, person, channel="sms") == "allowed"


def test_a_restriction_silences_all_but_what_the_law_asks(at: Stage) -> None:
    person = at.customer()
    record_fact(at.keeper, at.world.plan, Fact(person, "restriction", "accuracy", at.now()))
    assert said(at, person) == "restricted"
    assert said(at, person, "statement-ready", month="mei", amount="12 EUR") == "restricted"
    assert said(at, person, "objection-ack") == "allowed"


@pytest.mark.promise("P-090")
def test_nobody_is_called_without_a_list_of_late(alone: Stage) -> None:
    person = alone.customer()
    alone.phone(person, "+32470000013")
    assert said(alone, person, channel="phone") == "list-stale"
    fresh_list(alone, "+32470000099")
    assert said(alone, person, channel="phone") == "allowed"
    fresh_list(alone, "+32470000013")
    assert said(alone, person, channel="phone") == "do-not-call"
    assert said(alone, person, channel="sms") == "allowed", "the list is about calls"
    fresh_list(alone, "+32470000099")
    assert said(alone, person, channel="phone") == "allowed"
    suppress(alone.keeper, alone.rules, alone.keys, "phone", "+32470000013")
    other = alone.customer()
    alone.phone(other, "+32470000013")
    for one in (person, other):
        assert said(alone, one, channel="phone") in ("objected", "suppressed"), "the list of our own, too"
    last = alone.rules.file.phone_list.fresh
    caller = alone.customer()
    alone.phone(caller, "+32470000014")
    alone.business.on(str(add_period(alone.today(), last)))
    assert said(alone, caller, channel="phone") == "allowed", "its last day"
    alone.business.on(str(alone.today() + dt.timedelta(days=1)))
    assert said(alone, caller, channel="phone") == "list-stale"


def test_an_address_of_the_list_is_not_written_to_whoever_has_it(at: Stage) -> None:
    one, other = at.customer("twice@post.example"), at.customer("twice@post.example")
    object_to_advertising(at.keeper, at.rules, one)
    assert said(at, other) == "suppressed"
    at.agree(other)
    assert said(at, other, "spring-news") == "allowed", "who agrees later wants it"
    suppress(at.keeper, at.rules, at.keys, "email", "twice@post.example", scope="email")
    assert said(at, other, "spring-news") == "channel-refused"


def test_what_an_employer_gave_is_for_the_invitation_alone(at: Stage) -> None:
    person = at.business.person(kind="employee", source="assigned")
    at.business.add(
        "work_email", person, source="werkgever:acme", employer_id=1, value="w@acme.example",
        value_norm="w@acme.example", collected_at=at.now(),
    )  # fmt: skip
    assert said(at, person, "invitation", employer="Acme") == "allowed"
    assert said(at, person) == "term-over"
    assert said(at, person, "spring-news") == "no-consent"
    assert said(at, person, "satisfaction") == "no-address"


def test_nobody_is_nobody(at: Stage) -> None:
    assert said(at, 4242) == "nobody"


@pytest.mark.parametrize(
    ("template", "channel", "values", "words"),
    [
        ("battery-offer", "app", {}, "is not for channel `app`"),
        ("battery-offer", "whatsapp", {}, "is not for channel `whatsapp`"),
        ("nothing", "email", {}, "no template `nothing`"),
        ("statement-ready", "email", {"month": "mei"}, "`amount` is missing"),
        ("statement-ready", "email", {"month": "mei", "amount": "1", "x": "y"}, "`x` is no value"),
        ("statement-ready", "email", {"month": "mei", "amount": "nu 20% korting"}, "a value advertises"),
    ],
)
@pytest.mark.promise("P-088")
def test_what_may_be_sent_to_nobody_is_refused_and_leaves_nothing(
    at: Stage, template: str, channel: str, values: dict[str, str], words: str
) -> None:
    person = at.customer()
    made, _ = door(at)
    with pytest.raises(SendingError) as error:
        made.submit(template, channel, [person], values)
    assert words in str(error.value)
    assert at.count("bloesem.outbox", person_id=person) == 0


# ---- sending -------------------------------------------------------------------------------------------------------


@pytest.mark.promise("P-089")
@pytest.mark.promise("P-092")
def test_a_message_is_in_the_persons_language_with_both_ways_out(alone: Stage) -> None:
    person = alone.customer("fr@post.example")
    alone.keeper.execute("UPDATE data.person SET language = 'fr' WHERE id = %s", [person])
    made, listing = door(alone)
    made.submit("battery-offer", "email", [person])
    assert made.run().counts == {"sent": 1}
    (letter,) = listing.sent
    assert letter.address == "fr@post.example"
    assert letter.subject == "Stockez votre énergie solaire"
    assert "Publicité de Blossom Energy BV" in letter.text
    tokens = [line.rsplit("/", 1)[1] for line in letter.text.splitlines() if "/u/" in line]
    assert [made.links.read(token, alone.now()).act for token in tokens] == ["channel", "all"]
    assert letter.unsubscribe is not None
    row = alone.keeper.execute("SELECT state, address, contents FROM bloesem.outbox").fetchone()
    assert row == ("sent", None, None), "neither words nor address stay"
    assert made.run().counts == {}


def test_a_service_message_has_no_advertising_and_no_way_out_of_it(alone: Stage) -> None:
    person = alone.customer()
    made, listing = door(alone)
    made.submit("statement-ready", "email", [person], {"month": "mei", "amount": "12 EUR"})
    made.run()
    (letter,) = listing.sent
    assert "mei" in letter.subject
    assert "/u/" not in letter.text
    assert letter.unsubscribe is None


def test_an_objection_after_the_decision_stops_the_message(alone: Stage) -> None:
    person = alone.customer()
    made, listing = door(alone)
    made.submit("battery-offer", "email", [person])
    object_to_advertising(alone.keeper, alone.rules, person)
    assert made.run().counts == {"refused": 1}
    assert listing.sent == []
    assert alone.one("SELECT reason FROM bloesem.outbox") == "objected"


def test_a_list_without_its_key_stops_the_door(alone: Stage) -> None:
    """Fail closed: who cannot look somebody up writes to nobody."""
    from bloesem.consent.suppression import SuppressionKeys
    from bloesem.errors import GateError

    suppress(alone.keeper, alone.rules, alone.keys, "email", "x@post.example")
    person = alone.customer()
    made, listing = door(alone)
    made.submit("battery-offer", "email", [person])
    made.keys = SuppressionKeys(((9, b"z" * 32),))
    with pytest.raises(GateError, match="earlier keys stay"):
        made.run()
    assert listing.sent == []
    assert alone.one("SELECT state FROM bloesem.outbox") == "decided", "nothing is lost"


def test_what_is_asked_twice_is_there_once(alone: Stage) -> None:
    person = alone.customer()
    made, listing = door(alone)
    values = {"month": "mei", "amount": "12 EUR"}
    first = made.submit("statement-ready", "email", [person], values, once="statement 7")
    again = made.submit("statement-ready", "email", [person], values, once="statement 7")
    assert first == again
    made.run()
    assert (
        made.submit("statement-ready", "email", [person], values, once="statement 7")[0].number
        == first[0].number
    )
    made.run()
    assert len(listing.sent) == 1


def test_what_a_server_puts_off_is_offered_again_and_then_given_up(alone: Stage) -> None:
    person = alone.customer()
    made, listing = door(alone)
    made.submit("battery-offer", "email", [person])
    listing.answer = Outcome.LATER
    assert made.run().counts == {"later": 1}
    assert made.run().counts == {}, "not before its time"
    for _ in range(4):
        alone.keeper.execute("UPDATE bloesem.outbox SET due_at = now()")
        made.run()
    assert alone.one("SELECT state FROM bloesem.outbox") == "failed"


def test_what_nobody_knows_is_never_offered_again(alone: Stage) -> None:
    person = alone.customer()
    made, listing = door(alone)
    made.submit("battery-offer", "email", [person])
    listing.answer = Outcome.UNKNOWN
    assert made.run().counts == {"unknown": 1}
    listing.answer = Outcome.SENT
    assert made.run().counts == {}
    with pytest.raises(Exception, match="never decided again"):
        alone.keeper.execute("UPDATE bloesem.outbox SET state = 'decided'")


def test_the_business_writes_its_own_row_with_the_sending(alone: Stage) -> None:
    person = alone.customer()
    seen: list[int] = []
    made, _ = door(alone, after=lambda connection, queued, now: seen.append(queued.id))
    made.submit("battery-offer", "email", [person])
    made.run()
    assert len(seen) == 1

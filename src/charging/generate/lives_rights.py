"""Consents, marketing, objections, restrictions, holds, erasures (P-074, P-091 to P-100)."""

from __future__ import annotations

import datetime as dt

from charging.generate import parts, talk
from charging.generate.cases import YEAR, case, driver
from charging.generate.lives_customers import former
from charging.generate.parts import Stay
from charging.generate.world import Life, World, brussels, years_before


@case("consent_last_day", "Toestemming op haar laatste dag", "Consent on its last day", "P-098", "P-109")
def _(world: World, number: int) -> None:
    _consented("consent_last_day", world, number, brussels(years_before(world.as_of, 1), 15))


@case("consent_expired", "Toestemming die gisteren afliep", "Consent that ran out yesterday", "P-098")
def _(world: World, number: int) -> None:
    given = brussels(years_before(world.as_of, 1), 15) - dt.timedelta(days=1)
    _consented("consent_expired", world, number, given)


@case(
    "consent_near_expiry", "Toestemming die deze maand afloopt", "Consent that runs out this month", "P-098"
)
def _(world: World, number: int) -> None:
    given = brussels(years_before(world.as_of, 1), 15) + dt.timedelta(days=3 + number % 20)
    _consented("consent_near_expiry", world, number, given)


@case("consent_renewed", "Toestemming opnieuw gegeven", "Consent given anew", "P-098")
def _(world: World, number: int) -> None:
    life = _consented("consent_renewed", world, number, world.ago(YEAR + 60))
    talk.consent(life, world.ago(60))


@case(
    "consent_withdrawn",
    "Klant die de toestemming introk",
    "Customer who withdrew the consent",
    "P-099",
    "P-100",
)
def _(world: World, number: int) -> None:
    _consented("consent_withdrawn", world, number, world.ago(200), withdrawn=world.ago(20))


def _consented(
    key: str, world: World, number: int, given: dt.datetime, withdrawn: dt.datetime | None = None
) -> Life:
    start = world.ago(3 * YEAR)
    life = driver(world, key, number, start)
    parts.relation(life, Stay(start))
    parts.details(life, start)
    talk.consent(life, given, withdrawn=withdrawn)
    talk.mailing(life, given + dt.timedelta(days=1), basis="consent_marketing")
    life.done()
    return life


@case(
    "only_our_own_sends",
    "Ex-klant: wij schreven, zij zweeg",
    "Former customer: we wrote, they were silent",
    "P-093",
)
def _(world: World, number: int) -> None:
    """Our own messages, opened ones too, are no interaction: marketing has ended."""
    life = former("only_our_own_sends", world, number, world.ago(YEAR + 150))
    for days in (200, 120, 40):
        talk.mailing(life, world.ago(days), opened=True)


@case(
    "clicked", "Ex-klant die op een bericht klikte", "Former customer who clicked a message", "P-091", "P-093"
)
def _(world: World, number: int) -> None:
    life = former("clicked", world, number, world.ago(YEAR + 150))
    talk.mailing(life, world.ago(250), clicked=True)
    talk.segment(life, world.ago(240))


def _plain(key: str, world: World, number: int) -> Life:
    """A customer of two years, about whom something was asked."""
    start = world.ago(2 * YEAR)
    life = driver(world, key, number, start)
    parts.customer(life, Stay(start))
    talk.contact(life, world.ago(50), "email")
    talk.segment(life, world.ago(45))
    life.done()
    return life


@case(
    "objector_marketing",
    "Schreef zich uit voor marketing",
    "Objected to marketing",
    "P-092",
    "P-094",
    weight=3,
)
def _(world: World, number: int) -> None:
    life = _plain("objector_marketing", world, number)
    world.fact(life.id, "objection", "marketing", world.ago(30))


@case("objection_assessed", "Bezwaar dat nog beoordeeld wordt", "Objection being assessed", "P-077")
def _(world: World, number: int) -> None:
    life = _plain("objection_assessed", world, number)
    world.fact(life.id, "assessing", "quality", world.ago(10))


@case(
    "objection_upheld",
    "Bezwaar tegen kwaliteitsonderzoek aanvaard",
    "Objection to quality research upheld",
    "P-077",
)
def _(world: World, number: int) -> None:
    life = _plain("objection_upheld", world, number)
    talk.survey(life, world.ago(90), "Het duurde lang")
    world.fact(life.id, "assessing", "quality", world.ago(40), ends_at=world.ago(20))
    world.fact(life.id, "objection", "quality", world.ago(20))


@case("restricted", "Verwerking beperkt", "Processing restricted", "P-151")
def _(world: World, number: int) -> None:
    life = _plain("restricted", world, number)
    world.fact(life.id, "restriction", "accuracy", world.ago(12))


@case("restriction_lifted", "Beperking opgeheven", "Restriction lifted", "P-151")
def _(world: World, number: int) -> None:
    life = _plain("restriction_lifted", world, number)
    world.fact(life.id, "restriction", "accuracy", world.ago(90), ends_at=world.ago(60))


@case("restricted_value", "Eén betwist adres", "One disputed address", "P-151")
def _(world: World, number: int) -> None:
    life = _plain("restricted_value", world, number)
    row = parts.address(life, world.ago(100), "subject:portaal")
    world.fact(life.id, "restriction", "accuracy", world.ago(8), table="address", row=row)


@case("dispute_open", "Lopend geschil", "Open dispute", "P-074")
def _(world: World, number: int) -> None:
    talk.dispute(_plain("dispute_open", world, number), world.ago(40))


@case("dispute_closed", "Afgesloten geschil", "Closed dispute", "P-074")
def _(world: World, number: int) -> None:
    talk.dispute(_plain("dispute_closed", world, number), world.ago(200), closed=world.ago(20))


@case(
    "held_after_all_else",
    "Alleen een geschil houdt nog iets vast",
    "Only a dispute still holds something",
    "P-074",
)
def _(world: World, number: int) -> None:
    life = former(
        "held_after_all_else", world, number, brussels(dt.date(world.as_of.year - 9, 5, 31)), years=1
    )
    talk.dispute(life, brussels(dt.date(world.as_of.year - 9, 4, 30)))


@case("erasure_customer", "Klant die om wissing vroeg", "Customer who asked for erasure", "P-156", "P-072")
def _(world: World, number: int) -> None:
    life = _plain("erasure_customer", world, number)
    talk.recording(life, world.ago(20))
    world.fact(life.id, "erasure", "request", world.ago(5))


@case(
    "erasure_former",
    "Ex-klant die om wissing vroeg",
    "Former customer who asked for erasure",
    "P-072",
    "P-156",
)
def _(world: World, number: int) -> None:
    life = former("erasure_former", world, number, world.ago(100))
    world.fact(life.id, "erasure", "request", world.ago(5))


@case(
    "recorded",
    "Opgenomen gesprek, jonger en ouder dan een maand",
    "Recorded calls, within a month and older",
    "P-027",
    "P-081",
    "P-083",
)
def _(world: World, number: int) -> None:
    life = _plain("recorded", world, number)
    talk.recording(life, world.ago(10), all_consented=True)
    talk.recording(life, world.ago(60))

"""People who never became customers, and people whom we cannot name (P-037, P-096, P-104)."""

from __future__ import annotations

import datetime as dt

from charging.generate import money, parts, talk
from charging.generate.cases import YEAR, case, driver
from charging.generate.parts import Stay
from charging.generate.world import Life, World, civil


@case(
    "employer_only",
    "Alleen via de werkgever bekend",
    "Known through the employer only",
    "P-037",
    "P-039",
    "P-060",
    weight=6,
)
def _(world: World, number: int) -> None:
    at = world.ago(world.draw("listed", number).randint(3, 300))
    life = Life(world, "employer_only", number, "employee", at)
    parts.work_email(life, at)
    life.done()


@case(
    "employer_only_past",
    "Via de werkgever, meer dan een jaar stil",
    "Through the employer, silent for over a year",
    "P-104",
    weight=2,
)
def _(world: World, number: int) -> None:
    at = world.ago(YEAR + 30)
    life = Life(world, "employer_only_past", number, "employee", at)
    parts.work_email(life, at)
    life.done()


@case("left_employer", "Klant die van werkgever veranderde", "Customer who left the employer", "P-040")
def _(world: World, number: int) -> None:
    start = world.ago(2 * YEAR)
    life = driver(world, "left_employer", number, start - dt.timedelta(days=20))
    parts.work_email(life, start - dt.timedelta(days=20), left=world.ago(60))
    parts.customer(life, Stay(start), invited=False)
    life.done()


@case("fleet_contact", "Contactpersoon van een werkgever", "Contact person of an employer", "P-011")
def _(world: World, number: int) -> None:
    at = world.ago(400)
    life = Life(world, "fleet_contact", number, "fleet", at)
    parts.name(life, at, parts.CONTRACT)
    mailbox = f"{life.who.mailbox}.{number}@{life.employer['email_domain']}"
    life.row(
        "work_email",
        at,
        source=parts.CONTRACT,
        employer_id=life.employer["id"],
        value=mailbox,
        value_norm=mailbox,
        collected_at=at,
    )
    life.row(
        "fleet_contact",
        at,
        source=parts.CONTRACT,
        employer_id=life.employer["id"],
        role="fleet manager",
        since=civil(at),
    )
    talk.contact(life, world.ago(world.draw("call", number).randint(1, 90)), "email")
    life.done()


@case(
    "prospect",
    "Schreef ons via het contactformulier",
    "Wrote through the contact form",
    "P-045",
    "P-104",
    weight=4,
)
def _(world: World, number: int) -> None:
    _prospect("prospect", world, number, world.ago(world.draw("wrote", number).randint(1, 350)))


@case(
    "prospect_past",
    "Contactformulier, meer dan een jaar geleden",
    "Contact form, more than a year ago",
    "P-104",
)
def _(world: World, number: int) -> None:
    _prospect("prospect_past", world, number, world.ago(YEAR + 20))


def _prospect(key: str, world: World, number: int, at: dt.datetime) -> Life:
    life = Life(world, key, number, "prospect", at)
    parts.name(life, at, parts.FORM)
    parts.email(life, at, parts.FORM)
    talk.contact(
        life, at, "other", source=parts.FORM, content="Kan dit ook bij een appartement?", about="offerte"
    )
    life.done()
    return life


@case(
    "contest_ticked",
    "Deelnemer met vinkje voor marketing",
    "Entrant who ticked the marketing box",
    "P-096",
    "P-098",
    weight=4,
)
def _(world: World, number: int) -> None:
    _entrant("contest_ticked", world, number, 120, ticked=True)


@case(
    "contest_unticked",
    "Deelnemer zonder vinkje",
    "Entrant who left the box empty",
    "P-043",
    "P-096",
    weight=3,
)
def _(world: World, number: int) -> None:
    _entrant("contest_unticked", world, number, 120, ticked=False)


@case("contest_withdrawn", "Deelnemer die de toestemming introk", "Entrant who withdrew the consent", "P-099")
def _(world: World, number: int) -> None:
    _entrant("contest_withdrawn", world, number, 120, ticked=True, withdrawn=world.ago(30))


@case("minor", "Minderjarig bij het inschrijven", "A minor when the data was collected", "P-155")
def _(world: World, number: int) -> None:
    _entrant("minor", world, number, 90, ticked=True, minor=True)


def _entrant(
    key: str,
    world: World,
    number: int,
    days: float,
    ticked: bool,
    minor: bool = False,
    withdrawn: dt.datetime | None = None,
) -> Life:
    at = world.ago(days)
    life = Life(world, key, number, "entrant", at)
    talk.contest(life, at, ticked, minor, withdrawn)
    life.done()
    return life


@case(
    "minor_then_customer",
    "Als minderjarige verzameld, later klant",
    "Collected as a minor, later a customer",
    "P-155",
)
def _(world: World, number: int) -> None:
    young = world.ago(5 * YEAR)
    life = driver(world, "minor_then_customer", number, young)
    talk.contest(life, young, ticked=True, minor=True)
    parts.customer(
        life, Stay(world.ago(300)), born=civil(young - dt.timedelta(days=16 * YEAR)), invited=False
    )
    life.done()


@case("unknown_caller", "Onbekende beller", "Caller whom we cannot name", "P-012", "P-104", weight=2)
def _(world: World, number: int) -> None:
    at = world.ago(world.draw("rang", number).randint(1, 200))
    life = Life(world, "unknown_caller", number, "unidentified", at)
    parts.phone(life, at, parts.SERVICE)
    talk.recording(life, at) if number % 2 else talk.contact(life, at)
    life.done()


@case("unknown_card", "Onbekende kaart aan een laadpunt", "Unknown card at a charge point", "P-012", "P-104")
def _(world: World, number: int) -> None:
    at = world.ago(100)
    life = Life(world, "unknown_card", number, "unidentified", at)
    # Whoever charges with a card has the service of a card, also before anybody knows who it is (P-015).
    life.row("product_ownership", at, source="observed:laadkaart", product_id=parts.CARD, since=civil(at))
    parts.card(life, at, state="unknown")
    money.session(life, at, state="review", station_id=None)
    life.done()

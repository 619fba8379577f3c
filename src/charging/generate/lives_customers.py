"""Customers, present and former (P-064 to P-067, P-105, P-108 to P-110)."""

from __future__ import annotations

import datetime as dt

from charging.generate import money, parts, talk
from charging.generate.cases import YEAR, case, driver
from charging.generate.parts import Stay
from charging.generate.world import Life, World, brussels, civil, years_before


@case("customer", "Klant met thuislaadpunt", "Customer with a home charge point", "P-022", "P-029", weight=40)
def _(world: World, number: int) -> None:
    draw = world.draw("start", number)
    start = world.ago(draw.randint(40, 6 * YEAR))
    life = driver(world, "customer", number, start)
    parts.customer(life, Stay(start))
    if draw.random() < 0.5:
        talk.contact(
            life, world.ago(draw.randint(1, 30)), draw.choice(("email", "phone", "chat", "social", "other"))
        )
    if draw.random() < 0.3:
        talk.mailing(life, world.ago(draw.randint(1, 300)), clicked=draw.random() < 0.3)
        talk.segment(life, world.ago(90))
    if draw.random() < 0.2:
        talk.survey(life, max(start, world.ago(200)))
        talk.fault(
            life, max(start + dt.timedelta(days=16), world.ago(100)), draw.choice(("person", "station"))
        )
    life.done()


@case("customer_ten_years", "Tien jaar klant", "Customer for ten years", "P-105", weight=2)
def _(world: World, number: int) -> None:
    start = brussels(years_before(world.as_of, 10))
    life = driver(world, "customer_ten_years", number, start)
    parts.customer(life, Stay(start))
    for years in (9, 8, 7, 6, 3, 1):
        money.invoice(life, years_before(world.as_of, years), 12_100, "Onderhoud")
    life.done()


@case(
    "invoices_each_side",
    "Facturen aan weerszijden van elke termijn",
    "Invoices on both sides of each term",
    "P-003",
    "P-072",
    "P-073",
)
def _(world: World, number: int) -> None:
    """Seven years from 31 December of the year; the law's ten years for what is issued from 2023 on."""
    start = brussels(dt.date(2014, 1, 6))
    life = driver(world, "invoices_each_side", number, start)
    parts.relation(life, Stay(start))
    parts.details(life, start)
    _each_side(life, world.as_of)
    money.invoice(life, min(dt.date(2023, 2, 1), world.as_of), -24_200, "Correctie", kind="credit-note")
    life.done()


@case(
    "archive_each_side",
    "Ex-klant met facturen aan weerszijden van elke termijn",
    "Former customer with invoices on both sides of each term",
    "P-003",
    "P-072",
    "P-073",
)
def _(world: World, number: int) -> None:
    """Only the archive still keeps these: nothing of the contract stands in its way."""
    start = brussels(dt.date(2014, 1, 6))
    life = driver(world, "archive_each_side", number, start)
    parts.relation(life, Stay.until(start, world.ago(YEAR + 200)))
    parts.details(life, start)
    _each_side(life, civil(world.ago(YEAR + 220)))
    life.done()


def _each_side(life: Life, last: dt.date) -> None:
    year = life.world.as_of.year
    days = {dt.date(2014, 12, 31), dt.date(2015, 1, 1), dt.date(2022, 12, 31), dt.date(2023, 1, 1)}
    for years in (8, 7):
        days |= {dt.date(year - years, 12, 31), dt.date(year - years + 1, 1, 1)}
    for day in sorted(days):
        if day <= last:
            money.invoice(life, day, 24_200, "Uitbreiding van de installatie")


@case(
    "co_user",
    "Laadt met een eigen kaart aan het laadpunt van een ander",
    "Charges with a card of their own at somebody else's charge point",
    "P-010",
)
def _(world: World, number: int) -> None:
    start = world.ago(500)
    host = driver(world, "co_user_host", number, start)
    parts.customer(host, Stay(start))
    host.done()
    life = driver(world, "co_user", number, world.ago(300))
    life.employer = host.employer
    parts.relation(life, Stay(world.ago(300)))
    parts.details(life, world.ago(300))
    life.station = host.station
    parts.card(life, world.ago(290))
    money.months(life, world.ago(280), world.now)
    life.done()


@case("shared_home", "Twee bestuurders, één woning", "Two drivers, one home", "P-010", weight=3)
def _(world: World, number: int) -> None:
    _couple(world, "shared_home", number, other_leaves=None)


@case(
    "shared_home_one_left",
    "Eén woning, waarvan één bestuurder lang geleden vertrok",
    "One home, of which one driver left long ago",
    "P-105",
)
def _(world: World, number: int) -> None:
    _couple(world, "shared_home_one_left", number, other_leaves=world.ago(YEAR + 100))


def _couple(world: World, key: str, number: int, other_leaves: dt.datetime | None) -> None:
    start = world.ago(3 * YEAR)
    first = driver(world, key, number, start)
    other = driver(world, f"{key}_other", number, start)
    other.who = first.who.__class__(**{**vars(first.who), "given": other.who.given})
    stay = Stay.until(start, other_leaves)
    for life, own in ((first, Stay(start)), (other, stay)):
        parts.relation(life, own)
        parts.details(life, start)
    parts.install(first, start + dt.timedelta(days=10), with_person=other.id)
    other.station = first.station
    for life, end in ((first, world.now), (other, other_leaves or world.now)):
        parts.card(life, start + dt.timedelta(days=10))
        money.months(life, start + dt.timedelta(days=20), end)
        life.done()


@case("complained_together", "Twee mensen klagen samen", "Two people complain together", "P-070")
def _(world: World, number: int) -> None:
    start = world.ago(2 * YEAR)
    first, other = (driver(world, f"complained_together{tail}", number, start) for tail in ("", "_other"))
    for life in (first, other):
        parts.relation(life, Stay(start))
        parts.details(life, start)
    talk.complaint(first, world.ago(40), with_person=other.id)
    first.done()
    other.done()


def former(key: str, world: World, number: int, end: dt.datetime, years: float = 2) -> Life:
    """Somebody who was a customer until `end`, for some years."""
    life = _gone(key, world, number, end, years)
    life.done()
    return life


def _gone(key: str, world: World, number: int, end: dt.datetime, years: float = 2) -> Life:
    start = end - dt.timedelta(days=years * YEAR)
    life = driver(world, key, number, start)
    parts.customer(life, Stay.until(start, end))
    return life


@case(
    "former_recent", "Ex-klant, minder dan een jaar", "Former customer, less than a year", "P-064", weight=4
)
def _(world: World, number: int) -> None:
    life = former("former_recent", world, number, world.ago(world.draw("end", number).randint(20, 340)))
    talk.contact(life, life.world.ago(15), "email")


@case(
    "former_last_day",
    "Ex-klant op de laatste dag van het jaar na het einde",
    "Former customer on the last day of the year after the end",
    "P-064",
    "P-109",
)
def _(world: World, number: int) -> None:
    former("former_last_day", world, number, brussels(years_before(world.as_of, 1), 15))


@case(
    "former_day_after",
    "Ex-klant, de dag na dat jaar",
    "Former customer, the day after that year",
    "P-064",
    "P-109",
)
def _(world: World, number: int) -> None:
    end = brussels(years_before(world.as_of, 1), 15) - dt.timedelta(days=1)
    former("former_day_after", world, number, end)


@case(
    "former_past",
    "Ex-klant, alleen het archief rest",
    "Former customer, only the archive is left",
    "P-072",
    "P-105",
    weight=3,
)
def _(world: World, number: int) -> None:
    former("former_past", world, number, world.ago(world.draw("end", number).randint(YEAR + 5, 5 * YEAR)))


@case(
    "former_old",
    "Ex-klant, ook het archief is voorbij",
    "Former customer, the archive has ended too",
    "P-073",
)
def _(world: World, number: int) -> None:
    former("former_old", world, number, brussels(dt.date(world.as_of.year - 9, 6, 30)), years=1)


@case(
    "late_evening_end", "Einde op een late avond in Brussel", "Ended late in the evening in Brussels", "P-109"
)
def _(world: World, number: int) -> None:
    """23:30 in Brussels is the same civil day, and in UTC too; half an hour past midnight is another in
    UTC.
    """
    day = civil(world.ago(30))
    former("late_evening_end", world, number, brussels(day, 23, 30) if number % 2 else brussels(day, 0, 30))


@case("leap_day", "Geboren en gestopt op 29 februari", "Born and ended on 29 February", "P-109")
def _(world: World, number: int) -> None:
    end = brussels(dt.date(2024, 2, 29), 14)
    start = brussels(dt.date(2020, 2, 29))
    life = driver(world, "leap_day", number, start)
    parts.relation(life, Stay.until(start, end))
    parts.details(life, start, born=dt.date(1988, 2, 29))
    money.invoice(life, dt.date(2024, 2, 29), 9_900, "Laatste factuur")
    life.done()


@case("four_ends", "Vier verschillende einden", "Four different ends", "P-067", "P-108")
def _(world: World, number: int) -> None:
    """No longer a customer first; the account terminated later; closed last; then one more interaction."""
    start = world.ago(3 * YEAR)
    life = driver(world, "four_ends", number, start)
    parts.customer(life, Stay(start, world.ago(200), world.ago(150), world.ago(250)))
    talk.contact(life, world.ago(100), "chat")
    life.done()


@case("returned_in_time", "Teruggekomen binnen het jaar", "Came back within the year", "P-110")
def _(world: World, number: int) -> None:
    _returner("returned_in_time", world, number, away=200)


@case("returned_late", "Teruggekomen na meer dan een jaar", "Came back after more than a year", "P-110")
def _(world: World, number: int) -> None:
    _returner("returned_late", world, number, away=500)


def _returner(key: str, world: World, number: int, away: int) -> None:
    back = world.ago(300)
    life = _gone(key, world, number, back - dt.timedelta(days=away))
    parts.relation(life, Stay(back))
    parts.details(life, back)
    parts.card(life, back)
    money.months(life, back, world.now)
    if away > YEAR:
        life.since = back  # what was erased does not come back: the person is recorded anew (P-110)
    life.done()

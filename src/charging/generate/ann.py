"""Ann, from the employer's list to erased: the story that the pages tell, as plain data.

Her steps up to `as_of` are rows like everybody's. What comes after (each purpose that ends, what is erased
when) is not written anywhere: it follows from policy and law, and the pages compute it. Her values are in
`world.rows_of(person)` also after the clock has erased them from a database.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from charging.generate import money, parts, talk
from charging.generate.parts import Stay
from charging.generate.world import Life, World, brussels, civil

NAME = "Ann Vermeulen"
CASE = "ann"


@dataclass(frozen=True)
class Step:
    """Something that happened to Ann. `days`: how long before `as_of`."""

    key: str
    days: int
    nl: str
    en: str


STORY = (
    Step(
        "listed",
        1500,
        "Haar werkgever geeft haar professioneel e-mailadres.",
        "Her employer gives her professional e-mail address.",
    ),
    Step(
        "joined",
        1480,
        "Ann wordt klant en geeft haar eigen gegevens.",
        "Ann becomes a customer and gives her own data.",
    ),
    Step(
        "installed",
        1460,
        "Haar thuislaadpunt wordt geplaatst, met foto's van de plek.",
        "Her home charge point is installed, with photos of the spot.",
    ),
    Step(
        "charged",
        1440,
        "Ze laadt thuis; elke maand volgt een afrekening en een terugbetaling.",
        "She charges at home; each month brings a statement and a reimbursement.",
    ),
    Step(
        "asked",
        1200,
        "Ze stelt een vraag over haar eerste afrekeningen.",
        "She asks a question about her first statements.",
    ),
    Step("called", 860, "Ze belt de klantendienst.", "She calls customer service."),
    Step("wrote", 600, "Ze schrijft over het tarief.", "She writes about the tariff."),
    Step(
        "contest",
        400,
        "Ze doet mee aan een wedstrijd en vinkt marketing aan.",
        "She enters a contest and ticks the marketing box.",
    ),
    Step(
        "recorded",
        95,
        "Ze belt opnieuw; het gesprek wordt aangekondigd en opgenomen.",
        "She calls again; the call is announced and recorded.",
    ),
    Step("objected", 90, "Ze schrijft zich uit voor direct marketing.", "She objects to direct marketing."),
    Step(
        "left",
        60,
        "Ann stopt: geen klant meer, account beëindigd en gesloten.",
        "Ann leaves: no longer a customer, account terminated and closed.",
    ),
)


def moments(as_of: dt.date) -> dict[str, dt.datetime]:
    """Step → its moment, at two in the afternoon in Brussels."""
    return {step.key: brussels(as_of - dt.timedelta(days=step.days), 14) for step in STORY}


def tell(world: World) -> int:
    """Write Ann's rows and facts; her person id. `world.cases["ann"]` names her."""
    at = moments(world.as_of)
    life = Life(world, CASE, 1, "driver", at["listed"])
    given, family = NAME.split()
    life.who = life.who.__class__("nl", given, family, "Kersenlaan 12", "9000", "Gent", "flanders")
    life.employer = world.employers[0]
    parts.work_email(life, at["listed"])  # she stops charging; she does not leave her employer
    parts.relation(life, Stay.until(at["joined"], at["left"]))
    parts.details(life, at["joined"], born=dt.date(1988, 2, 29))
    parts.install(life, at["installed"], gone=at["left"])
    parts.card(life, at["installed"], "returned", at["left"])
    money.invoice(life, civil(at["installed"]), 36_300, "Extra kabel bij de installatie")
    money.months(life, at["charged"], at["left"])
    # Never a year without a sign of life: else the clock would have erased her work address on the way.
    talk.contact(life, at["asked"], content="Waar vind ik mijn kWh per maand?")
    talk.contact(life, at["called"], content="Mijn kaart werkt niet")
    talk.contact(life, at["wrote"], content="Welk tarief geldt nu?")
    talk.fault(life, at["called"])
    talk.contest(life, at["contest"], ticked=True)
    talk.mailing(life, at["contest"] + dt.timedelta(days=40), clicked=True, basis="consent_marketing")
    talk.segment(life, at["contest"] + dt.timedelta(days=50))
    talk.recording(life, at["recorded"])
    world.fact(life.id, "objection", "marketing", at["objected"])
    life.done()
    return life.id

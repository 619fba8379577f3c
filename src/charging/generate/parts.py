"""Building blocks of a life: what becoming a customer, charging, calling or entering a contest leaves
behind.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass

from charging.generate import names
from charging.generate.money import months
from charging.generate.world import Life, civil

CONTRACT = "subject:contract"
SERVICE = "subject:klantendienst"
FORM = "subject:contactformulier"
ASSIGNED = "assigned"
MODELS = (("Kornoelje", "KX-11"), ("Kornoelje", "KX-22"), ("Meidoorn", "Wall 7"), ("Sleedoorn", "One"))
#: When the installer may come.
DAYS = ("ma-wo 9-12 u", "di en do na 16 u", "za voormiddag", "elke werkdag")
#: Days after which an installation file is closed: until then whoever installed comes back under the guarantee.
CLOSED_AFTER = 730
#: Products of the catalogue.
HOME_CHARGER, CARD, HEMS = 1, 2, 3


@dataclass(frozen=True)
class Stay:
    """From when until when somebody is a customer; each end can fall on a day of its own (P-108)."""

    start: dt.datetime
    terminated: dt.datetime | None = None
    closed: dt.datetime | None = None
    ended: dt.datetime | None = None

    @classmethod
    def until(cls, start: dt.datetime, end: dt.datetime | None) -> Stay:
        """All ends at once."""
        return cls(start, end, end, end)


# ---- who somebody is, and how to reach them ----


def name(life: Life, at: dt.datetime, source: str, minor: bool = False) -> int:
    who = life.who
    return life.row(
        "person_name",
        at,
        source=source,
        given_name=who.given,
        family_name=who.family,
        collected_at=at,
        collected_as_minor=minor,
    )


#: From then on the form on which a contract is made offers to refuse advertising (P-089).
_OFFERED_SINCE = dt.date(2018, 5, 25)


def _offered(at: dt.datetime, source: str) -> bool:
    """Whether the form on which a contact point was given offered to refuse advertising."""
    return source == "subject:contract" and civil(at) >= _OFFERED_SINCE


def email(life: Life, at: dt.datetime, source: str, minor: bool = False) -> int:
    value = f"{life.who.given}.{life.who.family}".replace(" ", "") + f".{life.id % 9973}@post.example"
    return life.row(
        "email_address",
        at,
        source=source,
        value=value,
        value_norm=value.lower(),
        collected_at=at,
        collected_as_minor=minor,
        opt_out_offered=_offered(at, source),
    )


def phone(life: Life, at: dt.datetime, source: str, minor: bool = False) -> int:
    value, norm = names.phone(life.random)
    return life.row(
        "phone_number",
        at,
        source=source,
        value=value,
        value_norm=norm,
        collected_at=at,
        collected_as_minor=minor,
        opt_out_offered=_offered(at, source),
    )


def address(life: Life, at: dt.datetime, source: str) -> int:
    who = life.who
    return life.row(
        "address",
        at,
        source=source,
        street=who.street,
        postal_code=who.postal_code,
        city=who.city,
        country="BE",
        region=who.region,
        collected_at=at,
        collected_as_minor=False,
    )


def work_email(life: Life, at: dt.datetime, left: dt.datetime | None = None, invited: bool = True) -> int:
    """The employer's list: that address and nothing else (P-037)."""
    value = f"{life.who.mailbox}.{life.id % 9973}@{life.employer['email_domain']}"
    return life.row(
        "work_email",
        at,
        source=f"werkgever:{life.employer['name']}",
        employer_id=life.employer["id"],
        value=value,
        value_norm=value,
        collected_at=at,
        invited_at=at + dt.timedelta(days=2) if invited else None,
        left_at=left,
    )


def birth_date(life: Life, at: dt.datetime, born: dt.date | None = None) -> int:
    day = born or dt.date(
        at.year - life.random.randint(24, 62), life.random.randint(1, 12), life.random.randint(1, 28)
    )
    return life.row("birth_date", at, source=CONTRACT, born_on=day, collected_at=at)


# ---- becoming a customer ----


def relation(life: Life, stay: Stay) -> None:
    """Account, customer relation, contract, products, login."""
    at, draw = stay.start, life.random
    life.customer_number = life.customer_number or f"C{life.id % 10**12:012d}"
    gone = stay.terminated or stay.ended
    life.state = "former" if gone else "customer"
    life.row(
        "account", at, source=ASSIGNED, opened_at=at, terminated_at=stay.terminated, closed_at=stay.closed
    )
    life.row("customer_relation", at, source=CONTRACT, started_at=at, ended_at=stay.ended)
    contract = life.row(
        "contract",
        at,
        source=CONTRACT,
        employer_id=life.employer["id"],
        number=f"K-{life.world.id(at)}",
        ordered_at=at - dt.timedelta(days=3),
        order_confirmed_at=at - dt.timedelta(days=2),
        order_confirmation=f"Bestelling bevestigd {civil(at - dt.timedelta(days=2)).isoformat()}",
        confirmed_at=at,
        starts_on=civil(at),
        ends_on=civil(gone) if gone else None,
        reimbursement="creg-quarter",
        monthly_fee_cents=995,
        confirmation=f"Bevestiging {civil(at).isoformat()}",
    )
    managed = gone is None and life.case == "customer" and len(life.world.cases["customer"]) % 2 == 0
    for product in (HOME_CHARGER, CARD, *((HEMS,) if managed else ())):
        life.row(
            "product_ownership",
            at,
            source=CONTRACT,
            product_id=product,
            contract_id=contract,
            since=civil(at),
            until=civil(gone) if gone else None,
        )
    seen = (gone or life.world.now) - dt.timedelta(days=draw.randint(1, 60))
    seen = max(seen, at)
    life.row(
        "login_credential",
        at,
        source=ASSIGNED,
        user_number=f"U{contract % 10**9:09d}",
        used_on=civil(seen),
        login_name=f"user-{contract}",
        secret_hash=hashlib.sha256(f"{contract}".encode()).hexdigest(),
        last_login_at=seen,
    )


def details(life: Life, at: dt.datetime, born: dt.date | None = None) -> None:
    """What is asked at the contract (P-062), the birth date to identify, and where money goes."""
    name(life, at, CONTRACT)
    address(life, at, CONTRACT)
    email(life, at, CONTRACT)
    phone(life, at, CONTRACT)
    birth_date(life, at, born)
    account = names.iban(life.random)
    life.bank = life.row(
        "bank_account",
        at,
        source=CONTRACT,
        iban=account,
        iban_last4=account[-4:],
        collected_at=at,
        confirmed_at=at,
    )


def install(
    life: Life, at: dt.datetime, with_person: int | None = None, gone: dt.datetime | None = None
) -> None:
    """Installation file, a photo of the place, and the charge point; shared with a second driver of the
    home.
    """
    draw = life.random
    brand, model = draw.choice(MODELS)
    job = life.world.id(at)
    file = life.row(
        "installation_file",
        at,
        source=CONTRACT,
        co_person_id=with_person,
        job_id=job,
        installer_id=1,
        owns_dwelling=draw.choice(("owner", "tenant", "co-owner")),
        dwelling_age_years=draw.randint(1, 90),
        place=draw.choice(("carport", "garage", "oprit", "straatgevel")),
        grid="3x400+N",
        main_fuse_ampere=25,
        digital_meter=draw.random() < 0.8,
        cable_metres=draw.randint(2, 40),
        preferred_brand=brand,
        preferred_model=model,
        co_preferred_model=model if with_person else None,
        preferred_days=DAYS[job % len(DAYS)],
        progress="online" if (life.world.now - at).days < CLOSED_AFTER else "closed",
        progress_on=civil(at),
        quote_cents=draw.randint(90, 220) * 1000,
        inspected_on=civil(at),
    )
    life.row(
        "installation_photo",
        at,
        source="observed:verwerker:Laadwerk Installaties",
        file_id=file,
        job_id=job,
        taken_on=civil(at),
        shows=draw.choice(("fuse board", "spot", "route")),
        metadata_removed=True,
        others_in_picture=False,
        image=b"\x89invented picture " + str(job).encode(),
    )
    life.station = life.row(
        "station",
        at,
        source=ASSIGNED,
        co_person_id=with_person,
        file_id=file,
        charge_point_id=f"BLS-{job}",
        brand=brand,
        model=model,
        serial=f"S{job % 10**8:08d}",
        firmware="1.4.2",
        place=life.who.city,
        online_since=civil(at),
        retired_on=civil(gone) if gone else None,
    )


def card(life: Life, at: dt.datetime, state: str = "active", ended: dt.datetime | None = None) -> int:
    uid = f"04{life.world.id(at) % 16**12:012X}"
    life.card = life.row(
        "card",
        at,
        source=ASSIGNED,
        uid=uid,
        state=state,
        issued_on=civil(at),
        ended_on=civil(ended) if ended else None,
    )
    return life.card


def customer(life: Life, stay: Stay, born: dt.date | None = None, invited: bool = True) -> None:
    """The whole way in: the employer's list, the contract, the charge point, a card; then the use of it."""
    if invited:
        work_email(life, stay.start - dt.timedelta(days=20), left=stay.terminated)
        life.since = min(life.since, stay.start - dt.timedelta(days=20))
    relation(life, stay)
    details(life, stay.start, born)
    gone = stay.terminated or stay.ended
    install(life, stay.start + dt.timedelta(days=14), gone=gone)
    card(life, stay.start + dt.timedelta(days=14), "returned" if gone else "active", gone)
    months(life, stay.start + dt.timedelta(days=20), gone or life.world.now)

"""Charging, and what follows from it: sessions, statements, invoices, reimbursements."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from charging.generate.world import Life, World, brussels, civil, month_end

RATE_E4 = {"flanders": 3070, "brussels": 3356, "wallonia": 3457}


def meter_block(energy_wh: int, minutes: int) -> bytes:
    """Settled meter values of a session, one block: `[[seconds, Wh], …]` as JSON."""
    steps = max(1, minutes // 15)
    return json.dumps(
        [[60 * minutes * i // steps, energy_wh * i // steps] for i in range(steps + 1)]
    ).encode()


def session(life: Life, at: dt.datetime, **values: Any) -> tuple[int, int]:
    """One session; its Wh and cents."""
    draw = life.random
    minutes = draw.randint(45, 420)
    energy = draw.randint(4, 22) * minutes * 1000 // 120
    amount = energy * RATE_E4[life.who.region] // 100_000
    values = {"card_id": life.card, "station_id": life.station, "state": "settled", **values}
    life.row(
        "session",
        at,
        employer_id=life.employer["id"],
        transaction_key=f"t{life.world.drawn}",
        started_at=at,
        stopped_at=at + dt.timedelta(minutes=minutes),
        place=life.who.city,
        energy_wh=energy,
        amount_cents=amount,
        accounted_on=month_end(civil(at)),
        meter_values=meter_block(energy, minutes),
        **values,
    )
    return energy, amount


def months(life: Life, start: dt.datetime, end: dt.datetime) -> None:
    """Sessions, and what is accounted for them: every month of the last year, the last month of earlier
    years.
    """
    day = civil(start).replace(day=1)
    last = civil(end)
    while month_end(day) < last:
        recent = (last - day).days < 400
        if recent or day.month == 12:
            amounts = [
                session(
                    life,
                    brussels(day + dt.timedelta(days=life.random.randrange(27)), life.random.randint(17, 22)),
                )
                for _ in range(2 if recent else 1)
            ]
            account(life, day, sum(wh for wh, _ in amounts), sum(cents for _, cents in amounts))
        day = month_end(day) + dt.timedelta(days=1)


def account(life: Life, month: dt.date, energy: int, amount: int) -> None:
    """A month's statement, the employer's invoice line, and what is paid back."""
    issued = month_end(month) + dt.timedelta(days=5)
    at = brussels(issued, 6)
    if at > life.world.now:
        return
    common = {"month": month, "energy_wh": energy, "amount_cents": amount}
    employer = life.employer["id"]
    life.row(
        "statement",
        at,
        issued_on=issued,
        employer_id=employer,
        number=f"S{issued:%Y%m}-{life.world.drawn}",
        addressee=life.who.name,
        **common,
    )
    life.row(
        "employer_invoice_line",
        at,
        issued_on=issued,
        employer_id=employer,
        employee=life.who.name,
        employer_invoice_id=employer_invoice(life.world, employer, issued, amount),
        **common,
    )
    life.row(
        "reimbursement",
        at + dt.timedelta(days=3),
        bank_account_id=life.bank,
        paid_on=issued + dt.timedelta(days=3),
        order_id=f"R{issued:%Y%m}-{life.world.drawn}",
        **common,
    )


def employer_invoice(world: World, employer: int, issued: dt.date, amount: int) -> int:
    """The id of the employer's invoice of that day, to which the amount is added."""
    found = world.invoices.setdefault((employer, issued), [world.id(brussels(issued, 6)), 0])
    found[1] += amount
    return found[0]


def invoice(life: Life, issued: dt.date, amount: int, description: str, kind: str = "invoice") -> int:
    """An invoice to the driver, and its payment two weeks later."""
    at = brussels(issued, 9)
    number = life.world.drawn
    made = life.row(
        "invoice",
        at,
        issued_on=issued,
        number=f"F{issued:%Y}-{number}",
        kind=kind,
        addressee=life.who.name,
        description=description,
        amount_cents=amount,
        vat_cents=amount * 21 // 121,
        due_on=issued + dt.timedelta(days=30),
    )
    paid = issued + dt.timedelta(days=14)
    if paid <= life.world.as_of:
        ogm = number % 10**10
        reference = f"{ogm:010d}{ogm % 97 or 97:02d}"
        life.row("payment", brussels(paid, 9), paid_on=paid, reference=reference, amount_cents=amount)
    return made

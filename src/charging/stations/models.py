"""What use of a charge point and a card creates (P-028, P-029, P-048)."""

from __future__ import annotations

from django.db import models

from charging.base import Personal, Sourced, co_person, link
from charging.fields import block, cents, day, moment, text, watt_hours


class Station(Sourced):
    """A home charge point. Two drivers may share one."""

    co_person = co_person()
    file = link("installation.InstallationFile")
    charge_point_id = text()
    brand = text()
    model = text()
    serial = text()
    firmware = text()
    place = text()
    online_since = day()
    retired_on = day()

    class Meta:
        db_table = "station"
        constraints = (models.UniqueConstraint(fields=["charge_point_id"], name="station_charge_point"),)


class Card(Sourced):
    """A charge card. A co-user of somebody's card is a person of their own (P-010)."""

    uid = text()
    state = text()
    issued_on = day()
    ended_on = day()

    class Meta:
        db_table = "card"
        constraints = (models.UniqueConstraint(fields=["uid"], name="card_uid"),)


class Session(Personal):
    """One charging session, with its settled meter values as one block (design, big tables).

    `accounted_on`: last day of the month in which it is accounted. It is the record's own date: the archive
    keeps the month of a total, not the hours at which somebody was at home. `transaction_key`: what the
    station calls it, so that the same message twice makes one row.
    """

    employer = models.ForeignKey(
        "people.Employer", models.DO_NOTHING, db_constraint=False, null=True, db_index=False, related_name="+"
    )
    station = link("stations.Station")
    card = link("stations.Card")
    transaction_key = text()
    started_at = moment()
    stopped_at = moment()
    place = text()
    state = text()
    energy_wh = watt_hours()
    amount_cents = cents()
    accounted_on = models.DateField()
    meter_values = block()

    class Meta:
        db_table = "session"
        constraints = (
            models.UniqueConstraint(
                fields=["station", "transaction_key"],
                name="session_transaction",
                condition=models.Q(transaction_key__isnull=False),
            ),
        )


__all__ = ["Card", "Session", "Station"]

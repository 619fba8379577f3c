"""Bills and payments (P-022, P-069, P-072, P-073).

Tables that age by their own date are partitioned by it, a year each, so that 1 January is a `DROP`. Django
cannot declare that: they are `managed = False` here and made by the migration in SQL, with the key `(id,
date)`.
"""

from __future__ import annotations

from django.db import models

from charging.base import Personal, Reference, link
from charging.fields import cents, day, text, watt_hours


class Tariff(Reference):
    """A price per kWh for a region and a time, in ten-thousandths of a euro, with its published source."""

    region = models.TextField()
    valid_from = models.DateField()
    valid_until = models.DateField()
    euro_e4_per_kwh = models.IntegerField()
    published_in = models.TextField()

    class Meta:
        db_table = "tariff"


class EmployerInvoice(Reference):
    """The monthly invoice to an employer: a legal person's. What is about an employee stands in its lines."""

    employer = models.ForeignKey("people.Employer", models.DO_NOTHING, db_constraint=False, related_name="+")
    number = models.TextField()
    issued_on = models.DateField()
    total_cents = models.BigIntegerField()

    class Meta:
        db_table = "employer_invoice"
        constraints = (models.UniqueConstraint(fields=["number"], name="employer_invoice_number"),)


class EmployerInvoiceLine(Personal):
    """One employee's month on the employer's invoice: kWh and cents, no times and no places."""

    employer = models.ForeignKey("people.Employer", models.DO_NOTHING, db_constraint=False, related_name="+")
    employer_invoice = models.ForeignKey(
        EmployerInvoice, models.DO_NOTHING, db_constraint=False, related_name="+"
    )
    issued_on = models.DateField()
    employee = text()
    month = day()
    energy_wh = watt_hours()
    amount_cents = cents()

    class Meta:
        db_table = "employer_invoice_line"
        managed = False


class Statement(Personal):
    """A driver's month: consumption, tariff and what is paid back."""

    employer = models.ForeignKey("people.Employer", models.DO_NOTHING, db_constraint=False, related_name="+")
    issued_on = models.DateField()
    number = text()
    addressee = text()
    month = day()
    energy_wh = watt_hours()
    amount_cents = cents()

    class Meta:
        db_table = "statement"
        managed = False


class Invoice(Personal):
    """An invoice (or credit note, `kind`) to the driver: installation work beyond the standard, a product.

    `number` is given once, on whatever day: writing it writes it into `invoice_number` too, which has no partitions.
    """

    issued_on = models.DateField()
    number = text()
    kind = text()
    addressee = text()
    description = text()
    amount_cents = cents()
    vat_cents = cents()
    due_on = day()

    class Meta:
        db_table = "invoice"
        managed = False


class Payment(Personal):
    """Money that a driver paid, by its structured reference."""

    paid_on = models.DateField()
    reference = text()
    amount_cents = cents()

    class Meta:
        db_table = "payment"
        managed = False


class Reimbursement(Personal):
    """Money that we paid back to a driver. `order_id`: its end-to-end id in the SEPA file."""

    bank_account = link("people.BankAccount")
    paid_on = models.DateField()
    month = day()
    order_id = text()
    energy_wh = watt_hours()
    amount_cents = cents()

    class Meta:
        db_table = "reimbursement"


__all__ = [
    "EmployerInvoice",
    "EmployerInvoiceLine",
    "Invoice",
    "Payment",
    "Reimbursement",
    "Statement",
    "Tariff",
]

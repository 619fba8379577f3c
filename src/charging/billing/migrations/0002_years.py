"""Tables that age by their own date, a partition a year (design, the clock)."""

from typing import ClassVar

from django.db import migrations

from charging.links import MAKE_YEAR, by_year, cut_on_erase

FIRST, LAST = 2014, 2027


class Migration(migrations.Migration):
    dependencies: ClassVar = [("billing", "0001_initial"), ("people", "0001_initial")]
    operations: ClassVar = [
        MAKE_YEAR,
        by_year(
            "employer_invoice_line",
            "issued_on",
            "employer_id bigint NOT NULL, employer_invoice_id bigint NOT NULL, employee text, month date,"
            " energy_wh integer, amount_cents integer",
            FIRST,
            LAST,
        ),
        by_year(
            "statement",
            "issued_on",
            "employer_id bigint, number text, addressee text, month date, energy_wh integer,"
            " amount_cents integer",
            FIRST,
            LAST,
        ),
        by_year(
            "invoice",
            "issued_on",
            "number text, kind text, addressee text, description text, amount_cents integer,"
            " vat_cents integer, due_on date",
            FIRST,
            LAST,
        ),
        by_year("payment", "paid_on", "reference text, amount_cents integer", FIRST, LAST),
        migrations.RunSQL(
            "CREATE UNIQUE INDEX invoice_number ON invoice (number, issued_on)", "DROP INDEX invoice_number"
        ),
        cut_on_erase("reimbursement", "bank_account_id", "bank_account"),
    ]

"""The numbers that invoices have already."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

from bloesem.gate.migrations import ChangeData


class Migration(migrations.Migration):
    dependencies: ClassVar = [("billing", "0004_numbers")]
    operations: ClassVar = [
        ChangeData(
            "INSERT INTO invoice_number SELECT DISTINCT number FROM invoice WHERE number IS NOT NULL",
            expects="SELECT count(DISTINCT number) FROM invoice",
            back="SELECT 1",  # they go with their table
            back_expects=1,
        ),
    ]

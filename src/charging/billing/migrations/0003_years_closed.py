"""A year that is added to a guarded table is guarded too."""

from typing import ClassVar

from django.db import migrations

from charging.links import MAKE_YEAR


class Migration(migrations.Migration):
    dependencies: ClassVar = [("billing", "0002_years")]
    operations: ClassVar = [MAKE_YEAR]

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("marketing", "0001_initial"),
        ("people", "0003_items"),
    ]

    operations: ClassVar = [
        migrations.AddField(
            model_name="segment",
            name="made_for",
            field=models.TextField(blank=True, null=True),
        ),
        migrations.AddConstraint(
            model_name="segment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("segment__isnull", True),
                    models.Q(
                        ("inputs__isnull", False),
                        ("logic_version__isnull", False),
                        ("made_at__isnull", False),
                        ("made_for__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="segment_says_how",
            ),
        ),
    ]

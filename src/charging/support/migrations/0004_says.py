from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("people", "0003_items"),
        ("support", "0003_channels"),
    ]

    operations: ClassVar = [
        migrations.AddConstraint(
            model_name="callrecording",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("audio__isnull", True),
                    models.Q(
                        ("announced_at__isnull", False),
                        ("announced_at__lte", models.F("began_at")),
                        ("announcement__isnull", False),
                        ("began_at__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="call_recording_announced",
            ),
        ),
    ]

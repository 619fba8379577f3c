from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("people", "0003_items"),
    ]

    operations: ClassVar = [
        migrations.AddConstraint(
            model_name="creditrating",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("score__isnull", True),
                    models.Q(
                        ("decision__isnull", False),
                        ("rated_by__isnull", False),
                        ("rated_on__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="credit_rating_says",
            ),
        ),
    ]

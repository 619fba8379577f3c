from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("installation", "0002_links"),
        ("people", "0003_items"),
    ]

    operations: ClassVar = [
        migrations.AddConstraint(
            model_name="installationphoto",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("image__isnull", True),
                    models.Q(("metadata_removed__isnull", False), ("others_in_picture__isnull", False)),
                    _connector="OR",
                ),
                name="installation_photo_says",
            ),
        ),
    ]

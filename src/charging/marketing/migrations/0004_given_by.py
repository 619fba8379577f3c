"""Who agreed: the person, or the parent of a child (R-057)."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("marketing", "0003_consent_record")]
    operations: ClassVar = [
        migrations.AddField("consent", "given_by", models.TextField(blank=True, null=True))
    ]

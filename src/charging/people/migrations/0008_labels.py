"""What the catalogue is called in French and German."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("people", "0007_suppression_key")]
    operations: ClassVar = [
        migrations.AddField(model, name, models.TextField(blank=True, null=True))
        for model in ("product",)
        for name in ("label_fr", "label_de")
    ]

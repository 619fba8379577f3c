"""What a consent record says beside when and for what (ISO/IEC TS 27560)."""

from typing import ClassVar

from django.db import migrations, models

_NEW = ("record_id", "words_digest", "notice_version", "language", "action", "proof", "withdrawn_how")


class Migration(migrations.Migration):
    dependencies: ClassVar = [("marketing", "0002_says")]
    operations: ClassVar = [
        migrations.AddField("consent", name, models.TextField(blank=True, null=True)) for name in _NEW
    ]

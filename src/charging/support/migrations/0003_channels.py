"""Contacts come by the channels of the text (P-026)."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0002_links"),
        ("support", "0002_links"),
    ]

    operations = [
        migrations.AddConstraint(
            model_name="contact",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("channel__isnull", True),
                    ("channel__in", ("email", "phone", "chat", "social", "other")),
                    _connector="OR",
                ),
                name="contact_channel",
            ),
        ),
    ]

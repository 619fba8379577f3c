"""Recipients of the register that sign in, the days of a job, and tokens of their programs."""

from __future__ import annotations

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import bloesem.gate.ids


class Migration(migrations.Migration):
    dependencies = [
        ("portal", "0002_together"),
    ]

    operations = [
        migrations.AddField(
            model_name="reach",
            name="since",
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="reach",
            name="until",
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="user",
            name="recipient",
            field=models.TextField(blank=True, default=""),
        ),
        migrations.CreateModel(
            name="Token",
            fields=[
                (
                    "id",
                    models.BigIntegerField(
                        default=bloesem.gate.ids.new_id, primary_key=True, serialize=False
                    ),
                ),
                ("digest", models.BinaryField(max_length=32, unique=True)),
                ("label", models.TextField()),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tokens",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "signin_token",
            },
        ),
        # what hangs on an account goes with it, in the database itself, as 0002 has it
        migrations.RunSQL(
            """
DO $$
DECLARE
    link record;
BEGIN
    FOR link IN SELECT conname, pg_get_constraintdef(oid) AS says FROM pg_constraint
                WHERE contype = 'f' AND conrelid = 'signin_token'::regclass LOOP
        EXECUTE format('ALTER TABLE signin_token DROP CONSTRAINT %I', link.conname);
        EXECUTE format('ALTER TABLE signin_token ADD CONSTRAINT %I %s', link.conname,
                       replace(link.says, ' DEFERRABLE', ' ON DELETE CASCADE DEFERRABLE'));
    END LOOP;
END $$""",
            migrations.RunSQL.noop,
        ),
    ]

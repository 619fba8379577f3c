from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models

import bloesem.gate.ids


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("people", "0002_links"),
    ]

    operations: ClassVar = [
        migrations.AddField(
            model_name="contract",
            name="order_confirmation",
            field=models.TextField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="contract",
            name="order_confirmed_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.CreateModel(
            name="CriminalItem",
            fields=[
                (
                    "id",
                    models.BigIntegerField(
                        default=bloesem.gate.ids.new_id, primary_key=True, serialize=False
                    ),
                ),
                ("recorded_at", models.DateTimeField()),
                ("source", models.TextField()),
                ("kind", models.TextField(blank=True, null=True)),
                ("value", models.TextField(blank=True, null=True)),
                (
                    "person",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="people.person",
                    ),
                ),
            ],
            options={
                "db_table": "criminal_item",
            },
        ),
        migrations.CreateModel(
            name="SpecialItem",
            fields=[
                (
                    "id",
                    models.BigIntegerField(
                        default=bloesem.gate.ids.new_id, primary_key=True, serialize=False
                    ),
                ),
                ("recorded_at", models.DateTimeField()),
                ("source", models.TextField()),
                ("kind", models.TextField(blank=True, null=True)),
                ("value", models.TextField(blank=True, null=True)),
                (
                    "person",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="people.person",
                    ),
                ),
            ],
            options={
                "db_table": "special_item",
            },
        ),
    ]

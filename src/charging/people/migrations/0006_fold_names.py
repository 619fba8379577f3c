"""The names that were there already: writing one folds it."""

from typing import ClassVar

from django.db import migrations

from bloesem.gate.migrations import ChangeData


class Migration(migrations.Migration):
    dependencies: ClassVar = [("people", "0005_name_norm")]
    operations: ClassVar = [
        ChangeData(
            "UPDATE person_name SET given_name = given_name"
            " WHERE given_name IS NOT NULL OR family_name IS NOT NULL",
            expects="SELECT count(*) FROM person_name WHERE given_name IS NOT NULL OR family_name IS NOT NULL",
            back="UPDATE person_name SET given_name = given_name WHERE false",
        ),
    ]

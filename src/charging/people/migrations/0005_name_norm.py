"""Names by which support finds people: folded, indexed, and kept beside the name by the table itself."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models

from charging.fields import fold_of

_FILL = f"""
CREATE FUNCTION person_name_folds() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    NEW.given_norm := {fold_of("NEW.given_name")};
    NEW.family_norm := {fold_of("NEW.family_name")};
    RETURN NEW;
END $$;
CREATE TRIGGER person_name_folds
    BEFORE INSERT OR UPDATE OF given_name, family_name, given_norm, family_norm ON person_name
    FOR EACH ROW EXECUTE FUNCTION person_name_folds();
"""


def _folded() -> models.TextField[str | None, str | None]:
    return models.TextField(blank=True, db_collation="C", null=True)


class Migration(migrations.Migration):
    dependencies: ClassVar = [("people", "0004_rating_says")]
    operations: ClassVar = [
        migrations.AddField("personname", "given_norm", _folded()),
        migrations.AddField("personname", "family_norm", _folded()),
        migrations.AddIndex("personname", models.Index(fields=["family_norm"], name="person_name_family")),
        migrations.AddIndex("personname", models.Index(fields=["given_norm"], name="person_name_given")),
        migrations.RunSQL(
            _FILL, "DROP TRIGGER person_name_folds ON person_name; DROP FUNCTION person_name_folds;"
        ),
    ]

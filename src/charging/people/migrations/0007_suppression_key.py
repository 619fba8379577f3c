"""Each contact point's name in the list of those who want no advertising, and whether refusing was offered with it."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models

#: A value that is written anew was not compared with the list: whoever writes it, its name there goes.
_AGAIN = """
CREATE FUNCTION suppression_key_again() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.suppression_key IS NOT DISTINCT FROM OLD.suppression_key THEN
        NEW.suppression_key := NULL;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER suppression_key_again BEFORE UPDATE OF value_norm ON email_address
    FOR EACH ROW WHEN (OLD.value_norm IS DISTINCT FROM NEW.value_norm) EXECUTE FUNCTION suppression_key_again();
CREATE TRIGGER suppression_key_again BEFORE UPDATE OF value_norm ON phone_number
    FOR EACH ROW WHEN (OLD.value_norm IS DISTINCT FROM NEW.value_norm) EXECUTE FUNCTION suppression_key_again();
CREATE TRIGGER suppression_key_again BEFORE UPDATE OF street, postal_code, city, country ON address
    FOR EACH ROW WHEN ((OLD.street, OLD.postal_code, OLD.city, OLD.country)
                       IS DISTINCT FROM (NEW.street, NEW.postal_code, NEW.city, NEW.country))
    EXECUTE FUNCTION suppression_key_again();
"""
_BACK = """
DROP TRIGGER suppression_key_again ON email_address;
DROP TRIGGER suppression_key_again ON phone_number;
DROP TRIGGER suppression_key_again ON address;
DROP FUNCTION suppression_key_again;
"""


def _key() -> models.BinaryField[bytes | None, bytes | None]:
    return models.BinaryField(blank=True, null=True)


def _offered() -> models.BooleanField[bool | None, bool | None]:
    return models.BooleanField(blank=True, null=True)


class Migration(migrations.Migration):
    dependencies: ClassVar = [("people", "0006_fold_names")]
    operations: ClassVar = [
        migrations.AddField("emailaddress", "opt_out_offered", _offered()),
        migrations.AddField("emailaddress", "suppression_key", _key()),
        migrations.AddField("phonenumber", "opt_out_offered", _offered()),
        migrations.AddField("phonenumber", "suppression_key", _key()),
        migrations.AddField("address", "suppression_key", _key()),
        migrations.RunSQL(_AGAIN, _BACK),
    ]

"""What hangs on an account goes with it, in the database itself: the keeper's sweep lets accounts go by statement."""

from __future__ import annotations

from django.db import migrations

_FOREIGN_KEYS = """
DO $$
DECLARE
    link record;
BEGIN
    FOR link IN SELECT conrelid::regclass AS at, conname, pg_get_constraintdef(oid) AS says FROM pg_constraint
                WHERE contype = 'f' AND connamespace = current_schema()::regnamespace
                AND confdeltype = '{was}' LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', link.at, link.conname);
        EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I %s', link.at, link.conname,
                       replace(replace(link.says, ' ON DELETE CASCADE', ''), ' DEFERRABLE', '{becomes} DEFERRABLE'));
    END LOOP;
END $$"""


class Migration(migrations.Migration):
    dependencies = [
        ("portal", "0001_initial"),
        ("account", "0009_emailaddress_unique_primary_email"),
        ("mfa", "0003_authenticator_type_uniq"),
    ]
    operations = [
        migrations.RunSQL(
            _FOREIGN_KEYS.format(was="a", becomes=" ON DELETE CASCADE"),
            _FOREIGN_KEYS.format(was="c", becomes=""),
        )
    ]

"""What a feed goes on from: how often a session's values were corrected, and in which transaction they were written."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

# No model names them, as none names the masks: no code of ours writes them.
# A value that its purposes left is blanked: that is no correction, and goes to nobody.
_KEEPS = """
ALTER TABLE session
    ADD COLUMN revision integer NOT NULL DEFAULT 0,
    ADD COLUMN changed_in bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint;
CREATE FUNCTION session_corrected() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF (NEW.started_at, NEW.stopped_at, NEW.state, NEW.meter_values)
       IS DISTINCT FROM (OLD.started_at, OLD.stopped_at, OLD.state, OLD.meter_values)
       AND NEW.started_at IS NOT NULL AND (NEW.meter_values IS NOT NULL OR OLD.meter_values IS NULL) THEN
        NEW.revision := OLD.revision + 1;
        NEW.changed_in := pg_current_xact_id()::text::bigint;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER session_corrected BEFORE UPDATE OF started_at, stopped_at, state, meter_values ON session
    FOR EACH ROW EXECUTE FUNCTION session_corrected();
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("stations", "0002_links")]
    operations: ClassVar = [
        migrations.RunSQL(
            _KEEPS,
            "DROP TRIGGER session_corrected ON session; DROP FUNCTION session_corrected;"
            " ALTER TABLE session DROP COLUMN revision, DROP COLUMN changed_in;",
        ),
    ]

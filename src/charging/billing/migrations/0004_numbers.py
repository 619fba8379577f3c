"""An invoice number is given once: a partitioned table can only promise that per day, so numbers have a table of their own."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

_TABLE = """
DROP INDEX invoice_number;
CREATE INDEX invoice_by_number ON invoice (number);
CREATE TABLE invoice_number (number text PRIMARY KEY);
COMMENT ON TABLE invoice_number IS 'every number that an invoice ever had; never one twice, also when its invoice is gone';
-- Whoever writes an invoice writes its number, in the same transaction, and needs no right on the table of numbers.
CREATE FUNCTION invoice_takes_number() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' OR NEW.number IS DISTINCT FROM OLD.number THEN
        IF NEW.number IS NOT NULL THEN
            EXECUTE format('INSERT INTO %I.invoice_number (number) VALUES ($1)', TG_TABLE_SCHEMA) USING NEW.number;
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER invoice_takes_number BEFORE INSERT OR UPDATE OF number ON invoice
    FOR EACH ROW EXECUTE FUNCTION invoice_takes_number();
-- The next migration copies the numbers that are there, as keeper where there is one.
DO $$
DECLARE
    keeper text := (SELECT nspowner::regrole FROM pg_namespace WHERE nspname = 'bloesem');
BEGIN
    IF keeper IS NOT NULL THEN
        EXECUTE format('GRANT INSERT ON invoice_number TO %s', keeper);
    END IF;
END $$;
"""
_BACK = """
DROP TRIGGER invoice_takes_number ON invoice;
DROP FUNCTION invoice_takes_number;
DROP TABLE invoice_number;
DROP INDEX invoice_by_number;
CREATE UNIQUE INDEX invoice_number ON invoice (number, issued_on);
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("billing", "0003_years_closed")]
    operations: ClassVar = [migrations.RunSQL(_TABLE, _BACK)]

"""SQL that migrations use for what Django's models cannot say: links that erasing cuts, and tables by
year.
"""

from __future__ import annotations

from django.db import migrations


def cut_on_erase(table: str, column: str, target: str) -> migrations.RunSQL:
    """A foreign key that goes NULL when its target is erased, and nothing else with it (design, links)."""
    name = f"{table}_{column}_fk"
    return migrations.RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY ({column}) REFERENCES {target} (id)"
        f" ON DELETE SET NULL ({column})",
        f"ALTER TABLE {table} DROP CONSTRAINT {name}",
    )


def by_year(table: str, day: str, columns: str, first: int, last: int) -> migrations.RunSQL:
    """A table partitioned by `day`, with a partition for each of the years given; `make_year` adds further
    ones.
    """
    return migrations.RunSQL(
        f"CREATE TABLE {table} (id bigint NOT NULL, person_id bigint, recorded_at timestamptz NOT NULL,"
        f" {day} date NOT NULL, {columns}, PRIMARY KEY (id, {day})) PARTITION BY RANGE ({day});"
        f"SELECT make_year('{table}', y) FROM generate_series({first}, {last}) AS y;",
        f"DROP TABLE {table}",
    )


MAKE_YEAR = migrations.RunSQL(
    """
    CREATE OR REPLACE FUNCTION make_year(parent regclass, year integer) RETURNS void LANGUAGE plpgsql AS $$
    DECLARE
        home text;
        name text;
    BEGIN
        SELECT nspname, relname INTO home, name
        FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace WHERE pg_class.oid = parent;
        EXECUTE format('CREATE TABLE IF NOT EXISTS %I.%I PARTITION OF %s FOR VALUES FROM (%L) TO (%L)',
                       home, name || '_' || year, parent, make_date(year, 1, 1), make_date(year + 1, 1, 1));
        -- Whoever makes it, it belongs to whom the table belongs to.
        EXECUTE format('ALTER TABLE %I.%I OWNER TO %I', home, name || '_' || year,
                       (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = parent));
        -- Where the table is guarded, nobody reads its new year but through it.
        IF (SELECT relrowsecurity FROM pg_class WHERE oid = parent) THEN
            EXECUTE format('ALTER TABLE %I.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY',
                           home, name || '_' || year);
        END IF;
    END
    $$;
    COMMENT ON FUNCTION make_year IS 'adds the partition of a year to a table that ages by its own date';
    """,
    "DROP FUNCTION IF EXISTS make_year",
)

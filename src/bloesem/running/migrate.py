"""`python -m bloesem.running.migrate ROLE`: Django's migrations, with tables that belong to ROLE from the start."""

from __future__ import annotations

import sys


def main(owner: str) -> None:
    import django
    from django.core.management import call_command
    from django.db import connections
    from psycopg import sql

    django.setup()
    for alias in connections:  # the business's tables, then those of libraries with a schema of their own
        with connections[alias].cursor() as cursor:
            cursor.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(owner)).as_string(cursor.connection))
        call_command("migrate", verbosity=0, interactive=False, database=alias)


if __name__ == "__main__":
    main(sys.argv[1])

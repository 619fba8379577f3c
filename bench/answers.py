"""Requests for a copy: decided, collected, made into words, a PDF and files, sealed, and their letters queued.

There is nothing to compare it with: SQL by hand makes no answer. `theirs` is the engine alone, that is the same people's rows
with why and until when, without words, PDF, files and letters.
"""

from __future__ import annotations

import datetime as dt
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench.measure import Figure, parser, tell
from bench.world import ROOT, base
from bloesem.cases import elsewhere_sql, tables
from bloesem.cases.clerk import Clerk
from bloesem.company import load
from bloesem.plan.dates import civil
from bloesem.rights.guarded.desk import GuardedDesk
from bloesem.rights.identify import Who
from bloesem.rights.keys import Keys
from bloesem.sending import ready
from bloesem.stores.postgres import Connection

LIMIT_SECONDS = 60.0
_FILE = """
SELECT bloesem.case_filed('request', 'access', 'page', 'nl', p.id, NULL, '', '{}', bloesem.moment(), 'https://bench.example', NULL)
FROM (SELECT DISTINCT p.id FROM data.person p JOIN data.email_address e ON e.person_id = p.id
      WHERE p.state = 'customer' ORDER BY p.id LIMIT %s) AS p"""


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser(__doc__, people=500)
    chosen = options.parse_args(arguments)
    return tell(figures(chosen.people), as_json=chosen.json)


def figures(people: int) -> list[Figure]:
    """in: how many ask at once; the limit is for 500, and scales with them."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "charging.settings")
    import django

    django.setup()
    from charging.generate import generate
    from charging.generate import load as loading

    now = dt.datetime.now(dt.UTC)
    with base(civil(now)) as made, made.connect() as admin, tempfile.TemporaryDirectory() as held:
        loaded = load(ROOT / "company" / "blossom", on=civil(now), prefix=made.plan.prefix)
        loading.load(admin, generate(civil(now), max(60, people * 3)))
        ready.install(admin, loaded)
        tables.install(admin, made.plan)
        keys = Keys.at(Path(held))
        asked = len(admin.execute(_FILE.encode(), [people]).fetchall())
        desk = GuardedDesk(admin, made.plan, loaded.maps.datamap, "nl")
        numbers = [row[0] for row in admin.execute("SELECT person_id FROM bloesem.request_case").fetchall()]
        theirs = _timed(lambda: [desk.access(((Who("id", str(n), "person"),),)) for n in numbers])
        ours = _timed(lambda: Clerk(admin, loaded, keys).run(most=10 * people))
        # Who has data elsewhere waits for whoever is asked there, who has nothing: then it goes on.
        waited = admin.execute(
            f"UPDATE bloesem.{elsewhere_sql.TABLE} SET said = 'nothing', said_at = bloesem.moment()".encode()
        ).rowcount
        ours += _timed(lambda: Clerk(admin, loaded, keys).run(most=10 * people))
        answered = _answered(admin)
    more = {
        "people": asked,
        "answered": answered,
        "asked_elsewhere": waited,
        "ms_each": 1000 * ours / max(1, answered),
    }
    if answered != asked:
        raise SystemExit(f"{answered} of {asked} were answered")
    return [
        Figure(
            "answers to requests for a copy",
            ours,
            theirs,
            LIMIT_SECONDS * asked / 500,
            "s",
            of="ours",
            more=more,
        )
    ]


def _timed(work: object) -> float:
    assert callable(work)
    since = time.perf_counter()
    work()
    return time.perf_counter() - since


def _answered(admin: Connection) -> int:
    row = admin.execute(
        "SELECT count(*) FROM bloesem.request_case WHERE state = 'answered' AND sealed IS NOT NULL"
    ).fetchone()
    return int(row[0]) if row else 0


if __name__ == "__main__":
    raise SystemExit(main())

"""The pages of a person's privacy centre among many people: from request to answer in the server, all of its middleware.

Each of some people opens each page once, in a process that is set up like the portal's, over its own login and the person's
own scope. There is nothing to compare it with: no other system shows people this.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench.measure import Figure, parser, tell
from bench.world import ROOT, Base, base
from bloesem.cases import tables
from bloesem.company import load
from bloesem.plan.dates import civil
from bloesem.sending import ready

MILLION = 1_000_000
LIMIT = 200.0
SEED = 20_240_318
PAGES = {
    "what is there": "/nl/me",
    "for what, who got it, who read it": "/nl/me/privacy",
    "over time": "/nl/me/time",
    "requests": "/nl/me/requests",
    "what each sentence of the notice means": "/nl/me/notice",
}
_SOME = "SELECT id FROM data.person WHERE state = 'customer' ORDER BY md5(id::text) LIMIT %s"


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser(__doc__, people=MILLION)
    options.add_argument("--visitors", type=int, default=40, help="who open each page (40)")
    options.add_argument(
        "--inside", action="store_true", help="ask, and print milliseconds: what the figure starts"
    )
    chosen = options.parse_args(arguments)
    if chosen.inside:
        print(json.dumps(_asked()))
        return 0
    return tell(figures(chosen.people, chosen.visitors), as_json=chosen.json)


def figures(people: int, visitors: int) -> list[Figure]:
    """Milliseconds of each page, the middle of all visits."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "charging.settings")
    import django

    django.setup()
    from charging.generate.slim import load_slim
    from charging.portal.demonstration import account
    from charging.portal.seats import PERSON

    now = dt.datetime.now(dt.UTC)
    with base(civil(now)) as made, tempfile.TemporaryDirectory() as folder:
        with made.connect() as admin:
            load_slim(admin, civil(now), people, SEED, plan=made.plan)
            loaded = load(ROOT / "company" / "blossom", on=civil(now), prefix=made.plan.prefix)
            ready.install(admin, loaded)
            tables.install(admin, made.plan)
            for (person,) in admin.execute(_SOME, [visitors]).fetchall():
                account(admin, now + dt.timedelta(days=1), PERSON, [person])
            admin.execute("VACUUM ANALYZE")
        run = subprocess.run(
            [sys.executable, "-m", "bench.centre", "--inside"],
            env={**os.environ, **_portal(made, Path(folder))},
            stdout=subprocess.PIPE,
            check=True,
        )
    return [_figure(name, taken, people) for name, taken in json.loads(run.stdout).items()]


def _figure(name: str, taken: list[float], people: int) -> Figure:
    more = {"slowest": max(taken), "visitors": len(taken), "people": people}
    return Figure(
        f"privacy centre: {name}", statistics.median(taken), None, LIMIT, "ms", of="ours", more=more
    )


def _portal(made: Base, folder: Path) -> dict[str, str]:
    """The environment of the portal's process, with its own login."""
    for kind, said in (
        ("password", made.secrets.password("portal")),
        ("scope-key", made.secrets.scope_key("portal").hex()),
    ):
        file = folder / f"portal.{kind}"
        file.touch(mode=0o600)
        file.write_text(said + "\n")
    return {
        "DJANGO_SETTINGS_MODULE": "charging.settings",
        "BLOESEM_PROCESS": "portal",
        "BLOESEM_CREDENTIALS": str(folder),
        "BLOESEM_COMPANY": str(ROOT / "company" / "blossom"),
        "BLOESEM_DATABASE_URL": made.server.dsn(made.name).to(user="nobody").url(),
        "BLOESEM_PREFIX": made.plan.prefix,
        "BLOESEM_SECRET_KEY": "of a measurement",
    }


def _asked() -> dict[str, list[float]]:
    """Milliseconds of each visit; a first visitor, who waits for what is made once, is not counted."""
    import django

    django.setup()
    from django.test import Client

    from charging.portal.models import User

    found: dict[str, list[float]] = {name: [] for name in PAGES}
    for user in User.objects.filter(role="person").order_by("pk"):
        client = Client(headers={"host": "localhost"})
        client.force_login(user)
        for name, address in PAGES.items():
            begun = time.perf_counter()
            answer = client.get(address)
            found[name].append((time.perf_counter() - begun) * 1000)
            assert answer.status_code == 200, (address, answer.status_code)
    return {name: taken[1:] for name, taken in found.items()}


if __name__ == "__main__":
    raise SystemExit(main())

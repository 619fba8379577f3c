"""A stage for the console: the real company's plan over its tables, a few dozen invented people, and every login."""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event, Thread

from tests.charging.databases import migrated
from tests.databases import Database, as_made

from bloesem.cases import tables as cases
from bloesem.company import Loaded
from bloesem.company import load as load_all
from bloesem.console import diary, jobs
from bloesem.console.company import Company
from bloesem.console.keeper import Keeper
from bloesem.console.load import console, cookies, promises
from bloesem.gate.secrets import Credentials
from bloesem.plan.dates import civil
from bloesem.rights.keys import Keys
from bloesem.sending import ready
from bloesem.sending.office import Office
from bloesem.stores.dsn import Dsn
from bloesem.stores.install import install

BLOSSOM = Path(__file__).parents[3] / "company" / "blossom"


@dataclass(frozen=True)
class Stage:
    """`doors`: the directory with the logins of all processes and of the keeper."""

    database: Database
    company: Company
    doors: Path
    ann: int
    office: Office | None = None
    loaded: Loaded | None = None

    def dsn(self, login: str) -> Dsn:
        return Credentials.load(self.doors, login).dsn(self.database.dsn, self.company.plan.prefix)

    @property
    def keeper(self) -> Keeper:
        return Keeper(
            self.dsn("keeper"),
            self.company.plan,
            demonstration=True,
            office=self.office,
            loaded=self.loaded,
            keys=Keys.at(self.doors),
        )

    @contextmanager
    def served(self) -> Iterator[None]:
        """The keeper's helper runs."""
        stop = Event()
        thread = Thread(target=self.keeper.serve, args=(stop,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join(timeout=30)


@dataclass(frozen=True)
class Secrets:
    doors: Path

    def password(self, login: str) -> str:
        return Credentials.create(self.doors, login).password

    def scope_key(self, login: str) -> bytes:
        return Credentials.create(self.doors, login).scope_key


def company(prefix: str) -> Company:
    found = load_all(BLOSSOM, on=civil(dt.datetime.now(dt.UTC)), prefix=prefix)
    listed = promises(BLOSSOM / "policy" / found.policy.version.isoformat() / "promises.yaml")
    own = console(BLOSSOM / "console.yaml")
    shown = [
        it.model_copy(update={"sql": it.sql.replace("bloesem_billing", f"{prefix}billing")})
        for it in own.attempts
    ]
    return Company(
        found.plan,
        found.policy,
        listed,
        tuple(shown),
        own.follow,
        says=own.says,
        roles=own.roles,
        cookies=cookies(BLOSSOM / "cookies.yaml", found.plan),
    )


def build(database: Database, doors: Path, people: int = 60, *, everybody: bool = False) -> Stage:
    """`everybody`: as people sign in to it: the first person of each case is named, not Ann alone, and messages are sent.
    out: its database has other roles than the one given, those of its model."""
    database, stage = as_made(
        database,
        ("stage", people, everybody),
        lambda model: _built(model, _kept(doors), people, everybody=everybody),
    )
    shutil.copytree(stage.doors, doors, dirs_exist_ok=True)
    return replace(stage, database=database, doors=doors)


def _kept(doors: Path) -> Path:
    """Where the logins of a model are kept: beside those of its copies, for as long as the run."""
    return Path(tempfile.mkdtemp(prefix="model-", dir=doors.parent))


def _built(database: Database, doors: Path, people: int, *, everybody: bool) -> Stage:
    from charging.generate import generate, load

    migrated(database)
    made = company(database.role_prefix)
    with database.connect(autocommit=True) as admin:
        install(admin, made.plan, credentials=Secrets(doors))
        world = generate(civil(dt.datetime.now(dt.UTC)), people)
        ann = world.cases["ann"][0]
        load.load(admin, world, before_masks=lambda: diary.note(admin, made.plan, [ann]))
    named = {case: found[0] for case, found in world.cases.items() if found} if everybody else {"ann": ann}
    office, loaded = None, None
    if everybody:
        today = civil(dt.datetime.now(dt.UTC))
        loaded = load_all(BLOSSOM, on=today, prefix=database.role_prefix)
        with database.connect(autocommit=True) as admin:
            ready.install(admin, loaded)
            cases.install(admin, loaded.plan)
        office = Office.of(loaded, today)
    stage = Stage(database, made, doors, ann, office, loaded)
    with stage.keeper.open() as keeper:
        jobs.install(keeper, made.plan, "console")
        jobs.name_cases(keeper, made.plan, named)
        keeper.commit()
    return stage

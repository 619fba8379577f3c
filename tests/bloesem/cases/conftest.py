"""The company's database with invented people, the door and cases; a clerk that works as the keeper's own login."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import django
import pytest
from tests.bloesem.console.stage import Stage, build
from tests.databases import Database

from bloesem.cases.clerk import Clerk
from bloesem.cases.words import Words, wrapped
from bloesem.company import Loaded
from bloesem.rights.keys import Keys
from bloesem.stores.postgres import Connection

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "charging.settings")
django.setup()

SITE = "https://blossom.example"


@dataclass(frozen=True)
class World:
    """`people`: case → number; `mail`: number → the address on file."""

    stage: Stage
    loaded: Loaded
    admin: Connection
    clerk: Clerk
    people: dict[str, int]

    @property
    def keys(self) -> Keys:
        return self.clerk.keys

    def one(self, query: str, *values: Any) -> Any:
        row = self.admin.execute(query.encode(), values).fetchone()
        return row[0] if row else None

    def mail(self, person: int) -> str:
        return str(
            self.one(
                "SELECT value FROM data.email_address WHERE person_id = %s ORDER BY id DESC LIMIT 1", person
            )
        )

    def file(
        self, asked: str, *, address: str = "", person: int | None = None, kind: str = "request", **more: Any
    ) -> str:
        """A case as it comes in through a page: by address, or by whoever is signed in."""
        from psycopg.types.json import Jsonb

        channel = more.pop("channel", "form" if person is None else "page")
        received = more.pop("received", None) or self.one("SELECT bloesem.moment()")
        return str(
            self.one(
                "SELECT bloesem.case_filed(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
                *(
                    kind,
                    asked,
                    channel,
                    more.pop("language", "nl"),
                    person,
                    address or None,
                    wrapped(self.one("SELECT bloesem.case_words_key()"), more.pop("words", "Graag.")),
                ),
                *(Jsonb(more.pop("params", {})), received, SITE, more.pop("once", None)),
            )
        )

    def case(self, number: str) -> dict[str, Any]:
        found = self.one("SELECT to_jsonb(c) FROM bloesem.request_case c WHERE number = %s", number)
        assert found is not None
        return {**found, "words": self.plain(found["words"])}

    def plain(self, words: str | None) -> str | None:
        """As the officer reads them."""
        return Words.of(self.keys).read(words)

    def events(self, number: str) -> list[str]:
        return [
            row[0]
            for row in self.admin.execute(
                "SELECT e.what FROM bloesem.request_event e JOIN bloesem.request_case c ON c.id = e.case_id"
                " WHERE c.number = %s ORDER BY e.id", [number]
            ).fetchall()
        ]  # fmt: skip

    def letters(self, number: str) -> list[tuple[str, str, str]]:
        """(template, to, link) of each letter about a case, in order."""
        return [
            (template, to, said.get("link", ""))
            for template, to, said in self.admin.execute(
                "SELECT template, address, contents FROM bloesem.outbox WHERE contents->>'number' = %s ORDER BY id", [number]
            ).fetchall()
        ]  # fmt: skip

    def token(self, number: str, template: str) -> str:
        (link,) = [link for key, _, link in self.letters(number) if key == template]
        return link.rpartition("/")[2]


#: Whoever is asked for what lies elsewhere (`cases.elsewhere`) has nothing, and says so at once.
NOTHING_ELSEWHERE = """
CREATE FUNCTION public.nothing_elsewhere() RETURNS trigger LANGUAGE plpgsql AS
'BEGIN NEW.said := ''nothing''; NEW.said_at := NEW.asked_at; RETURN NEW; END';
CREATE TRIGGER nothing BEFORE INSERT ON bloesem.request_elsewhere
FOR EACH ROW EXECUTE FUNCTION public.nothing_elsewhere()"""


@pytest.fixture(scope="module")
def world(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    stage = build(module_database, tmp_path_factory.mktemp("doors"), 80, everybody=True)
    assert stage.loaded is not None
    with (
        stage.database.connect(autocommit=True) as admin,
        stage.keeper.open(autocommit=True) as keeper,
    ):
        keys = Keys.at(stage.doors)
        people: dict[str, int] = dict(
            admin.execute("SELECT key, person_id FROM bloesem.console_case").fetchall()
        )
        admin.execute(NOTHING_ELSEWHERE)
        yield World(stage, stage.loaded, admin, Clerk(keeper, stage.loaded, keys), people)


@contextmanager
def helping(world: World) -> Iterator[None]:
    """The helper at work, as it is while the company runs."""
    over = threading.Event()

    def helps() -> None:
        with world.stage.keeper.open(autocommit=True) as connection:
            while not over.wait(0.05):
                Clerk(connection, world.loaded, world.keys).run()

    helper = threading.Thread(target=helps)
    helper.start()
    try:
        yield
    finally:
        over.set()
        helper.join()

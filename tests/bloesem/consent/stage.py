"""Blossom's own tables and plan, with the list, the consents and the keys of a test."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psycopg import sql
from tests.bloesem.gate.world import World
from tests.promises.business import Business
from tests.promises.test_gate import COMPANY

from bloesem.consent import tables
from bloesem.consent.ledger import Box, Given, give
from bloesem.consent.rules import Rules, load_rules
from bloesem.consent.suppression import SuppressionKeys, screen
from bloesem.consent.texts import Texts, load_texts
from bloesem.stores.postgres import Connection

MESSAGES = Path(__file__).parents[3] / "company" / "blossom" / "messages"


@dataclass
class Stage:
    """A store, what the company decided about messages, and people in it."""

    business: Business
    rules: Rules
    texts: Texts
    keys: SuppressionKeys
    folder: Path

    @property
    def world(self) -> World:
        return self.business.world

    @property
    def keeper(self) -> Connection:
        return self.world.admin

    def now(self) -> dt.datetime:
        return self.world.now()

    def today(self) -> dt.date:
        return self.world.today()

    def customer(self, address: str | None = None, **values: Any) -> int:
        """A customer who gave an address with the contract, and was offered to refuse advertising."""
        person = self.business.customer()
        self.business.add("contract", person, ordered_at=self.now())
        self.email(person, address, **values)
        return person

    def email(self, person: int, address: str | None = None, **values: Any) -> int:
        given = address or f"p{person}@post.example"
        made = self.business.add(
            "email_address",
            person,
            value=given,
            value_norm=given.lower(),
            collected_at=self.now(),
            **{"opt_out_offered": True, **values},
        )
        screen(self.keeper, self.rules, self.keys, [person])
        return made

    def phone(self, person: int, number: str, **values: Any) -> int:
        made = self.business.add(
            "phone_number",
            person,
            value=number,
            value_norm=number,
            collected_at=self.now(),
            **{"opt_out_offered": True, **values},
        )
        screen(self.keeper, self.rules, self.keys, [person])
        return made

    def address(self, person: int) -> int:
        return self.business.add(
            "address",
            person,
            street="Veld 1",
            postal_code="9000",
            city="Gent",
            country="BE",
            collected_at=self.now(),
        )

    def agree(self, person: int, text: str = "news@1", at: dt.datetime | None = None, **more: Any) -> str:
        source = more.pop("source", "subject:portaal")
        box = more.pop("box", Box(ticked=True))
        language = more.pop("language", "nl")
        given = Given(person, text, language, at or self.now(), box, "a page of the account", source, **more)
        return give(self.keeper, self.rules, self.texts, given)

    def one(self, query: str, *values: Any) -> Any:
        row = self.keeper.execute(query.encode(), list(values)).fetchone()
        return row[0] if row else None

    def bits(self, person: int) -> set[str]:
        used = self.one("SELECT used FROM bloesem.state WHERE person_id = %s", person)
        return set(self.world.plan.keys(used))

    def count(self, table: str, **where: Any) -> int:
        tests = sql.SQL(" AND ").join(sql.SQL("{} = %s").format(sql.Identifier(name)) for name in where)
        query = sql.SQL("SELECT count(*) FROM {} WHERE {}").format(
            sql.Identifier(*table.split(".")), tests if where else sql.SQL("true")
        )
        row = self.keeper.execute(query, list(where.values())).fetchone()
        assert row is not None
        return int(row[0])


def rules_of(world: World) -> Rules:
    return load_rules(MESSAGES / "door.yaml", world.plan, COMPANY.policy)


def install(world: World) -> None:
    """The list and the consents, in a database with a plan in force."""
    tables.install(world.admin, rules_of(world))


def stage(world: World, folder: Path) -> Stage:
    """in: a world with the list installed; `folder`: where the keys are, or are made."""
    rules = rules_of(world)
    texts = load_texts(MESSAGES / "consents.yaml", rules)
    return Stage(Business(world), rules, texts, SuppressionKeys.at(folder), folder)

"""The other requests, as they are typed: taken along, corrected, restricted, objected to, withdrawn."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest
from tests.bloesem.cli.world import Called, call
from tests.bloesem.rights import shop
from tests.databases import Database

from bloesem import discover as discovering
from bloesem.commands import shared
from bloesem.rights import requests
from bloesem.rights.foreign import ForeignDesk

Ask = Callable[..., Called]

MARKED = shop.MAP.replace(
    "          default_source: checkout\n",
    """          default_source: checkout
          marks:
            - {on: restriction, column: name, to: RESTRICTED, lifted: lifted}
            - {on: withdrawal, purpose: newsletter, column: closed_at, to: now}
          consents: [{purpose: newsletter, given: created_at}]
""",
)


@pytest.fixture
def store(fresh_database: Database) -> Database:
    shop.make(fresh_database)
    return fresh_database


@pytest.fixture
def ask(own_database: Database, store: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Types a command about Ann."""
    monkeypatch.setenv("BLOESEM_DATABASE_URL", own_database.dsn.url())
    monkeypatch.setenv("BLOESEM_DATA_DIR", str(tmp_path / "data"))
    loud = shop.MAP.replace(
        "{name: note, data", "{name: loud, data_categories: [order.lines]}, {name: note, data", 1
    )
    maps = {"": shop.MAP, "marked": MARKED, "loud": loud}
    for name, text in maps.items():
        (tmp_path / f"map{name}.yaml").write_text(text, "utf-8")

    def typed(command: str, *more: object, person: str = "email=ann@mail.example", map_: str = "") -> Called:
        return call(
            command, "--store", store.dsn.url(), "--map", tmp_path / f"map{map_}.yaml", "--policy", shop.MINIMAL,
            "--person", person, *more,
        )  # fmt: skip

    return typed


def value(store: Database, sql: str) -> object:
    with store.connect() as connection:
        row = connection.execute(sql.encode()).fetchone()
        return row[0] if row else None


def test_what_was_given_on_contract_or_consent_is_taken_along(ask: Ask, tmp_path: Path) -> None:
    # Ben runs on a contract that is open; Ann's ended, and what is left of hers is for the law.
    done = ask("export", "--json", "--csv", tmp_path / "ben", person="public.customer.id=2")
    assert done.code == 0, done.err
    (customer,) = done.json["tables"]["public.customer"]
    assert customer == {"id": 2, "email": "ben@mail.example", "alt_email": None, "name": "canary-ben-name"}
    assert done.json["columns"]["public.customer"]["email"] == {
        "type": "text",
        "categories": ["identity.email"],
    }
    assert done.json["left_out"]["public.purchase"]["lines"] == "the map does not say where it came from"
    assert done.json["left_out"]["public.message"]["body"].startswith("shared with somebody")
    with (tmp_path / "ben" / "public.customer.csv").open() as file:
        assert [row["name"] for row in csv.DictReader(file)] == ["canary-ben-name"]
    assert "canary-ann" not in done.out
    gone = ask("export", "--json")
    assert gone.json["tables"] == {}
    assert gone.json["left_out"]["public.customer"]["name"] == "held neither on consent nor on a contract"


def test_a_wrong_value_is_corrected_and_nothing_else(ask: Ask, store: Database) -> None:
    rehearsed = ask("rectify", "--set", "customer.name=An%n 'x", "--dry-run", "--json")
    assert rehearsed.code == 0, rehearsed.err
    assert rehearsed.json["tables"] == {
        "public.customer": {"deleted": [], "changed": [{"key": {"id": 1}, "columns": ["name"]}], "kept": []}
    }
    assert value(store, "SELECT name FROM customer WHERE id = 1") == "canary-ann-name"
    assert ask("rectify", "--set", "customer.name=An%n 'x", "--plan", rehearsed.json["plan"]).code == 0
    assert value(store, "SELECT name FROM customer WHERE id = 1") == "An%n 'x"
    with store.connect(autocommit=True) as connection:
        connection.execute("ALTER TABLE purchase_line ADD loud text GENERATED ALWAYS AS (upper(note)) STORED")
    loud = ask("rectify", "--set", "purchase_line[100].loud=x", map_="loud")
    assert "public.purchase_line.loud is made of other columns" in loud.err
    assert "use one of: note\n" in loud.err
    with store.connect(autocommit=True) as connection:
        connection.execute("ALTER TABLE purchase_line DROP loud")
    several = ask("rectify", "--set", "purchase.lines=none")
    assert "2 rows of public.purchase are this person's: 10; 11" in several.err
    assert ask("rectify", "--set", "purchase[11].lines=none").code == 0
    assert (
        value(store, "SELECT string_agg(lines, ' ' ORDER BY id) FROM purchase")
        == "canary-ann-lines none canary-ben-lines"
    )
    assert "0 rows" in ask("rectify", "--set", "purchase[20].lines=none").err
    for wrong in ("customer.id=5", "purchase.customer_id=2", "customer.shoe=1", "customer=1"):
        assert ask("rectify", "--set", wrong).code == 1, wrong
    taken = ask("rectify", "--set", "customer.email=ben@mail.example")
    assert "UNIQUE `customer_email_key`" in taken.err
    assert "remedy: give a value that the column accepts" in taken.err  # and nothing of how to erase it
    long = ask("rectify", "--set", "customer.name=" + "x" * 41)
    assert "longer than its column" in long.err
    assert "give a value" in long.err
    assert "ben" not in taken.err


def test_a_restriction_is_recorded_and_said_not_to_be_enforced_there(ask: Ask, store: Database) -> None:
    said = ask("restrict", "--ground", "accuracy", "--json", person="public.customer.id=2")
    assert said.code == 0, said.err
    assert said.json["said"] == "recorded, not enforced there"
    assert said.json["recorded"] == [{"kind": "restriction", "key": "accuracy"}]
    assert value(store, "SELECT name FROM customer WHERE id = 2") == "canary-ben-name"
    assert "tell it" in ask("restrict", "--ground", "claims").out
    assert "there was nothing" in ask("restrict", "--ground", "unlawful", "--lift").out


def test_one_item_is_restricted_and_only_one_s_own(ask: Ask) -> None:
    said = ask("restrict", "--ground", "accuracy", "--item", "purchase[10]", "--json")
    assert said.json["recorded"] == [{"kind": "restriction", "key": "accuracy"}]
    assert "no such row" in ask("restrict", "--ground", "accuracy", "--item", "purchase[999]").err
    assert ask("restrict", "--ground", "accuracy", "--item", "purchase[10]", "--lift", "--json").json[
        "recorded"
    ]
    assert (
        "there was nothing" in ask("restrict", "--ground", "accuracy", "--item", "purchase[10]", "--lift").out
    )


def test_a_mark_that_is_refused_leaves_the_restriction_recorded_and_says_so(
    ask: Ask, store: Database
) -> None:
    with store.connect(autocommit=True) as connection:
        connection.execute("ALTER TABLE customer ADD CONSTRAINT plain CHECK (name <> 'RESTRICTED')")
    refused = ask("restrict", "--ground", "claims", person="public.customer.id=2", map_="marked")
    assert refused.code == 1
    assert "recorded, and not set there" in refused.err
    assert "write a value under meta.marks that the column accepts" in refused.err
    assert ask("restrict", "--ground", "claims", "--lift", "--json", person="public.customer.id=2").json[
        "recorded"
    ]


def test_a_restriction_is_set_where_the_map_names_a_column(ask: Ask, store: Database) -> None:
    said = ask("restrict", "--ground", "accuracy", "--json", map_="marked")
    assert said.json["enforced"], said.err
    assert (
        value(store, "SELECT string_agg(name, ' ' ORDER BY id) FROM customer")
        == "RESTRICTED canary-ben-name canary-cas-name"
    )
    assert ask("restrict", "--ground", "accuracy", "--lift", map_="marked").code == 0
    assert value(store, "SELECT name FROM customer WHERE id = 1") == "lifted"


def test_an_objection_counts_from_then_on_and_not_against_a_contract(ask: Ask) -> None:
    ben = "public.customer.id=2"
    refused = ask("object", "--purpose", "orders", person=ben)
    assert refused.code == 1
    assert "nobody can object to `orders`" in refused.err
    assert ask("object", "--purpose", "newsletter", person=ben, map_="marked").code == 0
    why = ask("access", "--json", person=ben, map_="marked").json["why"]["public.customer"]["purposes"]
    assert "newsletter" not in why


def test_consent_that_is_withdrawn_with_us_ends_what_a_column_there_says(ask: Ask) -> None:
    ben = "public.customer.id=2"
    with_it = ask("access", "--json", person="email=cas@mail.example", map_="marked")
    assert with_it.code == 0, with_it.err
    before = ask("access", "--json", person=ben, map_="marked").json["why"]["public.customer"]["purposes"]
    said = ask("withdraw", "--purpose", "newsletter", "--json", person=ben, map_="marked")
    assert said.code == 0, said.err
    assert said.json["enforced"]
    after = ask("access", "--json", person=ben, map_="marked").json["why"]["public.customer"]["purposes"]
    assert "newsletter" not in after
    assert set(before) - set(after) <= {"newsletter"}
    assert "does not run on consent" in ask("withdraw", "--purpose", "orders", person=ben).err


@pytest.mark.parametrize(
    "command", ["access", "erase", "export", "rectify", "restrict", "object", "withdraw"]
)
def test_what_is_typed_wrongly_is_said(command: str, tmp_path: Path) -> None:
    more = {"rectify": ["--set", "a.b=c"], "restrict": ["--ground", "claims"]}.get(command, [])
    done = call(command, *more)
    assert done.code == 2
    assert "nobody was named" in done.err
    (tmp_path / "map.yaml").write_text(shop.MAP, "utf-8")
    done = call(command, "--map", tmp_path / "map.yaml", "--person", "email=ann@mail.example", *more)
    assert done.code == 2
    assert "no database was named" in done.err
    assert json.dumps(done.out) == '""'


def test_check_refuses_while_anything_is_undecided_or_unmapped(store: Database, tmp_path: Path) -> None:
    def check(text: str) -> Called:
        return call(
            "check", "--store", store.dsn.url(), shop.MINIMAL, shop.map_file(tmp_path, text), "--json"
        )

    whole = check(shop.MAP)
    warned = [(one["severity"], one["kind"]) for one in whole.json["findings"]]
    nobody_agrees = [("warning", "event-without-column"), ("warning", "purpose-without-column")]
    assert (whole.code, warned) == (0, nobody_agrees), "nobody asks for consent in this shop"
    open_ = shop.MAP.replace(
        "kind: owner, erase: [sender_name]",
        "erase: [sender_name], decide: [{kind: owner, because: the name, confidence: 0.6}, {kind: shared}]",
    )
    open_ = open_.replace(
        "          - {name: alt_email, data_categories: [identity.email], fides_meta: {identity: email}}\n",
        "",
    )
    with store.connect() as connection:
        connection.execute("CREATE TABLE visit (id int)")
    found = check(open_)
    assert found.code == 1
    said = "\n".join(one["thing"] for one in found.json["findings"])
    assert "column public.customer.alt_email is in no map" in said
    assert "the link of public.message (sender_id) is undecided" in said
    assert "table public.visit is in no map" in said
    assert any(one["where"].startswith(f"{tmp_path / 'map.yaml'}:") for one in found.json["findings"])
    with store.connect() as connection:
        connection.execute("DROP TABLE visit")
    unknown = check(shop.MAP.replace("data_categories: [order.lines]", "data_categories: [order.colour]"))
    assert unknown.code == 1
    assert "order.colour" in unknown.json["findings"][0]["thing"]


def test_a_category_below_one_that_the_policy_declares_is_that_one(store: Database, tmp_path: Path) -> None:
    text = shop.MAP.replace("data_categories: [order.lines]", "data_categories: [order.lines.gift.wrapped]")
    done = call("check", "--store", store.dsn.url(), shop.MINIMAL, shop.map_file(tmp_path, text))
    assert done.code == 0, done.out


@pytest.mark.parametrize("ground", ["quatsch", "17", "17(1)(g)", "17(1)(a) or so", "17(1)(e)", "17(1)(e) "])
def test_what_is_no_ground_of_an_erasure_is_refused_with_the_list(ask: Ask, ground: str) -> None:
    said = ask("erase", "--ground", ground, "--dry-run")
    assert said.code == 2
    assert "no ground of an erasure" in said.err
    assert "17(1)(a), 17(1)(b), 17(1)(c), 17(1)(d), 17(1)(e), 17(1)(f)" in said.err
    assert "after 17(1)(e) comes the statute" in said.err
    assert ask("erase", "--ground", "17(1)(e) Act of 2026, art. 3", "--dry-run").code == 0
    assert ask("erase", "--ground", "17(1)(f)", "--dry-run").code == 0


@pytest.mark.parametrize(
    "unheard",
    [
        ("--dry-run", "--plan", "abc"),
        ("--dry-run", "--residue", "now"),
        ("--unlawful", "--plan", "abc"),
        ("--unlawful", "--residue", "now"),
        ("--unlawful", "--item", "contact[7]"),
        ("--unlawful",),
    ],
)
def test_an_option_that_an_erasure_would_not_hear_is_refused(ask: Ask, unheard: tuple[str, ...]) -> None:
    said = ask("erase", *unheard)
    assert said.code == 2
    assert "leave one of the two out" in said.err
    assert f"{unheard[0]} with {unheard[1] if len(unheard) > 1 and 'dry' in unheard[0] else '--'}" in said.err


@pytest.mark.parametrize(
    ("third", "says"),
    [
        ("cas@mail.example", "a person is named by what identifies them"),
        ("email=nobody@mail.example", "nobody is found by that"),
        ("email=ben@mail.example", "2 people answer to that email"),
        ("shoe=43", "`shoe` identifies nobody in this map"),
        ("public.customer.id=1", "two of those asked about are the same person"),
    ],
)
def test_who_is_not_one_person_is_told_by_the_line_of_the_list(
    ask: Ask, store: Database, tmp_path: Path, third: str, says: str
) -> None:
    lines = [
        "# who asked in May",
        "",
        "email=ann@mail.example",
        "  # by telephone",
        "public.customer.id=2",
        third,
    ]
    list_ = tmp_path / "list.txt"
    list_.write_text("\r\n".join([*lines, "public.customer.id=3"]), "utf-8-sig")
    given = (
        *("erase", "--store", store.dsn.url(), "--map", tmp_path / "map.yaml", "--policy", shop.MINIMAL),
        *("--people", list_, "--dry-run"),
    )
    said = call(*given)
    assert said.code == 1
    assert f"error: line 6 of --people: {says}" in said.err
    assert third.rpartition("=")[2] not in said.err or third == "public.customer.id=1"
    list_.write_text("\n".join([*lines[:-1], "public.customer.id=3"]), "utf-8")
    assert call(*given).code == 0, call(*given).err
    stale = call(*given[:-1], "--plan", "abc")
    assert "error: the plan is no longer what was rehearsed" in stale.err


@pytest.mark.since(15)
def test_a_forgotten_map_is_asked_for_and_nothing_of_ours_is_to_be_installed_there(
    store: Database, tmp_path: Path
) -> None:
    for command in ("access", "erase"):
        said = call(
            command,
            "--store",
            store.dsn.url(),
            "--policy",
            shop.MINIMAL,
            "--person",
            "email=ann@mail.example",
        )
        assert said.code == 3
        assert "nothing of Bloesem's is in force" in said.err
        assert "--map map.yaml" in said.err
        assert "apply" not in said.err


def test_each_of_several_problems_has_its_own_rule_and_remedy_and_no_invented_place(
    ask: Ask, store: Database, tmp_path: Path
) -> None:
    with store.connect(autocommit=True) as connection:
        connection.execute("CREATE TABLE briefje (id int)")
        connection.execute("ALTER TABLE customer ADD nickname text")
    said = ask("access").err
    assert "public.briefje: is in no map\n  rule: P-014: no orphan fields\n  remedy: map the table" in said
    assert "column `nickname` is in no map\n  rule: P-014: no orphan fields\n  remedy: map it" in said
    assert "map:1" not in said.replace("map.yaml", "")
    assert said.count("places named") == 1
    assert "[" not in said


def test_check_names_each_problem_once_with_its_place(store: Database, tmp_path: Path) -> None:
    text = MARKED.replace("column: name, to: RESTRICTED", "column: nom, to: RESTRICTED").replace(
        "column: closed_at, to: now", "column: sluiting, to: now"
    )
    map_ = shop.map_file(tmp_path, text)
    found = [
        one
        for one in call("check", "--store", store.dsn.url(), shop.MINIMAL, map_, "--json").json["findings"]
        if one["severity"] == "error"
    ]
    assert len(found) == 2, found
    assert all(one["where"].startswith(f"{map_}:") for one in found)
    assert not any("[" in one["thing"] or "\n" in one["thing"] for one in found)
    assert "places named" not in str(found)


def test_ctrl_c_says_that_nothing_was_changed_where_nothing_was(
    ask: Ask, store: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object, **__: object) -> NoReturn:
        raise KeyboardInterrupt

    ben = "public.customer.id=2"
    with monkeypatch.context() as patched:
        patched.setattr(shared, "version_of", stop)  # before anything is open
        said = [ask(command) for command in ("erase", "withdraw")]
    with monkeypatch.context() as patched:
        patched.setattr(requests, "difference", stop)  # within the transaction of a rehearsal
        said.append(ask("erase", "--dry-run", person=ben))
        patched.setattr(requests, "binding", stop)  # and of an act
        said.append(ask("erase", person=ben))
        patched.setattr(discovering, "discover", stop)
        said.append(call("discover", "--policy", shop.MINIMAL, store.dsn.url()))
    assert [(one.code, one.err.splitlines()[-1]) for one in said] == [
        (130, "stopped: nothing was changed")
    ] * 5
    assert value(store, "SELECT count(*) FROM customer WHERE id = 2") == 1
    monkeypatch.setattr(ForeignDesk, "left", stop)  # when it is done
    done = ask("erase", "--residue", "now", person=ben)
    assert (done.code, done.err) == (130, "stopped\n")

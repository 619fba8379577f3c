"""The commands as they are typed about somebody of the company itself: no --store, no --map."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.bloesem.cli.world import BLOSSOM, Called, call
from tests.bloesem.rights import shop
from tests.bloesem.rights.guarded.test_erase import dump
from tests.bloesem.rights.guarded.world import Blossom, today
from tests.databases import DatabaseMaker

from bloesem.stores.postgres import Connection

Ask = Callable[..., Called]


@pytest.fixture
def ask(blossom: Blossom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Types a command about one of the people."""
    monkeypatch.setenv("BLOESEM_DATABASE_URL", blossom.database.dsn.url())
    monkeypatch.setenv("BLOESEM_DATA_DIR", str(tmp_path / "data"))

    def typed(
        command: str, *more: object, case: str = "customer", by: str = "email_address.value_norm"
    ) -> Called:
        table, column = by.split(".")
        value = blossom.value(
            f"SELECT {column} FROM data.{table} WHERE person_id = %s ORDER BY id LIMIT 1", blossom.one(case)
        )
        return call(command, *company(blossom), "--person", f"email={value}", *more)

    return typed


def company(blossom: Blossom) -> tuple[object, ...]:
    return ("--policy", BLOSSOM, "--prefix", blossom.prefix)


def test_access_on_paper_and_for_programs(ask: Ask, blossom: Blossom) -> None:
    said = ask("access", "--json")
    assert said.code == 0, said.err
    assert {
        "person",
        "tables",
        "why",
        "facts",
        "corrections",
        "recipients",
        "read",
        "holders",
    } == said.json.keys()
    (holder,) = said.json["holders"]
    assert (holder["recipient"], {one["country"] for one in holder["transfers"]}) == ("nimbus", {"US", "IN"})
    assert said.json["person"]["rows"] == [f"data.person.id={blossom.one('customer')}"]
    paper = ask("access")
    assert paper.code == 0
    assert "held for us by Nimbus Cloud Ireland Ltd (example), all of it" in paper.out
    assert "data.session: " in paper.out
    assert "recorded: event account.opened" in paper.out
    assert f"rows in {len(said.json['tables'])} tables" in paper.out
    restricted = ask("access", case="restricted").out
    assert "kept, not read: " in restricted
    assert "(restricted)" in restricted
    archived = ask("access", case="ann").out
    assert "  of these " in archived, "rows of several years end on several days"


def test_a_store_is_named_too(ask: Ask, blossom: Blossom) -> None:
    assert ask("access", "--store", blossom.database.dsn.url()).code == 0
    assert ask("access", "--store", "here").code == 0


@pytest.mark.promise("R-031")
def test_export_writes_a_file_per_table(ask: Ask, tmp_path: Path) -> None:
    done = ask("export", "--json", "--csv", tmp_path / "out")
    assert done.code == 0, done.err
    assert done.json["tables"].keys() == {p.stem for p in (tmp_path / "out").glob("*.csv")}
    with (tmp_path / "out" / "data.session.csv").open() as file:
        assert len(list(csv.DictReader(file))) == len(done.json["tables"]["data.session"])
    assert json.loads((tmp_path / "out" / "columns.json").read_text("utf-8"))["left_out"]


def test_an_erasure_rehearsed_bound_done_and_looked_for(
    ask: Ask, blossom: Blossom, connection: Connection
) -> None:
    person = blossom.one("ann")
    email = blossom.value("SELECT value_norm FROM data.email_address WHERE person_id = %s", person)
    before = blossom.rows()
    rehearsed = ask("erase", "--dry-run", "--json", case="ann")
    assert rehearsed.code == 0, rehearsed.err
    assert blossom.rows() == before
    paper = ask("erase", "--dry-run", case="ann").out
    assert "data.email_address: 1 deleted" in paper
    assert "law:tax-archive: " in paper
    assert f"--plan {rehearsed.json['plan']}" in paper
    assert email not in paper
    connection.execute("CREATE TABLE data.mail_log (id bigint PRIMARY KEY, line text);")
    connection.execute("INSERT INTO data.mail_log VALUES (7, %s)", [f"to <{email}>"])
    line = blossom.value("SELECT id FROM data.employer_invoice_line WHERE person_id = %s LIMIT 1", person)
    connection.execute("UPDATE data.employer_invoice_line SET employee = %s WHERE id = %s", [email, line])
    assert ask("erase", "--plan", rehearsed.json["plan"], case="ann").code == 1
    done = ask("erase", "--residue", "now", "--json", case="ann")
    assert done.code == 0, done.err
    assert [(one["table"], one["key"]) for one in done.json["residue"]] == [("data.mail_log", {"id": "7"})]
    (kept,) = done.json["kept"]
    assert (kept["table"], kept["column"], kept["rows"]) == ("data.employer_invoice_line", "employee", 1)
    assert kept["reason"].startswith("law:tax-archive: ")
    assert kept["until"]
    assert done.json["unread"] == []
    assert email not in done.out
    again = call("access", *company(blossom), "--person", f"email={email}", "--json")
    assert again.code == 1
    assert "nobody is found by that email" in again.json["error"]["what"]
    assert "art. 11" in again.json["error"]["rule"]
    kinds = [row[0] for row in connection.execute("SELECT kind FROM bloesem.act ORDER BY id DESC LIMIT 2")]
    assert kinds == ["erase", "masks"]
    assert connection.execute("SELECT kind, state FROM rights.act ORDER BY id DESC LIMIT 1").fetchone() == (
        "erase",
        "done",
    )


def test_what_is_left_is_looked_for_with_the_next_pass(
    ask: Ask, blossom: Blossom, connection: Connection
) -> None:
    person = blossom.one("ann")
    email = blossom.value("SELECT value_norm FROM data.email_address WHERE person_id = %s", person)
    other = blossom.one("customer")
    connection.execute("UPDATE data.contact SET content = %s WHERE person_id = %s", [f"cc {email}", other])
    connection.execute(
        "UPDATE data.employer_invoice_line SET employee = %s WHERE person_id = %s", [email, person]
    )
    assert ask("erase", case="ann").code == 0
    asked_for = ("residue", "--company", BLOSSOM, "--prefix", blossom.prefix)
    said = call(*asked_for, "--json")
    assert said.code == 1, "the same address in somebody else's row is left, though a purpose keeps that row"
    assert {one["table"] for one in said.json["residue"]} == {"data.contact"}
    assert {one["table"] for one in said.json["kept"]} == {"data.employer_invoice_line"}
    assert sum(one["rows"] for one in said.json["kept"]) == blossom.value(
        "SELECT count(*) FROM data.employer_invoice_line WHERE person_id = %s", person
    )
    once = call(*asked_for)
    assert (once.code, "Nobody was erased here" in once.out) == (0, True)


def test_in_the_other_persons_words_on_a_shared_row_it_is_left(
    ask: Ask, blossom: Blossom, connection: Connection
) -> None:
    """The row is kept for both; what the other wrote in it is not kept for the one who asked."""
    person = blossom.one("complained_together")
    email = blossom.value("SELECT value_norm FROM data.email_address WHERE person_id = %s", person)
    connection.execute("UPDATE data.complaint SET co_words = %s WHERE person_id = %s", [email, person])
    done = ask("erase", "--residue", "now", "--json", case="complained_together")
    assert {one["table"] for one in done.json["residue"]} == {"data.complaint"}, done.err
    kept = {one["table"] for one in done.json["kept"]}
    assert "data.email_address" in kept
    assert "data.complaint" not in kept


def test_many_people_from_a_file(blossom: Blossom, ask: Ask, tmp_path: Path) -> None:
    people = [*blossom.cases["contest_unticked"], *blossom.cases["prospect"]]
    (tmp_path / "list.txt").write_text(f"# two\nperson.id={people[0]}\nperson.id=7\n", "utf-8")
    wrong = call("erase", *company(blossom), "--people", tmp_path / "list.txt", "--json")
    assert wrong.json["error"]["what"].startswith("line 3 of --people: nobody is found by that"), wrong.err
    (tmp_path / "list.txt").write_text("".join(f"person.id={person}\n" for person in people), "utf-8")
    done = call("erase", *company(blossom), "--people", tmp_path / "list.txt", "--json")
    assert done.code == 0, done.err
    assert blossom.value("SELECT count(*) FROM data.person WHERE id = ANY (%s)", people) == 0
    assert len(done.json["tables"]["data.person"]["deleted"]) == len(people)


def test_restricted_objected_and_withdrawn_are_enforced_now(ask: Ask) -> None:
    said = ask("restrict", "--ground", "accuracy")
    assert said.code == 0, said.err
    assert said.out.startswith("restriction: enforced now\n")
    assert "  support: could read " in said.out
    untold = ask("restrict", "--ground", "accuracy", "--lift", "--json")
    assert untold.code == 1
    assert "P-158" in untold.json["error"]["rule"], "they are told before"
    told = ("--told", str(today()))
    assert ask("restrict", "--ground", "accuracy", "--lift", *told, "--json").json["enforced"] is True
    assert ask("restrict", "--ground", "accuracy", "--lift", *told).out == "there was nothing to lift\n"
    objected = ask("object", "--purpose", "marketing", "--json")
    assert objected.json["readable"]["marketing"]["after"] == 0, objected.err
    every = ask("object", "--json", case="customer_ten_years")
    assert {one["key"] for one in every.json["recorded"]} >= {"marketing", "quality", "identify"}
    refused = ask("object", "--purpose", "billing")
    assert refused.code == 1
    assert "P-164" in refused.err
    assessing = ask("object", "--purpose", "quality", "--json", case="recorded")
    assert assessing.json["recorded"] == [{"kind": "assessing", "key": "quality"}]
    granted = ask("object", "--purpose", "quality", "--granted", "--json", case="recorded")
    assert granted.json["recorded"] == [{"kind": "objection", "key": "quality"}]
    back = ask("withdraw", "--json", case="consent_renewed")
    assert back.json["recorded"] == [{"kind": "consent", "key": "consent_marketing"}], back.err
    assert ask("withdraw", case="consent_renewed").out == "there was no consent to withdraw\n"


def test_rectify_says_what_it_writes(ask: Ask, blossom: Blossom) -> None:
    given = ("rectify", "--set", "person_name.given_name=Sara", "--source", "subject:klantendienst")
    done = ask(*given, "--json")
    assert done.code == 0, done.err
    (change,) = done.json["tables"]["data.person_name"]["changed"]
    assert change["columns"] == ["given_name", "source"]
    assert (
        blossom.value("SELECT given_norm FROM data.person_name WHERE person_id = %s", blossom.one("customer"))
        == "sara"
    )
    refused = ask("rectify", "--set", "person_name.given_name=Sara", "--source", "hearsay")
    assert refused.code == 1
    assert "P-049" in refused.err


def test_nothing_of_anybody_is_said_or_written_where_it_does_not_belong(
    ask: Ask, blossom: Blossom, connection: Connection
) -> None:
    """Acts, facts, what is sought and every message but the answer itself."""
    person = blossom.one("contest_unticked")
    email = blossom.value("SELECT value_norm FROM data.email_address WHERE person_id = %s", person)
    done = ask("erase", "--json", case="contest_unticked")
    assert done.code == 0, done.err
    assert email not in done.out + done.err + dump(blossom)


def test_another_version_than_the_one_in_force_is_refused(ask: Ask, connection: Connection) -> None:
    connection.execute(
        "INSERT INTO bloesem.installed (company, policy, digest) VALUES ('x', '2030-01-01', 'x')"
    )
    said = ask("access")
    assert said.code == 1
    assert "the policy of 2030-01-01 is in force on this database, not that of 2024-03-18" in said.err


def test_a_database_without_a_plan_is_said(
    blossom: Blossom, ask: Ask, make_module_database: DatabaseMaker
) -> None:
    empty = make_module_database()
    said = ask("access", "--store", empty.dsn.url())
    assert said.code == 3
    assert "nothing of Bloesem's is in force" in said.err


def test_maps_of_both_kinds_are_refused(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(shop.MAP, "utf-8")
    said = ask("access", "--map", tmp_path / "shop.yaml", "--map", BLOSSOM / "datamap" / "business.yaml")
    assert said.code == 2
    assert "and of one that it does not" in said.err


def test_what_is_stored_without_a_reason_is_erased_whoever_it_is_about(
    ask: Ask, blossom: Blossom, connection: Connection
) -> None:
    """P-153: nobody is named, and nobody has to ask."""
    mine = "SELECT min(id) FROM data.contact WHERE person_id = %s"
    row = blossom.value(mine, blossom.one("customer"))
    connection.execute("UPDATE data.contact SET kept_for = 0 WHERE id = %s", [row])
    seen = call("erase", *company(blossom), "--unlawful", "--dry-run", "--json").json
    assert seen == {"reasons": {"no-basis": 1}, "people": 1, "rows": 0}
    assert (
        call("erase", *company(blossom), "--unlawful").out == "no-basis: 1 rows\nof 1 people: 1 rows erased\n"
    )
    assert blossom.value("SELECT count(*) FROM data.contact WHERE id = %s", row) == 0
    assert call("erase", *company(blossom), "--unlawful", "--json").json == {
        "reasons": {},
        "people": 0,
        "rows": 0,
    }

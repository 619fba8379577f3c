"""`bloesem discover`: what it prints is a map that the loader takes, that erases nothing, and that holds no value."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from tests.bloesem.cli.world import REPOSITORY, call
from tests.bloesem.discover.world import company, made, proposed
from tests.databases import Database

from bloesem.datamap import load_map
from bloesem.discover import Budget, discover, to_yaml
from bloesem.discover.sample import prepare

POLICY = REPOSITORY / "company" / "minimal"


def mapped(database: Database, folder: Path) -> Path:
    """The map that the command proposes, in a file."""
    said = call("discover", "--policy", company(folder), database.dsn.url())
    assert said.code == 0, said.err
    path = folder / "map.yaml"
    path.write_text(said.out, "utf-8")
    return path


def undecided(database: Database, path: Path) -> list[str]:
    said = call("check", "--store", database.dsn.url(), path.parent / "company", path, "--json")
    return [f["thing"] for f in said.json["findings"] if f["severity"] == "error"]


@pytest.mark.parametrize("schema", ["bank", "boutique", "klinik", "praxis", "winkel", "wordpress"])
def test_the_loader_and_fideslang_accept_the_proposal(
    schema: str, fresh_database: Database, tmp_path: Path
) -> None:
    path = mapped(made(fresh_database, schema), tmp_path)
    loaded = load_map([path])
    with fresh_database.connect() as connection:
        there = connection.execute(
            "SELECT n.nspname, c.relname, a.attname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
            "WHERE n.nspname !~ '^pg_|information_schema' AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
        ).fetchall()
    named = {(d.db_schema, c.name, f.name) for d in loaded.dataset for c in d.collections for f in c.fields}
    assert named == {tuple(row) for row in there}
    fideslang = pytest.importorskip("fideslang.models")
    for dataset in yaml.safe_load(path.read_text("utf-8"))["dataset"]:
        fideslang.Dataset.model_validate(dataset)


def test_nothing_is_erased_by_what_nobody_reviewed(fresh_database: Database, tmp_path: Path) -> None:
    """Each table of people and each link that makes or lets somebody share is a question, by name, however sure it is."""
    database = made(fresh_database, "winkel")
    path = mapped(database, tmp_path)
    for dataset in load_map([path]).dataset:
        for collection in dataset.collections:
            assert collection.meta.holds != "people" or collection.meta.decide
            for link in collection.meta.links:
                assert link.kind == "reference" or link.decide
                assert all(0 < choice.confidence <= 1 and choice.because for choice in link.decide)
    said = call("check", "--store", database.dsn.url(), POLICY, path)
    assert said.code == 1
    for thing in ("what table public.tbl_klanten holds", "the link of public.tbl_adressen (klant_id)"):
        assert f"{thing} is undecided" in said.out
    assert f"{path}:" in said.out


def test_what_was_agreed_with_is_whole(fresh_database: Database, tmp_path: Path) -> None:
    database = made(fresh_database, "winkel")
    path = mapped(database, tmp_path)
    path.write_text(
        path.read_text("utf-8").replace("collections:", "collections:  # looked at by Ann"), "utf-8"
    )
    agreed = call("discover", "--agree", "0.5", path)
    assert (agreed.code, agreed.err) == (0, "0 questions are left\n")
    assert "# looked at by Ann" in agreed.out
    path.write_text(agreed.out, "utf-8")
    assert undecided(database, path) == []
    with database.connect(autocommit=True) as connection:
        connection.execute("CREATE TABLE tbl_nieuw (id int)")
        connection.execute("ALTER TABLE tbl_klanten ADD bijnaam text")
    assert [re.sub(r" \(.*", "", thing) for thing in undecided(database, path)] == [
        "column public.tbl_klanten.bijnaam is in no map",
        "table public.tbl_nieuw is in no map",
    ]


def test_agreeing_chooses_no_alternative(fresh_database: Database, tmp_path: Path) -> None:
    """What was unsure stays a question, whatever one agrees with."""
    database = made(fresh_database, "boutique")
    path = mapped(database, tmp_path)
    path.write_text(call("discover", "--agree", "0.01", path).out, "utf-8")
    assert undecided(database, path) == ["the link of public.fournisseurs (email_contact) is undecided"]
    assert call("discover", "--agree", "0.99", path).out == path.read_text("utf-8")


def test_a_foreign_key_to_people_that_the_map_does_not_name_is_refused(
    fresh_database: Database, tmp_path: Path
) -> None:
    database = made(fresh_database, "klinik")
    path = mapped(database, tmp_path)
    document = yaml.safe_load(call("discover", "--agree", "0.01", path).out)
    for collection in document["dataset"][0]["collections"]:
        if collection["name"] == "REZEPTE":
            del collection["meta"]
    path.write_text(yaml.safe_dump(document), "utf-8")
    assert undecided(database, path) == [
        "table public.REZEPTE belongs to nobody: no link of it leads to a person",
        "the foreign key public.REZEPTE (BEHANDLUNG_ID) to public.BEHANDLUNGEN is undecided",
    ]


def test_a_link_without_an_end_and_a_map_without_people_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "map.yaml"
    path.write_text(
        "dataset:\n  - fides_key: a\n    meta: {guarded: false}\n    collections:\n      - name: b\n"
        "        meta: {links: [{columns: [c], to: nowhere, kind: owner}]}\n        fields: [{name: c}]\n"
    )
    said = call("check", POLICY, path, "--json")
    assert said.code == 1
    assert {f["kind"] for f in said.json["findings"] if f["severity"] == "error"} == {
        "dangling-link",
        "nobody",
    }


SHOP = """dataset:
  - fides_key: a
    meta: {guarded: false}
    collections:
      - {name: client, meta: {holds: people}, fields: [{name: id, fides_meta: {primary_key: true}}, {name: mail, data_categories: [identity.email]}]}
      - name: chat
        meta:
          links: [{columns: [a_id], to: client, kind: owner}, {columns: [b_id], to: client, kind: owner}]
        fields: [{name: id, fides_meta: {primary_key: true}}, {name: a_id}, {name: b_id}]
      - {name: loose, fields: [{name: id}]}
      - {name: list, meta: {holds: reference, why: w, links: [{columns: [a_id], to: client, kind: owner}]}, fields: [{name: a_id}]}
      - {name: ask, meta: {links: [{columns: [x_id], decide: [{link: none}]}]}, fields: [{name: x_id}]}
"""


def test_what_would_be_in_the_way_of_an_erasure_is_said_by_check(
    fresh_database: Database, tmp_path: Path
) -> None:
    with fresh_database.connect(autocommit=True) as connection:
        for statement in (
            "CREATE TABLE client (id int PRIMARY KEY, mail text)",
            "CREATE TABLE chat (id int PRIMARY KEY, a_id int NOT NULL, b_id int)",
            "CREATE TABLE loose (id int)",
            "CREATE TABLE list (a_id int)",
            "CREATE TABLE ask (x_id int)",
        ):
            connection.execute(statement)
    path = tmp_path / "map.yaml"

    def found(text: str) -> set[tuple[str, str]]:
        path.write_text(text, "utf-8")
        said = call("check", "--store", fresh_database.dsn.url(), POLICY, path, "--json")
        return {
            (f["kind"], re.sub(r"^(?:the link of|no column says when|table) ", "", f["thing"]).split(":")[0])
            for f in said.json["findings"]
        }

    assert found(SHOP) == {
        ("unreachable-table", "public.loose belongs to nobody"),
        ("nobody-with-owner", "public.list holds"),
        ("undecided", "public.ask (x_id) is undecided"),
        ("uncuttable-link", "public.chat (a_id) cannot be empty, and its row may stay"),
        ("event-without-column", "`customer.ended` was"),
        ("event-without-column", "`customer.started` was"),
        ("event-without-column", "`consent.given` was"),
    }
    for way in ("placeholder: 0", "last: false"):
        mended = found(
            SHOP.replace(
                "[a_id], to: client, kind: owner}, {", f"[a_id], to: client, kind: owner, {way}}}, {{"
            )
        )
        assert "uncuttable-link" not in {kind for kind, _ in mended}, way
    remedy = call("check", POLICY, path).out
    assert "delete the link; or, where it points to something, write `to` and `kind`" in remedy


CANARIES = (
    "Canaryface",
    "canary.bird@nest.example",
    "+32470998877",
    "BE71096123456769",
    "85073003328",
    "4111111111111111",
)


def test_no_value_is_in_the_map_the_progress_or_an_error(fresh_database: Database) -> None:
    """Also where a value stands where a name is expected: as a type, or as a name in a document."""
    with fresh_database.connect(autocommit=True) as connection:
        for name in ("person", "note"):
            columns = ", ".join(f"c{i} text" for i in range(len(CANARIES)))
            connection.execute(
                f"CREATE TABLE {name} (id int PRIMARY KEY, subject_type text, subject_id int, doc jsonb, list text[], {columns})"
            )
            for i in range(40):
                values = [
                    i,
                    CANARIES[i % 2],
                    i,
                    json.dumps({CANARIES[0]: {CANARIES[1]: CANARIES[2]}, "email": CANARIES[1]}),
                    [CANARIES[0]],
                    *CANARIES,
                ]
                connection.execute(f"INSERT INTO {name} VALUES ({', '.join(['%s'] * len(values))})", values)
    for options in ([], ["--json"]):
        said = call("discover", *options, fresh_database.dsn.url())
        assert said.code == 0
        for canary in CANARIES:
            assert canary not in said.out + said.err
    with fresh_database.connect(autocommit=True) as connection:
        assert not any(canary in repr(discover(connection)) for canary in CANARIES)


def test_nothing_can_be_written_while_it_looks(fresh_database: Database) -> None:
    with fresh_database.connect(autocommit=True) as connection:
        prepare(connection)
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            connection.execute("CREATE TABLE t (id int)")


def test_twice_says_the_same(fresh_database: Database) -> None:
    database = made(fresh_database, "boutique")
    first, second = (to_yaml(proposed(database, Budget(rows=50))) for _ in range(2))
    assert first == second


def test_a_budget_is_kept_and_what_was_not_read_is_said(fresh_database: Database) -> None:
    database = made(fresh_database, "winkel")
    said = call("discover", "--budget", "0.000001s,10rows", database.dsn.url())
    assert said.code == 0
    assert "# public.tbl_klanten was judged by names alone: the budget was used up." in said.out
    for wrong in ("soon", "0s", "1.5rows"):
        assert call("discover", "--budget", wrong, database.dsn.url()).code == 2


def test_a_table_that_may_not_be_read_is_judged_by_its_name(fresh_database: Database) -> None:
    database = made(fresh_database, "winkel")
    role = database.role("reader")
    with database.connect(autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'x'")
        connection.execute(f"GRANT SELECT ON tbl_adressen TO {role}")
        connection.execute(f"GRANT SELECT (klant_id, voornaam) ON tbl_klanten TO {role}")
    with database.connect(user=role, password="x", autocommit=True) as connection:
        made_ = discover(connection)
    assert ("public", "tbl_bestellingen") in made_.unread
    assert ("public", "tbl_klanten") not in made_.unread
    (people,) = [t for t in made_.tables if t.at[1] == "tbl_klanten"]
    assert people.holds == "people"


def test_a_foreign_key_of_a_partition_is_its_table_s(fresh_database: Database) -> None:
    with fresh_database.connect(autocommit=True) as connection:
        connection.execute(
            b"""CREATE TABLE person (id int PRIMARY KEY, email text);
            CREATE TABLE visit (id int, y int, x9 int) PARTITION BY LIST (y); CREATE TABLE visit_1 PARTITION OF visit FOR VALUES IN (1);
            ALTER TABLE visit_1 ADD FOREIGN KEY (x9) REFERENCES person"""
        )
        (visit,) = [one for one in discover(connection).tables if one.at[1] == "visit"]
    assert [(link.columns, link.to) for link in visit.links] == [(("x9",), ("public", "person"))]


def test_progress_is_shown_and_can_be_left_out(fresh_database: Database) -> None:
    database = made(fresh_database, "winkel")
    said = call("discover", database.dsn.url())
    assert "10 tables, " in said.err
    assert re.search(r"10 tables in \d", said.err)
    assert call("discover", "--quiet", database.dsn.url()).err == ""


def test_views_are_left_out_and_copies_are_said(fresh_database: Database, tmp_path: Path) -> None:
    path = mapped(made(fresh_database, "bank"), tmp_path)
    text = path.read_text("utf-8")
    assert "# crm.copy_of_clients is a materialized view: it holds copies until it is refreshed." in text
    tables = {c.name for d in load_map([path]).dataset for c in d.collections}
    assert not {"rich", "copy_of_clients", "posting_2024"} & tables


def test_json_says_the_ground_of_everything(fresh_database: Database) -> None:
    said: dict[str, Any] = call("discover", "--json", made(fresh_database, "winkel").dsn.url()).json
    assert said["people"] == ["public.tbl_klanten", "public.tbl_medewerkers"]
    for table in said["tables"]:
        assert table["because"]
        for link in table["links"]:
            assert link["because"]
            assert 0 < link["confidence"] <= 1


def test_a_database_without_tables_has_an_empty_map(fresh_database: Database, tmp_path: Path) -> None:
    path = mapped(fresh_database, tmp_path)
    assert [d.collections for d in load_map([path]).dataset] == [()]
    assert call("check", "--store", fresh_database.dsn.url(), POLICY, path).code == 1

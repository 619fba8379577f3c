"""One person in a shop of no design of ours: shown whole, erased whole, and nobody else touched."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.bloesem.cli.world import call
from tests.bloesem.rights import shop
from tests.databases import Database

from bloesem.errors import RightsError
from bloesem.rights.identify import Who
from bloesem.stores.owner import programs
from bloesem.stores.postgres import Connection


@pytest.fixture
def database(fresh_database: Database) -> Database:
    shop.make(fresh_database)
    return fresh_database


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    with database.connect(autocommit=True) as found:
        yield found


def everything(database: Database) -> dict[str, list[str]]:
    """Every row of every table, as text."""
    with database.connect() as connection:
        tables = connection.execute(
            "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
        ).fetchall()
        return {
            name: sorted(
                r for (r,) in connection.execute(f"SELECT t::text FROM {name} t".encode()).fetchall()
            )
            for (name,) in tables
        }


def dump(database: Database) -> str:
    """Everything that a backup of the database would hold."""
    program = programs(18, database.server.owner) / "pg_dump"  # the newest, which reads the older ones too
    done = subprocess.run(
        [program, "--data-only", "--inserts", database.dsn.url()], capture_output=True, text=True, check=True
    )
    return done.stdout


def test_access_shows_what_concerns_one_person_and_nothing_of_others(
    connection: Connection, tmp_path: Path
) -> None:
    found = shop.desk(connection, tmp_path).access(shop.ANN)
    text = json.dumps(found, default=str)
    assert {name: len(rows) for name, rows in found["tables"].items()} == {
        "public.attachment": 2,
        "public.customer": 1,
        "public.mail_log": 1,
        "public.message": 2,
        "public.message_attachment": 3,
        "public.note": 2,
        "public.purchase": 2,
        "public.purchase_line": 2,
    }
    assert "canary-ben-receives" not in text
    assert "canary-ben-sends" not in text
    assert "canary-cas" not in text
    assert found["tables"]["public.message"][0] == {
        "id": 1, "sender_id": 1, "receiver_id": 2, "sender_name": "canary-ann-sends", "body": "canary-ann-body", "reply_to": None,
    }  # fmt: skip
    assert found["why"]["public.purchase"] == {
        "purposes": ["law:tax-archive"], "until": "2027-12-31", "source": None,
    }  # fmt: skip
    assert found["why"]["public.customer"]["source"] == "checkout"


def test_erasure_takes_what_is_theirs_and_keeps_what_the_law_keeps(
    database: Database, connection: Connection, tmp_path: Path
) -> None:
    before = everything(database)
    done = shop.desk(connection, tmp_path).erase(shop.ANN)
    said = done.json()["tables"]
    assert said["public.customer"]["kept"][0]["reason"].startswith(
        "public.purchase hangs on it: law:tax-archive"
    )
    assert said["public.customer"]["changed"] == [
        {"key": {"id": 1}, "columns": ["alt_email", "email", "name"]}
    ]
    assert said["public.purchase"]["deleted"] == [{"id": 11}]
    assert said["public.purchase"]["kept"][0]["until"] == "2027-12-31"
    assert said["public.purchase_line"]["deleted"] == [{"id": 100}, {"id": 110}]
    assert said["public.message"]["deleted"] == [{"id": 1}]
    assert said["public.message"]["changed"] == [
        {"key": {"id": 2}, "columns": ["receiver_id", "receiver_name", "reply_to"]}
    ]
    assert said["public.note"]["deleted"] == [{"id": 1}, {"id": 3}]
    left = [word for word in dump(database).replace("'", " ").split() if word.startswith("canary-ann")]
    assert left == ["canary-ann-invoice"]
    after = everything(database)
    for table, rows in before.items():
        others = [row for row in rows if "ann" not in row and table != "message"]
        assert [row for row in after[table] if row in others] == [
            row for row in others if table != "message_attachment" or not row.startswith("(1,")
        ], table


def test_two_who_share_an_address_are_refused_and_can_be_chosen(
    database: Database, connection: Connection, tmp_path: Path
) -> None:
    desk = shop.desk(connection, tmp_path)
    with pytest.raises(RightsError, match=r"2 people .*public.customer.id=2, public.customer.id=3") as caught:
        desk.access(((Who("email", "ben@mail.example"),),))
    assert "mail.example" not in str(caught.value)
    found = desk.access(((Who("id", "2", "public.customer"),),))
    assert found["tables"]["public.customer"][0]["name"] == "canary-ben-name"
    assert (
        "public.mail_log" not in found["tables"]
    )  # the address is somebody else's too: whose mail it was nobody knows
    (stays,) = desk.rehearse(((Who("id", "2", "customer"),),)).tables["public.mail_log"]["kept"]
    assert "two people are known by" in stays["reason"]
    desk.erase(((Who("id", "2", "customer"),),))
    assert "canary-ben-mail" in dump(database)


def test_one_of_two_is_chosen_by_a_key_of_several_columns(connection: Connection, tmp_path: Path) -> None:
    """No column names one alone: the way that the refusal tells is one that works."""
    connection.execute("CREATE TABLE member (club text, number int, email text, PRIMARY KEY (club, number))")
    connection.execute(
        "INSERT INTO member VALUES ('A', 1, 'm@x.example'), ('B, \"b\"', 1, 'm@x.example'), ('A', 2, 'n@x.example')"
    )
    people = """      - name: member
        meta: {holds: people}
        fields: [{name: club}, {name: number}, {name: email, data_categories: [identity.email], fides_meta: {identity: email}}]
"""
    desk = shop.desk(connection, tmp_path, shop.MAP + people)
    with pytest.raises(RightsError, match="2 people") as caught:
        desk.access(((Who("email", "m@x.example"),),))
    told = re.findall(r'public\.member\.club,number=(?:"(?:[^"]|"")*"|\w+),\d', str(caught.value))
    assert len(told) == 2
    for one in told:
        (row,) = desk.access(((Who.parse(one),),))["tables"]["public.member"]
        assert row["number"] == 1
    for wrong in ("member.club,number=A", "member.club,size=A,1"):
        with pytest.raises(RightsError, match=r"needs 2 values|no column of a table of people"):
            desk.access(((Who.parse(wrong),),))


def test_nobody_is_said_without_repeating_the_name(connection: Connection, tmp_path: Path) -> None:
    desk = shop.desk(connection, tmp_path)
    with pytest.raises(RightsError, match="nobody is found") as caught:
        desk.access(((Who("email", "eve@mail.example"),),))
    assert "eve" not in str(caught.value)
    assert desk.access(((Who("email", "dan@mail.example"),),))["tables"]["public.mail_log"]
    with pytest.raises(RightsError, match="`shoe` identifies nobody"):
        desk.access(((Who("shoe", "42"),),))


def test_a_person_is_found_in_other_capitals(connection: Connection, tmp_path: Path) -> None:
    connection.execute("UPDATE customer SET email = 'Ann@Mail.Example' WHERE id = 1")
    found = shop.desk(connection, tmp_path).access(((Who("email", "ANN@mail.example"),),))
    assert found["tables"]["public.customer"][0]["id"] == 1


def test_a_rehearsal_changes_nothing_and_binds_the_act(
    database: Database, connection: Connection, tmp_path: Path
) -> None:
    before = everything(database)
    desk = shop.desk(connection, tmp_path)
    rehearsed = desk.rehearse(shop.ANN, show_values=True)
    assert everything(database) == before
    assert rehearsed.tables["public.customer"]["changed"][0]["values"]["name"] == "canary-ann-name"
    connection.execute("UPDATE purchase SET lines = lines || '!' WHERE id = 10")
    with pytest.raises(RightsError, match="no longer what was rehearsed"):
        desk.erase(shop.ANN, plan=rehearsed.plan)
    again = desk.rehearse(shop.ANN)
    assert again.plan == desk.rehearse(shop.ANN, show_values=True).plan
    connection.execute("ALTER TABLE note ALTER body SET NOT NULL")
    with pytest.raises(RightsError, match="no longer what was rehearsed"):
        shop.desk(connection, tmp_path).erase(shop.ANN, plan=again.plan)
    changed = shop.MAP.replace("kind: shared", "kind: owner")
    with pytest.raises(RightsError, match="no longer what was rehearsed"):
        shop.desk(connection, tmp_path, changed).erase(shop.ANN, plan=desk.rehearse(shop.ANN).plan)
    fresh = shop.desk(connection, tmp_path)
    assert fresh.erase(shop.ANN, plan=fresh.rehearse(shop.ANN).plan).done


@pytest.fixture
def environment(own_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLOESEM_DATABASE_URL", own_database.dsn.url())
    monkeypatch.setenv("BLOESEM_DATA_DIR", str(tmp_path / "data"))


@pytest.mark.usefixtures("environment")
def test_from_the_command_line(database: Database, tmp_path: Path) -> None:
    given = [
        "--store",
        database.dsn.url(),
        "--map",
        shop.map_file(tmp_path),
        "--policy",
        shop.MINIMAL,
        "--person",
        "email=ann@mail.example",
    ]
    shown = call("access", *given, "--json")
    assert shown.code == 0, shown.err
    assert shown.json["tables"]["public.customer"][0]["id"] == 1
    assert "canary-ann-invoice" in call("access", *given).out
    rehearsed = call("erase", *given, "--dry-run", "--json")
    assert rehearsed.code == 0, rehearsed.err
    assert "--plan " + rehearsed.json["plan"] in call("erase", *given, "--dry-run").out
    done = call("erase", *given, "--plan", rehearsed.json["plan"], "--residue", "now", "--json")
    assert done.code == 0, done.err
    assert done.json["tables"] == rehearsed.json["tables"]
    assert [(one["table"], one["column"], one["mapped"]) for one in done.json["residue"]] == [
        ("public.mail_log", "recipient", True)
    ]
    later = call("residue", "--store", database.dsn.url(), "--json").json
    assert {"residue", "kept", "unread", "not_proven"} <= done.json.keys() & later.keys()
    assert (done.json["kept"], done.json["not_proven"]) == ([], [])
    gone = call("access", *given)
    assert gone.code == 1
    assert "nobody is found" in gone.err


def test_what_lies_in_json_is_shown_kept_and_erased_by_its_path(
    database: Database, connection: Connection, tmp_path: Path
) -> None:
    connection.execute(
        b"""ALTER TABLE customer ADD doc json, ADD tags jsonb;
        UPDATE customer SET doc = '{"a%b": {"street": "canary-ann-street", "size": 1.10}, "secret": "canary-ann-secret",
                                    "list": [{"name": "canary-ann-item", "n": 1}, 7], "empty": []}', tags = '["canary-ann-tag"]'
        WHERE id = 1"""
    )
    name = "data_categories: [identity.name]"
    more = f"""          - name: doc
            fields:
              - {{name: "a%b", fields: [{{name: street, {name}}}, {{name: size}}]}}
              - {{name: secret, {name}, meta: {{on_show: redact, on_erase: redact}}}}
              - {{name: list, fields: [{{name: name, {name}}}]}}
              - {{name: empty, fields: [{{name: name, {name}}}]}}
          - {{name: tags, {name}}}
"""
    text = shop.MAP.replace("          - {name: name, data", more + "          - {name: name, data", 1)
    desk = shop.desk(connection, tmp_path, text)
    (shown,) = desk.access(shop.ANN)["tables"]["public.customer"]
    assert shown["doc"]["a%b"]["street"] == "canary-ann-street"
    assert "secret" not in shown["doc"]
    desk.erase(shop.ANN)  # the invoice is kept, and the row that it hangs on
    row = connection.execute(b"SELECT doc::text, tags FROM customer WHERE id = 1").fetchone()
    assert row is not None
    assert json.loads(row[0]) == {"a%b": {"size": 1.1}, "secret": "xxx", "list": [{"n": 1}, 7], "empty": []}
    assert "1.10" in row[0]
    assert row[1] is None


def test_a_desk_outlives_a_table_that_is_altered(
    database: Database, connection: Connection, tmp_path: Path
) -> None:
    """A prepared statement of which the result has another type is refused by the server, once."""
    desk = shop.desk(connection, tmp_path)
    for statement in (
        "ALTER TABLE message ALTER body TYPE varchar",
        "ALTER TABLE purchase ALTER id TYPE bigint",
        "ALTER TABLE customer ALTER name TYPE text",
    ):
        before = [desk.access(shop.ANN) for _ in range(8)][-1]  # until the driver prepares what is asked
        with database.connect(autocommit=True) as other:
            other.execute(statement.encode())
        assert desk.access(shop.ANN) == before
    assert desk.erase(shop.ANN).done

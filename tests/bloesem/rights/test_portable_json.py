"""What lies in a json column is hidden, taken along and corrected like a column of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.bloesem.rights import shop
from tests.databases import Database

from bloesem.commands.shared import print_json
from bloesem.errors import MapError, RightsError
from bloesem.rights.amend import Correction
from bloesem.rights.foreign import ForeignDesk
from bloesem.rights.portable import portable
from bloesem.rights.requests import Desk
from bloesem.stores.postgres import Connection

NAME = "data_categories: [identity.name]"
DOC = {
    "mine": "canary-ann",
    "agent": {"note": "canary-ben says", "at": 1},
    "friends": [[{"who": "canary-ann-f", "note": "canary-ben too"}], {"who": 5}],
    "lines": ["canary-ann-l"],
}
INSIDE = """[{name: agent, fields: [{name: note, data_categories: [identity.name], meta: {on_show: redact}}]},
  {name: friends, fields: [{name: who, data_categories: [identity.name]}, {name: note, meta: {on_show: redact}}]},
  {name: lines, data_categories: [order.lines], meta: {origin: derived}}]"""


@pytest.fixture
def connection(fresh_database: Database) -> Iterator[Connection]:
    with fresh_database.connect(autocommit=True) as found:
        found.execute(shop.SCHEMA.encode())
        found.execute(shop.PEOPLE.encode())
        found.execute("ALTER TABLE customer ADD doc jsonb; UPDATE customer SET closed_at = NULL")
        found.execute("UPDATE customer SET doc = %s WHERE id = 1", [json.dumps(DOC)])
        yield found


def made(connection: Connection, folder: Path, field: str) -> Desk:
    end = "meta: {erased: gone}}"
    return shop.desk(connection, folder, shop.MAP.replace(end, f"{end}\n          - {field}", 1))


def taken(desk: Desk) -> tuple[Any, dict[str, str], dict[str, Any]]:
    found = portable(desk, shop.ANN)
    (row,) = found["tables"]["public.customer"]
    return row.get("doc"), found["left_out"].get("public.customer", {}), found["columns"]["public.customer"]


def test_what_nobody_is_shown_is_not_taken_along(connection: Connection, tmp_path: Path) -> None:
    doc, left, columns = taken(made(connection, tmp_path, f"{{name: doc, {NAME}, fields: {INSIDE}}}"))
    assert doc == {
        "mine": "canary-ann",
        "agent": {"at": 1},
        "friends": [[{"who": "canary-ann-f"}], {"who": 5}],
    }
    assert left.keys() == {"doc.agent.note", "doc.friends.note", "doc.lines"}
    assert left["doc.agent.note"] == left["doc.friends.note"] == "redacted"
    assert left["doc.lines"].startswith("derived")
    assert columns["doc"] == {"type": "jsonb", "categories": ["identity.name"]}


def test_what_is_about_somebody_only_inside_is_taken_along_alone(
    connection: Connection, tmp_path: Path
) -> None:
    doc, left, columns = taken(made(connection, tmp_path, f"{{name: doc, fields: {INSIDE}}}"))
    assert doc == {"friends": [[{"who": "canary-ann-f"}], {"who": 5}]}
    assert left.keys() == {"doc.agent.note", "doc.friends.note", "doc.lines"}
    assert columns["doc"] == {"type": "jsonb", "categories": ["identity.name"]}


def test_of_what_is_hidden_whole_nothing_is_taken_along(connection: Connection, tmp_path: Path) -> None:
    field = f"{{name: doc, meta: {{on_show: redact}}, fields: {INSIDE}}}"
    doc, left, columns = taken(made(connection, tmp_path, field))
    assert (doc, left["doc"], "doc" in columns) == (None, "redacted", False)


WRITTEN = {
    "hidden by the link": ("message[1].receiver_name=BY ANN", "public.message.receiver_name"),
    "hidden by the column": ("customer.doc={}", "public.customer.doc"),
}


@pytest.mark.parametrize("what", WRITTEN)
def test_what_a_person_is_not_shown_they_do_not_correct(
    what: str, connection: Connection, tmp_path: Path
) -> None:
    correction, said = WRITTEN[what]
    asked = made(connection, tmp_path, f"{{name: doc, {NAME}, meta: {{on_show: redact}}}}")
    before = connection.execute("SELECT c.doc, m.receiver_name FROM customer c, message m").fetchall()
    with pytest.raises(RightsError, match=f"{said} is not shown to this person") as refused:
        ForeignDesk(asked, None).rectify(  # type: ignore[arg-type]
            shop.ANN, [Correction.parse(correction)], dry_run=True, show_values=True
        )
    assert "canary" not in str(refused.value)
    assert connection.execute("SELECT c.doc, m.receiver_name FROM customer c, message m").fetchall() == before


def test_json_of_which_a_part_is_hidden_is_not_corrected_whole(
    connection: Connection, tmp_path: Path
) -> None:
    asked = made(connection, tmp_path, f"{{name: doc, {NAME}, fields: {INSIDE}}}")
    with pytest.raises(RightsError, match=r"public\.customer\.doc\.agent\.note is not shown"):
        ForeignDesk(asked, None).rectify(shop.ANN, [Correction.parse("customer.doc={}")])  # type: ignore[arg-type]


def test_what_they_are_shown_on_another_way_they_correct(connection: Connection, tmp_path: Path) -> None:
    asked = made(connection, tmp_path, f"{{name: doc, {NAME}}}")
    ForeignDesk(asked, None).rectify(shop.ANN, [Correction.parse("message[1].body=better")])  # type: ignore[arg-type]
    assert connection.execute("SELECT body FROM message WHERE id = 1").fetchone() == ("better",)


def test_a_date_that_stands_for_never_has_no_end(connection: Connection, tmp_path: Path) -> None:
    connection.execute("UPDATE purchase SET invoiced_on = '9999-12-31' WHERE id = 10")
    connection.execute(
        "ALTER TABLE customer DROP doc; UPDATE customer SET closed_at = '2021-01-01' WHERE id = 1"
    )
    asked = shop.desk(connection, tmp_path)
    assert len(asked.access(shop.ANN)["tables"]["public.purchase"]) == 2
    kept = {one["key"]["id"]: one["until"] for one in asked.erase(shop.ANN).tables["public.purchase"]["kept"]}
    assert kept[10] == "9999-12-31"


@pytest.mark.parametrize("day", ["-infinity", "0044-03-15 BC", "12026-01-01"])
def test_a_date_that_no_clock_can_run_from_is_named(day: str, connection: Connection, tmp_path: Path) -> None:
    connection.execute("UPDATE purchase SET invoiced_on = %s::text::date WHERE id = 10", [day])
    connection.execute("ALTER TABLE customer DROP doc")
    with pytest.raises(MapError, match=r"purchase\.invoiced_on holds a date before the year 1 or after 9999"):
        shop.desk(connection, tmp_path).erase(shop.ANN)


def test_what_is_printed_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"a": [float("nan"), float("inf"), 1.5], "b": ({"c": -float("inf")}, None, True, 10**30)})

    def refuse(name: str) -> None:
        raise AssertionError(name)

    assert json.loads(capsys.readouterr().out, parse_constant=refuse) == {
        "a": ["NaN", "Infinity", 1.5],
        "b": [{"c": "-Infinity"}, None, True, 10**30],
    }

"""The data of a charge point for whoever uses it, and for whom they name; never what it made of somebody else."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest
from tests.bloesem.cases.conftest import World
from tests.bloesem.cases.test_clerk import opened

from bloesem.gate.ids import new_id


def of_somebody_else(world: World, person: int) -> int:
    """Somebody else charges at this person's station. out: the station."""
    station = world.one("SELECT id FROM data.station WHERE person_id = %s ORDER BY id LIMIT 1", person)
    other = world.people["customer"]
    world.admin.execute(
        "INSERT INTO data.session (id, person_id, station_id, recorded_at, started_at, stopped_at, transaction_key,"
        " energy_wh, accounted_on, state) SELECT %s, %s, %s, now(), now(), now(), 'theirs', 4242, bloesem.today(), 'settled'",
        [new_id(), other, station],
    )
    return int(station)


def files(found: dict[str, bytes]) -> dict[str, Any]:
    with zipfile.ZipFile(io.BytesIO(found["data.zip"])) as archive:
        names = set(archive.namelist())
        return {"names": names, **{n: json.loads(archive.read(n)) for n in names if n.endswith(".json")}}


@pytest.mark.promise("R-039")
def test_whoever_uses_a_charge_point_gets_what_it_made_and_may_have_it_shared(world: World) -> None:
    person = world.people["ann"]
    station = of_somebody_else(world, person)
    number = world.file("data_act", person=person)
    erasure = world.file("erasure", person=person, params={"ground": "a"})
    world.clerk.run()
    # Without undue delay: nobody has to judge it, and it comes before anything is erased.
    case = world.case(number)
    assert (case["state"], case["outcome"]) == ("answered", "granted")
    assert world.case(erasure)["state"] == "waiting"
    found = opened(world, number)
    made = files(found)
    tables = made["data.json"]["tables"]
    # All that it and its service made of this person: at hand, free, and in a form that programs read.
    assert {"data.json", "schema.json", "station.csv", "session.csv", "ocpi-cdrs.json"} <= made["names"]
    assert {row["serial"] for row in tables["data.station"]} == {
        row[0]
        for row in world.admin.execute("SELECT serial FROM data.station WHERE person_id = %s", [person])
    }
    assert station in {row["id"] for row in tables["data.station"]}
    mine = world.one("SELECT count(*) FROM data.session WHERE person_id = %s", person)
    assert len(tables["data.session"]) == mine > 0
    assert any(row.get("meter_values") for row in tables["data.session"])
    assert set(tables) <= {"data.station", "data.session", "data.fault"}, (
        "nothing that a product does not make"
    )
    assert not {"amount_cents", "co_person_id"} & {c for rows in tables.values() for row in rows for c in row}
    said = json.dumps(json.loads(found["answer.json"]), ensure_ascii=False)
    assert "het is gratis" in said
    # What it made of somebody else is theirs: counted, with the reason, and not given.
    assert "theirs" not in json.dumps(tables)
    assert made["data.json"]["others"] == {"data.session": 1}
    assert "(1): dat zijn gegevens van een ander" in said
    # … and to whom the person names, as files that are taken along are (rights.transfer).
    token = world.token(number, "case-answered")
    begun = "SELECT bloesem.case_transfer(%s, 'transfer-begun', 'elders.example')"
    assert world.one(begun, token) == number
    world.one("SELECT bloesem.case_decide('officer:1', %s, 'refused', 'A test.', NULL)", erasure)


def test_it_does_not_ask_on_what_basis_it_is_held(world: World) -> None:
    """Article 20 gives what a person gave or what was observed of them; a product's user also gets what says which it is."""
    person = world.people["ann"]
    taken = world.file("portability", person=person)
    asked = world.file("data_act", person=person, language="fr")
    world.clerk.run()
    along, made = (files(opened(world, one))["data.json"]["tables"] for one in (taken, asked))
    assert "serial" not in {column for row in along.get("data.station", ()) for column in row}
    assert "serial" in {column for row in made["data.station"] for column in row}
    assert "data.email_address" in along
    assert "data.email_address" not in made

"""The feed of an energy partner: who has the service, under this partner's numbers, corrected, and gone at once."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any
from urllib.parse import quote

import pytest
from tests.charging.portal.programs import wrong
from tests.charging.portal.site import Site
from tests.charging.portal.test_installer_live import get, sql, token

from bloesem.gate.ids import new_id
from charging.portal.hems import quarters

START = dt.datetime(2026, 11, 1, 18, 5, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("readings", "expected"),
    [
        ([[0, 0], [600, 100]], [("18:00", 100)]),
        ([[0, 0], [1200, 400]], [("18:00", 200), ("18:15", 200)]),
        ([[0, 0], [1500, 1000], [3300, 1000]], [("18:00", 400), ("18:15", 600), ("18:30", 0), ("18:45", 0)]),
        ([[0, 5], [100, 4]], []),
        ([[100, 4], [0, 5]], []),
        ([[0, 0], [10**9, 5]], []),
        ("broken", []),
    ],
)
def test_quarter_hours_are_of_the_clock_and_add_up(readings: Any, expected: list[tuple[str, int]]) -> None:
    found = quarters(START, json.dumps(readings).encode())
    assert [(f"{at:%H:%M}", wh) for at, wh in found] == expected
    assert sum(wh for _, wh in found) == (readings[-1][1] - readings[0][1] if found else 0)


def test_what_is_no_block_has_no_quarter_hours() -> None:
    assert quarters(START, None) == quarters(START, b"\xff") == quarters(START, b"[[1,2,3]]") == []


@pytest.fixture
def good(site: Site) -> str:
    return token(site, "hems")


@pytest.fixture(scope="module", autouse=True)
def several(site: Site) -> None:
    """A few more customers have the service, since the summer; they charged before."""
    sql(
        site,
        "INSERT INTO data.product_ownership (id, person_id, recorded_at, source, product_id, since)"
        " SELECT (SELECT max(id) FROM data.product_ownership) + row_number() OVER (), s.person_id, now(), 'subject:contract',"
        " 3, '2026-06-01' FROM data.station s WHERE s.retired_on IS NULL AND s.used_for & 32 <> 0 AND s.co_person_id IS NULL"
        " AND EXISTS (SELECT FROM data.session c WHERE c.person_id = s.person_id AND c.used_for & 32 <> 0"
        "  AND c.started_at < '2026-06-01' AND c.state = 'settled' AND c.meter_values IS NOT NULL)"
        " AND s.person_id NOT IN (SELECT person_id FROM data.product_ownership WHERE product_id = 3) LIMIT 5",
    )


def read(site: Site, plain: str, after: str = "") -> tuple[list[dict[str, Any]], str]:
    """All pages from a cursor on."""
    found: list[dict[str, Any]] = []
    while True:
        said = get(site, f"hems/sessions?limit=50&after={after}", plain)
        assert said.status == 200, said
        schemas = get(site, "openapi.json").body["components"]["schemas"]
        assert not wrong(said.body, schemas["Feed"], schemas)
        found += said.body["sessions"]
        after = said.body["next"]
        if not said.body["more"]:
            return found, after


def has_it(site: Site) -> dict[int, dt.date]:
    return dict(
        sql(
            site, "SELECT person_id, since FROM data.product_ownership WHERE product_id = 3 AND until IS NULL"
        )
    )


def numbers(site: Site) -> dict[str, int]:
    """The partner's number → the person."""
    rows = sql(
        site,
        "SELECT DISTINCT g.reference::text, g.person_id FROM bloesem.disclosed g JOIN bloesem.disclosure d"
        " ON d.id = g.disclosure_id WHERE d.recipient = 'zonnewijs'",
    )
    found = dict(rows)
    assert len(found) == len(rows) == len(set(found.values())), (
        "each person one number, each number one person"
    )
    return found


def put(site: Site, person: int, start: dt.datetime = START, wh: int = 900) -> int:
    number = new_id()
    sql(
        site,
        "INSERT INTO data.session (id, person_id, recorded_at, transaction_key, started_at, stopped_at, state, energy_wh,"
        " accounted_on, meter_values) VALUES (%s, %s, now(), %s, %s, %s, 'settled', %s, %s, %s)",
        [
            number,
            person,
            str(number),
            start,
            start + dt.timedelta(minutes=15),
            wh,
            start.date(),
            json.dumps([[0, 0], [900, wh]]).encode(),
        ],
    )
    return number


@pytest.mark.promise("P-115")
def test_only_who_has_the_service_and_only_since_then(site: Site, good: str) -> None:
    holders = has_it(site)
    assert holders
    found, _ = read(site, good)
    assert found
    known = numbers(site)
    assert {known[one["customer"]] for one in found} <= holders.keys()
    assert str(next(iter(holders))) not in json.dumps(found), "no number of ours"
    counted = sql(
        site,
        "SELECT count(*) FROM data.session s JOIN data.product_ownership o ON o.person_id = s.person_id"
        " WHERE o.product_id = 3 AND o.until IS NULL AND s.state = 'settled' AND s.meter_values IS NOT NULL"
        " AND s.started_at >= bloesem.moment(o.since) AND s.used_for & 32 <> 0",
    )[0][0]
    assert len(found) == counted
    before = sql(
        site,
        "SELECT count(*) FROM data.session s JOIN data.product_ownership o ON o.person_id = s.person_id"
        " WHERE o.product_id = 3 AND s.state = 'settled' AND s.used_for & 32 <> 0 AND s.started_at < bloesem.moment(o.since)",
    )[0][0]
    assert before, "what was before the service is not the partner's"


def test_a_late_value_comes_next_and_a_corrected_one_again(site: Site, good: str) -> None:
    _, after = read(site, good)
    person = next(iter(has_it(site)))
    number = put(site, person, START)
    late, after = read(site, good, after)
    assert [(one["revision"], one["withdrawn"], sum(q["wh"] for q in one["quarters"])) for one in late] == [
        (0, False, 900)
    ]
    assert read(site, good, after) == ([], after)
    sql(site, "UPDATE data.session SET meter_values = %s WHERE id = %s", [b"[[0,0],[900,700]]", number])
    mended, after = read(site, good, after)
    assert [(one["session"], one["revision"], sum(q["wh"] for q in one["quarters"])) for one in mended] == [
        (late[0]["session"], 1, 700)
    ]
    sql(site, "UPDATE data.session SET state = 'review' WHERE id = %s", [number])
    gone, after = read(site, good, after)
    assert [(one["session"], one["revision"], one["withdrawn"], one["quarters"]) for one in gone] == [
        (late[0]["session"], 2, True, [])
    ]
    sql(site, "UPDATE data.session SET place = 'elders' WHERE id = %s", [number])
    assert read(site, good, after) == ([], after), "what the partner does not get is no correction for them"


def test_what_is_still_being_written_is_not_passed_over(site: Site, good: str) -> None:
    _, after = read(site, good)
    person = next(iter(has_it(site)))
    with site.stage.database.connect() as slow:
        slow.execute("SELECT pg_current_xact_id()")
        quick = put(site, person, START + dt.timedelta(days=1))
        assert read(site, good, after)[0] == [], "an older transaction may still write what comes before"
        slow.execute(
            "UPDATE data.session SET state = 'settled', meter_values = meter_values WHERE id = %s", [quick]
        )
        slow.commit()
    assert len(read(site, good, after)[0]) == 1


def test_the_same_page_is_recorded_once(site: Site, good: str) -> None:
    count = "SELECT count(*) FROM bloesem.disclosure WHERE recipient = 'zonnewijs'"
    first, _ = read(site, good)
    was = sql(site, count)
    again, _ = read(site, good)
    assert again == first
    assert sql(site, count) == was


@pytest.mark.parametrize("how", ["ends", "restriction"])
@pytest.mark.promise("P-115")
def test_who_ends_the_service_objects_or_leaves_is_gone_with_the_next_answer(
    site: Site, good: str, how: str
) -> None:
    said = get(site, "hems/customers", good)
    schemas = get(site, "openapi.json").body["components"]["schemas"]
    assert not wrong(said.body, schemas["Customers"], schemas)
    here = [one["customer"] for one in said.body["customers"]]
    known = numbers(site)
    person = known[here[0]]
    _, after = read(site, good)
    if how == "ends":
        sql(
            site,
            "UPDATE data.product_ownership SET until = bloesem.today() WHERE product_id = 3 AND person_id = %s",
            [person],
        )
    else:
        sql(site, "SELECT bloesem.record_fact(%s, 'restriction', 'accuracy', now())", [person])
    if how == "ends":
        put(site, person, START + dt.timedelta(days=3))
    assert here[0] not in [one["customer"] for one in get(site, "hems/customers", good).body["customers"]]
    assert here[0] not in {one["customer"] for one in read(site, good, after)[0]}
    assert here[0] not in {one["customer"] for one in read(site, good)[0]}, "also not from the beginning"


def test_a_cursor_that_is_none_is_refused(site: Site, good: str) -> None:
    for bad in ("x", "MTox", "MTotMTow", "é", "A" * 200):
        said = get(site, f"hems/sessions?after={quote(bad)}", good)
        assert (said.status, said.body["type"]) == (400, "urn:bloesem:problem:cursor"), bad
    for bad in ("0", "-1", "1001", "9" * 30, "x", "²"):
        assert get(site, f"hems/sessions?limit={quote(bad)}", good).status == 400, bad

"""Invented people: the same for the same seed, of every kind that the promises name, and nobody real."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from tests.charging.databases import migrated
from tests.databases import Database

from bloesem.company import load_plan
from bloesem.plan.model import Plan
from bloesem.policy.model import Policy
from bloesem.source import read
from bloesem.stores.install import install
from bloesem.stores.postgres import Connection
from bloesem.stores.rebuild import rebuild

ROOT = Path(__file__).parents[2]
AS_OF = dt.date(2026, 11, 23)
PEOPLE = 250


@pytest.fixture(scope="module", autouse=True)
def _django() -> None:
    import django

    django.setup()


@cache
def world(seed: int = 7, people: int = PEOPLE, as_of: dt.date = AS_OF) -> Any:
    from charging.generate import generate

    return generate(as_of, people, seed)


def rows(table: str, made: Any = None) -> list[dict[str, Any]]:
    made = made or world()
    return [dict(zip(made.columns[table], row, strict=True)) for row in made.rows[table]]


def test_the_same_seed_gives_the_same_bytes() -> None:
    from charging.generate import generate

    assert world().digest() == generate(AS_OF, PEOPLE, 7).digest()


def test_what_is_collected_is_for_a_service_or_product_that_somebody_has() -> None:
    """What PostgreSQL would refuse at the door is not loaded past it either (P-015, P-018)."""
    plan = load_plan(ROOT / "company" / "blossom", on=AS_OF)
    services = {row["id"]: row["service"] for row in rows("product")}
    has: dict[int, set[str]] = {}
    for row in rows("product_ownership"):
        has.setdefault(row["person_id"], set()).add(services[row["product_id"]])
    for table in plan.tables:
        needed = table.needs_service
        for row in rows(table.name) if needed else ():
            mine = set().union(*(has.get(row[owner], set()) for owner in table.owners))
            assert mine, (table.name, row["id"])
            assert needed is None or not needed.keys or mine & set(needed.keys), (table.name, row["id"])


def test_another_seed_gives_other_people() -> None:
    first, second = world().digest(), world(8).digest()
    assert first["person"] != second["person"]
    assert first["session"] != second["session"]


def test_every_case_has_people() -> None:
    from charging.generate import CASES

    made = world()
    for key, case in CASES.items():
        assert len(made.cases[key]) >= case.least, key
        assert case.nl
        assert case.en
        assert all(re.fullmatch(r"P-\d{3}", promise) for promise in case.promises)
    assert len(made.cases["ann"]) == 1
    everybody = {row["id"] for row in rows("person")}
    assert {person for people in made.cases.values() for person in people} <= everybody


@pytest.mark.parametrize("as_of", [dt.date(2024, 2, 29), dt.date(2026, 1, 1), dt.date(2030, 12, 31)])
def test_any_day_will_do(as_of: dt.date) -> None:
    made = world(people=150, as_of=as_of)
    for table in made.rows:
        for row in rows(table, made):
            recorded = row.get("recorded_at")
            assert recorded is None or recorded <= made.now, (table, row)


def test_ids_are_unique_and_every_row_has_a_person() -> None:
    made = world()
    everybody = {row["id"] for row in rows("person")}
    seen: Counter[int] = Counter()
    for table, names in made.columns.items():
        for row in rows(table):
            if row["id"] > 1000:
                seen[row["id"]] += 1
            if "person_id" in names:
                assert row["person_id"] in everybody, table
            if row.get("co_person_id"):
                assert row["co_person_id"] in everybody - {row["person_id"]}, table
    assert seen.most_common(1)[0][1] == 1


def test_facts_are_about_people_and_rows_that_exist() -> None:
    made = world()
    everybody = {row["id"] for row in rows("person")}
    ids = {table: {row["id"] for row in rows(table)} for table in made.rows}
    assert {fact.kind for fact in made.facts} == {"objection", "assessing", "restriction", "hold", "erasure"}
    for fact in made.facts:
        assert fact.person in everybody
        assert fact.ends_at is None or fact.starts_at < fact.ends_at
        assert fact.table is None or fact.row in ids[fact.table]


def test_nobody_real_can_be_reached() -> None:
    """Every address ends in `.example`; every number is of a range kept for fiction; no bank has code 999."""
    text = "\n".join(
        str(value)
        for table in world().rows
        for row in rows(table)
        for value in row.values()
        if isinstance(value, str)
    )
    hosts = re.findall(r"@([\w.-]+)", text)
    assert hosts
    assert all(host.endswith(".example") for host in hosts)
    assert not re.search(r"https?://|www\.|\b[a-z0-9-]+\.(?:com|be|org|net|eu|nl|fr|de)\b", text)
    assert all(
        re.fullmatch(r"\+3363998\d{4}|\+493023125\d{3}", row["value_norm"]) for row in rows("phone_number")
    )
    assert all(re.fullmatch(r"BE\d\d999\d{9}", row["iban"]) for row in rows("bank_account"))


def test_account_numbers_are_well_formed() -> None:
    from stdnum import iban

    assert all(iban.is_valid(row["iban"]) for row in rows("bank_account"))


def test_every_source_is_one_that_the_policy_declares() -> None:
    policy = read(ROOT / "company/blossom/policy/2024-03-18/policy.yaml", Policy)
    patterns = [re.compile(source.pattern) for source in policy.sources.values() if source.pattern]
    for table, names in world().columns.items():
        if "source" in names:
            for value in {row["source"] for row in rows(table)}:
                assert any(pattern.match(value) for pattern in patterns), f"{table}: {value}"


def test_an_employer_gives_an_address_and_nothing_else() -> None:
    for table, names in world().columns.items():
        if "source" in names:
            given = [row for row in rows(table) if row["source"].startswith("werkgever:")]
            assert not given or table == "work_email"


def test_who_has_no_products_has_no_use_of_them() -> None:
    owners = {row["person_id"] for row in rows("product_ownership")}
    for table in ("station", "installation_file", "statement", "employer_invoice_line"):
        assert {row["person_id"] for row in rows(table)} <= owners, table


def test_there_are_invoices_on_both_sides_of_each_term() -> None:
    days = {row["issued_on"] for row in rows("invoice")}
    assert {dt.date(2022, 12, 31), dt.date(2023, 1, 1), dt.date(2014, 12, 31), dt.date(2015, 1, 1)} <= days


def test_every_recording_was_announced_first() -> None:
    assert all(row["announced_at"] <= row["began_at"] for row in rows("call_recording"))


def test_bills_follow_from_sessions() -> None:
    charged: Counter[tuple[int, dt.date]] = Counter()
    for row in rows("session"):
        if row["state"] == "settled":
            charged[row["person_id"], row["accounted_on"].replace(day=1)] += row["amount_cents"]
    for row in rows("statement"):
        assert row["amount_cents"] == charged[row["person_id"], row["month"]]
    lines: Counter[int] = Counter()
    for row in rows("employer_invoice_line"):
        lines[row["employer_invoice_id"]] += row["amount_cents"]
    assert {row["id"]: row["total_cents"] for row in rows("employer_invoice")} == dict(lines)


def test_ann_has_a_life_in_order() -> None:
    from charging.generate import ann

    moments = list(ann.moments(AS_OF).values())
    assert moments == sorted(moments)
    (person,) = world().cases["ann"]
    (name,) = {
        (row["given_name"], row["family_name"]) for row in rows("person_name") if row["person_id"] == person
    }
    assert " ".join(name) == ann.NAME
    has = {table for table, _ in world().rows_of(person)}
    assert {"work_email", "account", "session", "invoice", "consent", "call_recording", "station"} <= has


def test_too_many_people_are_refused() -> None:
    from charging.generate import MOST_PEOPLE, generate

    with pytest.raises(ValueError, match="5000"):
        generate(AS_OF, MOST_PEOPLE + 1)


def test_both_profiles_load(
    module_database: Database, record_property: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    from charging.generate.load import load
    from charging.generate.slim import load_slim

    migrated(module_database)
    with module_database.connect() as connection:
        full = load(connection, world())
        for table, made in world().rows.items():
            assert connection.execute(f"SELECT count(*) FROM data.{table}").fetchone() == (len(made),), table
        connection.rollback()
    count = 2_000
    with module_database.connect(autocommit=True) as connection:
        slim = load_slim(connection, AS_OF, count)
        late = connection.execute(
            "SELECT count(*) FROM data.person p JOIN data.session s ON s.person_id = p.id"
            " WHERE s.started_at > %s OR s.stopped_at <= s.started_at",
            [world().now],
        ).fetchone()
        most = connection.execute(
            "SELECT max(rows) FROM (SELECT person_id, count(*) AS rows FROM ("
            + " UNION ALL ".join(
                f"SELECT person_id FROM data.{table}" for table in slim.rows if table != "person"
            )
            + ") AS a GROUP BY 1) AS b"
        ).fetchone()
    assert late == (0,)
    assert most is not None
    assert most[0] + 1 <= 25
    for name, loaded in (("full", full), ("slim", slim)):
        record_property(f"{name}_rows_per_second", round(loaded.total / loaded.seconds))
        with capsys.disabled():
            print(f"\n{name}: {loaded}", end="")


@pytest.fixture
def planned(fresh_database: Database) -> Iterator[tuple[Connection, Plan]]:
    """A database with the business tables and the company's plan in force, and nobody in it."""
    migrated(fresh_database)
    plan = load_plan(ROOT / "company/blossom", on=AS_OF, prefix=fresh_database.role_prefix)
    with fresh_database.connect(autocommit=True) as connection:
        install(connection, plan)
        yield connection, plan


def test_under_a_plan_history_comes_in_as_the_clock_would_have_left_it(
    planned: tuple[Connection, Plan],
) -> None:
    from charging.generate.load import load

    connection, plan = planned
    load(connection, world())
    assert rebuild(connection, plan, world().now) == 0
    alive = {row[0] for row in connection.execute("SELECT id FROM data.person")}
    for case in ("customer", "employer_only", "former_last_day", "returned_in_time", "returned_late", "ann"):
        assert set(world().cases[case]) <= alive, case
    for case in ("former_day_after", "former_past", "prospect_past", "employer_only_past"):
        assert not set(world().cases[case]) & alive, case


def test_under_a_plan_the_slim_rows_bring_their_masks(planned: tuple[Connection, Plan]) -> None:
    from charging.generate.slim import load_slim

    connection, plan = planned
    load_slim(connection, AS_OF, 500, plan=plan)
    assert rebuild(connection, plan, world().now) == 0
    readable = connection.execute("SELECT count(*) FROM data.session WHERE used_for <> 0").fetchone()
    assert readable is not None
    assert readable[0] > 1000

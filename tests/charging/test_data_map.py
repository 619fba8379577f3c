"""The map says of every table and column of the business what it is: there is nothing that it leaves out."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from tests.charging.databases import migrated
from tests.databases import Database

from bloesem.company import load_plan
from bloesem.datamap.model import Collection, DataMap
from bloesem.policy.model import Policy, Record
from bloesem.source import read

ROOT = Path(__file__).parents[2]
MAP = read(ROOT / "company/blossom/datamap/business.yaml", DataMap)
POLICY = read(ROOT / "company/blossom/policy/2024-03-18/policy.yaml", Policy)
ROLES = read(ROOT / "company/blossom/record/roles.yaml", Record)
BUSINESS = next(dataset for dataset in MAP.dataset if dataset.fides_key == "business")
TABLES = {collection.name: collection for collection in BUSINESS.collections}
PERSONAL = [table for table in TABLES.values() if table.meta.holds in ("people", "personal")]
#: Columns that the plan adds to every guarded table.
MASKS = {"used_for", "kept_for", "good_until", "frozen_since", "frozen_ground"}

COLUMNS = """
SELECT c.relname, a.attname, NOT a.attnotnull
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relnamespace = 'data'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
"""

_live: dict[str, dict[str, dict[str, bool]]] = {}


@pytest.fixture
def live(module_database: Database) -> dict[str, dict[str, bool]]:
    """Table → column → whether it can be NULL, as the migrations made them."""
    if module_database.name not in _live:
        migrated(module_database)
        found: dict[str, dict[str, bool]] = {}
        with module_database.connect() as connection:
            for table, column, can_be_null in connection.execute(COLUMNS):
                found.setdefault(table, {})[column] = can_be_null
        _live[module_database.name] = found
    return _live[module_database.name]


def columns(table: Collection) -> set[str]:
    return {field.name for field in table.fields}


@pytest.mark.promise("P-014")
def test_every_table_and_column_is_mapped(live: dict[str, dict[str, bool]]) -> None:
    assert set(live) == set(TABLES)
    assert {name: set(found) - MASKS for name, found in live.items()} == {
        name: columns(table) for name, table in TABLES.items()
    }


@pytest.mark.promise("P-014")
def test_every_column_has_a_category_of_the_policy_or_is_a_key() -> None:
    for table in PERSONAL:
        for field in table.fields:
            key = field.meta.key or field.fides.primary_key
            assert key or field.data_categories, f"{table.name}.{field.name}"
            assert set(field.data_categories) <= set(POLICY.categories), f"{table.name}.{field.name}"


@pytest.mark.promise("P-014")
def test_every_personal_row_says_where_it_came_from() -> None:
    import re

    patterns = [re.compile(source.pattern) for source in POLICY.sources.values() if source.pattern]
    for table in PERSONAL:
        assert table.meta.source or table.meta.default_source, table.name
        if table.meta.default_source:
            assert any(pattern.match(table.meta.default_source) for pattern in patterns), table.name


def test_every_personal_table_says_whose_it_is_and_when_it_came(live: dict[str, dict[str, bool]]) -> None:
    for table in PERSONAL:
        assert table.meta.recorded == "recorded_at"
        if table.meta.holds == "personal":
            assert table.meta.owners[0].column == "person_id"
            assert "person_id" in live[table.name]


def test_every_value_can_be_erased(live: dict[str, dict[str, bool]]) -> None:
    """Erasing sets NULL: a value that may not be NULL could not go alone."""
    for table in PERSONAL:
        for field in table.fields:
            if not (field.meta.key or field.fides.primary_key or field.meta.erased is not None):
                assert live[table.name][field.name], f"{table.name}.{field.name} cannot be NULL"


CATEGORIES = {
    "P-019": {"identification.name", "identification.address", "identification.birth_date"},
    "P-020": {"contact.phone", "contact.email"},
    "P-022": {
        "contract.products",
        "contract.number",
        "contract.billing",
        "contract.payment",
        "contract.confirmation",
    },
    "P-023": {"financial.iban"},
    "P-024": {"financial.credit_rating"},
    "P-025": {"financial.position", "installation.home"},
    "P-026": {"communication.contact"},
    "P-027": {"communication.recording"},
    "P-029": {"usage.session", "usage.session_total", "usage.card"},
    "P-031": {"installation.home", "installation.place", "installation.meter", "installation.cable"},
    "P-032": {"installation.photo"},
    "P-033": {"installation.preference", "installation.progress"},
    "P-034": {"derived.segment"},
    "P-046": {"identification.assigned", "contract.number", "usage.station", "access.credential"},
}


@pytest.mark.parametrize("categories", CATEGORIES.values(), ids=CATEGORIES)
def test_what_the_policy_names_has_a_place(categories: set[str]) -> None:
    mapped = {c for table in PERSONAL for field in table.fields for c in field.data_categories}
    assert categories <= mapped


def test_sensitive_data_lies_in_tables_of_its_own() -> None:
    """Where it would be written, so that the refusal can be asked (P-035); no other table has any."""
    holding = {
        table.name
        for table in PERSONAL
        for field in table.fields
        for category in field.data_categories
        if category.startswith("sensitive")
    }
    assert holding == {"special_item", "criminal_item"}


@pytest.mark.promise("P-108")
def test_the_four_ends_are_columns_of_their_own() -> None:
    ends = {event.event: (t.name, event.at) for t in PERSONAL for event in t.meta.events}
    assert ends["account.terminated"] == ("account", "terminated_at")
    assert ends["account.closed"] == ("account", "closed_at")
    assert ends["customer.ended"] == ("customer_relation", "ended_at")


def test_our_own_messages_are_no_interaction() -> None:
    interactions = {(t.name, e.at) for t in PERSONAL for e in t.meta.events if e.event == "interaction"}
    assert ("marketing_interaction", "clicked_at") in interactions
    assert not {("marketing_interaction", "sent_at"), ("marketing_interaction", "opened_at")} & interactions
    assert not any(table == "session" for table, _ in interactions)


def test_the_employers_address_is_for_starting_the_contract_only() -> None:
    plan = load_plan(ROOT / "company" / "blossom", on=dt.date(2026, 11, 23))
    narrow = next(n for n in plan.table("work_email").narrow if "P-039" in n.promises)
    assert narrow.when is not None
    assert narrow.when.starts_with == "werkgever:"
    assert plan.keys(plan.table("work_email").bits & ~narrow.removed & ~plan.hold_bits) == ("invite",)


def test_roles_write_columns_that_exist(live: dict[str, dict[str, bool]]) -> None:
    for writer in ROLES.writers.values():
        for table, written in writer.tables.items():
            assert set(written) <= set(live[table]), table


def test_a_person_is_never_shown_the_hash_of_a_code() -> None:
    assert "access.credential" not in ROLES.roles["subject"].reads
    assert not {"all", "access"} & set(ROLES.roles["subject"].reads)


def test_links_between_personal_tables_are_cut_and_do_not_block(
    live: dict[str, dict[str, bool]], module_database: Database
) -> None:
    with module_database.connect() as connection:
        rules = connection.execute(
            "SELECT conname, confdeltype, cardinality(confdelsetcols) FROM pg_constraint"
            " WHERE contype = 'f' AND connamespace = 'data'::regnamespace"
        ).fetchall()
    assert len(rules) >= 8
    assert {(rule, columns) for _, rule, columns in rules} == {("n", 1)}


def test_the_map_is_fideslang() -> None:
    """Everything but our `meta` is what other fideslang tools read."""
    fideslang = pytest.importorskip("fideslang.models")
    for dataset in MAP.dataset:
        fideslang.Dataset.model_validate(dataset.model_dump(mode="json", exclude_none=True))

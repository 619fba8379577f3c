"""What the text says is collected (lines 37-78): each value has its category, its source and its purposes, and nothing
else gets in. Asked of the real company's plan, and of PostgreSQL with that plan in force."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import psycopg
import pytest
from tests.bloesem.gate.world import World
from tests.promises.test_gate import (  # noqa: F401 - fixtures
    COMPANY,
    add,
    has_home_charger,
    readers,
    someone,
    store,
    tables,
    unblocked,
)

from bloesem.plan.calculus import explain
from bloesem.plan.dates import civil
from bloesem.plan.model import ColumnPlan, TablePlan

PLAN, POLICY = COMPANY.plan, COMPANY.policy


def stored_columns(world: World) -> set[tuple[str, str]]:
    """Every column of the business's tables, as PostgreSQL has them; partitions are their parent."""
    found = world.admin.execute(
        "SELECT c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
        "WHERE c.relnamespace = 'data'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition "
        "AND a.attnum > 0 AND NOT a.attisdropped"
    ).fetchall()
    return {(str(table), str(column)) for table, column in found}


MASKS = {"used_for", "kept_for", "good_until", "frozen_since", "frozen_ground"}


@pytest.mark.promise("P-014")
def test_every_stored_field_states_its_category_its_source_and_its_purposes(store: World) -> None:  # noqa: F811
    guarded = {table.name: table for table in PLAN.tables}
    nobodys = {table.name for table in PLAN.open_tables}
    for name, column in sorted(stored_columns(store)):
        if column in MASKS or name in nobodys:
            continue
        assert name in guarded, f"{name} is stored and not in the map"
        states(guarded[name], guarded[name].column(column))


def states(table: TablePlan, column: ColumnPlan) -> None:
    assert column.key or column.categories, f"{table.name}.{column.name} has no category"
    assert all(category in POLICY.categories for category in column.categories)
    assert table.source or table.default_source or table.anchor, (
        f"{table.name} does not say where it comes from"
    )
    row: dict[str, Any] = dict.fromkeys(table.owners, 1)
    for purpose in PLAN.purposes:
        verdict = explain(PLAN, table, row, {1: []}, purpose, store_moment())
        assert verdict.why, "each purpose's verdict on a field has its reason"


def store_moment() -> Any:
    from bloesem.plan.dates import midnight

    return midnight(PLAN.version)


#: What a row of these tables must have beside its keys.
NEEDED: dict[str, dict[str, Any]] = {
    "installation_file": {"job_id": 1},
    "installation_photo": {"job_id": 1},
    "segment": {"source": "derived:segments"},
    "fault": {"reported_by": "person"},
}


def asks(service: str | None) -> set[str]:
    """The tables whose rows are for people with this service; None: with any product. From the policy alone."""
    found = set()
    for table in PLAN.tables:
        held = [POLICY.categories[k] for c in table.columns for k in c.categories]
        services = {category.service for category in held if category.service}
        if service is not None and service in services:
            found.add(table.name)
        if service is None and not services and any(category.type != "user" for category in held):
            found.add(table.name)
    return found


def gives(world: World, person: int, service: str, **when: Any) -> None:
    """This person has a product that gives the service."""
    product = world.admin.execute(
        "INSERT INTO data.product (id, key, label_nl, label_en, service, price_cents)"
        " SELECT COALESCE(max(id), 0) + 1, 'p' || COALESCE(max(id), 0) + 1, 'P', 'P', %s, 0 FROM data.product"
        " RETURNING id",
        [service],
    ).fetchone()
    assert product
    add(world, "product_ownership", person, product_id=product[0], **when)


@pytest.mark.promise("P-015")
@pytest.mark.parametrize("service", sorted(POLICY.services))
def test_what_only_a_service_needs_is_refused_for_people_without_it(store: World, service: str) -> None:  # noqa: F811
    """Every table whose categories are collected for one service, for people without any, with another, and with one
    that ended."""
    ann = someone(store)
    today = civil(store.now())
    others = [other for other in POLICY.services if other != service]
    for other in others:
        gives(store, ann, other, since=today)
    gives(store, ann, service, since=today - dt.timedelta(days=9), until=today - dt.timedelta(days=1))
    for table in asks(service):
        with pytest.raises(psycopg.errors.CheckViolation, match=service) as refused:
            add(store, table, ann, **NEEDED.get(table, {}))
        assert "P-015" in str(refused.value.diag.message_hint)
    gives(store, ann, service, since=today)
    for table in asks(service):
        add(store, table, ann, **NEEDED.get(table, {}))


def test_each_kind_of_data_that_the_text_binds_to_a_service_is_bound() -> None:
    assert asks("home_charger") == {"installation_file", "installation_photo", "station", "fault"}
    assert asks("charge_card") == {"card"}
    assert asks("hems") == set(), "nothing is collected for it yet"


@pytest.mark.promise("P-018")
def test_of_people_without_products_only_user_data_exists(store: World) -> None:  # noqa: F811
    """Every table of the plan: a row of any type but user data is refused for somebody who never had a product."""
    ann = someone(store)
    refused = set()
    for table in PLAN.tables:
        types = {POLICY.categories[k].type for c in table.columns for k in c.categories}
        assert len(types) <= 1, f"{table.name} mixes types"
        if types <= {"user"}:
            continue
        with pytest.raises(psycopg.errors.CheckViolation, match="only for people who have") as denied:
            add(store, table.name, ann, **NEEDED.get(table.name, {}))
        assert denied.value.diag.message_hint
        refused.add(table.name)
    assert refused == {
        "installation_file",
        "installation_photo",
        "station",
        "card",
        "session",
        "fault",
        "segment",
    }
    gives(store, ann, "other", since=civil(store.now()))
    for name in asks(None):
        add(store, name, ann, **NEEDED.get(name, {}), **DATES.get(name, {}))


#: Own dates of records.
DATES: dict[str, dict[str, Any]] = {"session": {"accounted_on": PLAN.version}}


@pytest.mark.promise("P-019")
def test_name_address_and_birth_date_are_identification_data(store: World) -> None:  # noqa: F811
    exists(
        store,
        {
            "person_name.given_name": "identification.name",
            "person_name.family_name": "identification.name",
            "address.street": "identification.address",
            "birth_date.born_on": "identification.birth_date",
        },
    )


@pytest.mark.promise("P-020")
def test_a_contact_field_is_declared_in_the_policy_first(store: World) -> None:  # noqa: F811
    exists(store, {"phone_number.value": "contact.phone", "email_address.value": "contact.email"})
    store.admin.execute("ALTER TABLE data.phone_number ADD COLUMN messenger text")
    with_it = {(t, c) for t, c in stored_columns(store) if t == "phone_number"}
    assert ("phone_number", "messenger") in with_it
    assert readers(store, "phone_number", "messenger") == set(), (
        "no purpose reads a field that nobody declared"
    )


# P-022 also names the order's confirmation, which no column holds yet: unproven.
def test_contract_data_are_the_products_the_number_the_bills_the_payments_and_the_confirmations(
    store: World,  # noqa: F811
) -> None:
    exists(
        store,
        {
            "product_ownership.product_id": "contract.products",
            "person.customer_number": "contract.number",
            "invoice.amount_cents": "contract.billing",
            "payment.amount_cents": "contract.payment",
            "contract.confirmation": "contract.confirmation",
            "contract.confirmed_at": "contract.confirmation",
        },
    )


@pytest.mark.promise("P-026")
def test_an_interaction_has_its_channel_its_moment_and_its_direction(store: World) -> None:  # noqa: F811
    exists(store, {"contact.channel": "communication.contact", "contact.at": "communication.contact"})
    ann = someone(store)
    for channel in ("email", "phone", "chat", "social", "other"):
        add(
            store,
            "contact",
            ann,
            channel=channel,
            direction="inbound",
            at=store.now(),
            source="subject:klantendienst",
        )
    with pytest.raises(psycopg.errors.CheckViolation):
        add(
            store,
            "contact",
            ann,
            channel="fax",
            direction="inbound",
            at=store.now(),
            source="subject:klantendienst",
        )


@pytest.mark.promise("P-029")
def test_consumption_is_recorded_per_charge_point_and_per_card(store: World) -> None:  # noqa: F811
    exists(
        store,
        {
            "session.started_at": "usage.session",
            "session.stopped_at": "usage.session",
            "session.place": "usage.session",
            "session.energy_wh": "usage.session_total",
        },
    )
    keys = {c.name for c in PLAN.table("session").columns if c.key}
    assert {"station_id", "card_id"} <= keys


@pytest.mark.promise("P-031")
def test_installation_data_have_the_four_named_fields(store: World) -> None:  # noqa: F811
    exists(
        store,
        {
            "installation_file.owns_dwelling": "installation.home",
            "installation_file.place": "installation.place",
            "installation_file.digital_meter": "installation.meter",
            "installation_file.cable_metres": "installation.cable",
        },
    )


@pytest.mark.promise("P-033")
def test_installation_data_have_preferred_brand_and_model_and_progress(store: World) -> None:  # noqa: F811
    exists(
        store,
        {
            "installation_file.preferred_brand": "installation.preference",
            "installation_file.preferred_model": "installation.preference",
            "installation_file.progress": "installation.progress",
        },
    )


def exists(world: World, expected: dict[str, str]) -> None:
    """The columns are there in PostgreSQL, tagged so; who reads them is who reads that category, and nobody else."""
    there = stored_columns(world)
    for name, category in expected.items():
        table, column = name.split(".")
        assert (table, column) in there, f"{name} is not stored"
        assert PLAN.table(table).column(column).categories == (category,)
        allowed = {
            purpose.key
            for purpose in PLAN.purposes
            if purpose.active
            and PLAN.table(table).column(column).purposes & purpose.mask
            and not purpose.hold
        }
        assert readers(world, table, column) - {p.key for p in PLAN.purposes if p.hold} == allowed


@pytest.mark.promise("P-037")
def test_from_an_employer_only_the_work_address_is_accepted(store: World) -> None:  # noqa: F811
    ann = someone(store)
    add(store, "work_email", ann, value="ann@fleet.example", source="werkgever:Fleet")
    accepting = {
        t.name for t in PLAN.tables if t.source and any(re.match(p, "werkgever:Fleet") for p in t.sources)
    }
    assert accepting == {"work_email"}
    for table, values in (
        ("person_name", {"given_name": "Ann"}),
        ("phone_number", {"value": "+33639980001"}),
        ("address", {"street": "Teststraat 1"}),
    ):
        with pytest.raises(psycopg.errors.CheckViolation, match="source"):
            add(store, table, ann, source="werkgever:Fleet", **values)


@pytest.mark.promise("P-049")
def test_a_source_that_the_text_does_not_declare_is_refused(store: World) -> None:  # noqa: F811
    ann = someone(store)
    for source in ("kredietbureau:Score", "", "subject:onbekend", None):
        with pytest.raises(psycopg.errors.CheckViolation, match="source"):
            add(store, "person_name", ann, given_name="Ann", source=source)


@pytest.mark.promise("P-024")
def test_a_credit_rating_is_refused_until_a_purpose_and_a_source_are_declared(store: World) -> None:  # noqa: F811
    ann = someone(store)
    with pytest.raises(psycopg.errors.CheckViolation, match="source"):
        add(
            store,
            "credit_rating",
            ann,
            source="kredietbureau:Score",
            rated_by="Score",
            score="A",
            decision="none",
        )
    columns = {c.name for c in PLAN.table("credit_rating").columns}
    assert {"rated_by", "rated_on", "decision"} <= columns, "source, date and the decision that it fed"
    holds = {p.key for p in PLAN.purposes if p.hold}
    assert readers(store, "credit_rating", "score") <= holds


# P-034 also promises access answers and portability: unproven until they exist.
def test_a_derived_value_says_what_it_was_made_of_and_by_which_logic() -> None:
    columns = {c.name for c in PLAN.table("segment").columns}
    assert {"inputs", "logic_version", "made_at"} <= columns
    derived = [key for key, source in POLICY.sources.items() if source.origin == "derived"]
    assert derived, "derived values have a source of their own"

"""What the text says is collected (lines 37-78): each value has its category, its source and its purposes, and nothing
else gets in. Asked of the real company's plan, and of PostgreSQL with that plan in force."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.bloesem.gate.world import World, opened
from tests.databases import Database, DatabaseMaker
from tests.promises.business import Business
from tests.promises.corrected import corrected
from tests.promises.test_business_clock import anything, consent
from tests.promises.test_gate import (  # noqa: F401 - fixtures
    COMPANY,
    add,
    has_home_charger,
    read,
    readers,
    someone,
    store,
    tables,
    unblocked,
)

from bloesem.commands.explain import column_about, unguarded_about
from bloesem.company import load
from bloesem.errors import BloesemError
from bloesem.gate.ids import new_id
from bloesem.plan.dates import civil
from bloesem.plan.model import ColumnPlan, TablePlan
from bloesem.plan.sql.gate import scoped_columns, writable
from bloesem.stores.check import schema_findings

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
    """`bloesem explain TABLE.COLUMN` over every column that PostgreSQL has: a value says what it is, who may give it and
    who reads it; of a key, what it is to its row; nothing is left over."""
    guarded = {table.name: table for table in PLAN.tables}
    nobodys = {table.name for table in PLAN.open_tables}
    seen = 0
    for name, column in sorted(stored_columns(store)):
        if column in MASKS or name in nobodys:
            continue
        assert name in guarded, f"{name} is stored and not in the map"
        states(guarded[name], guarded[name].column(column))
        seen += 1
    assert seen > 250


@pytest.mark.promise("P-014")
def test_what_bloesem_keeps_itself_and_what_holds_no_person_is_stated_too(store: World) -> None:  # noqa: F811
    """Every other column that there is, of every schema of the database: the masks, the facts, the log, the catalogues."""
    rows = store.admin.execute(
        "SELECT n.nspname, c.relname, a.attname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
        " WHERE c.relkind IN ('r', 'p', 'm', 'f') AND NOT c.relispartition"
        " AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'"
    ).fetchall()
    values = {(t.name, c.name) for t in PLAN.tables for c in t.columns}
    assert {schema for schema, _, _ in rows} >= {"data", "bloesem"}
    seen = 0
    for schema, name, column in rows:
        about = unguarded_about(COMPANY, schema, name, column)
        if schema == "data" and (name, column) in values:
            assert about is None, "a value is stated by its category"
            continue
        assert about is not None, f"{schema}.{name}.{column} is stored, and nothing says what it is"
        assert about["is"], (name, column)
        assert about["why"], (name, column)
        if column in MASKS or {"person_id"} & {c for s, t, c in rows if (s, t) == (schema, name)}:
            assert [one["purpose"] for one in about["purposes"]] == ["law:accountability"], (name, column)
            assert about["sources"], (name, column)
        else:
            assert about["holds_no_person"], (name, column)
        seen += 1
    assert seen > 200


#: Keys that say nothing about anybody but whose row it is, which it is, when it came and from where.
PLAIN = {
    "whose row it is",
    "the row's own number",
    "when the row came in",
    "where the values came from",
    "the number of the transaction that last wrote its values: where a feed goes on",
    "how often its values were corrected: says nothing about anybody",
}


def states(table: TablePlan, column: ColumnPlan) -> None:
    about = column_about(COMPANY, table, column)
    name = about["column"]
    assert about["where"].startswith(str(COMPANY.company.directory)), name
    assert about["sources"], f"{name} does not say where it comes from"
    for source in about["sources"]:
        assert POLICY.sources[source["source"]].pattern in table.sources, name
        assert source["label"].keys() == set(POLICY.languages), name
    for category in about["categories"]:
        assert category["label"].keys() == set(POLICY.languages), name
    if not column.categories:
        link = about["is"].startswith("a link to") or about["is"].endswith("that the row is of")
        assert link or about["is"] in PLAIN, f"{name} is {about['is'] or 'a value'} without a category"
    readers = {p.key for p in PLAN.purposes if p.active and column.purposes & p.mask}
    assert {p["purpose"] for p in about["purposes"]} == readers
    closed = {c for c in column.categories if POLICY.categories[c].only}
    assert readers or closed, f"{name} is read by nobody"
    assert all(p["basis"] and p["article"] for p in about["purposes"])


#: What a row of these tables must have beside its keys.
NEEDED: dict[str, dict[str, Any]] = {
    "installation_file": {"job_id": 1},
    "installation_photo": {"job_id": 1},
    "segment": {"source": "derived:segments"},
    "fault": {"reported_by": "person"},
    "session": {"accounted_on": dt.date(2026, 11, 30)},
}


def asks(service: str | None) -> set[str]:
    """The tables whose rows are for people with this service; None: with any product. From the policy alone."""
    found = set()
    for table in PLAN.tables:
        held = [POLICY.categories[k] for c in table.columns for k in c.categories]
        services = {service for category in held for service in category.services}
        if service is not None and service in services:
            found.add(table.name)
        if (
            service is None
            and not services
            and not table.closed
            and any(category.type != "user" for category in held)
        ):
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


@pytest.mark.promise("R-053")
@pytest.mark.promise("P-015")
@pytest.mark.parametrize("service", sorted(POLICY.services))
def test_what_only_a_service_needs_is_refused_for_people_without_it(store: World, service: str) -> None:  # noqa: F811
    """Every table whose categories are collected for one service, for people without any, with another, and with one
    that ended."""
    ann = someone(store)
    today = civil(store.now())
    others = [other for other in POLICY.services if other != service]
    for other in others:
        if not asks(service) & asks(other):
            gives(store, ann, other, since=today)
    gives(store, ann, service, since=today - dt.timedelta(days=9), until=today - dt.timedelta(days=1))
    for table in asks(service):
        with pytest.raises(psycopg.errors.CheckViolation, match=service) as refused:
            add(store, table, ann, **NEEDED.get(table, {}))
        assert "P-015" in str(refused.value.diag.message_hint)
    gives(store, ann, service, since=today)
    bea = someone(store)
    for table in asks(service):
        row = add(store, table, ann, **NEEDED.get(table, {}))
        with pytest.raises(psycopg.errors.CheckViolation, match=service):
            store.admin.execute(f"UPDATE data.{table} SET person_id = %s WHERE id = %s", [bea, row])


@pytest.mark.promise("P-015")
def test_what_two_services_need_is_collected_with_either_and_with_no_other(store: World) -> None:  # noqa: F811
    today = civil(store.now())
    for service, kept in (("hems", False), ("other", False), ("home_charger", True), ("charge_card", True)):
        ann = someone(store)
        gives(store, ann, service, since=today)
        if kept:
            add(store, "session", ann, started_at=store.now(), **NEEDED["session"])
        else:
            with pytest.raises(psycopg.errors.CheckViolation, match="home_charger or charge_card"):
                add(store, "session", ann, started_at=store.now(), **NEEDED["session"])


@pytest.mark.promise("P-015")
@pytest.mark.parametrize(("table", "at"), [("session", "started_at"), ("fault", "reported_at")])
def test_what_comes_in_late_is_judged_by_the_day_on_which_it_was(store: World, table: str, at: str) -> None:  # noqa: F811
    """A station that was off line gives what it remembers, also when the car is gone; and nothing of later."""
    ann, now = someone(store), store.now()
    last = civil(now) - dt.timedelta(days=3)
    gives(store, ann, "home_charger", since=last - dt.timedelta(days=9), until=last)
    more = NEEDED.get(table, {})
    add(store, table, ann, **more, **{at: now - dt.timedelta(days=3)})
    for late in (
        now - dt.timedelta(days=1),
        now,
        now + dt.timedelta(days=1),
        now - dt.timedelta(days=20),
        None,
    ):
        with pytest.raises(psycopg.errors.CheckViolation, match="home_charger"):
            add(store, table, ann, **more, **{at: late})


def test_each_kind_of_data_that_the_text_binds_to_a_service_is_bound() -> None:
    assert asks("home_charger") == {"installation_file", "installation_photo", "station", "fault", "session"}
    assert asks("charge_card") == {"card", "session"}
    assert asks("hems") == set(), "nothing is collected for it yet"


@pytest.mark.promise("R-053")
@pytest.mark.promise("P-018")
def test_of_people_without_products_only_user_data_exists(store: World) -> None:  # noqa: F811
    """Every table of the plan: a row of any type but user data is refused for somebody who never had a product."""
    ann = someone(store)
    refused = set()
    for table in PLAN.tables:
        types = {POLICY.categories[k].type for c in table.columns for k in c.categories}
        assert len(types) <= 1, f"{table.name} mixes types"
        if types <= {"user"} or table.closed:  # what is closed is refused for everybody (P-035)
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
    collected = store.plan.mask(lambda p: p.active and p.stored and not p.hold)
    for table in PLAN.tables:
        open_ = any(c.purposes & collected for c in table.columns if not c.key)
        if open_ and not table.anchor and table.name not in refused | {"account", "customer_relation"}:
            fill(store, table, ann)
    held = {t.name for t in PLAN.tables if store.admin.execute(f"SELECT 1 FROM data.{t.name}").fetchone()}
    listed = {
        POLICY.categories[k].type
        for table in PLAN.tables
        if table.name in held
        for c in table.columns
        for k in c.categories
    }
    assert len(held) > 20
    assert listed == {"user"}
    gives(store, ann, "other", since=civil(store.now()))
    for name in asks(None):
        add(store, name, ann, **NEEDED.get(name, {}), **DATES.get(name, {}))


def fill(world: World, table: TablePlan, person: int) -> int:
    """A row of this person in a table that somebody may fill, from a source that may give it."""
    blossom = Business(world)
    if table.needs_service is not None:
        gives(world, person, (*table.needs_service.keys, "other")[0], since=civil(world.now()))
    if table.name == "contest_entry":
        consent(blossom, person, "contest")
    if table.name == "segment":  # marketing begins with an act of the person
        blossom.add("contact", person, **anything(blossom, PLAN.table("contact")))
    return blossom.add(table.name, person, **{**anything(blossom, table), **NEEDED.get(table.name, {})})


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
    ann = someone(store)
    for table, column, value in (
        ("person_name", "given_name", "Ann"),
        ("address", "street", "Teststraat 1"),
        ("birth_date", "born_on", dt.date(1990, 1, 1)),
    ):
        with pytest.raises(psycopg.errors.CheckViolation, match="source"):
            add(store, table, ann, source=None, **{column: value})
        add(store, table, ann, source="subject:contract", **{column: value})
        kept = store.admin.execute(f"SELECT source, {column} FROM data.{table} WHERE person_id = %s", [ann])
        assert kept.fetchall() == [("subject:contract", value)]
        about = column_about(COMPANY, PLAN.table(table), PLAN.table(table).column(column))
        assert "contract" in {s["source"] for s in about["sources"]}
        assert "identify" in {p["purpose"] for p in about["purposes"]}


@pytest.mark.promise("P-020")
def test_a_contact_field_is_declared_in_the_policy_first(store: World) -> None:  # noqa: F811
    exists(store, {"phone_number.value": "contact.phone", "email_address.value": "contact.email"})
    store.admin.execute("ALTER TABLE data.phone_number ADD COLUMN messenger text")
    with_it = {(t, c) for t, c in stored_columns(store) if t == "phone_number"}
    assert ("phone_number", "messenger") in with_it
    assert readers(store, "phone_number", "messenger") == set(), (
        "no purpose reads a field that nobody declared"
    )
    granted = store.admin.execute(
        "SELECT grantee FROM information_schema.column_privileges WHERE table_schema = 'data'"
        " AND table_name = 'phone_number' AND column_name = 'messenger' AND grantee LIKE %s",
        [f"{store.plan.role('')}%"],
    ).fetchall()
    assert {role for (role,) in granted} <= {store.plan.role("owner"), store.plan.role("keeper")}, (
        "nor writes it"
    )
    found = schema_findings(store.admin, COMPANY.maps, store.plan)
    assert [(f.severity, f.kind) for f in found if "phone_number.messenger" in f.thing] == [
        ("error", "unmapped-column")
    ]


@pytest.mark.promise("P-020")
def test_a_map_cannot_name_a_contact_field_that_the_policy_does_not(tmp_path: Path) -> None:
    field = (
        "- {name: value_norm, fides_meta: {identity: phone_number}",
        "- {name: messenger, data_categories: [contact.messenger]}\n          - {name: value_norm, fides_meta: {identity: phone_number}",
    )
    into = corrected(tmp_path, datamap__business=[field])
    with pytest.raises(BloesemError, match=r"contact\.messenger"):
        load(into, on=PLAN.version)
    policy = into / "policy" / "2024-03-18" / "policy.yaml"
    said = policy.read_text(encoding="utf-8")
    new = (
        "  contact.messenger:\n    type: user\n    undeclared: true\n"
        "    label: {nl: Berichtendienst, en: Messenger, fr: Messagerie, de: Nachrichtendienst}\n"
    )
    said = said.replace("  contact.phone:\n", new + "  contact.phone:\n", 1).replace(
        "          - contact.phone\n", "          - contact.phone\n          - contact.messenger\n", 1
    )
    policy.write_text(said, encoding="utf-8")
    declared = load(into, on=PLAN.version)
    assert declared.plan.table("phone_number").column("messenger").categories == ("contact.messenger",)
    assert [f.id for f in declared.company.findings if "contact.messenger" in f.thing] == ["L-017"]


@pytest.mark.promise("P-022")
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
            "contract.order_confirmation": "contract.confirmation",
            "contract.order_confirmed_at": "contract.confirmation",
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
    whole = {"channel": "email", "direction": "inbound", "at": store.now(), "source": "subject:klantendienst"}
    for said in ({"about": "vraag"}, {"content": "Hallo"}):
        add(store, "contact", ann, **whole, **said)
        for wrong, check in (
            ({"channel": "fax"}, "contact_channel"),
            ({"direction": "sideways"}, "contact_direction"),
            ({"direction": None}, "direction"),
            ({"channel": None}, "contact_says_how"),
            ({"at": None}, "contact_says_how"),
        ):
            with pytest.raises(psycopg.errors.IntegrityError, match=check):
                add(store, "contact", ann, **{**whole, **said, **wrong})


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


# P-037 also promises the intake that names the employer as source: unproven until it exists.
def test_from_an_employer_only_the_work_address_is_accepted(store: World) -> None:  # noqa: F811
    ann = someone(store)
    add(store, "work_email", ann, value="ann@fleet.example", source="werkgever:Fleet")
    accepting = {
        t.name for t in PLAN.tables if t.source and any(re.match(p, "werkgever:Fleet") for p in t.sources)
    }
    assert accepting == {"work_email"}
    for nobody in ("werkgever:", "werkgever"):
        with pytest.raises(psycopg.errors.CheckViolation, match="source"):
            add(store, "work_email", ann, value="ann@fleet.example", source=nobody)
    others = [t for t in PLAN.tables if t.source and t.name != "work_email" and not t.closed]
    assert len(others) > 20
    for table in others:
        with pytest.raises(psycopg.errors.CheckViolation, match="source"):
            add(store, table.name, ann if not table.anchor else new_id(), source="werkgever:Fleet")
    row = add(store, "person_name", ann, given_name="Ann")
    with pytest.raises(psycopg.errors.CheckViolation, match="source"):
        store.admin.execute("UPDATE data.person_name SET source = 'werkgever:Fleet' WHERE id = %s", [row])


@pytest.mark.promise("P-049")
def test_a_source_that_the_text_does_not_declare_is_refused(store: World) -> None:  # noqa: F811
    """In every table that says where its rows come from, for a new row and for one that is changed; the tables that do
    not say it have one source, which is declared. Until it is: `test_corrected_version.py`."""
    ann = someone(store)
    collected = store.plan.mask(lambda p: p.active and p.stored and not p.hold)
    patterns = {source.pattern for source in POLICY.sources.values()}
    tried = set()
    for table in PLAN.tables:
        assert table.sources, table.name
        assert set(table.sources) <= patterns, table.name
        if table.source is None:
            assert any(re.search(p, str(table.default_source)) for p in table.sources), table.name
            continue
        for source in UNDECLARED:
            with pytest.raises(psycopg.errors.CheckViolation, match="source"):
                add(store, table.name, new_id() if table.anchor else ann, source=source)
        if table.anchor or not any(c.purposes & collected for c in table.columns if not c.key):
            continue
        row = fill(store, table, ann)
        for source in UNDECLARED:
            with pytest.raises(psycopg.errors.IntegrityError, match="source"):
                store.admin.execute(f"UPDATE data.{table.name} SET source = %s WHERE id = %s", [source, row])
        tried.add(table.name)
    assert len(tried) > 20


#: What arrives from elsewhere, from nobody, or from something that looks like a declared source.
UNDECLARED = ("kredietbureau:Score", "", "subject:onbekend", "installateur: subject:contract", None)


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
    for source in STORED.values():  # a source alone is not enough: no purpose needs it
        with pytest.raises(psycopg.errors.CheckViolation):
            add(store, "credit_rating", ann, source=source, rated_by="Score", score="A", decision="none")
    assert store.admin.execute("SELECT count(*) FROM data.credit_rating").fetchone() == (0,)
    columns = {c.name for c in PLAN.table("credit_rating").columns}
    assert {"rated_by", "rated_on", "decision"} <= columns, "source, date and the decision that it fed"
    holds = {p.key for p in PLAN.purposes if p.hold}
    assert readers(store, "credit_rating", "score") <= holds


# P-034 also promises access answers and portability: unproven until they exist.
def test_a_derived_value_says_what_it_was_made_of_by_which_logic_and_for_what(store: World) -> None:  # noqa: F811
    ann = someone(store)
    gives(store, ann, "hems", since=civil(store.now()))
    whole = {
        "source": "derived:segments",
        "segment": "solar",
        "inputs": "products owned",
        "logic_version": "2024-1",
        "made_for": "marketing",
        "made_at": store.now(),
    }
    add(store, "segment", ann, **whole)
    for part in ("inputs", "logic_version", "made_for", "made_at"):
        with pytest.raises(psycopg.errors.CheckViolation, match="segment_says_how"):
            add(store, "segment", ann, **{**whole, part: None})
    for source in ("subject:contract", "observed:systeem", "assigned"):
        with pytest.raises(psycopg.errors.CheckViolation, match="source"):
            add(store, "segment", ann, **{**whole, "source": source})
    table = PLAN.table("segment")
    assert {PLAN.origin(table, c, "derived:x") for c in table.columns if not c.key} == {"derived"}
    assert {p.key for p in PLAN.purposes if p.writes and writable(PLAN, table, p)[0]} == {"marketing"}
    subject = next(s for s in PLAN.scoped if s.key == "subject")
    assert {"segment", "inputs", "logic_version", "made_for"} <= set(scoped_columns(PLAN, table, subject))


#: A stored source of each kind that the text declares.
STORED = {
    "employer": "werkgever:Fleet",
    "contract": "subject:contract",
    "customer_service": "subject:klantendienst",
    "contest": "subject:wedstrijd:zomer",
    "survey": "subject:enquête:2026",
    "contact_form": "subject:contactformulier",
    "portal": "subject:portaal",
    "request": "subject:verzoek",
    "assigned": "assigned",
    "observed": "observed:laadkaart",
    "systems": "observed:systeem",
    "processor": "observed:verwerker:Laadwerk",
    "derived": "derived:segments",
}


@pytest.mark.promise("P-028")
def test_every_value_is_tagged_provided_observed_assigned_or_derived(store: World) -> None:  # noqa: F811
    """Each value that is no key, under each source that its table accepts, has exactly one tag; a row without a source
    that has one is refused, so that no record is without."""
    assert STORED.keys() == POLICY.sources.keys()
    ann = someone(store)
    tags = {"provided", "observed", "assigned", "derived", "received"}
    for table in PLAN.tables:
        accepted = [s for s in STORED.values() if any(re.search(p, s) for p in table.sources)]
        for column in table.columns:
            if not column.key:
                for source in accepted if table.source else [None]:
                    assert PLAN.origin(table, column, source) in tags
        if table.source and not table.anchor and not table.closed:
            for nowhere in (None, "", "onbekend", "observed:", "observed:laadkaart; subject:contract"):
                with pytest.raises(psycopg.errors.CheckViolation, match="source"):
                    add(store, table.name, ann, **{**NEEDED.get(table.name, {}), "source": nowhere})
    for name in ("session.energy_wh", "session.started_at", "session.meter_values", "payment.amount_cents"):
        of, column_name = name.split(".")
        table = PLAN.table(of)
        assert PLAN.origin(table, table.column(column_name), None) == "observed", "made by use, not given"
    number = PLAN.table("person").column("customer_number")
    assert PLAN.origin(PLAN.table("person"), number, "subject:contract") == "assigned"
    given = PLAN.table("person_name").column("given_name")
    assert PLAN.origin(PLAN.table("person_name"), given, "subject:contract") == "provided"


# P-032 also promises blurred or noted third persons in access answers, P-027 an access answer: unproven until then.
def test_an_image_says_what_is_in_it_and_a_recording_how_it_was_announced(store: World) -> None:  # noqa: F811
    ann = someone(store)
    has_home_charger(store, ann)
    photo = {"job_id": 1, "image": b"x", "metadata_removed": True, "others_in_picture": False}
    add(store, "installation_photo", ann, **photo)
    for unsaid in ("metadata_removed", "others_in_picture"):
        with pytest.raises(psycopg.errors.CheckViolation, match="installation_photo_says"):
            add(store, "installation_photo", ann, **{**photo, unsaid: None})
    holds = {p.key for p in PLAN.purposes if p.hold}
    assert readers(store, "installation_photo", "image") - holds == {"after_sales", "service"}
    now = store.now()
    call = {
        "recorded_on": civil(now),
        "audio": b"x",
        "announced_at": now,
        "announcement": "quality",
        "began_at": now,
    }
    add(store, "call_recording", ann, **call)
    for wrong in (
        {"announcement": None},
        {"announced_at": None},
        {"announced_at": now + dt.timedelta(seconds=1)},
    ):
        with pytest.raises(psycopg.errors.CheckViolation, match="call_recording_announced"):
            add(store, "call_recording", ann, **{**call, **wrong})
    subject = next(s for s in PLAN.scoped if s.key == "subject")
    for table, column in (("installation_photo", "image"), ("call_recording", "audio")):
        assert column in scoped_columns(PLAN, PLAN.table(table), subject)


SENSITIVE = {"special_item": "art. 9(2)", "criminal_item": "art. 10"}


def sensitive(world: World, table: str, person: int) -> None:
    add(world, table, person, kind="gezondheid", value="invented")


@pytest.mark.promise("P-035")
def test_special_and_criminal_data_are_refused_while_no_condition_is_declared(store: World) -> None:  # noqa: F811
    ann = someone(store)
    gives(store, ann, "hems", since=civil(store.now()))
    held = {
        t.name
        for t in PLAN.tables
        for c in t.columns
        for k in c.categories
        if {"special-category", "criminal-data"} & set(POLICY.categories[k].is_)
    }
    assert held == set(SENSITIVE), "every place where they could be written"
    for table, article in SENSITIVE.items():
        for values in ({"kind": "gezondheid", "value": "invented"}, {"kind": "x"}, {"value": "x"}, {}):
            with pytest.raises(psycopg.errors.CheckViolation, match=re.escape(article)) as refused:
                add(store, table, ann, **values)
            assert "P-035" in str(refused.value.diag.message_hint)
        count = store.admin.execute(f"SELECT count(*) FROM data.{table}").fetchone()
        assert count == (0,)


@pytest.mark.promise("P-035")
def test_a_corrected_version_names_the_condition_and_the_write_is_taken(
    tables: Database,  # noqa: F811
    make_database: DatabaseMaker,
    tmp_path: Path,
) -> None:
    """The flow is there: one version later, with a condition and a purpose, the same statement is accepted and read."""
    into = corrected(
        tmp_path,
        **{
            "policy__2024-03-18__policy": [
                ("is: [special-category]\n", 'is: [special-category]\n    condition: "9(2)(a)"\n'),
                (
                    "reads: [contact, installation, usage.station,",
                    "reads: [contact, sensitive.special, installation, usage.station,",
                ),
            ]
        },
    )
    database = make_database(template=tables)
    plan = load(into, on=PLAN.version, prefix=database.role_prefix).plan
    with database.connect(autocommit=True) as admin:
        world = World(plan, database, admin)
        world.put_in_force()
        with opened(world):
            ann = someone(world)
            gives(world, ann, "hems", since=civil(world.now()))
            sensitive(world, "special_item", ann)
            assert read(world, "service", "value", "special_item") == ["invented"]
            with pytest.raises(psycopg.errors.CheckViolation, match=re.escape("art. 10")):
                sensitive(world, "criminal_item", ann)


@pytest.mark.parametrize("condition", ["9(2)", "9(2)(k)", "6(1)(a)", "10, law of 8 December 1992"])
def test_only_a_condition_of_the_law_opens_a_special_category(tmp_path: Path, condition: str) -> None:
    change = ("is: [special-category]\n", f'is: [special-category]\n    condition: "{condition}"\n')
    with pytest.raises(BloesemError, match="P-035"):
        load(corrected(tmp_path, **{"policy__2024-03-18__policy": [change]}), on=PLAN.version)

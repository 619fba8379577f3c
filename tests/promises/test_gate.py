"""What the text promises about who reads what, on the real company's plan and tables, asked of PostgreSQL itself."""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django
import psycopg
import pytest
from psycopg import sql
from tests.bloesem.gate.attack import REFUSED, acting, blocks, refusal, refusals
from tests.bloesem.gate.world import Connection, World, copied, make_models, opened
from tests.charging.databases import migrated
from tests.databases import Database, DatabaseMaker

from bloesem.company import load
from bloesem.gate.ids import new_id
from bloesem.gate.served import Target
from bloesem.plan.dates import civil, midnight
from bloesem.plan.sql.gate import scoped_columns
from bloesem.plan.sql.runtime import clock_functions

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "charging.settings")
django.setup()

COMPANY = load(Path(__file__).parents[2] / "company" / "blossom", on=civil(dt.datetime.now(dt.UTC)))
#: Holds read what a case is about, under a hold and for as long as it lasts: nothing else of theirs is a view.
HOLDS = {p.key for p in COMPANY.plan.purposes if p.hold}


@pytest.fixture(autouse=True)
def unblocked(django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock():
        yield


@pytest.fixture(scope="module")
def tables(module_database: Database) -> Database:
    """The business tables, to copy."""
    return migrated(module_database)


def in_force(model: Database, admin: Connection) -> World:
    """The business tables with the plan in force, and nobody in them."""
    plan = load(COMPANY.company.directory, on=COMPANY.plan.version, prefix=model.role_prefix).plan
    world = World(plan, model, admin)
    world.put_in_force()
    return world


@pytest.fixture
def store(fresh_database: Database) -> Iterator[World]:
    with copied(fresh_database, "in force", in_force, tables=migrated) as world:
        yield world


# ---- the world ----------------------------------------------------------------------------------------------------


def someone(world: World, *, customer_since: dt.date | None = None) -> int:
    """A person with an account; a customer from that day on."""
    person = new_id()
    add(
        world,
        "person",
        person,
        id=person,
        language="nl",
        kind="driver",
        state="customer",
        source="subject:contract",
    )
    day = customer_since or civil(world.now()) - dt.timedelta(days=400)
    add(world, "account", person, opened_at=midnight(day))
    add(world, "customer_relation", person, started_at=midnight(day))
    return person


def add(world: World, table: str, person: int, **values: Any) -> int:
    row: dict[str, Any] = {"id": new_id(), "recorded_at": world.now(), **values}
    if world.plan.table(table).source is not None:
        row.setdefault("source", "subject:contract")
    if table != "person":
        row["person_id"] = person
    names = sql.SQL(", ").join(map(sql.Identifier, row))
    marks = sql.SQL(", ").join([sql.Placeholder()] * len(row))
    world.admin.execute(
        sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(sql.Identifier("data", table), names, marks),
        list(row.values()),
    )
    return int(row["id"])


def has_home_charger(world: World, person: int) -> None:
    """What is asked for an installation is asked of people who have one coming (P-015)."""
    product = new_id()
    world.admin.execute(
        "INSERT INTO data.product (id, key, label_nl, label_en, service, price_cents)"
        " VALUES (%s, 'home', 'Thuislader', 'Home charger', 'home_charger', 0)",
        [product],
    )
    add(world, "product_ownership", person, product_id=product, since=civil(world.now()))


def days_later(world: World, days: int) -> None:
    """The database's own date moves on; nobody sweeps."""
    for _, body in clock_functions(world.plan, days):
        world.admin.execute(body)


def target(world: World, key: str) -> Target:
    return next(t for t in world.targets() if t.key == key)


def read(world: World, key: str, column: str, table: str) -> list[Any] | str:
    """The values that a purpose reads, as its process's login; or the SQLSTATE of the refusal."""
    with world.raw(world.login(key)) as connection, acting(world, connection, target(world, key)):
        query = f'SELECT "{column}" FROM "{table}"'
        state = refusal(connection, query)
        if state is not None:
            return state
        return [row[0] for row in connection.execute(query)]


def readers(world: World, table: str, column: str) -> set[str]:
    """The purposes that PostgreSQL does not refuse the column."""
    found = set()
    for purpose in world.plan.purposes:
        if purpose.active:
            said = read(world, purpose.key, column, table)
            if isinstance(said, list):
                found.add(purpose.key)
            else:
                assert said in REFUSED
    return found


def read_columns(world: World, key: str) -> set[str]:
    """Every column with a category that the role reads in fact, over all tables."""
    questions = {
        f'SELECT "{c.name}" FROM "{t.name}"': f"{t.name}.{c.name}"
        for t in world.plan.tables
        for c in t.columns
        if not c.key
    }
    with (
        world.raw(world.login(key)) as connection,
        acting(world, connection, target(world, key)),
        blocks(world, target(world, key)),
    ):
        said = refusals(connection, list(questions))
    assert {state for state in said.values() if state} <= REFUSED
    return {questions[query] for query, state in said.items() if state is None}


def of(world: World, *categories: str) -> set[str]:
    """The columns whose categories are all among these (each with what stands below it)."""
    return {
        f"{t.name}.{c.name}"
        for t in world.plan.tables
        for c in t.columns
        if not c.key
        and c.categories
        and all(any(k == w or k.startswith(w + ".") for w in categories) for k in c.categories)
    }


# ---- the law and the list -------------------------------------------------------------------------------------------


@pytest.mark.promise("P-003")
def test_the_laws_month_wins_over_the_policys_year_and_the_conflict_is_reported(store: World) -> None:
    """Recordings: the policy keeps them a year after the account, the law a month: the earlier date, at the gate."""
    ann = someone(store)
    today = civil(store.now())
    for days, sound in ((5, b"new"), (40, b"old")):
        day = today - dt.timedelta(days=days)
        at = midnight(day)
        said = {"announced_at": at, "announcement": "quality", "began_at": at}
        add(store, "call_recording", ann, recorded_on=day, audio=sound, recorded_at=at, **said)
    heard = read(store, "quality", "audio", "call_recording")
    assert heard == [b"new"]
    days_later(store, 40)
    assert read(store, "quality", "audio", "call_recording") == []
    assert any("quality" in finding.key for finding in COMPANY.company.findings if finding.id == "L-029")


def recordings(world: World) -> None:
    """Three calls of one person: all parties agreed that staff learns from it, not all did, and nobody said."""
    ann, at = someone(world), world.now()
    said = {"announced_at": at, "announcement": "quality", "began_at": at}
    for sound, agreed in ((b"agreed", True), (b"refused", False), (b"unasked", None)):
        add(
            world,
            "call_recording",
            ann,
            recorded_on=civil(at),
            audio=sound,
            all_parties_consented=agreed,
            **said,
        )


@pytest.mark.promise("P-003")
def test_training_with_a_recording_needs_the_consent_of_all_whatever_the_text_says(store: World) -> None:
    """The text uses recordings for training, without a condition; the law of Belgium refuses it, unless all agreed."""
    recordings(store)
    assert read(store, "training", "audio", "call_recording") == [b"agreed"]
    assert sorted(read(store, "quality", "audio", "call_recording")) == [b"agreed", b"refused", b"unasked"]
    store.admin.execute("UPDATE data.call_recording SET all_parties_consented = false")
    assert read(store, "training", "audio", "call_recording") == []
    (reported,) = [
        f for f in COMPANY.company.findings if f.id == "L-029" and "be.recording.training" in f.thing
    ]
    assert "the law's refusal is applied" in reported.thing
    assert reported.line == 105


@pytest.mark.promise("P-003")
def test_the_company_may_switch_the_refusal_of_training_off_and_it_is_still_reported(
    tables: Database, make_database: DatabaseMaker, tmp_path: Path
) -> None:
    from tests.promises.corrected import corrected

    into = corrected(tmp_path, record__decisions=[("recording_training: on", "recording_training: off")])
    database = make_database(template=tables)
    loaded = load(into, on=COMPANY.plan.version, prefix=database.role_prefix)
    with database.connect(autocommit=True) as admin:
        world = World(loaded.plan, database, admin)
        world.put_in_force()
        with opened(world):
            recordings(world)
            heard = read(world, "training", "audio", "call_recording")
            assert sorted(heard) == [b"agreed", b"refused", b"unasked"]
    said = [f.thing for f in loaded.company.findings if "be.recording.training" in f.thing]
    assert (
        [thing for thing in said if "`recording_training` is off: it is not applied" in thing] == said != []
    )


@pytest.mark.promise("P-050")
def test_a_field_outside_the_list_is_denied_and_logged(store: World) -> None:
    from bloesem.gate import PurposeDenied, purpose

    for one in store.plan.purposes:
        listed = {
            f"{t.name}.{c.name}"
            for t in store.plan.tables
            for c in t.columns
            if not c.key and c.purposes & one.mask
        }
        assert read_columns(store, one.key) == listed, one.key
    models = make_models(store)
    tried: list[Any] = []
    for one in store.plan.purposes:
        denied = [
            (t, c) for t in store.plan.tables for c in t.columns if not c.key and not c.purposes & one.mask
        ]
        if not denied:
            assert one.key in HOLDS
            continue
        partly = [(t, c) for t, c in denied if t.bits & one.mask]  # of a table of which it reads something
        never = [(t, c) for t, c in denied if not t.bits & one.mask]
        tried += [(one, t, c) for t, c in (*partly[:1], *never[:1])]
    assert {bool(t.bits & one.mask) for one, t, _ in tried} == {True, False}
    for one, table, column in tried:
        using = store.alias(store.login(one.key))
        rows: Any = models[table.name].objects.using(using)  # type: ignore[attr-defined]
        said: dict[str, Any] = {"actor": "staff:bo"}
        if one.key in store.plan.cases:
            said |= {"case": 7, "second": "staff:cy"}
        with pytest.raises(PurposeDenied), purpose(one.key, using=using, **said):
            rows.filter(**{f"{column.name}__isnull": False}).values_list(column.name).first()
        logged = store.admin.execute(
            "SELECT purpose, counts->>'denied' FROM bloesem.act WHERE kind = 'denial' ORDER BY id DESC LIMIT 1"
        ).fetchone()
        assert logged == (one.key, f"{table.name}.{column.name}")


@pytest.mark.promise("P-051")
def test_a_purpose_that_is_not_in_the_table_is_denied(store: World) -> None:
    from bloesem.gate import UnknownPurpose, purpose

    for login in store.plan.processes:
        using = store.alias(login)
        for invented in (
            "profiling",
            "sale",
            "PUR-5",
            "Support",
            "support; marketing",
            "",
            "postgres",
            "owner",
            "keeper",
        ):
            with pytest.raises(UnknownPurpose, match="P-051"), purpose(invented, using=using):
                pass
        with store.raw(login) as connection:
            for role in ("profiling", store.plan.role("profiling"), store.plan.role("keeper"), "postgres"):
                assert refusal(connection, f'SET ROLE "{role}"') in ("42501", "22023", "42704")


@pytest.mark.promise("P-055")
def test_a_part_whose_interest_was_not_weighed_is_refused_by_the_database_itself(
    tables: Database, make_database: DatabaseMaker, tmp_path: Path
) -> None:
    """Without a balancing test, or with one that says stop, a part on legitimate interest has no role that reads: the
    policy's parts and the law's purpose alike. With their tests the same people are read."""
    from tests.promises.corrected import corrected

    weighed = {p.key for p in COMPANY.plan.purposes if p.basis == "legitimate-interest" and p.active}
    assert weighed > {"identify", "marketing", "law:claims"}
    text = (COMPANY.company.directory / "record" / "balancing.yaml").read_text(encoding="utf-8")
    into = corrected(tmp_path, record__balancing=[(text[text.index("balancing:") :], "balancing: []\n")])
    database = make_database(template=tables)
    plan = load(into, on=COMPANY.plan.version, prefix=database.role_prefix).plan
    assert {p.key for p in plan.purposes if not p.active} == weighed
    with database.connect(autocommit=True) as admin:
        world = World(plan, database, admin)
        world.put_in_force()
        with opened(world):
            add(world, "person_name", someone(world), given_name="Ann", family_name="Peeters")
            assert read(world, "support", "given_name", "person_name") == ["Ann"]
            for key in weighed:
                with world.raw(world.login(key)) as connection:
                    for query in (
                        f'SET ROLE "{plan.role(plan.purpose(key).name)}"',
                        "SELECT given_name FROM data.person_name",
                        f'SELECT given_name FROM "{plan.purpose(key).name}".person_name',
                    ):
                        assert refusal(connection, query) in ("42501", "22023", "42704", "3F000", "42P01"), (
                            key,
                            query,
                        )


# ---- per purpose ---------------------------------------------------------------------------------------------------


@pytest.mark.promise("P-023")
def test_a_bank_account_is_whole_for_who_pays_and_masked_for_all_others(store: World) -> None:
    """Under a hold too: what a dispute is about shows the last four. (One's own account is no view of somebody's.)"""
    ann = someone(store)
    account = add(store, "bank_account", ann, iban="BE71 0961 2345 6769", iban_last4="6769")
    assert readers(store, "bank_account", "iban") == {"billing"}
    assert read(store, "billing", "iban", "bank_account") == ["BE71 0961 2345 6769"]
    assert read(store, "identify", "iban_last4", "bank_account") == ["6769"]
    for hold in HOLDS:
        store.admin.execute(
            "SELECT bloesem.record_fact(%s, 'hold', %s, now(), NULL, 'bank_account', %s, 'bo', 'geschil 7', %s)",
            [ann, hold, account, civil(store.now()) + dt.timedelta(days=30)],
        )
        assert read(store, hold, "iban_last4", "bank_account") == ["6769"]
        assert read(store, hold, "iban", "bank_account") in REFUSED
    for scoped in store.plan.scoped:
        seen = scoped_columns(store.plan, store.plan.table("bank_account"), scoped)
        assert ("iban" in seen) == (scoped.scope == "person"), scoped.key


@pytest.mark.promise("P-025")
def test_owning_a_house_is_two_facts_each_for_its_own_purpose(store: World) -> None:
    ann = someone(store)
    has_home_charger(store, ann)
    with pytest.raises(psycopg.errors.CheckViolation, match="no purpose of the policy needs it"):
        add(store, "home_ownership", ann, owns_home=True)
    add(store, "installation_file", ann, owns_dwelling="rented", job_id=1)
    financial, installation = (
        readers(store, "home_ownership", "owns_home"),
        readers(store, "installation_file", "owns_dwelling"),
    )
    assert financial - HOLDS == set(), "no purpose of the text needs the financial fact"
    assert installation - HOLDS == {"after_sales", "service"}
    assert read(store, "after_sales", "owns_dwelling", "installation_file") == ["rented"]
    categories = {
        c.categories for t in ("home_ownership", "installation_file") for c in store.plan.table(t).columns
    }
    assert ("financial.position",) in categories
    assert ("installation.home",) in categories


@pytest.mark.promise("P-030")
def test_what_an_installation_asks_is_for_no_marketing_and_no_fraud_check(store: World) -> None:
    asked = of(store, "installation")
    assert len(asked) > 10
    for key in ("marketing", "consent_marketing", "contest", "identify"):
        assert not read_columns(store, key) & asked, key
    assert asked <= read_columns(store, "after_sales")


@pytest.mark.promise("P-062")
@pytest.mark.promise("P-063")
def test_sales_after_sales_and_support_each_have_a_view_of_their_own(store: World) -> None:
    shared = (
        "identification.name",
        "identification.address",
        "contact.phone",
        "contact.email",
        "contact.work_email",
        "installation.place",
        "installation.preference",
        "contract",
    )
    sees = {key: read_columns(store, key) for key in ("sales", "after_sales", "support")}
    assert sees["sales"] == of(store, *shared)
    assert sees["after_sales"] == of(store, *shared, "installation", "usage.fault")
    talk = of(store, *shared, "communication.contact", "communication.content")
    talk |= of(store, "communication.complaint", "usage.session_total")
    assert sees["support"] == talk
    ann = someone(store)
    has_home_charger(store, ann)
    add(store, "person_name", ann, given_name="Ann", family_name="Peeters")
    add(store, "installation_file", ann, owns_dwelling="rented", job_id=1)
    for key in sees:
        assert read(store, key, "given_name", "person_name") == ["Ann"]
    assert read(store, "support", "owns_dwelling", "installation_file") in REFUSED
    store.admin.execute("SELECT bloesem.record_fact(%s, 'restriction', 'accuracy', now())", [ann])
    for key in sees:
        assert read(store, key, "given_name", "person_name") == []


@pytest.mark.promise("P-063")
def test_who_sits_at_one_desk_has_no_view_of_another(store: World) -> None:
    """Each part of the row has a login of its own, and none can take another's role on, nor look through its view."""
    desks = {key: store.login(key) for key in ("sales", "after_sales", "support")}
    assert len(set(desks.values())) == 3
    for key, login in desks.items():
        with store.raw(login) as connection:
            connection.execute(f"SET ROLE {store.plan.role(key)}")
            connection.execute(f"SELECT count(*) FROM {key}.person_name")
            for other in desks.keys() - {key}:
                for query in (
                    f"SET ROLE {store.plan.role(other)}",
                    f"SELECT count(*) FROM {other}.person_name",
                ):
                    connection.execute("RESET ROLE")
                    with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                        connection.execute(query)


@pytest.mark.promise("P-065")
def test_fraud_checks_see_what_was_asked_at_the_contract(store: World) -> None:
    """No other category; and of each table that they read, under each source that the text declares, only what was asked
    at the contract, or given out with it."""
    asked = of(store, "identification.name", "identification.address", "identification.birth_date", "contact")
    asked |= of(store, "contract.number", "financial.iban_last4")
    sees = read_columns(store, "identify")
    assert sees <= asked
    assert not sees & of(store, "usage", "communication", "derived", "sensitive", "installation", "access")
    from tests.promises.test_collection import STORED

    feeds = {"contract", "portal", "assigned"}
    ann, tried = someone(store), 0
    tables = sorted({name.partition(".")[0] for name in sees} - {"person"})
    assert len(tables) >= 6
    for name in tables:
        table = store.plan.table(name)
        for key, source in STORED.items():
            if not any(re.search(pattern, source) for pattern in table.sources):
                continue
            row = add(store, name, ann, source=source)
            seen = read(store, "identify", "source", name)
            assert bool(seen) == (key in feeds), (name, key)
            store.admin.execute(
                sql.SQL("DELETE FROM {} WHERE id = %s").format(sql.Identifier("data", name)), [row]
            )
            tried += 1
    assert tried > 40


@pytest.mark.promise("P-067")
def test_the_day_after_the_customer_leaves_fraud_checks_see_nothing_and_support_still_does(
    store: World,
) -> None:
    ann = someone(store)
    add(store, "person_name", ann, given_name="Ann", family_name="Peeters")
    name = ("given_name", "person_name")
    assert read(store, "identify", *name) == ["Ann"]
    store.admin.execute("UPDATE data.customer_relation SET ended_at = now() WHERE person_id = %s", [ann])
    store.admin.execute("UPDATE data.account SET terminated_at = now() WHERE person_id = %s", [ann])
    assert read(store, "identify", *name) == ["Ann"], "on the last day itself she is a customer"
    days_later(store, 1)
    assert read(store, "identify", *name) == [], "nobody swept, and it is dark all the same"
    store.admin.execute("SELECT bloesem.refresh(ARRAY[%s::bigint], bloesem.moment(), true)", [ann])
    assert read(store, "identify", *name) == []
    for key in ("sales", "after_sales", "support"):
        assert read(store, key, *name) == ["Ann"], key


@pytest.mark.promise("P-105")
def test_a_value_stays_while_one_clock_runs_and_goes_dark_for_each_purpose_at_its_own(store: World) -> None:
    """Three clocks on one telephone number: marketing's, identify's, support's, in that order; then it is gone."""
    today = civil(store.now())
    ann = someone(store, customer_since=today - dt.timedelta(days=700))
    for event, day in (
        ("interaction", today - dt.timedelta(days=360)),
        ("contact", today - dt.timedelta(days=700)),
    ):
        store.admin.execute("SELECT bloesem.record_fact(%s, 'event', %s, %s)", [ann, event, midnight(day)])
    add(store, "phone_number", ann, value="+32470000000", value_norm="+32470000000")
    leaves = midnight(today + dt.timedelta(days=30)) + dt.timedelta(hours=12)
    store.admin.execute("UPDATE data.customer_relation SET ended_at = %s WHERE person_id = %s", [leaves, ann])
    store.admin.execute("UPDATE data.account SET terminated_at = %s WHERE person_id = %s", [leaves, ann])

    def who_reads() -> set[str]:
        keys = ("marketing", "identify", "support")
        return {key for key in keys if read(store, key, "value", "phone_number") == ["+32470000000"]}

    stored = "SELECT count(*) FROM data.phone_number WHERE value IS NOT NULL"
    for days, expected in (
        (0, {"marketing", "identify", "support"}),
        (20, {"identify", "support"}),
        (31, {"support"}),
        (30 + 360, {"support"}),
        (30 + 370, set()),
    ):
        days_later(store, days)
        store.admin.execute("SELECT bloesem.refresh(ARRAY[%s::bigint], bloesem.moment(), true)", [ann])
        assert who_reads() == expected, days
        row = store.admin.execute(stored).fetchone()
        assert row == ((1,) if expected else (0,)), days

"""Whatever in a database is not what map and plan say is found, and named."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from tests.bloesem.plan import small
from tests.bloesem.stores.test_install import NOW, PROCESSES, someone
from tests.databases import Database

from bloesem.datamap.load import LoadedMap
from bloesem.findings import Finding
from bloesem.plan.model import Plan
from bloesem.stores import catalogue
from bloesem.stores.check import schema_findings, store_findings
from bloesem.stores.install import install
from bloesem.stores.postgres import Connection
from bloesem.stores.rebuild import compare, rebuild

MAPS = LoadedMap(small.datamap(), {})


@pytest.fixture(scope="module")
def guarded(module_database: Database) -> Database:
    """A database with the small company's plan in force; what a test does in it is taken back."""
    plan = small.plan(module_database.role_prefix, record=PROCESSES)
    with module_database.connect(autocommit=True) as connection:
        small.create_tables(connection, plan)
        install(connection, plan)
    return module_database


@pytest.fixture
def plan(guarded: Database) -> Plan:
    return small.plan(guarded.role_prefix, record=PROCESSES)


@pytest.fixture
def store(guarded: Database) -> Iterator[Connection]:
    with guarded.connect(autocommit=True) as connection, connection.transaction(force_rollback=True):
        yield connection


def things(found: list[Finding], kind: str) -> list[str]:
    return [f.thing for f in found if f.kind == kind]


@pytest.mark.both_servers
def test_a_database_that_is_as_the_plan_makes_it_has_no_findings(fresh_database: Database) -> None:
    plan = small.plan(fresh_database.role_prefix, record=PROCESSES)
    with fresh_database.connect(autocommit=True) as store:
        small.create_tables(store, plan)
        install(store, plan)
        someone(store)
        assert schema_findings(store, MAPS, plan) == []
        assert store_findings(store, plan) == []
        store.execute("UPDATE data.point SET used_for = used_for | 1048576")
        assert compare(store, plan, NOW).rows["point"] == 1
        assert things(store_findings(store, plan, NOW), "masks") == [
            "table point: the masks of 1 rows are not what the facts say"
        ]


def test_a_database_without_a_plan_says_so(fresh_database: Database) -> None:
    plan = small.plan(fresh_database.role_prefix)
    with fresh_database.connect(autocommit=True) as bare:
        assert [f.kind for f in store_findings(bare, plan)] == ["not-installed"]


@pytest.mark.promise("P-014")
@pytest.mark.parametrize(
    ("sql", "kind", "says"),
    [
        (
            "CREATE TABLE data.secret (id bigint)",
            "unmapped-table",
            "table data.secret is in no map (1 columns)",
        ),
        (
            "CREATE TABLE public.other (id bigint)",
            "unmapped-table",
            "table public.other is in no map (1 columns)",
        ),
        (
            "ALTER TABLE data.talk ADD COLUMN mood text",
            "unmapped-column",
            "column data.talk.mood is in no map",
        ),
        (
            "ALTER TABLE data.talk DROP COLUMN said CASCADE",
            "dangling-column",
            "column data.talk.said is mapped and not",
        ),
        (
            "DROP TABLE data.talk CASCADE",
            "dangling-table",
            "table data.talk is mapped and not in the database",
        ),
        (
            "ALTER TABLE data.talk ALTER COLUMN said SET NOT NULL",
            "not-erasable",
            "column data.talk.said is NOT NULL",
        ),
        (
            "CREATE TABLE public.city (id bigint PRIMARY KEY); ALTER TABLE data.talk ADD FOREIGN KEY (person_id) REFERENCES public.city",
            "dangling-link",
            "data.talk (person_id) points to public.city, which is in no map",
        ),
        (
            "ALTER TABLE data.talk ADD FOREIGN KEY (person_id) REFERENCES data.person",
            "link-in-the-way",
            "foreign key talk_person_id_fkey of data.talk is ON DELETE NO ACTION",
        ),
        (
            "ALTER TABLE data.talk ADD FOREIGN KEY (person_id) REFERENCES data.person ON DELETE CASCADE",
            "link-in-the-way",
            "foreign key talk_person_id_fkey of data.talk is ON DELETE CASCADE",
        ),
        (
            "ALTER TABLE data.talk DROP CONSTRAINT talk_pkey",
            "other-key",
            "table data.talk has the primary key (none)",
        ),
    ],
)
def test_map_and_schema_disagree(store: Connection, plan: Plan, sql: str, kind: str, says: str) -> None:
    store.execute(sql)
    found = schema_findings(store, MAPS, plan)
    assert any(thing.startswith(says) for thing in things(found, kind)), found
    assert all(f.rule and f.remedy for f in found)


DRIFT = [
    ("DROP POLICY support_reads ON data.point", "policy data.point: support_reads is gone"),
    (
        "ALTER POLICY support_reads ON data.point USING (true)",
        "policy data.point: support_reads is not as the plan makes it",
    ),
    (
        "CREATE POLICY more ON data.point FOR SELECT TO {support} USING (true)",
        "policy data.point: more is there and not of the plan",
    ),
    (
        "GRANT SELECT (iban) ON data.account TO {support}",
        "grants on data.account.iban is not as the plan makes it",
    ),
    (
        "REVOKE SELECT (value) ON data.point FROM {support}",
        "grants on data.point.value is not as the plan makes it",
    ),
    ("GRANT {billing} TO {portal}", "membership {portal} in {billing} is there and not of the plan"),
    ("REVOKE {support} FROM {portal}", "membership {portal} in {support} is gone"),
    ("ALTER ROLE {portal} BYPASSRLS", "role {portal} is not as the plan makes it"),
    ("ALTER ROLE {portal} SET row_security = off", "role {portal} is not as the plan makes it"),
    ("ALTER TABLE data.point NO FORCE ROW LEVEL SECURITY", "table data.point is not as the plan makes it"),
    ("DROP TRIGGER bloesem_arrives ON data.point", "trigger data.point: bloesem_arrives is gone"),
    (
        "ALTER TABLE data.point DISABLE TRIGGER bloesem_arrives",
        "trigger data.point: bloesem_arrives is not as the plan makes it",
    ),
    ("DROP VIEW support.point", "view support.point is gone"),
    (
        "CREATE VIEW support.everything AS SELECT * FROM data.account",
        "view support.everything is there and not of the plan",
    ),
    ("ALTER VIEW support.point RESET (security_invoker)", "view support.point is not as the plan makes it"),
    (
        "CREATE OR REPLACE FUNCTION bloesem.civil(moment timestamptz) RETURNS date LANGUAGE sql RETURN '2000-01-01'::date",
        "function bloesem.civil(moment timestamp with time zone) is not as the plan makes it",
    ),
    (
        "CREATE FUNCTION bloesem.peek() RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT iban FROM data.account'",
        "function bloesem.peek() is there and not of the plan",
    ),
    ("GRANT USAGE ON SCHEMA data TO {support}", "schema data is not as the plan makes it"),
    ("GRANT TEMPORARY ON DATABASE {database} TO PUBLIC", "database grants is not as the plan makes it"),
    (
        "ALTER TABLE data.point ALTER COLUMN good_until SET DEFAULT '9999-01-01'",
        "mask column data.point.good_until is not as the plan makes it",
    ),
]


@pytest.mark.parametrize(("sql", "says"), DRIFT)
def test_drift_is_named_thing_by_thing(
    store: Connection, plan: Plan, guarded: Database, sql: str, says: str
) -> None:
    names = {name: plan.role(name) for name in ("support", "billing", "portal")} | {"database": guarded.name}
    store.execute(sql.format(**names))
    found = store_findings(store, plan)
    assert says.format(**names) in things(found, "drift")


def test_somebody_who_was_there_before_the_plan_is_a_stranger(fresh_database: Database) -> None:
    plan = small.plan(fresh_database.role_prefix, record=PROCESSES)
    stranger = f"bi_{fresh_database.name}"
    with fresh_database.connect(autocommit=True) as store:
        small.create_tables(store, plan)
        store.execute(f"CREATE ROLE {stranger}")
        try:
            store.execute(f"GRANT SELECT ON data.talk TO {stranger}")
            install(store, plan)
            store.execute(f"GRANT {plan.role('support')} TO {stranger}")
            said = things(store_findings(store, plan), "stranger")
        finally:
            store.execute(f"DROP OWNED BY {stranger}")
            store.execute(f"DROP ROLE {stranger}")
    assert said == [
        f"role {stranger} has grants on data.talk, and is no role of the plan",
        f"role {stranger} is a member of {plan.role('support')}, and is no process of the plan",
    ]


def test_another_plan_than_the_files_make_is_named(store: Connection, guarded: Database) -> None:
    fewer = {k: v for k, v in small.PURPOSES.items() if k != "PUR-7"}
    other = small.plan(guarded.role_prefix, of=small.policy(fewer), record=PROCESSES, registry=small.bits())
    found = store_findings(store, other)
    assert found[0].kind == "other-plan"


def test_what_was_written_down_cannot_be_changed_unseen(store: Connection, plan: Plan) -> None:
    store.execute("DROP POLICY support_reads ON data.point")
    from psycopg.types.json import Jsonb

    store.execute(
        "UPDATE bloesem.installed SET made = made || %s",
        [Jsonb({"catalogue": catalogue.snapshot(store, plan)})],
    )
    assert [f.kind for f in store_findings(store, plan)] == ["record-changed"]


def test_a_row_that_is_readable_longer_than_the_truth_is_counted(store: Connection, plan: Plan) -> None:
    someone(store)
    store.execute("UPDATE data.talk SET good_until = '9999-12-30'")
    assert compare(store, plan, NOW).rows["talk"] in (0, 1)
    store.execute(
        "INSERT INTO bloesem.fact (person_id, kind, key, starts_at) VALUES (1, 'objection', 'quality', '2026-05-02')"
    )
    assert rebuild(store, plan, NOW) > 0


def test_a_row_that_is_due_earlier_than_the_truth_is_fine(store: Connection, plan: Plan) -> None:
    someone(store)
    store.execute("UPDATE data.point SET good_until = %s", [(NOW + dt.timedelta(days=3)).date()])
    assert rebuild(store, plan, NOW) == 0
    assert compare(store, plan, NOW + dt.timedelta(days=5)).overdue >= 1


def test_a_clock_that_went_back_is_named(store: Connection, plan: Plan) -> None:
    store.execute("INSERT INTO bloesem.watermark (swept) VALUES ('2999-01-01')")
    assert "clock-back" in {f.kind for f in store_findings(store, plan)}


def test_a_clock_that_was_moved_by_hand_is_drift(store: Connection, plan: Plan) -> None:
    store.execute(
        "CREATE OR REPLACE FUNCTION bloesem.today() RETURNS date LANGUAGE sql STABLE RETURN '2020-01-01'::date"
    )
    assert any("bloesem.today()" in thing for thing in things(store_findings(store, plan), "drift"))


def test_a_moment_that_lags_by_an_hour_is_drift(store: Connection, plan: Plan) -> None:
    """Policies compare with it: an hour more is an hour in which what ended can still be read."""
    store.execute(
        "CREATE OR REPLACE FUNCTION bloesem.moment() RETURNS timestamptz LANGUAGE sql STABLE"
        " RETURN now() - interval '1 hour'"
    )
    assert any("bloesem.moment()" in thing for thing in things(store_findings(store, plan), "drift"))


def test_a_hold_that_was_not_looked_at_again_is_counted(store: Connection, plan: Plan) -> None:
    someone(store)
    held = "SELECT bloesem.record_fact(1, 'hold', 'disputes', '2020-01-01', %s, NULL, NULL, 'desk', 'case 1', %s)"
    store.execute(held, [None, "2999-06-01"])
    store.execute(held, ["2020-07-01", "2020-06-01"])
    assert "late-review" not in {f.kind for f in store_findings(store, plan)}
    store.execute(held, [None, "2020-06-01"])
    late = [f for f in store_findings(store, plan) if f.kind == "late-review"]
    assert [(f.severity, f.thing[:2]) for f in late] == [("warning", "1 ")]

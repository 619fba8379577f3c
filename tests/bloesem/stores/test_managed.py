"""A managed server: whoever installs owns the database and makes roles, is no superuser, and the keeper bypasses nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from psycopg import errors, sql
from tests.bloesem.gate import small_company
from tests.bloesem.stores.test_install import Secrets, someone
from tests.databases import Database

from bloesem.clock.sweep import sweep
from bloesem.plan.model import Fact, Plan
from bloesem.stores.check import store_findings
from bloesem.stores.facts import close_fact, moment, record_fact
from bloesem.stores.install import install
from bloesem.stores.load import copy, insert_select, states
from bloesem.stores.postgres import Connection

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
pytestmark = pytest.mark.both_servers


@dataclass
class Managed:
    """A database whose owner is `admin`, who installed the plan; `keeper`: that login."""

    database: Database
    plan: Plan
    admin: Connection
    keeper: Connection

    def superuser(self) -> Connection:
        return self.database.connect(autocommit=True)


@pytest.fixture
def managed(fresh_database: Database) -> Iterator[Managed]:
    name = fresh_database.role("admin_of_it")
    plan = small_company.plan(f"{fresh_database.role_prefix}x_")
    with fresh_database.connect(autocommit=True) as super_:
        owner = sql.Identifier(name)
        super_.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEROLE PASSWORD 'made'").format(owner))
        super_.execute(
            sql.SQL("ALTER DATABASE {} OWNER TO {}").format(sql.Identifier(fresh_database.name), owner)
        )
    with fresh_database.connect(user=name, password="made", autocommit=True) as admin:
        small_company.create_tables(admin, plan)
        install(admin, plan, credentials=Secrets())
        with fresh_database.connect(
            user=plan.role("keeper"), password=Secrets().password("keeper"), autocommit=True
        ) as keeper:
            yield Managed(fresh_database, plan, admin, keeper)


def test_a_plan_is_put_in_force_again_and_again_by_whoever_owns_the_database(managed: Managed) -> None:
    assert not install(managed.admin, managed.plan, credentials=Secrets()).changed
    assert install(managed.admin, managed.plan, credentials=Secrets(), force=True).changed
    found = store_findings(managed.admin, managed.plan)
    # What only the operator of such a server could close is said.
    assert {f.kind for f in found} <= {"open-function"}
    row = managed.keeper.execute(
        "SELECT rolbypassrls, rolsuper FROM pg_roles WHERE rolname = current_user"
    ).fetchone()
    assert row == (False, False)


def test_purposes_come_and_go_there(managed: Managed) -> None:
    from tests.bloesem.plan import small

    fewer = {key: row for key, row in small.PURPOSES.items() if key != "PUR-7"}
    record = {
        **small_company.RECORD,
        "processes": {
            login: [one for one in served if one != "reporting"]
            for login, served in small_company.RECORD["processes"].items()
        },
    }
    less = small.plan(
        managed.plan.prefix,
        of=small.policy(fewer),
        record=record,
        collections=small_company.collections(),
        registry=small.bits(),
    )
    assert f"role {managed.plan.role('reporting')}" in install(managed.admin, less).retired
    assert install(managed.admin, managed.plan, credentials=Secrets()).changed


def test_facts_and_the_clock_work_without_bypassing_row_security(managed: Managed) -> None:
    someone(managed.keeper)
    seen = "SELECT count(*) FROM data.segment WHERE used_for <> 0"
    managed.keeper.execute(
        "INSERT INTO data.segment (id, person_id, recorded_at, name) VALUES (9, 1, now(), 'keen')"
    )
    start = NOW - dt.timedelta(days=1)
    objection = record_fact(managed.keeper, managed.plan, Fact(1, "objection", "marketing", start))
    assert managed.keeper.execute(seen).fetchone() == (0,)
    close_fact(managed.keeper, managed.plan, objection, NOW)
    sweep(managed.keeper, managed.plan, moment(managed.keeper, managed.plan))
    assert {f.kind for f in store_findings(managed.keeper, managed.plan)} <= {"open-function"}
    later = sweep(
        managed.keeper, managed.plan, moment(managed.keeper, managed.plan) + dt.timedelta(days=9000)
    )
    assert later.tables
    assert managed.keeper.execute("SELECT count(*) FROM data.person").fetchone() == (0,)


def test_a_load_goes_around_what_row_security_refuses_to_copy(managed: Managed) -> None:
    """As keeper and as administrator; the masks are those of rows that come one by one."""
    columns = ["id", "recorded_at", "person_id", "value", "source"]
    someone(managed.keeper)
    with pytest.raises(errors.FeatureNotSupported):
        managed.keeper.cursor().copy("COPY data.point (id) FROM STDIN").__enter__()
    for number, login in enumerate((managed.keeper, managed.admin)):
        rows = [(100 * number + i, NOW, 1, "x", ("employer:Acme", None)[i % 2]) for i in range(10, 50)]
        copy(login, ("data", "point"), columns, rows)
        one = f"INSERT INTO data.point ({', '.join(columns)}) VALUES (%s, %s, 1, 'x', %s)"
        for i in (1, 2):
            login.execute(one.encode(), [1000 * (number + 1) + i, NOW, ("employer:Acme", None)[i % 2]])
        found = login.execute(
            "SELECT count(*), count(DISTINCT (source, used_for, kept_for, good_until)), count(DISTINCT source)"
            " FROM data.point WHERE value = 'x'"
        ).fetchone()
        assert found == (42 * (number + 1), 2, 1)
        left = login.execute("SELECT count(*) FROM pg_class WHERE relname = 'bloesem_staged'").fetchone()
        assert left == (0,)
    now = moment(managed.keeper, managed.plan)
    assert states(managed.keeper, managed.plan, now) == 1
    query = sql.SQL("SELECT 5000 + i, now(), 1, 'y', NULL FROM generate_series(1, 20) i")
    assert insert_select(managed.keeper, managed.plan, "point", columns, query, now) == 20

"""Who may record what, on the real company's plan and tables, asked of PostgreSQL itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.bloesem.gate.attack import acting
from tests.bloesem.gate.world import World
from tests.promises.corrected import corrected
from tests.promises.test_gate import (  # noqa: F401 - fixtures
    COMPANY,
    add,
    has_home_charger,
    someone,
    store,
    tables,
    target,
    unblocked,
)

from bloesem.company import load
from bloesem.errors import PlanError
from bloesem.gate import PurposeDenied, purpose
from bloesem.gate.ids import new_id
from bloesem.plan.sql.gate import writable

DENIED = psycopg.errors.InsufficientPrivilege


def as_installer(world: World, job: int, query: str, values: list[Any]) -> int:
    """One statement, as the portal's login, in the scope of one job; how many rows it changed."""
    using = world.alias("portal")
    from django.db import connections

    with (
        purpose("installer", job=job, using=using, actor="installer:1") as opened,
        connections[using].cursor() as cursor,
    ):
        opened.reads([])
        cursor.execute(query, values)
        return int(cursor.rowcount)


PHOTO = (
    "INSERT INTO installation_photo (id, person_id, recorded_at, source, job_id, shows, metadata_removed)"
    " VALUES (%s, %s, now(), 'observed:verwerker:installateur', %s, 'meterkast', true)"
)


def test_an_installer_records_progress_and_photos_of_the_job_at_hand(store: World) -> None:  # noqa: F811
    ann, bea = someone(store), someone(store)
    for person, job in ((ann, 11), (bea, 12)):
        has_home_charger(store, person)
        add(store, "installation_file", person, job_id=job, progress="gepland", owns_dwelling="eigenaar")
    progress = "UPDATE installation_file SET progress = 'geplaatst' WHERE job_id = %s"
    assert as_installer(store, 11, progress, [11]) == 1
    assert as_installer(store, 11, progress, [12]) == 0, "another's job is not there"
    for column, value in (
        ("owns_dwelling", "'x'"),
        ("quote_cents", "1, job_id = 12"),
        ("person_id", str(bea)),
    ):
        with pytest.raises(PurposeDenied, match="write-not-needed"):
            as_installer(store, 11, f"UPDATE installation_file SET {column} = {value}", [])
    with pytest.raises(PurposeDenied, match="write-not-needed"):
        as_installer(
            store,
            11,
            "INSERT INTO installation_file (id, person_id, recorded_at, source, job_id) VALUES (%s, %s, now(), 'x', 11)",
            [new_id(), ann],
        )
    assert as_installer(store, 11, PHOTO, [new_id(), ann, 11]) == 1
    for person, job in ((ann, 12), (bea, 11), (bea, 12)):
        with pytest.raises(PurposeDenied, match="row-not-allowed"):
            as_installer(store, 11, PHOTO, [new_id(), person, job])
    stored = store.admin.execute(
        "SELECT p.person_id, p.shows, f.progress FROM data.installation_photo p JOIN data.installation_file f"
        " ON f.job_id = p.job_id"
    ).fetchall()
    assert stored == [(ann, "meterkast", "geplaatst")]
    store.admin.execute("SELECT bloesem.record_fact(%s, 'restriction', 'accuracy', now())", [ann])
    with pytest.raises(PurposeDenied, match="row-not-allowed"):
        as_installer(
            store, 11, PHOTO, [new_id(), ann, 11]
        )  # the job itself is not shown while she is restricted


def test_the_other_scoped_roles_record_nothing(store: World) -> None:  # noqa: F811
    prefix = store.plan.prefix
    granted = store.admin.execute(
        "SELECT DISTINCT grantee, table_name FROM information_schema.column_privileges"
        " WHERE grantee IN (%s, %s, %s) AND privilege_type IN ('INSERT', 'UPDATE') AND table_schema = 'data'",
        [prefix + "subject", prefix + "fleet", prefix + "installer"],
    ).fetchall()
    assert set(granted) == {
        (prefix + "installer", "installation_file"),
        (prefix + "installer", "installation_photo"),
    }


def test_a_purpose_records_what_the_record_says_of_what_it_reads(store: World) -> None:  # noqa: F811
    """Every purpose and table: the grants of PostgreSQL, column by column; who is not named records nothing."""
    prefix = store.plan.prefix
    there: dict[tuple[str, str], set[str]] = {}
    for role, table, column in store.admin.execute(
        "SELECT grantee, table_name, column_name FROM information_schema.column_privileges"
        " WHERE starts_with(grantee, %s) AND privilege_type = 'UPDATE' AND table_schema = 'data'",
        [prefix],
    ):
        there.setdefault((role, table), set()).add(column)
    for one in store.plan.purposes:
        for table in store.plan.tables:
            said = set(writable(store.plan, table, one)[1]) if one.writes else set()
            assert there.get((prefix + one.name, table.name), set()) == said, (one.key, table.name)
    for key in ("identify", "archive", "disputes", "reporting", "consent_marketing", "law:security"):
        assert not store.plan.purpose(key).writes, key
    for key in ("sales", "support", "billing", "quality", "marketing"):
        one = store.plan.purpose(key)
        reads = {f"{t.name}.{c.name}" for t in store.plan.tables for c in t.columns if c.purposes & one.mask}
        writes = {f"{t.name}.{c}" for t in store.plan.tables for c in writable(store.plan, t, one)[1]}
        assert writes < reads, key


def test_billing_reads_a_name_and_does_not_change_it(store: World) -> None:  # noqa: F811
    ann = someone(store)
    add(store, "person_name", ann, given_name="Ann")
    billing, support = target(store, "billing"), target(store, "support")
    change = "UPDATE person_name SET given_name = 'Anna'"
    with store.raw(store.login("billing")) as connection, acting(store, connection, billing):
        assert connection.execute("SELECT given_name FROM person_name").fetchall() == [("Ann",)]
        with pytest.raises(DENIED):
            connection.execute(change)
    with store.raw(store.login("support")) as connection, acting(store, connection, support):
        assert connection.execute(change).rowcount == 1


def test_what_a_purpose_does_not_read_it_cannot_be_let_write(tmp_path: Path) -> None:
    change = ("categories: [contact.work_email]", "categories: [financial]")
    with pytest.raises(PlanError, match="part `invite` records `financial` and does not read it"):
        load(corrected(tmp_path, record__writing=[change]), on=COMPANY.plan.version)
